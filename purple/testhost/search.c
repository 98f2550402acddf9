/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Keeps libpurple from loading all plugins of the system when it starts, which would take longer than most scenarios do,
 * above all under valgrind: only the directories of search_plugins_in() are searched.
 */
#define _GNU_SOURCE /* RTLD_NEXT */

#include "testhost.h"

#include <plugin.h>

#include <dlfcn.h>

/* libpurple calls this one in place of its own function, with the directory of the system. */
void purple_plugins_add_search_path(const char *path)
{
	(void)path;
}

void search_plugins_in(const char *directory)
{
	void (*add_search_path)(const char *);

	*(void **)&add_search_path = dlsym(RTLD_NEXT, "purple_plugins_add_search_path");
	g_assert(add_search_path != NULL);
	add_search_path(directory);
}
