/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Files that the user sends or saves, as transfers of libpurple with their own window. The library reads and writes the file
 * through libpurple's descriptor; libpurple only shows how far that is.
 */
#define _POSIX_C_SOURCE 200112L /* for fileno */

#include "transfers.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <unistd.h> /* for R_OK */
#ifdef _WIN32
#include <io.h>
#endif

#include <accountopt.h>
#include <conversation.h>
#include <util.h>

#include "client.h"
#include "failures.h"
#include "fields.h"
#include "files.h"
#include "outgoing.h"
#include "pending.h"

/* Whether files that come are offered. Off, because most people do not want to be asked about each. */
#define ASK "ask_files"

/* Of a message with many files these are offered, and the others have their addresses. */
#define MOST_OFFERS 3

/* A transfer from the choice of a file to its end; what the user has not answered yet is libpurple's alone. */
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

GList *fb_transfers_options(GList *options)
{
	return g_list_append(options, purple_account_option_bool_new(_("Ask whether to save each file"), ASK, FALSE));
}

static FbConnection *connection_of(PurpleXfer *xfer)
{
	PurpleConnection *gc = purple_account_get_connection(purple_xfer_get_account(xfer));

	return gc != NULL ? gc->proto_data : NULL;
}

static Transfer *find(FbConnection *connection, const fbchat_event *event)
{
	fbchat_request request = fbchat_event_request(event);

	return g_hash_table_lookup(connection->transfers, &request);
}

/* Takes a transfer off the table: from then on nothing here knows libpurple's part. */
static PurpleXfer *forget(FbConnection *connection, Transfer *transfer)
{
	PurpleXfer *xfer = transfer->xfer;

	g_hash_table_remove(connection->transfers, &transfer->request);
	return xfer;
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

/* Ends a transfer that has failed. libpurple knows only two causes, and would tell the user that one of the two people has
 * cancelled it; it finds no conversation to write that into without a name. */
static void end(PurpleXfer *xfer)
{
	char *who = xfer->who;

	purple_xfer_ref(xfer);
	xfer->who = g_strdup("");
	purple_xfer_cancel_local(xfer);
	g_free(xfer->who);
	xfer->who = who;
	purple_xfer_unref(xfer);
}

/* What is left of a file that was not received in full. Before the start it is a file that the user has had there. */
static void remove_part(PurpleXfer *xfer)
{
	if (purple_xfer_get_type(xfer) == PURPLE_XFER_RECEIVE && purple_xfer_get_start_time(xfer) != 0)
		g_unlink(purple_xfer_get_local_filename(xfer));
}

static void fail(PurpleXfer *xfer, const char *with, const char *sentence)
{
	const char *name = purple_xfer_get_filename(xfer) != NULL ? purple_xfer_get_filename(xfer) : "";
	PurpleAccount *account = purple_xfer_get_account(xfer);

	purple_xfer_ref(xfer);
	end(xfer);
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

/* The user has cancelled it. */
static void cancelled(PurpleXfer *xfer)
{
	FbConnection *connection = connection_of(xfer);
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
		fail(forget(connection, value), with, _("You have signed off."));
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

/* libpurple's descriptor, in the form that the library takes; -1 in hosts that have none. */
static intptr_t descriptor_of(PurpleXfer *xfer)
{
	if (xfer->dest_fp == NULL)
		return -1;
#ifdef _WIN32
	return _get_osfhandle(_fileno(xfer->dest_fp));
#else
	return fileno(xfer->dest_fp);
#endif
}

/* A transfer has a request from now on, or fails. */
static void begun(FbConnection *connection, PurpleXfer *xfer, fbchat_status status, FbAnswered answered, const char *with)
{
	Transfer *transfer;

	if (status != FBCHAT_OK) {
		char *sentence = g_strdup(fbchat_last_error());

		fail(xfer, with, sentence);
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

static void complete(PurpleXfer *xfer)
{
	purple_xfer_set_bytes_sent(xfer, purple_xfer_get_size(xfer));
	purple_xfer_set_completed(xfer, TRUE);
	purple_xfer_end(xfer);
}

/* ---- Sending ---- */

/* Groups have their number here: to libpurple they have their name, since it would show the number. */
static char *recipient_of(PurpleXfer *xfer)
{
	return xfer->data != NULL ? fb_name_of(GPOINTER_TO_SIZE(xfer->data)) : g_strdup(xfer->who);
}

/* The file as a line of the user's own, as those who get it see it. */
static void show_sent(FbConnection *connection, const fbchat_event *event, const char *with)
{
	PurpleAccount *account = purple_connection_get_account(connection->gc);
	PurpleConversation *conversation = purple_find_conversation_with_account(PURPLE_CONV_TYPE_ANY, with, account);
	fbchat_session session = connection->session;
	char **pictures = fb_pictures_of(connection, event, 0);
	char *markup = fb_file_markup(event, 0);
	char *own = fb_name_of(connection->uid);

	if (conversation != NULL && purple_conversation_get_type(conversation) == PURPLE_CONV_TYPE_CHAT)
		purple_conv_chat_write(PURPLE_CONV_CHAT(conversation), own, markup, PURPLE_MESSAGE_SEND, time(NULL));
	else if (conversation != NULL)
		purple_conv_im_write(PURPLE_CONV_IM(conversation), NULL, markup, PURPLE_MESSAGE_SEND, time(NULL));
	if (conversation != NULL && fb_client_find(session) != NULL)
		fb_pictures_show(connection, with, own, pictures, PURPLE_MESSAGE_SEND, time(NULL));
	g_free(own);
	g_free(markup);
	g_strfreev(pictures);
}

static void uploaded(FbConnection *connection, const fbchat_event *event, const char *with, const char *text)
{
	const char *file_id = fbchat_event_str(event, 0, FBCHAT_FIELD_FILE_ID, NULL);
	const char *failure = fb_failure(event);
	Transfer *transfer = find(connection, event);
	fbchat_session session = connection->session;
	PurpleXfer *xfer;
	gboolean sent;

	(void)text;
	/* Cancelled: a file that is not sent is nobody's. */
	if (transfer == NULL)
		return;
	xfer = forget(connection, transfer);
	if (failure != NULL || file_id == NULL) {
		fail(xfer, with, failure != NULL ? failure : _("The server refused."));
		return;
	}
	purple_xfer_ref(xfer);
	sent = fb_outgoing_file(connection, with, file_id, purple_xfer_get_filename(xfer));
	if (sent)
		complete(xfer);
	else
		end(xfer);
	purple_xfer_unref(xfer);
	if (sent && fb_client_find(session) != NULL)
		show_sent(connection, event, with);
}

/* libpurple has opened the file. */
static void start_upload(PurpleXfer *xfer)
{
	FbConnection *connection = connection_of(xfer);
	char *with = recipient_of(xfer);

	begun(connection, xfer,
	      fbchat_session_upload_fd(fb_client(), connection->session, descriptor_of(xfer), purple_xfer_get_filename(xfer), &connection->begun),
	      uploaded, with);
	g_free(with);
}

/* Why a file cannot be sent; NULL if it can. g_free */
static char *objection(FbConnection *connection, PurpleXfer *xfer)
{
	const char *path = purple_xfer_get_local_filename(xfer);

	if (connection == NULL)
		return g_strdup(_("You are not signed on."));
	if ((connection->features & FBCHAT_FEATURE_FILES) == 0)
		return g_strdup(_("This server takes no files."));
	if (path == NULL || purple_xfer_get_filename(xfer) == NULL)
		return g_strdup(_("The file has no name."));
	/* Neither is a pipe, on which opening would wait. */
	if (!g_file_test(path, G_FILE_TEST_IS_REGULAR))
		return g_strdup(_("Only files can be sent, no folders."));
	if (g_access(path, R_OK) != 0)
		return g_strdup_printf(_("The file cannot be read: %s."), g_strerror(errno));
	if (purple_xfer_get_size(xfer) == 0)
		return g_strdup(_("The file is empty."));
	if (connection->file_limit > 0 && purple_xfer_get_size(xfer) > (guint64)connection->file_limit) {
		char *limit = purple_str_size_to_units((size_t)connection->file_limit);
		char *sentence = g_strdup_printf(_("A file can have at most %s."), limit);

		g_free(limit);
		return sentence;
	}
	return NULL;
}

/* The user has chosen a file. */
static void file_chosen(PurpleXfer *xfer)
{
	char *sentence = objection(connection_of(xfer), xfer);
	char *with = recipient_of(xfer);

	if (sentence != NULL)
		fail(xfer, with, sentence);
	else
		purple_xfer_start(xfer, -1, NULL, 0);
	g_free(with);
	g_free(sentence);
}

PurpleXfer *fb_new_xfer(PurpleConnection *gc, const char *who)
{
	PurpleXfer *xfer = purple_xfer_new(purple_connection_get_account(gc), PURPLE_XFER_SEND, who);

	if (xfer == NULL)
		return NULL;
	purple_xfer_set_init_fnc(xfer, file_chosen);
	purple_xfer_set_start_fnc(xfer, start_upload);
	purple_xfer_set_cancel_send_fnc(xfer, cancelled);
	return xfer;
}

static void begin(PurpleXfer *xfer, const char *filename)
{
	if (xfer == NULL)
		return;
	if (filename != NULL && *filename != '\0')
		purple_xfer_request_accepted(xfer, filename);
	else
		purple_xfer_request(xfer);
}

gboolean fb_can_receive_file(PurpleConnection *gc, const char *who)
{
	const FbConnection *connection = gc != NULL ? gc->proto_data : NULL;

	return connection != NULL && (connection->features & FBCHAT_FEATURE_FILES) != 0 && fb_uid_of(who) != 0;
}

void fb_send_file(PurpleConnection *gc, const char *who, const char *filename)
{
	begin(fb_new_xfer(gc, who), filename);
}

static const char *group_of(PurpleConnection *gc, int id)
{
	PurpleConversation *conversation = purple_find_chat(gc, id);

	return conversation != NULL ? purple_conversation_get_name(conversation) : NULL;
}

gboolean fb_chat_can_receive_file(PurpleConnection *gc, int id)
{
	return fb_can_receive_file(gc, group_of(gc, id));
}

void fb_chat_send_file(PurpleConnection *gc, int id, const char *filename)
{
	fbchat_uid group = fb_uid_of(group_of(gc, id));
	PurpleXfer *xfer = group != 0 ? fb_new_xfer(gc, purple_conversation_get_title(purple_find_chat(gc, id))) : NULL;

	/* Numbers of groups have 31 bits. */
	if (xfer != NULL)
		xfer->data = GSIZE_TO_POINTER((gsize)group);
	begin(xfer, filename);
}

/* ---- Saving what came ---- */

static void saved(FbConnection *connection, const fbchat_event *event, const char *with, const char *text)
{
	Transfer *transfer = find(connection, event);
	const char *failure = fb_failure(event);
	PurpleXfer *xfer;

	(void)text;
	if (transfer == NULL)
		return;
	xfer = forget(connection, transfer);
	if (failure != NULL)
		fail(xfer, with, failure);
	else
		complete(xfer);
}

/* The id of a file that was offered. libpurple does not tell when it drops an offer, so the id is in a field that libpurple
 * frees and that has no other use here. */
static void set_file_id(PurpleXfer *xfer, const char *file_id)
{
	xfer->remote_ip = g_strdup(file_id);
}

static void start_download(PurpleXfer *xfer)
{
	FbConnection *connection = connection_of(xfer);

	begun(connection, xfer,
	      fbchat_session_download_fd(fb_client(), connection->session, purple_xfer_get_remote_ip(xfer), descriptor_of(xfer), &connection->begun),
	      saved, xfer->who);
}

/* The user has chosen where to save it. */
static void place_chosen(PurpleXfer *xfer)
{
	if (connection_of(xfer) == NULL)
		fail(xfer, xfer->who, _("You are not signed on."));
	else
		purple_xfer_start(xfer, -1, NULL, 0);
}

/* A name that the dialog can suggest: no directories, and no hidden file. */
static char *safe_name(const char *name)
{
	char *base = g_path_get_basename(name);

	g_strdelimit(base, "/\\:*?\"<>|", '_');
	if (*base == '.')
		*base = '_';
	return base;
}

static void offer(FbConnection *connection, const fbchat_event *event, size_t item, const char *who)
{
	const char *name = fbchat_event_str(event, item, FBCHAT_FIELD_FILE_NAME, NULL);
	PurpleXfer *xfer = purple_xfer_new(purple_connection_get_account(connection->gc), PURPLE_XFER_RECEIVE, who);
	char *safe = safe_name(name != NULL && *name != '\0' ? name : "file");

	purple_xfer_set_filename(xfer, safe);
	purple_xfer_set_size(xfer, (size_t)MAX(fb_int(event, item, FBCHAT_FIELD_FILE_SIZE), 0));
	set_file_id(xfer, fbchat_event_str(event, item, FBCHAT_FIELD_FILE_ID, NULL));
	purple_xfer_set_init_fnc(xfer, place_chosen);
	purple_xfer_set_start_fnc(xfer, start_download);
	purple_xfer_set_cancel_recv_fnc(xfer, cancelled);
	purple_xfer_request(xfer);
	g_free(safe);
}

void fb_transfers_offer(FbConnection *connection, const fbchat_event *event, const char *who, gboolean pictures_shown)
{
	fbchat_session session = connection->session;
	size_t count = MIN(fbchat_event_count(event), MOST_OFFERS);
	size_t item;

	if (!purple_account_get_bool(purple_connection_get_account(connection->gc), ASK, FALSE))
		return;
	for (item = 0; item < count && fb_client_find(session) != NULL; item++) {
		gboolean shown = pictures_shown && fb_int(event, item, FBCHAT_FIELD_FILE_KIND) == FBCHAT_FILE_PHOTO;

		if (!shown && fbchat_event_str(event, item, FBCHAT_FIELD_FILE_ID, NULL) != NULL)
			offer(connection, event, item, who);
	}
}
