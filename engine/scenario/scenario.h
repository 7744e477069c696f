/* A scenario: everything a run needs, read and checked from a YAML file. The sections that only a model
 * understands (charts, attributes, households, measures, ...) stay nodes, for the model to read. */
#ifndef KITH_SCENARIO_SCENARIO_H
#define KITH_SCENARIO_SCENARIO_H

#include "node.h"

/* One area (local authority). Columns of the areas table that are numbers are at scenario->column[c][area].
 */
struct kith_area {
    const char *code, *name;
    uint64_t key; /* kith_hash_name(code): draws depend on the code, not on the position */
    double share; /* of the population of all areas of the table; sums to 1 if all are chosen */
    double size;  /* as the areas table gives it, such as a number of children; NaN without a table */
};

/* One change of a parameter: from `time` (years from the start of the simulation) on it has `value`. */
struct kith_change {
    double time;
    size_t parameter;
    double value; /* base unit */
};

/* A policy. All arms share every draw. changes are sorted by time, then parameter. */
struct kith_arm {
    const char *name, *what;
    size_t n_changes;
    struct kith_change *changes;
};

/* A published figure to hold a measure against. */
struct kith_target {
    const char *measure; /* name of a measure */
    const char *label;
    const char *source;
    double value;
    double low, high; /* tolerance that counts as met; NaN if not given */
    double time;      /* years from the start of the counted period, as in `summary` */
};

struct kith_override {
    const char *path, *value; /* --set path=value */
};

/* A file that a scenario was read from. */
struct kith_source {
    const char *path; /* as it was opened */
    const char *bytes;
    size_t n;
    bool table; /* data, rather than a part of the scenario's text */
};

struct kith_scenario {
    struct kith_mem *mem;
    const char *path; /* as given */
    const char *title, *model;
    char *text; /* all text read, files in order of reading, each behind a "# file: NAME" line, then
                   the overrides ("# set: path=value") and a "# table: NAME sha256 HEX" line for each
                   table: for provenance */
    size_t n_sources;
    const struct kith_source *sources; /* all files, the first of them `path`: with the overrides they are the scenario */
    const struct kith_node *root;
    uint64_t seed;
    int replications;
    double start_date; /* calendar date of time 0 as years (2023.25); NaN if the scenario has no calendar */
    double warm_up;    /* years before counting starts; the counted period begins at this time */
    double counted;    /* years counted: a whole number of months */
    int months;        /* counted * 12 */
    int64_t families;  /* families simulated in all areas of the table together, at a moment */
    double represents; /* real families they stand for; equal to `families` if not given */
    size_t n_areas;
    struct kith_area *areas;
    size_t n_columns;
    const char **column_names;
    double **column; /* [n_columns][n_areas]; NaN where the table is empty */
    double *column_total; /* [n_columns] over all rows of the table, chosen or not */
    size_t n_parameters;
    struct kith_parameter *parameters;
    size_t n_arms; /* at least 1: without `arms:` there is one, "baseline", without changes */
    struct kith_arm *arms;
    size_t n_targets;
    struct kith_target *targets;
    double trajectories; /* share of families whose trajectories are written: 0 .. 1 */
    struct kith_arena *arena;
};

/* The top-level keys that a model owns. */
struct kith_model_keys {
    const char *model;
    const char *const *keys;
    size_t n;
};

/* Reads `path`, what it extends and the overrides, and checks everything that is not the model's. `models`
 * lists the models there are with the top-level keys they own; any other key is reported, and so is an
 * unknown model. KITH_BAD_SCENARIO: the reports are in `errors`. KITH_IO: `path` cannot be read, which is a
 * report (with that code), too. KITH_NO_MEMORY: no report is added for that. The scenario is to be freed in
 * every case; it keeps pointers into `models` and `mem`. */
KITH_MUST_CHECK enum kith_status kith_scenario_read(struct kith_scenario *sc, struct kith_mem *mem,
                                                    const char *path, const struct kith_override *overrides,
                                                    size_t n_overrides, const struct kith_model_keys *models,
                                                    size_t n_models, struct kith_errors *errors);
/* The same from copies of all its files, as an earlier reading left them in `sources`: nothing is opened. */
KITH_MUST_CHECK enum kith_status kith_scenario_read_sources(struct kith_scenario *sc, struct kith_mem *mem,
                                                            const struct kith_source *sources, size_t n_sources,
                                                            const struct kith_override *overrides, size_t n_overrides,
                                                            const struct kith_model_keys *models, size_t n_models,
                                                            struct kith_errors *errors);
void kith_scenario_free(struct kith_scenario *sc);

/* Writes the 64 hexadecimal digits of a SHA-256 of all that the results depend on but the number of replications: the
 * content of the files after `extends` and overrides, without comments and layout; the tables; the arms chosen; and
 * `salt`, text of the caller's. KITH_NO_MEMORY or KITH_INTERNAL on failure. */
KITH_MUST_CHECK enum kith_status kith_scenario_fingerprint(const struct kith_scenario *sc, const char *salt,
                                                           char hex[65]);

/* A reader over the scenario's parameters with the values that arm `arm` has at time `time` (NaN: the values
 * of the file, no arm's changes). `values` is an array of n_parameters that the caller provides and keeps. */
struct kith_reader kith_scenario_reader(const struct kith_scenario *sc, struct kith_errors *errors,
                                        double *values, size_t arm, double time);

/* Version of the YAML library, such as "0.2.5". */
const char *kith_scenario_yaml_version(void);

#endif
