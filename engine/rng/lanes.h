/* draw.h and real.h for several numbers at a time: the same operations in the same order in each lane of a vector, so the
 * same bits. Before including it, define KITH_LANES: 2, 4 or 8 lanes of 64 bits, and compile for a CPU whose vectors
 * are that wide (any other gives the same bits, more slowly). Written with the vector types of gcc and clang; where a
 * CPU has an instruction that they cannot say (loads from a table by index), it stands beside a loop that does the same.
 * All functions are pure and thread-safe. */
#ifndef KITH_RNG_LANES_H
#define KITH_RNG_LANES_H

#include <stddef.h>

#include "draw.h"

#if defined __AVX512F__ || defined __AVX2__ || defined __SSE2__
#include <immintrin.h>
#endif

/* may_alias: arrays of either kind hold the other's bits meanwhile */
typedef double kith_real_lanes __attribute__((vector_size(8 * KITH_LANES), may_alias));
typedef uint64_t kith_word_lanes __attribute__((vector_size(8 * KITH_LANES), may_alias));
typedef int64_t kith_mask_lanes __attribute__((vector_size(8 * KITH_LANES), may_alias)); /* 0 or -1 in each lane */

/* The same number in all lanes. */
static inline kith_real_lanes kith_lanes_real(double x)
{
    return (kith_real_lanes){0} + x;
}
static inline kith_word_lanes kith_lanes_word(uint64_t x)
{
    return (kith_word_lanes){0} + x;
}

/* a where the mask is set, else b. */
static inline kith_word_lanes kith_lanes_choose_words(kith_mask_lanes mask, kith_word_lanes a, kith_word_lanes b)
{
#if defined __AVX__ && KITH_LANES == 4
    return (kith_word_lanes)_mm256_blendv_pd((__m256d)b, (__m256d)a, (__m256d)mask);
#else
    return ((kith_word_lanes)mask & a) | (~(kith_word_lanes)mask & b);
#endif
}
static inline kith_real_lanes kith_lanes_choose(kith_mask_lanes mask, kith_real_lanes a, kith_real_lanes b)
{
#if defined __AVX512F__ && KITH_LANES == 8
    return (kith_real_lanes)_mm512_mask_mov_pd((__m512d)b, _mm512_test_epi64_mask((__m512i)mask, (__m512i)mask),
                                               (__m512d)a);
#else
    return (kith_real_lanes)kith_lanes_choose_words(mask, (kith_word_lanes)a, (kith_word_lanes)b);
#endif
}

/* a where a < b, else b: that is also what these instructions give for zeros of both signs and for what is not a number. */
static inline kith_real_lanes kith_lanes_least(kith_real_lanes a, kith_real_lanes b)
{
#if defined __AVX512F__ && KITH_LANES == 8
    return (kith_real_lanes)_mm512_min_pd((__m512d)a, (__m512d)b);
#elif defined __AVX__ && KITH_LANES == 4
    return (kith_real_lanes)_mm256_min_pd((__m256d)a, (__m256d)b);
#elif defined __SSE2__ && KITH_LANES == 2
    return (kith_real_lanes)_mm_min_pd((__m128d)a, (__m128d)b);
#else
    return kith_lanes_choose((kith_mask_lanes)(a < b), a, b);
#endif
}

/* a where a > b, else b; likewise. */
static inline kith_real_lanes kith_lanes_most(kith_real_lanes a, kith_real_lanes b)
{
#if defined __AVX512F__ && KITH_LANES == 8
    return (kith_real_lanes)_mm512_max_pd((__m512d)a, (__m512d)b);
#elif defined __AVX__ && KITH_LANES == 4
    return (kith_real_lanes)_mm256_max_pd((__m256d)a, (__m256d)b);
#elif defined __SSE2__ && KITH_LANES == 2
    return (kith_real_lanes)_mm_max_pd((__m128d)a, (__m128d)b);
#else
    return kith_lanes_choose((kith_mask_lanes)(a > b), a, b);
#endif
}

/* Whether the mask is set anywhere. */
static inline int kith_lanes_any(kith_mask_lanes mask)
{
#if defined __AVX512F__ && KITH_LANES == 8
    return _mm512_test_epi64_mask((__m512i)mask, (__m512i)mask) != 0;
#else
    int64_t any = 0;
    for (int i = 0; i < KITH_LANES; i++)
        any |= mask[i];
    return any != 0;
#endif
}

/* k as a word that kith_lanes_equal can compare: for two lanes in both halves, since most CPUs without wider vectors cannot
 * compare words. Its low half is k in any case. */
static inline uint64_t kith_lanes_number(uint32_t k)
{
    return KITH_LANES == 2 ? k * 0x100000001u : k;
}

/* Where x is k; all of x are words made by kith_lanes_number. */
static inline kith_mask_lanes kith_lanes_equal(kith_word_lanes x, uint32_t k)
{
#if KITH_LANES == 2
    typedef int32_t halves __attribute__((vector_size(8 * KITH_LANES)));
    return (kith_mask_lanes)((halves)x == (halves)kith_lanes_word(kith_lanes_number(k)));
#else
    return (kith_mask_lanes)(x == kith_lanes_number(k));
#endif
}

/* Where x is a positive normal number and |y|, from small to large, is neither below 2^-60 nor as large as 690: where
 * powers need no care. By numbers or by their bits, whichever the CPU can compare. */
static inline kith_mask_lanes kith_lanes_usual(kith_real_lanes x, kith_real_lanes y)
{
    kith_word_lanes size = (kith_word_lanes)y & 0x7fffffffffffffffu;
#if KITH_LANES == 8
    return (kith_mask_lanes)((kith_word_lanes)x - 0x0010000000000000u < 0x7fe0000000000000u) &
           (kith_mask_lanes)(size - 0x3c30000000000000u < 0x4085900000000000u - 0x3c30000000000000u);
#else
    return (x >= 0x1p-1022) & (x <= 0x1.fffffffffffffp1023) & ((kith_real_lanes)size >= 0x1p-60) &
           ((kith_real_lanes)size < 0x1.59p9);
#endif
}

/* The lanes one by one. */
static inline void kith_lanes_store(uint64_t *to, kith_word_lanes x)
{
    memcpy(to, &x, sizeof x);
}

/* A vector of f(0), f(1), ...: made at once, for compilers do badly with one that is filled lane by lane. */
#if KITH_LANES == 8
#define KITH_LANES_EACH(f) {f(0), f(1), f(2), f(3), f(4), f(5), f(6), f(7)}
#elif KITH_LANES == 4
#define KITH_LANES_EACH(f) {f(0), f(1), f(2), f(3)}
#else
#define KITH_LANES_EACH(f) {f(0), f(1)}
#endif

/* Columns of a table of doubles whose rows of two begin at base + at[i]: *a is the first of each row, *b the second. Rows are
 * read whole and turned, which is half the work of reading number by number. */
#define KITH_LANES_A(i) base[at[i]]
#define KITH_LANES_B(i) base[at[i] + 1]
static inline void kith_lanes_rows2(const double *base, const uint64_t *at, kith_real_lanes *a, kith_real_lanes *b)
{
#if defined __AVX512F__ && KITH_LANES == 8
#define KITH_LANES_FOUR(i)                                                                                            \
    _mm512_insertf64x2(                                                                                               \
        _mm512_insertf64x2(_mm512_insertf64x2(_mm512_castpd128_pd512(_mm_loadu_pd(base + at[i])),                     \
                                              _mm_loadu_pd(base + at[i + 2]), 1),                                     \
                           _mm_loadu_pd(base + at[i + 4]), 2),                                                        \
        _mm_loadu_pd(base + at[i + 6]), 3)
    __m512d even = KITH_LANES_FOUR(0), odd = KITH_LANES_FOUR(1);
#undef KITH_LANES_FOUR
    *a = (kith_real_lanes)_mm512_unpacklo_pd(even, odd);
    *b = (kith_real_lanes)_mm512_unpackhi_pd(even, odd);
#elif defined __AVX__ && KITH_LANES == 4
#define KITH_LANES_TWO(i) \
    _mm256_insertf128_pd(_mm256_castpd128_pd256(_mm_loadu_pd(base + at[i])), _mm_loadu_pd(base + at[i + 2]), 1)
    __m256d even = KITH_LANES_TWO(0), odd = KITH_LANES_TWO(1);
#undef KITH_LANES_TWO
    *a = (kith_real_lanes)_mm256_unpacklo_pd(even, odd);
    *b = (kith_real_lanes)_mm256_unpackhi_pd(even, odd);
#else
    *a = (kith_real_lanes)KITH_LANES_EACH(KITH_LANES_A);
    *b = (kith_real_lanes)KITH_LANES_EACH(KITH_LANES_B);
#endif
}

/* The same for rows of four. */
static inline void kith_lanes_rows4(const double *base, const uint64_t *at, kith_real_lanes *a, kith_real_lanes *b,
                                    kith_real_lanes *c, kith_real_lanes *d)
{
#if defined __AVX512F__ && KITH_LANES == 8
#define KITH_LANES_TWO(i) \
    _mm512_insertf64x4(_mm512_castpd256_pd512(_mm256_loadu_pd(base + at[i])), _mm256_loadu_pd(base + at[i + 4]), 1)
    __m512d r0 = KITH_LANES_TWO(0), r1 = KITH_LANES_TWO(1), r2 = KITH_LANES_TWO(2), r3 = KITH_LANES_TWO(3);
#undef KITH_LANES_TWO
    __m512d even01 = _mm512_unpacklo_pd(r0, r1), even23 = _mm512_unpacklo_pd(r2, r3);
    __m512d odd01 = _mm512_unpackhi_pd(r0, r1), odd23 = _mm512_unpackhi_pd(r2, r3);
    const __m512i low = _mm512_set_epi64(13, 12, 5, 4, 9, 8, 1, 0), high = _mm512_set_epi64(15, 14, 7, 6, 11, 10, 3, 2);
    *a = (kith_real_lanes)_mm512_permutex2var_pd(even01, low, even23);
    *b = (kith_real_lanes)_mm512_permutex2var_pd(odd01, low, odd23);
    *c = (kith_real_lanes)_mm512_permutex2var_pd(even01, high, even23);
    *d = (kith_real_lanes)_mm512_permutex2var_pd(odd01, high, odd23);
#else
    kith_lanes_rows2(base, at, a, b);
    kith_lanes_rows2(base + 2, at, c, d);
#endif
}

/* The same for rows of three. */
static inline void kith_lanes_rows3(const double *base, const uint64_t *at, kith_real_lanes *a, kith_real_lanes *b,
                                    kith_real_lanes *c)
{
#if KITH_LANES == 8
    kith_real_lanes d; /* reads it, too */
    kith_lanes_rows4(base, at, a, b, c, &d);
#else
#define KITH_LANES_C(i) base[at[i] + 2]
    kith_lanes_rows2(base, at, a, b);
    *c = (kith_real_lanes)KITH_LANES_EACH(KITH_LANES_C);
#endif
}

/* x times a constant. */
static inline kith_word_lanes kith_lanes_times(kith_word_lanes x, uint64_t by)
{
#if defined __AVX2__ && KITH_LANES == 4
    /* of the products of halves, the two of a low and a high one by one instruction, as eight products of 32 bits */
    kith_word_lanes crossed = (kith_word_lanes)_mm256_mullo_epi32((__m256i)x, (__m256i)kith_lanes_word(by << 32 | by >> 32));
    kith_word_lanes low = (kith_word_lanes)_mm256_mul_epu32((__m256i)x, (__m256i)kith_lanes_word(by));
    return low + (crossed << 32) + (crossed & 0xffffffff00000000u);
#else
    return x * by;
#endif
}

/* kith_pcg_advance and kith_pcg_permute in each lane. */
static inline kith_word_lanes kith_lanes_round(kith_word_lanes x)
{
    x = kith_lanes_times(x, KITH_PCG_MULTIPLIER) + KITH_PCG_INCREMENT;
    kith_word_lanes word = kith_lanes_times((x >> ((x >> 59) + 5)) ^ x, 12605985483714917081u);
    return (word >> 43) ^ word;
}

/* kith_draw_mix in each lane; one by one where vectors have no product of 64 bits. */
static inline kith_word_lanes kith_lanes_mix(kith_word_lanes key, kith_word_lanes part)
{
#if KITH_LANES == 2
    return (kith_word_lanes){kith_draw_mix(key[0], part[0]), kith_draw_mix(key[1], part[1])};
#else
    return kith_lanes_round(kith_lanes_round(key ^ part) + key);
#endif
}

/* ---- logarithms and powers of many numbers ----------------------------------------------------------------------
 *
 * A logarithm is a chain of a hundred operations of which each waits for the last; a CPU looks no further ahead than a few
 * hundred. So arrays go through it in short steps, all numbers in each, and what the steps hand on is kept here. */

/* Numbers in an array, at most; a multiple of all widths. */
#define KITH_LANES_SOME 128

struct kith_lanes_scratch {
    _Alignas(64) uint64_t cell[KITH_LANES_SOME];
    _Alignas(64) double hi[KITH_LANES_SOME], lo[KITH_LANES_SOME];
};

/* A vector of an array that is aligned to 64 bytes. */
#define KITH_REALS(array, i) (*(kith_real_lanes *)(void *)&(array)[i])
#define KITH_WORDS(array, i) (*(kith_word_lanes *)(void *)&(array)[i])

/* What kith_real_reduce finds. */
struct kith_lanes_reduced {
    kith_real_lanes whole, rest, big, small;
};

/* Where rows of the table of logarithms begin, as kith_real_reduce finds them, in doubles. */
static inline kith_word_lanes kith_lanes_log_cell(kith_word_lanes bits)
{
    return ((bits - 0x3fe6b00000000000u) >> 43) & (127 * 4);
}
_Static_assert(sizeof(struct kith_real_log_cell) == 4 * sizeof(double), "rows of four doubles");

/* kith_real_reduce, given the rows of the table. */
static inline struct kith_lanes_reduced kith_lanes_reduce(kith_word_lanes bits, const uint64_t *cell)
{
    kith_word_lanes from_start = bits - 0x3fe6b00000000000u, exponent = from_start & 0xfff0000000000000u;
    /* the exponent is a whole number of at most 12 bits with a sign: made a double by putting it into one's last bits */
    kith_real_lanes k = (kith_real_lanes)(((from_start >> 52) ^ 0x800u) | 0x4330000000000000u) - (0x1p52 + 0x800);
    kith_word_lanes m_bits = bits - exponent;
    kith_real_lanes m = (kith_real_lanes)m_bits;
    kith_real_lanes m_big = (kith_real_lanes)((m_bits + ((uint64_t)1 << 28)) & ~(((uint64_t)1 << 29) - 1));
    kith_real_lanes inv_c, log_hi, log_lo;
    kith_lanes_rows3(&kith_real_log_table[0].inv_c, cell, &inv_c, &log_hi, &log_lo);
    struct kith_lanes_reduced r;
    r.big = m_big * inv_c - 1.0;
    r.small = (m - m_big) * inv_c;
    r.whole = k * KITH_REAL_LN2_HI + log_hi;
    r.rest = k * KITH_REAL_LN2_LO + log_lo;
    return r;
}

/* kith_real_log_tail. */
static inline kith_real_lanes kith_lanes_log_tail(kith_real_lanes r)
{
    kith_real_lanes r2 = r * r;
    kith_real_lanes low = (1.0 / 3 - r * 0.25) + r2 * (0.2 - r * (1.0 / 6));
    kith_real_lanes high = (1.0 / 7 - r * 0.125) + r2 * (1.0 / 9);
    return low + (r2 * r2) * high;
}

/* kith_log of positive normal numbers. */
static inline kith_real_lanes kith_lanes_log(kith_word_lanes bits, const uint64_t *cell)
{
    struct kith_lanes_reduced t = kith_lanes_reduce(bits, cell);
    kith_real_lanes r = t.big + t.small;
    kith_real_lanes r_left = (t.big - r) + t.small;
    kith_real_lanes a = t.whole + r;
    kith_real_lanes a_left = ((t.whole - a) + r) + (r_left + t.rest);
    kith_real_lanes r2 = r * r;
    return a + (a_left + r2 * (r * kith_lanes_log_tail(r) - 0.5));
}

/* kith_real_log_pair. */
static inline void kith_lanes_log_pair(kith_word_lanes bits, const uint64_t *cell, kith_real_lanes *hi,
                                       kith_real_lanes *lo)
{
    struct kith_lanes_reduced t = kith_lanes_reduce(bits, cell);
    kith_real_lanes r = t.big + t.small;
    kith_real_lanes half_square = 0.5 * (t.big * t.big);
    kith_real_lanes a = t.whole + t.big;
    kith_real_lanes a_left = (t.whole - a) + t.big;
    kith_real_lanes b = a - half_square;
    kith_real_lanes b_left = (a - b) - half_square;
    kith_real_lanes c = b + t.small;
    kith_real_lanes c_left = (b - c) + t.small;
    kith_real_lanes tail = (r * r) * (r * kith_lanes_log_tail(r));
    kith_real_lanes left = (a_left + b_left) + (c_left + t.rest);
    left = left + (tail - 0.5 * (t.small * (t.big + r)));
    *hi = c + left;
    *lo = (c - *hi) + left;
}

/* kith_draw_exponential of n words, a multiple of KITH_LANES; all arrays aligned to 64 bytes, `out` may be `word`. */
static inline void kith_lanes_exponentials(const uint64_t *word, double *out, unsigned n, struct kith_lanes_scratch *s)
{
    for (unsigned i = 0; i < n; i += KITH_LANES) {
        kith_word_lanes one_to_two = (KITH_WORDS(word, i) >> 12) | 0x3ff0000000000000u;
        kith_real_lanes u = (kith_real_lanes)one_to_two - (1 - 0x1p-53);
        KITH_REALS(s->hi, i) = u;
        KITH_WORDS(s->cell, i) = kith_lanes_log_cell((kith_word_lanes)u);
    }
    for (unsigned i = 0; i < n; i += KITH_LANES)
        KITH_REALS(out, i) = -kith_lanes_log((kith_word_lanes)KITH_REALS(s->hi, i), s->cell + i);
}

/* kith_pow(x, y) where y log x = y hi + y lo is neither tiny nor near the ends of the range. */
static inline kith_real_lanes kith_lanes_exp_product(kith_real_lanes y, kith_real_lanes hi, kith_real_lanes lo)
{
    kith_real_lanes e = y * hi;
    kith_real_lanes y_big = (kith_real_lanes)((kith_word_lanes)y & ~(uint64_t)0x7ffffff);
    kith_real_lanes l_big = (kith_real_lanes)((kith_word_lanes)hi & ~(uint64_t)0x7ffffff);
    kith_real_lanes y_small = y - y_big, l_small = hi - l_big;
    kith_real_lanes e_lo = ((y_big * l_big - e) + y_big * l_small) + y_small * l_big;
    e_lo = (e_lo + y_small * l_small) + y * lo;
    /* as kith_real_exp_pair */
    kith_real_lanes shifted = e * KITH_REAL_STEPS + 0x1.8p52;
    kith_real_lanes steps = shifted - 0x1.8p52;
    kith_word_lanes k = ((kith_word_lanes)shifted & 0xfffffffffffffu) - ((uint64_t)1 << 51), step = k & 127;
    uint64_t cell[KITH_LANES];
    kith_lanes_store(cell, 2 * step);
    kith_real_lanes f = (e - steps * KITH_REAL_STEP_HI) + (e_lo - steps * KITH_REAL_STEP_LO), exp_hi, exp_lo;
    kith_lanes_rows2(&kith_real_exp_table[0].hi, cell, &exp_hi, &exp_lo);
    kith_real_lanes scaled = (kith_real_lanes)((kith_word_lanes)exp_hi + ((k - step) << 45));
    kith_real_lanes f2 = f * f;
    kith_real_lanes exp_tail = f + f2 * ((0.5 + f * (1.0 / 6)) + f2 * (1.0 / 24 + f * (1.0 / 120)));
    return scaled + scaled * (exp_lo + exp_tail);
}

/* kith_pow(x[i], y[i]) of n numbers, a multiple of KITH_LANES; arrays aligned to 64 bytes, `out` another one than x and y. */
static inline void kith_lanes_powers(const double *x, const double *y, double *out, unsigned n,
                                     struct kith_lanes_scratch *s)
{
    kith_mask_lanes rare = {0};
    for (unsigned i = 0; i < n; i += KITH_LANES)
        KITH_WORDS(s->cell, i) = kith_lanes_log_cell((kith_word_lanes)KITH_REALS(x, i));
    for (unsigned i = 0; i < n; i += KITH_LANES) {
        kith_word_lanes bits = (kith_word_lanes)KITH_REALS(x, i);
        kith_lanes_log_pair(bits, s->cell + i, &KITH_REALS(s->hi, i), &KITH_REALS(s->lo, i));
        rare |= ~kith_lanes_usual(KITH_REALS(x, i), KITH_REALS(y, i) * KITH_REALS(s->hi, i));
    }
    for (unsigned i = 0; i < n; i += KITH_LANES)
        KITH_REALS(out, i) = kith_lanes_exp_product(KITH_REALS(y, i), KITH_REALS(s->hi, i), KITH_REALS(s->lo, i));
    if (__builtin_expect(kith_lanes_any(rare), 0))
        for (unsigned i = 0; i < n; i++)
            out[i] = kith_pow(x[i], y[i]);
}

#endif
