/* Which changes make a difference to whom. A state's clocks listen to charts, but seldom tell all states of such a chart
 * apart: a change from one to another that is the same to them leaves every hazard as it is, and need not be told them.
 * For each state and each chart that it listens to, the chart's states are put into classes that it does tell apart. */
#include "pathway.h"

/* Splits the classes so that states with different `value` are in different ones. */
static void split(uint8_t *class, size_t n, const double *value)
{
    uint8_t before[256];
    size_t first[256], classes = 0;
    memcpy(before, class, n);
    for (size_t i = 0; i < n; i++) {
        size_t k = 0;
        while (k < classes && (before[first[k]] != before[i] || value[first[k]] != value[i]))
            k++;
        if (k == classes)
            first[classes++] = i;
        class[i] = (uint8_t)k;
    }
}

struct listener {
    struct build *b;
    struct tables *t;
    uint8_t **class[2]; /* [chart] by its own or the family's state; by the other children's */
};

/* The classes of a chart's states to this listener, all in one class when asked for first; NULL when out of memory. */
static uint8_t *classes_of(struct listener *l, bool others, unsigned chart)
{
    uint8_t **class = &l->class[others][chart];
    if (!*class)
        *class = pathway_keep(l->b, l->t->charts[chart].n_states, 1);
    return *class;
}

static void tells_apart(struct listener *l, bool others, unsigned chart, const double *value)
{
    size_t n = l->t->charts[chart].n_states;
    uint8_t *class = pathway_afford(l->b, n, n / 4 + 1) ? classes_of(l, others, chart) : NULL;
    if (class)
        split(class, n, value);
}

static void tells_members(struct listener *l, bool others, unsigned chart, const struct states *s)
{
    double in[256];
    for (unsigned i = 0; i < l->t->charts[chart].n_states; i++)
        in[i] = states_has(s, i);
    tells_apart(l, others, chart, in);
}

static void hear(struct listener *l, struct range factors)
{
    for (uint32_t i = 0; i < factors.n; i++) {
        const struct factor *k = &l->t->factors[factors.first + i];
        if (k->kind == FACTOR_STATE)
            tells_apart(l, false, k->what, k->value);
        else if (k->kind == FACTOR_OTHERS)
            tells_members(l, true, k->what, &k->states);
        for (uint32_t j = 0; k->kind == FACTOR_WHEN && j < k->tests.n; j++) {
            const struct test *q = &l->t->tests[k->tests.first + j];
            if (q->kind == TEST_STATE || q->kind == TEST_OTHERS)
                tells_members(l, q->kind == TEST_OTHERS, q->what, &q->states);
        }
    }
}

void pathway_find_classes(struct build *b, struct tables *t)
{
    t->classes = pathway_keep(b, t->n_states * 2 * b->p->n_charts, sizeof *t->classes);
    for (size_t s = 0; t->classes && s < t->n_states; s++) {
        const struct state *st = &t->states[s];
        uint8_t **class = t->classes + s * 2 * b->p->n_charts;
        struct listener l = {b, t, {class, class + b->p->n_charts}};
        for (uint32_t i = 0; i < st->clocks.n && st->line < 0; i++)
            hear(&l, t->clocks[t->enabled[st->clocks.first + i].clock].factors);
    }
}
