/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Files that the user sends: chosen in a dialog, dropped into a window, or passed by the host.
 */
#include "uploads.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <unistd.h> /* for R_OK */

#include <conversation.h>

#include "client.h"
#include "fields.h"
#include "files.h"
#include "outgoing.h"
#include "transfers.h"

/* The number of the recipient. For a group it is in `data`: `who` has the group's name, because libpurple shows that. */
static char *recipient_of(PurpleXfer *xfer)
{
	return xfer->data != NULL ? fb_name_of(GPOINTER_TO_SIZE(xfer->data)) : g_strdup(xfer->who);
}

/* Shows the file as a line of the user, as the recipients see it. */
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
	PurpleXfer *xfer = fb_transfer_answered(connection, event);
	fbchat_session session = connection->session;
	gboolean sent;

	(void)text;
	/* The user has cancelled the upload, so it is not sent. */
	if (xfer == NULL)
		return;
	if (failure != NULL || file_id == NULL) {
		fb_transfer_fail(xfer, with, failure != NULL ? failure : _("The server refused."));
		return;
	}
	purple_xfer_ref(xfer);
	sent = fb_outgoing_file(connection, with, file_id, purple_xfer_get_filename(xfer));
	if (sent)
		fb_transfer_complete(xfer);
	else
		fb_transfer_end(xfer);
	purple_xfer_unref(xfer);
	if (sent && fb_client_find(session) != NULL)
		show_sent(connection, event, with);
}

/* libpurple has opened the file. */
static void start_upload(PurpleXfer *xfer)
{
	FbConnection *connection = fb_transfer_connection(xfer);
	fbchat_status status = fbchat_session_upload_fd(fb_client(), connection->session, fb_transfer_descriptor(xfer),
	                                                purple_xfer_get_filename(xfer), &connection->begun);
	char *with = recipient_of(xfer);

	fb_transfer_begin(connection, xfer, status, uploaded, with);
	g_free(with);
}

/* Why a file cannot be sent; NULL if it can. g_free */
static char *objection(FbConnection *connection, PurpleXfer *xfer)
{
	const char *path = purple_xfer_get_local_filename(xfer);

	if (connection == NULL)
		return g_strdup(_("You are not signed on."));
	if (path == NULL || purple_xfer_get_filename(xfer) == NULL)
		return g_strdup(_("The file has no name."));
	/* Nor a pipe, which would block on opening. */
	if (!g_file_test(path, G_FILE_TEST_IS_REGULAR))
		return g_strdup(_("Only files can be sent, no folders."));
	if (g_access(path, R_OK) != 0)
		return g_strdup_printf(_("The file cannot be read: %s."), g_strerror(errno));
	return fb_file_objection(connection, purple_xfer_get_size(xfer));
}

/* The user has chosen a file. */
static void file_chosen(PurpleXfer *xfer)
{
	char *sentence = objection(fb_transfer_connection(xfer), xfer);
	char *with = recipient_of(xfer);

	if (sentence != NULL)
		fb_transfer_fail(xfer, with, sentence);
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
	purple_xfer_set_cancel_send_fnc(xfer, fb_transfer_cancelled);
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
