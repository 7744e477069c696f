/* The rows of trajectories of a cell. Where families meet, rows come in order of time and leave by family. They cannot all
 * wait in memory: when there are many, those at hand are sorted by family and go to a file, in 4 to 6 bytes each. Such stretches of
 * time are put together again family by family, which needs little sorting, since each is later than the one before.
 *
 * A stretch says where the rows of each family end; of more families than GROUPS, only of each group of neighbours, so that this
 * does not weigh more than its rows: these say whose they are within the group. */
#include <string.h>

#include "cell.h"

/* Rows at hand, at most: with what sorting them takes 2 MB. */
#define AT_HAND ((size_t)1 << 17)
/* Groups of families, about, and the most families of one. */
#define GROUPS ((size_t)1 << 16)
#define GROUP_MOST 256
/* Rows that are read and written at once, and how many more than there are that may be. */
#define FOUR 4
#define SLACK (FOUR - 1)
/* Families of a batch that comes back, but for those of its last group. */
#define BATCH ((size_t)1 << 16)

/* Families of a group: 1 << group_bits. */
static unsigned group_bits(const struct kith_cell *cell)
{
    unsigned bits = 0;
    while (cell->mixed >> bits > GROUPS && 1u << bits < GROUP_MOST)
        bits++;
    return bits;
}

static size_t groups(const struct kith_cell *cell)
{
    unsigned bits = group_bits(cell);
    return (cell->mixed + (1u << bits) - 1) >> bits;
}

static bool grow(struct kith_cell *cell, size_t room)
{
    if (kith_mem_resize(cell->mem, &cell->day, room + SLACK, sizeof *cell->day) ||
        kith_mem_resize(cell->mem, &cell->member, room, sizeof *cell->member) ||
        kith_mem_resize(cell->mem, &cell->code, room + SLACK, sizeof *cell->code) ||
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
    bool near = group_bits(cell) > 0;
    if (n <= s->room && (s->near || !near))
        return true;
    kith_mem_free(&s->row);
    kith_mem_free(&s->member);
    kith_mem_free(&s->near);
    s->room = 0;
    if (kith_mem_resize(cell->mem, &s->row, n + SLACK, sizeof *s->row) ||
        (cell->members && kith_mem_resize(cell->mem, &s->member, n, sizeof *s->member)) ||
        (near && kith_mem_resize(cell->mem, &s->near, n, sizeof *s->near)))
        return false;
    s->room = n;
    return true;
}

/* Room for n numbers in an array of `room`; what it held is not needed. */
static bool room_for_counts(struct kith_cell *cell, uint32_t **count, size_t *room, size_t n)
{
    if (n <= *room)
        return true;
    kith_mem_free(count);
    *room = 0;
    if (kith_mem_resize(cell->mem, count, n, sizeof **count))
        return false;
    *room = n;
    return true;
}

/* Begins to count the rows of each group. */
static bool begin_counting(struct kith_cell *cell)
{
    size_t n = groups(cell);
    if (!room_for_counts(cell, &cell->rows_in, &cell->groups_room, n))
        return false;
    memset(cell->rows_in, 0, n * sizeof *cell->rows_in);
    cell->counted = true;
    return true;
}

/* A stable counting sort. Days and codes go together, so that a row is one store somewhere in memory; who has no members
 * has zeros there, which need no sorting. */
static bool sort(struct kith_cell *cell)
{
    uint32_t sum = 0;
    unsigned bits = group_bits(cell), near = (1u << bits) - 1;
    size_t n = groups(cell), room = cell->n_rows < AT_HAND ? cell->n_rows + cell->n_rows / 4 : cell->n_rows;
    struct kith_sorted *s = &cell->sorted;
    room = cell->n_rows > s->room ? room : cell->n_rows;
    if (!room_for_sorted(cell, room) || !room_for_counts(cell, &s->end, &s->ends, n + 1) ||
        (!cell->counted && !begin_counting(cell)))
        return false;
    uint32_t *end = s->end + 1;
    memset(s->end, 0, (n + 1) * sizeof *s->end);
    for (size_t k = 0; k < cell->n_rows; k++)
        end[cell->owner[k] >> bits]++;
    for (size_t i = 0; i < n; i++) {
        uint32_t rows = end[i];
        cell->rows_in[i] += rows;
        end[i] = sum;
        sum += rows;
    }
    for (size_t k = 0; k < cell->n_rows; k++) {
        size_t at = end[cell->owner[k] >> bits]++;
        s->row[at] = cell->day[k] | (uint32_t)cell->code[k] << 16;
        if (cell->members)
            s->member[at] = cell->member[k];
        if (near)
            s->near[at] = (uint8_t)(cell->owner[k] & near);
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
    enum kith_status st = kith_spill_put(&cell->spill, s->end, (groups(cell) + 1) * sizeof *s->end, &x->end);
    if (!st)
        st = kith_spill_put(&cell->spill, s->row, cell->n_rows * sizeof *s->row, &x->row);
    if (!st && cell->members)
        st = kith_spill_put(&cell->spill, s->member, cell->n_rows * sizeof *s->member, &x->member);
    if (!st && group_bits(cell))
        st = kith_spill_put(&cell->spill, s->near, cell->n_rows * sizeof *s->near, &x->near);
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
    if (cell->failed) /* once is enough, whatever comes after it */
        return false;
    size_t room = 2 * cell->room + n + 4096;
    bool full = cell->mixed && cell->room >= AT_HAND && cell->room >= n;
    if (cell->mixed && room > AT_HAND && n <= AT_HAND)
        room = AT_HAND > cell->n_rows + n ? AT_HAND : cell->n_rows + n;
    if (full)
        cell->failed = set_aside(cell, false);
    else if (!grow(cell, room))
        cell->failed = KITH_NO_MEMORY;
    return !cell->failed;
}

size_t kith_cell_rows_of(const struct kith_cell *cell, size_t k)
{
    return cell->rows_of[k];
}

/* ---- putting them together -------------------------------------------------------------------------------------- */

/* Rows [from, to) of those sorted, all of one family, become the next ones at hand. They are few: four at once, with some behind
 * them that do not count, take less time than so many as there are, which nobody could foresee. */
static void take(struct kith_cell *cell, size_t from, size_t to)
{
    const struct kith_sorted *s = &cell->sorted;
    uint16_t *day = cell->day + cell->n_rows, *code = cell->code + cell->n_rows;
    uint8_t *small = (uint8_t *)cell->code + cell->n_rows;
    for (size_t k = from; k < to; k += FOUR, day += FOUR, code += FOUR, small += FOUR) {
        uint32_t row[FOUR];
        memcpy(row, s->row + k, sizeof row);
        for (size_t i = 0; i < FOUR; i++)
            day[i] = (uint16_t)row[i];
        if (cell->code_bytes == 1)
            for (size_t i = 0; i < FOUR; i++)
                small[i] = (uint8_t)(row[i] >> 16);
        else
            for (size_t i = 0; i < FOUR; i++)
                code[i] = (uint16_t)(row[i] >> 16);
    }
    if (cell->members && from < to)
        memcpy(cell->member + cell->n_rows, s->member + from, to - from);
    cell->n_rows += to - from;
}

/* The same of rows of one group, which each go to where `at` says for their family. */
static void spread(struct kith_cell *cell, size_t from, size_t to, size_t *at)
{
    const struct kith_sorted *s = &cell->sorted;
    for (size_t k = from; k < to; k++) {
        size_t i = at[s->near[k]]++;
        cell->day[i] = (uint16_t)s->row[k];
        if (cell->code_bytes == 1)
            ((uint8_t *)cell->code)[i] = (uint8_t)(s->row[k] >> 16);
        else
            cell->code[i] = (uint16_t)(s->row[k] >> 16);
        if (cell->members)
            cell->member[i] = s->member[k];
    }
}

/* The rows of a group become the next ones at hand, by family; rows_of[] is how many each has. The group's rows of stretch i are
 * those sorted from end[i * width] to end[i * width + 1]. */
static void take_group(struct kith_cell *cell, const uint32_t *end, size_t stretches, size_t width, uint32_t *rows_of)
{
    size_t at[GROUP_MOST], families = (size_t)1 << group_bits(cell);
    memset(rows_of, 0, families * sizeof *rows_of);
    for (size_t i = 0; i < stretches; i++, end += width) {
        if (families == 1) {
            take(cell, end[0], end[1]);
            rows_of[0] += end[1] - end[0];
        }
        for (size_t k = end[0]; families > 1 && k < end[1]; k++)
            rows_of[cell->sorted.near[k]]++;
    }
    if (families == 1)
        return;
    for (size_t f = 0; f < families; f++) {
        at[f] = cell->n_rows;
        cell->n_rows += rows_of[f];
    }
    for (size_t i = stretches; i > 0; i--) {
        const uint32_t *piece = end - i * width;
        spread(cell, piece[0], piece[1], at);
    }
}

/* Reads of each stretch the rows of groups [from, to), one stretch behind the other. */
static enum kith_status read_groups(struct kith_cell *cell, size_t from, size_t to, size_t n)
{
    struct kith_sorted *s = &cell->sorted;
    size_t width = to - from + 1, at = 0;
    if (!room_for_sorted(cell, n) || !room_for_counts(cell, &s->end, &s->ends, cell->n_stretches * width))
        return KITH_NO_MEMORY;
    for (size_t i = 0; i < cell->n_stretches; i++) {
        const struct kith_stretch *x = &cell->stretch[i];
        uint32_t *end = s->end + i * width;
        enum kith_status st = kith_spill_get(&cell->spill, x->end + from * sizeof *end, end, width * sizeof *end);
        size_t first = end[0], rows = end[width - 1] - first;
        if (!st)
            st = kith_spill_get(&cell->spill, x->row + first * sizeof *s->row, s->row + at, rows * sizeof *s->row);
        if (!st && cell->members)
            st = kith_spill_get(&cell->spill, x->member + first, s->member + at, rows);
        if (!st && group_bits(cell))
            st = kith_spill_get(&cell->spill, x->near + first, s->near + at, rows);
        if (st)
            return st;
        for (size_t k = 0; k < width; k++)
            end[k] = (uint32_t)(end[k] - first + at);
        at += rows;
    }
    return KITH_OK;
}

enum kith_status kith_cell_take_back(struct kith_cell *cell, size_t *next)
{
    unsigned bits = group_bits(cell);
    size_t from = *next >> bits, to = from, rows = 0, all = groups(cell), most = BATCH >> bits;
    cell->n_rows = 0;
    for (; to < all && to - from < most && (to == from || rows + cell->rows_in[to] <= cell->room); to++)
        rows += cell->rows_in[to];
    *next = to << bits < cell->mixed ? to << bits : cell->mixed;
    if ((rows > cell->room && !grow(cell, rows)) ||
        !room_for_counts(cell, &cell->rows_of, &cell->rows_room, (to - from) << bits))
        return KITH_NO_MEMORY;
    enum kith_status st = cell->n_stretches > 0 ? read_groups(cell, from, to, rows) : KITH_OK;
    const uint32_t *end = cell->sorted.end + (cell->n_stretches > 0 ? 0 : from);
    for (size_t k = 0; k < to - from && !st; k++)
        take_group(cell, end + k, cell->n_stretches > 0 ? cell->n_stretches : 1, to - from + 1, cell->rows_of + (k << bits));
    return st;
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
    kith_mem_free(&cell->sorted.near);
    kith_mem_free(&cell->sorted.end);
    kith_mem_free(&cell->stretch);
    kith_mem_free(&cell->rows_in);
    kith_mem_free(&cell->rows_of);
    kith_mem_free(&cell->day);
    kith_mem_free(&cell->member);
    kith_mem_free(&cell->code);
    kith_mem_free(&cell->owner);
    cell->sorted.room = cell->sorted.ends = 0;
    cell->room = cell->stretches_room = cell->groups_room = cell->rows_room = 0;
}
