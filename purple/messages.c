/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Messages, both ways. libpurple's side is always markup and ours is always plain text, so each crossing is a
 * conversion, and one that is forgotten eats whatever stands between angle brackets.
 */
#include "prpl.h"

#include <debug.h>
#include <errno.h>
#include <notify.h>
#include <server.h>
#include <string.h>
#include <time.h>
#include <util.h>

/* Newer than the oldest libpurple that we load into, which ignores bits that it does not know. */
#define FB_MESSAGE_REMOTE_SEND ((PurpleMessageFlags)0x10000)

/* Plain text as libpurple shows it. */
char *fb_markup_of(const char *text)
{
	char *escaped = purple_markup_escape_text(text, -1);
	char *markup = purple_strdup_withhtml(escaped);

	g_free(escaped);
	return markup;
}

/* What a user typed, as plain text. Line feeds have to become <BR> first, since stripping makes a blank of every white
 * space; that would eat the tabs of pasted text too, so outside of tags they go as character references. */
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

/* Says in an open conversation what did not work; FALSE = there is none. What servers say is no markup. */
gboolean fb_present_error(PurpleAccount *account, const char *who, const char *text)
{
	char *markup = fb_markup_of(text);
	gboolean presented = purple_conv_present_error(who, account, markup);

	g_free(markup);
	return presented;
}

/* Tells the user what was not sent and why, with the text, which the input field has forgotten by now. */
static void show_failure(PurpleConnection *gc, const char *who, const char *sentence, const char *text)
{
	char *whole = fb_sentence(sentence);
	char *plain = g_strdup_printf(_("%s This message was not sent:\n%s"), whole, text);

	if (!fb_present_error(purple_connection_get_account(gc), who, plain))
		purple_notify_error(gc, NULL, sentence, plain);
	g_free(plain);
	g_free(whole);
}

/* What came of a message. A failure shows the text, which is not to be lost. */
static void sent(FbConnection *connection, const fbchat_event *event, const char *who, const char *text)
{
	const char *failure = fb_failure(event);

	if (failure != NULL)
		show_failure(connection->gc, who, failure, text);
}

/* More parts than this are no message but a book, and would only be refused for their number. */
#define PARTS 16

/* Sends a text in as many parts as it takes. Returns whether anything of it went; what did not is shown. */
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
			/* What comes behind it would make no sense without it. */
			show_failure(connection->gc, who, fbchat_last_error(), at);
			g_free(part);
			return at != text;
		}
		fb_request_begun(connection, status, sent, who, part);
		g_free(part);
		at += len;
	} while (*at != '\0');
	return TRUE;
}

/* Returns what libpurple wants to know: 1 = show it as sent, -E2BIG = say that it was too long, -ENOTCONN = say
 * nothing, which is for the cases where we have said it better ourselves. */
int fb_send_im(PurpleConnection *gc, const char *who, const char *markup, PurpleMessageFlags flags)
{
	FbConnection *connection = gc->proto_data;
	fbchat_uid to = fb_uid_of(who);
	char *text = text_of(markup);
	int result = -ENOTCONN;

	(void)flags;
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

/* At sign-off. Nobody will hear of these messages any more, so the user is told now; but without new windows. */
void fb_messages_unconfirmed(FbConnection *connection)
{
	PurpleAccount *account = purple_connection_get_account(connection->gc);
	GHashTableIter iter;
	gpointer value;

	g_hash_table_iter_init(&iter, connection->requests);
	while (g_hash_table_iter_next(&iter, NULL, &value)) {
		const FbRequest *message = value;
		PurpleConversation *conversation;
		char *markup;
		char *plain;

		if (message->answered != sent)
			continue;
		conversation = purple_find_conversation_with_account(PURPLE_CONV_TYPE_IM, message->who, account);
		plain = g_strdup_printf(
			_("You went offline before the server confirmed this message; it may not have been sent:\n%s"), message->text);
		markup = fb_markup_of(plain);
		if (conversation != NULL)
			purple_conversation_write(conversation, NULL, markup, PURPLE_MESSAGE_ERROR, time(NULL));
		g_free(markup);
		g_free(plain);
	}
}

/* From this user in another session: belongs on the right side of the conversation, without the hooks (automatic
 * answers, blocking) that run for what comes in. */
static void show_own(FbConnection *connection, const char *who, const char *name, const char *markup,
                     PurpleMessageFlags flags, time_t when)
{
	PurpleAccount *account = purple_connection_get_account(connection->gc);
	PurpleConversation *conversation = purple_find_conversation_with_account(PURPLE_CONV_TYPE_IM, who, account);

	if (conversation == NULL) {
		/* What I wrote elsewhere last night is no reason to open a window now. */
		if (flags & PURPLE_MESSAGE_DELAYED)
			return;
		connection->showing = TRUE;
		conversation = purple_conversation_new(PURPLE_CONV_TYPE_IM, account, who);
		connection->showing = FALSE;
		if (name != NULL && purple_find_buddy(account, who) == NULL)
			purple_conversation_set_title(conversation, name);
	}
	purple_conv_im_write(PURPLE_CONV_IM(conversation), who, markup,
	                     PURPLE_MESSAGE_SEND | FB_MESSAGE_REMOTE_SEND | flags, when);
}

static void show_incoming(FbConnection *connection, const char *who, const char *name, const char *markup,
                          PurpleMessageFlags flags, time_t when)
{
	PurpleAccount *account = purple_connection_get_account(connection->gc);
	fbchat_session session = connection->session;
	PurpleConversation *conversation;

	connection->showing = TRUE;
	serv_got_im(connection->gc, who, markup, PURPLE_MESSAGE_RECV | flags, when);

	/* The account may be signed off by now. */
	if (fb_client_find(session) == NULL)
		return;
	connection->showing = FALSE;
	fb_unread_shown(connection, who);
	/* Of someone who is no buddy libpurple knows only the number. */
	if (name == NULL || purple_find_buddy(account, who) != NULL)
		return;
	conversation = purple_find_conversation_with_account(PURPLE_CONV_TYPE_IM, who, account);
	if (conversation != NULL && g_strcmp0(purple_conversation_get_title(conversation), name) != 0)
		purple_conversation_set_title(conversation, name);
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

	if (text == NULL || with == 0 || fb_seen(connection, event))
		return;
	who = fb_name_of(with);
	markup = fb_markup_of(text);
	if (name != NULL && *name == '\0')
		name = NULL;
	if (own)
		show_own(connection, who, name, markup, delayed, when);
	else
		show_incoming(connection, who, name, markup, delayed, when);
	g_free(markup);
	g_free(who);
}
