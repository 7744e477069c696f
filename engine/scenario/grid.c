/* Grids: an arm with `vary` (or with several times in `from`) becomes one arm per combination. */
#include <stdio.h>
#include <string.h>

#include "sections.h"

#define MOST_VARIED 32 /* more than ten with two values each are too many arms anyway */

/* One dimension: the times of `from`, or the values of a parameter. */
struct dimension {
    const char *name;
    size_t parameter; /* (size_t)-1 for `from` */
    size_t n;
    const struct kith_node *first;
    double *values; /* [n] */
};

struct grid {
    struct kith_sections *s;
    const struct kith_node *arm;
    size_t n_dimensions, n_arms;
    struct dimension *dimensions;
    size_t n_set;
    struct kith_change *set; /* [n_set] the same in all arms, but for the time */
    double time;             /* of arms where `from` is no list */
};

/* The dimension's list, not yet its values. */
static bool begin_dimension(struct grid *g, const struct kith_node *node, const char *name, size_t parameter)
{
    struct dimension *d = &g->dimensions[g->n_dimensions];
    if (node->kind != KITH_NODE_LIST || node->n == 0) {
        kith_node_error(&g->s->reader, node, "%s has to be a list of values to try", name);
        return false;
    }
    d->name = name;
    d->parameter = parameter;
    d->n = node->n;
    d->first = node->first;
    g->n_dimensions++;
    return true;
}

/* Finds the dimensions: `from` first, then `vary` in file order. False after a report. */
static bool begin_dimensions(struct grid *g, const struct kith_node *from, const struct kith_node *vary)
{
    bool good = true;
    if (from && from->kind == KITH_NODE_LIST)
        good = begin_dimension(g, from, "from", (size_t)-1);
    for (const struct kith_node *node = vary ? vary->first : NULL; node; node = node->next) {
        size_t p = kith_arms_parameter(g->s, node);
        good = p != (size_t)-1 && begin_dimension(g, node, g->s->sc->parameters[p].name, p) && good;
    }
    return good;
}

/* Counted before anything is made, so that ten lists of ten values are refused at once. */
static bool count_arms(struct grid *g)
{
    size_t room = KITH_SECTIONS_ARMS - g->s->sc->n_arms;
    g->n_arms = 1;
    for (size_t i = 0; i < g->n_dimensions; i++) {
        if (g->dimensions[i].n > room / g->n_arms) {
            kith_node_key_error(&g->s->reader, g->arm, "more than %zu arms", KITH_SECTIONS_ARMS);
            return false;
        }
        g->n_arms *= g->dimensions[i].n;
    }
    return true;
}

static enum kith_status read_values(struct grid *g)
{
    for (size_t i = 0; i < g->n_dimensions; i++) {
        struct dimension *d = &g->dimensions[i];
        size_t k = 0;
        d->values = kith_arena_take(g->s->load->arena, d->n, sizeof *d->values);
        if (!d->values)
            return KITH_NO_MEMORY;
        for (const struct kith_node *node = d->first; node; node = node->next, k++) {
            if (node->kind != KITH_NODE_SCALAR) /* its text is to become part of a name */
                kith_node_error(&g->s->reader, node, "%s has to be a list of plain values", d->name);
            else if (d->parameter == (size_t)-1)
                d->values[k] = kith_arms_from(g->s, node);
            else
                d->values[k] = kith_arms_value(g->s, node, d->parameter);
        }
    }
    return KITH_OK;
}

static const struct kith_node *element(const struct dimension *d, size_t at)
{
    const struct kith_node *node = d->first;
    while (at-- > 0)
        node = node->next;
    return node;
}

/* "name/from=2024-04-01,reach=0.3" */
static char *arm_name(const struct grid *g, const size_t *at)
{
    size_t n = strlen(g->arm->key) + 1, used;
    for (size_t i = 0; i < g->n_dimensions; i++)
        n += strlen(g->dimensions[i].name) + strlen(element(&g->dimensions[i], at[i])->text) + 2;
    char *name = kith_arena_take(g->s->load->arena, n, 1);
    if (!name)
        return NULL;
    used = (size_t)snprintf(name, n, "%s", g->arm->key);
    for (size_t i = 0; i < g->n_dimensions; i++)
        used += (size_t)snprintf(name + used, n - used, "%s%s=%s", i ? "," : "/", g->dimensions[i].name,
                                 element(&g->dimensions[i], at[i])->text);
    return name;
}

static enum kith_status add_arm(struct grid *g, const size_t *at)
{
    size_t n = 0;
    double time = g->time;
    struct kith_change *changes =
        kith_arena_take(g->s->load->arena, g->n_set + g->n_dimensions, sizeof *changes);
    char *name = arm_name(g, at);
    if (!changes || !name)
        return KITH_NO_MEMORY;
    for (size_t i = 0; i < g->n_dimensions; i++)
        if (g->dimensions[i].parameter == (size_t)-1)
            time = g->dimensions[i].values[at[i]];
    for (size_t i = 0; i < g->n_set; i++) {
        changes[n] = g->set[i];
        changes[n++].time = time;
    }
    for (size_t i = 0; i < g->n_dimensions; i++) {
        const struct dimension *d = &g->dimensions[i];
        if (d->parameter != (size_t)-1)
            changes[n++] = (struct kith_change){time, d->parameter, d->values[at[i]]};
    }
    return kith_arms_add(g->s, g->arm, name, changes, n);
}

/* Counts through all combinations, the last dimension fastest. */
static enum kith_status add_arms(struct grid *g)
{
    size_t *at = kith_arena_take(g->s->load->arena, g->n_dimensions, sizeof *at);
    if (!at)
        return KITH_NO_MEMORY;
    for (size_t k = 0; k < g->n_arms; k++) {
        enum kith_status status = add_arm(g, at);
        if (status != KITH_OK)
            return status;
        for (size_t i = g->n_dimensions; i > 0 && ++at[i - 1] == g->dimensions[i - 1].n; i--)
            at[i - 1] = 0;
    }
    return KITH_OK;
}

enum kith_status kith_grid_read(struct kith_sections *s, const struct kith_node *arm)
{
    struct grid g = {.s = s, .arm = arm};
    const struct kith_node *from = kith_node_get(arm, "from"), *vary = kith_node_get(arm, "vary");
    const struct kith_node *set = kith_node_get(arm, "set");
    int before = s->load->errors->n;
    if (vary && (vary->kind != KITH_NODE_MAP || vary->n == 0))
        return kith_node_error(&s->reader, vary, "vary has to be a map: parameter: [values]");
    if (vary && vary->n > MOST_VARIED)
        return kith_node_error(&s->reader, vary, "vary has more than %d parameters", MOST_VARIED);
    g.dimensions = kith_arena_take(s->load->arena, (vary ? vary->n : 0) + 1, sizeof *g.dimensions);
    g.set = kith_arena_take(s->load->arena, set && set->kind == KITH_NODE_MAP ? set->n : 0, sizeof *g.set);
    if (!g.dimensions || !g.set)
        return KITH_NO_MEMORY;
    g.time = from && from->kind == KITH_NODE_LIST ? 0.0 : kith_arms_from(s, from);
    kith_arms_set(s, set, 0.0, g.set, &g.n_set);
    if (!begin_dimensions(&g, from, vary) || !count_arms(&g))
        return KITH_BAD_SCENARIO;
    enum kith_status status = read_values(&g);
    if (status != KITH_OK)
        return status;
    /* What is wrong in one value would be wrong in many arms. */
    return s->load->errors->n > before ? KITH_BAD_SCENARIO : add_arms(&g);
}
