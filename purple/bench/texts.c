/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One account of any protocol, to measure how texts travel between two programs on libpurple. Each text holds the time at which it
 * was sent, by the clock that both programs share.
 *
 *   texts PLUGIN DIRECTORY PROTOCOL USER PASSWORD PEER receive COUNT PAUSE [KEY=VALUE …]
 *   texts PLUGIN DIRECTORY PROTOCOL USER PASSWORD PEER send COUNT PAUSE [KEY=VALUE …]
 *
 * PLUGIN is the file of a protocol that is not installed, or -; PAUSE is in milliseconds, 0 sends all at once; KEY=VALUE are settings of
 * the account. Both print "connected". The sender begins with the first line on standard input. The receiver prints, for the texts
 * from PEER, the median delay in microseconds and how many arrived per second, and fails if one is missing, doubled or out of order.
 */
#define _POSIX_C_SOURCE 200809L

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <glib.h>

#include <account.h>
#include <blist.h>
#include <connection.h>
#include <core.h>
#include <debug.h>
#include <prpl.h>
#include <savedstatuses.h>
#include <server.h>
#include <signals.h>
#include <util.h>

#include "../testhost/testhost.h"

static const HostLoop *loop;
static PurpleAccount *account;
static const char *peer;
static gboolean receives;
static guint count, pause_ms;
static int result = 1;

/* Texts sent, or received. */
static guint number_of_texts;
static gint64 first_sent;
static GArray *delays;

static gint64 now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (gint64)time.tv_sec * 1000000000 + time.tv_nsec;
}

static void finish(int status)
{
	result = status;
	loop->quit();
}

static gboolean send_one(gpointer data)
{
	char *text = g_strdup_printf("%" G_GINT64_FORMAT " %u", now(), number_of_texts);

	(void)data;
	serv_send_im(purple_account_get_connection(account), peer, text, 0);
	g_free(text);
	return ++number_of_texts < count;
}

static void on_start(gpointer data, gint source, PurpleInputCondition condition)
{
	char line[16];

	(void)data;
	(void)condition;
	if (fgets(line, sizeof line, stdin) == NULL) {
		finish(0);
		return;
	}
	(void)source;
	if (pause_ms > 0)
		purple_timeout_add(pause_ms, send_one, NULL);
	else
		while (send_one(NULL))
			;
}

static int compare(gconstpointer one, gconstpointer other)
{
	gint64 difference = *(const gint64 *)one - *(const gint64 *)other;

	return difference < 0 ? -1 : difference > 0;
}

static void report(gint64 last)
{
	g_array_sort(delays, compare);
	printf("%.1f %.1f\n", g_array_index(delays, gint64, delays->len / 2) / 1e3, count / ((last - first_sent) / 1e9));
	fflush(stdout);
	finish(0);
}

static gboolean on_receiving(PurpleAccount *own, char **sender, char **message)
{
	gint64 sent, at = now(), delay;
	char *plain = purple_markup_strip_html(*message);
	guint place;

	(void)own;
	if (sscanf(plain, "%" G_GINT64_FORMAT " %u", &sent, &place) != 2 || place != number_of_texts) {
		fprintf(stderr, "expected text %u of %s, got from %s: %s\n", number_of_texts, peer, *sender, plain);
		g_free(plain);
		finish(1);
		return TRUE;
	}
	g_free(plain);
	delay = at - sent;
	g_array_append_val(delays, delay);
	if (number_of_texts++ == 0)
		first_sent = sent;
	if (number_of_texts == count)
		report(at);
	/* Shown nowhere. */
	return TRUE;
}

static void on_connected(PurpleConnection *gc)
{
	(void)gc;
	printf("connected\n");
	fflush(stdout);
}

static void on_error(PurpleConnection *gc, PurpleConnectionError reason, const char *text)
{
	(void)gc;
	(void)reason;
	fprintf(stderr, "%s\n", text);
	finish(1);
}

static PurpleConnectionUiOps connection_ops = { .connected = on_connected, .report_disconnect_reason = on_error };

static void set_ui_ops(void)
{
	purple_connections_set_ui_ops(&connection_ops);
}

static PurpleCoreUiOps core_ops = { .ui_init = set_ui_ops };

/* libpurple searches directories, so the file gets one of its own. */
static void place_plugin(const char *path, const char *directory)
{
	char *plugins = g_build_filename(directory, "plugins", NULL);
	char *link = g_build_filename(plugins, "plugin.so", NULL);

	if (g_mkdir_with_parents(plugins, 0700) != 0 || symlink(path, link) != 0)
		fprintf(stderr, "%s cannot be created\n", link);
	purple_plugins_add_search_path(plugins);
	g_free(link);
	g_free(plugins);
}

static void set(char *setting)
{
	char *value = strchr(setting, '=');

	if (value == NULL)
		return;
	*value++ = '\0';
	if (strcmp(value, "true") == 0 || strcmp(value, "false") == 0)
		purple_account_set_bool(account, setting, *value == 't');
	else if (strspn(value, "0123456789") == strlen(value))
		purple_account_set_int(account, setting, atoi(value));
	else
		purple_account_set_string(account, setting, value);
}

int main(int argc, char **argv)
{
	static int handle;
	int at;

	loop = loop_use("glib");
	if (argc < 10 || loop == NULL) {
		fprintf(stderr, "usage: %s PLUGIN DIRECTORY PROTOCOL USER PASSWORD PEER receive|send COUNT PAUSE [KEY=VALUE …]\n", argv[0]);
		return 2;
	}
	signal(SIGPIPE, SIG_IGN);
	peer = argv[6];
	receives = strcmp(argv[7], "receive") == 0;
	count = (guint)atoi(argv[8]);
	pause_ms = (guint)atoi(argv[9]);
	delays = g_array_new(FALSE, FALSE, sizeof(gint64));
	purple_util_set_user_dir(argv[2]);
	purple_core_set_ui_ops(&core_ops);
	if (strcmp(argv[1], "-") != 0)
		place_plugin(argv[1], argv[2]);
	if (!purple_core_init("texts") || purple_find_prpl(argv[3]) == NULL) {
		fprintf(stderr, "libpurple has no protocol %s\n", argv[3]);
		return 1;
	}
	purple_set_blist(purple_blist_new());
	account = purple_account_new(argv[4], argv[3]);
	purple_account_set_password(account, argv[5]);
	for (at = 10; at < argc; at++)
		set(argv[at]);
	purple_accounts_add(account);
	if (receives)
		purple_signal_connect(purple_conversations_get_handle(), "receiving-im-msg", &handle, PURPLE_CALLBACK(on_receiving), NULL);
	purple_input_add(0, PURPLE_INPUT_READ, on_start, NULL);
	purple_savedstatus_activate(purple_savedstatus_new(NULL, PURPLE_STATUS_AVAILABLE));
	purple_account_set_enabled(account, "texts", TRUE);
	loop->run();
	purple_core_quit();
	return result;
}
