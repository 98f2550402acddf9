/* A scripted server: it accepts every login, waits until all sessions hold a poll, then answers polls with messages. One thread, one
 * epoll, no state but counters, so that what is measured is the client.
 *
 * usage: server SESSIONS ANSWERS MESSAGES PAUSE_US; prints its port. Each of ANSWERS polls of each session is answered with MESSAGES
 * messages, later ones are held. With a pause, an answer is written only so long after its poll was sent, and the text of a message is
 * the time at which it was written, in nanoseconds of CLOCK_MONOTONIC. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

enum { FILES = 65536, HEAD = 4096 };

struct connection {
    char in[HEAD];
    size_t have;
};

static struct connection *connections[FILES];
static int *held, held_count, sessions, answers, messages, pause_us, started;
static unsigned next_id = 1000000000;

static void answer(int fd, const char *cookies, const char *body, size_t length)
{
    static char out[1 << 18];
    int head = snprintf(out, sizeof out,
                        "HTTP/1.1 200 OK\r\nContent-Type: application/x-javascript; charset=utf-8\r\n%s"
                        "Cache-Control: private, no-store\r\nContent-Length: %zu\r\n\r\n",
                        cookies, length);
    memcpy(out + head, body, length);
    if (write(fd, out, (size_t)head + length) != head + (ssize_t)length)
        exit(3);
}

static void answer_poll(int fd)
{
    static char body[1 << 18];
    size_t length = (size_t)sprintf(body, "for (;;);{\"t\":\"msg\",\"c\":\"p_1\",\"ms\":[");
    struct timespec now;
    int i;
    clock_gettime(pause_us ? CLOCK_MONOTONIC : CLOCK_REALTIME, &now);
    for (i = 0; i < messages; i++) {
        char text[64] = "Are you coming to the lake on Sunday?";
        if (pause_us)
            snprintf(text, sizeof text, "%lld", now.tv_sec * 1000000000LL + now.tv_nsec);
        length += (size_t)sprintf(
            body + length,
            "%s{\"type\":\"msg\",\"msg\":{\"text\":\"%s\",\"time\":%lld,\"clientTime\":%lld,\"msgID\":\"%u\"},\"from\":100002,\"to\":1,"
            "\"from_name\":\"Bob Example\",\"to_name\":\"Alice Example\",\"from_first_name\":\"Bob\",\"to_first_name\":\"Alice\"}",
            i ? "," : "", text, time(NULL) * 1000LL, time(NULL) * 1000LL, next_id++);
    }
    length += (size_t)sprintf(body + length, "]}");
    answer(fd, "", body, length);
}

static void poll_came(int fd)
{
    held[held_count++] = fd;
    if (!started && held_count < sessions)
        return;
    started = 1;
    while (held_count > 0 && answers > 0) {
        if (pause_us)
            usleep((useconds_t)pause_us);
        answers--;
        answer_poll(held[--held_count]);
    }
}

static void request(int fd, const char *head, const char *body)
{
    static const char page[] =
        "<meta name=\"fbchat\" content=\"{&quot;channel&quot;:&quot;/&quot;,&quot;batch&quot;:100,&quot;presence&quot;:true,"
        "&quot;message_limit&quot;:20000,&quot;resume&quot;:true}\" /><input type=\"hidden\" id=\"user\" name=\"user\" value=\"1\" />"
        "<input type=\"hidden\" id=\"post_form_id\" name=\"post_form_id\" value=\"0123456789abcdef0123456789abcdef\" />";
    static const char form[] = "<form action=\"/login.php\" method=\"post\"><input name=\"email\" />"
                               "<input type=\"password\" name=\"pass\" /></form>";
    static const char list[] = "for (;;);{\"error\":0,\"payload\":{\"buddy_list\":{\"nowAvailableList\":{},\"userInfos\":"
                               "{\"100002\":{\"name\":\"Bob Example\",\"firstName\":\"Bob\"}},\"listChanged\":true,"
                               "\"availableCount\":0},\"time\":1227312000000}}";
    static const char nothing[] = "for (;;);{\"error\":0,\"errorSummary\":\"\",\"payload\":[]}";
    static const char number[] = "for (;;);{\"t\":\"refresh\",\"seq\":0}";
    (void)body;
    if (strncmp(head, "GET /x/", 7) == 0) {
        if (strstr(head, "=-1"))
            answer(fd, "", number, strlen(number));
        else
            poll_came(fd);
    } else if (strncmp(head, "POST /login.php", 15) == 0) {
        answer(fd, "Set-Cookie: c_user=1; path=/\r\nSet-Cookie: xs=0123456789abcdef0123456789abcdef; path=/; HttpOnly\r\n", "", 0);
    } else if (strncmp(head, "GET /login.php", 14) == 0) {
        answer(fd, "", form, strlen(form));
    } else if (strstr(head, "/ajax/presence/update.php")) {
        answer(fd, "", list, strlen(list));
    } else if (strstr(head, " /ajax/")) {
        answer(fd, "", nothing, strlen(nothing));
    } else {
        answer(fd, "", page, strlen(page));
    }
}

/* Carries out the complete requests that have arrived; 0 if the connection is over. */
static int input(int fd, struct connection *it)
{
    ssize_t got = read(fd, it->in + it->have, HEAD - 1 - it->have);
    if (got <= 0)
        return 0;
    it->have += (size_t)got;
    for (;;) {
        char *end, *length;
        size_t whole;
        it->in[it->have] = '\0';
        if ((end = strstr(it->in, "\r\n\r\n")) == NULL)
            return it->have < HEAD - 1;
        *end = '\0';
        length = strcasestr(it->in, "content-length:");
        whole = (size_t)(end + 4 - it->in) + (length ? (size_t)atol(length + 15) : 0);
        if (whole > it->have) {
            *end = '\r';
            return whole < HEAD;
        }
        request(fd, it->in, end + 4);
        it->have -= whole;
        memmove(it->in, it->in + whole, it->have);
        if (it->have == 0)
            return 1;
    }
}

int main(int argc, char **argv)
{
    int listener = socket(AF_INET, SOCK_STREAM, 0), poller = epoll_create1(0), on = 1;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    struct epoll_event event = {.events = EPOLLIN}, events[256];

    if (argc != 5)
        return 2;
    sessions = atoi(argv[1]);
    answers = sessions * atoi(argv[2]);
    messages = atoi(argv[3]);
    pause_us = atoi(argv[4]);
    held = calloc(FILES, sizeof *held);
    if (bind(listener, (struct sockaddr *)&address, size) != 0 || listen(listener, 4096) != 0 ||
        getsockname(listener, (struct sockaddr *)&address, &size) != 0)
        return 2;
    event.data.fd = listener;
    epoll_ctl(poller, EPOLL_CTL_ADD, listener, &event);
    printf("%d\n", ntohs(address.sin_port));
    fflush(stdout);
    for (;;) {
        int i, count = epoll_wait(poller, events, 256, -1);
        for (i = 0; i < count; i++) {
            int fd = events[i].data.fd;
            if (fd == listener) {
                fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
                if (fd < 0 || fd >= FILES)
                    return 3;
                setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
                connections[fd] = calloc(1, sizeof **connections);
                event.data.fd = fd;
                epoll_ctl(poller, EPOLL_CTL_ADD, fd, &event);
            } else if (!input(fd, connections[fd])) {
                int each;
                for (each = 0; each < held_count; each++)
                    if (held[each] == fd)
                        held[each--] = held[--held_count];
                free(connections[fd]);
                connections[fd] = NULL;
                close(fd);
            }
        }
    }
}
