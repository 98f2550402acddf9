/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The buddy list. Whether someone is missing for a moment or gone is the library's judgement; here a buddy is only ever
 * added or changed. Groups and local names are the user's own: they are never touched after the buddy was added.
 */
#include "prpl.h"

#include <blist.h>
#include <eventloop.h>
#include <notify.h>
#include <server.h>
#include <status.h>
#include <string.h>
#include <util.h>

#define GROUP_OF_NEW_BUDDIES "Facebook Chat"

/* libpurple saves the name that the user gave a buddy, but not the one that the server gave. */
#define SAVED_NAME "fbchat-name"

/* Gives the next buddies the names that were saved, as many as do not hold the host up. It is not told of each: nobody is
 * drawn as long as the account signs on, and everybody once it has. Being told makes Pidgin go through the list each time,
 * which takes the square of their number, and save it. */
static gboolean restore_names(gpointer data)
{
	FbConnection *connection = data;
	gint64 until = g_get_monotonic_time() + FB_SLICE_MICROSECONDS;

	while (connection->unnamed != NULL && g_get_monotonic_time() < until) {
		PurpleBuddy *buddy = connection->unnamed->data;

		/* The server may have been quicker. */
		if (buddy->server_alias == NULL)
			buddy->server_alias = g_strdup(purple_blist_node_get_string((PurpleBlistNode *)buddy, SAVED_NAME));
		connection->unnamed = g_slist_delete_link(connection->unnamed, connection->unnamed);
	}
	/* Anew, since a timer that goes on is due at once after a slice, and the host would not come to drawing. */
	connection->naming = connection->unnamed != NULL ? purple_timeout_add(1, restore_names, connection) : 0;
	return FALSE;
}

/* At sign-on: names instead of numbers until the server answers. */
void fb_buddies_restore(FbConnection *connection)
{
	connection->unnamed = purple_find_buddies(purple_connection_get_account(connection->gc), NULL);
	connection->naming = purple_timeout_add(0, restore_names, connection);
}

void fb_buddies_free(FbConnection *connection)
{
	if (connection->naming != 0)
		purple_timeout_remove(connection->naming);
	g_slist_free(connection->unnamed);
}

/* Comes off the list. */
void fb_buddy_free(PurpleBuddy *buddy)
{
	PurpleConnection *gc = purple_account_get_connection(purple_buddy_get_account(buddy));
	FbConnection *connection = gc != NULL ? gc->proto_data : NULL;

	if (connection != NULL)
		connection->unnamed = g_slist_remove(connection->unnamed, buddy);
}

/* A group is added after the others: libpurple's default place is the top of the user's list. */
static PurpleGroup *group_of_new_buddies(void)
{
	PurpleGroup *group = purple_find_group(GROUP_OF_NEW_BUDDIES);
	PurpleBlistNode *last = purple_blist_get_root();

	if (group != NULL)
		return group;
	while (last != NULL && purple_blist_node_get_sibling_next(last) != NULL)
		last = purple_blist_node_get_sibling_next(last);
	group = purple_group_new(GROUP_OF_NEW_BUDDIES);
	purple_blist_add_group(group, last);
	return group;
}

void fb_buddy_name(FbConnection *connection, const char *who, const char *name)
{
	GSList *buddies = purple_find_buddies(purple_connection_get_account(connection->gc), who);

	for (; buddies != NULL; buddies = g_slist_delete_link(buddies, buddies)) {
		PurpleBlistNode *node = buddies->data;

		/* Only a change is written, since every write saves the list. */
		if (g_strcmp0(purple_blist_node_get_string(node, SAVED_NAME), name) != 0)
			purple_blist_node_set_string(node, SAVED_NAME, name);
	}
	/* Says so in an open conversation, so it comes last. */
	serv_got_alias(connection->gc, who, name);
}

/* Handlers run only when something changed: others play sounds and show notices at them. */
static void apply_presence(PurpleAccount *account, PurpleBuddy *buddy, gint64 presence, time_t idle_since, const char *text)
{
	PurplePresence *known = purple_buddy_get_presence(buddy);
	PurpleStatus *status = purple_presence_get_active_status(known);
	gboolean online = presence == FBCHAT_PRESENCE_ACTIVE || presence == FBCHAT_PRESENCE_IDLE;
	gboolean idle = presence == FBCHAT_PRESENCE_IDLE;
	gboolean was_idle = purple_presence_is_idle(known);
	char *who = g_strdup(purple_buddy_get_name(buddy));

	if (text != NULL && *text == '\0')
		text = NULL;
	if (!online) {
		if (was_idle)
			purple_prpl_got_user_idle(account, who, FALSE, 0);
		if (purple_presence_is_online(known))
			purple_prpl_got_user_status(account, who, FB_STATUS_OFFLINE, NULL);
	} else {
		if (!purple_presence_is_online(known) || g_strcmp0(purple_status_get_attr_string(status, "message"), text) != 0) {
			if (text != NULL)
				purple_prpl_got_user_status(account, who, FB_STATUS_AVAILABLE, "message", text, NULL);
			else
				purple_prpl_got_user_status(account, who, FB_STATUS_AVAILABLE, NULL);
		}
		/* The server's clock may be ahead of ours. */
		idle_since = MIN(idle_since, time(NULL));
		if (idle != was_idle || (idle && idle_since != purple_presence_get_idle_time(known)))
			purple_prpl_got_user_idle(account, who, idle, idle_since);
	}
	g_free(who);
}

/* One buddy as the server sees him, from a list or from a notice of a change. */
void fb_buddies_apply(FbConnection *connection, const fbchat_event *event, size_t item)
{
	PurpleAccount *account = purple_connection_get_account(connection->gc);
	fbchat_session session = connection->session;
	fbchat_uid uid = fbchat_event_uid(event, item, FBCHAT_FIELD_UID);
	const char *name = fbchat_event_str(event, item, FBCHAT_FIELD_NAME, NULL);
	PurpleBuddy *buddy;
	char *who;

	if (uid == 0 || uid == connection->uid)
		return;
	who = fb_name_of(uid);
	buddy = purple_find_buddy(account, who);
	if (buddy == NULL && fb_friend_is_hidden(account, who)) {
		g_free(who);
		return;
	}
	if (buddy == NULL) {
		PurpleContact *contact = purple_contact_new();
		PurpleGroup *group = group_of_new_buddies();

		/* At the top of the group. Left to itself libpurple looks for the end of it each time, and that of
		 * thousands takes the square of their number. */
		purple_blist_add_contact(contact, group, NULL);
		buddy = purple_buddy_new(account, who, NULL);
		purple_blist_add_buddy(buddy, contact, group, NULL);
		/* Handlers ran: one may have signed the account off. */
		connection = fb_client_find(session);
	}
	if (connection != NULL && name != NULL && *name != '\0')
		fb_buddy_name(connection, who, name);
	/* The same again, or the buddy is gone. */
	buddy = fb_client_find(session) != NULL ? purple_find_buddy(account, who) : NULL;
	if (buddy != NULL)
		apply_presence(account, buddy, fb_int(event, item, FBCHAT_FIELD_PRESENCE),
		               (time_t)(fb_int(event, item, FBCHAT_FIELD_IDLE_SINCE_MS) / 1000),
		               fbchat_event_str(event, item, FBCHAT_FIELD_STATUS_TEXT, NULL));
	connection = fb_client_find(session);
	buddy = connection != NULL ? purple_find_buddy(account, who) : NULL;
	if (buddy != NULL)
		fb_icon_apply(connection, buddy, fbchat_event_str(event, item, FBCHAT_FIELD_PICTURE_HASH, NULL));
	g_free(who);
}

/* Both places below take markup, and a status text is whatever a stranger typed. */
static char *escaped_status(PurpleBuddy *buddy)
{
	PurpleStatus *status = purple_presence_get_active_status(purple_buddy_get_presence(buddy));
	const char *text = purple_status_get_attr_string(status, "message");

	return text != NULL && *text != '\0' ? g_markup_escape_text(text, -1) : NULL;
}

char *fb_status_text(PurpleBuddy *buddy)
{
	return escaped_status(buddy);
}

void fb_tooltip_text(PurpleBuddy *buddy, PurpleNotifyUserInfo *info, gboolean full)
{
	char *text = escaped_status(buddy);

	(void)full;
	if (text != NULL)
		purple_notify_user_info_add_pair(info, _("Message"), text);
	g_free(text);
}

/* The same user under one name: for accounts the e-mail address in lower case, for buddies the number without zeros
 * before it. The result lives until the next call, as libpurple expects it. */
const char *fb_normalize(const PurpleAccount *account, const char *who)
{
	while (who[0] == '0' && who[1] != '\0' && strspn(who, "0123456789") == strlen(who))
		who++;
	return purple_normalize_nocase(account, who);
}

/* The server keeps messages for those who are away. FALSE would make libpurple hold them back itself. */
gboolean fb_offline_message(const PurpleBuddy *buddy)
{
	(void)buddy;
	return TRUE;
}

/* Groups are the user's own and the server has none. Without this operation libpurple renames a group by removing all
 * its members from the server and adding them again, and without the next one a move is refused in some hosts. */
void fb_rename_group(PurpleConnection *gc, const char *old_name, PurpleGroup *group, GList *moved_buddies)
{
	(void)gc;
	(void)old_name;
	(void)group;
	(void)moved_buddies;
}

void fb_group_buddy(PurpleConnection *gc, const char *who, const char *old_group, const char *new_group)
{
	(void)gc;
	(void)who;
	(void)old_group;
	(void)new_group;
}

/* So are the names that the user gives his buddies. Without this operation telepathy-haze lets nobody be named, not even
 * oneself. */
void fb_alias_buddy(PurpleConnection *gc, const char *who, const char *alias)
{
	(void)gc;
	(void)who;
	(void)alias;
}
