/* Pieces of memory for packed families: no two overlap, those given back are used again, and memory that a smaller area did not
 * need goes back before the next one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "../../../engine/sim/store.h"

#define LARGEST 1000
#define MANY 90000 /* of 1,000 bytes: some chunks of 16 MiB */

static unsigned char *piece[MANY];

/* A byte that tells pieces apart. */
static unsigned char mark(size_t i)
{
    return (unsigned char)(i * 2654435761u >> 24);
}

static size_t size_of(size_t i)
{
    return 1 + i * 37 % LARGEST;
}

/* Takes n pieces of about `LARGEST` / 2 bytes each and fills them. */
static void fill(struct kith_store *s, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        piece[i] = kith_store_exchange(s, NULL, 0, size_of(i));
        assert_non_null(piece[i]);
        memset(piece[i], mark(i), size_of(i));
    }
}

static void check(size_t n)
{
    size_t wrong = 0;
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < size_of(i); k++)
            wrong += piece[i][k] != mark(i);
    assert_int_equal(wrong, 0);
}

/* A store in which the pieces of a large area are. */
static void begin(struct kith_store *s, struct kith_mem *mem)
{
    kith_store_init(s, mem);
    assert_int_equal(kith_store_begin(s, LARGEST), KITH_OK);
    fill(s, MANY);
}

static void pieces_do_not_overlap(void **state)
{
    struct kith_mem mem = KITH_MEM_INIT;
    struct kith_store s;
    (void)state;
    begin(&s, &mem);
    check(MANY);
    size_t used = kith_store_bytes(&s);
    for (size_t i = 0; i < MANY; i += 3) /* all of these go, and others of the same sizes come */
        assert_null(kith_store_exchange(&s, piece[i], size_of(i), 0));
    for (size_t i = 0; i < MANY; i += 3) {
        piece[i] = kith_store_exchange(&s, NULL, 0, size_of(i));
        assert_non_null(piece[i]);
        memset(piece[i], mark(i), size_of(i));
    }
    check(MANY);
    assert_int_equal(kith_store_bytes(&s), used);
    kith_store_free(&s);
}

static void what_a_smaller_area_did_not_need_goes_back(void **state)
{
    struct kith_mem mem = KITH_MEM_INIT;
    struct kith_store s;
    (void)state;
    begin(&s, &mem);
    size_t chunks = s.n_chunks;
    assert_true(chunks >= 3);
    assert_int_equal(kith_store_begin(&s, LARGEST), KITH_OK);
    assert_int_equal(s.n_chunks, chunks); /* the next one may need as much */
    long before = mem.allocations;
    fill(&s, MANY);
    check(MANY);
    assert_int_equal(mem.allocations, before);
    assert_int_equal(kith_store_begin(&s, LARGEST), KITH_OK);
    fill(&s, MANY / 10);
    assert_int_equal(kith_store_begin(&s, LARGEST), KITH_OK);
    assert_int_equal(s.n_chunks, 1);
    fill(&s, MANY);
    check(MANY);
    assert_int_equal(s.n_chunks, chunks);
    kith_store_free(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pieces_do_not_overlap),
        cmocka_unit_test(what_a_smaller_area_did_not_need_goes_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
