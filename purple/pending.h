/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FBCHAT_PURPLE_PENDING_H
#define FBCHAT_PURPLE_PENDING_H

#include "fb.h"

/* Gets the answer to a request, with what was given along with the request. Without an event the request failed at once;
 * see fb_failure. */
typedef void (*FbAnswered)(FbConnection *connection, const fbchat_event *event, const char *who, const char *text);

void fb_pending_init(FbConnection *connection);
void fb_pending_free(FbConnection *connection);

/* To be called with the outcome of a call to the library that has left its request number in `begun`. `who` is the user
 * whom the request is about and `text` is whatever the answer's function needs; both may be NULL. A request that failed at
 * once is answered at once. */
void fb_pending_add(FbConnection *connection, fbchat_status status, FbAnswered answered, const char *who,
                    const char *text);

/* FALSE if nobody here waits for this event. */
gboolean fb_pending_answer(FbConnection *connection, const fbchat_event *event);

/* At sign-off, for the requests that end in `answered`, oldest first: applies the answers that are there. Visits those of
 * which nothing will be known, with `waits` for those that wait in the library. */
void fb_pending_leave(FbConnection *connection, FbAnswered answered,
                      void (*visit)(FbConnection *connection, const char *who, const char *text, gboolean waits));

/* Why a request failed, as a sentence; NULL if it did not. Borrowed until the next call to the library. */
const char *fb_failure(const fbchat_event *event);

/* Whether the request may have been carried out although it failed. The failure says so; nothing else may deny it. */
gboolean fb_outcome_unknown(const fbchat_event *event);

/* An FbAnswered for requests of which only a failure is worth telling. */
void fb_tell_failure(FbConnection *connection, const fbchat_event *event, const char *who, const char *text);

#endif
