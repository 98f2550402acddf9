/* A fork in the middle of a chat: the child's calls with its parent's handles are refused, it can chat with a client of its
 * own, and the parent is not affected.
 * usage: forked URL */
#include "calls.h"
#include "online.h"
#include <poll.h>
#include <pthread.h>
#include <sys/wait.h>

static int done;

/* Another thread is in a call whenever the fork happens, perhaps with a lock held. */
static void *caller(void *client)
{
    while (!__atomic_load_n(&done, __ATOMIC_SEQ_CST)) {
        fbchat_session session;
        CHECK_STATUS(fbchat_session_open(client, NULL, NULL, &session), FBCHAT_OK);
        CHECK_STATUS(fbchat_session_close(client, session), FBCHAT_OK);
    }
    return NULL;
}

static void in_child(fbchat_client *client, fbchat_config *config, fbchat_session session, const char *server)
{
    fbchat_client *own = client;
    fbchat_session none = session;
    fbchat_uid uid;
    CHECK(strcmp(fbchat_last_error(), "") == 0);
    every_call(client, session, 0, FBCHAT_ERR_FORKED, "forked");
    CHECK(fbchat_client_fd(client) == -1 && strstr(fbchat_last_error(), "forked") != NULL);
    CHECK_STATUS(fbchat_config_set_str(config, FBCHAT_CONFIG_SERVER, server), FBCHAT_ERR_FORKED);
    CHECK_STATUS(fbchat_config_set_int(config, FBCHAT_CONFIG_QUEUE_LIMIT, 200), FBCHAT_ERR_FORKED);
    CHECK_STATUS(fbchat_config_set_log(config, FBCHAT_LOG_INFO, NULL, NULL), FBCHAT_ERR_FORKED);
    CHECK_STATUS(fbchat_client_new(config, &own), FBCHAT_ERR_FORKED);
    CHECK(own == NULL);
    /* Freeing does nothing, in particular to the parent's descriptors. */
    fbchat_config_free(config);
    fbchat_client_free(client);

    own = start(server);
    CHECK_STATUS(fbchat_session_open(own, config, NULL, &none), FBCHAT_ERR_FORKED);
    CHECK(none == 0);
    every_call(client, session, 0, FBCHAT_ERR_FORKED, "forked");
    every_call(own, session, 1, FBCHAT_ERR_NO_SESSION, "session");
    none = log_in(own, "bob@example.org", &uid);
    message_passes(own, none, uid);
    fbchat_client_free(own);
}

int main(int argc, char **argv)
{
    fbchat_client *client;
    fbchat_config *config;
    fbchat_session alice;
    fbchat_uid uid;
    pthread_t thread;
    int status, round;

    CHECK(argc == 2);
    CHECK_STATUS(fbchat_config_new(&config), FBCHAT_OK);
    client = start(argv[1]);
    alice = log_in(client, "alice@example.org", &uid);
    CHECK(pthread_create(&thread, NULL, caller, client) == 0);
    for (round = 0; round < 3; round++) {
        pid_t child;
        CHECK_STATUS(fbchat_session_set_presence(client, alice, FBCHAT_PRESENCE_ACTIVE), FBCHAT_OK);
        child = fork();
        CHECK(child >= 0);
        if (child == 0) {
            in_child(client, config, alice, argv[1]);
            leave_child();
        }
        CHECK(waitpid(child, &status, 0) == child);
        CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
        message_passes(client, alice, uid);
    }
    __atomic_store_n(&done, 1, __ATOMIC_SEQ_CST);
    CHECK(pthread_join(thread, NULL) == 0);
    CHECK_STATUS(fbchat_config_set_int(config, FBCHAT_CONFIG_QUEUE_LIMIT, 200), FBCHAT_OK);
    fbchat_config_free(config);
    fbchat_client_free(client);
    puts("all is well");
    return 0;
}
