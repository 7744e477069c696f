/* Means over replications with their uncertainty, and differences between arms that share their luck. */
#ifndef KITH_STATS_ESTIMATE_H
#define KITH_STATS_ESTIMATE_H

#include <stdbool.h>
#include <stdint.h>

#define KITH_ESTIMATE_LEVEL 0.95 /* of all intervals */

/* Running mean and sum of squares about it (Welford 1962). Zeroed is empty. */
struct kith_moments {
    int64_t n;
    double mean, squares;
};
void kith_moments_add(struct kith_moments *m, double x);
/* Variance of the sample, NaN below two values. */
double kith_moments_variance(const struct kith_moments *m);

/* A mean of n independent values: sample standard deviation, standard error, and the interval that holds the
 * true mean with probability KITH_ESTIMATE_LEVEL (Student's t, n - 1 degrees of freedom). What cannot be had,
 * all but the mean if n = 1 and the mean too if n = 0, is NaN. */
struct kith_estimate {
    int64_t n;
    double mean, sd, se, low, high;
};
struct kith_estimate kith_estimate_make(const struct kith_moments *m);

/* Two arms, value by value of the same replication. */
struct kith_pair {
    struct kith_moments a, b, difference; /* b - a */
};
void kith_pair_add(struct kith_pair *p, double a, double b);
/* The variance that the difference would have with independent arms, over the one it has: how many times as
 * many replications independent seeds would take. NaN if the difference has no variance or n < 2. */
double kith_pair_variance_ratio(const struct kith_pair *p);

#endif
