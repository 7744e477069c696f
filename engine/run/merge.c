#include "merge.h"

#include <omp.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* What a thread has at work: a cell, which it reads, unpacks and sums up beside the others. Only HDF5 is for one at a time. */
struct worker {
    struct kith_mem mem;
    struct kith_series series;
    struct kith_outcome outcome; /* of the cell alone */
    struct kith_packed packed;
    bool ready;                  /* the cell is in `series`, `outcome` and `bytes` */
    uint64_t events;
    unsigned char *bytes;        /* [n] its packed series */
    size_t n, room;
};

/* What a merge works with. */
struct merge {
    const struct kith_run *run;
    const struct kith_shape *shape;
    struct kith_cells *cells;
    struct kith_provenance *how;
    struct kith_writer *writer;
    struct worker *workers; /* [n_workers] one for each thread */
    int n_workers;
    struct kith_outcome outcome; /* of the replication and arm that is being written */
    size_t there;         /* its cells so far */
    bool verbatim;        /* packed series go to the file as they are */
    int64_t turn;         /* number of the cell that is next in the file */
    unsigned char *piece; /* [piece_room] the piece of a shard at hand */
    size_t piece_room;
    enum kith_status status;
    struct kith_error error;
};

static bool is_over(const struct merge *m)
{
    bool failed;
#pragma omp critical(kith_merge_status)
    failed = m->status != KITH_OK;
    return failed || (m->run->stop && *m->run->stop);
}

static void fail(struct merge *m, enum kith_status st, const struct kith_error *err)
{
#pragma omp critical(kith_merge_status)
    {
        if (!m->status) {
            m->status = st;
            m->error = *err;
        }
    }
}

/* Reads the packed series of a cell. Shards are not for two threads at a time. */
static enum kith_status fetch(struct merge *m, struct worker *w, uint64_t cell, struct kith_error *err)
{
    enum kith_status st;
#pragma omp critical(kith_merge_shards)
    {
        size_t i = 0;
        struct kith_shard *s = kith_cells_shard(m->cells, cell, &i);
        struct kith_shard_piece piece;
        st = kith_shard_read_series(s, i, &piece, err);
        if (!st && w->room < piece.bytes) {
            size_t room = 2 * piece.bytes;
            st = kith_mem_resize(&w->mem, &w->bytes, room, 1);
            w->room = st ? w->room : room;
            if (st)
                kith_error_set(err, st, s->path, 0, 0, "out of memory");
        }
        if (!st) {
            memcpy(w->bytes, piece.packed, piece.bytes);
            w->n = piece.bytes;
            w->events = piece.events;
        }
    }
    return st;
}

static void sum_up(const struct merge *m, struct worker *w)
{
    const struct kith_scenario *sc = m->run->sc;
    kith_outcome_clear(&w->outcome);
    kith_outcome_add(&w->outcome, m->shape, &w->series, sc->represents / (double)sc->families);
}

/* All that can be done for a cell before its turn. */
static void prepare(struct merge *m, struct worker *w, uint64_t cell)
{
    struct kith_error err = {0};
    uint32_t where = m->cells->place[cell].shard;
    w->ready = false;
    w->events = 0;
    if (where == 0 || where == KITH_CELLS_OUTPUT || is_over(m))
        return;
    enum kith_status st = fetch(m, w, cell, &err);
    if (!st) {
        st = kith_packed_undo(&w->packed, w->bytes, w->n, &w->series);
        if (st)
            kith_error_set(&err, st, m->cells->shards[where - 1].path, 0, 0,
                           st == KITH_IO ? "damaged: series of another length" : "out of memory");
    }
    if (st) {
        fail(m, st, &err);
        return;
    }
    sum_up(m, w);
    w->ready = true;
}

/* Trajectories of a cell from the shard that holds it. Others may read shards while this thread writes. */
static enum kith_status write_tracks(struct merge *m, uint64_t cell, struct kith_error *err)
{
    enum kith_status st = KITH_OK;
    struct kith_shard_piece piece = {0};
    uint64_t offset = 0;
    while (m->run->sc->trajectories > 0 && !piece.last && !st) {
#pragma omp critical(kith_merge_shards)
        {
            size_t i = 0;
            struct kith_shard *s = kith_cells_shard(m->cells, cell, &i);
            offset = offset ? offset : s->cells[i].from;
            st = kith_shard_read(s, m->shape, &offset, &piece, err);
            kith_shard_exchange(s, &m->piece, &m->piece_room);
        }
        if (!st && !piece.last)
            st = kith_writer_tracks(m->writer, &piece.tracks, err);
    }
    return st;
}

/* A cell's trajectories and series into the file, and its sums to the others. */
static enum kith_status write_series(struct merge *m, struct worker *w, uint64_t cell, int replication, size_t arm,
                                     size_t area, struct kith_error *err)
{
    struct kith_results *r = &m->cells->output;
    enum kith_status st = kith_writer_begin(m->writer, replication, arm, area, err);
    if (!st && w->ready) {
        st = write_tracks(m, cell, err);
    } else if (!st) { /* it is in the output file that was there before */
        st = kith_results_copy_tracks(r, (size_t)replication, arm, area, m->writer, err);
        if (!st)
            st = kith_results_series(r, (size_t)replication, arm, area, &w->series, err);
        if (!st)
            sum_up(m, w);
    }
    if (st)
        return st;
    kith_outcome_join(&m->outcome, &w->outcome);
    m->there++;
    return w->ready && m->verbatim ? kith_writer_packed(m->writer, replication, arm, area, w->bytes, err)
                                   : kith_writer_cell(m->writer, replication, arm, area, &w->series, err);
}

/* Puts a cell into the file; they come in canonical order, one thread at a time. */
static void write_cell(struct merge *m, struct worker *w, uint64_t cell)
{
    const struct kith_scenario *sc = m->run->sc;
    size_t area = (size_t)(cell % sc->n_areas), arm = (size_t)(cell / sc->n_areas % sc->n_arms);
    int replication = (int)(cell / sc->n_areas / sc->n_arms);
    struct kith_error err = {0};
    enum kith_status st = KITH_OK;
    if (area == 0) {
        kith_outcome_clear(&m->outcome);
        m->there = 0;
    }
    if (kith_cells_has(m->cells, cell) && !is_over(m))
        st = write_series(m, w, cell, replication, arm, area, &err);
    if (!st && m->there == sc->n_areas && area + 1 == sc->n_areas && !is_over(m)) {
        kith_outcome_finish(&m->outcome, m->shape);
        st = kith_writer_outcome(m->writer, replication, arm, &m->outcome, &err);
    }
    m->how->events += w->events;
    if (st)
        fail(m, st, &err);
#pragma omp critical(kith_merge_turn)
    m->turn++;
}

/* Packs trajectories for whoever writes, until cell number i is next; without trajectories returns at once. */
static void help(struct merge *m, int64_t i)
{
    const struct timespec moment = {0, 50000};
    while (m->run->sc->trajectories > 0) {
        int64_t turn;
#pragma omp critical(kith_merge_turn)
        turn = m->turn;
        if (turn >= i)
            return;
        if (!kith_writer_help(m->writer))
            nanosleep(&moment, NULL);
    }
}

static void all_cells(struct merge *m)
{
    int64_t n = (int64_t)m->cells->n;
#pragma omp parallel num_threads(m->n_workers)
    {
        struct worker *w = &m->workers[omp_get_thread_num()];
#pragma omp for ordered schedule(dynamic, 1) nowait
        for (int64_t i = 0; i < n; i++) {
            prepare(m, w, (uint64_t)i);
            help(m, i);
#pragma omp ordered
            write_cell(m, w, (uint64_t)i);
        }
        help(m, n);
    }
    if (!m->status && m->run->stop && *m->run->stop)
        m->status = KITH_STOPPED;
}

static enum kith_status make_workers(struct merge *m)
{
    struct kith_mem *mem = m->run->mem;
    int n = kith_run_threads(m->run->threads), years = 0;
    enum kith_status st = kith_mem_zeroed(mem, &m->workers, (size_t)n, sizeof *m->workers);
    for (; m->n_workers < n && !st; m->n_workers++) {
        struct worker *w = &m->workers[m->n_workers];
        w->mem = (struct kith_mem)KITH_MEM_INIT;
        kith_packed_init(&w->packed, &w->mem);
        st = kith_series_init(&w->series, &w->mem, m->shape, m->run->sc->months);
        years = w->series.years;
        if (!st)
            st = kith_outcome_init(&w->outcome, &w->mem, m->shape, years);
    }
    if (!st)
        st = kith_outcome_init(&m->outcome, mem, m->shape, years);
    return st ? kith_error_set(&m->error, st, m->run->path, 0, 0, "out of memory") : KITH_OK;
}

static void free_workers(struct merge *m)
{
    for (int i = 0; i < m->n_workers; i++) {
        kith_series_free(&m->workers[i].series);
        kith_outcome_free(&m->workers[i].outcome);
        kith_packed_free(&m->workers[i].packed);
        kith_mem_free(&m->workers[i].bytes);
    }
    kith_outcome_free(&m->outcome);
    kith_mem_free(&m->workers);
    kith_mem_free(&m->piece);
}

enum kith_status kith_merge_output(const struct kith_run *run, struct kith_cells *cells, struct kith_provenance *how,
                                   struct kith_error *err)
{
    struct merge m = {.run = run, .shape = run->model->shape(run->compiled), .cells = cells, .how = how};
    for (size_t i = 0; i < cells->n_shards; i++)
        how->wall_seconds += cells->shards[i].wall_seconds;
    if (cells->has_output) {
        double before[2] = {0, 0};
        if (kith_results_real(&cells->output, "events", &before[0], NULL) == KITH_OK && before[0] >= 0)
            how->events += (uint64_t)before[0];
        if (kith_results_real(&cells->output, "wall_seconds", &before[1], NULL) == KITH_OK && before[1] >= 0)
            how->wall_seconds += before[1];
    }
    m.status = make_workers(&m);
    if (!m.status)
        m.status = kith_writer_open(&m.writer, run->mem, run->path, run->sc, m.shape, how, &m.error);
    if (m.writer) {
        m.verbatim = kith_writer_takes_packed(m.writer);
        all_cells(&m);
        struct kith_error closing;
        enum kith_status closed = kith_writer_close(m.writer, how, m.status != KITH_OK, &closing);
        if (closed)
            fail(&m, closed, &closing);
    }
    free_workers(&m);
    if (m.status && err)
        *err = m.error;
    return m.status;
}

enum kith_status kith_merge_shard(const struct kith_run *run, struct kith_cells *cells,
                                  const struct kith_shard_head *head, struct kith_error *err)
{
    struct kith_shard_writer w;
    double seconds = 0;
    char temporary[4096];
    /* Nobody else writes here, by the lock: one that is there was left by a killed process, and its cells are elsewhere. */
    if (snprintf(temporary, sizeof temporary, "%s.tmp", run->path) < (int)sizeof temporary)
        unlink(temporary);
    for (size_t i = 0; i < cells->n_shards; i++)
        seconds += cells->shards[i].wall_seconds;
    enum kith_status st = kith_shard_create(&w, run->mem, run->path, head, err);
    if (st)
        return st;
    for (uint64_t cell = 0; cell < cells->n && !st; cell++) {
        size_t i = 0;
        if (!kith_cells_has(cells, cell))
            continue;
        struct kith_shard *s = kith_cells_shard(cells, cell, &i);
        st = run->stop && *run->stop ? KITH_STOPPED : kith_shard_put_copy(&w, s, i, err);
    }
    if (!st)
        return kith_shard_close(&w, seconds, true, err);
    kith_shard_leave(&w, true);
    return st;
}
