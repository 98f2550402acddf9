/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What libpurple reports to its user interface, as the headless host prints it.
 */
#include <glib.h>

#include <account.h>
#include <blist.h>
#include <buddyicon.h>
#include <connection.h>
#include <conversation.h>
#include <signals.h>
#include <status.h>

#include "testhost.h"

static gboolean quiet;

void ui_set_quiet(gboolean now)
{
	quiet = now;
}

static const char *name_of(PurpleConnection *gc)
{
	return purple_account_get_username(purple_connection_get_account(gc));
}

static void on_progress(PurpleConnection *gc, const char *text, size_t step, size_t steps)
{
	emit("progress", "account", name_of(gc), "step", number((gint64)step), "steps", number((gint64)steps), "text", text, NULL);
}

static void on_connected(PurpleConnection *gc)
{
	emit("connected", "account", name_of(gc), "name", purple_connection_get_display_name(gc), NULL);
}

static void on_disconnected(PurpleConnection *gc)
{
	emit("disconnected", "account", name_of(gc), NULL);
}

static void on_error(PurpleConnection *gc, PurpleConnectionError reason, const char *text)
{
	emit("error", "account", name_of(gc), "reason", number(reason), "text", text, NULL);
}

static PurpleConnectionUiOps connection_ops = {
	.connect_progress = on_progress,
	.connected = on_connected,
	.disconnected = on_disconnected,
	.report_disconnect_reason = on_error,
};

static void on_conversation(PurpleConversation *conversation)
{
	emit("window", "account", purple_account_get_username(purple_conversation_get_account(conversation)), "with",
	     purple_conversation_get_name(conversation), "title", purple_conversation_get_title(conversation), NULL);
}

static void on_conversation_updated(PurpleConversation *conversation, PurpleConvUpdateType type)
{
	if (type == PURPLE_CONV_UPDATE_TITLE)
		emit("title", "account", purple_account_get_username(purple_conversation_get_account(conversation)), "with",
		     purple_conversation_get_name(conversation), "title", purple_conversation_get_title(conversation), NULL);
}

static void on_received(PurpleAccount *account, const char *who)
{
	if (!quiet)
		emit("received", "account", purple_account_get_username(account), "who", who, NULL);
}

static void on_write(PurpleConversation *conversation, const char *name, const char *alias, const char *message,
                     PurpleMessageFlags flags, time_t when)
{
	loop_count_item();
	if (quiet)
		return;
	emit("message", "account", purple_account_get_username(purple_conversation_get_account(conversation)), "with",
	     purple_conversation_get_name(conversation), "name", name, "alias", alias, "markup", message, "flags",
	     number(flags), "time", number(when), NULL);
	files_emit_pictures(message);
}

/* The window that has the focus, if any. */
static PurpleConversation *focused;

static gboolean has_focus(PurpleConversation *conversation)
{
	return conversation == focused;
}

static void on_conversation_gone(PurpleConversation *conversation)
{
	if (focused == conversation)
		focused = NULL;
}

void ui_focus(PurpleConversation *conversation)
{
	focused = conversation;
	if (conversation != NULL)
		purple_conversation_update(conversation, PURPLE_CONV_UPDATE_UNSEEN);
}

static PurpleConversationUiOps conversation_ops = {
	.destroy_conversation = on_conversation_gone,
	.has_focus = has_focus,
	.create_conversation = on_conversation,
	.write_conv = on_write,
};

static void on_new_node(PurpleBlistNode *node)
{
	if (PURPLE_BLIST_NODE_IS_BUDDY(node))
		loop_count_item();
}

/* Without these operations libpurple would not save the list. */
static PurpleBlistUiOps blist_ops = {
	.new_node = on_new_node,
};

void ui_emit_buddy(const char *event, PurpleBuddy *buddy)
{
	PurplePresence *presence = purple_buddy_get_presence(buddy);
	PurpleStatus *status = purple_presence_get_active_status(presence);
	PurpleGroup *group = purple_buddy_get_group(buddy);
	const char *server_alias = purple_buddy_get_server_alias(buddy);
	PurplePlugin *prpl = purple_find_prpl(purple_account_get_protocol_id(purple_buddy_get_account(buddy)));
	PurpleBuddyIcon *icon = purple_buddy_get_icon(buddy);
	PurpleNotifyUserInfo *info;
	size_t icon_size = 0;
	char *tooltip;
	char *text;

	if (quiet)
		return;
	if (icon != NULL)
		purple_buddy_icon_get_data(icon, &icon_size);
	text = PURPLE_PLUGIN_PROTOCOL_INFO(prpl)->status_text(buddy);
	info = purple_notify_user_info_new();
	PURPLE_PLUGIN_PROTOCOL_INFO(prpl)->tooltip_text(buddy, info, TRUE);
	tooltip = purple_notify_user_info_get_text_with_newline(info, "\n");
	emit(event, "account", purple_account_get_username(purple_buddy_get_account(buddy)), "who", purple_buddy_get_name(buddy),
	     "alias", purple_buddy_get_alias(buddy), "server_alias", server_alias, "status", purple_status_get_id(status), "online",
	     purple_presence_is_online(presence) ? "1" : "0", "idle", purple_presence_is_idle(presence) ? "1" : "0",
	     "idle_since", number(purple_presence_get_idle_time(presence)), "group",
	     group != NULL ? purple_group_get_name(group) : NULL, "text", text, "tooltip", tooltip, "icon_size",
	     number((gint64)icon_size), "icon", icon != NULL ? purple_buddy_icon_get_checksum(icon) : NULL, NULL);
	g_free(text);
	g_free(tooltip);
	purple_notify_user_info_destroy(info);
}

static void on_signed_on(PurpleBuddy *buddy)
{
	ui_emit_buddy("buddy-signed-on", buddy);
}

static void on_signed_off(PurpleBuddy *buddy)
{
	ui_emit_buddy("buddy-signed-off", buddy);
}

static void on_idle(PurpleBuddy *buddy, gboolean was, gboolean is)
{
	(void)was;
	(void)is;
	ui_emit_buddy("buddy-idle", buddy);
}

static void on_status(PurpleBuddy *buddy, PurpleStatus *before, PurpleStatus *now)
{
	(void)before;
	(void)now;
	ui_emit_buddy("buddy-status", buddy);
}

static void on_aliased(PurpleBlistNode *node, const char *before)
{
	(void)before;
	if (PURPLE_BLIST_NODE_IS_BUDDY(node))
		ui_emit_buddy("buddy-aliased", (PurpleBuddy *)node);
}

static void on_icon(PurpleBuddy *buddy)
{
	ui_emit_buddy("buddy-icon", buddy);
}

static void on_removed(PurpleBuddy *buddy)
{
	ui_emit_buddy("buddy-removed", buddy);
}

static void on_poke(PurpleAccount *account, const char *who, PurpleConversation *conversation, guint type)
{
	(void)conversation;
	emit("poke", "account", purple_account_get_username(account), "who", who, "type", number(type), NULL);
}

static void on_typing(PurpleAccount *account, const char *who)
{
	emit("typing", "account", purple_account_get_username(account), "who", who, "state", "1", NULL);
}

static void on_typing_stopped(PurpleAccount *account, const char *who)
{
	emit("typing", "account", purple_account_get_username(account), "who", who, "state", "0", NULL);
}

void ui_connect_signals(void)
{
	static int handle;
	void *buddies = purple_blist_get_handle();
	void *conversations = purple_conversations_get_handle();

	purple_signal_connect(buddies, "buddy-signed-on", &handle, PURPLE_CALLBACK(on_signed_on), NULL);
	purple_signal_connect(buddies, "buddy-signed-off", &handle, PURPLE_CALLBACK(on_signed_off), NULL);
	purple_signal_connect(buddies, "buddy-status-changed", &handle, PURPLE_CALLBACK(on_status), NULL);
	purple_signal_connect(buddies, "buddy-idle-changed", &handle, PURPLE_CALLBACK(on_idle), NULL);
	purple_signal_connect(buddies, "blist-node-aliased", &handle, PURPLE_CALLBACK(on_aliased), NULL);
	purple_signal_connect(buddies, "buddy-icon-changed", &handle, PURPLE_CALLBACK(on_icon), NULL);
	purple_signal_connect(buddies, "buddy-removed", &handle, PURPLE_CALLBACK(on_removed), NULL);
	purple_signal_connect(conversations, "got-attention", &handle, PURPLE_CALLBACK(on_poke), NULL);
	purple_signal_connect(conversations, "conversation-updated", &handle, PURPLE_CALLBACK(on_conversation_updated), NULL);
	purple_signal_connect(conversations, "received-im-msg", &handle, PURPLE_CALLBACK(on_received), NULL);
	purple_signal_connect(conversations, "buddy-typing", &handle, PURPLE_CALLBACK(on_typing), NULL);
	purple_signal_connect(conversations, "buddy-typing-stopped", &handle, PURPLE_CALLBACK(on_typing_stopped), NULL);
	groups_set_ops();
}

void ui_set_ops(void)
{
	purple_connections_set_ui_ops(&connection_ops);
	purple_conversations_set_ui_ops(&conversation_ops);
	dialogs_set_ops();
	files_set_ops();
	purple_blist_set_ui_ops(&blist_ops);
}
