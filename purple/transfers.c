/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Uploads and downloads as file transfers of libpurple, which has a window for them. The library reads and writes the file
 * through libpurple's descriptor; libpurple only shows the progress.
 */
#define _POSIX_C_SOURCE 200112L /* for fileno */

#include "transfers.h"

#include <glib/gstdio.h>
#include <stdio.h>
#ifdef _WIN32
#include <io.h>
#endif

#include "client.h"
#include "failures.h"
#include "fields.h"
#include "outgoing.h"

/* Exists from the choice of a file to the end; until its dialog is answered, a transfer belongs to libpurple alone. */
typedef struct {
	fbchat_request request;
	PurpleXfer *xfer;
	char *with; /* the number of the person or group */
} Transfer;

static void transfer_free(gpointer data)
{
	Transfer *transfer = data;

	g_free(transfer->with);
	g_free(transfer);
}

void fb_transfers_init(FbConnection *connection)
{
	connection->transfers = g_hash_table_new_full(g_int64_hash, g_int64_equal, NULL, transfer_free);
}

void fb_transfers_free(FbConnection *connection)
{
	g_hash_table_destroy(connection->transfers);
}

FbConnection *fb_transfer_connection(PurpleXfer *xfer)
{
	PurpleConnection *gc = purple_account_get_connection(purple_xfer_get_account(xfer));

	return gc != NULL ? gc->proto_data : NULL;
}

static Transfer *find(FbConnection *connection, const fbchat_event *event)
{
	fbchat_request request = fbchat_event_request(event);

	return g_hash_table_lookup(connection->transfers, &request);
}

/* Removes a transfer from the table; nothing here refers to libpurple's object afterwards. */
static PurpleXfer *forget(FbConnection *connection, Transfer *transfer)
{
	PurpleXfer *xfer = transfer->xfer;

	g_hash_table_remove(connection->transfers, &transfer->request);
	return xfer;
}

PurpleXfer *fb_transfer_answered(FbConnection *connection, const fbchat_event *event)
{
	Transfer *transfer = find(connection, event);

	return transfer != NULL ? forget(connection, transfer) : NULL;
}

static Transfer *find_xfer(FbConnection *connection, PurpleXfer *xfer)
{
	GHashTableIter iter;
	gpointer value;

	g_hash_table_iter_init(&iter, connection->transfers);
	while (g_hash_table_iter_next(&iter, NULL, &value)) {
		if (((Transfer *)value)->xfer == xfer)
			return value;
	}
	return NULL;
}

/* libpurple knows only two causes, and would tell the user that one of the two people has cancelled it; without a name it finds no
 * conversation to write that into. */
void fb_transfer_end(PurpleXfer *xfer)
{
	char *who = xfer->who;

	purple_xfer_ref(xfer);
	xfer->who = g_strdup("");
	purple_xfer_cancel_local(xfer);
	g_free(xfer->who);
	xfer->who = who;
	purple_xfer_unref(xfer);
}

/* Deletes an incomplete download. Before the start of a transfer the file there is one of the user's own. */
static void remove_part(PurpleXfer *xfer)
{
	if (purple_xfer_get_type(xfer) == PURPLE_XFER_RECEIVE && purple_xfer_get_start_time(xfer) != 0)
		g_unlink(purple_xfer_get_local_filename(xfer));
}

void fb_transfer_fail(PurpleXfer *xfer, const char *with, const char *sentence)
{
	const char *name = purple_xfer_get_filename(xfer) != NULL ? purple_xfer_get_filename(xfer) : "";
	PurpleAccount *account = purple_xfer_get_account(xfer);

	purple_xfer_ref(xfer);
	fb_transfer_end(xfer);
	remove_part(xfer);
	if (purple_xfer_get_type(xfer) == PURPLE_XFER_SEND) {
		fb_outgoing_refused(account, with, sentence, name);
	} else {
		char *whole = fb_sentence(sentence);
		char *plain = g_strdup_printf(_("%s This file was not saved:\n%s"), whole, name);

		fb_failure_with(account, with, plain);
		g_free(plain);
		g_free(whole);
	}
	purple_xfer_unref(xfer);
}

void fb_transfer_cancelled(PurpleXfer *xfer)
{
	FbConnection *connection = fb_transfer_connection(xfer);
	Transfer *transfer = connection != NULL ? find_xfer(connection, xfer) : NULL;

	if (transfer == NULL)
		return;
	fbchat_request_cancel(fb_client(), transfer->request);
	forget(connection, transfer);
	remove_part(xfer);
}

void fb_transfers_leave(FbConnection *connection)
{
	while (g_hash_table_size(connection->transfers) > 0) {
		GHashTableIter iter;
		gpointer value;
		char *with;

		g_hash_table_iter_init(&iter, connection->transfers);
		if (!g_hash_table_iter_next(&iter, NULL, &value))
			return;
		fbchat_request_cancel(fb_client(), ((Transfer *)value)->request);
		with = g_strdup(((Transfer *)value)->with);
		fb_transfer_fail(forget(connection, value), with, _("You have signed off."));
		g_free(with);
	}
}

void fb_transfer_progress(FbConnection *connection, const fbchat_event *event)
{
	Transfer *transfer = find(connection, event);
	gint64 done = fb_int(event, 0, FBCHAT_FIELD_BYTES_DONE);
	gint64 total = fb_int(event, 0, FBCHAT_FIELD_BYTES_TOTAL);

	if (transfer == NULL)
		return;
	if (total > 0)
		purple_xfer_set_size(transfer->xfer, (size_t)total);
	purple_xfer_set_bytes_sent(transfer->xfer, MIN((size_t)MAX(done, 0), purple_xfer_get_size(transfer->xfer)));
	purple_xfer_update_progress(transfer->xfer);
}

intptr_t fb_transfer_descriptor(PurpleXfer *xfer)
{
	if (xfer->dest_fp == NULL)
		return -1;
#ifdef _WIN32
	return _get_osfhandle(_fileno(xfer->dest_fp));
#else
	return fileno(xfer->dest_fp);
#endif
}

void fb_transfer_begin(FbConnection *connection, PurpleXfer *xfer, fbchat_status status, FbAnswered answered, const char *with)
{
	Transfer *transfer;

	if (status != FBCHAT_OK) {
		char *sentence = g_strdup(fbchat_last_error());

		fb_transfer_fail(xfer, with, sentence);
		g_free(sentence);
		return;
	}
	transfer = g_new0(Transfer, 1);
	transfer->request = connection->begun;
	transfer->xfer = xfer;
	transfer->with = g_strdup(with);
	g_hash_table_insert(connection->transfers, &transfer->request, transfer);
	fb_pending_add(connection, status, answered, with, NULL);
}

void fb_transfer_complete(PurpleXfer *xfer)
{
	purple_xfer_set_bytes_sent(xfer, purple_xfer_get_size(xfer));
	purple_xfer_set_completed(xfer, TRUE);
	purple_xfer_end(xfer);
}
