/* PCG against published and independently computed known answers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../../../engine/rng/pcg.h"

/* pcg64_oneseq (RXS-M-XS 64/64): computed by test_pcg_numpy.py, a transcription of the published definition
 * to big integers that is itself checked against numpy's PCG64 and PCG64DXSM. That script reads this table.
 */
enum { N_SEEDS = 3, N_WORDS = 6 };
static const uint64_t seeds[N_SEEDS] = {0, 42, 18446744073709551615u};
static const uint64_t answers[N_SEEDS][N_WORDS] = {
    /* seed 0 */
    {0x48d739ca50874760, 0x7287fa7127de0760, 0x45ef75addd52e16a, 0xc6a793dadb3d8912, 0xacd85330ad960277,
     0xb97c58b60fa0b24a},
    /* seed 42 */
    {0x27a53829edf003a9, 0xdf28458e5c04c31c, 0x2756dc550bc36037, 0xa10325553eb09ee9, 0x40a0fccb8d9df09f,
     0x5c2047cfefb5e9ca},
    /* seed 18446744073709551615 */
    {0x3f54475b2104f50c, 0xe8cfb7c995ed9d2c, 0x95445e81c835b52f, 0x53d8e70a054c0864, 0x86bbf7f3e616d968,
     0x917b1cc227875da0}};

static void known_answers(void **state)
{
    (void)state;
    for (int i = 0; i < N_SEEDS; i++) {
        uint64_t s = kith_pcg_advance(kith_pcg_advance(0) + seeds[i]);
        for (int j = 0; j < N_WORDS; j++) {
            assert_int_equal(kith_pcg_permute(s), answers[i][j]);
            s = kith_pcg_advance(s);
        }
    }
}

/* The demo of the published pcg32 (XSH-RR 64/32, seed 42, stream 54): the same multiplier and step. */
static uint64_t pcg32_step(uint64_t state, uint64_t increment)
{
    return kith_pcg_advance(state) - KITH_PCG_INCREMENT + increment;
}

static void published_pcg32(void **state)
{
    (void)state;
    static const uint32_t published[] = {0xa15c02b7, 0x7b47f409, 0xba1d3330,
                                         0x83d2f293, 0xbfa4784b, 0xcbed606e};
    const uint64_t increment = 54 << 1 | 1;
    uint64_t s = pcg32_step(pcg32_step(0, increment) + 42, increment);
    for (int i = 0; i < 6; i++) {
        uint32_t word = (uint32_t)(((s >> 18) ^ s) >> 27), turn = (uint32_t)(s >> 59);
        assert_int_equal(word >> turn | word << (-turn & 31), published[i]);
        s = pcg32_step(s, increment);
    }
}

/* The permutation undone: y ^ y >> 43 is its own inverse (2 * 43 > 64), the multiplier's inverse comes by
 * Newton's iteration, and x ^ x >> n (n from the top five bits, which it leaves alone) by repeating it. */
static uint64_t unpermute(uint64_t out)
{
    uint64_t inverse = 1;
    for (int i = 0; i < 6; i++)
        inverse *= 2 - 12605985483714917081u * inverse;
    uint64_t mixed = (out ^ out >> 43) * inverse, x = mixed;
    int n = (int)(mixed >> 59) + 5;
    for (int done = n; done < 64; done += n)
        x = mixed ^ x >> n;
    return x;
}

static void permutation_is_a_bijection(void **state)
{
    (void)state;
    uint64_t s = 1;
    for (int i = 0; i < 100000; i++) {
        s = kith_pcg_advance(s);
        assert_int_equal(unpermute(kith_pcg_permute(s)), s);
    }
    for (int i = 0; i < 64; i++)
        assert_int_equal(unpermute(kith_pcg_permute((uint64_t)1 << i)), (uint64_t)1 << i);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(known_answers), cmocka_unit_test(published_pcg32),
                                       cmocka_unit_test(permutation_is_a_bijection)};
    return cmocka_run_group_tests_name("rng/pcg", tests, NULL, NULL);
}
