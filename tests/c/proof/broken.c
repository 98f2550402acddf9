/* Breaks a rule of the header on purpose, to prove that the checkers of tools/sanitize.sh work.
 * usage: broken use-after-free | leak | race */
#include "../check.h"
#include <pthread.h>

static fbchat_client *client;

/* Any event will do. Every login causes one, even without a server. */
static fbchat_event *some_event(void)
{
    fbchat_session session;
    fbchat_event *event;
    CHECK_STATUS(fbchat_session_open(client, NULL, NULL, &session), FBCHAT_OK);
    CHECK_STATUS(fbchat_session_login(client, session, "alice@example.org", "demo", NULL), FBCHAT_OK);
    CHECK_STATUS(fbchat_client_poll(client, 60000, &event), FBCHAT_OK);
    return event;
}

/* Two threads write to one place, and count without a lock. */
static void *open_into(void *place)
{
    static int opened;
    opened++;
    CHECK_STATUS(fbchat_session_open(client, NULL, NULL, place), FBCHAT_OK);
    return NULL;
}

static void race(void)
{
    static fbchat_session place;
    pthread_t threads[2];
    int each;
    for (each = 0; each < 2; each++)
        CHECK(pthread_create(&threads[each], NULL, open_into, &place) == 0);
    for (each = 0; each < 2; each++)
        CHECK(pthread_join(threads[each], NULL) == 0);
}

int main(int argc, char **argv)
{
    fbchat_event *event;
    CHECK(argc == 2);
    CHECK_STATUS(fbchat_client_new(NULL, &client), FBCHAT_OK);
    event = some_event();
    if (strcmp(argv[1], "leak") != 0)
        fbchat_event_free(event);
    if (strcmp(argv[1], "use-after-free") == 0)
        printf("%d\n", (int)fbchat_event_kind(event));
    event = NULL;
    if (strcmp(argv[1], "race") == 0)
        race();
    fbchat_client_free(client);
    return 0;
}
