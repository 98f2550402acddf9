/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The commands of the headless host; headless.c lists them.
 */
#include <stdlib.h>
#include <string.h>

#include <glib.h>

#include <account.h>
#include <blist.h>
#include <connection.h>
#include <conversation.h>
#include <network.h>
#include <proxy.h>
#include <server.h>
#include <signals.h>
#include <status.h>
#include <util.h>

#include "testhost.h"

static PurpleConversation *conversation_with(PurpleAccount *account, const char *who)
{
	PurpleConversation *conversation = purple_find_conversation_with_account(PURPLE_CONV_TYPE_ANY, who, account);

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

/* The name of an account of XMPP ends with a resource. */
static const char *protocol_of(const char *name)
{
	return strchr(name, '/') != NULL ? "prpl-jabber" : PRPL_ID;
}

static PurpleAccount *set_account(PurpleAccount *account, const char *name, const char *rest)
{
	char **words = g_strsplit(rest, " ", -1);
	int i;

	if (account == NULL) {
		account = purple_account_new(name, protocol_of(name));
		/* Otherwise libpurple forgets it at every sign-off and asks again. */
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
	return account;
}

static void sign_on(PurpleAccount *account)
{
	if (purple_account_get_enabled(account, UI_ID))
		purple_account_connect(account);
	else
		purple_account_set_enabled(account, UI_ID, TRUE);
}

static void set_proxy(PurpleAccount *account, const char *word)
{
	static const struct {
		const char *name;
		PurpleProxyType type;
	} kinds[] = { { "none", PURPLE_PROXY_NONE }, { "http", PURPLE_PROXY_HTTP },       { "socks4", PURPLE_PROXY_SOCKS4 },
		          { "socks5", PURPLE_PROXY_SOCKS5 }, { "tor", PURPLE_PROXY_TOR }, { "environment", PURPLE_PROXY_USE_ENVVAR } };
	char **words = g_strsplit(word, " ", -1);
	PurpleProxyInfo *proxy = purple_proxy_info_new();
	size_t i;

	for (i = 0; i < G_N_ELEMENTS(kinds); i++) {
		if (words[0] != NULL && strcmp(words[0], kinds[i].name) == 0)
			purple_proxy_info_set_type(proxy, kinds[i].type);
	}
	if (words[0] != NULL && words[1] != NULL) {
		purple_proxy_info_set_host(proxy, "127.0.0.1");
		purple_proxy_info_set_port(proxy, atoi(words[1]));
		if (words[2] != NULL && words[3] != NULL) {
			purple_proxy_info_set_username(proxy, words[2]);
			purple_proxy_info_set_password(proxy, words[3]);
		}
	}
	purple_account_set_proxy_info(account, proxy);
	g_strfreev(words);
}

static void list_buddies(PurpleAccount *account)
{
	GSList *buddies = purple_find_buddies(account, NULL);

	for (; buddies != NULL; buddies = g_slist_delete_link(buddies, buddies))
		ui_emit_buddy("buddy", buddies->data);
}

/* Commands about a conversation or a buddy; the text is unescaped. */
static gboolean run_with_buddy(const char *command, PurpleAccount *account, const char *who, const char *text)
{
	PurpleBuddy *buddy = purple_find_buddy(account, who);

	if (strcmp(command, "send") == 0) {
		char *escaped = g_markup_escape_text(text, -1);
		char *markup = purple_strreplace(escaped, "\n", "<br>");

		if (purple_conversation_get_type(conversation_with(account, who)) == PURPLE_CONV_TYPE_CHAT)
			purple_conv_chat_send(PURPLE_CONV_CHAT(conversation_with(account, who)), markup);
		else
			purple_conv_im_send(PURPLE_CONV_IM(conversation_with(account, who)), markup);
		g_free(markup);
		g_free(escaped);
	} else if (strcmp(command, "markup") == 0) {
		purple_conv_im_send(PURPLE_CONV_IM(conversation_with(account, who)), text);
	} else if (strcmp(command, "typing") == 0) {
		unsigned int again = serv_send_typing(purple_account_get_connection(account), who, (PurpleTypingState)atoi(text));

		emit("typing-again", "seconds", number(again), NULL);
	} else if (strcmp(command, "focus") == 0) {
		ui_focus(*text == '\0' ? conversation_with(account, who) : NULL);
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
		purple_account_disconnect(account);
	} else if (strcmp(command, "delete") == 0) {
		purple_accounts_delete(account);
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
		gboolean known = (words[0] != NULL && run_with_buddy(command, account, words[0], text)) ||
		                 groups_run(command, account, words[0] != NULL ? words[0] : "", text) ||
		                 files_run(command, account, words[0] != NULL ? words[0] : "", text) || people_run(command, account, rest);

		g_free(text);
		g_strfreev(words);
		return known;
	}
	return TRUE;
}

gboolean command_run(const char *line)
{
	char **words = g_strsplit(line, " ", 3);
	const char *command = words[0] != NULL ? words[0] : "";
	const char *name = words[0] != NULL && words[1] != NULL ? words[1] : "";
	const char *rest = *name != '\0' && words[2] != NULL ? words[2] : "";
	PurpleAccount *account = purple_accounts_find(name, protocol_of(name));
	gboolean quit = strcmp(command, "quit") == 0;
	gboolean known = TRUE;

	if (strcmp(command, "quiet") == 0) {
		ui_set_quiet(TRUE);
	} else if (strcmp(command, "held") == 0) {
		loop_report();
	} else if (strcmp(command, "network-changed") == 0) {
		purple_signal_emit(purple_network_get_handle(), "network-configuration-changed", NULL);
	} else if (strcmp(command, "account") == 0) {
		sign_on(set_account(account, name, rest));
	} else if (strcmp(command, "register") == 0) {
		purple_account_register(set_account(account, name, rest));
	} else if (strcmp(command, "answer") == 0) {
		char *text = g_strcompress(rest[0] != '\0' && rest[1] == ' ' ? rest + 2 : "");

		known = dialog_answer((guint)atoi(name), atoi(rest), text);
		g_free(text);
	} else if (strcmp(command, "rename-group") == 0) {
		PurpleGroup *group = purple_find_group(name);

		known = group != NULL;
		if (known)
			purple_blist_rename_group(group, rest);
	} else if (account != NULL) {
		known = run_with_account(command, account, rest);
	} else {
		known = quit;
	}
	emit(known ? "done" : "refused", "command", command, NULL);
	g_strfreev(words);
	return !quit;
}
