/* Finished cells put together: into an output file, or into one shard. */
#ifndef KITH_RUN_MERGE_H
#define KITH_RUN_MERGE_H

#include "cells.h"
#include "run.h"

/* Writes the cells that are there, in canonical order, as output file run->path; it replaces what was there once it is complete.
 * how->events and wall_seconds grow by what the cells say. KITH_STOPPED if the run was asked to stop: nothing is written. */
KITH_MUST_CHECK enum kith_status kith_merge_output(const struct kith_run *run, struct kith_cells *cells,
                                                   struct kith_provenance *how, struct kith_error *err);
/* Copies the cells of part run->part that are there into one shard, run->path. */
KITH_MUST_CHECK enum kith_status kith_merge_shard(const struct kith_run *run, struct kith_cells *cells,
                                                  const struct kith_shard_head *head, struct kith_error *err);

#endif
