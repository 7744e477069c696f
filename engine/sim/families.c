#include "families.h"

#include <math.h>
#include <string.h>

#include "../rng/draw.h"

void kith_families_init(struct kith_families *f, struct kith_mem *mem, struct kith_room *room)
{
    *f = (struct kith_families){.mem = mem, .room = room};
}

void kith_families_free(struct kith_families *f)
{
    kith_mem_free(&f->all.id);
    kith_mem_free(&f->all.event_end);
    kith_mem_free(&f->all.member_end);
    kith_mem_free(&f->all.attribute);
    kith_mem_free(&f->all.birth_day);
    kith_mem_free(&f->state);
    kith_mem_free(&f->births);
}

static enum kith_status room_for_family(struct kith_families *f, const struct kith_shape *shape)
{
    struct kith_tracks *t = &f->all;
    enum kith_status st = KITH_OK;
    if (t->n_families == f->family_room) {
        size_t room = f->family_room ? 2 * f->family_room : 1024;
        size_t width = shape->n_attributes ? shape->n_attributes : 1;
        if ((st = kith_mem_resize(f->mem, &t->id, room, sizeof *t->id)) ||
            (st = kith_mem_resize(f->mem, &t->event_end, room, sizeof *t->event_end)) ||
            (st = kith_mem_resize(f->mem, &t->member_end, room, sizeof *t->member_end)) ||
            (st = kith_mem_resize(f->mem, &t->attribute, room * width, sizeof *t->attribute)))
            return st;
        f->family_room = room;
    }
    if (t->n_members + shape->members > f->member_room) {
        size_t room = 2 * f->member_room + shape->members + 1024;
        if ((st = kith_mem_resize(f->mem, &t->birth_day, room, sizeof *t->birth_day)))
            return st;
        f->member_room = room;
    }
    return KITH_OK;
}

/* Adds the family's row to the tracks; its events end at row `event_end` of the cell. */
static enum kith_status track_family(struct kith_families *f, const struct kith_model *model, const void *compiled,
                                     const struct kith_cell *cell, const struct kith_shape *shape, uint64_t index,
                                     const void *family, size_t event_end)
{
    struct kith_tracks *t = &f->all;
    enum kith_status st = room_for_family(f, shape);
    if (st)
        return st;
    size_t members = 0;
    if (model->describe && (shape->n_attributes || shape->members))
        members = model->describe(compiled, cell, family, t->attribute + t->n_families * shape->n_attributes,
                                  f->births);
    for (size_t i = 0; i < members; i++)
        t->birth_day[t->n_members++] = (int32_t)floor((f->births[i] - cell->warm_up) * 365.25);
    t->id[t->n_families] = (int32_t)index;
    t->event_end[t->n_families] = (int64_t)event_end;
    t->member_end[t->n_families] = (int64_t)t->n_members;
    t->n_families++;
    return KITH_OK;
}

static enum kith_status one_at_a_time(struct kith_families *f, const struct kith_model *model,
                                      const void *compiled, struct kith_cell *cell, const struct kith_shape *shape,
                                      uint64_t from, uint64_t to, const volatile int *stop)
{
    for (uint64_t index = from; index < to; index++) {
        if (stop && *stop)
            return KITH_STOPPED;
        void *family = f->state;
        double next = model->begin(compiled, cell, index, family);
        cell->tracking = false;
        if (next <= cell->warm_up)
            next = model->advance(compiled, cell, family, cell->warm_up);
        bool keep = kith_cell_tracks(cell, index);
        if (keep) {
            cell->tracking = true;
            model->standing(compiled, cell, family);
        }
        if (next <= cell->end)
            model->advance(compiled, cell, family, cell->end);
        if (keep) {
            enum kith_status st = track_family(f, model, compiled, cell, shape, index, family, cell->n_rows);
            if (st)
                return st;
        }
        if (cell->failed)
            return cell->failed;
    }
    return KITH_OK;
}

/* What the tracks say of a family (attributes, births) is known from its beginning, so the families begin once more, batch by
 * batch (next_mixed): neither those of long ago nor what is said of all of them are kept until the end. */
enum kith_status kith_families_regroup(struct kith_families *f, const struct kith_model *model, const void *compiled,
                                       struct kith_cell *cell, const struct kith_shape *shape, uint64_t from, size_t n)
{
    f->model = model;
    f->compiled = compiled;
    f->shape = shape;
    f->first = from;
    f->at = 0;
    f->n = n;
    return cell->mixed ? kith_cell_set_aside(cell) : KITH_OK;
}

static enum kith_status through_queue(struct kith_families *f, const struct kith_model *model, const void *compiled,
                                      struct kith_cell *cell, const struct kith_shape *shape, uint64_t from,
                                      uint64_t to, const volatile int *stop)
{
    enum kith_status st = KITH_OK;
    size_t bytes = model->family_bytes(compiled), n = (size_t)(to - from);
    struct kith_queue queue;
    kith_queue_init(&queue, f->mem);
    st = kith_queue_begin(&queue, cell->end, n);
    for (size_t i = 0; i < n && !st; i++)
        st = kith_queue_push(&queue, model->begin(compiled, cell, from + i, f->state + i * bytes), (uint32_t)i);
    bool counting = false;
    while (!st) {
        struct kith_queue_entry e = {INFINITY, 0};
        if (!kith_queue_empty(&queue))
            e = kith_queue_first(&queue);
        if (!counting && e.time > cell->warm_up) {
            counting = true;
            for (size_t i = 0; i < n && !st; i++) {
                cell->whose = (uint32_t)i;
                if (kith_cell_tracks(cell, from + i))
                    model->standing(compiled, cell, f->state + i * bytes);
            }
        }
        if (e.time > cell->end || st)
            break;
        cell->whose = e.family;
        cell->tracking = counting && kith_cell_tracks(cell, from + e.family);
        kith_queue_pop(&queue);
        st = kith_queue_push(&queue, model->advance(compiled, cell, f->state + e.family * bytes, e.time), e.family);
        st = cell->failed ? cell->failed : st;
        if (stop && *stop)
            st = KITH_STOPPED;
    }
    kith_queue_free(&queue);
    if (!st)
        st = kith_families_regroup(f, model, compiled, cell, shape, from, n);
    return st;
}

/* The model's own way, in the thread's workspace. */
static enum kith_status together(struct kith_families *f, const struct kith_model *model, const void *compiled,
                                 struct kith_cell *cell, const struct kith_shape *shape, uint64_t from, uint64_t to,
                                 size_t bytes, const volatile int *stop)
{
    struct kith_room *room = f->room;
    enum kith_status st = KITH_OK;
    if (bytes > room->batch_room) {
        kith_mem_free(&room->batch); /* what it held is not needed: no copy */
        room->batch_room = 0;
        if ((st = kith_mem_resize(room->mem, &room->batch, bytes, 1)))
            return st;
        room->batch_room = bytes;
        kith_mem_large_pages(room->batch, bytes);
    }
    if (cell->pool && (st = kith_area_open(cell, shape, (size_t)to)))
        return st;
    st = model->batch(compiled, cell, from, to, room->batch, &room->queue, stop);
    if (!st && cell->pool)
        kith_area_close(cell, shape);
    if (cell->failed)
        st = cell->failed;
    if (st || cell->fault || !(cell->share > 0))
        return st;
    return kith_families_regroup(f, model, compiled, cell, shape, from, (size_t)(to - from));
}

/* The families that the cell's rows at hand have room for. */
static enum kith_status next_mixed(struct kith_families *f, struct kith_cell *cell)
{
    bool more = f->shape->n_attributes || f->shape->members;
    enum kith_status st = KITH_OK;
    f->all.n_families = f->all.n_members = 0;
    while (f->at < f->n && f->all.n_families == 0 && !st) {
        size_t from = f->at, rows = 0;
        st = kith_cell_take_back(cell, &f->at);
        for (size_t k = 0; k < f->at - from && !st; k++) {
            uint64_t index = f->first + from + k;
            if (!kith_cell_tracks(cell, index))
                continue;
            if (more)
                f->model->begin(f->compiled, cell, index, f->state);
            rows += kith_cell_rows_of(cell, k);
            st = track_family(f, f->model, f->compiled, cell, f->shape, index, f->state, rows);
        }
    }
    return st;
}

enum kith_status kith_families_next(struct kith_families *f, struct kith_cell *cell)
{
    enum kith_status st = KITH_OK;
    f->tracks = (struct kith_tracks){0};
    if (cell->mixed) {
        st = next_mixed(f, cell);
    } else if (f->given) {
        f->all.n_families = 0;
    } else {
        kith_cell_narrow(cell);
    }
    f->given = true;
    if (st || f->all.n_families == 0)
        return st;
    f->tracks = f->all;
    f->tracks.n_events = cell->n_rows;
    f->tracks.day = cell->day;
    f->tracks.code = cell->code;
    f->tracks.code_bytes = cell->code_bytes;
    f->tracks.member = cell->members ? cell->member : NULL;
    return KITH_OK;
}

enum kith_status kith_families_run(struct kith_families *f, const struct kith_model *model, const void *compiled,
                                   struct kith_cell *cell, const struct kith_shape *shape, uint64_t from, uint64_t to,
                                   double track, enum kith_order order, const volatile int *stop)
{
    enum kith_status st = KITH_OK;
    size_t at_once = order == KITH_ORDER_QUEUE && !cell->pool ? (size_t)(to - from) : 1;
    size_t batch = model->batch && order == KITH_ORDER_FAMILY ? model->batch_bytes(compiled, cell, to - from) : 0;
    size_t bytes = model->family_bytes(compiled) * at_once;
    bool alone = !batch && !cell->pool && order == KITH_ORDER_FAMILY;
    kith_cell_clear_rows(cell);
    f->all = (struct kith_tracks){.id = f->all.id, .event_end = f->all.event_end, .member_end = f->all.member_end,
                                  .attribute = f->all.attribute, .birth_day = f->all.birth_day};
    f->tracks = (struct kith_tracks){0};
    f->given = false;
    f->at = f->n = 0;
    cell->share = track;
    cell->mixed = track > 0 && !alone ? (size_t)(to - from) : 0;
    if (to <= from && !cell->pool) /* a coupled area has capacities even if nobody lives there */
        return KITH_OK;
    if (bytes > f->state_room) {
        if ((st = kith_mem_resize(f->mem, &f->state, bytes, 1)))
            return st;
        f->state_room = bytes;
    }
    if (!f->births && (st = kith_mem_zeroed(f->mem, &f->births, shape->members + 1, sizeof *f->births)))
        return st;
    if (batch) {
        st = together(f, model, compiled, cell, shape, from, to, batch, stop);
    } else if (cell->pool)
        st = kith_area_run(f, model, compiled, cell, shape, (size_t)to, stop);
    else if (order == KITH_ORDER_QUEUE)
        st = through_queue(f, model, compiled, cell, shape, from, to, stop);
    else
        st = one_at_a_time(f, model, compiled, cell, shape, from, to, stop);
    if (st)
        return st;
    return kith_families_next(f, cell);
}
