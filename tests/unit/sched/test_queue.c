/* The event queue against a sorted array: the total order (time, then family), with many equal times. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdlib.h>

#include "rng/draw.h"
#include "sched/queue.h"

#define N 5000

static int by_time_then_family(const void *a, const void *b)
{
    const struct kith_queue_entry *x = a, *y = b;
    if (x->time != y->time)
        return x->time < y->time ? -1 : 1;
    return (x->family > y->family) - (x->family < y->family);
}

/* A time out of 40 different ones, so that ties are the rule. */
static double some_time(uint64_t i)
{
    return (double)(kith_draw_mix(kith_draw_mix(0, 4711), i) % 40);
}

static void test_pops_in_total_order(void **state)
{
    (void)state;
    struct kith_mem mem = KITH_MEM_INIT;
    struct kith_queue q;
    static struct kith_queue_entry want[N];
    kith_queue_init(&q, &mem);
    for (uint32_t i = 0; i < N; i++) {
        uint32_t family = (i * 2654435761u) % N; /* 2654435761 is odd and prime to 5000 */
        want[i] = (struct kith_queue_entry){some_time(i), family};
        assert_int_equal(kith_queue_push(&q, want[i].time, want[i].family), KITH_OK);
    }
    qsort(want, N, sizeof *want, by_time_then_family);
    for (uint32_t i = 0; i < N; i++) {
        struct kith_queue_entry e = kith_queue_first(&q);
        assert_true(e.time == want[i].time);
        assert_int_equal(e.family, want[i].family);
        kith_queue_pop(&q);
    }
    assert_int_equal(q.n, 0);
    kith_queue_free(&q);
}

/* Each entry is delayed again and again: a merge of N ascending series, which the sorted array says how to order. */
static void test_delays_merge_series(void **state)
{
    (void)state;
    enum { FAMILIES = 100, EVENTS = 50 };
    struct kith_mem mem = KITH_MEM_INIT;
    struct kith_queue q;
    static struct kith_queue_entry want[FAMILIES * EVENTS];
    static double time[FAMILIES][EVENTS + 1];
    static unsigned next[FAMILIES];
    size_t n = 0;
    kith_queue_init(&q, &mem);
    for (uint32_t f = 0; f < FAMILIES; f++) {
        next[f] = 0;
        for (unsigned k = 0; k < EVENTS; k++) {
            time[f][k] = (k ? time[f][k - 1] : 0) + 1 + some_time(f * 1000 + k);
            want[n++] = (struct kith_queue_entry){time[f][k], f};
        }
        time[f][EVENTS] = INFINITY;
        assert_int_equal(kith_queue_push(&q, time[f][0], f), KITH_OK);
    }
    qsort(want, n, sizeof *want, by_time_then_family);
    for (size_t i = 0; i < n; i++) {
        struct kith_queue_entry e = kith_queue_first(&q);
        assert_true(e.time == want[i].time);
        assert_int_equal(e.family, want[i].family);
        kith_queue_delay_first(&q, time[e.family][++next[e.family]]);
    }
    assert_true(kith_queue_first(&q).time == INFINITY);
    kith_queue_free(&q);
}

static void test_out_of_memory_keeps_the_queue(void **state)
{
    (void)state;
    struct kith_mem mem = KITH_MEM_INIT;
    struct kith_queue q;
    kith_queue_init(&q, &mem);
    uint32_t i = 0;
    assert_int_equal(kith_queue_push(&q, 0, i++), KITH_OK);
    mem.fail_at = 0;
    while (kith_queue_push(&q, i, i) == KITH_OK)
        i++;
    assert_int_equal(q.n, i);
    for (uint32_t k = 0; k < i; k++) {
        assert_int_equal(kith_queue_first(&q).family, k);
        kith_queue_pop(&q);
    }
    kith_queue_free(&q);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pops_in_total_order),
        cmocka_unit_test(test_delays_merge_series),
        cmocka_unit_test(test_out_of_memory_keeps_the_queue),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
