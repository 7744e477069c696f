/* The pending-event queue of a cell: entries are families and the time of an event of theirs.
 *
 * Total order: time first, then the family's number. Entries that are equal in both are the same to everybody, so the
 * order in which events of different families happen never depends on how the queue is built, nor on `expected` and
 * `end` below. The functions are all that a cell knows of it: another implementation needs no more.
 *
 * An entry is not found again once it is in. A caller that changes its mind pushes a second one and skips the first
 * when it turns up; such stale entries are pending like all others.
 *
 * A queue belongs to one thread. */
#ifndef KITH_SCHED_QUEUE_H
#define KITH_SCHED_QUEUE_H

#include <stdint.h>

#include "../base/mem.h"

/* What is pending. */
struct kith_queue_entry {
    double time; /* years; never NaN */
    uint32_t family;
};

/* Entries of a bucket that lie together, at an address that is a multiple of their size: the place of the next entry tells
 * in which chunk it is, and whether that is full. */
enum { KITH_QUEUE_CHUNK = 31, KITH_QUEUE_CHUNK_BYTES = 512 };
struct kith_queue_chunk {
    struct kith_queue_chunk *next; /* of the same bucket; the last one's is the first */
    uint32_t before;               /* entries in the bucket's chunks before this one */
    struct kith_queue_entry entry[KITH_QUEUE_CHUNK];
};
_Static_assert(sizeof(struct kith_queue_chunk) == KITH_QUEUE_CHUNK_BYTES, "chunks lie side by side");

/* Chunks that were allocated together. */
struct kith_queue_slab {
    struct kith_queue_chunk *memory, *chunk; /* what was allocated, and the first chunk in it */
    size_t n;
};

/* A wheel of buckets of equal width; queue.c says how it works. Its fields are for the functions below. */
struct kith_queue {
    struct kith_mem *mem;
    size_t n;                         /* pending: in buckets, run and late */
    double end, scale;                /* years; buckets a year */
    double until;                     /* years: what is before this is in run or late, not in a bucket */
    struct kith_queue_entry *run;     /* [room + 1] of the bucket being drained, sorted; behind them one that is never */
    size_t at, n_run;                 /* run[at, n_run) are pending */
    struct kith_queue_entry *late;    /* [room] heap of those that came when their bucket was being drained already */
    size_t n_late, room;
    struct kith_queue_entry **bucket; /* [bucket_room] where its next entry goes; NULL: it has had none */
    size_t bucket_room, next;         /* bucket[next] is the next to be drained, if it has entries */
    struct kith_queue_chunk *free;    /* chunks that have been given back */
    struct kith_queue_slab *slab;     /* [slabs] */
    size_t slabs, at_slab, at_chunk;  /* which chunk of which slab is handed out next when none is free */
    uint32_t *bin;                    /* for sorting: how many entries each has, then where they end in the run */
};

/* An empty queue without memory. Only kith_queue_begin and kith_queue_free may follow. */
void kith_queue_init(struct kith_queue *q, struct kith_mem *mem);

/* Releases the memory; the queue is as after kith_queue_init. */
void kith_queue_free(struct kith_queue *q);

/* Takes all entries out, keeps the memory, and prepares for events from 0 to `end` years (any positive number).
 * `expected` is the number of families, or of entries that will be pending at a time: it decides how wide buckets are,
 * thus how fast the queue is and nothing else. KITH_NO_MEMORY leaves a queue that is empty and drops what is pushed. */
KITH_MUST_CHECK enum kith_status kith_queue_begin(struct kith_queue *q, double end, size_t expected);

/* queue.c, for those below: adds an entry that is late, past the end, or has no chunk to go to. */
KITH_MUST_CHECK enum kith_status kith_queue_push_other(struct kith_queue *q, struct kith_queue_entry e);
/* queue.c, for those below: makes the next bucket that has entries the one being drained. */
void kith_queue_turn(struct kith_queue *q);
/* queue.c, for those below: removes the first of those that came late. */
void kith_queue_pop_late(struct kith_queue *q);

/* Adds an entry. One after `end` (INFINITY too) never happens: it is dropped. The time may not lie before that of the
 * entry removed last; at that very time, the total order holds among what is pending. KITH_NO_MEMORY leaves the queue as
 * it was. */
KITH_MUST_CHECK static inline enum kith_status kith_queue_push(struct kith_queue *q, double time, uint32_t family)
{
    struct kith_queue_entry e = {time, family};
    if (!(time >= q->until && time <= q->end))
        return kith_queue_push_other(q, e);
    struct kith_queue_entry **bucket = &q->bucket[(size_t)(int64_t)(time * q->scale)], *at = *bucket;
    if ((uintptr_t)(void *)at % KITH_QUEUE_CHUNK_BYTES == 0) /* no chunk yet, or the end of one */
        return kith_queue_push_other(q, e);
    *at = e;
    *bucket = at + 1;
    q->n++;
    return KITH_OK;
}

/* Whether nothing is pending. */
static inline bool kith_queue_empty(const struct kith_queue *q)
{
    return q->n == 0;
}

/* Whether a comes before b: the total order. */
static inline bool kith_queue_before(struct kith_queue_entry a, struct kith_queue_entry b)
{
    return a.time < b.time || (!(a.time > b.time) && a.family < b.family);
}

/* Whether no entry is left of the bucket being drained, or that came late: the next kith_queue_first turns to another one. */
static inline bool kith_queue_drained(const struct kith_queue *q)
{
    return q->at == q->n_run && !q->n_late;
}

/* The first entry; the queue must not be empty. */
static inline struct kith_queue_entry kith_queue_first(struct kith_queue *q)
{
    if (kith_queue_drained(q))
        kith_queue_turn(q);
    struct kith_queue_entry a = q->run[q->at], b = q->late[0];
    return kith_queue_before(b, a) ? b : a;
}

/* Removes the first entry; the queue must not be empty. */
static inline void kith_queue_pop(struct kith_queue *q)
{
    if (kith_queue_drained(q))
        kith_queue_turn(q);
    q->n--;
    if (kith_queue_before(q->late[0], q->run[q->at]))
        kith_queue_pop_late(q);
    else
        q->at++;
}

/* Entries of the bucket being drained, sorted, from its first pending one on; *n says how many. Entries that came while
 * it was being drained are not among them. All that is pending before kith_queue_bucket_end is either here or came late.
 * Meant for looking at what comes soon in one go; *n may be 0. The array is the queue's and stays until the next
 * kith_queue_first, _pop or _push. */
static inline const struct kith_queue_entry *kith_queue_bucket(const struct kith_queue *q, size_t *n)
{
    *n = q->n_run - q->at;
    return q->run + q->at;
}

/* Years: entries pushed at or after this moment are not in the bucket being drained. */
static inline double kith_queue_bucket_end(const struct kith_queue *q)
{
    return q->until;
}

/* The entry that most likely comes k after the first (k = 0: the first), for fetching what it needs beforehand; NULL
 * when that is not known. Only a guess: others may come in between. */
static inline const struct kith_queue_entry *kith_queue_soon(const struct kith_queue *q, size_t k)
{
    return k < q->n_run - q->at ? &q->run[q->at + k] : NULL;
}

#endif
