/* The pending-event queue of a cell: one entry a family, its next event.
 *
 * Total order: time first, then the family's number. No two entries are equal, so the order in which events of
 * different families happen never depends on how the queue is built. The functions are all that a cell knows
 * of it: another implementation needs no more. */
#ifndef KITH_SCHED_QUEUE_H
#define KITH_SCHED_QUEUE_H

#include <stdint.h>

#include "../base/mem.h"

struct kith_queue_entry {
    double time; /* years; never NaN */
    uint32_t family;
};

/* A 4-ary heap (Knuth, TAOCP 3, 5.2.3, with four children a node: half the depth, and the children share a cache
 * line). Not to be shared between threads. */
struct kith_queue {
    struct kith_mem *mem;
    size_t n, room;
    struct kith_queue_entry *entry;
};

/* An empty queue. */
void kith_queue_init(struct kith_queue *q, struct kith_mem *mem);
/* Releases the memory; the queue may be initialised again. */
void kith_queue_free(struct kith_queue *q);
/* Takes all entries out, keeps the memory. */
static inline void kith_queue_clear(struct kith_queue *q)
{
    q->n = 0;
}
/* Adds an entry. KITH_NO_MEMORY leaves the queue as it was. */
KITH_MUST_CHECK enum kith_status kith_queue_push(struct kith_queue *q, double time, uint32_t family);
/* The first entry; the queue must not be empty. */
static inline struct kith_queue_entry kith_queue_first(const struct kith_queue *q)
{
    return q->entry[0];
}
/* The entry that will most likely be first when the present first one is gone: only a guess, for fetching what it needs
 * beforehand. The queue must not be empty. */
static inline struct kith_queue_entry kith_queue_second(const struct kith_queue *q)
{
    struct kith_queue_entry e = q->entry[q->n > 1];
    for (size_t i = 2; i < 5 && i < q->n; i++)
        e = q->entry[i].time < e.time ? q->entry[i] : e;
    return e;
}
/* Gives the first entry another, later time, and its place in the order. */
void kith_queue_delay_first(struct kith_queue *q, double time);
/* Removes the first entry. */
void kith_queue_pop(struct kith_queue *q);

#endif
