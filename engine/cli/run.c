/* kith run: simulates. */
#include <stdio.h>
#include <time.h>

#include "../base/clock.h"
#include "../rng/draw.h"
#include "cli.h"
#include "kith.h"
#include "load.h"
#include "progress.h"
#include "stop.h"

/* Between these a loss of power may cost what is finished. */
#define CHECKPOINT_SECONDS 60

#ifdef __clang__
#define COMPILER "clang " __clang_version__
#else
#define COMPILER "gcc " __VERSION__
#endif

static const char run_help[] =
    "kith run SCENARIO -o OUT.h5 [options]\n"
    "kith run SCENARIO -o PART --shard i/N [options]\n"
    "\n"
    "Simulates every arm and replication of a scenario and writes one HDF5 file.\n"
    "\n"
    "  -o, --output FILE      the file to write; it appears, complete, when the run is over\n"
    "  --resume               go on with what an earlier run finished; harmless if there was none. With more\n"
    "                         --replications than before only the additional ones are simulated\n"
    "  --overwrite            start again, and replace what is there\n"
    "  --shard i/N            only part i (from 1) of N: PART is for kith merge, which puts the N parts together\n"
    "  --max-time T           stop after 90s, 50min, 2h or 1:30:00 as if by a signal\n"
    "  --stop-code C          exit code when stopped early (75)\n"
    "  --set path=value       changes the scenario: population.families=1000, help_offer=1.5\n"
    "  --replications N       independent repetitions\n"
    "  --arms a,b             only these arms\n"
    "  --threads T            threads (default: all processors); results do not depend on it\n"
    "  --seed S               seed of all draws\n"
    "  --trajectories X       all, none, or a share of families such as 0.1\n"
    "  --order family|queue   how to order events where nothing is coupled; results do not depend on it\n"
    "  --progress json        progress as JSON lines\n"
    "  --quiet                no progress, no closing line\n"
    "\n"
    "What is finished (of replication x arm x area) is in the directory OUT.h5.cells until all of it is there: a killed\n"
    "run, a full disk or a loss of power costs only what was in hand. Ctrl-C, SIGTERM, SIGUSR1 and --max-time end a run\n"
    "within seconds; the exit code is 75 then, and the same command with --resume goes on.\n"
    "\n"
    "Example: kith run scenarios/chain.yaml -o chain.h5 --set population.families=10000 --replications 5\n"
    "Then:    kith summary chain.h5\n"
    "More:    kith run scenarios/chain.yaml -o chain.h5 --set population.families=10000 --replications 50 --resume\n";

static void join_command(char *out, size_t size, int argc, char **argv)
{
    size_t n = (size_t)snprintf(out, size, "kith");
    for (int i = 0; i < argc && n < size; i++)
        n += (size_t)snprintf(out + n, size - n, " %s", argv[i]);
}

static void say(void *user, const char *text)
{
    kith_progress_end(user);
    fprintf(stderr, "kith: %s\n", text);
}

static int stopped(const struct kith_load_options *o, const struct kith_run_result *r)
{
    unsigned long long there = r->before + r->now, all = r->cells;
    if (there == all)
        fprintf(stderr, "kith: stopped before all %llu cells, which are finished, were put together; the same command with "
                        "--resume does that\n", all);
    else if (there == 0)
        fprintf(stderr, "kith: stopped early: none of %llu cells is finished; the same command begins again\n", all);
    else
        fprintf(stderr,
                "kith: stopped early: %llu of %llu cells are finished, in %s\n"
                "kith: the same command with --resume goes on; to look at what there is: kith merge %s -o PARTIAL.h5 "
                "--partial\n",
                there, all, r->cells_path, r->cells_path);
    return (int)o->stop_code;
}

static int failed(const struct kith_error *err, const struct kith_run_result *r, bool first)
{
    char line[1024];
    fprintf(stderr, "kith: %s\n", kith_error_format(err, line, sizeof line));
    if (first && r->cells > 0 && err->code != KITH_BAD_SCENARIO)
        fprintf(stderr, "kith: what was finished is kept in %s: the same command with --resume goes on with it\n",
                r->cells_path);
    return (int)err->code;
}

static void report(const struct kith_load_options *o, const struct kith_run_result *r, double seconds)
{
    if (r->before == r->cells && r->now == 0 && r->events == 0)
        fprintf(stderr, "kith: %s: all %llu cells were there already\n", o->output, (unsigned long long)r->cells);
    else
        fprintf(stderr, "kith: wrote %s: %.4g million events in %.1f s (%.1f million events/s)", o->output,
                (double)r->events / 1e6, seconds, (double)r->events / 1e6 / (seconds > 0 ? seconds : 1));
    if (r->now > 0 && r->before > 0)
        fprintf(stderr, "; %llu of %llu cells were there already", (unsigned long long)r->before,
                (unsigned long long)r->cells);
    if (r->now > 0)
        fputc('\n', stderr);
}

static int carry_out(const struct kith_load_options *o, struct kith_loaded *l, const char *command,
                     const volatile int *stop, bool first)
{
    struct kith_progress progress;
    struct kith_run_result result;
    struct kith_error err = {0};
    char started[32], libraries[256];
    size_t n = (size_t)snprintf(libraries, sizeof libraries, "libyaml %s, ", kith_scenario_yaml_version());
    kith_record_libraries(libraries + n, sizeof libraries - n);
    time_t now = time(NULL);
    struct tm utc;
    gmtime_r(&now, &utc);
    strftime(started, sizeof started, "%Y-%m-%dT%H:%M:%SZ", &utc);
    struct kith_run run = {.mem = &l->mem, .sc = &l->sc, .model = l->model, .compiled = l->compiled,
                           .path = o->output, .threads = (int)o->threads, .order = o->order,
                           .resume = o->resume, .overwrite = o->overwrite, .part = o->part, .n_parts = o->n_parts,
                           .arms = o->arms ? o->arms : "", .overrides = l->overrides->list,
                           .n_overrides = l->overrides->n, .checkpoint = CHECKPOINT_SECONDS,
                           .stop = stop, .progress = kith_progress_show, .user = &progress,
                           .notes = {say, &progress}};
    run.how = (struct kith_provenance){.version = KITH_VERSION, .git_revision = KITH_REVISION,
                                       .compiler = COMPILER, .flags = KITH_FLAGS, .libraries = libraries,
                                       .command = command,
                                       .draw_scheme = KITH_DRAW_SCHEME, .started = started,
                                       .threads = kith_run_threads((int)o->threads)};
    if (!o->quiet && first)
        fprintf(stderr, "kith: %s: %d replications x %zu arms x %zu areas, %lld families, seed %llu, %d threads\n",
                l->sc.path, l->sc.replications, l->sc.n_arms, l->sc.n_areas, (long long)l->sc.families,
                (unsigned long long)l->sc.seed, run.how.threads);
    kith_progress_begin(&progress, o->quiet || !first, o->progress != NULL);
    enum kith_status st = kith_run(&run, &result, &err);
    kith_progress_end(&progress);
    if (st == KITH_STOPPED)
        return first ? stopped(o, &result) : (int)o->stop_code;
    if (st && err.text[0])
        return failed(&err, &result, first);
    if (!st && !o->quiet && first)
        report(o, &result, kith_clock_seconds() - progress.began);
    return (int)st;
}

int kith_cli_run(int argc, char **argv)
{
    struct kith_load_options o;
    struct kith_loaded l;
    char command[4096];
    join_command(command, sizeof command, argc, argv);
    enum kith_cli_next next = kith_load_options(&o, argc, argv, KITH_LOAD_SIZE | KITH_LOAD_RUN, run_help);
    if (next != KITH_CLI_GO_ON)
        return next == KITH_CLI_SHOWN ? KITH_OK : KITH_USAGE;
    if (!o.output)
        return (int)kith_cli_options_wrong("run: where to? Say -o OUT.h5; see kith run --help");
    const volatile int *stop = kith_cli_stop_on(o.max_time); /* as early as can be: a job may be told at any time */
    bool first = kith_run_begin();
    enum kith_status st = kith_load(&o, &l);
    int code = st ? (int)st : carry_out(&o, &l, command, stop, first);
    kith_load_free(&l);
    kith_run_end();
    return code;
}
