/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Questions to the user that are open. Dialogs get the number of a question, not its address: some hosts answer after the
 * account has signed off.
 */
#include "prpl.h"

#include <core.h>

/* Whoever was away for long does not come home to hundreds of dialogs. The rest comes at the next sign-on. */
#define AUTHORISATIONS_AT_ONCE 20

/* There questions are answered with yes or no, which it tells apart by the words Accept and Reject on the buttons. */
gboolean fb_in_bitlbee(void)
{
	GHashTable *info = purple_core_get_ui_info();

	return info != NULL && g_strcmp0(g_hash_table_lookup(info, "name"), "BitlBee") == 0;
}

static GHashTable *asks;
static guint last_ask;

void fb_ask_free(gpointer data)
{
	FbAsk *ask = data;

	if (ask == NULL)
		return;
	g_free(ask->who);
	g_free(ask->group);
	g_free(ask->alias);
	g_free(ask);
}

FbAsk *fb_ask_new(FbConnection *connection, const char *who, guint *number)
{
	FbAsk *ask = g_new0(FbAsk, 1);

	if (asks == NULL)
		asks = g_hash_table_new_full(g_direct_hash, g_direct_equal, NULL, fb_ask_free);
	ask->session = connection->session;
	ask->who = g_strdup(who);
	*number = ++last_ask;
	g_hash_table_insert(asks, GUINT_TO_POINTER(*number), ask);
	return ask;
}

/* The question with this number, taken out, and whose it is; NULL if its connection is gone. To be freed with fb_ask_free. */
FbAsk *fb_ask_take(gpointer number, FbConnection **connection)
{
	FbAsk *ask = asks != NULL ? g_hash_table_lookup(asks, number) : NULL;

	if (ask == NULL)
		return NULL;
	g_hash_table_steal(asks, number);
	*connection = fb_client_find(ask->session);
	if (*connection != NULL)
		return ask;
	fb_ask_free(ask);
	return NULL;
}

/* Takes back what was asked about somebody, or with NULL everything of a connection. */
void fb_asks_drop(FbConnection *connection, const char *who)
{
	GHashTableIter iter;
	gpointer value;

	if (asks == NULL)
		return;
	g_hash_table_iter_init(&iter, asks);
	while (g_hash_table_iter_next(&iter, NULL, &value)) {
		FbAsk *ask = value;
		void *dialog = ask->group == NULL ? ask->dialog : NULL;

		if (ask->session != connection->session || (who != NULL && strcmp(ask->who, who) != 0))
			continue;
		g_hash_table_iter_remove(&iter);
		/* At sign-off libpurple closes the dialogs itself. */
		if (who != NULL && dialog != NULL)
			purple_account_request_close(dialog);
	}
}

FbAsk *fb_ask_find(guint number)
{
	return g_hash_table_lookup(asks, GUINT_TO_POINTER(number));
}

/* Whether this person's request may be put to the user now. */
gboolean fb_ask_may_authorise(FbConnection *connection, const char *who)
{
	GHashTableIter iter;
	gpointer value;
	int open = 0;

	if (asks == NULL)
		return TRUE;
	g_hash_table_iter_init(&iter, asks);
	while (g_hash_table_iter_next(&iter, NULL, &value)) {
		const FbAsk *ask = value;

		if (ask->session != connection->session || ask->group != NULL)
			continue;
		/* After a reconnection the server tells of it again. */
		if (strcmp(ask->who, who) == 0)
			return FALSE;
		open++;
	}
	return open < AUTHORISATIONS_AT_ONCE;
}
