/* Every allocation fails once: no crash, no leak (with a sanitizer), and the status says why. */
#include "help.h"

static const char *const base =
    "kith: 1\ntitle: Base\ntime: {start: 1998-04-01, warm_up: 25 years, counted: 18 years}\n"
    "population: {families: 1000, areas: {table: a.csv, code: code, size: size, only: [E1, E3]}}\n"
    "parameters: {exit: {value: 0.25, unit: /year, range: [0, 1]}, reach: &r {value: 0.2}, other: *r}\n"
    "arms:\n  baseline: {}\n  steps: {steps: [{set: {exit: 0.5 /year}}, {from: 2 years, set: {reach: "
    "0.1}}]}\n"
    "  grid: {from: [2024-04-01, 2025-04-01], vary: {reach: [0.1, 0.2, 0.3]}}\n";
static const char *const top =
    "extends: base.yaml\ntitle: Top\nseed: 5\ntargets: [{measure: cin, value: 5}]\noutput: {trajectories: "
    "all}\n"
    "measures: {a: 1, b: 1, c: 1, d: 1, e: 1, f: 1, g: 1, h: 1, i: 1, j: 1, k: 1, l: 1, m: 1, n: 1, o: 1, p: "
    "1, q: 1}\n"
    "charts: {c: {states: [a, b], clocks: [{from: a, to: b, hazard: {exponential: 0.4 /year}}]}}\n";
static const struct kith_override sets[] = {{"exit", "0.5"}, {"output.trajectories", "{value: 0.5}"}};

static void read_failing(struct help *h, const char *text, long fail_at)
{
    h->mem.fail_at = fail_at;
    help_read_n(h, text, strlen(text), sets, 2);
    h->mem.fail_at = -1;
}

static void each_allocation_fails(void **state)
{
    struct help *h = *state;
    help_file(h, "base.yaml", base);
    help_file(h, "a.csv", "code,size,x\nE1,1,5\nE2,1,6\nE3,3,7\n");
    h->mem.allocations = 0;
    read_failing(h, top, -1);
    assert_int_equal(h->status, KITH_OK);
    long n = h->mem.allocations;
    assert_true(n > 10);
    for (long i = 0; i < n; i++) {
        read_failing(h, top, i);
        assert_int_equal(h->status, KITH_NO_MEMORY);
        assert_int_equal(h->errors.n, 0);
        kith_scenario_free(&h->sc);
        kith_scenario_free(&h->sc); /* twice is harmless */
    }
    read_failing(h, top, n);
    assert_int_equal(h->status, KITH_OK);
    assert_int_equal(h->sc.n_arms, 8);
}

/* With reports besides: an allocation that fails still ends the reading with KITH_NO_MEMORY. */
static void failing_with_reports(void **state)
{
    struct help *h = *state;
    static const char *const text =
        HEAD "poplation: 1\nparameters: {a: often, a: 2}\narms: {a: {vary: {b: [1]}}}\n";
    h->mem.allocations = 0;
    read_failing(h, text, -1);
    assert_int_equal(h->status, KITH_BAD_SCENARIO);
    long n = h->mem.allocations;
    for (long i = 0; i < n; i++) {
        read_failing(h, text, i);
        assert_int_equal(h->status, KITH_NO_MEMORY);
    }
}

/* Blocks of the arena run out in the middle of a tree, too. */
static void large_trees(void **state)
{
    struct help *h = *state;
    size_t n, room = 1u << 20;
    char *text = malloc(room);
    assert_non_null(text);
    n = (size_t)sprintf(text, "%s", HEAD "charts:\n");
    for (int i = 0; i < 20000; i++)
        n += (size_t)sprintf(text + n, "  k%d: [%d]\n", i, i);
    h->mem.allocations = 0;
    help_accepted(h, text);
    long total = h->mem.allocations;
    for (long i = 0; i < total; i++) {
        h->mem.fail_at = i;
        help_read(h, text);
        h->mem.fail_at = -1;
        assert_int_equal(h->status, KITH_NO_MEMORY);
    }
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        HELP_TEST(each_allocation_fails),
        HELP_TEST(failing_with_reports),
        HELP_TEST(large_trees),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
