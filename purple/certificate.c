/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A server whose certificate is not trusted. The user is asked once, with the fingerprint, and the answer is kept.
 */
#include "certificate.h"

#include <core.h>
#include <request.h>

#include "failures.h"
#include "fields.h"
#include "host.h"
#include "settings.h"

/* The fingerprint that the open question is about. If the account is deleted first, libpurple closes the question. */
#define OFFERED "certificate_offered"

/* "account fingerprint" of the questions since the host started: while libpurple retries, the user is asked once. */
static GHashTable *asked;

PurpleConnectionError fb_certificate_error(gint64 problem)
{
	switch (problem) {
	case FBCHAT_CERTIFICATE_EXPIRED:
		return PURPLE_CONNECTION_ERROR_CERT_EXPIRED;
	case FBCHAT_CERTIFICATE_NOT_YET_VALID:
		return PURPLE_CONNECTION_ERROR_CERT_NOT_ACTIVATED;
	case FBCHAT_CERTIFICATE_UNKNOWN_ISSUER:
		return PURPLE_CONNECTION_ERROR_CERT_UNTRUSTED;
	case FBCHAT_CERTIFICATE_WRONG_NAME:
		return PURPLE_CONNECTION_ERROR_CERT_HOSTNAME_MISMATCH;
	case FBCHAT_CERTIFICATE_NOT_PINNED:
		return PURPLE_CONNECTION_ERROR_CERT_FINGERPRINT_MISMATCH;
	default:
		return PURPLE_CONNECTION_ERROR_CERT_OTHER_ERROR;
	}
}

/* A sign-on that is retried automatically presents the same certificate each time. */
static gboolean asked_before(PurpleAccount *account, const char *fingerprint)
{
	char *key = g_strdup_printf("%s %s", purple_account_get_username(account), fingerprint);

	if (asked == NULL)
		asked = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	if (g_hash_table_lookup_extended(asked, key, NULL, NULL)) {
		g_free(key);
		return TRUE;
	}
	g_hash_table_insert(asked, key, NULL);
	return FALSE;
}

static void trust(PurpleAccount *account, int choice)
{
	char *fingerprint = g_strdup(purple_account_get_string(account, OFFERED, NULL));

	(void)choice;
	purple_account_set_string(account, OFFERED, NULL);
	if (fingerprint != NULL) {
		fb_settings_pin(account, fingerprint);
		/* The host has switched the account off, or is about to try again. */
		if (!purple_account_get_enabled(account, purple_core_get_ui()))
			purple_account_set_enabled(account, purple_core_get_ui(), TRUE);
		if (purple_account_is_disconnected(account))
			purple_account_connect(account);
	}
	g_free(fingerprint);
}

static void do_not_trust(PurpleAccount *account, int choice)
{
	(void)choice;
	purple_account_set_string(account, OFFERED, NULL);
}

void fb_certificate_ask(FbConnection *connection, gint64 problem, const char *fingerprint, const char *reason,
                        gboolean fatal)
{
	PurpleAccount *account = purple_connection_get_account(connection->gc);
	gboolean before;
	char *secondary;
	char *primary;
	char *whole;

	if (problem == 0 || fingerprint == NULL || *fingerprint == '\0' || !fbchat_has_feature("pin"))
		return;
	before = asked_before(account, fingerprint);
	if (before && !fatal)
		return;
	/* BitlBee withdraws questions together with their connection, which ends now. */
	if (fb_in_bitlbee()) {
		char *how = g_strdup_printf(_("If this is the fingerprint of the right server, trust it with: account set certificate %s"),
		                            fingerprint);

		fb_failure_alone(account, how, NULL);
		g_free(how);
		return;
	}
	/* An older question is about a certificate that is no longer presented. */
	purple_request_close_with_handle(account);
	purple_account_set_string(account, OFFERED, fingerprint);
	primary = g_strdup_printf(_("Do you trust the server %s?"), fb_server_of(connection));
	whole = fb_sentence(reason);
	secondary = g_strdup_printf(
		problem == FBCHAT_CERTIFICATE_NOT_PINNED
			? _("It presents a different certificate from the one you trust. Somebody may be listening in.\n\n%s\n\nAsk "
	            "the person who runs the server whether this is the fingerprint of the new one:\n%s")
			: _("Its certificate cannot be verified.\n\n%s\n\nAsk the person who runs the server whether this is its "
	            "fingerprint:\n%s"),
		whole, fingerprint);
	purple_request_action(account, FB_TITLE, primary, secondary, 1, account, NULL, NULL, account, 2,
	                      _("_Accept"), G_CALLBACK(trust), _("_Reject"), G_CALLBACK(do_not_trust));
	g_free(whole);
	g_free(secondary);
	g_free(primary);
}
