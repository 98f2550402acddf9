/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FBCHAT_PURPLE_UNSENT_H
#define FBCHAT_PURPLE_UNSENT_H

#include "fb.h"

/* From the first sign-on until the library goes. */
void fb_unsent_init(void);
void fb_unsent_uninit(void);

/* At sign-on: gives the library what the last sign-off has left. */
void fb_unsent_restore(FbConnection *connection, fbchat_config *config);

/* At sign-off, with the saved session or NULL: keeps the messages in it. FALSE if that is not possible. */
gboolean fb_unsent_keep(FbConnection *connection, const fbchat_event *saved);

/* The saved session has changed: once all messages are settled nothing is kept any more. */
void fb_unsent_saved(FbConnection *connection, const fbchat_event *saved);

#endif
