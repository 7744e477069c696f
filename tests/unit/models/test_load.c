/* Each allocation fails once, in reading a scenario, compiling it and running a cell: the status says so, and nothing
 * leaks (with a sanitizer). */
#include "../../stat/harness.h"

static const char *const illness =
    "kith: 1\nmodel: illness_death\ntime: {warm_up: 1 year, counted: 3 years}\npopulation: {families: 30}\n"
    "parameters: {recovery: 0.3 /year}\n"
    "illness_death: {illness: 0.5 /year, recovery: $recovery, death_healthy: 0.02 /year, death_ill: 0.15 /year}\n"
    "arms:\n  baseline: {}\n  faster: {from: 2 years, set: {recovery: 0.6 /year}}\n";

/* A family's life of thousands of rows, so that the rows' arrays grow. */
static const char *const busy =
    "kith: 1\nmodel: pathway\ntime: {counted: 20 years}\npopulation: {families: 20}\n"
    "charts: {c: {of: family, states: [a, b], clocks: [{from: a, to: b, hazard: {exponential: 40 /year}},\n"
    "  {from: b, to: a, hazard: {piecewise: {0 years: 60 /year, 1 year: 1 /year}}}]}}\n";

/* Everything from text to series, with one kith_mem. */
static enum kith_status whole(struct harness *h, const char *text, const char *table, long fail_at, enum kith_order order)
{
    struct kith_cell cell = {0};
    struct kith_series series = {0};
    h->mem.fail_at = fail_at;
    enum kith_status st = harness_try(h, text, table);
    size_t arm = st ? 0 : h->sc.n_arms - 1;
    if (!st)
        st = kith_cell_init(&cell, &h->mem, h->shape, h->sc.months);
    if (!st)
        st = kith_series_init(&series, &h->mem, h->shape, h->sc.months);
    if (!st) {
        cell.key = kith_draw_mix(kith_draw_mix(0, h->sc.seed), h->sc.areas[0].key);
        cell.arm = arm;
        cell.warm_up = h->sc.warm_up;
        cell.end = h->sc.warm_up + h->sc.counted;
        uint64_t n = h->model->families(h->compiled, &cell,
                                        (double)h->sc.families * h->sc.areas[0].share * h->shape->turnover);
        assert_true(n > 1);
        st = kith_families_run(&h->families, h->model, h->compiled, &cell, h->shape, 0, n, 1, order, NULL);
    }
    if (!st) {
        kith_cell_series(&cell, h->shape, &series);
        assert_true(cell.n_events > 30);
    }
    kith_cell_free(&cell);
    kith_series_free(&series);
    harness_free(h);
    return st;
}

static void fail_each(const char *text, const char *table, enum kith_order order)
{
    struct harness h;
    memset(&h, 0, sizeof h);
    assert_int_equal(whole(&h, text, table, -1, order), KITH_OK);
    long n = h.mem.allocations;
    assert_true(n > 20);
    for (long i = 0; i < n; i++) {
        enum kith_status st = whole(&h, text, table, i, order);
        if (st != KITH_NO_MEMORY)
            print_error("allocation %ld of %ld: status %d\n", i, n, st);
        assert_int_equal(st, KITH_NO_MEMORY);
    }
    assert_int_equal(whole(&h, text, table, n, order), KITH_OK);
}

static void illness_and_death(void **state)
{
    (void)state;
    fail_each(illness, NULL, KITH_ORDER_FAMILY);
    fail_each(illness, NULL, KITH_ORDER_QUEUE);
}

static void pathway(void **state)
{
    (void)state;
    fail_each(busy, NULL, KITH_ORDER_FAMILY);
    fail_each(busy, NULL, KITH_ORDER_QUEUE);
}

static void pathway_with_everything(void **state)
{
    (void)state;
    fail_each(RICH, RICH_TABLE, KITH_ORDER_FAMILY);
    fail_each(RICH, RICH_TABLE, KITH_ORDER_QUEUE);
}

/* A scenario with faults in the model's sections: without memory too, the reason is memory. */
static void with_reports(void **state)
{
    struct harness h;
    static const char *const text =
        "kith: 1\nmodel: pathway\ntime: {counted: 3 years}\npopulation: {families: 30}\n"
        "charts: {c: {of: family, states: [a, b], clocks: [{from: a, to: x, hazard: {weibul: 3}}]}}\n";
    (void)state;
    memset(&h, 0, sizeof h);
    h.mem.fail_at = -1;
    assert_int_equal(harness_try(&h, text, NULL), KITH_BAD_SCENARIO);
    long n = h.mem.allocations;
    harness_free(&h);
    for (long i = 0; i < n; i++) {
        h.mem.fail_at = i;
        assert_int_equal(harness_try(&h, text, NULL), KITH_NO_MEMORY);
        harness_free(&h);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(illness_and_death),
        cmocka_unit_test(pathway),
        cmocka_unit_test(pathway_with_everything),
        cmocka_unit_test(with_reports),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
