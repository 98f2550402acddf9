/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where failures are shown. libpurple reports success wherever it passes a line on, but not every host shows every line:
 * BitlBee drops error lines of conversations, telepathy-haze drops dialogs.
 */
#include "failures.h"

#include <blist.h>
#include <conversation.h>
#include <notify.h>

#include "fields.h"
#include "host.h"

/* Dialogs belong to the account: libpurple closes those of a connection when it signs off, which may be the very reason for
 * the failure. */
void fb_failure_alone(PurpleAccount *account, const char *primary, const char *secondary)
{
	purple_notify_error(account, FB_TITLE, primary, secondary);
}

static char *title_of(PurpleAccount *account, const char *who, PurpleConversation *conversation)
{
	PurpleBuddy *buddy = purple_find_buddy(account, who);

	if (buddy != NULL)
		return g_strdup(purple_buddy_get_alias(buddy));
	return g_strdup(conversation != NULL ? purple_conversation_get_title(conversation) : who);
}

/* Without a window the failure gets a dialog that names the person. While the account signs off, no window is opened: the
 * host may be closing them. */
void fb_failure_with(PurpleAccount *account, const char *who, const char *text)
{
	PurpleConversation *conversation = purple_find_conversation_with_account(PURPLE_CONV_TYPE_ANY, who, account);
	PurpleConnection *gc = purple_account_get_connection(account);

	if (conversation == NULL && fb_in_haze() && gc != NULL && gc->proto_data != NULL)
		conversation = purple_conversation_new(PURPLE_CONV_TYPE_IM, account, who);
	if (conversation != NULL && !fb_in_bitlbee()) {
		char *markup = fb_markup_of(text);

		purple_conversation_write(conversation, NULL, markup, PURPLE_MESSAGE_ERROR, time(NULL));
		g_free(markup);
	} else {
		char *title = title_of(account, who, conversation);

		fb_failure_alone(account, title, text);
		g_free(title);
	}
}
