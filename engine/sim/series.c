#include "series.h"

#include <math.h>
#include <string.h>

enum kith_status kith_series_init(struct kith_series *s, struct kith_mem *mem, const struct kith_shape *shape,
                                  int months)
{
    enum kith_status status;
    memset(s, 0, sizeof *s);
    s->months = months;
    s->years = months / 12;
    s->n_states = shape->n_states;
    s->n_transitions = shape->n_transitions;
    s->n_counts = shape->n_counts;
    s->n_costs = shape->n_costs;
    s->n_amounts = shape->n_amounts;
    size_t n = (size_t)months;
    status = kith_mem_zeroed(mem, &s->stock, (n + 1) * s->n_states, sizeof *s->stock);
    if (status == KITH_OK)
        status = kith_mem_zeroed(mem, &s->flow, n * s->n_transitions, sizeof *s->flow);
    if (status == KITH_OK)
        status = kith_mem_zeroed(mem, &s->count, (n + 1) * s->n_counts, sizeof *s->count);
    if (status == KITH_OK)
        status = kith_mem_zeroed(mem, &s->cost, n * s->n_costs, sizeof *s->cost);
    if (status == KITH_OK)
        status = kith_mem_zeroed(mem, &s->amount, n * s->n_amounts, sizeof *s->amount);
    if (status != KITH_OK)
        kith_series_free(s);
    return status;
}

void kith_series_free(struct kith_series *s)
{
    kith_mem_free(&s->stock);
    kith_mem_free(&s->flow);
    kith_mem_free(&s->count);
    kith_mem_free(&s->cost);
    kith_mem_free(&s->amount);
}

/* An array without elements is NULL, which memset must not be given even for 0 bytes. */
static void clear(void *p, size_t bytes)
{
    if (bytes > 0)
        memset(p, 0, bytes);
}

void kith_series_clear(struct kith_series *s)
{
    size_t n = (size_t)s->months;
    clear(s->stock, (n + 1) * s->n_states * sizeof *s->stock);
    clear(s->flow, n * s->n_transitions * sizeof *s->flow);
    clear(s->count, (n + 1) * s->n_counts * sizeof *s->count);
    clear(s->cost, n * s->n_costs * sizeof *s->cost);
    clear(s->amount, n * s->n_amounts * sizeof *s->amount);
}

enum kith_status kith_outcome_init(struct kith_outcome *o, struct kith_mem *mem,
                                   const struct kith_shape *shape, int years)
{
    enum kith_status status;
    memset(o, 0, sizeof *o);
    o->years = years;
    o->n_base = shape->n_states + shape->n_transitions + shape->n_counts + shape->n_costs + shape->n_amounts;
    o->n_measures = shape->n_measures;
    size_t rows = (size_t)years + 2;
    status = kith_mem_zeroed(mem, &o->base, rows * o->n_base, sizeof *o->base);
    if (status == KITH_OK)
        status = kith_mem_zeroed(mem, &o->value, rows * o->n_measures, sizeof *o->value);
    if (status != KITH_OK)
        kith_outcome_free(o);
    return status;
}

void kith_outcome_free(struct kith_outcome *o)
{
    kith_mem_free(&o->base);
    kith_mem_free(&o->value);
}

void kith_outcome_clear(struct kith_outcome *o)
{
    size_t rows = (size_t)o->years + 2;
    clear(o->base, rows * o->n_base * sizeof *o->base);
    clear(o->value, rows * o->n_measures * sizeof *o->value);
}

/* Column `i` of an integer array with `n` columns, summed over the rows [from, to). The sum is an integer, so
 * that a weight multiplies it once and nothing depends on the order of months. */
static double sum_rows(const int32_t *a, size_t n, size_t i, size_t from, size_t to)
{
    int64_t sum = 0;
    for (size_t m = from; m < to; m++)
        sum += a[m * n + i];
    return (double)sum;
}

/* Whole pence and whole amounts: exact in double up to 2^53. */
static double sum_whole(const double *a, size_t n, size_t i, size_t from, size_t to)
{
    double sum = 0;
    for (size_t m = from; m < to; m++)
        sum += a[m * n + i];
    return sum;
}

/* What is found at a date: stocks and censuses. */
static void add_date(double *base, const struct kith_shape *shape, const struct kith_series *s, size_t year,
                     double weight)
{
    const int32_t *stock = s->stock + 12 * year * s->n_states;
    for (size_t i = 0; i < s->n_states; i++)
        base[i] += weight * stock[i];
    base += s->n_states + s->n_transitions;
    for (size_t i = 0; i < s->n_counts; i++)
        if (shape->counts[i].census)
            base[i] += weight * s->count[12 * year * s->n_counts + i];
}

/* What happens in the months [from, to): flows, counted events, costs and amounts. */
static void add_period(double *base, const struct kith_shape *shape, const struct kith_series *s, size_t from,
                       size_t to, double weight)
{
    base += s->n_states;
    for (size_t i = 0; i < s->n_transitions; i++)
        base[i] += weight * sum_rows(s->flow, s->n_transitions, i, from, to);
    base += s->n_transitions;
    for (size_t i = 0; i < s->n_counts; i++)
        if (!shape->counts[i].census)
            base[i] += weight * sum_rows(s->count, s->n_counts, i, from, to);
    base += s->n_counts;
    for (size_t i = 0; i < s->n_costs; i++)
        base[i] += weight * sum_whole(s->cost, s->n_costs, i, from, to);
    base += s->n_costs;
    for (size_t i = 0; i < s->n_amounts; i++)
        base[i] += weight * sum_whole(s->amount, s->n_amounts, i, from, to);
}

void kith_outcome_add(struct kith_outcome *o, const struct kith_shape *shape, const struct kith_series *s,
                      double weight)
{
    size_t years = (size_t)o->years;
    for (size_t y = 0; y <= years; y++) {
        add_date(o->base + y * o->n_base, shape, s, y, weight);
        if (y > 0)
            add_period(o->base + y * o->n_base, shape, s, 12 * (y - 1), 12 * y, weight);
    }
    /* The total covers every month, also those after the last whole year. */
    add_period(o->base + (years + 1) * o->n_base, shape, s, 0, (size_t)s->months, weight);
}

void kith_outcome_join(struct kith_outcome *o, const struct kith_outcome *other)
{
    for (size_t i = 0; i < ((size_t)o->years + 2) * o->n_base; i++)
        o->base[i] += other->base[i];
}

/* The position of a term among the base columns. */
static size_t base_column(const struct kith_shape *shape, const struct kith_term *term)
{
    size_t first = 0;
    if (term->base > KITH_BASE_STOCK)
        first += shape->n_states;
    if (term->base > KITH_BASE_FLOW)
        first += shape->n_transitions;
    if (term->base > KITH_BASE_COUNT)
        first += shape->n_counts;
    if (term->base > KITH_BASE_COST)
        first += shape->n_costs;
    return first + term->index;
}

static bool term_at_date(const struct kith_shape *shape, const struct kith_term *term)
{
    return term->base == KITH_BASE_STOCK ||
           (term->base == KITH_BASE_COUNT && shape->counts[term->index].census);
}

/* Whether some term of the measure is (at_date) or is not (!at_date) a number at a date. */
static bool has_term(const struct kith_shape *shape, const struct kith_measure *m, bool at_date)
{
    for (size_t i = 0; i < m->n_over; i++)
        if (term_at_date(shape, &m->over[i]) == at_date)
            return true;
    for (size_t i = 0; i < m->n_below; i++)
        if (term_at_date(shape, &m->below[i]) == at_date)
            return true;
    return false;
}

static double sum_terms(const struct kith_shape *shape, const double *base, const struct kith_term *terms,
                        size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += terms[i].weight * base[base_column(shape, &terms[i])];
    return sum;
}

/* Nothing has flowed by date 0, and a stock has no total over time: a measure with such a part has no value
 * there. Nor has a ratio to nothing. */
void kith_outcome_finish(struct kith_outcome *o, const struct kith_shape *shape)
{
    size_t rows = (size_t)o->years + 2;
    for (size_t i = 0; i < o->n_measures; i++) {
        const struct kith_measure *m = &shape->measures[i];
        bool at_start = !has_term(shape, m, false);
        bool in_total = !m->at_date && !has_term(shape, m, true);
        for (size_t row = 0; row < rows; row++) {
            const double *base = o->base + row * o->n_base;
            double *value = &o->value[row * o->n_measures + i];
            *value = NAN;
            if ((row == 0 && !at_start) || (row == rows - 1 && !in_total))
                continue;
            double below = m->n_below > 0 ? sum_terms(shape, base, m->below, m->n_below) : 1;
            if (below != 0)
                *value = m->scale * sum_terms(shape, base, m->over, m->n_over) / below;
        }
    }
}
