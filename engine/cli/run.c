/* kith run, kith plan, kith check. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../base/clock.h"
#include "../rng/draw.h"
#include "cli.h"
#include "kith.h"
#include "load.h"
#include "progress.h"

#ifdef __clang__
#define COMPILER "clang " __clang_version__
#else
#define COMPILER "gcc " __VERSION__
#endif

static const char run_help[] =
    "kith run SCENARIO -o OUT.h5 [options]\n"
    "\n"
    "Simulates every arm and replication of a scenario and writes one HDF5 file.\n"
    "\n"
    "  -o, --output FILE      the file to write; it appears, complete, when the run is over\n"
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
    "Ctrl-C (and SIGTERM) ends early: finished cells are written and readable, the exit code is 75.\n"
    "\n"
    "Example: kith run scenarios/chain.yaml -o chain.h5 --set population.families=10000 --replications 5\n"
    "Then:    kith summary chain.h5\n";

static const char plan_help[] =
    "kith plan SCENARIO [--set path=value]... [--replications N] [--arms a,b] [--threads T] [--json]\n"
    "\n"
    "Says what a run would take before it is started: cells, families, events, time, memory, size of the file.\n"
    "Measured on a few families here and now, so it holds for this machine.\n"
    "\n"
    "Example: kith plan scenarios/england.yaml --replications 100\n";

static const char check_help[] =
    "kith check SCENARIO [--set path=value]...\n"
    "\n"
    "Reads a scenario and reports everything that is wrong with it, with line and column. Exit code 0 or 65.\n"
    "\n"
    "Example: kith check scenarios/england.yaml\n";

/* Set by a signal; everything else is passed along. A handler can reach nothing but such a variable. */
static volatile int stop_run;

static void on_signal(int number)
{
    (void)number;
    stop_run = 1;
}

static void catch_signals(void)
{
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = on_signal;
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    signal(SIGXFSZ, SIG_IGN); /* a limit on file sizes is then an error of the write, and reported as one */
}

static void join_command(char *out, size_t size, int argc, char **argv)
{
    size_t n = (size_t)snprintf(out, size, "kith");
    for (int i = 0; i < argc && n < size; i++)
        n += (size_t)snprintf(out + n, size - n, " %s", argv[i]);
}

static int report(const struct kith_error *err)
{
    char line[1024];
    fprintf(stderr, "kith: %s\n", kith_error_format(err, line, sizeof line));
    return (int)err->code;
}

static int carry_out(const struct kith_load_options *o, struct kith_loaded *l, const char *command)
{
    struct kith_progress progress;
    struct kith_error err = {0};
    uint64_t events = 0;
    char started[32], libraries[256];
    size_t n = (size_t)snprintf(libraries, sizeof libraries, "libyaml %s, ", kith_scenario_yaml_version());
    kith_record_libraries(libraries + n, sizeof libraries - n);
    time_t now = time(NULL);
    struct tm utc;
    gmtime_r(&now, &utc);
    strftime(started, sizeof started, "%Y-%m-%dT%H:%M:%SZ", &utc);
    struct kith_run run = {.mem = &l->mem, .sc = &l->sc, .model = l->model, .compiled = l->compiled,
                           .path = o->output, .threads = o->threads, .order = o->order, .stop = &stop_run,
                           .progress = kith_progress_show, .user = &progress};
    run.how = (struct kith_provenance){.version = KITH_VERSION, .git_revision = KITH_REVISION,
                                       .compiler = COMPILER, .flags = KITH_FLAGS, .libraries = libraries,
                                       .command = command,
                                       .draw_scheme = KITH_DRAW_SCHEME, .started = started,
                                       .threads = kith_run_threads(o->threads)};
    if (!o->quiet)
        fprintf(stderr, "kith: %s: %d replications x %zu arms x %zu areas, %lld families, seed %llu, %d threads\n",
                l->sc.path, l->sc.replications, l->sc.n_arms, l->sc.n_areas, (long long)l->sc.families,
                (unsigned long long)l->sc.seed, run.how.threads);
    catch_signals();
    kith_progress_begin(&progress, o->quiet, o->progress != NULL);
    enum kith_status st = kith_run(&run, &events, &err);
    kith_progress_end(&progress);
    if (st && st != KITH_STOPPED)
        return report(&err);
    double seconds = kith_clock_seconds() - progress.began;
    if (st == KITH_STOPPED)
        fprintf(stderr, "kith: stopped early; what was finished is in %s\n", o->output);
    else if (!o->quiet)
        fprintf(stderr, "kith: wrote %s: %.4g million events in %.1f s (%.1f million events/s)\n", o->output,
                (double)events / 1e6, seconds, (double)events / 1e6 / (seconds > 0 ? seconds : 1));
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
    enum kith_status st = kith_load(&o, &l);
    int code = st ? (int)st : carry_out(&o, &l, command);
    kith_load_free(&l);
    return code;
}

int kith_cli_check(int argc, char **argv)
{
    struct kith_load_options o;
    struct kith_loaded l;
    enum kith_cli_next next = kith_load_options(&o, argc, argv, 0, check_help);
    if (next != KITH_CLI_GO_ON)
        return next == KITH_CLI_SHOWN ? KITH_OK : KITH_USAGE;
    enum kith_status st = kith_load(&o, &l);
    if (!st) {
        const struct kith_shape *sh = l.model->shape(l.compiled);
        printf("%s: ok: %zu charts, %zu states, %zu transitions, %zu arms, %zu areas, %zu parameters\n", l.sc.path,
               sh->n_charts, sh->n_states, sh->n_transitions, l.sc.n_arms, l.sc.n_areas, l.sc.n_parameters);
    }
    kith_load_free(&l);
    return (int)st;
}

static void print_plan(const struct kith_loaded *l, const struct kith_estimate *e, int threads, bool json)
{
    if (json) {
        printf("{\"cells\": %llu, \"families\": %llu, \"events\": %.0f, \"seconds\": %.1f, \"threads\": %d, "
               "\"memory_bytes\": %.0f, \"file_bytes\": %.0f}\n", (unsigned long long)e->cells,
               (unsigned long long)e->families, e->events, e->seconds, threads, e->memory_bytes, e->file_bytes);
        return;
    }
    printf("%s\n", l->sc.path);
    printf("  cells      %12llu  (%d replications x %zu arms x %zu areas)\n", (unsigned long long)e->cells,
           l->sc.replications, l->sc.n_arms, l->sc.n_areas);
    printf("  families   %12llu  over all cells\n", (unsigned long long)e->families);
    printf("  events     %12.4g  million\n", e->events / 1e6);
    printf("  time       %12.1f  s on %d threads of this machine\n", e->seconds, threads);
    printf("  memory     %12.0f  MiB at most, about\n", e->memory_bytes / 1048576);
    printf("  file       %12.1f  MiB, about\n", e->file_bytes / 1048576);
}

int kith_cli_plan(int argc, char **argv)
{
    struct kith_load_options o;
    struct kith_loaded l;
    struct kith_estimate e;
    struct kith_error err;
    enum kith_cli_next next = kith_load_options(&o, argc, argv, KITH_LOAD_SIZE | KITH_LOAD_JSON, plan_help);
    if (next != KITH_CLI_GO_ON)
        return next == KITH_CLI_SHOWN ? KITH_OK : KITH_USAGE;
    enum kith_status st = kith_load(&o, &l);
    if (!st) {
        struct kith_run run = {.mem = &l.mem, .sc = &l.sc, .model = l.model, .compiled = l.compiled,
                               .threads = o.threads};
        st = kith_run_estimate(&run, &e, &err);
        if (st)
            report(&err);
        else
            print_plan(&l, &e, kith_run_threads(o.threads), o.json);
    }
    kith_load_free(&l);
    return (int)st;
}
