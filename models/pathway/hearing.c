/* Which changes make a difference to whom. A state's clocks listen to charts, but seldom tell all states of such a chart
 * apart: a change from one to another that is the same to them leaves every hazard as it is, and need not be told them.
 * For each state and each chart that it listens to, the chart's states are put into classes that it does tell apart. And while
 * one of those charts is where all the state's clocks have a hazard of 0, nothing else makes a difference to it either. */
#include "pathway.h"

static struct bearer of_chart(const struct tables *t, unsigned chart)
{
    return (struct bearer){(uint8_t)t->charts[chart].place, t->charts[chart].of_child ? 0xff : 0};
}

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

/* Whether the clock never fires, whatever happens. */
static bool is_dead(const struct clock *k)
{
    return k->ratio == 0 || (k->dist.kind == KITH_DIST_EXPONENTIAL && k->dist.a == 0);
}

/* In which states of the chart the clock has a hazard of 0; those of `all` if it is dead. */
static struct states zeros(const struct tables *t, const struct clock *k, unsigned chart, const struct states *all)
{
    struct states zero = is_dead(k) ? *all : (struct states){{0}};
    for (uint32_t j = 0; j < k->factors.n; j++) {
        const struct factor *f = &t->factors[k->factors.first + j];
        for (unsigned s = 0; f->kind == FACTOR_STATE && f->what == chart && s < t->charts[chart].n_states; s++)
            zero.bits[s >> 6] |= (uint64_t)(f->value[s] == 0) << (s & 63);
    }
    return zero;
}

static unsigned how_many(const struct states *s)
{
    unsigned n = 0;
    for (int i = 0; i < 4; i++)
        n += (unsigned)__builtin_popcountll(s->bits[i]);
    return n;
}

/* The chart that shuts out most, its own if all clocks are dead. Plain clocks have slots whether they run or not, and who waits
 * for a resource has a priority as well: these states have no door. */
static struct door door_of(struct build *b, const struct tables *t, const struct state *st, unsigned own)
{
    struct door best = {(uint8_t)own, of_chart(t, own), {{0}}};
    struct states all = {{~0ull, ~0ull, ~0ull, ~0ull}};
    for (size_t c = 0; c < b->p->n_charts && !st->plain && st->line < 0 && st->clocks.n; c++) {
        unsigned chart = (unsigned)((own + c) % b->p->n_charts);
        struct door d = {(uint8_t)chart, of_chart(t, chart), all};
        for (uint32_t i = 0; i < st->clocks.n && how_many(&d.shut); i++) {
            const struct clock *k = &t->clocks[t->enabled[st->clocks.first + i].clock];
            if (!pathway_afford(b, k->factors.n + 1, t->charts[chart].n_states / 4 + 1u))
                return best;
            struct states zero = zeros(t, k, chart, &all);
            for (int w = 0; w < 4; w++)
                d.shut.bits[w] &= zero.bits[w];
        }
        if (how_many(&d.shut) > how_many(&best.shut))
            best = d;
    }
    return best;
}

void pathway_find_classes(struct build *b, struct tables *t)
{
    t->classes = pathway_keep(b, t->n_states * 2 * b->p->n_charts, sizeof *t->classes);
    t->listens_to = pathway_keep(b, t->n_states, sizeof *t->listens_to);
    t->doors = pathway_keep(b, t->n_states, sizeof *t->doors);
    for (size_t s = 0, own = 0; t->classes && t->listens_to && t->doors && s < t->n_states; s++) {
        const struct state *st = &t->states[s];
        own += s == (size_t)t->charts[own].first_state + t->charts[own].n_states;
        t->doors[s] = door_of(b, t, st, (unsigned)own);
        t->listens_to[s] = (struct signals){st->own, st->others};
        uint8_t **class = t->classes + s * 2 * b->p->n_charts;
        struct listener l = {b, t, {class, class + b->p->n_charts}};
        for (uint32_t i = 0; i < st->clocks.n && st->line < 0; i++)
            hear(&l, t->clocks[t->enabled[st->clocks.first + i].clock].factors);
    }
}

/* ---- who listens ------------------------------------------------------------------------------------------------ */

static struct bearer of_mark(const struct pathway *p, unsigned mark)
{
    return (struct bearer){(uint8_t)p->mark_place[mark], p->mark_of_child[mark] ? 0xff : 0};
}

/* Whether the factor has the same value until somebody signals a change. */
static bool is_steady(const struct tables *t, const struct factor *k)
{
    bool steady = k->kind != FACTOR_AGE && k->kind != FACTOR_CALENDAR && k->kind != FACTOR_SINCE;
    for (uint32_t i = 0; k->kind == FACTOR_WHEN && i < k->tests.n; i++) {
        const struct test *q = &t->tests[k->tests.first + i];
        steady = steady && q->kind != TEST_AGE && q->kind != TEST_SINCE;
    }
    return steady;
}

static void find_bearers(const struct pathway *p, struct tables *t)
{
    for (size_t i = 0; i < t->n_factors; i++) {
        struct factor *k = &t->factors[i];
        if (k->kind == FACTOR_STATE || k->kind == FACTOR_OTHERS)
            k->bearer = of_chart(t, k->what);
        else if (k->kind == FACTOR_COUNT || k->kind == FACTOR_SINCE)
            k->bearer = of_mark(p, k->what);
    }
    for (size_t i = 0; i < t->n_tests; i++) {
        struct test *q = &t->tests[i];
        if (q->kind == TEST_STATE || q->kind == TEST_OTHERS)
            q->bearer = of_chart(t, q->what);
        else if (q->kind == TEST_COUNT || q->kind == TEST_SINCE)
            q->bearer = of_mark(p, q->what);
    }
}

void pathway_find_listeners(const struct pathway *p, struct tables *t)
{
    const uint64_t loads = ~0ull << PATHWAY_FIRST_LOAD;
    find_bearers(p, t);
    for (size_t i = 0; i < t->n_clocks; i++) {
        struct clock *k = &t->clocks[i];
        k->own |= k->own & loads ? ~0ull : 0;
        k->steady = true;
        for (uint32_t j = 0; j < k->factors.n; j++)
            k->steady = is_steady(t, &t->factors[k->factors.first + j]) && k->steady;
    }
    for (size_t s = 0; s < t->n_states; s++) {
        struct state *st = &t->states[s];
        st->same_again = !st->plain && st->line < 0 && !(st->own & loads);
        for (uint32_t i = 0; i < st->clocks.n; i++) {
            struct range r = t->clocks[t->enabled[st->clocks.first + i].clock].factors;
            for (uint32_t j = 0; j < r.n; j++)
                st->same_again = st->same_again && t->factors[r.first + j].kind != FACTOR_AGE_AT_ENTRY;
        }
    }
}
