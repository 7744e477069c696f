/* The illness-death model in plain C: healthy, ill, dead, with constant rates and recovery. It shows that a model
 * need not be charts, and has closed forms to test against (Andersen and Keiding, Stat Methods Med Res 11, 91, 2002).
 *
 *   illness_death: {illness: 0.2 /year, recovery: 0.1 /year, death_healthy: 0.02 /year, death_ill: 0.15 /year}
 */
#include <math.h>

#include "kith.h"

enum { HEALTHY, ILL, DEAD };
enum { ENTRY, ENTRY_ILL, ENTRY_DEAD, FALL_ILL, RECOVER, DIE_HEALTHY, DIE_ILL };

/* Rates of the two clocks of each living state, and where they lead. */
struct rates {
    double rate[2][2];
};

struct epoch {
    double time;
    struct rates rates;
};

struct illness_death {
    struct kith_mem *mem;
    struct epoch **arm; /* [arm], the last one with time INFINITY */
    size_t n_arms;
    struct kith_shape shape;
};

struct person {
    uint64_t key;
    double time, next, rest[2][2]; /* unit exponentials left, as of `time` */
    uint32_t taken[2][2];
    int state, winner;
    const struct epoch *epoch;
};

static const int target[2][2] = {{ILL, DEAD}, {HEALTHY, DEAD}};
static const int code[2][2] = {{FALL_ILL, DIE_HEALTHY}, {RECOVER, DIE_ILL}};
static const char *const rate_keys[] = {"illness", "death_healthy", "recovery", "death_ill"};

static const struct kith_shape_chart charts[] = {{"health", "health of one person", false, 0, 3}};
static const struct kith_shape_state states[] = {
    {"healthy", "", 0, false}, {"ill", "", 0, false}, {"dead", "", 0, false}};
static const struct kith_shape_transition transitions[] = {{0, -1, HEALTHY}, {0, -1, ILL},    {0, -1, DEAD},
                                                           {0, HEALTHY, ILL}, {0, ILL, HEALTHY}, {0, HEALTHY, DEAD},
                                                           {0, ILL, DEAD}};
static const struct kith_term terms[] = {{KITH_BASE_STOCK, 0, 1}, {KITH_BASE_STOCK, 1, 1}, {KITH_BASE_STOCK, 2, 1},
                                         {KITH_BASE_FLOW, 3, 1},  {KITH_BASE_FLOW, 4, 1},  {KITH_BASE_FLOW, 5, 1},
                                         {KITH_BASE_FLOW, 6, 1}};
static const char *const how[] = {"begins", "begins", "begins", "rate illness", "rate recovery", "rate death_healthy",
                                  "rate death_ill"};
#define MEASURE(name, unit, term, at_date) {name, unit, "", 1, 1, 0, &terms[term], NULL, at_date}
static const struct kith_measure measures[] = {
    MEASURE("stock.health.healthy", "people", 0, true),
    MEASURE("stock.health.ill", "people", 1, true),
    MEASURE("stock.health.dead", "people", 2, true),
    MEASURE("flow.health.healthy.ill", "events/year", 3, false),
    MEASURE("flow.health.ill.healthy", "events/year", 4, false),
    MEASURE("flow.health.healthy.dead", "events/year", 5, false),
    MEASURE("flow.health.ill.dead", "events/year", 6, false),
};

static void read_rates(struct kith_reader *r, const struct kith_node *node, struct rates *out)
{
    for (size_t i = 0; i < 4; i++)
        out->rate[i / 2][i % 2] = kith_node_number(r, node, rate_keys[i], KITH_UNIT_RATE, 0, 1e6);
}

static enum kith_status load(void **model, struct kith_mem *mem, const struct kith_scenario *sc,
                             struct kith_errors *errors)
{
    struct illness_death *m = NULL;
    double *values = NULL;
    enum kith_status st = kith_mem_zeroed(mem, &m, 1, sizeof *m);
    *model = m;
    if (st)
        return st;
    m->mem = mem;
    if ((st = kith_mem_zeroed(mem, &m->arm, sc->n_arms, sizeof *m->arm)) ||
        (st = kith_mem_zeroed(mem, &values, sc->n_parameters + 1, sizeof *values)))
        goto out;
    m->n_arms = sc->n_arms;
    const struct kith_node *node = kith_node_get(sc->root, "illness_death");
    for (size_t arm = 0; arm < sc->n_arms && !st && !errors->n; arm++) {
        const struct kith_arm *a = &sc->arms[arm];
        if ((st = kith_mem_zeroed(mem, &m->arm[arm], a->n_changes + 2, sizeof **m->arm)))
            goto out;
        struct epoch *e = m->arm[arm];
        for (size_t i = 0; i <= a->n_changes && !errors->n; i++) {
            e[i].time = i ? a->changes[i - 1].time : -INFINITY;
            struct kith_reader r = kith_scenario_reader(sc, errors, values, arm, i ? e[i].time : NAN);
            if (!node) {
                kith_node_error(&r, sc->root, "missing illness_death: {illness, recovery, death_healthy, death_ill}");
                break;
            }
            kith_node_known(&r, node, "illness_death", rate_keys, 4);
            read_rates(&r, node, &e[i].rates);
        }
        e[a->n_changes + 1].time = INFINITY;
    }
    m->shape = (struct kith_shape){.n_charts = 1, .n_states = 3, .n_transitions = 7, .n_measures = 7, .charts = charts,
                                   .states = states, .transitions = transitions, .measures = measures, .how = how, .turnover = 1};
    st = errors->n ? KITH_BAD_SCENARIO : KITH_OK;
out:
    kith_mem_free(&values);
    return st;
}

static void unload(void *model)
{
    struct illness_death *m = model;
    if (!m)
        return;
    for (size_t i = 0; m->arm && i < m->n_arms; i++)
        kith_mem_free(&m->arm[i]);
    kith_mem_free(&m->arm);
    kith_mem_free(&m);
}

static const struct kith_shape *shape(const void *model)
{
    return &((const struct illness_death *)model)->shape;
}

static size_t family_bytes(const void *model)
{
    (void)model;
    return sizeof(struct person);
}

static uint64_t families(const void *model, struct kith_cell *cell, double expected)
{
    (void)model;
    (void)cell;
    return (uint64_t)(expected + 0.5);
}

/* Finds the next event: the clock with the least time left, or the next date at which rates change. */
static void race(struct person *p)
{
    p->next = p->epoch[1].time;
    p->winner = -1;
    for (int k = 0; k < 2 && p->state != DEAD; k++) {
        double rate = p->epoch->rates.rate[p->state][k];
        double at = rate > 0 ? p->time + p->rest[p->state][k] / rate : INFINITY;
        if (at < p->next) {
            p->next = at;
            p->winner = k;
        }
    }
    if (p->state == DEAD)
        p->next = INFINITY;
}

static void draw(struct person *p, int state, int k)
{
    uint64_t word = kith_draw_mix(kith_draw_mix(p->key, (uint64_t)(2 * state + k)), p->taken[state][k]++);
    p->rest[state][k] = kith_draw_exponential(word);
}

static double begin(const void *model, struct kith_cell *cell, uint64_t index, void *family)
{
    const struct illness_death *m = model;
    struct person *p = family;
    *p = (struct person){0};
    p->key = kith_draw_mix(cell->key, index);
    p->epoch = m->arm[cell->arm];
    p->state = -1;
    return p->next = 0;
}

/* Carries out the next event. */
static void step(struct kith_cell *cell, struct person *p)
{
    if (p->state < 0) {
        p->state = HEALTHY;
        for (int i = 0; i < 4; i++)
            draw(p, i / 2, i % 2);
        kith_cell_event(cell, 0, 0, ENTRY);
        race(p);
        return;
    }
    for (int k = 0; k < 2; k++)
        if (k != p->winner)
            p->rest[p->state][k] -= p->epoch->rates.rate[p->state][k] * (p->next - p->time);
    p->time = p->next;
    if (p->winner < 0) {
        p->epoch++;
        race(p);
        return;
    }
    draw(p, p->state, p->winner);
    kith_cell_event(cell, p->time, 0, (unsigned)code[p->state][p->winner]);
    p->state = target[p->state][p->winner];
    race(p);
}

static double advance(const void *model, struct kith_cell *cell, void *family, double until)
{
    struct person *p = family;
    (void)model;
    while (p->next <= until)
        step(cell, p);
    return p->next;
}

static void standing(const void *model, struct kith_cell *cell, const void *family)
{
    const struct person *p = family;
    (void)model;
    kith_cell_row(cell, cell->warm_up, 0, (unsigned)(ENTRY + p->state));
}

static const char *const keys[] = {"illness_death"};

const struct kith_model kith_model_illness_death = {
    .name = "illness_death",
    .what = "healthy, ill, dead: a model written in C",
    .keys = keys,
    .n_keys = 1,
    .load = load,
    .unload = unload,
    .shape = shape,
    .family_bytes = family_bytes,
    .families = families,
    .begin = begin,
    .advance = advance,
    .standing = standing,
};
