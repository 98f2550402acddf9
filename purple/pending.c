/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Requests to the library that are not answered yet, and the function that gets each answer. The library answers every
 * request once.
 */
#include "pending.h"

#include "client.h"
#include "failures.h"
#include "fields.h"

typedef struct {
	fbchat_request id;
	FbAnswered answered;
	char *who;
	char *text;
} FbPending;

static void pending_free(gpointer data)
{
	FbPending *pending = data;

	g_free(pending->who);
	/* May be a password. */
	fb_free_secret(pending->text);
	g_free(pending);
}

void fb_pending_init(FbConnection *connection)
{
	connection->pending = g_hash_table_new_full(g_int64_hash, g_int64_equal, NULL, pending_free);
}

void fb_pending_free(FbConnection *connection)
{
	g_hash_table_destroy(connection->pending);
}

void fb_pending_add(FbConnection *connection, fbchat_status status, FbAnswered answered, const char *who, const char *text)
{
	FbPending *pending;

	if (status != FBCHAT_OK) {
		answered(connection, NULL, who, text);
		return;
	}
	pending = g_new0(FbPending, 1);
	pending->id = connection->begun;
	pending->answered = answered;
	pending->who = g_strdup(who);
	pending->text = g_strdup(text);
	g_hash_table_insert(connection->pending, &pending->id, pending);
}

gboolean fb_pending_answer(FbConnection *connection, const fbchat_event *event)
{
	fbchat_request id = fbchat_event_request(event);
	FbPending *pending = id != 0 ? g_hash_table_lookup(connection->pending, &id) : NULL;

	if (pending == NULL)
		return FALSE;
	/* Out of the table first: handlers may end the connection. */
	g_hash_table_steal(connection->pending, &pending->id);
	pending->answered(connection, event, pending->who, pending->text);
	pending_free(pending);
	return TRUE;
}

static gint compare_ids(gconstpointer a, gconstpointer b)
{
	fbchat_request first = ((const FbPending *)a)->id;
	fbchat_request second = ((const FbPending *)b)->id;

	return first < second ? -1 : first > second;
}

void fb_pending_leave(FbConnection *connection, FbAnswered answered,
                      void (*visit)(FbConnection *connection, const char *who, const char *text, gboolean waits))
{
	GList *all = g_list_sort(g_hash_table_get_values(connection->pending), compare_ids);
	gboolean waits = FALSE;

	for (; all != NULL; all = g_list_delete_link(all, all)) {
		const FbPending *pending = all->data;
		fbchat_event *event = NULL;

		if (pending->answered != answered)
			continue;
		/* They are answered in order, so those behind one that waits do too. */
		if (!waits)
			waits = fbchat_request_wait(fb_client(), pending->id, 0, &event) == FBCHAT_NO_EVENT;
		if (event != NULL)
			fb_pending_answer(connection, event);
		else
			visit(connection, pending->who, pending->text, waits);
		fbchat_event_free(event);
	}
}

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

gboolean fb_outcome_unknown(const fbchat_event *event)
{
	return event != NULL && fbchat_event_status(event) == FBCHAT_ERR_OUTCOME_UNKNOWN;
}

void fb_tell_failure(FbConnection *connection, const fbchat_event *event, const char *who, const char *text)
{
	const char *failure = fb_failure(event);

	(void)who;
	(void)text;
	if (failure != NULL)
		fb_failure_alone(purple_connection_get_account(connection->gc), failure, NULL);
}
