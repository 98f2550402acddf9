/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The name under which others see this account. Whoever sets it or asks for it is called back exactly once, if need be
 * at sign-off.
 */
#include "prpl.h"

/* Without an event none will come any more. */
void fb_name_answer(FbConnection *connection, const FbRequest *request, const fbchat_event *event)
{
	PurpleConnection *gc = connection->gc;
	const char *failure = event != NULL ? fb_failure(event) : _("You signed off before the server had answered.");
	const char *name = request->text;
	FbNamed told = failure != NULL ? request->failed : request->succeeded;

	if (failure == NULL) {
		if (name == NULL)
			name = fbchat_event_str(event, 0, FBCHAT_FIELD_NAME, NULL);
		purple_connection_set_display_name(gc, name);
	}
	if (told != NULL)
		told(purple_connection_get_account(gc), failure != NULL ? failure : name);
}

static void begun(FbConnection *connection, fbchat_status status, FbNamed succeeded, FbNamed failed, const char *name)
{
	FbRequest *request;

	if (status == FBCHAT_OK) {
		request = fb_request_keep(connection, NULL, NULL, name);
		request->succeeded = succeeded;
		request->failed = failed;
	} else if (failed != NULL) {
		failed(purple_connection_get_account(connection->gc), fbchat_last_error());
	}
}

/* From a callback at sign-off, perhaps. */
static gboolean signed_off(PurpleConnection *gc, FbNamed failed)
{
	if (gc->proto_data == NULL && failed != NULL)
		failed(purple_connection_get_account(gc), _("You are not signed on."));
	return gc->proto_data == NULL;
}

void fb_set_public_alias(PurpleConnection *gc, const char *alias, FbNamed succeeded, FbNamed failed)
{
	FbConnection *connection = gc->proto_data;
	char *name;

	if (signed_off(gc, failed))
		return;
	/* As the server does it. To take the name away is not possible, and refused. */
	name = g_strstrip(g_strdup(alias != NULL ? alias : ""));
	begun(connection, fbchat_session_set_name(fb_client(), connection->session, name, &connection->begun), succeeded, failed,
	      name);
	g_free(name);
}

/* Asked anew, since it may have been changed elsewhere. */
void fb_get_public_alias(PurpleConnection *gc, FbNamed succeeded, FbNamed failed)
{
	FbConnection *connection = gc->proto_data;

	if (signed_off(gc, failed))
		return;
	begun(connection, fbchat_session_request_profile(fb_client(), connection->session, connection->uid, &connection->begun),
	      succeeded, failed, NULL);
}
