#include <math.h>
#include <stdio.h>
#include <string.h>

#include "number.h"
#include "sections.h"
#include "unit.h"

static const char *const keys[] = {"value", "unit", "range", "prior", "source", "what", "note"};

/* The text of the number with the unit of its map behind it. */
static enum kith_status full_text(struct kith_sections *s, const struct kith_node *number, const char *suffix,
                                  const char **text)
{
    size_t n = strlen(number->text), m = suffix ? strlen(suffix) : 0;
    char *full = kith_arena_take(s->load->arena, n + m + 2, 1);
    if (!full)
        return KITH_NO_MEMORY;
    memcpy(full, number->text, n);
    if (m > 0) {
        full[n] = ' ';
        memcpy(full + n + 1, suffix, m);
    }
    *text = full;
    return KITH_OK;
}

/* The value and, from its text, the unit. Leaves the value NaN after a report: who refers to the parameter
 * then says nothing more. */
static void read_value(struct kith_sections *s, const struct kith_node *number, struct kith_parameter *p)
{
    struct kith_quantity q;
    struct kith_reader *r = &s->reader;
    switch (kith_unit_parse(p->text, &q)) {
    case KITH_UNIT_FINE:
        p->unit = q.unit;
        p->value = q.value;
        break;
    case KITH_UNIT_UNKNOWN:
        kith_node_error(r, number, "%s = %.*s has an unknown unit '%s': write for example \"%s\"", p->name,
                        KITH_CUT(p->text), q.suffix, kith_unit_example(KITH_UNIT_RATE));
        break;
    case KITH_UNIT_NO_DATE:
        kith_node_error(r, number, "%s = %.*s: there is no such day", p->name, KITH_CUT(p->text));
        break;
    case KITH_UNIT_TOO_LARGE:
        kith_node_error(r, number, "%s = %.*s is too large", p->name, KITH_CUT(p->text));
        break;
    case KITH_UNIT_NO_NUMBER:
        if (p->text[0] == '$')
            kith_node_error(r, number, "%s = %.*s: a parameter cannot refer to another", p->name,
                            KITH_CUT(p->text));
        else
            kith_node_error(r, number, "%s = %.*s is not a number: write for example 0.5 or \"0.25 /year\"",
                            p->name, KITH_CUT(p->text));
        break;
    }
}

/* Where value and range disagree about the unit, it is the value that was changed last: by --set, say. */
static bool same_unit(struct kith_sections *s, const struct kith_node *number, const struct kith_node *range,
                      const char *suffix, const struct kith_parameter *p)
{
    struct kith_quantity q;
    const struct kith_node *low = range->first;
    if (suffix || !low || low->kind != KITH_NODE_SCALAR || kith_unit_parse(low->text, &q) != KITH_UNIT_FINE ||
        q.unit == p->unit)
        return true;
    kith_node_error(&s->reader, number, "%s = %.*s is %s, but its range is %s", p->name, KITH_CUT(p->text),
                    kith_unit_noun(p->unit), kith_unit_noun(q.unit));
    return false;
}

static void read_range(struct kith_sections *s, const struct kith_node *number, const struct kith_node *range,
                       const char *suffix, struct kith_parameter *p)
{
    char bound[64];
    double low, high;
    if (!range || isnan(p->value) || !same_unit(s, number, range, suffix, p) ||
        !kith_number_range(&s->reader, range, p->unit, suffix, &low, &high))
        return;
    p->low = low;
    p->high = high;
    if (p->value >= low && p->value <= high)
        return;
    bool below = p->value < low;
    kith_node_error(&s->reader, number, "%s = %.*s is %s %s, the end of its range", p->name,
                    KITH_CUT(p->text), below ? "below" : "above",
                    kith_unit_format(below ? low : high, p->unit, bound, sizeof bound));
}

static void begin_parameter(const struct kith_node *node, struct kith_parameter *p)
{
    p->name = node->key;
    p->what = p->source = p->text = "";
    p->value = NAN;
    p->low = -INFINITY;
    p->high = INFINITY;
    p->file = node->file;
    p->line = node->line;
    p->column = node->column;
}

/* The words around the number: what it means, where it comes from, and (returned) its unit, or NULL. */
static const char *read_words(struct kith_sections *s, const struct kith_node *map, struct kith_parameter *p)
{
    struct kith_reader *r = &s->reader;
    char what[160];
    snprintf(what, sizeof what, "parameter %.100s", map->key);
    kith_node_known(r, map, what, keys, sizeof keys / sizeof keys[0]);
    p->what = kith_node_text(r, map, "what", "");
    p->source = kith_node_text(r, map, "source", "");
    return kith_node_text(r, map, "unit", NULL);
}

static enum kith_status read_parameter(struct kith_sections *s, const struct kith_node *node,
                                       struct kith_parameter *p)
{
    struct kith_reader *r = &s->reader;
    bool map = node->kind == KITH_NODE_MAP;
    const struct kith_node *number = map ? kith_node_get(node, "value") : node;
    begin_parameter(node, p);
    if (!kith_names_valid(node->key, false))
        kith_node_key_error(r, node, "'%.*s' is no name for a parameter: use a-z, 0-9 and _, a letter first",
                            KITH_CUT(node->key));
    const char *suffix = map ? read_words(s, node, p) : NULL;
    if (!number) {
        kith_node_key_error(r, node, "missing key 'value'");
        return KITH_OK;
    }
    if (number->kind != KITH_NODE_SCALAR || kith_merge_is_null(number)) {
        kith_node_error(r, number, "parameter %.100s has to be a number, but %s", p->name,
                        number->kind == KITH_NODE_SCALAR ? "is empty" : "is a list or map");
        return KITH_OK;
    }
    p->line = number->line;
    p->column = number->column;
    enum kith_status status = full_text(s, number, suffix, &p->text);
    if (status != KITH_OK)
        return status;
    read_value(s, number, p);
    if (map)
        read_range(s, number, kith_node_get(node, "range"), suffix, p);
    return KITH_OK;
}

enum kith_status kith_parameters_read(struct kith_sections *s)
{
    struct kith_scenario *sc = s->sc;
    const struct kith_node *map = kith_node_get(sc->root, "parameters");
    if (!map)
        return KITH_OK;
    if (map->kind != KITH_NODE_MAP) {
        kith_node_error(&s->reader, map, "parameters has to be a map: name: value");
        return KITH_OK;
    }
    if (map->n > KITH_SECTIONS_PARAMETERS) {
        kith_node_key_error(&s->reader, map, "more than %zu parameters", KITH_SECTIONS_PARAMETERS);
        return KITH_OK;
    }
    sc->parameters = kith_arena_take(s->load->arena, map->n, sizeof *sc->parameters);
    if (!sc->parameters)
        return KITH_NO_MEMORY;
    enum kith_status status = kith_index_make(s->load->mem, &s->parameter_names, map->n);
    for (const struct kith_node *node = map->first; node && status == KITH_OK; node = node->next) {
        size_t i = sc->n_parameters++;
        s->parameter_names.entries[i].text = node->key;
        s->parameter_names.entries[i].id = i;
        status = read_parameter(s, node, &sc->parameters[i]);
    }
    if (status != KITH_OK) /* out of memory: the index has gaps */
        return status;
    kith_index_sort(&s->parameter_names);
    /* Only now: a value of `parameters` cannot refer to another. */
    s->reader.n_parameters = sc->n_parameters;
    s->reader.parameters = sc->parameters;
    return KITH_OK;
}
