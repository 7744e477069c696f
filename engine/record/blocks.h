/* A dataset [replication]... that is written one block at a time, its last one or two axes, and grows along
 * its first axis. Private to this room. */
#ifndef KITH_RECORD_BLOCKS_H
#define KITH_RECORD_BLOCKS_H

#include "pack.h"

#define KITH_BLOCKS_RANK 5

struct kith_blocks {
    hid_t dataset; /* only valid if rank > 0 */
    int rank;      /* 0: there is no such dataset */
    hsize_t dims[KITH_BLOCKS_RANK];
    int lead;                 /* axes before those of a block */
    hsize_t rows, chunk_rows; /* of a block, and how many of them make a chunk */
    size_t width;
    unsigned char *last; /* a chunk that is not all rows, filled up */
    const char *name;
};

/* Creates `path` (a literal: it is kept) with the axes dims[rank], of which the last `block` (1 or 2) make a
 * block; dims[0] is 0 to begin with, no other axis is empty. A chunk is a block, or as many of its rows as
 * fit in 4 MiB. `fill` as for kith_pack_create. */
KITH_MUST_CHECK enum kith_status kith_blocks_init(struct kith_blocks *b, const struct kith_h5 *h,
                                                  const char *path, hid_t file_type, int rank, int block,
                                                  const hsize_t *dims, const void *fill, const char *units,
                                                  const char *what);
/* Sets the length of the first axis. */
KITH_MUST_CHECK enum kith_status kith_blocks_extend(struct kith_blocks *b, const struct kith_h5 *h,
                                                    hsize_t n);
/* Writes the block at `at`: indices of all axes before it. */
KITH_MUST_CHECK enum kith_status kith_blocks_write(struct kith_blocks *b, struct kith_deflate *p,
                                                   const struct kith_h5 *h, const hsize_t *at,
                                                   const void *data);
/* The same with a block that kith_deflate_make has packed as the chunk it is: only if kith_blocks_single. */
KITH_MUST_CHECK enum kith_status kith_blocks_write_packed(struct kith_blocks *b, const struct kith_h5 *h,
                                                          const hsize_t *at, const unsigned char *packed, size_t bytes);
/* Whether a block is one chunk, not several; true for no dataset. */
bool kith_blocks_single(const struct kith_blocks *b);
void kith_blocks_free(struct kith_blocks *b);

#endif
