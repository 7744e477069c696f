/* kith plan: what a run will take. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "../base/clock.h"
#include "cli.h"
#include "load.h"
#include "stop.h"
#include "table.h"

#define MOST_SECONDS 60 /* of measuring */

static const char help[] =
    "kith plan SCENARIO [--set path=value]... [--replications N] [--arms a,b] [--threads T] [--cores C] [--json]\n"
    "\n"
    "Says what a run would take before it is started: cells, families, events, time, memory, size of the file.\n"
    "Measured on a small part of it here and now, so it holds for this machine.\n"
    "\n"
    "  --cores C   what it would take on a cluster with C cores like those of this machine, as C / T jobs of T threads\n"
    "              (--threads, here 1 if it is not said), and what limits it first\n"
    "\n"
    "Example: kith plan scenarios/england.yaml --replications 1000 --cores 1000\n";

/* "12 s", "3.4 min", "5.6 h". */
static struct kith_cli_text time_text(double seconds)
{
    struct kith_cli_text t;
    if (seconds < 100)
        snprintf(t.text, sizeof t.text, "%.*f s", seconds < 1 ? 2 : 1, seconds);
    else if (seconds < 5400)
        snprintf(t.text, sizeof t.text, "%.1f min", seconds / 60);
    else
        snprintf(t.text, sizeof t.text, "%.1f h", seconds / 3600);
    return t;
}

/* "12 KiB", "3.4 GiB". */
static struct kith_cli_text size_text(double bytes)
{
    static const char *const unit[] = {"bytes", "KiB", "MiB", "GiB", "TiB"};
    struct kith_cli_text t;
    int i = 0;
    for (; bytes >= 1024 && i < 4; i++)
        bytes /= 1024;
    snprintf(t.text, sizeof t.text, "%.*f %s", bytes < 10 && i > 0 ? 1 : 0, bytes, unit[i]);
    return t;
}

/* What a run takes on many cores. */
struct spread {
    double jobs, threads, start, simulate, longest, merge, wall;
    const char *limit, *remedy;
};

/* Jobs get cells at random, so that the longest has about three standard deviations of its sum of cells more than the mean
 * (their sizes differ about as much as their mean), and never less than the largest cell. */
static struct spread spread_out(const struct kith_estimate *e, double cores, double threads, double start)
{
    struct spread s = {.threads = threads, .start = start, .merge = e->merge_seconds};
    s.jobs = floor(cores / threads);
    if (s.jobs < 1)
        s.jobs = 1;
    if (s.jobs > (double)e->cells)
        s.jobs = (double)e->cells;
    double share = e->core_seconds / s.jobs / threads, cell = e->core_seconds / (double)e->cells;
    s.simulate = share;
    s.longest = share + 3 * cell * sqrt((double)e->cells / s.jobs) / threads;
    if (s.longest < e->largest_seconds)
        s.longest = e->largest_seconds;
    s.wall = start + s.longest + s.merge;
    s.limit = "simulating";
    s.remedy = "more cores make it shorter";
    if (s.merge > s.longest) {
        s.limit = "merging, on one core";
        s.remedy = "more cores would not help; fewer months or areas in the output would";
    } else if (s.longest > 2 * share) {
        s.limit = "the largest cell";
        s.remedy = "fewer cores take hardly longer; more replications or arms would use them";
    } else if (start > share) {
        s.limit = "starting the jobs";
        s.remedy = "fewer jobs with more cells each";
    }
    return s;
}

static void print_spread(const struct kith_estimate *e, const struct spread *s)
{
    printf("  on a cluster: %.0f jobs of %.0f thread%s (--shard 1/%.0f .. %.0f/%.0f, or as many MPI ranks)\n", s->jobs,
           s->threads, s->threads > 1 ? "s" : "", s->jobs, s->jobs, s->jobs);
    printf("    core-hours %10.4g\n", (e->core_seconds + s->start * s->jobs + s->merge) / 3600);
    printf("    wall time  %10s  %s to start, %s to simulate, %s to merge\n", time_text(s->wall).text,
           time_text(s->start).text, time_text(s->longest).text, time_text(s->merge).text);
    printf("    cells      %10.4g  a job; one takes %s, the largest %s: what a killed job loses for each thread\n",
           (double)e->cells / s->jobs, time_text(e->core_seconds / (double)e->cells).text,
           time_text(e->largest_seconds).text);
    printf("    memory     %10s  a job at most, about\n", size_text(e->memory_bytes).text);
    printf("    files      %10.0f  parts of %s, %s in all, until they are merged\n", s->jobs,
           size_text(e->parts_bytes / s->jobs).text, size_text(e->parts_bytes).text);
    printf("    limited by %s: %s\n", s->limit, s->remedy);
}

static void print_json(const struct kith_estimate *e, int threads, const struct spread *s)
{
    printf("{\"cells\": %llu, \"families\": %llu, \"events\": %.0f, \"seconds\": %.1f, \"threads\": %d, "
           "\"core_seconds\": %.1f, \"largest_cell_seconds\": %.3f, \"merge_seconds\": %.1f, \"memory_bytes\": %.0f, "
           "\"file_bytes\": %.0f, \"parts_bytes\": %.0f",
           (unsigned long long)e->cells, (unsigned long long)e->families, e->events, e->seconds, threads, e->core_seconds,
           e->largest_seconds, e->merge_seconds, e->memory_bytes, e->file_bytes, e->parts_bytes);
    if (s)
        printf(", \"jobs\": %.0f, \"wall_seconds\": %.1f, \"limited_by\": \"%s\"", s->jobs, s->wall, s->limit);
    printf("}\n");
}

static void print_plan(const struct kith_loaded *l, const struct kith_estimate *e, int threads)
{
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
    enum kith_cli_next next =
        kith_load_options(&o, argc, argv, KITH_LOAD_SIZE | KITH_LOAD_JSON | KITH_LOAD_CORES, help);
    if (next != KITH_CLI_GO_ON)
        return next == KITH_CLI_SHOWN ? KITH_OK : KITH_USAGE;
    double began = kith_clock_seconds();
    enum kith_status st = kith_load(&o, &l);
    double start = kith_clock_seconds() - began;
    if (!st) {
        int threads = o.cores && !o.threads ? 1 : kith_run_threads((int)o.threads);
        struct kith_run run = {.mem = &l.mem, .sc = &l.sc, .model = l.model, .compiled = l.compiled, .threads = threads,
                               .stop = kith_cli_stop_on(MOST_SECONDS)};
        st = kith_run_estimate(&run, &e, &err);
        if (st) {
            kith_cli_options_report(&err);
        } else {
            struct spread s = spread_out(&e, (double)(o.cores ? o.cores : 1), threads, start);
            if (o.json)
                print_json(&e, threads, o.cores ? &s : NULL);
            else
                print_plan(&l, &e, threads);
            if (o.cores && !o.json)
                print_spread(&e, &s);
        }
    }
    kith_load_free(&l);
    return (int)st;
}
