/* Plain families that nothing couples: begun, carried through their events and forgotten, always some hundreds on their way. */
#ifndef KITH_MODELS_PLAIN_BATCH_H
#define KITH_MODELS_PLAIN_BATCH_H

#include "plain_lanes.h"

/* Takes families who[0 .. n) through the state in which they all are. `divide`: see race(). */
INLINE void visits(struct plain_batch *b, const struct plain_state *st, unsigned n_clocks, bool weibull, bool divide,
                   const uint32_t *who, unsigned n)
{
    struct visit v;
    rows_of(b->plain, who, n, PLAIN_FAMILIES, &v);
    look_up(b->record, st, n_clocks, &v);
    race(st, n_clocks - weibull, divide, &v);
    if (weibull)
        race_weibull(st, n_clocks, &v);
    draw(b->plain, b->record, st, &v);
    consume(b->record, st, n_clocks, weibull, &v);
    if (b->cell->share > 0)
        track(b, st, &v, who, n);
    who_goes(b->cell, &v);
    count(b->cell, st, n_clocks, &v, n);
    send(b, st, n_clocks, &v, who, n);
}

/* Nothing more happens to families in a state without clocks. */
static void rest_there(struct plain_batch *b, const struct plain_state *st, const uint32_t *who, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        const struct plain_family *f = (const void *)(b->record + who[i] * b->plain->doubles);
        b->cell->whose = b->number[who[i]];
        if (f->tracked && f->at <= b->cell->warm_up)
            kith_cell_row_of_day(b->cell, 0, 0, (unsigned)st->standing);
        b->idle[b->n_idle++] = who[i];
    }
}

/* Takes n families off the list and through their state; with constants where that pays. */
static void serve(struct plain_batch *b, size_t list, unsigned n)
{
    bool begun = list == b->plain->n_states;
    const struct plain_state *st = &b->plain->state[begun ? b->plain->start : list];
    uint32_t who[SOME];
    n = take(&b->lists, list, n, who);
    if (!st->n)
        rest_there(b, st, who, n);
    else if (begun)
        visits(b, st, st->n, st->weibull, true, who, n);
    else if (st->n == 2 && st->weibull)
        visits(b, st, 2, true, false, who, n);
    else if (st->n == 2)
        visits(b, st, 2, false, false, who, n);
    else if (st->n == 3 && st->weibull)
        visits(b, st, 3, true, false, who, n);
    else
        visits(b, st, st->n, st->weibull, false, who, n);
}

/* Lets families begin in n records of nobody. */
static void begin(struct plain_batch *b, unsigned n)
{
    const struct plain *pl = b->plain;
    struct visit v;
    uint32_t who[SOME];
    b->n_idle -= n;
    memcpy(who, b->idle + b->n_idle, n * sizeof *who);
    rows_of(pl, who, n, PLAIN_FAMILIES, &v);
    for (unsigned i = 0; i < v.n; i++) {
        struct plain_family *f = (void *)(b->record + v.row[i]);
        memset(f, 0, pl->doubles * sizeof(double));
        v.taken[i] = b->next;
        if (i >= n)
            continue;
        b->number[who[i]] = (uint32_t)(b->next - b->from);
        f->tracked = kith_cell_tracks(b->cell, b->next++);
        b->lists.list[pl->n_states * PLAIN_LIST + b->lists.listed[pl->n_states]++] = who[i];
    }
    b->cell->tally[pl->entry].n += n;
    b->cell->n_events += n;
    first_draws(pl, b->cell, b->record, &v);
}

/* The same in as many as there are, if that is worth while. */
static void refill(struct plain_batch *b, bool must)
{
    while (b->next < b->to && (b->n_idle >= PLAIN_FAMILIES / 8 || (must && b->n_idle))) {
        uint64_t n = b->n_idle < SOME ? b->n_idle : SOME;
        begin(b, (unsigned)(n < b->to - b->next ? n : b->to - b->next));
    }
}

/* Whole vectors as long as there are any, then the longest list as it is. */
static void run_batch(struct plain_batch *b)
{
    const uint32_t *listed = b->lists.listed;
    for (;;) {
        bool any = false;
        size_t longest = 0;
        refill(b, false);
        for (size_t i = 0; i < b->plain->n_states + 1; i++) {
            unsigned n = listed[i] / L * L;
            any = any || n;
            if (n)
                serve(b, i, n);
            longest = listed[i] > listed[longest] ? i : longest;
        }
        if (any)
            continue;
        if (listed[longest])
            serve(b, longest, listed[longest]);
        else if (b->next < b->to)
            refill(b, true);
        else
            return;
    }
}

#endif
