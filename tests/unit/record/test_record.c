/* The output file: what is written is read back, the digest covers results and nothing else, and a write that
 * fails says why and leaves nothing behind. With an argument, writes an example file there instead. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../../engine/record/results.h"
#include "toy.c" /* each test program is built from one file */

static char directory[] = "/tmp/kith-record-XXXXXX";

static const char *in_directory(const char *name)
{
    static char path[2][128];
    static int next;
    char *out = path[next++ % 2];
    snprintf(out, sizeof path[0], "%s/%s", directory, name);
    return out;
}

static size_t files_in_directory(void)
{
    size_t n = 0;
    DIR *d = opendir(directory);
    assert_non_null(d);
    for (struct dirent *e = readdir(d); e; e = readdir(d))
        n += e->d_name[0] != '.';
    closedir(d);
    return n;
}

static void write_toy(const char *path, int replications, size_t batch, bool spoil,
                      const struct kith_provenance *how)
{
    struct kith_mem mem = KITH_MEM_INIT;
    struct kith_error err = {0};
    if (toy_write(&mem, path, replications, batch, spoil, how, &err) != KITH_OK)
        fail_msg("%s: %s", err.file, err.text);
}

static void open_results(struct kith_results *r, struct kith_mem *mem, const char *path)
{
    struct kith_error err = {0};
    if (kith_results_open(r, mem, path, &err) != KITH_OK)
        fail_msg("%s: %s", err.file, err.text);
}

static void digest_of(const char *path, char hex[65])
{
    struct kith_mem mem = KITH_MEM_INIT;
    struct kith_results r;
    open_results(&r, &mem, path);
    assert_int_equal(kith_results_digest(&r, hex, NULL), KITH_OK);
    kith_results_close(&r);
}

static void names_are_read_back(void **state)
{
    struct kith_mem mem = KITH_MEM_INIT;
    struct kith_results r;
    const char *text;
    (void)state;
    write_toy(in_directory("a.h5"), 3, 7, false, &toy_provenance);
    assert_int_equal(files_in_directory(), 1);
    open_results(&r, &mem, in_directory("a.h5"));
    assert_string_equal(r.title, "A toy");
    assert_string_equal(r.seed, "0xfedcba9876543210");
    assert_int_equal(r.n_replications, 3);
    assert_int_equal(r.n_planned, 5);
    assert_int_equal(r.n_arms, TOY_ARMS);
    assert_string_equal(r.arms[1], "early");
    assert_string_equal(r.area_names[1], "Ynys M\u00f4n");
    assert_true(r.weight == 10 && r.start_date == 2023.25 && r.shares[0] == 0.5);
    assert_int_equal(r.n_targets, 2);
    assert_string_equal(r.targets[0].source, "DfE 2023");
    assert_true(r.targets[0].high == 1500 && isnan(r.targets[1].low));
    assert_int_equal(kith_results_text(&r, "command", &text, NULL), KITH_OK);
    assert_string_equal(text, "test");
    assert_int_equal(kith_results_text(&r, "flags", &text, NULL), KITH_OK);
    assert_string_equal(text, "");
    assert_int_equal(kith_results_dataset_text(&r, "/provenance/scenario", &text, NULL), KITH_OK);
    assert_string_equal(text, toy_scenario.text);
    kith_results_close(&r);
}

static void the_model_is_read_back(void **state)
{
    struct kith_mem mem = KITH_MEM_INIT;
    struct kith_results r;
    (void)state;
    open_results(&r, &mem, in_directory("a.h5"));
    const struct kith_shape *s = &r.shape;
    assert_int_equal(s->n_states, toy_shape.n_states);
    assert_int_equal(s->n_measures, toy_shape.n_measures);
    assert_int_equal(s->transitions[5].from, -1);
    assert_true(s->charts[1].of_child && s->charts[1].first == 3 && s->counts[1].census);
    assert_int_equal(s->n_amounts, toy_shape.n_amounts);
    for (size_t i = 0; i < s->n_amounts; i++) {
        assert_string_equal(s->amounts[i].name, toy_shape.amounts[i].name);
        assert_string_equal(s->amounts[i].unit, toy_shape.amounts[i].unit);
        assert_string_equal(s->amounts[i].what, toy_shape.amounts[i].what);
    }
    for (size_t i = 0; i < s->n_measures; i++) {
        const struct kith_measure *got = &s->measures[i], *want = &toy_shape.measures[i];
        assert_string_equal(got->name, want->name);
        assert_true(got->scale == want->scale && got->n_below == want->n_below &&
                    got->at_date == want->at_date);
        for (size_t k = 0; k < got->n_over; k++)
            assert_true(got->over[k].base == want->over[k].base && got->over[k].index == want->over[k].index);
        for (size_t k = 0; k < got->n_below; k++)
            assert_true(got->below[k].index == want->below[k].index && got->below[k].weight == 1);
    }
    kith_results_close(&r);
}

static void check_cell(struct kith_results *r, struct kith_mem *mem, size_t replication, size_t arm,
                       size_t area)
{
    struct toy_cell cell;
    struct kith_series s;
    toy_make(&cell, mem, (int)replication, arm, area);
    assert_int_equal(kith_series_init(&s, mem, &r->shape, r->months), KITH_OK);
    assert_int_equal(kith_results_series(r, replication, arm, area, &s, NULL), KITH_OK);
    size_t n = TOY_MONTHS;
    assert_memory_equal(s.stock, cell.series.stock, (n + 1) * s.n_states * 4);
    assert_memory_equal(s.flow, cell.series.flow, n * s.n_transitions * 4);
    assert_memory_equal(s.count, cell.series.count, (n + 1) * s.n_counts * 4);
    assert_memory_equal(s.cost, cell.series.cost, n * s.n_costs * 8);
    assert_memory_equal(s.amount, cell.series.amount, n * s.n_amounts * 8);
    kith_series_free(&s);
    toy_free(&cell);
}

static void series_are_read_back_and_add_up(void **state)
{
    struct kith_mem mem = KITH_MEM_INIT;
    struct kith_results r;
    struct kith_series s;
    struct kith_outcome o;
    (void)state;
    open_results(&r, &mem, in_directory("a.h5"));
    size_t n = (size_t)(r.years + 2) * r.shape.n_measures;
    double *value = calloc(n, sizeof *value);
    assert_int_equal(kith_series_init(&s, &mem, &r.shape, r.months), KITH_OK);
    assert_int_equal(kith_outcome_init(&o, &mem, &r.shape, r.years), KITH_OK);
    for (size_t i = 0; i < r.n_replications; i++) {
        for (size_t arm = 0; arm < r.n_arms; arm++) {
            assert_true(kith_results_complete(&r, i, arm));
            kith_outcome_clear(&o);
            for (size_t area = 0; area < r.n_areas; area++) {
                check_cell(&r, &mem, i, arm, area);
                assert_int_equal(kith_results_series(&r, i, arm, area, &s, NULL), KITH_OK);
                kith_outcome_add(&o, &r.shape, &s, r.weight);
            }
            kith_outcome_finish(&o, &r.shape);
            assert_int_equal(kith_results_outcome(&r, i, arm, value, NULL), KITH_OK);
            for (size_t k = 0; k < n; k++)
                assert_true(value[k] == o.value[k] || (isnan(value[k]) && isnan(o.value[k])));
        }
    }
    kith_outcome_free(&o);
    kith_series_free(&s);
    free(value);
    kith_results_close(&r);
}

static void digest_is_of_results_only(void **state)
{
    char a[65], b[65], c[65], d[65];
    struct kith_provenance other = {.version = "9", .command = "else", .threads = 64, .wall_seconds = 1e6};
    (void)state;
    digest_of(in_directory("a.h5"), a);
    write_toy(in_directory("b.h5"), 3, 1000, false, &other);
    digest_of(in_directory("b.h5"), b);
    write_toy(in_directory("b.h5"), 3, 1000, true, &other); /* replaces the file */
    digest_of(in_directory("b.h5"), c);
    write_toy(in_directory("b.h5"), 2, 1000, false, &other);
    digest_of(in_directory("b.h5"), d);
    assert_int_equal(strlen(a), 64);
    assert_string_equal(a, b);
    assert_string_not_equal(a, c);
    assert_string_not_equal(a, d);
    unlink(in_directory("b.h5"));
}

/* The digest of a file with the first cell of the toy, its last amount raised by `more`. The file stays. */
static void digest_of_one_cell(const struct kith_shape *shape, double more, char hex[65])
{
    struct kith_mem mem = KITH_MEM_INIT;
    struct kith_writer *w;
    struct toy_cell cell;
    assert_int_equal(
        kith_writer_open(&w, &mem, in_directory("b.h5"), &toy_scenario, shape, &toy_provenance, NULL),
        KITH_OK);
    toy_make(&cell, &mem, 0, 0, 0);
    cell.series.amount[TOY_MONTHS * toy_shape.n_amounts - 1] += more;
    assert_int_equal(kith_writer_cell(w, 0, 0, 0, &cell.series, NULL), KITH_OK);
    assert_int_equal(kith_writer_close(w, &toy_provenance, false, NULL), KITH_OK);
    toy_free(&cell);
    digest_of(in_directory("b.h5"), hex);
}

/* A model without amounts leaves no trace of them, as in files from before there were any. */
static void amounts_are_digested_or_absent(void **state)
{
    struct kith_mem mem = KITH_MEM_INIT;
    struct kith_results r;
    struct kith_shape without = toy_shape;
    const char *const absent[] = {"/model/amount/name", "/axes/amount_kind", "/axes/amount_unit"};
    const char *text;
    char a[65], b[65], c[65], d[65];
    (void)state;
    without.n_amounts = 0;
    without.n_measures--; /* the last one is of an amount */
    digest_of_one_cell(&toy_shape, 0, a);
    digest_of_one_cell(&toy_shape, 1, b);
    digest_of_one_cell(&without, 0, c);
    digest_of_one_cell(&without, 1, d);
    assert_string_not_equal(a, b);
    assert_string_not_equal(a, c);
    assert_string_equal(c, d);
    open_results(&r, &mem, in_directory("b.h5"));
    assert_int_equal(r.shape.n_amounts, 0);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(kith_results_dataset_text(&r, absent[i], &text, NULL), KITH_OK);
        assert_string_equal(text, "");
    }
    check_cell(&r, &mem, 0, 0, 0);
    kith_results_close(&r);
    unlink(in_directory("b.h5"));
}

/* Stopped in the second replication, after one area of its first arm. */
static void a_stopped_run_keeps_what_is_done(void **state)
{
    struct kith_mem mem = KITH_MEM_INIT;
    struct kith_writer *w;
    struct kith_results r;
    struct toy_cell cell;
    (void)state;
    assert_int_equal(
        kith_writer_open(&w, &mem, in_directory("b.h5"), &toy_scenario, &toy_shape, &toy_provenance, NULL),
        KITH_OK);
    for (int i = 0; i < 5; i++) {
        toy_make(&cell, &mem, i / 4, (size_t)(i / 2 % 2), (size_t)(i % 2));
        assert_int_equal(kith_writer_tracks(w, &cell.tracks, NULL), KITH_OK);
        assert_int_equal(kith_writer_cell(w, i / 4, (size_t)(i / 2 % 2), (size_t)(i % 2), &cell.series, NULL),
                         KITH_OK);
        toy_free(&cell);
    }
    assert_int_equal(kith_writer_close(w, &toy_provenance, false, NULL), KITH_OK);
    open_results(&r, &mem, in_directory("b.h5"));
    assert_int_equal(r.n_replications, 2);
    assert_true(kith_results_complete(&r, 0, 0) && kith_results_complete(&r, 0, 1));
    assert_false(kith_results_complete(&r, 1, 0));
    assert_int_equal(r.done[4], 1);
    assert_int_equal(r.done[5], 0);
    check_cell(&r, &mem, 1, 0, 0);
    kith_results_close(&r);
    unlink(in_directory("b.h5"));
}

/* A run stopped in the middle of a cell has handed over some of its families: they must leave no trace, whether they
 * still wait in memory or fill chunks that are written. The twin with one cell more must differ. */
static void families_of_an_unfinished_cell_are_dropped(void **state)
{
    struct kith_mem mem = KITH_MEM_INIT;
    struct kith_writer *w;
    struct toy_cell cell;
    char digest[4][65];
    (void)state;
    for (int variant = 0; variant < 4; variant++) {
        assert_int_equal(
            kith_writer_open(&w, &mem, in_directory("b.h5"), &toy_scenario, &toy_shape, &toy_provenance, NULL),
            KITH_OK);
        for (int i = 0; i < (variant == 3 ? 2 : 1); i++) {
            toy_make(&cell, &mem, 0, 0, (size_t)i);
            assert_int_equal(kith_writer_tracks(w, &cell.tracks, NULL), KITH_OK);
            assert_int_equal(kith_writer_cell(w, 0, 0, (size_t)i, &cell.series, NULL), KITH_OK);
            toy_free(&cell);
        }
        toy_make(&cell, &mem, 0, 0, 1);
        size_t rows = variant == 1 ? 1 : variant == 2 ? 700000 : 0; /* over two chunks of 256 Ki */
        for (size_t added = 0; added < rows; added += cell.tracks.n_events)
            assert_int_equal(kith_writer_tracks(w, &cell.tracks, NULL), KITH_OK);
        toy_free(&cell);
        assert_int_equal(kith_writer_close(w, &toy_provenance, false, NULL), KITH_OK);
        digest_of(in_directory("b.h5"), digest[variant]);
        unlink(in_directory("b.h5"));
    }
    assert_string_equal(digest[1], digest[0]);
    assert_string_equal(digest[2], digest[0]);
    assert_string_not_equal(digest[3], digest[0]);
}

static void discarding_keeps_the_old_file(void **state)
{
    struct kith_mem mem = KITH_MEM_INIT;
    struct kith_writer *w;
    struct stat before, after;
    (void)state;
    assert_int_equal(stat(in_directory("a.h5"), &before), 0);
    assert_int_equal(
        kith_writer_open(&w, &mem, in_directory("a.h5"), &toy_scenario, &toy_shape, &toy_provenance, NULL),
        KITH_OK);
    assert_int_equal(files_in_directory(), 2);
    assert_int_equal(kith_writer_close(w, NULL, true, NULL), KITH_OK);
    assert_int_equal(files_in_directory(), 1);
    assert_int_equal(stat(in_directory("a.h5"), &after), 0);
    assert_true(before.st_ino == after.st_ino && before.st_size == after.st_size);
}

static void a_place_that_cannot_be_written_is_reported(void **state)
{
    struct kith_mem mem = KITH_MEM_INIT;
    struct kith_error err = {0};
    const struct {
        const char *path, *why;
    } bad[] = {
        {in_directory("nowhere/x.h5"), "No such file or directory"},
        {in_directory("a.h5/x.h5"), "Not a directory"},
        {directory, "is a directory"},
    };
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(toy_write(&mem, bad[i].path, 1, 10, false, &toy_provenance, &err), KITH_IO);
        assert_string_equal(err.file, bad[i].path);
        if (!strstr(err.text, bad[i].why))
            fail_msg("'%s' does not say '%s'", err.text, bad[i].why);
    }
    if (geteuid() != 0) { /* permissions do not bind root */
        chmod(directory, 0555);
        assert_int_equal(toy_write(&mem, in_directory("x.h5"), 1, 10, false, &toy_provenance, &err), KITH_IO);
        chmod(directory, 0755);
        assert_non_null(strstr(err.text, "Permission denied"));
    }
    assert_int_equal(files_in_directory(), 1);
}

/* A full disk, played by a limit on the size of files: every size must fail cleanly, wherever it strikes. Run
 * in a child process because the limit cannot be taken back. */
static int write_with_limit(rlim_t bytes)
{
    struct kith_mem mem = KITH_MEM_INIT;
    struct kith_error err = {0};
    struct rlimit limit = {bytes, bytes};
    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &limit);
    enum kith_status status = toy_write(&mem, in_directory("full.h5"), 3, 7, false, &toy_provenance, &err);
    if (status == KITH_IO && !strstr(err.text, "File too large"))
        return 1;
    return (int)status;
}

static void a_full_disk_is_reported_and_leaves_nothing(void **state)
{
    struct stat there;
    (void)state;
    assert_int_equal(stat(in_directory("a.h5"), &there), 0);
    for (int i = 0; i <= 20; i++) {
        rlim_t bytes = (rlim_t)there.st_size * (rlim_t)i / 20;
        int result;
        if (i == 20)
            bytes = (rlim_t)there.st_size - 1;
        fflush(NULL);
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0)
            _exit(write_with_limit(bytes));
        assert_int_equal(waitpid(child, &result, 0), child);
        if (!WIFEXITED(result) || WEXITSTATUS(result) != KITH_IO)
            fail_msg("limit of %llu bytes: result %d", (unsigned long long)bytes, result);
        assert_int_equal(files_in_directory(), 1);
    }
}

/* Allocations of our own fail, each of the first fifty and then more and more sparsely. */
static void no_memory_leaves_nothing(void **state)
{
    struct kith_mem mem = KITH_MEM_INIT;
    struct kith_error err = {0};
    (void)state;
    assert_int_equal(toy_write(&mem, in_directory("b.h5"), 1, 20, false, &toy_provenance, &err), KITH_OK);
    unlink(in_directory("b.h5"));
    long n = mem.allocations;
    for (long i = 0; i < n; i += 1 + i / 50) {
        struct kith_mem failing = {i, 0};
        enum kith_status status =
            toy_write(&failing, in_directory("b.h5"), 1, 20, false, &toy_provenance, &err);
        if (status != KITH_NO_MEMORY)
            fail_msg("allocation %ld of %ld: status %d, %s", i, n, (int)status, err.text);
        assert_int_equal(files_in_directory(), 1);
    }
}

static void reading_without_memory_fails_cleanly(void **state)
{
    struct kith_mem mem = KITH_MEM_INIT;
    struct kith_results r;
    (void)state;
    open_results(&r, &mem, in_directory("a.h5"));
    kith_results_close(&r);
    for (long i = 0; i < mem.allocations; i++) {
        struct kith_mem failing = {i, 0};
        struct kith_error err = {0};
        assert_int_equal(kith_results_open(&r, &failing, in_directory("a.h5"), &err), KITH_NO_MEMORY);
        kith_results_close(&r);
    }
}

static void other_files_are_refused(void **state)
{
    struct kith_mem mem = KITH_MEM_INIT;
    struct kith_error err = {0};
    struct kith_results r;
    (void)state;
    assert_int_equal(kith_results_open(&r, &mem, in_directory("none.h5"), &err), KITH_IO);
    assert_non_null(strstr(err.text, "No such file"));
    kith_results_close(&r);
    FILE *f = fopen(in_directory("text"), "w");
    assert_non_null(f);
    fputs("not HDF5", f);
    fclose(f);
    assert_int_equal(kith_results_open(&r, &mem, in_directory("text"), &err), KITH_IO);
    kith_results_close(&r);
    assert_int_equal(truncate(in_directory("a.h5"), 5000), 0);
    assert_int_equal(kith_results_open(&r, &mem, in_directory("a.h5"), &err), KITH_IO);
    kith_results_close(&r);
    unlink(in_directory("text"));
    unlink(in_directory("a.h5"));
}

static int make_directory(void **state)
{
    (void)state;
    return mkdtemp(directory) ? 0 : -1;
}

static int remove_directory(void **state)
{
    (void)state;
    return rmdir(directory); /* fails if a test left a file */
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_read_back),
        cmocka_unit_test(the_model_is_read_back),
        cmocka_unit_test(series_are_read_back_and_add_up),
        cmocka_unit_test(digest_is_of_results_only),
        cmocka_unit_test(amounts_are_digested_or_absent),
        cmocka_unit_test(a_stopped_run_keeps_what_is_done),
        cmocka_unit_test(families_of_an_unfinished_cell_are_dropped),
        cmocka_unit_test(discarding_keeps_the_old_file),
        cmocka_unit_test(a_place_that_cannot_be_written_is_reported),
        cmocka_unit_test(a_full_disk_is_reported_and_leaves_nothing),
        cmocka_unit_test(no_memory_leaves_nothing),
        cmocka_unit_test(reading_without_memory_fails_cleanly),
        cmocka_unit_test(other_files_are_refused),
    };
    if (argc > 1) {
        write_toy(argv[1], 3, 7, false, &toy_provenance);
        return 0;
    }
    return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
