/* Says hello to the demo server's robot and prints its answer: hello [SERVER] */
#include <fbchat.h>
#include <stdio.h>
#include <string.h>

int main(int argc, char **argv)
{
    fbchat_config *config;
    fbchat_client *client;
    fbchat_session me;
    fbchat_event *event;
    int answered = 0, over = 0;

    fbchat_config_new(&config);
    if (argc > 1)
        fbchat_config_set_str(config, FBCHAT_CONFIG_SERVER, argv[1]);
    if (fbchat_client_new(config, &client) != FBCHAT_OK ||
        fbchat_session_open(client, NULL, NULL, &me) != FBCHAT_OK)
        return fprintf(stderr, "%s\n", fbchat_last_error()), 1;
    fbchat_session_login(client, me, "alice@example.org", "demo", NULL);

    while (!over && fbchat_client_poll(client, 60000, &event) == FBCHAT_OK) {
        const char *name, *reason = fbchat_event_str(event, 0, FBCHAT_FIELD_REASON, NULL);
        fbchat_kind kind = fbchat_event_kind(event);
        if (reason)
            fprintf(stderr, "%s\n", reason);
        if (kind == FBCHAT_EVENT_BUDDY_LIST) {
            for (size_t i = 0; i < fbchat_event_count(event); i++)
                if ((name = fbchat_event_str(event, i, FBCHAT_FIELD_NAME, NULL)) &&
                    strcmp(name, "Echo") == 0)
                    fbchat_session_send(client, me, fbchat_event_uid(event, i, FBCHAT_FIELD_UID),
                                        "Hello, 2008!", NULL);
        } else if (kind == FBCHAT_EVENT_MESSAGE) {
            answered = puts(fbchat_event_str(event, 0, FBCHAT_FIELD_TEXT, NULL)) >= 0;
            fbchat_session_logout(client, me, NULL); /* also reports what was read */
        }
        over = kind == FBCHAT_EVENT_CLOSED || kind == FBCHAT_EVENT_LOGIN_FAILED;
        fbchat_event_free(event);
    }
    fbchat_client_free(client);
    fbchat_config_free(config);
    return !answered;
}
