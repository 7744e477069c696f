/* Status codes and error reports. A function that can fail returns an enum kith_status and fills a report;
 * nothing below cli/ prints or exits. */
#ifndef KITH_BASE_ERROR_H
#define KITH_BASE_ERROR_H

#include <stdbool.h>
#include <stddef.h>

#define KITH_MUST_CHECK __attribute__((warn_unused_result))
#define KITH_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))

/* Also the exit codes of the program (sysexits.h where it has one that fits). */
enum kith_status {
    KITH_OK = 0,
    KITH_USAGE = 2,         /* the command line is wrong */
    KITH_BAD_SCENARIO = 65, /* the scenario file is wrong */
    KITH_INTERNAL = 70,     /* a fault of the program's own */
    KITH_NO_MEMORY = 71,    /* out of memory */
    KITH_IO = 74,           /* a file could not be read or written */
    KITH_STOPPED = 75       /* stopped early by a signal; what was finished is written */
};

/* One report. `line` and `column` count from 1; 0 means that there is none. */
struct kith_error {
    enum kith_status code;
    int line, column;
    char file[256];
    char text[512];
};

/* Reports gathered while reading a scenario, so that a person sees them all at once. At most
 * KITH_ERRORS_MAX are kept; `n` goes on counting. */
#define KITH_ERRORS_MAX 20
struct kith_errors {
    int n;
    struct kith_error list[KITH_ERRORS_MAX];
};

/* Fills *err (which may be NULL) and returns `code`, so that a caller can write
 * `return kith_error_set(err, KITH_IO, ...)`. `file` may be NULL. Text that is too long is cut. */
enum kith_status kith_error_set(struct kith_error *err, enum kith_status code, const char *file, int line,
                                int column, const char *fmt, ...) KITH_PRINTF(6, 7);

/* Adds a report with code KITH_BAD_SCENARIO to `errors` and returns that code. */
enum kith_status kith_errors_add(struct kith_errors *errors, const char *file, int line, int column,
                                 const char *fmt, ...) KITH_PRINTF(5, 6);

/* Writes "file:line:column: error: text" (the parts that exist) into `out` of `size` bytes; returns `out`. */
char *kith_error_format(const struct kith_error *err, char *out, size_t size);

#endif
