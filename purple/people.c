/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a user can look up: profiles, search results, and earlier messages.
 */
#include "people.h"

#include <blist.h>
#include <conversation.h>
#include <notify.h>
#include <server.h>
#include <time.h>
#include <util.h>

#include "client.h"
#include "failures.h"
#include "fields.h"
#include "files.h"
#include "pending.h"
#include "strangers.h"

/* The window takes markup, and these values are arbitrary text from other users. */
static void add_pair(PurpleNotifyUserInfo *info, const char *label, const char *text)
{
	char *escaped;

	if (text == NULL || *text == '\0')
		return;
	escaped = g_markup_escape_text(text, -1);
	purple_notify_user_info_add_pair(info, label, escaped);
	g_free(escaped);
}

static void add_day(PurpleNotifyUserInfo *info, const char *label, gint64 time_ms)
{
	time_t when = (time_t)(time_ms / 1000);

	if (time_ms > 0)
		add_pair(info, label, purple_date_format_short(localtime(&when)));
}

static const char *relation_text(gint64 relation)
{
	switch (relation) {
	case FBCHAT_RELATION_SELF:
		return _("This is you");
	case FBCHAT_RELATION_FRIEND:
		return _("Friend");
	case FBCHAT_RELATION_SENT:
		return _("You have asked to be friends");
	case FBCHAT_RELATION_RECEIVED:
		return _("Has asked to be your friend");
	default:
		return NULL;
	}
}

static void profile_arrived(FbConnection *connection, const fbchat_event *event, const char *who, const char *text)
{
	PurpleNotifyUserInfo *info = purple_notify_user_info_new();
	const char *failure = fb_failure(event);

	(void)text;
	if (failure != NULL) {
		/* The host has opened the window already and waits for its content. */
		add_pair(info, _("Error"), failure);
	} else {
		add_pair(info, _("Name"), fbchat_event_str(event, 0, FBCHAT_FIELD_NAME, NULL));
		add_pair(info, _("Number"), who);
		add_pair(info, _("Friendship"), relation_text(fb_int(event, 0, FBCHAT_FIELD_RELATION)));
		add_pair(info, _("E-mail address"), fbchat_event_str(event, 0, FBCHAT_FIELD_EMAIL, NULL));
		add_pair(info, _("Message"), fbchat_event_str(event, 0, FBCHAT_FIELD_STATUS_TEXT, NULL));
		add_day(info, _("Message of"), fb_int(event, 0, FBCHAT_FIELD_STATUS_TIME_MS));
		add_day(info, _("Member since"), fb_int(event, 0, FBCHAT_FIELD_MEMBER_SINCE_MS));
	}
	purple_notify_userinfo(connection->gc, who, info, NULL, NULL);
	purple_notify_user_info_destroy(info);
}

void fb_get_info(PurpleConnection *gc, const char *who)
{
	FbConnection *connection = gc->proto_data;

	if (connection == NULL)
		return;
	if (fb_uid_of(who) == 0) {
		PurpleNotifyUserInfo *info = purple_notify_user_info_new();

		add_pair(info, _("Error"), _("Nobody on this server has that number. Please search for people by their name."));
		purple_notify_userinfo(gc, who, info, NULL, NULL);
		purple_notify_user_info_destroy(info);
		return;
	}
	fb_pending_add(connection, fbchat_session_request_profile(fb_client(), connection->session, fb_uid_of(who), &connection->begun),
	               profile_arrived, who, NULL);
}

static void add_found(PurpleConnection *gc, GList *row, gpointer user_data)
{
	(void)user_data;
	purple_blist_request_add_buddy(purple_connection_get_account(gc), g_list_nth_data(row, 1), NULL, NULL);
}

static void show_found(PurpleConnection *gc, GList *row, gpointer user_data)
{
	(void)user_data;
	serv_get_info(gc, g_list_nth_data(row, 1));
}

/* For hosts that have no window for results. */
static void list_found(FbConnection *connection, const fbchat_event *event, const char *title)
{
	GString *lines = g_string_new(NULL);
	size_t item;

	for (item = 0; item < fbchat_event_count(event); item++)
		g_string_append_printf(lines, "%s (%" G_GINT64_FORMAT ")\n", fbchat_event_str(event, item, FBCHAT_FIELD_NAME, NULL),
		                       fb_int(event, item, FBCHAT_FIELD_UID));
	purple_notify_info(connection->gc, FB_TITLE, title, lines->str);
	g_string_free(lines, TRUE);
}

static void search_answered(FbConnection *connection, const fbchat_event *event, const char *who, const char *words)
{
	const char *failure = fb_failure(event);
	PurpleNotifySearchResults *results;
	PurpleNotifyUiOps *ui = purple_notify_get_ui_ops();
	char *title;
	size_t item;

	(void)who;
	if (failure != NULL || fbchat_event_count(event) == 0) {
		purple_notify_info(connection->gc, FB_TITLE,
		                   failure != NULL ? failure : _("Nobody was found under this name or address."), NULL);
		return;
	}
	title = g_strdup_printf(_("People found for \"%s\""), words);
	if (ui == NULL || ui->notify_searchresults == NULL) {
		list_found(connection, event, title);
		g_free(title);
		return;
	}
	results = purple_notify_searchresults_new();
	purple_notify_searchresults_column_add(results, purple_notify_searchresults_column_new(_("Name")));
	purple_notify_searchresults_column_add(results, purple_notify_searchresults_column_new(_("Number")));
	purple_notify_searchresults_column_add(results, purple_notify_searchresults_column_new(_("Friendship")));
	purple_notify_searchresults_button_add(results, PURPLE_NOTIFY_BUTTON_ADD, add_found);
	purple_notify_searchresults_button_add(results, PURPLE_NOTIFY_BUTTON_INFO, show_found);
	for (item = 0; item < fbchat_event_count(event); item++) {
		GList *row = NULL;

		row = g_list_append(row, g_strdup(fbchat_event_str(event, item, FBCHAT_FIELD_NAME, NULL)));
		row = g_list_append(row, fb_name_of(fbchat_event_uid(event, item, FBCHAT_FIELD_UID)));
		row = g_list_append(row, g_strdup(relation_text(fb_int(event, item, FBCHAT_FIELD_RELATION))));
		purple_notify_searchresults_row_add(results, row);
	}
	purple_notify_searchresults(connection->gc, NULL, title, NULL, results, NULL, NULL);
	g_free(title);
}

void fb_search(FbConnection *connection, const char *words)
{
	fb_pending_add(connection, fbchat_session_request_search(fb_client(), connection->session, words, &connection->begun),
	               search_answered, NULL, words);
}

/* How many earlier messages are shown when a conversation is opened. */
#define RECENT 20

/* Writes into the conversation, if it is still open, but not into the host's log, which has most of it already. */
static void history_arrived(FbConnection *connection, const fbchat_event *event, const char *who, const char *recent)
{
	PurpleAccount *account = purple_connection_get_account(connection->gc);
	fbchat_session session = connection->session;
	const char *failure = fb_failure(event);
	size_t item;

	if (failure != NULL) {
		fb_failure_with(account, who, failure);
		return;
	}
	if (recent != NULL) {
		PurpleConversation *opened = purple_find_conversation_with_account(PURPLE_CONV_TYPE_IM, who, account);

		/* If something was written meanwhile, it would appear twice, and older lines below newer ones. */
		if (opened == NULL || purple_conversation_get_message_history(opened) != NULL)
			return;
	}
	item = recent != NULL ? fb_message_latest(event, RECENT) : 0;
	for (; item < fbchat_event_count(event); item += fb_message_items(event, item)) {
		gboolean own = (fb_int(event, item, FBCHAT_FIELD_FLAGS) & FBCHAT_MESSAGE_OWN) != 0;
		PurpleMessageFlags flags =
			(own ? PURPLE_MESSAGE_SEND : PURPLE_MESSAGE_RECV) | PURPLE_MESSAGE_DELAYED | PURPLE_MESSAGE_NO_LOG;
		time_t when = (time_t)(fb_int(event, item, FBCHAT_FIELD_TIME_MS) / 1000);
		PurpleConversation *conversation;
		char **pictures;
		char *markup;
		char *name;

		/* Plugins see every line, and may close the window or sign off. */
		if (fb_client_find(session) == NULL)
			return;
		conversation = purple_find_conversation_with_account(PURPLE_CONV_TYPE_IM, who, account);
		markup = fb_message_markup(event, item);
		if (conversation == NULL || markup == NULL) {
			g_free(markup);
			return;
		}
		pictures = fb_pictures_of(connection, event, item);
		name = own ? g_strdup(purple_account_get_username(account))
		           : fb_stranger_name(account, who, fbchat_event_str(event, item, FBCHAT_FIELD_FROM_NAME, NULL));
		purple_conversation_write(conversation, name, markup, flags, when);
		if (fb_client_find(session) != NULL)
			fb_pictures_show(connection, who, name, pictures, flags, when);
		g_strfreev(pictures);
		g_free(name);
		g_free(markup);
	}
}

static void ask_history(FbConnection *connection, const char *who, const char *recent)
{
	fb_pending_add(connection, fbchat_session_request_history(fb_client(), connection->session, fb_uid_of(who), 0, &connection->begun),
	               history_arrived, who, recent);
}

void fb_history(FbConnection *connection, const char *who)
{
	ask_history(connection, who, NULL);
}

void fb_history_recent(FbConnection *connection, const char *who)
{
	ask_history(connection, who, "recent");
}
