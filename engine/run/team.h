/* Threads that simulate the cells that are missing and put them into a shard. */
#ifndef KITH_RUN_TEAM_H
#define KITH_RUN_TEAM_H

#include "journal.h"
#include "run.h"

struct kith_team_job {
    const struct kith_run *run;
    const struct kith_cells *cells;     /* that are finished already; rank 0 only */
    const struct kith_journal *journal; /* where the shard goes */
    const struct kith_shard_head *head;
    uint64_t cells_done, events; /* out: finished by this process */
    uint64_t cells_all, events_all; /* out, rank 0: of all processes, as far as they have told */
};

/* Simulates what is missing of part run->part. KITH_OK: all of it that this process was given. KITH_STOPPED: the run was asked
 * to stop. What was finished is in the journal whatever comes back. */
KITH_MUST_CHECK enum kith_status kith_team_work(struct kith_team_job *job, struct kith_error *err);

#endif
