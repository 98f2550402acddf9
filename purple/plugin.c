/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What libpurple reads when it looks at the plugin file: who we are, what we can do, what an account has to say.
 */
#include "prpl.h"

#include <accountopt.h>
#include <plugin.h>
#include <version.h>

/* The oldest libpurple 2.x with all functions that are used here. Claiming our build host's would lock older ones out. */
#define FB_PURPLE_MINOR 6

static gboolean unload(PurplePlugin *plugin)
{
	(void)plugin;
	fb_client_free();
	return TRUE;
}

static const char *list_icon(PurpleAccount *account, PurpleBuddy *buddy)
{
	(void)account;
	(void)buddy;
	return "fbchat";
}

static GHashTable *account_texts(PurpleAccount *account)
{
	GHashTable *texts = g_hash_table_new(g_str_hash, g_str_equal);

	(void)account;
	g_hash_table_insert(texts, (gpointer) "login_label", (gpointer)_("E-mail address"));
	return texts;
}

/* What is not here cannot be done yet, and hosts hide it: better than a menu entry that does nothing. */
static PurplePluginProtocolInfo protocol_info = {
	.icon_spec = NO_BUDDY_ICONS,
	.list_icon = list_icon,
	.status_text = fb_status_text,
	.tooltip_text = fb_tooltip_text,
	.status_types = fb_status_types,
	.login = fb_login,
	.close = fb_close,
	.send_im = fb_send_im,
	.send_typing = fb_send_typing,
	.set_status = fb_set_status,
	.set_idle = fb_set_idle,
	.group_buddy = fb_group_buddy,
	.rename_group = fb_rename_group,
	.normalize = fb_normalize,
	.offline_message = fb_offline_message,
	/* Without it everything behind it is ignored. */
	.struct_size = sizeof(PurplePluginProtocolInfo),
	.get_account_text_table = account_texts,
};

static PurplePluginInfo plugin_info = {
	.magic = PURPLE_PLUGIN_MAGIC,
	.major_version = PURPLE_MAJOR_VERSION,
	.minor_version = FB_PURPLE_MINOR,
	.type = PURPLE_PLUGIN_PROTOCOL,
	.priority = PURPLE_PRIORITY_DEFAULT,
	.id = (char *)FB_PRPL_ID,
	.name = (char *)"Facebook Chat (fbchat)",
	.author = (char *)"The fbchat authors",
	.unload = unload,
	.extra_info = &protocol_info,
};

/* Written out rather than made by PURPLE_INIT_PLUGIN, whose expansion is not strict C99. */
G_MODULE_EXPORT gboolean purple_init_plugin(PurplePlugin *plugin);

G_MODULE_EXPORT gboolean purple_init_plugin(PurplePlugin *plugin)
{
	/* A new list each time: libpurple frees it with the plugin, but this file may stay loaded and be asked again. */
	GList *options = NULL;

	bindtextdomain(FB_TEXT_DOMAIN, FB_LOCALE_DIR);
	bind_textdomain_codeset(FB_TEXT_DOMAIN, "UTF-8");
	options = g_list_append(options, purple_account_option_string_new(_("Server"), "server", FB_DEFAULT_SERVER));
	options = g_list_append(
		options,
		purple_account_option_bool_new(_("Allow a connection without encryption (the password can be read on the way)"),
	                                   "allow_insecure", FALSE));
	protocol_info.protocol_options = options;
	plugin_info.version = (char *)fbchat_version();
	plugin_info.summary = _("Chat over the protocol of Facebook Chat of 2008, on a server of your own.");
	plugin_info.description = _("Speaks the chat protocol that Facebook used in 2008 with an fbchat server. "
	                            "It does not connect to Facebook, and is not affiliated with Facebook or Meta.");
	plugin->info = &plugin_info;
	return purple_plugin_register(plugin);
}
