/* Earlier messages, and messages that the same user writes in another session, at a real server.
 * usage: history URL */
#include "events.h"

enum { NOBODY = 999999, MANY = 120 };

static fbchat_session alice, bob;
static fbchat_uid alice_uid, bob_uid;

static fbchat_event *history(fbchat_session session, fbchat_uid with, int64_t since)
{
    fbchat_request request;
    fbchat_event *event;
    size_t item;
    CHECK_STATUS(fbchat_session_request_history(client, session, with, since, &request), FBCHAT_OK);
    event = answer(session, request, FBCHAT_EVENT_HISTORY);
    CHECK(fbchat_event_uid(event, 0, FBCHAT_FIELD_PEER) == with);
    for (item = 0; item < fbchat_event_count(event); item++) {
        CHECK(integer(event, item, FBCHAT_FIELD_FLAGS) & FBCHAT_MESSAGE_REPLAYED);
        CHECK(integer(event, item, FBCHAT_FIELD_TIME_MS) > since);
        CHECK(item == 0 ||
              integer(event, item, FBCHAT_FIELD_TIME_MS) > integer(event, item - 1, FBCHAT_FIELD_TIME_MS));
    }
    return event;
}

static void histories(void)
{
    fbchat_event *event;
    char text[16];
    int64_t first, last;
    int i;

    event = history(alice, bob_uid, 0);
    CHECK(fbchat_event_count(event) == 0 && integer(event, 0, FBCHAT_FIELD_MORE) == 0);
    fbchat_event_free(event);

    send_message(alice, bob_uid, "one");
    send_message(bob, alice_uid, "two");
    event = history(alice, bob_uid, 0);
    CHECK(fbchat_event_count(event) == 2 && integer(event, 0, FBCHAT_FIELD_MORE) == 0);
    CHECK(strcmp(string(event, 0, FBCHAT_FIELD_TEXT), "one") == 0);
    CHECK(strcmp(string(event, 1, FBCHAT_FIELD_TEXT), "two") == 0);
    CHECK(fbchat_event_uid(event, 0, FBCHAT_FIELD_FROM) == alice_uid);
    CHECK(fbchat_event_uid(event, 0, FBCHAT_FIELD_TO) == bob_uid);
    CHECK(integer(event, 0, FBCHAT_FIELD_FLAGS) == (FBCHAT_MESSAGE_OWN | FBCHAT_MESSAGE_REPLAYED));
    CHECK(integer(event, 1, FBCHAT_FIELD_FLAGS) == FBCHAT_MESSAGE_REPLAYED);
    first = integer(event, 0, FBCHAT_FIELD_TIME_MS);
    last = integer(event, 1, FBCHAT_FIELD_TIME_MS);
    fbchat_event_free(event);

    event = history(bob, alice_uid, first);
    CHECK(fbchat_event_count(event) == 1);
    CHECK(integer(event, 0, FBCHAT_FIELD_TIME_MS) == last);
    CHECK(integer(event, 0, FBCHAT_FIELD_FLAGS) == (FBCHAT_MESSAGE_OWN | FBCHAT_MESSAGE_REPLAYED));
    fbchat_event_free(event);
    event = history(bob, alice_uid, last);
    CHECK(fbchat_event_count(event) == 0);
    fbchat_event_free(event);

    /* More than fits into one answer. */
    for (i = 0; i < MANY; i++) {
        sprintf(text, "%d", i);
        send_message(alice, bob_uid, text);
    }
    event = history(bob, alice_uid, 0);
    CHECK(fbchat_event_count(event) == 100 && integer(event, 0, FBCHAT_FIELD_MORE) == 1);
    CHECK(strcmp(string(event, 99, FBCHAT_FIELD_TEXT), text) == 0);
    fbchat_event_free(event);
    event = history(bob, alice_uid, last);
    CHECK(fbchat_event_count(event) == MANY && integer(event, 0, FBCHAT_FIELD_MORE) == 0);
    for (i = 0; i < MANY; i++) {
        sprintf(text, "%d", i);
        CHECK(strcmp(string(event, (size_t)i, FBCHAT_FIELD_TEXT), text) == 0);
    }
    fbchat_event_free(event);

    /* Users can read only their own conversations. */
    event = history(alice, NOBODY, 0);
    CHECK(fbchat_event_count(event) == 0);
    fbchat_event_free(event);
    CHECK_STATUS(fbchat_session_request_history(client, alice, 0, 0, NULL), FBCHAT_ERR_ARGUMENT);
    CHECK_STATUS(fbchat_session_request_history(client, alice, bob_uid, -1, NULL), FBCHAT_ERR_ARGUMENT);
}

/* Messages written in one session arrive in the user's other sessions, marked as own. */
static void own_messages(void)
{
    fbchat_event *event;
    fbchat_uid uid;
    fbchat_session elsewhere = log_in("alice@example.org", "demo", &uid);
    CHECK(uid == alice_uid);
    send_message(alice, bob_uid, "from my other computer");
    event = await(elsewhere, FBCHAT_EVENT_MESSAGE, 0);
    CHECK(strcmp(string(event, 0, FBCHAT_FIELD_TEXT), "from my other computer") == 0);
    CHECK(integer(event, 0, FBCHAT_FIELD_FLAGS) == FBCHAT_MESSAGE_OWN);
    CHECK(fbchat_event_uid(event, 0, FBCHAT_FIELD_FROM) == alice_uid);
    CHECK(fbchat_event_uid(event, 0, FBCHAT_FIELD_TO) == bob_uid);
    fbchat_event_free(event);
}

int main(int argc, char **argv)
{
    start(argc, argv);
    alice = log_in("alice@example.org", "demo", &alice_uid);
    bob = log_in("bob@example.org", "demo", &bob_uid);
    histories();
    own_messages();
    finish();
    return 0;
}
