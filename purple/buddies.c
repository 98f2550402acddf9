/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The buddy list. Groups and local names belong to the user: they are not touched after the buddy was added.
 *
 * What happens while the account is signed off is not pushed, so the local list is compared with the server's. Former friends
 * leave it, unless the user has renamed or moved them: those stay and are marked.
 */
#include "buddies.h"

#include <blist.h>
#include <eventloop.h>
#include <notify.h>
#include <server.h>
#include <status.h>
#include <util.h>

#include "client.h"
#include "fields.h"
#include "hidden.h"
#include "icons.h"

#define GROUP_OF_NEW_BUDDIES "Facebook Chat"

/* libpurple saves the name that the user gave a buddy, but not the one from the server. */
#define SAVED_NAME "fbchat-name"

/* Whether a buddy is a friend according to the server. Those who were added here and have not answered yet are unknown. */
#define FRIENDSHIP "fbchat-friendship"
enum { UNKNOWN = 0, FRIEND = 1, ENDED = 2 };

struct FbBuddies {
	GSList *unnamed; /* PurpleBuddy, who may still get a saved name */
	guint naming;    /* timer; runs while there are some */

	fbchat_request confirming; /* the list that is to confirm that friends are missing */
};

/* Gives the next buddies their saved names, as many as fit into a slice. The host is not notified of each: no buddy is
 * drawn while the account signs on, and all are drawn afterwards. At each notification Pidgin would walk the whole list,
 * which takes quadratic time, and save it. */
static gboolean restore_names(gpointer data)
{
	FbConnection *connection = data;
	gint64 until = g_get_monotonic_time() + FB_SLICE_MICROSECONDS;

	while (connection->buddies->unnamed != NULL && g_get_monotonic_time() < until) {
		PurpleBuddy *buddy = connection->buddies->unnamed->data;

		/* The server's answer may have come first. */
		if (buddy->server_alias == NULL)
			buddy->server_alias = g_strdup(purple_blist_node_get_string((PurpleBlistNode *)buddy, SAVED_NAME));
		connection->buddies->unnamed = g_slist_delete_link(connection->buddies->unnamed, connection->buddies->unnamed);
	}
	/* A new timer: one that continues would be due again right after the slice, and the host could not redraw. */
	connection->buddies->naming = connection->buddies->unnamed != NULL ? purple_timeout_add(1, restore_names, connection) : 0;
	return FALSE;
}

void fb_buddies_init(FbConnection *connection)
{
	connection->buddies = g_new0(struct FbBuddies, 1);
}

/* At sign-on: names instead of numbers until the server answers. */
void fb_buddies_restore(FbConnection *connection)
{
	connection->buddies->unnamed = purple_find_buddies(purple_connection_get_account(connection->gc), NULL);
	connection->buddies->naming = purple_timeout_add(0, restore_names, connection);
}

void fb_buddies_free(FbConnection *connection)
{
	if (connection->buddies->naming != 0)
		purple_timeout_remove(connection->buddies->naming);
	g_slist_free(connection->buddies->unnamed);
	g_free(connection->buddies);
}

/* The buddy is removed from the list. */
void fb_buddy_free(PurpleBuddy *buddy)
{
	PurpleConnection *gc = purple_account_get_connection(purple_buddy_get_account(buddy));
	FbConnection *connection = gc != NULL ? gc->proto_data : NULL;

	if (connection != NULL)
		connection->buddies->unnamed = g_slist_remove(connection->buddies->unnamed, buddy);
}

/* A new group goes after the others; libpurple's default is the top of the user's list. */
PurpleGroup *fb_new_list_group(const char *name)
{
	PurpleGroup *group = purple_find_group(name);
	PurpleBlistNode *last = purple_blist_get_root();

	if (group != NULL)
		return group;
	while (last != NULL && purple_blist_node_get_sibling_next(last) != NULL)
		last = purple_blist_node_get_sibling_next(last);
	group = purple_group_new(name);
	purple_blist_add_group(group, last);
	return group;
}

void fb_buddy_name(FbConnection *connection, const char *who, const char *name)
{
	GSList *buddies = purple_find_buddies(purple_connection_get_account(connection->gc), who);

	for (; buddies != NULL; buddies = g_slist_delete_link(buddies, buddies)) {
		PurpleBlistNode *node = buddies->data;

		/* Only a change is written, because every write saves the list. */
		if (g_strcmp0(purple_blist_node_get_string(node, SAVED_NAME), name) != 0)
			purple_blist_node_set_string(node, SAVED_NAME, name);
	}
	/* Last, because it writes a line into an open conversation. */
	serv_got_alias(connection->gc, who, name);
}

/* libpurple is told only about changes: other plugins play sounds and show notices for each report. */
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

static gint friendship_of(PurpleBuddy *buddy)
{
	return purple_blist_node_get_int((PurpleBlistNode *)buddy, FRIENDSHIP);
}

static void set_friendship(PurpleBuddy *buddy, gint friendship)
{
	/* Only a change is written, because every write saves the list. */
	if (friendship_of(buddy) != friendship)
		purple_blist_node_set_int((PurpleBlistNode *)buddy, FRIENDSHIP, friendship);
}

static gboolean is_arranged(PurpleBuddy *buddy)
{
	return buddy->alias != NULL || g_strcmp0(purple_group_get_name(purple_buddy_get_group(buddy)), GROUP_OF_NEW_BUDDIES) != 0;
}

void fb_buddy_ended(FbConnection *connection, const char *who)
{
	PurpleAccount *account = purple_connection_get_account(connection->gc);
	GSList *buddies = purple_find_buddies(account, who);

	for (; buddies != NULL; buddies = g_slist_delete_link(buddies, buddies))
		set_friendship(buddies->data, ENDED);
	/* Before they are removed, since BitlBee does not notice that. */
	if (purple_find_buddy(account, who) != NULL)
		apply_presence(account, purple_find_buddy(account, who), FBCHAT_PRESENCE_OFFLINE, 0, NULL);
	/* Handlers have run, and may have changed the list. */
	buddies = purple_find_buddies(account, who);
	for (; buddies != NULL; buddies = g_slist_delete_link(buddies, buddies)) {
		if (!is_arranged(buddies->data))
			purple_blist_remove_buddy(buddies->data);
	}
}

/* The friends who are not in the server's list. */
static GSList *missing_friends(PurpleAccount *account, const fbchat_event *list)
{
	GHashTable *listed = g_hash_table_new(g_int64_hash, g_int64_equal);
	size_t count = fbchat_event_count(list);
	gint64 *numbers = g_new(gint64, count);
	GSList *buddies = purple_find_buddies(account, NULL);
	GSList *hidden = fb_hidden_list(account);
	GSList *missing = NULL;
	size_t item;
	gint64 number;

	for (item = 0; item < count; item++) {
		numbers[item] = (gint64)fbchat_event_uid(list, item, FBCHAT_FIELD_UID);
		g_hash_table_insert(listed, &numbers[item], &numbers[item]);
	}
	for (; buddies != NULL; buddies = g_slist_delete_link(buddies, buddies)) {
		number = (gint64)fb_uid_of(purple_buddy_get_name(buddies->data));
		if (friendship_of(buddies->data) == FRIEND && g_hash_table_lookup(listed, &number) == NULL)
			missing = g_slist_prepend(missing, g_strdup(purple_buddy_get_name(buddies->data)));
	}
	for (; hidden != NULL; hidden = g_slist_delete_link(hidden, hidden)) {
		number = (gint64)fb_uid_of(hidden->data);
		if (g_hash_table_lookup(listed, &number) == NULL)
			missing = g_slist_prepend(missing, g_strdup(hidden->data));
		g_free(hidden->data);
	}
	g_hash_table_destroy(listed);
	g_free(numbers);
	return missing;
}

/* Servers of 2008 left friends out now and then, so those who are missing are gone only if the next list says so too. */
void fb_buddies_applied(FbConnection *connection, const fbchat_event *event)
{
	PurpleAccount *account = purple_connection_get_account(connection->gc);
	fbchat_session session = connection->session;
	fbchat_request request = fbchat_event_request(event);
	GSList *missing = missing_friends(account, event);
	gboolean confirmed = request != 0 && request == connection->buddies->confirming;

	if (missing != NULL && !confirmed)
		fbchat_session_request_buddy_list(fb_client(), session, &connection->buddies->confirming);
	for (; missing != NULL; missing = g_slist_delete_link(missing, missing)) {
		/* Handlers may sign the account off. */
		if (confirmed && fb_client_find(session) != NULL) {
			fb_hide(account, missing->data, FALSE);
			fb_buddy_ended(connection, missing->data);
		}
		g_free(missing->data);
	}
}

/* One buddy as the server describes them, from a list or from a notice of a change. */
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
	if (buddy == NULL && fb_hidden(account, who)) {
		g_free(who);
		return;
	}
	if (buddy == NULL) {
		PurpleContact *contact = purple_contact_new();
		PurpleGroup *group = fb_new_list_group(GROUP_OF_NEW_BUDDIES);

		/* At the top of the group. By default libpurple searches for its end each time, which takes quadratic time
		 * for thousands of buddies. */
		purple_blist_add_contact(contact, group, NULL);
		buddy = purple_buddy_new(account, who, NULL);
		purple_blist_add_buddy(buddy, contact, group, NULL);
		/* Handlers have run: one may have signed the account off. */
		connection = fb_client_find(session);
	}
	if (connection != NULL && name != NULL && *name != '\0')
		fb_buddy_name(connection, who, name);
	/* Likewise; the buddy may be gone too. */
	buddy = fb_client_find(session) != NULL ? purple_find_buddy(account, who) : NULL;
	if (buddy != NULL) {
		set_friendship(buddy, FRIEND);
		apply_presence(account, buddy, fb_int(event, item, FBCHAT_FIELD_PRESENCE),
		               (time_t)(fb_int(event, item, FBCHAT_FIELD_IDLE_SINCE_MS) / 1000),
		               fbchat_event_str(event, item, FBCHAT_FIELD_STATUS_TEXT, NULL));
	}
	connection = fb_client_find(session);
	buddy = connection != NULL ? purple_find_buddy(account, who) : NULL;
	if (buddy != NULL)
		fb_icon_apply(connection, buddy, fbchat_event_str(event, item, FBCHAT_FIELD_PICTURE_HASH, NULL));
	g_free(who);
}

/* Both places below take markup, and a status line is arbitrary text from another user. */
static char *escaped_status(PurpleBuddy *buddy)
{
	PurpleStatus *status = purple_presence_get_active_status(purple_buddy_get_presence(buddy));
	const char *text = purple_status_get_attr_string(status, "message");

	if (friendship_of(buddy) == ENDED)
		text = _("No longer a friend");
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

/* One form for each user: for accounts the e-mail address in lower case, for buddies the number without leading zeros. The
 * result is valid until the next call, as libpurple expects. */
const char *fb_normalize(const PurpleAccount *account, const char *who)
{
	while (who[0] == '0' && who[1] != '\0' && strspn(who, "0123456789") == strlen(who))
		who++;
	return purple_normalize_nocase(account, who);
}

/* The server keeps messages for users who are offline. With FALSE libpurple would hold them back itself. */
gboolean fb_offline_message(const PurpleBuddy *buddy)
{
	(void)buddy;
	return TRUE;
}

/* The server has no groups. Without this operation libpurple renames a group by removing all its members from the server
 * and adding them again, and without the next one some hosts refuse to move a buddy. */
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

/* Local names are not sent to the server either. Without this operation telepathy-haze allows no names at all, not even
 * the user's own. */
void fb_alias_buddy(PurpleConnection *gc, const char *who, const char *alias)
{
	(void)gc;
	(void)who;
	(void)alias;
}
