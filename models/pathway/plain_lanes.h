/* The events of plain families, KITH_LANES at a time: the steps of which they are made. Included by plain_lanesN.c, each
 * compiled for CPUs with vectors of N doubles; plain_batch.h and plain_crowd.h put the steps together. What is computed for
 * each family is what clocks.c computes, in the same order. */
#ifndef KITH_MODELS_PLAIN_LANES_H
#define KITH_MODELS_PLAIN_LANES_H

#include "plain.h"

#include "rng/lanes.h"

#define L KITH_LANES
#define SOME KITH_LANES_SOME
#define LANES KITH_REALS
#define WORDS KITH_WORDS
#define INLINE static inline __attribute__((always_inline))

/* What happens to the families of a list on one visit to a state, side by side. Each step below goes through all of them
 * before the next one begins: steps wait for the outcome of the one before, families do not wait for each other. */
struct visit {
    _Alignas(64) double entered[SOME], at[SOME], spent[SOME], fresh[SOME], rest[PLAIN_CLOCKS_MAX][SOME];
    _Alignas(64) double key[SOME]; /* bits of the keys of families, or of their draws */
    _Alignas(64) uint64_t row[SOME], winner[SOME], go[SOME], word[SOME], taken[SOME]; /* go: all bits, or none */
    struct kith_lanes_scratch scratch;
    unsigned n; /* made up to whole vectors */
};

/* Doubles `at` of the families' records, that many behind where each begins (v->row). */
#define REAL_AT(i) base[row[i]]
INLINE kith_real_lanes load(const double *base, const uint64_t *row)
{
    return (kith_real_lanes)KITH_LANES_EACH(REAL_AT);
}

/* Writes them. */
INLINE void store(double *base, const uint64_t *row, kith_real_lanes x)
{
    for (int i = 0; i < L; i++)
        base[row[i]] = x[i];
}

/* Which doubles of a record its key and its time are. */
#define KEY 0
#define AT 1
_Static_assert(offsetof(struct plain_family, key) == 8 * KEY && offsetof(struct plain_family, at) == 8 * AT, "places in a record");

/* x, in [0, 2^51), without what is behind the point. */
INLINE kith_real_lanes whole(kith_real_lanes x)
{
    kith_real_lanes y = (x + 0x1p52) - 0x1p52;
    return y - kith_lanes_choose(y > x, kith_lanes_real(1), kith_lanes_real(0));
}

/* A whole number in [0, 2^51) as an integer. */
INLINE kith_word_lanes word_of(kith_real_lanes x)
{
    return (kith_word_lanes)(x + 0x1p52) & 0xfffffffffffffu;
}

/* word_of(whole(x)). */
INLINE kith_word_lanes whole_word(kith_real_lanes x)
{
    kith_real_lanes shifted = x + 0x1p52;
    return ((kith_word_lanes)shifted & 0xfffffffffffffu) + (kith_word_lanes)(shifted - 0x1p52 > x); /* minus 1 where it is */
}

/* As in clocks.c. */
INLINE kith_real_lanes rough_log2(kith_real_lanes x)
{
    kith_word_lanes bits = (kith_word_lanes)x;
    kith_real_lanes m = (kith_real_lanes)((bits & 0xfffffffffffffu) | 0x3ff0000000000000u);
    kith_real_lanes exponent = (kith_real_lanes)((bits >> 52) | 0x4330000000000000u) - (0x1p52 + 1023);
    return exponent + (m * (2 - m * (1.0 / 3)) - 5.0 / 3);
}

/* As in clocks.c. */
INLINE kith_mask_lanes surely_before(kith_real_lanes shape, kith_real_lanes part, kith_real_lanes rest)
{
    return (part > 1e-300) & (part < 1e300) & (rest > 1e-300) &
           (shape * rough_log2(part) - rough_log2(rest) > 0.03 * (1 + shape));
}

/* Reads what the state needs of the records. */
INLINE void look_up(const double *base, const struct plain_state *st, unsigned n, struct visit *v)
{
    const double *rest = base + st->clock[0].rest;
    for (unsigned i = 0; i < v->n; i += L) {
        LANES(v->entered, i) = load(base + AT, v->row + i);
        if (n == 3 && st->adjacent) {
            kith_lanes_rows3(rest, v->row + i, &LANES(v->rest[0], i), &LANES(v->rest[1], i), &LANES(v->rest[2], i));
        } else if (n == 2 && st->adjacent) {
            kith_lanes_rows2(rest, v->row + i, &LANES(v->rest[0], i), &LANES(v->rest[1], i));
        } else {
            for (unsigned k = 0; k < n; k++)
                LANES(v->rest[k], i) = load(base + st->clock[k].rest, v->row + i);
        }
    }
}

/* The race of the state's exponential clocks. `divide`: as race() in clocks.c has it, else as schedule_plain(). */
INLINE void race(const struct plain_state *st, unsigned n_exponential, bool divide, struct visit *v)
{
    for (unsigned i = 0; i < v->n; i += L) {
        kith_real_lanes entered = LANES(v->entered, i), best = kith_lanes_real(INFINITY);
        kith_word_lanes winner = kith_lanes_word(0); /* by kith_lanes_number, here and below */
        for (unsigned k = 0; k < n_exponential; k++) {
            const struct plain_clock *c = &st->clock[k];
            kith_real_lanes rest = LANES(v->rest[k], i), at = entered + (divide ? rest / c->rate : rest * c->mean);
            kith_mask_lanes less = at < best;
            best = k ? kith_lanes_least(at, best) : at;
            winner = k ? kith_lanes_choose_words(less, kith_lanes_word(kith_lanes_number(k)), winner) : winner;
        }
        LANES(v->at, i) = best;
        WORDS(v->winner, i) = winner;
    }
}

/* The state's last clock, a Weibull one, joins the race: when it fires if it is first, else what it has consumed by then.
 * Either is one power (clocks.c: weibull_firing). */
INLINE void race_weibull(const struct plain_state *st, unsigned n, struct visit *v)
{
    const struct plain_clock *k = &st->clock[n - 1];
    kith_real_lanes never = kith_lanes_real(INFINITY), none = kith_lanes_real(0);
    kith_real_lanes shape = kith_lanes_real(k->shape), inverse_shape = kith_lanes_real(k->inverse_shape);
    double *base = v->fresh, *exponent = (double *)v->word, *power = v->spent;
    for (unsigned i = 0; i < v->n; i += L) {
        kith_real_lanes left = LANES(v->rest[n - 1], i), part = (LANES(v->at, i) - LANES(v->entered, i)) * k->inverse_scale;
        kith_mask_lanes first = n == 1 ? (kith_mask_lanes)~kith_lanes_word(0) : surely_before(shape, part, left);
        LANES(base, i) = kith_lanes_choose(first, left, part);
        LANES(exponent, i) = kith_lanes_choose(first, inverse_shape, shape);
        WORDS(v->go, i) = (kith_word_lanes)first;
    }
    kith_lanes_powers(base, exponent, power, v->n, &v->scratch);
    for (unsigned i = 0; i < v->n; i += L) {
        kith_real_lanes entered = LANES(v->entered, i), best = LANES(v->at, i), left = LANES(v->rest[n - 1], i);
        kith_mask_lanes first = (kith_mask_lanes)WORDS(v->go, i);
        kith_real_lanes at = kith_lanes_choose(first, entered + k->scale * LANES(power, i), never);
        kith_real_lanes spent = kith_lanes_choose(first, none, LANES(power, i));
        kith_mask_lanes late = ~first & (spent >= left);
        if (kith_lanes_any(late))
            for (unsigned j = 0; j < L; j++)
                if (late[j])
                    at[j] = entered[j] + k->scale * kith_pow(left[j], k->inverse_shape);
        kith_mask_lanes less = at < best;
        LANES(v->spent, i) = spent;
        LANES(v->at, i) = kith_lanes_least(at, best);
        WORDS(v->winner, i) = kith_lanes_choose_words(less, kith_lanes_word(kith_lanes_number(n - 1)), WORDS(v->winner, i));
    }
}

/* Of n numbers the winner's. */
INLINE kith_word_lanes of_winner(const uint64_t *number, unsigned n, kith_word_lanes winner)
{
    kith_word_lanes x = kith_lanes_word(number[0]);
    for (unsigned k = 1; k < n; k++)
        x = kith_lanes_choose_words(kith_lanes_equal(winner, k), kith_lanes_word(number[k]), x);
    return x;
}

/* The number of the family's next draw for a clock; `bytes` as plain.taken_bytes. */
INLINE uint32_t take_draw(struct plain_family *f, uint32_t clock, size_t bytes)
{
    void *taken = f->taken;
    if (bytes == 1)
        return ++((uint8_t *)taken)[clock];
    return bytes == 2 ? ++((uint16_t *)taken)[clock] : ++f->taken[clock];
}

/* take_draws(bytes) with a constant. */
#define WITH_BYTES(pl, take_draws) ((pl)->taken_bytes == 1 ? take_draws(1) : (pl)->taken_bytes == 2 ? take_draws(2) : take_draws(4))

/* Which draws the winners take next, and with which keys. */
INLINE void winners_take(const struct plain *pl, double *base, const struct plain_state *st, struct visit *v, size_t bytes)
{
    for (unsigned i = 0; i < v->n; i++) {
        double *record = base + v->row[i];
        uint32_t clock = st->taken[(uint32_t)v->winner[i]];
        v->taken[i] = take_draw((void *)record, clock, bytes);
        v->key[i] = record[pl->keys + clock];
    }
}

/* The winners' next unit exponentials. */
INLINE void draw(const struct plain *pl, double *base, const struct plain_state *st, struct visit *v)
{
#define TAKE(bytes) winners_take(pl, base, st, v, bytes)
    WITH_BYTES(pl, TAKE);
#undef TAKE
    for (unsigned i = 0; i < v->n; i += L)
        WORDS(v->word, i) = kith_lanes_mix((kith_word_lanes)LANES(v->key, i), WORDS(v->taken, i));
    kith_lanes_exponentials(v->word, v->fresh, v->n, &v->scratch);
}

/* What the visit leaves of all clocks, as if each had run on; the winner's is replaced by its next draw. */
INLINE void consume(double *base, const struct plain_state *st, unsigned n, bool weibull, struct visit *v)
{
    kith_real_lanes none = kith_lanes_real(0);
    for (unsigned i = 0; i < v->n; i += L) {
        kith_real_lanes at = LANES(v->at, i), length = at - LANES(v->entered, i), fresh = LANES(v->fresh, i);
        for (unsigned k = 0; k < n; k++) {
            kith_real_lanes used = st->clock[k].rate * length;
            if (weibull && k == n - 1)
                used = LANES(v->spent, i);
            kith_real_lanes rest = LANES(v->rest[k], i) - used;
            rest = kith_lanes_most(rest, none);
            rest = kith_lanes_choose(kith_lanes_equal(WORDS(v->winner, i), k), fresh, rest);
            store(base + st->clock[k].rest, v->row + i, rest);
        }
        store(base + AT, v->row + i, at);
    }
}

/* The rows of a cell while many are added: nothing else changes it meanwhile. There are no members: theirs stay 0. */
struct rows {
    uint16_t *day, *code;
    uint32_t *owner;
    size_t n;
    double warm_up, end;
};

/* With room for two rows of each of n families; none if memory ran out. */
INLINE bool begin_rows(struct kith_cell *cell, unsigned n, struct rows *r)
{
    bool room = kith_cell_room(cell, 2 * (size_t)n);
    *r = (struct rows){cell->day, cell->code, cell->owner, cell->n_rows, cell->warm_up, cell->end};
    return room;
}

/* Adds one. */
INLINE void add_row(struct rows *r, uint32_t owner, unsigned day, unsigned code)
{
    size_t i = r->n++;
    r->day[i] = (uint16_t)day;
    r->code[i] = (uint16_t)code;
    r->owner[i] = owner;
}

/* Rows of a family, if it is tracked: how it stands when counting begins, unless it `stood` already, and what happens after. That
 * one is written in any case and then counts or not, which cannot be foreseen. */
INLINE void add_rows(struct rows *r, uint32_t owner, bool tracked, bool stood, const struct plain_state *st, uint64_t code,
                     double at)
{
    bool after = tracked & (at > r->warm_up), counts = after & (at <= r->end);
    double since = (at < r->end ? at : r->end) - r->warm_up; /* minimum and maximum, no jumps */
    if (after & !stood)
        add_row(r, owner, 0, (unsigned)st->standing);
    add_row(r, owner, kith_cell_day(since > 0 ? since : 0), (unsigned)code);
    r->n -= !counts;
}

/* Who fires before the end. */
INLINE void who_goes(const struct kith_cell *cell, struct visit *v)
{
    for (unsigned i = 0; i < v->n; i += L)
        WORDS(v->go, i) = (kith_word_lanes)(LANES(v->at, i) <= cell->end);
}

/* Counts the firings of those who go (v->go, or all), as kith_cell_event does: where in the tallies each belongs,
 * how often (1 or 0) and how much of the month is left; then the sums. */
INLINE void tally(struct kith_cell *cell, const uint64_t *code, struct visit *v, unsigned n, bool all)
{
    kith_real_lanes one = kith_lanes_real(1), none = kith_lanes_real(0), last = kith_lanes_real(cell->months - 1);
    uint64_t *where = v->word, *rest = v->taken; /* these are done with */
    double width = (double)(cell->n_transitions * sizeof *cell->tally);
    for (unsigned i = 0; i < n; i += L) {
        kith_real_lanes m = (LANES(v->at, i) - cell->warm_up) * 12;
        kith_mask_lanes counted = (kith_mask_lanes)(m > none);
        if (!all)
            counted &= (kith_mask_lanes)WORDS(v->go, i);
        kith_real_lanes month = whole(kith_lanes_choose(counted, m, none));
        month = kith_lanes_least(month, last);
        kith_real_lanes left = kith_lanes_choose(counted, ((month + one) - m) * KITH_TICKS, none);
        kith_word_lanes row = word_of(kith_lanes_choose(counted, (month + one) * width, none));
        WORDS(where, i) = row + WORDS(code, i) * sizeof *cell->tally;
        left = kith_lanes_most(left, none); /* the end may be rounded to behind the last month */
        WORDS(rest, i) = whole_word(left);
    }
    unsigned char *sums = (unsigned char *)cell->tally;
    uint64_t sum = 0;
    for (unsigned i = 0; i < n; i++) {
        struct kith_tally *t = (void *)(sums + where[i]);
        uint64_t goes = all ? 1 : v->go[i] & 1;
        t->n += (int64_t)goes;
        t->rest += (int64_t)rest[i];
        sum += goes;
    }
    cell->n_events += sum;
}

/* The same for families in one state. Those who do not go have no winner afterwards. */
INLINE void count(struct kith_cell *cell, const struct plain_state *st, unsigned n_clocks, struct visit *v, unsigned n)
{
    uint64_t *code = v->scratch.cell;
    for (unsigned i = 0; i < v->n; i += L) {
        WORDS(code, i) = of_winner(st->code, n_clocks, WORDS(v->winner, i));
        WORDS(v->winner, i) = kith_lanes_choose_words((kith_mask_lanes)WORDS(v->go, i), WORDS(v->winner, i),
                                                      kith_lanes_word(kith_lanes_number(n_clocks)));
    }
    tally(cell, code, v, n, false);
}

/* Appends those of who[0 .. n) whose winner is k to the list of m; returns how many it has then. */
INLINE unsigned append(uint32_t *list, unsigned m, const uint32_t *who, const uint64_t *winner, unsigned k, unsigned n)
{
#if defined __AVX512VL__ && KITH_LANES == 8
    for (unsigned i = 0; i < n; i += L) {
        __mmask8 mask = _mm512_cmpeq_epi64_mask(_mm512_load_si512(winner + i), _mm512_set1_epi64(k));
        mask = (__mmask8)(n - i < L ? mask & ((1u << (n - i)) - 1) : mask);
        _mm256_storeu_si256((void *)(list + m),
                            _mm256_maskz_compress_epi32(mask, _mm256_loadu_si256((const void *)(who + i))));
        m += (unsigned)__builtin_popcount(mask);
    }
#elif defined __AVX2__ && KITH_LANES == 4
    static const _Alignas(16) int32_t chosen[16][4] = { /* which of four, by mask */
        {0}, {0}, {1}, {0, 1}, {2}, {0, 2}, {1, 2}, {0, 1, 2}, {3}, {0, 3}, {1, 3}, {0, 1, 3}, {2, 3}, {0, 2, 3}, {1, 2, 3}, {0, 1, 2, 3}};
    for (unsigned i = 0; i < n; i += L) {
        unsigned mask = (unsigned)_mm256_movemask_pd((__m256d)kith_lanes_equal(*(const kith_word_lanes *)(const void *)(winner + i), k));
        mask = n - i < L ? mask & ((1u << (n - i)) - 1) : mask;
        _mm_storeu_ps((void *)(list + m), _mm_permutevar_ps(_mm_loadu_ps((const void *)(who + i)),
                                                            _mm_load_si128((const void *)chosen[mask])));
        m += (unsigned)__builtin_popcount(mask);
    }
#else
    for (unsigned i = 0; i < n; i++) { /* without a jump that nobody could foresee: the next one overwrites it */
        list[m] = who[i];
        m += (uint32_t)winner[i] == k;
    }
#endif
    return m;
}

/* The list of those for whom clock k of the state has won, n_clocks: of records of nobody; *listed is how many it has. */
INLINE uint32_t *list_of(struct plain_batch *b, const struct plain_state *st, unsigned n_clocks, unsigned k, uint32_t **listed)
{
    if (k == n_clocks) {
        *listed = &b->n_idle;
        return b->idle;
    }
    *listed = &b->lists.listed[st->clock[k].to];
    return b->lists.list + st->clock[k].to * PLAIN_LIST;
}

#if KITH_LANES == 2
/* send() in one pass: groups by winner. How many each has is a byte of one word, which stays in a register: an end in memory
 * would have to be read again as soon as it is written. */
INLINE void send_groups(struct plain_batch *b, const struct plain_state *st, unsigned n_clocks, const struct visit *v,
                        const uint32_t *who, unsigned n)
{
    uint32_t group[8][SOME], *listed;
    uint64_t have = 0;
    for (unsigned i = 0; i < n; i++) {
        unsigned k = (uint32_t)v->winner[i], byte = 8 * k;
        group[k][have >> byte & 255] = who[i];
        have += (uint64_t)1 << byte;
    }
    for (unsigned k = 0; k <= n_clocks; k++) {
        uint32_t *list = list_of(b, st, n_clocks, k, &listed), m = have >> 8 * k & 255;
        memcpy(list + *listed, group[k], m * sizeof *list);
        *listed += m;
    }
}
_Static_assert(SOME < 256, "counted in bytes");
#endif

/* Puts the families on the lists of the states that the winners lead to, and those who do not go on that of nobody's records. */
INLINE void send(struct plain_batch *b, const struct plain_state *st, unsigned n_clocks, const struct visit *v, const uint32_t *who,
                 unsigned n)
{
#if KITH_LANES == 2
    if (n_clocks < 8) {
        send_groups(b, st, n_clocks, v, who, n);
        return;
    }
#endif
    for (unsigned k = 0; k <= n_clocks; k++) {
        uint32_t *listed, *list = list_of(b, st, n_clocks, k, &listed);
        *listed = append(list, *listed, who, v->winner, k, n);
    }
}

/* Takes at most SOME families off the end of a list. */
static unsigned take(struct plain_lists *b, size_t list, unsigned n, uint32_t *who)
{
    n = n < SOME ? n : SOME;
    b->listed[list] -= n;
    memcpy(who, b->list + list * PLAIN_LIST + b->listed[list], n * sizeof *who);
    return n;
}

/* What n families lack of whole vectors is made up with the record of nobody. */
INLINE void make_up(const struct plain *pl, unsigned n, size_t nobody, struct visit *v)
{
    v->n = (n + L - 1) / L * L;
    for (unsigned i = n; i < v->n; i++)
        v->row[i] = nobody * pl->doubles;
}

/* The records of who[0 .. n), made up to whole vectors. */
INLINE void rows_of(const struct plain *pl, const uint32_t *who, unsigned n, size_t nobody, struct visit *v)
{
    for (unsigned i = 0; i < n; i++)
        v->row[i] = who[i] * pl->doubles;
    make_up(pl, n, nobody, v);
}

/* The first draws of the families in v->row, whose numbers are in v->taken, and their keys. */
static void first_draws(const struct plain *pl, const struct kith_cell *cell, double *base, struct visit *v)
{
    for (unsigned i = 0; i < v->n; i += L) {
        kith_word_lanes key = kith_lanes_mix(kith_lanes_word(cell->key), WORDS(v->taken, i));
        key = kith_lanes_mix(kith_lanes_mix(key, kith_lanes_word(PATHWAY_KEY_MEMBER)), kith_lanes_word(0));
        WORDS(v->taken, i) = key;
        store(base + KEY, v->row + i, (kith_real_lanes)key);
    }
    for (size_t k = 0; k < pl->n_clocks; k++) {
        for (unsigned i = 0; i < v->n; i += L) {
            kith_word_lanes key = kith_lanes_mix(WORDS(v->taken, i), kith_lanes_word(pl->key[k]));
            WORDS(v->word, i) = kith_lanes_mix(key, kith_lanes_word(0));
            if (pl->keys)
                store(base + pl->keys + k, v->row + i, (kith_real_lanes)key);
        }
        kith_lanes_exponentials(v->word, v->fresh, v->n, &v->scratch);
        for (unsigned i = 0; i < v->n; i += L)
            store(base + pl->rests + k, v->row + i, LANES(v->fresh, i));
    }
}

/* Adds the rows of those who are tracked, if they go or are not seen again. */
static void track(const struct plain_batch *b, const struct plain_state *st, const struct visit *v, const uint32_t *who, unsigned n)
{
    struct rows r;
    if (!begin_rows(b->cell, n, &r))
        return;
    for (unsigned i = 0; i < n; i++) {
        const struct plain_family *f = (const void *)(b->record + v->row[i]);
        bool stood = v->entered[i] > b->cell->warm_up;
        add_rows(&r, b->number[who[i]], f->tracked, stood, st, (uint64_t)st->code[(uint32_t)v->winner[i]], v->at[i]);
    }
    b->cell->n_rows = r.n;
}

#endif
