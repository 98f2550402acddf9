/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The user's groups on the buddy list, and what opens or creates one.
 *
 * What libpurple calls joining only opens a window here: members belong to a group whether they have a window or not. An entry of the
 * buddy list has the group's number as its component and the name as its alias, which the user can change.
 */
#include "groups.h"

#include <eventloop.h>
#include <server.h>

#include "buddies.h"
#include "chat_messages.h"
#include "chats.h"
#include "client.h"
#include "failures.h"
#include "fields.h"
#include "pending.h"
#include "rooms.h"

/* The component of an entry. */
#define ID "id"

/* The name that an entry has from the server; an alias that differs from it is the user's own. */
#define SAVED_NAME "group_name"

struct FbGroups {
	GHashTable *names; /* of the groups, by their number */
	gboolean listed;   /* the server has told which there are */
	gboolean opened;   /* the windows that the user wants at sign-on are open, or in `opening` */
	GSList *opening;   /* the groups whose windows may still have to be opened */
	guint opener;      /* timer; runs while there are some of them, or `wanted` ones */
	GSList *wanted;    /* those that were to be opened before that: what the user has given */
	gboolean compared; /* `gone` is complete */
	GSList *gone;      /* those that the user is in no more, and that are still on the buddy list */
};

void fb_groups_init(FbConnection *connection)
{
	fb_chats_init(connection);
	fb_chat_messages_init(connection);
	connection->groups = g_new0(struct FbGroups, 1);
	connection->groups->names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
}

static void free_texts(GSList *texts)
{
	for (; texts != NULL; texts = g_slist_delete_link(texts, texts))
		g_free(texts->data);
}

void fb_groups_free(FbConnection *connection)
{
	if (connection->groups->opener != 0)
		purple_timeout_remove(connection->groups->opener);
	free_texts(connection->groups->opening);
	free_texts(connection->groups->wanted);
	free_texts(connection->groups->gone);
	g_hash_table_destroy(connection->groups->names);
	g_free(connection->groups);
	fb_rooms_free(connection);
	fb_chat_messages_free(connection);
	fb_chats_free(connection);
}

/* ---- The buddy list ---- */

static const char *id_of(PurpleBlistNode *node)
{
	return g_hash_table_lookup(purple_chat_get_components((PurpleChat *)node), ID);
}

const char *fb_group_of_node(PurpleBlistNode *node)
{
	return PURPLE_BLIST_NODE_IS_CHAT(node) && fb_uid_of(id_of(node)) != 0 ? id_of(node) : NULL;
}

/* The first entry of an account from a node on: chats are in groups, beside contacts. NULL if there are no more. */
static PurpleBlistNode *next_entry(PurpleAccount *account, PurpleBlistNode *node)
{
	while (node != NULL) {
		if (PURPLE_BLIST_NODE_IS_CHAT(node) && purple_chat_get_account((PurpleChat *)node) == account)
			return node;
		if (PURPLE_BLIST_NODE_IS_GROUP(node) && node->child != NULL) {
			node = node->child;
			continue;
		}
		/* Out of an empty group, or a full one at its end. */
		while (node != NULL && node->next == NULL)
			node = node->parent;
		if (node != NULL)
			node = node->next;
	}
	return NULL;
}

static PurpleBlistNode *after(PurpleBlistNode *entry)
{
	return entry->next != NULL ? entry->next : entry->parent->next;
}

/* The groups that have entries. Copies, because handlers may change the list while it is gone through. */
static GSList *listed_groups(FbConnection *connection)
{
	PurpleAccount *account = purple_connection_get_account(connection->gc);
	PurpleBlistNode *node = next_entry(account, purple_blist_get_root());
	GSList *groups = NULL;

	for (; node != NULL; node = next_entry(account, after(node))) {
		if (fb_group_of_node(node) != NULL)
			groups = g_slist_prepend(groups, g_strdup(fb_group_of_node(node)));
	}
	return groups;
}

PurpleChat *fb_find_blist_chat(PurpleAccount *account, const char *name)
{
	PurpleBlistNode *node = next_entry(account, purple_blist_get_root());

	while (node != NULL && g_strcmp0(id_of(node), name) != 0)
		node = next_entry(account, after(node));
	return (PurpleChat *)node;
}

static void set_id(PurpleChat *chat, const char *group)
{
	g_hash_table_replace(purple_chat_get_components(chat), g_strdup(ID), g_strdup(group));
}

/* An entry that the user has made with the name becomes that of the group. */
static PurpleChat *entry_of(PurpleAccount *account, const char *group, const char *name)
{
	PurpleChat *chat = fb_find_blist_chat(account, group);

	if (chat == NULL && *name != '\0' && (chat = fb_find_blist_chat(account, name)) != NULL)
		set_id(chat, group);
	if (chat == NULL) {
		chat = purple_chat_new(account, name, fb_chat_info_defaults(NULL, group));
		purple_blist_add_chat(chat, fb_new_list_group(_("Groups")), NULL);
	}
	return chat;
}

/* Puts a group on the list, or changes its name there. */
static void list_group(FbConnection *connection, const char *group, const char *name)
{
	PurpleChat *chat = entry_of(purple_connection_get_account(connection->gc), group, name);
	PurpleBlistNode *node = (PurpleBlistNode *)chat;
	const char *saved = purple_blist_node_get_string(node, SAVED_NAME);

	g_hash_table_insert(connection->groups->names, g_strdup(group), g_strdup(name));
	if (g_strcmp0(saved, name) == 0)
		return;
	if (chat->alias == NULL || g_strcmp0(chat->alias, saved) == 0)
		purple_blist_alias_chat(chat, name);
	purple_blist_node_set_string(node, SAVED_NAME, name);
}

static void forget(FbConnection *connection, const char *group)
{
	PurpleChat *chat = fb_find_blist_chat(purple_connection_get_account(connection->gc), group);
	fbchat_session session = connection->session;

	g_hash_table_remove(connection->groups->names, group);
	fb_chat_gone(connection, group);
	/* Handlers may have signed the account off. */
	if (chat != NULL && fb_client_find(session) != NULL)
		purple_blist_remove_chat(chat);
}

void fb_groups_apply(FbConnection *connection, const fbchat_event *event, size_t item)
{
	char *group = fb_name_of(fbchat_event_uid(event, item, FBCHAT_FIELD_GROUP));
	const char *name = fbchat_event_str(event, item, FBCHAT_FIELD_GROUP_NAME, NULL);

	if (item == 0)
		g_hash_table_remove_all(connection->groups->names);
	list_group(connection, group, name != NULL ? name : "");
	fb_chat_changed(connection, group);
	g_free(group);
}

static void open_named(FbConnection *connection, const char *text, gboolean to_front);

/* Finds the groups that are not on the server's list. */
static void compare(FbConnection *connection, const fbchat_event *event)
{
	GSList *all = listed_groups(connection);

	if (fbchat_event_count(event) == 0)
		g_hash_table_remove_all(connection->groups->names);
	connection->groups->listed = TRUE;
	for (; all != NULL; all = g_slist_delete_link(all, all)) {
		if (g_hash_table_lookup(connection->groups->names, all->data) == NULL)
			connection->groups->gone = g_slist_prepend(connection->groups->gone, all->data);
		else
			g_free(all->data);
	}
	connection->groups->compared = TRUE;
}

gboolean fb_groups_applied(FbConnection *connection, const fbchat_event *event)
{
	GSList *gone;
	char *group;

	if (!connection->groups->compared) {
		compare(connection, event);
		return FALSE;
	}
	gone = connection->groups->gone;
	if (gone == NULL) {
		connection->groups->compared = FALSE;
		fb_groups_open(connection);
		return TRUE;
	}
	group = gone->data;
	connection->groups->gone = g_slist_delete_link(gone, gone);
	forget(connection, group);
	g_free(group);
	return FALSE;
}

static char *pop(GSList **texts)
{
	char *text = *texts != NULL ? (*texts)->data : NULL;

	if (text != NULL)
		*texts = g_slist_delete_link(*texts, *texts);
	return text;
}

/* Opens one window, if the user wants it; TRUE while there may be more. */
static gboolean open_next(FbConnection *connection)
{
	struct FbGroups *groups = connection->groups;
	fbchat_session session = connection->session;
	char *text = pop(&groups->opening);

	if (text != NULL) {
		/* It may have ended meanwhile. */
		if (g_hash_table_lookup(groups->names, text) != NULL && fb_chat_wanted_at_sign_on(connection, text))
			fb_chat_open(connection, text, FALSE);
	} else if ((text = pop(&groups->wanted)) != NULL) {
		open_named(connection, text, FALSE);
	}
	g_free(text);
	/* Handlers may have signed the account off. */
	return fb_client_find(session) != NULL && (groups->opening != NULL || groups->wanted != NULL);
}

/* Opens as many windows as fit into a slice. A new timer for the rest: one that continues would be due again right after it. */
static gboolean open_some(gpointer data)
{
	FbConnection *connection = data;
	gint64 until = g_get_monotonic_time() + FB_SLICE_MICROSECONDS;
	gboolean more;

	connection->groups->opener = 0;
	do
		more = open_next(connection);
	while (more && g_get_monotonic_time() < until);
	if (more && connection->groups->opener == 0)
		connection->groups->opener = purple_timeout_add(1, open_some, connection);
	return FALSE;
}

/* libpurple finds the title of a window only when the account is signed on, and the plugin the group only when they are listed. */
void fb_groups_open(FbConnection *connection)
{
	struct FbGroups *groups = connection->groups;

	if (!groups->listed || !PURPLE_CONNECTION_IS_CONNECTED(connection->gc))
		return;
	if (!groups->opened)
		groups->opening = listed_groups(connection);
	groups->opened = TRUE;
	if ((groups->opening != NULL || groups->wanted != NULL) && groups->opener == 0)
		groups->opener = purple_timeout_add(1, open_some, connection);
}

void fb_group_changed(FbConnection *connection, const fbchat_event *event)
{
	char *group = fb_name_of(fbchat_event_uid(event, 0, FBCHAT_FIELD_GROUP));
	const char *name = fbchat_event_str(event, 0, FBCHAT_FIELD_GROUP_NAME, NULL);

	if (fb_int(event, 0, FBCHAT_FIELD_IS_GONE) != 0) {
		forget(connection, group);
	} else {
		list_group(connection, group, name != NULL ? name : "");
		fb_chat_changed(connection, group);
	}
	g_free(group);
}

/* ---- Opening and creating ---- */

GList *fb_chat_info(PurpleConnection *gc)
{
	struct proto_chat_entry *entry = g_new0(struct proto_chat_entry, 1);

	(void)gc;
	entry->label = _("_Group:");
	entry->identifier = ID;
	entry->required = TRUE;
	return g_list_append(NULL, entry);
}

/* Also without a connection, and for BitlBee with what somebody has called the group there. */
GHashTable *fb_chat_info_defaults(PurpleConnection *gc, const char *name)
{
	GHashTable *components = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);

	(void)gc;
	if (name != NULL)
		g_hash_table_insert(components, g_strdup(ID), g_strdup(name));
	return components;
}

char *fb_get_chat_name(GHashTable *components)
{
	return g_strdup(g_hash_table_lookup(components, ID));
}

static void created(FbConnection *connection, const fbchat_event *event, const char *who, const char *name)
{
	const char *failure = fb_failure(event);
	fbchat_session session = connection->session;
	char *group;

	(void)who;
	if (failure != NULL) {
		fb_failure_alone(purple_connection_get_account(connection->gc), name, failure);
		return;
	}
	fb_group_changed(connection, event);
	group = fb_name_of(fbchat_event_uid(event, 0, FBCHAT_FIELD_GROUP));
	if (fb_client_find(session) != NULL)
		fb_chat_open(connection, group, TRUE);
	g_free(group);
}

/* The group that the user means with a number or a name. `several` tells why it is NULL. */
static const char *find_named(FbConnection *connection, const char *text, gboolean *several)
{
	char *folded = g_utf8_casefold(text, -1);
	const char *found = NULL;
	GHashTableIter iter;
	gpointer group;
	gpointer name;

	*several = FALSE;
	g_hash_table_iter_init(&iter, connection->groups->names);
	while (g_hash_table_iter_next(&iter, &group, &name)) {
		char *own = g_utf8_casefold(name, -1);

		if (strcmp(group, text) == 0) {
			found = group;
			*several = FALSE;
			g_free(own);
			break;
		}
		if (strcmp(own, folded) == 0) {
			*several = found != NULL;
			found = group;
		}
		g_free(own);
	}
	g_free(folded);
	return *several ? NULL : found;
}

static void open_named(FbConnection *connection, const char *text, gboolean to_front)
{
	PurpleAccount *account = purple_connection_get_account(connection->gc);
	gboolean several;
	char *group = g_strdup(find_named(connection, text, &several));

	if (group != NULL)
		fb_chat_open(connection, group, to_front);
	else if (several)
		fb_failure_alone(account, text, _("Several of your groups have this name. Please choose one on the buddy list or in the room list."));
	else if (fb_uid_of(text) != 0)
		fb_failure_alone(account, text, _("You are not in this group."));
	else
		fb_pending_add(connection,
		               fbchat_session_create_group(fb_client(), connection->session, text, NULL, 0, 0, &connection->begun),
		               created, NULL, text);
	g_free(group);
}

/* The room list gives the number, dialogs what the user has typed: the number or name of a group, or the name of a new one. */
void fb_join_chat(PurpleConnection *gc, GHashTable *components)
{
	FbConnection *connection = gc->proto_data;
	const char *given = g_hash_table_lookup(components, ID);
	char *text = given != NULL ? g_strstrip(g_strdup(given)) : NULL;

	if (connection == NULL || text == NULL || *text == '\0') {
		g_free(text);
	} else if (connection->uid != 0 && (connection->features & FBCHAT_FEATURE_GROUPS) == 0) {
		fb_failure_alone(purple_connection_get_account(gc), _("This server has no groups."), NULL);
		g_free(text);
	} else if (connection->groups->listed) {
		open_named(connection, text, TRUE);
		g_free(text);
	} else {
		/* Hosts open again what was open, as soon as the account is signed on. */
		connection->groups->wanted = g_slist_append(connection->groups->wanted, text);
	}
}
