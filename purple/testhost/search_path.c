/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Preloaded into hosts that look for plugins in the system's directory only, for tests, which put nothing there.
 */
#include <stdlib.h>

#include <plugin.h>

__attribute__((constructor)) static void add_search_path(void)
{
	purple_plugins_add_search_path(getenv("FBCHAT_PLUGIN_DIR"));
}
