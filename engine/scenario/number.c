/* Numbers in nodes: units, ranges, references to parameters. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "load.h"
#include "number.h"
#include "unit.h"

/* One number being read: what to call it, what it should be, and what it says. */
struct reading {
    struct kith_reader *r;
    const struct kith_node *node; /* where it stands */
    const char *what;
    enum kith_unit unit;
    double low, high;
    char shown[200]; /* as written, with a parameter's value behind its name */
};

static const char *const number_keys[] = {"value", "unit", "range", "prior", "source", "what", "note"};
#define N_NUMBER_KEYS (sizeof number_keys / sizeof number_keys[0])

static double harmless(double low)
{
    return isfinite(low) ? low : 0.0;
}

/* A bare number where a unit belongs: says how this one would look with it. */
static bool report_bare(const struct reading *g)
{
    static const char *const formats[] = {"%s", "%s years", "%s /year", "GBP %s", "GBP %s /year", "%s"};
    char better[256];
    if (g->unit == KITH_UNIT_DATE) {
        kith_node_error(g->r, g->node, "%s = %s is no date: write for example %s", g->what, g->shown,
                        kith_unit_example(g->unit));
        return false;
    }
    size_t n = strcspn(formats[g->unit], "%"),
           used = (size_t)snprintf(better, 8, "%.*s", (int)n, formats[g->unit]);
    snprintf(better + used, sizeof better - used, "%s%s", g->shown, formats[g->unit] + n + 2);
    kith_node_error(g->r, g->node, "%s = %s has no unit: write for example \"%s\"", g->what, g->shown,
                    better);
    return false;
}

static bool check_unit(const struct reading *g, enum kith_unit unit)
{
    if (unit == g->unit)
        return true;
    if (unit == KITH_UNIT_NONE && g->node->text[0] != '$')
        return report_bare(g);
    kith_node_error(g->r, g->node, "%s = %s is %s, but %s is wanted: write for example %s%s%s", g->what,
                    g->shown, kith_unit_noun(unit), kith_unit_noun(g->unit),
                    g->unit == KITH_UNIT_NONE ? "" : "\"", kith_unit_example(g->unit),
                    g->unit == KITH_UNIT_NONE ? "" : "\"");
    return false;
}

static bool report_fault(const struct reading *g, enum kith_unit_fault fault, const char *suffix)
{
    const char *example = kith_unit_example(g->unit);
    switch (fault) {
    case KITH_UNIT_UNKNOWN:
        kith_node_error(g->r, g->node, "%s = %s has an unknown unit '%s': write for example \"%s\"", g->what,
                        g->shown, suffix, example);
        break;
    case KITH_UNIT_NO_DATE:
        kith_node_error(g->r, g->node, "%s = %s: there is no such day", g->what, g->shown);
        break;
    case KITH_UNIT_TOO_LARGE:
        kith_node_error(g->r, g->node, "%s = %s is too large", g->what, g->shown);
        break;
    default:
        kith_node_error(g->r, g->node, "%s = %s is not %s: write for example \"%s\"", g->what, g->shown,
                        g->unit == KITH_UNIT_NONE ? "a number" : kith_unit_noun(g->unit), example);
        break;
    }
    return false;
}

static bool check_range(const struct reading *g, double value)
{
    char bound[64] = "0";
    bool below = value < g->low;
    if (!below && !(value > g->high))
        return true;
    double limit = below ? g->low : g->high;
    if (limit != 0.0)
        kith_unit_format(limit, g->unit, bound, sizeof bound);
    kith_node_error(g->r, g->node, "%s = %s is %s %s", g->what, g->shown, below ? "below" : "above", bound);
    return false;
}

/* The value of the parameter that the node names, in force just now. */
static bool read_reference(struct reading *g, double *value, enum kith_unit *unit)
{
    char now[64];
    int i = kith_node_parameter(g->r, g->node);
    if (i < 0)
        return false;
    const struct kith_parameter *p = &g->r->parameters[i];
    if (g->r->used)
        g->r->used[i] = true;
    *value = g->r->values ? g->r->values[i] : p->value;
    *unit = p->unit;
    if (isnan(*value)) /* the parameter itself is wrong, which has been reported */
        return false;
    snprintf(g->shown, sizeof g->shown, "%.*s (%.*s)", 60, g->node->text, 60,
             *value == p->value ? p->text : kith_unit_format(*value, p->unit, now, sizeof now));
    return true;
}

/* `suffix` is the unit that the map around the number gives for all its numbers, or NULL. */
static bool read_scalar(struct reading *g, const char *suffix, double *value)
{
    struct kith_quantity q;
    char text[2 * KITH_UNIT_LONGEST + 4];
    if (g->node->kind != KITH_NODE_SCALAR || kith_merge_is_null(g->node)) {
        const char *is = g->node->kind == KITH_NODE_LIST  ? "a list"
                         : g->node->kind == KITH_NODE_MAP ? "a map"
                                                          : "empty";
        kith_node_error(g->r, g->node, "%s has to be %s, but is %s", g->what,
                        g->unit == KITH_UNIT_NONE ? "a number" : kith_unit_noun(g->unit), is);
        return false;
    }
    if (g->node->text[0] == '$') {
        enum kith_unit unit;
        return read_reference(g, value, &unit) && check_unit(g, unit) && check_range(g, *value);
    }
    const char *gap = suffix ? " " : "";
    int n = snprintf(text, sizeof text, "%s%s%s", g->node->text, gap, suffix ? suffix : "");
    snprintf(g->shown, sizeof g->shown, "%.*s", KITH_CUT(text));
    if (n < 0 || (size_t)n >= sizeof text)
        return report_fault(g, KITH_UNIT_NO_NUMBER, "");
    enum kith_unit_fault fault = kith_unit_parse(text, &q);
    if (fault != KITH_UNIT_FINE)
        return report_fault(g, fault, q.suffix);
    *value = q.value;
    return check_unit(g, q.unit) && check_range(g, q.value);
}

bool kith_number_range(struct kith_reader *r, const struct kith_node *range, enum kith_unit unit,
                       const char *suffix, double *low, double *high)
{
    if (range->kind != KITH_NODE_LIST || range->n != 2) {
        kith_node_error(r, range, "range has to be a list of two numbers: [lowest, highest]");
        return false;
    }
    struct reading a = {r, range->first, "range", unit, -INFINITY, INFINITY, ""};
    struct reading b = {r, range->first->next, "range", unit, -INFINITY, INFINITY, ""};
    bool good = read_scalar(&a, suffix, low);
    good = read_scalar(&b, suffix, high) && good;
    if (good && *low > *high) {
        kith_node_error(r, range, "range: %s is above %s", a.shown, b.shown);
        return false;
    }
    return good;
}

static bool read_map(struct reading *g, double *value)
{
    char what[160];
    const struct kith_node *map = g->node, *number = kith_node_get(map, "value");
    double low, high;
    snprintf(what, sizeof what, "%.100s (a number)", g->what);
    kith_node_known(g->r, map, what, number_keys, N_NUMBER_KEYS);
    const char *suffix = kith_node_text(g->r, map, "unit", NULL);
    const struct kith_node *range = kith_node_get(map, "range");
    if (!number) {
        kith_node_key_error(g->r, map, "missing key 'value'");
        return false;
    }
    g->node = number;
    if (!read_scalar(g, suffix, value))
        return false;
    if (!range || !kith_number_range(g->r, range, g->unit, suffix, &low, &high))
        return range == NULL;
    g->low = low;
    g->high = high;
    return check_range(g, *value);
}

double kith_node_value(struct kith_reader *r, const struct kith_node *node, const char *what,
                       enum kith_unit unit, double low, double high)
{
    double value = 0.0;
    if (!node)
        return harmless(low);
    struct reading g = {r, node, what, unit, low, high, ""};
    bool good = node->kind == KITH_NODE_MAP ? read_map(&g, &value) : read_scalar(&g, NULL, &value);
    return good ? value : harmless(low);
}

double kith_node_number(struct kith_reader *r, const struct kith_node *parent, const char *key,
                        enum kith_unit unit, double low, double high)
{
    const struct kith_node *node = kith_node_get(parent, key);
    if (!node && parent)
        kith_node_key_error(r, parent, "missing key '%s'", key);
    return kith_node_value(r, node, key, unit, low, high);
}

double kith_node_number_or(struct kith_reader *r, const struct kith_node *parent, const char *key,
                           enum kith_unit unit, double low, double high, double fallback)
{
    const struct kith_node *node = kith_node_get(parent, key);
    return node ? kith_node_value(r, node, key, unit, low, high) : fallback;
}

bool kith_node_is_number(const struct kith_reader *r, const struct kith_node *node, enum kith_unit unit)
{
    struct kith_quantity q;
    char text[2 * KITH_UNIT_LONGEST + 4];
    const char *suffix = "";
    if (node && node->kind == KITH_NODE_MAP) {
        const struct kith_node *own = kith_node_get(node, "unit");
        suffix = own && own->kind == KITH_NODE_SCALAR ? own->text : "";
        node = kith_node_get(node, "value");
    }
    if (!node || node->kind != KITH_NODE_SCALAR)
        return false;
    if (node->text[0] == '$') {
        for (size_t i = 0; i < r->n_parameters; i++)
            if (strcmp(r->parameters[i].name, node->text + 1) == 0)
                return r->parameters[i].unit == unit;
        return false;
    }
    int n = snprintf(text, sizeof text, "%s %s", node->text, suffix);
    return n > 0 && (size_t)n < sizeof text && kith_unit_parse(text, &q) == KITH_UNIT_FINE && q.unit == unit;
}

int64_t kith_node_integer(struct kith_reader *r, const struct kith_node *parent, const char *key, int64_t low,
                          int64_t high, int64_t fallback)
{
    const struct kith_node *node = kith_node_get(parent, key);
    int64_t whole;
    if (!node)
        return fallback;
    if (node->kind == KITH_NODE_SCALAR && kith_unit_whole(node->text, &whole)) {
        if (whole >= low && whole <= high)
            return whole;
        kith_node_error(r, node, "%s = %.*s is %s %lld", key, KITH_CUT(node->text),
                        whole < low ? "below" : "above", (long long)(whole < low ? low : high));
        return fallback;
    }
    struct kith_quantity q;
    if (node->kind == KITH_NODE_SCALAR && node->text[0] != '$' && !kith_merge_is_null(node) &&
        kith_unit_parse(node->text, &q) == KITH_UNIT_NO_NUMBER) {
        kith_node_error(r, node, "%s = %.*s is not a whole number", key, KITH_CUT(node->text));
        return fallback;
    }
    int before = r->errors->n;
    double value = kith_node_value(r, node, key, KITH_UNIT_NONE, (double)low, (double)high);
    if (r->errors->n > before)
        return fallback;
    if (value != floor(value) || fabs(value) > 9007199254740992.0) { /* 2^53: beyond it a double skips some */
        kith_node_error(r, node, "%s = %.15g has to be a whole number", key, value);
        return fallback;
    }
    return (int64_t)value;
}
