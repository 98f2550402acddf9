/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FBCHAT_PURPLE_GROUPS_H
#define FBCHAT_PURPLE_GROUPS_H

#include "fb.h"

#include <blist.h>

/* With the conversations of groups, and the list of rooms. */
void fb_groups_init(FbConnection *connection);
void fb_groups_free(FbConnection *connection);

void fb_groups_apply(FbConnection *connection, const fbchat_event *event, size_t item);
gboolean fb_groups_applied(FbConnection *connection, const fbchat_event *event); /* after the last item of a list, again and again until TRUE */

/* Opens what is to be opened at sign-on, once the account is signed on and the groups are known. */
void fb_groups_open(FbConnection *connection);
void fb_group_changed(FbConnection *connection, const fbchat_event *event);

/* The number of the group of an entry of the buddy list; NULL if it is that of none. */
const char *fb_group_of_node(PurpleBlistNode *node);

/* Operations of the protocol. */
GList *fb_chat_info(PurpleConnection *gc);
GHashTable *fb_chat_info_defaults(PurpleConnection *gc, const char *name);
char *fb_get_chat_name(GHashTable *components);
PurpleChat *fb_find_blist_chat(PurpleAccount *account, const char *name);
void fb_join_chat(PurpleConnection *gc, GHashTable *components);

#endif
