#include "real.h"

#include <math.h>

const struct kith_real_log_cell kith_real_log_table[128] = {KITH_REAL_LOG_ROWS};
const struct kith_real_exp_cell kith_real_exp_table[128] = {KITH_REAL_EXP_ROWS};

double kith_real_log_rare(double x)
{
    if (x == 0)
        return -INFINITY;
    if (!(x > 0))
        return NAN;
    if (x == INFINITY)
        return x;
    /* subnormal: log(x 2^52) - 52 log 2, summed as a pair */
    struct kith_real_pair y = kith_real_log_pair(kith_real_bits(x * 0x1p52));
    return (y.hi - 52 * KITH_REAL_LN2_HI) + (y.lo - 52 * KITH_REAL_LN2_LO);
}

/* exp(x + x_lo) where the result may leave the normal range, or x is tiny. */
static double exp_rare(double x, double x_lo)
{
    if (isnan(x))
        return NAN;
    if (x > 709.8)
        return INFINITY;
    if (x < -745.2)
        return 0;
    if (x > -0x1p-60 && x < 0x1p-60)
        return 1.0 + x;
    /* At half the scale and half of it again, so that the table's entry stays normal; one more rounding if
     * the result is subnormal. */
    int64_t k;
    double r = kith_real_exp_reduce(x, x_lo, &k);
    const struct kith_real_exp_cell *cell = &kith_real_exp_table[k & 127];
    int64_t q = (k - (k & 127)) / 128;
    double scale = kith_real_from_bits((uint64_t)(q - q / 2 + 1023) << 52);
    double scaled = cell->hi * kith_real_from_bits((uint64_t)(q / 2 + 1023) << 52);
    return (scaled + scaled * (cell->lo + kith_real_exp_tail(r))) * scale;
}

double kith_real_exp_rare(double x)
{
    return exp_rare(x, 0.0);
}

/* pow where x is 0, infinite or not a number, or y log x is not a number. */
static double pow_special(double x, double y)
{
    if (x < 0)
        return NAN;
    if (y == 0 || x == 1)
        return 1;
    if (isnan(x) || isnan(y))
        return NAN;
    if (y == INFINITY || y == -INFINITY)
        return (x > 1) == (y > 0) ? INFINITY : 0;
    return (x == 0) == (y > 0) ? 0 : INFINITY;
}

double kith_real_pow_rare(double x, double y)
{
    if (!(x > 0) || x == INFINITY || x == 1 || !(y > -INFINITY && y < INFINITY) || y == 0)
        return pow_special(x, y);
    struct kith_real_pair l;
    if (x < 0x1p-1022) {
        l = kith_real_log_pair(kith_real_bits(x * 0x1p52));
        double hi = l.hi - 52 * KITH_REAL_LN2_HI; /* l.hi is the smaller one: under 36.05 */
        l.lo = ((-52 * KITH_REAL_LN2_HI - hi) + l.hi) + (l.lo - 52 * KITH_REAL_LN2_LO);
        l.hi = hi;
    } else {
        l = kith_real_log_pair(kith_real_bits(x));
    }
    double e = y * l.hi;
    if (!(e > -750 && e < 750))
        return e > 0 ? INFINITY : 0;
    if (e > -0x1p-60 && e < 0x1p-60)
        return 1.0 + e;
    double y_big = kith_real_from_bits(kith_real_bits(y) & ~(uint64_t)0x7ffffff);
    double l_big = kith_real_from_bits(kith_real_bits(l.hi) & ~(uint64_t)0x7ffffff);
    double y_small = y - y_big, l_small = l.hi - l_big;
    double e_lo = ((y_big * l_big - e) + y_big * l_small) + y_small * l_big;
    return exp_rare(e, (e_lo + y_small * l_small) + y * l.lo);
}

double kith_expm1(double x)
{
    if (!(x > -40 && x < 690)) {
        if (isnan(x))
            return NAN;
        return x < 0 ? -1 : kith_exp(x);
    }
    if (x > -0x1p-6 && x < 0x1p-6) { /* the series; its terms after x count for little */
        double x2 = x * x;
        double high = (1.0 / 720 + x * (1.0 / 5040)) + x2 * (1.0 / 40320 + x * (1.0 / 362880));
        double low = (0.5 + x * (1.0 / 6)) + x2 * (1.0 / 24 + x * (1.0 / 120));
        return x + x2 * (low + (x2 * x2) * high);
    }
    int64_t k;
    double r = kith_real_exp_reduce(x, 0.0, &k);
    const struct kith_real_exp_cell *cell = &kith_real_exp_table[k & 127];
    double scale = kith_real_from_bits((uint64_t)((k - (k & 127)) / 128 + 1023) << 52);
    double hi = cell->hi * scale;
    /* hi - 1 is exact up to 2 (Sterbenz); from there on a rounding error of it is one of the result. */
    return (hi - 1) + (hi * cell->lo + hi * kith_real_exp_tail(r));
}

double kith_log1p(double x)
{
    if (!(x > -1 && x < INFINITY))
        return x == -1 ? -INFINITY : x > 0 ? x : NAN;
    /* log(1 + x) = log(u) + log(1 + left/u), where u + left = 1 + x exactly (Knuth's TwoSum); the square of
     * left/u is below 2^-106. */
    double u = 1 + x;
    double back = u - x;
    double left = (1 - back) + (x - (u - back));
    struct kith_real_pair y = kith_real_log_pair(kith_real_bits(u));
    return y.hi + (y.lo + left / u);
}
