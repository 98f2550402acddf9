/* Two accounts on one client talk to each other through a real server: the promises of the header, in order.
 * usage: two_sessions URL */
#include "check.h"
#include <poll.h>

static const char MESSAGE[] = "h\xc3\xa9llo <b>&amp;</b> 100% \xe4\xb8\xad\xe6\x96\x87 \xf0\x9f\x8e\x89";
enum { PATIENCE_MS = 20000 };

static fbchat_client *client;
static int lines;

static void on_line(void *user, int32_t level, const char *line)
{
    CHECK(user == &lines);
    CHECK(level >= FBCHAT_LOG_ERROR && level <= FBCHAT_LOG_DEBUG);
    CHECK(strstr(line, "demo") == NULL && strstr(line, "alice@") == NULL && strstr(line, "llo <b>") == NULL);
    lines++;
}

static int64_t integer(const fbchat_event *event, size_t item, fbchat_field field)
{
    int64_t value = -1;
    CHECK_STATUS(fbchat_event_int(event, item, field, &value), FBCHAT_OK);
    return value;
}

static void show(const fbchat_event *event)
{
    const char *text = "";
    if (fbchat_event_kind(event) == FBCHAT_EVENT_MESSAGE)
        text = fbchat_event_str(event, 0, FBCHAT_FIELD_TEXT, NULL);
    printf("session %llu: event %d, %s %s\n", (unsigned long long)fbchat_event_session(event),
           (int)fbchat_event_kind(event), fbchat_status_name(fbchat_event_status(event)), text);
    fflush(stdout);
}

/* The next event of this kind in this session; others are dropped. */
static fbchat_event *await(fbchat_session session, fbchat_kind kind)
{
    for (;;) {
        fbchat_event *event;
        CHECK_STATUS(fbchat_client_poll(client, PATIENCE_MS, &event), FBCHAT_OK);
        show(event);
        if (fbchat_event_session(event) == session && fbchat_event_kind(event) == kind)
            return event;
        CHECK(fbchat_event_kind(event) != FBCHAT_EVENT_CLOSED);
        fbchat_event_free(event);
    }
}

/* Like await, but as a main loop does it: sleeps in poll(2), then takes events until there are none. */
static fbchat_event *await_descriptor(fbchat_session session, fbchat_kind kind)
{
    fbchat_event *found = NULL;
    while (found == NULL) {
        struct pollfd watched = {fbchat_client_fd(client), POLLIN, 0};
        fbchat_event *event;
        CHECK(poll(&watched, 1, PATIENCE_MS) == 1);
        while (found == NULL && fbchat_client_poll(client, 0, &event) == FBCHAT_OK) {
            show(event);
            if (fbchat_event_session(event) == session && fbchat_event_kind(event) == kind)
                found = event;
            else
                fbchat_event_free(event);
        }
    }
    return found;
}

static fbchat_session open_session(const char *email, const char *password, void *user_data, fbchat_request *request)
{
    fbchat_session session;
    CHECK_STATUS(fbchat_session_open(client, NULL, user_data, &session), FBCHAT_OK);
    CHECK(session != 0);
    CHECK_STATUS(fbchat_session_send(client, session, 1, "too early", NULL), FBCHAT_ERR_STATE);
    CHECK_STATUS(fbchat_session_login(client, session, email, password, request), FBCHAT_OK);
    CHECK(*request != 0);
    CHECK_STATUS(fbchat_session_login(client, session, email, password, NULL), FBCHAT_ERR_STATE);
    return session;
}

static void await_connected(fbchat_session session)
{
    int64_t state;
    do {
        fbchat_event *event = await(session, FBCHAT_EVENT_CONNECTION);
        state = integer(event, 0, FBCHAT_FIELD_CONNECTION);
        fbchat_event_free(event);
    } while (state != FBCHAT_CONNECTION_CONNECTED);
}

static fbchat_uid log_in(fbchat_session session, fbchat_request request, const char *name)
{
    fbchat_event *event = await(session, FBCHAT_EVENT_LOGGED_IN);
    fbchat_uid uid = fbchat_event_uid(event, 0, FBCHAT_FIELD_UID);
    CHECK(fbchat_event_request(event) == request);
    CHECK(strstr(fbchat_event_str(event, 0, FBCHAT_FIELD_NAME, NULL), name) != NULL);
    CHECK(integer(event, 0, FBCHAT_FIELD_MESSAGE_LIMIT) > 0);
    fbchat_event_free(event);
    return uid;
}

static void wrong_password(void)
{
    fbchat_request request;
    fbchat_session session = open_session("alice@example.org", "wrong", NULL, &request);
    fbchat_event *event = await(session, FBCHAT_EVENT_LOGIN_FAILED);
    CHECK(fbchat_event_status(event) == FBCHAT_ERR_CREDENTIALS);
    CHECK(fbchat_event_request(event) == request);
    CHECK(fbchat_event_str(event, 0, FBCHAT_FIELD_REASON, NULL)[0] != '\0');
    fbchat_event_free(event);
    CHECK_STATUS(fbchat_session_close(client, session), FBCHAT_OK);
}

/* One message: accepted, acknowledged once, received unchanged. */
static void pass_message(fbchat_session from, fbchat_uid from_uid, fbchat_session to, fbchat_uid to_uid, void *user_data)
{
    fbchat_request request;
    int sent = 0, received = 0;
    CHECK_STATUS(fbchat_session_send(client, from, to_uid, MESSAGE, &request), FBCHAT_OK);
    while (!sent || !received) {
        fbchat_event *event;
        CHECK_STATUS(fbchat_client_poll(client, PATIENCE_MS, &event), FBCHAT_OK);
        show(event);
        if (fbchat_event_kind(event) == FBCHAT_EVENT_SENT) {
            CHECK(!sent && fbchat_event_session(event) == from && fbchat_event_request(event) == request);
            CHECK(fbchat_event_uid(event, 0, FBCHAT_FIELD_TO) == to_uid);
            sent = 1;
        } else if (fbchat_event_kind(event) == FBCHAT_EVENT_MESSAGE) {
            size_t len;
            CHECK(!received && fbchat_event_session(event) == to && fbchat_event_user_data(event) == user_data);
            CHECK(strcmp(fbchat_event_str(event, 0, FBCHAT_FIELD_TEXT, &len), MESSAGE) == 0);
            CHECK(len == strlen(MESSAGE));
            CHECK(fbchat_event_uid(event, 0, FBCHAT_FIELD_FROM) == from_uid);
            CHECK(fbchat_event_uid(event, 0, FBCHAT_FIELD_TO) == to_uid);
            CHECK(integer(event, 0, FBCHAT_FIELD_TIME_MS) > INT64_C(1200000000000));
            CHECK(integer(event, 0, FBCHAT_FIELD_FLAGS) == 0);
            received = 1;
        } else {
            CHECK(fbchat_event_kind(event) != FBCHAT_EVENT_FAILED);
        }
        fbchat_event_free(event);
    }
}

static void too_long(fbchat_session session, fbchat_uid to)
{
    enum { LENGTH = 1000000 };
    char *text = malloc(LENGTH + 1);
    CHECK(text != NULL);
    memset(text, 'x', LENGTH);
    text[LENGTH] = '\0';
    CHECK_STATUS(fbchat_session_send(client, session, to, text, NULL), FBCHAT_ERR_TOO_LONG);
    CHECK(strstr(fbchat_last_error(), "1000000") != NULL);
    free(text);
}

static int64_t presence_in_list(fbchat_session session, fbchat_uid uid)
{
    fbchat_event *list;
    int64_t presence = -1;
    size_t item;
    CHECK_STATUS(fbchat_session_get_buddy_list(client, session, &list), FBCHAT_OK);
    CHECK(fbchat_event_kind(list) == FBCHAT_EVENT_BUDDY_LIST && fbchat_event_request(list) == 0);
    for (item = 0; item < fbchat_event_count(list); item++)
        if (fbchat_event_uid(list, item, FBCHAT_FIELD_UID) == uid)
            presence = integer(list, item, FBCHAT_FIELD_PRESENCE);
    fbchat_event_free(list);
    return presence;
}

static void await_presence(fbchat_session session, fbchat_uid uid, int64_t wanted)
{
    while (presence_in_list(session, uid) != wanted) {
        fbchat_event *event;
        CHECK_STATUS(fbchat_client_poll(client, PATIENCE_MS, &event), FBCHAT_OK);
        show(event);
        fbchat_event_free(event);
    }
}

int main(int argc, char **argv)
{
    fbchat_config *config;
    fbchat_session alice, bob;
    fbchat_request alice_login, bob_login, request;
    fbchat_uid alice_uid, bob_uid;
    fbchat_event *event, *kept;
    int alice_data, bob_data;

    CHECK(argc == 2);
    CHECK(fbchat_abi_version() == FBCHAT_ABI_VERSION);
    CHECK(fbchat_has_feature("tls") == 1 && fbchat_has_feature("telepathy") == 0);

    CHECK_STATUS(fbchat_config_new(&config), FBCHAT_OK);
    CHECK_STATUS(fbchat_config_set_str(config, FBCHAT_CONFIG_SERVER, argv[1]), FBCHAT_OK);
    CHECK_STATUS(fbchat_config_set_log(config, FBCHAT_LOG_DEBUG, on_line, &lines), FBCHAT_OK);
    CHECK_STATUS(fbchat_client_new(config, &client), FBCHAT_OK);
    fbchat_config_free(config);
    CHECK_STATUS(fbchat_client_poll(client, 0, &event), FBCHAT_NO_EVENT);
    CHECK(event == NULL);

    wrong_password();

    alice = open_session("alice@example.org", "demo", &alice_data, &alice_login);
    alice_uid = log_in(alice, alice_login, "Alice");
    await_connected(alice);
    bob = open_session("bob@example.org", "demo", &bob_data, &bob_login);
    bob_uid = log_in(bob, bob_login, "Bob");
    await_connected(bob);
    CHECK(alice != bob && alice_uid != bob_uid);
    CHECK_STATUS(fbchat_session_request_buddy_list(client, alice, &request), FBCHAT_OK);
    do {
        event = await(alice, FBCHAT_EVENT_BUDDY_LIST);
        bob_login = fbchat_event_request(event);
        fbchat_event_free(event);
    } while (bob_login != request);
    await_presence(alice, bob_uid, FBCHAT_PRESENCE_ACTIVE);

    pass_message(alice, alice_uid, bob, bob_uid, &bob_data);
    pass_message(bob, bob_uid, alice, alice_uid, &alice_data);
    too_long(alice, bob_uid);

    CHECK_STATUS(fbchat_session_set_typing(client, alice, bob_uid, 1), FBCHAT_OK);
    event = await_descriptor(bob, FBCHAT_EVENT_TYPING);
    CHECK(fbchat_event_uid(event, 0, FBCHAT_FIELD_FROM) == alice_uid);
    CHECK(integer(event, 0, FBCHAT_FIELD_TYPING) == 1);
    fbchat_event_free(event);

    CHECK_STATUS(fbchat_session_set_presence(client, bob, FBCHAT_PRESENCE_INVISIBLE), FBCHAT_OK);
    await_presence(alice, bob_uid, FBCHAT_PRESENCE_OFFLINE);
    CHECK_STATUS(fbchat_session_set_presence(client, bob, FBCHAT_PRESENCE_ACTIVE), FBCHAT_OK);
    await_presence(alice, bob_uid, FBCHAT_PRESENCE_ACTIVE);

    CHECK_STATUS(fbchat_client_wake(client), FBCHAT_OK);
    CHECK_STATUS(fbchat_client_poll(client, -1, &event), FBCHAT_WOKEN);

    /* Closed: no more events, and the number is unknown. */
    CHECK_STATUS(fbchat_session_send(client, alice, bob_uid, "you will not see this", NULL), FBCHAT_OK);
    CHECK_STATUS(fbchat_session_close(client, bob), FBCHAT_OK);
    CHECK_STATUS(fbchat_session_close(client, bob), FBCHAT_ERR_NO_SESSION);
    CHECK_STATUS(fbchat_session_send(client, bob, alice_uid, "no more", NULL), FBCHAT_ERR_NO_SESSION);
    event = await(alice, FBCHAT_EVENT_SENT);
    fbchat_event_free(event);

    CHECK_STATUS(fbchat_session_logout(client, alice, &request), FBCHAT_OK);
    kept = await(alice, FBCHAT_EVENT_CLOSED);
    CHECK(fbchat_event_request(kept) == request && fbchat_event_status(kept) == FBCHAT_OK);
    CHECK_STATUS(fbchat_session_close(client, alice), FBCHAT_ERR_NO_SESSION);
    CHECK_STATUS(fbchat_client_poll(client, 200, &event), FBCHAT_NO_EVENT);
    CHECK(lines > 0);

    fbchat_client_free(client);
    CHECK(fbchat_event_session(kept) == alice && fbchat_event_user_data(kept) == &alice_data);
    fbchat_event_free(kept);
    puts("all is well");
    return 0;
}
