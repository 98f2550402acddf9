/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Takes the library's events from its queue and hands each to the topic that it concerns. This file calls the topics; no
 * topic calls it.
 *
 * The library works on a thread of its own and never calls the plugin; it makes a descriptor readable. This is the only
 * wake-up that every host of libpurple understands (some have no GLib loop), so nothing here may run on another thread.
 */
#include "events.h"

#include <debug.h>
#include <eventloop.h>

#include "buddies.h"
#include "chat_messages.h"
#include "client.h"
#include "connection.h"
#include "friends.h"
#include "groups.h"
#include "menus.h"
#include "messages.h"
#include "outgoing.h"
#include "pending.h"
#include "privacy.h"
#include "register.h"
#include "transfers.h"
#include "typing.h"
#include "unread.h"
#include "unsent.h"

/* The most steps in one turn of the main loop: thousands of waiting messages must not freeze the host's windows. */
#define SLICE_STEPS 64

static struct {
	fbchat_client *client;
	guint watch;         /* on the client's descriptor; absent while a backlog is taken in slices */
	guint slice;         /* timer for the next slice */
	gboolean working;
	fbchat_event *event; /* taken from the queue, not yet applied in full */
	size_t item;         /* where to continue in it */
} fb;

static void watch_events(void);

/* Applies one step of an event: all of it, or one item of a list. Returns TRUE when nothing of it is left. */
static gboolean apply(const fbchat_event *event, size_t item)
{
	/* Looked up at every step: a handler that libpurple has called in between may have signed the account off. An event
	 * of an earlier sign-on of the same account finds nothing, because session numbers are never reused. */
	FbConnection *connection = fb_client_find(fbchat_event_session(event));

	if (connection == NULL || connection->given_up)
		return TRUE;
	connection->gc->last_received = time(NULL);
	/* Before the requests: it has the number of one that it does not answer. */
	if (fbchat_event_kind(event) == FBCHAT_EVENT_PROGRESS) {
		fb_transfer_progress(connection, event);
		return TRUE;
	}
	if (fb_pending_answer(connection, event))
		return TRUE;

	switch (fbchat_event_kind(event)) {
	case FBCHAT_EVENT_LOGGED_IN:
		fb_connection_logged_in(connection, event);
		fb_register_logged_in(connection);
		return TRUE;
	case FBCHAT_EVENT_LOGIN_FAILED:
	case FBCHAT_EVENT_CHALLENGE:
	case FBCHAT_EVENT_CLOSED:
		fb_connection_failed(connection, event);
		return TRUE;
	case FBCHAT_EVENT_CONNECTION:
		fb_connection_state(connection, event);
		connection = fb_client_find(fbchat_event_session(event));
		if (connection != NULL)
			fb_groups_open(connection);
		return TRUE;
	case FBCHAT_EVENT_SAVED_SESSION:
		fb_unsent_saved(connection, event);
		return TRUE;
	case FBCHAT_EVENT_FAILED:
		fb_outgoing_failed(connection, event);
		return TRUE;
	case FBCHAT_EVENT_NOTIFICATIONS:
		fb_unread_counted(connection, event);
		return TRUE;
	case FBCHAT_EVENT_BUDDY_LIST:
		if (item < fbchat_event_count(event)) {
			fb_buddies_apply(connection, event, item);
			return FALSE;
		}
		fb_buddies_applied(connection, event);
		return TRUE;
	case FBCHAT_EVENT_PRESENCE:
		fb_buddies_apply(connection, event, 0);
		return TRUE;
	case FBCHAT_EVENT_GROUP_LIST:
		if (item < fbchat_event_count(event)) {
			fb_groups_apply(connection, event, item);
			return FALSE;
		}
		return fb_groups_applied(connection, event);
	case FBCHAT_EVENT_GROUP:
		fb_group_changed(connection, event);
		return TRUE;
	case FBCHAT_EVENT_MESSAGE:
		if (fbchat_event_uid(event, 0, FBCHAT_FIELD_GROUP) != 0)
			fb_chat_received(connection, event);
		else
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
	case FBCHAT_EVENT_BLOCK:
		fb_privacy_changed(connection, event);
		return TRUE;
	case FBCHAT_EVENT_POKE:
		fb_poke_received(connection, event);
		return TRUE;
	default:
		/* A newer library may send events that this plugin does not know. */
		return TRUE;
	}
}

/* Takes events until the queue is empty (TRUE) or the slice is used up (FALSE). */
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

static void stop_watching(void)
{
	if (fb.watch != 0)
		purple_input_remove(fb.watch);
	fb.watch = 0;
}

static void work(void)
{
	gboolean done;

	fb.working = TRUE;
	done = take_slice();
	fb.working = FALSE;

	if (fb.client == NULL) {
		/* A handler has unloaded the plugin. The event that was being applied could not be freed then. */
		fbchat_event_free(fb.event);
		fb.event = NULL;
	} else if (done) {
		watch_events();
	} else if (fb.slice == 0) {
		/* The descriptor may stay readable all the time, and a host that always has something of normal priority to do
		 * never redraws its windows. So the watch is removed while there is a backlog. */
		stop_watching();
		fb.slice = purple_timeout_add(1, next_slice, NULL);
	}
}

static gboolean next_slice(gpointer data)
{
	(void)data;
	fb.slice = 0;
	/* If a handler of an event runs a main loop of its own (a modal dialog), this is called while the event is still being
	 * applied. The order of messages matters more than their speed: the outer call continues when it returns. */
	if (!fb.working)
		work();
	return FALSE;
}

static void readable(gpointer data, gint source, PurpleInputCondition condition)
{
	(void)data;
	(void)source;
	(void)condition;
	/* As above. Without the watch the inner loop does not spin on a descriptor that stays readable. */
	if (fb.working)
		stop_watching();
	else
		work();
}

static void watch_events(void)
{
	int fd = fbchat_client_fd(fb.client);

	if (fb.watch == 0 && fd >= 0)
		fb.watch = purple_input_add(fd, PURPLE_INPUT_READ, readable, NULL);
}

void fb_events_start(fbchat_client *client)
{
	fb.client = client;
	watch_events();
}

void fb_events_stop(fbchat_client *client)
{
	(void)client;
	stop_watching();
	if (fb.slice != 0)
		purple_timeout_remove(fb.slice);
	fb.slice = 0;
	fb.client = NULL;
	if (!fb.working) {
		fbchat_event_free(fb.event);
		fb.event = NULL;
	}
}
