/* lanes.h against draw.h and real.h, bit by bit. test_lanes2.c, test_lanes4.c and test_lanes8.c include it with their
 * KITH_LANES, compiled like everything else: where vectors of the machine are narrower, the compiler makes do. With
 * LANES_INSTRUCTIONS, a string as for gcc's option -m, the same in those instructions, with LANES_HAS: whether this CPU has
 * them. */
#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#if defined LANES_INSTRUCTIONS && defined __x86_64__ && !defined __clang__ /* clang has no such pragma */
#define LANES_PRAGMA(text) _Pragma(#text)
#define LANES_TARGET(text) LANES_PRAGMA(GCC target(text))
#pragma GCC push_options
LANES_TARGET(LANES_INSTRUCTIONS)
#elif defined LANES_INSTRUCTIONS
#undef LANES_HAS
#define LANES_HAS 0
#else
#define LANES_HAS 1
#endif

/* All of it inlined: compilers remark on functions that hand over vectors wider than the machine's. */
#ifdef __clang__
#pragma GCC diagnostic ignored "-Wunknown-warning-option"
#endif
#pragma GCC diagnostic ignored "-Wpsabi"
#define inline inline __attribute__((always_inline))
#include "../../../engine/rng/lanes.h"
#undef inline

#define L KITH_LANES
#define SOME KITH_LANES_SOME

/* ---- inputs: the same on every machine ---- */

/* Well mixed bits, from the scalar header that this is about to be held against. */
static uint64_t word(uint64_t stream, uint64_t i)
{
    return kith_draw_mix(kith_draw_mix(404, stream), i);
}

/* In (low, high). */
static double within(uint64_t stream, uint64_t i, double low, double high)
{
    return low + (high - low) * kith_draw_uniform(word(stream, i));
}

/* Positive and normal, every exponent equally often. */
static double any_positive(uint64_t stream, uint64_t i)
{
    return kith_real_from_bits((1 + i % 2046) << 52 | word(stream, i) >> 12);
}

/* Words as they come, and those that a slip would show in: few bits, many bits, small numbers. */
static uint64_t any_word(uint64_t stream, uint64_t i)
{
    uint64_t w = word(stream, i);
    switch (i % 16) {
        case 0: return w & 3;
        case 1: return -(w & 3);
        case 2: return (uint64_t)1 << (w & 63);
        case 3: return ((uint64_t)1 << (w & 63)) - 1;
        case 4: return w & 0xffffffffu;
        case 5: return w << 32;
        default: return w;
    }
}

/* Bits of doubles of every kind: zeros, infinities, NaNs that signal, and anything. */
static uint64_t any_bits(uint64_t stream, uint64_t i)
{
    static const uint64_t special[] = {0, 0x8000000000000000u, 0x7ff0000000000000u, 0xfff0000000000000u,
                                       0x7ff0000000000001u, 0x7ff8000000000000u, 0xffffffffffffffffu, 1};
    uint64_t w = word(stream, i);
    return w % 4 ? w : special[w >> 8 & 7];
}

static void need_cpu(void)
{
    if (LANES_HAS)
        return;
    print_message("NOT TESTED: needs gcc and a CPU with these instructions\n");
    skip();
}

/* ---- one vector ---- */

static void mixes_like_draw(void **state)
{
    (void)state;
    need_cpu();
    for (uint64_t i = 0; i < 6000000; i += L) {
        kith_word_lanes key, part;
        uint64_t got[L], round[L];
        for (unsigned j = 0; j < L; j++) {
            key[j] = any_word(1, i + j);
            part[j] = i % 5 ? any_word(2, (i + j) / 3) : key[j];
        }
        kith_lanes_store(got, kith_lanes_mix(key, part));
        kith_lanes_store(round, kith_lanes_round(key));
        for (unsigned j = 0; j < L; j++)
            if (got[j] != kith_draw_mix(key[j], part[j]) || round[j] != kith_pcg_permute(kith_pcg_advance(key[j])))
                fail_msg("lane %u: mix(%#llx, %#llx) is %#llx", j, (unsigned long long)key[j],
                         (unsigned long long)part[j], (unsigned long long)got[j]);
    }
}

static void the_same_in_all_lanes(void **state)
{
    (void)state;
    need_cpu();
    for (uint64_t i = 0; i < 10000; i++) {
        uint64_t bits = any_bits(3, i), got[L];
        kith_lanes_store(got, kith_lanes_word(bits));
        for (unsigned j = 0; j < L; j++)
            assert_int_equal(got[j], bits);
        double x = kith_real_from_bits(bits);
        kith_lanes_store(got, (kith_word_lanes)kith_lanes_real(x));
        for (unsigned j = 0; j < L; j++) /* by adding it to 0: -0 and the bits of NaN need not survive */
            if (!isnan(x))
                assert_true(kith_real_from_bits(got[j]) == x);
    }
}

/* Every mask, numbers of every kind. */
static void chooses_lane_by_lane(void **state)
{
    (void)state;
    need_cpu();
    for (uint64_t i = 0; i < 200000; i++) {
        uint64_t a[L], b[L], reals[L], words[L];
        kith_mask_lanes mask;
        kith_word_lanes x, y;
        for (unsigned j = 0; j < L; j++) {
            x[j] = a[j] = any_bits(4, i * L + j);
            y[j] = b[j] = any_bits(5, i * L + j);
            mask[j] = -(int64_t)(i >> j & 1);
        }
        kith_lanes_store(words, kith_lanes_choose_words(mask, x, y));
        kith_lanes_store(reals, (kith_word_lanes)kith_lanes_choose(mask, (kith_real_lanes)x, (kith_real_lanes)y));
        for (unsigned j = 0; j < L; j++) {
            uint64_t want = i >> j & 1 ? a[j] : b[j];
            if (words[j] != want || reals[j] != want)
                fail_msg("lane %u of mask %#llx: %#llx and %#llx, not %#llx", j, (unsigned long long)i,
                         (unsigned long long)words[j], (unsigned long long)reals[j], (unsigned long long)want);
        }
        assert_true(!kith_lanes_any(mask) == !(i & ((1u << L) - 1)));
    }
}

/* Rows that begin anywhere, in any order, some of them the same. */
/* Of equal zeros and of what is not a number, the second. */
static void finds_the_least_and_the_most(void **state)
{
    (void)state;
    need_cpu();
    for (uint64_t i = 0; i < 1000000; i += L) {
        kith_word_lanes x, y;
        uint64_t least[L], most[L];
        for (unsigned j = 0; j < L; j++) {
            x[j] = any_bits(11, i + j);
            y[j] = (i + j) % 7 ? any_bits(12, i + j) : x[j] ^ (uint64_t)(i % 2) << 63;
        }
        kith_lanes_store(least, (kith_word_lanes)kith_lanes_least((kith_real_lanes)x, (kith_real_lanes)y));
        kith_lanes_store(most, (kith_word_lanes)kith_lanes_most((kith_real_lanes)x, (kith_real_lanes)y));
        for (unsigned j = 0; j < L; j++) {
            double a = kith_real_from_bits(x[j]), b = kith_real_from_bits(y[j]);
            if (least[j] != (a < b ? x[j] : y[j]) || most[j] != (a > b ? x[j] : y[j]))
                fail_msg("lane %u: of %#llx and %#llx the least is %#llx, the most %#llx", j, (unsigned long long)x[j],
                         (unsigned long long)y[j], (unsigned long long)least[j], (unsigned long long)most[j]);
        }
    }
}

static void reads_rows(void **state)
{
    enum { SIZE = 1000 };
    static uint64_t bits[SIZE];
    static double table[SIZE];
    (void)state;
    need_cpu();
    for (unsigned i = 0; i < SIZE; i++)
        bits[i] = any_bits(6, i);
    memcpy(table, bits, sizeof table);
    for (uint64_t i = 0; i < 300000; i++) {
        uint64_t at[L], got[9][L];
        kith_real_lanes column[9];
        for (unsigned j = 0; j < L; j++)
            at[j] = j && i % 7 == 0 ? at[0] : word(7, i * L + j) % (SIZE - 3); /* a row has four */
        kith_lanes_rows4(table, at, &column[0], &column[1], &column[2], &column[3]);
        kith_lanes_rows3(table, at, &column[4], &column[5], &column[6]);
        kith_lanes_rows2(table, at, &column[7], &column[8]);
        for (unsigned k = 0; k < 9; k++)
            kith_lanes_store(got[k], (kith_word_lanes)column[k]);
        for (unsigned k = 0; k < 9; k++)
            for (unsigned j = 0; j < L; j++)
                if (got[k][j] != bits[at[j] + (k < 4 ? k : k < 7 ? k - 4 : k - 7)])
                    fail_msg("lane %u: column %u of rows of %d, at %llu", j, k < 4 ? k : k < 7 ? k - 4 : k - 7,
                             k < 4 ? 4 : k < 7 ? 3 : 2, (unsigned long long)at[j]);
    }
}

/* ---- logarithms ---- */

/* Normal numbers: every exponent, the neighbourhood of 1, the borders of the table's cells. */
static double any_normal(uint64_t i)
{
    switch (i % 4) {
        case 0: return any_positive(10, i / 4);
        case 1: return within(11, i, 0.5, 2);
        case 2: return 1 + within(12, i, -0.5, 1) * kith_real_from_bits((1023 - i / 4 % 53) << 52);
        default: /* beside the start of a cell, of any exponent */
            return kith_real_from_bits(((0x3fe6b00000000000u + (word(13, i) % 128 << 45)) & 0xfffffffffffffu) +
                                       (word(14, i) % 5 - 2) + ((1 + word(15, i) % 2045) << 52));
    }
}

static void logarithms_to_the_bit(void **state)
{
    (void)state;
    need_cpu();
    for (uint64_t i = 0; i < 8000000; i += L) {
        kith_word_lanes bits;
        uint64_t cell[L], one[L], high[L], low[L];
        kith_real_lanes hi, lo;
        for (unsigned j = 0; j < L; j++)
            bits[j] = kith_real_bits(any_normal(i + j));
        kith_lanes_store(cell, kith_lanes_log_cell(bits));
        kith_lanes_store(one, (kith_word_lanes)kith_lanes_log(bits, cell));
        kith_lanes_log_pair(bits, cell, &hi, &lo);
        kith_lanes_store(high, (kith_word_lanes)hi);
        kith_lanes_store(low, (kith_word_lanes)lo);
        for (unsigned j = 0; j < L; j++) {
            struct kith_real_pair want = kith_real_log_pair(bits[j]);
            double x = kith_real_from_bits(bits[j]);
            if (one[j] != kith_real_bits(kith_log(x)) || high[j] != kith_real_bits(want.hi) ||
                low[j] != kith_real_bits(want.lo))
                fail_msg("lane %u: log %a is %a = %a + %a", j, x, kith_real_from_bits(one[j]),
                         kith_real_from_bits(high[j]), kith_real_from_bits(low[j]));
        }
    }
}

/* ---- arrays ---- */

#define CANARY 0x7ff4123456789abcu

static struct kith_lanes_scratch scratch;

/* What an earlier call may have left there. */
static void spoil(uint64_t i)
{
    if (i % 64 == 0)
        memset(&scratch, (int)(word(20, i) & 255), sizeof scratch);
}

/* Lengths in turn, from one vector to all there is room for. */
static unsigned length(uint64_t i)
{
    return (unsigned)(1 + i % (SOME / L)) * L;
}

/* Words whose uniforms are at the ends, near 1, at the borders of the table's cells; and any. */
static uint64_t word_to_draw(uint64_t i)
{
    uint64_t w = word(21, i), end = w & 0xfff;
    switch (i % 8) {
        case 0: return end | (w >> 20 & 3) << 12;           /* smallest */
        case 1: return ~(end | (w >> 20 & 3) << 12);        /* largest */
        case 2: return w >> (w & 63);
        case 3: return ~(w >> (w & 63));
        case 4: return (w >> 20) % 128 << 57 | (w & 0x1fff) | (w >> 40 & 1 ? 0x1ffffffffffe000u : 0);
        default: return w;
    }
}

static void exponentials_to_the_bit(void **state)
{
    _Alignas(64) static uint64_t words[SOME], in_place[SOME];
    _Alignas(64) static double out[SOME];
    (void)state;
    need_cpu();
    for (uint64_t i = 0; i < 120000; i++) {
        unsigned n = length(i);
        uint64_t canary = CANARY, bits[SOME], same[SOME];
        for (unsigned j = 0; j < SOME; j++) {
            words[j] = in_place[j] = word_to_draw(i * SOME + j);
            memcpy(&out[j], &canary, sizeof canary);
        }
        spoil(i);
        kith_lanes_exponentials(words, out, n, &scratch);
        kith_lanes_exponentials(in_place, (double *)(void *)in_place, n, &scratch);
        memcpy(bits, out, sizeof bits);
        memcpy(same, in_place, sizeof same);
        for (unsigned j = 0; j < SOME; j++) {
            uint64_t w = word_to_draw(i * SOME + j), want = j < n ? kith_real_bits(kith_draw_exponential(w)) : CANARY;
            if (bits[j] != want || same[j] != (j < n ? want : w) || words[j] != w)
                fail_msg("number %u of %u: the exponential of %#llx is %#llx, in place %#llx, not %#llx", j, n,
                         (unsigned long long)w, (unsigned long long)bits[j], (unsigned long long)same[j],
                         (unsigned long long)want);
        }
    }
}

struct power {
    double x, y;
};

/* Whether kith_pow goes its usual way, which is all that the lanes have. */
static bool is_common(struct power p)
{
    uint64_t bits = kith_real_bits(p.x);
    return bits - 0x0010000000000000u < 0x7fe0000000000000u &&
           kith_real_exp_is_common(p.y * kith_real_log_pair(bits).hi);
}

/* y with y log x about `product`. */
static struct power with_product(double x, double product)
{
    return (struct power){x, product / kith_log(x)};
}

static struct power any_power(uint64_t i)
{
    double x = any_normal(word(30, i));
    switch (i / 4 % 6) { /* of each kind every length and every lane */
        case 0: return with_product(x, within(31, i, -690, 690));
        case 1: return with_product(x, within(32, i, -1, 1) * kith_real_from_bits((1023 - i % 60) << 52));
        case 2: return (struct power){within(33, i, 0, 40), within(34, i, 0.1, 5)}; /* as distributions use it */
        case 3: return (struct power){within(35, i, 0, 1), 1 / within(36, i, 0.1, 5)};
        case 4: return (struct power){within(37, i, 0, 3), 1}; /* next to exact */
        default: return with_product(x, (i & 1 ? 690 : -690) * (1 + within(38, i, -0x1p-48, 0x1p-48)));
    }
}

static struct power common_power(uint64_t i)
{
    struct power p = any_power(i);
    for (uint64_t k = 1; !is_common(p); k++)
        p = any_power(i + (k << 32));
    return p;
}

/* What has a way of its own: x or y at the ends or no number, results at or over the ends, or all but 1. */
static struct power rare_power(uint64_t i)
{
    static const double special[] = {0, -0.0, 1, -1, INFINITY, -INFINITY, NAN, 5e-324, DBL_MIN, DBL_MAX, 0x1p-1030};
    enum { N = sizeof special / sizeof *special };
    uint64_t w = word(40, i);
    double x = any_normal(w), y = within(41, i, -3, 3);
    struct power p = {x, y};
    switch (w % 10) {
        case 0: p.x = special[w / 10 % N]; break;
        case 1: p.y = special[w / 10 % N]; break;
        case 2: p = (struct power){special[w / 10 % N], special[w / 200 % N]}; break;
        case 3: p.x = kith_real_from_bits(w >> 12 >> w / 10 % 52); break; /* subnormal */
        case 4: p.x = 1; break;
        case 5: p.x = 0; break;
        case 6: p = with_product(x, within(42, i, 690, 760)); break;
        case 7: p = with_product(x, -within(42, i, 690, 760)); break;
        case 8: p = with_product(x, y * 0x1p-62); break;
        default: p.y = y * 1e300; break;
    }
    return is_common(p) ? rare_power(i + ((uint64_t)1 << 40)) : p;
}

/* The powers of p[0 .. n), all of which the lanes have to get right, and nothing behind them. */
static void check_powers(const struct power *p, unsigned n)
{
    _Alignas(64) static double x[SOME], y[SOME], out[SOME];
    uint64_t canary = CANARY;
    for (unsigned j = 0; j < SOME; j++) {
        memcpy(&out[j], &canary, sizeof canary);
        x[j] = j < n ? p[j].x : 0; /* rare, but none of theirs */
        y[j] = j < n ? p[j].y : -1;
    }
    kith_lanes_powers(x, y, out, n, &scratch);
    for (unsigned j = 0; j < SOME; j++) {
        uint64_t got = kith_real_bits(out[j]), want = j < n ? kith_real_bits(kith_pow(p[j].x, p[j].y)) : CANARY;
        if (got != want)
            fail_msg("number %u of %u: pow(%a, %a) is %a, not %a", j, n, p[j].x, p[j].y, out[j],
                     kith_real_from_bits(want));
        if (j < n)
            assert_true(memcmp(&x[j], &p[j].x, sizeof x[j]) == 0 && memcmp(&y[j], &p[j].y, sizeof y[j]) == 0);
    }
}

static void common_powers_to_the_bit(void **state)
{
    struct power p[SOME];
    (void)state;
    need_cpu();
    for (uint64_t i = 0; i < 60000; i++) {
        unsigned n = length(i);
        for (unsigned j = 0; j < n; j++)
            p[j] = common_power(i * SOME + j);
        spoil(i);
        check_powers(p, n);
    }
}

/* One rare number among common ones, at every place; then several. */
static void rare_powers_among_common_ones(void **state)
{
    struct power p[SOME];
    (void)state;
    need_cpu();
    for (uint64_t i = 0; i < 24000; i++) {
        unsigned n = length(word(43, i)), rare = i % 8 ? 1 : (unsigned)(word(44, i) % n);
        for (unsigned j = 0; j < n; j++)
            p[j] = common_power(word(45, i) % 1000000 + j);
        for (unsigned k = 0; k < rare; k++)
            p[k ? word(46, i + k) % n : i / 8 % n] = rare_power(i * SOME + k);
        spoil(i);
        check_powers(p, n);
    }
}

#if defined LANES_INSTRUCTIONS && defined __x86_64__ && !defined __clang__
#pragma GCC pop_options
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mixes_like_draw),
        cmocka_unit_test(the_same_in_all_lanes),
        cmocka_unit_test(chooses_lane_by_lane),
        cmocka_unit_test(finds_the_least_and_the_most),
        cmocka_unit_test(reads_rows),
        cmocka_unit_test(logarithms_to_the_bit),
        cmocka_unit_test(exponentials_to_the_bit),
        cmocka_unit_test(common_powers_to_the_bit),
        cmocka_unit_test(rare_powers_among_common_ones),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
