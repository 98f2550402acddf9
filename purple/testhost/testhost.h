/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files of the two programs that host the plugin share: purple-headless, which the tests drive, and
 * purple-fbchat-check, which is installed. All they know about the plugin is its file and its id.
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

/* output.c: one JSON object per line, with all values as strings */
void emit(const char *event, ...) G_GNUC_NULL_TERMINATED; /* "event", "key", "value", …, NULL */
const char *number(gint64 value); /* valid for the next seven calls */

/* loop.c: the common part of the main loops, and their measurements */
typedef struct {
	guint (*timeout_add)(guint milliseconds, GSourceFunc function, gpointer data);
	guint (*input_add)(int fd, PurpleInputCondition condition, PurpleInputFunction function, gpointer data);
	gboolean (*remove)(guint id);
	void (*run)(void);
	void (*quit)(void);
} HostLoop;

const HostLoop *loop_use(const char *name); /* makes "glib" or "poll" libpurple's loop; NULL = no such loop */
void loop_check_thread(void); /* ends the program if this is not the thread of main() */
void loop_call_begins(gsize function); /* around every function that a loop calls */
void loop_call_ends(void);
void loop_count_item(void); /* a message or a new buddy was shown */
void loop_report(void);     /* emits the longest call and the most items of one call since the last report, and all items */

extern const HostLoop loop_glib; /* loop_glib.c: as in Pidgin, Finch and most builds of BitlBee */
extern const HostLoop loop_poll; /* loop_poll.c: without GLib's loop, as in Adium and in builds on libevent */

/* ui.c: what libpurple reports to its user interface */
void ui_set_ops(void);
void ui_connect_signals(void);
void ui_set_quiet(gboolean quiet); /* counts messages and buddies without printing them */
void ui_emit_buddy(const char *event, PurpleBuddy *buddy);
void ui_focus(PurpleConversation *conversation); /* NULL = no window has the focus */

/* dialogs.c: what libpurple asks */
void dialogs_set_ops(void);
gboolean dialog_answer(guint id, int choice, const char *text); /* FALSE = no such question */
gboolean dialog_press_result(guint row, PurpleNotifySearchButtonType type);

/* people.c: commands about people and the account */
gboolean people_run(const char *command, PurpleAccount *account, const char *rest); /* FALSE = no such command */

/* search.c */
void search_plugins_in(const char *directory); /* nothing else is searched for plugins */
/* groups.c: commands about conversations of several people, with those of commands.c for every conversation */
gboolean groups_run(const char *command, PurpleAccount *account, const char *group, const char *text); /* FALSE = no such command */
void groups_set_ops(void);

/* files.c: commands about files and pictures */
gboolean files_run(const char *command, PurpleAccount *account, const char *who, const char *text); /* FALSE = no such command */
void files_emit_pictures(const char *markup); /* what the store has for the pictures of a line */
void files_set_ops(void);

/* commands.c */
gboolean command_run(const char *line); /* FALSE = the command was to quit */

#endif
