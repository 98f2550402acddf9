/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Event fields, user numbers, sentences and secrets in libpurple's terms. In libpurple a user is a string; ours is the
 * number in decimal.
 */
#include "prpl.h"

#include <errno.h>

/* An absent number reads as 0: no uid, no time, no flag. */
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

	/* strtoull would take signs and blanks as well; people type those into "New message" by mistake. */
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
	/* A plain memset before freeing is left out by compilers. */
	volatile char *at;

	for (at = text; at != NULL && *at != '\0'; at++)
		*at = '\0';
	g_free(text);
}

/* With a full stop, which what the library says has not; g_free. */
char *fb_sentence(const char *text)
{
	return g_strconcat(text, *text != '\0' && strchr(".!?", text[strlen(text) - 1]) == NULL ? "." : "", NULL);
}
