/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which host the plugin runs in, for the few places where one of them needs something else.
 */
#include "host.h"

#include <core.h>

static gboolean host_is(const char *name)
{
	GHashTable *info = purple_core_get_ui_info();

	return info != NULL && g_strcmp0(g_hash_table_lookup(info, "name"), name) == 0;
}

char *fb_host_name(void)
{
	GHashTable *info = purple_core_get_ui_info();
	const char *name = info != NULL ? g_hash_table_lookup(info, "name") : NULL;
	const char *version = info != NULL ? g_hash_table_lookup(info, "version") : NULL;
	char *text = g_strjoin(" ", name != NULL ? name : purple_core_get_ui(), version, NULL);

	return g_strcanon(text, G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS " .-+", '_');
}

gboolean fb_in_bitlbee(void)
{
	return host_is("BitlBee");
}

gboolean fb_in_haze(void)
{
	return g_strcmp0(purple_core_get_ui(), "haze") == 0;
}

gboolean fb_in_pidgin(void)
{
	return host_is("Pidgin");
}
