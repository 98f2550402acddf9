/* A program that is killed continues from its saved session; also waiting for single requests, and cancelling them.
 * usage: resume URL */
#include "check.h"

enum { PATIENCE_MS = 60000, BURST = 600 };

static char url[200];

static fbchat_client *start(void)
{
    fbchat_config *config;
    fbchat_client *client;
    CHECK_STATUS(fbchat_config_new(&config), FBCHAT_OK);
    CHECK_STATUS(fbchat_config_set_str(config, FBCHAT_CONFIG_SERVER, url), FBCHAT_OK);
    CHECK_STATUS(fbchat_config_set_int(config, FBCHAT_CONFIG_QUEUE_LIMIT, 100), FBCHAT_OK);
    CHECK_STATUS(fbchat_client_new(config, &client), FBCHAT_OK);
    fbchat_config_free(config);
    return client;
}

static fbchat_session open_session(fbchat_client *client)
{
    fbchat_session session;
    CHECK_STATUS(fbchat_session_open(client, NULL, NULL, &session), FBCHAT_OK);
    return session;
}

static int64_t integer(const fbchat_event *event, fbchat_field field)
{
    int64_t value;
    CHECK_STATUS(fbchat_event_int(event, 0, field, &value), FBCHAT_OK);
    return value;
}

/* Takes the answer of a request, which must be of this kind; returns an integer field, if one is given. */
static int64_t answered(fbchat_client *client, fbchat_request request, fbchat_kind kind, fbchat_status status,
                        fbchat_field field)
{
    fbchat_event *event;
    int64_t value = 0;
    CHECK_STATUS(fbchat_request_wait(client, request, PATIENCE_MS, &event), FBCHAT_OK);
    CHECK(fbchat_event_request(event) == request);
    CHECK(fbchat_event_kind(event) == kind && fbchat_event_status(event) == status);
    if (field != 0)
        value = integer(event, field);
    fbchat_event_free(event);
    return value;
}

/* The next event of this kind. */
static fbchat_event *await(fbchat_client *client, fbchat_kind kind)
{
    fbchat_event *event;
    for (;;) {
        CHECK_STATUS(fbchat_client_poll(client, PATIENCE_MS, &event), FBCHAT_OK);
        if (fbchat_event_kind(event) == kind)
            return event;
        CHECK(fbchat_event_kind(event) != FBCHAT_EVENT_CLOSED);
        fbchat_event_free(event);
    }
}

/* Takes the next message, which must be this one, and returns the saved session that follows. */
static fbchat_event *await_message(fbchat_client *client, const char *text)
{
    fbchat_event *event = await(client, FBCHAT_EVENT_MESSAGE);
    const char *got = fbchat_event_str(event, 0, FBCHAT_FIELD_TEXT, NULL);
    if (strcmp(got, text) != 0) {
        fprintf(stderr, "\"%s\" instead of \"%s\"\n", got, text);
        exit(1);
    }
    fbchat_event_free(event);
    return await(client, FBCHAT_EVENT_SAVED_SESSION);
}

static void send_and_wait(fbchat_client *client, fbchat_session session, int64_t to, const char *text)
{
    fbchat_request request;
    CHECK_STATUS(fbchat_session_send(client, session, (fbchat_uid)to, text, &request), FBCHAT_OK);
    answered(client, request, FBCHAT_EVENT_SENT, FBCHAT_OK, 0);
}

int main(int argc, char **argv)
{
    fbchat_client *alices, *bobs;
    fbchat_session alice, bob;
    fbchat_request request, again;
    fbchat_event *event, *state, *later;
    const void *saved;
    size_t len;
    int64_t bob_uid;
    int overloads = 0, messages = 0, i;

    CHECK(argc == 2);
    snprintf(url, sizeof url, "%s", argv[1]);
    alices = start();
    alice = open_session(alices);
    bobs = start();
    bob = open_session(bobs);

    /* Logging in without a loop. */
    CHECK_STATUS(fbchat_session_login(alices, alice, "alice@example.org", "demo", &request), FBCHAT_OK);
    answered(alices, request, FBCHAT_EVENT_LOGGED_IN, FBCHAT_OK, 0);
    CHECK_STATUS(fbchat_request_wait(alices, request, -1, &event), FBCHAT_ERR_NO_REQUEST);
    CHECK(event == NULL);
    CHECK_STATUS(fbchat_session_login(bobs, bob, "bob@example.org", "demo", &request), FBCHAT_OK);
    CHECK_STATUS(fbchat_request_wait(alices, request, 0, &event), FBCHAT_ERR_NO_REQUEST);
    bob_uid = answered(bobs, request, FBCHAT_EVENT_LOGGED_IN, FBCHAT_OK, FBCHAT_FIELD_UID);
    state = await(bobs, FBCHAT_EVENT_SAVED_SESSION);

    /* Events that were not taken with the answer are still queued, in order. */
    event = await(alices, FBCHAT_EVENT_CONNECTION);
    CHECK(integer(event, FBCHAT_FIELD_CONNECTION) == FBCHAT_CONNECTION_LOGGING_IN);
    fbchat_event_free(event);

    /* Each message that arrives makes a new saved session. */
    send_and_wait(alices, alice, bob_uid, "one");
    later = await_message(bobs, "one");
    fbchat_event_free(state);
    state = later;

    /* Bob's program ends. The saved session outlives its client; its bytes belong to the event. */
    fbchat_client_free(bobs);
    send_and_wait(alices, alice, bob_uid, "two");
    bobs = start();
    bob = open_session(bobs);
    saved = fbchat_event_bytes(state, 0, FBCHAT_FIELD_SAVED_SESSION, &len);
    CHECK(saved != NULL && len > 0);
    CHECK_STATUS(fbchat_session_resume(bobs, bob, saved, len - 1, NULL), FBCHAT_ERR_ARGUMENT);
    CHECK_STATUS(fbchat_session_resume(bobs, bob, NULL, len, NULL), FBCHAT_ERR_NULL);
    CHECK_STATUS(fbchat_session_resume(bobs, bob, "\xff", 1, NULL), FBCHAT_ERR_ARGUMENT);
    CHECK_STATUS(fbchat_session_resume(bobs, bob, saved, (size_t)-1, NULL), FBCHAT_ERR_ARGUMENT);
    CHECK_STATUS(fbchat_session_resume(bobs, bob, saved, len, &request), FBCHAT_OK);
    CHECK_STATUS(fbchat_session_resume(bobs, bob, saved, len, &again), FBCHAT_ERR_STATE);
    CHECK(again == 0);
    CHECK(answered(bobs, request, FBCHAT_EVENT_LOGGED_IN, FBCHAT_OK, FBCHAT_FIELD_UID) == bob_uid);
    later = await_message(bobs, "two");
    fbchat_event_free(state);
    state = later;

    /* A program that does not keep up is told, and loses nothing. */
    for (i = 0; i < BURST; i++) {
        char text[20];
        snprintf(text, sizeof text, "%d", i);
        CHECK_STATUS(fbchat_session_send(alices, alice, (fbchat_uid)bob_uid, text, &request), FBCHAT_OK);
        if (i % 100 == 99)
            answered(alices, request, FBCHAT_EVENT_SENT, FBCHAT_OK, 0);
        /* Alice keeps up. */
        while (fbchat_client_poll(alices, 0, &event) == FBCHAT_OK)
            fbchat_event_free(event);
    }
    while (messages < BURST) {
        CHECK_STATUS(fbchat_client_poll(bobs, PATIENCE_MS, &event), FBCHAT_OK);
        if (fbchat_event_kind(event) == FBCHAT_EVENT_OVERLOAD) {
            CHECK(integer(event, FBCHAT_FIELD_WAITING) > 0);
            overloads++;
        }
        if (fbchat_event_kind(event) == FBCHAT_EVENT_MESSAGE)
            CHECK(atoi(fbchat_event_str(event, 0, FBCHAT_FIELD_TEXT, NULL)) == messages++);
        fbchat_event_free(event);
    }
    CHECK(overloads > 0);
    fbchat_event_free(await(bobs, FBCHAT_EVENT_SAVED_SESSION));

    /* A cancelled request is still answered; others are not affected. */
    CHECK_STATUS(fbchat_session_request_buddy_list(bobs, bob, &request), FBCHAT_OK);
    CHECK_STATUS(fbchat_request_cancel(bobs, request), FBCHAT_OK);
    CHECK_STATUS(fbchat_request_wait(bobs, request, PATIENCE_MS, &event), FBCHAT_OK);
    CHECK(fbchat_event_status(event) == FBCHAT_ERR_CANCELLED || fbchat_event_kind(event) == FBCHAT_EVENT_BUDDY_LIST);
    fbchat_event_free(event);
    CHECK_STATUS(fbchat_request_cancel(bobs, request), FBCHAT_OK);
    CHECK_STATUS(fbchat_request_cancel(bobs, 123456789), FBCHAT_OK);

    /* After a logout the saved session is worthless, and the refusal says what to do. */
    CHECK_STATUS(fbchat_session_logout(bobs, bob, &request), FBCHAT_OK);
    answered(bobs, request, FBCHAT_EVENT_CLOSED, FBCHAT_OK, 0);
    bob = open_session(bobs);
    saved = fbchat_event_bytes(state, 0, FBCHAT_FIELD_SAVED_SESSION, &len);
    CHECK_STATUS(fbchat_session_resume(bobs, bob, saved, len, &request), FBCHAT_OK);
    answered(bobs, request, FBCHAT_EVENT_LOGIN_FAILED, FBCHAT_ERR_LOGGED_OUT, 0);
    fbchat_event_free(state);

    /* A request of a session that was closed has no answer. */
    CHECK_STATUS(fbchat_session_login(bobs, bob, "bob@example.org", "demo", &request), FBCHAT_OK);
    CHECK_STATUS(fbchat_session_close(bobs, bob), FBCHAT_OK);
    CHECK_STATUS(fbchat_request_wait(bobs, request, -1, &event), FBCHAT_ERR_NO_REQUEST);

    fbchat_client_free(bobs);
    fbchat_client_free(alices);
    puts("all is well");
    return 0;
}
