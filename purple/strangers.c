/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The names of people who are not on the buddy list. libpurple finds a name only on that list, and would write the number
 * in front of every line and into the log. The server sends the name with the message, so it is put in here, without adding
 * anybody to the list.
 */
#include "strangers.h"

#include <blist.h>
#include <conversation.h>
#include <signals.h>

#include "host.h"

/* The line that is about to be written. */
struct FbStranger {
	char *who;
	char *name; /* NULL = no line of a stranger */
	time_t when;
};

char *fb_stranger_name(PurpleAccount *account, const char *who, const char *name)
{
	char *line_name;

	if (name == NULL || *name == '\0' || purple_find_buddy(account, who) != NULL)
		return g_strdup(who);
	line_name = g_strdup(name);
	g_strdelimit(line_name, "\t\n\v\f\r", ' ');
	/* libpurple looks up this name too. Somebody who calls themselves like the number of a buddy must not get that buddy's
	 * alias. */
	if (purple_find_buddy(account, line_name) != NULL) {
		g_free(line_name);
		return g_strdup(who);
	}
	return line_name;
}

/* Pidgin shows the title as text in the frame and on the tab, and as markup in the head of the conversation, unless it is a
 * buddy's. There is no text with these three characters that is right in both, so similar ones take their place. */
static char *title_of(const char *name)
{
	GString *title = g_string_new(NULL);

	for (; *name != '\0'; name++) {
		if (*name == '<')
			g_string_append(title, "\342\200\271"); /* U+2039 */
		else if (*name == '>')
			g_string_append(title, "\342\200\272"); /* U+203A */
		else if (*name == '&')
			g_string_append(title, "\357\274\206"); /* U+FF06 */
		else
			g_string_append_c(title, *name);
	}
	return g_string_free(title, FALSE);
}

static void set_title(PurpleConversation *conversation, const char *name)
{
	char *title = fb_in_pidgin() ? title_of(name) : g_strdup(name);

	if (g_strcmp0(purple_conversation_get_title(conversation), title) != 0)
		purple_conversation_set_title(conversation, title);
	g_free(title);
}

/* Whether a line in this conversation is the one that is being written. */
static gboolean is_with_stranger(FbConnection *connection, PurpleConversation *conversation)
{
	const struct FbStranger *stranger = connection->stranger;

	return stranger->name != NULL && purple_conversation_get_type(conversation) == PURPLE_CONV_TYPE_IM &&
	       purple_conversation_get_account(conversation) == purple_connection_get_account(connection->gc) &&
	       g_strcmp0(purple_conversation_get_name(conversation), stranger->who) == 0;
}

/* libpurple has made a title of the number, and is about to let the host create the window. Finch reads the title then and
 * never again. */
static void updated(PurpleConversation *conversation, PurpleConvUpdateType type, FbConnection *connection)
{
	if (type == PURPLE_CONV_UPDATE_TITLE && is_with_stranger(connection, conversation))
		set_title(conversation, connection->stranger->name);
}

/* A line is about to be written: before the window and the log get it, it is written under the name in its place. Runs
 * before the handlers of other plugins, which so see the line once. */
static gboolean writing(PurpleAccount *account, const char *who, char **markup, PurpleConversation *conversation,
                        PurpleMessageFlags flags, FbConnection *connection)
{
	char *name;

	(void)account;
	(void)who;
	if (!is_with_stranger(connection, conversation))
		return FALSE;
	set_title(conversation, connection->stranger->name);
	if ((flags & PURPLE_MESSAGE_RECV) == 0)
		return FALSE;
	/* This function is called again for the new line, and must leave it alone then. */
	name = connection->stranger->name;
	connection->stranger->name = NULL;
	purple_conversation_write(conversation, name, *markup, flags, connection->stranger->when);
	g_free(name);
	return TRUE;
}

/* BitlBee makes a nick of what it knows about a user at the first message, from the number alone if that is all. It learns
 * names only by updates of buddies, so it gets one of a buddy that is on no list: the first call makes a nick, if the
 * setting handle_unknown allows it, and the second one names it. */
static void name_in_bitlbee(PurpleAccount *account, const char *who, const char *name)
{
	PurpleBlistUiOps *ui = purple_blist_get_ui_ops();
	PurpleBuddy buddy = { 0 };

	if (ui == NULL || ui->update == NULL)
		return;
	buddy.node.type = PURPLE_BLIST_BUDDY_NODE;
	buddy.account = account;
	buddy.name = (char *)who;
	buddy.server_alias = (char *)name;
	buddy.presence = purple_presence_new_for_buddy(&buddy);
	ui->update(purple_get_blist(), &buddy.node);
	ui->update(purple_get_blist(), &buddy.node);
	purple_presence_destroy(buddy.presence);
}

void fb_strangers_init(FbConnection *connection)
{
	connection->stranger = g_new0(struct FbStranger, 1);
	purple_signal_connect_priority(purple_conversations_get_handle(), "writing-im-msg", connection->stranger,
	                               PURPLE_CALLBACK(writing), connection, PURPLE_SIGNAL_PRIORITY_LOWEST);
	purple_signal_connect(purple_conversations_get_handle(), "conversation-updated", connection->stranger,
	                      PURPLE_CALLBACK(updated), connection);
}

static void forget(struct FbStranger *stranger)
{
	g_free(stranger->who);
	g_free(stranger->name);
	stranger->who = NULL;
	stranger->name = NULL;
}

void fb_strangers_free(FbConnection *connection)
{
	purple_signals_disconnect_by_handle(connection->stranger);
	forget(connection->stranger);
	g_free(connection->stranger);
}

void fb_stranger_begin(FbConnection *connection, const char *who, const char *name, time_t when)
{
	PurpleAccount *account = purple_connection_get_account(connection->gc);
	struct FbStranger *stranger = connection->stranger;

	forget(stranger);
	stranger->name = fb_stranger_name(account, who, name);
	if (strcmp(stranger->name, who) == 0) {
		forget(stranger);
		return;
	}
	stranger->who = g_strdup(who);
	stranger->when = when;
	if (fb_in_bitlbee())
		name_in_bitlbee(account, who, stranger->name);
}

void fb_stranger_introduce(FbConnection *connection, const char *who, const char *name)
{
	PurpleAccount *account = purple_connection_get_account(connection->gc);

	if (fb_in_bitlbee() && purple_find_buddy(account, who) == NULL)
		name_in_bitlbee(account, who, name);
}

void fb_stranger_end(FbConnection *connection)
{
	forget(connection->stranger);
}
