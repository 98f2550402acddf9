/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The common part of the main loops. It checks that libpurple is used from one thread only, and measures how long each call
 * blocks the loop, because the windows of a graphical host would be frozen for as long.
 */
#define _GNU_SOURCE /* dladdr */

#include "testhost.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static GThread *main_thread;

static struct {
	gboolean of_plugin;
	gint64 began;
	gint64 began_cpu;
	gint64 longest;        /* of the plugin's functions */
	gint64 longest_cpu;    /* the same without what other programs took meanwhile */
	gint64 longest_others; /* of other functions: libpurple saves its files now and then */
	guint items;
	guint most_items;
	guint all_items;
} calls;

/* HEADLESS_SECOND_MS shortens the seconds of timers. */
static guint timeout_add_seconds(guint seconds, GSourceFunc function, gpointer data)
{
	const char *length = getenv("HEADLESS_SECOND_MS");

	return purple_timeout_add(seconds * (length != NULL ? (guint)atoi(length) : 1000), function, data);
}

const HostLoop *loop_use(const char *name)
{
	static PurpleEventLoopUiOps ops = { .timeout_add_seconds = timeout_add_seconds };
	const HostLoop *loop = strcmp(name, "glib") == 0 ? &loop_glib : strcmp(name, "poll") == 0 ? &loop_poll : NULL;

	main_thread = g_thread_self();
	if (loop != NULL) {
		ops.timeout_add = loop->timeout_add;
		ops.timeout_remove = loop->remove;
		ops.input_add = loop->input_add;
		ops.input_remove = loop->remove;
		purple_eventloop_set_ui_ops(&ops);
	}
	return loop;
}

void loop_check_thread(void)
{
	if (g_thread_self() != main_thread) {
		fprintf(stderr, "libpurple was used from another thread\n");
		abort();
	}
}

/* The processor time of this thread, in microseconds. */
static gint64 cpu(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (gint64)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

void loop_call_begins(gsize function)
{
	Dl_info info;

	calls.of_plugin = dladdr((void *)function, &info) != 0 && strstr(info.dli_fname, "fbchat-purple") != NULL;
	calls.began = g_get_monotonic_time();
	calls.began_cpu = cpu();
	calls.items = 0;
}

void loop_call_ends(void)
{
	gint64 *longest = calls.of_plugin ? &calls.longest : &calls.longest_others;

	*longest = MAX(*longest, g_get_monotonic_time() - calls.began);
	if (calls.of_plugin)
		calls.longest_cpu = MAX(calls.longest_cpu, cpu() - calls.began_cpu);
	calls.most_items = MAX(calls.most_items, calls.items);
}

void loop_count_item(void)
{
	calls.items++;
	calls.all_items++;
}

void loop_report(void)
{
	emit("held", "microseconds", number(calls.longest), "cpu", number(calls.longest_cpu), "others", number(calls.longest_others), "items", number(calls.most_items), "all_items",
	     number(calls.all_items), NULL);
	calls.longest = 0;
	calls.longest_cpu = 0;
	calls.longest_others = 0;
	calls.most_items = 0;
}
