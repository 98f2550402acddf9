/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FBCHAT_PURPLE_OUTAGE_H
#define FBCHAT_PURPLE_OUTAGE_H

#include "fb.h"

void fb_outage_init(FbConnection *connection);
void fb_outage_free(FbConnection *connection);

/* The channel is not open. If that lasts, the host is told. */
void fb_outage_start(FbConnection *connection);

/* The channel is open. */
void fb_outage_over(FbConnection *connection);

/* The user signs off. */
void fb_outage_stop(FbConnection *connection);

/* Remembers why the current attempt failed, for the end of the outage. */
void fb_outage_note(FbConnection *connection, const fbchat_event *event);

/* Keeps fbchat_last_error() for fb_outage_not_opened. */
void fb_outage_keep_error(FbConnection *connection);

/* The session could not be opened, or the login could not begin: tells the host. */
void fb_outage_not_opened(FbConnection *connection, fbchat_status status);

/* The library makes no further attempts: tells the host. */
void fb_outage_final(FbConnection *connection, const fbchat_event *event);

/* Reports an error to the host. The first one counts: libpurple calls close from a timer later, and until then every
 * further event is ignored. */
void fb_outage_give_up(FbConnection *connection, PurpleConnectionError reason, const char *sentence);

#endif
