/* Dimension scales. No axis is called like a dataset that has it (xarray refuses that). The objects are
 * /axes/NAME; a hard link /NAME makes them visible to netCDF, which looks for the dimensions of a variable
 * only in its own group and those above it. */
#include <hdf5_hl.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "layout.h"

#define LONGEST_NAME 320
#define BARE_CHUNK ((hsize_t)1 << 20)

/* Turns the dataset /axes/NAME into a scale and links it from the root. */
static enum kith_status make_scale(const struct kith_h5 *h, const char *name)
{
    char path[64];
    enum kith_status status = KITH_OK;
    snprintf(path, sizeof path, "/axes/%s", name);
    if (!kith_h5_exists(h, path))
        return KITH_OK; /* an axis without elements */
    hid_t dataset = H5Dopen2(h->id, path, H5P_DEFAULT);
    if (dataset < 0 || H5DSset_scale(dataset, name) < 0 ||
        H5Lcreate_hard(h->id, path, h->id, path + strlen("/axes"), H5P_DEFAULT, H5P_DEFAULT) < 0)
        status = kith_h5_fail(h, "write", path);
    return dataset >= 0 ? kith_h5_closed(h, H5Dclose(dataset), path, status) : status;
}

/* An axis of names: name(shape, i) is written for each of n elements. */
static enum kith_status put_names(const struct kith_h5 *h, const struct kith_shape *shape, const char *path,
                                  void (*name)(const struct kith_shape *, size_t, char *, size_t), size_t n,
                                  const char *what)
{
    char(*text)[LONGEST_NAME] = NULL;
    const char **list = NULL;
    enum kith_status status = kith_mem_resize(h->mem, &text, n, sizeof *text);
    if (status == KITH_OK)
        status = kith_mem_resize(h->mem, &list, n, sizeof *list);
    if (status != KITH_OK) {
        kith_error_set(h->err, status, h->path, 0, 0, "out of memory");
    } else {
        for (size_t i = 0; i < n; i++) {
            name(shape, i, text[i], sizeof text[i]);
            list[i] = text[i];
        }
        status = kith_h5_put_texts(h, path, list, n, what);
    }
    kith_mem_free(&list);
    kith_mem_free(&text);
    return status;
}

static enum kith_status put_shape_axes(const struct kith_h5 *h, const struct kith_shape *s)
{
    static const struct kith_h5_field count[] = {
        {"count_kind", KITH_H5_TEXT, offsetof(struct kith_shape_count, name), "", "what is counted"}};
    static const struct kith_h5_field cost[] = {
        {"cost_kind", KITH_H5_TEXT, offsetof(struct kith_shape_cost, name), "", "cost"}};
    static const struct kith_h5_field amount[] = {
        {"amount_kind", KITH_H5_TEXT, offsetof(struct kith_shape_amount, name), "", "amount"},
        {"amount_unit", KITH_H5_TEXT, offsetof(struct kith_shape_amount, unit), "", "unit of the amount"}};
    static const struct kith_h5_field measure[] = {
        {"measure", KITH_H5_TEXT, offsetof(struct kith_measure, name), "", "measure"},
        {"measure_unit", KITH_H5_TEXT, offsetof(struct kith_measure, unit), "", "unit of the measure"},
        {"measure_what", KITH_H5_TEXT, offsetof(struct kith_measure, what), "", "meaning of the measure"}};
    const struct kith_h5_table counts = {"/axes", count, 1, sizeof(struct kith_shape_count)};
    const struct kith_h5_table costs = {"/axes", cost, 1, sizeof(struct kith_shape_cost)};
    const struct kith_h5_table amounts = {"/axes", amount, 2, sizeof(struct kith_shape_amount)};
    const struct kith_h5_table measures = {"/axes", measure, 3, sizeof(struct kith_measure)};
    enum kith_status status = put_names(h, s, "/axes/state", kith_layout_state_name, s->n_states, "state");
    if (status == KITH_OK)
        status =
            put_names(h, s, "/axes/transition", kith_layout_transition_name, s->n_transitions, "transition");
    if (status == KITH_OK)
        status = kith_h5_put_columns(h, &counts, s->counts, s->n_counts);
    if (status == KITH_OK)
        status = kith_h5_put_columns(h, &costs, s->costs, s->n_costs);
    if (status == KITH_OK)
        status = kith_h5_put_columns(h, &amounts, s->amounts, s->n_amounts);
    if (status == KITH_OK)
        status = kith_h5_put_columns(h, &measures, s->measures, s->n_measures);
    return status;
}

/* Dates 0, step, 2 step, ... as an axis of n elements. */
static enum kith_status put_dates(const struct kith_h5 *h, const char *path, size_t n, double per_year,
                                  const char *what)
{
    double *date = NULL;
    enum kith_status status = kith_mem_resize(h->mem, &date, n, sizeof *date);
    if (status != KITH_OK)
        return kith_error_set(h->err, status, h->path, 0, 0, "out of memory");
    for (size_t i = 0; i < n; i++)
        date[i] = (double)i / per_year;
    status = kith_h5_put(h, path, H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE, date, n, "year", what);
    kith_mem_free(&date);
    return status;
}

static enum kith_status put_time_axes(const struct kith_h5 *h, int months)
{
    size_t n = (size_t)months;
    enum kith_status status = put_dates(h, "/axes/month", n + 1, 12,
                                        "date at the start of a month, from the start of the counted period");
    if (status == KITH_OK)
        status = put_dates(h, "/axes/interval", n, 12,
                           "a month, by the date at which it starts, from the start of the counted period");
    if (status == KITH_OK)
        status =
            put_dates(h, "/axes/time", n / 12 + 1, 1,
                      "yearly date, from the start of the counted period; sums are those of the year that "
                      "ends there");
    return status;
}

static enum kith_status put_places(const struct kith_h5 *h, const struct kith_scenario *sc)
{
    static const struct kith_h5_field area[] = {
        {"area", KITH_H5_TEXT, offsetof(struct kith_area, code), "", "area code"},
        {"area_name", KITH_H5_TEXT, offsetof(struct kith_area, name), "", "area name"},
        {"area_share", KITH_H5_REAL, offsetof(struct kith_area, share), "1", "share of the families"}};
    static const struct kith_h5_field arm[] = {
        {"arm", KITH_H5_TEXT, offsetof(struct kith_arm, name), "", "policy"},
        {"arm_what", KITH_H5_TEXT, offsetof(struct kith_arm, what), "", "what the policy is"}};
    const struct kith_h5_table areas = {"/axes", area, 3, sizeof(struct kith_area)};
    const struct kith_h5_table arms = {"/axes", arm, 2, sizeof(struct kith_arm)};
    enum kith_status status = kith_h5_put_columns(h, &arms, sc->arms, sc->n_arms);
    return status == KITH_OK ? kith_h5_put_columns(h, &areas, sc->areas, sc->n_areas) : status;
}

static enum kith_status put_replications(const struct kith_h5 *h)
{
    hsize_t dims = 0, most = H5S_UNLIMITED, chunk = 1024;
    hid_t dataset;
    enum kith_status status =
        kith_pack_create(h, "/axes/replication", H5T_STD_I32LE, 1, &dims, &most, &chunk, NULL, &dataset);
    if (status == KITH_OK)
        status = kith_h5_describe(h, dataset, "1", "replication, counted from 0");
    return dataset >= 0 ? kith_h5_closed(h, H5Dclose(dataset), "/axes/replication", status) : status;
}

enum kith_status kith_axes_put(const struct kith_h5 *h, const struct kith_scenario *sc,
                               const struct kith_shape *shape)
{
    static const char *const scales[] = {"replication", "arm",       "area",        "month",
                                         "interval",    "time",      "state",       "transition",
                                         "count_kind",  "cost_kind", "amount_kind", "measure"};
    enum kith_status status = kith_h5_group(h, "/axes");
    if (status == KITH_OK)
        status = put_places(h, sc);
    if (status == KITH_OK)
        status = put_replications(h);
    if (status == KITH_OK)
        status = put_time_axes(h, sc->months);
    if (status == KITH_OK)
        status = put_shape_axes(h, shape);
    for (size_t i = 0; i < sizeof scales / sizeof *scales && status == KITH_OK; i++)
        status = make_scale(h, scales[i]);
    return status;
}

enum kith_status kith_axes_replications(const struct kith_h5 *h, size_t n)
{
    int32_t *number = NULL;
    hsize_t dims = n;
    enum kith_status status = kith_mem_resize(h->mem, &number, n, sizeof *number);
    if (status != KITH_OK)
        return kith_error_set(h->err, status, h->path, 0, 0, "out of memory");
    for (size_t i = 0; i < n; i++)
        number[i] = (int32_t)i;
    hid_t dataset = H5Dopen2(h->id, "/axes/replication", H5P_DEFAULT);
    if (dataset < 0 || H5Dset_extent(dataset, &dims) < 0 ||
        (n > 0 && H5Dwrite(dataset, H5T_NATIVE_INT32, H5S_ALL, H5S_ALL, H5P_DEFAULT, number) < 0))
        status = kith_h5_fail(h, "write", "/axes/replication");
    if (dataset >= 0)
        status = kith_h5_closed(h, H5Dclose(dataset), "/axes/replication", status);
    kith_mem_free(&number);
    return status;
}

enum kith_status kith_axes_attach_at(const struct kith_h5 *h, hid_t dataset, unsigned axis, const char *scale)
{
    enum kith_status status = KITH_OK;
    hid_t id = H5Dopen2(h->id, scale, H5P_DEFAULT);
    if (id < 0 || H5DSattach_scale(dataset, id, axis) < 0)
        status = kith_h5_fail(h, "attach axis", scale);
    return id >= 0 ? kith_h5_closed(h, H5Dclose(id), scale, status) : status;
}

enum kith_status kith_axes_attach(const struct kith_h5 *h, hid_t dataset, const char *names)
{
    enum kith_status status = KITH_OK;
    for (unsigned axis = 0; *names && status == KITH_OK; axis++) {
        char path[64];
        int n = (int)strcspn(names, " ");
        snprintf(path, sizeof path, "/axes/%.*s", n, names);
        status = kith_axes_attach_at(h, dataset, axis, path);
        names += n;
        names += strspn(names, " ");
    }
    return status;
}

/* netCDF-4 knows such a dimension by the name of its scale, and shows no variable for it. Nothing is stored:
 * the dataset has a length but no chunk is ever written. */
enum kith_status kith_axes_put_bare(const struct kith_h5 *h, const char *path, uint64_t n)
{
    char name[80];
    hsize_t dims = n, most = H5S_UNLIMITED, chunk = BARE_CHUNK;
    hid_t dataset;
    snprintf(name, sizeof name, "This is a netCDF dimension but not a netCDF variable.%10llu",
             (unsigned long long)n);
    enum kith_status status =
        kith_pack_create(h, path, H5T_STD_U8LE, 1, &dims, &most, &chunk, NULL, &dataset);
    if (status == KITH_OK && H5DSset_scale(dataset, name) < 0)
        status = kith_h5_fail(h, "write", path);
    if (status == KITH_OK)
        status = kith_h5_describe(h, dataset, "1", "length of an axis; it has no values");
    return dataset >= 0 ? kith_h5_closed(h, H5Dclose(dataset), path, status) : status;
}
