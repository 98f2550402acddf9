/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is said in groups, and which messages open a window. Messages for which no window was wanted are counted, and come from
 * the server's history once there is one. Until that has come, later messages wait, so that all are in order.
 */
#include "chat_messages.h"

#include <accountopt.h>
#include <server.h>
#include <util.h>

#include "chats.h"
#include "client.h"
#include "dedup.h"
#include "failures.h"
#include "fields.h"
#include "files.h"
#include "host.h"
#include "pending.h"
#include "settings.h"
#include "typing.h"
#include "unread.h"

/* When windows open by themselves. The first value is the default. */
#define WINDOWS "group_windows"
#define ON_MESSAGE "message"
#define AT_SIGN_ON "sign-on"
#define NEVER "never"

/* How many earlier messages are shown on demand. */
#define RECENT 20

/* Newer than the oldest libpurple that we support, which ignores unknown bits. */
#define FB_MESSAGE_REMOTE_SEND ((PurpleMessageFlags)0x10000)

typedef struct {
	guint missed; /* messages that came while no window was wanted */
	guint asked;  /* how many earlier messages are on the way; 0 = none */
	GQueue held;  /* lines that wait for them */
} Backlog;

/* A message as a line in a window. */
typedef struct {
	char *who;
	char *name;
	char *markup;
	char **pictures;
	PurpleMessageFlags flags;
	gint64 time_ms;
	gboolean notice;
} Line;

static void line_free(gpointer data)
{
	Line *line = data;

	if (line == NULL)
		return;
	g_free(line->who);
	g_free(line->name);
	g_free(line->markup);
	g_strfreev(line->pictures);
	g_free(line);
}

static Line *line_new(FbConnection *connection, const fbchat_event *event, size_t item)
{
	const char *text = fbchat_event_str(event, item, FBCHAT_FIELD_TEXT, NULL);
	gint64 flags = fb_int(event, item, FBCHAT_FIELD_FLAGS);
	const char *own = purple_connection_get_display_name(connection->gc);
	Line *line = g_new0(Line, 1);

	line->who = fb_name_of(fbchat_event_uid(event, item, FBCHAT_FIELD_FROM));
	line->name = g_strdup(fbchat_event_str(event, item, FBCHAT_FIELD_FROM_NAME, NULL));
	line->markup = fb_message_markup(event, item);
	if (line->markup == NULL)
		line->markup = g_strdup("");
	line->pictures = fb_pictures_of(connection, event, item);
	line->flags = (flags & FBCHAT_MESSAGE_OWN) != 0 ? PURPLE_MESSAGE_SEND | FB_MESSAGE_REMOTE_SEND : PURPLE_MESSAGE_RECV;
	if ((flags & FBCHAT_MESSAGE_REPLAYED) != 0)
		line->flags |= PURPLE_MESSAGE_DELAYED;
	line->time_ms = fb_int(event, item, FBCHAT_FIELD_TIME_MS);
	line->notice = fb_int(event, item, FBCHAT_FIELD_NOTICE) != 0;
	if ((flags & FBCHAT_MESSAGE_OWN) == 0 && text != NULL && own != NULL && *own != '\0' && purple_utf8_has_word(text, own))
		line->flags |= PURPLE_MESSAGE_NICK;
	return line;
}

/* BitlBee does not show what libpurple itself says, so there a notice is what somebody says. */
static void line_write(FbConnection *connection, PurpleConversation *conversation, const Line *line)
{
	/* Without a time it is now; 0 would be shown as 1970. */
	time_t when = line->time_ms > 0 ? (time_t)(line->time_ms / 1000) : time(NULL);
	char *group = g_strdup(purple_conversation_get_name(conversation));
	fbchat_session session = connection->session;

	fb_chat_person(connection, line->who, line->name);
	if (line->notice && !fb_in_bitlbee())
		purple_conversation_write(conversation, NULL, line->markup,
		                          PURPLE_MESSAGE_SYSTEM | (line->flags & (PURPLE_MESSAGE_DELAYED | PURPLE_MESSAGE_NO_LOG)), when);
	else if ((line->flags & PURPLE_MESSAGE_NO_LOG) != 0)
		purple_conversation_write(conversation, line->who, line->markup, line->flags, when);
	else
		serv_got_chat_in(connection->gc, purple_conv_chat_get_id(PURPLE_CONV_CHAT(conversation)), line->who, line->flags,
		                 line->markup, when);
	if (line->pictures != NULL && fb_client_find(session) != NULL)
		fb_pictures_show(connection, group, line->who, line->pictures, line->flags & ~PURPLE_MESSAGE_NICK, when);
	g_free(group);
}

static void backlog_free(gpointer data)
{
	Backlog *backlog = data;

	g_queue_foreach(&backlog->held, (GFunc)(void (*)(void))line_free, NULL);
	g_queue_clear(&backlog->held);
	g_free(backlog);
}

void fb_chat_messages_init(FbConnection *connection)
{
	connection->backlogs = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, backlog_free);
}

void fb_chat_messages_free(FbConnection *connection)
{
	g_hash_table_destroy(connection->backlogs);
}

static Backlog *backlog_of(FbConnection *connection, const char *group)
{
	Backlog *backlog = g_hash_table_lookup(connection->backlogs, group);

	if (backlog == NULL) {
		backlog = g_new0(Backlog, 1);
		g_queue_init(&backlog->held);
		g_hash_table_insert(connection->backlogs, g_strdup(group), backlog);
	}
	return backlog;
}

GList *fb_chat_messages_options(GList *options)
{
	GList *choices = NULL;

	choices = fb_settings_choice(choices, _("When somebody writes"), ON_MESSAGE);
	choices = fb_settings_choice(choices, _("Also at sign-on"), AT_SIGN_ON);
	choices = fb_settings_choice(choices, _("Only by myself"), NEVER);
	return g_list_append(options, purple_account_option_list_new(_("Open windows of groups"), WINDOWS, choices));
}

static gboolean windows_open(FbConnection *connection, const char *when)
{
	PurpleAccount *account = purple_connection_get_account(connection->gc);

	return g_strcmp0(purple_account_get_string(account, WINDOWS, ON_MESSAGE), when) == 0;
}

static gboolean is_muted(FbConnection *connection, const char *group)
{
	fbchat_event *event = fb_chat_group(connection, group);
	gboolean muted = event != NULL && fb_int(event, 0, FBCHAT_FIELD_IS_MUTED) != 0;

	fbchat_event_free(event);
	return muted;
}

gboolean fb_chat_wanted_at_sign_on(FbConnection *connection, const char *group)
{
	return windows_open(connection, AT_SIGN_ON) && !is_muted(connection, group);
}

/* An old message from another session of the user is no reason to open a window. */
static gboolean opens_window(FbConnection *connection, const char *group, const Line *line)
{
	const PurpleMessageFlags old_own = PURPLE_MESSAGE_SEND | PURPLE_MESSAGE_DELAYED;

	return !windows_open(connection, NEVER) && !is_muted(connection, group) && (line->flags & old_own) != old_own;
}

/* The lines that have waited, except those that were in the history. */
static void write_held(FbConnection *connection, const char *group, gint64 after_ms)
{
	fbchat_session session = connection->session;

	backlog_of(connection, group)->asked = 0;
	while (fb_client_find(session) != NULL) {
		Line *line = g_queue_pop_head(&backlog_of(connection, group)->held);
		PurpleConversation *conversation = fb_chat_find(connection, group);

		if (line == NULL)
			return;
		if (conversation != NULL && line->time_ms > after_ms)
			line_write(connection, conversation, line);
		line_free(line);
	}
}

/* Earlier messages go into the conversation, if it is still open, but not into the host's log, which has most of them. */
static void history_arrived(FbConnection *connection, const fbchat_event *event, const char *group, const char *text)
{
	guint asked = backlog_of(connection, group)->asked;
	size_t count = fb_failure(event) == NULL ? fbchat_event_count(event) : 0;
	size_t item = count > 0 ? fb_message_latest(event, asked) : 0;
	fbchat_session session = connection->session;
	gint64 last = 0;

	(void)text;
	if (fb_failure(event) != NULL)
		fb_failure_with(purple_connection_get_account(connection->gc), group, fb_failure(event));
	/* Plugins see every line, and may close the window or sign off. */
	for (; item < count && fb_client_find(session) != NULL; item += fb_message_items(event, item)) {
		PurpleConversation *conversation = fb_chat_find(connection, group);
		Line *line = line_new(connection, event, item);

		line->flags |= PURPLE_MESSAGE_DELAYED | PURPLE_MESSAGE_NO_LOG;
		last = MAX(last, line->time_ms);
		if (conversation != NULL)
			line_write(connection, conversation, line);
		line_free(line);
	}
	if (fb_client_find(session) != NULL)
		write_held(connection, group, last);
}

static void ask_history(FbConnection *connection, const char *group, guint count)
{
	backlog_of(connection, group)->asked = count;
	fb_pending_add(connection,
	               fbchat_session_request_history(fb_client(), connection->session, fb_uid_of(group), 0, &connection->begun),
	               history_arrived, group, NULL);
}

void fb_chat_history(FbConnection *connection, const char *group)
{
	if (backlog_of(connection, group)->asked == 0)
		ask_history(connection, group, RECENT);
}

/* The conversation, which asks for earlier messages if it has just been opened. */
static PurpleConversation *open_chat(FbConnection *connection, const char *group)
{
	gboolean was_open = fb_chat_find(connection, group) != NULL;
	PurpleConversation *conversation = fb_chat_get(connection, group);
	Backlog *backlog;
	guint count;

	if (was_open || conversation == NULL)
		return conversation;
	backlog = backlog_of(connection, group);
	count = fb_unread_shows_history(connection) ? MAX(backlog->missed, RECENT) : backlog->missed;
	backlog->missed = 0;
	if (count > 0 && backlog->asked == 0)
		ask_history(connection, group, count);
	return conversation;
}

void fb_chat_open(FbConnection *connection, const char *group, gboolean to_front)
{
	PurpleConversation *conversation = open_chat(connection, group);

	if (conversation != NULL && to_front)
		purple_conversation_present(conversation);
}

static void show(FbConnection *connection, const char *group, Line *line)
{
	fbchat_session session = connection->session;
	PurpleConversation *conversation = open_chat(connection, group);

	if (conversation != NULL && backlog_of(connection, group)->asked > 0) {
		g_queue_push_tail(&backlog_of(connection, group)->held, line);
	} else {
		if (conversation != NULL)
			line_write(connection, conversation, line);
		line_free(line);
	}
	if (fb_client_find(session) != NULL)
		fb_unread_shown(connection, group);
}

void fb_chat_received(FbConnection *connection, const fbchat_event *event)
{
	char *group = fb_name_of(fbchat_event_uid(event, 0, FBCHAT_FIELD_GROUP));
	Line *line = fb_dedup_is_repeat(connection, event) ? NULL : line_new(connection, event, 0);
	Backlog *backlog = backlog_of(connection, group);
	gboolean opens = line != NULL && opens_window(connection, group, line);

	if (line != NULL)
		fb_typing_stopped(connection, group, line->who);
	if (line != NULL && (opens || fb_chat_find(connection, group) != NULL)) {
		/* If others were missed, this one comes with them from the history. */
		if (backlog->missed > 0)
			backlog->missed++;
		show(connection, group, line);
	} else if (line != NULL) {
		backlog->missed++;
		line_free(line);
	}
	g_free(group);
}
