/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FBCHAT_PURPLE_CHAT_MESSAGES_H
#define FBCHAT_PURPLE_CHAT_MESSAGES_H

#include "fb.h"

void fb_chat_messages_init(FbConnection *connection);
void fb_chat_messages_free(FbConnection *connection);
GList *fb_chat_messages_options(GList *options);

/* Whether the user wants the windows of all groups at sign-on. */
gboolean fb_chat_wanted_at_sign_on(FbConnection *connection, const char *group);

/* Opens the conversation of a group, with what was missed, and brings it to the front if the user has asked for it just now. */
void fb_chat_open(FbConnection *connection, const char *group, gboolean to_front);

void fb_chat_received(FbConnection *connection, const fbchat_event *event);

/* Shows the latest messages that the server has. */
void fb_chat_history(FbConnection *connection, const char *group);

#endif
