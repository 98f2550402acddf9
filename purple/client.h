/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FBCHAT_PURPLE_CLIENT_H
#define FBCHAT_PURPLE_CLIENT_H

#include "fb.h"

/* Told when the client is there and before it goes. */
typedef void (*FbClientWatch)(fbchat_client *client);

void fb_client_init(FbClientWatch created, FbClientWatch ending);

/* Creates the client at the first call. NULL on failure, see fbchat_last_error(). */
fbchat_client *fb_client_get(void);

/* NULL before the first sign-on and after unloading. */
fbchat_client *fb_client(void);
void fb_client_free(void);

void fb_client_add(FbConnection *connection);
void fb_client_remove(FbConnection *connection);
FbConnection *fb_client_find(fbchat_session session);

#endif
