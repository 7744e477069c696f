/* Plain families of an area between their touches of a resource: what happens to them there is carried out beforehand, for many
 * side by side, each in a state of its own, or for one at a time where there are few. Families are left as of the next
 * touch. plain_area.h says when that is done. */
#ifndef KITH_MODELS_PLAIN_CROWD_H
#define KITH_MODELS_PLAIN_CROWD_H

#include "plain_lanes.h"

/* The family's record. */
INLINE struct plain_family *family_at(const struct plain_area *a, uint32_t i)
{
    return (void *)(a->record + i * a->plain->doubles);
}

/* What follows when that clock of the state fires. */
INLINE const struct plain_firing *firing(const struct plain *pl, uint64_t state, uint64_t winner)
{
    return &pl->firing[state * (PLAIN_WEIBULL + 1) + winner];
}

/* ---- one at a time: the same, for so few that vectors do not pay ------------------------------------------------- */

/* Fewer than this. */
#define FEW 4

/* Records a transition of family i at time t, and before the first one how it stood in state `from` as counting began. */
static void note(struct plain_area *a, struct plain_family *f, uint32_t i, unsigned from, double t, unsigned code)
{
    a->cell->whose = i;
    a->cell->tracking = f->tracked;
    if (f->tracked && !f->stood && t > a->cell->warm_up) {
        f->stood = true;
        kith_cell_row_of_day(a->cell, 0, 0, (unsigned)a->plain->state[from].standing);
    }
    kith_cell_event(a->cell, t, 0, code);
}

/* The race of the clocks of the family's state, entered at f->at, and what the visit leaves of them. */
static void race_one(const struct plain *pl, struct plain_family *f)
{
    const struct plain_state *st = &pl->state[f->state];
    double *record = (double *)(void *)f, best = INFINITY, t = f->at, spent = 0;
    unsigned winner = 0, exponential = st->n - st->weibull;
    for (unsigned k = 0; k < exponential; k++) {
        double at = t + record[st->clock[k].rest] / st->clock[k].rate;
        winner = at < best ? k : winner;
        best = at < best ? at : best;
    }
    if (st->weibull) {
        const struct plain_clock *k = &st->clock[exponential];
        double rest = record[k->rest], part = (best - t) * k->inverse_scale, at = INFINITY;
        bool first = !exponential || pathway_surely_before(k->shape, part, rest);
        double power = kith_pow(first ? rest : part, first ? k->inverse_shape : k->shape);
        spent = first ? 0 : power;
        if (first)
            at = t + k->scale * power;
        else if (spent >= record[k->rest])
            at = t + k->scale * kith_pow(rest, k->inverse_shape);
        winner = at < best ? PLAIN_WEIBULL : winner;
        best = at < best ? at : best;
    }
    f->at = best;
    f->winner = (uint8_t)winner;
    for (unsigned k = 0; k < st->n; k++) {
        double *rest = record + st->clock[k].rest;
        *rest -= k == exponential ? spent : st->clock[k].rate * (best - t);
        *rest = *rest > 0 ? *rest : 0;
    }
}

/* The winner fires: its next draw. */
static void fire_one(const struct plain *pl, struct plain_family *f, const struct plain_firing *won)
{
    double *record = (double *)(void *)f;
    record[pl->rests + won->taken] =
        kith_draw_exponential(kith_draw_mix(kith_draw_mix(f->key, won->key), take_draw(f, won->taken, pl->taken_bytes)));
}

/* Its next event touches nothing and happens. */
static void go_one(struct plain_area *a, uint32_t i)
{
    struct plain_family *f = family_at(a, i);
    const struct plain_firing *k = firing(a->plain, f->state, f->winner);
    fire_one(a->plain, f, k);
    note(a, f, i, f->state, f->at, k->code);
    f->state = (uint8_t)k->to;
}

/* From having entered a state that uses nothing up to the event that touches a resource. */
static void move_one(struct plain_area *a, uint32_t i)
{
    struct plain_family *f = family_at(a, i);
    const struct plain *pl = a->plain;
    for (;;) {
        race_one(pl, f);
        if (!(f->at <= a->cell->end) || firing(pl, f->state, f->winner)->touches)
            return;
        go_one(a, i);
    }
}

/* The family is about to touch a resource: its clock fires, and if it asks for nothing it goes on. */
static void prepare_one(struct plain_area *a, uint32_t i)
{
    struct plain_family *f = family_at(a, i);
    const struct plain *pl = a->plain;
    const struct plain_firing *k = firing(pl, f->state, f->winner);
    f->fired = true;
    f->was = f->state;
    f->asks = k->asks;
    fire_one(pl, f, k);
    if (f->asks)
        return;
    note(a, f, i, f->was, f->at, k->code);
    f->state = (uint8_t)k->to;
    move_one(a, i);
}

/* ---- side by side ----------------------------------------------------------------------------------------------- */

/* Families who[0 .. n) on their way, each in a state of its own.
 *
 * A clock that a state has not reads and leaves as it is a number 2 behind the record of nobody (struct plain.none). As an
 * exponential clock it has rate 0 and fires at infinity. As a Weibull clock it is sure to be first (its inverse scale is
 * 1e100), at an infinite scale times 2 to the power 1, and consumes nothing. */
struct crowd {
    struct visit v;
    _Alignas(64) uint64_t state[SOME], code[SOME], address[PLAIN_WEIBULL + 1][SOME]; /* where the rests are */
    _Alignas(64) double rate[PLAIN_WEIBULL][SOME], scale[SOME];
    uint64_t table[SOME]; /* where the state's row of tables begins, in doubles */
    const struct plain_firing *firing[SOME]; /* of the winner */
};

/* Reads records and states; what a list lacks of a vector is made up with the record of nobody, in no state. Here and below, no
 * state has more than n_exponential exponential clocks. */
INLINE void gather(const struct plain_area *a, const uint32_t *who, unsigned n, unsigned n_exponential, struct crowd *c)
{
    const struct plain *pl = a->plain;
    const double *base = a->record, *positions = (const double *)(const void *)pl->mixed;
    struct visit *v = &c->v;
    rows_of(pl, who, n, a->n, v);
    for (unsigned i = 0; i < v->n; i++) {
        c->state[i] = i < n ? ((const struct plain_family *)(const void *)(base + v->row[i]))->state : pl->n_states;
        c->table[i] = c->state[i] * (sizeof *pl->mixed / sizeof(double));
    }
    for (unsigned i = 0; i < v->n; i += L) {
        LANES(v->entered, i) = load(base + AT, v->row + i);
        kith_real_lanes at[PLAIN_WEIBULL + 1];
        kith_lanes_rows4(positions, c->table + i, &at[0], &at[1], &at[2], &at[3]);
        for (unsigned k = 0; k <= PLAIN_WEIBULL; k++) {
            if (k >= n_exponential && k < PLAIN_WEIBULL)
                continue;
            kith_mask_lanes has_not = (kith_mask_lanes)((kith_word_lanes)at[k] == pl->none);
            kith_word_lanes row = kith_lanes_choose_words(has_not, kith_lanes_word(a->n * pl->doubles), WORDS(v->row, i));
            WORDS(c->address[k], i) = row + (kith_word_lanes)at[k];
            LANES(v->rest[k], i) = load(base, c->address[k] + i);
        }
        kith_lanes_rows4(pl->mixed->rate, c->table + i, &LANES(c->rate[0], i), &LANES(c->rate[1], i), &LANES(c->rate[2], i),
                         &LANES(c->scale, i));
    }
}

/* The race of all clocks, as race() and race_weibull() have it. */
INLINE void race_all(const struct plain *pl, unsigned n_exponential, struct crowd *c)
{
    const double *table = &pl->mixed->shape;
    struct visit *v = &c->v;
    kith_real_lanes never = kith_lanes_real(INFINITY), none = kith_lanes_real(0);
    double *base = v->fresh, *exponent = (double *)v->word, *power = v->spent;
    for (unsigned i = 0; i < v->n; i += L) {
        kith_real_lanes entered = LANES(v->entered, i), best = never, shape, inverse, inverse_scale;
        kith_word_lanes winner = kith_lanes_word(0);
        kith_lanes_rows3(table, c->table + i, &shape, &inverse, &inverse_scale);
        for (unsigned k = 0; k < n_exponential; k++) {
            kith_real_lanes at = entered + LANES(v->rest[k], i) / LANES(c->rate[k], i);
            kith_mask_lanes less = at < best;
            best = kith_lanes_least(at, best);
            winner = kith_lanes_choose_words(less, kith_lanes_word(k), winner);
        }
        LANES(v->at, i) = best;
        WORDS(v->winner, i) = winner;
        kith_real_lanes left = LANES(v->rest[PLAIN_WEIBULL], i), part = (best - entered) * inverse_scale;
        kith_mask_lanes first = surely_before(shape, part, left) | (kith_mask_lanes)(best == never);
        LANES(base, i) = kith_lanes_choose(first, left, part);
        LANES(exponent, i) = kith_lanes_choose(first, inverse, shape);
        WORDS(v->go, i) = (kith_word_lanes)first;
    }
    kith_lanes_powers(base, exponent, power, v->n, &v->scratch);
    for (unsigned i = 0; i < v->n; i += L) {
        kith_real_lanes entered = LANES(v->entered, i), best = LANES(v->at, i), p = LANES(power, i);
        kith_real_lanes scale = LANES(c->scale, i);
        kith_mask_lanes first = (kith_mask_lanes)WORDS(v->go, i);
        kith_real_lanes spent = kith_lanes_choose(first, none, p);
        kith_real_lanes at = kith_lanes_choose(first, entered + scale * p, never);
        kith_mask_lanes late = ~first & (spent >= LANES(v->rest[PLAIN_WEIBULL], i));
        if (kith_lanes_any(late))
            for (unsigned j = 0; j < L; j++)
                if (late[j])
                    at[j] = entered[j] + scale[j] * kith_pow(v->rest[PLAIN_WEIBULL][i + j], pl->mixed[c->state[i + j]].inverse_shape);
        kith_mask_lanes less = at < best;
        LANES(v->spent, i) = spent;
        LANES(v->at, i) = kith_lanes_least(at, best);
        WORDS(v->winner, i) = kith_lanes_choose_words(less, kith_lanes_word(PLAIN_WEIBULL), WORDS(v->winner, i));
    }
}

/* What the visit leaves of all clocks, of those whose visit ends in time: v->go. */
INLINE void consume_all(const struct plain_area *a, unsigned n_exponential, struct crowd *c)
{
    const struct plain *pl = a->plain;
    struct visit *v = &c->v;
    kith_real_lanes none = kith_lanes_real(0);
    kith_word_lanes nobody = kith_lanes_word(a->n * pl->doubles + pl->rests);
    for (unsigned i = 0; i < v->n; i += L) {
        kith_mask_lanes go = (kith_mask_lanes)WORDS(v->go, i);
        kith_real_lanes length = LANES(v->at, i) - LANES(v->entered, i);
        for (unsigned k = 0; k <= PLAIN_WEIBULL; k++) {
            if (k >= n_exponential && k < PLAIN_WEIBULL)
                continue;
            uint64_t address[L];
            kith_real_lanes used = LANES(v->spent, i);
            if (k < PLAIN_WEIBULL)
                used = LANES(c->rate[k], i) * length;
            kith_lanes_store(address, kith_lanes_choose_words(go, WORDS(c->address[k], i), nobody));
            store(a->record, address, kith_lanes_most(LANES(v->rest[k], i) - used, none));
        }
    }
}

/* If number i of a crowd goes, what is needed for that moves up to that of the *n others who do; k is what follows. Without a jump:
 * it could not be foreseen. */
INLINE void move_up(struct crowd *c, unsigned i, const struct plain_firing *k, bool goes, uint32_t *who, unsigned *n)
{
    c->firing[*n] = k;
    c->code[*n] = k->code;
    c->v.row[*n] = c->v.row[i];
    c->v.at[*n] = c->v.at[i];
    who[*n] = who[i];
    *n += goes;
}

/* Which draws the winners take next, with which keys, and where they are put. */
INLINE void take_draws(const struct plain_area *a, struct crowd *c, size_t bytes)
{
    struct visit *v = &c->v;
    for (unsigned i = 0; i < v->n; i++) {
        const struct plain_firing *k = c->firing[i];
        struct plain_family *f = (void *)(a->record + v->row[i]);
        memcpy(&v->key[i], &f->key, sizeof f->key);
        v->word[i] = k->key;
        v->taken[i] = take_draw(f, k->taken, bytes);
        c->address[0][i] = v->row[i] + a->plain->rests + k->taken;
    }
}

/* The next unit exponentials of n families' winners. */
INLINE void draw_all(const struct plain_area *a, unsigned n, struct crowd *c)
{
    struct visit *v = &c->v;
    make_up(a->plain, n, a->n, v);
    for (unsigned i = n; i < v->n; i++)
        c->firing[i] = c->firing[0];
#define TAKE(bytes) take_draws(a, c, bytes)
    WITH_BYTES(a->plain, TAKE);
#undef TAKE
    for (unsigned i = 0; i < v->n; i += L)
        WORDS(v->word, i) =
            kith_lanes_mix(kith_lanes_mix((kith_word_lanes)LANES(v->key, i), WORDS(v->word, i)), WORDS(v->taken, i));
    kith_lanes_exponentials(v->word, v->fresh, v->n, &v->scratch);
    for (unsigned i = 0; i < v->n; i++)
        a->record[c->address[0][i]] = v->fresh[i];
}

/* Adds the rows of those who are tracked. */
static void track_all(const struct plain_area *a, const struct crowd *c, const uint32_t *who, unsigned n)
{
    const struct visit *v = &c->v;
    struct rows r;
    if (!begin_rows(a->cell, n, &r))
        return;
    for (unsigned i = 0; i < n; i++) {
        struct plain_family *f = (void *)(a->record + v->row[i]);
        add_rows(&r, who[i], f->tracked, f->stood, &a->plain->state[f->state], c->code[i], v->at[i]);
        f->stood |= f->tracked & (v->at[i] > r.warm_up);
    }
    a->cell->n_rows = r.n;
}

/* Counts and records the firings of families who[0 .. n), who are in their new states then. */
INLINE void follow(struct plain_area *a, struct crowd *c, const uint32_t *who, unsigned n)
{
    struct visit *v = &c->v;
    if (a->cell->share > 0)
        track_all(a, c, who, n);
    tally(a->cell, c->code, v, n, true);
    for (unsigned i = 0; i < n; i++) {
        struct plain_family *f = (void *)(a->record + v->row[i]);
        f->state = (uint8_t)c->firing[i]->to;
    }
}

/* race_crowd() with a constant. */
INLINE void race_clocks(struct plain_area *a, const uint32_t *who, unsigned n, unsigned n_exponential, struct crowd *c)
{
    struct visit *v = &c->v;
    gather(a, who, n, n_exponential, c);
    race_all(a->plain, n_exponential, c);
    for (unsigned i = 0; i < v->n; i += L)
        WORDS(v->go, i) = (kith_word_lanes)(LANES(v->at, i) <= a->cell->end);
    consume_all(a, n_exponential, c);
    for (unsigned i = 0; i < n; i++) {
        struct plain_family *f = (void *)(a->record + v->row[i]);
        f->at = v->at[i];
        f->winner = (uint8_t)v->winner[i];
    }
}

/* Families who[0 .. n) have just entered their states: when each leaves, and by which clock (race_one). v->go: before the end. */
static void race_crowd(struct plain_area *a, const uint32_t *who, unsigned n, struct crowd *c)
{
    if (a->plain->n_exponential < PLAIN_WEIBULL)
        race_clocks(a, who, n, PLAIN_WEIBULL - 1, c);
    else
        race_clocks(a, who, n, PLAIN_WEIBULL, c);
}

/* Families who[0 .. n) have just entered states that use nothing. Those whose next event touches no resource have it; who[] is the
 * list of them then, and their number is returned. The others remember when it is. */
static unsigned step(struct plain_area *a, uint32_t *who, unsigned n)
{
    const struct plain *pl = a->plain;
    struct crowd c;
    struct visit *v = &c.v;
    race_crowd(a, who, n, &c);
    unsigned left = 0;
    for (unsigned i = 0; i < n; i++) {
        const struct plain_firing *k = firing(pl, c.state[i], v->winner[i]);
        move_up(&c, i, k, (v->go[i] & 1) & !k->touches, who, &left);
    }
    if (left < FEW) {
        for (unsigned i = 0; i < left; i++)
            go_one(a, who[i]);
        return left;
    }
    draw_all(a, left, &c);
    follow(a, &c, who, left);
    return left;
}

/* Has families who[0 .. n) go on until `few` are left; returns how many that are. */
static unsigned move_on(struct plain_area *a, uint32_t *who, unsigned n, unsigned few)
{
    while (n >= FEW && n > few)
        n = step(a, who, n);
    if (few)
        return n;
    for (unsigned i = 0; i < n; i++)
        move_one(a, who[i]);
    return 0;
}

/* Families who[0 .. n) are about to touch a resource: their clocks fire, and who asks for nothing goes on. */
static void fire_all(struct plain_area *a, uint32_t *who, unsigned n)
{
    const struct plain *pl = a->plain;
    struct crowd c;
    struct visit *v = &c.v;
    unsigned left = 0;
    rows_of(pl, who, n, a->n, v);
    for (unsigned i = 0; i < n; i++) {
        struct plain_family *f = (void *)(a->record + v->row[i]);
        c.firing[i] = firing(pl, f->state, f->winner);
        v->at[i] = f->at;
        f->fired = true;
        f->was = f->state;
        f->asks = c.firing[i]->asks;
    }
    draw_all(a, n, &c);
    for (unsigned i = 0; i < n; i++) /* who asks stays in its state for now */
        move_up(&c, i, c.firing[i], !c.firing[i]->asks, who, &left);
    follow(a, &c, who, left);
    move_on(a, who, left, 0);
}

/* Has a family's record brought into the cache while other things are done. */
INLINE void fetch(const struct plain_area *a, uint32_t family)
{
    const double *line = a->record + family * a->plain->doubles, *last = line + a->plain->doubles - 1;
#pragma GCC unroll 1
    for (; line < last; line += PLAIN_LINE)
        __builtin_prefetch(line);
    if (a->plain->doubles % PLAIN_LINE) /* else it ends where a line does, as it began */
        __builtin_prefetch(last);
}

/* The same at once, by reading it: for many families, one after the other, that takes less time than fetching them all (the CPU
 * may drop fetches when there are many). */
INLINE void bring(const struct plain_area *a, uint32_t family)
{
    const volatile double *line = a->record + family * a->plain->doubles, *last = line + a->plain->doubles - 1;
#pragma GCC unroll 1
    for (; line < last; line += PLAIN_LINE)
        (void)*line;
    if (a->plain->doubles % PLAIN_LINE)
        (void)*last;
}

/* Prepares the touches of n families, at most SOME. */
static void prepare(struct plain_area *a, const struct kith_queue_entry *entry, size_t n)
{
    uint32_t who[SOME];
    for (size_t i = 0; i < n; i++)
        bring(a, who[i] = entry[i].family);
    if (n < FEW)
        for (size_t i = 0; i < n; i++)
            prepare_one(a, who[i]);
    else
        fire_all(a, who, (unsigned)n);
}

/* All families begin, and go on to their first touch. */
static void begin_all(struct plain_area *a)
{
    const struct plain *pl = a->plain;
    struct visit v;
    uint32_t who[SOME];
    unsigned left = 0;
    memset(a->record + (size_t)a->n * pl->doubles, 0, pl->doubles * sizeof(double));
    a->record[(size_t)a->n * pl->doubles + pl->none] = 2; /* see struct crowd */
    for (uint32_t next = 0; next < a->n || left;) {
        if (a->stop && *a->stop) {
            a->status = KITH_STOPPED;
            return;
        }
        unsigned n = a->n - next < SOME - left ? a->n - next : SOME - left;
        for (unsigned i = 0; i < n; i++) {
            struct plain_family *f = family_at(a, who[left + i] = next + i);
            memset(f, 0, pl->rests * sizeof(double));
            f->state = (uint8_t)pl->start;
            f->tracked = kith_cell_tracks(a->cell, next + i);
        }
        rows_of(pl, who + left, n, a->n, &v);
        for (unsigned i = 0; i < v.n; i++)
            v.taken[i] = next + i;
        first_draws(pl, a->cell, a->record, &v);
        next += n;
        left = move_on(a, who, left + n, next < a->n ? SOME / 2 : 0);
    }
    for (uint32_t i = 0; i < a->n && !a->status; i++)
        a->status = kith_queue_push(a->queue, family_at(a, i)->at, i);
    a->cell->tally[pl->entry].n += a->n;
    a->cell->n_events += a->n;
}

#endif
