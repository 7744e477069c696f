/* lgamma, log_erfc, the normal and the gamma cumulative hazards and their inverses: against long double,
 * against values computed with 80 digits, and against GSL. */
#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>
#include <gsl/gsl_cdf.h>

#include "../../../engine/rng/draw.h"
#include "../../../engine/rng/real.h"

static double within(uint64_t stream, uint64_t i, double low, double high)
{
    return low + (high - low) * kith_draw_uniform(kith_draw_mix(kith_draw_mix(77, stream), i));
}

/* Evenly spread in the logarithm. */
static double over_decades(uint64_t stream, uint64_t i, double low, double high)
{
    return kith_exp(within(stream, i, kith_log(low), kith_log(high)));
}

struct worst {
    double error, at;
};

static void note(struct worst *w, double error, double at)
{
    if (!(fabs(error) <= w->error))
        *w = (struct worst){fabs(error), at};
}

static void report(const char *name, struct worst w, double bound)
{
    print_message("             %s: error at most %.2e, at %.17g\n", name, w.error, w.at);
    if (!(w.error < bound))
        fail_msg("%s(%.17g) is wrong by %g", name, w.at, w.error);
}

static void need_wide(void)
{
    if (LDBL_MANT_DIG > DBL_MANT_DIG)
        return;
    print_message("NOT TESTED: long double is no wider than double here, so errors cannot be measured\n");
    skip();
}

static void lgamma_error(void **state)
{
    (void)state;
    need_wide();
    struct worst w = {0, 0};
    for (uint64_t i = 0; i < 300000; i++) {
        double x = i % 3 == 0 ? over_decades(1, i, 1e-10, 1e10) : within(2, i, 0, i % 3 == 1 ? 3 : 40);
        long double right = lgammal(x);
        note(&w, (double)((kith_lgamma(x) - right) / fmaxl(1, fabsl(right))), x);
    }
    report("lgamma", w, 1e-14);
    assert_true(kith_lgamma(0) == INFINITY && kith_lgamma(INFINITY) == INFINITY && isnan(kith_lgamma(-1)));
    assert_true(fabs(kith_lgamma(1)) < 1e-14 && fabs(kith_lgamma(2)) < 1e-14);
}

static void log_erfc_error(void **state)
{
    (void)state;
    need_wide();
    struct worst w = {0, 0};
    for (uint64_t i = 0; i < 300000; i++) {
        double x = i % 3 == 0   ? within(3, i, -7, 7)
                   : i % 3 == 1 ? within(4, i, 0, 105)
                                : within(5, i, -0.5, 0.5);
        if (i % 30 == 2)
            x = (i % 60 == 2 ? 1 : -1) * over_decades(6, i, 1e-300, 1);
        long double right = fabs(x) < 0.1 ? log1pl(-erfl(x)) : logl(erfcl(x));
        note(&w, (double)((kith_log_erfc(x) - right) / right), x);
    }
    report("log_erfc", w, 1e-13);
    assert_true(kith_log_erfc(0) == 0 && kith_log_erfc(INFINITY) == -INFINITY && isnan(kith_log_erfc(NAN)));
    assert_true(fabs(kith_log_erfc(-INFINITY) - 0.69314718055994531) < 1e-15);
}

/* The quantile of p, improved by Newton's method in long double. */
static long double exact_quantile(double p, double z)
{
    long double x = z, side = z < 0 ? -1 : 1, tail = z < 0 ? (long double)p : 1.0L - p;
    for (int k = 0; k < 3; k++) {
        long double q = 0.5L * erfcl(side * x / sqrtl(2));
        x += side * (q - tail) / (expl(-x * x / 2) / sqrtl(2 * 3.14159265358979323846264L));
    }
    return x;
}

static void normal_quantile_error(void **state)
{
    (void)state;
    need_wide();
    struct worst w = {0, 0};
    for (uint64_t i = 0; i < 200000; i++) {
        double p = i % 2 ? within(7, i, 0, 1) : over_decades(8, i, 1e-307, 0.9);
        if (i % 10 == 3)
            p = 0.5 + (i % 20 == 3 ? 1 : -1) * over_decades(9, i, 1e-12, 0.1);
        double z = kith_normal_quantile(p);
        long double right = exact_quantile(p, z);
        note(&w, (double)((z - right) / right), p);
    }
    report("normal_quantile", w, 1e-13);
    assert_true(kith_normal_quantile(0.5) == 0 && kith_normal_quantile(0) == -INFINITY);
    assert_true(kith_normal_quantile(1) == INFINITY && isnan(kith_normal_quantile(1.5)));
}

static void normal_cumhaz_error(void **state)
{
    (void)state;
    need_wide();
    struct worst direct = {0, 0}, back = {0, 0};
    for (uint64_t i = 0; i < 100000; i++) {
        double z = within(10, i, -37, 100);
        long double right =
            z < -1 ? -log1pl(-0.5L * erfcl(-z / sqrtl(2))) : -logl(0.5L * erfcl(z / sqrtl(2)));
        note(&direct, (double)((kith_normal_cumhaz(z) - right) / right), z);
        /* far beyond where e^-h is 0: a clock that is slowed down meets such h */
        double h = over_decades(11, i, 1e-300, 1e12), again = kith_normal_cumhaz_inverse(h);
        note(&back, (kith_normal_cumhaz(again) / h - 1) / fmax(1, again * again), h);
    }
    report("normal_cumhaz", direct, 1e-12);
    report("normal_cumhaz_inverse", back, 1e-13);
    assert_true(kith_normal_cumhaz_inverse(0) == -INFINITY &&
                kith_normal_cumhaz_inverse(INFINITY) == INFINITY);
}

/* {a, x, -log Q(a, x)}, computed with 80 decimal digits (DLMF 8.11.4 and 8.9.2, log Gamma by 5.11.1 after a
 * shift by 200) and no code of kith's. */
static const double known[][3] = {
    {0.01, 1e-30, 7.01274664984797957423e-01},     {0.01, 0.001, 2.78986758613406715668e+00},
    {0.01, 1.0, 6.11194563879372587678e+00},       {0.01, 1.9, 7.46880170272094368045e+00},
    {0.01, 30.0, 3.79981602818819155232e+01},      {0.3, 1e-10, 1.11486373821538292846e-03},
    {0.3, 0.4, 1.49780969449827239259e+00},        {0.3, 2.5, 4.43582227033391074400e+00},
    {0.3, 50.0, 5.38478546723666369189e+01},       {0.3, 690.0, 6.95672494628560002639e+02},
    {0.5, 1e-20, 1.12837916715917447039e-10},      {0.5, 0.7, 1.44086218720089487277e+00},
    {0.5, 3.0, 4.24708474678558989268e+00},        {0.5, 40.0, 4.24289361978718417845e+01},
    {1.7, 1e-08, 1.62614710456599745985e-14},      {1.7, 0.9, 3.78729786312094141021e-01},
    {1.7, 2.8, 1.77597807298012777544e+00},        {1.7, 20.0, 1.77732559470217950093e+01},
    {1.7, 600.0, 5.95425176138697793249e+02},      {2.0, 1e-06, 4.99999666666916577271e-13},
    {2.0, 1.0, 3.06852819440054713773e-01},        {2.0, 1.3, 4.67090877064895992898e-01},
    {2.0, 7.0, 4.92055845832016380825e+00},        {2.0, 700.0, 6.93447492112965392153e+02},
    {5.5, 0.01, 3.44434084343781744808e-14},       {5.5, 3.0, 1.35402567062989975799e-01},
    {5.5, 6.0, 1.01158205543498636025e+00},        {5.5, 25.0, 1.42840108281570312698e+01},
    {5.5, 500.0, 4.75983055034130870808e+02},      {7.0, 0.1, 1.81800560689017689987e-11},
    {7.0, 4.1, 1.29370635503012532119e-01},        {7.0, 4.3, 1.55730277990613313888e-01},
    {7.0, 30.0, 1.59583655363929395321e+01},       {16.0, 0.5, 4.55718016751240307035e-19},
    {16.0, 9.5, 3.40460490835312185043e-02},       {16.0, 9.7, 3.98742431171578148863e-02},
    {16.0, 60.0, 2.62034047129862486258e+01},      {33.3, 5.0, 5.96373856599568141363e-17},
    {33.3, 30.0, 3.52111815339710032546e-01},      {33.3, 36.0, 1.19107685506504057393e+00},
    {33.3, 100.0, 3.34733816332160571960e+01},     {33.3, 600.0, 4.75927659019505199467e+02},
    {60.5, 0.0078125, 4.9946982335085429046e-211}, {250.0, 100.0, 1.90948941616228270745e-36},
    {250.0, 240.0, 3.11496832601201978363e-01},    {250.0, 252.0, 8.17629072179426152900e-01},
    {250.0, 400.0, 3.56854217217802940354e+01},    {250.0, 900.0, 3.34404174576130742480e+02},
    {1000.0, 300.0, 2.41492014829678557726e-221},  {1000.0, 900.0, 5.50053517414344768192e-04},
    {1000.0, 968.7, 1.75723061811414643651e-01},   {1000.0, 1000.0, 7.01593236645972506693e-01},
    {1000.0, 1002.0, 7.53730873727211481139e-01},  {1000.0, 1500.0, 9.82205681833646195855e+01},
    {1000.0, 2600.0, 6.49332471796339177672e+02}};

static void gamma_known_answers(void **state)
{
    (void)state;
    struct worst direct = {0, 0}, back = {0, 0};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        double a = known[i][0], x = known[i][1], h = known[i][2];
        note(&direct, kith_gamma_cumhaz(kith_gamma_of(a), x) / h - 1, a);
        /* x goes like h^(1/a) for small h: the last bit of h alone is 1/a last bits of x. */
        note(&back, (kith_gamma_cumhaz_inverse(kith_gamma_of(a), h) / x - 1) * fmin(1, a), a);
    }
    report("gamma_cumhaz", direct, 1e-12);
    report("gamma_cumhaz_inverse", back, 1e-12);
}

static const double shapes[] = {0.01, 0.05, 0.2, 0.5, 0.9,  1,  1.1, 1.5, 2,   3,   3.7, 5,   8,
                                9.3,  12,   15,  16,  16.5, 17, 30,  60,  100, 250, 500, 1000};
enum { N_SHAPES = sizeof shapes / sizeof shapes[0] };

/* GSL and kith differ by up to 4e-13 for the largest shapes; the known answers above are the sharper test. */
static void gamma_against_gsl(void **state)
{
    (void)state;
    struct worst w = {0, 0};
    for (int j = 0; j < N_SHAPES; j++)
        for (uint64_t i = 0; i < 2000; i++) {
            double a = shapes[j], x = over_decades(12, i, 1e-3, 1) * (3 * a + 100);
            double p = gsl_cdf_gamma_P(x, a, 1), q = gsl_cdf_gamma_Q(x, a, 1);
            if (p > 1e-290 && q > 1e-290)
                note(&w, kith_gamma_cumhaz(kith_gamma_of(a), x) / (p < 0.5 ? -log1p(-p) : -log(q)) - 1, a);
        }
    report("gamma_cumhaz against GSL", w, 1e-12);
}

static void gamma_inverse_is_inverse(void **state)
{
    (void)state;
    struct worst w = {0, 0};
    for (int j = 0; j < N_SHAPES; j++)
        for (uint64_t i = 0; i < 2000; i++) {
            double a = shapes[j], h = i % 2 ? over_decades(13, i, 1e-15, 700) : over_decades(14, i, 0.01, 40);
            double x = kith_gamma_cumhaz_inverse(kith_gamma_of(a), h);
            if (x > 1e-290)
                note(&w, kith_gamma_cumhaz(kith_gamma_of(a), x) / h - 1, a);
            else
                assert_true(a < 0.2 && x >= 0);
        }
    report("gamma_cumhaz_inverse and back", w, 1e-12);
}

/* Beyond the documented range it must still end and not fall. */
static void gamma_inverse_rises(void **state)
{
    (void)state;
    for (int j = 0; j < N_SHAPES; j++) {
        double last = 0;
        for (int i = 0; i < 3000; i++) {
            double x = kith_gamma_cumhaz_inverse(kith_gamma_of(shapes[j]), kith_exp(-690 + i * 0.24));
            assert_true(x >= last * (1 - 1e-12) && x < INFINITY);
            last = x;
        }
        assert_true(kith_gamma_cumhaz_inverse(kith_gamma_of(shapes[j]), 0) == 0);
        assert_true(kith_gamma_cumhaz_inverse(kith_gamma_of(shapes[j]), INFINITY) == INFINITY);
        assert_true(kith_gamma_cumhaz(kith_gamma_of(shapes[j]), 0) == 0);
        assert_true(kith_gamma_cumhaz(kith_gamma_of(shapes[j]), INFINITY) == INFINITY);
    }
}

static uint64_t fnv(uint64_t hash, double x)
{
    uint64_t bits = kith_real_bits(x);
    for (int i = 0; i < 64; i += 8)
        hash = (hash ^ (bits >> i & 255)) * 1099511628211u;
    return hash;
}

/* As in test_real.c: for every compiler, flag and CPU. */
static void bits_are_the_same_everywhere(void **state)
{
    (void)state;
    uint64_t hash = 14695981039346656037u;
    for (uint64_t i = 0; i < 20000; i++) {
        double a = shapes[i % N_SHAPES], h = over_decades(15, i, 1e-12, 60);
        hash = fnv(hash, kith_lgamma(over_decades(16, i, 1e-5, 1e5)));
        hash = fnv(hash, kith_log_erfc(within(17, i, -6, 30)));
        hash = fnv(hash, kith_normal_quantile(within(18, i, 0, 1)));
        hash = fnv(hash, kith_normal_cumhaz_inverse(h));
        hash = fnv(hash, kith_gamma_cumhaz_inverse(kith_gamma_of(a), h));
        hash = fnv(hash, kith_gamma_cumhaz(kith_gamma_of(a), h * (a + 1)));
    }
    print_message("             checksum 0x%016llx\n", (unsigned long long)hash);
    assert_int_equal(hash, 0x9cad7badef0381cfu);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(lgamma_error),
                                       cmocka_unit_test(log_erfc_error),
                                       cmocka_unit_test(normal_quantile_error),
                                       cmocka_unit_test(normal_cumhaz_error),
                                       cmocka_unit_test(gamma_known_answers),
                                       cmocka_unit_test(gamma_against_gsl),
                                       cmocka_unit_test(gamma_inverse_is_inverse),
                                       cmocka_unit_test(gamma_inverse_rises),
                                       cmocka_unit_test(bits_are_the_same_everywhere)};
    return cmocka_run_group_tests_name("rng/special", tests, NULL, NULL);
}
