/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FBCHAT_PURPLE_OUTGOING_H
#define FBCHAT_PURPLE_OUTGOING_H

#include "fb.h"

#include <imgstore.h>

void fb_outgoing_init(FbConnection *connection);
void fb_outgoing_free(FbConnection *connection);

/* Sends a text or a picture to somebody or a group, behind what waits for a picture. FALSE if nothing of it goes out. What fails,
 * now or later, is shown. */
gboolean fb_outgoing_text(FbConnection *connection, const char *who, const char *text);
gboolean fb_outgoing_picture(FbConnection *connection, const char *who, PurpleStoredImage *image);

/* Sends a file that was uploaded, without waiting for pictures. */
gboolean fb_outgoing_file(FbConnection *connection, const char *who, const char *file_id, const char *name);

/* Tells what was not sent and why, with the text or the name of the file, because the input field no longer has it. */
void fb_outgoing_refused(PurpleAccount *account, const char *who, const char *sentence, const char *text);

/* A message that an earlier sign-on has left has failed. */
void fb_outgoing_failed(FbConnection *connection, const fbchat_event *event);

/* At sign-off, first: pictures that are not uploaded are told, and the texts behind them go to the library. */
void fb_outgoing_flush(FbConnection *connection);

/* Then, with whether the messages that wait are kept for the next sign-on: the others are shown as failed. */
void fb_outgoing_leave(FbConnection *connection, gboolean kept);

#endif
