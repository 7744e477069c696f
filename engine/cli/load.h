/* What `run`, `check`, `plan` and `describe` share: options that name and change a scenario, and loading it. */
#ifndef KITH_CLI_LOAD_H
#define KITH_CLI_LOAD_H

#include "../run/run.h"
#include "../scenario/scenario.h"
#include "../sim/model.h"
#include "options.h"

/* Which of the options a subcommand takes beside --set. */
enum kith_load_takes {
    KITH_LOAD_SIZE = 1, /* --replications --arms --threads --seed --trajectories */
    KITH_LOAD_RUN = 2,  /* --output --order --progress --quiet --resume --overwrite --shard --max-time --stop-code */
    KITH_LOAD_JSON = 4,
    KITH_LOAD_DOT = 8,
    KITH_LOAD_CORES = 16
};

struct kith_load_options {
    const char *scenario, *output, *arms, *replications, *seed, *trajectories, *progress;
    struct kith_cli_list set;
    long threads; /* 0 not said */
    long cores;  /* 0 not said */
    uint64_t part, n_parts; /* --shard; 0 not said */
    double max_time;        /* seconds; 0 not said */
    long stop_code;
    enum kith_order order;
    bool quiet, json, dot, resume, overwrite;
};

/* Reads the options of a subcommand that takes those of `takes` (enum kith_load_takes, added up). */
enum kith_cli_next kith_load_options(struct kith_load_options *o, int argc, char **argv, int takes,
                                     const char *help);

/* Overrides as the scenario room wants them; path[] holds the copies that list[].path points to. */
struct kith_cli_overrides {
    size_t n;
    struct kith_override list[260];
    char path[256][256];
};

/* A scenario that has been read and compiled. */
struct kith_loaded {
    struct kith_mem mem;
    struct kith_scenario sc;
    const struct kith_model *model;
    void *compiled;
    struct kith_cli_overrides *overrides; /* what it was read with */
};
/* Reads and compiles the scenario that the options name; prints all reports to stderr. To be freed in every case. */
KITH_MUST_CHECK enum kith_status kith_load(const struct kith_load_options *o, struct kith_loaded *l);
/* The same from what a shard says of itself, with its replications. */
KITH_MUST_CHECK enum kith_status kith_load_shard(const struct kith_shard_head *head, uint64_t replications,
                                                 struct kith_loaded *l);
void kith_load_free(struct kith_loaded *l);

#endif
