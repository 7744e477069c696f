#include "merge.h"

#include <stdio.h>
#include <unistd.h>

/* What a merge works with. */
struct merge {
    const struct kith_run *run;
    const struct kith_shape *shape;
    struct kith_cells *cells;
    struct kith_provenance *how;
    struct kith_error *err;
    struct kith_writer *writer;
    struct kith_series series;
    struct kith_outcome outcome;
    struct kith_packed packed;
};

struct place {
    int replication;
    size_t arm, area;
};

/* A cell from the shard that holds it; its series are left in m->series. */
static enum kith_status from_shard(struct merge *m, uint64_t cell, const struct place *at)
{
    size_t i = 0;
    struct kith_shard *s = kith_cells_shard(m->cells, cell, &i);
    uint64_t offset = s->cells[i].from;
    struct kith_shard_piece piece = {0};
    while (!piece.last) {
        enum kith_status st = kith_shard_read(s, m->shape, &offset, &piece, m->err);
        if (!st && !piece.last)
            st = kith_writer_tracks(m->writer, &piece.tracks, m->err);
        if (st)
            return st;
    }
    enum kith_status st = kith_packed_undo(&m->packed, piece.packed, piece.bytes, &m->series);
    if (st)
        return kith_error_set(m->err, st, s->path, 0, 0,
                              st == KITH_IO ? "damaged: series of another length" : "out of memory");
    m->how->events += piece.events;
    return kith_writer_cell(m->writer, at->replication, at->arm, at->area, &m->series, m->err);
}

static enum kith_status from_output(struct merge *m, const struct place *at)
{
    struct kith_results *r = &m->cells->output;
    enum kith_status st = kith_results_copy_tracks(r, (size_t)at->replication, at->arm, at->area, m->writer, m->err);
    if (!st)
        st = kith_results_series(r, (size_t)at->replication, at->arm, at->area, &m->series, m->err);
    return st ? st : kith_writer_cell(m->writer, at->replication, at->arm, at->area, &m->series, m->err);
}

/* One replication of one arm: its cells, and its outcome if all areas are there. */
static enum kith_status one_outcome(struct merge *m, uint64_t first, int replication, size_t arm)
{
    const struct kith_scenario *sc = m->run->sc;
    size_t there = 0;
    enum kith_status st = KITH_OK;
    kith_outcome_clear(&m->outcome);
    for (size_t area = 0; area < sc->n_areas && !st; area++) {
        struct place at = {replication, arm, area};
        if (m->run->stop && *m->run->stop)
            return KITH_STOPPED;
        if (!kith_cells_has(m->cells, first + area))
            continue;
        st = kith_writer_begin(m->writer, replication, arm, area, m->err);
        if (!st)
            st = m->cells->place[first + area].shard == KITH_CELLS_OUTPUT ? from_output(m, &at)
                                                                          : from_shard(m, first + area, &at);
        if (!st)
            kith_outcome_add(&m->outcome, m->shape, &m->series, sc->represents / (double)sc->families);
        there++;
    }
    if (st || there < sc->n_areas)
        return st;
    kith_outcome_finish(&m->outcome, m->shape);
    return kith_writer_outcome(m->writer, replication, arm, &m->outcome, m->err);
}

static enum kith_status all_cells(struct merge *m)
{
    const struct kith_scenario *sc = m->run->sc;
    enum kith_status st = KITH_OK;
    for (int r = 0; r < sc->replications && !st; r++)
        for (size_t arm = 0; arm < sc->n_arms && !st; arm++)
            st = one_outcome(m, ((uint64_t)r * sc->n_arms + arm) * sc->n_areas, r, arm);
    return st;
}

static enum kith_status make_room(struct merge *m)
{
    struct kith_mem *mem = m->run->mem;
    kith_packed_init(&m->packed, mem);
    enum kith_status st = kith_series_init(&m->series, mem, m->shape, m->run->sc->months);
    if (!st)
        st = kith_outcome_init(&m->outcome, mem, m->shape, m->series.years);
    return st ? kith_error_set(m->err, st, m->run->path, 0, 0, "out of memory") : KITH_OK;
}

enum kith_status kith_merge_output(const struct kith_run *run, struct kith_cells *cells, struct kith_provenance *how,
                                   struct kith_error *err)
{
    struct merge m = {.run = run, .shape = run->model->shape(run->compiled), .cells = cells, .how = how, .err = err};
    for (size_t i = 0; i < cells->n_shards; i++)
        how->wall_seconds += cells->shards[i].wall_seconds;
    if (cells->has_output) {
        double before[2] = {0, 0};
        if (kith_results_real(&cells->output, "events", &before[0], NULL) == KITH_OK && before[0] >= 0)
            how->events += (uint64_t)before[0];
        if (kith_results_real(&cells->output, "wall_seconds", &before[1], NULL) == KITH_OK && before[1] >= 0)
            how->wall_seconds += before[1];
    }
    enum kith_status st = make_room(&m);
    if (!st)
        st = kith_writer_open(&m.writer, run->mem, run->path, run->sc, m.shape, how, err);
    if (!st) {
        st = all_cells(&m);
        struct kith_error closing;
        enum kith_status closed = kith_writer_close(m.writer, how, st != KITH_OK, &closing);
        if (!st && closed) {
            st = closed;
            if (err)
                *err = closing;
        }
    }
    kith_series_free(&m.series);
    kith_outcome_free(&m.outcome);
    kith_packed_free(&m.packed);
    return st;
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
