/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FBCHAT_PURPLE_EVENTS_H
#define FBCHAT_PURPLE_EVENTS_H

#include "fb.h"

void fb_events_start(fbchat_client *client);
void fb_events_stop(fbchat_client *client);

#endif
