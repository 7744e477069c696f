#include "plain.h"

#include <math.h>

/* Whether the clock fires in a way that the lanes know, and nothing but its own chart changes when it does. */
static bool clock_fits(const struct tables *t, const struct enabled *e)
{
    const struct clock *k = &t->clocks[e->clock];
    const struct state *to = &t->states[k->to];
    bool known = k->dist.kind == KITH_DIST_EXPONENTIAL || k->dist.kind == KITH_DIST_WEIBULL;
    return known && k->plain && k->ratio == 1 && !k->effects.n && !to->instant && to->line < 0;
}

/* Whether the state's clocks are of that kind, and the resource that it uses, if any, is given to who comes first by fixed
 * priorities and to nobody else before it is given back. */
static bool state_fits(const struct pathway *p, const struct tables *t, const struct state *st)
{
    unsigned weibull = 0;
    const struct user *u = st->pool >= 0 ? &t->users[st->user] : NULL;
    if (st->instant || st->terminal || st->effects.n || st->clocks.n > PLAIN_CLOCKS_MAX || (st->line >= 0 && st->clocks.n))
        return false;
    if (u && (u->full >= 0 || u->preempted_to >= 0 || u->factors.n || p->preempts[st->pool]))
        return false;
    for (uint32_t i = 0; i < st->clocks.n; i++) {
        const struct enabled *e = &t->enabled[st->clocks.first + i];
        weibull += t->clocks[e->clock].dist.kind == KITH_DIST_WEIBULL;
        if (!clock_fits(t, e))
            return false;
    }
    return weibull <= 1 && (!p->n_resources || st->clocks.n - weibull <= PLAIN_WEIBULL);
}

/* Whether the arm's families have one plain chart and nothing else: no dates that change it, nobody who comes, goes or is
 * counted with a condition, no budget. */
static bool arm_fits(const struct pathway *p, size_t arm)
{
    const struct tables *t = p->epochs[arm][0].tables;
    bool fits = p->n_charts == 1 && !p->n_groups && !t->n_counters && !p->n_budgets && !p->n_contracts && !t->heard &&
                !t->birth_shared[0] && p->epochs[arm][1].time == INFINITY;
    for (size_t s = 0; fits && s < t->n_states; s++)
        fits = state_fits(p, t, &t->states[s]);
    return fits;
}

/* `place` is the clock's among those of a record. */
static void fill_clock(const struct tables *t, const struct enabled *e, size_t place, struct plain_state *st, unsigned i)
{
    const struct clock *k = &t->clocks[e->clock];
    st->clock[i] = (struct plain_clock){.rate = e->rate, .mean = e->mean, .shape = k->dist.a, .scale = k->dist.b,
                                        .inverse_shape = k->dist.c, .inverse_scale = k->dist.d,
                                        .to = e->to};
    st->taken[i] = (uint32_t)place;
    st->code[i] = (uint64_t)e->code;
    st->adjacent = st->adjacent && st->taken[i] == st->taken[0] + i;
}

/* Whether the clock may fire more than `mean` times in so many years, on average; then `most` draws may not do. Else its firings are
 * those of a Poisson process with that mean, and as many as `most` have no chance worth the name. However the years fall into
 * visits, an exponential clock or a Weibull one whose hazard rises consumes at most what it would in one visit of all of
 * them. One whose hazard falls consumes most in visits of equal length, and more the more there are: at most one for each
 * draw of any clock, of which none has had more than `most` until the first has. */
static bool fires_often(const struct plain_clock *k, bool weibull, double years, double visits, double mean)
{
    if (!weibull)
        return k->rate * years > mean;
    visits = k->shape < 1 ? visits : 1;
    return visits * pow(years / visits * k->inverse_scale, k->shape) > mean;
}

/* Whether so many draws of each clock do, if none fires more than `mean` times on average. */
static bool draws_do(const struct plain *pl, double years, double most, double mean)
{
    for (size_t s = 0; s < pl->n_states; s++)
        for (unsigned k = 0; k < pl->state[s].n; k++) {
            const struct plain_state *st = &pl->state[s];
            if (fires_often(&st->clock[k], st->weibull && k == st->n - 1, years, most * (double)pl->n_clocks + 1, mean))
                return false;
        }
    return true;
}

/* How records are laid out, when the states are known. That a Poisson number of mean 110 is above 255 has a chance of 1e-32,
 * that one of mean 16,384 is above 65,535 one of less than 1e-10000. */
static void lay_out(struct plain *pl, double years, bool coupled)
{
    pl->taken_bytes = draws_do(pl, years, 255, 110) ? 1 : draws_do(pl, years, 65535, 16384) ? 2 : 4;
    size_t bytes = offsetof(struct plain_family, taken) + pl->n_clocks * pl->taken_bytes;
    pl->rests = (bytes + sizeof(double) - 1) / sizeof(double);
    pl->doubles = pl->none = pl->rests + pl->n_clocks;
    if (!coupled) {
        pl->keys = pl->doubles;
        pl->doubles += pl->n_clocks;
    }
    for (size_t s = 0; s < pl->n_states; s++)
        for (unsigned k = 0; k < pl->state[s].n; k++)
            pl->state[s].clock[k].rest = (uint32_t)pl->rests + pl->state[s].taken[k];
}

/* The transition between two states. */
static int code_of(const struct pathway *p, const struct tables *t, size_t from, size_t to)
{
    return p->code[0][(from + 1) * (t->n_states + 1) + to + 1];
}

/* On what terms state s uses its resource, if it does. */
static struct plain_use use_of(const struct pathway *p, const struct tables *t, size_t s)
{
    const struct state *st = &t->states[s];
    if (st->pool < 0)
        return (struct plain_use){.pool = -1};
    const struct user *u = &t->users[st->user];
    struct plain_use use = {.pool = st->pool, .units = st->units, .priority = u->priority, .waits = u->waits_in >= 0};
    if (use.waits) {
        use.wait = (uint16_t)u->waits_in;
        use.granted = (uint32_t)code_of(p, t, use.wait, s);
    }
    return use;
}

/* Gives the clocks their places in the records, state by state; a clock that is enabled in several states has one. */
static void fill_states(const struct pathway *p, struct plain *pl, const struct tables *t, size_t *place)
{
    size_t places = 0;
    for (size_t s = 0; s < pl->n_states; s++) {
        const struct state *st = &t->states[s];
        struct plain_state *to = &pl->state[s];
        *to = (struct plain_state){.n = st->clocks.n, .weibull = st->n_plain < st->clocks.n, .adjacent = true,
                                   .standing = p->code[0][s + 1]};
        for (uint32_t i = 0; i < to->n; i++) {
            const struct enabled *e = &t->enabled[st->clocks.first + i];
            if (!place[e->slot])
                place[e->slot] = ++places;
            pl->key[place[e->slot] - 1] = t->clocks[e->clock].key;
            fill_clock(t, e, place[e->slot] - 1, to, i);
        }
    }
}

/* What follows when clock k of state s fires. */
static struct plain_firing firing_of(const struct pathway *p, const struct plain *pl, const struct tables *t, size_t s,
                                     unsigned k)
{
    const struct plain_state *st = &pl->state[s];
    const struct enabled *e = &t->enabled[t->states[s].clocks.first + k];
    const struct state *to = &t->states[e->to];
    int wait = to->pool >= 0 ? t->users[to->user].waits_in : -1;
    return (struct plain_firing){.key = pl->key[st->taken[k]], .taken = st->taken[k], .code = (uint32_t)e->code, .to = e->to,
                                 .waiting = wait >= 0 ? (uint32_t)code_of(p, t, s, (size_t)wait) : 0,
                                 .touches = e->shared, .asks = to->pool >= 0};
}

/* The clocks of no state: see plain_crowd.h. */
static struct plain_mixed no_clocks(const struct plain *pl)
{
    struct plain_mixed m = {.shape = 1, .inverse_shape = 1, .scale = INFINITY, .inverse_scale = 1e100};
    for (unsigned k = 0; k <= PLAIN_WEIBULL; k++)
        m.rest[k] = pl->none;
    return m;
}

/* The tables again, for families in different states side by side. */
static void fill_mixed(const struct pathway *p, struct plain *pl, const struct tables *t)
{
    pl->mixed[pl->n_states] = no_clocks(pl);
    for (size_t s = 0; s < pl->n_states; s++) {
        const struct plain_state *st = &pl->state[s];
        struct plain_mixed *m = &pl->mixed[s];
        pl->use[s] = use_of(p, t, s);
        *m = no_clocks(pl);
        for (unsigned k = 0; k < st->n; k++) {
            const struct plain_clock *c = &st->clock[k];
            bool weibull = st->weibull && k == st->n - 1;
            unsigned to = weibull ? PLAIN_WEIBULL : k;
            pl->firing[s * (PLAIN_WEIBULL + 1) + to] = firing_of(p, pl, t, s, k);
            m->rest[to] = c->rest;
            if (!weibull) {
                m->rate[k] = c->rate;
                continue;
            }
            m->shape = c->shape;
            m->inverse_shape = c->inverse_shape;
            m->scale = c->scale;
            m->inverse_scale = c->inverse_scale;
        }
        unsigned n = st->n - st->weibull;
        pl->n_exponential = n > pl->n_exponential ? n : pl->n_exponential;
    }
}

/* The tables of the arm, NULL when memory runs out. */
static struct plain *make(struct build *b, size_t arm)
{
    const struct pathway *p = b->p;
    const struct tables *t = p->epochs[arm][0].tables;
    struct plain *pl = pathway_keep(b, 1, sizeof *pl);
    size_t *place = pathway_keep(b, p->n_slots[0], sizeof *place);
    if (!pl || !place)
        return NULL;
    *pl = (struct plain){.n_states = t->n_states, .n_clocks = p->n_slots[0], .start = t->charts[0].start[0]};
    pl->entry = p->code[0][pl->start + 1];
    pl->key = pathway_keep(b, pl->n_clocks, sizeof *pl->key);
    pl->state = pathway_keep(b, pl->n_states, sizeof *pl->state);
    if (!pl->key || !pl->state)
        return NULL;
    fill_states(p, pl, t, place);
    lay_out(pl, p->sc->warm_up + p->sc->counted, p->n_resources);
    if (p->n_resources) {
        pl->use = pathway_keep(b, pl->n_states, sizeof *pl->use);
        pl->mixed = pathway_keep(b, pl->n_states + 1, sizeof *pl->mixed);
        pl->firing = pathway_keep(b, pl->n_states * (PLAIN_WEIBULL + 1), sizeof *pl->firing);
        if (!pl->use || !pl->mixed || !pl->firing)
            return NULL;
        fill_mixed(p, pl, t);
    }
    return pl;
}

void pathway_find_batches(struct build *b)
{
    struct pathway *p = b->p;
    p->plain = pathway_keep(b, p->sc->n_arms, sizeof *p->plain);
    for (size_t arm = 0; p->plain && arm < p->sc->n_arms; arm++)
        if (arm_fits(p, arm))
            p->plain[arm] = make(b, arm);
}

/* ---- carrying them out ------------------------------------------------------------------------------------------ */

/* Bytes of `lists` lists of families and their lengths, and of the families' numbers. */
static size_t list_bytes(size_t lists)
{
    return (lists * PLAIN_LIST + lists + PLAIN_FAMILIES + 1) * sizeof(uint32_t);
}

static size_t record_bytes(const struct plain *pl, uint64_t n)
{
    return (size_t)(n + 1) * pl->doubles * sizeof(double);
}

size_t pathway_batch_bytes(const void *model, const struct kith_cell *cell, uint64_t n)
{
    const struct plain *pl = ((const struct pathway *)model)->plain[cell->arm];
    if (!pl)
        return 0;
    return cell->pool ? record_bytes(pl, n) + (4 + PLAIN_LINE) * sizeof(double)
                      : record_bytes(pl, PLAIN_FAMILIES) + list_bytes(pl->n_states + 2);
}

/* The most lanes that this CPU has instructions for (KITH_LANES_MOST, for measuring: no more than that). */
static int lanes(void)
{
#ifndef KITH_LANES_MOST
#define KITH_LANES_MOST 8
#endif
#if defined __x86_64__
    if (KITH_LANES_MOST >= 8 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
        __builtin_cpu_supports("avx512vl"))
        return 8;
    if (KITH_LANES_MOST >= 4 && __builtin_cpu_supports("avx2"))
        return 4;
#endif
    return 2;
}

static void run_batch(const struct plain *pl, struct kith_cell *cell, uint64_t from, uint64_t to, void *workspace)
{
    struct plain_batch b = {.plain = pl, .cell = cell, .record = workspace, .from = from, .next = from, .to = to};
    size_t lists = pl->n_states + 1;
    memset(workspace, 0, record_bytes(pl, PLAIN_FAMILIES) + list_bytes(lists + 1));
    b.lists.list = (void *)(b.record + (PLAIN_FAMILIES + 1) * pl->doubles);
    b.idle = b.lists.list + lists * PLAIN_LIST;
    b.lists.listed = b.idle + PLAIN_LIST;
    b.number = b.lists.listed + lists;
    for (b.n_idle = 0; b.n_idle < PLAIN_FAMILIES; b.n_idle++)
        b.idle[b.n_idle] = b.n_idle;
    if (lanes() == 8)
        pathway_plain_batch8(&b);
    else if (lanes() == 4)
        pathway_plain_batch4(&b);
    else
        pathway_plain_batch2(&b);
}

/* Where a line of a cache begins, there or behind. */
static void *first_line(void *at)
{
    uintptr_t line = PLAIN_LINE * sizeof(double);
    return (unsigned char *)at + (line - (uintptr_t)at % line) % line;
}

static enum kith_status run_area(const struct pathway *p, struct kith_cell *cell, uint64_t n, void *workspace,
                                 struct kith_queue *queue, const volatile int *stop)
{
    const struct plain *pl = p->plain[cell->arm];
    struct plain_area a = {.plain = pl, .cell = cell, .n = (uint32_t)n, .queue = queue, .model = p, .stop = stop,
                           .coupling = &pathway_coupling};
    a.record = first_line(workspace);
    if (lanes() == 8)
        pathway_plain_area8(&a);
    else if (lanes() == 4)
        pathway_plain_area4(&a);
    else
        pathway_plain_area2(&a);
    return a.status;
}

enum kith_status pathway_batch(const void *model, struct kith_cell *cell, uint64_t from, uint64_t to, void *workspace,
                               struct kith_queue *queue, const volatile int *stop)
{
    const struct pathway *p = model;
    if (cell->pool)
        return run_area(p, cell, to, workspace, queue, stop);
    run_batch(p->plain[cell->arm], cell, from, to, workspace);
    return stop && *stop ? KITH_STOPPED : KITH_OK;
}
