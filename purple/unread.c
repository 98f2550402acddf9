/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Read marks, notices of what the user has missed, and earlier messages in new windows.
 */
#include "unread.h"

#include <accountopt.h>
#include <conversation.h>
#include <notify.h>
#include <signals.h>

#include "client.h"
#include "fields.h"
#include "pending.h"
#include "people.h"
#include "settings.h"

/* The server also counts a reply as reading, whatever is set here. */
#define MARK_READ "mark_read"
#define SHOW_HISTORY "history"

/* How much was unread when it was told last. */
#define TOLD_INBOX "told_inbox"
#define TOLD_UNSEEN "told_unseen"

/* More than that is a number that the server has made up. */
#define MOST_UNREAD 9999

struct FbUnread {
	GHashTable *senders; /* users and groups whose messages came and were not seen here */
	gboolean showing;
};

static void mark_if_seen(FbConnection *connection, PurpleConversation *conversation)
{
	const char *who = purple_conversation_get_name(conversation);

	if (g_hash_table_lookup_extended(connection->unread->senders, who, NULL, NULL) && purple_conversation_has_focus(conversation) &&
	    purple_account_get_bool(purple_connection_get_account(connection->gc), MARK_READ, TRUE)) {
		fbchat_session_mark_read(fb_client(), connection->session, fb_uid_of(who));
		g_hash_table_remove(connection->unread->senders, who);
	}
}

void fb_unread_showing(FbConnection *connection, gboolean showing)
{
	connection->unread->showing = showing;
}

void fb_unread_shown(FbConnection *connection, const char *who)
{
	PurpleConversation *conversation =
		purple_find_conversation_with_account(PURPLE_CONV_TYPE_ANY, who, purple_connection_get_account(connection->gc));

	g_hash_table_insert(connection->unread->senders, g_strdup(who), NULL);
	if (conversation != NULL)
		mark_if_seen(connection, conversation);
}

/* Hosts emit this when the user looks at a window. */
static void conversation_updated(PurpleConversation *conversation, PurpleConvUpdateType type, FbConnection *connection)
{
	if (type == PURPLE_CONV_UPDATE_UNSEEN && purple_conversation_get_account(conversation) == purple_connection_get_account(connection->gc))
		mark_if_seen(connection, conversation);
}

gboolean fb_unread_shows_history(FbConnection *connection)
{
	return purple_account_get_bool(purple_connection_get_account(connection->gc), SHOW_HISTORY, FALSE);
}

/* Only for windows that the user has opened. */
static void conversation_created(PurpleConversation *conversation, FbConnection *connection)
{
	PurpleAccount *account = purple_connection_get_account(connection->gc);

	/* Those of groups are opened by ourselves. */
	if (!connection->unread->showing && purple_conversation_get_type(conversation) == PURPLE_CONV_TYPE_IM &&
	    purple_conversation_get_account(conversation) == account && fb_uid_of(purple_conversation_get_name(conversation)) != 0 &&
	    fb_unread_shows_history(connection))
		fb_history_recent(connection, purple_conversation_get_name(conversation));
}

void fb_unread_init(FbConnection *connection)
{
	connection->unread = g_new0(struct FbUnread, 1);
	connection->unread->senders = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	purple_signal_connect(purple_conversations_get_handle(), "conversation-updated", connection,
	                      PURPLE_CALLBACK(conversation_updated), connection);
	purple_signal_connect(purple_conversations_get_handle(), "conversation-created", connection,
	                      PURPLE_CALLBACK(conversation_created), connection);
}

void fb_unread_free(FbConnection *connection)
{
	purple_signals_disconnect_by_handle(connection);
	g_hash_table_destroy(connection->unread->senders);
	g_free(connection->unread);
}

GList *fb_unread_options(GList *options)
{
	options = g_list_append(options, purple_account_option_bool_new(_("Mark messages as read when I see them"), MARK_READ, TRUE));
	return g_list_append(options, purple_account_option_bool_new(_("Show earlier messages in a new window"),
	                                                             SHOW_HISTORY, FALSE));
}

/* libpurple drops several notices at once in hosts that know only single ones. */
static void show_notices(PurpleConnection *gc, size_t count, const char **subjects, const char **names, const char **to,
                         const char **urls)
{
	PurpleNotifyUiOps *ui = purple_notify_get_ui_ops();
	size_t i;

	if (ui != NULL && ui->notify_emails != NULL) {
		purple_notify_emails(gc, count, TRUE, subjects, names, to, urls, NULL, NULL);
		return;
	}
	for (i = 0; i < count; i++)
		purple_notify_email(gc, subjects[i], names[i], to[i], urls[i], NULL, NULL);
}

/* Shows what happened while the user was away as notices of new mail. Messages and friend requests are left out: they
 * have their own windows. */
static void notices_arrived(FbConnection *connection, const fbchat_event *event, const char *who, const char *text)
{
	size_t count = fb_failure(event) == NULL ? fbchat_event_count(event) : 0;
	const char **subjects = g_new0(const char *, count + 1);
	const char **names = g_new0(const char *, count + 1);
	const char **to = g_new0(const char *, count + 1);
	const char **urls = g_new0(const char *, count + 1);
	char *url = g_strconcat(fb_server_of(connection), "/notifications.php", NULL);
	fbchat_session session = connection->session;
	size_t shown = 0;
	size_t item;

	(void)who;
	(void)text;
	for (item = 0; item < count; item++) {
		gint64 kind = fb_int(event, item, FBCHAT_FIELD_NOTIFICATION_KIND);

		if (fb_int(event, item, FBCHAT_FIELD_NEW) == 0 ||
		    (kind != FBCHAT_NOTIFICATION_FRIEND_ADDED && kind != FBCHAT_NOTIFICATION_POKE))
			continue;
		subjects[shown] = kind == FBCHAT_NOTIFICATION_POKE ? _("You were poked") : _("Your friend request was accepted");
		names[shown] = fbchat_event_str(event, item, FBCHAT_FIELD_NAME, NULL);
		to[shown] = purple_account_get_username(purple_connection_get_account(connection->gc));
		urls[shown] = url;
		shown++;
	}
	if (shown > 0) {
		show_notices(connection->gc, shown, subjects, names, to, urls);
		/* Shown once: the next sign-on must not bring them again. */
		if (fb_client_find(session) != NULL)
			fbchat_session_mark_read(fb_client(), session, 0);
	}
	g_free(url);
	g_free(urls);
	g_free(to);
	g_free(names);
	g_free(subjects);
}

static void show_count(FbConnection *connection, size_t count)
{
	PurpleNotifyUiOps *ui = purple_notify_get_ui_ops();
	const char *to = purple_account_get_username(purple_connection_get_account(connection->gc));
	char *page = g_strconcat(fb_server_of(connection), "/", NULL);
	const char *url = page;

	if (ui != NULL && ui->notify_emails != NULL) {
		purple_notify_emails(connection->gc, count, FALSE, NULL, NULL, &to, &url, NULL, NULL);
	} else {
		char *subject = g_strdup_printf(_("Unread conversations and notifications: %d"), (int)count);

		purple_notify_email(connection->gc, subject, fb_server_of(connection), to, url, NULL, NULL);
		g_free(subject);
	}
	g_free(page);
}

/* Whether a number is greater than when it was told last. It is remembered with the account: the next sign-on is no reason to
 * tell it again. */
static gboolean has_risen(PurpleAccount *account, const char *setting, gint64 number)
{
	int count = (int)CLAMP(number, 0, MOST_UNREAD);
	int before = purple_account_get_int(account, setting, 0);

	if (count != before)
		purple_account_set_int(account, setting, count);
	return count > before;
}

/* Servers with our extension tell more than numbers, and messages of theirs arrive here. */
void fb_unread_counted(FbConnection *connection, const fbchat_event *event)
{
	PurpleAccount *account = purple_connection_get_account(connection->gc);
	gint64 inbox = fb_int(event, 0, FBCHAT_FIELD_INBOX);
	gint64 unseen = fb_int(event, 0, FBCHAT_FIELD_UNSEEN);
	gboolean more;

	if (!purple_account_get_check_mail(account) || (connection->features & FBCHAT_FEATURE_NOTIFICATIONS) != 0)
		return;
	more = has_risen(account, TOLD_INBOX, inbox);
	more = has_risen(account, TOLD_UNSEEN, unseen) || more;
	if (more)
		show_count(connection, (size_t)CLAMP(inbox + unseen, 1, MOST_UNREAD));
}

/* Only with the account's setting "New mail notifications", which is off by default. */
void fb_unread_notices(FbConnection *connection)
{
	if (!purple_account_get_check_mail(purple_connection_get_account(connection->gc)) ||
	    (connection->features & FBCHAT_FEATURE_NOTIFICATIONS) == 0)
		return;
	fb_pending_add(connection, fbchat_session_request_notifications(fb_client(), connection->session, &connection->begun),
	               notices_arrived, NULL, NULL);
}
