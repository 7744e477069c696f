/* Runs a scenario: cells over threads, results in canonical order into one file. The only room with threads. */
#ifndef KITH_RUN_RUN_H
#define KITH_RUN_RUN_H

#include "../record/record.h"
#include "../sim/families.h"
#include "../sim/model.h"

/* What to run. */
struct kith_run {
    struct kith_mem *mem;
    const struct kith_scenario *sc;
    const struct kith_model *model;
    const void *compiled;
    const char *path;      /* output file */
    int threads;           /* 0: as many as the machine has */
    enum kith_order order;
    struct kith_provenance how;
    const volatile int *stop; /* becomes nonzero when the run is to end early; may be NULL */
    /* Called by one thread at a time, now and then: share of the work done, 0 .. 1, and events so far. May be NULL. */
    void (*progress)(void *user, double done, uint64_t events);
    void *user;
};

/* Runs and writes. KITH_OK, or KITH_STOPPED when it ended early and what was finished is in the file, or an error
 * (the file is then not there). `events` receives the number of events simulated. */
KITH_MUST_CHECK enum kith_status kith_run(const struct kith_run *run, uint64_t *events, struct kith_error *err);

/* What a run will take, measured on a few families. */
struct kith_estimate {
    uint64_t cells, families; /* families: over all cells */
    double events, seconds;   /* expected; seconds with the threads asked for */
    double memory_bytes, file_bytes;
};
KITH_MUST_CHECK enum kith_status kith_run_estimate(const struct kith_run *run, struct kith_estimate *out,
                                                   struct kith_error *err);

/* Threads that a run with `threads` (0: as many as there are) will use. */
int kith_run_threads(int threads);

#endif
