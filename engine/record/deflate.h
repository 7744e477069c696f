/* Arrays of numbers as chunks of an HDF5 file hold them: shuffled (all first bytes, then all second bytes, ...), then a
 * zlib stream, made by ISA-L (igzip), many times as fast as HDF5's own, and read by any HDF5 as ordinary gzip. How
 * many bytes it comes to may depend on the processor; what it unpacks to does not. Private to this room. */
#ifndef KITH_RECORD_DEFLATE_H
#define KITH_RECORD_DEFLATE_H

#include <stdint.h>

#include "../base/mem.h"

/* Scratch memory of a packer. One for all datasets of a file, or for each thread. */
struct kith_deflate {
    struct kith_mem *mem;
    struct isal_zstream *deflate;
    unsigned char *workspace;      /* of deflate */
    struct inflate_state *inflate; /* NULL until it is needed */
    unsigned char *shuffled, *packed;
    size_t room, packed_room;  /* bytes */
    size_t n, width;           /* of what is in `shuffled` */
};
/* KITH_NO_MEMORY, without a report and with nothing to free, when there is none; the same error below. */
KITH_MUST_CHECK enum kith_status kith_deflate_init(struct kith_deflate *p, struct kith_mem *mem);
void kith_deflate_free(struct kith_deflate *p);

/* Makes room for chunks of that many bytes, so that the functions below need no memory. */
KITH_MUST_CHECK enum kith_status kith_deflate_reserve(struct kith_deflate *p, size_t bytes);
/* Packs `data`, `n` > 0 elements of `width` bytes, as a chunk: *packed are *bytes bytes, valid until the next call.
 * KITH_INTERNAL above 4 GiB. */
KITH_MUST_CHECK enum kith_status kith_deflate_make(struct kith_deflate *p, const void *data, size_t n, size_t width,
                                                const unsigned char **packed, size_t *bytes);
/* The same in two steps: takes the data, which need not be kept, and packs what was taken. The second allocates nothing. */
KITH_MUST_CHECK enum kith_status kith_deflate_take(struct kith_deflate *p, const void *data, size_t n, size_t width);
KITH_MUST_CHECK enum kith_status kith_deflate_pack(struct kith_deflate *p, const unsigned char **packed, size_t *bytes);
/* The reverse: fills data[n * width bytes] from a chunk of `bytes` bytes. KITH_IO, without a report, if that is not such
 * a chunk of exactly that length; its checksum (Adler-32) is checked. */
KITH_MUST_CHECK enum kith_status kith_deflate_undo(struct kith_deflate *p, const unsigned char *packed, size_t bytes,
                                                   void *data, size_t n, size_t width);

/* CRC-32, as gzip's, of n bytes behind others whose CRC is `before`, 0 to begin with. */
uint32_t kith_deflate_crc(uint32_t before, const void *bytes, size_t n);

#endif
