/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FBCHAT_PURPLE_TRANSFERS_H
#define FBCHAT_PURPLE_TRANSFERS_H

#include "fb.h"

#include <stdint.h>

#include <ft.h>

#include "pending.h"

void fb_transfers_init(FbConnection *connection);
void fb_transfers_free(FbConnection *connection);

/* At sign-off: ends all transfers, and says why. */
void fb_transfers_leave(FbConnection *connection);

/* Shows the progress of a transfer. */
void fb_transfer_progress(FbConnection *connection, const fbchat_event *event);

/* The current connection for a transfer, which may be from an earlier one; NULL while the account is signed off. */
FbConnection *fb_transfer_connection(PurpleXfer *xfer);

/* libpurple's descriptor, in the form that the library takes; -1 in hosts without one. */
intptr_t fb_transfer_descriptor(PurpleXfer *xfer);

/* Takes the outcome of the library call that starts a transfer, and the number of the person or group: it has started, or fails. */
void fb_transfer_begin(FbConnection *connection, PurpleXfer *xfer, fbchat_status status, FbAnswered answered, const char *with);

/* The transfer whose request was answered, which the caller has to end; NULL if it was cancelled. */
PurpleXfer *fb_transfer_answered(FbConnection *connection, const fbchat_event *event);

/* The ways to end a transfer. The first tells the user nothing, the second says why. They drop libpurple's reference. */
void fb_transfer_end(PurpleXfer *xfer);
void fb_transfer_fail(PurpleXfer *xfer, const char *with, const char *sentence);
void fb_transfer_complete(PurpleXfer *xfer);

/* For libpurple: the user has cancelled it. */
void fb_transfer_cancelled(PurpleXfer *xfer);

#endif
