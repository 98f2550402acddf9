/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The user's groups in the host's window of rooms. Other groups nobody is told of.
 */
#include "rooms.h"

#include "client.h"
#include "failures.h"
#include "fields.h"
#include "host.h"
#include "pending.h"

/* The list that the host shows, or has shown last. */
static void drop(FbConnection *connection)
{
	if (connection->rooms != NULL)
		purple_roomlist_unref(connection->rooms);
	connection->rooms = NULL;
}

void fb_rooms_free(FbConnection *connection)
{
	if (connection->rooms != NULL && purple_roomlist_get_in_progress(connection->rooms))
		purple_roomlist_set_in_progress(connection->rooms, FALSE);
	drop(connection);
}

static void add_field(GList **fields, PurpleRoomlistFieldType type, const char *label, const char *name, gboolean hidden)
{
	*fields = g_list_append(*fields, purple_roomlist_field_new(type, label, name, hidden));
}

static void listed(FbConnection *connection, const fbchat_event *event, const char *who, const char *text)
{
	PurpleRoomlist *list = connection->rooms;
	const char *failure = fb_failure(event);
	size_t item;

	(void)who;
	(void)text;
	if (list == NULL || !purple_roomlist_get_in_progress(list))
		return;
	if (failure != NULL)
		fb_failure_alone(purple_connection_get_account(connection->gc), failure, NULL);
	for (item = 0; failure == NULL && item < fbchat_event_count(event); item++) {
		char *group = fb_name_of(fbchat_event_uid(event, item, FBCHAT_FIELD_GROUP));
		const char *name = fbchat_event_str(event, item, FBCHAT_FIELD_GROUP_NAME, NULL);
		/* BitlBee joins by what it shows. */
		PurpleRoomlistRoom *room = purple_roomlist_room_new(PURPLE_ROOMLIST_ROOMTYPE_ROOM, fb_in_bitlbee() ? group : name, NULL);

		purple_roomlist_room_add_field(list, room, group);
		purple_roomlist_room_add_field(list, room, GINT_TO_POINTER((int)fb_int(event, item, FBCHAT_FIELD_MEMBER_COUNT)));
		purple_roomlist_room_add_field(list, room, name);
		purple_roomlist_room_add(list, room);
		g_free(group);
	}
	purple_roomlist_set_in_progress(list, FALSE);
}

PurpleRoomlist *fb_roomlist_get_list(PurpleConnection *gc)
{
	FbConnection *connection = gc->proto_data;
	GList *fields = NULL;

	if (connection == NULL)
		return NULL;
	fb_rooms_free(connection);
	connection->rooms = purple_roomlist_new(purple_connection_get_account(gc));
	add_field(&fields, PURPLE_ROOMLIST_FIELD_STRING, "", "id", TRUE);
	add_field(&fields, PURPLE_ROOMLIST_FIELD_INT, _("Members"), "members", FALSE);
	/* Under this name BitlBee looks for what it shows beside a room. */
	add_field(&fields, PURPLE_ROOMLIST_FIELD_STRING, _("Name"), "topic", TRUE);
	purple_roomlist_set_fields(connection->rooms, fields);
	purple_roomlist_set_in_progress(connection->rooms, TRUE);
	fb_pending_add(connection, fbchat_session_request_groups(fb_client(), connection->session, &connection->begun), listed, NULL, NULL);
	return connection->rooms;
}

void fb_roomlist_cancel(PurpleRoomlist *list)
{
	purple_roomlist_set_in_progress(list, FALSE);
}

/* What makes an entry of the buddy list from a room. */
char *fb_roomlist_room_serialize(PurpleRoomlistRoom *room)
{
	GList *fields = purple_roomlist_room_get_fields(room);

	return g_strdup(fields != NULL ? fields->data : NULL);
}
