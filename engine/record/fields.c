/* Tables of structs as HDF5 columns, both ways. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "h5.h"

/* How a kind of field is held in memory while it is written or read, and in the file. */
static size_t kind_size(enum kith_h5_kind kind)
{
    switch (kind) {
    case KITH_H5_TEXT:
        return sizeof(const char *);
    case KITH_H5_REAL:
        return sizeof(double);
    case KITH_H5_INT:
    case KITH_H5_SIZE:
        return sizeof(int32_t);
    case KITH_H5_FLAG:
        return sizeof(int8_t);
    }
    return 0;
}

static hid_t kind_file_type(enum kith_h5_kind kind)
{
    if (kind == KITH_H5_REAL)
        return H5T_IEEE_F64LE;
    return kind == KITH_H5_FLAG ? H5T_STD_I8LE : H5T_STD_I32LE;
}

static hid_t kind_memory_type(enum kith_h5_kind kind)
{
    if (kind == KITH_H5_REAL)
        return H5T_NATIVE_DOUBLE;
    return kind == KITH_H5_FLAG ? H5T_NATIVE_INT8 : H5T_NATIVE_INT32;
}

/* One value from a struct's field to a column's element. */
static void take(enum kith_h5_kind kind, const char *field, char *element)
{
    int32_t number;
    size_t size;
    bool flag;
    switch (kind) {
    case KITH_H5_TEXT:
    case KITH_H5_REAL:
    case KITH_H5_INT:
        memcpy(element, field, kind_size(kind));
        break;
    case KITH_H5_SIZE:
        memcpy(&size, field, sizeof size);
        number = (int32_t)size;
        memcpy(element, &number, sizeof number);
        break;
    case KITH_H5_FLAG:
        memcpy(&flag, field, sizeof flag);
        *element = flag;
        break;
    }
}

/* And back. Texts are handled by the caller. */
static void give(enum kith_h5_kind kind, const char *element, char *field)
{
    int32_t number;
    size_t size;
    bool flag;
    switch (kind) {
    case KITH_H5_TEXT:
    case KITH_H5_REAL:
    case KITH_H5_INT:
        memcpy(field, element, kind_size(kind));
        break;
    case KITH_H5_SIZE:
        memcpy(&number, element, sizeof number);
        size = number < 0 ? 0 : (size_t)number;
        memcpy(field, &size, sizeof size);
        break;
    case KITH_H5_FLAG:
        flag = *element != 0;
        memcpy(field, &flag, sizeof flag);
        break;
    }
}

static void full_path(char *out, size_t size, const struct kith_h5_table *t, const struct kith_h5_field *f)
{
    snprintf(out, size, "%s/%s", t->group, f->name);
}

static enum kith_status put_field(const struct kith_h5 *h, const struct kith_h5_table *t,
                                  const struct kith_h5_field *f, const char *rows, size_t n, char *column)
{
    char path[256];
    size_t size = kind_size(f->kind);
    full_path(path, sizeof path, t, f);
    for (size_t i = 0; i < n; i++)
        take(f->kind, rows + i * t->stride + f->offset, column + i * size);
    if (f->kind != KITH_H5_TEXT)
        return kith_h5_put(h, path, kind_file_type(f->kind), kind_memory_type(f->kind), column, n, f->units,
                           f->what);
    const char **texts = (const char **)(void *)column;
    for (size_t i = 0; i < n; i++)
        if (!texts[i])
            texts[i] = "";
    return kith_h5_put_texts(h, path, texts, n, f->what);
}

enum kith_status kith_h5_put_columns(const struct kith_h5 *h, const struct kith_h5_table *t, const void *rows,
                                     size_t n)
{
    double *column = NULL; /* the widest kind, and aligned for all */
    enum kith_status status = kith_mem_resize(h->mem, &column, n, sizeof *column);
    if (status != KITH_OK)
        return kith_error_set(h->err, status, h->path, 0, 0, "out of memory");
    for (size_t i = 0; i < t->n_fields && status == KITH_OK; i++)
        status = put_field(h, t, &t->fields[i], rows, n, (char *)column);
    kith_mem_free(&column);
    return status;
}

enum kith_status kith_h5_put_table(const struct kith_h5 *h, const struct kith_h5_table *t, const void *rows,
                                   size_t n)
{
    enum kith_status status = kith_h5_group(h, t->group);
    return status == KITH_OK && n > 0 ? kith_h5_put_columns(h, t, rows, n) : status;
}

/* The number of elements of an open dataset if it has one dimension or none. */
static enum kith_status length(const struct kith_h5 *h, hid_t dataset, const char *path, size_t *n)
{
    hid_t space = H5Dget_space(dataset);
    hssize_t points = space < 0 ? -1 : H5Sget_simple_extent_npoints(space);
    if (space >= 0)
        H5Sclose(space);
    if (points < 0)
        return kith_h5_fail(h, "read", path);
    *n = (size_t)points;
    return KITH_OK;
}

enum kith_status kith_h5_get(const struct kith_h5 *h, const char *path, hid_t memory_type, size_t size,
                             struct kith_arena *arena, void **data, size_t *n)
{
    enum kith_status status;
    *n = 0;
    *data = NULL;
    if (!kith_h5_exists(h, path))
        return KITH_OK;
    hid_t dataset = H5Dopen2(h->id, path, H5P_DEFAULT);
    if (dataset < 0)
        return kith_h5_fail(h, "read", path);
    status = length(h, dataset, path, n);
    if (status == KITH_OK) {
        *data = kith_arena_take(arena, *n, size);
        if (!*data)
            status = kith_error_set(h->err, KITH_NO_MEMORY, h->path, 0, 0, "out of memory");
        else if (*n > 0 && H5Dread(dataset, memory_type, H5S_ALL, H5S_ALL, H5P_DEFAULT, *data) < 0)
            status = kith_h5_fail(h, "read", path);
    }
    H5Dclose(dataset);
    return status;
}

/* HDF5 allocates each text it reads; they are moved to the arena and given back one by one. */
enum kith_status kith_h5_get_texts(const struct kith_h5 *h, const char *path, struct kith_arena *arena,
                                   const char ***texts, size_t *n)
{
    void *data;
    hid_t type = kith_h5_text_type();
    enum kith_status status = kith_h5_get(h, path, type, sizeof(char *), arena, &data, n);
    char **read = data;
    *texts = data;
    for (size_t i = 0; status != KITH_IO && read && i < *n; i++) {
        char *text = read[i];
        (*texts)[i] = "";
        if (text && status == KITH_OK) {
            (*texts)[i] = kith_arena_text(arena, text, strlen(text));
            if (!(*texts)[i])
                status = kith_error_set(h->err, KITH_NO_MEMORY, h->path, 0, 0, "out of memory");
        }
        H5free_memory(text);
    }
    H5Tclose(type);
    return status;
}

static enum kith_status get_field(const struct kith_h5 *h, const struct kith_h5_table *t,
                                  const struct kith_h5_field *f, struct kith_arena *arena, void **column,
                                  size_t *n)
{
    char path[256];
    full_path(path, sizeof path, t, f);
    if (f->kind == KITH_H5_TEXT) {
        const char **texts;
        enum kith_status status = kith_h5_get_texts(h, path, arena, &texts, n);
        *column = texts;
        return status;
    }
    return kith_h5_get(h, path, kind_memory_type(f->kind), kind_size(f->kind), arena, column, n);
}

enum kith_status kith_h5_get_table(const struct kith_h5 *h, const struct kith_h5_table *t,
                                   struct kith_arena *arena, void **rows, size_t *n)
{
    *rows = NULL;
    *n = 0;
    for (size_t i = 0; i < t->n_fields; i++) {
        const struct kith_h5_field *f = &t->fields[i];
        void *column;
        size_t n_column;
        enum kith_status status = get_field(h, t, f, arena, &column, &n_column);
        if (status != KITH_OK)
            return status;
        if (i == 0) {
            *n = n_column;
            *rows = kith_arena_take(arena, *n, t->stride);
            if (!*rows)
                return kith_error_set(h->err, KITH_NO_MEMORY, h->path, 0, 0, "out of memory");
        }
        if (n_column != *n)
            return kith_error_set(h->err, KITH_IO, h->path, 0, 0, "%s/%s has another length than %s",
                                  t->group, f->name, t->fields[0].name);
        for (size_t k = 0; k < *n; k++)
            give(f->kind, (const char *)column + k * kind_size(f->kind),
                 (char *)*rows + k * t->stride + f->offset);
    }
    return KITH_OK;
}
