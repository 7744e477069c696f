/* The digest of results. Hashed are, in this order, those of the following datasets that exist:
 *
 *   /cells/done; /series/stock, flow, count, cost, amount; /outcomes/yearly, total;
 *   /trajectories/cell/family_offset, family/id, family/event_offset, family/member_offset, member/birth_day,
 *   event/day, event/member, event/code; then every other dataset of /trajectories/family in order of name
 *
 * each as the text "PATH TYPE DIM DIM ...\n" (TYPE: i1 u1 i2 u2 i4 i8 f4 f8), followed by its elements in
 * row-major order, little-endian. NaNs, of which there are many, are all written as the one with no payload.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "../base/hash.h"
#include "layout.h"
#include "results.h"

#define PIECE ((size_t)2 << 20) /* bytes read at a time */

struct digest {
    struct kith_h5 h;
    struct kith_sha256 sha;
    unsigned char *piece; /* [PIECE] */
};

/* A dataset that is being hashed. */
struct source {
    const char *path;
    hid_t dataset, space, type;
    int rank;
    hsize_t dims[KITH_BLOCKS_RANK];
    size_t width;
    bool real;
};

/* The type as it stands in the file for numbers; an enum counts as the integer that it is. */
static hid_t number_type(hid_t dataset, char name[3])
{
    hid_t stored = H5Dget_type(dataset);
    hid_t type = stored;
    if (stored < 0)
        return stored;
    if (H5Tget_class(stored) == H5T_ENUM) {
        type = H5Tget_super(stored);
        H5Tclose(stored);
    }
    bool real = H5Tget_class(type) == H5T_FLOAT;
    name[0] = real ? 'f' : H5Tget_sign(type) == H5T_SGN_NONE ? 'u' : 'i';
    name[1] = (char)('0' + H5Tget_size(type) % 10);
    name[2] = '\0';
    return type;
}

/* The file's own little-endian types; HDF5 takes an enum column as integers of the same size only by its own
 * type, so that one is used. */
static enum kith_status open_source(struct digest *d, const char *path, struct source *s)
{
    char type[3] = "", head[256];
    *s = (struct source){.path = path, .dataset = H5Dopen2(d->h.id, path, H5P_DEFAULT)};
    s->space = s->dataset < 0 ? H5I_INVALID_HID : H5Dget_space(s->dataset);
    s->rank = s->space < 0 ? -1 : H5Sget_simple_extent_ndims(s->space);
    s->type = s->dataset < 0 ? H5I_INVALID_HID : H5Dget_type(s->dataset);
    hid_t number = s->dataset < 0 ? H5I_INVALID_HID : number_type(s->dataset, type);
    if (s->rank < 1 || s->rank > KITH_BLOCKS_RANK || s->type < 0 || number < 0)
        return kith_h5_fail(&d->h, "read", path);
    H5Tclose(number);
    s->width = H5Tget_size(s->type);
    s->real = type[0] == 'f';
    H5Sget_simple_extent_dims(s->space, s->dims, NULL);
    int n = snprintf(head, sizeof head, "%s %s", path, type);
    for (int i = 0; i < s->rank; i++)
        n += snprintf(head + n, sizeof head - (size_t)n, " %llu", (unsigned long long)s->dims[i]);
    kith_sha256_add(&d->sha, head, (size_t)n);
    kith_sha256_add(&d->sha, "\n", 1);
    return KITH_OK;
}

static void close_source(struct source *s)
{
    if (s->type >= 0)
        H5Tclose(s->type);
    if (s->space >= 0)
        H5Sclose(s->space);
    if (s->dataset >= 0)
        H5Dclose(s->dataset);
}

static void make_nans_one(unsigned char *bytes, size_t n, size_t width)
{
    for (size_t i = 0; i < n; i++) {
        if (width == sizeof(double)) {
            static const unsigned char one[] = {0, 0, 0, 0, 0, 0, 0xf8, 0x7f};
            double x;
            memcpy(&x, bytes + i * width, width);
            if (isnan(x))
                memcpy(bytes + i * width, one, width);
        } else {
            static const unsigned char one[] = {0, 0, 0xc0, 0x7f};
            float x;
            memcpy(&x, bytes + i * width, sizeof x);
            if (isnan(x))
                memcpy(bytes + i * width, one, sizeof one);
        }
    }
}

static enum kith_status hash_part(struct digest *d, struct source *s, const hsize_t *start,
                                  const hsize_t *count)
{
    hsize_t n = 1;
    for (int i = 0; i < s->rank; i++)
        n *= count[i];
    hid_t memory =
        H5Screate_simple(s->rank, count, NULL); /* of another rank, it would go element by element */
    enum kith_status status = KITH_OK;
    if (H5Sselect_hyperslab(s->space, H5S_SELECT_SET, start, NULL, count, NULL) < 0 ||
        H5Dread(s->dataset, s->type, memory, s->space, H5P_DEFAULT, d->piece) < 0)
        status = kith_h5_fail(&d->h, "read", s->path);
    H5Sclose(memory);
    if (status != KITH_OK)
        return status;
    if (s->real)
        make_nans_one(d->piece, (size_t)n, s->width);
    kith_sha256_add(&d->sha, d->piece, (size_t)n * s->width);
    return KITH_OK;
}

/* The largest part [1]...[1][some][all]...[all] that fits in a piece: sets count[] and returns the axis that
 * is walked in steps of more than one. */
static int choose_part(const struct source *s, hsize_t *count)
{
    hsize_t bytes = s->width;
    int axis = s->rank - 1;
    while (axis > 0 && bytes * s->dims[axis] <= PIECE) {
        count[axis] = s->dims[axis];
        bytes *= s->dims[axis];
        axis--;
    }
    hsize_t fit = PIECE / bytes;
    count[axis] = fit < s->dims[axis] ? fit : s->dims[axis];
    for (int i = 0; i < axis; i++)
        count[i] = 1;
    return axis;
}

/* Moves start[] on to the next part; false behind the last. */
static bool next_part(const struct source *s, hsize_t *start, const hsize_t *count, int axis)
{
    for (int i = axis; i >= 0; i--) {
        start[i] += count[i];
        if (start[i] < s->dims[i])
            return true;
        start[i] = 0;
    }
    return false;
}

static enum kith_status hash_dataset(struct digest *d, const char *path)
{
    struct source s;
    hsize_t start[KITH_BLOCKS_RANK] = {0}, count[KITH_BLOCKS_RANK] = {0}, part[KITH_BLOCKS_RANK];
    if (!kith_h5_exists(&d->h, path))
        return KITH_OK;
    enum kith_status status = open_source(d, path, &s);
    bool more = status == KITH_OK;
    for (int i = 0; more && i < s.rank; i++)
        more = s.dims[i] > 0;
    int axis = more ? choose_part(&s, count) : 0;
    while (more && status == KITH_OK) {
        memcpy(part, count, sizeof part);
        if (s.dims[axis] - start[axis] < part[axis])
            part[axis] = s.dims[axis] - start[axis];
        status = hash_part(d, &s, start, part);
        more = next_part(&s, start, count, axis);
    }
    close_source(&s);
    return status;
}

static herr_t hash_attribute(hid_t group, const char *name, const H5L_info_t *info, void *data)
{
    char path[256];
    (void)group;
    (void)info;
    if (strcmp(name, "id") == 0 || strcmp(name, "event_offset") == 0 || strcmp(name, "member_offset") == 0)
        return 0;
    snprintf(path, sizeof path, "/trajectories/family/%s", name);
    return hash_dataset(data, path) == KITH_OK ? 0 : -1;
}

static enum kith_status hash_all(struct digest *d)
{
    static const char *const paths[] = {
        "/cells/done",
        "/series/stock",
        "/series/flow",
        "/series/count",
        "/series/cost",
        "/series/amount",
        "/outcomes/yearly",
        "/outcomes/total",
        "/trajectories/cell/family_offset",
        "/trajectories/family/id",
        "/trajectories/family/event_offset",
        "/trajectories/family/member_offset",
        "/trajectories/member/birth_day",
        "/trajectories/event/day",
        "/trajectories/event/member",
        "/trajectories/event/code",
    };
    enum kith_status status = KITH_OK;
    for (size_t i = 0; i < sizeof paths / sizeof *paths && status == KITH_OK; i++)
        status = hash_dataset(d, paths[i]);
    if (status == KITH_OK && kith_h5_exists(&d->h, "/trajectories/family") &&
        H5Literate_by_name(d->h.id, "/trajectories/family", H5_INDEX_NAME, H5_ITER_INC, NULL, hash_attribute,
                           d, H5P_DEFAULT) < 0)
        status = KITH_IO; /* reported where it failed */
    return status;
}

enum kith_status kith_results_digest(struct kith_results *r, char hex[65], struct kith_error *err)
{
    struct digest d = {.h = {r->file, r->path, r->mem, err}};
    enum kith_status status = kith_mem_resize(r->mem, &d.piece, PIECE, 1);
    if (status == KITH_OK)
        status = kith_sha256_begin(&d.sha);
    if (status != KITH_OK) {
        kith_error_set(err, status, r->path, 0, 0, "out of memory");
    } else {
        status = hash_all(&d);
        kith_sha256_end(&d.sha, hex);
    }
    kith_mem_free(&d.piece);
    return status;
}
