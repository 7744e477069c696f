/* The counted results of one cell, and their sum over areas as yearly outcomes. */
#ifndef KITH_SIM_SERIES_H
#define KITH_SIM_SERIES_H

#include "../base/mem.h"
#include "shape.h"

/* Row-major arrays. Month m covers (m, m + 1] / 12 years of the counted period. */
struct kith_series {
    int months, years;  /* years = months / 12, whole years only */
    size_t n_states, n_transitions, n_counts, n_costs, n_amounts;
    int32_t *stock;     /* [months + 1][n_states] at the start of month m; the last row at the end */
    int32_t *flow;      /* [months][n_transitions] */
    int32_t *count;     /* [months + 1][n_counts]; events of month m in row m; a census of yearly date y in row
                           12 y; all other entries 0 */
    double *cost;       /* [months][n_costs] whole pence */
    double *amount;     /* [months][n_amounts] whole numbers */
};
KITH_MUST_CHECK enum kith_status kith_series_init(struct kith_series *s, struct kith_mem *mem,
                                                  const struct kith_shape *shape, int months);
void kith_series_free(struct kith_series *s);
void kith_series_clear(struct kith_series *s);

/* Yearly outcomes of one replication of one arm: base columns summed over areas with their weights, then the
 * measures of the shape. */
struct kith_outcome {
    int years;
    size_t n_base, n_measures;
    double *base;  /* [years + 2][n_base]: dates 0 .. years, then the total of the counted period */
    double *value; /* [years + 2][n_measures]: NaN where there is none (a flow at date 0, a stock's total) */
};
KITH_MUST_CHECK enum kith_status kith_outcome_init(struct kith_outcome *o, struct kith_mem *mem,
                                                   const struct kith_shape *shape, int years);
void kith_outcome_free(struct kith_outcome *o);
void kith_outcome_clear(struct kith_outcome *o);
/* Adds a cell's series, each number times `weight` (real families per simulated one). */
void kith_outcome_add(struct kith_outcome *o, const struct kith_shape *shape, const struct kith_series *s,
                      double weight);
/* Adds what another outcome of the same shape adds up to. */
void kith_outcome_join(struct kith_outcome *o, const struct kith_outcome *other);
/* Computes value from base. */
void kith_outcome_finish(struct kith_outcome *o, const struct kith_shape *shape);

#endif
