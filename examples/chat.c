/* Chats with a buddy, line by line, until the input ends: chat SERVER EMAIL PASSWORD-FILE BUDDY */
#define _DEFAULT_SOURCE /* explicit_bzero, getline */
#include <fbchat.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

static const char *str(const fbchat_event *event, size_t item, fbchat_field field)
{
    const char *text = fbchat_event_str(event, item, field, NULL);
    return text ? text : ""; /* NULL = absent */
}

int main(int argc, char **argv)
{
    char password[256], *line = NULL;
    int unanswered = 0, at_end = 0, leaving = 0, over = 0, well = 0;
    size_t room = 0;
    fbchat_uid buddy = 0;
    fbchat_config *config;
    fbchat_client *client;
    fbchat_session me;
    fbchat_event *event;
    FILE *file = argc == 5 ? fopen(argv[3], "r") : NULL;

    if (!file || setvbuf(file, NULL, _IONBF, 0) || !fgets(password, sizeof password, file))
        return fputs("usage: chat SERVER EMAIL PASSWORD-FILE BUDDY\n", stderr), 2;
    fclose(file);
    password[strcspn(password, "\r\n")] = '\0';
    setvbuf(stdin, NULL, _IONBF, 0); /* poll(2) cannot see what stdio has read ahead */
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (fbchat_config_new(&config) != FBCHAT_OK ||
        fbchat_config_set_str(config, FBCHAT_CONFIG_SERVER, argv[1]) != FBCHAT_OK ||
        fbchat_client_new(config, &client) != FBCHAT_OK ||
        fbchat_session_open(client, NULL, NULL, &me) != FBCHAT_OK ||
        fbchat_session_login(client, me, argv[2], password, NULL) != FBCHAT_OK)
        return fprintf(stderr, "%s\n", fbchat_last_error()), 1;
    fbchat_config_free(config);
    explicit_bzero(password, sizeof password);

    while (!over) { /* reads nothing before the buddy is known, and no faster than it can send */
        struct pollfd watch[2] = {{fbchat_client_fd(client), POLLIN, 0}, {0, POLLIN, 0}};
        poll(watch, buddy && !at_end && unanswered < 100 ? 2 : 1, -1);
        if (watch[1].revents && !(at_end = getline(&line, &room, stdin) < 0)) {
            line[strcspn(line, "\r\n")] = '\0';
            if (fbchat_session_send(client, me, buddy, line, NULL) == FBCHAT_OK)
                unanswered++;
            else
                fprintf(stderr, "%s\n", fbchat_last_error());
        }
        while (!over && fbchat_client_poll(client, 0, &event) == FBCHAT_OK) {
            fbchat_kind kind = fbchat_event_kind(event);
            if (kind == FBCHAT_EVENT_BUDDY_LIST) {
                for (size_t i = 0; i < fbchat_event_count(event); i++) {
                    int64_t presence;
                    fbchat_event_int(event, i, FBCHAT_FIELD_PRESENCE, &presence);
                    printf("%c %s\n", presence != FBCHAT_PRESENCE_OFFLINE ? '+' : '-',
                           str(event, i, FBCHAT_FIELD_NAME));
                    if (strcmp(str(event, i, FBCHAT_FIELD_NAME), argv[4]) == 0)
                        buddy = fbchat_event_uid(event, i, FBCHAT_FIELD_UID);
                }
                at_end = at_end || (!buddy && fprintf(stderr, "No buddy is named %s.\n", argv[4]));
            } else if (kind == FBCHAT_EVENT_MESSAGE)
                printf("%s: %s\n", str(event, 0, FBCHAT_FIELD_FROM_NAME), str(event, 0, FBCHAT_FIELD_TEXT));
            if (fbchat_event_status(event) < 0) /* a failure of any kind */
                fprintf(stderr, "%s\n", str(event, 0, FBCHAT_FIELD_REASON));
            unanswered -= kind == FBCHAT_EVENT_SENT || kind == FBCHAT_EVENT_FAILED;
            well = kind == FBCHAT_EVENT_CLOSED && buddy && fbchat_event_status(event) == FBCHAT_OK;
            over = kind == FBCHAT_EVENT_CLOSED || kind == FBCHAT_EVENT_LOGIN_FAILED ||
                   kind == FBCHAT_EVENT_CHALLENGE;
            fbchat_event_free(event);
        }
        if (at_end && !unanswered && !leaving)
            leaving = fbchat_session_logout(client, me, NULL) == FBCHAT_OK;
    }
    fbchat_client_free(client);
    return !well;
}
