/* Columns whose chunks several threads pack: HDF5 itself reads back what was added, whoever packed it and however it came. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <omp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../../engine/record/column.h"

#define COLUMNS 5
static const size_t width[COLUMNS] = {1, 2, 4, 8, 1};

/* Element i of column k: bytes that do not shrink, that do, and zeros. */
static uint64_t element(size_t k, size_t i)
{
    uint64_t x = (i + k) * 0x9e3779b97f4a7c15u;
    switch (k) {
    case 0:
        return i / 1000;
    case 1:
        return (x >> 56) | (i / 300 % 26) << 8;
    case 2:
        return i;
    case 3:
        return i * 13 + (x >> 61);
    default:
        return 0;
    }
}

static void fill(unsigned char *to, size_t k, size_t from, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        uint64_t x = element(k, from + i);
        memcpy(to + i * width[k], &x, width[k]); /* little-endian */
    }
}

static hid_t type_of(size_t k)
{
    const hid_t type[] = {H5T_STD_U8LE, H5T_STD_U16LE, H5T_STD_I32LE, H5T_STD_I64LE, H5T_STD_U8LE};
    return type[k];
}

/* Adds `rows` elements to each column in batches of up to `batch`, and says that the helpers may go. */
static void add_all(struct kith_column *column, struct kith_chunks *chunks, const struct kith_h5 *h, size_t rows, size_t batch)
{
    unsigned char *bytes = malloc(batch * 8);
    for (size_t at = 0, n; at < rows; at += n) {
        n = rows - at < batch ? rows - at : batch;
        for (size_t k = 0; k < COLUMNS; k++) {
            fill(bytes, k, at, n);
            assert_int_equal(kith_column_add(&column[k], h, bytes, n), KITH_OK);
        }
    }
    for (size_t k = 0; k < COLUMNS; k++) {
        assert_int_equal(kith_column_length(&column[k]), rows);
        assert_int_equal(kith_column_finish(&column[k], h), KITH_OK);
    }
    free(bytes);
    assert_int_equal(kith_chunks_finish(chunks, h), KITH_OK);
}

/* The file made by one writer and threads - 1 helpers; returns how many chunks the helpers packed. */
static size_t write_file(const char *path, int threads, size_t rows, size_t batch)
{
    struct kith_mem mem = KITH_MEM_INIT;
    struct kith_error err = {0};
    struct kith_h5 h = {H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT), path, &mem, &err};
    struct kith_chunks chunks;
    struct kith_column column[COLUMNS];
    size_t helped = 0;
    int over = 0;
    assert_int_equal(kith_chunks_init(&chunks, &mem, KITH_COLUMN_CHUNK * 8), KITH_OK);
    assert_false(kith_chunks_help(&chunks));
    for (size_t k = 0; k < COLUMNS; k++) {
        char name[] = {'/', (char)('a' + k), 0};
        assert_int_equal(kith_column_init(&column[k], &chunks, &h, name, type_of(k), "1", "x"), KITH_OK);
    }
    long before = mem.allocations;
#pragma omp parallel num_threads(threads) reduction(+ : helped)
    {
        if (omp_get_thread_num() == 0) {
            add_all(column, &chunks, &h, rows, batch);
#pragma omp atomic write
            over = 1;
        }
        for (int stop = omp_get_thread_num() == 0; !stop;) {
            helped += kith_chunks_help(&chunks);
#pragma omp atomic read
            stop = over;
        }
    }
    assert_int_equal(mem.allocations, before); /* nothing is allocated on the way */
    assert_false(kith_chunks_help(&chunks));
    for (size_t k = 0; k < COLUMNS; k++)
        kith_column_free(&column[k]);
    kith_chunks_free(&chunks);
    assert_int_equal(H5Fclose(h.id), 0);
    return helped;
}

static void check_file(const char *path, size_t rows)
{
    hid_t file = H5Fopen(path, H5F_ACC_RDONLY, H5P_DEFAULT);
    unsigned char *expected = malloc(rows * 8 + 1), *found = malloc(rows * 8 + 1);
    for (size_t k = 0; k < COLUMNS; k++) {
        char name[] = {'/', (char)('a' + k), 0};
        hid_t dataset = H5Dopen2(file, name, H5P_DEFAULT), space = H5Dget_space(dataset);
        assert_int_equal(H5Sget_simple_extent_npoints(space), rows);
        assert_true(H5Dread(dataset, type_of(k), H5S_ALL, H5S_ALL, H5P_DEFAULT, found) >= 0);
        fill(expected, k, 0, rows);
        assert_memory_equal(found, expected, rows * width[k]);
        H5Sclose(space);
        H5Dclose(dataset);
    }
    free(found);
    free(expected);
    H5Fclose(file);
}

static void whoever_packs_the_file_is_the_same(void **state)
{
    const struct {
        size_t rows, batch;
    } way[] = {{1, 1}, {KITH_COLUMN_CHUNK, 100000}, {KITH_COLUMN_CHUNK + 1, 7777}, {5 * KITH_COLUMN_CHUNK - 3, 1000000}};
    char path[] = "/tmp/kith-chunks-XXXXXX";
    int fd = mkstemp(path);
    (void)state;
    assert_true(fd >= 0);
    close(fd);
    for (size_t i = 0; i < sizeof way / sizeof *way; i++)
        for (int threads = 1; threads <= 4; threads++) {
            size_t helped = write_file(path, threads, way[i].rows, way[i].batch);
            assert_true(threads > 1 || helped == 0);
            check_file(path, way[i].rows);
        }
    unlink(path);
}

/* Without a writer that packs, helpers alone take each chunk once. */
static void each_chunk_is_packed_once(void **state)
{
    struct kith_mem mem = KITH_MEM_INIT;
    struct kith_h5 h = {.id = H5I_INVALID_HID, .path = "none", .mem = &mem};
    struct kith_chunks chunks;
    unsigned char data[64] = {1};
    size_t helped = 0;
    (void)state;
    assert_int_equal(kith_chunks_init(&chunks, &mem, sizeof data), KITH_OK);
    for (size_t i = 0; i < KITH_CHUNKS; i++)
        assert_int_equal(kith_chunks_put(&chunks, &h, H5I_INVALID_HID, "none", 0, data, 32, 2), KITH_OK);
#pragma omp parallel num_threads(4) reduction(+ : helped)
    while (kith_chunks_help(&chunks))
        helped++;
    assert_int_equal(helped, KITH_CHUNKS);
    kith_chunks_free(&chunks);
}

static void without_memory_it_says_so(void **state)
{
    struct kith_mem mem = KITH_MEM_INIT;
    struct kith_chunks chunks;
    (void)state;
    for (long i = 0; i < 4 * KITH_CHUNKS; i++) {
        mem.fail_at = i;
        assert_int_equal(kith_chunks_init(&chunks, &mem, 1000), KITH_NO_MEMORY);
        kith_chunks_free(&chunks);
    }
    mem.fail_at = 4 * KITH_CHUNKS;
    assert_int_equal(kith_chunks_init(&chunks, &mem, 1000), KITH_OK);
    kith_chunks_free(&chunks);
    memset(&chunks, 0, sizeof chunks);
    kith_chunks_free(&chunks);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whoever_packs_the_file_is_the_same),
        cmocka_unit_test(each_chunk_is_packed_once),
        cmocka_unit_test(without_memory_it_says_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
