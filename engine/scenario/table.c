#include "table.h"

#include <math.h>
#include <string.h>

#include "names.h"
#include "unit.h"

struct scanner {
    struct kith_load *load;
    struct kith_table *table;
    size_t at, n;
    int line;
    uint32_t column;
};

static enum kith_status fault(const struct scanner *s, int line, uint32_t column, const char *text)
{
    return kith_report(s->load->errors, s->table->file, line, (int)column, "%s", text);
}

/* Moves on by one byte, which is not the end of a record. */
static void step(struct scanner *s)
{
    char c = s->table->bytes[s->at++];
    if (c == '\n') {
        s->line++;
        s->column = 1;
    } else if (((unsigned char)c & 0xc0) != 0x80) {
        s->column++;
    }
}

static bool ends_line(char c)
{
    return c == '\n' || c == '\r';
}

/* "\n", "\r\n" or "\r". */
static void step_line(struct scanner *s)
{
    const char *bytes = s->table->bytes;
    if (bytes[s->at] == '\r' && s->at + 1 < s->n && bytes[s->at + 1] == '\n')
        s->at++;
    s->at++;
    s->line++;
    s->column = 1;
}

/* Blank lines and lines that begin with "#". */
static void skip_lines(struct scanner *s)
{
    const char *bytes = s->table->bytes;
    while (s->at < s->n && (ends_line(bytes[s->at]) || bytes[s->at] == '#')) {
        while (s->at < s->n && !ends_line(bytes[s->at]))
            s->at++;
        if (s->at < s->n)
            step_line(s);
    }
}

/* Unquotes in place: what comes out is never longer than what is read. */
static enum kith_status scan_quoted(struct scanner *s)
{
    char *bytes = s->table->bytes;
    size_t out = s->at;
    int line = s->line;
    uint32_t column = s->column;
    for (step(s);; step(s)) {
        if (s->at >= s->n)
            return fault(s, line, column, "a quote that is not closed");
        if (bytes[s->at] == '"') {
            step(s);
            if (s->at >= s->n || bytes[s->at] != '"')
                break;
        }
        bytes[out++] = bytes[s->at];
    }
    if (s->at < s->n && bytes[s->at] != ',' && !ends_line(bytes[s->at]))
        return fault(s, s->line, s->column, "text behind a closing quote");
    bytes[out] = '\0';
    return KITH_OK;
}

static enum kith_status add_cell(struct scanner *s, size_t at, uint32_t column)
{
    struct kith_table *t = s->table;
    if (t->n_cells >= KITH_TABLE_CELLS)
        return fault(s, s->line, column, "the table is too large");
    if (t->n_cells == t->room_cells) {
        size_t room = t->room_cells ? 2 * t->room_cells : 1024;
        enum kith_status status = kith_mem_resize(s->load->mem, &t->cells, room, sizeof *t->cells);
        if (status != KITH_OK)
            return status;
        t->room_cells = room;
    }
    t->cells[t->n_cells].at = (uint32_t)at;
    t->cells[t->n_cells].line = (uint32_t)s->line;
    t->cells[t->n_cells].column = column;
    t->n_cells++;
    return KITH_OK;
}

/* One cell and the separator behind it; *more if another cell follows in the record. */
static enum kith_status scan_cell(struct scanner *s, bool *more)
{
    char *bytes = s->table->bytes;
    enum kith_status status = add_cell(s, s->at, s->column);
    bool quoted = s->at < s->n && bytes[s->at] == '"';
    if (status == KITH_OK && quoted)
        status = scan_quoted(s);
    if (status != KITH_OK)
        return status;
    while (!quoted && s->at < s->n && bytes[s->at] != ',' && !ends_line(bytes[s->at]))
        step(s);
    size_t end = s->at;
    *more = s->at < s->n && bytes[s->at] == ',';
    if (*more)
        step(s);
    else if (s->at < s->n)
        step_line(s);
    if (!quoted)
        bytes[end] = '\0';
    return KITH_OK;
}

static enum kith_status scan_row(struct scanner *s)
{
    struct kith_table *t = s->table;
    size_t first = t->n_cells, n;
    int line = s->line;
    if (t->n_rows > KITH_TABLE_ROWS)
        return kith_report(s->load->errors, t->file, line, 1, "more than %zu rows", KITH_TABLE_ROWS);
    for (bool more = true; more;) {
        enum kith_status status = scan_cell(s, &more);
        if (status != KITH_OK)
            return status;
    }
    n = t->n_cells - first;
    if (t->n_rows == 0 && n > KITH_TABLE_COLUMNS)
        return kith_report(s->load->errors, t->file, line, 1, "more than %zu columns", KITH_TABLE_COLUMNS);
    if (t->n_rows == 0)
        t->n_columns = n;
    if (n == t->n_columns) {
        t->n_rows++;
        return KITH_OK;
    }
    t->n_cells = first;
    kith_report(s->load->errors, t->file, line, 1, "%zu fields, but the header has %zu", n, t->n_columns);
    return s->load->errors->n < KITH_ERRORS_MAX ? KITH_OK : KITH_BAD_SCENARIO;
}

static enum kith_status check_header(struct kith_load *load, const struct kith_table *t)
{
    struct kith_index index = {0};
    if (t->n_rows == 0)
        return kith_report(load->errors, t->file, 1, 1, "the table is empty");
    enum kith_status status = kith_index_make(load->mem, &index, t->n_columns);
    if (status != KITH_OK)
        return status;
    for (size_t c = 0; c < t->n_columns; c++) {
        index.entries[c].text = kith_table_text(t, 0, c);
        index.entries[c].id = c;
    }
    kith_index_sort(&index);
    for (size_t i = 1; i < t->n_columns; i++)
        if (strcmp(index.entries[i - 1].text, index.entries[i].text) == 0)
            status = kith_table_error(load, t, 0, index.entries[i].id, "a second column called '%.*s'",
                                      KITH_CUT(index.entries[i].text));
    kith_index_free(&index);
    return status;
}

enum kith_status kith_table_parse(struct kith_load *load, struct kith_table *table, const char *file,
                                  char *bytes, size_t n)
{
    struct scanner s = {.load = load, .table = table, .n = n, .line = 1, .column = 1};
    size_t wrong;
    int before = load->errors->n;
    table->file = file;
    table->bytes = bytes;
    if (n >= 3 && memcmp(bytes, "\xef\xbb\xbf", 3) == 0) /* a byte order mark, as spreadsheets write it */
        s.at = 3;
    if (!kith_report_is_utf8(bytes + s.at, n - s.at, &wrong)) {
        int line, column;
        kith_report_place(bytes + s.at, wrong, &line, &column);
        return kith_report(load->errors, file, line, column, "not UTF-8 text");
    }
    if (!kith_report_is_harmless(bytes + s.at, n - s.at, true, &wrong)) {
        int line, column;
        kith_report_place(bytes + s.at, wrong, &line, &column);
        return kith_report(load->errors, file, line, column, "a control character (byte 0x%02x)",
                           (unsigned char)bytes[s.at + wrong]);
    }
    for (skip_lines(&s); s.at < s.n; skip_lines(&s)) {
        enum kith_status status = scan_row(&s);
        if (status != KITH_OK)
            return status;
    }
    enum kith_status status = check_header(load, table);
    return status == KITH_OK && load->errors->n > before ? KITH_BAD_SCENARIO : status;
}

void kith_table_free(struct kith_table *table)
{
    kith_mem_free(&table->bytes);
    kith_mem_free(&table->cells);
    memset(table, 0, sizeof *table);
}

const char *kith_table_text(const struct kith_table *table, size_t row, size_t column)
{
    return table->bytes + table->cells[row * table->n_columns + column].at;
}

int kith_table_line(const struct kith_table *table, size_t row)
{
    return (int)table->cells[row * table->n_columns].line;
}

bool kith_table_number(const struct kith_table *table, size_t row, size_t column, double *value)
{
    struct kith_quantity q;
    const char *text = kith_table_text(table, row, column);
    *value = NAN;
    if (text[strspn(text, " \t")] == '\0')
        return true;
    if (kith_unit_parse(text, &q) != KITH_UNIT_FINE || q.unit != KITH_UNIT_NONE)
        return false;
    *value = q.value;
    return true;
}

enum kith_status kith_table_error(struct kith_load *load, const struct kith_table *table, size_t row,
                                  size_t column, const char *fmt, ...)
{
    const struct kith_cell *cell = &table->cells[row * table->n_columns + column];
    va_list args;
    va_start(args, fmt);
    kith_report_list(load->errors, table->file, (int)cell->line, (int)cell->column, fmt, args);
    va_end(args);
    return KITH_BAD_SCENARIO;
}
