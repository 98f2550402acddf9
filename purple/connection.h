/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FBCHAT_PURPLE_CONNECTION_H
#define FBCHAT_PURPLE_CONNECTION_H

#include "fb.h"

void fb_login(PurpleAccount *account);
void fb_close(PurpleConnection *gc);

/* The parts of a login, for accounts that are created first: a connection, its session with the settings of the account,
 * and what follows once a request is on its way or could not be sent. */
FbConnection *fb_connection_new(PurpleAccount *account);
fbchat_status fb_connection_open(FbConnection *connection);
void fb_connection_opened(FbConnection *connection, fbchat_status status);

void fb_connection_logged_in(FbConnection *connection, const fbchat_event *event);
void fb_connection_state(FbConnection *connection, const fbchat_event *event);
void fb_connection_failed(FbConnection *connection, const fbchat_event *event);

#endif
