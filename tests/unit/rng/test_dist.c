/* The distributions: H against GSL, inverse against H, sojourns in two parts, samples, and what is refused.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <gsl/gsl_cdf.h>
#include <gsl/gsl_errno.h>
#include <gsl/gsl_integration.h>

#include "../../../engine/rng/dist.h"
#include "../../../engine/rng/draw.h"

/* ---- the distributions under test ---- */

struct sample_case {
    const char *name;
    enum kith_dist_kind kind;
    double a, b;
    size_t n;
    double x[4], y[4];
};

static const struct sample_case cases[] = {
    {"exponential", KITH_DIST_EXPONENTIAL, 0.25, 0, 0, {0}, {0}},
    {"weibull, falling", KITH_DIST_WEIBULL, 0.7, 3, 0, {0}, {0}},
    {"weibull, shape 1", KITH_DIST_WEIBULL, 1, 2, 0, {0}, {0}},
    {"weibull, rising", KITH_DIST_WEIBULL, 1.5, 2, 0, {0}, {0}},
    {"gompertz, rising", KITH_DIST_GOMPERTZ, 0.1, 0.3, 0, {0}, {0}},
    {"gompertz, falling", KITH_DIST_GOMPERTZ, 0.2, -0.1, 0, {0}, {0}},
    {"gompertz, level", KITH_DIST_GOMPERTZ, 0.3, 0, 0, {0}, {0}},
    {"gamma 0.5", KITH_DIST_GAMMA, 0.5, 2, 0, {0}, {0}},
    {"gamma 1", KITH_DIST_GAMMA, 1, 0.4, 0, {0}, {0}},
    {"gamma 3", KITH_DIST_GAMMA, 3, 0.7, 0, {0}, {0}},
    {"gamma 3.7", KITH_DIST_GAMMA, 3.7, 1, 0, {0}, {0}},
    {"gamma 60.5", KITH_DIST_GAMMA, 60.5, 0.05, 0, {0}, {0}},
    {"lognormal", KITH_DIST_LOGNORMAL, 1.5, 0.6, 0, {0}, {0}},
    {"loglogistic", KITH_DIST_LOGLOGISTIC, 8, 2, 0, {0}, {0}},
    {"piecewise", KITH_DIST_PIECEWISE, 0, 0, 4, {0, 0.5, 1, 2}, {0.2, 0, 1.5, 0.4}},
    {"piecewise, ending", KITH_DIST_PIECEWISE, 0, 0, 2, {0, 1}, {0.5, 0}},
    {"table", KITH_DIST_TABLE, 0, 0, 4, {0, 0.5, 1, 3}, {0, 0.2, 0.2, 1}},
    {"table, ending", KITH_DIST_TABLE, 0, 0, 3, {0.25, 1, 2}, {0, 0.3, 0.8}},
};
enum { N_CASES = sizeof cases / sizeof cases[0] };

static struct kith_mem mem = KITH_MEM_INIT;

static struct kith_dist made(const struct sample_case *c)
{
    struct kith_dist d;
    struct kith_error err;
    enum kith_status status =
        kith_dist_init(&d, &mem, c->kind, c->a, c->b, c->n, c->n ? c->x : NULL, c->n ? c->y : NULL, &err);
    if (status != KITH_OK)
        fail_msg("%s: %s", c->name, err.text);
    return d;
}

/* H by other means than kith's: GSL's distributions and the C library. */
static double reference_piecewise(const struct sample_case *c, double s)
{
    double h = 0;
    for (size_t i = 0; i < c->n && c->x[i] < s; i++)
        h += c->y[i] > 0 ? c->y[i] * ((i + 1 < c->n ? fmin(s, c->x[i + 1]) : s) - c->x[i]) : 0;
    return h;
}

static double reference_table(const struct sample_case *c, double s)
{
    double p = 0;
    for (size_t i = 0; i + 1 < c->n && c->x[i] < s; i++)
        p = c->y[i] + (c->y[i + 1] - c->y[i]) * fmin(1, (s - c->x[i]) / (c->x[i + 1] - c->x[i]));
    return -log1p(-p);
}

static double from_tails(double p, double q)
{
    return p < 0.5 ? -log1p(-p) : -log(q);
}

static double reference(const struct sample_case *c, double s)
{
    double a = c->a, b = c->b;
    switch (c->kind) {
    case KITH_DIST_EXPONENTIAL:
        return from_tails(gsl_cdf_exponential_P(s, 1 / a), gsl_cdf_exponential_Q(s, 1 / a));
    case KITH_DIST_WEIBULL:
        return from_tails(gsl_cdf_weibull_P(s, b, a), gsl_cdf_weibull_Q(s, b, a));
    case KITH_DIST_GOMPERTZ: /* GSL has it not: see hazard_is_integrated */
        return b == 0 ? a * s : a * expm1(b * s) / b;
    case KITH_DIST_GAMMA:
        return from_tails(gsl_cdf_gamma_P(s, a, b), gsl_cdf_gamma_Q(s, a, b));
    case KITH_DIST_LOGNORMAL:
        return from_tails(gsl_cdf_lognormal_P(s, log(a), b), gsl_cdf_lognormal_Q(s, log(a), b));
    case KITH_DIST_LOGLOGISTIC:
        return from_tails(gsl_cdf_logistic_P(log(s / b), 1 / a), gsl_cdf_logistic_Q(log(s / b), 1 / a));
    case KITH_DIST_PIECEWISE:
        return reference_piecewise(c, s);
    case KITH_DIST_TABLE:
        return reference_table(c, s);
    case KITH_DIST_FIXED:
        break;
    }
    return NAN;
}

static uint64_t word(uint64_t stream, uint64_t i)
{
    return kith_draw_mix(kith_draw_mix(99, stream), i);
}

static double over_decades(uint64_t stream, uint64_t i, double low, double high)
{
    return low * kith_pow(high / low, kith_draw_uniform(word(stream, i)));
}

static void assert_close(const char *name, const char *what, double got, double want, double slack)
{
    if (!(fabs(got - want) <= slack) && got != want)
        fail_msg("%s, %s: %.17g, not %.17g (+- %g)", name, what, got, want, slack);
}

/* ---- H and its inverse ---- */

static void cumhaz_is_right(void **state)
{
    (void)state;
    for (int j = 0; j < N_CASES; j++) {
        struct kith_dist d = made(&cases[j]);
        for (uint64_t i = 0; i < 2000; i++) {
            double s = over_decades(1, i, 1e-4, 30), right = reference(&cases[j], s);
            if (right < 600)
                assert_close(cases[j].name, "H", kith_dist_cumhaz(&d, s), right, 1e-11 * right);
        }
        assert_true(kith_dist_cumhaz(&d, 0) == 0);
        kith_dist_free(&d);
    }
}

static double gompertz_hazard(double s, void *c)
{
    const struct sample_case *g = c;
    return g->a * exp(g->b * s);
}

/* The one reference above that is a formula of the test's own. */
static void hazard_is_integrated(void **state)
{
    (void)state;
    for (int j = 0; j < N_CASES; j++) {
        struct sample_case c = cases[j];
        gsl_function f = {gompertz_hazard, &c};
        double h, error;
        size_t evaluations;
        if (c.kind != KITH_DIST_GOMPERTZ)
            continue;
        for (double s = 0.1; s < 20; s *= 1.3) {
            gsl_integration_qng(&f, 0, s, 0, 1e-10, &h, &error, &evaluations);
            assert_close(c.name, "the reference", reference(&c, s), h, 1e-9 * h);
        }
    }
}

static void inverse_is_inverse(void **state)
{
    (void)state;
    for (int j = 0; j < N_CASES; j++) {
        struct kith_dist d = made(&cases[j]);
        double limit = kith_dist_cumhaz(&d, INFINITY), last = 0;
        /* A table keeps 1 - e^-h, of which e^h times the last bit is lost in h. */
        double most = cases[j].kind == KITH_DIST_TABLE ? 12 : 300;
        for (int i = 0; i < 4000; i++) {
            double h = 1e-14 * kith_pow(most / 1e-14, i / 4000.0), s = kith_dist_inverse(&d, h);
            assert_true(s >= last);
            last = s;
            if (h < limit * (1 - 1e-12)) {
                double rounding = kith_dist_between(&d, s * (1 - 0x1p-52), s * (1 + 0x1p-52));
                assert_close(cases[j].name, "H(inverse(h))", kith_dist_cumhaz(&d, s), h,
                             1e-10 * h + rounding);
            } else if (h > limit) {
                assert_true(s == INFINITY);
            }
        }
        assert_true(kith_dist_inverse(&d, 0) == 0);
        assert_true(
            kith_dist_inverse(&d, INFINITY) ==
            (cases[j].y[cases[j].n ? cases[j].n - 1 : 0] == 1 ? cases[j].x[cases[j].n - 1] : INFINITY));
        kith_dist_free(&d);
    }
}

/* H(s0) + h, where it may be compared: what one rounding of s does to H is not an error. */
static void check_after(const struct sample_case *c, const struct kith_dist *d, double s0, double h)
{
    double s = kith_dist_after(d, s0, h), h0 = kith_dist_cumhaz(d, s0);
    if (!(s >= s0))
        fail_msg("%s: %.17g after %.17g", c->name, s, s0);
    if (s == INFINITY) {
        assert_true(h0 + h > kith_dist_cumhaz(d, INFINITY) * (1 - 1e-12));
        return;
    }
    int exact = c->kind == KITH_DIST_EXPONENTIAL || c->kind == KITH_DIST_GOMPERTZ ||
                c->kind == KITH_DIST_PIECEWISE || c->kind == KITH_DIST_WEIBULL;
    double rounding = kith_dist_between(d, s * (1 - 0x1p-52), s * (1 + 0x1p-52));
    assert_close(c->name, "after", kith_dist_between(d, s0, s), h, 1e-11 * (exact ? h : h + h0) + rounding);
    assert_close(c->name, "H(after)", kith_dist_cumhaz(d, s), h0 + h, 1e-10 * (h + h0) + rounding);
}

static void after_and_between_agree(void **state)
{
    (void)state;
    for (int j = 0; j < N_CASES; j++) {
        struct kith_dist d = made(&cases[j]);
        double limit = fmin(10, 0.99 * kith_dist_cumhaz(&d, INFINITY));
        for (uint64_t i = 0; i < 3000; i++) {
            double s0 = kith_dist_inverse(&d, over_decades(2, i, 1e-6, limit)),
                   h = over_decades(3, i, 1e-9, 2);
            check_after(&cases[j], &d, s0, h);
            double s1 = s0 * (1 + over_decades(4, i, 1e-3, 3)), s2 = s1 * (1 + over_decades(5, i, 1e-3, 3));
            double parts = kith_dist_between(&d, s0, s1) + kith_dist_between(&d, s1, s2);
            double whole = kith_dist_between(&d, s0, s2);
            assert_close(cases[j].name, "between in parts", parts, whole,
                         1e-9 * whole + 1e-11 * kith_dist_cumhaz(&d, s0));
            assert_true(kith_dist_after(&d, s0, 0) == s0 && kith_dist_between(&d, s0, s0) == 0);
            assert_true(kith_dist_after(&d, 0, h) == kith_dist_inverse(&d, h));
            assert_true(kith_dist_between(&d, 0, s1) == kith_dist_cumhaz(&d, s1));
        }
        kith_dist_free(&d);
    }
}

/* H(s0) = 1e6 and h = 1e-9: plainly subtracted, seven digits of h would be left. */
static void nothing_cancels(void **state)
{
    (void)state;
    for (int j = 0; j < N_CASES; j++) {
        const struct sample_case *c = &cases[j];
        if (c->kind != KITH_DIST_EXPONENTIAL && c->kind != KITH_DIST_WEIBULL && c->kind != KITH_DIST_GOMPERTZ)
            continue;
        struct kith_dist d = made(c);
        double s0 = c->b < 0 ? 10 : kith_dist_inverse(&d, 1e6);
        double s1 = s0 * (1 + 0x1p-30), h = kith_dist_between(&d, s0, s1);
        double hazard = c->kind == KITH_DIST_EXPONENTIAL ? c->a
                        : c->kind == KITH_DIST_WEIBULL   ? c->a / c->b * pow(s0 / c->b, c->a - 1)
                                                         : c->a * exp(c->b * s0);
        assert_close(c->name, "a short between", h, hazard * (s1 - s0), 2e-8 * h);
        assert_close(c->name, "a short after", kith_dist_after(&d, s0, h) - s0, s1 - s0, 4 * 0x1p-52 * s0);
        kith_dist_free(&d);
    }
}

static void fixed_delay(void **state)
{
    (void)state;
    struct kith_dist d;
    assert_int_equal(kith_dist_init(&d, &mem, KITH_DIST_FIXED, 1.5, 0, 0, NULL, NULL, NULL), KITH_OK);
    assert_true(kith_dist_cumhaz(&d, 1.4999) == 0 && kith_dist_cumhaz(&d, 1.5) == INFINITY);
    assert_true(kith_dist_inverse(&d, 0) == 0 && kith_dist_inverse(&d, 1e-9) == 1.5);
    assert_true(kith_dist_inverse(&d, INFINITY) == 1.5 && kith_dist_after(&d, 1, 30) == 1.5);
    assert_true(kith_dist_after(&d, 2, 1) == 2 && kith_dist_after(&d, 1, 0) == 1);
    assert_true(kith_dist_between(&d, 1, 2) == INFINITY && kith_dist_between(&d, 0.5, 1) == 0);
    assert_true(kith_dist_between(&d, 2, 3) == 0 && kith_dist_mean(&d) == 1.5);
    kith_dist_free(&d);
}

/* Where H is level the least s counts. */
static void least_time_counts(void **state)
{
    (void)state;
    struct kith_dist d =
        made(&(struct sample_case){"level", KITH_DIST_PIECEWISE, 0, 0, 4, {0, 1, 2, 3}, {1, 0, 0, 2}});
    assert_true(kith_dist_inverse(&d, 1) == 1 && kith_dist_inverse(&d, 1.5) == 3.25);
    assert_true(kith_dist_after(&d, 0.5, 0.5) == 1 && kith_dist_after(&d, 1.5, 1) == 3.5);
    kith_dist_free(&d);
    d = made(&(struct sample_case){"level", KITH_DIST_TABLE, 0, 0, 4, {1, 2, 4, 5}, {0, 0.5, 0.5, 1}});
    assert_close("table", "inverse", kith_dist_inverse(&d, -kith_log(0.5)), 2, 1e-14);
    assert_true(kith_dist_inverse(&d, 1e-3) > 1 && kith_dist_after(&d, 3, 1e-6) > 4);
    assert_true(kith_dist_inverse(&d, 100) == 5 && kith_dist_cumhaz(&d, 5) == INFINITY);
    assert_true(kith_dist_after(&d, 6, 1) == 6 && kith_dist_between(&d, 6, 7) == 0);
    kith_dist_free(&d);
}

/* ---- samples ---- */

enum { N_SAMPLES = 200000, N_P = 4 };
/* Fixed before the first run: 1e-4 for a false alarm anywhere (Bonferroni). */
static const double threshold = 1e-4 / (N_CASES * N_P);
static const double wrong = 1.05; /* the twins' parameter is 5% off */

/* The cdf of a case whose time is stretched by `stretch`, with ratio r1 up to `change` and r2 from then on.
 */
struct law {
    const struct sample_case *c;
    double stretch, r1, r2, change;
};

static double cdf(const struct law *law, double s)
{
    s /= law->stretch;
    double h = reference(law->c, s);
    if (s > law->change) {
        double h_change = reference(law->c, law->change);
        return -expm1(-(law->r1 * h_change + law->r2 * (h - h_change)));
    }
    return -expm1(-law->r1 * h);
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Kolmogorov and Smirnov's test of sorted values, some of which may be infinite (the clock never fires). */
static double ks_p(const double *s, const struct law *law)
{
    double worst = 0, n = N_SAMPLES;
    int i = 0;
    for (; i < N_SAMPLES && s[i] < INFINITY; i++) {
        double p = cdf(law, s[i]);
        worst = fmax(worst, fmax((i + 1) / n - p, p - i / n));
    }
    worst = fmax(worst, fabs(cdf(law, 1e6) - i / n));
    return fmin(1, 2 * exp(-2 * n * worst * worst));
}

struct moment_arg {
    const struct sample_case *c;
    int power;
};

static double moment_density(double s, void *arg)
{
    const struct moment_arg *m = arg;
    return m->power * pow(s, m->power - 1) * exp(-reference(m->c, s));
}

/* E S^power = integral of power s^(power-1) Q(s), from the reference. */
static double moment(const struct sample_case *c, const struct kith_dist *d, int power)
{
    struct moment_arg arg = {c, power};
    gsl_function f = {moment_density, &arg};
    gsl_integration_workspace *w = gsl_integration_workspace_alloc(2000);
    double sum = 0, last = 0, error;
    for (int i = 1; i <= 40; i++) { /* in pieces of equal H, to its 60: e^-60 is left out */
        double end = kith_dist_inverse(d, 1.5 * i), part;
        if (end > last) {
            gsl_integration_qag(&f, last, end, 1e-10, 1e-8, 2000, GSL_INTEG_GAUSS31, w, &part, &error);
            sum += part;
            last = end;
        }
    }
    gsl_integration_workspace_free(w);
    return sum;
}

static double sample_moment_p(const double *s, int power, double m, double m_double)
{
    double sum = 0;
    for (int i = 0; i < N_SAMPLES; i++)
        sum += power == 1 ? s[i] : s[i] * s[i];
    double z = (sum / N_SAMPLES - m) / sqrt((m_double - m * m) / N_SAMPLES);
    return 2 * gsl_cdf_ugaussian_Q(fabs(z));
}

static void need_p(const struct sample_case *c, const char *what, double p, double twin)
{
    if (!(p >= threshold))
        fail_msg("%s, %s: p = %g", c->name, what, p);
    if (!(twin < threshold))
        fail_msg("%s, %s: the wrong twin passes with p = %g", c->name, what, twin);
}

static double exponential(int stream, int i)
{
    uint64_t key = kith_draw_mix(kith_draw_mix(20240101, (uint64_t)stream), (uint64_t)i);
    return kith_draw_exponential(kith_draw_mix(key, 0));
}

static double samples[N_SAMPLES];

static void samples_follow_their_law(void **state)
{
    (void)state;
    for (int j = 0; j < N_CASES; j++) {
        const struct sample_case *c = &cases[j];
        struct kith_dist d = made(c);
        for (int i = 0; i < N_SAMPLES; i++)
            samples[i] = kith_dist_inverse(&d, exponential(j, i));
        qsort(samples, N_SAMPLES, sizeof samples[0], by_value);
        struct law right = {c, 1, 1, 1, INFINITY}, twin = {c, wrong, 1, 1, INFINITY};
        need_p(c, "KS", ks_p(samples, &right), ks_p(samples, &twin));
        if (samples[N_SAMPLES - 1] < INFINITY) {
            double m1 = moment(c, &d, 1), m2 = moment(c, &d, 2), m4 = moment(c, &d, 4);
            assert_close(c->name, "mean", kith_dist_mean(&d), m1, 1e-6 * m1);
            need_p(c, "mean", sample_moment_p(samples, 1, m1, m2),
                   sample_moment_p(samples, 1, m1 * wrong, m2 * wrong * wrong));
            need_p(c, "second moment", sample_moment_p(samples, 2, m2, m4),
                   sample_moment_p(samples, 2, m2 * wrong * wrong, m4 * pow(wrong, 4)));
        } else {
            assert_true(kith_dist_mean(&d) == INFINITY);
        }
        kith_dist_free(&d);
    }
}

/* A clock of unit exponential e that runs at ratio r1, and from sojourn time `change` on at r2. */
static double changed(const struct kith_dist *d, const struct law *law, double e)
{
    double s = kith_dist_inverse(d, e / law->r1);
    if (s <= law->change)
        return s;
    double rest = e - law->r1 * kith_dist_between(d, 0, law->change);
    return kith_dist_after(d, law->change, rest / law->r2);
}

static void samples_follow_a_changed_hazard(void **state)
{
    (void)state;
    for (int j = 0; j < N_CASES; j++) {
        const struct sample_case *c = &cases[j];
        struct kith_dist d = made(c);
        double change = kith_dist_inverse(&d, 0.2);
        struct law right = {c, 1, 0.6, 1.7, change}, twin = {c, 1, 0.6, 1.7 * wrong, change};
        for (int i = 0; i < N_SAMPLES; i++)
            samples[i] = changed(&d, &right, exponential(100 + j, i));
        qsort(samples, N_SAMPLES, sizeof samples[0], by_value);
        need_p(c, "KS after a change", ks_p(samples, &right), ks_p(samples, &twin));
        kith_dist_free(&d);
    }
}

static void means_without_samples(void **state)
{
    (void)state;
    struct kith_dist d = made(&(struct sample_case){"heavy", KITH_DIST_LOGLOGISTIC, 1, 2, 0, {0}, {0}});
    assert_true(kith_dist_mean(&d) == INFINITY);
    kith_dist_free(&d);
    d = made(&(struct sample_case){"half", KITH_DIST_LOGLOGISTIC, 2, 3, 0, {0}, {0}});
    assert_close("loglogistic", "mean", kith_dist_mean(&d), 1.5 * 3.14159265358979324, 1e-13);
    kith_dist_free(&d);
}

/* ---- what is refused ---- */

static void refused(enum kith_dist_kind kind, double a, double b, size_t n, const double *x, const double *y,
                    const char *text)
{
    struct kith_dist d;
    struct kith_error err = {0};
    assert_int_equal(kith_dist_init(&d, &mem, kind, a, b, n, x, y, &err), KITH_BAD_SCENARIO);
    assert_string_equal(err.text, text);
    kith_dist_free(&d);
}

static void bad_numbers_are_refused(void **state)
{
    (void)state;
    refused(KITH_DIST_EXPONENTIAL, -1, 0, 0, NULL, NULL, "exponential rate = -1: must be finite and above 0");
    refused(KITH_DIST_EXPONENTIAL, NAN, 0, 0, NULL, NULL,
            "exponential rate = nan: must be finite and above 0");
    refused(KITH_DIST_WEIBULL, 0, 1, 0, NULL, NULL, "weibull shape = 0: must be finite and above 0");
    refused(KITH_DIST_WEIBULL, 1, INFINITY, 0, NULL, NULL, "weibull scale = inf: must be finite and above 0");
    refused(KITH_DIST_GOMPERTZ, 0, 1, 0, NULL, NULL, "gompertz rate = 0: must be finite and above 0");
    refused(KITH_DIST_GOMPERTZ, 1, NAN, 0, NULL, NULL, "gompertz growth = nan: must be finite");
    refused(KITH_DIST_GAMMA, 0.001, 1, 0, NULL, NULL, "gamma shape = 0.001: must be from 0.01 to 1000");
    refused(KITH_DIST_GAMMA, 2, 0, 0, NULL, NULL, "gamma scale = 0: must be finite and above 0");
    refused(KITH_DIST_LOGNORMAL, 1, 0, 0, NULL, NULL, "lognormal sigma = 0: must be finite and above 0");
    refused(KITH_DIST_LOGLOGISTIC, 1, -2, 0, NULL, NULL,
            "loglogistic scale = -2: must be finite and above 0");
    refused(KITH_DIST_FIXED, -0.5, 0, 0, NULL, NULL, "fixed delay = -0.5: must be finite and above 0");
}

static void bad_knots_are_refused(void **state)
{
    (void)state;
    const double x[3] = {0, 2, 1}, good[3] = {0, 1, 2}, late[2] = {1, 2}, y[3] = {0.1, -1, 1};
    const double falling[3] = {0, 0.6, 0.5}, high[3] = {0, 0.6, 1.5}, never[3] = {0, INFINITY, 3};
    refused(KITH_DIST_PIECEWISE, 0, 0, 0, NULL, NULL, "piecewise: must have at least one piece");
    refused(KITH_DIST_PIECEWISE, 0, 0, 3, x, good, "piecewise: time 3 = 1 is not above the one before it, 2");
    refused(KITH_DIST_PIECEWISE, 0, 0, 2, late, good,
            "piecewise: the first piece starts at 1: must start at 0");
    refused(KITH_DIST_PIECEWISE, 0, 0, 3, good, y, "piecewise: rate 2 = -1: must be finite and not below 0");
    refused(KITH_DIST_TABLE, 0, 0, 1, good, good, "table: must have at least two rows");
    refused(KITH_DIST_TABLE, 0, 0, 3, never, falling, "table: time 2 = inf: must be finite and not below 0");
    refused(KITH_DIST_TABLE, 0, 0, 3, good, y, "table: the first probability is 0.1: must be 0");
    refused(KITH_DIST_TABLE, 0, 0, 3, good, high, "table: probability 3 = 1.5: must be from 0 to 1");
    refused(KITH_DIST_TABLE, 0, 0, 3, good, falling,
            "table: probability 3 = 0.5 is below the one before it, 0.6");
}

static void each_allocation_may_fail(void **state)
{
    (void)state;
    const struct sample_case *c = &cases[N_CASES - 1];
    for (long at = 0; at < 4; at++) {
        struct kith_mem failing = {at, 0};
        struct kith_dist d;
        struct kith_error err = {0};
        enum kith_status status = kith_dist_init(&d, &failing, c->kind, 0, 0, c->n, c->x, c->y, &err);
        assert_int_equal(status, at < 3 ? KITH_NO_MEMORY : KITH_OK);
        assert_int_equal(err.code, status);
        kith_dist_free(&d);
        assert_null(d.x);
        kith_dist_free(&d);
    }
}

int main(void)
{
    gsl_set_error_handler_off(); /* a quadrature that meets a corner of a table says so; its result is checked
                                  */
    const struct CMUnitTest tests[] = {cmocka_unit_test(cumhaz_is_right),
                                       cmocka_unit_test(hazard_is_integrated),
                                       cmocka_unit_test(inverse_is_inverse),
                                       cmocka_unit_test(after_and_between_agree),
                                       cmocka_unit_test(nothing_cancels),
                                       cmocka_unit_test(fixed_delay),
                                       cmocka_unit_test(least_time_counts),
                                       cmocka_unit_test(samples_follow_their_law),
                                       cmocka_unit_test(samples_follow_a_changed_hazard),
                                       cmocka_unit_test(means_without_samples),
                                       cmocka_unit_test(bad_numbers_are_refused),
                                       cmocka_unit_test(bad_knots_are_refused),
                                       cmocka_unit_test(each_allocation_may_fail)};
    return cmocka_run_group_tests_name("rng/dist", tests, NULL, NULL);
}
