/* The M/M/c queue in plain C: Poisson arrivals, exponential service, c servers, first come first served. It shows how a model
 * that is no chart uses a resource, and has closed forms to test against (Erlang 1917; Gross and Harris, Fundamentals of
 * Queueing Theory).
 *
 *   mmc: {arrival_rate: 250 /year, service_rate: 100 /year, servers: 3, customers: 100000}
 *
 * `customers` is the mean number that arrive in the counted period, whatever the rates are: the clock of the simulation runs
 * at the speed that makes it so, and results are given in the years of the rates. An arm's values hold from the start. */
#include <math.h>

#include "kith.h"

enum { WAITING, SERVED };
enum { JOIN, ENTER, TURN, LEAVE };

#define MOST_CUSTOMERS 4e9 /* they are numbered with 32 bits */

/* Keys of draws. */
#define KEY_ARRIVALS 0x6172726976616cu
#define KEY_WHEN 0x7768656eu
#define KEY_SERVICE 0x73657276696365u

struct rates {
    double arrivals, service; /* of simulated time */
    int64_t servers;
};

struct mmc {
    struct kith_mem *mem;
    const struct kith_scenario *sc;
    struct rates *arm;
    struct kith_measure measures[5];
    struct kith_shape shape;
};

struct customer {
    double arrival, done, next;
    uint64_t key;
    uint32_t number;
    bool came, gone;
};

static const char *const rate_keys[] = {"arrival_rate", "service_rate", "servers", "customers"};

static const struct kith_shape_chart charts[] = {{"customer", "one customer", false, 0, 2}};
static const struct kith_shape_state states[] = {{"waiting", "", 0, false}, {"served", "", 0, false}};
static const struct kith_shape_transition transitions[] = {
    {0, -1, WAITING}, {0, -1, SERVED}, {0, WAITING, SERVED}, {0, SERVED, -1}};
static const char *const how[] = {"arrives and waits", "arrives", "its turn has come", "service rate"};
static const struct kith_shape_resource resources[] = {
    {"servers", "servers", {.room = INT64_MAX}, 0}};
static const struct kith_shape_amount amounts[KITH_POOL_AMOUNTS] = {
    [KITH_POOL_REQUESTS] = {"resource.servers.requests", "1", "arrivals"},
    [KITH_POOL_WAITED] = {"resource.servers.waited", "1", "of these, those that had to wait"},
    [KITH_POOL_GRANTED] = {"resource.servers.granted", "1", "services begun"},
    [KITH_POOL_REFUSED] = {"resource.servers.refused", "1", "always 0"},
    [KITH_POOL_LEFT] = {"resource.servers.left", "1", "always 0"},
    [KITH_POOL_PREEMPTED] = {"resource.servers.preempted", "1", "always 0"},
    [KITH_POOL_WAIT] = {"resource.servers.wait_time", "1/786432 simulated year", "wait of those whose service began"},
    [KITH_POOL_WAITING] = {"resource.servers.waiting", "1/786432 simulated year", "time that anybody waited"},
    [KITH_POOL_USED] = {"resource.servers.used", "1/786432000 simulated year", "time that servers were busy"},
    [KITH_POOL_CAPACITY] = {"resource.servers.capacity", "1/786432000 simulated year", "time that servers were there"},
    [KITH_POOL_PERIOD] = {"resource.servers.period", "1/786432 simulated year", "time that passed"}};
static const struct kith_term terms[KITH_POOL_AMOUNTS] = {
    {KITH_BASE_AMOUNT, 0, 1}, {KITH_BASE_AMOUNT, 1, 1}, {KITH_BASE_AMOUNT, 2, 1}, {KITH_BASE_AMOUNT, 3, 1},
    {KITH_BASE_AMOUNT, 4, 1}, {KITH_BASE_AMOUNT, 5, 1}, {KITH_BASE_AMOUNT, 6, 1}, {KITH_BASE_AMOUNT, 7, 1},
    {KITH_BASE_AMOUNT, 8, 1}, {KITH_BASE_AMOUNT, 9, 1}, {KITH_BASE_AMOUNT, 10, 1}};

/* ---- compiling -------------------------------------------------------------------------------------------------- */

static void read_rates(struct kith_reader *r, const struct kith_node *node, const struct kith_scenario *sc, struct rates *out,
                       double *speed)
{
    double arrivals = kith_node_number(r, node, "arrival_rate", KITH_UNIT_RATE, 1e-9, 1e9);
    double service = kith_node_number(r, node, "service_rate", KITH_UNIT_RATE, 1e-9, 1e9);
    double customers = (double)kith_node_integer(r, node, "customers", 1, 1000000000, 1);
    out->servers = kith_node_integer(r, node, "servers", 1, 1000000, 1);
    if (*speed == 0) /* of the first arm for all: arms then share arrivals and services as far as they can */
        *speed = customers / sc->counted / arrivals;
    out->arrivals = arrivals * *speed;
    out->service = service * *speed;
    double all = out->arrivals * (sc->warm_up + sc->counted);
    if (!r->errors->n && !(all < MOST_CUSTOMERS))
        kith_node_error(r, node, "%.3g customers arrive in the course of the run, with the warm-up: at most %.3g can", all,
                        MOST_CUSTOMERS);
    if (!r->errors->n && !(arrivals < service * (double)out->servers))
        kith_node_error(r, node, "arrival_rate is not below servers times service_rate (%g of %g /year): the queue "
                        "would grow without end", arrivals, service * (double)out->servers);
}

static void shape_measures(struct mmc *m, double speed)
{
    const struct kith_term *t = terms;
    const double years = speed / KITH_POOL_TICKS_A_YEAR;
    m->measures[0] = (struct kith_measure){"customers", "customers", "services begun", 1, 1, 0, &t[KITH_POOL_GRANTED],
                                           NULL, false};
    m->measures[1] = (struct kith_measure){"wait.mean", "years", "mean wait before service, of all customers", years, 1, 1,
                                           &t[KITH_POOL_WAIT], &t[KITH_POOL_GRANTED], false};
    m->measures[2] = (struct kith_measure){"wait.probability", "", "share of customers who have to wait", 1, 1, 1,
                                           &t[KITH_POOL_WAITED], &t[KITH_POOL_REQUESTS], false};
    m->measures[3] = (struct kith_measure){"queue.mean", "customers", "mean number waiting", 1, 1, 1, &t[KITH_POOL_WAITING],
                                           &t[KITH_POOL_PERIOD], false};
    m->measures[4] = (struct kith_measure){"utilisation", "", "servers busy, of those there are", 1, 1, 1,
                                           &t[KITH_POOL_USED], &t[KITH_POOL_CAPACITY], false};
}

static enum kith_status load(void **model, struct kith_mem *mem, const struct kith_scenario *sc,
                             struct kith_errors *errors)
{
    struct mmc *m = NULL;
    double *values = NULL, speed = 0;
    enum kith_status st = kith_mem_zeroed(mem, &m, 1, sizeof *m);
    *model = m;
    if (st)
        return st;
    m->mem = mem;
    m->sc = sc;
    if ((st = kith_mem_zeroed(mem, &m->arm, sc->n_arms, sizeof *m->arm)) ||
        (st = kith_mem_zeroed(mem, &values, sc->n_parameters + 1, sizeof *values)))
        goto out;
    const struct kith_node *node = kith_node_get(sc->root, "mmc");
    for (size_t arm = 0; arm < sc->n_arms && !errors->n; arm++) {
        struct kith_reader r = kith_scenario_reader(sc, errors, values, arm, 1e9);
        if (!node) {
            kith_node_error(&r, sc->root, "missing mmc: {arrival_rate, service_rate, servers, customers}");
            break;
        }
        kith_node_known(&r, node, "mmc", rate_keys, sizeof rate_keys / sizeof *rate_keys);
        read_rates(&r, node, sc, &m->arm[arm], &speed);
    }
    shape_measures(m, speed);
    m->shape = (struct kith_shape){.n_charts = 1, .n_states = 2, .n_transitions = 4, .n_amounts = KITH_POOL_AMOUNTS,
                                   .n_measures = 5, .n_resources = 1, .charts = charts, .states = states,
                                   .transitions = transitions, .amounts = amounts, .measures = m->measures,
                                   .resources = resources, .coupled = true, .how = how, .turnover = 1};
    st = errors->n ? KITH_BAD_SCENARIO : KITH_OK;
out:
    kith_mem_free(&values);
    return st;
}

static void unload(void *model)
{
    struct mmc *m = model;
    if (!m)
        return;
    kith_mem_free(&m->arm);
    kith_mem_free(&m);
}

static const struct kith_shape *shape(const void *model)
{
    return &((const struct mmc *)model)->shape;
}

/* ---- customers -------------------------------------------------------------------------------------------------- */

static size_t family_bytes(const void *model)
{
    (void)model;
    return sizeof(struct customer);
}

/* A Poisson process: its number of points, and (in `begin`) each of them uniform. */
static uint64_t families(const void *model, struct kith_cell *cell, double expected)
{
    const struct mmc *m = model;
    double mean = m->arm[cell->arm].arrivals * (m->sc->warm_up + m->sc->counted), sum = 0;
    uint64_t key = kith_draw_mix(cell->key, KEY_ARRIVALS), n = 0;
    (void)expected;
    while ((sum += kith_draw_exponential(kith_draw_mix(key, n))) < mean)
        n++;
    return n;
}

static double begin(const void *model, struct kith_cell *cell, uint64_t index, void *family)
{
    struct customer *c = family;
    (void)model;
    *c = (struct customer){0};
    c->key = kith_draw_mix(cell->key, index);
    c->number = (uint32_t)index;
    c->arrival = kith_draw_uniform(kith_draw_mix(c->key, KEY_WHEN)) * cell->end;
    return c->next = c->arrival;
}

static double serve(const struct mmc *m, const struct kith_cell *cell, struct customer *c, double t)
{
    return c->next = t + kith_draw_exponential(kith_draw_mix(c->key, KEY_SERVICE)) / m->arm[cell->arm].service;
}

static double advance(const void *model, struct kith_cell *cell, void *family, double until)
{
    const struct mmc *m = model;
    struct customer *c = family;
    if (c->next > until)
        return c->next;
    double t = c->next;
    c->next = INFINITY;
    if (c->came) {
        kith_cell_event(cell, t, 0, LEAVE);
        kith_pool_give(&cell->pool[0], t, 1000, 0);
        c->gone = true;
        return c->next;
    }
    c->came = true;
    struct kith_ticket ticket = {.family = c->number, .units = 1000};
    uint32_t number;
    switch (kith_pool_request(&cell->pool[0], t, &ticket, true, &number)) {
    case KITH_POOL_HAS:
        kith_cell_event(cell, t, 0, ENTER);
        return serve(m, cell, c, t);
    case KITH_POOL_NO_MEMORY:
        cell->failed = KITH_NO_MEMORY;
        break;
    default:
        kith_cell_event(cell, t, 0, JOIN);
    }
    return c->next;
}

static void standing(const void *model, struct kith_cell *cell, const void *family)
{
    const struct customer *c = family;
    (void)model;
    if (c->came && !c->gone)
        kith_cell_row(cell, cell->warm_up, 0, c->next < INFINITY ? ENTER : JOIN);
}

/* ---- servers ---------------------------------------------------------------------------------------------------- */

static size_t pack(const void *model, const struct kith_cell *cell, const void *family, void *to)
{
    (void)cell;
    (void)model;
    memcpy(to, family, sizeof(struct customer));
    return sizeof(struct customer);
}

static void unpack(const void *model, const struct kith_cell *cell, uint64_t number, const void *from, void *family)
{
    (void)model;
    (void)cell;
    (void)number;
    memcpy(family, from, sizeof(struct customer));
}

static bool over(const void *model, const void *family)
{
    (void)model;
    return ((const struct customer *)family)->gone;
}

static double area_begin(const void *model, struct kith_cell *cell)
{
    const struct mmc *m = model;
    kith_pool_capacity(&cell->pool[0], 0, m->arm[cell->arm].servers * 1000);
    return INFINITY;
}

static double granted(const void *model, struct kith_cell *cell, void *family, double t, size_t pool,
                      const struct kith_ticket *ticket, uint32_t holder)
{
    (void)pool;
    (void)ticket;
    (void)holder;
    kith_cell_event(cell, t, 0, TURN);
    return serve(model, cell, family, t);
}

static const struct kith_coupling coupling = {
    .pack = pack,
    .unpack = unpack,
    .over = over,
    .area_begin = area_begin,
    .granted = granted,
};

static const char *const keys[] = {"mmc"};

const struct kith_model kith_model_mmc = {
    .name = "mmc",
    .what = "the M/M/c queue: a coupled model written in C",
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
    .coupling = &coupling,
};
