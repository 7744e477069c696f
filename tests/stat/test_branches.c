/* Instant states, moves and marks: who goes where, and how often. Level and seeds: see harness.h. */
#include "harness.h"

/* Families of `sizes` whose children are born together, within a minute or so; all in the first year. */
#define TOGETHER(families, sizes, years) \
    "kith: 1\nmodel: pathway\nseed: 31\ntime: {start: 2000-01-01, counted: " years " years}\n" \
    "population: {families: 1000, households: {sizes: " sizes ", gap: {shape: 1, mean: 0.000001 years},\n" \
    "  births: {2000: " families " /year, 2001: 0 /year}}}\n"
#define PLAIN(families, years) \
    "kith: 1\nmodel: pathway\nseed: 32\ntime: {counted: " years " years}\npopulation: {families: " families "}\n"

struct walk {
    struct harness h;
    struct kith_cell cell;
    struct story s;
    uint64_t n;
};
static void walk_begin(struct walk *w, const char *text)
{
    memset(&w->s, 0, sizeof w->s);
    harness_load(&w->h, text);
    w->n = harness_cell(&w->h, &w->cell, 0, 0, 0);
    assert_true(w->n > 500);
}
static void walk_end(struct walk *w)
{
    story_free(&w->s);
    kith_cell_free(&w->cell);
    harness_free(&w->h);
}
/* Where event k of the story leads, as a state of all charts; -1 for an exit. */
static int to_of(const struct walk *w, size_t k)
{
    return w->h.shape->transitions[w->s.event[k].code].to;
}
static int from_of(const struct walk *w, size_t k)
{
    return w->h.shape->transitions[w->s.event[k].code].from;
}

/* ---- options ---------------------------------------------------------------------------------------------------- */

/* x: 1, or 3 when need is high; y: 2 times 1.5 per level; z: 0 on the first visit, then 4. */
static void options_by_weight(void **state)
{
    struct walk w;
    int64_t count[2][3][2][3] = {{{{0}}}}, starts[2] = {0};
    (void)state;
    walk_begin(&w, PLAIN("20000", "3")
               "attributes: {level: {values: {0: 1, 1: 1, 2: 1}, centre: 1, unit: step}}\nmarks: {seen: family}\n"
               "charts:\n"
               "  need:\n    of: family\n    states: [low, high, draw]\n    start: draw\n"
               "    instant: {draw: {options: [{to: low, weight: 0.4}, {to: high, weight: 0.6}]}}\n"
               "  c:\n    of: family\n    states: [a, q, x, y, z]\n"
               "    instant:\n      q:\n        options:\n"
               "          - {to: x, weight: {need: {low: 1, high: 3}}}\n"
               "          - {to: y, weight: 2, ratios: {level: 1.5 per step}}\n"
               "          - {to: z, weight: {count.seen: {0: 0, 1: 4}}}\n"
               "        mark: seen\n"
               "    clocks:\n"
               "      - {from: a, to: q, hazard: {exponential: 3 /year}}\n"
               "      - {name: back, from: [x, y, z], to: a, hazard: {fixed: 3 days}}\n");
    int q = (int)harness_state(&w.h, "c.q"), x = (int)harness_state(&w.h, "c.x"), high = (int)harness_state(&w.h, "need.high");
    for (uint64_t i = 0; i < w.n; i++) {
        int need = -1, visit = 0;
        harness_story(&w.h, &w.cell, i, &w.s);
        for (size_t k = 0; k < w.s.n; k++) {
            if (to_of(&w, k) == high || to_of(&w, k) == high - 1)
                need = to_of(&w, k) == high;
            if (from_of(&w, k) == q && visit < 2)
                count[need][(int)w.s.attributes[0]][visit++][to_of(&w, k) - x]++;
        }
        starts[need]++;
    }
    assert_true(p_cells(starts, (double[]){0.4, 0.6}, 2, (int64_t)w.n) > LEVEL);
    assert_false(p_cells(starts, (double[]){0.43, 0.57}, 2, (int64_t)w.n) > LEVEL);
    double least = 1, wrong = 1;
    for (int need = 0; need < 2; need++)
        for (int level = 0; level < 3; level++)
            for (int visit = 0; visit < 2; visit++) {
                const int64_t *c = count[need][level][visit];
                /* the mark of the instant state is set after the choice: the first visit sees none */
                double weight[] = {need ? 3 : 1, 2 * pow(1.5, level - 1), visit ? 4 : 0};
                double sum = weight[0] + weight[1] + weight[2], p[3], q2[3];
                for (int k = 0; k < 3; k++)
                    p[k] = weight[k] / sum;
                weight[1] *= 1.3;
                sum = weight[0] + weight[1] + weight[2];
                for (int k = 0; k < 3; k++)
                    q2[k] = weight[k] / sum;
                assert_true(c[0] + c[1] + c[2] > 1000);
                if (!visit)
                    assert_int_equal(c[2], 0);
                least = fmin(least, p_cells(c, p, visit ? 3 : 2, c[0] + c[1] + c[2]));
                wrong = fmin(wrong, p_cells(c, q2, visit ? 3 : 2, c[0] + c[1] + c[2]));
            }
    assert_true(least > LEVEL);
    assert_false(wrong > LEVEL);
    walk_end(&w);
}

/* A chain of instant states is passed in one moment, with the product of the probabilities. */
static void chains_of_instant_states(void **state)
{
    struct walk w;
    int64_t count[4] = {0};
    (void)state;
    walk_begin(&w, PLAIN("20000", "60")
               "charts:\n  c:\n    of: family\n    states: [a, p, q, r, w, x, y, z]\n    instant:\n"
               "      p: {options: [{to: q, weight: 3}, {to: r, weight: 1}]}\n"
               "      q: {options: [{to: w, weight: 1}, {to: r, weight: 2}]}\n"
               "      r: {options: [{to: x, weight: 0.2}, {to: y, weight: 0.3}, {to: z, weight: 0.5}]}\n"
               "    clocks: [{from: a, to: p, hazard: {exponential: 1 /year}}]\n");
    int p = (int)harness_state(&w.h, "c.p"), first = (int)harness_state(&w.h, "c.w");
    for (uint64_t i = 0; i < w.n; i++) {
        harness_story(&w.h, &w.cell, i, &w.s);
        assert_int_equal(to_of(&w, 1), p);
        for (size_t k = 2; k < w.s.n; k++)
            assert_true(w.s.event[k].t == w.s.event[1].t && from_of(&w, k) == to_of(&w, k - 1));
        assert_true(to_of(&w, w.s.n - 1) >= first);
        count[to_of(&w, w.s.n - 1) - first]++;
    }
    double r = 0.25 + 0.75 * 2 / 3, right[] = {0.25, 0.2 * r, 0.3 * r, 0.5 * r}, wrong[] = {0.25, 0.22 * r, 0.3 * r, 0.48 * r};
    assert_true(p_cells(count, right, 4, (int64_t)w.n) > LEVEL);
    assert_false(p_cells(count, wrong, 4, (int64_t)w.n) > LEVEL);
    walk_end(&w);
}

/* ---- draws that siblings share ---------------------------------------------------------------------------------- */

#define SHARED_CHART(shared) \
    "  s:\n    of: child\n    states: [home, q, x, y, z]\n" \
    "    instant: {q: {shared: " shared ", options: [{to: x, weight: 0.5}, {to: y, weight: 0.3}, {to: z, weight: 0.2}]}}\n"
#define BROUGHT_IN \
    "  f: {of: family, states: [calm, called], clocks: [{from: calm, to: called, hazard: {exponential: 1 /year},\n" \
    "    move: {chart: s, who: children, to: q}}]}\n"
#define ONE_BROUGHT_IN_FIRST \
    "  f: {of: family, states: [calm, called], clocks: [{from: calm, to: called, hazard: {exponential: 1 /year},\n" \
    "    move: [{chart: s, who: index, to: q}, {chart: s, who: siblings, to: q}]}]}\n"

/* All n children of a family decide alike with probability s + (1 - s) sum p^n. */
static double agreement(double s, int n)
{
    return s + (1 - s) * (pow(0.5, n) + pow(0.3, n) + pow(0.2, n));
}

static void compare_agreement(const char *text, int children, double s, double wrong)
{
    struct walk w;
    int64_t alike = 0, each[3] = {0};
    walk_begin(&w, text);
    int q = (int)harness_state(&w.h, "s.q"), x = (int)harness_state(&w.h, "s.x");
    for (uint64_t i = 0; i < w.n; i++) {
        int decided = 0, same = 0, first = -1;
        harness_story(&w.h, &w.cell, i, &w.s);
        for (size_t k = 0; k < w.s.n; k++)
            if (from_of(&w, k) == q) {
                int where = to_of(&w, k) - x;
                if (!decided++)
                    first = where;
                same += where == first;
                each[where] += w.s.event[k].member == 1; /* one of each family: independent */
            }
        assert_int_equal(decided, children);
        alike += same == children;
    }
    assert_true(p_cells(each, (double[]){0.5, 0.3, 0.2}, 3, (int64_t)w.n) > LEVEL);
    double p = p_binomial(alike, (int64_t)w.n, agreement(s, children));
    if (!(p > LEVEL))
        print_error("%d children, shared %g: %g alike, expected %g (by s^2: %g)\n", children, s,
                    (double)alike / (double)w.n, agreement(s, children), agreement(s * s, children));
    assert_true(p > LEVEL);
    assert_false(p_binomial(alike, (int64_t)w.n, agreement(wrong, children)) > LEVEL);
    walk_end(&w);
}

static void siblings_share_a_draw(void **state)
{
    (void)state;
    compare_agreement(TOGETHER("40000", "{2: 1}", "40") "charts:\n" BROUGHT_IN SHARED_CHART("0.6"), 2, 0.6, 0.55);
    compare_agreement(TOGETHER("40000", "{3: 1}", "40") "charts:\n" BROUGHT_IN SHARED_CHART("0.6"), 3, 0.6, 0.55);
    compare_agreement(TOGETHER("40000", "{2: 1}", "40") "charts:\n" ONE_BROUGHT_IN_FIRST SHARED_CHART("0.4"), 2, 0.4, 0.35);
    compare_agreement(TOGETHER("40000", "{2: 1}", "40") "charts:\n" BROUGHT_IN SHARED_CHART("0"), 2, 0, 0.05);
    compare_agreement(TOGETHER("4000", "{2: 1}", "40") "charts:\n" BROUGHT_IN SHARED_CHART("1"), 2, 1, 0.95);
}

/* A child's own clock that takes the siblings along: they are brought in together, the first child included. */
static void a_child_and_those_it_brings(void **state)
{
    (void)state;
    compare_agreement(TOGETHER("40000", "{2: 1}", "40") "charts:\n" SHARED_CHART("0.6")
                      "    clocks: [{from: home, to: q, hazard: {exponential: 1 /year}, move: {who: siblings, to: q, from: [home]}}]\n",
                      2, 0.6, 0.55);
}

/* A child alone has nobody to share with: its visits are independent of each other, whatever `shared` says. */
static void one_child_alone(void **state)
{
    struct walk w;
    int64_t pair[9] = {0};
    (void)state;
    walk_begin(&w, TOGETHER("20000", "{1: 1}", "80") "charts:\n" SHARED_CHART("0.7")
               "    clocks:\n      - {from: home, to: q, hazard: {exponential: 1 /year}}\n"
               "      - {name: back, from: [x, y, z], to: home, hazard: {exponential: 1 /year}}\n");
    int q = (int)harness_state(&w.h, "s.q"), x = (int)harness_state(&w.h, "s.x");
    for (uint64_t i = 0; i < w.n; i++) {
        int where[2] = {0}, n = 0;
        harness_story(&w.h, &w.cell, i, &w.s);
        for (size_t k = 0; k < w.s.n && n < 2; k++)
            if (from_of(&w, k) == q)
                where[n++] = to_of(&w, k) - x;
        assert_int_equal(n, 2);
        pair[3 * where[0] + where[1]]++;
    }
    double p[9], marginal[] = {0.5, 0.3, 0.2};
    for (int i = 0; i < 9; i++)
        p[i] = marginal[i / 3] * marginal[i % 3];
    double alike = (double)(pair[0] + pair[4] + pair[8]) / (double)w.n;
    if (!(p_cells(pair, p, 9, (int64_t)w.n) > LEVEL))
        print_error("second visit as the first: %g of children, expected 0.38\n", alike);
    assert_true(p_cells(pair, p, 9, (int64_t)w.n) > LEVEL);
    p[0] -= 0.02;
    p[8] += 0.02;
    assert_false(p_cells(pair, p, 9, (int64_t)w.n) > LEVEL);
    walk_end(&w);
}

/* ---- moves ------------------------------------------------------------------------------------------------------ */

/* One clock moves the family's other chart with a chance, by attribute, and all children each with another. */
static void moves_by_chance(void **state)
{
    struct walk w;
    int64_t family[2][2] = {{0}}, children[4] = {0};
    (void)state;
    walk_begin(&w, TOGETHER("20000", "{3: 1}", "40")
               "attributes: {level: {values: {0: 1, 1: 1}, unit: step}}\n"
               "charts:\n"
               "  f: {of: family, states: [a, b], clocks: [{from: a, to: b, hazard: {exponential: 1 /year}, move: [\n"
               "    {chart: g, to: on, chance: 0.3, ratios: {level: 2 per step}},\n"
               "    {chart: s, who: children, to: out, chance: 0.4}]}]}\n"
               "  g: {of: family, states: [off, on]}\n"
               "  s: {of: child, states: [home, out]}\n");
    size_t on = harness_flow(&w.h, "g.off.on"), out = harness_flow(&w.h, "s.home.out");
    for (uint64_t i = 0; i < w.n; i++) {
        int moved = 0, n = 0;
        harness_story(&w.h, &w.cell, i, &w.s);
        for (size_t k = 0; k < w.s.n; k++) {
            moved += w.s.event[k].code == on;
            n += w.s.event[k].code == out;
        }
        family[(int)w.s.attributes[0]][moved]++;
        children[n]++;
    }
    for (int level = 0; level < 2; level++) {
        double p = level ? 0.6 : 0.3;
        int64_t n = family[level][0] + family[level][1];
        assert_true(p_binomial(family[level][1], n, p) > LEVEL);
        assert_false(p_binomial(family[level][1], n, 1.2 * p) > LEVEL);
    }
    double b[] = {0.216, 0.432, 0.288, 0.064}, wrong[] = {0.196, 0.420, 0.305, 0.079};
    int64_t n = (int64_t)w.n;
    assert_true(p_cells(children, b, 4, n) > LEVEL);
    assert_false(p_cells(children, wrong, 4, n) > LEVEL);
    walk_end(&w);
}

/* Two children three years apart, weights by age 1 below 3 and 4 from then on; the siblings of the index child follow
 * with a chance of their own. If the index child is out already, nothing else happens. */
static void moves_by_index(void **state)
{
    struct walk w;
    int64_t index[2][2] = {{0}}, followed[2] = {0}, alone[2] = {0};
    (void)state;
    walk_begin(&w, "kith: 1\nmodel: pathway\nseed: 33\ntime: {start: 2000-01-01, counted: 12 years}\n"
                   "population: {families: 1000, households: {sizes: {2: 1}, gap: {delay: 3 years, shape: 1, mean: 0.000001 years},\n"
                   "  births: {2000: 60000 /year, 2001: 0 /year}}}\n"
                   "charts:\n"
                   "  f: {of: family, states: [a, b], clocks: [{from: a, to: b, hazard: {weibull: {shape: 3, scale: 6 years}}, move: [\n"
                   "    {chart: s, who: index, to: out, from: [home], weight: {age: {0: 1, 3: 4}}},\n"
                   "    {chart: s, who: siblings, to: away, from: [home], chance: 0.35}]}]}\n"
                   "  s: {of: child, states: [home, out, away, gone], clocks: [{from: home, to: gone, hazard: {exponential: 0.1 /year}}]}\n");
    size_t b = harness_flow(&w.h, "f.a.b"), out = harness_flow(&w.h, "s.home.out"), away = harness_flow(&w.h, "s.home.away"),
           gone = harness_flow(&w.h, "s.home.gone");
    for (uint64_t i = 0; i < w.n; i++) {
        double t = INFINITY;
        int who = 0, sibling = 0, left[3] = {0};
        harness_story(&w.h, &w.cell, i, &w.s);
        for (size_t k = 0; k < w.s.n && t == INFINITY; k++) {
            left[w.s.event[k].member] |= w.s.event[k].code == gone;
            if (w.s.event[k].code != b)
                continue;
            t = w.s.event[k].t;
            for (size_t j = k + 1; j < w.s.n && w.s.event[j].t == t; j++) {
                if (w.s.event[j].code == out)
                    who = (int)w.s.event[j].member;
                if (w.s.event[j].code == away)
                    sibling = (int)w.s.event[j].member;
            }
        }
        if (t == INFINITY || t < w.s.births[1])
            continue;
        bool old = t >= w.s.births[1] + 3;
        assert_true(who != sibling || !who);
        assert_false(sibling && !who); /* nobody follows a child who was not there */
        if (!left[1] && !left[2]) {
            assert_true(who > 0);
            index[old][who - 1]++;
            followed[sibling > 0]++;
        } else if (left[1] && !left[2] && !old) {
            alone[who == 2]++;
        }
    }
    assert_true(p_binomial(index[0][0], index[0][0] + index[0][1], 0.8) > LEVEL);
    assert_false(p_binomial(index[0][0], index[0][0] + index[0][1], 0.75) > LEVEL);
    assert_true(p_binomial(index[1][0], index[1][0] + index[1][1], 0.5) > LEVEL);
    assert_false(p_binomial(index[1][0], index[1][0] + index[1][1], 0.55) > LEVEL);
    assert_true(p_binomial(followed[1], followed[0] + followed[1], 0.35) > LEVEL);
    assert_false(p_binomial(followed[1], followed[0] + followed[1], 0.38) > LEVEL);
    /* the first child is gone but still drawn, with weight 4 of 5: then nothing happens */
    assert_true(p_binomial(alone[1], alone[0] + alone[1], 0.2) > LEVEL);
    assert_false(p_binomial(alone[1], alone[0] + alone[1], 0.3) > LEVEL);
    walk_end(&w);
}

/* ---- marks ------------------------------------------------------------------------------------------------------ */

/* A round sets the mark by its clock, its option, its instant state and on entry: four times. */
static void marks_of_every_kind(void **state)
{
    static const char *const limits[] = {"4", "5", "9"};
    static const size_t rounds[] = {1, 2, 3};
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct walk w;
        char text[2048];
        snprintf(text, sizeof text,
                 "%smarks: {m: family}\n"
                 "charts:\n  c:\n    of: family\n    states: [a, q, b]\n    on_entry: {b: {mark: m}}\n"
                 "    instant: {q: {mark: m, options: [{to: b, mark: [m]}]}}\n"
                 "    clocks:\n"
                 "      - {from: a, to: q, hazard: {exponential: 2 /year}, ratios: {count.m: {0: 1, %s: 0}}, mark: m}\n"
                 "      - {from: b, to: a, hazard: {exponential: 2 /year}}\n",
                 PLAIN("600", "60"), limits[i]);
        walk_begin(&w, text);
        for (uint64_t k = 0; k < w.n; k++) {
            size_t n = 0;
            harness_story(&w.h, &w.cell, k, &w.s);
            for (size_t j = 0; j < w.s.n; j++)
                n += w.s.event[j].code == harness_flow(&w.h, "c.a.q");
            assert_int_equal(n, rounds[i]);
        }
        walk_end(&w);
    }
}

/* ---- circles ---------------------------------------------------------------------------------------------------- */

static void faults(const char *text)
{
    struct harness h;
    struct result r;
    harness_load(&h, text);
    alarm(20); /* a hang is a failure */
    for (int order = KITH_ORDER_FAMILY; order <= KITH_ORDER_QUEUE; order++) {
        harness_run(&h, &r, 0, 0, 0, 0, (enum kith_order)order);
        assert_non_null(r.cell.fault);
        result_free(&r);
    }
    alarm(0);
    harness_free(&h);
}

static void circles_are_faults(void **state)
{
    (void)state;
    faults(PLAIN("20", "20") "charts:\n"
           "  p: {of: family, states: [o, x, y], on_entry: {x: {move: {chart: r, to: y}}, y: {move: {chart: r, to: x}}},\n"
           "    clocks: [{from: o, to: x, hazard: {exponential: 1 /year}}]}\n"
           "  r: {of: family, states: [x, y], on_entry: {x: {move: {chart: p, to: x}}, y: {move: {chart: p, to: y}}}}\n");
    faults(PLAIN("20", "20") "charts:\n"
           "  p: {of: family, states: [o, x, y], instant: {x: {options: [{to: y}]}, y: {options: [{to: x}]}},\n"
           "    clocks: [{from: o, to: x, hazard: {exponential: 1 /year}}]}\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(options_by_weight),
        cmocka_unit_test(chains_of_instant_states),
        cmocka_unit_test(siblings_share_a_draw),
        cmocka_unit_test(a_child_and_those_it_brings),
        cmocka_unit_test(one_child_alone),
        cmocka_unit_test(moves_by_chance),
        cmocka_unit_test(moves_by_index),
        cmocka_unit_test(marks_of_every_kind),
        cmocka_unit_test(circles_are_faults),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
