/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FBCHAT_PURPLE_CHATS_H
#define FBCHAT_PURPLE_CHATS_H

#include "fb.h"

#include <conversation.h>

void fb_chats_init(FbConnection *connection);
void fb_chats_free(FbConnection *connection);

/* The conversation of the group with this number; NULL if it is not open. */
PurpleConversation *fb_chat_find(FbConnection *connection, const char *group);

/* Opens it, or finds it. NULL if that has ended the connection. */
PurpleConversation *fb_chat_get(FbConnection *connection, const char *group);

/* The group has changed, or the user is not in it any more. */
void fb_chat_changed(FbConnection *connection, const char *group);
void fb_chat_gone(FbConnection *connection, const char *group);

/* What the library knows of a group; NULL if nothing. To be freed. */
fbchat_event *fb_chat_group(FbConnection *connection, const char *group);

/* The name of somebody in a group, as a message says it. */
void fb_chat_person(FbConnection *connection, const char *who, const char *name);

/* That name; an operation of the protocol. */
char *fb_cb_alias(PurpleConnection *gc, int id, const char *who);

#endif
