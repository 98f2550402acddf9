/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FBCHAT_PURPLE_MESSAGES_H
#define FBCHAT_PURPLE_MESSAGES_H

#include "fb.h"

#include <conversation.h>

int fb_send_im(PurpleConnection *gc, const char *who, const char *markup, PurpleMessageFlags flags);
int fb_chat_send(PurpleConnection *gc, int id, const char *markup, PurpleMessageFlags flags);
void fb_message_received(FbConnection *connection, const fbchat_event *event);

/* A message that an earlier sign-on has left has failed. */
void fb_message_failed(FbConnection *connection, const fbchat_event *event);

/* At sign-off, with whether the messages that wait are kept for the next sign-on: the others are shown as failed. */
void fb_messages_leave(FbConnection *connection, gboolean kept);

#endif
