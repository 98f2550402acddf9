/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Friendships. libpurple adds and removes list entries; on this server these are friendships, which the other side has to
 * accept and which users do not want to end by mistake. So adding asks the other side, and removing asks the user first.
 */
#include "friends.h"

#include <blist.h>
#include <notify.h>
#include <request.h>

#include "buddies.h"
#include "client.h"
#include "failures.h"
#include "fields.h"
#include "hidden.h"
#include "host.h"
#include "pending.h"
#include "prompts.h"

/* According to the latest buddy list from the server. */
static gboolean is_friend(FbConnection *connection, const char *who)
{
	fbchat_event *list = NULL;
	fbchat_uid uid = fb_uid_of(who);
	gboolean found = FALSE;
	size_t item;

	if (fbchat_session_get_buddy_list(fb_client(), connection->session, &list) != FBCHAT_OK)
		return FALSE;
	for (item = 0; item < fbchat_event_count(list) && !found; item++)
		found = fbchat_event_uid(list, item, FBCHAT_FIELD_UID) == uid;
	fbchat_event_free(list);
	return found;
}

static void befriend(FbConnection *connection, const char *who, int32_t action, const char *message, FbAnswered answered)
{
	fbchat_status status =
		fbchat_session_change_friendship(fb_client(), connection->session, fb_uid_of(who), action, message, &connection->begun);

	fb_pending_add(connection, status, answered, who, NULL);
}

void fb_refresh(FbConnection *connection)
{
	fbchat_session_request_buddy_list(fb_client(), connection->session, NULL);
}

/* The user has answered a question with this action. */
static void answer(gpointer number, int32_t action)
{
	FbConnection *connection;
	FbPrompt *prompt = fb_prompt_take(number, &connection);

	if (prompt == NULL)
		return;
	if (action == FBCHAT_FRIEND_ACCEPT)
		fb_hide(purple_connection_get_account(connection->gc), prompt->who, FALSE);
	befriend(connection, prompt->who, action, NULL, fb_tell_failure);
	fb_prompt_free(prompt);
}

/* Somebody wants to be friends. */
static void accept_request(gpointer number)
{
	answer(number, FBCHAT_FRIEND_ACCEPT);
}

static void decline_request(gpointer number)
{
	answer(number, FBCHAT_FRIEND_DECLINE);
}

void fb_friend_requested(FbConnection *connection, const fbchat_event *event)
{
	PurpleAccount *account = purple_connection_get_account(connection->gc);
	const char *name = fbchat_event_str(event, 0, FBCHAT_FIELD_NAME, NULL);
	const char *text = fbchat_event_str(event, 0, FBCHAT_FIELD_TEXT, NULL);
	char *who = fb_name_of(fbchat_event_uid(event, 0, FBCHAT_FIELD_UID));
	guint number;

	if (fb_prompt_may_authorise(connection, who)) {
		FbPrompt *prompt = fb_prompt_new(connection, who, &number);
		/* TRUE for "on the list already": an accepted user is added by the server's next list. Otherwise hosts would offer
		 * to add them. */
		void *dialog = purple_account_request_authorization(account, who, NULL, name,
		                                                    text != NULL && *text != '\0' ? text : NULL, TRUE,
		                                                    accept_request, decline_request, GUINT_TO_POINTER(number));

		/* Plugins may have answered for the user. */
		if (fb_prompt_find(number) == prompt)
			prompt->dialog = dialog;
	}
	g_free(who);
}

/* A friendship has begun or ended, perhaps in another session. */
void fb_friend_changed(FbConnection *connection, const fbchat_event *event)
{
	PurpleAccount *account = purple_connection_get_account(connection->gc);
	char *who = fb_name_of(fbchat_event_uid(event, 0, FBCHAT_FIELD_UID));

	fb_prompts_drop(connection, who);
	/* That the last friendship was hidden says nothing about the next one. */
	fb_hide(account, who, FALSE);
	if (fb_int(event, 0, FBCHAT_FIELD_FRIEND_ACTION) == FBCHAT_FRIEND_REMOVE)
		fb_buddy_ended(connection, who);
	g_free(who);
}

/* Gives a buddy who was added their name; they may be a friend already who was only missing from the list. */
static void profile_of_added(FbConnection *connection, const fbchat_event *event, const char *who, const char *text)
{
	const char *name;

	(void)text;
	if (fb_failure(event) != NULL)
		return;
	if (fb_int(event, 0, FBCHAT_FIELD_RELATION) == FBCHAT_RELATION_FRIEND)
		fb_refresh(connection);
	name = fbchat_event_str(event, 0, FBCHAT_FIELD_NAME, NULL);
	if (name != NULL && *name != '\0')
		fb_buddy_name(connection, who, name);
}

static void not_added(FbConnection *connection, const char *who, const char *why)
{
	PurpleAccount *account = purple_connection_get_account(connection->gc);
	char *primary = g_strdup_printf(_("%s could not be added."), who);
	PurpleBuddy *buddy;

	fb_failure_alone(account, primary, why);
	g_free(primary);
	buddy = purple_find_buddy(account, who);
	if (buddy != NULL)
		purple_blist_remove_buddy(buddy);
}

static void asked_to_be_friends(FbConnection *connection, const fbchat_event *event, const char *who, const char *text)
{
	const char *failure = fb_failure(event);

	(void)text;
	if (fb_outcome_unknown(event)) {
		fb_failure_alone(purple_connection_get_account(connection->gc), failure, NULL);
	} else if (failure != NULL) {
		not_added(connection, who, failure);
		return;
	}
	fb_pending_add(connection, fbchat_session_request_profile(fb_client(), connection->session, fb_uid_of(who), &connection->begun),
	               profile_of_added, who, NULL);
}

/* What the user has typed is an address, which at most one user has, or a name, which several may have. */
static void found_for_adding(FbConnection *connection, const fbchat_event *event, const char *typed, const char *message)
{
	PurpleAccount *account = purple_connection_get_account(connection->gc);
	PurpleBuddy *placeholder = purple_find_buddy(account, typed);
	const char *failure = fb_failure(event);
	PurpleGroup *group;
	char *who;

	if (failure == NULL && fbchat_event_count(event) != 1)
		failure = fbchat_event_count(event) == 0 ? _("Nobody was found under this name or address.")
		                                         : _("There are several people of this name. Please use \"Search for "
		                                             "People\" in the menu of the account.");
	if (failure != NULL) {
		not_added(connection, typed, failure);
		return;
	}
	if (placeholder == NULL)
		return; /* The user has removed it again. */
	who = fb_name_of(fbchat_event_uid(event, 0, FBCHAT_FIELD_UID));
	group = purple_buddy_get_group(placeholder);
	if (purple_find_buddy(account, who) == NULL)
		purple_blist_add_buddy(purple_buddy_new(account, who, placeholder->alias), NULL, group, NULL);
	purple_blist_remove_buddy(placeholder);
	fb_hide(account, who, FALSE);
	befriend(connection, who, FBCHAT_FRIEND_REQUEST, message, asked_to_be_friends);
	g_free(who);
}

void fb_add_buddy_with_invite(PurpleConnection *gc, PurpleBuddy *buddy, PurpleGroup *group, const char *message)
{
	FbConnection *connection = gc->proto_data;
	const char *who = purple_buddy_get_name(buddy);

	(void)group;
	if (connection == NULL)
		return;
	if (message != NULL && *message == '\0')
		message = NULL;
	if (fb_uid_of(who) == 0) {
		fb_pending_add(connection, fbchat_session_request_search(fb_client(), connection->session, who, &connection->begun),
		               found_for_adding, who, message);
		return;
	}
	fb_hide(purple_connection_get_account(gc), who, FALSE);
	if (is_friend(connection, who))
		fb_refresh(connection);
	else
		befriend(connection, who, FBCHAT_FRIEND_REQUEST, message, asked_to_be_friends);
}

void fb_add_buddy(PurpleConnection *gc, PurpleBuddy *buddy, PurpleGroup *group)
{
	fb_add_buddy_with_invite(gc, buddy, group, NULL);
}

/* The answers. Each has its own function, because Pidgin counts the buttons from the other end. */
static void only_taken_off(gpointer number, int choice)
{
	FbConnection *connection;

	(void)choice;
	fb_prompt_free(fb_prompt_take(number, &connection));
}

static void end_friendship(gpointer number, int choice)
{
	(void)choice;
	answer(number, FBCHAT_FRIEND_REMOVE);
}

static void put_back(gpointer number, int choice)
{
	FbConnection *connection;
	FbPrompt *prompt = fb_prompt_take(number, &connection);
	PurpleAccount *account;
	PurpleGroup *group;

	(void)choice;
	if (prompt == NULL)
		return;
	account = purple_connection_get_account(connection->gc);
	group = purple_find_group(prompt->group);
	fb_hide(account, prompt->who, FALSE);
	/* Where it was, if the group is still there; otherwise like a new buddy. */
	if (group != NULL && purple_find_buddy(account, prompt->who) == NULL)
		purple_blist_add_buddy(purple_buddy_new(account, prompt->who, prompt->alias), NULL, group, NULL);
	fb_refresh(connection);
	fb_prompt_free(prompt);
}

static void ask_about_friendship(FbConnection *connection, PurpleBuddy *buddy, PurpleGroup *group)
{
	PurpleAccount *account = purple_connection_get_account(connection->gc);
	const char *who = purple_buddy_get_name(buddy);
	guint number;
	FbPrompt *prompt = fb_prompt_new(connection, who, &number);
	char *primary = g_strdup_printf(_("Do you also want to end the friendship with %s?"), purple_buddy_get_alias(buddy));
	const char *secondary = _("So far you have taken this person off your list here. Without the friendship neither of you "
	                          "sees the other online any more.");

	prompt->group = g_strdup(purple_group_get_name(group != NULL ? group : purple_buddy_get_group(buddy)));
	prompt->alias = g_strdup(buddy->alias);
	if (fb_in_bitlbee())
		purple_request_action(connection->gc, FB_TITLE, primary, secondary, 0, account, who, NULL, GUINT_TO_POINTER(number), 2,
		                      "Reject", G_CALLBACK(only_taken_off), "Accept", G_CALLBACK(end_friendship));
	else
		purple_request_action(connection->gc, FB_TITLE, primary, secondary, 0, account, who, NULL, GUINT_TO_POINTER(number), 3,
		                      _("_Only Take off the List"), G_CALLBACK(only_taken_off), _("_End the Friendship"),
		                      G_CALLBACK(end_friendship), _("_Cancel"), G_CALLBACK(put_back));
	g_free(primary);
}

/* libpurple removes the buddy from the list when this returns. Nothing else happens until the user has answered. */
void fb_remove_buddy(PurpleConnection *gc, PurpleBuddy *buddy, PurpleGroup *group)
{
	FbConnection *connection = gc->proto_data;
	PurpleAccount *account = purple_connection_get_account(gc);
	const char *who = purple_buddy_get_name(buddy);
	GSList *all = purple_find_buddies(account, who);
	gboolean last = all == NULL || all->next == NULL;
	PurpleRequestUiOps *ui = purple_request_get_ui_ops();

	g_slist_free(all);
	if (connection == NULL || !last || !is_friend(connection, who))
		return;
	fb_hide(account, who, TRUE);
	if (ui != NULL && ui->request_action != NULL)
		ask_about_friendship(connection, buddy, group);
}

/* A whole group: all members stay friends, because a question for each would be too many. */
void fb_remove_buddies(PurpleConnection *gc, GList *buddies, GList *groups)
{
	FbConnection *connection = gc->proto_data;

	(void)groups;
	for (; connection != NULL && buddies != NULL; buddies = buddies->next) {
		PurpleBuddy *buddy = buddies->data;

		if (fb_uid_of(purple_buddy_get_name(buddy)) != 0)
			fb_hide(purple_connection_get_account(gc), purple_buddy_get_name(buddy), TRUE);
	}
}
