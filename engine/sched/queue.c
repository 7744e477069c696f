#include "queue.h"

void kith_queue_init(struct kith_queue *q, struct kith_mem *mem)
{
    *q = (struct kith_queue){.mem = mem};
}

void kith_queue_free(struct kith_queue *q)
{
    kith_mem_free(&q->entry);
    q->n = q->room = 0;
}

static bool before(struct kith_queue_entry a, struct kith_queue_entry b)
{
    return a.time < b.time || (a.time == b.time && a.family < b.family);
}

/* Puts e where the hole at i has to sink to. */
static void sink(struct kith_queue *q, size_t i, struct kith_queue_entry e)
{
    for (;;) {
        size_t child = 4 * i + 1, last = child + 4 < q->n ? child + 4 : q->n, least = child;
        if (child >= q->n)
            break;
        for (size_t c = child + 1; c < last; c++)
            if (before(q->entry[c], q->entry[least]))
                least = c;
        if (!before(q->entry[least], e))
            break;
        q->entry[i] = q->entry[least];
        i = least;
    }
    q->entry[i] = e;
}

enum kith_status kith_queue_push(struct kith_queue *q, double time, uint32_t family)
{
    if (q->n == q->room) {
        size_t room = q->room ? 2 * q->room : 1024;
        enum kith_status st = kith_mem_resize(q->mem, &q->entry, room, sizeof *q->entry);
        if (st)
            return st;
        q->room = room;
    }
    struct kith_queue_entry e = {time, family};
    size_t i = q->n++;
    while (i && before(e, q->entry[(i - 1) / 4])) {
        q->entry[i] = q->entry[(i - 1) / 4];
        i = (i - 1) / 4;
    }
    q->entry[i] = e;
    return KITH_OK;
}

void kith_queue_delay_first(struct kith_queue *q, double time)
{
    sink(q, 0, (struct kith_queue_entry){time, q->entry[0].family});
}

void kith_queue_pop(struct kith_queue *q)
{
    struct kith_queue_entry e = q->entry[--q->n];
    if (q->n)
        sink(q, 0, e);
}
