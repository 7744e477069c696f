#include "report.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* Length of the UTF-8 character at the start of the n bytes, or 0 if there is none (RFC 3629, table 3-7 of
 * the Unicode standard: the second byte's bounds keep out overlong forms, surrogates and what is over
 * U+10FFFF). */
static size_t utf8_length(const unsigned char *c, size_t n)
{
    unsigned char low = 0x80, high = 0xbf;
    size_t length;
    if (c[0] < 0x80)
        return c[0] != 0;
    if (c[0] < 0xc2 || c[0] > 0xf4)
        return 0;
    length = c[0] < 0xe0 ? 2 : c[0] < 0xf0 ? 3 : 4;
    if (c[0] == 0xe0)
        low = 0xa0;
    if (c[0] == 0xed)
        high = 0x9f;
    if (c[0] == 0xf0)
        low = 0x90;
    if (c[0] == 0xf4)
        high = 0x8f;
    if (n < length || c[1] < low || c[1] > high)
        return 0;
    for (size_t i = 2; i < length; i++)
        if ((c[i] & 0xc0) != 0x80)
            return 0;
    return length;
}

bool kith_report_is_utf8(const char *bytes, size_t n, size_t *at)
{
    const unsigned char *c = (const unsigned char *)bytes;
    size_t i = 0;
    while (i < n) {
        size_t length = utf8_length(c + i, n - i);
        if (length == 0) {
            *at = i;
            return false;
        }
        i += length;
    }
    return true;
}

/* Whether the UTF-8 character at c is a control character (ASCII or C1, some of which terminals obey as they do ESC), a line
 * separator or a change of writing direction (Unicode Technical Report 36). */
static bool is_harmful(const unsigned char *c, size_t length)
{
    if (length == 1)
        return c[0] < 0x20 || c[0] == 0x7f;
    if (length == 2)
        return c[0] == 0xc2 && c[1] < 0xa0;
    return length == 3 && c[0] == 0xe2 &&
           ((c[1] == 0x80 && c[2] >= 0xa8 && c[2] <= 0xae) || (c[1] == 0x81 && c[2] >= 0xa6 && c[2] <= 0xa9));
}

bool kith_report_is_harmless(const char *bytes, size_t n, bool cr, size_t *at)
{
    const unsigned char *c = (const unsigned char *)bytes;
    for (size_t i = 0, length; i < n; i += length) {
        length = utf8_length(c + i, n - i);
        bool blank = c[i] == '\n' || c[i] == '\t' || (cr && c[i] == '\r');
        if (length == 0 || (!blank && is_harmful(c + i, length))) {
            *at = i;
            return false;
        }
    }
    return true;
}

void kith_report_place(const char *bytes, size_t at, int *line, int *column)
{
    *line = 1;
    *column = 1;
    for (size_t i = 0; i < at; i++) {
        if (bytes[i] == '\n') {
            ++*line;
            *column = 1;
        } else if (((unsigned char)bytes[i] & 0xc0) != 0x80) {
            ++*column;
        }
    }
}

/* Drops the bytes of broken characters and turns harmful ones into spaces, in place. */
static void tidy(char *text)
{
    size_t n = strlen(text), out = 0;
    for (size_t i = 0; i < n;) {
        size_t length = utf8_length((const unsigned char *)text + i, n - i);
        if (length == 0) {
            i++;
            continue;
        }
        bool harmful = is_harmful((const unsigned char *)text + i, length);
        memmove(text + out, text + i, length);
        if (harmful)
            text[out] = ' ';
        out += harmful ? 1 : length;
        i += length;
    }
    text[out] = '\0';
}

enum kith_status kith_report_list(struct kith_errors *errors, const char *file, int line, int column,
                                  const char *fmt, va_list args)
{
    char text[sizeof errors->list[0].text];
    vsnprintf(text, sizeof text, fmt, args);
    tidy(text);
    return kith_errors_add(errors, file, line, column, "%s", text);
}

enum kith_status kith_report(struct kith_errors *errors, const char *file, int line, int column,
                             const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    kith_report_list(errors, file, line, column, fmt, args);
    va_end(args);
    return KITH_BAD_SCENARIO;
}
