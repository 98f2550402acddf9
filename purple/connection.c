/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sign-on, its progress, what ends a connection, and sign-off.
 *
 * The library reconnects by itself and loses nothing meanwhile, so a short outage is not reported to the host. A long one
 * is, because then users want to know that nobody can reach them.
 */
#include "connection.h"

#include <debug.h>
#include <eventloop.h>

#include "alias.h"
#include "buddies.h"
#include "certificate.h"
#include "client.h"
#include "dedup.h"
#include "fields.h"
#include "files.h"
#include "groups.h"
#include "icons.h"
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

/* The longest time without a working channel, at sign-on and later, before the host is told that the account is offline. */
#define OUTAGE_SECONDS 90

/* The address at which this account has signed on before. */
#define KNOWN_SERVER "known_server"

struct FbSignOn {
	gint steps;                 /* sign-on steps that were shown; a repeated attempt does not go back */
	guint outage;               /* timer; runs whenever the channel is not open */
	fbchat_status why;          /* what failed last, while it runs */
	char *why_text;
	gint64 certificate_problem; /* FBCHAT_CERTIFICATE_, if that is the reason */
	char *certificate;          /* its fingerprint */
};

static gboolean server_is_known(FbConnection *connection)
{
	PurpleAccount *account = purple_connection_get_account(connection->gc);

	return g_strcmp0(purple_account_get_string(account, KNOWN_SERVER, NULL), fb_server_of(connection)) == 0;
}

/* This decides what libpurple does next: it tries again after NETWORK_ERROR and ENCRYPTION_ERROR; after any other error
 * the account stays off until the user does something. */
static PurpleConnectionError error_of(FbConnection *connection, fbchat_status status)
{
	switch (status) {
	case FBCHAT_ERR_CREDENTIALS:
		return PURPLE_CONNECTION_ERROR_AUTHENTICATION_FAILED;
	case FBCHAT_ERR_CHALLENGE:
		return PURPLE_CONNECTION_ERROR_AUTHENTICATION_IMPOSSIBLE;
	case FBCHAT_ERR_UTF8:
	case FBCHAT_ERR_ARGUMENT:
	case FBCHAT_ERR_KEY:
	case FBCHAT_ERR_INSECURE:
		return PURPLE_CONNECTION_ERROR_INVALID_SETTINGS;
	/* If the server was the right one yesterday, this is probably the login page of a hotel's network, and no reason to
	 * switch the account off. */
	case FBCHAT_ERR_SERVER_CHANGED:
		return server_is_known(connection) ? PURPLE_CONNECTION_ERROR_NETWORK_ERROR
		                                   : PURPLE_CONNECTION_ERROR_INVALID_SETTINGS;
	/* The same applies to that page's certificate; but not to one that has expired or differs from the pinned one. */
	case FBCHAT_ERR_TLS:
		switch (server_is_known(connection) ? connection->sign_on->certificate_problem : -1) {
		case 0:
		case FBCHAT_CERTIFICATE_UNKNOWN_ISSUER:
		case FBCHAT_CERTIFICATE_WRONG_NAME:
		case FBCHAT_CERTIFICATE_OTHER:
			return PURPLE_CONNECTION_ERROR_ENCRYPTION_ERROR;
		default:
			return fb_certificate_error(connection->sign_on->certificate_problem);
		}
	default:
		return PURPLE_CONNECTION_ERROR_NETWORK_ERROR;
	}
}

static void stop_outage(struct FbSignOn *sign_on)
{
	if (sign_on->outage != 0)
		purple_timeout_remove(sign_on->outage);
	sign_on->outage = 0;
	sign_on->why = FBCHAT_OK;
	g_free(sign_on->why_text);
	sign_on->why_text = NULL;
}

void fb_connection_give_up(FbConnection *connection, PurpleConnectionError reason, const char *sentence)
{
	char *whole;

	if (connection->given_up)
		return;
	/* There is no account yet to try again with. */
	if (connection->registering)
		reason = PURPLE_CONNECTION_ERROR_OTHER_ERROR;
	connection->given_up = TRUE;
	whole = fb_sentence(sentence);
	purple_connection_error_reason(connection->gc, reason, whole);
	g_free(whole);
}

/* Remembers why the current attempt failed, for the end of the outage. */
static void note_failure(struct FbSignOn *sign_on, const fbchat_event *event)
{
	sign_on->why = fbchat_event_status(event);
	g_free(sign_on->why_text);
	sign_on->why_text = g_strdup(fbchat_event_str(event, 0, FBCHAT_FIELD_REASON, NULL));
	sign_on->certificate_problem = fb_int(event, 0, FBCHAT_FIELD_CERTIFICATE_PROBLEM);
	g_free(sign_on->certificate);
	sign_on->certificate = g_strdup(fbchat_event_str(event, 0, FBCHAT_FIELD_CERTIFICATE_SHA256, NULL));
}

/* Reports the failure, and asks about the certificate if that is the reason. */
static void report_failure(FbConnection *connection, const char *sentence)
{
	const struct FbSignOn *sign_on = connection->sign_on;
	PurpleConnectionError reason = error_of(connection, sign_on->why);

	if (connection->given_up)
		return;
	if (sign_on->why == FBCHAT_ERR_TLS)
		fb_certificate_ask(connection, sign_on->certificate_problem, sign_on->certificate, sentence,
		                   reason != PURPLE_CONNECTION_ERROR_ENCRYPTION_ERROR);
	fb_connection_give_up(connection, reason, sentence);
}

static gboolean outage_lasted(gpointer data)
{
	FbConnection *connection = data;
	char *sentence = g_strdup(connection->sign_on->why_text);

	if (sentence == NULL)
		sentence = g_strdup_printf(_("%s does not answer. Please try again later."), fb_server_of(connection));
	connection->sign_on->outage = 0;
	fb_resume_wanted(connection);
	report_failure(connection, sentence);
	g_free(sentence);
	return FALSE;
}

static void start_outage(FbConnection *connection)
{
	PurpleAccount *account = purple_connection_get_account(connection->gc);
	/* Not offered in the account's dialog: for tests, and for connections where 90 seconds are too short. */
	int seconds = purple_account_get_int(account, "outage_seconds", OUTAGE_SECONDS);

	if (connection->sign_on->outage == 0)
		connection->sign_on->outage =
			purple_timeout_add_seconds((guint)CLAMP(seconds, 1, 3600), outage_lasted, connection);
}

/* Each step is shown once and only in order: some hosts print every one as a line of chat. */
static void show_step(FbConnection *connection, gint step, const char *text)
{
	if (PURPLE_CONNECTION_IS_CONNECTED(connection->gc) || step < connection->sign_on->steps)
		return;
	connection->sign_on->steps = step + 1;
	purple_connection_update_progress(connection->gc, text, step, 4);
}

void fb_connection_keep_error(FbConnection *connection)
{
	g_free(connection->sign_on->why_text);
	connection->sign_on->why_text = g_strdup(fbchat_last_error());
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
		fb_connection_keep_error(connection);
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
	connection->sign_on = g_new0(struct FbSignOn, 1);
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
	g_free(connection->sign_on->certificate);
	g_free(connection->sign_on);
	g_free(connection);
}

void fb_connection_opened(FbConnection *connection, fbchat_status status)
{
	char *sentence = connection->sign_on->why_text;

	connection->sign_on->why_text = NULL;
	if (status == FBCHAT_OK) {
		fb_buddies_restore(connection);
		show_step(connection, 0, _("Signing in"));
		start_outage(connection);
	} else if (status == FBCHAT_ERR_INSECURE) {
		/* The library cannot know where this host keeps the setting. */
		fb_connection_give_up(
			connection, error_of(connection, status),
			_("The connection would not be encrypted, and the password could be read on the way. Please use an address "
		      "that begins with https://, or allow this in the advanced settings of the account."));
	} else {
		fb_connection_give_up(connection, error_of(connection, status),
		                      sentence != NULL && *sentence != '\0' ? sentence : _("The chat library could not start."));
	}
	g_free(sentence);
}

static fbchat_status log_in(FbConnection *connection)
{
	const char *password = purple_connection_get_password(connection->gc);
	fbchat_status status =
		fbchat_session_login(fb_client(), connection->session,
	                         purple_account_get_username(purple_connection_get_account(connection->gc)),
	                         password != NULL ? password : "", &connection->begun);

	if (status != FBCHAT_OK)
		fb_connection_keep_error(connection);
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
	stop_outage(connection->sign_on);
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
		start_outage(connection);
		show_step(connection, 0, _("Signing in"));
		break;
	case FBCHAT_CONNECTION_LOADING_PAGE:
		start_outage(connection);
		show_step(connection, 1, _("Loading the chat page"));
		break;
	case FBCHAT_CONNECTION_OPENING_CHANNEL:
		start_outage(connection);
		show_step(connection, 2, _("Opening the channel"));
		break;
	case FBCHAT_CONNECTION_CONNECTED:
		stop_outage(connection->sign_on);
		show_step(connection, 3, _("Ready to chat"));
		if (!server_is_known(connection))
			purple_account_set_string(purple_connection_get_account(connection->gc), KNOWN_SERVER, fb_server_of(connection));
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
		start_outage(connection);
		note_failure(connection->sign_on, event);
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
	const char *reason = fbchat_event_str(event, 0, FBCHAT_FIELD_REASON, NULL);

	/* The server has ended the session that was to be resumed, so the password is needed. */
	if (fb_resume_end(connection) && log_in(connection) == FBCHAT_OK)
		return;
	note_failure(connection->sign_on, event);
	/* A challenge is one, whatever status comes with it. */
	if (fbchat_event_kind(event) == FBCHAT_EVENT_CHALLENGE)
		connection->sign_on->why = FBCHAT_ERR_CHALLENGE;
	purple_debug_info("fbchat", "the session ended: %s\n", fbchat_status_name(connection->sign_on->why));
	report_failure(connection, reason != NULL && *reason != '\0' ? reason : _("The server ended the connection."));
}
