/* The cells of an experiment, and where those that are finished are: in shards, or in an output file. Resuming, adding
 * replications, sharing the work and merging are all arithmetic on this set. */
#ifndef KITH_RUN_CELLS_H
#define KITH_RUN_CELLS_H

#include "../record/results.h"
#include "../record/shard.h"

/* Where a cell is: shard is 0 nowhere, KITH_CELLS_OUTPUT in the output file, else one more than its index. */
#define KITH_CELLS_OUTPUT UINT32_MAX
struct kith_cells_place {
    uint32_t shard, index;
};

/* Not thread-safe while it is filled; afterwards kith_cells_has may be called by several threads. */
struct kith_cells {
    struct kith_mem *mem;
    uint64_t n; /* cells of the experiment: replications x arms x areas, numbered in that order */
    size_t n_arms, n_areas;
    struct kith_cells_place *place; /* [n] */
    uint64_t n_there;
    size_t n_shards, room_shards;
    struct kith_shard *shards;
    size_t last_open;       /* shard whose file is open; n_shards: none */
    bool has_output;
    struct kith_results output;
};

/* An experiment of that size, with nothing finished yet. To be freed in every case. */
KITH_MUST_CHECK enum kith_status kith_cells_init(struct kith_cells *c, struct kith_mem *mem, uint64_t replications,
                                                 uint64_t n_arms, uint64_t n_areas, struct kith_error *err);
/* Releases all memory and closes the files. */
void kith_cells_free(struct kith_cells *c);

/* Adds the cells of a shard, whatever `fault` it has. Its content moves into the set, and `s` is empty then. KITH_BAD_SCENARIO
 * if it is of another experiment than `fingerprint`, or with `once` if it holds a cell that is there already. Cells
 * beyond the last replication are left out. */
KITH_MUST_CHECK enum kith_status kith_cells_add(struct kith_cells *c, struct kith_shard *s, const char *fingerprint,
                                                bool once, struct kith_error *err);
/* Adds those of an output file. `path` is borrowed. */
KITH_MUST_CHECK enum kith_status kith_cells_add_output(struct kith_cells *c, const char *path, const char *fingerprint,
                                                       struct kith_error *err);

/* Whether the cell is finished. */
static inline bool kith_cells_has(const struct kith_cells *c, uint64_t cell)
{
    return c->place[cell].shard != 0;
}

/* The shard that holds a cell, and the cell's index there; NULL if no shard does. Closes the file of the one used before. */
struct kith_shard *kith_cells_shard(struct kith_cells *c, uint64_t cell, size_t *index);

/* Whether a cell is part `part` (from 1) of `n_parts`: one of each n_parts from a multiple of that on, whatever the number of
 * replications, and not always of the same areas. */
bool kith_cells_mine(uint64_t cell, uint64_t part, uint64_t n_parts);

#endif
