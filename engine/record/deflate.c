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

/* A zlib stream (RFC 1950) whose first `stored` bytes are copied and whose rest is compressed; 0 on failure.
 */
static size_t make_stream(struct kith_deflate *p, const unsigned char *bytes, size_t n, size_t stored)
{
    unsigned char *out = p->packed;
    uint32_t check = libdeflate_adler32(1, bytes, n);
    *out++ = 0x78; /* deflate, window of 32 KiB */
    *out++ = 0x01; /* fastest level; makes the two bytes a multiple of 31 */
    out = put_stored(out, bytes, stored);
    size_t room = p->packed_room - (size_t)(out - p->packed) - 4;
    size_t packed = libdeflate_deflate_compress(p->deflate, bytes + stored, n - stored, out, room);
    if (packed == 0)
        return 0;
    out += packed;
    for (int shift = 24; shift >= 0; shift -= 8)
        *out++ = (unsigned char)(check >> shift);
    return (size_t)(out - p->packed);
}

static bool all_zero(const unsigned char *bytes, size_t n)
{
    return bytes[0] == 0 && memcmp(bytes, bytes + 1, n - 1) == 0;
}

/* Compresses what was taken to p->packed; returns the size, 0 on failure. Most of the time would go into bytes that
 * do not compress at all, the low bytes of days and costs. After shuffling they stand in front, and as many
 * of these planes as look random are only stored. */
static size_t compress(struct kith_deflate *p)
{
    size_t n = p->n, all = n * p->width, stored = 0;
    while (stored + n < all && looks_random(p, p->shuffled + stored, n))
        stored += n;
    return make_stream(p, p->shuffled, all, stored);
}

/* Chunks of zeros are frequent (the member column of a model without children): the last one is kept. */
static size_t compress_zeros(struct kith_deflate *p)
{
    size_t all = p->n * p->width;
    if (p->zeros_bytes != all) {
        p->zeros_packed = compress(p);
        p->zeros_bytes = 0;
        if (p->zeros_packed == 0 || p->zeros_packed > sizeof p->zeros)
            return p->zeros_packed;
        memcpy(p->zeros, p->packed, p->zeros_packed);
        p->zeros_bytes = all;
    }
    memcpy(p->packed, p->zeros, p->zeros_packed);
    return p->zeros_packed;
}

enum kith_status kith_deflate_pack(struct kith_deflate *p, const unsigned char **packed, size_t *bytes)
{
    *bytes = all_zero(p->shuffled, p->n * p->width) ? compress_zeros(p) : compress(p);
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
