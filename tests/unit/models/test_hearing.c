/* Changes that make no difference to a clock are not told it (models/pathway/hearing.c). A run in which everybody is told
 * everything comes out the same to the bit; and what makes a difference is told. */
#include "../../stat/harness.h"
#include "models/pathway/pathway.h"

static void run(struct harness *h, struct result *x)
{
    harness_run(h, x, 0, 0, 0, 1, KITH_ORDER_FAMILY);
    assert_true(x->cell.n_rows > 1000);
}

static bool same(const struct result *x, const struct result *y)
{
    const struct kith_cell *a = &x->cell, *b = &y->cell;
    return a->n_events == b->n_events && a->n_rows == b->n_rows &&
           !memcmp(a->tally, b->tally, ((size_t)a->months + 1) * a->n_transitions * sizeof *a->tally) &&
           !memcmp(a->day, b->day, a->n_rows * sizeof *a->day) && !memcmp(a->code, b->code, a->n_rows * a->code_bytes);
}

static uint8_t **classes_of(struct harness *h, const char *state, size_t *n)
{
    struct pathway *p = h->compiled;
    *n = 2 * p->n_charts;
    return p->tables[0].classes + harness_state(h, state) * *n;
}

static void test_same_results(void **state)
{
    struct harness h;
    struct result some, all, none;
    size_t n, known = 0;
    (void)state;
    harness_load_table(&h, RICH_TIME RICH_POPULATION_OF("3000", "") RICH_PARAMETERS RICH_ATTRIBUTES RICH_MARKS RICH_CHARTS,
                       RICH_TABLE);
    struct pathway *p = h.compiled;
    run(&h, &some);
    uint8_t **classes = p->tables[0].classes;
    n = p->tables[0].n_states * 2 * p->n_charts;
    for (size_t i = 0; i < n; i++)
        known += classes[i] != NULL;
    assert_true(known > 5);
    static uint8_t kept[4096], alike[256];
    assert_true(n * sizeof *classes <= sizeof kept);
    memcpy(kept, classes, n * sizeof *classes);
    memset(classes, 0, n * sizeof *classes);
    run(&h, &all);
    assert_true(same(&some, &all));
    memcpy(classes, kept, n * sizeof *classes);
    for (size_t i = 0; i < n; i++)
        classes[i] = classes[i] ? alike : NULL; /* the twin: nobody is told anything */
    run(&h, &none);
    assert_false(same(&some, &none));
    result_free(&some);
    result_free(&all);
    result_free(&none);
    harness_free(&h);
}

/* Which states are told apart, by hand. */
static void test_classes(void **state)
{
    struct harness h;
    size_t n;
    (void)state;
    harness_load_table(&h, RICH_TIME RICH_POPULATION RICH_PARAMETERS RICH_ATTRIBUTES RICH_MARKS RICH_CHARTS, RICH_TABLE);
    enum { NEED, HELP, CALLS, SERVICES, SCHOOL };
    uint8_t **c = classes_of(&h, "calls.quiet", &n); /* need: {high: 3} */
    assert_int_equal(c[NEED][0], c[NEED][1]);
    assert_int_not_equal(c[NEED][1], c[NEED][2]);
    for (size_t i = 1; i < n; i++)
        assert_null(c[i]);
    c = classes_of(&h, "help.off", &n); /* need: {low: 0, high: 3} */
    assert_int_not_equal(c[NEED][0], c[NEED][1]);
    assert_int_not_equal(c[NEED][1], c[NEED][2]);
    assert_int_not_equal(c[NEED][0], c[NEED][2]);
    c = classes_of(&h, "services.universal", &n); /* siblings: {in: [cin, plan]} */
    const uint8_t *siblings = c[n / 2 + SERVICES];
    assert_null(c[SERVICES]);
    assert_int_equal(siblings[2], siblings[3]);
    assert_int_equal(siblings[0], siblings[4]);
    assert_int_not_equal(siblings[0], siblings[2]);
    c = classes_of(&h, "school.out", &n); /* services: {plan: 0, cin: 2} */
    assert_int_equal(c[SERVICES][0], c[SERVICES][1]);
    assert_int_equal(c[SERVICES][0], c[SERVICES][4]);
    assert_int_not_equal(c[SERVICES][0], c[SERVICES][2]);
    assert_int_not_equal(c[SERVICES][2], c[SERVICES][3]);
    c = classes_of(&h, "need.high", &n); /* nothing */
    for (size_t i = 0; i < n; i++)
        assert_null(c[i]);
    harness_free(&h);
}

static const char *const many_clocks =
    "kith: 1\nmodel: pathway\nseed: 9\ntime: {start: 2000-04-01, warm_up: 1 year, counted: 6 years}\n"
    "population: {families: 3000, households: {sizes: {1: 0.4, 2: 0.6}, gap: {delay: 1 year, shape: 2, mean: 2 years}, "
    "births: {2000: 700 /year}}}\nmarks: {m: child, f: family}\ncharts:\n"
    "  need:\n    of: family\n    states: [low, high]\n    clocks:\n"
    "      - {from: low, to: high, hazard: {exponential: 1.5 /year}, mark: f}\n"
    "      - {from: high, to: low, hazard: {exponential: 2 /year}}\n"
    "  k:\n    of: child\n    states: [a, b]\n    clocks:\n"
    "      - {name: n, from: a, to: b, hazard: {exponential: 0.2 /year}, ratios: {need: {high: 3}}}\n"
    "      - {name: w, from: a, to: b, hazard: {weibull: {shape: 1.5, scale: 4 years}},\n"
    "         ratios: {when: [{if: {age: [1, 2]}, ratio: 3}]}}\n"
    "      - {name: g, from: a, to: b, hazard: {gamma: {shape: 2, mean: 6 years}}, ratios: {age: {0: 1, 3: 2, 5: 0.5}}}\n"
    "      - {name: s, from: a, to: b, hazard: {exponential: 0.1 /year},\n"
    "         ratios: {when: [{if: {since.m: [0.5 years, 1 year]}, ratio: 4}]}}\n"
    "      - {name: c, from: a, to: b, hazard: {exponential: 0.1 /year}, ratios: {calendar: {2002-01-01: 2, 2004-07-01: 0}}}\n"
    "      - {name: o, from: a, to: b, hazard: {exponential: 0.1 /year}, ratios: {siblings.k: {in: [b], ratio: 5}}}\n"
    "      - {name: t, from: a, to: b, hazard: {exponential: 0.1 /year}, ratios: {since.f: {amplitude: 3, decay: 1 year}}}\n"
    "      - {from: b, to: a, hazard: {exponential: 1 /year}, mark: m}\n";

/* Of a state's clocks only those are asked for their ratio that listen to what happened, or may change by themselves just
 * then. When all of them are asked each time, nothing comes out otherwise; when nobody is, or nobody for the time, something does. */
static void test_who_is_asked(void **state)
{
    enum { AS_IT_IS, ALL, NONE, NO_TIMES, WAYS };
    struct result r[WAYS];
    (void)state;
    for (int way = 0; way < WAYS; way++) {
        struct harness h;
        harness_load(&h, many_clocks);
        struct tables *t = ((struct pathway *)h.compiled)->tables;
        for (size_t i = 0; i < t->n_clocks; i++) {
            struct clock *k = &t->clocks[i];
            if (way == ALL)
                k->own = ~0ull;
            else if (way == NONE)
                k->own = k->others = 0;
            k->steady = k->steady || way == NO_TIMES;
        }
        run(&h, &r[way]);
        harness_free(&h);
        assert_int_equal(same(&r[AS_IT_IS], &r[way]), way == AS_IT_IS || way == ALL);
    }
    for (int way = 0; way < WAYS; way++)
        result_free(&r[way]);
}

static const char *const there_and_back =
    "kith: 1\nmodel: pathway\nseed: 9\ntime: {start: 2000-04-01, warm_up: 1 year, counted: 6 years}\n"
    "population: {families: 3000, households: {sizes: {1: 0.4, 2: 0.6}, gap: {delay: 1 year, shape: 2, mean: 2 years}, "
    "births: {2000: 700 /year}}}\nmarks: {m: child, f: family}\ncharts:\n"
    "  need:\n    of: family\n    states: [low, high]\n    clocks:\n"
    "      - {from: low, to: high, hazard: {exponential: 0.3 /year}}\n"
    "      - {from: high, to: low, hazard: {exponential: 2 /year}}\n"
    "  tick:\n    of: child\n    states: [on]\n    clocks:\n"
    "      - {name: t, from: on, to: on, hazard: {fixed: 6 months}, move: {chart: k, to: seen, from: [a], chance: 0.5}}\n"
    "  k:\n    of: child\n    states: [a, seen, b, heard]\n    instant:\n"
    "      seen: {options: [{to: a, weight: 0.8}, {to: b, weight: 0.2, mark: m}]}\n"
    "      heard: {options: [{to: b, weight: 0.7}, {to: a, weight: 0.3, move: {chart: need, who: family, to: low, from: [high]}}]}\n"
    "    clocks:\n"
    "      - {name: call, from: a, to: seen, hazard: {exponential: 1 /year}, ratios: {need: {high: 3}, age: {0: 1, 2: 2}},\n"
    "         move: [{chart: need, who: family, to: high, from: [low], chance: 0.3},\n"
    "                {chart: k, who: siblings, to: b, from: [a], chance: 0.3}]}\n"
    "      - {name: w, from: a, to: b, hazard: {weibull: {shape: 1.5, scale: 6 years}}, ratios: {need: {high: 2}, siblings.k: {in: [b], ratio: 5}}}\n"
    "      - {name: p, from: a, to: b, hazard: {exponential: 0.1 /year}}\n"
    "      - {name: n, from: a, to: b, hazard: {exponential: 0.2 /year}, ratios: {need: {low: 0}}}\n"
    "      - {name: s, from: a, to: b, hazard: {exponential: 0.1 /year}, ratios: {since.m: {amplitude: 3, decay: 1 year}}}\n"
    "      - {name: c, from: b, to: heard, hazard: {exponential: 1 /year}, ratios: {age_at_entry: {0: 1, 1: 3, 3: 0.5}}}\n";

/* Who is back where it was in the same event keeps its ratios, and nothing comes out otherwise than when all are asked again. To
 * keep those that depend on the entry would make a difference. */
static void test_same_again(void **state)
{
    enum { AS_IT_IS, ASKED, KEPT, WAYS };
    struct result r[WAYS];
    (void)state;
    for (int way = 0; way < WAYS; way++) {
        struct harness h;
        harness_load(&h, there_and_back);
        struct tables *t = ((struct pathway *)h.compiled)->tables;
        bool *a = &t->states[harness_state(&h, "k.a")].same_again, *b = &t->states[harness_state(&h, "k.b")].same_again;
        assert_true(*a && !*b);
        *a = way != ASKED;
        *b = way == KEPT;
        run(&h, &r[way]);
        harness_free(&h);
        assert_int_equal(same(&r[AS_IT_IS], &r[way]), way != KEPT);
    }
    for (int way = 0; way < WAYS; way++)
        result_free(&r[way]);
}

static const char *const doors =
    "kith: 1\nmodel: pathway\nseed: 9\ntime: {start: 2000-04-01, warm_up: 1 year, counted: 6 years}\n"
    "population: {families: 3000, households: {sizes: {1: 0.4, 2: 0.6}, gap: {delay: 1 year, shape: 2, mean: 2 years}, "
    "births: {2000: 700 /year}}}\nmarks: {m: child}\ncharts:\n"
    "  need:\n    of: family\n    states: [low, middle, high]\n    clocks:\n"
    "      - {from: low, to: middle, hazard: {exponential: 1 /year}}\n"
    "      - {from: middle, to: high, hazard: {exponential: 1 /year}}\n"
    "      - {from: middle, to: low, hazard: {exponential: 1 /year}}\n"
    "      - {from: high, to: low, hazard: {exponential: 2 /year}}\n"
    "  tick:\n    of: child\n    states: [on]\n    clocks:\n"
    "      - {from: on, to: on, hazard: {exponential: 2 /year}, mark: m, move: {chart: need, who: family, to: low, from: [high], chance: 0.5}}\n"
    "  k:\n    of: child\n    states: [a, b, dead, open, plain]\n    clocks:\n"
    "      - {from: a, to: b, hazard: {weibull: {shape: 1.5, scale: 2 years}}, ratios: {need: {low: 0, middle: 0, high: 2}, age: {0: 1, 2: 3, 4: 0.5}}}\n"
    "      - {from: a, to: dead, hazard: {exponential: 0.2 /year}, ratios: {siblings.k: {in: [b], ratio: 5}, need: {low: 0, high: 3}, since.m: {amplitude: 3, decay: 1 year}}}\n"
    "      - {name: w, from: a, to: dead, hazard: {exponential: 0.2 /year}, ratios: {need: {low: 0}, when: [{if: {age: [1, 2]}, ratio: 3}]}}\n"
    "      - {from: b, to: open, hazard: {gamma: {shape: 2, mean: 1 year}}, ratios: {need: {low: 0}, age: {0: 1, 3: 2}}}\n"
    "      - {from: b, to: a, hazard: {exponential: 0 /year}}\n"
    "      - {from: dead, to: a, hazard: {exponential: 0 /year}, ratios: {age: {0: 1, 3: 2}, need: {low: 5}}}\n"
    "      - {from: open, to: a, hazard: {exponential: 1 /year}, ratios: {need: {low: 0}}}\n"
    "      - {from: open, to: plain, hazard: {exponential: 1 /year}, ratios: {age: {0: 1, 3: 0}}}\n"
    "      - {from: plain, to: a, hazard: {exponential: 1 /year}}\n"
    "  never:\n    of: child\n    states: [x, y]\n    clocks: [{from: x, to: y, hazard: {exponential: 0 /year}}]\n"
    "  help:\n    of: child\n    states: [out, waits, in]\n    clocks:\n"
    "      - {from: out, to: in, hazard: {exponential: 1 /year}}\n"
    "      - {from: waits, to: out, hazard: {exponential: 0 /year}, ratios: {age: {0: 1, 3: 2}}}\n"
    "      - {from: in, to: out, hazard: {exponential: 1 /year}}\n"
    "  back:\n    of: child\n    states: [on]\n    clocks:\n"
    "      - {from: on, to: on, hazard: {exponential: 0.5 /year}, move: {chart: k, to: a, from: [dead]}}\n"
    "resources: {places: {capacity: {per_1000_families: 300}, used_by: [{chart: help, states: [in], waits_in: waits}]}}\n";

/* In which states of which chart none of a state's clocks can fire, by hand. Without these doors nothing comes out otherwise; with a
 * state more behind one, something does. */
static void test_doors(void **state)
{
    enum { AS_IT_IS, NONE, TOO_MANY, WAYS };
    enum { NEED, K = 2 };
    struct result r[WAYS];
    (void)state;
    for (int way = 0; way < WAYS; way++) {
        struct harness h;
        harness_load(&h, doors);
        struct tables *t = ((struct pathway *)h.compiled)->tables;
        struct door *a = &t->doors[harness_state(&h, "k.a")], *b = a + 1, *dead = a + 2;
        assert_true(a->chart == NEED && a->shut.bits[0] == 1); /* low: to all three */
        assert_true(b->chart == NEED && b->shut.bits[0] == 1); /* to one, the other never fires */
        assert_true(dead->chart == K && states_has(&dead->shut, 2));
        assert_true(!a[3].shut.bits[0] && !a[4].shut.bits[0]);
        assert_true(!t->doors[harness_state(&h, "never.x")].shut.bits[0]); /* a plain one */
        assert_true(!t->doors[harness_state(&h, "help.waits")].shut.bits[0]); /* its place in line may depend on more */
        if (way == NONE)
            memset(t->doors, 0, t->n_states * sizeof *t->doors);
        if (way == TOO_MANY)
            a->shut.bits[0] |= 2;
        run(&h, &r[way]);
        assert_true(flow_between(&h, &r[way], "k.a.b", 0, 72) > 100 && flow_between(&h, &r[way], "k.a.dead", 0, 72) > 100);
        harness_free(&h);
        assert_int_equal(same(&r[AS_IT_IS], &r[way]), way != TOO_MANY);
    }
    for (int way = 0; way < WAYS; way++)
        result_free(&r[way]);
}

/* Two children, the second a year and more after the first; each is gone at 2. Nobody goes from a to b while a sibling is there: the
 * first can before the second comes, the second after the first is gone, both for the time between their births. */
static void test_gone(void **state)
{
    const double rate = 0.9, delay = 1, shape = 20, mean = 0.2;
    const double p = 1 - exp(-rate * delay) * pow(1 + rate * mean / shape, -shape);
    struct harness h;
    struct result r;
    (void)state;
    harness_load(&h, "kith: 1\nmodel: pathway\nseed: 3\ntime: {start: 2000-04-01, warm_up: 10 years, counted: 20 years}\n"
                     "population: {families: 3000, households: {sizes: {2: 1}, gap: {delay: 1 year, shape: 20, mean: 0.2 years}, "
                     "births: {2000: 700 /year}}}\ncharts:\n"
                     "  here:\n    of: child\n    states: [yes, gone]\n    terminal: [gone]\n"
                     "    clocks: [{from: yes, to: gone, hazard: {at_age: 2 years}}]\n"
                     "  plan:\n    of: child\n    states: [on, off]\n    clocks: [{from: off, to: on, hazard: {exponential: 1 /year}}]\n"
                     "  k:\n    of: child\n    states: [a, b]\n    clocks:\n"
                     "      - {from: a, to: b, hazard: {exponential: 0.9 /year}, ratios: {siblings.plan: {in: [on], ratio: 0}}}\n");
    harness_run(&h, &r, 0, 0, 0, 0, KITH_ORDER_FAMILY);
    int64_t moved = flow_between(&h, &r, "k.a.b", 0, 240), gone = flow_between(&h, &r, "here.yes.gone", 0, 240);
    assert_true(gone > 1000);
    assert_true(p_binomial(moved, gone, p) > 0.001);
    assert_true(p_binomial(moved, gone, p / 2) < 1e-9); /* the first children alone */
    result_free(&r);
    harness_free(&h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_same_results), cmocka_unit_test(test_classes),
                                       cmocka_unit_test(test_who_is_asked), cmocka_unit_test(test_same_again), cmocka_unit_test(test_doors),
                                       cmocka_unit_test(test_gone)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
