/* Everything about people, with four sessions of three accounts at a real server: status lines, pictures, profiles, search,
 * friendships, pokes, blocking, notifications, accounts; and what the server refuses.
 * usage: social URL */
#include "events.h"

enum { NOBODY = 999999 };

static const unsigned char GIF[] = "GIF89a\x01\x00\x01\x00\x80\x00\x00\xcc\xcc\xcc\x00\x00\x00\x2c\x00\x00\x00\x00\x01\x00"
                                   "\x01\x00\x00\x02\x02\x44\x01\x00\x3b";

static fbchat_session alice, elsewhere, bob, carol;
static fbchat_uid alice_uid, bob_uid, carol_uid;

/* The next change of a buddy that leaves this string field present, or absent. */
static fbchat_event *buddy_changed(fbchat_session session, fbchat_uid uid, fbchat_field field, int there)
{
    for (;;) {
        fbchat_event *event = await(session, FBCHAT_EVENT_PRESENCE, 0);
        if (fbchat_event_uid(event, 0, FBCHAT_FIELD_UID) == uid && (string(event, 0, field) != NULL) == there)
            return event;
        fbchat_event_free(event);
    }
}

static void status_lines(void)
{
    fbchat_request request;
    fbchat_event *event;
    char text[422];

    CHECK_STATUS(fbchat_session_set_status_text(client, alice, "reads \xc3\xbc & <b>", &request), FBCHAT_OK);
    done(alice, request);
    event = buddy_changed(bob, alice_uid, FBCHAT_FIELD_STATUS_TEXT, 1);
    CHECK(strcmp(string(event, 0, FBCHAT_FIELD_STATUS_TEXT), "reads \xc3\xbc & <b>") == 0);
    CHECK(integer(event, 0, FBCHAT_FIELD_STATUS_TIME_MS) > 1000000000000);
    fbchat_event_free(event);

    memset(text, 'x', sizeof text);
    text[421] = '\0';
    CHECK_STATUS(fbchat_session_set_status_text(client, alice, text, &request), FBCHAT_OK);
    failed(alice, request, FBCHAT_ERR_TOO_LONG);

    CHECK_STATUS(fbchat_session_set_status_text(client, alice, NULL, &request), FBCHAT_OK);
    done(alice, request);
    event = buddy_changed(bob, alice_uid, FBCHAT_FIELD_STATUS_TEXT, 0);
    CHECK(integer(event, 0, FBCHAT_FIELD_STATUS_TIME_MS) == 0);
    fbchat_event_free(event);
}

static void pictures(void)
{
    enum { TOO_LARGE = (1 << 20) + 1 };
    fbchat_request request;
    fbchat_event *changed, *event;
    const void *bytes;
    char *large = calloc(1, TOO_LARGE);
    size_t len;

    CHECK_STATUS(fbchat_session_set_picture(client, bob, GIF, sizeof GIF - 1, &request), FBCHAT_OK);
    done(bob, request);
    changed = buddy_changed(alice, bob_uid, FBCHAT_FIELD_PICTURE_HASH, 1);
    CHECK(strstr(string(changed, 0, FBCHAT_FIELD_PICTURE_URL), "http://127.0.0.1:") != NULL);
    CHECK_STATUS(fbchat_session_request_picture(client, alice, bob_uid, &request), FBCHAT_OK);
    event = answer(alice, request, FBCHAT_EVENT_PICTURE);
    bytes = fbchat_event_bytes(event, 0, FBCHAT_FIELD_PICTURE, &len);
    /* The server re-encodes pictures. */
    CHECK(len > 4 && memcmp(bytes, "\x89PNG", 4) == 0);
    CHECK(string(event, 0, FBCHAT_FIELD_PICTURE) == NULL && strstr(fbchat_last_error(), "bytes") != NULL);
    CHECK(strcmp(string(event, 0, FBCHAT_FIELD_CONTENT_TYPE), "image/png") == 0);
    CHECK(fbchat_event_uid(event, 0, FBCHAT_FIELD_UID) == bob_uid);
    CHECK(strcmp(string(event, 0, FBCHAT_FIELD_PICTURE_HASH), string(changed, 0, FBCHAT_FIELD_PICTURE_HASH)) == 0);
    fbchat_event_free(event);
    fbchat_event_free(changed);

    /* Our own, which is not set yet; then that of an unknown user. */
    CHECK_STATUS(fbchat_session_request_picture(client, alice, alice_uid, &request), FBCHAT_OK);
    event = answer(alice, request, FBCHAT_EVENT_PICTURE);
    CHECK(fbchat_event_bytes(event, 0, FBCHAT_FIELD_PICTURE, &len) == NULL && len == 0);
    CHECK(string(event, 0, FBCHAT_FIELD_PICTURE_HASH) == NULL && string(event, 0, FBCHAT_FIELD_CONTENT_TYPE) == NULL);
    fbchat_event_free(event);
    CHECK_STATUS(fbchat_session_request_picture(client, alice, NOBODY, &request), FBCHAT_OK);
    failed(alice, request, FBCHAT_ERR_REFUSED);

    CHECK_STATUS(fbchat_session_set_picture(client, bob, "no picture", 10, &request), FBCHAT_OK);
    failed(bob, request, FBCHAT_ERR_REFUSED);
    CHECK(large != NULL);
    CHECK_STATUS(fbchat_session_set_picture(client, bob, large, TOO_LARGE, &request), FBCHAT_OK);
    failed(bob, request, FBCHAT_ERR_TOO_LONG);
    free(large);

    CHECK_STATUS(fbchat_session_set_picture(client, bob, NULL, 0, &request), FBCHAT_OK);
    done(bob, request);
    fbchat_event_free(buddy_changed(alice, bob_uid, FBCHAT_FIELD_PICTURE_HASH, 0));
}

/* A registration that must fail, with the server's reason. */
static void cannot_register(const char *email, const char *password)
{
    fbchat_request request;
    fbchat_event *event;
    CHECK_STATUS(fbchat_session_register(client, carol, email, password, "Carol Example", NULL, &request), FBCHAT_OK);
    event = answer(carol, request, FBCHAT_EVENT_LOGIN_FAILED);
    CHECK(fbchat_event_status(event) == FBCHAT_ERR_REFUSED);
    CHECK(string(event, 0, FBCHAT_FIELD_REASON)[0] != '\0');
    fbchat_event_free(event);
}

static void sign_up(void)
{
    const int all = FBCHAT_FEATURE_FRIENDS | FBCHAT_FEATURE_PICTURES | FBCHAT_FEATURE_STATUS | FBCHAT_FEATURE_PROFILE |
                    FBCHAT_FEATURE_SEARCH | FBCHAT_FEATURE_NOTIFICATIONS | FBCHAT_FEATURE_HISTORY |
                    FBCHAT_FEATURE_POKE | FBCHAT_FEATURE_PASSWORD | FBCHAT_FEATURE_REGISTRATION |
                    FBCHAT_FEATURE_NAME | FBCHAT_FEATURE_BLOCK | FBCHAT_FEATURE_GROUPS | FBCHAT_FEATURE_FILES;
    fbchat_request request;
    fbchat_event *event;
    CHECK_STATUS(fbchat_session_open(client, NULL, NULL, &carol), FBCHAT_OK);
    cannot_register("carol@example.org", "short");
    cannot_register("bob@example.org", "long enough");
    CHECK_STATUS(fbchat_session_register(client, carol, "carol@example.org", "first secret", "Carol Example", NULL,
                                         &request),
                 FBCHAT_OK);
    CHECK_STATUS(fbchat_session_register(client, carol, "x@example.org", "first secret", "X", NULL, NULL),
                 FBCHAT_ERR_STATE);
    event = answer(carol, request, FBCHAT_EVENT_LOGGED_IN);
    carol_uid = fbchat_event_uid(event, 0, FBCHAT_FIELD_UID);
    CHECK(strcmp(string(event, 0, FBCHAT_FIELD_NAME), "Carol Example") == 0);
    CHECK(integer(event, 0, FBCHAT_FIELD_FEATURES) == all);
    fbchat_event_free(event);
    await_connected(carol);
}

static void searches(void)
{
    fbchat_request request;
    fbchat_event *event;
    CHECK_STATUS(fbchat_session_request_search(client, alice, "caro exam", &request), FBCHAT_OK);
    event = answer(alice, request, FBCHAT_EVENT_SEARCH);
    CHECK(fbchat_event_count(event) == 1);
    CHECK(fbchat_event_uid(event, 0, FBCHAT_FIELD_UID) == carol_uid);
    CHECK(strcmp(string(event, 0, FBCHAT_FIELD_NAME), "Carol Example") == 0);
    CHECK(integer(event, 0, FBCHAT_FIELD_RELATION) == FBCHAT_RELATION_NONE);
    CHECK(string(event, 0, FBCHAT_FIELD_PICTURE_HASH) == NULL);
    fbchat_event_free(event);
    CHECK_STATUS(fbchat_session_request_search(client, alice, "&q=alice%20", &request), FBCHAT_OK);
    event = answer(alice, request, FBCHAT_EVENT_SEARCH);
    CHECK(fbchat_event_count(event) == 0);
    fbchat_event_free(event);
    CHECK_STATUS(fbchat_session_request_search(client, alice, "c", &request), FBCHAT_OK);
    failed(alice, request, FBCHAT_ERR_REFUSED);
    CHECK_STATUS(fbchat_session_request_search(client, alice, " ", &request), FBCHAT_ERR_ARGUMENT);
}

static int64_t relation(fbchat_session session, fbchat_uid uid, const char *email)
{
    fbchat_request request;
    fbchat_event *event;
    const char *told;
    int64_t relation;
    CHECK_STATUS(fbchat_session_request_profile(client, session, uid, &request), FBCHAT_OK);
    event = answer(session, request, FBCHAT_EVENT_PROFILE);
    relation = integer(event, 0, FBCHAT_FIELD_RELATION);
    told = string(event, 0, FBCHAT_FIELD_EMAIL);
    CHECK(fbchat_event_uid(event, 0, FBCHAT_FIELD_UID) == uid);
    CHECK(string(event, 0, FBCHAT_FIELD_NAME)[0] != '\0' && string(event, 0, FBCHAT_FIELD_FIRST_NAME)[0] != '\0');
    CHECK(email == NULL ? told == NULL : strcmp(told, email) == 0);
    CHECK((integer(event, 0, FBCHAT_FIELD_MEMBER_SINCE_MS) > 0) == (email != NULL));
    CHECK(string(event, 0, FBCHAT_FIELD_STATUS_TEXT) == NULL && integer(event, 0, FBCHAT_FIELD_STATUS_TIME_MS) == 0);
    fbchat_event_free(event);
    return relation;
}

static void profiles(void)
{
    fbchat_request request;
    CHECK(relation(alice, alice_uid, "alice@example.org") == FBCHAT_RELATION_SELF);
    CHECK(relation(alice, bob_uid, "bob@example.org") == FBCHAT_RELATION_FRIEND);
    CHECK(relation(alice, carol_uid, NULL) == FBCHAT_RELATION_NONE);
    CHECK_STATUS(fbchat_session_request_profile(client, alice, NOBODY, &request), FBCHAT_OK);
    failed(alice, request, FBCHAT_ERR_REFUSED);
}

static fbchat_request befriend(fbchat_session session, fbchat_uid uid, int32_t action, const char *message)
{
    fbchat_request request;
    CHECK_STATUS(fbchat_session_change_friendship(client, session, uid, action, message, &request), FBCHAT_OK);
    return request;
}

static void await_request(fbchat_session session, const char *text)
{
    fbchat_event *event = await(session, FBCHAT_EVENT_FRIEND_REQUEST, 0);
    CHECK(fbchat_event_uid(event, 0, FBCHAT_FIELD_UID) == carol_uid);
    CHECK(strcmp(string(event, 0, FBCHAT_FIELD_NAME), "Carol Example") == 0);
    CHECK(strcmp(string(event, 0, FBCHAT_FIELD_TEXT), text) == 0);
    CHECK(integer(event, 0, FBCHAT_FIELD_TIME_MS) > 1000000000000);
    fbchat_event_free(event);
}

/* The friendship changes as reported, and the buddy list follows. */
static void await_friend(fbchat_session session, fbchat_uid uid, int32_t action)
{
    fbchat_event *event = await(session, FBCHAT_EVENT_FRIEND, 0);
    int there;
    size_t item;
    CHECK(fbchat_event_uid(event, 0, FBCHAT_FIELD_UID) == uid);
    CHECK(string(event, 0, FBCHAT_FIELD_NAME)[0] != '\0');
    CHECK(integer(event, 0, FBCHAT_FIELD_FRIEND_ACTION) == action);
    fbchat_event_free(event);
    do {
        event = await(session, FBCHAT_EVENT_BUDDY_LIST, 0);
        there = 0;
        for (item = 0; item < fbchat_event_count(event); item++)
            there |= fbchat_event_uid(event, item, FBCHAT_FIELD_UID) == uid;
        fbchat_event_free(event);
    } while (there != (action == FBCHAT_FRIEND_ACCEPT));
}

static void friends(void)
{
    fbchat_request request;
    fbchat_uid uid;

    done(carol, befriend(carol, alice_uid, FBCHAT_FRIEND_REQUEST, "We met <yesterday>"));
    await_request(alice, "We met <yesterday>");
    await_request(elsewhere, "We met <yesterday>");
    CHECK(relation(alice, carol_uid, NULL) == FBCHAT_RELATION_RECEIVED);
    CHECK(relation(carol, alice_uid, NULL) == FBCHAT_RELATION_SENT);

    /* Sent while the recipient was offline. */
    CHECK_STATUS(fbchat_session_logout(client, bob, &request), FBCHAT_OK);
    fbchat_event_free(answer(bob, request, FBCHAT_EVENT_CLOSED));
    done(carol, befriend(carol, bob_uid, FBCHAT_FRIEND_REQUEST, NULL));
    bob = log_in("bob@example.org", "demo", &uid);
    await_request(bob, "");
    done(bob, befriend(bob, carol_uid, FBCHAT_FRIEND_DECLINE, NULL));
    failed(bob, befriend(bob, carol_uid, FBCHAT_FRIEND_DECLINE, NULL), FBCHAT_ERR_REFUSED);

    done(alice, befriend(alice, carol_uid, FBCHAT_FRIEND_ACCEPT, NULL));
    await_friend(alice, carol_uid, FBCHAT_FRIEND_ACCEPT);
    await_friend(elsewhere, carol_uid, FBCHAT_FRIEND_ACCEPT);
    await_friend(carol, alice_uid, FBCHAT_FRIEND_ACCEPT);
    send_message(carol, alice_uid, "friends!");

    done(alice, befriend(alice, carol_uid, FBCHAT_FRIEND_REMOVE, NULL));
    await_friend(alice, carol_uid, FBCHAT_FRIEND_REMOVE);
    await_friend(elsewhere, carol_uid, FBCHAT_FRIEND_REMOVE);
    await_friend(carol, alice_uid, FBCHAT_FRIEND_REMOVE);
    CHECK_STATUS(fbchat_session_send(client, carol, alice_uid, "still there?", &request), FBCHAT_OK);
    failed(carol, request, FBCHAT_ERR_RECIPIENT_OFFLINE);

    failed(alice, befriend(alice, carol_uid, FBCHAT_FRIEND_REMOVE, NULL), FBCHAT_ERR_REFUSED);
    failed(alice, befriend(alice, carol_uid, FBCHAT_FRIEND_ACCEPT, NULL), FBCHAT_ERR_REFUSED);
    failed(alice, befriend(alice, NOBODY, FBCHAT_FRIEND_REQUEST, "who?"), FBCHAT_ERR_REFUSED);
    CHECK_STATUS(fbchat_session_change_friendship(client, alice, carol_uid, 0, NULL, NULL), FBCHAT_ERR_ARGUMENT);
    CHECK_STATUS(fbchat_session_change_friendship(client, alice, carol_uid, FBCHAT_FRIEND_ACCEPT, "hi", NULL),
                 FBCHAT_ERR_ARGUMENT);
}

static void pokes(void)
{
    fbchat_request request;
    fbchat_event *event;
    CHECK_STATUS(fbchat_session_poke(client, alice, bob_uid, &request), FBCHAT_OK);
    done(alice, request);
    event = await(bob, FBCHAT_EVENT_POKE, 0);
    CHECK(fbchat_event_uid(event, 0, FBCHAT_FIELD_FROM) == alice_uid);
    CHECK(strcmp(string(event, 0, FBCHAT_FIELD_NAME), "Alice Example") == 0);
    CHECK(integer(event, 0, FBCHAT_FIELD_TIME_MS) > 1000000000000);
    fbchat_event_free(event);
    CHECK_STATUS(fbchat_session_poke(client, alice, bob_uid, &request), FBCHAT_OK);
    failed(alice, request, FBCHAT_ERR_REFUSED);
    CHECK_STATUS(fbchat_session_poke(client, alice, carol_uid, &request), FBCHAT_OK);
    failed(alice, request, FBCHAT_ERR_REFUSED);
}

/* How many Alice has blocked; the first is Bob, if there is one. */
static size_t blocked(void)
{
    fbchat_request request;
    fbchat_event *event;
    size_t count;
    CHECK_STATUS(fbchat_session_request_blocked(client, alice, &request), FBCHAT_OK);
    event = answer(alice, request, FBCHAT_EVENT_BLOCKED);
    count = fbchat_event_count(event);
    if (count > 0) {
        CHECK(fbchat_event_uid(event, 0, FBCHAT_FIELD_UID) == bob_uid);
        CHECK(strcmp(string(event, 0, FBCHAT_FIELD_NAME), "Bob Example") == 0);
    }
    fbchat_event_free(event);
    return count;
}

/* Alice blocks or unblocks Bob; her other session is told, and Bob sees her go or come. */
static void block_bob(int block)
{
    fbchat_request request;
    fbchat_event *event;
    int64_t presence;
    CHECK_STATUS(fbchat_session_block(client, alice, bob_uid, block, &request), FBCHAT_OK);
    done(alice, request);
    event = await(elsewhere, FBCHAT_EVENT_BLOCK, 0);
    CHECK(fbchat_event_uid(event, 0, FBCHAT_FIELD_UID) == bob_uid);
    CHECK(strcmp(string(event, 0, FBCHAT_FIELD_NAME), "Bob Example") == 0);
    CHECK(integer(event, 0, FBCHAT_FIELD_IS_BLOCKED) == block);
    fbchat_event_free(event);
    do {
        event = await(bob, FBCHAT_EVENT_PRESENCE, 0);
        presence = fbchat_event_uid(event, 0, FBCHAT_FIELD_UID) == alice_uid
                       ? integer(event, 0, FBCHAT_FIELD_PRESENCE)
                       : -1;
        fbchat_event_free(event);
    } while (presence == -1 || (presence == FBCHAT_PRESENCE_OFFLINE) != block);
}

static void blocks(void)
{
    fbchat_request request;
    CHECK(blocked() == 0);
    block_bob(1);
    CHECK(blocked() == 1);
    CHECK_STATUS(fbchat_session_send(client, bob, alice_uid, "not for Alice", &request), FBCHAT_OK);
    failed(bob, request, FBCHAT_ERR_RECIPIENT_OFFLINE);
    CHECK_STATUS(fbchat_session_send(client, alice, bob_uid, "not for Bob", &request), FBCHAT_OK);
    failed(alice, request, FBCHAT_ERR_REFUSED);
    block_bob(0);
    CHECK(blocked() == 0);
    send_message(bob, alice_uid, "for Alice");
    CHECK_STATUS(fbchat_session_block(client, alice, NOBODY, 1, &request), FBCHAT_OK);
    failed(alice, request, FBCHAT_ERR_REFUSED);
    CHECK_STATUS(fbchat_session_block(client, alice, alice_uid, 1, &request), FBCHAT_OK);
    failed(alice, request, FBCHAT_ERR_REFUSED);
}

static fbchat_event *notifications(fbchat_session session)
{
    fbchat_request request;
    CHECK_STATUS(fbchat_session_request_notifications(client, session, &request), FBCHAT_OK);
    return answer(session, request, FBCHAT_EVENT_NOTIFICATIONS);
}

static void notices(void)
{
    fbchat_event *event;
    int64_t value;
    int poked = 0;
    size_t item;

    send_message(alice, bob_uid, "unread");
    event = notifications(bob);
    CHECK(integer(event, 0, FBCHAT_FIELD_INBOX) == 1 && integer(event, 99, FBCHAT_FIELD_UNSEEN) >= 1);
    CHECK(integer(event, 0, FBCHAT_FIELD_NOTIFICATION_KIND) == FBCHAT_NOTIFICATION_MESSAGES);
    CHECK(fbchat_event_uid(event, 0, FBCHAT_FIELD_UID) == alice_uid);
    CHECK(integer(event, 0, FBCHAT_FIELD_UNREAD) >= 1 && integer(event, 0, FBCHAT_FIELD_NEW) == 1);
    for (item = 1; item < fbchat_event_count(event); item++) {
        CHECK(integer(event, item, FBCHAT_FIELD_TIME_MS) > 1000000000000);
        poked |= integer(event, item, FBCHAT_FIELD_NOTIFICATION_KIND) == FBCHAT_NOTIFICATION_POKE &&
                 integer(event, item, FBCHAT_FIELD_NEW) == 1;
    }
    CHECK(poked);
    fbchat_event_free(event);

    /* Read: the number of unread conversations comes by itself, and nothing else with it. */
    CHECK_STATUS(fbchat_session_mark_read(client, bob, alice_uid), FBCHAT_OK);
    do {
        event = await(bob, FBCHAT_EVENT_NOTIFICATIONS, 0);
        CHECK(fbchat_event_request(event) == 0 && fbchat_event_count(event) == 0);
        CHECK_STATUS(fbchat_event_int(event, 0, FBCHAT_FIELD_UNSEEN, &value), FBCHAT_ERR_ARGUMENT);
        value = integer(event, 0, FBCHAT_FIELD_INBOX);
        fbchat_event_free(event);
    } while (value != 0);

    CHECK_STATUS(fbchat_session_mark_read(client, bob, 0), FBCHAT_OK);
    do {
        event = notifications(bob);
        value = integer(event, 0, FBCHAT_FIELD_UNSEEN);
        CHECK(integer(event, 0, FBCHAT_FIELD_INBOX) == 0 && fbchat_event_count(event) >= 1);
        fbchat_event_free(event);
    } while (value != 0);
}

static void names(void)
{
    fbchat_request request;
    int renamed;

    CHECK_STATUS(fbchat_session_set_name(client, bob, " R\xc3\xb6" "bert <B> ", &request), FBCHAT_OK);
    done(bob, request);
    do {
        fbchat_event *event = await(alice, FBCHAT_EVENT_PRESENCE, 0);
        renamed = fbchat_event_uid(event, 0, FBCHAT_FIELD_UID) == bob_uid &&
                  strcmp(string(event, 0, FBCHAT_FIELD_NAME), "R\xc3\xb6" "bert <B>") == 0 &&
                  strcmp(string(event, 0, FBCHAT_FIELD_FIRST_NAME), "R\xc3\xb6" "bert") == 0;
        fbchat_event_free(event);
    } while (!renamed);
    CHECK_STATUS(fbchat_session_set_name(client, bob, "two\nlines", &request), FBCHAT_OK);
    failed(bob, request, FBCHAT_ERR_REFUSED);
}

static void passwords(void)
{
    fbchat_request request;
    fbchat_session again;
    fbchat_event *event;
    fbchat_uid uid;
    CHECK_STATUS(fbchat_session_set_password(client, carol, "wrong", "second secret", &request), FBCHAT_OK);
    failed(carol, request, FBCHAT_ERR_REFUSED);
    CHECK_STATUS(fbchat_session_set_password(client, carol, "first secret", "short", &request), FBCHAT_OK);
    failed(carol, request, FBCHAT_ERR_REFUSED);
    CHECK_STATUS(fbchat_session_set_password(client, carol, "first secret", "second secret", &request), FBCHAT_OK);
    done(carol, request);

    CHECK_STATUS(fbchat_session_open(client, NULL, NULL, &again), FBCHAT_OK);
    CHECK_STATUS(fbchat_session_login(client, again, "carol@example.org", "first secret", &request), FBCHAT_OK);
    event = answer(again, request, FBCHAT_EVENT_LOGIN_FAILED);
    CHECK(fbchat_event_status(event) == FBCHAT_ERR_CREDENTIALS);
    fbchat_event_free(event);
    log_in("carol@example.org", "second secret", &uid);
    CHECK(uid == carol_uid);
    /* The session that changed the password stays. */
    CHECK_STATUS(fbchat_session_request_buddy_list(client, carol, &request), FBCHAT_OK);
    fbchat_event_free(answer(carol, request, FBCHAT_EVENT_BUDDY_LIST));
}

int main(int argc, char **argv)
{
    start(argc, argv);
    alice = log_in("alice@example.org", "demo", &alice_uid);
    elsewhere = log_in("alice@example.org", "demo", &alice_uid);
    bob = log_in("bob@example.org", "demo", &bob_uid);
    status_lines();
    pictures();
    sign_up();
    searches();
    profiles();
    friends();
    pokes();
    blocks();
    notices();
    names();
    passwords();
    finish();
    return 0;
}
