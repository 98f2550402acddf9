/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FBCHAT_PURPLE_OFFERS_H
#define FBCHAT_PURPLE_OFFERS_H

#include "fb.h"

GList *fb_offers_options(GList *options);

/* Offers the files of a new message of a friend to the user, if they want to be asked, with whether pictures among them are
 * shown. */
void fb_offers_make(FbConnection *connection, const fbchat_event *event, const char *who, gboolean pictures_shown);

#endif
