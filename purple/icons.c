/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Pictures, both ways. libpurple keeps the buddies' pictures on disk together with a checksum. The checksum is the server's
 * hash of the content, so a picture is fetched once and not at every sign-on.
 */
#include "icons.h"

#include <buddyicon.h>
#include <debug.h>

#include "client.h"
#include "failures.h"
#include "fields.h"
#include "pending.h"

/* A list of thousands must leave room for messages among the requests that may be pending. */
#define FETCHES_AT_ONCE 4

/* The checksum of the own picture that was last sent from here. */
#define SENT_PICTURE "picture"

struct FbIcons {
	GHashTable *wanted; /* users whose picture is to be fetched */
	guint fetches;      /* requests that are pending */
};

void fb_icons_init(FbConnection *connection)
{
	connection->icons = g_new0(struct FbIcons, 1);
	connection->icons->wanted = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
}

void fb_icons_free(FbConnection *connection)
{
	g_hash_table_destroy(connection->icons->wanted);
	g_free(connection->icons);
}

static void fetch_next(FbConnection *connection);

static void fetched(FbConnection *connection, const fbchat_event *event, const char *who, const char *text)
{
	PurpleAccount *account = purple_connection_get_account(connection->gc);
	fbchat_session session = connection->session;
	const char *failure = fb_failure(event);

	(void)text;
	connection->icons->fetches--;
	if (failure != NULL) {
		/* Not worth a message: it is fetched again at the next sign-on. */
		purple_debug_info("fbchat", "no picture: %s\n", failure);
	} else if (purple_find_buddy(account, who) != NULL) {
		size_t len = 0;
		const void *bytes = fbchat_event_bytes(event, 0, FBCHAT_FIELD_PICTURE, &len);
		const char *hash = fbchat_event_str(event, 0, FBCHAT_FIELD_PICTURE_HASH, NULL);

		if (bytes != NULL && hash != NULL && len > 0 && len <= FB_PICTURE_BYTES)
			purple_buddy_icons_set_for_user(account, who, g_memdup(bytes, (guint)len), len, hash);
	}
	connection = fb_client_find(session);
	if (connection != NULL)
		fetch_next(connection);
}

static void fetch_next(FbConnection *connection)
{
	GHashTableIter iter;
	gpointer key;

	while (connection->icons->fetches < FETCHES_AT_ONCE) {
		fbchat_status status;
		char *who;

		g_hash_table_iter_init(&iter, connection->icons->wanted);
		if (!g_hash_table_iter_next(&iter, &key, NULL))
			return;
		who = g_strdup(key);
		g_hash_table_iter_remove(&iter);
		status = fbchat_session_request_picture(fb_client(), connection->session, fb_uid_of(who), &connection->begun);
		if (status == FBCHAT_OK) {
			connection->icons->fetches++;
			fb_pending_add(connection, status, fetched, who, NULL);
		}
		g_free(who);
	}
}

/* `hash` is that of the buddy's picture on the server; NULL = no picture. */
void fb_icon_apply(FbConnection *connection, PurpleBuddy *buddy, const char *hash)
{
	const char *known = purple_buddy_icons_get_checksum_for_user(buddy);
	const char *who = purple_buddy_get_name(buddy);

	if (g_strcmp0(known, hash) == 0)
		return;
	if (hash == NULL) {
		purple_buddy_icons_set_for_user(purple_connection_get_account(connection->gc), who, NULL, 0, NULL);
		return;
	}
	g_hash_table_insert(connection->icons->wanted, g_strdup(who), NULL);
	fetch_next(connection);
}

static void published(FbConnection *connection, const fbchat_event *event, const char *who, const char *checksum)
{
	PurpleAccount *account = purple_connection_get_account(connection->gc);
	const char *failure = fb_failure(event);

	(void)who;
	if (failure == NULL)
		purple_account_set_string(account, SENT_PICTURE, checksum);
	else if (fb_outcome_unknown(event))
		fb_failure_alone(account, failure, NULL);
	else
		fb_failure_alone(account, _("Your picture was not changed on the server."), failure);
}

/* Sends the own picture to the server if it differs from the one that was sent last. No picture here does not remove one
 * that was set on the web. */
void fb_icon_publish(FbConnection *connection)
{
	PurpleAccount *account = purple_connection_get_account(connection->gc);
	PurpleStoredImage *image;
	gconstpointer bytes;
	char *checksum;
	size_t len;

	if ((connection->features & FBCHAT_FEATURE_PICTURES) == 0)
		return;
	image = purple_buddy_icons_find_account_icon(account);
	bytes = image != NULL ? purple_imgstore_get_data(image) : NULL;
	len = bytes != NULL ? purple_imgstore_get_size(image) : 0;
	checksum = bytes != NULL ? g_compute_checksum_for_data(G_CHECKSUM_SHA1, bytes, len) : g_strdup("");
	if (g_strcmp0(purple_account_get_string(account, SENT_PICTURE, ""), checksum) != 0) {
		purple_debug_info("fbchat", "the picture goes to the server\n");
		fb_pending_add(connection, fbchat_session_set_picture(fb_client(), connection->session, bytes, len, &connection->begun),
		               published, NULL, checksum);
	}
	g_free(checksum);
	if (image != NULL)
		purple_imgstore_unref(image);
}

void fb_set_buddy_icon(PurpleConnection *gc, PurpleStoredImage *image)
{
	/* It is stored in the account already. */
	(void)image;
	if (gc->proto_data != NULL)
		fb_icon_publish(gc->proto_data);
}
