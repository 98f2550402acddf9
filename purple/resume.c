/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sessions that outlive their connection. After a long outage the host signs the account off and tries again later; the
 * server still knows the session then, and the library resumes it where it was, without a new login.
 *
 * What is needed to resume is as secret as the password, so it is kept in memory only.
 */
#include "resume.h"

#include "client.h"
#include "fields.h"
#include "settings.h"

struct FbResume {
	gboolean wanted;
	gboolean resuming;
};

/* "server account" -> what resuming takes; a secret */
static GHashTable *kept;

static char *key_of(FbConnection *connection)
{
	return fb_key_of(purple_connection_get_account(connection->gc));
}

void fb_resume_init(FbConnection *connection)
{
	connection->resume = g_new0(struct FbResume, 1);
}

void fb_resume_free(FbConnection *connection)
{
	g_free(connection->resume);
}

void fb_resume_wanted(FbConnection *connection)
{
	connection->resume->wanted = TRUE;
}

gboolean fb_resume_keep(FbConnection *connection, const fbchat_event *saved)
{
	size_t len = 0;
	const char *state = fbchat_event_bytes(saved, 0, FBCHAT_FIELD_SAVED_SESSION, &len);

	if (!connection->resume->wanted || state == NULL)
		return FALSE;
	if (kept == NULL)
		kept = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, fb_free_secret);
	g_hash_table_replace(kept, key_of(connection), g_strndup(state, len));
	return TRUE;
}

gboolean fb_resume_begin(FbConnection *connection)
{
	char *key = key_of(connection);
	const char *state = kept != NULL ? g_hash_table_lookup(kept, key) : NULL;

	if (state != NULL) {
		connection->resume->resuming =
			fbchat_session_resume(fb_client(), connection->session, state, strlen(state), &connection->begun) == FBCHAT_OK;
		g_hash_table_remove(kept, key);
	}
	g_free(key);
	return connection->resume->resuming;
}

gboolean fb_resume_end(FbConnection *connection)
{
	gboolean was = connection->resume->resuming;

	connection->resume->resuming = FALSE;
	return was;
}

void fb_resume_forget_all(void)
{
	if (kept != NULL)
		g_hash_table_destroy(kept);
	kept = NULL;
}
