/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Connections that cannot be made, are interrupted or end: why, and when and how the host is told.
 *
 * The library reconnects automatically and loses nothing, so a short outage is not reported to the host. A long one
 * is, because then users want to know that nobody can reach them.
 */
#include "outage.h"

#include <debug.h>
#include <eventloop.h>

#include "certificate.h"
#include "client.h"
#include "fields.h"
#include "resume.h"
#include "settings.h"

/* The longest time without a working channel, at sign-on and later, before the host is told that the account is offline. */
#define OUTAGE_SECONDS 90

/* The address at which this account has signed on before. */
#define KNOWN_SERVER "known_server"

struct FbOutage {
	guint timer;                /* runs whenever the channel is not open */
	fbchat_status why;          /* what failed last, while it runs */
	char *why_text;
	gint64 certificate_problem; /* FBCHAT_CERTIFICATE_, if that is the reason */
	char *certificate;          /* its fingerprint */
};

void fb_outage_init(FbConnection *connection)
{
	connection->outage = g_new0(struct FbOutage, 1);
}

void fb_outage_free(FbConnection *connection)
{
	fb_outage_stop(connection);
	g_free(connection->outage->certificate);
	g_free(connection->outage);
}

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
	/* The same applies to that page's certificate, but not to one that has expired or differs from the pinned one. */
	case FBCHAT_ERR_TLS:
		switch (server_is_known(connection) ? connection->outage->certificate_problem : -1) {
		case 0:
		case FBCHAT_CERTIFICATE_UNKNOWN_ISSUER:
		case FBCHAT_CERTIFICATE_WRONG_NAME:
		case FBCHAT_CERTIFICATE_OTHER:
			return PURPLE_CONNECTION_ERROR_ENCRYPTION_ERROR;
		default:
			return fb_certificate_error(connection->outage->certificate_problem);
		}
	default:
		return PURPLE_CONNECTION_ERROR_NETWORK_ERROR;
	}
}

void fb_outage_stop(FbConnection *connection)
{
	struct FbOutage *outage = connection->outage;

	if (outage->timer != 0)
		purple_timeout_remove(outage->timer);
	outage->timer = 0;
	outage->why = FBCHAT_OK;
	g_free(outage->why_text);
	outage->why_text = NULL;
}

void fb_outage_over(FbConnection *connection)
{
	fb_outage_stop(connection);
	if (!server_is_known(connection))
		purple_account_set_string(purple_connection_get_account(connection->gc), KNOWN_SERVER, fb_server_of(connection));
}

void fb_outage_give_up(FbConnection *connection, PurpleConnectionError reason, const char *sentence)
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

void fb_outage_note(FbConnection *connection, const fbchat_event *event)
{
	struct FbOutage *outage = connection->outage;

	outage->why = fbchat_event_status(event);
	g_free(outage->why_text);
	outage->why_text = g_strdup(fbchat_event_str(event, 0, FBCHAT_FIELD_REASON, NULL));
	outage->certificate_problem = fb_int(event, 0, FBCHAT_FIELD_CERTIFICATE_PROBLEM);
	g_free(outage->certificate);
	outage->certificate = g_strdup(fbchat_event_str(event, 0, FBCHAT_FIELD_CERTIFICATE_SHA256, NULL));
}

/* Reports the failure, and asks about the certificate if that is the reason. */
static void report_failure(FbConnection *connection, const char *sentence)
{
	const struct FbOutage *outage = connection->outage;
	PurpleConnectionError reason = error_of(connection, outage->why);

	if (connection->given_up)
		return;
	if (outage->why == FBCHAT_ERR_TLS)
		fb_certificate_ask(connection, outage->certificate_problem, outage->certificate, sentence,
		                   reason != PURPLE_CONNECTION_ERROR_ENCRYPTION_ERROR);
	fb_outage_give_up(connection, reason, sentence);
}

static gboolean outage_lasted(gpointer data)
{
	FbConnection *connection = data;
	char *sentence = g_strdup(connection->outage->why_text);

	if (sentence == NULL)
		sentence = g_strdup_printf(_("%s does not answer. Please try again later."), fb_server_of(connection));
	connection->outage->timer = 0;
	fb_resume_wanted(connection);
	report_failure(connection, sentence);
	g_free(sentence);
	return FALSE;
}

void fb_outage_start(FbConnection *connection)
{
	PurpleAccount *account = purple_connection_get_account(connection->gc);
	/* Not offered in the account's dialog: for tests, and for connections where 90 seconds are too short. */
	int seconds = purple_account_get_int(account, "outage_seconds", OUTAGE_SECONDS);

	if (connection->outage->timer == 0)
		connection->outage->timer =
			purple_timeout_add_seconds((guint)CLAMP(seconds, 1, 3600), outage_lasted, connection);
}

void fb_outage_keep_error(FbConnection *connection)
{
	g_free(connection->outage->why_text);
	connection->outage->why_text = g_strdup(fbchat_last_error());
}

void fb_outage_not_opened(FbConnection *connection, fbchat_status status)
{
	char *sentence = connection->outage->why_text;

	connection->outage->why_text = NULL;
	if (status == FBCHAT_ERR_INSECURE) {
		/* The library cannot know where this host keeps the setting. */
		fb_outage_give_up(
			connection, error_of(connection, status),
			_("The connection would not be encrypted, and the password could be read on the way. Please use an address "
		      "that begins with https://, or allow this in the advanced settings of the account."));
	} else {
		fb_outage_give_up(connection, error_of(connection, status),
		                  sentence != NULL && *sentence != '\0' ? sentence : _("The chat library could not start."));
	}
	g_free(sentence);
}

void fb_outage_final(FbConnection *connection, const fbchat_event *event)
{
	const char *reason = fbchat_event_str(event, 0, FBCHAT_FIELD_REASON, NULL);

	fb_outage_note(connection, event);
	/* A challenge is reported as a challenge, whatever its status. */
	if (fbchat_event_kind(event) == FBCHAT_EVENT_CHALLENGE)
		connection->outage->why = FBCHAT_ERR_CHALLENGE;
	purple_debug_info("fbchat", "the session ended: %s\n", fbchat_status_name(connection->outage->why));
	report_failure(connection, reason != NULL && *reason != '\0' ? reason : _("The server ended the connection."));
}
