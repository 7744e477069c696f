/* What `run`, `check`, `plan` and `describe` share: options that name and change a scenario, and loading it. */
#ifndef KITH_CLI_LOAD_H
#define KITH_CLI_LOAD_H

#include "../run/run.h"
#include "../scenario/scenario.h"
#include "../sim/model.h"

#define KITH_OVERRIDES_MAX 256

struct kith_load_options {
    const char *scenario, *output, *arms;
    struct kith_override overrides[KITH_OVERRIDES_MAX];
    size_t n_overrides;
    int threads;
    enum kith_order order;
    bool quiet, json, dot, json_progress, help;
};

/* Reads the options after the subcommand's name. `accepts` lists the n names that this subcommand knows. Prints
 * what is wrong to stderr and returns KITH_USAGE. */
KITH_MUST_CHECK enum kith_status kith_load_options(struct kith_load_options *o, int argc, char **argv,
                                                   const char *const *accepts, size_t n);

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
