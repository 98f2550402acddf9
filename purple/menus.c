/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the user can choose: the account's menu, a buddy's, and what he can type behind a slash. What a server cannot do
 * is not in the menus.
 */
#include "prpl.h"

#include <blist.h>
#include <cmds.h>
#include <plugin.h>
#include <request.h>
#include <util.h>

static gboolean can(FbConnection *connection, gint64 feature)
{
	return connection != NULL && (connection->features & feature) != 0;
}

/* Dialogs of a connection are closed with it, so theirs is alive when they are answered. */
static void search_entered(PurpleConnection *gc, const char *words)
{
	if (gc->proto_data != NULL && words != NULL && *words != '\0')
		fb_search(gc->proto_data, words);
}

static void ask_search(PurplePluginAction *action)
{
	PurpleConnection *gc = action->context;

	purple_request_input(gc, NULL, _("Search for People"), _("Beginnings of the name, or the whole e-mail address:"), NULL,
	                     FALSE, FALSE, NULL, _("_Search"), G_CALLBACK(search_entered), _("_Cancel"), NULL,
	                     purple_connection_get_account(gc), NULL, NULL, gc);
}

static void status_entered(PurpleConnection *gc, const char *text)
{
	if (gc->proto_data != NULL)
		fb_status_text_set(gc->proto_data, text != NULL ? text : "");
}

static void ask_status(PurplePluginAction *action)
{
	PurpleConnection *gc = action->context;
	FbConnection *connection = gc->proto_data;

	if (connection == NULL)
		return;
	purple_request_input(gc, NULL, _("Set Status Line"), _("Friends see it, also while you are offline. Empty takes it away."),
	                     connection->status_text, FALSE, FALSE, NULL, _("_Set"), G_CALLBACK(status_entered), _("_Cancel"),
	                     NULL, purple_connection_get_account(gc), NULL, NULL, gc);
}

static void ask_password(PurplePluginAction *action)
{
	PurpleConnection *gc = action->context;

	purple_account_request_change_password(purple_connection_get_account(gc));
}

GList *fb_actions(PurplePlugin *plugin, gpointer context)
{
	FbConnection *connection = context != NULL ? ((PurpleConnection *)context)->proto_data : NULL;
	GList *actions = NULL;

	(void)plugin;
	if (can(connection, FBCHAT_FEATURE_SEARCH))
		actions = g_list_append(actions, purple_plugin_action_new(_("Search for People..."), ask_search));
	if (can(connection, FBCHAT_FEATURE_STATUS))
		actions = g_list_append(actions, purple_plugin_action_new(_("Set Status Line..."), ask_status));
	if (can(connection, FBCHAT_FEATURE_PASSWORD))
		actions = g_list_append(actions, purple_plugin_action_new(_("Change Password..."), ask_password));
	return actions;
}

/* Pokes, which libpurple calls attention. */
static void poked(FbConnection *connection, const fbchat_event *event, const char *who, const char *text)
{
	PurpleAccount *account = purple_connection_get_account(connection->gc);
	const char *failure = fb_failure(event);

	(void)text;
	if (failure != NULL && !purple_conv_present_error(who, account, failure))
		purple_notify_error(connection->gc, NULL, failure, NULL);
}

gboolean fb_send_attention(PurpleConnection *gc, const char *who, guint type)
{
	FbConnection *connection = gc->proto_data;
	fbchat_request request = 0;
	fbchat_status status;

	(void)type;
	if (connection == NULL)
		return FALSE;
	status = fbchat_session_poke(fb_client(), connection->session, fb_uid_of(who), &request);
	fb_request_begun(connection, status, request, poked, who, NULL);
	return TRUE;
}

GList *fb_attention_types(PurpleAccount *account)
{
	static GList *types;

	(void)account;
	if (types == NULL)
		types = g_list_append(NULL, purple_attention_type_new("Poke", _("Poke"), _("%s has poked you!"), _("Poking %s...")));
	return types;
}

void fb_poke_received(FbConnection *connection, const fbchat_event *event)
{
	char *who = fb_name_of((fbchat_uid)fb_int(event, 0, FBCHAT_FIELD_FROM));

	purple_prpl_got_attention(connection->gc, who, 0);
	g_free(who);
}

static void poke_chosen(PurpleBlistNode *node, gpointer data)
{
	PurpleBuddy *buddy = (PurpleBuddy *)node;

	(void)data;
	purple_prpl_send_attention(purple_account_get_connection(purple_buddy_get_account(buddy)), purple_buddy_get_name(buddy), 0);
}

GList *fb_blist_node_menu(PurpleBlistNode *node)
{
	PurpleConnection *gc;

	if (!PURPLE_BLIST_NODE_IS_BUDDY(node))
		return NULL;
	gc = purple_account_get_connection(purple_buddy_get_account((PurpleBuddy *)node));
	if (gc == NULL || !can(gc->proto_data, FBCHAT_FEATURE_POKE))
		return NULL;
	return g_list_append(NULL, purple_menu_action_new(_("Poke"), PURPLE_CALLBACK(poke_chosen), NULL, NULL));
}

/* Commands. Each is about the person of the conversation in which it is typed. */
static FbConnection *connection_of(PurpleConversation *conversation, char **error)
{
	PurpleConnection *gc = purple_conversation_get_gc(conversation);

	if (gc == NULL || gc->proto_data == NULL) {
		*error = g_strdup(_("You are not signed on."));
		return NULL;
	}
	return gc->proto_data;
}

static PurpleCmdRet run_command(PurpleConversation *conversation, const gchar *command, gchar **arguments, gchar **error,
                                void *data)
{
	FbConnection *connection = connection_of(conversation, error);
	const char *who = purple_conversation_get_name(conversation);
	const char *argument = arguments != NULL && arguments[0] != NULL ? arguments[0] : "";

	(void)data;
	if (connection == NULL)
		return PURPLE_CMD_RET_FAILED;
	if (strcmp(command, "poke") == 0)
		purple_prpl_send_attention(connection->gc, who, 0);
	else if (strcmp(command, "status") == 0)
		fb_status_text_set(connection, argument);
	else if (strcmp(command, "whois") == 0)
		fb_get_info(connection->gc, who);
	else if (strcmp(command, "search") == 0)
		fb_search(connection, argument);
	else
		fb_history(connection, who);
	return PURPLE_CMD_RET_OK;
}

static PurpleCmdId commands[6];

static PurpleCmdId command_new(const char *name, const char *arguments, const char *help)
{
	return purple_cmd_register(name, arguments, PURPLE_CMD_P_PRPL, PURPLE_CMD_FLAG_IM | PURPLE_CMD_FLAG_PRPL_ONLY,
	                           FB_PRPL_ID, run_command, help, NULL);
}

void fb_commands_register(void)
{
	commands[0] = command_new("poke", "", _("poke:  Poke this person."));
	commands[1] = command_new("status", "s", _("status [text]:  Set your status line, or take it away."));
	commands[2] = command_new("status", "", _("status [text]:  Set your status line, or take it away."));
	commands[3] = command_new("whois", "", _("whois:  Show what this person tells about himself or herself."));
	commands[4] = command_new("search", "s", _("search &lt;name or e-mail address&gt;:  Search for people."));
	commands[5] = command_new("history", "", _("history:  Show the latest messages that the server has of this conversation."));
}

void fb_commands_unregister(void)
{
	size_t i;

	for (i = 0; i < G_N_ELEMENTS(commands); i++)
		purple_cmd_unregister(commands[i]);
}
