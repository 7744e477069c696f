/* A line against a plain array that is looked through: who is first after any history of additions, removals and moves,
 * which numbers tickets get, and what is left when memory runs out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "resource/line.h"
#include "rng/draw.h"

enum { MOST = 700 };

static uint64_t luck;

static unsigned pick(unsigned n)
{
    luck = kith_draw_mix(luck, n);
    return (unsigned)((luck >> 20) % n);
}

/* Everybody who stands in the line, in no order. */
struct reference {
    struct kith_ticket who[MOST];
    uint32_t ticket[MOST];
    size_t n;
    bool lowest;
};

static bool before(const struct reference *r, const struct kith_ticket *a, const struct kith_ticket *b)
{
    if (a->priority != b->priority)
        return r->lowest ? a->priority < b->priority : a->priority > b->priority;
    return r->lowest ? a->number > b->number : a->number < b->number;
}

static size_t first_of(const struct reference *r)
{
    size_t best = 0;
    for (size_t i = 1; i < r->n; i++)
        if (before(r, &r->who[i], &r->who[best]))
            best = i;
    return best;
}

static void take_out(struct reference *r, size_t i)
{
    r->n--;
    r->who[i] = r->who[r->n];
    r->ticket[i] = r->ticket[r->n];
}

/* One who has something of their own in every field. */
static struct kith_ticket somebody(uint64_t number, unsigned priorities)
{
    struct kith_ticket t = {0};
    t.family = pick(1000000);
    t.who = pick(4000);
    t.units = 1 + (int64_t)pick(9000);
    t.since = (int64_t)pick(100000) - 50000;
    t.again = pick(2);
    t.safe = pick(2);
    t.priority = (double)pick(priorities) - 0.5 * priorities;
    t.number = number;
    return t;
}

static void assert_same_ticket(const struct kith_ticket *a, const struct kith_ticket *b)
{
    assert_int_equal(a->family, b->family);
    assert_int_equal(a->who, b->who);
    assert_int_equal(a->units, b->units);
    assert_int_equal(a->since, b->since);
    assert_int_equal(a->again, b->again);
    assert_int_equal(a->safe, b->safe);
    assert_true(a->priority == b->priority);
    assert_int_equal(a->number, b->number);
}

static void check(const struct kith_line *line, const struct reference *r)
{
    assert_int_equal(line->n, r->n);
    if (!r->n) {
        assert_int_equal(kith_line_first(line), 0);
        return;
    }
    assert_int_equal(kith_line_first(line), r->ticket[first_of(r)]);
    size_t some = pick((unsigned)r->n);
    assert_same_ticket(kith_line_ticket(line, r->ticket[some]), &r->who[some]);
}

static void add(struct kith_line *line, struct reference *r, const struct kith_ticket *who)
{
    uint32_t ticket = 0;
    assert_true(r->n < MOST);
    assert_int_equal(kith_line_add(line, who, &ticket), KITH_OK);
    assert_true(ticket >= 1);
    for (size_t i = 0; i < r->n; i++) /* nobody else has it */
        assert_int_not_equal(r->ticket[i], ticket);
    r->who[r->n] = *who;
    r->ticket[r->n++] = ticket;
}

/* Grows, shrinks and grows again; `priorities` different ones, so that with few of them most are equal. */
static void history(bool lowest, unsigned priorities, uint64_t seed)
{
    static struct reference r;
    struct kith_mem mem = KITH_MEM_INIT;
    struct kith_line line;
    uint64_t number = 0;
    uint32_t largest = 0;
    size_t most = 0;
    luck = seed;
    r.n = 0;
    r.lowest = lowest;
    kith_line_init(&line, &mem, lowest);
    check(&line, &r);
    for (int step = 0; step < 12000; step++) {
        unsigned likely = step / 1500 % 2 ? 35 : 60; /* of 100 steps, additions */
        unsigned what = pick(100);
        if (r.n == 0 || (what < likely && r.n < MOST)) {
            struct kith_ticket who = somebody(number++, priorities);
            add(&line, &r, &who);
            largest = r.ticket[r.n - 1] > largest ? r.ticket[r.n - 1] : largest;
            most = r.n > most ? r.n : most;
        } else if (what < 75) { /* the first, or anybody */
            size_t i = pick(2) ? first_of(&r) : pick((unsigned)r.n);
            kith_line_remove(&line, r.ticket[i]);
            take_out(&r, i);
        } else {
            size_t i = pick((unsigned)r.n);
            r.who[i].priority = (double)pick(priorities) - 0.5 * priorities;
            kith_line_move(&line, r.ticket[i], r.who[i].priority);
        }
        check(&line, &r);
    }
    assert_true(most > 100);
    /* numbers are given again: there were never more tickets than stood in the line at once */
    assert_int_equal(largest, most);
    while (r.n) {
        size_t i = first_of(&r);
        assert_int_equal(kith_line_first(&line), r.ticket[i]);
        kith_line_remove(&line, r.ticket[i]);
        take_out(&r, i);
    }
    check(&line, &r);
    kith_line_free(&line);
}

static void any_history_has_the_right_first_one(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 2; seed++)
        for (int lowest = 0; lowest < 2; lowest++) {
            history(lowest, 1, seed);
            history(lowest, 3, 100 + seed);
            history(lowest, 1000000, 200 + seed);
        }
}

/* The whole order, not only the first: all are added in an order that says nothing, then taken out one by one. */
static void leaves_in_order(void **state)
{
    static struct reference r;
    (void)state;
    for (int lowest = 0; lowest < 2; lowest++) {
        struct kith_mem mem = KITH_MEM_INIT;
        struct kith_line line;
        struct kith_ticket last = {0};
        luck = 5;
        r.n = 0;
        r.lowest = lowest;
        kith_line_init(&line, &mem, lowest);
        for (unsigned i = 0; i < MOST; i++) {
            struct kith_ticket who = somebody((i * 499u) % MOST, 20); /* 499 is prime to 700 */
            add(&line, &r, &who);
        }
        for (unsigned i = 0; i < MOST; i++) {
            uint32_t ticket = kith_line_first(&line);
            struct kith_ticket who = *kith_line_ticket(&line, ticket);
            if (i)
                assert_true(before(&r, &last, &who));
            last = who;
            kith_line_remove(&line, ticket);
        }
        assert_int_equal(line.n, 0);
        kith_line_free(&line);
    }
}

/* Priorities of any size, infinite ones, and zero of either sign, which are equal. */
static void extreme_priorities(void **state)
{
    static const double priority[] = {0.0, -0.0, 1e308, -1e308, 5e-324, 1.0 / 0.0, -1.0 / 0.0, 0.0};
    static const uint64_t highest_first[] = {5, 2, 4, 0, 1, 7, 3, 6};
    (void)state;
    for (int lowest = 0; lowest < 2; lowest++) {
        struct kith_mem mem = KITH_MEM_INIT;
        struct kith_line line;
        kith_line_init(&line, &mem, lowest);
        for (unsigned i = 0; i < 8; i++) {
            struct kith_ticket who = {.number = i, .priority = priority[i]};
            uint32_t ticket;
            assert_int_equal(kith_line_add(&line, &who, &ticket), KITH_OK);
        }
        for (unsigned i = 0; i < 8; i++) {
            uint32_t ticket = kith_line_first(&line);
            assert_int_equal(kith_line_ticket(&line, ticket)->number, highest_first[lowest ? 7 - i : i]);
            kith_line_remove(&line, ticket);
        }
        kith_line_free(&line);
    }
}

/* A move to the same priority changes nothing: the number still decides. */
static void a_move_to_where_it_is(void **state)
{
    struct kith_mem mem = KITH_MEM_INIT;
    struct kith_line line;
    uint32_t ticket[50];
    (void)state;
    kith_line_init(&line, &mem, false);
    for (unsigned i = 0; i < 50; i++) {
        struct kith_ticket who = {.number = i, .priority = 2};
        assert_int_equal(kith_line_add(&line, &who, &ticket[i]), KITH_OK);
    }
    for (unsigned i = 0; i < 50; i++)
        kith_line_move(&line, ticket[49 - i], 2);
    /* and one that went to the end comes back to its old place */
    kith_line_move(&line, ticket[20], 1);
    kith_line_move(&line, ticket[20], 2);
    for (unsigned i = 0; i < 50; i++) {
        assert_int_equal(kith_line_first(&line), ticket[i]);
        kith_line_remove(&line, ticket[i]);
    }
    kith_line_free(&line);
}

static void a_cleared_line_is_empty_and_keeps_its_memory(void **state)
{
    static struct reference r;
    struct kith_mem mem = KITH_MEM_INIT;
    struct kith_line line;
    long allocations = 0;
    (void)state;
    kith_line_init(&line, &mem, false);
    for (int round = 0; round < 4; round++) {
        luck = 9;
        r.n = 0;
        r.lowest = false;
        check(&line, &r);
        for (unsigned i = 0; i < 300; i++) {
            struct kith_ticket who = somebody(i, 5);
            add(&line, &r, &who);
            check(&line, &r);
        }
        for (size_t i = 0; i < r.n; i++) /* the numbers begin with 1 again */
            assert_true(r.ticket[i] <= 300);
        if (!round)
            allocations = mem.allocations;
        assert_int_equal(mem.allocations, allocations);
        kith_line_clear(&line);
    }
    kith_line_free(&line);
}

/* Every allocation fails once, at every size at which the line grows. */
static void without_memory_the_line_is_as_it_was(void **state)
{
    static struct reference r;
    struct kith_mem mem = KITH_MEM_INIT;
    struct kith_line line;
    int failures = 0;
    (void)state;
    luck = 3;
    r.n = 0;
    r.lowest = true;
    kith_line_init(&line, &mem, true);
    for (unsigned i = 0; i < MOST; i++) {
        struct kith_ticket who = somebody(i, 7);
        uint32_t ticket;
        enum kith_status st;
        for (long fail_at = 0;; fail_at++) { /* until there is enough for this one */
            mem.fail_at = fail_at;
            st = kith_line_add(&line, &who, &ticket);
            mem.fail_at = -1;
            if (st == KITH_OK)
                break;
            assert_int_equal(st, KITH_NO_MEMORY);
            failures++;
            check(&line, &r);
            assert_true(fail_at < 10);
            if (r.n > 2) { /* it goes on working */
                size_t some = pick((unsigned)r.n);
                r.who[some].priority = (double)pick(7);
                kith_line_move(&line, r.ticket[some], r.who[some].priority);
                check(&line, &r);
            }
        }
        for (size_t k = 0; k < r.n; k++)
            assert_int_not_equal(r.ticket[k], ticket);
        r.who[r.n] = who;
        r.ticket[r.n++] = ticket;
        check(&line, &r);
    }
    assert_true(failures >= 4);
    while (r.n) {
        size_t i = first_of(&r);
        assert_int_equal(kith_line_first(&line), r.ticket[i]);
        kith_line_remove(&line, r.ticket[i]);
        take_out(&r, i);
    }
    kith_line_free(&line);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_history_has_the_right_first_one),
        cmocka_unit_test(leaves_in_order),
        cmocka_unit_test(extreme_priorities),
        cmocka_unit_test(a_move_to_where_it_is),
        cmocka_unit_test(a_cleared_line_is_empty_and_keeps_its_memory),
        cmocka_unit_test(without_memory_the_line_is_as_it_was),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
