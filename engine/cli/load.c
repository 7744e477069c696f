#include "load.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "models/models.h"

/* Overrides as the scenario room wants them; path[] holds the copies that list[].path points to. */
struct overrides {
    size_t n;
    struct kith_override list[260];
    char path[256][256];
};

enum kith_cli_next kith_load_options(struct kith_load_options *o, int argc, char **argv, int takes, const char *help)
{
    const char *threads = NULL, *order = NULL;
    struct kith_cli_option options[12];
    size_t n = 0;
    *o = (struct kith_load_options){.order = KITH_ORDER_FAMILY};
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
    }
    if (takes & KITH_LOAD_JSON)
        options[n++] = (struct kith_cli_option){"--json", 0, &o->json, NULL, NULL};
    if (takes & KITH_LOAD_DOT)
        options[n++] = (struct kith_cli_option){"--dot", 0, &o->dot, NULL, NULL};
    enum kith_cli_next next = kith_cli_options_read(argc, argv, options, n, help,
                                                    "a scenario, such as scenarios/chain.yaml", &o->scenario);
    if (next != KITH_CLI_GO_ON)
        return next;
    char *end = NULL;
    long count = threads ? strtol(threads, &end, 10) : 0;
    if (threads && (*end || end == threads || count < 1 || count > 4096))
        kith_cli_options_wrong("%s: --threads %s: wants a whole number from 1 to 4096", argv[0], threads);
    else if (order && strcmp(order, "queue") != 0 && strcmp(order, "family") != 0)
        kith_cli_options_wrong("%s: --order %s: there are family and queue", argv[0], order);
    else if (o->progress && strcmp(o->progress, "json") != 0)
        kith_cli_options_wrong("%s: --progress %s: there is json", argv[0], o->progress);
    else {
        o->threads = (int)count;
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
static enum kith_status gather_overrides(const struct kith_load_options *o, struct overrides *all)
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

enum kith_status kith_load(const struct kith_load_options *o, struct kith_loaded *l)
{
    struct kith_model_keys keys[16];
    struct kith_errors errors = {0};
    struct overrides *all = NULL;
    *l = (struct kith_loaded){.mem = KITH_MEM_INIT};
    for (size_t i = 0; i < kith_n_models; i++)
        keys[i] = (struct kith_model_keys){kith_models[i]->name, kith_models[i]->keys, kith_models[i]->n_keys};
    enum kith_status st = kith_mem_zeroed(&l->mem, &all, 1, sizeof *all);
    if (!st)
        st = gather_overrides(o, all);
    if (!st)
        st = kith_scenario_read(&l->sc, &l->mem, o->scenario, all->list, all->n, keys, kith_n_models, &errors);
    if (!st && o->arms)
        st = choose_arms(&l->sc, o->arms);
    if (!st) {
        l->model = kith_models_find(l->sc.model);
        st = l->model->load(&l->compiled, &l->mem, &l->sc, &errors);
    }
    print_reports(&errors);
    if (st == KITH_NO_MEMORY)
        fprintf(stderr, "kith: out of memory while reading %s\n", o->scenario);
    kith_mem_free(&all);
    return st;
}

void kith_load_free(struct kith_loaded *l)
{
    if (l->model)
        l->model->unload(l->compiled);
    kith_scenario_free(&l->sc);
}
