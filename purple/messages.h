/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FBCHAT_PURPLE_MESSAGES_H
#define FBCHAT_PURPLE_MESSAGES_H

#include "fb.h"

#include <conversation.h>

int fb_send_im(PurpleConnection *gc, const char *who, const char *markup, PurpleMessageFlags flags);
int fb_chat_send(PurpleConnection *gc, int id, const char *markup, PurpleMessageFlags flags);
void fb_message_received(FbConnection *connection, const fbchat_event *event);

#endif
