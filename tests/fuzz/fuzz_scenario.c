/* Feeds arbitrary bytes to the scenario reader: as a scenario file, and what stands behind a line "%set" as
 * overrides, one path=value a line. Reads everything a model would read, too, so that no node can hold a
 * surprise.
 *
 * With clang's fuzzer: clang -fsanitize=fuzzer,address,undefined ... fuzz_scenario.c. Without it, compile
 * with -DKITH_FUZZ_REPLAY: main() then runs the files named as arguments. */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../engine/scenario/given.h"

#define MOST_SETS 8

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const keys[] = {"charts", "measures", "attributes"};
static const struct kith_model_keys models[] = {{"pathway", keys, 3}, {"mmc", keys, 1}};

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

/* Reads a node in all the ways a model can. */
static void visit(struct kith_reader *r, const struct kith_node *node, int depth)
{
    if (depth > 64)
        abort(); /* the reader promised */
    for (int unit = KITH_UNIT_NONE; unit <= KITH_UNIT_DATE; unit++) {
        if (kith_node_is_number(r, node, (enum kith_unit)unit)) {
            double value = kith_node_value(r, node, "x", (enum kith_unit)unit, -INFINITY, INFINITY);
            if (!isfinite(value))
                abort();
        }
    }
    (void)kith_node_parameter(r, node);
    (void)kith_node_choice(r, node, "a key", keys, 3);
    if (node->key && r->errors->n < 1000)
        (void)kith_node_nearest(node->key, keys, 3);
    size_t n = 0;
    for (const struct kith_node *child = node->first; child; child = child->next, n++)
        visit(r, child, depth + 1);
    if (n != node->n)
        abort();
}

static void visit_scenario(const struct kith_scenario *sc, struct kith_errors *errors)
{
    double *values = calloc(sc->n_parameters + 1, sizeof *values);
    double total = 0.0;
    if (!values)
        return;
    for (size_t i = 0; i < sc->n_areas; i++)
        total += sc->areas[i].share;
    if (sc->n_arms < 1 || sc->n_areas < 1 || !(fabs(total - 1.0) < 1e-6) || sc->months < 1)
        abort();
    for (size_t i = 0; i < sc->n_arms; i++) {
        struct kith_reader r = kith_scenario_reader(sc, errors, values, i, sc->warm_up + sc->counted);
        if (i == 0)
            visit(&r, sc->root, 1);
        for (size_t k = 1; k < sc->arms[i].n_changes; k++)
            if (sc->arms[i].changes[k].time < sc->arms[i].changes[k - 1].time)
                abort();
    }
    free(values);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct kith_mem mem = KITH_MEM_INIT;
    struct kith_override sets[MOST_SETS];
    struct kith_scenario sc;
    struct kith_errors errors = {0};
    char *text = malloc(size + 1);
    if (!text)
        return 0;
    memcpy(text, data, size);
    text[size] = '\0';
    char *cut = strstr(text, "\n%set\n");
    size_t n = cut ? (size_t)(cut - text) + 1 : size, n_sets = cut ? split_sets(cut + 6, sets) : 0;
    enum kith_status status = kith_scenario_read_given(&sc, &mem, "kith-fuzz-no-such-directory/fuzz.yaml",
                                                       text, n, sets, n_sets, models, 2, &errors);
    if ((status == KITH_OK) != (errors.n == 0))
        abort();
    if (status == KITH_OK)
        visit_scenario(&sc, &errors);
    kith_scenario_free(&sc);
    free(text);
    return 0;
}

#include "replay.h"
