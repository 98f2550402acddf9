/* Group conversations of two accounts with three sessions at a real server, and what the server refuses.
 * usage: groups URL */
#include "events.h"

static fbchat_session alice, elsewhere, bob;
static fbchat_uid alice_uid, bob_uid, group;

/* The next message of a session with this notice, or 0 for one that somebody wrote. */
static fbchat_event *next_message(fbchat_session session, int64_t notice)
{
    for (;;) {
        fbchat_event *event = await(session, FBCHAT_EVENT_MESSAGE, 0);
        if (integer(event, 0, FBCHAT_FIELD_NOTICE) == notice)
            return event;
        fbchat_event_free(event);
    }
}

/* The next GROUP event of a session in which this field has this value. */
static fbchat_event *group_with(fbchat_session session, fbchat_field field, int64_t value)
{
    for (;;) {
        fbchat_event *event = await(session, FBCHAT_EVENT_GROUP, 0);
        if (integer(event, 0, field) == value)
            return event;
        fbchat_event_free(event);
    }
}

static void creation(void)
{
    fbchat_request request;
    fbchat_event *event;
    char members[64];
    int again;

    /* A list has come after each login, also an empty one. */
    event = await(bob, FBCHAT_EVENT_GROUP_LIST, 0);
    CHECK(fbchat_event_count(event) == 0);
    fbchat_event_free(event);
    for (again = 0; again < 2; again++) {
        CHECK_STATUS(fbchat_session_create_group(client, alice, "Our <group>", &bob_uid, 1, 77, &request), FBCHAT_OK);
        event = answer(alice, request, FBCHAT_EVENT_GROUP);
        CHECK(!again || fbchat_event_uid(event, 0, FBCHAT_FIELD_GROUP) == group);
        group = fbchat_event_uid(event, 0, FBCHAT_FIELD_GROUP);
        CHECK(strcmp(string(event, 0, FBCHAT_FIELD_GROUP_NAME), "Our <group>") == 0);
        CHECK(fbchat_event_uid(event, 9, FBCHAT_FIELD_OWNER) == alice_uid);
        CHECK(fbchat_event_count(event) == 2);
        CHECK(fbchat_event_uid(event, 1, FBCHAT_FIELD_UID) == bob_uid);
        CHECK(strncmp(string(event, 1, FBCHAT_FIELD_NAME), "Bob", 3) == 0);
        fbchat_event_free(event);
    }
    event = next_message(bob, FBCHAT_NOTICE_CREATED);
    CHECK(fbchat_event_uid(event, 0, FBCHAT_FIELD_GROUP) == group);
    snprintf(members, sizeof members, "%llu %llu", (unsigned long long)alice_uid, (unsigned long long)bob_uid);
    CHECK(strcmp(string(event, 0, FBCHAT_FIELD_NOTICE_UIDS), members) == 0);
    fbchat_event_free(event);
    CHECK_STATUS(fbchat_session_get_group(client, bob, group, &event), FBCHAT_OK);
    CHECK(fbchat_event_count(event) == 2 && fbchat_event_request(event) == 0);
    CHECK(string(event, 0, FBCHAT_FIELD_PICTURE_HASH) == NULL);
    fbchat_event_free(event);
    CHECK_STATUS(fbchat_session_get_group(client, bob, 1, &event), FBCHAT_ERR_ARGUMENT);
    CHECK(event == NULL);
}

static void messages(void)
{
    fbchat_request request;
    fbchat_event *event;
    int64_t unread;

    CHECK_STATUS(fbchat_session_set_typing(client, alice, group, 1), FBCHAT_OK);
    event = await(bob, FBCHAT_EVENT_TYPING, 0);
    CHECK(fbchat_event_uid(event, 0, FBCHAT_FIELD_FROM) == alice_uid);
    CHECK(fbchat_event_uid(event, 0, FBCHAT_FIELD_GROUP) == group);
    fbchat_event_free(event);
    send_message(alice, group, "hello, all");
    event = next_message(bob, 0);
    CHECK(strcmp(string(event, 0, FBCHAT_FIELD_TEXT), "hello, all") == 0);
    CHECK(fbchat_event_uid(event, 0, FBCHAT_FIELD_FROM) == alice_uid);
    CHECK(fbchat_event_uid(event, 0, FBCHAT_FIELD_TO) == group);
    CHECK(strcmp(string(event, 0, FBCHAT_FIELD_TO_NAME), "Our <group>") == 0);
    CHECK(string(event, 0, FBCHAT_FIELD_NOTICE_UIDS) == NULL);
    CHECK(integer(event, 0, FBCHAT_FIELD_FLAGS) == 0);
    fbchat_event_free(event);
    event = next_message(elsewhere, 0);
    CHECK(integer(event, 0, FBCHAT_FIELD_FLAGS) == FBCHAT_MESSAGE_OWN);
    CHECK(fbchat_event_uid(event, 0, FBCHAT_FIELD_GROUP) == group);
    fbchat_event_free(event);

    /* What is unread, and that it was read. */
    CHECK_STATUS(fbchat_session_request_notifications(client, bob, &request), FBCHAT_OK);
    event = answer(bob, request, FBCHAT_EVENT_NOTIFICATIONS);
    CHECK(integer(event, 0, FBCHAT_FIELD_NOTIFICATION_KIND) == FBCHAT_NOTIFICATION_GROUP);
    CHECK(fbchat_event_uid(event, 0, FBCHAT_FIELD_UID) == group);
    CHECK(integer(event, 0, FBCHAT_FIELD_UNREAD) == 2 && integer(event, 0, FBCHAT_FIELD_INBOX) == 0);
    fbchat_event_free(event);
    CHECK_STATUS(fbchat_session_mark_read(client, bob, group), FBCHAT_OK);
    do {
        CHECK_STATUS(fbchat_session_request_groups(client, bob, &request), FBCHAT_OK);
        event = answer(bob, request, FBCHAT_EVENT_GROUP_LIST);
        CHECK(fbchat_event_count(event) == 1 && integer(event, 0, FBCHAT_FIELD_MEMBER_COUNT) == 2);
        CHECK(integer(event, 0, FBCHAT_FIELD_TIME_MS) > 1000000000000);
        unread = integer(event, 0, FBCHAT_FIELD_UNREAD);
        fbchat_event_free(event);
    } while (unread != 0);

    CHECK_STATUS(fbchat_session_request_history(client, bob, group, 0, &request), FBCHAT_OK);
    event = answer(bob, request, FBCHAT_EVENT_HISTORY);
    CHECK(fbchat_event_count(event) == 2 && fbchat_event_uid(event, 0, FBCHAT_FIELD_PEER) == group);
    CHECK(integer(event, 0, FBCHAT_FIELD_NOTICE) == FBCHAT_NOTICE_CREATED);
    CHECK(fbchat_event_uid(event, 1, FBCHAT_FIELD_GROUP) == group);
    fbchat_event_free(event);
}

static void changes(void)
{
    fbchat_request request;
    fbchat_event *event;

    CHECK_STATUS(fbchat_session_change_group(client, alice, group, FBCHAT_GROUP_MUTE, 0, &request), FBCHAT_OK);
    done(alice, request);
    fbchat_event_free(group_with(elsewhere, FBCHAT_FIELD_IS_MUTED, 1));
    CHECK_STATUS(fbchat_session_change_group(client, alice, group, FBCHAT_GROUP_UNMUTE, 0, &request), FBCHAT_OK);
    done(alice, request);
    fbchat_event_free(group_with(elsewhere, FBCHAT_FIELD_IS_MUTED, 0));
    CHECK_STATUS(fbchat_session_rename_group(client, bob, group, "Lunch", &request), FBCHAT_OK);
    done(bob, request);
    event = next_message(alice, FBCHAT_NOTICE_RENAMED);
    CHECK(strcmp(string(event, 0, FBCHAT_FIELD_TO_NAME), "Lunch") == 0);
    fbchat_event_free(event);
    CHECK_STATUS(fbchat_session_rename_group(client, bob, group, "two\nlines", &request), FBCHAT_OK);
    failed(bob, request, FBCHAT_ERR_REFUSED);
    CHECK_STATUS(fbchat_session_change_group(client, bob, group, FBCHAT_GROUP_REMOVE, alice_uid, &request), FBCHAT_OK);
    failed(bob, request, FBCHAT_ERR_REFUSED);
    CHECK_STATUS(fbchat_session_change_group(client, alice, 1, FBCHAT_GROUP_LEAVE, 0, &request), FBCHAT_OK);
    failed(alice, request, FBCHAT_ERR_REFUSED);

    /* Alice leaves. Bob owns the group, and cannot bring her back. */
    CHECK_STATUS(fbchat_session_change_group(client, alice, group, FBCHAT_GROUP_LEAVE, 0, &request), FBCHAT_OK);
    done(alice, request);
    event = group_with(elsewhere, FBCHAT_FIELD_IS_GONE, 1);
    CHECK(fbchat_event_count(event) == 0);
    fbchat_event_free(event);
    event = group_with(bob, FBCHAT_FIELD_OWNER, (int64_t)bob_uid);
    CHECK(fbchat_event_count(event) == 1 && integer(event, 0, FBCHAT_FIELD_IS_GONE) == 0);
    fbchat_event_free(event);
    CHECK_STATUS(fbchat_session_change_group(client, bob, group, FBCHAT_GROUP_ADD, alice_uid, &request), FBCHAT_OK);
    failed(bob, request, FBCHAT_ERR_REFUSED);
    CHECK_STATUS(fbchat_session_send(client, alice, group, "still here?", &request), FBCHAT_OK);
    failed(alice, request, FBCHAT_ERR_RECIPIENT_OFFLINE);
}

int main(int argc, char **argv)
{
    start(argc, argv);
    alice = log_in("alice@example.org", "demo", &alice_uid);
    elsewhere = log_in("alice@example.org", "demo", &alice_uid);
    bob = log_in("bob@example.org", "demo", &bob_uid);
    creation();
    messages();
    changes();
    finish();
    return 0;
}
