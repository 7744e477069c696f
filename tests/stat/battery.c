/* Writes raw draws to stdout for a battery of randomness tests (scripts/battery.sh runs dieharder on them).
 *
 * usage: battery MODE [SEED]
 *
 * MODE names the part of the key that runs fastest: the draws of neighbouring values of that part come one
 * after the other, which is where a weak key scheme shows. Each word gives its high half, then its low half.
 * It never ends by itself; the reader closes the pipe. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../engine/rng/draw.h"

/* In the order in which parts enter a key. */
enum { SEED, REPLICATION, AREA, FAMILY, MEMBER, CLOCK, OCCURRENCE, N_PARTS };
static const char *const part_names[N_PARTS] = {"seed",   "replication", "area",      "family",
                                                "member", "clock",       "occurrence"};
/* Neighbours in one round before the next part moves: about what a simulation has of each. */
enum { NEIGHBOURS = 64, BUFFER = 1 << 14 };

/* As an engine would, but with small integers everywhere: names hashed to 64 bits would only hide a weakness.
 */
static uint64_t draw(const uint64_t part[N_PARTS])
{
    uint64_t key = part[SEED];
    for (int i = REPLICATION; i < N_PARTS; i++)
        key = kith_draw_mix(key, part[i]);
    return key;
}

/* Odometer: `fast` counts NEIGHBOURS values, then the next part of the ring, and so on. */
static void next(uint64_t part[N_PARTS], const uint64_t first[N_PARTS], int fast)
{
    for (int i = 0; i < N_PARTS; i++) {
        int p = (fast + i) % N_PARTS;
        if (++part[p] < first[p] + NEIGHBOURS)
            return;
        part[p] = first[p];
    }
}

int main(int argc, char **argv)
{
    int fast = 0;
    while (argc > 1 && fast < N_PARTS && strcmp(argv[1], part_names[fast]) != 0)
        fast++;
    if (argc < 2 || fast == N_PARTS) {
        fprintf(stderr, "usage: battery seed|replication|area|family|member|clock|occurrence [SEED]\n");
        return 2;
    }
    uint64_t first[N_PARTS] = {argc > 2 ? strtoull(argv[2], NULL, 0) : 1, 0, 0, 0, 0, 0, 0};
    uint64_t part[N_PARTS];
    memcpy(part, first, sizeof part);
    static uint32_t words[BUFFER];
    for (;;) {
        for (size_t i = 0; i < BUFFER; i += 2) {
            uint64_t word = draw(part);
            words[i] = (uint32_t)(word >> 32);
            words[i + 1] = (uint32_t)word;
            next(part, first, fast);
        }
        if (fwrite(words, sizeof words[0], BUFFER, stdout) != BUFFER)
            return 0;
    }
}
