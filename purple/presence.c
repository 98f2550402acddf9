/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How others see this account. The server knows active, idle and invisible; libpurple's away is sent as idle. On the server
 * the status line is separate: it stays while a user is away or offline.
 */
#include "presence.h"

#include <status.h>
#include <util.h>

#include "client.h"
#include "pending.h"

static GList *with_message(GList *types, PurpleStatusPrimitive primitive, const char *id)
{
	return g_list_append(types, purple_status_type_new_with_attrs(primitive, id, NULL, TRUE, TRUE, FALSE, "message",
	                                                              _("Message"), purple_value_new(PURPLE_TYPE_STRING),
	                                                              NULL));
}

GList *fb_status_types(PurpleAccount *account)
{
	GList *types = NULL;

	(void)account;
	types = with_message(types, PURPLE_STATUS_AVAILABLE, FB_STATUS_AVAILABLE);
	types = with_message(types, PURPLE_STATUS_AWAY, "away");
	types = g_list_append(types, purple_status_type_new_full(PURPLE_STATUS_INVISIBLE, NULL, NULL, TRUE, TRUE, FALSE));
	types = g_list_append(types, purple_status_type_new_full(PURPLE_STATUS_OFFLINE, FB_STATUS_OFFLINE, NULL, TRUE, TRUE,
	                                                         FALSE));
	return types;
}

void fb_presence_free(FbConnection *connection)
{
	g_free(connection->status_line);
}

fbchat_status fb_presence_publish(FbConnection *connection)
{
	PurpleAccount *account = purple_connection_get_account(connection->gc);
	PurplePresence *presence = purple_account_get_presence(account);
	PurpleStatus *status = purple_account_get_active_status(account);
	int32_t seen_as = FBCHAT_PRESENCE_ACTIVE;

	switch (purple_status_type_get_primitive(purple_status_get_type(status))) {
	case PURPLE_STATUS_INVISIBLE:
		seen_as = FBCHAT_PRESENCE_INVISIBLE;
		break;
	case PURPLE_STATUS_AWAY:
	case PURPLE_STATUS_EXTENDED_AWAY:
		seen_as = FBCHAT_PRESENCE_IDLE;
		break;
	default:
		if (purple_presence_is_idle(presence))
			seen_as = FBCHAT_PRESENCE_IDLE;
		break;
	}
	return fbchat_session_set_presence(fb_client(), connection->session, seen_as);
}

const char *fb_status_line(FbConnection *connection)
{
	return connection->status_line;
}

void fb_status_line_set(FbConnection *connection, const char *text)
{
	g_free(connection->status_line);
	connection->status_line = *text != '\0' ? g_strdup(text) : NULL;
	fb_pending_add(connection, fbchat_session_set_status_text(fb_client(), connection->session, text, &connection->begun),
	               fb_tell_failure, NULL, NULL);
}

/* The message of the account's status becomes the status line. A status without a message does not remove a line that was
 * set on the web, and going away does not remove the one that was sent from here. */
void fb_status_line_publish(FbConnection *connection)
{
	PurpleStatus *status = purple_account_get_active_status(purple_connection_get_account(connection->gc));
	const char *markup = purple_status_get_attr_string(status, "message");
	char *html;
	char *text;

	if ((connection->features & FBCHAT_FEATURE_STATUS) == 0)
		return;
	/* Hosts pass what the user has typed as markup, perhaps of several lines; the server takes one line of plain text. */
	html = purple_strdup_withhtml(markup != NULL ? markup : "");
	text = purple_markup_strip_html(html);
	g_strdelimit(text, "\r\n\t", ' ');
	g_strstrip(text);
	if (*text != '\0' ? g_strcmp0(text, connection->status_line) != 0
	                  : connection->status_line != NULL &&
	                        g_strcmp0(purple_status_get_id(status), FB_STATUS_AVAILABLE) == 0)
		fb_status_line_set(connection, text);
	g_free(text);
	g_free(html);
}

void fb_set_status(PurpleAccount *account, PurpleStatus *status)
{
	PurpleConnection *gc = purple_account_get_connection(account);

	(void)status;
	if (gc == NULL || gc->proto_data == NULL)
		return;
	fb_presence_publish(gc->proto_data);
	fb_status_line_publish(gc->proto_data);
}

void fb_set_idle(PurpleConnection *gc, int seconds)
{
	(void)seconds;
	if (gc->proto_data != NULL)
		fb_presence_publish(gc->proto_data);
}
