/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FBCHAT_PURPLE_DEDUP_H
#define FBCHAT_PURPLE_DEDUP_H

#include "fb.h"

void fb_dedup_init(FbConnection *connection);
void fb_dedup_free(FbConnection *connection);

/* Whether this message was shown before. From now on it counts as shown. */
gboolean fb_dedup_is_repeat(FbConnection *connection, const fbchat_event *event);

#endif
