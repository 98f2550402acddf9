/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How files of messages are shown: the message has a line for each, with its name, size and address. The preview
 * of a picture follows in a separate line once it has been downloaded, so no message waits for it. Nothing is saved.
 */
#include "files.h"

#include <accountopt.h>
#include <debug.h>
#include <imgstore.h>
#include <util.h>

#include "client.h"
#include "fields.h"
#include "host.h"
#include "pending.h"
#include "picture_size.h"
#include "settings.h"

/* Whose pictures to show. The first value is the default. */
#define PICTURES "pictures"
#define OF_FRIENDS "friends"
#define OF_EVERYBODY "everybody"
#define OF_NOBODY "nobody"

/* In KiB. A preview takes about 30, one of a large animation more. */
#define PREVIEW_LIMIT "preview_limit"
#define DEFAULT_LIMIT 512
#define GREATEST_LIMIT 8192

/* A backlog of hundreds of pictures must leave room for messages in the queue of requests; not all of them are needed. */
#define FETCHES_AT_ONCE 2
#define MOST_WAITING 32

/* Previews have at most 320 by 320 pixels; a host would need long to draw a much larger picture. */
#define MOST_POINTS 1024

typedef struct {
	char *id;
	char *with;
	char *name;
	PurpleMessageFlags flags;
	time_t when;
} Picture;

struct FbFiles {
	GQueue waiting;
	GHashTable *fetching; /* by the number of the request */
};

static void picture_free(gpointer data)
{
	Picture *picture = data;

	g_free(picture->id);
	g_free(picture->with);
	g_free(picture->name);
	g_free(picture);
}

void fb_files_init(FbConnection *connection)
{
	connection->files = g_new0(struct FbFiles, 1);
	g_queue_init(&connection->files->waiting);
	connection->files->fetching = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, picture_free);
}

void fb_files_free(FbConnection *connection)
{
	Picture *picture;

	while ((picture = g_queue_pop_head(&connection->files->waiting)) != NULL)
		picture_free(picture);
	g_hash_table_destroy(connection->files->fetching);
	g_free(connection->files);
}

/* Only Pidgin is known to show pictures in conversations; others would show the markup, or nothing. */
static gboolean shows_pictures(void)
{
	return fb_in_pidgin();
}

/* Not in hosts where they would have no effect. */
GList *fb_files_options(GList *options)
{
	GList *choices = NULL;

	if (!shows_pictures())
		return options;
	choices = fb_settings_choice(choices, _("Of friends"), OF_FRIENDS);
	choices = fb_settings_choice(choices, _("Of everybody"), OF_EVERYBODY);
	choices = fb_settings_choice(choices, _("Of nobody"), OF_NOBODY);
	options = g_list_append(options, purple_account_option_list_new(_("Show pictures"), PICTURES, choices));
	return g_list_append(options, purple_account_option_int_new(_("Largest preview (KiB)"), PREVIEW_LIMIT, DEFAULT_LIMIT));
}

/* ---- Lines ---- */

size_t fb_message_items(const fbchat_event *event, size_t item)
{
	size_t count = fbchat_event_count(event);
	size_t end = item + 1;

	while (end < count && fb_int(event, end, FBCHAT_FIELD_FILE_INDEX) > 0)
		end++;
	return end - item;
}

size_t fb_message_latest(const fbchat_event *event, size_t messages)
{
	size_t item = fbchat_event_count(event);

	while (item > 0 && messages > 0) {
		item--;
		if (fb_int(event, item, FBCHAT_FIELD_FILE_INDEX) == 0)
			messages--;
	}
	return item;
}

/* Plain text: name, size and address. Hosts turn the address into a link. */
static void add_file(GString *text, const fbchat_event *event, size_t item)
{
	const char *name = fbchat_event_str(event, item, FBCHAT_FIELD_FILE_NAME, NULL);
	const char *url = fbchat_event_str(event, item, FBCHAT_FIELD_FILE_URL, NULL);
	char *size = purple_str_size_to_units((size_t)MAX(fb_int(event, item, FBCHAT_FIELD_FILE_SIZE), 0));

	g_string_append_printf(text, "%s (%s) %s", name != NULL ? name : _("(a file)"), size, url != NULL ? url : "");
	g_free(size);
}

static gboolean has_file(const fbchat_event *event, size_t item)
{
	return fbchat_event_str(event, item, FBCHAT_FIELD_FILE_ID, NULL) != NULL;
}

static char *markup_of(GString *text)
{
	char *markup = fb_markup_of(text->str);

	g_string_free(text, TRUE);
	return markup;
}

char *fb_message_markup(const fbchat_event *event, size_t item)
{
	const char *said = fbchat_event_str(event, item, FBCHAT_FIELD_TEXT, NULL);
	size_t end = item + fb_message_items(event, item);
	GString *text;

	if (said == NULL && !has_file(event, item))
		return NULL;
	text = g_string_new(said);
	for (; item < end; item++) {
		if (!has_file(event, item))
			continue;
		if (text->len > 0)
			g_string_append_c(text, '\n');
		add_file(text, event, item);
	}
	return markup_of(text);
}

char *fb_file_markup(const fbchat_event *event, size_t item)
{
	GString *text = g_string_new(NULL);

	add_file(text, event, item);
	return markup_of(text);
}

char *fb_file_objection(FbConnection *connection, size_t size)
{
	char *limit;
	char *sentence;

	if ((connection->features & FBCHAT_FEATURE_FILES) == 0)
		return g_strdup(_("This server takes no files."));
	if (size == 0)
		return g_strdup(_("The file is empty."));
	if (connection->file_limit <= 0 || size <= (guint64)connection->file_limit)
		return NULL;
	limit = purple_str_size_to_units((size_t)connection->file_limit);
	sentence = g_strdup_printf(_("A file can have at most %s."), limit);
	g_free(limit);
	return sentence;
}

/* ---- Pictures ---- */

static gboolean wants_pictures(FbConnection *connection, const fbchat_event *event, size_t item)
{
	PurpleAccount *account = purple_connection_get_account(connection->gc);
	const char *of = purple_account_get_string(account, PICTURES, OF_FRIENDS);
	fbchat_uid from = fbchat_event_uid(event, item, FBCHAT_FIELD_FROM);
	gboolean is_friend = TRUE;

	if (!shows_pictures() || g_strcmp0(of, OF_NOBODY) == 0)
		return FALSE;
	/* The user's own uploads have no sender. */
	if (g_strcmp0(of, OF_EVERYBODY) != 0 && from != 0 && from != connection->uid) {
		char *who = fb_name_of(from);

		is_friend = purple_find_buddy(account, who) != NULL;
		g_free(who);
	}
	return is_friend;
}

char **fb_pictures_of(FbConnection *connection, const fbchat_event *event, size_t item)
{
	size_t end = item + fb_message_items(event, item);
	GPtrArray *pictures;

	if (!has_file(event, item) || !wants_pictures(connection, event, item))
		return NULL;
	pictures = g_ptr_array_new();
	for (; item < end; item++) {
		if (fb_int(event, item, FBCHAT_FIELD_FILE_KIND) == FBCHAT_FILE_PHOTO && has_file(event, item))
			g_ptr_array_add(pictures, g_strdup(fbchat_event_str(event, item, FBCHAT_FIELD_FILE_ID, NULL)));
	}
	g_ptr_array_add(pictures, NULL);
	return (char **)g_ptr_array_free(pictures, FALSE);
}

/* Pidgin shows no name before a line that is not logged, and in a group others may have written in between. */
static char *caption(PurpleConversation *conversation, const Picture *picture)
{
	const PurpleConvChatBuddy *member;

	if (purple_conversation_get_type(conversation) != PURPLE_CONV_TYPE_CHAT || (picture->flags & PURPLE_MESSAGE_SEND) != 0)
		return g_strdup("");
	member = purple_conv_chat_cb_find(PURPLE_CONV_CHAT(conversation), picture->name);
	return g_markup_printf_escaped("%s:<br>", member != NULL && member->alias != NULL ? member->alias : picture->name);
}

/* Hosts store the pictures of logged lines on disk, so this line is not logged; the line with the address is. */
static void show(FbConnection *connection, const Picture *picture, gconstpointer bytes, size_t len)
{
	PurpleConversation *conversation = purple_find_conversation_with_account(PURPLE_CONV_TYPE_ANY, picture->with,
	                                                                         purple_connection_get_account(connection->gc));
	PurpleMessageFlags flags = picture->flags | PURPLE_MESSAGE_IMAGES | PURPLE_MESSAGE_NO_LOG;
	char *markup;
	char *name;
	int id;

	/* A window that the user has closed is not opened again for this. */
	if (conversation == NULL || !fb_picture_is_small(bytes, len, MOST_POINTS))
		return;
	id = purple_imgstore_add_with_id(g_memdup(bytes, (guint)len), len, NULL);
	name = caption(conversation, picture);
	markup = g_strdup_printf("%s<img id=\"%d\">", name, id);
	if (purple_conversation_get_type(conversation) == PURPLE_CONV_TYPE_CHAT)
		purple_conv_chat_write(PURPLE_CONV_CHAT(conversation), picture->name, markup, flags, picture->when);
	else
		purple_conversation_write(conversation, picture->name, markup, flags, picture->when);
	g_free(markup);
	g_free(name);
	/* The host has its own reference for as long as it shows it. */
	purple_imgstore_unref_by_id(id);
}

static void fetch_next(FbConnection *connection);

static void fetched(FbConnection *connection, const fbchat_event *event, const char *who, const char *text)
{
	fbchat_request request = fbchat_event_request(event);
	Picture *picture = g_hash_table_lookup(connection->files->fetching, &request);
	fbchat_session session = connection->session;
	const char *failure = fb_failure(event);
	size_t len = 0;
	const void *bytes = failure == NULL ? fbchat_event_bytes(event, 0, FBCHAT_FIELD_CONTENT, &len) : NULL;

	(void)who;
	(void)text;
	if (failure != NULL)
		purple_debug_info("fbchat", "no preview: %s\n", failure);
	else if (bytes != NULL && picture != NULL)
		show(connection, picture, bytes, len);
	/* Other plugins see every line, and may sign off. */
	if (fb_client_find(session) == NULL)
		return;
	g_hash_table_remove(connection->files->fetching, &request);
	fetch_next(connection);
}

static void fetch_next(FbConnection *connection)
{
	PurpleAccount *account = purple_connection_get_account(connection->gc);
	int kib = CLAMP(purple_account_get_int(account, PREVIEW_LIMIT, DEFAULT_LIMIT), 1, GREATEST_LIMIT);
	struct FbFiles *files = connection->files;

	while (g_hash_table_size(files->fetching) < FETCHES_AT_ONCE) {
		Picture *picture = g_queue_pop_head(&files->waiting);
		fbchat_request *request;

		if (picture == NULL)
			return;
		if (fbchat_session_download(fb_client(), connection->session, picture->id, 1, (size_t)kib * 1024, &connection->begun) !=
		    FBCHAT_OK) {
			picture_free(picture);
			continue;
		}
		request = g_new(fbchat_request, 1);
		*request = connection->begun;
		g_hash_table_insert(files->fetching, request, picture);
		fb_pending_add(connection, FBCHAT_OK, fetched, NULL, NULL);
	}
}

void fb_pictures_show(FbConnection *connection, const char *with, const char *name, char **pictures, PurpleMessageFlags flags,
                      time_t when)
{
	GQueue *waiting = &connection->files->waiting;

	for (; pictures != NULL && *pictures != NULL; pictures++) {
		Picture *picture = g_new0(Picture, 1);

		picture->id = g_strdup(*pictures);
		picture->with = g_strdup(with);
		picture->name = g_strdup(name);
		picture->flags = flags;
		picture->when = when;
		g_queue_push_tail(waiting, picture);
		if (g_queue_get_length(waiting) > MOST_WAITING)
			picture_free(g_queue_pop_head(waiting));
	}
	fetch_next(connection);
}
