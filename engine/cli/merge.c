/* kith merge: puts the parts of a run together. */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "../run/journal.h"
#include "cli.h"
#include "load.h"
#include "progress.h"
#include "stop.h"

static const char help[] =
    "kith merge PART... -o OUT.h5 [--partial] [--overwrite] [--quiet]\n"
    "\n"
    "Puts the parts that kith run --shard made, or the directories OUT.h5.cells of runs that were stopped, together as one\n"
    "output file: the same as that of a single run. It needs no other file: parts carry their scenario. Of a directory it\n"
    "takes all that is called *.shard.\n"
    "\n"
    "  -o, --output FILE   the file to write; it appears when it is complete\n"
    "  --partial           take what there is, although cells are missing\n"
    "  --overwrite         replace FILE if it exists\n"
    "\n"
    "Parts of different scenarios, and parts that hold the same cell, are refused (exit code 65); if cells are missing it\n"
    "says which (75); a damaged part is named (74).\n"
    "\n"
    "Example: kith merge part-*.shard -o out.h5\n";

/* Finds out from all parts how many replications were planned, and gets one part's head. */
struct heads {
    struct kith_mem *mem;
    struct kith_shard first;
    bool found;
    uint64_t replications;
    struct kith_error err;
};

static enum kith_status look(void *user, const char *path, bool open)
{
    struct heads *h = user;
    struct kith_shard s;
    (void)open;
    enum kith_status st = kith_shard_peek(&s, h->mem, path, &h->err);
    if (!st && s.head.replications > h->replications)
        h->replications = s.head.replications;
    if (st || h->found) {
        kith_shard_free(&s);
    } else {
        h->first = s;
        h->found = true;
    }
    return st;
}

static enum kith_status look_at_all(struct heads *h, int n, char **parts)
{
    enum kith_status st = KITH_OK;
    for (int i = 0; i < n && !st; i++) {
        struct stat there;
        if (stat(parts[i], &there) == 0 && S_ISDIR(there.st_mode))
            st = kith_journal_visit(h->mem, parts[i], look, h, &h->err);
        else
            st = look(h, parts[i], false);
    }
    if (!st && !h->found)
        st = kith_error_set(&h->err, KITH_IO, parts[0], 0, 0, "there are no parts in it");
    return st;
}

static void say(void *user, const char *text)
{
    (void)user;
    fprintf(stderr, "kith: %s\n", text);
}

static enum kith_status merge(struct kith_run *run, const struct heads *h, int n, char **parts, bool quiet)
{
    struct kith_loaded l;
    struct kith_run_result r;
    struct kith_error err = {0};
    char missing[1024] = "";
    enum kith_status st = kith_load_shard(&h->first.head, h->replications, &l);
    run->sc = &l.sc;
    run->model = l.model;
    run->compiled = l.compiled;
    run->how = h->first.head.how;
    if (!st) {
        st = kith_run_merge(run, (size_t)n, (const char *const *)parts, &r, missing, sizeof missing, &err);
        if (missing[0])
            fprintf(stderr, "kith: %s\n", missing);
        if (st == KITH_STOPPED && missing[0])
            fprintf(stderr, "kith: nothing was written; --partial takes what there is\n");
        else if (st == KITH_STOPPED)
            fprintf(stderr, "kith: stopped; nothing was written\n");
        else if (st)
            kith_cli_options_report(&err);
        else if (!quiet)
            fprintf(stderr, "kith: wrote %s: %llu of %llu cells\n", run->path, (unsigned long long)r.before,
                    (unsigned long long)r.cells);
    }
    kith_load_free(&l);
    return st;
}

int kith_cli_merge(int argc, char **argv)
{
    struct kith_mem mem = KITH_MEM_INIT;
    struct heads h = {.mem = &mem, .replications = 1};
    struct kith_run run = {.mem = &mem, .notes = {say, NULL}};
    bool quiet = false;
    int n;
    const struct kith_cli_option options[] = {{"--output", 'o', NULL, &run.path, NULL},
                                              {"--partial", 0, &run.partial, NULL, NULL},
                                              {"--overwrite", 0, &run.overwrite, NULL, NULL},
                                              {"--quiet", 'q', &quiet, NULL, NULL}};
    enum kith_cli_next next = kith_cli_options_read_all(argc, argv, options, 4, help,
                                                        "parts, such as part-1.shard part-2.shard", &n);
    if (next != KITH_CLI_GO_ON)
        return next == KITH_CLI_SHOWN ? KITH_OK : KITH_USAGE;
    if (!run.path)
        return (int)kith_cli_options_wrong("merge: where to? Say -o OUT.h5; see kith merge --help");
    run.stop = kith_cli_stop_on(0);
    enum kith_status st = look_at_all(&h, n, argv + 1);
    if (st) {
        kith_cli_options_report(&h.err);
    } else {
        st = merge(&run, &h, n, argv + 1, quiet);
    }
    if (h.found)
        kith_shard_free(&h.first);
    return (int)st;
}
