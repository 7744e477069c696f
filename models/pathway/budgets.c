/* Reads `budgets:` and `contracts:`, and settles them in each area at the end of each counted year: what was spent, what is left
 * over, and how many places that buys in the year to come. All money is whole pence. */
#include <stdio.h>

#include "family.h"

/* What is added up for a budget, in the last month of each year. */
enum { AMOUNT, STATUTORY, PLACES, REPAID, PARTNERS, SPENT, BALANCE, BUDGET_AMOUNTS };
static const struct {
    const char *name, *what;
} budget_amounts[BUDGET_AMOUNTS] = {
    {"amount", "what the area may spend"},
    {"statutory", "spent on what the law requires, met first"},
    {"places", "spent on places that the budget buys with what is left"},
    {"repaid", "paid to the investors of contracts"},
    {"partners", "what others paid for places, beside the budget"},
    {"spent", "spent in all, without what others paid"},
    {"balance", "what is left over at the end of the year; below 0 a deficit"},
};
/* The same for a contract. */
enum { INVESTED, RETURNED, DAYS, CONTRACT_AMOUNTS };
static const struct {
    const char *name, *unit, *what;
} contract_amounts[CONTRACT_AMOUNTS] = {
    {"invested", "pence", "what investors paid for places"},
    {"repaid", "pence", "what they were paid for days avoided"},
    {"days", "1/786432 year", "time in the states that are counted"},
};

/* ---- reading ---------------------------------------------------------------------------------------------------- */

/* `extra:` and `partners:`: a map of counted years to shares; the value of year y. */
static double of_year(struct build *b, const struct kith_node *node, double least, size_t year)
{
    double value = 0;
    if (node && node->kind != KITH_NODE_MAP) {
        kith_node_error(b->r, node, "%s is a map {counted year: share of the first year's budget, ...}", node->key);
        return 0;
    }
    for (const struct kith_node *k = node ? node->first : NULL; k; k = k->next) {
        struct kith_node key = pathway_key_node(k);
        double y = kith_node_value(b->r, &key, "counted year", KITH_UNIT_NONE, 1, 1000);
        double share = kith_node_value(b->r, k, node->key, KITH_UNIT_NONE, least, 10);
        if (y != floor(y))
            kith_node_error(b->r, &key, "%s is no counted year: 1 is the first", k->key);
        value = y == (double)year ? share : value;
    }
    return value;
}

/* The numbers of year `year` under the parameters that r has. */
static void read_year(struct build *b, const struct kith_node *node, const struct budget *budget, size_t year,
                      struct budget_year *out)
{
    const struct kith_node *places = kith_node_get(node, "places"), *k = places ? places->first : NULL;
    out->change = kith_node_number_or(b->r, node, "change", KITH_UNIT_NONE, -1, 1, 0);
    out->carry = kith_node_number_or(b->r, node, "carry", KITH_UNIT_NONE, 0, 1, 1);
    out->extra = of_year(b, kith_node_get(node, "extra"), -10, year);
    out->partners = of_year(b, kith_node_get(node, "partners"), 0, year);
    for (size_t i = 0; i < budget->n_places; i++, k = k->next) {
        static const char *const keys[] = {"price", "least", "most", "source", "note"};
        kith_node_known(b->r, k, "places of a resource", keys, sizeof keys / sizeof *keys);
        out->price[i] = kith_node_number(b->r, k, "price", KITH_UNIT_MONEY_RATE, 1, 1e15);
        out->least[i] = kith_node_number_or(b->r, k, "least", KITH_UNIT_NONE, 0, 1000, 0);
        out->most[i] = kith_node_number_or(b->r, k, "most", KITH_UNIT_NONE, 0, 1000, 1);
    }
}

static int find_resource(struct build *b, const struct kith_node *node)
{
    int r = kith_node_choice(b->r, node, "a resource", b->resource_names, b->p->n_resources);
    for (size_t i = 0; r >= 0 && i < b->p->n_tables; i++)
        if (b->p->tables[i].capacity[r].kind == CAPACITY_UNLIMITED) {
            kith_node_error(b->r, node, "resource %s is unlimited: nobody can buy places in it", b->resource_names[r]);
            return -1;
        }
    return r;
}

static void read_budget(struct build *b, const struct kith_node *node, struct budget *budget)
{
    static const char *const keys[] = {"what", "statutory", "places", "change", "extra", "partners", "carry", "source",
                                       "note"};
    struct pathway *p = b->p;
    const struct kith_node *statutory = kith_node_get(node, "statutory"), *places = kith_node_get(node, "places");
    const char **names = pathway_keep(b, p->shape.n_costs, sizeof *names);
    kith_node_known(b->r, node, "a budget", keys, sizeof keys / sizeof *keys);
    struct kith_node own = pathway_key_node(node);
    pathway_check_name(b, &own, node->key);
    budget->name = node->key;
    if (!statutory || statutory->kind != KITH_NODE_LIST || !places || places->kind != KITH_NODE_MAP) {
        kith_node_error(b->r, node, "a budget has statutory: [headings of costs] and places: {RESOURCE: {price: ...}}");
        return;
    }
    budget->cost = pathway_keep(b, statutory->n, sizeof *budget->cost);
    for (size_t i = 0; names && i < p->shape.n_costs; i++)
        names[i] = p->shape.costs[i].name;
    if (!pathway_afford(b, statutory->n, 4 * p->shape.n_costs))
        return;
    for (const struct kith_node *k = statutory->first; k && names && budget->cost; k = k->next) {
        int c = kith_node_choice(b->r, k, "a heading of costs", names, p->shape.n_costs);
        for (size_t i = 0; i < budget->n_cost; i++)
            if (c >= 0 && budget->cost[i] == (size_t)c)
                kith_node_error(b->r, k, "heading %s stands here for the second time", k->text);
        if (c >= 0)
            budget->cost[budget->n_cost++] = (size_t)c;
    }
    for (const struct kith_node *k = places->first; k; k = k->next) {
        struct kith_node key = pathway_key_node(k);
        int r = find_resource(b, &key);
        for (size_t i = 0; r >= 0 && i < p->n_budgets; i++)
            for (size_t j = 0; j < p->budgets[i].n_places; j++)
                if (p->budgets[i].resource[j] == (size_t)r)
                    kith_node_error(b->r, &key, "budget %s buys places in %s already", p->budgets[i].name, k->key);
        if (r >= 0)
            budget->resource[budget->n_places++] = (size_t)r;
    }
}

/* A year that has begun when counting ends is a year too: its places are bought, but its accounts are not closed. */
static size_t years_of(const struct pathway *p)
{
    return ((size_t)p->sc->months + 11) / 12;
}

static void read_contract_year(struct build *b, const struct kith_node *node, struct contract_year *c)
{
    c->from = kith_node_integer(b->r, node, "from", 2, 1000, 2);
    c->to = kith_node_integer(b->r, node, "to", c->from, 1000, 1000);
    c->price = kith_node_number(b->r, node, "price", KITH_UNIT_MONEY_RATE, 0, 1e15);
    c->expected = kith_node_number_or(b->r, node, "expected", KITH_UNIT_NONE, 0, 1000, 1);
    c->pays = kith_node_number(b->r, node, "pays", KITH_UNIT_MONEY_RATE, 0, 1e15);
    c->cap = kith_node_number(b->r, node, "cap", KITH_UNIT_NONE, 0, 1000);
}

/* Each arm's numbers of a budget or, if that is NULL, of a contract, year by year: those in force when the year begins. */
static void read_years(struct build *b, const struct kith_node *node, struct budget *budget, struct contract *contract)
{
    struct pathway *p = b->p;
    size_t years = years_of(p);
    double *values = pathway_keep(b, p->sc->n_parameters, sizeof *values);
    if (!pathway_afford(b, p->sc->n_arms * years, pathway_count_values(node) * PATHWAY_STEPS_A_VALUE))
        return;
    if (budget)
        budget->year = pathway_keep(b, p->sc->n_arms * (years + 1), sizeof *budget->year);
    else
        contract->year = pathway_keep(b, p->sc->n_arms * (years + 1), sizeof *contract->year);
    for (size_t arm = 0; values && !b->status && arm < p->sc->n_arms && !b->r->errors->n; arm++)
        for (size_t y = 1; y <= years; y++) {
            struct kith_reader r = kith_scenario_reader(p->sc, b->r->errors, values, arm,
                                                        p->sc->warm_up + (double)y - 1);
            struct kith_reader *before = b->r;
            b->r = &r;
            if (budget)
                read_year(b, node, budget, y, &budget->year[arm * (years + 1) + y]);
            else
                read_contract_year(b, node, &contract->year[arm * (years + 1) + y]);
            b->r = before;
        }
}

static void read_contract(struct build *b, const struct kith_node *node, struct contract *c)
{
    static const char *const keys[] = {"what", "budget", "resource", "price", "from",   "to",  "counts",
                                       "expected", "pays", "cap", "source", "note"};
    struct pathway *p = b->p;
    const struct kith_node *budget = kith_node_get(node, "budget"), *resource = kith_node_get(node, "resource"),
                           *counts = kith_node_get(node, "counts");
    const char *names[PATHWAY_BUDGETS_MAX];
    kith_node_known(b->r, node, "a contract", keys, sizeof keys / sizeof *keys);
    struct kith_node own = pathway_key_node(node);
    pathway_check_name(b, &own, node->key);
    c->name = node->key;
    for (size_t i = 0; i < p->n_budgets; i++)
        names[i] = p->budgets[i].name;
    if (!budget || !resource || !counts || counts->kind != KITH_NODE_LIST) {
        kith_node_error(b->r, node, "a contract has budget:, resource: and counts: [CHART.STATE, ...]");
        return;
    }
    int k = kith_node_choice(b->r, budget, "a budget", names, p->n_budgets), r = find_resource(b, resource);
    for (size_t i = 0; k >= 0 && r >= 0 && i < p->n_budgets; i++)
        for (size_t j = 0; j < p->budgets[i].n_places; j++)
            if (p->budgets[i].resource[j] == (size_t)r)
                kith_node_error(b->r, resource, "budget %s pays for places in %s already: investors need a resource of "
                                "their own", p->budgets[i].name, resource->text);
    c->budget = k < 0 ? 0 : (size_t)k;
    c->resource = r < 0 ? 0 : (size_t)r;
    read_years(b, node, NULL, c);
    c->state = pathway_keep(b, KITH_STATES_MAX, sizeof *c->state);
    for (const struct kith_node *s = counts->first; s && c->state; s = s->next)
        c->n_states += s->kind == KITH_NODE_SCALAR
                           ? pathway_find_states(b, s, s->text, c->state + c->n_states, KITH_STATES_MAX - c->n_states)
                           : 0;
}

static const char *join(struct build *b, const char *first, const char *second, const char *third)
{
    size_t size = strlen(first) + strlen(second) + strlen(third) + 3;
    char *text = pathway_keep(b, size, 1);
    if (!text)
        return "";
    snprintf(text, size, "%s.%s.%s", first, second, third);
    return text;
}

/* Appends the amounts of budgets and contracts to those of the resources. */
static void shape_amounts(struct build *b)
{
    struct pathway *p = b->p;
    struct kith_shape *sh = &p->shape;
    size_t n = sh->n_amounts;
    struct kith_shape_amount *all =
        pathway_keep(b, n + p->n_budgets * BUDGET_AMOUNTS + p->n_contracts * CONTRACT_AMOUNTS, sizeof *all);
    if (!all)
        return;
    if (n)
        memcpy(all, sh->amounts, n * sizeof *all);
    for (size_t i = 0; i < p->n_budgets; i++) {
        p->budgets[i].amount = n;
        for (size_t k = 0; k < BUDGET_AMOUNTS; k++)
            all[n++] = (struct kith_shape_amount){join(b, "budget", p->budgets[i].name, budget_amounts[k].name), "pence",
                                                  budget_amounts[k].what};
    }
    for (size_t i = 0; i < p->n_contracts; i++) {
        p->contracts[i].amount = n;
        for (size_t k = 0; k < CONTRACT_AMOUNTS; k++)
            all[n++] = (struct kith_shape_amount){join(b, "contract", p->contracts[i].name, contract_amounts[k].name),
                                                  contract_amounts[k].unit, contract_amounts[k].what};
    }
    sh->amounts = all;
    sh->n_amounts = n;
}

void pathway_read_budgets(struct build *b)
{
    struct pathway *p = b->p;
    const struct kith_node *budgets = kith_node_get(p->sc->root, "budgets"),
                           *contracts = kith_node_get(p->sc->root, "contracts"), *k;
    if (budgets && (budgets->kind != KITH_NODE_MAP || budgets->n > PATHWAY_BUDGETS_MAX))
        kith_node_error(b->r, budgets, "budgets: is a map of at most %d", PATHWAY_BUDGETS_MAX);
    else if (budgets && p->sc->months < 24)
        kith_node_error(b->r, budgets, "budgets need at least two counted years: the first sets the amount");
    else
        for (k = budgets ? budgets->first : NULL; k; k = k->next) {
            struct budget *budget = &p->budgets[p->n_budgets++];
            read_budget(b, k, budget);
            if (!b->r->errors->n)
                read_years(b, k, budget, NULL);
        }
    if (b->r->errors->n)
        return;
    if (contracts && (contracts->kind != KITH_NODE_MAP || contracts->n > PATHWAY_BUDGETS_MAX || !p->n_budgets))
        kith_node_error(b->r, contracts, "contracts: is a map of at most %d, beside budgets:", PATHWAY_BUDGETS_MAX);
    else
        for (k = contracts ? contracts->first : NULL; k && !b->r->errors->n; k = k->next)
            read_contract(b, k, &p->contracts[p->n_contracts++]);
    shape_amounts(b);
}

/* ---- at the end of a year --------------------------------------------------------------------------------------- */

/* An amount of year y: its place in the cell. */
static int64_t *entry(const struct kith_cell *cell, size_t amount, size_t year)
{
    return &cell->amount[(12 * year - 1) * cell->n_amounts + amount];
}

static int64_t pence(double amount)
{
    return (int64_t)floor(amount + 0.5);
}

/* Units times years of the resource in year y. */
static double places_of(const struct pathway *p, const struct kith_cell *cell, size_t resource, size_t y)
{
    int64_t sum = 0;
    for (size_t m = 12 * (y - 1); m < 12 * y; m++)
        sum += cell->amount[m * cell->n_amounts + p->shape.resources[resource].amount + KITH_POOL_CAPACITY];
    return (double)sum / (1000 * KITH_POOL_TICKS_A_YEAR);
}

/* What year y may cost: the first year's cost, with the changes of each year since. */
static int64_t amount_of(const struct pathway *p, const struct kith_cell *cell, const struct budget *b, size_t y)
{
    const struct budget_year *year = b->year + cell->arm * (years_of(p) + 1);
    double first = (double)*entry(cell, b->amount + SPENT, 1), core = first;
    for (size_t k = 2; k <= y; k++)
        core *= 1 + year[k].change;
    return pence(core + year[y].extra * first);
}

static void settle_contract(const struct pathway *p, struct kith_cell *cell, const struct contract *c, size_t y)
{
    const struct contract_year *year = &c->year[cell->arm * (years_of(p) + 1) + y];
    int64_t stayed = 0, invested = 0, repaid = 0;
    for (size_t i = 0; i < c->n_states; i++)
        stayed += kith_cell_stayed(cell, &p->shape, c->state[i], 12 * ((int)y - 1), 12 * (int)y);
    *entry(cell, c->amount + DAYS, y) = stayed;
    if ((int64_t)y < year->from || (int64_t)y > year->to)
        return;
    *entry(cell, c->amount + INVESTED, y) = pence(places_of(p, cell, c->resource, y) * year->price);
    for (size_t k = 1; k <= y; k++) {
        invested += *entry(cell, c->amount + INVESTED, k);
        repaid += *entry(cell, c->amount + RETURNED, k);
    }
    double avoided = (year->expected * (double)*entry(cell, c->amount + DAYS, 1) - (double)stayed) / KITH_POOL_TICKS_A_YEAR;
    int64_t due = pence(year->pays * (avoided > 0 ? avoided : 0)),
            most = (int64_t)floor(year->cap * (double)invested + 1e-6) - repaid; /* 2.3 times 360,000 is 828,000 */
    due = due < most ? due : most;
    *entry(cell, c->amount + RETURNED, y) = due > 0 ? due : 0;
}

/* The ledger of year y. */
static void settle_budget(const struct pathway *p, struct kith_cell *cell, size_t number, size_t y)
{
    const struct budget *b = &p->budgets[number];
    const struct budget_year *year = &b->year[cell->arm * (years_of(p) + 1) + y];
    int64_t sum[BUDGET_AMOUNTS] = {0}, places = 0;
    sum[STATUTORY] = (int64_t)kith_cell_spent(cell, &p->shape, b->cost, b->n_cost, 12 * ((int)y - 1), 12 * (int)y);
    for (size_t i = 0; i < b->n_places; i++)
        places += pence(places_of(p, cell, b->resource[i], y) * year->price[i]);
    for (size_t i = 0; i < p->n_contracts; i++)
        sum[REPAID] += p->contracts[i].budget == number ? *entry(cell, p->contracts[i].amount + RETURNED, y) : 0;
    if (y > 1) {
        sum[PARTNERS] = pence(year->partners * (double)*entry(cell, b->amount + SPENT, 1));
        sum[PARTNERS] = sum[PARTNERS] < places ? sum[PARTNERS] : places;
    }
    sum[PLACES] = places - sum[PARTNERS];
    sum[SPENT] = sum[STATUTORY] + sum[PLACES] + sum[REPAID];
    *entry(cell, b->amount + SPENT, y) = sum[SPENT];
    sum[AMOUNT] = amount_of(p, cell, b, y);
    sum[BALANCE] = sum[AMOUNT] - sum[SPENT];
    if (y > 1)
        sum[BALANCE] += pence(year->carry * (double)*entry(cell, b->amount + BALANCE, y - 1));
    for (size_t k = 0; k < BUDGET_AMOUNTS; k++)
        *entry(cell, b->amount + k, y) = sum[k];
}

/* How much of the declared capacity the budget buys in year y: what is left when the law's part is paid, as that was in the
 * year before. `declared` gives each resource's units. */
static void buy_places(const struct pathway *p, struct kith_cell *cell, const struct budget *b, size_t y,
                       const double *declared, double *ratio)
{
    const struct budget_year *year = &b->year[cell->arm * (years_of(p) + 1) + y];
    double left = (double)amount_of(p, cell, b, y) + year->carry * (double)*entry(cell, b->amount + BALANCE, y - 1) -
                  (double)*entry(cell, b->amount + STATUTORY, y - 1) - (double)*entry(cell, b->amount + REPAID, y - 1);
    double others = year->partners * (double)*entry(cell, b->amount + SPENT, 1);
    for (size_t i = 0; i < b->n_places; i++) {
        double all = declared[b->resource[i]] * year->price[i];
        if (!(all > 0))
            continue;
        double part = left > 0 ? left / all : 0;
        part = part < year->least[i] ? year->least[i] : part;
        part = part > year->most[i] ? year->most[i] : part;
        left -= part * all;
        ratio[b->resource[i]] = part + (i == 0 && others > 0 ? others / all : 0);
    }
}

void pathway_settle_year(const struct pathway *p, struct kith_cell *cell, size_t y, const double *declared,
                         double *ratio)
{
    for (size_t i = 0; i < p->n_contracts; i++)
        settle_contract(p, cell, &p->contracts[i], y);
    for (size_t i = 0; i < p->n_budgets; i++)
        settle_budget(p, cell, i, y);
    for (size_t i = 0; i < p->n_budgets && y < years_of(p); i++)
        buy_places(p, cell, &p->budgets[i], y + 1, declared, ratio);
}

size_t pathway_budget_measures(const struct pathway *p, size_t i, const char **name, const char **unit,
                               const char **what, size_t *amount, double *scale, bool *at_date)
{
    size_t of_budgets = p->n_budgets * BUDGET_AMOUNTS, n = of_budgets + p->n_contracts * CONTRACT_AMOUNTS;
    if (i >= n)
        return n;
    size_t first = p->n_resources * KITH_POOL_AMOUNTS, k = i < of_budgets ? i % BUDGET_AMOUNTS
                                                                         : (i - of_budgets) % CONTRACT_AMOUNTS;
    bool days = i >= of_budgets && k == DAYS;
    *amount = first + i;
    *name = p->shape.amounts[first + i].name;
    *what = p->shape.amounts[first + i].what;
    *at_date = i < of_budgets && k == BALANCE;
    *unit = days ? "days/year" : *at_date ? "pence" : "pence/year";
    *scale = days ? 365.25 / KITH_POOL_TICKS_A_YEAR : 1;
    return n;
}
