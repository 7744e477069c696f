/* Nobody is lost: stocks, flows, counts and costs of a cell against a recount of every family's story, event by event
 * with exact times. The scenarios are the rich one and some put together at random. */
#include "../../stat/harness.h"

/* What the stories of a cell come to. */
struct recount {
    int64_t *stock;   /* [months + 1][n_states] */
    int64_t *flow;    /* [months][n_transitions] */
    double *years;    /* [months][n_states] time spent in each state */
    int64_t *events;  /* [months] */
};

static void *zeroed(size_t n, size_t size)
{
    void *p = calloc(n + 1, size);
    assert_non_null(p);
    return p;
}

static void recount_init(struct recount *r, const struct harness *h)
{
    size_t months = (size_t)h->sc.months;
    r->stock = zeroed((months + 1) * h->shape->n_states, sizeof *r->stock);
    r->flow = zeroed(months * h->shape->n_transitions, sizeof *r->flow);
    r->years = zeroed(months * h->shape->n_states, sizeof *r->years);
    r->events = zeroed(months, sizeof *r->events);
}

static void recount_free(struct recount *r)
{
    free(r->stock);
    free(r->flow);
    free(r->years);
    free(r->events);
}

/* Adds a stay in `state` over (from, to], in years from the start of counting. */
static void add_stay(struct recount *r, const struct harness *h, int state, double from, double to)
{
    for (int m = 0; m <= h->sc.months; m++) {
        double begin = m / 12.0, end = (m + 1) / 12.0;
        if (from <= begin && begin < to)
            r->stock[(size_t)m * h->shape->n_states + (size_t)state]++;
        double length = fmin(to, end) - fmax(from, begin);
        if (m < h->sc.months && length > 0)
            r->years[(size_t)m * h->shape->n_states + (size_t)state] += length;
    }
}

/* One story: each instance's stays follow each other without a gap, from an entry to an exit or the end. */
static void add_story(struct recount *r, const struct harness *h, const struct story *s, double warm_up)
{
    double since[16][16] = {{0}};
    int state[16][16];
    for (int m = 0; m < 16; m++)
        for (int c = 0; c < 16; c++)
            state[m][c] = -1;
    for (size_t i = 0; i < s->n; i++) {
        const struct event *e = &s->event[i];
        const struct kith_shape_transition *t = &h->shape->transitions[e->code];
        double at = e->t - warm_up;
        int *now = &state[e->member][t->chart];
        assert_int_equal(h->shape->charts[t->chart].of_child, e->member > 0);
        assert_int_equal(*now, t->from); /* it leaves the state that it was in */
        if (i >= s->standing) {
            int month = (int)(at * 12);
            r->flow[(size_t)month * h->shape->n_transitions + e->code]++;
            r->events[month]++;
        }
        if (t->from >= 0 && !h->shape->states[t->from].instant)
            add_stay(r, h, t->from, since[e->member][t->chart], at);
        if (t->from >= 0 && h->shape->states[t->from].instant)
            assert_true(since[e->member][t->chart] == at);
        *now = t->to;
        since[e->member][t->chart] = at;
    }
    for (size_t m = 0; m < 16; m++)
        for (size_t c = 0; c < h->shape->n_charts; c++)
            if (state[m][c] >= 0) {
                assert_false(h->shape->states[state[m][c]].instant);
                add_stay(r, h, state[m][c], since[m][c], INFINITY);
            }
}

/* Whether a state is one that ends its member: the tests name such states "end" or "aged_out". */
static bool ends(const struct harness *h, size_t state)
{
    return strcmp(h->shape->states[state].name, "end") == 0 || strcmp(h->shape->states[state].name, "aged_out") == 0;
}

static void check_balance(const struct harness *h, const struct kith_series *s)
{
    const struct kith_shape *sh = h->shape;
    int64_t moved = 0;
    for (int m = 0; m < s->months; m++) {
        int64_t *change = zeroed(sh->n_states, sizeof *change);
        for (size_t k = 0; k < sh->n_transitions; k++) {
            int32_t n = s->flow[(size_t)m * sh->n_transitions + k];
            assert_true(n >= 0);
            moved += n;
            if (sh->transitions[k].to >= 0)
                change[sh->transitions[k].to] += n;
            if (sh->transitions[k].from >= 0)
                change[sh->transitions[k].from] -= n;
        }
        for (size_t i = 0; i < sh->n_states; i++) {
            const int32_t *stock = s->stock + (size_t)m * sh->n_states;
            assert_true(stock[i] >= 0 && stock[sh->n_states + i] >= 0);
            assert_int_equal(stock[sh->n_states + i] - stock[i], change[i]);
            if (sh->states[i].instant)
                assert_int_equal(stock[i], 0);
        }
        free(change);
    }
    assert_true(moved > 50);
}

/* All charts of families hold the same number, and all of children: those alive. A member who has ended stays in the
 * terminal state of one chart, and is in no other. */
static void check_alive(const struct harness *h, const struct kith_series *s)
{
    const struct kith_shape *sh = h->shape;
    for (int m = 0; m <= s->months; m++) {
        int64_t alive[2] = {-1, -1};
        for (size_t c = 0; c < sh->n_charts; c++) {
            int64_t sum = 0;
            for (size_t i = sh->charts[c].first; i < sh->charts[c].first + sh->charts[c].n; i++)
                if (!ends(h, i))
                    sum += s->stock[(size_t)m * sh->n_states + i];
            int64_t *of = &alive[sh->charts[c].of_child];
            if (*of < 0)
                *of = sum;
            assert_int_equal(*of, sum);
        }
    }
}

/* Rows as they are written: day, member and code of every event of every family. */
static void check_rows(const struct harness *h, const struct kith_tracks *t, uint64_t i, const struct story *s,
                       double warm_up)
{
    size_t from = i ? (size_t)t->event_end[i - 1] : 0;
    assert_int_equal((size_t)t->event_end[i] - from, s->n);
    for (size_t k = 0; k < s->n; k++) {
        assert_int_equal(t->day[from + k], (int)floor((s->event[k].t - warm_up) * 365.25));
        assert_int_equal(kith_tracks_member(t, from + k), s->event[k].member);
        assert_int_equal(kith_tracks_code(t, from + k), s->event[k].code);
    }
    size_t member = i ? (size_t)t->member_end[i - 1] : 0;
    assert_int_equal((size_t)t->member_end[i] - member, s->members);
    for (size_t k = 0; k < s->members; k++)
        assert_int_equal(t->birth_day[member + k], (int)floor((s->births[k] - warm_up) * 365.25));
    for (size_t k = 0; k < h->shape->n_attributes; k++)
        assert_true(t->attribute[i * h->shape->n_attributes + k] == s->attributes[k]);
}

static void check_recount(const struct harness *h, const struct kith_series *s, const struct recount *r)
{
    const struct kith_shape *sh = h->shape;
    for (int m = 0; m < s->months; m++)
        for (size_t k = 0; k < sh->n_transitions; k++)
            assert_int_equal(s->flow[(size_t)m * sh->n_transitions + k], r->flow[(size_t)m * sh->n_transitions + k]);
    for (int m = 0; m <= s->months; m++)
        for (size_t i = 0; i < sh->n_states; i++) {
            int64_t before = ends(h, i) ? s->stock[i] - r->stock[i] : 0; /* ended before counting: in no row */
            assert_int_equal(s->stock[(size_t)m * sh->n_states + i], r->stock[(size_t)m * sh->n_states + i] + before);
        }
}

/* Runs one cell and holds it against its stories. *r is filled. */
static void check_cell(struct harness *h, size_t arm, size_t area, struct result *run, struct recount *r)
{
    struct story s = {0};
    struct kith_cell cell;
    harness_run(h, run, arm, 0, area, 1, KITH_ORDER_FAMILY);
    assert_null(run->cell.fault);
    assert_int_equal(h->families.tracks.n_families, run->n);
    recount_init(r, h);
    assert_int_equal(harness_cell(h, &cell, arm, 0, area), run->n);
    for (uint64_t i = 0; i < run->n; i++) {
        harness_story(h, &cell, i, &s);
        check_rows(h, &h->families.tracks, i, &s, cell.warm_up);
        add_story(r, h, &s, cell.warm_up);
    }
    check_balance(h, &run->series);
    check_alive(h, &run->series);
    check_recount(h, &run->series, r);
    story_free(&s);
    kith_cell_free(&cell);
}

/* ---- the rich scenario, with its costs and counts --------------------------------------------------------------- */

static double half_away(double x)
{
    return floor(x + 0.5);
}

/* Heading by heading, month by month: what the transitions cost to the penny, and what the time in the states costs
 * to within a tick of 1/65536 month for each event. */
static void check_costs(const struct harness *h, const struct kith_series *s, const struct recount *r, bool dearer)
{
    size_t n = h->shape->n_states, cin = harness_state(h, "services.cin"), plan = harness_state(h, "services.plan"),
           on = harness_state(h, "help.on"), out = harness_state(h, "school.out"),
           referral = harness_flow(h, "services.universal.referral"), leave = harness_flow(h, "school.in.out");
    double total = 0;
    assert_int_equal(s->n_costs, 2);
    for (int m = 0; m < s->months; m++) {
        const double *years = r->years + (size_t)m * n;
        const int64_t *flow = r->flow + (size_t)m * h->shape->n_transitions;
        double week = 100 * 365.25 / 7, price = dearer && m >= 6 ? 150 : 120;
        double slack = (double)r->events[m] / 12 / KITH_TICKS;
        double care = years[cin] * price * week + years[plan] * 300 * week + years[on] * 40 * week;
        double lost = years[out] * 1050 * 365.25;
        double care_events = half_away((double)flow[referral] * 20000);
        double lost_events = half_away((double)flow[leave] * 3333);
        assert_true(s->cost[2 * m] == floor(s->cost[2 * m]) && s->cost[2 * m + 1] == floor(s->cost[2 * m + 1]));
        assert_true(fabs(s->cost[2 * m] - care_events - care) <= 1.5 + slack * 300 * week);
        assert_true(fabs(s->cost[2 * m + 1] - lost_events - lost) <= 0.5 + slack * 1050 * 365.25);
        /* a price 1% off is noticed */
        if (care > 1e5)
            assert_false(fabs(s->cost[2 * m] - care_events - 1.01 * care) <= 1.5 + slack * 300 * week);
        total += care + lost;
    }
    assert_true(total > 1e6);
}

/* Conditional stocks at yearly dates: with a condition that always holds, the plain stock; else by age. */
static void check_counts(const struct harness *h, const struct kith_series *s, const int64_t *older)
{
    size_t cin = harness_state(h, "services.cin"), plan = harness_state(h, "services.plan");
    assert_int_equal(s->n_counts, 3);
    for (int y = 0; y <= s->years; y++) {
        const int32_t *stock = s->stock + (size_t)(12 * y) * s->n_states, *count = s->count + (size_t)(12 * y) * 3;
        assert_int_equal(count[2], stock[cin] + stock[plan]);
        assert_int_equal(count[1], older[y]);
    }
    int64_t repeat = 0, all = 0;
    for (int m = 0; m < s->months; m++) {
        repeat += s->count[(size_t)m * 3];
        all += s->flow[(size_t)m * s->n_transitions + harness_flow(h, "services.universal.referral")];
    }
    assert_true(repeat > 0 && repeat < all);
}

/* Children of 10 to 15 in need or on a plan at each yearly date. */
static void count_older(struct harness *h, size_t arm, size_t area, int64_t older[16])
{
    struct story s = {0};
    struct kith_cell cell;
    uint64_t n = harness_cell(h, &cell, arm, 0, area);
    int cin = (int)harness_state(h, "services.cin"), plan = (int)harness_state(h, "services.plan");
    memset(older, 0, 16 * sizeof *older);
    for (uint64_t i = 0; i < n; i++) {
        harness_story(h, &cell, i, &s);
        for (int y = 0; y <= h->sc.months / 12; y++) {
            int state[16];
            for (int m = 0; m < 16; m++)
                state[m] = -1;
            for (size_t k = 0; k < s.n && s.event[k].t <= cell.warm_up + y; k++)
                if (h->shape->transitions[s.event[k].code].chart == h->shape->states[cin].chart)
                    state[s.event[k].member] = h->shape->transitions[s.event[k].code].to;
            for (size_t m = 1; m <= s.members; m++) {
                double age = cell.warm_up + y - s.births[m - 1];
                older[y] += age >= 10 && age < 16 && (state[m] == cin || state[m] == plan);
            }
        }
    }
    story_free(&s);
    kith_cell_free(&cell);
}

static void the_rich_scenario(void **state)
{
    struct harness h;
    struct result run;
    struct recount r;
    int64_t older[16];
    (void)state;
    harness_load_table(&h, RICH, RICH_TABLE);
    for (size_t arm = 0; arm < 4; arm += 3)
        for (size_t area = 0; area < 2; area++) {
            check_cell(&h, arm, area, &run, &r);
            check_costs(&h, &run.series, &r, arm == 3);
            count_older(&h, arm, area, older);
            check_counts(&h, &run.series, older);
            recount_free(&r);
            result_free(&run);
        }
    harness_free(&h);
}

/* ---- scenarios put together at random --------------------------------------------------------------------------- */

static char text[65536];
static size_t length;
static uint64_t luck;

static void put(const char *fmt, ...) KITH_PRINTF(1, 2);
static void put(const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    int n = vsnprintf(text + length, sizeof text - length, fmt, args);
    va_end(args);
    assert_true(n >= 0 && (size_t)n < sizeof text - length);
    length += (size_t)n;
}

static unsigned pick(unsigned n)
{
    luck = kith_draw_mix(luck, n);
    return (unsigned)(luck % n);
}

static void put_hazard(void)
{
    static const char *const hazards[] = {
        "exponential: 1.3 /year",
        "weibull: {shape: 0.7, scale: 0.8 years}",
        "gompertz: {rate: 0.5 /year, growth: 1 /year}",
        "gamma: {shape: 3, mean: 1 year}",
        "lognormal: {median: 0.5 years, sigma: 1}",
        "loglogistic: {shape: 2, scale: 1 year}",
        "piecewise: {0 years: 0 /year, 0.2 years: 3 /year, 1 year: 0.1 /year}",
        "fixed: 100 days",
        "table: [[0 years, 0], [0.5 years, 0.3], [0.6 years, 0.3], [3 years, 0.9]]",
        "by_calendar: {1990-01-01: 1 /year, 2002-06-01: 2 /year}",
    };
    put("hazard: {%s}", hazards[pick(sizeof hazards / sizeof *hazards)]);
}

/* Chart c of 2 family and 2 child charts: states s0, s1, s2, an instant state q, and perhaps an end. */
static void put_chart(unsigned c, bool end)
{
    static const char *const names[] = {"f0", "f1", "c0", "c1"};
    bool child = c > 1;
    const char *mate = names[c ^ 1];
    put("  %s:\n    of: %s\n    states: [s0, s1, s2, q%s]\n    start: %s\n", names[c], child ? "child" : "family",
        end ? ", end" : "", pick(2) ? "s0" : "q");
    if (end)
        put("    terminal: [end]\n");
    put("    instant:\n      q:\n        shared: 0.5\n        options:\n");
    for (unsigned s = 0; s < 3; s++)
        put("          - {to: s%u, weight: %u, ratios: {%s: {s1: 3, s2: %u}}}\n", s, 1 + pick(4), mate, !s);
    put("    clocks:\n");
    for (unsigned s = 0; s < 3; s++)
        for (unsigned k = 0; k < 1 + pick(3); k++) {
            put("      - {name: k%u%u, from: [s%u, s%u], to: ", s, k, s, (s + 1) % 3);
            if (pick(3))
                put("s%u, ", (s + 2) % 3);
            else
                put("q, ");
            put_hazard();
            put(", ratios: {%s: {s%u: %g}, count.met: {1: 1.1, 9: 0.5}}", mate, pick(3), 0.5 * pick(5));
            if (pick(2))
                put(", mark: met");
            if (pick(2) && child)
                put(", move: [{who: siblings, to: s%u, chance: 0.4}, {chart: f%u, to: q, from: [s0, s1]}]", pick(3), pick(2));
            else if (pick(2))
                put(", move: {chart: %s, to: %s, chance: 0.5}", mate, pick(2) ? "q" : "s1");
            else if (!child)
                put(", move: [{chart: c0, who: index, to: q, from: [s0, s2]}, {chart: c0, who: siblings, to: s1, chance: 0.3}]");
            put("}\n");
        }
    if (end)
        put("      - {name: to_end, from: [s0, s1], to: end, hazard: {%s}}\n", child ? "at_age: 5 years" : "fixed: 3 years");
}

static void scenarios_put_together_at_random(void **state)
{
    (void)state;
    for (unsigned round = 0; round < 12; round++) {
        struct harness h;
        struct result run;
        struct recount r;
        length = 0;
        luck = kith_draw_mix(77, round);
        put("kith: 1\nmodel: pathway\nseed: %u\ntime: {start: 1998-04-01, warm_up: %u years, counted: 3 years}\n"
            "population: {families: 40, households: {sizes: {1: 1, 2: 2, 3: 2}, births: 30 /year,\n"
            "  gap: {shape: 1, mean: 1 year}}}\nmarks: {met: family}\ncharts:\n",
            round, 4 * (round % 3));
        for (unsigned c = 0; c < 4; c++)
            put_chart(c, (c == 2 && round % 2) || (c == 0 && round % 4 == 3));
        harness_load(&h, text);
        check_cell(&h, 0, 0, &run, &r);
        recount_free(&r);
        result_free(&run);
        harness_free(&h);
    }
}

/* ---- ends without children -------------------------------------------------------------------------------------- */

/* A family chart's terminal state ends the family's other charts, though no household ever comes or goes. */
static void a_chart_of_families_ends_the_others(void **state)
{
    struct harness h;
    struct result run;
    struct recount r;
    (void)state;
    harness_load(&h, "kith: 1\nmodel: pathway\ntime: {warm_up: 1 year, counted: 4 years}\npopulation: {families: 300}\n"
                     "charts:\n"
                     "  life: {of: family, states: [well, end], terminal: [end], clocks: [\n"
                     "    {from: well, to: end, hazard: {exponential: 0.3 /year}}]}\n"
                     "  work: {of: family, states: [a, b], clocks: [\n"
                     "    {from: a, to: b, hazard: {exponential: 2 /year}}, {from: b, to: a, hazard: {fixed: 1 month}}]}\n");
    check_cell(&h, 0, 0, &run, &r);
    int64_t exits = flow_between(&h, &run, "work.a.exit", 0, 48) + flow_between(&h, &run, "work.b.exit", 0, 48);
    assert_int_equal(exits, flow_between(&h, &run, "life.well.end", 0, 48));
    assert_true(exits > 100);
    recount_free(&r);
    result_free(&run);
    harness_free(&h);
}

/* A condition that always holds changes nothing, from the first date on, whoever has ended. */
static void a_condition_that_always_holds(void **state)
{
    static const char *const scenarios[] = {
        "time: {counted: 3 years}\npopulation: {families: 200}\n"
        "attributes: {x: {values: {1: 1}}}\n"
        "charts: {c: {of: family, states: [a, b], clocks: [{from: a, to: b, hazard: {exponential: 1 /year}}]}}\n"
        "measures: {plain: {stock: c.a}, counted: {stock: c.a, when: {x: [0, 2]}}}\n",
        "time: {warm_up: 2 years, counted: 3 years}\n"
        "population: {families: 100, households: {sizes: {1: 1, 2: 1}, births: 60 /year}}\n"
        "charts:\n  f: {of: family, states: [u, end], terminal: [end], clocks: [{from: u, to: end, hazard: {exponential: 1 /year}}]}\n"
        "  c: {of: child, states: [a, b], clocks: [{from: a, to: b, hazard: {exponential: 1 /year}}]}\n"
        "measures: {plain: {stock: c.a}, counted: {stock: c.a, when: {age: [0, 100]}}}\n",
    };
    (void)state;
    for (size_t i = 0; i < sizeof scenarios / sizeof *scenarios; i++) {
        struct harness h;
        struct result run;
        harness_loadf(&h, "kith: 1\nmodel: pathway\n%s", scenarios[i]);
        harness_run(&h, &run, 0, 0, 0, 0, KITH_ORDER_FAMILY);
        for (int y = 0; y <= 3; y++) {
            assert_true(stock_at(&h, &run, "c.a", 12 * y) > 0);
            assert_int_equal(run.series.count[12 * y], stock_at(&h, &run, "c.a", 12 * y));
        }
        result_free(&run);
        harness_free(&h);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_rich_scenario),
        cmocka_unit_test(scenarios_put_together_at_random),
        cmocka_unit_test(a_chart_of_families_ends_the_others),
        cmocka_unit_test(a_condition_that_always_holds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
