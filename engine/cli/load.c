#include "load.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "models/models.h"

static enum kith_status usage(const char *command, const char *text, const char *what)
{
    fprintf(stderr, "kith %s: %s '%s'; see kith %s --help\n", command, text, what, command);
    return KITH_USAGE;
}

/* Options that are another way to write --set path=value. */
static const struct {
    const char *option, *path;
} shorthands[] = {{"replications", "replications"}, {"seed", "seed"}, {"trajectories", "output.trajectories"}};

static enum kith_status add_override(struct kith_load_options *o, const char *command, const char *path, char *value)
{
    if (o->n_overrides == KITH_OVERRIDES_MAX)
        return usage(command, "too many changes: put them in a file that extends the scenario;", value);
    if (!path) {
        char *equals = strchr(value, '=');
        if (!equals || equals == value)
            return usage(command, "--set wants path=value, not", value);
        *equals = 0;
        path = value;
        value = equals + 1;
    }
    o->overrides[o->n_overrides++] = (struct kith_override){path, value};
    return KITH_OK;
}

static enum kith_status take_value(struct kith_load_options *o, const char *command, const char *name, char *value)
{
    for (size_t i = 0; i < sizeof shorthands / sizeof *shorthands; i++)
        if (strcmp(name, shorthands[i].option) == 0)
            return add_override(o, command, shorthands[i].path, value);
    if (strcmp(name, "set") == 0)
        return add_override(o, command, NULL, value);
    if (strcmp(name, "output") == 0) {
        o->output = value;
    } else if (strcmp(name, "arms") == 0) {
        o->arms = value;
    } else if (strcmp(name, "progress") == 0) {
        o->json_progress = true;
        if (strcmp(value, "json") != 0)
            return usage(command, "--progress knows only json, not", value);
    } else if (strcmp(name, "order") == 0) {
        o->order = strcmp(value, "queue") == 0 ? KITH_ORDER_QUEUE : KITH_ORDER_FAMILY;
        if (strcmp(value, "queue") != 0 && strcmp(value, "family") != 0)
            return usage(command, "--order is family or queue, not", value);
    } else if (strcmp(name, "threads") == 0) {
        char *end;
        long n = strtol(value, &end, 10);
        if (*end || n < 1 || n > 4096)
            return usage(command, "--threads is a whole number from 1 to 4096, not", value);
        o->threads = (int)n;
    }
    return KITH_OK;
}

/* Sets the flag called `name`; false if it is none. */
static bool take_flag(struct kith_load_options *o, const char *name)
{
    const char *const flags[] = {"quiet", "json", "dot", "help"};
    bool *const flag[] = {&o->quiet, &o->json, &o->dot, &o->help};
    for (size_t k = 0; k < 4; k++)
        if (strcmp(name, flags[k]) == 0)
            return *flag[k] = true;
    return false;
}

static bool accepted(const char *name, const char *const *accepts, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(accepts[i], name) == 0)
            return true;
    return strcmp(name, "help") == 0;
}

enum kith_status kith_load_options(struct kith_load_options *o, int argc, char **argv, const char *const *accepts,
                                   size_t n)
{
    static const char *const letters[][2] = {{"-h", "--help"}, {"-o", "--output"}, {"-q", "--quiet"}};
    const char *command = argv[0];
    *o = (struct kith_load_options){.order = KITH_ORDER_FAMILY};
    for (int i = 1; i < argc; i++) {
        const char *arg = argv[i];
        char name[64], *value = strchr(argv[i], '=');
        for (size_t k = 0; k < 3; k++)
            if (strcmp(arg, letters[k][0]) == 0)
                arg = letters[k][1];
        if (arg[0] != '-' || !arg[1]) {
            if (o->scenario)
                return usage(command, "one scenario at a time: what is", arg);
            o->scenario = arg;
            continue;
        }
        snprintf(name, sizeof name, "%.*s", (int)strcspn(arg, "="), arg);
        if (strncmp(name, "--", 2) != 0 || !accepted(name + 2, accepts, n))
            return usage(command, "unknown option", arg);
        if (take_flag(o, name + 2))
            continue;
        if (!value && i + 1 == argc)
            return usage(command, "a value is missing after", arg);
        enum kith_status st = take_value(o, command, name + 2, value ? value + 1 : argv[++i]);
        if (st)
            return st;
    }
    if (!o->scenario && !o->help)
        return usage(command, "which scenario? Name a file, such as", "scenarios/chain.yaml");
    return KITH_OK;
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

enum kith_status kith_load(const struct kith_load_options *o, struct kith_loaded *l)
{
    struct kith_model_keys keys[16];
    struct kith_errors errors = {0};
    *l = (struct kith_loaded){.mem = KITH_MEM_INIT};
    for (size_t i = 0; i < kith_n_models; i++)
        keys[i] = (struct kith_model_keys){kith_models[i]->name, kith_models[i]->keys, kith_models[i]->n_keys};
    enum kith_status st = kith_scenario_read(&l->sc, &l->mem, o->scenario, o->overrides, o->n_overrides, keys,
                                             kith_n_models, &errors);
    if (!st && o->arms)
        st = choose_arms(&l->sc, o->arms);
    if (!st) {
        l->model = kith_models_find(l->sc.model);
        st = l->model->load(&l->compiled, &l->mem, &l->sc, &errors);
    }
    print_reports(&errors);
    if (st == KITH_NO_MEMORY)
        fprintf(stderr, "kith: out of memory while reading %s\n", o->scenario);
    return st;
}

void kith_load_free(struct kith_loaded *l)
{
    if (l->model)
        l->model->unload(l->compiled);
    kith_scenario_free(&l->sc);
}
