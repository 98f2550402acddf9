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

/* Whom a text may mean: those with exactly this name, and those whose name begins with it. */
typedef struct Candidates {
	char *folded;
	GHashTable *exact;
	GHashTable *longer;
} Candidates;

static void consider(Candidates *candidates, const char *who, const char *name)
{
	char *other = name != NULL ? g_utf8_casefold(name, -1) : NULL;

	if (g_strcmp0(other, candidates->folded) == 0)
		g_hash_table_insert(candidates->exact, g_strdup(who), NULL);
	else if (other != NULL && *candidates->folded != '\0' && g_str_has_prefix(other, candidates->folded))
		g_hash_table_insert(candidates->longer, g_strdup(who), NULL);
	g_free(other);
}

static void consider_friends(Candidates *candidates, PurpleAccount *account)
{
	GSList *buddies = purple_find_buddies(account, NULL);

	for (; buddies != NULL; buddies = g_slist_delete_link(buddies, buddies)) {
		consider(candidates, purple_buddy_get_name(buddies->data), purple_buddy_get_alias(buddies->data));
		consider(candidates, purple_buddy_get_name(buddies->data), purple_buddy_get_server_alias(buddies->data));
	}
}

/* Members by the names in the window, and friends among them by the user's own names for them. */
static void consider_members(Candidates *candidates, PurpleAccount *account, PurpleConversation *conversation)
{
	GList *members = conversation != NULL ? purple_conv_chat_get_users(PURPLE_CONV_CHAT(conversation)) : NULL;

	for (; members != NULL; members = members->next) {
		const PurpleConvChatBuddy *member = members->data;
		PurpleBuddy *buddy = purple_find_buddy(account, member->name);

		consider(candidates, member->name, member->alias);
		if (buddy != NULL)
			consider(candidates, member->name, purple_buddy_get_alias(buddy));
	}
}

/* The person whom the user has given by number or name: a member of the group, or a friend to be added. The beginning of a name is
 * enough if only one begins with it. 0 after a message to the user. */
static fbchat_uid person(FbConnection *connection, const char *group, const char *text, gboolean is_member)
{
	PurpleAccount *account = purple_connection_get_account(connection->gc);
	Candidates candidates;
	GHashTable *meant;
	/* BitlBee sends a reason after the number. */
	char *word = g_strndup(text, strcspn(text, " "));
	fbchat_uid uid = fb_uid_of(word);

	candidates.folded = g_utf8_casefold(text, -1);
	candidates.exact = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	candidates.longer = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	if (is_member)
		consider_members(&candidates, account, fb_chat_find(connection, group));
	else
		consider_friends(&candidates, account);
	meant = g_hash_table_size(candidates.exact) > 0 ? candidates.exact : candidates.longer;
	if (uid == 0 && g_hash_table_size(meant) == 1) {
		GList *only = g_hash_table_get_keys(meant);

		uid = fb_uid_of(only->data);
		g_list_free(only);
	}
	if (uid == 0) {
		const char *format = g_hash_table_size(meant) > 1 ? _("More than one person is called \"%s\". Please give the whole name, or a number.")
		                     : is_member                  ? _("Nobody in this group is called \"%s\".")
		                                                  : _("None of your friends is called \"%s\".");
		char *sentence = g_strdup_printf(format, text);

		fb_failure_with(account, group, sentence);
		g_free(sentence);
	}
	g_hash_table_destroy(candidates.longer);
	g_hash_table_destroy(candidates.exact);
	g_free(candidates.folded);
	g_free(word);
	return uid;
}

void fb_group_kick(FbConnection *connection, const char *group, const char *text)
{
	fbchat_uid uid = person(connection, group, text, TRUE);

	if (uid != 0)
		change(connection, group, FBCHAT_GROUP_REMOVE, uid);
}

void fb_group_invite(FbConnection *connection, const char *group, const char *text)
{
	fbchat_uid uid = person(connection, group, text, FALSE);

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
