/* Reads `resources:`: what the families of an area share, who uses it and on what terms. */
#include <stdio.h>

#include "pathway.h"

static const struct kith_node *resources_of(const struct build *b)
{
    const struct kith_node *node = kith_node_get(b->p->sc->root, "resources");
    return node && node->kind == KITH_NODE_MAP ? node : NULL;
}

void pathway_name_resources(struct build *b)
{
    const struct kith_node *node = kith_node_get(b->p->sc->root, "resources");
    struct pathway *p = b->p;
    char name[160];
    p->n_resources = 0;
    if (node && node->kind != KITH_NODE_MAP)
        kith_node_error(b->r, node, "resources: is a map {name: {capacity: ..., used_by: [...]}, ...}");
    for (const struct kith_node *k = resources_of(b) ? node->first : NULL; k; k = k->next) {
        if (p->n_resources == PATHWAY_RESOURCES_MAX) {
            kith_node_error(b->r, k, "more than %d resources", PATHWAY_RESOURCES_MAX);
            return;
        }
        struct kith_node key = pathway_key_node(k);
        pathway_check_name(b, &key, k->key);
        snprintf(name, sizeof name, "resource/%s", k->key);
        p->resource_key[p->n_resources] = kith_hash_name(name);
        b->resource_names[p->n_resources++] = k->key;
    }
}

/* ---- capacity --------------------------------------------------------------------------------------------------- */

/* The product of `times:`, a number or a list. */
static double read_times(struct build *b, const struct kith_node *node)
{
    double product = 1;
    if (!node)
        return 1;
    for (const struct kith_node *k = node->kind == KITH_NODE_LIST ? node->first : node; k;
         k = node->kind == KITH_NODE_LIST ? k->next : NULL)
        product *= kith_node_value(b->r, k, "times", KITH_UNIT_NONE, 0, 1e9);
    return product;
}

/* `calendar:` of a capacity, read as the ratio of that name is. */
static const struct factor *read_calendar(struct build *b, const struct kith_node *node)
{
    struct kith_node only = *node, ratios = *node;
    only.next = NULL;
    ratios.kind = KITH_NODE_MAP;
    ratios.n = 1;
    ratios.first = &only;
    struct range r = pathway_read_factors(b, &ratios, -1, false);
    struct factor *kept = r.n ? pathway_keep(b, 1, sizeof *kept) : NULL;
    if (kept)
        *kept = b->t->factors[r.first];
    return kept;
}

static void read_capacity(struct build *b, const struct kith_node *node, struct capacity *c)
{
    static const char *const keys[] = {"number", "per_1000_families", "per_10000_children", "column", "times",
                                       "calendar", "source", "note"};
    const struct kith_scenario *sc = b->p->sc;
    *c = (struct capacity){.kind = CAPACITY_UNLIMITED, .value = 1, .column = -1};
    if (node->kind == KITH_NODE_SCALAR && strcmp(node->text, "unlimited") == 0)
        return;
    if (node->kind != KITH_NODE_MAP) {
        kith_node_error(b->r, node, "capacity is unlimited, {number: N}, {per_1000_families: x}, "
                        "{per_10000_children: x} or {column: NAME}");
        return;
    }
    kith_node_known(b->r, node, "capacity", keys, sizeof keys / sizeof *keys);
    int given = 0;
    for (int i = 0; i < 4; i++) {
        const struct kith_node *k = kith_node_get(node, keys[i]);
        if (!k)
            continue;
        given++;
        c->kind = (enum capacity_kind)(CAPACITY_NUMBER + i);
        if (c->kind == CAPACITY_COLUMN)
            c->column = kith_node_choice(b->r, k, "a column of the areas table", sc->column_names, sc->n_columns);
        else
            c->value = kith_node_value(b->r, k, keys[i], KITH_UNIT_NONE, 0, 1e9);
    }
    for (size_t i = 0; c->column >= 0 && i < sc->n_areas; i++)
        if (!(sc->column[c->column][i] >= 0))
            kith_node_error(b->r, kith_node_get(node, "column"), "column %s of area %s is empty or negative",
                            sc->column_names[c->column], sc->areas[i].code);
    if (given != 1)
        kith_node_error(b->r, node, "capacity wants exactly one of number, per_1000_families, per_10000_children and "
                        "column");
    if (c->kind == CAPACITY_CHILDREN && isnan(sc->areas[0].size))
        kith_node_error(b->r, node, "per_10000_children needs an areas table that gives the areas' size in children");
    c->value *= read_times(b, kith_node_get(node, "times"));
    if (kith_node_get(node, "calendar"))
        c->calendar = read_calendar(b, kith_node_get(node, "calendar"));
}

/* ---- users ------------------------------------------------------------------------------------------------------ */

/* The state that `key` names, or -1. */
static int read_state(struct build *b, const struct kith_node *node, const char *key, int chart)
{
    char what[160];
    const struct kith_node *k = kith_node_get(node, key);
    snprintf(what, sizeof what, "a state of chart %s", b->chart_names[chart]);
    return k ? kith_node_choice(b->r, k, what, b->state_names[chart], b->t->charts[chart].n_states) : -1;
}

static void use_in(struct build *b, const struct kith_node *where, int chart, int s, double units, size_t resource)
{
    struct state *st = &b->t->states[b->t->charts[chart].first_state + s];
    if (st->pool >= 0)
        kith_node_error(b->r, where, "state %s uses resource %s already", b->state_names[chart][s],
                        b->resource_names[st->pool]);
    if (st->terminal)
        kith_node_error(b->r, where, "state %s is terminal: what is used there would never be given back",
                        b->state_names[chart][s]);
    if (fabs(units * 1000 - floor(units * 1000 + 0.5)) > 1e-6)
        kith_node_error(b->r, where, "units = %.10g is no multiple of 0.001", units);
    st->pool = (int8_t)resource;
    st->user = (uint16_t)b->t->n_users;
    st->units = (int64_t)(units * 1000 + 0.5);
}

static void read_used_states(struct build *b, const struct kith_node *node, int chart, size_t resource)
{
    const struct kith_node *states = kith_node_get(node, "states");
    if (!states) {
        kith_node_error(b->r, node, "missing states: those in which chart %s uses the resource", b->chart_names[chart]);
        return;
    }
    if (states->kind == KITH_NODE_MAP) {
        kith_node_known(b->r, states, b->chart_names[chart], b->state_names[chart], b->t->charts[chart].n_states);
        for (const struct kith_node *k = states->first; k; k = k->next)
            for (int s = 0; s < b->t->charts[chart].n_states; s++)
                if (strcmp(k->key, b->state_names[chart][s]) == 0)
                    use_in(b, k, chart, s, kith_node_value(b->r, k, "units", KITH_UNIT_NONE, 0.001, 1e6), resource);
        return;
    }
    struct states set = pathway_read_states(b, states, chart);
    for (unsigned s = 0; s < b->t->charts[chart].n_states; s++)
        if (states_has(&set, s))
            use_in(b, states, chart, (int)s, 1, resource);
}

/* A state that others go to for want of a resource: it lasts, and uses none itself. */
static void check_refuge(struct build *b, const struct kith_node *user, const char *key, bool stays)
{
    int chart = kith_node_get(user, "chart") ? kith_node_choice(b->r, kith_node_get(user, "chart"), "a chart",
                                                                b->chart_names, b->p->n_charts) : -1;
    const struct kith_node *where = kith_node_get(user, key);
    int s = chart < 0 || !where ? -1 : read_state(b, user, key, chart);
    const struct state *st = s < 0 ? NULL : &b->t->states[b->t->charts[chart].first_state + s];
    if (st && st->pool >= 0)
        kith_node_error(b->r, where, "state %s uses a resource itself", b->state_names[chart][s]);
    else if (st && stays && (st->instant || st->terminal))
        kith_node_error(b->r, where, "state %s is %s: give a state in which one can stay without the resource",
                        b->state_names[chart][s], st->instant ? "instant" : "terminal");
}

static void read_user(struct build *b, const struct kith_node *node, size_t resource)
{
    static const char *const keys[] = {"chart", "states", "waits_in", "full", "preempted_to", "priority",
                                       "ratios", "source", "note"};
    const struct kith_node *target = kith_node_get(node, "chart");
    kith_node_known(b->r, node, "an entry of used_by:", keys, sizeof keys / sizeof *keys);
    if (!target)
        kith_node_error(b->r, node, "missing chart: whose states use the resource");
    int chart = target ? kith_node_choice(b->r, target, "a chart", b->chart_names, b->p->n_charts) : -1;
    if (chart < 0)
        return;
    for (size_t i = 0; i < b->t->n_users; i++)
        if (b->t->users[i].chart == chart && b->t->users[i].resource == resource)
            kith_node_error(b->r, target, "chart %s uses resource %s already", b->chart_names[chart],
                            b->resource_names[resource]);
    read_used_states(b, node, chart, resource);
    struct user u = {.chart = (uint16_t)chart, .resource = (uint16_t)resource};
    u.waits_in = (int16_t)read_state(b, node, "waits_in", chart);
    u.full = (int16_t)read_state(b, node, "full", chart);
    u.preempted_to = (int16_t)read_state(b, node, "preempted_to", chart);
    b->own = b->others = 0;
    u.priority = pathway_read_weight(b, node, "priority", chart, 1, &u.factors);
    if (u.waits_in >= 0) {
        struct state *st = &b->t->states[b->t->charts[chart].first_state + u.waits_in];
        if (st->line >= 0)
            kith_node_error(b->r, kith_node_get(node, "waits_in"), "state %s is where resource %s is waited for already",
                            b->state_names[chart][u.waits_in], b->resource_names[st->line]);
        st->line = (int8_t)resource;
        st->user = (uint16_t)b->t->n_users;
        st->own |= b->own;
        st->others |= b->others;
        b->t->heard |= b->own | b->others;
    }
    b->p->gated[resource] = b->p->gated[resource] || u.waits_in >= 0 || u.full >= 0;
    if (b->p->use_at[chart] < 0)
        b->p->use_at[chart] = (int8_t)b->p->n_uses_of[b->t->charts[chart].of_child]++;
    struct user *added = pathway_add(b, &b->t->users, &b->t->n_users, sizeof u);
    if (added)
        *added = u;
}

/* A waiting state is entered for want of the resource and in no other way: there would be no telling what for. */
static void check_ways_in(struct build *b)
{
    const struct tables *t = b->t;
    for (size_t c = 0; c < b->p->n_charts; c++)
        for (unsigned s = 0; s < t->charts[c].n_states; s++) {
            const struct chart *ch = &t->charts[c];
            if (t->states[ch->first_state + s].line < 0)
                continue;
            const char *how = NULL;
            for (uint32_t i = 0; i < ch->clocks.n; i++)
                how = t->clocks[ch->clocks.first + i].to == s ? "a clock" : how;
            for (unsigned q = 0; q < ch->n_states; q++)
                for (uint32_t i = 0; i < t->states[ch->first_state + q].options.n; i++)
                    how = t->options[t->states[ch->first_state + q].options.first + i].to == s ? "an option" : how;
            for (size_t i = 0; i < t->n_effects; i++)
                how = !t->effects[i].is_mark && t->effects[i].chart == c && t->effects[i].to == s ? "a move" : how;
            for (size_t g = 0; g < (b->p->n_groups ? b->p->n_groups : 1); g++)
                how = ch->start[g] == s ? "start:" : how;
            if (how)
                kith_node_error(b->r, kith_node_get(b->p->sc->root, "resources"),
                                "%s leads to %s.%s, where resource %s is waited for: let it lead to the state that needs the "
                                "resource", how, b->chart_names[c], b->state_names[c][s],
                                b->resource_names[t->states[ch->first_state + s].line]);
        }
}

void pathway_read_resources(struct build *b)
{
    static const char *const keys[] = {"what", "capacity", "used_by", "room", "preempts", "slack", "source", "note"};
    struct pathway *p = b->p;
    p->n_uses_of[0] = p->n_uses_of[1] = 0;
    for (size_t c = 0; c < PATHWAY_CHARTS_MAX; c++)
        p->use_at[c] = -1;
    size_t r = 0;
    for (const struct kith_node *k = resources_of(b) ? resources_of(b)->first : NULL; k; k = k->next, r++) {
        const struct kith_node *users = kith_node_get(k, "used_by"), *capacity = kith_node_get(k, "capacity");
        kith_node_known(b->r, k, "a resource", keys, sizeof keys / sizeof *keys);
        p->preempts[r] = kith_node_flag(b->r, k, "preempts", false);
        if (capacity)
            read_capacity(b, capacity, &b->t->capacity[r]);
        else
            kith_node_error(b->r, k, "missing capacity: of resource %s; unlimited, {number: N}, ...", k->key);
        if (!users || users->kind != KITH_NODE_LIST || !users->n) {
            kith_node_error(b->r, users ? users : k, "used_by: is a list of {chart: ..., states: [...]}");
            continue;
        }
        for (const struct kith_node *u = users->first; u; u = u->next)
            read_user(b, u, r);
        for (size_t i = 0; i < b->t->n_users; i++)
            if (b->t->users[i].resource == r && b->t->users[i].waits_in >= 0 && kith_node_get(k, "room") &&
                b->t->users[i].full < 0)
                kith_node_error(b->r, kith_node_get(k, "room"), "where does chart %s go when the room is full? say full:",
                                b->chart_names[b->t->users[i].chart]);
    }
    /* only now is it known which states use which resource */
    for (const struct kith_node *k = resources_of(b) ? resources_of(b)->first : NULL; k && !b->r->errors->n; k = k->next)
        for (const struct kith_node *u = kith_node_get(k, "used_by")->first; u; u = u->next) {
            check_refuge(b, u, "waits_in", true);
            check_refuge(b, u, "full", false);
            check_refuge(b, u, "preempted_to", true);
            if (kith_node_get(u, "full") && kith_node_get(u, "waits_in") && !kith_node_get(k, "room"))
                kith_node_error(b->r, kith_node_get(u, "full"), "full: needs room: without a limit to those who wait "
                                "nobody ever goes there");
        }
    if (p->n_resources && !b->r->errors->n)
        check_ways_in(b);
}

/* ---- the shape -------------------------------------------------------------------------------------------------- */

static const struct {
    const char *name, *unit, *what;
} amounts[KITH_POOL_AMOUNTS] = {
    {"requests", "1", "entries that needed it"},
    {"waited", "1", "of these, those that had to wait"},
    {"granted", "1", "entries that got it, at once or after waiting"},
    {"refused", "1", "entries that found the line full"},
    {"left", "1", "those who gave up waiting"},
    {"preempted", "1", "those who lost it to a higher priority"},
    {"wait_time", "1/786432 year", "time that those who got it had waited"},
    {"waiting", "1/786432 year", "time that anybody waited"},
    {"used", "1/786432000 year", "time that units were in use"},
    {"capacity", "1/786432000 year", "time that units were there; 0 while unlimited"},
    {"period", "1/786432 year", "time that passed"},
};

void pathway_shape_resources(struct build *b)
{
    struct pathway *p = b->p;
    struct kith_shape *sh = &p->shape;
    struct kith_shape_resource *list = pathway_keep(b, p->n_resources, sizeof *list);
    struct kith_shape_amount *all = pathway_keep(b, p->n_resources * KITH_POOL_AMOUNTS, sizeof *all);
    const struct kith_node *k = resources_of(b) ? resources_of(b)->first : NULL;
    for (size_t r = 0; r < p->n_resources && list && all; r++, k = k->next) {
        list[r].name = k->key;
        list[r].what = kith_node_text(b->r, k, "what", "");
        list[r].amount = r * KITH_POOL_AMOUNTS;
        list[r].plan.room = kith_node_integer(b->r, k, "room", 0, 1000000000, INT64_MAX);
        list[r].plan.preempts = p->preempts[r];
        list[r].plan.slack = kith_node_number_or(b->r, k, "slack", KITH_UNIT_NONE, 0, 0.999, 0);
        for (size_t i = 0; i < KITH_POOL_AMOUNTS; i++) {
            char name[256];
            snprintf(name, sizeof name, "resource.%.200s.%s", k->key, amounts[i].name);
            char *kept = pathway_keep(b, strlen(name) + 1, 1);
            if (kept)
                strcpy(kept, name);
            all[r * KITH_POOL_AMOUNTS + i] = (struct kith_shape_amount){kept, amounts[i].unit, amounts[i].what};
        }
    }
    sh->resources = list;
    sh->amounts = all;
    sh->n_resources = list && all ? p->n_resources : 0;
    sh->n_amounts = sh->n_resources * KITH_POOL_AMOUNTS;
    sh->coupled = sh->n_resources > 0;
}

/* ---- levels ----------------------------------------------------------------------------------------------------- */

/* The lower ends of all bands of load of the resource, ascending, without those not above 0. */
static size_t gather_bounds(struct build *b, size_t resource, double *bounds)
{
    const struct pathway *p = b->p;
    size_t n = 0;
    for (size_t i = 0; i < p->n_tables; i++)
        for (size_t k = 0; k < p->tables[i].n_factors; k++) {
            const struct factor *f = &p->tables[i].factors[k];
            for (uint32_t j = 0; f->kind == FACTOR_LOAD && f->what == resource && j < f->n; j++) {
                size_t at = 0;
                if (!pathway_afford(b, n + 1, 1))
                    return 0;
                while (at < n && bounds[at] < f->at[j])
                    at++;
                if (!(f->at[j] > 0) || (at < n && bounds[at] == f->at[j]))
                    continue;
                if (n == PATHWAY_BOUNDS_MAX) {
                    kith_node_error(b->r, resources_of(b), "more than %d loads of resource %s at which ratios change",
                                    PATHWAY_BOUNDS_MAX, b->resource_names[resource]);
                    return 0;
                }
                memmove(bounds + at + 1, bounds + at, (n - at) * sizeof *bounds);
                bounds[at] = f->at[j];
                n++;
            }
        }
    return n;
}

void pathway_read_levels(struct build *b)
{
    struct pathway *p = b->p;
    struct kith_shape_resource *list = (struct kith_shape_resource *)p->shape.resources;
    size_t ends = 1;
    for (size_t i = 0; i < p->n_tables; i++)
        for (size_t k = 0; k < p->tables[i].n_factors; k++)
            ends += p->tables[i].factors[k].kind == FACTOR_LOAD ? p->tables[i].factors[k].n : 0;
    for (size_t r = 0; r < p->n_resources; r++) {
        double *bounds = pathway_keep(b, ends < PATHWAY_BOUNDS_MAX ? ends : PATHWAY_BOUNDS_MAX, sizeof *bounds);
        if (!bounds)
            return;
        size_t n = gather_bounds(b, r, bounds);
        list[r].plan.bounds = bounds;
        list[r].plan.n_bounds = n;
        for (size_t i = 0; i < p->n_tables; i++)
            for (size_t k = 0; k < p->tables[i].n_factors; k++) {
                struct factor *f = &p->tables[i].factors[k];
                if (f->kind != FACTOR_LOAD || f->what != r)
                    continue;
                double *value = pathway_afford(b, n + 1, f->n) ? pathway_keep(b, n + 1, sizeof *value) : NULL;
                for (size_t level = 0; value && level <= n; level++) {
                    value[level] = f->below;
                    for (uint32_t j = 0; j < f->n; j++)
                        if (f->at[j] <= (level ? bounds[level - 1] : 0))
                            value[level] = f->value[j];
                }
                if (!value)
                    return;
                f->value = value;
                f->n_value = (uint32_t)(n + 1);
            }
    }
}

/* ---- which transitions touch something shared ------------------------------------------------------------------- */

/* What is known so far: bit of a state over all charts. */
struct reach {
    const struct pathway *p;
    const struct tables *t;
    bool enter[KITH_STATES_MAX];
    struct states leaving[PATHWAY_CHARTS_MAX]; /* what is left with a unit, or a place in line, given up */
};

static bool load_in(const struct tables *t, struct range factors)
{
    for (uint32_t i = 0; i < factors.n; i++)
        if (t->factors[factors.first + i].kind == FACTOR_LOAD)
            return true;
    return false;
}

static bool leaving(const struct state *st)
{
    return st->pool >= 0 || st->line >= 0;
}

/* Whether who goes from one state to the other uses something else then, or something where there was nothing. */
static bool trades(const struct state *from, const struct state *to)
{
    return from->line < 0 && (from->pool != to->pool || from->units != to->units);
}

static bool effects_touch(const struct reach *k, struct range effects)
{
    for (uint32_t i = 0; i < effects.n; i++) {
        const struct effect *e = &k->t->effects[effects.first + i];
        if (e->is_mark)
            continue;
        const struct chart *ch = &k->t->charts[e->chart];
        if (load_in(k->t, e->factors) || k->enter[ch->first_state + e->to])
            return true;
        for (size_t w = 0; w < 4; w++)
            if (e->from.bits[w] & k->leaving[e->chart].bits[w])
                return true;
    }
    return false;
}

static bool enter_touches(const struct reach *k, const struct chart *ch, const struct state *st)
{
    if (leaving(st) || st->own >> PATHWAY_FIRST_LOAD || (st->terminal && k->t->n_users) || effects_touch(k, st->effects))
        return true;
    for (uint32_t i = 0; i < st->options.n; i++) {
        const struct option *o = &k->t->options[st->options.first + i];
        if (load_in(k->t, o->factors) || effects_touch(k, o->effects) || k->enter[ch->first_state + o->to])
            return true;
    }
    return false;
}

void pathway_find_shared(struct build *b, struct tables *t)
{
    const struct pathway *p = b->p;
    struct reach k = {.p = p, .t = t};
    bool more = p->n_resources > 0;
    for (size_t c = 0; c < p->n_charts; c++)
        for (unsigned s = 0; s < t->charts[c].n_states; s++)
            if (leaving(&t->states[t->charts[c].first_state + s]))
                k.leaving[c].bits[s >> 6] |= 1ull << (s & 63);
    /* each round carries it one step back, until nothing new is found */
    while (more && pathway_afford(b, t->n_states + t->n_options + t->n_effects + t->n_factors, 2)) {
        more = false;
        for (size_t c = 0; c < p->n_charts; c++)
            for (unsigned s = 0; s < t->charts[c].n_states; s++) {
                size_t at = t->charts[c].first_state + s;
                if (!k.enter[at] && enter_touches(&k, &t->charts[c], &t->states[at]))
                    k.enter[at] = more = true;
            }
    }
    for (size_t c = 0; c < p->n_charts; c++) {
        const struct chart *ch = &t->charts[c];
        for (size_t g = 0; g < (p->n_groups ? p->n_groups : 1); g++)
            t->birth_shared[g] = t->birth_shared[g] || k.enter[ch->first_state + ch->start[g]];
        for (unsigned s = 0; s < ch->n_states; s++) {
            const struct state *st = &t->states[ch->first_state + s];
            for (uint32_t i = 0; i < st->clocks.n; i++) {
                struct enabled *e = &t->enabled[st->clocks.first + i];
                e->shared = leaving(st) || k.enter[ch->first_state + e->to] ||
                            effects_touch(&k, t->clocks[e->clock].effects);
                e->trades = e->shared && trades(st, &t->states[ch->first_state + e->to]);
            }
        }
    }
}
