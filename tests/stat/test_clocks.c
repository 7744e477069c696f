/* When clocks fire: every kind of hazard, competing clocks, and every kind of ratio, against distributions that are
 * computed here. Level and seeds: see harness.h. */
#include "harness.h"

#include <gsl/gsl_sf_gamma.h>

#define MONTHS 240

/* P(S <= t) of a sojourn, with parameters. */
typedef double cdf_of(double t, const double *p);

/* Cell probabilities by month, and never within the period: the p-value of the flow's counts. */
static double p_flow(const struct harness *h, const struct result *r, const char *flow, cdf_of *cdf, const double *p)
{
    static double cell[MONTHS + 1];
    static int64_t count[MONTHS + 1];
    int months = h->sc.months;
    size_t k = harness_flow(h, flow);
    int64_t sum = 0;
    for (int m = 0; m < months; m++) {
        cell[m] = cdf((m + 1) / 12.0, p) - cdf(m / 12.0, p);
        count[m] = r->series.flow[(size_t)m * r->series.n_transitions + k];
        sum += count[m];
    }
    cell[months] = 1 - cdf(months / 12.0, p);
    count[months] = (int64_t)r->n - sum;
    return p_cells(count, cell, (size_t)months + 1, (int64_t)r->n);
}

/* Runs the scenario and compares one flow with the right parameters, and then with the wrong ones. */
static void compare(const char *text, const char *flow, cdf_of *cdf, const double *right, const double *wrong)
{
    struct harness h;
    struct result r;
    harness_load(&h, text);
    harness_run(&h, &r, 0, 0, 0, 0, KITH_ORDER_FAMILY);
    assert_true(r.n > 1000);
    assert_null(r.cell.fault);
    double p = p_flow(&h, &r, flow, cdf, right), q = p_flow(&h, &r, flow, cdf, wrong);
    if (!(p > LEVEL) || q > LEVEL)
        print_error("%s of\n%s\np %g, wrong %g\n", flow, text, p, q);
    assert_true(p > LEVEL);
    assert_false(q > LEVEL);
    result_free(&r);
    harness_free(&h);
}

#define HEAD(families, years) \
    "kith: 1\nmodel: pathway\nseed: 21\ntime: {start: 2000-01-01, counted: " years " years}\n" \
    "population: {families: " families "}\n"
/* One child a family, all born within the first year: with the times of birth uniform. */
#define CHILDREN(births, years) \
    "kith: 1\nmodel: pathway\nseed: 22\ntime: {start: 2000-01-01, counted: " years " years}\n" \
    "population: {families: 1000, households: {sizes: {1: 1}, births: {2000: " births " /year, 2001: 0 /year}}}\n"
#define SINGLE(hazard) \
    HEAD("80000", "6") "charts: {c: {of: family, states: [a, b], clocks: [{from: a, to: b, hazard: {" hazard "}}]}}\n"

/* ---- kinds of hazard -------------------------------------------------------------------------------------------- */

static double cdf_exponential(double t, const double *p)
{
    return -expm1(-p[0] * t);
}
static double cdf_weibull(double t, const double *p)
{
    return -expm1(-pow(t / p[1], p[0]));
}
static double cdf_gompertz(double t, const double *p)
{
    return -expm1(-p[0] * expm1(p[1] * t) / p[1]);
}
static double cdf_gamma(double t, const double *p)
{
    return gsl_cdf_gamma_P(t, p[0], p[1] / p[0]);
}
static double cdf_lognormal(double t, const double *p)
{
    return t > 0 ? gsl_cdf_ugaussian_P(log(t / p[0]) / p[1]) : 0;
}
static double cdf_loglogistic(double t, const double *p)
{
    return t > 0 ? 1 / (1 + pow(t / p[1], -p[0])) : 0;
}
/* hazard p[0] up to p[3], p[1] up to p[4], then p[2] */
static double cdf_piecewise(double t, const double *p)
{
    double h = p[0] * fmin(t, p[3]) + p[1] * fmax(0, fmin(t, p[4]) - p[3]) + p[2] * fmax(0, t - p[4]);
    return -expm1(-h);
}
/* knots (0, 0), (p0, p1), (p2, p3), then never */
static double cdf_table(double t, const double *p)
{
    return t < p[0] ? p[1] * t / p[0] : t < p[2] ? p[1] + (p[3] - p[1]) * (t - p[0]) / (p[2] - p[0]) : p[3];
}

static void kinds_of_hazard(void **state)
{
    (void)state;
    compare(SINGLE("exponential: 0.5 /year"), "c.a.b", cdf_exponential, (double[]){0.5}, (double[]){0.54});
    compare(SINGLE("weibull: {shape: 1.6, scale: 2 years}"), "c.a.b", cdf_weibull, (double[]){1.6, 2}, (double[]){1.7, 2});
    compare(SINGLE("weibull: {shape: 0.6, scale: 2 years}"), "c.a.b", cdf_weibull, (double[]){0.6, 2}, (double[]){0.6, 2.3});
    compare(SINGLE("gompertz: {rate: 0.2 /year, growth: 0.4 /year}"), "c.a.b", cdf_gompertz, (double[]){0.2, 0.4},
            (double[]){0.2, 0.45});
    compare(SINGLE("gompertz: {rate: 0.8 /year, growth: -0.5 /year}"), "c.a.b", cdf_gompertz, (double[]){0.8, -0.5},
            (double[]){0.8, -0.55});
    compare(SINGLE("gamma: {shape: 2.5, mean: 18 months}"), "c.a.b", cdf_gamma, (double[]){2.5, 1.5}, (double[]){2.7, 1.5});
    compare(SINGLE("gamma: {shape: 0.4, mean: 2 years}"), "c.a.b", cdf_gamma, (double[]){0.4, 2}, (double[]){0.43, 2});
    compare(SINGLE("lognormal: {median: 1.3 years, sigma: 0.9}"), "c.a.b", cdf_lognormal, (double[]){1.3, 0.9},
            (double[]){1.35, 0.9});
    compare(SINGLE("loglogistic: {shape: 1.8, scale: 1.5 years}"), "c.a.b", cdf_loglogistic, (double[]){1.8, 1.5},
            (double[]){1.9, 1.5});
    compare(SINGLE("piecewise: {0 years: 0.2 /year, 0.9 years: 1.1 /year, 2.1 years: 0.1 /year}"), "c.a.b", cdf_piecewise,
            (double[]){0.2, 1.1, 0.1, 0.9, 2.1}, (double[]){0.2, 1.1, 0.1, 0.95, 2.1});
    compare(SINGLE("table: [[0 years, 0], [1.3 years, 0.3], [4 years, 0.8]]"), "c.a.b", cdf_table,
            (double[]){1.3, 0.3, 4, 0.8}, (double[]){1.3, 0.32, 4, 0.8});
}

/* A fixed delay and an age are exact, not drawn. */
static void fixed_delays(void **state)
{
    struct harness h;
    struct kith_cell cell;
    struct story s = {0};
    (void)state;
    harness_load(&h, SINGLE("fixed: 2.35 years"));
    harness_cell(&h, &cell, 0, 0, 0);
    for (uint64_t i = 0; i < 50; i++) {
        harness_story(&h, &cell, i, &s);
        assert_int_equal(s.n, 2);
        assert_true(s.event[1].t == 2.35);
    }
    kith_cell_free(&cell);
    harness_free(&h);
    harness_load(&h, CHILDREN("2000", "8")
                 "charts: {c: {of: child, states: [a, b, end], terminal: [end], clocks: [{name: grown, from: [a, b], to: end,\n"
                 "  hazard: {at_age: 5.5 years}}, {from: a, to: b, hazard: {exponential: 1 /year}},\n"
                 "  {from: b, to: a, hazard: {exponential: 1 /year}}]}}\n");
    uint64_t n = harness_cell(&h, &cell, 0, 0, 0);
    assert_int_equal(n, 2000);
    for (uint64_t i = 0; i < n; i++) {
        harness_story(&h, &cell, i, &s);
        assert_true(s.event[s.n - 1].t == s.births[0] + 5.5);
        assert_int_equal(h.shape->transitions[s.event[s.n - 1].code].to, harness_state(&h, "c.end"));
    }
    kith_cell_free(&cell);
    story_free(&s);
    harness_free(&h);
}

/* Rates by age: the sojourn of a child from birth. Births are spread over a year, so ages come from the stories. */
struct ages {
    double x[80000];
    size_t n, children;
};
static void gather_ages(const char *text, const char *flow, struct ages *a)
{
    struct harness h;
    struct kith_cell cell;
    struct story s = {0};
    harness_load(&h, text);
    uint64_t n = harness_cell(&h, &cell, 0, 0, 0);
    size_t code = harness_flow(&h, flow);
    a->n = 0;
    a->children = n;
    for (uint64_t i = 0; i < n; i++) {
        harness_story(&h, &cell, i, &s);
        for (size_t k = 0; k < s.n; k++)
            if (s.event[k].code == code && s.event[k].member == 1) {
                assert_true(a->n < 80000);
                a->x[a->n++] = s.event[k].t - s.births[0];
            }
    }
    story_free(&s);
    kith_cell_free(&cell);
    harness_free(&h);
}

/* Cells of half a year of age up to `limit` years, all of which everybody lives through. */
static double p_ages(const struct ages *a, double limit, cdf_of *cdf, const double *p)
{
    int64_t count[64] = {0};
    double cell[64];
    size_t k = (size_t)(2 * limit);
    for (size_t i = 0; i < a->n; i++)
        count[a->x[i] < limit ? (size_t)(2 * a->x[i]) : k]++;
    int64_t within = 0;
    for (size_t i = 0; i < k; i++) {
        cell[i] = cdf(0.5 * (double)i + 0.5, p) - cdf(0.5 * (double)i, p);
        within += count[i];
    }
    cell[k] = 1 - cdf(limit, p);
    count[k] = (int64_t)a->children - within;
    return p_cells(count, cell, k + 1, (int64_t)a->children);
}

#define BORN(clock, more) \
    CHILDREN("40000", "9") more \
    "charts: {c: {of: child, states: [a, b], clocks: [{from: a, to: b, " clock "}]}}\n"

static struct ages ages;

static void rates_by_age(void **state)
{
    (void)state;
    gather_ages(BORN("hazard: {by_age: {0: 0.2 /year, 2: 0.05 /year, 5: 0.6 /year}}", ""), "c.a.b", &ages);
    assert_true(p_ages(&ages, 8, cdf_piecewise, (double[]){0.2, 0.05, 0.6, 2, 5}) > LEVEL);
    assert_false(p_ages(&ages, 8, cdf_piecewise, (double[]){0.2, 0.05, 0.65, 2, 5}) > LEVEL);
    gather_ages(BORN("hazard: {exponential: 0.1 /year}, ratios: {age: {0: 2, 2: 0.5, 5: 6}}", ""), "c.a.b", &ages);
    assert_true(p_ages(&ages, 8, cdf_piecewise, (double[]){0.2, 0.05, 0.6, 2, 5}) > LEVEL);
    assert_false(p_ages(&ages, 8, cdf_piecewise, (double[]){0.2, 0.05, 0.6, 2.5, 5}) > LEVEL);
    /* a band that is shut, and one that opens */
    gather_ages(BORN("hazard: {exponential: 0.5 /year}, ratios: {when: [{if: {age: [2, 5]}, ratio: 0}]}", ""), "c.a.b",
                &ages);
    assert_true(p_ages(&ages, 8, cdf_piecewise, (double[]){0.5, 0, 0.5, 2, 5}) > LEVEL);
    assert_false(p_ages(&ages, 8, cdf_piecewise, (double[]){0.5, 0.02, 0.5, 2, 5}) > LEVEL);
}

/* An age ratio on a hazard with its own clock: H(t) = int r(age) h(t), piecewise in closed form. */
static double cdf_weibull_bands(double t, const double *p)
{
    double h = 0, at[] = {0, 2, 5, 100}, ratio[] = {1, p[2], p[3]};
    for (int i = 0; i < 3; i++)
        if (t > at[i])
            h += ratio[i] * (pow(fmin(t, at[i + 1]) / p[1], p[0]) - pow(at[i] / p[1], p[0]));
    return -expm1(-h);
}
static double gamma_hazard(double t, double shape, double mean)
{
    return -log(gsl_cdf_gamma_Q(t, shape, mean / shape));
}
static double cdf_gamma_bands(double t, const double *p)
{
    double h = 0, at[] = {0, 2, 5, 100}, ratio[] = {1, p[2], p[3]};
    for (int i = 0; i < 3; i++)
        if (t > at[i])
            h += ratio[i] * (gamma_hazard(fmin(t, at[i + 1]), p[0], p[1]) - gamma_hazard(at[i], p[0], p[1]));
    return -expm1(-h);
}

static void ratios_by_age_on_other_hazards(void **state)
{
    (void)state;
    gather_ages(BORN("hazard: {weibull: {shape: 1.5, scale: 5 years}}, ratios: {age: {0: 1, 2: 3, 5: 0.4}}", ""), "c.a.b",
                &ages);
    assert_true(p_ages(&ages, 8, cdf_weibull_bands, (double[]){1.5, 5, 3, 0.4}) > LEVEL);
    assert_false(p_ages(&ages, 8, cdf_weibull_bands, (double[]){1.5, 5, 3.2, 0.4}) > LEVEL);
    gather_ages(BORN("hazard: {gamma: {shape: 3, mean: 6 years}}, ratios: {age: {0: 1, 2: 3, 5: 0.4}}", ""), "c.a.b", &ages);
    assert_true(p_ages(&ages, 8, cdf_gamma_bands, (double[]){3, 6, 3, 0.4}) > LEVEL);
    assert_false(p_ages(&ages, 8, cdf_gamma_bands, (double[]){3, 6, 3.2, 0.4}) > LEVEL);
}

/* Dates: 2001-01-01 and 2003-01-01 are 1 and 3 years after the start. */
static void rates_by_calendar(void **state)
{
    (void)state;
    compare(SINGLE("by_calendar: {2000-01-01: 0.2 /year, 2001-01-01: 0.8 /year, 2003-01-01: 0.1 /year}"), "c.a.b",
            cdf_piecewise, (double[]){0.2, 0.8, 0.1, 1, 3}, (double[]){0.2, 0.88, 0.1, 1, 3});
    compare(HEAD("80000", "6")
            "charts: {c: {of: family, states: [a, b], clocks: [{from: a, to: b, hazard: {exponential: 0.2 /year},\n"
            "  ratios: {calendar: {2001-01-01: 4, 2003-01-01: 0.5}}}]}}\n",
            "c.a.b", cdf_piecewise, (double[]){0.2, 0.8, 0.1, 1, 3}, (double[]){0.2, 0.8, 0.1, 1, 3.1});
    /* shut and lifted */
    compare(HEAD("80000", "6")
            "charts: {c: {of: family, states: [a, b], clocks: [{from: a, to: b, hazard: {exponential: 0.5 /year},\n"
            "  ratios: {calendar: {2001-01-01: 0, 2003-01-01: 1}}}]}}\n",
            "c.a.b", cdf_piecewise, (double[]){0.5, 0, 0.5, 1, 3}, (double[]){0.5, 0.02, 0.5, 1, 3});
}

/* ---- competing clocks ------------------------------------------------------------------------------------------- */

/* The sub-density of clock i of three: gamma, Weibull, lognormal. p: two parameters each; then which. */
struct rivals {
    const double *p;
    int which;
};
static double rival_survival(int k, double t, const double *p)
{
    return k == 0 ? gsl_cdf_gamma_Q(t, p[0], p[1] / p[0]) : k == 1 ? exp(-pow(t / p[3], p[2])) : 1 - cdf_lognormal(t, p + 4);
}
static double rival_density(int k, double t, const double *p)
{
    const double h = 1e-5;
    double a = fmax(t - h, 0);
    return (rival_survival(k, a, p) - rival_survival(k, t + h, p)) / (t + h - a);
}
static double sub_density(double t, void *arg)
{
    const struct rivals *r = arg;
    double f = rival_density(r->which, t, r->p);
    for (int k = 0; k < 3; k++)
        if (k != r->which)
            f *= rival_survival(k, t, r->p);
    return f;
}

static double p_rivals(const struct harness *h, const struct result *r, const double *p)
{
    static const char *const flows[] = {"c.a.x", "c.a.y", "c.a.z"};
    double cell[3 * 12 + 1], rest = 1;
    int64_t count[3 * 12 + 1], sum = 0;
    for (int k = 0; k < 3; k++)
        for (int m = 0; m < 12; m++) { /* quarters of three years */
            struct rivals arg = {p, k};
            cell[12 * k + m] = integral(sub_density, &arg, m / 4.0, (m + 1) / 4.0);
            rest -= cell[12 * k + m];
            sum += count[12 * k + m] = flow_between(h, r, flows[k], 3 * m, 3 * m + 3);
        }
    cell[36] = rest;
    count[36] = (int64_t)r->n - sum;
    return p_cells(count, cell, 37, (int64_t)r->n);
}

static void competing_clocks(void **state)
{
    struct harness h;
    struct result r;
    (void)state;
    harness_load(&h, HEAD("120000", "3")
                 "charts: {c: {of: family, states: [a, x, y, z], clocks: [\n"
                 "  {from: a, to: x, hazard: {gamma: {shape: 2, mean: 2 years}}},\n"
                 "  {from: a, to: y, hazard: {weibull: {shape: 0.8, scale: 3 years}}},\n"
                 "  {from: a, to: z, hazard: {lognormal: {median: 2 years, sigma: 0.7}}}]}}\n");
    harness_run(&h, &r, 0, 0, 0, 0, KITH_ORDER_FAMILY);
    assert_true(p_rivals(&h, &r, (double[]){2, 2, 0.8, 3, 2, 0.7}) > LEVEL);
    assert_false(p_rivals(&h, &r, (double[]){2, 2.1, 0.8, 3, 2, 0.7}) > LEVEL);
    assert_false(p_rivals(&h, &r, (double[]){2, 2, 0.8, 3, 2, 0.65}) > LEVEL);
    result_free(&r);
    harness_free(&h);
}

/* ---- ratios by another chart that changes in mid-sojourn -------------------------------------------------------- */

/* The other chart jumps at U ~ Exp(p0), and multiplies the hazard by p1 from then on.
 * P(T > t) = P(U > t) S(t) + int_0^t p0 e^(-p0 u) exp(-H(u) - p1 (H(t) - H(u))) du. */
struct jump {
    double t;
    const double *p;
    double (*hazard)(double, const double *);
};
static double jump_density(double u, void *arg)
{
    const struct jump *j = arg;
    double hu = j->hazard(u, j->p), ht = j->hazard(j->t, j->p);
    return j->p[0] * exp(-j->p[0] * u - hu - j->p[1] * (ht - hu));
}
static double jump_cdf(double t, const double *p, double (*hazard)(double, const double *))
{
    struct jump j = {t, p, hazard};
    if (t <= 0)
        return 0;
    return 1 - exp(-p[0] * t - hazard(t, p)) - integral(jump_density, &j, 0, t);
}
static double hazard_weibull(double t, const double *p)
{
    return pow(t / p[3], p[2]);
}
static double hazard_gamma(double t, const double *p)
{
    return gamma_hazard(t, p[2], p[3]);
}
static double hazard_lognormal(double t, const double *p)
{
    return t > 0 ? -log(gsl_cdf_ugaussian_Q(log(t / p[2]) / p[3])) : 0;
}
static double hazard_piecewise(double t, const double *p)
{
    return p[2] * fmin(t, 1) + p[3] * fmax(0, t - 1);
}
static double cdf_jump_weibull(double t, const double *p)
{
    return jump_cdf(t, p, hazard_weibull);
}
static double cdf_jump_gamma(double t, const double *p)
{
    return jump_cdf(t, p, hazard_gamma);
}
static double cdf_jump_lognormal(double t, const double *p)
{
    return jump_cdf(t, p, hazard_lognormal);
}
static double cdf_jump_piecewise(double t, const double *p)
{
    return jump_cdf(t, p, hazard_piecewise);
}
#define JUMP(hazard, ratio) \
    HEAD("80000", "5") "charts:\n  u: {of: family, states: [calm, storm], clocks: [{from: calm, to: storm,\n" \
    "    hazard: {exponential: 0.7 /year}}]}\n" \
    "  c: {of: family, states: [a, b], clocks: [{from: a, to: b, hazard: {" hazard "}, ratios: {u: {storm: " ratio "}}}]}\n"

static void ratios_that_change_in_mid_sojourn(void **state)
{
    (void)state;
    compare(JUMP("weibull: {shape: 1.5, scale: 3 years}", "3"), "c.a.b", cdf_jump_weibull, (double[]){0.7, 3, 1.5, 3},
            (double[]){0.7, 3.25, 1.5, 3});
    compare(JUMP("gamma: {shape: 2, mean: 2 years}", "0.3"), "c.a.b", cdf_jump_gamma, (double[]){0.7, 0.3, 2, 2},
            (double[]){0.7, 0.33, 2, 2});
    compare(JUMP("lognormal: {median: 2 years, sigma: 1}", "2.5"), "c.a.b", cdf_jump_lognormal, (double[]){0.7, 2.5, 2, 1},
            (double[]){0.7, 2.7, 2, 1});
    compare(JUMP("piecewise: {0 years: 0.3 /year, 1 year: 0.8 /year}", "2"), "c.a.b", cdf_jump_piecewise,
            (double[]){0.7, 2, 0.3, 0.8}, (double[]){0.7, 2.15, 0.3, 0.8});
    /* stopped by the other chart for good */
    compare(JUMP("weibull: {shape: 1.5, scale: 2 years}", "0"), "c.a.b", cdf_jump_weibull, (double[]){0.7, 0, 1.5, 2},
            (double[]){0.7, 0.02, 1.5, 2});
}

/* A ratio of 0 stops an age, too, and a fixed delay: they come when it is lifted. */
static void stopped_until_it_is_lifted(void **state)
{
    struct harness h;
    struct kith_cell cell;
    struct story s = {0};
    (void)state;
    harness_load(&h, CHILDREN("500", "8")
                 "charts:\n  u: {of: family, states: [shut, open], clocks: [{from: shut, to: open, hazard: {fixed: 4 years}}]}\n"
                 "  c: {of: child, states: [a, b], clocks: [{from: a, to: b, hazard: {fixed: 2 years}, ratios: {u: {shut: 0}}}]}\n"
                 "  d: {of: child, states: [a, b], clocks: [{from: a, to: b, hazard: {at_age: 3 years}, ratios: {u: {shut: 0}}}]}\n"
                 "  e: {of: child, states: [a, b], clocks: [{from: a, to: b, hazard: {at_age: 5 years}, ratios: {u: {shut: 0}}}]}\n");
    uint64_t n = harness_cell(&h, &cell, 0, 0, 0);
    for (uint64_t i = 0; i < n; i++) {
        int seen = 0;
        harness_story(&h, &cell, i, &s);
        for (size_t k = 0; k < s.n; k++) {
            seen += s.event[k].code == harness_flow(&h, "c.a.b") && s.event[k].t == s.births[0] + 4;
            seen += s.event[k].code == harness_flow(&h, "d.a.b") && s.event[k].t == s.births[0] + 4;
            seen += s.event[k].code == harness_flow(&h, "e.a.b") && s.event[k].t == s.births[0] + 5;
        }
        assert_int_equal(seen, 3);
    }
    story_free(&s);
    kith_cell_free(&cell);
    harness_free(&h);
}

/* ---- time since a mark ------------------------------------------------------------------------------------------ */

/* The mark is set at U ~ Exp(p0); the hazard is p1 before and p1 (1 + p2 exp(-(t - u) / p3)) after. */
struct marked {
    double t;
    const double *p;
};
static double marked_density(double u, void *arg)
{
    const struct marked *m = arg;
    const double *p = m->p;
    double s = m->t - u;
    return p[0] * exp(-p[0] * u - p[1] * u - p[1] * (s + p[2] * p[3] * -expm1(-s / p[3])));
}
static double cdf_marked(double t, const double *p)
{
    struct marked m = {t, p};
    if (t <= 0)
        return 0;
    return 1 - exp(-(p[0] + p[1]) * t) - integral(marked_density, &m, 0, t);
}
/* The same with a constant ratio p2 for the time p3 after the mark, by a condition. */
static double window_density(double u, void *arg)
{
    const struct marked *m = arg;
    const double *p = m->p;
    double s = m->t - u;
    return p[0] * exp(-p[0] * u - p[1] * u - p[1] * (p[2] * fmin(s, p[3]) + fmax(0, s - p[3])));
}
static double cdf_window(double t, const double *p)
{
    struct marked m = {t, p};
    if (t <= 0)
        return 0;
    double kink = fmax(0, t - p[3]);
    return 1 - exp(-(p[0] + p[1]) * t) - integral(window_density, &m, 0, kink) - integral(window_density, &m, kink, t);
}
#define MARKED(ratio) \
    HEAD("120000", "5") "marks: {m: family}\n" \
    "charts:\n  u: {of: family, states: [x, y], clocks: [{from: x, to: y, hazard: {exponential: 0.8 /year}, mark: m}]}\n" \
    "  c: {of: family, states: [a, b], clocks: [{from: a, to: b, hazard: {exponential: 0.4 /year}, ratios: {" ratio "}}]}\n"

static void time_since_a_mark(void **state)
{
    (void)state;
    compare(MARKED("since.m: {amplitude: 3, decay: 0.7 years}"), "c.a.b", cdf_marked, (double[]){0.8, 0.4, 3, 0.7},
            (double[]){0.8, 0.4, 3.4, 0.7});
    compare(MARKED("since.m: {amplitude: -0.9, decay: 2 years}"), "c.a.b", cdf_marked, (double[]){0.8, 0.4, -0.9, 2},
            (double[]){0.8, 0.4, -0.8, 2});
    compare(MARKED("since.m: {amplitude: -1, decay: 1 year}"), "c.a.b", cdf_marked, (double[]){0.8, 0.4, -1, 1},
            (double[]){0.8, 0.4, -0.85, 1});
    compare(MARKED("when: [{if: {since.m: [0 years, 0.5 years]}, ratio: 4}]"), "c.a.b", cdf_window,
            (double[]){0.8, 0.4, 4, 0.5}, (double[]){0.8, 0.4, 4.5, 0.5});
    compare(MARKED("count.m: {1: 2.5}"), "c.a.b", cdf_window, (double[]){0.8, 0.4, 2.5, 99}, (double[]){0.8, 0.4, 2.75, 99});
    compare(MARKED("count.m: {0: 1, 1: 0}"), "c.a.b", cdf_window, (double[]){0.8, 0.4, 0, 99}, (double[]){0.8, 0.4, 0.03, 99});
}

/* A mark set again starts the decay anew: with the mark set by the clock itself, events feed themselves. Times between
 * events are independent and have H(s) = r (s + a d (1 - exp(-s / d))); the first has H(s) = r s. */
static double cdf_self_marked(double s, const void *arg)
{
    const double *p = arg;
    return -expm1(-p[0] * (s + p[1] * p[2] * -expm1(-s / p[2])));
}
static void a_mark_set_again(void **state)
{
    struct harness h;
    struct kith_cell cell;
    struct story s = {0};
    static double x[20000], y[20000];
    size_t n = 0;
    (void)state;
    harness_load(&h, "kith: 1\nmodel: pathway\ntime: {counted: 30 years}\npopulation: {families: 4000}\nmarks: {m: family}\n"
                     "charts: {c: {of: family, states: [a], clocks: [{from: a, to: a, hazard: {exponential: 0.8 /year},\n"
                     "  ratios: {since.m: {amplitude: 2, decay: 0.5 years}}, mark: m}]}}\n");
    harness_cell(&h, &cell, 0, 0, 0);
    for (uint64_t i = 0; i < 4000; i++) {
        harness_story(&h, &cell, i, &s);
        for (size_t k = 2; k < s.n && k < 6; k++) /* the first few, which nobody is too slow for */
            x[n++] = s.event[k].t - s.event[k - 1].t;
        assert_true(s.n >= 6);
    }
    memcpy(y, x, n * sizeof *x);
    assert_true(p_ks(x, n, cdf_self_marked, (double[]){0.8, 2, 0.5}) > LEVEL);
    assert_false(p_ks(y, n, cdf_self_marked, (double[]){0.8, 2.4, 0.5}) > LEVEL);
    story_free(&s);
    kith_cell_free(&cell);
    harness_free(&h);
}

/* Clocks of one state of which some have the same decaying ratio, others one that differs in one number or counts from another mark,
 * from that of the first clock or of the one before: the first to fire is the first of those that each has the state for itself,
 * with the same draws. */
#define DECAYING(clocks)                                                                                                      \
    "kith: 1\nmodel: pathway\ntime: {counted: 20 years}\npopulation: {families: 2000}\nmarks: {m: family, n: family}\n"      \
    "charts:\n  u: {of: family, states: [w, x, y, z], clocks: [{from: w, to: x, hazard: {fixed: 1 year}, mark: m},\n"        \
    "    {from: x, to: y, hazard: {fixed: 1 year}, mark: n}, {from: y, to: z, hazard: {fixed: 1 year}, mark: n}]}\n"         \
    "  c: {of: family, states: [a, b, c, d, e, f, g], clocks: [" clocks "]}\n"
#define DECAYS(to, mark, amplitude, decay)                                                                                    \
    "{name: to_" to ", from: a, to: " to ", hazard: {exponential: 0.05 /year}, ratios: {since." mark ": {amplitude: " amplitude \
    ", decay: " decay " years}}}"
static void several_that_decay(void **state)
{
    enum { CLOCKS = 6, FAMILIES = 2000 };
    static const char *const scenario[CLOCKS + 1] = {
        DECAYING(DECAYS("b", "m", "3", "0.7")), DECAYING(DECAYS("c", "m", "3", "0.7")), DECAYING(DECAYS("d", "m", "3", "2")),
        DECAYING(DECAYS("e", "n", "3", "0.7")), DECAYING(DECAYS("f", "n", "1.5", "0.7")), DECAYING(DECAYS("g", "m", "1.5", "0.7")),
        DECAYING(DECAYS("b", "m", "3", "0.7") ", " DECAYS("c", "m", "3", "0.7") ", " DECAYS("d", "m", "3", "2") ", "
                 DECAYS("e", "n", "3", "0.7") ", " DECAYS("f", "n", "1.5", "0.7") ", " DECAYS("g", "m", "1.5", "0.7"))};
    static double first[CLOCKS + 1][FAMILIES];
    static int who[CLOCKS + 1][FAMILIES];
    int won[CLOCKS] = {0};
    struct story s = {0};
    (void)state;
    for (int i = 0; i <= CLOCKS; i++) {
        struct harness h;
        struct kith_cell cell;
        harness_load(&h, scenario[i]);
        harness_cell(&h, &cell, 0, 0, 0);
        for (int f = 0; f < FAMILIES; f++) {
            first[i][f] = INFINITY;
            harness_story(&h, &cell, (uint64_t)f, &s);
            for (size_t k = 0; k < s.n; k++) {
                int state_to = h.shape->transitions[s.event[k].code].to;
                char to = state_to < 0 ? 'a' : h.shape->states[state_to].name[0];
                if (to >= 'b' && to <= 'g') {
                    first[i][f] = s.event[k].t;
                    who[i][f] = to - 'b';
                }
            }
        }
        kith_cell_free(&cell);
        harness_free(&h);
    }
    for (int f = 0; f < FAMILIES; f++) {
        int least = 0;
        for (int i = 1; i < CLOCKS; i++)
            least = first[i][f] < first[least][f] ? i : least;
        if (first[least][f] == INFINITY) {
            assert_true(first[CLOCKS][f] == INFINITY);
            continue;
        }
        assert_int_equal(who[CLOCKS][f], who[least][f]);
        assert_true(fabs(first[CLOCKS][f] - first[least][f]) < 1e-9);
        won[least] += first[least][f] > 3;
    }
    for (int i = 0; i < CLOCKS; i++)
        assert_true(won[i] > 20); /* each, after all marks */
    story_free(&s);
}

/* ---- age at entry, siblings, children --------------------------------------------------------------------------- */

/* The state is entered at a random age; a sojourn that begins before age 2 has ratio 1, later ones 4, for good. Another
 * chart makes the clock look at its ratios again and again. */
static void age_at_entry(void **state)
{
    struct harness h;
    struct kith_cell cell;
    struct story s = {0};
    static double x[2][20000];
    size_t n[2] = {0, 0};
    (void)state;
    harness_load(&h, "kith: 1\nmodel: pathway\ntime: {start: 2000-01-01, counted: 40 years}\n"
                     "population: {families: 100, households: {sizes: {1: 1}, births: {2000: 10000 /year, 2001: 0 /year}}}\n"
                     "charts:\n  c: {of: child, states: [o, a, b], clocks: [{from: o, to: a, hazard: {exponential: 0.5 /year}},\n"
                     "    {from: a, to: b, hazard: {weibull: {shape: 2, scale: 2 years}}, ratios: {age_at_entry: {0: 1, 2: 4},\n"
                     "      t: {y: 1.000001}}}]}\n"
                     "  t: {of: family, states: [x, y], clocks: [{from: x, to: y, hazard: {exponential: 3 /year}},\n"
                     "    {from: y, to: x, hazard: {exponential: 3 /year}}]}\n");
    uint64_t families = harness_cell(&h, &cell, 0, 0, 0);
    size_t to_a = harness_flow(&h, "c.o.a"), to_b = harness_flow(&h, "c.a.b");
    for (uint64_t i = 0; i < families; i++) {
        double entered = INFINITY, left = INFINITY;
        harness_story(&h, &cell, i, &s);
        for (size_t k = 0; k < s.n; k++) {
            if (s.event[k].code == to_a)
                entered = s.event[k].t;
            if (s.event[k].code == to_b)
                left = s.event[k].t;
        }
        if (entered - s.births[0] > 15)
            continue;
        bool late = entered - s.births[0] >= 2;
        assert_true(left < INFINITY);
        x[late][n[late]++] = left - entered;
    }
    assert_true(n[0] > 3000 && n[1] > 3000);
    for (int late = 0; late < 2; late++) {
        static double y[20000];
        memcpy(y, x[late], n[late] * sizeof *y);
        int64_t below[2] = {0, 0};
        double scale = late ? 1 : 2; /* 2 / sqrt(4) */
        for (size_t i = 0; i < n[late]; i++)
            below[y[i] > scale]++;
        double p = -expm1(-1);
        assert_true(p_cells(below, (double[]){p, 1 - p}, 2, (int64_t)n[late]) > LEVEL);
        p = -expm1(-1.15);
        assert_false(p_cells(below, (double[]){p, 1 - p}, 2, (int64_t)n[late]) > LEVEL);
    }
    story_free(&s);
    kith_cell_free(&cell);
    harness_free(&h);
}

/* Families of two children, born together (a gap of a second or so); each falls at rate 1.5, and at a fifth of it while
 * the other is still up: the first after Exp(0.6), the second Exp(1.5) later. A clock of the family stops once any child
 * has fallen. */
static void siblings_and_children(void **state)
{
    struct harness h;
    struct kith_cell cell;
    struct story s = {0};
    static double first[8000], gap[8000];
    size_t n = 0, before = 0, decided = 0;
    (void)state;
    harness_load(&h, "kith: 1\nmodel: pathway\ntime: {start: 2000-01-01, counted: 60 years}\n"
                     "population: {families: 100, households: {sizes: {2: 1}, gap: {shape: 1, mean: 0.000001 years},\n"
                     "  births: {2000: 16000 /year, 2001: 0 /year}}}\n"
                     "charts:\n"
                     "  c: {of: child, states: [up, down], clocks: [{from: up, to: down, hazard: {exponential: 1.5 /year},\n"
                     "    ratios: {siblings.c: {in: [up], ratio: 0.2}}}]}\n"
                     "  f: {of: family, states: [a, b], clocks: [{from: a, to: b, hazard: {exponential: 0.2 /year},\n"
                     "    ratios: {children.c: {in: [down], ratio: 0}}}]}\n");
    uint64_t families = harness_cell(&h, &cell, 0, 0, 0);
    assert_int_equal(families, 8000);
    size_t down = harness_flow(&h, "c.up.down"), b = harness_flow(&h, "f.a.b");
    for (uint64_t i = 0; i < families; i++) {
        double t[2] = {0, 0}, at = INFINITY;
        int k = 0;
        harness_story(&h, &cell, i, &s);
        for (size_t j = 0; j < s.n; j++)
            if (s.event[j].code == down)
                t[k++] = s.event[j].t - s.births[1];
            else if (s.event[j].code == b)
                at = s.event[j].t - s.births[1];
        assert_int_equal(k, 2);
        first[n] = t[0];
        gap[n++] = t[1] - t[0];
        decided++;
        before += at < t[0];
        assert_false(at > t[0] && at < INFINITY); /* a ratio of 0: not afterwards */
    }
    double any = 0.2 / (0.2 + 0.6); /* the family's clock comes before the first fall of two */
    assert_true(p_binomial((int64_t)before, (int64_t)decided, any) > LEVEL);
    assert_false(p_binomial((int64_t)before, (int64_t)decided, 1.15 * any) > LEVEL);
    double q[] = {0.6, 0, 1}, wrong[] = {0.65, 0, 1}, then[] = {1.5, 0, 1}, wrong_then[] = {1.65, 0, 1};
    assert_true(p_ks(first, n, cdf_self_marked, q) > LEVEL);
    assert_false(p_ks(first, n, cdf_self_marked, wrong) > LEVEL);
    assert_true(p_ks(gap, n, cdf_self_marked, then) > LEVEL);
    assert_false(p_ks(gap, n, cdf_self_marked, wrong_then) > LEVEL);
    story_free(&s);
    kith_cell_free(&cell);
    harness_free(&h);
}

/* ---- constants: groups, areas, attributes, times ---------------------------------------------------------------- */

static double cdf_frailty(double t, const double *p) /* gamma frailty of mean 1 and variance p[1]: Laplace transform */
{
    return 1 - pow(1 + p[0] * p[1] * t, -1 / p[1]);
}
static double cdf_mixture(double t, const double *p) /* levels 0..2, weights 1 2 1, ratio p[1]^(level - 1) */
{
    return 0.25 * -expm1(-p[0] / p[1] * t) + 0.5 * -expm1(-p[0] * t) + 0.25 * -expm1(-p[0] * p[1] * t);
}
static double cdf_root(double t, const double *p) /* values 1 and 16 with equal weight, power p[1] */
{
    return 0.5 * -expm1(-p[0] * t) + 0.5 * -expm1(-p[0] * pow(16, p[1]) * t);
}
static double cdf_part(double t, const double *p) /* a share p[1] only */
{
    return p[1] * -expm1(-p[0] * t);
}
#define ATTRIBUTE(attribute, ratio) \
    HEAD("80000", "6") "attributes: {x: {" attribute "}}\n" \
    "charts: {c: {of: family, states: [a, b], clocks: [{from: a, to: b, hazard: {exponential: 0.3 /year}, ratios: {" ratio \
    "}}]}}\n"

static void ratios_by_attribute(void **state)
{
    (void)state;
    compare(ATTRIBUTE("gamma: {shape: 2, mean: 1}", "x: power 1"), "c.a.b", cdf_frailty, (double[]){0.3, 0.5},
            (double[]){0.3, 0.75});
    compare(ATTRIBUTE("values: {0: 1, 1: 2, 2: 1}, centre: 1, unit: step", "x: 3 per step"), "c.a.b", cdf_mixture,
            (double[]){0.3, 3}, (double[]){0.3, 3.5});
    compare(ATTRIBUTE("values: {1: 1, 16: 1}, unit: thing", "x: power 0.5"), "c.a.b", cdf_root, (double[]){0.3, 0.5},
            (double[]){0.3, 0.55});
    compare(ATTRIBUTE("values: {1: 1}", "times: [2, 1.5]"), "c.a.b", cdf_exponential, (double[]){0.9}, (double[]){0.97});
    compare(ATTRIBUTE("values: {1: 3, 2: 1}", "when: [{if: {x: [2, ~]}, ratio: 0}]"), "c.a.b", cdf_part,
            (double[]){0.3, 0.75}, (double[]){0.3, 0.77});
}

/* ---- what is left of a clock is kept from visit to visit -------------------------------------------------------- */

/* A clock with a gamma hazard runs in a state that other clocks leave and come back to, and which it leaves itself. In
 * unit-rate time its firings are a Poisson process, whatever the visits: fired - exposure is a martingale, and the number
 * of firings until a total exposure X is Poisson with mean X. Measured per family: N - X has mean 0 and E (N - X)^2 = E X.
 * `kept` tells it from a clock that draws anew at each visit: then too mean 0, so the time to the first firing is tested
 * as well: it is a unit exponential in exposure. */
static void what_is_left_is_kept(void **state)
{
    struct harness h;
    struct kith_cell cell;
    struct story s = {0};
    (void)state;
    harness_load(&h, "kith: 1\nmodel: pathway\nseed: 5\ntime: {counted: 12 years}\npopulation: {families: 8000}\n"
                     "charts: {c: {of: family, states: [a, b, d], clocks: [{from: a, to: b, hazard: {gamma: {shape: 2.5, mean: 2 years}}},\n"
                     "  {from: a, to: d, hazard: {exponential: 1 /year}}, {from: [b, d], to: a, name: back, hazard: {weibull: {shape: 1.5, scale: 0.4 years}}}]}}\n");
    harness_cell(&h, &cell, 0, 0, 0);
    int a = (int)harness_state(&h, "c.a"), b = (int)harness_state(&h, "c.b");
    double n = 0, sum = 0, square = 0, fourth = 0, exposure = 0, wrong = 0;
    size_t short_first = 0;
    for (uint64_t i = 0; i < 8000; i++) {
        double x = 0, shorter = 0, since = 0, fired = 0;
        int where = a;
        harness_story(&h, &cell, i, &s);
        double to_first = -1;
        for (size_t k = 1; k <= s.n; k++) {
            double t = k < s.n ? s.event[k].t : cell.end;
            if (where == a) {
                x += gamma_hazard(t - since, 2.5, 2);
                shorter += gamma_hazard(t - since, 2.5, 2.1);
            }
            if (k == s.n)
                break;
            where = h.shape->transitions[s.event[k].code].to;
            since = t;
            if (where == b) {
                fired++;
                if (to_first < 0)
                    to_first = x;
            }
        }
        n++;
        exposure += x;
        sum += fired - x;
        wrong += fired - shorter;
        square += (fired - x) * (fired - x);
        fourth += pow(fired - x, 4);
        assert_true(to_first >= 0 || x >= 0.2); /* nobody is cut off before */
        short_first += to_first >= 0 && to_first < 0.2;
    }
    double sd = sqrt(square / n), var_of_square = fourth / n - (square / n) * (square / n);
    assert_true(p_normal(sum / n, 0, sd / sqrt(n)) > LEVEL);
    assert_false(p_normal(wrong / n, 0, sd / sqrt(n)) > LEVEL);
    /* the mean exposure's own spread is small beside that of the square */
    assert_true(p_normal(square / n, exposure / n, sqrt(var_of_square / n)) > LEVEL);
    assert_false(p_normal(square / n, 1.1 * exposure / n, sqrt(var_of_square / n)) > LEVEL);
    assert_true(p_binomial((int64_t)short_first, 8000, -expm1(-0.2)) > LEVEL);
    assert_false(p_binomial((int64_t)short_first, 8000, -expm1(-0.25)) > LEVEL);
    story_free(&s);
    kith_cell_free(&cell);
    harness_free(&h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kinds_of_hazard),
        cmocka_unit_test(fixed_delays),
        cmocka_unit_test(rates_by_age),
        cmocka_unit_test(ratios_by_age_on_other_hazards),
        cmocka_unit_test(rates_by_calendar),
        cmocka_unit_test(competing_clocks),
        cmocka_unit_test(ratios_that_change_in_mid_sojourn),
        cmocka_unit_test(stopped_until_it_is_lifted),
        cmocka_unit_test(time_since_a_mark),
        cmocka_unit_test(a_mark_set_again), cmocka_unit_test(several_that_decay),
        cmocka_unit_test(age_at_entry),
        cmocka_unit_test(siblings_and_children),
        cmocka_unit_test(ratios_by_attribute),
        cmocka_unit_test(what_is_left_is_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
