#include "deflate.h"

#include <isa-l/crc.h>
#include <isa-l/igzip_lib.h>
#include <string.h>

/* Of the library's 0 to 3: half as fast as its level 0, which knows nothing of the bytes, for 15 to 20 in 100 less. */
#define LEVEL 2
#define STORED_MOST ((size_t)65535) /* bytes of a stored block, into which it puts what does not shrink */
#define STORED_HEAD ((size_t)5)     /* and what each adds */
#define WRAPPING ((size_t)64)       /* header and checksum, and room to spare */

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "chunks are written as they stand in memory");

/* The library (2.30) comes back with the upper halves of vector registers in use. Scalar code of the plain instruction set then
 * carries them along from instruction to instruction, and England takes 10% longer to simulate. */
#ifdef __x86_64__
__attribute__((target("avx"))) static void clear_upper_halves(void)
{
    __builtin_ia32_vzeroupper();
}

static void leave_library(void)
{
    if (__builtin_cpu_supports("avx"))
        clear_upper_halves();
}
#else
static void leave_library(void)
{
}
#endif

enum kith_status kith_deflate_init(struct kith_deflate *p, struct kith_mem *mem)
{
    memset(p, 0, sizeof *p);
    p->mem = mem;
    /* cleared: the library looks at fields that its own initialisation leaves as they are */
    enum kith_status status = kith_mem_zeroed(mem, &p->deflate, 1, sizeof *p->deflate);
    if (status == KITH_OK)
        status = kith_mem_resize(mem, &p->workspace, ISAL_DEF_LVL2_DEFAULT, 1);
    if (status != KITH_OK)
        kith_deflate_free(p);
    return status;
}

void kith_deflate_free(struct kith_deflate *p)
{
    kith_mem_free(&p->deflate);
    kith_mem_free(&p->workspace);
    kith_mem_free(&p->inflate);
    kith_mem_free(&p->shuffled);
    kith_mem_free(&p->packed);
    memset(p, 0, sizeof *p);
}

enum kith_status kith_deflate_reserve(struct kith_deflate *p, size_t bytes)
{
    if (bytes <= p->room)
        return KITH_OK;
    size_t bound = bytes + STORED_HEAD * (bytes / STORED_MOST + 1) + WRAPPING;
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

enum kith_status kith_deflate_pack(struct kith_deflate *p, const unsigned char **packed, size_t *bytes)
{
    struct isal_zstream *z = p->deflate;
    if (p->packed_room > UINT32_MAX)
        return KITH_INTERNAL;
    isal_deflate_stateless_init(z);
    z->level = LEVEL;
    z->level_buf = p->workspace;
    z->level_buf_size = ISAL_DEF_LVL2_DEFAULT;
    z->gzip_flag = IGZIP_ZLIB;
    z->end_of_stream = 1;
    z->next_in = p->shuffled;
    z->avail_in = (uint32_t)(p->n * p->width);
    z->next_out = p->packed;
    z->avail_out = (uint32_t)p->packed_room;
    int code = isal_deflate_stateless(z);
    leave_library();
    if (code != COMP_OK || z->avail_in > 0)
        return KITH_INTERNAL;
    *packed = p->packed;
    *bytes = z->total_out;
    return KITH_OK;
}

enum kith_status kith_deflate_make(struct kith_deflate *p, const void *data, size_t n, size_t width,
                                const unsigned char **packed, size_t *bytes)
{
    enum kith_status status = kith_deflate_take(p, data, n, width);
    return status == KITH_OK ? kith_deflate_pack(p, packed, bytes) : status;
}

/* Undoes it, likewise. */
static inline void unshuffle(unsigned char *restrict out, const unsigned char *restrict in, size_t n, size_t width)
{
    for (size_t i = 0; i < n; i++)
        for (size_t b = 0; b < width; b++)
            out[i * width + b] = in[b * n + i];
}

enum kith_status kith_deflate_undo(struct kith_deflate *p, const unsigned char *packed, size_t bytes, void *data,
                                   size_t n, size_t width)
{
    enum kith_status status = kith_deflate_reserve(p, n * width);
    if (status != KITH_OK)
        return status;
    if (!p->inflate)
        status = kith_mem_zeroed(p->mem, &p->inflate, 1, sizeof *p->inflate);
    if (status != KITH_OK)
        return status;
    if (bytes > UINT32_MAX || n * width > UINT32_MAX)
        return KITH_IO;
    unsigned char *to = width == 1 ? data : p->shuffled;
    struct inflate_state *z = p->inflate;
    isal_inflate_init(z);
    z->crc_flag = ISAL_ZLIB;
    z->next_in = (unsigned char *)(uintptr_t)packed;
    z->avail_in = (uint32_t)bytes;
    z->next_out = to;
    z->avail_out = (uint32_t)(n * width);
    int code = isal_inflate_stateless(z);
    leave_library();
    if (code != ISAL_DECOMP_OK || z->avail_in > 0 || z->avail_out > 0)
        return KITH_IO;
    if (width == 4)
        unshuffle(data, to, n, 4);
    else if (width == 8)
        unshuffle(data, to, n, 8);
    else if (width > 1)
        unshuffle(data, to, n, width);
    return KITH_OK;
}

uint32_t kith_deflate_crc(uint32_t before, const void *bytes, size_t n)
{
    uint32_t crc = crc32_gzip_refl(before, bytes, n);
    leave_library();
    return crc;
}
