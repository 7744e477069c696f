/* PCG: the generators of O'Neill, "PCG: A Family of Simple Fast Space-Efficient Statistically Good Algorithms
 * for Random Number Generation", Harvey Mudd College HMC-CS-2014-0905 (2014); www.pcg-random.org.
 *
 * kith uses one member, RXS-M-XS 64/64, and uses it as a keyed hash: every draw is a pure function of its key
 * and no generator state exists anywhere. */
#ifndef KITH_RNG_PCG_H
#define KITH_RNG_PCG_H

#include <stdint.h>

#define KITH_PCG_MULTIPLIER 6364136223846793005u
#define KITH_PCG_INCREMENT 1442695040888963407u

/* One step of PCG's 64-bit linear congruential generator. */
static inline uint64_t kith_pcg_advance(uint64_t state)
{
    return state * KITH_PCG_MULTIPLIER + KITH_PCG_INCREMENT;
}

/* PCG's output permutation RXS-M-XS for 64 bits: a bijection of 64-bit words. */
static inline uint64_t kith_pcg_permute(uint64_t state)
{
    uint64_t word = ((state >> ((state >> 59) + 5)) ^ state) * 12605985483714917081u;
    return (word >> 43) ^ word;
}

#endif
