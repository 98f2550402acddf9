/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The commands of the headless host about files and pictures, and what libpurple reports of transfers.
 */
#include <string.h>

#include <glib.h>

#include <account.h>
#include <conversation.h>
#include <ft.h>
#include <imgstore.h>
#include <prpl.h>
#include <server.h>
#include <util.h>

#include "testhost.h"

/* As Pidgin sends a file that is dropped, or from its menu without a path. */
static void send_file(PurpleAccount *account, const char *who, const char *path)
{
	PurpleConversation *chat = purple_find_conversation_with_account(PURPLE_CONV_TYPE_CHAT, who, account);
	PurplePlugin *prpl = purple_find_prpl(purple_account_get_protocol_id(account));
	PurplePluginProtocolInfo *protocol = PURPLE_PLUGIN_PROTOCOL_INFO(prpl);
	PurpleConnection *gc = purple_account_get_connection(account);

	if (*path == '\0')
		path = NULL;
	if (chat == NULL)
		serv_send_file(gc, who, path);
	else if (protocol->chat_can_receive_file(gc, purple_conv_chat_get_id(PURPLE_CONV_CHAT(chat))))
		protocol->chat_send_file(gc, purple_conv_chat_get_id(PURPLE_CONV_CHAT(chat)), path);
}

/* Sends a text in which {PATH} stands for a picture that was pasted, {=PATH} for one that has its name. */
static void send_pictures(PurpleAccount *account, const char *who, const char *text)
{
	PurpleConversation *chat = purple_find_conversation_with_account(PURPLE_CONV_TYPE_CHAT, who, account);
	char **pieces = g_strsplit_set(text, "{}", -1);
	GString *markup = g_string_new(NULL);
	GSList *ids = NULL;
	int i;

	for (i = 0; pieces[i] != NULL; i++) {
		const char *path = pieces[i] + (pieces[i][0] == '=' ? 1 : 0);
		gchar *bytes = NULL;
		gsize len = 0;

		if (i % 2 == 0) {
			g_string_append(markup, pieces[i]);
		} else if (g_file_get_contents(path, &bytes, &len, NULL)) {
			int id = purple_imgstore_add_with_id(bytes, len, path != pieces[i] ? path : NULL);

			g_string_append_printf(markup, "<IMG ID=\"%d\">", id);
			ids = g_slist_prepend(ids, GINT_TO_POINTER(id));
		}
	}
	if (chat != NULL)
		purple_conv_chat_send_with_flags(PURPLE_CONV_CHAT(chat), markup->str, PURPLE_MESSAGE_IMAGES);
	else
		purple_conv_im_send_with_flags(PURPLE_CONV_IM(purple_conversation_new(PURPLE_CONV_TYPE_IM, account, who)), markup->str,
		                               PURPLE_MESSAGE_IMAGES);
	for (; ids != NULL; ids = g_slist_delete_link(ids, ids))
		purple_imgstore_unref_by_id(GPOINTER_TO_INT(ids->data));
	g_string_free(markup, TRUE);
	g_strfreev(pieces);
}

static gboolean cancel(void)
{
	GList *all = purple_xfers_get_all();

	for (; all != NULL; all = all->next) {
		if (purple_xfer_get_status(all->data) == PURPLE_XFER_STATUS_STARTED) {
			purple_xfer_cancel_local(all->data);
			return TRUE;
		}
	}
	return FALSE;
}

gboolean files_run(const char *command, PurpleAccount *account, const char *who, const char *text)
{
	if (strcmp(command, "file") == 0)
		send_file(account, who, text);
	else if (strcmp(command, "pictures") == 0)
		send_pictures(account, who, text);
	else if (strcmp(command, "cancel") == 0)
		return cancel();
	else
		return FALSE;
	return TRUE;
}

void files_emit_pictures(const char *markup)
{
	const char *start;
	const char *end = NULL;
	GData *attributes;

	for (; purple_markup_find_tag("img", markup, &start, &end, &attributes); markup = end + 1) {
		const char *id = g_datalist_get_data(&attributes, "id");
		PurpleStoredImage *image = id != NULL ? purple_imgstore_find_by_id((int)g_ascii_strtoll(id, NULL, 10)) : NULL;

		emit("picture", "type", image != NULL ? purple_imgstore_get_extension(image) : "none", "size",
		     number(image != NULL ? (gint64)purple_imgstore_get_size(image) : 0), NULL);
		g_datalist_clear(&attributes);
	}
}

static void report(const char *state, PurpleXfer *xfer)
{
	emit("xfer", "state", state, "account", purple_account_get_username(purple_xfer_get_account(xfer)), "who",
	     purple_xfer_get_remote_user(xfer), "name", purple_xfer_get_filename(xfer), "size", number((gint64)purple_xfer_get_size(xfer)),
	     "sent", number((gint64)purple_xfer_get_bytes_sent(xfer)), "status", number(purple_xfer_get_status(xfer)), NULL);
}

static void on_add(PurpleXfer *xfer)
{
	report("added", xfer);
}

static void on_progress(PurpleXfer *xfer, double part)
{
	(void)part;
	report("progress", xfer);
}

static void on_cancel(PurpleXfer *xfer)
{
	report("cancelled", xfer);
}

static void on_gone(PurpleXfer *xfer)
{
	report("gone", xfer);
}

static PurpleXferUiOps xfer_ops = {
	.add_xfer = on_add,
	.update_progress = on_progress,
	.cancel_local = on_cancel,
	.cancel_remote = on_cancel,
	.destroy = on_gone,
};

void files_set_ops(void)
{
	purple_xfers_set_ui_ops(&xfer_ops);
}
