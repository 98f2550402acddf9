/* Freeing a client while the network holds its sessions: waiting long-polls, a stalled TLS handshake. And the process keeps its
 * signals to itself.
 * usage: life URL */
#include "online.h"
#include <arpa/inet.h>
#include <dirent.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

static int listening(int *port)
{
    struct sockaddr_in address = {0};
    socklen_t length = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    CHECK(listener >= 0 && bind(listener, (struct sockaddr *)&address, sizeof address) == 0 && listen(listener, 16) == 0);
    CHECK(getsockname(listener, (struct sockaddr *)&address, &length) == 0);
    *port = ntohs(address.sin_port);
    return listener;
}

static void free_and_say(fbchat_client *client, const char *what)
{
    double begin = now();
    fbchat_client_free(client);
    printf("freed in %.0f ms while %s (250 are promised)\n", (now() - begin) * 1000, what);
    CHECK(now() - begin < HANG_S);
}

static void polls_are_held(const char *server)
{
    fbchat_client *client = start(server);
    fbchat_uid uid;
    log_in(client, "alice@example.org", &uid);
    log_in(client, "bob@example.org", &uid);
    free_and_say(client, "long-polls are held");
}

static fbchat_client *log_in_at(int port, const char *scheme)
{
    char server[64];
    fbchat_session session;
    fbchat_client *client;
    snprintf(server, sizeof server, "%s://127.0.0.1:%d", scheme, port);
    client = start(server);
    CHECK_STATUS(fbchat_session_open(client, NULL, NULL, &session), FBCHAT_OK);
    CHECK_STATUS(fbchat_session_login(client, session, "alice@example.org", "demo", NULL), FBCHAT_OK);
    return client;
}

/* The client starts the handshake and gets no answer. Freeing the client closes the connection. */
static void handshake_stalls(void)
{
    int port, listener = listening(&port), connection;
    char hello[4096];
    fbchat_client *client = log_in_at(port, "https");
    connection = accept(listener, NULL, NULL);
    CHECK(connection >= 0 && recv(connection, hello, 1, 0) == 1);
    free_and_say(client, "a TLS handshake stalls");
    while (recv(connection, hello, sizeof hello, 0) > 0)
        ;
    close(connection);
    close(listener);
}

/* A server that disconnects before reading: writing to it must not raise SIGPIPE, which would end this program. */
static void server_hangs_up(void)
{
    enum { TIMES = 20 };
    const struct linger at_once = {1, 0};
    int port, times, listener = listening(&port);
    for (times = 0; times < TIMES; times++) {
        fbchat_client *client = log_in_at(port, "http");
        fbchat_kind kind = 0;
        while (kind != FBCHAT_EVENT_LOGIN_FAILED) {
            struct pollfd watched[] = {{listener, POLLIN, 0}, {fbchat_client_fd(client), POLLIN, 0}};
            fbchat_event *event;
            CHECK(poll(watched, 2, PATIENCE_MS) > 0);
            if (watched[0].revents != 0) {
                int connection = accept(listener, NULL, NULL);
                CHECK(connection >= 0);
                CHECK(setsockopt(connection, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once) == 0);
                close(connection);
            }
            CHECK(fbchat_client_poll(client, 0, &event) >= 0);
            kind = fbchat_event_kind(event);
            fbchat_event_free(event);
        }
        fbchat_client_free(client);
    }
    close(listener);
}

enum { SIGNALS = 64 };

/* The complete signal state of this process and thread, as text to compare. */
static void ask_signals(char *text, size_t size)
{
    struct sigaction action;
    sigset_t mask;
    size_t length = 0;
    int number;
    CHECK(pthread_sigmask(SIG_SETMASK, NULL, &mask) == 0);
    for (number = 1; number <= SIGNALS; number++) {
        if (sigaction(number, NULL, &action) != 0)
            continue;
        length += (size_t)snprintf(text + length, size - length, "%d: %d %d %x\n", number, action.sa_handler == SIG_DFL,
                                   sigismember(&mask, number), (unsigned)action.sa_flags);
        CHECK(length < size);
    }
}

/* No thread of the library receives the program's signals. */
static void workers_block_signals(void)
{
    DIR *tasks = opendir("/proc/self/task");
    struct dirent *task;
    int workers = 0;
    CHECK(tasks != NULL);
    while ((task = readdir(tasks)) != NULL) {
        char path[300], line[256], name[64] = "";
        FILE *status;
        snprintf(path, sizeof path, "/proc/self/task/%s/status", task->d_name);
        status = fopen(path, "r");
        while (status != NULL && fgets(line, sizeof line, status) != NULL) {
            unsigned long long blocked;
            sscanf(line, "Name: %63s", name);
            if (strncmp(name, "fbchat", 6) == 0 && sscanf(line, "SigBlk: %llx", &blocked) == 1) {
                static const int ours[] = {SIGTERM, SIGINT, SIGCHLD, SIGPIPE, SIGALRM, SIGUSR1, SIGHUP};
                size_t each;
                for (each = 0; each < sizeof ours / sizeof ours[0]; each++)
                    CHECK(blocked >> (ours[each] - 1) & 1);
                workers++;
            }
        }
        if (status != NULL)
            fclose(status);
    }
    closedir(tasks);
    CHECK(workers == 1);
}

static void signals_are_the_programs(const char *server)
{
    char before[8192], after[8192];
    fbchat_client *client;
    fbchat_uid uid;
    fbchat_session alice;
    ask_signals(before, sizeof before);
    client = start(server);
    alice = log_in(client, "alice@example.org", &uid);
    message_passes(client, alice, uid);
    workers_block_signals();
    server_hangs_up();
    ask_signals(after, sizeof after);
    CHECK(strcmp(before, after) == 0);
    fbchat_client_free(client);
    ask_signals(after, sizeof after);
    CHECK(strcmp(before, after) == 0);
}

int main(int argc, char **argv)
{
    CHECK(argc == 2);
    CHECK(signal(SIGPIPE, SIG_DFL) != SIG_ERR && signal(SIGCHLD, SIG_DFL) != SIG_ERR);
    polls_are_held(argv[1]);
    handshake_stalls();
    signals_are_the_programs(argv[1]);
    puts("all is well");
    return 0;
}
