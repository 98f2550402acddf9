/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What every file of the plugin needs: the names of the plugin and the account that is signed on. The functions of a topic
 * are declared in the header of that topic. Includes in quotes are ours and those in angle brackets are libpurple's, also
 * where the names are the same.
 *
 * The only part of libfbchat that is visible here is fbchat.h, and no file knows the wire protocol: retries, order and
 * duplicates are the library's task. Everything runs on the host's main thread.
 */
#ifndef FBCHAT_PURPLE_FB_H
#define FBCHAT_PURPLE_FB_H

#include <glib.h>
#include <libintl.h>
#include <string.h>

#include <account.h>
#include <connection.h>
#include <prpl.h>
#include <roomlist.h>

#include <fbchat.h>

#define FB_PRPL_ID "prpl-fbchat"

/* The title of dialogs. Without one BitlBee would print "(null)". */
#define FB_TITLE "Facebook Chat"

/* Text for users in their language. With a domain, because the host's own catalogue does not have our texts. */
#define FB_TEXT_DOMAIN "purple-fbchat"
#define _(text) dgettext(FB_TEXT_DOMAIN, text)
#define N_(text) text /* translated where it is used */

/* Status ids, of buddies and of the account alike. */
#define FB_STATUS_AVAILABLE "available"
#define FB_STATUS_OFFLINE "offline"

/* How long the plugin may occupy the host's main loop at a time: less than the interval between two frames at 60 Hz. */
#define FB_SLICE_MICROSECONDS 8000

/* The largest picture: what servers accept, and more than a buddy list needs. */
#define FB_PICTURE_BYTES ((size_t)1024 * 1024)

/* One account that is signed on or signing on. Lives from login to close, and is found again by its session number. The
 * pointers at the end are each private to the file that defines the type. */
typedef struct {
	PurpleConnection *gc;
	fbchat_session session;
	fbchat_uid uid;        /* 0 until the server has told it */
	gint64 features;       /* sum of FBCHAT_FEATURE_ values; 0 until then */
	gint64 message_limit;  /* in characters */
	gint64 file_limit;     /* in bytes */
	gboolean registering;  /* the account is only being created */
	gboolean given_up;     /* an error was reported: the host is about to call close */
	fbchat_request begun;  /* number of the latest request */
	gint steps;            /* sign-on steps that were shown; a repeated attempt does not go back */

	struct FbOutage *outage;      /* outage.c */
	struct FbResume *resume;      /* resume.c */
	struct FbBuddies *buddies;    /* buddies.c */
	struct FbIcons *icons;        /* icons.c */
	struct FbUnread *unread;      /* unread.c */
	struct FbStranger *stranger;  /* strangers.c */
	struct FbPresence *presence;  /* presence.c */
	struct FbPrivacy *privacy;    /* privacy.c */
	struct FbChats *chats;        /* chats.c */
	struct FbGroups *groups;      /* groups.c */
	GHashTable *backlogs;         /* chat_messages.c */
	struct FbFiles *files;        /* files.c */
	GHashTable *transfers;        /* transfers.c */
	GHashTable *outgoing;         /* outgoing.c */
	GHashTable *typists;          /* typing.c */
	PurpleRoomlist *rooms;        /* rooms.c */
	GHashTable *pending;          /* pending.c */
	GHashTable *alias_waits;      /* alias.c */
	char *dedup_marks;            /* dedup.c */
} FbConnection;

#endif
