/* The rows of trajectories of a cell. Where families meet, rows come in order of time and leave by family. They cannot all
 * wait in memory: when there are many, those at hand are sorted by family and go to a file, in 5 bytes each. Such stretches of
 * time are put together again family by family, which needs no sorting, since each is later than the one before. */
#include <string.h>

#include "cell.h"

/* Rows at hand, at most: with what sorting them takes 8 MB. Of more families as many as these: what a stretch needs for each family
 * is not to weigh more than its rows. */
#define AT_HAND ((size_t)1 << 19)

static size_t at_hand(const struct kith_cell *cell)
{
    return cell->mixed > AT_HAND ? cell->mixed : AT_HAND;
}

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

/* ---- sorting --------------------------------------------------------------------------------------------------- */

/* Room for n sorted rows; what it held is not needed, so nothing is copied. */
static bool room_for_sorted(struct kith_cell *cell, size_t n)
{
    struct kith_sorted *s = &cell->sorted;
    if (n <= s->room)
        return true;
    kith_mem_free(&s->row);
    kith_mem_free(&s->member);
    s->room = 0;
    if (kith_mem_resize(cell->mem, &s->row, n, sizeof *s->row) ||
        (cell->members && kith_mem_resize(cell->mem, &s->member, n, sizeof *s->member)))
        return false;
    s->room = n;
    return true;
}

/* Room for n ends of families. */
static bool room_for_ends(struct kith_cell *cell, size_t n)
{
    struct kith_sorted *s = &cell->sorted;
    if (n <= s->ends)
        return true;
    kith_mem_free(&s->end);
    s->ends = 0;
    if (kith_mem_resize(cell->mem, &s->end, n, sizeof *s->end))
        return false;
    s->ends = n;
    return true;
}

/* Begins to count the rows of each family. */
static bool begin_counting(struct kith_cell *cell)
{
    if (cell->mixed > cell->rows_room) {
        kith_mem_free(&cell->rows_of);
        cell->rows_room = 0;
        if (kith_mem_resize(cell->mem, &cell->rows_of, cell->mixed, sizeof *cell->rows_of))
            return false;
        cell->rows_room = cell->mixed;
    }
    memset(cell->rows_of, 0, cell->mixed * sizeof *cell->rows_of);
    cell->counted = true;
    return true;
}

/* A stable counting sort. Days and codes go together, so that a row is one store somewhere in memory; who has no members
 * has zeros there, which need no sorting. */
static bool sort(struct kith_cell *cell)
{
    uint32_t sum = 0;
    size_t room = cell->n_rows < at_hand(cell) ? cell->n_rows + cell->n_rows / 4 : cell->n_rows;
    if ((cell->n_rows > cell->sorted.room && !room_for_sorted(cell, room)) || !room_for_ends(cell, cell->mixed) ||
        (!cell->counted && !begin_counting(cell)))
        return false;
    const struct kith_sorted *s = &cell->sorted;
    memset(s->end, 0, cell->mixed * sizeof *s->end);
    for (size_t k = 0; k < cell->n_rows; k++)
        s->end[cell->owner[k]]++;
    for (size_t i = 0; i < cell->mixed; i++) {
        uint32_t rows = s->end[i];
        cell->rows_of[i] += rows;
        s->end[i] = sum;
        sum += rows;
    }
    for (size_t k = 0; k < cell->n_rows; k++) {
        size_t at = s->end[cell->owner[k]]++;
        s->row[at] = cell->day[k] | (uint32_t)cell->code[k] << 16;
        if (cell->members)
            s->member[at] = cell->member[k];
    }
    return true;
}

/* ---- stretches of time in the file ------------------------------------------------------------------------------ */

/* What was sorted goes to the file, as one stretch more. */
static enum kith_status write_stretch(struct kith_cell *cell)
{
    const struct kith_sorted *s = &cell->sorted;
    if (cell->n_stretches == cell->stretches_room) {
        size_t room = 2 * cell->stretches_room + 8;
        if (kith_mem_resize(cell->mem, &cell->stretch, room, sizeof *cell->stretch))
            return KITH_NO_MEMORY;
        cell->stretches_room = room;
    }
    struct kith_stretch *x = &cell->stretch[cell->n_stretches];
    enum kith_status st = kith_spill_put(&cell->spill, s->end, cell->mixed * sizeof *s->end, &x->end);
    if (!st)
        st = kith_spill_put(&cell->spill, s->row, cell->n_rows * sizeof *s->row, &x->row);
    if (!st && cell->members)
        st = kith_spill_put(&cell->spill, s->member, cell->n_rows * sizeof *s->member, &x->member);
    cell->n_stretches += !st;
    return st;
}

/* Sorts the rows at hand; they go to the file unless they are `last` and all there are. */
static enum kith_status set_aside(struct kith_cell *cell, bool last)
{
    enum kith_status st = sort(cell) ? KITH_OK : KITH_NO_MEMORY;
    if (!st && (!last || cell->n_stretches > 0))
        st = write_stretch(cell);
    cell->n_rows = 0;
    return st;
}

enum kith_status kith_cell_set_aside(struct kith_cell *cell)
{
    return set_aside(cell, true);
}

bool kith_cell_room(struct kith_cell *cell, size_t n)
{
    if (cell->room - cell->n_rows >= n)
        return true;
    size_t most = at_hand(cell), room = 2 * cell->room + n + 4096;
    bool full = cell->mixed && cell->room >= most && cell->room >= n;
    if (cell->mixed && room > most && n <= most)
        room = most > cell->n_rows + n ? most : cell->n_rows + n;
    if (full)
        cell->failed = set_aside(cell, false);
    else if (!grow(cell, room))
        cell->failed = KITH_NO_MEMORY;
    return !cell->failed;
}

size_t kith_cell_rows_of(const struct kith_cell *cell, size_t family)
{
    return cell->rows_of[family];
}

static inline uint32_t begin_of(const uint32_t *end, size_t family)
{
    return family ? end[family - 1] : 0;
}

/* Rows [from, to) of those sorted become the next ones at hand. */
static void take(struct kith_cell *cell, size_t from, size_t to)
{
    const struct kith_sorted *s = &cell->sorted;
    if (from == to) /* there may be no arrays */
        return;
    uint16_t *restrict day = cell->day + cell->n_rows, *restrict code = cell->code + cell->n_rows;
    uint8_t *restrict small = (uint8_t *)cell->code + cell->n_rows;
    const uint32_t *restrict row = s->row + from;
    for (size_t k = 0; k < to - from; k++)
        day[k] = (uint16_t)row[k];
    if (cell->code_bytes == 1)
        for (size_t k = 0; k < to - from; k++)
            small[k] = (uint8_t)(row[k] >> 16);
    else
        for (size_t k = 0; k < to - from; k++)
            code[k] = (uint16_t)(row[k] >> 16);
    if (cell->members)
        memcpy(cell->member + cell->n_rows, s->member + from, to - from);
    cell->n_rows += to - from;
}

/* Reads where the rows of families [from, to) begin in one stretch, and the last of them ends: to - from + 1 numbers. */
static enum kith_status read_ends(struct kith_cell *cell, const struct kith_stretch *x, size_t from, size_t to, uint32_t *end)
{
    size_t before = from > 0;
    end[0] = 0;
    return kith_spill_get(&cell->spill, x->end + (from - before) * sizeof *end, end + 1 - before,
                          (to - from + before) * sizeof *end);
}

/* Of each stretch the rows of families [from, to) are read, one stretch behind the other, and then taken family by family. */
static enum kith_status merge(struct kith_cell *cell, size_t from, size_t to, size_t n)
{
    struct kith_sorted *s = &cell->sorted;
    size_t width = to - from + 1, at = 0;
    if (!room_for_sorted(cell, n) || !room_for_ends(cell, cell->n_stretches * width))
        return KITH_NO_MEMORY;
    for (size_t i = 0; i < cell->n_stretches; i++) {
        const struct kith_stretch *x = &cell->stretch[i];
        uint32_t *end = s->end + i * width;
        enum kith_status st = read_ends(cell, x, from, to, end);
        size_t first = end[0], rows = end[width - 1] - first;
        if (!st)
            st = kith_spill_get(&cell->spill, x->row + first * sizeof *s->row, s->row + at, rows * sizeof *s->row);
        if (!st && cell->members)
            st = kith_spill_get(&cell->spill, x->member + first, s->member + at, rows);
        if (st)
            return st;
        for (size_t k = 0; k < width; k++)
            end[k] = (uint32_t)(end[k] - first + at);
        at += rows;
    }
    for (size_t k = 0; k + 1 < width; k++)
        for (size_t i = 0; i < cell->n_stretches; i++)
            take(cell, s->end[i * width + k], s->end[i * width + k + 1]);
    return KITH_OK;
}

enum kith_status kith_cell_take_back(struct kith_cell *cell, size_t from, size_t to, size_t n)
{
    cell->n_rows = 0;
    if (n > cell->room && !grow(cell, n))
        return KITH_NO_MEMORY;
    if (cell->n_stretches > 0)
        return merge(cell, from, to, n);
    take(cell, begin_of(cell->sorted.end, from), cell->sorted.end[to - 1]);
    return KITH_OK;
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

void kith_cell_clear_rows(struct kith_cell *cell)
{
    cell->n_rows = cell->n_stretches = 0;
    cell->counted = false;
    kith_spill_clear(&cell->spill);
}

void kith_cell_free_rows(struct kith_cell *cell)
{
    kith_cell_clear_rows(cell);
    kith_spill_free(&cell->spill);
    kith_mem_free(&cell->sorted.row);
    kith_mem_free(&cell->sorted.member);
    kith_mem_free(&cell->sorted.end);
    kith_mem_free(&cell->stretch);
    kith_mem_free(&cell->rows_of);
    kith_mem_free(&cell->day);
    kith_mem_free(&cell->member);
    kith_mem_free(&cell->code);
    kith_mem_free(&cell->owner);
    cell->sorted.room = cell->sorted.ends = 0;
    cell->room = cell->stretches_room = cell->rows_room = 0;
}
