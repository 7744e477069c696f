#include "line.h"

void kith_line_init(struct kith_line *line, struct kith_mem *mem, bool lowest)
{
    *line = (struct kith_line){.mem = mem, .lowest = lowest};
}

void kith_line_free(struct kith_line *line)
{
    kith_mem_free(&line->entry);
    kith_mem_free(&line->ticket);
    line->room = line->tickets_room = 0;
    kith_line_clear(line);
}

void kith_line_clear(struct kith_line *line)
{
    line->n = line->tickets = line->head = line->end = 0;
    line->free = 0;
    line->heap = false;
}

static bool before(struct kith_line_entry a, struct kith_line_entry b)
{
    return a.key < b.key || (a.key == b.key && a.number < b.number);
}

static struct kith_line_entry entry_of(const struct kith_line *line, uint32_t ticket)
{
    const struct kith_ticket *k = &line->ticket[ticket - 1];
    return (struct kith_line_entry){line->lowest ? k->priority : -k->priority, line->lowest ? ~k->number : k->number,
                                    ticket, k->family};
}

static void put(struct kith_line *line, size_t i, struct kith_line_entry e)
{
    line->entry[i] = e;
    line->ticket[e.ticket - 1].at = (uint32_t)i;
}

/* Puts e where the hole at i has to go: up, else down. */
static void settle(struct kith_line *line, size_t i, struct kith_line_entry e)
{
    while (i && before(e, line->entry[(i - 1) / 2])) {
        put(line, i, line->entry[(i - 1) / 2]);
        i = (i - 1) / 2;
    }
    for (;;) {
        size_t child = 2 * i + 1;
        if (child >= line->n)
            break;
        if (child + 1 < line->n && before(line->entry[child + 1], line->entry[child]))
            child++;
        if (!before(line->entry[child], e))
            break;
        put(line, i, line->entry[child]);
        i = child;
    }
    put(line, i, e);
}

/* Moves an array to the front of its memory, without those who have gone. What is in order is a heap as well. */
static void close_up(struct kith_line *line)
{
    size_t n = 0;
    for (size_t i = line->head; i < line->end; i++)
        if (line->entry[i].ticket)
            put(line, n++, line->entry[i]);
    line->head = 0;
    line->end = n;
}

static enum kith_status make_room(struct kith_line *line)
{
    enum kith_status st = KITH_OK;
    if (!line->heap && line->end == line->room && line->n <= line->room / 2)
        close_up(line);
    if ((line->heap ? line->n : line->end) == line->room) {
        size_t room = line->room ? 2 * line->room : 64;
        if ((st = kith_mem_resize(line->mem, &line->entry, room, sizeof *line->entry)))
            return st;
        line->room = room;
    }
    if (!line->free && line->tickets == line->tickets_room) {
        size_t room = line->tickets_room ? 2 * line->tickets_room : 64;
        if ((st = kith_mem_resize(line->mem, &line->ticket, room, sizeof *line->ticket)))
            return st;
        line->tickets_room = room;
    }
    return st;
}

static void make_heap(struct kith_line *line)
{
    if (line->heap)
        return;
    close_up(line);
    line->heap = true;
}

/* Field by field, and `volatile` for compilers to leave it so: a load of several fields together would have to wait until
 * each of them, written just before, has reached the cache. */
static void copy(struct kith_ticket *to, const volatile struct kith_ticket *from)
{
    to->family = from->family;
    to->who = from->who;
    to->units = from->units;
    to->since = from->since;
    to->again = from->again;
    to->safe = from->safe;
    to->priority = from->priority;
    to->number = from->number;
}

enum kith_status kith_line_add(struct kith_line *line, const struct kith_ticket *who, uint32_t *ticket)
{
    enum kith_status st = make_room(line);
    if (st)
        return st;
    uint32_t number = line->free;
    if (number)
        line->free = line->ticket[number - 1].at;
    else
        number = (uint32_t)++line->tickets;
    copy(&line->ticket[number - 1], who);
    struct kith_line_entry e = entry_of(line, number);
    if (line->n && !line->heap && before(e, line->entry[line->end - 1]))
        make_heap(line);
    if (line->heap)
        settle(line, line->n, e);
    else
        put(line, line->end++, e);
    line->n++;
    *ticket = number;
    return KITH_OK;
}

/* Takes the entry at i out of a heap. */
static void fill_hole(struct kith_line *line, size_t i)
{
    struct kith_line_entry last = line->entry[--line->n];
    if (i < line->n)
        settle(line, i, last);
}

void kith_line_remove(struct kith_line *line, uint32_t ticket)
{
    size_t i = line->ticket[ticket - 1].at;
    if (line->heap) {
        fill_hole(line, i);
    } else {
        line->entry[i].ticket = 0;
        line->n--;
        while (line->head < line->end && !line->entry[line->head].ticket)
            line->head++;
    }
    if (!line->n) {
        line->head = line->end = 0;
        line->heap = false;
    }
    line->ticket[ticket - 1].at = line->free;
    line->free = ticket;
}

void kith_line_move(struct kith_line *line, uint32_t ticket, double priority)
{
    make_heap(line);
    line->ticket[ticket - 1].priority = priority;
    settle(line, line->ticket[ticket - 1].at, entry_of(line, ticket));
}
