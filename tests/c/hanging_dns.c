/* A name server that does not answer: the client is freed in time all the same, and the lookup thread ends when it can. The
 * program's own getaddrinfo simulates it. */
#include "online.h"
#include <dirent.h>
#include <netdb.h>

static int asked, answer;

int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **found)
{
    (void)node, (void)service, (void)hints, (void)found;
    __atomic_store_n(&asked, 1, __ATOMIC_SEQ_CST);
    while (!__atomic_load_n(&answer, __ATOMIC_SEQ_CST))
        breathe();
    return EAI_AGAIN;
}

static int threads(void)
{
    int count = 0;
    DIR *tasks = opendir("/proc/self/task");
    CHECK(tasks != NULL);
    while (readdir(tasks) != NULL)
        count++;
    CHECK(closedir(tasks) == 0);
    return count;
}

int main(void)
{
    fbchat_client *client;
    fbchat_session session;
    int before = threads();
    double start_of_free;

    client = start("https://chat.example.org");
    CHECK_STATUS(fbchat_session_open(client, NULL, NULL, &session), FBCHAT_OK);
    CHECK_STATUS(fbchat_session_login(client, session, "alice@example.org", "demo", NULL), FBCHAT_OK);
    while (!__atomic_load_n(&asked, __ATOMIC_SEQ_CST))
        breathe();
    start_of_free = now();
    fbchat_client_free(client);
    printf("freed in %.0f ms while a name lookup hangs (250 are promised)\n", (now() - start_of_free) * 1000);
    CHECK(now() - start_of_free < HANG_S);
    __atomic_store_n(&answer, 1, __ATOMIC_SEQ_CST);
    while (threads() > before)
        breathe();
    puts("all is well");
    return 0;
}
