/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Friendships. libpurple adds and removes entries of a list; on this server these are friendships, which somebody has to
 * agree to and which nobody wants to end by mistake. So adding asks the other side, and removing first asks the user.
 */
#include "prpl.h"

#include <blist.h>
#include <debug.h>
#include <request.h>

/* The numbers of those whom the user does not want on the list although they are friends: ",100002,100005,". */
#define HIDDEN "hidden"

gboolean fb_friend_is_hidden(PurpleAccount *account, const char *who)
{
	const char *hidden = purple_account_get_string(account, HIDDEN, "");
	char *item = g_strdup_printf(",%s,", who);
	gboolean found = strstr(hidden, item) != NULL;

	g_free(item);
	return found;
}

static void hide(PurpleAccount *account, const char *who, gboolean hidden)
{
	const char *list = purple_account_get_string(account, HIDDEN, "");
	char *item = g_strdup_printf(",%s,", who);
	const char *at = strstr(list, item);
	char *changed = NULL;

	if (hidden && at == NULL)
		changed = g_strconcat(*list != '\0' ? list : ",", who, ",", NULL);
	else if (!hidden && at != NULL)
		changed = g_strdup_printf("%.*s%s", (int)(at - list), list, at + strlen(item) - 1);
	if (changed != NULL)
		/* Not NULL, which libpurple would give back instead of the default. */
		purple_account_set_string(account, HIDDEN, strcmp(changed, ",") != 0 ? changed : "");
	g_free(changed);
	g_free(item);
}

/* As far as the server has said until now. */
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

	fb_request_begun(connection, status, answered, who, NULL);
}

void fb_refresh(FbConnection *connection)
{
	fbchat_session_request_buddy_list(fb_client(), connection->session, NULL);
}

/* The user has answered a question with this. */
static void answer(gpointer number, int32_t action)
{
	FbConnection *connection;
	FbAsk *ask = fb_ask_take(number, &connection);

	if (ask == NULL)
		return;
	if (action == FBCHAT_FRIEND_ACCEPT)
		hide(purple_connection_get_account(connection->gc), ask->who, FALSE);
	befriend(connection, ask->who, action, NULL, fb_tell_failure);
	fb_ask_free(ask);
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

	if (fb_ask_may_authorise(connection, who)) {
		FbAsk *ask = fb_ask_new(connection, who, &number);
		/* "On the list already", since who is accepted comes to the list by himself. Otherwise hosts would offer to add
		 * him next. */
		void *dialog = purple_account_request_authorization(account, who, NULL, name,
		                                                    text != NULL && *text != '\0' ? text : NULL, TRUE,
		                                                    accept_request, decline_request, GUINT_TO_POINTER(number));

		/* Plugins may have answered for the user. */
		if (fb_ask_find(number) == ask)
			ask->dialog = dialog;
	}
	g_free(who);
}

/* A friendship began or ended, perhaps elsewhere. */
void fb_friend_changed(FbConnection *connection, const fbchat_event *event)
{
	PurpleAccount *account = purple_connection_get_account(connection->gc);
	char *who = fb_name_of(fbchat_event_uid(event, 0, FBCHAT_FIELD_UID));
	GSList *buddies = NULL;

	fb_asks_drop(connection, who);
	/* Whether one wanted to see the last friendship says nothing of the next. */
	hide(account, who, FALSE);
	if (fb_int(event, 0, FBCHAT_FIELD_FRIEND_ACTION) == FBCHAT_FRIEND_REMOVE)
		buddies = purple_find_buddies(account, who);
	for (; buddies != NULL; buddies = g_slist_delete_link(buddies, buddies)) {
		PurpleBuddy *buddy = buddies->data;

		/* One that the user gave a name of his own is his to remove. */
		if (buddy->alias == NULL)
			purple_blist_remove_buddy(buddy);
		else
			purple_prpl_got_user_status(account, who, FB_STATUS_OFFLINE, NULL);
	}
	g_free(who);
}

/* Who was added gets his name; he may be a friend already, who was only missing on the list. */
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

	purple_notify_error(connection->gc, NULL, primary, why);
	g_free(primary);
	buddy = purple_find_buddy(account, who);
	if (buddy != NULL)
		purple_blist_remove_buddy(buddy);
}

static void asked_to_be_friends(FbConnection *connection, const fbchat_event *event, const char *who, const char *text)
{
	const char *failure = fb_failure(event);

	(void)text;
	if (failure != NULL) {
		not_added(connection, who, failure);
		return;
	}
	fb_request_begun(connection, fbchat_session_request_profile(fb_client(), connection->session, fb_uid_of(who), &connection->begun),
	                 profile_of_added, who, NULL);
}

/* The address that the user typed belongs to exactly one person, or the server found several names like it. */
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
		return; /* The user thought better of it. */
	who = fb_name_of(fbchat_event_uid(event, 0, FBCHAT_FIELD_UID));
	group = purple_buddy_get_group(placeholder);
	if (purple_find_buddy(account, who) == NULL)
		purple_blist_add_buddy(purple_buddy_new(account, who, placeholder->alias), NULL, group, NULL);
	purple_blist_remove_buddy(placeholder);
	hide(account, who, FALSE);
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
		fb_request_begun(connection, fbchat_session_request_search(fb_client(), connection->session, who, &connection->begun),
		                 found_for_adding, who, message);
		return;
	}
	hide(purple_connection_get_account(gc), who, FALSE);
	if (is_friend(connection, who))
		fb_refresh(connection);
	else
		befriend(connection, who, FBCHAT_FRIEND_REQUEST, message, asked_to_be_friends);
}

void fb_add_buddy(PurpleConnection *gc, PurpleBuddy *buddy, PurpleGroup *group)
{
	fb_add_buddy_with_invite(gc, buddy, group, NULL);
}

/* The answers. Each has a function of its own, since Pidgin counts the buttons from the other end. */
static void only_taken_off(gpointer number, int choice)
{
	FbConnection *connection;

	(void)choice;
	fb_ask_free(fb_ask_take(number, &connection));
}

static void end_friendship(gpointer number, int choice)
{
	(void)choice;
	answer(number, FBCHAT_FRIEND_REMOVE);
}

static void put_back(gpointer number, int choice)
{
	FbConnection *connection;
	FbAsk *ask = fb_ask_take(number, &connection);
	PurpleAccount *account;
	PurpleGroup *group;

	(void)choice;
	if (ask == NULL)
		return;
	account = purple_connection_get_account(connection->gc);
	group = purple_find_group(ask->group);
	hide(account, ask->who, FALSE);
	/* As it was, if the group is still there; else as one that is new. */
	if (group != NULL && purple_find_buddy(account, ask->who) == NULL)
		purple_blist_add_buddy(purple_buddy_new(account, ask->who, ask->alias), NULL, group, NULL);
	fb_refresh(connection);
	fb_ask_free(ask);
}

static void ask_about_friendship(FbConnection *connection, PurpleBuddy *buddy, PurpleGroup *group)
{
	PurpleAccount *account = purple_connection_get_account(connection->gc);
	const char *who = purple_buddy_get_name(buddy);
	guint number;
	FbAsk *ask = fb_ask_new(connection, who, &number);
	char *primary = g_strdup_printf(_("Do you also want to end the friendship with %s?"), purple_buddy_get_alias(buddy));
	const char *secondary = _("So far you have taken this person off your list here. Without the friendship neither of you "
	                          "sees the other online any more.");

	ask->group = g_strdup(purple_group_get_name(group != NULL ? group : purple_buddy_get_group(buddy)));
	ask->alias = g_strdup(buddy->alias);
	if (fb_in_bitlbee())
		purple_request_action(connection->gc, FB_TITLE, primary, secondary, 0, account, who, NULL, GUINT_TO_POINTER(number), 2,
		                      "Reject", G_CALLBACK(only_taken_off), "Accept", G_CALLBACK(end_friendship));
	else
		purple_request_action(connection->gc, FB_TITLE, primary, secondary, 0, account, who, NULL, GUINT_TO_POINTER(number), 3,
		                      _("_Only Take off the List"), G_CALLBACK(only_taken_off), _("_End the Friendship"),
		                      G_CALLBACK(end_friendship), _("_Cancel"), G_CALLBACK(put_back));
	g_free(primary);
}

/* libpurple takes the buddy off the list when this returns. That is all that happens until the user has answered. */
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
	hide(account, who, TRUE);
	if (ui != NULL && ui->request_action != NULL)
		ask_about_friendship(connection, buddy, group);
}

/* A whole group: a question for each member would be a flood, so all stay friends. */
void fb_remove_buddies(PurpleConnection *gc, GList *buddies, GList *groups)
{
	FbConnection *connection = gc->proto_data;

	(void)groups;
	for (; connection != NULL && buddies != NULL; buddies = buddies->next) {
		PurpleBuddy *buddy = buddies->data;

		if (fb_uid_of(purple_buddy_get_name(buddy)) != 0)
			hide(purple_connection_get_account(gc), purple_buddy_get_name(buddy), TRUE);
	}
}
