/* Bytes that wait in a file without a name: what comes back is compared with a copy in memory, and faults are made with what
 * the system has for it: a directory that is not there, a limit on the length of files, a file that was cut. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../../engine/base/spill.h"

#define BYTES 3000000u

static char directory[64];
static unsigned char copy[BYTES], got[BYTES];

static unsigned draw(unsigned n)
{
    static uint64_t x = 1;
    x = x * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(x >> 33) % n;
}

static size_t names_in(const char *path)
{
    size_t n = 0;
    DIR *d = opendir(path);
    assert_non_null(d);
    for (struct dirent *e; (e = readdir(d));)
        n += e->d_name[0] != '.';
    closedir(d);
    return n;
}

static int make_directory(void **state)
{
    (void)state;
    strcpy(directory, "/tmp/kith-spill-XXXXXX");
    return mkdtemp(directory) ? 0 : -1;
}

static int remove_directory(void **state)
{
    (void)state;
    return rmdir(directory); /* which only an empty one lets happen */
}

static void what_was_put_comes_back(void **state)
{
    struct kith_spill s = {.directory = directory};
    (void)state;
    for (int round = 0; round < 3; round++) {
        uint64_t at, next = 0;
        for (size_t i = 0; i < BYTES; i++)
            copy[i] = (unsigned char)draw(256);
        for (size_t i = 0, n; i < BYTES; i += n) {
            n = i % 5 ? draw(100000) : draw(3);
            n = n < BYTES - i ? n : BYTES - i;
            assert_int_equal(kith_spill_put(&s, copy + i, n, &at), KITH_OK);
            assert_true(at == next && s.end == at + n);
            next += n;
        }
        assert_int_equal(names_in(directory), 0);
        for (int i = 0; i < 200; i++) {
            size_t from = draw(BYTES), n = draw(BYTES - (unsigned)from + 1);
            memset(got, 0, n);
            assert_int_equal(kith_spill_get(&s, from, got, n), KITH_OK);
            assert_true(memcmp(got, copy + from, n) == 0);
        }
        assert_int_equal(lseek(s.fd, 0, SEEK_END), BYTES);
        kith_spill_clear(&s);
        assert_int_equal(lseek(s.fd, 0, SEEK_END), 0); /* the disk has its room again */
        assert_true(s.end == 0);
    }
    kith_spill_free(&s);
    kith_spill_free(&s);
}

static void a_zeroed_one_is_empty(void **state)
{
    struct kith_spill s = {0};
    uint64_t at;
    (void)state;
    kith_spill_clear(&s);
    kith_spill_free(&s);
    assert_int_equal(kith_spill_put(&s, "abc", 3, &at), KITH_OK); /* somewhere in the system's place */
    assert_int_equal(kith_spill_get(&s, 1, got, 2), KITH_OK);
    assert_memory_equal(got, "bc", 2);
    kith_spill_free(&s);
}

static void faults_are_told(void **state)
{
    struct kith_spill s = {.directory = "/nowhere/at/all"};
    struct rlimit usual, small;
    uint64_t at;
    (void)state;
    assert_int_equal(kith_spill_put(&s, copy, 10, &at), KITH_IO);
    assert_int_equal(s.reason, ENOENT);
    kith_spill_free(&s);
    s = (struct kith_spill){.directory = directory};
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &usual), 0);
    small = usual;
    small.rlim_cur = 100000;
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    assert_int_equal(kith_spill_put(&s, copy, 99999, &at), KITH_OK);
    assert_int_equal(kith_spill_put(&s, copy, 2, &at), KITH_IO); /* one of them has room */
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &usual), 0);
    assert_int_equal(s.reason, EFBIG);
    assert_int_equal(kith_spill_get(&s, 99990, got, 9), KITH_OK);
    assert_int_equal(ftruncate(s.fd, 5), 0);
    assert_int_equal(kith_spill_get(&s, 0, got, 5), KITH_OK);
    assert_int_equal(kith_spill_get(&s, 0, got, 6), KITH_IO);
    assert_int_equal(s.reason, EIO);
    close(s.fd);
    assert_int_equal(kith_spill_get(&s, 0, got, 1), KITH_IO);
    assert_int_equal(s.reason, EBADF);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_put_comes_back),
        cmocka_unit_test(a_zeroed_one_is_empty),
        cmocka_unit_test(faults_are_told),
    };
    return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
