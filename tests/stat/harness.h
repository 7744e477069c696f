/* What the tests of the models share: a scenario from text, cells and families of it, exact event times, and a rich
 * scenario with every kind of thing in it. All functions are static; a test is one file. */
#ifndef KITH_TESTS_HARNESS_H
#define KITH_TESTS_HARNESS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <gsl/gsl_cdf.h>
#include <gsl/gsl_integration.h>
#include <math.h>

#include "kith.h"
#include "models/models.h"
#include "scenario/given.h"
#include "sim/families.h"

struct harness {
    struct kith_mem mem;
    struct kith_scenario sc;
    struct kith_errors errors;
    const struct kith_model *model;
    void *compiled;
    const struct kith_shape *shape;
    struct kith_families families;
    struct kith_room room;
    char directory[40]; /* of the areas table, if there is one */
};

/* One cell, run. */
struct result {
    struct kith_cell cell;
    struct kith_series series;
    uint64_t n; /* families */
};

/* One event of a family with its exact time. */
struct event {
    double t;
    unsigned member, code;
};

/* A family's whole story in the counted period; it begins with the entries that `standing` reports. */
struct story {
    struct event *event;
    size_t n, room, standing;
    size_t members;
    double births[16];
    float attributes[16];
};

static inline enum kith_status harness_try(struct harness *h, const char *text, const char *table)
{
    struct kith_model_keys keys[8];
    char path[80];
    size_t n = kith_n_models < 8 ? kith_n_models : 8;
    for (size_t i = 0; i < n; i++)
        keys[i] = (struct kith_model_keys){kith_models[i]->name, kith_models[i]->keys, kith_models[i]->n_keys};
    long fail_at = h->mem.fail_at;
    memset(h, 0, sizeof *h);
    h->mem.fail_at = fail_at;
    kith_room_init(&h->room, &h->mem);
    kith_families_init(&h->families, &h->mem, &h->room);
    strcpy(h->directory, ".");
    if (table) {
        strcpy(h->directory, "/tmp/kith-test-XXXXXX");
        assert_non_null(mkdtemp(h->directory));
        snprintf(path, sizeof path, "%s/areas.csv", h->directory);
        FILE *f = fopen(path, "wb");
        assert_non_null(f);
        assert_int_equal(fwrite(table, 1, strlen(table), f), strlen(table));
        assert_int_equal(fclose(f), 0);
    }
    snprintf(path, sizeof path, "%s/t.yaml", h->directory);
    enum kith_status st = kith_scenario_read_given(&h->sc, &h->mem, path, text, strlen(text), NULL, 0, keys, n,
                                                   &h->errors);
    if (!st) {
        h->model = kith_models_find(h->sc.model);
        assert_non_null(h->model);
        st = h->model->load(&h->compiled, &h->mem, &h->sc, &h->errors);
    }
    if (table) {
        snprintf(path, sizeof path, "%s/areas.csv", h->directory);
        unlink(path);
        rmdir(h->directory);
    }
    if (!st)
        h->shape = h->model->shape(h->compiled);
    return st;
}

static inline void harness_free(struct harness *h)
{
    if (h->model && h->compiled)
        h->model->unload(h->compiled);
    kith_scenario_free(&h->sc);
    kith_families_free(&h->families);
    kith_room_free(&h->room);
    h->compiled = NULL;
}

/* Reads and compiles; a report is a failure of the test. `table` is the text of areas.csv, or NULL. */
static inline void harness_load_table(struct harness *h, const char *text, const char *table)
{
    char line[1024];
    h->mem.fail_at = -1;
    enum kith_status st = harness_try(h, text, table);
    for (int i = 0; i < h->errors.n && i < KITH_ERRORS_MAX; i++)
        print_error("%s\n", kith_error_format(&h->errors.list[i], line, sizeof line));
    assert_int_equal(st, KITH_OK);
}
static inline void harness_load(struct harness *h, const char *text)
{
    harness_load_table(h, text, NULL);
}

/* Loads printf-formatted text. */
static inline void harness_loadf(struct harness *h, const char *fmt, ...) KITH_PRINTF(2, 3);
static inline void harness_loadf(struct harness *h, const char *fmt, ...)
{
    static char text[65536];
    va_list args;
    va_start(args, fmt);
    int n = vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    assert_true(n > 0 && n < (int)sizeof text);
    harness_load(h, text);
}

static inline uint64_t harness_cell(struct harness *h, struct kith_cell *cell, size_t arm, int replication, size_t area)
{
    assert_int_equal(kith_cell_init(cell, &h->mem, h->shape, h->sc.months), KITH_OK);
    cell->key = kith_draw_mix(kith_draw_mix(kith_draw_mix(0, h->sc.seed), (uint64_t)replication), h->sc.areas[area].key);
    cell->replication = replication;
    cell->arm = arm;
    cell->area = area;
    cell->warm_up = h->sc.warm_up;
    cell->end = h->sc.warm_up + h->sc.counted;
    return h->model->families(h->compiled, cell, (double)h->sc.families * h->sc.areas[area].share * h->shape->turnover);
}

/* Runs a cell as a whole. */
static inline void harness_run(struct harness *h, struct result *r, size_t arm, int replication, size_t area,
                               double track, enum kith_order order)
{
    r->n = harness_cell(h, &r->cell, arm, replication, area);
    assert_int_equal(kith_series_init(&r->series, &h->mem, h->shape, h->sc.months), KITH_OK);
    assert_int_equal(kith_families_run(&h->families, h->model, h->compiled, &r->cell, h->shape, 0, r->n, track, order,
                                       NULL),
                     KITH_OK);
    kith_cell_series(&r->cell, h->shape, &r->series);
}
static inline void result_free(struct result *r)
{
    kith_cell_free(&r->cell);
    kith_series_free(&r->series);
}

static inline size_t harness_state(const struct harness *h, const char *name)
{
    char text[256];
    for (size_t i = 0; i < h->shape->n_states; i++) {
        snprintf(text, sizeof text, "%s.%s", h->shape->charts[h->shape->states[i].chart].name, h->shape->states[i].name);
        if (strcmp(text, name) == 0)
            return i;
    }
    fail_msg("no state %s", name);
    return 0;
}

/* "CHART.FROM.TO" of a transition. */
static inline const char *harness_name(const struct harness *h, size_t code, char *text, size_t size)
{
    const struct kith_shape_transition *t = &h->shape->transitions[code];
    snprintf(text, size, "%s.%s.%s", h->shape->charts[t->chart].name,
             t->from < 0 ? "entry" : h->shape->states[t->from].name, t->to < 0 ? "exit" : h->shape->states[t->to].name);
    return text;
}
static inline size_t harness_flow(const struct harness *h, const char *name)
{
    char text[256];
    for (size_t i = 0; i < h->shape->n_transitions; i++)
        if (strcmp(harness_name(h, i, text, sizeof text), name) == 0)
            return i;
    fail_msg("no transition %s", name);
    return 0;
}

static inline int32_t stock_at(const struct harness *h, const struct result *r, const char *name, int month)
{
    return r->series.stock[(size_t)month * r->series.n_states + harness_state(h, name)];
}
/* Transitions in months [from, to). */
static inline int64_t flow_between(const struct harness *h, const struct result *r, const char *name, int from, int to)
{
    int64_t sum = 0;
    size_t k = harness_flow(h, name);
    for (int m = from; m < to; m++)
        sum += r->series.flow[(size_t)m * r->series.n_transitions + k];
    return sum;
}

/* The family's events with their exact times: begin and advance return when the next one is, and it is carried out
 * alone. The cell's own tallies go on counting. */
static inline void harness_story(struct harness *h, struct kith_cell *cell, uint64_t index, struct story *s)
{
    static unsigned char *family;
    static size_t room;
    size_t bytes = h->model->family_bytes(h->compiled);
    if (bytes > room) {
        free(family);
        family = malloc(room = bytes);
        assert_non_null(family);
    }
    memset(family, 0, bytes);
    s->n = s->standing = s->members = 0;
    double t = cell->warm_up, next = h->model->begin(h->compiled, cell, index, family);
    cell->tracking = false;
    cell->n_rows = 0;
    while (next <= cell->warm_up)
        next = h->model->advance(h->compiled, cell, family, next);
    cell->tracking = true;
    h->model->standing(h->compiled, cell, family);
    for (bool first = true;; first = false) {
        for (size_t i = 0; i < cell->n_rows; i++) {
            if (s->n == s->room) {
                s->room = s->room ? 2 * s->room : 64;
                s->event = realloc(s->event, s->room * sizeof *s->event);
                assert_non_null(s->event);
            }
            s->event[s->n++] = (struct event){t, (unsigned)cell->member[i], cell->code[i]};
        }
        if (first)
            s->standing = s->n;
        cell->n_rows = 0;
        if (!(next <= cell->end))
            break;
        t = next;
        next = h->model->advance(h->compiled, cell, family, t);
        assert_true(next >= t);
    }
    cell->tracking = false;
    assert_null(cell->fault);
    if (h->model->describe)
        s->members = h->model->describe(h->compiled, cell, family, s->attributes, s->births);
}
static inline void story_free(struct story *s)
{
    free(s->event);
    *s = (struct story){0};
}

/* ---- statistics --------------------------------------------------------------------------------------------------
 * Every program of tests/stat makes its comparisons at this level: 1000 of them, more than there are, and all of them
 * together give a false alarm once in 10,000 seeds. Seeds are fixed, so a test that passes passes always; each has a
 * twin with a parameter some per cent off that fails the same comparison. */
#define LEVEL (1e-4 / 1000)

/* Two-sided p-values. A count of n trials with success probability p: */
static inline double p_binomial(int64_t count, int64_t n, double p)
{
    unsigned k = (unsigned)count, m = (unsigned)n;
    double below = gsl_cdf_binomial_P(k, p, m), above = k ? gsl_cdf_binomial_Q(k - 1, p, m) : 1;
    return fmin(1, 2 * fmin(below, above));
}
static inline double p_poisson(int64_t count, double mean)
{
    unsigned k = (unsigned)count;
    double below = gsl_cdf_poisson_P(k, mean), above = k ? gsl_cdf_poisson_Q(k - 1, mean) : 1;
    return fmin(1, 2 * fmin(below, above));
}
static inline double p_normal(double x, double mean, double sd)
{
    return 2 * gsl_cdf_ugaussian_Q(fabs(x - mean) / sd);
}
/* Pearson's chi-square of n trials that fell into k cells with these probabilities (which sum to 1). Cells that
 * expect under 10 are put together with their neighbours. */
static inline double p_cells(const int64_t *count, const double *p, size_t k, int64_t n)
{
    double x = 0, expected = 0, observed = 0, last_e = 0, last_o = 0;
    int cells = 0;
    for (size_t i = 0; i < k; i++) {
        expected += p[i] * (double)n;
        observed += (double)count[i];
        if (expected < 10 && i + 1 < k)
            continue;
        if (expected < 10 && cells) { /* the rest joins the cell before it */
            x -= (last_o - last_e) * (last_o - last_e) / last_e;
            expected += last_e;
            observed += last_o;
            cells--;
        }
        if (expected > 0)
            x += (observed - expected) * (observed - expected) / expected;
        else if (observed > 0)
            return 0;
        last_e = expected;
        last_o = observed;
        expected = observed = 0;
        cells++;
    }
    assert_true(cells > 1);
    return gsl_cdf_chisq_Q(x, cells - 1);
}
static inline int order_doubles(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}
/* Kolmogorov and Smirnov's test of n values (which it sorts) against a distribution; Stephens' correction. */
static inline double p_ks(double *x, size_t n, double (*cdf)(double, const void *), const void *arg)
{
    double d = 0, sum = 0, root = sqrt((double)n);
    qsort(x, n, sizeof *x, order_doubles);
    for (size_t i = 0; i < n; i++) {
        double f = cdf(x[i], arg);
        d = fmax(d, fmax(f - (double)i / (double)n, (double)(i + 1) / (double)n - f));
    }
    double l = (root + 0.12 + 0.11 / root) * d;
    for (int k = 1; k < 60; k++)
        sum += (k % 2 ? 2 : -2) * exp(-2.0 * k * k * l * l);
    return l < 0.3 ? 1 : fmin(1, fmax(0, sum));
}

/* The integral of f over [a, b] to about 1e-9. */
static inline double integral(double (*f)(double, void *), void *arg, double a, double b)
{
    gsl_function g = {f, arg};
    gsl_integration_workspace *w = gsl_integration_workspace_alloc(1000);
    double value, error;
    assert_non_null(w);
    assert_int_equal(gsl_integration_qags(&g, a, b, 1e-9, 1e-9, 1000, w, &value, &error), 0);
    gsl_integration_workspace_free(w);
    return value;
}

/* How many of a sample of n a program takes: under sanitizers, which look at every access and are slow, a quarter. What
 * they look for shows in few; what the sample is of is tested by the same program without them. */
static inline int sampled(int n)
{
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    print_message("%d of %d: with a sanitizer\n", (n + 3) / 4, n);
    return (n + 3) / 4;
#else
    return n;
#endif
}

/* ---- a rich scenario: parts that tests put together ------------------------------------------------------------- */

#define RICH_TABLE "code,children,tilt,factor,lone\nE1,600,0.2,1,3\nE2,300,-0.3,1.5,0\nE3,100,0,0.8,1\n"
#define RICH_TIME "kith: 1\nmodel: pathway\nseed: 11\ntime: {start: 2000-04-01, warm_up: 20 years, counted: 4 years}\n"
#define RICH_POPULATION_OF(families, extra) \
    "population:\n" \
    "  families: " families "\n" \
    "  represents: 3000\n" \
    "  areas: {table: areas.csv, code: code, size: children" extra "}\n" \
    "  households:\n" \
    "    sizes: {1: 0.3, 2: 0.4, 3: 0.2, 5: 0.1}\n" \
    "    gap: {delay: 1 year, shape: 2, mean: 1.5 years}\n" \
    "    births: {2000: 400 /year, 2010: 500 /year}\n" \
    "  groups:\n" \
    "    lone: {rate: 60 /year, spread: lone, age: [[4, 0], [12, 0.6], [17, 1]]}\n"
#define RICH_POPULATION RICH_POPULATION_OF("300", "")
#define RICH_PARAMETERS_OF(slope) \
    "parameters:\n" \
    "  uptake: {value: 0.5, range: [0, 1]}\n" \
    "  escalate: {value: 0.4 /year, range: [0 /year, 5 /year]}\n" \
    "  slope: {value: " slope ", range: [0.5, 2]}\n" \
    "  late: 0.8 /year\n" \
    "  price: 120 GBP/week\n"
#define RICH_PARAMETERS RICH_PARAMETERS_OF("1.3")
#define RICH_ATTRIBUTES \
    "attributes:\n" \
    "  deprivation: {values: {1: 1, 2: 2, 3: 1}, tilt: tilt, centre: 2, unit: decile}\n" \
    "  frailty: {gamma: {shape: 2, mean: 1}}\n"
#define RICH_MARKS "marks: {closed: family, plan: child}\n"
#define RICH_CHARTS "charts:\n" RICH_CHARTS_ALONE
#define RICH_CHARTS_ALONE \
    "  need:\n" \
    "    of: family\n" \
    "    states: [low, mid, high]\n" \
    "    start: {household: low, lone: mid}\n" \
    "    clocks:\n" \
    "      - {from: low, to: mid, hazard: {exponential: $escalate}, ratios: {deprivation: $slope per decile,\n" \
    "         frailty: power 0.5, help: {on: 0.6}, since.closed: {amplitude: 1.5, decay: 0.5 years},\n" \
    "         children.services: {in: [plan], ratio: 0.7}}}\n" \
    "      - {from: mid, to: high, hazard: {weibull: {shape: 1.4, scale: 1.5 years}}, ratios: {help: {on: 0.5},\n" \
    "         area: factor}}\n" \
    "      - {from: mid, to: low, hazard: {gamma: {shape: 2, mean: 1 year}}}\n" \
    "      - {from: high, to: mid, hazard: {lognormal: {median: 0.7 years, sigma: 0.8}}, ratios: {group: {lone: 2}}}\n" \
    "      - {name: relief, from: [mid, high], to: low, hazard: {gompertz: {rate: 0.2 /year, growth: -0.3 /year}}}\n" \
    "  help:\n" \
    "    of: family\n" \
    "    states: [off, offered, on]\n" \
    "    instant:\n" \
    "      offered:\n" \
    "        options:\n" \
    "          - {to: on, weight: $uptake, ratios: {need: {high: 1.5}}}\n" \
    "          - {to: off, weight: 0.5, mark: closed}\n" \
    "    clocks:\n" \
    "      - {from: off, to: offered, hazard: {exponential: $late}, ratios: {need: {low: 0, high: 3},\n" \
    "         calendar: {2016-10-01: 1.4, 2021-02-01: 0.9}, count.closed: {0: 1, 2: 0.5}}}\n" \
    "      - {from: on, to: off, hazard: {fixed: 6 months}, mark: closed}\n" \
    "  calls:\n" \
    "    of: family\n" \
    "    states: [quiet]\n" \
    "    clocks:\n" \
    "      - name: call\n" \
    "        from: quiet\n" \
    "        to: quiet\n" \
    "        hazard: {exponential: 0.6 /year}\n" \
    "        ratios: {need: {high: 3}}\n" \
    "        move:\n" \
    "          - {chart: services, who: index, to: referral, from: [universal], weight: {age: {0: 2, 5: 1}}}\n" \
    "          - {chart: services, who: siblings, to: referral, from: [universal], chance: 0.6}\n" \
    "  services:\n" \
    "    of: child\n" \
    "    states: [universal, referral, cin, plan, aged_out]\n" \
    "    terminal: [aged_out]\n" \
    "    instant:\n" \
    "      referral:\n" \
    "        shared: 0.7\n" \
    "        options:\n" \
    "          - {to: universal, weight: {need: {low: 0.5, mid: 0.3, high: 0.1}}, mark: closed}\n" \
    "          - {to: cin, weight: 0.5, ratios: {age: {0: 1, 10: 0.7}, count.plan: {0: 1, 1: 2}}}\n" \
    "          - {to: plan, weight: 0.1, move: {chart: help, to: off, from: [on], who: family}}\n" \
    "    on_entry:\n" \
    "      plan: {mark: plan, move: {chart: school, to: out, chance: 0.3}}\n" \
    "    clocks:\n" \
    "      - {name: age_18, from: [universal, cin, plan], to: aged_out, hazard: {at_age: 18 years}}\n" \
    "      - from: universal\n" \
    "        to: referral\n" \
    "        hazard: {by_age: {0: 0.3 /year, 4: 0.15 /year}}\n" \
    "        ratios: {need: {high: 3}, siblings.services: {in: [cin, plan], ratio: 2}, age_at_entry: {0: 1, 6: 0.8},\n" \
    "          when: [{if: {count.plan: [1, ~], since.plan: [0 years, 2 years]}, ratio: 1.5}]}\n" \
    "        move: {who: siblings, to: referral, from: [universal], chance: 0.5, ratios: {age: {0: 1.2, 5: 0.8}}}\n" \
    "      - {from: cin, to: universal, hazard: {piecewise: {0 years: 1 /year, 0.25 years: 2 /year}}}\n" \
    "      - {from: cin, to: plan, hazard: {loglogistic: {shape: 1.5, scale: 1 year}}, ratios: {school: {out: 2}}}\n" \
    "      - {from: plan, to: universal, hazard: {table: [[0 years, 0], [1 year, 0.5], [2 years, 1]]}}\n" \
    "  school:\n" \
    "    of: child\n" \
    "    states: [in, out]\n" \
    "    clocks:\n" \
    "      - {from: in, to: out, hazard: {by_age: {0: 0 /year, 5: 0.1 /year}}, ratios: {need: {high: 4}}}\n" \
    "      - {from: out, to: in, hazard: {exponential: 0.5 /year}, ratios: {services: {plan: 0, cin: 2}}}\n"
#define RICH_MEASURES \
    "measures:\n" \
    "  repeat: {flow: services.*.referral, when: {since.plan: [0 years, 3 years]}}\n" \
    "  older: {stock: [services.cin, services.plan], when: {age: [10, 16]}}\n" \
    "  all_ages: {stock: [services.cin, services.plan], when: {age: [0, 100]}}\n" \
    "costs:\n" \
    "  care: {of: {services.cin: $price, services.plan: 300 GBP/week, services.*.referral: GBP 200, help.on: 40 GBP/week}}\n" \
    "  lost: {of: {school.out: 10.5 GBP/day, school.in.out: GBP 33.33}}\n"
#define RICH_ARMS \
    "arms:\n" \
    "  baseline: {what: nothing changes}\n" \
    "  nothing: {what: nothing either}\n" \
    "  same: {from: 2021-04-01, set: {uptake: 0.5, slope: 1.3, escalate: 0.4 /year, price: 120 GBP/week}}\n" \
    "  more: {from: 2020-10-01, set: {uptake: 0.9, slope: 1.1, escalate: 0.2 /year, price: 150 GBP/week}}\n" \
    "  early: {from: 2010-04-01, set: {slope: 1.7}}\n"
#define RICH \
    RICH_TIME RICH_POPULATION RICH_PARAMETERS RICH_ATTRIBUTES RICH_MARKS RICH_CHARTS RICH_MEASURES RICH_ARMS

#endif
