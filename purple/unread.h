/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FBCHAT_PURPLE_UNREAD_H
#define FBCHAT_PURPLE_UNREAD_H

#include "fb.h"

void fb_unread_init(FbConnection *connection);
void fb_unread_free(FbConnection *connection);
GList *fb_unread_options(GList *options);

/* Around what opens a window for a message that came: such a window does not show earlier messages. */
void fb_unread_showing(FbConnection *connection, gboolean showing);

/* A message has been shown, perhaps in a window that the user is looking at. */
void fb_unread_shown(FbConnection *connection, const char *who);

/* Whether a new window shows earlier messages. */
gboolean fb_unread_shows_history(FbConnection *connection);

void fb_unread_notices(FbConnection *connection);

/* The server has told how much is unread. */
void fb_unread_counted(FbConnection *connection, const fbchat_event *event);

#endif
