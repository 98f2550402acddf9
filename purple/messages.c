/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Messages, both ways. libpurple always takes and gives markup and the library plain text, so each crossing needs a
 * conversion. Where one is forgotten, text between angle brackets disappears.
 */
#include "messages.h"

#include <cmds.h>
#include <errno.h>
#include <server.h>
#include <time.h>
#include <util.h>

#include "client.h"
#include "dedup.h"
#include "failures.h"
#include "fields.h"
#include "host.h"
#include "pending.h"
#include "privacy.h"
#include "strangers.h"
#include "unread.h"

/* Newer than the oldest libpurple that we support, which ignores unknown bits. */
#define FB_MESSAGE_REMOTE_SEND ((PurpleMessageFlags)0x10000)

/* What a user has typed, as plain text. Line feeds have to become <BR> first, because stripping turns all white space into
 * blanks. This would lose the tabs of pasted text too, so outside tags they become character references. */
static char *text_of(const char *markup)
{
	GString *kept = g_string_new(NULL);
	char *html = purple_strdup_withhtml(markup);
	gboolean in_tag = FALSE;
	const char *at;
	char *text;

	for (at = html; *at != '\0'; at++) {
		if (*at == '<')
			in_tag = TRUE;
		else if (*at == '>')
			in_tag = FALSE;
		if (*at == '\t' && !in_tag)
			g_string_append(kept, "&#9;");
		else
			g_string_append_c(kept, *at);
	}
	text = purple_markup_strip_html(kept->str);
	g_string_free(kept, TRUE);
	g_free(html);
	return text;
}

/* Tells the user what was not sent and why, with the text, because the input field no longer has it. */
static void show_failure(PurpleConnection *gc, const char *who, const char *sentence, const char *text)
{
	char *whole = fb_sentence(sentence);
	char *plain = g_strdup_printf(_("%s This message was not sent:\n%s"), whole, text);

	fb_failure_with(purple_connection_get_account(gc), who, plain);
	g_free(plain);
	g_free(whole);
}

static void show_unconfirmed(FbConnection *connection, const char *who, const char *text)
{
	char *plain = g_strdup_printf(_("The server has not confirmed this message; it may or may not have arrived:\n%s"), text);

	fb_failure_with(purple_connection_get_account(connection->gc), who, plain);
	g_free(plain);
}

/* The answer to a message. */
static void sent(FbConnection *connection, const fbchat_event *event, const char *who, const char *text)
{
	const char *failure = fb_failure(event);

	if (fb_outcome_unknown(event))
		show_unconfirmed(connection, who, text);
	else if (failure != NULL)
		show_failure(connection->gc, who, failure, text);
}

/* The most parts of one message. A server would refuse a larger number of them. */
#define PARTS 16

/* Sends a text in as many parts as necessary. Returns whether any part was sent; the rest is shown as a failure. */
static gboolean send_parts(FbConnection *connection, fbchat_uid to, const char *who, const char *text)
{
	const char *at = text;

	do {
		size_t len = 0;
		fbchat_status status = fbchat_message_part(at, connection->message_limit, &len);
		char *part = g_strndup(at, len);

		if (status == FBCHAT_OK)
			status = fbchat_session_send(fb_client(), connection->session, to, part, &connection->begun);
		if (status != FBCHAT_OK) {
			/* The parts after this one would make no sense without it. */
			show_failure(connection->gc, who, fbchat_last_error(), at);
			g_free(part);
			return at != text;
		}
		fb_pending_add(connection, status, sent, who, part);
		g_free(part);
		at += len;
	} while (*at != '\0');
	return TRUE;
}

/* What libpurple does with the result: 1 = show the text as sent, -E2BIG = report that it was too long, -ENOTCONN = report
 * nothing, for the cases that are reported here in more detail. */
static int send(PurpleConnection *gc, const char *who, const char *markup)
{
	FbConnection *connection = gc->proto_data;
	fbchat_uid to = fb_uid_of(who);
	char *text = text_of(markup);
	int result = -ENOTCONN;

	if (connection == NULL) {
		show_failure(gc, who, _("You are not signed on."), text);
	} else if (to == 0) {
		show_failure(gc, who, _("Messages can only be sent to people on the buddy list."), text);
	} else if (connection->message_limit > 0 && g_utf8_strlen(text, -1) > PARTS * connection->message_limit) {
		char *sentence =
			g_strdup_printf(_("A message can have at most %d characters."), (int)(PARTS * connection->message_limit));

		show_failure(gc, who, sentence, text);
		g_free(sentence);
		result = -E2BIG;
	} else if (send_parts(connection, to, who, text)) {
		result = 1;
	}
	g_free(text);
	return result;
}

int fb_send_im(PurpleConnection *gc, const char *who, const char *markup, PurpleMessageFlags flags)
{
	(void)flags;
	return send(gc, who, markup);
}

/* BitlBee runs no commands of protocols, except that to remove somebody. Whether this was one. */
static gboolean run_command(PurpleConversation *conversation, const char *markup)
{
	char *error = NULL;
	char *text = fb_in_bitlbee() && *markup == '/' ? text_of(markup) : NULL;
	gboolean run = text != NULL && purple_cmd_do_command(conversation, text + 1, markup + 1, &error) == PURPLE_CMD_STATUS_OK;

	g_free(error);
	g_free(text);
	return run;
}

/* In a conversation of several people libpurple leaves it to us to show what was sent. */
int fb_chat_send(PurpleConnection *gc, int id, const char *markup, PurpleMessageFlags flags)
{
	PurpleConversation *conversation = purple_find_chat(gc, id);
	int result = -ENOTCONN;
	char *own;

	if (conversation != NULL && run_command(conversation, markup))
		return 0;
	if (conversation != NULL)
		result = send(gc, purple_conversation_get_name(conversation), markup);
	if (result <= 0)
		return result;
	own = fb_name_of(((FbConnection *)gc->proto_data)->uid);
	serv_got_chat_in(gc, id, own, flags | PURPLE_MESSAGE_SEND, markup, time(NULL));
	g_free(own);
	return result;
}

void fb_message_failed(FbConnection *connection, const fbchat_event *event)
{
	fbchat_uid to = fbchat_event_uid(event, 0, FBCHAT_FIELD_TO);
	const char *text = fbchat_event_str(event, 0, FBCHAT_FIELD_TEXT, NULL);
	char *who;

	if (to == 0 || text == NULL)
		return;
	who = fb_name_of(to);
	sent(connection, event, who, text);
	g_free(who);
}

/* Nothing will be known of this message. */
static void leave(FbConnection *connection, const char *who, const char *text, gboolean waits)
{
	(void)waits;
	show_unconfirmed(connection, who, text);
}

static void leave_kept(FbConnection *connection, const char *who, const char *text, gboolean waits)
{
	if (!waits)
		show_unconfirmed(connection, who, text);
}

void fb_messages_leave(FbConnection *connection, gboolean kept)
{
	fb_pending_leave(connection, sent, kept ? leave_kept : leave);
}

/* From another session of this user: shown as sent, without the hooks (automatic answers, blocking) that run for incoming
 * messages. */
static void show_own(FbConnection *connection, const char *who, const char *name, const char *markup,
                     PurpleMessageFlags flags, time_t when)
{
	PurpleAccount *account = purple_connection_get_account(connection->gc);
	PurpleConversation *conversation = purple_find_conversation_with_account(PURPLE_CONV_TYPE_IM, who, account);
	fbchat_session session = connection->session;

	/* An old message from another session is no reason to open a window. */
	if (conversation == NULL && (flags & PURPLE_MESSAGE_DELAYED) != 0)
		return;
	fb_stranger_begin(connection, who, name, when);
	if (conversation == NULL) {
		fb_unread_showing(connection, TRUE);
		conversation = purple_conversation_new(PURPLE_CONV_TYPE_IM, account, who);
		fb_unread_showing(connection, FALSE);
	}
	purple_conv_im_write(PURPLE_CONV_IM(conversation), who, markup,
	                     PURPLE_MESSAGE_SEND | FB_MESSAGE_REMOTE_SEND | flags, when);
	if (fb_client_find(session) != NULL)
		fb_stranger_end(connection);
}

static void show_incoming(FbConnection *connection, const char *who, const char *name, const char *markup,
                          PurpleMessageFlags flags, time_t when)
{
	PurpleAccount *account = purple_connection_get_account(connection->gc);
	fbchat_session session = connection->session;
	gboolean suspended;

	fb_unread_showing(connection, TRUE);
	fb_stranger_begin(connection, who, name, when);
	suspended = fb_privacy_suspend(connection, who);
	serv_got_im(connection->gc, who, markup, PURPLE_MESSAGE_RECV | flags, when);
	if (suspended)
		fb_privacy_resume(account);

	/* The account may be signed off by now. */
	if (fb_client_find(session) == NULL)
		return;
	fb_stranger_end(connection);
	fb_unread_showing(connection, FALSE);
	fb_unread_shown(connection, who);
}

void fb_message_received(FbConnection *connection, const fbchat_event *event)
{
	const char *text = fbchat_event_str(event, 0, FBCHAT_FIELD_TEXT, NULL);
	gint64 flags = fb_int(event, 0, FBCHAT_FIELD_FLAGS);
	gint64 time_ms = fb_int(event, 0, FBCHAT_FIELD_TIME_MS);
	gboolean own = (flags & FBCHAT_MESSAGE_OWN) != 0;
	fbchat_uid with = fbchat_event_uid(event, 0, own ? FBCHAT_FIELD_TO : FBCHAT_FIELD_FROM);
	const char *name = fbchat_event_str(event, 0, own ? FBCHAT_FIELD_TO_NAME : FBCHAT_FIELD_FROM_NAME, NULL);
	/* Without a time it is now; 0 would be shown as 1970. */
	time_t when = time_ms > 0 ? (time_t)(time_ms / 1000) : time(NULL);
	PurpleMessageFlags delayed = (flags & FBCHAT_MESSAGE_REPLAYED) != 0 ? PURPLE_MESSAGE_DELAYED : 0;
	char *markup;
	char *who;

	if (text == NULL || with == 0 || fb_dedup_is_repeat(connection, event))
		return;
	who = fb_name_of(with);
	markup = fb_markup_of(text);
	if (own)
		show_own(connection, who, name, markup, delayed, when);
	else
		show_incoming(connection, who, name, markup, delayed, when);
	g_free(markup);
	g_free(who);
}
