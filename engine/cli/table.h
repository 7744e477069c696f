/* Tables and numbers for people, and JSON for machines. */
#ifndef KITH_CLI_TABLE_H
#define KITH_CLI_TABLE_H

#include <stdio.h>

#include "../base/mem.h"

/* A table that is printed when it is complete, so that its columns fit. */
struct kith_cli_table {
    struct kith_mem *mem;
    const char *align; /* a letter for each column: 'l' left, 'r' right; borrowed */
    size_t n, room;
    char **cells; /* row by row */
    bool failed;  /* out of memory: printing gives KITH_NO_MEMORY */
};
void kith_cli_table_init(struct kith_cli_table *t, struct kith_mem *mem, const char *align);
/* Appends a cell; rows fill from left to right. */
void kith_cli_table_add(struct kith_cli_table *t, const char *fmt, ...) KITH_PRINTF(2, 3);
/* Prints the rows, indented by two spaces and with two between columns. */
KITH_MUST_CHECK enum kith_status kith_cli_table_print(const struct kith_cli_table *t, FILE *out);
void kith_cli_table_free(struct kith_cli_table *t);

/* A text that a number fits in. */
struct kith_cli_text {
    char text[64];
};
/* The number with `decimals` digits behind the point and commas between thousands; "-" if it is NaN. */
struct kith_cli_text kith_cli_number(double x, int decimals);
/* How many decimals show about four digits of x, at most 6. */
int kith_cli_decimals(double x);

/* Money is kept in pence and shown in pounds: if `unit` begins with "pence", *factor is 0.01 and the result
 * is the unit with GBP in its place; else 1 and the unit itself, nothing for "1". */
struct kith_cli_text kith_cli_unit(const char *unit, double *factor);

/* The unit of a measure, or of its total over the counted period: that without "/year". */
struct kith_cli_text kith_cli_row_unit(const char *unit, bool total);

/* The order in which people want measures, by name: 0 those that the scenario defines, 1 stocks, 2 costs, 3
 * flows, which are many and shown only if asked for. */
#define KITH_CLI_FLOWS 3
int kith_cli_rank(const char *measure);

/* A JSON string, with quotes; a JSON number with all its digits, null if it is not finite. */
void kith_cli_json_text(FILE *out, const char *text);
void kith_cli_json_real(FILE *out, double x);

#endif
