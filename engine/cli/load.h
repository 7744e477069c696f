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
    KITH_LOAD_RUN = 2,  /* --output --order --progress --quiet */
    KITH_LOAD_JSON = 4,
    KITH_LOAD_DOT = 8
};

struct kith_load_options {
    const char *scenario, *output, *arms, *replications, *seed, *trajectories, *progress;
    struct kith_cli_list set;
    int threads; /* 0 not said */
    enum kith_order order;
    bool quiet, json, dot;
};

/* Reads the options of a subcommand that takes those of `takes` (enum kith_load_takes, added up). */
enum kith_cli_next kith_load_options(struct kith_load_options *o, int argc, char **argv, int takes,
                                     const char *help);

/* A scenario that has been read and compiled. */
struct kith_loaded {
    struct kith_mem mem;
    struct kith_scenario sc;
    const struct kith_model *model;
    void *compiled;
};
/* Reads and compiles the scenario that the options name; prints all reports to stderr. To be freed in every case. */
KITH_MUST_CHECK enum kith_status kith_load(const struct kith_load_options *o, struct kith_loaded *l);
void kith_load_free(struct kith_loaded *l);

#endif
