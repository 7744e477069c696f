#include "column.h"

#include <stdio.h>
#include <string.h>

#include "pack.h"

enum kith_status kith_column_init(struct kith_column *c, struct kith_chunks *chunks, const struct kith_h5 *h,
                                  const char *path, hid_t file_type, const char *units, const char *what)
{
    hsize_t dims = 0, most = H5S_UNLIMITED, chunk = KITH_COLUMN_CHUNK;
    enum kith_status status;
    memset(c, 0, sizeof *c);
    c->chunks = chunks;
    c->width = H5Tget_size(file_type);
    snprintf(c->name, sizeof c->name, "%s", path);
    status = kith_mem_resize(h->mem, &c->buffer, KITH_COLUMN_CHUNK, c->width);
    if (status != KITH_OK)
        return kith_error_set(h->err, status, h->path, 0, 0, "out of memory");
    status = kith_pack_create(h, path, file_type, 1, &dims, &most, &chunk, NULL, &c->dataset);
    if (status == KITH_OK)
        status = kith_h5_describe(h, c->dataset, units, what);
    return status;
}

void *kith_column_room(struct kith_column *c, size_t *room)
{
    *room = KITH_COLUMN_CHUNK - c->n;
    return c->buffer + c->n * c->width;
}

static enum kith_status set_length(struct kith_column *c, const struct kith_h5 *h, uint64_t length)
{
    hsize_t dims = length;
    if (H5Dset_extent(c->dataset, &dims) < 0)
        return kith_h5_fail(h, "write", c->name);
    return KITH_OK;
}

/* The file holds whole chunks only, so the last one is filled up with zeros behind its last row. */
static enum kith_status write_chunk(struct kith_column *c, const struct kith_h5 *h)
{
    memset(c->buffer + c->n * c->width, 0, (KITH_COLUMN_CHUNK - c->n) * c->width);
    enum kith_status status = set_length(c, h, c->done + c->n);
    if (status == KITH_OK)
        status = kith_chunks_put(c->chunks, h, c->dataset, c->name, c->done, c->buffer, KITH_COLUMN_CHUNK, c->width);
    c->done += c->n;
    c->n = 0;
    return status;
}

enum kith_status kith_column_filled(struct kith_column *c, const struct kith_h5 *h,
                                    size_t n)
{
    c->n += n;
    return c->n == KITH_COLUMN_CHUNK ? write_chunk(c, h) : KITH_OK;
}

enum kith_status kith_column_add(struct kith_column *c, const struct kith_h5 *h,
                                 const void *data, size_t n)
{
    const unsigned char *from = data;
    enum kith_status status = KITH_OK;
    while (n > 0 && status == KITH_OK) {
        size_t room;
        void *to = kith_column_room(c, &room);
        size_t part = n < room ? n : room;
        memcpy(to, from, part * c->width);
        status = kith_column_filled(c, h, part);
        from += part * c->width;
        n -= part;
    }
    return status;
}

void kith_column_keep(struct kith_column *c)
{
    c->kept = c->done + c->n;
}

enum kith_status kith_column_cut(struct kith_column *c, const struct kith_h5 *h)
{
    if (c->kept >= c->done) {
        c->n = (size_t)(c->kept - c->done);
        return KITH_OK;
    }
    c->n = 0;
    c->done = c->kept;
    return set_length(c, h, c->kept);
}

enum kith_status kith_column_finish(struct kith_column *c, const struct kith_h5 *h)
{
    return c->n > 0 ? write_chunk(c, h) : KITH_OK;
}

void kith_column_free(struct kith_column *c)
{
    if (c->width > 0 && c->dataset >= 0)
        H5Dclose(c->dataset);
    kith_mem_free(&c->buffer);
    memset(c, 0, sizeof *c);
}

uint64_t kith_column_length(const struct kith_column *c)
{
    return c->done + c->n;
}
