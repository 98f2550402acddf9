/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FBCHAT_PURPLE_FAILURES_H
#define FBCHAT_PURPLE_FAILURES_H

#include "fb.h"

/* A failure that concerns the conversation with `who`; plain text. */
void fb_failure_with(PurpleAccount *account, const char *who, const char *text);

/* Any other failure; `secondary` may be NULL. */
void fb_failure_alone(PurpleAccount *account, const char *primary, const char *secondary);

#endif
