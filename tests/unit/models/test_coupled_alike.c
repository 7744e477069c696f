/* Families of an area that meet through its resources: what must not change when nobody is limited, when others are, and
 * when events are carried out in another order; and what adds up. */
#include "spy.h"

static void who_is_not_limited_is_not_changed(void **state)
{
    static const char *const enough[] = {"unlimited", "{number: 1e9}", "{per_1000_families: 1000000000}",
                                         "{column: children, times: 1e7}"};
    (void)state;
    for (size_t i = 0; i < sizeof enough / sizeof *enough; i++) {
        int equal = equal_results(rich(), rich_with(enough[i], enough[i], enough[i]));
        if (equal != 6)
            print_error("capacity %s\n", enough[i]);
        assert_int_equal(equal, 6);
    }
    assert_int_equal(equal_results(rich(), rich_with("unlimited", "{number: 1e9}", "unlimited")), 6);
    /* one place for each area, and only one of the resources limited */
    assert_int_equal(equal_results(rich(), rich_with("{number: 1}", "{number: 1}", "{number: 1}")), 0);
    assert_int_equal(equal_results(rich(), rich_with("{number: 1}", "unlimited", "unlimited")), 0);
    assert_int_equal(equal_results(rich(), rich_with("unlimited", "{number: 1}", "unlimited")), 0);
    /* except that school places are never refused: too few of them change nothing as long as nobody minds */
    assert_int_equal(equal_results(rich(), rich_with("unlimited", "unlimited", "{number: 1}")), 6);
}

/* Who minds a load that is always 0 minds nothing: in the first band, or below it. */
static void a_load_of_nothing(void **state)
{
    static const char *const enough[] = {"unlimited", "{number: 1e9}"};
    const char *mid_high = "ratios: {help: {on: 0.5},\n         area: factor}";
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        const char *text = rich_with(enough[i], enough[i], enough[i]);
        assert_int_equal(equal_results(rich(), edited(text, mid_high,
                                                      "ratios: {help: {on: 0.5},\n         area: factor,\n"
                                                      "         load.workers: {0: 1, 0.5: 3}, load.seats: {0.1: 9}}")),
                         6);
        int equal = equal_results(edited(rich(), mid_high,
                                         "ratios: {help: {on: 0.5},\n         area: factor, times: 2}"),
                                  edited(text, mid_high,
                                         "ratios: {help: {on: 0.5},\n         area: factor,\n"
                                         "         load.workers: {0: 2, 0.5: 3}}"));
        if (equal != 6)
            print_error("capacity %s, a first band of another ratio: %d of 6 equal\n", enough[i], equal);
        assert_int_equal(equal, 6);
    }
    /* the ratio does something where there is load */
    assert_int_equal(equal_results(rich(), edited(rich_with("unlimited", "{number: 3}", "unlimited"), mid_high,
                                                  "ratios: {help: {on: 0.5},\n         area: factor,\n"
                                                  "         load.seats: {0.1: 9}}")) == 6,
                     0);
}

/* ---- areas ------------------------------------------------------------------------------------------------------ */

#define FOUR "code,children,tilt,factor,lone,helpers,workers\n"

static const char *rich_of_columns(void)
{
    return edited(rich_with("{column: helpers}", "{column: workers, times: $uptake}", "{per_10000_children: 8000}"),
                  "ratios: {need: {high: 4}}", "ratios: {need: {high: 4}, load.seats: {1: 1.5}, load.workers: {0.8: 1.2}}");
}

static void other_areas_make_no_difference(void **state)
{
    struct harness h, g;
    struct result x, y;
    (void)state;
    harness_load_table(&h, rich_of_columns(), FOUR "E1,600,0.2,1,3,160,1100\nE2,300,-0.3,1.5,0,80,500\nE3,100,0,0.8,1,30,150\n");
    harness_load_table(&g, rich_of_columns(), FOUR "E1,600,0.2,1,3,160,1100\nE2,300,-0.3,1.5,0,50,700\nE3,100,0,0.8,1,50,80\n");
    for (size_t area = 0; area < 3; area++)
        for (size_t arm = 0; arm < 4; arm += 3) {
            run(&h, &x, arm, 0, area);
            run(&g, &y, arm, 0, area);
            served_late(&h, &x, "workers");
            served_late(&h, &x, "helpers");
            assert_int_equal(same_cells(&x, &y), area == 0); /* its own capacity makes one */
            result_free(&x);
            result_free(&y);
        }
    harness_free(&h);
    harness_free(&g);
}

static void permuted_areas(void **state)
{
    struct harness h, g;
    struct result x, y;
    (void)state;
    harness_load_table(&h, rich_of_columns(), FOUR "E1,600,0.2,1,3,160,1100\nE2,300,-0.3,1.5,0,80,500\nE3,100,0,0.8,1,30,150\n");
    harness_load_table(&g, rich_of_columns(), FOUR "E3,100,0,0.8,1,30,150\nE1,600,0.2,1,3,160,1100\nE2,300,-0.3,1.5,0,80,500\n");
    for (size_t area = 0; area < 3; area++)
        for (size_t arm = 0; arm < 4; arm += 3) {
            run(&h, &x, arm, 0, area);
            run(&g, &y, arm, 0, (area + 1) % 3);
            assert_true(same_cells(&x, &y));
            result_free(&y);
            run(&g, &y, arm, 0, area);
            assert_false(same_cells(&x, &y));
            result_free(&x);
            result_free(&y);
        }
    harness_free(&h);
    harness_free(&g);
}

/* An area as large as all the others together; there are twice as many families and births, so that each area has as many
 * as before. All factors are powers of two: not a bit is different. */
static void one_area_more(void **state)
{
    struct harness h, g;
    struct result x, y;
    (void)state;
    const char *twice = edited(rich_of_columns(), "families: 300", "families: 600");
    twice = edited(twice, "represents: 3000", "represents: 6000");
    twice = edited(twice, "{2000: 400 /year, 2010: 500 /year}", "{2000: 800 /year, 2010: 1000 /year}");
    twice = edited(twice, "rate: 60 /year", "rate: 120 /year");
    harness_load_table(&h, rich_of_columns(), FOUR "E1,600,0.2,1,3,160,1100\nE2,300,-0.3,1.5,0,80,500\nE3,100,0,0.8,1,30,150\n");
    harness_load_table(&g, twice, FOUR "E1,600,0.2,1,3,160,1100\nE2,300,-0.3,1.5,0,80,500\nE0,1000,0,1,4,90,900\nE3,100,0,0.8,1,30,150\n");
    for (size_t area = 0; area < 3; area++)
        for (size_t arm = 0; arm < 4; arm += 3) {
            run(&h, &x, arm, 0, area);
            run(&g, &y, arm, 0, area + (area == 2));
            assert_int_equal(x.n, y.n);
            assert_true(same_cells(&x, &y));
            result_free(&x);
            result_free(&y);
        }
    harness_free(&h);
    harness_free(&g);
}

/* ---- a service that nobody minds -------------------------------------------------------------------------------- */

#define GYM_CHART \
    "  gym:\n    of: family\n    states: [away, in, waits, member]\n    clocks:\n" \
    "      - {from: away, to: in, hazard: {exponential: 3 /year}, ratios: {need: {mid: 2}}}\n" \
    "      - {from: in, to: away, hazard: {weibull: {shape: 2, scale: 0.5 years}}}\n" \
    "      - {from: waits, to: away, hazard: {exponential: 1 /year}}\n"

static const char *with_gym(const char *ratio, const char *used_by, const char *capacity)
{
    char *p = new_page();
    const char *t = edited(rich(), "charts:\n", "charts:\n" GYM_CHART);
    if (ratio)
        t = edited(t, "ratios: {help: {on: 0.5},\n         area: factor}",
                   edited("ratios: {help: {on: 0.5},\n         area: factor, RATIO}", "RATIO", ratio));
    add_text(p, "%sresources: {rooms: {capacity: %s, slack: 0, used_by: [%s]}}\n", t, capacity, used_by);
    return p;
}

static void a_service_that_nobody_minds(void **state)
{
    static const char *const gym = "{chart: gym, states: [in], waits_in: waits}";
    struct harness h;
    struct result x;
    (void)state;
    harness_load_table(&h, with_gym("gym: {member: 3}", gym, "{number: 2}"), RICH_TABLE);
    run(&h, &x, 0, 0, 0);
    served_late(&h, &x, "rooms"); /* it is crowded */
    result_free(&x);
    harness_free(&h);
    /* the state that matters does not occur; nor does the load */
    assert_int_equal(equal_results(rich(), with_gym("gym: {member: 3}", gym, "{number: 2}")), 6);
    assert_int_equal(equal_results(rich(), with_gym("load.rooms: {1000: 3}", gym, "{number: 2}")), 6);
    assert_int_equal(equal_results(rich(), with_gym(NULL, gym, "{number: 2}")), 6);
    /* nobody enters what needs it */
    assert_int_equal(equal_results(rich(), with_gym("gym: {member: 3}", "{chart: gym, states: [member], waits_in: waits}",
                                                    "{number: 0}")),
                     6);
    assert_int_equal(equal_results(with_gym("gym: {in: 3}", "{chart: gym, states: [member], waits_in: waits}", "unlimited"),
                                   with_gym("gym: {in: 3}", "{chart: gym, states: [member], waits_in: waits}", "{number: 0}")),
                     6);
    /* they do matter where they occur */
    assert_int_equal(equal_results(rich(), with_gym("gym: {in: 3}", gym, "{number: 2}")), 0);
    assert_int_equal(equal_results(rich(), with_gym("load.rooms: {1: 3}", gym, "{number: 2}")), 0);
}

/* ---- conservation ----------------------------------------------------------------------------------------------- */

/* Transitions of a month that lead from one kind of state into another; `from` and `to` are told apart by what they hold:
 * 'w' waits, 'h' holds units, '-' neither. */
static int64_t crossings(const struct harness *h, const struct result *r, const char *waits, const char *holds, char from,
                         char to, int month)
{
    int64_t sum = 0;
    for (size_t k = 0; k < h->shape->n_transitions; k++) {
        const struct kith_shape_transition *t = &h->shape->transitions[k];
        char a = listed(h, t->from, waits) ? 'w' : listed(h, t->from, holds) ? 'h' : '-';
        char b = listed(h, t->to, waits) ? 'w' : listed(h, t->to, holds) ? 'h' : '-';
        if (a == from && b == to)
            sum += r->series.flow[(size_t)month * r->series.n_transitions + k];
    }
    return sum;
}

struct held {
    const char *state;
    int64_t units;
};

static int64_t stayed(const struct harness *h, const struct result *r, const char *state, int month)
{
    return kith_cell_stayed(&r->cell, h->shape, harness_state(h, state), month, month + 1);
}

/* A resource month by month: who came is who got it at once, or waited; who waited is who got it then, left, or still
 * waits; the units in use are the time spent in the states that hold them, and the time waited that in the states to wait
 * in, to a tick for each event. Nobody is refused or pre-empted here. */
static int64_t check_resource(const struct harness *h, const struct result *r, const char *name, const char *waits,
                              const char *holds, const struct held *held, size_t n_held)
{
    int64_t line = 0, most = 0, total = 0;
    double years = 0;
    const struct kith_series *s = &r->series;
    for (size_t i = 0; i < h->shape->n_states; i++)
        line += listed(h, (int)i, waits) ? s->stock[i] : 0;
    for (size_t i = 0; i < n_held; i++)
        most = held[i].units > most ? held[i].units : most;
    for (int m = 0; m < s->months; m++) {
        int64_t at_once = crossings(h, r, waits, holds, '-', 'h', m), came = crossings(h, r, waits, holds, '-', 'w', m);
        int64_t served = crossings(h, r, waits, holds, 'w', 'h', m), left = crossings(h, r, waits, holds, 'w', '-', m);
        assert_int_equal(amount(h, r, name, KITH_POOL_REQUESTS, m, m + 1), at_once + came);
        assert_int_equal(amount(h, r, name, KITH_POOL_WAITED, m, m + 1), came);
        assert_int_equal(amount(h, r, name, KITH_POOL_GRANTED, m, m + 1), at_once + served);
        assert_int_equal(amount(h, r, name, KITH_POOL_LEFT, m, m + 1), left);
        assert_int_equal(amount(h, r, name, KITH_POOL_REFUSED, m, m + 1), 0);
        assert_int_equal(amount(h, r, name, KITH_POOL_PREEMPTED, m, m + 1), 0);
        assert_int_equal(crossings(h, r, waits, holds, 'h', 'w', m), 0);
        int64_t events = at_once + came + served + left + crossings(h, r, waits, holds, 'h', '-', m) +
                         crossings(h, r, waits, holds, 'h', 'h', m);
        int64_t used = 0, waiting = 0;
        for (size_t i = 0; i < n_held; i++)
            used += held[i].units * stayed(h, r, held[i].state, m);
        for (size_t i = 0; i < h->shape->n_states; i++)
            if (listed(h, (int)i, waits))
                waiting += kith_cell_stayed(&r->cell, h->shape, i, m, m + 1);
        assert_true(llabs((long long)(amount(h, r, name, KITH_POOL_USED, m, m + 1) - used)) <= events * most);
        assert_true(llabs((long long)(amount(h, r, name, KITH_POOL_WAITING, m, m + 1) - waiting)) <= events);
        /* 1% more is noticed */
        if (used > 200 * events * most)
            assert_false(llabs((long long)(amount(h, r, name, KITH_POOL_USED, m, m + 1) - used * 101 / 100)) <= events * most);
        line += came - served - left;
        int64_t stock = 0;
        for (size_t i = 0; i < h->shape->n_states; i++)
            stock += listed(h, (int)i, waits) ? s->stock[(size_t)(m + 1) * s->n_states + i] : 0;
        assert_int_equal(stock, line);
        total += came;
        years += (double)used;
    }
    assert_true(years > 0);
    return total;
}

static void what_the_pools_add_up_is_what_families_did(void **state)
{
    static const struct held helpers[] = {{"help.on", 1500}, {"help.offered", 1000}},
                             workers[] = {{"services.cin", 1000}, {"services.plan", 2000}, {"need.high", 1000}},
                             seats[] = {{"school.in", 1000}};
    struct harness h;
    struct result r;
    int64_t for_help = 0, for_workers = 0;
    (void)state;
    harness_load_table(&h, rich_with("{per_1000_families: 80}",
                                     "{per_1000_families: 300, calendar: {2021-10-01: 0.7, 2022-10-01: 1.5}}", "{number: 3}"),
                       RICH_TABLE);
    for (size_t area = 0; area < 3; area++)
        for (size_t arm = 0; arm < 4; arm += 3) {
            run(&h, &r, arm, 0, area);
            for_help += check_resource(&h, &r, "helpers", " help.queued ", " help.offered  help.on ", helpers, 2);
            for_workers += check_resource(&h, &r, "workers", " services.listed ",
                                          " services.referral  services.cin  services.plan  need.high ", workers, 3);
            assert_int_equal(check_resource(&h, &r, "seats", "", " school.in ", seats, 1), 0);
            result_free(&r);
        }
    assert_true(for_help > 50 && for_workers > 100);
    harness_free(&h);
}

/* The counted period does not include its first moment: what happens then is counted neither as a flow nor by a pool. */
static void what_happens_as_counting_begins(void **state)
{
    struct harness h;
    struct result r;
    (void)state;
    harness_load(&h, "kith: 1\nmodel: pathway\ntime: {warm_up: 1 year, counted: 1 year}\npopulation: {families: 10}\n"
                     "charts:\n  c:\n    of: family\n    states: [a, b, w]\n    clocks:\n"
                     "      - {from: a, to: b, hazard: {fixed: 1 year}}\n"
                     "      - {from: b, to: a, hazard: {fixed: 6 months}}\n"
                     "resources: {r: {capacity: {number: 4}, used_by: [{chart: c, states: [b], waits_in: w}]}}\n");
    run(&h, &r, 0, 0, 0);
    int64_t came = flow_between(&h, &r, "c.a.b", 0, 12) + flow_between(&h, &r, "c.a.w", 0, 12);
    assert_int_equal(stock_at(&h, &r, "c.b", 0), 4); /* it has happened by then */
    assert_int_equal(stock_at(&h, &r, "c.w", 0), 6);
    assert_int_equal(amount(&h, &r, "r", KITH_POOL_REQUESTS, 0, 12), came);
    assert_int_equal(amount(&h, &r, "r", KITH_POOL_WAITED, 0, 12), flow_between(&h, &r, "c.a.w", 0, 12));
    result_free(&r);
    harness_free(&h);
}

/* ---- order ------------------------------------------------------------------------------------------------------ */

static const char *crowded(const char *arms)
{
    return joined(rich_with("{per_1000_families: 80}", "{per_1000_families: 600, times: $uptake}", "{number: 3}"), arms);
}

/* Families whose every clock has a ratio of 1 by the load carry out nothing ahead of the others. */
static void what_is_run_ahead_changes_nothing(void **state)
{
    static const char *const ratios[] = {"load.workers: {0: 1}", "load.workers: {0: 1, 0.9: 1}",
                                         "load.helpers: {0.5: 1, 0.7: 1, 1.2: 1}, load.seats: {1: 1}"};
    (void)state;
    for (size_t i = 0; i < sizeof ratios / sizeof *ratios; i++) {
        struct harness h, g;
        struct result x, y;
        harness_load_table(&h, crowded(""), RICH_TABLE);
        harness_load_table(&g, bound(crowded(""), ratios[i]), RICH_TABLE);
        for (size_t area = 0; area < 3; area++)
            for (size_t arm = 0; arm < 4; arm += 3) {
                run_seen(&h, &x, arm, 0, area);
                size_t calls = spy.calls;
                run_seen(&g, &y, arm, 0, area);
                assert_true(same_results(&h, &x, &g, &y));
                assert_true(same_bytes(x.cell.amount, y.cell.amount,
                                       (size_t)x.cell.months * x.cell.n_amounts * sizeof *x.cell.amount));
                served_late(&h, &x, "workers");
                served_late(&h, &x, "helpers");
                /* the first did run ahead, the second did not */
                assert_true(calls < spy.calls);
                assert_false(spy.ahead);
                result_free(&x);
                result_free(&y);
            }
        harness_free(&h);
        harness_free(&g);
    }
    /* a ratio of another size is something else */
    assert_true(equal_results(crowded(""), bound(crowded(""), "load.workers: {0: 1, 0.9: 1.1}")) < 6);
}

/* ---- events on trial -------------------------------------------------------------------------------------------- */

/* A ratio that changes with nearly every step of the load. */
#define OFTEN "{0: 1, 0.4: 4, 0.6: 1, 0.8: 4, 0.9: 1, 1: 4, 1.1: 1, 1.2: 4, 1.3: 1, 1.4: 4, 1.6: 1, 1.8: 4, 2: 1, 2.5: 4, 3: 1, 4: 4}"

static const struct kith_model *eager;

/* Lets nobody run ahead of the others. */
static double in_turn(const void *model, struct kith_cell *cell, void *family, double until)
{
    double ahead = cell->ahead;
    cell->ahead = until;
    double next = eager->advance(model, cell, family, until);
    cell->ahead = ahead;
    return next;
}

/* A load decides where some go, what an event brings along or how long somebody stays, or some ask for help: however an event
 * turns out to touch something shared, it was taken back and happens in its turn. */
static void what_is_tried_in_vain_changes_nothing(void **state)
{
    static const char *const moods[] = {
        "    states: [good, asked, poor]\n    instant:\n      asked:\n        options:\n          - {to: good, weight: 1}\n"
        "          - {to: poor, weight: 1, ratios: {load.helpers: " OFTEN "}}\n"
        "    clocks:\n      - {from: good, to: asked, hazard: {exponential: 2 /year}}\n"
        "      - {from: poor, to: good, hazard: {exponential: 1 /year}}\n",
        "    states: [good, poor]\n    clocks:\n"
        "      - {from: good, to: poor, hazard: {exponential: 2 /year},\n"
        "         move: {chart: need, to: mid, from: [low], chance: 0.1, ratios: {load.helpers: " OFTEN "}}}\n"
        "      - {from: poor, to: good, hazard: {exponential: 1 /year}}\n",
        "    states: [good, poor]\n    clocks:\n      - {from: good, to: poor, hazard: {exponential: 2 /year}}\n"
        "      - {from: poor, to: good, hazard: {exponential: 0.5 /year}, ratios: {load.helpers: " OFTEN "}}\n",
        "    states: [good, poor]\n    clocks:\n      - {from: good, to: poor, hazard: {exponential: 2 /year}}\n"
        "      - {from: poor, to: good, hazard: {exponential: 1 /year},\n"
        "         move: {chart: help, to: offered, from: [off], chance: 0.3}}\n",
    };
    (void)state;
    for (size_t i = 0; i < sizeof moods / sizeof *moods; i++) {
        struct harness h;
        struct result x, y;
        char chart[1024];
        snprintf(chart, sizeof chart, "  mood:\n    of: family\n%s  calls:\n", moods[i]);
        harness_load_table(&h, edited(crowded(""), "  calls:\n", chart), RICH_TABLE);
        struct kith_model patient = *h.model;
        eager = h.model;
        patient.advance = in_turn;
        for (size_t area = 0; area < 3; area++)
            for (size_t arm = 0; arm < 4; arm += 3) {
                h.model = eager;
                run(&h, &x, arm, 0, area);
                h.model = &patient;
                run(&h, &y, arm, 0, area);
                assert_true(same_cells(&x, &y));
                result_free(&x);
                result_free(&y);
            }
        h.model = eager;
        harness_free(&h);
    }
}

static void arms_that_change_nothing(void **state)
{
    struct harness h;
    struct result base, other;
    (void)state;
    const char *text = edited(crowded(""), "  late: 0.8 /year\n", "  late: 0.8 /year\n  cut: 0.9\n  slots: 3\n");
    text = edited(text, "capacity: {number: 3}", "capacity: {number: $slots, times: [$cut, 1.3], calendar: {2021-01-01: $cut}}");
    text = edited(text, "set: {uptake: 0.5, slope: 1.3,", "set: {uptake: 0.5, slope: 1.3, cut: 0.9, slots: 3,");
    text = edited(text, "  early: {from", "  fewer: {from: 2022-04-01, set: {cut: 0.5}}\n  early: {from");
    text = edited(text, "ratios: {need: {high: 4}}", "ratios: {need: {high: 4}, load.seats: {1: 1.5, 8: 2}}");
    harness_load_table(&h, text, RICH_TABLE);
    for (size_t area = 0; area < 3; area++) {
        run(&h, &base, 0, 0, area);
        for (size_t arm = 1; arm < h.sc.n_arms; arm++) {
            run(&h, &other, arm, 0, area);
            /* `nothing` and `same`; the others do change something */
            assert_int_equal(same_cells(&base, &other), arm <= 2);
            result_free(&other);
        }
        result_free(&base);
    }
    harness_free(&h);
}

/* A share of the families tracked, or none: the counts are the same. */
static void who_is_tracked_makes_no_difference(void **state)
{
    struct harness h;
    struct result all, some;
    (void)state;
    harness_load_table(&h, crowded(""), RICH_TABLE);
    run(&h, &all, 0, 1, 0);
    for (double share = 0; share < 1; share += 0.4) {
        harness_run(&h, &some, 0, 1, 0, share, KITH_ORDER_QUEUE);
        assert_int_equal(all.cell.n_events, some.cell.n_events);
        assert_memory_equal(all.cell.tally, some.cell.tally,
                            ((size_t)all.cell.months + 1) * all.cell.n_transitions * sizeof *all.cell.tally);
        assert_memory_equal(all.cell.amount, some.cell.amount,
                            (size_t)all.cell.months * all.cell.n_amounts * sizeof *all.cell.amount);
        assert_true(some.cell.n_rows < all.cell.n_rows);
        result_free(&some);
    }
    result_free(&all);
    harness_free(&h);
}

/* The workspace and the cell keep nothing of the runs before, even of one that was stopped. */
static void a_cell_is_run_again(void **state)
{
    struct harness h;
    struct result first, again;
    volatile int stop = 1;
    (void)state;
    harness_load_table(&h, crowded(""), RICH_TABLE);
    run(&h, &first, 0, 0, 1);
    run(&h, &again, 3, 0, 0);
    assert_false(same_cells(&first, &again));
    again.cell.key = first.cell.key;
    again.cell.arm = 0;
    again.cell.area = 1;
    kith_cell_clear(&again.cell);
    again.n = h.model->families(h.compiled, &again.cell, (double)h.sc.families * h.sc.areas[1].share * h.shape->turnover);
    assert_int_equal(again.n, first.n);
    assert_int_equal(kith_families_run(&h.families, h.model, h.compiled, &again.cell, h.shape, 0, again.n, 1,
                                       KITH_ORDER_FAMILY, &stop),
                     KITH_STOPPED);
    kith_cell_clear(&again.cell);
    assert_int_equal(kith_families_run(&h.families, h.model, h.compiled, &again.cell, h.shape, 0, again.n, 1,
                                       KITH_ORDER_FAMILY, NULL),
                     KITH_OK);
    kith_cell_series(&again.cell, h.shape, &again.series);
    assert_true(same_cells(&first, &again));
    result_free(&first);
    result_free(&again);
    harness_free(&h);
}

/* Each allocation fails once, from the text to the series: the status says so, and nothing leaks (with a sanitizer). */
static enum kith_status whole(struct harness *h, const char *text, long fail_at)
{
    struct kith_cell cell = {0};
    struct kith_series series = {0};
    h->mem.fail_at = fail_at;
    enum kith_status st = harness_try(h, text, NULL);
    if (!st)
        st = kith_cell_init(&cell, &h->mem, h->shape, h->sc.months);
    if (!st)
        st = kith_series_init(&series, &h->mem, h->shape, h->sc.months);
    if (!st) {
        cell.key = kith_draw_mix(kith_draw_mix(0, h->sc.seed), h->sc.areas[0].key);
        cell.warm_up = h->sc.warm_up;
        cell.end = h->sc.warm_up + h->sc.counted;
        uint64_t n = h->model->families(h->compiled, &cell,
                                        (double)h->sc.families * h->sc.areas[0].share * h->shape->turnover);
        st = kith_families_run(&h->families, h->model, h->compiled, &cell, h->shape, 0, n, 1, KITH_ORDER_FAMILY, NULL);
    }
    if (!st) {
        kith_cell_series(&cell, h->shape, &series);
        assert_true(cell.n_events > 1000);
    }
    kith_cell_free(&cell);
    kith_series_free(&series);
    harness_free(h);
    return st;
}

static void without_memory(void **state)
{
    static struct harness h;
    const char *text =
        "kith: 1\nmodel: pathway\ntime: {warm_up: 1 year, counted: 4 years}\n"
        "population: {families: 30, households: {sizes: {1: 1, 2: 1, 3: 1}, births: 60 /year}, groups: {callers: {rate: 60 /year}}}\n"
        "charts:\n  c:\n    of: family\n    states: [home, desk, line, lost, end]\n    terminal: [end]\n    clocks:\n"
        "      - {from: home, to: desk, hazard: {exponential: 9 /year}, ratios: {load.desk: {1: 0.5}}}\n"
        "      - {from: desk, to: home, hazard: {exponential: 8 /year}}\n"
        "      - {from: line, to: home, hazard: {exponential: 1 /year}}\n"
        "      - {from: home, to: end, hazard: {exponential: 0.2 /year}}\n"
        "      - {from: lost, to: home, hazard: {exponential: 3 /year}}\n"
        "  k:\n    of: child\n    states: [a, b, w]\n    clocks:\n"
        "      - {from: a, to: b, hazard: {exponential: 3 /year}}\n"
        "      - {from: b, to: a, hazard: {exponential: 4 /year}}\n"
        "resources:\n"
        "  desk: {capacity: {number: 20}, preempts: true, room: 90, used_by: [{chart: c, states: [desk], waits_in: line, full: lost,\n"
        "    priority: {k2: {2: 2}}}]}\n"
        "  beds: {capacity: {number: 3}, used_by: [{chart: k, states: [b], waits_in: w, priority: {age: {0: 2, 1: 1}}}]}\n";
    (void)state;
    text = edited(text, "  k:\n", "  k2:\n    of: family\n    states: [1, 2]\n    clocks:\n"
                                  "      - {from: 1, to: 2, hazard: {exponential: 2 /year}}\n"
                                  "      - {from: 2, to: 1, hazard: {exponential: 2 /year}}\n  k:\n");
    assert_int_equal(whole(&h, text, -1), KITH_OK);
    long n = h.mem.allocations;
    assert_true(n > 50);
    for (long i = 0; i < n; i++) {
        enum kith_status st = whole(&h, text, i);
        if (st != KITH_NO_MEMORY)
            print_error("allocation %ld of %ld: status %d\n", i, n, st);
        assert_int_equal(st, KITH_NO_MEMORY);
    }
    assert_int_equal(whole(&h, text, n), KITH_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_is_not_limited_is_not_changed),
        cmocka_unit_test(a_load_of_nothing),
        cmocka_unit_test(other_areas_make_no_difference),
        cmocka_unit_test(permuted_areas),
        cmocka_unit_test(one_area_more),
        cmocka_unit_test(a_service_that_nobody_minds),
        cmocka_unit_test(what_the_pools_add_up_is_what_families_did),
        cmocka_unit_test(what_happens_as_counting_begins),
        cmocka_unit_test(what_is_run_ahead_changes_nothing),
        cmocka_unit_test(what_is_tried_in_vain_changes_nothing),
        cmocka_unit_test(arms_that_change_nothing),
        cmocka_unit_test(who_is_tracked_makes_no_difference),
        cmocka_unit_test(a_cell_is_run_again),
        cmocka_unit_test(without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, free_spy);
}
