/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files of the plugin share. Of libfbchat only fbchat.h is seen, and no file here knows the wire: whatever is
 * logic (retries, order, what was seen already) is the library's. Everything runs on the host's main thread.
 */
#ifndef FBCHAT_PURPLE_PRPL_H
#define FBCHAT_PURPLE_PRPL_H

#include <glib.h>
#include <libintl.h>
#include <string.h>

#include <account.h>
#include <connection.h>
#include <conversation.h>
#include <notify.h>
#include <prpl.h>

#include <fbchat.h>

#define FB_PRPL_ID "prpl-fbchat"

/* Of windows with questions, which BitlBee would otherwise call "(null)". */
#define FB_TITLE "Facebook Chat"
#define FB_DEFAULT_SERVER "http://127.0.0.1:8080"

/* A text for people in their language. With a domain, since in the host's own catalogue ours are not. */
#define FB_TEXT_DOMAIN "purple-fbchat"
#define _(text) dgettext(FB_TEXT_DOMAIN, text)
#define N_(text) text /* translated where it is used */

/* The ids of statuses, of buddies and of the account alike. */
#define FB_STATUS_AVAILABLE "available"
#define FB_STATUS_OFFLINE "offline"

/* Longest time without a working channel, at sign-on and later, before the host is told that it is offline. */
#define FB_OUTAGE_SECONDS 90

/* How much of a host's time is taken in one go: less than windows need to be drawn sixty times a second. */
#define FB_SLICE_MICROSECONDS 8000

/* The largest picture: what servers take, and more than anybody needs in a list. */
#define FB_PICTURE_BYTES ((size_t)1024 * 1024)

/* One signed-on (or signing-on) account. Lives from login to close; found again by the number of its session. */
typedef struct {
	PurpleConnection *gc;
	fbchat_session session;
	fbchat_uid uid;         /* 0 until the server has said who we are */
	gint64 features;        /* sum of FBCHAT_FEATURE_; 0 until then */
	gint steps;             /* sign-on steps that were shown; a repeated attempt does not go back */
	gboolean given_up;      /* an error was reported: the host is about to call close */
	guint outage;           /* timer; runs whenever the channel is not open */
	fbchat_status why;      /* what failed last, while it runs */
	char *why_text;
	gint64 certificate_problem; /* FBCHAT_CERTIFICATE_, if that is why */
	char *certificate;      /* its fingerprint */
	gboolean registering;   /* the account is only being made */
	gboolean goes_on;       /* the server was not to be reached, so its session lives on there */
	gboolean resuming;      /* the login goes on with such a session */
	char *saved;            /* what that takes; a secret */
	char *status_text;      /* the status line that went from here to the server; NULL = none */
	fbchat_request begun;   /* number of the latest request */
	GHashTable *requests;   /* fbchat_request -> FbRequest */
	GHashTable *wanted_icons; /* of whom a picture is to be fetched */
	guint icon_fetches;     /* pictures under way */
	gint64 message_limit;   /* in characters */
	gboolean showing;       /* a message that came opens its window */
	char *seen;             /* which messages came last, see seen.c */
	GSList *unnamed;        /* PurpleBuddy, who may still get the name that was saved */
	guint naming;           /* timer; runs while there are some */
	GHashTable *unread;     /* whose messages came and were not seen here */
} FbConnection;

/* Told what came of a request. Without an event it failed at once; see fb_failure. */
typedef void (*FbAnswered)(FbConnection *connection, const fbchat_event *event, const char *who, const char *text);

/* How libpurple wants to hear of a name, or why there is none. */
typedef void (*FbNamed)(PurpleAccount *account, const char *text);

typedef struct {
	guint64 id;
	FbAnswered answered;    /* NULL = one about the own name, see public_name.c */
	FbNamed succeeded;      /* only there, as the next; may be NULL */
	FbNamed failed;
	char *who;              /* whom it is about, may be NULL */
	char *text;             /* whatever the answer's function wants to know again, may be NULL */
} FbRequest;

/* client.c: the one fbchat_client of the process and its events */
fbchat_client *fb_client_get(void); /* makes it at the first call; NULL on failure, see fbchat_last_error() */
fbchat_client *fb_client(void);     /* NULL before the first sign-on and after unloading */
void fb_client_free(void);
void fb_client_add(FbConnection *connection);
void fb_client_remove(FbConnection *connection);
FbConnection *fb_client_find(fbchat_session session);

/* requests.c: what is asked of the library, and who waits for the answer */
void fb_requests_init(FbConnection *connection);
void fb_requests_free(FbConnection *connection);
FbRequest *fb_request_keep(FbConnection *connection, FbAnswered answered, const char *who, const char *text);
void fb_request_begun(FbConnection *connection, fbchat_status status, FbAnswered answered, const char *who,
                      const char *text);
gboolean fb_request_answer(FbConnection *connection, const fbchat_event *event);
const char *fb_failure(const fbchat_event *event);
void fb_tell_failure(FbConnection *connection, const fbchat_event *event, const char *who, const char *text);

/* connection.c: sign-on, progress, errors, sign-off */
FbConnection *fb_connection_new(PurpleAccount *account);
fbchat_status fb_connection_open(FbConnection *connection);
void fb_connection_opened(FbConnection *connection, fbchat_status status);
void fb_connection_give_up(FbConnection *connection, PurpleConnectionError reason, const char *sentence);
void fb_login(PurpleAccount *account);
void fb_close(PurpleConnection *gc);
void fb_connection_logged_in(FbConnection *connection, const fbchat_event *event);
void fb_connection_state(FbConnection *connection, const fbchat_event *event);
void fb_connection_failed(FbConnection *connection, const fbchat_event *event);

/* saved.c: sessions that outlive their connection */
void fb_saved_note(FbConnection *connection, const fbchat_event *event);
gboolean fb_saved_keep(FbConnection *connection);
gboolean fb_saved_resume(FbConnection *connection);
void fb_saved_free(void);

/* settings.c: what an account is set to */
GList *fb_settings_options(void);
const char *fb_server_of(FbConnection *connection);
fbchat_status fb_settings_config(FbConnection *connection, fbchat_config **config);
void fb_settings_pin(PurpleAccount *account, const char *fingerprint);

/* certificate.c: servers whose certificate is not trusted */
PurpleConnectionError fb_certificate_error(gint64 problem);
void fb_certificate_ask(FbConnection *connection, gint64 problem, const char *fingerprint, const char *reason,
                        gboolean fatal);

/* register.c: new accounts and passwords */
void fb_register_user(PurpleAccount *account);
void fb_registered(FbConnection *connection);
void fb_change_passwd(PurpleConnection *gc, const char *old_password, const char *new_password);

/* public_name.c: the name that others see */
void fb_name_answer(FbConnection *connection, const FbRequest *request, const fbchat_event *event);
void fb_set_public_alias(PurpleConnection *gc, const char *alias, FbNamed succeeded, FbNamed failed);
void fb_get_public_alias(PurpleConnection *gc, FbNamed succeeded, FbNamed failed);

/* seen.c: messages that come a second time */
void fb_seen_restore(FbConnection *connection);
gboolean fb_seen(FbConnection *connection, const fbchat_event *event);

/* buddies.c: the buddy list and what it shows */
void fb_buddies_restore(FbConnection *connection);
void fb_buddies_free(FbConnection *connection);
void fb_buddy_free(PurpleBuddy *buddy);
void fb_buddy_name(FbConnection *connection, const char *who, const char *name);
void fb_buddies_apply(FbConnection *connection, const fbchat_event *event, size_t item);
char *fb_status_text(PurpleBuddy *buddy);
void fb_tooltip_text(PurpleBuddy *buddy, PurpleNotifyUserInfo *info, gboolean full);
const char *fb_normalize(const PurpleAccount *account, const char *who);
gboolean fb_offline_message(const PurpleBuddy *buddy);
void fb_rename_group(PurpleConnection *gc, const char *old_name, PurpleGroup *group, GList *moved_buddies);
void fb_group_buddy(PurpleConnection *gc, const char *who, const char *old_group, const char *new_group);
void fb_alias_buddy(PurpleConnection *gc, const char *who, const char *alias);

/* asks.c: questions to the user */
gboolean fb_in_bitlbee(void);
typedef struct {
	fbchat_session session;
	char *who;
	char *group; /* of a removed buddy; NULL for an authorisation */
	char *alias; /* the name that the user gave him */
	void *dialog;
} FbAsk;

FbAsk *fb_ask_new(FbConnection *connection, const char *who, guint *number);
FbAsk *fb_ask_find(guint number);
FbAsk *fb_ask_take(gpointer number, FbConnection **connection);
void fb_ask_free(gpointer data);
void fb_asks_drop(FbConnection *connection, const char *who);
gboolean fb_ask_may_authorise(FbConnection *connection, const char *who);

/* friends.c: friend requests, adding and removing */
void fb_refresh(FbConnection *connection);
gboolean fb_friend_is_hidden(PurpleAccount *account, const char *who);
void fb_friend_requested(FbConnection *connection, const fbchat_event *event);
void fb_friend_changed(FbConnection *connection, const fbchat_event *event);
void fb_add_buddy(PurpleConnection *gc, PurpleBuddy *buddy, PurpleGroup *group);
void fb_add_buddy_with_invite(PurpleConnection *gc, PurpleBuddy *buddy, PurpleGroup *group, const char *message);
void fb_remove_buddy(PurpleConnection *gc, PurpleBuddy *buddy, PurpleGroup *group);
void fb_remove_buddies(PurpleConnection *gc, GList *buddies, GList *groups);

/* people.c: what one can learn about them */
void fb_get_info(PurpleConnection *gc, const char *who);
void fb_search(FbConnection *connection, const char *words);
void fb_history(FbConnection *connection, const char *who);
void fb_history_recent(FbConnection *connection, const char *who);

/* menus.c: menus, commands, pokes */
GList *fb_actions(PurplePlugin *plugin, gpointer context);
GList *fb_blist_node_menu(PurpleBlistNode *node);
GList *fb_attention_types(PurpleAccount *account);
gboolean fb_send_attention(PurpleConnection *gc, const char *who, guint type);
void fb_poke_received(FbConnection *connection, const fbchat_event *event);
void fb_commands_register(void);
void fb_commands_unregister(void);

/* unread.c: read marks and notices */
void fb_unread_init(FbConnection *connection);
void fb_unread_free(FbConnection *connection);
void fb_unread_shown(FbConnection *connection, const char *who);
void fb_unread_notices(FbConnection *connection);
GList *fb_unread_options(GList *options);

/* icons.c: pictures */
void fb_icons_init(FbConnection *connection);
void fb_icons_free(FbConnection *connection);
void fb_icon_apply(FbConnection *connection, PurpleBuddy *buddy, const char *hash);
void fb_icon_publish(FbConnection *connection);
void fb_set_buddy_icon(PurpleConnection *gc, PurpleStoredImage *image);

/* presence.c: how others see this account */
GList *fb_status_types(PurpleAccount *account);
fbchat_status fb_presence_publish(FbConnection *connection);
void fb_status_text_publish(FbConnection *connection);
void fb_status_text_set(FbConnection *connection, const char *text);
void fb_set_status(PurpleAccount *account, PurpleStatus *status);
void fb_set_idle(PurpleConnection *gc, int seconds);

/* messages.c */
char *fb_markup_of(const char *text); /* plain text as libpurple shows it; g_free */
gboolean fb_present_error(PurpleAccount *account, const char *who, const char *text);
void fb_messages_unconfirmed(FbConnection *connection);
int fb_send_im(PurpleConnection *gc, const char *who, const char *markup, PurpleMessageFlags flags);
void fb_message_received(FbConnection *connection, const fbchat_event *event);

/* typing.c */
unsigned int fb_send_typing(PurpleConnection *gc, const char *who, PurpleTypingState state);
void fb_typing_received(FbConnection *connection, const fbchat_event *event);

/* fields.c: event fields, user numbers, sentences and secrets in libpurple's terms */
gint64 fb_int(const fbchat_event *event, size_t item, fbchat_field field);
char *fb_name_of(fbchat_uid uid); /* decimal; g_free */
fbchat_uid fb_uid_of(const char *name); /* 0 = not a user number */
void fb_free_secret(gpointer text); /* wiped first; may be NULL */
char *fb_sentence(const char *text);    /* g_free */

#endif
