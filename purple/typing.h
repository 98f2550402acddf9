/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FBCHAT_PURPLE_TYPING_H
#define FBCHAT_PURPLE_TYPING_H

#include "fb.h"

#include <conversation.h>

unsigned int fb_send_typing(PurpleConnection *gc, const char *who, PurpleTypingState state);
void fb_typing_received(FbConnection *connection, const fbchat_event *event);

#endif
