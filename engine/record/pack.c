#include "pack.h"

#define FASTEST 1 /* level that the file names; nothing depends on it */

enum kith_status kith_pack_write(struct kith_deflate *p, const struct kith_h5 *h, hid_t dataset,
                                 const char *name, const hsize_t *offset, const void *data, size_t n,
                                 size_t width)
{
    const unsigned char *packed;
    size_t bytes;
    enum kith_status status = kith_deflate_make(p, data, n, width, &packed, &bytes);
    if (status == KITH_NO_MEMORY)
        return kith_error_set(h->err, status, h->path, 0, 0, "out of memory");
    if (status != KITH_OK)
        return kith_error_set(h->err, status, h->path, 0, 0, "cannot compress a chunk of %s", name);
    if (H5Dwrite_chunk(dataset, H5P_DEFAULT, 0, offset, bytes, packed) < 0)
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
        H5Pset_deflate(list, FASTEST) >= 0 && (!fill || H5Pset_fill_value(list, file_type, fill) >= 0) &&
        H5Pset_chunk_cache(access, 1, 0, 0.0) >= 0)
        *dataset = H5Dcreate2(h->id, path, file_type, space, H5P_DEFAULT, list, access);
    if (*dataset < 0)
        status = kith_h5_fail(h, "create", path);
    H5Pclose(access);
    H5Pclose(list);
    H5Sclose(space);
    return status;
}
