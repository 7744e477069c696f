/* Reads `ratios:`, `weight:`, `chance:` and `when:` / `if:` of a scenario into factors and tests. */
#include <stdio.h>
#include <stdlib.h>

#include "pathway.h"

/* The part of `key` behind "prefix.", or NULL. */
static const char *behind(const char *key, const char *prefix)
{
    size_t n = strlen(prefix);
    return strncmp(key, prefix, n) == 0 && key[n] == '.' ? key + n + 1 : NULL;
}

static int find(const char *const *names, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(names[i], name) == 0)
            return (int)i;
    return -1;
}

static bool chart_of_child(const struct build *b, int chart)
{
    return b->t->charts[chart].of_child;
}

int pathway_find_mark(struct build *b, const struct kith_node *node, const char *name)
{
    int i = find(b->p->mark_name, b->p->n_marks, name);
    if (i < 0) {
        const char *near = pathway_nearest(b, name, b->p->mark_name, b->p->n_marks);
        kith_node_error(b->r, node, near ? "no mark is called '%s'; did you mean '%s'?"
                                         : "no mark is called '%s': declare it under marks:", name, near);
    }
    return i;
}

/* A chart that the factor of `chart` may look at: its own kind's, or the family's. */
static int find_chart(struct build *b, const struct kith_node *node, const char *name, int chart, bool others)
{
    int c = find(b->chart_names, b->p->n_charts, name);
    if (c < 0) {
        const char *near = pathway_nearest(b, name, b->chart_names, b->p->n_charts);
        kith_node_error(b->r, node, near ? "no chart is called '%s'; did you mean '%s'?"
                                         : "no chart is called '%s'", name, near);
    } else if (others && !chart_of_child(b, c)) {
        kith_node_error(b->r, node, "chart %s is the family's: siblings do not have it", name);
        return -1;
    } else if (!others && chart_of_child(b, c) && !(chart >= 0 && chart_of_child(b, chart))) {
        kith_node_error(b->r, node, "chart %s is a child's: the family sees it as children.%s", name, name);
        return -1;
    }
    return c;
}

struct states pathway_read_states(struct build *b, const struct kith_node *node, int chart)
{
    struct states set = {{0}};
    if (chart < 0 || !node)
        return set;
    size_t n = b->t->charts[chart].n_states;
    char what[96];
    snprintf(what, sizeof what, "a state of chart %s", b->chart_names[chart]);
    const struct kith_node *item = node->kind == KITH_NODE_SCALAR ? node : node->first;
    for (; item; item = node->kind == KITH_NODE_SCALAR ? NULL : item->next) {
        if (item->kind == KITH_NODE_SCALAR && strcmp(item->text, "any") == 0) {
            for (size_t i = 0; i < n; i++)
                set.bits[i >> 6] |= 1ull << (i & 63);
            continue;
        }
        int s = kith_node_choice(b->r, item, what, b->state_names[chart], n);
        if (s >= 0)
            set.bits[s >> 6] |= 1ull << (s & 63);
    }
    return set;
}

static struct factor *add_factor(struct build *b, enum factor_kind kind, int what)
{
    struct factor *k = pathway_add(b, &b->t->factors, &b->t->n_factors, sizeof *k);
    if (k) {
        k->kind = kind;
        k->what = (uint16_t)(what < 0 ? 0 : what);
    }
    return k;
}

static double *values(struct build *b, struct factor *k, size_t n)
{
    k->n_value = (uint32_t)n;
    return k->value = pathway_keep(b, n, sizeof *k->value);
}

/* ---- tests ------------------------------------------------------------------------------------------------------ */

/* [low, high] or one number x, meaning [x, x + 1) where `whole`. */
static void read_span(struct build *b, const struct kith_node *node, struct test *q, enum kith_unit unit, bool whole)
{
    q->low = -INFINITY;
    q->high = INFINITY;
    if (node->kind == KITH_NODE_LIST && node->n == 2) {
        const struct kith_node *low = node->first, *high = low->next;
        if (low->kind != KITH_NODE_SCALAR || strcmp(low->text, "~") != 0)
            q->low = kith_node_value(b->r, low, low->key ? low->key : "from", unit, -1e9, 1e9);
        if (high->kind != KITH_NODE_SCALAR || strcmp(high->text, "~") != 0)
            q->high = kith_node_value(b->r, high, "to", unit, -1e9, 1e9);
        if (!(q->low < q->high))
            kith_node_error(b->r, node, "%s is empty: [from, to) needs from < to", node->key);
    } else if (whole && node->kind == KITH_NODE_SCALAR) {
        q->low = kith_node_value(b->r, node, node->key, unit, -1e9, 1e9);
        q->high = q->low + 1;
    } else {
        kith_node_error(b->r, node, "%s wants [from, to] (~ for an open end)", node->key);
    }
}

static uint64_t bit(int what)
{
    return what < 0 ? 0 : 1ull << what;
}

static void read_test(struct build *b, const struct kith_node *node, int chart)
{
    const char *key = node->key, *name;
    struct test q = {.kind = TEST_STATE};
    int c;
    if ((name = behind(key, "siblings")) || (name = behind(key, "children"))) {
        c = find_chart(b, node, name, chart, true);
        q.kind = TEST_OTHERS;
        q.what = (uint16_t)(c < 0 ? 0 : c);
        q.states = pathway_read_states(b, node, c);
        b->others |= bit(c);
    } else if ((name = behind(key, "count")) || (name = behind(key, "since"))) {
        int m = pathway_find_mark(b, node, name);
        q.kind = key[0] == 'c' ? TEST_COUNT : TEST_SINCE;
        q.what = (uint16_t)(m < 0 ? 0 : m);
        read_span(b, node, &q, key[0] == 'c' ? KITH_UNIT_NONE : KITH_UNIT_TIME, key[0] == 'c');
        b->own |= m < 0 ? 0 : 1ull << (PATHWAY_CHARTS_MAX + m);
    } else if (strcmp(key, "age") == 0) {
        if (!chart_of_child(b, chart))
            kith_node_error(b->r, node, "age: a family has no age");
        q.kind = TEST_AGE;
        read_span(b, node, &q, KITH_UNIT_NONE, true);
    } else if (strcmp(key, "group") == 0) {
        q.kind = TEST_GROUP;
        int g = kith_node_choice(b->r, node, "a group of the population", b->group_names, b->p->n_groups);
        if (g >= 0)
            q.states.bits[0] = 1ull << g;
    } else if ((c = find(b->attribute_names, b->p->n_attributes, key)) >= 0) {
        q.kind = TEST_ATTRIBUTE;
        q.what = (uint16_t)c;
        read_span(b, node, &q, KITH_UNIT_NONE, true);
    } else {
        c = find_chart(b, node, key, chart, false);
        q.what = (uint16_t)(c < 0 ? 0 : c);
        q.states = pathway_read_states(b, node, c);
        b->own |= bit(c);
    }
    struct test *added = pathway_add(b, &b->t->tests, &b->t->n_tests, sizeof q);
    if (added)
        *added = q;
}

struct range pathway_read_tests(struct build *b, const struct kith_node *condition, int chart)
{
    struct range r = {(uint32_t)b->t->n_tests, 0};
    if (!condition)
        return r;
    if (condition->kind != KITH_NODE_MAP) {
        kith_node_error(b->r, condition, "a condition is a map, such as {need: [complex, acute], age: [10, 16]}");
        return r;
    }
    for (const struct kith_node *q = condition->first; q; q = q->next)
        read_test(b, q, chart);
    r.n = (uint32_t)b->t->n_tests - r.first;
    return r;
}

/* ---- factors ---------------------------------------------------------------------------------------------------- */

static void read_state_factor(struct build *b, const struct kith_node *node, int c)
{
    struct factor *k = add_factor(b, FACTOR_STATE, c);
    size_t n = b->t->charts[c].n_states;
    double *value = k ? values(b, k, n) : NULL;
    if (!value)
        return;
    for (size_t i = 0; i < n; i++)
        value[i] = 1;
    if (node->kind != KITH_NODE_MAP) {
        kith_node_error(b->r, node, "ratios by chart %s are a map: {STATE: ratio, ...}", b->chart_names[c]);
        return;
    }
    kith_node_known(b->r, node, b->chart_names[c], b->state_names[c], n);
    for (size_t i = 0; i < n; i++)
        value[i] = kith_node_number_or(b->r, node, b->state_names[c][i], KITH_UNIT_NONE, 0, 1e12, 1);
    b->own |= bit(c);
}

/* A map of band ends to numbers, ends ascending. */
static void read_bands(struct build *b, const struct kith_node *node, struct factor *k, enum kith_unit at_unit,
                       enum kith_unit unit, double origin)
{
    if (!k)
        return;
    k->below = 1;
    if (node->kind != KITH_NODE_MAP || !node->n) {
        kith_node_error(b->r, node, "%s is a map: {lower end of the band: number, ...}", node->key);
        values(b, k, 1);
        return;
    }
    k->at = pathway_keep(b, node->n, sizeof *k->at);
    double *value = values(b, k, node->n);
    if (!k->at || !value)
        return;
    for (const struct kith_node *band = node->first; band; band = band->next) {
        struct kith_node end = pathway_key_node(band);
        double at = kith_node_value(b->r, &end, "lower end of the band", at_unit, 0, 1e4) - origin;
        if (k->n && !(at > k->at[k->n - 1]))
            kith_node_error(b->r, &end, "bands must ascend: %s comes after a higher one", band->key);
        k->at[k->n] = at;
        value[k->n++] = kith_node_value(b->r, band, node->key, unit, 0, 1e12);
    }
}

/* What the term comes to for each value of its attribute. */
static void tabulate(struct build *b, struct term *k)
{
    const struct attribute *a = &b->p->attributes[k->attribute];
    if (!a->n || !pathway_afford(b, a->n, 5) || !(k->of_value = pathway_keep(b, a->n, sizeof *k->of_value)))
        return;
    for (size_t i = 0; i < a->n; i++)
        k->of_value[i] = pathway_term(k, a->value[i]);
}

/* "1.2 per decile", "power 0.25": the family's term; equal terms are shared. */
static void read_attribute_factor(struct build *b, const struct kith_node *node, int a)
{
    struct term want = {.attribute = (uint16_t)a, .centre = b->p->attributes[a].centre};
    struct kith_node number = *node;
    char text[64];
    if (node->kind != KITH_NODE_SCALAR || strlen(node->text) >= sizeof text) {
        kith_node_error(b->r, node, "a ratio by %s is \"1.2 per %s\" or \"power 0.25\"", node->key,
                        b->p->attributes[a].unit);
        return;
    }
    strcpy(text, node->text);
    number.text = text;
    char *per = strstr(text, " per ");
    if (strncmp(text, "power ", 6) == 0) {
        want.power = true;
        number.text = text + 6;
    } else if (per) {
        *per = 0;
        if (strcmp(per + 5, b->p->attributes[a].unit) != 0)
            kith_node_error(b->r, node, "the unit of %s is '%s', not '%s'", node->key, b->p->attributes[a].unit,
                            per + 5);
    } else {
        kith_node_error(b->r, node, "%s: '%s' says neither \"X per %s\" nor \"power X\"", node->key, node->text,
                        b->p->attributes[a].unit);
        return;
    }
    want.base = kith_node_value(b->r, &number, node->key, KITH_UNIT_NONE, want.power ? -100 : 1e-6, 1e6);
    size_t i = 0;
    while (i < b->t->n_terms && (b->t->terms[i].attribute != want.attribute || b->t->terms[i].power != want.power ||
                                 b->t->terms[i].base != want.base))
        i++;
    if (i == PATHWAY_PARTS_MAX) {
        kith_node_error(b->r, node, "more than %d different ratios by attributes", PATHWAY_PARTS_MAX);
        return;
    }
    if (i == b->t->n_terms) {
        struct term *added = pathway_add(b, &b->t->terms, &b->t->n_terms, sizeof want);
        if (added) {
            *added = want;
            tabulate(b, added);
        }
    }
    add_factor(b, FACTOR_TERM, (int)i);
}

static void read_area_factor(struct build *b, const struct kith_node *node)
{
    const struct kith_scenario *sc = b->p->sc;
    int c = kith_node_choice(b->r, node, "a column of the areas table", sc->column_names, sc->n_columns);
    struct factor *k = c < 0 || !pathway_afford(b, sc->n_areas, 1) ? NULL : add_factor(b, FACTOR_AREA, c);
    if (!k)
        return;
    k->value = sc->column[c]; /* the same for all arms and dates */
    k->n_value = (uint32_t)sc->n_areas;
    for (size_t i = 0; i < sc->n_areas; i++) {
        if (!(k->value[i] >= 0) || k->value[i] > 1e12) {
            kith_node_error(b->r, node, "column %s of area %s is no ratio (empty or negative)", node->text,
                            sc->areas[i].code);
            return;
        }
    }
}

static void read_group_factor(struct build *b, const struct kith_node *node)
{
    struct factor *k = add_factor(b, FACTOR_GROUP, 0);
    double *value = k ? values(b, k, PATHWAY_GROUPS_MAX) : NULL;
    if (!value)
        return;
    kith_node_known(b->r, node, "ratios by group", b->group_names, b->p->n_groups);
    for (size_t i = 0; i < b->p->n_groups; i++)
        value[i] = kith_node_number_or(b->r, node, b->group_names[i], KITH_UNIT_NONE, 0, 1e12, 1);
}

static void read_since_factor(struct build *b, const struct kith_node *node, const char *name, bool clock)
{
    static const char *const keys[] = {"amplitude", "decay"};
    int m = pathway_find_mark(b, node, name);
    kith_node_known(b->r, node, "a ratio by time since a mark", keys, 2);
    double amplitude = kith_node_number(b->r, node, "amplitude", KITH_UNIT_NONE, -1, 1e9);
    double decay = kith_node_number(b->r, node, "decay", KITH_UNIT_TIME, 1e-6, 1e6);
    if (m < 0)
        return;
    if (clock) {
        if (b->since >= 0)
            kith_node_error(b->r, node, "a clock can have one ratio by time since a mark");
        b->since = m;
        b->amplitude = amplitude;
        b->decay = decay;
    } else {
        struct factor *k = add_factor(b, FACTOR_SINCE, m);
        double *value = k ? values(b, k, 2) : NULL;
        if (value) {
            value[0] = amplitude;
            value[1] = decay;
        }
    }
    b->own |= 1ull << (PATHWAY_CHARTS_MAX + m);
}

static void read_others_factor(struct build *b, const struct kith_node *node, int c)
{
    static const char *const keys[] = {"in", "ratio"};
    kith_node_known(b->r, node, "a ratio by siblings or children", keys, 2);
    struct states set = pathway_read_states(b, kith_node_get(node, "in"), c);
    if (!kith_node_get(node, "in"))
        kith_node_error(b->r, node, "missing in: the states of chart %s that count", b->chart_names[c]);
    double ratio = kith_node_number(b->r, node, "ratio", KITH_UNIT_NONE, 0, 1e12);
    struct factor *k = add_factor(b, FACTOR_OTHERS, c);
    double *value = k ? values(b, k, 1) : NULL;
    if (value) {
        value[0] = ratio;
        k->states = set;
    }
    b->others |= bit(c);
}

static void add_when(struct build *b, struct range tests, double yes, double no)
{
    struct factor *k = add_factor(b, FACTOR_WHEN, 0);
    double *value = k ? values(b, k, 2) : NULL;
    if (value) {
        value[0] = yes;
        value[1] = no;
        k->tests = tests;
    }
}

static void read_when_factor(struct build *b, const struct kith_node *node, int chart)
{
    static const char *const keys[] = {"if", "ratio", "else"};
    if (node->kind != KITH_NODE_LIST) {
        kith_node_error(b->r, node, "when: is a list of {if: {...}, ratio: x, else: y}");
        return;
    }
    for (const struct kith_node *item = node->first; item; item = item->next) {
        kith_node_known(b->r, item, "an entry of when:", keys, 3);
        struct range tests = pathway_read_tests(b, kith_node_get(item, "if"), chart);
        double ratio = kith_node_number(b->r, item, "ratio", KITH_UNIT_NONE, 0, 1e12);
        add_when(b, tests, ratio, kith_node_number_or(b->r, item, "else", KITH_UNIT_NONE, 0, 1e12, 1));
    }
}

/* A constant: a calendar factor that has one value from the beginning would do the same, but costs more. */
static void read_times(struct build *b, const struct kith_node *node)
{
    const struct kith_node *item = node->kind == KITH_NODE_LIST ? node->first : node;
    for (; item; item = node->kind == KITH_NODE_LIST ? item->next : NULL) {
        double ratio = kith_node_value(b->r, item, "times", KITH_UNIT_NONE, 0, 1e12);
        struct factor *k = add_factor(b, FACTOR_CONSTANT, 0);
        double *value = k ? values(b, k, 1) : NULL;
        if (value)
            value[0] = ratio;
    }
}

/* screened: the probability that a test for `if` is positive; missed: that it is negative. */
static void read_screen(struct build *b, const struct kith_node *node, int chart, bool positive)
{
    static const char *const keys[] = {"if", "sensitivity", "specificity"};
    kith_node_known(b->r, node, node->key, keys, 3);
    if (!kith_node_get(node, "if"))
        kith_node_error(b->r, node, "missing if: what the screening is to find");
    struct range tests = pathway_read_tests(b, kith_node_get(node, "if"), chart);
    double sensitivity = kith_node_number(b->r, node, "sensitivity", KITH_UNIT_NONE, 0, 1);
    double specificity = kith_node_number(b->r, node, "specificity", KITH_UNIT_NONE, 0, 1);
    add_when(b, tests, positive ? sensitivity : 1 - sensitivity, positive ? 1 - specificity : specificity);
}

static void read_load(struct build *b, const struct kith_node *node, const char *name)
{
    int r = find(b->resource_names, b->p->n_resources, name);
    if (r < 0) {
        const char *near = pathway_nearest(b, name, b->resource_names, b->p->n_resources);
        kith_node_error(b->r, node, near ? "no resource is called '%s'; did you mean '%s'?"
                                         : "no resource is called '%s': declare it under resources:", name, near);
        return;
    }
    read_bands(b, node, add_factor(b, FACTOR_LOAD, r), KITH_UNIT_NONE, KITH_UNIT_NONE, 0);
    b->own |= 1ull << (PATHWAY_FIRST_LOAD + r);
}

static void read_factor(struct build *b, const struct kith_node *node, int chart, bool clock)
{
    const char *key = node->key, *name;
    int i;
    if ((strcmp(key, "age") == 0 || strcmp(key, "age_at_entry") == 0) && !chart_of_child(b, chart))
        kith_node_error(b->r, node, "%s: a family has no age", key);
    else if (strcmp(key, "age") == 0 || strcmp(key, "age_at_entry") == 0)
        read_bands(b, node, add_factor(b, key[3] ? FACTOR_AGE_AT_ENTRY : FACTOR_AGE, 0), KITH_UNIT_NONE,
                   KITH_UNIT_NONE, 0);
    else if (strcmp(key, "calendar") == 0 && isnan(b->p->sc->start_date))
        kith_node_error(b->r, node, "calendar needs time.start");
    else if (strcmp(key, "calendar") == 0)
        read_bands(b, node, add_factor(b, FACTOR_CALENDAR, 0), KITH_UNIT_DATE, KITH_UNIT_NONE,
                   b->p->sc->start_date);
    else if (strcmp(key, "area") == 0)
        read_area_factor(b, node);
    else if (strcmp(key, "group") == 0)
        read_group_factor(b, node);
    else if (strcmp(key, "times") == 0)
        read_times(b, node);
    else if (strcmp(key, "when") == 0)
        read_when_factor(b, node, chart);
    else if (strcmp(key, "screened") == 0 || strcmp(key, "missed") == 0)
        read_screen(b, node, chart, key[0] == 's');
    else if ((name = behind(key, "load")))
        read_load(b, node, name);
    else if ((name = behind(key, "since")))
        read_since_factor(b, node, name, clock);
    else if ((name = behind(key, "count"))) {
        int m = pathway_find_mark(b, node, name);
        read_bands(b, node, add_factor(b, FACTOR_COUNT, m), KITH_UNIT_NONE, KITH_UNIT_NONE, 0);
        b->own |= m < 0 ? 0 : 1ull << (PATHWAY_CHARTS_MAX + m);
    } else if ((name = behind(key, "siblings")) || (name = behind(key, "children"))) {
        if ((i = find_chart(b, node, name, chart, true)) >= 0)
            read_others_factor(b, node, i);
    } else if ((i = find(b->attribute_names, b->p->n_attributes, key)) >= 0)
        read_attribute_factor(b, node, i);
    else if (find(b->chart_names, b->p->n_charts, key) >= 0) {
        if ((i = find_chart(b, node, key, chart, false)) >= 0)
            read_state_factor(b, node, i);
    } else
        kith_node_error(b->r, node,
                        "'%s' is no chart, attribute, age, age_at_entry, calendar, area, group, times, when, "
                        "screened, missed, load.RESOURCE, since.MARK, count.MARK, siblings.CHART or children.CHART", key);
}

struct range pathway_read_factors(struct build *b, const struct kith_node *ratios, int chart, bool clock)
{
    /* conditions inside keep their own range of tests, so factors of one clock stay together */
    struct range r = {(uint32_t)b->t->n_factors, 0};
    if (clock)
        b->since = -1;
    if (!ratios)
        return r;
    if (ratios->kind != KITH_NODE_MAP) {
        kith_node_error(b->r, ratios, "ratios are a map, such as {need: {none: 1, acute: 4}, age: {0: 1, 10: 2}}");
        return r;
    }
    for (const struct kith_node *k = ratios->first; k; k = k->next)
        read_factor(b, k, chart, clock);
    r.n = (uint32_t)b->t->n_factors - r.first;
    return r;
}

double pathway_read_weight(struct build *b, const struct kith_node *parent, const char *key, int chart,
                           double fallback, struct range *factors)
{
    const struct kith_node *node = kith_node_get(parent, key), *ratios = kith_node_get(parent, "ratios");
    double constant = fallback;
    *factors = (struct range){(uint32_t)b->t->n_factors, 0};
    if (node && node->kind == KITH_NODE_MAP && !kith_node_get(node, "value")) {
        constant = 1;
        pathway_read_factors(b, node, chart, false);
    } else if (node) {
        constant = kith_node_value(b->r, node, key, KITH_UNIT_NONE, 0, 1e12);
    }
    pathway_read_factors(b, ratios, chart, false);
    factors->n = (uint32_t)b->t->n_factors - factors->first;
    return constant;
}
