#include "team.h"

#include <omp.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../base/clock.h"
#include "../rng/draw.h"
#include "ranks.h"

/* Families simulated as one unit of work where nothing couples them: large enough that threads rarely meet, and with
 * trajectories small enough that the rows of a unit stay within some megabytes. */
#define UNIT_FAMILIES 32768
#define UNIT_TRACKED 8192
/* Pieces of cells that may wait for an earlier one, for each thread. Whole cells wait for nothing. */
#define WINDOW 4

/* A unit of work: families [from, to) of a cell. */
struct unit {
    uint64_t cell, from, to;
    bool last;  /* of its cell */
    bool whole; /* all of its cell */
};

/* A unit in hand or waiting to be written, with its own memory. */
struct slot {
    struct kith_mem mem;
    struct kith_cell cell;
    struct kith_families families;
    struct unit unit;
    bool ready;
};

/* An area by its size. */
struct place {
    double share;
    size_t area;
};

/* What one thread has for itself: a slot for whole cells, where the families of a coupled cell are while it runs, and the
 * results of a cell as they are packed. */
struct worker {
    struct kith_mem mem;
    struct slot slot;
    struct kith_room room;
    struct kith_series series;
    struct kith_packed packed;
};

struct team {
    struct kith_team_job *job;
    const struct kith_run *run;
    const struct kith_shape *shape;
    int rank;
    struct slot *slots;
    size_t n_slots;
    struct worker *workers; /* [n_workers] */
    size_t n_workers;
    /* which cell comes next; rank 0 only: of replication and arm number `block`, those of the areas order[left .. right) */
    struct place *order; /* [areas] the largest first */
    uint64_t block, n_blocks, n_mine, n_before;
    size_t left, right;
    uint64_t others_done, others_events;
    uint64_t told_cells, told_events; /* rank > 0: what rank 0 knows */
    int others; /* ranks that may still ask */
    /* dispatch: the unit that comes next */
    struct unit next;
    bool have;           /* next.cell is a cell that was taken and is not all dispatched */
    uint64_t n_families; /* of next's cell */
    struct kith_cell counting;
    uint64_t dispatched, committed;
    bool exhausted;
    /* commit: the cell being put together from pieces, and the shards: of whole cells, in the order in which they are
     * finished, and of those in pieces, whose trajectories must not be mixed with others */
    struct worker sum;
    struct kith_shard_writer shard[2];
    bool shard_open[2];
    double began, synced[2];
    enum kith_status status;
    struct kith_error error;
};

/* Points `cell` at cell number `number`: key of draws, period. */
static void aim(const struct kith_run *run, struct kith_cell *cell, uint64_t number)
{
    const struct kith_scenario *sc = run->sc;
    cell->area = (size_t)(number % sc->n_areas);
    cell->arm = (size_t)(number / sc->n_areas % sc->n_arms);
    cell->replication = (int)(number / sc->n_areas / sc->n_arms);
    cell->key = kith_draw_mix(kith_draw_mix(kith_draw_mix(0, sc->seed), (uint64_t)cell->replication),
                              sc->areas[cell->area].key);
    cell->warm_up = sc->warm_up;
    cell->end = sc->warm_up + sc->counted;
}

static uint64_t families_of(const struct kith_run *run, const struct kith_shape *shape, struct kith_cell *cell)
{
    double expected = (double)run->sc->families * run->sc->areas[cell->area].share * shape->turnover;
    return run->model->families(run->compiled, cell, expected);
}

static bool stopping(const struct team *t)
{
    return t->status || (t->run->stop && *t->run->stop);
}

/* ---- cells: rank 0 goes through those that are missing, one replication and arm after the other, so that a run that ends
 * early leaves whole replications of all arms, which can be compared; the others ask it. Of areas the largest come first,
 * or, for every second thread, the smallest: a coupled area takes memory for all of its families, and so a run's threads
 * do not all have a large one at the same time. A thread stays at its end, for it also keeps what its last area needed. The two
 * ends meet among those of middle size. */

static bool wanted(const struct team *t, uint64_t cell)
{
    return kith_cells_mine(cell, t->run->part, t->run->n_parts);
}

static bool next_missing(struct team *t, bool large, uint64_t *cell)
{
    size_t n_areas = t->run->sc->n_areas;
    for (; t->block < t->n_blocks; t->block++, t->left = 0, t->right = n_areas)
        while (t->left < t->right) {
            size_t at = large ? t->left++ : --t->right;
            *cell = t->block * n_areas + t->order[at].area;
            if (wanted(t, *cell) && !kith_cells_has(t->job->cells, *cell))
                return true;
        }
    return false;
}

static bool take_cell(struct team *t, bool large, uint64_t *cell)
{
    if (t->rank == 0)
        return next_missing(t, large, cell);
    const struct kith_ranks_word word = {.done = t->job->cells_done - t->told_cells,
                                         .events = t->job->events - t->told_events, .small = !large};
    *cell = kith_ranks_ask(&word);
    t->told_cells = t->job->cells_done;
    t->told_events = t->job->events;
    return *cell != UINT64_MAX;
}

static uint64_t piece_families(const struct kith_run *run)
{
    return run->sc->trajectories > 0 ? UNIT_TRACKED : UNIT_FAMILIES;
}

/* Takes the worker's next unit. Pieces of a cell are numbered: *number. */
static bool dispatch(struct team *t, const struct worker *w, uint64_t *number, struct unit *out)
{
    if (stopping(t) || t->exhausted)
        return false;
    struct unit *u = &t->next;
    if (!t->have) {
        bool large = 2 * (size_t)(w - t->workers) < t->n_workers;
        *u = (struct unit){0};
        if (!take_cell(t, large, &u->cell)) {
            t->exhausted = true;
            return false;
        }
        t->have = true;
        aim(t->run, &t->counting, u->cell);
        t->n_families = families_of(t->run, t->shape, &t->counting);
        u->whole = t->n_slots == 0 || t->n_families <= piece_families(t->run);
    }
    if (!u->whole && t->dispatched - t->committed >= t->n_slots)
        return false;
    uint64_t most = u->whole ? t->n_families : piece_families(t->run);
    u->to = t->n_families - u->from > most ? u->from + most : t->n_families;
    u->last = u->to == t->n_families;
    *out = *u;
    if (!u->whole)
        *number = t->dispatched++;
    u->from = u->to;
    t->have = !u->last;
    return true;
}

/* ---- finished cells go to a shard */

static enum kith_status open_shard(struct team *t, int i)
{
    if (t->shard_open[i])
        return KITH_OK;
    enum kith_status st = kith_journal_shard(t->job->journal, t->job->head, &t->shard[i], &t->error);
    t->shard_open[i] = !st;
    t->synced[i] = kith_clock_seconds();
    return st;
}

static enum kith_status pack(struct worker *w, const struct kith_cell *cell, const struct kith_shape *shape)
{
    kith_cell_series(cell, shape, &w->series);
    return kith_packed_series(&w->packed, &w->series, cell->n_events);
}

static void show(const struct team *t, double part)
{
    double done = (double)(t->n_before + t->job->cells_done + t->others_done) + part;
    if (t->run->progress && t->rank == 0)
        t->run->progress(t->run->user, t->n_mine ? done / (double)t->n_mine : 1, t->job->events + t->others_events);
}

/* Why a cell could not be simulated. */
static void explain(struct team *t, enum kith_status st, const struct kith_cell *cell)
{
    if (st == KITH_IO)
        kith_error_set(&t->error, st, cell->spill.directory, 0, 0, "cannot keep trajectories in a file here until they are sorted: %s",
                       strerror(cell->spill.reason));
    else
        kith_error_set(&t->error, st, t->run->sc->path, 0, 0, "%s",
                       cell->fault ? cell->fault : st == KITH_NO_MEMORY ? "out of memory" : "failed");
}

static enum kith_status put_tracks(struct team *t, int shard, struct slot *s)
{
    enum kith_status st = KITH_OK;
    while (s->families.tracks.n_families > 0 && !st) {
        st = kith_shard_put_tracks(&t->shard[shard], s->unit.cell, &s->families.tracks, t->shape->n_attributes, &t->error);
        if (!st && (st = kith_families_next(&s->families, &s->cell)))
            explain(t, st, &s->cell);
    }
    return st;
}

static enum kith_status put_cell(struct team *t, int shard, uint64_t cell, const struct kith_packed *packed)
{
    enum kith_status st = kith_shard_put_cell(&t->shard[shard], cell, packed, &t->error);
    if (!st && kith_clock_seconds() - t->synced[shard] >= t->run->checkpoint) {
        st = kith_shard_sync(&t->shard[shard], &t->error);
        t->synced[shard] = kith_clock_seconds();
    }
    t->job->cells_done += st == KITH_OK;
    return st;
}

/* A whole cell, packed by its worker. */
static void commit_whole(struct team *t, struct worker *w)
{
    if (t->status)
        return;
    enum kith_status st = open_shard(t, 0);
    if (!st)
        st = put_tracks(t, 0, &w->slot);
    if (!st)
        st = put_cell(t, 0, w->slot.unit.cell, &w->packed);
    t->job->events += w->slot.cell.n_events;
    if (st)
        t->status = st;
    show(t, 0);
}

/* The last piece of a cell is there. */
static enum kith_status finish_pieces(struct team *t, uint64_t cell)
{
    aim(t->run, &t->sum.slot.cell, cell);
    enum kith_status st = pack(&t->sum, &t->sum.slot.cell, t->shape);
    kith_cell_clear(&t->sum.slot.cell);
    if (st)
        return kith_error_set(&t->error, st, t->run->sc->path, 0, 0, "out of memory");
    return put_cell(t, 1, cell, &t->sum.packed);
}

/* Writes the pieces that are ready and next in order. */
static void commit_pieces(struct team *t)
{
    for (;;) {
        struct slot *s = &t->slots[t->committed % t->n_slots];
        if (!s->ready || t->status)
            return;
        enum kith_status st = open_shard(t, 1);
        kith_cell_add(&t->sum.slot.cell, &s->cell);
        if (!st)
            st = put_tracks(t, 1, s);
        t->job->events += s->cell.n_events;
        if (!st && s->unit.last)
            st = finish_pieces(t, s->unit.cell);
        if (st)
            t->status = st;
        s->ready = false;
        t->committed++;
        show(t, s->unit.last || s->unit.to > t->n_families ? 0 : (double)s->unit.to / (double)(t->n_families + 1));
    }
}

/* ---- threads */

static enum kith_status simulate(struct team *t, struct slot *s, struct worker *w)
{
    const struct kith_run *run = t->run;
    s->families.room = &w->room;
    kith_cell_clear(&s->cell);
    aim(run, &s->cell, s->unit.cell);
    families_of(run, t->shape, &s->cell);
    enum kith_status st = kith_families_run(&s->families, run->model, run->compiled, &s->cell, t->shape, s->unit.from,
                                            s->unit.to, run->sc->trajectories, run->order, run->stop);
    if (s->cell.fault)
        return KITH_BAD_SCENARIO;
    /* Once it is set it stays: whatever saw it and gave up half-way can so never be taken for finished. */
    if (!st && run->stop && *run->stop)
        st = KITH_STOPPED;
    return !st && s->unit.whole ? pack(w, &s->cell, t->shape) : st;
}

static void fail(struct team *t, enum kith_status st, const struct kith_cell *cell)
{
    if (t->status || st == KITH_STOPPED)
        return;
    t->status = st;
    explain(t, st, cell);
}

static void nap(long ns)
{
    const struct timespec time = {0, ns};
    nanosleep(&time, NULL);
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
            got = dispatch(t, w, &number, &unit);
            over = !got && (t->exhausted || stopping(t));
        }
        if (over)
            return;
        if (!got) { /* the window is full: an earlier unit is still in hand elsewhere */
            nap(200000);
            continue;
        }
        struct slot *s = unit.whole ? &w->slot : &t->slots[number % t->n_slots];
        s->unit = unit;
        enum kith_status st = simulate(t, s, w);
#pragma omp critical(kith_team)
        {
            if (st) {
                fail(t, st, &s->cell);
            } else if (unit.whole) {
                commit_whole(t, w);
            } else {
                s->ready = true;
                commit_pieces(t);
            }
        }
        if (st)
            return;
    }
}

/* Rank 0's additional thread: answers the other ranks until all have said goodbye. It sleeps most of the time. */
static void serve(struct team *t)
{
    while (t->others > 0) {
        struct kith_ranks_word word;
        int rank;
        if (!kith_ranks_hear(&rank, &word)) {
            nap(1000000);
            continue;
        }
        uint64_t cell = UINT64_MAX;
#pragma omp critical(kith_team)
        {
            t->others_done += word.done; /* each word tells what is new */
            t->others_events += word.events;
            if (!word.bye && (stopping(t) || !next_missing(t, !word.small, &cell)))
                cell = UINT64_MAX;
        }
        if (word.bye)
            t->others--;
        else
            kith_ranks_answer(rank, cell);
    }
}

static enum kith_status prepare_slot(struct team *t, struct slot *s)
{
    s->mem = (struct kith_mem)KITH_MEM_INIT;
    kith_families_init(&s->families, &s->mem, NULL);
    enum kith_status st = kith_cell_init(&s->cell, &s->mem, t->shape, t->run->sc->months);
    s->cell.spill.directory = t->job->journal->path;
    return st;
}

static void release_slot(struct slot *s)
{
    kith_cell_free(&s->cell);
    kith_families_free(&s->families);
}

static enum kith_status prepare_worker(struct team *t, struct worker *w)
{
    w->mem = (struct kith_mem)KITH_MEM_INIT;
    kith_room_init(&w->room, &w->mem);
    kith_packed_init(&w->packed, &w->mem);
    enum kith_status st = prepare_slot(t, &w->slot);
    return st ? st : kith_series_init(&w->series, &w->mem, t->shape, t->run->sc->months);
}

static void release_worker(struct worker *w)
{
    release_slot(&w->slot);
    kith_room_free(&w->room);
    kith_series_free(&w->series);
    kith_packed_free(&w->packed);
}

static enum kith_status prepare(struct team *t, int threads)
{
    struct kith_mem *mem = t->run->mem;
    bool pieces = !t->shape->coupled && t->run->order == KITH_ORDER_FAMILY;
    size_t n = pieces ? (size_t)threads * WINDOW : 0;
    enum kith_status st = kith_mem_zeroed(mem, &t->slots, n, sizeof *t->slots);
    if (!st)
        st = kith_mem_zeroed(mem, &t->workers, (size_t)threads, sizeof *t->workers);
    for (int i = 0; i < threads && !st; i++, t->n_workers++)
        st = prepare_worker(t, &t->workers[i]);
    for (; t->n_slots < n && !st; t->n_slots++)
        st = prepare_slot(t, &t->slots[t->n_slots]);
    if (!st)
        st = kith_cell_init(&t->counting, mem, t->shape, 0);
    return st ? st : prepare_worker(t, &t->sum);
}

static void release(struct team *t)
{
    for (size_t i = 0; i < t->n_slots; i++)
        release_slot(&t->slots[i]);
    for (size_t i = 0; i < t->n_workers; i++)
        release_worker(&t->workers[i]);
    release_worker(&t->sum);
    kith_mem_free(&t->order);
    kith_mem_free(&t->slots);
    kith_mem_free(&t->workers);
    kith_cell_free(&t->counting);
}

static int larger(const void *a, const void *b)
{
    const struct place *x = a, *y = b;
    int by_share = (x->share < y->share) - (x->share > y->share);
    return by_share ? by_share : (x->area > y->area) - (x->area < y->area);
}

/* The list of what there is to do. */
static enum kith_status look_around(struct team *t)
{
    const struct kith_scenario *sc = t->run->sc;
    enum kith_status st = kith_mem_zeroed(t->run->mem, &t->order, sc->n_areas, sizeof *t->order);
    if (st)
        return st;
    for (size_t i = 0; i < sc->n_areas; i++)
        t->order[i] = (struct place){sc->areas[i].share, i};
    qsort(t->order, sc->n_areas, sizeof *t->order, larger);
    t->n_blocks = (uint64_t)sc->replications * sc->n_arms;
    t->right = sc->n_areas;
    for (uint64_t i = 0; i < t->n_blocks * sc->n_areas && t->rank == 0; i++) {
        bool mine = wanted(t, i);
        t->n_mine += mine;
        t->n_before += mine && kith_cells_has(t->job->cells, i);
    }
    return KITH_OK;
}

/* A shard is brought to the disk if it has to wait there. Cells of the last minute that are all put together at once go into a
 * result that is brought to the disk before the shard is removed: there the time of writing them twice is saved, and a failure
 * of power meanwhile costs no more than it would have before. */
static bool must_sync(const struct team *t, int i)
{
    bool all = !t->status && t->exhausted && t->committed == t->dispatched && !stopping(t) && kith_ranks_size() == 1;
    return !all || kith_clock_seconds() - t->synced[i] >= t->run->checkpoint;
}

static void close_shards(struct team *t)
{
    for (int i = 0; i < 2; i++) {
        struct kith_error closing;
        if (!t->shard_open[i])
            continue;
        if (t->status == KITH_IO) { /* what is in it can be mended later */
            kith_shard_leave(&t->shard[i], false);
            continue;
        }
        enum kith_status st = kith_shard_close(&t->shard[i], kith_clock_seconds() - t->began, must_sync(t, i), &closing);
        if (st && !t->status) {
            t->status = st;
            t->error = closing;
        }
    }
}

enum kith_status kith_team_work(struct kith_team_job *job, struct kith_error *err)
{
    int threads = kith_run_threads(job->run->threads);
    struct team t = {.job = job, .run = job->run, .shape = job->run->model->shape(job->run->compiled)};
    t.rank = kith_ranks_rank();
    t.others = t.rank == 0 ? kith_ranks_size() - 1 : 0;
    t.began = kith_clock_seconds();
    enum kith_status st = look_around(&t);
    if (!st)
        st = prepare(&t, threads);
    if (st)
        fail(&t, st, &t.counting);
    int serving = t.others > 0;
#pragma omp parallel num_threads(threads + serving)
    {
        /* MPI wants its calls in rank 0 from the thread that began it */
        int me = omp_get_thread_num() - serving;
        if (me < 0)
            serve(&t);
        else if (!t.status)
            work(&t, &t.workers[me]);
    }
    close_shards(&t);
    if (t.rank > 0) {
        const struct kith_ranks_word word = {.done = job->cells_done - t.told_cells,
                                             .events = job->events - t.told_events, .bye = 1};
        kith_ranks_bye(&word);
    }
    job->cells_all = job->cells_done + t.others_done;
    job->events_all = job->events + t.others_events;
    st = t.status;
    if (st && err)
        *err = t.error;
    if (!st && !(t.exhausted && t.committed == t.dispatched))
        st = KITH_STOPPED;
    release(&t);
    return st;
}
