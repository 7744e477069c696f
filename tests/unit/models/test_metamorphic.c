/* Exact equalities between runs that must not differ: arms that change nothing, things added elsewhere, other orders,
 * other cuts. Everything here is equal to the bit or wrong. */
#include "../../stat/harness.h"

static const char *const chain =
    "kith: 1\nmodel: pathway\nseed: 3\ntime: {warm_up: 2 years, counted: 6 years}\npopulation: {families: 400}\n"
    "parameters: {fast: 0.9 /year}\n"
    "charts:\n  chain:\n    of: family\n    states: [s0, s1, s2]\n    clocks:\n"
    "      - {from: s0, to: s1, hazard: {exponential: 0.40 /year}}\n"
    "      - {from: s1, to: s0, hazard: {weibull: {shape: 1.5, scale: 1.2 years}}}\n"
    "      - {from: s1, to: s2, hazard: {exponential: $fast}}\n"
    "      - {from: s2, to: s0, hazard: {gamma: {shape: 0.5, mean: 1 year}}}\n"
    "arms:\n  baseline: {}\n  faster: {from: 5 years, set: {fast: 1.8 /year}}\n";

static const char *const illness =
    "kith: 1\nmodel: illness_death\nseed: 3\ntime: {warm_up: 1 year, counted: 6 years}\npopulation: {families: 400}\n"
    "parameters: {recovery: 0.3 /year}\n"
    "illness_death: {illness: 0.5 /year, recovery: $recovery, death_healthy: 0.02 /year, death_ill: 0.15 /year}\n"
    "arms:\n  baseline: {}\n  faster: {from: 3 years, set: {recovery: 0.6 /year}}\n";

/* Two families of different harnesses: the same events at the same times, as far as both have the charts. Returns how
 * many events were compared. */
static bool has_chart(const struct harness *h, const char *name)
{
    for (size_t i = 0; i < h->shape->n_charts; i++)
        if (strcmp(h->shape->charts[i].name, name) == 0)
            return true;
    return false;
}

static bool next_common(const struct harness *h, const struct harness *other, const struct story *s, size_t *i)
{
    while (*i < s->n &&
           !has_chart(other, h->shape->charts[h->shape->transitions[s->event[*i].code].chart].name))
        ++*i;
    return *i < s->n;
}

static size_t same_story(const struct harness *a, const struct story *x, const struct harness *b, const struct story *y)
{
    size_t i = 0, j = 0, n = 0;
    char p[256], q[256];
    for (;; i++, j++, n++) {
        bool more = next_common(a, b, x, &i);
        assert_int_equal(more, next_common(b, a, y, &j));
        if (!more)
            return n;
        assert_memory_equal(&x->event[i].t, &y->event[j].t, sizeof(double));
        assert_int_equal(x->event[i].member, y->event[j].member);
        assert_string_equal(harness_name(a, x->event[i].code, p, sizeof p), harness_name(b, y->event[j].code, q, sizeof q));
    }
}

static size_t compare_families(struct harness *a, struct kith_cell *x, uint64_t i, struct harness *b,
                               struct kith_cell *y, uint64_t j)
{
    static struct story s, t;
    harness_story(a, x, i, &s);
    harness_story(b, y, j, &t);
    assert_int_equal(s.members, t.members);
    assert_memory_equal(s.births, t.births, s.members * sizeof *s.births);
    return same_story(a, &s, b, &t);
}

/* The families that two cells have in common: the first of each block (group and year), or the first of all. */
static size_t compare_common(struct harness *a, struct kith_cell *x, uint64_t n, struct harness *b, struct kith_cell *y,
                             uint64_t m)
{
    size_t compared = 0;
    assert_int_equal(a->shape->blocks, b->shape->blocks);
    size_t blocks = a->shape->blocks ? a->shape->blocks : 1;
    for (size_t k = 0; k < blocks; k++) {
        bool has = a->shape->blocks > 0;
        uint64_t i = k ? x->block[k - 1] : 0, j = k ? y->block[k - 1] : 0;
        uint64_t i_end = has ? x->block[k] : n, j_end = has ? y->block[k] : m;
        for (; i < i_end && j < j_end; i++, j++)
            compared += compare_families(a, x, i, b, y, j);
    }
    return compared;
}

/* Compares one area of one arm of two scenarios. */
static size_t compare_area(struct harness *a, size_t arm_a, size_t area_a, struct harness *b, size_t arm_b, size_t area_b)
{
    struct kith_cell x, y;
    uint64_t n = harness_cell(a, &x, arm_a, 0, area_a), m = harness_cell(b, &y, arm_b, 0, area_b);
    size_t compared = compare_common(a, &x, n, b, &y, m);
    kith_cell_free(&x);
    kith_cell_free(&y);
    return compared;
}

static void assert_same_cell(const struct kith_cell *a, const struct kith_cell *b)
{
    size_t rows = (size_t)a->months + 1;
    assert_int_equal(a->n_events, b->n_events);
    assert_memory_equal(a->tally, b->tally, rows * a->n_transitions * sizeof *a->tally);
    assert_memory_equal(a->count, b->count, rows * a->n_counts * sizeof *a->count);
    assert_int_equal(a->n_rows, b->n_rows);
    assert_memory_equal(a->day, b->day, a->n_rows * sizeof *a->day);
    assert_memory_equal(a->member, b->member, a->n_rows * sizeof *a->member);
    assert_memory_equal(a->code, b->code, a->n_rows * a->code_bytes);
}

/* ---- arms ------------------------------------------------------------------------------------------------------- */

static void arms_that_change_nothing(void **state)
{
    struct harness h;
    struct result base, other;
    (void)state;
    harness_load_table(&h, RICH, RICH_TABLE);
    for (size_t area = 0; area < 3; area++)
        for (int replication = 0; replication < 2; replication++) {
            harness_run(&h, &base, 0, replication, area, 1, KITH_ORDER_FAMILY);
            assert_true(base.cell.n_events > 200);
            for (size_t arm = 1; arm <= 2; arm++) {
                harness_run(&h, &other, arm, replication, area, 1, KITH_ORDER_FAMILY);
                assert_same_cell(&base.cell, &other.cell);
                assert_memory_equal(base.series.cost, other.series.cost,
                                    (size_t)base.series.months * base.series.n_costs * sizeof *base.series.cost);
                result_free(&other);
            }
            /* an arm that does change something differs */
            harness_run(&h, &other, 3, replication, area, 1, KITH_ORDER_FAMILY);
            assert_memory_not_equal(base.cell.tally, other.cell.tally,
                                    ((size_t)base.cell.months + 1) * base.cell.n_transitions * sizeof *base.cell.tally);
            result_free(&other);
            result_free(&base);
        }
    for (size_t area = 0; area < 3; area++)
        assert_true(compare_area(&h, 0, area, &h, 2, area) > 100);
    harness_free(&h);
}

/* Families that form after a policy began live as if its values had always been so. Shown for a parameter in a hazard, and
 * for one in an attribute's ratio. */
static void compare_late(const char *text, const char *changed)
{
    struct harness a, b;
    struct kith_cell x, y;
    size_t compared = 0;
    harness_load(&a, text);
    harness_load(&b, changed);
    uint64_t n = harness_cell(&a, &x, 0, 0, 0);
    assert_int_equal(harness_cell(&b, &y, 0, 0, 0), n);
    for (uint64_t i = x.block[4]; i < n; i++) /* formed after 5 years */
        compared += compare_families(&a, &x, i, &b, &y, i);
    assert_true(compared > 500);
    kith_cell_free(&x);
    kith_cell_free(&y);
    harness_free(&a);
    harness_free(&b);
}

#define LATE(rate, slope, arm) \
    "kith: 1\nmodel: pathway\ntime: {counted: 10 years}\n" \
    "population: {families: 100, households: {sizes: {1: 1}, births: 40 /year}}\n" \
    "parameters: {rate: " rate " /year, slope: " slope "}\n" \
    "attributes: {level: {values: {0: 1, 1: 1, 2: 1, 3: 1}, unit: step}}\n" \
    "charts: {c: {of: family, states: [a, b], clocks: [\n" \
    "  {from: a, to: b, hazard: {exponential: $rate}, ratios: {level: $slope per step}},\n" \
    "  {from: b, to: a, hazard: {weibull: {shape: 2, scale: 1 year}}}]}}\n" \
    "arms: {baseline: {" arm "}}\n"

static void families_formed_after_a_policy(void **state)
{
    (void)state;
    compare_late(LATE("1", "1.5", "from: 4 years, set: {rate: 3 /year}"), LATE("3", "1.5", ""));
    compare_late(LATE("1", "1.5", "from: 4 years, set: {slope: 3}"), LATE("1", "3", ""));
}

/* A policy from the very beginning is the same as another value in the file. */
static void policies_from_the_start(void **state)
{
    struct harness a, b;
    (void)state;
    harness_load_table(&a,
                       RICH_TIME RICH_POPULATION RICH_PARAMETERS RICH_ATTRIBUTES RICH_MARKS RICH_CHARTS
                           RICH_MEASURES "arms: {baseline: {from: 2000-04-01, set: {slope: 1.7}}}\n",
                       RICH_TABLE);
    harness_load_table(&b,
                       RICH_TIME RICH_POPULATION RICH_PARAMETERS_OF("1.7") RICH_ATTRIBUTES RICH_MARKS RICH_CHARTS
                           RICH_MEASURES,
                       RICH_TABLE);
    for (size_t area = 0; area < 3; area++)
        assert_true(compare_area(&a, 0, area, &b, 0, area) > 100);
    harness_free(&a);
    harness_free(&b);
}

/* ---- things added elsewhere ------------------------------------------------------------------------------------- */

static void compare_all_areas(const char *text, const char *table, const char *other, const char *other_table)
{
    struct harness a, b;
    harness_load_table(&a, text, table);
    harness_load_table(&b, other, other_table);
    for (size_t i = 0; i < a.sc.n_areas; i++) {
        size_t j = 0;
        while (j < b.sc.n_areas && strcmp(a.sc.areas[i].code, b.sc.areas[j].code) != 0)
            j++;
        assert_true(j < b.sc.n_areas);
        assert_true(compare_area(&a, 0, i, &b, 0, j) > 100);
    }
    harness_free(&a);
    harness_free(&b);
}

static void an_unrelated_chart(void **state)
{
    (void)state;
    compare_all_areas(RICH, RICH_TABLE,
                      RICH_TIME RICH_POPULATION RICH_PARAMETERS RICH_ATTRIBUTES
                      "  noise: {values: {0: 1, 1: 1}}\nmarks: {seen: family, closed: family, met: child, plan: child}\n"
                      "charts:\n"
                      "  first:\n    of: family\n    states: [x, y]\n    clocks:\n"
                      "      - {from: x, to: y, hazard: {exponential: 3 /year}, mark: seen}\n"
                      "      - {from: y, to: x, hazard: {weibull: {shape: 2, scale: 0.2 years}}, ratios: {need: {low: 2}}}\n"
                      "  second:\n    of: child\n    states: [x, y]\n    clocks:\n"
                      "      - {from: x, to: y, hazard: {exponential: 2 /year}, mark: met, move: {chart: second, who: siblings, to: y}}\n"
                      "      - {from: y, to: x, hazard: {exponential: 2 /year}, ratios: {services: {plan: 0}, age: {3: 2}}}\n"
                      RICH_CHARTS_ALONE RICH_MEASURES RICH_ARMS,
                      RICH_TABLE);
}

static void an_unrelated_area(void **state)
{
    (void)state;
    compare_all_areas(RICH, RICH_TABLE, RICH,
                      "code,children,tilt,factor,lone\nE0,200,0.2,1,3\nE1,600,0.2,1,3\nE2,300,-0.3,1.5,0\n"
                      "E3,100,0,0.8,1\nE4,50,1,1,0\n");
}

static void permuted_areas(void **state)
{
    struct harness a, b;
    struct result x, y;
    (void)state;
    harness_load_table(&a, RICH, RICH_TABLE);
    harness_load_table(&b, RICH, "code,children,tilt,factor,lone\nE3,100,0,0.8,1\nE1,600,0.2,1,3\nE2,300,-0.3,1.5,0\n");
    for (size_t area = 0; area < 3; area++)
        for (size_t arm = 0; arm < 4; arm += 3) {
            harness_run(&a, &x, arm, 0, area, 1, KITH_ORDER_FAMILY);
            harness_run(&b, &y, arm, 0, (area + 1) % 3, 1, KITH_ORDER_FAMILY);
            assert_same_cell(&x.cell, &y.cell);
            assert_memory_equal(x.series.cost, y.series.cost,
                                (size_t)x.series.months * x.series.n_costs * sizeof *x.series.cost);
            result_free(&x);
            result_free(&y);
        }
    harness_free(&a);
    harness_free(&b);
}

static void an_arm_more(void **state)
{
    (void)state;
    compare_all_areas(RICH, RICH_TABLE,
                      RICH_TIME RICH_POPULATION RICH_PARAMETERS RICH_ATTRIBUTES RICH_MARKS RICH_CHARTS RICH_MEASURES
                      "arms: {baseline: {}, a: {set: {uptake: 1}}, b: {from: 2001-04-01, set: {escalate: 0 /year}}}\n",
                      RICH_TABLE);
}

static void more_families(void **state)
{
    (void)state;
    compare_all_areas(RICH, RICH_TABLE,
                      RICH_TIME RICH_POPULATION_OF("750", "") RICH_PARAMETERS RICH_ATTRIBUTES RICH_MARKS RICH_CHARTS
                          RICH_MEASURES RICH_ARMS,
                      RICH_TABLE);
}

/* ---- orders and cuts -------------------------------------------------------------------------------------------- */

static void *copy(const void *p, size_t bytes)
{
    void *c = malloc(bytes + 1);
    assert_non_null(c);
    if (bytes)
        memcpy(c, p, bytes);
    return c;
}

static void compare_orders(const char *text, const char *table, double track)
{
    struct harness h;
    struct result x, y;
    harness_load_table(&h, text, table);
    for (size_t arm = 0; arm < h.sc.n_arms; arm++)
        for (size_t area = 0; area < h.sc.n_areas; area++) {
            harness_run(&h, &x, arm, 1, area, track, KITH_ORDER_FAMILY);
            struct kith_tracks t = h.families.tracks;
            int32_t *id = copy(t.id, t.n_families * sizeof *t.id);
            int64_t *event_end = copy(t.event_end, t.n_families * sizeof *t.event_end);
            int64_t *member_end = copy(t.member_end, t.n_families * sizeof *t.member_end);
            float *attribute = copy(t.attribute, t.n_families * h.shape->n_attributes * sizeof *t.attribute);
            int32_t *birth_day = copy(t.birth_day, t.n_members * sizeof *t.birth_day);
            harness_run(&h, &y, arm, 1, area, track, KITH_ORDER_QUEUE);
            const struct kith_tracks *u = &h.families.tracks;
            assert_same_cell(&x.cell, &y.cell);
            assert_true(x.cell.n_rows > 50);
            assert_int_equal(t.n_families, u->n_families);
            assert_int_equal(t.n_members, u->n_members);
            assert_int_equal(t.n_events, u->n_events);
            assert_memory_equal(id, u->id, t.n_families * sizeof *id);
            assert_memory_equal(event_end, u->event_end, t.n_families * sizeof *event_end);
            assert_memory_equal(member_end, u->member_end, t.n_families * sizeof *member_end);
            assert_memory_equal(attribute, u->attribute, t.n_families * h.shape->n_attributes * sizeof *attribute);
            assert_memory_equal(birth_day, u->birth_day, t.n_members * sizeof *birth_day);
            free(id);
            free(event_end);
            free(member_end);
            free(attribute);
            free(birth_day);
            result_free(&x);
            result_free(&y);
        }
    harness_free(&h);
}

static void queue_order_is_family_order(void **state)
{
    (void)state;
    compare_orders(RICH, RICH_TABLE, 1);
    compare_orders(RICH, RICH_TABLE, 0.5);
    compare_orders(chain, NULL, 1);
    compare_orders(chain, NULL, 0.4);
    compare_orders(illness, NULL, 1);
}

static void compare_cuts(const char *text, const char *table)
{
    struct harness h;
    struct result whole;
    struct kith_cell sum, part;
    harness_load_table(&h, text, table);
    for (size_t arm = 0; arm < h.sc.n_arms; arm++) {
        harness_run(&h, &whole, arm, 0, 0, 1, KITH_ORDER_FAMILY);
        uint64_t n = whole.n, cuts[] = {0, 1, n / 3, n / 2, n - 1, n};
        harness_cell(&h, &sum, arm, 0, 0);
        size_t rows = 0;
        for (size_t i = 0; i + 1 < sizeof cuts / sizeof *cuts; i++) {
            assert_int_equal(harness_cell(&h, &part, arm, 0, 0), n);
            assert_int_equal(kith_families_run(&h.families, h.model, h.compiled, &part, h.shape, cuts[i], cuts[i + 1], 1,
                                               i % 2 ? KITH_ORDER_QUEUE : KITH_ORDER_FAMILY, NULL),
                             KITH_OK);
            kith_cell_add(&sum, &part);
            assert_memory_equal(whole.cell.day + rows, part.day, part.n_rows * sizeof *part.day);
            assert_memory_equal(whole.cell.member + rows, part.member, part.n_rows * sizeof *part.member);
            assert_memory_equal((const char *)whole.cell.code + rows * part.code_bytes, part.code,
                                part.n_rows * part.code_bytes);
            rows += part.n_rows;
            kith_cell_free(&part);
        }
        assert_int_equal(rows, whole.cell.n_rows);
        sum.n_rows = 0;
        whole.cell.n_rows = 0;
        assert_same_cell(&whole.cell, &sum);
        kith_cell_free(&sum);
        result_free(&whole);
    }
    harness_free(&h);
}

static void any_cut_gives_the_same_sum(void **state)
{
    (void)state;
    compare_cuts(RICH, RICH_TABLE);
    compare_cuts(chain, NULL);
    compare_cuts(illness, NULL);
}

/* ---- a faster clock only brings events forward ------------------------------------------------------------------ */

#define SINGLE(hazard, ratio, from) \
    "kith: 1\nmodel: pathway\ntime: {counted: 20 years}\npopulation: {families: 500}\nparameters: {r: 1}\n" \
    "charts: {c: {of: family, states: [a], clocks: [{from: a, to: a, hazard: {" hazard "}, ratios: {times: $r}}]}}\n" \
    "arms: {baseline: {}, faster: {from: " from ", set: {r: " ratio "}}}\n"

/* How often the k-th event of a family comes later in the arm. */
static size_t later(const char *text, double from)
{
    struct harness h;
    struct kith_cell cell[2];
    struct story s[2] = {{0}};
    size_t worse = 0, sooner = 0;
    harness_load(&h, text);
    uint64_t n = harness_cell(&h, &cell[0], 0, 0, 0);
    harness_cell(&h, &cell[1], 1, 0, 0);
    for (uint64_t i = 0; i < n; i++) {
        harness_story(&h, &cell[0], i, &s[0]);
        harness_story(&h, &cell[1], i, &s[1]);
        worse += s[1].n < s[0].n;
        for (size_t k = 1; k < s[0].n && k < s[1].n; k++) {
            worse += s[1].event[k].t > s[0].event[k].t;
            sooner += s[1].event[k].t < s[0].event[k].t;
            if (s[1].event[k].t < from)
                assert_memory_equal(&s[1].event[k].t, &s[0].event[k].t, sizeof(double));
        }
    }
    if (!worse)
        assert_true(sooner > n / 4);
    for (int i = 0; i < 2; i++) {
        story_free(&s[i]);
        kith_cell_free(&cell[i]);
    }
    harness_free(&h);
    return worse;
}

static void a_faster_clock_only_brings_forward(void **state)
{
    (void)state;
    assert_int_equal(later(SINGLE("exponential: 0.5 /year", "2", "0 years"), 0), 0);
    assert_int_equal(later(SINGLE("exponential: 0.5 /year", "2", "7 years"), 7), 0);
    assert_int_equal(later(SINGLE("exponential: 0.5 /year", "1.001", "0.5 years"), 0.5), 0);
    /* decreasing and constant hazards restart at each event and still order; see below for increasing ones */
    assert_true(later(SINGLE("exponential: 0.5 /year", "0.999", "0 years"), 0) > 400);
    /* one visit of an increasing hazard: the first event, in a state that is left once */
    static const char *const once =
        "kith: 1\nmodel: pathway\ntime: {counted: 20 years}\npopulation: {families: 2000}\nparameters: {r: 1}\n"
        "charts: {c: {of: family, states: [a, b], clocks: [{from: a, to: b, hazard: {gamma: {shape: 3, mean: 6 years}},"
        " ratios: {times: $r}}]}}\narms: {baseline: {}, faster: {from: 3 years, set: {r: 2}}}\n";
    assert_int_equal(later(once, 3), 0);
}

/* ---- what is left of a clock is kept ---------------------------------------------------------------------------- */

/* The hazard 0.4 t^shape, summed over the visits to `a`, at which b first follows; INFINITY if it never does. */
static double used_up(struct harness *h, struct kith_cell *cell, uint64_t i, struct story *s, double shape)
{
    size_t to_b = harness_flow(h, "c.a.b");
    int a = (int)harness_state(h, "c.a");
    double sum = 0, since = 0;
    harness_story(h, cell, i, s);
    for (size_t k = 1; k < s->n; k++) {
        const struct kith_shape_transition *t = &h->shape->transitions[s->event[k].code];
        if (t->from == a)
            sum += 0.4 * pow(s->event[k].t - since, shape);
        since = s->event[k].t;
        if (s->event[k].code == to_b)
            return sum;
    }
    return INFINITY;
}

/* An arm interrupts the stays in a three times as often. The clock to b uses up the same unit exponential, in more and
 * shorter visits; were it drawn anew at each visit, or kept as a time instead, the two would differ. */
static void what_is_left_is_kept_from_visit_to_visit(void **state)
{
    static const char *const hazards[] = {"exponential: 0.4 /year", "weibull: {shape: 2, scale: 1.5811388300841898 years}"};
    (void)state;
    for (int which = 0; which < 2; which++) {
        struct harness h;
        struct kith_cell cell[2];
        struct story s = {0};
        size_t compared = 0, cut = 0;
        harness_loadf(&h, "kith: 1\nmodel: pathway\ntime: {counted: 100 years}\npopulation: {families: 300}\n"
                          "parameters: {often: 0.7 /year}\n"
                          "charts: {c: {of: family, states: [a, b, d], clocks: [{from: a, to: b, hazard: {%s}},\n"
                          "  {from: a, to: d, hazard: {exponential: $often}}, {from: d, to: a, hazard: {exponential: 4 /year}}]}}\n"
                          "arms: {baseline: {}, more: {set: {often: 2.1 /year}}}\n",
                      hazards[which]);
        uint64_t n = harness_cell(&h, &cell[0], 0, 0, 0);
        harness_cell(&h, &cell[1], 1, 0, 0);
        for (uint64_t i = 0; i < n; i++) {
            double x = used_up(&h, &cell[0], i, &s, which + 1), y = used_up(&h, &cell[1], i, &s, which + 1);
            if (x == INFINITY || y == INFINITY)
                continue;
            compared++;
            cut += s.n > 3;
            assert_true(fabs(x - y) < 1e-9 * (1 + x));
        }
        assert_true(compared > 200 && cut > 100);
        story_free(&s);
        kith_cell_free(&cell[0]);
        kith_cell_free(&cell[1]);
        harness_free(&h);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(arms_that_change_nothing),
        cmocka_unit_test(families_formed_after_a_policy),
        cmocka_unit_test(policies_from_the_start),
        cmocka_unit_test(an_unrelated_chart),
        cmocka_unit_test(an_unrelated_area),
        cmocka_unit_test(permuted_areas),
        cmocka_unit_test(an_arm_more),
        cmocka_unit_test(more_families),
        cmocka_unit_test(queue_order_is_family_order),
        cmocka_unit_test(any_cut_gives_the_same_sum),
        cmocka_unit_test(a_faster_clock_only_brings_forward),
        cmocka_unit_test(what_is_left_is_kept_from_visit_to_visit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
