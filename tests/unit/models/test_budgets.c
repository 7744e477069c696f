/* Budgets and contracts: money that adds up to the penny, places worked out again from a year's accounts, accounts of small
 * scenarios written down by hand, and what must not depend on what. Written from scenarios/README.md. */
#include "../../stat/harness.h"

enum { YEARS = 8, PLACES = 3, DEALS = 2 };

/* ---- texts ------------------------------------------------------------------------------------------------------ */

enum { PAGE = 16384, PAGES = 64 };
static char pages[PAGES][PAGE];
static size_t page;

static char *new_page(void)
{
    char *p = pages[page++ % PAGES];
    p[0] = 0;
    return p;
}

static void add_text(char *to, const char *fmt, ...) KITH_PRINTF(2, 3);
static void add_text(char *to, const char *fmt, ...)
{
    size_t length = strlen(to);
    va_list args;
    va_start(args, fmt);
    int n = vsnprintf(to + length, PAGE - length, fmt, args);
    va_end(args);
    assert_true(n >= 0 && (size_t)n < PAGE - length);
}

static const char *written(const char *fmt, ...) KITH_PRINTF(1, 2);
static const char *written(const char *fmt, ...)
{
    char *p = new_page();
    va_list args;
    va_start(args, fmt);
    int n = vsnprintf(p, PAGE, fmt, args);
    va_end(args);
    assert_true(n >= 0 && n < PAGE);
    return p;
}

/* The text with each `from`, of which there must be one, replaced. */
static const char *edited(const char *text, const char *from, const char *to)
{
    char *p = new_page();
    const char *at = strstr(text, from);
    assert_non_null(at);
    for (; at; at = strstr(text, from)) {
        add_text(p, "%.*s%s", (int)(at - text), text, to);
        text = at + strlen(from);
    }
    add_text(p, "%s", text);
    return p;
}

static const char *joined(const char *a, const char *b)
{
    return written("%s%s", a, b);
}

/* ---- what a run says -------------------------------------------------------------------------------------------- */

static void run(struct harness *h, struct result *r, size_t arm, int replication, size_t area)
{
    harness_run(h, r, arm, replication, area, 1, KITH_ORDER_FAMILY);
    if (r->cell.fault)
        print_error("%s\n", r->cell.fault);
    assert_null(r->cell.fault);
}

static const struct kith_measure *measure(const struct harness *h, const char *name)
{
    for (size_t i = 0; i < h->shape->n_measures; i++)
        if (strcmp(h->shape->measures[i].name, name) == 0)
            return &h->shape->measures[i];
    fail_msg("no measure %s", name);
    return NULL;
}

/* Counted year y (from 1) of "KIND.NAME.WHAT", an amount: as it is inside. */
static double inside(const struct harness *h, const struct result *r, const char *kind, const char *name, const char *what,
                     int y)
{
    char full[128];
    snprintf(full, sizeof full, "%s.%s.%s", kind, name, what);
    const struct kith_measure *m = measure(h, full);
    double sum = 0;
    assert_int_equal(m->n_below, 0);
    for (size_t i = 0; i < m->n_over; i++) {
        assert_int_equal(m->over[i].base, KITH_BASE_AMOUNT);
        for (int month = 12 * (y - 1); month < 12 * y; month++)
            sum += m->over[i].weight * r->series.amount[(size_t)month * r->series.n_amounts + m->over[i].index];
    }
    return sum;
}

/* Pence: whole ones. */
static int64_t money(const struct harness *h, const struct result *r, const char *kind, const char *name, const char *what,
                     int y)
{
    double x = inside(h, r, kind, name, what, y);
    assert_true(x == floor(x));
    return (int64_t)x;
}

static size_t resource_number(const struct harness *h, const char *name)
{
    for (size_t i = 0; i < h->shape->n_resources; i++)
        if (strcmp(h->shape->resources[i].name, name) == 0)
            return i;
    fail_msg("no resource %s", name);
    return 0;
}

/* Ticks times thousandths of capacity in months [from, to). */
static int64_t capacity_ticks(const struct harness *h, const struct result *r, const char *name, int from, int to)
{
    size_t at = h->shape->resources[resource_number(h, name)].amount + KITH_POOL_CAPACITY;
    int64_t sum = 0;
    for (int m = from; m < to; m++)
        sum += r->cell.amount[(size_t)m * r->cell.n_amounts + at];
    return sum;
}

/* Units of capacity times years, of counted year y. */
static double capacity(const struct harness *h, const struct result *r, const char *name, int y)
{
    return (double)capacity_ticks(h, r, name, 12 * (y - 1), 12 * y) / (1000 * KITH_POOL_TICKS_A_YEAR);
}

/* Pence of a heading of costs in counted year y, of the series. */
static int64_t heading(const struct harness *h, const struct result *r, const char *name, int y)
{
    for (size_t c = 0; c < h->shape->n_costs; c++)
        if (strcmp(h->shape->costs[c].name, name) == 0) {
            double sum = 0;
            for (int m = 12 * (y - 1); m < 12 * y; m++)
                sum += r->series.cost[(size_t)m * r->series.n_costs + c];
            return (int64_t)sum;
        }
    fail_msg("no heading %s", name);
    return 0;
}

/* ---- a budget and its contracts as the scenario has them ---------------------------------------------------------- */

struct place {
    const char *resource;
    double price, least, most; /* pence a year; against the first year */
    double declared[3];        /* who can be waited for: capacity of the first year in each area, before it is made whole */
};
struct deal {
    const char *name, *resource;
    double price, pays, expected, cap; /* pence a year each */
    int from, to;
    const char *counts[4];
};
struct plan {
    const char *name, *heading[3];
    struct place place[PLACES];
    double change, carry, extra[YEARS + 1], partners[YEARS + 1];
    struct deal deal[DEALS];
};

/* Its accounts, from year 1. */
struct deal_year {
    int64_t invested, repaid;
    double days, stayed; /* as reported; years in the states that count */
    double units;        /* capacity of its resource */
};
struct year {
    int64_t amount, statutory, places, repaid, partners, spent, balance;
    int64_t headings;      /* of the series of costs */
    double units[PLACES];  /* capacity, times years */
    struct deal_year deal[DEALS];
};
struct books {
    int years;
    struct year year[YEARS + 1];
};

static void read_books(const struct harness *h, const struct result *r, const struct plan *p, struct books *b)
{
    memset(b, 0, sizeof *b);
    b->years = h->sc.months / 12;
    assert_true(b->years <= YEARS);
    for (int y = 1; y <= b->years; y++) {
        struct year *k = &b->year[y];
        k->amount = money(h, r, "budget", p->name, "amount", y);
        k->statutory = money(h, r, "budget", p->name, "statutory", y);
        k->places = money(h, r, "budget", p->name, "places", y);
        k->repaid = money(h, r, "budget", p->name, "repaid", y);
        k->partners = money(h, r, "budget", p->name, "partners", y);
        k->spent = money(h, r, "budget", p->name, "spent", y);
        k->balance = money(h, r, "budget", p->name, "balance", y);
        for (size_t i = 0; i < 3 && p->heading[i]; i++)
            k->headings += heading(h, r, p->heading[i], y);
        for (size_t i = 0; i < PLACES && p->place[i].resource; i++)
            k->units[i] = capacity(h, r, p->place[i].resource, y);
        for (size_t i = 0; i < DEALS && p->deal[i].name; i++) {
            const struct deal *d = &p->deal[i];
            int64_t ticks = 0;
            k->deal[i].invested = money(h, r, "contract", d->name, "invested", y);
            k->deal[i].repaid = money(h, r, "contract", d->name, "repaid", y);
            k->deal[i].days = inside(h, r, "contract", d->name, "days", y) *
                              measure(h, written("contract.%s.days", d->name))->scale;
            k->deal[i].units = capacity(h, r, d->resource, y);
            for (size_t s = 0; s < 4 && d->counts[s]; s++)
                ticks += kith_cell_stayed(&r->cell, h->shape, harness_state(h, d->counts[s]), 12 * (y - 1), 12 * y);
            k->deal[i].stayed = (double)ticks / (12.0 * KITH_TICKS);
        }
    }
}

static char complaint[300];
static const char *complain(const char *fmt, ...) KITH_PRINTF(1, 2);
static const char *complain(const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    vsnprintf(complaint, sizeof complaint, fmt, args);
    va_end(args);
    return complaint;
}

/* Halves away from zero, as prices are. */
static int64_t whole_pence(double x)
{
    return (int64_t)(x < 0 ? -floor(0.5 - x) : floor(x + 0.5));
}

/* What does not add up in the accounts; NULL: all does. */
static const char *adds_up(const struct books *b, const struct plan *p)
{
    int64_t invested[DEALS] = {0}, repaid[DEALS] = {0};
    for (int y = 1; y <= b->years; y++) {
        const struct year *k = &b->year[y];
        double before = p->carry * (double)b->year[y - 1].balance;
        int64_t contracts = 0, bought = 0;
        if (fabs((double)(k->balance - k->amount + k->spent) - before) > 0.5 + 1e-6) /* a half penny: either way */
            return complain("year %d: balance %lld is not %g + %lld - %lld", y, (long long)k->balance, before,
                            (long long)k->amount, (long long)k->spent);
        if (k->spent != k->statutory + k->places + k->repaid)
            return complain("year %d: spent %lld is not %lld + %lld + %lld", y, (long long)k->spent,
                            (long long)k->statutory, (long long)k->places, (long long)k->repaid);
        if (k->statutory != k->headings)
            return complain("year %d: statutory %lld is not %lld", y, (long long)k->statutory, (long long)k->headings);
        for (size_t i = 0; i < PLACES && p->place[i].resource; i++)
            bought += whole_pence(p->place[i].price * k->units[i]);
        if (k->places + k->partners != bought)
            return complain("year %d: places %lld and partners' %lld are not %lld", y, (long long)k->places,
                            (long long)k->partners, (long long)bought);
        if (k->places < 0 || k->partners < 0)
            return complain("year %d: places paid with %lld and %lld", y, (long long)k->places, (long long)k->partners);
        for (size_t i = 0; i < DEALS && p->deal[i].name; i++) {
            const struct deal *d = &p->deal[i];
            const struct deal_year *e = &k->deal[i];
            int64_t pays = y >= d->from && y <= d->to ? whole_pence(d->price * e->units) : 0;
            invested[i] += e->invested;
            repaid[i] += e->repaid;
            contracts += e->repaid;
            if (e->invested != pays)
                return complain("year %d: %s invested %lld, not %lld", y, d->name, (long long)e->invested, (long long)pays);
            if (e->repaid < 0 || (double)repaid[i] > d->cap * (double)invested[i] + 0.5 + 1e-6)
                return complain("year %d: %s has repaid %lld of %lld", y, d->name, (long long)repaid[i],
                                (long long)invested[i]);
        }
        if (k->repaid != contracts)
            return complain("year %d: repaid %lld, under contracts %lld", y, (long long)k->repaid, (long long)contracts);
    }
    return NULL;
}

/* Days and repayments of the contracts. */
static const char *keeps_contracts(const struct books *b, const struct plan *p)
{
    for (size_t i = 0; i < DEALS && p->deal[i].name; i++) {
        const struct deal *d = &p->deal[i];
        double room = 0;
        for (int y = 1; y <= b->years; y++) {
            const struct deal_year *e = &b->year[y].deal[i];
            if (fabs(e->days - 365.25 * e->stayed) > 1e-6 * (1 + e->days))
                return complain("year %d: %s counted %.6f days of %.6f", y, d->name, e->days, 365.25 * e->stayed);
            room += d->cap * (double)e->invested;
            double due = d->pays * fmax(0, d->expected * b->year[1].deal[i].stayed - e->stayed);
            if (y > d->to) /* the contract is over, whatever is still paid */
                due = fmin(due, (double)e->repaid);
            if (fabs((double)e->repaid - fmin(due, room)) > 1)
                return complain("year %d: %s repaid %lld, not %.3f within %.3f", y, d->name, (long long)e->repaid, due,
                                room);
            room -= (double)e->repaid;
        }
    }
    return NULL;
}

/* Where the draw that makes places whole must be, as far as is known. */
struct between {
    double low, high;
};

/* Amounts and places worked out again, year by year, from what the year before cost. The draws of places that can be waited for
 * become known in `whole` (may be NULL), [PLACES]; they are the same in all years and arms. */
static const char *follows_rule(const struct books *b, const struct plan *p, size_t area, struct between *whole)
{
    const double first = (double)(b->year[1].statutory + b->year[1].places);
    for (int y = 1; y <= b->years; y++) {
        const struct year *k = &b->year[y];
        double amount = first * pow(1 + p->change, y - 1) + p->extra[y] * first;
        if (fabs((double)k->amount - amount) > 1)
            return complain("year %d: amount %lld, not %.3f", y, (long long)k->amount, amount);
        if (y == 1)
            continue;
        const struct year *ended = &b->year[y - 1];
        double left = (double)k->amount + p->carry * (double)ended->balance - (double)ended->statutory -
                      (double)ended->repaid;
        for (size_t i = 0; i < PLACES && p->place[i].resource; i++) {
            const struct place *q = &p->place[i];
            bool made_whole = q->declared[0] > 0;
            double units = fmax(left, 0) / q->price, declared = made_whole ? q->declared[area] : b->year[1].units[i];
            units = fmax(q->least * declared, fmin(q->most * declared, units));
            left -= units * q->price;
            units += p->partners[y] * first / q->price;
            if (!made_whole && fabs(k->units[i] - units) > 0.0015)
                return complain("year %d: %s has %.5f units, not %.5f", y, q->resource, k->units[i], units);
            if (made_whole && (k->units[i] != floor(k->units[i]) || fabs(k->units[i] - units) >= 1.0015))
                return complain("year %d: %s has %.5f units, not %.5f made whole", y, q->resource, k->units[i], units);
            if (made_whole && whole) {
                whole[i].low = fmax(whole[i].low, k->units[i] - units - 0.0015);
                whole[i].high = fmin(whole[i].high, k->units[i] + 1 - units + 0.0015);
                if (whole[i].low >= whole[i].high)
                    return complain("year %d: no one draw makes %.5f units of %s %g", y, units, q->resource, k->units[i]);
            }
        }
    }
    return NULL;
}

static void check(const char *wrong, const struct harness *h, size_t arm, int replication, size_t area)
{
    if (wrong)
        fail_msg("arm %s, replication %d, area %s: %s", h->sc.arms[arm].name, replication, h->sc.areas[area].code, wrong);
}

/* ---- a rich scenario with money in it ----------------------------------------------------------------------------- */

#define MAIN \
    "  main:\n" \
    "    what: children in need, and what helps them\n" \
    "    statutory: [care]\n" \
    "    places:\n" \
    "      helpers: {price: 9001.37 GBP/year, least: $fence, most: 1.5}\n" \
    "      seats: {price: 2003.03 GBP/year, least: 0.2, most: 1.2}\n" \
    "    change: $change\n" \
    "    extra: {2: 0.05, 3: 0.021, 5: -0.08}\n" \
    "    carry: 0.73\n"
#define OTHER \
    "  other:\n" \
    "    statutory: [lost, calls]\n" \
    "    places: {workers: {price: 31.41 GBP/week, least: 0.1, most: 1.3}}\n" \
    "    partners: {3: 0.04, 4: 0.08, 6: 0.01}\n"
#define CONTRACTS \
    "contracts:\n" \
    "  bond:\n" \
    "    what: fewer plans\n" \
    "    budget: main\n" \
    "    resource: mentors\n" \
    "    price: 900.91 GBP/year\n" \
    "    from: 2\n" \
    "    to: 4\n" \
    "    counts: [services.plan, school.out]\n" \
    "    expected: 1.1\n" \
    "    pays: 1.37 GBP/day\n" \
    "    cap: 1.2\n" \
    "  second: {budget: main, resource: tutors, price: 20 GBP/week, from: 2, to: 6, counts: [services.cin], expected: 1.3,\n" \
    "    pays: 3.33 GBP/day, cap: 3}\n"

/* Pence a year. */
#define A_WEEK(gbp) ((gbp)*100 * 365.25 / 7)
#define A_DAY(gbp) ((gbp)*100 * 365.25)

static const struct plan main_plan = {
    .name = "main",
    .heading = {"care"},
    .place = {{"helpers", 900137, 0.3, 1.5, {18.78, 9.39, 3.13}}, {"seats", 200303, 0.2, 1.2, {0}}},
    .change = -0.02,
    .carry = 0.73,
    .extra = {[2] = 0.05, [3] = 0.021, [5] = -0.08},
    .deal = {{"bond", "mentors", 90091, A_DAY(1.37), 1.1, 1.2, 2, 4, {"services.plan", "school.out"}},
             {"second", "tutors", A_WEEK(20), A_DAY(3.33), 1.3, 3, 2, 6, {"services.cin"}}},
};
static const struct plan other_plan = {
    .name = "other",
    .heading = {"lost", "calls"},
    .place = {{"workers", A_WEEK(31.41), 0.1, 1.3, {0}}},
    .carry = 1,
    .partners = {[3] = 0.04, [4] = 0.08, [6] = 0.01},
};

enum { BASELINE, NOTHING, SAME, MORE, EARLY, CUT, FENCED, RICH_ARMS_ALL };

/* The arms' own numbers. */
static struct plan plan_of(const struct plan *plan, size_t arm)
{
    struct plan p = *plan;
    if (arm == CUT)
        p.change = plan == &main_plan ? -0.12 : p.change;
    if (arm == FENCED && plan == &main_plan)
        p.place[0].least = 1;
    return p;
}

/* Everything but budgets. `minds`: somebody's hazard depends on loads. */
static const char *rich(bool minds)
{
    const char *t = edited(RICH, "counted: 4 years", "counted: 6 years");
    t = edited(t, "states: [off, offered, on]", "states: [off, offered, on, queued]");
    t = edited(t, "  price: 120 GBP/week\n", "  price: 120 GBP/week\n  change: {value: -0.02, range: [-1, 1]}\n"
                                             "  fence: {value: 0.3, range: [0, 1]}\n");
    t = edited(t, "set: {uptake: 0.5, slope: 1.3,", "set: {change: -0.02, fence: 0.3, uptake: 0.5, slope: 1.3,");
    t = edited(t, "  early: {from: 2010-04-01, set: {slope: 1.7}}\n",
               "  early: {from: 2010-04-01, set: {slope: 1.7}}\n  cut: {set: {change: -0.12}}\n  fenced: {set: {fence: 1}}\n");
    t = edited(t, "school.in.out: GBP 33.33}}\n",
               "school.in.out: GBP 33.33}}\n  calls: {of: {calls.quiet.quiet: GBP 77.77}}\n");
    if (minds)
        t = edited(t, "ratios: {help: {on: 0.5},\n         area: factor}",
                   "ratios: {help: {on: 0.5},\n         area: factor, load.workers: {0: 1, 9: 1.2, 18: 1.4, 40: 1.8}}");
    return joined(t, "resources:\n"
                     "  helpers:\n"
                     "    capacity: {column: children, times: 0.313}\n"
                     "    used_by: [{chart: help, states: {offered: 1, on: 1.5}, waits_in: queued, priority: {need: {high: 2}}}]\n"
                     "  workers: {capacity: {per_1000_families: 71}, used_by: [{chart: services, states: {cin: 1, plan: 2}}]}\n"
                     "  seats: {capacity: {per_10000_children: 3001}, used_by: [{chart: school, states: [in]}]}\n"
                     "  mentors: {capacity: {number: 3}, used_by: [{chart: need, states: [high]}]}\n"
                     "  tutors: {capacity: {number: 2, calendar: {2021-10-01: 1.5}}, used_by: [{chart: school, states: [out]}]}\n");
}

static const char *rich_with(bool minds, const char *budgets)
{
    return joined(rich(minds), budgets);
}

static bool same_bytes(const void *a, const void *b, size_t n)
{
    return n == 0 || memcmp(a, b, n) == 0;
}

/* Two cells of one shape, to the bit. */
static bool same_cells(const struct result *x, const struct result *y)
{
    const struct kith_cell *a = &x->cell, *b = &y->cell;
    size_t rows = (size_t)a->months + 1;
    return a->n_events == b->n_events && a->n_rows == b->n_rows && a->n_amounts == b->n_amounts &&
           same_bytes(a->tally, b->tally, rows * a->n_transitions * sizeof *a->tally) &&
           same_bytes(a->count, b->count, rows * a->n_counts * sizeof *a->count) &&
           same_bytes(a->amount, b->amount, (size_t)a->months * a->n_amounts * sizeof *a->amount) &&
           same_bytes(a->day, b->day, a->n_rows * sizeof *a->day) &&
           same_bytes(a->member, b->member, a->n_rows * sizeof *a->member) &&
           same_bytes(a->code, b->code, a->n_rows * sizeof *a->code) &&
           same_bytes(x->series.cost, y->series.cost,
                      (size_t)x->series.months * x->series.n_costs * sizeof *x->series.cost);
}

/* Every account of the cell against the rest of it. */
static void check_cell(struct harness *h, const struct result *r, size_t arm, int replication, size_t area,
                       const struct plan *plan, struct between *whole, struct books *b)
{
    struct plan p = plan_of(plan, arm);
    read_books(h, r, &p, b);
    check(adds_up(b, &p), h, arm, replication, area);
    check(keeps_contracts(b, &p), h, arm, replication, area);
    check(follows_rule(b, &p, area, whole), h, arm, replication, area);
}

static void money_adds_up_while_nobody_minds(void **state)
{
    struct harness h;
    struct result r;
    struct books b;
    (void)state;
    harness_load_table(&h, rich_with(false, "budgets:\n" MAIN OTHER CONTRACTS), RICH_TABLE);
    for (size_t area = 0; area < 3; area++) {
        struct between whole[PLACES] = {{0, 1}, {0, 1}, {0, 1}};
        for (size_t arm = 0; arm < h.sc.n_arms; arm++) {
            run(&h, &r, arm, 0, area);
            check_cell(&h, &r, arm, 0, area, &other_plan, NULL, &b);
            check_cell(&h, &r, arm, 0, area, &main_plan, whole, &b);
            result_free(&r);
        }
    }
    harness_free(&h);
}

static void money_adds_up_and_buys_what_is_left(void **state)
{
    struct harness h;
    struct result r;
    struct books b;
    int at_least = 0, at_most = 0, inner = 0, in_debt = 0, capped = 0, due = 0, none = 0;
    (void)state;
    harness_load_table(&h, rich_with(true, "budgets:\n" MAIN OTHER CONTRACTS), RICH_TABLE);
    assert_int_equal(h.sc.n_arms, RICH_ARMS_ALL);
    for (size_t area = 0; area < 3; area++)
        for (int replication = 0; replication < 3; replication++) {
            struct between whole[PLACES] = {{0, 1}, {0, 1}, {0, 1}};
            for (size_t arm = 0; arm < h.sc.n_arms; arm++) {
                run(&h, &r, arm, replication, area);
                assert_true(r.cell.n_events > 200);
                check_cell(&h, &r, arm, replication, area, &other_plan, NULL, &b);
                check_cell(&h, &r, arm, replication, area, &main_plan, whole, &b);
                for (int y = 2; y <= b.years; y++) {
                    double ratio = b.year[y].units[1] / b.year[1].units[1];
                    at_least += ratio < 0.201;
                    at_most += ratio > 1.199;
                    inner += ratio > 0.201 && ratio < 1.199;
                    in_debt += b.year[y].balance < 0;
                    const struct deal_year *e = &b.year[y].deal[0];
                    none += e->invested > 0 && e->repaid == 0;
                    due += e->invested > 0 && e->repaid > 0;
                    capped += e->invested > 0 && fabs((double)e->repaid - 1.2 * (double)e->invested) < 2;
                }
                result_free(&r);
            }
        }
    /* all that can happen has happened */
    assert_true(at_least > 5 && at_most > 5 && inner > 5 && in_debt > 5 && capped > 2 && due > capped && none > 5);
    harness_free(&h);
}

/* "At most this much": not a penny more than the cap. */
static void never_more_than_the_cap(void **state)
{
    struct harness h;
    struct result r;
    int reached = 0;
    (void)state;
    harness_load_table(&h, rich_with(true, "budgets:\n" MAIN OTHER CONTRACTS), RICH_TABLE);
    for (size_t area = 0; area < 3; area++)
        for (int replication = 0; replication < 3; replication++) {
            struct books b;
            run(&h, &r, BASELINE, replication, area);
            read_books(&h, &r, &main_plan, &b);
            for (int i = 0; i < DEALS; i++) {
                int64_t invested = 0, repaid = 0;
                for (int y = 1; y <= b.years; y++) {
                    double most = main_plan.deal[i].cap * (double)(invested += b.year[y].deal[i].invested);
                    repaid += b.year[y].deal[i].repaid;
                    if ((double)repaid > most + 1e-6)
                        fail_msg("year %d: %s has repaid %lld pence, the cap is %.1f", y, main_plan.deal[i].name,
                                 (long long)repaid, most);
                    reached += invested > 0 && (double)repaid > most - 1;
                }
            }
            result_free(&r);
        }
    assert_true(reached > 3);
    harness_free(&h);
}

/* The checks find a penny. */
static void a_penny_is_found(void **state)
{
    struct harness h;
    struct result r;
    struct books b, c;
    (void)state;
    harness_load_table(&h, rich_with(true, "budgets:\n" MAIN OTHER CONTRACTS), RICH_TABLE);
    run(&h, &r, BASELINE, 0, 0);
    read_books(&h, &r, &main_plan, &b);
    assert_null(adds_up(&b, &main_plan));
    for (int y = 1; y <= b.years; y++)
        for (int off = -1; off <= 1; off += 2)
            for (int field = 0; field < 10; field++) {
                c = b;
                struct year *k = &c.year[y];
                int64_t *const fields[] = {&k->amount, &k->statutory, &k->places,   &k->repaid,         &k->partners,
                                           &k->spent,  &k->balance,   &k->headings, &k->deal[0].repaid, &k->deal[1].invested};
                *fields[field] += off;
                assert_non_null(adds_up(&c, &main_plan));
            }
    struct plan p = main_plan;
    p.carry = 0.7301;
    assert_non_null(adds_up(&b, &p));
    result_free(&r);
    harness_free(&h);
}

/* A rule or a contract that is not the scenario's, but almost. */
enum { WRONG_RULES = 10, WRONG_DEALS = 4 };
static struct plan wrong_rule(int which)
{
    struct plan p = main_plan;
    switch (which) {
    case 0: p.change = -0.0201; break;
    case 1: p.extra[3] = 0.0205; break;
    case 2: p.extra[6] = 0.001; break;
    case 3: p.carry = 0.75; break;
    case 4: p.place[1].most = 1.19; break;
    case 5: p.place[1].least = 0.21; break;
    case 6: p.place[1].price *= 1.01; break;
    case 7: p.place[0].price *= 1.05; break;
    case 8: p.place[0].most = 1.3; break;
    default: p.place[0] = main_plan.place[1], p.place[1] = main_plan.place[0];
    }
    return p;
}
static struct plan wrong_deal(int which)
{
    struct plan p = main_plan;
    struct deal *d = &p.deal[which % 2];
    *(which == 0 ? &d->pays : which == 1 ? &d->expected : &d->cap) *= 0.99;
    return p;
}

static void another_rule_is_found(void **state)
{
    struct harness h;
    struct result r;
    struct books b;
    int found[WRONG_RULES] = {0}, found_deal[WRONG_DEALS] = {0}, found_count = 0;
    (void)state;
    harness_load_table(&h, rich_with(true, "budgets:\n" MAIN OTHER CONTRACTS), RICH_TABLE);
    for (size_t area = 0; area < 3; area++)
        for (int replication = 0; replication < 3; replication++) {
            run(&h, &r, BASELINE, replication, area);
            read_books(&h, &r, &main_plan, &b);
            for (int which = 0; which < WRONG_RULES; which++) {
                struct between whole[PLACES] = {{0, 1}, {0, 1}, {0, 1}};
                struct plan p = wrong_rule(which);
                found[which] += follows_rule(&b, &p, area, whole) != NULL;
            }
            for (int which = 0; which < WRONG_DEALS; which++) {
                struct plan p = wrong_deal(which);
                found_deal[which] += keeps_contracts(&b, &p) != NULL;
            }
            struct plan p = main_plan;
            p.deal[0].counts[1] = NULL;
            read_books(&h, &r, &p, &b);
            found_count += keeps_contracts(&b, &p) != NULL;
            result_free(&r);
        }
    for (int which = 0; which < WRONG_RULES; which++)
        if (!found[which])
            fail_msg("rule %d passes", which);
    for (int which = 0; which < WRONG_DEALS; which++)
        if (!found_deal[which])
            fail_msg("contract %d passes", which);
    assert_int_equal(found_count, 9);
    harness_free(&h);
}

/* ---- who does not depend on whom ---------------------------------------------------------------------------------- */

static void arms_that_change_nothing(void **state)
{
    struct harness h;
    struct result base, other;
    (void)state;
    harness_load_table(&h, rich_with(true, "budgets:\n" MAIN OTHER CONTRACTS), RICH_TABLE);
    for (size_t area = 0; area < 3; area++) {
        run(&h, &base, BASELINE, 1, area);
        for (size_t arm = 1; arm < h.sc.n_arms; arm++) {
            run(&h, &other, arm, 1, area);
            assert_int_equal(same_cells(&base, &other), arm == NOTHING || arm == SAME);
            result_free(&other);
        }
        result_free(&base);
    }
    harness_free(&h);
}

/* Runs another cell in the place of the last, as a thread does. */
static void run_next(struct harness *h, struct result *r, size_t arm, int replication, size_t area)
{
    kith_cell_clear(&r->cell);
    r->cell.key = kith_draw_mix(kith_draw_mix(kith_draw_mix(0, h->sc.seed), (uint64_t)replication), h->sc.areas[area].key);
    r->cell.replication = replication;
    r->cell.arm = arm;
    r->cell.area = area;
    r->n = h->model->families(h->compiled, &r->cell, (double)h->sc.families * h->sc.areas[area].share * h->shape->turnover);
    assert_int_equal(kith_families_run(&h->families, h->model, h->compiled, &r->cell, h->shape, 0, r->n, 1, KITH_ORDER_FAMILY,
                                       NULL),
                     KITH_OK);
    kith_cell_series(&r->cell, h->shape, &r->series);
}

/* What the areas' cells come to, run in any order, after and before each other. */
static void areas_run_in_any_order(void **state)
{
    struct harness h, g;
    struct result x[3], y;
    (void)state;
    harness_load_table(&h, rich_with(true, "budgets:\n" MAIN OTHER CONTRACTS), RICH_TABLE);
    harness_load_table(&g, rich_with(true, "budgets:\n" MAIN OTHER CONTRACTS), RICH_TABLE);
    for (size_t area = 0; area < 3; area++)
        run(&h, &x[area], CUT, 0, area);
    for (size_t i = 0; i < 6; i++) {
        size_t area = (2 * i + 2) % 3;
        run(&g, &y, CUT, 0, area);
        for (size_t j = 0; j < 3; j++)
            assert_int_equal(same_cells(&x[j], &y), j == area);
        for (size_t j = 3; j-- > 0;) {
            run_next(&g, &y, FENCED, 1, (j + 1) % 3);
            run_next(&g, &y, CUT, 0, j);
            assert_true(same_cells(&x[j], &y));
        }
        result_free(&y);
    }
    for (size_t area = 0; area < 3; area++)
        result_free(&x[area]);
    harness_free(&h);
    harness_free(&g);
}

/* Areas of tables that agree on E2; and E2 alone. */
static void an_areas_money_is_its_own(void **state)
{
    static const struct {
        const char *table;
        size_t at;
        bool same;
    } other[] = {
        {"code,children,tilt,factor,lone\nE1,600,0.9,3,3\nE2,300,-0.3,1.5,0\nE3,100,-2,0.1,1\n", 1, true},
        {"code,children,tilt,factor,lone\nE2,300,-0.3,1.5,0\nE1,500,0.2,1,3\nE4,200,0,0.8,1\n", 0, true},
        {"code,children,tilt,factor,lone\nE1,600,0.2,1,3\nE2,300,-0.3,1.7,0\nE3,100,0,0.8,1\n", 1, false},
    };
    const char *text = rich_with(true, "budgets:\n" MAIN OTHER CONTRACTS);
    struct harness h, g;
    struct result x, y;
    (void)state;
    harness_load_table(&h, text, RICH_TABLE);
    for (size_t arm = BASELINE; arm < h.sc.n_arms; arm += CUT) {
        run(&h, &x, arm, 0, 1);
        for (size_t i = 0; i < sizeof other / sizeof *other; i++) {
            harness_load_table(&g, text, other[i].table);
            run(&g, &y, arm, 0, other[i].at);
            assert_int_equal(same_cells(&x, &y), other[i].same);
            result_free(&y);
            harness_free(&g);
        }
        harness_load_table(&g, edited(text, "size: children}", "size: children, only: [E2]}"), RICH_TABLE);
        assert_int_equal(g.sc.n_areas, 1);
        assert_string_equal(g.sc.areas[0].code, "E2");
        run(&g, &y, arm, 0, 0);
        assert_true(same_cells(&x, &y));
        result_free(&y);
        harness_free(&g);
        harness_load_table(&g, edited(text, "size: children}", "size: children, only: [E3, E2]}"), RICH_TABLE);
        assert_int_equal(g.sc.n_areas, 2);
        size_t at = strcmp(g.sc.areas[0].code, "E2") == 0 ? 0 : 1;
        assert_string_equal(g.sc.areas[at].code, "E2");
        run(&g, &y, arm, 0, at);
        assert_true(same_cells(&x, &y));
        result_free(&y);
        harness_free(&g);
        result_free(&x);
    }
    harness_free(&h);
}

/* Budgets that share neither headings nor resources nor families who mind: each is what it is alone. */
#define SEATS(change) \
    "  main: {statutory: [care], places: {seats: {price: 5 GBP/week, least: 0, most: 1}}, change: " change "}\n"

static bool same_budget(bool minds, const char *a, const char *b, const struct plan *plan)
{
    const char *const budgets[2] = {a, b};
    struct books books[2];
    int same = 0;
    for (size_t area = 0; area < 3; area++) {
        for (int i = 0; i < 2; i++) {
            struct harness h;
            struct result r;
            harness_load_table(&h, rich_with(minds, budgets[i]), RICH_TABLE);
            run(&h, &r, CUT, 0, area);
            read_books(&h, &r, plan, &books[i]);
            result_free(&r);
            harness_free(&h);
        }
        same += same_bytes(&books[0], &books[1], sizeof books[0]);
    }
    assert_true(same == 0 || same == 3);
    return same > 0;
}

static void budgets_side_by_side(void **state)
{
    static const struct plan seats_plan = {.name = "main", .heading = {"care"}, .place = {{"seats", A_WEEK(5), 0, 1, {0}}}};
    static const char both[] = "budgets:\n" MAIN OTHER CONTRACTS;
    (void)state;
    assert_true(same_budget(false, both, "budgets:\n" OTHER MAIN CONTRACTS, &main_plan));
    assert_true(same_budget(false, both, "budgets:\n" OTHER MAIN CONTRACTS, &other_plan));
    assert_true(same_budget(false, both, "budgets:\n" MAIN CONTRACTS, &main_plan));
    assert_true(same_budget(false, "budgets:\n" SEATS("-0.3") OTHER, "budgets:\n" SEATS("-0.3"), &seats_plan));
    assert_true(same_budget(false, "budgets:\n" SEATS("-0.3") OTHER, "budgets:\n" SEATS("0.3") OTHER, &other_plan));
    assert_true(same_budget(false, "budgets:\n" SEATS("-0.3") OTHER, "budgets:\n" OTHER, &other_plan));
    assert_false(same_budget(false, "budgets:\n" SEATS("-0.3") OTHER, "budgets:\n" SEATS("0.3") OTHER, &seats_plan));
    /* with fewer helpers more families are in high need, and more children out of school: that the other budget pays */
    assert_false(same_budget(false, both, "budgets:\n" OTHER, &other_plan));
    /* and so it is where somebody minds the workers' load */
    assert_false(same_budget(true, both, "budgets:\n" MAIN CONTRACTS, &main_plan));
}

/* What is reported: pence as costs are (shown in pounds), over all areas, of all families that they represent. */
static void reports_are_sums_of_areas(void **state)
{
    static const char *const names[] = {"budget.main.amount",    "budget.main.statutory", "budget.main.places",
                                        "budget.main.repaid",    "budget.other.partners", "budget.main.spent",
                                        "contract.bond.invested", "contract.bond.repaid",  "contract.bond.days",
                                        "budget.main.balance"};
    enum { N = sizeof names / sizeof *names };
    struct harness h;
    struct result r;
    struct kith_outcome o;
    double sum[N][YEARS + 1] = {{0}};
    (void)state;
    harness_load_table(&h, rich_with(true, "budgets:\n" MAIN OTHER CONTRACTS), RICH_TABLE);
    assert_int_equal(kith_outcome_init(&o, &h.mem, h.shape, h.sc.months / 12), KITH_OK);
    for (size_t area = 0; area < 3; area++) {
        run(&h, &r, CUT, 0, area);
        kith_outcome_add(&o, h.shape, &r.series, 10);
        for (int i = 0; i < N; i++)
            for (int y = 1; y <= o.years; y++) {
                char kind[32], name[32], what[32];
                assert_int_equal(sscanf(names[i], "%31[^.].%31[^.].%31s", kind, name, what), 3);
                sum[i][y] += 10 * inside(&h, &r, kind, name, what, y) * measure(&h, names[i])->scale;
            }
        result_free(&r);
    }
    kith_outcome_finish(&o, h.shape);
    for (int i = 0; i < N; i++) {
        const struct kith_measure *m = measure(&h, names[i]);
        const double *value = o.value + (m - h.shape->measures);
        double total = 0;
        bool of_money = !strstr(names[i], "days"), at_end = strstr(names[i], "balance") != NULL;
        assert_string_equal(m->unit, at_end ? "pence" : of_money ? "pence/year" : "days/year");
        assert_true(!of_money || m->scale == 1);
        for (int y = 1; y <= o.years; total += sum[i][y++])
            assert_true(fabs(value[(size_t)y * o.n_measures] - sum[i][y]) < 1e-9 * (1 + fabs(sum[i][y])));
        assert_true(total != 0);
        /* balances of several years make no sum */
        double all = value[((size_t)o.years + 1) * o.n_measures];
        assert_true(at_end ? isnan(all) : fabs(all - total) < 1e-9 * (1 + fabs(total)));
    }
    kith_outcome_free(&o);
    harness_free(&h);
}

/* ---- accounts written down by hand -------------------------------------------------------------------------------- */

/* Eight families, each of which costs one unit of money a year until 1.5 years after counting begins, then two, three after
 * 2.5 years and four after 3.5 years: 8, 12, 20 and 28 units in the four counted years. The unit is 120 GBP, so that a month
 * costs whole pence. There are 20 places at one unit a year, of which nobody has heard; `home` is left after 1.5 years. */
#define UNIT 12000.0
#define SMALL_TOP(warm_up, first) \
    "kith: 1\nmodel: pathway\ntime: {start: 2000-04-01, warm_up: " warm_up ", counted: 4 years}\npopulation: {families: 8}\n" \
    "charts:\n" \
    "  care:\n" \
    "    of: family\n" \
    "    states: [s1, s2, s3, s4]\n" \
    "    clocks:\n" \
    "      - {from: s1, to: s2, hazard: {fixed: " first "}}\n" \
    "      - {from: s2, to: s3, hazard: {fixed: 1 year}}\n" \
    "      - {from: s3, to: s4, hazard: {fixed: 1 year}}\n" \
    "  placement: {of: family, states: [home, gone], clocks: [{from: home, to: gone, hazard: {fixed: " first "}}]}\n" \
    "  idle: {of: family, states: [idle, busy, queued], clocks: [{from: busy, to: idle, hazard: {fixed: 1 year}}]}\n" \
    "costs: {care: {of: {care.s1: 120 GBP/year, care.s2: 240 GBP/year, care.s3: 360 GBP/year, care.s4: 480 GBP/year}}}\n"
#define SMALL SMALL_TOP("0 years", "18 months")
#define PLACES_20 "  places: {capacity: {number: 20}, used_by: [{chart: idle, states: [busy]}]}\n"
#define EDGE_2 "  edge: {capacity: {number: 2}, used_by: [{chart: idle, states: [queued]}]}\n"

/* A year of the budget called b, in units of money; capacity in places. */
struct line {
    double amount, statutory, places, partners, repaid, spent, balance, capacity;
};

static int64_t pence(double units)
{
    return (int64_t)floor(units * UNIT + 0.5);
}

static void compare_money(const char *what, int y, int64_t is, double units)
{
    if (is != pence(units))
        fail_msg("year %d: %s is %lld, by hand %lld", y, what, (long long)is, (long long)pence(units));
}

static void compare_line(const struct harness *h, const struct result *r, const struct line *k, int y)
{
    compare_money("amount", y, money(h, r, "budget", "b", "amount", y), k->amount);
    compare_money("statutory", y, money(h, r, "budget", "b", "statutory", y), k->statutory);
    for (int m = 12 * (y - 1); m < 12 * y; m++) {
        int64_t is = capacity_ticks(h, r, "places", m, m + 1), wanted = (int64_t)(k->capacity * 1000 + 0.5) * 65536;
        if (is != wanted)
            fail_msg("month %d: %g places, by hand %g", m, (double)is / 65536e3, k->capacity);
    }
    compare_money("places", y, money(h, r, "budget", "b", "places", y), k->places);
    compare_money("partners", y, money(h, r, "budget", "b", "partners", y), k->partners);
    compare_money("repaid", y, money(h, r, "budget", "b", "repaid", y), k->repaid);
    compare_money("spent", y, money(h, r, "budget", "b", "spent", y), k->spent);
    compare_money("balance", y, money(h, r, "budget", "b", "balance", y), k->balance);
}

static void compare_by_hand(const char *text, size_t arm, const struct line line[4])
{
    struct harness h;
    struct result r;
    harness_load(&h, text);
    run(&h, &r, arm, 0, 0);
    for (int y = 1; y <= 4; y++)
        compare_line(&h, &r, &line[y - 1], y);
    result_free(&r);
    harness_free(&h);
}

/* The small scenario with one budget, places at one unit. */
static const char *small(const char *least_most, const char *more)
{
    return written(SMALL "resources:\n" PLACES_20 EDGE_2 "budgets:\n  b:\n    statutory: [care]\n"
                         "    places: {places: {price: 120 GBP/year, %s}}\n%s",
                   least_most, more);
}

#define FIRST {28, 8, 20, 0, 0, 28, 0, 20}

static const struct line statutory_first[] = {FIRST, {28, 12, 20, 0, 0, 32, -4, 20}, {28, 20, 12, 0, 0, 32, -8, 12},
                                              {28, 28, 0, 0, 0, 28, -8, 0}};
static const struct line ring_fenced[] = {FIRST, {28, 12, 20, 0, 0, 32, -4, 20}, {28, 20, 20, 0, 0, 40, -16, 20},
                                          {28, 28, 20, 0, 0, 48, -36, 20}};
static const struct line nothing_carried[] = {FIRST, {28, 12, 20, 0, 0, 32, -4, 20}, {28, 20, 16, 0, 0, 36, -8, 16},
                                              {28, 28, 8, 0, 0, 36, -8, 8}};
static const struct line half_carried[] = {FIRST, {28, 12, 20, 0, 0, 32, -4, 20}, {28, 20, 14, 0, 0, 34, -8, 14},
                                           {28, 28, 4, 0, 0, 32, -8, 4}};
static const struct line falling[] = {FIRST, {25.2, 12, 17.2, 0, 0, 29.2, -4, 17.2}, {22.68, 20, 6.68, 0, 0, 26.68, -8, 6.68},
                                      {20.412, 28, 0, 0, 0, 28, -15.588, 0}};
static const struct line falling_fenced[] = {FIRST, {25.2, 12, 20, 0, 0, 32, -6.8, 20}, {22.68, 20, 20, 0, 0, 40, -24.12, 20},
                                             {20.412, 28, 20, 0, 0, 48, -51.708, 20}};

static void statutory_first_and_ring_fence(void **state)
{
    (void)state;
    compare_by_hand(small("least: 0, most: 1", ""), 0, statutory_first);
    compare_by_hand(small("least: 0, most: 1", "    change: 0\n    carry: 1\n"), 0, statutory_first);
    compare_by_hand(small("least: 1, most: 1", ""), 0, ring_fenced);
    compare_by_hand(small("least: 0, most: 1", "    carry: 0\n"), 0, nothing_carried);
    compare_by_hand(small("least: 0, most: 1", "    carry: 0.5\n"), 0, half_carried);
    compare_by_hand(small("least: 0, most: 1", "    change: -0.1\n"), 0, falling);
    compare_by_hand(small("least: 1, most: 1", "    change: -0.1\n"), 0, falling_fenced);
    /* after a warm-up of a year; of 7 1/4 years */
    const char *text = small("least: 0, most: 1", "    carry: 0.5\n");
    const char *body = strstr(text, "resources:");
    compare_by_hand(joined(SMALL_TOP("1 year", "30 months"), body), 0, half_carried);
    compare_by_hand(joined(SMALL_TOP("87 months", "105 months"), body), 0, half_carried);
    /* a reserve is carried as a deficit is: places that are half of those of the first year */
    static const struct line saving[] = {FIRST, {28, 12, 10, 0, 0, 22, 6, 10}, {28, 20, 10, 0, 0, 30, 4, 10},
                                         {28, 28, 10, 0, 0, 38, -6, 10}};
    static const struct line growing[] = {FIRST, {35, 12, 20, 0, 0, 32, 3, 20}, {43.75, 20, 20, 0, 0, 40, 6.75, 20},
                                          {54.6875, 28, 20, 0, 0, 48, 13.4375, 20}};
    compare_by_hand(small("least: 0, most: 0.5", ""), 0, saving);
    compare_by_hand(small("least: 0, most: 1", "    change: 0.25\n"), 0, growing);
}

/* The same in prices per week: a unit of 365.25 GBP. */
static void prices_per_week(void **state)
{
    struct harness h;
    struct result r;
    (void)state;
    const char *text = small("least: 0, most: 1", "    carry: 0.5\n");
    text = edited(text, "120 GBP/year", "7 GBP/week");
    text = edited(text, "240 GBP/year", "14 GBP/week");
    text = edited(text, "360 GBP/year", "21 GBP/week");
    text = edited(text, "480 GBP/year", "28 GBP/week");
    harness_load(&h, text);
    run(&h, &r, 0, 0, 0);
    for (int y = 1; y <= 4; y++) {
        const struct line *k = &half_carried[y - 1];
        assert_int_equal(money(&h, &r, "budget", "b", "amount", y), (int64_t)(k->amount * 36525));
        assert_int_equal(money(&h, &r, "budget", "b", "statutory", y), (int64_t)(k->statutory * 36525));
        assert_int_equal(money(&h, &r, "budget", "b", "places", y), (int64_t)(k->places * 36525));
        assert_int_equal(money(&h, &r, "budget", "b", "balance", y), (int64_t)(k->balance * 36525));
        assert_true(capacity(&h, &r, "places", y) == k->capacity);
    }
    result_free(&r);
    harness_free(&h);
}

/* Money ahead that is paid back; the floor holds when it is. */
static void extra_paid_back(void **state)
{
    static const struct line by_hand[] = {FIRST, {35, 12, 27, 0, 0, 39, -4, 27}, {31.5, 20, 15.5, 0, 0, 35.5, -8, 15.5},
                                          {17.5, 28, 2, 0, 0, 30, -20.5, 2}};
    /* extra is a share of the first year's budget, whatever has become of it since */
    static const struct line cut[] = {FIRST, {32.2, 12, 24.2, 0, 0, 36.2, -4, 24.2}, {26.18, 20, 10.18, 0, 0, 30.18, -8, 10.18},
                                      {9.912, 28, 0, 0, 0, 28, -26.088, 0}};
    (void)state;
    compare_by_hand(small("least: 0.1, most: 2", "    extra: {2: 0.25, 3: 0.125, 4: -0.375}\n"), 0, by_hand);
    compare_by_hand(small("least: 0, most: 2", "    extra: {2: 0.25, 3: 0.125, 4: -0.375}\n    change: -0.1\n"), 0, cut);
}

/* Money ahead in the first counted year: seven units that nothing was spent on, carried into the second. */
static void extra_in_the_first_year(void **state)
{
    static const struct line by_hand[] = {{35, 8, 20, 0, 0, 28, 7, 20}, {28, 12, 20, 0, 0, 32, 3, 20},
                                          {28, 20, 19, 0, 0, 39, -8, 19}, {28, 28, 0, 0, 0, 28, -8, 0}};
    (void)state;
    compare_by_hand(small("least: 0, most: 1", "    extra: {1: 0.25}\n"), 0, by_hand);
}

/* Partners' seven units come on top of whatever the budget buys, above `most` too. */
static void partners_on_top(void **state)
{
    static const struct line by_hand[] = {FIRST, {28, 12, 20, 7, 0, 32, -4, 27}, {28, 20, 12, 7, 0, 32, -8, 19},
                                          {28, 28, 0, 0, 0, 28, -8, 0}};
    static const struct line late[] = {FIRST, {28, 12, 20, 0, 0, 32, -4, 20}, {28, 20, 12, 0, 0, 32, -8, 12},
                                       {28, 28, 0, 14, 0, 28, -8, 14}};
    static const struct line cut[] = {FIRST, {25.2, 12, 17.2, 0, 0, 29.2, -4, 17.2}, {22.68, 20, 6.68, 7, 0, 26.68, -8, 13.68},
                                      {20.412, 28, 0, 0, 0, 28, -15.588, 0}};
    (void)state;
    compare_by_hand(small("least: 0, most: 1", "    partners: {2: 0.25, 3: 0.25}\n"), 0, by_hand);
    compare_by_hand(small("least: 0, most: 1", "    partners: {4: 0.5}\n"), 0, late);
    compare_by_hand(small("least: 0, most: 1", "    partners: {3: 0.25}\n    change: -0.1\n"), 0, cut);
}

/* Two resources, the first served first. `edge` costs half a unit; there are eight. */
static void resources_in_turn(void **state)
{
    static const struct line first[] = {{32, 8, 24, 0, 0, 32, 0, 20}, {32, 12, 18, 0, 0, 30, 2, 10},
                                        {32, 20, 18, 0, 0, 38, -4, 10}, {32, 28, 9, 0, 0, 37, -9, 8}};
    static const struct line last[] = {{32, 8, 24, 0, 0, 32, 0, 20}, {32, 12, 18, 0, 0, 30, 2, 10},
                                       {32, 20, 18, 0, 0, 38, -4, 10}, {32, 28, 8, 0, 0, 36, -8, 0}};
    static const double edge_last[] = {8, 16, 16, 2}, edge_first[] = {8, 16, 16, 16};
    (void)state;
    for (int order = 0; order < 2; order++) {
        struct harness h;
        struct result r;
        const double *edge = order ? edge_first : edge_last;
        const char *text = small("least: 0, most: 0.5", "");
        text = edited(text, "{number: 2}", "{number: 8}");
        text = order ? edited(text, "places: {places:", "places: {edge: {price: 60 GBP/year, least: 0.25, most: 2}, places:")
                     : edited(text, "most: 0.5}", "most: 0.5}, edge: {price: 60 GBP/year, least: 0.25, most: 2}");
        compare_by_hand(text, 0, order ? last : first);
        harness_load(&h, text);
        run(&h, &r, 0, 0, 0);
        for (int y = 1; y <= 4; y++)
            assert_true(capacity(&h, &r, "edge", y) == edge[y - 1]);
        result_free(&r);
        harness_free(&h);
    }
}

/* Parameters of an arm take effect at their dates: those of a year are the ones it begins with. */
static void policies_from_a_date(void **state)
{
    static const struct line cut_later[] = {FIRST, {28, 12, 20, 0, 0, 32, -4, 20}, {25.2, 20, 9.2, 0, 0, 29.2, -8, 9.2},
                                            {22.68, 28, 0, 0, 0, 28, -13.32, 0}};
    static const struct line fenced_later[] = {FIRST, {28, 12, 20, 0, 0, 32, -4, 20}, {28, 20, 20, 0, 0, 40, -16, 20},
                                               {28, 28, 20, 0, 0, 48, -36, 20}};
    /* at the price of half a unit, 12 units of money buy 20 places: no more than there were */
    static const struct line cheaper_later[] = {FIRST, {28, 12, 20, 0, 0, 32, -4, 20}, {28, 20, 10, 0, 0, 30, -6, 20},
                                                {28, 28, 2, 0, 0, 30, -8, 4}};
    const char *text = small("least: $least, most: 1", "    change: $change\n");
    (void)state;
    text = edited(text, "price: 120 GBP/year", "price: $price");
    text = joined(text, "parameters: {least: 0, change: 0, price: 120 GBP/year}\n"
                        "arms:\n"
                        "  baseline: {}\n"
                        "  cut: {set: {change: -0.1}}\n"
                        "  fence: {set: {least: 1}}\n"
                        "  cut_later: {from: 2 years, set: {change: -0.1}}\n"
                        "  fence_later: {from: 2 years, set: {least: 1}}\n"
                        "  cheaper_later: {from: 2 years, set: {price: 60 GBP/year}}\n"
                        "  nothing: {from: 2 years, set: {change: 0, least: 0, price: 120 GBP/year}}\n");
    compare_by_hand(text, 0, statutory_first);
    compare_by_hand(text, 1, falling);
    compare_by_hand(text, 2, ring_fenced);
    compare_by_hand(text, 3, cut_later);
    compare_by_hand(text, 4, fenced_later);
    compare_by_hand(text, 5, cheaper_later);
    compare_by_hand(text, 6, statutory_first);
}

/* A policy that raises the declared capacity raises what `least` and `most` are shares of: twice the places at twice the money
 * behind a ring fence, with whatever debt comes of it; as many as there is money for without. */
static void policies_raise_declared_places(void **state)
{
    static const struct line doubled[] = {FIRST, {28, 12, 20, 0, 0, 32, -4, 20}, {28, 20, 40, 0, 0, 60, -36, 40},
                                          {28, 28, 40, 0, 0, 68, -76, 40}};
    static const struct line from_the_start[] = {{48, 8, 40, 0, 0, 48, 0, 40}, {48, 12, 40, 0, 0, 52, -4, 40},
                                                 {48, 20, 40, 0, 0, 60, -16, 40}, {48, 28, 40, 0, 0, 68, -36, 40}};
    static const struct line money_binds[] = {FIRST, {35, 12, 20, 0, 0, 32, 3, 20}, {43.75, 20, 34.75, 0, 0, 54.75, -8, 34.75},
                                              {54.6875, 28, 26.688, 0, 0, 54.688, -8.0005, 26.688}}; /* in thousandths */
    const char *text = small("least: 0, most: 1", ""), *raised = "{number: 20, calendar: {2002-04-01: 2}}";
    (void)state;
    compare_by_hand(edited(text, "{number: 20}", raised), 0, statutory_first);
    text = small("least: 0, most: 1", "    change: 0.25\n");
    compare_by_hand(edited(text, "{number: 20}", raised), 0, money_binds);
    text = edited(small("least: 1, most: 1", ""), "{number: 20}", "{number: 20, times: $more}");
    text = joined(text, "parameters: {more: 1}\narms:\n  baseline: {}\n  later: {from: 2 years, set: {more: 2}}\n"
                        "  at_once: {set: {more: 2}}\n");
    compare_by_hand(text, 0, ring_fenced);
    compare_by_hand(text, 1, doubled);
    compare_by_hand(text, 2, from_the_start);
    /* in the middle of a year: the money of half a year each */
    struct harness h;
    struct result r;
    harness_load(&h, edited(text, "from: 2 years", "from: 30 months"));
    run(&h, &r, 1, 0, 0);
    static const double places[] = {20, 20, 30, 40}, balance[] = {0, -4, -26, -66};
    for (int y = 1; y <= 4; y++) {
        compare_money("places", y, money(&h, &r, "budget", "b", "places", y), places[y - 1]);
        compare_money("balance", y, money(&h, &r, "budget", "b", "balance", y), balance[y - 1]);
        assert_true(capacity(&h, &r, "places", y) == places[y - 1]);
    }
    result_free(&r);
    harness_free(&h);
    /* as a calendar does */
    compare_by_hand(edited(small("least: 1, most: 1", ""), "{number: 20}", raised), 0, doubled);
}

/* ---- contracts by hand -------------------------------------------------------------------------------------------- */

struct deal_line {
    double invested, repaid, years; /* units of money; years at home, of eight families */
};

#define BOND(from, to, expected, pays, cap) \
    "contracts: {bond: {budget: b, resource: edge, price: 600 GBP/year, from: " from ", to: " to ",\n" \
    "  counts: [placement.home], expected: " expected ", pays: " pays ", cap: " cap "}}\n"

static void compare_deal(const char *text, const struct deal_line line[4])
{
    struct harness h;
    struct result r;
    harness_load(&h, text);
    run(&h, &r, 0, 0, 0);
    for (int y = 1; y <= 4; y++) {
        double days = inside(&h, &r, "contract", "bond", "days", y) * measure(&h, "contract.bond.days")->scale;
        compare_money("invested", y, money(&h, &r, "contract", "bond", "invested", y), line[y - 1].invested);
        compare_money("repaid", y, money(&h, &r, "contract", "bond", "repaid", y), line[y - 1].repaid);
        assert_true(fabs(days - 365.25 * line[y - 1].years) < 1e-6);
        assert_true(capacity(&h, &r, "edge", y) == 2);
    }
    result_free(&r);
    harness_free(&h);
}

/* Homes are left after 1.5 years: 8, 4, 0 and 0 years. The two places of the contract cost ten units a year. */
static void contracts_by_hand(void **state)
{
    /* two units for each year avoided: 8 and 16, of which 12 are within the cap; then it is used up */
    static const struct deal_line capped[] = {{0, 0, 8}, {10, 8, 4}, {10, 12, 0}, {0, 0, 0}};
    static const struct line accounts[] = {FIRST, {28, 12, 20, 0, 8, 40, -12, 20}, {28, 20, 0, 0, 12, 32, -16, 0},
                                           {28, 28, 0, 0, 0, 28, -16, 0}};
    static const struct deal_line whole[] = {{0, 0, 8}, {10, 8, 4}, {10, 16, 0}, {10, 16, 0}};
    static const struct line carried[] = {FIRST, {28, 12, 20, 0, 8, 40, -12, 20}, {28, 20, 5, 0, 16, 41, -25, 5},
                                          {28, 28, 5, 0, 16, 49, -46, 5}};
    static const struct deal_line bound[] = {{0, 0, 8}, {10, 5, 4}, {10, 5, 0}, {10, 5, 0}};
    static const struct deal_line fewer[] = {{0, 0, 8}, {10, 4, 4}, {10, 12, 0}, {10, 12, 0}};
    static const struct deal_line half[] = {{0, 0, 8}, {10, 0, 4}, {10, 8, 0}, {10, 8, 0}};
    static const struct deal_line none[] = {{0, 0, 8}, {10, 0, 4}, {10, 0, 0}, {0, 0, 0}};
    static const struct deal_line late[] = {{0, 0, 8}, {0, 0, 4}, {0, 0, 0}, {10, 12, 0}};
    static const struct deal_line more_expected[] = {{0, 0, 8}, {10, 16, 4}, {10, 24, 0}, {10, 24, 0}};
    static const struct deal_line saved_up[] = {{0, 0, 8}, {10, 8, 4}, {10, 16, 0}, {10, 12, 0}};
    static const struct deal_line rising[] = {{0, 0, 0}, {10, 0, 4}, {10, 0, 8}, {0, 0, 8}};
    (void)state;
    const char *first = small("least: 0, most: 1", ""), *fence = small("least: 0.25, most: 1", "");
    compare_deal(joined(first, BOND("2", "3", "1", "240 GBP/year", "1")), capped);
    compare_by_hand(joined(first, BOND("2", "3", "1", "240 GBP/year", "1")), 0, accounts);
    compare_deal(joined(fence, BOND("2", "4", "1", "240 GBP/year", "2")), whole);
    compare_by_hand(joined(fence, BOND("2", "4", "1", "240 GBP/year", "2")), 0, carried);
    compare_deal(joined(first, BOND("2", "4", "1", "240 GBP/year", "0.5")), bound);
    compare_deal(joined(first, BOND("2", "4", "0.75", "240 GBP/year", "2")), fewer);
    compare_deal(joined(first, BOND("2", "4", "0.5", "240 GBP/year", "2")), half);
    compare_deal(joined(first, BOND("2", "3", "0", "240 GBP/year", "1")), none);
    compare_by_hand(joined(first, BOND("2", "3", "0", "240 GBP/year", "1")), 0, statutory_first);
    compare_deal(joined(first, BOND("2", "3", "1", "240 GBP/year", "0")), none);
    compare_deal(joined(first, BOND("4", "4", "1", "240 GBP/year", "1.2")), late);
    compare_deal(joined(first, BOND("2", "4", "1", "240 GBP/year", "1.2")), saved_up);
    compare_deal(joined(first, BOND("2", "4", "1.5", "240 GBP/year", "9")), more_expected);
    /* years at home rise instead */
    const char *turned = edited(first, "{of: family, states: [home, gone], clocks: [{from: home, to: gone,",
                                "{of: family, states: [gone, home], clocks: [{from: gone, to: home,");
    compare_deal(joined(turned, BOND("2", "3", "1", "240 GBP/year", "1")), rising);
    compare_by_hand(joined(turned, BOND("2", "3", "1", "240 GBP/year", "1")), 0, statutory_first);
    compare_deal(joined(turned, BOND("2", "3", "7", "240 GBP/year", "1")), rising);
    /* the same by the day: 2 GBP a day are 6.0875 units a year */
    static const struct deal_line by_day[] = {{0, 0, 8}, {10, 24.35, 4}, {10, 48.7, 0}, {10, 48.7, 0}};
    compare_deal(joined(first, BOND("2", "4", "1", "2 GBP/day", "20")), by_day);
}

/* 2.3 times 30 units are 69, to the penny, although 2.3 times 360000 is a little less than 828000 in floating point. */
static void the_whole_cap_is_paid(void **state)
{
    static const struct deal_line by_hand[] = {{0, 0, 8}, {10, 16, 4}, {10, 30, 0}, {10, 23, 0}};
    (void)state;
    compare_deal(joined(small("least: 0, most: 1", ""), BOND("2", "4", "1", "480 GBP/year", "2.3")), by_hand);
}

/* An arm's parameters hold for contracts too, those in force when a year begins. */
static void contracts_of_an_arm(void **state)
{
    struct harness h;
    struct result r;
    (void)state;
    const char *text = joined(small("least: 0, most: 1", ""),
                              "contracts: {bond: {budget: b, resource: edge, price: $price, from: 2, to: 4,\n"
                              "  counts: [placement.home], expected: $expected, pays: $pays, cap: $cap}}\n"
                              "parameters: {price: 600 GBP/year, pays: 240 GBP/year, cap: 2, expected: 1}\n"
                              "arms:\n"
                              "  baseline: {}\n"
                              "  dearer: {set: {price: 1200 GBP/year}}\n"
                              "  pays_more: {set: {pays: 480 GBP/year}}\n"
                              "  capped: {set: {cap: 0.5}}\n"
                              "  less_expected: {set: {expected: 0.5}}\n"
                              "  pays_more_later: {from: 2 years, set: {pays: 480 GBP/year}}\n");
    static const struct deal_line by_hand[][4] = {
        {{0, 0, 8}, {10, 8, 4}, {10, 16, 0}, {10, 16, 0}},   {{0, 0, 8}, {20, 8, 4}, {20, 16, 0}, {20, 16, 0}},
        {{0, 0, 8}, {10, 16, 4}, {10, 24, 0}, {10, 20, 0}}, {{0, 0, 8}, {10, 5, 4}, {10, 5, 0}, {10, 5, 0}},
        {{0, 0, 8}, {10, 0, 4}, {10, 8, 0}, {10, 8, 0}},     {{0, 0, 8}, {10, 8, 4}, {10, 32, 0}, {10, 20, 0}},
    };
    harness_load(&h, text);
    for (size_t arm = 0; arm < h.sc.n_arms; arm++) {
        run(&h, &r, arm, 0, 0);
        for (int y = 1; y <= 4; y++) {
            const struct deal_line *k = &by_hand[arm][y - 1];
            int64_t invested = money(&h, &r, "contract", "bond", "invested", y);
            int64_t repaid = money(&h, &r, "contract", "bond", "repaid", y);
            if (invested != pence(k->invested) || repaid != pence(k->repaid))
                fail_msg("arm %s, year %d: invested %g, repaid %g units; by hand %g and %g", h.sc.arms[arm].name, y,
                         (double)invested / UNIT, (double)repaid / UNIT, k->invested, k->repaid);
        }
        result_free(&r);
    }
    harness_free(&h);
}

/* The days of a contract are the person-time of its states: a price of a penny a year, added up. */
static void days_are_person_time(void **state)
{
    struct harness h;
    struct result r;
    (void)state;
    /* 36,525 pence a year are 100 a day */
    const char *text = rich_with(true, "budgets:\n" MAIN OTHER CONTRACTS);
    text = edited(text, "  lost: {of:", "  a: {of: {services.plan: 1 GBP/day, school.out: 1 GBP/day}}\n"
                                        "  b: {of: {services.cin: 1 GBP/day}}\n  lost: {of:");
    harness_load_table(&h, text, RICH_TABLE);
    for (size_t area = 0; area < 3; area++) {
        run(&h, &r, BASELINE, 0, area);
        for (int y = 1; y <= 6; y++)
            for (int i = 0; i < 2; i++) {
                const char *name = i ? "second" : "bond";
                double days = inside(&h, &r, "contract", name, "days", y) *
                              measure(&h, written("contract.%s.days", name))->scale;
                /* a heading is rounded to pence for each month and state: 24 halves of a hundredth of a day */
                assert_true(fabs(days - (double)heading(&h, &r, i ? "b" : "a", y) / 100) < 0.13);
                assert_true(days > 10);
            }
        result_free(&r);
    }
    harness_free(&h);
}

/* ---- which way it goes -------------------------------------------------------------------------------------------- */

/* Cases become more and dearer, help is waited for; `least` of the places are kept. */
static const char *pressed(const char *least, const char *rate)
{
    return written(
        "kith: 1\nmodel: pathway\nseed: 5\ntime: {warm_up: 1 year, counted: 7 years}\n"
        "population: {families: 900, areas: 3}\n"
        "charts:\n"
        "  care: {of: family, states: [none, dear], start: none, clocks: [{from: none, to: dear, hazard: {exponential: %s}}]}\n"
        "  help:\n"
        "    of: family\n"
        "    states: [out, in, line]\n"
        "    clocks: [{from: out, to: in, hazard: {exponential: 1 /year}}, {from: in, to: out, hazard: {exponential: 2 /year}},\n"
        "      {from: line, to: out, hazard: {exponential: 0.5 /year}}]\n"
        "resources: {places: {capacity: {per_1000_families: 301}, used_by: [{chart: help, states: [in], waits_in: line}]}}\n"
        "costs: {care: {of: {care.dear: 1000 GBP/year, care.none: 10 GBP/year}}}\n"
        "budgets: {b: {statutory: [care], places: {places: {price: 700 GBP/year, least: %s, most: 1}}}}\n",
        rate, least);
}

static void rising_costs_take_places(void **state)
{
    struct harness h[3];
    struct result r[3];
    (void)state;
    harness_load(&h[0], pressed("0", "0.03 /year"));
    harness_load(&h[1], pressed("1", "0.03 /year"));
    harness_load(&h[2], pressed("0", "0 /year"));
    for (size_t area = 0; area < 3; area++)
        for (int replication = 0; replication < 3; replication++) {
            int64_t waiting[3] = {0};
            for (int i = 0; i < 3; i++) {
                run(&h[i], &r[i], 0, replication, area);
                size_t at = h[i].shape->resources[0].amount + KITH_POOL_WAITING;
                for (int m = 12 * 5; m < 12 * 7; m++)
                    waiting[i] += r[i].cell.amount[(size_t)m * r[i].cell.n_amounts + at];
            }
            for (int y = 3; y <= 7; y++) /* always fewer, but a year without a new deficit may bring some back */
                assert_true(capacity(&h[0], &r[0], "places", y) < capacity(&h[0], &r[0], "places", 1));
            assert_true(capacity(&h[0], &r[0], "places", 7) < 0.5 * capacity(&h[0], &r[0], "places", 1));
            assert_true(waiting[0] > waiting[1]);
            for (int y = 2; y <= 7; y++) {
                assert_true(capacity(&h[1], &r[1], "places", y) == capacity(&h[1], &r[1], "places", 1));
                assert_true(money(&h[1], &r[1], "budget", "b", "balance", y) <
                            money(&h[1], &r[1], "budget", "b", "balance", y - 1));
                /* nothing changes: neither do the places, although they are made whole by a draw */
                assert_true(capacity(&h[2], &r[2], "places", y) == capacity(&h[2], &r[2], "places", 1));
                assert_int_equal(money(&h[2], &r[2], "budget", "b", "balance", y), 0);
            }
            assert_true(capacity(&h[2], &r[2], "places", 1) > 80);
            for (int i = 0; i < 3; i++)
                result_free(&r[i]);
        }
    for (int i = 0; i < 3; i++)
        harness_free(&h[i]);
}

/* Nobody's places: in thousandths, constant costs keep them to the thousandth. */
static void constant_costs_keep_places(void **state)
{
    static const char *const capacities[] = {"{number: 3}", "{per_1000_families: 12.345}", "{number: 7, times: 0.333}",
                                             "{number: 0.001}", "{number: 1234567}"};
    (void)state;
    for (size_t i = 0; i < sizeof capacities / sizeof *capacities; i++)
        for (int waited_for = 0; waited_for < 2; waited_for++) {
            struct harness h;
            struct result r;
            harness_load(&h, written("kith: 1\nmodel: pathway\ntime: {counted: 5 years}\npopulation: {families: 100}\n"
                                     "charts: {c: {of: family, states: [a, b, queued]}}\n"
                                     "resources: {places: {capacity: %s, used_by: [{chart: c, states: [b]%s}]}}\n"
                                     "costs: {x: {of: {c.a: 12.34 GBP/week}}}\n"
                                     "budgets: {b: {statutory: [x],\n"
                                     "  places: {places: {price: 77.77 GBP/week, least: 0, most: 1}}}}\n",
                                     capacities[i], waited_for ? ", waits_in: queued" : ""));
            for (int replication = 0; replication < (waited_for ? 20 : 1); replication++) {
                run(&h, &r, 0, replication, 0);
                for (int y = 2; y <= 5; y++)
                    if (capacity(&h, &r, "places", y) != capacity(&h, &r, "places", 1))
                        fail_msg("capacity %s%s: %.3f places in year 1, %.3f in year %d", capacities[i],
                                 waited_for ? ", waited for" : "", capacity(&h, &r, "places", 1),
                                 capacity(&h, &r, "places", y), y);
                result_free(&r);
            }
            harness_free(&h);
        }
}

/* The counted period may end within a year: accounts are kept of whole years. */
static void years_are_whole(void **state)
{
    struct harness h;
    struct result r;
    (void)state;
    harness_load(&h, edited(small("least: 0, most: 1", ""), "counted: 4 years", "counted: 41 months"));
    run(&h, &r, 0, 0, 0);
    for (int y = 1; y <= 3; y++)
        compare_line(&h, &r, &statutory_first[y - 1], y);
    for (int m = 36; m < 41; m++) { /* the year that has begun: its places are there */
        assert_int_equal(capacity_ticks(&h, &r, "places", m, m + 1), 0);
        const struct kith_measure *k = measure(&h, "budget.b.spent");
        assert_true(r.series.amount[(size_t)m * r.series.n_amounts + k->over[0].index] == 0);
    }
    result_free(&r);
    harness_free(&h);
}

/* Four families ask for help after half a year, and two find places. Two more places are bought for the second year: they are
 * given out as it begins. */
static void bought_places_are_given_at_once(void **state)
{
    struct harness h;
    struct result r;
    (void)state;
    harness_load(&h, "kith: 1\nmodel: pathway\ntime: {counted: 2 years}\npopulation: {families: 4}\n"
                     "charts:\n"
                     "  care: {of: family, states: [constant]}\n"
                     "  help: {of: family, states: [out, in, line], clocks: [{from: out, to: in, hazard: {fixed: 6 months}}]}\n"
                     "resources: {places: {capacity: {number: 2}, used_by: [{chart: help, states: [in], waits_in: line}]}}\n"
                     "costs: {care: {of: {care.constant: 120 GBP/year}}}\n"
                     "budgets: {b: {statutory: [care], places: {places: {price: 120 GBP/year, least: 0, most: 2}},\n"
                     "  extra: {2: 0.5}}}\n");
    run(&h, &r, 0, 0, 0);
    for (int m = 0; m < 24; m++) {
        const int64_t *at = &r.cell.amount[(size_t)m * r.cell.n_amounts + h.shape->resources[0].amount];
        assert_int_equal(at[KITH_POOL_GRANTED], m == 6 || m == 12 ? 2 : 0);
        assert_int_equal(at[KITH_POOL_WAIT], m == 12 ? 2 * 6 * 65536 : 0);
        assert_int_equal(capacity_ticks(&h, &r, "places", m, m + 1), (m < 12 ? 2 : 4) * 1000 * 65536);
    }
    compare_money("amount", 2, money(&h, &r, "budget", "b", "amount", 2), 9);
    compare_money("balance", 2, money(&h, &r, "budget", "b", "balance", 2), 1);
    result_free(&r);
    harness_free(&h);
}

/* Events at the very moment a year ends belong to the next year. */
static void events_at_the_end_of_a_year(void **state)
{
    static const struct line by_hand[] = {FIRST, {28, 16, 20, 0, 0, 36, -8, 20}, {28, 24, 4, 0, 0, 28, -8, 4},
                                          {28, 32, 0, 0, 0, 32, -12, 0}};
    (void)state;
    compare_by_hand(edited(small("least: 0, most: 1", ""), "fixed: 18 months", "fixed: 1 year"), 0, by_hand);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(money_adds_up_and_buys_what_is_left),
        cmocka_unit_test(money_adds_up_while_nobody_minds),
        cmocka_unit_test(never_more_than_the_cap),
        cmocka_unit_test(a_penny_is_found),
        cmocka_unit_test(another_rule_is_found),
        cmocka_unit_test(arms_that_change_nothing),
        cmocka_unit_test(areas_run_in_any_order),
        cmocka_unit_test(an_areas_money_is_its_own),
        cmocka_unit_test(budgets_side_by_side),
        cmocka_unit_test(reports_are_sums_of_areas),
        cmocka_unit_test(statutory_first_and_ring_fence),
        cmocka_unit_test(prices_per_week),
        cmocka_unit_test(extra_paid_back),
        cmocka_unit_test(extra_in_the_first_year),
        cmocka_unit_test(partners_on_top),
        cmocka_unit_test(resources_in_turn),
        cmocka_unit_test(policies_from_a_date),
        cmocka_unit_test(policies_raise_declared_places),
        cmocka_unit_test(contracts_by_hand),
        cmocka_unit_test(the_whole_cap_is_paid),
        cmocka_unit_test(contracts_of_an_arm),
        cmocka_unit_test(days_are_person_time),
        cmocka_unit_test(rising_costs_take_places),
        cmocka_unit_test(constant_costs_keep_places),
        cmocka_unit_test(years_are_whole),
        cmocka_unit_test(events_at_the_end_of_a_year),
        cmocka_unit_test(bought_places_are_given_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
