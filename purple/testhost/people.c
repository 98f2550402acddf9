/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The commands of the headless host that take the place of menus, buttons and dialogs about people and the account.
 */
#include <stdlib.h>
#include <string.h>

#include <glib.h>

#include <account.h>
#include <blist.h>
#include <buddyicon.h>
#include <cmds.h>
#include <connection.h>
#include <plugin.h>
#include <privacy.h>
#include <prpl.h>
#include <server.h>
#include <status.h>

#include "testhost.h"

/* As Pidgin's dialog does. */
static void add_buddy(PurpleAccount *account, const char *who, const char *message)
{
	PurpleGroup *group = purple_find_group("Buddies");
	PurpleBuddy *buddy = purple_buddy_new(account, who, NULL);

	if (group == NULL) {
		group = purple_group_new("Buddies");
		purple_blist_add_group(group, NULL);
	}
	purple_blist_add_buddy(buddy, NULL, group, NULL);
	purple_account_add_buddy_with_invite(account, buddy, message);
}

static void remove_buddy(PurpleAccount *account, PurpleBuddy *buddy)
{
	purple_account_remove_buddy(account, buddy, purple_buddy_get_group(buddy));
	purple_blist_remove_buddy(buddy);
}

/* A group is removed together with all its members. */
static void remove_group(PurpleAccount *account, const char *name)
{
	GSList *found = purple_find_buddies(account, NULL);
	GList *buddies = NULL;
	GList *groups = NULL;
	GList *link;

	for (; found != NULL; found = g_slist_delete_link(found, found)) {
		PurpleGroup *group = purple_buddy_get_group(found->data);

		if (g_strcmp0(purple_group_get_name(group), name) == 0) {
			buddies = g_list_append(buddies, found->data);
			groups = g_list_append(groups, group);
		}
	}
	purple_account_remove_buddies(account, buddies, groups);
	for (link = buddies; link != NULL; link = link->next)
		purple_blist_remove_buddy(link->data);
	g_list_free(buddies);
	g_list_free(groups);
}

static void set_icon(PurpleAccount *account, const char *path)
{
	guchar *data = NULL;
	gsize len = 0;

	if (*path != '\0' && !g_file_get_contents(path, (gchar **)&data, &len, NULL))
		emit("no-icon", "path", path, NULL);
	else
		purple_buddy_icons_set_account_icon(account, data, len);
}

/* Prints the labels of the account's menu and chooses the entry with this label. */
static void run_action(PurpleAccount *account, const char *label)
{
	PurpleConnection *gc = purple_account_get_connection(account);
	PurplePlugin *plugin = purple_connection_get_prpl(gc);
	GList *actions = PURPLE_PLUGIN_HAS_ACTIONS(plugin) ? PURPLE_PLUGIN_ACTIONS(plugin, gc) : NULL;

	for (; actions != NULL; actions = g_list_delete_link(actions, actions)) {
		PurplePluginAction *action = actions->data;

		action->plugin = plugin;
		action->context = gc;
		emit("action", "account", purple_account_get_username(account), "label", action->label, NULL);
		if (strcmp(action->label, label) == 0)
			action->callback(action);
		purple_plugin_action_free(action);
	}
}

/* Likewise for the menu of a buddy or a group. */
static void run_menu(PurpleAccount *account, const char *who, const char *label)
{
	PurplePlugin *plugin = purple_connection_get_prpl(purple_account_get_connection(account));
	PurplePluginProtocolInfo *protocol = PURPLE_PLUGIN_PROTOCOL_INFO(plugin);
	PurpleBuddy *buddy = purple_find_buddy(account, who);
	PurpleBlistNode *node = buddy != NULL ? (PurpleBlistNode *)buddy : (PurpleBlistNode *)purple_blist_find_chat(account, who);
	GList *items = node != NULL && protocol->blist_node_menu != NULL ? protocol->blist_node_menu(node) : NULL;

	for (; items != NULL; items = g_list_delete_link(items, items)) {
		PurpleMenuAction *item = items->data;

		emit("menu", "who", who, "label", item->label, NULL);
		if (strcmp(item->label, label) == 0)
			((void (*)(PurpleBlistNode *, gpointer))item->callback)(node, item->data);
		purple_menu_action_free(item);
	}
}

static void run_slash(PurpleAccount *account, const char *who, const char *line)
{
	PurpleConversation *conversation = purple_find_conversation_with_account(PURPLE_CONV_TYPE_ANY, who, account);
	char *error = NULL;
	PurpleCmdStatus status;

	if (conversation == NULL)
		conversation = purple_conversation_new(PURPLE_CONV_TYPE_IM, account, who);
	status = purple_cmd_do_command(conversation, line, line, &error);
	emit("slash", "status", number(status), "error", error, NULL);
	g_free(error);
}

static void set_status(PurpleAccount *account, const char *id, const char *message)
{
	purple_account_set_status(account, id, TRUE, "message", *message != '\0' ? message : NULL, NULL);
}

/* The name that others see. */
static void emit_name(const char *event, PurpleAccount *account, const char *text)
{
	emit(event, "account", purple_account_get_username(account), "text", text, NULL);
}

static void name_told(PurpleAccount *account, const char *name)
{
	emit_name("public-name", account, name);
}

static void name_not_told(PurpleAccount *account, const char *why)
{
	emit_name("no-public-name", account, why);
}

/* Asks for the current name at once, also at sign-off. */
static void name_refused(PurpleAccount *account, const char *why)
{
	emit_name("name-refused", account, why);
	purple_account_get_public_alias(account, name_told, name_not_told);
}

static void rename_account(PurpleAccount *account, const char *rest)
{
	char *name = g_strcompress(rest);

	purple_account_set_public_alias(account, *name != '\0' ? name : NULL, name_told, name_refused);
	g_free(name);
}

/* The kind of privacy, as libpurple numbers it, and who is denied. */
static void emit_denied(PurpleAccount *account)
{
	GString *names = g_string_new(NULL);
	GSList *link;

	for (link = account->deny; link != NULL; link = link->next)
		g_string_append_printf(names, "%s%s", names->len > 0 ? " " : "", (const char *)link->data);
	emit("denied", "account", purple_account_get_username(account), "type", number(account->perm_deny), "who", names->str,
	     NULL);
	g_string_free(names, TRUE);
}

/* As the dialog and the menus of Pidgin do. */
static gboolean run_privacy(const char *command, PurpleAccount *account, const char *who)
{
	if (strcmp(command, "deny") == 0)
		purple_privacy_deny(account, who, FALSE, FALSE);
	else if (strcmp(command, "allow") == 0)
		purple_privacy_allow(account, who, FALSE, FALSE);
	else if (strcmp(command, "deny-add") == 0)
		purple_privacy_deny_add(account, who, FALSE);
	else if (strcmp(command, "privacy") == 0) {
		account->perm_deny = (PurplePrivacyType)atoi(who);
		serv_set_permit_deny(purple_account_get_connection(account));
	} else if (strcmp(command, "denied") == 0)
		emit_denied(account);
	else
		return FALSE;
	return TRUE;
}

gboolean people_run(const char *command, PurpleAccount *account, const char *rest)
{
	PurpleConnection *gc = purple_account_get_connection(account);
	char **words = g_strsplit(rest, " ", 2);
	const char *who = words[0] != NULL ? words[0] : "";
	char *text = words[0] != NULL && words[1] != NULL ? g_strcompress(words[1]) : g_strdup("");
	PurpleBuddy *buddy = *who != '\0' ? purple_find_buddy(account, who) : NULL;
	gboolean known = TRUE;

	if (strcmp(command, "icon") == 0)
		set_icon(account, rest);
	else if (strcmp(command, "message") == 0)
		set_status(account, who, text);
	else if (strcmp(command, "add") == 0)
		add_buddy(account, who, *text != '\0' ? text : NULL);
	else if (strcmp(command, "remove") == 0 && buddy != NULL)
		remove_buddy(account, buddy);
	else if (strcmp(command, "remove-group") == 0)
		remove_group(account, rest);
	else if (strcmp(command, "info") == 0)
		serv_get_info(gc, who);
	else if (strcmp(command, "action") == 0)
		run_action(account, rest);
	else if (strcmp(command, "menu") == 0)
		run_menu(account, who, text);
	else if (strcmp(command, "slash") == 0)
		run_slash(account, who, text);
	else if (strcmp(command, "poke") == 0)
		purple_prpl_send_attention(gc, who, 0);
	else if (strcmp(command, "password") == 0)
		purple_account_change_password(account, who, text);
	else if (strcmp(command, "rename") == 0)
		rename_account(account, rest);
	else if (strcmp(command, "public-name") == 0)
		purple_account_get_public_alias(account, name_told, name_not_told);
	else if (strcmp(command, "press") == 0)
		known = dialog_press_result((guint)atoi(who), (PurpleNotifySearchButtonType)atoi(text));
	else
		known = run_privacy(command, account, who);
	g_free(text);
	g_strfreev(words);
	return known;
}
