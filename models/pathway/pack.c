/* A family between its events, in few bytes. An area has many families and only one is at work: those who wait take a
 * fifth of the room, so that more of them lie in a cache, and a small part of them comes from memory for an event.
 *
 * Left out is what follows from the rest (keys, numbers of slots), what an instance that is over had, and a clock's
 * ratio unless it runs; bits say which of the other values differ from the usual one and follow. A clock's consumption
 * that was worked out beforehand is worked out again when it is needed, to the same bits.
 *
 * An instance is its head, which is what others may ask of it at any event, and the rest, clocks and all. The rest is unpacked
 * when something happens to the instance: to a fifth of them, each time that a family is unpacked. Those to which nothing
 * happened are copied when the family is packed again. */
#include "family.h"

/* What is so of an instance; from NEXT on, which values follow, those of the rest last. */
enum { LIVE = 1, BREAK_NEXT = 2, NEXT = 4, CASE = 8, ENTERED = 16, UPDATED = 32, CHANGES = 64, DECIDED = 128 };
#define OF_REST (BREAK_NEXT | ENTERED | UPDATED | CHANGES | DECIDED)
/* Bytes of a head: these bits, state, winner, what it listens to, bytes of the rest; two values may follow. */
#define HEAD_BYTES 5
/* Bytes of the rest, up to LONG, which means that they follow. */
#define LONG 255
/* Of a member. */
enum { MEMBER_LIVE = 1, ARRIVAL = 2, MARKS = 4, USES = 8 };
/* Of a slot; then its draws, up to MANY, which means that their number follows. */
enum { SLOT = 1, DRAWN = 2, USUAL = 4, RATIO = 8, SINCE = 16, DRAWS = 32, MANY = 7 };
_Static_assert(PATHWAY_PARTS_MAX <= UINT16_MAX, "a clock's number has 16 bits");

#define PUT(at, x) (memcpy((at), &(x), sizeof(x)), (at) += sizeof(x))
#define GET(at, x) (memcpy(&(x), (at), sizeof(x)), (at) += sizeof(x))

/* A word that is kept if there (0 or 1). Written and read in any case: which values are there changes from one to the
 * next, and a jump on that would be mispredicted more often than not. */
static inline unsigned char *put_if(unsigned char *at, unsigned there, uint64_t w)
{
    memcpy(at, &w, sizeof w);
    return at + sizeof w * there;
}

static inline uint64_t get_if(const unsigned char **at, unsigned there, uint64_t usual)
{
    uint64_t w, mask = (uint64_t)0 - there;
    memcpy(&w, *at, sizeof w);
    *at += sizeof w * there;
    return (w & mask) | (usual & ~mask);
}

/* Whether the bit is set, as 0 or 1. */
static inline unsigned has(unsigned flags, unsigned bit)
{
    return (flags & bit) != 0;
}

/* When the member's charts began, as a rule. */
static double beginning(const struct family *f, unsigned m)
{
    return f->n_children ? f->member[m ? m : 1]->arrival : 0;
}

/* ---- clocks ----------------------------------------------------------------------------------------------------- */

static inline unsigned char *put_slot(unsigned char *at, const struct slot *s, double own)
{
    uint64_t ratio = kith_real_bits(s->ratio), since = kith_real_bits(s->since), usual_ratio = kith_real_bits(own);
    unsigned drawn = s->drawn, usual = ratio == usual_ratio, other = (ratio != usual_ratio) & (ratio != 0),
             marked = since != kith_real_bits(-INFINITY), draws = s->taken < MANY ? s->taken : MANY;
    *at++ = (unsigned char)(SLOT | drawn * DRAWN | usual * USUAL | other * RATIO | marked * SINCE | draws * DRAWS);
    at = put_if(at, drawn, kith_real_bits(s->rest));
    at = put_if(at, other, ratio);
    at = put_if(at, marked, since);
    if (draws == MANY)
        PUT(at, s->taken);
    return at;
}

static inline const unsigned char *get_slot(const unsigned char *at, struct slot *s, unsigned m, unsigned which, double own)
{
    unsigned flags = *at++;
    uint32_t taken = flags / DRAWS;
    uint64_t rest = get_if(&at, has(flags, DRAWN), 0);
    uint64_t ratio = get_if(&at, has(flags, RATIO), kith_real_bits(own) & ((uint64_t)0 - has(flags, USUAL)));
    uint64_t since = get_if(&at, has(flags, SINCE), kith_real_bits(-INFINITY));
    if (taken == MANY)
        GET(at, taken);
    *s = (struct slot){.rest = kith_real_from_bits(rest), .ratio = kith_real_from_bits(ratio),
                       .since = kith_real_from_bits(since), .spent_at = -1, .taken = taken,
                       .number = (uint16_t)which, .member = (uint8_t)m, .drawn = has(flags, DRAWN)};
    return at;
}

/* A clock that does not run: the same, without what such a clock has not. */
static inline unsigned char *put_idle_slot(unsigned char *at, const struct slot *s)
{
    unsigned drawn = s->drawn, draws = s->taken < MANY ? s->taken : MANY;
    *at++ = (unsigned char)(SLOT | drawn * DRAWN | draws * DRAWS);
    at = put_if(at, drawn, kith_real_bits(s->rest));
    if (draws == MANY)
        PUT(at, s->taken);
    return at;
}

static inline const unsigned char *get_idle_slot(const unsigned char *at, struct slot *s, unsigned m, unsigned which)
{
    unsigned flags = *at++;
    uint32_t taken = flags / DRAWS;
    uint64_t rest = get_if(&at, has(flags, DRAWN), 0);
    if (taken == MANY)
        GET(at, taken);
    *s = (struct slot){.rest = kith_real_from_bits(rest), .since = -INFINITY, .spent_at = -1, .taken = taken,
                       .number = (uint16_t)which, .member = (uint8_t)m, .drawn = has(flags, DRAWN)};
    return at;
}

/* The clocks that run in the instance's state, then those of its chart that do not but have. */
static unsigned char *put_clocks(const struct tables *t, const struct chart *ch, struct range running, const struct member *w,
                                 const struct slot *slots, unsigned char *at)
{
    const struct enabled_slot *e = &t->enabled_slot[running.first], *end = e + running.n;
    const uint16_t *slot_of = w->at;
    uint64_t runs[PATHWAY_PARTS_MAX / 64 + 1];
    unsigned n = ch->clocks.n, first = n ? t->clocks[ch->clocks.first].slot : 0;
    memset(runs, 0, (n / 64 + 1) * sizeof *runs);
    for (; e < end; e++) {
        unsigned slot = slot_of[e->slot], k = e->slot - first;
        runs[k / 64] |= 1ull << k % 64;
        if (slot)
            at = put_slot(at, &slots[slot - 1], e->ratio);
        else
            *at++ = 0;
    }
    for (unsigned k = 0; k < n; k++) {
        uint64_t four;
        memcpy(&four, &slot_of[first + k], sizeof four);
        if (!four) { /* most never ran */
            k += 3;
            continue;
        }
        unsigned slot = slot_of[first + k];
        if (!slot || runs[k / 64] >> k % 64 & 1)
            continue;
        uint16_t number = (uint16_t)(first + k);
        PUT(at, number);
        at = put_idle_slot(at, &slots[slot - 1]);
    }
    return at;
}

static void get_clocks(const struct tables *t, struct range running, struct family *f, unsigned m, const unsigned char *at,
                       const unsigned char *to)
{
    const struct enabled_slot *e = &t->enabled_slot[running.first], *end = e + running.n;
    struct slot *slot = f->slot + f->n_slots;
    uint16_t *slot_of = f->member[m]->at, n = f->n_slots, number;
    for (; e < end; e++)
        if (*at) {
            at = get_slot(at, slot++, m, e->slot, e->ratio);
            slot_of[e->slot] = ++n;
        } else {
            at++;
        }
    while (at < to) {
        GET(at, number);
        at = get_idle_slot(at, slot++, m, number);
        slot_of[number] = ++n;
    }
    f->n_slots = n;
}

void pathway_find_enabled(struct build *b, struct tables *t)
{
    t->enabled_slot = pathway_keep(b, t->n_enabled, sizeof *t->enabled_slot);
    t->enabled_in = pathway_keep(b, t->n_states, sizeof *t->enabled_in);
    for (size_t i = 0; t->enabled_slot && i < t->n_enabled; i++)
        t->enabled_slot[i] = (struct enabled_slot){t->enabled[i].ratio, t->enabled[i].slot};
    for (size_t s = 0; t->enabled_in && s < t->n_states; s++)
        t->enabled_in[s] = t->states[s].clocks;
}

/* ---- charts ----------------------------------------------------------------------------------------------------- */

/* The head of an instance that lives. The size of its rest follows in head[4]. */
static inline unsigned char *put_head(unsigned char *at, const struct instance *in, double next, unsigned of_rest,
                                      uint64_t *last_case)
{
    uint64_t soon = kith_real_bits(next);
    unsigned own = soon != kith_real_bits(INFINITY), other = in->which_case != *last_case;
    at[0] = (unsigned char)(LIVE | of_rest | own * NEXT | other * CASE);
    at[1] = in->state;
    at[2] = in->winner;
    at[3] = in->listens;
    at = put_if(at + HEAD_BYTES, own, soon);
    at = put_if(at, other, in->which_case);
    *last_case = in->which_case;
    return at;
}

/* Where the head ends that begins there. */
static inline size_t bytes_of_head(const unsigned char *head)
{
    return HEAD_BYTES + 8 * has(*head, NEXT) + 8 * has(*head, CASE);
}

static unsigned char *put_instance(const struct tables *t, const struct chart *ch, const struct family *f, const struct member *w,
                                   unsigned char *at, double began, double next, uint64_t *last_case)
{
    const struct instance *in = &w->instances[ch->place];
    uint64_t at_entry = kith_real_bits(in->entered), last = kith_real_bits(in->updated), change = kith_real_bits(in->change);
    unsigned entered = at_entry != kith_real_bits(began), updated = last != at_entry, breaks = change == kith_real_bits(next),
             never = change == kith_real_bits(INFINITY), changes = !(breaks | never), decided = in->decided != 0;
    if (!in->live) {
        at[0] = 0;
        at[1] = in->state;
        return at + 2;
    }
    unsigned char *head = at, *rest = at = put_head(
        at, in, next, breaks * BREAK_NEXT | entered * ENTERED | updated * UPDATED | changes * CHANGES | decided * DECIDED, last_case);
    at = put_if(at, entered, at_entry);
    at = put_if(at, updated, last);
    at = put_if(at, changes, change);
    at = put_if(at, decided, in->decided);
    at = put_clocks(t, ch, t->enabled_in[ch->first_state + in->state], w, f->slot, at);
    uint16_t bytes = (uint16_t)(at - rest);
    head[4] = (unsigned char)(bytes < LONG ? bytes : LONG);
    if (bytes >= LONG) {
        memmove(rest + sizeof bytes, rest, bytes);
        memcpy(rest, &bytes, sizeof bytes);
        at += sizeof bytes;
    }
    return at;
}

/* An instance to which nothing has happened, but perhaps to the one before it. */
static unsigned char *put_copy(const struct instance *in, const unsigned char *from, const unsigned char *to, unsigned char *at,
                               double next, uint64_t *last_case)
{
    unsigned char *head = at;
    at = put_head(at, in, next, *from & OF_REST, last_case);
    head[4] = from[4];
    from += bytes_of_head(from);
    memcpy(at, from, (size_t)(to - from));
    return at + (to - from);
}

static inline const unsigned char *get_head(const unsigned char *at, struct instance *in, double *next, uint64_t *last_case)
{
    unsigned flags = at[0], bytes = at[4];
    if (!(flags & LIVE)) {
        *in = (struct instance){.state = at[1]};
        *next = INFINITY;
        return at + 2;
    }
    in->state = at[1];
    in->winner = at[2];
    in->listens = at[3];
    in->live = in->asleep = true;
    in->touched = in->stale = false;
    at += HEAD_BYTES;
    *next = kith_real_from_bits(get_if(&at, has(flags, NEXT), kith_real_bits(INFINITY)));
    in->which_case = *last_case = get_if(&at, has(flags, CASE), *last_case);
    if (bytes < LONG)
        return at + bytes;
    uint16_t n;
    GET(at, n);
    return at + n;
}

/* The member's first instance in family.stood. */
static struct stood *stood_of(const struct pathway *p, const struct family *f, unsigned m)
{
    return f->stood + (m ? 1 + p->n_of[0] + (m - 1) * (1 + p->n_of[1]) : 0);
}

void pathway_unpack_rest(const struct pathway *p, struct family *f, unsigned m, unsigned place)
{
    struct instance *in = &f->member[m]->instances[place];
    const struct stood *stood = stood_of(p, f, m) + place;
    const unsigned char *at = f->packed + stood[0].at, *to = f->packed + stood[1].at;
    unsigned flags = *at, is_long = at[4] == LONG;
    at += bytes_of_head(at) + 2 * is_long;
    double next = f->next[next_index(p, m, place)];
    uint64_t entered = get_if(&at, has(flags, ENTERED), kith_real_bits(beginning(f, m)));
    in->entered = kith_real_from_bits(entered);
    in->updated = kith_real_from_bits(get_if(&at, has(flags, UPDATED), entered));
    in->change = kith_real_from_bits(
        get_if(&at, has(flags, CHANGES), kith_real_bits(flags & BREAK_NEXT ? next : INFINITY)));
    in->decided = get_if(&at, has(flags, DECIDED), 0);
    in->asleep = false;
    get_clocks(f->t, f->t->enabled_in[p->first_state_at[m > 0][place] + in->state], f, m, at, to);
}

/* ---- members ---------------------------------------------------------------------------------------------------- */

/* Marks that were set, and what is used or waited for: numbers and values; the number of all ends each list. */
static unsigned char *put_uses(const struct pathway *p, const struct member *w, bool child, unsigned char *at,
                               unsigned char *flags)
{
    unsigned char *from = at, n = (unsigned char)p->n_marks_of[child], n_uses = (unsigned char)p->n_uses_of[child];
    for (unsigned char i = 0; i < n; i++)
        if (w->marks[i].n) {
            *at++ = i;
            PUT(at, w->marks[i].time);
            PUT(at, w->marks[i].n);
        }
    if (at > from) {
        *flags |= MARKS;
        *at++ = n;
    }
    from = at;
    for (unsigned char i = 0; i < n_uses; i++)
        if (w->uses[i].held || w->uses[i].waiting || w->uses[i].again) {
            *at++ = i;
            PUT(at, w->uses[i]);
        }
    if (at > from) {
        *flags |= USES;
        *at++ = n_uses;
    }
    return at;
}

static const unsigned char *get_uses(const struct pathway *p, struct member *w, bool child, const unsigned char *at,
                                     unsigned flags)
{
    unsigned i;
    while (flags & MARKS && (i = *at++) < p->n_marks_of[child]) {
        GET(at, w->marks[i].time);
        GET(at, w->marks[i].n);
    }
    while (flags & USES && (i = *at++) < p->n_uses_of[child])
        GET(at, w->uses[i]);
    return at;
}

static unsigned char *put_member(const struct pathway *p, const struct family *f, unsigned m, unsigned char *at)
{
    const struct member *w = f->member[m];
    const struct instance *in = w->instances;
    const struct tables *t = f->t;
    unsigned char *flags = at++;
    double began = beginning(f, m);
    uint64_t last_case = 0;
    *flags = (unsigned char)((w->live ? MEMBER_LIVE : 0) | (w->arrival != w->birth ? ARRIVAL : 0));
    if (m)
        PUT(at, w->birth);
    if (*flags & ARRIVAL)
        PUT(at, w->arrival);
    if (m > f->n_begun)
        return at;
    at = put_uses(p, w, m > 0, at, flags);
    const double *next = &f->next[next_index(p, m, 0)];
    const struct stood *stood = stood_of(p, f, m);
    for (size_t n = p->n_of[m > 0], place = 0; place < n; place++) {
        size_t as_was = place;
        while (f->packed && as_was < n && !in[as_was].stale)
            as_was++;
        if (as_was > place && stood[place].last_case == last_case) {
            size_t bytes = stood[as_was].at - stood[place].at;
            memcpy(at, f->packed + stood[place].at, bytes);
            at += bytes;
            last_case = stood[as_was].last_case;
            place = as_was - 1;
        } else if (as_was > place && in[place].live) {
            at = put_copy(&in[place], f->packed + stood[place].at, f->packed + stood[place + 1].at, at, next[place], &last_case);
        } else {
            at = put_instance(t, &t->charts[p->chart_at[m > 0][place]], f, w, at, began, next[place], &last_case);
        }
    }
    return at;
}

/* `keys` is the key of all members' keys. */
static const unsigned char *get_member(const struct pathway *p, struct family *f, uint64_t keys, unsigned m, const unsigned char *at)
{
    struct member *w = f->member[m];
    struct instance *in = w->instances;
    bool child = m > 0;
    size_t n = p->n_of[child];
    unsigned flags = *at++;
    uint64_t last_case = 0;
    w->key = kith_draw_mix(keys, m);
    w->live = flags & MEMBER_LIVE;
    if (m)
        GET(at, w->birth);
    w->arrival = w->birth;
    if (flags & ARRIVAL)
        GET(at, w->arrival);
    memset(w->uses, 0, (size_t)((unsigned char *)w + p->bytes_of[child] - (unsigned char *)w->uses)); /* and marks, numbers of slots */
    if (m > f->n_begun) {
        memset(w->instances, 0, n * sizeof *w->instances);
        for (unsigned place = 0; place < n; place++)
            f->next[next_index(p, m, place)] = INFINITY;
        return at;
    }
    at = get_uses(p, w, child, at, flags);
    double *next = &f->next[next_index(p, m, 0)];
    struct stood *stood = stood_of(p, f, m);
    for (size_t place = 0; place < n; place++) {
        stood[place] = (struct stood){last_case, (uint32_t)(at - f->packed)};
        at = get_head(at, &in[place], &next[place], &last_case);
        for (unsigned bits = in[place].listens; bits; bits &= bits - 1)
            f->listens[__builtin_ctz(bits)]++;
    }
    stood[n] = (struct stood){last_case, (uint32_t)(at - f->packed)};
    return at;
}

/* ---- families as they are in memory ----------------------------------------------------------------------------- */

size_t pathway_copy(const void *model, const void *family, void *to)
{
    const struct pathway *p = model;
    const struct family *f = family;
    size_t slots = f->n_slots * sizeof *f->slot, members = p->bytes_of[0] + f->n_children * p->bytes_of[1];
    unsigned char *at = to;
    memcpy(at, f, p->bytes_head + slots);
    memcpy(at + p->bytes_head + slots, f->member[0], members);
    return p->bytes_head + slots + members;
}

void pathway_restore(const void *model, const void *from, void *family)
{
    const struct pathway *p = model;
    const unsigned char *at = from;
    struct family *f = family;
    memcpy(f, at, p->bytes_head);
    size_t slots = f->n_slots * sizeof *f->slot;
    memcpy(f->slot, at + p->bytes_head, slots);
    memcpy(f->member[0], at + p->bytes_head + slots, p->bytes_of[0] + f->n_children * p->bytes_of[1]);
}

/* ---- families --------------------------------------------------------------------------------------------------- */

/* What all families have, to be PUT or GET. One by one: a copy of what was just written in pieces would have to wait for them. */
#define HEAD(DO, at, f)                 \
    do {                                \
        DO(at, (f)->key);               \
        DO(at, (f)->next[NEXT_EPOCH]);  \
        DO(at, (f)->next[NEXT_BIRTH]);  \
        DO(at, (f)->next[NEXT_CENSUS]); \
        DO(at, (f)->group);             \
        DO(at, (f)->n_children);        \
        DO(at, (f)->n_begun);           \
        DO(at, (f)->n_done);            \
        DO(at, (f)->year);              \
        DO(at, (f)->winner);            \
        DO(at, (f)->bound);             \
    } while (0)
_Static_assert(NEXT_FIRST == 3, "the head names them all");

size_t pathway_pack(const void *model, const struct kith_cell *cell, const void *family, void *to)
{
    const struct pathway *p = model;
    const struct family *f = family;
    unsigned char *at = to;
    uint16_t epoch = (uint16_t)(f->epoch - p->epochs[cell->arm]);
    HEAD(PUT, at, f);
    PUT(at, epoch);
    for (size_t i = 0; i < p->n_attributes; i++)
        if (p->attributes[i].n)
            PUT(at, f->value[i]);
        else
            PUT(at, f->attribute[i]);
    for (unsigned m = 1; m <= f->n_children; m++)
        at = put_member(p, f, m, at);
    at = put_member(p, f, 0, at); /* when it began is when its first child did */
    return (size_t)(at - (unsigned char *)to);
}

void pathway_unpack(const void *model, const struct kith_cell *cell, uint64_t number, const void *from, void *family)
{
    const struct pathway *p = model;
    struct family *f = family;
    const unsigned char *at = from;
    uint16_t epoch;
    HEAD(GET, at, f);
    GET(at, epoch);
    f->packed = from;
    f->number = (uint32_t)number;
    f->n_next = (uint16_t)(NEXT_FIRST + p->n_of[0] + f->n_children * p->n_of[1]);
    f->n_slots = 0;
    f->epoch = &p->epochs[cell->arm][epoch];
    f->t = f->epoch->tables;
    for (size_t i = 0; i < p->n_attributes; i++)
        if (p->attributes[i].n) {
            GET(at, f->value[i]);
            f->attribute[i] = p->attributes[i].value[f->value[i]];
        } else {
            GET(at, f->attribute[i]);
        }
    pathway_forget_terms(f);
    memset(f->listens, 0, sizeof f->listens);
    uint64_t keys = kith_draw_mix(f->key, PATHWAY_KEY_MEMBER);
    for (unsigned m = 1; m <= f->n_children; m++)
        at = get_member(p, f, keys, m, at);
    (void)get_member(p, f, keys, 0, at);
}
