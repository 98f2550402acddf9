/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The queue of outgoing texts and pictures. The library keeps messages in order; but a picture has to be uploaded before it can be
 * sent, so what was written after it waits here, for each recipient.
 */
#include "outgoing.h"

#include "client.h"
#include "failures.h"
#include "fields.h"
#include "files.h"
#include "pending.h"

/* A text or a picture in a queue. */
typedef struct {
	char *text;
	PurpleStoredImage *image;
} Part;

/* The queue for one recipient; a picture at the head is being uploaded. */
typedef struct {
	GQueue parts;
	fbchat_request upload;
} Queue;

static void part_free(Part *part)
{
	g_free(part->text);
	if (part->image != NULL)
		purple_imgstore_unref(part->image);
	g_free(part);
}

static void queue_free(gpointer data)
{
	Queue *queue = data;
	Part *part;

	while ((part = g_queue_pop_head(&queue->parts)) != NULL)
		part_free(part);
	g_free(queue);
}

void fb_outgoing_init(FbConnection *connection)
{
	connection->outgoing = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, queue_free);
}

void fb_outgoing_free(FbConnection *connection)
{
	g_hash_table_destroy(connection->outgoing);
}

void fb_outgoing_refused(PurpleAccount *account, const char *who, const char *sentence, const char *text)
{
	char *whole = fb_sentence(sentence);
	char *plain = g_strdup_printf(_("%s This message was not sent:\n%s"), whole, text);

	fb_failure_with(account, who, plain);
	g_free(plain);
	g_free(whole);
}

static void show_failure(FbConnection *connection, const char *who, const char *sentence, const char *text)
{
	fb_outgoing_refused(purple_connection_get_account(connection->gc), who, sentence, text);
}

static void show_unconfirmed(FbConnection *connection, const char *who, const char *text)
{
	char *plain = g_strdup_printf(_("The server has not confirmed this message; it may or may not have arrived:\n%s"), text);

	fb_failure_with(purple_connection_get_account(connection->gc), who, plain);
	g_free(plain);
}

/* The answer to a message; if the message has a file, `text` is the file's name. */
static void sent(FbConnection *connection, const fbchat_event *event, const char *who, const char *text)
{
	const char *failure = fb_failure(event);

	if (fb_outcome_unknown(event))
		show_unconfirmed(connection, who, text);
	else if (failure != NULL)
		show_failure(connection, who, failure, text);
}

/* Sends a text in as many parts as necessary. Returns whether any part was sent; the rest is shown as a failure. */
static gboolean send_text(FbConnection *connection, const char *who, const char *text)
{
	const char *at = text;

	do {
		size_t len = 0;
		fbchat_status status = fbchat_message_part(at, connection->message_limit, &len);
		char *part = g_strndup(at, len);

		if (status == FBCHAT_OK)
			status = fbchat_session_send(fb_client(), connection->session, fb_uid_of(who), part, &connection->begun);
		if (status != FBCHAT_OK) {
			/* The parts after this one would not make sense without it. */
			show_failure(connection, who, fbchat_last_error(), at);
			g_free(part);
			return at != text;
		}
		fb_pending_add(connection, status, sent, who, part);
		g_free(part);
		at += len;
	} while (*at != '\0');
	return TRUE;
}

gboolean fb_outgoing_file(FbConnection *connection, const char *who, const char *file_id, const char *name)
{
	fbchat_status status = fbchat_session_send_file(fb_client(), connection->session, fb_uid_of(who), file_id, NULL, &connection->begun);

	/* A failure is shown at once. */
	fb_pending_add(connection, status, sent, who, name);
	return status == FBCHAT_OK;
}

/* ---- Queues ---- */

/* The name of the picture that everybody else sees. Pasted pictures have none. */
static char *name_of(PurpleStoredImage *image)
{
	const char *given = purple_imgstore_get_filename(image);

	if (given != NULL && *given != '\0')
		return g_path_get_basename(given);
	return g_strconcat("picture.", purple_imgstore_get_extension(image), NULL);
}

static void advance(FbConnection *connection, const char *who);

static void uploaded(FbConnection *connection, const fbchat_event *event, const char *who, const char *name)
{
	const char *file_id = fbchat_event_str(event, 0, FBCHAT_FIELD_FILE_ID, NULL);
	const char *failure = fb_failure(event);
	fbchat_session session = connection->session;
	Queue *queue = g_hash_table_lookup(connection->outgoing, who);

	if (queue == NULL)
		return;
	part_free(g_queue_pop_head(&queue->parts));
	if (failure == NULL && file_id != NULL)
		fb_outgoing_file(connection, who, file_id, name);
	else
		show_failure(connection, who, failure != NULL ? failure : _("The server refused."), name);
	/* Handlers of other plugins see a failure, and may sign off. */
	if (fb_client_find(session) != NULL)
		advance(connection, who);
}

/* FALSE if the upload cannot begin. */
static gboolean begin_upload(FbConnection *connection, Queue *queue, const char *who, PurpleStoredImage *image)
{
	size_t len = purple_imgstore_get_size(image);
	char *sentence = fb_file_objection(connection, len);
	char *name = name_of(image);
	gboolean begun;

	if (sentence == NULL && fbchat_session_upload(fb_client(), connection->session, purple_imgstore_get_data(image), len, name,
	                                              &connection->begun) != FBCHAT_OK)
		sentence = g_strdup(fbchat_last_error());
	begun = sentence == NULL;
	if (begun) {
		queue->upload = connection->begun;
		fb_pending_add(connection, FBCHAT_OK, uploaded, who, name);
	} else {
		show_failure(connection, who, sentence, name);
	}
	g_free(name);
	g_free(sentence);
	return begun;
}

/* Sends the texts at the head, up to the next picture. */
static void advance(FbConnection *connection, const char *who)
{
	fbchat_session session = connection->session;

	while (fb_client_find(session) != NULL) {
		Queue *queue = g_hash_table_lookup(connection->outgoing, who);
		Part *part = queue != NULL ? g_queue_peek_head(&queue->parts) : NULL;

		if (part == NULL) {
			g_hash_table_remove(connection->outgoing, who);
			return;
		}
		if (part->image != NULL && begin_upload(connection, queue, who, part->image))
			return;
		if (fb_client_find(session) == NULL)
			return;
		g_queue_pop_head(&queue->parts);
		if (part->text != NULL)
			send_text(connection, who, part->text);
		part_free(part);
	}
}

static void wait(Queue *queue, const char *text, PurpleStoredImage *image)
{
	Part *part = g_new0(Part, 1);

	part->text = g_strdup(text);
	part->image = image != NULL ? purple_imgstore_ref(image) : NULL;
	g_queue_push_tail(&queue->parts, part);
}

gboolean fb_outgoing_text(FbConnection *connection, const char *who, const char *text)
{
	Queue *queue = g_hash_table_lookup(connection->outgoing, who);

	if (queue == NULL)
		return send_text(connection, who, text);
	wait(queue, text, NULL);
	return TRUE;
}

gboolean fb_outgoing_picture(FbConnection *connection, const char *who, PurpleStoredImage *image)
{
	Queue *queue = g_hash_table_lookup(connection->outgoing, who);
	fbchat_session session = connection->session;

	if (queue != NULL) {
		wait(queue, NULL, image);
		return TRUE;
	}
	queue = g_new0(Queue, 1);
	g_queue_init(&queue->parts);
	wait(queue, NULL, image);
	g_hash_table_insert(connection->outgoing, g_strdup(who), queue);
	advance(connection, who);
	return fb_client_find(session) != NULL && g_hash_table_lookup(connection->outgoing, who) != NULL;
}

/* ---- Earlier messages, and sign-off ---- */

void fb_outgoing_failed(FbConnection *connection, const fbchat_event *event)
{
	fbchat_uid to = fbchat_event_uid(event, 0, FBCHAT_FIELD_TO);
	const char *text = fbchat_event_str(event, 0, FBCHAT_FIELD_TEXT, NULL);
	char *who;

	if (to == 0 || text == NULL)
		return;
	/* The library does not keep the names of files. */
	if (*text == '\0' && fbchat_event_str(event, 0, FBCHAT_FIELD_FILE_ID, NULL) != NULL)
		text = _("(a file)");
	who = fb_name_of(to);
	sent(connection, event, who, text);
	g_free(who);
}

void fb_outgoing_flush(FbConnection *connection)
{
	GHashTable *queues = connection->outgoing;
	GHashTableIter iter;
	gpointer who;
	gpointer data;

	/* A plugin may answer what is shown with a message, which is sent at once. */
	fb_outgoing_init(connection);
	g_hash_table_iter_init(&iter, queues);
	while (g_hash_table_iter_next(&iter, &who, &data)) {
		Queue *queue = data;
		Part *part;

		fbchat_request_cancel(fb_client(), queue->upload);
		while ((part = g_queue_pop_head(&queue->parts)) != NULL) {
			if (part->text != NULL) {
				send_text(connection, who, part->text);
			} else {
				char *name = name_of(part->image);

				show_failure(connection, who, _("You have signed off."), name);
				g_free(name);
			}
			part_free(part);
		}
	}
	g_hash_table_destroy(queues);
}

/* The outcome of this message will not be known. */
static void leave(FbConnection *connection, const char *who, const char *text, gboolean waits)
{
	(void)waits;
	show_unconfirmed(connection, who, text);
}

static void leave_kept(FbConnection *connection, const char *who, const char *text, gboolean waits)
{
	if (!waits)
		show_unconfirmed(connection, who, text);
}

void fb_outgoing_leave(FbConnection *connection, gboolean kept)
{
	fb_pending_leave(connection, sent, kept ? leave_kept : leave);
}
