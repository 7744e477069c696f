/* Trajectories from a finished output file into a new one. */
#include <string.h>

#include "layout.h"
#include "results.h"
#include "trajectories.h"

#define BATCH 8192 /* families at a time */
#define CACHE ((size_t)8 << 20) /* bytes of unpacked chunks of each column: at least two of the largest */

/* A 1-D dataset, and an array that grows for some of its elements as they stand in the file. It stays open from cell to
 * cell with its last chunks unpacked: each holds the rows of many families. */
struct column {
    hid_t dataset, space, type; /* valid if width > 0 */
    unsigned char *bytes;
    size_t width;
};

static enum kith_status open_column(const struct kith_h5 *h, const char *path, size_t width, struct column *c)
{
    hid_t access = H5Pcreate(H5P_DATASET_ACCESS);
    (void)!H5Pset_chunk_cache(access, 101, CACHE, 1.0);
    c->dataset = H5Dopen2(h->id, path, access);
    c->space = c->dataset < 0 ? H5I_INVALID_HID : H5Dget_space(c->dataset);
    c->type = c->dataset < 0 ? H5I_INVALID_HID : H5Dget_type(c->dataset);
    c->width = c->type < 0 ? 0 : H5Tget_size(c->type);
    enum kith_status st = KITH_OK;
    if (c->space < 0 || c->width == 0)
        st = kith_h5_fail(h, "read", path);
    else if (H5Sget_simple_extent_ndims(c->space) != 1 || c->width > 8 || (width && c->width != width))
        st = kith_error_set(h->err, KITH_IO, h->path, 0, 0, "damaged output file: %s", path);
    H5Pclose(access);
    return st;
}

static void close_column(struct column *c)
{
    if (c->type > 0)
        H5Tclose(c->type);
    if (c->space > 0)
        H5Sclose(c->space);
    if (c->dataset > 0)
        H5Dclose(c->dataset);
    kith_mem_free(&c->bytes);
}

static enum kith_status read_rows(const struct kith_h5 *h, const char *path, uint64_t from, size_t n, size_t width,
                                  struct column *c)
{
    const hsize_t start = from, count = n;
    enum kith_status st = c->width > 0 ? KITH_OK : open_column(h, path, width, c);
    if (!st && kith_mem_resize(h->mem, &c->bytes, n + 1, 8))
        st = kith_error_set(h->err, KITH_NO_MEMORY, h->path, 0, 0, "out of memory");
    if (st || n == 0)
        return st;
    hid_t memory = H5Screate_simple(1, &count, NULL);
    if (H5Sselect_hyperslab(c->space, H5S_SELECT_SET, &start, NULL, &count, NULL) < 0 ||
        H5Dread(c->dataset, c->type, memory, c->space, H5P_DEFAULT, c->bytes) < 0)
        st = kith_h5_fail(h, "read", path);
    H5Sclose(memory);
    return st;
}

enum { ID, EVENT_OFFSET, MEMBER_OFFSET, BIRTH_DAY, DAY, MEMBER, CODE, FAMILY_OFFSET, N_COLUMNS };

struct kith_results_copy {
    struct kith_h5 h;
    const struct kith_shape *shape;
    struct column column[N_COLUMNS];
    struct column *attributes; /* [shape->n_attributes] */
    int64_t *event_end, *member_end;
    float *attribute;
};

static enum kith_status no_memory(const struct kith_results_copy *c)
{
    return kith_error_set(c->h.err, KITH_NO_MEMORY, c->h.path, 0, 0, "out of memory");
}

/* Offsets in the file become ends in the batch. */
static enum kith_status ends(struct kith_results_copy *c, const struct column *offsets, int64_t **end, size_t n, uint64_t *from,
                             size_t *rows)
{
    const int64_t *offset = (const int64_t *)(const void *)offsets->bytes;
    if (kith_mem_resize(c->h.mem, end, n + 1, sizeof **end))
        return no_memory(c);
    for (size_t i = 0; i < n; i++) {
        if (offset[0] < 0 || offset[i + 1] < offset[i])
            return kith_error_set(c->h.err, KITH_IO, c->h.path, 0, 0, "damaged output file: offsets of trajectories");
        (*end)[i] = offset[i + 1] - offset[0];
    }
    *from = (uint64_t)offset[0];
    *rows = (size_t)(offset[n] - offset[0]);
    return KITH_OK;
}

static enum kith_status attributes(struct kith_results_copy *c, uint64_t first, size_t n)
{
    size_t m = c->shape->n_attributes;
    enum kith_status st = KITH_OK;
    if (kith_mem_resize(c->h.mem, &c->attribute, n * m + 1, sizeof *c->attribute))
        return no_memory(c);
    for (size_t a = 0; a < m && !st; a++) {
        char path[128];
        kith_trajectories_attribute(path, sizeof path, c->shape->attributes[a].name);
        st = read_rows(&c->h, path, first, n, sizeof(float), &c->attributes[a]);
        for (size_t i = 0; i < n && !st; i++)
            memcpy(&c->attribute[i * m + a], c->attributes[a].bytes + i * sizeof(float), sizeof(float));
    }
    return st;
}

static enum kith_status codes(struct kith_results_copy *c, uint64_t first, size_t n)
{
    const size_t width = kith_shape_code_bytes(c->shape);
    struct kith_tracks t = {.n_events = n, .code_bytes = width};
    enum kith_status st = read_rows(&c->h, "/trajectories/event/code", first, n, width, &c->column[CODE]);
    t.code = c->column[CODE].bytes;
    for (size_t i = 0; i < n && !st; i++)
        if (kith_tracks_code(&t, i) >= c->shape->n_transitions)
            st = kith_error_set(c->h.err, KITH_IO, c->h.path, 0, 0, "damaged output file: codes of events");
    return st;
}

/* Families [first, first + n) of the file. */
static enum kith_status batch(struct kith_results_copy *c, uint64_t first, size_t n, struct kith_writer *to)
{
    struct column *k = c->column;
    uint64_t event = 0, member = 0;
    size_t events = 0, members = 0;
    enum kith_status st = read_rows(&c->h, "/trajectories/family/id", first, n, 4, &k[ID]);
    if (!st)
        st = read_rows(&c->h, "/trajectories/family/event_offset", first, n + 1, 8, &k[EVENT_OFFSET]);
    if (!st)
        st = read_rows(&c->h, "/trajectories/family/member_offset", first, n + 1, 8, &k[MEMBER_OFFSET]);
    if (!st)
        st = ends(c, &k[EVENT_OFFSET], &c->event_end, n, &event, &events);
    if (!st)
        st = ends(c, &k[MEMBER_OFFSET], &c->member_end, n, &member, &members);
    if (!st)
        st = attributes(c, first, n);
    if (!st)
        st = read_rows(&c->h, "/trajectories/member/birth_day", member, members, 4, &k[BIRTH_DAY]);
    if (!st)
        st = read_rows(&c->h, "/trajectories/event/day", event, events, 2, &k[DAY]);
    if (!st)
        st = read_rows(&c->h, "/trajectories/event/member", event, events, 1, &k[MEMBER]);
    if (!st)
        st = codes(c, event, events);
    if (st)
        return st;
    const struct kith_tracks t = {.n_families = n,
                                  .n_members = members,
                                  .n_events = events,
                                  .id = (int32_t *)(void *)k[ID].bytes,
                                  .event_end = c->event_end,
                                  .member_end = c->member_end,
                                  .attribute = c->attribute,
                                  .birth_day = (int32_t *)(void *)k[BIRTH_DAY].bytes,
                                  .day = (uint16_t *)(void *)k[DAY].bytes,
                                  .member = c->shape->members > 0 ? (int8_t *)k[MEMBER].bytes : NULL,
                                  .code = k[CODE].bytes,
                                  .code_bytes = k[CODE].width};
    return kith_writer_tracks(to, &t, c->h.err);
}

/* What is kept from cell to cell. */
static enum kith_status begin(struct kith_results *r, struct kith_error *err)
{
    if (r->copy)
        return KITH_OK;
    enum kith_status st = kith_mem_zeroed(r->mem, &r->copy, 1, sizeof *r->copy);
    if (!st)
        st = kith_mem_zeroed(r->mem, &r->copy->attributes, r->shape.n_attributes, sizeof *r->copy->attributes);
    return st ? kith_error_set(err, st, r->path, 0, 0, "out of memory") : KITH_OK;
}

void kith_results_copy_end(struct kith_results *r)
{
    struct kith_results_copy *c = r->copy;
    if (!c)
        return;
    for (size_t i = 0; i < N_COLUMNS; i++)
        close_column(&c->column[i]);
    for (size_t i = 0; c->attributes && i < r->shape.n_attributes; i++)
        close_column(&c->attributes[i]);
    kith_mem_free(&c->attributes);
    kith_mem_free(&c->event_end);
    kith_mem_free(&c->member_end);
    kith_mem_free(&c->attribute);
    kith_mem_free(&r->copy);
}

enum kith_status kith_results_copy_tracks(struct kith_results *r, size_t replication, size_t arm, size_t area,
                                          struct kith_writer *to, struct kith_error *err)
{
    uint64_t cell = ((uint64_t)replication * r->n_arms + arm) * r->n_areas + area;
    int64_t range[2] = {0, 0};
    if (!(r->trajectories > 0))
        return KITH_OK;
    enum kith_status st = begin(r, err);
    struct kith_results_copy *c = r->copy;
    if (st)
        return st;
    c->h = (struct kith_h5){r->file, r->path, r->mem, err};
    c->shape = &r->shape;
    st = read_rows(&c->h, "/trajectories/cell/family_offset", cell, 2, 8, &c->column[FAMILY_OFFSET]);
    if (!st)
        memcpy(range, c->column[FAMILY_OFFSET].bytes, sizeof range);
    if (!st && (range[0] < 0 || range[1] < range[0]))
        st = kith_error_set(err, KITH_IO, r->path, 0, 0, "damaged output file: families of cells");
    for (int64_t at = range[0]; at < range[1] && !st; at += BATCH)
        st = batch(c, (uint64_t)at, range[1] - at < BATCH ? (size_t)(range[1] - at) : BATCH, to);
    return st;
}
