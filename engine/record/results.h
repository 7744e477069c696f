/* An output file opened for reading: what summary, compare, digest and info need. Files of this program only;
 * one that is damaged or foreign gives KITH_IO with a reason. */
#ifndef KITH_RECORD_RESULTS_H
#define KITH_RECORD_RESULTS_H

#include "record.h"
#include "../scenario/arena.h"
#include "../scenario/scenario.h"
#include "../sim/series.h"

/* All pointers belong to the struct. Not to be used by two threads at once. */
struct kith_results {
    int64_t file; /* HDF5's number of the open file */
    struct kith_mem *mem;
    struct kith_arena arena;
    const char *path, *title, *model, *seed;
    struct kith_shape shape; /* as it was run, without prices and resources */
    int months, years;
    size_t n_replications; /* begun */
    size_t n_planned;
    double weight; /* real families per simulated one */
    double families, represents, start_date, warm_up, counted, trajectories;
    size_t n_arms, n_areas;
    const char **arms, **arm_what, **areas, **area_names;
    const double *shares;
    const int8_t *done; /* [n_replications][n_arms][n_areas] */
    size_t n_targets;
    const struct kith_target *targets;
    struct kith_results_copy *copy; /* open columns, while trajectories are copied */
};

/* Opens and reads everything but the numbers. `path` is borrowed. To be closed in every case. */
KITH_MUST_CHECK enum kith_status kith_results_open(struct kith_results *r, struct kith_mem *mem,
                                                   const char *path, struct kith_error *err);
void kith_results_close(struct kith_results *r);

/* Whether every area of that replication of that arm is done. */
bool kith_results_complete(const struct kith_results *r, size_t replication, size_t arm);
/* Reads the outcome of a replication of an arm into value[years + 2][n_measures], as in struct kith_outcome.
 */
KITH_MUST_CHECK enum kith_status kith_results_outcome(struct kith_results *r, size_t replication, size_t arm,
                                                      double *value, struct kith_error *err);
/* Reads the series of a cell into `s`, made by kith_series_init with the shape and months of `r`. */
KITH_MUST_CHECK enum kith_status kith_results_series(struct kith_results *r, size_t replication, size_t arm,
                                                     size_t area, struct kith_series *s,
                                                     struct kith_error *err);

/* Hands the trajectories of a cell, if there are any, to a writer of a file of the same experiment. */
KITH_MUST_CHECK enum kith_status kith_results_copy_tracks(struct kith_results *r, size_t replication, size_t arm,
                                                          size_t area, struct kith_writer *to, struct kith_error *err);

void kith_results_copy_end(struct kith_results *r); /* kith_results_close calls it */

/* An attribute of /provenance: its text, or "" if there is none; its number, or NaN. */
KITH_MUST_CHECK enum kith_status kith_results_text(struct kith_results *r, const char *name,
                                                   const char **text, struct kith_error *err);
KITH_MUST_CHECK enum kith_status kith_results_real(struct kith_results *r, const char *name, double *value,
                                                   struct kith_error *err);
/* The single text `path`, "/provenance/scenario"; "" if there is none. */
KITH_MUST_CHECK enum kith_status kith_results_dataset_text(struct kith_results *r, const char *path,
                                                           const char **text, struct kith_error *err);
/* Bytes that the numbers in a group take in the file, and how many events there are in the trajectories. */
double kith_results_bytes(struct kith_results *r, const char *group);
double kith_results_rows(struct kith_results *r);

/* SHA-256 over the results, and only those: two files have the same digest exactly if they hold the same
 * results, however they were computed, cut into chunks and compressed. digest.c says what is hashed. */
KITH_MUST_CHECK enum kith_status kith_results_digest(struct kith_results *r, char hex[65],
                                                     struct kith_error *err);

#endif
