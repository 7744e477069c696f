/* The rows of trajectories of a cell. Where families meet, rows come in order of time and leave by family. They cannot all
 * wait as they came, millions of them in 9 bytes each: when there are many, those at hand are sorted by family and set
 * aside in 5. Such parts are put together again family by family, which needs no sorting, since each is a later stretch of time
 * than the one before. */
#include <string.h>

#include "cell.h"

/* Rows at hand: as many as a fast cache holds, and enough that what a part needs for each family weighs little. */
#define AT_HAND ((size_t)1 << 20)

static bool grow(struct kith_cell *cell, size_t room)
{
    if (kith_mem_resize(cell->mem, &cell->day, room, sizeof *cell->day) ||
        kith_mem_resize(cell->mem, &cell->member, room, sizeof *cell->member) ||
        kith_mem_resize(cell->mem, &cell->code, room, sizeof *cell->code) ||
        kith_mem_resize(cell->mem, &cell->owner, room, sizeof *cell->owner))
        return false;
    if (!cell->members)
        memset(cell->member + cell->room, 0, room - cell->room);
    cell->room = room;
    return true;
}

bool kith_cell_room(struct kith_cell *cell, size_t n)
{
    if (cell->room - cell->n_rows >= n)
        return true;
    bool full = cell->mixed && cell->room >= AT_HAND && cell->room >= n;
    size_t room = 2 * cell->room + n + 4096;
    if (cell->mixed && room > AT_HAND && n <= AT_HAND)
        room = AT_HAND > cell->n_rows + n ? AT_HAND : cell->n_rows + n;
    if (full ? !kith_cell_set_aside(cell) : !grow(cell, room))
        cell->failed = true;
    return !cell->failed;
}

/* Room in the next part; what it held is not needed, so nothing is copied. */
static bool next_part(struct kith_cell *cell)
{
    if (cell->n_parts == cell->parts_room) {
        size_t room = 2 * cell->parts_room + 1;
        if (kith_mem_resize(cell->mem, &cell->part, room, sizeof *cell->part))
            return false;
        memset(cell->part + cell->parts_room, 0, (room - cell->parts_room) * sizeof *cell->part);
        cell->parts_room = room;
    }
    struct kith_part *p = &cell->part[cell->n_parts];
    if (cell->n_rows > p->room) {
        size_t room = cell->n_rows + cell->n_rows / 4;
        kith_mem_free(&p->row);
        kith_mem_free(&p->member);
        p->room = 0;
        if (kith_mem_resize(cell->mem, &p->row, room, sizeof *p->row) ||
            (cell->members && kith_mem_resize(cell->mem, &p->member, room, sizeof *p->member)))
            return false;
        p->room = room;
    }
    if (cell->mixed > p->families) {
        kith_mem_free(&p->end);
        p->families = 0;
        if (kith_mem_resize(cell->mem, &p->end, cell->mixed, sizeof *p->end))
            return false;
        p->families = cell->mixed;
    }
    return true;
}

/* A stable counting sort. Days and codes go together, so that a row is one store somewhere in memory; who has no members
 * has zeros there, which need no sorting. */
bool kith_cell_set_aside(struct kith_cell *cell)
{
    uint32_t sum = 0;
    if (!next_part(cell))
        return false;
    struct kith_part *p = &cell->part[cell->n_parts++];
    memset(p->end, 0, cell->mixed * sizeof *p->end);
    for (size_t k = 0; k < cell->n_rows; k++)
        p->end[cell->owner[k]]++;
    for (size_t i = 0; i < cell->mixed; i++) {
        uint32_t rows = p->end[i];
        p->end[i] = sum;
        sum += rows;
    }
    for (size_t k = 0; k < cell->n_rows; k++) {
        size_t at = p->end[cell->owner[k]]++;
        p->row[at] = cell->day[k] | (uint32_t)cell->code[k] << 16;
        if (cell->members)
            p->member[at] = cell->member[k];
    }
    cell->n_rows = 0;
    return true;
}

static inline uint32_t begin_of(const struct kith_part *p, size_t family)
{
    return family ? p->end[family - 1] : 0;
}

size_t kith_cell_rows_of(const struct kith_cell *cell, size_t family)
{
    size_t n = 0;
    for (size_t i = 0; i < cell->n_parts; i++)
        n += cell->part[i].end[family] - begin_of(&cell->part[i], family);
    return n;
}

static void take(struct kith_cell *cell, const struct kith_part *p, size_t from, size_t to)
{
    if (from == to) /* there may be no arrays */
        return;
    uint16_t *restrict day = cell->day + cell->n_rows, *restrict code = cell->code + cell->n_rows;
    uint8_t *restrict small = (uint8_t *)cell->code + cell->n_rows;
    const uint32_t *restrict row = p->row + from;
    for (size_t k = 0; k < to - from; k++)
        day[k] = (uint16_t)row[k];
    if (cell->code_bytes == 1)
        for (size_t k = 0; k < to - from; k++)
            small[k] = (uint8_t)(row[k] >> 16);
    else
        for (size_t k = 0; k < to - from; k++)
            code[k] = (uint16_t)(row[k] >> 16);
    if (cell->members)
        memcpy(cell->member + cell->n_rows, p->member + from, to - from);
    cell->n_rows += to - from;
}

bool kith_cell_take_back(struct kith_cell *cell, size_t from, size_t to, size_t n)
{
    cell->n_rows = 0;
    if (n > cell->room && !grow(cell, n))
        return false;
    /* rows of families behind each other stand behind each other in each part: with one, all of them at once */
    size_t step = cell->n_parts == 1 ? to - from : 1;
    for (size_t family = from; family < to; family += step)
        for (size_t i = 0; i < cell->n_parts; i++)
            take(cell, &cell->part[i], begin_of(&cell->part[i], family), cell->part[i].end[family + step - 1]);
    return true;
}

void kith_cell_narrow(struct kith_cell *cell)
{
    enum { STEP = 64 };
    uint8_t *to = (uint8_t *)cell->code;
    for (size_t k = 0; k < cell->n_rows && cell->code_bytes == 1; k += STEP) {
        size_t n = cell->n_rows - k < STEP ? cell->n_rows - k : STEP;
        uint16_t code[STEP] = {0};
        uint8_t small[STEP];
        memcpy(code, cell->code + k, n * sizeof *code);
        for (size_t i = 0; i < STEP; i++) /* of a fixed length and in arrays of its own, so that it is done side by side */
            small[i] = (uint8_t)code[i];
        memcpy(to + k, small, n);
    }
}

void kith_cell_free_rows(struct kith_cell *cell)
{
    for (size_t i = 0; i < cell->parts_room; i++) {
        kith_mem_free(&cell->part[i].row);
        kith_mem_free(&cell->part[i].member);
        kith_mem_free(&cell->part[i].end);
    }
    kith_mem_free(&cell->part);
    kith_mem_free(&cell->day);
    kith_mem_free(&cell->member);
    kith_mem_free(&cell->code);
    kith_mem_free(&cell->owner);
    cell->n_rows = cell->room = cell->n_parts = cell->parts_room = 0;
}
