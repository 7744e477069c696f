/* A small run made up for the tests: families of one chart with up to two children of another, random walks
 * whose months and events agree with each other. */
#ifndef KITH_TESTS_TOY_H
#define KITH_TESTS_TOY_H

#include "../../../engine/record/record.h"

#define TOY_ARMS 2
#define TOY_AREAS 2
#define TOY_MONTHS 30
#define TOY_FAMILIES 40

/* The scenario and shape live in static memory and never change. */
extern const struct kith_scenario toy_scenario;
extern const struct kith_shape toy_shape;
extern const struct kith_provenance toy_provenance;

/* What one cell has. */
struct toy_cell {
    struct kith_series series;
    struct kith_tracks tracks;
};
void toy_make(struct toy_cell *cell, struct kith_mem *mem, int replication, size_t arm, size_t area);
void toy_free(struct toy_cell *cell);
/* The families [from, to) of a cell's tracks as a batch of their own; free(end arrays) with toy_part_free. */
struct kith_tracks toy_part(const struct kith_tracks *all, size_t from, size_t to);
void toy_part_free(struct kith_tracks *part);

/* Writes `replications` of the toy to `path`, the tracks in batches of `batch` families. `spoil` changes one
 * event of the last cell. Stops at the first failure, discards the file and returns the failure. */
enum kith_status toy_write(struct kith_mem *mem, const char *path, int replications, size_t batch, bool spoil,
                           const struct kith_provenance *how, struct kith_error *err);

#endif
