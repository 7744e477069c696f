/* kith status: what a run has finished, what is missing, what is damaged. */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "../run/journal.h"
#include "cli.h"
#include "options.h"
#include "table.h"

static const char help[] =
    "kith status FILE... [--json]\n"
    "\n"
    "What exists of a run, finished or not: FILE is its output OUT.h5, a part that kith run --shard writes, or a directory\n"
    "OUT.h5.cells. Changes nothing, and may be asked while the run goes on.\n"
    "\n"
    "Exit code 0: everything is there; 75: cells are missing; 74: something is damaged or cannot be read.\n"
    "\n"
    "Example: kith status out.h5\n";

/* What was found of one run. */
struct status {
    struct kith_mem *mem;
    struct kith_cells cells;
    bool known; /* how many cells there are */
    char fingerprint[65], seed[32], scenario[256];
    uint64_t replications, part, n_parts;
    bool other; /* the output file is of another run */
    size_t shards, unfinished, damaged;
    char fault[300]; /* of the first damaged one */
    struct kith_error err;
};

/* What the first shard or output file says of the run; its size is the largest that was planned. */
static enum kith_status learn(struct status *s, const char *fingerprint, uint64_t seed, const char *scenario,
                              uint64_t replications, uint64_t n_arms, uint64_t n_areas)
{
    if (s->known)
        return KITH_OK;
    s->known = true;
    if (replications > s->replications)
        s->replications = replications;
    snprintf(s->fingerprint, sizeof s->fingerprint, "%s", fingerprint);
    snprintf(s->seed, sizeof s->seed, "0x%016llx", (unsigned long long)seed);
    snprintf(s->scenario, sizeof s->scenario, "%s", scenario);
    return kith_cells_init(&s->cells, s->mem, s->replications, n_arms, n_areas, &s->err);
}

static void note_fault(struct status *s, const char *path, const char *fault)
{
    s->damaged++;
    if (!s->fault[0])
        snprintf(s->fault, sizeof s->fault, "%.180s: %.110s", path, fault);
}

static enum kith_status add_shard(void *user, const char *path, bool open)
{
    struct status *s = user;
    struct kith_shard shard;
    struct kith_error why = {0};
    s->shards++;
    s->unfinished += open;
    enum kith_status st = kith_shard_open(&shard, s->mem, path, true, &why);
    if (st == KITH_IO) {
        if (!open || !kith_shard_is_stub(path))
            note_fault(s, path, why.text);
        kith_shard_free(&shard);
        return KITH_OK;
    }
    if (st) {
        s->err = why;
    } else {
        if (!shard.complete && !(open && shard.cut))
            note_fault(s, path, shard.fault);
        s->part = shard.head.part;
        s->n_parts = shard.head.n_parts;
        st = learn(s, shard.head.fingerprint, shard.head.seed, shard.head.sources[0].path, shard.head.replications,
                   shard.head.n_arms, shard.head.n_areas);
        if (!st)
            st = kith_cells_add(&s->cells, &shard, s->fingerprint, false, &s->err);
    }
    kith_shard_free(&shard);
    return st;
}

/* The output file, unless it is of another run, which shards of this one are about to replace. */
static enum kith_status add_output(struct status *s, const char *path)
{
    struct kith_results r;
    const char *fingerprint = "", *scenario = "";
    unsigned long long seed = 0;
    enum kith_status st = kith_results_open(&r, s->mem, path, &s->err);
    if (!st)
        st = kith_results_text(&r, "fingerprint", &fingerprint, &s->err);
    if (!st)
        st = kith_results_dataset_text(&r, "/provenance/path", &scenario, &s->err);
    s->other = !st && s->known && strcmp(fingerprint, s->fingerprint) != 0;
    if (!st && !s->known) {
        (void)sscanf(r.seed, "%llx", &seed);
        st = learn(s, fingerprint, seed, scenario, r.n_planned, r.n_arms, r.n_areas);
    }
    kith_results_close(&r);
    return st || s->other ? st : kith_cells_add_output(&s->cells, path, s->fingerprint, &s->err);
}

/* How many replications a shard was planned with. */
static enum kith_status look(void *user, const char *path, bool open)
{
    struct status *s = user;
    struct kith_shard shard;
    struct kith_error err;
    (void)open;
    if (kith_shard_peek(&shard, s->mem, path, &err) == KITH_OK && shard.head.replications > s->replications)
        s->replications = shard.head.replications;
    kith_shard_free(&shard);
    return KITH_OK;
}

/* The same of an output file. */
static enum kith_status look_at_output(struct status *s, const char *path)
{
    struct kith_results r;
    enum kith_status st = kith_results_open(&r, s->mem, path, &s->err);
    if (!st && r.n_planned > s->replications)
        s->replications = r.n_planned;
    kith_results_close(&r);
    return st;
}

/* Whether the file is a shard, whole or damaged, rather than an output file or something else. */
static bool is_shard(struct kith_mem *mem, const char *path)
{
    struct kith_shard shard;
    struct kith_error err;
    bool is = kith_shard_peek(&shard, mem, path, &err) == KITH_OK || shard.damaged;
    kith_shard_free(&shard);
    return is;
}

static void count(const struct status *s, uint64_t *there, uint64_t *all)
{
    *there = *all = 0;
    for (uint64_t i = 0; i < s->cells.n; i++) {
        if (!kith_cells_mine(i, s->part, s->n_parts))
            continue;
        ++*all;
        *there += kith_cells_has(&s->cells, i);
    }
}

static void print_text(const struct status *s, const char *file, const char *running, uint64_t there, uint64_t all)
{
    printf("%s\n", file);
    printf("  %-12s%s of %s finished", "cells", kith_cli_number((double)there, 0).text,
           kith_cli_number((double)all, 0).text);
    printf(", %s missing", kith_cli_number((double)(all - there), 0).text);
    printf(" (%llu replications x %zu arms x %zu areas", (unsigned long long)s->replications, s->cells.n_arms,
           s->cells.n_areas);
    if (s->n_parts > 0)
        printf(", part %llu of %llu", (unsigned long long)s->part, (unsigned long long)s->n_parts);
    printf(")\n  %-12s%zu, of which %zu unfinished, %zu damaged\n", "shards", s->shards, s->unfinished, s->damaged);
    if (s->fault[0])
        printf("  %-12s%s\n", "damaged", s->fault);
    if (s->other)
        printf("  %-12sof another scenario or seed, to be replaced\n", "file");
    printf("  %-12s%s\n", "a run", running[0] ? running : "is not going on");
    printf("  %-12s%s, seed %s\n", "scenario", s->scenario, s->seed);
}

static void print_json(const struct status *s, const char *file, const char *running, uint64_t there, uint64_t all)
{
    printf("{\"file\": ");
    kith_cli_json_text(stdout, file);
    printf(", \"cells\": %llu, \"finished\": %llu, \"missing\": %llu, \"replications\": %llu, \"arms\": %zu, "
           "\"areas\": %zu, \"part\": %llu, \"parts\": %llu, \"shards\": %zu, \"unfinished\": %zu, \"damaged\": %zu, "
           "\"running\": ",
           (unsigned long long)all, (unsigned long long)there, (unsigned long long)(all - there),
           (unsigned long long)s->replications, s->cells.n_arms, s->cells.n_areas, (unsigned long long)s->part,
           (unsigned long long)s->n_parts, s->shards, s->unfinished, s->damaged);
    kith_cli_json_text(stdout, running);
    printf(", \"scenario\": ");
    kith_cli_json_text(stdout, s->scenario);
    printf(", \"seed\": \"%s\"}\n", s->seed);
}

/* Plans are looked for first: the largest says how many cells there are. */
static enum kith_status gather(struct status *s, const char *file, const char *directory, bool is_directory)
{
    struct stat there;
    bool is_file = !is_directory && stat(file, &there) == 0;
    bool shard = is_file && is_shard(s->mem, file);
    enum kith_status st = kith_journal_visit(s->mem, directory, look, s, &s->err);
    if (!st && shard)
        st = look(s, file, false);
    if (!st && is_file && !shard)
        st = look_at_output(s, file);
    if (!st)
        st = kith_journal_visit(s->mem, directory, add_shard, s, &s->err);
    if (!st && shard)
        st = add_shard(s, file, false);
    return !st && is_file && !shard ? add_output(s, file) : st;
}

static enum kith_status one_file(struct kith_mem *mem, const char *file, bool json)
{
    struct status s = {.mem = mem};
    char directory[4096], running[200] = "";
    struct stat info;
    uint64_t there = 0, all = 0;
    bool is_directory = stat(file, &info) == 0 && S_ISDIR(info.st_mode);
    snprintf(directory, sizeof directory, is_directory ? "%s" : "%s.cells", file);
    enum kith_status st = gather(&s, file, directory, is_directory);
    if (!st && !s.known)
        st = kith_error_set(&s.err, KITH_IO, file, 0, 0, s.fault[0] ? "nothing here can be read: %s" : "there is nothing of a run here%s",
                            s.fault);
    if (st) {
        kith_cli_options_report(&s.err);
    } else {
        if (kith_journal_busy(directory, running + 13, sizeof running - 13))
            memcpy(running, "is going on: ", 13);
        count(&s, &there, &all);
        (json ? print_json : print_text)(&s, file, running, there, all);
        st = s.damaged > 0 ? KITH_IO : there < all ? KITH_STOPPED : KITH_OK;
    }
    kith_cells_free(&s.cells);
    return st;
}

int kith_cli_status(int argc, char **argv)
{
    struct kith_mem mem = KITH_MEM_INIT;
    bool json = false;
    int n;
    const struct kith_cli_option options[] = {{"--json", 0, &json, NULL, NULL}};
    enum kith_cli_next next = kith_cli_options_read_all(argc, argv, options, 1, help, "files, such as out.h5", &n);
    if (next != KITH_CLI_GO_ON)
        return next == KITH_CLI_SHOWN ? KITH_OK : KITH_USAGE;
    enum kith_status worst = KITH_OK;
    for (int i = 1; i <= n; i++) {
        enum kith_status st = one_file(&mem, argv[i], json);
        if (st && worst != KITH_IO)
            worst = st;
    }
    return (int)kith_cli_options_finish(worst);
}
