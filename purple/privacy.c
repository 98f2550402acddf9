/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Blocking. The server does it, for all programs of the user, and its list wins: the account's deny list becomes a copy of
 * it at sign-on and after an outage. Of libpurple's five kinds of privacy a server can do two, which are to deny those on
 * the list and to allow all.
 *
 * With an older server nothing is sent, and libpurple's own check hides the messages of those who are denied.
 */
#include "privacy.h"

#include <debug.h>
#include <notify.h>
#include <privacy.h>

#include "client.h"
#include "failures.h"
#include "fields.h"
#include "pending.h"
#include "prompts.h"

struct FbPrivacy {
	GHashTable *blocked; /* those whom the server blocks, or has been asked to; NULL until it has told them */
	guint changes;       /* requests to block or unblock that are not answered yet */
	gboolean stale;      /* the list is to be asked for again when they are */
	GSList *refused;     /* names that are to be taken off libpurple's list again */
	guint timer;         /* for that */
	gboolean signed_on;  /* libpurple has told the kind of privacy, as it does at each sign-on */
	int wanted;          /* the kind that the user has chosen since, while the list was not known; 0 if none */
};

void fb_privacy_init(FbConnection *connection)
{
	connection->privacy = g_new0(struct FbPrivacy, 1);
}

static void take_back(FbConnection *connection)
{
	GSList *refused = connection->privacy->refused;

	connection->privacy->refused = NULL;
	for (; refused != NULL; refused = g_slist_delete_link(refused, refused)) {
		purple_privacy_deny_remove(purple_connection_get_account(connection->gc), refused->data, TRUE);
		g_free(refused->data);
	}
}

static gboolean take_back_now(gpointer data)
{
	FbConnection *connection = data;

	connection->privacy->timer = 0;
	take_back(connection);
	return FALSE;
}

/* Takes somebody off libpurple's list who cannot be blocked. Not at once: libpurple goes on with the name after it has told us
 * that it was added. */
static void take_back_later(FbConnection *connection, const char *who)
{
	struct FbPrivacy *privacy = connection->privacy;

	privacy->refused = g_slist_prepend(privacy->refused, g_strdup(who));
	if (privacy->timer == 0)
		privacy->timer = purple_timeout_add(0, take_back_now, connection);
}

void fb_privacy_free(FbConnection *connection)
{
	if (connection->privacy->timer != 0)
		purple_timeout_remove(connection->privacy->timer);
	take_back(connection);
	if (connection->privacy->blocked != NULL)
		g_hash_table_destroy(connection->privacy->blocked);
	g_free(connection->privacy);
}

static gboolean by_server(FbConnection *connection)
{
	return connection != NULL && (connection->features & FBCHAT_FEATURE_BLOCK) != 0;
}

static gboolean is_blocked(FbConnection *connection, const char *who)
{
	return connection->privacy->blocked != NULL && g_hash_table_lookup(connection->privacy->blocked, who) != NULL;
}

static void note(FbConnection *connection, const char *who, gboolean blocked)
{
	if (connection->privacy->blocked == NULL)
		return;
	if (blocked)
		g_hash_table_insert(connection->privacy->blocked, g_strdup(who), GINT_TO_POINTER(TRUE));
	else
		g_hash_table_remove(connection->privacy->blocked, who);
}

/* Changes libpurple's list only. While all are allowed, libpurple keeps the list for later without obeying it. */
static void show(PurpleAccount *account, const char *who, gboolean blocked)
{
	if (blocked) {
		purple_privacy_deny_add(account, who, TRUE);
		account->perm_deny = PURPLE_PRIVACY_DENY_USERS;
	} else if (account->perm_deny != PURPLE_PRIVACY_ALLOW_ALL) {
		purple_privacy_deny_remove(account, who, TRUE);
	}
}

/* What the server has refused is taken back. `text` is what was asked for. */
static void answered(FbConnection *connection, const fbchat_event *event, const char *who, const char *text)
{
	PurpleAccount *account = purple_connection_get_account(connection->gc);
	gboolean blocked = g_strcmp0(text, "1") == 0;
	char *sentence = fb_failure(event) != NULL ? fb_sentence(fb_failure(event)) : NULL;

	connection->privacy->changes--;
	if (fb_outcome_unknown(event)) {
		connection->privacy->stale = TRUE;
	} else if (sentence != NULL) {
		note(connection, who, !blocked);
		if (blocked)
			take_back_later(connection, who);
		else
			show(account, who, TRUE);
	}
	if (connection->privacy->stale && connection->privacy->changes == 0)
		fb_privacy_refresh(connection);
	if (sentence != NULL)
		fb_failure_with(account, who, sentence);
	g_free(sentence);
}

static void change(FbConnection *connection, const char *who, gboolean blocked)
{
	note(connection, who, blocked);
	connection->privacy->changes++;
	fb_pending_add(connection,
	               fbchat_session_block(fb_client(), connection->session, fb_uid_of(who), blocked, &connection->begun),
	               answered, who, blocked ? "1" : "0");
}

void fb_add_deny(PurpleConnection *gc, const char *who)
{
	FbConnection *connection = gc->proto_data;
	PurpleAccount *account = purple_connection_get_account(gc);

	if (connection == NULL || is_blocked(connection, who))
		return;
	if (fb_uid_of(who) == 0) {
		/* Only a dialog has such names, and it shows what it has added. */
		take_back_later(connection, who);
		fb_failure_alone(account, who,
		                 _("Nobody on this server has that number. Please search for people by their name."));
	} else if (by_server(connection)) {
		change(connection, who, TRUE);
	}
}

void fb_rem_deny(PurpleConnection *gc, const char *who)
{
	FbConnection *connection = gc->proto_data;

	if (by_server(connection) && (connection->privacy->blocked == NULL || is_blocked(connection, who)))
		change(connection, who, FALSE);
}

static void allow_all(FbConnection *connection)
{
	GList *all = g_hash_table_get_keys(connection->privacy->blocked);

	for (; all != NULL; all = g_list_delete_link(all, all)) {
		char *who = g_strdup(all->data);

		change(connection, who, FALSE);
		g_free(who);
	}
}

static void deny_listed(FbConnection *connection)
{
	GSList *all = g_slist_copy(purple_connection_get_account(connection->gc)->deny);

	for (; all != NULL; all = g_slist_delete_link(all, all)) {
		char *who = g_strdup(all->data);

		fb_add_deny(connection->gc, who);
		g_free(who);
	}
}

/* Also called by libpurple at sign-on, with what may be old. What the user chooses before the server has told its list is done
 * once it has. */
void fb_set_permit_deny(PurpleConnection *gc)
{
	FbConnection *connection = gc->proto_data;
	PurpleAccount *account = purple_connection_get_account(gc);

	if (!by_server(connection))
		return;
	if (connection->privacy->blocked == NULL) {
		if (connection->privacy->signed_on)
			connection->privacy->wanted = (int)account->perm_deny;
		connection->privacy->signed_on = TRUE;
		return;
	}
	switch (account->perm_deny) {
	case PURPLE_PRIVACY_ALLOW_ALL:
		allow_all(connection);
		break;
	case PURPLE_PRIVACY_DENY_USERS:
		deny_listed(connection);
		break;
	default:
		account->perm_deny = PURPLE_PRIVACY_DENY_USERS;
		deny_listed(connection);
		purple_notify_info(account, FB_TITLE, _("This server blocks single people only."),
		                   _("Those on the list of blocked people stay blocked. Apart from them, your friends can write to "
		                     "you, and nobody else can."));
		break;
	}
}

/* Makes the account's list equal to that of the server. */
static void listed(FbConnection *connection, const fbchat_event *event, const char *who, const char *text)
{
	PurpleAccount *account = purple_connection_get_account(connection->gc);
	GSList *shown;
	size_t item;

	(void)who;
	(void)text;
	if (fb_failure(event) != NULL) {
		purple_debug_info("fbchat", "no list of blocked people: %s\n", fb_failure(event));
		return;
	}
	/* It may be older than what the user has changed meanwhile. */
	connection->privacy->stale = connection->privacy->changes > 0;
	if (connection->privacy->stale)
		return;
	if (connection->privacy->blocked != NULL)
		g_hash_table_destroy(connection->privacy->blocked);
	connection->privacy->blocked = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	for (item = 0; item < fbchat_event_count(event); item++) {
		char *name = fb_name_of(fbchat_event_uid(event, item, FBCHAT_FIELD_UID));

		note(connection, name, TRUE);
		show(account, name, TRUE);
		g_free(name);
	}
	if (account->perm_deny != PURPLE_PRIVACY_ALLOW_ALL)
		account->perm_deny = PURPLE_PRIVACY_DENY_USERS;
	shown = g_slist_copy(account->deny);
	for (; shown != NULL; shown = g_slist_delete_link(shown, shown)) {
		char *name = g_strdup(shown->data);

		if (!is_blocked(connection, name))
			show(account, name, FALSE);
		g_free(name);
	}
	if (connection->privacy->wanted != 0) {
		account->perm_deny = (PurplePrivacyType)connection->privacy->wanted;
		connection->privacy->wanted = 0;
		fb_set_permit_deny(connection->gc);
	}
}

void fb_privacy_refresh(FbConnection *connection)
{
	if (by_server(connection))
		fb_pending_add(connection, fbchat_session_request_blocked(fb_client(), connection->session, &connection->begun), listed,
		               NULL, NULL);
}

void fb_privacy_changed(FbConnection *connection, const fbchat_event *event)
{
	char *who = fb_name_of(fbchat_event_uid(event, 0, FBCHAT_FIELD_UID));
	gboolean blocked = fb_int(event, 0, FBCHAT_FIELD_IS_BLOCKED) != 0;

	/* The event may be about an earlier change of this program, so the list says what is true now. */
	if (is_blocked(connection, who) != blocked) {
		if (connection->privacy->changes > 0)
			connection->privacy->stale = TRUE;
		else
			fb_privacy_refresh(connection);
	}
	/* The server has declined their friend request. */
	if (blocked)
		fb_prompts_drop(connection, who);
	g_free(who);
}

gboolean fb_privacy_suspend(FbConnection *connection, const char *who)
{
	PurpleAccount *account = purple_connection_get_account(connection->gc);

	if (!by_server(connection) || purple_privacy_check(account, who))
		return FALSE;
	account->perm_deny = PURPLE_PRIVACY_ALLOW_ALL;
	return TRUE;
}

void fb_privacy_resume(PurpleAccount *account)
{
	account->perm_deny = PURPLE_PRIVACY_DENY_USERS;
}
