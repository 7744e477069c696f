#include "node.h"

#include <stdio.h>
#include <string.h>

#include "load.h"
#include "report.h"

const struct kith_node *kith_node_get(const struct kith_node *map, const char *key)
{
    if (!map || map->kind != KITH_NODE_MAP)
        return NULL;
    for (const struct kith_node *child = map->first; child; child = child->next)
        if (strcmp(child->key, key) == 0)
            return child;
    return NULL;
}

enum kith_status kith_node_error(struct kith_reader *r, const struct kith_node *node, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    kith_report_list(r->errors, node->file, node->line, node->column, fmt, args);
    va_end(args);
    return KITH_BAD_SCENARIO;
}

enum kith_status kith_node_key_error(struct kith_reader *r, const struct kith_node *node, const char *fmt,
                                     ...)
{
    va_list args;
    int line = node->key ? node->key_line : node->line, column = node->key ? node->key_column : node->column;
    va_start(args, fmt);
    kith_report_list(r->errors, node->file, line, column, fmt, args);
    va_end(args);
    return KITH_BAD_SCENARIO;
}

/* " (known: a, b, c)" as far as it fits into 200 bytes. */
static const char *list_names(const char *const *names, size_t n, char out[256])
{
    size_t used = 0;
    out[0] = '\0';
    for (size_t i = 0; i < n; i++) {
        size_t length = strlen(names[i]);
        if (used + length > 190) {
            used += (size_t)snprintf(out + used, 256 - used, "%s...", i ? ", " : " (known: ");
            break;
        }
        used += (size_t)snprintf(out + used, 256 - used, "%s%s", i ? ", " : " (known: ", names[i]);
    }
    if (used > 0)
        snprintf(out + used, 256 - used, ")");
    return out;
}

/* What to say behind a name that is not known: the nearest one, else all of them. Nothing when the report
 * would not be kept anyway, so that a file with a million wrong names costs no more than one with twenty. */
static const char *hint(const struct kith_reader *r, const char *text, const char *const *names, size_t n,
                        char out[256])
{
    out[0] = '\0';
    if (r->errors->n >= KITH_ERRORS_MAX)
        return out;
    const char *nearest = kith_node_nearest(text, names, n);
    if (!nearest)
        return list_names(names, n, out);
    snprintf(out, 256, ": did you mean '%.*s'?", KITH_CUT(nearest));
    return out;
}

static bool is_among(const char *text, const char *const *names, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(text, names[i]) == 0)
            return true;
    return false;
}

/* "is empty", "is a list", ... */
static const char *kind_words(const struct kith_node *node)
{
    if (node->kind == KITH_NODE_LIST)
        return "is a list";
    if (node->kind == KITH_NODE_MAP)
        return "is a map";
    return kith_merge_is_null(node) ? "is empty" : "is a single value";
}

void kith_node_known(struct kith_reader *r, const struct kith_node *map, const char *what,
                     const char *const *keys, size_t n)
{
    char more[256];
    if (!map)
        return;
    if (map->kind != KITH_NODE_MAP) {
        kith_node_error(r, map, "%s has to be a map (key: value), but this %s", what, kind_words(map));
        return;
    }
    for (const struct kith_node *child = map->first; child; child = child->next)
        if (!is_among(child->key, keys, n))
            kith_node_key_error(r, child, "unknown key '%.*s' in %s%s", KITH_CUT(child->key), what,
                                hint(r, child->key, keys, n, more));
}

int kith_node_choice(struct kith_reader *r, const struct kith_node *node, const char *what,
                     const char *const *names, size_t n)
{
    char more[256];
    if (!node)
        return -1;
    if (node->kind != KITH_NODE_SCALAR || kith_merge_is_null(node)) {
        kith_node_error(r, node, "this has to be %s, but %s", what, kind_words(node));
        return -1;
    }
    for (size_t i = 0; i < n; i++)
        if (strcmp(node->text, names[i]) == 0)
            return (int)i;
    kith_node_error(r, node, "'%.*s' is not %s%s", KITH_CUT(node->text), what,
                    hint(r, node->text, names, n, more));
    return -1;
}

int kith_node_parameter(struct kith_reader *r, const struct kith_node *node)
{
    if (!node || node->kind != KITH_NODE_SCALAR || node->text[0] != '$')
        return -1;
    const char *name = node->text + 1, *nearest = NULL;
    for (size_t i = 0; i < r->n_parameters; i++) {
        if (strcmp(r->parameters[i].name, name) == 0)
            return (int)i;
    }
    if (r->errors->n < KITH_ERRORS_MAX)
        for (size_t i = 0; i < r->n_parameters; i++) {
            const char *pair[] = {nearest, r->parameters[i].name}; /* the nearest so far against the next */
            nearest = nearest ? kith_node_nearest(name, pair, 2) : kith_node_nearest(name, pair + 1, 1);
        }
    if (nearest)
        kith_node_error(r, node, "unknown parameter '%.*s': did you mean '%s'?", KITH_CUT(name), nearest);
    else
        kith_node_error(r, node, "unknown parameter '%.*s'", KITH_CUT(name));
    return -1;
}

const char *kith_node_text(struct kith_reader *r, const struct kith_node *parent, const char *key,
                           const char *fallback)
{
    const struct kith_node *node = kith_node_get(parent, key);
    if (!node)
        return fallback;
    if (node->kind == KITH_NODE_SCALAR && !kith_merge_is_null(node))
        return node->text;
    kith_node_error(r, node, "%s has to be text, but %s", key, kind_words(node));
    return fallback;
}

bool kith_node_flag(struct kith_reader *r, const struct kith_node *parent, const char *key, bool fallback)
{
    const struct kith_node *node = kith_node_get(parent, key);
    if (!node)
        return fallback;
    if (node->kind == KITH_NODE_SCALAR && strcmp(node->text, "true") == 0)
        return true;
    if (node->kind == KITH_NODE_SCALAR && strcmp(node->text, "false") == 0)
        return false;
    if (node->kind == KITH_NODE_SCALAR)
        kith_node_error(r, node, "%s = %.*s has to be true or false", key, KITH_CUT(node->text));
    else
        kith_node_error(r, node, "%s has to be true or false, but %s", key, kind_words(node));
    return fallback;
}
