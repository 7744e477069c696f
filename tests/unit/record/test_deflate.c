/* Chunks are packed by a library written in assembly, which no sanitizer sees into. So it works here between pages that
 * must not be touched, on chunks of all kinds and sizes and on damaged ones. That other programs read what it packs is
 * seen by test_read_back.py, by HDF5's own filters, and by test_shard.py, by zlib. */
#define _DEFAULT_SOURCE /* for MAP_ANONYMOUS */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../../engine/record/deflate.h"
#include "../../../engine/rng/draw.h"

/* n bytes that end where a page begins that must not be touched; the page before the first one's must not be either. */
struct fenced {
    unsigned char *map, *bytes;
    size_t all;
};

static struct fenced fence(size_t n)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE), inside = (n + page - 1) / page * page;
    struct fenced f = {.all = inside + 2 * page};
    f.map = mmap(NULL, f.all, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_ptr_not_equal(f.map, MAP_FAILED);
    assert_int_equal(inside ? mprotect(f.map + page, inside, PROT_READ | PROT_WRITE) : 0, 0);
    f.bytes = f.map + page + inside - n;
    return f;
}

static void release(struct fenced *f)
{
    assert_int_equal(munmap(f->map, f->all), 0);
}

/* Number i of a kind: all alike, any, few different ones, growing as offsets do, or long runs. */
static uint64_t number(unsigned kind, uint64_t i)
{
    uint64_t any = kith_draw_mix(kind, i);
    switch (kind) {
    case 0:
        return 0;
    case 1:
        return any;
    case 2:
        return any % 5 * (any >> 60);
    case 3:
        return 13 * i + any % 9;
    default:
        return kith_draw_mix(kind, i / 1000) % 3;
    }
}

#define KINDS 5

static void make(unsigned char *to, unsigned kind, size_t n, size_t width)
{
    for (size_t i = 0; i < n; i++) {
        uint64_t x = number(kind, i);
        memcpy(to + i * width, &x, width);
    }
}

static void what_is_packed_comes_out_again(void **state)
{
    static const size_t sizes[] = {1, 2, 3, 7, 64, 255, 1000, 4096, 8191, 65535, 65536, 131072}, widths[] = {1, 2, 4, 8};
    struct kith_mem mem = KITH_MEM_INIT;
    struct kith_deflate p;
    (void)state;
    assert_int_equal(kith_deflate_init(&p, &mem), KITH_OK);
    for (size_t k = 0; k < sizeof sizes / sizeof *sizes * 4 * KINDS; k++) {
        size_t n = sizes[k / (4 * KINDS)], width = widths[k / KINDS % 4], all = n * width, bytes;
        const unsigned char *packed;
        struct fenced data = fence(all), back = fence(all);
        make(data.bytes, (unsigned)(k % KINDS), n, width);
        assert_int_equal(kith_deflate_make(&p, data.bytes, n, width, &packed, &bytes), KITH_OK);
        assert_true(bytes <= all + 5 * (all / 65535 + 1) + 6); /* at worst it is stored */
        if (k % KINDS == 0 && all >= 4096)
            assert_true(bytes < all / 50);
        struct fenced stream = fence(bytes);
        memcpy(stream.bytes, packed, bytes);
        assert_int_equal(kith_deflate_undo(&p, stream.bytes, bytes, back.bytes, n, width), KITH_OK);
        assert_memory_equal(data.bytes, back.bytes, all);
        release(&stream);
        release(&data);
        release(&back);
    }
    kith_deflate_free(&p);
}

/* A stream with a bit turned, cut short or with bytes behind it, and an array of another length: never taken, unless the
 * bit meant nothing (the level in the header) and the content is the same. */
static void what_is_damaged_is_refused(void **state)
{
    struct kith_mem mem = KITH_MEM_INIT;
    struct kith_deflate p, q;
    unsigned refused = 0, tried = 0;
    (void)state;
    assert_int_equal(kith_deflate_init(&p, &mem), KITH_OK);
    assert_int_equal(kith_deflate_init(&q, &mem), KITH_OK);
    for (uint64_t k = 0; k < 4000; k++) {
        size_t n = 1 + kith_draw_mix(1, k) % 3000, width = (size_t)1 << kith_draw_mix(2, k) % 4, bytes;
        const unsigned char *packed;
        struct fenced data = fence(n * width);
        make(data.bytes, (unsigned)(k % KINDS), n, width);
        assert_int_equal(kith_deflate_make(&p, data.bytes, n, width, &packed, &bytes), KITH_OK);
        size_t length = bytes, count = n;
        uint64_t where = kith_draw_mix(3, k) % (8 * bytes);
        switch (k / KINDS % 5) {
        case 0:
            length = where / 8;
            break;
        case 1:
            length = bytes + 1 + where % 40;
            break;
        case 2:
            count = where % 2 ? n + 1 : n - 1;
            break;
        }
        struct fenced stream = fence(length), back = fence(count * width);
        if (length > bytes)
            memset(stream.bytes, 0, length);
        memcpy(stream.bytes, packed, length < bytes ? length : bytes);
        if (k / KINDS % 5 > 2)
            stream.bytes[where / 8] ^= (unsigned char)(1U << where % 8);
        enum kith_status status = kith_deflate_undo(&q, stream.bytes, length, back.bytes, count, width);
        tried++;
        refused += status == KITH_IO;
        if (status == KITH_OK) {
            assert_true(length == bytes && count == n);
            assert_memory_equal(data.bytes, back.bytes, n * width);
        } else {
            assert_int_equal(status, KITH_IO);
        }
        release(&stream);
        release(&data);
        release(&back);
    }
    assert_true(refused > tried - tried / 20);
    kith_deflate_free(&p);
    kith_deflate_free(&q);
}

static void without_memory_it_says_so(void **state)
{
    struct kith_mem mem = KITH_MEM_INIT;
    struct kith_deflate p;
    unsigned char bytes[64] = {0}, back[64];
    const unsigned char *packed;
    size_t n;
    (void)state;
    for (long at = 0; at < 6; at++) { /* there are five allocations */
        mem.fail_at = at;
        enum kith_status status = kith_deflate_init(&p, &mem);
        if (!status)
            status = kith_deflate_make(&p, bytes, sizeof bytes, 1, &packed, &n);
        if (!status)
            status = kith_deflate_undo(&p, packed, n, back, sizeof back, 1);
        assert_int_equal(status, at < 5 ? KITH_NO_MEMORY : KITH_OK);
        kith_deflate_free(&p);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_packed_comes_out_again),
        cmocka_unit_test(what_is_damaged_is_refused),
        cmocka_unit_test(without_memory_it_says_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
