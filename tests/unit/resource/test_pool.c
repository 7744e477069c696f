/* A pool against a list of everything that happened to it: what it answers, who is first, who loses, how loaded it is, and
 * the sums of every month, computed again from the whole history at the end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "resource/pool.h"
#include "rng/draw.h"

enum { MONTHS = 18, MOST = 400, STRIDE = KITH_POOL_AMOUNTS + 3, TICKS = 65536 };
#define ORIGIN 1.25 /* years before counting */

static uint64_t luck;

static unsigned pick(unsigned n)
{
    luck = kith_draw_mix(luck, n);
    return (unsigned)((luck >> 20) % n);
}

/* A quarter past a tick, so that it does not matter how a time is made whole. */
static double time_of(int64_t tick)
{
    return ORIGIN + ((double)tick + 0.25) / KITH_POOL_TICKS_A_YEAR;
}

/* ---- the reference ---------------------------------------------------------------------------------------------- */

struct person {
    uint32_t family, ticket;
    int64_t units, joined;
    double priority;
    uint64_t number; /* order of arrival */
    bool again, safe;
};

/* For so long it stood like this. */
struct stretch {
    int64_t from, to, used, capacity;
    size_t waiting;
};

struct moment {
    int64_t tick;
    enum kith_pool_amount what;
    int64_t n;
};

struct reference {
    const struct kith_pool_plan *plan;
    struct person line[MOST], holder[MOST]; /* holders: all who may be asked to give, with a ticket or without */
    size_t n_line, n_holders;
    int64_t taken[MOST]; /* units of those who are never refused */
    size_t n_taken;
    int64_t capacity, used;
    uint64_t arrivals;
    size_t level;
    struct stretch *stretch;
    struct moment *moment;
    size_t n_stretches, n_moments, room_stretches, room_moments;
    int64_t now;
};

static void *grown(void *p, size_t n, size_t *room, size_t size)
{
    if (n < *room)
        return p;
    *room = *room ? 2 * *room : 256;
    p = realloc(p, *room * size);
    assert_non_null(p);
    return p;
}

static void note(struct reference *r, enum kith_pool_amount what, int64_t n)
{
    r->moment = grown(r->moment, r->n_moments, &r->room_moments, sizeof *r->moment);
    r->moment[r->n_moments++] = (struct moment){r->now, what, n};
}

/* Until `tick` all stays as it is. */
static void wait_until(struct reference *r, int64_t tick)
{
    r->stretch = grown(r->stretch, r->n_stretches, &r->room_stretches, sizeof *r->stretch);
    r->stretch[r->n_stretches++] = (struct stretch){r->now, tick, r->used, r->capacity, r->n_line};
    r->now = tick;
}

static int64_t wanted(const struct reference *r)
{
    int64_t sum = 0;
    for (size_t i = 0; i < r->n_line; i++)
        sum += r->line[i].units;
    return sum;
}

static bool enough(const struct reference *r, int64_t units)
{
    return r->capacity == KITH_POOL_UNLIMITED || r->used + units <= r->capacity;
}

/* Highest priority, then earliest. */
static size_t head(const struct reference *r)
{
    size_t best = 0;
    for (size_t i = 1; i < r->n_line; i++)
        if (r->line[i].priority > r->line[best].priority ||
            (r->line[i].priority == r->line[best].priority && r->line[i].number < r->line[best].number))
            best = i;
    return best;
}

/* Lowest priority, then latest, of those who can lose it; n_holders if nobody can. */
static size_t weakest(const struct reference *r)
{
    size_t worst = r->n_holders;
    for (size_t i = 0; i < r->n_holders; i++)
        if (!r->holder[i].safe &&
            (worst == r->n_holders || r->holder[i].priority < r->holder[worst].priority ||
             (r->holder[i].priority == r->holder[worst].priority && r->holder[i].number > r->holder[worst].number)))
            worst = i;
    return worst;
}

/* Whether the head of the line takes it from somebody. */
static bool takes(const struct reference *r)
{
    return r->plan->preempts && r->n_line && weakest(r) < r->n_holders &&
           r->holder[weakest(r)].priority < r->line[head(r)].priority;
}

static double load(const struct reference *r)
{
    int64_t busy = r->used + wanted(r);
    if (r->capacity == KITH_POOL_UNLIMITED)
        return 0;
    return r->capacity ? (double)busy / (double)r->capacity : INFINITY; /* without capacity, even if nobody asks */
}

/* After every change: upwards when a bound is reached, downwards only below the bound less the slack. */
static void relevel(struct reference *r)
{
    double x = load(r);
    while (r->level < r->plan->n_bounds && x >= r->plan->bounds[r->level])
        r->level++;
    while (r->level > 0 && x < r->plan->bounds[r->level - 1] * (1 - r->plan->slack))
        r->level--;
}

/* What the sums have to be. */
static void add_up(const struct reference *r, int64_t sum[MONTHS][KITH_POOL_AMOUNTS])
{
    memset(sum, 0, MONTHS * sizeof *sum);
    for (size_t i = 0; i < r->n_moments; i++)
        if (r->moment[i].tick >= 0)
            sum[r->moment[i].tick / TICKS][r->moment[i].what] += r->moment[i].n;
    for (size_t i = 0; i < r->n_stretches; i++)
        for (int64_t m = 0; m < MONTHS; m++) {
            const struct stretch *s = &r->stretch[i];
            int64_t from = s->from > m * TICKS ? s->from : m * TICKS;
            int64_t to = s->to < (m + 1) * TICKS ? s->to : (m + 1) * TICKS;
            if (to <= from)
                continue;
            sum[m][KITH_POOL_WAITING] += (to - from) * (int64_t)s->waiting;
            sum[m][KITH_POOL_USED] += (to - from) * s->used;
            sum[m][KITH_POOL_CAPACITY] += s->capacity == KITH_POOL_UNLIMITED ? 0 : (to - from) * s->capacity;
            sum[m][KITH_POOL_PERIOD] += to - from;
        }
}

/* ---- both of them, step by step --------------------------------------------------------------------------------- */

struct both {
    struct kith_mem mem;
    struct kith_pool pool;
    struct reference r;
    int64_t amount[MONTHS][STRIDE];
};

static double now(const struct both *b)
{
    return time_of(b->r.now);
}

static bool someone_has_a_turn(const struct reference *r)
{
    if (!r->n_line)
        return false;
    const struct person *p = &r->line[head(r)];
    return enough(r, p->units) || takes(r);
}

static void check(struct both *b)
{
    struct reference *r = &b->r;
    relevel(r);
    assert_int_equal(b->pool.capacity, r->capacity);
    assert_int_equal(b->pool.used, r->used);
    assert_int_equal(b->pool.wanted, wanted(r));
    assert_int_equal(b->pool.line.n, r->n_line);
    assert_int_equal(b->pool.level, r->level);
    assert_int_equal(kith_pool_turn(&b->pool), someone_has_a_turn(r));
}

static void begin(struct both *b, const struct kith_pool_plan *plan)
{
    memset(b, 0, sizeof *b);
    b->mem = (struct kith_mem)KITH_MEM_INIT;
    b->r.plan = plan;
    b->r.now = (int64_t)(-ORIGIN * KITH_POOL_TICKS_A_YEAR);
    kith_pool_init(&b->pool, &b->mem);
    assert_int_equal(kith_pool_begin(&b->pool, plan, ORIGIN, MONTHS, b->amount[0], STRIDE, 1000), KITH_OK);
    b->r.capacity = b->pool.capacity; /* without: 0 */
    assert_int_equal(b->r.capacity, 0);
}

static void finish(struct both *b)
{
    kith_pool_free(&b->pool);
    free(b->r.stretch);
    free(b->r.moment);
}

static void set_capacity(struct both *b, int64_t capacity)
{
    b->r.capacity = capacity;
    kith_pool_capacity(&b->pool, now(b), capacity);
    check(b);
}

static void take(struct both *b, int64_t units)
{
    struct reference *r = &b->r;
    assert_true(r->n_taken < MOST);
    r->taken[r->n_taken++] = units;
    r->used += units;
    note(r, KITH_POOL_REQUESTS, 1);
    note(r, KITH_POOL_GRANTED, 1);
    kith_pool_take(&b->pool, now(b), units);
    check(b);
}

static enum kith_pool_answer ask(struct both *b, uint32_t family, int64_t units, double priority, bool may_wait,
                                 bool again, bool safe)
{
    struct reference *r = &b->r;
    struct kith_ticket who = {.family = family, .who = family + 7, .units = units, .priority = priority, .again = again,
                              .safe = safe};
    struct person p = {.family = family, .units = units, .priority = priority, .number = r->arrivals++,
                       .joined = r->now, .again = again, .safe = safe};
    enum kith_pool_answer expected;
    uint32_t ticket = 12345;
    if (!again)
        note(r, KITH_POOL_REQUESTS, 1);
    if (r->n_line == 0 && enough(r, units)) {
        expected = KITH_POOL_HAS;
        r->used += units;
        if (!again)
            note(r, KITH_POOL_GRANTED, 1);
    } else if (may_wait && (again || (int64_t)r->n_line < r->plan->room)) { /* who lost a place is let in again */
        expected = KITH_POOL_WAITS;
        if (!again)
            note(r, KITH_POOL_WAITED, 1);
    } else {
        expected = KITH_POOL_FULL;
        note(r, KITH_POOL_REFUSED, 1);
    }
    enum kith_pool_answer answer = kith_pool_request(&b->pool, now(b), &who, may_wait, &ticket);
    assert_int_equal(answer, expected);
    p.ticket = ticket;
    if (answer == KITH_POOL_HAS) {
        if (r->plan->preempts && !safe)
            assert_true(ticket >= 1);
        else
            assert_int_equal(ticket, 0);
        assert_true(r->n_holders < MOST);
        r->holder[r->n_holders++] = p;
    } else if (answer == KITH_POOL_WAITS) {
        assert_true(ticket >= 1);
        assert_true(r->n_line < MOST);
        r->line[r->n_line++] = p;
    }
    check(b);
    return answer;
}

static enum kith_pool_answer request(struct both *b, uint32_t family, int64_t units, double priority, bool may_wait,
                                     bool again)
{
    return ask(b, family, units, priority, may_wait, again, false);
}

static void give(struct both *b, size_t i)
{
    struct reference *r = &b->r;
    struct person p = r->holder[i];
    r->used -= p.units;
    r->holder[i] = r->holder[--r->n_holders];
    kith_pool_give(&b->pool, now(b), p.units, p.ticket);
    check(b);
}

static void give_taken(struct both *b, size_t i)
{
    struct reference *r = &b->r;
    int64_t units = r->taken[i];
    r->used -= units;
    r->taken[i] = r->taken[--r->n_taken];
    kith_pool_give(&b->pool, now(b), units, 0);
    check(b);
}

static void adjust(struct both *b, size_t i, int64_t units)
{
    b->r.used += units;
    b->r.holder[i].units += units;
    kith_pool_adjust(&b->pool, now(b), units, b->r.holder[i].ticket);
    check(b);
}

static void want(struct both *b, size_t i, int64_t units)
{
    b->r.line[i].units = units;
    kith_pool_want(&b->pool, now(b), b->r.line[i].ticket, units);
    check(b);
}

static void leave(struct both *b, size_t i)
{
    struct reference *r = &b->r;
    uint32_t ticket = r->line[i].ticket;
    note(r, KITH_POOL_LEFT, 1);
    r->line[i] = r->line[--r->n_line];
    kith_pool_leave(&b->pool, now(b), ticket);
    check(b);
}

static void reorder(struct both *b, size_t i, double priority)
{
    b->r.line[i].priority = priority;
    kith_pool_reorder(&b->pool, b->r.line[i].ticket, priority);
    check(b);
}

/* One turn, or one who loses; whether there was either. The one who loses is put into *lost. */
static bool serve(struct both *b, struct person *lost)
{
    struct reference *r = &b->r;
    struct kith_ticket out;
    uint32_t ticket = 54321;
    bool failed = false;
    lost->units = 0;
    bool turn = kith_pool_next(&b->pool, now(b), &out, &ticket, &failed);
    assert_false(failed);
    if (r->n_line && enough(r, r->line[head(r)].units)) {
        struct person p = r->line[head(r)];
        assert_true(turn);
        assert_int_equal(out.family, p.family);
        assert_int_equal(out.who, p.family + 7);
        assert_int_equal(out.units, p.units);
        assert_true(out.priority == p.priority);
        assert_int_equal(out.again, p.again);
        if (!p.again)
            note(r, KITH_POOL_GRANTED, 1);
        note(r, KITH_POOL_WAIT, r->now - p.joined);
        r->line[head(r)] = r->line[r->n_line - 1];
        r->n_line--;
        r->used += p.units;
        if (r->plan->preempts && !p.safe)
            assert_true(ticket >= 1);
        else
            assert_int_equal(ticket, 0);
        p.ticket = ticket;
        r->holder[r->n_holders++] = p;
        check(b);
        return true;
    }
    assert_false(turn);
    check(b);
    turn = kith_pool_victim(&b->pool, now(b), &out);
    if (takes(r)) {
        struct person p = r->holder[weakest(r)];
        assert_true(turn);
        assert_int_equal(out.family, p.family);
        assert_int_equal(out.who, p.family + 7);
        assert_int_equal(out.units, p.units);
        assert_true(out.priority == p.priority);
        note(r, KITH_POOL_PREEMPTED, 1);
        r->holder[weakest(r)] = r->holder[r->n_holders - 1];
        r->n_holders--;
        r->used -= p.units;
        *lost = p;
        check(b);
        return true;
    }
    assert_false(turn);
    check(b);
    return false;
}

static void close_and_compare(struct both *b)
{
    int64_t sum[MONTHS][KITH_POOL_AMOUNTS];
    wait_until(&b->r, MONTHS * TICKS);
    kith_pool_close(&b->pool, ORIGIN + MONTHS / 12.0);
    add_up(&b->r, sum);
    for (size_t m = 0; m < MONTHS; m++) {
        for (size_t i = 0; i < KITH_POOL_AMOUNTS; i++) {
            if (b->amount[m][i] != sum[m][i])
                print_error("month %zu, amount %zu\n", m, i);
            assert_int_equal(b->amount[m][i], sum[m][i]);
        }
        assert_int_equal(sum[m][KITH_POOL_PERIOD], TICKS);
        for (size_t i = KITH_POOL_AMOUNTS; i < STRIDE; i++) /* those of others are left alone */
            assert_int_equal(b->amount[m][i], 0);
    }
    assert_true(kith_pool_little(&b->pool));
}

/* ---- random histories ------------------------------------------------------------------------------------------- */

static double some_priority(unsigned priorities)
{
    return (double)pick(priorities) - 1;
}

static int64_t some_capacity(void)
{
    switch (pick(12)) {
        case 0: return KITH_POOL_UNLIMITED;
        case 1: return 0;
        case 2: return 1 + (int64_t)pick(30000); /* not whole */
        default: return 1000 * (2 + (int64_t)pick(28));
    }
}

static int64_t some_units(void)
{
    return pick(4) ? 1000 : pick(2) ? 1 + (int64_t)pick(2500) : 2000;
}

static void random_step(struct both *b, unsigned priorities)
{
    struct reference *r = &b->r;
    unsigned what = pick(100);
    if (what < 35 && r->n_line < 60 && r->n_holders < 200)
        ask(b, pick(1000), some_units(), some_priority(priorities), pick(10) > 0, false, pick(6) == 0);
    else if (what < 40 && r->n_taken < 10)
        take(b, some_units());
    else if (what < 68 && r->n_holders)
        give(b, pick((unsigned)r->n_holders));
    else if (what < 74 && r->n_taken)
        give_taken(b, pick((unsigned)r->n_taken));
    else if (what < 80 && r->n_holders) {
        size_t i = pick((unsigned)r->n_holders);
        int64_t more = (int64_t)pick(1500) - 700;
        if (r->holder[i].units + more > 0)
            adjust(b, i, more);
    } else if (what < 83 && r->n_line)
        want(b, pick((unsigned)r->n_line), some_units());
    else if (what < 88 && r->n_line)
        leave(b, pick((unsigned)r->n_line));
    else if (what < 95 && r->n_line)
        reorder(b, pick((unsigned)r->n_line), some_priority(priorities));
    else if (what < 97)
        set_capacity(b, some_capacity());
}

static void history(const struct kith_pool_plan *plan, unsigned priorities, uint64_t seed)
{
    static struct both b;
    struct person lost;
    size_t turns = 0, losses = 0, levels = 0;
    luck = kith_draw_mix(seed, priorities);
    begin(&b, plan);
    set_capacity(&b, 8000);
    while (b.r.now < (int64_t)(MONTHS * TICKS) - 3000) {
        size_t level = b.r.level;
        random_step(&b, priorities);
        if (pick(5)) /* else they have to come back to it */
            while (serve(&b, &lost)) {
                turns++;
                if (lost.units) {
                    losses++;
                    if (pick(2)) /* back into line at the same moment */
                        request(&b, lost.family, lost.units, lost.priority, true, true);
                }
            }
        levels += b.r.level != level;
        if (pick(3))
            wait_until(&b.r, b.r.now + (pick(300) ? (int64_t)pick(800) : (int64_t)pick(3 * TICKS)));
        if (b.r.now > (int64_t)(MONTHS * TICKS) - 1) {
            /* too far: the stretch ends at the end */
            b.r.now = (int64_t)(MONTHS * TICKS) - 1;
            b.r.stretch[b.r.n_stretches - 1].to = b.r.now;
        }
    }
    assert_true(turns > 60);
    assert_true((losses > 50) == plan->preempts);
    if (plan->n_bounds)
        assert_true(levels > 50);
    close_and_compare(&b);
    /* Little's law is a statement that can be wrong */
    b.pool.waited++;
    assert_false(kith_pool_little(&b.pool));
    finish(&b);
}

static const double bounds[] = {0.25, 0.5, 0.9, 1, 1.1, 1.3, 2.5};

static void random_histories(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 15; seed++) {
        history(&(struct kith_pool_plan){.room = INT64_MAX}, 1, seed);
        history(&(struct kith_pool_plan){.room = INT64_MAX}, 4, seed);
        history(&(struct kith_pool_plan){.room = 3}, 3, seed);
        history(&(struct kith_pool_plan){.room = INT64_MAX, .n_bounds = 7, .bounds = bounds}, 2, seed);
        history(&(struct kith_pool_plan){.room = 10, .n_bounds = 7, .bounds = bounds, .slack = 1 / 7.1}, 2, seed);
    }
}

static void random_histories_with_preemption(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 15; seed++) {
        history(&(struct kith_pool_plan){.room = INT64_MAX, .preempts = true}, 4, seed);
        history(&(struct kith_pool_plan){.room = INT64_MAX, .preempts = true, .n_bounds = 7, .bounds = bounds,
                                         .slack = 1 / 9.1},
                1000, seed);
    }
}

/* ---- one thing at a time ---------------------------------------------------------------------------------------- */

static void nobody_overtakes_the_head(void **state)
{
    static struct both b;
    struct person lost;
    (void)state;
    begin(&b, &(struct kith_pool_plan){.room = INT64_MAX});
    set_capacity(&b, 3000);
    assert_int_equal(request(&b, 1, 2000, 0, true, false), KITH_POOL_HAS);
    assert_int_equal(request(&b, 2, 2000, 0, true, false), KITH_POOL_WAITS); /* too much */
    assert_int_equal(request(&b, 3, 1000, 0, true, false), KITH_POOL_WAITS); /* would fit, but others wait */
    assert_int_equal(request(&b, 4, 1000, 0, false, false), KITH_POOL_FULL); /* may not wait */
    assert_false(serve(&b, &lost));
    want(&b, 0, 1000); /* it keeps its place */
    assert_int_equal(kith_line_first(&b.pool.line), b.r.line[0].ticket);
    want(&b, 0, 2000);
    reorder(&b, 1, 5); /* now the small one is first */
    assert_true(serve(&b, &lost));
    assert_int_equal(b.r.holder[1].family, 3);
    assert_false(serve(&b, &lost));
    close_and_compare(&b);
    finish(&b);
}

/* Shrinking takes nothing from anyone; what becomes free is not given out until use is below. */
static void capacity_that_shrinks(void **state)
{
    static struct both b;
    struct person lost;
    (void)state;
    begin(&b, &(struct kith_pool_plan){.room = INT64_MAX});
    set_capacity(&b, 4000);
    for (uint32_t i = 0; i < 4; i++)
        request(&b, i, 1000, 0, true, false);
    request(&b, 9, 1000, 0, true, false);
    set_capacity(&b, 2000);
    assert_int_equal(b.pool.used, 4000);
    assert_false(serve(&b, &lost));
    give(&b, 0);
    assert_false(serve(&b, &lost)); /* 3 of 2 */
    give(&b, 0);
    assert_false(serve(&b, &lost)); /* 2 of 2 */
    give(&b, 0);
    assert_true(serve(&b, &lost));
    assert_false(serve(&b, &lost));
    set_capacity(&b, KITH_POOL_UNLIMITED);
    assert_int_equal(request(&b, 10, 5000000, 0, true, false), KITH_POOL_HAS);
    set_capacity(&b, 1000);
    assert_int_equal(request(&b, 11, 1000, 0, true, false), KITH_POOL_WAITS);
    close_and_compare(&b);
    finish(&b);
}

static void use_may_exceed_capacity_where_nobody_is_refused(void **state)
{
    static struct both b;
    struct person lost;
    (void)state;
    begin(&b, &(struct kith_pool_plan){.room = 5});
    set_capacity(&b, 1000);
    for (int i = 0; i < 3; i++)
        take(&b, 1000);
    assert_int_equal(b.pool.used, 3000);
    assert_int_equal(request(&b, 1, 1000, 0, true, false), KITH_POOL_WAITS);
    for (int i = 0; i < 2; i++) {
        give_taken(&b, 0);
        assert_false(serve(&b, &lost));
    }
    give_taken(&b, 0);
    assert_true(serve(&b, &lost));
    close_and_compare(&b);
    finish(&b);
}

static void room_in_the_line(void **state)
{
    static struct both b;
    (void)state;
    begin(&b, &(struct kith_pool_plan){.room = 0});
    set_capacity(&b, 1000);
    assert_int_equal(request(&b, 1, 1000, 0, true, false), KITH_POOL_HAS);
    assert_int_equal(request(&b, 2, 1000, 9, true, false), KITH_POOL_FULL);
    finish(&b);
    begin(&b, &(struct kith_pool_plan){.room = 2});
    set_capacity(&b, 1000);
    assert_int_equal(request(&b, 1, 1000, 0, true, false), KITH_POOL_HAS);
    assert_int_equal(request(&b, 2, 1000, 0, true, false), KITH_POOL_WAITS);
    assert_int_equal(request(&b, 3, 1000, 0, true, false), KITH_POOL_WAITS);
    assert_int_equal(request(&b, 4, 1000, 9, true, false), KITH_POOL_FULL); /* priority makes no room */
    leave(&b, 0);
    assert_int_equal(request(&b, 5, 1000, 0, true, false), KITH_POOL_WAITS);
    close_and_compare(&b);
    finish(&b);
}

static void who_loses(void **state)
{
    static struct both b;
    struct person lost;
    (void)state;
    begin(&b, &(struct kith_pool_plan){.room = INT64_MAX, .preempts = true});
    set_capacity(&b, 4000);
    take(&b, 1000);                        /* without a ticket: keeps it */
    request(&b, 1, 1000, 2, true, false);
    request(&b, 2, 1000, 1, true, false);
    request(&b, 3, 1000, 1, true, false);
    request(&b, 4, 1000, 1, true, false);  /* equal: takes nothing */
    assert_false(serve(&b, &lost));
    request(&b, 5, 1000, 2, true, false);
    assert_true(serve(&b, &lost));
    assert_int_equal(lost.family, 3);      /* of 2 and 3, the latest */
    assert_true(serve(&b, &lost));
    assert_int_equal(lost.units, 0);       /* 5 has it */
    assert_false(serve(&b, &lost));
    request(&b, 6, 3000, 3, true, false);  /* needs more than one loses */
    for (uint32_t next = 0; next < 3; next++) {
        static const uint32_t order[] = {2, 5, 1};
        assert_true(serve(&b, &lost));
        assert_int_equal(lost.family, order[next]);
    }
    assert_true(serve(&b, &lost));
    assert_int_equal(lost.units, 0);
    assert_int_equal(b.pool.used, 4000);
    request(&b, 7, 1000, 4, true, false);
    assert_true(serve(&b, &lost));         /* frees 3, of which 7 gets one; 4 may come in after it */
    assert_int_equal(lost.family, 6);
    assert_true(serve(&b, &lost));
    assert_true(serve(&b, &lost));
    assert_int_equal(b.r.holder[1].family, 4);
    assert_false(serve(&b, &lost));
    request(&b, 8, 2000, 9, true, false);
    assert_true(serve(&b, &lost));
    assert_int_equal(lost.family, 4);      /* the lowest, though 7 has as much */
    assert_true(serve(&b, &lost));
    assert_int_equal(b.pool.used, 4000);
    request(&b, 9, 4000, 10, true, false); /* nobody takes what the first one took: all others go, and it waits */
    assert_true(serve(&b, &lost));
    assert_int_equal(lost.family, 7);
    assert_true(serve(&b, &lost));
    assert_int_equal(lost.family, 8);
    assert_false(serve(&b, &lost));
    assert_int_equal(b.pool.used, 1000);
    close_and_compare(&b);
    finish(&b);
}

/* Who is safe loses nothing, and takes from others like anybody else. */
static void who_is_safe(void **state)
{
    static struct both b;
    struct person lost;
    (void)state;
    begin(&b, &(struct kith_pool_plan){.room = INT64_MAX, .preempts = true});
    set_capacity(&b, 2000);
    assert_int_equal(ask(&b, 1, 1000, 0, true, false, true), KITH_POOL_HAS);
    assert_int_equal(ask(&b, 2, 1000, 1, true, false, false), KITH_POOL_HAS);
    assert_int_equal(ask(&b, 3, 1000, 2, true, false, true), KITH_POOL_WAITS);
    assert_true(serve(&b, &lost));
    assert_int_equal(lost.family, 2);
    assert_true(serve(&b, &lost));
    assert_int_equal(ask(&b, 4, 1000, 9, true, false, false), KITH_POOL_WAITS);
    assert_false(serve(&b, &lost)); /* both are safe */
    assert_int_equal(b.pool.holders.n, 0);
    give(&b, 0);
    assert_true(serve(&b, &lost));
    close_and_compare(&b);
    finish(&b);
}

/* Their priority is what it was when the units were given, however large the line grows and shrinks. */
static void adjusted_units_are_what_is_lost(void **state)
{
    static struct both b;
    struct person lost;
    (void)state;
    begin(&b, &(struct kith_pool_plan){.room = INT64_MAX, .preempts = true});
    set_capacity(&b, 3000);
    request(&b, 1, 1000, 0, true, false);
    adjust(&b, 0, 1500);
    assert_int_equal(b.pool.used, 2500);
    adjust(&b, 0, 4000); /* beyond capacity: it is not asked for but taken */
    assert_int_equal(b.pool.used, 6500);
    request(&b, 2, 3000, 1, true, false);
    assert_true(serve(&b, &lost));
    assert_int_equal(lost.units, 6500);
    assert_int_equal(b.pool.used, 0);
    assert_true(serve(&b, &lost));
    close_and_compare(&b);
    finish(&b);
}

/* Bands of load by their lower ends: with N / 100 of a capacity of C in use, one is in the band that begins at N / 100,
 * though N / 100 * C may not be a whole number to a machine. */
static void bands_of_load(void **state)
{
    static const int64_t capacities[] = {1, 10, 20, 25, 30, 100, 300};
    static double hundredths[250];
    size_t wrong = 0;
    (void)state;
    for (size_t i = 0; i < 250; i++)
        hundredths[i] = (double)(i + 1) / 100;
    for (size_t c = 0; c < sizeof capacities / sizeof *capacities; c++) {
        struct kith_mem mem = KITH_MEM_INIT;
        struct kith_pool pool;
        static int64_t amount[MONTHS][STRIDE];
        int64_t part = capacities[c] * 1000 / 100;
        struct kith_pool_plan plan = {.room = INT64_MAX, .n_bounds = 250, .bounds = hundredths};
        kith_pool_init(&pool, &mem);
        assert_int_equal(kith_pool_begin(&pool, &plan, 0, MONTHS, amount[0], STRIDE, 10), KITH_OK);
        kith_pool_capacity(&pool, 0, capacities[c] * 1000);
        for (size_t i = 1; i <= 250; i++) {
            kith_pool_take(&pool, 0, part - 1);
            assert_int_equal(pool.level, i - 1);
            kith_pool_take(&pool, 0, 1);
            if (pool.level != i && wrong++ < 20)
                print_error("capacity %d, %d thousandths in use: below %g\n", (int)capacities[c],
                            (int)(part * (int64_t)i), hundredths[i - 1]);
        }
        for (size_t i = 250; i >= 1; i--) {
            kith_pool_give(&pool, 0, 1, 0);
            assert_int_equal(pool.level, i - 1);
            kith_pool_give(&pool, 0, part - 1, 0);
            if (pool.level != i - 1 && wrong++ < 20)
                print_error("capacity %d, %d thousandths in use: below %g\n", (int)capacities[c],
                            (int)(part * (int64_t)(i - 1)), hundredths[i - 2]);
        }
        kith_pool_free(&pool);
    }
    assert_int_equal(wrong, 0);
}

static void slack_holds_a_level(void **state)
{
    static const double one[] = {1};
    static struct both b;
    (void)state;
    begin(&b, &(struct kith_pool_plan){.room = INT64_MAX, .n_bounds = 1, .bounds = one, .slack = 0.25});
    set_capacity(&b, 10000);
    for (int i = 0; i < 9; i++)
        take(&b, 1000);
    assert_int_equal(b.pool.level, 0); /* 0.9 from below */
    take(&b, 1000);
    assert_int_equal(b.pool.level, 1);
    give_taken(&b, 0);
    give_taken(&b, 0);
    assert_int_equal(b.pool.level, 1); /* 0.8 from above */
    give_taken(&b, 0);
    assert_int_equal(b.pool.level, 0); /* 0.7 */
    take(&b, 1000);
    take(&b, 1000);
    assert_int_equal(b.pool.level, 0); /* 0.9 again */
    set_capacity(&b, 9000);
    assert_int_equal(b.pool.level, 1); /* capacity counts, too */
    set_capacity(&b, 20000);
    assert_int_equal(b.pool.level, 0);
    set_capacity(&b, KITH_POOL_UNLIMITED);
    assert_int_equal(b.pool.level, 0);
    /* those who wait count as load */
    set_capacity(&b, 9000);
    assert_int_equal(b.pool.level, 1);
    set_capacity(&b, 12000);
    assert_int_equal(b.pool.level, 1); /* 0.75: at it, not below */
    set_capacity(&b, 12100);
    assert_int_equal(b.pool.level, 0);
    assert_int_equal(request(&b, 1, 4000, 0, true, false), KITH_POOL_WAITS);
    assert_int_equal(b.pool.level, 1);
    leave(&b, 0);
    assert_int_equal(b.pool.level, 0);
    close_and_compare(&b);
    finish(&b);
}

/* A run begins with nothing of the one before. */
static void a_pool_is_used_again(void **state)
{
    static struct both first, b;
    static const struct kith_pool_plan plan = {.room = INT64_MAX, .preempts = true, .n_bounds = 7, .bounds = bounds};
    (void)state;
    begin(&first, &plan);
    set_capacity(&first, 2000);
    for (uint32_t i = 0; i < 40; i++)
        request(&first, i, 1000, i % 3, true, false);
    kith_pool_listen(&first.pool, 77, true);
    assert_true(first.pool.listener[1] == 1ull << 13);
    kith_pool_close(&first.pool, 2);
    /* the same pool, another cell */
    memset(&b, 0, sizeof b);
    b.r.plan = &plan;
    b.r.now = (int64_t)(-ORIGIN * KITH_POOL_TICKS_A_YEAR);
    b.pool = first.pool;
    assert_int_equal(kith_pool_begin(&b.pool, &plan, ORIGIN, MONTHS, b.amount[0], STRIDE, 100), KITH_OK);
    assert_true(b.pool.listener[0] == 0 && b.pool.listener[1] == 0);
    assert_int_equal(b.pool.used, 0);
    assert_int_equal(b.pool.wanted, 0);
    assert_int_equal(b.pool.line.n, 0);
    assert_int_equal(b.pool.holders.n, 0);
    assert_int_equal(b.pool.level, b.pool.announced);
    b.r.capacity = b.pool.capacity;
    set_capacity(&b, 2000);
    assert_int_equal(request(&b, 1, 2000, 0, true, false), KITH_POOL_HAS);
    assert_int_equal(request(&b, 2, 2000, 0, true, false), KITH_POOL_WAITS);
    close_and_compare(&b);
    free(first.r.stretch);
    free(first.r.moment);
    finish(&b);
}

static void families_that_listen(void **state)
{
    static struct both b;
    static bool on[1000];
    (void)state;
    begin(&b, &(struct kith_pool_plan){.room = INT64_MAX});
    luck = 8;
    for (int i = 0; i < 5000; i++) {
        uint32_t family = pick(1000);
        on[family] = pick(2);
        kith_pool_listen(&b.pool, family, on[family]);
    }
    for (uint32_t family = 0; family < 1000; family++)
        assert_int_equal(b.pool.listener[family >> 6] >> (family & 63) & 1, on[family]);
    finish(&b);
}

/* Each allocation fails once: the answer says so. */
static void without_memory(void **state)
{
    static int64_t amount[MONTHS][STRIDE];
    static const struct kith_pool_plan plan = {.room = INT64_MAX, .preempts = true};
    bool began = false, asked = false, served = false, all = false;
    (void)state;
    for (long fail_at = 0; !all; fail_at++) {
        struct kith_mem mem = {fail_at, 0};
        struct kith_pool pool;
        struct kith_ticket who = {.units = 1000}, out;
        uint32_t ticket;
        bool failed = false;
        assert_true(fail_at < 100);
        kith_pool_init(&pool, &mem);
        enum kith_status st = kith_pool_begin(&pool, &plan, 1, MONTHS, amount[0], STRIDE, 500);
        if (st) {
            assert_int_equal(st, KITH_NO_MEMORY);
            began = true;
            kith_pool_free(&pool);
            continue;
        }
        int i = 0;
        kith_pool_capacity(&pool, 0, 5000);
        for (; i < 300; i++) {
            enum kith_pool_answer answer = kith_pool_request(&pool, 0.5, &who, true, &ticket);
            if (answer == KITH_POOL_NO_MEMORY)
                break;
            assert_int_equal(answer, i < 5 ? KITH_POOL_HAS : KITH_POOL_WAITS);
        }
        if (i < 300) {
            asked = true;
            kith_pool_free(&pool);
            continue;
        }
        kith_pool_capacity(&pool, 0.75, 300000);
        while (kith_pool_next(&pool, 0.75, &out, &ticket, &failed) && !failed)
            i--;
        if (failed)
            served = true;
        else {
            assert_int_equal(i, 5);
            all = true;
        }
        kith_pool_free(&pool);
    }
    assert_true(began && asked && served);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_histories),
        cmocka_unit_test(random_histories_with_preemption),
        cmocka_unit_test(nobody_overtakes_the_head),
        cmocka_unit_test(capacity_that_shrinks),
        cmocka_unit_test(use_may_exceed_capacity_where_nobody_is_refused),
        cmocka_unit_test(room_in_the_line),
        cmocka_unit_test(who_loses),
        cmocka_unit_test(who_is_safe),
        cmocka_unit_test(adjusted_units_are_what_is_lost),
        cmocka_unit_test(bands_of_load),
        cmocka_unit_test(slack_holds_a_level),
        cmocka_unit_test(a_pool_is_used_again),
        cmocka_unit_test(families_that_listen),
        cmocka_unit_test(without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
