/* Every call with a client or a session, each valid but for its handles. Add a new function to calls[]: it is then tried with every
 * kind of wrong handle, and after fork. */
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

static fbchat_status call_network_changed(fbchat_client *client, fbchat_session session)
{
    (void)session;
    return fbchat_client_network_changed(client);
}

static inline fbchat_status call_open(fbchat_client *client, fbchat_session session)
{
    fbchat_status status;
    session = 5;
    status = fbchat_session_open(client, NULL, NULL, &session);
    CHECK((status == FBCHAT_OK) == (session != 0));
    return status;
}

/* For calls that give a request: none after a failure. */
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
    REQUESTED(fbchat_session_request_buddy_list(client, session, &request));
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
    fbchat_status status = fbchat_session_get_buddy_list(client, session, &event);
    CHECK((status == FBCHAT_OK) == (event != NULL));
    fbchat_event_free(event);
    return status;
}

static inline fbchat_status call_saved_session(fbchat_client *client, fbchat_session session)
{
    fbchat_event *event = (fbchat_event *)&session;
    fbchat_status status = fbchat_session_get_saved_session(client, session, &event);
    CHECK((status == FBCHAT_OK) == (event != NULL));
    fbchat_event_free(event);
    return status;
}

static inline fbchat_status call_history(fbchat_client *client, fbchat_session session)
{
    REQUESTED(fbchat_session_request_history(client, session, 1, 0, &request));
}

static inline fbchat_status call_picture(fbchat_client *client, fbchat_session session)
{
    REQUESTED(fbchat_session_request_picture(client, session, 1, &request));
}

static inline fbchat_status call_set_picture(fbchat_client *client, fbchat_session session)
{
    REQUESTED(fbchat_session_set_picture(client, session, "\x89PNG", 4, &request));
}

static inline fbchat_status call_profile(fbchat_client *client, fbchat_session session)
{
    REQUESTED(fbchat_session_request_profile(client, session, 1, &request));
}

static inline fbchat_status call_search(fbchat_client *client, fbchat_session session)
{
    REQUESTED(fbchat_session_request_search(client, session, "bob", &request));
}

static inline fbchat_status call_friend(fbchat_client *client, fbchat_session session)
{
    REQUESTED(fbchat_session_change_friendship(client, session, 1, FBCHAT_FRIEND_REMOVE, NULL, &request));
}

static inline fbchat_status call_set_status_text(fbchat_client *client, fbchat_session session)
{
    REQUESTED(fbchat_session_set_status_text(client, session, "hello", &request));
}

static inline fbchat_status call_notifications(fbchat_client *client, fbchat_session session)
{
    REQUESTED(fbchat_session_request_notifications(client, session, &request));
}

static inline fbchat_status call_poke(fbchat_client *client, fbchat_session session)
{
    REQUESTED(fbchat_session_poke(client, session, 1, &request));
}

static inline fbchat_status call_block(fbchat_client *client, fbchat_session session)
{
    REQUESTED(fbchat_session_block(client, session, 1, 1, &request));
}

static inline fbchat_status call_blocked(fbchat_client *client, fbchat_session session)
{
    REQUESTED(fbchat_session_request_blocked(client, session, &request));
}

static inline fbchat_status call_group(fbchat_client *client, fbchat_session session)
{
    fbchat_event *event = (fbchat_event *)&session;
    fbchat_status status = fbchat_session_get_group(client, session, 1, &event);
    CHECK((status == FBCHAT_OK) == (event != NULL));
    fbchat_event_free(event);
    return status;
}

static inline fbchat_status call_groups(fbchat_client *client, fbchat_session session)
{
    REQUESTED(fbchat_session_request_groups(client, session, &request));
}

static inline fbchat_status call_create_group(fbchat_client *client, fbchat_session session)
{
    fbchat_uid friends[1] = {1};
    REQUESTED(fbchat_session_create_group(client, session, "Lunch", friends, 1, 0, &request));
}

static inline fbchat_status call_change_group(fbchat_client *client, fbchat_session session)
{
    REQUESTED(fbchat_session_change_group(client, session, 1, FBCHAT_GROUP_ADD, 1, &request));
}

static inline fbchat_status call_rename_group(fbchat_client *client, fbchat_session session)
{
    REQUESTED(fbchat_session_rename_group(client, session, 1, "Lunch", &request));
}

static inline fbchat_status call_upload(fbchat_client *client, fbchat_session session)
{
    REQUESTED(fbchat_session_upload(client, session, "hello", 5, "a.txt", &request));
}

static inline fbchat_status call_upload_fd(fbchat_client *client, fbchat_session session)
{
    REQUESTED(fbchat_session_upload_fd(client, session, 0, "a.txt", &request));
}

static inline fbchat_status call_send_file(fbchat_client *client, fbchat_session session)
{
    REQUESTED(fbchat_session_send_file(client, session, 1, FILE_ID, NULL, &request));
}

static inline fbchat_status call_download(fbchat_client *client, fbchat_session session)
{
    REQUESTED(fbchat_session_download(client, session, FILE_ID, 1, 1, &request));
}

static inline fbchat_status call_download_fd(fbchat_client *client, fbchat_session session)
{
    REQUESTED(fbchat_session_download_fd(client, session, FILE_ID, 1, &request));
}

static inline fbchat_status call_register(fbchat_client *client, fbchat_session session)
{
    REQUESTED(fbchat_session_register(client, session, "a@example.org", "secret", "A B", NULL, &request));
}

static inline fbchat_status call_set_password(fbchat_client *client, fbchat_session session)
{
    REQUESTED(fbchat_session_set_password(client, session, "old", "new secret", &request));
}

static inline fbchat_status call_set_name(fbchat_client *client, fbchat_session session)
{
    REQUESTED(fbchat_session_set_name(client, session, "A B", &request));
}

static inline fbchat_status call_mark_read(fbchat_client *client, fbchat_session session)
{
    return fbchat_session_mark_read(client, session, 1);
}

static inline fbchat_status call_request_cancel(fbchat_client *client, fbchat_session session)
{
    return fbchat_request_cancel(client, session);
}

static inline fbchat_status call_request_wait(fbchat_client *client, fbchat_session session)
{
    fbchat_event *event = (fbchat_event *)&session;
    fbchat_status status = fbchat_request_wait(client, session, 0, &event);
    CHECK((status == FBCHAT_OK) == (event != NULL));
    return status;
}

static const struct call calls[] = {
    {"fbchat_client_poll", call_poll, 0},
    {"fbchat_client_wake", call_wake, 0},
    {"fbchat_client_network_changed", call_network_changed, 0},
    {"fbchat_session_open", call_open, 0},
    {"fbchat_session_login", call_login, 1},
    {"fbchat_session_send", call_send, 1},
    {"fbchat_session_request_buddy_list", call_refresh, 1},
    {"fbchat_session_logout", call_logout, 1},
    {"fbchat_session_set_typing", call_set_typing, 1},
    {"fbchat_session_set_presence", call_set_presence, 1},
    {"fbchat_session_get_buddy_list", call_buddy_list, 1},
    {"fbchat_session_get_saved_session", call_saved_session, 1},
    {"fbchat_session_request_history", call_history, 1},
    {"fbchat_session_request_picture", call_picture, 1},
    {"fbchat_session_set_picture", call_set_picture, 1},
    {"fbchat_session_request_profile", call_profile, 1},
    {"fbchat_session_request_search", call_search, 1},
    {"fbchat_session_change_friendship", call_friend, 1},
    {"fbchat_session_set_status_text", call_set_status_text, 1},
    {"fbchat_session_request_notifications", call_notifications, 1},
    {"fbchat_session_poke", call_poke, 1},
    {"fbchat_session_block", call_block, 1},
    {"fbchat_session_request_blocked", call_blocked, 1},
    {"fbchat_session_get_group", call_group, 1},
    {"fbchat_session_request_groups", call_groups, 1},
    {"fbchat_session_create_group", call_create_group, 1},
    {"fbchat_session_change_group", call_change_group, 1},
    {"fbchat_session_rename_group", call_rename_group, 1},
    {"fbchat_session_upload", call_upload, 1},
    {"fbchat_session_upload_fd", call_upload_fd, 1},
    {"fbchat_session_send_file", call_send_file, 1},
    {"fbchat_session_download", call_download, 1},
    {"fbchat_session_download_fd", call_download_fd, 1},
    {"fbchat_session_register", call_register, 1},
    {"fbchat_session_set_password", call_set_password, 1},
    {"fbchat_session_set_name", call_set_name, 1},
    {"fbchat_session_mark_read", call_mark_read, 1},
    {"fbchat_request_cancel", call_request_cancel, 0},
    {"fbchat_request_wait", call_request_wait, 0},
    {"fbchat_session_close", fbchat_session_close, 1},
};

enum { CALLS = sizeof calls / sizeof calls[0] };

/* All calls with these handles: each returns this status, with a sentence that contains these words. */
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
