#include "toy.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const struct kith_shape_chart charts[] = {{"need", "need of the family", false, 0, 3},
                                                 {"care", "care of a child", true, 3, 2}};
static const struct kith_shape_state states[] = {{"low", "", 0, false},
                                                 {"high", "", 0, false},
                                                 {"known", "", 0, false},
                                                 {"home", "", 1, false},
                                                 {"away", "looked after", 1, false}};
static const struct kith_shape_transition transitions[] = {{0, -1, 0}, {0, 0, 1},  {0, 1, 0}, {0, 1, 2},
                                                           {0, 2, 0},  {1, -1, 3}, {1, 3, 4}, {1, 4, 3}};
static const struct kith_shape_count counts[] = {{"contacts", false}, {"children", true}};
static const struct kith_shape_cost costs[] = {{"care", "cost of care", NULL, NULL}};
static const struct kith_shape_amount amounts[] = {{"hours", "hour", "hours of care given"},
                                                   {"budget", "pence", "what is left of the budget"}};
static const struct kith_term terms[][2] = {
    {{KITH_BASE_STOCK, 0, 1}}, {{KITH_BASE_STOCK, 1, 1}},
    {{KITH_BASE_STOCK, 2, 1}}, {{KITH_BASE_STOCK, 3, 1}},
    {{KITH_BASE_STOCK, 4, 1}}, {{KITH_BASE_FLOW, 1, 1}},
    {{KITH_BASE_COST, 0, 1}},  {{KITH_BASE_STOCK, 3, 1}, {KITH_BASE_STOCK, 4, 1}},
    {{KITH_BASE_AMOUNT, 1, 1}}};
static const struct kith_measure measures[] = {
    {"stock.need.low", "families", "", 1, 1, 0, terms[0], NULL, true},
    {"stock.need.high", "families", "", 1, 1, 0, terms[1], NULL, true},
    {"stock.need.known", "families", "", 1, 1, 0, terms[2], NULL, true},
    {"stock.care.home", "children", "", 1, 1, 0, terms[3], NULL, true},
    {"stock.care.away", "children", "", 1, 1, 0, terms[4], NULL, true},
    {"flow.need.low.high", "families/year", "", 1, 1, 0, terms[5], NULL, false},
    {"cost.care", "pence", "cost of care", 1, 1, 0, terms[6], NULL, false},
    {"care.rate", "per 10,000 children", "children in care", 10000, 1, 2, terms[4], terms[7], true},
    {"budget.left", "pounds", "what is left of the budget", 0.01, 1, 0, terms[8], NULL, false},
};
static const struct kith_shape_attribute attributes[] = {{"decile", "1", "deprivation decile"},
                                                         {"id", "1", "an unfortunate name"}};
const struct kith_shape toy_shape = {.n_charts = 2,
                                     .n_states = 5,
                                     .n_transitions = 8,
                                     .n_counts = 2,
                                     .n_costs = 1,
                                     .n_amounts = 2,
                                     .n_measures = 9,
                                     .n_attributes = 2,
                                     .charts = charts,
                                     .states = states,
                                     .transitions = transitions,
                                     .counts = counts,
                                     .costs = costs,
                                     .amounts = amounts,
                                     .measures = measures,
                                     .attributes = attributes,
                                     .turnover = 1,
                                     .members = 2};

static struct kith_area areas[] = {{"E06000001", "Hartlepool", 1, 0.5, 20000},
                                   {"W06000001", "Ynys M\u00f4n", 2, 0.5, 20000}};
static struct kith_parameter parameters[] = {
    {"escalation", "how fast need grows", "assumed", "0.25 /year", KITH_UNIT_RATE, 0.25, 0, INFINITY, 1, 1,
     "x"},
    {"price", "", "a \"quoted\" source", "GBP 700", KITH_UNIT_MONEY, 70000, -INFINITY, INFINITY, 2, 1, "x"}};
static struct kith_change changes[] = {{1.5, 0, 0.2}};
static struct kith_arm arms[] = {{"baseline", "", 0, NULL}, {"early", "earlier help", 1, changes}};
static struct kith_target targets[] = {{"stock.care.away", "children in care", "DfE 2023", 900, 500, 1500, 1},
                                       {"cost.care", "spending", "Section 251", 5e6, NAN, NAN, 2}};
static char scenario_text[] = "# file: toy.yaml\ntitle: Toy\n";
const struct kith_scenario toy_scenario = {.path = "toy.yaml",
                                           .title = "A toy",
                                           .model = "pathway",
                                           .text = scenario_text,
                                           .seed = 0xfedcba9876543210u,
                                           .replications = 5,
                                           .start_date = 2023.25,
                                           .warm_up = 0.5,
                                           .counted = 2.5,
                                           .months = TOY_MONTHS,
                                           .families = 2 * TOY_FAMILIES,
                                           .represents = 800,
                                           .n_areas = TOY_AREAS,
                                           .areas = areas,
                                           .n_parameters = 2,
                                           .parameters = parameters,
                                           .n_arms = TOY_ARMS,
                                           .arms = arms,
                                           .n_targets = 2,
                                           .targets = targets,
                                           .trajectories = 1};
const struct kith_provenance toy_provenance = {
    .version = "0", .compiler = "cc", .command = "test", .threads = 2};

/* A generator for tests; nothing depends on its quality. */
static unsigned draw(uint64_t *x, unsigned n)
{
    *x = *x * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(*x >> 33) % n;
}

static void event(struct toy_cell *cell, unsigned day, int member, unsigned code)
{
    struct kith_tracks *t = &cell->tracks;
    t->day[t->n_events] = (uint16_t)day;
    t->member[t->n_events] = (int8_t)member;
    ((uint8_t *)t->code)[t->n_events++] = (uint8_t)code;
}

/* A stay in `state` from month `from` to month `to`, present at the starts of months in between. */
static void stay(struct toy_cell *cell, unsigned state, unsigned from, unsigned to)
{
    for (unsigned m = from; m < to; m++)
        cell->series.stock[m * toy_shape.n_states + state]++;
}

/* Walks `member` from state `state` on; one move or none in each month, on the first day that lies in it. */
static void walk(struct toy_cell *cell, uint64_t *x, int member, unsigned entry)
{
    int at = transitions[entry].to;
    unsigned since = 0;
    event(cell, 0, member, entry);
    for (unsigned m = 0; m < TOY_MONTHS; m++) {
        unsigned code = draw(x, 40);
        if (code >= toy_shape.n_transitions || transitions[code].from != at)
            continue;
        stay(cell, (unsigned)at, since, m + 1);
        cell->series.flow[m * toy_shape.n_transitions + code]++;
        event(cell, (unsigned)(m * 365.25 / 12) + 1, member, code);
        at = transitions[code].to;
        since = m + 1;
    }
    stay(cell, (unsigned)at, since, TOY_MONTHS + 1);
}

static int by_day(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return x < y ? -1 : x > y;
}

/* Sorts the events from `first` on by day. */
static void sort_events(struct kith_tracks *t, size_t first)
{
    uint32_t packed[64];
    size_t n = t->n_events - first;
    if (n > 64)
        abort();
    for (size_t i = 0; i < n; i++)
        packed[i] = (uint32_t)(t->day[first + i] << 16 | t->member[first + i] << 8) | kith_tracks_code(t, first + i);
    qsort(packed, n, sizeof *packed, by_day);
    for (size_t i = 0; i < n; i++) {
        t->day[first + i] = (uint16_t)(packed[i] >> 16);
        t->member[first + i] = (int8_t)(packed[i] >> 8 & 255);
        ((uint8_t *)t->code)[first + i] = (uint8_t)(packed[i] & 255);
    }
}

static void family(struct toy_cell *cell, uint64_t *x, int32_t id)
{
    struct kith_tracks *t = &cell->tracks;
    size_t i = t->n_families++, first = t->n_events;
    int children = (int)draw(x, 3);
    t->id[i] = id;
    t->attribute[2 * i] = (float)(1 + draw(x, 10));
    t->attribute[2 * i + 1] = (float)id / 4;
    walk(cell, x, 0, 0);
    for (int child = 1; child <= children; child++) {
        walk(cell, x, child, 5);
        t->birth_day[t->n_members++] = -(int32_t)draw(x, 6000);
    }
    sort_events(t, first);
    t->event_end[i] = (int64_t)t->n_events;
    t->member_end[i] = (int64_t)t->n_members;
    for (unsigned year = 0; year <= TOY_MONTHS / 12; year++)
        cell->series.count[12 * year * toy_shape.n_counts + 1] += children;
}

void toy_make(struct toy_cell *cell, struct kith_mem *mem, int replication, size_t arm, size_t area)
{
    uint64_t x = (uint64_t)replication * 1000 + arm * 100 + area;
    struct kith_tracks *t = &cell->tracks;
    size_t n = TOY_FAMILIES, most = n * 3 * (TOY_MONTHS + 1);
    memset(cell, 0, sizeof *cell);
    if (kith_series_init(&cell->series, mem, &toy_shape, TOY_MONTHS) != KITH_OK)
        abort();
    t->id = calloc(n, sizeof *t->id);
    t->event_end = calloc(n, sizeof *t->event_end);
    t->member_end = calloc(n, sizeof *t->member_end);
    t->attribute = calloc(2 * n, sizeof *t->attribute);
    t->birth_day = calloc(2 * n, sizeof *t->birth_day);
    t->day = calloc(most, sizeof *t->day);
    t->member = calloc(most, sizeof *t->member);
    t->code_bytes = 1;
    t->code = calloc(most, t->code_bytes);
    for (int i = 0; i < TOY_FAMILIES; i++)
        family(cell, &x, i);
    for (size_t m = 0; m < TOY_MONTHS; m++) {
        cell->series.count[m * toy_shape.n_counts] = (int32_t)draw(&x, 50);
        cell->series.cost[m] = 1e5 * cell->series.stock[m * toy_shape.n_states + 4];
        cell->series.amount[2 * m] = draw(&x, 200);
        cell->series.amount[2 * m + 1] = 1e6 - cell->series.cost[m]; /* overspent in some months */
    }
}

void toy_free(struct toy_cell *cell)
{
    struct kith_tracks *t = &cell->tracks;
    kith_series_free(&cell->series);
    free(t->id);
    free(t->event_end);
    free(t->member_end);
    free(t->attribute);
    free(t->birth_day);
    free(t->day);
    free(t->member);
    free(t->code);
}

struct kith_tracks toy_part(const struct kith_tracks *all, size_t from, size_t to)
{
    int64_t events = from > 0 ? all->event_end[from - 1] : 0;
    int64_t members = from > 0 ? all->member_end[from - 1] : 0;
    struct kith_tracks part = *all;
    part.n_families = to - from;
    part.n_events = (size_t)(all->event_end[to - 1] - events);
    part.n_members = (size_t)(all->member_end[to - 1] - members);
    part.id += from;
    part.attribute += 2 * from;
    part.birth_day += members;
    part.day += events;
    part.member += events;
    part.code = (uint8_t *)part.code + events;
    part.event_end = calloc(to - from, sizeof *part.event_end);
    part.member_end = calloc(to - from, sizeof *part.member_end);
    for (size_t i = from; i < to; i++) {
        part.event_end[i - from] = all->event_end[i] - events;
        part.member_end[i - from] = all->member_end[i] - members;
    }
    return part;
}

void toy_part_free(struct kith_tracks *part)
{
    free(part->event_end);
    free(part->member_end);
}

static enum kith_status write_cell(struct kith_writer *w, const struct toy_cell *cell, int replication,
                                   size_t arm, size_t area, size_t batch, struct kith_error *err)
{
    enum kith_status status = KITH_OK;
    for (size_t i = 0; i < cell->tracks.n_families && status == KITH_OK; i += batch) {
        size_t to = i + batch < cell->tracks.n_families ? i + batch : cell->tracks.n_families;
        struct kith_tracks part = toy_part(&cell->tracks, i, to);
        status = kith_writer_tracks(w, &part, err);
        toy_part_free(&part);
    }
    return status == KITH_OK ? kith_writer_cell(w, replication, arm, area, &cell->series, err) : status;
}

static enum kith_status write_arm(struct kith_writer *w, int replication, size_t arm, size_t batch,
                                  bool spoil, struct kith_error *err)
{
    struct kith_mem own = KITH_MEM_INIT;
    struct kith_outcome outcome;
    struct toy_cell cell;
    enum kith_status status = KITH_OK;
    if (kith_outcome_init(&outcome, &own, &toy_shape, TOY_MONTHS / 12) != KITH_OK)
        abort();
    for (size_t area = 0; area < TOY_AREAS && status == KITH_OK; area++) {
        toy_make(&cell, &own, replication, arm, area);
        if (spoil && area == TOY_AREAS - 1)
            cell.tracks.member[cell.tracks.n_events - 1] ^= 1;
        status = write_cell(w, &cell, replication, arm, area, batch, err);
        kith_outcome_add(&outcome, &toy_shape, &cell.series,
                         toy_scenario.represents / (double)toy_scenario.families);
        toy_free(&cell);
    }
    kith_outcome_finish(&outcome, &toy_shape);
    if (status == KITH_OK)
        status = kith_writer_outcome(w, replication, arm, &outcome, err);
    kith_outcome_free(&outcome);
    return status;
}

enum kith_status toy_write(struct kith_mem *mem, const char *path, int replications, size_t batch, bool spoil,
                           const struct kith_provenance *how, struct kith_error *err)
{
    struct kith_writer *w;
    enum kith_status status = kith_writer_open(&w, mem, path, &toy_scenario, &toy_shape, how, err);
    if (status != KITH_OK)
        return status;
    for (int r = 0; r < replications && status == KITH_OK; r++)
        for (size_t a = 0; a < TOY_ARMS && status == KITH_OK; a++)
            status = write_arm(w, r, a, batch, spoil && r == replications - 1 && a == TOY_ARMS - 1, err);
    enum kith_status closed = kith_writer_close(w, how, status != KITH_OK, status == KITH_OK ? err : NULL);
    return status == KITH_OK ? closed : status;
}
