/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Messages that are longer than the server takes go in several. What a person sees as one character (a letter with its
 * accents, a flag, a family of emoji) is not cut in two, and words only if they are very long.
 */
#include "prpl.h"

/* So far back the end of a word is looked for. */
#define WORD 200

static gboolean between(gunichar c, gunichar first, gunichar last)
{
	return c >= first && c <= last;
}

/* Whether a text may be cut between these two. `flags` counts the halves of flags that end with the first one. The rules
 * are those of Unicode's annex 29, as far as GLib knows the properties. */
static gboolean may_cut(gunichar before, gunichar after, int flags)
{
	if (before == '\r' && after == '\n')
		return FALSE;
	/* Accents and other marks, joiners, variants and skin tones, tags belong to what stands before. */
	if (g_unichar_ismark(after) || after == 0x200C || after == 0x200D || between(after, 0x1F3FB, 0x1F3FF) ||
	    between(after, 0xE0020, 0xE007F))
		return FALSE;
	/* After a joiner the next picture belongs to the same one. */
	if (before == 0x200D)
		return FALSE;
	/* Flags are pairs. */
	if (between(after, 0x1F1E6, 0x1F1FF) && flags % 2 == 1)
		return FALSE;
	/* Korean syllables that are written in parts. */
	if (between(before, 0x1100, 0x115F) && (between(after, 0x1100, 0x11A7) || between(after, 0xAC00, 0xD7A3)))
		return FALSE;
	if ((between(before, 0x1160, 0x11FF) || between(before, 0xAC00, 0xD7A3)) && between(after, 0x1160, 0x11FF))
		return FALSE;
	return TRUE;
}

/* The first part of a text, of at most `limit` characters, and where the next one begins (NULL = there is none). The
 * parts together are the text, to the letter. */
char *fb_split(const char *text, gint64 limit, const char **rest)
{
	const char *at = text;
	const char *cut = NULL;
	const char *word = NULL;
	gint64 word_at = 0;
	gunichar before = 0;
	gint64 count;
	int flags = 0;

	for (count = 0; *at != '\0' && (limit <= 0 || count <= limit); count++) {
		gunichar c = g_utf8_get_char(at);

		if (count > 0 && may_cut(before, c, flags)) {
			cut = at;
			if (g_unichar_isspace(before) && !g_unichar_isspace(c)) {
				word = at;
				word_at = count;
			}
		}
		/* One that does not fit even alone is cut all the same. */
		if (count == limit && limit > 0) {
			*rest = word != NULL && word_at + WORD >= limit ? word : cut != NULL ? cut : at;
			return g_strndup(text, (gsize)(*rest - text));
		}
		flags = between(c, 0x1F1E6, 0x1F1FF) ? flags + 1 : 0;
		before = c;
		at = g_utf8_next_char(at);
	}
	*rest = NULL;
	return g_strdup(text);
}
