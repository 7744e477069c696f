#include "run.h"

#include <errno.h>
#include <omp.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "merge.h"
#include "ranks.h"
#include "team.h"

int kith_run_threads(int threads)
{
    return threads > 0 ? threads : omp_get_num_procs();
}

bool kith_run_begin(void)
{
    kith_ranks_begin();
    return kith_ranks_rank() == 0;
}

void kith_run_end(void)
{
    kith_ranks_end();
}

/* The same scenario gives other results with another version of the program or of its draws. */
static enum kith_status fingerprint(const struct kith_run *run, char hex[65], struct kith_error *err)
{
    const struct kith_scenario *sc = run->sc;
    char salt[256];
    snprintf(salt, sizeof salt, "%s %s", run->how.version, run->how.draw_scheme);
    enum kith_status st = kith_scenario_fingerprint(sc, salt, hex);
    return st ? kith_error_set(err, st, sc->path, 0, 0, st == KITH_NO_MEMORY ? "out of memory" : "SHA-256 failed") : st;
}

#define NETWORK_DELAY 90 /* seconds */

/* A run at work. */
struct work {
    const struct kith_run *run;
    struct kith_run_result *out;
    struct kith_error *err;
    char fingerprint[65];
    struct kith_shard_head head;
    struct kith_journal journal;
    struct kith_cells cells;
    bool exists;       /* the output was there before */
    uint64_t finished; /* cells that all ranks say they have finished */
};

static void make_head(struct work *w)
{
    const struct kith_run *run = w->run;
    const struct kith_scenario *sc = run->sc;
    w->head = (struct kith_shard_head){.fingerprint = w->fingerprint,
                                       .arms = run->arms,
                                       .seed = sc->seed,
                                       .replications = (uint64_t)sc->replications,
                                       .n_arms = sc->n_arms,
                                       .n_areas = sc->n_areas,
                                       .part = run->part,
                                       .n_parts = run->n_parts,
                                       .how = run->how,
                                       .n_sources = sc->n_sources,
                                       .n_overrides = run->n_overrides,
                                       .sources = sc->sources,
                                       .overrides = run->overrides};
    w->head.how.fingerprint = w->fingerprint;
}

static enum kith_status init_cells(struct work *w)
{
    const struct kith_scenario *sc = w->run->sc;
    return kith_cells_init(&w->cells, w->run->mem, (uint64_t)sc->replications, sc->n_arms, sc->n_areas, w->err);
}

/* Whether the output may be written, and whether something is there already. */
static enum kith_status look_at_output(struct work *w)
{
    struct stat there;
    const char *path = w->run->path;
    if (stat(path, &there) != 0)
        return errno == ENOENT ? KITH_OK : kith_error_set(w->err, KITH_IO, path, 0, 0, "cannot write it: %s", strerror(errno));
    if (!S_ISREG(there.st_mode))
        return kith_error_set(w->err, KITH_IO, path, 0, 0, S_ISDIR(there.st_mode) ? "is a directory" : "is no plain file");
    w->exists = true;
    return KITH_OK;
}

static enum kith_status refuse(struct work *w, size_t n_shards)
{
    char what[400] = "exists already";
    if (!w->exists)
        snprintf(what, sizeof what, "an earlier run left finished cells in %s (%zu shard%s)", w->journal.path, n_shards,
                 n_shards > 1 ? "s" : "");
    return kith_error_set(w->err, KITH_IO, w->run->path, 0, 0,
                          "%s: --resume goes on with it or adds replications, --overwrite replaces it", what);
}

static enum kith_status read_output(struct work *w)
{
    if (w->run->n_parts == 0)
        return kith_cells_add_output(&w->cells, w->run->path, w->fingerprint, w->err);
    enum kith_status st = kith_journal_take_part(&w->journal, w->run->path, &w->cells, w->fingerprint, &w->run->notes,
                                                 w->err);
    struct stat there;
    w->exists = st || stat(w->run->path, &there) == 0; /* a damaged one is set aside */
    return st;
}

/* Adds what the output itself holds; one of another experiment is an error unless shards of this one are there: then it is
 * about to be replaced. */
static enum kith_status add_output(struct work *w)
{
    size_t n = w->cells.n_shards;
    enum kith_status st = read_output(w);
    if (st != KITH_BAD_SCENARIO || n == 0)
        return st;
    kith_notes_say(&w->run->notes, "%s: is of another scenario; it will be replaced", w->run->path);
    w->exists = false;
    return KITH_OK;
}

/* Takes the lock, and stock of what exists. Rank 0 only. */
static enum kith_status begin(struct work *w)
{
    const struct kith_run *run = w->run;
    size_t n_shards = 0;
    enum kith_status st = look_at_output(w);
    if (!st)
        st = kith_journal_open(&w->journal, run->mem, run->path, &run->notes, w->err);
    if (!st)
        st = kith_journal_count(&w->journal, &n_shards, w->err);
    if (!st && !run->resume && !run->overwrite && (w->exists || n_shards > 0))
        st = refuse(w, n_shards);
    if (st)
        return st;
    if (run->overwrite && !run->resume)
        kith_journal_clear(&w->journal);
    else
        st = kith_journal_take(&w->journal, &w->cells, w->fingerprint, true, &run->notes, w->err);
    if (!st && w->exists && run->resume)
        st = add_output(w);
    return st;
}

/* Cells of this run that are there, and how many it has. */
static void count(const struct work *w, uint64_t *there, uint64_t *all)
{
    *there = *all = 0;
    for (uint64_t i = 0; i < w->cells.n; i++) {
        if (!kith_cells_mine(i, w->run->part, w->run->n_parts))
            continue;
        ++*all;
        *there += kith_cells_has(&w->cells, i);
    }
}

/* Whether the output has every cell of the run, so that there is nothing to write either. */
static bool output_has_all(const struct work *w)
{
    if (!w->run->resume || !w->exists)
        return false;
    if (w->run->n_parts > 0) /* all in the last shard added, which is the output */
        for (uint64_t i = 0; i < w->cells.n; i++)
            if (kith_cells_has(&w->cells, i) && w->cells.place[i].shard != w->cells.n_shards)
                return false;
    return w->run->n_parts > 0 || w->cells.n_shards == 0;
}

static enum kith_status put_together(struct work *w)
{
    const struct kith_run *run = w->run;
    struct kith_provenance how = run->how;
    how.fingerprint = w->fingerprint;
    how.threads = kith_run_threads(run->threads);
    return run->n_parts > 0 ? kith_merge_shard(run, &w->cells, &w->head, w->err)
                            : kith_merge_output(run, &w->cells, &how, w->err);
}

/* Takes stock once more: all ranks' shards are closed. What was there before has been checked, and what this run wrote will be
 * when it is read for the output file: what a disk does to it meanwhile ends the run, and --resume finds and repairs it. A
 * part takes cells without reading them. */
static enum kith_status recount(struct work *w, uint64_t *there, uint64_t *all)
{
    kith_cells_free(&w->cells);
    enum kith_status st = init_cells(w);
    if (!st)
        st = kith_journal_take(&w->journal, &w->cells, w->fingerprint, w->run->n_parts > 0, &w->run->notes,
                               w->err);
    if (!st && w->exists && w->run->resume)
        st = add_output(w);
    if (!st)
        count(w, there, all);
    return st;
}

/* Puts the cells together if all are there. Rank 0 only. */
static enum kith_status finish(struct work *w, enum kith_status st)
{
    uint64_t there = 0, all = 0;
    if (st && st != KITH_STOPPED)
        return st;
    enum kith_status again = recount(w, &there, &all);
    /* A network disk may show what other machines wrote only after a while. */
    for (int i = 0; i < NETWORK_DELAY && !again && kith_ranks_size() > 1 && there < w->out->before + w->finished; i++) {
        const struct timespec second = {1, 0};
        nanosleep(&second, NULL);
        again = recount(w, &there, &all);
    }
    if (again)
        return again;
    w->out->now = there - w->out->before;
    if (there < all)
        return KITH_STOPPED;
    st = put_together(w);
    if (!st)
        kith_journal_clear(&w->journal);
    return st;
}

static enum kith_status simulate(struct work *w)
{
    struct kith_team_job job = {.run = w->run, .cells = &w->cells, .journal = &w->journal, .head = &w->head};
    enum kith_status st = kith_team_work(&job, w->err);
    w->out->events = job.events_all;
    w->finished = job.cells_all;
    return st;
}

/* The other ranks of an MPI job: rank 0 has begun. */
static enum kith_status follow(struct work *w)
{
    enum kith_status st = (enum kith_status)kith_ranks_agree(0);
    if (st)
        return st;
    st = kith_journal_name(&w->journal, w->run->mem, w->run->path, w->err);
    if (st) {
        const struct kith_ranks_word bye = {.bye = 1};
        kith_ranks_bye(&bye);
    } else {
        st = simulate(w);
    }
    (void)kith_ranks_agree(0);
    enum kith_status all = (enum kith_status)kith_ranks_agree(0);
    return st && st != KITH_STOPPED ? st : all;
}

static enum kith_status lead(struct work *w)
{
    uint64_t there = 0;
    enum kith_status st = init_cells(w);
    if (!st)
        st = begin(w);
    if (!st)
        count(w, &there, &w->out->cells);
    w->out->before = there;
    if (kith_ranks_agree((int)st))
        return st;
    bool missing = there < w->out->cells;
    if (missing || kith_ranks_size() > 1)
        st = simulate(w);
    (void)kith_ranks_agree(0);
    if (missing || (!st && !output_has_all(w)))
        st = finish(w, st);
    else if (!st)
        kith_journal_clear(&w->journal);
    return (enum kith_status)kith_ranks_agree((int)st);
}

enum kith_status kith_run(const struct kith_run *run, struct kith_run_result *out, struct kith_error *err)
{
    struct work w = {.run = run, .out = out, .err = err, .journal = {.lock = -1}};
    *out = (struct kith_run_result){0};
    enum kith_status st = fingerprint(run, w.fingerprint, err);
    make_head(&w);
    if (kith_ranks_rank() > 0)
        st = follow(&w);
    else if (!st)
        st = lead(&w);
    else
        st = (enum kith_status)kith_ranks_agree((int)st);
    if (w.journal.path)
        snprintf(out->cells_path, sizeof out->cells_path, "%s", w.journal.path);
    kith_cells_free(&w.cells);
    kith_journal_close(&w.journal);
    return st;
}

/* ---- merging */

struct parts {
    const struct kith_run *run;
    struct kith_cells *cells;
    const char *fingerprint;
    struct kith_error *err;
};

static enum kith_status add_part(void *user, const char *path, bool open)
{
    struct parts *p = user;
    struct kith_shard s;
    enum kith_status st = kith_shard_open(&s, p->run->mem, path, true, p->err);
    if (!st && !s.complete && !p->run->partial)
        st = kith_error_set(p->err, KITH_IO, path, 0, 0,
                            open ? "is not finished (%s): kith run --resume finishes it, --partial takes what is intact"
                                 : "is damaged (%s): kith run --resume makes it whole, --partial takes what is intact",
                            s.fault);
    else if (!st && !s.complete)
        kith_notes_say(&p->run->notes, "%s: %s; %zu cells in it are intact", path, s.fault, s.n_cells);
    if (!st)
        st = kith_cells_add(p->cells, &s, p->fingerprint, true, p->err);
    kith_shard_free(&s);
    return st;
}

/* How many cells are missing, and the first five of them. */
static void describe_missing(const struct kith_cells *c, const struct kith_scenario *sc, char *out, size_t size)
{
    size_t n = (size_t)snprintf(out, size, "%llu of %llu cells are missing", (unsigned long long)(c->n - c->n_there),
                                (unsigned long long)c->n);
    int named = 0;
    for (uint64_t i = 0; i < c->n && n < size; i++) {
        if (kith_cells_has(c, i))
            continue;
        if (named++ == 5) {
            snprintf(out + n, size - n, ", ...");
            return;
        }
        uint64_t arm = i / c->n_areas % c->n_arms;
        n += (size_t)snprintf(out + n, size - n, "%s replication %llu, arm %s, area %s", named == 1 ? ":" : ";",
                              (unsigned long long)(i / c->n_areas / c->n_arms + 1), sc->arms[arm].name,
                              sc->areas[i % c->n_areas].code);
    }
}

enum kith_status kith_run_merge(const struct kith_run *run, size_t n, const char *const *parts,
                                struct kith_run_result *out, char *missing, size_t size, struct kith_error *err)
{
    struct work w = {.run = run, .out = out, .err = err, .journal = {.lock = -1}};
    struct parts p = {run, &w.cells, w.fingerprint, err};
    *out = (struct kith_run_result){0};
    enum kith_status st = fingerprint(run, w.fingerprint, err);
    if (!st)
        st = init_cells(&w);
    if (!st)
        st = look_at_output(&w);
    if (!st && w.exists && !run->overwrite)
        st = kith_error_set(err, KITH_IO, run->path, 0, 0, "exists already: --overwrite replaces it");
    for (size_t i = 0; i < n && !st; i++) {
        struct stat there;
        if (stat(parts[i], &there) == 0 && S_ISDIR(there.st_mode))
            st = kith_journal_visit(run->mem, parts[i], add_part, &p, err);
        else
            st = add_part(&p, parts[i], false);
    }
    out->cells = w.cells.n;
    out->before = w.cells.n_there;
    if (!st && w.cells.n_there < w.cells.n) {
        describe_missing(&w.cells, run->sc, missing, size);
        if (!run->partial)
            st = KITH_STOPPED;
    }
    if (!st) {
        struct kith_provenance how = run->how;
        how.fingerprint = w.fingerprint;
        st = kith_merge_output(run, &w.cells, &how, err);
    }
    kith_cells_free(&w.cells);
    return st;
}
