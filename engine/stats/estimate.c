#include "estimate.h"

#include <math.h>

#include "student.h"

void kith_moments_add(struct kith_moments *m, double x)
{
    double delta = x - m->mean;
    m->n++;
    m->mean += delta / (double)m->n;
    m->squares += delta * (x - m->mean);
}

double kith_moments_variance(const struct kith_moments *m)
{
    return m->n < 2 ? NAN : m->squares / (double)(m->n - 1);
}

struct kith_estimate kith_estimate_make(const struct kith_moments *m)
{
    struct kith_estimate e = {m->n, m->n > 0 ? m->mean : NAN, NAN, NAN, NAN, NAN};
    if (m->n < 2)
        return e;
    e.sd = sqrt(kith_moments_variance(m));
    e.se = e.sd / sqrt((double)m->n);
    double half = kith_student_quantile((1 + KITH_ESTIMATE_LEVEL) / 2, m->n - 1) * e.se;
    e.low = e.mean - half;
    e.high = e.mean + half;
    return e;
}

void kith_pair_add(struct kith_pair *p, double a, double b)
{
    kith_moments_add(&p->a, a);
    kith_moments_add(&p->b, b);
    kith_moments_add(&p->difference, b - a);
}

double kith_pair_variance_ratio(const struct kith_pair *p)
{
    double variance = kith_moments_variance(&p->difference);
    if (!(variance > 0))
        return NAN;
    return (kith_moments_variance(&p->a) + kith_moments_variance(&p->b)) / variance;
}
