#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sections.h"
#include "unit.h"

static const char *const arm_keys[] = {"what", "from", "set", "steps", "vary"};
static const char *const step_keys[] = {"what", "from", "set"};

size_t kith_arms_parameter(struct kith_sections *s, const struct kith_node *node)
{
    const struct kith_scenario *sc = s->sc;
    size_t i = kith_index_find(&s->parameter_names, node->key);
    const char *nearest = NULL;
    if (i != (size_t)-1)
        return isnan(sc->parameters[i].value) ? (size_t)-1 : i;
    for (size_t k = 0; k < sc->n_parameters && s->load->errors->n < KITH_ERRORS_MAX; k++) {
        const char *pair[] = {nearest, sc->parameters[k].name};
        nearest = nearest ? kith_node_nearest(node->key, pair, 2) : kith_node_nearest(node->key, pair + 1, 1);
    }
    if (nearest)
        kith_node_key_error(&s->reader, node, "unknown parameter '%.*s': did you mean '%s'?",
                            KITH_CUT(node->key), nearest);
    else
        kith_node_key_error(&s->reader, node, "unknown parameter '%.*s'", KITH_CUT(node->key));
    return (size_t)-1;
}

double kith_arms_value(struct kith_sections *s, const struct kith_node *node, size_t p)
{
    const struct kith_parameter *parameter = &s->sc->parameters[p];
    return kith_node_value(&s->reader, node, parameter->name, parameter->unit, parameter->low,
                           parameter->high);
}

/* A calendar date as time since the start of the simulation. */
static double from_date(struct kith_sections *s, const struct kith_node *from)
{
    const struct kith_scenario *sc = s->sc;
    char day[64], bound[64];
    int before = s->load->errors->n;
    double date = kith_node_value(&s->reader, from, "from", KITH_UNIT_DATE, -INFINITY, INFINITY);
    if (s->load->errors->n > before)
        return 0.0;
    if (isnan(sc->start_date)) {
        kith_node_error(&s->reader, from, "from is a date, but time has no start");
        return 0.0;
    }
    double time = kith_unit_years_between(sc->start_date, date);
    kith_unit_format(date, KITH_UNIT_DATE, day, sizeof day);
    if (time < 0.0) {
        kith_node_error(&s->reader, from, "from = %s is before the start, %s", day,
                        kith_unit_format(sc->start_date, KITH_UNIT_DATE, bound, sizeof bound));
        return 0.0;
    }
    if (sc->counted > 0.0 && time >= sc->warm_up + sc->counted) {
        double end = sc->start_date + sc->warm_up + sc->counted;
        kith_node_error(&s->reader, from, "from = %s is not before the end, %s", day,
                        kith_unit_format(end, KITH_UNIT_DATE, bound, sizeof bound));
        return 0.0;
    }
    return time;
}

double kith_arms_from(struct kith_sections *s, const struct kith_node *from)
{
    const struct kith_scenario *sc = s->sc;
    struct kith_quantity q;
    if (!from)
        return sc->warm_up;
    if (kith_node_is_number(&s->reader, from, KITH_UNIT_DATE) ||
        (from->kind == KITH_NODE_SCALAR && kith_unit_parse(from->text, &q) == KITH_UNIT_NO_DATE))
        return from_date(s, from);
    double after = kith_node_value(&s->reader, from, "from", KITH_UNIT_TIME, 0.0, INFINITY);
    if (sc->counted > 0.0 && after >= sc->counted) {
        char bound[64];
        kith_node_error(&s->reader, from, "from is not before the end of the counted period, %s",
                        kith_unit_format(sc->counted, KITH_UNIT_TIME, bound, sizeof bound));
        return sc->warm_up;
    }
    return sc->warm_up + after;
}

void kith_arms_set(struct kith_sections *s, const struct kith_node *set, double time,
                   struct kith_change *changes, size_t *n)
{
    if (!set)
        return;
    if (set->kind != KITH_NODE_MAP) {
        kith_node_error(&s->reader, set, "set has to be a map: parameter: value");
        return;
    }
    for (const struct kith_node *node = set->first; node; node = node->next) {
        size_t p = kith_arms_parameter(s, node);
        if (p == (size_t)-1)
            continue;
        changes[*n].time = time;
        changes[*n].parameter = p;
        changes[*n].value = kith_arms_value(s, node, p);
        ++*n;
    }
}

static int compare_changes(const void *a, const void *b)
{
    const struct kith_change *x = a, *y = b;
    if (x->time != y->time)
        return x->time < y->time ? -1 : 1;
    return (x->parameter > y->parameter) - (x->parameter < y->parameter);
}

enum kith_status kith_arms_add(struct kith_sections *s, const struct kith_node *node, const char *name,
                               struct kith_change *changes, size_t n)
{
    struct kith_scenario *sc = s->sc;
    if (sc->n_arms >= KITH_SECTIONS_ARMS)
        return kith_node_key_error(&s->reader, node, "more than %zu arms", KITH_SECTIONS_ARMS);
    if (n > KITH_SECTIONS_CHANGES)
        return kith_node_key_error(&s->reader, node, "arm %.*s changes %zu parameters: more than %zu, dates added up",
                                   KITH_CUT(node->key), n, KITH_SECTIONS_CHANGES);
    if (n > 1)
        qsort(changes, n, sizeof *changes, compare_changes);
    for (size_t i = 1; i < n; i++)
        if (compare_changes(&changes[i - 1], &changes[i]) == 0)
            kith_node_key_error(&s->reader, node, "arm %s sets %s twice at the same time", node->key,
                                sc->parameters[changes[i].parameter].name);
    struct kith_arm *arm = &sc->arms[sc->n_arms++];
    arm->name = name;
    arm->what = kith_node_text(&s->reader, node, "what", "");
    arm->n_changes = n;
    arm->changes = changes;
    return KITH_OK;
}

/* How many changes a `set` can make. */
static size_t count_set(const struct kith_node *map)
{
    const struct kith_node *set = kith_node_get(map, "set");
    return set && set->kind == KITH_NODE_MAP ? set->n : 0;
}

static enum kith_status read_steps(struct kith_sections *s, const struct kith_node *arm,
                                   const struct kith_node *steps)
{
    size_t n = 0, room = 0;
    if (kith_node_get(arm, "set") || kith_node_get(arm, "from") || kith_node_get(arm, "vary"))
        kith_node_key_error(&s->reader, steps, "steps cannot stand beside set, from or vary");
    if (steps->kind != KITH_NODE_LIST)
        return kith_node_error(&s->reader, steps, "steps has to be a list of {from: ..., set: {...}}");
    for (const struct kith_node *step = steps->first; step; step = step->next)
        room += count_set(step);
    struct kith_change *changes = kith_arena_take(s->load->arena, room, sizeof *changes);
    if (!changes)
        return KITH_NO_MEMORY;
    for (const struct kith_node *step = steps->first; step; step = step->next) {
        kith_node_known(&s->reader, step, "a step", step_keys, sizeof step_keys / sizeof step_keys[0]);
        if (step->kind != KITH_NODE_MAP)
            continue;
        if (!kith_node_get(step, "set"))
            kith_node_error(&s->reader, step, "missing key 'set'");
        double time = kith_arms_from(s, kith_node_get(step, "from"));
        kith_arms_set(s, kith_node_get(step, "set"), time, changes, &n);
    }
    return kith_arms_add(s, arm, arm->key, changes, n);
}

static enum kith_status read_arm(struct kith_sections *s, const struct kith_node *arm)
{
    struct kith_reader *r = &s->reader;
    const struct kith_node *steps = kith_node_get(arm, "steps"), *from = kith_node_get(arm, "from");
    size_t n = 0;
    if (!kith_names_valid(arm->key, true))
        kith_node_key_error(r, arm, "'%.*s' is no name for an arm: use a-z, 0-9, - and _, a letter first",
                            KITH_CUT(arm->key));
    kith_node_known(r, arm, "an arm", arm_keys, sizeof arm_keys / sizeof arm_keys[0]);
    if (arm->kind != KITH_NODE_MAP)
        return KITH_OK;
    if (steps)
        return read_steps(s, arm, steps);
    if (kith_node_get(arm, "vary") || (from && from->kind == KITH_NODE_LIST))
        return kith_grid_read(s, arm);
    struct kith_change *changes = kith_arena_take(s->load->arena, count_set(arm), sizeof *changes);
    if (!changes)
        return KITH_NO_MEMORY;
    kith_arms_set(s, kith_node_get(arm, "set"), kith_arms_from(s, from), changes, &n);
    return kith_arms_add(s, arm, arm->key, changes, n);
}

/* Names of grid arms can meet where a list has one value twice. */
static enum kith_status check_names(struct kith_sections *s, const struct kith_node *arms)
{
    struct kith_scenario *sc = s->sc;
    struct kith_index index = {0};
    enum kith_status status = kith_index_make(s->load->mem, &index, sc->n_arms);
    if (status != KITH_OK)
        return status;
    for (size_t i = 0; i < sc->n_arms; i++) {
        index.entries[i].text = sc->arms[i].name;
        index.entries[i].id = i;
    }
    kith_index_sort(&index);
    for (size_t i = 1; i < sc->n_arms; i++)
        if (strcmp(index.entries[i - 1].text, index.entries[i].text) == 0)
            kith_node_key_error(&s->reader, arms, "two arms are called '%.*s'",
                                KITH_CUT(index.entries[i].text));
    kith_index_free(&index);
    return KITH_OK;
}

enum kith_status kith_arms_read(struct kith_sections *s)
{
    struct kith_scenario *sc = s->sc;
    const struct kith_node *arms = kith_node_get(sc->root, "arms");
    sc->arms = kith_arena_take(s->load->arena, arms ? KITH_SECTIONS_ARMS : 1, sizeof *sc->arms);
    if (!sc->arms)
        return KITH_NO_MEMORY;
    if (!arms) {
        sc->n_arms = 1;
        sc->arms[0].name = "baseline";
        sc->arms[0].what = "";
        return KITH_OK;
    }
    if (arms->kind != KITH_NODE_MAP || arms->n == 0) {
        kith_node_error(&s->reader, arms, "arms has to be a map of at least one arm: name: {set: {...}}");
        return KITH_OK;
    }
    for (const struct kith_node *arm = arms->first; arm; arm = arm->next) {
        enum kith_status status = read_arm(s, arm);
        if (status == KITH_BAD_SCENARIO && sc->n_arms >= KITH_SECTIONS_ARMS)
            break; /* too many: once is enough */
        if (status != KITH_OK && status != KITH_BAD_SCENARIO)
            return status;
    }
    return check_names(s, arms);
}
