/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Messages, both ways. libpurple always takes and gives markup and the library plain text, so each crossing needs a
 * conversion. Where one is forgotten, text between angle brackets disappears.
 */
#include "messages.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include <cmds.h>
#include <imgstore.h>
#include <server.h>
#include <util.h>

#include "client.h"
#include "dedup.h"
#include "fields.h"
#include "files.h"
#include "host.h"
#include "offers.h"
#include "outgoing.h"
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

/* The next picture that was inserted into the text, and the position of its tag. Other img tags, for instance from a pasted web page,
 * are dropped like all other tags. */
static PurpleStoredImage *next_picture(const char *markup, const char **start, const char **end)
{
	PurpleStoredImage *image = NULL;
	GData *attributes;

	while (image == NULL && purple_markup_find_tag("img", markup, start, end, &attributes)) {
		const char *id = g_datalist_get_data(&attributes, "id");

		image = id != NULL ? purple_imgstore_find_by_id(atoi(id)) : NULL;
		g_datalist_clear(&attributes);
		markup = *end + 1;
	}
	return image;
}

/* Sends texts and pictures as separate messages, in order. Returns whether anything is sent. */
static gboolean send_parts(FbConnection *connection, const char *who, const char *markup)
{
	fbchat_session session = connection->session;
	const char *start = NULL;
	const char *end = NULL;
	PurpleStoredImage *image = next_picture(markup, &start, &end);
	gboolean only_text = image == NULL;
	gboolean sent = FALSE;

	for (;;) {
		char *part = image != NULL ? g_strndup(markup, (gsize)(start - markup)) : g_strdup(markup);
		char *text = text_of(part);

		if (!only_text)
			g_strstrip(text);
		if (only_text || *text != '\0')
			sent = fb_outgoing_text(connection, who, text) || sent;
		g_free(text);
		g_free(part);
		/* Failures are shown, and plugins that see them may sign off. */
		if (image == NULL || fb_client_find(session) == NULL)
			return sent;
		sent = fb_outgoing_picture(connection, who, image) || sent;
		if (fb_client_find(session) == NULL)
			return sent;
		markup = end + 1;
		image = next_picture(markup, &start, &end);
	}
}

/* The maximum number of parts of one long text. A server would refuse more. */
#define PARTS 16

/* What libpurple does with the result: 1 = show the text as sent, -E2BIG = report that it was too long, -ENOTCONN = report
 * nothing, for the cases that are reported here in more detail. */
static int send(PurpleConnection *gc, const char *who, const char *markup)
{
	PurpleAccount *account = purple_connection_get_account(gc);
	FbConnection *connection = gc->proto_data;
	char *text = text_of(markup);
	int result = -ENOTCONN;

	if (connection == NULL) {
		fb_outgoing_refused(account, who, _("You are not signed on."), text);
	} else if (fb_uid_of(who) == 0) {
		fb_outgoing_refused(account, who, _("Messages can only be sent to people on the buddy list."), text);
	} else if (connection->message_limit > 0 && g_utf8_strlen(text, -1) > PARTS * connection->message_limit) {
		char *sentence =
			g_strdup_printf(_("A message can have at most %d characters."), (int)(PARTS * connection->message_limit));

		fb_outgoing_refused(account, who, sentence, text);
		g_free(sentence);
		result = -E2BIG;
	} else if (send_parts(connection, who, markup)) {
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
	/* Plugins see immediate failures, and may sign off. */
	if (gc->proto_data == NULL)
		return result;
	own = fb_name_of(((FbConnection *)gc->proto_data)->uid);
	serv_got_chat_in(gc, id, own, flags | PURPLE_MESSAGE_SEND, markup, time(NULL));
	g_free(own);
	return result;
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

/* Shows the pictures of a message below its lines. */
static void show_files(FbConnection *connection, const fbchat_event *event, const char *who, gboolean own,
                       PurpleMessageFlags delayed, time_t when)
{
	PurpleAccount *account = purple_connection_get_account(connection->gc);
	char **pictures = fb_pictures_of(connection, event, 0);
	char *name = own ? g_strdup(purple_account_get_username(account))
	                 : fb_stranger_name(account, who, fbchat_event_str(event, 0, FBCHAT_FIELD_FROM_NAME, NULL));

	fb_pictures_show(connection, who, name, pictures,
	                 (own ? PURPLE_MESSAGE_SEND | FB_MESSAGE_REMOTE_SEND : PURPLE_MESSAGE_RECV) | delayed, when);
	g_free(name);
	fb_offers_make(connection, event, who, pictures != NULL);
	g_strfreev(pictures);
}

void fb_message_received(FbConnection *connection, const fbchat_event *event)
{
	gint64 flags = fb_int(event, 0, FBCHAT_FIELD_FLAGS);
	gint64 time_ms = fb_int(event, 0, FBCHAT_FIELD_TIME_MS);
	gboolean own = (flags & FBCHAT_MESSAGE_OWN) != 0;
	fbchat_uid with = fbchat_event_uid(event, 0, own ? FBCHAT_FIELD_TO : FBCHAT_FIELD_FROM);
	const char *name = fbchat_event_str(event, 0, own ? FBCHAT_FIELD_TO_NAME : FBCHAT_FIELD_FROM_NAME, NULL);
	/* Without a time it is now; 0 would be shown as 1970. */
	time_t when = time_ms > 0 ? (time_t)(time_ms / 1000) : time(NULL);
	PurpleMessageFlags delayed = (flags & FBCHAT_MESSAGE_REPLAYED) != 0 ? PURPLE_MESSAGE_DELAYED : 0;
	char *markup = fb_message_markup(event, 0);
	fbchat_session session = connection->session;
	char *who = fb_name_of(with);

	if (markup == NULL || with == 0 || fb_dedup_is_repeat(connection, event)) {
		g_free(markup);
		g_free(who);
		return;
	}
	if (own)
		show_own(connection, who, name, markup, delayed, when);
	else
		show_incoming(connection, who, name, markup, delayed, when);
	if (fb_client_find(session) != NULL)
		show_files(connection, event, who, own, delayed, when);
	g_free(markup);
	g_free(who);
}
