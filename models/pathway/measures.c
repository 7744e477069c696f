/* Reads `measures:` (counted events, censuses, sums and ratios) and `costs:` into the shape. */
#include <stdio.h>
#include <stdlib.h>

#include "pathway.h"

static const char *const measure_keys[] = {"flow",  "stock", "when",  "sum",    "ratio", "scale",
                                           "unit",  "what",  "source", "note"};

/* The transitions of chart `c` that "from.to" names; a '*' stands for any state but not for
 * `entry` and `exit`, which name the ends. */
static void each_transition(struct build *b, const struct kith_node *node, const char *text,
                            void (*found)(struct build *, void *, size_t), void *to_whom)
{
    const struct kith_shape *sh = &b->p->shape;
    const char *part[3], *at = text;
    size_t hits = 0, length[3];
    for (int k = 0; k < 3; k++) {
        const char *dot = strchr(at, '.');
        part[k] = at;
        length[k] = dot ? (size_t)(dot - at) : strlen(at);
        at = dot ? dot + 1 : at + length[k];
    }
    if (!pathway_afford(b, sh->n_transitions, 2))
        return;
    for (size_t i = 0; i < sh->n_transitions; i++) {
        const struct kith_shape_transition *t = &sh->transitions[i];
        const char *chart = sh->charts[t->chart].name, *names[3] = {chart, t->from < 0 ? "entry" : sh->states[t->from].name,
                                               t->to < 0 ? "exit" : sh->states[t->to].name};
        bool same = *at == 0;
        for (int k = 0; k < 3 && same; k++) {
            bool inside = k == 1 ? t->from >= 0 : t->to >= 0;
            bool any = k > 0 && inside && length[k] == 1 && part[k][0] == '*';
            same = any || (strlen(names[k]) == length[k] && strncmp(names[k], part[k], length[k]) == 0);
        }
        if (same) {
            found(b, to_whom, i);
            hits++;
        }
    }
    if (!hits)
        kith_node_error(b->r, node, "'%s' is no transition of the charts: write CHART.FROM.TO (* for any state)", text);
}

size_t pathway_find_states(struct build *b, const struct kith_node *node, const char *text, size_t *list, size_t room)
{
    const struct kith_shape *sh = &b->p->shape;
    size_t n = 0;
    if (!pathway_afford(b, sh->n_states, 1))
        return 0;
    for (size_t i = 0; i < sh->n_states; i++) {
        const char *name = sh->charts[sh->states[i].chart].name;
        size_t chart = strlen(name);
        if (n < room && !sh->states[i].instant && strncmp(name, text, chart) == 0 && text[chart] == '.' &&
            (strcmp(sh->states[i].name, text + chart + 1) == 0 || strcmp("*", text + chart + 1) == 0))
            list[n++] = i;
    }
    if (!n)
        kith_node_error(b->r, node, "'%s' is no state of the charts: write CHART.STATE (CHART.* for any)", text);
    return n;
}

struct terms {
    struct kith_term *list;
    size_t n;
};

/* Those read so far; n_terms are the terms of those that the scenario defines. */
struct measures {
    struct kith_measure *list;
    size_t n, n_terms;
};

static void add_term(struct build *b, struct terms *t, enum kith_base base, size_t index, double weight)
{
    struct kith_term *k = pathway_add(b, &t->list, &t->n, sizeof *k);
    if (k)
        *k = (struct kith_term){base, index, weight};
}

static void add_flow(struct build *b, void *terms, size_t transition)
{
    add_term(b, terms, KITH_BASE_FLOW, transition, 1);
}

/* Whether a measure may have n terms more, those of all measures before it counted; else it is reported and has none. */
static bool room_for(struct build *b, const struct kith_node *node, const struct measures *m, struct terms *t, size_t n)
{
    if (m->n_terms + t->n + n <= PATHWAY_TERMS_MAX)
        return true;
    kith_node_error(b->r, node, "the measures consist of over %zu terms by here: sums of sums add up what those consist of",
                    PATHWAY_TERMS_MAX);
    t->n = 0;
    return false;
}

/* Moves the gathered terms to memory of the model's. */
static const struct kith_term *keep_terms(struct build *b, struct terms *t, size_t *n)
{
    struct kith_term *kept = pathway_keep(b, t->n, sizeof *kept);
    *n = kept ? t->n : 0;
    if (kept && t->n)
        memcpy(kept, t->list, t->n * sizeof *kept);
    kith_mem_free(&t->list);
    t->n = 0;
    return kept;
}

static const struct kith_node *first_of(const struct kith_node *node)
{
    return node->kind == KITH_NODE_SCALAR ? node : node->first;
}

static const struct kith_node *next_of(const struct kith_node *list, const struct kith_node *item)
{
    return list->kind == KITH_NODE_SCALAR ? NULL : item->next;
}

/* The chart that all of a measure's flows or stocks belong to. */
static int chart_of(struct build *b, const struct kith_node *list)
{
    int chart = -1;
    for (const struct kith_node *k = first_of(list); k; k = next_of(list, k)) {
        size_t i = 0;
        const char *dot = k->kind == KITH_NODE_SCALAR ? strchr(k->text, '.') : NULL;
        while (dot && i < b->p->n_charts && (strlen(b->chart_names[i]) != (size_t)(dot - k->text) ||
                                            strncmp(b->chart_names[i], k->text, (size_t)(dot - k->text)) != 0))
            i++;
        if (!dot || i == b->p->n_charts) {
            kith_node_error(b->r, k, "write CHART.FROM.TO for a flow, CHART.STATE for a stock");
            return -1;
        }
        if (chart >= 0 && (size_t)chart != i) {
            kith_node_error(b->r, k, "with when: all must be of one chart");
            return -1;
        }
        chart = (int)i;
    }
    return chart;
}

/* Counters: measures with a condition. Read for each set of tables, since conditions may hold parameters. */
void pathway_read_counters(struct build *b)
{
    const struct kith_node *measures = kith_node_get(b->p->sc->root, "measures");
    uint16_t index = 0;
    for (const struct kith_node *m = measures && measures->kind == KITH_NODE_MAP ? measures->first : NULL; m;
         m = m->next) {
        const struct kith_node *when = kith_node_get(m, "when"), *flow = kith_node_get(m, "flow"),
                               *stock = kith_node_get(m, "stock");
        struct counter k = {.census = stock != NULL, .index = index};
        if (!when || (!flow && !stock))
            continue;
        if (index++ == PATHWAY_PARTS_MAX) {
            kith_node_error(b->r, when, "more than %d measures with when:", PATHWAY_PARTS_MAX);
            return;
        }
        int chart = chart_of(b, flow ? flow : stock);
        if (chart < 0)
            continue;
        k.chart = (uint16_t)chart;
        k.tests = pathway_read_tests(b, when, chart);
        for (const struct kith_node *s = stock ? first_of(stock) : NULL; s; s = next_of(stock, s)) {
            struct kith_node state = *s;
            state.text = strchr(s->text, '.') + 1;
            if (strcmp(state.text, "*") == 0)
                state.text = "any";
            struct states set = pathway_read_states(b, &state, chart);
            for (int i = 0; i < 4; i++)
                k.states.bits[i] |= set.bits[i];
        }
        struct counter *added = pathway_add(b, &b->t->counters, &b->t->n_counters, sizeof k);
        if (added)
            *added = k;
    }
}

/* Marks the transitions at which a conditional flow is counted. */
struct marking {
    bool *hit;
};
static void mark_transition(struct build *b, void *marking, size_t transition)
{
    (void)b;
    ((struct marking *)marking)->hit[transition] = true;
}

/* For each transition the counters to look at. */
static void index_counters(struct build *b)
{
    struct pathway *p = b->p;
    const struct kith_node *measures = kith_node_get(p->sc->root, "measures");
    size_t n_tr = p->shape.n_transitions, n = 0, c = 0;
    if (!pathway_afford(b, n_tr, b->t->n_counters + 1))
        return;
    bool *hit = pathway_keep(b, n_tr * (b->t->n_counters + 1), sizeof *hit);
    p->counters_of = pathway_keep(b, n_tr, sizeof *p->counters_of);
    if (!hit || !p->counters_of)
        return;
    for (const struct kith_node *m = measures && measures->kind == KITH_NODE_MAP ? measures->first : NULL; m;
         m = m->next) {
        const struct kith_node *flow = kith_node_get(m, "flow");
        if (!kith_node_get(m, "when") || (!flow && !kith_node_get(m, "stock")))
            continue;
        struct marking marking = {hit + c++ * n_tr};
        if (c > b->t->n_counters)
            return;
        for (const struct kith_node *k = flow ? first_of(flow) : NULL; k; k = next_of(flow, k))
            each_transition(b, k, k->text, mark_transition, &marking);
    }
    for (size_t i = 0; i < n_tr * c; i++)
        n += hit[i];
    p->counter_list = pathway_keep(b, n, sizeof *p->counter_list);
    n = 0;
    for (size_t t = 0; t < n_tr && p->counter_list; t++) {
        p->counters_of[t].first = (uint32_t)n;
        for (size_t k = 0; k < c; k++)
            if (hit[k * n_tr + t])
                p->counter_list[n++] = (uint16_t)k;
        p->counters_of[t].n = (uint32_t)n - p->counters_of[t].first;
    }
}

/* ---- measures --------------------------------------------------------------------------------------------------- */

static struct kith_measure *add_measure(struct build *b, struct measures *m, const char *name, const char *unit,
                                        const char *what, bool at_date)
{
    struct kith_measure *k = pathway_add(b, &m->list, &m->n, sizeof *k);
    if (k)
        *k = (struct kith_measure){.name = name, .unit = unit, .what = what, .scale = 1, .at_date = at_date};
    return k;
}

static char *format(struct build *b, const char *a, const char *x, const char *y, const char *z)
{
    size_t size = strlen(a) + strlen(x) + strlen(y) + strlen(z) + 4;
    char *text = pathway_keep(b, size, 1);
    if (text)
        snprintf(text, size, z[0] ? "%s.%s.%s.%s" : y[0] ? "%s.%s.%s" : "%s.%s", a, x, y, z);
    return text;
}

static void automatic_measures(struct build *b, struct measures *m)
{
    const struct kith_shape *sh = &b->p->shape;
    for (size_t i = 0; i < sh->n_states; i++) {
        const struct kith_shape_chart *ch = &sh->charts[sh->states[i].chart];
        struct terms t = {NULL, 0};
        if (sh->states[i].instant)
            continue;
        struct kith_measure *k = add_measure(b, m, format(b, "stock", ch->name, sh->states[i].name, ""),
                                             ch->of_child ? "children" : "families", "in this state at the date", true);
        add_term(b, &t, KITH_BASE_STOCK, i, 1);
        if (k)
            k->over = keep_terms(b, &t, &k->n_over);
        kith_mem_free(&t.list);
    }
    for (size_t i = 0; i < sh->n_transitions; i++) {
        const struct kith_shape_transition *tr = &sh->transitions[i];
        struct terms t = {NULL, 0};
        struct kith_measure *k = add_measure(
            b, m, format(b, "flow", sh->charts[tr->chart].name, tr->from < 0 ? "entry" : sh->states[tr->from].name,
                         tr->to < 0 ? "exit" : sh->states[tr->to].name),
            "events/year", "transitions in the year that ends at the date", false);
        add_term(b, &t, KITH_BASE_FLOW, i, 1);
        if (k)
            k->over = keep_terms(b, &t, &k->n_over);
        kith_mem_free(&t.list);
    }
    for (size_t i = 0; i < sh->n_costs; i++) {
        struct terms t = {NULL, 0};
        struct kith_measure *k = add_measure(b, m, format(b, "cost", sh->costs[i].name, "", ""), "pence/year",
                                             sh->costs[i].what, false);
        add_term(b, &t, KITH_BASE_COST, i, 1);
        if (k)
            k->over = keep_terms(b, &t, &k->n_over);
        kith_mem_free(&t.list);
    }
}

/* A measure over / below of a resource's amounts. `below` may be KITH_POOL_AMOUNTS: none. */
static void resource_measure(struct build *b, struct measures *m, size_t r, const char *name, const char *unit,
                             const char *what, enum kith_pool_amount over, enum kith_pool_amount below, double scale)
{
    const struct kith_shape_resource *resource = &b->p->shape.resources[r];
    struct terms t = {NULL, 0};
    struct kith_measure *k = add_measure(b, m, format(b, "resource", resource->name, name, ""), unit, what, false);
    if (!k)
        return;
    k->scale = scale;
    add_term(b, &t, KITH_BASE_AMOUNT, resource->amount + over, 1);
    k->over = keep_terms(b, &t, &k->n_over);
    if (below < KITH_POOL_AMOUNTS) {
        add_term(b, &t, KITH_BASE_AMOUNT, resource->amount + below, 1);
        k->below = keep_terms(b, &t, &k->n_below);
    }
}

static void resource_measures(struct build *b, struct measures *m)
{
    const enum kith_pool_amount none = KITH_POOL_AMOUNTS;
    const double years = 1 / KITH_POOL_TICKS_A_YEAR;
    static const struct {
        enum kith_pool_amount what;
        const char *name, *text;
    } counts[] = {
        {KITH_POOL_REQUESTS, "requests", "entries that needed it"},
        {KITH_POOL_WAITED, "waited", "entries that had to wait for it"},
        {KITH_POOL_GRANTED, "granted", "entries that got it, at once or after waiting"},
        {KITH_POOL_REFUSED, "refused", "entries that found the waiting list full"},
        {KITH_POOL_LEFT, "left", "gave up waiting"},
        {KITH_POOL_PREEMPTED, "preempted", "lost it to a higher priority"},
    };
    for (size_t r = 0; r < b->p->shape.n_resources; r++) {
        for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
            resource_measure(b, m, r, counts[i].name, "events/year", counts[i].text, counts[i].what, none, 1);
        resource_measure(b, m, r, "wait_time", "years/year", "time that those who got it had waited, together",
                         KITH_POOL_WAIT, none, years);
        resource_measure(b, m, r, "mean_wait", "years", "mean wait of those who got it, without a wait included",
                         KITH_POOL_WAIT, KITH_POOL_GRANTED, years);
        resource_measure(b, m, r, "wait_probability", "%", "share of the entries that had to wait", KITH_POOL_WAITED,
                         KITH_POOL_REQUESTS, 100);
        resource_measure(b, m, r, "waiting", "years/year", "time waited, together: the mean number waiting",
                         KITH_POOL_WAITING, none, years);
        resource_measure(b, m, r, "used", "unit-years/year", "units in use, mean over the year", KITH_POOL_USED, none,
                         years / 1000);
        resource_measure(b, m, r, "capacity", "unit-years/year", "units there were, mean over the year; 0 if unlimited",
                         KITH_POOL_CAPACITY, none, years / 1000);
        resource_measure(b, m, r, "mean_waiting", "members/area", "mean number waiting, of one area as simulated",
                         KITH_POOL_WAITING, KITH_POOL_PERIOD, 1);
        resource_measure(b, m, r, "utilisation", "", "units in use, of those there were", KITH_POOL_USED,
                         KITH_POOL_CAPACITY, 1);
    }
}

static void budget_measures(struct build *b, struct measures *m)
{
    const char *name, *unit, *what;
    size_t amount;
    double scale;
    bool at_date;
    for (size_t i = 0; i < pathway_budget_measures(b->p, i, &name, &unit, &what, &amount, &scale, &at_date); i++) {
        struct terms t = {NULL, 0};
        struct kith_measure *k = add_measure(b, m, name, unit, what, at_date);
        add_term(b, &t, KITH_BASE_AMOUNT, amount, 1);
        if (k) {
            k->scale = scale;
            k->over = keep_terms(b, &t, &k->n_over);
        }
        kith_mem_free(&t.list);
    }
}

/* Adds what a named measure consists of to `t`: only measures without a divisor can be summed. */
static bool add_named(struct build *b, const struct kith_node *node, const struct measures *m, double weight,
                      struct terms *t, bool *at_date)
{
    if (node->kind != KITH_NODE_SCALAR) {
        kith_node_error(b->r, node, "the name of a measure is a word");
        return false;
    }
    if (!pathway_afford(b, m->n, 1))
        return false;
    for (size_t i = 0; i < m->n; i++) {
        const struct kith_measure *k = &m->list[i];
        if (strcmp(k->name, node->text) != 0)
            continue;
        if (k->n_below) {
            kith_node_error(b->r, node, "%s is a ratio: sums and ratios are made of counts, stocks, flows and costs",
                            k->name);
            return false;
        }
        if (!room_for(b, node, m, t, k->n_over))
            return false;
        for (size_t j = 0; j < k->n_over; j++)
            add_term(b, t, k->over[j].base, k->over[j].index, weight * k->scale * k->over[j].weight);
        *at_date = *at_date || k->at_date;
        return true;
    }
    const char **names = b->r->errors->n < KITH_ERRORS_MAX ? pathway_keep(b, m->n, sizeof *names) : NULL;
    for (size_t i = 0; names && i < m->n; i++)
        names[i] = m->list[i].name;
    const char *near = names ? pathway_nearest(b, node->text, names, m->n) : NULL;
    kith_node_error(b->r, node, near ? "no measure before this one is called '%s'; did you mean '%s'?"
                                     : "no measure before this one is called '%s'", node->text, near);
    return false;
}

static void read_sum(struct build *b, const struct kith_node *list, const struct measures *m, struct terms *t,
                     bool *at_date)
{
    for (const struct kith_node *k = first_of(list); k; k = next_of(list, k))
        if (!add_named(b, k, m, 1, t, at_date))
            return;
}

static void read_measure(struct build *b, const struct kith_node *node, struct measures *m, size_t *count)
{
    struct terms over = {NULL, 0}, below = {NULL, 0};
    struct kith_measure k = {.name = node->key, .scale = 1};
    const struct kith_node *flow = kith_node_get(node, "flow"), *stock = kith_node_get(node, "stock"),
                           *sum = kith_node_get(node, "sum"), *ratio = kith_node_get(node, "ratio"), *item;
    kith_node_known(b->r, node, "a measure", measure_keys, sizeof measure_keys / sizeof *measure_keys);
    if (!flow + !stock + !sum + !ratio != 3) {
        kith_node_error(b->r, node, "a measure is one of flow:, stock:, sum: or ratio:");
        return;
    }
    struct kith_node name = pathway_key_node(node);
    pathway_check_name(b, &name, node->key);
    k.unit = kith_node_text(b->r, node, "unit", flow ? "events/year" : stock ? "members" : "");
    k.what = kith_node_text(b->r, node, "what", "");
    k.scale = kith_node_number_or(b->r, node, "scale", KITH_UNIT_NONE, -1e12, 1e12, 1);
    if (kith_node_get(node, "when") && (flow || stock)) {
        add_term(b, &over, KITH_BASE_COUNT, (*count)++, 1);
        k.at_date = stock != NULL;
    } else if (flow) {
        for (item = first_of(flow); item && room_for(b, item, m, &over, b->p->shape.n_transitions); item = next_of(flow, item))
            if (item->kind == KITH_NODE_SCALAR)
                each_transition(b, item, item->text, add_flow, &over);
            else
                kith_node_error(b->r, item, "a flow is written CHART.FROM.TO");
    } else if (stock) {
        k.at_date = true;
        for (item = first_of(stock); item && room_for(b, item, m, &over, KITH_STATES_MAX); item = next_of(stock, item)) {
            size_t list[KITH_STATES_MAX];
            size_t n = item->kind == KITH_NODE_SCALAR ? pathway_find_states(b, item, item->text, list, KITH_STATES_MAX) : 0;
            for (size_t i = 0; i < n; i++)
                add_term(b, &over, KITH_BASE_STOCK, list[i], 1);
        }
    } else if (sum) {
        read_sum(b, sum, m, &over, &k.at_date);
    } else if (ratio->kind != KITH_NODE_LIST || ratio->n != 2) {
        kith_node_error(b->r, ratio, "ratio: is [measure or list of measures above, the same below]");
    } else {
        read_sum(b, ratio->first, m, &over, &k.at_date);
        read_sum(b, ratio->first->next, m, &below, &k.at_date);
    }
    k.over = keep_terms(b, &over, &k.n_over);
    k.below = keep_terms(b, &below, &k.n_below);
    m->n_terms += k.n_over + k.n_below;
    struct kith_measure *added = pathway_add(b, &m->list, &m->n, sizeof k);
    if (added)
        *added = k;
}

static void name_counts(struct build *b)
{
    struct pathway *p = b->p;
    const struct kith_node *measures = kith_node_get(p->sc->root, "measures");
    struct kith_shape_count *counts = pathway_keep(b, b->t->n_counters, sizeof *counts);
    size_t n = 0;
    for (const struct kith_node *m = measures && measures->kind == KITH_NODE_MAP ? measures->first : NULL; m && counts;
         m = m->next) {
        const struct kith_node *stock = kith_node_get(m, "stock");
        if (!kith_node_get(m, "when") || (!stock && !kith_node_get(m, "flow")) || n == b->t->n_counters)
            continue;
        counts[n++] = (struct kith_shape_count){m->key, stock != NULL};
        p->n_censuses += stock != NULL;
    }
    p->shape.counts = counts;
    p->shape.n_counts = n;
}

void pathway_read_measures(struct build *b)
{
    struct pathway *p = b->p;
    const struct kith_node *measures = kith_node_get(p->sc->root, "measures");
    struct measures m = {NULL, 0, 0};
    size_t count = 0;
    if (measures && measures->kind != KITH_NODE_MAP)
        kith_node_error(b->r, measures, "measures: is a map {name: {flow: CHART.FROM.TO}, ...}");
    if (measures && measures->n > PATHWAY_MEASURES_MAX) {
        kith_node_error(b->r, measures, "more than %d measures", PATHWAY_MEASURES_MAX);
        return;
    }
    name_counts(b);
    index_counters(b);
    automatic_measures(b, &m);
    resource_measures(b, &m);
    budget_measures(b, &m);
    for (const struct kith_node *k = measures && measures->kind == KITH_NODE_MAP ? measures->first : NULL; k; k = k->next)
        read_measure(b, k, &m, &count);
    struct kith_measure *kept = pathway_keep(b, m.n, sizeof *kept);
    if (kept && m.n)
        memcpy(kept, m.list, m.n * sizeof *kept);
    kith_mem_free(&m.list);
    p->shape.measures = kept;
    p->shape.n_measures = kept ? m.n : 0;
    if (!pathway_afford(b, p->sc->n_targets, p->shape.n_measures))
        return;
    for (size_t i = 0; i < p->sc->n_targets; i++) {
        size_t j = 0;
        while (j < p->shape.n_measures && strcmp(p->shape.measures[j].name, p->sc->targets[i].measure) != 0)
            j++;
        const struct kith_node *list = kith_node_get(p->sc->root, "targets"), *t = list ? list->first : NULL;
        for (size_t k = 0; k < i && t; k++)
            t = t->next;
        if (j == p->shape.n_measures && t)
            kith_node_error(b->r, t, "target: no measure is called '%s'", p->sc->targets[i].measure);
    }
}

/* ---- costs ------------------------------------------------------------------------------------------------------ */

struct price {
    double *transition;
    double pence;
};
static void set_price(struct build *b, void *price, size_t transition)
{
    (void)b;
    ((struct price *)price)->transition[transition] += ((struct price *)price)->pence;
}

/* One heading's prices with the parameters' present values, into rows of states and transitions. */
static void read_prices(struct build *b, const struct kith_node *node, double *state, double *transition)
{
    const struct kith_node *of = kith_node_get(node, "of");
    if (!of || of->kind != KITH_NODE_MAP) {
        kith_node_error(b->r, of ? of : node, "a cost has of: {CHART.STATE: GBP/week, CHART.FROM.TO: GBP, ...}");
        return;
    }
    for (const struct kith_node *k = of->first; k; k = k->next) {
        const char *dot = strchr(k->key, '.');
        bool is_flow = dot && strchr(dot + 1, '.');
        struct kith_node name = *k;
        name.line = k->key_line;
        name.column = k->key_column;
        if (is_flow) {
            struct price price = {transition,
                                  kith_node_value(b->r, k, k->key, KITH_UNIT_MONEY, -1e15, 1e15)};
            each_transition(b, &name, k->key, set_price, &price);
            continue;
        }
        size_t list[KITH_STATES_MAX];
        size_t n = pathway_find_states(b, &name, k->key, list, KITH_STATES_MAX);
        double pence = kith_node_value(b->r, k, k->key, KITH_UNIT_MONEY_RATE, -1e15, 1e15);
        for (size_t i = 0; i < n; i++)
            state[list[i]] += pence;
    }
}

/* Prices of one arm, month by month: the parameters' values at the start of the month. */
void pathway_read_costs(struct build *b, size_t arm)
{
    static const char *const keys[] = {"of", "what", "source", "note"};
    struct pathway *p = b->p;
    struct kith_shape *sh = &p->shape;
    const struct kith_scenario *sc = p->sc;
    const struct kith_node *costs = kith_node_get(sc->root, "costs");
    size_t months = (size_t)sc->months;
    if (costs && costs->kind != KITH_NODE_MAP) {
        kith_node_error(b->r, costs, "costs: is a map {name: {of: {...}}, ...}");
        return;
    }
    if (costs && costs->n > PATHWAY_COSTS_MAX) {
        kith_node_error(b->r, costs, "more than %d costs", PATHWAY_COSTS_MAX);
        return;
    }
    if (arm == 0) {
        if (!pathway_has_room(b, costs ? costs->n : 0, sc->n_arms * months * (sh->n_states + sh->n_transitions) * sizeof(double)))
            return;
        struct kith_shape_cost *list = pathway_keep(b, costs ? costs->n : 0, sizeof *list);
        size_t n = 0;
        for (const struct kith_node *k = costs ? costs->first : NULL; k && list; k = k->next, n++) {
            struct kith_node name = pathway_key_node(k);
            pathway_check_name(b, &name, k->key);
            kith_node_known(b->r, k, "a cost", keys, 4);
            list[n].name = k->key;
            list[n].what = kith_node_text(b->r, k, "what", "");
            list[n].price_state = pathway_keep(b, sc->n_arms * months * sh->n_states, sizeof(double));
            list[n].price_transition = pathway_keep(b, sc->n_arms * months * sh->n_transitions, sizeof(double));
        }
        sh->costs = list;
        sh->n_costs = n;
    }
    if (b->status)
        return;
    const struct kith_node *k = costs ? costs->first : NULL;
    double *values = pathway_keep(b, sc->n_parameters, sizeof *values);
    for (size_t c = 0; c < sh->n_costs && values; c++, k = k->next)
        for (size_t m = 0; m < months; m++) {
            double time = sc->warm_up + (double)m / 12;
            size_t at = arm * months + m;
            double *state = (double *)sh->costs[c].price_state + at * sh->n_states;
            double *transition = (double *)sh->costs[c].price_transition + at * sh->n_transitions;
            bool changes = m == 0;
            if (!pathway_afford(b, sc->arms[arm].n_changes + sh->n_states + sh->n_transitions, 1))
                return;
            for (size_t i = 0; i < sc->arms[arm].n_changes && !changes; i++)
                changes = sc->arms[arm].changes[i].time > time - 1.0 / 12 && sc->arms[arm].changes[i].time <= time;
            if (!changes) {
                memcpy(state, state - sh->n_states, sh->n_states * sizeof *state);
                memcpy(transition, transition - sh->n_transitions, sh->n_transitions * sizeof *transition);
                continue;
            }
            if (!pathway_afford(b, pathway_count_values(k), PATHWAY_STEPS_A_VALUE))
                return;
            struct kith_reader r = kith_scenario_reader(sc, b->r->errors, values, arm, time);
            struct kith_reader *before = b->r;
            b->r = &r;
            read_prices(b, k, state, transition);
            b->r = before;
        }
}
