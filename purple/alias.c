/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The name under which others see this account. A caller that sets it or asks for it is called back exactly once, at
 * sign-off at the latest.
 */
#include "alias.h"

#include "client.h"
#include "pending.h"

/* Who waits for the answer to a request. Either function may be NULL. */
typedef struct {
	fbchat_request request;
	FbAliasTold succeeded;
	FbAliasTold failed;
} Wait;

static void tell(FbConnection *connection, FbAliasTold told, const char *text)
{
	if (told != NULL)
		told(purple_connection_get_account(connection->gc), text);
}

void fb_alias_init(FbConnection *connection)
{
	connection->alias_waits = g_hash_table_new_full(g_int64_hash, g_int64_equal, NULL, g_free);
}

void fb_alias_free(FbConnection *connection)
{
	GHashTableIter iter;
	gpointer value;

	g_hash_table_iter_init(&iter, connection->alias_waits);
	while (g_hash_table_iter_next(&iter, NULL, &value))
		tell(connection, ((const Wait *)value)->failed, _("You signed off before the server had answered."));
	g_hash_table_destroy(connection->alias_waits);
}

/* `name` is the one that was set, or NULL if it was asked for. */
static void answered(FbConnection *connection, const fbchat_event *event, const char *who, const char *name)
{
	fbchat_request request = fbchat_event_request(event);
	Wait *wait = g_hash_table_lookup(connection->alias_waits, &request);
	const char *failure = fb_failure(event);

	(void)who;
	if (wait == NULL)
		return;
	/* Out of the table first: handlers may end the connection. */
	g_hash_table_steal(connection->alias_waits, &request);
	if (failure != NULL) {
		tell(connection, wait->failed, failure);
	} else {
		if (name == NULL)
			name = fbchat_event_str(event, 0, FBCHAT_FIELD_NAME, NULL);
		purple_connection_set_display_name(connection->gc, name);
		tell(connection, wait->succeeded, name);
	}
	g_free(wait);
}

static void begun(FbConnection *connection, fbchat_status status, FbAliasTold succeeded, FbAliasTold failed,
                  const char *name)
{
	Wait *wait;

	if (status != FBCHAT_OK) {
		tell(connection, failed, fbchat_last_error());
		return;
	}
	wait = g_new0(Wait, 1);
	wait->request = connection->begun;
	wait->succeeded = succeeded;
	wait->failed = failed;
	g_hash_table_insert(connection->alias_waits, &wait->request, wait);
	fb_pending_add(connection, status, answered, NULL, name);
}

/* libpurple may ask from a callback that runs at sign-off. */
static gboolean signed_off(PurpleConnection *gc, FbAliasTold failed)
{
	if (gc->proto_data == NULL && failed != NULL)
		failed(purple_connection_get_account(gc), _("You are not signed on."));
	return gc->proto_data == NULL;
}

void fb_set_public_alias(PurpleConnection *gc, const char *alias, FbAliasTold succeeded, FbAliasTold failed)
{
	FbConnection *connection = gc->proto_data;
	char *name;

	if (signed_off(gc, failed))
		return;
	/* Stripped as the server does it. The server refuses an empty name. */
	name = g_strstrip(g_strdup(alias != NULL ? alias : ""));
	begun(connection, fbchat_session_set_name(fb_client(), connection->session, name, &connection->begun), succeeded,
	      failed, name);
	g_free(name);
}

/* Always asks the server: the name may have been changed elsewhere. */
void fb_get_public_alias(PurpleConnection *gc, FbAliasTold succeeded, FbAliasTold failed)
{
	FbConnection *connection = gc->proto_data;

	if (signed_off(gc, failed))
		return;
	begun(connection, fbchat_session_request_profile(fb_client(), connection->session, connection->uid, &connection->begun),
	      succeeded, failed, NULL);
}
