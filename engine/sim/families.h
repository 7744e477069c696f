/* Runs the families of a cell: one at a time where nothing couples them, or all in order of time. */
#ifndef KITH_SIM_FAMILIES_H
#define KITH_SIM_FAMILIES_H

#include "../sched/queue.h"
#include "model.h"
#include "store.h"
#include "tracks.h"

/* How to run what is not coupled. Both give the same results to the bit where nothing is coupled. */
enum kith_order {
    KITH_ORDER_FAMILY, /* each family from beginning to end */
    KITH_ORDER_QUEUE   /* all families in order of time, by a pending-event queue with one entry each */
};

/* Workspace of one thread, reused from run to run. */
struct kith_families {
    struct kith_mem *mem;
    struct kith_tracks tracks; /* the batch at hand of the last run's tracked families; the event columns are the cell's */
    struct kith_tracks all;    /* what the batch says of families and members */
    bool given;                /* it is not the first one */
    /* where rows are mixed: whose they are, and what the next batch is made from */
    const struct kith_model *model;
    const void *compiled;
    const struct kith_shape *shape;
    uint64_t first;            /* number of the run's first family */
    size_t at, n;              /* families that were in batches so far, and in all */
    size_t family_room, member_room;
    unsigned char *state;      /* families in progress */
    size_t state_room;
    double *births;            /* [members] */
    struct kith_room *room;    /* the thread's, for coupled cells */
};
/* Where the families of a coupled cell are while it runs: nothing of it is needed afterwards, so a thread has one. */
struct kith_room {
    struct kith_mem *mem;
    struct kith_queue queue;
    struct kith_store store;
    struct kith_waiting *waiting; /* [families] when and where it waits for its next event (area.c) */
    size_t families;
    unsigned char *packed;     /* [packed_room] for packing one */
    size_t packed_room;
    void *batch;               /* [batch_room] bytes: a model's own way (kith_model.batch) */
    size_t batch_room;
};
/* An empty workspace, and its release. `room` is used while cells run, never by two threads at once. */
void kith_families_init(struct kith_families *f, struct kith_mem *mem, struct kith_room *room);
void kith_families_free(struct kith_families *f);
/* Empty room, and its release. */
void kith_room_init(struct kith_room *room, struct kith_mem *mem);
void kith_room_free(struct kith_room *room);

/* Runs families [from, to) of the cell; if it is coupled (cell->pool) they must be all of them. The cell may hold other families' counts to add to but no rows. A share
 * `track` of families, chosen by a keyed draw, is tracked; the first batch of them is in `tracks` afterwards. `stop` (may be
 * NULL) is looked at between families; when it becomes nonzero the run ends early with KITH_STOPPED. */
KITH_MUST_CHECK enum kith_status kith_families_run(struct kith_families *f, const struct kith_model *model,
                                                   const void *compiled, struct kith_cell *cell,
                                                   const struct kith_shape *shape, uint64_t from, uint64_t to,
                                                   double track, enum kith_order order,
                                                   const volatile int *stop);

/* Makes the next batch of tracked families of that run the one in `tracks`; there is none left when it has no families. What
 * was there before is gone. The model may be asked how the families begin. */
KITH_MUST_CHECK enum kith_status kith_families_next(struct kith_families *f, struct kith_cell *cell);

/* families.c, for area.c. Has the rows of families [from, from + n), which stand in order of time, leave by family. */
KITH_MUST_CHECK enum kith_status kith_families_regroup(struct kith_families *f, const struct kith_model *model,
                                                       const void *compiled, struct kith_cell *cell,
                                                       const struct kith_shape *shape, uint64_t from, size_t n);
/* area.c: the pools of a coupled cell of n families, before anything happens and when all is over. */
KITH_MUST_CHECK enum kith_status kith_area_open(struct kith_cell *cell, const struct kith_shape *shape, size_t n);
void kith_area_close(struct kith_cell *cell, const struct kith_shape *shape);
/* area.c: runs all n families of a coupled cell together. */
KITH_MUST_CHECK enum kith_status kith_area_run(struct kith_families *f, const struct kith_model *model,
                                               const void *compiled, struct kith_cell *cell,
                                               const struct kith_shape *shape, size_t n,
                                               const volatile int *stop);

#endif
