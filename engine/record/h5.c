#include "h5.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* Bytes in which HDF5 converts what it writes. It clears them for each dataset, and its own choice is a mebibyte: that
 * took most of the time of a short run. */
#define CONVERSION ((size_t)16 * 1024)

void kith_h5_quiet(void)
{
    (void)H5dont_atexit(); /* a file that could not be closed would be closed again at the exit, and crash there */
    H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
}

/* Strong closing: whatever is still open when an error ends the work is closed with the file. Locks are of
 * use where the file system has them; some network file systems have none, which is no reason to fail. */
hid_t kith_h5_access(void)
{
    hid_t list = H5Pcreate(H5P_FILE_ACCESS);
    if (list < 0 || H5Pset_fclose_degree(list, H5F_CLOSE_STRONG) < 0)
        return list;
#if H5_VERSION_GE(1, 10, 7)
    (void)H5Pset_file_locking(list, false, true);
#endif
    return list;
}

/* HDF5 has no error code for "disk full", only texts; the system's is quoted in one of them. */
struct reason {
    char text[256];
    bool from_system;
};

static herr_t look_at(unsigned n, const H5E_error2_t *e, void *data)
{
    static const char mark[] = "error message = '";
    struct reason *why = data;
    (void)n;
    if (why->from_system || !e->desc)
        return 0;
    const char *quoted = strstr(e->desc, mark);
    if (quoted) {
        quoted += sizeof mark - 1;
        snprintf(why->text, sizeof why->text, "%.*s", (int)strcspn(quoted, "'"), quoted);
        why->from_system = true;
    } else {
        snprintf(why->text, sizeof why->text, "HDF5: %s", e->desc);
    }
    return 0;
}

enum kith_status kith_h5_fail(const struct kith_h5 *h, const char *doing, const char *what)
{
    struct reason why = {"HDF5 gives no reason", false};
    H5Ewalk2(H5E_DEFAULT, H5E_WALK_DOWNWARD, look_at, &why);
    return kith_error_set(h->err, KITH_IO, h->path, 0, 0, "cannot %s%s%s: %s", doing, *what ? " " : "", what,
                          why.text);
}

enum kith_status kith_h5_closed(const struct kith_h5 *h, int result, const char *path, enum kith_status status)
{
    return status == KITH_OK && result < 0 ? kith_h5_fail(h, "write", path) : status;
}

enum kith_status kith_h5_group(const struct kith_h5 *h, const char *path)
{
    hid_t list = H5Pcreate(H5P_GROUP_CREATE);
    hid_t group = H5I_INVALID_HID;
    if (list >= 0 && H5Pset_link_creation_order(list, H5P_CRT_ORDER_TRACKED | H5P_CRT_ORDER_INDEXED) >= 0)
        group = H5Gcreate2(h->id, path, H5P_DEFAULT, list, H5P_DEFAULT);
    if (group < 0)
        return kith_h5_fail(h, "write", path);
    enum kith_status status = kith_h5_closed(h, H5Gclose(group), path, KITH_OK);
    H5Pclose(list);
    return status;
}

hid_t kith_h5_text_type(void)
{
    hid_t type = H5Tcopy(H5T_C_S1);
    if (type >= 0 && (H5Tset_size(type, H5T_VARIABLE) < 0 || H5Tset_cset(type, H5T_CSET_UTF8) < 0)) {
        H5Tclose(type);
        return H5I_INVALID_HID;
    }
    return type;
}

static enum kith_status set_attribute(const struct kith_h5 *h, hid_t object, const char *name,
                                      hid_t file_type, hid_t memory_type, const void *value)
{
    hid_t space = H5Screate(H5S_SCALAR);
    hid_t attribute = H5I_INVALID_HID;
    enum kith_status status = KITH_OK;
    if (H5Aexists(object, name) > 0)
        H5Adelete(object, name);
    attribute = H5Acreate2(object, name, file_type, space, H5P_DEFAULT, H5P_DEFAULT);
    if (attribute < 0 || H5Awrite(attribute, memory_type, value) < 0)
        status = kith_h5_fail(h, "write attribute", name);
    if (attribute >= 0)
        status = kith_h5_closed(h, H5Aclose(attribute), name, status);
    H5Sclose(space);
    return status;
}

enum kith_status kith_h5_set_text(const struct kith_h5 *h, hid_t object, const char *name, const char *text)
{
    const char *value = text ? text : "";
    hid_t type = kith_h5_text_type();
    enum kith_status status = set_attribute(h, object, name, type, type, &value);
    H5Tclose(type);
    return status;
}

enum kith_status kith_h5_set_real(const struct kith_h5 *h, hid_t object, const char *name, double value)
{
    return set_attribute(h, object, name, H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE, &value);
}

enum kith_status kith_h5_set_int(const struct kith_h5 *h, hid_t object, const char *name, int value)
{
    return set_attribute(h, object, name, H5T_STD_I32LE, H5T_NATIVE_INT, &value);
}

enum kith_status kith_h5_describe(const struct kith_h5 *h, hid_t dataset, const char *units, const char *what)
{
    enum kith_status status = kith_h5_set_text(h, dataset, "units", units);
    if (status == KITH_OK)
        status = kith_h5_set_text(h, dataset, "long_name", what);
    return status;
}

/* Writes a dataset of one dimension, or of none if n is 0. */
static enum kith_status put(const struct kith_h5 *h, const char *path, hid_t file_type, hid_t memory_type,
                            const void *data, size_t n, const char *units, const char *what)
{
    hsize_t dims = n;
    hid_t space = n > 0 ? H5Screate_simple(1, &dims, NULL) : H5Screate(H5S_SCALAR);
    hid_t dataset = H5Dcreate2(h->id, path, file_type, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    hid_t how = H5Pcreate(H5P_DATASET_XFER);
    enum kith_status status = KITH_OK;
    if (dataset < 0 || H5Pset_buffer(how, CONVERSION, NULL, NULL) < 0 ||
        H5Dwrite(dataset, memory_type, H5S_ALL, H5S_ALL, how, data) < 0)
        status = kith_h5_fail(h, "write", path);
    else
        status = kith_h5_describe(h, dataset, units, what);
    if (dataset >= 0)
        status = kith_h5_closed(h, H5Dclose(dataset), path, status);
    H5Pclose(how);
    H5Sclose(space);
    return status;
}

enum kith_status kith_h5_put(const struct kith_h5 *h, const char *path, hid_t file_type, hid_t memory_type,
                             const void *data, size_t n, const char *units, const char *what)
{
    return n > 0 ? put(h, path, file_type, memory_type, data, n, units, what) : KITH_OK;
}

enum kith_status kith_h5_put_texts(const struct kith_h5 *h, const char *path, const char *const *texts,
                                   size_t n, const char *what)
{
    hid_t type = kith_h5_text_type();
    enum kith_status status = kith_h5_put(h, path, type, type, texts, n, "text", what);
    H5Tclose(type);
    return status;
}

enum kith_status kith_h5_put_text(const struct kith_h5 *h, const char *path, const char *text,
                                  const char *what)
{
    hid_t type = kith_h5_text_type();
    const char *value = text ? text : "";
    enum kith_status status = put(h, path, type, type, &value, 0, "text", what);
    H5Tclose(type);
    return status;
}

bool kith_h5_exists(const struct kith_h5 *h, const char *path)
{
    char part[512];
    size_t n = strlen(path);
    if (n >= sizeof part)
        return false;
    for (size_t i = 1; i <= n; i++) {
        if (path[i] != '/' && path[i] != '\0')
            continue;
        memcpy(part, path, i);
        part[i] = '\0';
        if (H5Lexists(h->id, part, H5P_DEFAULT) <= 0)
            return false;
    }
    return true;
}

/* Opens attribute `name` of the object at path `object`; invalid if there is none. */
static hid_t open_attribute(const struct kith_h5 *h, const char *object, const char *name)
{
    if (strcmp(object, "/") != 0 && !kith_h5_exists(h, object))
        return H5I_INVALID_HID;
    if (H5Aexists_by_name(h->id, object, name, H5P_DEFAULT) <= 0)
        return H5I_INVALID_HID;
    return H5Aopen_by_name(h->id, object, name, H5P_DEFAULT, H5P_DEFAULT);
}

enum kith_status kith_h5_get_text(const struct kith_h5 *h, const char *object, const char *name,
                                  struct kith_arena *arena, const char **text)
{
    char *read = NULL;
    enum kith_status status = KITH_OK;
    *text = "";
    hid_t attribute = open_attribute(h, object, name);
    if (attribute < 0)
        return KITH_OK;
    hid_t type = kith_h5_text_type();
    if (H5Aread(attribute, type, &read) < 0)
        status = kith_h5_fail(h, "read attribute", name);
    if (read) {
        *text = kith_arena_text(arena, read, strlen(read));
        if (!*text) {
            *text = "";
            status = kith_error_set(h->err, KITH_NO_MEMORY, h->path, 0, 0, "out of memory");
        }
        H5free_memory(read);
    }
    H5Tclose(type);
    H5Aclose(attribute);
    return status;
}

enum kith_status kith_h5_get_real(const struct kith_h5 *h, const char *object, const char *name,
                                  double *value)
{
    enum kith_status status = KITH_OK;
    *value = NAN;
    hid_t attribute = open_attribute(h, object, name);
    if (attribute < 0)
        return KITH_OK;
    if (H5Aread(attribute, H5T_NATIVE_DOUBLE, value) < 0)
        status = kith_h5_fail(h, "read attribute", name);
    H5Aclose(attribute);
    return status;
}
