#include "student.h"

#include <math.h>
#include <stdbool.h>

#define PI 3.14159265358979323846
/* From here on the expansion is more exact than the sum is long. */
#define LARGE_DF 1000

/* P(|T| <= t) for a whole number of degrees of freedom: the finite sums of Abramowitz and Stegun, Handbook of
 * Mathematical Functions (1964), 26.7.3 (odd) and 26.7.4 (even). */
static double central_probability(double t, int64_t df)
{
    double angle = atan(t / sqrt((double)df));
    double c = cos(angle), s = sin(angle);
    if (df == 1)
        return 2 * angle / PI;
    bool odd = df % 2 == 1;
    double term = odd ? c : 1, sum = term;
    for (int64_t k = odd ? 3 : 2; k < df; k += 2) {
        term *= (double)(k - 1) / (double)k * c * c;
        sum += term;
    }
    return odd ? 2 / PI * (angle + s * sum) : s * sum;
}

static double log_density(double t, double df)
{
    return lgamma((df + 1) / 2) - lgamma(df / 2) - 0.5 * log(df * PI) - (df + 1) / 2 * log1p(t * t / df);
}

/* The normal quantile for q > 0.5, by Newton's method on erfc, which is exact in the tail. */
static double normal_quantile(double q)
{
    double tail = 1 - q;
    double z = sqrt(-2 * log(tail < 0.5 ? tail : 0.5)); /* above the root */
    for (int i = 0; i < 100; i++) {
        double error = 0.5 * erfc(z / sqrt(2)) - tail;
        double step = error / (exp(-z * z / 2) / sqrt(2 * PI));
        z += step > 1 ? 1 : step < -1 ? -1 : step;
        if (fabs(step) <= 1e-15 * (1 + fabs(z)))
            break;
    }
    return z;
}

/* The expansion of Fisher and Cornish in powers of 1 / df, Abramowitz and Stegun 26.7.5. */
static double expansion(double q, double df)
{
    double z = normal_quantile(q), x = z * z;
    double g1 = (x + 1) / 4;
    double g2 = ((5 * x + 16) * x + 3) / 96;
    double g3 = (((3 * x + 19) * x + 17) * x - 15) / 384;
    double g4 = ((((79 * x + 776) * x + 1482) * x - 1920) * x - 945) / 92160;
    return z * (1 + (g1 + (g2 + (g3 + g4 / df) / df) / df) / df);
}

/* Newton's method kept between two bounds that hold the root. */
static double solve(double q, int64_t df)
{
    double low = 0, high = 1;
    while (central_probability(high, df) < 2 * q - 1 && high < 1e9)
        high *= 2;
    double t = (low + high) / 2;
    for (int i = 0; i < 200; i++) {
        double error = central_probability(t, df) - (2 * q - 1);
        if (error > 0)
            high = t;
        else
            low = t;
        double next = t - error / (2 * exp(log_density(t, (double)df)));
        if (!(next > low && next < high))
            next = (low + high) / 2;
        if (fabs(next - t) <= 1e-14 * next)
            return next;
        t = next;
    }
    return t;
}

/* With one or two degrees of freedom the tails are so heavy that iterating loses digits; both have closed
 * forms. */
static double upper_quantile(double q, int64_t df)
{
    if (df == 1)
        return 1 / tan(PI * (1 - q));
    if (df == 2)
        return (2 * q - 1) * sqrt(1 / (2 * q * (1 - q)));
    return df < LARGE_DF ? solve(q, df) : expansion(q, (double)df);
}

double kith_student_quantile(double p, int64_t df)
{
    if (!(p > 0 && p < 1) || df < 1)
        return NAN;
    if (p == 0.5)
        return 0;
    return p > 0.5 ? upper_quantile(p, df) : -upper_quantile(1 - p, df);
}
