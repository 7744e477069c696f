/* What the tests of families that meet through the resources of their area share: comparisons of runs of two scenarios,
 * the rich scenario with resources, and an end for what may not return. */
#ifndef KITH_TESTS_COUPLED_H
#define KITH_TESTS_COUPLED_H

#include <signal.h>

#include "cells.h"

/* ---- texts ------------------------------------------------------------------------------------------------------ */

/* The scenario with this ratio (1 by the load of something) in every clock, as far as clocks are written one a line or
 * have ratios: all their events wait for those of others. */
static inline const char *bound(const char *text, const char *ratio)
{
    char *p = new_page();
    while (*text) {
        int n = (int)strcspn(text, "\n");
        char line[2048];
        assert_true(n < (int)sizeof line);
        snprintf(line, sizeof line, "%.*s", n, text);
        const char *ratios = strstr(line, "ratios: {");
        if (strstr(line, "ratios: {}"))
            add_text(p, "%s\n", line);
        else if (ratios)
            add_text(p, "%.*sratios: {%s, %s\n", (int)(ratios - line), line, ratio, ratios + strlen("ratios: {"));
        else if (strstr(line, "- {") && strstr(line, "hazard: {") && line[n - 1] == '}')
            add_text(p, "%.*s, ratios: {%s}}\n", n - 1, line, ratio);
        else
            add_text(p, "%s\n", line);
        text += n + (text[n] == '\n');
    }
    return p;
}

/* ---- runs ------------------------------------------------------------------------------------------------------- */

/* An amount of months [from, to). */
static inline int64_t amount(const struct harness *h, const struct result *r, const char *resource, enum kith_pool_amount what,
                      int from, int to)
{
    size_t at = h->shape->resources[resource_number(h, resource)].amount + what;
    int64_t sum = 0;
    for (int m = from; m < to; m++)
        sum += r->cell.amount[(size_t)m * r->cell.n_amounts + at];
    return sum;
}

/* Some of the families do meet there: they wait, and get what they waited for. */
static inline void served_late(const struct harness *h, const struct result *r, const char *resource)
{
    assert_true(amount(h, r, resource, KITH_POOL_WAITED, 0, h->sc.months) > 5);
    assert_true(amount(h, r, resource, KITH_POOL_WAIT, 0, h->sc.months) > 0);
    assert_true(amount(h, r, resource, KITH_POOL_GRANTED, 0, h->sc.months) > 5);
}

static inline bool has_chart(const struct harness *h, const char *name)
{
    for (size_t i = 0; i < h->shape->n_charts; i++)
        if (strcmp(h->shape->charts[i].name, name) == 0)
            return true;
    return false;
}

/* The transition of the other scenario that is called the same; -1 if there is none. */
static inline int counterpart(const struct harness *h, size_t code, const struct harness *other)
{
    char a[256], b[256];
    harness_name(h, code, a, sizeof a);
    for (size_t i = 0; i < other->shape->n_transitions; i++)
        if (strcmp(harness_name(other, i, b, sizeof b), a) == 0)
            return (int)i;
    return -1;
}

static inline bool in_both(const struct harness *h, size_t code, const struct harness *other)
{
    return has_chart(other, h->shape->charts[h->shape->transitions[code].chart].name);
}

/* The charts that both have, transition by transition, with the ticks of each month; transitions that only one of them
 * has never happened. */
static inline bool same_tallies(struct harness *a, const struct result *x, struct harness *b, const struct result *y)
{
    for (int both = 0; both < 2; both++) {
        struct harness *h = both ? b : a, *other = both ? a : b;
        const struct kith_cell *p = both ? &y->cell : &x->cell, *q = both ? &x->cell : &y->cell;
        for (size_t k = 0; k < h->shape->n_transitions; k++) {
            if (!in_both(h, k, other))
                continue;
            int j = counterpart(h, k, other);
            for (size_t row = 0; row <= (size_t)p->months; row++) {
                struct kith_tally t = p->tally[row * p->n_transitions + k], none = {0, 0};
                struct kith_tally u = j < 0 ? none : q->tally[row * q->n_transitions + (size_t)j];
                if (t.n != u.n || t.rest != u.rest)
                    return false;
            }
        }
    }
    return true;
}

static inline bool same_stocks(struct harness *a, const struct result *x, struct harness *b, const struct result *y)
{
    for (size_t i = 0; i < a->shape->n_states; i++) {
        const struct kith_shape_state *s = &a->shape->states[i];
        char name[256];
        if (!has_chart(b, a->shape->charts[s->chart].name))
            continue;
        snprintf(name, sizeof name, "%s.%s", a->shape->charts[s->chart].name, s->name);
        for (int m = 0; m <= x->series.months; m++)
            if (stock_at(a, x, name, m) != stock_at(b, y, name, m))
                return false;
    }
    return true;
}

/* Day, member and transition of every event of every family, as far as both have the charts. */
static inline bool same_tracks(struct harness *a, struct harness *b)
{
    const struct kith_tracks *t = &a->families.tracks, *u = &b->families.tracks;
    size_t i = 0, j = 0;
    if (t->n_families != u->n_families || t->n_members != u->n_members ||
        !same_bytes(t->birth_day, u->birth_day, t->n_members * sizeof *t->birth_day))
        return false;
    for (size_t f = 0; f < t->n_families; f++)
        for (;; i++, j++) {
            while (i < (size_t)t->event_end[f] && !in_both(a, kith_tracks_code(t, i), b))
                i++;
            while (j < (size_t)u->event_end[f] && !in_both(b, kith_tracks_code(u, j), a))
                j++;
            bool more = i < (size_t)t->event_end[f];
            if (more != (j < (size_t)u->event_end[f]))
                return false;
            if (!more)
                break;
            if (t->day[i] != u->day[j] || kith_tracks_member(t, i) != kith_tracks_member(u, j) ||
                counterpart(a, kith_tracks_code(t, i), b) != (int)kith_tracks_code(u, j))
                return false;
        }
    return true;
}

/* Both have been run last with these results. Stocks, flows (with the moments of their events), counts, costs and
 * trajectories; of two scenarios whose shapes may differ. */
static inline bool same_results(struct harness *a, const struct result *x, struct harness *b, const struct result *y)
{
    return same_tallies(a, x, b, y) && same_stocks(a, x, b, y) && same_tracks(a, b) &&
           x->series.n_counts == y->series.n_counts && x->series.n_costs == y->series.n_costs &&
           same_bytes(x->series.count, y->series.count,
                      ((size_t)x->series.months + 1) * x->series.n_counts * sizeof *x->series.count) &&
           same_bytes(x->series.cost, y->series.cost,
                      (size_t)x->series.months * x->series.n_costs * sizeof *x->series.cost);
}

/* ---- the rich scenario with resources --------------------------------------------------------------------------- */

/* It, with states to wait in, which nobody enters as long as there are no resources. */
static inline const char *rich(void)
{
    const char *t = edited(RICH, "states: [off, offered, on]", "states: [off, offered, on, queued]");
    t = edited(t, "states: [universal, referral, cin, plan, aged_out]",
               "states: [universal, referral, cin, plan, aged_out, listed]");
    return edited(t, "from: [universal, cin, plan], to: aged_out", "from: [universal, cin, plan, listed], to: aged_out");
}

/* Instant states that are held, states held one after the other, charts of families and of children, who may wait and
 * who may not, one resource of several charts. */
static inline const char *resources(const char *helpers, const char *workers, const char *seats)
{
    char *p = new_page();
    add_text(p, "resources:\n"
                "  helpers:\n    capacity: %s\n    used_by:\n"
                "      - {chart: help, states: {offered: 1, on: 1.5}, waits_in: queued,\n"
                "         priority: {need: {high: 3, mid: 2}, deprivation: 1.1 per decile}}\n"
                "  workers:\n    capacity: %s\n    slack: 0\n    used_by:\n"
                "      - {chart: services, states: {referral: 1, cin: 1, plan: 2}, waits_in: listed,\n"
                "         priority: {age: {0: 2, 5: 1}, siblings.services: {in: [plan], ratio: 2}}}\n"
                "      - {chart: need, states: [high]}\n"
                "  seats:\n    capacity: %s\n    used_by: [{chart: school, states: [in]}]\n",
             helpers, workers, seats);
    return p;
}

static inline const char *rich_with(const char *helpers, const char *workers, const char *seats)
{
    return joined(rich(), resources(helpers, workers, seats));
}

/* How many of these comparisons (areas by arms) are equal. */
static inline int equal_results(const char *a, const char *b)
{
    struct harness h, g;
    struct result x, y;
    int equal = 0;
    harness_load_table(&h, a, RICH_TABLE);
    harness_load_table(&g, b, RICH_TABLE);
    for (size_t area = 0; area < 3; area++)
        for (size_t arm = 0; arm < 4; arm += 3) {
            run(&h, &x, arm, 0, area);
            run(&g, &y, arm, 0, area);
            assert_true(x.cell.n_events > 200);
            equal += same_results(&h, &x, &g, &y);
            result_free(&x);
            result_free(&y);
        }
    harness_free(&h);
    harness_free(&g);
    return equal;
}

/* For tests that may not return. */
static inline void too_long(int number)
{
    (void)number;
    fail_msg("goes on for ever");
}

static inline int within_seconds(void **state)
{
    struct sigaction act = {.sa_handler = too_long, .sa_flags = SA_NODEFER};
    (void)state;
    sigemptyset(&act.sa_mask);
    assert_int_equal(sigaction(SIGALRM, &act, NULL), 0);
    alarm(10);
    return 0;
}

static inline int within_minutes(void **state)
{
    within_seconds(state);
    alarm(120);
    return 0;
}

static inline int in_time(void **state)
{
    (void)state;
    alarm(0);
    return 0;
}

#endif
