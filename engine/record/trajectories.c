#include "trajectories.h"

#include <stdio.h>
#include <string.h>

#define LONGEST_NAME 320
#define WIDEST 8 /* bytes of an element of a column */
/* An object's description must fit in 64 KiB (a limit of HDF5); beyond this many bytes of names the codes
 * stay plain numbers, explained by /axes/transition alone. */
#define LARGEST_ENUM 60000

/* The enum of transition codes. Two transitions of one name are told apart by their number. */
static hid_t make_enum(const struct kith_shape *shape, bool small, size_t *bytes)
{
    hid_t type = H5Tenum_create(small ? H5T_STD_U8LE : H5T_STD_I16LE);
    *bytes = 0;
    for (size_t i = 0; i < shape->n_transitions && type >= 0; i++) {
        char name[LONGEST_NAME];
        uint8_t small_code = (uint8_t)i;
        int16_t code = (int16_t)i;
        const void *value = small ? (const void *)&small_code : (const void *)&code;
        kith_layout_transition_name(shape, i, name, sizeof name);
        if (H5Tenum_insert(type, name, value) < 0) {
            size_t n = strlen(name);
            snprintf(name + n, sizeof name - n, "#%zu", i);
            if (H5Tenum_insert(type, name, value) < 0) {
                H5Tclose(type);
                return H5I_INVALID_HID;
            }
        }
        *bytes += (strlen(name) + 8) / 8 * 8 + 2; /* padded to 8, with the NUL */
    }
    return type;
}

/* flag_values and flag_meanings, by which the CF conventions explain codes. */
static enum kith_status put_flags(const struct kith_h5 *h, hid_t dataset, const struct kith_shape *shape,
                                  bool small)
{
    hsize_t n = shape->n_transitions;
    int16_t *values = NULL;
    char *meanings = NULL;
    size_t used = 0;
    enum kith_status status = kith_mem_resize(h->mem, &values, n, sizeof *values);
    if (status == KITH_OK)
        status = kith_mem_zeroed(h->mem, &meanings, n, LONGEST_NAME);
    if (status != KITH_OK) {
        kith_error_set(h->err, status, h->path, 0, 0, "out of memory");
        goto out;
    }
    for (size_t i = 0; i < n; i++) {
        values[i] = (int16_t)i;
        if (i > 0)
            meanings[used++] = ' ';
        kith_layout_transition_name(shape, i, meanings + used, LONGEST_NAME - 1);
        used += strlen(meanings + used);
    }
    status = kith_h5_set_text(h, dataset, "flag_meanings", meanings);
    hid_t space = H5Screate_simple(1, &n, NULL);
    hid_t attribute = H5Acreate2(dataset, "flag_values", small ? H5T_STD_U8LE : H5T_STD_I16LE, space,
                                 H5P_DEFAULT, H5P_DEFAULT);
    if (status == KITH_OK && (attribute < 0 || H5Awrite(attribute, H5T_NATIVE_INT16, values) < 0))
        status = kith_h5_fail(h, "write attribute", "flag_values");
    if (attribute >= 0)
        status = kith_h5_closed(h, H5Aclose(attribute), "flag_values", status);
    H5Sclose(space);
out:
    kith_mem_free(&meanings);
    kith_mem_free(&values);
    return status;
}

/* Commits the enum (netCDF shows a column of an enum only if its type has a name) and creates the column. */
static enum kith_status init_code(struct kith_trajectories *t, const struct kith_h5 *h,
                                  const struct kith_shape *shape)
{
    size_t bytes = 0;
    bool small = kith_shape_code_bytes(shape) == 1;
    hid_t plain = small ? H5T_STD_U8LE : H5T_STD_I16LE;
    hid_t type = shape->n_transitions > 0 ? make_enum(shape, small, &bytes) : H5I_INVALID_HID;
    enum kith_status status = KITH_OK;
    bool named = type >= 0 && bytes <= LARGEST_ENUM;
    if (named && H5Tcommit2(h->id, "/types/transition", type, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT) < 0)
        status = kith_h5_fail(h, "write", "/types/transition");
    if (status == KITH_OK)
        status = kith_column_init(&t->code, &t->chunks, h, "/trajectories/event/code", named ? type : plain, "1",
                                  "transition that happened");
    if (status == KITH_OK && bytes <= LARGEST_ENUM)
        status = put_flags(h, t->code.dataset, shape, small);
    if (type >= 0)
        H5Tclose(type);
    return status;
}

void kith_trajectories_attribute(char *path, size_t size, const char *name)
{
    bool taken =
        strcmp(name, "id") == 0 || strcmp(name, "event_offset") == 0 || strcmp(name, "member_offset") == 0;
    int n = snprintf(path, size, "/trajectories/family/%s", taken ? "attribute_" : "");
    snprintf(path + n, size - (size_t)n, "%s", name);
    for (char *c = path + n; *c; c++)
        if (*c == '/')
            *c = '_';
}

static enum kith_status init_attributes(struct kith_trajectories *t, const struct kith_h5 *h,
                                        const struct kith_shape *shape)
{
    enum kith_status status =
        kith_mem_zeroed(h->mem, &t->attributes, shape->n_attributes, sizeof *t->attributes);
    if (status != KITH_OK)
        return kith_error_set(h->err, status, h->path, 0, 0, "out of memory");
    t->n_attributes = shape->n_attributes;
    for (size_t i = 0; i < t->n_attributes && status == KITH_OK; i++) {
        char path[128];
        const struct kith_shape_attribute *a = &shape->attributes[i];
        kith_trajectories_attribute(path, sizeof path, a->name);
        status = kith_column_init(&t->attributes[i], &t->chunks, h, path, H5T_IEEE_F32LE, a->unit ? a->unit : "1",
                                  a->what ? a->what : a->name);
    }
    return status;
}

static enum kith_status init_groups(const struct kith_h5 *h)
{
    static const char *const group[] = {"/types",
                                        "/trajectories",
                                        "/trajectories/event",
                                        "/trajectories/family",
                                        "/trajectories/member",
                                        "/trajectories/cell"};
    enum kith_status status = KITH_OK;
    for (size_t i = 0; i < sizeof group / sizeof *group && status == KITH_OK; i++)
        status = kith_h5_group(h, group[i]);
    return status;
}

enum kith_status kith_trajectories_init(struct kith_trajectories *t, const struct kith_h5 *h, const struct kith_shape *shape)
{
    const struct {
        struct kith_column *column;
        hid_t type;
        const char *path, *units, *what;
    } part[] = {
        {&t->day, H5T_STD_U16LE, "event/day", "day", "whole days from the start of the counted period"},
        {&t->member, H5T_STD_I8LE, "event/member", "1", "0: the family, 1, 2, ...: its children by birth"},
        {&t->id, H5T_STD_I32LE, "family/id", "1", "number of the family in its area"},
        {&t->event_offset, H5T_STD_I64LE, "family/event_offset", "1", "row of its first event"},
        {&t->member_offset, H5T_STD_I64LE, "family/member_offset", "1", "row of its first child"},
        {&t->birth_day, H5T_STD_I32LE, "member/birth_day", "day",
         "birth, from the start of the counted period"},
        {&t->family_offset, H5T_STD_I64LE, "cell/family_offset", "1",
         "row of the first family of a cell; cells in order of replication, arm, area"},
    };
    const int64_t zero = 0;
    memset(t, 0, sizeof *t);
    enum kith_status status = kith_chunks_init(&t->chunks, h->mem, KITH_COLUMN_CHUNK * WIDEST);
    if (status != KITH_OK)
        return kith_error_set(h->err, status, h->path, 0, 0, "out of memory");
    status = init_groups(h);
    for (size_t i = 0; i < sizeof part / sizeof *part && status == KITH_OK; i++) {
        char path[64];
        snprintf(path, sizeof path, "/trajectories/%s", part[i].path);
        status = kith_column_init(part[i].column, &t->chunks, h, path, part[i].type, part[i].units, part[i].what);
    }
    if (status == KITH_OK)
        status = init_code(t, h, shape);
    if (status == KITH_OK)
        status = init_attributes(t, h, shape);
    if (status == KITH_OK)
        status = kith_column_add(&t->event_offset, h, &zero, 1);
    if (status == KITH_OK)
        status = kith_column_add(&t->member_offset, h, &zero, 1);
    kith_column_keep(&t->event_offset);
    kith_column_keep(&t->member_offset);
    return status == KITH_OK ? kith_column_add(&t->family_offset, h, &zero, 1) : status;
}

/* Without children it is always the family itself. */
static enum kith_status add_members(struct kith_trajectories *t, const struct kith_h5 *h, const struct kith_tracks *tracks)
{
    enum kith_status status = KITH_OK;
    if (tracks->member)
        return kith_column_add(&t->member, h, tracks->member, tracks->n_events);
    for (size_t n = tracks->n_events; n > 0 && status == KITH_OK;) {
        size_t room;
        int8_t *to = kith_column_room(&t->member, &room);
        size_t part = n < room ? n : room;
        memset(to, 0, part);
        status = kith_column_filled(&t->member, h, part);
        n -= part;
    }
    return status;
}

/* Ends within the batch become offsets within the file. */
static enum kith_status add_offsets(struct kith_column *c, const struct kith_h5 *h,
                                    const int64_t *end, size_t n, int64_t before)
{
    enum kith_status status = KITH_OK;
    while (n > 0 && status == KITH_OK) {
        size_t room;
        int64_t *to = kith_column_room(c, &room);
        size_t part = n < room ? n : room;
        for (size_t i = 0; i < part; i++)
            to[i] = before + end[i];
        status = kith_column_filled(c, h, part);
        end += part;
        n -= part;
    }
    return status;
}

static enum kith_status add_attribute(struct kith_trajectories *t, const struct kith_h5 *h, const struct kith_tracks *tracks,
                                      size_t column)
{
    const float *from = tracks->attribute + column;
    enum kith_status status = KITH_OK;
    size_t n = tracks->n_families;
    while (n > 0 && status == KITH_OK) {
        size_t room;
        float *to = kith_column_room(&t->attributes[column], &room);
        size_t part = n < room ? n : room;
        for (size_t i = 0; i < part; i++)
            to[i] = from[i * t->n_attributes];
        status = kith_column_filled(&t->attributes[column], h, part);
        from += part * t->n_attributes;
        n -= part;
    }
    return status;
}

enum kith_status kith_trajectories_add(struct kith_trajectories *t, const struct kith_h5 *h, const struct kith_tracks *tracks)
{
    int64_t events = (int64_t)kith_column_length(&t->day);
    int64_t members = (int64_t)kith_column_length(&t->birth_day);
    size_t n = tracks->n_families;
    enum kith_status status = kith_column_add(&t->day, h, tracks->day, tracks->n_events);
    if (status == KITH_OK)
        status = add_members(t, h, tracks);
    if (status == KITH_OK)
        status = kith_column_add(&t->code, h, tracks->code, tracks->n_events);
    if (status == KITH_OK)
        status = kith_column_add(&t->id, h, tracks->id, n);
    if (status == KITH_OK)
        status = add_offsets(&t->event_offset, h, tracks->event_end, n, events);
    if (status == KITH_OK)
        status = add_offsets(&t->member_offset, h, tracks->member_end, n, members);
    if (status == KITH_OK)
        status = kith_column_add(&t->birth_day, h, tracks->birth_day, tracks->n_members);
    for (size_t i = 0; i < t->n_attributes && status == KITH_OK; i++)
        status = add_attribute(t, h, tracks, i);
    return status;
}

/* All columns with rows of events, families and members: what is kept or dropped together. */
static size_t row_columns(struct kith_trajectories *t, struct kith_column **list)
{
    struct kith_column *all[] = {&t->day, &t->member, &t->code, &t->id, &t->event_offset, &t->member_offset,
                                 &t->birth_day};
    memcpy(list, all, sizeof all);
    return sizeof all / sizeof *all;
}

enum kith_status kith_trajectories_cells(struct kith_trajectories *t, const struct kith_h5 *h, uint64_t n)
{
    struct kith_column *column[8];
    size_t n_columns = row_columns(t, column);
    int64_t families = (int64_t)kith_column_length(&t->id);
    enum kith_status status = KITH_OK;
    while (kith_column_length(&t->family_offset) <= n && status == KITH_OK)
        status = kith_column_add(&t->family_offset, h, &families, 1);
    for (size_t i = 0; i < n_columns; i++)
        kith_column_keep(column[i]);
    for (size_t i = 0; i < t->n_attributes; i++)
        kith_column_keep(&t->attributes[i]);
    return status;
}

static enum kith_status drop_unfinished(struct kith_trajectories *t, const struct kith_h5 *h)
{
    struct kith_column *column[8];
    size_t n = row_columns(t, column);
    enum kith_status status = kith_chunks_finish(&t->chunks, h); /* nothing can be written beyond the end any more */
    for (size_t i = 0; i < n && status == KITH_OK; i++)
        status = kith_column_cut(column[i], h);
    for (size_t i = 0; i < t->n_attributes && status == KITH_OK; i++)
        status = kith_column_cut(&t->attributes[i], h);
    return status;
}

/* Names of the axes: a row of .../event/, and the bounds of rows, of which there is one more. */
static enum kith_status put_axes(const struct kith_trajectories *t, const struct kith_h5 *h)
{
    const struct {
        const char *path;
        const struct kith_column *column[3];
    } axis[] = {
        {"/trajectories/event_row", {&t->day, &t->member, &t->code}},
        {"/trajectories/family_row", {&t->id}},
        {"/trajectories/family_bound", {&t->event_offset, &t->member_offset}},
        {"/trajectories/member_row", {&t->birth_day}},
        {"/trajectories/cell_bound", {&t->family_offset}},
    };
    enum kith_status status = KITH_OK;
    for (size_t i = 0; i < sizeof axis / sizeof *axis && status == KITH_OK; i++) {
        status = kith_axes_put_bare(h, axis[i].path, kith_column_length(axis[i].column[0]));
        for (size_t k = 0; k < 3 && axis[i].column[k] && status == KITH_OK; k++)
            status = kith_axes_attach_at(h, axis[i].column[k]->dataset, 0, axis[i].path);
    }
    for (size_t i = 0; i < t->n_attributes && status == KITH_OK; i++)
        status = kith_axes_attach_at(h, t->attributes[i].dataset, 0, "/trajectories/family_row");
    return status;
}

enum kith_status kith_trajectories_finish(struct kith_trajectories *t, const struct kith_h5 *h, uint64_t n)
{
    struct kith_column *column[8];
    size_t n_columns = row_columns(t, column);
    enum kith_status status = drop_unfinished(t, h);
    column[n_columns++] = &t->family_offset;
    if (status == KITH_OK)
        status = kith_trajectories_cells(t, h, n);
    for (size_t i = 0; i < n_columns && status == KITH_OK; i++)
        status = kith_column_finish(column[i], h);
    for (size_t i = 0; i < t->n_attributes && status == KITH_OK; i++)
        status = kith_column_finish(&t->attributes[i], h);
    if (status == KITH_OK)
        status = kith_chunks_finish(&t->chunks, h);
    return status == KITH_OK ? put_axes(t, h) : status;
}

void kith_trajectories_free(struct kith_trajectories *t)
{
    kith_chunks_free(&t->chunks);
    struct kith_column *column[8];
    size_t n = row_columns(t, column);
    for (size_t i = 0; i < n; i++)
        kith_column_free(column[i]);
    kith_column_free(&t->family_offset);
    for (size_t i = 0; i < t->n_attributes; i++)
        kith_column_free(&t->attributes[i]);
    kith_mem_free(&t->attributes);
    memset(t, 0, sizeof *t);
}
