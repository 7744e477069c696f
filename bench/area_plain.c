/* A yardstick: scenarios/area.yaml hard-coded, as one would write a fast prototype. One area after the other:
 * 64 bytes a family with its one pending event, a wheel of buckets of one day that hold 8-byte keys (time,
 * family), a service with places and a queue, and one row (family, day, code) in memory for each event.
 * Prints events, seconds, the share of time in each state (s0 to s5, wait) and how many waited; kith counts
 * one event a family more, its beginning.
 *
 *   area_plain [AREAS [FAMILIES [REPEATS]]]        FAMILIES of one area
 *   cc -std=c11 -D_POSIX_C_SOURCE=200809L -O3 -march=native area_plain.c -lm
 *
 * What it leaves out: double precision (the C library's logf and powf); exact times (2^19 ticks a day); draws
 * that belong to a clock (one stream for each area, every clock drawn anew at each entry, the two exponential
 * clocks of a state merged into one); counts by month; files; areas, states and rules other than these.
 */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define DAY 524288u /* ticks */
#define END ((uint32_t)(6574.5 * DAY))
#define PLACES_PER_FAMILY 0.111111111
#define SEED 12345u

enum { DAYS = 6575, WAIT = 6, STATES = 7, CHUNK = 31 };

/* Each state: its Weibull clock, its exponential ones together and the share of the first of them; where they
 * lead. */
struct clocks {
    float scale, power, mean, first;
    uint8_t to[3]; /* by the Weibull clock, the first and the second exponential one */
};
#define EXPONENTIALS(a, b) (float)(1 / ((a) + (b))), (float)((a) / ((a) + (b)))
static const struct clocks clocks[6] = {
    {900, 1 / 1.4f, EXPONENTIALS(0.0004, 0.00025), {1, 2, 3}},
    {500, 1 / 0.8f, EXPONENTIALS(0.001111111111, 0.0004), {2, 0, 3}},
    {350, 1 / 1.6f, EXPONENTIALS(0.000666666667, 0.000833333333), {3, 0, 4}},
    {600, 1 / 1.2f, EXPONENTIALS(0.000555555556, 0.000333333333), {4, 1, 0}},
    {800, 1 / 0.7f, EXPONENTIALS(0.000454545455, 0.000384615385), {5, 0, 2}},
    {1100, 1 / 1.5f, EXPONENTIALS(0.00025, 0.0002), {0, 4, 3}},
};

struct family {
    uint32_t since, events, next_waiting;
    uint8_t state, to;
    uint8_t room[50]; /* what a model of some substance would know of a family */
};

/* Keys of one day, in no order; a day with more has a list of them. */
struct chunk {
    uint64_t key[CHUNK];
    uint32_t next, used;
};

struct area {
    struct family *family;
    uint32_t families, places, used, first_waiting, last_waiting;
    uint64_t waited, spent[STATES], stream;
    /* the wheel: 0 is no chunk; `today` is sorted and done up to `done` */
    struct chunk *chunk;
    uint32_t day_chunk[DAYS], unused_chunk, chunks, day;
    uint64_t *today, *unsorted;
    uint32_t done, due, *bin;
    /* rows */
    uint64_t rows, room;
    uint32_t *row_family;
    uint16_t *row_day;
    uint8_t *row_code;
};

static void *room_for(size_t n, size_t size)
{
    void *p = malloc(n * size);
    if (!p) {
        fprintf(stderr, "area_plain: out of memory\n");
        exit(71);
    }
    memset(p, 0, n * size); /* touched before the clock runs */
    return p;
}

/* ---- draws */

static uint64_t draw(struct area *a)
{
    uint64_t s = a->stream, word = ((s >> ((s >> 59) + 5)) ^ s) * 12605985483714917081u;
    a->stream = s * 6364136223846793005u + 1442695040888963407u;
    return (word >> 43) ^ word;
}

static float exponential(uint32_t bits)
{
    return -logf(((float)(bits >> 9) + 0.5f) * 0x1p-23f);
}

/* Draws the clocks of a state: ticks until the first of them, and where it leads. */
static uint32_t stay(struct area *a, int state, uint8_t *to)
{
    const struct clocks *c = &clocks[state];
    uint64_t word = draw(a);
    float by_weibull = c->scale * powf(exponential((uint32_t)word), c->power);
    float by_exponential = c->mean * exponential((uint32_t)(word >> 32));
    int second = (float)(draw(a) >> 40) * 0x1p-24f >= c->first;
    *to = c->to[by_weibull < by_exponential ? 0 : 1 + second];
    float days = fminf(fminf(by_weibull, by_exponential), (float)DAYS);
    return (uint32_t)(days * (float)DAY) + 1;
}

/* ---- the wheel */

static void schedule(struct area *a, uint32_t at, uint32_t f)
{
    uint32_t day = at / DAY, *first = &a->day_chunk[day];
    uint64_t key = (uint64_t)at << 32 | f;
    if (day <= a->day && a->due) { /* among those of today that are still to come */
        uint32_t i = a->due++;
        for (; i > a->done && a->today[i - 1] > key; i--)
            a->today[i] = a->today[i - 1];
        a->today[i] = key;
        return;
    }
    if (!*first || a->chunk[*first].used == CHUNK) {
        uint32_t fresh = a->unused_chunk;
        if (fresh)
            a->unused_chunk = a->chunk[fresh].next;
        else
            fresh = ++a->chunks;
        a->chunk[fresh].next = *first;
        a->chunk[fresh].used = 0;
        *first = fresh;
    }
    struct chunk *c = &a->chunk[*first];
    c->key[c->used++] = key;
}

/* Sorts n keys of one day from `unsorted` to `today`: into bins by time, as many as keys, then by insertion.
 */
static void sort(struct area *a, uint32_t n)
{
    int shift = 51;
    uint32_t bins = 1;
    for (; bins < n && bins < DAY; bins *= 2)
        shift--;
    memset(a->bin, 0, (bins + 1) * sizeof *a->bin);
    for (uint32_t i = 0; i < n; i++)
        a->bin[(a->unsorted[i] >> shift & (bins - 1)) + 1]++;
    for (uint32_t i = 1; i < bins; i++)
        a->bin[i] += a->bin[i - 1];
    for (uint32_t i = 0; i < n; i++)
        a->today[a->bin[a->unsorted[i] >> shift & (bins - 1)]++] = a->unsorted[i];
    for (uint32_t i = 1; i < n; i++) {
        uint64_t key = a->today[i];
        uint32_t j = i;
        for (; j && a->today[j - 1] > key; j--)
            a->today[j] = a->today[j - 1];
        a->today[j] = key;
    }
}

/* Takes the keys of a day out of the wheel. */
static void begin_day(struct area *a, uint32_t day)
{
    uint32_t n = 0;
    for (uint32_t k = a->day_chunk[day], next; k; k = next) {
        struct chunk *c = &a->chunk[k];
        for (uint32_t i = 0; i < c->used; i++) {
            a->unsorted[n++] = c->key[i];
            __builtin_prefetch(&a->family[(uint32_t)c->key[i]], 1);
        }
        next = c->next;
        c->next = a->unused_chunk;
        a->unused_chunk = k;
    }
    sort(a, n);
    a->day_chunk[day] = 0;
    a->day = day;
    a->done = 0;
    a->due = n;
}

/* ---- the model */

static void enter(struct area *a, uint32_t f, uint32_t now, int state)
{
    struct family *x = &a->family[f];
    if (x->events) {
        a->row_family[a->rows] = f;
        a->row_day[a->rows] = (uint16_t)(now / DAY);
        a->row_code[a->rows++] = (uint8_t)(x->state * STATES + state);
    }
    a->spent[x->state] += now - x->since;
    x->since = now;
    x->state = (uint8_t)state;
    x->events++;
    if (state == WAIT)
        return;
    uint32_t lasts = stay(a, state, &x->to);
    if (lasts < END - now)
        schedule(a, now + lasts, f);
}

static void ask_for_place(struct area *a, uint32_t f, uint32_t now)
{
    if (a->used < a->places) {
        a->used++;
        enter(a, f, now, 3);
        return;
    }
    if (a->first_waiting == UINT32_MAX)
        a->first_waiting = f;
    else
        a->family[a->last_waiting].next_waiting = f;
    a->last_waiting = f;
    a->family[f].next_waiting = UINT32_MAX;
    a->waited++;
    enter(a, f, now, WAIT);
}

static void leave_place(struct area *a, uint32_t now)
{
    uint32_t f = a->first_waiting;
    if (f == UINT32_MAX) {
        a->used--;
        return;
    }
    a->first_waiting = a->family[f].next_waiting;
    enter(a, f, now, 3);
}

static void simulate(struct area *a, uint64_t seed)
{
    a->stream = seed * 0x9e3779b97f4a7c15u;
    draw(a);
    a->used = a->chunks = a->unused_chunk = a->day = a->due = 0;
    a->first_waiting = UINT32_MAX;
    a->rows = 0;
    memset(a->day_chunk, 0, sizeof a->day_chunk);
    memset(a->family, 0, a->families * sizeof *a->family);
    for (uint32_t f = 0; f < a->families; f++)
        enter(a, f, 0, 0);
    for (uint32_t day = 0; day < DAYS; day++) {
        begin_day(a, day);
        while (a->done < a->due) {
            uint64_t key = a->today[a->done++];
            uint32_t f = (uint32_t)key, now = (uint32_t)(key >> 32);
            int from = a->family[f].state, to = a->family[f].to;
            if (to == 3)
                ask_for_place(a, f, now);
            else
                enter(a, f, now, to);
            if (from == 3)
                leave_place(a, now);
        }
    }
    for (uint32_t f = 0; f < a->families; f++)
        a->spent[a->family[f].state] += END - a->family[f].since;
}

static struct area *new_area(uint32_t families)
{
    struct area *a = room_for(1, sizeof *a);
    a->families = families;
    a->places = (uint32_t)lround(PLACES_PER_FAMILY * families);
    a->room = 20 * (uint64_t)families + 1000; /* rows: 13.3 a family */
    a->family = room_for(families, sizeof *a->family);
    a->chunk = room_for(families / CHUNK + 2 * DAYS, sizeof *a->chunk);
    a->today = room_for(families + 1000, sizeof *a->today);
    a->unsorted = room_for(families + 1, sizeof *a->unsorted);
    a->bin = room_for(2 * (size_t)families + 2, sizeof *a->bin);
    a->row_family = room_for(a->room, sizeof *a->row_family);
    a->row_day = room_for(a->room, sizeof *a->row_day);
    a->row_code = room_for(a->room, sizeof *a->row_code);
    return a;
}

static double seconds_now(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (double)ts.tv_sec + 1e-9 * (double)ts.tv_nsec;
}

int main(int argc, char **argv)
{
    int areas = argc > 1 ? atoi(argv[1]) : 20;
    int families = argc > 2 ? atoi(argv[2]) : 50000;
    int repeats = argc > 3 ? atoi(argv[3]) : 1;
    if (areas < 1 || families < 1 || families > 1000000 || repeats < 1) {
        fprintf(stderr, "usage: area_plain [AREAS [FAMILIES [REPEATS]]]\n");
        return 64;
    }
    struct area *a = new_area((uint32_t)families);
    for (int r = 0; r < repeats; r++) {
        uint64_t events = 0;
        memset(a->spent, 0, sizeof a->spent);
        a->waited = 0;
        double began = seconds_now();
        for (int k = 0; k < areas; k++) {
            simulate(a, SEED + (uint64_t)(r * areas + k));
            events += a->rows;
        }
        double seconds = seconds_now() - began;
        printf("%llu events %.6f s", (unsigned long long)events, seconds);
        for (int s = 0; s < STATES; s++)
            printf(" %.5f", (double)a->spent[s] / ((double)areas * families * (double)END));
        printf(" %llu waited\n", (unsigned long long)a->waited);
    }
    return 0;
}
