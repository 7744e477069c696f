/* base/: error reports, memory that can fail, hashes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "../../../engine/base/error.h"
#include "../../../engine/base/hash.h"
#include "../../../engine/base/mem.h"

static void error_is_filled(void **state)
{
    (void)state;
    struct kith_error err;
    assert_int_equal(kith_error_set(&err, KITH_IO, "a.yaml", 12, 9, "cannot read %d bytes", 7), KITH_IO);
    assert_int_equal(err.code, KITH_IO);
    assert_int_equal(err.line, 12);
    assert_int_equal(err.column, 9);
    assert_string_equal(err.file, "a.yaml");
    assert_string_equal(err.text, "cannot read 7 bytes");
    assert_int_equal(kith_error_set(NULL, KITH_NO_MEMORY, NULL, 0, 0, "unseen"), KITH_NO_MEMORY);
}

static void error_is_cut(void **state)
{
    (void)state;
    static char big[2000];
    memset(big, 'x', sizeof big - 1);
    struct kith_error err;
    kith_error_set(&err, KITH_IO, big, 0, 0, "%s", big);
    assert_int_equal(strlen(err.file), sizeof err.file - 1);
    assert_int_equal(strlen(err.text), sizeof err.text - 1);
    char small[10];
    memset(small, '#', sizeof small);
    assert_ptr_equal(kith_error_format(&err, small, sizeof small), small);
    assert_string_equal(small, "xxxxxxxxx");
    small[0] = '#';
    kith_error_format(&err, small, 0);
    assert_int_equal(small[0], '#');
    kith_error_format(&err, small, 1);
    assert_int_equal(small[0], '\0');
}

static void error_is_formatted(void **state)
{
    (void)state;
    char out[1024];
    struct kith_error err;
    kith_error_set(&err, KITH_BAD_SCENARIO, "a.yaml", 12, 9, "rate = -1");
    assert_string_equal(kith_error_format(&err, out, sizeof out), "a.yaml:12:9: error: rate = -1");
    kith_error_set(&err, KITH_BAD_SCENARIO, "a.yaml", 12, 0, "rate = -1");
    assert_string_equal(kith_error_format(&err, out, sizeof out), "a.yaml:12: error: rate = -1");
    kith_error_set(&err, KITH_BAD_SCENARIO, "a.yaml", 0, 0, "rate = -1");
    assert_string_equal(kith_error_format(&err, out, sizeof out), "a.yaml: error: rate = -1");
    kith_error_set(&err, KITH_BAD_SCENARIO, NULL, 0, 0, "rate = -1");
    assert_string_equal(kith_error_format(&err, out, sizeof out), "error: rate = -1");
}

static void errors_are_gathered(void **state)
{
    (void)state;
    static struct kith_errors errors;
    for (int i = 0; i < KITH_ERRORS_MAX + 5; i++)
        assert_int_equal(kith_errors_add(&errors, "f", i + 1, 1, "number %d", i), KITH_BAD_SCENARIO);
    assert_int_equal(errors.n, KITH_ERRORS_MAX + 5);
    assert_string_equal(errors.list[KITH_ERRORS_MAX - 1].text, "number 19");
    assert_int_equal(errors.list[0].line, 1);
    assert_int_equal(errors.list[0].code, KITH_BAD_SCENARIO);
}

static void memory_grows_and_goes(void **state)
{
    (void)state;
    struct kith_mem mem = KITH_MEM_INIT;
    int *p = NULL;
    assert_int_equal(kith_mem_resize(&mem, &p, 10, sizeof *p), KITH_OK);
    for (int i = 0; i < 10; i++)
        p[i] = i;
    assert_int_equal(kith_mem_resize(&mem, &p, 10000, sizeof *p), KITH_OK);
    assert_int_equal(p[9], 9);
    assert_int_equal(mem.allocations, 2);
    assert_int_equal(kith_mem_resize(&mem, &p, 0, sizeof *p), KITH_OK);
    assert_null(p);
    assert_int_equal(kith_mem_zeroed(&mem, &p, 1000, sizeof *p), KITH_OK);
    for (int i = 0; i < 1000; i++)
        assert_int_equal(p[i], 0);
    kith_mem_free(&p);
    assert_null(p);
    kith_mem_free(&p);
    assert_int_equal(kith_mem_zeroed(&mem, &p, 0, sizeof *p), KITH_OK);
    assert_null(p);
}

static void memory_overflow_is_refused(void **state)
{
    (void)state;
    struct kith_mem mem = KITH_MEM_INIT;
    int *p = NULL;
    assert_int_equal(kith_mem_resize(&mem, &p, 3, sizeof *p), KITH_OK);
    int *before = p;
    assert_int_equal(kith_mem_resize(&mem, &p, SIZE_MAX / sizeof *p + 2, sizeof *p), KITH_NO_MEMORY);
    assert_ptr_equal(p, before);
    kith_mem_free(&p);
}

static void memory_fails_on_request(void **state)
{
    (void)state;
    struct kith_mem mem = {2, 0};
    char *a = NULL, *b = NULL, *c = NULL;
    assert_int_equal(kith_mem_resize(&mem, &a, 1, 1), KITH_OK);
    b = kith_mem_text(&mem, "text");
    assert_string_equal(b, "text");
    char *before = a;
    assert_int_equal(kith_mem_resize(&mem, &a, 100, 1), KITH_NO_MEMORY);
    assert_ptr_equal(a, before);
    assert_int_equal(kith_mem_zeroed(&mem, &c, 1, 1), KITH_NO_MEMORY);
    assert_null(c);
    assert_null(kith_mem_text(&mem, "text"));
    assert_int_equal(mem.allocations, 2);
    assert_int_equal(kith_mem_resize(&mem, &a, 0, 1), KITH_OK); /* freeing never fails */
    assert_null(a);
    kith_mem_free(&b);
}

/* The vectors of the FNV authors' test suite. */
static void fnv_known_answers(void **state)
{
    (void)state;
    assert_int_equal(kith_hash_name(""), 0xcbf29ce484222325u);
    assert_int_equal(kith_hash_name("a"), 0xaf63dc4c8601ec8cu);
    assert_int_equal(kith_hash_name("foobar"), 0x85944171f73967e8u);
}

static void digest_in_pieces(const char *text, size_t piece, char hex[65])
{
    struct kith_sha256 sha;
    assert_int_equal(kith_sha256_begin(&sha), KITH_OK);
    for (size_t i = 0, n = strlen(text); i < n; i += piece)
        kith_sha256_add(&sha, text + i, n - i < piece ? n - i : piece);
    kith_sha256_end(&sha, hex);
    assert_null(sha.ctx);
}

/* The examples of FIPS 180. */
static void sha256_known_answers(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
        {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
        {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
         "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"}};
    char hex[65];
    for (int i = 0; i < 3; i++)
        for (size_t piece = 1; piece < 70; piece += 17) {
            digest_in_pieces(cases[i][0], piece, hex);
            assert_string_equal(hex, cases[i][1]);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(error_is_filled),         cmocka_unit_test(error_is_cut),
        cmocka_unit_test(error_is_formatted),      cmocka_unit_test(errors_are_gathered),
        cmocka_unit_test(memory_grows_and_goes),   cmocka_unit_test(memory_overflow_is_refused),
        cmocka_unit_test(memory_fails_on_request), cmocka_unit_test(fnv_known_answers),
        cmocka_unit_test(sha256_known_answers)};
    return cmocka_run_group_tests_name("base", tests, NULL, NULL);
}
