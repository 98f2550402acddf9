/*
 * Two accounts in one main loop, as a graphical program has it: poll(2) watches the library's one descriptor beside the
 * program's own, here standard input; no threads, no callbacks.
 *
 *     gui_poll SERVER EMAIL PASSWORD-FILE EMAIL PASSWORD-FILE
 *
 * reads lines like "1 Echo: Hello" (the first account writes to its buddy Echo) and logs both out when the input ends.
 */
#define _DEFAULT_SOURCE /* explicit_bzero, getline */
#include <fbchat.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ACCOUNTS 2
#define GOODBYE_MS 10000

/* What a window would show of one account. It is the user_data of the session, and comes back with each of its events. */
struct account {
    int number;
    fbchat_session session; /* 0 = over */
    fbchat_event *buddies;  /* the newest list; names are looked up in it */
    int unanswered;
    int failed;
};

static fbchat_client *client;
static struct account accounts[ACCOUNTS];

static const char *str(const fbchat_event *event, size_t item, fbchat_field field)
{
    const char *text = fbchat_event_str(event, item, field, NULL);
    return text ? text : ""; /* NULL = absent */
}

static int64_t integer(const fbchat_event *event, size_t item, fbchat_field field)
{
    int64_t value;
    return fbchat_event_int(event, item, field, &value) == FBCHAT_OK ? value : 0;
}

/* Says why the last call failed. */
static int complain(void)
{
    fprintf(stderr, "%s\n", fbchat_last_error());
    return 0;
}

static int log_in(struct account *account, const char *email, const char *password_file)
{
    char password[256];
    FILE *file = fopen(password_file, "r");
    int read, accepted;

    if (file)
        setvbuf(file, NULL, _IONBF, 0); /* leaves no copy of the password */
    read = file && fgets(password, sizeof password, file);
    if (file)
        fclose(file);
    if (!read)
        return fprintf(stderr, "There is no password in %s.\n", password_file), 0;
    password[strcspn(password, "\r\n")] = '\0';
    accepted = fbchat_session_open(client, NULL, account, &account->session) == FBCHAT_OK &&
               fbchat_session_login(client, account->session, email, password, NULL) == FBCHAT_OK;
    explicit_bzero(password, sizeof password);
    return accepted || complain();
}

static fbchat_uid buddy_named(const struct account *account, const char *name)
{
    size_t i;
    for (i = 0; i < fbchat_event_count(account->buddies); i++) /* no list yet: no items */
        if (strcmp(str(account->buddies, i, FBCHAT_FIELD_NAME), name) == 0)
            return fbchat_event_uid(account->buddies, i, FBCHAT_FIELD_UID);
    return 0;
}

/* One line of "NUMBER NAME: TEXT". */
static void typed(char *line)
{
    int number = atoi(line);
    char *name = strchr(line, ' '), *text = strchr(line, ':');
    struct account *account = &accounts[number == 2];
    fbchat_uid buddy;

    line[strcspn(line, "\r\n")] = '\0';
    if (number < 1 || number > ACCOUNTS || !name || !text || text < name) {
        fprintf(stderr, "Write a line like this: 1 Echo: Hello\n");
        return;
    }
    *text++ = '\0';
    if (!(buddy = buddy_named(account, name + 1)))
        fprintf(stderr, "%d: No buddy is named %s.\n", number, name + 1);
    else if (fbchat_session_send(client, account->session, buddy, text + strspn(text, " "), NULL) == FBCHAT_OK)
        account->unanswered++;
    else
        complain();
}

static void show_buddies(struct account *account, fbchat_event *list)
{
    size_t i;
    for (i = 0; i < fbchat_event_count(list); i++) {
        int online = integer(list, i, FBCHAT_FIELD_PRESENCE) != FBCHAT_PRESENCE_OFFLINE;
        printf("%d %c %s\n", account->number, online ? '+' : '-', str(list, i, FBCHAT_FIELD_NAME));
    }
    fbchat_event_free(account->buddies);
    account->buddies = list;
}

/* Takes an event and frees it, or keeps it. */
static void handle(fbchat_event *event)
{
    struct account *account = fbchat_event_user_data(event);

    if (fbchat_event_status(event) < 0) /* a failure of any kind */
        fprintf(stderr, "%d: %s\n", account->number, str(event, 0, FBCHAT_FIELD_REASON));
    switch (fbchat_event_kind(event)) {
    case FBCHAT_EVENT_BUDDY_LIST:
        show_buddies(account, event);
        return;
    case FBCHAT_EVENT_MESSAGE:
        printf("%d %s: %s\n", account->number, str(event, 0, FBCHAT_FIELD_FROM_NAME),
               str(event, 0, FBCHAT_FIELD_TEXT));
        break;
    case FBCHAT_EVENT_SENT:
    case FBCHAT_EVENT_FAILED:
        account->unanswered--;
        break;
    case FBCHAT_EVENT_LOGIN_FAILED: /* the session could log in again; this program does not ask */
    case FBCHAT_EVENT_CHALLENGE:
        fbchat_session_close(client, account->session);
        account->failed = 1;
        account->session = 0;
        break;
    case FBCHAT_EVENT_CLOSED:
        account->failed = fbchat_event_status(event) < 0;
        account->session = 0;
        break;
    default: /* later versions add kinds */
        break;
    }
    fbchat_event_free(event);
}

int main(int argc, char **argv)
{
    char *line = NULL;
    size_t room = 0;
    int i, at_end = 0, leaving = 0, failed = 0;
    fbchat_config *config;
    fbchat_event *event;

    if (argc != 2 + 2 * ACCOUNTS)
        return fputs("usage: gui_poll SERVER EMAIL PASSWORD-FILE EMAIL PASSWORD-FILE\n", stderr), 2;
    setvbuf(stdin, NULL, _IONBF, 0); /* poll(2) cannot see what stdio has read ahead */
    setvbuf(stdout, NULL, _IOLBF, 0);

    /* 1. One client for all accounts. */
    if (fbchat_config_new(&config) != FBCHAT_OK ||
        fbchat_config_set_str(config, FBCHAT_CONFIG_SERVER, argv[1]) != FBCHAT_OK ||
        fbchat_client_new(config, &client) != FBCHAT_OK) {
        complain();
        fbchat_config_free(config);
        return 1;
    }
    fbchat_config_free(config);

    /* 2. One session for each account. */
    for (i = 0; i < ACCOUNTS; i++) {
        accounts[i].number = i + 1;
        if (!log_in(&accounts[i], argv[2 + 2 * i], argv[3 + 2 * i])) {
            fbchat_session_close(client, accounts[i].session); /* 0 is allowed */
            accounts[i].session = 0;
            accounts[i].failed = 1;
        }
    }

    /* 3. The main loop. */
    for (;;) {
        struct pollfd watch[2] = {{0, POLLIN, 0}, {0, POLLIN, 0}};
        int open = 0, ready = 1, unanswered = 0;

        for (i = 0; i < ACCOUNTS; i++) {
            if (!accounts[i].session)
                continue;
            open++;
            ready = ready && accounts[i].buddies;
            unanswered += accounts[i].unanswered;
        }
        if (!open)
            break;
        if (at_end && !unanswered && !leaving) {
            /* 4. Log out; each session ends with CLOSED. */
            for (i = 0; i < ACCOUNTS; i++)
                if (accounts[i].session)
                    fbchat_session_logout(client, accounts[i].session, NULL);
            leaving = 1;
        }
        watch[0].fd = fbchat_client_fd(client);
        if (poll(watch, ready && !at_end && unanswered < 100 ? 2 : 1, leaving ? GOODBYE_MS : -1) == 0)
            break; /* a server that hangs must not keep the user from leaving */
        if (watch[1].revents && !(at_end = getline(&line, &room, stdin) < 0))
            typed(line);
        while (fbchat_client_poll(client, 0, &event) == FBCHAT_OK)
            handle(event);
    }

    /* 5. The client last. Events may be freed before or after it. */
    fbchat_client_free(client);
    for (i = 0; i < ACCOUNTS; i++) {
        failed = failed || accounts[i].failed;
        fbchat_event_free(accounts[i].buddies);
    }
    free(line);
    return failed;
}
