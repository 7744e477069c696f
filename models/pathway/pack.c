/* A family between its events, in few bytes. An area has many families and only one is at work: those who wait take a
 * fifth of the room, so that more of them lie in a cache, and a small part of them comes from memory for an event.
 *
 * Left out is what follows from the rest (keys, numbers of slots), what an instance that is over had, and a clock's
 * ratio unless it runs; bits say which of the other values differ from the usual one and follow. A clock's consumption
 * that was worked out beforehand is worked out again when it is needed, to the same bits. */
#include "family.h"

/* What is so of an instance; from ENTERED on, which values follow. */
enum { LIVE = 1, BREAK_NEXT = 2, ENTERED = 4, UPDATED = 8, CHANGES = 16, CASE = 32, DECIDED = 64, NEXT = 128 };
/* Of a member. */
enum { MEMBER_LIVE = 1, ARRIVAL = 2, MARKS = 4, USES = 8 };
/* Of a slot; then its draws, up to MANY, which means that their number follows. */
enum { SLOT = 1, DRAWN = 2, USUAL = 4, RATIO = 8, SINCE = 16, DRAWS = 32, MANY = 7 };
/* Identity of a slot: member, then number. */
#define NUMBER_BITS 12
_Static_assert(PATHWAY_PARTS_MAX <= 1 << NUMBER_BITS && PATHWAY_CHILDREN_MAX < 16, "a slot's identity has 16 bits");

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

/* The clocks that run in one state. Their slots are noted in `runs`, by bit. */
static unsigned char *put_running(const struct tables *t, struct range running, const struct member *w,
                                  const struct slot *slots, unsigned char *at, uint64_t *runs)
{
    const struct enabled_slot *e = &t->enabled_slot[running.first], *end = e + running.n;
    const uint16_t *slot_of = w->at;
    for (; e < end; e++) {
        unsigned slot = slot_of[e->slot];
        if (slot) {
            at = put_slot(at, &slots[slot - 1], e->ratio);
            runs[(slot - 1) >> 6] |= 1ull << ((slot - 1) & 63);
        } else {
            *at++ = 0;
        }
    }
    return at;
}

static const unsigned char *get_running(const struct tables *t, struct range running, struct family *f, unsigned m,
                                        const unsigned char *at)
{
    const struct enabled_slot *e = &t->enabled_slot[running.first], *end = e + running.n;
    struct slot *slot = f->slot + f->n_slots;
    uint16_t *slot_of = f->member[m]->at, n = f->n_slots;
    for (; e < end; e++)
        if (*at) {
            at = get_slot(at, slot++, m, e->slot, e->ratio);
            slot_of[e->slot] = ++n;
        } else {
            at++;
        }
    f->n_slots = n;
    return at;
}

/* All clocks that do not run but have. */
static unsigned char *put_idle(const struct family *f, unsigned char *at, const uint64_t *runs)
{
    unsigned char *from = at;
    const struct slot *slots = f->slot;
    uint16_t n = 0;
    unsigned all = f->n_slots;
    PUT(at, n);
    for (unsigned word = 0; 64 * word < all; word++) {
        uint64_t idle = ~runs[word] & (all - 64 * word < 64 ? (1ull << (all - 64 * word)) - 1 : ~0ull);
        for (; idle; idle &= idle - 1) {
            const struct slot *s = &slots[64 * word + (unsigned)__builtin_ctzll(idle)];
            uint16_t which = (uint16_t)((unsigned)s->member << NUMBER_BITS | s->number);
            PUT(at, which);
            at = put_idle_slot(at, s);
            n++;
        }
    }
    PUT(from, n);
    return at;
}

static const unsigned char *get_idle(struct family *f, const unsigned char *at)
{
    uint16_t n, which;
    struct slot *slot = f->slot + f->n_slots;
    GET(at, n);
    for (unsigned i = 0; i < n; i++) {
        GET(at, which);
        unsigned m = which >> NUMBER_BITS, k = which & ((1u << NUMBER_BITS) - 1);
        at = get_idle_slot(at, slot++, m, k);
        f->member[m]->at[k] = ++f->n_slots;
    }
    return at;
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

static inline unsigned char *put_instance(unsigned char *at, const struct instance *in, double began, double next,
                                          uint64_t *last_case)
{
    const uint64_t never = kith_real_bits(INFINITY);
    uint64_t at_entry = kith_real_bits(in->entered), last = kith_real_bits(in->updated);
    uint64_t change = kith_real_bits(in->change), soon = kith_real_bits(next);
    unsigned entered = at_entry != kith_real_bits(began), updated = last != at_entry, changes = change != never,
             other = in->which_case != *last_case, decided = in->decided != 0, breaks = soon == change,
             own = (soon != change) & (soon != never);
    at[1] = in->state;
    if (!in->live) {
        at[0] = 0;
        return at + 2;
    }
    at[0] = (unsigned char)(LIVE | breaks * BREAK_NEXT | entered * ENTERED | updated * UPDATED | changes * CHANGES |
                            other * CASE | decided * DECIDED | own * NEXT);
    at[2] = in->winner;
    at[3] = in->listens;
    at = put_if(at + 4, entered, at_entry);
    at = put_if(at, updated, last);
    at = put_if(at, changes, change);
    at = put_if(at, other, in->which_case);
    at = put_if(at, decided, in->decided);
    at = put_if(at, own, soon);
    *last_case = in->which_case;
    return at;
}

static inline const unsigned char *get_instance(const unsigned char *at, struct instance *in, double began,
                                                double *next, uint64_t *last_case)
{
    unsigned flags = at[0];
    if (!(flags & LIVE)) {
        *in = (struct instance){.state = at[1]};
        *next = INFINITY;
        return at + 2;
    }
    struct instance x = {.live = true, .state = at[1], .winner = at[2], .listens = at[3]};
    at += 4;
    uint64_t entered = get_if(&at, has(flags, ENTERED), kith_real_bits(began));
    uint64_t updated = get_if(&at, has(flags, UPDATED), entered);
    uint64_t change = get_if(&at, has(flags, CHANGES), kith_real_bits(INFINITY));
    x.entered = kith_real_from_bits(entered);
    x.updated = kith_real_from_bits(updated);
    x.change = kith_real_from_bits(change);
    x.which_case = *last_case = get_if(&at, has(flags, CASE), *last_case);
    x.decided = get_if(&at, has(flags, DECIDED), 0);
    *next = kith_real_from_bits(get_if(&at, has(flags, NEXT), flags & BREAK_NEXT ? change : kith_real_bits(INFINITY)));
    *in = x;
    return at;
}

/* ---- members ---------------------------------------------------------------------------------------------------- */

/* Marks that were set, and what is used or waited for: numbers and values; the number of all ends each list. */
static unsigned char *put_rest(const struct pathway *p, const struct member *w, bool child, unsigned char *at,
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

static const unsigned char *get_rest(const struct pathway *p, struct member *w, bool child, const unsigned char *at,
                                     unsigned flags)
{
    memset(w->marks, 0, p->n_marks_of[child] * sizeof *w->marks);
    memset(w->uses, 0, p->n_uses_of[child] * sizeof *w->uses);
    unsigned i;
    while (flags & MARKS && (i = *at++) < p->n_marks_of[child]) {
        GET(at, w->marks[i].time);
        GET(at, w->marks[i].n);
    }
    while (flags & USES && (i = *at++) < p->n_uses_of[child])
        GET(at, w->uses[i]);
    return at;
}

static unsigned char *put_member(const struct pathway *p, const struct family *f, unsigned m, unsigned char *at,
                                 uint64_t *runs)
{
    const struct member *w = f->member[m];
    const struct instance *in = w->instances;
    const struct tables *t = f->t;
    const uint16_t *first_state = p->first_state_at[m > 0];
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
    at = put_rest(p, w, m > 0, at, flags);
    const double *next = &f->next[next_index(p, m, 0)];
    for (size_t n = p->n_of[m > 0], place = 0; place < n; place++) {
        at = put_instance(at, &in[place], began, next[place], &last_case);
        if (in[place].live)
            at = put_running(t, t->enabled_in[first_state[place] + in[place].state], w, f->slot, at, runs);
    }
    return at;
}

static const unsigned char *get_member(const struct pathway *p, struct family *f, unsigned m, const unsigned char *at)
{
    struct member *w = f->member[m];
    struct instance *in = w->instances;
    const struct tables *t = f->t;
    const uint16_t *first_state = p->first_state_at[m > 0];
    bool child = m > 0;
    size_t n = p->n_of[child];
    unsigned flags = *at++;
    uint64_t last_case = 0;
    w->key = mix2(f->key, PATHWAY_KEY_MEMBER, m);
    w->live = flags & MEMBER_LIVE;
    if (m)
        GET(at, w->birth);
    w->arrival = w->birth;
    if (flags & ARRIVAL)
        GET(at, w->arrival);
    memset(w->at, 0, p->n_slots[child] * sizeof *w->at);
    if (m > f->n_begun) {
        memset(w->instances, 0, n * sizeof *w->instances);
        memset(w->marks, 0, p->n_marks_of[child] * sizeof *w->marks);
        memset(w->uses, 0, p->n_uses_of[child] * sizeof *w->uses);
        for (unsigned place = 0; place < n; place++)
            f->next[next_index(p, m, place)] = INFINITY;
        return at;
    }
    at = get_rest(p, w, child, at, flags);
    double began = beginning(f, m), *next = &f->next[next_index(p, m, 0)];
    for (size_t place = 0; place < n; place++) {
        at = get_instance(at, &in[place], began, &next[place], &last_case);
        if (in[place].live)
            at = get_running(t, t->enabled_in[first_state[place] + in[place].state], f, m, at);
        for (unsigned bits = in[place].listens; bits; bits &= bits - 1)
            f->listens[__builtin_ctz(bits)]++;
    }
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
    uint64_t runs[UINT16_MAX / 64 + 1];
    memset(runs, 0, (f->n_slots / 64 + 1u) * sizeof *runs);
    for (unsigned m = 1; m <= f->n_children; m++)
        at = put_member(p, f, m, at, runs);
    at = put_member(p, f, 0, at, runs); /* when it began is when its first child did */
    at = put_idle(f, at, runs);
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
    for (unsigned m = 1; m <= f->n_children; m++)
        at = get_member(p, f, m, at);
    at = get_member(p, f, 0, at);
    (void)get_idle(f, at);
}
