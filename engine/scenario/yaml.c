/* YAML to nodes, with libyaml's event interface: its document interface builds the whole document first,
 * which for a hostile file of 16 MiB takes gigabytes before the first bound could be checked. */
#include <stdint.h>
#include <string.h>
#include <yaml.h>

#include "scenario.h"
#include "load.h"
#include "names.h"

/* A list or map that is not finished. */
struct open_node {
    struct kith_node *node, *last;
    const char *key; /* that waits for its value */
    int key_line, key_column;
};

struct anchor {
    const char *name;
    const struct kith_node *node;
};

struct builder {
    struct kith_load *load;
    yaml_parser_t parser;
    const char *file;
    int column; /* added on line 1 */
    struct open_node open[KITH_LOAD_DEPTH];
    size_t depth;
    struct anchor *anchors;
    size_t n_anchors;
    struct kith_node *root;
};

static int line_of(const yaml_mark_t *mark)
{
    return (int)mark->line + 1;
}

static int column_of(const struct builder *b, const yaml_mark_t *mark)
{
    return (int)mark->column + 1 + (mark->line == 0 ? b->column : 0);
}

static enum kith_status fault(struct builder *b, const yaml_mark_t *mark, const char *text)
{
    return kith_report(b->load->errors, b->file, line_of(mark), column_of(b, mark), "%s", text);
}

enum kith_status kith_yaml_node(struct kith_load *load, enum kith_node_kind kind, const char *file, int line,
                                int column, struct kith_node **node)
{
    *node = NULL;
    if (load->n_nodes >= KITH_LOAD_NODES)
        return kith_report(load->errors, file, line, column, "more than %zu values, aliases included",
                           KITH_LOAD_NODES);
    struct kith_node *fresh = kith_arena_take(load->arena, 1, sizeof *fresh);
    if (!fresh)
        return KITH_NO_MEMORY;
    load->n_nodes++;
    fresh->kind = kind;
    fresh->file = file;
    fresh->line = line;
    fresh->column = column;
    *node = fresh;
    return KITH_OK;
}

/* Hangs a node into the innermost open list or map. */
static void attach(struct builder *b, struct kith_node *node)
{
    if (b->depth == 0) {
        b->root = node;
        return;
    }
    struct open_node *top = &b->open[b->depth - 1];
    node->key = top->key;
    node->key_line = top->key_line;
    node->key_column = top->key_column;
    top->key = NULL;
    if (top->last)
        top->last->next = node;
    else
        top->node->first = node;
    top->last = node;
    top->node->n++;
}

static bool wants_key(const struct builder *b)
{
    return b->depth > 0 && b->open[b->depth - 1].node->kind == KITH_NODE_MAP && !b->open[b->depth - 1].key;
}

/* Counts the bytes of a text, which is looked at more than once. */
static enum kith_status count_text(struct builder *b, const char *text, const yaml_mark_t *mark)
{
    b->load->n_texts += text ? strlen(text) : 0;
    return b->load->n_texts <= KITH_LOAD_TEXTS ? KITH_OK : fault(b, mark, "too much text, aliases included");
}

/* Copies a subtree for an alias: each copy counts as nodes of its own, which is what bounds "a billion
 * laughs". */
static enum kith_status copy_tree(struct builder *b, const struct kith_node *from, size_t depth,
                                  const yaml_mark_t *mark, struct kith_node **out)
{
    if (depth > KITH_LOAD_DEPTH)
        return fault(b, mark, "too deeply nested");
    enum kith_status status = kith_yaml_node(b->load, from->kind, from->file, from->line, from->column, out);
    if (status == KITH_OK)
        status = count_text(b, from->text, mark);
    if (status == KITH_OK)
        status = count_text(b, from->key, mark);
    if (status != KITH_OK)
        return status;
    struct kith_node *to = *out, *last = NULL;
    to->text = from->text;
    to->quoted = from->quoted;
    to->key = from->key;
    to->key_line = from->key_line;
    to->key_column = from->key_column;
    for (const struct kith_node *child = from->first; child; child = child->next) {
        struct kith_node *copy;
        status = copy_tree(b, child, depth + 1, mark, &copy);
        if (status != KITH_OK)
            return status;
        if (last)
            last->next = copy;
        else
            to->first = copy;
        last = copy;
        to->n++;
    }
    return KITH_OK;
}

static enum kith_status on_alias(struct builder *b, const yaml_event_t *event)
{
    const char *name = (const char *)event->data.alias.anchor;
    const struct kith_node *found = NULL;
    if (wants_key(b))
        return fault(b, &event->start_mark, "a key has to be plain text, not an alias");
    for (size_t i = b->n_anchors; i > 0 && !found; i--)
        if (strcmp(b->anchors[i - 1].name, name) == 0)
            found = b->anchors[i - 1].node;
    if (!found)
        return kith_report(b->load->errors, b->file, line_of(&event->start_mark),
                           column_of(b, &event->start_mark), "no anchor '&%.*s' stands before this alias",
                           KITH_CUT(name));
    for (size_t i = 0; i < b->depth; i++)
        if (b->open[i].node == found)
            return fault(b, &event->start_mark, "an alias inside of what it stands for");
    struct kith_node *copy;
    enum kith_status status = copy_tree(b, found, b->depth + 1, &event->start_mark, &copy);
    if (status == KITH_OK)
        attach(b, copy);
    return status;
}

static enum kith_status add_anchor(struct builder *b, const yaml_char_t *name, const struct kith_node *node,
                                   const yaml_mark_t *mark)
{
    if (!name)
        return KITH_OK;
    if (b->n_anchors >= KITH_LOAD_ANCHORS)
        return fault(b, mark, "too many anchors");
    if (!b->anchors) {
        b->anchors = kith_arena_take(b->load->arena, KITH_LOAD_ANCHORS, sizeof *b->anchors);
        if (!b->anchors)
            return KITH_NO_MEMORY;
    }
    struct anchor *anchor = &b->anchors[b->n_anchors];
    anchor->name = kith_arena_text(b->load->arena, (const char *)name, strlen((const char *)name));
    if (!anchor->name)
        return KITH_NO_MEMORY;
    anchor->node = node;
    b->n_anchors++;
    return KITH_OK;
}

/* What stands in a file ends up on terminals and in the results: escapes and the like are refused here, once for all. */
static enum kith_status check_text(struct builder *b, const yaml_event_t *event)
{
    const char *value = (const char *)event->data.scalar.value;
    const yaml_mark_t *mark = &event->start_mark;
    size_t n = event->data.scalar.length, at, most = wants_key(b) ? KITH_LOAD_KEY : KITH_LOAD_TEXT;
    if (memchr(value, '\0', n))
        return fault(b, mark, "a NUL character in text");
    if (n > most)
        return kith_report(b->load->errors, b->file, line_of(mark), column_of(b, mark),
                           "a %s of %zu bytes: at most %zu are allowed", wants_key(b) ? "key" : "text", n, most);
    if (!kith_report_is_harmless(value, n, false, &at))
        return kith_report(b->load->errors, b->file, line_of(mark), column_of(b, mark),
                           "a control character (byte 0x%02x, number %zu of the text)", (unsigned char)value[at], at + 1);
    if (wants_key(b) && (memchr(value, '\n', n) || memchr(value, '\t', n)))
        return fault(b, mark, "a key has to be one line, without tabs");
    return count_text(b, value, mark);
}

static enum kith_status on_key(struct builder *b, const yaml_event_t *event, const char *text)
{
    struct open_node *top = &b->open[b->depth - 1];
    if (text[0] == '\0')
        return fault(b, &event->start_mark, "an empty key");
    if (strcmp(text, "<<") == 0 && event->data.scalar.plain_implicit)
        return fault(b, &event->start_mark, "merge keys (<<) are not supported; use extends");
    top->key = text;
    top->key_line = line_of(&event->start_mark);
    top->key_column = column_of(b, &event->start_mark);
    return KITH_OK;
}

static enum kith_status on_scalar(struct builder *b, const yaml_event_t *event)
{
    const char *value = (const char *)event->data.scalar.value;
    size_t n = event->data.scalar.length;
    if (event->data.scalar.tag)
        return fault(b, &event->start_mark, "tags (!...) are not supported");
    enum kith_status status = check_text(b, event);
    if (status != KITH_OK)
        return status;
    char *text = kith_arena_text(b->load->arena, value, n);
    if (!text)
        return KITH_NO_MEMORY;
    if (wants_key(b))
        return on_key(b, event, text);
    struct kith_node *node;
    status = kith_yaml_node(b->load, KITH_NODE_SCALAR, b->file, line_of(&event->start_mark),
                            column_of(b, &event->start_mark), &node);
    if (status != KITH_OK)
        return status;
    node->text = text;
    node->quoted = event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
    attach(b, node);
    return add_anchor(b, event->data.scalar.anchor, node, &event->start_mark);
}

static enum kith_status on_start(struct builder *b, const yaml_event_t *event, enum kith_node_kind kind)
{
    const yaml_mark_t *mark = &event->start_mark;
    bool map = kind == KITH_NODE_MAP;
    if (map ? event->data.mapping_start.tag != NULL : event->data.sequence_start.tag != NULL)
        return fault(b, mark, "tags (!...) are not supported");
    if (wants_key(b))
        return fault(b, mark, "a key has to be plain text, not a list or map");
    if (b->depth >= KITH_LOAD_DEPTH)
        return fault(b, mark, "too deeply nested");
    struct kith_node *node;
    enum kith_status status =
        kith_yaml_node(b->load, kind, b->file, line_of(mark), column_of(b, mark), &node);
    if (status != KITH_OK)
        return status;
    attach(b, node);
    struct open_node *top = &b->open[b->depth++];
    memset(top, 0, sizeof *top);
    top->node = node;
    return add_anchor(b, map ? event->data.mapping_start.anchor : event->data.sequence_start.anchor, node,
                      mark);
}

static enum kith_status report_twice(struct builder *b, const struct kith_node *first,
                                     const struct kith_node *again)
{
    return kith_report(b->load->errors, again->file, again->key_line, again->key_column,
                       "key '%.*s' stands here for the second time (the first is on line %d)",
                       KITH_CUT(again->key), first->key_line);
}

/* The small maps that a scenario is made of need no index. */
static enum kith_status check_few_keys(struct builder *b, const struct kith_node *map)
{
    for (const struct kith_node *child = map->first; child; child = child->next)
        for (const struct kith_node *first = map->first; first != child; first = first->next)
            if (strcmp(first->key, child->key) == 0) {
                report_twice(b, first, child);
                break;
            }
    return KITH_OK;
}

/* Reports the keys that stand twice in a map. Sorted, because a map may have hundreds of thousands. */
static enum kith_status check_keys(struct builder *b, const struct kith_node *map)
{
    if (map->n <= 16)
        return check_few_keys(b, map);
    struct kith_index index = {0};
    const struct kith_node **nodes = NULL;
    enum kith_status status = kith_mem_resize(b->load->mem, &nodes, map->n, sizeof *nodes);
    if (status == KITH_OK)
        status = kith_index_make(b->load->mem, &index, map->n);
    if (status != KITH_OK)
        goto out;
    size_t n = 0;
    for (const struct kith_node *child = map->first; child; child = child->next) {
        nodes[n] = child;
        index.entries[n].text = child->key;
        index.entries[n].id = n;
        n++;
    }
    kith_index_sort(&index);
    for (size_t i = 1; i < n; i++)
        if (strcmp(index.entries[i - 1].text, index.entries[i].text) == 0)
            report_twice(b, nodes[index.entries[i - 1].id], nodes[index.entries[i].id]);
out:
    kith_index_free(&index);
    kith_mem_free(&nodes);
    return status;
}

static enum kith_status on_event(struct builder *b, const yaml_event_t *event)
{
    switch (event->type) {
    case YAML_ALIAS_EVENT:
        return on_alias(b, event);
    case YAML_SCALAR_EVENT:
        return on_scalar(b, event);
    case YAML_SEQUENCE_START_EVENT:
        return on_start(b, event, KITH_NODE_LIST);
    case YAML_MAPPING_START_EVENT:
        return on_start(b, event, KITH_NODE_MAP);
    case YAML_SEQUENCE_END_EVENT:
        b->depth--;
        return KITH_OK;
    case YAML_MAPPING_END_EVENT:
        b->depth--;
        return check_keys(b, b->open[b->depth].node);
    case YAML_DOCUMENT_START_EVENT:
        if (b->root)
            return fault(b, &event->start_mark, "a second document; a scenario file has one");
        return KITH_OK;
    default:
        return KITH_OK;
    }
}

/* libyaml's own complaint, where it puts it. */
static enum kith_status syntax_error(struct builder *b)
{
    const yaml_parser_t *p = &b->parser;
    if (p->error == YAML_MEMORY_ERROR)
        return KITH_NO_MEMORY;
    const char *problem = p->problem ? p->problem : "unreadable";
    /* The end of an override is on a line 2 that nobody wrote: name what was left open. */
    const yaml_mark_t *mark =
        b->column && p->context && p->problem_mark.line > 0 ? &p->context_mark : &p->problem_mark;
    int line = line_of(mark), column = column_of(b, mark);
    if (!p->context)
        return kith_report(b->load->errors, b->file, line, column, "not valid YAML: %s", problem);
    if (p->context_mark.line >= mark->line)
        return kith_report(b->load->errors, b->file, line, column, "not valid YAML: %s %s", problem,
                           p->context);
    /* What was left open is often far above the place where that shows. */
    return kith_report(b->load->errors, b->file, line, column, "not valid YAML: %s %s that begins on line %d",
                       problem, p->context, line_of(&p->context_mark));
}

/* The lines that begin with '%'. libyaml compares each %TAG directive with all before it, in time that is their number
 * squared, and a scenario needs none. */
static enum kith_status check_directives(struct builder *b, const char *bytes, size_t n)
{
    size_t found = 0;
    int line = 1;
    for (const char *at = bytes, *end = bytes + n; at < end; at++, line++) {
        if (*at == '%' && ++found > KITH_LOAD_DIRECTIVES)
            return kith_report(b->load->errors, b->file, line, 1, "more than %d directives (lines that begin with %%)",
                               KITH_LOAD_DIRECTIVES);
        while (at < end && *at != '\n' && *at != '\r')
            at++;
    }
    return KITH_OK;
}

static enum kith_status run(struct builder *b)
{
    for (bool more = true; more;) {
        yaml_event_t event;
        if (!yaml_parser_parse(&b->parser, &event))
            return syntax_error(b);
        more = event.type != YAML_STREAM_END_EVENT;
        enum kith_status status = on_event(b, &event);
        yaml_event_delete(&event);
        if (status != KITH_OK)
            return status;
    }
    return KITH_OK;
}

enum kith_status kith_yaml_parse(struct kith_load *load, const char *file, int column, const char *bytes,
                                 size_t n, struct kith_node **root)
{
    struct builder b = {.load = load, .file = file, .column = column};
    *root = NULL;
    if (n >= 3 && memcmp(bytes, "\xef\xbb\xbf", 3) == 0) { /* a byte order mark */
        bytes += 3;
        n -= 3;
    }
    size_t at;
    if (!kith_report_is_utf8(bytes, n, &at)) {
        int bad_line, bad_column;
        kith_report_place(bytes, at, &bad_line, &bad_column);
        return kith_report(load->errors, file, bad_line, bad_column + (bad_line == 1 ? column : 0),
                           "not UTF-8 text");
    }
    enum kith_status status = check_directives(&b, bytes, n);
    if (status != KITH_OK)
        return status;
    if (!yaml_parser_initialize(&b.parser))
        return KITH_NO_MEMORY;
    yaml_parser_set_encoding(&b.parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&b.parser, (const unsigned char *)bytes, n);
    status = run(&b);
    yaml_parser_delete(&b.parser);
    if (status == KITH_OK)
        *root = b.root;
    return status;
}

const char *kith_scenario_yaml_version(void)
{
    return yaml_get_version_string();
}
