#include "table.h"

#include <math.h>
#include <stdarg.h>
#include <string.h>

void kith_cli_table_init(struct kith_cli_table *t, struct kith_mem *mem, const char *align)
{
    memset(t, 0, sizeof *t);
    t->mem = mem;
    t->align = align;
}

void kith_cli_table_add(struct kith_cli_table *t, const char *fmt, ...)
{
    char text[512];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    if (t->n == t->room) {
        size_t room = t->room ? 2 * t->room : 64;
        if (kith_mem_resize(t->mem, &t->cells, room, sizeof *t->cells) != KITH_OK) {
            t->failed = true;
            return;
        }
        t->room = room;
    }
    t->cells[t->n] = kith_mem_text(t->mem, text);
    if (t->cells[t->n])
        t->n++;
    else
        t->failed = true;
}

/* Characters of UTF-8 text, which is taken to be of letters as wide as each other. */
static size_t width_of(const char *text)
{
    size_t n = 0;
    for (; *text; text++)
        n += ((unsigned char)*text & 0xc0) != 0x80;
    return n;
}

static void put_cell(FILE *out, const char *text, size_t width, bool right, bool last)
{
    int gap = (int)(width - width_of(text));
    if (right)
        fprintf(out, "  %*s%s", gap, "", text);
    else
        fprintf(out, "  %s%*s", text, last ? 0 : gap, "");
}

enum kith_status kith_cli_table_print(const struct kith_cli_table *t, FILE *out)
{
    size_t columns = strlen(t->align), *width = NULL;
    if (t->failed || kith_mem_zeroed(t->mem, &width, columns, sizeof *width) != KITH_OK)
        return KITH_NO_MEMORY;
    for (size_t i = 0; i < t->n; i++)
        if (width_of(t->cells[i]) > width[i % columns])
            width[i % columns] = width_of(t->cells[i]);
    for (size_t i = 0; i < t->n; i++) {
        size_t c = i % columns;
        put_cell(out, t->cells[i], width[c], t->align[c] == 'r', c == columns - 1);
        if (c == columns - 1)
            fputc('\n', out);
    }
    kith_mem_free(&width);
    return KITH_OK;
}

void kith_cli_table_free(struct kith_cli_table *t)
{
    for (size_t i = 0; i < t->n; i++)
        kith_mem_free(&t->cells[i]);
    kith_mem_free(&t->cells);
}

struct kith_cli_text kith_cli_number(double x, int decimals)
{
    struct kith_cli_text out;
    char plain[48];
    size_t used = 0;
    if (isnan(x)) {
        snprintf(out.text, sizeof out.text, "-");
        return out;
    }
    if (!(fabs(x) < 1e21)) { /* infinite, or too long to write out */
        snprintf(out.text, sizeof out.text, "%g", x);
        return out;
    }
    snprintf(plain, sizeof plain, "%.*f", decimals, x);
    const char *digits = plain + (plain[0] == '-');
    if (strspn(digits, "0.") == strlen(digits))
        plain[0] = plain[0] == '-' ? ' ' : plain[0]; /* no "-0.00" */
    size_t whole = strcspn(digits, ".");
    if (plain[0] == '-')
        out.text[used++] = '-';
    for (size_t i = 0; digits[i]; i++) {
        if (i > 0 && i < whole && (whole - i) % 3 == 0)
            out.text[used++] = ',';
        out.text[used++] = digits[i];
    }
    out.text[used] = '\0';
    return out;
}

int kith_cli_decimals(double x)
{
    double size = fabs(x);
    int decimals = 0;
    if (!(size > 0) || size >= 1000)
        return 0;
    for (; size < 1000 && decimals < 6; size *= 10)
        decimals++;
    return decimals;
}

struct kith_cli_text kith_cli_unit(const char *unit, double *factor)
{
    static const char pence[] = "pence";
    struct kith_cli_text out;
    *factor = 1;
    if (strncmp(unit, pence, sizeof pence - 1) == 0) {
        *factor = 0.01;
        snprintf(out.text, sizeof out.text, "GBP%s", unit + sizeof pence - 1);
    } else {
        snprintf(out.text, sizeof out.text, "%s", strcmp(unit, "1") == 0 ? "" : unit);
    }
    return out;
}

struct kith_cli_text kith_cli_row_unit(const char *unit, bool total)
{
    static const char per_year[] = "/year";
    struct kith_cli_text out;
    size_t n = strlen(unit), tail = sizeof per_year - 1;
    if (total && n >= tail && strcmp(unit + n - tail, per_year) == 0)
        n -= tail;
    snprintf(out.text, sizeof out.text, "%.*s", (int)n, unit);
    return out;
}

int kith_cli_rank(const char *measure)
{
    static const char *const prefix[] = {"stock.", "cost.", "flow."};
    for (int i = 0; i < 3; i++)
        if (strncmp(measure, prefix[i], strlen(prefix[i])) == 0)
            return i + 1;
    return 0;
}

void kith_cli_json_text(FILE *out, const char *text)
{
    fputc('"', out);
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        if (c == '"' || c == '\\')
            fprintf(out, "\\%c", c);
        else if (c == '\n')
            fputs("\\n", out);
        else if (c == '\t')
            fputs("\\t", out);
        else if (c < 0x20)
            fprintf(out, "\\u%04x", c);
        else
            fputc(c, out);
    }
    fputc('"', out);
}

/* The shortest of the usual lengths that reads back as the same number. */
void kith_cli_json_real(FILE *out, double x)
{
    char text[40];
    if (!isfinite(x)) {
        fputs("null", out);
        return;
    }
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, x);
        double back = 0;
        if (sscanf(text, "%lf", &back) == 1 && back == x)
            break;
    }
    fputs(text, out);
}
