/* What all clients count, from the first message to the last, and print on one line: microseconds of CPU time and of time for an
 * answered poll, and the median of the microseconds from the server's write to the client's message. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

static double measure_start[2], *measure_delays;
static long measure_count;

static double measure_clock(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

/* A message is there. */
static void measure_message(const char *text, int timed)
{
    if (measure_count++ == 0) {
        measure_start[0] = measure_clock(CLOCK_PROCESS_CPUTIME_ID);
        measure_start[1] = measure_clock(CLOCK_MONOTONIC);
    }
    if (timed) {
        if (measure_delays == NULL)
            measure_delays = calloc(1000000, sizeof *measure_delays);
        measure_delays[measure_count - 1] = measure_clock(CLOCK_MONOTONIC) - (double)strtoll(text, NULL, 10) / 1e3;
    }
}

static int measure_compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void measure_print(long polls)
{
    double cpu = measure_clock(CLOCK_PROCESS_CPUTIME_ID) - measure_start[0];
    double span = measure_clock(CLOCK_MONOTONIC) - measure_start[1], delay = 0;
    if (measure_delays) {
        qsort(measure_delays, (size_t)measure_count, sizeof *measure_delays, measure_compare);
        delay = measure_delays[measure_count / 2];
    }
    printf("%.3f %.3f %.1f", cpu / (double)polls, span / (double)polls, delay);
}
