/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FBCHAT_PURPLE_ICONS_H
#define FBCHAT_PURPLE_ICONS_H

#include "fb.h"

#include <blist.h>
#include <imgstore.h>

void fb_icons_init(FbConnection *connection);
void fb_icons_free(FbConnection *connection);
void fb_icon_apply(FbConnection *connection, PurpleBuddy *buddy, const char *hash);
void fb_icon_publish(FbConnection *connection);
void fb_set_buddy_icon(PurpleConnection *gc, PurpleStoredImage *image);

#endif
