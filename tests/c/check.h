/* For all C tests: checks that report where they failed. */
#ifndef CHECK_H
#define CHECK_H

#include <fbchat.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CHECK(condition) \
    do { \
        if (!(condition)) { \
            fprintf(stderr, "%s:%d: %s (last error: %s)\n", __FILE__, __LINE__, #condition, fbchat_last_error()); \
            exit(1); \
        } \
    } while (0)

/* Ends a forked child. What the parent's other threads owned is unreachable in it, so it executes another program, in which no
 * checker looks for leaks. */
static inline void leave_child(void)
{
    execl("/bin/true", "true", (char *)NULL);
    exit(1);
}

/* Has the form of one. */
#define FILE_ID "0123456789abcdef0123456789abcdef"

#define CHECK_STATUS(call, wanted) check_status(__LINE__, #call, (call), (wanted))

static void check_status(int line, const char *call, fbchat_status got, fbchat_status wanted)
{
    if (got != wanted) {
        fprintf(stderr, "line %d: %s gave %s instead of %s (%s)\n", line, call, fbchat_status_name(got),
                fbchat_status_name(wanted), fbchat_last_error());
        exit(1);
    }
    /* A failure comes with a sentence, success without one. */
    if ((got < 0) != (fbchat_last_error()[0] != '\0')) {
        fprintf(stderr, "line %d: %s gave %s with the sentence \"%s\"\n", line, call, fbchat_status_name(got),
                fbchat_last_error());
        exit(1);
    }
}

#endif
