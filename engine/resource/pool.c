#include "pool.h"

#include <math.h>
#include <string.h>

#define TICKS_A_MONTH 65536

void kith_pool_init(struct kith_pool *pool, struct kith_mem *mem)
{
    *pool = (struct kith_pool){0};
    kith_line_init(&pool->line, mem, false);
    kith_line_init(&pool->holders, mem, true);
}

void kith_pool_free(struct kith_pool *pool)
{
    kith_line_free(&pool->line);
    kith_line_free(&pool->holders);
    kith_mem_free(&pool->listener);
    pool->listener_words = 0;
}

static int64_t ticks(const struct kith_pool *pool, double now)
{
    double x = (now - pool->origin) * KITH_POOL_TICKS_A_YEAR;
    int64_t whole = (int64_t)x;
    return whole - (x < (double)whole); /* the floor, without a call */
}

/* The month of a moment, or -1 before counting. What happens at the very end belongs to the last month. */
static int month_of(const struct kith_pool *pool, int64_t at)
{
    if (at < 0)
        return -1;
    int64_t m = at / TICKS_A_MONTH;
    return m < pool->months ? (int)m : pool->months - 1;
}

/* Which row of amounts is at hand, and until when, now that sums are complete up to `last`. */
static void turn_month(struct kith_pool *pool)
{
    int m = month_of(pool, pool->last);
    pool->row = m < 0 ? NULL : pool->amount + (size_t)m * pool->stride;
    pool->row_until = m < 0 ? 0 : m + 1 < pool->months ? (int64_t)(m + 1) * TICKS_A_MONTH : INT64_MAX;
}

enum kith_status kith_pool_begin(struct kith_pool *pool, const struct kith_pool_plan *plan, double origin, int months,
                                 int64_t *amount, size_t stride, size_t families)
{
    size_t words = families / 64 + 1;
    if (words > pool->listener_words) {
        enum kith_status st = kith_mem_resize(pool->line.mem, &pool->listener, words, sizeof *pool->listener);
        if (st)
            return st;
        pool->listener_words = words;
    }
    memset(pool->listener, 0, pool->listener_words * sizeof *pool->listener);
    kith_line_clear(&pool->line);
    kith_line_clear(&pool->holders);
    pool->plan = plan;
    pool->capacity = pool->used = pool->wanted = 0;
    pool->arrivals = 0;
    pool->level = pool->announced = 0;
    pool->counting = false;
    pool->origin = origin;
    pool->months = months;
    pool->amount = amount;
    pool->stride = stride;
    pool->waited = pool->stayed = 0;
    pool->last = pool->steady = ticks(pool, 0);
    turn_month(pool);
    return KITH_OK;
}

/* Adds to an amount of the month at hand; sums are complete up to now. */
static void count(struct kith_pool *pool, enum kith_pool_amount what, int64_t n)
{
    if (pool->counting)
        pool->row[what] += n;
}

/* Adds the ticks up to `to`, in which nothing changed, to the month at hand. */
static void add_time(struct kith_pool *pool, int64_t to)
{
    int64_t *row = pool->row, step = to - pool->last, waiting = step * (int64_t)pool->line.n;
    pool->last = to;
    pool->stayed += waiting;
    if (!row)
        return;
    row[KITH_POOL_WAITING] += waiting;
    row[KITH_POOL_USED] += step * pool->used;
}

/* The same for what changes with months and capacity only, up to where the other sums are complete. */
static void add_capacity(struct kith_pool *pool)
{
    int64_t step = pool->last - pool->steady;
    pool->steady = pool->last;
    if (!pool->row)
        return;
    pool->row[KITH_POOL_CAPACITY] += pool->capacity == KITH_POOL_UNLIMITED ? 0 : step * pool->capacity;
    pool->row[KITH_POOL_PERIOD] += step;
}

/* accrue() where months end, or counting begins. */
static void accrue_months(struct kith_pool *pool, int64_t to)
{
    while (pool->last < to) {
        add_time(pool, pool->row_until < to ? pool->row_until : to);
        add_capacity(pool);
        turn_month(pool);
    }
}

/* Adds the time since the sums were last complete, month by month. */
static void accrue(struct kith_pool *pool, double now)
{
    int64_t to = ticks(pool, now);
    pool->counting = now > pool->origin;
    if (to >= pool->row_until)
        accrue_months(pool, to);
    else if (to > pool->last)
        add_time(pool, to);
}

/* review() where loads have levels. */
static void find_level(struct kith_pool *pool)
{
    const struct kith_pool_plan *plan = pool->plan;
    if (pool->capacity == KITH_POOL_UNLIMITED) {
        pool->level = 0;
        return;
    }
    int64_t demand = pool->used + pool->wanted;
    /* a quotient of whole numbers is the double nearest to it, as the bounds are: 22.2 of 10 is 2.22 exactly; where
     * there is nothing the load is highest even if nobody asks */
    double load = pool->capacity ? (double)demand / (double)pool->capacity : INFINITY;
    while (pool->level < plan->n_bounds && load >= plan->bounds[pool->level])
        pool->level++;
    while (pool->level && load < plan->bounds[pool->level - 1] * (1 - plan->slack))
        pool->level--;
}

/* Finds the level of the load. Call it after every change. */
static void review(struct kith_pool *pool)
{
    if (pool->plan->n_bounds)
        find_level(pool);
}

void kith_pool_tally(struct kith_pool *pool, double now)
{
    accrue(pool, now);
    add_capacity(pool);
}

void kith_pool_close(struct kith_pool *pool, double now)
{
    kith_pool_tally(pool, now);
    while (pool->line.n) { /* those still there have waited until now */
        uint32_t first = kith_line_first(&pool->line);
        pool->waited += pool->last - kith_line_ticket(&pool->line, first)->since;
        kith_line_remove(&pool->line, first);
    }
}

bool kith_pool_little(const struct kith_pool *pool)
{
    return pool->waited == pool->stayed;
}

void kith_pool_capacity(struct kith_pool *pool, double now, int64_t capacity)
{
    kith_pool_tally(pool, now);
    pool->capacity = capacity;
    review(pool);
}

void kith_pool_take(struct kith_pool *pool, double now, int64_t units)
{
    accrue(pool, now);
    count(pool, KITH_POOL_REQUESTS, 1);
    count(pool, KITH_POOL_GRANTED, 1);
    pool->used += units;
    review(pool);
}

/* Notes a holder where that matters. */
static bool hold(struct kith_pool *pool, const struct kith_ticket *who, uint32_t *ticket)
{
    *ticket = 0;
    return !pool->plan->preempts || who->safe || !kith_line_add(&pool->holders, who, ticket);
}

enum kith_pool_answer kith_pool_request(struct kith_pool *pool, double now, struct kith_ticket *who, bool may_wait,
                                        uint32_t *ticket)
{
    accrue(pool, now);
    who->number = pool->arrivals++;
    who->since = pool->last;
    if (!who->again)
        count(pool, KITH_POOL_REQUESTS, 1);
    if (!pool->line.n && kith_pool_fits(pool, who->units)) {
        if (!hold(pool, who, ticket))
            return KITH_POOL_NO_MEMORY;
        count(pool, KITH_POOL_GRANTED, !who->again);
        pool->used += who->units;
        review(pool);
        return KITH_POOL_HAS;
    }
    if (!may_wait || (!who->again && (int64_t)pool->line.n >= pool->plan->room)) {
        count(pool, KITH_POOL_REFUSED, 1);
        return KITH_POOL_FULL;
    }
    if (kith_line_add(&pool->line, who, ticket))
        return KITH_POOL_NO_MEMORY;
    count(pool, KITH_POOL_WAITED, !who->again);
    pool->wanted += who->units;
    review(pool);
    return KITH_POOL_WAITS;
}

void kith_pool_give(struct kith_pool *pool, double now, int64_t units, uint32_t ticket)
{
    accrue(pool, now);
    pool->used -= units;
    if (ticket)
        kith_line_remove(&pool->holders, ticket);
    review(pool);
}

void kith_pool_adjust(struct kith_pool *pool, double now, int64_t units, uint32_t ticket)
{
    accrue(pool, now);
    pool->used += units;
    if (ticket)
        kith_line_ticket(&pool->holders, ticket)->units += units;
    review(pool);
}

/* Takes somebody out of the line; *out is what the ticket said. */
static void take_out(struct kith_pool *pool, uint32_t ticket, struct kith_ticket *out)
{
    *out = *kith_line_ticket(&pool->line, ticket);
    pool->waited += pool->last - out->since;
    pool->wanted -= out->units;
    kith_line_remove(&pool->line, ticket);
}

void kith_pool_want(struct kith_pool *pool, double now, uint32_t ticket, int64_t units)
{
    struct kith_ticket *who = kith_line_ticket(&pool->line, ticket);
    accrue(pool, now);
    pool->wanted += units - who->units;
    who->units = units;
    review(pool);
}

void kith_pool_leave(struct kith_pool *pool, double now, uint32_t ticket)
{
    struct kith_ticket gone;
    accrue(pool, now);
    take_out(pool, ticket, &gone);
    count(pool, KITH_POOL_LEFT, 1);
    review(pool);
}

void kith_pool_reorder(struct kith_pool *pool, uint32_t ticket, double priority)
{
    if (kith_line_ticket(&pool->line, ticket)->priority != priority)
        kith_line_move(&pool->line, ticket, priority);
}

bool kith_pool_next(struct kith_pool *pool, double now, struct kith_ticket *out, uint32_t *ticket, bool *failed)
{
    uint32_t first = kith_line_first(&pool->line);
    if (!first || !kith_pool_fits(pool, kith_line_ticket(&pool->line, first)->units))
        return false;
    accrue(pool, now);
    take_out(pool, first, out);
    count(pool, KITH_POOL_GRANTED, !out->again);
    count(pool, KITH_POOL_WAIT, pool->last - out->since);
    pool->used += out->units;
    *failed = *failed || !hold(pool, out, ticket);
    review(pool);
    return true;
}

bool kith_pool_victim(struct kith_pool *pool, double now, struct kith_ticket *out)
{
    uint32_t first = kith_line_first(&pool->line), lowest = kith_line_first(&pool->holders);
    if (!first || !lowest ||
        !(kith_line_ticket(&pool->holders, lowest)->priority < kith_line_ticket(&pool->line, first)->priority))
        return false;
    accrue(pool, now);
    *out = *kith_line_ticket(&pool->holders, lowest);
    kith_line_remove(&pool->holders, lowest);
    pool->used -= out->units;
    count(pool, KITH_POOL_PREEMPTED, 1);
    review(pool);
    return true;
}
