/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FBCHAT_PURPLE_FRIENDS_H
#define FBCHAT_PURPLE_FRIENDS_H

#include "fb.h"

void fb_refresh(FbConnection *connection);
void fb_friend_requested(FbConnection *connection, const fbchat_event *event);
void fb_friend_changed(FbConnection *connection, const fbchat_event *event);

/* Operations of the protocol. */
void fb_add_buddy(PurpleConnection *gc, PurpleBuddy *buddy, PurpleGroup *group);
void fb_add_buddy_with_invite(PurpleConnection *gc, PurpleBuddy *buddy, PurpleGroup *group, const char *message);
void fb_remove_buddy(PurpleConnection *gc, PurpleBuddy *buddy, PurpleGroup *group);
void fb_remove_buddies(PurpleConnection *gc, GList *buddies, GList *groups);

#endif
