#include "dist.h"

#include <math.h>
#include <string.h>

#include "real.h"

/* ---- what is allowed ---- */

static enum kith_status bad(struct kith_error *err, const char *text)
{
    return kith_error_set(err, KITH_BAD_SCENARIO, NULL, 0, 0, "%s", text);
}

static enum kith_status need_positive(struct kith_error *err, const char *name, double value)
{
    if (value > 0 && value < INFINITY)
        return KITH_OK;
    return kith_error_set(err, KITH_BAD_SCENARIO, NULL, 0, 0, "%s = %g: must be finite and above 0", name,
                          value);
}

static enum kith_status check_gompertz(double a, double b, struct kith_error *err)
{
    if (!isfinite(b))
        return kith_error_set(err, KITH_BAD_SCENARIO, NULL, 0, 0, "gompertz growth = %g: must be finite", b);
    return need_positive(err, "gompertz rate", a);
}

static enum kith_status check_gamma(double a, double b, struct kith_error *err)
{
    if (!(a >= 0.01 && a <= 1000))
        return kith_error_set(err, KITH_BAD_SCENARIO, NULL, 0, 0,
                              "gamma shape = %g: must be from 0.01 to 1000", a);
    return need_positive(err, "gamma scale", b);
}

static enum kith_status check_two(const char *name_a, double a, const char *name_b, double b,
                                  struct kith_error *err)
{
    enum kith_status status = need_positive(err, name_a, a);
    return status == KITH_OK ? need_positive(err, name_b, b) : status;
}

/* Knots: finite, from 0 up, each above the one before. */
static enum kith_status check_knots(const char *name, size_t n, const double *x, struct kith_error *err)
{
    for (size_t i = 0; i < n; i++) {
        if (!(x[i] >= 0 && x[i] < INFINITY))
            return kith_error_set(err, KITH_BAD_SCENARIO, NULL, 0, 0,
                                  "%s: time %zu = %g: must be finite and not below 0", name, i + 1, x[i]);
        if (i > 0 && !(x[i] > x[i - 1]))
            return kith_error_set(err, KITH_BAD_SCENARIO, NULL, 0, 0,
                                  "%s: time %zu = %g is not above the one before it, %g", name, i + 1, x[i],
                                  x[i - 1]);
    }
    return KITH_OK;
}

static enum kith_status check_piecewise(size_t n, const double *x, const double *y, struct kith_error *err)
{
    if (n < 1 || !x || !y)
        return bad(err, "piecewise: must have at least one piece");
    enum kith_status status = check_knots("piecewise", n, x, err);
    if (status != KITH_OK)
        return status;
    if (x[0] != 0)
        return kith_error_set(err, KITH_BAD_SCENARIO, NULL, 0, 0,
                              "piecewise: the first piece starts at %g: must start at 0", x[0]);
    for (size_t i = 0; i < n; i++)
        if (!(y[i] >= 0 && y[i] < INFINITY))
            return kith_error_set(err, KITH_BAD_SCENARIO, NULL, 0, 0,
                                  "piecewise: rate %zu = %g: must be finite and not below 0", i + 1, y[i]);
    return KITH_OK;
}

static enum kith_status check_table(size_t n, const double *x, const double *y, struct kith_error *err)
{
    if (n < 2 || !x || !y)
        return bad(err, "table: must have at least two rows");
    enum kith_status status = check_knots("table", n, x, err);
    if (status != KITH_OK)
        return status;
    if (y[0] != 0)
        return kith_error_set(err, KITH_BAD_SCENARIO, NULL, 0, 0,
                              "table: the first probability is %g: must be 0", y[0]);
    for (size_t i = 1; i < n; i++) {
        if (!(y[i] >= 0 && y[i] <= 1))
            return kith_error_set(err, KITH_BAD_SCENARIO, NULL, 0, 0,
                                  "table: probability %zu = %g: must be from 0 to 1", i + 1, y[i]);
        if (y[i] < y[i - 1])
            return kith_error_set(err, KITH_BAD_SCENARIO, NULL, 0, 0,
                                  "table: probability %zu = %g is below the one before it, %g", i + 1, y[i],
                                  y[i - 1]);
    }
    return KITH_OK;
}

static enum kith_status check(enum kith_dist_kind kind, double a, double b, size_t n, const double *x,
                              const double *y, struct kith_error *err)
{
    switch (kind) {
    case KITH_DIST_EXPONENTIAL:
        return need_positive(err, "exponential rate", a);
    case KITH_DIST_WEIBULL:
        return check_two("weibull shape", a, "weibull scale", b, err);
    case KITH_DIST_GOMPERTZ:
        return check_gompertz(a, b, err);
    case KITH_DIST_GAMMA:
        return check_gamma(a, b, err);
    case KITH_DIST_LOGNORMAL:
        return check_two("lognormal median", a, "lognormal sigma", b, err);
    case KITH_DIST_LOGLOGISTIC:
        return check_two("loglogistic shape", a, "loglogistic scale", b, err);
    case KITH_DIST_PIECEWISE:
        return check_piecewise(n, x, y, err);
    case KITH_DIST_FIXED:
        return need_positive(err, "fixed delay", a);
    case KITH_DIST_TABLE:
        return check_table(n, x, y, err);
    }
    return kith_error_set(err, KITH_INTERNAL, NULL, 0, 0, "distribution kind %d does not exist", (int)kind);
}

/* ---- making ---- */

static bool has_knots(enum kith_dist_kind kind)
{
    return kind == KITH_DIST_PIECEWISE || kind == KITH_DIST_TABLE;
}

static enum kith_status copy_knots(struct kith_dist *d, struct kith_mem *mem, size_t n, const double *x,
                                   const double *y)
{
    enum kith_status status;
    if ((status = kith_mem_resize(mem, &d->x, n, sizeof *d->x)) != KITH_OK ||
        (status = kith_mem_resize(mem, &d->y, n, sizeof *d->y)) != KITH_OK ||
        (status = kith_mem_resize(mem, &d->h, n, sizeof *d->h)) != KITH_OK)
        return status;
    d->n = n;
    memcpy(d->x, x, n * sizeof *x);
    memcpy(d->y, y, n * sizeof *y);
    d->h[0] = 0;
    for (size_t i = 1; i < n; i++)
        d->h[i] =
            d->kind == KITH_DIST_PIECEWISE ? d->h[i - 1] + y[i - 1] * (x[i] - x[i - 1]) : -kith_log1p(-y[i]);
    return KITH_OK;
}

enum kith_status kith_dist_init(struct kith_dist *d, struct kith_mem *mem, enum kith_dist_kind kind, double a,
                                double b, size_t n, const double *x, const double *y, struct kith_error *err)
{
    memset(d, 0, sizeof *d);
    d->kind = kind;
    d->a = a;
    d->b = b;
    enum kith_status status = check(kind, a, b, n, x, y, err);
    if (status == KITH_OK && (kind == KITH_DIST_WEIBULL || kind == KITH_DIST_LOGLOGISTIC)) {
        d->c = 1 / a;
        d->d = 1 / b;
    }
    if (status == KITH_OK && kind == KITH_DIST_GAMMA)
        d->c = kith_gamma_of(a).log_gamma_1;
    if (status == KITH_OK && has_knots(kind) && (status = copy_knots(d, mem, n, x, y)) != KITH_OK)
        kith_error_set(err, status, NULL, 0, 0, "out of memory for %zu knots", n);
    if (status != KITH_OK)
        kith_dist_free(d);
    return status;
}

void kith_dist_free(struct kith_dist *d)
{
    kith_mem_free(&d->x);
    kith_mem_free(&d->y);
    kith_mem_free(&d->h);
    d->n = 0;
}

/* ---- knots ---- */

/* The last i with v[i] <= value; v[0] <= value is taken for granted. */
static size_t segment(const double *v, size_t n, double value)
{
    size_t low = 0, high = n;
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (v[middle] <= value)
            low = middle;
        else
            high = middle;
    }
    return low;
}

/* rate * time, where no rate gives nothing even in infinite time */
static double piece(double rate, double time)
{
    return rate > 0 ? rate * time : 0;
}

static double piecewise_cumhaz(const struct kith_dist *d, double s)
{
    size_t i = segment(d->x, d->n, s);
    return d->h[i] + piece(d->y[i], s - d->x[i]);
}

static double piecewise_between(const struct kith_dist *d, double s0, double s1)
{
    double sum = 0;
    size_t i = segment(d->x, d->n, s0);
    for (; i + 1 < d->n && d->x[i + 1] < s1; i++) {
        sum += d->y[i] * (d->x[i + 1] - s0);
        s0 = d->x[i + 1];
    }
    return s1 > s0 ? sum + piece(d->y[i], s1 - s0) : sum;
}

static double piecewise_after(const struct kith_dist *d, double s0, double h)
{
    for (size_t i = segment(d->x, d->n, s0); i + 1 < d->n; i++) {
        double room = d->y[i] * (d->x[i + 1] - s0);
        if (h <= room) {
            double s = s0 + h / d->y[i];
            return s < d->x[i + 1] ? s : d->x[i + 1];
        }
        h -= room;
        s0 = d->x[i + 1];
    }
    return d->y[d->n - 1] > 0 ? s0 + h / d->y[d->n - 1] : INFINITY;
}

static double piecewise_inverse(const struct kith_dist *d, double h)
{
    size_t low = 0, high = d->n; /* the last i with H(x[i]) < h; h > 0 */
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (d->h[middle] < h)
            low = middle;
        else
            high = middle;
    }
    double s = d->y[low] > 0 ? d->x[low] + (h - d->h[low]) / d->y[low] : INFINITY;
    return low + 1 < d->n && s > d->x[low + 1] ? d->x[low + 1] : s;
}

/* P(S <= s) */
static double table_probability(const struct kith_dist *d, double s)
{
    if (s <= d->x[0])
        return 0;
    if (s >= d->x[d->n - 1])
        return d->y[d->n - 1];
    size_t i = segment(d->x, d->n, s);
    return d->y[i] + (d->y[i + 1] - d->y[i]) * ((s - d->x[i]) / (d->x[i + 1] - d->x[i]));
}

/* The least s with P(S <= s) >= p, p > 0 */
static double table_quantile(const struct kith_dist *d, double p)
{
    if (p > d->y[d->n - 1])
        return INFINITY;
    size_t low = 0, high = d->n - 1; /* y[low] < p <= y[high] */
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (d->y[middle] < p)
            low = middle;
        else
            high = middle;
    }
    double s = d->x[low] + (d->x[high] - d->x[low]) * ((p - d->y[low]) / (d->y[high] - d->y[low]));
    return s < d->x[high] ? s : d->x[high];
}

/* ---- H, its inverse, and both from s0 on ---- */

/* a (e^(b s) - 1) / b; b = 0 is the exponential */
static double gompertz_cumhaz(double a, double b, double s)
{
    return b == 0 ? a * s : a * (kith_expm1(b * s) / b);
}

static double gompertz_inverse(double a, double b, double h)
{
    if (b == 0)
        return h / a;
    double x = b * (h / a);
    return x > -1 ? kith_log1p(x) / b : INFINITY; /* b < 0: H never exceeds a / -b */
}

double kith_dist_cumhaz(const struct kith_dist *d, double s)
{
    if (!(s > 0))
        return 0;
    switch (d->kind) {
    case KITH_DIST_EXPONENTIAL:
        return d->a * s;
    case KITH_DIST_WEIBULL:
        return kith_pow(s * d->d, d->a);
    case KITH_DIST_GOMPERTZ:
        return gompertz_cumhaz(d->a, d->b, s);
    case KITH_DIST_GAMMA:
        return kith_gamma_cumhaz((struct kith_gamma){d->a, d->c}, s / d->b);
    case KITH_DIST_LOGNORMAL:
        return kith_normal_cumhaz(kith_log(s / d->a) / d->b);
    case KITH_DIST_LOGLOGISTIC:
        return kith_log1p(kith_pow(s * d->d, d->a));
    case KITH_DIST_PIECEWISE:
        return piecewise_cumhaz(d, s);
    case KITH_DIST_FIXED:
        return s < d->a ? 0 : INFINITY;
    case KITH_DIST_TABLE:
        return -kith_log1p(-table_probability(d, s));
    }
    return NAN;
}

double kith_dist_inverse(const struct kith_dist *d, double h)
{
    if (!(h > 0))
        return 0;
    switch (d->kind) {
    case KITH_DIST_EXPONENTIAL:
        return h / d->a;
    case KITH_DIST_WEIBULL:
        return d->b * kith_pow(h, d->c);
    case KITH_DIST_GOMPERTZ:
        return gompertz_inverse(d->a, d->b, h);
    case KITH_DIST_GAMMA:
        return d->b * kith_gamma_cumhaz_inverse((struct kith_gamma){d->a, d->c}, h);
    case KITH_DIST_LOGNORMAL:
        return d->a * kith_exp(d->b * kith_normal_cumhaz_inverse(h));
    case KITH_DIST_LOGLOGISTIC: /* beyond 40 the 1 in e^h - 1 is lost, beyond 709 e^h is infinite */
        return d->b * (h < 40 ? kith_pow(kith_expm1(h), d->c) : kith_exp(h * d->c));
    case KITH_DIST_PIECEWISE:
        return piecewise_inverse(d, h);
    case KITH_DIST_FIXED:
        return d->a;
    case KITH_DIST_TABLE:
        return table_quantile(d, -kith_expm1(-h));
    }
    return NAN;
}

static double table_after(const struct kith_dist *d, double s0, double h)
{
    double p0 = table_probability(d, s0);
    if (p0 >= 1)
        return s0;
    double p = p0 - (1 - p0) * kith_expm1(-h);
    return p > 0 ? table_quantile(d, p) : s0;
}

/* For a short way on, (s/s0)^a = 1 + h/H(s0) is solved for s/s0 - 1, so that nothing cancels. */
static double weibull_after(const struct kith_dist *d, double s0, double h)
{
    double h0 = kith_pow(s0 * d->d, d->a);
    if (h < h0)
        return s0 + s0 * kith_expm1(d->c * kith_log1p(h / h0));
    return d->b * kith_pow(h0 + h, d->c);
}

static double weibull_between(const struct kith_dist *d, double s0, double s1)
{
    double h0 = kith_pow(s0 * d->d, d->a);
    if (s1 - s0 < s0)
        return h0 * kith_expm1(d->a * kith_log1p((s1 - s0) / s0));
    return h0 < INFINITY ? kith_pow(s1 * d->d, d->a) - h0 : 0;
}

double kith_dist_after(const struct kith_dist *d, double s0, double h)
{
    if (!(h > 0))
        return s0;
    if (!(s0 > 0))
        return kith_dist_inverse(d, h);
    double s = s0;
    switch (d->kind) {
    case KITH_DIST_EXPONENTIAL:
        return s0 + h / d->a;
    case KITH_DIST_WEIBULL:
        s = weibull_after(d, s0, h);
        break;
    case KITH_DIST_GOMPERTZ: /* from s0 on it is a Gompertz with the rate it has there */
        return s0 + gompertz_inverse(d->a * kith_exp(d->b * s0), d->b, h);
    case KITH_DIST_PIECEWISE:
        return piecewise_after(d, s0, h);
    case KITH_DIST_FIXED:
        return s0 < d->a ? d->a : s0;
    case KITH_DIST_TABLE:
        s = table_after(d, s0, h);
        break;
    default:
        s = kith_dist_inverse(d, kith_dist_cumhaz(d, s0) + h);
    }
    return s > s0 ? s : s0; /* rounding must not lead back */
}

double kith_dist_between(const struct kith_dist *d, double s0, double s1)
{
    if (!(s1 > s0))
        return 0;
    if (!(s0 > 0))
        return kith_dist_cumhaz(d, s1);
    double h0, p0;
    switch (d->kind) {
    case KITH_DIST_EXPONENTIAL:
        return d->a * (s1 - s0);
    case KITH_DIST_WEIBULL:
        return weibull_between(d, s0, s1);
    case KITH_DIST_GOMPERTZ:
        return gompertz_cumhaz(d->a * kith_exp(d->b * s0), d->b, s1 - s0);
    case KITH_DIST_PIECEWISE:
        return piecewise_between(d, s0, s1);
    case KITH_DIST_FIXED:
        return s0 < d->a && s1 >= d->a ? INFINITY : 0;
    case KITH_DIST_TABLE:
        p0 = table_probability(d, s0);
        return p0 < 1 ? -kith_log1p(-(table_probability(d, s1) - p0) / (1 - p0)) : 0;
    default:
        h0 = kith_dist_cumhaz(d, s0);
        return h0 < INFINITY ? kith_dist_cumhaz(d, s1) - h0 : 0;
    }
}

/* ---- mean ---- */

static double gamma_function(double x)
{
    return kith_exp(kith_lgamma(x));
}

/* The integral of H^-1(h) e^-h over h > 0, by the double-exponential rule h = exp(t - e^-t) (H. Takahasi and
 * M. Mori, Publ. RIMS 9, 1974): for means without a closed form. */
static double mean_by_quadrature(const struct kith_dist *d)
{
    const double step = 1.0 / 64;
    double sum = 0;
    for (int i = -320; i <= 320; i++) {
        double t = i * step, fall = kith_exp(-t), h = kith_exp(t - fall);
        if (h > 0 && h < 740)
            sum += kith_dist_inverse(d, h) * kith_exp(-h) * h * (1 + fall);
    }
    return sum * step;
}

static double piecewise_mean(const struct kith_dist *d)
{
    if (!(d->y[d->n - 1] > 0))
        return INFINITY;
    double sum = kith_exp(-d->h[d->n - 1]) / d->y[d->n - 1];
    for (size_t i = 0; i + 1 < d->n; i++) {
        double width = d->x[i + 1] - d->x[i], y = d->y[i];
        sum += kith_exp(-d->h[i]) * (y > 0 ? -kith_expm1(-y * width) / y : width);
    }
    return sum;
}

static double table_mean(const struct kith_dist *d)
{
    if (d->y[d->n - 1] < 1)
        return INFINITY;
    double sum = 0;
    for (size_t i = 0; i + 1 < d->n; i++)
        sum += (d->y[i + 1] - d->y[i]) * (d->x[i] + 0.5 * (d->x[i + 1] - d->x[i]));
    return sum;
}

double kith_dist_mean(const struct kith_dist *d)
{
    switch (d->kind) {
    case KITH_DIST_EXPONENTIAL:
        return 1 / d->a;
    case KITH_DIST_WEIBULL:
        return d->b * gamma_function(1 + d->c);
    case KITH_DIST_GOMPERTZ:
        return d->b < 0 ? INFINITY : mean_by_quadrature(d);
    case KITH_DIST_GAMMA:
        return d->a * d->b;
    case KITH_DIST_LOGNORMAL:
        return d->a * kith_exp(0.5 * d->b * d->b);
    case KITH_DIST_LOGLOGISTIC:
        return d->a > 1 ? d->b * gamma_function(1 + d->c) * gamma_function(1 - d->c) : INFINITY;
    case KITH_DIST_PIECEWISE:
        return piecewise_mean(d);
    case KITH_DIST_FIXED:
        return d->a;
    case KITH_DIST_TABLE:
        return table_mean(d);
    }
    return NAN;
}
