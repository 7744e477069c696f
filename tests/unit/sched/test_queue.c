/* The event queue against a sorted array: the total order (time, then family) after any history, however wide buckets
 * are, how many entries share one or a moment, and whether they come before their bucket is drained or while it is;
 * what is left when memory runs out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "rng/draw.h"
#include "sched/queue.h"

enum { MOST = 3000, MANY = 300000 };

static uint64_t luck;

static uint64_t pick(uint64_t n)
{
    luck = kith_draw_mix(luck, n);
    return (luck >> 12) % n;
}

static double unit(void)
{
    return (double)pick((uint64_t)1 << 52) * 0x1p-52;
}

static int by_time_then_family(const void *a, const void *b)
{
    const struct kith_queue_entry *x = a, *y = b;
    if (x->time != y->time)
        return x->time < y->time ? -1 : 1;
    return (x->family > y->family) - (x->family < y->family);
}

/* All that is pending, in order. */
struct reference {
    struct kith_queue_entry entry[MOST];
    size_t n;
};

static struct reference reference;

static void reference_push(double time, uint32_t family)
{
    struct kith_queue_entry e = {time, family};
    size_t i = reference.n++;
    assert_true(reference.n <= MOST);
    for (; i && by_time_then_family(&e, &reference.entry[i - 1]) < 0; i--)
        reference.entry[i] = reference.entry[i - 1];
    reference.entry[i] = e;
}

static void reference_pop(void)
{
    memmove(reference.entry, reference.entry + 1, --reference.n * sizeof *reference.entry);
}

static void assert_same(struct kith_queue_entry a, struct kith_queue_entry b)
{
    assert_true(a.time == b.time);
    assert_int_equal(a.family, b.family);
}

/* The queue holds what the reference holds, as far as can be seen without taking anything out. */
static void check(struct kith_queue *q)
{
    size_t n = 0;
    assert_int_equal(kith_queue_empty(q), reference.n == 0);
    if (reference.n)
        assert_same(kith_queue_first(q), reference.entry[0]);
    const struct kith_queue_entry *e = kith_queue_bucket(q, &n);
    size_t before = 0; /* the end of the bucket */
    while (before < reference.n && reference.entry[before].time < kith_queue_bucket_end(q))
        before++;
    assert_true(n <= before);
    for (size_t i = 0, k = 0; i < n; i++, k++) { /* each is pending, and in this order */
        while (k < before && by_time_then_family(&reference.entry[k], &e[i]) < 0)
            k++;
        assert_true(k < before);
        assert_same(e[i], reference.entry[k]);
        assert_ptr_equal(kith_queue_soon(q, i), &e[i]);
    }
    assert_null(kith_queue_soon(q, n));
}

static void push(struct kith_queue *q, double time, uint32_t family)
{
    assert_int_equal(kith_queue_push(q, time, family), KITH_OK);
    reference_push(time, family);
}

static void pop(struct kith_queue *q)
{
    if (pick(4)) /* nobody has to look */
        assert_same(kith_queue_first(q), reference.entry[0]);
    kith_queue_pop(q);
    reference_pop();
}

/* A moment from `now` on, at most `end`: what histories differ in. */
static double some_time(int kind, double now, double end)
{
    double t = now;
    switch (kind) {
        case 0: t = now + (end - now) * unit(); break;             /* anywhere */
        case 1: t = end / 40 * (double)pick(41); break;            /* few moments: ties are the rule */
        case 2: t = now + end * 1e-3 * unit(); break;              /* soon */
        case 3: t = now + end * 1e-14 * (double)pick(20); break;   /* all but the same */
        case 4: t = nextafter(end / 256 * (double)pick(257), pick(2) ? end : 0); break; /* beside borders of buckets */
        case 5: t = 5e-324 * (double)pick(30); break;              /* the smallest numbers */
        default: return some_time((int)pick(6), now, end);
    }
    return t < now ? now : t > end ? end : t;
}

/* Grows, shrinks and grows again. */
static void history(struct kith_queue *q, int kind, double end, size_t expected, int steps)
{
    double now = 0;
    reference.n = 0;
    assert_int_equal(kith_queue_begin(q, end, expected), KITH_OK);
    check(q);
    for (int step = 0; step < steps; step++) {
        unsigned likely = step / 1000 % 2 ? 40 : 65; /* of 100 steps, additions */
        if (reference.n < MOST && (reference.n == 0 || pick(100) < likely)) {
            double t = pick(8) ? some_time(kind, now, end) : now;
            push(q, t, (uint32_t)(pick(4) ? pick(1000) : pick(3)));
        } else {
            now = reference.entry[0].time;
            pop(q);
        }
        if (pick(16) == 0)
            check(q);
    }
    while (reference.n)
        pop(q);
    check(q);
}

static void any_history_has_the_total_order(void **state)
{
    static const double ends[] = {18, 1e-3, 1, 1000, 5e-324, 1e-307, DBL_MAX, 1.0 / 3};
    static const size_t expected[] = {0, 1000, 100000000};
    (void)state;
    luck = 1;
    struct kith_mem mem = KITH_MEM_INIT;
    struct kith_queue q;
    kith_queue_init(&q, &mem);
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
        for (size_t k = 0; k < 3; k++)
            for (int kind = 0; kind < 7; kind++)
                history(&q, kind, ends[i], expected[k], 2500);
    for (int kind = 0; kind < 7; kind++)
        history(&q, kind, 18, 20000, 30000);
    kith_queue_free(&q);
}

/* Each family is put back again and again: a merge of ascending series, which sorting says how to order. */
static void series_are_merged(void **state)
{
    enum { FAMILIES = 400, EVENTS = 50 };
    static struct kith_queue_entry want[FAMILIES * EVENTS];
    static double time[FAMILIES][EVENTS];
    static unsigned next[FAMILIES];
    struct kith_mem mem = KITH_MEM_INIT;
    struct kith_queue q;
    size_t n = 0;
    (void)state;
    luck = 2;
    kith_queue_init(&q, &mem);
    assert_int_equal(kith_queue_begin(&q, 2500, FAMILIES), KITH_OK);
    for (uint32_t f = 0; f < FAMILIES; f++) {
        for (unsigned k = 0; k < EVENTS; k++) {
            time[f][k] = (k ? time[f][k - 1] : 0) + (double)pick(40); /* ties */
            want[n++] = (struct kith_queue_entry){time[f][k], f};
        }
        assert_int_equal(kith_queue_push(&q, time[f][0], f), KITH_OK);
    }
    qsort(want, n, sizeof *want, by_time_then_family);
    for (size_t i = 0; i < n; i++) {
        struct kith_queue_entry e = kith_queue_first(&q);
        assert_same(e, want[i]);
        kith_queue_pop(&q);
        if (++next[e.family] < EVENTS)
            assert_int_equal(kith_queue_push(&q, time[e.family][next[e.family]], e.family), KITH_OK);
    }
    assert_true(kith_queue_empty(&q));
    kith_queue_free(&q);
}

/* So many in one bucket that anything quadratic would take a hundred times as long as sorting them does. Half come before it
 * is drained, half while it is, from its first moment on. */
static void crowd(struct kith_queue *q, double (*when)(void))
{
    static struct kith_queue_entry want[MANY];
    size_t n = 0;
    for (uint32_t i = 0; i < MANY; i++)
        want[i] = (struct kith_queue_entry){when(), (uint32_t)pick(MANY)};
    want[0].time = 0;
    assert_int_equal(kith_queue_begin(q, 1000, 10), KITH_OK);
    for (; n < MANY / 2; n++)
        assert_int_equal(kith_queue_push(q, want[n].time, want[n].family), KITH_OK);
    assert_true(kith_queue_first(q).time == 0);
    for (; n < MANY; n++)
        assert_int_equal(kith_queue_push(q, want[n].time, want[n].family), KITH_OK);
    qsort(want, MANY, sizeof *want, by_time_then_family);
    assert_true(want[MANY - 1].time < kith_queue_bucket_end(q));
    for (size_t i = 0; i < MANY; i++, kith_queue_pop(q))
        if (by_time_then_family(&want[i], &(struct kith_queue_entry){kith_queue_first(q).time, kith_queue_first(q).family}))
            fail();
    assert_true(kith_queue_empty(q));
}

static double at_once(void)
{
    return 0;
}

static double anywhere(void)
{
    return unit();
}

static double in_clusters(void)
{
    return 0.1 * (double)pick(5) + 1e-9 * unit();
}

static double ever_smaller(void)
{
    return exp2(-(double)pick(1070));
}

static void a_crowded_bucket_is_sorted_quickly(void **state)
{
    struct kith_mem mem = KITH_MEM_INIT;
    struct kith_queue q;
    (void)state;
    luck = 3;
    kith_queue_init(&q, &mem);
    crowd(&q, at_once);
    crowd(&q, anywhere);
    crowd(&q, in_clusters);
    crowd(&q, ever_smaller);
    kith_queue_free(&q);
}

/* How many entries the bucket being drained has, which the first one belongs to. */
static size_t in_bucket(struct kith_queue *q)
{
    size_t n;
    (void)kith_queue_first(q);
    (void)kith_queue_bucket(q, &n);
    return n;
}

/* Whatever the width: the last moment before a bucket's end is in it, the end is not, and comes later if it comes late. */
static void buckets_end_where_they_say(void **state)
{
    struct kith_mem mem = KITH_MEM_INIT;
    struct kith_queue q;
    (void)state;
    luck = 6;
    kith_queue_init(&q, &mem);
    for (int i = 0; i < 1000; i++) {
        double end = exp2(20 * unit() - 10), t = end * 0.99 * unit();
        size_t expected = (size_t)pick(20000);
        assert_int_equal(kith_queue_begin(&q, end, expected), KITH_OK);
        assert_int_equal(kith_queue_push(&q, t, 1), KITH_OK);
        assert_int_equal(in_bucket(&q), 1);
        double border = kith_queue_bucket_end(&q);
        assert_int_equal(kith_queue_begin(&q, end, expected), KITH_OK);
        assert_int_equal(kith_queue_push(&q, border, 2), KITH_OK);
        assert_int_equal(kith_queue_push(&q, nextafter(border, 0), 3), KITH_OK);
        assert_int_equal(kith_queue_push(&q, t, 1), KITH_OK);
        assert_int_equal(in_bucket(&q), 2);
        assert_true(kith_queue_bucket_end(&q) == border);
        assert_int_equal(kith_queue_push(&q, border, 4), KITH_OK);
        assert_int_equal(kith_queue_push(&q, border, 0), KITH_OK);
        static const uint32_t order[] = {1, 3, 0, 2, 4};
        for (int k = 0; k < 5; k++, kith_queue_pop(&q))
            assert_int_equal(kith_queue_first(&q).family, order[k]);
    }
    kith_queue_free(&q);
}

static void zeros_of_either_sign_are_equal(void **state)
{
    static const double zero[] = {0.0, -0.0, 0.0, -0.0, 0.0, -0.0};
    struct kith_mem mem = KITH_MEM_INIT;
    struct kith_queue q;
    (void)state;
    kith_queue_init(&q, &mem);
    assert_int_equal(kith_queue_begin(&q, 18, 100), KITH_OK);
    for (uint32_t i = 0; i < 6; i++) {
        assert_int_equal(kith_queue_push(&q, zero[i], 5 - i), KITH_OK);
        if (i == 3) /* the others come late */
            assert_int_equal(kith_queue_first(&q).family, 2);
    }
    for (uint32_t i = 0; i < 6; i++, kith_queue_pop(&q))
        assert_int_equal(kith_queue_first(&q).family, i);
    kith_queue_free(&q);
}

static void what_is_past_the_end_never_happens(void **state)
{
    static const double ends[] = {18, 1e-3, 1000, 1.0 / 3};
    struct kith_mem mem = KITH_MEM_INIT;
    struct kith_queue q;
    (void)state;
    kith_queue_init(&q, &mem);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(kith_queue_begin(&q, ends[i], 100), KITH_OK);
        assert_int_equal(kith_queue_push(&q, INFINITY, 1), KITH_OK);
        assert_int_equal(kith_queue_push(&q, nextafter(ends[i], INFINITY), 2), KITH_OK);
        assert_true(kith_queue_empty(&q));
        assert_int_equal(kith_queue_push(&q, ends[i], UINT32_MAX), KITH_OK);
        assert_int_equal(kith_queue_push(&q, ends[i], 4), KITH_OK);
        assert_same(kith_queue_first(&q), (struct kith_queue_entry){ends[i], 4});
        kith_queue_pop(&q);
        assert_int_equal(kith_queue_push(&q, INFINITY, 5), KITH_OK); /* while the last bucket is drained */
        kith_queue_pop(&q);
        assert_true(kith_queue_empty(&q));
    }
    assert_int_equal(kith_queue_begin(&q, INFINITY, 100), KITH_OK);
    assert_int_equal(kith_queue_push(&q, INFINITY, 1), KITH_OK);
    assert_true(kith_queue_empty(&q));
    assert_int_equal(kith_queue_push(&q, DBL_MAX, 2), KITH_OK);
    assert_same(kith_queue_first(&q), (struct kith_queue_entry){DBL_MAX, 2});
    kith_queue_free(&q);
}

/* Pops the first and pushes it again, `n` times: always equally many. */
static void hold(struct kith_queue *q, int n)
{
    while (n--) {
        struct kith_queue_entry e = kith_queue_first(q);
        kith_queue_pop(q);
        assert_int_equal(kith_queue_push(q, e.time + 0.2 * unit(), e.family), KITH_OK);
    }
}

static void memory_is_used_again(void **state)
{
    struct kith_mem mem = KITH_MEM_INIT;
    struct kith_queue q;
    long allocations = 0;
    (void)state;
    kith_queue_init(&q, &mem);
    for (int round = 0; round < 4; round++) {
        luck = 4;
        assert_int_equal(kith_queue_begin(&q, 18, 3000), KITH_OK);
        for (uint32_t i = 0; i < 3000; i++)
            assert_int_equal(kith_queue_push(&q, 0.2 * unit(), i), KITH_OK);
        hold(&q, 200000); /* until about year 7 */
        if (!round)
            allocations = mem.allocations;
        assert_int_equal(mem.allocations, allocations);
        hold(&q, 100000); /* the steady state takes nothing */
        assert_int_equal(mem.allocations, allocations);
        assert_false(kith_queue_empty(&q)); /* what was left is gone in the next round */
    }
    kith_queue_free(&q);
}

/* Each allocation fails once, wherever one is made: beginning, filling buckets, filling the one that is being drained. */
static void without_memory_the_queue_is_as_it_was(void **state)
{
    struct kith_mem mem = KITH_MEM_INIT;
    struct kith_queue q;
    int failures = 0;
    (void)state;
    luck = 5;
    reference.n = 0;
    kith_queue_init(&q, &mem);
    kith_queue_free(&q);
    for (size_t expected = 0; expected < 100000; expected += 50000)
        for (long fail_at = 0;; fail_at++) {
            mem.fail_at = fail_at;
            enum kith_status st = kith_queue_begin(&q, 18, expected);
            mem.fail_at = -1;
            assert_true(kith_queue_empty(&q));
            if (st == KITH_OK)
                break;
            assert_int_equal(st, KITH_NO_MEMORY);
            failures++;
            assert_int_equal(kith_queue_push(&q, 0, 1), KITH_OK); /* it drops everything until it has begun */
            assert_true(kith_queue_empty(&q));
        }
    assert_true(failures >= 4);
    failures = 0;
    for (unsigned i = 0; i < MOST; i++) {
        /* near each other at first, so that one bucket grows; then, while it is drained, what comes late; then far away */
        double now = reference.n ? reference.entry[0].time : 0;
        double t = i < 1000 ? 1e-6 * unit() : i < 2000 ? now + (1e-6 - now) * unit() : some_time(0, now, 18);
        enum kith_status st;
        for (long fail_at = 0;; fail_at++) { /* until there is enough for this one */
            mem.fail_at = fail_at;
            st = kith_queue_push(&q, t, i);
            mem.fail_at = -1;
            if (st == KITH_OK)
                break;
            assert_int_equal(st, KITH_NO_MEMORY);
            failures++;
            assert_true(fail_at < 10);
            if (i > 1000) { /* it goes on working */
                pop(&q);
                check(&q);
            }
        }
        reference_push(t, i);
        if (i >= 1000) /* nothing is drained before */
            check(&q);
    }
    assert_true(failures >= 20);
    while (reference.n)
        pop(&q);
    assert_true(kith_queue_empty(&q));
    kith_queue_free(&q);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_history_has_the_total_order),
        cmocka_unit_test(series_are_merged),
        cmocka_unit_test(a_crowded_bucket_is_sorted_quickly),
        cmocka_unit_test(buckets_end_where_they_say),
        cmocka_unit_test(zeros_of_either_sign_are_equal),
        cmocka_unit_test(what_is_past_the_end_never_happens),
        cmocka_unit_test(memory_is_used_again),
        cmocka_unit_test(without_memory_the_queue_is_as_it_was),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
