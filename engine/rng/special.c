/* Special functions of real.h, on top of its exp and log only, so that their bits are the same everywhere
 * too. Loops end by a test on values that are the same everywhere, and have a fixed limit. */
#include <math.h>

#include "real.h"

#define HALF_LOG_2_PI 0.91893853320467274178
#define LOG_2 0.69314718055994530942
#define TWO_BY_SQRT_PI 1.1283791670955125739

/* log Gamma(x) - [(x - 1/2) log x - x + log(2 pi)/2] for x >= 8: Stirling's series (DLMF 5.11.1); the first
 * term left out is below 1e-16 there. */
static double stirling_rest(double x)
{
    double y = 1 / x, y2 = y * y;
    double s = 1.0 / 156 - y2 * (3617.0 / 122400);
    s = 1.0 / 1188 - y2 * (691.0 / 360360 - y2 * s);
    s = 1.0 / 1260 - y2 * (1.0 / 1680 - y2 * s);
    return y * (1.0 / 12 - y2 * (1.0 / 360 - y2 * s));
}

double kith_lgamma(double x)
{
    if (!(x > 0))
        return x == 0 ? INFINITY : NAN;
    if (x == INFINITY)
        return x;
    double product = 1; /* Gamma(x) = Gamma(x + n) / (x (x + 1) ... (x + n - 1)) */
    while (x < 8) {
        product *= x;
        x += 1;
    }
    double big = ((x - 0.5) * kith_log(x) - x) + (HALF_LOG_2_PI + stirling_rest(x));
    return product == 1 ? big : big - kith_log(product);
}

/* m - log(1 + m) with 1 + m = x / a > 0, without cancellation near x = a: with t = m / (2 + m), log(1 + m) =
 * 2 artanh t = 2 t + 2 t^3 (1/3 + t^2/5 + ...), and m - 2 t = m t. */
static double relative_excess(double x, double a)
{
    double m = (x - a) / a;
    if (m < -0.3 || m > 0.4)
        return m - kith_log(x / a);
    double t = m / (2 + m), t2 = t * t;
    double s = 0; /* |t| < 0.18: eleven terms reach 2e-17 of the first */
    for (int k = 23; k >= 3; k -= 2)
        s = s * t2 + 1.0 / k;
    return m * t - 2 * t * t2 * s;
}

struct kith_gamma kith_gamma_of(double a)
{
    return (struct kith_gamma){a, kith_lgamma(a + 1)};
}

/* a, if it is a whole number up to 16; else 0. */
static int order_of(double a)
{
    return a <= 16 && (double)(int)a == a ? (int)a : 0;
}

/* log(x^a e^-x / Gamma(a + 1)). For large a in Temme's form (DLMF 8.12), where nothing cancels near x = a. */
static double log_front(const struct kith_gamma *g, double x)
{
    if (g->a < 8)
        return (g->a * kith_log(x) - x) - g->log_gamma_1;
    return -g->a * relative_excess(x, g->a) - (0.5 * kith_log(g->a) + (HALF_LOG_2_PI + stirling_rest(g->a)));
}

/* Sum of x^k / ((a + 1) ... (a + k)), k = 0, 1, ... (DLMF 8.11.4), on a common denominator: one division in
 * all instead of one a term. */
static double lower_series(double a, double x)
{
    double sum = 1, below = 1, power = 1;
    for (double k = 1; k < 4000; k += 4) {
        for (int i = 0; i < 4; i++) {
            double factor = a + (k + i);
            power *= x;
            sum = sum * factor + power;
            below *= factor;
        }
        if (power < 0x1p-56 * sum && x < a + k + 3)
            break;
        if (sum > 0x1p500) {
            sum *= 0x1p-500;
            below *= 0x1p-500;
            power *= 0x1p-500;
        }
    }
    return sum / below;
}

/* Legendre's continued fraction for Gamma(a, x) / (x^a e^-x) (DLMF 8.9.2), x > a + 1, by the forward
 * recurrence; numerator and denominator are scaled together. */
static double upper_fraction(double a, double x)
{
    double num = 1, num_old = 0; /* of the convergent */
    double den = x + 1 - a, den_old = 1;
    for (double n = 1; n < 4000; n += 1) {
        double above = n * (a - n), beside = x + 2 * n + 1 - a;
        double num_new = beside * num + above * num_old;
        double den_new = beside * den + above * den_old;
        num_old = num, num = num_new;
        den_old = den, den = den_new;
        double left = num * den_old, right = num_old * den;
        if (fabs(left - right) <= 0x1p-51 * fabs(left))
            break;
        if (den > 0x1p400) {
            num *= 0x1p-400, num_old *= 0x1p-400;
            den *= 0x1p-400, den_old *= 0x1p-400;
        }
    }
    return num / den;
}

/* H = -log Q(a, x), and x times the hazard, x > 0. */
static double gamma_eval(const struct kith_gamma *g, double x, double *x_hazard)
{
    double a = g->a;
    int order = order_of(a);
    if (order > 0 && x > 0.6 * a) { /* e^x Q is a polynomial */
        double term = 1, sum = 1;
        for (int k = 1; k < order; k++) {
            term *= x / k;
            sum += term;
        }
        *x_hazard = x * (term / sum);
        return x - kith_log(sum);
    }
    double front = log_front(g, x);
    if (x < a + 1 || x < 2) {
        double density = kith_exp(front);
        double p = density * lower_series(a, x);
        *x_hazard = a * density / (1 - p);
        return -kith_log1p(-p);
    }
    double fraction = upper_fraction(a, x);
    *x_hazard = 1 / fraction;
    return -(front + kith_log(a * fraction));
}

double kith_gamma_cumhaz(struct kith_gamma g, double x)
{
    double x_hazard;
    if (!(x > 0) || x == INFINITY)
        return x >= 0 ? x : NAN;
    if (g.a == 1)
        return x;
    return gamma_eval(&g, x, &x_hazard);
}

/* Upper normal quantile by a rational function of sqrt(2 h), |error| < 4.5e-4 (Abramowitz and
 * Stegun 26.2.23): for a start only. h is -log of the smaller tail. */
static double rough_normal(double h)
{
    double t = sqrt(2 * h);
    return t -
           (2.515517 + t * (0.802853 + t * 0.010328)) / (1 + t * (1.432788 + t * (0.189269 + t * 0.001308)));
}

/* A start in the upper tail: x with x - a log x + log Gamma(a) + log(x + 1 - a) = h, the first convergent of
 * the fraction above, by three steps of Newton. */
static double gamma_tail_start(const struct kith_gamma *g, double h)
{
    double a = g->a, log_gamma = g->log_gamma_1 - kith_log(a);
    double least = a + 1 > 1.5 ? a + 1 : 1.5;
    double x = h + a > least ? h + a : least;
    for (int i = 0; i < 3; i++) {
        double rest = x + 1 - a;
        double f = (x - h) - a * kith_log(x) + log_gamma + kith_log(rest);
        x -= f / (1 - a / x + 1 / rest);
        if (!(x > least))
            x = least;
    }
    return x;
}

/* A start. *done says that it is exact to the last bits already. */
static double gamma_start(const struct kith_gamma *g, double h, int *done)
{
    double a = g->a, log_p = h < 36 ? kith_log(-kith_expm1(-h)) : 0;
    /* Small P: the inverse of the power series in w = (P Gamma(a + 1))^(1/a) (A.R. DiDonato and A.H. Morris,
     * "Computation of the incomplete gamma function ratios and their inverse", ACM TOMS 12, 1986). */
    double w = kith_exp((log_p + g->log_gamma_1) / a);
    double v = w / (a + 1);
    *done = v < 1e-4;
    if (v < 0.25) {
        double c3 = (3 * a + 5) / (2 * (a + 2));
        double c4 = (8 * a * a + 33 * a + 31) / (3 * (a + 2) * (a + 3));
        return w * (1 + v * (1 + v * (c3 + v * c4)));
    }
    if (a < 1 || h > 1 + a)
        return gamma_tail_start(g, h);
    double z = h > LOG_2 ? rough_normal(h) : -rough_normal(-log_p); /* Wilson and Hilferty, 1931 */
    double root = (1 - 1 / (9 * a)) + z / (3 * sqrt(a));
    return root > 0.1 ? a * root * root * root : 0.1 * a;
}

/* Halley's iteration on log H as a function of log x, which is nearly straight at both ends, kept inside a
 * bracket. With g = log H: g' = x hazard / H, g''/g' = a - x + x hazard (1 - 1/H). */
double kith_gamma_cumhaz_inverse(struct kith_gamma g, double h)
{
    double a = g.a;
    if (!(h > 0) || h == INFINITY)
        return h >= 0 ? h : NAN;
    if (a == 1)
        return h;
    int done;
    double x = gamma_start(&g, h, &done), low = 0, high = INFINITY;
    /* The error that a step leaves is of the order of its cube times a. */
    double enough = 1e-5 / (1 + 0.1 * a);
    for (int i = 0; i < 100 && !done; i++) {
        double x_hazard, H = gamma_eval(&g, x, &x_hazard);
        if (H > h)
            high = x;
        else
            low = x;
        double newton = kith_log1p((H - h) / h) * H / x_hazard;
        double bend = a - x + x_hazard * (1 - 1 / H);
        double damp = 1 - 0.5 * newton * bend;
        double step = newton / (damp > 0.5 ? damp < 2 ? damp : 2 : 0.5);
        double next = x * kith_exp(-step);
        done = fabs(step) < enough;
        if (!(next > low && next < high) && !done)
            next = high == INFINITY ? 2 * low : low > 0 ? sqrt(low) * sqrt(high) : high / 16;
        x = next;
    }
    return x;
}

double kith_log_erfc(double x)
{
    if (isnan(x))
        return x;
    if (fabs(x) < 1e-9) /* erf x = 2 x / sqrt(pi) to the last bit; log(1 - u) = -u - u^2/2 */
        return -TWO_BY_SQRT_PI * x * (1 + 0.5 * TWO_BY_SQRT_PI * x);
    double h = kith_gamma_cumhaz(kith_gamma_of(0.5), x * x); /* erfc |x| = Q(1/2, x^2): DLMF 7.11.2 */
    return x > 0 ? -h : kith_log1p(-kith_expm1(-h));
}

double kith_normal_cumhaz(double z)
{
    if (isnan(z))
        return z;
    double h = kith_gamma_cumhaz(kith_gamma_of(0.5), 0.5 * z * z);
    return z > 0 ? LOG_2 + h : -kith_log1p(-0.5 * kith_exp(-h));
}

/* The three rational functions of M.J. Wichura, "Algorithm AS 241: The percentage points of the normal
 * distribution", Applied Statistics 37 (1988), 477-484: about 16 digits. */
static double ratio(const double num[8], const double den[8], double x)
{
    double above = num[7], below = den[7];
    for (int i = 6; i >= 0; i--) {
        above = above * x + num[i];
        below = below * x + den[i];
    }
    return above / below;
}

/* q = P - 1/2, |q| <= 0.425 */
static double normal_centre(double q)
{
    static const double num[8] = {3.3871328727963666080e0, 1.3314166789178437745e2, 1.9715909503065514427e3,
                                  1.3731693765509461125e4, 4.5921953931549871457e4, 6.7265770927008700853e4,
                                  3.3430575583588128105e4, 2.5090809287301226727e3};
    static const double den[8] = {1.0,
                                  4.2313330701600911252e1,
                                  6.8718700749205790830e2,
                                  5.3941960214247511077e3,
                                  2.1213794301586595867e4,
                                  3.9307895800092710610e4,
                                  2.8729085735721942674e4,
                                  5.2264952788528545610e3};
    return q * ratio(num, den, 0.180625 - q * q);
}

/* z > 38 with -log of the upper tail = h, from the asymptotic series (DLMF 7.12.1) by Newton. */
static double normal_far(double h)
{
    double z = sqrt(2 * h - kith_log(h) - 2 * HALF_LOG_2_PI);
    if (!(z < 1e150)) /* the logarithm below is lost in h */
        return sqrt(2 * h);
    for (int i = 0; i < 4; i++) {
        double v = 1 / (z * z);
        double f =
            0.5 * z * z + kith_log(z) + HALF_LOG_2_PI - kith_log1p(-v * (1 - v * (3 - v * (15 - v * 105))));
        z -= (f - h) / (z + 1 / z);
    }
    return z;
}

/* z > 1.4 with -log of the upper tail = h */
static double normal_tail(double h)
{
    static const double near_num[8] = {1.42343711074968357734e0,  4.63033784615654529590e0,
                                       5.76949722146069140550e0,  3.64784832476320460504e0,
                                       1.27045825245236838258e0,  2.41780725177450611770e-1,
                                       2.27238449892691845833e-2, 7.74545014278341407640e-4};
    static const double near_den[8] = {1.0,
                                       2.05319162663775882187e0,
                                       1.67638483018380384940e0,
                                       6.89767334985100004550e-1,
                                       1.48103976427480074590e-1,
                                       1.51986665636164571966e-2,
                                       5.47593808499534494600e-4,
                                       1.05075007164441684324e-9};
    static const double far_num[8] = {6.65790464350110377720e0,  5.46378491116411436990e0,
                                      1.78482653991729133580e0,  2.96560571828504891230e-1,
                                      2.65321895265761230930e-2, 1.24266094738807843860e-3,
                                      2.71155556874348757815e-5, 2.01033439929228813265e-7};
    static const double far_den[8] = {1.0,
                                      5.99832206555887937690e-1,
                                      1.36929880922735805310e-1,
                                      1.48753612908506148525e-2,
                                      7.86869131145613259100e-4,
                                      1.84631831751005468180e-5,
                                      1.42151175831644588870e-7,
                                      2.04426310338993978564e-15};
    double r = sqrt(h);
    if (r <= 5)
        return ratio(near_num, near_den, r - 1.6);
    if (r <= 27)
        return ratio(far_num, far_den, r - 5);
    return normal_far(h);
}

double kith_normal_quantile(double p)
{
    if (!(p > 0 && p < 1))
        return p == 0 ? -INFINITY : p == 1 ? INFINITY : NAN;
    if (fabs(p - 0.5) <= 0.425)
        return normal_centre(p - 0.5);
    return p < 0.5 ? -normal_tail(-kith_log(p)) : normal_tail(-kith_log(1 - p));
}

double kith_normal_cumhaz_inverse(double h)
{
    if (!(h > 0) || h == INFINITY)
        return h == 0 ? -INFINITY : h > 0 ? h : NAN;
    if (h > 2.6) /* upper tail below 0.0743 */
        return normal_tail(h);
    double p = -kith_expm1(-h);
    return p < 0.075 ? -normal_tail(-kith_log(p)) : normal_centre(p - 0.5);
}
