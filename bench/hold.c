/* The pending-event queue alone, by the hold model: the first entry is taken out and put back later, by an interval of
 * one year on average, so that the number pending stays what it was. Prints a line a size: ns a pop and push, the
 * median of 7 repeats. Filling the queue does not count, nor does drawing: intervals come from a table.
 *
 *   cc -std=c11 -D_POSIX_C_SOURCE=200809L -O3 -Iengine -o build/hold bench/hold.c build/libkith.a -lm
 *   build/hold [PENDING...]
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "sched/queue.h"

enum { REPEATS = 7, TABLE = 1 << 14, LEAST = 3000000 };

/* Years: a horizon, and when the hold ends, before many entries would lie past it. */
static const double end = 18, last = 16;

static double interval[TABLE], part[TABLE];

static double uniform(void)
{
    static uint64_t state = 2023;
    state = state * 6364136223846793005u + 1442695040888963407u;
    return ((double)(state >> 12) + 0.5) * 0x1p-52;
}

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void check(enum kith_status st)
{
    if (st) {
        fputs("out of memory\n", stderr);
        exit(1);
    }
}

/* One horizon: seconds; adds the number of pops. */
static double horizon(struct kith_queue *q, uint32_t pending, size_t *pops, uint64_t *order)
{
    size_t k = 0;
    check(kith_queue_begin(q, end, pending));
    for (uint32_t i = 0; i < pending; i++) {
        double t = interval[k++ % TABLE];
        check(kith_queue_push(q, t < end ? t : end, i));
    }
    k++;
    double start = seconds();
    for (;; k++) {
        struct kith_queue_entry e = kith_queue_first(q);
        if (e.time > last)
            break;
        double t = e.time + interval[k % TABLE];
        t = t <= end ? t : end - (end - e.time) * part[k % TABLE]; /* wrapped to before the end */
        *order = *order * 31 + e.family;
        kith_queue_pop(q);
        check(kith_queue_push(q, t, e.family));
    }
    *pops += k - pending - 1;
    return seconds() - start;
}

int main(int argc, char **argv)
{
    static char *sizes[] = {"1000", "50000", "1000000"};
    struct kith_mem mem = KITH_MEM_INIT;
    struct kith_queue q;
    uint64_t order = 0;
    kith_queue_init(&q, &mem);
    for (size_t i = 0; i < TABLE; i++) {
        interval[i] = -log(uniform());
        part[i] = uniform();
    }
    char **size = argc > 1 ? argv + 1 : sizes;
    for (int s = 0, n = argc > 1 ? argc - 1 : 3; s < n; s++) {
        uint32_t pending = (uint32_t)strtoul(size[s], NULL, 10);
        double ns[REPEATS];
        for (int r = 0; r < REPEATS; r++) {
            double spent = 0;
            size_t pops = 0;
            while (pops < LEAST)
                spent += horizon(&q, pending, &pops, &order);
            ns[r] = 1e9 * spent / (double)pops;
        }
        qsort(ns, REPEATS, sizeof *ns, compare);
        printf("%9u pending %7.1f ns a pop and push (order %016llx)\n", (unsigned)pending, ns[REPEATS / 2],
               (unsigned long long)order);
    }
    kith_queue_free(&q);
    return 0;
}
