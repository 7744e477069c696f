/* A CSV table (RFC 4180) whose cells remember where they stand. Private to this room. */
#ifndef KITH_SCENARIO_TABLE_H
#define KITH_SCENARIO_TABLE_H

#include <stdint.h>

#include "load.h"

#define KITH_TABLE_ROWS ((size_t)100000)
#define KITH_TABLE_COLUMNS ((size_t)1000)
#define KITH_TABLE_CELLS ((size_t)4000000)

struct kith_cell {
    uint32_t at;           /* offset of its text in `bytes` */
    uint32_t line, column; /* where it begins, in characters from 1; a quoted cell may have several lines */
};

/* Zeroed is empty and may be freed. Row 0 is the header. */
struct kith_table {
    const char *file; /* borrowed */
    char *bytes;      /* the file, changed: each cell unquoted and with a NUL at its end */
    size_t n_columns, n_rows, n_cells, room_cells;
    struct kith_cell *cells; /* [n_rows][n_columns] */
};

/* Splits the n bytes, which `table` takes over (bytes[n] is writable), into cells. Reports what is wrong. */
KITH_MUST_CHECK enum kith_status kith_table_parse(struct kith_load *load, struct kith_table *table,
                                                  const char *file, char *bytes, size_t n);
void kith_table_free(struct kith_table *table);

/* The text of a cell, without quotes; as long-lived as the table. */
const char *kith_table_text(const struct kith_table *table, size_t row, size_t column);
/* The line, from 1, on which the row stands in its file. */
int kith_table_line(const struct kith_table *table, size_t row);
/* The number in the cell; NaN if it is empty. False if it is something else. */
bool kith_table_number(const struct kith_table *table, size_t row, size_t column, double *value);
/* Adds a report at a cell; returns KITH_BAD_SCENARIO. */
enum kith_status kith_table_error(struct kith_load *load, const struct kith_table *table, size_t row,
                                  size_t column, const char *fmt, ...) KITH_PRINTF(5, 6);

#endif
