#include <math.h>
#include <string.h>

#include "../record/results.h"
#include "cli.h"
#include "options.h"
#include "table.h"

static const char help[] = "kith info OUT.h5 [--json]\n"
                           "\n"
                           "What an output file holds: scenario, seed, arms, replications, areas, charts, "
                           "how it was made, how large its\n"
                           "parts are, and how to open it in Python and R.\n"
                           "\n"
                           "Example: the seed of a result\n"
                           "\n"
                           "  kith info out.h5 | grep seed\n";

static const char *const provenance[] = {"version",   "git_revision", "compiler",    "flags",
                                         "libraries", "command",      "draw_scheme", "started"};
static const char *const numbers[] = {"threads", "wall_seconds", "events"};
static const char *const groups[] = {"/series", "/outcomes", "/cells",      "/trajectories",
                                     "/axes",   "/model",    "/parameters", "/targets"};
#define N(array) (sizeof(array) / sizeof *(array))

struct info {
    struct kith_mem mem;
    struct kith_results r;
    struct kith_error err;
    const char *path; /* of the scenario */
    const char *text[N(provenance)];
    double number[N(numbers)], bytes[N(groups)];
    size_t cells; /* done */
};

static enum kith_status gather(struct info *o)
{
    struct kith_results *r = &o->r;
    enum kith_status status = kith_results_dataset_text(r, "/provenance/path", &o->path, &o->err);
    for (size_t i = 0; i < N(provenance) && status == KITH_OK; i++)
        status = kith_results_text(r, provenance[i], &o->text[i], &o->err);
    for (size_t i = 0; i < N(numbers) && status == KITH_OK; i++)
        status = kith_results_real(r, numbers[i], &o->number[i], &o->err);
    for (size_t i = 0; i < N(groups) && status == KITH_OK; i++)
        o->bytes[i] = kith_results_bytes(r, groups[i]);
    for (size_t i = 0; i < r->n_replications * r->n_arms * r->n_areas; i++)
        o->cells += r->done[i] != 0;
    return status;
}

static size_t complete(const struct kith_results *r, size_t arm)
{
    size_t n = 0;
    for (size_t i = 0; i < r->n_replications; i++)
        n += kith_results_complete(r, i, arm);
    return n;
}

static void json_pair(const char *name, const char *text)
{
    printf("  \"%s\": ", name);
    kith_cli_json_text(stdout, text);
    fputs(",\n", stdout);
}

static void json_number(const char *name, double x)
{
    printf("  \"%s\": ", name);
    kith_cli_json_real(stdout, x);
    fputs(",\n", stdout);
}

static void json_list(const char *name, const char **texts, size_t n)
{
    printf("  \"%s\": [", name);
    for (size_t i = 0; i < n; i++) {
        fputs(i > 0 ? ", " : "", stdout);
        kith_cli_json_text(stdout, texts[i]);
    }
    fputs("],\n", stdout);
}

static void json_model(const struct kith_shape *s)
{
    fputs("  \"charts\": [", stdout);
    for (size_t i = 0; i < s->n_charts; i++) {
        fputs(i > 0 ? ", {\"name\": " : "{\"name\": ", stdout);
        kith_cli_json_text(stdout, s->charts[i].name);
        printf(", \"of_child\": %s, \"states\": %zu}", s->charts[i].of_child ? "true" : "false",
               s->charts[i].n);
    }
    fputs("],\n", stdout);
    json_number("states", (double)s->n_states);
    json_number("transitions", (double)s->n_transitions);
    json_number("measures", (double)s->n_measures);
}

static void print_json(struct info *o)
{
    const struct kith_results *r = &o->r;
    fputs("{\n", stdout);
    json_pair("title", r->title);
    json_pair("model", r->model);
    json_pair("scenario", o->path);
    json_pair("seed", r->seed);
    json_list("arms", r->arms, r->n_arms);
    json_list("areas", r->areas, r->n_areas);
    json_number("replications", (double)r->n_replications);
    json_number("replications_planned", (double)r->n_planned);
    fputs("  \"replications_complete\": {", stdout);
    for (size_t i = 0; i < r->n_arms; i++) {
        fputs(i > 0 ? ", " : "", stdout);
        kith_cli_json_text(stdout, r->arms[i]);
        printf(": %zu", complete(r, i));
    }
    fputs("},\n", stdout);
    json_number("cells_done", (double)o->cells);
    json_number("families", r->families);
    json_number("represents", r->represents);
    json_number("months", r->months);
    json_number("start_date", r->start_date);
    json_number("warm_up_years", r->warm_up);
    json_model(&r->shape);
    json_number("trajectory_share", r->trajectories);
    json_number("trajectory_events", kith_results_rows(&o->r));
    for (size_t i = 0; i < N(provenance); i++)
        json_pair(provenance[i], o->text[i]);
    for (size_t i = 0; i < N(numbers); i++)
        json_number(numbers[i], o->number[i]);
    fputs("  \"bytes\": {", stdout);
    for (size_t i = 0; i < N(groups); i++)
        printf("%s\"%s\": %.0f", i > 0 ? ", " : "", groups[i], o->bytes[i]);
    fputs("}\n}\n", stdout);
}

/* Names one after another, as many as fit on a line or two. */
static void print_names(const char *label, const char **names, size_t n)
{
    printf("  %-14s%zu: ", label, n);
    for (size_t i = 0; i < n && i < 8; i++)
        printf("%s%s", i > 0 ? ", " : "", names[i]);
    puts(n > 8 ? ", ..." : "");
}

static void print_design(const struct info *o)
{
    const struct kith_results *r = &o->r;
    printf("  %-14s%s\n  %-14s%s\n  %-14s%s\n", "scenario", o->path, "model", r->model, "seed", r->seed);
    print_names("arms", r->arms, r->n_arms);
    print_names("areas", r->areas, r->n_areas);
    printf("  %-14s%zu begun of %zu; complete:", "replications", r->n_replications, r->n_planned);
    for (size_t i = 0; i < r->n_arms; i++)
        printf("%s %s %zu", i > 0 ? "," : "", r->arms[i], complete(r, i));
    printf("\n  %-14s%zu of %zu done (replication x arm x area)\n", "cells", o->cells,
           r->n_planned * r->n_arms * r->n_areas);
    printf("  %-14s%s simulated", "families", kith_cli_number(r->families, 0).text);
    printf(", stand for %s real ones (weight %g)\n", kith_cli_number(r->represents, 0).text, r->weight);
    printf("  %-14s%d months counted after %g years of warm-up", "period", r->months, r->warm_up);
    if (isnan(r->start_date))
        puts("");
    else
        printf(", from %.2f\n", r->start_date + r->warm_up);
}

static void print_model(const struct kith_shape *s)
{
    for (size_t i = 0; i < s->n_charts; i++)
        printf("  %-14s%s of a %s, %zu states\n", i == 0 ? "charts" : "", s->charts[i].name,
               s->charts[i].of_child ? "child" : "family", s->charts[i].n);
    printf("  %-14s%zu states, %zu transitions, %zu costs, ", "in all", s->n_states, s->n_transitions,
           s->n_costs);
    if (s->n_amounts > 0)
        printf("%zu amounts, ", s->n_amounts);
    printf("%zu measures\n", s->n_measures);
}

static enum kith_status print_sizes(struct info *o)
{
    struct kith_cli_table t;
    kith_cli_table_init(&t, &o->mem, "lrl");
    for (size_t i = 0; i < N(groups); i++) {
        if (o->bytes[i] == 0)
            continue;
        kith_cli_table_add(&t, "%s", groups[i]);
        kith_cli_table_add(&t, "%s", kith_cli_number(o->bytes[i], 0).text);
        kith_cli_table_add(&t, "bytes");
    }
    enum kith_status status = kith_cli_table_print(&t, stdout);
    kith_cli_table_free(&t);
    if (status != KITH_OK)
        kith_error_set(&o->err, status, o->r.path, 0, 0, "out of memory");
    return status;
}

static void print_opening(const struct info *o)
{
    const char *file = o->r.path;
    printf("\nIn Python\n\n"
           "  import xarray as xr                      # months of every cell, with names on all axes\n"
           "  axes = xr.open_dataset(\"%s\", group=\"axes\")\n"
           "  series = xr.open_dataset(\"%s\", group=\"series\").assign_coords(axes.coords)\n"
           "  import h5py\n"
           "  file = h5py.File(\"%s\")\n"
           "  yearly = file[\"outcomes/yearly\"][:]      # replication, arm, time, measure\n",
           file, file, file);
    printf("\nIn R\n\n"
           "  library(hdf5r)                           # axes come in reverse: the first varies fastest\n"
           "  file <- H5File$new(\"%s\", \"r\")\n"
           "  yearly <- file[[\"outcomes/yearly\"]][,,,]\n"
           "  measure <- file[[\"axes/measure\"]][]\n",
           file);
    if (o->r.trajectories > 0)
        puts("\nThe events of family i (from 0) are rows event_offset[i] to event_offset[i + 1] - 1 of\n"
             "/trajectories/event/day, member and code; event_offset is in /trajectories/family.");
}

static enum kith_status print_text(struct info *o)
{
    printf("%s\n%s\n\n", o->r.title, o->r.path);
    print_design(o);
    print_model(&o->r.shape);
    if (o->r.trajectories > 0)
        printf("  %-14s%s events, of %g%% of the families\n", "trajectories",
               kith_cli_number(kith_results_rows(&o->r), 0).text, 100 * o->r.trajectories);
    puts("\nHow it was made\n");
    for (size_t i = 0; i < N(provenance); i++)
        if (o->text[i][0])
            printf("  %-14s%s\n", provenance[i], o->text[i]);
    for (size_t i = 0; i < N(numbers); i++)
        printf("  %-14s%s\n", numbers[i], kith_cli_number(o->number[i], i == 1 ? 1 : 0).text);
    puts("\nSizes, compressed, without names and texts\n");
    enum kith_status status = print_sizes(o);
    if (status == KITH_OK)
        print_opening(o);
    return status;
}

int kith_cli_info(int argc, char **argv)
{
    struct info o = {.mem = KITH_MEM_INIT};
    bool json = false;
    const char *file;
    const struct kith_cli_option options[] = {{"--json", 0, &json, NULL, NULL}};
    enum kith_cli_next next = kith_cli_options_read(argc, argv, options, 1, help, KITH_CLI_FILE, &file);
    if (next != KITH_CLI_GO_ON)
        return (int)kith_cli_options_finish(next == KITH_CLI_SHOWN ? KITH_OK : KITH_USAGE);
    enum kith_status status = kith_results_open(&o.r, &o.mem, file, &o.err);
    if (status == KITH_OK)
        status = gather(&o);
    if (status == KITH_OK && json)
        print_json(&o);
    else if (status == KITH_OK)
        status = print_text(&o);
    if (status != KITH_OK)
        kith_cli_options_report(&o.err);
    kith_results_close(&o.r);
    return (int)kith_cli_options_finish(status);
}
