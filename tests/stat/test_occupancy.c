/* Where people are, and how often they move, over time: Markov models against the matrix exponential, the semi-Markov
 * chain against its renewal equations, solved here on a grid. Level and seeds: see harness.h. */
#include "harness.h"

#include <gsl/gsl_linalg.h>

/* ---- illness and death ------------------------------------------------------------------------------------------ */

enum { HEALTHY, ILL, DEAD };
struct rates {
    double ill, recover, die, die_ill;
};

/* The generator. Transitions from `from` to `to` are weighted with z: the result of the exponential then is the
 * generating function of their number. */
static void generator(const struct rates *r, int from, int to, double z, double q[9])
{
    const double rate[3][3] = {{0, r->ill, r->die}, {r->recover, 0, r->die_ill}, {0, 0, 0}};
    for (int i = 0; i < 3; i++) {
        double sum = 0;
        for (int j = 0; j < 3; j++) {
            sum += rate[i][j];
            q[3 * i + j] = rate[i][j] * (i == from && j == to ? z : 1);
        }
        q[4 * i] = -sum;
    }
}

/* p := p exp(q t) */
static void advance(double p[3], double q[9], double t)
{
    double scaled[9], e[9], out[3] = {0};
    for (int i = 0; i < 9; i++)
        scaled[i] = q[i] * t;
    gsl_matrix_view a = gsl_matrix_view_array(scaled, 3, 3), b = gsl_matrix_view_array(e, 3, 3);
    assert_int_equal(gsl_linalg_exponential_ss(&a.matrix, &b.matrix, GSL_PREC_DOUBLE), 0);
    for (int i = 0; i < 3; i++)
        for (int j = 0; j < 3; j++)
            out[j] += p[i] * e[3 * i + j];
    memcpy(p, out, sizeof out);
}

/* Starts healthy; rates `first` until `change`, then `second`. */
static void occupancy(const struct rates *first, const struct rates *second, double change, double t, int from, int to,
                      double z, double p[3])
{
    double q[9];
    p[0] = 1;
    p[1] = p[2] = 0;
    generator(first, from, to, z, q);
    advance(p, q, fmin(t, change));
    generator(second, from, to, z, q);
    if (t > change)
        advance(p, q, t - change);
}

/* Mean and variance of the number of transitions up to t, by differences of the generating function. */
static void moments(const struct rates *first, const struct rates *second, double change, double t, int from, int to,
                    double *mean, double *variance)
{
    const double h = 1e-3;
    double g[3];
    for (int k = 0; k < 3; k++) {
        double p[3];
        occupancy(first, second, change, t, from, to, 1 + (k - 1) * h, p);
        g[k] = p[0] + p[1] + p[2];
    }
    *mean = (g[2] - g[0]) / (2 * h);
    *variance = (g[2] - 2 * g[1] + g[0]) / (h * h) + *mean - *mean * *mean;
}

static const int years[] = {1, 5, 10, 12, 16, 20};

/* The least p-value of all comparisons of one arm with the closed form. */
static double illness_p(const struct harness *h, const struct result *r, const struct rates *first,
                        const struct rates *second)
{
    static const char *const states[] = {"health.healthy", "health.ill", "health.dead"};
    static const char *const flows[] = {"health.healthy.ill", "health.ill.healthy", "health.healthy.dead", "health.ill.dead"};
    static const int ends[4][2] = {{HEALTHY, ILL}, {ILL, HEALTHY}, {HEALTHY, DEAD}, {ILL, DEAD}};
    double least = 1, n = (double)r->n;
    for (size_t i = 0; i < sizeof years / sizeof *years; i++) {
        double p[3];
        int64_t count[3];
        occupancy(first, second, 10, years[i], -1, -1, 1, p);
        for (int s = 0; s < 3; s++)
            count[s] = stock_at(h, r, states[s], 12 * years[i]);
        least = fmin(least, p_cells(count, p, 3, (int64_t)r->n));
        for (int k = 0; k < 4; k++) {
            double mean, variance;
            moments(first, second, 10, years[i], ends[k][0], ends[k][1], &mean, &variance);
            int64_t flow = flow_between(h, r, flows[k], 0, 12 * years[i]);
            least = fmin(least, p_normal((double)flow, n * mean, sqrt(n * variance)));
        }
    }
    return least;
}

static const struct rates base = {0.2, 0.1, 0.02, 0.15}, cured = {0.2, 0.2, 0.02, 0.15};
#define ILLNESS_TIME "kith: 1\nseed: 4\ntime: {counted: 20 years}\npopulation: {families: 60000}\n" \
    "parameters: {recovery: 0.1 /year}\narms: {baseline: {}, cure: {from: 10 years, set: {recovery: 0.2 /year}}}\n"
static const char *const illness_in_c =
    ILLNESS_TIME "model: illness_death\n"
    "illness_death: {illness: 0.2 /year, recovery: $recovery, death_healthy: 0.02 /year, death_ill: 0.15 /year}\n";
static const char *const illness_as_chart =
    ILLNESS_TIME "model: pathway\ncharts: {health: {of: family, states: [healthy, ill, dead], terminal: [dead], clocks: [\n"
    "  {from: healthy, to: ill, hazard: {exponential: 0.2 /year}},\n"
    "  {from: ill, to: healthy, hazard: {exponential: $recovery}},\n"
    "  {from: healthy, to: dead, hazard: {exponential: 0.02 /year}},\n"
    "  {from: ill, to: dead, hazard: {exponential: 0.15 /year}}]}}\n";

static void compare_illness(const char *text)
{
    struct harness h;
    struct result r;
    struct rates wrong = base, late = cured;
    wrong.recover *= 1.05;
    late.recover *= 1.15;
    harness_load(&h, text);
    harness_run(&h, &r, 0, 0, 0, 0, KITH_ORDER_FAMILY);
    assert_true(illness_p(&h, &r, &base, &base) > LEVEL);
    assert_false(illness_p(&h, &r, &wrong, &wrong) > LEVEL);
    assert_false(illness_p(&h, &r, &base, &cured) > LEVEL);
    result_free(&r);
    harness_run(&h, &r, 1, 0, 0, 0, KITH_ORDER_FAMILY);
    assert_true(illness_p(&h, &r, &base, &cured) > LEVEL);
    assert_false(illness_p(&h, &r, &base, &late) > LEVEL);
    assert_false(illness_p(&h, &r, &base, &base) > LEVEL);
    result_free(&r);
    harness_free(&h);
}

static void illness_and_death_in_c(void **state)
{
    (void)state;
    compare_illness(illness_in_c);
}

static void illness_and_death_as_a_chart(void **state)
{
    (void)state;
    compare_illness(illness_as_chart);
}

/* ---- the chain -------------------------------------------------------------------------------------------------- */

/* From, to, and a Weibull hazard; an exponential has shape 1 and scale 1 / rate. */
struct chain_clock {
    int from, to;
    double shape, scale;
};
#define N_CLOCKS 14
#define N_STATES 6
static const struct chain_clock chain_clocks[N_CLOCKS] = {
    {0, 1, 1, 1 / 0.40}, {0, 2, 1, 1 / 0.30}, {1, 0, 1.5, 1.2}, {1, 2, 1, 1 / 0.45}, {2, 0, 1.3, 0.8},
    {2, 3, 1, 1 / 0.90}, {2, 4, 1, 1 / 0.25}, {3, 0, 1.5, 1.3}, {3, 4, 1, 1 / 0.30}, {3, 5, 1, 1 / 0.08},
    {4, 3, 1.4, 1.1},    {4, 5, 1, 1 / 0.30}, {5, 3, 1.2, 2.5}, {5, 0, 1, 1 / 0.20}};
static const double chain_times[] = {1, 5, 18};

static double survival(const struct chain_clock *k, int state, double s)
{
    double hazard = 0;
    for (int i = 0; i < N_CLOCKS; i++)
        if (k[i].from == state)
            hazard += pow(s / k[i].scale, k[i].shape);
    return exp(-hazard);
}

/* The probability that clock c fires first and within [s0, s1] of entry, int h_c(s) S(s) ds: Simpson's rule in the
 * clock's own cumulative hazard, in which the integrand has no pole at 0. */
static double mass(const struct chain_clock *k, int c, double s0, double s1)
{
    double y0 = pow(s0 / k[c].scale, k[c].shape), y1 = pow(s1 / k[c].scale, k[c].shape);
    double middle = k[c].scale * pow((y0 + y1) / 2, 1 / k[c].shape);
    return (y1 - y0) / 6 *
           (survival(k, k[c].from, s0) + 4 * survival(k, k[c].from, middle) + survival(k, k[c].from, s1));
}

/* Solves, on n steps of h years, for the density e_j(t) of entries to j at t,
 *   e_j(t) = q_0j(t) + sum_i int_0^t e_i(u) q_ij(t - u) du,    q_ij(s) = h_ij(s) S_i(s),
 * and from it P_j(t) = [j = 0] S_0(t) + int_0^t e_j(u) S_j(t - u) du. The first by product integration (e linear in a
 * step, the mass of q exact), the second by the trapezoidal rule. q_0j is smooth: the clocks of s0 are exponential. */
static void renewal(const struct chain_clock *k, size_t n, double h, double p[3][N_STATES], double entries[N_STATES])
{
    double(*e)[N_STATES] = calloc(n + 1, sizeof *e), (*s)[N_STATES] = calloc(n + 1, sizeof *s);
    double(*q)[N_CLOCKS] = calloc(n + 1, sizeof *q);
    assert_true(e && s && q);
    for (size_t i = 0; i <= n; i++) {
        for (int a = 0; a < N_STATES; a++)
            s[i][a] = survival(k, a, (double)i * h);
        for (int c = 0; c < N_CLOCKS; c++)
            q[i][c] = mass(k, c, (double)i * h, (double)(i + 1) * h);
    }
    for (size_t i = 0; i <= n; i++) {
        double implicit[N_STATES] = {0};
        for (int c = 0; c < N_CLOCKS; c++) {
            int from = k[c].from;
            double sum = i ? 0.5 * e[i - 1][from] * q[0][c] : 0;
            for (size_t u = 0; u + 1 < i; u++)
                sum += 0.5 * (e[u][from] + e[u + 1][from]) * q[i - u - 1][c];
            e[i][k[c].to] += sum + (from == 0 ? s[i][0] / k[c].scale : 0);
        }
        /* what enters within the last step and leaves at once: a few rounds reach the fixed point */
        for (int round = 0; i && round < 4; round++) {
            double next[N_STATES] = {0};
            for (int c = 0; c < N_CLOCKS; c++)
                next[k[c].to] += 0.5 * q[0][c] * (e[i][k[c].from] + implicit[k[c].from]);
            memcpy(implicit, next, sizeof next);
        }
        for (int a = 0; a < N_STATES; a++)
            e[i][a] += implicit[a];
    }
    for (int t = 0; t < 3; t++) {
        size_t i = (size_t)lround(chain_times[t] / h);
        for (int a = 0; a < N_STATES; a++) {
            double sum = 0.5 * (e[0][a] * s[i][a] + e[i][a] * s[0][a]);
            for (size_t u = 1; u < i; u++)
                sum += e[u][a] * s[i - u][a];
            p[t][a] = (a == 0 ? s[i][0] : 0) + h * sum;
        }
    }
    for (int a = 0; a < N_STATES; a++) {
        entries[a] = 0.5 * h * (e[0][a] + e[n][a]);
        for (size_t u = 1; u < n; u++)
            entries[a] += h * e[u][a];
    }
    free(e);
    free(s);
    free(q);
}

/* Two grids: they differ by little, and the error falls like h^2. */
static void solve_chain(const struct chain_clock *k, double p[3][N_STATES], double entries[N_STATES])
{
    double coarse[3][N_STATES], coarse_entries[N_STATES];
    renewal(k, 900, 0.02, coarse, coarse_entries);
    renewal(k, 1800, 0.01, p, entries);
    for (int t = 0; t < 3; t++) {
        double sum = 0;
        for (int a = 0; a < N_STATES; a++) {
            assert_true(fabs(coarse[t][a] - p[t][a]) < 5e-5);
            sum += p[t][a] += (p[t][a] - coarse[t][a]) / 3;
        }
        assert_true(fabs(sum - 1) < 5e-5);
        for (int a = 0; a < N_STATES; a++)
            p[t][a] /= sum;
    }
    for (int a = 0; a < N_STATES; a++)
        entries[a] += (entries[a] - coarse_entries[a]) / 3;
}

static const char *const chain =
    "kith: 1\nmodel: pathway\nseed: 8\ntime: {counted: 18 years}\npopulation: {families: 60000}\n"
    "charts:\n  chain:\n    of: family\n    states: [s0, s1, s2, s3, s4, s5]\n    start: s0\n    clocks:\n"
    "      - {from: s0, to: s1, hazard: {exponential: 0.40 /year}}\n"
    "      - {from: s0, to: s2, hazard: {exponential: 0.30 /year}}\n"
    "      - {from: s1, to: s0, hazard: {weibull: {shape: 1.5, scale: 1.2 years}}}\n"
    "      - {from: s1, to: s2, hazard: {exponential: 0.45 /year}}\n"
    "      - {from: s2, to: s0, hazard: {weibull: {shape: 1.3, scale: 0.8 years}}}\n"
    "      - {from: s2, to: s3, hazard: {exponential: 0.90 /year}}\n"
    "      - {from: s2, to: s4, hazard: {exponential: 0.25 /year}}\n"
    "      - {from: s3, to: s0, hazard: {weibull: {shape: 1.5, scale: 1.3 years}}}\n"
    "      - {from: s3, to: s4, hazard: {exponential: 0.30 /year}}\n"
    "      - {from: s3, to: s5, hazard: {exponential: 0.08 /year}}\n"
    "      - {from: s4, to: s3, hazard: {weibull: {shape: 1.4, scale: 1.1 years}}}\n"
    "      - {from: s4, to: s5, hazard: {exponential: 0.30 /year}}\n"
    "      - {from: s5, to: s3, hazard: {weibull: {shape: 1.2, scale: 2.5 years}}}\n"
    "      - {from: s5, to: s0, hazard: {exponential: 0.20 /year}}\n";

static double chain_p(const struct harness *h, const struct result *r, const struct chain_clock *k)
{
    double p[3][N_STATES], entries[N_STATES], least = 1, all = 0;
    char name[32];
    solve_chain(k, p, entries);
    for (int t = 0; t < 3; t++) {
        int64_t count[N_STATES];
        for (int a = 0; a < N_STATES; a++) {
            snprintf(name, sizeof name, "chain.s%d", a);
            count[a] = stock_at(h, r, name, (int)(12 * chain_times[t]));
        }
        least = fmin(least, p_cells(count, p[t], N_STATES, (int64_t)r->n));
    }
    /* All transitions. Their variance is below Poisson's: sojourns here are less spread than exponential ones. */
    for (int a = 0; a < N_STATES; a++)
        all += entries[a];
    double mean = all * (double)r->n;
    return fmin(least, p_normal((double)(r->cell.n_events - r->n), mean, sqrt(mean)));
}

static void the_chain(void **state)
{
    struct harness h;
    struct result r;
    struct chain_clock wrong[N_CLOCKS];
    (void)state;
    harness_load(&h, chain);
    harness_run(&h, &r, 0, 0, 0, 0, KITH_ORDER_FAMILY);
    assert_true(chain_p(&h, &r, chain_clocks) > LEVEL);
    memcpy(wrong, chain_clocks, sizeof wrong);
    wrong[7].scale *= 1.05; /* s3 to s0 */
    assert_false(chain_p(&h, &r, wrong) > LEVEL);
    memcpy(wrong, chain_clocks, sizeof wrong);
    wrong[4].shape = 1; /* exponential with the same scale */
    assert_false(chain_p(&h, &r, wrong) > LEVEL);
    result_free(&r);
    harness_free(&h);
}

/* A renewal process: good to poor at 2 a year, poor to good at 1, so 2/3 cycles a year, in ten years of 4,000 families 26,667 with a standard
 * deviation of 122 (variance of a cycle 1.25, cubed mean 3.375). The way back has an effect and the way there has none:
 * both are drawn anew for each visit. */
static double cycles(const char *back)
{
    struct harness h;
    struct result r;
    char text[1024];
    snprintf(text, sizeof text, "kith: 1\nmodel: pathway\ntime: {warm_up: 10 years, counted: 10 years}\npopulation: {families: 4000}\n"
             "charts:\n  mood:\n    of: family\n    states: [good, poor]\n    start: good\n    clocks:\n"
             "      - {from: good, to: poor, hazard: {exponential: 2 /year}}\n"
             "      - {from: poor, to: good, hazard: {exponential: %s}, move: {chart: other, to: b, chance: 0.5}}\n"
             "  other:\n    of: family\n    states: [a, b]\n    start: a\n    clocks:\n"
             "      - {from: b, to: a, hazard: {exponential: 1 /year}}\n", back);
    harness_load(&h, text);
    harness_run(&h, &r, 0, 0, 0, 0, KITH_ORDER_FAMILY);
    double n = (double)flow_between(&h, &r, "mood.good.poor", 0, h.sc.months);
    result_free(&r);
    harness_free(&h);
    return n;
}

static void test_back_with_an_effect(void **state)
{
    (void)state;
    assert_true(fabs(cycles("1 /year") - 26667) < 4 * 122);
    assert_false(fabs(cycles("1.05 /year") - 26667) < 4 * 122); /* 27,541 */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_back_with_an_effect), cmocka_unit_test(illness_and_death_in_c),
        cmocka_unit_test(illness_and_death_as_a_chart),
        cmocka_unit_test(the_chain),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
