#include "run.h"

#include <math.h>
#include <omp.h>
#include <string.h>
#include <time.h>

#include "../base/clock.h"
#include "../rng/draw.h"

/* Families simulated as one unit of work where nothing couples them: large enough that threads rarely meet, and with
 * trajectories small enough that the rows of a unit stay within some megabytes. */
#define UNIT_FAMILIES 32768
#define UNIT_TRACKED 8192
/* Finished units that may wait for an earlier one, for each thread. Coupled areas are units as they are, large and small: more
 * may wait while a large one is in hand, if no trajectories wait with them. */
#define WINDOW 4
#define WINDOW_COUPLED 16

/* What one thread has for itself: where the families of a coupled cell are while it runs. */
struct worker {
    struct kith_mem mem;
    struct kith_room room;
};

/* A unit of work: families [from, to) of a cell. */
struct unit {
    int replication;
    size_t arm, area;
    uint64_t from, to;
    bool last; /* of its cell */
};

/* A unit in hand or waiting to be written, with its own memory. */
struct slot {
    struct kith_mem mem;
    struct kith_cell cell;
    struct kith_families families;
    struct unit unit;
    bool ready;
};

struct team {
    const struct kith_run *run;
    const struct kith_shape *shape;
    struct kith_writer *writer;
    struct slot *slots;
    size_t n_slots;
    struct worker *workers; /* [threads] */
    size_t n_workers;
    /* dispatch: the unit that comes next */
    struct unit next;
    uint64_t n_families; /* of next's cell; UINT64_MAX when it is not known yet */
    struct kith_cell counting;
    uint64_t dispatched, committed;
    bool exhausted;
    /* commit: the cell and the replication being put together */
    struct kith_cell sum;
    struct kith_series series;
    struct kith_outcome outcome;
    uint64_t events, cells_done;
    enum kith_status status;
    struct kith_error error;
};

int kith_run_threads(int threads)
{
    return threads > 0 ? threads : omp_get_num_procs();
}

/* Points `cell` at (replication, arm, area): key of draws, period. */
static void aim(const struct kith_run *run, struct kith_cell *cell, int replication, size_t arm, size_t area)
{
    const struct kith_scenario *sc = run->sc;
    cell->key = kith_draw_mix(kith_draw_mix(kith_draw_mix(0, sc->seed), (uint64_t)replication), sc->areas[area].key);
    cell->replication = replication;
    cell->arm = arm;
    cell->area = area;
    cell->warm_up = sc->warm_up;
    cell->end = sc->warm_up + sc->counted;
}

static uint64_t families_of(const struct kith_run *run, const struct kith_shape *shape, struct kith_cell *cell)
{
    double expected = (double)run->sc->families * run->sc->areas[cell->area].share * shape->turnover;
    return run->model->families(run->compiled, cell, expected);
}

static bool finished(const struct team *t)
{
    return t->exhausted || t->status || (t->run->stop && *t->run->stop);
}

/* Takes the next unit in canonical order: replication, arm, area, family. Replications come first so that a run that
 * ends early leaves whole replications of all arms, which can be compared. */
static bool dispatch(struct team *t, uint64_t *number, struct unit *out)
{
    const struct kith_scenario *sc = t->run->sc;
    if (finished(t) || t->dispatched - t->committed >= t->n_slots)
        return false;
    if (t->n_families == UINT64_MAX) {
        aim(t->run, &t->counting, t->next.replication, t->next.arm, t->next.area);
        t->n_families = families_of(t->run, t->shape, &t->counting);
    }
    bool whole = t->shape->coupled || t->run->order == KITH_ORDER_QUEUE;
    uint64_t most = whole ? t->n_families : sc->trajectories > 0 ? UNIT_TRACKED : UNIT_FAMILIES;
    struct unit *u = &t->next;
    u->to = t->n_families - u->from > most ? u->from + most : t->n_families;
    u->last = u->to == t->n_families;
    *out = *u;
    *number = t->dispatched++;
    u->from = u->to;
    if (u->last) {
        u->from = 0;
        t->n_families = UINT64_MAX;
        if (++u->area == sc->n_areas) {
            u->area = 0;
            if (++u->arm == sc->n_arms) {
                u->arm = 0;
                t->exhausted = ++u->replication == sc->replications;
            }
        }
    }
    return true;
}

static enum kith_status commit_cell(struct team *t, const struct unit *u)
{
    const struct kith_scenario *sc = t->run->sc;
    aim(t->run, &t->sum, u->replication, u->arm, u->area);
    kith_cell_series(&t->sum, t->shape, &t->series);
    enum kith_status st = kith_writer_cell(t->writer, u->replication, u->arm, u->area, &t->series, &t->error);
    kith_outcome_add(&t->outcome, t->shape, &t->series, sc->represents / (double)sc->families);
    kith_cell_clear(&t->sum);
    t->cells_done++;
    if (!st && u->area + 1 == sc->n_areas) {
        kith_outcome_finish(&t->outcome, t->shape);
        st = kith_writer_outcome(t->writer, u->replication, u->arm, &t->outcome, &t->error);
        kith_outcome_clear(&t->outcome);
    }
    return st;
}

/* Writes the units that are ready and next in order. */
static void commit(struct team *t)
{
    for (;;) {
        struct slot *s = &t->slots[t->committed % t->n_slots];
        if (!s->ready || t->status)
            return;
        enum kith_status st = KITH_OK;
        kith_cell_add(&t->sum, &s->cell);
        if (t->run->sc->trajectories > 0)
            st = kith_writer_tracks(t->writer, &s->families.tracks, &t->error);
        if (!st && s->unit.last)
            st = commit_cell(t, &s->unit);
        t->events += s->cell.n_events;
        if (st)
            t->status = st;
        s->ready = false;
        t->committed++;
        if (t->run->progress) {
            const struct kith_scenario *sc = t->run->sc;
            double total = (double)sc->replications * (double)sc->n_arms * (double)sc->n_areas;
            double part = s->unit.last || !t->n_families ? 0 : (double)s->unit.to / ((double)t->n_families + 1);
            double done = ((double)t->cells_done + (part < 1 ? part : 0)) / total;
            t->run->progress(t->run->user, done, t->events);
        }
    }
}

static enum kith_status simulate(struct team *t, struct slot *s, struct worker *w)
{
    const struct kith_run *run = t->run;
    s->families.room = &w->room;
    kith_cell_clear(&s->cell);
    aim(run, &s->cell, s->unit.replication, s->unit.arm, s->unit.area);
    families_of(run, t->shape, &s->cell);
    enum kith_status st = kith_families_run(&s->families, run->model, run->compiled, &s->cell, t->shape, s->unit.from,
                                            s->unit.to, run->sc->trajectories, run->order, run->stop);
    return s->cell.fault ? KITH_BAD_SCENARIO : st;
}

static void fail(struct team *t, enum kith_status st, const char *fault)
{
    if (t->status || st == KITH_STOPPED)
        return;
    t->status = st;
    kith_error_set(&t->error, st, t->run->sc->path, 0, 0, "%s",
                   fault ? fault : st == KITH_NO_MEMORY ? "out of memory" : "failed");
}

/* What each thread does until there is nothing left. */
static void work(struct team *t, struct worker *w)
{
    for (;;) {
        uint64_t number = 0;
        struct unit unit;
        bool got, over;
#pragma omp critical(kith_team)
        {
            got = dispatch(t, &number, &unit);
            over = !got && finished(t);
        }
        if (over)
            return;
        if (!got) { /* the window is full: an earlier unit is still in hand elsewhere */
            struct timespec nap = {0, 200000};
            nanosleep(&nap, NULL);
            continue;
        }
        struct slot *s = &t->slots[number % t->n_slots];
        s->unit = unit;
        enum kith_status st = simulate(t, s, w);
#pragma omp critical(kith_team)
        {
            if (st)
                fail(t, st, s->cell.fault);
            s->ready = !st;
            commit(t);
        }
        if (st)
            return;
    }
}

static enum kith_status prepare(struct team *t, int threads)
{
    const struct kith_run *run = t->run;
    const struct kith_scenario *sc = run->sc;
    enum kith_status st;
    t->n_slots = (size_t)threads * (t->shape->coupled && !(sc->trajectories > 0) ? WINDOW_COUPLED : WINDOW);
    t->n_families = UINT64_MAX;
    if ((st = kith_mem_zeroed(run->mem, &t->slots, t->n_slots, sizeof *t->slots)) ||
        (st = kith_mem_zeroed(run->mem, &t->workers, (size_t)threads, sizeof *t->workers)))
        return st;
    t->n_workers = (size_t)threads;
    for (size_t i = 0; i < t->n_workers; i++) {
        t->workers[i].mem = (struct kith_mem)KITH_MEM_INIT;
        kith_room_init(&t->workers[i].room, &t->workers[i].mem);
    }
    for (size_t i = 0; i < t->n_slots && !st; i++) {
        t->slots[i].mem = (struct kith_mem)KITH_MEM_INIT;
        kith_families_init(&t->slots[i].families, &t->slots[i].mem, NULL);
        st = kith_cell_init(&t->slots[i].cell, &t->slots[i].mem, t->shape, sc->months);
    }
    if (!st)
        st = kith_cell_init(&t->sum, run->mem, t->shape, sc->months);
    if (!st)
        st = kith_cell_init(&t->counting, run->mem, t->shape, 0);
    if (!st)
        st = kith_series_init(&t->series, run->mem, t->shape, sc->months);
    if (!st)
        st = kith_outcome_init(&t->outcome, run->mem, t->shape, t->series.years);
    return st;
}

static void release(struct team *t)
{
    for (size_t i = 0; t->slots && i < t->n_slots; i++) {
        kith_cell_free(&t->slots[i].cell);
        kith_families_free(&t->slots[i].families);
    }
    kith_mem_free(&t->slots);
    for (size_t i = 0; i < t->n_workers; i++)
        kith_room_free(&t->workers[i].room);
    kith_mem_free(&t->workers);
    kith_cell_free(&t->sum);
    kith_cell_free(&t->counting);
    kith_series_free(&t->series);
    kith_outcome_free(&t->outcome);
}

enum kith_status kith_run(const struct kith_run *run, uint64_t *events, struct kith_error *err)
{
    int threads = kith_run_threads(run->threads);
    struct team t = {.run = run, .shape = run->model->shape(run->compiled)};
    struct kith_provenance how = run->how;
    double began = kith_clock_seconds();
    *events = 0;
    enum kith_status st = prepare(&t, threads);
    if (st)
        kith_error_set(err, st, run->sc->path, 0, 0, "out of memory");
    else
        st = kith_writer_open(&t.writer, run->mem, run->path, run->sc, t.shape, &run->how, err);
    if (!st) {
#pragma omp parallel num_threads(threads)
        work(&t, &t.workers[omp_get_thread_num()]);
        st = t.status;
        if (st && err)
            *err = t.error;
        how.threads = threads;
        how.wall_seconds = kith_clock_seconds() - began;
        how.events = t.events;
        *events = t.events;
        struct kith_error closing;
        enum kith_status closed = kith_writer_close(t.writer, &how, st != KITH_OK, &closing);
        if (!st && closed) {
            st = closed;
            if (err)
                *err = closing;
        }
        if (!st && !(t.exhausted && t.committed == t.dispatched))
            st = KITH_STOPPED;
    }
    release(&t);
    return st;
}
