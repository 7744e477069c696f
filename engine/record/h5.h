/* HDF5 with this program's habits: every failure becomes one readable report, every dataset says its unit and
 * what it is, text is variable-length UTF-8. Private to this room. */
#ifndef KITH_RECORD_H5_H
#define KITH_RECORD_H5_H

#define H5_USE_110_API /* later libraries have other signatures under the same names */
#include <hdf5.h>

#include "../base/mem.h"
#include "../scenario/arena.h"

#define KITH_H5_SCHEMA 1

/* An HDF5 file at hand. */
struct kith_h5 {
    hid_t id;         /* the file, or H5I_INVALID_HID */
    const char *path; /* for reports; borrowed */
    struct kith_mem *mem;
    struct kith_error *err; /* where reports go; set by each public function at its start; may be NULL */
};

/* HDF5 prints its errors by itself unless told not to. A setting of the library, for the whole process. */
void kith_h5_quiet(void);
/* A new list of file access properties; the caller closes it. Closing a file so opened closes all in it. */
hid_t kith_h5_access(void);
/* Reports that `doing` ("write /series/stock") failed, with the reason that HDF5 gives: the text of errno
 * where the system refused, else HDF5's innermost message. To be called before any other HDF5 call, which
 * would clear the reason. Returns KITH_IO. */
enum kith_status kith_h5_fail(const struct kith_h5 *h, const char *doing, const char *what);

/* `status`, unless that is KITH_OK and an H5Dclose, H5Gclose or H5Aclose gave a `result` below 0: what HDF5 held back is
 * written only then, and can fail only then. */
KITH_MUST_CHECK enum kith_status kith_h5_closed(const struct kith_h5 *h, int result, const char *path,
                                                enum kith_status status);

/* A new group that remembers the order in which its members were made (netCDF-4 lists them in that order). */
KITH_MUST_CHECK enum kith_status kith_h5_group(const struct kith_h5 *h, const char *path);

/* A new type for variable-length UTF-8 text; the caller closes it. */
hid_t kith_h5_text_type(void);

/* Attributes of `object`. One of that name is replaced. NULL text is written as "". */
KITH_MUST_CHECK enum kith_status kith_h5_set_text(const struct kith_h5 *h, hid_t object, const char *name,
                                                  const char *text);
KITH_MUST_CHECK enum kith_status kith_h5_set_real(const struct kith_h5 *h, hid_t object, const char *name,
                                                  double value);
KITH_MUST_CHECK enum kith_status kith_h5_set_int(const struct kith_h5 *h, hid_t object, const char *name,
                                                 int value);
/* units and long_name. */
KITH_MUST_CHECK enum kith_status kith_h5_describe(const struct kith_h5 *h, hid_t dataset, const char *units,
                                                  const char *what);

/* New datasets, written at once and described. An array of n = 0 is not made. */
KITH_MUST_CHECK enum kith_status kith_h5_put(const struct kith_h5 *h, const char *path, hid_t file_type,
                                             hid_t memory_type, const void *data, size_t n, const char *units,
                                             const char *what);
KITH_MUST_CHECK enum kith_status kith_h5_put_texts(const struct kith_h5 *h, const char *path,
                                                   const char *const *texts, size_t n, const char *what);
/* A single text (no array). */
KITH_MUST_CHECK enum kith_status kith_h5_put_text(const struct kith_h5 *h, const char *path, const char *text,
                                                  const char *what);

/* One field of a struct that is kept as a column, a 1-D dataset. */
enum kith_h5_kind {
    KITH_H5_TEXT, /* const char *  <-> text */
    KITH_H5_REAL, /* double        <-> float64 */
    KITH_H5_INT,  /* int           <-> int32 */
    KITH_H5_SIZE, /* size_t        <-> int32 */
    KITH_H5_FLAG  /* bool          <-> int8 */
};
struct kith_h5_field {
    const char *name; /* of the dataset in its group */
    enum kith_h5_kind kind;
    size_t offset;
    const char *units, *what;
};
/* A table: n structs of `stride` bytes from `rows` on, as columns of the group `group`, which is made. */
struct kith_h5_table {
    const char *group;
    const struct kith_h5_field *fields;
    size_t n_fields, stride;
};
KITH_MUST_CHECK enum kith_status kith_h5_put_table(const struct kith_h5 *h, const struct kith_h5_table *t,
                                                   const void *rows, size_t n);
/* The same in a group that exists. */
KITH_MUST_CHECK enum kith_status kith_h5_put_columns(const struct kith_h5 *h, const struct kith_h5_table *t,
                                                     const void *rows, size_t n);
/* Reads it back into rows taken from `arena`, texts too. A group without columns has no rows. */
KITH_MUST_CHECK enum kith_status kith_h5_get_table(const struct kith_h5 *h, const struct kith_h5_table *t,
                                                   struct kith_arena *arena, void **rows, size_t *n);

/* Whether `path` leads to something; every group on the way is looked for. */
bool kith_h5_exists(const struct kith_h5 *h, const char *path);
/* Attributes read back. A missing one gives "" (never NULL), NaN. Texts come from `arena`. */
KITH_MUST_CHECK enum kith_status kith_h5_get_text(const struct kith_h5 *h, const char *object,
                                                  const char *name, struct kith_arena *arena,
                                                  const char **text);
KITH_MUST_CHECK enum kith_status kith_h5_get_real(const struct kith_h5 *h, const char *object,
                                                  const char *name, double *value);
/* The 1-D text dataset `path`; n = 0 if there is none. */
KITH_MUST_CHECK enum kith_status kith_h5_get_texts(const struct kith_h5 *h, const char *path,
                                                   struct kith_arena *arena, const char ***texts, size_t *n);
/* A 1-D dataset of numbers read whole as `memory_type` of `size` bytes; n = 0 if there is none. */
KITH_MUST_CHECK enum kith_status kith_h5_get(const struct kith_h5 *h, const char *path, hid_t memory_type,
                                             size_t size, struct kith_arena *arena, void **data, size_t *n);

#endif
