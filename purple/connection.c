/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sign-on, its progress, what ends a connection, and sign-off.
 *
 * The library reconnects by itself and loses nothing meanwhile, so a short outage is none of the host's business. Only
 * one that lasts is reported, because then the user wants to see that nobody can reach him.
 */
#include "prpl.h"

#include <debug.h>
#include <eventloop.h>

/* The address at which this account has been signed on before. */
#define KNOWN_SERVER "known_server"

static gboolean server_is_known(FbConnection *connection)
{
	PurpleAccount *account = purple_connection_get_account(connection->gc);

	return g_strcmp0(purple_account_get_string(account, KNOWN_SERVER, NULL), fb_server_of(connection)) == 0;
}

/* What libpurple does next hangs on this: NETWORK_ERROR and ENCRYPTION_ERROR are tried again after a while, everything
 * else stays off until the user has done something about it. */
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
	/* A server that was the right one yesterday is rather hidden behind some hotel's login page today, and that is no
	 * reason to switch the account off. */
	case FBCHAT_ERR_SERVER_CHANGED:
		return server_is_known(connection) ? PURPLE_CONNECTION_ERROR_NETWORK_ERROR
		                                   : PURPLE_CONNECTION_ERROR_INVALID_SETTINGS;
	/* The same goes for that page's certificate; but not for one that is out of date or differs from the pinned one. */
	case FBCHAT_ERR_TLS:
		switch (server_is_known(connection) ? connection->certificate_problem : -1) {
		case 0:
		case FBCHAT_CERTIFICATE_UNKNOWN_ISSUER:
		case FBCHAT_CERTIFICATE_WRONG_NAME:
		case FBCHAT_CERTIFICATE_OTHER:
			return PURPLE_CONNECTION_ERROR_ENCRYPTION_ERROR;
		default:
			return fb_certificate_error(connection->certificate_problem);
		}
	default:
		return PURPLE_CONNECTION_ERROR_NETWORK_ERROR;
	}
}

static void stop_outage(FbConnection *connection)
{
	if (connection->outage != 0)
		purple_timeout_remove(connection->outage);
	connection->outage = 0;
	connection->why = FBCHAT_OK;
	g_free(connection->why_text);
	connection->why_text = NULL;
}

/* The first error counts. libpurple calls close from a timer later on; until then every further event is ignored. */
void fb_connection_give_up(FbConnection *connection, PurpleConnectionError reason, const char *sentence)
{
	char *whole;

	if (connection->given_up)
		return;
	/* There is no account yet with which to try again. */
	if (connection->registering)
		reason = PURPLE_CONNECTION_ERROR_OTHER_ERROR;
	connection->given_up = TRUE;
	whole = fb_sentence(sentence);
	purple_connection_error_reason(connection->gc, reason, whole);
	g_free(whole);
}

/* Why the present attempt failed, for the end of the outage. */
static void note_failure(FbConnection *connection, const fbchat_event *event)
{
	connection->why = fbchat_event_status(event);
	g_free(connection->why_text);
	connection->why_text = g_strdup(fbchat_event_str(event, 0, FBCHAT_FIELD_REASON, NULL));
	connection->certificate_problem = fb_int(event, 0, FBCHAT_FIELD_CERTIFICATE_PROBLEM);
	g_free(connection->certificate);
	connection->certificate = g_strdup(fbchat_event_str(event, 0, FBCHAT_FIELD_CERTIFICATE_SHA256, NULL));
}

/* Reports it, and asks about the certificate if that is the trouble. */
static void report_failure(FbConnection *connection, const char *sentence)
{
	PurpleConnectionError reason = error_of(connection, connection->why);

	if (connection->given_up)
		return;
	if (connection->why == FBCHAT_ERR_TLS)
		fb_certificate_ask(connection, connection->certificate_problem, connection->certificate, sentence,
		                   reason != PURPLE_CONNECTION_ERROR_ENCRYPTION_ERROR);
	fb_connection_give_up(connection, reason, sentence);
}

static gboolean outage_lasted(gpointer data)
{
	FbConnection *connection = data;
	char *sentence = g_strdup(connection->why_text);

	if (sentence == NULL)
		sentence = g_strdup_printf(_("%s does not answer. Please try again later."), fb_server_of(connection));
	connection->outage = 0;
	connection->goes_on = TRUE;
	report_failure(connection, sentence);
	g_free(sentence);
	return FALSE;
}

static void start_outage(FbConnection *connection)
{
	PurpleAccount *account = purple_connection_get_account(connection->gc);
	/* Not offered in the account's dialog: for tests, and for lines where 90 seconds are too few. */
	int seconds = purple_account_get_int(account, "outage_seconds", FB_OUTAGE_SECONDS);

	if (connection->outage == 0)
		connection->outage = purple_timeout_add_seconds((guint)CLAMP(seconds, 1, 3600), outage_lasted, connection);
}

/* Each step is shown once and only forwards: some hosts print every one as a line of chat. */
static void show_step(FbConnection *connection, gint step, const char *text)
{
	if (PURPLE_CONNECTION_IS_CONNECTED(connection->gc) || step < connection->steps)
		return;
	connection->steps = step + 1;
	purple_connection_update_progress(connection->gc, text, step, 4);
}

/* Opens the library's session for this account; FBCHAT_OK, or the reason why not, with a sentence in why_text. */
fbchat_status fb_connection_open(FbConnection *connection)
{
	fbchat_client *client = fb_client_get();
	fbchat_config *config = NULL;
	fbchat_status status;

	if (client == NULL)
		return FBCHAT_ERR_RESOURCES; /* the only reason there is, and none that the user could do much about */
	status = fb_settings_config(connection, &config);
	if (status == FBCHAT_OK)
		status = fbchat_session_open(client, config, NULL, &connection->session);
	if (status == FBCHAT_OK) {
		fb_client_add(connection);
		/* Before anything is sent: friends must not see somebody come who signs on as invisible. */
		status = fb_presence_publish(connection);
	}
	/* Freeing may clear the sentence, which is wanted later. */
	if (status != FBCHAT_OK)
		connection->why_text = g_strdup(fbchat_last_error());
	fbchat_config_free(config);
	return status;
}

FbConnection *fb_connection_new(PurpleAccount *account)
{
	PurpleConnection *gc = purple_account_get_connection(account);
	FbConnection *connection = g_new0(FbConnection, 1);

	connection->gc = gc;
	gc->proto_data = connection;
	/* Text is plain; without HTML among the flags libpurple does not hand us ready-made links. */
	gc->flags |= PURPLE_CONNECTION_NO_BGCOLOR | PURPLE_CONNECTION_NO_FONTSIZE | PURPLE_CONNECTION_NO_URLDESC |
	             PURPLE_CONNECTION_NO_IMAGES;
	fb_requests_init(connection);
	fb_icons_init(connection);
	fb_unread_init(connection);
	fb_seen_restore(connection);
	return connection;
}

/* The login is under way, or could not begin. */
void fb_connection_opened(FbConnection *connection, fbchat_status status)
{
	char *sentence = connection->why_text;

	connection->why_text = NULL;
	if (status == FBCHAT_OK) {
		fb_buddies_restore(connection);
		show_step(connection, 0, _("Signing in"));
		start_outage(connection);
	} else if (status == FBCHAT_ERR_INSECURE) {
		/* The library cannot know where in this host the way out is. */
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
		connection->why_text = g_strdup(fbchat_last_error());
	return status;
}

void fb_login(PurpleAccount *account)
{
	FbConnection *connection = fb_connection_new(account);
	fbchat_status status = fb_connection_open(connection);

	if (status == FBCHAT_OK && !fb_saved_resume(connection))
		status = log_in(connection);
	fb_connection_opened(connection, status);
}

/* Must not wait: it runs when the user signs off, and for every account when he quits. The library says good-bye to
 * the server in its own time. */
void fb_close(PurpleConnection *gc)
{
	FbConnection *connection = gc->proto_data;

	if (connection == NULL)
		return;
	fb_client_remove(connection);
	stop_outage(connection);
	if (connection->session != 0 && fb_client() != NULL) {
		if (!fb_saved_keep(connection))
			fbchat_session_logout(fb_client(), connection->session, NULL);
		fbchat_session_close(fb_client(), connection->session);
	}
	gc->proto_data = NULL;
	fb_messages_unconfirmed(connection);
	fb_requests_free(connection);
	fb_icons_free(connection);
	fb_unread_free(connection);
	fb_buddies_free(connection);
	fb_asks_drop(connection, NULL);
	g_free(connection->status_text);
	g_free(connection->certificate);
	g_free(connection->seen);
	fb_free_secret(connection->saved);
	g_free(connection);
}

void fb_connection_logged_in(FbConnection *connection, const fbchat_event *event)
{
	const char *name = fbchat_event_str(event, 0, FBCHAT_FIELD_NAME, NULL);

	connection->resuming = FALSE;
	connection->uid = fbchat_event_uid(event, 0, FBCHAT_FIELD_UID);
	connection->features = fb_int(event, 0, FBCHAT_FIELD_FEATURES);
	connection->message_limit = fb_int(event, 0, FBCHAT_FIELD_MESSAGE_LIMIT);
	/* The name that stands before one's own lines. */
	if (name != NULL && *name != '\0')
		purple_connection_set_display_name(connection->gc, name);
	if (connection->registering)
		fb_registered(connection);
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
		stop_outage(connection);
		show_step(connection, 3, _("Ready to chat"));
		if (!server_is_known(connection))
			purple_account_set_string(purple_connection_get_account(connection->gc), KNOWN_SERVER, fb_server_of(connection));
		if (PURPLE_CONNECTION_IS_CONNECTED(connection->gc))
			break;
		/* Once more, since libpurple does not tell of changes while an account signs on. */
		fb_presence_publish(connection);
		fb_status_text_publish(connection);
		fb_icon_publish(connection);
		fb_unread_notices(connection);
		/* Runs handlers of the host and of other plugins; the connection may be gone when it returns. */
		purple_connection_set_state(connection->gc, PURPLE_CONNECTED);
		break;
	case FBCHAT_CONNECTION_WAITING:
		start_outage(connection);
		note_failure(connection, event);
		purple_debug_info("fbchat", "waiting %" G_GINT64_FORMAT " ms before the next attempt: %s\n",
		                  fb_int(event, 0, FBCHAT_FIELD_WAIT_MS), reason != NULL ? reason : "no reason given");
		break;
	default:
		break;
	}
}

/* The library has given up: the login did not work, or the session ended later on. */
void fb_connection_failed(FbConnection *connection, const fbchat_event *event)
{
	const char *reason = fbchat_event_str(event, 0, FBCHAT_FIELD_REASON, NULL);

	/* The server has ended the session of before; so it takes the password. */
	if (connection->resuming) {
		connection->resuming = FALSE;
		if (log_in(connection) == FBCHAT_OK)
			return;
	}
	note_failure(connection, event);
	/* A challenge is one whatever number comes with it. */
	if (fbchat_event_kind(event) == FBCHAT_EVENT_CHALLENGE)
		connection->why = FBCHAT_ERR_CHALLENGE;
	purple_debug_info("fbchat", "the session ended: %s\n", fbchat_status_name(connection->why));
	report_failure(connection, reason != NULL && *reason != '\0' ? reason : _("The server ended the connection."));
}
