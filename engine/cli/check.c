/* kith check: reads a scenario and says what is wrong with it. */
#include <stdio.h>

#include "cli.h"
#include "load.h"

static const char help[] =
    "kith check SCENARIO [--set path=value]...\n"
    "\n"
    "Reads a scenario and reports everything that is wrong with it, with line and column. Exit code 0 or 65.\n"
    "\n"
    "Example: kith check scenarios/england.yaml\n";

int kith_cli_check(int argc, char **argv)
{
    struct kith_load_options o;
    struct kith_loaded l;
    enum kith_cli_next next = kith_load_options(&o, argc, argv, 0, help);
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
