/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The one fbchat_client that all accounts share, and the way of its events into the host's main loop.
 *
 * The library works on a thread of its own and never calls us; it makes a descriptor readable. That is the only wake-up
 * which every host of libpurple understands (some have no GLib loop), so nothing here may run on another thread.
 */
#include "prpl.h"

#include <debug.h>
#include <eventloop.h>
#include <network.h>
#include <signals.h>

/* A backlog of thousands of messages must not freeze the windows: this much per turn of the main loop. */
#define SLICE_STEPS 64

static struct {
	fbchat_client *client;
	GHashTable *connections; /* fbchat_session -> FbConnection, not owned */
	guint watch;             /* on the client's descriptor; absent while a backlog is taken in slices */
	guint slice;             /* timer for the next slice */
	gboolean working;
	fbchat_event *event;     /* taken from the queue, not yet applied in full */
	size_t item;             /* where to go on in it */
} fb;

static void watch_events(void);

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

/* Applies one step of an event: all of it, or one item of a list. Returns TRUE once nothing is left of it. */
static gboolean apply(const fbchat_event *event, size_t item)
{
	/* Looked up at every step: a handler that libpurple calls in between may have signed the account off. An event of
	 * an earlier sign-on of the same account finds nothing, since session numbers are never used twice. */
	FbConnection *connection = fb_client_find(fbchat_event_session(event));

	if (connection == NULL || connection->given_up)
		return TRUE;
	connection->gc->last_received = time(NULL);
	if (fb_request_answer(connection, event))
		return TRUE;

	switch (fbchat_event_kind(event)) {
	case FBCHAT_EVENT_LOGGED_IN:
		fb_connection_logged_in(connection, event);
		return TRUE;
	case FBCHAT_EVENT_LOGIN_FAILED:
	case FBCHAT_EVENT_CHALLENGE:
	case FBCHAT_EVENT_CLOSED:
		fb_connection_failed(connection, event);
		return TRUE;
	case FBCHAT_EVENT_CONNECTION:
		fb_connection_state(connection, event);
		return TRUE;
	case FBCHAT_EVENT_SAVED_SESSION:
		fb_saved_note(connection, event);
		return TRUE;
	case FBCHAT_EVENT_BUDDY_LIST:
		if (item < fbchat_event_count(event))
			fb_buddies_apply(connection, event, item);
		return item + 1 >= fbchat_event_count(event);
	case FBCHAT_EVENT_PRESENCE:
		fb_buddies_apply(connection, event, 0);
		return TRUE;
	case FBCHAT_EVENT_MESSAGE:
		fb_message_received(connection, event);
		return TRUE;
	case FBCHAT_EVENT_TYPING:
		fb_typing_received(connection, event);
		return TRUE;
	case FBCHAT_EVENT_FRIEND_REQUEST:
		fb_friend_requested(connection, event);
		return TRUE;
	case FBCHAT_EVENT_FRIEND:
		fb_friend_changed(connection, event);
		return TRUE;
	case FBCHAT_EVENT_POKE:
		fb_poke_received(connection, event);
		return TRUE;
	default:
		/* A newer library may tell of things that this plugin does not know. */
		return TRUE;
	}
}

/* Takes events until none waits (TRUE) or the slice is used up (FALSE). */
static gboolean take_slice(void)
{
	gint64 until = g_get_monotonic_time() + FB_SLICE_MICROSECONDS;
	int steps = SLICE_STEPS;

	while (fb.client != NULL) {
		if (fb.event == NULL) {
			fbchat_status status = fbchat_client_poll(fb.client, 0, &fb.event);

			if (status == FBCHAT_WOKEN)
				continue;
			if (status < 0)
				purple_debug_error("fbchat", "no more events: %s\n", fbchat_last_error());
			if (fb.event == NULL)
				return TRUE;
			fb.item = 0;
		}
		if (apply(fb.event, fb.item++)) {
			fbchat_event_free(fb.event);
			fb.event = NULL;
		}
		if (--steps <= 0 || g_get_monotonic_time() >= until)
			return FALSE;
	}
	return TRUE;
}

static gboolean next_slice(gpointer data);

static void work(void)
{
	gboolean done;

	fb.working = TRUE;
	done = take_slice();
	fb.working = FALSE;

	if (fb.client == NULL) {
		/* Unloaded by a handler; what it could not free is the event that was being applied. */
		fbchat_event_free(fb.event);
		fb.event = NULL;
	} else if (done) {
		watch_events();
	} else if (fb.slice == 0) {
		/* The descriptor may stay readable throughout, and a host that always has something of normal priority to do
		 * never comes to drawing. So the watch rests while there is a backlog. */
		if (fb.watch != 0) {
			purple_input_remove(fb.watch);
			fb.watch = 0;
		}
		fb.slice = purple_timeout_add(1, next_slice, NULL);
	}
}

static gboolean next_slice(gpointer data)
{
	(void)data;
	fb.slice = 0;
	/* If a handler of an event runs a main loop of its own (a modal dialog), this comes while the event is still being
	 * applied. The order of messages is worth more than their speed: the outer call goes on when it returns. */
	if (!fb.working)
		work();
	return FALSE;
}

static void readable(gpointer data, gint source, PurpleInputCondition condition)
{
	(void)data;
	(void)source;
	(void)condition;
	if (fb.working) {
		/* As above; without the watch the inner loop does not spin on a descriptor that stays readable. */
		purple_input_remove(fb.watch);
		fb.watch = 0;
		return;
	}
	work();
}

static void watch_events(void)
{
	int fd = fbchat_client_fd(fb.client);

	if (fb.watch == 0 && fd >= 0)
		fb.watch = purple_input_add(fd, PURPLE_INPUT_READ, readable, NULL);
}

/* Hosts that are told of it (Adium, Pidgin on Windows) pass it on. */
static void network_changed(gpointer data)
{
	(void)data;
	fbchat_client_network_changed(fb.client);
}

fbchat_client *fb_client(void)
{
	return fb.client;
}

fbchat_client *fb_client_get(void)
{
	fbchat_config *config = NULL;

	if (fb.client != NULL)
		return fb.client;

	/* Made at the first sign-on, not when the plugin is loaded: some hosts fork in between, and a thread does not
	 * survive that. */
	if (fbchat_config_new(&config) != FBCHAT_OK)
		return NULL;
	fbchat_config_set_log(config, FBCHAT_LOG_DEBUG, log_line, NULL);
	if (fbchat_client_new(config, &fb.client) == FBCHAT_OK) {
		fb.connections = g_hash_table_new(g_int64_hash, g_int64_equal);
		purple_signal_connect(purple_network_get_handle(), "network-configuration-changed", &fb,
		                      PURPLE_CALLBACK(network_changed), NULL);
		watch_events();
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
	if (fb.watch != 0)
		purple_input_remove(fb.watch);
	if (fb.slice != 0)
		purple_timeout_remove(fb.slice);
	fb.watch = 0;
	fb.slice = 0;
	fb.client = NULL;
	g_hash_table_destroy(fb.connections);
	fb.connections = NULL;
	if (!fb.working) {
		fbchat_event_free(fb.event);
		fb.event = NULL;
	}
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
