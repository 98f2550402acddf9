/* Invalid handles: every call returns its status and a sentence, and nothing breaks. Needs no server. */
#include "calls.h"

/* Pointers that no function returned. */
static void random_pointers(void)
{
    static const uintptr_t numbers[] = {1, 8, 16 * 4096, 0xdeadbeef, UINTPTR_MAX, UINTPTR_MAX - 15, UINTPTR_MAX / 2};
    uint64_t random = 88172645463325252u;
    char here;
    size_t each;
    for (each = 0; each < sizeof numbers / sizeof numbers[0]; each++)
        every_call((fbchat_client *)numbers[each], 1, 0, FBCHAT_ERR_CLOSED, "freed, or never existed");
    for (each = 0; each < 1000; each++) {
        random ^= random << 13, random ^= random >> 7, random ^= random << 17;
        /* Smaller numbers could be live handles. */
        every_call((fbchat_client *)(uintptr_t)(random | UINT64_C(1) << 40), random, 0, FBCHAT_ERR_CLOSED, "freed, or never existed");
        fbchat_client_free((fbchat_client *)(uintptr_t)(random | UINT64_C(1) << 40));
        fbchat_config_free((fbchat_config *)(uintptr_t)(random | UINT64_C(1) << 40));
    }
    every_call((fbchat_client *)&here, 1, 0, FBCHAT_ERR_CLOSED, "freed, or never existed");
}

static void configurations(fbchat_client *client, fbchat_config *freed)
{
    fbchat_config *const none[] = {freed, (fbchat_config *)client, (fbchat_config *)1, (fbchat_config *)UINTPTR_MAX};
    size_t each;
    for (each = 0; each < sizeof none / sizeof none[0]; each++) {
        fbchat_client *made = client;
        fbchat_session session = 5;
        CHECK_STATUS(fbchat_config_set_str(none[each], FBCHAT_CONFIG_SERVER, "http://127.0.0.1"), FBCHAT_ERR_ARGUMENT);
        CHECK_STATUS(fbchat_config_set_int(none[each], FBCHAT_CONFIG_QUEUE_LIMIT, 200), FBCHAT_ERR_ARGUMENT);
        CHECK_STATUS(fbchat_config_set_log(none[each], FBCHAT_LOG_INFO, NULL, NULL), FBCHAT_ERR_ARGUMENT);
        CHECK_STATUS(fbchat_client_new(none[each], &made), FBCHAT_ERR_ARGUMENT);
        CHECK(made == NULL);
        CHECK_STATUS(fbchat_session_open(client, none[each], NULL, &session), FBCHAT_ERR_ARGUMENT);
        CHECK(session == 0);
        CHECK(strstr(fbchat_last_error(), "configuration") != NULL);
        if ((void *)none[each] != (void *)client)
            fbchat_config_free(none[each]);
    }
    /* Freeing with the wrong function does nothing. */
    fbchat_config_free((fbchat_config *)client);
    CHECK_STATUS(fbchat_client_wake(client), FBCHAT_OK);
}

int main(void)
{
    fbchat_client *client, *other;
    fbchat_config *config;
    fbchat_session stale, foreign;
    fbchat_event *event;
    int round;

    CHECK_STATUS(fbchat_client_new(NULL, &client), FBCHAT_OK);
    CHECK_STATUS(fbchat_client_new(NULL, &other), FBCHAT_OK);
    CHECK_STATUS(fbchat_session_open(other, NULL, NULL, &foreign), FBCHAT_OK);
    CHECK_STATUS(fbchat_session_open(client, NULL, NULL, &stale), FBCHAT_OK);
    CHECK_STATUS(fbchat_session_close(client, stale), FBCHAT_OK);

    every_call(NULL, stale, 0, FBCHAT_ERR_NULL, "client is NULL");
    every_call(client, stale, 1, FBCHAT_ERR_NO_SESSION, "session");
    every_call(client, foreign, 1, FBCHAT_ERR_NO_SESSION, "session");
    every_call(client, 0, 1, FBCHAT_ERR_NO_SESSION, "session");
    every_call(client, UINT64_MAX, 1, FBCHAT_ERR_NO_SESSION, "session");
    every_call(client, (fbchat_session)(uintptr_t)client, 1, FBCHAT_ERR_NO_SESSION, "session");

    CHECK_STATUS(fbchat_config_new(&config), FBCHAT_OK);
    every_call((fbchat_client *)config, stale, 0, FBCHAT_ERR_CLOSED, "freed, or never existed");
    fbchat_client_free((fbchat_client *)config);
    CHECK_STATUS(fbchat_config_set_int(config, FBCHAT_CONFIG_QUEUE_LIMIT, 200), FBCHAT_OK);
    for (round = 0; round < 3; round++)
        fbchat_config_free(config);
    configurations(client, config);
    random_pointers();

    for (round = 0; round < 3; round++)
        fbchat_client_free(other);
    every_call(other, foreign, 0, FBCHAT_ERR_CLOSED, "freed, or never existed");
    CHECK(fbchat_client_fd(other) == -1 && strstr(fbchat_last_error(), "freed, or never existed") != NULL);

    CHECK_STATUS(fbchat_client_wake(client), FBCHAT_OK);
    CHECK_STATUS(fbchat_client_poll(client, -1, &event), FBCHAT_WOKEN);
    CHECK_STATUS(fbchat_client_poll(client, 0, &event), FBCHAT_NO_EVENT);
    fbchat_client_free(client);
    puts("all is well");
    return 0;
}
