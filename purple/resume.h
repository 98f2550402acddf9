/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FBCHAT_PURPLE_RESUME_H
#define FBCHAT_PURPLE_RESUME_H

#include "fb.h"

void fb_resume_init(FbConnection *connection);
void fb_resume_free(FbConnection *connection);
void fb_resume_forget_all(void); /* when the plugin is unloaded */

/* The server could not be reached, so its session lives on there and is worth keeping. */
void fb_resume_wanted(FbConnection *connection);

/* At sign-off, with the saved session or NULL: keeps it if that is wanted and possible. FALSE = it should be ended on the
 * server. */
gboolean fb_resume_keep(FbConnection *connection, const fbchat_event *saved);

/* At sign-on: whether there is a session to resume and the login with it has begun. It is tried once. */
gboolean fb_resume_begin(FbConnection *connection);

/* The login has succeeded or failed. Returns whether it was one with a kept session. */
gboolean fb_resume_end(FbConnection *connection);

#endif
