/* A yardstick: scenarios/chain.yaml hard-coded in plain C for the vector units of the CPU. 512 families go in
 * lockstep, one in each place of some arrays; a place whose family is 18 years on begins its next one. The
 * loop over the places has no branch, so that a compiler can make SIMD code of it for any CPU. Prints events,
 * seconds and the share of time in each state, as chain_plain does: the shares have to be the same.
 *
 *   chain_batch [FAMILIES [REPEATS]]
 *   cc -std=c11 -D_POSIX_C_SOURCE=200809L -O3 -march=native -ffast-math -fopenmp-simd chain_batch.c -lm
 *
 * What it leaves out: double precision; draws that belong to a clock (each family has its own stream, an
 * event takes one draw of 64 bits: 23 for the Weibull clock, 23 for the exponential ones, 18 for which of
 * these); a draw for each exponential clock (the two of a state are merged into one); results that are the
 * same on every machine and with every compiler; arms, areas, months, output of any kind, and models other
 * than this one.
 */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define YEARS 18.0f
#define NEVER 1e6f /* scale of a Weibull clock that is not there */
#define SEED 12345u

enum { PLACES = 512, STATES = 6, STEPS = 64 };

/* Each state: its Weibull clock; its exponential clocks together and the share of the first of them; where
 * they lead. */
static const float power[STATES] = {1, 1 / 1.5f, 1 / 1.3f, 1 / 1.5f, 1 / 1.4f, 1 / 1.2f};
static const float scale[STATES] = {NEVER, 1.2f, 0.8f, 1.3f, 1.1f, 2.5f};
static const float mean[STATES] = {1 / 0.70f, 1 / 0.45f, 1 / 1.15f, 1 / 0.38f, 1 / 0.30f, 1 / 0.20f};
static const float first[STATES] = {0.40f / 0.70f, 1, 0.90f / 1.15f, 0.30f / 0.38f, 1, 1};
static const int32_t by_weibull[STATES] = {0, 0, 0, 0, 3, 3};
static const int32_t by_first[STATES] = {1, 2, 3, 4, 5, 0};
static const int32_t by_second[STATES] = {2, 2, 4, 5, 5, 0};

struct batch {
    int32_t family[PLACES], state[PLACES];
    float at[PLACES];
    uint64_t stream[PLACES];
    float weibull[PLACES], exponential[PLACES], choice[PLACES], stay[PLACES]; /* of the step in hand */
    int32_t in[PLACES], ends[PLACES];
    float spent[STATES][PLACES]; /* years in each state, emptied into doubles now and then */
};

static inline uint64_t mixed(uint64_t s)
{
    uint64_t word = ((s >> ((s >> 59) + 5)) ^ s) * 12605985483714917081u;
    return (word >> 43) ^ word;
}

static inline uint64_t stream_of(uint64_t seed, int32_t family)
{
    return mixed(seed + (uint64_t)family * 0x9e3779b97f4a7c15u);
}

/* Draws of every place: a Weibull one and an exponential one in standard form, and a choice. */
static void draw(struct batch *b)
{
#pragma omp simd
    for (int i = 0; i < PLACES; i++) {
        uint64_t word = mixed(b->stream[i]);
        b->stream[i] = b->stream[i] * 6364136223846793005u + 1442695040888963407u;
        b->weibull[i] = ((float)(int32_t)(word >> 41) + 0.5f) * 0x1p-23f;
        b->exponential[i] = ((float)(int32_t)(word >> 18 & 0x7fffff) + 0.5f) * 0x1p-23f;
        b->choice[i] = ((float)(int32_t)(word & 0x3ffff) + 0.5f) * 0x1p-18f;
    }
#pragma omp simd
    for (int i = 0; i < PLACES; i++) {
        b->weibull[i] = logf(-logf(b->weibull[i]));
        b->exponential[i] = -logf(b->exponential[i]);
    }
}

/* One event of every place whose family is one of the first `families`; returns how many happened before the
 * end. */
static int64_t step(struct batch *b, uint64_t seed, int32_t families)
{
    int32_t events = 0;
    draw(b);
#pragma omp simd reduction(+ : events)
    for (int i = 0; i < PLACES; i++) {
        int32_t s = b->state[i], f = b->family[i];
        float weibull = scale[s] * expf(b->weibull[i] * power[s]);
        float exponential = b->exponential[i] * mean[s];
        int32_t to = b->choice[i] < first[s] ? by_first[s] : by_second[s];
        float left = YEARS - b->at[i];
        to = weibull < exponential ? by_weibull[s] : to;
        float stay = fminf(fminf(weibull, exponential), left);
        int32_t ends = stay >= left, lives = f < families;
        b->in[i] = lives ? s : STATES;
        b->stay[i] = stay;
        b->ends[i] = ends;
        events += lives & !ends;
        b->at[i] = ends ? 0 : b->at[i] + stay;
        b->state[i] = ends ? 0 : to;
        b->family[i] = f + ends * PLACES;
    }
#pragma omp simd
    for (int i = 0; i < PLACES; i++) {
        uint64_t fresh = stream_of(seed, b->family[i]);
        b->stream[i] = b->ends[i] ? fresh : b->stream[i];
    }
    for (int s = 0; s < STATES; s++)
#pragma omp simd
        for (int i = 0; i < PLACES; i++)
            b->spent[s][i] += b->in[i] == s ? b->stay[i] : 0;
    return events;
}

static int any_left(const struct batch *b, int32_t families)
{
    for (int i = 0; i < PLACES; i++)
        if (b->family[i] < families)
            return 1;
    return 0;
}

static int64_t simulate(uint64_t seed, int32_t families, double *spent)
{
    static struct batch b;
    int64_t events = 0;
    for (int32_t i = 0; i < PLACES; i++) {
        b.family[i] = i;
        b.state[i] = 0;
        b.at[i] = 0;
        b.stream[i] = stream_of(seed, i);
    }
    while (any_left(&b, families)) {
        for (int n = 0; n < STEPS; n++)
            events += step(&b, seed, families);
        for (int k = 0; k < STATES; k++)
            for (int i = 0; i < PLACES; i++) {
                spent[k] += (double)b.spent[k][i];
                b.spent[k][i] = 0;
            }
    }
    return events;
}

static double now(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (double)ts.tv_sec + 1e-9 * (double)ts.tv_nsec;
}

int main(int argc, char **argv)
{
    int32_t families = argc > 1 ? (int32_t)atol(argv[1]) : 100000;
    int repeats = argc > 2 ? atoi(argv[2]) : 1;
    for (int r = 0; r < repeats; r++) {
        double spent[STATES] = {0}, began = now();
        int64_t events = simulate(SEED + (uint64_t)r, families, spent);
        double seconds = now() - began;
        printf("%lld events %.6f s", (long long)events, seconds);
        for (int s = 0; s < STATES; s++)
            printf(" %.5f", spent[s] / ((double)families * (double)YEARS));
        printf("\n");
    }
    return 0;
}
