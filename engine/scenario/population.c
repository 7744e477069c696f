#include <math.h>
#include <stdio.h>
#include <string.h>

#include "../base/hash.h"
#include "sections.h"
#include "table.h"

#define MOST_AREAS 1000000
#define MOST_FAMILIES 10000000000

/* The areas section at work. */
struct areas {
    struct kith_sections *s;
    const struct kith_node *node;
    struct kith_table table;
    const char **names;      /* [n_columns] of the header, for "did you mean" */
    size_t code, name, size; /* columns; (size_t)-1 after a report */
    struct kith_index codes; /* id: row */
    bool *chosen;            /* [n_rows] */
    size_t n_chosen;
};

static enum kith_status fill_area(struct kith_sections *s, struct kith_area *area, const char *code,
                                  const char *name, double share)
{
    area->code = kith_arena_text(s->load->arena, code, strlen(code));
    area->name = kith_arena_text(s->load->arena, name, strlen(name));
    if (!area->code || !area->name)
        return KITH_NO_MEMORY;
    area->key = kith_hash_name(code);
    area->share = share;
    area->size = NAN;
    return KITH_OK;
}

static enum kith_status make_areas(struct kith_sections *s, size_t n)
{
    s->sc->areas = kith_arena_take(s->load->arena, n, sizeof *s->sc->areas);
    if (!s->sc->areas)
        return KITH_NO_MEMORY;
    s->sc->n_areas = n;
    return KITH_OK;
}

static enum kith_status equal_areas(struct kith_sections *s, size_t n, const char *only_code)
{
    enum kith_status status = make_areas(s, n);
    for (size_t i = 0; i < n && status == KITH_OK; i++) {
        char code[32];
        snprintf(code, sizeof code, "a%zu", i + 1);
        const char *use = only_code ? only_code : code;
        status = fill_area(s, &s->sc->areas[i], use, use, 1.0 / (double)n);
    }
    return status;
}

/* The file of `table:`, read, noted by its digest and split into cells. */
static enum kith_status read_table(struct areas *a, const struct kith_node *node)
{
    struct kith_load *load = a->s->load;
    const char *path, *full;
    char *bytes = NULL, reason[128], line[96];
    size_t n;
    struct kith_sha256 sha;
    enum kith_status status = kith_file_resolve(load, node, &path);
    if (status != KITH_OK)
        return status;
    full = kith_file_full(load, path);
    if (!full)
        return KITH_NO_MEMORY;
    status = kith_file_read(load, full, &bytes, &n, reason);
    if (status == KITH_IO)
        return kith_node_error(&a->s->reader, node, "cannot read %s: %s", full, reason);
    if (status == KITH_OK) {
        load->sources[load->n_sources - 1].table = true;
        status = kith_sha256_begin(&sha);
    }
    if (status == KITH_OK) {
        char hex[65];
        kith_sha256_add(&sha, bytes, n);
        kith_sha256_end(&sha, hex);
        snprintf(line, sizeof line, " sha256 %s\n", hex);
        status = kith_file_note(load, "# table: ", 9, false);
    }
    if (status == KITH_OK)
        status = kith_file_note(load, full, strlen(full), false);
    if (status == KITH_OK)
        status = kith_file_note(load, line, strlen(line), false);
    if (status == KITH_OK)
        return kith_table_parse(load, &a->table, full, bytes, n);
    kith_mem_free(&bytes);
    return status;
}

/* The column that `key` names. */
static size_t find_column(struct areas *a, const char *key, bool required)
{
    const struct kith_node *node = kith_node_get(a->node, key);
    if (node)
        return (size_t)kith_node_choice(&a->s->reader, node, "a column of the table", a->names,
                                        a->table.n_columns);
    if (required)
        kith_node_key_error(&a->s->reader, a->node, "missing key '%s'", key);
    return (size_t)-1;
}

static enum kith_status index_codes(struct areas *a)
{
    struct kith_load *load = a->s->load;
    size_t n = a->table.n_rows - 1;
    enum kith_status status = kith_index_make(load->mem, &a->codes, n);
    if (status != KITH_OK)
        return status;
    for (size_t i = 0; i < n; i++) {
        a->codes.entries[i].text = kith_table_text(&a->table, i + 1, a->code);
        a->codes.entries[i].id = i + 1;
        if (a->codes.entries[i].text[0] == '\0')
            kith_table_error(load, &a->table, i + 1, a->code, "the code of the area is empty");
    }
    kith_index_sort(&a->codes);
    for (size_t i = 1; i < n; i++) {
        const struct kith_index_entry *e = &a->codes.entries[i];
        if (e->text[0] && strcmp(e[-1].text, e->text) == 0)
            kith_table_error(load, &a->table, e->id, a->code, "a second area with code '%.*s' (see line %d)",
                             KITH_CUT(e->text), kith_table_line(&a->table, e[-1].id));
    }
    return KITH_OK;
}

static void report_code(struct areas *a, const struct kith_node *node)
{
    const char *nearest = NULL;
    for (size_t i = 0; i < a->codes.n && a->s->load->errors->n < KITH_ERRORS_MAX; i++) {
        const char *pair[] = {nearest, a->codes.entries[i].text};
        nearest =
            nearest ? kith_node_nearest(node->text, pair, 2) : kith_node_nearest(node->text, pair + 1, 1);
    }
    if (nearest)
        kith_node_error(&a->s->reader, node, "no area with code '%.*s' in the table: did you mean '%.*s'?",
                        KITH_CUT(node->text), KITH_CUT(nearest));
    else
        kith_node_error(&a->s->reader, node, "no area with code '%.*s' in the table", KITH_CUT(node->text));
}

/* Marks the rows that count: those that `only` lists, or all. */
static enum kith_status choose_rows(struct areas *a)
{
    const struct kith_node *only = kith_node_get(a->node, "only");
    size_t n = a->table.n_rows;
    enum kith_status status = kith_mem_zeroed(a->s->load->mem, &a->chosen, n, sizeof *a->chosen);
    if (status != KITH_OK)
        return status;
    for (size_t i = 1; i < n && !only; i++)
        a->chosen[i] = true;
    a->n_chosen = only ? 0 : n - 1;
    if (!only)
        return KITH_OK;
    if (only->kind != KITH_NODE_LIST || only->n == 0) {
        kith_node_error(&a->s->reader, only, "only has to be a list of codes");
        return KITH_OK;
    }
    for (const struct kith_node *code = only->first; code; code = code->next) {
        size_t row = code->kind == KITH_NODE_SCALAR ? kith_index_find(&a->codes, code->text) : 0;
        if (row == 0) {
            kith_node_error(&a->s->reader, code, "only has to be a list of codes");
        } else if (row == (size_t)-1) {
            report_code(a, code);
        } else if (a->chosen[row]) {
            kith_node_error(&a->s->reader, code, "area '%.*s' stands here for the second time",
                            KITH_CUT(code->text));
        } else {
            a->chosen[row] = true;
            a->n_chosen++;
        }
    }
    return KITH_OK;
}

static enum kith_status fill_areas(struct areas *a)
{
    const struct kith_table *t = &a->table;
    struct kith_scenario *sc = a->s->sc;
    double total = 0.0;
    size_t n = 0;
    enum kith_status status = make_areas(a->s, a->n_chosen);
    for (size_t row = 1; row < t->n_rows && status == KITH_OK; row++) {
        double size;
        bool good = kith_table_number(t, row, a->size, &size) && size > 0.0;
        if (!a->chosen[row]) { /* those chosen keep the part of the population that they have among all */
            total += good ? size : 0;
            continue;
        }
        if (!good) {
            kith_table_error(a->s->load, t, row, a->size, "%.*s = '%.*s' has to be a number above 0",
                             KITH_CUT(a->names[a->size]), KITH_CUT(kith_table_text(t, row, a->size)));
            size = 1.0;
        }
        total += size;
        status = fill_area(a->s, &sc->areas[n++], kith_table_text(t, row, a->code),
                           kith_table_text(t, row, a->name), size);
    }
    if (status == KITH_OK && !isfinite(total))
        kith_node_error(&a->s->reader, a->node, "the sizes of the areas are too large to add up");
    for (size_t i = 0; i < n; i++) {
        sc->areas[i].size = sc->areas[i].share;
        sc->areas[i].share /= total;
    }
    return status;
}

/* True if all cells of the column are numbers or empty, and one is a number. */
static bool is_numeric(const struct kith_table *t, size_t column)
{
    bool some = false;
    for (size_t row = 1; row < t->n_rows; row++) {
        double value;
        if (!kith_table_number(t, row, column, &value))
            return false;
        some = some || !isnan(value);
    }
    return some;
}

/* Keeps the numeric columns. Codes and names are not numbers, even where they are written with digits. */
static enum kith_status fill_columns(struct areas *a)
{
    const struct kith_table *t = &a->table;
    struct kith_scenario *sc = a->s->sc;
    struct kith_arena *arena = a->s->load->arena;
    sc->column_names = kith_arena_take(arena, t->n_columns, sizeof *sc->column_names);
    sc->column = kith_arena_take(arena, t->n_columns, sizeof *sc->column);
    sc->column_total = kith_arena_take(arena, t->n_columns, sizeof *sc->column_total);
    if (!sc->column_names || !sc->column || !sc->column_total)
        return KITH_NO_MEMORY;
    for (size_t c = 0; c < t->n_columns; c++) {
        if (c == a->code || (c == a->name && c != a->size) || !is_numeric(t, c))
            continue;
        double *column = kith_arena_take(arena, sc->n_areas, sizeof *column), total = 0, value;
        char *name = kith_arena_text(arena, a->names[c], strlen(a->names[c]));
        if (!column || !name)
            return KITH_NO_MEMORY;
        size_t n = 0;
        for (size_t row = 1; row < t->n_rows; row++) {
            (void)kith_table_number(t, row, c, &value);
            total += isnan(value) ? 0 : value;
            if (a->chosen[row])
                column[n++] = value;
        }
        sc->column_names[sc->n_columns] = name;
        sc->column_total[sc->n_columns] = total;
        sc->column[sc->n_columns++] = column;
    }
    return KITH_OK;
}

static enum kith_status use_table(struct areas *a)
{
    a->names = kith_arena_take(a->s->load->arena, a->table.n_columns, sizeof *a->names);
    if (!a->names)
        return KITH_NO_MEMORY;
    for (size_t c = 0; c < a->table.n_columns; c++)
        a->names[c] = kith_table_text(&a->table, 0, c);
    a->code = find_column(a, "code", true);
    a->size = find_column(a, "size", true);
    a->name = kith_node_get(a->node, "name") ? find_column(a, "name", false) : a->code;
    if (a->code == (size_t)-1 || a->size == (size_t)-1 || a->name == (size_t)-1)
        return KITH_OK;
    if (a->table.n_rows < 2) {
        kith_report(a->s->load->errors, a->table.file, kith_table_line(&a->table, 0), 1,
                    "the table has a header but no rows");
        return KITH_OK;
    }
    enum kith_status status = index_codes(a);
    if (status == KITH_OK)
        status = choose_rows(a);
    if (status == KITH_OK)
        status = fill_areas(a);
    return status == KITH_OK ? fill_columns(a) : status;
}

static enum kith_status table_areas(struct kith_sections *s, const struct kith_node *node)
{
    static const char *const keys[] = {"table", "code", "name", "size", "only"};
    struct areas a = {.s = s, .node = node};
    const struct kith_node *file = kith_node_get(node, "table");
    enum kith_status status = KITH_BAD_SCENARIO;
    kith_node_known(&s->reader, node, "areas", keys, sizeof keys / sizeof keys[0]);
    if (file)
        status = read_table(&a, file);
    else
        kith_node_key_error(&s->reader, node, "missing key 'table'");
    if (status == KITH_OK)
        status = use_table(&a);
    kith_index_free(&a.codes);
    kith_mem_free(&a.chosen);
    kith_table_free(&a.table);
    return status == KITH_BAD_SCENARIO ? KITH_OK : status; /* reported */
}

enum kith_status kith_population_read(struct kith_sections *s)
{
    static const char *const keys[] = {"families", "represents", "areas", "households", "groups", "births"};
    struct kith_scenario *sc = s->sc;
    struct kith_reader *r = &s->reader;
    const struct kith_node *node = kith_node_get(sc->root, "population");
    if (!node) {
        kith_node_key_error(r, sc->root, "missing key 'population'");
        return KITH_OK;
    }
    kith_node_known(r, node, "population", keys, sizeof keys / sizeof keys[0]);
    if (node->kind != KITH_NODE_MAP)
        return KITH_OK;
    if (!kith_node_get(node, "families"))
        kith_node_key_error(r, node, "missing key 'families'");
    sc->families = kith_node_integer(r, node, "families", 1, MOST_FAMILIES, 1);
    sc->represents =
        kith_node_number_or(r, node, "represents", KITH_UNIT_NONE, 0.0, 1e12, (double)sc->families);
    if (sc->represents <= 0.0)
        kith_node_error(r, kith_node_get(node, "represents"), "represents has to be above 0");
    const struct kith_node *areas = kith_node_get(node, "areas");
    if (areas && areas->kind == KITH_NODE_MAP)
        return table_areas(s, areas);
    int64_t n = kith_node_integer(r, node, "areas", 1, MOST_AREAS, 1);
    return equal_areas(s, (size_t)n, areas ? NULL : "all");
}
