/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FBCHAT_PURPLE_GROUP_CHANGES_H
#define FBCHAT_PURPLE_GROUP_CHANGES_H

#include "fb.h"

#include <blist.h>

GList *fb_group_menu(PurpleBlistNode *node);

/* Commands in the conversation of a group. */
void fb_group_mute(FbConnection *connection, const char *group, gboolean muted);
void fb_group_leave(FbConnection *connection, const char *group);
void fb_group_rename(FbConnection *connection, const char *group, const char *name);
void fb_group_kick(FbConnection *connection, const char *group, const char *person);
void fb_group_invite(FbConnection *connection, const char *group, const char *person);

/* Operations of the protocol. */
void fb_chat_invite(PurpleConnection *gc, int id, const char *message, const char *who);
void fb_set_chat_topic(PurpleConnection *gc, int id, const char *topic);

#endif
