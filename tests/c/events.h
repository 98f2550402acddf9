/* For C tests that wait for certain events: others are kept meanwhile. */
#ifndef EVENTS_H
#define EVENTS_H

#include "check.h"

enum { PATIENCE_MS = 60000, MOST_KEPT = 10000 };

static fbchat_client *client;
/* Events that arrived while another one was awaited, oldest first. */
static fbchat_event *kept[MOST_KEPT];
static size_t kept_count;

static inline int64_t integer(const fbchat_event *event, size_t item, fbchat_field field)
{
    int64_t value = -1;
    CHECK_STATUS(fbchat_event_int(event, item, field, &value), FBCHAT_OK);
    return value;
}

static inline const char *string(const fbchat_event *event, size_t item, fbchat_field field)
{
    return fbchat_event_str(event, item, field, NULL);
}

static inline int is_wanted(const fbchat_event *event, fbchat_session session, fbchat_kind kind,
                            fbchat_request request)
{
    return fbchat_event_session(event) == session && (kind == 0 || fbchat_event_kind(event) == kind) &&
           (request == 0 || fbchat_event_request(event) == request);
}

/* The next event of this kind (0 = any) that answers this request (0 = any or none). */
static inline fbchat_event *await(fbchat_session session, fbchat_kind kind, fbchat_request request)
{
    size_t i;
    for (i = 0; i < kept_count; i++)
        if (is_wanted(kept[i], session, kind, request)) {
            fbchat_event *found = kept[i];
            memmove(&kept[i], &kept[i + 1], (--kept_count - i) * sizeof kept[0]);
            return found;
        }
    for (;;) {
        fbchat_event *event;
        CHECK_STATUS(fbchat_client_poll(client, PATIENCE_MS, &event), FBCHAT_OK);
        printf("session %llu: event %d, %s %s\n", (unsigned long long)fbchat_event_session(event),
               (int)fbchat_event_kind(event), fbchat_status_name(fbchat_event_status(event)),
               fbchat_event_status(event) < 0 ? string(event, 0, FBCHAT_FIELD_REASON) : "");
        fflush(stdout);
        if (is_wanted(event, session, kind, request))
            return event;
        CHECK(kept_count < MOST_KEPT);
        kept[kept_count++] = event;
    }
}

/* The answer to a request, which must be of this kind. */
static inline fbchat_event *answer(fbchat_session session, fbchat_request request, fbchat_kind kind)
{
    fbchat_event *event;
    CHECK(request != 0);
    event = await(session, 0, request);
    CHECK(fbchat_event_kind(event) == kind);
    return event;
}

static inline void done(fbchat_session session, fbchat_request request)
{
    fbchat_event_free(answer(session, request, FBCHAT_EVENT_DONE));
}

/* The request fails with this status and a sentence. */
static inline void failed(fbchat_session session, fbchat_request request, fbchat_status status)
{
    fbchat_event *event = answer(session, request, FBCHAT_EVENT_FAILED);
    CHECK(fbchat_event_status(event) == status);
    CHECK(string(event, 0, FBCHAT_FIELD_REASON)[0] != '\0');
    fbchat_event_free(event);
}

static inline void await_connected(fbchat_session session)
{
    int64_t state;
    do {
        fbchat_event *event = await(session, FBCHAT_EVENT_CONNECTION, 0);
        state = integer(event, 0, FBCHAT_FIELD_CONNECTION);
        fbchat_event_free(event);
    } while (state != FBCHAT_CONNECTION_CONNECTED);
}

/* Opens a session, logs in, and waits until messages arrive. */
static inline fbchat_session log_in(const char *email, const char *password, fbchat_uid *uid)
{
    fbchat_session session;
    fbchat_request request;
    fbchat_event *event;
    CHECK_STATUS(fbchat_session_open(client, NULL, NULL, &session), FBCHAT_OK);
    CHECK_STATUS(fbchat_session_login(client, session, email, password, &request), FBCHAT_OK);
    event = answer(session, request, FBCHAT_EVENT_LOGGED_IN);
    *uid = fbchat_event_uid(event, 0, FBCHAT_FIELD_UID);
    fbchat_event_free(event);
    await_connected(session);
    return session;
}

/* Sends a message and waits until the server has it. */
static inline void send_message(fbchat_session from, fbchat_uid to, const char *text)
{
    fbchat_request request;
    CHECK_STATUS(fbchat_session_send(client, from, to, text, &request), FBCHAT_OK);
    fbchat_event_free(answer(from, request, FBCHAT_EVENT_SENT));
}

/* Makes the client; the program's only argument is the server. */
static inline void start(int argc, char **argv)
{
    fbchat_config *config;
    CHECK(argc == 2);
    CHECK_STATUS(fbchat_config_new(&config), FBCHAT_OK);
    CHECK_STATUS(fbchat_config_set_str(config, FBCHAT_CONFIG_SERVER, argv[1]), FBCHAT_OK);
    CHECK_STATUS(fbchat_client_new(config, &client), FBCHAT_OK);
    fbchat_config_free(config);
}

static inline void finish(void)
{
    fbchat_client_free(client);
    while (kept_count > 0)
        fbchat_event_free(kept[--kept_count]);
    puts("all is well");
}

#endif
