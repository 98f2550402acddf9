/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Received files, for users who want to be asked whether to save each of them.
 */
#include "offers.h"

#include <accountopt.h>
#include <ft.h>

#include "client.h"
#include "fields.h"
#include "host.h"
#include "transfers.h"

/* Whether received files are offered. Off, because most people do not want to be asked about each of them. Terminals show the
 * addresses, and the dialog of Finch has no room for more settings. */
#define ASK "ask_files"

/* The maximum number of offers per message; the addresses of the other files are shown. */
#define MOST_OFFERS 3

GList *fb_offers_options(GList *options)
{
	if (!fb_in_pidgin())
		return options;
	return g_list_append(options, purple_account_option_bool_new(_("Ask whether to save each file"), ASK, FALSE));
}

static void saved(FbConnection *connection, const fbchat_event *event, const char *with, const char *text)
{
	PurpleXfer *xfer = fb_transfer_answered(connection, event);
	const char *failure = fb_failure(event);

	(void)text;
	if (xfer == NULL)
		return;
	if (failure != NULL)
		fb_transfer_fail(xfer, with, failure);
	else
		fb_transfer_complete(xfer);
}

/* The id of a file that was offered. libpurple does not report when it drops an offer, so the id is in a field that libpurple
 * frees and that is otherwise unused here. */
static void set_file_id(PurpleXfer *xfer, const char *file_id)
{
	xfer->remote_ip = g_strdup(file_id);
}

static void start_download(PurpleXfer *xfer)
{
	FbConnection *connection = fb_transfer_connection(xfer);
	fbchat_status status = fbchat_session_download_fd(fb_client(), connection->session, purple_xfer_get_remote_ip(xfer),
	                                                  fb_transfer_descriptor(xfer), &connection->begun);

	fb_transfer_begin(connection, xfer, status, saved, xfer->who);
}

/* The user has chosen where to save it. */
static void place_chosen(PurpleXfer *xfer)
{
	if (fb_transfer_connection(xfer) == NULL)
		fb_transfer_fail(xfer, xfer->who, _("You are not signed on."));
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
	purple_xfer_set_cancel_recv_fnc(xfer, fb_transfer_cancelled);
	purple_xfer_request(xfer);
	g_free(safe);
}

void fb_offers_make(FbConnection *connection, const fbchat_event *event, const char *who, gboolean pictures_shown)
{
	fbchat_session session = connection->session;
	size_t count = MIN(fbchat_event_count(event), MOST_OFFERS);
	PurpleAccount *account = purple_connection_get_account(connection->gc);
	gint64 flags = fb_int(event, 0, FBCHAT_FIELD_FLAGS);
	size_t item;

	/* The dialog would show strangers by their number, and a backlog would open dozens of dialogs. */
	if (!purple_account_get_bool(account, ASK, FALSE) || purple_find_buddy(account, who) == NULL ||
	    (flags & (FBCHAT_MESSAGE_OWN | FBCHAT_MESSAGE_REPLAYED)) != 0)
		return;
	for (item = 0; item < count && fb_client_find(session) != NULL; item++) {
		gboolean shown = pictures_shown && fb_int(event, item, FBCHAT_FIELD_FILE_KIND) == FBCHAT_FILE_PHOTO;

		if (!shown && fbchat_event_str(event, item, FBCHAT_FIELD_FILE_ID, NULL) != NULL)
			offer(connection, event, item, who);
	}
}
