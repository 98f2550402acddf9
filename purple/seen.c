/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Messages that come a second time. The library shows each once while the host runs; but what it had no time to confirm
 * before the host ended, the server sends again. So marks of the latest messages are kept with the account.
 *
 * A mark is no more than a number: it neither says what was written nor lets anybody sign on.
 */
#include "prpl.h"

#define SEEN "seen"

/* As many as a server may send in one answer, which is what can be unconfirmed, would be too many to keep in a file of
 * settings; these are more than arrive between two confirmations unless there is a large backlog. */
#define MARKS 128
#define MARK_LENGTH 16

void fb_seen_restore(FbConnection *connection)
{
	connection->seen = g_strdup(purple_account_get_string(purple_connection_get_account(connection->gc), SEEN, ""));
}

/* Whether this message was here before; it was from now on. */
gboolean fb_seen(FbConnection *connection, const fbchat_event *event)
{
	const char *id = fbchat_event_str(event, 0, FBCHAT_FIELD_MESSAGE_ID, NULL);
	char *facts = g_strdup_printf("%" G_GINT64_FORMAT " %" G_GINT64_FORMAT " %" G_GINT64_FORMAT " %s",
	                              fb_int(event, 0, FBCHAT_FIELD_FROM), fb_int(event, 0, FBCHAT_FIELD_TO),
	                              fb_int(event, 0, FBCHAT_FIELD_TIME_MS), id != NULL ? id : "");
	char *mark = g_compute_checksum_for_string(G_CHECKSUM_SHA1, facts, -1);
	size_t kept = strlen(connection->seen);
	gboolean before;

	mark[MARK_LENGTH] = '\0';
	before = strstr(connection->seen, mark) != NULL;
	if (!before) {
		size_t skip = kept >= MARKS * MARK_LENGTH ? kept - (MARKS - 1) * MARK_LENGTH : 0;
		char *seen = g_strconcat(connection->seen + skip, mark, NULL);

		g_free(connection->seen);
		connection->seen = seen;
		purple_account_set_string(purple_connection_get_account(connection->gc), SEEN, seen);
	}
	g_free(mark);
	g_free(facts);
	return before;
}
