/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FBCHAT_PURPLE_TRANSFERS_H
#define FBCHAT_PURPLE_TRANSFERS_H

#include "fb.h"

#include <stdint.h>

#include <ft.h>

#include "pending.h"

void fb_transfers_init(FbConnection *connection);
void fb_transfers_free(FbConnection *connection);

/* At sign-off: ends those that are under way, and says why. */
void fb_transfers_leave(FbConnection *connection);

/* How far one is. */
void fb_transfer_progress(FbConnection *connection, const fbchat_event *event);

/* The connection of a transfer, which may be older; NULL while the account is signed off. */
FbConnection *fb_transfer_connection(PurpleXfer *xfer);

/* libpurple's descriptor, in the form that the library takes; -1 in hosts that have none. */
intptr_t fb_transfer_descriptor(PurpleXfer *xfer);

/* With the outcome of the call to the library that begins it, and the number of the person or group: it has begun, or fails. */
void fb_transfer_begin(FbConnection *connection, PurpleXfer *xfer, fbchat_status status, FbAnswered answered, const char *with);

/* The transfer that a request has answered, which is to be ended now; NULL if it was cancelled. */
PurpleXfer *fb_transfer_answered(FbConnection *connection, const fbchat_event *event);

/* The ways to end one. The first says nothing to the user, the second says why. They drop libpurple's reference. */
void fb_transfer_end(PurpleXfer *xfer);
void fb_transfer_fail(PurpleXfer *xfer, const char *with, const char *sentence);
void fb_transfer_complete(PurpleXfer *xfer);

/* For libpurple: the user has cancelled it. */
void fb_transfer_cancelled(PurpleXfer *xfer);

#endif
