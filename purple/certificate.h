/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FBCHAT_PURPLE_CERTIFICATE_H
#define FBCHAT_PURPLE_CERTIFICATE_H

#include "fb.h"

PurpleConnectionError fb_certificate_error(gint64 problem);

/* `fatal`: the account stays off until the user does something, so each attempt may ask again. */
void fb_certificate_ask(FbConnection *connection, gint64 problem, const char *fingerprint, const char *reason,
                        gboolean fatal);

#endif
