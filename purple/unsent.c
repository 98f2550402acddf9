/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Messages that were accepted and not sent before the account signed off. The library knows them and sends them at the next
 * sign-on, once and with the same ids; here they are kept meanwhile, in a file that only the user can read. It has nothing
 * that lets anybody sign on.
 *
 * A file, because some hosts store no settings of an account.
 */
#include "unsent.h"

#include <glib/gstdio.h>

#include <debug.h>
#include <signals.h>
#include <util.h>

#include "fields.h"
#include "host.h"
#include "settings.h"

/* Any pointer will do for libpurple. */
static int handle;

/* One file for each account on each server. Neither name can be part of the file's. */
static char *name_of(PurpleAccount *account)
{
	char *key = fb_key_of(account);
	char *hash = g_compute_checksum_for_string(G_CHECKSUM_SHA256, key, -1);
	char *name = g_strconcat("fbchat-unsent-", hash, NULL);

	g_free(hash);
	g_free(key);
	return name;
}

static char *path_of(PurpleAccount *account)
{
	char *name = name_of(account);
	char *path = g_build_filename(purple_user_dir(), name, NULL);

	g_free(name);
	return path;
}

static void forget(PurpleAccount *account)
{
	char *path = path_of(account);

	g_unlink(path);
	g_free(path);
}

/* The user has deleted it. BitlBee, however, removes accounts at each sign-off. */
static void account_removed(PurpleAccount *account, gpointer data)
{
	(void)data;
	if (!fb_in_bitlbee() && g_strcmp0(purple_account_get_protocol_id(account), FB_PRPL_ID) == 0)
		forget(account);
}

void fb_unsent_init(void)
{
	purple_signal_connect(purple_accounts_get_handle(), "account-removed", &handle, PURPLE_CALLBACK(account_removed), NULL);
}

void fb_unsent_uninit(void)
{
	purple_signals_disconnect_by_handle(&handle);
}

void fb_unsent_restore(FbConnection *connection, fbchat_config *config)
{
	char *path = path_of(purple_connection_get_account(connection->gc));
	char *messages = NULL;

	/* A damaged file is no reason not to sign on. It is removed or replaced later. */
	if (g_file_get_contents(path, &messages, NULL, NULL) &&
	    fbchat_config_set_str(config, FBCHAT_CONFIG_SAVED_SESSION, messages) != FBCHAT_OK)
		purple_debug_error("fbchat", "the messages that were not sent are lost: %s\n", fbchat_last_error());
	fb_free_secret(messages);
	g_free(path);
}

gboolean fb_unsent_keep(FbConnection *connection, const fbchat_event *saved)
{
	PurpleAccount *account = purple_connection_get_account(connection->gc);
	size_t len = 0;
	const char *messages = fbchat_event_bytes(saved, 0, FBCHAT_FIELD_UNSENT, &len);
	gboolean kept = saved != NULL;

	if (messages != NULL) {
		char *name = name_of(account);

		kept = purple_util_write_data_to_file(name, messages, (gssize)len);
		g_free(name);
	} else {
		fb_unsent_saved(connection, saved);
	}
	return kept;
}

void fb_unsent_saved(FbConnection *connection, const fbchat_event *saved)
{
	/* Without a saved session the library has not taken on the messages yet. */
	if (saved != NULL && fb_int(saved, 0, FBCHAT_FIELD_WAITING) == 0)
		forget(purple_connection_get_account(connection->gc));
}
