#include "error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void fill(struct kith_error *err, enum kith_status code, const char *file, int line, int column,
                 const char *fmt, va_list args) KITH_PRINTF(6, 0);

/* Names of files are echoed, too: no control characters (in UTF-8, those above ASCII are 0xc2 and 0x80 to 0x9f). */
static void tidy(char *text)
{
    for (unsigned char *c = (unsigned char *)text; *c; c++) {
        if (*c < 0x20 || *c == 0x7f)
            *c = ' ';
        else if (c[0] == 0xc2 && c[1] >= 0x80 && c[1] < 0xa0)
            c[0] = c[1] = ' ';
    }
}

static void fill(struct kith_error *err, enum kith_status code, const char *file, int line, int column,
                 const char *fmt, va_list args)
{
    err->code = code;
    err->line = line;
    err->column = column;
    snprintf(err->file, sizeof err->file, "%s", file ? file : "");
    vsnprintf(err->text, sizeof err->text, fmt, args);
    tidy(err->file);
    tidy(err->text);
}

enum kith_status kith_error_set(struct kith_error *err, enum kith_status code, const char *file, int line,
                                int column, const char *fmt, ...)
{
    if (err) {
        va_list args;
        va_start(args, fmt);
        fill(err, code, file, line, column, fmt, args);
        va_end(args);
    }
    return code;
}

enum kith_status kith_errors_add(struct kith_errors *errors, const char *file, int line, int column,
                                 const char *fmt, ...)
{
    if (errors->n < KITH_ERRORS_MAX) {
        va_list args;
        va_start(args, fmt);
        fill(&errors->list[errors->n], KITH_BAD_SCENARIO, file, line, column, fmt, args);
        va_end(args);
    }
    errors->n++;
    return KITH_BAD_SCENARIO;
}

/* Appends formatted text at *used and moves *used on, never past the last byte. */
static void append(char *out, size_t size, size_t *used, const char *fmt, ...) KITH_PRINTF(4, 5);

static void append(char *out, size_t size, size_t *used, const char *fmt, ...)
{
    if (*used + 1 >= size)
        return;
    va_list args;
    va_start(args, fmt);
    int n = vsnprintf(out + *used, size - *used, fmt, args);
    va_end(args);
    if (n > 0)
        *used = (size_t)n < size - *used ? *used + (size_t)n : size - 1;
}

char *kith_error_format(const struct kith_error *err, char *out, size_t size)
{
    size_t used = 0;
    if (size == 0)
        return out;
    out[0] = '\0';
    if (err->file[0])
        append(out, size, &used, "%s:", err->file);
    if (err->line > 0)
        append(out, size, &used, "%d:", err->line);
    if (err->line > 0 && err->column > 0)
        append(out, size, &used, "%d:", err->column);
    append(out, size, &used, "%serror: %s", used ? " " : "", err->text);
    return out;
}
