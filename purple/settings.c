/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The settings of an account in the form that the library takes: server, proxy, and which certificates to trust.
 */
#include "settings.h"

#include <accountopt.h>
#include <proxy.h>

#include "host.h"

#define DEFAULT_SERVER "http://127.0.0.1:8080"
#define CA_FILE "ca_file"
#define PIN "certificate"

GList *fb_settings_options(void)
{
	GList *options = NULL;

	options = g_list_append(options, purple_account_option_string_new(_("Server"), "server", DEFAULT_SERVER));
	/* Short: all pages of Pidgin's dialog are as wide as the longest label. */
	options = g_list_append(
		options, purple_account_option_bool_new(_("Allow sending the password unencrypted"), "allow_insecure", FALSE));
	options = g_list_append(options, purple_account_option_string_new(_("Trusted certificates (PEM file)"), CA_FILE, ""));
	options = g_list_append(options, purple_account_option_string_new(_("Certificate fingerprint"), PIN, ""));
	return options;
}

GList *fb_settings_choice(GList *choices, const char *label, const char *value)
{
	PurpleKeyValuePair *pair = g_new0(PurpleKeyValuePair, 1);

	pair->key = g_strdup(label);
	pair->value = g_strdup(value);
	return g_list_append(choices, pair);
}

/* An empty field in the account's dialog means the default, as in the dialogs of other protocols. */
static const char *server_of(PurpleAccount *account)
{
	const char *server = purple_account_get_string(account, "server", DEFAULT_SERVER);

	return server != NULL && *server != '\0' ? server : DEFAULT_SERVER;
}

const char *fb_server_of(FbConnection *connection)
{
	return server_of(purple_connection_get_account(connection->gc));
}

char *fb_key_of(PurpleAccount *account)
{
	return g_strdup_printf("%s %s", server_of(account), purple_account_get_username(account));
}

/* Passes a string on unless the user has left it empty. */
static fbchat_status set_str(fbchat_config *config, fbchat_config_key key, PurpleAccount *account, const char *setting)
{
	const char *value = purple_account_get_string(account, setting, "");

	return value != NULL && *value != '\0' ? fbchat_config_set_str(config, key, value) : FBCHAT_OK;
}

/* The proxy as libpurple resolves it from account, preferences and desktop; NULL = none. It is never
 * bypassed: that would reveal an address that the user wants to hide. */
static char *proxy_of(PurpleAccount *account)
{
	PurpleProxyInfo *proxy = purple_proxy_get_setup(account);
	const char *scheme;
	const char *host;
	const char *user;
	char *server;
	char *url;

	switch (proxy != NULL ? purple_proxy_info_get_type(proxy) : PURPLE_PROXY_NONE) {
	case PURPLE_PROXY_HTTP:
		scheme = "http";
		break;
	case PURPLE_PROXY_SOCKS4:
		scheme = purple_prefs_get_bool("/purple/proxy/socks4_remotedns") ? "socks4a" : "socks4";
		break;
	/* As in libpurple, the proxy resolves the server's name; with Tor this is essential. */
	case PURPLE_PROXY_SOCKS5:
	case PURPLE_PROXY_TOR:
		scheme = "socks5h";
		break;
	case PURPLE_PROXY_USE_ENVVAR:
		return g_strdup("environment");
	default:
		return NULL;
	}
	host = purple_proxy_info_get_host(proxy);
	user = purple_proxy_info_get_username(proxy);
	server = g_strdup_printf(host != NULL && strchr(host, ':') != NULL ? "[%s]:%d" : "%s:%d", host != NULL ? host : "",
	                         purple_proxy_info_get_port(proxy));
	if (user != NULL && *user != '\0') {
		const char *password = purple_proxy_info_get_password(proxy);
		char *safe_user = g_uri_escape_string(user, NULL, FALSE);
		char *safe_password = g_uri_escape_string(password != NULL ? password : "", NULL, FALSE);

		url = g_strdup_printf("%s://%s:%s@%s", scheme, safe_user, safe_password, server);
		g_free(safe_password);
		g_free(safe_user);
	} else {
		url = g_strdup_printf("%s://%s", scheme, server);
	}
	g_free(server);
	return url;
}

/* The name under which the server lists the session for the user. */
static fbchat_status set_user_agent(fbchat_config *config)
{
	char *host = fb_host_name();
	char *text = g_strdup_printf("Mozilla/5.0 (compatible; fbchat/%s; %.80s)", fbchat_version(), host);
	fbchat_status status = fbchat_config_set_str(config, FBCHAT_CONFIG_USER_AGENT, text);

	g_free(text);
	g_free(host);
	return status;
}

fbchat_status fb_settings_config(FbConnection *connection, fbchat_config **config)
{
	PurpleAccount *account = purple_connection_get_account(connection->gc);
	fbchat_status status = fbchat_config_new(config);
	char *proxy = proxy_of(account);

	if (status == FBCHAT_OK)
		status = fbchat_config_set_str(*config, FBCHAT_CONFIG_SERVER, fb_server_of(connection));
	if (status == FBCHAT_OK)
		status = fbchat_config_set_int(*config, FBCHAT_CONFIG_ALLOW_INSECURE,
		                               purple_account_get_bool(account, "allow_insecure", FALSE));
	if (status == FBCHAT_OK && proxy != NULL)
		status = fbchat_config_set_str(*config, FBCHAT_CONFIG_PROXY, proxy);
	if (status == FBCHAT_OK)
		status = set_user_agent(*config);
	if (status == FBCHAT_OK)
		status = set_str(*config, FBCHAT_CONFIG_CA_FILE, account, CA_FILE);
	if (status == FBCHAT_OK && fbchat_has_feature("pin"))
		status = set_str(*config, FBCHAT_CONFIG_PIN_SHA256, account, PIN);
	g_free(proxy);
	return status;
}

void fb_settings_pin(PurpleAccount *account, const char *fingerprint)
{
	purple_account_set_string(account, PIN, fingerprint);
}
