/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FBCHAT_PURPLE_PRIVACY_H
#define FBCHAT_PURPLE_PRIVACY_H

#include "fb.h"

void fb_privacy_init(FbConnection *connection);
void fb_privacy_free(FbConnection *connection);

/* Asks the server whom the user has blocked. */
void fb_privacy_refresh(FbConnection *connection);

/* The user has blocked or unblocked somebody, here or elsewhere. */
void fb_privacy_changed(FbConnection *connection, const fbchat_event *event);

/* Around the delivery of a message of `who`: what the server has let through, such as one from before they were blocked, must
 * not be dropped by libpurple's own check. To be resumed if this returns TRUE. */
gboolean fb_privacy_suspend(FbConnection *connection, const char *who);
void fb_privacy_resume(PurpleAccount *account);

void fb_add_deny(PurpleConnection *gc, const char *who);
void fb_rem_deny(PurpleConnection *gc, const char *who);
void fb_set_permit_deny(PurpleConnection *gc);

#endif
