/* Values that are too large, too small or meaningless: strings of a megabyte, timeouts, numbers of keys, fields and items; and a
 * client that is freed while other threads wait in it. Needs no server. */
#include "online.h"
#include <pthread.h>

enum { MEGABYTE = 1000000, WAITERS = 4 };

static char *megabyte(const char *beginning)
{
    char *text = malloc(MEGABYTE + 1);
    CHECK(text != NULL);
    memset(text, 'x', MEGABYTE);
    text[MEGABYTE] = '\0';
    memcpy(text, beginning, strlen(beginning));
    return text;
}

static void strings(fbchat_client *client)
{
    char *text = megabyte(""), *address = megabyte("http://127.0.0.1/"), *name = megabyte("https://");
    fbchat_config *config;
    fbchat_session session;
    CHECK_STATUS(fbchat_config_new(&config), FBCHAT_OK);
    CHECK_STATUS(fbchat_config_set_str(config, FBCHAT_CONFIG_SERVER, text), FBCHAT_ERR_ARGUMENT);
    CHECK_STATUS(fbchat_config_set_str(config, FBCHAT_CONFIG_SERVER, address), FBCHAT_ERR_ARGUMENT);
    CHECK_STATUS(fbchat_config_set_str(config, FBCHAT_CONFIG_SERVER, name), FBCHAT_ERR_ARGUMENT);
    CHECK_STATUS(fbchat_config_set_str(config, FBCHAT_CONFIG_SERVER, ""), FBCHAT_ERR_ARGUMENT);
    CHECK(strlen(fbchat_last_error()) < 1000);
    fbchat_config_free(config);
    CHECK(fbchat_has_feature(text) == 0);

    CHECK_STATUS(fbchat_session_open(client, NULL, NULL, &session), FBCHAT_OK);
    CHECK_STATUS(fbchat_session_login(client, session, text, "demo", NULL), FBCHAT_ERR_ARGUMENT);
    CHECK_STATUS(fbchat_session_login(client, session, "alice@example.org", text, NULL), FBCHAT_ERR_ARGUMENT);
    CHECK(strstr(fbchat_last_error(), "1024") != NULL);
    CHECK_STATUS(fbchat_session_send(client, session, 1, text, NULL), FBCHAT_ERR_STATE);
    /* Cut off in the middle of a character, at the very end. */
    text[MEGABYTE - 1] = '\xe4';
    CHECK_STATUS(fbchat_session_send(client, session, 1, text, NULL), FBCHAT_ERR_UTF8);
    CHECK_STATUS(fbchat_session_send(client, session, UINT64_MAX, "hello", NULL), FBCHAT_ERR_STATE);
    CHECK_STATUS(fbchat_session_close(client, session), FBCHAT_OK);
    free(text);
    free(address);
    free(name);
}

static void numbers(fbchat_client *client)
{
    static const int64_t values[] = {INT64_MIN, -1, 0, 99, 1000001, INT64_MAX};
    static const int32_t keys[] = {INT32_MIN, -1, 0, 12345, INT32_MAX};
    fbchat_config *config;
    fbchat_session session;
    size_t each;
    CHECK_STATUS(fbchat_config_new(&config), FBCHAT_OK);
    for (each = 0; each < sizeof values / sizeof values[0]; each++) {
        CHECK_STATUS(fbchat_config_set_int(config, FBCHAT_CONFIG_QUEUE_LIMIT, values[each]), FBCHAT_ERR_ARGUMENT);
        CHECK(strstr(fbchat_last_error(), "1000000") != NULL);
    }
    CHECK_STATUS(fbchat_config_set_int(config, FBCHAT_CONFIG_ALLOW_INSECURE, 2), FBCHAT_ERR_ARGUMENT);
    CHECK_STATUS(fbchat_config_set_log(config, FBCHAT_LOG_TRACE + 1, NULL, NULL), FBCHAT_ERR_ARGUMENT);
    CHECK_STATUS(fbchat_config_set_log(config, INT32_MIN, NULL, NULL), FBCHAT_ERR_ARGUMENT);
    for (each = 0; each < sizeof keys / sizeof keys[0]; each++) {
        CHECK_STATUS(fbchat_config_set_int(config, keys[each], 1), FBCHAT_ERR_KEY);
        CHECK_STATUS(fbchat_config_set_str(config, keys[each], "x"), FBCHAT_ERR_KEY);
        CHECK(fbchat_status_name(keys[each]) != NULL);
    }
    fbchat_config_free(config);
    CHECK_STATUS(fbchat_session_open(client, NULL, NULL, &session), FBCHAT_OK);
    for (each = 0; each < sizeof keys / sizeof keys[0]; each++)
        if (keys[each] != 0) {
            CHECK_STATUS(fbchat_session_set_presence(client, session, keys[each]), FBCHAT_ERR_ARGUMENT);
            CHECK_STATUS(fbchat_session_set_typing(client, session, 1, keys[each]), FBCHAT_ERR_ARGUMENT);
        }
    CHECK_STATUS(fbchat_session_set_typing(client, session, 0, 1), FBCHAT_ERR_ARGUMENT);
    CHECK_STATUS(fbchat_session_close(client, session), FBCHAT_OK);
}

static void fields(fbchat_client *client)
{
    static const int32_t none[] = {INT32_MIN, -1, 0, 12345, INT32_MAX};
    fbchat_session session;
    fbchat_event *event;
    int64_t value = 7;
    size_t len, each;
    /* Any event will do, and every login causes one. */
    CHECK_STATUS(fbchat_session_open(client, NULL, &value, &session), FBCHAT_OK);
    CHECK_STATUS(fbchat_session_login(client, session, "alice@example.org", "demo", NULL), FBCHAT_OK);
    CHECK_STATUS(fbchat_client_poll(client, PATIENCE_MS, &event), FBCHAT_OK);
    CHECK(fbchat_event_session(event) == session && fbchat_event_user_data(event) == &value);
    CHECK(fbchat_event_kind(event) == FBCHAT_EVENT_CONNECTION && fbchat_event_count(event) == 1);
    CHECK(fbchat_event_request(event) == 0 && fbchat_event_status(event) == FBCHAT_OK);
    for (each = 0; each < sizeof none / sizeof none[0]; each++) {
        CHECK_STATUS(fbchat_event_int(event, 0, none[each], &value), FBCHAT_ERR_KEY);
        CHECK(fbchat_event_uid(event, 0, none[each]) == 0 && fbchat_last_error()[0] != '\0');
        CHECK(fbchat_event_str(event, 0, none[each], &len) == NULL && len == 0 && fbchat_last_error()[0] != '\0');
        CHECK(fbchat_event_bytes(event, 0, none[each], &len) == NULL && len == 0 && fbchat_last_error()[0] != '\0');
    }
    CHECK_STATUS(fbchat_event_int(event, 1, FBCHAT_FIELD_CONNECTION, &value), FBCHAT_ERR_ARGUMENT);
    CHECK_STATUS(fbchat_event_int(event, SIZE_MAX, FBCHAT_FIELD_CONNECTION, &value), FBCHAT_ERR_ARGUMENT);
    CHECK_STATUS(fbchat_event_int(event, 0, FBCHAT_FIELD_CONNECTION, NULL), FBCHAT_ERR_NULL);
    CHECK_STATUS(fbchat_event_int(event, 0, FBCHAT_FIELD_TEXT, &value), FBCHAT_ERR_KEY);
    CHECK(fbchat_event_str(event, SIZE_MAX, FBCHAT_FIELD_TEXT, NULL) == NULL);
    CHECK(fbchat_event_bytes(event, SIZE_MAX, FBCHAT_FIELD_TEXT, NULL) == NULL);
    fbchat_event_free(event);
    CHECK_STATUS(fbchat_session_close(client, session), FBCHAT_OK);
}

static void requests_and_states(fbchat_client *client)
{
    char *state = megabyte("");
    fbchat_session session;
    fbchat_request request = 5;
    fbchat_event *event;
    CHECK_STATUS(fbchat_session_open(client, NULL, NULL, &session), FBCHAT_OK);
    CHECK_STATUS(fbchat_session_resume(client, session, NULL, 4, &request), FBCHAT_ERR_NULL);
    CHECK_STATUS(fbchat_session_resume(client, session, "none", 4, &request), FBCHAT_ERR_ARGUMENT);
    CHECK_STATUS(fbchat_session_resume(client, session, state, MEGABYTE, &request), FBCHAT_ERR_ARGUMENT);
    CHECK(request == 0);
    CHECK_STATUS(fbchat_session_close(client, session), FBCHAT_OK);
    CHECK_STATUS(fbchat_request_wait(NULL, 1, 0, &event), FBCHAT_ERR_NULL);
    CHECK_STATUS(fbchat_request_wait(client, 1, 0, NULL), FBCHAT_ERR_NULL);
    CHECK_STATUS(fbchat_request_wait(client, 1, -2, &event), FBCHAT_ERR_ARGUMENT);
    CHECK_STATUS(fbchat_request_cancel(NULL, 1), FBCHAT_ERR_NULL);
    free(state);
}

static fbchat_client *shared;
static int waiting;

/* Keeps polling, as a program may, until the client is gone. */
static void *wait_in(void *timeout)
{
    fbchat_status status;
    do {
        fbchat_event *event;
        __atomic_add_fetch(&waiting, 1, __ATOMIC_SEQ_CST);
        status = fbchat_client_poll(shared, *(int32_t *)timeout, &event);
        CHECK(event == NULL);
        CHECK(status == FBCHAT_WOKEN || status == FBCHAT_NO_EVENT || status == FBCHAT_ERR_CLOSED);
    } while (status != FBCHAT_ERR_CLOSED);
    CHECK(fbchat_last_error()[0] != '\0');
    return NULL;
}

static void freed_while_others_wait(void)
{
    static int32_t timeouts[WAITERS] = {-1, INT32_MAX, 1, 0};
    pthread_t threads[WAITERS];
    int each;
    CHECK_STATUS(fbchat_client_new(NULL, &shared), FBCHAT_OK);
    for (each = 0; each < WAITERS; each++)
        CHECK(pthread_create(&threads[each], NULL, wait_in, &timeouts[each]) == 0);
    while (__atomic_load_n(&waiting, __ATOMIC_SEQ_CST) < WAITERS)
        breathe();
    CHECK_STATUS(fbchat_client_wake(shared), FBCHAT_OK);
    fbchat_client_free(shared);
    for (each = 0; each < WAITERS; each++)
        CHECK(pthread_join(threads[each], NULL) == 0);
}

static void timeouts(fbchat_client *client)
{
    static const int32_t negative[] = {-2, -1000, INT32_MIN, INT32_MIN + 1};
    fbchat_event *event;
    size_t each;
    for (each = 0; each < sizeof negative / sizeof negative[0]; each++) {
        CHECK_STATUS(fbchat_client_poll(client, negative[each], &event), FBCHAT_ERR_ARGUMENT);
        CHECK(strstr(fbchat_last_error(), "timeout") != NULL);
    }
    CHECK_STATUS(fbchat_client_wake(client), FBCHAT_OK);
    CHECK_STATUS(fbchat_client_poll(client, INT32_MAX, &event), FBCHAT_WOKEN);
}

int main(void)
{
    fbchat_client *client;
    CHECK(strcmp(fbchat_version(), "") != 0 && fbchat_abi_version() == FBCHAT_ABI_VERSION);
    /* No server listens here. */
    client = start("http://127.0.0.1:9");
    strings(client);
    numbers(client);
    fields(client);
    timeouts(client);
    requests_and_states(client);
    CHECK(fbchat_client_fd(client) >= 0);
    fbchat_client_free(client);
    freed_while_others_wait();
    puts("all is well");
    return 0;
}
