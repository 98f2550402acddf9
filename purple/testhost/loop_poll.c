/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A main loop based on poll(2) alone. Nothing that is added to GLib's own loop ever runs here, and the list below has no
 * lock: a plugin that wakes the host from another thread fails, as it would in Adium and in builds on libevent.
 */
#define _POSIX_C_SOURCE 200809L

#include "testhost.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct {
	guint id;
	gboolean removed;     /* freed by the next sweep; it may still be running */
	GSourceFunc timer;
	gint64 interval, due; /* microseconds */
	PurpleInputFunction input;
	int fd;
	short events;
	gpointer data;
} Watch;

static GList *watches;
static guint last_id;
static gboolean quitting;

static Watch *watch_new(gpointer data)
{
	Watch *watch = g_new0(Watch, 1);

	loop_check_thread();
	watch->id = ++last_id;
	watch->data = data;
	watches = g_list_append(watches, watch);
	return watch;
}

static guint timeout_add(guint interval, GSourceFunc function, gpointer data)
{
	Watch *watch = watch_new(data);

	watch->timer = function;
	watch->interval = (gint64)interval * 1000;
	watch->due = g_get_monotonic_time() + watch->interval;
	return watch->id;
}

static guint input_add(int fd, PurpleInputCondition condition, PurpleInputFunction function, gpointer data)
{
	Watch *watch = watch_new(data);

	watch->input = function;
	watch->fd = fd;
	/* One or the other, as in Adium. */
	watch->events = condition & PURPLE_INPUT_WRITE ? POLLOUT : POLLIN;
	return watch->id;
}

static gboolean watch_remove(guint id)
{
	GList *at;

	loop_check_thread();
	for (at = watches; at != NULL; at = at->next) {
		Watch *watch = at->data;

		if (watch->id == id && !watch->removed) {
			watch->removed = TRUE;
			return TRUE;
		}
	}
	return FALSE;
}

static void sweep(void)
{
	GList *at = watches;

	while (at != NULL) {
		GList *next = at->next;
		Watch *watch = at->data;

		if (watch->removed) {
			g_free(watch);
			watches = g_list_delete_link(watches, at);
		}
		at = next;
	}
}

/* How long poll may wait, in milliseconds; rounded up so that it does not spin through the last one. */
static int poll_timeout(void)
{
	gint64 now = g_get_monotonic_time();
	gint64 wait = G_MAXINT;
	GList *at;

	for (at = watches; at != NULL; at = at->next) {
		const Watch *watch = at->data;

		if (watch->timer != NULL)
			wait = MIN(wait, watch->due > now ? (watch->due - now + 999) / 1000 : 0);
	}
	return wait == G_MAXINT ? -1 : (int)wait;
}

static void call_timer(Watch *watch)
{
	gboolean again;

	loop_call_begins((gsize)watch->timer);
	again = watch->timer(watch->data);
	loop_call_ends();
	watch->due = g_get_monotonic_time() + watch->interval;
	if (!again)
		watch->removed = TRUE;
}

/* Timers that are added meanwhile wait for the next turn, so that none can starve the others. */
static void call_timers(void)
{
	gint64 now = g_get_monotonic_time();
	guint newest = last_id;
	GList *at;

	for (at = watches; at != NULL; at = at->next) {
		Watch *watch = at->data;

		if (!watch->removed && watch->timer != NULL && watch->id <= newest && watch->due <= now)
			call_timer(watch);
	}
}

static void wait_and_call(void)
{
	nfds_t count = 0;
	nfds_t i;
	Watch **polled = g_new(Watch *, g_list_length(watches) + 1);
	struct pollfd *fds = g_new0(struct pollfd, g_list_length(watches) + 1);
	GList *at;

	for (at = watches; at != NULL; at = at->next) {
		Watch *watch = at->data;

		if (watch->input != NULL) {
			fds[count].fd = watch->fd;
			fds[count].events = watch->events;
			polled[count++] = watch;
		}
	}
	if (poll(fds, count, poll_timeout()) < 0 && errno != EINTR) {
		perror("poll");
		abort();
	}
	call_timers();
	for (i = 0; i < count; i++) {
		if (fds[i].revents == 0 || polled[i]->removed)
			continue;
		loop_call_begins((gsize)polled[i]->input);
		polled[i]->input(polled[i]->data, fds[i].fd, fds[i].events & POLLIN ? PURPLE_INPUT_READ : PURPLE_INPUT_WRITE);
		loop_call_ends();
	}
	g_free(polled);
	g_free(fds);
}

static void run(void)
{
	while (!quitting) {
		sweep();
		wait_and_call();
	}
	if (g_main_context_pending(NULL)) {
		fprintf(stderr, "something was added to GLib's main loop, which does not run here\n");
		abort();
	}
}

static void quit(void)
{
	quitting = TRUE;
}

const HostLoop loop_poll = { timeout_add, input_add, watch_remove, run, quit };
