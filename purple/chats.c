/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The conversations of groups: their windows, and who is in them. A conversation has the number of its group as its name, and
 * people have theirs.
 *
 * Windows and membership have nothing to do with each other: closing a window tells the server nothing, and the next message
 * opens it again.
 */
#include "chats.h"

#include <server.h>

#include "client.h"
#include "fields.h"
#include "host.h"
#include "strangers.h"

struct FbChats {
	int last_id;       /* of a conversation; not the number of a group, which may be too large */
	GHashTable *names; /* of people in groups, by their number */
};

/* Who leaves is told by a message of the group, so libpurple need not say it. */
static gboolean leaves_quietly(PurpleConversation *conversation, const char *who, const char *reason, FbConnection *connection)
{
	(void)who;
	(void)reason;
	return purple_conversation_get_account(conversation) == purple_connection_get_account(connection->gc);
}

void fb_chats_init(FbConnection *connection)
{
	connection->chats = g_new0(struct FbChats, 1);
	connection->chats->names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	purple_signal_connect(purple_conversations_get_handle(), "chat-buddy-leaving", connection->chats,
	                      PURPLE_CALLBACK(leaves_quietly), connection);
}

void fb_chats_free(FbConnection *connection)
{
	purple_signals_disconnect_by_handle(connection->chats);
	g_hash_table_destroy(connection->chats->names);
	g_free(connection->chats);
}

PurpleConversation *fb_chat_find(FbConnection *connection, const char *group)
{
	PurpleConversation *conversation =
		purple_find_conversation_with_account(PURPLE_CONV_TYPE_CHAT, group, purple_connection_get_account(connection->gc));

	return conversation != NULL && !purple_conv_chat_has_left(PURPLE_CONV_CHAT(conversation)) ? conversation : NULL;
}

fbchat_event *fb_chat_group(FbConnection *connection, const char *group)
{
	fbchat_event *event = NULL;

	fbchat_session_get_group(fb_client(), connection->session, fb_uid_of(group), &event);
	return event;
}

/* libpurple asks for the names of people who are not on the buddy list; BitlBee has to be told. */
void fb_chat_person(FbConnection *connection, const char *who, const char *name)
{
	GHashTable *names = connection->chats->names;

	if (name == NULL || *name == '\0' || g_strcmp0(g_hash_table_lookup(names, who), name) == 0)
		return;
	g_hash_table_insert(names, g_strdup(who), g_strdup(name));
	if (fb_uid_of(who) != connection->uid)
		fb_stranger_introduce(connection, who, name);
}

char *fb_cb_alias(PurpleConnection *gc, int id, const char *who)
{
	FbConnection *connection = gc->proto_data;

	(void)id;
	return connection != NULL ? g_strdup(g_hash_table_lookup(connection->chats->names, who)) : NULL;
}

static PurpleConvChatBuddyFlags flags_of(const fbchat_event *group, const char *who)
{
	return fbchat_event_uid(group, 0, FBCHAT_FIELD_OWNER) == fb_uid_of(who) ? PURPLE_CBFLAGS_FOUNDER : PURPLE_CBFLAGS_NONE;
}

/* Hosts read the name of a member who has changed it only with this call. */
static void rename_member(PurpleConversation *conversation, PurpleConvChatBuddy *member, const char *name)
{
	PurpleConversationUiOps *ui = purple_conversation_get_ui_ops(conversation);

	g_free(member->alias);
	member->alias = g_strdup(name);
	if (ui != NULL && ui->chat_update_user != NULL)
		ui->chat_update_user(conversation, member->name);
}

/* Takes those out of the window who are not in the group, and those out of `members` who are in the window. */
static void compare(FbConnection *connection, PurpleConversation *conversation, const fbchat_event *group, GHashTable *members)
{
	PurpleAccount *account = purple_connection_get_account(connection->gc);
	PurpleConvChat *chat = PURPLE_CONV_CHAT(conversation);
	GList *present = g_list_copy(purple_conv_chat_get_users(chat));
	GList *gone = NULL;
	GList *link;

	for (; present != NULL; present = g_list_delete_link(present, present)) {
		PurpleConvChatBuddy *member = present->data;
		const char *name = g_hash_table_lookup(members, member->name);

		if (name == NULL) {
			gone = g_list_prepend(gone, g_strdup(member->name));
			continue;
		}
		/* The aliases of buddies are the user's. */
		if (*name != '\0' && g_strcmp0(member->alias, name) != 0 && fb_uid_of(member->name) != connection->uid &&
		    purple_find_buddy(account, member->name) == NULL)
			rename_member(conversation, member, name);
		if (((member->flags ^ flags_of(group, member->name)) & PURPLE_CBFLAGS_FOUNDER) != 0)
			purple_conv_chat_user_set_flags(chat, member->name, member->flags ^ PURPLE_CBFLAGS_FOUNDER);
		g_hash_table_remove(members, member->name);
	}
	if (gone != NULL)
		purple_conv_chat_remove_users(chat, gone, NULL);
	for (link = gone; link != NULL; link = link->next)
		g_free(link->data);
	g_list_free(gone);
}

/* Makes the members in the window equal to those of the group. libpurple would list somebody twice who is added twice. */
static void show_members(FbConnection *connection, PurpleConversation *conversation, const fbchat_event *group)
{
	GHashTable *members = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	GHashTableIter iter;
	gpointer who;
	GList *users = NULL;
	GList *flags = NULL;
	size_t item;

	for (item = 0; item < fbchat_event_count(group); item++) {
		char *member = fb_name_of(fbchat_event_uid(group, item, FBCHAT_FIELD_UID));
		const char *name = fbchat_event_str(group, item, FBCHAT_FIELD_NAME, NULL);

		fb_chat_person(connection, member, name);
		/* BitlBee adds its user itself. */
		if (fb_in_bitlbee() && fb_uid_of(member) == connection->uid)
			g_free(member);
		else
			g_hash_table_insert(members, member, g_strdup(name != NULL ? name : ""));
	}
	compare(connection, conversation, group, members);
	g_hash_table_iter_init(&iter, members);
	while (g_hash_table_iter_next(&iter, &who, NULL)) {
		users = g_list_prepend(users, who);
		flags = g_list_prepend(flags, GINT_TO_POINTER(flags_of(group, who)));
	}
	if (users != NULL)
		purple_conv_chat_add_users(PURPLE_CONV_CHAT(conversation), users, NULL, flags, FALSE);
	g_list_free(flags);
	g_list_free(users);
	g_hash_table_destroy(members);
}

static void show_group(FbConnection *connection, PurpleConversation *conversation)
{
	PurpleConvChat *chat = PURPLE_CONV_CHAT(conversation);
	fbchat_event *group = fb_chat_group(connection, purple_conversation_get_name(conversation));
	const char *name = group != NULL ? fbchat_event_str(group, 0, FBCHAT_FIELD_GROUP_NAME, NULL) : NULL;
	PurpleChat *entry = purple_blist_find_chat(purple_connection_get_account(connection->gc), purple_conversation_get_name(conversation));

	/* The title is the alias on the buddy list. */
	if (entry != NULL && g_strcmp0(purple_chat_get_name(entry), purple_conversation_get_title(conversation)) != 0)
		purple_conversation_autoset_title(conversation);
	if (name != NULL && g_strcmp0(purple_conv_chat_get_topic(chat), name) != 0)
		purple_conv_chat_set_topic(chat, NULL, name);
	if (group != NULL)
		show_members(connection, conversation, group);
	fbchat_event_free(group);
}

PurpleConversation *fb_chat_get(FbConnection *connection, const char *group)
{
	PurpleConversation *conversation = fb_chat_find(connection, group);
	fbchat_session session = connection->session;
	char *own;

	if (conversation != NULL)
		return conversation;
	conversation = serv_got_joined_chat(connection->gc, ++connection->chats->last_id, group);
	/* Handlers may have signed the account off. */
	if (conversation == NULL || fb_client_find(session) == NULL)
		return NULL;
	own = fb_name_of(connection->uid);
	purple_conv_chat_set_nick(PURPLE_CONV_CHAT(conversation), own);
	g_free(own);
	show_group(connection, conversation);
	return conversation;
}

void fb_chat_changed(FbConnection *connection, const char *group)
{
	PurpleConversation *conversation = fb_chat_find(connection, group);

	if (conversation != NULL)
		show_group(connection, conversation);
}

void fb_chat_gone(FbConnection *connection, const char *group)
{
	PurpleConversation *conversation = fb_chat_find(connection, group);

	if (conversation != NULL)
		serv_got_chat_left(connection->gc, purple_conv_chat_get_id(PURPLE_CONV_CHAT(conversation)));
}
