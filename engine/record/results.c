#include "results.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "layout.h"

static struct kith_h5 handle(const struct kith_results *r, struct kith_error *err)
{
    return (struct kith_h5){r->file, r->path, r->mem, err};
}

static enum kith_status damaged(const struct kith_h5 *h, const char *what)
{
    return kith_error_set(h->err, KITH_IO, h->path, 0, 0, "damaged output file: %s", what);
}

static enum kith_status open_file(struct kith_results *r, struct kith_error *err)
{
    struct kith_h5 h = handle(r, err);
    struct stat there;
    if (stat(r->path, &there) != 0)
        return kith_error_set(err, KITH_IO, r->path, 0, 0, "cannot open: %s", strerror(errno));
    kith_h5_quiet();
    hid_t access = kith_h5_access();
    r->file = H5Fopen(r->path, H5F_ACC_RDONLY, access);
    enum kith_status status = r->file < 0 ? kith_h5_fail(&h, "open", "") : KITH_OK;
    H5Pclose(access);
    h.id = r->file;
    double schema = NAN;
    if (status == KITH_OK)
        status = kith_h5_get_real(&h, "/", "kith_schema", &schema);
    if (status == KITH_OK && isnan(schema))
        return kith_error_set(err, KITH_IO, r->path, 0, 0,
                              "not an output file of kith (no kith_schema in it)");
    if (status == KITH_OK && !(schema >= 1 && schema <= KITH_H5_SCHEMA))
        return kith_error_set(err, KITH_IO, r->path, 0, 0, "has schema %.0f; this kith reads up to %d",
                              schema, KITH_H5_SCHEMA);
    return status;
}

static enum kith_status read_root(struct kith_results *r, const struct kith_h5 *h)
{
    double months = NAN, planned = NAN, members = NAN;
    const struct {
        const char *name;
        double *value;
    } real[] = {{"months", &months},
                {"replications", &planned},
                {"members", &members},
                {"weight", &r->weight},
                {"families", &r->families},
                {"represents", &r->represents},
                {"start_date", &r->start_date},
                {"warm_up", &r->warm_up},
                {"counted", &r->counted},
                {"trajectories", &r->trajectories}};
    enum kith_status status = kith_h5_get_text(h, "/", "title", &r->arena, &r->title);
    if (status == KITH_OK)
        status = kith_h5_get_text(h, "/", "model", &r->arena, &r->model);
    for (size_t i = 0; i < sizeof real / sizeof *real && status == KITH_OK; i++)
        status = kith_h5_get_real(h, "/", real[i].name, real[i].value);
    if (status != KITH_OK)
        return status;
    if (!(months >= 1 && months <= 1e6 && planned >= 0 && planned <= 1e9 && members >= 0 && members <= 1e6))
        return damaged(h, "months, replications or members");
    r->months = (int)months;
    r->years = r->months / 12;
    r->n_planned = (size_t)planned;
    r->shape.members = (size_t)members;
    return KITH_OK;
}

static enum kith_status read_axes(struct kith_results *r, const struct kith_h5 *h)
{
    size_t n_what, n_names, n_shares, n_replications, n_done;
    void *shares, *replications, *done;
    enum kith_status status = kith_h5_get_texts(h, "/axes/arm", &r->arena, &r->arms, &r->n_arms);
    if (status == KITH_OK)
        status = kith_h5_get_texts(h, "/axes/arm_what", &r->arena, &r->arm_what, &n_what);
    if (status == KITH_OK)
        status = kith_h5_get_texts(h, "/axes/area", &r->arena, &r->areas, &r->n_areas);
    if (status == KITH_OK)
        status = kith_h5_get_texts(h, "/axes/area_name", &r->arena, &r->area_names, &n_names);
    if (status == KITH_OK)
        status = kith_h5_get(h, "/axes/area_share", H5T_NATIVE_DOUBLE, 8, &r->arena, &shares, &n_shares);
    if (status == KITH_OK)
        status = kith_h5_get(h, "/axes/replication", H5T_NATIVE_INT32, 4, &r->arena, &replications,
                             &n_replications);
    if (status == KITH_OK)
        status = kith_h5_get(h, "/cells/done", H5T_NATIVE_INT8, 1, &r->arena, &done, &n_done);
    if (status != KITH_OK)
        return status;
    r->shares = shares;
    r->done = done;
    r->n_replications = n_replications;
    if (n_what != r->n_arms || n_names != r->n_areas || n_shares != r->n_areas ||
        n_done != n_replications * r->n_arms * r->n_areas)
        return damaged(h, "lengths of axes");
    return KITH_OK;
}

/* Hands each measure its terms. */
static enum kith_status give_terms(const struct kith_h5 *h, struct kith_shape *s,
                                   struct kith_measure *measures, const struct kith_term *terms, size_t n)
{
    const size_t most[] = {s->n_states, s->n_transitions, s->n_counts, s->n_costs, s->n_amounts};
    size_t used = 0;
    for (size_t i = 0; i < n; i++)
        if (terms[i].base > KITH_BASE_AMOUNT || terms[i].index >= most[terms[i].base])
            return damaged(h, "/model/term");
    for (size_t i = 0; i < s->n_measures; i++) {
        struct kith_measure *m = &measures[i];
        if (m->n_over > n - used || m->n_below > n - used - m->n_over)
            return damaged(h, "/model/measure");
        m->over = terms + used;
        m->below = terms + used + m->n_over;
        used += m->n_over + m->n_below;
    }
    s->measures = measures;
    return KITH_OK;
}

static enum kith_status check_shape(const struct kith_h5 *h, const struct kith_shape *s)
{
    for (size_t i = 0; i < s->n_charts; i++)
        if (s->charts[i].first > s->n_states || s->charts[i].n > s->n_states - s->charts[i].first)
            return damaged(h, "/model/chart");
    for (size_t i = 0; i < s->n_states; i++)
        if (s->states[i].chart >= s->n_charts)
            return damaged(h, "/model/state");
    for (size_t i = 0; i < s->n_transitions; i++) {
        const struct kith_shape_transition *t = &s->transitions[i];
        if (t->chart >= s->n_charts || t->from < -1 || t->to < -1 || t->from >= (int)s->n_states ||
            t->to >= (int)s->n_states)
            return damaged(h, "/model/transition");
    }
    return KITH_OK;
}

static enum kith_status read_model(struct kith_results *r, const struct kith_h5 *h)
{
    struct kith_shape *s = &r->shape;
    size_t n_terms;
    void *charts, *states, *transitions, *counts, *costs, *amounts, *measures, *terms, *attributes, *targets;
    const struct {
        const struct kith_h5_table *table;
        void **rows;
        size_t *n;
    } part[] = {
        {&kith_layout_charts, &charts, &s->n_charts},
        {&kith_layout_states, &states, &s->n_states},
        {&kith_layout_transitions, &transitions, &s->n_transitions},
        {&kith_layout_counts, &counts, &s->n_counts},
        {&kith_layout_costs, &costs, &s->n_costs},
        {&kith_layout_amounts, &amounts, &s->n_amounts},
        {&kith_layout_measures, &measures, &s->n_measures},
        {&kith_layout_terms, &terms, &n_terms},
        {&kith_layout_attributes, &attributes, &s->n_attributes},
        {&kith_layout_targets, &targets, &r->n_targets},
    };
    for (size_t i = 0; i < sizeof part / sizeof *part; i++) {
        enum kith_status status = kith_h5_get_table(h, part[i].table, &r->arena, part[i].rows, part[i].n);
        if (status != KITH_OK)
            return status;
    }
    s->charts = charts;
    s->states = states;
    s->transitions = transitions;
    s->counts = counts;
    s->costs = costs;
    s->amounts = amounts;
    s->attributes = attributes;
    s->turnover = 1;
    r->targets = targets;
    enum kith_status status = check_shape(h, s);
    return status == KITH_OK ? give_terms(h, s, measures, terms, n_terms) : status;
}

enum kith_status kith_results_open(struct kith_results *r, struct kith_mem *mem, const char *path,
                                   struct kith_error *err)
{
    memset(r, 0, sizeof *r);
    r->file = H5I_INVALID_HID;
    r->mem = mem;
    r->arena.mem = mem;
    r->path = path;
    enum kith_status status = open_file(r, err);
    struct kith_h5 h = handle(r, err);
    if (status == KITH_OK)
        status = read_root(r, &h);
    if (status == KITH_OK)
        status = read_axes(r, &h);
    if (status == KITH_OK)
        status = read_model(r, &h);
    if (status == KITH_OK)
        status = kith_results_dataset_text(r, "/provenance/seed", &r->seed, err);
    return status;
}

void kith_results_close(struct kith_results *r)
{
    kith_results_copy_end(r);
    if (r->file >= 0)
        H5Fclose(r->file);
    r->file = H5I_INVALID_HID;
    kith_arena_free(&r->arena);
}

bool kith_results_complete(const struct kith_results *r, size_t replication, size_t arm)
{
    const int8_t *done = r->done + (replication * r->n_arms + arm) * r->n_areas;
    for (size_t i = 0; i < r->n_areas; i++)
        if (!done[i])
            return false;
    return r->n_areas > 0;
}

/* Selects in `space` everything whose first `lead` indices are `at`; false if that are not n elements.
 * *memory is a space of the same shape: with another rank HDF5 would copy element by element. */
static bool select_part(hid_t space, int lead, const hsize_t *at, size_t n, hid_t *memory)
{
    hsize_t dims[KITH_BLOCKS_RANK] = {0}, start[KITH_BLOCKS_RANK] = {0}, elements = 1;
    int rank = H5Sget_simple_extent_ndims(space);
    *memory = H5I_INVALID_HID;
    if (rank <= lead || rank > KITH_BLOCKS_RANK || H5Sget_simple_extent_dims(space, dims, NULL) < 0)
        return false;
    for (int i = 0; i < rank; i++) {
        if (i < lead) {
            start[i] = at[i];
            dims[i] = 1;
        }
        elements *= dims[i];
    }
    if (elements != n)
        return false;
    *memory = H5Screate_simple(rank, dims, NULL);
    return *memory >= 0 && H5Sselect_hyperslab(space, H5S_SELECT_SET, start, NULL, dims, NULL) >= 0;
}

/* Reads the part of `path` whose first `lead` indices are `at`: n elements. An absent dataset leaves `data`
 * as it is. */
static enum kith_status read_part(const struct kith_h5 *h, const char *path, hid_t type, int lead,
                                  const hsize_t *at, size_t n, void *data)
{
    enum kith_status status = KITH_OK;
    hid_t memory = H5I_INVALID_HID;
    if (n == 0 || !kith_h5_exists(h, path))
        return KITH_OK;
    hid_t dataset = H5Dopen2(h->id, path, H5P_DEFAULT);
    hid_t space = dataset < 0 ? H5I_INVALID_HID : H5Dget_space(dataset);
    if (space < 0)
        status = kith_h5_fail(h, "read", path);
    else if (!select_part(space, lead, at, n, &memory))
        status = damaged(h, path);
    else if (H5Dread(dataset, type, memory, space, H5P_DEFAULT, data) < 0)
        status = kith_h5_fail(h, "read", path);
    if (memory >= 0)
        H5Sclose(memory);
    if (space >= 0)
        H5Sclose(space);
    if (dataset >= 0)
        H5Dclose(dataset);
    return status;
}

enum kith_status kith_results_outcome(struct kith_results *r, size_t replication, size_t arm, double *value,
                                      struct kith_error *err)
{
    const hsize_t at[] = {replication, arm};
    struct kith_h5 h = handle(r, err);
    size_t n = r->shape.n_measures, dates = (size_t)r->years + 1;
    enum kith_status status = read_part(&h, "/outcomes/yearly", H5T_NATIVE_DOUBLE, 2, at, dates * n, value);
    if (status == KITH_OK)
        status = read_part(&h, "/outcomes/total", H5T_NATIVE_DOUBLE, 2, at, n, value + dates * n);
    return status;
}

enum kith_status kith_results_series(struct kith_results *r, size_t replication, size_t arm, size_t area,
                                     struct kith_series *s, struct kith_error *err)
{
    const hsize_t at[] = {replication, arm, area};
    struct kith_h5 h = handle(r, err);
    size_t n = (size_t)s->months;
    enum kith_status status =
        read_part(&h, "/series/stock", H5T_NATIVE_INT32, 3, at, (n + 1) * s->n_states, s->stock);
    if (status == KITH_OK)
        status = read_part(&h, "/series/flow", H5T_NATIVE_INT32, 3, at, n * s->n_transitions, s->flow);
    if (status == KITH_OK)
        status = read_part(&h, "/series/count", H5T_NATIVE_INT32, 3, at, (n + 1) * s->n_counts, s->count);
    if (status == KITH_OK)
        status = read_part(&h, "/series/cost", H5T_NATIVE_DOUBLE, 3, at, n * s->n_costs, s->cost);
    if (status == KITH_OK)
        status = read_part(&h, "/series/amount", H5T_NATIVE_DOUBLE, 3, at, n * s->n_amounts, s->amount);
    return status;
}

enum kith_status kith_results_text(struct kith_results *r, const char *name, const char **text,
                                   struct kith_error *err)
{
    struct kith_h5 h = handle(r, err);
    return kith_h5_get_text(&h, "/provenance", name, &r->arena, text);
}

enum kith_status kith_results_real(struct kith_results *r, const char *name, double *value,
                                   struct kith_error *err)
{
    struct kith_h5 h = handle(r, err);
    return kith_h5_get_real(&h, "/provenance", name, value);
}

enum kith_status kith_results_dataset_text(struct kith_results *r, const char *path, const char **text,
                                           struct kith_error *err)
{
    struct kith_h5 h = handle(r, err);
    const char **texts;
    size_t n;
    enum kith_status status = kith_h5_get_texts(&h, path, &r->arena, &texts, &n);
    *text = status == KITH_OK && n > 0 ? texts[0] : "";
    return status;
}

static herr_t add_bytes(hid_t object, const char *name, const H5O_info_t *info, void *data)
{
    double *sum = data;
    if (info->type != H5O_TYPE_DATASET)
        return 0;
    hid_t dataset = H5Dopen2(object, name, H5P_DEFAULT);
    if (dataset >= 0) {
        *sum += (double)H5Dget_storage_size(dataset);
        H5Dclose(dataset);
    }
    return 0;
}

double kith_results_bytes(struct kith_results *r, const char *group)
{
    struct kith_h5 h = handle(r, NULL);
    double sum = 0;
    if (kith_h5_exists(&h, group))
        H5Ovisit_by_name2(h.id, group, H5_INDEX_NAME, H5_ITER_NATIVE, add_bytes, &sum, H5O_INFO_BASIC,
                          H5P_DEFAULT);
    return sum;
}

double kith_results_rows(struct kith_results *r)
{
    struct kith_h5 h = handle(r, NULL);
    static const char path[] = "/trajectories/event/day";
    if (!kith_h5_exists(&h, path))
        return 0;
    hid_t dataset = H5Dopen2(h.id, path, H5P_DEFAULT);
    hid_t space = dataset < 0 ? H5I_INVALID_HID : H5Dget_space(dataset);
    double n = space < 0 ? 0 : (double)H5Sget_simple_extent_npoints(space);
    if (space >= 0)
        H5Sclose(space);
    if (dataset >= 0)
        H5Dclose(dataset);
    return n;
}
