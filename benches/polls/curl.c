/* The peer: libcurl's multi interface with one easy handle for each session. It looks for the texts and reads nothing else.
 * usage: curl PORT SESSIONS ANSWERS MESSAGES PAUSE_US */
#include "measure.h"
#include <curl/curl.h>
#include <string.h>

struct session {
    CURL *easy;
    char *body;
    size_t have, room;
    long number;
};

static const char *port;

static size_t take(char *data, size_t size, size_t count, void *user)
{
    struct session *it = user;
    size *= count;
    if (it->have + size + 1 > it->room && (it->body = realloc(it->body, it->room = it->have + size + 1)) == NULL)
        return 0;
    memcpy(it->body + it->have, data, size);
    it->have += size;
    it->body[it->have] = '\0';
    return size;
}

static void next(CURLM *multi, struct session *it)
{
    char url[300];
    snprintf(url, sizeof url, "http://127.0.0.1:%s/x/%d/false/p_1=%ld?batch=100", port, rand(), it->number);
    curl_easy_setopt(it->easy, CURLOPT_URL, url);
    it->have = 0;
    curl_multi_add_handle(multi, it->easy);
}

int main(int argc, char **argv)
{
    CURLM *multi;
    struct session *all;
    long sessions, polls, answered = 0, i;
    int running, timed;

    if (argc != 6 || curl_global_init(CURL_GLOBAL_DEFAULT) != 0 || (multi = curl_multi_init()) == NULL)
        return 2;
    port = argv[1];
    sessions = atol(argv[2]);
    polls = sessions * atol(argv[3]);
    timed = atoi(argv[5]) > 0;
    all = calloc((size_t)sessions, sizeof *all);
    for (i = 0; i < sessions; i++) {
        all[i].easy = curl_easy_init();
        curl_easy_setopt(all[i].easy, CURLOPT_PRIVATE, &all[i]);
        curl_easy_setopt(all[i].easy, CURLOPT_WRITEFUNCTION, take);
        curl_easy_setopt(all[i].easy, CURLOPT_WRITEDATA, &all[i]);
        curl_easy_setopt(all[i].easy, CURLOPT_COOKIE, "c_user=1; xs=0123456789abcdef0123456789abcdef");
        next(multi, &all[i]);
    }
    while (answered < polls) {
        CURLMsg *done;
        long before = answered;
        curl_multi_perform(multi, &running);
        while ((done = curl_multi_info_read(multi, &running)) != NULL) {
            struct session *it;
            const char *at;
            curl_easy_getinfo(done->easy_handle, CURLINFO_PRIVATE, (char **)&it);
            if (done->msg != CURLMSG_DONE || done->data.result != CURLE_OK)
                return 1;
            for (at = it->body; (at = strstr(at, "\"text\":\"")) != NULL; at += 8, it->number++)
                measure_message(at + 8, timed);
            answered++;
            curl_multi_remove_handle(multi, it->easy);
            next(multi, it);
        }
        if (answered == before)
            curl_multi_poll(multi, NULL, 0, 1000, NULL);
    }
    measure_print(polls);
    puts("");
    return 0;
}
