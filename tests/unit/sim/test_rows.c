/* Rows of trajectories that come in order of time and leave by family: which row is which is known from the order in which
 * the test adds them. More than are at hand at a time, so that they are set aside in parts and come back in batches. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../../engine/rng/draw.h"
#include "../../../engine/sim/families.h"

#define FAMILIES 3000
#define ROWS 3300000
#define FIRST 1000 /* number of the first one */

static size_t had[FAMILIES]; /* rows of each family so far */
static size_t code_bytes = 2; /* of the cells that begin */

static unsigned day_of(size_t f, size_t k)
{
    return (unsigned)((k * 7 + f) % 65536);
}

static unsigned code_of(size_t f, size_t k)
{
    return (unsigned)((k * 31 + f * 3) % (code_bytes == 1 ? 256 : 30000));
}

static unsigned member_of(size_t f, size_t k)
{
    return (unsigned)((k + f) % 12);
}

/* Families that are not tracked have no rows. */
static bool skipped(const struct kith_cell *cell, size_t f)
{
    return !kith_cell_tracks(cell, FIRST + f);
}

/* A few families have most of the rows, and some none. */
static size_t owner_of(const struct kith_cell *cell, uint64_t i)
{
    size_t f = (size_t)(kith_draw_mix(i % 3 ? i : 5, i) % FAMILIES);
    f = i % 3 ? f / (1 + f % 40) : f;
    while (skipped(cell, f))
        f = (f + 1) % FAMILIES;
    return f;
}

static void begin(struct kith_cell *cell, struct kith_mem *mem, bool members)
{
    *cell = (struct kith_cell){.mem = mem, .mixed = FAMILIES, .members = members, .code_bytes = code_bytes,
                               .share = 0.85};
    memset(had, 0, sizeof had);
}

static bool add_rows(struct kith_cell *cell, size_t n)
{
    for (uint64_t i = 0; i < n && !cell->failed; i++) {
        size_t f = owner_of(cell, i), k = had[f]++;
        cell->whose = (uint32_t)f;
        kith_cell_row_of_day(cell, day_of(f, k), cell->members ? member_of(f, k) : 0, code_of(f, k));
    }
    return !cell->failed;
}

static bool add(struct kith_cell *cell, size_t n)
{
    return add_rows(cell, n) && !kith_cell_set_aside(cell);
}

/* The rows at hand from `at` on are the next n of family f, of which `before` were seen. */
static void check(const struct kith_cell *cell, size_t at, size_t n, size_t f, size_t before)
{
    const struct kith_tracks t = {.code = cell->code, .code_bytes = cell->code_bytes};
    bool same = true;
    for (size_t k = 0; k < n; k++)
        same &= cell->day[at + k] == day_of(f, before + k) && kith_tracks_code(&t, at + k) == code_of(f, before + k) &&
                (unsigned)cell->member[at + k] == (cell->members ? member_of(f, before + k) : 0);
    assert_true(same);
}

static void rows_come_back_by_family(void **state)
{
    struct kith_mem mem = KITH_MEM_INIT;
    (void)state;
    for (int kind = 0; kind < 4; kind++) {
        struct kith_cell cell;
        code_bytes = kind < 2 ? 2 : 1;
        begin(&cell, &mem, kind % 2);
        assert_true(add(&cell, ROWS));
        assert_true(cell.n_stretches >= 3);
        assert_true(cell.room < ROWS / 2); /* they do not all wait at hand */
        size_t batches = 0;
        for (size_t from = 0, to = 0; from < FAMILIES; from = to, batches++) {
            size_t at = 0;
            assert_int_equal(kith_cell_take_back(&cell, &to), KITH_OK);
            assert_true(to > from && to <= FAMILIES);
            for (size_t f = from; f < to; at += had[f++]) {
                assert_int_equal(kith_cell_rows_of(&cell, f - from), had[f]);
                check(&cell, at, had[f], f, 0);
            }
            assert_int_equal(cell.n_rows, at);
        }
        assert_true(batches >= 3);
        kith_cell_clear_rows(&cell); /* and the cell is run again, with fewer */
        memset(had, 0, sizeof had);
        assert_true(add(&cell, 5000));
        assert_int_equal(cell.n_stretches, 0);
        size_t next = 0;
        assert_int_equal(kith_cell_take_back(&cell, &next), KITH_OK);
        assert_int_equal(next, FAMILIES);
        for (size_t f = 0, at = 0; f < FAMILIES; at += had[f++])
            check(&cell, at, had[f], f, 0);
        kith_cell_free_rows(&cell);
    }
    code_bytes = 2;
}

/* In the order in which rows are to leave: by family, then as they came. */
static int by_number(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* Of many families a stretch does not say where each one's rows end: which is which is known from a sorted list of them all. The
 * numbers of families are those around which groups begin, and what is in one grows. */
static void so_do_those_of_very_many_families(void **state)
{
    enum { N = 300000 };
    static const size_t families[] = {65535, 65536, 65537, 131073, 1000000, 20000001};
    static uint64_t row[N]; /* family << 32 | number of the row */
    struct kith_mem mem = KITH_MEM_INIT;
    (void)state;
    for (size_t kind = 0; kind < 2 * sizeof families / sizeof *families; kind++) {
        size_t n = families[kind / 2], rows = kind % 2 ? N : 1000, at = 0;
        struct kith_cell cell = {.mem = &mem, .mixed = n, .members = kind % 3 == 0, .code_bytes = 1 + kind / 2 % 2, .share = 1};
        for (uint64_t i = 0; i < rows; i++) {
            uint64_t any = kith_draw_mix(i, kind), most = any % 7 ? n : 300; /* some have many */
            row[i] = (any >> 8) % most << 32 | i;
            if (i < 2)
                row[i] = (n - 1) << 32 | i;
            cell.whose = (uint32_t)(row[i] >> 32);
            kith_cell_row_of_day(&cell, (unsigned)(i % 65521), (unsigned)(i % 12), (unsigned)(i % 251));
        }
        assert_false(cell.failed);
        assert_int_equal(kith_cell_set_aside(&cell), KITH_OK);
        assert_true(kind % 2 ? cell.n_stretches >= 2 : cell.n_stretches == 0);
        qsort(row, rows, sizeof *row, by_number);
        for (size_t from = 0, to = 0; from < n; from = to) {
            size_t first = at;
            assert_int_equal(kith_cell_take_back(&cell, &to), KITH_OK);
            assert_true(to > from && to <= n && to - from < 70000);
            for (size_t f = from; f < to; f++) {
                size_t own = kith_cell_rows_of(&cell, f - from);
                bool same = at + own <= rows;
                for (size_t k = 0; k < own && same; k++, at++) {
                    const struct kith_tracks t = {.code = cell.code, .code_bytes = cell.code_bytes};
                    size_t i = row[at] & UINT32_MAX;
                    same &= row[at] >> 32 == f && cell.day[at - first] == i % 65521 &&
                            kith_tracks_code(&t, at - first) == i % 251 &&
                            (!cell.members || (unsigned)cell.member[at - first] == i % 12);
                }
                assert_true(same);
            }
            assert_int_equal(cell.n_rows, at - first);
        }
        assert_int_equal(at, rows);
        kith_cell_free_rows(&cell);
    }
}

/* Rows that come family by family leave as they are, but for the width of their codes. */
static void codes_become_narrow_where_they_stand(void **state)
{
    const size_t numbers[] = {0, 1, 63, 64, 65, 127, 128, 1000, 100000};
    struct kith_mem mem = KITH_MEM_INIT;
    (void)state;
    for (code_bytes = 1; code_bytes <= 2; code_bytes++)
        for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
            struct kith_cell cell = {.mem = &mem, .code_bytes = code_bytes};
            for (size_t k = 0; k < numbers[i]; k++)
                kith_cell_row_of_day(&cell, day_of(3, k), 0, code_of(3, k));
            kith_cell_narrow(&cell);
            check(&cell, 0, numbers[i], 3, 0);
            kith_cell_free_rows(&cell);
        }
    code_bytes = 2;
}

/* A model whose families are known by their number: what is said of them follows from it. */
static double begin_family(const void *model, struct kith_cell *cell, uint64_t index, void *family)
{
    (void)model;
    (void)cell;
    memcpy(family, &index, sizeof index);
    return INFINITY;
}

static size_t describe_family(const void *model, const struct kith_cell *cell, const void *family, float *attributes,
                              double *births)
{
    uint64_t index;
    (void)model;
    (void)cell;
    memcpy(&index, family, sizeof index);
    attributes[0] = (float)index;
    attributes[1] = -(float)index;
    size_t n = index % 4 < 3 ? index % 4 : 0;
    for (size_t k = 0; k < n; k++)
        births[k] = ((double)(10 * index + k) + 0.5) / 365.25;
    return n;
}

static void batches_hold_whole_families_once(void **state)
{
    const struct kith_model model = {.begin = begin_family, .describe = describe_family};
    const struct kith_shape shape = {.n_attributes = 2, .members = 2};
    struct kith_mem mem = KITH_MEM_INIT;
    struct kith_cell cell;
    struct kith_families f;
    uint64_t family;
    double births[2];
    size_t batches = 0, next = 0, absent = 0;
    (void)state;
    begin(&cell, &mem, true);
    assert_true(add_rows(&cell, ROWS));
    kith_families_init(&f, &mem, NULL);
    f.state = (unsigned char *)&family;
    f.births = births;
    assert_int_equal(kith_families_regroup(&f, &model, NULL, &cell, &shape, FIRST, FAMILIES), KITH_OK);
    for (;;) {
        const struct kith_tracks *t = &f.tracks;
        assert_int_equal(kith_families_next(&f, &cell), KITH_OK);
        if (t->n_families == 0)
            break;
        batches++;
        int64_t event = 0, member = 0;
        for (size_t i = 0; i < t->n_families; i++, next++) {
            for (; skipped(&cell, next); next++)
                absent++;
            size_t index = next + FIRST;
            assert_int_equal(t->id[i], index);
            assert_true(t->attribute[2 * i] == (float)index && t->attribute[2 * i + 1] == -(float)index);
            assert_int_equal(t->event_end[i] - event, had[next]);
            assert_ptr_equal(t->day, cell.day);
            check(&cell, (size_t)event, had[next], next, 0);
            assert_int_equal(t->member_end[i] - member, index % 4 < 3 ? index % 4 : 0);
            for (; member < t->member_end[i]; member++)
                assert_int_equal(t->birth_day[member] / 10, index);
            event = t->event_end[i];
        }
        assert_int_equal(t->n_events, event);
        assert_int_equal(t->n_members, member);
    }
    for (; next < FAMILIES && skipped(&cell, next); next++)
        absent++;
    assert_int_equal(next, FAMILIES);
    assert_true(batches >= 3 && absent > 300 && absent < 600);
    f.state = NULL;
    f.births = NULL;
    kith_families_free(&f);
    kith_cell_free_rows(&cell);
}

/* One family with more rows than are ever at hand: its batch is as large as it has to be. */
static void a_family_is_not_split(void **state)
{
    const struct kith_model model = {0};
    const struct kith_shape shape = {0};
    struct kith_mem mem = KITH_MEM_INIT;
    struct kith_cell cell = {.mem = &mem, .mixed = 2, .code_bytes = 2, .share = 1};
    struct kith_families f;
    (void)state;
    kith_families_init(&f, &mem, NULL);
    for (size_t k = 0; k < 2500010; k++) {
        cell.whose = k >= 2500000;
        kith_cell_row_of_day(&cell, day_of(0, k), 0, code_of(0, k));
    }
    assert_int_equal(kith_families_regroup(&f, &model, NULL, &cell, &shape, 0, 2), KITH_OK);
    assert_int_equal(kith_families_next(&f, &cell), KITH_OK);
    assert_int_equal(f.tracks.n_events, 2500000 + 10 * (f.tracks.n_families - 1));
    check(&cell, 0, 2500000, 0, 0);
    kith_families_free(&f);
    kith_cell_free_rows(&cell);
}

static void without_memory_it_says_so(void **state)
{
    long needed = 0;
    (void)state;
    for (long at = 0; at <= needed; at++) {
        struct kith_mem mem = KITH_MEM_INIT;
        struct kith_cell cell;
        mem.fail_at = at;
        begin(&cell, &mem, true);
        bool added = add(&cell, 1100000);
        if (added) {
            assert_true(at > 20);
            assert_false(cell.failed);
        } else {
            needed = at + 1;
        }
        kith_cell_free_rows(&cell);
    }
    assert_true(needed > 20);
}

/* The file that the rows wait in cannot be made, cannot be written to its end, and is gone when they are wanted. */
static void without_a_file_it_says_so(void **state)
{
    struct kith_mem mem = KITH_MEM_INIT;
    struct kith_cell cell;
    (void)state;
    begin(&cell, &mem, true);
    cell.spill.directory = "/nowhere/at/all";
    assert_false(add(&cell, 1100000));
    assert_int_equal(cell.failed, KITH_IO);
    assert_int_equal(cell.spill.reason, ENOENT);
    cell.spill.directory = NULL; /* from now on it can, but rows are missing */
    for (size_t i = 0; i < 300000; i++)
        kith_cell_row_of_day(&cell, 0, 0, 0);
    assert_int_equal(cell.failed, KITH_IO);
    kith_cell_free_rows(&cell);
    begin(&cell, &mem, true);
    cell.spill.directory = "/nowhere/at/all"; /* which few rows do not need */
    assert_true(add(&cell, 100000));
    kith_cell_free_rows(&cell);
    begin(&cell, &mem, true);
    assert_true(add(&cell, 1100000));
    size_t next = 0;
    assert_int_equal(ftruncate(cell.spill.fd, (off_t)cell.spill.end - 1), 0);
    assert_int_equal(kith_cell_take_back(&cell, &next), KITH_OK);
    assert_true(next < FAMILIES); /* the last byte is not among theirs */
    assert_int_equal(ftruncate(cell.spill.fd, 100), 0);
    next = 0;
    assert_int_equal(kith_cell_take_back(&cell, &next), KITH_IO);
    kith_cell_free_rows(&cell);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_come_back_by_family),
        cmocka_unit_test(so_do_those_of_very_many_families),
        cmocka_unit_test(codes_become_narrow_where_they_stand),
        cmocka_unit_test(batches_hold_whole_families_once),
        cmocka_unit_test(a_family_is_not_split),
        cmocka_unit_test(without_memory_it_says_so),
        cmocka_unit_test(without_a_file_it_says_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
