/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FBCHAT_PURPLE_OUTGOING_H
#define FBCHAT_PURPLE_OUTGOING_H

#include "fb.h"

#include <imgstore.h>

void fb_outgoing_init(FbConnection *connection);
void fb_outgoing_free(FbConnection *connection);

/* Sends a text or a picture to a person or a group, after everything that is queued for them. FALSE if nothing was sent or queued.
 * Failures, immediate and later ones, are shown. */
gboolean fb_outgoing_text(FbConnection *connection, const char *who, const char *text);
gboolean fb_outgoing_picture(FbConnection *connection, const char *who, PurpleStoredImage *image);

/* Sends a file that was uploaded, without waiting for pictures. */
gboolean fb_outgoing_file(FbConnection *connection, const char *who, const char *file_id, const char *name);

/* Shows what was not sent and why, with the text or the name of the file, because the input field no longer contains it. */
void fb_outgoing_refused(PurpleAccount *account, const char *who, const char *sentence, const char *text);

/* A message from an earlier sign-on has failed. */
void fb_outgoing_failed(FbConnection *connection, const fbchat_event *event);

/* At sign-off, first: pictures that are not uploaded are reported, and the texts behind them go to the library. */
void fb_outgoing_flush(FbConnection *connection);

/* Then, with whether waiting messages are kept for the next sign-on: those that are not are shown as failed. */
void fb_outgoing_leave(FbConnection *connection, gboolean kept);

#endif
