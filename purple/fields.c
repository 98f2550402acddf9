/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The library's values in libpurple's terms: event fields, user numbers, texts and secrets. In libpurple a user is a
 * string; ours is the number in decimal.
 */
#include "fields.h"

#include <errno.h>

#include <util.h>

gint64 fb_int(const fbchat_event *event, size_t item, fbchat_field field)
{
	int64_t value = 0;

	if (fbchat_event_int(event, item, field, &value) != FBCHAT_OK)
		return 0;
	return value;
}

char *fb_name_of(fbchat_uid uid)
{
	return g_strdup_printf("%" G_GUINT64_FORMAT, (guint64)uid);
}

fbchat_uid fb_uid_of(const char *name)
{
	guint64 uid;
	char *end = NULL;

	/* g_ascii_strtoull also accepts signs and blanks, which users type into "New message" by mistake. */
	if (name == NULL || !g_ascii_isdigit(name[0]))
		return 0;
	errno = 0;
	uid = g_ascii_strtoull(name, &end, 10);
	if (errno != 0 || end == NULL || *end != '\0')
		return 0;
	return uid;
}

void fb_free_secret(gpointer text)
{
	/* Compilers remove a plain memset before free. */
	volatile char *at;

	for (at = text; at != NULL && *at != '\0'; at++)
		*at = '\0';
	g_free(text);
}

char *fb_sentence(const char *text)
{
	return g_strconcat(text, *text != '\0' && strchr(".!?", text[strlen(text) - 1]) == NULL ? "." : "", NULL);
}

char *fb_markup_of(const char *text)
{
	char *escaped = purple_markup_escape_text(text, -1);
	char *markup = purple_strdup_withhtml(escaped);

	g_free(escaped);
	return markup;
}
