/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FBCHAT_PURPLE_REGISTER_H
#define FBCHAT_PURPLE_REGISTER_H

#include "fb.h"

void fb_register_user(PurpleAccount *account);
void fb_register_logged_in(FbConnection *connection);
void fb_change_passwd(PurpleConnection *gc, const char *old_password, const char *new_password);

#endif
