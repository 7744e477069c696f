/* Families of an area that meet through its resources: scenarios put together at random, and hazards that depend on the
 * load, held against birth-and-death processes. */
#include "spy.h"

/* ---- scenarios put together at random --------------------------------------------------------------------------- */

static uint64_t luck;

static unsigned pick(unsigned n)
{
    luck = kith_draw_mix(luck, n);
    return (unsigned)((luck >> 20) % n);
}

static void add_hazard(char *t)
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
    add_text(t, "hazard: {%s}", hazards[pick(sizeof hazards / sizeof *hazards)]);
}

/* What a scenario put together at random is to have: resources of some size that matter; plenty; or none. */
enum plenty { SCARCE, PLENTY, NONE };
static enum plenty plenty;

static const char *some_load(void)
{
    static char text[2][80];
    static int which;
    which ^= 1;
    snprintf(text[which], sizeof text[which], ", load.r%u: {0: %u, 0.6: %u, 1.2: %u}", 1 + pick(2), 1 + pick(3), pick(3), 1 + pick(2));
    return pick(3) || plenty != SCARCE ? "" : text[which];
}

/* Chart c of 2 family and 2 child charts: states s0, s1, s2, an instant state q, one to wait in, and perhaps an end. */
static void add_chart(char *t, unsigned c, bool end)
{
    static const char *const names[] = {"f0", "f1", "c0", "c1"};
    bool child = c > 1;
    const char *mate = names[c ^ 1];
    add_text(t, "  %s:\n    of: %s\n    states: [s0, s1, s2, q, w%s]\n    start: %s\n", names[c], child ? "child" : "family",
             end ? ", end" : "", pick(2) ? "s0" : "q");
    if (end)
        add_text(t, "    terminal: [end]\n");
    add_text(t, "    instant:\n      q:\n        shared: 0.5\n        options:\n");
    for (unsigned s = 0; s < 3; s++)
        add_text(t, "          - {to: s%u, weight: %u, ratios: {%s: {s1: 3, s2: %u}%s}}\n", s, 1 + pick(4), mate, !s,
                 s ? some_load() : "");
    add_text(t, "    clocks:\n");
    for (unsigned s = 0; s < 3; s++)
        for (unsigned k = 0; k < 1 + pick(3); k++) {
            add_text(t, "      - {name: k%u%u, from: [s%u, s%u], to: ", s, k, s, (s + 1) % 3);
            if (pick(3))
                add_text(t, "s%u, ", (s + 2) % 3);
            else
                add_text(t, "q, ");
            add_hazard(t);
            add_text(t, ", ratios: {%s: {s%u: %g}, count.met: {1: 1.1, 9: 0.5}%s}", mate, pick(3), 0.5 * pick(5), some_load());
            if (pick(2))
                add_text(t, ", mark: met");
            if (pick(2) && child)
                add_text(t, ", move: [{who: siblings, to: s%u, chance: 0.4, ratios: {times: 1%s}}, {chart: f%u, to: q, from: [s0, s1]}]",
                         pick(3), some_load(), pick(2));
            else if (pick(2))
                add_text(t, ", move: {chart: %s, to: %s, chance: 0.5}", mate, pick(2) ? "q" : "s1");
            else if (!child)
                add_text(t, ", move: [{chart: c0, who: index, to: q, from: [s0, s2]}, {chart: c0, who: siblings, to: s1, chance: 0.3}]");
            add_text(t, "}\n");
        }
    if (pick(2))
        add_text(t, "      - {name: give_up, from: w, to: s%u, hazard: {weibull: {shape: 2, scale: 0.5 years}}%s}\n", pick(3),
                 pick(2) ? ", mark: met" : "");
    if (end)
        add_text(t, "      - {name: to_end, from: [s0, s1, w], to: end, hazard: {%s}}\n",
                 child ? "at_age: 5 years" : "fixed: 3 years");
}

static const char *const chart_names[] = {"f0", "f1", "c0", "c1"}, *const state_names[] = {"s0", "s1", "s2", "q"};
static unsigned uses[4], halves[4][4]; /* the resource of each chart, and how many halves of a unit each state needs */

/* Each chart uses one of three resources, in some of its states. */
static void add_resources(char *t)
{
    unsigned shift = pick(3);
    for (unsigned c = 0; c < 4; c++) {
        uses[c] = c < 3 ? (c + shift) % 3 : pick(3); /* each is used */
        for (unsigned s = 0; s < 4; s++)
            halves[c][s] = pick(5) < 3 ? 1 + pick(3) : 0;
        halves[c][1] = 2;
        halves[c][2 * pick(2)] = 0; /* somewhere to go */
    }
    add_text(t, "resources:\n");
    for (unsigned r = 0; r < 3; r++) {
        bool room = pick(3) == 0, preempts = pick(3) == 0;
        add_text(t, "  r%u:\n    capacity: {number: %g}\n    slack: %g\n", r,
                 plenty == SCARCE ? 3 + pick(25) : 1e9, 0.1 * pick(3));
        if (room)
            add_text(t, "    room: %u\n", pick(12));
        if (preempts)
            add_text(t, "    preempts: true\n");
        add_text(t, "    used_by:\n");
        for (unsigned c = 0; c < 4; c++) {
            if (uses[c] != r)
                continue;
            bool waits = pick(4) > 0, first = true;
            add_text(t, "      - {chart: %s, states: {", chart_names[c]);
            for (unsigned s = 0; s < 4; s++)
                if (halves[c][s]) {
                    add_text(t, "%s%s: %g", first ? "" : ", ", state_names[s], 0.5 * halves[c][s]);
                    first = false;
                }
            add_text(t, "}");
            unsigned elsewhere = halves[c][0] ? 2 : 0;
            if (waits)
                add_text(t, ", waits_in: w");
            if (room && (waits || pick(2)))
                add_text(t, ", full: s%u", elsewhere);
            if (waits && preempts && pick(2))
                add_text(t, ", preempted_to: s%u", elsewhere);
            /* with pre-emption, no priority that goes up and down with the places that others get: see priorities_in_a_circle */
            if (waits && pick(3))
                add_text(t, ", priority: {count.met: {1: 2, 3: 1.5}%s%s%s}", c > 1 ? ", age: {1: 1.3, 2: 0.8, 4: 1}" : "",
                         preempts ? "" : ", ", preempts ? "" : c == 1 ? "f0: {s1: 3, s2: 2}" : c == 0 ? "f1: {s1: 2}" :
                         c == 2 ? "c1: {s1: 3, s2: 0.5}" : "siblings.c0: {in: [s1, s2], ratio: 2}");
            add_text(t, "}\n");
        }
    }
}

static const char *random_scenario(unsigned round, enum plenty how)
{
    char *t = new_page();
    plenty = how;
    luck = kith_draw_mix(78, round);
    add_text(t, "kith: 1\nmodel: pathway\nseed: %u\ntime: {start: 1998-04-01, warm_up: %u years, counted: 3 years}\n"
                "population: {families: 40, households: {sizes: {1: 1, 2: 2, 3: 2}, births: 30 /year,\n"
                "  gap: {shape: 1, mean: 1 year}}}\nmarks: {met: family}\ncharts:\n",
             round, 4 * (round % 3));
    for (unsigned c = 0; c < 4; c++)
        add_chart(t, c, (c == 2 && round % 2) || (c == 0 && round % 4 == 3));
    if (how != NONE)
        add_resources(t);
    return t;
}

/* The units in use are the time in the states that need them, the time waited that in w; to a tick for each event. */
static bool check_use(const struct harness *h, const struct result *r)
{
    char name[] = "r0", state[16];
    int months = h->sc.months;
    bool telling = true;
    for (unsigned k = 0; k < 3; k++) {
        int64_t used = 0, waiting = 0;
        name[1] = (char)('0' + k);
        for (unsigned c = 0; c < 4; c++) {
            if (uses[c] != k)
                continue;
            for (unsigned s = 0; s < 3; s++) {
                snprintf(state, sizeof state, "%s.%s", chart_names[c], state_names[s]);
                used += 500 * halves[c][s] * kith_cell_stayed(&r->cell, h->shape, harness_state(h, state), 0, months);
            }
            snprintf(state, sizeof state, "%s.w", chart_names[c]);
            waiting += kith_cell_stayed(&r->cell, h->shape, harness_state(h, state), 0, months);
        }
        int64_t events = (int64_t)r->cell.n_events;
        assert_true(llabs((long long)(amount(h, r, name, KITH_POOL_USED, 0, months) - used)) <= 1500 * events);
        assert_true(llabs((long long)(amount(h, r, name, KITH_POOL_WAITING, 0, months) - waiting)) <= events);
        telling = telling && used > 1000 * 1500 * events; /* a tick for each event is less than 0.1% */
    }
    return telling;
}

enum { ROUNDS = 20 };

/* Nothing that is run ahead makes a difference; what is used is what is stayed; and with enough for everybody all is as it
 * is without resources. */
static void scenarios_put_together_at_random(void **state)
{
    int64_t waited = 0, got = 0, refused = 0, left = 0, preempted = 0, telling = 0;
    (void)state;
    for (unsigned round = 0; round < ROUNDS; round++) {
        struct harness h, g;
        struct result x, y;
        harness_load(&h, random_scenario(round, NONE));
        harness_load(&g, random_scenario(round, PLENTY));
        run(&h, &x, 0, 0, 0);
        run(&g, &y, 0, 0, 0);
        assert_true(same_results(&h, &x, &g, &y));
        result_free(&x);
        result_free(&y);
        harness_free(&h);
        harness_free(&g);
        const char *text = random_scenario(round, SCARCE);
        harness_load(&h, text);
        harness_load(&g, bound(text, "load.r0: {0: 1}"));
        run_seen(&h, &x, 0, 0, 0);
        run_seen(&g, &y, 0, 0, 0);
        assert_false(spy.ahead);
        if (!same_results(&h, &x, &g, &y))
            print_error("round %u: running ahead makes a difference\n", round);
        assert_true(same_results(&h, &x, &g, &y));
        assert_true(same_bytes(x.cell.amount, y.cell.amount, (size_t)x.cell.months * x.cell.n_amounts * sizeof *x.cell.amount));
        telling += check_use(&h, &x);
        for (unsigned r = 0; r < 3; r++) {
            char name[] = "r0";
            name[1] = (char)('0' + r);
            waited += amount(&h, &x, name, KITH_POOL_WAITED, 0, 36);
            got += amount(&h, &x, name, KITH_POOL_WAIT, 0, 36) > 0;
            refused += amount(&h, &x, name, KITH_POOL_REFUSED, 0, 36);
            left += amount(&h, &x, name, KITH_POOL_LEFT, 0, 36);
            preempted += amount(&h, &x, name, KITH_POOL_PREEMPTED, 0, 36);
        }
        result_free(&x);
        result_free(&y);
        harness_free(&h);
        harness_free(&g);
    }
    assert_true(waited > 500 && got > ROUNDS && refused > 50 && left > 50 && preempted > 50 && telling > ROUNDS / 2);
}

/* ---- hazards that depend on the load ---------------------------------------------------------------------------- */

enum { PEOPLE = 12 };

/* How many of PEOPLE are in the states (names as in listed()) at dates that are far from each other. */
static int64_t sample(const char *text, const char *names, int64_t count[PEOPLE + 1])
{
    struct harness h;
    struct result r;
    int64_t n = 0;
    memset(count, 0, (PEOPLE + 1) * sizeof *count);
    harness_load(&h, text);
    for (int replication = 0; replication < 250; replication++) {
        harness_run(&h, &r, 0, replication, 0, 0, KITH_ORDER_FAMILY);
        assert_null(r.cell.fault);
        for (int m = 36; m <= h.sc.months; m += 36, n++) {
            int64_t in = 0;
            for (size_t i = 0; i < h.shape->n_states; i++)
                in += listed(&h, (int)i, names) ? r.series.stock[(size_t)m * r.series.n_states + i] : 0;
            assert_true(in >= 0 && in <= PEOPLE);
            count[in]++;
        }
        result_free(&r);
    }
    harness_free(&h);
    return n;
}

/* The distribution of a chain on 0 .. PEOPLE with these rates up and down. */
static void birth_and_death(double (*up)(int), double (*down)(int), double p[PEOPLE + 1])
{
    double sum = p[0] = 1;
    for (int n = 1; n <= PEOPLE; n++)
        sum += p[n] = p[n - 1] * up(n - 1) / down(n);
    for (int n = 0; n <= PEOPLE; n++)
        p[n] /= sum;
}

static double half_from; /* the ratio of arrivals in the middle band */
static double up_never_refused(int n)
{
    return (PEOPLE - n) * 2.0 * (n < 4 ? 1 : n < 8 ? half_from : 0.2);
}
static double down_never_refused(int n)
{
    return n * 3.0 * (n < 6 ? 1 : 1.5);
}

/* People who go in and out; who comes is deterred by the load, who is in is hurried. Nobody is refused: the load is how
 * many are in, over 8. The chain is birth and death with known rates, for the load is the same for all, and the next event
 * depends on nothing before. */
static void a_load_that_deters_and_hurries(void **state)
{
    int64_t count[PEOPLE + 1];
    double p[PEOPLE + 1];
    (void)state;
    int64_t n = sample("kith: 1\nmodel: pathway\nseed: 5\ntime: {counted: 60 years}\npopulation: {families: 12}\n"
                       "charts:\n  c:\n    of: family\n    states: [out, in]\n    clocks:\n"
                       "      - {from: out, to: in, hazard: {exponential: 2 /year}, ratios: {load.r: {0: 1, 0.5: 0.6, 1: 0.2}}}\n"
                       "      - {from: in, to: out, hazard: {exponential: 3 /year}, ratios: {load.r: {0: 1, 0.75: 1.5}}}\n"
                       "resources: {r: {capacity: {number: 8}, slack: 0, used_by: [{chart: c, states: [in]}]}}\n",
                       " c.in ", count);
    half_from = 0.6;
    birth_and_death(up_never_refused, down_never_refused, p);
    assert_true(p_cells(count, p, PEOPLE + 1, n) > LEVEL);
    half_from = 0.75;
    birth_and_death(up_never_refused, down_never_refused, p);
    assert_false(p_cells(count, p, PEOPLE + 1, n) > LEVEL);
}

static double servers;
static double up_in_line(int n)
{
    return (PEOPLE - n) * 1.0 * (n < 6 ? 1 : n < 8 ? 0.5 : 0.2);
}
static double down_in_line(int n)
{
    return fmin(n, servers) * 2.0;
}

/* Who finds all 4 places taken waits, and those who wait are load, too. */
static void a_line_that_deters(void **state)
{
    int64_t count[PEOPLE + 1];
    double p[PEOPLE + 1];
    (void)state;
    int64_t n = sample("kith: 1\nmodel: pathway\nseed: 6\ntime: {counted: 60 years}\npopulation: {families: 12}\n"
                       "charts:\n  c:\n    of: family\n    states: [out, in, line]\n    clocks:\n"
                       "      - {from: out, to: in, hazard: {exponential: 1 /year}, ratios: {load.r: {1.5: 0.5, 2: 0.2}}}\n"
                       "      - {from: in, to: out, hazard: {exponential: 2 /year}}\n"
                       "resources: {r: {capacity: {number: 4}, slack: 0, used_by: [{chart: c, states: [in], waits_in: line}]}}\n",
                       " c.in c.line ", count);
    servers = 4;
    birth_and_death(up_in_line, down_in_line, p);
    assert_true(p_cells(count, p, PEOPLE + 1, n) > LEVEL);
    servers = 3.5; /* twin */
    birth_and_death(up_in_line, down_in_line, p);
    assert_false(p_cells(count, p, PEOPLE + 1, n) > LEVEL);
}

/* The distribution of how many are in, of a chain on (how many, in which band): the band is entered at `high`, left when
 * there are fewer than `low`. */
static void with_slack(int high, double low, double ratio, double p[PEOPLE + 1])
{
    enum { N = 2 * (PEOPLE + 1) };
    static double q[N][N + 1];
    memset(q, 0, sizeof q);
    for (int n = 0; n <= PEOPLE; n++)
        for (int band = 0; band < 2; band++) {
            int i = 2 * n + band;
            double up = (PEOPLE - n) * 2.0 * (band ? ratio : 1), down = n * 3.0;
            if (n < PEOPLE) {
                int j = 2 * (n + 1) + (band || n + 1 >= high);
                q[j][i] += up;
                q[i][i] -= up;
            }
            if (n > 0) {
                int j = 2 * (n - 1) + (band && n - 1 >= low);
                q[j][i] += down;
                q[i][i] -= down;
            }
        }
    for (int i = 0; i < N; i++) /* the sum is 1, in place of one balance */
        q[0][i] = 1;
    q[0][N] = 1;
    for (int k = 0; k < N; k++) {
        int best = k;
        for (int i = k + 1; i < N; i++)
            best = fabs(q[i][k]) > fabs(q[best][k]) ? i : best;
        for (int j = 0; j <= N; j++) {
            double t = q[k][j];
            q[k][j] = q[best][j];
            q[best][j] = t;
        }
        assert_true(fabs(q[k][k]) > 1e-12);
        for (int i = 0; i < N; i++)
            for (int j = N; i != k && j >= k; j--)
                q[i][j] -= q[i][k] / q[k][k] * q[k][j];
    }
    for (int n = 0; n <= PEOPLE; n++)
        p[n] = q[2 * n][N] / q[2 * n][2 * n] + q[2 * n + 1][N] / q[2 * n + 1][2 * n + 1];
}

static void a_band_with_slack(void **state)
{
    int64_t count[PEOPLE + 1];
    double p[PEOPLE + 1];
    (void)state;
    int64_t n = sample("kith: 1\nmodel: pathway\nseed: 7\ntime: {counted: 60 years}\npopulation: {families: 12}\n"
                       "charts:\n  c:\n    of: family\n    states: [out, in]\n    clocks:\n"
                       "      - {from: out, to: in, hazard: {exponential: 2 /year}, ratios: {load.r: {1: 0.25}}}\n"
                       "      - {from: in, to: out, hazard: {exponential: 3 /year}}\n"
                       "resources: {r: {capacity: {number: 6}, slack: 0.4, used_by: [{chart: c, states: [in]}]}}\n",
                       " c.in ", count);
    with_slack(6, 3.6, 0.25, p); /* stays in the band with 4, leaves it with 3 */
    assert_true(p_cells(count, p, PEOPLE + 1, n) > LEVEL);
    with_slack(6, 4.6, 0.25, p);
    assert_false(p_cells(count, p, PEOPLE + 1, n) > LEVEL);
    with_slack(6, 6, 0.25, p);
    assert_false(p_cells(count, p, PEOPLE + 1, n) > LEVEL);
}

/* One chart of all families goes in on day 100 and out on day 300, so that the load is 2 between; a clock of another runs
 * at three times its speed there. From where it ends without that, it follows where it ends with it. */
static double brought_forward(double t, double from, double to, double ratio, double shape)
{
    /* what is used up goes with the time in the state to the power of `shape` */
    double h = pow(t, shape), a = pow(from, shape), b = pow(to, shape);
    if (h < a)
        return t;
    if (h < a + ratio * (b - a))
        return pow(a + (h - a) / ratio, 1 / shape);
    return pow(h - (ratio - 1) * (b - a), 1 / shape);
}

static void a_clock_goes_on_with_what_is_left(void **state)
{
    static const char *const hazards[] = {"exponential: 1.5 /year", "weibull: {shape: 2, scale: 0.9 years}"};
    (void)state;
    for (int which = 0; which < 2; which++) {
        struct harness h, g;
        struct result r;
        struct kith_cell cell;
        struct story s = {0};
        size_t before = 0, within = 0, after = 0;
        char *without = new_page(), *with = new_page();
        for (int k = 0; k < 2; k++)
            add_text(k ? with : without,
                     "kith: 1\nmodel: pathway\ntime: {counted: 40 years}\npopulation: {families: 300}\n"
                     "charts:\n  c:\n    of: family\n    states: [home, in, out]\n    clocks:\n"
                     "      - {from: home, to: in, hazard: {fixed: 100 days}%s}\n"
                     "      - {from: in, to: out, hazard: {fixed: 200 days}%s}\n"
                     "  w:\n    of: family\n    states: [a, b]\n    clocks:\n"
                     "      - {from: a, to: b, hazard: {%s}%s}\n%s",
                     k ? ", ratios: {load.r: {0: 1}}" : "", k ? ", ratios: {load.r: {0: 1}}" : "", hazards[which],
                     k ? ", ratios: {load.r: {1: 3}}" : "",
                     k ? "resources: {r: {capacity: {number: 150}, slack: 0, used_by: [{chart: c, states: [in]}]}}\n" : "");
        harness_load(&h, without);
        harness_load(&g, with);
        run_seen(&g, &r, 0, 0, 0);
        assert_false(spy.ahead);
        uint64_t n = harness_cell(&h, &cell, 0, 0, 0);
        size_t code = harness_flow(&h, "w.a.b"), code_g = harness_flow(&g, "w.a.b");
        for (uint64_t i = 0; i < n; i++) {
            double t = INFINITY, u = INFINITY;
            harness_story(&h, &cell, i, &s);
            for (size_t k = 0; k < s.n; k++)
                if (s.event[k].code == code)
                    t = s.event[k].t;
            for (size_t k = 0; k < spy.n; k++)
                if (spy.seen[k].code == code_g && spy.seen[k].family == i)
                    u = spy.seen[k].t;
            assert_true(t < INFINITY && u < INFINITY);
            double expected = brought_forward(t, 100 / 365.25, 300 / 365.25, 3, which + 1);
            assert_true(fabs(u - expected) < 1e-9);
            before += u * 365.25 < 100;
            within += u * 365.25 >= 100 && u * 365.25 < 300;
            after += u * 365.25 >= 300;
            if (u * 365.25 > 101) /* another ratio is noticed */
                assert_false(fabs(u - brought_forward(t, 100 / 365.25, 300 / 365.25, 3.01, which + 1)) < 1e-9);
        }
        assert_true(before > 20 && within > 20 && after > 5);
        story_free(&s);
        result_free(&r);
        kith_cell_free(&cell);
        harness_free(&h);
        harness_free(&g);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(scenarios_put_together_at_random, within_minutes, in_time),
        cmocka_unit_test(a_load_that_deters_and_hurries),
        cmocka_unit_test(a_line_that_deters),
        cmocka_unit_test(a_band_with_slack),
        cmocka_unit_test(a_clock_goes_on_with_what_is_left),
    };
    return cmocka_run_group_tests(tests, NULL, free_spy);
}
