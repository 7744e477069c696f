/* Chunks of HDF5 datasets compressed here (deflate.h) and written whole. Any HDF5 library reads them as ordinary shuffle +
 * gzip. Private to this room. */
#ifndef KITH_RECORD_PACK_H
#define KITH_RECORD_PACK_H

#include "deflate.h"
#include "h5.h"

/* Writes `data`, `n` elements of `width` bytes, as the chunk of `dataset` that begins at `offset`. `name` is
 * for reports. */
KITH_MUST_CHECK enum kith_status kith_pack_write(struct kith_deflate *p, const struct kith_h5 *h, hid_t dataset,
                                                 const char *name, const hsize_t *offset, const void *data,
                                                 size_t n, size_t width);

/* Creates a dataset with the filters that kith_pack_write applies. `fill`, of the dataset's type, or NULL for
 * 0, is what chunks that were never written read as. */
KITH_MUST_CHECK enum kith_status kith_pack_create(const struct kith_h5 *h, const char *path, hid_t file_type,
                                                  int rank, const hsize_t *dims, const hsize_t *most,
                                                  const hsize_t *chunk, const void *fill, hid_t *dataset);

#endif
