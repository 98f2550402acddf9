/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The one fbchat_client that all accounts share, and which connection belongs to which of its sessions.
 */
#include "client.h"

#include <stdlib.h>

#include <debug.h>
#include <network.h>
#include <signals.h>

static struct {
	fbchat_client *client;
	GHashTable *connections; /* fbchat_session -> FbConnection, not owned */
	FbClientWatch created;
	FbClientWatch ending;
} fb;

static void log_line(void *user, int32_t level, const char *line)
{
	PurpleDebugLevel purple_level = PURPLE_DEBUG_MISC;

	(void)user;
	if (level == FBCHAT_LOG_ERROR)
		purple_level = PURPLE_DEBUG_ERROR;
	else if (level == FBCHAT_LOG_WARN)
		purple_level = PURPLE_DEBUG_WARNING;
	else if (level == FBCHAT_LOG_INFO)
		purple_level = PURPLE_DEBUG_INFO;
	purple_debug(purple_level, "fbchat", "%s\n", line);
}

/* Hosts that know about network changes (Adium, Pidgin on Windows) emit this signal. */
static void network_changed(gpointer data)
{
	(void)data;
	fbchat_client_network_changed(fb.client);
}

void fb_client_init(FbClientWatch created, FbClientWatch ending)
{
	fb.created = created;
	fb.ending = ending;
}

fbchat_client *fb_client(void)
{
	return fb.client;
}

/* BitlBee exits without unloading plugins; what was accepted last would still wait in the library then. In a child process
 * the library leaves its parent's client alone. */
static void at_exit(void)
{
	if (fb.client != NULL)
		fbchat_client_free(fb.client);
	fb.client = NULL;
}

fbchat_client *fb_client_get(void)
{
	static gboolean registered;
	fbchat_config *config = NULL;

	if (fb.client != NULL)
		return fb.client;

	/* Created at the first sign-on, not when the plugin is loaded: some hosts fork in between, and a thread does not
	 * survive that. */
	if (fbchat_config_new(&config) != FBCHAT_OK)
		return NULL;
	fbchat_config_set_log(config, FBCHAT_LOG_DEBUG, log_line, NULL);
	if (fbchat_client_new(config, &fb.client) == FBCHAT_OK) {
		if (!registered)
			registered = atexit(at_exit) == 0;
		fb.connections = g_hash_table_new(g_int64_hash, g_int64_equal);
		purple_signal_connect(purple_network_get_handle(), "network-configuration-changed", &fb,
		                      PURPLE_CALLBACK(network_changed), NULL);
		fb.created(fb.client);
	}
	fbchat_config_free(config);
	return fb.client;
}

void fb_client_free(void)
{
	fbchat_client *client = fb.client;

	if (client == NULL)
		return;
	purple_signals_disconnect_by_handle(&fb);
	fb.ending(client);
	fb.client = NULL;
	g_hash_table_destroy(fb.connections);
	fb.connections = NULL;
	fbchat_client_free(client);
}

void fb_client_add(FbConnection *connection)
{
	g_hash_table_insert(fb.connections, &connection->session, connection);
}

void fb_client_remove(FbConnection *connection)
{
	if (fb.connections != NULL)
		g_hash_table_remove(fb.connections, &connection->session);
}

FbConnection *fb_client_find(fbchat_session session)
{
	if (fb.connections == NULL)
		return NULL;
	return g_hash_table_lookup(fb.connections, &session);
}
