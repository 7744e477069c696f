/* Keyed draws: their range, and that draws of neighbouring keys have nothing in common. scripts/battery.sh
 * looks longer. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <gsl/gsl_cdf.h>

#include "../../../engine/rng/draw.h"

static void uniform_range(void **state)
{
    (void)state;
    assert_true(kith_draw_uniform(0) == 0x1p-53);
    assert_true(kith_draw_uniform(UINT64_MAX) == 1 - 0x1p-53);
    assert_true(kith_draw_uniform((uint64_t)1 << 63) == 0.5 + 0x1p-53);
    assert_true(1 - (1 - kith_draw_uniform(123456789)) == kith_draw_uniform(123456789));
}

static void exponential_range(void **state)
{
    (void)state;
    assert_true(kith_draw_exponential(UINT64_MAX) == 0x1p-53);
    double largest = kith_draw_exponential(0);
    assert_true(largest > 36.7 && largest < 36.8);
}

/* Each step of the mix undone; test_pcg.c explains unpermute. */
static uint64_t inverse_of(uint64_t odd)
{
    uint64_t inverse = 1;
    for (int i = 0; i < 6; i++)
        inverse *= 2 - odd * inverse;
    return inverse;
}

static uint64_t unround(uint64_t out)
{
    uint64_t mixed = (out ^ out >> 43) * inverse_of(12605985483714917081u), x = mixed;
    int n = (int)(mixed >> 59) + 5;
    for (int done = n; done < 64; done += n)
        x = mixed ^ x >> n;
    return (x - KITH_PCG_INCREMENT) * inverse_of(KITH_PCG_MULTIPLIER);
}

static void mix_is_a_bijection_of_part(void **state)
{
    (void)state;
    for (uint64_t i = 0; i < 200000; i++) {
        uint64_t key = i * 0x9e3779b97f4a7c15u, part = i % 64 ? i : (uint64_t)1 << (i / 64 % 64);
        uint64_t out = kith_draw_mix(key, part);
        assert_int_equal(unround(unround(out) - key) ^ key, part);
    }
}

/* The scheme is for ever: a change of these words needs a new KITH_DRAW_SCHEME. They were computed with big
 * integers from the definition in draw.h. */
static void scheme_is_stable(void **state)
{
    (void)state;
    assert_int_equal(kith_draw_mix(0, 0), 0xb2a1c9ba8c52e619u);
    assert_int_equal(kith_draw_mix(1, 2), 0x748b76444946d858u);
    assert_int_equal(kith_draw_mix(2, 1), 0x29761603da17b3deu);
    assert_int_equal(kith_draw_mix(UINT64_MAX, 0x8000000000000000u), 0x3afb2a27975ce14du);
}

/* ---- neighbouring keys ---- */

enum { N_PARTS = 7, N_TESTS = 7, N_DRAWS = 1 << 20, NEIGHBOURS = 64 };
typedef uint64_t draw_fn(const uint64_t part[N_PARTS]);

/* seed, replication, area, family, member, clock, occurrence; small integers everywhere */
static uint64_t keyed(const uint64_t part[N_PARTS])
{
    uint64_t key = part[0];
    for (int i = 1; i < N_PARTS; i++)
        key = kith_draw_mix(key, part[i]);
    return key;
}

/* The twin that must fail: seed + i, through the congruential step alone. */
static uint64_t weak(const uint64_t part[N_PARTS])
{
    uint64_t sum = 0;
    for (int i = 0; i < N_PARTS; i++)
        sum += part[i];
    return kith_pcg_advance(sum);
}

/* N_DRAWS words, part `fast` of the key running fastest over NEIGHBOURS values, then the next part, ... */
static void fill(uint64_t *words, draw_fn *draw, int fast)
{
    uint64_t part[N_PARTS] = {0};
    for (size_t i = 0; i < N_DRAWS; i++) {
        words[i] = draw(part);
        for (int j = 0; j < N_PARTS; j++) {
            int p = (fast + j) % N_PARTS;
            if (++part[p] < NEIGHBOURS)
                break;
            part[p] = 0;
        }
    }
}

static double chi_square_p(const double *count, size_t cells, double total)
{
    double expected = total / (double)cells, sum = 0;
    for (size_t i = 0; i < cells; i++)
        sum += (count[i] - expected) * (count[i] - expected) / expected;
    double upper = gsl_cdf_chisq_Q(sum, (double)cells - 1), lower = gsl_cdf_chisq_P(sum, (double)cells - 1);
    return 2 * (upper < lower ? upper : lower); /* too even is wrong as well */
}

/* One byte of the words, evenly spread? */
static double byte_p(const uint64_t *words, int shift)
{
    static double count[256];
    memset(count, 0, sizeof count);
    for (size_t i = 0; i < N_DRAWS; i++)
        count[words[i] >> shift & 255]++;
    return chi_square_p(count, 256, N_DRAWS);
}

/* Six bits of a word with the same six bits of its neighbour, evenly spread over the 4096 pairs? */
static double pairs_p(const uint64_t *words, int shift)
{
    static double count[4096];
    memset(count, 0, sizeof count);
    for (size_t i = 0; i < N_DRAWS; i += 2)
        count[(words[i] >> shift & 63) << 6 | (words[i + 1] >> shift & 63)]++;
    return chi_square_p(count, 4096, N_DRAWS / 2);
}

static double two_sided_p(double z)
{
    return 2 * gsl_cdf_ugaussian_Q(fabs(z));
}

static double correlation_p(const uint64_t *words)
{
    double sum = 0;
    for (size_t i = 0; i + 1 < N_DRAWS; i++)
        sum += (kith_draw_uniform(words[i]) - 0.5) * (kith_draw_uniform(words[i + 1]) - 0.5);
    return two_sided_p(12 * sum / sqrt(N_DRAWS - 1.0));
}

/* Differing bits of neighbours: 32 of 64 with variance 16. */
static double avalanche_p(const uint64_t *words)
{
    double sum = 0;
    for (size_t i = 0; i + 1 < N_DRAWS; i++)
        sum += (double)__builtin_popcountll(words[i] ^ words[i + 1]) - 32;
    return two_sided_p(sum / (4 * sqrt(N_DRAWS - 1.0)));
}

static int by_value(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* Kolmogorov and Smirnov's test; sorts the words. */
static double ks_p(uint64_t *words)
{
    double worst = 0, n = N_DRAWS;
    qsort(words, N_DRAWS, sizeof *words, by_value);
    for (size_t i = 0; i < N_DRAWS; i++) {
        double u = kith_draw_uniform(words[i]), above = ((double)i + 1) / n - u, below = u - (double)i / n;
        worst = fmax(worst, fmax(above, below));
    }
    return fmin(1, 2 * exp(-2 * n * worst * worst));
}

static void all_p(double p[N_TESTS], draw_fn *draw, int fast)
{
    static uint64_t words[N_DRAWS];
    fill(words, draw, fast);
    p[0] = byte_p(words, 56);
    p[1] = byte_p(words, 0);
    p[2] = pairs_p(words, 58);
    p[3] = pairs_p(words, 0);
    p[4] = correlation_p(words);
    p[5] = avalanche_p(words);
    p[6] = ks_p(words);
}

/* Fixed before the first run: 1e-4 for a false alarm anywhere (Bonferroni). */
static const double threshold = 1e-4 / (N_PARTS * N_TESTS);

static void neighbours_are_independent(void **state)
{
    (void)state;
    for (int fast = 0; fast < N_PARTS; fast++) {
        double p[N_TESTS];
        all_p(p, keyed, fast);
        for (int i = 0; i < N_TESTS; i++)
            if (!(p[i] >= threshold))
                fail_msg("part %d, test %d: p = %g", fast, i, p[i]);
    }
}

static void weak_twin_fails(void **state)
{
    (void)state;
    for (int fast = 0; fast < N_PARTS; fast++) {
        double p[N_TESTS];
        int caught = 0;
        all_p(p, weak, fast);
        for (int i = 0; i < N_TESTS; i++)
            caught += !(p[i] >= threshold);
        assert_true(caught > 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(uniform_range),    cmocka_unit_test(exponential_range),
        cmocka_unit_test(scheme_is_stable), cmocka_unit_test(mix_is_a_bijection_of_part),
        cmocka_unit_test(weak_twin_fails),  cmocka_unit_test(neighbours_are_independent)};
    return cmocka_run_group_tests_name("rng/draw", tests, NULL, NULL);
}
