/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FBCHAT_PURPLE_PRESENCE_H
#define FBCHAT_PURPLE_PRESENCE_H

#include "fb.h"

void fb_presence_init(FbConnection *connection);
void fb_presence_free(FbConnection *connection);
void fb_presence_close(FbConnection *connection); /* before the account logs out */
fbchat_status fb_presence_publish(FbConnection *connection);

/* The lasting status line that was sent from here; NULL = none. */
const char *fb_status_line(FbConnection *connection);
void fb_status_line_set(FbConnection *connection, const char *text); /* "" removes it */
void fb_status_line_publish(FbConnection *connection);

/* Operations of the protocol. */
GList *fb_status_types(PurpleAccount *account);
void fb_set_status(PurpleAccount *account, PurpleStatus *status);
void fb_set_idle(PurpleConnection *gc, int seconds);

#endif
