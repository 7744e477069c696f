#include "load.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "models/models.h"

static bool whole(const char *text, long low, long high, long *value)
{
    char *end;
    errno = 0;
    *value = strtol(text, &end, 10);
    return end != text && *end == '\0' && errno == 0 && *value >= low && *value <= high;
}

/* "3/7" */
static bool read_part(const char *text, uint64_t *part, uint64_t *n_parts)
{
    char *end;
    long i = strtol(text, &end, 10), n = 0;
    if (end == text || *end != '/' || !whole(end + 1, 1, 100000000, &n) || i < 1 || i > n)
        return false;
    *part = (uint64_t)i;
    *n_parts = (uint64_t)n;
    return true;
}

/* "90s", "50min", "2h", or as batch systems write it, "HH:MM:SS" and "MM:SS". */
static bool read_time(const char *text, double *seconds)
{
    static const struct {
        const char *name;
        double seconds;
    } unit[] = {{"s", 1}, {"sec", 1}, {"seconds", 1}, {"m", 60}, {"min", 60}, {"minutes", 60},
                {"h", 3600}, {"hours", 3600}, {"d", 86400}, {"days", 86400}};
    char *end;
    double x = strtod(text, &end), total = x;
    if (end == text || !(x >= 0))
        return false;
    if (*end == ':') {
        while (*end == ':') {
            const char *next = end + 1;
            x = strtod(next, &end);
            if (end == next || !(x >= 0 && x < 60))
                return false;
            total = 60 * total + x;
        }
        *seconds = total;
        return *end == '\0' && total > 0 && total < 1e9;
    }
    while (*end == ' ')
        end++;
    for (size_t i = 0; i < sizeof unit / sizeof *unit; i++) {
        if (strcmp(end, unit[i].name) == 0) {
            *seconds = x * unit[i].seconds;
            return *seconds > 0 && *seconds < 1e9;
        }
    }
    return false;
}

enum kith_cli_next kith_load_options(struct kith_load_options *o, int argc, char **argv, int takes, const char *help)
{
    const char *threads = NULL, *order = NULL, *cores = NULL, *shard = NULL, *max_time = NULL, *stop_code = NULL;
    struct kith_cli_option options[24];
    size_t n = 0;
    *o = (struct kith_load_options){.order = KITH_ORDER_FAMILY, .stop_code = KITH_STOPPED};
    options[n++] = (struct kith_cli_option){"--set", 0, NULL, NULL, &o->set};
    if (takes & KITH_LOAD_SIZE) {
        options[n++] = (struct kith_cli_option){"--replications", 0, NULL, &o->replications, NULL};
        options[n++] = (struct kith_cli_option){"--arms", 0, NULL, &o->arms, NULL};
        options[n++] = (struct kith_cli_option){"--threads", 0, NULL, &threads, NULL};
        options[n++] = (struct kith_cli_option){"--seed", 0, NULL, &o->seed, NULL};
        options[n++] = (struct kith_cli_option){"--trajectories", 0, NULL, &o->trajectories, NULL};
    }
    if (takes & KITH_LOAD_RUN) {
        options[n++] = (struct kith_cli_option){"--output", 'o', NULL, &o->output, NULL};
        options[n++] = (struct kith_cli_option){"--order", 0, NULL, &order, NULL};
        options[n++] = (struct kith_cli_option){"--progress", 0, NULL, &o->progress, NULL};
        options[n++] = (struct kith_cli_option){"--quiet", 'q', &o->quiet, NULL, NULL};
        options[n++] = (struct kith_cli_option){"--resume", 0, &o->resume, NULL, NULL};
        options[n++] = (struct kith_cli_option){"--overwrite", 0, &o->overwrite, NULL, NULL};
        options[n++] = (struct kith_cli_option){"--shard", 0, NULL, &shard, NULL};
        options[n++] = (struct kith_cli_option){"--max-time", 0, NULL, &max_time, NULL};
        options[n++] = (struct kith_cli_option){"--stop-code", 0, NULL, &stop_code, NULL};
    }
    if (takes & KITH_LOAD_CORES)
        options[n++] = (struct kith_cli_option){"--cores", 0, NULL, &cores, NULL};
    if (takes & KITH_LOAD_JSON)
        options[n++] = (struct kith_cli_option){"--json", 0, &o->json, NULL, NULL};
    if (takes & KITH_LOAD_DOT)
        options[n++] = (struct kith_cli_option){"--dot", 0, &o->dot, NULL, NULL};
    enum kith_cli_next next = kith_cli_options_read(argc, argv, options, n, help,
                                                    "a scenario, such as scenarios/chain.yaml", &o->scenario);
    if (next != KITH_CLI_GO_ON)
        return next;
    if (threads && !whole(threads, 1, 4096, &o->threads))
        kith_cli_options_wrong("%s: --threads %s: wants a whole number from 1 to 4096", argv[0], threads);
    else if (order && strcmp(order, "queue") != 0 && strcmp(order, "family") != 0)
        kith_cli_options_wrong("%s: --order %s: there are family and queue", argv[0], order);
    else if (o->progress && strcmp(o->progress, "json") != 0)
        kith_cli_options_wrong("%s: --progress %s: there is json", argv[0], o->progress);
    else if (cores && !whole(cores, 1, 10000000, &o->cores))
        kith_cli_options_wrong("%s: --cores %s: wants a whole number from 1 to 10000000", argv[0], cores);
    else if (shard && !read_part(shard, &o->part, &o->n_parts))
        kith_cli_options_wrong("%s: --shard %s: wants i/N with i from 1 to N, such as 3/7", argv[0], shard);
    else if (max_time && !read_time(max_time, &o->max_time))
        kith_cli_options_wrong("%s: --max-time %s: wants a time such as 90s, 50min, 2h or 1:30:00", argv[0], max_time);
    else if (stop_code && !whole(stop_code, 0, 255, &o->stop_code))
        kith_cli_options_wrong("%s: --stop-code %s: wants a whole number from 0 to 255", argv[0], stop_code);
    else if (o->resume && o->overwrite)
        kith_cli_options_wrong("%s: --resume keeps what is there, --overwrite drops it: one of the two", argv[0]);
    else {
        o->order = order && order[0] == 'q' ? KITH_ORDER_QUEUE : KITH_ORDER_FAMILY;
        return KITH_CLI_GO_ON;
    }
    return KITH_CLI_WRONG;
}

/* Whether `name` is one of the comma-separated names in `list`. */
static bool listed(const char *list, const char *name)
{
    for (const char *at = list; *at;) {
        size_t n = strcspn(at, ",");
        if (strlen(name) == n && strncmp(name, at, n) == 0)
            return true;
        at += n + (at[n] == ',');
    }
    return false;
}

/* Keeps the arms that --arms names, in the scenario's order. */
static enum kith_status choose_arms(struct kith_scenario *sc, const char *wanted)
{
    for (const char *at = wanted; *at;) {
        size_t n = strcspn(at, ","), i = 0;
        while (i < sc->n_arms && (strlen(sc->arms[i].name) != n || strncmp(sc->arms[i].name, at, n) != 0))
            i++;
        if (i == sc->n_arms) {
            fprintf(stderr, "kith: --arms: %s has no arm '%.*s'; its arms are", sc->path, (int)n, at);
            for (i = 0; i < sc->n_arms; i++)
                fprintf(stderr, "%s %s", i ? "," : "", sc->arms[i].name);
            fprintf(stderr, "\n");
            return KITH_USAGE;
        }
        at += n + (at[n] == ',');
    }
    size_t kept = 0;
    for (size_t i = 0; i < sc->n_arms; i++)
        if (listed(wanted, sc->arms[i].name))
            sc->arms[kept++] = sc->arms[i];
    sc->n_arms = kept;
    return KITH_OK;
}

static void print_reports(const struct kith_errors *errors)
{
    char line[1024];
    for (int i = 0; i < errors->n && i < KITH_ERRORS_MAX; i++)
        fprintf(stderr, "%s\n", kith_error_format(&errors->list[i], line, sizeof line));
    if (errors->n > KITH_ERRORS_MAX)
        fprintf(stderr, "... and %d more\n", errors->n - KITH_ERRORS_MAX);
}

/* Splits "path=value"; the text of `path` is a copy in `room`. */
static enum kith_status split_override(const char *text, char *room, size_t size, struct kith_override *out)
{
    const char *equals = strchr(text, '=');
    if (!equals || equals == text || (size_t)(equals - text) >= size)
        return kith_cli_options_wrong("--set %s: wants path=value", text);
    snprintf(room, size, "%.*s", (int)(equals - text), text);
    *out = (struct kith_override){room, equals + 1};
    return KITH_OK;
}

/* All that the command line changes in the scenario: --set, and options that are another way to say it. */
static enum kith_status gather_overrides(const struct kith_load_options *o, struct kith_cli_overrides *all)
{
    enum kith_status st = KITH_OK;
    all->n = 0;
    for (size_t i = 0; i < o->set.n && !st; i++, all->n++)
        st = split_override(o->set.value[i], all->path[i], sizeof all->path[i], &all->list[i]);
    if (o->replications)
        all->list[all->n++] = (struct kith_override){"replications", o->replications};
    if (o->seed)
        all->list[all->n++] = (struct kith_override){"seed", o->seed};
    if (o->trajectories)
        all->list[all->n++] = (struct kith_override){"output.trajectories", o->trajectories};
    return st;
}

/* Compiles the scenario that `st` says was read, and prints what is wrong. */
static enum kith_status compile(struct kith_loaded *l, const char *arms, enum kith_status st, struct kith_errors *errors,
                                const char *name)
{
    if (!st && arms && arms[0])
        st = choose_arms(&l->sc, arms);
    if (!st) {
        l->model = kith_models_find(l->sc.model);
        st = l->model->load(&l->compiled, &l->mem, &l->sc, errors);
    }
    print_reports(errors);
    if (st == KITH_NO_MEMORY)
        fprintf(stderr, "kith: out of memory while reading %s\n", name);
    return st;
}

static void list_keys(struct kith_model_keys *keys)
{
    for (size_t i = 0; i < kith_n_models; i++)
        keys[i] = (struct kith_model_keys){kith_models[i]->name, kith_models[i]->keys, kith_models[i]->n_keys};
}

enum kith_status kith_load(const struct kith_load_options *o, struct kith_loaded *l)
{
    struct kith_model_keys keys[16];
    struct kith_errors errors = {0};
    *l = (struct kith_loaded){.mem = KITH_MEM_INIT};
    list_keys(keys);
    enum kith_status st = kith_mem_zeroed(&l->mem, &l->overrides, 1, sizeof *l->overrides);
    if (!st)
        st = gather_overrides(o, l->overrides);
    if (!st)
        st = kith_scenario_read(&l->sc, &l->mem, o->scenario, l->overrides->list, l->overrides->n, keys, kith_n_models,
                                &errors);
    return compile(l, o->arms, st, &errors, o->scenario);
}

enum kith_status kith_load_shard(const struct kith_shard_head *head, uint64_t replications, struct kith_loaded *l)
{
    struct kith_model_keys keys[16];
    struct kith_errors errors = {0};
    *l = (struct kith_loaded){.mem = KITH_MEM_INIT};
    list_keys(keys);
    enum kith_status st = kith_scenario_read_sources(&l->sc, &l->mem, head->sources, head->n_sources, head->overrides,
                                                     head->n_overrides, keys, kith_n_models, &errors);
    if (!st && replications >= 1 && replications <= 1000000)
        l->sc.replications = (int)replications;
    return compile(l, head->arms, st, &errors, "the scenario in a part");
}

void kith_load_free(struct kith_loaded *l)
{
    if (l->model)
        l->model->unload(l->compiled);
    kith_scenario_free(&l->sc);
    kith_mem_free(&l->overrides);
}
