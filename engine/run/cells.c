#include "cells.h"

#include <string.h>

#include "../rng/draw.h"

enum kith_status kith_cells_init(struct kith_cells *c, struct kith_mem *mem, uint64_t replications, uint64_t n_arms,
                                 uint64_t n_areas, struct kith_error *err)
{
    const uint64_t most = (uint64_t)1 << 28; /* 2 GiB of places */
    *c = (struct kith_cells){.mem = mem, .n_arms = (size_t)n_arms, .n_areas = (size_t)n_areas};
    if (n_arms == 0 || n_areas == 0 || n_arms > most || n_areas > most / n_arms ||
        replications > most / (n_arms * n_areas))
        return kith_error_set(err, KITH_BAD_SCENARIO, NULL, 0, 0,
                              "%llu replications x %llu arms x %llu areas: a run has up to %llu cells",
                              (unsigned long long)replications, (unsigned long long)n_arms, (unsigned long long)n_areas,
                              (unsigned long long)most);
    c->n = replications * n_arms * n_areas;
    if (kith_mem_zeroed(mem, &c->place, (size_t)c->n, sizeof *c->place))
        return kith_error_set(err, KITH_NO_MEMORY, NULL, 0, 0, "out of memory for a list of %llu cells",
                              (unsigned long long)c->n);
    return KITH_OK;
}

void kith_cells_free(struct kith_cells *c)
{
    for (size_t i = 0; i < c->n_shards; i++)
        kith_shard_free(&c->shards[i]);
    if (c->has_output)
        kith_results_close(&c->output);
    kith_mem_free(&c->shards);
    kith_mem_free(&c->place);
}

static enum kith_status other(struct kith_error *err, const char *path)
{
    return kith_error_set(err, KITH_BAD_SCENARIO, path, 0, 0,
                          "holds cells of another scenario, seed, choice of arms or version of kith");
}

enum kith_status kith_cells_add(struct kith_cells *c, struct kith_shard *s, const char *fingerprint, bool once,
                                struct kith_error *err)
{
    if (strcmp(s->head.fingerprint, fingerprint) != 0 || s->head.n_arms != c->n_arms || s->head.n_areas != c->n_areas)
        return other(err, s->path);
    if (c->n_shards == c->room_shards) {
        size_t room = c->room_shards ? 2 * c->room_shards : 16;
        if (kith_mem_resize(c->mem, &c->shards, room, sizeof *c->shards))
            return kith_error_set(err, KITH_NO_MEMORY, s->path, 0, 0, "out of memory");
        c->room_shards = room;
    }
    for (size_t i = 0; i < s->n_cells; i++) {
        uint64_t cell = s->cells[i].cell;
        if (cell >= c->n)
            continue;
        if (kith_cells_has(c, cell) && once)
            return kith_error_set(err, KITH_BAD_SCENARIO, s->path, 0, 0,
                                  "holds replication %llu, arm %llu, area %llu (from 1), which another part holds too",
                                  (unsigned long long)(cell / c->n_areas / c->n_arms + 1),
                                  (unsigned long long)(cell / c->n_areas % c->n_arms + 1),
                                  (unsigned long long)(cell % c->n_areas + 1));
        if (!kith_cells_has(c, cell)) {
            c->place[cell] = (struct kith_cells_place){(uint32_t)c->n_shards + 1, (uint32_t)i};
            c->n_there++;
        }
    }
    c->shards[c->n_shards++] = *s;
    *s = (struct kith_shard){.fd = -1};
    c->last_open = c->n_shards;
    return KITH_OK;
}

enum kith_status kith_cells_add_output(struct kith_cells *c, const char *path, const char *fingerprint,
                                       struct kith_error *err)
{
    struct kith_results *r = &c->output;
    const char *own = "";
    c->has_output = true; /* to be closed in every case */
    enum kith_status st = kith_results_open(r, c->mem, path, err);
    if (!st)
        st = kith_results_text(r, "fingerprint", &own, err);
    if (st)
        return st;
    if (strcmp(own, fingerprint) != 0 || r->n_arms != c->n_arms || r->n_areas != c->n_areas)
        return other(err, path);
    uint64_t n = (uint64_t)r->n_replications * r->n_arms * r->n_areas;
    for (uint64_t cell = 0; cell < n && cell < c->n; cell++) {
        if (!r->done[cell] || kith_cells_has(c, cell))
            continue;
        c->place[cell].shard = KITH_CELLS_OUTPUT;
        c->n_there++;
    }
    return KITH_OK;
}

struct kith_shard *kith_cells_shard(struct kith_cells *c, uint64_t cell, size_t *index)
{
    struct kith_cells_place p = c->place[cell];
    if (p.shard == 0 || p.shard == KITH_CELLS_OUTPUT)
        return NULL;
    size_t i = p.shard - 1;
    if (c->last_open < c->n_shards && c->last_open != i)
        kith_shard_close_file(&c->shards[c->last_open]);
    c->last_open = i;
    *index = p.index;
    return &c->shards[i];
}

bool kith_cells_mine(uint64_t cell, uint64_t part, uint64_t n_parts)
{
    if (n_parts <= 1)
        return true;
    return (cell % n_parts + kith_draw_mix(0, cell / n_parts) % n_parts) % n_parts == part - 1;
}
