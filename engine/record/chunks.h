/* Chunks on their way to the file: the writer hands them over, whichever thread has time packs them, and the writer puts
 * them into the file in the order in which they came. Private to this room. */
#ifndef KITH_RECORD_CHUNKS_H
#define KITH_RECORD_CHUNKS_H

#include <stdatomic.h>

#include "deflate.h"
#include "h5.h"

#define KITH_CHUNKS 8 /* under way at most: more threads than that are never kept busy by one that reads and writes */

struct kith_chunk {
    atomic_int stage; /* enum stage, chunks.c */
    hid_t dataset;
    const char *name;
    hsize_t offset;
    struct kith_deflate pack;
    const unsigned char *packed; /* [bytes] in `pack` */
    size_t bytes;
    enum kith_status status;
};

struct kith_chunks {
    struct kith_chunk chunk[KITH_CHUNKS];
    size_t taken, written; /* since the beginning; number i is chunk[i % KITH_CHUNKS] */
};

/* Room for chunks of up to `most` bytes. To be freed in every case; a zeroed struct may be. KITH_NO_MEMORY without a
 * report. */
KITH_MUST_CHECK enum kith_status kith_chunks_init(struct kith_chunks *c, struct kith_mem *mem, size_t most);
void kith_chunks_free(struct kith_chunks *c);
/* Takes `data`, `n` elements of `width` bytes, as the 1-D chunk of `dataset` that begins at `offset` and is within its
 * extent. `data` is free afterwards; `name`, for reports, stays borrowed. Writes an earlier one if there is no room. */
KITH_MUST_CHECK enum kith_status kith_chunks_put(struct kith_chunks *c, const struct kith_h5 *h, hid_t dataset,
                                                 const char *name, hsize_t offset, const void *data, size_t n, size_t width);
/* Writes all that were taken. */
KITH_MUST_CHECK enum kith_status kith_chunks_finish(struct kith_chunks *c, const struct kith_h5 *h);
/* Packs one chunk that waits; false if none does. Any number of threads may call it, while another writes. */
bool kith_chunks_help(struct kith_chunks *c);

#endif
