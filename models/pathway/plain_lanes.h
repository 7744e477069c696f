/* The events of plain families, KITH_LANES at a time. Included by plain_lanesN.c, each compiled for CPUs with vectors of N
 * doubles. What is computed for each family is what clocks.c computes, in the same order. */
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
    _Alignas(64) double key[SOME]; /* bits of the families' keys */
    _Alignas(64) uint64_t row[SOME], winner[SOME], word[SOME], taken[SOME];
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

/* Which doubles of a record its key and the time of entering its state are. */
#define KEY 0
#define ENTERED 1
_Static_assert(offsetof(struct plain_family, key) == 8 * KEY && offsetof(struct plain_family, entered) == 8 * ENTERED,
               "read together as a row");

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

/* As in clocks.c. */
INLINE kith_real_lanes rough_log2(kith_real_lanes x)
{
    kith_word_lanes bits = (kith_word_lanes)x;
    kith_real_lanes m = (kith_real_lanes)((bits & 0xfffffffffffffu) | 0x3ff0000000000000u);
    kith_real_lanes exponent = (kith_real_lanes)((bits >> 52) | 0x4330000000000000u) - (0x1p52 + 1023);
    return exponent + (m * (2 - m * (1.0 / 3)) - 5.0 / 3);
}

/* As in clocks.c. */
INLINE kith_mask_lanes surely_before(double shape, kith_real_lanes part, kith_real_lanes rest)
{
    return (part > 1e-300) & (part < 1e300) & (rest > 1e-300) &
           (shape * rough_log2(part) - rough_log2(rest) > 0.03 * (1 + shape));
}

/* Reads what the state needs of the records. */
INLINE void look_up(const double *base, const struct plain_state *st, unsigned n, struct visit *v)
{
    const double *rest = base + st->clock[0].rest;
    for (unsigned i = 0; i < v->n; i += L) {
        kith_lanes_rows2(base, v->row + i, &LANES(v->key, i), &LANES(v->entered, i));
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
        kith_word_lanes winner = kith_lanes_word(0);
        for (unsigned k = 0; k < n_exponential; k++) {
            const struct plain_clock *c = &st->clock[k];
            kith_real_lanes rest = LANES(v->rest[k], i), at = entered + (divide ? rest / c->rate : rest * c->mean);
            kith_mask_lanes less = at < best;
            best = k ? kith_lanes_choose(less, at, best) : at;
            winner = k ? kith_lanes_choose_words(less, kith_lanes_word(k), winner) : winner;
        }
        LANES(v->at, i) = best;
        WORDS(v->winner, i) = winner;
    }
}

/* The state's last clock, a Weibull one, joins the race: when it fires if it is first, else what it has consumed by then.
 * Either is one power (clocks.c: weibull_firing). */
INLINE void race_weibull(const struct plain_state *st, unsigned n, bool divide, struct visit *v)
{
    const struct plain_clock *k = &st->clock[n - 1];
    kith_real_lanes never = kith_lanes_real(INFINITY), none = kith_lanes_real(0);
    kith_real_lanes shape = kith_lanes_real(k->shape), inverse_shape = kith_lanes_real(k->inverse_shape);
    double *base = v->fresh, *exponent = (double *)v->word, *power = v->spent, *rest = (double *)v->taken;
    for (unsigned i = 0; i < v->n; i += L) {
        kith_real_lanes left = LANES(v->rest[n - 1], i), part = (LANES(v->at, i) - LANES(v->entered, i)) * k->inverse_scale;
        LANES(rest, i) = divide ? left / k->ratio : left * k->inverse_ratio;
        kith_mask_lanes first = n == 1 ? (kith_mask_lanes)~kith_lanes_word(0)
                                       : surely_before(k->shape, part, LANES(rest, i));
        LANES(base, i) = kith_lanes_choose(first, LANES(rest, i), part);
        LANES(exponent, i) = kith_lanes_choose(first, inverse_shape, shape);
    }
    kith_lanes_powers(base, exponent, power, v->n, &v->scratch);
    for (unsigned i = 0; i < v->n; i += L) {
        kith_real_lanes entered = LANES(v->entered, i), best = LANES(v->at, i), left = LANES(v->rest[n - 1], i);
        kith_mask_lanes first = (kith_mask_lanes)(LANES(exponent, i) == inverse_shape);
        kith_real_lanes at = kith_lanes_choose(first, entered + k->scale * LANES(power, i), never);
        kith_real_lanes spent = kith_lanes_choose(first, none, k->ratio * LANES(power, i));
        kith_mask_lanes late = ~first & (spent >= left);
        if (kith_lanes_any(late))
            for (unsigned j = 0; j < L; j++)
                if (late[j])
                    at[j] = entered[j] + k->scale * kith_pow(rest[i + j], k->inverse_shape);
        kith_mask_lanes less = at < best;
        LANES(v->spent, i) = spent;
        LANES(v->at, i) = kith_lanes_choose(less, at, best);
        WORDS(v->winner, i) = kith_lanes_choose_words(less, kith_lanes_word(n - 1), WORDS(v->winner, i));
    }
}

/* Of n numbers the winner's. */
INLINE kith_word_lanes of_winner(const uint64_t *number, unsigned n, kith_word_lanes winner)
{
    kith_word_lanes x = kith_lanes_word(number[0]);
    for (unsigned k = 1; k < n; k++)
        x = kith_lanes_choose_words((kith_mask_lanes)(winner == k), kith_lanes_word(number[k]), x);
    return x;
}

/* The winners' next unit exponentials. */
INLINE void draw(double *base, const struct plain_state *st, unsigned n, struct visit *v)
{
    for (unsigned i = 0; i < v->n; i++)
        v->taken[i] = ++((uint32_t *)(void *)(base + v->row[i]))[st->taken[v->winner[i]]];
    for (unsigned i = 0; i < v->n; i += L) {
        kith_word_lanes owner = (kith_word_lanes)LANES(v->key, i), key = of_winner(st->key, n, WORDS(v->winner, i));
        WORDS(v->word, i) = kith_lanes_mix(kith_lanes_mix(owner, key), WORDS(v->taken, i));
    }
    kith_lanes_exponentials(v->word, v->fresh, v->n, &v->scratch);
}

/* What the visit leaves of all clocks, as if each had run on; the winner's is replaced by its next draw. */
INLINE void consume(double *base, const struct plain_state *st, unsigned n, bool weibull, struct visit *v)
{
    kith_real_lanes none = kith_lanes_real(0);
    for (unsigned i = 0; i < v->n; i += L) {
        kith_real_lanes at = LANES(v->at, i), length = at - LANES(v->entered, i), fresh = LANES(v->fresh, i);
        for (unsigned k = 0; k < n; k++) {
            kith_real_lanes used = weibull && k == n - 1 ? LANES(v->spent, i) : st->clock[k].rate * length;
            kith_real_lanes rest = LANES(v->rest[k], i) - used;
            rest = kith_lanes_choose(rest > none, rest, none);
            rest = kith_lanes_choose((kith_mask_lanes)(WORDS(v->winner, i) == k), fresh, rest);
            store(base + st->clock[k].rest, v->row + i, rest);
        }
        store(base + ENTERED, v->row + i, at);
    }
}

/* Rows of a tracked family: how it stands when counting begins, and what happens after. */
static void add_rows(struct kith_cell *cell, const struct plain_family *f, const struct plain_state *st, unsigned code,
                     double entered, double at)
{
    cell->whose = f->number;
    if (entered <= cell->warm_up && at > cell->warm_up)
        kith_cell_row_of_day(cell, 0, 0, (unsigned)st->standing);
    if (at > cell->warm_up && at <= cell->end)
        kith_cell_row(cell, at, 0, code);
}

/* Counts the firings, as kith_cell_event does: where in the tallies each belongs, how often (0 after the end) and how much of
 * the month is left; then the sums. */
INLINE void count(struct kith_cell *cell, const struct plain_state *st, unsigned n_clocks, struct visit *v, unsigned n)
{
    kith_real_lanes one = kith_lanes_real(1), none = kith_lanes_real(0), last = kith_lanes_real(cell->months - 1);
    uint64_t *where = v->word, *rest = v->taken, *times = v->scratch.cell; /* these are done with */
    double width = (double)(cell->n_transitions * sizeof *cell->tally);
    for (unsigned i = 0; i < v->n; i += L) {
        kith_real_lanes at = LANES(v->at, i), m = (at - cell->warm_up) * 12;
        kith_mask_lanes happens = at <= cell->end, counted = happens & (m > none);
        kith_real_lanes month = whole(kith_lanes_choose(counted, m, none));
        month = kith_lanes_choose(month > last, last, month);
        kith_real_lanes left = kith_lanes_choose(counted, ((month + one) - m) * KITH_TICKS, none);
        kith_word_lanes code = of_winner(st->code, n_clocks, WORDS(v->winner, i)) * sizeof *cell->tally;
        WORDS(where, i) = word_of(kith_lanes_choose(counted, (month + one) * width, none)) + code;
        WORDS(rest, i) = word_of(whole(left));
        WORDS(times, i) = -(kith_word_lanes)happens;
        WORDS(v->winner, i) = kith_lanes_choose_words(happens, WORDS(v->winner, i), kith_lanes_word(n_clocks));
    }
    unsigned char *tally = (unsigned char *)cell->tally;
    int64_t sum = 0;
    for (unsigned i = 0; i < n; i++) {
        struct kith_tally *t = (void *)(tally + where[i]);
        t->n += (int64_t)times[i];
        t->rest += (int64_t)rest[i];
        sum += (int64_t)times[i];
    }
    cell->n_events += (uint64_t)sum;
}

/* Appends those of who[0 .. n) whose winner is k to the list of m; returns how many it has then. */
INLINE unsigned append(uint32_t *list, unsigned m, const uint32_t *who, const uint64_t *winner, unsigned k, unsigned n)
{
#if defined __AVX512VL__ && KITH_LANES == 8
    for (unsigned i = 0; i < n; i += L) {
        __mmask8 mask = _mm512_cmpeq_epi64_mask(_mm512_load_si512(winner + i), _mm512_set1_epi64(k));
        mask = n - i < L ? mask & (__mmask8)((1u << (n - i)) - 1) : mask;
        _mm256_storeu_si256((void *)(list + m),
                            _mm256_maskz_compress_epi32(mask, _mm256_loadu_si256((const void *)(who + i))));
        m += (unsigned)__builtin_popcount(mask);
    }
#else
    for (unsigned i = 0; i < n; i++) { /* without a jump that nobody could foresee: the next one overwrites it */
        list[m] = who[i];
        m += winner[i] == k;
    }
#endif
    return m;
}

/* Sends the families on their way: to the states that the winners lead to, or out. */
INLINE void send(struct plain_batch *b, const struct plain_state *st, unsigned n_clocks, const struct visit *v,
                 const uint32_t *who, unsigned n)
{
    for (unsigned k = 0; k < n_clocks; k++) {
        unsigned to = st->clock[k].to;
        b->listed[to] = append(b->list + to * PLAIN_LIST, b->listed[to], who, v->winner, k, n);
    }
    b->n_idle = append(b->idle, b->n_idle, who, v->winner, n_clocks, n);
}

/* Adds the rows of those who are tracked. */
static void track(struct kith_cell *cell, const double *base, const struct plain_state *st, const struct visit *v, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        const struct plain_family *f = (const void *)(base + v->row[i]);
        if (f->tracked)
            add_rows(cell, f, st, (unsigned)st->code[v->winner[i]], v->entered[i], v->at[i]);
    }
}

/* Takes families who[0 .. n) through the state in which they all are; what the end of the list lacks of a vector is made up
 * with the record of nobody. */
INLINE void visits(struct plain_batch *b, const struct plain_state *st, unsigned n_clocks, bool weibull, bool divide,
                   const uint32_t *who, unsigned n)
{
    struct visit v;
    v.n = (n + L - 1) / L * L;
    for (unsigned i = 0; i < v.n; i++)
        v.row[i] = (i < n ? who[i] : PLAIN_FAMILIES) * b->plain->doubles;
    look_up(b->record, st, n_clocks, &v);
    race(st, n_clocks - weibull, divide, &v);
    if (weibull)
        race_weibull(st, n_clocks, divide, &v);
    draw(b->record, st, n_clocks, &v);
    consume(b->record, st, n_clocks, weibull, &v);
    if (b->cell->share > 0)
        track(b->cell, b->record, st, &v, n);
    count(b->cell, st, n_clocks, &v, n);
    send(b, st, n_clocks, &v, who, n);
}

/* Nothing more happens to families in a state without clocks. */
static void rest_there(struct plain_batch *b, const struct plain_state *st, const uint32_t *who, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        const struct plain_family *f = (const void *)(b->record + who[i] * b->plain->doubles);
        b->cell->whose = f->number;
        if (f->tracked && f->entered <= b->cell->warm_up)
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
    n = n < SOME ? n : SOME;
    b->listed[list] -= n;
    memcpy(who, b->list + list * PLAIN_LIST + b->listed[list], n * sizeof *who);
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

/* Lets families begin in n records of nobody: their keys and all first draws. */
static void begin(struct plain_batch *b, unsigned n)
{
    const struct plain *pl = b->plain;
    struct kith_cell *cell = b->cell;
    struct visit v;
    v.n = (n + L - 1) / L * L;
    for (unsigned i = 0; i < v.n; i++) {
        uint32_t who = i < n ? b->idle[--b->n_idle] : PLAIN_FAMILIES;
        v.row[i] = who * pl->doubles;
        struct plain_family *f = (void *)(b->record + v.row[i]);
        memset(f, 0, pl->doubles * sizeof(double));
        v.taken[i] = b->next;
        if (i >= n)
            continue;
        f->number = (uint32_t)(b->next - b->from);
        f->tracked = kith_cell_tracks(cell, b->next++);
        b->list[pl->n_states * PLAIN_LIST + b->listed[pl->n_states]++] = who;
    }
    cell->tally[pl->entry].n += n;
    cell->n_events += n;
    for (unsigned i = 0; i < v.n; i += L) {
        kith_word_lanes key = kith_lanes_mix(kith_lanes_word(cell->key), WORDS(v.taken, i));
        key = kith_lanes_mix(kith_lanes_mix(key, kith_lanes_word(PATHWAY_KEY_MEMBER)), kith_lanes_word(0));
        WORDS(v.taken, i) = key;
        store(b->record + KEY, v.row + i, (kith_real_lanes)key);
    }
    for (size_t k = 0; k < pl->n_clocks; k++) {
        for (unsigned i = 0; i < v.n; i += L)
            WORDS(v.word, i) =
                kith_lanes_mix(kith_lanes_mix(WORDS(v.taken, i), kith_lanes_word(pl->key[k])), kith_lanes_word(0));
        kith_lanes_exponentials(v.word, v.fresh, v.n, &v.scratch);
        for (unsigned i = 0; i < v.n; i += L)
            store(b->record + pl->rests + k, v.row + i, LANES(v.fresh, i));
    }
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
static void run(struct plain_batch *b)
{
    size_t lists = b->plain->n_states + 1;
    for (;;) {
        bool any = false;
        size_t longest = 0;
        refill(b, false);
        for (size_t i = 0; i < lists; i++) {
            unsigned n = b->listed[i] / L * L;
            any = any || n;
            if (n)
                serve(b, i, n);
            longest = b->listed[i] > b->listed[longest] ? i : longest;
        }
        if (any)
            continue;
        if (b->listed[longest])
            serve(b, longest, b->listed[longest]);
        else if (b->next < b->to)
            refill(b, true);
        else
            return;
    }
}
