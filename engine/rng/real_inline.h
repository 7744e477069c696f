/* The inlined part of real.h: exp, log and pow, which the event loop calls at every event. Include real.h.
 *
 * The method is table-driven reduction (P.T.P. Tang, "Table-driven implementation of the logarithm function
 * in IEEE floating-point arithmetic", ACM TOMS 16, 1990, and "... exponential function ...", TOMS 15, 1989)
 * with exact splitting in the place of a fused multiply-add (T.J. Dekker, "A floating-point technique for
 * extending the available precision", Numerische Mathematik 18, 1971). Every sum below is in the order in
 * which it was analysed: do not reorder, and never compile with contraction or -ffast-math. */
#ifndef KITH_RNG_REAL_INLINE_H
#define KITH_RNG_REAL_INLINE_H

#include <stdint.h>
#include <string.h>

#include "real_table.h"

struct kith_real_log_cell {
    _Alignas(32) double inv_c; /* rows of four doubles: none lies in two lines of the cache, and lanes.h reads all four */
    double log_hi, log_lo;
};
struct kith_real_exp_cell {
    double hi, lo; /* 2^(i/128) = hi (1 + lo) */
};
extern const struct kith_real_log_cell kith_real_log_table[128];
extern const struct kith_real_exp_cell kith_real_exp_table[128];

/* An unevaluated sum of two doubles, lo much smaller than hi. */
struct kith_real_pair {
    double hi, lo;
};

/* The rare arguments: zero, negative, subnormal, infinite, NaN, and results near or over the ends. */
double kith_real_exp_rare(double x);
double kith_real_log_rare(double x);
double kith_real_pow_rare(double x, double y);

/* The bits of a double, and the double of some bits. */
static inline uint64_t kith_real_bits(double x)
{
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

/* The inverse of kith_real_bits. */
static inline double kith_real_from_bits(uint64_t bits)
{
    double x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* x, positive and normal, is 2^k m with m in [0.709, 1.418). With inv_c, which has 10 bits and is near 1/m,
 * m inv_c - 1 = big + small, where both are exact: big is a multiple of 2^-33 under 2^-7.49, so that its
 * square is exact as well, and |small| <= 2^-24. Then log x = whole + rest + log(1 + big + small), where
 * whole (a multiple of 2^-42) is exact. In the cell around 1 whole = rest = 0 if k = 0. */
struct kith_real_reduced {
    double whole, rest, big, small;
};

static inline struct kith_real_reduced kith_real_reduce(uint64_t bits)
{
    uint64_t from_start = bits - 0x3fe6b00000000000u; /* where the cells start: scripts/make_real_table.py */
    const struct kith_real_log_cell *cell = &kith_real_log_table[(from_start >> 45) & 127];
    uint64_t exponent = from_start & 0xfff0000000000000u;
    double k = (double)((int64_t)exponent / ((int64_t)1 << 52));
    uint64_t m_bits = bits - exponent;
    double m = kith_real_from_bits(m_bits);
    /* Rounded, not cut: so that big is 0, and not the opposite of small, just below 1. */
    double m_big = kith_real_from_bits((m_bits + ((uint64_t)1 << 28)) & ~(((uint64_t)1 << 29) - 1));
    struct kith_real_reduced r;
    r.big = m_big * cell->inv_c - 1.0;
    r.small = (m - m_big) * cell->inv_c;
    r.whole = k * KITH_REAL_LN2_HI + cell->log_hi;
    r.rest = k * KITH_REAL_LN2_LO + cell->log_lo;
    return r;
}

/* (log(1 + r) - r + r^2/2) / r^3, by its series: what is left out is below 2^-70 of r. */
static inline double kith_real_log_tail(double r)
{
    double r2 = r * r;
    double low = (1.0 / 3 - r * 0.25) + r2 * (0.2 - r * (1.0 / 6));
    double high = (1.0 / 7 - r * 0.125) + r2 * (1.0 / 9);
    return low + (r2 * r2) * high;
}

/* log x for positive normal x, relative error below 2^-64. Each partial sum is larger than what is added to
 * it, or zero, so the two-operation error term of Dekker's Fast2Sum is exact. */
static inline struct kith_real_pair kith_real_log_pair(uint64_t bits)
{
    struct kith_real_reduced t = kith_real_reduce(bits);
    double r = t.big + t.small;
    double half_square = 0.5 * (t.big * t.big); /* exact */
    double a = t.whole + t.big;
    double a_left = (t.whole - a) + t.big;
    double b = a - half_square;
    double b_left = (a - b) - half_square;
    double c = b + t.small;
    double c_left = (b - c) + t.small;
    double tail = (r * r) * (r * kith_real_log_tail(r));
    double left = (a_left + b_left) + (c_left + t.rest);
    left = left + (tail - 0.5 * (t.small * (t.big + r)));
    struct kith_real_pair y;
    y.hi = c + left;
    y.lo = (c - y.hi) + left;
    return y;
}

static inline double kith_log(double x)
{
    uint64_t bits = kith_real_bits(x);
    if (__builtin_expect(bits - 0x0010000000000000u >= 0x7fe0000000000000u, 0))
        return kith_real_log_rare(x);
    struct kith_real_reduced t = kith_real_reduce(bits);
    double r = t.big + t.small;
    double r_left = (t.big - r) + t.small; /* 0 in the cell around 1 */
    double a = t.whole + r;
    double a_left = ((t.whole - a) + r) + (r_left + t.rest);
    double r2 = r * r;
    return a + (a_left + r2 * (r * kith_real_log_tail(r) - 0.5));
}

/* exp(x) = 2^(k/128) e^r with |r| <= log(2)/256: *k, and r. |x| < 746. */
static inline double kith_real_exp_reduce(double x, double x_lo, int64_t *k)
{
    /* 1.5 * 2^52 leaves the nearest integer in the low bits of the sum. */
    double shifted = x * KITH_REAL_STEPS + 0x1.8p52;
    double steps = shifted - 0x1.8p52;
    *k = (int64_t)(kith_real_bits(shifted) & 0xfffffffffffffu) - ((int64_t)1 << 51);
    return (x - steps * KITH_REAL_STEP_HI) + (x_lo - steps * KITH_REAL_STEP_LO);
}

/* e^r - 1 for |r| <= log(2)/256 by its series; absolute error 2^-60. */
static inline double kith_real_exp_tail(double r)
{
    double r2 = r * r;
    return r + r2 * ((0.5 + r * (1.0 / 6)) + r2 * (1.0 / 24 + r * (1.0 / 120)));
}

/* exp(x + x_lo), 2^-60 <= |x| < 690 */
static inline double kith_real_exp_pair(double x, double x_lo)
{
    int64_t k;
    double r = kith_real_exp_reduce(x, x_lo, &k);
    const struct kith_real_exp_cell *cell = &kith_real_exp_table[k & 127];
    /* Adding k - (k & 127) = 128 q, moved left by 45, adds q to the exponent. */
    double scaled = kith_real_from_bits(kith_real_bits(cell->hi) + ((uint64_t)(k - (k & 127)) << 45));
    return scaled + scaled * (cell->lo + kith_real_exp_tail(r));
}

/* True where 2^-60 <= |x| < 690: no end of the range is near (nor a subnormal product), nor NaN. */
static inline int kith_real_exp_is_common(double x)
{
    uint64_t size = kith_real_bits(x) & 0x7fffffffffffffffu;
    return size - 0x3c30000000000000u < 0x4085900000000000u - 0x3c30000000000000u;
}

/* See real.h. */
static inline double kith_exp(double x)
{
    if (__builtin_expect(!kith_real_exp_is_common(x), 0))
        return kith_real_exp_rare(x);
    return kith_real_exp_pair(x, 0.0);
}

/* See real.h. */
static inline double kith_pow(double x, double y)
{
    uint64_t bits = kith_real_bits(x);
    if (__builtin_expect(bits - 0x0010000000000000u >= 0x7fe0000000000000u, 0))
        return kith_real_pow_rare(x, y);
    struct kith_real_pair l = kith_real_log_pair(bits);
    double e = y * l.hi;
    if (__builtin_expect(!kith_real_exp_is_common(e), 0))
        return kith_real_pow_rare(x, y);
    /* Dekker's product: 26-bit halves, whose products are exact (the last one nearly). */
    double y_big = kith_real_from_bits(kith_real_bits(y) & ~(uint64_t)0x7ffffff);
    double l_big = kith_real_from_bits(kith_real_bits(l.hi) & ~(uint64_t)0x7ffffff);
    double y_small = y - y_big, l_small = l.hi - l_big;
    double e_lo = ((y_big * l_big - e) + y_big * l_small) + y_small * l_big;
    e_lo = (e_lo + y_small * l_small) + y * l.lo;
    return kith_real_exp_pair(e, e_lo);
}

#endif
