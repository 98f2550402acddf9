/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FBCHAT_PURPLE_PICTURE_SIZE_H
#define FBCHAT_PURPLE_PICTURE_SIZE_H

#include <glib.h>

/* Whether this is a PNG, JPEG or GIF with at most this many pixels in width and height. */
gboolean fb_picture_is_small(gconstpointer bytes, gsize len, guint most);

#endif
