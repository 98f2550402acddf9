/* Eight threads use one client at once, against a real server: they send, poll, open and close sessions, wake, type. Mainly
 * for the race checkers; by itself it checks that each message arrives once and each request is answered once.
 * usage: eight_threads URL */
#include "online.h"
#include <poll.h>
#include <pthread.h>

enum { MESSAGES = 60, VISITS = 12, WAKES = 300, WORDS = 60, GLANCES = 60 };

/* Fields that threads share are accessed only through these. */
#define READ(place) __atomic_load_n(&(place), __ATOMIC_SEQ_CST)
#define COUNT(place) __atomic_add_fetch(&(place), 1, __ATOMIC_SEQ_CST)

struct resident {
    const char *email;
    fbchat_session session;
    fbchat_uid uid;
    int online, accepted, answered, received;
};

static fbchat_client *client;
static struct resident residents[] = {{"alice@example.org", 0, 0, 0, 0, 0, 0}, {"bob@example.org", 0, 0, 0, 0, 0, 0}};
static int visits_over, done, gone;

static void note(const fbchat_event *event)
{
    struct resident *resident = fbchat_event_user_data(event);
    fbchat_kind kind = fbchat_event_kind(event);
    int64_t number;
    if (resident == NULL) {
        if (kind == FBCHAT_EVENT_CLOSED)
            COUNT(visits_over);
        return;
    }
    CHECK(kind != FBCHAT_EVENT_CLOSED && kind != FBCHAT_EVENT_LOGIN_FAILED);
    if (kind == FBCHAT_EVENT_LOGGED_IN) {
        __atomic_store_n(&resident->uid, fbchat_event_uid(event, 0, FBCHAT_FIELD_UID), __ATOMIC_SEQ_CST);
    } else if (kind == FBCHAT_EVENT_CONNECTION) {
        CHECK_STATUS(fbchat_event_int(event, 0, FBCHAT_FIELD_CONNECTION, &number), FBCHAT_OK);
        __atomic_store_n(&resident->online, number == FBCHAT_CONNECTION_CONNECTED, __ATOMIC_SEQ_CST);
    } else if (kind == FBCHAT_EVENT_SENT) {
        COUNT(resident->answered);
    } else if (kind == FBCHAT_EVENT_MESSAGE) {
        CHECK(strcmp(fbchat_event_str(event, 0, FBCHAT_FIELD_TEXT, NULL), "hello") == 0);
        CHECK_STATUS(fbchat_event_int(event, 0, FBCHAT_FIELD_FLAGS, &number), FBCHAT_OK);
        if ((number & FBCHAT_MESSAGE_OWN) == 0)
            COUNT(resident->received);
    }
    CHECK(kind != FBCHAT_EVENT_FAILED);
}

/* Takes one event; says whether there may be more. */
static int take(int32_t timeout_ms)
{
    fbchat_event *event;
    fbchat_status status = fbchat_client_poll(client, timeout_ms, &event);
    CHECK(status >= 0 && (status == FBCHAT_OK) == (event != NULL));
    if (event != NULL)
        note(event);
    fbchat_event_free(event);
    return status != FBCHAT_NO_EVENT;
}

static void *waiter(void *unused)
{
    while (!READ(done))
        CHECK(take(PATIENCE_MS));
    COUNT(gone);
    return unused;
}

/* As a main loop does it. Other threads take events too, so there may be none left. */
static void *watcher(void *unused)
{
    while (!READ(done)) {
        struct pollfd watched = {fbchat_client_fd(client), POLLIN, 0};
        CHECK(poll(&watched, 1, PATIENCE_MS) == 1);
        while (take(0))
            ;
    }
    COUNT(gone);
    return unused;
}

static void *sender(void *argument)
{
    struct resident *from = argument, *to = from == residents ? residents + 1 : residents;
    while (from->accepted < MESSAGES) {
        fbchat_request request;
        fbchat_status status = fbchat_session_send(client, from->session, READ(to->uid), "hello", &request);
        CHECK(status == FBCHAT_OK || status == FBCHAT_ERR_QUEUE_FULL);
        if (status == FBCHAT_OK)
            from->accepted++;
        else
            breathe();
    }
    return NULL;
}

/* Opens and closes: before the login was sent, in the middle of it, and after a logout. */
static void *visitor(void *unused)
{
    int round;
    for (round = 0; round < VISITS; round++) {
        fbchat_session session;
        int over = READ(visits_over);
        CHECK_STATUS(fbchat_session_open(client, NULL, NULL, &session), FBCHAT_OK);
        CHECK_STATUS(fbchat_session_login(client, session, residents[round % 2].email, "demo", NULL), FBCHAT_OK);
        if (round % 3 == 1)
            breathe();
        if (round % 3 == 2) {
            CHECK_STATUS(fbchat_session_logout(client, session, NULL), FBCHAT_OK);
            while (READ(visits_over) == over)
                breathe();
        }
        CHECK_STATUS(fbchat_session_close(client, session), round % 3 == 2 ? FBCHAT_ERR_NO_SESSION : FBCHAT_OK);
    }
    return unused;
}

static void *waker(void *unused)
{
    int round;
    for (round = 0; round < WAKES; round++)
        CHECK_STATUS(fbchat_client_wake(client), FBCHAT_OK);
    return unused;
}

static void *typist(void *unused)
{
    int round;
    for (round = 0; round < WORDS; round++) {
        fbchat_status status = fbchat_session_set_typing(client, residents[0].session, READ(residents[1].uid), round % 2);
        CHECK(status == FBCHAT_OK || status == FBCHAT_ERR_QUEUE_FULL);
        breathe();
    }
    return unused;
}

static void *onlooker(void *unused)
{
    int round;
    for (round = 0; round < GLANCES; round++) {
        fbchat_event *list;
        fbchat_config *config;
        fbchat_session session;
        size_t item;
        CHECK_STATUS(fbchat_session_get_buddy_list(client, residents[1].session, &list), FBCHAT_OK);
        for (item = 0; item < fbchat_event_count(list); item++)
            CHECK(fbchat_event_str(list, item, FBCHAT_FIELD_NAME, NULL)[0] != '\0');
        fbchat_event_free(list);
        CHECK_STATUS(fbchat_config_new(&config), FBCHAT_OK);
        CHECK_STATUS(fbchat_session_open(client, config, NULL, &session), FBCHAT_OK);
        fbchat_config_free(config);
        CHECK_STATUS(fbchat_session_set_presence(client, session, FBCHAT_PRESENCE_IDLE), FBCHAT_OK);
        CHECK_STATUS(fbchat_session_close(client, session), FBCHAT_OK);
    }
    return unused;
}

static int all_arrived(void)
{
    size_t each;
    for (each = 0; each < 2; each++)
        if (READ(residents[each].answered) < MESSAGES || READ(residents[each].received) < MESSAGES)
            return 0;
    return 1;
}

int main(int argc, char **argv)
{
    static void *(*const work[])(void *) = {waiter, watcher, sender, sender, visitor, waker, typist, onlooker};
    pthread_t threads[8];
    size_t each;

    CHECK(argc == 2);
    client = start(argv[1]);
    for (each = 0; each < 2; each++) {
        struct resident *resident = &residents[each];
        CHECK_STATUS(fbchat_session_open(client, NULL, resident, &resident->session), FBCHAT_OK);
        CHECK_STATUS(fbchat_session_login(client, resident->session, resident->email, "demo", NULL), FBCHAT_OK);
    }
    while (!residents[0].online || !residents[1].online)
        CHECK(take(PATIENCE_MS));

    for (each = 0; each < 8; each++)
        CHECK(pthread_create(&threads[each], NULL, work[each], &residents[each % 2]) == 0);
    for (each = 2; each < 8; each++)
        CHECK(pthread_join(threads[each], NULL) == 0);
    while (!all_arrived())
        breathe();
    __atomic_store_n(&done, 1, __ATOMIC_SEQ_CST);
    /* One wake ends one poll, and either may get it. */
    while (READ(gone) < 2) {
        CHECK_STATUS(fbchat_client_wake(client), FBCHAT_OK);
        breathe();
    }
    for (each = 0; each < 2; each++)
        CHECK(pthread_join(threads[each], NULL) == 0);
    for (each = 0; each < 2; each++)
        CHECK(residents[each].answered == MESSAGES && residents[each].received == MESSAGES);
    fbchat_client_free(client);
    puts("all is well");
    return 0;
}
