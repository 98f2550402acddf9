/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FBCHAT_PURPLE_ALIAS_H
#define FBCHAT_PURPLE_ALIAS_H

#include "fb.h"

/* The callback by which libpurple learns a name, or why there is no name. */
typedef void (*FbAliasTold)(PurpleAccount *account, const char *text);

void fb_alias_init(FbConnection *connection);
void fb_alias_free(FbConnection *connection); /* calls back everybody who still waits */
void fb_set_public_alias(PurpleConnection *gc, const char *alias, FbAliasTold succeeded, FbAliasTold failed);
void fb_get_public_alias(PurpleConnection *gc, FbAliasTold succeeded, FbAliasTold failed);

#endif
