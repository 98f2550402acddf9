/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FBCHAT_PURPLE_ROOMS_H
#define FBCHAT_PURPLE_ROOMS_H

#include "fb.h"

void fb_rooms_free(FbConnection *connection);

/* Operations of the protocol. */
PurpleRoomlist *fb_roomlist_get_list(PurpleConnection *gc);
void fb_roomlist_cancel(PurpleRoomlist *list);
char *fb_roomlist_room_serialize(PurpleRoomlistRoom *room);

#endif
