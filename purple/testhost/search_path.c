/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Preloaded into hosts that search only the system's directory for plugins: the tests install nothing there.
 */
#include <stdlib.h>

#include <plugin.h>

__attribute__((constructor)) static void add_search_path(void)
{
	purple_plugins_add_search_path(getenv("FBCHAT_PLUGIN_DIR"));
}
