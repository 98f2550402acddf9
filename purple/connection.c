/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sign-on, its progress, and sign-off. */
#include "connection.h"

#include <debug.h>

#include "alias.h"
#include "buddies.h"
#include "client.h"
#include "dedup.h"
#include "fields.h"
#include "files.h"
#include "groups.h"
#include "icons.h"
#include "outage.h"
#include "outgoing.h"
#include "pending.h"
#include "presence.h"
#include "privacy.h"
#include "prompts.h"
#include "resume.h"
#include "settings.h"
#include "strangers.h"
#include "transfers.h"
#include "typing.h"
#include "unread.h"
#include "unsent.h"

/* Each step is shown once and only in order: some hosts print every one as a line of chat. */
static void show_step(FbConnection *connection, gint step, const char *text)
{
	if (PURPLE_CONNECTION_IS_CONNECTED(connection->gc) || step < connection->steps)
		return;
	connection->steps = step + 1;
	purple_connection_update_progress(connection->gc, text, step, 4);
}

fbchat_status fb_connection_open(FbConnection *connection)
{
	fbchat_client *client = fb_client_get();
	fbchat_config *config = NULL;
	fbchat_status status;

	if (client == NULL)
		return FBCHAT_ERR_RESOURCES; /* the only reason there is, and the user cannot do much about it */
	status = fb_settings_config(connection, &config);
	if (status == FBCHAT_OK) {
		fb_unsent_restore(connection, config);
		status = fbchat_session_open(client, config, NULL, &connection->session);
	}
	if (status == FBCHAT_OK) {
		fb_client_add(connection);
		/* Before anything is sent: friends must not see a user come online who signs on as invisible. */
		status = fb_presence_publish(connection);
	}
	/* Before the configuration is freed, which may clear the text. */
	if (status != FBCHAT_OK)
		fb_outage_keep_error(connection);
	fbchat_config_free(config);
	return status;
}

FbConnection *fb_connection_new(PurpleAccount *account)
{
	PurpleConnection *gc = purple_account_get_connection(account);
	FbConnection *connection = g_new0(FbConnection, 1);

	connection->gc = gc;
	gc->proto_data = connection;
	/* Messages are plain text; without PURPLE_CONNECTION_HTML libpurple does not pass us ready-made links. Whether the server takes
	 * pictures is not known yet. */
	gc->flags |= PURPLE_CONNECTION_NO_BGCOLOR | PURPLE_CONNECTION_NO_FONTSIZE | PURPLE_CONNECTION_NO_URLDESC |
	             PURPLE_CONNECTION_NO_IMAGES;
	fb_outage_init(connection);
	fb_resume_init(connection);
	fb_pending_init(connection);
	fb_alias_init(connection);
	fb_buddies_init(connection);
	fb_icons_init(connection);
	fb_outgoing_init(connection);
	fb_files_init(connection);
	fb_transfers_init(connection);
	fb_strangers_init(connection);
	fb_unread_init(connection);
	fb_dedup_init(connection);
	fb_typing_init(connection);
	fb_groups_init(connection);
	fb_presence_init(connection);
	fb_privacy_init(connection);
	return connection;
}

static void free_all(FbConnection *connection)
{
	fb_alias_free(connection);
	fb_pending_free(connection);
	fb_groups_free(connection);
	fb_typing_free(connection);
	fb_transfers_free(connection);
	fb_files_free(connection);
	fb_outgoing_free(connection);
	fb_icons_free(connection);
	fb_unread_free(connection);
	fb_strangers_free(connection);
	fb_buddies_free(connection);
	fb_prompts_drop(connection, NULL);
	fb_privacy_free(connection);
	fb_presence_free(connection);
	fb_dedup_free(connection);
	fb_resume_free(connection);
	fb_outage_free(connection);
	g_free(connection);
}

void fb_connection_opened(FbConnection *connection, fbchat_status status)
{
	if (status != FBCHAT_OK) {
		fb_outage_not_opened(connection, status);
		return;
	}
	fb_buddies_restore(connection);
	show_step(connection, 0, _("Signing in"));
	fb_outage_start(connection);
}

static fbchat_status log_in(FbConnection *connection)
{
	const char *password = purple_connection_get_password(connection->gc);
	fbchat_status status =
		fbchat_session_login(fb_client(), connection->session,
	                         purple_account_get_username(purple_connection_get_account(connection->gc)),
	                         password != NULL ? password : "", &connection->begun);

	if (status != FBCHAT_OK)
		fb_outage_keep_error(connection);
	return status;
}

void fb_login(PurpleAccount *account)
{
	FbConnection *connection = fb_connection_new(account);
	fbchat_status status = fb_connection_open(connection);

	if (status == FBCHAT_OK && !fb_resume_begin(connection))
		status = log_in(connection);
	fb_connection_opened(connection, status);
}

/* Nothing is lost: what the library has no time to send is kept, and the rest is sent or shown as failed. */
static void leave(FbConnection *connection)
{
	fbchat_event *saved = NULL;

	fb_transfers_leave(connection);
	fb_outgoing_flush(connection);
	fbchat_session_get_saved_session(fb_client(), connection->session, &saved);
	fb_outgoing_leave(connection, fb_unsent_keep(connection, saved));
	if (!fb_resume_keep(connection, saved)) {
		fb_presence_close(connection);
		fbchat_session_logout(fb_client(), connection->session, NULL);
	}
	fbchat_session_close(fb_client(), connection->session);
	fbchat_event_free(saved);
}

/* Must not wait: it runs when the user signs off, and for every account when the host quits. The library logs out in its
 * own time. */
void fb_close(PurpleConnection *gc)
{
	FbConnection *connection = gc->proto_data;

	if (connection == NULL)
		return;
	fb_client_remove(connection);
	fb_outage_stop(connection);
	if (connection->session != 0 && fb_client() != NULL)
		leave(connection);
	gc->proto_data = NULL;
	free_all(connection);
}

/* Hosts let users insert pictures where these flags do not forbid it, and copy them for each window. Some windows stay open while
 * an account is signed off. */
static void allow_pictures(FbConnection *connection)
{
	PurpleAccount *account = purple_connection_get_account(connection->gc);
	GList *all = purple_get_conversations();

	connection->gc->flags &= ~PURPLE_CONNECTION_NO_IMAGES;
	for (; all != NULL; all = all->next) {
		if (purple_conversation_get_account(all->data) == account)
			purple_conversation_set_features(all->data, connection->gc->flags);
	}
}

void fb_connection_logged_in(FbConnection *connection, const fbchat_event *event)
{
	const char *name = fbchat_event_str(event, 0, FBCHAT_FIELD_NAME, NULL);

	fb_resume_end(connection);
	connection->uid = fbchat_event_uid(event, 0, FBCHAT_FIELD_UID);
	connection->features = fb_int(event, 0, FBCHAT_FIELD_FEATURES);
	connection->message_limit = fb_int(event, 0, FBCHAT_FIELD_MESSAGE_LIMIT);
	connection->file_limit = fb_int(event, 0, FBCHAT_FIELD_FILE_LIMIT);
	if ((connection->features & FBCHAT_FEATURE_FILES) != 0)
		allow_pictures(connection);
	/* The name in front of the user's own lines. */
	if (name != NULL && *name != '\0')
		purple_connection_set_display_name(connection->gc, name);
}

void fb_connection_state(FbConnection *connection, const fbchat_event *event)
{
	const char *reason = fbchat_event_str(event, 0, FBCHAT_FIELD_REASON, NULL);

	switch (fb_int(event, 0, FBCHAT_FIELD_CONNECTION)) {
	case FBCHAT_CONNECTION_LOGGING_IN:
		fb_outage_start(connection);
		show_step(connection, 0, _("Signing in"));
		break;
	case FBCHAT_CONNECTION_LOADING_PAGE:
		fb_outage_start(connection);
		show_step(connection, 1, _("Loading the chat page"));
		break;
	case FBCHAT_CONNECTION_OPENING_CHANNEL:
		fb_outage_start(connection);
		show_step(connection, 2, _("Opening the channel"));
		break;
	case FBCHAT_CONNECTION_CONNECTED:
		fb_outage_over(connection);
		show_step(connection, 3, _("Ready to chat"));
		/* It may have changed during an outage. */
		fb_privacy_refresh(connection);
		if (PURPLE_CONNECTION_IS_CONNECTED(connection->gc))
			break;
		/* Again, because libpurple does not report changes while an account signs on. */
		fb_presence_publish(connection);
		fb_status_line_publish(connection);
		fb_icon_publish(connection);
		fb_unread_notices(connection);
		/* Runs handlers of the host and of other plugins; the connection may be gone when it returns. */
		purple_connection_set_state(connection->gc, PURPLE_CONNECTED);
		break;
	case FBCHAT_CONNECTION_WAITING:
		fb_outage_start(connection);
		fb_outage_note(connection, event);
		purple_debug_info("fbchat", "waiting %" G_GINT64_FORMAT " ms before the next attempt: %s\n",
		                  fb_int(event, 0, FBCHAT_FIELD_WAIT_MS), reason != NULL ? reason : "no reason given");
		break;
	default:
		break;
	}
}

/* The library has given up: the login failed, or the session ended later. */
void fb_connection_failed(FbConnection *connection, const fbchat_event *event)
{
	/* The server has ended the session that was to be resumed, so the password is needed. */
	if (fb_resume_end(connection) && log_in(connection) == FBCHAT_OK)
		return;
	fb_outage_final(connection, event);
}
