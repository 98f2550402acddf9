/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Questions to the user that are not answered yet. A dialog gets the number of its question, not its address: some hosts
 * answer after the account has signed off.
 */
#include "prompts.h"

#include "client.h"

/* A user who was away for long should not find hundreds of dialogs. The other requests come at the next sign-on. */
#define AUTHORISATIONS_AT_ONCE 20

static GHashTable *prompts;
static guint last_prompt;

void fb_prompt_free(gpointer data)
{
	FbPrompt *prompt = data;

	if (prompt == NULL)
		return;
	g_free(prompt->who);
	g_free(prompt->group);
	g_free(prompt->alias);
	g_free(prompt);
}

FbPrompt *fb_prompt_new(FbConnection *connection, const char *who, guint *number)
{
	FbPrompt *prompt = g_new0(FbPrompt, 1);

	if (prompts == NULL)
		prompts = g_hash_table_new_full(g_direct_hash, g_direct_equal, NULL, fb_prompt_free);
	prompt->session = connection->session;
	prompt->who = g_strdup(who);
	*number = ++last_prompt;
	g_hash_table_insert(prompts, GUINT_TO_POINTER(*number), prompt);
	return prompt;
}

FbPrompt *fb_prompt_find(guint number)
{
	return g_hash_table_lookup(prompts, GUINT_TO_POINTER(number));
}

FbPrompt *fb_prompt_take(gpointer number, FbConnection **connection)
{
	FbPrompt *prompt = prompts != NULL ? g_hash_table_lookup(prompts, number) : NULL;

	if (prompt == NULL)
		return NULL;
	g_hash_table_steal(prompts, number);
	*connection = fb_client_find(prompt->session);
	if (*connection != NULL)
		return prompt;
	fb_prompt_free(prompt);
	return NULL;
}

void fb_prompts_drop(FbConnection *connection, const char *who)
{
	GHashTableIter iter;
	gpointer value;

	if (prompts == NULL)
		return;
	g_hash_table_iter_init(&iter, prompts);
	while (g_hash_table_iter_next(&iter, NULL, &value)) {
		FbPrompt *prompt = value;
		void *dialog = prompt->group == NULL ? prompt->dialog : NULL;

		if (prompt->session != connection->session || (who != NULL && strcmp(prompt->who, who) != 0))
			continue;
		g_hash_table_iter_remove(&iter);
		/* At sign-off libpurple closes the dialogs itself. */
		if (who != NULL && dialog != NULL)
			purple_account_request_close(dialog);
	}
}

gboolean fb_prompt_may_authorise(FbConnection *connection, const char *who)
{
	GHashTableIter iter;
	gpointer value;
	int open = 0;

	if (prompts == NULL)
		return TRUE;
	g_hash_table_iter_init(&iter, prompts);
	while (g_hash_table_iter_next(&iter, NULL, &value)) {
		const FbPrompt *prompt = value;

		if (prompt->session != connection->session || prompt->group != NULL)
			continue;
		/* After a reconnection the server sends the request again. */
		if (strcmp(prompt->who, who) == 0)
			return FALSE;
		open++;
	}
	return open < AUTHORISATIONS_AT_ONCE;
}
