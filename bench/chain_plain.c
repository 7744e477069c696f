/* The yardstick: scenarios/chain.yaml hard-coded in plain C. One loop, the C library's log and pow, one PCG stream,
 * every clock drawn anew at each entry. Prints events, seconds and the share of time in each state, so that anybody
 * can see that it simulates the same model.
 *
 *   chain_plain FAMILIES [REPEATS]
 */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define YEARS 18.0

struct clock {
    int to;
    double shape, scale; /* exponential: shape 1 */
};

static const struct clock clocks[6][3] = {
    {{1, 1, 1 / 0.40}, {2, 1, 1 / 0.30}, {-1, 0, 0}},
    {{0, 1.5, 1.2}, {2, 1, 1 / 0.45}, {-1, 0, 0}},
    {{0, 1.3, 0.8}, {3, 1, 1 / 0.90}, {4, 1, 1 / 0.25}},
    {{0, 1.5, 1.3}, {4, 1, 1 / 0.30}, {5, 1, 1 / 0.08}},
    {{3, 1.4, 1.1}, {5, 1, 1 / 0.30}, {-1, 0, 0}},
    {{3, 1.2, 2.5}, {0, 1, 1 / 0.20}, {-1, 0, 0}},
};

static uint64_t draw(uint64_t *state)
{
    uint64_t s = *state, word;
    *state = s * 6364136223846793005u + 1442695040888963407u;
    word = ((s >> ((s >> 59) + 5)) ^ s) * 12605985483714917081u;
    return (word >> 43) ^ word;
}

static double exponential(uint64_t *state)
{
    return -log(((double)(draw(state) >> 12) + 0.5) * 0x1p-52);
}

static uint64_t simulate(uint64_t seed, long families, double *spent)
{
    uint64_t events = 0;
    for (long f = 0; f < families; f++) {
        uint64_t rng = seed + (uint64_t)f * 0x9e3779b97f4a7c15u;
        double t = 0;
        int s = 0;
        draw(&rng);
        for (;;) {
            double first = INFINITY;
            int to = s;
            for (int k = 0; k < 3 && clocks[s][k].to >= 0; k++) {
                const struct clock *c = &clocks[s][k];
                double e = exponential(&rng);
                double at = c->scale * (c->shape == 1 ? e : pow(e, 1 / c->shape));
                if (at < first) {
                    first = at;
                    to = c->to;
                }
            }
            if (t + first > YEARS)
                break;
            spent[s] += first;
            t += first;
            s = to;
            events++;
        }
        spent[s] += YEARS - t;
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
    long families = argc > 1 ? atol(argv[1]) : 100000;
    int repeats = argc > 2 ? atoi(argv[2]) : 1;
    for (int r = 0; r < repeats; r++) {
        double spent[6] = {0}, began = now();
        uint64_t events = simulate(12345u + (uint64_t)r, families, spent);
        double seconds = now() - began;
        printf("%llu events %.6f s", (unsigned long long)events, seconds);
        for (int s = 0; s < 6; s++)
            printf(" %.5f", spent[s] / ((double)families * YEARS));
        printf("\n");
    }
    return 0;
}
