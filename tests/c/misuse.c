/* Every call with NULL, bad text, stale handles and after fork: a status each time, never a crash. Needs no server. */
#include "check.h"
#include <pthread.h>
#include <sys/wait.h>

static const char BAD[] = "\xff\xfe";

static void nulls(fbchat_client *client)
{
    fbchat_config *config = NULL;
    fbchat_event *event = NULL;
    fbchat_session session;
    int64_t value;
    size_t len = 9;

    CHECK(fbchat_has_feature(NULL) == 0);
    CHECK_STATUS(fbchat_message_part(NULL, 10, &len), FBCHAT_ERR_NULL);
    CHECK(len == 0);
    CHECK_STATUS(fbchat_message_part("text", 10, NULL), FBCHAT_ERR_NULL);
    CHECK_STATUS(fbchat_message_part(BAD, 10, &len), FBCHAT_ERR_UTF8);
    CHECK_STATUS(fbchat_message_part("text", 0, &len), FBCHAT_ERR_ARGUMENT);
    CHECK_STATUS(fbchat_message_part("text", INT64_MIN, &len), FBCHAT_ERR_ARGUMENT);
    CHECK_STATUS(fbchat_message_part("one two", 5, &len), FBCHAT_OK);
    CHECK(len == 4);
    len = 9;
    CHECK_STATUS(fbchat_config_new(NULL), FBCHAT_ERR_NULL);
    CHECK_STATUS(fbchat_config_set_str(NULL, FBCHAT_CONFIG_SERVER, "x"), FBCHAT_ERR_NULL);
    CHECK_STATUS(fbchat_config_set_int(NULL, FBCHAT_CONFIG_QUEUE_LIMIT, 100), FBCHAT_ERR_NULL);
    CHECK_STATUS(fbchat_config_set_log(NULL, FBCHAT_LOG_INFO, NULL, NULL), FBCHAT_ERR_NULL);
    CHECK_STATUS(fbchat_config_new(&config), FBCHAT_OK);
    CHECK_STATUS(fbchat_config_set_str(config, FBCHAT_CONFIG_SERVER, NULL), FBCHAT_ERR_NULL);
    CHECK_STATUS(fbchat_config_set_str(config, FBCHAT_CONFIG_SERVER, BAD), FBCHAT_ERR_UTF8);
    CHECK_STATUS(fbchat_config_set_str(config, FBCHAT_CONFIG_PROXY, NULL), FBCHAT_ERR_NULL);
    CHECK_STATUS(fbchat_config_set_str(config, FBCHAT_CONFIG_CA_FILE, BAD), FBCHAT_ERR_UTF8);
    CHECK_STATUS(fbchat_config_set_str(config, FBCHAT_CONFIG_BATCH, "7"), FBCHAT_ERR_KEY);
    CHECK_STATUS(fbchat_config_set_int(config, FBCHAT_CONFIG_PROXY, 7), FBCHAT_ERR_KEY);
    CHECK_STATUS(fbchat_config_set_int(config, FBCHAT_CONFIG_CONNECT_TIMEOUT_MS, 5), FBCHAT_ERR_ARGUMENT);
    CHECK(strcmp(fbchat_last_error(), "The connect timeout in milliseconds must be from 1000 to 120000, not 5") == 0);
    fbchat_config_free(config);
    fbchat_config_free(NULL);

    CHECK_STATUS(fbchat_client_new(NULL, NULL), FBCHAT_ERR_NULL);
    CHECK(fbchat_client_fd(NULL) == -1);
    CHECK_STATUS(fbchat_client_poll(NULL, 0, &event), FBCHAT_ERR_NULL);
    CHECK_STATUS(fbchat_client_poll(client, 0, NULL), FBCHAT_ERR_NULL);
    CHECK_STATUS(fbchat_client_poll(client, -2, &event), FBCHAT_ERR_ARGUMENT);
    CHECK_STATUS(fbchat_client_poll(client, INT32_MIN, &event), FBCHAT_ERR_ARGUMENT);
    CHECK_STATUS(fbchat_client_wake(NULL), FBCHAT_ERR_NULL);
    CHECK_STATUS(fbchat_client_network_changed(NULL), FBCHAT_ERR_NULL);
    CHECK_STATUS(fbchat_client_network_changed(client), FBCHAT_OK);
    CHECK_STATUS(fbchat_client_wake(client), FBCHAT_OK);
    CHECK_STATUS(fbchat_client_poll(client, INT32_MAX, &event), FBCHAT_WOKEN);
    fbchat_client_free(NULL);

    CHECK_STATUS(fbchat_session_open(NULL, NULL, NULL, &session), FBCHAT_ERR_NULL);
    CHECK_STATUS(fbchat_session_open(client, NULL, NULL, NULL), FBCHAT_ERR_NULL);
    CHECK_STATUS(fbchat_session_open(client, NULL, NULL, &session), FBCHAT_OK);
    CHECK_STATUS(fbchat_session_login(NULL, session, "a", "b", NULL), FBCHAT_ERR_NULL);
    CHECK_STATUS(fbchat_session_login(client, session, NULL, "b", NULL), FBCHAT_ERR_NULL);
    CHECK_STATUS(fbchat_session_login(client, session, "a", NULL, NULL), FBCHAT_ERR_NULL);
    CHECK_STATUS(fbchat_session_login(client, session, BAD, "b", NULL), FBCHAT_ERR_UTF8);
    CHECK_STATUS(fbchat_session_login(client, session, "a", BAD, NULL), FBCHAT_ERR_UTF8);
    CHECK_STATUS(fbchat_session_login(client, session, "", "b", NULL), FBCHAT_ERR_ARGUMENT);
    CHECK_STATUS(fbchat_session_send(NULL, session, 1, "x", NULL), FBCHAT_ERR_NULL);
    CHECK_STATUS(fbchat_session_send(client, session, 1, NULL, NULL), FBCHAT_ERR_NULL);
    CHECK_STATUS(fbchat_session_send(client, session, 1, BAD, NULL), FBCHAT_ERR_UTF8);
    CHECK_STATUS(fbchat_session_send(client, session, 1, "", NULL), FBCHAT_ERR_ARGUMENT);
    CHECK_STATUS(fbchat_session_send(client, session, 0, "x", NULL), FBCHAT_ERR_ARGUMENT);
    CHECK_STATUS(fbchat_session_set_typing(NULL, session, 1, 1), FBCHAT_ERR_NULL);
    CHECK_STATUS(fbchat_session_set_typing(client, session, 1, 2), FBCHAT_ERR_ARGUMENT);
    CHECK_STATUS(fbchat_session_set_typing(client, session, 1, 1), FBCHAT_ERR_STATE);
    CHECK_STATUS(fbchat_session_set_presence(NULL, session, FBCHAT_PRESENCE_IDLE), FBCHAT_ERR_NULL);
    CHECK_STATUS(fbchat_session_set_presence(client, session, FBCHAT_PRESENCE_OFFLINE), FBCHAT_ERR_ARGUMENT);
    CHECK_STATUS(fbchat_session_set_presence(client, session, FBCHAT_PRESENCE_IDLE), FBCHAT_OK);
    CHECK_STATUS(fbchat_session_get_buddy_list(NULL, session, &event), FBCHAT_ERR_NULL);
    CHECK_STATUS(fbchat_session_get_buddy_list(client, session, NULL), FBCHAT_ERR_NULL);
    CHECK_STATUS(fbchat_session_get_buddy_list(client, session, &event), FBCHAT_ERR_STATE);
    CHECK_STATUS(fbchat_session_get_saved_session(NULL, session, &event), FBCHAT_ERR_NULL);
    CHECK_STATUS(fbchat_session_get_saved_session(client, session, NULL), FBCHAT_ERR_NULL);
    CHECK_STATUS(fbchat_session_get_saved_session(client, session, &event), FBCHAT_ERR_STATE);
    CHECK_STATUS(fbchat_session_request_buddy_list(NULL, session, NULL), FBCHAT_ERR_NULL);
    CHECK_STATUS(fbchat_session_request_buddy_list(client, session, NULL), FBCHAT_ERR_STATE);
    CHECK_STATUS(fbchat_session_logout(NULL, session, NULL), FBCHAT_ERR_NULL);
    CHECK_STATUS(fbchat_session_logout(client, session, NULL), FBCHAT_ERR_STATE);
    CHECK_STATUS(fbchat_session_close(NULL, session), FBCHAT_ERR_NULL);
    CHECK_STATUS(fbchat_session_close(client, session), FBCHAT_OK);
    CHECK_STATUS(fbchat_session_close(client, session), FBCHAT_ERR_NO_SESSION);
    CHECK_STATUS(fbchat_session_close(client, 0), FBCHAT_ERR_NO_SESSION);
    CHECK_STATUS(fbchat_session_close(client, UINT64_MAX), FBCHAT_ERR_NO_SESSION);

    CHECK(fbchat_event_kind(NULL) == 0 && fbchat_event_session(NULL) == 0 && fbchat_event_request(NULL) == 0);
    CHECK(fbchat_event_status(NULL) == FBCHAT_ERR_NULL && fbchat_event_user_data(NULL) == NULL);
    CHECK(fbchat_event_count(NULL) == 0);
    CHECK_STATUS(fbchat_event_int(NULL, 0, FBCHAT_FIELD_UID, &value), FBCHAT_ERR_NULL);
    CHECK(fbchat_event_uid(NULL, 0, FBCHAT_FIELD_UID) == 0);
    CHECK(fbchat_event_str(NULL, 0, FBCHAT_FIELD_TEXT, &len) == NULL && len == 0);
    CHECK(fbchat_event_bytes(NULL, 0, FBCHAT_FIELD_TEXT, NULL) == NULL);
    fbchat_event_free(NULL);
    CHECK(strcmp(fbchat_status_name(-12345), "FBCHAT_ERR_UNKNOWN") == 0);
}

/* The calls about people: NULL, bad text, bad values, before login, and with a session that is gone. */
static void groups(fbchat_client *client)
{
    fbchat_session session = 0;
    fbchat_event *event = (fbchat_event *)&session;
    fbchat_uid friends[2] = {1, 0};
    CHECK_STATUS(fbchat_session_open(client, NULL, NULL, &session), FBCHAT_OK);
    CHECK_STATUS(fbchat_session_get_group(NULL, session, 1, &event), FBCHAT_ERR_NULL);
    CHECK(event == NULL);
    CHECK_STATUS(fbchat_session_get_group(client, session, 1, NULL), FBCHAT_ERR_NULL);
    CHECK_STATUS(fbchat_session_get_group(client, session, 1, &event), FBCHAT_ERR_STATE);
    CHECK_STATUS(fbchat_session_request_groups(NULL, session, NULL), FBCHAT_ERR_NULL);
    CHECK_STATUS(fbchat_session_request_groups(client, session, NULL), FBCHAT_ERR_STATE);
    CHECK_STATUS(fbchat_session_create_group(NULL, session, "a", friends, 1, 0, NULL), FBCHAT_ERR_NULL);
    CHECK_STATUS(fbchat_session_create_group(client, session, NULL, friends, 1, 0, NULL), FBCHAT_ERR_NULL);
    CHECK_STATUS(fbchat_session_create_group(client, session, "a", NULL, 1, 0, NULL), FBCHAT_ERR_NULL);
    CHECK_STATUS(fbchat_session_create_group(client, session, "a", NULL, 0, 0, NULL), FBCHAT_ERR_STATE);
    CHECK_STATUS(fbchat_session_create_group(client, session, "\xff", friends, 1, 0, NULL), FBCHAT_ERR_UTF8);
    CHECK_STATUS(fbchat_session_create_group(client, session, " ", friends, 1, 0, NULL), FBCHAT_ERR_ARGUMENT);
    CHECK_STATUS(fbchat_session_create_group(client, session, "a", friends, 2, 0, NULL), FBCHAT_ERR_ARGUMENT);
    CHECK_STATUS(fbchat_session_create_group(client, session, "a", friends, (size_t)-1, 0, NULL), FBCHAT_ERR_ARGUMENT);
    CHECK_STATUS(fbchat_session_create_group(client, session, "a", friends, 1, (uint64_t)1 << 63, NULL),
                 FBCHAT_ERR_ARGUMENT);
    CHECK_STATUS(fbchat_session_change_group(NULL, session, 1, FBCHAT_GROUP_LEAVE, 0, NULL), FBCHAT_ERR_NULL);
    CHECK_STATUS(fbchat_session_change_group(client, session, 0, FBCHAT_GROUP_LEAVE, 0, NULL), FBCHAT_ERR_ARGUMENT);
    CHECK_STATUS(fbchat_session_change_group(client, session, 1, 0, 0, NULL), FBCHAT_ERR_ARGUMENT);
    CHECK_STATUS(fbchat_session_change_group(client, session, 1, 6, 0, NULL), FBCHAT_ERR_ARGUMENT);
    CHECK_STATUS(fbchat_session_change_group(client, session, 1, FBCHAT_GROUP_ADD, 0, NULL), FBCHAT_ERR_ARGUMENT);
    CHECK_STATUS(fbchat_session_change_group(client, session, 1, FBCHAT_GROUP_REMOVE, 0, NULL), FBCHAT_ERR_ARGUMENT);
    CHECK_STATUS(fbchat_session_change_group(client, session, 1, FBCHAT_GROUP_MUTE, 1, NULL), FBCHAT_ERR_ARGUMENT);
    CHECK_STATUS(fbchat_session_change_group(client, session, 1, FBCHAT_GROUP_LEAVE, 0, NULL), FBCHAT_ERR_STATE);
    CHECK_STATUS(fbchat_session_rename_group(NULL, session, 1, "a", NULL), FBCHAT_ERR_NULL);
    CHECK_STATUS(fbchat_session_rename_group(client, session, 1, NULL, NULL), FBCHAT_ERR_NULL);
    CHECK_STATUS(fbchat_session_rename_group(client, session, 1, "", NULL), FBCHAT_ERR_ARGUMENT);
    CHECK_STATUS(fbchat_session_rename_group(client, session, 0, "a", NULL), FBCHAT_ERR_ARGUMENT);
    CHECK_STATUS(fbchat_session_rename_group(client, session, 1, "a", NULL), FBCHAT_ERR_STATE);
    CHECK_STATUS(fbchat_session_close(client, session), FBCHAT_OK);
}

static void files(fbchat_client *client)
{
    fbchat_session session;
    CHECK_STATUS(fbchat_session_open(client, NULL, NULL, &session), FBCHAT_OK);
    CHECK_STATUS(fbchat_session_upload(NULL, session, "x", 1, "a", NULL), FBCHAT_ERR_NULL);
    CHECK_STATUS(fbchat_session_upload(client, session, NULL, 1, "a", NULL), FBCHAT_ERR_NULL);
    CHECK_STATUS(fbchat_session_upload(client, session, "x", 1, NULL, NULL), FBCHAT_ERR_NULL);
    CHECK_STATUS(fbchat_session_upload(client, session, "x", 0, "a", NULL), FBCHAT_ERR_ARGUMENT);
    CHECK_STATUS(fbchat_session_upload(client, session, "x", SIZE_MAX, "a", NULL), FBCHAT_ERR_ARGUMENT);
    CHECK_STATUS(fbchat_session_upload(client, session, "x", 1, BAD, NULL), FBCHAT_ERR_UTF8);
    CHECK_STATUS(fbchat_session_upload(client, session, "x", 1, "", NULL), FBCHAT_ERR_ARGUMENT);
    CHECK_STATUS(fbchat_session_upload(client, session, "x", 1, "a", NULL), FBCHAT_ERR_STATE);
    CHECK_STATUS(fbchat_session_upload_fd(NULL, session, 0, "a", NULL), FBCHAT_ERR_NULL);
    CHECK_STATUS(fbchat_session_upload_fd(client, session, 0, NULL, NULL), FBCHAT_ERR_NULL);
    CHECK_STATUS(fbchat_session_upload_fd(client, session, 0, "", NULL), FBCHAT_ERR_ARGUMENT);
    CHECK_STATUS(fbchat_session_upload_fd(client, session, -1, "a", NULL), FBCHAT_ERR_DESCRIPTOR);
    CHECK_STATUS(fbchat_session_upload_fd(client, session, INTPTR_MAX, "a", NULL), FBCHAT_ERR_DESCRIPTOR);
    CHECK_STATUS(fbchat_session_upload_fd(client, session, 0, "a", NULL), FBCHAT_ERR_STATE);
    CHECK_STATUS(fbchat_session_send_file(NULL, session, 1, FILE_ID, "", NULL), FBCHAT_ERR_NULL);
    CHECK_STATUS(fbchat_session_send_file(client, session, 0, FILE_ID, "", NULL), FBCHAT_ERR_ARGUMENT);
    CHECK_STATUS(fbchat_session_send_file(client, session, 1, NULL, "", NULL), FBCHAT_ERR_NULL);
    CHECK_STATUS(fbchat_session_send_file(client, session, 1, "../a", "", NULL), FBCHAT_ERR_ARGUMENT);
    CHECK_STATUS(fbchat_session_send_file(client, session, 1, FILE_ID, BAD, NULL), FBCHAT_ERR_UTF8);
    CHECK_STATUS(fbchat_session_send_file(client, session, 1, FILE_ID, NULL, NULL), FBCHAT_ERR_STATE);
    CHECK_STATUS(fbchat_session_download(NULL, session, FILE_ID, 0, 1, NULL), FBCHAT_ERR_NULL);
    CHECK_STATUS(fbchat_session_download(client, session, NULL, 0, 1, NULL), FBCHAT_ERR_NULL);
    CHECK_STATUS(fbchat_session_download(client, session, "", 0, 1, NULL), FBCHAT_ERR_ARGUMENT);
    CHECK_STATUS(fbchat_session_download(client, session, FILE_ID, 2, 1, NULL), FBCHAT_ERR_ARGUMENT);
    CHECK_STATUS(fbchat_session_download(client, session, FILE_ID, 0, 0, NULL), FBCHAT_ERR_ARGUMENT);
    CHECK_STATUS(fbchat_session_download(client, session, FILE_ID, 0, (8 << 20) + 1, NULL), FBCHAT_ERR_ARGUMENT);
    CHECK_STATUS(fbchat_session_download(client, session, FILE_ID, 0, 8 << 20, NULL), FBCHAT_ERR_STATE);
    CHECK_STATUS(fbchat_session_download_fd(NULL, session, FILE_ID, 1, NULL), FBCHAT_ERR_NULL);
    CHECK_STATUS(fbchat_session_download_fd(client, session, NULL, 1, NULL), FBCHAT_ERR_NULL);
    CHECK_STATUS(fbchat_session_download_fd(client, session, "/", 1, NULL), FBCHAT_ERR_ARGUMENT);
    CHECK_STATUS(fbchat_session_download_fd(client, session, FILE_ID, -2, NULL), FBCHAT_ERR_DESCRIPTOR);
    CHECK_STATUS(fbchat_session_download_fd(client, session, FILE_ID, 1, NULL), FBCHAT_ERR_STATE);
    CHECK_STATUS(fbchat_session_close(client, session), FBCHAT_OK);
}

static void people(fbchat_client *client)
{
    enum { LONG = 70000 };
    static char text[LONG + 1];
    fbchat_session session;
    fbchat_request request = 5;
    int gone;
    memset(text, 'x', LONG);
    CHECK_STATUS(fbchat_session_open(client, NULL, NULL, &session), FBCHAT_OK);

    CHECK_STATUS(fbchat_session_request_history(NULL, session, 1, 0, &request), FBCHAT_ERR_NULL);
    CHECK(request == 0);
    CHECK_STATUS(fbchat_session_request_history(client, session, 0, 0, NULL), FBCHAT_ERR_ARGUMENT);
    CHECK_STATUS(fbchat_session_request_history(client, session, 1, INT64_MIN, NULL), FBCHAT_ERR_ARGUMENT);
    CHECK_STATUS(fbchat_session_request_picture(NULL, session, 1, NULL), FBCHAT_ERR_NULL);
    CHECK_STATUS(fbchat_session_request_picture(client, session, 0, NULL), FBCHAT_ERR_ARGUMENT);
    CHECK_STATUS(fbchat_session_set_picture(NULL, session, "x", 1, NULL), FBCHAT_ERR_NULL);
    CHECK_STATUS(fbchat_session_set_picture(client, session, NULL, 1, NULL), FBCHAT_ERR_NULL);
    CHECK_STATUS(fbchat_session_set_picture(client, session, "", 0, NULL), FBCHAT_ERR_ARGUMENT);
    CHECK_STATUS(fbchat_session_set_picture(client, session, "x", SIZE_MAX, NULL), FBCHAT_ERR_ARGUMENT);
    CHECK_STATUS(fbchat_session_set_picture(client, session, "x", (8 << 20) + 1, NULL), FBCHAT_ERR_ARGUMENT);
    CHECK_STATUS(fbchat_session_request_profile(NULL, session, 1, NULL), FBCHAT_ERR_NULL);
    CHECK_STATUS(fbchat_session_request_profile(client, session, 0, NULL), FBCHAT_ERR_ARGUMENT);
    CHECK_STATUS(fbchat_session_request_search(NULL, session, "x", NULL), FBCHAT_ERR_NULL);
    CHECK_STATUS(fbchat_session_request_search(client, session, NULL, NULL), FBCHAT_ERR_NULL);
    CHECK_STATUS(fbchat_session_request_search(client, session, BAD, NULL), FBCHAT_ERR_UTF8);
    CHECK_STATUS(fbchat_session_request_search(client, session, "", NULL), FBCHAT_ERR_ARGUMENT);
    CHECK_STATUS(fbchat_session_request_search(client, session, text, NULL), FBCHAT_ERR_ARGUMENT);
    CHECK_STATUS(fbchat_session_change_friendship(NULL, session, 1, FBCHAT_FRIEND_REMOVE, NULL, NULL), FBCHAT_ERR_NULL);
    CHECK_STATUS(fbchat_session_change_friendship(client, session, 0, FBCHAT_FRIEND_REMOVE, NULL, NULL), FBCHAT_ERR_ARGUMENT);
    CHECK_STATUS(fbchat_session_change_friendship(client, session, 1, FBCHAT_FRIEND_REQUEST, BAD, NULL), FBCHAT_ERR_UTF8);
    CHECK_STATUS(fbchat_session_change_friendship(client, session, 1, FBCHAT_FRIEND_REQUEST, text, NULL), FBCHAT_ERR_ARGUMENT);
    CHECK_STATUS(fbchat_session_change_friendship(client, session, 1, FBCHAT_FRIEND_DECLINE, "x", NULL), FBCHAT_ERR_ARGUMENT);
    CHECK_STATUS(fbchat_session_change_friendship(client, session, 1, 5, NULL, NULL), FBCHAT_ERR_ARGUMENT);
    CHECK_STATUS(fbchat_session_change_friendship(client, session, 1, INT32_MIN, NULL, NULL), FBCHAT_ERR_ARGUMENT);
    CHECK_STATUS(fbchat_session_set_status_text(NULL, session, "x", NULL), FBCHAT_ERR_NULL);
    CHECK_STATUS(fbchat_session_set_status_text(client, session, BAD, NULL), FBCHAT_ERR_UTF8);
    CHECK_STATUS(fbchat_session_set_status_text(client, session, text, NULL), FBCHAT_ERR_ARGUMENT);
    CHECK_STATUS(fbchat_session_mark_read(NULL, session, 1), FBCHAT_ERR_NULL);
    CHECK_STATUS(fbchat_session_request_notifications(NULL, session, NULL), FBCHAT_ERR_NULL);
    CHECK_STATUS(fbchat_session_poke(NULL, session, 1, NULL), FBCHAT_ERR_NULL);
    CHECK_STATUS(fbchat_session_poke(client, session, 0, NULL), FBCHAT_ERR_ARGUMENT);
    CHECK_STATUS(fbchat_session_block(NULL, session, 1, 1, NULL), FBCHAT_ERR_NULL);
    CHECK_STATUS(fbchat_session_block(client, session, 0, 1, NULL), FBCHAT_ERR_ARGUMENT);
    CHECK_STATUS(fbchat_session_block(client, session, 1, 2, NULL), FBCHAT_ERR_ARGUMENT);
    CHECK_STATUS(fbchat_session_block(client, session, 1, -1, NULL), FBCHAT_ERR_ARGUMENT);
    CHECK_STATUS(fbchat_session_request_blocked(NULL, session, NULL), FBCHAT_ERR_NULL);
    CHECK_STATUS(fbchat_session_register(NULL, session, "a", "b", "c", NULL, NULL), FBCHAT_ERR_NULL);
    CHECK_STATUS(fbchat_session_register(client, session, NULL, "b", "c", NULL, NULL), FBCHAT_ERR_NULL);
    CHECK_STATUS(fbchat_session_register(client, session, "a", NULL, "c", NULL, NULL), FBCHAT_ERR_NULL);
    CHECK_STATUS(fbchat_session_register(client, session, "a", "b", NULL, NULL, NULL), FBCHAT_ERR_NULL);
    CHECK_STATUS(fbchat_session_register(client, session, BAD, "b", "c", NULL, NULL), FBCHAT_ERR_UTF8);
    CHECK_STATUS(fbchat_session_register(client, session, "a", BAD, "c", NULL, NULL), FBCHAT_ERR_UTF8);
    CHECK_STATUS(fbchat_session_register(client, session, "a", "b", BAD, NULL, NULL), FBCHAT_ERR_UTF8);
    CHECK_STATUS(fbchat_session_register(client, session, "a", "b", "c", BAD, NULL), FBCHAT_ERR_UTF8);
    CHECK_STATUS(fbchat_session_register(client, session, "", "b", "c", NULL, NULL), FBCHAT_ERR_ARGUMENT);
    CHECK_STATUS(fbchat_session_register(client, session, "a", text, "c", NULL, NULL), FBCHAT_ERR_ARGUMENT);
    CHECK_STATUS(fbchat_session_register(client, session, "a", "b", "", NULL, NULL), FBCHAT_ERR_ARGUMENT);
    CHECK_STATUS(fbchat_session_register(client, session, "a", "b", "c", "", NULL), FBCHAT_ERR_ARGUMENT);
    CHECK_STATUS(fbchat_session_set_password(NULL, session, "a", "b", NULL), FBCHAT_ERR_NULL);
    CHECK_STATUS(fbchat_session_set_password(client, session, NULL, "b", NULL), FBCHAT_ERR_NULL);
    CHECK_STATUS(fbchat_session_set_password(client, session, "a", NULL, NULL), FBCHAT_ERR_NULL);
    CHECK_STATUS(fbchat_session_set_password(client, session, BAD, "b", NULL), FBCHAT_ERR_UTF8);
    CHECK_STATUS(fbchat_session_set_password(client, session, "a", BAD, NULL), FBCHAT_ERR_UTF8);
    CHECK_STATUS(fbchat_session_set_password(client, session, "", "b", NULL), FBCHAT_ERR_ARGUMENT);
    CHECK_STATUS(fbchat_session_set_name(NULL, session, "x", NULL), FBCHAT_ERR_NULL);
    CHECK_STATUS(fbchat_session_set_name(client, session, NULL, NULL), FBCHAT_ERR_NULL);
    CHECK_STATUS(fbchat_session_set_name(client, session, BAD, NULL), FBCHAT_ERR_UTF8);
    CHECK_STATUS(fbchat_session_set_name(client, session, "", NULL), FBCHAT_ERR_ARGUMENT);
    CHECK_STATUS(fbchat_session_set_name(client, session, text, NULL), FBCHAT_ERR_ARGUMENT);

    /* Only the session is wrong: first it is not logged in, then it is gone. */
    for (gone = 0; gone < 2; gone++) {
        fbchat_status wanted = gone ? FBCHAT_ERR_NO_SESSION : FBCHAT_ERR_STATE;
        CHECK_STATUS(fbchat_session_request_history(client, session, 1, INT64_MAX, NULL), wanted);
        CHECK_STATUS(fbchat_session_request_picture(client, session, UINT64_MAX, NULL), wanted);
        CHECK_STATUS(fbchat_session_set_picture(client, session, "x", 1, NULL), wanted);
        CHECK_STATUS(fbchat_session_set_picture(client, session, NULL, 0, NULL), wanted);
        CHECK_STATUS(fbchat_session_request_profile(client, session, 1, NULL), wanted);
        CHECK_STATUS(fbchat_session_request_search(client, session, "x", NULL), wanted);
        CHECK_STATUS(fbchat_session_change_friendship(client, session, 1, FBCHAT_FRIEND_REQUEST, NULL, NULL), wanted);
        CHECK_STATUS(fbchat_session_set_status_text(client, session, NULL, NULL), wanted);
        CHECK_STATUS(fbchat_session_mark_read(client, session, 0), wanted);
        CHECK_STATUS(fbchat_session_request_notifications(client, session, NULL), wanted);
        CHECK_STATUS(fbchat_session_poke(client, session, 1, NULL), wanted);
        CHECK_STATUS(fbchat_session_block(client, session, 1, 1, NULL), wanted);
        CHECK_STATUS(fbchat_session_request_blocked(client, session, NULL), wanted);
        CHECK_STATUS(fbchat_session_set_password(client, session, "a", "b", NULL), wanted);
        CHECK_STATUS(fbchat_session_set_name(client, session, "x", NULL), wanted);
        if (gone)
            CHECK_STATUS(fbchat_session_register(client, session, "a", "b", "c", "d", NULL), wanted);
        else
            CHECK_STATUS(fbchat_session_close(client, session), FBCHAT_OK);
    }
}

/* Plain HTTP to another machine, unless it is allowed. */
static void insecure(fbchat_client *client)
{
    fbchat_config *config;
    fbchat_session session = 5;
    CHECK_STATUS(fbchat_config_new(&config), FBCHAT_OK);
    CHECK_STATUS(fbchat_config_set_str(config, FBCHAT_CONFIG_SERVER, "http://chat.example.org"), FBCHAT_OK);
    CHECK_STATUS(fbchat_session_open(client, config, NULL, &session), FBCHAT_ERR_INSECURE);
    CHECK(session == 0);
    CHECK_STATUS(fbchat_config_set_int(config, FBCHAT_CONFIG_ALLOW_INSECURE, 1), FBCHAT_OK);
    CHECK_STATUS(fbchat_session_open(client, config, NULL, &session), FBCHAT_OK);
    fbchat_config_free(config);
    CHECK_STATUS(fbchat_session_open(client, config, NULL, &session), FBCHAT_ERR_ARGUMENT);
}

static void foreign(fbchat_client *client)
{
    fbchat_client *other;
    fbchat_config *config;
    fbchat_session session;
    fbchat_event *event;
    CHECK_STATUS(fbchat_client_new(NULL, &other), FBCHAT_OK);
    CHECK_STATUS(fbchat_session_open(other, NULL, NULL, &session), FBCHAT_OK);
    CHECK_STATUS(fbchat_session_close(client, session), FBCHAT_ERR_NO_SESSION);
    CHECK_STATUS(fbchat_config_new(&config), FBCHAT_OK);
    CHECK_STATUS(fbchat_client_wake((fbchat_client *)config), FBCHAT_ERR_CLOSED);
    CHECK_STATUS(fbchat_config_set_int((fbchat_config *)client, FBCHAT_CONFIG_QUEUE_LIMIT, 200), FBCHAT_ERR_ARGUMENT);
    CHECK_STATUS(fbchat_client_wake((fbchat_client *)&session), FBCHAT_ERR_CLOSED);
    fbchat_config_free(config);
    fbchat_client_free(other);
    fbchat_client_free(other);
    CHECK_STATUS(fbchat_client_poll(other, -1, &event), FBCHAT_ERR_CLOSED);
    CHECK_STATUS(fbchat_session_open(other, NULL, NULL, &session), FBCHAT_ERR_CLOSED);
    CHECK(fbchat_client_fd(other) == -1);
}

/* In a child the parent's handles are refused, and its own work. */
static void forked(fbchat_client *client)
{
    int status;
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        fbchat_client *own;
        fbchat_event *event;
        fbchat_session session;
        CHECK_STATUS(fbchat_client_poll(client, -1, &event), FBCHAT_ERR_FORKED);
        CHECK_STATUS(fbchat_client_wake(client), FBCHAT_ERR_FORKED);
        CHECK_STATUS(fbchat_session_open(client, NULL, NULL, &session), FBCHAT_ERR_FORKED);
        fbchat_client_free(client);
        CHECK_STATUS(fbchat_client_new(NULL, &own), FBCHAT_OK);
        CHECK_STATUS(fbchat_client_poll(own, 1, &event), FBCHAT_NO_EVENT);
        fbchat_client_free(own);
        leave_child();
    }
    CHECK(waitpid(child, &status, 0) == child);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void *wait_without_limit(void *client)
{
    fbchat_event *event;
    static fbchat_status status;
    status = fbchat_client_poll(client, -1, &event);
    return &status;
}

int main(void)
{
    fbchat_client *client;
    pthread_t waiting;
    void *status;

    CHECK_STATUS(fbchat_client_new(NULL, &client), FBCHAT_OK);
    nulls(client);
    people(client);
    groups(client);
    files(client);
    insecure(client);
    foreign(client);
    forked(client);

    /* Freed while another thread polls. */
    CHECK(pthread_create(&waiting, NULL, wait_without_limit, client) == 0);
    fbchat_client_free(client);
    CHECK(pthread_join(waiting, &status) == 0);
    CHECK(*(fbchat_status *)status == FBCHAT_ERR_CLOSED);
    puts("all is well");
    return 0;
}
