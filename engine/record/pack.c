#include "pack.h"

#include <libdeflate.h>
#include <string.h>

#define LEVEL 1
#define SAMPLE ((size_t)8192)       /* bytes that are tried before a plane is compressed */
#define STORED_MOST ((size_t)65535) /* bytes of a stored block */

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "chunks are written as they stand in memory");

enum kith_status kith_pack_init(struct kith_pack *p, const struct kith_h5 *h)
{
    memset(p, 0, sizeof *p);
    p->deflate = libdeflate_alloc_compressor(LEVEL);
    if (!p->deflate)
        return kith_error_set(h->err, KITH_NO_MEMORY, h->path, 0, 0, "out of memory");
    return KITH_OK;
}

void kith_pack_free(struct kith_pack *p)
{
    if (p->deflate)
        libdeflate_free_compressor(p->deflate);
    kith_mem_free(&p->shuffled);
    kith_mem_free(&p->packed);
    memset(p, 0, sizeof *p);
}

static enum kith_status make_room(struct kith_pack *p, const struct kith_h5 *h, size_t bytes)
{
    if (bytes <= p->room)
        return KITH_OK;
    /* Stored blocks take 5 bytes each, of which the bound of the rest may know nothing. */
    size_t bound = libdeflate_zlib_compress_bound(p->deflate, bytes) + 5 * (bytes / STORED_MOST + 16);
    if (kith_mem_resize(h->mem, &p->shuffled, bytes, 1) != KITH_OK ||
        kith_mem_resize(h->mem, &p->packed, bound, 1) != KITH_OK)
        return kith_error_set(h->err, KITH_NO_MEMORY, h->path, 0, 0, "out of memory");
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

static const unsigned char *shuffled(struct kith_pack *p, const void *data, size_t n, size_t width)
{
    switch (width) {
    case 1:
        return data;
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
    return p->shuffled;
}

/* Whether a sample from the middle of the bytes does not shrink by at least one part in 64. */
static bool looks_random(struct kith_pack *p, const unsigned char *bytes, size_t n)
{
    if (n < 4 * SAMPLE)
        return false;
    size_t packed = libdeflate_deflate_compress(p->deflate, bytes + n / 2, SAMPLE, p->packed, p->packed_room);
    return packed == 0 || packed > SAMPLE - SAMPLE / 64;
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
static size_t make_stream(struct kith_pack *p, const unsigned char *bytes, size_t n, size_t stored)
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

/* Compresses `data` to p->packed; returns the size, 0 on failure. Most of the time would go into bytes that
 * do not compress at all, the low bytes of days and costs. After shuffling they stand in front, and as many
 * of these planes as look random are only stored. */
static size_t compress(struct kith_pack *p, const void *data, size_t n, size_t width)
{
    const unsigned char *bytes = shuffled(p, data, n, width);
    size_t stored = 0;
    while (stored + n < n * width && looks_random(p, bytes + stored, n))
        stored += n;
    return make_stream(p, bytes, n * width, stored);
}

/* Chunks of zeros are frequent (the member column of a model without children): the last one is kept. */
static size_t compress_zeros(struct kith_pack *p, const void *data, size_t n, size_t width)
{
    if (p->zeros_bytes != n * width) {
        p->zeros_packed = compress(p, data, n, width);
        p->zeros_bytes = 0;
        if (p->zeros_packed == 0 || p->zeros_packed > sizeof p->zeros)
            return p->zeros_packed;
        memcpy(p->zeros, p->packed, p->zeros_packed);
        p->zeros_bytes = n * width;
    }
    memcpy(p->packed, p->zeros, p->zeros_packed);
    return p->zeros_packed;
}

enum kith_status kith_pack_write(struct kith_pack *p, const struct kith_h5 *h, hid_t dataset,
                                 const char *name, const hsize_t *offset, const void *data, size_t n,
                                 size_t width)
{
    enum kith_status status = make_room(p, h, n * width);
    if (status != KITH_OK)
        return status;
    size_t packed =
        all_zero(data, n * width) ? compress_zeros(p, data, n, width) : compress(p, data, n, width);
    if (packed == 0)
        return kith_error_set(h->err, KITH_INTERNAL, h->path, 0, 0, "cannot compress a chunk of %s", name);
    if (H5Dwrite_chunk(dataset, H5P_DEFAULT, 0, offset, packed, p->packed) < 0)
        return kith_h5_fail(h, "write", name);
    return KITH_OK;
}

enum kith_status kith_pack_create(const struct kith_h5 *h, const char *path, hid_t file_type, int rank,
                                  const hsize_t *dims, const hsize_t *most, const hsize_t *chunk,
                                  const void *fill, hid_t *dataset)
{
    enum kith_status status = KITH_OK;
    hid_t space = H5Screate_simple(rank, dims, most);
    hid_t list = H5Pcreate(H5P_DATASET_CREATE);
    hid_t access = H5Pcreate(H5P_DATASET_ACCESS);
    *dataset = H5I_INVALID_HID;
    /* Whole chunks go past HDF5's chunk cache, so that it needs no room. */
    if (space >= 0 && H5Pset_chunk(list, rank, chunk) >= 0 && H5Pset_shuffle(list) >= 0 &&
        H5Pset_deflate(list, LEVEL) >= 0 && (!fill || H5Pset_fill_value(list, file_type, fill) >= 0) &&
        H5Pset_chunk_cache(access, 1, 0, 0.0) >= 0)
        *dataset = H5Dcreate2(h->id, path, file_type, space, H5P_DEFAULT, list, access);
    if (*dataset < 0)
        status = kith_h5_fail(h, "create", path);
    H5Pclose(access);
    H5Pclose(list);
    H5Sclose(space);
    return status;
}
