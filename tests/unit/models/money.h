/* What a run says of money, and a rich scenario with money in it. */
#ifndef KITH_TESTS_MONEY_H
#define KITH_TESTS_MONEY_H

#include "cells.h"

enum { YEARS = 8, PLACES = 3, DEALS = 2 };

static inline const struct kith_measure *measure(const struct harness *h, const char *name)
{
    for (size_t i = 0; i < h->shape->n_measures; i++)
        if (strcmp(h->shape->measures[i].name, name) == 0)
            return &h->shape->measures[i];
    fail_msg("no measure %s", name);
    return NULL;
}

/* Counted year y (from 1) of "KIND.NAME.WHAT", an amount: as it is inside. */
static inline double inside(const struct harness *h, const struct result *r, const char *kind, const char *name, const char *what,
                     int y)
{
    char full[128];
    snprintf(full, sizeof full, "%s.%s.%s", kind, name, what);
    const struct kith_measure *m = measure(h, full);
    double sum = 0;
    assert_int_equal(m->n_below, 0);
    for (size_t i = 0; i < m->n_over; i++) {
        assert_int_equal(m->over[i].base, KITH_BASE_AMOUNT);
        for (int month = 12 * (y - 1); month < 12 * y; month++)
            sum += m->over[i].weight * r->series.amount[(size_t)month * r->series.n_amounts + m->over[i].index];
    }
    return sum;
}

/* Pence: whole ones. */
static inline int64_t money(const struct harness *h, const struct result *r, const char *kind, const char *name, const char *what,
                     int y)
{
    double x = inside(h, r, kind, name, what, y);
    assert_true(x == floor(x));
    return (int64_t)x;
}

/* Ticks times thousandths of capacity in months [from, to). */
static inline int64_t capacity_ticks(const struct harness *h, const struct result *r, const char *name, int from, int to)
{
    size_t at = h->shape->resources[resource_number(h, name)].amount + KITH_POOL_CAPACITY;
    int64_t sum = 0;
    for (int m = from; m < to; m++)
        sum += r->cell.amount[(size_t)m * r->cell.n_amounts + at];
    return sum;
}

/* Units of capacity times years, of counted year y. */
static inline double capacity(const struct harness *h, const struct result *r, const char *name, int y)
{
    return (double)capacity_ticks(h, r, name, 12 * (y - 1), 12 * y) / (1000 * KITH_POOL_TICKS_A_YEAR);
}

/* Pence of a heading of costs in counted year y, of the series. */
static inline int64_t heading(const struct harness *h, const struct result *r, const char *name, int y)
{
    for (size_t c = 0; c < h->shape->n_costs; c++)
        if (strcmp(h->shape->costs[c].name, name) == 0) {
            double sum = 0;
            for (int m = 12 * (y - 1); m < 12 * y; m++)
                sum += r->series.cost[(size_t)m * r->series.n_costs + c];
            return (int64_t)sum;
        }
    fail_msg("no heading %s", name);
    return 0;
}

/* ---- a budget and its contracts as the scenario has them ---------------------------------------------------------- */

struct place {
    const char *resource;
    double price, least, most; /* pence a year; against the first year */
    double declared[3];        /* who can be waited for: capacity of the first year in each area, before it is made whole */
};
struct deal {
    const char *name, *resource;
    double price, pays, expected, cap; /* pence a year each */
    int from, to;
    const char *counts[4];
};
struct plan {
    const char *name, *heading[3];
    struct place place[PLACES];
    double change, carry, extra[YEARS + 1], partners[YEARS + 1];
    struct deal deal[DEALS];
};

/* Its accounts, from year 1. */
struct deal_year {
    int64_t invested, repaid;
    double days, stayed; /* as reported; years in the states that count */
    double units;        /* capacity of its resource */
};
struct year {
    int64_t amount, statutory, places, repaid, partners, spent, balance;
    int64_t headings;      /* of the series of costs */
    double units[PLACES];  /* capacity, times years */
    struct deal_year deal[DEALS];
};
struct books {
    int years;
    struct year year[YEARS + 1];
};

/* ---- a rich scenario with money in it ----------------------------------------------------------------------------- */

#define MAIN \
    "  main:\n" \
    "    what: children in need, and what helps them\n" \
    "    statutory: [care]\n" \
    "    places:\n" \
    "      helpers: {price: 9001.37 GBP/year, least: $fence, most: 1.5}\n" \
    "      seats: {price: 2003.03 GBP/year, least: 0.2, most: 1.2}\n" \
    "    change: $change\n" \
    "    extra: {2: 0.05, 3: 0.021, 5: -0.08}\n" \
    "    carry: 0.73\n"
#define OTHER \
    "  other:\n" \
    "    statutory: [lost, calls]\n" \
    "    places: {workers: {price: 31.41 GBP/week, least: 0.1, most: 1.3}}\n" \
    "    partners: {3: 0.04, 4: 0.08, 6: 0.01}\n"
#define CONTRACTS \
    "contracts:\n" \
    "  bond:\n" \
    "    what: fewer plans\n" \
    "    budget: main\n" \
    "    resource: mentors\n" \
    "    price: 900.91 GBP/year\n" \
    "    from: 2\n" \
    "    to: 4\n" \
    "    counts: [services.plan, school.out]\n" \
    "    expected: 1.1\n" \
    "    pays: 1.37 GBP/day\n" \
    "    cap: 1.2\n" \
    "  second: {budget: main, resource: tutors, price: 20 GBP/week, from: 2, to: 6, counts: [services.cin], expected: 1.3,\n" \
    "    pays: 3.33 GBP/day, cap: 3}\n"

/* Pence a year. */
#define A_WEEK(gbp) ((gbp)*100 * 365.25 / 7)
#define A_DAY(gbp) ((gbp)*100 * 365.25)

static const struct plan main_plan = {
    .name = "main",
    .heading = {"care"},
    .place = {{"helpers", 900137, 0.3, 1.5, {18.78, 9.39, 3.13}}, {"seats", 200303, 0.2, 1.2, {0}}},
    .change = -0.02,
    .carry = 0.73,
    .extra = {[2] = 0.05, [3] = 0.021, [5] = -0.08},
    .deal = {{"bond", "mentors", 90091, A_DAY(1.37), 1.1, 1.2, 2, 4, {"services.plan", "school.out"}},
             {"second", "tutors", A_WEEK(20), A_DAY(3.33), 1.3, 3, 2, 6, {"services.cin"}}},
};
static const struct plan other_plan = {
    .name = "other",
    .heading = {"lost", "calls"},
    .place = {{"workers", A_WEEK(31.41), 0.1, 1.3, {0}}},
    .carry = 1,
    .partners = {[3] = 0.04, [4] = 0.08, [6] = 0.01},
};

enum { BASELINE, NOTHING, SAME, MORE, EARLY, CUT, FENCED, RICH_ARMS_ALL };

/* The arms' own numbers. */
static inline struct plan plan_of(const struct plan *plan, size_t arm)
{
    struct plan p = *plan;
    if (arm == CUT)
        p.change = plan == &main_plan ? -0.12 : p.change;
    if (arm == FENCED && plan == &main_plan)
        p.place[0].least = 1;
    return p;
}

/* Everything but budgets. `minds`: somebody's hazard depends on loads. */
static inline const char *rich(bool minds)
{
    const char *t = edited(RICH, "counted: 4 years", "counted: 6 years");
    t = edited(t, "states: [off, offered, on]", "states: [off, offered, on, queued]");
    t = edited(t, "  price: 120 GBP/week\n", "  price: 120 GBP/week\n  change: {value: -0.02, range: [-1, 1]}\n"
                                             "  fence: {value: 0.3, range: [0, 1]}\n");
    t = edited(t, "set: {uptake: 0.5, slope: 1.3,", "set: {change: -0.02, fence: 0.3, uptake: 0.5, slope: 1.3,");
    t = edited(t, "  early: {from: 2010-04-01, set: {slope: 1.7}}\n",
               "  early: {from: 2010-04-01, set: {slope: 1.7}}\n  cut: {set: {change: -0.12}}\n  fenced: {set: {fence: 1}}\n");
    t = edited(t, "school.in.out: GBP 33.33}}\n",
               "school.in.out: GBP 33.33}}\n  calls: {of: {calls.quiet.quiet: GBP 77.77}}\n");
    if (minds)
        t = edited(t, "ratios: {help: {on: 0.5},\n         area: factor}",
                   "ratios: {help: {on: 0.5},\n         area: factor, load.workers: {0: 1, 9: 1.2, 18: 1.4, 40: 1.8}}");
    return joined(t, "resources:\n"
                     "  helpers:\n"
                     "    capacity: {column: children, times: 0.313}\n"
                     "    used_by: [{chart: help, states: {offered: 1, on: 1.5}, waits_in: queued, priority: {need: {high: 2}}}]\n"
                     "  workers: {capacity: {per_1000_families: 71}, used_by: [{chart: services, states: {cin: 1, plan: 2}}]}\n"
                     "  seats: {capacity: {per_10000_children: 3001}, used_by: [{chart: school, states: [in]}]}\n"
                     "  mentors: {capacity: {number: 3}, used_by: [{chart: need, states: [high]}]}\n"
                     "  tutors: {capacity: {number: 2, calendar: {2021-10-01: 1.5}}, used_by: [{chart: school, states: [out]}]}\n");
}

static inline const char *rich_with(bool minds, const char *budgets)
{
    return joined(rich(minds), budgets);
}

#endif
