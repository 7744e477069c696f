#include "line.h"

void kith_line_init(struct kith_line *line, struct kith_mem *mem, bool lowest)
{
    *line = (struct kith_line){.mem = mem, .lowest = lowest};
}

void kith_line_free(struct kith_line *line)
{
    kith_mem_free(&line->place);
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

/* Whether ticket a is served before ticket b. */
static inline bool before(const struct kith_line *line, uint32_t a, uint32_t b)
{
    const struct kith_ticket *x = &line->ticket[a - 1], *y = &line->ticket[b - 1];
    if (x->priority != y->priority)
        return (x->priority < y->priority) == line->lowest;
    return (x->number > y->number) == line->lowest;
}

static void put(struct kith_line *line, size_t i, uint32_t ticket)
{
    line->place[i] = ticket;
    line->ticket[ticket - 1].at = (uint32_t)i;
}

/* Puts the ticket where the hole at i has to go: up, else down. */
static void settle(struct kith_line *line, size_t i, uint32_t ticket)
{
    while (i && before(line, ticket, line->place[(i - 1) / 2])) {
        put(line, i, line->place[(i - 1) / 2]);
        i = (i - 1) / 2;
    }
    for (;;) {
        size_t child = 2 * i + 1;
        if (child >= line->n)
            break;
        if (child + 1 < line->n && before(line, line->place[child + 1], line->place[child]))
            child++;
        if (!before(line, line->place[child], ticket))
            break;
        put(line, i, line->place[child]);
        i = child;
    }
    put(line, i, ticket);
}

/* Moves an array to the front of its memory, without those who have gone. What is in order is a heap as well. */
static void close_up(struct kith_line *line)
{
    size_t n = 0;
    for (size_t i = line->head; i < line->end; i++)
        if (line->place[i])
            put(line, n++, line->place[i]);
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
        if ((st = kith_mem_resize(line->mem, &line->place, room, sizeof *line->place)))
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
    if (line->n && !line->heap && before(line, number, line->place[line->end - 1]))
        make_heap(line);
    if (line->heap)
        settle(line, line->n, number);
    else
        put(line, line->end++, number);
    line->n++;
    *ticket = number;
    return KITH_OK;
}

/* Takes the entry at i out of a heap. */
static void fill_hole(struct kith_line *line, size_t i)
{
    uint32_t last = line->place[--line->n];
    if (i < line->n)
        settle(line, i, last);
}

void kith_line_remove(struct kith_line *line, uint32_t ticket)
{
    size_t i = line->ticket[ticket - 1].at;
    if (line->heap) {
        fill_hole(line, i);
    } else {
        line->place[i] = 0;
        line->n--;
        while (line->head < line->end && !line->place[line->head])
            line->head++;
        while (line->end > line->head && !line->place[line->end - 1])
            line->end--;
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
    settle(line, line->ticket[ticket - 1].at, ticket);
}
