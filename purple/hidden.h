/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FBCHAT_PURPLE_HIDDEN_H
#define FBCHAT_PURPLE_HIDDEN_H

#include "fb.h"

gboolean fb_hidden(PurpleAccount *account, const char *who);
void fb_hide(PurpleAccount *account, const char *who, gboolean hidden);

GSList *fb_hidden_list(PurpleAccount *account); /* numbers; g_free each */

#endif
