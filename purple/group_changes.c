/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the user changes in a group: who is in it, its name, whether it is muted, and leaving. Each change is shown when the server
 * reports it; only a failure is told here.
 */
#include "group_changes.h"

#include <conversation.h>
#include <request.h>

#include "chats.h"
#include "client.h"
#include "failures.h"
#include "fields.h"
#include "groups.h"
#include "pending.h"
#include "prompts.h"

static void answered(FbConnection *connection, const fbchat_event *event, const char *group, const char *text)
{
	const char *failure = fb_failure(event);
	char *sentence;

	(void)text;
	if (failure == NULL)
		return;
	sentence = fb_sentence(failure);
	fb_failure_with(purple_connection_get_account(connection->gc), group, sentence);
	g_free(sentence);
}

static void change(FbConnection *connection, const char *group, int action, fbchat_uid uid)
{
	fb_pending_add(connection,
	               fbchat_session_change_group(fb_client(), connection->session, fb_uid_of(group), action, uid, &connection->begun),
	               answered, group, NULL);
}

void fb_group_mute(FbConnection *connection, const char *group, gboolean muted)
{
	change(connection, group, muted ? FBCHAT_GROUP_MUTE : FBCHAT_GROUP_UNMUTE, 0);
}

void fb_group_leave(FbConnection *connection, const char *group)
{
	change(connection, group, FBCHAT_GROUP_LEAVE, 0);
}

void fb_group_rename(FbConnection *connection, const char *group, const char *name)
{
	fb_pending_add(connection,
	               fbchat_session_rename_group(fb_client(), connection->session, fb_uid_of(group), name, &connection->begun),
	               answered, group, NULL);
}

/* Adds somebody to those who may be meant. */
static void consider(GHashTable *meant, const char *folded, const char *who, const char *name)
{
	char *other = name != NULL ? g_utf8_casefold(name, -1) : NULL;

	if (g_strcmp0(other, folded) == 0)
		g_hash_table_insert(meant, g_strdup(who), NULL);
	g_free(other);
}

/* The person whom the user has given by number or name, a friend or a member. 0 after a message to the user. */
static fbchat_uid person(FbConnection *connection, const char *group, const char *text)
{
	PurpleAccount *account = purple_connection_get_account(connection->gc);
	PurpleConversation *conversation = fb_chat_find(connection, group);
	GHashTable *meant = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	GSList *buddies = purple_find_buddies(account, NULL);
	GList *members = conversation != NULL ? purple_conv_chat_get_users(PURPLE_CONV_CHAT(conversation)) : NULL;
	/* BitlBee sends a reason after the number. */
	char *word = g_strndup(text, strcspn(text, " "));
	char *folded = g_utf8_casefold(text, -1);
	fbchat_uid uid = fb_uid_of(word);

	for (; buddies != NULL; buddies = g_slist_delete_link(buddies, buddies)) {
		consider(meant, folded, purple_buddy_get_name(buddies->data), purple_buddy_get_alias(buddies->data));
		consider(meant, folded, purple_buddy_get_name(buddies->data), purple_buddy_get_server_alias(buddies->data));
	}
	for (; members != NULL; members = members->next) {
		const PurpleConvChatBuddy *member = members->data;

		consider(meant, folded, member->name, member->alias);
	}
	if (uid == 0 && g_hash_table_size(meant) == 1) {
		GList *only = g_hash_table_get_keys(meant);

		uid = fb_uid_of(only->data);
		g_list_free(only);
	}
	if (uid == 0)
		fb_failure_with(account, group,
		                g_hash_table_size(meant) > 1 ? _("Several people have this name. Please give the number of one of them.")
		                                             : _("None of your friends and of the members of the group has this name."));
	g_free(folded);
	g_free(word);
	g_hash_table_destroy(meant);
	return uid;
}

void fb_group_kick(FbConnection *connection, const char *group, const char *text)
{
	fbchat_uid uid = person(connection, group, text);

	if (uid != 0)
		change(connection, group, FBCHAT_GROUP_REMOVE, uid);
}

void fb_group_invite(FbConnection *connection, const char *group, const char *text)
{
	fbchat_uid uid = person(connection, group, text);

	if (uid != 0)
		change(connection, group, FBCHAT_GROUP_ADD, uid);
}

/* The group that a conversation shows, or NULL. */
static const char *group_of(PurpleConnection *gc, int id)
{
	PurpleConversation *conversation = gc->proto_data != NULL ? purple_find_chat(gc, id) : NULL;

	return conversation != NULL ? purple_conversation_get_name(conversation) : NULL;
}

/* People who are added are members at once, so there is nobody to read the message. */
void fb_chat_invite(PurpleConnection *gc, int id, const char *message, const char *who)
{
	const char *group = group_of(gc, id);

	(void)message;
	if (group != NULL)
		fb_group_invite(gc->proto_data, group, who);
}

/* The topic is the name of the group, as the title is unless the user has given it an alias. */
void fb_set_chat_topic(PurpleConnection *gc, int id, const char *topic)
{
	const char *group = group_of(gc, id);

	if (group != NULL)
		fb_group_rename(gc->proto_data, group, topic != NULL ? topic : "");
}

/* ---- The menu on the buddy list ---- */

static FbConnection *connection_of(PurpleBlistNode *node)
{
	PurpleConnection *gc = purple_account_get_connection(purple_chat_get_account((PurpleChat *)node));

	return gc != NULL ? gc->proto_data : NULL;
}

static void mute_chosen(PurpleBlistNode *node, gpointer muted)
{
	FbConnection *connection = connection_of(node);

	if (connection != NULL && fb_group_of_node(node) != NULL)
		fb_group_mute(connection, fb_group_of_node(node), GPOINTER_TO_INT(muted));
}

/* Hosts do not agree on the numbers of buttons. */
static void leave_confirmed(gpointer number, int choice)
{
	FbConnection *connection = NULL;
	FbPrompt *prompt = fb_prompt_take(number, &connection);

	(void)choice;
	if (prompt != NULL)
		fb_group_leave(connection, prompt->who);
	fb_prompt_free(prompt);
}

static void leave_cancelled(gpointer number, int choice)
{
	FbConnection *connection = NULL;

	(void)choice;
	fb_prompt_free(fb_prompt_take(number, &connection));
}

static void leave_chosen(PurpleBlistNode *node, gpointer data)
{
	FbConnection *connection = connection_of(node);
	const char *group = fb_group_of_node(node);
	char *title;
	guint number;

	(void)data;
	if (connection == NULL || group == NULL)
		return;
	fb_prompt_new(connection, group, &number)->group = g_strdup(group);
	title = g_strdup_printf(_("Leave the group \"%s\"?"), purple_chat_get_name((PurpleChat *)node));
	purple_request_action(connection->gc, FB_TITLE, title, _("You get no more messages of it, and nobody can add you again for a week."), 1,
	                      purple_connection_get_account(connection->gc), NULL, NULL, GUINT_TO_POINTER(number), 2, _("_Leave"),
	                      G_CALLBACK(leave_confirmed), _("_Cancel"), G_CALLBACK(leave_cancelled));
	g_free(title);
}

GList *fb_group_menu(PurpleBlistNode *node)
{
	FbConnection *connection = connection_of(node);
	const char *group = fb_group_of_node(node);
	fbchat_event *event = connection != NULL && group != NULL ? fb_chat_group(connection, group) : NULL;
	gboolean muted;
	GList *items;

	if (event == NULL)
		return NULL;
	muted = fb_int(event, 0, FBCHAT_FIELD_IS_MUTED) != 0;
	items = g_list_append(NULL, purple_menu_action_new(muted ? _("Unmute") : _("Mute"), PURPLE_CALLBACK(mute_chosen),
	                                                   GINT_TO_POINTER(!muted), NULL));
	items = g_list_append(items, purple_menu_action_new(_("Leave Group..."), PURPLE_CALLBACK(leave_chosen), NULL, NULL));
	fbchat_event_free(event);
	return items;
}
