/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FBCHAT_PURPLE_HOST_H
#define FBCHAT_PURPLE_HOST_H

#include <glib.h>

/* Name and version of the host, for a header of HTTP; to be freed. */
char *fb_host_name(void);
gboolean fb_in_bitlbee(void);
gboolean fb_in_haze(void);
gboolean fb_in_pidgin(void);

#endif
