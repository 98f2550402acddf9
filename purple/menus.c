/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The account's menu, the menu of a buddy, and the commands that start with a slash. The menus leave out what the server
 * cannot do.
 */
#include "menus.h"

#include <cmds.h>
#include <notify.h>
#include <request.h>
#include <server.h>
#include <util.h>

#include "alias.h"
#include "chat_messages.h"
#include "client.h"
#include "failures.h"
#include "fields.h"
#include "friends.h"
#include "group_changes.h"
#include "pending.h"
#include "people.h"
#include "presence.h"
#include "settings.h"
#include "strangers.h"

static gboolean can(FbConnection *connection, gint64 feature)
{
	return connection != NULL && (connection->features & feature) != 0;
}

/* Dialogs of a connection are closed with it, so the connection exists when they are answered. */
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
		fb_status_line_set(gc->proto_data, text != NULL ? text : "");
}

static void ask_status(PurplePluginAction *action)
{
	PurpleConnection *gc = action->context;
	FbConnection *connection = gc->proto_data;

	if (connection == NULL)
		return;
	purple_request_input(gc, NULL, _("Set Status Line"), _("Friends see it even while you are offline. Leave it empty to remove it."),
	                     fb_status_line(connection), FALSE, FALSE, NULL, _("_Set"), G_CALLBACK(status_entered), _("_Cancel"),
	                     NULL, purple_connection_get_account(gc), NULL, NULL, gc);
}

static void name_refused(PurpleAccount *account, const char *why)
{
	fb_failure_alone(account, why, NULL);
}

static void name_entered(PurpleConnection *gc, const char *name)
{
	fb_set_public_alias(gc, name, NULL, name_refused);
}

static void ask_name(PurplePluginAction *action)
{
	PurpleConnection *gc = action->context;

	purple_request_input(gc, NULL, _("Change Name"), _("Friends see the new one at once."),
	                     purple_connection_get_display_name(gc), FALSE, FALSE, NULL, _("_Set"), G_CALLBACK(name_entered),
	                     _("_Cancel"), NULL, purple_connection_get_account(gc), NULL, NULL, gc);
}

static void ask_password(PurplePluginAction *action)
{
	PurpleConnection *gc = action->context;

	purple_account_request_change_password(purple_connection_get_account(gc));
}

/* The server's page lists the sessions and can end them. */
static void show_sessions(PurplePluginAction *action)
{
	PurpleConnection *gc = action->context;
	char *url;

	if (gc->proto_data == NULL)
		return;
	url = g_strconcat(fb_server_of(gc->proto_data), "/home.php", NULL);
	purple_notify_uri(gc, url);
	g_free(url);
}

static void refresh(PurplePluginAction *action)
{
	PurpleConnection *gc = action->context;

	if (gc->proto_data != NULL)
		fb_refresh(gc->proto_data);
}

/* What a bug report should contain. */
static void show_about(PurplePluginAction *action)
{
	PurpleConnection *gc = action->context;
	FbConnection *connection = gc->proto_data;
	char *own;
	char *primary;
	char *secondary;

	if (connection == NULL)
		return;
	primary = g_strdup_printf("fbchat %s", fbchat_version());
	own = fb_name_of(connection->uid);
	secondary = g_strdup_printf(_("Server: %s\nYour number: %s"), fb_server_of(connection), own);
	purple_notify_info(gc, FB_TITLE, primary, secondary);
	g_free(secondary);
	g_free(primary);
	g_free(own);
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
	if (can(connection, FBCHAT_FEATURE_NAME))
		actions = g_list_append(actions, purple_plugin_action_new(_("Change Name..."), ask_name));
	if (can(connection, FBCHAT_FEATURE_PASSWORD))
		actions = g_list_append(actions, purple_plugin_action_new(_("Change Password..."), ask_password));
	actions = g_list_append(actions, purple_plugin_action_new(_("My Sessions in the Browser"), show_sessions));
	actions = g_list_append(actions, purple_plugin_action_new(_("Refresh the Buddy List"), refresh));
	actions = g_list_append(actions, purple_plugin_action_new(_("About"), show_about));
	return actions;
}

/* libpurple's word for a poke is attention. */
static void poked(FbConnection *connection, const fbchat_event *event, const char *who, const char *text)
{
	const char *failure = fb_failure(event);

	(void)text;
	if (failure != NULL)
		fb_failure_with(purple_connection_get_account(connection->gc), who, failure);
}

gboolean fb_send_attention(PurpleConnection *gc, const char *who, guint type)
{
	FbConnection *connection = gc->proto_data;

	(void)type;
	if (connection == NULL)
		return FALSE;
	fb_pending_add(connection, fbchat_session_poke(fb_client(), connection->session, fb_uid_of(who), &connection->begun),
	               poked, who, NULL);
	return TRUE;
}

GList *fb_attention_types(PurpleAccount *account)
{
	static GList *types;

	(void)account;
	if (types == NULL)
		/* Without the name, which libpurple would insert as it is, although it can contain markup. */
		types = g_list_append(NULL, purple_attention_type_new("Poke", _("Poke"), _("You were poked"), _("Poking...")));
	return types;
}

void fb_poke_received(FbConnection *connection, const fbchat_event *event)
{
	char *who = fb_name_of(fbchat_event_uid(event, 0, FBCHAT_FIELD_FROM));
	fbchat_session session = connection->session;

	fb_stranger_begin(connection, who, fbchat_event_str(event, 0, FBCHAT_FIELD_NAME, NULL), time(NULL));
	purple_prpl_got_attention(connection->gc, who, 0);
	/* The account may be signed off by now. */
	if (fb_client_find(session) != NULL)
		fb_stranger_end(connection);
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

	if (PURPLE_BLIST_NODE_IS_CHAT(node))
		return fb_group_menu(node);
	if (!PURPLE_BLIST_NODE_IS_BUDDY(node))
		return NULL;
	gc = purple_account_get_connection(purple_buddy_get_account((PurpleBuddy *)node));
	if (gc == NULL || !can(gc->proto_data, FBCHAT_FEATURE_POKE))
		return NULL;
	return g_list_append(NULL, purple_menu_action_new(_("Poke"), PURPLE_CALLBACK(poke_chosen), NULL, NULL));
}

/* Commands. Each concerns the person or the group of the conversation in which it is typed, or the user's own account. */
#define WITH_ONE PURPLE_CMD_FLAG_IM
#define IN_GROUP PURPLE_CMD_FLAG_CHAT
#define ANYWHERE ((PurpleCmdFlag)(PURPLE_CMD_FLAG_IM | PURPLE_CMD_FLAG_CHAT))

typedef struct {
	PurpleCmdFlag where;
	const char *name;
	const char *argument; /* "s" = a text, "" = none */
	const char *help;
	void (*run)(FbConnection *connection, const char *who, const char *argument);
} Command;

static void command_poke(FbConnection *connection, const char *who, const char *argument)
{
	(void)argument;
	purple_prpl_send_attention(connection->gc, who, 0);
}

static void command_status(FbConnection *connection, const char *who, const char *argument)
{
	(void)who;
	fb_status_line_set(connection, argument);
}

static void command_whois(FbConnection *connection, const char *who, const char *argument)
{
	(void)argument;
	fb_get_info(connection->gc, who);
}

static void command_whoami(FbConnection *connection, const char *who, const char *argument)
{
	char *own = fb_name_of(connection->uid);

	(void)who;
	(void)argument;
	fb_get_info(connection->gc, own);
	g_free(own);
}

static void command_search(FbConnection *connection, const char *who, const char *argument)
{
	(void)who;
	fb_search(connection, argument);
}

static void command_history(FbConnection *connection, const char *who, const char *argument)
{
	(void)argument;
	fb_history(connection, who);
}

static void command_group_history(FbConnection *connection, const char *group, const char *argument)
{
	(void)argument;
	fb_chat_history(connection, group);
}

static void command_mute(FbConnection *connection, const char *group, const char *argument)
{
	(void)argument;
	fb_group_mute(connection, group, TRUE);
}

static void command_unmute(FbConnection *connection, const char *group, const char *argument)
{
	(void)argument;
	fb_group_mute(connection, group, FALSE);
}

static void command_leave(FbConnection *connection, const char *group, const char *argument)
{
	(void)argument;
	fb_group_leave(connection, group);
}

/* The help of commands is markup. */
static const Command commands[] = {
	{ WITH_ONE, "poke", "", N_("poke:  Poke this person."), command_poke },
	{ ANYWHERE, "status", "s", N_("status [text]:  Set your status line, or remove it."), command_status },
	{ ANYWHERE, "status", "", N_("status [text]:  Set your status line, or remove it."), command_status },
	{ WITH_ONE, "whois", "", N_("whois:  Show the profile of this person."), command_whois },
	{ ANYWHERE, "whoami", "", N_("whoami:  Show what others see of you."), command_whoami },
	{ ANYWHERE, "search", "s", N_("search &lt;name or e-mail address&gt;:  Search for people."), command_search },
	{ WITH_ONE, "history", "", N_("history:  Show the latest messages that the server has of this conversation."), command_history },
	{ IN_GROUP, "history", "", N_("history:  Show the latest messages that the server has of this conversation."), command_group_history },
	{ IN_GROUP, "invite", "s", N_("invite &lt;name or number&gt;:  Add a friend to this group."), fb_group_invite },
	{ IN_GROUP, "kick", "s", N_("kick &lt;name or number&gt;:  Remove somebody from this group, as its owner."), fb_group_kick },
	{ IN_GROUP, "rename", "s", N_("rename &lt;name&gt;:  Give this group another name."), fb_group_rename },
	{ IN_GROUP, "mute", "", N_("mute:  Open no windows for messages of this group any more."), command_mute },
	{ IN_GROUP, "unmute", "", N_("unmute:  Open windows for messages of this group again."), command_unmute },
	{ IN_GROUP, "leave", "", N_("leave:  Leave this group. Closing its window does not."), command_leave },
};

static PurpleCmdId command_ids[G_N_ELEMENTS(commands)];

static PurpleCmdRet run_command(PurpleConversation *conversation, const gchar *name, gchar **arguments, gchar **error,
                                void *data)
{
	const Command *command = data;
	PurpleConnection *gc = purple_conversation_get_gc(conversation);

	(void)name;
	if (gc == NULL || gc->proto_data == NULL) {
		*error = g_strdup(_("You are not signed on."));
		return PURPLE_CMD_RET_FAILED;
	}
	command->run(gc->proto_data, purple_conversation_get_name(conversation),
	             arguments != NULL && arguments[0] != NULL ? arguments[0] : "");
	return PURPLE_CMD_RET_OK;
}

void fb_commands_register(void)
{
	size_t i;

	for (i = 0; i < G_N_ELEMENTS(commands); i++)
		command_ids[i] = purple_cmd_register(commands[i].name, commands[i].argument, PURPLE_CMD_P_PRPL,
		                                     commands[i].where | PURPLE_CMD_FLAG_PRPL_ONLY, FB_PRPL_ID, run_command,
		                                     _(commands[i].help), (void *)&commands[i]);
}

void fb_commands_unregister(void)
{
	size_t i;

	for (i = 0; i < G_N_ELEMENTS(commands); i++)
		purple_cmd_unregister(command_ids[i]);
}
