#include "deflate.h"

#include <libdeflate.h>
#include <string.h>

#define SAMPLE ((size_t)8192)       /* bytes that are tried before a plane is compressed */
#define STORED_MOST ((size_t)65535) /* bytes of a stored block */

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "chunks are written as they stand in memory");

enum kith_status kith_deflate_init(struct kith_deflate *p, struct kith_mem *mem)
{
    memset(p, 0, sizeof *p);
    p->mem = mem;
    p->deflate = libdeflate_alloc_compressor(KITH_DEFLATE_LEVEL);
    return p->deflate ? KITH_OK : KITH_NO_MEMORY;
}

void kith_deflate_free(struct kith_deflate *p)
{
    if (p->deflate)
        libdeflate_free_compressor(p->deflate);
    if (p->inflate)
        libdeflate_free_decompressor(p->inflate);
    kith_mem_free(&p->shuffled);
    kith_mem_free(&p->packed);
    memset(p, 0, sizeof *p);
}

enum kith_status kith_deflate_reserve(struct kith_deflate *p, size_t bytes)
{
    if (bytes <= p->room)
        return KITH_OK;
    /* Stored blocks take 5 bytes each, of which the bound of the rest may know nothing. */
    size_t bound = libdeflate_zlib_compress_bound(p->deflate, bytes) + 5 * (bytes / STORED_MOST + 16);
    if (kith_mem_resize(p->mem, &p->shuffled, bytes, 1) != KITH_OK ||
        kith_mem_resize(p->mem, &p->packed, bound, 1) != KITH_OK)
        return KITH_NO_MEMORY;
    p->room = bytes;
    p->packed_room = bound;
    return KITH_OK;
}

/* All first bytes, then all second bytes, ...: HDF5's shuffle filter. A constant width lets the compiler use
 * vector instructions. */
static void shuffle(unsigned char *restrict out, const unsigned char *restrict in, size_t n, size_t width)
{
    for (size_t b = 0; b < width; b++)
        for (size_t i = 0; i < n; i++)
            out[b * n + i] = in[i * width + b];
}

enum kith_status kith_deflate_take(struct kith_deflate *p, const void *data, size_t n, size_t width)
{
    enum kith_status status = kith_deflate_reserve(p, n * width);
    if (status != KITH_OK)
        return status;
    p->n = n;
    p->width = width;
    switch (width) {
    case 1:
        memcpy(p->shuffled, data, n);
        break;
    case 2:
        shuffle(p->shuffled, data, n, 2);
        break;
    case 4:
        shuffle(p->shuffled, data, n, 4);
        break;
    case 8:
        shuffle(p->shuffled, data, n, 8);
        break;
    default:
        shuffle(p->shuffled, data, n, width);
        break;
    }
    return KITH_OK;
}

/* Whether a sample from the middle of the bytes does not shrink by at least one part in 16. */
static bool looks_random(struct kith_deflate *p, const unsigned char *bytes, size_t n)
{
    if (n < 4 * SAMPLE)
        return false;
    size_t packed = libdeflate_deflate_compress(p->deflate, bytes + n / 2, SAMPLE, p->packed, p->packed_room);
    return packed == 0 || packed > SAMPLE - SAMPLE / 16;
}

/* Appends n bytes as stored, not final, blocks of a deflate stream (RFC 1951, 3.2.4). Each begins and ends on
 * a byte. */
static unsigned char *put_stored(unsigned char *out, const unsigned char *bytes, size_t n)
{
    while (n > 0) {
        size_t part = n < STORED_MOST ? n : STORED_MOST;
        unsigned char head[] = {0, (unsigned char)(part & 255), (unsigned char)(part >> 8),
                                (unsigned char)(~part & 255), (unsigned char)(~part >> 8 & 255)};
        memcpy(out, head, sizeof head);
        memcpy(out + sizeof head, bytes, part);
        out += sizeof head + part;
        bytes += part;
        n -= part;
    }
    return out;
}

/* Where the run that contains bytes[i] ends. */
static size_t end_of_run(const unsigned char *bytes, size_t i, size_t n)
{
    uint64_t like = bytes[i] * (uint64_t)0x0101010101010101, eight = like;
    unsigned char byte = bytes[i];
    while (n - i >= sizeof eight && (memcpy(&eight, bytes + i, sizeof eight), eight == like))
        i += sizeof eight;
    while (i < n && bytes[i] == byte)
        i++;
    return i;
}

/* Whether bytes follow others like them, but for one in 64 at most; soon known where they do not. */
static bool is_runs(const unsigned char *bytes, size_t n)
{
    size_t i = 0;
    for (size_t changes = 0; i < n && changes <= n / 64; changes++)
        i = end_of_run(bytes, i, n);
    return i == n;
}

/* Bits on their way out, the first one lowest. */
struct bits {
    unsigned char *out;
    uint64_t waiting;
    unsigned n;
};

static void put_bits(struct bits *b, unsigned value, unsigned n)
{
    b->waiting |= (uint64_t)value << b->n;
    for (b->n += n; b->n >= 8; b->n -= 8) {
        *b->out++ = (unsigned char)b->waiting;
        b->waiting >>= 8;
    }
}

/* A code of n bits, the highest first. */
static void put_code(struct bits *b, unsigned code, unsigned n)
{
    unsigned turned = 0;
    for (unsigned i = 0; i < n; i++)
        turned |= (code >> i & 1) << (n - 1 - i);
    put_bits(b, turned, n);
}

/* How a block begins whose codes (RFC 1951, 3.2.7) suit long runs: 1 bit for a repetition of the greatest length, 285, and 1 for the
 * only distance; 7 for the other lengths, 257 to 284; 9 for bytes 0 to 30, and 10 for the rest and the end, 256, so that all
 * codes are used up. The lengths themselves are written in a code of 1 bit for "again", 2 for 10, 3 for 7, 4 for 1 and 9. */
static void put_codes(struct bits *b)
{
    const unsigned char in_order[18] = {1, 0, 0, 0, 0, 3, 4, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 4}; /* 16 17 18 0 8 7 9 6 10 ... 1 */
    const struct {
        unsigned code, bits, again; /* so many times more */
    } part[] = {{15, 4, 30}, {2, 2, 225}, {6, 3, 27}, {14, 4, 0}, {14, 4, 0}}; /* of 9, 10, 7, 1 bits; of the distance */
    put_bits(b, 1 | 2 << 1, 3); /* final; its own codes */
    put_bits(b, 286 - 257, 5);
    put_bits(b, 1 - 1, 5);
    put_bits(b, 18 - 4, 4);
    for (unsigned i = 0; i < 18; i++)
        put_bits(b, in_order[i], 3);
    for (unsigned i = 0; i < sizeof part / sizeof *part; i++) {
        put_code(b, part[i].code, part[i].bits);
        for (unsigned left = part[i].again, n; left > 0; left -= n) { /* 3 to 6 at a time */
            n = left < 6 ? left : 6;
            put_bits(b, 0, 1);
            put_bits(b, n - 3, 2);
        }
    }
}

static void put_symbol(struct bits *b, unsigned symbol)
{
    if (symbol < 31)
        put_code(b, 368 + symbol, 9);
    else if (symbol <= 256)
        put_code(b, 767 + symbol, 10);
    else if (symbol < 285)
        put_code(b, symbol - 193, 7);
    else
        put_code(b, 0, 1);
}

/* The byte before `length` times more, 3 to 258: its length and distance 1 (3.2.5). */
static void put_repeat(struct bits *b, unsigned length)
{
    unsigned m = length - 3, extra = 0;
    while (m >> extra >= 8 && length < 258)
        extra++;
    put_symbol(b, length == 258 ? 285 : 257 + 4 * extra + (m >> extra));
    put_bits(b, length == 258 ? 0 : m & ((1u << extra) - 1), length == 258 ? 0 : extra);
    put_code(b, 0, 1);
}

/* Appends the final block of a deflate stream that has nothing but repetitions of single bytes: at a hundredth of what a
 * search for others takes. */
static unsigned char *put_runs(unsigned char *out, const unsigned char *bytes, size_t n)
{
    struct bits b = {.out = out};
    put_codes(&b);
    for (size_t i = 0; i < n;) {
        size_t end = end_of_run(bytes, i, n);
        put_symbol(&b, bytes[i++]);
        for (; end - i >= 3; i += end - i < 258 ? end - i : 258)
            put_repeat(&b, end - i < 258 ? (unsigned)(end - i) : 258);
        for (; i < end; i++)
            put_symbol(&b, bytes[i]);
    }
    put_symbol(&b, 256);
    put_bits(&b, 0, 7); /* the last byte's other bits */
    return b.out;
}

/* Compresses what was taken to p->packed, a zlib stream (RFC 1950); returns the size, 0 on failure. Most of the time would go
 * into bytes that do not compress at all, the low bytes of days and costs, and into those that are all alike, the high ones. After
 * shuffling the first stand in front, and as many of these planes as look random are only stored. */
static size_t compress(struct kith_deflate *p)
{
    const unsigned char *bytes = p->shuffled;
    size_t n = p->n, all = n * p->width, stored = 0;
    unsigned char *out = p->packed;
    uint32_t check = libdeflate_adler32(1, bytes, all);
    while (stored + n < all && looks_random(p, bytes + stored, n))
        stored += n;
    *out++ = 0x78; /* deflate, window of 32 KiB */
    *out++ = 0x01; /* fastest level; makes the two bytes a multiple of 31 */
    out = put_stored(out, bytes, stored);
    if (is_runs(bytes + stored, all - stored)) {
        out = put_runs(out, bytes + stored, all - stored);
    } else {
        size_t room = p->packed_room - (size_t)(out - p->packed) - 4;
        size_t packed = libdeflate_deflate_compress(p->deflate, bytes + stored, all - stored, out, room);
        if (packed == 0)
            return 0;
        out += packed;
    }
    for (int shift = 24; shift >= 0; shift -= 8)
        *out++ = (unsigned char)(check >> shift);
    return (size_t)(out - p->packed);
}

enum kith_status kith_deflate_pack(struct kith_deflate *p, const unsigned char **packed, size_t *bytes)
{
    *bytes = compress(p);
    *packed = p->packed;
    return *bytes > 0 ? KITH_OK : KITH_INTERNAL;
}

enum kith_status kith_deflate_make(struct kith_deflate *p, const void *data, size_t n, size_t width,
                                const unsigned char **packed, size_t *bytes)
{
    enum kith_status status = kith_deflate_take(p, data, n, width);
    return status == KITH_OK ? kith_deflate_pack(p, packed, bytes) : status;
}

static void unshuffle(unsigned char *restrict out, const unsigned char *restrict in, size_t n, size_t width)
{
    for (size_t b = 0; b < width; b++)
        for (size_t i = 0; i < n; i++)
            out[i * width + b] = in[b * n + i];
}

enum kith_status kith_deflate_undo(struct kith_deflate *p, const unsigned char *packed, size_t bytes, void *data,
                                   size_t n, size_t width)
{
    enum kith_status status = kith_deflate_reserve(p, n * width);
    if (status != KITH_OK)
        return status;
    if (!p->inflate)
        p->inflate = libdeflate_alloc_decompressor();
    if (!p->inflate)
        return KITH_NO_MEMORY;
    unsigned char *to = width == 1 ? data : p->shuffled;
    size_t used;
    if (libdeflate_zlib_decompress_ex(p->inflate, packed, bytes, to, n * width, &used, NULL) != LIBDEFLATE_SUCCESS ||
        used != bytes)
        return KITH_IO;
    if (width == 4)
        unshuffle(data, to, n, 4);
    else if (width > 1)
        unshuffle(data, to, n, width);
    return KITH_OK;
}
