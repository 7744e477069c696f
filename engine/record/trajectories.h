/* The trajectories in the output file. Private to this room.
 *
 *   event/day, event/member, event/code   a row for each event: families one after the other, in order of time
 *   family/id, family/ATTRIBUTE           a row for each family
 *   family/event_offset                   its events are rows event_offset[i] .. event_offset[i + 1] - 1
 *   family/member_offset                  the same for member/
 *   member/birth_day                      a row for each child
 *   cell/family_offset                    the same for the families of a cell; cells in order of replication, arm,
 *                                         area
 *
 * Families arrive in batches; those of a cell that is never finished are dropped in the end. */
#ifndef KITH_RECORD_TRAJECTORIES_H
#define KITH_RECORD_TRAJECTORIES_H

#include "column.h"
#include "layout.h"

struct kith_trajectories {
    struct kith_column day, member, code, id, event_offset, member_offset, birth_day, family_offset;
    struct kith_column *attributes; /* [n_attributes], NULL if there are none */
    size_t n_attributes;
    struct kith_chunks chunks; /* kith_chunks_help may be called by other threads at any time between init and finish */
};

/* A zeroed struct may be freed. */
KITH_MUST_CHECK enum kith_status kith_trajectories_init(struct kith_trajectories *t, const struct kith_h5 *h,
                                                        const struct kith_shape *shape);
KITH_MUST_CHECK enum kith_status kith_trajectories_add(struct kith_trajectories *t, const struct kith_h5 *h,
                                                       const struct kith_tracks *tracks);
/* The families added so far are those of the first n cells, and stay. */
KITH_MUST_CHECK enum kith_status kith_trajectories_cells(struct kith_trajectories *t, const struct kith_h5 *h, uint64_t n);
/* Drops families of a cell that was not finished, gives the cells up to n, which were not run, no families, writes what
 * is waiting, and the axes. */
KITH_MUST_CHECK enum kith_status kith_trajectories_finish(struct kith_trajectories *t, const struct kith_h5 *h, uint64_t n);
/* Where the attribute `name` of families stands. One that is called like one of the columns gets a longer name. */
void kith_trajectories_attribute(char *path, size_t size, const char *name);
void kith_trajectories_free(struct kith_trajectories *t);

#endif
