/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the main loops have in common: libpurple may be used from one thread only, and how long each call out of the loop
 * holds it up is measured, since that is how long the windows of a host with windows would be frozen.
 */
#include "host.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static GThread *main_thread;

static struct {
	gint64 began;
	gint64 longest;
	guint items;
	guint most_items;
} calls;

const HostLoop *loop_named(const char *name)
{
	main_thread = g_thread_self();
	if (strcmp(name, "glib") == 0)
		return &loop_glib;
	if (strcmp(name, "poll") == 0)
		return &loop_poll;
	return NULL;
}

void loop_check_thread(void)
{
	if (g_thread_self() != main_thread) {
		fprintf(stderr, "libpurple was used from another thread\n");
		abort();
	}
}

void loop_call_begins(void)
{
	calls.began = g_get_monotonic_time();
	calls.items = 0;
}

void loop_call_ends(void)
{
	calls.longest = MAX(calls.longest, g_get_monotonic_time() - calls.began);
	calls.most_items = MAX(calls.most_items, calls.items);
}

void loop_count_item(void)
{
	calls.items++;
}

void loop_report(void)
{
	emit("held", "microseconds", number(calls.longest), "items", number(calls.most_items), NULL);
	calls.longest = 0;
	calls.most_items = 0;
}
