/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Messages that come a second time. The library delivers each once while the host runs; but what it had no time to confirm
 * before the host ended, the server sends again. So marks of the latest messages are kept with the account.
 *
 * A mark is a part of a hash: it neither tells what was written nor lets anybody sign on.
 */
#include "dedup.h"

#include "fields.h"

#define SETTING "seen"

/* All messages that can be unconfirmed, which is what a server may send in one answer, would be too many for a settings
 * file. These are more than arrive between two confirmations unless there is a large backlog. */
#define MARKS 128
#define MARK_LENGTH 16

void fb_dedup_init(FbConnection *connection)
{
	connection->dedup_marks =
		g_strdup(purple_account_get_string(purple_connection_get_account(connection->gc), SETTING, ""));
}

void fb_dedup_free(FbConnection *connection)
{
	g_free(connection->dedup_marks);
}

gboolean fb_dedup_is_repeat(FbConnection *connection, const fbchat_event *event)
{
	const char *id = fbchat_event_str(event, 0, FBCHAT_FIELD_MESSAGE_ID, NULL);
	char *facts = g_strdup_printf("%" G_GINT64_FORMAT " %" G_GINT64_FORMAT " %" G_GINT64_FORMAT " %s",
	                              fb_int(event, 0, FBCHAT_FIELD_FROM), fb_int(event, 0, FBCHAT_FIELD_TO),
	                              fb_int(event, 0, FBCHAT_FIELD_TIME_MS), id != NULL ? id : "");
	char *mark = g_compute_checksum_for_string(G_CHECKSUM_SHA1, facts, -1);
	size_t kept = strlen(connection->dedup_marks);
	gboolean repeated;

	mark[MARK_LENGTH] = '\0';
	repeated = strstr(connection->dedup_marks, mark) != NULL;
	if (!repeated) {
		size_t skip = kept >= MARKS * MARK_LENGTH ? kept - (MARKS - 1) * MARK_LENGTH : 0;
		char *marks = g_strconcat(connection->dedup_marks + skip, mark, NULL);

		g_free(connection->dedup_marks);
		connection->dedup_marks = marks;
		purple_account_set_string(purple_connection_get_account(connection->gc), SETTING, marks);
	}
	g_free(mark);
	g_free(facts);
	return repeated;
}
