/* Reports about a scenario. Their text may hold what a stranger wrote, so bytes that could confuse a terminal
 * or break a JSON line are replaced before they are stored. */
#ifndef KITH_SCENARIO_REPORT_H
#define KITH_SCENARIO_REPORT_H

#include <stdarg.h>

#include "node.h"

/* A text inside a message is cut to this many bytes: printf precision for "%.*s" with KITH_CUT(text). */
#define KITH_CUT_BYTES 80
#define KITH_CUT(text) KITH_CUT_BYTES, (text)

/* Adds a report and returns KITH_BAD_SCENARIO. */
enum kith_status kith_report(struct kith_errors *errors, const char *file, int line, int column,
                             const char *fmt, ...) KITH_PRINTF(5, 6);
enum kith_status kith_report_list(struct kith_errors *errors, const char *file, int line, int column,
                                  const char *fmt, va_list args) KITH_PRINTF(5, 0);

/* True if the n bytes are UTF-8 (no overlong forms, no surrogates) without NUL. If not, *at is the offset of
 * the first byte that is wrong. */
bool kith_report_is_utf8(const char *bytes, size_t n, size_t *at);

/* True if the n bytes of UTF-8 hold nothing that a terminal may obey or that hides what is written: no control
 * characters but tab and line end (and, if `cr`, carriage return), no line separators, no changes of writing direction.
 * If not, *at is the offset of the first such character. */
bool kith_report_is_harmless(const char *bytes, size_t n, bool cr, size_t *at);

/* Line and column (in characters), both from 1, of the byte at offset `at`. */
void kith_report_place(const char *bytes, size_t at, int *line, int *column);

#endif
