/* Panics stay inside the library: it is made to panic in a call, in a session's task, in an exchange and in the worker, and the
 * program goes on each time. Only for a library with the feature fault-injection.
 * usage: panics URL */
#include "../online.h"

/* From src/injection.rs; not in the header, because released libraries do not have it. */
void fbchat_inject_fault(int32_t place);
enum { IN_CALL = 1, IN_SESSION = 2, IN_EXCHANGE = 3, IN_WORKER = 4 };

static void closed_by_a_bug(fbchat_event *event)
{
    CHECK(fbchat_event_kind(event) == FBCHAT_EVENT_CLOSED && fbchat_event_status(event) == FBCHAT_ERR_PANIC);
    CHECK(strstr(fbchat_event_str(event, 0, FBCHAT_FIELD_REASON, NULL), "bug in fbchat") != NULL);
    fbchat_event_free(event);
}

static void in_call(fbchat_client *client)
{
    fbchat_event *event;
    fbchat_inject_fault(IN_CALL);
    CHECK_STATUS(fbchat_client_wake(client), FBCHAT_ERR_PANIC);
    CHECK(strstr(fbchat_last_error(), "bug in fbchat") != NULL);
    fbchat_inject_fault(IN_CALL);
    CHECK(fbchat_client_fd(client) == -1);
    CHECK_STATUS(fbchat_client_wake(client), FBCHAT_OK);
    CHECK_STATUS(fbchat_client_poll(client, -1, &event), FBCHAT_WOKEN);
}

static void in_exchange(fbchat_client *client, fbchat_session session, fbchat_uid to)
{
    /* The session takes it for a network error and tries again: the message arrives. */
    fbchat_inject_fault(IN_EXCHANGE);
    message_passes(client, session, to);
}

static void in_session(fbchat_client *client, fbchat_session victim, fbchat_session other, fbchat_uid to)
{
    fbchat_request request;
    fbchat_event *event;
    /* The session that acts first ends; here it is the one that sends. */
    fbchat_inject_fault(IN_SESSION);
    CHECK_STATUS(fbchat_session_send(client, victim, to, "never leaves", &request), FBCHAT_OK);
    event = await(client, victim, FBCHAT_EVENT_FAILED);
    CHECK(fbchat_event_request(event) == request && fbchat_event_status(event) == FBCHAT_ERR_CANCELLED);
    fbchat_event_free(event);
    closed_by_a_bug(await(client, victim, FBCHAT_EVENT_CLOSED));
    CHECK_STATUS(fbchat_session_send(client, victim, to, "gone", NULL), FBCHAT_ERR_NO_SESSION);
    message_passes(client, other, to);
}

static void in_worker(fbchat_client *client, fbchat_session session)
{
    fbchat_session late;
    fbchat_event *event;
    fbchat_inject_fault(IN_WORKER);
    closed_by_a_bug(await(client, session, FBCHAT_EVENT_CLOSED));
    CHECK_STATUS(fbchat_session_request_buddy_list(client, session, NULL), FBCHAT_ERR_NO_SESSION);
    CHECK_STATUS(fbchat_client_poll(client, 0, &event), FBCHAT_NO_EVENT);
    /* The worker cannot run a new session, which ends at once. */
    CHECK_STATUS(fbchat_session_open(client, NULL, NULL, &late), FBCHAT_OK);
    CHECK_STATUS(fbchat_session_login(client, late, "alice@example.org", "demo", NULL), FBCHAT_ERR_NO_SESSION);
    closed_by_a_bug(await(client, late, FBCHAT_EVENT_CLOSED));
    fbchat_client_free(client);
}

int main(int argc, char **argv)
{
    fbchat_client *client, *other;
    fbchat_session alice, bob, second;
    fbchat_uid alice_uid, bob_uid;

    CHECK(argc == 2 && fbchat_has_feature("fault-injection") == 1);
    client = start(argv[1]);
    in_call(client);
    alice = log_in(client, "alice@example.org", &alice_uid);
    in_exchange(client, alice, alice_uid);
    bob = log_in(client, "bob@example.org", &bob_uid);
    in_session(client, alice, bob, alice_uid);
    in_worker(client, bob);
    /* A new client works. */
    other = start(argv[1]);
    second = log_in(other, "alice@example.org", &alice_uid);
    message_passes(other, second, bob_uid);
    fbchat_client_free(other);
    puts("all is well");
    return 0;
}
