/* kith plan: what a run will take. */
#include <stdio.h>

#include "cli.h"
#include "load.h"

static const char help[] =
    "kith plan SCENARIO [--set path=value]... [--replications N] [--arms a,b] [--threads T] [--json]\n"
    "\n"
    "Says what a run would take before it is started: cells, families, events, time, memory, size of the file.\n"
    "Measured on a few families here and now, so it holds for this machine.\n"
    "\n"
    "Example: kith plan scenarios/england.yaml --replications 100\n";

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
    enum kith_cli_next next = kith_load_options(&o, argc, argv, KITH_LOAD_SIZE | KITH_LOAD_JSON, help);
    if (next != KITH_CLI_GO_ON)
        return next == KITH_CLI_SHOWN ? KITH_OK : KITH_USAGE;
    enum kith_status st = kith_load(&o, &l);
    if (!st) {
        struct kith_run run = {.mem = &l.mem, .sc = &l.sc, .model = l.model, .compiled = l.compiled,
                               .threads = (int)o.threads};
        st = kith_run_estimate(&run, &e, &err);
        if (st)
            kith_cli_options_report(&err);
        else
            print_plan(&l, &e, kith_run_threads((int)o.threads), o.json);
    }
    kith_load_free(&l);
    return (int)st;
}
