/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * purple-fbchat-check: loads the plugin as a messenger would, and prints OK or the reason why not. The output is meant for
 * bug reports: versions and paths, nothing about accounts. It reads nothing of the user's profile except the plugins, and
 * leaves no files behind.
 */
#define _POSIX_C_SOURCE 200809L

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <glib.h>
#include <glib/gstdio.h>

#include <core.h>
#include <debug.h>
#include <prpl.h>
#include <util.h>

#include "testhost.h"

#define PLUGIN_NAME "libfbchat-purple"

/* What libpurple logs about files of that name; it reports the reason of a refusal only in its log. */
static GString *complaints;

static void on_debug(PurpleDebugLevel level, const char *category, const char *text)
{
	if (level >= PURPLE_DEBUG_ERROR && g_strcmp0(category, "plugins") == 0 && strstr(text, PLUGIN_NAME) != NULL)
		g_string_append(complaints, text);
}

static gboolean debug_enabled(PurpleDebugLevel level, const char *category)
{
	(void)level;
	return g_strcmp0(category, "plugins") == 0;
}

static PurpleDebugUiOps debug_ops = { .print = on_debug, .is_enabled = debug_enabled };
static PurpleCoreUiOps core_ops;

static void print_system(void)
{
	struct utsname name;

	printf("libpurple %s, GLib %u.%u.%u\n", purple_core_get_version(), glib_major_version, glib_minor_version,
	       glib_micro_version);
	if (uname(&name) == 0)
		printf("%s %s %s\n", name.sysname, name.release, name.machine);
}

/* The files that a messenger would find. Two of them, perhaps of different versions, are a common problem. */
static int print_files(char **directories)
{
	int found = 0;

	for (; *directories != NULL; directories++) {
		char *path = g_build_filename(*directories, PLUGIN_NAME ".so", NULL);
		gboolean there = g_file_test(path, G_FILE_TEST_EXISTS);

		printf("%s: %s\n", path, there ? "found" : "not there");
		found += there;
		g_free(path);
	}
	return found;
}

static void print_icon(void)
{
	if (g_file_test(PIXMAP_DIR "/16/fbchat.png", G_FILE_TEST_EXISTS))
		printf("%s/16/fbchat.png: found\n", PIXMAP_DIR);
	else
		printf("%s/16/fbchat.png: not there; Pidgin shows the protocol without its icon\n", PIXMAP_DIR);
}

static gboolean print_verdict(int files)
{
	PurplePlugin *plugin = purple_find_prpl(PRPL_ID);

	if (plugin != NULL) {
		if (files > 1)
			printf("There are several files; please remove all but one.\n");
		printf("OK: %s %s, from %s\n", purple_plugin_get_name(plugin), purple_plugin_get_version(plugin), plugin->path);
		return TRUE;
	}
	plugin = purple_plugins_find_with_basename(PLUGIN_NAME);
	if (files == 0)
		printf("Not OK: the plugin is in none of these directories. Run make install, or make install-user to install it for yourself only.\n");
	else if (plugin != NULL && plugin->error != NULL)
		printf("Not OK: %s\n", plugin->error);
	else
		printf("Not OK: libpurple did not accept the plugin.\n%s", complaints->str);
	return FALSE;
}

static void remove_directory(const char *path)
{
	GDir *dir = g_dir_open(path, 0, NULL);
	const char *name;

	while (dir != NULL && (name = g_dir_read_name(dir)) != NULL) {
		char *child = g_build_filename(path, name, NULL);

		if (g_file_test(child, G_FILE_TEST_IS_DIR) && !g_file_test(child, G_FILE_TEST_IS_SYMLINK))
			remove_directory(child);
		else
			g_unlink(child);
		g_free(child);
	}
	if (dir != NULL)
		g_dir_close(dir);
	g_rmdir(path);
}

static gboolean check(char **directories)
{
	int files;
	gboolean good;

	if (!purple_core_init(UI_ID)) {
		printf("Not OK: libpurple did not start.\n");
		return FALSE;
	}
	print_system();
	files = print_files(directories);
	print_icon();
	good = print_verdict(files);
	purple_core_quit();
	return good;
}

int main(int argc, char **argv)
{
	char *usual[] = { (char *)PLUGIN_DIR, g_build_filename(g_get_home_dir(), ".purple", "plugins", NULL), NULL };
	char **directories = argc > 1 ? argv + 1 : usual;
	/* libpurple creates files in its profile, so it gets a temporary one. */
	char *profile = g_build_filename(g_get_tmp_dir(), "purple-fbchat-check.XXXXXX", NULL);
	gboolean good;
	int i;

	if (argc > 1 && argv[1][0] == '-') {
		printf("usage: %s [DIRECTORY …]\n\nChecks whether messengers based on libpurple can load the fbchat plugin. "
		       "Directories on the command line are searched instead of the usual ones.\n", argv[0]);
		return strcmp(argv[1], "--help") == 0 ? 0 : 2;
	}
	if (mkdtemp(profile) == NULL) {
		printf("Not OK: no temporary directory could be created.\n");
		return 1;
	}
	complaints = g_string_new(NULL);
	purple_util_set_user_dir(profile);
	purple_debug_set_enabled(FALSE);
	purple_debug_set_ui_ops(&debug_ops);
	loop_use("glib");
	purple_core_set_ui_ops(&core_ops);
	for (i = 0; directories[i] != NULL; i++)
		purple_plugins_add_search_path(directories[i]);
	good = check(directories);
	remove_directory(profile);
	g_free(profile);
	g_free(usual[1]);
	g_string_free(complaints, TRUE);
	return good ? 0 : 1;
}
