/* The pathway model: semi-Markov charts of families and their children, compiled from a scenario into flat tables.
 * Private to models/pathway. The language that the tables come from is described in scenarios/README.md.
 *
 * Words: an *instance* is one chart of one member; member 0 is the family itself, members 1, 2, ... its children. A
 * *slot* keeps what is left of a clock's unit exponential, from visit to visit of its states. A *signal* is a chart
 * or a mark or a resource's load that hazards may depend on: bit c for chart c, bit 16 + m for mark m, bit 56 + r for
 * the load of resource r. A *cause* is the key of the clock
 * firing that set a chain of changes off; a *case* is the cause that last brought several children in together. */
#ifndef KITH_MODELS_PATHWAY_H
#define KITH_MODELS_PATHWAY_H

#include <math.h>
#include <string.h>

#include "kith.h"

#define PATHWAY_CHARTS_MAX 16
#define PATHWAY_MARKS_MAX 40
#define PATHWAY_RESOURCES_MAX 8
#define PATHWAY_BUDGETS_MAX 4
#define PATHWAY_FIRST_LOAD (PATHWAY_CHARTS_MAX + PATHWAY_MARKS_MAX)
#define PATHWAY_CHILDREN_MAX 12
#define PATHWAY_GROUPS_MAX 8
#define PATHWAY_CLOCKS_MAX 32 /* enabled in one state */
/* Bounds that keep a hostile scenario from using up memory or time, far above what a sensible one needs. PARTS: clocks,
 * options, effects, terms and measures with a condition, of each kind; their numbers have 16 bits. */
#define PATHWAY_PARTS_MAX 4096
#define PATHWAY_ATTRIBUTES_MAX 1000 /* and values of one */
#define PATHWAY_COSTS_MAX 1000
#define PATHWAY_MEASURES_MAX 10000
#define PATHWAY_TERMS_MAX ((size_t)1000000) /* of all measures */
#define PATHWAY_TARGETS_MAX 1000
#define PATHWAY_BOUNDS_MAX 1000 /* loads of one resource at which a ratio changes */
#define PATHWAY_NAME_MAX 100    /* bytes of a name */
#define PATHWAY_BYTES_MAX ((size_t)2 << 30)
#define PATHWAY_STEPS_MAX ((size_t)1000000000) /* of about 10 ns */
#define PATHWAY_STEPS_A_VALUE 100              /* to read a value of the file */
/* Key of a member's draws, within its family's. */
#define PATHWAY_KEY_MEMBER 0x6d656d626572u

/* A run of consecutive entries in one of the tables' arrays. */
struct range {
    uint32_t first, n;
};

/* A set of states of one chart. */
struct states {
    uint64_t bits[4];
};
static inline bool states_has(const struct states *s, unsigned i)
{
    return s->bits[i >> 6] >> (i & 63) & 1;
}

/* ---- conditions: all tests must hold ---------------------------------------------------------------------------- */

enum test_kind { TEST_STATE, TEST_OTHERS, TEST_AGE, TEST_ATTRIBUTE, TEST_COUNT, TEST_SINCE, TEST_GROUP };

/* Whose charts and marks are asked, and where they stand: the family's, or the child's whose clock, weight or count it is. */
struct bearer {
    uint8_t place;
    uint8_t own; /* 0 the family's, else the member's own: all bits, to mask the member's number with */
};

struct test {
    enum test_kind kind;
    struct bearer bearer; /* STATE, OTHERS, COUNT, SINCE */
    uint16_t what;        /* chart, attribute or mark */
    struct states states; /* STATE, OTHERS; GROUP: groups */
    double low, high;     /* low <= x < high */
};

/* ---- factors: a hazard or a weight is a constant times a product of these --------------------------------------- */

enum factor_kind {
    FACTOR_STATE,        /* value[state of chart `what`, own or the family's] */
    FACTOR_OTHERS,       /* value[0] if another child's chart `what` is in `states` (for the family: any child's) */
    FACTOR_TERM,         /* the family's term number `what`, fixed at its beginning */
    FACTOR_AGE,          /* by own age, in bands */
    FACTOR_AGE_AT_ENTRY, /* by age when the present state was entered, in bands */
    FACTOR_CALENDAR,     /* by time, in bands */
    FACTOR_COUNT,        /* by how often mark `what` was set, in bands */
    FACTOR_SINCE,        /* 1 + value[0] exp(-s / value[1]), s the years since mark `what` was set; 1 if never */
    FACTOR_AREA,         /* value[area] */
    FACTOR_GROUP,        /* value[group] */
    FACTOR_LOAD,         /* by load of resource `what`: value[its level] */
    FACTOR_WHEN,         /* value[0] if the tests hold, else value[1] */
    FACTOR_CONSTANT      /* value[0] */
};

struct factor {
    enum factor_kind kind;
    struct bearer bearer; /* STATE, OTHERS, COUNT, SINCE */
    uint16_t what;
    double *value;    /* [n], or as said above */
    double *at;       /* [n] lower ends of the bands, ascending */
    double below;     /* before the first band: 1, or 0 for a hazard in bands */
    uint32_t n;       /* bands */
    uint32_t n_value;
    struct states states;
    struct range tests;
};

/* What an attribute contributes to hazards: base^(x - centre) or x^base. */
struct term {
    uint16_t attribute;
    bool power;
    double base, centre;
    double *of_value; /* [values of the attribute] what that is; NULL if it is drawn from a distribution */
};

/* ---- what a transition does besides changing its own chart ------------------------------------------------------ */

enum who { WHO_SELF, WHO_FAMILY, WHO_INDEX, WHO_OTHERS, WHO_CHILDREN };

struct effect {
    bool is_mark;         /* sets `mark`; else moves chart `chart` of `who` to `to` */
    enum who who;
    uint16_t mark, chart, to;
    struct states from;   /* only instances in these states are moved */
    double chance;        /* probability of each member to be moved, times the factors */
    struct range factors; /* of the chance; for INDEX of the weight with which the child is chosen */
    uint64_t key;
};

/* ---- charts ----------------------------------------------------------------------------------------------------- */

struct clock {
    struct kith_dist dist;
    bool at_age;      /* fires at age dist.a, whatever happened before */
    double ratio;     /* constant part of the hazard ratio */
    struct range factors;
    int16_t since;    /* mark of the FACTOR_SINCE that this clock carries, or -1; exponential clocks only */
    double amplitude, decay;
    uint16_t to;      /* state within the chart */
    uint16_t slot;    /* within the member */
    struct range effects;
    uint64_t key;
    uint64_t own, others; /* signals its ratio listens to, as in struct state; the load of a resource counts as all of them */
    bool steady;      /* its ratio changes with nothing else: neither age nor time */
    bool plain;       /* its ratio never changes: no factors, no decay, no age */
    const char *name;
    const struct kith_node *node;
};

/* A clock in one of its states, with what the short way (struct state.plain) needs of it side by side. */
struct enabled {
    double rate, mean;           /* of a plain exponential clock: ratio times dist.a, and its inverse */
    double ratio, inverse_ratio; /* the constant part, and its inverse */
    double a, b, c, d;           /* of its distribution */
    uint16_t clock, slot, to;
    int16_t code; /* of the transition it makes from here */
    bool weibull; /* plain, and can fire */
    bool again;   /* it runs in the state it leads to as well */
    bool simple;  /* that transition changes nothing but its own chart, which nobody listens to or counts with a
                     condition, and leads to a state of plain clocks */
    bool shared;  /* that transition may touch a resource or depend on its load */
    bool trades;  /* and surely does, for it begins or ends the use of one */
};

/* What packing needs of an enabled clock and of a state, and no more, since it goes through all of a family's. */
struct enabled_slot {
    double ratio;
    uint16_t slot;
};

struct option {
    uint16_t to;
    double weight;
    struct range factors, effects;
    const struct kith_node *node;
};

struct state {
    bool instant, terminal;
    struct range clocks;  /* in tables.enabled */
    struct range options; /* of an instant state */
    struct range effects; /* on entering */
    bool plain;           /* all its clocks are */
    uint32_t n_plain;     /* its first clocks are plain and exponential, if all are plain */
    bool same_again;      /* not plain, and its ratios depend on no load and not on when it was entered: who is back in it before
                             anything that they do depend on has changed finds them as they were */
    double shared;        /* probability that a sibling of the same case decides by the case's draw */
    uint64_t key;         /* of its branch draws */
    uint64_t own, others; /* signals its clocks listen to: of itself or the family; of other children */
    int8_t pool;          /* resource that is used in this state, -1 none */
    int8_t line;          /* resource that is waited for in this state, -1 none */
    uint16_t user;        /* if either: on whose terms, in tables.users */
    int64_t units;        /* used, in thousandths */
};

/* What somebody listens to. */
struct signals {
    uint64_t own, others;
};

/* While the chart is in one of the states `shut`, no clock of the state that has this door can fire, whatever else is so: each of
 * them has a hazard of 0 there. Who is in the state need be told nothing else, nor that time has passed. */
struct door {
    uint8_t chart;
    struct bearer bearer; /* of the chart */
    struct states shut;
};

/* On what terms a chart uses a resource. States are the chart's, -1 none. */
struct user {
    uint16_t chart, resource;
    int16_t waits_in, full, preempted_to;
    double priority;      /* times the factors */
    struct range factors;
};

enum capacity_kind { CAPACITY_UNLIMITED, CAPACITY_NUMBER, CAPACITY_FAMILIES, CAPACITY_CHILDREN, CAPACITY_COLUMN };
struct capacity {
    enum capacity_kind kind;
    double value;           /* times the calendar's */
    int column;
    const struct factor *calendar; /* bands of time, or NULL */
};

struct chart {
    bool of_child;
    uint16_t n_states, first_state; /* over all charts */
    uint16_t place;                 /* among the charts of its kind of member */
    uint16_t start[PATHWAY_GROUPS_MAX];
    struct range clocks;
    bool plain;                     /* all its states are, and its clocks fire simply: all have their draw at any time */
};

/* A counted event or a census, with a condition. */
struct counter {
    bool census;
    uint16_t chart;       /* census */
    struct states states; /* census */
    struct range tests;
    uint16_t index;       /* of the count */
};

/* All numbers of one arm between two of its dates. */
struct tables {
    struct chart charts[PATHWAY_CHARTS_MAX];
    struct state *states;
    struct clock *clocks;
    struct enabled *enabled; /* state by state */
    struct enabled_slot *enabled_slot; /* as enabled */
    struct range *enabled_in;          /* [n_states] as state.clocks */
    struct option *options;
    struct effect *effects;
    struct factor *factors;
    struct test *tests;
    struct term *terms;
    struct counter *counters;
    struct user *users;
    struct capacity capacity[PATHWAY_RESOURCES_MAX];
    bool birth_shared[PATHWAY_GROUPS_MAX]; /* the beginning of a member may touch a resource */
    size_t n_users;
    size_t n_states, n_clocks, n_enabled, n_options, n_effects, n_factors, n_tests, n_terms, n_counters;
    uint64_t heard; /* signals that any state listens to */
    struct signals *listens_to; /* [n_states] as state.own and .others: by themselves, for each event asks for those of a family */
    uint8_t **classes; /* [n_states][2][charts] as hearing.c says; NULL: all changes are told */
    struct door *doors; /* [n_states] */
};

/* An attribute of families, drawn once: one of some values by weight, or from a distribution. */
struct attribute {
    const char *name, *unit, *what;
    double centre;
    struct kith_dist dist; /* without values: H^-1(E) */
    size_t n;
    double *value, *weight;
    int tilt; /* column of the areas: weights times exp(tilt (value - centre)); -1 none */
    uint64_t key;
};

struct group {
    const char *name;
    uint64_t key;
    bool household;                              /* else children who arrive one at a time, or */
    bool childless;                              /* families without children */
    double size_share[PATHWAY_CHILDREN_MAX + 1]; /* household: P(size <= i) */
    double mean_size, gap_delay;
    struct kith_dist gap, age;
    int column;          /* arrivals: spread over areas by this column; -1: by population */
    double column_sum;
    size_t n_years;
    double *per_year;    /* formed or arriving in each year of the run, all areas, real families */
};

struct epoch {
    double time; /* it begins */
    const struct tables *tables;
    bool *changed; /* [n_states] whether the state's clocks differ from those of the epoch before; NULL first */
};

/* A budget's numbers in one counted year of one arm; places in the order of budget.resource. */
struct budget_year {
    double change, carry, extra, partners;
    double price[PATHWAY_RESOURCES_MAX]; /* pence for a unit for a year */
    double least[PATHWAY_RESOURCES_MAX], most[PATHWAY_RESOURCES_MAX];
};
struct budget {
    const char *name;
    size_t n_cost, *cost;      /* headings that are met first */
    size_t n_places, resource[PATHWAY_RESOURCES_MAX];
    struct budget_year *year;  /* [arm][years + 1], from year 1 */
    size_t amount;             /* its first one in the shape */
};

struct contract_year {
    int64_t from, to;          /* counted years */
    double price, pays;        /* pence for a unit, and for a member in the states, for a year */
    double expected, cap;
};

/* Places paid by investors, who are repaid for time avoided in some states. */
struct contract {
    const char *name;
    size_t budget, resource, n_states, *state;
    struct contract_year *year; /* [arm][years + 1], from year 1 */
    size_t amount;
};

struct pathway {
    struct kith_mem *mem;
    const struct kith_scenario *sc;
    struct kith_shape shape;
    size_t n_charts, n_of[2];    /* charts of families, of children */
    uint8_t chart_at[2][PATHWAY_CHARTS_MAX];
    uint16_t first_state_at[2][PATHWAY_CHARTS_MAX]; /* of that chart */
    size_t n_marks, n_marks_of[2];
    const char *mark_name[PATHWAY_MARKS_MAX];
    bool mark_of_child[PATHWAY_MARKS_MAX];
    uint16_t mark_place[PATHWAY_MARKS_MAX];
    size_t n_attributes;
    struct attribute *attributes;
    size_t n_budgets, n_contracts;
    struct budget budgets[PATHWAY_BUDGETS_MAX];
    struct contract contracts[PATHWAY_BUDGETS_MAX];
    size_t first_ratio;          /* in cell.block: how much of each resource's capacity the budgets buy, a double */
    size_t n_resources;
    uint64_t resource_key[PATHWAY_RESOURCES_MAX];
    bool gated[PATHWAY_RESOURCES_MAX];    /* somebody can be refused or wait */
    bool preempts[PATHWAY_RESOURCES_MAX]; /* a higher priority takes from a lower one */
    int8_t use_at[PATHWAY_CHARTS_MAX]; /* which struct use of the member is the chart's, -1 none */
    size_t n_uses_of[2];
    size_t n_groups;             /* 0: all families are there from the start and stay */
    struct group groups[PATHWAY_GROUPS_MAX];
    size_t max_children;
    int16_t *code[PATHWAY_CHARTS_MAX]; /* [(from + 1) * (n + 1) + to + 1]: transition or -1; 0 is entry, exit */
    size_t n_tables;
    struct tables *tables;
    struct epoch **epochs;       /* [arm], the last one with time INFINITY */
    struct plain **plain;        /* [arm] plain.h; NULL where families are more than that */
    struct range *counters_of;   /* [transition] in counter_list: the conditional counts of its events */
    uint16_t *counter_list;
    size_t n_censuses;
    size_t n_slots[2];           /* clocks of a family member, of a child */
    size_t most_slots;           /* of a family: all its clocks */
    size_t bytes_of[2], bytes, n_terms; /* of a family member, of a child; of a family */
    size_t bytes_head;           /* of a family, before its slots */
    uint8_t *next_member, *next_chart; /* [entry of family.next - NEXT_FIRST] whose instance it is */
    void **owned;                /* what else is to be freed */
    size_t n_owned, owned_room;
    size_t bytes_kept, steps;    /* taken so far to compile it: see PATHWAY_BYTES_MAX */
};

/* Chart names to numbers while compiling, shared by the files that read parts of the scenario. */
struct build {
    struct pathway *p;
    struct tables *t;
    struct kith_reader *r;
    enum kith_status status; /* KITH_NO_MEMORY once that happened, KITH_BAD_SCENARIO once it is too large */
    bool first;              /* the first tables: shapes and names are taken from these */
    size_t values_a_table;   /* of the scenario, that are read for each of the tables */
    const char *chart_names[PATHWAY_CHARTS_MAX];
    const char *const *state_names[PATHWAY_CHARTS_MAX];
    const char *group_names[PATHWAY_GROUPS_MAX];
    const char *resource_names[PATHWAY_RESOURCES_MAX];
    const char **attribute_names;
    uint64_t own, others;    /* signals gathered from the factors read since they were cleared */
    int since;               /* FACTOR_SINCE taken out for a clock: mark, or -1 */
    double amplitude, decay;
};

/* log2 x to within 0.01 for positive normal x: exponent and a parabola through the ends of the octave. */
static inline double pathway_rough_log2(double x)
{
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    uint64_t unit = (bits & 0xfffffffffffffu) | 0x3ff0000000000000u;
    double m;
    memcpy(&m, &unit, sizeof m);
    return (double)((int64_t)(bits >> 52) - 1023) + (m * (2 - m * (1.0 / 3)) - 5.0 / 3);
}

/* Whether a Weibull clock that has just begun surely fires before it has run for `part` of its scale: a wide margin
 * around a rough estimate, so that most of those that win the race are inverted without finding their consumption
 * first. Subnormal or infinite values give a rough answer that the margin need not cover: then it is no. */
static inline bool pathway_surely_before(double shape, double part, double rest)
{
    bool usual = (part > 1e-300) & (part < 1e300) & (rest > 1e-300);
    return usual & (shape * pathway_rough_log2(part) - pathway_rough_log2(rest) > 0.03 * (1 + shape));
}

/* The term where its attribute is x. */
static inline double pathway_term(const struct term *k, double x)
{
    return k->power ? kith_pow(x, k->base) : kith_pow(k->base, x - k->centre);
}

/* lists.c: growing arrays. Adds one cleared element to *list and returns it; NULL (and build.status) when out of
 * memory. */
void *pathway_add(struct build *b, void *list, size_t *n, size_t size);
/* Memory that lives as long as the model. NULL, after a report, once there is too much of it. */
void *pathway_keep(struct build *b, size_t n, size_t size);
/* Whether there is room for n times `size` bytes more; false, after a report, if not. */
bool pathway_has_room(struct build *b, size_t n, size_t size);
/* To be asked before n times `steps` steps that a few lines of a scenario could make many: false, after a report, once
 * there are too many. */
bool pathway_afford(struct build *b, size_t n, size_t steps);
/* How many values a part of the scenario has. */
size_t pathway_count_values(const struct kith_node *node);
/* Reports a name that is too long, or more than a line. */
void pathway_check_name(struct build *b, const struct kith_node *node, const char *name);
/* kith_node_nearest, while reports are kept: a suggestion for each of a million wrong names would take minutes. */
const char *pathway_nearest(const struct build *b, const char *name, const char *const *names, size_t n);

/* kith_dist_init with its report at the node; does nothing once there are reports. */
void pathway_init_dist(struct build *b, const struct kith_node *node, struct kith_dist *d, enum kith_dist_kind kind,
                       double a, double scale, size_t n, const double *x, const double *y);
/* The key of a map's entry as a scalar node, for keys that are numbers. */
struct kith_node pathway_key_node(const struct kith_node *entry);

/* All readers below report what is wrong through b->r and go on; they set b->status when memory runs out. `chart` is the
 * number of the chart whose member the thing belongs to, which decides what it may look at.
 *
 * factors.c. Reads a map of ratios (NULL: none) and returns where its factors stand in b->t->factors. With `clock` a
 * since.MARK ratio is not made a factor but put into b->since, amplitude, decay: a clock integrates it exactly. Signals
 * that the factors listen to are added to b->own and b->others. */
struct range pathway_read_factors(struct build *b, const struct kith_node *ratios, int chart, bool clock);
/* Reads a condition, a map of tests (NULL: none, which always holds); where they stand in b->t->tests. */
struct range pathway_read_tests(struct build *b, const struct kith_node *condition, int chart);
/* Reads parent's `key`, a number or a map of ratios, and parent's `ratios`: returns the constant part (`fallback` if
 * the key is absent), *factors where the rest stands. */
double pathway_read_weight(struct build *b, const struct kith_node *parent, const char *key, int chart,
                           double fallback, struct range *factors);
/* Reads the name of a state, a list of names, or `any`. */
struct states pathway_read_states(struct build *b, const struct kith_node *node, int chart);
/* The number of the mark called `name`; -1 after a report at the node. */
int pathway_find_mark(struct build *b, const struct kith_node *node, const char *name);

/* hazards.c. Reads `hazard:` of the clock's node into k; a banded one adds a factor behind k->factors. */
void pathway_read_hazard(struct build *b, const struct kith_node *clock, struct clock *k);
/* charts.c. Reads `marks:` and `charts:` into b->t. */
void pathway_read_charts(struct build *b);
/* explain.c. Fills shape.how and shape.source. */
void pathway_explain(struct build *b);
/* households.c. Reads `attributes:` and the model's part of `population:` into b->p. */
void pathway_read_population(struct build *b);
/* resources.c. Names the resources, so that ratios can refer to their load. */
void pathway_name_resources(struct build *b);
/* Reads `resources:` into the states and users of b->t, once the charts are read. */
void pathway_read_resources(struct build *b);
/* Describes them in the shape, with their amounts. */
void pathway_shape_resources(struct build *b);
/* budgets.c. Reads `budgets:` and `contracts:`; needs the costs and all tables. */
void pathway_read_budgets(struct build *b);
/* Settles the accounts of counted year y (from 1), which has just ended. `declared` units there are of each resource, and
 * ratio, [n_resources], becomes the part of them that the next year's budget buys. */
void pathway_settle_year(const struct pathway *p, struct kith_cell *cell, size_t y, const double *declared,
                         double *ratio);
/* What measure i of the budgets and contracts is made of; returns how many there are. */
size_t pathway_budget_measures(const struct pathway *p, size_t i, const char **name, const char **unit,
                               const char **what, size_t *amount, double *scale, bool *at_date);
/* Once all tables are read: at which loads a level begins, and the ratios by level. */
void pathway_read_levels(struct build *b);
/* hearing.c. Finds which changes of charts make a difference to the clocks of each state, into t->listens_to and t->classes, and
 * in which states of which chart none does, into t->doors. */
void pathway_find_classes(struct build *b, struct tables *t);
/* Finds whether each clock is steady and what loads mean to it, and where the charts and marks stand that factors and tests ask
 * for. To be called when all of them are read. */
void pathway_find_listeners(const struct pathway *p, struct tables *t);
/* Finds which transitions may touch a resource. */
void pathway_find_shared(struct build *b, struct tables *t);
/* measures.c. Reads `measures:` into the shape, after the costs; needs the transitions. */
void pathway_read_measures(struct build *b);
/* The states that "CHART.STATE" names (* for any), over all charts, into list; returns how many, 0 after a report. */
size_t pathway_find_states(struct build *b, const struct kith_node *node, const char *text, size_t *list, size_t room);
/* Reads the conditional measures' tests into b->t->counters: for each set of tables anew, since tests may hold
 * parameters. */
void pathway_read_counters(struct build *b);
/* Reads the prices of one arm, month by month, into the shape; arm 0 comes first and makes room for all. */
void pathway_read_costs(struct build *b, size_t arm);

/* The callbacks of struct kith_model. run.c: advance; begin.c: the others. */
extern const struct kith_model kith_model_pathway;
uint64_t pathway_families(const void *model, struct kith_cell *cell, double expected);
double pathway_begin(const void *model, struct kith_cell *cell, uint64_t index, void *family);
double pathway_advance(const void *model, struct kith_cell *cell, void *family, double until);
void pathway_standing(const void *model, struct kith_cell *cell, const void *family);
size_t pathway_describe(const void *model, const struct kith_cell *cell, const void *family, float *attributes,
                        double *births);
/* Works out how a family lies in memory. */
void pathway_layout(struct build *b);
/* pack.c: a family between its events, in few bytes (struct kith_coupling). */
void pathway_find_enabled(struct build *b, struct tables *t);
/* Copies the family to `to` (at most p->bytes) as it is in memory; returns how many bytes that are. */
size_t pathway_copy(const void *model, const void *family, void *to);
/* The family is again what it was when it was copied; in the record where it was. */
void pathway_restore(const void *model, const void *from, void *family);
size_t pathway_pack(const void *model, const struct kith_cell *cell, const void *family, void *to);
void pathway_unpack(const void *model, const struct kith_cell *cell, uint64_t number, const void *from, void *family);
/* share.c: what the families of an area do to each other. */
extern const struct kith_coupling pathway_coupling;

#endif
