/* Whole histories of small scenarios, written down by hand beside what a run says. */
#ifndef KITH_TESTS_HISTORY_H
#define KITH_TESTS_HISTORY_H

#include "spy.h"

/* ---- whole histories, by hand ----------------------------------------------------------------------------------- */

/* Families of kinds 1, 2, ..., one of each. Kind k does something of its own on a day; times are in days. */
struct expected {
    double day;
    int kind;
    const char *what; /* CHART.FROM.TO */
};

enum { KINDS_MAX = 6 };

struct history {
    struct harness h;
    struct result r;
    int kind[KINDS_MAX]; /* of family i */
};

static inline const char *history_begin(int kinds)
{
    char *p = new_page();
    add_text(p, "kith: 1\nmodel: pathway\ntime: {start: 2000-01-01, counted: 1 year}\npopulation: {families: %d}\n"
                "attributes: {kind: {values: {",
             kinds);
    for (int k = 1; k <= kinds; k++)
        add_text(p, "%s%d: 1", k > 1 ? ", " : "", k);
    add_text(p, "}}}\n");
    return p;
}

/* A clock that runs for one kind only. */
static inline const char *on_day(int kind, const char *from, const char *to, const char *days)
{
    char *p = new_page();
    add_text(p, "      - {name: %s_%s_%d, from: %s, to: %s, hazard: {fixed: %s days}, ratios: {when: ["
                "{if: {kind: [~, %d]}, ratio: 0}, {if: {kind: [%d, ~]}, ratio: 0}]}}\n",
             from, to, kind, from, to, days, kind, kind + 1);
    return p;
}

/* Kinds 1, 2, ... come to the desk on these days, separated by spaces; a page. */
static inline const char *come(const char *to, const char *days)
{
    char *p = new_page();
    int kind = 0;
    while (*days) {
        char day[32];
        int n = (int)strcspn(days, " ");
        snprintf(day, sizeof day, "%.*s", n, days);
        if (strcmp(day, "-") != 0)
            add_text(p, "%s", on_day(kind + 1, "home", to, day));
        kind++;
        days += n + (days[n] == ' ');
    }
    return p;
}

/* Looks for a seed that gives each family a kind of its own, and runs with every clock bound to the load of `desk`. */
static inline void history_run(struct history *v, const char *text, size_t arm)
{
    struct kith_cell cell;
    harness_load(&v->h, bound(text, "load.desk: {0: 1}"));
    size_t bytes = v->h.model->family_bytes(v->h.compiled), families = (size_t)v->h.sc.families;
    void *family = malloc(bytes);
    assert_non_null(family);
    assert_true(families <= KINDS_MAX);
    for (bool found = false; !found; v->h.sc.seed++) {
        unsigned seen = 0;
        assert_true(v->h.sc.seed < 5000);
        assert_int_equal(harness_cell(&v->h, &cell, arm, 0, 0), families);
        for (size_t i = 0; i < families; i++) {
            float kind[4];
            double births[1];
            memset(family, 0, bytes);
            v->h.model->begin(v->h.compiled, &cell, i, family);
            v->h.model->describe(v->h.compiled, &cell, family, kind, births);
            v->kind[i] = (int)kind[0];
            seen |= 1u << (v->kind[i] - 1);
        }
        kith_cell_free(&cell);
        found = seen == (1u << families) - 1;
        if (found)
            break;
    }
    free(family);
    run_seen(&v->h, &v->r, arm, 0, 0);
    assert_false(spy.ahead);
}

static inline void history_free(struct history *v)
{
    result_free(&v->r);
    harness_free(&v->h);
}

/* Same moment: by kind, then as they came. */
static inline bool out_of_order(const struct expected *a, const struct expected *b)
{
    return fabs(a->day - b->day) < 1e-6 ? a->kind > b->kind : a->day > b->day;
}

static inline void in_order(struct expected *e, size_t n)
{
    for (size_t i = 1; i < n; i++)
        for (size_t j = i; j > 0 && out_of_order(&e[j - 1], &e[j]); j--) {
            struct expected t = e[j];
            e[j] = e[j - 1];
            e[j - 1] = t;
        }
}

/* Everything that happened, entries aside, is what is expected. */
static inline bool happened(const struct history *v, const struct expected *expected, size_t n, bool report)
{
    static struct expected want[256], got[256];
    static char names[256][64];
    size_t m = 0;
    bool same = true;
    assert_true(n < 256 && spy.n < 256);
    memcpy(want, expected, n * sizeof *want);
    for (size_t k = 0; k < spy.n; k++) {
        if (v->h.shape->transitions[spy.seen[k].code].from < 0)
            continue;
        harness_name(&v->h, spy.seen[k].code, names[m], sizeof names[m]);
        got[m] = (struct expected){spy.seen[k].t * 365.25, v->kind[spy.seen[k].family], names[m]};
        m++;
    }
    in_order(want, n);
    in_order(got, m);
    for (size_t i = 0; i < m || i < n; i++)
        if (i >= m || i >= n || fabs(want[i].day - got[i].day) > 1e-6 || want[i].kind != got[i].kind ||
            strcmp(want[i].what, got[i].what) != 0)
            same = false;
    for (size_t i = 0; report && !same && (i < m || i < n); i++) {
        if (i < n)
            print_error("expected %8.3f %d %-20s ", want[i].day, want[i].kind, want[i].what);
        else
            print_error("expected %31s ", "-");
        if (i < m)
            print_error("got %8.3f %d %s\n", got[i].day, got[i].kind, got[i].what);
        else
            print_error("got -\n");
    }
    return same;
}

#define EXPECT(v, ...) \
    do { \
        static const struct expected list_[] = {__VA_ARGS__}; \
        assert_true(happened(v, list_, sizeof list_ / sizeof *list_, true)); \
    } while (0)

static inline int64_t year(const struct history *v, enum kith_pool_amount what)
{
    return amount(&v->h, &v->r, "desk", what, 0, 12);
}

static inline void expect_days(const struct history *v, enum kith_pool_amount what, double days, double each)
{
    double ticks = (double)year(v, what) / each / KITH_POOL_TICKS_A_YEAR * 365.25;
    if (fabs(ticks - days) > 0.01)
        print_error("amount %d: expected %g days, got %g\n", (int)what, days, ticks);
    assert_true(fabs(ticks - days) <= 0.01);
}

static inline void expect_counts(const struct history *v, int requests, int waited, int granted, int refused, int left,
                          int preempted)
{
    const int want[] = {requests, waited, granted, refused, left, preempted};
    bool same = true;
    for (int i = 0; i < 6; i++)
        if (year(v, (enum kith_pool_amount)i) != want[i]) {
            print_error("amount %d: expected %d, got %d\n", i, want[i], (int)year(v, (enum kith_pool_amount)i));
            same = false;
        }
    assert_true(same);
}

#define DESK_CHART "charts:\n  c:\n    of: family\n    states: [home, desk, line, done, gave_up, lost]\n    clocks:\n"
#define SERVED "      - {from: desk, to: done, hazard: {fixed: 10 days}}\n"
#define DESK(more) "resources:\n  desk:\n    slack: 0\n" more
#define LINE_UP "    used_by: [{chart: c, states: [desk], waits_in: line}]\n"

static inline const char *desk_scenario(int kinds, const char *clocks, const char *rest)
{
    return joined(joined(joined(history_begin(kinds), DESK_CHART), clocks), rest);
}

/* A chart beside c that does something of its own on a day; clocks follow. */
#define BESIDE(states, more) "  d:\n    of: family\n    states: [" states "]\n" more "    clocks:\n"

static inline const char *three(const char *a, const char *b, const char *c)
{
    return joined(joined(a, b), c);
}

/* A statutory duty: use beyond capacity, and who must wait gets nothing until it has fallen below. */

#endif
