#include "blocks.h"

#include <string.h>

#define LARGEST_CHUNK ((hsize_t)4 << 20) /* bytes */

/* A chunk that hangs over the last row has to be filled up; the library wants whole chunks. */
static enum kith_status init_last(struct kith_blocks *b, const struct kith_h5 *h)
{
    size_t bytes = (size_t)(b->chunk_rows * b->dims[b->rank - 1]) * b->width;
    if (b->rows % b->chunk_rows == 0)
        return KITH_OK;
    enum kith_status status = kith_mem_zeroed(h->mem, &b->last, bytes, 1);
    if (status != KITH_OK)
        return kith_error_set(h->err, status, h->path, 0, 0, "out of memory");
    return KITH_OK;
}

enum kith_status kith_blocks_init(struct kith_blocks *b, const struct kith_h5 *h, const char *path,
                                  hid_t file_type, int rank, int block, const hsize_t *dims, const void *fill,
                                  const char *units, const char *what)
{
    hsize_t most[KITH_BLOCKS_RANK], chunk[KITH_BLOCKS_RANK];
    memset(b, 0, sizeof *b);
    for (int i = 0; i < rank; i++) {
        b->dims[i] = most[i] = dims[i];
        chunk[i] = 1;
    }
    most[0] = H5S_UNLIMITED;
    b->width = H5Tget_size(file_type);
    b->name = path;
    b->lead = rank - block;
    hsize_t fit = LARGEST_CHUNK / (dims[rank - 1] * b->width);
    b->rows = block == 2 ? dims[rank - 2] : 1;
    b->chunk_rows = fit < 1 ? 1 : fit < b->rows ? fit : b->rows;
    if (block == 2)
        chunk[rank - 2] = b->chunk_rows;
    chunk[rank - 1] = dims[rank - 1];
    enum kith_status status =
        kith_pack_create(h, path, file_type, rank, dims, most, chunk, fill, &b->dataset);
    if (status != KITH_OK)
        return status;
    b->rank = rank;
    status = init_last(b, h);
    return status == KITH_OK ? kith_h5_describe(h, b->dataset, units, what) : status;
}

enum kith_status kith_blocks_extend(struct kith_blocks *b, const struct kith_h5 *h, hsize_t n)
{
    if (b->rank == 0 || b->dims[0] == n)
        return KITH_OK;
    b->dims[0] = n;
    if (H5Dset_extent(b->dataset, b->dims) < 0)
        return kith_h5_fail(h, "write", b->name);
    return KITH_OK;
}

enum kith_status kith_blocks_write(struct kith_blocks *b, struct kith_deflate *p, const struct kith_h5 *h,
                                   const hsize_t *at, const void *data)
{
    hsize_t offset[KITH_BLOCKS_RANK] = {0};
    enum kith_status status = KITH_OK;
    if (b->rank == 0)
        return KITH_OK;
    size_t row_bytes = (size_t)b->dims[b->rank - 1] * b->width;
    size_t n = (size_t)(b->chunk_rows * b->dims[b->rank - 1]);
    for (int i = 0; i < b->lead; i++)
        offset[i] = at[i];
    for (hsize_t row = 0; row < b->rows && status == KITH_OK; row += b->chunk_rows) {
        const unsigned char *from = (const unsigned char *)data + row * row_bytes;
        if (b->rows - row < b->chunk_rows) {
            memcpy(b->last, from, (size_t)(b->rows - row) * row_bytes);
            from = b->last;
        }
        if (b->lead == b->rank - 2)
            offset[b->lead] = row;
        status = kith_pack_write(p, h, b->dataset, b->name, offset, from, n, b->width);
    }
    return status;
}

bool kith_blocks_single(const struct kith_blocks *b)
{
    return b->rank == 0 || b->rows == b->chunk_rows;
}

enum kith_status kith_blocks_write_packed(struct kith_blocks *b, const struct kith_h5 *h, const hsize_t *at,
                                          const unsigned char *packed, size_t bytes)
{
    hsize_t offset[KITH_BLOCKS_RANK] = {0};
    if (b->rank == 0)
        return KITH_OK;
    for (int i = 0; i < b->lead; i++)
        offset[i] = at[i];
    if (H5Dwrite_chunk(b->dataset, H5P_DEFAULT, 0, offset, bytes, packed) < 0)
        return kith_h5_fail(h, "write", b->name);
    return KITH_OK;
}

void kith_blocks_free(struct kith_blocks *b)
{
    if (b->rank > 0)
        H5Dclose(b->dataset);
    kith_mem_free(&b->last);
    memset(b, 0, sizeof *b);
}
