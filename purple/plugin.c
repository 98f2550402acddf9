/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The entry of the plugin: what libpurple reads from the file, and the table of the protocol's operations.
 */
#include <plugin.h>
#include <version.h>

#include "alias.h"
#include "buddies.h"
#include "chat_messages.h"
#include "chats.h"
#include "client.h"
#include "connection.h"
#include "events.h"
#include "files.h"
#include "friends.h"
#include "group_changes.h"
#include "groups.h"
#include "icons.h"
#include "menus.h"
#include "messages.h"
#include "offers.h"
#include "people.h"
#include "presence.h"
#include "privacy.h"
#include "register.h"
#include "resume.h"
#include "rooms.h"
#include "settings.h"
#include "typing.h"
#include "unread.h"
#include "unsent.h"
#include "uploads.h"

/* The oldest libpurple 2.x that has all functions used here. The version of the build machine would exclude older ones. */
#define FB_PURPLE_MINOR 6

static void client_created(fbchat_client *client)
{
	fb_events_start(client);
	/* Not when the plugin is loaded: libpurple has no accounts then. */
	fb_unsent_init();
}

static void client_ending(fbchat_client *client)
{
	fb_unsent_uninit();
	fb_events_stop(client);
}

static gboolean load(PurplePlugin *plugin)
{
	(void)plugin;
	fb_client_init(client_created, client_ending);
	fb_commands_register();
	return TRUE;
}

static gboolean unload(PurplePlugin *plugin)
{
	(void)plugin;
	fb_commands_unregister();
	fb_client_free();
	fb_resume_forget_all();
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

/* Hosts hide what is not listed here, which is better than a menu entry that does nothing. */
static PurplePluginProtocolInfo protocol_info = {
	.options = OPT_PROTO_CHAT_TOPIC | OPT_PROTO_INVITE_MESSAGE | OPT_PROTO_MAIL_CHECK | OPT_PROTO_IM_IMAGE,
	/* The host scales a large picture down before it passes it on. */
	.icon_spec = { (char *)"png,jpeg,gif", 0, 0, 256, 256, FB_PICTURE_BYTES, PURPLE_ICON_SCALE_SEND },
	.list_icon = list_icon,
	.status_text = fb_status_text,
	.tooltip_text = fb_tooltip_text,
	.status_types = fb_status_types,
	.blist_node_menu = fb_blist_node_menu,
	.login = fb_login,
	.close = fb_close,
	.send_im = fb_send_im,
	.get_info = fb_get_info,
	.send_typing = fb_send_typing,
	.set_status = fb_set_status,
	.set_idle = fb_set_idle,
	.add_deny = fb_add_deny,
	.rem_deny = fb_rem_deny,
	.set_permit_deny = fb_set_permit_deny,
	.alias_buddy = fb_alias_buddy,
	.group_buddy = fb_group_buddy,
	.rename_group = fb_rename_group,
	.buddy_free = fb_buddy_free,
	.normalize = fb_normalize,
	.register_user = fb_register_user,
	.change_passwd = fb_change_passwd,
	.add_buddy = fb_add_buddy,
	.remove_buddy = fb_remove_buddy,
	.remove_buddies = fb_remove_buddies,
	.set_buddy_icon = fb_set_buddy_icon,
	.offline_message = fb_offline_message,
	.send_attention = fb_send_attention,
	.get_attention_types = fb_attention_types,
	.chat_info = fb_chat_info,
	.chat_info_defaults = fb_chat_info_defaults,
	.get_chat_name = fb_get_chat_name,
	.find_blist_chat = fb_find_blist_chat,
	.join_chat = fb_join_chat,
	.chat_send = fb_chat_send,
	.chat_invite = fb_chat_invite,
	.set_chat_topic = fb_set_chat_topic,
	.get_cb_alias = fb_cb_alias,
	.roomlist_get_list = fb_roomlist_get_list,
	.roomlist_cancel = fb_roomlist_cancel,
	.roomlist_room_serialize = fb_roomlist_room_serialize,
	.can_receive_file = fb_can_receive_file,
	.send_file = fb_send_file,
	.new_xfer = fb_new_xfer,
	.chat_can_receive_file = fb_chat_can_receive_file,
	.chat_send_file = fb_chat_send_file,
	/* Without it libpurple ignores everything that follows. */
	.struct_size = sizeof(PurplePluginProtocolInfo),
	.get_account_text_table = account_texts,
	.set_public_alias = fb_set_public_alias,
	.get_public_alias = fb_get_public_alias,
	.add_buddy_with_invite = fb_add_buddy_with_invite,
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
	.load = load,
	.unload = unload,
	.extra_info = &protocol_info,
	.actions = fb_actions,
};

/* Written out because the expansion of PURPLE_INIT_PLUGIN is not strict C99. */
G_MODULE_EXPORT gboolean purple_init_plugin(PurplePlugin *plugin);

G_MODULE_EXPORT gboolean purple_init_plugin(PurplePlugin *plugin)
{
	/* A new list each time: libpurple frees it with the plugin, but this file may stay loaded and be initialised again. */
	GList *options;

	bindtextdomain(FB_TEXT_DOMAIN, FB_LOCALE_DIR);
	bind_textdomain_codeset(FB_TEXT_DOMAIN, "UTF-8");
	options = fb_settings_options();
	options = fb_unread_options(options);
	options = fb_offers_options(options);
	options = fb_chat_messages_options(options);
	options = fb_files_options(options);
	protocol_info.protocol_options = options;
	plugin_info.version = (char *)fbchat_version();
	plugin_info.summary = _("Chat over the protocol of Facebook Chat of 2008, on a server of your own.");
	plugin_info.description = _("Speaks the chat protocol that Facebook used in 2008 with an fbchat server. "
	                            "It does not connect to Facebook, and is not affiliated with Facebook or Meta.");
	plugin->info = &plugin_info;
	return purple_plugin_register(plugin);
}
