/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FBCHAT_PURPLE_STRANGERS_H
#define FBCHAT_PURPLE_STRANGERS_H

#include "fb.h"

void fb_strangers_init(FbConnection *connection);
void fb_strangers_free(FbConnection *connection);

/* Around a call that makes libpurple write a line in the conversation with `who`, whose name the server has sent with it
 * (may be NULL). The connection may be gone after that call; then the end must not be told. */
void fb_stranger_begin(FbConnection *connection, const char *who, const char *name, time_t when);
void fb_stranger_end(FbConnection *connection);

/* Tells BitlBee the name of somebody who will be in a conversation; other hosts ask for names. */
void fb_stranger_introduce(FbConnection *connection, const char *who, const char *name);

/* The name for a line of `who` that is written directly: the number for a buddy, whose alias libpurple finds itself.
 * g_free. */
char *fb_stranger_name(PurpleAccount *account, const char *who, const char *name);

#endif
