#include "plain.h"

/* Whether the clock, in a state where it may fire, is one of those that the lanes know. */
static bool clock_fits(const struct clock *k)
{
    bool exponential = k->dist.kind == KITH_DIST_EXPONENTIAL, weibull = k->dist.kind == KITH_DIST_WEIBULL;
    return k->plain && k->ratio > 0 && (exponential || weibull);
}

static bool state_fits(const struct tables *t, const struct state *st)
{
    unsigned weibull = 0;
    if (st->instant || st->terminal || st->effects.n || st->clocks.n > PLAIN_CLOCKS_MAX)
        return false;
    for (uint32_t i = 0; i < st->clocks.n; i++) {
        const struct enabled *e = &t->enabled[st->clocks.first + i];
        const struct clock *k = &t->clocks[e->clock];
        weibull += k->dist.kind == KITH_DIST_WEIBULL;
        if (!clock_fits(k) || !e->simple)
            return false;
    }
    return weibull <= 1;
}

/* Whether the arm's families have one plain chart and nothing else: no dates that change it, nobody who comes, goes, is
 * counted at a census or shares anything. */
static bool arm_fits(const struct pathway *p, size_t arm)
{
    const struct tables *t = p->epochs[arm][0].tables;
    bool fits = p->n_charts == 1 && !p->n_groups && !p->n_censuses && !p->n_resources && p->epochs[arm][1].time == INFINITY;
    for (size_t s = 0; fits && s < t->n_states; s++)
        fits = state_fits(t, &t->states[s]);
    size_t entry = fits ? (size_t)p->code[0][t->charts[0].start[0] + 1u] : 0;
    return fits && !p->counters_of[entry].n;
}

/* `place` is the clock's among those of a record. */
static void fill_clock(const struct plain *pl, const struct tables *t, const struct enabled *e, size_t place,
                       struct plain_state *st, unsigned i)
{
    const struct clock *k = &t->clocks[e->clock];
    st->clock[i] = (struct plain_clock){.rate = e->rate, .mean = e->mean, .ratio = e->ratio,
                                        .inverse_ratio = e->inverse_ratio, .shape = k->dist.a, .scale = k->dist.b,
                                        .inverse_shape = k->dist.c, .inverse_scale = k->dist.d,
                                        .rest = (uint32_t)(pl->rests + place), .to = e->to};
    st->key[i] = k->key;
    st->taken[i] = (uint32_t)(2 * (pl->rests + pl->n_clocks) + place);
    st->code[i] = (uint64_t)e->code;
    st->adjacent = st->adjacent && st->clock[i].rest == st->clock[0].rest + i;
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
            fill_clock(pl, t, e, place[e->slot] - 1, to, i);
        }
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
    pl->rests = sizeof(struct plain_family) / sizeof(double);
    pl->doubles = pl->rests + pl->n_clocks + (pl->n_clocks + 1) / 2;
    pl->key = pathway_keep(b, pl->n_clocks, sizeof *pl->key);
    pl->state = pathway_keep(b, pl->n_states, sizeof *pl->state);
    if (!pl->key || !pl->state)
        return NULL;
    fill_states(p, pl, t, place);
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

static size_t list_bytes(const struct plain *pl)
{
    return ((pl->n_states + 2) * PLAIN_LIST + pl->n_states + 1) * sizeof(uint32_t);
}

size_t pathway_batch_bytes(const void *model, const struct kith_cell *cell)
{
    const struct plain *pl = ((const struct pathway *)model)->plain[cell->arm];
    return pl ? (PLAIN_FAMILIES + 1) * pl->doubles * sizeof(double) + list_bytes(pl) : 0;
}

/* The widest vectors that this CPU has instructions for (KITH_LANES_MOST, for measuring: no wider than that). */
static void run(struct plain_batch *b)
{
#ifndef KITH_LANES_MOST
#define KITH_LANES_MOST 8
#endif
#if defined __x86_64__
    if (KITH_LANES_MOST >= 8 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
        __builtin_cpu_supports("avx512vl")) {
        pathway_plain_run8(b);
        return;
    }
    if (KITH_LANES_MOST >= 4 && __builtin_cpu_supports("avx2")) {
        pathway_plain_run4(b);
        return;
    }
#endif
    pathway_plain_run2(b);
}

void pathway_batch(const void *model, struct kith_cell *cell, uint64_t from, uint64_t to, void *workspace)
{
    const struct plain *pl = ((const struct pathway *)model)->plain[cell->arm];
    struct plain_batch b = {.plain = pl, .cell = cell, .record = workspace, .from = from, .next = from, .to = to};
    memset(workspace, 0, (PLAIN_FAMILIES + 1) * pl->doubles * sizeof(double) + list_bytes(pl));
    b.list = (void *)(b.record + (PLAIN_FAMILIES + 1) * pl->doubles);
    b.idle = b.list + (pl->n_states + 1) * PLAIN_LIST;
    b.listed = b.idle + PLAIN_LIST;
    for (b.n_idle = 0; b.n_idle < PLAIN_FAMILIES; b.n_idle++)
        b.idle[b.n_idle] = b.n_idle;
    run(&b);
}
