/* Keyed draws: luck as a pure function of (seed, replication, area, family, member, clock, occurrence).
 *
 * A key grows by one part at a time: key' = mix(key, part). No part is ever added to another one, so seeds s
 * and s + 1 share nothing, and raw small integers never select a stream. Names enter by kith_hash_name.
 * The first key is kith_draw_mix(0, seed), so that every later key is a full 64-bit hash: two pairs with equal
 * key ^ part differ by one round only, which hashes never meet but pairs of small integers would.
 * All functions are pure and thread-safe. */
#ifndef KITH_RNG_DRAW_H
#define KITH_RNG_DRAW_H

#include <stdint.h>

#include "pcg.h"
#include "real.h"

/* Recorded in every output. It changes when, and only when, the same scenario and seed give other draws. */
#define KITH_DRAW_SCHEME "kith-draw-1: pcg-rxs-m-xs-64, 2 rounds a key part"

/* The key `key` extended by `part`: two rounds of PCG's step and permutation, the second keyed again. For a
 * fixed key a bijection of `part`. */
static inline uint64_t kith_draw_mix(uint64_t key, uint64_t part)
{
    uint64_t x = kith_pcg_permute(kith_pcg_advance(key ^ part));
    return kith_pcg_permute(kith_pcg_advance(x + key));
}

/* A double in (0, 1): the middle of one of 2^52 equal cells, so neither 0 nor 1, and 1 - u is exact. */
static inline double kith_draw_uniform(uint64_t word)
{
    /* the same as ((word >> 12) + 0.5) * 2^-52, without a conversion: 1 + k 2^-52 is built from its bits */
    return kith_real_from_bits((word >> 12) | 0x3ff0000000000000u) - (1 - 0x1p-53);
}

/* A unit exponential, in [2^-53, 36.8]. */
static inline double kith_draw_exponential(uint64_t word)
{
    return -kith_log(kith_draw_uniform(word));
}

#endif
