/* Student's t distribution. */
#ifndef KITH_STATS_STUDENT_H
#define KITH_STATS_STUDENT_H

#include <stdint.h>

/* The t with P(T <= t) = p, for 0 < p < 1 and df >= 1 degrees of freedom; NaN outside. Relative error below
 * 1e-8 for p between 1e-6 and 1 - 1e-6. Pure. */
double kith_student_quantile(double p, int64_t df);

#endif
