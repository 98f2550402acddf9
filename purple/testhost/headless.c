/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A libpurple host without windows, for tests. It reads one command per line from standard input and prints what libpurple
 * reports to its user interface, one JSON object per line, with all values as strings. All it knows about the plugin is the
 * file, so it sees what every host sees.
 *
 * The words of a command are separated by blanks; the last argument extends to the end of the line, with \n, \t and \\
 * escaped.
 *   account NAME PASSWORD SERVER [KEY=VALUE …]   create or change an account (values: true, false, numbers, text); sign on
 *   connect NAME · disconnect NAME · delete NAME · status NAME ID · idle NAME SECONDS
 *   proxy NAME KIND PORT [USER PASSWORD]         a proxy on this machine for later sign-ons; KIND: none, http,
 *                                                socks4, socks5, tor, or environment for the variables of the environment
 *   send NAME BUDDY TEXT                         as Pidgin does: the text escaped, line feeds as <br>
 *   markup NAME BUDDY MARKUP                     unchanged
 *   typing NAME BUDDY STATE                      0 no, 1 yes, 2 paused
 *   close NAME BUDDY · buddies NAME · alias NAME BUDDY TEXT · group NAME BUDDY TEXT · rename-group OLD TEXT
 *   register NAME PASSWORD SERVER [KEY=VALUE …]  as account, but creates the account on the server
 *   answer ID CHOICE TEXT                        press a button of a question; 0 = the first; TEXT for inputs, and
 *                                                KEY=VALUE|KEY=VALUE for fields
 *   focus NAME BUDDY                             the user looks at this window; with any text behind, at no window
 *   icon NAME FILE · message NAME STATUS TEXT · password NAME OLD NEW · action NAME LABEL
 *   add NAME BUDDY TEXT · remove NAME BUDDY · remove-group NAME GROUP · info NAME BUDDY · menu NAME BUDDY LABEL ·
 *   deny NAME BUDDY · allow NAME BUDDY · deny-add NAME BUDDY · denied NAME · privacy NAME TYPE
 *   poke NAME BUDDY · slash NAME BUDDY COMMAND · press NAME ROW BUTTON
 *   join NAME GROUP · join NAME - TEXT           a group by its number, or one with this name
 *   chats NAME · rooms NAME · members NAME GROUP · alias-chat NAME GROUP TEXT · topic NAME GROUP TEXT · invite NAME GROUP WHO
 *                                                send, close, focus, menu and slash also take the number of a group
 *   file NAME BUDDY PATH                         send a file; without a path from a dialog, in which "answer ID 0 PATH" chooses it
 *   pictures NAME BUDDY MARKUP                   {PATH} in it is a pasted picture, {=PATH} one with its name
 *   cancel NAME                                  cancel the latest transfer
 *   rename NAME TEXT · public-name NAME          set the name that others see, or ask for it
 *   network-changed                              emit the signal for a change of the network
 *   quiet                                        from now on count messages and buddies without printing them
 *   held                                         the longest call from the main loop since the last report, of the
 *                                                plugin (also in processor time) and of others; the most messages and new buddies of one
 *                                                call, and all of them so far
 *   quit
 *
 * With HEADLESS_LOG_IMS in the environment libpurple writes its logs of conversations. HEADLESS_NAME is what the host calls
 * itself, such as Pidgin.
 *
 * The first argument selects the main loop: GLib's, or one based on poll(2) alone as in hosts without GLib's.
 */
#define _POSIX_C_SOURCE 200809L

#include <errno.h>
#include <fcntl.h>
#include <libintl.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <glib.h>

#include <blist.h>
#include <core.h>
#include <debug.h>
#include <prefs.h>
#include <prpl.h>
#include <util.h>

#include "testhost.h"

static const HostLoop *loop;

static GHashTable *ui_info(void)
{
	static GHashTable *info;

	if (info == NULL && getenv("HEADLESS_NAME") != NULL) {
		info = g_hash_table_new(g_str_hash, g_str_equal);
		g_hash_table_insert(info, (gpointer) "name", getenv("HEADLESS_NAME"));
	}
	return info;
}

static PurpleCoreUiOps core_ops = { .ui_init = ui_set_ops, .get_ui_info = ui_info };

static void on_debug(PurpleDebugLevel level, const char *category, const char *text)
{
	loop_check_thread();
	fprintf(stderr, "%d %s: %s", level, category != NULL ? category : "", text);
}

static gboolean debug_enabled(PurpleDebugLevel level, const char *category)
{
	return level >= PURPLE_DEBUG_ERROR || g_strcmp0(category, "fbchat") == 0 || getenv("PURPLE_VERBOSE_DEBUG") != NULL;
}

static PurpleDebugUiOps debug_ops = { .print = on_debug, .is_enabled = debug_enabled };

/* Reads what is available and runs the complete lines. */
static void on_stdin(gpointer data, gint source, PurpleInputCondition condition)
{
	GString *input = data;
	gboolean go_on = TRUE;
	char buffer[4096];
	ssize_t got;
	char *end;

	(void)condition;
	while ((got = read(source, buffer, sizeof buffer)) > 0)
		g_string_append_len(input, buffer, got);
	if (got == 0 || (errno != EAGAIN && errno != EINTR))
		go_on = FALSE;
	while ((end = strchr(input->str, '\n')) != NULL) {
		*end = '\0';
		if (!command_run(input->str))
			go_on = FALSE;
		g_string_erase(input, 0, end - input->str + 1);
	}
	if (!go_on)
		loop->quit();
}

/* libpurple searches whole directories for protocols when it starts, so the file gets its own directory, as in ~/.purple. */
static void place_plugin(const char *path, const char *user_dir)
{
	char *here = g_get_current_dir();
	char *target = g_path_is_absolute(path) ? g_strdup(path) : g_build_filename(here, path, NULL);
	char *dir = g_build_filename(user_dir, "plugins", NULL);
	char *base = g_path_get_basename(path);
	char *link = g_build_filename(dir, base, NULL);

	if (g_mkdir_with_parents(dir, 0700) != 0 || (unlink(link) != 0 && errno != ENOENT) || symlink(target, link) != 0)
		fprintf(stderr, "%s: %s\n", link, g_strerror(errno));
	search_plugins_in(dir);
	g_free(target);
	g_free(here);
	g_free(link);
	g_free(base);
	g_free(dir);
}

/* How long the plugin's functions take while the host waits; libpurple calls them through this table. */
static void (*plugin_login)(PurpleAccount *account);
static void (*plugin_close)(PurpleConnection *gc);

static void timed_login(PurpleAccount *account)
{
	gint64 start = g_get_monotonic_time();

	plugin_login(account);
	emit("opened-in", "microseconds", number(g_get_monotonic_time() - start), NULL);
}

static void timed_close(PurpleConnection *gc)
{
	gint64 start = g_get_monotonic_time();

	plugin_close(gc);
	emit("closed-in", "microseconds", number(g_get_monotonic_time() - start), NULL);
}

static void measure_plugin(PurplePluginProtocolInfo *protocol)
{
	plugin_login = protocol->login;
	plugin_close = protocol->close;
	protocol->login = timed_login;
	protocol->close = timed_close;
}

static gboolean report_plugin(const char *path)
{
	PurplePlugin *plugin = purple_find_prpl(PRPL_ID);
	GHashTable *texts;

	if (plugin == NULL) {
		char *base = g_path_get_basename(path);

		*strrchr(base, '.') = '\0';
		plugin = purple_plugins_find_with_basename(base);
		emit("no-plugin", "path", path, "error", plugin != NULL && plugin->error != NULL ? plugin->error : "not a plugin", NULL);
		g_free(base);
		return FALSE;
	}
	texts = PURPLE_PLUGIN_PROTOCOL_INFO(plugin)->get_account_text_table(NULL);
	emit("plugin", "id", purple_plugin_get_id(plugin), "name", purple_plugin_get_name(plugin), "version",
	     purple_plugin_get_version(plugin), "settings", plugin->info->prefs_info != NULL ? "1" : "0", "login_label",
	     g_hash_table_lookup(texts, "login_label"), NULL);
	g_hash_table_destroy(texts);
	/* The translations before they are installed. */
	if (getenv("HEADLESS_LOCALE_DIR") != NULL)
		bindtextdomain("purple-fbchat", getenv("HEADLESS_LOCALE_DIR"));
	measure_plugin(PURPLE_PLUGIN_PROTOCOL_INFO(plugin));
	return TRUE;
}

int main(int argc, char **argv)
{
	GString *input;
	gint64 start;
	guint watch;

	loop = argc == 4 ? loop_use(argv[1]) : NULL;
	if (loop == NULL) {
		fprintf(stderr, "usage: %s glib|poll PLUGIN CONFIG-DIRECTORY\n", argv[0]);
		return 2;
	}
	signal(SIGPIPE, SIG_IGN);
	setlocale(LC_ALL, "");

	purple_util_set_user_dir(argv[3]);
	purple_debug_set_enabled(FALSE);
	purple_debug_set_ui_ops(&debug_ops);
	purple_core_set_ui_ops(&core_ops);
	place_plugin(argv[2], argv[3]);
	if (!purple_core_init(UI_ID)) {
		fprintf(stderr, "libpurple did not start\n");
		return 1;
	}
	purple_set_blist(purple_blist_new());
	purple_blist_load();
	purple_prefs_set_bool("/purple/logging/log_ims", getenv("HEADLESS_LOG_IMS") != NULL);
	ui_connect_signals();
	if (!report_plugin(argv[2]))
		return 1;
	emit("ready", "libpurple", purple_core_get_version(), NULL);

	input = g_string_new(NULL);
	fcntl(STDIN_FILENO, F_SETFL, fcntl(STDIN_FILENO, F_GETFL) | O_NONBLOCK);
	watch = purple_input_add(STDIN_FILENO, PURPLE_INPUT_READ, on_stdin, input);
	loop->run();
	purple_input_remove(watch);
	g_string_free(input, TRUE);

	start = g_get_monotonic_time();
	purple_core_quit();
	emit("quit", "microseconds", number(g_get_monotonic_time() - start), NULL);
	return 0;
}
