/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sessions that outlive their connection. After a lasting outage the host signs the account off and tries again later; the
 * server still knows the session then, and the library goes on with it where it was, without logging in again.
 *
 * What it takes is as good as the password, so it is kept in memory only.
 */
#include "prpl.h"

/* "server account" -> state */
static GHashTable *kept;

static char *key_of(FbConnection *connection)
{
	return g_strdup_printf("%s %s", fb_server_of(connection),
	                       purple_account_get_username(purple_connection_get_account(connection->gc)));
}

/* The library tells it anew whenever it has changed. */
void fb_saved_note(FbConnection *connection, const fbchat_event *event)
{
	size_t len = 0;
	const char *state = fbchat_event_bytes(event, 0, FBCHAT_FIELD_SAVED_SESSION, &len);

	fb_free_secret(connection->saved);
	connection->saved = state != NULL ? g_strndup(state, len) : NULL;
}

/* At the end of a connection: keeps its session if it is to go on. */
gboolean fb_saved_keep(FbConnection *connection)
{
	if (!connection->goes_on || connection->saved == NULL)
		return FALSE;
	if (kept == NULL)
		kept = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, fb_free_secret);
	g_hash_table_replace(kept, key_of(connection), connection->saved);
	connection->saved = NULL;
	return TRUE;
}

/* At sign-on: whether there is a session to go on with, and it has begun to. It is tried once. */
gboolean fb_saved_resume(FbConnection *connection)
{
	char *key = key_of(connection);
	const char *state = kept != NULL ? g_hash_table_lookup(kept, key) : NULL;

	if (state != NULL) {
		connection->resuming =
			fbchat_session_resume(fb_client(), connection->session, state, strlen(state), &connection->begun) == FBCHAT_OK;
		g_hash_table_remove(kept, key);
	}
	g_free(key);
	return connection->resuming;
}

void fb_saved_free(void)
{
	if (kept != NULL)
		g_hash_table_destroy(kept);
	kept = NULL;
}
