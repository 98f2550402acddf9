/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files of the two programs that host the plugin share: purple-headless, which the tests drive, and
 * purple-fbchat-check, which is installed. They know nothing of the plugin but its file and its id.
 */
#ifndef FBCHAT_PURPLE_TESTHOST_H
#define FBCHAT_PURPLE_TESTHOST_H

#include <glib.h>

#include <blist.h>
#include <conversation.h>
#include <eventloop.h>
#include <notify.h>

#define UI_ID "fbchat-host"
#define PRPL_ID "prpl-fbchat"

/* output.c: one JSON object a line, with all values as strings */
void emit(const char *event, ...) G_GNUC_NULL_TERMINATED; /* "event", "key", "value", …, NULL */
const char *number(gint64 value); /* valid for the next seven calls */

/* loop.c: what the main loops have in common, and what they measure */
typedef struct {
	guint (*timeout_add)(guint milliseconds, GSourceFunc function, gpointer data);
	guint (*input_add)(int fd, PurpleInputCondition condition, PurpleInputFunction function, gpointer data);
	gboolean (*remove)(guint id);
	void (*run)(void);
	void (*quit)(void);
} HostLoop;

const HostLoop *loop_use(const char *name); /* "glib" or "poll", from now on libpurple's; NULL = no such loop */
void loop_check_thread(void); /* ends the program if this is not the thread of main() */
void loop_call_begins(gsize function); /* around everything that a loop calls */
void loop_call_ends(void);
void loop_count_item(void); /* a message or a new buddy was shown */
void loop_report(void);     /* emits the longest call and the most items of one since the last time, and all items */

extern const HostLoop loop_glib; /* loop_glib.c: as in Pidgin, Finch and most builds of BitlBee */
extern const HostLoop loop_poll; /* loop_poll.c: without GLib's, as in Adium and in builds on libevent */

/* ui.c: what libpurple tells its user interface */
void ui_set_ops(void);
void ui_connect_signals(void);
void ui_set_quiet(gboolean quiet); /* counts messages and buddies without printing them */
void ui_emit_buddy(const char *event, PurpleBuddy *buddy);
void ui_focus(PurpleConversation *conversation); /* NULL = no window has it */

/* dialogs.c: what it asks */
void dialogs_set_ops(void);
gboolean dialog_answer(guint id, int choice, const char *text); /* FALSE = no such question */
gboolean dialog_press_result(guint row, PurpleNotifySearchButtonType type);

/* people.c: commands about people and the account */
gboolean people_run(const char *command, PurpleAccount *account, const char *rest); /* FALSE = not one of them */

/* commands.c */
gboolean command_run(const char *line); /* FALSE = the command was to quit */

#endif
