#include "cell.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "../rng/draw.h"

enum kith_status kith_cell_init(struct kith_cell *cell, struct kith_mem *mem, const struct kith_shape *shape,
                                int months)
{
    *cell = (struct kith_cell){.mem = mem, .months = months, .n_transitions = shape->n_transitions};
    cell->n_counts = shape->n_counts;
    cell->members = shape->members > 0;
    cell->code_bytes = kith_shape_code_bytes(shape);
    size_t rows = (size_t)months + 1;
    enum kith_status st = kith_mem_zeroed(mem, &cell->tally, rows * cell->n_transitions, sizeof *cell->tally);
    if (!st)
        st = kith_mem_zeroed(mem, &cell->count, rows * (cell->n_counts ? cell->n_counts : 1), sizeof *cell->count);
    if (!st)
        st = kith_mem_zeroed(mem, &cell->block, shape->blocks + 1, sizeof *cell->block);
    cell->n_amounts = shape->n_amounts;
    if (!st)
        st = kith_mem_zeroed(mem, &cell->amount, rows * (cell->n_amounts ? cell->n_amounts : 1), sizeof *cell->amount);
    if (!st && shape->coupled) {
        st = kith_mem_zeroed(mem, &cell->pool, shape->n_resources + 1, sizeof *cell->pool);
        cell->n_pools = st ? 0 : shape->n_resources;
    }
    for (size_t i = 0; i < cell->n_pools; i++)
        kith_pool_init(&cell->pool[i], mem);
    return st;
}

void kith_cell_free(struct kith_cell *cell)
{
    kith_mem_free(&cell->tally);
    kith_mem_free(&cell->count);
    kith_mem_free(&cell->block);
    kith_mem_free(&cell->amount);
    for (size_t i = 0; i < cell->n_pools; i++)
        kith_pool_free(&cell->pool[i]);
    kith_mem_free(&cell->pool);
    cell->n_pools = 0;
    kith_cell_free_rows(cell);
}

void kith_cell_clear(struct kith_cell *cell)
{
    size_t rows = (size_t)cell->months + 1;
    memset(cell->tally, 0, rows * cell->n_transitions * sizeof *cell->tally);
    if (cell->n_counts)
        memset(cell->count, 0, rows * cell->n_counts * sizeof *cell->count);
    if (cell->n_amounts)
        memset(cell->amount, 0, rows * cell->n_amounts * sizeof *cell->amount);
    cell->n_events = 0;
    kith_cell_clear_rows(cell);
    cell->failed = KITH_OK;
    cell->fault = NULL;
    cell->tracking = false;
}

void kith_cell_add(struct kith_cell *cell, const struct kith_cell *other)
{
    size_t rows = (size_t)cell->months + 1;
    for (size_t i = 0; i < rows * cell->n_transitions; i++) {
        cell->tally[i].n += other->tally[i].n;
        cell->tally[i].rest += other->tally[i].rest;
    }
    for (size_t i = 0; i < rows * cell->n_counts; i++)
        cell->count[i] += other->count[i];
    for (size_t i = 0; i < rows * cell->n_amounts; i++)
        cell->amount[i] += other->amount[i];
    cell->n_events += other->n_events;
}

void kith_cell_fault(struct kith_cell *cell, const char *fmt, ...)
{
    va_list args;
    if (cell->fault)
        return;
    va_start(args, fmt);
    vsnprintf(cell->fault_text, sizeof cell->fault_text, fmt, args);
    va_end(args);
    cell->fault = cell->fault_text;
}

bool kith_cell_tracks(const struct kith_cell *cell, uint64_t index)
{
    if (cell->share >= 1)
        return true;
    if (cell->share <= 0)
        return false;
    uint64_t key = kith_draw_mix(kith_draw_mix(cell->key, index), 0x747261636b /* "track" */);
    return kith_draw_uniform(key) < cell->share;
}

/* Whole pence of `amount`, halves away from zero, so that a price sums to the penny. */
static double pence(double amount)
{
    return amount < 0 ? -floor(0.5 - amount) : floor(amount + 0.5);
}

/* What month m of the cell cost under heading c: for each state the time spent there, for each transition its
 * number. `stock` is the row at the start of the month, `row` the month's tallies. */
static double month_cost(const struct kith_shape *shape, const struct kith_shape_cost *c, size_t at,
                         const int32_t *stock, const struct kith_tally *row, int64_t *ticks)
{
    const double *state = c->price_state + at * shape->n_states;
    const double *transition = c->price_transition + at * shape->n_transitions;
    double sum = 0;
    for (size_t s = 0; s < shape->n_states; s++)
        ticks[s] = (int64_t)stock[s] * KITH_TICKS;
    for (size_t k = 0; k < shape->n_transitions; k++) {
        const struct kith_shape_transition *t = &shape->transitions[k];
        if (t->to >= 0)
            ticks[t->to] += row[k].rest;
        if (t->from >= 0)
            ticks[t->from] -= row[k].rest;
        sum += pence(transition[k] * (double)row[k].n);
    }
    for (size_t s = 0; s < shape->n_states; s++)
        if (state[s] != 0)
            sum += pence(state[s] / 12 * ((double)ticks[s] / KITH_TICKS));
    return sum;
}

/* The stocks at the end of a month, from those at its start. */
static void next_stock(const struct kith_shape *shape, const struct kith_tally *row, int32_t *stock)
{
    for (size_t k = 0; k < shape->n_transitions; k++) {
        const struct kith_shape_transition *t = &shape->transitions[k];
        if (t->to >= 0 && !shape->states[t->to].instant)
            stock[t->to] += (int32_t)row[k].n;
        if (t->from >= 0 && !shape->states[t->from].instant)
            stock[t->from] -= (int32_t)row[k].n;
    }
}

double kith_cell_spent(const struct kith_cell *cell, const struct kith_shape *shape, const size_t *cost, size_t n, int from, int to)
{
    int64_t ticks[KITH_STATES_MAX];
    int32_t stock[KITH_STATES_MAX] = {0};
    double sum = 0;
    for (int m = 0; m < to; m++) {
        const struct kith_tally *row = cell->tally + (size_t)m * cell->n_transitions;
        next_stock(shape, row, stock);
        for (size_t i = 0; m >= from && i < n; i++)
            sum += month_cost(shape, &shape->costs[cost[i]], cell->arm * (size_t)cell->months + (size_t)m, stock,
                              row + cell->n_transitions, ticks);
    }
    return sum;
}

int64_t kith_cell_stayed(const struct kith_cell *cell, const struct kith_shape *shape, size_t state, int from, int to)
{
    int64_t stock = 0, sum = 0;
    for (int m = 0; m <= to; m++) {
        const struct kith_tally *row = cell->tally + (size_t)m * cell->n_transitions;
        bool within = m > from;
        sum += within ? stock * KITH_TICKS : 0;
        for (size_t k = 0; k < shape->n_transitions; k++) {
            const struct kith_shape_transition *t = &shape->transitions[k];
            int sign = (t->to == (int)state) - (t->from == (int)state);
            stock += sign * row[k].n;
            sum += within ? sign * row[k].rest : 0;
        }
    }
    return sum;
}

void kith_cell_series(const struct kith_cell *cell, const struct kith_shape *shape, struct kith_series *out)
{
    int64_t ticks[KITH_STATES_MAX];
    size_t n_states = shape->n_states, n_tr = shape->n_transitions;
    kith_series_clear(out);
    for (int m = -1; m < cell->months; m++) {
        const struct kith_tally *row = cell->tally + (size_t)(m + 1) * n_tr;
        int32_t *stock = out->stock + (size_t)(m + 1) * n_states;
        if (m >= 0)
            memcpy(stock, stock - n_states, n_states * sizeof *stock);
        next_stock(shape, row, stock);
        for (size_t k = 0; k < n_tr && m >= 0; k++)
            out->flow[(size_t)m * n_tr + k] = (int32_t)row[k].n;
        for (size_t c = 0; m >= 0 && c < shape->n_costs; c++)
            out->cost[(size_t)m * shape->n_costs + c] =
                month_cost(shape, &shape->costs[c], cell->arm * (size_t)cell->months + (size_t)m,
                           stock - n_states, row, ticks);
    }
    for (size_t i = 0; i < (size_t)cell->months * cell->n_amounts; i++)
        out->amount[i] = (double)cell->amount[i];
    if (cell->n_counts)
        memcpy(out->count, cell->count, ((size_t)cell->months + 1) * cell->n_counts * sizeof *cell->count);
}
