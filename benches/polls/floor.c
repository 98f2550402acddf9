/* The floor: epoll, write, read, and a search for the texts. usage: floor PORT SESSIONS ANSWERS MESSAGES PAUSE_US */
#define _GNU_SOURCE
#include "measure.h"
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

struct session {
    int fd;
    size_t have;
    long number;
    char in[1 << 18];
};

static const char *port;

static void next(struct session *it)
{
    char out[400];
    int length = snprintf(out, sizeof out,
                          "GET /x/%d/false/p_1=%ld?batch=100 HTTP/1.1\r\nHost: 127.0.0.1:%s\r\nAccept: */*\r\n"
                          "Cookie: c_user=1; xs=0123456789abcdef0123456789abcdef\r\n\r\n",
                          rand(), it->number, port);
    it->have = 0;
    if (write(it->fd, out, (size_t)length) != length)
        exit(1);
}

int main(int argc, char **argv)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct epoll_event event = {.events = EPOLLIN}, events[256];
    struct session *all;
    long sessions, polls, answered = 0, i;
    int poller = epoll_create1(0), on = 1, timed;

    if (argc != 6)
        return 2;
    port = argv[1];
    address.sin_port = htons((unsigned short)atoi(port));
    sessions = atol(argv[2]);
    polls = sessions * atol(argv[3]);
    timed = atoi(argv[5]) > 0;
    all = calloc((size_t)sessions, sizeof *all);
    for (i = 0; i < sessions; i++) {
        all[i].fd = socket(AF_INET, SOCK_STREAM, 0);
        if (connect(all[i].fd, (struct sockaddr *)&address, sizeof address) != 0)
            return 1;
        setsockopt(all[i].fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        event.data.ptr = &all[i];
        epoll_ctl(poller, EPOLL_CTL_ADD, all[i].fd, &event);
        next(&all[i]);
    }
    while (answered < polls) {
        int count = epoll_wait(poller, events, 256, -1);
        for (i = 0; i < count; i++) {
            struct session *it = events[i].data.ptr;
            ssize_t got = read(it->fd, it->in + it->have, sizeof it->in - 1 - it->have);
            const char *at, *body, *length;
            if (got <= 0)
                return 1;
            it->have += (size_t)got;
            it->in[it->have] = '\0';
            if ((body = strstr(it->in, "\r\n\r\n")) == NULL || (length = strcasestr(it->in, "content-length: ")) == NULL ||
                it->have < (size_t)(body + 4 - it->in) + (size_t)atol(length + 16))
                continue;
            for (at = body; (at = strstr(at, "\"text\":\"")) != NULL; at += 8, it->number++)
                measure_message(at + 8, timed);
            answered++;
            next(it);
        }
    }
    measure_print(polls);
    puts("");
    return 0;
}
