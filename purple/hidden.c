/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Friends whom the user has taken off the buddy list without ending the friendship. The server lists them at every sign-on,
 * so they are remembered with the account.
 */
#include "hidden.h"

/* The numbers of these friends: ",100002,100005,". */
#define HIDDEN "hidden"

gboolean fb_hidden(PurpleAccount *account, const char *who)
{
	const char *hidden = purple_account_get_string(account, HIDDEN, "");
	char *item = g_strdup_printf(",%s,", who);
	gboolean found = strstr(hidden, item) != NULL;

	g_free(item);
	return found;
}

void fb_hide(PurpleAccount *account, const char *who, gboolean hidden)
{
	const char *list = purple_account_get_string(account, HIDDEN, "");
	char *item = g_strdup_printf(",%s,", who);
	const char *at = strstr(list, item);
	char *changed = NULL;

	if (hidden && at == NULL)
		changed = g_strconcat(*list != '\0' ? list : ",", who, ",", NULL);
	else if (!hidden && at != NULL)
		changed = g_strdup_printf("%.*s%s", (int)(at - list), list, at + strlen(item) - 1);
	if (changed != NULL)
		/* Not NULL, which libpurple would return in place of the default. */
		purple_account_set_string(account, HIDDEN, strcmp(changed, ",") != 0 ? changed : "");
	g_free(changed);
	g_free(item);
}

GSList *fb_hidden_list(PurpleAccount *account)
{
	char **names = g_strsplit(purple_account_get_string(account, HIDDEN, ""), ",", -1);
	GSList *list = NULL;
	char **name;

	for (name = names; *name != NULL; name++) {
		if (**name != '\0')
			list = g_slist_prepend(list, g_strdup(*name));
	}
	g_strfreev(names);
	return list;
}
