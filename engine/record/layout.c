#include "layout.h"

#include <stddef.h>
#include <stdio.h>

/* clang-format off */
#define FIELD(type, member, kind, units, what) \
    {#member, KITH_H5_##kind, offsetof(struct type, member), units, what}
#define TABLE(group, fields, type) \
    {group, fields, sizeof fields / sizeof *fields, sizeof(struct type)}
/* clang-format on */

_Static_assert(sizeof(enum kith_base) == sizeof(int), "a base is read and written as an int");

static const struct kith_h5_field chart_fields[] = {
    FIELD(kith_shape_chart, name, TEXT, "", "chart"),
    FIELD(kith_shape_chart, what, TEXT, "", "what it means"),
    FIELD(kith_shape_chart, of_child, FLAG, "1", "1: one for each child, 0: one for each family"),
    FIELD(kith_shape_chart, first, SIZE, "1", "its first state"),
    FIELD(kith_shape_chart, n, SIZE, "1", "number of its states"),
};
static const struct kith_h5_field state_fields[] = {
    FIELD(kith_shape_state, name, TEXT, "", "state"),
    FIELD(kith_shape_state, what, TEXT, "", "what it means"),
    FIELD(kith_shape_state, chart, SIZE, "1", "its chart"),
    FIELD(kith_shape_state, instant, FLAG, "1", "1: left at the moment it is entered, never in a stock"),
};
static const struct kith_h5_field transition_fields[] = {
    FIELD(kith_shape_transition, chart, SIZE, "1", "its chart"),
    FIELD(kith_shape_transition, from, INT, "1", "state that is left, -1: the chart begins"),
    FIELD(kith_shape_transition, to, INT, "1", "state that is entered, -1: the chart ends"),
};
static const struct kith_h5_field count_fields[] = {
    FIELD(kith_shape_count, name, TEXT, "", "what is counted"),
    FIELD(kith_shape_count, census, FLAG, "1", "1: found at a yearly date, 0: events of a month"),
};
static const struct kith_h5_field cost_fields[] = {
    FIELD(kith_shape_cost, name, TEXT, "", "cost"),
    FIELD(kith_shape_cost, what, TEXT, "", "what it means"),
};
static const struct kith_h5_field amount_fields[] = {
    FIELD(kith_shape_amount, name, TEXT, "", "amount"),
    FIELD(kith_shape_amount, unit, TEXT, "", "its unit"),
    FIELD(kith_shape_amount, what, TEXT, "", "what it means"),
};
static const struct kith_h5_field measure_fields[] = {
    FIELD(kith_measure, name, TEXT, "", "measure"),
    FIELD(kith_measure, unit, TEXT, "", "its unit"),
    FIELD(kith_measure, what, TEXT, "", "what it means"),
    FIELD(kith_measure, scale, REAL, "1", "value = scale * sum of terms over / sum of terms below"),
    FIELD(kith_measure, n_over, SIZE, "1", "number of its terms over; they follow each other in /model/term"),
    FIELD(kith_measure, n_below, SIZE, "1", "number of its terms below, which come next; none: divided by 1"),
    FIELD(kith_measure, at_date, FLAG, "1", "1: the value at a date, 0: the sum of the year that ends there"),
};
static const struct kith_h5_field term_fields[] = {
    FIELD(kith_term, base, INT, "1", "0 stock of a state, 1 flow of a transition, 2 count, 3 cost, 4 amount"),
    FIELD(kith_term, index, SIZE, "1", "which state, transition, count, cost or amount"),
    FIELD(kith_term, weight, REAL, "1", "it is multiplied by this"),
};
static const struct kith_h5_field attribute_fields[] = {
    FIELD(kith_shape_attribute, name, TEXT, "", "attribute of a family in /trajectories/family"),
    FIELD(kith_shape_attribute, unit, TEXT, "", "its unit"),
    FIELD(kith_shape_attribute, what, TEXT, "", "what it means"),
};
static const struct kith_h5_field target_fields[] = {
    FIELD(kith_target, measure, TEXT, "", "measure that is compared"),
    FIELD(kith_target, label, TEXT, "", "what the published figure is"),
    FIELD(kith_target, source, TEXT, "", "where it was published"),
    FIELD(kith_target, value, REAL, "see the measure", "published figure"),
    FIELD(kith_target, low, REAL, "see the measure", "lowest value that counts as met, NaN if not given"),
    FIELD(kith_target, high, REAL, "see the measure", "highest value that counts as met, NaN if not given"),
    FIELD(kith_target, time, REAL, "year", "date, from the start of the counted period"),
};
static const struct kith_h5_field parameter_fields[] = {
    FIELD(kith_layout_parameter, name, TEXT, "", "parameter"),
    FIELD(kith_layout_parameter, unit, TEXT, "", "unit of value, low and high"),
    FIELD(kith_layout_parameter, text, TEXT, "", "as written in the scenario"),
    FIELD(kith_layout_parameter, source, TEXT, "", "where the value comes from"),
    FIELD(kith_layout_parameter, what, TEXT, "", "what it means"),
    FIELD(kith_layout_parameter, value, REAL, "see unit", "value before any arm changes it"),
    FIELD(kith_layout_parameter, low, REAL, "see unit", "lower end of its range, -inf if not given"),
    FIELD(kith_layout_parameter, high, REAL, "see unit", "upper end of its range, inf if not given"),
};
static const struct kith_h5_field change_fields[] = {
    FIELD(kith_layout_change, arm, TEXT, "", "arm"),
    FIELD(kith_layout_change, name, TEXT, "", "parameter that it changes"),
    FIELD(kith_layout_change, time, REAL, "year", "from when on, from the start of the simulation"),
    FIELD(kith_layout_change, value, REAL, "see unit of the parameter", "new value"),
};

const struct kith_h5_table kith_layout_charts = TABLE("/model/chart", chart_fields, kith_shape_chart);
const struct kith_h5_table kith_layout_states = TABLE("/model/state", state_fields, kith_shape_state);
const struct kith_h5_table kith_layout_transitions =
    TABLE("/model/transition", transition_fields, kith_shape_transition);
const struct kith_h5_table kith_layout_counts = TABLE("/model/count", count_fields, kith_shape_count);
const struct kith_h5_table kith_layout_costs = TABLE("/model/cost", cost_fields, kith_shape_cost);
const struct kith_h5_table kith_layout_amounts = TABLE("/model/amount", amount_fields, kith_shape_amount);
const struct kith_h5_table kith_layout_measures = TABLE("/model/measure", measure_fields, kith_measure);
const struct kith_h5_table kith_layout_terms = TABLE("/model/term", term_fields, kith_term);
const struct kith_h5_table kith_layout_attributes =
    TABLE("/model/attribute", attribute_fields, kith_shape_attribute);
const struct kith_h5_table kith_layout_targets = TABLE("/targets", target_fields, kith_target);
const struct kith_h5_table kith_layout_parameters =
    TABLE("/parameters", parameter_fields, kith_layout_parameter);
const struct kith_h5_table kith_layout_changes = TABLE("/parameters/arm", change_fields, kith_layout_change);

/* The terms of all measures behind each other. */
static enum kith_status put_terms(const struct kith_h5 *h, const struct kith_shape *shape)
{
    struct kith_term *terms = NULL;
    size_t n = 0;
    for (size_t i = 0; i < shape->n_measures; i++)
        n += shape->measures[i].n_over + shape->measures[i].n_below;
    enum kith_status status = kith_mem_resize(h->mem, &terms, n, sizeof *terms);
    if (status != KITH_OK)
        return kith_error_set(h->err, status, h->path, 0, 0, "out of memory");
    n = 0;
    for (size_t i = 0; i < shape->n_measures; i++) {
        const struct kith_measure *m = &shape->measures[i];
        for (size_t k = 0; k < m->n_over; k++)
            terms[n++] = m->over[k];
        for (size_t k = 0; k < m->n_below; k++)
            terms[n++] = m->below[k];
    }
    status = kith_h5_put_table(h, &kith_layout_terms, terms, n);
    kith_mem_free(&terms);
    return status;
}

enum kith_status kith_layout_put_model(const struct kith_h5 *h, const struct kith_shape *shape)
{
    const struct {
        const struct kith_h5_table *table;
        const void *rows;
        size_t n;
    } part[] = {
        {&kith_layout_charts, shape->charts, shape->n_charts},
        {&kith_layout_states, shape->states, shape->n_states},
        {&kith_layout_transitions, shape->transitions, shape->n_transitions},
        {&kith_layout_counts, shape->counts, shape->n_counts},
        {&kith_layout_costs, shape->costs, shape->n_costs},
        {&kith_layout_measures, shape->measures, shape->n_measures},
        {&kith_layout_attributes, shape->attributes, shape->n_attributes},
    };
    enum kith_status status = kith_h5_group(h, "/model");
    for (size_t i = 0; i < sizeof part / sizeof *part && status == KITH_OK; i++)
        status = kith_h5_put_table(h, part[i].table, part[i].rows, part[i].n);
    /* Without amounts there is no group either: such files look as they did before there were any. */
    if (status == KITH_OK && shape->n_amounts > 0)
        status = kith_h5_put_table(h, &kith_layout_amounts, shape->amounts, shape->n_amounts);
    return status == KITH_OK ? put_terms(h, shape) : status;
}

/* The base unit of a parameter, in which its value is given. */
static const char *base_unit(enum kith_unit unit)
{
    switch (unit) {
    case KITH_UNIT_NONE:
        return "1";
    case KITH_UNIT_TIME:
        return "year";
    case KITH_UNIT_RATE:
        return "/year";
    case KITH_UNIT_MONEY:
        return "pence";
    case KITH_UNIT_MONEY_RATE:
        return "pence/year";
    case KITH_UNIT_DATE:
        return "calendar year";
    }
    return "";
}

static enum kith_status put_changes(const struct kith_h5 *h, const struct kith_scenario *sc)
{
    struct kith_layout_change *rows = NULL;
    size_t n = 0;
    for (size_t a = 0; a < sc->n_arms; a++)
        n += sc->arms[a].n_changes;
    enum kith_status status = kith_mem_resize(h->mem, &rows, n, sizeof *rows);
    if (status != KITH_OK)
        return kith_error_set(h->err, status, h->path, 0, 0, "out of memory");
    n = 0;
    for (size_t a = 0; a < sc->n_arms; a++) {
        for (size_t i = 0; i < sc->arms[a].n_changes; i++) {
            const struct kith_change *c = &sc->arms[a].changes[i];
            rows[n++] = (struct kith_layout_change){sc->arms[a].name, sc->parameters[c->parameter].name,
                                                    c->time, c->value};
        }
    }
    status = kith_h5_put_table(h, &kith_layout_changes, rows, n);
    kith_mem_free(&rows);
    return status;
}

enum kith_status kith_layout_put_parameters(const struct kith_h5 *h, const struct kith_scenario *sc)
{
    struct kith_layout_parameter *rows = NULL;
    enum kith_status status = kith_mem_resize(h->mem, &rows, sc->n_parameters, sizeof *rows);
    if (status != KITH_OK)
        return kith_error_set(h->err, status, h->path, 0, 0, "out of memory");
    for (size_t i = 0; i < sc->n_parameters; i++) {
        const struct kith_parameter *p = &sc->parameters[i];
        rows[i] = (struct kith_layout_parameter){p->name, base_unit(p->unit), p->text, p->source,
                                                 p->what, p->value,           p->low,  p->high};
    }
    status = kith_h5_put_table(h, &kith_layout_parameters, rows, sc->n_parameters);
    kith_mem_free(&rows);
    if (status == KITH_OK)
        status = put_changes(h, sc);
    return status == KITH_OK ? kith_h5_put_table(h, &kith_layout_targets, sc->targets, sc->n_targets)
                             : status;
}

void kith_layout_state_name(const struct kith_shape *shape, size_t state, char *out, size_t size)
{
    const struct kith_shape_state *s = &shape->states[state];
    snprintf(out, size, "%s.%s", shape->charts[s->chart].name, s->name);
}

void kith_layout_transition_name(const struct kith_shape *shape, size_t transition, char *out, size_t size)
{
    const struct kith_shape_transition *t = &shape->transitions[transition];
    snprintf(out, size, "%s.%s.%s", shape->charts[t->chart].name,
             t->from < 0 ? "entry" : shape->states[t->from].name,
             t->to < 0 ? "exit" : shape->states[t->to].name);
}
