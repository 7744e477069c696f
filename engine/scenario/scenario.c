#include "scenario.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "given.h"
#include "sections.h"
#include "unit.h"

#define MOST_YEARS 170.0 /* trajectories count days in 16 bits: 179 years */
#define MOST_WARM_UP 1000.0

static const char *const top_keys[] = {"kith", "title",        "about", "extends",    "model",
                                       "seed", "replications", "time",  "population", "parameters",
                                       "arms", "targets",      "output"};
#define N_TOP_KEYS (sizeof top_keys / sizeof top_keys[0])

static const struct kith_model_keys *find_model(const char *name, const struct kith_model_keys *models,
                                                size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(models[i].model, name) == 0)
            return &models[i];
    return NULL;
}

/* Which top-level keys there are. With an unknown model those of all models are let pass, so that one wrong
 * word gives one report. */
static enum kith_status check_keys(struct kith_sections *s, const struct kith_model_keys *models,
                                   size_t n_models)
{
    const struct kith_model_keys *own = find_model(s->sc->model, models, n_models);
    size_t n = N_TOP_KEYS;
    for (size_t i = 0; i < n_models; i++)
        n += own && own != &models[i] ? 0 : models[i].n;
    const char **keys = kith_arena_take(s->load->arena, n, sizeof *keys);
    if (!keys)
        return KITH_NO_MEMORY;
    memcpy(keys, top_keys, sizeof top_keys);
    n = N_TOP_KEYS;
    for (size_t i = 0; i < n_models; i++)
        for (size_t k = 0; k < models[i].n && (!own || own == &models[i]); k++)
            keys[n++] = models[i].keys[k];
    kith_node_known(&s->reader, s->sc->root, "a scenario", keys, n);
    return KITH_OK;
}

static enum kith_status read_model(struct kith_sections *s, const struct kith_model_keys *models,
                                   size_t n_models)
{
    const struct kith_node *node = kith_node_get(s->sc->root, "model");
    const char **names = kith_arena_take(s->load->arena, n_models, sizeof *names);
    if (!names)
        return KITH_NO_MEMORY;
    for (size_t i = 0; i < n_models; i++)
        names[i] = models[i].model;
    s->sc->model = "pathway";
    if (!node)
        return KITH_OK;
    int i = kith_node_choice(&s->reader, node, "a model", names, n_models);
    s->sc->model = i >= 0 ? names[i] : node->kind == KITH_NODE_SCALAR ? node->text : "";
    return KITH_OK;
}

/* A whole number below 2^63, or up to 16 hexadecimal digits behind "0x". */
static uint64_t read_seed(struct kith_sections *s)
{
    const struct kith_node *node = kith_node_get(s->sc->root, "seed");
    const char *text = node && node->kind == KITH_NODE_SCALAR ? node->text : "";
    int64_t whole;
    size_t digits = strlen(text) < 2 ? 0 : strspn(text + 2, "0123456789abcdefABCDEF");
    if (!node)
        return 1;
    if (strncmp(text, "0x", 2) == 0 && digits > 0 && digits <= 16 && text[2 + digits] == '\0')
        return strtoull(text, NULL, 16);
    if (kith_unit_whole(text, &whole) && whole >= 0)
        return (uint64_t)whole;
    kith_node_error(
        &s->reader, node,
        "seed%s%.*s has to be a whole number from 0 to 9223372036854775807, or hexadecimal digits: 0x1f",
        text[0] ? " = " : "", KITH_CUT(text));
    return 1;
}

static double read_warm_up(struct kith_sections *s, const struct kith_node *time)
{
    const struct kith_node *node = kith_node_get(time, "warm_up");
    if (node && node->kind == KITH_NODE_SCALAR && strcmp(node->text, "0") == 0)
        return 0.0; /* none at all needs no unit */
    return kith_node_number_or(&s->reader, time, "warm_up", KITH_UNIT_TIME, 0.0, MOST_WARM_UP, 0.0);
}

/* Series have a row a month, so the counted period is made of whole months. */
static void read_counted(struct kith_sections *s, const struct kith_node *time)
{
    struct kith_scenario *sc = s->sc;
    const struct kith_node *node = kith_node_get(time, "counted");
    int before = s->load->errors->n;
    double counted = kith_node_number(&s->reader, time, "counted", KITH_UNIT_TIME, 0.0, MOST_YEARS);
    double months = floor(counted * 12.0 + 0.5);
    if (s->load->errors->n > before)
        return;
    if (counted <= 0.0) {
        kith_node_error(&s->reader, node, "counted has to be above 0");
    } else if (fabs(counted * 12.0 - months) > 1e-9 || months < 1.0) {
        kith_node_error(&s->reader, node, "counted has to be whole months, but is %.6g months",
                        counted * 12.0);
    } else {
        sc->months = (int)months;
        sc->counted = months / 12.0;
    }
}

static void read_time(struct kith_sections *s)
{
    static const char *const keys[] = {"start", "warm_up", "counted"};
    struct kith_scenario *sc = s->sc;
    const struct kith_node *time = kith_node_get(sc->root, "time");
    sc->start_date = NAN;
    if (!time) {
        kith_node_key_error(&s->reader, sc->root, "missing key 'time'");
        return;
    }
    kith_node_known(&s->reader, time, "time", keys, sizeof keys / sizeof keys[0]);
    if (time->kind != KITH_NODE_MAP)
        return;
    if (kith_node_get(time, "start"))
        sc->start_date = kith_node_number(&s->reader, time, "start", KITH_UNIT_DATE, -INFINITY, INFINITY);
    sc->warm_up = read_warm_up(s, time);
    read_counted(s, time);
}

static void read_target(struct kith_sections *s, const struct kith_node *node, struct kith_target *target)
{
    static const char *const keys[] = {"measure", "value", "label", "source", "low", "high", "time", "note"};
    struct kith_reader *r = &s->reader;
    const struct kith_scenario *sc = s->sc;
    kith_node_known(r, node, "a target", keys, sizeof keys / sizeof keys[0]);
    target->measure = kith_node_text(r, node, "measure", "");
    target->label = kith_node_text(r, node, "label", target->measure);
    target->source = kith_node_text(r, node, "source", "");
    target->low = target->high = NAN;
    target->time = sc->counted;
    if (node->kind != KITH_NODE_MAP)
        return;
    if (!kith_node_get(node, "measure"))
        kith_node_error(r, node, "missing key 'measure'");
    int before = s->load->errors->n;
    target->value = kith_node_number(r, node, "value", KITH_UNIT_NONE, -INFINITY, INFINITY);
    target->low = kith_node_number_or(r, node, "low", KITH_UNIT_NONE, -INFINITY, INFINITY, NAN);
    target->high = kith_node_number_or(r, node, "high", KITH_UNIT_NONE, -INFINITY, INFINITY, NAN);
    double end = sc->counted > 0.0 ? sc->counted : INFINITY;
    target->time = kith_node_number_or(r, node, "time", KITH_UNIT_TIME, 0.0, end, sc->counted);
    if (s->load->errors->n == before && (target->low > target->value || target->high < target->value))
        kith_node_error(r, kith_node_get(node, "value"), "value = %.15g is not between low and high",
                        target->value);
}

static enum kith_status read_targets(struct kith_sections *s)
{
    struct kith_scenario *sc = s->sc;
    const struct kith_node *list = kith_node_get(sc->root, "targets");
    if (!list)
        return KITH_OK;
    if (list->kind != KITH_NODE_LIST) {
        kith_node_error(&s->reader, list, "targets has to be a list of {measure: ..., value: ...}");
        return KITH_OK;
    }
    if (list->n > KITH_SECTIONS_TARGETS) {
        kith_node_error(&s->reader, list, "more than %zu targets", KITH_SECTIONS_TARGETS);
        return KITH_OK;
    }
    sc->targets = kith_arena_take(s->load->arena, list->n, sizeof *sc->targets);
    if (!sc->targets)
        return KITH_NO_MEMORY;
    for (const struct kith_node *node = list->first; node; node = node->next)
        read_target(s, node, &sc->targets[sc->n_targets++]);
    return KITH_OK;
}

static void read_output(struct kith_sections *s)
{
    static const char *const keys[] = {"trajectories"};
    const struct kith_node *output = kith_node_get(s->sc->root, "output"),
                           *share = kith_node_get(output, "trajectories");
    kith_node_known(&s->reader, output, "output", keys, 1);
    if (!share || (share->kind == KITH_NODE_SCALAR && strcmp(share->text, "none") == 0))
        return;
    if (share->kind == KITH_NODE_SCALAR && strcmp(share->text, "all") == 0)
        s->sc->trajectories = 1.0;
    else if (kith_node_is_number(&s->reader, share, KITH_UNIT_NONE))
        s->sc->trajectories = kith_node_value(&s->reader, share, "trajectories", KITH_UNIT_NONE, 0.0, 1.0);
    else
        kith_node_error(&s->reader, share, "trajectories has to be all, none or a share from 0 to 1");
}

static void read_plain(struct kith_sections *s)
{
    struct kith_scenario *sc = s->sc;
    struct kith_reader *r = &s->reader;
    const struct kith_node *version = kith_node_get(sc->root, "kith");
    if (!version)
        kith_node_key_error(r, sc->root, "missing key 'kith' (the version of the scenario format: 1)");
    else if (version->kind != KITH_NODE_SCALAR || strcmp(version->text, "1") != 0)
        kith_node_error(r, version, "kith: the only version of the scenario format is 1");
    sc->title = kith_node_text(r, sc->root, "title", "");
    (void)kith_node_text(r, sc->root, "about", "");
    sc->seed = read_seed(s);
    sc->replications = (int)kith_node_integer(r, sc->root, "replications", 1, 1000000, 1);
}

static enum kith_status read_sections(struct kith_sections *s, const struct kith_model_keys *models,
                                      size_t n_models)
{
    enum kith_status status = read_model(s, models, n_models);
    if (status == KITH_OK)
        status = check_keys(s, models, n_models);
    if (status == KITH_OK)
        status = kith_parameters_read(s);
    if (status != KITH_OK)
        return status;
    read_plain(s);
    read_time(s);
    read_output(s);
    status = kith_population_read(s);
    if (status == KITH_OK)
        status = kith_arms_read(s);
    return status == KITH_OK ? read_targets(s) : status;
}

static enum kith_status load_tree(struct kith_scenario *sc, struct kith_load *load,
                                  const struct kith_override *overrides, size_t n_overrides)
{
    struct kith_node *root = NULL;
    enum kith_status status = kith_merge_files(load, sc->path, &root);
    for (size_t i = 0; i < n_overrides && status == KITH_OK; i++) {
        status = kith_override_apply(load, root, &overrides[i]);
        if (status == KITH_BAD_SCENARIO) /* reported; the next may be wrong too */
            status = KITH_OK;
    }
    sc->root = root;
    return status;
}

/* Reads the scenario at `path` with what `load` was given. */
static enum kith_status read_all(struct kith_scenario *sc, struct kith_load *load, const char *path,
                                 const struct kith_override *overrides, size_t n_overrides,
                                 const struct kith_model_keys *models, size_t n_models)
{
    struct kith_mem *mem = load->mem;
    struct kith_sections s = {.sc = sc, .load = load, .reader = {.mem = mem, .errors = load->errors}};
    int before = load->errors->n;
    memset(sc, 0, sizeof *sc);
    sc->mem = mem;
    sc->start_date = NAN;
    enum kith_status status = kith_mem_zeroed(mem, &sc->arena, 1, sizeof *sc->arena);
    if (status != KITH_OK)
        return status;
    sc->arena->mem = mem;
    load->arena = sc->arena;
    sc->path = kith_arena_text(sc->arena, path, strlen(path));
    if (!sc->path)
        return KITH_NO_MEMORY;
    status = load_tree(sc, load, overrides, n_overrides);
    if (status == KITH_OK)
        status = read_sections(&s, models, n_models);
    kith_index_free(&s.parameter_names);
    sc->text = load->text;
    sc->sources = load->sources;
    sc->n_sources = load->n_sources;
    return status == KITH_OK && load->errors->n > before ? KITH_BAD_SCENARIO : status;
}

enum kith_status kith_scenario_read_given(struct kith_scenario *sc, struct kith_mem *mem, const char *path,
                                          const char *bytes, size_t n, const struct kith_override *overrides,
                                          size_t n_overrides, const struct kith_model_keys *models,
                                          size_t n_models, struct kith_errors *errors)
{
    const struct kith_source first = {path, bytes, n, false};
    struct kith_load load = {.mem = mem, .errors = errors, .given = &first, .n_given = 1};
    return read_all(sc, &load, path, overrides, n_overrides, models, n_models);
}

enum kith_status kith_scenario_read_sources(struct kith_scenario *sc, struct kith_mem *mem,
                                            const struct kith_source *sources, size_t n_sources,
                                            const struct kith_override *overrides, size_t n_overrides,
                                            const struct kith_model_keys *models, size_t n_models,
                                            struct kith_errors *errors)
{
    struct kith_load load = {.mem = mem, .errors = errors, .given = sources, .n_given = n_sources, .only_given = true};
    return read_all(sc, &load, n_sources > 0 ? sources[0].path : "", overrides, n_overrides, models, n_models);
}

enum kith_status kith_scenario_read(struct kith_scenario *sc, struct kith_mem *mem, const char *path,
                                    const struct kith_override *overrides, size_t n_overrides,
                                    const struct kith_model_keys *models, size_t n_models,
                                    struct kith_errors *errors)
{
    struct kith_load load = {.mem = mem, .errors = errors};
    return read_all(sc, &load, path, overrides, n_overrides, models, n_models);
}

void kith_scenario_free(struct kith_scenario *sc)
{
    kith_mem_free(&sc->text);
    if (sc->arena)
        kith_arena_free(sc->arena);
    kith_mem_free(&sc->arena);
    memset(sc, 0, sizeof *sc);
}

struct kith_reader kith_scenario_reader(const struct kith_scenario *sc, struct kith_errors *errors,
                                        double *values, size_t arm, double time)
{
    struct kith_reader r = {.mem = sc->mem,
                            .errors = errors,
                            .n_parameters = sc->n_parameters,
                            .parameters = sc->parameters,
                            .values = values};
    for (size_t i = 0; i < sc->n_parameters; i++)
        values[i] = sc->parameters[i].value;
    if (isnan(time) || arm >= sc->n_arms)
        return r;
    const struct kith_arm *a = &sc->arms[arm];
    for (size_t i = 0; i < a->n_changes && a->changes[i].time <= time; i++)
        values[a->changes[i].parameter] = a->changes[i].value;
    return r;
}
