#include "line.h"

void kith_line_init(struct kith_line *line, struct kith_mem *mem, bool lowest)
{
    *line = (struct kith_line){.mem = mem, .lowest = lowest};
}

void kith_line_free(struct kith_line *line)
{
    kith_mem_free(&line->heap);
    kith_mem_free(&line->ticket);
    line->n = line->room = line->tickets = line->tickets_room = 0;
    line->free = 0;
}

void kith_line_clear(struct kith_line *line)
{
    line->n = line->tickets = 0;
    line->free = 0;
}

static bool before(struct kith_line_entry a, struct kith_line_entry b)
{
    return a.key < b.key || (a.key == b.key && a.number < b.number);
}

static struct kith_line_entry entry_of(const struct kith_line *line, uint32_t ticket)
{
    const struct kith_ticket *k = &line->ticket[ticket - 1];
    return (struct kith_line_entry){line->lowest ? k->priority : -k->priority, line->lowest ? ~k->number : k->number,
                                    ticket};
}

static void put(struct kith_line *line, size_t i, struct kith_line_entry e)
{
    line->heap[i] = e;
    line->ticket[e.ticket - 1].at = (uint32_t)i;
}

/* Puts e where the hole at i has to go: up, else down. */
static void settle(struct kith_line *line, size_t i, struct kith_line_entry e)
{
    while (i && before(e, line->heap[(i - 1) / 2])) {
        put(line, i, line->heap[(i - 1) / 2]);
        i = (i - 1) / 2;
    }
    for (;;) {
        size_t child = 2 * i + 1;
        if (child >= line->n)
            break;
        if (child + 1 < line->n && before(line->heap[child + 1], line->heap[child]))
            child++;
        if (!before(line->heap[child], e))
            break;
        put(line, i, line->heap[child]);
        i = child;
    }
    put(line, i, e);
}

enum kith_status kith_line_add(struct kith_line *line, const struct kith_ticket *who, uint32_t *ticket)
{
    enum kith_status st = KITH_OK;
    if (line->n == line->room) {
        size_t room = line->room ? 2 * line->room : 64;
        if ((st = kith_mem_resize(line->mem, &line->heap, room, sizeof *line->heap)))
            return st;
        line->room = room;
    }
    if (!line->free && line->tickets == line->tickets_room) {
        size_t room = line->tickets_room ? 2 * line->tickets_room : 64;
        if ((st = kith_mem_resize(line->mem, &line->ticket, room, sizeof *line->ticket)))
            return st;
        line->tickets_room = room;
    }
    uint32_t number = line->free;
    if (number)
        line->free = line->ticket[number - 1].at;
    else
        number = (uint32_t)++line->tickets;
    line->ticket[number - 1] = *who;
    settle(line, line->n++, entry_of(line, number));
    *ticket = number;
    return KITH_OK;
}

void kith_line_remove(struct kith_line *line, uint32_t ticket)
{
    size_t i = line->ticket[ticket - 1].at;
    struct kith_line_entry last = line->heap[--line->n];
    if (i < line->n)
        settle(line, i, last);
    line->ticket[ticket - 1].at = line->free;
    line->free = ticket;
}

void kith_line_move(struct kith_line *line, uint32_t ticket, double priority)
{
    line->ticket[ticket - 1].priority = priority;
    settle(line, line->ticket[ticket - 1].at, entry_of(line, ticket));
}
