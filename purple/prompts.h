/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FBCHAT_PURPLE_PROMPTS_H
#define FBCHAT_PURPLE_PROMPTS_H

#include "fb.h"

/* A question to the user that is not answered yet. */
typedef struct {
	fbchat_session session;
	char *who;
	char *group;  /* the group of a buddy that was removed; NULL for an authorisation */
	char *alias;  /* the local name of that buddy */
	void *dialog;
} FbPrompt;

FbPrompt *fb_prompt_new(FbConnection *connection, const char *who, guint *number);
FbPrompt *fb_prompt_find(guint number);

/* Takes the question with this number out of the table and tells whose it is; NULL if its connection is gone. To be freed
 * with fb_prompt_free. */
FbPrompt *fb_prompt_take(gpointer number, FbConnection **connection);
void fb_prompt_free(gpointer data);

/* Withdraws the questions about one user, or with NULL all questions of a connection. */
void fb_prompts_drop(FbConnection *connection, const char *who);

/* Whether the user may be asked now about a friend request of `who`. */
gboolean fb_prompt_may_authorise(FbConnection *connection, const char *who);

#endif
