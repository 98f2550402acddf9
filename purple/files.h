/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FBCHAT_PURPLE_FILES_H
#define FBCHAT_PURPLE_FILES_H

#include "fb.h"

#include <conversation.h>

void fb_files_init(FbConnection *connection);
void fb_files_free(FbConnection *connection);
GList *fb_files_options(GList *options);

/* A message with several files is several items of an event: how many items it has, from this one on, and the first item of
 * the latest messages. */
size_t fb_message_items(const fbchat_event *event, size_t item);
size_t fb_message_latest(const fbchat_event *event, size_t messages);

/* The text of the message with a line for each of its files, as markup; NULL if it has neither. g_free */
char *fb_message_markup(const fbchat_event *event, size_t item);

/* The line for one file, as markup; g_free. */
char *fb_file_markup(const fbchat_event *event, size_t item);

/* Why a file of this size cannot be sent; NULL if it can. g_free */
char *fb_file_objection(FbConnection *connection, size_t size);

/* The pictures of the message that are to be shown below it; NULL if there are none. g_strfreev */
char **fb_pictures_of(FbConnection *connection, const fbchat_event *event, size_t item);

/* Fetches them, and shows each as a line of `name` in the conversation with `with`. */
void fb_pictures_show(FbConnection *connection, const char *with, const char *name, char **pictures, PurpleMessageFlags flags,
                      time_t when);

#endif
