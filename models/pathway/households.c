/* Reads `attributes:` and the model's part of `population:`: groups of families, household sizes, births. */
#include <stdio.h>

#include "pathway.h"
#include "rng/real.h"

/* ---- attributes ------------------------------------------------------------------------------------------------- */

static const char *const attribute_keys[] = {"values", "tilt",  "gamma",  "lognormal", "centre", "unit",
                                             "what",   "source", "note"};

/* Cumulative weights of the values, for each area if they are tilted. */
static void read_values(struct build *b, const struct kith_node *node, const struct kith_node *values,
                        struct attribute *a)
{
    const struct kith_scenario *sc = b->p->sc;
    const struct kith_node *tilt = kith_node_get(node, "tilt");
    a->n = values->kind == KITH_NODE_MAP ? values->n : 0;
    if (!a->n) {
        kith_node_error(b->r, values, "values: is a map {value: weight, ...}");
        return;
    }
    if (a->n > PATHWAY_ATTRIBUTES_MAX) {
        kith_node_error(b->r, values, "more than %d values", PATHWAY_ATTRIBUTES_MAX);
        return;
    }
    a->tilt = tilt ? kith_node_choice(b->r, tilt, "a column of the areas table", sc->column_names, sc->n_columns) : -1;
    size_t rows = a->tilt >= 0 ? sc->n_areas : 1, i = 0;
    if (!pathway_afford(b, a->n * rows, PATHWAY_STEPS_A_VALUE))
        return;
    a->value = pathway_keep(b, a->n, sizeof *a->value);
    a->weight = pathway_keep(b, a->n * rows, sizeof *a->weight);
    double *plain = pathway_keep(b, a->n, sizeof *plain);
    if (!a->value || !a->weight || !plain)
        return;
    for (const struct kith_node *v = values->first; v; v = v->next, i++) {
        struct kith_node key = pathway_key_node(v);
        a->value[i] = kith_node_value(b->r, &key, "value", KITH_UNIT_NONE, -1e9, 1e9);
        plain[i] = kith_node_value(b->r, v, "weight", KITH_UNIT_NONE, 0, 1e12);
    }
    for (size_t row = 0; row < rows; row++) {
        double sum = 0, *w = a->weight + row * a->n;
        double slope = a->tilt >= 0 ? sc->column[a->tilt][row] : 0;
        if (!(slope > -10 && slope < 10)) {
            kith_node_error(b->r, tilt, "column %s of area %s is no tilt between -10 and 10", tilt->text,
                            sc->areas[row].code);
            return;
        }
        for (i = 0; i < a->n; i++)
            w[i] = sum += plain[i] * kith_exp(slope * (a->value[i] - a->centre));
        for (i = 0; i < a->n; i++)
            w[i] /= sum;
        if (!(sum > 0))
            kith_node_error(b->r, values, "the weights must have a sum above 0");
    }
}

/* Attributes are columns of the trajectories: their names are parts of a path there, beside others. */
static void check_column(struct build *b, const struct kith_node *node)
{
    static const char *const taken[] = {"id", "event_offset", "member_offset"};
    struct kith_node key = pathway_key_node(node);
    pathway_check_name(b, &key, node->key);
    if (strchr(node->key, '/') || strcmp(node->key, ".") == 0)
        kith_node_error(b->r, &key, "'%s' is no name for an attribute: use letters, digits, - and _", node->key);
    for (size_t i = 0; i < sizeof taken / sizeof *taken; i++)
        if (strcmp(node->key, taken[i]) == 0)
            kith_node_error(b->r, &key, "'%s' is no name for an attribute: the trajectories have a column of that name",
                            node->key);
}

static void read_attribute(struct build *b, const struct kith_node *node, struct attribute *a)
{
    static const char *const gamma[] = {"shape", "mean"}, *const lognormal[] = {"median", "sigma"};
    const struct kith_node *values = kith_node_get(node, "values"), *g = kith_node_get(node, "gamma"),
                           *l = kith_node_get(node, "lognormal");
    char name[160];
    kith_node_known(b->r, node, "an attribute", attribute_keys, sizeof attribute_keys / sizeof *attribute_keys);
    check_column(b, node);
    a->name = node->key;
    a->tilt = -1;
    a->unit = kith_node_text(b->r, node, "unit", "unit");
    a->what = kith_node_text(b->r, node, "what", "");
    a->centre = kith_node_number_or(b->r, node, "centre", KITH_UNIT_NONE, -1e9, 1e9, 0);
    snprintf(name, sizeof name, "attribute/%s", node->key);
    a->key = kith_hash_name(name);
    if (!values + !g + !l != 2) {
        kith_node_error(b->r, node, "attribute %s is drawn from one of values:, gamma: or lognormal:", node->key);
    } else if (values) {
        read_values(b, node, values, a);
    } else if (g) {
        kith_node_known(b->r, g, "gamma", gamma, 2);
        double shape = kith_node_number(b->r, g, "shape", KITH_UNIT_NONE, 0.01, 1000);
        double mean = kith_node_number(b->r, g, "mean", KITH_UNIT_NONE, 1e-9, 1e9);
        pathway_init_dist(b, g, &a->dist, KITH_DIST_GAMMA, shape, mean / shape, 0, NULL, NULL);
    } else {
        kith_node_known(b->r, l, "lognormal", lognormal, 2);
        double median = kith_node_number(b->r, l, "median", KITH_UNIT_NONE, 1e-9, 1e9);
        pathway_init_dist(b, l, &a->dist, KITH_DIST_LOGNORMAL, median,
                  kith_node_number(b->r, l, "sigma", KITH_UNIT_NONE, 1e-6, 100), 0, NULL, NULL);
    }
}

static void read_attributes(struct build *b)
{
    struct pathway *p = b->p;
    const struct kith_node *list = kith_node_get(p->sc->root, "attributes");
    size_t n = list && list->kind == KITH_NODE_MAP ? list->n : 0, i = 0;
    if (n > PATHWAY_ATTRIBUTES_MAX) {
        kith_node_error(b->r, list, "more than %d attributes", PATHWAY_ATTRIBUTES_MAX);
        return;
    }
    p->attributes = pathway_keep(b, n, sizeof *p->attributes);
    b->attribute_names = pathway_keep(b, n, sizeof *b->attribute_names);
    if (list && list->kind != KITH_NODE_MAP)
        kith_node_error(b->r, list, "attributes: is a map {name: {values: {...}}, ...}");
    if (!p->attributes || !b->attribute_names)
        return;
    p->n_attributes = n;
    for (const struct kith_node *a = n ? list->first : NULL; a; a = a->next, i++) {
        read_attribute(b, a, &p->attributes[i]);
        b->attribute_names[i] = a->key;
    }
}

/* ---- groups ----------------------------------------------------------------------------------------------------- */

/* {1998: 714000, ...}: a number for each calendar year beginning with the scenario's start date's day, or a single
 * rate "7280 /year". The last one goes on. */
static void read_per_year(struct build *b, const struct kith_node *parent, const char *key, struct group *g)
{
    const struct kith_scenario *sc = b->p->sc;
    const struct kith_node *node = kith_node_get(parent, key);
    g->n_years = (size_t)ceil(sc->warm_up + sc->counted);
    g->per_year = pathway_keep(b, g->n_years, sizeof *g->per_year);
    if (!g->per_year)
        return;
    if (!node || node->kind != KITH_NODE_MAP || kith_node_get(node, "value")) {
        double rate = kith_node_number(b->r, parent, key, KITH_UNIT_RATE, 0, 1e12);
        for (size_t y = 0; y < g->n_years; y++)
            g->per_year[y] = rate;
        return;
    }
    if (isnan(sc->start_date)) {
        kith_node_error(b->r, node, "%s by calendar year needs time.start", key);
        return;
    }
    double previous = -INFINITY;
    size_t y = 0;
    for (const struct kith_node *v = node->first; v; v = v->next) {
        struct kith_node name = pathway_key_node(v);
        double year = kith_node_value(b->r, &name, "calendar year", KITH_UNIT_NONE, 1000, 3000);
        double number = kith_node_value(b->r, v, key, KITH_UNIT_RATE, 0, 1e12);
        if (!(year > previous))
            kith_node_error(b->r, &name, "years must ascend: %s comes after a later one", v->key);
        if (v == node->first && year > floor(sc->start_date))
            kith_node_error(b->r, &name, "the first year, %s, is after the simulation starts", v->key);
        previous = year;
        while (y < g->n_years && floor(sc->start_date) + (double)y < year && v != node->first)
            y++;
        for (size_t i = y; i < g->n_years && floor(sc->start_date) + (double)i >= year; i++)
            g->per_year[i] = number;
    }
}

static void read_households(struct build *b, const struct kith_node *node, struct group *g)
{
    static const char *const keys[] = {"sizes", "gap", "births", "source", "note"},
                             *const gap_keys[] = {"delay", "shape", "mean", "source", "note"};
    const struct kith_node *sizes = kith_node_get(node, "sizes"), *gap = kith_node_get(node, "gap");
    double sum = 0, share[PATHWAY_CHILDREN_MAX + 1] = {0};
    *g = (struct group){.name = "household", .key = kith_hash_name("household"), .household = true, .column = -1};
    kith_node_known(b->r, node, "households", keys, sizeof keys / sizeof *keys);
    if (!sizes || sizes->kind != KITH_NODE_MAP)
        kith_node_error(b->r, sizes ? sizes : node, "households need sizes: {1: share, 2: share, ...}");
    else
        for (const struct kith_node *s = sizes->first; s; s = s->next) {
            struct kith_node key = pathway_key_node(s);
            double n = kith_node_value(b->r, &key, "children of a family", KITH_UNIT_NONE, 1, PATHWAY_CHILDREN_MAX);
            share[(size_t)n] = kith_node_value(b->r, s, "share", KITH_UNIT_NONE, 0, 1e12);
            if (n != floor(n))
                kith_node_error(b->r, &key, "a family has a whole number of children");
        }
    for (size_t i = 1; i <= PATHWAY_CHILDREN_MAX; i++) {
        sum += share[i];
        g->mean_size += share[i] * (double)i;
        if (share[i] > 0 && i > b->p->max_children)
            b->p->max_children = i;
        g->size_share[i] = sum;
    }
    if (!(sum > 0)) {
        if (sizes)
            kith_node_error(b->r, sizes, "the shares must have a sum above 0");
        sum = 1;
    }
    g->mean_size /= sum;
    for (size_t i = 1; i <= PATHWAY_CHILDREN_MAX; i++)
        g->size_share[i] /= sum;
    if (gap) {
        kith_node_known(b->r, gap, "gap", gap_keys, sizeof gap_keys / sizeof *gap_keys);
        g->gap_delay = kith_node_number_or(b->r, gap, "delay", KITH_UNIT_TIME, 0, 18, 0);
        double shape = kith_node_number(b->r, gap, "shape", KITH_UNIT_NONE, 0.01, 1000);
        pathway_init_dist(b, gap, &g->gap, KITH_DIST_GAMMA, shape,
                  kith_node_number(b->r, gap, "mean", KITH_UNIT_TIME, 1e-6, 18) / shape, 0, NULL, NULL);
    } else {
        pathway_init_dist(b, node, &g->gap, KITH_DIST_FIXED, 2, 0, 0, NULL, NULL);
    }
    read_per_year(b, node, "births", g);
}

static void read_arrivals(struct build *b, const struct kith_node *node, struct group *g)
{
    static const char *const keys[] = {"rate", "age", "spread", "source", "note", "what"};
    const struct kith_scenario *sc = b->p->sc;
    const struct kith_node *age = kith_node_get(node, "age"), *spread = kith_node_get(node, "spread");
    char name[160];
    struct kith_node key = pathway_key_node(node);
    pathway_check_name(b, &key, node->key);
    snprintf(name, sizeof name, "group/%s", node->key);
    *g = (struct group){.name = node->key, .key = kith_hash_name(name), .column = -1};
    kith_node_known(b->r, node, "a group of arrivals", keys, sizeof keys / sizeof *keys);
    read_per_year(b, node, "rate", g);
    g->childless = !age;
    if (age && b->p->max_children < 1)
        b->p->max_children = 1;
    if (spread) {
        g->column = kith_node_choice(b->r, spread, "a column of the areas table", sc->column_names, sc->n_columns);
        g->column_sum = g->column >= 0 ? sc->column_total[g->column] : 0;
        for (size_t i = 0; g->column >= 0 && i < sc->n_areas; i++)
            if (!(sc->column[g->column][i] >= 0))
                kith_node_error(b->r, spread, "column %s of area %s is empty or negative", spread->text,
                                sc->areas[i].code);
            else if (!(g->column_sum > 0 && sc->column[g->column][i] <= g->column_sum * (1 + 1e-9)))
                kith_node_error(b->r, spread, "column %s has no sum that area %s could be a part of", spread->text,
                                sc->areas[i].code);
    }
    if (!age)
        return;
    if (age->kind != KITH_NODE_LIST || age->n < 2) {
        kith_node_error(b->r, age, "age at arrival is a list of [age, probability to be younger]");
        return;
    }
    double *x = pathway_keep(b, age->n + 1, sizeof *x), *y = pathway_keep(b, age->n + 1, sizeof *y);
    size_t n = 0;
    for (const struct kith_node *k = age->first; k && x && y; k = k->next) {
        if (k->kind != KITH_NODE_LIST || k->n != 2) {
            kith_node_error(b->r, k, "age at arrival is a list of [age, probability to be younger]");
            return;
        }
        x[n] = kith_node_value(b->r, k->first, "age", KITH_UNIT_NONE, 0, 18);
        y[n++] = kith_node_value(b->r, k->first->next, "probability", KITH_UNIT_NONE, 0, 1);
    }
    if (n && y && (y[0] != 0 || y[n - 1] != 1))
        kith_node_error(b->r, age, "the probabilities must go from 0 to 1");
    pathway_init_dist(b, age, &g->age, KITH_DIST_TABLE, 0, 0, n, x, y);
}

void pathway_read_population(struct build *b)
{
    struct pathway *p = b->p;
    const struct kith_node *population = kith_node_get(p->sc->root, "population"),
                           *households = kith_node_get(population, "households"),
                           *groups = kith_node_get(population, "groups");
    read_attributes(b);
    if (households)
        read_households(b, households, &p->groups[p->n_groups++]);
    if (groups && groups->kind != KITH_NODE_MAP)
        kith_node_error(b->r, groups, "groups: is a map {name: {rate: ..., age: ...}, ...}");
    else
        for (const struct kith_node *g = groups ? groups->first : NULL; g; g = g->next) {
            if (p->n_groups == PATHWAY_GROUPS_MAX) {
                kith_node_error(b->r, g, "more than %d groups", PATHWAY_GROUPS_MAX);
                break;
            }
            read_arrivals(b, g, &p->groups[p->n_groups++]);
        }
    for (size_t g = 0; g < p->n_groups; g++)
        b->group_names[g] = p->groups[g].name;
}
