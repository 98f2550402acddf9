/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Requests to the library that are under way, and who wants to know what comes of them. The library answers each one
 * once; what a dialog or a command began ends in the function that was given with it.
 */
#include "prpl.h"

static void request_free(gpointer data)
{
	FbRequest *request = data;

	g_free(request->who);
	/* May be a password. */
	fb_free_secret(request->text);
	g_free(request);
}

void fb_requests_init(FbConnection *connection)
{
	connection->requests = g_hash_table_new_full(g_int64_hash, g_int64_equal, NULL, request_free);
}

void fb_requests_free(FbConnection *connection)
{
	GHashTableIter iter;
	gpointer value;

	g_hash_table_iter_init(&iter, connection->requests);
	while (g_hash_table_iter_next(&iter, NULL, &value)) {
		const FbRequest *request = value;

		if (request->answered == NULL)
			fb_name_answer(connection, request, NULL);
	}
	g_hash_table_destroy(connection->requests);
}

/* Remembers the request that has left its number in `begun`. */
FbRequest *fb_request_keep(FbConnection *connection, FbAnswered answered, const char *who, const char *text)
{
	FbRequest *request = g_new0(FbRequest, 1);

	request->id = connection->begun;
	request->answered = answered;
	request->who = g_strdup(who);
	request->text = g_strdup(text);
	g_hash_table_insert(connection->requests, &request->id, request);
	return request;
}

/* To be called with the outcome of a call to the library that has left its number in `begun`. One that failed at once is
 * answered at once. */
void fb_request_begun(FbConnection *connection, fbchat_status status, FbAnswered answered, const char *who,
                      const char *text)
{
	if (status == FBCHAT_OK)
		fb_request_keep(connection, answered, who, text);
	else
		answered(connection, NULL, who, text);
}

/* FALSE if nobody here waits for this event. */
gboolean fb_request_answer(FbConnection *connection, const fbchat_event *event)
{
	guint64 id = fbchat_event_request(event);
	FbRequest *request = id != 0 ? g_hash_table_lookup(connection->requests, &id) : NULL;

	if (request == NULL)
		return FALSE;
	/* Out of the table first, since handlers may end the connection. */
	g_hash_table_steal(connection->requests, &request->id);
	if (request->answered != NULL)
		request->answered(connection, event, request->who, request->text);
	else
		fb_name_answer(connection, request, event);
	request_free(request);
	return TRUE;
}

/* Why it did not work, a sentence; NULL if it did. Borrowed until the next call of the library. */
const char *fb_failure(const fbchat_event *event)
{
	const char *reason;

	if (event == NULL)
		return fbchat_last_error();
	if (fbchat_event_kind(event) != FBCHAT_EVENT_FAILED)
		return NULL;
	reason = fbchat_event_str(event, 0, FBCHAT_FIELD_REASON, NULL);
	return reason != NULL && *reason != '\0' ? reason : _("The server refused.");
}

/* For requests of which only a failure is worth a word. */
void fb_tell_failure(FbConnection *connection, const fbchat_event *event, const char *who, const char *text)
{
	const char *failure = fb_failure(event);

	(void)who;
	(void)text;
	if (failure != NULL)
		purple_notify_error(connection->gc, NULL, failure, NULL);
}
