/* One coupled area: its families meet through pools, levels and budgets, so their events happen in order of time.
 *
 * The queue holds one valid entry a family, the first of its events that may touch something shared; what comes before
 * that the family does on its own (cell->ahead). When another family's event changes a family's next time, a second
 * entry is pushed and the first is dropped when it turns up. At one moment the order is: the area's own events, then
 * families by number; after each event those in line who have a turn, pool by pool, then families told of a
 * new level. */
#include <math.h>
#include <string.h>

#include "families.h"

/* Bytes of a packed family fetched beforehand: most are not much larger. */
#define FETCH 768
/* How many events before its own a family is fetched; of how many families pages are touched at once. */
#define SOON 3
#define TOUCHED 16
#define NOBODY UINT32_MAX

/* A family that waits, packed. */
struct piece {
    uint32_t bytes; /* of all of it */
    unsigned char packed[];
};
struct kith_waiting {
    double next;         /* its next event */
    struct piece *piece; /* NULL before it forms, after it is over and while nothing was kept of it yet */
};

struct area {
    struct kith_families *f;
    struct kith_room *room;
    const struct kith_model *model;
    const void *compiled;
    struct kith_cell *cell;
    const struct kith_shape *shape;
    size_t n;
    uint32_t open; /* the family that is in f->state, NOBODY none */
    bool tracking;
    unsigned touched; /* events until pages are touched again */
    size_t lost; /* pre-emptions since the last event */
    enum kith_status status;
};

void kith_room_init(struct kith_room *room, struct kith_mem *mem)
{
    *room = (struct kith_room){.mem = mem};
    kith_queue_init(&room->queue, mem);
    kith_store_init(&room->store, mem);
}

void kith_room_free(struct kith_room *room)
{
    kith_queue_free(&room->queue);
    kith_store_free(&room->store);
    kith_mem_free(&room->waiting);
    kith_mem_free(&room->packed);
    kith_mem_free(&room->batch);
    room->families = room->packed_room = room->batch_room = 0;
}

/* The family's next event is at `next`; with INFINITY it waits for others to change that. */
static void expect(struct area *a, uint32_t family, double next)
{
    struct kith_room *r = a->room;
    r->waiting[family].next = next;
    if (next < INFINITY) {
        enum kith_status st = kith_queue_push(&r->queue, next, family);
        a->status = st ? st : a->status;
    }
}

/* Packs the family at work. It keeps its piece if that has the right size; who is over has none any more. */
static void close_family(struct area *a)
{
    struct kith_room *r = a->room;
    uint32_t family = a->open;
    if (family == NOBODY)
        return;
    a->open = NOBODY;
    struct piece *piece = r->waiting[family].piece;
    bool over = r->waiting[family].next == INFINITY && a->model->coupling->over(a->compiled, a->f->state);
    size_t bytes = over ? 0 : sizeof *piece + a->model->coupling->pack(a->compiled, a->cell, a->f->state, r->packed);
    r->waiting[family].piece = kith_store_exchange(&r->store, piece, piece ? piece->bytes : 0, bytes);
    if (over)
        return;
    if (!r->waiting[family].piece) {
        a->status = KITH_NO_MEMORY;
        return;
    }
    r->waiting[family].piece->bytes = (uint32_t)bytes;
    memcpy(r->waiting[family].piece->packed, r->packed, bytes - sizeof *piece);
}

/* The family, to work with; it begins now if it has not yet. Valid until another one is opened. NULL when memory runs
 * out. */
static void *open_family(struct area *a, uint32_t family)
{
    const struct piece *piece = a->room->waiting[family].piece;
    if (a->open == family)
        return a->f->state;
    close_family(a);
    if (a->status)
        return NULL;
    if (piece)
        a->model->coupling->unpack(a->compiled, a->cell, family, piece->packed, a->f->state);
    else
        a->model->begin(a->compiled, a->cell, family, a->f->state);
    a->open = family;
    return a->f->state;
}

/* Rows that a callback adds for this family are its own. */
static void follow(struct area *a, uint32_t family)
{
    a->cell->tracking = a->tracking && kith_cell_tracks(a->cell, family);
    a->cell->whose = family;
}

/* Serves the head of a line that has a turn, or makes room for it. */
static void serve(struct area *a, size_t i, double t)
{
    struct kith_pool *pool = &a->cell->pool[i];
    const struct kith_coupling *c = a->model->coupling;
    struct kith_ticket who;
    uint32_t holder = 0;
    bool failed = false, lost = false;
    if (!kith_pool_next(pool, t, &who, &holder, &failed))
        lost = kith_pool_victim(pool, t, &who);
    if (failed) {
        a->status = KITH_NO_MEMORY;
        return;
    }
    if (lost && ++a->lost > 1000 + 4 * a->n) {
        kith_cell_fault(a->cell, "resource %s: at one moment families take it from each other for ever; a priority must not rise "
                        "because somebody else has the resource", a->shape->resources[i].name);
        return;
    }
    void *family = open_family(a, who.family);
    if (!family)
        return;
    follow(a, who.family);
    double next = lost ? c->lost(a->compiled, a->cell, family, t, i, &who)
                       : c->granted(a->compiled, a->cell, family, t, i, &who, holder);
    if (next != a->room->waiting[who.family].next)
        expect(a, who.family, next);
}

/* Tells the families that listen to pools whose level has changed. */
static void tell(struct area *a, double t)
{
    const struct kith_coupling *c = a->model->coupling;
    uint64_t changed = 0;
    size_t words = a->n / 64 + 1;
    for (size_t i = 0; i < a->cell->n_pools; i++) {
        struct kith_pool *pool = &a->cell->pool[i];
        changed |= (uint64_t)(pool->level != pool->announced) << i;
        pool->announced = pool->level;
    }
    for (size_t w = 0; changed && w < words; w++) {
        uint64_t bits = 0;
        for (size_t i = 0; i < a->cell->n_pools; i++)
            bits |= changed >> i & 1 ? a->cell->pool[i].listener[w] : 0;
        for (; bits && !a->status; bits &= bits - 1) {
            uint32_t family = (uint32_t)(64 * w) + (uint32_t)__builtin_ctzll(bits);
            void *record = open_family(a, family);
            double next = record ? c->loaded(a->compiled, a->cell, record, t, changed) : a->room->waiting[family].next;
            if (next != a->room->waiting[family].next)
                expect(a, family, next);
        }
    }
}

/* What an event at time t has set off among the others. */
static void settle(struct area *a, double t)
{
    bool again = true;
    a->lost = 0;
    while (again && !a->status && !a->cell->fault) {
        again = false;
        for (size_t i = 0; i < a->cell->n_pools && !a->status && !a->cell->fault; i++) {
            struct kith_pool *pool = &a->cell->pool[i];
            for (; kith_pool_turn(pool) && !a->status && !a->cell->fault; again = true)
                serve(a, i, t);
        }
    }
    tell(a, t);
}

/* Counting begins: tracked families say how they stand. */
static void begin_counting(struct area *a)
{
    a->tracking = true;
    for (uint32_t i = 0; i < a->n && !a->status; i++) {
        if ((!a->room->waiting[i].piece && a->open != i) || !kith_cell_tracks(a->cell, i))
            continue;
        const void *family = open_family(a, i);
        follow(a, i);
        if (family)
            a->model->standing(a->compiled, a->cell, family);
    }
}

/* The piece of the family that is probably k-th in the queue; NULL if that is not known. */
static inline const char *piece_of(const struct kith_room *r, size_t k)
{
    const struct kith_queue_entry *e = kith_queue_soon(&r->queue, k);
    return e ? (const char *)r->waiting[e->family].piece : NULL;
}

/* Has what probably comes next brought into the cache while this family is at work: an event that has to wait for each line
 * in turn takes several times as long. Where a page is not at hand, fetching does nothing and a load waits long: so
 * pages are touched for several families at once. */
static inline void fetch(struct area *a)
{
    const struct kith_room *r = a->room;
    if (!a->touched--) {
        for (size_t k = SOON; k < SOON + TOUCHED; k++) {
            const char *piece = piece_of(r, k);
            if (piece)
                (void)*(const volatile char *)piece;
        }
        for (size_t k = SOON + TOUCHED; k < SOON + 2 * TOUCHED; k++) {
            const struct kith_queue_entry *e = kith_queue_soon(&r->queue, k);
            if (e)
                __builtin_prefetch(&r->waiting[e->family]);
        }
        a->touched = TOUCHED - 1;
    }
    const char *piece = piece_of(r, SOON);
    for (size_t i = 64; piece && i < FETCH; i += 64)
        __builtin_prefetch(piece + i);
}

/* The family's events at time t, which is first in the queue. */
static void family_event(struct area *a, uint32_t family, double t)
{
    struct kith_room *r = a->room;
    void *record = open_family(a, family);
    if (!record)
        return;
    fetch(a);
    follow(a, family);
    kith_queue_pop(&r->queue);
    expect(a, family, a->model->advance(a->compiled, a->cell, record, t));
    settle(a, t);
}

/* Runs until nothing more happens up to and at `limit`. Returns when the area's next own event is. */
static double run_until(struct area *a, double limit, double area_next, const volatile int *stop)
{
    struct kith_room *r = a->room;
    a->cell->ahead = a->cell->share > 0 ? limit : a->cell->end; /* who is tracked says how it stands at the limit */
    while (!a->status && !a->cell->fault) {
        while (!kith_queue_empty(&r->queue) &&
               r->waiting[kith_queue_first(&r->queue).family].next != kith_queue_first(&r->queue).time)
            kith_queue_pop(&r->queue);
        double t = kith_queue_empty(&r->queue) ? INFINITY : kith_queue_first(&r->queue).time;
        if (area_next <= t && area_next <= limit) {
            t = area_next;
            area_next = a->model->coupling->area_event(a->compiled, a->cell, t);
            settle(a, t);
        } else if (t <= limit && !kith_queue_empty(&r->queue)) {
            family_event(a, kith_queue_first(&r->queue).family, t);
        } else {
            break;
        }
        if (a->cell->failed)
            a->status = a->cell->failed;
        if (stop && *stop)
            a->status = KITH_STOPPED;
    }
    return area_next;
}

enum kith_status kith_area_open(struct kith_cell *cell, const struct kith_shape *shape, size_t n)
{
    enum kith_status st = KITH_OK;
    for (size_t i = 0; i < cell->n_pools && !st; i++)
        st = kith_pool_begin(&cell->pool[i], &shape->resources[i].plan, cell->warm_up, cell->months,
                             cell->amount + shape->resources[i].amount, cell->n_amounts, n);
    return st;
}

void kith_area_close(struct kith_cell *cell, const struct kith_shape *shape)
{
    for (size_t i = 0; i < cell->n_pools && !cell->fault; i++) {
        kith_pool_close(&cell->pool[i], cell->end);
        if (!kith_pool_little(&cell->pool[i]))
            kith_cell_fault(cell, "resource %s: time waited by person and by moment differ (Little's law); this is an "
                            "error of kith's, please report it", shape->resources[i].name);
    }
}

static enum kith_status prepare(struct area *a, const volatile int *stop)
{
    struct kith_room *r = a->room;
    struct kith_cell *cell = a->cell;
    enum kith_status st;
    size_t most = a->model->family_bytes(a->compiled) + KITH_STORE_BEYOND;
    if (most > r->packed_room) {
        if ((st = kith_mem_resize(r->mem, &r->packed, most, 1)))
            return st;
        r->packed_room = most;
    }
    if (a->n > r->families) {
        if ((st = kith_mem_resize(r->mem, &r->waiting, a->n, sizeof *r->waiting)))
            return st;
        kith_mem_large_pages(r->waiting, a->n * sizeof *r->waiting);
        r->families = a->n;
    }
    if (a->n)
        memset(r->waiting, 0, a->n * sizeof *r->waiting);
    if ((st = kith_store_begin(&r->store, sizeof(struct piece) + most)))
        return st;
    if ((st = kith_area_open(cell, a->shape, a->n)))
        return st;
    if ((st = kith_queue_begin(&r->queue, cell->end, a->n)))
        return st;
    for (size_t i = 0; i < a->n && !a->status; i++) {
        expect(a, (uint32_t)i, a->model->begin(a->compiled, cell, i, a->f->state));
        if (stop && *stop)
            a->status = KITH_STOPPED;
    }
    return a->status;
}

enum kith_status kith_area_run(struct kith_families *f, const struct kith_model *model, const void *compiled,
                               struct kith_cell *cell, const struct kith_shape *shape, size_t n,
                               const volatile int *stop)
{
    struct area a = {.f = f, .room = f->room, .model = model, .compiled = compiled, .cell = cell, .shape = shape, .n = n, .open = NOBODY};
    enum kith_status st = prepare(&a, stop);
    if (st)
        return st;
    double area_next = model->coupling->area_begin(compiled, cell);
    settle(&a, 0);
    area_next = run_until(&a, cell->warm_up, area_next, stop);
    if (!a.status && cell->share > 0)
        begin_counting(&a);
    run_until(&a, cell->end, area_next, stop);
    if (!a.status)
        kith_area_close(cell, shape);
    if (!a.status && !cell->fault && cell->share > 0)
        a.status = kith_families_regroup(f, model, compiled, cell, shape, 0, n);
    return a.status;
}
