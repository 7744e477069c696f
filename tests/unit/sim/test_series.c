/* Sums of a cell's months to yearly outcomes and measures. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>

#include "../../../engine/sim/series.h"

#define MONTHS 27 /* two years and a rest */
#define YEARS 2

static const struct kith_shape_state states[] = {{"a", "", 0, false}, {"b", "", 0, false}};
static const struct kith_shape_transition transitions[] = {{0, 0, 1}};
static const struct kith_shape_count counts[] = {{"calls", false}, {"present", true}};
static const struct kith_shape_cost costs[] = {{"care", "", NULL, NULL}};
static const struct kith_term stock_b[] = {{KITH_BASE_STOCK, 1, 1}};
static const struct kith_term both[] = {{KITH_BASE_STOCK, 0, 1}, {KITH_BASE_STOCK, 1, 2}};
static const struct kith_term flow[] = {{KITH_BASE_FLOW, 0, 1}};
static const struct kith_term calls[] = {{KITH_BASE_COUNT, 0, 1}};
static const struct kith_term present[] = {{KITH_BASE_COUNT, 1, 1}};
static const struct kith_term care[] = {{KITH_BASE_COST, 0, 1}};
static const struct kith_measure measures[] = {
    {"stock", "1", "", 1, 1, 0, stock_b, NULL, true},
    {"flow", "1", "", 1, 1, 0, flow, NULL, false},
    {"cost", "pence", "", 1, 1, 0, care, NULL, false},
    {"calls", "1", "", 1, 1, 0, calls, NULL, false},
    {"present", "1", "", 1, 1, 0, present, NULL, true},
    {"rate", "1", "", 100, 1, 2, flow, both, false},    /* no value at 0 nor in total */
    {"each", "pence", "", 1, 1, 1, care, calls, false}, /* has a total */
    {"share", "1", "", 1, 1, 2, stock_b, both, true},
};
enum { STOCK, FLOW, COST, CALLS, PRESENT, RATE, EACH, SHARE, N_MEASURES };
static const struct kith_shape shape = {.n_states = 2,
                                        .n_transitions = 1,
                                        .n_counts = 2,
                                        .n_costs = 1,
                                        .n_measures = N_MEASURES,
                                        .states = states,
                                        .transitions = transitions,
                                        .counts = counts,
                                        .costs = costs,
                                        .measures = measures};

/* Every number is a different one. */
static void fill(struct kith_series *s)
{
    for (int m = 0; m <= MONTHS; m++) {
        s->stock[2 * m] = 100 - m;
        s->stock[2 * m + 1] = m;
        s->count[2 * m] = m < MONTHS ? 1000 + m : 0;
        s->count[2 * m + 1] = m % 12 == 0 ? 7 + m : 0;
        if (m < MONTHS) {
            s->flow[m] = 1;
            s->cost[m] = 10.0 * m;
        }
    }
}

static double at(const struct kith_outcome *o, size_t row, size_t measure)
{
    return o->value[row * o->n_measures + measure];
}

static void outcomes_are_the_sums_they_should_be(void **state)
{
    struct kith_mem mem = KITH_MEM_INIT;
    struct kith_series s;
    struct kith_outcome o;
    const size_t total = YEARS + 1;
    (void)state;
    assert_int_equal(kith_series_init(&s, &mem, &shape, MONTHS), KITH_OK);
    assert_int_equal(kith_outcome_init(&o, &mem, &shape, s.years), KITH_OK);
    assert_int_equal(s.years, YEARS);
    assert_int_equal(o.n_base, 6);
    fill(&s);
    kith_outcome_add(&o, &shape, &s, 2);
    kith_outcome_add(&o, &shape, &s, 0.5);
    kith_outcome_finish(&o, &shape);
    const double w = 2.5;
    assert_true(at(&o, 0, STOCK) == 0 && at(&o, 1, STOCK) == w * 12 && at(&o, 2, STOCK) == w * 24);
    assert_true(isnan(at(&o, total, STOCK)));
    assert_true(isnan(at(&o, 0, FLOW)) && at(&o, 1, FLOW) == w * 12 && at(&o, 2, FLOW) == w * 12);
    assert_true(at(&o, total, FLOW) ==
                w * MONTHS); /* the last three months are in no year but in the total */
    assert_true(at(&o, 1, COST) == w * 660 && at(&o, 2, COST) == w * 2100 && at(&o, total, COST) == w * 3510);
    assert_true(at(&o, 1, CALLS) == w * (12000 + 66) && at(&o, total, CALLS) == w * (27000 + 351));
    assert_true(at(&o, 0, PRESENT) == w * 7 && at(&o, 2, PRESENT) == w * 31 && isnan(at(&o, total, PRESENT)));
    assert_true(isnan(at(&o, 0, RATE)) && isnan(at(&o, total, RATE)));
    assert_true(fabs(at(&o, 2, RATE) - 100.0 * 12 / (76 + 48)) < 1e-12);
    assert_true(fabs(at(&o, total, EACH) - 3510.0 / 27351) < 1e-12 && isnan(at(&o, 0, EACH)));
    assert_true(at(&o, 0, SHARE) == 0 && fabs(at(&o, 1, SHARE) - 12.0 / 112) < 1e-12);
    kith_outcome_free(&o);
    kith_series_free(&s);
}

static void a_ratio_to_nothing_has_no_value(void **state)
{
    struct kith_mem mem = KITH_MEM_INIT;
    struct kith_series s;
    struct kith_outcome o;
    (void)state;
    assert_int_equal(kith_series_init(&s, &mem, &shape, MONTHS), KITH_OK);
    assert_int_equal(kith_outcome_init(&o, &mem, &shape, YEARS), KITH_OK);
    fill(&s);
    kith_series_clear(&s);
    kith_outcome_add(&o, &shape, &s, 1);
    kith_outcome_finish(&o, &shape);
    assert_true(isnan(at(&o, 1, RATE)) && isnan(at(&o, 1, SHARE)) && at(&o, 1, FLOW) == 0);
    fill(&s);
    kith_outcome_clear(&o);
    kith_outcome_add(&o, &shape, &s, 1);
    kith_outcome_finish(&o, &shape);
    assert_true(at(&o, 1, STOCK) == 12);
    kith_outcome_free(&o);
    kith_series_free(&s);
}

static void weights_multiply_whole_sums(void **state)
{
    struct kith_mem mem = KITH_MEM_INIT;
    struct kith_series s;
    struct kith_outcome o;
    (void)state;
    assert_int_equal(kith_series_init(&s, &mem, &shape, MONTHS), KITH_OK);
    assert_int_equal(kith_outcome_init(&o, &mem, &shape, YEARS), KITH_OK);
    fill(&s);
    kith_outcome_add(&o, &shape, &s, 0.1);
    assert_true(o.base[o.n_base + 2] == 0.1 * 12); /* and not 0.1 + 0.1 + ... */
    kith_outcome_free(&o);
    kith_series_free(&s);
}

static void no_memory_leaves_nothing(void **state)
{
    (void)state;
    for (long fail_at = 0; fail_at < 4; fail_at++) {
        struct kith_mem mem = {fail_at, 0};
        struct kith_series s;
        assert_int_equal(kith_series_init(&s, &mem, &shape, MONTHS), KITH_NO_MEMORY);
        assert_null(s.stock);
        kith_series_free(&s);
    }
    for (long fail_at = 0; fail_at < 2; fail_at++) {
        struct kith_mem mem = {fail_at, 0};
        struct kith_outcome o;
        assert_int_equal(kith_outcome_init(&o, &mem, &shape, YEARS), KITH_NO_MEMORY);
        assert_null(o.base);
        kith_outcome_free(&o);
    }
}

static void empty_axes_are_fine(void **state)
{
    struct kith_mem mem = KITH_MEM_INIT;
    struct kith_series s;
    struct kith_outcome o;
    struct kith_shape bare = shape;
    (void)state;
    bare.n_counts = bare.n_costs = bare.n_measures = 0;
    assert_int_equal(kith_series_init(&s, &mem, &bare, 5), KITH_OK); /* not even a year */
    assert_int_equal(kith_outcome_init(&o, &mem, &bare, s.years), KITH_OK);
    kith_series_clear(&s);
    kith_outcome_add(&o, &bare, &s, 1);
    kith_outcome_finish(&o, &bare);
    kith_outcome_clear(&o);
    kith_outcome_free(&o);
    kith_series_free(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(outcomes_are_the_sums_they_should_be),
        cmocka_unit_test(a_ratio_to_nothing_has_no_value),
        cmocka_unit_test(weights_multiply_whole_sums),
        cmocka_unit_test(no_memory_leaves_nothing),
        cmocka_unit_test(empty_axes_are_fine),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
