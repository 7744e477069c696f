/* How much there is of a resource, how that changes, who has some of it as the run begins, and the measures of it. */
#include "history.h"

/* A family that ends gives back what it has, and its place in line. */
static void the_end_of_a_family_frees_its_place(void **state)
{
    struct history v;
    (void)state;
    history_run(&v, desk_scenario(3, three(come("desk", "1 2 3"), SERVED BESIDE("alive, dead", "    terminal: [dead]\n"),
                                           joined(on_day(2, "alive", "dead", "5"), on_day(1, "alive", "dead", "8"))),
                                  DESK("    capacity: {number: 1}\n" LINE_UP)),
                0);
    EXPECT(&v, {1, 1, "c.home.desk"}, {2, 2, "c.home.line"}, {3, 3, "c.home.line"}, {5, 2, "d.alive.dead"},
           {5, 2, "c.line.exit"}, {8, 1, "d.alive.dead"}, {8, 1, "c.desk.exit"}, {8, 3, "c.line.desk"},
           {18, 3, "c.desk.done"});
    expect_counts(&v, 3, 2, 2, 0, 1, 0);
    history_free(&v);
}

/* A parameter that an arm changes on day 7.305. More: somebody's turn has come. Less: nobody loses anything, and what
 * becomes free is not given out. */
static void capacity_that_changes(void **state)
{
    struct history v;
    (void)state;
    const char *text = joined(desk_scenario(3, joined(come("desk", "1 2 3"), SERVED),
                                            DESK("    capacity: {number: $places}\n" LINE_UP)),
                              "parameters: {places: {value: FIRST, range: [0, 10]}}\n"
                              "arms: {baseline: {}, changed: {from: 0.02 years, set: {places: SECOND}}}\n");
    history_run(&v, edited(edited(text, "FIRST", "1"), "SECOND", "2"), 1);
    EXPECT(&v, {1, 1, "c.home.desk"}, {2, 2, "c.home.line"}, {3, 3, "c.home.line"}, {7.305, 2, "c.line.desk"},
           {11, 1, "c.desk.done"}, {11, 3, "c.line.desk"}, {17.305, 2, "c.desk.done"}, {21, 3, "c.desk.done"});
    expect_days(&v, KITH_POOL_CAPACITY, 365.25 + 365.25 - 7.305, 1000);
    history_free(&v);
    history_run(&v, edited(edited(text, "FIRST", "2"), "SECOND", "1"), 1);
    EXPECT(&v, {1, 1, "c.home.desk"}, {2, 2, "c.home.desk"}, {3, 3, "c.home.line"}, {11, 1, "c.desk.done"},
           {12, 2, "c.desk.done"}, {12, 3, "c.line.desk"}, {22, 3, "c.desk.done"});
    expect_days(&v, KITH_POOL_CAPACITY, 365.25 + 7.305, 1000);
    history_free(&v);
    history_run(&v, edited(edited(text, "FIRST", "1"), "SECOND", "0"), 1);
    EXPECT(&v, {1, 1, "c.home.desk"}, {2, 2, "c.home.line"}, {3, 3, "c.home.line"}, {11, 1, "c.desk.done"});
    expect_days(&v, KITH_POOL_CAPACITY, 7.305, 1000);
    history_free(&v);
    /* by the calendar, in which a month is a twelfth of 365.25 days */
    text = edited(edited(edited(text, "FIRST", "1"), "SECOND", "1"), "fixed: 10 days", "fixed: 40 days");
    history_run(&v, edited(text, "{number: $places}", "{number: 1, times: [2, 0.5], calendar: {2000-02-01: 2}}"), 0);
    EXPECT(&v, {1, 1, "c.home.desk"}, {2, 2, "c.home.line"}, {3, 3, "c.home.line"}, {30.4375, 2, "c.line.desk"},
           {41, 1, "c.desk.done"}, {41, 3, "c.line.desk"}, {70.4375, 2, "c.desk.done"}, {81, 3, "c.desk.done"});
    history_free(&v);
}

/* A weight by the load: who comes while the desk is taken goes away. */
static void a_weight_by_the_load(void **state)
{
    struct history v;
    (void)state;
    const char *text = desk_scenario(4, joined(come("triage", "1 2 5 12"), SERVED),
                                     DESK("    capacity: {number: 1}\n" LINE_UP));
    text = edited(text, "states: [home, desk,", "states: [home, triage, desk,");
    text = edited(text, "    clocks:\n",
                  "    instant:\n      triage:\n        options:\n"
                  "          - {to: desk, weight: {load.desk: {0: 1, 1: 0}}}\n"
                  "          - {to: lost, weight: {load.desk: {0: 0, 1: 1}}}\n    clocks:\n");
    history_run(&v, text, 0);
    EXPECT(&v, {1, 1, "c.home.triage"}, {1, 1, "c.triage.desk"}, {2, 2, "c.home.triage"}, {2, 2, "c.triage.lost"},
           {5, 3, "c.home.triage"}, {5, 3, "c.triage.lost"}, {11, 1, "c.desk.done"}, {12, 4, "c.home.triage"},
           {12, 4, "c.triage.desk"}, {22, 4, "c.desk.done"});
    expect_counts(&v, 2, 0, 2, 0, 0, 0);
    history_free(&v);
}

/* Those who are there from the start find the places in order of their numbers. */
static void some_begin_in_line(void **state)
{
    struct harness h;
    struct result r;
    (void)state;
    harness_load(&h, bound("kith: 1\nmodel: pathway\ntime: {counted: 1 year}\npopulation: {families: 5}\n"
                           "charts:\n  c:\n    of: family\n    states: [desk, line, done]\n    clocks:\n"
                           "      - {from: desk, to: done, hazard: {fixed: 40 days}}\n"
                           "resources: {desk: {capacity: {number: 2}, used_by: [{chart: c, states: [desk], waits_in: line}]}}\n",
                           "load.desk: {0: 1}"));
    run_seen(&h, &r, 0, 0, 0);
    assert_int_equal(stock_at(&h, &r, "c.desk", 0), 2);
    assert_int_equal(stock_at(&h, &r, "c.line", 0), 3);
    assert_int_equal(stock_at(&h, &r, "c.line", 12), 0);
    size_t served = harness_flow(&h, "c.line.desk"), at = 0;
    for (size_t k = 0; k < spy.n; k++)
        if (spy.seen[k].code == served) {
            static const double day[] = {40, 40, 80};
            assert_true(at < 3);
            assert_true(fabs(spy.seen[k].t * 365.25 - day[at]) < 1e-6);
            assert_int_equal(spy.seen[k].family, 2 + at++);
        }
    assert_int_equal(at, 3);
    result_free(&r);
    harness_free(&h);
}

/* ---- how much there is ------------------------------------------------------------------------------------------ */

static int64_t capacity_in(const struct harness *h, const struct result *r, int month)
{
    int64_t ticks = amount(h, r, "r", KITH_POOL_CAPACITY, month, month + 1), units = ticks / 65536;
    assert_int_equal(units * 65536, ticks);
    return units;
}

static const char *capacity_scenario(const char *capacity, const char *areas)
{
    char *p = new_page();
    add_text(p, "kith: 1\nmodel: pathway\ntime: {start: 2000-01-01, counted: 2 years}\n"
                "population: {families: 3000, represents: 30000%s}\nparameters: {more: 1.25}\n"
                "charts: {c: {of: family, states: [a, b, w], clocks: [{from: a, to: b, hazard: {exponential: 0.001 /year}}]}}\n"
                "resources: {r: {capacity: %s, used_by: [{chart: c, states: [b], waits_in: w}]}}\n"
                "arms: {baseline: {}, more: {from: 1 year, set: {more: 2.5}}}\n",
             areas, capacity);
    return p;
}

static void how_much_there_is(void **state)
{
    static const struct {
        const char *capacity;
        int64_t thousandths[3]; /* of each area */
    } given[] = {
        {"{number: 12}", {12000, 12000, 12000}},
        {"{per_1000_families: 10}", {18000, 9000, 3000}},  /* of 1800, 900 and 300 families */
        {"{per_10000_children: 500}", {3000, 1500, 500}},  /* of 60, 30 and 10 children */
        {"{column: places}", {7000, 2000, 1000}},          /* a tenth */
        {"{column: places, times: 10}", {70000, 20000, 10000}},
        {"{number: 12, times: [2, 0.5, 3]}", {36000, 36000, 36000}},
        {"{number: 8, times: $more}", {10000, 10000, 10000}},
    };
    (void)state;
    for (size_t i = 0; i < sizeof given / sizeof *given; i++) {
        struct harness h;
        struct result r;
        harness_load_table(&h, capacity_scenario(given[i].capacity, ", areas: {table: areas.csv, code: code, size: children}"),
                           "code,children,places\nE1,600,70\nE2,300,20\nE3,100,10\n");
        for (size_t area = 0; area < 3; area++) {
            run(&h, &r, 0, 0, area);
            int64_t units = capacity_in(&h, &r, 0), exact = given[i].thousandths[area];
            assert_int_equal(units % 1000, 0);
            if (exact % 1000 == 0)
                assert_int_equal(units, exact);
            else
                assert_true(units == exact / 1000 * 1000 || units == exact / 1000 * 1000 + 1000);
            for (int m = 1; m < 24; m++)
                assert_int_equal(capacity_in(&h, &r, m), units);
            assert_int_equal(amount(&h, &r, "r", KITH_POOL_PERIOD, 0, 24), 24 * 65536);
            result_free(&r);
            run(&h, &r, 1, 0, area);
            assert_int_equal(capacity_in(&h, &r, 12), strstr(given[i].capacity, "$more") ? 20000 : units);
            result_free(&r);
        }
        harness_free(&h);
    }
}

/* Capacity is made whole by one draw of the area and resource: over the dates it steps up where, and only where, it passes
 * the next number less that draw; over many areas by its fraction. */
static void capacity_is_made_whole(void **state)
{
    struct harness h;
    struct result r;
    char *capacity = new_page();
    int64_t steps[9] = {0}, areas = 0;
    (void)state;
    add_text(capacity, "{number: 2, calendar: {");
    for (int m = 1; m <= 20; m++) /* 2.1, 2.2, ... on the first of each month, and back */
        add_text(capacity, "%s%d-%02d-01: %.3f", m > 1 ? ", " : "", 2000 + m / 12, m % 12 + 1,
                 (m <= 10 ? 2 + 0.1 * m : 4 - 0.1 * m) / 2);
    add_text(capacity, "}}");
    harness_load(&h, capacity_scenario(capacity, ", areas: 40"));
    assert_int_equal(h.sc.n_areas, 40);
    for (int replication = 0; replication < 10; replication++)
        for (size_t area = 0; area < h.sc.n_areas; area++, areas++) {
            int step = 0;
            run(&h, &r, 0, replication, area);
            for (int m = 0; m <= 23; m++) {
                int64_t units = amount(&h, &r, "r", KITH_POOL_CAPACITY, m, m + 1) > 2500 * 65536 ? 3000 : 2000;
                int tenths = m <= 10 ? m : m <= 20 ? 20 - m : 0;
                if (units == 3000 && step == 0)
                    step = tenths;
                /* the step is at the same place on the way back */
                assert_int_equal(units == 3000, step > 0 && tenths >= step);
            }
            assert_true(step >= 1 && step <= 10);
            if (step < 10)
                steps[step - 1]++;
            result_free(&r);
        }
    int64_t sum = 0;
    for (int k = 0; k < 9; k++) { /* draws of at least 0.9, 0.8, ... */
        sum += steps[k];
        assert_true(p_binomial(sum, areas, 0.1 * (k + 1)) > LEVEL);
    }
    assert_false(p_binomial(sum, areas, 0.75) > LEVEL);
    harness_free(&h);
}

/* An area in which nobody lives for once has its capacity all the same. */
static void an_area_without_families(void **state)
{
    struct harness h;
    struct result r;
    (void)state;
    harness_load_table(&h, edited(capacity_scenario("{number: 12}", ", areas: {table: areas.csv, code: code, size: children}"),
                                  "families: 3000", "families: 3"),
                       "code,children\nE1,999\nE2,1\n");
    run(&h, &r, 0, 0, 1);
    assert_int_equal(r.n, 0);
    assert_int_equal(amount(&h, &r, "r", KITH_POOL_PERIOD, 0, 24), 24 * 65536);
    assert_int_equal(capacity_in(&h, &r, 5), 12000);
    result_free(&r);
    harness_free(&h);
}

/* ---- measures --------------------------------------------------------------------------------------------------- */

static double measured(const struct harness *h, const struct kith_outcome *o, const char *name, int year)
{
    for (size_t i = 0; i < h->shape->n_measures; i++)
        if (strcmp(h->shape->measures[i].name, name) == 0)
            return o->value[(size_t)year * o->n_measures + i];
    fail_msg("no measure %s", name);
    return 0;
}

static void close_to(double got, double expected)
{
    if (fabs(got - expected) > 1e-9 * (1 + fabs(expected)))
        print_error("expected %.12g, got %.12g\n", expected, got);
    assert_true(fabs(got - expected) <= 1e-9 * (1 + fabs(expected)));
}

/* Measures of each year and of all, from the amounts of two areas; a simulated family stands for ten. */
static void measures_of_resources(void **state)
{
    struct harness h;
    struct result r[3];
    struct kith_outcome o;
    const double weight = 10, ticks = KITH_POOL_TICKS_A_YEAR;
    (void)state;
    harness_load_table(&h, rich_with("unlimited", "{per_1000_families: 300}", "unlimited"), RICH_TABLE);
    assert_int_equal(kith_outcome_init(&o, &h.mem, h.shape, 4), KITH_OK);
    for (size_t area = 0; area < 3; area++) {
        run(&h, &r[area], 0, 0, area);
        kith_outcome_add(&o, h.shape, &r[area].series, weight);
    }
    kith_outcome_finish(&o, h.shape);
    for (int y = 1; y <= 5; y++) { /* the year that ends at date y; the last row is the total */
        int from = y == 5 ? 0 : 12 * (y - 1), to = y == 5 ? 48 : 12 * y;
        double a[KITH_POOL_AMOUNTS] = {0}, years = y == 5 ? 4 : 1;
        static const char *const counted[] = {"requests", "waited", "granted", "refused", "left", "preempted"};
        char name[64];
        for (int i = 0; i < KITH_POOL_AMOUNTS; i++)
            for (size_t area = 0; area < 3; area++)
                a[i] += (double)amount(&h, &r[area], "workers", (enum kith_pool_amount)i, from, to);
        for (int i = 0; i < 6; i++) {
            snprintf(name, sizeof name, "resource.workers.%s", counted[i]);
            close_to(measured(&h, &o, name, y), weight * a[i]);
        }
        assert_true(a[KITH_POOL_WAITED] > 10 && a[KITH_POOL_WAIT] > 0);
        close_to(measured(&h, &o, "resource.workers.wait_time", y), weight * a[KITH_POOL_WAIT] / ticks);
        close_to(measured(&h, &o, "resource.workers.waiting", y), weight * a[KITH_POOL_WAITING] / ticks);
        close_to(measured(&h, &o, "resource.workers.used", y), weight * a[KITH_POOL_USED] / ticks / 1000);
        close_to(measured(&h, &o, "resource.workers.capacity", y), weight * a[KITH_POOL_CAPACITY] / ticks / 1000);
        close_to(measured(&h, &o, "resource.workers.mean_wait", y), a[KITH_POOL_WAIT] / a[KITH_POOL_GRANTED] / ticks);
        close_to(measured(&h, &o, "resource.workers.wait_probability", y), 100 * a[KITH_POOL_WAITED] / a[KITH_POOL_REQUESTS]);
        close_to(measured(&h, &o, "resource.workers.utilisation", y), a[KITH_POOL_USED] / a[KITH_POOL_CAPACITY]);
        close_to(measured(&h, &o, "resource.workers.mean_waiting", y), a[KITH_POOL_WAITING] / ticks / years / 3);
    }
    for (size_t area = 0; area < 3; area++)
        result_free(&r[area]);
    kith_outcome_free(&o);
    harness_free(&h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_end_of_a_family_frees_its_place),
        cmocka_unit_test(capacity_that_changes),
        cmocka_unit_test(a_weight_by_the_load),
        cmocka_unit_test(some_begin_in_line),
        cmocka_unit_test(how_much_there_is),
        cmocka_unit_test(capacity_is_made_whole),
        cmocka_unit_test(an_area_without_families),
        cmocka_unit_test(measures_of_resources),
    };
    return cmocka_run_group_tests(tests, NULL, free_spy);
}
