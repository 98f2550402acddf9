/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Determines the format and size of a picture from its first bytes, not from what the server says: hosts decode what they are given
 * with every decoder that they have, and allocate as much memory as the picture demands.
 */
#include "picture_size.h"

#include <string.h>

static guint big_endian(const guchar *at)
{
	return (guint)at[0] << 8 | at[1];
}

static gboolean fits(guint width, guint height, guint most)
{
	return width > 0 && height > 0 && width <= most && height <= most;
}

/* The size is in the frame header, behind segments of other kinds. */
static gboolean jpeg_fits(const guchar *bytes, gsize len, guint most)
{
	gsize at = 2;

	while (at + 9 <= len && bytes[at] == 0xff) {
		guchar marker = bytes[at + 1];

		/* C4, C8 and CC are not frame headers. */
		if (marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc)
			return fits(big_endian(bytes + at + 7), big_endian(bytes + at + 5), most);
		at += marker == 0xff ? 1 : 2 + (gsize)big_endian(bytes + at + 2);
	}
	return FALSE;
}

gboolean fb_picture_is_small(gconstpointer data, gsize len, guint most)
{
	const guchar *bytes = data;

	if (len >= 24 && memcmp(bytes, "\x89PNG\r\n\x1a\n", 8) == 0 && memcmp(bytes + 12, "IHDR", 4) == 0)
		return big_endian(bytes + 16) == 0 && big_endian(bytes + 20) == 0 &&
		       fits(big_endian(bytes + 18), big_endian(bytes + 22), most);
	if (len >= 10 && (memcmp(bytes, "GIF87a", 6) == 0 || memcmp(bytes, "GIF89a", 6) == 0))
		return fits(bytes[6] | (guint)bytes[7] << 8, bytes[8] | (guint)bytes[9] << 8, most);
	return len >= 2 && bytes[0] == 0xff && bytes[1] == 0xd8 && jpeg_fits(bytes, len, most);
}
