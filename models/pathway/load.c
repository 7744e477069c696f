/* Compiles a scenario: tables for every arm and every date at which an arm changes, and the shape of the results. */
#include <stdio.h>

#include "plain.h"

static void free_tables(struct tables *t)
{
    for (size_t i = 0; i < t->n_clocks; i++)
        kith_dist_free(&t->clocks[i].dist);
    kith_mem_free(&t->states);
    kith_mem_free(&t->clocks);
    kith_mem_free(&t->enabled);
    kith_mem_free(&t->options);
    kith_mem_free(&t->effects);
    kith_mem_free(&t->factors);
    kith_mem_free(&t->tests);
    kith_mem_free(&t->terms);
    kith_mem_free(&t->counters);
    kith_mem_free(&t->users);
}

static void unload(void *model)
{
    struct pathway *p = model;
    if (!p)
        return;
    for (size_t i = 0; i < p->n_tables; i++)
        free_tables(&p->tables[i]);
    for (size_t i = 0; i < p->n_attributes; i++)
        kith_dist_free(&p->attributes[i].dist);
    for (size_t i = 0; i < p->n_groups; i++) {
        kith_dist_free(&p->groups[i].gap);
        kith_dist_free(&p->groups[i].age);
    }
    for (size_t i = 0; i < p->n_owned; i++)
        kith_mem_free(&p->owned[i]);
    kith_mem_free(&p->owned);
    kith_mem_free(&p->tables);
    kith_mem_free(&p);
}

/* ---- the shape -------------------------------------------------------------------------------------------------- */

/* What happens instead where a resource is not to be had, and when a turn comes. */
static void mark_waits(const struct tables *t, const struct user *u, bool preempts, bool *can)
{
    const struct chart *ch = &t->charts[u->chart];
    size_t n = ch->n_states, w = n + 1;
    for (size_t s = 0; s < n; s++) {
        const struct state *st = &t->states[ch->first_state + s];
        if (st->pool != u->resource)
            continue;
        bool first = false; /* row 0 says that all may be found there when counting begins; who begins there? */
        for (size_t g = 0; g < PATHWAY_GROUPS_MAX; g++)
            first = first || ch->start[g] == s;
        for (size_t from = first ? 0 : 1; from < w; from++)
            if (can[from * w + s + 1] && !(from && t->states[ch->first_state + from - 1].pool == u->resource)) {
                if (u->waits_in >= 0)
                    can[from * w + (size_t)u->waits_in + 1] = can[((size_t)u->waits_in + 1) * w + s + 1] = true;
                if (u->full >= 0)
                    can[from * w + (size_t)u->full + 1] = true;
            }
        if (preempts && u->preempted_to >= 0)
            can[(s + 1) * w + (size_t)u->preempted_to + 1] = true;
        else if (preempts && u->waits_in >= 0 && !st->instant)
            can[(s + 1) * w + (size_t)u->waits_in + 1] = can[((size_t)u->waits_in + 1) * w + s + 1] = true;
    }
    if (u->waits_in >= 0)
        can[((size_t)u->waits_in + 1) * w + (size_t)u->waits_in + 1] = false;
}

/* Which transitions a chart can make, as a table of (from + 1, to + 1), 0 for entry and exit. */
static void mark_transitions(const struct build *b, unsigned chart, bool *can)
{
    const struct tables *t = b->t;
    const struct chart *ch = &t->charts[chart];
    size_t n = ch->n_states, w = n + 1;
    bool ends = ch->of_child || b->p->n_groups > 0;
    for (unsigned c = 0; c < b->p->n_charts; c++) /* a terminal state of another chart ends this one */
        for (size_t s = 0; s < t->charts[c].n_states; s++)
            ends = ends || (t->charts[c].of_child == ch->of_child && c != chart &&
                            t->states[t->charts[c].first_state + s].terminal);
    for (size_t s = 0; s < n; s++) {
        const struct state *st = &t->states[ch->first_state + s];
        can[s + 1] = !st->instant;
        can[(s + 1) * w] = ends && !st->instant && !st->terminal;
        for (uint32_t i = 0; i < st->clocks.n; i++)
            can[(s + 1) * w + t->clocks[t->enabled[st->clocks.first + i].clock].to + 1u] = true;
        for (uint32_t i = 0; i < st->options.n; i++)
            can[(s + 1) * w + t->options[st->options.first + i].to + 1u] = true;
    }
    for (size_t i = 0; i < t->n_effects; i++)
        for (size_t s = 0; s < n && !t->effects[i].is_mark && t->effects[i].chart == chart; s++)
            if (states_has(&t->effects[i].from, (unsigned)s) && !t->states[ch->first_state + s].instant &&
                !t->states[ch->first_state + s].terminal)
                can[(s + 1) * w + t->effects[i].to + 1u] = true;
    for (size_t g = 0; g < PATHWAY_GROUPS_MAX; g++)
        can[ch->start[g] + 1] = true;
    for (size_t i = 0; i < t->n_users; i++)
        if (t->users[i].chart == chart)
            mark_waits(t, &t->users[i], b->p->preempts[t->users[i].resource], can);
}

static void number_transitions(struct build *b)
{
    struct pathway *p = b->p;
    struct kith_shape_transition *list = NULL;
    size_t n = 0;
    for (unsigned c = 0; c < p->n_charts; c++) {
        const struct chart *ch = &b->t->charts[c];
        size_t w = ch->n_states + 1u;
        bool *can = pathway_keep(b, w * w, sizeof *can);
        p->code[c] = pathway_keep(b, w * w, sizeof **p->code);
        if (!can || !p->code[c])
            break;
        mark_transitions(b, c, can);
        for (size_t i = 0; i < w * w; i++) {
            p->code[c][i] = -1;
            if (!can[i])
                continue;
            struct kith_shape_transition *t = pathway_add(b, &list, &n, sizeof *t);
            if (!t)
                break;
            t->chart = c;
            t->from = i / w ? (int)(ch->first_state + i / w - 1) : -1;
            t->to = i % w ? (int)(ch->first_state + i % w - 1) : -1;
            p->code[c][i] = (int16_t)(n - 1);
        }
    }
    struct kith_shape_transition *kept = pathway_keep(b, n, sizeof *kept);
    if (kept && n)
        memcpy(kept, list, n * sizeof *kept);
    kith_mem_free(&list);
    p->shape.transitions = kept;
    p->shape.n_transitions = kept ? n : 0;
    if (n > 30000)
        kith_node_error(b->r, p->sc->root, "over 30000 possible transitions: give moves a from:");
}

/* Families are counted in doubles and, where they share resources, numbered with 32 bits. */
static void check_size(struct build *b)
{
    const struct kith_scenario *sc = b->p->sc;
    double all = (double)sc->families * b->p->shape.turnover, largest = 0;
    for (size_t i = 0; i < sc->n_areas; i++)
        largest = sc->areas[i].share > largest ? sc->areas[i].share : largest;
    double most = b->p->n_resources ? 4e9 / largest : 1e11;
    if (!(all <= most))
        kith_node_error(b->r, kith_node_get(sc->root, "population"), "%.3g families in the course of the run: at most %.3g "
                        "can be simulated%s; fewer families, or more that represents stands for", all, most,
                        b->p->n_resources ? " (4e9 in an area with resources)" : "");
}

static void shape_charts(struct build *b)
{
    struct pathway *p = b->p;
    struct kith_shape *sh = &p->shape;
    const struct kith_node *node = kith_node_get(p->sc->root, "charts")->first;
    struct kith_shape_chart *charts = pathway_keep(b, p->n_charts, sizeof *charts);
    struct kith_shape_state *states = pathway_keep(b, b->t->n_states, sizeof *states);
    struct kith_shape_attribute *attributes = pathway_keep(b, p->n_attributes, sizeof *attributes);
    if (!charts || !states || !attributes)
        return;
    for (size_t c = 0; c < p->n_charts; c++, node = node->next) {
        const struct chart *ch = &b->t->charts[c];
        charts[c] = (struct kith_shape_chart){b->chart_names[c], kith_node_text(b->r, node, "what", ""),
                                              ch->of_child, ch->first_state, ch->n_states};
        for (size_t s = 0; s < ch->n_states; s++)
            states[ch->first_state + s] = (struct kith_shape_state){
                b->state_names[c][s], "", c, b->t->states[ch->first_state + s].instant};
    }
    for (size_t i = 0; i < p->n_attributes; i++)
        attributes[i] = (struct kith_shape_attribute){p->attributes[i].name, p->attributes[i].unit,
                                                      p->attributes[i].what};
    sh->charts = charts;
    sh->n_charts = p->n_charts;
    sh->states = states;
    sh->n_states = b->t->n_states;
    sh->attributes = attributes;
    sh->n_attributes = p->n_attributes;
    sh->members = p->max_children;
    sh->turnover = 1;
    for (size_t g = 0; g < p->n_groups; g++) {
        sh->turnover = g ? sh->turnover : 0;
        for (size_t y = 0; y < p->groups[g].n_years; y++)
            sh->turnover += p->groups[g].per_year[y] / (p->groups[g].household ? p->groups[g].mean_size : 1) /
                            p->sc->represents;
        sh->blocks += p->groups[g].n_years;
    }
    check_size(b);
}

/* ---- what the event loop can take the short way with ------------------------------------------------------------ */

/* Puts the state's plain exponential clocks first; both kinds keep their order. */
static void exponential_first(struct tables *t, struct state *st)
{
    struct enabled *e = &t->enabled[st->clocks.first], later[PATHWAY_CLOCKS_MAX];
    uint32_t n = 0, n_later = 0;
    for (uint32_t i = 0; i < st->clocks.n; i++) {
        const struct clock *k = &t->clocks[e[i].clock];
        if (k->plain && k->dist.kind == KITH_DIST_EXPONENTIAL)
            e[n++] = e[i];
        else
            later[n_later++] = e[i];
    }
    for (uint32_t i = 0; i < n_later; i++)
        e[n + i] = later[i];
    st->n_plain = n;
}

static void find_plain(struct tables *t, size_t n_charts)
{
    for (size_t i = 0; i < t->n_clocks; i++) {
        struct clock *k = &t->clocks[i];
        k->plain = !k->factors.n && k->since < 0 && !k->at_age;
    }
    for (size_t i = 0; i < t->n_enabled; i++) {
        struct enabled *e = &t->enabled[i];
        const struct clock *k = &t->clocks[e->clock];
        *e = (struct enabled){.rate = k->ratio * k->dist.a, .mean = 1 / (k->ratio * k->dist.a), .ratio = k->ratio,
                              .inverse_ratio = 1 / k->ratio, .a = k->dist.a, .b = k->dist.b, .c = k->dist.c,
                              .d = k->dist.d, .clock = e->clock, .slot = k->slot, .to = k->to,
                              .weibull = k->plain && k->dist.kind == KITH_DIST_WEIBULL && k->ratio > 0};
    }
    for (size_t s = 0; s < t->n_states; s++) {
        struct state *st = &t->states[s];
        st->plain = true;
        for (uint32_t i = 0; i < st->clocks.n; i++)
            st->plain = st->plain && t->clocks[t->enabled[st->clocks.first + i].clock].plain;
        if (st->clocks.n)
            exponential_first(t, st);
    }
    for (struct chart *ch = t->charts; ch < t->charts + n_charts; ch++) {
        ch->plain = true;
        for (size_t s = 0; s < ch->n_states; s++)
            ch->plain = ch->plain && t->states[ch->first_state + s].plain;
    }
}

/* Needs the codes of transitions and the counters that look at them. */
static void find_simple(const struct pathway *p, struct tables *t)
{
    for (unsigned c = 0; c < p->n_charts; c++) {
        struct chart *ch = &t->charts[c];
        for (size_t s = 0; s < ch->n_states; s++)
            for (uint32_t i = 0; i < t->states[ch->first_state + s].clocks.n; i++) {
                struct enabled *e = &t->enabled[t->states[ch->first_state + s].clocks.first + i];
                const struct clock *k = &t->clocks[e->clock];
                const struct state *to = &t->states[ch->first_state + k->to];
                for (uint32_t j = 0; j < to->clocks.n; j++)
                    e->again = e->again || t->enabled[to->clocks.first + j].clock == e->clock;
                e->code = p->code[c][(s + 1) * (ch->n_states + 1u) + k->to + 1u];
                e->simple = !k->effects.n && !to->effects.n && !to->instant && !to->terminal && to->plain &&
                            !(t->heard >> c & 1) && !p->counters_of[e->code].n && p->use_at[c] < 0 &&
                            !(t->states[ch->first_state + s].own >> PATHWAY_FIRST_LOAD);
                /* a clock that fires in another way is not drawn anew before it is needed: then not all are at any time */
                ch->plain = ch->plain && (e->simple || to->terminal);
            }
    }
}

/* ---- what changes at an arm's dates ----------------------------------------------------------------------------- */

static bool same_dist(const struct kith_dist *a, const struct kith_dist *c)
{
    if (a->kind != c->kind || a->a != c->a || a->b != c->b || a->n != c->n)
        return false;
    for (size_t i = 0; i < a->n; i++)
        if (a->x[i] != c->x[i] || a->y[i] != c->y[i])
            return false;
    return true;
}

static bool same_factor(const struct tables *t, const struct factor *a, const struct tables *u, const struct factor *c)
{
    if (a->n != c->n || a->n_value != c->n_value)
        return false;
    for (uint32_t i = 0; i < a->n; i++)
        if (a->at[i] != c->at[i])
            return false;
    for (uint32_t i = 0; i < a->n_value; i++)
        if (a->value[i] != c->value[i])
            return false;
    if (a->kind == FACTOR_TERM) {
        const struct term *x = &t->terms[a->what], *y = &u->terms[c->what];
        if (x->attribute != y->attribute || x->power != y->power || x->base != y->base || x->centre != y->centre)
            return false;
    }
    for (uint32_t i = 0; i < a->tests.n; i++) {
        const struct test *x = &t->tests[a->tests.first + i], *y = &u->tests[c->tests.first + i];
        if (x->low != y->low || x->high != y->high)
            return false;
    }
    return true;
}

/* The tables of two dates have the same structure, only numbers can differ. */
static bool same_clock(const struct tables *t, const struct tables *u, size_t i)
{
    const struct clock *a = &t->clocks[i], *c = &u->clocks[i];
    if (!same_dist(&a->dist, &c->dist) || a->ratio != c->ratio || a->amplitude != c->amplitude || a->decay != c->decay)
        return false;
    for (uint32_t k = 0; k < a->factors.n; k++)
        if (!same_factor(t, &t->factors[a->factors.first + k], u, &u->factors[c->factors.first + k]))
            return false;
    return true;
}

static void mark_changed(const struct tables *before, const struct tables *now, bool *changed)
{
    bool same[PATHWAY_PARTS_MAX]; /* a clock may run in many states */
    for (size_t i = 0; i < now->n_clocks; i++)
        same[i] = same_clock(before, now, i);
    for (size_t s = 0; s < now->n_states; s++)
        for (uint32_t i = 0; i < now->states[s].clocks.n; i++)
            changed[s] = changed[s] || !same[now->enabled[now->states[s].clocks.first + i].clock];
    for (size_t s = 0; s < now->n_states; s++) {
        const struct state *st = &now->states[s];
        const struct user *x = st->line < 0 ? NULL : &before->users[st->user], *y = x ? &now->users[st->user] : NULL;
        changed[s] = changed[s] || (x && x->priority != y->priority);
        for (uint32_t i = 0; x && i < x->factors.n; i++)
            changed[s] = changed[s] || !same_factor(before, &before->factors[x->factors.first + i], now,
                                                    &now->factors[y->factors.first + i]);
    }
}

/* ---- compiling -------------------------------------------------------------------------------------------------- */

static void compile(struct build *b, struct kith_reader *r)
{
    b->r = r;
    if (!pathway_afford(b, b->values_a_table, PATHWAY_STEPS_A_VALUE))
        return;
    b->t = &b->p->tables[b->p->n_tables++];
    *b->t = (struct tables){0};
    pathway_read_charts(b);
    if (b->status || r->errors->n)
        return;
    if (b->first) {
        shape_charts(b);
        number_transitions(b);
        pathway_shape_resources(b);
        if (!b->status && !r->errors->n)
            pathway_explain(b);
    }
    if (b->status || r->errors->n)
        return;
    pathway_read_counters(b);
    find_plain(b->t, b->p->n_charts);
    pathway_find_classes(b, b->t);
    pathway_find_listeners(b->p, b->t);
    pathway_find_enabled(b, b->t);
    if (b->t->n_terms > b->p->n_terms)
        b->p->n_terms = b->t->n_terms;
}

static size_t count_tables(const struct kith_scenario *sc)
{
    size_t n = 1;
    for (size_t a = 0; a < sc->n_arms; a++)
        for (size_t i = 0; i < sc->arms[a].n_changes; i++)
            n += i == 0 || sc->arms[a].changes[i].time != sc->arms[a].changes[i - 1].time;
    return n;
}

/* What is read anew for every date of every arm. */
static size_t count_values(const struct kith_scenario *sc)
{
    static const char *const anew[] = {"marks", "charts", "resources", "measures"};
    size_t n = 1 + sc->n_parameters / PATHWAY_STEPS_A_VALUE;
    for (size_t i = 0; i < sizeof anew / sizeof *anew; i++)
        n += pathway_count_values(kith_node_get(sc->root, anew[i]));
    return n;
}

/* The epochs of an arm: the tables all arms begin with, then new ones from each of its dates. */
static void read_arm(struct build *b, size_t arm)
{
    struct pathway *p = b->p;
    const struct kith_arm *a = &p->sc->arms[arm];
    struct epoch *e = pathway_keep(b, a->n_changes + 2, sizeof *e);
    double *values = pathway_keep(b, p->sc->n_parameters, sizeof *values);
    size_t n = 1;
    if (!e || !values)
        return;
    p->epochs[arm] = e;
    e[0] = (struct epoch){-INFINITY, &p->tables[0], NULL};
    for (size_t i = 0; i < a->n_changes; i++) {
        if (i && a->changes[i].time == a->changes[i - 1].time)
            continue;
        if (!pathway_afford(b, a->n_changes, 1))
            return;
        struct kith_reader r = kith_scenario_reader(p->sc, b->r->errors, values, arm, a->changes[i].time);
        struct kith_reader *before = b->r;
        compile(b, &r);
        b->r = before;
        if (b->status || b->r->errors->n)
            return;
        e[n] = (struct epoch){a->changes[i].time, b->t, pathway_keep(b, b->t->n_states, sizeof(bool))};
        if (!e[n].changed)
            return;
        mark_changed(e[n - 1].tables, e[n].tables, e[n].changed);
        n++;
    }
    e[n].time = INFINITY;
}

static enum kith_status load(void **model, struct kith_mem *mem, const struct kith_scenario *sc,
                             struct kith_errors *errors)
{
    struct pathway *p = NULL;
    enum kith_status st = kith_mem_zeroed(mem, &p, 1, sizeof *p);
    *model = p;
    if (st)
        return st;
    struct build b = {.p = p, .first = true};
    p->mem = mem;
    p->sc = sc;
    p->bytes_kept = count_tables(sc) * sizeof *p->tables;
    b.values_a_table = count_values(sc);
    if ((st = kith_mem_zeroed(mem, &p->tables, count_tables(sc), sizeof *p->tables)))
        return st;
    double *values = pathway_keep(&b, sc->n_parameters, sizeof *values);
    p->epochs = pathway_keep(&b, sc->n_arms, sizeof *p->epochs);
    if (!values || !p->epochs)
        return KITH_NO_MEMORY;
    struct kith_reader r = kith_scenario_reader(sc, errors, values, 0, NAN);
    b.r = &r;
    pathway_read_population(&b);
    if (!b.status && !errors->n)
        compile(&b, &r);
    b.first = false;
    if (!b.status && !errors->n) {
        b.t = &p->tables[0];
        for (size_t arm = 0; arm < sc->n_arms && !b.status && !errors->n; arm++)
            pathway_read_costs(&b, arm);
        b.t = &p->tables[0];
        p->first_ratio = p->shape.blocks;
        p->shape.blocks += p->n_resources;
        if (!b.status && !errors->n)
            pathway_read_budgets(&b);
        if (!b.status && !errors->n)
            pathway_read_measures(&b);
    }
    for (size_t arm = 0; arm < sc->n_arms && !b.status && !errors->n; arm++)
        read_arm(&b, arm);
    if (!b.status && !errors->n)
        for (size_t i = 0; i < p->n_tables; i++)
            find_simple(p, &p->tables[i]);
    if (!b.status && !errors->n && p->n_resources)
        pathway_read_levels(&b);
    if (!b.status && !errors->n)
        for (size_t i = 0; i < p->n_tables; i++)
            pathway_find_shared(&b, &p->tables[i]);
    if (!b.status && !errors->n)
        pathway_find_batches(&b);
    pathway_layout(&b);
    return b.status ? b.status : errors->n ? KITH_BAD_SCENARIO : KITH_OK;
}

static const struct kith_shape *shape(const void *model)
{
    return &((const struct pathway *)model)->shape;
}

static size_t family_bytes(const void *model)
{
    const struct pathway *p = model;
    return p->n_resources ? 2 * p->bytes : p->bytes; /* with room to try an event */
}

static const char *const keys[] = {"charts", "marks", "attributes", "resources", "measures", "costs", "budgets", "contracts"};

const struct kith_model kith_model_pathway = {
    .name = "pathway",
    .what = "semi-Markov charts of families and their children, described in the scenario",
    .keys = keys,
    .n_keys = sizeof keys / sizeof *keys,
    .load = load,
    .unload = unload,
    .shape = shape,
    .family_bytes = family_bytes,
    .families = pathway_families,
    .begin = pathway_begin,
    .advance = pathway_advance,
    .standing = pathway_standing,
    .describe = pathway_describe,
    .batch_bytes = pathway_batch_bytes,
    .batch = pathway_batch,
    .coupling = &pathway_coupling,
};
