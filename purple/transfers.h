/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FBCHAT_PURPLE_TRANSFERS_H
#define FBCHAT_PURPLE_TRANSFERS_H

#include "fb.h"

#include <ft.h>

void fb_transfers_init(FbConnection *connection);
void fb_transfers_free(FbConnection *connection);
GList *fb_transfers_options(GList *options);

/* At sign-off: ends those that are under way, and says why. */
void fb_transfers_leave(FbConnection *connection);

/* How far one is. */
void fb_transfer_progress(FbConnection *connection, const fbchat_event *event);

/* Offers the files of a message to the user, if they want to be asked, with whether pictures among them are shown. */
void fb_transfers_offer(FbConnection *connection, const fbchat_event *event, const char *who, gboolean pictures_shown);

/* Operations of the protocol. */
gboolean fb_can_receive_file(PurpleConnection *gc, const char *who);
void fb_send_file(PurpleConnection *gc, const char *who, const char *filename);
PurpleXfer *fb_new_xfer(PurpleConnection *gc, const char *who);
gboolean fb_chat_can_receive_file(PurpleConnection *gc, int id);
void fb_chat_send_file(PurpleConnection *gc, int id, const char *filename);

#endif
