/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FBCHAT_PURPLE_MENUS_H
#define FBCHAT_PURPLE_MENUS_H

#include "fb.h"

#include <blist.h>
#include <plugin.h>

GList *fb_actions(PurplePlugin *plugin, gpointer context);
GList *fb_blist_node_menu(PurpleBlistNode *node);
GList *fb_attention_types(PurpleAccount *account);
gboolean fb_send_attention(PurpleConnection *gc, const char *who, guint type);
void fb_poke_received(FbConnection *connection, const fbchat_event *event);
void fb_commands_register(void);
void fb_commands_unregister(void);

#endif
