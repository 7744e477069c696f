/* Writes the output file. Everything is created when it is opened, so that a full disk or a wrong path shows
 * before hours of simulation; results are compressed here and written in whole chunks as they come, so that
 * memory stays the same however many cells there are. */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shard_format.h"
#include "trajectories.h"

#define METADATA_CACHE ((size_t)8 << 20) /* bytes */

struct kith_writer {
    struct kith_h5 h5;
    char *path, *temporary;
    const struct kith_scenario *sc; /* borrowed until the writer is closed, as is the shape */
    const struct kith_shape *shape;
    struct kith_deflate pack;
    struct kith_blocks stock, flow, count, cost, amount, yearly, total;
    struct kith_trajectories tracks;
    bool tracking;
    int8_t *done;        /* [replications][n_arms][n_areas] */
    size_t replications; /* begun */
    bool failed;         /* something could not be written: the file will not be kept */
};

static enum kith_status no_memory(const struct kith_h5 *h)
{
    return kith_error_set(h->err, KITH_NO_MEMORY, h->path, 0, 0, "out of memory");
}

/* Remembers a failure for kith_writer_close. */
static enum kith_status checked(struct kith_writer *w, enum kith_status status)
{
    if (status != KITH_OK)
        w->failed = true;
    return status;
}

/* The cache of metadata (the index of chunks) is kept small: it is written out as the file grows. */
static hid_t access_list(void)
{
    H5AC_cache_config_t cache = {.version = H5AC__CURR_CACHE_CONFIG_VERSION};
    hid_t list = kith_h5_access();
    if (list >= 0 && H5Pget_mdc_config(list, &cache) >= 0) {
        cache.set_initial_size = true;
        cache.initial_size = cache.min_size = METADATA_CACHE / 8;
        cache.max_size = METADATA_CACHE;
        (void)!H5Pset_mdc_config(list, &cache);
    }
    return list;
}

static enum kith_status create_file(struct kith_writer *w)
{
    struct stat there;
    if (stat(w->path, &there) == 0 && S_ISDIR(there.st_mode))
        return kith_error_set(w->h5.err, KITH_IO, w->path, 0, 0, "is a directory");
    bool old = stat(w->temporary, &there) == 0;
    hid_t access = access_list();
    hid_t create = H5Pcreate(H5P_FILE_CREATE);
    if (access >= 0 && H5Pset_link_creation_order(create, H5P_CRT_ORDER_TRACKED | H5P_CRT_ORDER_INDEXED) >= 0)
        w->h5.id = H5Fcreate(w->temporary, H5F_ACC_TRUNC, create, access);
    enum kith_status status = w->h5.id < 0 ? kith_h5_fail(&w->h5, "create the file", "") : KITH_OK;
    if (status != KITH_OK && !old) /* an old one may belong to a run that is still going on */
        unlink(w->temporary);
    H5Pclose(create);
    H5Pclose(access);
    return status;
}

static enum kith_status set_reals(const struct kith_h5 *h, const struct kith_scenario *sc)
{
    const struct {
        const char *name;
        double value;
    } attribute[] = {
        {"weight", sc->represents / (double)sc->families},
        {"families", (double)sc->families},
        {"represents", sc->represents},
        {"start_date", sc->start_date},
        {"warm_up", sc->warm_up},
        {"counted", sc->counted},
        {"trajectories", sc->trajectories},
    };
    enum kith_status status = KITH_OK;
    for (size_t i = 0; i < sizeof attribute / sizeof *attribute && status == KITH_OK; i++)
        status = kith_h5_set_real(h, h->id, attribute[i].name, attribute[i].value);
    return status;
}

static enum kith_status put_root(const struct kith_h5 *h, const struct kith_scenario *sc,
                                 const struct kith_shape *shape)
{
    enum kith_status status = kith_h5_set_int(h, h->id, "kith_schema", KITH_H5_SCHEMA);
    if (status == KITH_OK)
        status = kith_h5_set_text(h, h->id, "title", sc->title);
    if (status == KITH_OK)
        status = kith_h5_set_text(h, h->id, "model", sc->model);
    if (status == KITH_OK)
        status = kith_h5_set_int(h, h->id, "months", sc->months);
    if (status == KITH_OK)
        status = kith_h5_set_int(h, h->id, "replications", sc->replications);
    if (status == KITH_OK)
        status = kith_h5_set_int(h, h->id, "members", (int)shape->members);
    return status == KITH_OK ? set_reals(h, sc) : status;
}

/* Written at opening, so that a file in progress says what it is, and once more at closing. */
static enum kith_status put_provenance(const struct kith_h5 *h, const struct kith_provenance *how)
{
    const struct {
        const char *name, *text;
    } attribute[] = {
        {"fingerprint", how->fingerprint}, {"version", how->version},         {"git_revision", how->git_revision},
        {"compiler", how->compiler},       {"flags", how->flags},
        {"libraries", how->libraries},     {"command", how->command},
        {"draw_scheme", how->draw_scheme}, {"started", how->started},
    };
    hid_t group = H5Gopen2(h->id, "/provenance", H5P_DEFAULT);
    if (group < 0)
        return kith_h5_fail(h, "write", "/provenance");
    enum kith_status status = kith_h5_set_int(h, group, "threads", how->threads);
    if (status == KITH_OK)
        status = kith_h5_set_real(h, group, "wall_seconds", how->wall_seconds);
    if (status == KITH_OK) /* float64: exact to 2^53, and readers of R have no 64-bit integers */
        status = kith_h5_set_real(h, group, "events", (double)how->events);
    for (size_t i = 0; i < sizeof attribute / sizeof *attribute && status == KITH_OK; i++)
        status = kith_h5_set_text(h, group, attribute[i].name, attribute[i].text);
    return kith_h5_closed(h, H5Gclose(group), "/provenance", status);
}

static enum kith_status put_source(const struct kith_h5 *h, const struct kith_scenario *sc)
{
    char seed[24];
    snprintf(seed, sizeof seed, "0x%016llx", (unsigned long long)sc->seed);
    enum kith_status status = kith_h5_group(h, "/provenance");
    if (status == KITH_OK)
        status = kith_h5_put_text(h, "/provenance/scenario", sc->text, "the scenario as it was read");
    if (status == KITH_OK)
        status = kith_h5_put_text(h, "/provenance/path", sc->path, "file of the scenario");
    if (status == KITH_OK)
        status = kith_h5_put_text(h, "/provenance/seed", seed, "seed of all draws, hexadecimal");
    return status;
}

/* One dataset of cells or outcomes; none if an axis is empty. */
static enum kith_status make_blocks(struct kith_writer *w, struct kith_blocks *b, const char *path,
                                    hid_t type, const char *axes, int rank, int block, const hsize_t *dims,
                                    const void *fill, const char *units, const char *what)
{
    for (int i = 1; i < rank; i++)
        if (dims[i] == 0)
            return KITH_OK;
    enum kith_status status = kith_blocks_init(b, &w->h5, path, type, rank, block, dims, fill, units, what);
    return status == KITH_OK ? kith_axes_attach(&w->h5, b->dataset, axes) : status;
}

static enum kith_status make_series(struct kith_writer *w)
{
    const struct kith_shape *s = w->shape;
    hsize_t months = (hsize_t)w->sc->months, arms = w->sc->n_arms, areas = w->sc->n_areas;
    const hsize_t stock[] = {0, arms, areas, months + 1, s->n_states};
    const hsize_t flow[] = {0, arms, areas, months, s->n_transitions};
    const hsize_t count[] = {0, arms, areas, months + 1, s->n_counts};
    const hsize_t cost[] = {0, arms, areas, months, s->n_costs};
    const hsize_t amount[] = {0, arms, areas, months, s->n_amounts};
    enum kith_status status = kith_h5_group(&w->h5, "/series");
    if (status == KITH_OK)
        status = make_blocks(w, &w->stock, "/series/stock", H5T_STD_I32LE, "replication arm area month state",
                             5, 2, stock, NULL, "1",
                             "simulated families or children in a state at the start of a month");
    if (status == KITH_OK)
        status = make_blocks(w, &w->flow, "/series/flow", H5T_STD_I32LE,
                             "replication arm area interval transition", 5, 2, flow, NULL, "1",
                             "transitions of simulated families or children in a month");
    if (status == KITH_OK)
        status = make_blocks(w, &w->count, "/series/count", H5T_STD_I32LE,
                             "replication arm area month count_kind", 5, 2, count, NULL, "1",
                             "simulated events of a month, or what a census found at a date");
    if (status == KITH_OK)
        status = make_blocks(w, &w->cost, "/series/cost", H5T_IEEE_F64LE,
                             "replication arm area interval cost_kind", 5, 2, cost, NULL, "pence",
                             "cost of simulated families in a month");
    if (status == KITH_OK)
        status = make_blocks(w, &w->amount, "/series/amount", H5T_IEEE_F64LE,
                             "replication arm area interval amount_kind", 5, 2, amount, NULL,
                             "see /axes/amount_unit", "amounts of a month, for simulated families");
    return status;
}

static enum kith_status make_outcomes(struct kith_writer *w)
{
    hsize_t years = (hsize_t)(w->sc->months / 12), arms = w->sc->n_arms;
    const hsize_t yearly[] = {0, arms, years + 1, w->shape->n_measures};
    const hsize_t total[] = {0, arms, w->shape->n_measures};
    const double none = NAN;
    enum kith_status status = kith_h5_group(&w->h5, "/outcomes");
    if (status == KITH_OK)
        status = make_blocks(w, &w->yearly, "/outcomes/yearly", H5T_IEEE_F64LE,
                             "replication arm time measure", 4, 2, yearly, &none, "see /axes/measure_unit",
                             "measures for the real population at yearly dates; NaN where there is none");
    if (status == KITH_OK)
        status = make_blocks(w, &w->total, "/outcomes/total", H5T_IEEE_F64LE, "replication arm measure", 3, 1,
                             total, &none, "see /axes/measure_unit",
                             "measures for the real population summed over the counted period");
    return status;
}

static enum kith_status write_head(struct kith_writer *w, const struct kith_provenance *how)
{
    const struct kith_h5 *h = &w->h5;
    enum kith_status status = kith_deflate_init(&w->pack, h->mem);
    if (status != KITH_OK)
        return no_memory(h);
    if (status == KITH_OK)
        status = put_root(h, w->sc, w->shape);
    if (status == KITH_OK)
        status = kith_axes_put(h, w->sc, w->shape);
    if (status == KITH_OK)
        status = put_source(h, w->sc);
    if (status == KITH_OK)
        status = put_provenance(h, how);
    if (status == KITH_OK)
        status = kith_layout_put_parameters(h, w->sc);
    if (status == KITH_OK)
        status = kith_layout_put_model(h, w->shape);
    if (status == KITH_OK)
        status = make_series(w);
    if (status == KITH_OK)
        status = make_outcomes(w);
    w->tracking = w->sc->trajectories > 0;
    if (status == KITH_OK && w->tracking)
        status = kith_trajectories_init(&w->tracks, h, w->shape);
    if (status == KITH_OK && H5Fflush(h->id, H5F_SCOPE_GLOBAL) < 0)
        status = kith_h5_fail(h, "write", "");
    return status;
}

enum kith_status kith_writer_open(struct kith_writer **out, struct kith_mem *mem, const char *path,
                                  const struct kith_scenario *sc, const struct kith_shape *shape,
                                  const struct kith_provenance *how, struct kith_error *err)
{
    static const char suffix[] = ".tmp";
    struct kith_writer *w = NULL;
    *out = NULL;
    if (kith_mem_zeroed(mem, &w, 1, sizeof *w) != KITH_OK)
        return kith_error_set(err, KITH_NO_MEMORY, path, 0, 0, "out of memory");
    w->h5 = (struct kith_h5){H5I_INVALID_HID, path, mem, err};
    w->sc = sc;
    w->shape = shape;
    w->path = kith_mem_text(mem, path);
    enum kith_status status = kith_mem_resize(mem, &w->temporary, strlen(path) + sizeof suffix, 1);
    if (!w->path || status != KITH_OK) {
        status = no_memory(&w->h5);
    } else {
        sprintf(w->temporary, "%s%s", path, suffix);
        w->h5.path = w->path;
        kith_h5_quiet();
        status = create_file(w);
        if (status == KITH_OK)
            status = checked(w, write_head(w, how));
    }
    if (status == KITH_OK)
        *out = w;
    else /* its own report would replace the first */
        (void)!kith_writer_close(w, NULL, true, NULL);
    return status;
}

enum kith_status kith_writer_tracks(struct kith_writer *w, const struct kith_tracks *t,
                                    struct kith_error *err)
{
    w->h5.err = err;
    if (!w->tracking)
        return KITH_OK;
    return checked(w, kith_trajectories_add(&w->tracks, &w->h5, t));
}

bool kith_writer_help(struct kith_writer *w)
{
    return w->tracking && kith_chunks_help(&w->tracks.chunks);
}

/* Makes all axes of replications reach replication number `replication`. */
static enum kith_status begin_replication(struct kith_writer *w, int replication)
{
    struct kith_blocks *blocks[] = {&w->stock,  &w->flow,   &w->count, &w->cost,
                                    &w->amount, &w->yearly, &w->total};
    size_t n = (size_t)replication + 1, cells = w->sc->n_arms * w->sc->n_areas;
    if (n <= w->replications)
        return KITH_OK;
    enum kith_status status = kith_mem_resize(w->h5.mem, &w->done, n, cells);
    if (status != KITH_OK)
        return no_memory(&w->h5);
    memset(w->done + w->replications * cells, 0, (n - w->replications) * cells);
    for (size_t i = 0; i < sizeof blocks / sizeof *blocks && status == KITH_OK; i++)
        status = kith_blocks_extend(blocks[i], &w->h5, n);
    w->replications = n;
    return status;
}

enum kith_status kith_writer_begin(struct kith_writer *w, int replication, size_t arm, size_t area,
                                   struct kith_error *err)
{
    size_t cell = ((size_t)replication * w->sc->n_arms + arm) * w->sc->n_areas + area;
    w->h5.err = err;
    return w->tracking ? checked(w, kith_trajectories_cells(&w->tracks, &w->h5, cell)) : KITH_OK;
}

/* The datasets of series in the order in which shards hold them. */
_Static_assert(KITH_SHARD_ARRAYS == 5, "a series has five arrays");
static void series_of(struct kith_writer *w, struct kith_blocks *list[KITH_SHARD_ARRAYS])
{
    struct kith_blocks *const all[KITH_SHARD_ARRAYS] = {&w->stock, &w->flow, &w->count, &w->cost, &w->amount};
    memcpy(list, all, sizeof all);
}

static enum kith_status cell_done(struct kith_writer *w, int replication, size_t arm, size_t area)
{
    size_t cell = ((size_t)replication * w->sc->n_arms + arm) * w->sc->n_areas + area;
    enum kith_status status =
        w->tracking ? kith_trajectories_cells(&w->tracks, &w->h5, cell + 1) : KITH_OK;
    if (status == KITH_OK)
        w->done[cell] = 1;
    return status;
}

enum kith_status kith_writer_cell(struct kith_writer *w, int replication, size_t arm, size_t area,
                                  const struct kith_series *s, struct kith_error *err)
{
    const hsize_t at[] = {(hsize_t)replication, arm, area};
    const void *const data[KITH_SHARD_ARRAYS] = {s->stock, s->flow, s->count, s->cost, s->amount};
    struct kith_blocks *list[KITH_SHARD_ARRAYS];
    w->h5.err = err;
    series_of(w, list);
    enum kith_status status = begin_replication(w, replication);
    for (size_t i = 0; i < KITH_SHARD_ARRAYS && status == KITH_OK; i++)
        status = kith_blocks_write(list[i], &w->pack, &w->h5, at, data[i]);
    if (status == KITH_OK)
        status = cell_done(w, replication, arm, area);
    return checked(w, status);
}

bool kith_writer_takes_packed(const struct kith_writer *w)
{
    return kith_blocks_single(&w->stock) && kith_blocks_single(&w->flow) && kith_blocks_single(&w->count) &&
           kith_blocks_single(&w->cost) && kith_blocks_single(&w->amount);
}

enum kith_status kith_writer_packed(struct kith_writer *w, int replication, size_t arm, size_t area,
                                    const unsigned char *packed, struct kith_error *err)
{
    const hsize_t at[] = {(hsize_t)replication, arm, area};
    struct kith_blocks *list[KITH_SHARD_ARRAYS];
    struct shard_sizes sizes;
    w->h5.err = err;
    series_of(w, list);
    memcpy(&sizes, packed, sizeof sizes);
    packed += sizeof sizes;
    enum kith_status status = begin_replication(w, replication);
    for (size_t i = 0; i < KITH_SHARD_ARRAYS && status == KITH_OK; i++) {
        status = kith_blocks_write_packed(list[i], &w->h5, at, packed, (size_t)sizes.bytes[i]);
        packed += sizes.bytes[i];
    }
    if (status == KITH_OK)
        status = cell_done(w, replication, arm, area);
    return checked(w, status);
}

enum kith_status kith_writer_outcome(struct kith_writer *w, int replication, size_t arm,
                                     const struct kith_outcome *o, struct kith_error *err)
{
    const hsize_t at[] = {(hsize_t)replication, arm};
    w->h5.err = err;
    enum kith_status status = begin_replication(w, replication);
    if (status == KITH_OK)
        status = kith_blocks_write(&w->yearly, &w->pack, &w->h5, at, o->value);
    if (status == KITH_OK)
        status = kith_blocks_write(&w->total, &w->pack, &w->h5, at,
                                   o->value + ((size_t)o->years + 1) * o->n_measures);
    return checked(w, status);
}

/* /cells/done, small enough to be kept in memory until now. */
static enum kith_status put_done(struct kith_writer *w)
{
    const struct kith_h5 *h = &w->h5;
    const hsize_t dims[] = {w->replications, w->sc->n_arms, w->sc->n_areas};
    enum kith_status status = kith_h5_group(h, "/cells");
    if (status != KITH_OK)
        return status;
    hid_t space = H5Screate_simple(3, dims, NULL);
    hid_t dataset =
        H5Dcreate2(h->id, "/cells/done", H5T_STD_I8LE, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    if (dataset < 0 ||
        (w->done && H5Dwrite(dataset, H5T_NATIVE_INT8, H5S_ALL, H5S_ALL, H5P_DEFAULT, w->done) < 0))
        status = kith_h5_fail(h, "write", "/cells/done");
    if (status == KITH_OK)
        status = kith_h5_describe(h, dataset, "1", "1: the cell is finished and written");
    if (status == KITH_OK)
        status = kith_axes_attach(h, dataset, "replication arm area");
    if (dataset >= 0)
        status = kith_h5_closed(h, H5Dclose(dataset), "/cells/done", status);
    H5Sclose(space);
    return status;
}

static enum kith_status write_tail(struct kith_writer *w, const struct kith_provenance *how)
{
    const struct kith_h5 *h = &w->h5;
    uint64_t cells = (uint64_t)w->replications * w->sc->n_arms * w->sc->n_areas;
    enum kith_status status = KITH_OK;
    if (w->tracking)
        status = kith_trajectories_finish(&w->tracks, h, cells);
    if (status == KITH_OK)
        status = kith_axes_replications(h, w->replications);
    if (status == KITH_OK)
        status = put_done(w);
    if (status == KITH_OK && how)
        status = put_provenance(h, how);
    return status;
}

/* Closes everything in the file. What HDF5 kept back is written only now, so a full disk may show here. */
static enum kith_status close_file(struct kith_writer *w)
{
    struct kith_blocks *blocks[] = {&w->stock,  &w->flow,   &w->count, &w->cost,
                                    &w->amount, &w->yearly, &w->total};
    enum kith_status status = KITH_OK;
    if (w->h5.id >= 0 && !w->failed && H5Fflush(w->h5.id, H5F_SCOPE_GLOBAL) < 0)
        status = checked(w, kith_h5_fail(&w->h5, "write", ""));
    kith_trajectories_free(&w->tracks);
    for (size_t i = 0; i < sizeof blocks / sizeof *blocks; i++)
        kith_blocks_free(blocks[i]);
    if (w->h5.id >= 0 && H5Fclose(w->h5.id) < 0 && !w->failed)
        status = checked(w, kith_h5_fail(&w->h5, "finish the file", ""));
    return status;
}

static enum kith_status system_error(const struct kith_h5 *h, const char *doing)
{
    return kith_error_set(h->err, KITH_IO, h->path, 0, 0, "cannot %s: %s", doing, strerror(errno));
}

static int sync_path(const char *path, int flags)
{
    int fd = open(path, flags);
    int result = fd < 0 ? -1 : fsync(fd);
    int why = errno;
    if (fd >= 0)
        close(fd);
    errno = why;
    return result;
}

/* Only data that are on the disk get the name. Not every file system can sync a directory; the file is
 * complete in any case, so that failure is none. */
static enum kith_status move_into_place(struct kith_writer *w)
{
    if (sync_path(w->temporary, O_RDWR) != 0)
        return system_error(&w->h5, "write to disk");
    if (rename(w->temporary, w->path) != 0)
        return system_error(&w->h5, "rename the finished file");
    (void)sync_path(dirname(w->temporary), O_RDONLY);
    return KITH_OK;
}

static void free_writer(struct kith_writer *w)
{
    kith_deflate_free(&w->pack);
    kith_mem_free(&w->done);
    kith_mem_free(&w->temporary);
    kith_mem_free(&w->path);
    kith_mem_free(&w);
}

enum kith_status kith_writer_close(struct kith_writer *w, const struct kith_provenance *how, bool discard,
                                   struct kith_error *err)
{
    enum kith_status status = KITH_OK;
    bool created = w->h5.id >= 0;
    w->h5.err = err;
    if (w->failed && !discard)
        status = kith_error_set(err, KITH_IO, w->path, 0, 0, "not written: an earlier write to it failed");
    else if (!discard)
        status = checked(w, write_tail(w, how));
    w->failed = w->failed || discard;
    enum kith_status closed = close_file(w);
    if (status == KITH_OK)
        status = closed;
    if (status == KITH_OK && !discard)
        status = move_into_place(w);
    if (created && (status != KITH_OK || discard))
        unlink(w->temporary);
    free_writer(w);
    return status;
}
