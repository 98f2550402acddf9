/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What libpurple asks the user and shows in separate windows. Each question is printed with a number, and stays open until
 * the command "answer" answers it or libpurple withdraws it.
 */
#include <stdlib.h>
#include <string.h>

#include <glib.h>

#include <account.h>
#include <notify.h>
#include <request.h>

#include "testhost.h"

#define CHOICES 4

typedef struct {
	guint id;
	PurpleRequestType type; /* meaningless for an authorisation */
	gboolean authorisation;
	GCallback choices[CHOICES]; /* the buttons' functions by number */
	void *user_data;
	PurpleRequestFields *fields;
} Dialog;

static GList *dialogs;
static guint last_id;
static PurpleConnection *results_gc;
static PurpleNotifySearchResults *results;

static Dialog *dialog_new(PurpleRequestType type, void *user_data)
{
	Dialog *dialog = g_new0(Dialog, 1);

	dialog->id = ++last_id;
	dialog->type = type;
	dialog->user_data = user_data;
	dialogs = g_list_append(dialogs, dialog);
	return dialog;
}

static const char *name_of(PurpleAccount *account)
{
	return account != NULL ? purple_account_get_username(account) : NULL;
}

static void *on_action(const char *title, const char *primary, const char *secondary, int default_action,
                       PurpleAccount *account, const char *who, PurpleConversation *conversation, void *user_data,
                       size_t count, va_list actions)
{
	Dialog *dialog = dialog_new(PURPLE_REQUEST_ACTION, user_data);
	GString *buttons = g_string_new(NULL);
	size_t i;

	(void)conversation;
	for (i = 0; i < count; i++) {
		g_string_append_printf(buttons, "%s%s", i > 0 ? "|" : "", va_arg(actions, const char *));
		if (i < CHOICES)
			dialog->choices[i] = va_arg(actions, GCallback);
	}
	emit("request", "id", number(dialog->id), "kind", "action", "account", name_of(account), "who", who, "title", title,
	     "primary", primary, "secondary", secondary, "buttons", buttons->str, "default", number(default_action), NULL);
	g_string_free(buttons, TRUE);
	return dialog;
}

static void *on_input(const char *title, const char *primary, const char *secondary, const char *value, gboolean multiline,
                      gboolean masked, gchar *hint, const char *ok_text, GCallback ok, const char *cancel_text,
                      GCallback cancel, PurpleAccount *account, const char *who, PurpleConversation *conversation,
                      void *user_data)
{
	Dialog *dialog = dialog_new(PURPLE_REQUEST_INPUT, user_data);

	(void)multiline;
	(void)masked;
	(void)hint;
	(void)ok_text;
	(void)cancel_text;
	(void)conversation;
	dialog->choices[0] = ok;
	dialog->choices[1] = cancel;
	emit("request", "id", number(dialog->id), "kind", "input", "account", name_of(account), "who", who, "title", title,
	     "primary", primary, "secondary", secondary, "value", value, NULL);
	return dialog;
}

static void *on_fields(const char *title, const char *primary, const char *secondary, PurpleRequestFields *fields,
                       const char *ok_text, GCallback ok, const char *cancel_text, GCallback cancel, PurpleAccount *account,
                       const char *who, PurpleConversation *conversation, void *user_data)
{
	Dialog *dialog = dialog_new(PURPLE_REQUEST_FIELDS, user_data);

	(void)ok_text;
	(void)cancel_text;
	(void)conversation;
	dialog->choices[0] = ok;
	dialog->choices[1] = cancel;
	dialog->fields = fields;
	emit("request", "id", number(dialog->id), "kind", "fields", "account", name_of(account), "who", who, "title", title,
	     "primary", primary, "secondary", secondary, NULL);
	return dialog;
}

static void *on_file(const char *title, const char *name, gboolean saving, GCallback ok, GCallback cancel, PurpleAccount *account,
                     const char *who, PurpleConversation *conversation, void *user_data)
{
	Dialog *dialog = dialog_new(PURPLE_REQUEST_FILE, user_data);

	(void)conversation;
	dialog->choices[0] = ok;
	dialog->choices[1] = cancel;
	emit("request", "id", number(dialog->id), "kind", saving ? "save" : "open", "account", name_of(account), "who", who, "title",
	     title, "value", name, NULL);
	return dialog;
}

static void on_close(PurpleRequestType type, void *handle)
{
	Dialog *dialog = handle;

	(void)type;
	dialogs = g_list_remove(dialogs, dialog);
	emit("request-closed", "id", number(dialog->id), NULL);
	if (dialog->fields != NULL)
		purple_request_fields_destroy(dialog->fields);
	g_free(dialog);
}

static PurpleRequestUiOps request_ops = {
	.request_input = on_input,
	.request_action = on_action,
	.request_fields = on_fields,
	.request_file = on_file,
	.close_request = on_close,
};

static void *on_authorise(PurpleAccount *account, const char *who, const char *id, const char *alias, const char *message,
                          gboolean on_list, PurpleAccountRequestAuthorizationCb authorise,
                          PurpleAccountRequestAuthorizationCb deny, void *user_data)
{
	Dialog *dialog = dialog_new(PURPLE_REQUEST_ACTION, user_data);

	(void)id;
	dialog->authorisation = TRUE;
	dialog->choices[0] = G_CALLBACK(authorise);
	dialog->choices[1] = G_CALLBACK(deny);
	emit("request", "id", number(dialog->id), "kind", "authorisation", "account", name_of(account), "who", who, "alias",
	     alias, "primary", message, "on_list", number(on_list), NULL);
	return dialog;
}

static void on_close_account_request(void *handle)
{
	on_close(PURPLE_REQUEST_ACTION, handle);
}

static PurpleAccountUiOps account_ops = {
	.request_authorize = on_authorise,
	.close_account_request = on_close_account_request,
};

/* KEY=VALUE|KEY=VALUE */
static void fill_in(PurpleRequestFields *fields, const char *text)
{
	char **pairs = g_strsplit(text, "|", -1);
	int i;

	for (i = 0; pairs[i] != NULL; i++) {
		char *value = strchr(pairs[i], '=');

		if (value == NULL)
			continue;
		*value++ = '\0';
		if (purple_request_fields_exists(fields, pairs[i]))
			purple_request_field_string_set_value(purple_request_fields_get_field(fields, pairs[i]), value);
	}
	g_strfreev(pairs);
}

gboolean dialog_answer(guint id, int choice, const char *text)
{
	GList *link = dialogs;
	Dialog *dialog;
	GCallback callback;

	while (link != NULL && ((Dialog *)link->data)->id != id)
		link = link->next;
	if (link == NULL || choice < 0 || choice >= CHOICES)
		return FALSE;
	dialog = link->data;
	callback = dialog->choices[choice];
	if (dialog->authorisation) {
		((PurpleAccountRequestAuthorizationCb)callback)(dialog->user_data);
		/* libpurple no longer knows it and leaves closing the window to us. */
		on_close(PURPLE_REQUEST_ACTION, dialog);
		return TRUE;
	}
	if (dialog->fields != NULL)
		fill_in(dialog->fields, text);
	/* Not the number of the button, because hosts count from different ends. */
	if (callback != NULL && dialog->type == PURPLE_REQUEST_ACTION)
		((PurpleRequestActionCb)callback)(dialog->user_data, -1);
	else if (callback != NULL && dialog->type == PURPLE_REQUEST_FILE)
		((PurpleRequestFileCb)callback)(dialog->user_data, text);
	else if (callback != NULL && dialog->type == PURPLE_REQUEST_INPUT)
		((PurpleRequestInputCb)callback)(dialog->user_data, text);
	else if (callback != NULL)
		((PurpleRequestFieldsCb)callback)(dialog->user_data, dialog->fields);
	/* The callback may have closed it already. */
	if (g_list_find(dialogs, dialog) != NULL)
		purple_request_close(dialog->type, dialog);
	return TRUE;
}

static void *on_message(PurpleNotifyMsgType type, const char *title, const char *primary, const char *secondary)
{
	emit("notify", "type", number(type), "title", title, "primary", primary, "secondary", secondary, NULL);
	return NULL;
}

static void *on_uri(const char *uri)
{
	emit("uri", "uri", uri, NULL);
	return NULL;
}

static void *on_userinfo(PurpleConnection *gc, const char *who, PurpleNotifyUserInfo *info)
{
	char *text = purple_notify_user_info_get_text_with_newline(info, "\n");

	emit("userinfo", "account", name_of(purple_connection_get_account(gc)), "who", who, "text", text, NULL);
	g_free(text);
	return NULL;
}

/* Keeps the results, as a window does, until the next ones come. */
static void *on_results(PurpleConnection *gc, const char *title, const char *primary, const char *secondary,
                        PurpleNotifySearchResults *found, gpointer user_data)
{
	GList *row;

	(void)title;
	(void)secondary;
	(void)user_data;
	if (results != NULL)
		purple_notify_searchresults_free(results);
	results = found;
	results_gc = gc;
	for (row = found->rows; row != NULL; row = row->next) {
		GString *line = g_string_new(NULL);
		GList *cell;

		for (cell = row->data; cell != NULL; cell = cell->next)
			g_string_append_printf(line, "%s%s", cell != row->data ? "|" : "", (char *)cell->data);
		emit("found", "account", name_of(purple_connection_get_account(gc)), "primary", primary, "row", line->str, NULL);
		g_string_free(line, TRUE);
	}
	return &results;
}

gboolean dialog_press_result(guint row, PurpleNotifySearchButtonType type)
{
	GList *button;

	if (results == NULL)
		return FALSE;
	for (button = results->buttons; button != NULL; button = button->next) {
		PurpleNotifySearchButton *found = button->data;

		if (found->type == type) {
			found->callback(results_gc, g_list_nth_data(results->rows, row), NULL);
			return TRUE;
		}
	}
	return FALSE;
}

static void *on_email(PurpleConnection *gc, const char *subject, const char *from, const char *to, const char *url)
{
	(void)to;
	emit("mail", "account", name_of(purple_connection_get_account(gc)), "subject", subject, "from", from, "url", url, NULL);
	return NULL;
}

static void *on_emails(PurpleConnection *gc, size_t count, gboolean detailed, const char **subjects, const char **froms,
                       const char **tos, const char **urls)
{
	size_t i;

	if (!detailed)
		emit("mail-count", "account", name_of(purple_connection_get_account(gc)), "count", number((gint64)count), "to", *tos,
		     "url", *urls, NULL);
	for (i = 0; detailed && i < count; i++)
		emit("mail", "account", name_of(purple_connection_get_account(gc)), "subject", subjects[i], "from", froms[i], "url",
		     urls[i], NULL);
	return NULL;
}

static void on_close_notify(PurpleNotifyType type, void *handle)
{
	(void)handle;
	if (type == PURPLE_NOTIFY_SEARCHRESULTS && results != NULL) {
		purple_notify_searchresults_free(results);
		results = NULL;
	}
}

static PurpleNotifyUiOps notify_ops = {
	.notify_message = on_message,
	.notify_email = on_email,
	.notify_emails = on_emails,
	.notify_searchresults = on_results,
	.notify_userinfo = on_userinfo,
	.close_notify = on_close_notify,
	.notify_uri = on_uri,
};

void dialogs_set_ops(void)
{
	purple_request_set_ui_ops(&request_ops);
	purple_accounts_set_ui_ops(&account_ops);
	purple_notify_set_ui_ops(&notify_ops);
}
