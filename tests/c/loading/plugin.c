/* The library as a plugin: loaded, used and unloaded a hundred times, without leaking anything into the process.
 *
 * dlclose leaves the library's code in place: it is marked NODELETE, because a thread that hangs in a name lookup may outlive the
 * last client. Everything else must not accumulate: descriptors, threads, memory, and mappings of the library itself.
 * usage: plugin LIBRARY URL */
#include <dirent.h>
#include <dlfcn.h>
#include <fbchat.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { ROUNDS = 100, WARM = 10, PATIENCE_MS = 60000, SLACK = 64 * 1024 };

#define CHECK(condition) \
    do { \
        if (!(condition)) { \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition); \
            exit(1); \
        } \
    } while (0)

/* POSIX, unlike C, allows storing the result of dlsym in a pointer to a function. */
#define FIND(function) \
    __typeof__(function) *found_##function; \
    *(void **)&found_##function = dlsym(library, #function); \
    CHECK(found_##function != NULL)

static void use(const char *path, const char *server)
{
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    fbchat_config *config;
    fbchat_client *client;
    fbchat_session session;
    fbchat_event *event;
    fbchat_kind kind;
    if (library == NULL)
        fprintf(stderr, "%s\n", dlerror());
    CHECK(library != NULL);
    FIND(fbchat_config_new);
    FIND(fbchat_config_set_str);
    FIND(fbchat_config_free);
    FIND(fbchat_client_new);
    FIND(fbchat_client_poll);
    FIND(fbchat_client_free);
    FIND(fbchat_session_open);
    FIND(fbchat_session_login);
    FIND(fbchat_event_kind);
    FIND(fbchat_event_free);

    CHECK(found_fbchat_config_new(&config) == FBCHAT_OK);
    CHECK(found_fbchat_config_set_str(config, FBCHAT_CONFIG_SERVER, server) == FBCHAT_OK);
    CHECK(found_fbchat_client_new(config, &client) == FBCHAT_OK);
    found_fbchat_config_free(config);
    CHECK(found_fbchat_session_open(client, NULL, NULL, &session) == FBCHAT_OK);
    CHECK(found_fbchat_session_login(client, session, "alice@example.org", "demo", NULL) == FBCHAT_OK);
    do {
        CHECK(found_fbchat_client_poll(client, PATIENCE_MS, &event) == FBCHAT_OK);
        kind = found_fbchat_event_kind(event);
        found_fbchat_event_free(event);
    } while (kind != FBCHAT_EVENT_BUDDY_LIST);
    found_fbchat_client_free(client);
    CHECK(dlclose(library) == 0);
}

static int entries(const char *directory)
{
    int count = 0;
    DIR *entry = opendir(directory);
    CHECK(entry != NULL);
    while (readdir(entry) != NULL)
        count++;
    CHECK(closedir(entry) == 0);
    return count;
}

/* A joined thread stays listed for a moment. */
static void await_threads(int wanted)
{
    while (entries("/proc/self/task") != wanted)
        nanosleep(&(struct timespec){0, 1000000}, NULL);
}

static int mappings(void)
{
    char line[512];
    int count = 0;
    FILE *maps = fopen("/proc/self/maps", "r");
    CHECK(maps != NULL);
    while (fgets(line, sizeof line, maps) != NULL)
        if (strstr(line, "libfbchat") != NULL)
            count++;
    fclose(maps);
    return count;
}

int main(int argc, char **argv)
{
    int round, threads, descriptors = 0, mapped = 0;
    size_t memory = 0, at_end;
    CHECK(argc == 3);
    threads = entries("/proc/self/task");
    descriptors = entries("/proc/self/fd");
    CHECK(mappings() == 0);
    for (round = 1; round <= ROUNDS; round++) {
        use(argv[1], argv[2]);
        await_threads(threads);
        CHECK(entries("/proc/self/fd") == descriptors);
        /* The first rounds fill what is kept for good: compiled patterns, caches of the allocator. Those grow a little more, hence
         * the slack, of 700 bytes for each round. */
        if (round == WARM) {
            memory = mallinfo2().uordblks;
            mapped = mappings();
        }
    }
    at_end = mallinfo2().uordblks;
    printf("memory in use: %zu bytes after %d rounds, %zu after %d\n", memory, WARM, at_end, ROUNDS);
    CHECK(at_end < memory + SLACK);
    CHECK(mappings() == mapped);
    puts("all is well");
    return 0;
}
