/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Creating an account on the server, from the host's dialog for new accounts, and changing its password.
 */
#include "register.h"

#include <core.h>
#include <notify.h>
#include <request.h>

#include "client.h"
#include "connection.h"
#include "failures.h"
#include "outage.h"
#include "pending.h"
#include "settings.h"

#define FIELD_EMAIL "email"
#define FIELD_PASSWORD "password"
#define FIELD_NAME "name"
#define FIELD_INVITATION "invitation"

static void refused(FbConnection *connection, const char *sentence)
{
	fb_outage_give_up(connection, PURPLE_CONNECTION_ERROR_OTHER_ERROR, sentence);
}

static void entered(PurpleConnection *gc, PurpleRequestFields *fields)
{
	FbConnection *connection = gc->proto_data;
	PurpleAccount *account = purple_connection_get_account(gc);
	const char *email = purple_request_fields_get_string(fields, FIELD_EMAIL);
	const char *password = purple_request_fields_get_string(fields, FIELD_PASSWORD);
	const char *name = purple_request_fields_get_string(fields, FIELD_NAME);
	const char *invitation = purple_request_fields_get_string(fields, FIELD_INVITATION);
	const char *code = invitation != NULL ? strstr(invitation, "invite=") : NULL;
	fbchat_status status;

	if (connection == NULL)
		return;
	if (email == NULL || password == NULL || name == NULL) {
		refused(connection, _("An account needs an e-mail address, a password and a name."));
		return;
	}
	/* Users paste the whole link. */
	if (code != NULL)
		invitation = code + strlen("invite=");
	/* From now on the account signs on with what was entered here. */
	purple_account_set_username(account, email);
	purple_account_set_password(account, password);
	status = fb_connection_open(connection);
	if (status == FBCHAT_OK) {
		fbchat_request request;

		status = fbchat_session_register(fb_client(), connection->session, email, password, name, invitation, &request);
		if (status != FBCHAT_OK)
			fb_outage_keep_error(connection);
	}
	fb_connection_opened(connection, status);
}

static void cancelled(PurpleConnection *gc, PurpleRequestFields *fields)
{
	(void)fields;
	if (gc->proto_data != NULL)
		refused(gc->proto_data, _("No account was made."));
}

static PurpleRequestField *string_field(PurpleRequestFieldGroup *group, const char *id, const char *label, const char *value)
{
	PurpleRequestField *field = purple_request_field_string_new(id, label, value, FALSE);

	purple_request_field_group_add_field(group, field);
	return field;
}

void fb_register_user(PurpleAccount *account)
{
	FbConnection *connection = fb_connection_new(account);
	PurpleRequestFieldGroup *group = purple_request_field_group_new(NULL);
	PurpleRequestFields *fields = purple_request_fields_new();
	PurpleRequestUiOps *ui = purple_request_get_ui_ops();
	PurpleRequestField *field;
	char *primary;

	connection->registering = TRUE;
	/* First: which fields are required is recorded there. */
	purple_request_fields_add_group(fields, group);
	field = string_field(group, FIELD_EMAIL, _("E-mail address"), purple_account_get_username(account));
	purple_request_field_set_required(field, TRUE);
	field = string_field(group, FIELD_PASSWORD, _("Password (8 characters or more)"), purple_account_get_password(account));
	purple_request_field_string_set_masked(field, TRUE);
	purple_request_field_set_required(field, TRUE);
	field = string_field(group, FIELD_NAME, _("Name that others see"), purple_account_get_alias(account));
	purple_request_field_set_required(field, TRUE);
	string_field(group, FIELD_INVITATION, _("Invitation, if you have one"), NULL);
	primary = g_strdup_printf(_("Make a new account on %s"), fb_server_of(connection));
	if (ui != NULL && ui->request_fields != NULL) {
		purple_request_fields(connection->gc, FB_TITLE, primary, NULL, fields, _("_Register"), G_CALLBACK(entered), _("_Cancel"),
		                      G_CALLBACK(cancelled), account, NULL, NULL, connection->gc);
	} else {
		purple_request_fields_destroy(fields);
		refused(connection, _("This program cannot make an account. Please do it on the server's page in a browser."));
	}
	g_free(primary);
}

/* The new account exists and is already logged in, so the sign-on continues like any other. */
void fb_register_logged_in(FbConnection *connection)
{
	PurpleAccount *account = purple_connection_get_account(connection->gc);

	if (!connection->registering)
		return;
	connection->registering = FALSE;
	/* libpurple assumes that a registration ends with signing off. */
	connection->gc->wants_to_die = FALSE;
	if (account->registration_cb != NULL)
		account->registration_cb(account, TRUE, account->registration_cb_user_data);
	if (!purple_account_get_enabled(account, purple_core_get_ui()))
		purple_account_set_enabled(account, purple_core_get_ui(), TRUE);
}

static void password_changed(FbConnection *connection, const fbchat_event *event, const char *who, const char *password)
{
	PurpleConnection *gc = connection->gc;
	const char *failure = fb_failure(event);

	(void)who;
	if (fb_outcome_unknown(event)) {
		/* The session goes on with either password; at the next sign-on the new one, which libpurple has stored, is tried. */
		fb_failure_alone(purple_connection_get_account(gc), failure, NULL);
		return;
	}
	if (failure != NULL) {
		fb_failure_alone(purple_connection_get_account(gc), _("The password was not changed."), failure);
		/* libpurple has stored the new one already; this is the one that was used to sign on. */
		purple_account_set_password(purple_connection_get_account(gc), purple_connection_get_password(gc));
		return;
	}
	g_free(gc->password);
	gc->password = g_strdup(password);
	purple_notify_info(gc, FB_TITLE, _("The password was changed."),
	                   _("Your other sessions were ended and need the new one."));
}

void fb_change_passwd(PurpleConnection *gc, const char *old_password, const char *new_password)
{
	FbConnection *connection = gc->proto_data;

	if (connection == NULL)
		return;
	fb_pending_add(connection, fbchat_session_set_password(fb_client(), connection->session, old_password, new_password,
	                                                       &connection->begun),
	               password_changed, NULL, new_password);
}
