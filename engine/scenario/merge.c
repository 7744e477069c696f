#include <string.h>

#include "load.h"
#include "names.h"

bool kith_merge_is_null(const struct kith_node *node)
{
    static const char *const words[] = {"", "~", "null", "Null", "NULL"};
    if (node->kind != KITH_NODE_SCALAR || node->quoted)
        return false;
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (strcmp(node->text, words[i]) == 0)
            return true;
    return false;
}

static enum kith_status merge_child(struct kith_load *load, struct kith_node **base, struct kith_node *over);

/* Hangs `node` (NULL: left out) behind *last, the last of the children of `map` so far. */
static void append(struct kith_node *map, struct kith_node **last, struct kith_node *node)
{
    if (!node)
        return;
    node->next = NULL;
    if (*last)
        (*last)->next = node;
    else
        map->first = node;
    *last = node;
    map->n++;
}

/* Chains the n nodes to the children of `map`. */
static void relink(struct kith_node *map, struct kith_node **nodes, size_t n)
{
    struct kith_node *last = NULL;
    map->first = NULL;
    map->n = 0;
    for (size_t i = 0; i < n; i++)
        append(map, &last, nodes[i]);
}

static const char *text_under(const struct kith_node *map, const char *key)
{
    for (const struct kith_node *k = map->kind == KITH_NODE_MAP ? map->first : NULL; k; k = k->next)
        if (strcmp(k->key, key) == 0 && k->kind == KITH_NODE_SCALAR)
            return k->text;
    return NULL;
}

/* An entry of a list of maps at work; `node` is NULL once it is left out. */
struct entry {
    struct kith_node *node;
    const char *name, *to; /* `to` only without a name */
};

static void relink_entries(struct kith_node *list, const struct entry *entries, size_t n)
{
    struct kith_node *last = NULL;
    list->first = NULL;
    list->n = 0;
    for (size_t i = 0; i < n; i++)
        append(list, &last, entries[i].node);
}

static struct entry make_entry(struct kith_node *node)
{
    const char *name = text_under(node, "name");
    return (struct entry){node, name, name ? NULL : text_under(node, "to")};
}

/* The entry that a key means: by its `name`, or without one by where it leads, `to`. */
static size_t find_entry(const struct entry *entries, size_t n, const char *key)
{
    for (size_t i = 0; i < n; i++)
        if (entries[i].node && entries[i].name && strcmp(entries[i].name, key) == 0)
            return i;
    for (size_t i = 0; i < n; i++)
        if (entries[i].node && entries[i].to && strcmp(entries[i].to, key) == 0)
            return i;
    return (size_t)-1;
}

/* A map {entry: changes} over a list of maps changes entries of the list; one with a name: and a to: of its own is new. */
static enum kith_status merge_list(struct kith_load *load, struct kith_node *base, struct kith_node *over)
{
    struct entry *entries = NULL;
    struct kith_node *next;
    size_t n = 0;
    if (over->n && base->n + over->n > KITH_LOAD_CHANGES / over->n)
        return kith_report(load->errors, over->file, over->key_line, over->key_column,
                           "too many changes (%zu) of too long a list (%zu)", over->n, base->n);
    enum kith_status status = kith_mem_resize(load->mem, &entries, base->n + over->n, sizeof *entries);
    if (status != KITH_OK)
        return status;
    for (struct kith_node *child = (struct kith_node *)base->first; child; child = (struct kith_node *)child->next)
        entries[n++] = make_entry(child);
    for (struct kith_node *child = (struct kith_node *)over->first; child && status == KITH_OK; child = next) {
        size_t i = find_entry(entries, n, child->key);
        next = (struct kith_node *)child->next;
        if (i != (size_t)-1) {
            status = merge_child(load, &entries[i].node, child);
            if (status == KITH_OK && entries[i].node)
                entries[i] = make_entry(entries[i].node);
        } else if (text_under(child, "name") && text_under(child, "to"))
            entries[n++] = make_entry(child);
        else
            status = kith_report(load->errors, child->file, child->key_line, child->key_column,
                                 "no entry of the list is called '%.*s', by its name: or to:; a new one needs both",
                                 KITH_CUT(child->key));
    }
    if (status == KITH_OK)
        relink_entries(base, entries, n);
    kith_mem_free(&entries);
    return status;
}

/* What becomes of the inherited node `base` when `over` stands in the extending file. */
static enum kith_status merge_child(struct kith_load *load, struct kith_node **base, struct kith_node *over)
{
    if (kith_merge_is_null(over)) {
        *base = NULL;
        return KITH_OK;
    }
    if ((*base)->kind == KITH_NODE_MAP && over->kind == KITH_NODE_MAP)
        return kith_merge_maps(load, *base, over);
    if ((*base)->kind == KITH_NODE_LIST && over->kind == KITH_NODE_MAP && (*base)->n &&
        (*base)->first->kind == KITH_NODE_MAP)
        return merge_list(load, *base, over);
    *base = over;
    return KITH_OK;
}

enum kith_status kith_merge_maps(struct kith_load *load, struct kith_node *base, const struct kith_node *over)
{
    struct kith_index index = {0};
    struct kith_node **nodes = NULL;
    size_t n = 0, n_base = base->n;
    enum kith_status status =
        kith_mem_resize(load->mem, &nodes, base->n + over->n, sizeof(struct kith_node *));
    if (status == KITH_OK)
        status = kith_index_make(load->mem, &index, n_base);
    if (status != KITH_OK)
        goto out;
    /* Nodes are made by this room and are const only for those who read them. */
    for (const struct kith_node *child = base->first; child; child = child->next) {
        index.entries[n].text = child->key;
        index.entries[n].id = n;
        nodes[n++] = (struct kith_node *)child;
    }
    kith_index_sort(&index);
    for (const struct kith_node *child = over->first; child && status == KITH_OK; child = child->next) {
        size_t i = kith_index_find(&index, child->key);
        if (i == (size_t)-1)
            nodes[n++] = (struct kith_node *)child;
        else if (nodes[i])
            status = merge_child(load, &nodes[i], (struct kith_node *)child);
    }
    if (status == KITH_OK) {
        relink(base, nodes, n);
        /* Reports about the whole map belong where the user is at work: in the extending file. */
        base->file = over->file;
        base->line = over->line;
        base->column = over->column;
        base->key_line = over->key_line;
        base->key_column = over->key_column;
    }
out:
    kith_index_free(&index);
    kith_mem_free(&nodes);
    return status;
}

/* A file that cannot be read: of the first file the caller is told, of another the author of `extends`. */
static enum kith_status report_unreadable(struct kith_load *load, const struct kith_node *said_by,
                                          const char *full, const char *reason)
{
    if (said_by)
        return kith_report(load->errors, said_by->file, said_by->line, said_by->column, "cannot read %s: %s",
                           full, reason);
    if (load->errors->n < KITH_ERRORS_MAX)
        (void)kith_error_set(&load->errors->list[load->errors->n], KITH_IO, full, 0, 0, "cannot read it: %s",
                             reason);
    load->errors->n++;
    return KITH_IO;
}

static enum kith_status note_file(struct kith_load *load, const char *full, const char *bytes, size_t n)
{
    enum kith_status status = kith_file_note(load, "# file: ", 8, false);
    if (status == KITH_OK)
        status = kith_file_note(load, full, strlen(full), true);
    if (status == KITH_OK)
        status = kith_file_note(load, bytes, n, true);
    return status;
}

static enum kith_status parse_file(struct kith_load *load, const char *full, const struct kith_node *said_by,
                                   struct kith_node **root)
{
    char *bytes = NULL, reason[128];
    size_t n = 0;
    enum kith_status status = kith_file_read(load, full, &bytes, &n, reason);
    if (status == KITH_IO)
        return report_unreadable(load, said_by, full, reason);
    if (status == KITH_OK)
        status = kith_yaml_parse(load, full, 0, bytes, n, root);
    if (status == KITH_OK)
        status = note_file(load, full, bytes, n);
    kith_mem_free(&bytes);
    if (status == KITH_OK && !*root)
        return kith_report(load->errors, full, 1, 1, "the file is empty");
    if (status == KITH_OK && (*root)->kind != KITH_NODE_MAP)
        return kith_report(load->errors, full, (*root)->line, (*root)->column,
                           "a scenario has to be a map: key: value");
    return status;
}

/* Takes the child called `key` out of a map. */
static struct kith_node *detach(struct kith_node *map, const char *key)
{
    struct kith_node *before = NULL;
    for (struct kith_node *child = (struct kith_node *)map->first; child;
         before = child, child = (struct kith_node *)child->next) {
        if (strcmp(child->key, key) != 0)
            continue;
        if (before)
            before->next = child->next;
        else
            map->first = child->next;
        map->n--;
        return child;
    }
    return NULL;
}

static enum kith_status check_chain(struct kith_load *load, const struct kith_node *extends, const char *path)
{
    for (size_t i = 0; i < load->n_open; i++)
        if (strcmp(load->open[i], path) == 0)
            return kith_report(load->errors, extends->file, extends->line, extends->column,
                               "'%.*s' extends itself in the end", KITH_CUT(path));
    if (load->n_open >= KITH_LOAD_FILES)
        return kith_report(load->errors, extends->file, extends->line, extends->column,
                           "more than %d files extend one another", KITH_LOAD_FILES);
    return KITH_OK;
}

/* Recursive, but never deeper than KITH_LOAD_FILES. */
static enum kith_status read_chain(struct kith_load *load, const char *path, const struct kith_node *said_by,
                                   struct kith_node **root)
{
    const char *full = kith_file_full(load, path), *next;
    struct kith_node *own = NULL, *base = NULL;
    if (!full)
        return KITH_NO_MEMORY;
    enum kith_status status = parse_file(load, full, said_by, &own);
    if (status != KITH_OK)
        return status;
    *root = own;
    struct kith_node *extends = detach(own, "extends");
    if (!extends)
        return KITH_OK;
    load->open[load->n_open++] = path;
    status = kith_file_resolve(load, extends, &next);
    if (status == KITH_OK)
        status = check_chain(load, extends, next);
    if (status == KITH_OK)
        status = read_chain(load, next, extends, &base);
    if (status == KITH_OK)
        status = kith_merge_maps(load, base, own);
    if (status == KITH_OK)
        *root = base;
    load->n_open--;
    return status;
}

enum kith_status kith_merge_files(struct kith_load *load, const char *path, struct kith_node **root)
{
    const char *slash = strrchr(path, '/');
    size_t n = slash ? (size_t)(slash - path) + 1 : 0;
    *root = NULL;
    load->directory = kith_arena_text(load->arena, path, n);
    if (!load->directory)
        return KITH_NO_MEMORY;
    return read_chain(load, path + n, NULL, root);
}
