/* --set path=value. */
#include <stdlib.h>
#include <string.h>

#include "load.h"

/* One --set at work. */
struct setting {
    struct kith_load *load;
    const char *path; /* all of it, for messages */
    struct kith_node *value;
};

static enum kith_status fault(struct setting *s, const char *at, const char *text)
{
    return kith_report(s->load->errors, "--set", 1, (int)(at - s->path) + 1, "'%.*s' %s", KITH_CUT(s->path),
                       text);
}

static bool same(const char *name, const char *part, size_t n)
{
    return name && strncmp(name, part, n) == 0 && name[n] == '\0';
}

static struct kith_node *child_of_map(const struct kith_node *map, const char *part, size_t n)
{
    for (const struct kith_node *child = map->first; child; child = child->next)
        if (same(child->key, part, n))
            return (struct kith_node *)child;
    return NULL;
}

/* An element of a list, by its `name:` or its number from 0. */
static struct kith_node *child_of_list(const struct kith_node *list, const char *part, size_t n)
{
    for (const struct kith_node *child = list->first; child; child = child->next) {
        const struct kith_node *name = kith_node_get(child, "name");
        if (name && name->kind == KITH_NODE_SCALAR && same(name->text, part, n))
            return (struct kith_node *)child;
    }
    if (strspn(part, "0123456789") != n || n > 6)
        return NULL;
    size_t number = (size_t)strtoul(part, NULL, 10);
    const struct kith_node *child = list->first;
    while (child && number-- > 0)
        child = child->next;
    return (struct kith_node *)child;
}

/* Puts `value` where `old` stands: the node keeps its place among its siblings and its name, which from now
 * on stands at `part` of the path. */
static void replace(const struct setting *s, struct kith_node *old, const char *part)
{
    const struct kith_node *next = old->next;
    const char *key = old->key;
    *old = *s->value;
    old->next = next;
    old->key = key;
    old->key_line = 1;
    old->key_column = (int)(part - s->path) + 1;
}

static void unlink_child(struct kith_node *parent, const struct kith_node *child)
{
    const struct kith_node **link = &parent->first;
    while (*link != child)
        link = &((struct kith_node *)*link)->next;
    *link = child->next;
    parent->n--;
}

/* A fresh child of a map, an empty map until it is replaced. */
static enum kith_status add_child(struct setting *s, struct kith_node *map, const char *part, size_t n,
                                  struct kith_node **child)
{
    int column = (int)(part - s->path) + 1;
    enum kith_status status = kith_yaml_node(s->load, KITH_NODE_MAP, "--set", 1, column, child);
    if (status != KITH_OK)
        return status;
    (*child)->key = kith_arena_text(s->load->arena, part, n);
    if (!(*child)->key)
        return KITH_NO_MEMORY;
    (*child)->key_line = 1;
    (*child)->key_column = column;
    const struct kith_node **link = &map->first;
    while (*link)
        link = &((struct kith_node *)*link)->next;
    *link = *child;
    map->n++;
    return KITH_OK;
}

/* Sets the node that the path led to. A scalar for a number that is written as a map goes to its `value`. */
static void assign(struct setting *s, struct kith_node *parent, struct kith_node *node, const char *part)
{
    if (kith_merge_is_null(s->value)) {
        unlink_child(parent, node);
        return;
    }
    struct kith_node *value = (struct kith_node *)kith_node_get(node, "value");
    replace(s, value && s->value->kind == KITH_NODE_SCALAR ? value : node, part);
}

/* One step down the path. */
static enum kith_status descend(struct setting *s, struct kith_node *node, const char *part, size_t n,
                                struct kith_node **child)
{
    if (n == 0)
        return fault(s, part, "has an empty part");
    if (node->kind == KITH_NODE_LIST) {
        *child = child_of_list(node, part, n);
        return *child ? KITH_OK : fault(s, part, "leads to no such element of a list");
    }
    if (node->kind == KITH_NODE_SCALAR)
        return fault(s, part, "leads below a single value");
    *child = child_of_map(node, part, n);
    return *child ? KITH_OK : add_child(s, node, part, n, child);
}

static enum kith_status walk(struct setting *s, struct kith_node *root, const char *path)
{
    struct kith_node *node = root;
    const char *part = path;
    for (int depth = 1;; depth++) {
        size_t n = strcspn(part, ".");
        bool last = part[n] == '\0';
        struct kith_node *child = NULL;
        if (depth >= KITH_LOAD_DEPTH)
            return fault(s, part, "is too long");
        /* A number may be written bare or as a map with `value`; "x.value" means both. */
        if (last && depth > 1 && node->kind == KITH_NODE_SCALAR && same("value", part, n)) {
            replace(s, node, part);
            return KITH_OK;
        }
        enum kith_status status = descend(s, node, part, n, &child);
        if (status != KITH_OK)
            return status;
        if (last) {
            assign(s, node, child, part);
            return KITH_OK;
        }
        node = child;
        part += n + 1;
    }
}

static enum kith_status note(struct kith_load *load, const struct kith_override *set)
{
    enum kith_status status = kith_file_note(load, "# set: ", 7, false);
    if (status == KITH_OK)
        status = kith_file_note(load, set->path, strlen(set->path), false);
    if (status == KITH_OK)
        status = kith_file_note(load, "=", 1, false);
    if (status == KITH_OK)
        status = kith_file_note(load, set->value, strlen(set->value), false);
    if (status == KITH_OK)
        status = kith_file_note(load, "\n", 1, false);
    return status;
}

enum kith_status kith_override_apply(struct kith_load *load, struct kith_node *root,
                                     const struct kith_override *set)
{
    struct setting s = {.load = load, .path = set->path};
    size_t n_path = strlen(set->path), at;
    if (!kith_report_is_utf8(set->path, n_path, &at))
        return kith_report(load->errors, "--set", 1, 1, "the path is not UTF-8 text");
    if (n_path == 0 || n_path > 10000 || strlen(set->value) > KITH_LOAD_FILE_BYTES)
        return kith_report(load->errors, "--set", 1, 1,
                           n_path ? "too long" : "there is no path before the '='");
    if (strcmp(set->path, "extends") == 0)
        return fault(&s, set->path, "can only be said in a file");
    enum kith_status status =
        kith_yaml_parse(load, "--set", (int)n_path + 1, set->value, strlen(set->value), &s.value);
    if (status != KITH_OK)
        return status;
    if (!s.value)
        return kith_report(load->errors, "--set", 1, (int)n_path + 2,
                           "'%.*s' is given no value (write null to remove it)", KITH_CUT(set->path));
    status = note(load, set);
    if (status != KITH_OK)
        return status;
    /* A lone name that is nothing at the top level may be a parameter. */
    struct kith_node *parameters = child_of_map(root, "parameters", 10), *parameter = NULL;
    if (!child_of_map(root, set->path, n_path) && parameters && parameters->kind == KITH_NODE_MAP)
        parameter = child_of_map(parameters, set->path, n_path);
    if (parameter) {
        assign(&s, parameters, parameter, set->path);
        return KITH_OK;
    }
    return walk(&s, root, set->path);
}
