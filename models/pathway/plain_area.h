/* Plain families who share the resources of an area, by its rules (sim/area.c, share.c): in order of time, but only what
 * touches a resource needs that order. A family's own events between two touches, and what becomes of its clocks when it
 * touches, are carried out beforehand for all the families of a bucket of the queue (plain_crowd.h). What is left for the
 * moment itself is to give back, to ask, to serve the line, and to begin in a state that had to be waited for; the clocks of
 * those who are sure to stay there for the rest of the bucket race side by side at its end. */
#ifndef KITH_MODELS_PLAIN_AREA_H
#define KITH_MODELS_PLAIN_AREA_H

#include "plain_crowd.h"

/* Its next touch has its turn when it comes. */
static void expect(struct plain_area *a, const struct plain_family *f, uint32_t i)
{
    if (f->at <= a->cell->end && !a->status)
        a->status = kith_queue_push(a->queue, f->at, i);
}

/* The clocks of those who have entered a state race. */
static void race_entered(struct plain_area *a)
{
    unsigned n = a->n_entered;
    a->n_entered = 0;
    if (n < FEW) {
        for (unsigned i = 0; i < n; i++)
            race_one(a->plain, family_at(a, a->entered[i]));
    } else {
        struct crowd c;
        race_crowd(a, a->entered, n, &c);
    }
    for (unsigned i = 0; i < n; i++)
        expect(a, family_at(a, a->entered[i]), a->entered[i]);
}

/* Whether it is sure that a family that has just entered the state leaves it at `until` or later. */
static bool stays(const struct plain_state *st, const struct plain_family *f, double until)
{
    const double *record = (const double *)(const void *)f;
    const struct plain_clock *k = st->clock, *weibull = k + st->n - st->weibull;
    bool sure = true;
    for (; k < weibull; k++)
        sure &= f->at + record[k->rest] / k->rate >= until;
    if (st->weibull) /* if what is left of it to the power 1/shape surely exceeds that part of its scale */
        sure &= pathway_surely_before(k->inverse_shape, record[k->rest], (until - f->at) * k->inverse_scale);
    return sure;
}

/* race_one() for a state's only clock, an exponential one. */
INLINE void race_alone(const struct plain_clock *k, struct plain_family *f)
{
    double *rest = (double *)(void *)f + k->rest, t = f->at;
    f->at = t + *rest / k->rate;
    f->winner = 0;
    *rest -= k->rate * (f->at - t);
    *rest = *rest > 0 ? *rest : 0;
}

/* The family begins in a state at time t. True if its clocks have raced; not at once if it is sure to stay there for the rest of
 * the bucket being drained. */
static bool enter(struct plain_area *a, struct plain_family *f, uint32_t i, unsigned state, double t)
{
    const struct plain_state *st = &a->plain->state[state];
    f->at = t;
    f->state = (uint8_t)state;
    if (st->n == 1 && !st->weibull) {
        race_alone(st->clock, f);
        return true;
    }
    if (!stays(st, f, kith_queue_bucket_end(a->queue))) {
        race_one(a->plain, f);
        return true;
    }
    a->entered[a->n_entered++] = i;
    if (a->n_entered == SOME)
        race_entered(a);
    return false;
}

/* Asks for what the state needs; true if the family has it now, else it waits. */
static bool ask(struct plain_area *a, const struct plain_family *f, uint32_t i, const struct plain_use *to, double t)
{
    struct kith_pool *pool = &a->cell->pool[to->pool];
    if (!to->waits) {
        kith_pool_take(pool, t, to->units);
        return true;
    }
    struct kith_ticket ticket = {.family = i, .who = f->winner, .units = to->units, .priority = to->priority};
    uint32_t number = 0;
    switch (kith_pool_request(pool, t, &ticket, true, &number)) {
    case KITH_POOL_NO_MEMORY:
        a->status = KITH_NO_MEMORY;
        return false;
    case KITH_POOL_HAS:
        return true;
    default:
        return false;
    }
}

/* The family's touch at time t, prepared before. True if it is known when the next one is. */
static bool touch(struct plain_area *a, struct plain_family *f, uint32_t i, double t)
{
    const struct plain_use *was = &a->plain->use[f->was];
    f->fired = false;
    if (!f->asks) {
        kith_pool_give(&a->cell->pool[was->pool], t, was->units, 0);
        return true;
    }
    const struct plain_firing *k = firing(a->plain, f->was, f->winner);
    const struct plain_use *use = &a->plain->use[k->to];
    bool keeps = was->pool == use->pool;
    if (keeps && was->units != use->units)
        kith_pool_adjust(&a->cell->pool[use->pool], t, use->units - was->units, 0);
    if (!keeps && was->pool >= 0)
        kith_pool_give(&a->cell->pool[was->pool], t, was->units, 0);
    if (keeps || ask(a, f, i, use, t)) {
        note(a, f, i, f->was, t, k->code);
        return enter(a, f, i, k->to, t);
    }
    note(a, f, i, f->was, t, k->waiting);
    f->state = (uint8_t)use->wait;
    f->was = (uint8_t)k->to; /* what it waits for */
    f->at = INFINITY;
    return false;
}

/* Gives those in line who have a turn what they wait for; nobody gives anything back then. */
static void serve_lines(struct plain_area *a, double t)
{
    for (size_t i = 0; i < a->cell->n_pools; i++) {
        struct kith_pool *pool = &a->cell->pool[i];
        while (kith_pool_turn(pool) && !a->status) {
            struct kith_ticket who;
            uint32_t holder;
            bool failed = false; /* nobody who holds is noted here */
            kith_pool_next(pool, t, &who, &holder, &failed);
            struct plain_family *f = family_at(a, who.family);
            fetch(a, kith_line_soon(&pool->line, 2, a->n));
            note(a, f, who.family, f->state, t, a->plain->use[f->was].granted);
            if (enter(a, f, who.family, f->was, t))
                expect(a, f, who.family);
        }
    }
}

/* The first of the queue, prepared: those of its bucket with it, or alone if it came into the bucket late. */
static struct plain_family *first_prepared(struct plain_area *a, struct kith_queue_entry first)
{
    struct plain_family *f = family_at(a, first.family);
    size_t n;
    if (f->fired)
        return f;
    const struct kith_queue_entry *bucket = kith_queue_bucket(a->queue, &n);
    if (n && bucket[0].family == first.family)
        prepare(a, bucket, n < SOME ? n : SOME);
    else
        prepare(a, &first, 1);
    return f;
}

/* Those who have not moved since counting began. */
static void stand(struct plain_area *a)
{
    for (uint32_t i = 0; i < a->n && a->cell->share > 0; i++) {
        const struct plain_family *f = family_at(a, i);
        a->cell->whose = i;
        if (f->tracked && !f->stood)
            kith_cell_row_of_day(a->cell, 0, 0, (unsigned)a->plain->state[f->state].standing);
    }
}

/* The area from beginning to end: its own events first, then families by time and number, and lines after each. */
static void run_area(struct plain_area *a)
{
    double area_next = a->coupling->area_begin(a->model, a->cell), end = a->cell->end;
    uint32_t entered[SOME];
    a->entered = entered;
    /* wide buckets: more touches are prepared together, for a few that come into the same bucket late */
    a->status = kith_queue_begin(a->queue, end, a->n / 4);
    begin_all(a);
    while (!a->status && !a->cell->fault) {
        struct kith_queue_entry first = {INFINITY, 0};
        if (a->n_entered && kith_queue_drained(a->queue))
            race_entered(a);
        if (!kith_queue_empty(a->queue))
            first = kith_queue_first(a->queue);
        double t = area_next <= first.time ? area_next : first.time;
        if (!(t <= end))
            break;
        if (area_next <= first.time) {
            area_next = a->coupling->area_event(a->model, a->cell, t);
        } else {
            struct plain_family *f = first_prepared(a, first);
            const struct kith_queue_entry *soon = kith_queue_soon(a->queue, SOME);
            if (soon)
                fetch(a, soon->family);
            kith_queue_pop(a->queue);
            bool known = touch(a, f, first.family, t);
            while (known && f->at <= t && !a->status) { /* all that it does at this moment comes before what others do */
                prepare_one(a, first.family);
                known = touch(a, f, first.family, t);
            }
            if (known)
                expect(a, f, first.family);
        }
        serve_lines(a, t);
        if (a->cell->failed)
            a->status = a->cell->failed;
        if (a->stop && *a->stop)
            a->status = KITH_STOPPED;
    }
    if (!a->status)
        stand(a);
}

#endif
