/* kith describe: a scenario as it was understood. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "cli.h"
#include "kith.h"
#include "load.h"

static const char help[] =
    "kith describe SCENARIO [--set path=value]... [--dot]\n"
    "\n"
    "Shows a scenario as it was understood: population, charts with every transition and its hazard, parameters with\n"
    "unit, value, range and source, resources, arms, measures. --dot prints the charts for Graphviz instead.\n"
    "\n"
    "Example: kith describe scenarios/chain.yaml --dot | dot -Tsvg > chain.svg\n";

static const char *state_name(const struct kith_shape *sh, int s, const char *end)
{
    return s < 0 ? end : sh->states[s].name;
}

static void print_dot(const struct kith_loaded *l, const struct kith_shape *sh)
{
    printf("digraph kith {\n  rankdir=LR; node [shape=box, style=rounded, fontname=\"Helvetica\"];\n");
    printf("  label=\"%s\"; fontname=\"Helvetica\";\n", l->sc.title ? l->sc.title : l->sc.path);
    for (size_t c = 0; c < sh->n_charts; c++) {
        const struct kith_shape_chart *ch = &sh->charts[c];
        printf("  subgraph cluster_%zu {\n    label=\"%s (of each %s)\";\n", c, ch->name,
               ch->of_child ? "child" : "family");
        for (size_t s = ch->first; s < ch->first + ch->n; s++)
            printf("    s%zu [label=\"%s\"%s];\n", s, sh->states[s].name,
                   sh->states[s].instant ? ", shape=diamond, style=solid" : "");
        for (size_t i = 0; i < sh->n_transitions; i++) {
            const struct kith_shape_transition *t = &sh->transitions[i];
            if (t->chart != c || t->from < 0 || t->to < 0)
                continue;
            bool moved = sh->how && strncmp(sh->how[i], "moved", 5) == 0;
            printf("    s%d -> s%d%s;\n", t->from, t->to, moved ? " [style=dashed, color=gray50]" : "");
        }
        printf("  }\n");
    }
    printf("}\n");
}

static void print_population(const struct kith_loaded *l, const struct kith_shape *sh)
{
    const struct kith_scenario *sc = &l->sc;
    printf("%s\n%s, model %s (%s)\n\n", sc->title ? sc->title : "", sc->path, l->model->name, l->model->what);
    printf("Time        %g years warm-up, then %g years counted", sc->warm_up, sc->counted);
    if (!isnan(sc->start_date))
        printf(" from %.2f", sc->start_date + sc->warm_up);
    printf("\nPopulation  %lld families simulated at a moment, for %.0f real ones, in %zu area%s; %.0f ever\n",
           (long long)sc->families, sc->represents, sc->n_areas, sc->n_areas == 1 ? "" : "s", (double)sc->families * sh->turnover);
    for (size_t i = 0; i < sh->n_attributes; i++)
        printf("Attribute   %s (%s) %s\n", sh->attributes[i].name, sh->attributes[i].unit, sh->attributes[i].what);
}

static void print_charts(const struct kith_shape *sh)
{
    for (size_t c = 0; c < sh->n_charts; c++) {
        const struct kith_shape_chart *ch = &sh->charts[c];
        printf("\nChart %s, of each %s%s%s\n", ch->name, ch->of_child ? "child" : "family", ch->what[0] ? ": " : "",
               ch->what);
        for (size_t i = 0; i < sh->n_transitions; i++) {
            const struct kith_shape_transition *t = &sh->transitions[i];
            if (t->chart != c || t->from < 0 || t->to < 0)
                continue;
            printf("  %-24s -> %-24s", state_name(sh, t->from, "entry"), state_name(sh, t->to, "exit"));
            if (sh->how)
                printf(" %s", sh->how[i]);
            if (sh->source && sh->source[i][0])
                printf("  [%s]", sh->source[i]);
            printf("\n");
        }
    }
}

static void print_resources(const struct kith_shape *sh)
{
    if (sh->n_resources)
        printf("\nResources (what families of an area share: they are run together, in order of time)\n");
    for (size_t i = 0; i < sh->n_resources; i++) {
        const struct kith_pool_plan *p = &sh->resources[i].plan;
        printf("  %-20s %s", sh->resources[i].name, sh->resources[i].what);
        if (p->room < INT64_MAX)
            printf("; at most %lld wait", (long long)p->room);
        printf("%s", p->preempts ? "; a higher priority takes from a lower one" : "");
        for (size_t k = 0; k < p->n_bounds; k++)
            printf("%s%g", k ? ", " : "; hazards change at loads of ", p->bounds[k]);
        if (p->n_bounds && p->slack > 0)
            printf(" (and back %g%% below)", 100 * p->slack);
        printf("\n");
    }
}

static void print_rest(const struct kith_loaded *l, const struct kith_shape *sh)
{
    const struct kith_scenario *sc = &l->sc;
    if (sc->n_parameters)
        printf("\nParameters (a policy may change them)\n");
    for (size_t i = 0; i < sc->n_parameters; i++) {
        const struct kith_parameter *p = &sc->parameters[i];
        printf("  %-28s %-12s", p->name, p->text);
        if (isfinite(p->low) || isfinite(p->high))
            printf(" in [%g, %g]", p->low, p->high);
        printf(" %s [%s]\n", p->what ? p->what : "", p->source && p->source[0] ? p->source : "no source given");
    }
    printf("\nArms\n");
    for (size_t a = 0; a < sc->n_arms; a++) {
        printf("  %-20s %s\n", sc->arms[a].name, sc->arms[a].what ? sc->arms[a].what : "");
        for (size_t i = 0; i < sc->arms[a].n_changes; i++) {
            const struct kith_change *k = &sc->arms[a].changes[i];
            printf("  %-20s from year %+.2f of the counted period: %s = %g\n", "", k->time - sc->warm_up,
                   sc->parameters[k->parameter].name, k->value);
        }
    }
    printf("\nMeasures of its own (beside stock.CHART.STATE, flow.CHART.FROM.TO)\n");
    for (size_t i = 0; i < sh->n_measures; i++)
        if (strncmp(sh->measures[i].name, "stock.", 6) != 0 && strncmp(sh->measures[i].name, "flow.", 5) != 0)
            printf("  %-36s %-16s %s\n", sh->measures[i].name, sh->measures[i].unit, sh->measures[i].what);
}

int kith_cli_describe(int argc, char **argv)
{
    struct kith_load_options o;
    struct kith_loaded l;
    enum kith_cli_next next = kith_load_options(&o, argc, argv, KITH_LOAD_DOT, help);
    if (next != KITH_CLI_GO_ON)
        return next == KITH_CLI_SHOWN ? KITH_OK : KITH_USAGE;
    enum kith_status st = kith_load(&o, &l);
    if (!st) {
        const struct kith_shape *sh = l.model->shape(l.compiled);
        if (o.dot) {
            print_dot(&l, sh);
        } else {
            print_population(&l, sh);
            print_charts(sh);
            print_resources(sh);
            print_rest(&l, sh);
        }
    }
    kith_load_free(&l);
    return (int)st;
}
