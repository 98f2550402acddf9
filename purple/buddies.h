/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FBCHAT_PURPLE_BUDDIES_H
#define FBCHAT_PURPLE_BUDDIES_H

#include "fb.h"

#include <notify.h>

void fb_buddies_init(FbConnection *connection);
void fb_buddies_restore(FbConnection *connection);
void fb_buddies_free(FbConnection *connection);
void fb_buddies_apply(FbConnection *connection, const fbchat_event *event, size_t item);
void fb_buddies_applied(FbConnection *connection, const fbchat_event *event); /* after the last item of a list */
void fb_buddy_ended(FbConnection *connection, const char *who);               /* the friendship with them is over */
PurpleGroup *fb_new_list_group(const char *name);                     /* at the end of the buddy list, unless it exists */
void fb_buddy_name(FbConnection *connection, const char *who, const char *name);

/* Operations of the protocol. */
void fb_buddy_free(PurpleBuddy *buddy);
char *fb_status_text(PurpleBuddy *buddy);
void fb_tooltip_text(PurpleBuddy *buddy, PurpleNotifyUserInfo *info, gboolean full);
const char *fb_normalize(const PurpleAccount *account, const char *who);
gboolean fb_offline_message(const PurpleBuddy *buddy);
void fb_rename_group(PurpleConnection *gc, const char *old_name, PurpleGroup *group, GList *moved_buddies);
void fb_group_buddy(PurpleConnection *gc, const char *who, const char *old_group, const char *new_group);
void fb_alias_buddy(PurpleConnection *gc, const char *who, const char *alias);

#endif
