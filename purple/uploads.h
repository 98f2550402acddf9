/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FBCHAT_PURPLE_UPLOADS_H
#define FBCHAT_PURPLE_UPLOADS_H

#include "fb.h"

#include <ft.h>

/* Operations of the protocol. */
gboolean fb_can_receive_file(PurpleConnection *gc, const char *who);
void fb_send_file(PurpleConnection *gc, const char *who, const char *filename);
PurpleXfer *fb_new_xfer(PurpleConnection *gc, const char *who);
gboolean fb_chat_can_receive_file(PurpleConnection *gc, int id);
void fb_chat_send_file(PurpleConnection *gc, int id, const char *filename);

#endif
