/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FBCHAT_PURPLE_TYPING_H
#define FBCHAT_PURPLE_TYPING_H

#include "fb.h"

#include <conversation.h>

void fb_typing_init(FbConnection *connection);
void fb_typing_free(FbConnection *connection);

unsigned int fb_send_typing(PurpleConnection *gc, const char *who, PurpleTypingState state);
void fb_typing_received(FbConnection *connection, const fbchat_event *event);

/* Somebody in a group has stopped typing, as when a message of theirs comes. */
void fb_typing_stopped(FbConnection *connection, const char *group, const char *who);

#endif
