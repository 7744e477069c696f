#include "merge.h"

#include <omp.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* One replication of one arm at work: all but HDF5 is done by several threads at once. */
struct group {
    struct kith_mem mem;
    struct kith_series series;
    struct kith_outcome outcome;
    struct kith_packed packed;
    uint64_t first, events; /* number of its first cell; events in its cells */
    size_t there;
    unsigned char *bytes;   /* packed series of its cells behind each other */
    size_t n, room, *at;    /* at[n_areas]: where each begins; SIZE_MAX: not here */
};

/* What a merge works with. */
struct merge {
    const struct kith_run *run;
    const struct kith_shape *shape;
    struct kith_cells *cells;
    struct kith_provenance *how;
    struct kith_writer *writer;
    struct group *groups; /* [n_groups] one for each thread */
    int n_groups;
    bool verbatim;        /* packed series go to the file as they are */
    int64_t turn;         /* number of the group that is next in the file */
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

/* Reads the packed series of a cell to the end of the group's bytes. Shards are not for two threads at a time. */
static enum kith_status fetch(struct merge *m, struct group *g, uint64_t cell, struct kith_error *err)
{
    enum kith_status st;
#pragma omp critical(kith_merge_shards)
    {
        size_t i = 0;
        struct kith_shard *s = kith_cells_shard(m->cells, cell, &i);
        struct kith_shard_piece piece;
        st = kith_shard_read_series(s, i, &piece, err);
        if (!st && g->room - g->n < piece.bytes) {
            size_t room = 2 * g->room + piece.bytes;
            st = kith_mem_resize(&g->mem, &g->bytes, room, 1);
            g->room = st ? g->room : room;
            if (st)
                kith_error_set(err, st, s->path, 0, 0, "out of memory");
        }
        if (!st) {
            memcpy(g->bytes + g->n, piece.packed, piece.bytes);
            g->n += piece.bytes;
            g->events += piece.events;
        }
    }
    return st;
}

static void add_up(struct merge *m, struct group *g)
{
    const struct kith_scenario *sc = m->run->sc;
    kith_outcome_add(&g->outcome, m->shape, &g->series, sc->represents / (double)sc->families);
    g->there++;
}

/* Unpacks and adds up the cells of a group that are in shards, area by area. */
static void prepare(struct merge *m, struct group *g, uint64_t first)
{
    struct kith_error err = {0};
    g->first = first;
    g->events = 0;
    g->n = g->there = 0;
    kith_outcome_clear(&g->outcome);
    for (size_t area = 0; area < m->run->sc->n_areas; area++)
        g->at[area] = SIZE_MAX;
    for (size_t area = 0; area < m->run->sc->n_areas && !is_over(m); area++) {
        uint32_t where = m->cells->place[first + area].shard;
        if (where == KITH_CELLS_OUTPUT)
            return; /* HDF5 is for one thread at a time: this cell and the rest are added up when they are written */
        if (where == 0)
            continue;
        size_t begin = g->n;
        enum kith_status st = fetch(m, g, first + area, &err);
        if (!st) {
            st = kith_packed_undo(&g->packed, g->bytes + begin, g->n - begin, &g->series);
            if (st)
                kith_error_set(&err, st, m->cells->shards[where - 1].path, 0, 0,
                               st == KITH_IO ? "damaged: series of another length" : "out of memory");
        }
        if (st) {
            fail(m, st, &err);
            return;
        }
        g->at[area] = begin;
        add_up(m, g);
    }
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

/* A cell that is not prepared: it is in the output file, or behind one that is. */
static enum kith_status write_slowly(struct merge *m, struct group *g, int replication, size_t arm, size_t area,
                                     struct kith_error *err)
{
    struct kith_results *r = &m->cells->output;
    uint64_t cell = g->first + area;
    enum kith_status st;
    if (m->cells->place[cell].shard == KITH_CELLS_OUTPUT) {
        st = kith_results_copy_tracks(r, (size_t)replication, arm, area, m->writer, err);
        if (!st)
            st = kith_results_series(r, (size_t)replication, arm, area, &g->series, err);
    } else {
        size_t begin = g->n;
        st = write_tracks(m, cell, err);
        if (!st)
            st = fetch(m, g, cell, err);
        if (!st && (st = kith_packed_undo(&g->packed, g->bytes + begin, g->n - begin, &g->series)))
            kith_error_set(err, st, m->run->path, 0, 0, "damaged series in a shard");
    }
    if (st)
        return st;
    add_up(m, g);
    return kith_writer_cell(m->writer, replication, arm, area, &g->series, err);
}

/* A cell that is prepared. */
static enum kith_status write_prepared(struct merge *m, struct group *g, int replication, size_t arm, size_t area,
                                       struct kith_error *err)
{
    const unsigned char *packed = g->bytes + g->at[area];
    enum kith_status st = write_tracks(m, g->first + area, err);
    if (st)
        return st;
    if (m->verbatim)
        return kith_writer_packed(m->writer, replication, arm, area, packed, err);
    size_t end = g->n;
    for (size_t next = area + 1; next < m->run->sc->n_areas && end == g->n; next++)
        if (g->at[next] != SIZE_MAX)
            end = g->at[next];
    st = kith_packed_undo(&g->packed, packed, end - g->at[area], &g->series);
    return st ? st : kith_writer_cell(m->writer, replication, arm, area, &g->series, err);
}

/* Puts a group into the file; groups come in canonical order, one thread at a time. */
static void write_group(struct merge *m, struct group *g)
{
    const struct kith_scenario *sc = m->run->sc;
    size_t arm = (size_t)(g->first / sc->n_areas % sc->n_arms);
    int replication = (int)(g->first / sc->n_areas / sc->n_arms);
    struct kith_error err = {0};
    enum kith_status st = KITH_OK;
    for (size_t area = 0; area < sc->n_areas && !st && !is_over(m); area++) {
        if (!kith_cells_has(m->cells, g->first + area))
            continue;
        st = kith_writer_begin(m->writer, replication, arm, area, &err);
        if (!st)
            st = g->at[area] != SIZE_MAX ? write_prepared(m, g, replication, arm, area, &err)
                                         : write_slowly(m, g, replication, arm, area, &err);
    }
    if (!st && !is_over(m) && g->there == sc->n_areas) {
        kith_outcome_finish(&g->outcome, m->shape);
        st = kith_writer_outcome(m->writer, replication, arm, &g->outcome, &err);
    }
    m->how->events += g->events;
    if (st)
        fail(m, st, &err);
#pragma omp critical(kith_merge_turn)
    m->turn++;
}

/* Packs trajectories for whoever writes, until group number i is next; without trajectories returns at once. */
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
    const struct kith_scenario *sc = m->run->sc;
    int64_t n = (int64_t)sc->replications * (int64_t)sc->n_arms;
#pragma omp parallel num_threads(m->n_groups)
    {
        struct group *g = &m->groups[omp_get_thread_num()];
#pragma omp for ordered schedule(dynamic, 1) nowait
        for (int64_t i = 0; i < n; i++) {
            prepare(m, g, (uint64_t)i * sc->n_areas);
            help(m, i);
#pragma omp ordered
            write_group(m, g);
        }
        help(m, n);
    }
    if (!m->status && m->run->stop && *m->run->stop)
        m->status = KITH_STOPPED;
}

static enum kith_status make_groups(struct merge *m)
{
    struct kith_mem *mem = m->run->mem;
    int n = kith_run_threads(m->run->threads);
    enum kith_status st = kith_mem_zeroed(mem, &m->groups, (size_t)n, sizeof *m->groups);
    for (; m->n_groups < n && !st; m->n_groups++) {
        struct group *g = &m->groups[m->n_groups];
        g->mem = (struct kith_mem)KITH_MEM_INIT;
        kith_packed_init(&g->packed, &g->mem);
        st = kith_series_init(&g->series, &g->mem, m->shape, m->run->sc->months);
        if (!st)
            st = kith_outcome_init(&g->outcome, &g->mem, m->shape, g->series.years);
        if (!st)
            st = kith_mem_zeroed(&g->mem, &g->at, m->run->sc->n_areas, sizeof *g->at);
    }
    return st ? kith_error_set(&m->error, st, m->run->path, 0, 0, "out of memory") : KITH_OK;
}

static void free_groups(struct merge *m)
{
    for (int i = 0; i < m->n_groups; i++) {
        kith_series_free(&m->groups[i].series);
        kith_outcome_free(&m->groups[i].outcome);
        kith_packed_free(&m->groups[i].packed);
        kith_mem_free(&m->groups[i].bytes);
        kith_mem_free(&m->groups[i].at);
    }
    kith_mem_free(&m->groups);
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
    m.status = make_groups(&m);
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
    free_groups(&m);
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
