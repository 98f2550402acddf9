/* The peer: libcurl's multi interface holding as many long-polls, one easy handle each.
 * usage: peer_curl URL COUNT; prints KiB of memory each, threads, and milliseconds to end them all */
#include <curl/curl.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static long rss_kib(void)
{
    char line[200];
    long kib = 0;
    FILE *status = fopen("/proc/self/status", "r");
    while (status != NULL && fgets(line, sizeof line, status) != NULL)
        if (strncmp(line, "VmRSS:", 6) == 0)
            kib = atol(line + 6);
    if (status != NULL)
        fclose(status);
    return kib;
}

static double now_ms(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec * 1e3 + (double)time.tv_nsec / 1e6;
}

static size_t drop(char *data, size_t size, size_t count, void *user)
{
    (void)data;
    (void)user;
    return size * count;
}

static int threads(void)
{
    int count = 0;
    DIR *tasks = opendir("/proc/self/task");
    while (tasks != NULL && readdir(tasks) != NULL)
        count++;
    if (tasks != NULL)
        closedir(tasks);
    return count - 2;
}

int main(int argc, char **argv)
{
    int count = argc > 2 ? atoi(argv[2]) : 0;
    CURL **easy = calloc((size_t)count + 1, sizeof *easy);
    CURLM *multi = NULL;
    long before = 0, after;
    double start, end;
    int i, running = 0;

    if (count < 100 || easy == NULL || curl_global_init(CURL_GLOBAL_DEFAULT) != 0 || (multi = curl_multi_init()) == NULL)
        return 2;
    for (i = 0; i < count; i++) {
        char url[300];
        snprintf(url, sizeof url, "%s/x/1/false/p_%d=0", argv[1], i + 1);
        easy[i] = curl_easy_init();
        curl_easy_setopt(easy[i], CURLOPT_URL, url);
        curl_easy_setopt(easy[i], CURLOPT_WRITEFUNCTION, drop);
        /* A TLS session of its own, as each session of fbchat has. */
        curl_easy_setopt(easy[i], CURLOPT_COOKIEFILE, "");
        curl_easy_setopt(easy[i], CURLOPT_COOKIELIST, "Set-Cookie: c_user=1; path=/");
        curl_easy_setopt(easy[i], CURLOPT_COOKIELIST, "Set-Cookie: xs=0123456789abcdef0123456789abcdef; path=/");
        /* The certificate of this benchmark's server is self-signed. */
        curl_easy_setopt(easy[i], CURLOPT_SSL_VERIFYPEER, 0L);
        curl_multi_add_handle(multi, easy[i]);
        /* Each call visits all handles, so it is made once for 64 of them. */
        if (i % 64 == 49) {
            curl_multi_perform(multi, &running);
            curl_multi_poll(multi, NULL, 0, 20, NULL);
        }
        if (i == 49)
            before = rss_kib();
    }
    /* Until all are connected and waiting, or nothing has happened for five seconds. */
    for (i = 0; i < 50; i++) {
        curl_multi_perform(multi, &running);
        curl_multi_poll(multi, NULL, 0, 100, NULL);
    }
    after = rss_kib();
    if (running != count) {
        fprintf(stderr, "%d of %d polls are held\n", running, count);
        return 1;
    }
    i = threads();
    start = now_ms();
    while (count-- > 0) {
        curl_multi_remove_handle(multi, easy[count]);
        curl_easy_cleanup(easy[count]);
        running--;
    }
    curl_multi_cleanup(multi);
    end = now_ms();
    printf("%.1f %d %.0f\n", (double)(after - before) / (double)(atoi(argv[2]) - 50), i, end - start);
    return 0;
}
