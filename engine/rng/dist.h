/* Sojourn-time distributions, by their cumulative hazard H(s) and its inverse. A clock with distribution d
 * and unit exponential E fires at sojourn time H^-1(E); a proportional-hazards ratio r makes that H^-1(E /
 * r). */
#ifndef KITH_RNG_DIST_H
#define KITH_RNG_DIST_H

#include <stddef.h>

#include "../base/mem.h"

enum kith_dist_kind {
    KITH_DIST_EXPONENTIAL, /* a = rate. H = a s */
    KITH_DIST_WEIBULL,     /* a = shape, b = scale. H = (s/b)^a */
    KITH_DIST_GOMPERTZ,    /* a = rate at 0, b = growth (either sign, 0 allowed). H = a (e^(b s) - 1) / b */
    KITH_DIST_GAMMA,       /* a = shape, b = scale (mean / shape). H = -log Q(a, s/b) */
    KITH_DIST_LOGNORMAL,   /* a = median, b = sigma of log s. H = -log(1 - Phi(log(s/a)/b)) */
    KITH_DIST_LOGLOGISTIC, /* a = shape, b = scale (median). H = log(1 + (s/b)^a) */
    KITH_DIST_PIECEWISE,   /* x[i] <= s < x[i+1]: hazard y[i]; x[0] = 0; the last goes on for ever */
    KITH_DIST_FIXED,       /* a = delay. H = 0 before, infinite from a on: a ratio does not move it */
    KITH_DIST_TABLE        /* empirical: P(S <= x[i]) = y[i], linear between; y[0] = 0; after x[n-1] never
                              (if y[n-1] < 1) */
};

/* Times are in years, rates per year. Immutable after init, then thread-safe. */
struct kith_dist {
    enum kith_dist_kind kind;
    double a, b;
    double c, d;       /* constants derived from a and b */
    size_t n;          /* knots of PIECEWISE and TABLE */
    double *x, *y, *h; /* knots, and H at each x; owned */
};

/* Checks the values and derives the constants. x and y (n knots, copied) are for PIECEWISE and TABLE, else
 * NULL. a and b are finite and above 0 (GOMPERTZ: b finite; GAMMA: a in [0.01, 1000]); a kind ignores the
 * ones it does not use. Errors: KITH_BAD_SCENARIO with a text that names the value and what would be right
 * (no file or line: the caller adds them); KITH_NO_MEMORY. On error *d is safe to free. */
KITH_MUST_CHECK enum kith_status kith_dist_init(struct kith_dist *d, struct kith_mem *mem,
                                                enum kith_dist_kind kind, double a, double b, size_t n,
                                                const double *x, const double *y, struct kith_error *err);
void kith_dist_free(struct kith_dist *d);

/* H(s), s >= 0 years (may be infinite). Non-decreasing, H(0) = 0. */
double kith_dist_cumhaz(const struct kith_dist *d, double s);
/* The least s with H(s) >= h, h >= 0; INFINITY if there is none (the clock never fires). */
double kith_dist_inverse(const struct kith_dist *d, double h);
/* The s >= s0 with H(s) - H(s0) = h: where a clock that has h left, s0 years into its sojourn, fires. Exact
 * where the plain difference would cancel (exponential, Weibull, Gompertz, piecewise). s0 if h = 0, and if
 * H(s0) is infinite already (a fixed delay or a table that has run out). */
double kith_dist_after(const struct kith_dist *d, double s0, double h);
/* H(s1) - H(s0), 0 <= s0 <= s1, without cancellation where the form allows it; 0 where H(s0) is infinite. */
double kith_dist_between(const struct kith_dist *d, double s0, double s1);
/* Mean in years (INFINITY if there is none); for `describe` and `plan`. */
double kith_dist_mean(const struct kith_dist *d);

#endif
