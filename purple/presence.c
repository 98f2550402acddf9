/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How others see this account. The server knows active, idle and invisible; libpurple's away is sent as idle. On the server
 * the status line is separate: it stays while a user is away or offline.
 *
 * An away message is shown in place of that lasting line only for a while, so the line is asked for before and set again
 * afterwards, at sign-off at the latest. Both are kept with the account meanwhile: if the host ends without a sign-off, the
 * line is set again at the next sign-on.
 */
#include "presence.h"

#include <status.h>
#include <util.h>

#include "client.h"
#include "fields.h"
#include "pending.h"

/* The away message on the server, and the lasting line that it stands in for. */
#define AWAY_LINE "away_line"
#define LASTING_LINE "lasting_line"

struct FbPresence {
	char *line;      /* the lasting line that was sent from here; NULL = none */
	char *wanted;    /* the away message that the host wants shown; NULL = none */
	char *shown;     /* the one that is on the server; NULL = the lasting line is there */
	char *lasting;   /* the lasting line while an away message is shown; "" = none */
	gboolean away;   /* the latest status was away */
	gboolean busy;   /* the server is being asked for the line, or sets it again */
	gboolean begun;  /* what the previous sign-on has left was looked at */
};

static GList *with_message(GList *types, PurpleStatusPrimitive primitive, const char *id)
{
	return g_list_append(types, purple_status_type_new_with_attrs(primitive, id, NULL, TRUE, TRUE, FALSE, "message",
	                                                              _("Message"), purple_value_new(PURPLE_TYPE_STRING),
	                                                              NULL));
}

GList *fb_status_types(PurpleAccount *account)
{
	GList *types = NULL;

	(void)account;
	types = with_message(types, PURPLE_STATUS_AVAILABLE, FB_STATUS_AVAILABLE);
	types = with_message(types, PURPLE_STATUS_AWAY, "away");
	types = g_list_append(types, purple_status_type_new_full(PURPLE_STATUS_INVISIBLE, NULL, NULL, TRUE, TRUE, FALSE));
	types = g_list_append(types, purple_status_type_new_full(PURPLE_STATUS_OFFLINE, FB_STATUS_OFFLINE, NULL, TRUE, TRUE,
	                                                         FALSE));
	return types;
}

void fb_presence_init(FbConnection *connection)
{
	connection->presence = g_new0(struct FbPresence, 1);
}

void fb_presence_free(FbConnection *connection)
{
	g_free(connection->presence->line);
	g_free(connection->presence->wanted);
	g_free(connection->presence->shown);
	g_free(connection->presence->lasting);
	g_free(connection->presence);
}

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

static void replace(char **text, const char *with)
{
	char *copy = g_strdup(with);

	g_free(*text);
	*text = copy;
}

static fbchat_status send_line(FbConnection *connection, const char *text)
{
	return fbchat_session_set_status_text(fb_client(), connection->session, text, &connection->begun);
}

/* Notes, also in the account, which away message is on the server in place of which line; NULL = none. */
static void note_shown(FbConnection *connection, const char *away, const char *lasting)
{
	PurpleAccount *account = purple_connection_get_account(connection->gc);

	replace(&connection->presence->shown, away);
	replace(&connection->presence->lasting, lasting);
	purple_account_set_string(account, AWAY_LINE, away != NULL ? away : "");
	purple_account_set_string(account, LASTING_LINE, lasting != NULL ? lasting : "");
}

static void away_answered(FbConnection *connection, const fbchat_event *event, const char *previous, const char *away)
{
	struct FbPresence *presence = connection->presence;

	/* Refused, because it is too long for example: what was there before is still there. */
	if (fb_failure(event) != NULL && !fb_outcome_unknown(event) && g_strcmp0(presence->shown, away) == 0) {
		char *lasting = previous != NULL ? g_strdup(presence->lasting) : NULL;

		note_shown(connection, previous, lasting);
		g_free(lasting);
	}
	fb_tell_failure(connection, event, NULL, NULL);
}

static void show_away(FbConnection *connection, const char *lasting)
{
	char *previous = g_strdup(connection->presence->shown);
	char *away = g_strdup(connection->presence->wanted);
	char *line = g_strdup(lasting);

	note_shown(connection, away, line);
	fb_pending_add(connection, send_line(connection, away), away_answered, previous, away);
	g_free(line);
	g_free(away);
	g_free(previous);
}

static void settle(FbConnection *connection);

static void line_is_back(FbConnection *connection, const fbchat_event *event, const char *who, const char *text)
{
	connection->presence->busy = FALSE;
	if (fb_failure(event) == NULL)
		note_shown(connection, NULL, NULL);
	else
		/* The account remembers the line for the next sign-on. */
		replace(&connection->presence->shown, NULL);
	fb_tell_failure(connection, event, who, text);
	settle(connection);
}

/* The server may have brought the text into another Unicode form. */
static gboolean same_line(const char *a, const char *b)
{
	char *first = g_utf8_normalize(a != NULL ? a : "", -1, G_NORMALIZE_DEFAULT_COMPOSE);
	char *second = g_utf8_normalize(b != NULL ? b : "", -1, G_NORMALIZE_DEFAULT_COMPOSE);
	gboolean same = g_strcmp0(first, second) == 0;

	g_free(second);
	g_free(first);
	return same;
}

static void line_told(FbConnection *connection, const fbchat_event *event, const char *who, const char *text)
{
	struct FbPresence *presence = connection->presence;
	gboolean known = fb_failure(event) == NULL;
	const char *line = known ? fbchat_event_str(event, 0, FBCHAT_FIELD_STATUS_TEXT, NULL) : NULL;
	/* If it is not the away message, it was set elsewhere meanwhile. */
	gboolean away_is_there = presence->shown != NULL && (!known || same_line(line, presence->shown));

	(void)who;
	(void)text;
	presence->busy = FALSE;
	if (presence->wanted != NULL) {
		/* Without knowing the lasting line it would be lost. */
		if (known || away_is_there)
			show_away(connection, away_is_there ? presence->lasting : line != NULL ? line : "");
	} else if (away_is_there) {
		presence->busy = TRUE;
		fb_pending_add(connection, send_line(connection, presence->lasting), line_is_back, NULL, NULL);
	} else {
		note_shown(connection, NULL, NULL);
	}
}

/* Whether the away message that an earlier sign-on has left is still on the server. */
static void left_line_told(FbConnection *connection, const fbchat_event *event, const char *who, const char *text)
{
	PurpleAccount *account = purple_connection_get_account(connection->gc);
	struct FbPresence *presence = connection->presence;
	const char *left = purple_account_get_string(account, AWAY_LINE, "");
	const char *line = event != NULL ? fbchat_event_str(event, 0, FBCHAT_FIELD_STATUS_TEXT, NULL) : NULL;

	(void)who;
	(void)text;
	presence->busy = FALSE;
	if (fb_failure(event) == NULL && *left != '\0') {
		if (same_line(line, left)) {
			replace(&presence->shown, left);
			replace(&presence->lasting, purple_account_get_string(account, LASTING_LINE, ""));
		} else {
			note_shown(connection, NULL, NULL);
		}
	}
	settle(connection);
}

static void ask_line(FbConnection *connection, FbAnswered answered)
{
	connection->presence->busy = TRUE;
	fb_pending_add(connection,
	               fbchat_session_request_profile(fb_client(), connection->session, connection->uid, &connection->begun),
	               answered, NULL, NULL);
}

/* Brings the away message on the server in line with the one that the host wants. */
static void settle(FbConnection *connection)
{
	struct FbPresence *presence = connection->presence;
	PurpleAccount *account = purple_connection_get_account(connection->gc);

	if (presence->busy || (connection->features & FBCHAT_FEATURE_PROFILE) == 0)
		return;
	if (!presence->begun) {
		presence->begun = TRUE;
		if (*purple_account_get_string(account, AWAY_LINE, "") != '\0') {
			ask_line(connection, left_line_told);
			return;
		}
	}
	if (g_strcmp0(presence->wanted, presence->shown) != 0)
		ask_line(connection, line_told);
}

/* There is no time to ask: a line that was set elsewhere while the user was away is lost. */
void fb_presence_close(FbConnection *connection)
{
	if (connection->presence->shown != NULL)
		send_line(connection, connection->presence->lasting);
}

const char *fb_status_line(FbConnection *connection)
{
	return connection->presence->line;
}

/* Also in place of an away message: the user has chosen this line later. */
void fb_status_line_set(FbConnection *connection, const char *text)
{
	struct FbPresence *presence = connection->presence;

	replace(&presence->line, *text != '\0' ? text : NULL);
	replace(&presence->wanted, NULL);
	presence->begun = TRUE;
	note_shown(connection, NULL, NULL);
	fb_pending_add(connection, send_line(connection, text), fb_tell_failure, NULL, NULL);
}

/* What the host has for a message, as one line of plain text: hosts pass what the user has typed as markup, perhaps of
 * several lines. */
static char *message_of(PurpleStatus *status)
{
	const char *markup = purple_status_get_attr_string(status, "message");
	char *html = purple_strdup_withhtml(markup != NULL ? markup : "");
	char *text = purple_markup_strip_html(html);

	g_free(html);
	g_strdelimit(text, "\r\n\t", ' ');
	return g_strstrip(text);
}

/* The message of an available status becomes the lasting line. A status without a message does not remove a line that was
 * set on the web, and coming back without one brings back the line of before. */
void fb_status_line_publish(FbConnection *connection)
{
	struct FbPresence *presence = connection->presence;
	PurpleStatus *status = purple_account_get_active_status(purple_connection_get_account(connection->gc));
	PurpleStatusPrimitive primitive = purple_status_type_get_primitive(purple_status_get_type(status));
	gboolean was_away = presence->away;
	char *text;

	if ((connection->features & FBCHAT_FEATURE_STATUS) == 0)
		return;
	text = message_of(status);
	presence->away = primitive == PURPLE_STATUS_AWAY || primitive == PURPLE_STATUS_EXTENDED_AWAY;
	replace(&presence->wanted, presence->away && *text != '\0' ? text : NULL);
	if (primitive == PURPLE_STATUS_AVAILABLE &&
	    (*text != '\0' ? g_strcmp0(text, presence->line) != 0 : presence->line != NULL && !was_away))
		fb_status_line_set(connection, text);
	else
		settle(connection);
	g_free(text);
}

void fb_set_status(PurpleAccount *account, PurpleStatus *status)
{
	PurpleConnection *gc = purple_account_get_connection(account);

	(void)status;
	if (gc == NULL || gc->proto_data == NULL)
		return;
	fb_presence_publish(gc->proto_data);
	fb_status_line_publish(gc->proto_data);
}

void fb_set_idle(PurpleConnection *gc, int seconds)
{
	(void)seconds;
	if (gc->proto_data != NULL)
		fb_presence_publish(gc->proto_data);
}
