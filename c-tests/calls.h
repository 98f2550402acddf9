/* Every call on a client or a session, each in a form that would be right if its handles were. A new function gets a line in
 * calls[], and is tried with every wrong handle and after fork by that. */
#ifndef CALLS_H
#define CALLS_H

#include "check.h"

struct call {
    const char *name;
    fbchat_status (*make)(fbchat_client *client, fbchat_session session);
    /* Whether it names a session. */
    int of_session;
};

static inline fbchat_status call_poll(fbchat_client *client, fbchat_session session)
{
    fbchat_event *event = (fbchat_event *)&session;
    fbchat_status status = fbchat_client_poll(client, 0, &event);
    CHECK(status == FBCHAT_OK || event == NULL);
    fbchat_event_free(event);
    return status;
}

static inline fbchat_status call_wake(fbchat_client *client, fbchat_session session)
{
    (void)session;
    return fbchat_client_wake(client);
}

static inline fbchat_status call_open(fbchat_client *client, fbchat_session session)
{
    fbchat_status status;
    session = 5;
    status = fbchat_session_open(client, NULL, NULL, &session);
    CHECK((status == FBCHAT_OK) == (session != 0));
    return status;
}

/* For calls that give out a request: none after a failure. */
#define REQUESTED(call) \
    fbchat_request request = 5; \
    fbchat_status status = call; \
    CHECK((status == FBCHAT_OK) == (request != 0)); \
    return status

static inline fbchat_status call_login(fbchat_client *client, fbchat_session session)
{
    REQUESTED(fbchat_session_login(client, session, "alice@example.org", "demo", &request));
}

static inline fbchat_status call_send(fbchat_client *client, fbchat_session session)
{
    REQUESTED(fbchat_session_send(client, session, 1, "hello", &request));
}

static inline fbchat_status call_refresh(fbchat_client *client, fbchat_session session)
{
    REQUESTED(fbchat_session_refresh(client, session, &request));
}

static inline fbchat_status call_logout(fbchat_client *client, fbchat_session session)
{
    REQUESTED(fbchat_session_logout(client, session, &request));
}

static inline fbchat_status call_set_typing(fbchat_client *client, fbchat_session session)
{
    return fbchat_session_set_typing(client, session, 1, 1);
}

static inline fbchat_status call_set_presence(fbchat_client *client, fbchat_session session)
{
    return fbchat_session_set_presence(client, session, FBCHAT_PRESENCE_IDLE);
}

static inline fbchat_status call_buddy_list(fbchat_client *client, fbchat_session session)
{
    fbchat_event *event = (fbchat_event *)&session;
    fbchat_status status = fbchat_session_buddy_list(client, session, &event);
    CHECK((status == FBCHAT_OK) == (event != NULL));
    fbchat_event_free(event);
    return status;
}

static const struct call calls[] = {
    {"fbchat_client_poll", call_poll, 0},
    {"fbchat_client_wake", call_wake, 0},
    {"fbchat_session_open", call_open, 0},
    {"fbchat_session_login", call_login, 1},
    {"fbchat_session_send", call_send, 1},
    {"fbchat_session_refresh", call_refresh, 1},
    {"fbchat_session_logout", call_logout, 1},
    {"fbchat_session_set_typing", call_set_typing, 1},
    {"fbchat_session_set_presence", call_set_presence, 1},
    {"fbchat_session_buddy_list", call_buddy_list, 1},
    {"fbchat_session_close", fbchat_session_close, 1},
};

enum { CALLS = sizeof calls / sizeof calls[0] };

/* All calls with these handles: this status each time, with a sentence that has these words. */
static inline void every_call(fbchat_client *client, fbchat_session session, int of_session, fbchat_status wanted,
                              const char *words)
{
    size_t each;
    for (each = 0; each < CALLS; each++) {
        fbchat_status got;
        if (of_session && !calls[each].of_session)
            continue;
        got = calls[each].make(client, session);
        if (got != wanted || strstr(fbchat_last_error(), words) == NULL) {
            fprintf(stderr, "%s gave %s instead of %s: \"%s\"\n", calls[each].name, fbchat_status_name(got),
                    fbchat_status_name(wanted), fbchat_last_error());
            exit(1);
        }
    }
}

#endif
