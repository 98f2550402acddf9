/* A system that starts no more threads for a while: the library says so, not something else, and goes on by itself afterwards.
 * To be run by a user for whom the limit holds and who has no other processes. */
#define _DEFAULT_SOURCE
#include "../online.h"
#include <sys/resource.h>

static void threads_can_start(int yes)
{
    struct rlimit limit;
    CHECK(getrlimit(RLIMIT_NPROC, &limit) == 0);
    limit.rlim_cur = yes ? limit.rlim_max : 1;
    CHECK(setrlimit(RLIMIT_NPROC, &limit) == 0);
}

int main(void)
{
    fbchat_client *client = NULL;
    fbchat_event *event;
    fbchat_session session;
    int64_t state;

    threads_can_start(0);
    CHECK_STATUS(fbchat_client_new(NULL, &client), FBCHAT_ERR_RESOURCES);
    CHECK(client == NULL);
    CHECK(strstr(fbchat_last_error(), "start a thread") != NULL);
    threads_can_start(1);

    /* The name is looked up on a thread. */
    client = start("https://no-such-host.invalid");
    threads_can_start(0);
    CHECK_STATUS(fbchat_session_open(client, NULL, NULL, &session), FBCHAT_OK);
    CHECK_STATUS(fbchat_session_login(client, session, "alice@example.org", "demo", NULL), FBCHAT_OK);
    do {
        event = await(client, session, FBCHAT_EVENT_CONNECTION);
        CHECK_STATUS(fbchat_event_int(event, 0, FBCHAT_FIELD_CONNECTION, &state), FBCHAT_OK);
        if (state == FBCHAT_CONNECTION_WAITING) {
            const char *reason = fbchat_event_str(event, 0, FBCHAT_FIELD_REASON, NULL);
            CHECK(fbchat_event_status(event) == FBCHAT_ERR_RESOURCES);
            CHECK(strstr(reason, "start a thread") != NULL);
        }
        fbchat_event_free(event);
    } while (state != FBCHAT_CONNECTION_WAITING);
    threads_can_start(1);
    event = await(client, session, FBCHAT_EVENT_LOGIN_FAILED);
    CHECK(fbchat_event_status(event) == FBCHAT_ERR_DNS);
    fbchat_event_free(event);
    fbchat_client_free(client);
    puts("all is well");
    return 0;
}
