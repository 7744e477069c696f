/* A line of those who wait (or of those who hold): it gives the first one, and anybody can be taken out or moved by the
 * number on the ticket. As long as all come in the order in which they will be served (equal priorities, mostly) it is an
 * array, taken from the front; from when somebody does not until it is empty, a heap. Not to be shared between threads. */
#ifndef KITH_RESOURCE_LINE_H
#define KITH_RESOURCE_LINE_H

#include <stddef.h>
#include <stdint.h>

#include "../base/mem.h"

/* Who stands there. Order: the priority, then the number; no two numbers are equal, so it never depends on how the line is
 * built. */
struct kith_ticket {
    double priority;
    uint64_t number;
    int64_t units;    /* of capacity, in thousandths */
    int64_t since;    /* when it joined, in ticks (see pool.h) */
    uint32_t family;  /* number in its cell */
    uint32_t who;     /* in the model's terms, such as a member and its chart */
    uint32_t at;      /* where in the line; for a free ticket the next free one */
    bool again;       /* had it before and lost it */
    bool safe;        /* never loses it to a higher priority */
};

struct kith_line {
    struct kith_mem *mem;
    size_t n, room;
    uint32_t *place;            /* tickets; an array: [head .. end), the first and the last are there, 0: gone; a heap: [0 .. n) */
    size_t head, end;
    bool heap;
    struct kith_ticket *ticket; /* [tickets]; ticket numbers begin with 1 */
    size_t tickets, tickets_room;
    uint32_t free;              /* first free ticket, 0 none */
    bool lowest;                /* the lowest priority is first, and of equals the latest */
};

/* An empty line; `lowest`: the lowest priority is first (and of equals the latest number), else the highest (the
 * earliest). */
void kith_line_init(struct kith_line *line, struct kith_mem *mem, bool lowest);
/* Releases the memory. */
void kith_line_free(struct kith_line *line);
/* Takes everybody out, keeps the memory. */
void kith_line_clear(struct kith_line *line);
/* Adds one; *ticket is its number, from 1. The ticket's `at` need not be set. KITH_NO_MEMORY leaves the line as it was. */
KITH_MUST_CHECK enum kith_status kith_line_add(struct kith_line *line, const struct kith_ticket *who, uint32_t *ticket);
/* The number of the first; 0 if nobody is there. */
static inline uint32_t kith_line_first(const struct kith_line *line)
{
    return line->n ? line->place[line->head] : 0;
}
/* The family that will be first when k others have gone, if that is easily known, else `none`: for fetching what it needs. The
 * ticket is fetched that this will read when k more have gone. */
static inline uint32_t kith_line_soon(const struct kith_line *line, size_t k, uint32_t none)
{
    size_t at = line->head + k;
    if (line->heap || at + k >= line->end)
        return none;
    if (line->place[at + k])
        __builtin_prefetch(&line->ticket[line->place[at + k] - 1]);
    return line->place[at] ? line->ticket[line->place[at] - 1].family : none;
}
/* The ticket with this number, which must be in the line; valid until the next addition. */
static inline struct kith_ticket *kith_line_ticket(const struct kith_line *line, uint32_t ticket)
{
    return &line->ticket[ticket - 1];
}
/* Takes it out; its number may be given to somebody else. */
void kith_line_remove(struct kith_line *line, uint32_t ticket);
/* Gives it another priority, and its place by that. */
void kith_line_move(struct kith_line *line, uint32_t ticket, double priority);

#endif
