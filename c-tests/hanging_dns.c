/* A name server that does not answer: the client must go all the same. The program's own getaddrinfo plays it. */
#include "check.h"
#include <netdb.h>
#include <time.h>
#include <unistd.h>

static int asked;

int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **found)
{
    (void)node, (void)service, (void)hints, (void)found;
    __atomic_store_n(&asked, 1, __ATOMIC_SEQ_CST);
    sleep(60);
    return EAI_AGAIN;
}

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

int main(void)
{
    fbchat_config *config;
    fbchat_client *client;
    fbchat_session session;
    double start;

    CHECK_STATUS(fbchat_config_new(&config), FBCHAT_OK);
    CHECK_STATUS(fbchat_config_set_str(config, FBCHAT_CONFIG_SERVER, "https://chat.example.org"), FBCHAT_OK);
    CHECK_STATUS(fbchat_client_new(config, &client), FBCHAT_OK);
    fbchat_config_free(config);
    CHECK_STATUS(fbchat_session_open(client, NULL, NULL, &session), FBCHAT_OK);
    CHECK_STATUS(fbchat_session_login(client, session, "alice@example.org", "demo", NULL), FBCHAT_OK);
    while (!__atomic_load_n(&asked, __ATOMIC_SEQ_CST))
        nanosleep(&(struct timespec){0, 1000000}, NULL);
    start = now();
    fbchat_client_free(client);
    printf("freed in %.0f ms\n", (now() - start) * 1000);
    /* 250 ms are promised; a loaded test machine gets four times as much. */
    CHECK(now() - start < 1.0);
    puts("all is well");
    return 0;
}
