/* Who there is: families formed, children and their births, arrivals, attributes, areas, and how families end. Level and
 * seeds: see harness.h. */
#include "harness.h"

#define TABLE "code,children,tilt,lone,factor\nE1,600,0.3,3,1\nE2,300,-0.2,0,2.5\nE3,100,0,1,0.5\n"
/* 2.14 children a family */
#define SIZES "{1: 0.3, 2: 0.42, 3: 0.15, 4: 0.1, 5: 0.03}"
#define MEAN_SIZE (0.3 + 0.84 + 0.45 + 0.4 + 0.15)
#define SCHOOL(start) \
    "charts: {c: {of: child, states: [home, school, grown], start: " start ", terminal: [grown],\n" \
    "  clocks: [{name: first, from: home, to: school, hazard: {at_age: 5 years}},\n" \
    "    {name: last, from: [home, school], to: grown, hazard: {at_age: 18 years}}]}}\n"

/* ---- households ------------------------------------------------------------------------------------------------- */

static const double births[] = {70000, 70000, 64000, 81000, 81000, 81000}; /* of 2000, 2001, ... */
static const char *const households =
    "kith: 1\nmodel: pathway\nseed: 41\ntime: {start: 2000-04-01, counted: 6 years}\n"
    "population:\n  families: 5000\n  represents: 50000\n"
    "  areas: {table: areas.csv, code: code, size: children}\n"
    "  households: {sizes: " SIZES ", gap: {delay: 1 year, shape: 2, mean: 1.5 years},\n"
    "    births: {1999: 70000 /year, 2002: 64000 /year, 2003: 81000 /year}}\n" SCHOOL("home");

static void formed_by_year(void **state)
{
    struct harness h;
    (void)state;
    const double share[] = {0.6, 0.3, 0.1};
    harness_load_table(&h, households, TABLE);
    assert_int_equal(h.shape->blocks, 6);
    for (size_t area = 0; area < 3; area++)
        for (int replication = 0; replication < 50; replication++) {
            struct kith_cell cell;
            uint64_t n = harness_cell(&h, &cell, 0, replication, area), before = 0;
            double sum = 0;
            for (int y = 0; y < 6; y++) {
                double expected = births[y] / 10 * share[area] / MEAN_SIZE;
                uint64_t formed = cell.block[y] - before;
                before = cell.block[y];
                sum += expected;
                assert_true(fabs((double)formed - expected) < 1);
                assert_true(fabs((double)before - sum) < 1);
                assert_false(fabs((double)before - 1.005 * sum) < 1 && sum > 400);
            }
            assert_int_equal(n, before);
            kith_cell_free(&cell);
        }
    harness_free(&h);
}

static double cdf_uniform(double x, const void *arg)
{
    (void)arg;
    return fmin(1, fmax(0, x));
}
static double cdf_gap(double x, const void *arg) /* delay, shape, mean */
{
    const double *p = arg;
    return x > p[0] ? gsl_cdf_gamma_P(x - p[0], p[1], p[2] / p[1]) : 0;
}

static void sizes_and_gaps(void **state)
{
    struct harness h;
    struct kith_cell cell;
    struct story s = {0};
    static double moment[60000], gap[60000], again[60000];
    size_t n_gaps = 0;
    int64_t size[5] = {0};
    (void)state;
    harness_load(&h, "kith: 1\nmodel: pathway\nseed: 42\ntime: {start: 2000-04-01, counted: 3 years}\n"
                     "population: {families: 100, households: {sizes: " SIZES ", gap: {delay: 1 year, shape: 2, mean: 1.5 years},\n"
                     "  births: 21400 /year}}\ncharts: {c: {of: child, states: [a]}}\n");
    uint64_t n = harness_cell(&h, &cell, 0, 0, 0);
    assert_int_equal(n, 30000);
    for (uint64_t i = 0; i < n; i++) {
        harness_story(&h, &cell, i, &s);
        size[s.members - 1]++;
        moment[i] = s.births[0] - (double)(i / 10000);
        for (size_t m = 1; m < s.members; m++)
            if (n_gaps < 60000)
                gap[n_gaps++] = s.births[m] - s.births[m - 1];
        for (size_t k = 0; k < s.n; k++) /* each child's chart begins at its birth */
            assert_true(s.event[k].t == s.births[s.event[k].member - 1]);
    }
    assert_true(p_cells(size, (double[]){0.3, 0.42, 0.15, 0.1, 0.03}, 5, (int64_t)n) > LEVEL);
    assert_false(p_cells(size, (double[]){0.28, 0.42, 0.17, 0.1, 0.03}, 5, (int64_t)n) > LEVEL);
    assert_true(p_ks(moment, n, cdf_uniform, NULL) > LEVEL);
    memcpy(again, gap, sizeof gap);
    assert_true(p_ks(gap, n_gaps, cdf_gap, (double[]){1, 2, 1.5}) > LEVEL);
    assert_false(p_ks(again, n_gaps, cdf_gap, (double[]){1, 2, 1.56}) > LEVEL);
    story_free(&s);
    kith_cell_free(&cell);
    harness_free(&h);
}

/* ---- arrivals --------------------------------------------------------------------------------------------------- */

static double cdf_age(double x, const void *arg)
{
    const double *top = arg; /* [[13.5, 0], [16, 0.14], [18, 1]] */
    return x < 13.5 ? 0 : x < 16 ? *top * (x - 13.5) / 2.5 : x < 18 ? *top + (1 - *top) * (x - 16) / 2 : 1;
}

static void arrivals(void **state)
{
    struct harness h;
    struct story s = {0};
    static double age[40000], again[40000];
    const double mean[] = {7280 * 0.005 * 0.75, 0, 7280 * 0.005 * 0.25}; /* a year; columns 3, 0 and 1; 1 in 200 */
    size_t n_ages = 0;
    (void)state;
    harness_load_table(&h,
                       "kith: 1\nmodel: pathway\nseed: 43\ntime: {start: 2000-04-01, counted: 2 years}\n"
                       "population:\n  families: 5000\n  represents: 1000000\n"
                       "  areas: {table: areas.csv, code: code, size: children}\n"
                       "  households: {sizes: {1: 1}, births: 0 /year}\n"
                       "  groups: {lone: {rate: 7280 /year, spread: lone, age: [[13.5, 0], [16, 0.14], [18, 1]]}}\n" SCHOOL("{household: home, lone: school}"),
                       TABLE);
    for (size_t area = 0; area < 3; area++) {
        const int rounds = 300;
        double sum = 0, square = 0, m = mean[area];
        for (int i = 0; i < rounds; i++) {
            struct kith_cell cell;
            harness_cell(&h, &cell, 0, i, area);
            /* the households' two blocks, then the arrivals' */
            double first = (double)(cell.block[2] - cell.block[1]), second = (double)(cell.block[3] - cell.block[2]);
            assert_int_equal(cell.block[1], 0);
            sum += first + second;
            square += (first - m) * (first - m) + (second - m) * (second - m);
            for (uint64_t k = 0; area == 0 && k < cell.block[3] && n_ages < 6000; k++) {
                harness_story(&h, &cell, k, &s);
                assert_int_equal(s.members, 1);
                age[n_ages++] = s.event[0].t - s.births[0];
                assert_int_equal(h.shape->transitions[s.event[0].code].to, harness_state(&h, "c.school"));
            }
            kith_cell_free(&cell);
        }
        if (area == 1) {
            assert_true(sum == 0);
            continue;
        }
        assert_true(p_poisson((int64_t)sum, 2 * rounds * m) > LEVEL);
        assert_false(p_poisson((int64_t)sum, 1.07 * 2 * rounds * m) > LEVEL);
        /* variance = mean; the variance of (x - m)^2 is m + 2 m^2 */
        assert_true(p_normal(square, 2 * rounds * m, sqrt(2 * rounds * (m + 2 * m * m))) > LEVEL);
        assert_false(p_normal(square, 1.4 * 2 * rounds * m, sqrt(2 * rounds * (m + 2 * m * m))) > LEVEL);
    }
    double top = 0.14, wrong = 0.2;
    assert_true(n_ages > 3000);
    memcpy(again, age, n_ages * sizeof *age);
    assert_true(p_ks(age, n_ages, cdf_age, &top) > LEVEL);
    assert_false(p_ks(again, n_ages, cdf_age, &wrong) > LEVEL);
    story_free(&s);
    harness_free(&h);
}

/* ---- attributes and areas --------------------------------------------------------------------------------------- */

static double cdf_gamma_value(double x, const void *arg)
{
    const double *p = arg;
    return gsl_cdf_gamma_P(x, p[0], p[1] / p[0]);
}
static double cdf_lognormal_value(double x, const void *arg)
{
    const double *p = arg;
    return x > 0 ? gsl_cdf_ugaussian_P(log(x / p[0]) / p[1]) : 0;
}
static double cdf_exponential_value(double x, const void *arg)
{
    return -expm1(-x * *(const double *)arg);
}

/* Values with weights times exp(tilt (value - centre)); everything that an area's families draw is independent of what
 * another's do; and a ratio by a column of the table. */
static void attributes_and_areas(void **state)
{
    enum { N = 6000, AREAS = 3 };
    struct harness h;
    struct story s = {0};
    static double frailty[AREAS][N], wealth[AREAS][N], first[AREAS][N], work[N];
    const double tilt[] = {0.3, -0.2, 0}, factor[] = {1, 2.5, 0.5};
    (void)state;
    harness_load_table(&h,
                       "kith: 1\nmodel: pathway\nseed: 44\ntime: {counted: 60 years}\n"
                       "population: {families: 60000, areas: {table: areas.csv, code: code, size: children}}\n"
                       "attributes:\n"
                       "  deprivation: {values: {1: 1, 2: 1, 3: 2, 4: 1}, tilt: tilt, centre: 2.5}\n"
                       "  frailty: {gamma: {shape: 0.8, mean: 1.2}}\n"
                       "  wealth: {lognormal: {median: 3, sigma: 0.7}}\n"
                       "charts: {c: {of: family, states: [a, b], clocks: [{from: a, to: b, hazard: {exponential: 0.6 /year},\n"
                       "  ratios: {area: factor}}]}}\n",
                       TABLE);
    for (size_t area = 0; area < AREAS; area++) {
        struct kith_cell cell;
        int64_t count[4] = {0};
        double p[4] = {1, 1, 2, 1}, wrong[4] = {1, 1, 2, 1}, sum = 0, sum_wrong = 0;
        assert_true(harness_cell(&h, &cell, 0, 0, area) >= N);
        for (uint64_t i = 0; i < N; i++) {
            harness_story(&h, &cell, i, &s);
            count[(int)s.attributes[0] - 1]++;
            frailty[area][i] = s.attributes[1];
            wealth[area][i] = s.attributes[2];
            first[area][i] = s.n > 1 ? s.event[1].t : INFINITY;
        }
        for (int k = 0; k < 4; k++) {
            sum += p[k] *= exp(tilt[area] * (k + 1 - 2.5));
            sum_wrong += wrong[k] *= exp((tilt[area] + 0.12) * (k + 1 - 2.5));
        }
        for (int k = 0; k < 4; k++) {
            p[k] /= sum;
            wrong[k] /= sum_wrong;
        }
        assert_true(p_cells(count, p, 4, N) > LEVEL);
        assert_false(p_cells(count, wrong, 4, N) > LEVEL);
        double rate = 0.6 * factor[area], wrong_rate = 1.2 * rate;
        memcpy(work, frailty[area], sizeof work);
        assert_true(p_ks(work, N, cdf_gamma_value, (double[]){0.8, 1.2}) > LEVEL);
        assert_false(p_ks(work, N, cdf_gamma_value, (double[]){1, 1.2}) > LEVEL);
        memcpy(work, wealth[area], sizeof work);
        assert_true(p_ks(work, N, cdf_lognormal_value, (double[]){3, 0.7}) > LEVEL);
        assert_false(p_ks(work, N, cdf_lognormal_value, (double[]){3.3, 0.7}) > LEVEL);
        memcpy(work, first[area], sizeof work);
        assert_true(p_ks(work, N, cdf_exponential_value, &rate) > LEVEL);
        assert_false(p_ks(work, N, cdf_exponential_value, &wrong_rate) > LEVEL);
        kith_cell_free(&cell);
    }
    /* ranks of independent draws agree by chance only: Spearman's correlation has standard deviation 1 / sqrt(N - 1) */
    for (size_t a = 0; a < AREAS; a++)
        for (size_t b = a; b < AREAS; b++) {
            double u = 0;
            for (size_t i = 0; i < N; i++)
                u += 12 / (double)N * (cdf_gamma_value(frailty[a][i], (double[]){0.8, 1.2}) - 0.5) *
                     (cdf_lognormal_value(wealth[b][i], (double[]){3, 0.7}) - 0.5);
            assert_true(p_normal(u, 0, 1 / sqrt(N - 1)) > LEVEL);
            u = 0;
            for (size_t i = 0; i < N && a != b; i++)
                u += 12 / (double)N * (cdf_gamma_value(frailty[a][i], (double[]){0.8, 1.2}) - 0.5) *
                     (cdf_gamma_value(frailty[b][i], (double[]){0.8, 1.2}) - 0.5);
            assert_true(p_normal(u, 0, 1 / sqrt(N - 1)) > LEVEL);
        }
    story_free(&s);
    harness_free(&h);
}

/* ---- growing up ------------------------------------------------------------------------------------------------- */

/* Births stop: everybody is grown at 18, the families end with their last child, and nobody is left. */
static void everybody_grows_up(void **state)
{
    struct harness h;
    struct result r;
    struct kith_cell cell;
    struct story s = {0};
    (void)state;
    harness_load(&h, "kith: 1\nmodel: pathway\nseed: 45\ntime: {start: 2000-04-01, counted: 60 years}\n"
                     "population:\n  families: 100\n  households: {sizes: " SIZES ", gap: {delay: 1 year, shape: 2, mean: 1.5 years},\n"
                     "    births: {2000: 1500 /year, 2001: 1500 /year, 2002: 0 /year}}\n"
                     "charts:\n"
                     "  need: {of: family, states: [low, high], clocks: [{from: low, to: high, hazard: {exponential: 1 /year}},\n"
                     "    {from: high, to: low, hazard: {exponential: 1 /year}}]}\n"
                     "  c: {of: child, states: [home, school, grown], terminal: [grown],\n"
                     "    clocks: [{name: first, from: home, to: school, hazard: {at_age: 5 years}},\n"
                     "      {name: last, from: [home, school], to: grown, hazard: {at_age: 18 years}}]}\n"
                     "  club: {of: child, states: [out, in], clocks: [{from: out, to: in, hazard: {exponential: 0.2 /year}}]}\n");
    harness_run(&h, &r, 0, 0, 0, 0, KITH_ORDER_FAMILY);
    harness_cell(&h, &cell, 0, 0, 0);
    size_t grown = harness_flow(&h, "c.school.grown"), school = harness_flow(&h, "c.home.school");
    int64_t children = 0;
    for (uint64_t i = 0; i < r.n; i++) {
        double last = 0;
        harness_story(&h, &cell, i, &s);
        children += (int64_t)s.members;
        for (size_t m = 0; m < s.members; m++)
            last = fmax(last, s.births[m] + 18);
        for (size_t k = 0; k < s.n; k++) {
            assert_true(s.event[k].t <= last);
            if (s.event[k].code == grown)
                assert_true(s.event[k].t == s.births[s.event[k].member - 1] + 18);
            if (s.event[k].code == school)
                assert_true(s.event[k].t == s.births[s.event[k].member - 1] + 5);
        }
        assert_true(s.event[s.n - 1].t == last);
        assert_int_equal(h.shape->transitions[s.event[s.n - 1].code].to, -1); /* the family's own chart ends */
    }
    int end = h.sc.months;
    assert_int_equal(stock_at(&h, &r, "c.grown", end), children);
    assert_int_equal(flow_between(&h, &r, "c.entry.home", 0, end), children);
    assert_int_equal(flow_between(&h, &r, "club.in.exit", 0, end) + flow_between(&h, &r, "club.out.exit", 0, end), children);
    assert_int_equal(flow_between(&h, &r, "need.low.exit", 0, end) + flow_between(&h, &r, "need.high.exit", 0, end),
                     (int64_t)r.n);
    assert_int_equal(stock_at(&h, &r, "need.low", end) + stock_at(&h, &r, "need.high", end), 0);
    assert_int_equal(stock_at(&h, &r, "c.home", end) + stock_at(&h, &r, "c.school", end), 0);
    assert_int_equal(stock_at(&h, &r, "club.in", end) + stock_at(&h, &r, "club.out", end), 0);
    /* all have 18 years in which to join */
    int64_t in = flow_between(&h, &r, "club.out.in", 0, end);
    assert_true(p_binomial(in, children, -expm1(-3.6)) > LEVEL);
    assert_false(p_binomial(in, children, -expm1(-3.0)) > LEVEL);
    story_free(&s);
    kith_cell_free(&cell);
    result_free(&r);
    harness_free(&h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(formed_by_year),
        cmocka_unit_test(sizes_and_gaps),
        cmocka_unit_test(arrivals),
        cmocka_unit_test(attributes_and_areas),
        cmocka_unit_test(everybody_grows_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
