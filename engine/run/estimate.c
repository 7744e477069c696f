/* What a run will take, from a small part of it run here and now. */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../base/clock.h"
#include "../rng/draw.h"
#include "run.h"

/* Families run to measure: enough to even out large and small ones, done in well under a second. */
#define SAMPLE_FAMILIES 2000

struct sample {
    uint64_t families;
    size_t arms;
    double events, rows, seconds;
};

/* Families of a coupled area that is run to measure: it can only be run as a whole. */
#define SAMPLE_AREA 20000

/* Whether area a tells more than area b: where nothing is coupled the larger one, else the largest that is soon done. */
static bool better(const struct kith_scenario *sc, const struct kith_shape *shape, size_t a, size_t b)
{
    double most = shape->coupled ? SAMPLE_AREA / ((double)sc->families * shape->turnover) : INFINITY;
    double x = sc->areas[a].share, y = sc->areas[b].share;
    return x <= most ? y > most || x > y : x < y;
}

/* Runs some families of one area, or all if they are coupled, each of the arms in turn. */
static enum kith_status measure(const struct kith_run *run, const struct kith_shape *shape, struct sample *s)
{
    const struct kith_scenario *sc = run->sc;
    struct kith_cell cell;
    struct kith_families families;
    size_t area = 0;
    for (size_t i = 1; i < sc->n_areas; i++)
        if (better(sc, shape, i, area))
            area = i;
    struct kith_room room;
    kith_room_init(&room, run->mem);
    kith_families_init(&families, run->mem, &room);
    enum kith_status st = kith_cell_init(&cell, run->mem, shape, sc->months);
    double began = kith_clock_seconds();
    for (size_t arm = 0; arm < sc->n_arms && !st && (arm == 0 || kith_clock_seconds() - began < 0.5); arm++) {
        kith_cell_clear(&cell);
        cell.key = kith_draw_mix(kith_draw_mix(kith_draw_mix(0, sc->seed), 0), sc->areas[area].key);
        cell.arm = arm;
        cell.area = area;
        cell.warm_up = sc->warm_up;
        cell.end = sc->warm_up + sc->counted;
        double expected = (double)sc->families * sc->areas[area].share * shape->turnover;
        uint64_t n = run->model->families(run->compiled, &cell, expected), done = 0;
        uint64_t step = n > SAMPLE_FAMILIES ? n / SAMPLE_FAMILIES : 1;
        if (shape->coupled) {
            st = kith_families_run(&families, run->model, run->compiled, &cell, shape, 0, n, sc->trajectories,
                                   KITH_ORDER_QUEUE, run->stop);
            s->rows += (double)cell.n_rows;
            done = n;
        }
        for (uint64_t i = 0; i < n && !st && !shape->coupled; i += step, done++) {
            st = kith_families_run(&families, run->model, run->compiled, &cell, shape, i, i + 1, sc->trajectories,
                                   KITH_ORDER_FAMILY, run->stop);
            s->rows += (double)cell.n_rows;
            cell.n_rows = 0;
        }
        s->families += done;
        s->arms++;
        s->events += (double)cell.n_events;
    }
    s->seconds = kith_clock_seconds() - began;
    kith_families_free(&families);
    kith_room_free(&room);
    kith_cell_free(&cell);
    return st;
}

enum kith_status kith_run_estimate(const struct kith_run *run, struct kith_estimate *out, struct kith_error *err)
{
    const struct kith_scenario *sc = run->sc;
    const struct kith_shape *shape = run->model->shape(run->compiled);
    struct sample s = {0};
    enum kith_status st = measure(run, shape, &s);
    if (st)
        return kith_error_set(err, st, sc->path, 0, 0, st == KITH_STOPPED ? "stopped" : "out of memory");
    int threads = kith_run_threads(run->threads);
    double n = (double)sc->families * shape->turnover * (double)sc->replications * (double)sc->n_arms;
    double months = sc->months + 1, tallies = months * (double)shape->n_transitions;
    double series = months * (double)(shape->n_states + shape->n_transitions + shape->n_counts) * 4 +
                    months * (double)(shape->n_costs + shape->n_amounts) * 8;
    double one = s.families ? 1 / (double)s.families : 0;
    if (sc->n_areas == 1 && shape->coupled) /* a model may have numbers of its own */
        n = (double)s.families / (double)(s.arms ? s.arms : 1) * (double)sc->replications * (double)sc->n_arms;
    *out = (struct kith_estimate){.families = (uint64_t)n};
    out->cells = (uint64_t)sc->replications * sc->n_arms * sc->n_areas;
    out->events = n * s.events * one;
    /* adding up and compressing a cell's series costs about 4 ns a number, measured on full runs */
    out->seconds = (n * s.seconds * one + (double)out->cells * (tallies + series / 4) * 4e-9) / threads;
    double unit_rows = s.rows * one * 8192;
    /* the program with its libraries, the writer's columns, and four units a thread, whose rows grow by doubling */
    double area = 0, record = shape->coupled ? (double)run->model->family_bytes(run->compiled) : 0;
    for (size_t i = 0; i < sc->n_areas; i++)
        area = sc->areas[i].share > area ? sc->areas[i].share : area;
    out->memory_bytes = 22e6 + (sc->trajectories > 0 ? 8e6 : 0) + threads * 4.0 * (tallies * 16 + unit_rows * 10) +
                        series * 3;
    /* coupled: each thread may have the largest area at hand; a record is on average about a quarter of the largest one
     * (measured on pressure.yaml), and every family that ever comes has an entry in the queue */
    out->memory_bytes += threads * (double)sc->families * area * (record / 4 + shape->turnover * (shape->coupled ? 48 : 0));
    /* as measured on chain.yaml and england.yaml: compressed series, 1.8 bytes a row, 4 a tracked family */
    out->file_bytes = 1e5 + (double)out->cells * (series * 0.06 + 2000) + n * s.rows * one * 1.8 +
                      n * sc->trajectories * 4;
    return KITH_OK;
}
