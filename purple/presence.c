/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How others see this account. The server knows active, idle and invisible; libpurple's away is shown as idle.
 */
#include "prpl.h"

#include <status.h>

fbchat_status fb_presence_publish(FbConnection *connection)
{
	PurpleAccount *account = purple_connection_get_account(connection->gc);
	PurplePresence *presence = purple_account_get_presence(account);
	PurpleStatus *status = purple_account_get_active_status(account);
	int32_t seen_as = FBCHAT_PRESENCE_ACTIVE;

	switch (purple_status_type_get_primitive(purple_status_get_type(status))) {
	case PURPLE_STATUS_INVISIBLE:
		seen_as = FBCHAT_PRESENCE_INVISIBLE;
		break;
	case PURPLE_STATUS_AWAY:
	case PURPLE_STATUS_EXTENDED_AWAY:
		seen_as = FBCHAT_PRESENCE_IDLE;
		break;
	default:
		if (purple_presence_is_idle(presence))
			seen_as = FBCHAT_PRESENCE_IDLE;
		break;
	}
	return fbchat_session_set_presence(fb_client(), connection->session, seen_as);
}

void fb_set_status(PurpleAccount *account, PurpleStatus *status)
{
	PurpleConnection *gc = purple_account_get_connection(account);

	(void)status;
	if (gc != NULL && gc->proto_data != NULL)
		fb_presence_publish(gc->proto_data);
}

void fb_set_idle(PurpleConnection *gc, int seconds)
{
	(void)seconds;
	if (gc->proto_data != NULL)
		fb_presence_publish(gc->proto_data);
}
