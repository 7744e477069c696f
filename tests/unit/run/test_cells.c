/* The set of cells: how they are shared between parts, and which of them shards and an output file bring along. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../../engine/run/cells.h"
#include "../record/toy.c" /* each test program is built from one file */

static char directory[] = "/tmp/kith-cells-XXXXXX";
static struct kith_mem mem = KITH_MEM_INIT;
static struct kith_error err;

static const char *in_directory(const char *name)
{
    static char path[2][128];
    static int next;
    char *out = path[next++ % 2];
    snprintf(out, sizeof path[0], "%s/%s", directory, name);
    return out;
}

static int make_directory(void **state)
{
    (void)state;
    return mkdtemp(directory) ? 0 : -1;
}

static int remove_directory(void **state)
{
    (void)state;
    unlink(in_directory("a"));
    unlink(in_directory("b"));
    unlink(in_directory("out.h5"));
    return rmdir(directory);
}

/* ---- parts */

typedef bool sharing(uint64_t cell, uint64_t part, uint64_t n_parts);

/* What a user would write: always the same areas in a part if their number is a multiple of the parts'. */
static bool plain_modulo(uint64_t cell, uint64_t part, uint64_t n_parts)
{
    return cell % n_parts == part - 1;
}

/* The part of a cell, which has to be the only one. */
static uint64_t part_of(sharing *mine, uint64_t cell, uint64_t n_parts)
{
    uint64_t found = 0;
    for (uint64_t part = 1; part <= n_parts; part++) {
        if (!mine(cell, part, n_parts))
            continue;
        if (found)
            fail_msg("cell %llu of %llu parts: in %llu and %llu", (unsigned long long)cell, (unsigned long long)n_parts,
                     (unsigned long long)found, (unsigned long long)part);
        found = part;
    }
    if (!found)
        fail_msg("cell %llu of %llu parts: in none", (unsigned long long)cell, (unsigned long long)n_parts);
    return found;
}

/* Each cell has one part, and each part one cell of every n_parts, from a multiple of n_parts on. */
static void parts_are_shares(void **state)
{
    static const uint64_t more[] = {97, 128, 500, 1009};
    bool seen[1010];
    (void)state;
    for (uint64_t i = 1; i <= 60 + 4; i++) {
        uint64_t n = i <= 60 ? i : more[i - 61], blocks = 2000 / n + 2;
        for (uint64_t far = 0; far < 2; far++) {
            uint64_t first = far * ((UINT32_MAX - 5000) / n);
            for (uint64_t block = first; block < first + blocks; block++) {
                memset(seen, 0, sizeof seen);
                for (uint64_t k = 0; k < n; k++) {
                    uint64_t part = part_of(kith_cells_mine, block * n + k, n);
                    assert_false(seen[part]);
                    seen[part] = true;
                }
            }
        }
    }
    assert_true(kith_cells_mine(7, 0, 0)); /* not shared at all */
}

/* More parts than cells: of ten million, somebody still has each cell. */
static void many_parts(void **state)
{
    const uint64_t n = 10000000;
    (void)state;
    for (uint64_t cell = 0; cell < 3; cell++) {
        uint64_t found = 0;
        for (uint64_t part = 1; part <= n; part++)
            found += kith_cells_mine(cell, part, n);
        assert_int_equal(found, 1);
    }
}

/* Shards are read by later versions of kith, which have to share in the same way: these are known answers. A larger number
 * of replications appends cells and so leaves all parts what they had. */
static void parts_never_change(void **state)
{
    uint64_t hash = 14695981039346656037u;
    (void)state;
    for (uint64_t n = 1; n <= 40; n++)
        for (uint64_t cell = 0; cell < 1000; cell++)
            hash = (hash ^ part_of(kith_cells_mine, cell, n)) * 1099511628211u;
    if (hash != 0xa5448f6bdf8a6370u)
        fail_msg("%#llx", (unsigned long long)hash);
}

/* Whether all areas come to all parts: the largest chi-square of an area's replications over the parts, as a multiple of
 * what is believable. */
static double unevenness(sharing *mine, uint64_t n, uint64_t n_arms, uint64_t n_areas)
{
    const uint64_t replications = 100 * n;
    double worst = 0, df = (double)n - 1, most = df + 7 * sqrt(2 * df) + 20;
    for (uint64_t area = 0; area < n_areas; area++) {
        double count[64] = {0}, sum = 0, expected = (double)(replications * n_arms) / (double)n;
        for (uint64_t i = 0; i < replications * n_arms; i++)
            count[part_of(mine, i * n_areas + area, n)]++;
        for (uint64_t part = 1; part <= n; part++)
            sum += (count[part] - expected) * (count[part] - expected) / expected;
        worst = sum > worst ? sum : worst;
    }
    return worst / most;
}

static void areas_are_spread(void **state)
{
    static const uint64_t size[][3] = {{2, 1, 2},  {4, 1, 8},   {4, 3, 8}, {3, 2, 3},
                                       {8, 1, 16}, {10, 1, 30}, {5, 1, 1}, {7, 1, 15}};
    (void)state;
    for (size_t i = 0; i < sizeof size / sizeof *size; i++) {
        const uint64_t *s = size[i];
        double x = unevenness(kith_cells_mine, s[0], s[1], s[2]);
        if (x > 1)
            fail_msg("%d parts, %d arms, %d areas: %g times too uneven", (int)s[0], (int)s[1], (int)s[2], x);
        if (s[2] % s[0] == 0) /* the test would see it */
            assert_true(unevenness(plain_modulo, s[0], s[1], s[2]) > 2);
    }
}

/* ---- which cells are there */

static void sizes_have_limits(void **state)
{
    struct kith_cells c;
    (void)state;
    const struct {
        uint64_t replications, arms, areas;
    } bad[] = {{1, 0, 1},
               {1, 1, 0},
               {UINT64_MAX, 1, 1},
               {(uint64_t)1 << 32, 1, 1},
               {1, (uint64_t)1 << 32, 1},
               {1, 1, (uint64_t)1 << 32},
               {3, 1 << 16, 1 << 16},
               {1, 2, (uint64_t)1 << 63},
               {1, 4, ((uint64_t)1 << 62) + 1},
               {1, (uint64_t)1 << 33, (uint64_t)1 << 33},
               {(uint64_t)1 << 32, (uint64_t)1 << 32, (uint64_t)1 << 32}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        enum kith_status st = kith_cells_init(&c, &mem, bad[i].replications, bad[i].arms, bad[i].areas, &err);
        assert_int_equal(st, KITH_BAD_SCENARIO);
        kith_cells_free(&c);
    }
    struct kith_mem none = {0, 0};
    assert_int_equal(kith_cells_init(&c, &none, 2, 3, 4, &err), KITH_NO_MEMORY);
    kith_cells_free(&c);
    assert_int_equal(kith_cells_init(&c, &mem, 2, 3, 4, &err), KITH_OK);
    assert_int_equal(c.n, 24);
    for (uint64_t i = 0; i < c.n; i++)
        assert_false(kith_cells_has(&c, i));
    kith_cells_free(&c);
}

static void must(enum kith_status st)
{
    if (st)
        fail_msg("status %d, %s: %s", (int)st, err.file, err.text);
}

/* A shard with these cells, of an experiment with `n_arms` arms and 3 areas; opened. */
static void make_shard(struct kith_shard *s, const char *name, uint64_t n_arms, const uint64_t *cell, size_t n)
{
    static const struct kith_source source = {"a.yaml", "x", 1, false};
    const struct kith_shard_head head = {.fingerprint = "mine", .replications = 9, .n_arms = n_arms, .n_areas = 3,
                                         .n_sources = 1, .sources = &source};
    struct kith_shard_writer w;
    struct kith_packed p;
    struct kith_series series;
    kith_packed_init(&p, &mem);
    must(kith_series_init(&series, &mem, &toy_shape, 1));
    must(kith_packed_series(&p, &series, 0));
    must(kith_shard_create(&w, &mem, in_directory(name), &head, &err));
    for (size_t i = 0; i < n; i++)
        must(kith_shard_put_cell(&w, cell[i], &p, &err));
    must(kith_shard_close(&w, 1, false, &err));
    must(kith_shard_open(s, &mem, in_directory(name), true, &err));
    kith_series_free(&series);
    kith_packed_free(&p);
}

static void shards_bring_their_cells(void **state)
{
    static const uint64_t a[] = {5, 0, 11, 12, 400, UINT64_MAX}, b[] = {1, 5, 7};
    struct kith_cells c;
    struct kith_shard s;
    size_t i = 99;
    (void)state;
    must(kith_cells_init(&c, &mem, 2, 2, 3, &err)); /* cells 0 to 11 */
    make_shard(&s, "a", 2, a, 6);
    must(kith_cells_add(&c, &s, "mine", true, &err));
    assert_null(s.path); /* it has moved */
    assert_int_equal(c.n_there, 3);
    make_shard(&s, "b", 2, b, 3);
    must(kith_cells_add(&c, &s, "mine", false, &err));
    assert_int_equal(c.n_there, 5);
    for (uint64_t cell = 0; cell < c.n; cell++)
        assert_int_equal(kith_cells_has(&c, cell), cell == 0 || cell == 1 || cell == 5 || cell == 7 || cell == 11);
    assert_ptr_equal(kith_cells_shard(&c, 5, &i), &c.shards[0]); /* the first that has it */
    assert_int_equal(i, 0);
    assert_ptr_equal(kith_cells_shard(&c, 11, &i), &c.shards[0]);
    assert_int_equal(i, 2);
    assert_ptr_equal(kith_cells_shard(&c, 7, &i), &c.shards[1]);
    assert_int_equal(i, 2);
    assert_null(kith_cells_shard(&c, 6, &i));
    kith_cells_free(&c);
}

/* A run may have more shards than a process open files. */
static void one_file_is_open_at_a_time(void **state)
{
    struct kith_cells c;
    struct kith_shard s;
    struct kith_shard_piece piece;
    size_t i;
    (void)state;
    must(kith_cells_init(&c, &mem, 100, 1, 3, &err));
    for (uint64_t cell = 0; cell < 40; cell++) {
        make_shard(&s, "a", 1, &cell, 1);
        must(kith_cells_add(&c, &s, "mine", true, &err));
    }
    for (uint64_t cell = 0; cell < 40; cell++) {
        struct kith_shard *from = kith_cells_shard(&c, cell * 7 % 40, &i);
        (void)!kith_shard_read_series(from, i, &piece, &err);
        size_t open = 0;
        for (size_t k = 0; k < c.n_shards; k++)
            open += c.shards[k].fd >= 0;
        assert_int_equal(open, 1);
    }
    kith_cells_free(&c);
}

static void other_experiments_are_refused(void **state)
{
    static const uint64_t a[] = {1, 2}, b[] = {3, 9, 2};
    struct kith_cells c;
    struct kith_shard s;
    (void)state;
    must(kith_cells_init(&c, &mem, 4, 2, 3, &err));
    make_shard(&s, "a", 2, a, 2);
    assert_int_equal(kith_cells_add(&c, &s, "another", false, &err), KITH_BAD_SCENARIO);
    assert_non_null(strstr(err.text, "another scenario"));
    assert_int_equal(kith_cells_add(&c, &s, "min", false, &err), KITH_BAD_SCENARIO);
    assert_int_equal(c.n_there, 0);
    must(kith_cells_add(&c, &s, "mine", false, &err));
    make_shard(&s, "b", 1, b, 3); /* another number of arms: the same numbers are other cells */
    assert_int_equal(kith_cells_add(&c, &s, "mine", false, &err), KITH_BAD_SCENARIO);
    kith_shard_free(&s);
    make_shard(&s, "b", 2, b, 3);
    assert_int_equal(kith_cells_add(&c, &s, "mine", true, &err), KITH_BAD_SCENARIO);
    assert_non_null(strstr(err.text, "replication 1, arm 1, area 3 "));
    assert_non_null(strstr(err.file, "/b"));
    kith_shard_free(&s);
    kith_cells_free(&c);
    static const uint64_t twice[] = {8, 8};
    must(kith_cells_init(&c, &mem, 4, 2, 3, &err));
    make_shard(&s, "a", 2, twice, 2);
    assert_int_equal(kith_cells_add(&c, &s, "mine", true, &err), KITH_BAD_SCENARIO);
    assert_non_null(strstr(err.text, "replication 2, arm 1, area 3 "));
    kith_shard_free(&s);
    kith_cells_free(&c);
}

static void without_memory_the_shard_stays_with_the_caller(void **state)
{
    static const uint64_t a[] = {1, 2};
    struct kith_mem failing = KITH_MEM_INIT;
    struct kith_cells c;
    struct kith_shard s;
    (void)state;
    must(kith_cells_init(&c, &failing, 4, 2, 3, &err));
    make_shard(&s, "a", 2, a, 2);
    failing.fail_at = 0;
    assert_int_equal(kith_cells_add(&c, &s, "mine", false, &err), KITH_NO_MEMORY);
    assert_int_equal(c.n_there, 0);
    assert_int_equal(s.n_cells, 2);
    kith_shard_free(&s);
    kith_cells_free(&c);
}

static void an_output_file_brings_its_cells(void **state)
{
    struct kith_provenance how = toy_provenance;
    struct kith_cells c;
    (void)state;
    how.fingerprint = "mine";
    must(toy_write(&mem, in_directory("out.h5"), 2, 10, false, &how, &err));
    for (uint64_t replications = 1; replications <= 3; replications++) {
        must(kith_cells_init(&c, &mem, replications, TOY_ARMS, TOY_AREAS, &err));
        must(kith_cells_add_output(&c, in_directory("out.h5"), "mine", &err));
        uint64_t there = (replications < 2 ? replications : 2) * TOY_ARMS * TOY_AREAS;
        assert_int_equal(c.n_there, there);
        for (uint64_t cell = 0; cell < c.n; cell++) {
            size_t i;
            assert_int_equal(c.place[cell].shard, cell < there ? KITH_CELLS_OUTPUT : 0);
            assert_null(kith_cells_shard(&c, cell, &i));
        }
        kith_cells_free(&c);
    }
    must(kith_cells_init(&c, &mem, 2, TOY_ARMS, TOY_AREAS, &err));
    assert_int_equal(kith_cells_add_output(&c, in_directory("out.h5"), "yours", &err), KITH_BAD_SCENARIO);
    assert_int_equal(c.n_there, 0);
    kith_cells_free(&c);
    must(kith_cells_init(&c, &mem, 2, TOY_ARMS + 1, TOY_AREAS, &err));
    assert_int_equal(kith_cells_add_output(&c, in_directory("out.h5"), "mine", &err), KITH_BAD_SCENARIO);
    kith_cells_free(&c);
    must(kith_cells_init(&c, &mem, 2, TOY_ARMS, TOY_AREAS, &err));
    assert_int_equal(kith_cells_add_output(&c, in_directory("none.h5"), "mine", &err), KITH_IO);
    kith_cells_free(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parts_are_shares),
        cmocka_unit_test(many_parts),
        cmocka_unit_test(parts_never_change),
        cmocka_unit_test(areas_are_spread),
        cmocka_unit_test(sizes_have_limits),
        cmocka_unit_test(shards_bring_their_cells),
        cmocka_unit_test(one_file_is_open_at_a_time),
        cmocka_unit_test(other_experiments_are_refused),
        cmocka_unit_test(without_memory_the_shard_stays_with_the_caller),
        cmocka_unit_test(an_output_file_brings_its_cells),
    };
    return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
