/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A host of libpurple without windows, for tests: takes commands on standard input, one a line, and prints what libpurple
 * tells its user interface, one JSON object a line, with all values as strings. It knows nothing of the plugin but its
 * file, so what is seen here is what every host sees.
 *
 * Words of a command are separated by blanks; its last argument runs to the end of the line, with \n, \t and \\ escaped.
 *   account NAME PASSWORD SERVER [KEY=VALUE …]   make or change an account (values: true, false, numbers, text); sign on
 *   connect NAME · disconnect NAME · status NAME ID · idle NAME SECONDS
 *   proxy NAME PORT                              a SOCKS5 proxy on this machine, for the sign-ons to come; 0 = none,
 *                                                environment = what the environment says
 *   send NAME BUDDY TEXT                         as Pidgin does: the text escaped, line feeds as <br>
 *   markup NAME BUDDY MARKUP                     as it stands
 *   typing NAME BUDDY STATE                      0 no, 1 yes, 2 paused
 *   close NAME BUDDY · buddies NAME · alias NAME BUDDY TEXT · group NAME BUDDY TEXT · rename-group OLD TEXT · quit
 */
#define _POSIX_C_SOURCE 200809L

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <glib.h>

#include <account.h>
#include <blist.h>
#include <connection.h>
#include <conversation.h>
#include <core.h>
#include <debug.h>
#include <eventloop.h>
#include <notify.h>
#include <prefs.h>
#include <proxy.h>
#include <request.h>
#include <server.h>
#include <signals.h>
#include <status.h>
#include <util.h>

#define UI_ID "fbchat-headless"
#define PRPL_ID "prpl-fbchat"

static GMainLoop *main_loop;
static GThread *main_thread;

/* Output. */

static void print_json_string(const char *text)
{
	putchar('"');
	for (; *text != '\0'; text++) {
		unsigned char byte = (unsigned char)*text;

		if (byte == '"' || byte == '\\')
			printf("\\%c", byte);
		else if (byte < 0x20)
			printf("\\u%04x", byte);
		else
			putchar(byte);
	}
	putchar('"');
}

/* emit("event", "key", "value", …, NULL); a NULL value is left out only as the key's. */
static void emit(const char *event, ...)
{
	va_list args;
	const char *key;

	printf("{\"event\":");
	print_json_string(event);
	va_start(args, event);
	while ((key = va_arg(args, const char *)) != NULL) {
		const char *value = va_arg(args, const char *);

		putchar(',');
		print_json_string(key);
		putchar(':');
		print_json_string(value != NULL ? value : "");
	}
	va_end(args);
	printf("}\n");
	fflush(stdout);
}

static const char *number(gint64 value)
{
	static char buffers[8][24];
	static int next;
	char *buffer = buffers[next++ % 8];

	g_snprintf(buffer, sizeof buffers[0], "%" G_GINT64_FORMAT, value);
	return buffer;
}

/* The main loop: GLib's. A plugin that uses it from another thread would be wrong in other hosts. */

static void check_thread(void)
{
	if (g_thread_self() != main_thread) {
		fprintf(stderr, "libpurple was used from another thread\n");
		abort();
	}
}

static guint timeout_add(guint interval, GSourceFunc function, gpointer data)
{
	check_thread();
	return g_timeout_add(interval, function, data);
}

static guint timeout_add_seconds(guint interval, GSourceFunc function, gpointer data)
{
	check_thread();
	return g_timeout_add_seconds(interval, function, data);
}

typedef struct {
	PurpleInputFunction function;
	gpointer data;
} Input;

static gboolean input_ready(GIOChannel *channel, GIOCondition condition, gpointer data)
{
	Input *input = data;
	PurpleInputCondition ready = 0;

	if (condition & (G_IO_IN | G_IO_HUP | G_IO_ERR))
		ready |= PURPLE_INPUT_READ;
	if (condition & (G_IO_OUT | G_IO_HUP | G_IO_ERR | G_IO_NVAL))
		ready |= PURPLE_INPUT_WRITE;
	input->function(input->data, g_io_channel_unix_get_fd(channel), ready);
	return TRUE;
}

static guint input_add(int fd, PurpleInputCondition condition, PurpleInputFunction function, gpointer data)
{
	Input *input = g_new0(Input, 1);
	GIOChannel *channel = g_io_channel_unix_new(fd);
	GIOCondition wanted = G_IO_HUP | G_IO_ERR | G_IO_NVAL;
	guint source;

	check_thread();
	if (condition & PURPLE_INPUT_READ)
		wanted |= G_IO_IN;
	if (condition & PURPLE_INPUT_WRITE)
		wanted |= G_IO_OUT;
	input->function = function;
	input->data = data;
	source = g_io_add_watch_full(channel, G_PRIORITY_DEFAULT, wanted, input_ready, input, g_free);
	g_io_channel_unref(channel);
	return source;
}

static PurpleEventLoopUiOps loop_ops = {
	.timeout_add = timeout_add,
	.timeout_remove = g_source_remove,
	.input_add = input_add,
	.input_remove = g_source_remove,
	.timeout_add_seconds = timeout_add_seconds,
};

/* What libpurple tells its user interface. */

static const char *name_of(PurpleConnection *gc)
{
	return purple_account_get_username(purple_connection_get_account(gc));
}

static void on_progress(PurpleConnection *gc, const char *text, size_t step, size_t steps)
{
	emit("progress", "account", name_of(gc), "step", number((gint64)step), "steps", number((gint64)steps), "text", text, NULL);
}

static void on_connected(PurpleConnection *gc)
{
	emit("connected", "account", name_of(gc), "name", purple_connection_get_display_name(gc), NULL);
}

static void on_disconnected(PurpleConnection *gc)
{
	emit("disconnected", "account", name_of(gc), NULL);
}

static void on_error(PurpleConnection *gc, PurpleConnectionError reason, const char *text)
{
	emit("error", "account", name_of(gc), "reason", number(reason), "text", text, NULL);
}

static PurpleConnectionUiOps connection_ops = {
	.connect_progress = on_progress,
	.connected = on_connected,
	.disconnected = on_disconnected,
	.report_disconnect_reason = on_error,
};

static void on_conversation(PurpleConversation *conversation)
{
	emit("window", "account", purple_account_get_username(purple_conversation_get_account(conversation)), "with",
	     purple_conversation_get_name(conversation), "title", purple_conversation_get_title(conversation), NULL);
}

static void on_write(PurpleConversation *conversation, const char *name, const char *alias, const char *message,
                     PurpleMessageFlags flags, time_t when)
{
	emit("message", "account", purple_account_get_username(purple_conversation_get_account(conversation)), "with",
	     purple_conversation_get_name(conversation), "name", name, "alias", alias, "markup", message, "flags",
	     number(flags), "time", number(when), NULL);
}

static PurpleConversationUiOps conversation_ops = {
	.create_conversation = on_conversation,
	.write_conv = on_write,
};

static void *on_notify(PurpleNotifyMsgType type, const char *title, const char *primary, const char *secondary)
{
	(void)type;
	emit("notify", "title", title, "primary", primary, "secondary", secondary, NULL);
	return NULL;
}

static PurpleNotifyUiOps notify_ops = {
	.notify_message = on_notify,
};

/* Empty, but without it libpurple would not save the list. */
static PurpleBlistUiOps blist_ops;

static void emit_buddy(const char *event, PurpleBuddy *buddy)
{
	PurplePresence *presence = purple_buddy_get_presence(buddy);
	PurpleStatus *status = purple_presence_get_active_status(presence);
	PurpleGroup *group = purple_buddy_get_group(buddy);
	const char *server_alias = purple_buddy_get_server_alias(buddy);
	PurplePlugin *prpl = purple_find_prpl(PRPL_ID);
	char *text = PURPLE_PLUGIN_PROTOCOL_INFO(prpl)->status_text(buddy);

	emit(event, "account", purple_account_get_username(purple_buddy_get_account(buddy)), "who", purple_buddy_get_name(buddy),
	     "alias", purple_buddy_get_alias(buddy), "server_alias", server_alias, "status", purple_status_get_id(status), "online",
	     purple_presence_is_online(presence) ? "1" : "0", "idle", purple_presence_is_idle(presence) ? "1" : "0", "group",
	     group != NULL ? purple_group_get_name(group) : NULL, "text", text, NULL);
	g_free(text);
}

static void on_signed_on(PurpleBuddy *buddy)
{
	emit_buddy("buddy-signed-on", buddy);
}

static void on_signed_off(PurpleBuddy *buddy)
{
	emit_buddy("buddy-signed-off", buddy);
}

static void on_idle(PurpleBuddy *buddy, gboolean was, gboolean is)
{
	(void)was;
	(void)is;
	emit_buddy("buddy-idle", buddy);
}

static void on_status(PurpleBuddy *buddy, PurpleStatus *before, PurpleStatus *now)
{
	(void)before;
	(void)now;
	emit_buddy("buddy-status", buddy);
}

static void on_typing(PurpleAccount *account, const char *who)
{
	emit("typing", "account", purple_account_get_username(account), "who", who, "state", "1", NULL);
}

static void on_typing_stopped(PurpleAccount *account, const char *who)
{
	emit("typing", "account", purple_account_get_username(account), "who", who, "state", "0", NULL);
}

static void connect_signals(void)
{
	static int handle;
	void *buddies = purple_blist_get_handle();
	void *conversations = purple_conversations_get_handle();

	purple_signal_connect(buddies, "buddy-signed-on", &handle, PURPLE_CALLBACK(on_signed_on), NULL);
	purple_signal_connect(buddies, "buddy-signed-off", &handle, PURPLE_CALLBACK(on_signed_off), NULL);
	purple_signal_connect(buddies, "buddy-status-changed", &handle, PURPLE_CALLBACK(on_status), NULL);
	purple_signal_connect(buddies, "buddy-idle-changed", &handle, PURPLE_CALLBACK(on_idle), NULL);
	purple_signal_connect(conversations, "buddy-typing", &handle, PURPLE_CALLBACK(on_typing), NULL);
	purple_signal_connect(conversations, "buddy-typing-stopped", &handle, PURPLE_CALLBACK(on_typing_stopped), NULL);
}

static void ui_init(void)
{
	purple_connections_set_ui_ops(&connection_ops);
	purple_conversations_set_ui_ops(&conversation_ops);
	purple_notify_set_ui_ops(&notify_ops);
	purple_blist_set_ui_ops(&blist_ops);
}

static PurpleCoreUiOps core_ops = { .ui_init = ui_init };

static void on_debug(PurpleDebugLevel level, const char *category, const char *text)
{
	fprintf(stderr, "%d %s: %s", level, category != NULL ? category : "", text);
}

static gboolean debug_enabled(PurpleDebugLevel level, const char *category)
{
	return level >= PURPLE_DEBUG_ERROR || g_strcmp0(category, "fbchat") == 0 || getenv("PURPLE_VERBOSE_DEBUG") != NULL;
}

static PurpleDebugUiOps debug_ops = { .print = on_debug, .is_enabled = debug_enabled };

/* Commands. */

static PurpleConversation *conversation_with(PurpleAccount *account, const char *who)
{
	PurpleConversation *conversation = purple_find_conversation_with_account(PURPLE_CONV_TYPE_IM, who, account);

	return conversation != NULL ? conversation : purple_conversation_new(PURPLE_CONV_TYPE_IM, account, who);
}

static void set_option(PurpleAccount *account, const char *word)
{
	const char *equals = strchr(word, '=');
	const char *value = equals != NULL ? equals + 1 : "";
	char *key = equals != NULL ? g_strndup(word, (gsize)(equals - word)) : g_strdup(word);

	if (strcmp(value, "true") == 0 || strcmp(value, "false") == 0)
		purple_account_set_bool(account, key, value[0] == 't');
	else if (g_ascii_isdigit(value[0]))
		purple_account_set_int(account, key, atoi(value));
	else
		purple_account_set_string(account, key, value);
	g_free(key);
}

static void run_account(PurpleAccount *account, const char *name, const char *rest)
{
	char **words = g_strsplit(rest, " ", -1);
	int i;

	if (account == NULL) {
		account = purple_account_new(name, PRPL_ID);
		/* Or libpurple forgets it at every sign-off and asks. */
		purple_account_set_remember_password(account, TRUE);
		purple_accounts_add(account);
	}
	for (i = 0; words[i] != NULL; i++) {
		if (i == 0)
			purple_account_set_password(account, words[i]);
		else if (i == 1 && strcmp(words[i], "-") != 0)
			purple_account_set_string(account, "server", words[i]);
		else if (i > 1)
			set_option(account, words[i]);
	}
	g_strfreev(words);
	if (purple_account_get_enabled(account, UI_ID))
		purple_account_connect(account);
	else
		purple_account_set_enabled(account, UI_ID, TRUE);
}

static void set_proxy(PurpleAccount *account, const char *word)
{
	int port = atoi(word);
	PurpleProxyType type = port != 0 ? PURPLE_PROXY_SOCKS5 : PURPLE_PROXY_NONE;
	PurpleProxyInfo *proxy = purple_proxy_info_new();

	if (strcmp(word, "environment") == 0) {
		type = PURPLE_PROXY_USE_ENVVAR;
	} else {
		purple_proxy_info_set_host(proxy, "127.0.0.1");
		purple_proxy_info_set_port(proxy, port);
	}
	purple_proxy_info_set_type(proxy, type);
	purple_account_set_proxy_info(account, proxy);
}

static void list_buddies(PurpleAccount *account)
{
	GSList *buddies = purple_find_buddies(account, NULL);

	for (; buddies != NULL; buddies = g_slist_delete_link(buddies, buddies))
		emit_buddy("buddy", buddies->data);
}

static void disconnect(PurpleAccount *account)
{
	gint64 start = g_get_monotonic_time();

	purple_account_disconnect(account);
	emit("closed-in", "microseconds", number(g_get_monotonic_time() - start), NULL);
}

/* Commands on a conversation or a buddy; the text is unescaped. */
static gboolean run_with_buddy(const char *command, PurpleAccount *account, const char *who, const char *text)
{
	PurpleBuddy *buddy = purple_find_buddy(account, who);

	if (strcmp(command, "send") == 0) {
		char *escaped = g_markup_escape_text(text, -1);
		char *markup = purple_strreplace(escaped, "\n", "<br>");

		purple_conv_im_send(PURPLE_CONV_IM(conversation_with(account, who)), markup);
		g_free(markup);
		g_free(escaped);
	} else if (strcmp(command, "markup") == 0) {
		purple_conv_im_send(PURPLE_CONV_IM(conversation_with(account, who)), text);
	} else if (strcmp(command, "typing") == 0) {
		unsigned int again = serv_send_typing(purple_account_get_connection(account), who, (PurpleTypingState)atoi(text));

		emit("typing-again", "seconds", number(again), NULL);
	} else if (strcmp(command, "close") == 0) {
		purple_conversation_destroy(conversation_with(account, who));
	} else if (strcmp(command, "alias") == 0 && buddy != NULL) {
		purple_blist_alias_buddy(buddy, text);
	} else if (strcmp(command, "group") == 0 && buddy != NULL) {
		PurpleGroup *group = purple_group_new(text);

		purple_blist_add_group(group, NULL);
		purple_blist_add_buddy(buddy, NULL, group, NULL);
	} else {
		return FALSE;
	}
	return TRUE;
}

static gboolean run_with_account(const char *command, PurpleAccount *account, const char *rest)
{
	if (strcmp(command, "connect") == 0) {
		purple_account_connect(account);
	} else if (strcmp(command, "disconnect") == 0) {
		disconnect(account);
	} else if (strcmp(command, "proxy") == 0) {
		set_proxy(account, rest);
	} else if (strcmp(command, "status") == 0) {
		purple_account_set_status(account, rest, TRUE, NULL);
	} else if (strcmp(command, "idle") == 0) {
		int seconds = atoi(rest);

		purple_presence_set_idle(purple_account_get_presence(account), seconds > 0, seconds > 0 ? time(NULL) - seconds : 0);
	} else if (strcmp(command, "buddies") == 0) {
		list_buddies(account);
	} else {
		char **words = g_strsplit(rest, " ", 2);
		char *text = words[0] != NULL && words[1] != NULL ? g_strcompress(words[1]) : g_strdup("");
		gboolean known = words[0] != NULL && run_with_buddy(command, account, words[0], text);

		g_free(text);
		g_strfreev(words);
		return known;
	}
	return TRUE;
}

static void run_command(const char *line)
{
	char **words = g_strsplit(line, " ", 3);
	const char *command = words[0] != NULL ? words[0] : "";
	const char *name = words[0] != NULL && words[1] != NULL ? words[1] : "";
	const char *rest = *name != '\0' && words[2] != NULL ? words[2] : "";
	PurpleAccount *account = purple_accounts_find(name, PRPL_ID);
	gboolean known = TRUE;

	if (strcmp(command, "quit") == 0) {
		g_main_loop_quit(main_loop);
	} else if (strcmp(command, "account") == 0) {
		run_account(account, name, rest);
	} else if (strcmp(command, "rename-group") == 0) {
		PurpleGroup *group = purple_find_group(name);

		known = group != NULL;
		if (known)
			purple_blist_rename_group(group, rest);
	} else if (account != NULL) {
		known = run_with_account(command, account, rest);
	} else {
		known = FALSE;
	}
	emit(known ? "done" : "refused", "command", command, NULL);
	g_strfreev(words);
}

static gboolean on_stdin(GIOChannel *channel, GIOCondition condition, gpointer data)
{
	GIOStatus status;
	char *line = NULL;
	gsize end = 0;

	(void)condition;
	(void)data;
	while ((status = g_io_channel_read_line(channel, &line, NULL, &end, NULL)) == G_IO_STATUS_NORMAL) {
		line[end] = '\0';
		run_command(line);
		g_free(line);
		line = NULL;
	}
	if (status == G_IO_STATUS_AGAIN)
		return TRUE;
	g_main_loop_quit(main_loop);
	return FALSE;
}

/* libpurple looks for protocols when it starts, in whole directories: so the file gets one of its own, as in ~/.purple. */
static void place_plugin(const char *path, const char *user_dir)
{
	char *here = g_get_current_dir();
	char *target = g_path_is_absolute(path) ? g_strdup(path) : g_build_filename(here, path, NULL);
	char *dir = g_build_filename(user_dir, "plugins", NULL);
	char *base = g_path_get_basename(path);
	char *link = g_build_filename(dir, base, NULL);

	if (g_mkdir_with_parents(dir, 0700) != 0 || (unlink(link) != 0 && errno != ENOENT) || symlink(target, link) != 0)
		fprintf(stderr, "%s: %s\n", link, g_strerror(errno));
	purple_plugins_add_search_path(dir);
	g_free(target);
	g_free(here);
	g_free(link);
	g_free(base);
	g_free(dir);
}

static gboolean report_plugin(const char *path)
{
	PurplePlugin *plugin = purple_find_prpl(PRPL_ID);

	if (plugin == NULL) {
		char *base = g_path_get_basename(path);

		*strrchr(base, '.') = '\0';
		plugin = purple_plugins_find_with_basename(base);
		emit("no-plugin", "path", path, "error", plugin != NULL && plugin->error != NULL ? plugin->error : "not a plugin", NULL);
		g_free(base);
		return FALSE;
	}
	emit("plugin", "id", purple_plugin_get_id(plugin), "name", purple_plugin_get_name(plugin), "version",
	     purple_plugin_get_version(plugin), "login_label",
	     g_hash_table_lookup(PURPLE_PLUGIN_PROTOCOL_INFO(plugin)->get_account_text_table(NULL), "login_label"), NULL);
	return TRUE;
}

int main(int argc, char **argv)
{
	GIOChannel *input;
	gint64 start;

	if (argc != 3) {
		fprintf(stderr, "usage: %s PLUGIN CONFIG-DIRECTORY\n", argv[0]);
		return 2;
	}
	signal(SIGPIPE, SIG_IGN);
	main_thread = g_thread_self();
	main_loop = g_main_loop_new(NULL, FALSE);

	purple_util_set_user_dir(argv[2]);
	purple_debug_set_enabled(FALSE);
	purple_debug_set_ui_ops(&debug_ops);
	purple_eventloop_set_ui_ops(&loop_ops);
	purple_core_set_ui_ops(&core_ops);
	place_plugin(argv[1], argv[2]);
	if (!purple_core_init(UI_ID)) {
		fprintf(stderr, "libpurple did not start\n");
		return 1;
	}
	purple_set_blist(purple_blist_new());
	purple_blist_load();
	purple_prefs_set_bool("/purple/logging/log_ims", FALSE);
	connect_signals();
	if (!report_plugin(argv[1]))
		return 1;
	emit("ready", "libpurple", purple_core_get_version(), NULL);

	input = g_io_channel_unix_new(STDIN_FILENO);
	g_io_channel_set_encoding(input, NULL, NULL);
	g_io_channel_set_flags(input, g_io_channel_get_flags(input) | G_IO_FLAG_NONBLOCK, NULL);
	g_io_add_watch(input, G_IO_IN | G_IO_HUP | G_IO_ERR, on_stdin, NULL);
	g_main_loop_run(main_loop);

	start = g_get_monotonic_time();
	purple_core_quit();
	emit("quit", "microseconds", number(g_get_monotonic_time() - start), NULL);
	return 0;
}
