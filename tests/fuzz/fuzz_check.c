/* Feeds arbitrary bytes to everything that `kith check` does: the scenario reader, then the model's load, and a look at
 * all that the compiled model says about itself. What stands behind a line "%set" are overrides, one path=value a line.
 *
 * The bytes pass for a file of scenarios/, so that from the checkout's root they may extend the scenarios there and use
 * their tables. With clang's fuzzer: clang -fsanitize=fuzzer,address,undefined ... fuzz_check.c. Without it, compile
 * with -DKITH_FUZZ_REPLAY: main() then runs the files named as arguments. */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../engine/scenario/given.h"
#include "../../models/models.h"

#define MOST_SETS 8
#define MOST_MODELS 16

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Cuts the text behind "%set" into overrides, in place. */
static size_t split_sets(char *text, struct kith_override *sets)
{
    size_t n = 0;
    for (char *line = strtok(text, "\n"); line && n < MOST_SETS; line = strtok(NULL, "\n")) {
        char *equals = strchr(line, '=');
        if (!equals)
            continue;
        *equals = '\0';
        sets[n].path = line;
        sets[n++].value = equals + 1;
    }
    return n;
}

/* Prices are what grows most: each one has to be there and to be a number. */
static void visit_costs(const struct kith_shape *shape, size_t months)
{
    for (size_t c = 0; c < shape->n_costs; c++) {
        for (size_t i = 0; i < months * shape->n_states; i++)
            if (!isfinite(shape->costs[c].price_state[i]))
                abort();
        for (size_t i = 0; i < months * shape->n_transitions; i++)
            if (!isfinite(shape->costs[c].price_transition[i]))
                abort();
    }
}

static size_t bases(const struct kith_shape *shape, enum kith_base base)
{
    switch (base) {
        case KITH_BASE_STOCK: return shape->n_states;
        case KITH_BASE_FLOW: return shape->n_transitions;
        case KITH_BASE_COUNT: return shape->n_counts;
        case KITH_BASE_COST: return shape->n_costs;
        case KITH_BASE_AMOUNT: return shape->n_amounts;
    }
    return 0;
}

static void visit_terms(const struct kith_shape *shape, const struct kith_term *terms, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (terms[i].index >= bases(shape, terms[i].base) || !isfinite(terms[i].weight))
            abort();
}

/* Whatever reads a shape relies on this. */
static void visit_shape(const struct kith_shape *shape, size_t months)
{
    if (shape->n_states > KITH_STATES_MAX || !(shape->turnover >= 0.0) || !isfinite(shape->turnover))
        abort();
    for (size_t i = 0; i < shape->n_states; i++)
        if (shape->states[i].chart >= shape->n_charts || !shape->states[i].name)
            abort();
    for (size_t i = 0; i < shape->n_transitions; i++)
        if (shape->transitions[i].from >= (int)shape->n_states || shape->transitions[i].to >= (int)shape->n_states ||
            shape->transitions[i].chart >= shape->n_charts)
            abort();
    for (size_t i = 0; i < shape->n_measures; i++) {
        const struct kith_measure *m = &shape->measures[i];
        if (!m->name || !isfinite(m->scale))
            abort();
        visit_terms(shape, m->over, m->n_over);
        visit_terms(shape, m->below, m->n_below);
    }
    for (size_t i = 0; i < shape->n_resources; i++)
        if (shape->resources[i].amount + KITH_POOL_AMOUNTS > shape->n_amounts)
            abort();
    visit_costs(shape, months);
}

static enum kith_status load(struct kith_scenario *sc, struct kith_mem *mem, struct kith_errors *errors)
{
    const struct kith_model *model = kith_models_find(sc->model);
    void *compiled = NULL;
    enum kith_status status = model->load(&compiled, mem, sc, errors);
    if (status == KITH_OK) {
        visit_shape(model->shape(compiled), sc->n_arms * (size_t)sc->months);
        if (model->family_bytes(compiled) == 0)
            abort();
    }
    model->unload(compiled);
    return status;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct kith_mem mem = KITH_MEM_INIT;
    struct kith_override sets[MOST_SETS];
    struct kith_model_keys keys[MOST_MODELS];
    struct kith_scenario sc;
    struct kith_errors errors = {0};
    char *text = malloc(size + 1), line[1024];
    if (!text)
        return 0;
    memcpy(text, data, size);
    text[size] = '\0';
    for (size_t i = 0; i < kith_n_models; i++)
        keys[i] = (struct kith_model_keys){kith_models[i]->name, kith_models[i]->keys, kith_models[i]->n_keys};
    char *cut = strstr(text, "\n%set\n");
    size_t n = cut ? (size_t)(cut - text) + 1 : size, n_sets = cut ? split_sets(cut + 6, sets) : 0;
    enum kith_status status = kith_scenario_read_given(&sc, &mem, "scenarios/x.yaml", text, n, sets, n_sets, keys,
                                                       kith_n_models, &errors);
    if (status == KITH_OK)
        status = load(&sc, &mem, &errors);
    if ((status == KITH_OK) != (errors.n == 0) || (status != KITH_OK && status != KITH_BAD_SCENARIO))
        abort();
    for (int i = 0; i < errors.n && i < KITH_ERRORS_MAX; i++)
        for (const char *c = kith_error_format(&errors.list[i], line, sizeof line); *c; c++)
            if ((unsigned char)*c < 0x20 || *c == 0x7f)
                abort(); /* nothing that a terminal would obey */
    kith_scenario_free(&sc);
    free(text);
    return 0;
}

#include "replay.h"
