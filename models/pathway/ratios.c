/* Evaluates factors and conditions for one member at one moment, and finds when they next change by themselves. */
#include "family.h"

static inline const struct member *bearer(const struct view *v, struct bearer b)
{
    return v->f->member[v->member & b.own];
}

static inline const struct instance *instance_of(const struct view *v, struct bearer b)
{
    return &bearer(v, b)->instances[b.place];
}

static inline const struct mark *mark_of(const struct view *v, struct bearer b)
{
    return &bearer(v, b)->marks[b.place];
}

/* Whether another child (for the family: any child) is in one of `states` of the chart. */
static bool others_in(const struct view *v, unsigned place, const struct states *states)
{
    for (unsigned m = 1; m <= v->f->n_begun; m++)
        if (m != v->member && v->f->member[m]->instances[place].live &&
            states_has(states, v->f->member[m]->instances[place].state))
            return true;
    return false;
}

/* Value of the band that x - origin lies in, and the end of that band. The comparison is made with the end of the
 * band as a time, exactly as the event at that time will make it. */
static double band(struct view *v, const struct factor *k, double origin, double time, bool watch)
{
    double value = k->below;
    for (uint32_t i = 0; i < k->n; i++) {
        if (time < origin + k->at[i]) {
            if (watch && k->value[i] != value && origin + k->at[i] < v->change)
                v->change = origin + k->at[i];
            if (!watch || k->value[i] != value)
                break;
        } else {
            value = k->value[i];
        }
    }
    return value;
}

static bool in_span(struct view *v, double origin, const struct test *q)
{
    double from = origin + q->low, to = origin + q->high;
    if (v->time < from) {
        if (from < v->change)
            v->change = from;
        return false;
    }
    if (v->time < to) {
        if (to < v->change)
            v->change = to;
        return true;
    }
    return false;
}

static bool holds(struct view *v, const struct test *q)
{
    switch (q->kind) {
    case TEST_STATE:
        return instance_of(v, q->bearer)->live && states_has(&q->states, instance_of(v, q->bearer)->state);
    case TEST_OTHERS:
        return others_in(v, q->bearer.place, &q->states);
    case TEST_AGE:
        return in_span(v, v->f->member[v->member]->birth, q);
    case TEST_ATTRIBUTE:
        return v->f->attribute[q->what] >= q->low && v->f->attribute[q->what] < q->high;
    case TEST_COUNT:
        return mark_of(v, q->bearer)->n >= q->low && mark_of(v, q->bearer)->n < q->high;
    case TEST_SINCE:
        return mark_of(v, q->bearer)->n > 0 && in_span(v, mark_of(v, q->bearer)->time, q);
    case TEST_GROUP:
        return states_has(&q->states, v->f->group);
    }
    return false;
}

bool pathway_tests_hold(struct view *v, struct range tests)
{
    for (uint32_t i = 0; i < tests.n; i++)
        if (!holds(v, &v->t->tests[tests.first + i]))
            return false;
    return true;
}

static double term_of(const struct view *v, unsigned i)
{
    double *term = &v->f->term[i];
    if (*term < 0) {
        const struct term *k = &v->t->terms[i];
        *term = k->of_value ? k->of_value[v->f->value[k->attribute]] : pathway_term(k, v->f->attribute[k->attribute]);
    }
    return *term;
}

double pathway_ratio(struct view *v, struct range factors)
{
    double product = 1;
    const struct factor *end = v->t->factors + factors.first + factors.n;
    for (const struct factor *k = end - factors.n; k < end; k++) {
        const struct mark *mark;
        switch (k->kind) {
        case FACTOR_STATE:
            product *= k->value[instance_of(v, k->bearer)->state];
            break;
        case FACTOR_OTHERS:
            product *= others_in(v, k->bearer.place, &k->states) ? k->value[0] : 1;
            break;
        case FACTOR_TERM:
            product *= term_of(v, k->what);
            break;
        case FACTOR_AGE:
            product *= band(v, k, v->f->member[v->member]->birth, v->time, true);
            break;
        case FACTOR_AGE_AT_ENTRY:
            product *= band(v, k, v->f->member[v->member]->birth, v->entered, false);
            break;
        case FACTOR_CALENDAR:
            product *= band(v, k, 0, v->time, true);
            break;
        case FACTOR_COUNT:
            product *= band(v, k, 0, mark_of(v, k->bearer)->n, false);
            break;
        case FACTOR_SINCE:
            mark = mark_of(v, k->bearer);
            if (mark->n)
                product *= 1 + k->value[0] * kith_exp(-(v->time - mark->time) / k->value[1]);
            break;
        case FACTOR_AREA:
            product *= k->value[v->f->area];
            break;
        case FACTOR_GROUP:
            product *= k->value[v->f->group];
            break;
        case FACTOR_LOAD:
            pathway_only_tries(v->f);
            product *= k->value[v->f->pool ? v->f->pool[k->what].level : 0];
            break;
        case FACTOR_WHEN:
            product *= k->value[pathway_tests_hold(v, k->tests) ? 0 : 1];
            break;
        case FACTOR_CONSTANT:
            product *= k->value[0];
            break;
        }
    }
    return product;
}
