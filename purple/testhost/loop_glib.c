/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * GLib's main loop.
 */
#include "testhost.h"

static GMainLoop *main_loop;

typedef struct {
	GSourceFunc timer;
	PurpleInputFunction input;
	gpointer data;
} Watch;

static Watch *watch_new(GSourceFunc timer, PurpleInputFunction input, gpointer data)
{
	Watch *watch = g_new0(Watch, 1);

	loop_check_thread();
	watch->timer = timer;
	watch->input = input;
	watch->data = data;
	return watch;
}

static gboolean timer_due(gpointer data)
{
	Watch *watch = data;
	gboolean again;

	loop_call_begins((gsize)watch->timer);
	again = watch->timer(watch->data);
	loop_call_ends();
	return again;
}

static guint timeout_add(guint interval, GSourceFunc function, gpointer data)
{
	return g_timeout_add_full(G_PRIORITY_DEFAULT, interval, timer_due, watch_new(function, NULL, data), g_free);
}

static gboolean input_ready(GIOChannel *channel, GIOCondition condition, gpointer data)
{
	Watch *watch = data;
	PurpleInputCondition ready = 0;

	if (condition & (G_IO_IN | G_IO_HUP | G_IO_ERR))
		ready |= PURPLE_INPUT_READ;
	if (condition & (G_IO_OUT | G_IO_HUP | G_IO_ERR | G_IO_NVAL))
		ready |= PURPLE_INPUT_WRITE;
	loop_call_begins((gsize)watch->input);
	watch->input(watch->data, g_io_channel_unix_get_fd(channel), ready);
	loop_call_ends();
	return TRUE;
}

static guint input_add(int fd, PurpleInputCondition condition, PurpleInputFunction function, gpointer data)
{
	GIOChannel *channel = g_io_channel_unix_new(fd);
	GIOCondition wanted = G_IO_HUP | G_IO_ERR | G_IO_NVAL;
	guint source;

	if (condition & PURPLE_INPUT_READ)
		wanted |= G_IO_IN;
	if (condition & PURPLE_INPUT_WRITE)
		wanted |= G_IO_OUT;
	source = g_io_add_watch_full(channel, G_PRIORITY_DEFAULT, wanted, input_ready, watch_new(NULL, function, data), g_free);
	g_io_channel_unref(channel);
	return source;
}

static gboolean watch_remove(guint source)
{
	loop_check_thread();
	return g_source_remove(source);
}

static void run(void)
{
	main_loop = g_main_loop_new(NULL, FALSE);
	g_main_loop_run(main_loop);
	g_main_loop_unref(main_loop);
}

static void quit(void)
{
	g_main_loop_quit(main_loop);
}

const HostLoop loop_glib = { timeout_add, input_add, watch_remove, run, quit };
