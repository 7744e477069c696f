/* Student's t against GSL, estimates against values worked out by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <gsl/gsl_cdf.h>
#include <gsl/gsl_statistics_double.h>
#include <math.h>

#include "../../../engine/stats/estimate.h"
#include "../../../engine/stats/student.h"

static void quantile_agrees_with_gsl(void **state)
{
    static const int64_t df[] = {1,  2,   3,   4,   5,   7,    10,   19,   29,    30,     31,
                                 99, 100, 500, 998, 999, 1000, 1001, 2000, 10000, 1000000};
    static const double p[] = {1e-6,  1e-4, 0.025, 0.05,  0.3,    0.499,
                               0.501, 0.9,  0.975, 0.995, 0.9999, 1 - 1e-6};
    (void)state;
    for (size_t i = 0; i < sizeof df / sizeof *df; i++) {
        for (size_t k = 0; k < sizeof p / sizeof *p; k++) {
            double want = gsl_cdf_tdist_Pinv(p[k], (double)df[i]);
            double got = kith_student_quantile(p[k], df[i]);
            if (!(fabs(got - want) <= 1e-8 * fabs(want)))
                fail_msg("p = %g, df = %lld: %.15g, GSL has %.15g", p[k], (long long)df[i], got, want);
        }
    }
}

static void quantile_is_odd_and_checked(void **state)
{
    (void)state;
    assert_true(kith_student_quantile(0.5, 7) == 0);
    assert_true(kith_student_quantile(0.25, 7) == -kith_student_quantile(0.75, 7));
    assert_true(isnan(kith_student_quantile(0, 7)));
    assert_true(isnan(kith_student_quantile(1, 7)));
    assert_true(isnan(kith_student_quantile(NAN, 7)));
    assert_true(isnan(kith_student_quantile(0.9, 0)));
}

static void estimate_agrees_with_gsl(void **state)
{
    const double x[] = {1e9 + 4, 1e9 + 7, 1e9 + 13, 1e9 + 16, 1e9 + 1};
    const size_t n = sizeof x / sizeof *x;
    struct kith_moments m = {0};
    (void)state;
    for (size_t i = 0; i < n; i++)
        kith_moments_add(&m, x[i]);
    struct kith_estimate e = kith_estimate_make(&m);
    double sd = gsl_stats_sd(x, 1, n);
    double half = gsl_cdf_tdist_Pinv(0.975, (double)(n - 1)) * sd / sqrt((double)n);
    assert_int_equal(e.n, n);
    assert_true(fabs(e.mean - gsl_stats_mean(x, 1, n)) < 1e-6);
    assert_true(fabs(e.sd - sd) < 1e-7 * sd);
    assert_true(fabs(e.se - sd / sqrt((double)n)) < 1e-7 * sd);
    assert_true(fabs(e.low - (e.mean - half)) < 1e-6);
    assert_true(fabs(e.high - (e.mean + half)) < 1e-6);
}

static void too_few_values_have_no_interval(void **state)
{
    struct kith_moments m = {0};
    (void)state;
    struct kith_estimate e = kith_estimate_make(&m);
    assert_true(e.n == 0 && isnan(e.mean) && isnan(e.se));
    kith_moments_add(&m, 5);
    e = kith_estimate_make(&m);
    assert_true(e.n == 1 && e.mean == 5 && isnan(e.se) && isnan(e.low) && isnan(e.high));
    kith_moments_add(&m, 5);
    e = kith_estimate_make(&m);
    assert_true(e.n == 2 && e.se == 0 && e.low == 5 && e.high == 5);
}

static void pairs_share_their_luck(void **state)
{
    const double a[] = {10, 20, 30, 40}, b[] = {11, 22, 31, 42};
    struct kith_pair p = {0};
    (void)state;
    assert_true(isnan(kith_pair_variance_ratio(&p)));
    for (size_t i = 0; i < 4; i++)
        kith_pair_add(&p, a[i], b[i]);
    struct kith_estimate e = kith_estimate_make(&p.difference);
    double want = (gsl_stats_variance(a, 1, 4) + gsl_stats_variance(b, 1, 4)) / (1.0 / 3);
    assert_true(fabs(e.mean - 1.5) < 1e-12);
    assert_true(fabs(e.sd - sqrt(1.0 / 3)) < 1e-12);
    assert_true(fabs(kith_pair_variance_ratio(&p) / want - 1) < 1e-12);
}

static void equal_arms_have_no_ratio(void **state)
{
    struct kith_pair p = {0};
    (void)state;
    kith_pair_add(&p, 1, 1);
    kith_pair_add(&p, 2, 2);
    assert_true(isnan(kith_pair_variance_ratio(&p)));
    assert_true(kith_estimate_make(&p.difference).se == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(quantile_agrees_with_gsl), cmocka_unit_test(quantile_is_odd_and_checked),
        cmocka_unit_test(estimate_agrees_with_gsl), cmocka_unit_test(too_few_values_have_no_interval),
        cmocka_unit_test(pairs_share_their_luck),   cmocka_unit_test(equal_arms_have_no_ratio),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
