/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Typing notices, both ways. There is no convo_closed here: libpurple itself ends the notice when a window is closed.
 */
#include "typing.h"

#include <server.h>

#include "client.h"
#include "fields.h"

/* Clients of this protocol repeat the notice every 7 seconds. After 10 seconds without one the user counts as having
 * stopped. */
#define TYPING_REPEAT_SECONDS 7
#define TYPING_EXPIRES_SECONDS 10

unsigned int fb_send_typing(PurpleConnection *gc, const char *who, PurpleTypingState state)
{
	FbConnection *connection = gc->proto_data;
	fbchat_uid to = fb_uid_of(who);

	if (connection == NULL || to == 0 || to == connection->uid)
		return 0;
	fbchat_session_set_typing(fb_client(), connection->session, to, state == PURPLE_TYPING);
	return state == PURPLE_TYPING ? TYPING_REPEAT_SECONDS : 0;
}

void fb_typing_received(FbConnection *connection, const fbchat_event *event)
{
	char *who = fb_name_of(fbchat_event_uid(event, 0, FBCHAT_FIELD_FROM));

	if (fb_int(event, 0, FBCHAT_FIELD_TYPING) != 0)
		serv_got_typing(connection->gc, who, TYPING_EXPIRES_SECONDS, PURPLE_TYPING);
	else
		serv_got_typing_stopped(connection->gc, who);
	g_free(who);
}
