/* Runs the families of a cell: one at a time where nothing couples them, or through an event queue. */
#ifndef KITH_SIM_FAMILIES_H
#define KITH_SIM_FAMILIES_H

#include "model.h"
#include "tracks.h"

/* How to run. Both give the same results to the bit where nothing is coupled. */
enum kith_order {
    KITH_ORDER_FAMILY, /* each family from beginning to end */
    KITH_ORDER_QUEUE   /* all families in order of time, by a pending-event queue with one entry each */
};

/* Workspace of one thread, reused from run to run. */
struct kith_families {
    struct kith_mem *mem;
    struct kith_tracks tracks; /* rows of the tracked families of the last run; the event columns are the cell's */
    size_t family_room, member_room;
    unsigned char *state;      /* families in progress */
    size_t state_room;
    double *births;            /* [members] */
    uint32_t *owner;           /* queue: [rows] family of each row */
    size_t owner_room;
    uint16_t *day2, *code2;    /* queue: rows regrouped by family */
    int8_t *member2;
};
/* An empty workspace, and its release. */
void kith_families_init(struct kith_families *f, struct kith_mem *mem);
void kith_families_free(struct kith_families *f);

/* Runs families [from, to) of the cell, which may hold other families' counts to add to but no rows. A share
 * `track` of families, chosen by a keyed draw, is tracked. `stop` (may be NULL) is looked at between families; when
 * it becomes nonzero the run ends early with KITH_STOPPED. */
KITH_MUST_CHECK enum kith_status kith_families_run(struct kith_families *f, const struct kith_model *model,
                                                   const void *compiled, struct kith_cell *cell,
                                                   const struct kith_shape *shape, uint64_t from, uint64_t to,
                                                   double track, enum kith_order order,
                                                   const volatile int *stop);

#endif
