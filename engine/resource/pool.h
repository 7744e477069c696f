/* Limited capacity of one area: who uses it, who waits for it, how loaded it is, and what came of it month by month.
 * A pool knows nothing of families but their numbers. Not to be shared between threads.
 *
 * Time is kept in ticks of 1/65536 month (about 40 seconds) from the start of the counted period, negative before
 * it, and capacity in thousandths of a unit: all sums are of integers and do not depend on their order. */
#ifndef KITH_RESOURCE_POOL_H
#define KITH_RESOURCE_POOL_H

#include "line.h"

#define KITH_POOL_UNLIMITED INT64_MAX
#define KITH_POOL_TICKS_A_YEAR (12 * 65536.0)

/* What a pool adds up, month by month. */
enum kith_pool_amount {
    KITH_POOL_REQUESTS,  /* who came to use it */
    KITH_POOL_WAITED,    /* of these, who had to wait */
    KITH_POOL_GRANTED,   /* who got it, at once or after a wait; again after a pre-emption does not count */
    KITH_POOL_REFUSED,   /* who found the line full */
    KITH_POOL_LEFT,      /* who gave up waiting */
    KITH_POOL_PREEMPTED, /* who lost it to a higher priority */
    KITH_POOL_WAIT,      /* ticks that those who got it this month had waited */
    KITH_POOL_WAITING,   /* ticks that anybody waited this month */
    KITH_POOL_USED,      /* ticks times thousandths of a unit in use */
    KITH_POOL_CAPACITY,  /* the same that there were; 0 while unlimited */
    KITH_POOL_PERIOD,    /* ticks of the month */
    KITH_POOL_AMOUNTS
};

/* What is the same for all areas and all times. */
struct kith_pool_plan {
    int64_t room;         /* how many may stand in line; INT64_MAX: any number */
    bool preempts;        /* a higher priority takes from a lower one */
    size_t n_bounds;
    const double *bounds; /* [n_bounds] ascending: loads at which a level begins */
    double slack;         /* a level is left downwards at its bound times (1 - slack) */
};

struct kith_pool {
    const struct kith_pool_plan *plan;
    int64_t capacity, used, wanted; /* thousandths; wanted: by those in line */
    struct kith_line line, holders; /* holders: only if the plan pre-empts */
    uint64_t arrivals;
    size_t level, announced;        /* how many bounds the load has reached; at which of them families were told */
    uint64_t *listener;             /* bit f: family f has a hazard that depends on the level */
    size_t listener_words;
    int64_t last;                   /* ticks up to which sums are complete, */
    int64_t steady;                 /* and up to which those of capacity and of time itself are */
    bool counting;                  /* and that is after the moment at which counting begins */
    int64_t waited, stayed;         /* ticks in line: by person, of those gone; by moment, the line's length */
    double origin;                  /* time at which counting begins, years */
    int months;
    int64_t *amount;                /* [months][stride] the cell's, from this pool's first one on */
    size_t stride;
    int64_t *row;                   /* of the month that `last` falls in; NULL before counting */
    int64_t row_until;              /* ticks at which that month ends; INT64_MAX: the last one */
};

enum kith_pool_answer { KITH_POOL_HAS, KITH_POOL_WAITS, KITH_POOL_FULL, KITH_POOL_NO_MEMORY };

/* A pool without capacity, users or line. */
void kith_pool_init(struct kith_pool *pool, struct kith_mem *mem);
/* Releases the memory. */
void kith_pool_free(struct kith_pool *pool);
/* Makes it ready for a new run that starts at time 0 (years) and has `families` families; amounts go to `amount`,
 * rows of `stride` of which the first KITH_POOL_AMOUNTS are this pool's. */
KITH_MUST_CHECK enum kith_status kith_pool_begin(struct kith_pool *pool, const struct kith_pool_plan *plan,
                                                 double origin, int months, int64_t *amount, size_t stride,
                                                 size_t families);
/* Brings the sums up to time `now`. Without it those of capacity and period may end where a month began or capacity changed. */
void kith_pool_tally(struct kith_pool *pool, double now);
/* The same, as the last thing to do with a run. */
void kith_pool_close(struct kith_pool *pool, double now);
/* Whether Little's law holds in its sample form: the time waited, added up by person, is the line's length added up
 * over time. Exact, for ticks are integers; call it after kith_pool_close. */
bool kith_pool_little(const struct kith_pool *pool);

/* From now on there are this many thousandths, or KITH_POOL_UNLIMITED. Nobody loses what they have. */
void kith_pool_capacity(struct kith_pool *pool, double now, int64_t capacity);
/* Whether there are so many left. */
static inline bool kith_pool_fits(const struct kith_pool *pool, int64_t units)
{
    return pool->capacity == KITH_POOL_UNLIMITED || pool->used + units <= pool->capacity;
}
/* Takes units for somebody who is never refused; use may exceed capacity. */
void kith_pool_take(struct kith_pool *pool, double now, int64_t units);
/* Asks for who->units. HAS: they are taken (*ticket: among the holders, 0 if nobody can take them away). WAITS: who
 * joined the line with *ticket. FULL: neither, for there is no room in it or who may not wait. Joins the line even if there is enough when others wait already. */
enum kith_pool_answer kith_pool_request(struct kith_pool *pool, double now, struct kith_ticket *who, bool may_wait,
                                        uint32_t *ticket);
/* Gives units back; `ticket` is the holder's, or 0. */
void kith_pool_give(struct kith_pool *pool, double now, int64_t units, uint32_t ticket);
/* Changes the units of somebody who uses the pool by `units`. */
void kith_pool_adjust(struct kith_pool *pool, double now, int64_t units, uint32_t ticket);
/* Who stands in line wants this many units now, and keeps the place. */
void kith_pool_want(struct kith_pool *pool, double now, uint32_t ticket, int64_t units);
/* Leaves the line. */
void kith_pool_leave(struct kith_pool *pool, double now, uint32_t ticket);
/* Another priority for somebody in line. */
void kith_pool_reorder(struct kith_pool *pool, uint32_t ticket, double priority);
/* Whether somebody has a turn: the head of the line can be served (kith_pool_next), or somebody of lower priority has to make room
 * (kith_pool_victim). */
static inline bool kith_pool_turn(const struct kith_pool *pool)
{
    uint32_t first = kith_line_first(&pool->line), lowest = kith_line_first(&pool->holders);
    return first && (kith_pool_fits(pool, kith_line_ticket(&pool->line, first)->units) ||
                     (lowest && kith_line_ticket(&pool->holders, lowest)->priority <
                                    kith_line_ticket(&pool->line, first)->priority));
}

/* If the head of the line can be served it leaves the line with its units, *out is what its ticket said and *ticket its new
 * one among the holders (0 if the plan does not pre-empt). False: nobody has a turn. `failed` is set when memory runs out. */
bool kith_pool_next(struct kith_pool *pool, double now, struct kith_ticket *out, uint32_t *ticket, bool *failed);
/* If the plan pre-empts and the head of the line cannot be served but somebody of lower priority uses the pool: takes the
 * lowest one's units, *out is who that was. */
bool kith_pool_victim(struct kith_pool *pool, double now, struct kith_ticket *out);

/* Whether family `family` has a hazard that depends on the level. */
static inline void kith_pool_listen(struct kith_pool *pool, uint32_t family, bool on)
{
    uint64_t bit = 1ull << (family & 63);
    if (on)
        pool->listener[family >> 6] |= bit;
    else
        pool->listener[family >> 6] &= ~bit;
}

#endif
