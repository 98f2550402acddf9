/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FBCHAT_PURPLE_SETTINGS_H
#define FBCHAT_PURPLE_SETTINGS_H

#include "fb.h"

GList *fb_settings_options(void);

/* Adds a choice to those of a list; what comes first is the default. */
GList *fb_settings_choice(GList *choices, const char *label, const char *value);

const char *fb_server_of(FbConnection *connection);

/* "server user": what the account is on the network, whatever it is called here. */
char *fb_key_of(PurpleAccount *account);

/* All settings of the account; to be freed whatever the outcome, which fbchat_last_error() explains. */
fbchat_status fb_settings_config(FbConnection *connection, fbchat_config **config);
void fb_settings_pin(PurpleAccount *account, const char *fingerprint);

#endif
