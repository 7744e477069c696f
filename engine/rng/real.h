/* Elementary and special functions whose bits are the same for every compiler, optimisation level and CPU:
 * IEEE 754 double arithmetic in a fixed order, no contraction (-ffp-contract=off), no library call but sqrt
 * and fabs (which IEEE 754 defines exactly). The C library's exp, log and pow differ between versions and
 * instruction sets. Tests compare a checksum of the bits.
 *
 * Error bounds are in units in the last place (ulp) of the exact result, over the whole domain with subnormal
 * results excepted, measured by tests/unit/rng/test_real.c over millions of points, and relative for the
 * special functions (test_special.c). All functions are pure; NaN gives NaN. */
#ifndef KITH_RNG_REAL_H
#define KITH_RNG_REAL_H

#include "real_inline.h" /* exp, log and pow are inlined from there */

/* exp(x); error < 0.52 ulp. 0 below -745.2, infinity above 709.8. */
static inline double kith_exp(double x);
/* Natural logarithm; error < 0.51 ulp. log(0) = -infinity; NaN for x < 0. */
static inline double kith_log(double x);
/* x to the power y for x >= 0; error < 0.52 ulp. pow(0, y) is 0, 1 or infinity for y >, =, < 0; NaN for x <
 * 0. */
static inline double kith_pow(double x, double y);
/* exp(x) - 1 without cancellation; error < 1.2 ulp. */
double kith_expm1(double x);
/* log(1 + x) without cancellation; error < 0.75 ulp. -infinity at -1, NaN below. */
double kith_log1p(double x);

/* log of the gamma function, x > 0; relative error < 1e-14 (absolute where the value is below 1). */
double kith_lgamma(double x);
/* log(erfc(x)), any x; relative error < 1e-13. */
double kith_log_erfc(double x);
/* Standard normal quantile: z with P(Z <= z) = p, 0 < p < 1; relative error < 1e-14. */
double kith_normal_quantile(double p);
/* -log P(Z > z): the cumulative hazard of a standard normal variable, any z; relative error < 1e-12. */
double kith_normal_cumhaz(double z);
/* Inverse: z with -log P(Z > z) = h, h >= 0, without limit; relative error < 1e-13 (absolute near z = 0). */
double kith_normal_cumhaz_inverse(double h);
/* The shape a of a gamma(a, 1) variable, in [0.01, 1000], and log Gamma(a + 1), which all that is asked of it needs. */
struct kith_gamma {
    double a, log_gamma_1;
};
struct kith_gamma kith_gamma_of(double a);
/* -log Q(a, x): its cumulative hazard at x >= 0; relative error < 1e-12. Q is the regularised upper incomplete
 * gamma function (NIST DLMF 8.2.4). */
double kith_gamma_cumhaz(struct kith_gamma g, double x);
/* Inverse: x with -log Q(a, x) = h, h >= 0; relative error < 1e-12 (1e-12 / a for a < 1, where the last bit
 * of h itself counts 1/a times; 0 where x underflows). */
double kith_gamma_cumhaz_inverse(struct kith_gamma g, double h);

#endif
