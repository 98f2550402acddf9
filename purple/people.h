/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FBCHAT_PURPLE_PEOPLE_H
#define FBCHAT_PURPLE_PEOPLE_H

#include "fb.h"

void fb_get_info(PurpleConnection *gc, const char *who);
void fb_search(FbConnection *connection, const char *words);
void fb_history(FbConnection *connection, const char *who);
void fb_history_recent(FbConnection *connection, const char *who);

#endif
