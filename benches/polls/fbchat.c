/* The library through its C API, as a gateway uses it: sleeps on the descriptor, takes all events, reads of each message who has sent
 * what, and when. usage: fbchat PORT SESSIONS ANSWERS MESSAGES PAUSE_US [IDLE_S]; also prints the milliseconds of fbchat_client_free,
 * and with IDLE_S those of CPU time in so many seconds in which all sessions wait */
#include "measure.h"
#include <fbchat.h>
#include <poll.h>
#include <string.h>

/* Takes what comes for some seconds, as a program does that has nothing else to do. */
static void idle(fbchat_client *client, double seconds)
{
    struct pollfd waiting = {.fd = fbchat_client_fd(client), .events = POLLIN};
    double end = measure_clock(CLOCK_MONOTONIC) + seconds * 1e6, left;

    while ((left = end - measure_clock(CLOCK_MONOTONIC)) > 0) {
        fbchat_event *event;
        if (poll(&waiting, 1, (int)(left / 1e3) + 1) < 1)
            continue;
        while (fbchat_client_poll(client, 0, &event) == FBCHAT_OK)
            fbchat_event_free(event);
    }
}

int main(int argc, char **argv)
{
    char server[64];
    fbchat_config *config;
    fbchat_client *client;
    long sessions, answers, messages, taken = 0, opened = 0, connected = 0;
    int timed;
    struct pollfd waiting;
    double start, idle_ms = 0;

    if (argc != 6 && argc != 7)
        return 2;
    snprintf(server, sizeof server, "http://127.0.0.1:%s", argv[1]);
    sessions = atol(argv[2]);
    answers = atol(argv[3]);
    messages = sessions * answers * atol(argv[4]);
    timed = atoi(argv[5]) > 0;
    fbchat_config_new(&config);
    fbchat_config_set_str(config, FBCHAT_CONFIG_SERVER, server);
    if (fbchat_client_new(config, &client) != FBCHAT_OK)
        return fprintf(stderr, "%s\n", fbchat_last_error()), 1;
    waiting.fd = fbchat_client_fd(client);
    waiting.events = POLLIN;
    while (taken < messages || connected < sessions) {
        fbchat_event *event;
        /* Concurrent logins, as in a gateway. */
        while (opened < sessions && opened < connected + 64) {
            fbchat_session session;
            char email[64];
            snprintf(email, sizeof email, "user%ld@example.org", ++opened);
            if (fbchat_session_open(client, NULL, NULL, &session) != FBCHAT_OK ||
                fbchat_session_login(client, session, email, "demo", NULL) != FBCHAT_OK)
                return fprintf(stderr, "%s\n", fbchat_last_error()), 1;
        }
        if (poll(&waiting, 1, 60000) != 1)
            return fprintf(stderr, "nothing happens\n"), 1;
        while (fbchat_client_poll(client, 0, &event) == FBCHAT_OK) {
            if (fbchat_event_kind(event) == FBCHAT_EVENT_MESSAGE) {
                int64_t time;
                const char *text = fbchat_event_str(event, 0, FBCHAT_FIELD_TEXT, NULL);
                if (text == NULL || fbchat_event_uid(event, 0, FBCHAT_FIELD_FROM) != 100002 ||
                    fbchat_event_int(event, 0, FBCHAT_FIELD_TIME_MS, &time) != FBCHAT_OK)
                    return 1;
                measure_message(text, timed);
                taken++;
            } else if (fbchat_event_kind(event) == FBCHAT_EVENT_CONNECTION) {
                int64_t state;
                fbchat_event_int(event, 0, FBCHAT_FIELD_CONNECTION, &state);
                connected += state == FBCHAT_CONNECTION_CONNECTED;
            } else if (fbchat_event_kind(event) == FBCHAT_EVENT_LOGIN_FAILED) {
                return fprintf(stderr, "%s\n", fbchat_event_str(event, 0, FBCHAT_FIELD_REASON, NULL)), 1;
            }
            fbchat_event_free(event);
        }
    }
    measure_print(sessions * (answers ? answers : 1));
    if (argc > 6) {
        /* Until the last logins have settled. */
        idle(client, 5);
        start = measure_clock(CLOCK_PROCESS_CPUTIME_ID);
        idle(client, atof(argv[6]));
        idle_ms = (measure_clock(CLOCK_PROCESS_CPUTIME_ID) - start) / 1e3;
    }
    start = measure_clock(CLOCK_MONOTONIC);
    fbchat_client_free(client);
    printf(" %.1f %.1f\n", (measure_clock(CLOCK_MONOTONIC) - start) / 1e3, idle_ms);
    fbchat_config_free(config);
    return 0;
}
