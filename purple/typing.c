/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Typing notices: of friends both ways, of members of a group only what others type, because libpurple tells protocols nothing
 * of what is typed there. There is no convo_closed here: libpurple itself ends the notice when a window is closed.
 */
#include "typing.h"

#include <server.h>

#include "chats.h"
#include "client.h"
#include "fields.h"

/* Clients of this protocol repeat the notice every 7 seconds. After 10 seconds without one the user counts as having
 * stopped. */
#define TYPING_REPEAT_SECONDS 7
#define TYPING_EXPIRES_SECONDS 10

/* Somebody who types in a group; libpurple does not forget them by itself. */
typedef struct {
	FbConnection *connection;
	char *group;
	char *who;
	guint timer;
} Typist;

static void typist_free(gpointer data)
{
	Typist *typist = data;

	if (typist->timer != 0)
		purple_timeout_remove(typist->timer);
	g_free(typist->group);
	g_free(typist->who);
	g_free(typist);
}

void fb_typing_init(FbConnection *connection)
{
	connection->typists = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, typist_free);
}

void fb_typing_free(FbConnection *connection)
{
	g_hash_table_destroy(connection->typists);
}

unsigned int fb_send_typing(PurpleConnection *gc, const char *who, PurpleTypingState state)
{
	FbConnection *connection = gc->proto_data;
	fbchat_uid to = fb_uid_of(who);

	if (connection == NULL || to == 0 || to == connection->uid)
		return 0;
	fbchat_session_set_typing(fb_client(), connection->session, to, state == PURPLE_TYPING);
	return state == PURPLE_TYPING ? TYPING_REPEAT_SECONDS : 0;
}

static void show(FbConnection *connection, const char *group, const char *who, gboolean typing)
{
	PurpleConversation *conversation = fb_chat_find(connection, group);
	PurpleConvChat *chat = conversation != NULL ? PURPLE_CONV_CHAT(conversation) : NULL;
	PurpleConvChatBuddyFlags flags;

	if (chat == NULL || !purple_conv_chat_find_user(chat, who))
		return;
	flags = purple_conv_chat_user_get_flags(chat, who);
	purple_conv_chat_user_set_flags(chat, who, typing ? flags | PURPLE_CBFLAGS_TYPING : flags & ~PURPLE_CBFLAGS_TYPING);
}

void fb_typing_stopped(FbConnection *connection, const char *group, const char *who)
{
	char *key = g_strdup_printf("%s %s", group, who);

	if (g_hash_table_remove(connection->typists, key))
		show(connection, group, who, FALSE);
	g_free(key);
}

static gboolean expired(gpointer data)
{
	Typist *typist = data;
	char *group = g_strdup(typist->group);
	char *who = g_strdup(typist->who);

	typist->timer = 0;
	fb_typing_stopped(typist->connection, group, who);
	g_free(who);
	g_free(group);
	return FALSE;
}

static void in_group(FbConnection *connection, const char *group, const char *who, gboolean typing)
{
	Typist *typist;

	if (!typing || fb_chat_find(connection, group) == NULL) {
		fb_typing_stopped(connection, group, who);
		return;
	}
	typist = g_new0(Typist, 1);
	typist->connection = connection;
	typist->group = g_strdup(group);
	typist->who = g_strdup(who);
	typist->timer = purple_timeout_add_seconds(TYPING_EXPIRES_SECONDS, expired, typist);
	g_hash_table_replace(connection->typists, g_strdup_printf("%s %s", group, who), typist);
	show(connection, group, who, TRUE);
}

void fb_typing_received(FbConnection *connection, const fbchat_event *event)
{
	char *who = fb_name_of(fbchat_event_uid(event, 0, FBCHAT_FIELD_FROM));
	char *group = fb_name_of(fbchat_event_uid(event, 0, FBCHAT_FIELD_GROUP));
	gboolean typing = fb_int(event, 0, FBCHAT_FIELD_TYPING) != 0;

	if (fb_uid_of(group) != 0)
		in_group(connection, group, who, typing);
	else if (typing)
		serv_got_typing(connection->gc, who, TYPING_EXPIRES_SECONDS, PURPLE_TYPING);
	else
		serv_got_typing_stopped(connection->gc, who);
	g_free(group);
	g_free(who);
}
