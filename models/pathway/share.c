/* What the families of an area do to each other: use and wait for resources, lose them, and feel their load. Also the area's own
 * events: capacities that change. */
#include "family.h"

#include "rng/draw.h"

/* Key of the draw that makes an area's capacity whole. */
#define KEY_CAPACITY 0x6361706163697479u

/* How a ticket says whose it is. */
static uint32_t who(unsigned m, unsigned chart)
{
    return m << 8 | chart;
}

static struct use *use_of(const struct pathway *p, const struct family *f, unsigned m, unsigned chart)
{
    return &f->member[m]->uses[p->use_at[chart]];
}

static const struct state *state_at(const struct family *f, unsigned chart, unsigned s)
{
    return &f->t->states[f->t->charts[chart].first_state + s];
}

/* ---- using and waiting ------------------------------------------------------------------------------------------ */

static double priority(struct view *v, const struct user *u)
{
    return u->factors.n ? u->priority * pathway_ratio(v, u->factors) : u->priority;
}

static void stop_using(struct family *f, struct use *use, double t)
{
    f->bound = (uint16_t)(f->bound - (use->ticket != 0)); /* nobody can take it away any more */
    kith_pool_give(&f->pool[use->held - 1], t, use->units, use->ticket);
    use->held = 0;
    use->ticket = 0;
}

static void stop_waiting(struct family *f, struct use *use, double t)
{
    kith_pool_leave(&f->pool[use->waiting - 1], t, use->ticket);
    use->waiting = 0;
    use->ticket = 0;
    use->again = false;
    f->bound--;
}

static void start_using(struct family *f, struct use *use, unsigned resource, int64_t units, uint32_t ticket)
{
    use->held = (uint8_t)(resource + 1);
    use->units = units;
    use->ticket = ticket;
    use->again = false;
    f->bound = (uint16_t)(f->bound + (ticket != 0));
}

/* Asks for what state `to` needs; returns the state to go to. */
static unsigned ask(const struct pathway *p, struct kith_cell *cell, struct family *f, unsigned m, unsigned chart,
                    unsigned to, uint64_t cause, double t)
{
    const struct state *st = state_at(f, chart, to);
    const struct user *u = &f->t->users[st->user];
    struct kith_pool *pool = &f->pool[st->pool];
    struct use *use = use_of(p, f, m, chart);
    if (u->waits_in < 0 && u->full < 0) {
        kith_pool_take(pool, t, st->units);
        start_using(f, use, (unsigned)st->pool, st->units, 0);
        return to;
    }
    struct view v = {p, f, f->t, m, t, t, INFINITY};
    struct kith_ticket ticket = {.family = f->number, .who = who(m, chart), .units = st->units, .again = use->again,
                                 .safe = u->waits_in < 0 && u->preempted_to < 0, .priority = priority(&v, u)};
    uint32_t number = 0;
    switch (kith_pool_request(pool, t, &ticket, u->waits_in >= 0, &number)) {
    case KITH_POOL_HAS:
        start_using(f, use, (unsigned)st->pool, st->units, number);
        return to;
    case KITH_POOL_WAITS:
        use->waiting = (uint8_t)(st->pool + 1);
        use->ticket = number;
        use->wanted = (uint8_t)to;
        use->cause = cause;
        f->bound++;
        return (unsigned)u->waits_in;
    case KITH_POOL_FULL:
        return (unsigned)u->full;
    case KITH_POOL_NO_MEMORY:
        cell->failed = KITH_NO_MEMORY;
        return to;
    }
    return to;
}

unsigned pathway_trade(const struct pathway *p, struct kith_cell *cell, struct family *f, unsigned m, unsigned chart,
                       unsigned to, uint64_t cause, double t)
{
    struct use *use = use_of(p, f, m, chart);
    const struct state *st = state_at(f, chart, to);
    if (use->waiting && st->pool == use->waiting - 1) {
        kith_pool_want(&f->pool[st->pool], t, use->ticket, st->units);
        use->wanted = (uint8_t)to;
        use->cause = cause;
        return f->member[m]->instances[f->t->charts[chart].place].state;
    }
    if (use->waiting)
        stop_waiting(f, use, t);
    if (use->held && st->pool == use->held - 1) {
        kith_pool_adjust(&f->pool[st->pool], t, st->units - use->units, use->ticket);
        use->units = st->units;
        return to;
    }
    if (use->held)
        stop_using(f, use, t);
    return st->pool < 0 ? to : ask(p, cell, f, m, chart, to, cause, t);
}

void pathway_give_back(const struct pathway *p, struct family *f, unsigned m, unsigned chart, double t)
{
    if (p->use_at[chart] < 0)
        return;
    struct use *use = use_of(p, f, m, chart);
    if ((!use->waiting && !use->held) || pathway_only_tries(f))
        return;
    if (use->waiting)
        stop_waiting(f, use, t);
    if (use->held)
        stop_using(f, use, t);
}

void pathway_listen(struct family *f, struct instance *in, uint8_t resources)
{
    if (in->listens == resources || pathway_only_tries(f))
        return;
    for (unsigned changed = in->listens ^ resources; changed; changed &= changed - 1) {
        unsigned r = (unsigned)__builtin_ctz(changed);
        bool on = resources >> r & 1;
        f->listens[r] = (uint16_t)(on ? f->listens[r] + 1 : f->listens[r] - 1);
        f->bound = (uint16_t)(on ? f->bound + 1 : f->bound - 1);
        if (f->listens[r] == on)
            kith_pool_listen(&f->pool[r], f->number, on);
    }
    in->listens = resources;
}

void pathway_reorder(struct view *v, unsigned chart)
{
    const struct use *use = use_of(v->p, v->f, v->member, chart);
    if (!v->f->pool || !use->waiting)
        return;
    const struct instance *in = &v->f->member[v->member]->instances[v->t->charts[chart].place];
    const struct user *u = &v->t->users[state_at(v->f, chart, in->state)->user];
    kith_pool_reorder(&v->f->pool[use->waiting - 1], use->ticket, priority(v, u));
}

/* ---- what comes from outside ------------------------------------------------------------------------------------ */

static double granted(const void *model, struct kith_cell *cell, void *family, double t, size_t pool,
                      const struct kith_ticket *ticket, uint32_t holder)
{
    const struct pathway *p = model;
    struct family *f = family;
    unsigned m = ticket->who >> 8, chart = ticket->who & 255;
    struct use *use = use_of(p, f, m, chart);
    use->waiting = 0;
    f->bound--;
    start_using(f, use, (unsigned)pool, ticket->units, holder);
    pathway_send(p, cell, f, m, chart, use->wanted, use->cause, t);
    return find_next(f);
}

/* Goes where the scenario says, or back into line for the state it was in. */
static double lost(const void *model, struct kith_cell *cell, void *family, double t, size_t pool,
                   const struct kith_ticket *ticket)
{
    const struct pathway *p = model;
    struct family *f = family;
    unsigned m = ticket->who >> 8, chart = ticket->who & 255;
    struct use *use = use_of(p, f, m, chart);
    unsigned was = f->member[m]->instances[f->t->charts[chart].place].state;
    const struct user *u = &f->t->users[state_at(f, chart, was)->user];
    uint64_t cause = kith_draw_mix(mix2(f->member[m]->key, p->resource_key[pool], ticket->number), was);
    use->held = 0;
    use->ticket = 0;
    f->bound--;
    if (u->preempted_to >= 0) {
        pathway_send(p, cell, f, m, chart, (unsigned)u->preempted_to, cause, t);
    } else {
        use->again = true;
        pathway_send(p, cell, f, m, chart, was, cause, t); /* and finds the place taken */
    }
    return find_next(f);
}

static double loaded(const void *model, struct kith_cell *cell, void *family, double t, uint64_t pools)
{
    const struct pathway *p = model;
    struct family *f = family;
    const uint64_t loads = pools << PATHWAY_FIRST_LOAD;
    (void)cell;
    for (unsigned m = 0; m <= f->n_begun; m++)
        for (size_t k = 0; k < p->n_of[m > 0]; k++) {
            const struct instance *in = &f->member[m]->instances[k];
            if (in->live && in->listens & pools)
                pathway_refresh(p, f, m, p->chart_at[m > 0][k], t, loads, 0);
        }
    return find_next(f);
}

/* ---- the area's own events -------------------------------------------------------------------------------------- */

/* The value of a calendar's band at time t. */
static double at_time(const struct factor *calendar, double t)
{
    double value = 1;
    for (uint32_t i = 0; calendar && i < calendar->n && calendar->at[i] <= t; i++)
        value = calendar->value[i];
    return value;
}

static double units_of(const struct pathway *p, const struct kith_cell *cell, const struct capacity *c)
{
    const struct kith_scenario *sc = p->sc;
    double families = (double)sc->families * sc->areas[cell->area].share, part = (double)sc->families / sc->represents;
    switch (c->kind) {
    case CAPACITY_FAMILIES:
        return c->value * families / 1000;
    case CAPACITY_CHILDREN:
        return c->value * sc->areas[cell->area].size * part / 10000;
    case CAPACITY_COLUMN:
        return c->value * sc->column[c->column][cell->area] * part;
    default:
        return c->value;
    }
}

/* Units of resource r that the scenario declares for time t. */
static double declared(const struct pathway *p, const struct kith_cell *cell, size_t r, const struct tables *tb, double t)
{
    return units_of(p, cell, &tb->capacity[r]) * at_time(tb->capacity[r].calendar, t);
}

/* Thousandths of a unit that resource r has at time t. What can be waited for is made whole by a draw of the area, the
 * same one at all times and in all arms. */
static int64_t capacity_at(const struct pathway *p, const struct kith_cell *cell, size_t r, const struct tables *tb,
                           double t)
{
    const struct capacity *c = &tb->capacity[r];
    if (c->kind == CAPACITY_UNLIMITED)
        return KITH_POOL_UNLIMITED;
    double units = declared(p, cell, r, tb, t), ratio;
    memcpy(&ratio, &cell->block[p->first_ratio + r], sizeof ratio);
    units *= ratio;
    if (p->gated[r])
        units = floor(units + 1e-9 + kith_draw_uniform(mix2(cell->key, KEY_CAPACITY, p->resource_key[r])));
    return (int64_t)floor(units * 1000 + 0.5);
}

/* Sets the capacities in force at time t; returns when they next change. */
static double set_capacities(const struct pathway *p, struct kith_cell *cell, double t)
{
    const struct epoch *e = p->epochs[cell->arm];
    while (e[1].time <= t)
        e++;
    double next = e[1].time;
    for (size_t r = 0; r < p->n_resources; r++) {
        const struct factor *calendar = e->tables->capacity[r].calendar;
        kith_pool_capacity(&cell->pool[r], t, capacity_at(p, cell, r, e->tables, t));
        for (uint32_t i = 0; calendar && i < calendar->n; i++)
            if (calendar->at[i] > t) {
                next = calendar->at[i] < next ? calendar->at[i] : next;
                break;
            }
    }
    return next;
}

/* The end of the first counted year that ends after t; INFINITY without budgets, or if there is none. */
static double year_end(const struct pathway *p, const struct kith_cell *cell, double t)
{
    double y = floor(t - cell->warm_up) + 1 > 1 ? floor(t - cell->warm_up) + 1 : 1;
    while (cell->warm_up + y <= t)
        y++;
    return p->n_budgets && 12 * (int)y <= cell->months ? cell->warm_up + y : INFINITY;
}

/* When the area's next own event is, if the capacities next change at `change`. */
static double next_event(const struct pathway *p, const struct kith_cell *cell, double t, double change)
{
    double end = year_end(p, cell, t);
    return change < end ? change : end;
}

static double area_begin(const void *model, struct kith_cell *cell)
{
    const struct pathway *p = model;
    const double all = 1;
    for (size_t r = 0; r < p->n_resources; r++)
        memcpy(&cell->block[p->first_ratio + r], &all, sizeof all);
    return next_event(p, cell, 0, set_capacities(p, cell, 0));
}

/* A year has ended: sums are brought up to date before accounts are settled. */
static void settle_year(const struct pathway *p, struct kith_cell *cell, size_t y, double t)
{
    double units[PATHWAY_RESOURCES_MAX], ratio[PATHWAY_RESOURCES_MAX];
    const struct epoch *e = p->epochs[cell->arm];
    while (e[1].time <= t)
        e++;
    for (size_t r = 0; r < p->n_resources; r++) {
        kith_pool_tally(&cell->pool[r], t);
        units[r] = declared(p, cell, r, e->tables, t);
        memcpy(&ratio[r], &cell->block[p->first_ratio + r], sizeof ratio[r]);
    }
    pathway_settle_year(p, cell, y, units, ratio);
    for (size_t r = 0; r < p->n_resources; r++)
        memcpy(&cell->block[p->first_ratio + r], &ratio[r], sizeof ratio[r]);
}

static double area_event(const void *model, struct kith_cell *cell, double t)
{
    const struct pathway *p = model;
    double y = floor(t - cell->warm_up + 0.5);
    if (p->n_budgets && y >= 1 && t == cell->warm_up + y)
        settle_year(p, cell, (size_t)y, t);
    return next_event(p, cell, t, set_capacities(p, cell, t));
}

static bool over(const void *model, const void *family)
{
    const struct family *f = family;
    (void)model;
    return !f->member[0]->live && f->n_done == f->n_children;
}

const struct kith_coupling pathway_coupling = {
    .pack = pathway_pack,
    .unpack = pathway_unpack,
    .over = over,
    .area_begin = area_begin,
    .area_event = area_event,
    .granted = granted,
    .lost = lost,
    .loaded = loaded,
};
