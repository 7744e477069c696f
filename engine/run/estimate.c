/* What a run will take, from a small part of it run here and now. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../base/clock.h"
#include "../rng/draw.h"
#include "run.h"

/* Families of an area that is run as a whole to measure: soon done, and much like any other. */
#define SAMPLE_AREA 60000
/* Families run to measure where no area is as small as that and nothing couples them. */
#define SAMPLE_FAMILIES 2000

struct sample {
    uint64_t families;
    size_t arms;
    bool whole; /* one area as a whole */
    double events, rows, seconds;
    double packed_bytes, pack_seconds, merge_seconds; /* of one cell */
    double waiting_bytes; /* of the families of a coupled area, for each that ever comes */
};

/* Families that ever are in area i. */
static double families_in(const struct kith_scenario *sc, const struct kith_shape *shape, size_t i)
{
    return (double)sc->families * sc->areas[i].share * shape->turnover;
}

/* The area that tells most of all of them: the one nearest to their mean that is soon done, else the smallest. */
static size_t choose_area(const struct kith_scenario *sc, const struct kith_shape *shape)
{
    double mean = 0, nearest = INFINITY;
    size_t chosen = 0;
    for (size_t i = 0; i < sc->n_areas; i++)
        mean += families_in(sc, shape, i) / (double)sc->n_areas;
    for (size_t i = 0; i < sc->n_areas; i++) {
        double x = families_in(sc, shape, i), away = x <= SAMPLE_AREA ? fabs(x - mean) : 1e15 + x;
        if (away < nearest) {
            nearest = away;
            chosen = i;
        }
    }
    return chosen;
}

/* What it takes to pack the cell's results, and to unpack them and put them into the output file. */
static enum kith_status measure_packing(const struct kith_run *run, const struct kith_shape *shape,
                                        const struct kith_cell *cell, struct sample *s)
{
    struct kith_series series;
    struct kith_outcome outcome = {0};
    struct kith_packed packed;
    kith_packed_init(&packed, run->mem);
    enum kith_status st = kith_series_init(&series, run->mem, shape, run->sc->months);
    if (!st)
        st = kith_outcome_init(&outcome, run->mem, shape, series.years);
    for (int i = 0; i < 2 && !st; i++) { /* the first time touches memory for the first time */
        double began = kith_clock_seconds();
        kith_cell_series(cell, shape, &series);
        st = kith_packed_series(&packed, &series, cell->n_events);
        double packed_at = kith_clock_seconds();
        s->packed_bytes = (double)packed.n;
        if (!st)
            st = kith_packed_undo(&packed, packed.bytes, packed.n, &series);
        if (!st)
            kith_outcome_add(&outcome, shape, &series, 1);
        s->pack_seconds = packed_at - began;
        s->merge_seconds = kith_clock_seconds() - packed_at;
    }
    kith_packed_free(&packed);
    kith_outcome_free(&outcome);
    kith_series_free(&series);
    return st;
}

/* Runs an area, or some of its families, each of the arms in turn. */
static enum kith_status measure(const struct kith_run *run, const struct kith_shape *shape, struct sample *s)
{
    const struct kith_scenario *sc = run->sc;
    struct kith_cell cell;
    struct kith_families families;
    size_t area = choose_area(sc, shape);
    struct kith_room room;
    s->whole = shape->coupled || families_in(sc, shape, area) <= SAMPLE_AREA;
    kith_room_init(&room, run->mem);
    kith_families_init(&families, run->mem, &room);
    enum kith_status st = kith_cell_init(&cell, run->mem, shape, sc->months);
    double spent = 0;
    for (size_t arm = 0; arm < sc->n_arms && !st && (arm == 0 || spent < 0.5); arm++) {
        kith_cell_clear(&cell);
        cell.key = kith_draw_mix(kith_draw_mix(kith_draw_mix(0, sc->seed), 0), sc->areas[area].key);
        cell.arm = arm;
        cell.area = area;
        cell.warm_up = sc->warm_up;
        cell.end = sc->warm_up + sc->counted;
        uint64_t n = run->model->families(run->compiled, &cell, families_in(sc, shape, area)), done = 0;
        double began = kith_clock_seconds();
        if (s->whole) {
            st = kith_families_run(&families, run->model, run->compiled, &cell, shape, 0, n, sc->trajectories,
                                   KITH_ORDER_FAMILY, run->stop);
            while (!st && families.tracks.n_families > 0) {
                s->rows += (double)families.tracks.n_events;
                st = kith_families_next(&families, &cell);
            }
            done = n;
        }
        uint64_t step = n > SAMPLE_FAMILIES ? n / SAMPLE_FAMILIES : 1;
        for (uint64_t i = 0; i < n && !st && !s->whole; i += step, done++) {
            st = kith_families_run(&families, run->model, run->compiled, &cell, shape, i, i + 1, sc->trajectories,
                                   KITH_ORDER_FAMILY, run->stop);
            s->rows += (double)families.tracks.n_events;
        }
        if (shape->coupled && n)
            s->waiting_bytes = (double)(kith_store_bytes(&room.store) + room.batch_room) / (double)n;
        s->families += done;
        s->arms++;
        s->events += (double)cell.n_events;
        s->seconds += kith_clock_seconds() - began;
        spent += kith_clock_seconds() - began;
    }
    if (!st)
        st = measure_packing(run, shape, &cell, s);
    kith_families_free(&families);
    kith_room_free(&room);
    kith_cell_free(&cell);
    return st;
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Shares of the largest area and of the one up to which the smaller ones have half of all families; false when memory runs
 * out. */
static bool sizes(const struct kith_run *run, double *largest, double *middle)
{
    size_t n = run->sc->n_areas, at = 0;
    double *share = NULL, all = 0, sum = 0;
    if (kith_mem_zeroed(run->mem, &share, n, sizeof *share))
        return false;
    for (size_t i = 0; i < n; i++)
        all += share[i] = run->sc->areas[i].share;
    qsort(share, n, sizeof *share, by_size);
    while (at + 1 < n && 2 * (sum + share[at]) < all)
        sum += share[at++];
    *largest = share[n - 1];
    *middle = share[at];
    kith_mem_free(&share);
    return true;
}

/* Memory of a run with that many threads; below 0 when there is none to find that out. */
static double memory(const struct kith_run *run, const struct kith_shape *shape, int threads, const struct sample *s)
{
    const struct kith_scenario *sc = run->sc;
    double months = sc->months + 1, tallies = months * (double)shape->n_transitions;
    double series = months * (double)(shape->n_states + shape->n_transitions + shape->n_counts) * 4 +
                    months * (double)(shape->n_costs + shape->n_amounts) * 8;
    double largest = 0, middle = 0, rows_a_family = s->families ? s->rows / (double)s->families : 0;
    if (!sizes(run, &largest, &middle))
        return -1;
    /* half of the threads have areas of any size at hand, the others come from the smallest up to the middle (team.c:
     * next_missing) */
    int few = threads / 2, many = threads - few;
    double families = (many * largest + few * middle) * (double)sc->families * shape->turnover;
    /* the program with its libraries, the writer's columns, and for each thread its own unit and, where nothing is coupled,
     * four that wait; their rows grow by doubling. Of those of a whole area an eighth of a million are at hand, the others in a
     * file (sim/rows.c) */
    double rows = rows_a_family * (shape->coupled ? families : threads * 8192.0);
    double at_hand = rows < threads * 131072.0 ? rows : threads * 131072.0;
    double groups = families < threads * 65536.0 ? families : threads * 65536.0;
    double tracks = shape->coupled ? 16 * at_hand + (rows > 0 ? 32 * groups : 0) : 5 * 8 * rows, units = shape->coupled ? 1 : 5;
    double bytes = 22e6 + (sc->trajectories > 0 ? 8e6 : 0) + threads * units * tallies * 16 + tracks +
                   (threads + 2.0) * series * 3 +
                   8 * (double)sc->replications * (double)sc->n_arms * (double)sc->n_areas;
    /* coupled: every family that ever comes has entries in the queue */
    return bytes + (shape->coupled ? families * (s->waiting_bytes + 40) : 0);
}

enum kith_status kith_run_estimate(const struct kith_run *run, struct kith_estimate *out, struct kith_error *err)
{
    const struct kith_scenario *sc = run->sc;
    const struct kith_shape *shape = run->model->shape(run->compiled);
    struct sample s = {0};
    enum kith_status st = measure(run, shape, &s);
    if (st)
        return kith_error_set(err, st, sc->path, 0, 0, st == KITH_STOPPED ? "stopped while measuring: one area takes this long; ask with fewer families"
                                                   : "out of memory");
    int threads = kith_run_threads(run->threads);
    double cells = (double)sc->replications * (double)sc->n_arms * (double)sc->n_areas, largest = 0;
    double n = (double)sc->families * shape->turnover * (double)sc->replications * (double)sc->n_arms;
    double one = s.families ? 1 / (double)s.families : 0;
    if (sc->n_areas == 1 && s.whole) /* a model may have numbers of its own */
        n = (double)s.families / (double)(s.arms ? s.arms : 1) * (double)sc->replications * (double)sc->n_arms;
    for (size_t i = 0; i < sc->n_areas; i++)
        largest = families_in(sc, shape, i) > largest ? families_in(sc, shape, i) : largest;
    double rows = n * s.rows * one;
    *out = (struct kith_estimate){.cells = (uint64_t)cells, .families = (uint64_t)n};
    out->events = n * s.events * one;
    out->core_seconds = n * s.seconds * one + cells * s.pack_seconds;
    out->largest_seconds = largest * s.seconds * one + s.pack_seconds;
    /* unpacking and adding up; 40 us to read and write a cell and 25 ns for a row of trajectories, by one thread at a time
     * (measured on demo.yaml and area.yaml) */
    out->merge_seconds = cells * (s.merge_seconds / threads + 40e-6) + rows * 25e-9;
    out->seconds = out->core_seconds / threads + out->merge_seconds;
    out->memory_bytes = memory(run, shape, threads, &s);
    if (out->memory_bytes < 0)
        return kith_error_set(err, KITH_NO_MEMORY, sc->path, 0, 0, "out of memory");
    /* compressed series as measured just now; 1.8 bytes a row and 4 a tracked family as on chain.yaml and england.yaml. On
     * their way rows take 3 to 5 bytes (record/shard_format.h), families 20 */
    double row_bytes = 2 + (double)kith_shape_code_bytes(shape) + (shape->members > 0);
    out->file_bytes = 1e5 + cells * (s.packed_bytes + 500) + rows * 1.8 + n * sc->trajectories * 4;
    out->parts_bytes = cells * (s.packed_bytes + 32) + rows * row_bytes + n * sc->trajectories * 20;
    return KITH_OK;
}
