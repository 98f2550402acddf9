/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The commands of the headless host about conversations of several people, and what libpurple reports of them.
 */
#include <string.h>

#include <glib.h>

#include <account.h>
#include <blist.h>
#include <connection.h>
#include <conversation.h>
#include <prpl.h>
#include <roomlist.h>
#include <server.h>
#include <signals.h>

#include "testhost.h"

static PurplePluginProtocolInfo *protocol_of(PurpleAccount *account)
{
	return PURPLE_PLUGIN_PROTOCOL_INFO(purple_find_prpl(purple_account_get_protocol_id(account)));
}

/* As the dialog "Join a Chat" does. */
static void join(PurpleAccount *account, const char *text)
{
	PurpleConnection *gc = purple_account_get_connection(account);
	GHashTable *components = protocol_of(account)->chat_info_defaults(gc, text);

	serv_join_chat(gc, components);
	g_hash_table_destroy(components);
}

/* The entries of the buddy list. */
static void list_chats(PurpleAccount *account)
{
	PurpleBlistNode *node = purple_blist_get_root();

	for (; node != NULL; node = purple_blist_node_next(node, TRUE)) {
		if (PURPLE_BLIST_NODE_IS_CHAT(node) && purple_chat_get_account((PurpleChat *)node) == account) {
			char *name = protocol_of(account)->get_chat_name(purple_chat_get_components((PurpleChat *)node));

			emit("chat", "account", purple_account_get_username(account), "with", name, "alias",
			     purple_chat_get_name((PurpleChat *)node), NULL);
			g_free(name);
		}
	}
}

static void list_members(PurpleConversation *conversation)
{
	PurpleConvChat *chat = PURPLE_CONV_CHAT(conversation);
	GList *users = purple_conv_chat_get_users(chat);

	for (; users != NULL; users = users->next) {
		const PurpleConvChatBuddy *member = users->data;

		emit("member", "with", purple_conversation_get_name(conversation), "who", member->name, "alias", member->alias, "flags",
		     number(member->flags), NULL);
	}
	emit("topic", "with", purple_conversation_get_name(conversation), "text", purple_conv_chat_get_topic(chat), "left",
	     number(purple_conv_chat_has_left(chat)), NULL);
}

gboolean groups_run(const char *command, PurpleAccount *account, const char *group, const char *text)
{
	PurpleConversation *conversation = purple_find_conversation_with_account(PURPLE_CONV_TYPE_CHAT, group, account);
	PurpleChat *chat = *group != '\0' ? purple_blist_find_chat(account, group) : NULL;
	PurpleConnection *gc = purple_account_get_connection(account);

	if (strcmp(command, "join") == 0)
		join(account, *text != '\0' ? text : group);
	else if (strcmp(command, "chats") == 0)
		list_chats(account);
	else if (strcmp(command, "rooms") == 0)
		purple_roomlist_ref(purple_roomlist_get_list(gc));
	else if (strcmp(command, "members") == 0 && conversation != NULL)
		list_members(conversation);
	else if (strcmp(command, "topic") == 0 && conversation != NULL)
		protocol_of(account)->set_chat_topic(gc, purple_conv_chat_get_id(PURPLE_CONV_CHAT(conversation)), text);
	else if (strcmp(command, "invite") == 0 && conversation != NULL)
		serv_chat_invite(gc, purple_conv_chat_get_id(PURPLE_CONV_CHAT(conversation)), NULL, text);
	else if (strcmp(command, "alias-chat") == 0 && chat != NULL)
		purple_blist_alias_chat(chat, text);
	else
		return FALSE;
	return TRUE;
}

static void on_joined(PurpleConversation *conversation)
{
	emit("joined", "account", purple_account_get_username(purple_conversation_get_account(conversation)), "with",
	     purple_conversation_get_name(conversation), "title", purple_conversation_get_title(conversation), NULL);
}

static void on_left(PurpleConversation *conversation)
{
	emit("left", "account", purple_account_get_username(purple_conversation_get_account(conversation)), "with",
	     purple_conversation_get_name(conversation), NULL);
}

static void on_flags(PurpleConversation *conversation, const char *who, PurpleConvChatBuddyFlags before,
                     PurpleConvChatBuddyFlags now)
{
	(void)before;
	emit("flags", "account", purple_account_get_username(purple_conversation_get_account(conversation)), "with",
	     purple_conversation_get_name(conversation), "who", who, "flags", number(now), NULL);
}

static void on_room(PurpleRoomlist *list, PurpleRoomlistRoom *room)
{
	PurplePlugin *prpl = purple_find_prpl(PRPL_ID);
	char *name = PURPLE_PLUGIN_PROTOCOL_INFO(prpl)->roomlist_room_serialize(room);

	(void)list;
	emit("room", "with", name, "name", purple_roomlist_room_get_name(room), NULL);
	g_free(name);
}

static void on_progress(PurpleRoomlist *list, gboolean in_progress)
{
	if (in_progress)
		return;
	emit("rooms-listed", NULL);
	purple_roomlist_unref(list);
}

static PurpleRoomlistUiOps room_ops = {
	.add_room = on_room,
	.in_progress = on_progress,
};

void groups_set_ops(void)
{
	static int handle;
	void *conversations = purple_conversations_get_handle();

	purple_roomlist_set_ui_ops(&room_ops);
	purple_signal_connect(conversations, "chat-joined", &handle, PURPLE_CALLBACK(on_joined), NULL);
	purple_signal_connect(conversations, "chat-left", &handle, PURPLE_CALLBACK(on_left), NULL);
	purple_signal_connect(conversations, "chat-buddy-flags", &handle, PURPLE_CALLBACK(on_flags), NULL);
}
