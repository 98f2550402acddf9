/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files of the plugin share. Of libfbchat only fbchat.h is seen, and no file here knows the wire: whatever is
 * logic (retries, order, what was seen already) is the library's. Everything runs on the host's main thread.
 */
#ifndef FBCHAT_PURPLE_PRPL_H
#define FBCHAT_PURPLE_PRPL_H

#include <glib.h>
#include <libintl.h>

#include <account.h>
#include <connection.h>
#include <conversation.h>
#include <prpl.h>

#include <fbchat.h>

#define FB_PRPL_ID "prpl-fbchat"
#define FB_DEFAULT_SERVER "http://127.0.0.1:8080"

/* A text for people in their language. With a domain, since in the host's own catalogue ours are not. */
#define FB_TEXT_DOMAIN "purple-fbchat"
#define _(text) dgettext(FB_TEXT_DOMAIN, text)

/* Longest time without a working channel, at sign-on and later, before the host is told that it is offline. */
#define FB_OUTAGE_SECONDS 90

/* One signed-on (or signing-on) account. Lives from login to close; found again by the number of its session. */
typedef struct {
	PurpleConnection *gc;
	fbchat_session session;
	fbchat_uid uid;         /* 0 until the server has said who we are */
	gint steps;             /* sign-on steps that were shown; a repeated attempt does not go back */
	gboolean given_up;      /* an error was reported: the host is about to call close */
	guint outage;           /* timer; runs whenever the channel is not open */
	fbchat_status why;      /* what failed last, while it runs */
	char *why_text;
	GHashTable *unconfirmed; /* fbchat_request -> FbUnconfirmed */
} FbConnection;

/* client.c: the one fbchat_client of the process and its events */
fbchat_client *fb_client_get(void); /* makes it at the first call; NULL on failure, see fbchat_last_error() */
fbchat_client *fb_client(void);     /* NULL before the first sign-on and after unloading */
void fb_client_free(void);
void fb_client_add(FbConnection *connection);
void fb_client_remove(FbConnection *connection);
FbConnection *fb_client_find(fbchat_session session);

/* connection.c: sign-on, progress, errors, sign-off */
void fb_login(PurpleAccount *account);
void fb_close(PurpleConnection *gc);
void fb_connection_logged_in(FbConnection *connection, const fbchat_event *event);
void fb_connection_state(FbConnection *connection, const fbchat_event *event);
void fb_connection_failed(FbConnection *connection, const fbchat_event *event);

/* buddies.c: the buddy list and what it shows */
void fb_buddies_restore(PurpleAccount *account);
void fb_buddies_apply(FbConnection *connection, const fbchat_event *event, size_t item);
GList *fb_status_types(PurpleAccount *account);
char *fb_status_text(PurpleBuddy *buddy);
void fb_tooltip_text(PurpleBuddy *buddy, PurpleNotifyUserInfo *info, gboolean full);
const char *fb_normalize(const PurpleAccount *account, const char *who);
gboolean fb_offline_message(const PurpleBuddy *buddy);
void fb_rename_group(PurpleConnection *gc, const char *old_name, PurpleGroup *group, GList *moved_buddies);
void fb_group_buddy(PurpleConnection *gc, const char *who, const char *old_group, const char *new_group);

/* presence.c: how others see this account */
fbchat_status fb_presence_publish(FbConnection *connection);
void fb_set_status(PurpleAccount *account, PurpleStatus *status);
void fb_set_idle(PurpleConnection *gc, int seconds);

/* messages.c */
void fb_messages_init(FbConnection *connection);
void fb_messages_free(FbConnection *connection);
int fb_send_im(PurpleConnection *gc, const char *who, const char *markup, PurpleMessageFlags flags);
void fb_message_received(FbConnection *connection, const fbchat_event *event);
void fb_message_sent(FbConnection *connection, const fbchat_event *event);
void fb_message_failed(FbConnection *connection, const fbchat_event *event);

/* typing.c */
unsigned int fb_send_typing(PurpleConnection *gc, const char *who, PurpleTypingState state);
void fb_typing_received(FbConnection *connection, const fbchat_event *event);

/* fields.c: event fields and user numbers in libpurple's terms */
gint64 fb_int(const fbchat_event *event, size_t item, fbchat_field field);
char *fb_name_of(fbchat_uid uid); /* decimal; g_free */
fbchat_uid fb_uid_of(const char *name); /* 0 = not a user number */

#endif
