/* Texts of scenarios put together, and cells of them run and compared. */
#ifndef KITH_TESTS_CELLS_H
#define KITH_TESTS_CELLS_H

#include "../../stat/harness.h"

/* ---- texts ------------------------------------------------------------------------------------------------------ */

enum { PAGE = 32768, PAGES = 64 };
static char pages[PAGES][PAGE];
static size_t page;

static inline char *new_page(void)
{
    char *p = pages[page++ % PAGES];
    p[0] = 0;
    return p;
}

static inline void add_text(char *to, const char *fmt, ...) KITH_PRINTF(2, 3);
static inline void add_text(char *to, const char *fmt, ...)
{
    size_t length = strlen(to);
    va_list args;
    va_start(args, fmt);
    int n = vsnprintf(to + length, PAGE - length, fmt, args);
    va_end(args);
    assert_true(n >= 0 && (size_t)n < PAGE - length);
}

static inline const char *written(const char *fmt, ...) KITH_PRINTF(1, 2);
static inline const char *written(const char *fmt, ...)
{
    char *p = new_page();
    va_list args;
    va_start(args, fmt);
    int n = vsnprintf(p, PAGE, fmt, args);
    va_end(args);
    assert_true(n >= 0 && n < PAGE);
    return p;
}

/* The text with each `from`, of which there must be one, replaced. */
static inline const char *edited(const char *text, const char *from, const char *to)
{
    char *p = new_page();
    const char *at = strstr(text, from);
    assert_non_null(at);
    for (; at; at = strstr(text, from)) {
        add_text(p, "%.*s%s", (int)(at - text), text, to);
        text = at + strlen(from);
    }
    add_text(p, "%s", text);
    return p;
}

static inline const char *joined(const char *a, const char *b)
{
    return written("%s%s", a, b);
}

/* ---- runs ------------------------------------------------------------------------------------------------------- */

static inline void run(struct harness *h, struct result *r, size_t arm, int replication, size_t area)
{
    harness_run(h, r, arm, replication, area, 1, KITH_ORDER_FAMILY);
    if (r->cell.fault)
        print_error("%s\n", r->cell.fault);
    assert_null(r->cell.fault);
}

static inline size_t resource_number(const struct harness *h, const char *name)
{
    for (size_t i = 0; i < h->shape->n_resources; i++)
        if (strcmp(h->shape->resources[i].name, name) == 0)
            return i;
    fail_msg("no resource %s", name);
    return 0;
}

static inline bool same_bytes(const void *a, const void *b, size_t n)
{
    return n == 0 || memcmp(a, b, n) == 0;
}

/* Two cells of one shape, to the bit. */
static inline bool same_cells(const struct result *x, const struct result *y)
{
    const struct kith_cell *a = &x->cell, *b = &y->cell;
    size_t rows = (size_t)a->months + 1;
    return a->n_events == b->n_events && a->n_rows == b->n_rows && a->n_amounts == b->n_amounts &&
           same_bytes(a->tally, b->tally, rows * a->n_transitions * sizeof *a->tally) &&
           same_bytes(a->count, b->count, rows * a->n_counts * sizeof *a->count) &&
           same_bytes(a->amount, b->amount, (size_t)a->months * a->n_amounts * sizeof *a->amount) &&
           same_bytes(a->day, b->day, a->n_rows * sizeof *a->day) &&
           same_bytes(a->member, b->member, a->n_rows * sizeof *a->member) &&
           same_bytes(a->code, b->code, a->n_rows * a->code_bytes) &&
           same_bytes(x->series.cost, y->series.cost,
                      (size_t)x->series.months * x->series.n_costs * sizeof *x->series.cost);
}

#endif
