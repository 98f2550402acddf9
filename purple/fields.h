/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FBCHAT_PURPLE_FIELDS_H
#define FBCHAT_PURPLE_FIELDS_H

#include "fb.h"

/* An absent number reads as 0: no uid, no time, no flag. */
gint64 fb_int(const fbchat_event *event, size_t item, fbchat_field field);

char *fb_name_of(fbchat_uid uid);       /* decimal; g_free */
fbchat_uid fb_uid_of(const char *name); /* 0 = not a user number */

void fb_free_secret(gpointer text);     /* wipes it first; may be NULL */

char *fb_sentence(const char *text);    /* with a full stop, which the library's texts do not have; g_free */
char *fb_markup_of(const char *text);   /* plain text as markup for libpurple; g_free */

#endif
