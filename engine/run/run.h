/* Runs a scenario: cells over threads and processes into shards, shards into one file. The only room with threads and MPI. */
#ifndef KITH_RUN_RUN_H
#define KITH_RUN_RUN_H

#include "../record/record.h"
#include "../record/shard.h"
#include "../sim/families.h"
#include "../sim/model.h"

/* What goes on beside errors: one line for a person. */
struct kith_notes {
    void (*say)(void *user, const char *text); /* may be NULL */
    void *user;
};

/* What to run. */
struct kith_run {
    struct kith_mem *mem;
    const struct kith_scenario *sc;
    const struct kith_model *model;
    const void *compiled;
    const char *path;      /* output file, or the shard that is made with n_parts > 0 */
    int threads;           /* 0: as many as the machine has */
    enum kith_order order;
    bool resume;           /* use what exists of an earlier run */
    bool overwrite;        /* drop it */
    bool partial;          /* merge what there is */
    uint64_t part, n_parts; /* only cells that are part `part` (from 1) of n_parts, into a shard; n_parts = 0: all */
    const char *arms;      /* as chosen, for the shards; "" all */
    const struct kith_override *overrides; /* [n_overrides] as the scenario was read with */
    size_t n_overrides;
    double checkpoint;     /* seconds after which what is finished is brought to the disk */
    struct kith_provenance how;
    const volatile int *stop; /* becomes nonzero when the run is to end early; may be NULL */
    /* Called by one thread at a time, now and then: share of the work done, 0 .. 1, and events so far. May be NULL. */
    void (*progress)(void *user, double done, uint64_t events);
    void *user;
    struct kith_notes notes;
};

/* What came of a run. */
struct kith_run_result {
    uint64_t cells, before, now; /* of the run; finished by an earlier one; finished by this one, all processes together */
    uint64_t events;             /* simulated, by all processes together */
    char cells_path[300];        /* the directory with what is finished, if it is not in the file */
};

/* Runs and writes. While it goes on, finished cells are in shards in the directory PATH.cells; when all are there they are
 * put together as the file. KITH_STOPPED when it ended early: the directory stays, and `resume` goes on. The same
 * after any error once cells are finished. Every rank of an MPI job calls it; all return the same status. */
KITH_MUST_CHECK enum kith_status kith_run(const struct kith_run *run, struct kith_run_result *out,
                                          struct kith_error *err);

/* Puts parts (shards, or directories of them) of run->sc together as run->path. KITH_STOPPED if cells are missing and not
 * run->partial: `missing` says which, in words. KITH_BAD_SCENARIO for parts of another scenario, or one cell twice. */
KITH_MUST_CHECK enum kith_status kith_run_merge(const struct kith_run *run, size_t n, const char *const *parts,
                                                struct kith_run_result *out, char *missing, size_t size,
                                                struct kith_error *err);

/* Starts and ends MPI where the program is built with it and was started by it; false in a process that is not to talk to
 * a person. Once in a process, around everything else. */
bool kith_run_begin(void);
void kith_run_end(void);

/* What a run will take, measured on a small part of it here and now. */
struct kith_estimate {
    uint64_t cells, families; /* families: over all cells */
    double events, seconds;   /* expected; seconds with the threads asked for */
    double core_seconds;      /* of simulating all cells, on one core */
    double largest_seconds;   /* of the largest cell: no number of cores makes a run shorter */
    double merge_seconds;     /* of putting all cells together, with the threads asked for */
    double memory_bytes;      /* of a process with the threads asked for */
    double file_bytes, parts_bytes; /* of the output file; of all shards that it is made of */
};
/* Fills `out`. Takes a second or two. */
KITH_MUST_CHECK enum kith_status kith_run_estimate(const struct kith_run *run, struct kith_estimate *out,
                                                   struct kith_error *err);

/* Threads that a run with `threads` (0: as many as there are) will use. */
int kith_run_threads(int threads);

#endif
