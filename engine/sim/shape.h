/* What a compiled model looks like from outside: its charts, states and transitions, what it counts, and the
 * measures derived from that. Every table of results, every output column and `describe` come from here. */
#ifndef KITH_SIM_SHAPE_H
#define KITH_SIM_SHAPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../resource/pool.h"

/* States over all charts of a model, at most. */
#define KITH_STATES_MAX 256

struct kith_shape_chart {
    const char *name, *what;
    bool of_child;       /* one for each child, else one for each family */
    size_t first, n;     /* its states are shape.states[first .. first + n) */
};

struct kith_shape_state {
    const char *name, *what;
    size_t chart;
    bool instant; /* left at the moment it is entered: never in a stock */
};

/* from or to is -1 where a chart instance begins (flow.CHART.entry.STATE) or ends (flow.CHART.STATE.exit). */
struct kith_shape_transition {
    size_t chart;
    int from, to; /* states, numbered over all charts */
};

/* A number counted while simulating: events of a month, or families or members found at a yearly census. */
struct kith_shape_count {
    const char *name;
    bool census;
};

/* Pence: price_state[s] is pence per year of stay in state s, price_transition[k] pence per transition k; both
 * may change with an arm's dates, so they are looked up by arm and month:
 * index (arm * months + month) * n + i. */
struct kith_shape_cost {
    const char *name, *what;
    const double *price_state;      /* [n_arms][months][n_states] pence per year */
    const double *price_transition; /* [n_arms][months][n_transitions] pence each */
};

/* A whole number added up month by month that is neither a count of events nor a price times time: what the
 * resources of an area gave and took, and the lines of a budget. */
struct kith_shape_amount {
    const char *name, *unit, *what;
};

/* Limited capacity of an area. */
struct kith_shape_resource {
    const char *name, *what;
    struct kith_pool_plan plan;
    size_t amount; /* its amounts are shape.amounts[amount .. amount + KITH_POOL_AMOUNTS) */
};

/* Where a measure gets its numbers: a base column is stock of state i, flow of transition i, count i, cost i or
 * amount i. */
enum kith_base { KITH_BASE_STOCK, KITH_BASE_FLOW, KITH_BASE_COUNT, KITH_BASE_COST, KITH_BASE_AMOUNT };
struct kith_term {
    enum kith_base base;
    size_t index;
    double weight;
};

/* value = scale * sum(over terms) / sum(below terms); without below terms the divisor is 1. Stocks and censuses
 * are those at a yearly date, all else is summed over the year that ends there. The measures of a shape come in
 * this order: stock.CHART.STATE (no instant states), flow.CHART.FROM.TO, cost.NAME (pence), then those that the
 * scenario defines. */
struct kith_measure {
    const char *name, *unit, *what;
    double scale;
    size_t n_over, n_below;
    const struct kith_term *over, *below;
    bool at_date; /* a stock (value at a date) rather than a flow (sum of a year; has a total) */
};

/* An attribute of a family that trajectories carry. */
struct kith_shape_attribute {
    const char *name, *unit, *what;
};

struct kith_shape {
    size_t n_charts, n_states, n_transitions, n_counts, n_costs, n_amounts, n_measures, n_attributes, n_resources;
    const struct kith_shape_chart *charts;
    const struct kith_shape_state *states;
    const struct kith_shape_transition *transitions;
    const struct kith_shape_count *counts;
    const struct kith_shape_cost *costs;
    const struct kith_shape_amount *amounts;
    const struct kith_measure *measures;
    const struct kith_shape_attribute *attributes;
    const struct kith_shape_resource *resources; /* what the families of an area share */
    bool coupled;        /* something is limited, or somebody minds: an area's families are run together */
    const char *const *how;    /* [n_transitions] what makes it happen, in the scenario's words; or NULL */
    const char *const *source; /* [n_transitions] where its numbers come from; or NULL */
    double turnover;     /* families ever simulated for each family present at a moment; 1 if none come or go */
    size_t members;      /* most members (children) a family can have */
    size_t blocks;       /* length of kith_cell.block that the model needs; 0 none */
};

/* Bytes in which trajectories keep the number of a transition. */
static inline size_t kith_shape_code_bytes(const struct kith_shape *s)
{
    return s->n_transitions <= 256 ? 1 : 2;
}

#endif
