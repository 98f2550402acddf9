/* For C tests that talk to a server: a client, and sessions that are logged in. */
#ifndef ONLINE_H
#define ONLINE_H

#include "check.h"
#include <time.h>

/* A wait of this length is a hang. Real times are only printed, because the machine may be busy. */
enum { PATIENCE_MS = 60000, HANG_S = 10 };

static inline void breathe(void)
{
    nanosleep(&(struct timespec){0, 1000000}, NULL);
}

static inline double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static inline fbchat_client *start(const char *server)
{
    fbchat_config *config;
    fbchat_client *client;
    CHECK_STATUS(fbchat_config_new(&config), FBCHAT_OK);
    CHECK_STATUS(fbchat_config_set_str(config, FBCHAT_CONFIG_SERVER, server), FBCHAT_OK);
    CHECK_STATUS(fbchat_client_new(config, &client), FBCHAT_OK);
    fbchat_config_free(config);
    return client;
}

/* The next event of this session and kind; the session must not end before it. */
static inline fbchat_event *await(fbchat_client *client, fbchat_session session, fbchat_kind kind)
{
    for (;;) {
        fbchat_event *event;
        CHECK_STATUS(fbchat_client_poll(client, PATIENCE_MS, &event), FBCHAT_OK);
        if (fbchat_event_session(event) == session && fbchat_event_kind(event) == kind)
            return event;
        CHECK(fbchat_event_kind(event) != FBCHAT_EVENT_CLOSED);
        fbchat_event_free(event);
    }
}

/* Logs in and waits until messages arrive. */
static inline fbchat_session log_in(fbchat_client *client, const char *email, fbchat_uid *uid)
{
    fbchat_session session;
    fbchat_event *event;
    int64_t state;
    CHECK_STATUS(fbchat_session_open(client, NULL, NULL, &session), FBCHAT_OK);
    CHECK_STATUS(fbchat_session_login(client, session, email, "demo", NULL), FBCHAT_OK);
    event = await(client, session, FBCHAT_EVENT_LOGGED_IN);
    *uid = fbchat_event_uid(event, 0, FBCHAT_FIELD_UID);
    CHECK(*uid != 0);
    do {
        fbchat_event_free(event);
        event = await(client, session, FBCHAT_EVENT_CONNECTION);
        CHECK_STATUS(fbchat_event_int(event, 0, FBCHAT_FIELD_CONNECTION, &state), FBCHAT_OK);
    } while (state != FBCHAT_CONNECTION_CONNECTED);
    fbchat_event_free(event);
    return session;
}

static inline void message_passes(fbchat_client *client, fbchat_session from, fbchat_uid to)
{
    fbchat_request request;
    fbchat_event *event;
    CHECK_STATUS(fbchat_session_send(client, from, to, "still here", &request), FBCHAT_OK);
    event = await(client, from, FBCHAT_EVENT_SENT);
    CHECK(fbchat_event_request(event) == request);
    fbchat_event_free(event);
}

#endif
