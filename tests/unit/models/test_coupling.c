/* Families of an area that meet through its resources: what must not change when nobody is limited, when others are, and
 * when events are carried out in another order; what adds up; and small scenarios whose whole history is written down
 * here by hand. */
#include <signal.h>

#include "../../stat/harness.h"

/* ---- texts ------------------------------------------------------------------------------------------------------ */

enum { PAGE = 32768, PAGES = 64 };
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
    char *p = new_page();
    add_text(p, "%s%s", a, b);
    return p;
}

/* The scenario with this ratio (1 by the load of something) in every clock, as far as clocks are written one a line or
 * have ratios: all their events wait for those of others. */
static const char *bound(const char *text, const char *ratio)
{
    char *p = new_page();
    while (*text) {
        int n = (int)strcspn(text, "\n");
        char line[2048];
        assert_true(n < (int)sizeof line);
        snprintf(line, sizeof line, "%.*s", n, text);
        const char *ratios = strstr(line, "ratios: {");
        if (strstr(line, "ratios: {}"))
            add_text(p, "%s\n", line);
        else if (ratios)
            add_text(p, "%.*sratios: {%s, %s\n", (int)(ratios - line), line, ratio, ratios + strlen("ratios: {"));
        else if (strstr(line, "- {") && strstr(line, "hazard: {") && line[n - 1] == '}')
            add_text(p, "%.*s, ratios: {%s}}\n", n - 1, line, ratio);
        else
            add_text(p, "%s\n", line);
        text += n + (text[n] == '\n');
    }
    return p;
}

/* ---- runs ------------------------------------------------------------------------------------------------------- */

static void run(struct harness *h, struct result *r, size_t arm, int replication, size_t area)
{
    harness_run(h, r, arm, replication, area, 1, KITH_ORDER_FAMILY);
    if (r->cell.fault)
        print_error("%s\n", r->cell.fault);
    assert_null(r->cell.fault);
}

static size_t resource_number(const struct harness *h, const char *name)
{
    for (size_t i = 0; i < h->shape->n_resources; i++)
        if (strcmp(h->shape->resources[i].name, name) == 0)
            return i;
    fail_msg("no resource %s", name);
    return 0;
}

/* An amount of months [from, to). */
static int64_t amount(const struct harness *h, const struct result *r, const char *resource, enum kith_pool_amount what,
                      int from, int to)
{
    size_t at = h->shape->resources[resource_number(h, resource)].amount + what;
    int64_t sum = 0;
    for (int m = from; m < to; m++)
        sum += r->cell.amount[(size_t)m * r->cell.n_amounts + at];
    return sum;
}

/* Some of the families do meet there: they wait, and get what they waited for. */
static void served_late(const struct harness *h, const struct result *r, const char *resource)
{
    assert_true(amount(h, r, resource, KITH_POOL_WAITED, 0, h->sc.months) > 5);
    assert_true(amount(h, r, resource, KITH_POOL_WAIT, 0, h->sc.months) > 0);
    assert_true(amount(h, r, resource, KITH_POOL_GRANTED, 0, h->sc.months) > 5);
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
    return a->n_events == b->n_events && a->n_rows == b->n_rows &&
           same_bytes(a->tally, b->tally, rows * a->n_transitions * sizeof *a->tally) &&
           same_bytes(a->count, b->count, rows * a->n_counts * sizeof *a->count) &&
           same_bytes(a->amount, b->amount, (size_t)a->months * a->n_amounts * sizeof *a->amount) &&
           same_bytes(a->day, b->day, a->n_rows * sizeof *a->day) &&
           same_bytes(a->member, b->member, a->n_rows * sizeof *a->member) &&
           same_bytes(a->code, b->code, a->n_rows * sizeof *a->code) &&
           same_bytes(x->series.cost, y->series.cost,
                      (size_t)x->series.months * x->series.n_costs * sizeof *x->series.cost);
}

static bool has_chart(const struct harness *h, const char *name)
{
    for (size_t i = 0; i < h->shape->n_charts; i++)
        if (strcmp(h->shape->charts[i].name, name) == 0)
            return true;
    return false;
}

/* The transition of the other scenario that is called the same; -1 if there is none. */
static int counterpart(const struct harness *h, size_t code, const struct harness *other)
{
    char a[256], b[256];
    harness_name(h, code, a, sizeof a);
    for (size_t i = 0; i < other->shape->n_transitions; i++)
        if (strcmp(harness_name(other, i, b, sizeof b), a) == 0)
            return (int)i;
    return -1;
}

static bool in_both(const struct harness *h, size_t code, const struct harness *other)
{
    return has_chart(other, h->shape->charts[h->shape->transitions[code].chart].name);
}

/* The charts that both have, transition by transition, with the ticks of each month; transitions that only one of them
 * has never happened. */
static bool same_tallies(struct harness *a, const struct result *x, struct harness *b, const struct result *y)
{
    for (int both = 0; both < 2; both++) {
        struct harness *h = both ? b : a, *other = both ? a : b;
        const struct kith_cell *p = both ? &y->cell : &x->cell, *q = both ? &x->cell : &y->cell;
        for (size_t k = 0; k < h->shape->n_transitions; k++) {
            if (!in_both(h, k, other))
                continue;
            int j = counterpart(h, k, other);
            for (size_t row = 0; row <= (size_t)p->months; row++) {
                struct kith_tally t = p->tally[row * p->n_transitions + k], none = {0, 0};
                struct kith_tally u = j < 0 ? none : q->tally[row * q->n_transitions + (size_t)j];
                if (t.n != u.n || t.rest != u.rest)
                    return false;
            }
        }
    }
    return true;
}

static bool same_stocks(struct harness *a, const struct result *x, struct harness *b, const struct result *y)
{
    for (size_t i = 0; i < a->shape->n_states; i++) {
        const struct kith_shape_state *s = &a->shape->states[i];
        char name[256];
        if (!has_chart(b, a->shape->charts[s->chart].name))
            continue;
        snprintf(name, sizeof name, "%s.%s", a->shape->charts[s->chart].name, s->name);
        for (int m = 0; m <= x->series.months; m++)
            if (stock_at(a, x, name, m) != stock_at(b, y, name, m))
                return false;
    }
    return true;
}

/* Day, member and transition of every event of every family, as far as both have the charts. */
static bool same_tracks(struct harness *a, struct harness *b)
{
    const struct kith_tracks *t = &a->families.tracks, *u = &b->families.tracks;
    size_t i = 0, j = 0;
    if (t->n_families != u->n_families || t->n_members != u->n_members ||
        !same_bytes(t->birth_day, u->birth_day, t->n_members * sizeof *t->birth_day))
        return false;
    for (size_t f = 0; f < t->n_families; f++)
        for (;; i++, j++) {
            while (i < (size_t)t->event_end[f] && !in_both(a, t->code[i], b))
                i++;
            while (j < (size_t)u->event_end[f] && !in_both(b, u->code[j], a))
                j++;
            bool more = i < (size_t)t->event_end[f];
            if (more != (j < (size_t)u->event_end[f]))
                return false;
            if (!more)
                break;
            if (t->day[i] != u->day[j] || t->member[i] != u->member[j] || counterpart(a, t->code[i], b) != u->code[j])
                return false;
        }
    return true;
}

/* Both have been run last with these results. Stocks, flows (with the moments of their events), counts, costs and
 * trajectories; of two scenarios whose shapes may differ. */
static bool same_results(struct harness *a, const struct result *x, struct harness *b, const struct result *y)
{
    return same_tallies(a, x, b, y) && same_stocks(a, x, b, y) && same_tracks(a, b) &&
           x->series.n_counts == y->series.n_counts && x->series.n_costs == y->series.n_costs &&
           same_bytes(x->series.count, y->series.count,
                      ((size_t)x->series.months + 1) * x->series.n_counts * sizeof *x->series.count) &&
           same_bytes(x->series.cost, y->series.cost,
                      (size_t)x->series.months * x->series.n_costs * sizeof *x->series.cost);
}

/* ---- the rich scenario with resources --------------------------------------------------------------------------- */

/* It, with states to wait in, which nobody enters as long as there are no resources. */
static const char *rich(void)
{
    const char *t = edited(RICH, "states: [off, offered, on]", "states: [off, offered, on, queued]");
    t = edited(t, "states: [universal, referral, cin, plan, aged_out]",
               "states: [universal, referral, cin, plan, aged_out, listed]");
    return edited(t, "from: [universal, cin, plan], to: aged_out", "from: [universal, cin, plan, listed], to: aged_out");
}

/* Instant states that are held, states held one after the other, charts of families and of children, who may wait and
 * who may not, one resource of several charts. */
static const char *resources(const char *helpers, const char *workers, const char *seats)
{
    char *p = new_page();
    add_text(p, "resources:\n"
                "  helpers:\n    capacity: %s\n    used_by:\n"
                "      - {chart: help, states: {offered: 1, on: 1.5}, waits_in: queued,\n"
                "         priority: {need: {high: 3, mid: 2}, deprivation: 1.1 per decile}}\n"
                "  workers:\n    capacity: %s\n    slack: 0\n    used_by:\n"
                "      - {chart: services, states: {referral: 1, cin: 1, plan: 2}, waits_in: listed,\n"
                "         priority: {age: {0: 2, 5: 1}, siblings.services: {in: [plan], ratio: 2}}}\n"
                "      - {chart: need, states: [high]}\n"
                "  seats:\n    capacity: %s\n    used_by: [{chart: school, states: [in]}]\n",
             helpers, workers, seats);
    return p;
}

static const char *rich_with(const char *helpers, const char *workers, const char *seats)
{
    return joined(rich(), resources(helpers, workers, seats));
}

/* How many of these comparisons (areas by arms) are equal. */
static int equal_results(const char *a, const char *b)
{
    struct harness h, g;
    struct result x, y;
    int equal = 0;
    harness_load_table(&h, a, RICH_TABLE);
    harness_load_table(&g, b, RICH_TABLE);
    for (size_t area = 0; area < 3; area++)
        for (size_t arm = 0; arm < 4; arm += 3) {
            run(&h, &x, arm, 0, area);
            run(&g, &y, arm, 0, area);
            assert_true(x.cell.n_events > 200);
            equal += same_results(&h, &x, &g, &y);
            result_free(&x);
            result_free(&y);
        }
    harness_free(&h);
    harness_free(&g);
    return equal;
}

static void who_is_not_limited_is_not_changed(void **state)
{
    static const char *const enough[] = {"unlimited", "{number: 1e9}", "{per_1000_families: 1000000000}",
                                         "{column: children, times: 1e7}"};
    (void)state;
    for (size_t i = 0; i < sizeof enough / sizeof *enough; i++) {
        int equal = equal_results(rich(), rich_with(enough[i], enough[i], enough[i]));
        if (equal != 6)
            print_error("capacity %s\n", enough[i]);
        assert_int_equal(equal, 6);
    }
    assert_int_equal(equal_results(rich(), rich_with("unlimited", "{number: 1e9}", "unlimited")), 6);
    /* one place for each area, and only one of the resources limited */
    assert_int_equal(equal_results(rich(), rich_with("{number: 1}", "{number: 1}", "{number: 1}")), 0);
    assert_int_equal(equal_results(rich(), rich_with("{number: 1}", "unlimited", "unlimited")), 0);
    assert_int_equal(equal_results(rich(), rich_with("unlimited", "{number: 1}", "unlimited")), 0);
    /* except that school places are never refused: too few of them change nothing as long as nobody minds */
    assert_int_equal(equal_results(rich(), rich_with("unlimited", "unlimited", "{number: 1}")), 6);
}

/* Who minds a load that is always 0 minds nothing: in the first band, or below it. */
static void a_load_of_nothing(void **state)
{
    static const char *const enough[] = {"unlimited", "{number: 1e9}"};
    const char *mid_high = "ratios: {help: {on: 0.5},\n         area: factor}";
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        const char *text = rich_with(enough[i], enough[i], enough[i]);
        assert_int_equal(equal_results(rich(), edited(text, mid_high,
                                                      "ratios: {help: {on: 0.5},\n         area: factor,\n"
                                                      "         load.workers: {0: 1, 0.5: 3}, load.seats: {0.1: 9}}")),
                         6);
        int equal = equal_results(edited(rich(), mid_high,
                                         "ratios: {help: {on: 0.5},\n         area: factor, times: 2}"),
                                  edited(text, mid_high,
                                         "ratios: {help: {on: 0.5},\n         area: factor,\n"
                                         "         load.workers: {0: 2, 0.5: 3}}"));
        if (equal != 6)
            print_error("capacity %s, a first band of another ratio: %d of 6 equal\n", enough[i], equal);
        assert_int_equal(equal, 6);
    }
    /* the ratio does something where there is load */
    assert_int_equal(equal_results(rich(), edited(rich_with("unlimited", "{number: 3}", "unlimited"), mid_high,
                                                  "ratios: {help: {on: 0.5},\n         area: factor,\n"
                                                  "         load.seats: {0.1: 9}}")) == 6,
                     0);
}

/* ---- areas ------------------------------------------------------------------------------------------------------ */

#define FOUR "code,children,tilt,factor,lone,helpers,workers\n"

static const char *rich_of_columns(void)
{
    return edited(rich_with("{column: helpers}", "{column: workers, times: $uptake}", "{per_10000_children: 8000}"),
                  "ratios: {need: {high: 4}}", "ratios: {need: {high: 4}, load.seats: {1: 1.5}, load.workers: {0.8: 1.2}}");
}

static void other_areas_make_no_difference(void **state)
{
    struct harness h, g;
    struct result x, y;
    (void)state;
    harness_load_table(&h, rich_of_columns(), FOUR "E1,600,0.2,1,3,160,1100\nE2,300,-0.3,1.5,0,80,500\nE3,100,0,0.8,1,30,150\n");
    harness_load_table(&g, rich_of_columns(), FOUR "E1,600,0.2,1,3,160,1100\nE2,300,-0.3,1.5,0,50,700\nE3,100,0,0.8,1,50,80\n");
    for (size_t area = 0; area < 3; area++)
        for (size_t arm = 0; arm < 4; arm += 3) {
            run(&h, &x, arm, 0, area);
            run(&g, &y, arm, 0, area);
            served_late(&h, &x, "workers");
            served_late(&h, &x, "helpers");
            assert_int_equal(same_cells(&x, &y), area == 0); /* its own capacity makes one */
            result_free(&x);
            result_free(&y);
        }
    harness_free(&h);
    harness_free(&g);
}

static void permuted_areas(void **state)
{
    struct harness h, g;
    struct result x, y;
    (void)state;
    harness_load_table(&h, rich_of_columns(), FOUR "E1,600,0.2,1,3,160,1100\nE2,300,-0.3,1.5,0,80,500\nE3,100,0,0.8,1,30,150\n");
    harness_load_table(&g, rich_of_columns(), FOUR "E3,100,0,0.8,1,30,150\nE1,600,0.2,1,3,160,1100\nE2,300,-0.3,1.5,0,80,500\n");
    for (size_t area = 0; area < 3; area++)
        for (size_t arm = 0; arm < 4; arm += 3) {
            run(&h, &x, arm, 0, area);
            run(&g, &y, arm, 0, (area + 1) % 3);
            assert_true(same_cells(&x, &y));
            result_free(&y);
            run(&g, &y, arm, 0, area);
            assert_false(same_cells(&x, &y));
            result_free(&x);
            result_free(&y);
        }
    harness_free(&h);
    harness_free(&g);
}

/* An area as large as all the others together; there are twice as many families and births, so that each area has as many
 * as before. All factors are powers of two: not a bit is different. */
static void one_area_more(void **state)
{
    struct harness h, g;
    struct result x, y;
    (void)state;
    const char *twice = edited(rich_of_columns(), "families: 300", "families: 600");
    twice = edited(twice, "represents: 3000", "represents: 6000");
    twice = edited(twice, "{2000: 400 /year, 2010: 500 /year}", "{2000: 800 /year, 2010: 1000 /year}");
    twice = edited(twice, "rate: 60 /year", "rate: 120 /year");
    harness_load_table(&h, rich_of_columns(), FOUR "E1,600,0.2,1,3,160,1100\nE2,300,-0.3,1.5,0,80,500\nE3,100,0,0.8,1,30,150\n");
    harness_load_table(&g, twice, FOUR "E1,600,0.2,1,3,160,1100\nE2,300,-0.3,1.5,0,80,500\nE0,1000,0,1,4,90,900\nE3,100,0,0.8,1,30,150\n");
    for (size_t area = 0; area < 3; area++)
        for (size_t arm = 0; arm < 4; arm += 3) {
            run(&h, &x, arm, 0, area);
            run(&g, &y, arm, 0, area + (area == 2));
            assert_int_equal(x.n, y.n);
            assert_true(same_cells(&x, &y));
            result_free(&x);
            result_free(&y);
        }
    harness_free(&h);
    harness_free(&g);
}

/* ---- a service that nobody minds -------------------------------------------------------------------------------- */

#define GYM_CHART \
    "  gym:\n    of: family\n    states: [away, in, waits, member]\n    clocks:\n" \
    "      - {from: away, to: in, hazard: {exponential: 3 /year}, ratios: {need: {mid: 2}}}\n" \
    "      - {from: in, to: away, hazard: {weibull: {shape: 2, scale: 0.5 years}}}\n" \
    "      - {from: waits, to: away, hazard: {exponential: 1 /year}}\n"

static const char *with_gym(const char *ratio, const char *used_by, const char *capacity)
{
    char *p = new_page();
    const char *t = edited(rich(), "charts:\n", "charts:\n" GYM_CHART);
    if (ratio)
        t = edited(t, "ratios: {help: {on: 0.5},\n         area: factor}",
                   edited("ratios: {help: {on: 0.5},\n         area: factor, RATIO}", "RATIO", ratio));
    add_text(p, "%sresources: {rooms: {capacity: %s, slack: 0, used_by: [%s]}}\n", t, capacity, used_by);
    return p;
}

static void a_service_that_nobody_minds(void **state)
{
    static const char *const gym = "{chart: gym, states: [in], waits_in: waits}";
    struct harness h;
    struct result x;
    (void)state;
    harness_load_table(&h, with_gym("gym: {member: 3}", gym, "{number: 2}"), RICH_TABLE);
    run(&h, &x, 0, 0, 0);
    served_late(&h, &x, "rooms"); /* it is crowded */
    result_free(&x);
    harness_free(&h);
    /* the state that matters does not occur; nor does the load */
    assert_int_equal(equal_results(rich(), with_gym("gym: {member: 3}", gym, "{number: 2}")), 6);
    assert_int_equal(equal_results(rich(), with_gym("load.rooms: {1000: 3}", gym, "{number: 2}")), 6);
    assert_int_equal(equal_results(rich(), with_gym(NULL, gym, "{number: 2}")), 6);
    /* nobody enters what needs it */
    assert_int_equal(equal_results(rich(), with_gym("gym: {member: 3}", "{chart: gym, states: [member], waits_in: waits}",
                                                    "{number: 0}")),
                     6);
    assert_int_equal(equal_results(with_gym("gym: {in: 3}", "{chart: gym, states: [member], waits_in: waits}", "unlimited"),
                                   with_gym("gym: {in: 3}", "{chart: gym, states: [member], waits_in: waits}", "{number: 0}")),
                     6);
    /* they do matter where they occur */
    assert_int_equal(equal_results(rich(), with_gym("gym: {in: 3}", gym, "{number: 2}")), 0);
    assert_int_equal(equal_results(rich(), with_gym("load.rooms: {1: 3}", gym, "{number: 2}")), 0);
}

/* ---- when exactly ----------------------------------------------------------------------------------------------- */

/* A model that does what the real one does and writes down when, for a run's rows only tell the day. It knows the time of
 * an event if nothing is carried out ahead of the others. */
struct seen {
    double t;
    uint32_t family;
    unsigned member, code;
};

static struct {
    const struct kith_model *real;
    struct kith_model model;
    struct kith_coupling coupling;
    struct seen *seen;
    size_t n, room;
    size_t calls;
    bool ahead; /* a row's day was not that of the time */
} spy;

static void spy_note(const struct kith_cell *cell, size_t before, double t)
{
    for (size_t k = before; k < cell->n_rows; k++) {
        if (k >= spy.room) {
            spy.room = spy.room ? 2 * spy.room : 1024;
            spy.seen = realloc(spy.seen, spy.room * sizeof *spy.seen);
            assert_non_null(spy.seen);
        }
        spy.seen[k] = (struct seen){t, 0, (unsigned)cell->member[k], cell->code[k]};
        spy.ahead |= cell->day[k] != (uint16_t)((t - cell->warm_up) * 365.25);
        spy.n = k + 1;
    }
}

static double spy_advance(const void *model, struct kith_cell *cell, void *family, double until)
{
    size_t before = cell->n_rows;
    double next = spy.real->advance(model, cell, family, until);
    spy.calls++;
    spy_note(cell, before, until);
    return next;
}

static void spy_standing(const void *model, struct kith_cell *cell, const void *family)
{
    size_t before = cell->n_rows;
    spy.real->standing(model, cell, family);
    spy_note(cell, before, cell->warm_up);
}

static double spy_granted(const void *model, struct kith_cell *cell, void *family, double t, size_t pool,
                          const struct kith_ticket *ticket, uint32_t holder)
{
    size_t before = cell->n_rows;
    double next = spy.real->coupling->granted(model, cell, family, t, pool, ticket, holder);
    spy_note(cell, before, t);
    return next;
}

static double spy_lost(const void *model, struct kith_cell *cell, void *family, double t, size_t pool,
                       const struct kith_ticket *ticket)
{
    size_t before = cell->n_rows;
    double next = spy.real->coupling->lost(model, cell, family, t, pool, ticket);
    spy_note(cell, before, t);
    return next;
}

/* Runs a coupled cell; spy.seen are its events, with their families, in the order in which they were carried out. */
static void run_seen(struct harness *h, struct result *r, size_t arm, int replication, size_t area)
{
    assert_true(h->shape->coupled);
    spy.real = h->model;
    spy.model = *h->model;
    spy.coupling = *h->model->coupling;
    spy.model.advance = spy_advance;
    spy.model.standing = spy_standing;
    spy.model.coupling = &spy.coupling;
    spy.coupling.granted = spy_granted;
    spy.coupling.lost = spy_lost;
    spy.n = spy.calls = 0;
    spy.ahead = false;
    h->model = &spy.model;
    run(h, r, arm, replication, area);
    h->model = spy.real;
    assert_int_equal(spy.n, r->cell.n_rows);
    for (size_t k = 0; k < spy.n; k++)
        spy.seen[k].family = r->cell.owner[k];
}

/* ---- first come, first served ----------------------------------------------------------------------------------- */

/* Customers who come as a Poisson stream; the time that one takes depends on nothing but the customer. */
static const char *customers(int seed, const char *more, const char *capacity)
{
    char *p = new_page();
    add_text(p, "kith: 1\nmodel: pathway\nseed: %d\ntime: {counted: 5 years}\n"
                "population: {families: 1, groups: {callers: {rate: 60 /year}}}\n"
                "attributes: {effort: {gamma: {shape: 2, mean: 1}}}\n"
                "charts:\n  c:\n    of: family\n    states: [desk, queue, gone]\n    terminal: [gone]\n    clocks:\n"
                "      - {from: desk, to: gone, hazard: {gamma: {shape: 1.5, mean: 14 days}}, ratios: {effort: power 1%s}}\n",
             seed, more);
    if (capacity)
        add_text(p, "resources: {desks: {capacity: {number: %s}, used_by: [{chart: c, states: [desk], waits_in: queue}]}}\n",
                 capacity);
    return p;
}

struct customer {
    uint32_t family;
    double arrives, takes, starts, leaves;
};

static int order_arrivals(const void *a, const void *b)
{
    const struct customer *x = a, *y = b;
    return (x->arrives > y->arrives) - (x->arrives < y->arrives);
}

/* Who comes when, and takes how long, as long as nobody waits. */
static size_t arrivals(struct customer *c, size_t most, int seed)
{
    struct harness h;
    struct kith_cell cell;
    size_t n = 0;
    harness_load(&h, customers(seed, "", NULL));
    uint64_t families = harness_cell(&h, &cell, 0, 0, 0);
    size_t bytes = h.model->family_bytes(h.compiled);
    void *family = malloc(bytes);
    assert_non_null(family);
    for (uint64_t i = 0; i < families; i++) {
        memset(family, 0, bytes);
        double t = h.model->begin(h.compiled, &cell, i, family);
        if (!(t <= 5))
            continue;
        double gone = h.model->advance(h.compiled, &cell, family, t);
        assert_true(gone > t && gone < INFINITY && n < most);
        c[n++] = (struct customer){(uint32_t)i, t, gone - t, 0, 0};
    }
    free(family);
    kith_cell_free(&cell);
    harness_free(&h);
    qsort(c, n, sizeof *c, order_arrivals);
    return n;
}

/* Kiefer and Wolfowitz: each goes to the desk that is free first. */
static double serve_in_order(struct customer *c, size_t n, size_t desks, double end)
{
    double free_at[16] = {0}, wait = 0;
    for (size_t i = 0; i < n; i++) {
        size_t first = 0;
        for (size_t d = 1; d < desks; d++)
            if (free_at[d] < free_at[first])
                first = d;
        c[i].starts = fmax(c[i].arrives, free_at[first]);
        c[i].leaves = free_at[first] = c[i].starts + c[i].takes;
        wait += fmin(c[i].starts, end) - c[i].arrives;
    }
    return wait;
}

enum { CUSTOMERS = 600 };

static void first_come_first_served_is_a_recursion(void **state)
{
    static struct customer c[CUSTOMERS];
    (void)state;
    for (int seed = 1; seed <= 10; seed++) {
        size_t n = arrivals(c, CUSTOMERS, seed);
        double last = INFINITY;
        assert_true(n > 200);
        for (size_t desks = 1; desks <= 4; desks++) {
            struct harness h;
            struct result r;
            char number[16];
            size_t waits = 0, events = 0;
            snprintf(number, sizeof number, "%zu", desks);
            harness_load(&h, customers(seed, ", load.desks: {0: 1}", number));
            int queue = (int)harness_state(&h, "c.queue"), desk = (int)harness_state(&h, "c.desk");
            run_seen(&h, &r, 0, 0, 0);
            assert_false(spy.ahead);
            double wait = serve_in_order(c, n, desks, 5);
            static struct {
                double queue, desk, gone;
            } was[2 * CUSTOMERS];
            for (size_t i = 0; i < 2 * CUSTOMERS; i++)
                was[i].queue = was[i].desk = was[i].gone = INFINITY;
            for (size_t k = 0; k < spy.n; k++) {
                const struct kith_shape_transition *t = &h.shape->transitions[spy.seen[k].code];
                assert_true(spy.seen[k].family < 2 * CUSTOMERS);
                double *at = t->to == queue  ? &was[spy.seen[k].family].queue
                             : t->to == desk ? &was[spy.seen[k].family].desk
                                             : &was[spy.seen[k].family].gone;
                if (t->to < 0)
                    continue;
                assert_true(*at == INFINITY);
                *at = spy.seen[k].t;
                events++;
            }
            for (size_t i = 0; i < n; i++) {
                double q = was[c[i].family].queue, d = was[c[i].family].desk, g = was[c[i].family].gone;
                bool late = c[i].starts > c[i].arrives;
                waits += late;
                assert_true((q < INFINITY) == late);
                if (late)
                    assert_true(q == c[i].arrives);
                else
                    assert_true(d == c[i].arrives);
                if (c[i].starts < 5)
                    assert_true(fabs(d - c[i].starts) < 1e-9);
                else
                    assert_true(d == INFINITY);
                if (c[i].leaves < 5)
                    assert_true(fabs(g - c[i].leaves) < 1e-9);
                else
                    assert_true(g == INFINITY);
            }
            /* the sums of the pool, to a tick for each who waits */
            double ticks = wait * KITH_POOL_TICKS_A_YEAR;
            assert_true(fabs((double)amount(&h, &r, "desks", KITH_POOL_WAITING, 0, 60) - ticks) <= (double)waits + 1);
            assert_int_equal(amount(&h, &r, "desks", KITH_POOL_REQUESTS, 0, 60), n);
            assert_int_equal(amount(&h, &r, "desks", KITH_POOL_WAITED, 0, 60), waits);
            assert_true(waits > 0 && events > 0);
            /* more desks, less waiting; were there one less, the sum would be another */
            assert_true(wait < last);
            last = wait;
            if (desks > 1) {
                double fewer = serve_in_order(c, n, desks - 1, 5) * KITH_POOL_TICKS_A_YEAR;
                assert_false(fabs((double)amount(&h, &r, "desks", KITH_POOL_WAITING, 0, 60) - fewer) <= (double)waits + 1);
            }
            result_free(&r);
            harness_free(&h);
        }
    }
}

/* Many seeds, nothing bound: the total wait never grows with capacity, and shrinks while anybody waits. */
static void more_capacity_never_lengthens_the_wait(void **state)
{
    (void)state;
    for (int seed = 100; seed < 140; seed++) {
        int64_t last = INT64_MAX, last_wait = INT64_MAX;
        for (int desks = 1; desks <= 6; desks++) {
            struct harness h;
            struct result r;
            char number[16];
            snprintf(number, sizeof number, "%d", desks);
            harness_load(&h, customers(seed, "", number));
            run(&h, &r, 0, 0, 0);
            int64_t waiting = amount(&h, &r, "desks", KITH_POOL_WAITING, 0, 60);
            int64_t waited = amount(&h, &r, "desks", KITH_POOL_WAITED, 0, 60);
            assert_true(waiting <= last && waited <= last_wait);
            assert_false(last > 0 && waiting >= last);
            last = waiting;
            last_wait = waited;
            result_free(&r);
            harness_free(&h);
        }
    }
}

/* Whether state `i` is one of the names in the list, each with a space before and after it. */
static bool listed(const struct harness *h, int i, const char *names)
{
    char name[256];
    if (i < 0)
        return false;
    const struct kith_shape_state *s = &h->shape->states[i];
    snprintf(name, sizeof name, " %s.%s ", h->shape->charts[s->chart].name, s->name);
    return strstr(names, name) != NULL;
}

/* ---- the luck of those who wait --------------------------------------------------------------------------------- */

/* What becomes of a customer: decided in an instant state, by a chance and by a clock. */
struct fate {
    int way;
    bool called;
    double begins, takes;
};

static void meet(struct fate *f, const struct harness *h, double t, unsigned code)
{
    const struct kith_shape_transition *k = &h->shape->transitions[code];
    if (listed(h, k->to, " c.short  c.long ")) {
        f->way = listed(h, k->to, " c.short ") ? 1 : 2;
        f->begins = t;
    }
    if (listed(h, k->from, " c.short  c.long ") && k->to >= 0)
        f->takes = t - f->begins;
    f->called = f->called || listed(h, k->to, " d.on ");
}

/* The draws of one who has waited are those that there would have been at once. */
static void a_wait_changes_nobodys_luck(void **state)
{
    static struct fate at_once[2 * CUSTOMERS], late[2 * CUSTOMERS];
    struct harness h, g;
    struct result r;
    struct kith_cell cell;
    struct story s = {0};
    size_t compared = 0, waited = 0, ways[3] = {0}, calls = 0;
    (void)state;
    const char *text =
        "kith: 1\nmodel: pathway\nseed: 4\ntime: {counted: 5 years}\npopulation: {families: 1, groups: {callers: {rate: 60 /year}}}\n"
        "charts:\n  c:\n    of: family\n    states: [triage, short, long, queue, gone]\n    terminal: [gone]\n"
        "    instant: {triage: {options: [{to: short, weight: 1}, {to: long, weight: 2}]}}\n"
        "    on_entry: {long: {move: {chart: d, to: on, chance: 0.5}}}\n    clocks:\n"
        "      - {from: short, to: gone, hazard: {weibull: {shape: 2, scale: 6 days}}}\n"
        "      - {from: long, to: gone, hazard: {exponential: 20 /year}}\n"
        "  d: {of: family, states: [off, on]}\n";
    harness_load(&h, text);
    harness_load(&g, joined(bound(text, "load.desk: {0: 1}"),
                            "resources: {desk: {capacity: {number: 3}, used_by: [{chart: c, states: [triage, short, long],\n"
                            "  waits_in: queue}]}}\n"));
    uint64_t n = harness_cell(&h, &cell, 0, 0, 0);
    assert_true(n < 2 * CUSTOMERS);
    for (uint64_t i = 0; i < n; i++) {
        harness_story(&h, &cell, i, &s);
        for (size_t k = 0; k < s.n; k++)
            meet(&at_once[i], &h, s.event[k].t, s.event[k].code);
    }
    run_seen(&g, &r, 0, 0, 0);
    assert_false(spy.ahead);
    size_t line = harness_flow(&g, "c.entry.queue");
    for (size_t k = 0; k < spy.n; k++) {
        meet(&late[spy.seen[k].family], &g, spy.seen[k].t, spy.seen[k].code);
        waited += spy.seen[k].code == line;
    }
    for (uint64_t i = 0; i < n; i++)
        if (late[i].takes > 0) {
            compared++;
            ways[late[i].way]++;
            calls += late[i].called;
            assert_int_equal(late[i].way, at_once[i].way);
            assert_int_equal(late[i].called, at_once[i].called);
            assert_true(fabs(late[i].takes - at_once[i].takes) < 1e-9);
        }
    assert_true(compared > 150 && waited > 60 && ways[1] > 50 && ways[2] > 50 && calls > 30);
    story_free(&s);
    kith_cell_free(&cell);
    result_free(&r);
    harness_free(&h);
    harness_free(&g);
}

/* ---- services that are interrupted ------------------------------------------------------------------------------ */

/* Two classes; the second takes the place of the first. What is left of an exponential clock is kept from visit to visit, so
 * a service that is interrupted goes on where it was: its parts make up the time that it takes alone. */
static void an_interrupted_service_goes_on(void **state)
{
    static double spent[2 * CUSTOMERS], since[2 * CUSTOMERS];
    static int visits[2 * CUSTOMERS];
    static bool done[2 * CUSTOMERS];
    static struct customer c[CUSTOMERS];
    struct harness h, g;
    struct result r;
    struct kith_cell cell;
    struct story s = {0};
    size_t n = 0, finished = 0, interrupted = 0;
    (void)state;
    const char *alone = edited(customers(4, "", NULL), "{gamma: {shape: 1.5, mean: 14 days}}", "{exponential: 90 /year}");
    alone = edited(alone, "attributes: {", "attributes: {class: {values: {1: 1, 2: 1}}, ");
    const char *text = joined(edited(alone, "effort: power 1", "effort: power 1, load.desks: {0: 1}"),
                              "resources: {desks: {capacity: {number: 2}, preempts: true, used_by: [{chart: c, states: [desk],\n"
                              "  waits_in: queue, priority: {class: power 1}}]}}\n");
    harness_load(&h, alone);
    harness_load(&g, text);
    uint64_t families = harness_cell(&h, &cell, 0, 0, 0);
    size_t gone = harness_flow(&h, "c.desk.gone");
    for (uint64_t i = 0; i < families; i++) {
        harness_story(&h, &cell, i, &s);
        for (size_t k = 0; k < s.n; k++)
            if (s.event[k].code == gone) {
                assert_true(n < CUSTOMERS);
                c[n++] = (struct customer){(uint32_t)i, s.event[0].t, s.event[k].t - s.event[0].t, 0, 0};
            }
    }
    run_seen(&g, &r, 0, 0, 0);
    assert_false(spy.ahead);
    int desk = (int)harness_state(&g, "c.desk"), out = (int)harness_state(&g, "c.gone");
    for (size_t k = 0; k < spy.n; k++) {
        const struct kith_shape_transition *t = &g.shape->transitions[spy.seen[k].code];
        uint32_t f = spy.seen[k].family;
        assert_true(f < 2 * CUSTOMERS);
        if (t->from == desk)
            spent[f] += spy.seen[k].t - since[f];
        if (t->to == desk) {
            since[f] = spy.seen[k].t;
            visits[f]++;
        }
        done[f] |= t->to == out;
    }
    for (size_t i = 0; i < n; i++)
        if (done[c[i].family]) {
            finished++;
            interrupted += visits[c[i].family] > 1;
            assert_true(fabs(spent[c[i].family] - c[i].takes) < 1e-9);
        }
    assert_true(finished > 150 && interrupted > 30);
    assert_true(amount(&g, &r, "desks", KITH_POOL_PREEMPTED, 0, 60) >= (int64_t)interrupted);
    story_free(&s);
    kith_cell_free(&cell);
    result_free(&r);
    harness_free(&h);
    harness_free(&g);
}

/* ---- the line, from outside ------------------------------------------------------------------------------------- */

enum { FAMILIES = 1500 };

/* Who could have been served, by the events alone: whoever gets a place has the highest priority of all who wait, and of
 * these came first; it fits; and nobody at the head waits for what is there. Priorities are worked out here. */
struct onlooker {
    struct harness *h;
    int64_t capacity, used;
    double joined[FAMILIES];         /* when, or INFINITY */
    size_t order[FAMILIES], comers;  /* in which order */
    int64_t needs[FAMILIES];         /* at first */
    double (*priority)(const struct onlooker *o, size_t family, double t);
    int state[FAMILIES];             /* of a chart that matters */
    float attribute[FAMILIES][4];
    double births[FAMILIES][8];
    size_t n;
    size_t served, overtaken;
};

static void look_at_families(struct onlooker *o, struct harness *h, size_t area)
{
    struct kith_cell cell;
    size_t bytes = h->model->family_bytes(h->compiled);
    void *family = malloc(bytes);
    assert_non_null(family);
    memset(o, 0, sizeof *o);
    o->h = h;
    o->n = harness_cell(h, &cell, 0, 0, area);
    assert_true(o->n < FAMILIES);
    for (size_t i = 0; i < o->n; i++) {
        memset(family, 0, bytes);
        h->model->begin(h->compiled, &cell, i, family);
        h->model->describe(h->compiled, &cell, family, o->attribute[i], o->births[i]);
        o->joined[i] = INFINITY;
        o->state[i] = -1;
    }
    free(family);
    kith_cell_free(&cell);
}

/* The head of the line; o->n if nobody waits. *close: it was a matter of rounding. */
static size_t head_of(const struct onlooker *o, double t, bool *close)
{
    size_t head = o->n;
    double best = -INFINITY;
    *close = false;
    for (size_t i = 0; i < o->n; i++) {
        if (o->joined[i] == INFINITY)
            continue;
        double p = o->priority(o, i, t), before = o->priority(o, i, t - 1e-9);
        if (p != before)
            *close = true;
        if (head == o->n || p > best || (p == best && o->order[i] < o->order[head])) {
            head = i;
            best = p;
        }
    }
    return head;
}

static void nobody_is_kept_waiting(const struct onlooker *o, double t)
{
    bool close;
    size_t head = head_of(o, t, &close);
    if (head < o->n && !close)
        assert_true(o->used + o->needs[head] > o->capacity);
}

static void comes_into_line(struct onlooker *o, size_t family, double t, int64_t units)
{
    assert_true(o->joined[family] == INFINITY);
    o->joined[family] = t;
    o->order[family] = ++o->comers;
    o->needs[family] = units;
}

static void gets_a_place(struct onlooker *o, size_t family, double t, int64_t units)
{
    bool close;
    size_t head = head_of(o, t, &close);
    assert_true(head < o->n);
    if (!close)
        assert_int_equal(head, family);
    for (size_t i = 0; i < o->n; i++)
        o->overtaken += o->joined[i] < INFINITY && o->order[i] < o->order[family];
    o->served++;
    o->joined[family] = INFINITY;
    o->used += units;
    assert_true(o->used <= o->capacity);
}

/* Need is 3, 2 or 1, times 1.1 for each step of deprivation (the first attribute; its centre is 2). */
static double by_need(const struct onlooker *o, size_t family, double t)
{
    int need = o->state[family];
    (void)t;
    return (need == (int)harness_state(o->h, "need.high") ? 3 : need == (int)harness_state(o->h, "need.mid") ? 2 : 1) *
           pow(1.1, (double)o->attribute[family][0] - 2);
}

static void families_are_helped_in_order_of_need(void **state)
{
    static struct onlooker o;
    struct harness h;
    struct result r;
    size_t served = 0, overtaken = 0;
    (void)state;
    const char *text = bound(rich_with("{number: 9}", "unlimited", "unlimited"), "load.helpers: {0: 1}");
    text = edited(text, "warm_up: 20 years, counted: 4 years", "warm_up: 0 years, counted: 24 years"); /* from the beginning */
    harness_load_table(&h, text, RICH_TABLE);
    int on = (int)harness_state(&h, "help.on"), offered = (int)harness_state(&h, "help.offered"),
        queued = (int)harness_state(&h, "help.queued"), low = (int)harness_state(&h, "need.low");
    for (size_t area = 0; area < 3; area++) {
        look_at_families(&o, &h, area);
        o.capacity = 9000;
        o.priority = by_need;
        run_seen(&h, &r, 0, 0, area);
        assert_false(spy.ahead);
        for (size_t k = 0; k < spy.n; k++) {
            const struct seen *e = &spy.seen[k];
            const struct kith_shape_transition *t = &h.shape->transitions[e->code];
            bool had = t->from == on || t->from == offered, has = t->to == on || t->to == offered;
            if (t->to == queued)
                comes_into_line(&o, e->family, e->t, 1000);
            else if (t->from == queued && has)
                gets_a_place(&o, e->family, e->t, t->to == on ? 1500 : 1000);
            else if (t->from == queued)
                o.joined[e->family] = INFINITY;
            else if (has || had)
                o.used += (t->to == on ? 1500 : t->to == offered ? 1000 : 0) - (t->from == on ? 1500 : t->from == offered ? 1000 : 0);
            if (t->chart == h.shape->states[low].chart)
                o.state[e->family] = t->to;
            if (k + 1 == spy.n || spy.seen[k + 1].t > e->t)
                nobody_is_kept_waiting(&o, e->t);
        }
        served += o.served;
        overtaken += o.overtaken;
        result_free(&r);
    }
    assert_true(served > 50 && overtaken > 30);
    harness_free(&h);
}

/* By the age of the member, which moves up and down as they wait. */
static double by_age(const struct onlooker *o, size_t family, double t)
{
    double age = t - o->births[family][0];
    return age < 5 ? 2 : age < 6 ? 3 : age < 8 ? 1 : age < 11 ? 2.5 : 0.5;
}

static void children_are_helped_by_age(void **state)
{
    static struct onlooker o;
    struct harness h;
    struct result r;
    (void)state;
    harness_load(&h, bound("kith: 1\nmodel: pathway\nseed: 2\ntime: {counted: 12 years}\n"
                           "population: {families: 1, groups: {lone: {rate: 25 /year, age: [[3, 0], [9, 1]]}}}\n"
                           "charts:\n  c:\n    of: child\n    states: [desk, line, grown]\n    terminal: [grown]\n    clocks:\n"
                           "      - {name: adult, from: [desk, line], to: grown, hazard: {at_age: 18 years}}\n"
                           "      - {from: desk, to: grown, hazard: {gamma: {shape: 3, mean: 0.2 years}}}\n"
                           "resources: {desk: {capacity: {number: 3}, used_by: [{chart: c, states: [desk], waits_in: line,\n"
                           "  priority: {age: {0: 2, 5: 3, 6: 1, 8: 2.5, 11: 0.5}}}]}}\n",
                           "load.desk: {0: 1}"));
    int desk = (int)harness_state(&h, "c.desk"), line = (int)harness_state(&h, "c.line");
    look_at_families(&o, &h, 0);
    o.capacity = 3000;
    o.priority = by_age;
    run_seen(&h, &r, 0, 0, 0);
    assert_false(spy.ahead);
    for (size_t k = 0; k < spy.n; k++) {
        const struct seen *e = &spy.seen[k];
        const struct kith_shape_transition *t = &h.shape->transitions[e->code];
        if (t->to == line)
            comes_into_line(&o, e->family, e->t, 1000);
        else if (t->from == line && t->to == desk)
            gets_a_place(&o, e->family, e->t, 1000);
        else if (t->from == line)
            o.joined[e->family] = INFINITY;
        else
            o.used += 1000 * ((t->to == desk) - (t->from == desk));
        if (k + 1 == spy.n || spy.seen[k + 1].t > e->t)
            nobody_is_kept_waiting(&o, e->t);
    }
    assert_true(o.served > 80 && o.overtaken > 200);
    result_free(&r);
    harness_free(&h);
}

/* ---- conservation ----------------------------------------------------------------------------------------------- */

/* Transitions of a month that lead from one kind of state into another; `from` and `to` are told apart by what they hold:
 * 'w' waits, 'h' holds units, '-' neither. */
static int64_t crossings(const struct harness *h, const struct result *r, const char *waits, const char *holds, char from,
                         char to, int month)
{
    int64_t sum = 0;
    for (size_t k = 0; k < h->shape->n_transitions; k++) {
        const struct kith_shape_transition *t = &h->shape->transitions[k];
        char a = listed(h, t->from, waits) ? 'w' : listed(h, t->from, holds) ? 'h' : '-';
        char b = listed(h, t->to, waits) ? 'w' : listed(h, t->to, holds) ? 'h' : '-';
        if (a == from && b == to)
            sum += r->series.flow[(size_t)month * r->series.n_transitions + k];
    }
    return sum;
}

struct held {
    const char *state;
    int64_t units;
};

static int64_t stayed(const struct harness *h, const struct result *r, const char *state, int month)
{
    return kith_cell_stayed(&r->cell, h->shape, harness_state(h, state), month, month + 1);
}

/* A resource month by month: who came is who got it at once, or waited; who waited is who got it then, left, or still
 * waits; the units in use are the time spent in the states that hold them, and the time waited that in the states to wait
 * in, to a tick for each event. Nobody is refused or pre-empted here. */
static int64_t check_resource(const struct harness *h, const struct result *r, const char *name, const char *waits,
                              const char *holds, const struct held *held, size_t n_held)
{
    int64_t line = 0, most = 0, total = 0;
    double years = 0;
    const struct kith_series *s = &r->series;
    for (size_t i = 0; i < h->shape->n_states; i++)
        line += listed(h, (int)i, waits) ? s->stock[i] : 0;
    for (size_t i = 0; i < n_held; i++)
        most = held[i].units > most ? held[i].units : most;
    for (int m = 0; m < s->months; m++) {
        int64_t at_once = crossings(h, r, waits, holds, '-', 'h', m), came = crossings(h, r, waits, holds, '-', 'w', m);
        int64_t served = crossings(h, r, waits, holds, 'w', 'h', m), left = crossings(h, r, waits, holds, 'w', '-', m);
        assert_int_equal(amount(h, r, name, KITH_POOL_REQUESTS, m, m + 1), at_once + came);
        assert_int_equal(amount(h, r, name, KITH_POOL_WAITED, m, m + 1), came);
        assert_int_equal(amount(h, r, name, KITH_POOL_GRANTED, m, m + 1), at_once + served);
        assert_int_equal(amount(h, r, name, KITH_POOL_LEFT, m, m + 1), left);
        assert_int_equal(amount(h, r, name, KITH_POOL_REFUSED, m, m + 1), 0);
        assert_int_equal(amount(h, r, name, KITH_POOL_PREEMPTED, m, m + 1), 0);
        assert_int_equal(crossings(h, r, waits, holds, 'h', 'w', m), 0);
        int64_t events = at_once + came + served + left + crossings(h, r, waits, holds, 'h', '-', m) +
                         crossings(h, r, waits, holds, 'h', 'h', m);
        int64_t used = 0, waiting = 0;
        for (size_t i = 0; i < n_held; i++)
            used += held[i].units * stayed(h, r, held[i].state, m);
        for (size_t i = 0; i < h->shape->n_states; i++)
            if (listed(h, (int)i, waits))
                waiting += kith_cell_stayed(&r->cell, h->shape, i, m, m + 1);
        assert_true(llabs((long long)(amount(h, r, name, KITH_POOL_USED, m, m + 1) - used)) <= events * most);
        assert_true(llabs((long long)(amount(h, r, name, KITH_POOL_WAITING, m, m + 1) - waiting)) <= events);
        /* 1% more is noticed */
        if (used > 200 * events * most)
            assert_false(llabs((long long)(amount(h, r, name, KITH_POOL_USED, m, m + 1) - used * 101 / 100)) <= events * most);
        line += came - served - left;
        int64_t stock = 0;
        for (size_t i = 0; i < h->shape->n_states; i++)
            stock += listed(h, (int)i, waits) ? s->stock[(size_t)(m + 1) * s->n_states + i] : 0;
        assert_int_equal(stock, line);
        total += came;
        years += (double)used;
    }
    assert_true(years > 0);
    return total;
}

static void what_the_pools_add_up_is_what_families_did(void **state)
{
    static const struct held helpers[] = {{"help.on", 1500}, {"help.offered", 1000}},
                             workers[] = {{"services.cin", 1000}, {"services.plan", 2000}, {"need.high", 1000}},
                             seats[] = {{"school.in", 1000}};
    struct harness h;
    struct result r;
    int64_t for_help = 0, for_workers = 0;
    (void)state;
    harness_load_table(&h, rich_with("{per_1000_families: 80}",
                                     "{per_1000_families: 300, calendar: {2021-10-01: 0.7, 2022-10-01: 1.5}}", "{number: 3}"),
                       RICH_TABLE);
    for (size_t area = 0; area < 3; area++)
        for (size_t arm = 0; arm < 4; arm += 3) {
            run(&h, &r, arm, 0, area);
            for_help += check_resource(&h, &r, "helpers", " help.queued ", " help.offered  help.on ", helpers, 2);
            for_workers += check_resource(&h, &r, "workers", " services.listed ",
                                          " services.referral  services.cin  services.plan  need.high ", workers, 3);
            assert_int_equal(check_resource(&h, &r, "seats", "", " school.in ", seats, 1), 0);
            result_free(&r);
        }
    assert_true(for_help > 50 && for_workers > 100);
    harness_free(&h);
}

/* The counted period does not include its first moment: what happens then is counted neither as a flow nor by a pool. */
static void what_happens_as_counting_begins(void **state)
{
    struct harness h;
    struct result r;
    (void)state;
    harness_load(&h, "kith: 1\nmodel: pathway\ntime: {warm_up: 1 year, counted: 1 year}\npopulation: {families: 10}\n"
                     "charts:\n  c:\n    of: family\n    states: [a, b, w]\n    clocks:\n"
                     "      - {from: a, to: b, hazard: {fixed: 1 year}}\n"
                     "      - {from: b, to: a, hazard: {fixed: 6 months}}\n"
                     "resources: {r: {capacity: {number: 4}, used_by: [{chart: c, states: [b], waits_in: w}]}}\n");
    run(&h, &r, 0, 0, 0);
    int64_t came = flow_between(&h, &r, "c.a.b", 0, 12) + flow_between(&h, &r, "c.a.w", 0, 12);
    assert_int_equal(stock_at(&h, &r, "c.b", 0), 4); /* it has happened by then */
    assert_int_equal(stock_at(&h, &r, "c.w", 0), 6);
    assert_int_equal(amount(&h, &r, "r", KITH_POOL_REQUESTS, 0, 12), came);
    assert_int_equal(amount(&h, &r, "r", KITH_POOL_WAITED, 0, 12), flow_between(&h, &r, "c.a.w", 0, 12));
    result_free(&r);
    harness_free(&h);
}

/* ---- order ------------------------------------------------------------------------------------------------------ */

static const char *crowded(const char *arms)
{
    return joined(rich_with("{per_1000_families: 80}", "{per_1000_families: 600, times: $uptake}", "{number: 3}"), arms);
}

/* Families whose every clock has a ratio of 1 by the load carry out nothing ahead of the others. */
static void what_is_run_ahead_changes_nothing(void **state)
{
    static const char *const ratios[] = {"load.workers: {0: 1}", "load.workers: {0: 1, 0.9: 1}",
                                         "load.helpers: {0.5: 1, 0.7: 1, 1.2: 1}, load.seats: {1: 1}"};
    (void)state;
    for (size_t i = 0; i < sizeof ratios / sizeof *ratios; i++) {
        struct harness h, g;
        struct result x, y;
        harness_load_table(&h, crowded(""), RICH_TABLE);
        harness_load_table(&g, bound(crowded(""), ratios[i]), RICH_TABLE);
        for (size_t area = 0; area < 3; area++)
            for (size_t arm = 0; arm < 4; arm += 3) {
                run_seen(&h, &x, arm, 0, area);
                size_t calls = spy.calls;
                run_seen(&g, &y, arm, 0, area);
                assert_true(same_results(&h, &x, &g, &y));
                assert_true(same_bytes(x.cell.amount, y.cell.amount,
                                       (size_t)x.cell.months * x.cell.n_amounts * sizeof *x.cell.amount));
                served_late(&h, &x, "workers");
                served_late(&h, &x, "helpers");
                /* the first did run ahead, the second did not */
                assert_true(calls < spy.calls);
                assert_false(spy.ahead);
                result_free(&x);
                result_free(&y);
            }
        harness_free(&h);
        harness_free(&g);
    }
    /* a ratio of another size is something else */
    assert_true(equal_results(crowded(""), bound(crowded(""), "load.workers: {0: 1, 0.9: 1.1}")) < 6);
}

static void arms_that_change_nothing(void **state)
{
    struct harness h;
    struct result base, other;
    (void)state;
    const char *text = edited(crowded(""), "  late: 0.8 /year\n", "  late: 0.8 /year\n  cut: 0.9\n  slots: 3\n");
    text = edited(text, "capacity: {number: 3}", "capacity: {number: $slots, times: [$cut, 1.3], calendar: {2021-01-01: $cut}}");
    text = edited(text, "set: {uptake: 0.5, slope: 1.3,", "set: {uptake: 0.5, slope: 1.3, cut: 0.9, slots: 3,");
    text = edited(text, "  early: {from", "  fewer: {from: 2022-04-01, set: {cut: 0.5}}\n  early: {from");
    text = edited(text, "ratios: {need: {high: 4}}", "ratios: {need: {high: 4}, load.seats: {1: 1.5, 8: 2}}");
    harness_load_table(&h, text, RICH_TABLE);
    for (size_t area = 0; area < 3; area++) {
        run(&h, &base, 0, 0, area);
        for (size_t arm = 1; arm < h.sc.n_arms; arm++) {
            run(&h, &other, arm, 0, area);
            /* `nothing` and `same`; the others do change something */
            assert_int_equal(same_cells(&base, &other), arm <= 2);
            result_free(&other);
        }
        result_free(&base);
    }
    harness_free(&h);
}

/* A share of the families tracked, or none: the counts are the same. */
static void who_is_tracked_makes_no_difference(void **state)
{
    struct harness h;
    struct result all, some;
    (void)state;
    harness_load_table(&h, crowded(""), RICH_TABLE);
    run(&h, &all, 0, 1, 0);
    for (double share = 0; share < 1; share += 0.4) {
        harness_run(&h, &some, 0, 1, 0, share, KITH_ORDER_QUEUE);
        assert_int_equal(all.cell.n_events, some.cell.n_events);
        assert_memory_equal(all.cell.tally, some.cell.tally,
                            ((size_t)all.cell.months + 1) * all.cell.n_transitions * sizeof *all.cell.tally);
        assert_memory_equal(all.cell.amount, some.cell.amount,
                            (size_t)all.cell.months * all.cell.n_amounts * sizeof *all.cell.amount);
        assert_true(some.cell.n_rows < all.cell.n_rows);
        result_free(&some);
    }
    result_free(&all);
    harness_free(&h);
}

/* The workspace and the cell keep nothing of the runs before, even of one that was stopped. */
static void a_cell_is_run_again(void **state)
{
    struct harness h;
    struct result first, again;
    volatile int stop = 1;
    (void)state;
    harness_load_table(&h, crowded(""), RICH_TABLE);
    run(&h, &first, 0, 0, 1);
    run(&h, &again, 3, 0, 0);
    assert_false(same_cells(&first, &again));
    again.cell.key = first.cell.key;
    again.cell.arm = 0;
    again.cell.area = 1;
    kith_cell_clear(&again.cell);
    again.n = h.model->families(h.compiled, &again.cell, (double)h.sc.families * h.sc.areas[1].share * h.shape->turnover);
    assert_int_equal(again.n, first.n);
    assert_int_equal(kith_families_run(&h.families, h.model, h.compiled, &again.cell, h.shape, 0, again.n, 1,
                                       KITH_ORDER_FAMILY, &stop),
                     KITH_STOPPED);
    kith_cell_clear(&again.cell);
    assert_int_equal(kith_families_run(&h.families, h.model, h.compiled, &again.cell, h.shape, 0, again.n, 1,
                                       KITH_ORDER_FAMILY, NULL),
                     KITH_OK);
    kith_cell_series(&again.cell, h.shape, &again.series);
    assert_true(same_cells(&first, &again));
    result_free(&first);
    result_free(&again);
    harness_free(&h);
}

/* Each allocation fails once, from the text to the series: the status says so, and nothing leaks (with a sanitizer). */
static enum kith_status whole(struct harness *h, const char *text, long fail_at)
{
    struct kith_cell cell = {0};
    struct kith_series series = {0};
    h->mem.fail_at = fail_at;
    enum kith_status st = harness_try(h, text, NULL);
    if (!st)
        st = kith_cell_init(&cell, &h->mem, h->shape, h->sc.months);
    if (!st)
        st = kith_series_init(&series, &h->mem, h->shape, h->sc.months);
    if (!st) {
        cell.key = kith_draw_mix(kith_draw_mix(0, h->sc.seed), h->sc.areas[0].key);
        cell.warm_up = h->sc.warm_up;
        cell.end = h->sc.warm_up + h->sc.counted;
        uint64_t n = h->model->families(h->compiled, &cell,
                                        (double)h->sc.families * h->sc.areas[0].share * h->shape->turnover);
        st = kith_families_run(&h->families, h->model, h->compiled, &cell, h->shape, 0, n, 1, KITH_ORDER_FAMILY, NULL);
    }
    if (!st) {
        kith_cell_series(&cell, h->shape, &series);
        assert_true(cell.n_events > 1000);
    }
    kith_cell_free(&cell);
    kith_series_free(&series);
    harness_free(h);
    return st;
}

static void without_memory(void **state)
{
    static struct harness h;
    const char *text =
        "kith: 1\nmodel: pathway\ntime: {warm_up: 1 year, counted: 4 years}\n"
        "population: {families: 30, households: {sizes: {1: 1, 2: 1, 3: 1}, births: 60 /year}, groups: {callers: {rate: 60 /year}}}\n"
        "charts:\n  c:\n    of: family\n    states: [home, desk, line, lost, end]\n    terminal: [end]\n    clocks:\n"
        "      - {from: home, to: desk, hazard: {exponential: 9 /year}, ratios: {load.desk: {1: 0.5}}}\n"
        "      - {from: desk, to: home, hazard: {exponential: 8 /year}}\n"
        "      - {from: line, to: home, hazard: {exponential: 1 /year}}\n"
        "      - {from: home, to: end, hazard: {exponential: 0.2 /year}}\n"
        "      - {from: lost, to: home, hazard: {exponential: 3 /year}}\n"
        "  k:\n    of: child\n    states: [a, b, w]\n    clocks:\n"
        "      - {from: a, to: b, hazard: {exponential: 3 /year}}\n"
        "      - {from: b, to: a, hazard: {exponential: 4 /year}}\n"
        "resources:\n"
        "  desk: {capacity: {number: 20}, preempts: true, room: 90, used_by: [{chart: c, states: [desk], waits_in: line, full: lost,\n"
        "    priority: {k2: {2: 2}}}]}\n"
        "  beds: {capacity: {number: 3}, used_by: [{chart: k, states: [b], waits_in: w, priority: {age: {0: 2, 1: 1}}}]}\n";
    (void)state;
    text = edited(text, "  k:\n", "  k2:\n    of: family\n    states: [1, 2]\n    clocks:\n"
                                  "      - {from: 1, to: 2, hazard: {exponential: 2 /year}}\n"
                                  "      - {from: 2, to: 1, hazard: {exponential: 2 /year}}\n  k:\n");
    assert_int_equal(whole(&h, text, -1), KITH_OK);
    long n = h.mem.allocations;
    assert_true(n > 50);
    for (long i = 0; i < n; i++) {
        enum kith_status st = whole(&h, text, i);
        if (st != KITH_NO_MEMORY)
            print_error("allocation %ld of %ld: status %d\n", i, n, st);
        assert_int_equal(st, KITH_NO_MEMORY);
    }
    assert_int_equal(whole(&h, text, n), KITH_OK);
}

/* ---- scenarios put together at random --------------------------------------------------------------------------- */

static uint64_t luck;

static unsigned pick(unsigned n)
{
    luck = kith_draw_mix(luck, n);
    return (unsigned)((luck >> 20) % n);
}

static void add_hazard(char *t)
{
    static const char *const hazards[] = {
        "exponential: 1.3 /year",
        "weibull: {shape: 0.7, scale: 0.8 years}",
        "gompertz: {rate: 0.5 /year, growth: 1 /year}",
        "gamma: {shape: 3, mean: 1 year}",
        "lognormal: {median: 0.5 years, sigma: 1}",
        "loglogistic: {shape: 2, scale: 1 year}",
        "piecewise: {0 years: 0 /year, 0.2 years: 3 /year, 1 year: 0.1 /year}",
        "fixed: 100 days",
        "table: [[0 years, 0], [0.5 years, 0.3], [0.6 years, 0.3], [3 years, 0.9]]",
        "by_calendar: {1990-01-01: 1 /year, 2002-06-01: 2 /year}",
    };
    add_text(t, "hazard: {%s}", hazards[pick(sizeof hazards / sizeof *hazards)]);
}

/* What a scenario put together at random is to have: resources of some size that matter; plenty; or none. */
enum plenty { SCARCE, PLENTY, NONE };
static enum plenty plenty;

static const char *some_load(void)
{
    static char text[2][80];
    static int which;
    which ^= 1;
    snprintf(text[which], sizeof text[which], ", load.r%u: {0: %u, 0.6: %u, 1.2: %u}", 1 + pick(2), 1 + pick(3), pick(3), 1 + pick(2));
    return pick(3) || plenty != SCARCE ? "" : text[which];
}

/* Chart c of 2 family and 2 child charts: states s0, s1, s2, an instant state q, one to wait in, and perhaps an end. */
static void add_chart(char *t, unsigned c, bool end)
{
    static const char *const names[] = {"f0", "f1", "c0", "c1"};
    bool child = c > 1;
    const char *mate = names[c ^ 1];
    add_text(t, "  %s:\n    of: %s\n    states: [s0, s1, s2, q, w%s]\n    start: %s\n", names[c], child ? "child" : "family",
             end ? ", end" : "", pick(2) ? "s0" : "q");
    if (end)
        add_text(t, "    terminal: [end]\n");
    add_text(t, "    instant:\n      q:\n        shared: 0.5\n        options:\n");
    for (unsigned s = 0; s < 3; s++)
        add_text(t, "          - {to: s%u, weight: %u, ratios: {%s: {s1: 3, s2: %u}%s}}\n", s, 1 + pick(4), mate, !s,
                 s ? some_load() : "");
    add_text(t, "    clocks:\n");
    for (unsigned s = 0; s < 3; s++)
        for (unsigned k = 0; k < 1 + pick(3); k++) {
            add_text(t, "      - {name: k%u%u, from: [s%u, s%u], to: ", s, k, s, (s + 1) % 3);
            if (pick(3))
                add_text(t, "s%u, ", (s + 2) % 3);
            else
                add_text(t, "q, ");
            add_hazard(t);
            add_text(t, ", ratios: {%s: {s%u: %g}, count.met: {1: 1.1, 9: 0.5}%s}", mate, pick(3), 0.5 * pick(5), some_load());
            if (pick(2))
                add_text(t, ", mark: met");
            if (pick(2) && child)
                add_text(t, ", move: [{who: siblings, to: s%u, chance: 0.4, ratios: {times: 1%s}}, {chart: f%u, to: q, from: [s0, s1]}]",
                         pick(3), some_load(), pick(2));
            else if (pick(2))
                add_text(t, ", move: {chart: %s, to: %s, chance: 0.5}", mate, pick(2) ? "q" : "s1");
            else if (!child)
                add_text(t, ", move: [{chart: c0, who: index, to: q, from: [s0, s2]}, {chart: c0, who: siblings, to: s1, chance: 0.3}]");
            add_text(t, "}\n");
        }
    if (pick(2))
        add_text(t, "      - {name: give_up, from: w, to: s%u, hazard: {weibull: {shape: 2, scale: 0.5 years}}%s}\n", pick(3),
                 pick(2) ? ", mark: met" : "");
    if (end)
        add_text(t, "      - {name: to_end, from: [s0, s1, w], to: end, hazard: {%s}}\n",
                 child ? "at_age: 5 years" : "fixed: 3 years");
}

static const char *const chart_names[] = {"f0", "f1", "c0", "c1"}, *const state_names[] = {"s0", "s1", "s2", "q"};
static unsigned uses[4], halves[4][4]; /* the resource of each chart, and how many halves of a unit each state needs */

/* Each chart uses one of three resources, in some of its states. */
static void add_resources(char *t)
{
    unsigned shift = pick(3);
    for (unsigned c = 0; c < 4; c++) {
        uses[c] = c < 3 ? (c + shift) % 3 : pick(3); /* each is used */
        for (unsigned s = 0; s < 4; s++)
            halves[c][s] = pick(5) < 3 ? 1 + pick(3) : 0;
        halves[c][1] = 2;
        halves[c][2 * pick(2)] = 0; /* somewhere to go */
    }
    add_text(t, "resources:\n");
    for (unsigned r = 0; r < 3; r++) {
        bool room = pick(3) == 0, preempts = pick(3) == 0;
        add_text(t, "  r%u:\n    capacity: {number: %g}\n    slack: %g\n", r,
                 plenty == SCARCE ? 3 + pick(25) : 1e9, 0.1 * pick(3));
        if (room)
            add_text(t, "    room: %u\n", pick(12));
        if (preempts)
            add_text(t, "    preempts: true\n");
        add_text(t, "    used_by:\n");
        for (unsigned c = 0; c < 4; c++) {
            if (uses[c] != r)
                continue;
            bool waits = pick(4) > 0, first = true;
            add_text(t, "      - {chart: %s, states: {", chart_names[c]);
            for (unsigned s = 0; s < 4; s++)
                if (halves[c][s]) {
                    add_text(t, "%s%s: %g", first ? "" : ", ", state_names[s], 0.5 * halves[c][s]);
                    first = false;
                }
            add_text(t, "}");
            unsigned elsewhere = halves[c][0] ? 2 : 0;
            if (waits)
                add_text(t, ", waits_in: w");
            if (room && (waits || pick(2)))
                add_text(t, ", full: s%u", elsewhere);
            if (waits && preempts && pick(2))
                add_text(t, ", preempted_to: s%u", elsewhere);
            /* with pre-emption, no priority that goes up and down with the places that others get: see priorities_in_a_circle */
            if (waits && pick(3))
                add_text(t, ", priority: {count.met: {1: 2, 3: 1.5}%s%s%s}", c > 1 ? ", age: {1: 1.3, 2: 0.8, 4: 1}" : "",
                         preempts ? "" : ", ", preempts ? "" : c == 1 ? "f0: {s1: 3, s2: 2}" : c == 0 ? "f1: {s1: 2}" :
                         c == 2 ? "c1: {s1: 3, s2: 0.5}" : "siblings.c0: {in: [s1, s2], ratio: 2}");
            add_text(t, "}\n");
        }
    }
}

static const char *random_scenario(unsigned round, enum plenty how)
{
    char *t = new_page();
    plenty = how;
    luck = kith_draw_mix(78, round);
    add_text(t, "kith: 1\nmodel: pathway\nseed: %u\ntime: {start: 1998-04-01, warm_up: %u years, counted: 3 years}\n"
                "population: {families: 40, households: {sizes: {1: 1, 2: 2, 3: 2}, births: 30 /year,\n"
                "  gap: {shape: 1, mean: 1 year}}}\nmarks: {met: family}\ncharts:\n",
             round, 4 * (round % 3));
    for (unsigned c = 0; c < 4; c++)
        add_chart(t, c, (c == 2 && round % 2) || (c == 0 && round % 4 == 3));
    if (how != NONE)
        add_resources(t);
    return t;
}

/* The units in use are the time in the states that need them, the time waited that in w; to a tick for each event. */
static bool check_use(const struct harness *h, const struct result *r)
{
    char name[] = "r0", state[16];
    int months = h->sc.months;
    bool telling = true;
    for (unsigned k = 0; k < 3; k++) {
        int64_t used = 0, waiting = 0;
        name[1] = (char)('0' + k);
        for (unsigned c = 0; c < 4; c++) {
            if (uses[c] != k)
                continue;
            for (unsigned s = 0; s < 3; s++) {
                snprintf(state, sizeof state, "%s.%s", chart_names[c], state_names[s]);
                used += 500 * halves[c][s] * kith_cell_stayed(&r->cell, h->shape, harness_state(h, state), 0, months);
            }
            snprintf(state, sizeof state, "%s.w", chart_names[c]);
            waiting += kith_cell_stayed(&r->cell, h->shape, harness_state(h, state), 0, months);
        }
        int64_t events = (int64_t)r->cell.n_events;
        assert_true(llabs((long long)(amount(h, r, name, KITH_POOL_USED, 0, months) - used)) <= 1500 * events);
        assert_true(llabs((long long)(amount(h, r, name, KITH_POOL_WAITING, 0, months) - waiting)) <= events);
        telling = telling && used > 1000 * 1500 * events; /* a tick for each event is less than 0.1% */
    }
    return telling;
}

enum { ROUNDS = 20 };

/* Nothing that is run ahead makes a difference; what is used is what is stayed; and with enough for everybody all is as it
 * is without resources. */
static void scenarios_put_together_at_random(void **state)
{
    int64_t waited = 0, got = 0, refused = 0, left = 0, preempted = 0, telling = 0;
    (void)state;
    for (unsigned round = 0; round < ROUNDS; round++) {
        struct harness h, g;
        struct result x, y;
        harness_load(&h, random_scenario(round, NONE));
        harness_load(&g, random_scenario(round, PLENTY));
        run(&h, &x, 0, 0, 0);
        run(&g, &y, 0, 0, 0);
        assert_true(same_results(&h, &x, &g, &y));
        result_free(&x);
        result_free(&y);
        harness_free(&h);
        harness_free(&g);
        const char *text = random_scenario(round, SCARCE);
        harness_load(&h, text);
        harness_load(&g, bound(text, "load.r0: {0: 1}"));
        run_seen(&h, &x, 0, 0, 0);
        run_seen(&g, &y, 0, 0, 0);
        assert_false(spy.ahead);
        if (!same_results(&h, &x, &g, &y))
            print_error("round %u: running ahead makes a difference\n", round);
        assert_true(same_results(&h, &x, &g, &y));
        assert_true(same_bytes(x.cell.amount, y.cell.amount, (size_t)x.cell.months * x.cell.n_amounts * sizeof *x.cell.amount));
        telling += check_use(&h, &x);
        for (unsigned r = 0; r < 3; r++) {
            char name[] = "r0";
            name[1] = (char)('0' + r);
            waited += amount(&h, &x, name, KITH_POOL_WAITED, 0, 36);
            got += amount(&h, &x, name, KITH_POOL_WAIT, 0, 36) > 0;
            refused += amount(&h, &x, name, KITH_POOL_REFUSED, 0, 36);
            left += amount(&h, &x, name, KITH_POOL_LEFT, 0, 36);
            preempted += amount(&h, &x, name, KITH_POOL_PREEMPTED, 0, 36);
        }
        result_free(&x);
        result_free(&y);
        harness_free(&h);
        harness_free(&g);
    }
    assert_true(waited > 500 && got > ROUNDS && refused > 50 && left > 50 && preempted > 50 && telling > ROUNDS / 2);
}

/* ---- hazards that depend on the load ---------------------------------------------------------------------------- */

enum { PEOPLE = 12 };

/* How many of PEOPLE are in the states (names as in listed()) at dates that are far from each other. */
static int64_t sample(const char *text, const char *names, int64_t count[PEOPLE + 1])
{
    struct harness h;
    struct result r;
    int64_t n = 0;
    memset(count, 0, (PEOPLE + 1) * sizeof *count);
    harness_load(&h, text);
    for (int replication = 0; replication < 250; replication++) {
        harness_run(&h, &r, 0, replication, 0, 0, KITH_ORDER_FAMILY);
        assert_null(r.cell.fault);
        for (int m = 36; m <= h.sc.months; m += 36, n++) {
            int64_t in = 0;
            for (size_t i = 0; i < h.shape->n_states; i++)
                in += listed(&h, (int)i, names) ? r.series.stock[(size_t)m * r.series.n_states + i] : 0;
            assert_true(in >= 0 && in <= PEOPLE);
            count[in]++;
        }
        result_free(&r);
    }
    harness_free(&h);
    return n;
}

/* The distribution of a chain on 0 .. PEOPLE with these rates up and down. */
static void birth_and_death(double (*up)(int), double (*down)(int), double p[PEOPLE + 1])
{
    double sum = p[0] = 1;
    for (int n = 1; n <= PEOPLE; n++)
        sum += p[n] = p[n - 1] * up(n - 1) / down(n);
    for (int n = 0; n <= PEOPLE; n++)
        p[n] /= sum;
}

static double half_from; /* the ratio of arrivals in the middle band */
static double up_never_refused(int n)
{
    return (PEOPLE - n) * 2.0 * (n < 4 ? 1 : n < 8 ? half_from : 0.2);
}
static double down_never_refused(int n)
{
    return n * 3.0 * (n < 6 ? 1 : 1.5);
}

/* People who go in and out; who comes is deterred by the load, who is in is hurried. Nobody is refused: the load is how
 * many are in, over 8. The chain is birth and death with known rates, for the load is the same for all, and the next event
 * depends on nothing before. */
static void a_load_that_deters_and_hurries(void **state)
{
    int64_t count[PEOPLE + 1];
    double p[PEOPLE + 1];
    (void)state;
    int64_t n = sample("kith: 1\nmodel: pathway\nseed: 5\ntime: {counted: 60 years}\npopulation: {families: 12}\n"
                       "charts:\n  c:\n    of: family\n    states: [out, in]\n    clocks:\n"
                       "      - {from: out, to: in, hazard: {exponential: 2 /year}, ratios: {load.r: {0: 1, 0.5: 0.6, 1: 0.2}}}\n"
                       "      - {from: in, to: out, hazard: {exponential: 3 /year}, ratios: {load.r: {0: 1, 0.75: 1.5}}}\n"
                       "resources: {r: {capacity: {number: 8}, slack: 0, used_by: [{chart: c, states: [in]}]}}\n",
                       " c.in ", count);
    half_from = 0.6;
    birth_and_death(up_never_refused, down_never_refused, p);
    assert_true(p_cells(count, p, PEOPLE + 1, n) > LEVEL);
    half_from = 0.75;
    birth_and_death(up_never_refused, down_never_refused, p);
    assert_false(p_cells(count, p, PEOPLE + 1, n) > LEVEL);
}

static double servers;
static double up_in_line(int n)
{
    return (PEOPLE - n) * 1.0 * (n < 6 ? 1 : n < 8 ? 0.5 : 0.2);
}
static double down_in_line(int n)
{
    return fmin(n, servers) * 2.0;
}

/* Who finds all 4 places taken waits, and those who wait are load, too. */
static void a_line_that_deters(void **state)
{
    int64_t count[PEOPLE + 1];
    double p[PEOPLE + 1];
    (void)state;
    int64_t n = sample("kith: 1\nmodel: pathway\nseed: 6\ntime: {counted: 60 years}\npopulation: {families: 12}\n"
                       "charts:\n  c:\n    of: family\n    states: [out, in, line]\n    clocks:\n"
                       "      - {from: out, to: in, hazard: {exponential: 1 /year}, ratios: {load.r: {1.5: 0.5, 2: 0.2}}}\n"
                       "      - {from: in, to: out, hazard: {exponential: 2 /year}}\n"
                       "resources: {r: {capacity: {number: 4}, slack: 0, used_by: [{chart: c, states: [in], waits_in: line}]}}\n",
                       " c.in c.line ", count);
    servers = 4;
    birth_and_death(up_in_line, down_in_line, p);
    assert_true(p_cells(count, p, PEOPLE + 1, n) > LEVEL);
    servers = 3.5; /* twin */
    birth_and_death(up_in_line, down_in_line, p);
    assert_false(p_cells(count, p, PEOPLE + 1, n) > LEVEL);
}

/* The distribution of how many are in, of a chain on (how many, in which band): the band is entered at `high`, left when
 * there are fewer than `low`. */
static void with_slack(int high, double low, double ratio, double p[PEOPLE + 1])
{
    enum { N = 2 * (PEOPLE + 1) };
    static double q[N][N + 1];
    memset(q, 0, sizeof q);
    for (int n = 0; n <= PEOPLE; n++)
        for (int band = 0; band < 2; band++) {
            int i = 2 * n + band;
            double up = (PEOPLE - n) * 2.0 * (band ? ratio : 1), down = n * 3.0;
            if (n < PEOPLE) {
                int j = 2 * (n + 1) + (band || n + 1 >= high);
                q[j][i] += up;
                q[i][i] -= up;
            }
            if (n > 0) {
                int j = 2 * (n - 1) + (band && n - 1 >= low);
                q[j][i] += down;
                q[i][i] -= down;
            }
        }
    for (int i = 0; i < N; i++) /* the sum is 1, in place of one balance */
        q[0][i] = 1;
    q[0][N] = 1;
    for (int k = 0; k < N; k++) {
        int best = k;
        for (int i = k + 1; i < N; i++)
            best = fabs(q[i][k]) > fabs(q[best][k]) ? i : best;
        for (int j = 0; j <= N; j++) {
            double t = q[k][j];
            q[k][j] = q[best][j];
            q[best][j] = t;
        }
        assert_true(fabs(q[k][k]) > 1e-12);
        for (int i = 0; i < N; i++)
            for (int j = N; i != k && j >= k; j--)
                q[i][j] -= q[i][k] / q[k][k] * q[k][j];
    }
    for (int n = 0; n <= PEOPLE; n++)
        p[n] = q[2 * n][N] / q[2 * n][2 * n] + q[2 * n + 1][N] / q[2 * n + 1][2 * n + 1];
}

static void a_band_with_slack(void **state)
{
    int64_t count[PEOPLE + 1];
    double p[PEOPLE + 1];
    (void)state;
    int64_t n = sample("kith: 1\nmodel: pathway\nseed: 7\ntime: {counted: 60 years}\npopulation: {families: 12}\n"
                       "charts:\n  c:\n    of: family\n    states: [out, in]\n    clocks:\n"
                       "      - {from: out, to: in, hazard: {exponential: 2 /year}, ratios: {load.r: {1: 0.25}}}\n"
                       "      - {from: in, to: out, hazard: {exponential: 3 /year}}\n"
                       "resources: {r: {capacity: {number: 6}, slack: 0.4, used_by: [{chart: c, states: [in]}]}}\n",
                       " c.in ", count);
    with_slack(6, 3.6, 0.25, p); /* stays in the band with 4, leaves it with 3 */
    assert_true(p_cells(count, p, PEOPLE + 1, n) > LEVEL);
    with_slack(6, 4.6, 0.25, p);
    assert_false(p_cells(count, p, PEOPLE + 1, n) > LEVEL);
    with_slack(6, 6, 0.25, p);
    assert_false(p_cells(count, p, PEOPLE + 1, n) > LEVEL);
}

/* One chart of all families goes in on day 100 and out on day 300, so that the load is 2 between; a clock of another runs
 * at three times its speed there. From where it ends without that, it follows where it ends with it. */
static double brought_forward(double t, double from, double to, double ratio, double shape)
{
    /* what is used up goes with the time in the state to the power of `shape` */
    double h = pow(t, shape), a = pow(from, shape), b = pow(to, shape);
    if (h < a)
        return t;
    if (h < a + ratio * (b - a))
        return pow(a + (h - a) / ratio, 1 / shape);
    return pow(h - (ratio - 1) * (b - a), 1 / shape);
}

static void a_clock_goes_on_with_what_is_left(void **state)
{
    static const char *const hazards[] = {"exponential: 1.5 /year", "weibull: {shape: 2, scale: 0.9 years}"};
    (void)state;
    for (int which = 0; which < 2; which++) {
        struct harness h, g;
        struct result r;
        struct kith_cell cell;
        struct story s = {0};
        size_t before = 0, within = 0, after = 0;
        char *without = new_page(), *with = new_page();
        for (int k = 0; k < 2; k++)
            add_text(k ? with : without,
                     "kith: 1\nmodel: pathway\ntime: {counted: 40 years}\npopulation: {families: 300}\n"
                     "charts:\n  c:\n    of: family\n    states: [home, in, out]\n    clocks:\n"
                     "      - {from: home, to: in, hazard: {fixed: 100 days}%s}\n"
                     "      - {from: in, to: out, hazard: {fixed: 200 days}%s}\n"
                     "  w:\n    of: family\n    states: [a, b]\n    clocks:\n"
                     "      - {from: a, to: b, hazard: {%s}%s}\n%s",
                     k ? ", ratios: {load.r: {0: 1}}" : "", k ? ", ratios: {load.r: {0: 1}}" : "", hazards[which],
                     k ? ", ratios: {load.r: {1: 3}}" : "",
                     k ? "resources: {r: {capacity: {number: 150}, slack: 0, used_by: [{chart: c, states: [in]}]}}\n" : "");
        harness_load(&h, without);
        harness_load(&g, with);
        run_seen(&g, &r, 0, 0, 0);
        assert_false(spy.ahead);
        uint64_t n = harness_cell(&h, &cell, 0, 0, 0);
        size_t code = harness_flow(&h, "w.a.b"), code_g = harness_flow(&g, "w.a.b");
        for (uint64_t i = 0; i < n; i++) {
            double t = INFINITY, u = INFINITY;
            harness_story(&h, &cell, i, &s);
            for (size_t k = 0; k < s.n; k++)
                if (s.event[k].code == code)
                    t = s.event[k].t;
            for (size_t k = 0; k < spy.n; k++)
                if (spy.seen[k].code == code_g && spy.seen[k].family == i)
                    u = spy.seen[k].t;
            assert_true(t < INFINITY && u < INFINITY);
            double expected = brought_forward(t, 100 / 365.25, 300 / 365.25, 3, which + 1);
            assert_true(fabs(u - expected) < 1e-9);
            before += u * 365.25 < 100;
            within += u * 365.25 >= 100 && u * 365.25 < 300;
            after += u * 365.25 >= 300;
            if (u * 365.25 > 101) /* another ratio is noticed */
                assert_false(fabs(u - brought_forward(t, 100 / 365.25, 300 / 365.25, 3.01, which + 1)) < 1e-9);
        }
        assert_true(before > 20 && within > 20 && after > 5);
        story_free(&s);
        result_free(&r);
        kith_cell_free(&cell);
        harness_free(&h);
        harness_free(&g);
    }
}

/* ---- whole histories, by hand ----------------------------------------------------------------------------------- */

/* Families of kinds 1, 2, ..., one of each. Kind k does something of its own on a day; times are in days. */
struct expected {
    double day;
    int kind;
    const char *what; /* CHART.FROM.TO */
};

enum { KINDS_MAX = 6 };

struct history {
    struct harness h;
    struct result r;
    int kind[KINDS_MAX]; /* of family i */
};

static const char *history_begin(int kinds)
{
    char *p = new_page();
    add_text(p, "kith: 1\nmodel: pathway\ntime: {start: 2000-01-01, counted: 1 year}\npopulation: {families: %d}\n"
                "attributes: {kind: {values: {",
             kinds);
    for (int k = 1; k <= kinds; k++)
        add_text(p, "%s%d: 1", k > 1 ? ", " : "", k);
    add_text(p, "}}}\n");
    return p;
}

/* A clock that runs for one kind only. */
static const char *on_day(int kind, const char *from, const char *to, const char *days)
{
    char *p = new_page();
    add_text(p, "      - {name: %s_%s_%d, from: %s, to: %s, hazard: {fixed: %s days}, ratios: {when: ["
                "{if: {kind: [~, %d]}, ratio: 0}, {if: {kind: [%d, ~]}, ratio: 0}]}}\n",
             from, to, kind, from, to, days, kind, kind + 1);
    return p;
}

/* Kinds 1, 2, ... come to the desk on these days, separated by spaces; a page. */
static const char *come(const char *to, const char *days)
{
    char *p = new_page();
    int kind = 0;
    while (*days) {
        char day[32];
        int n = (int)strcspn(days, " ");
        snprintf(day, sizeof day, "%.*s", n, days);
        if (strcmp(day, "-") != 0)
            add_text(p, "%s", on_day(kind + 1, "home", to, day));
        kind++;
        days += n + (days[n] == ' ');
    }
    return p;
}

/* Looks for a seed that gives each family a kind of its own, and runs with every clock bound to the load of `desk`. */
static void history_run(struct history *v, const char *text, size_t arm)
{
    struct kith_cell cell;
    harness_load(&v->h, bound(text, "load.desk: {0: 1}"));
    size_t bytes = v->h.model->family_bytes(v->h.compiled), families = (size_t)v->h.sc.families;
    void *family = malloc(bytes);
    assert_non_null(family);
    assert_true(families <= KINDS_MAX);
    for (bool found = false; !found; v->h.sc.seed++) {
        unsigned seen = 0;
        assert_true(v->h.sc.seed < 5000);
        assert_int_equal(harness_cell(&v->h, &cell, arm, 0, 0), families);
        for (size_t i = 0; i < families; i++) {
            float kind[4];
            double births[1];
            memset(family, 0, bytes);
            v->h.model->begin(v->h.compiled, &cell, i, family);
            v->h.model->describe(v->h.compiled, &cell, family, kind, births);
            v->kind[i] = (int)kind[0];
            seen |= 1u << (v->kind[i] - 1);
        }
        kith_cell_free(&cell);
        found = seen == (1u << families) - 1;
        if (found)
            break;
    }
    free(family);
    run_seen(&v->h, &v->r, arm, 0, 0);
    assert_false(spy.ahead);
}

static void history_free(struct history *v)
{
    result_free(&v->r);
    harness_free(&v->h);
}

/* Same moment: by kind, then as they came. */
static bool out_of_order(const struct expected *a, const struct expected *b)
{
    return fabs(a->day - b->day) < 1e-6 ? a->kind > b->kind : a->day > b->day;
}

static void in_order(struct expected *e, size_t n)
{
    for (size_t i = 1; i < n; i++)
        for (size_t j = i; j > 0 && out_of_order(&e[j - 1], &e[j]); j--) {
            struct expected t = e[j];
            e[j] = e[j - 1];
            e[j - 1] = t;
        }
}

/* Everything that happened, entries aside, is what is expected. */
static bool happened(const struct history *v, const struct expected *expected, size_t n, bool report)
{
    static struct expected want[256], got[256];
    static char names[256][64];
    size_t m = 0;
    bool same = true;
    assert_true(n < 256 && spy.n < 256);
    memcpy(want, expected, n * sizeof *want);
    for (size_t k = 0; k < spy.n; k++) {
        if (v->h.shape->transitions[spy.seen[k].code].from < 0)
            continue;
        harness_name(&v->h, spy.seen[k].code, names[m], sizeof names[m]);
        got[m] = (struct expected){spy.seen[k].t * 365.25, v->kind[spy.seen[k].family], names[m]};
        m++;
    }
    in_order(want, n);
    in_order(got, m);
    for (size_t i = 0; i < m || i < n; i++)
        if (i >= m || i >= n || fabs(want[i].day - got[i].day) > 1e-6 || want[i].kind != got[i].kind ||
            strcmp(want[i].what, got[i].what) != 0)
            same = false;
    for (size_t i = 0; report && !same && (i < m || i < n); i++) {
        if (i < n)
            print_error("expected %8.3f %d %-20s ", want[i].day, want[i].kind, want[i].what);
        else
            print_error("expected %31s ", "-");
        if (i < m)
            print_error("got %8.3f %d %s\n", got[i].day, got[i].kind, got[i].what);
        else
            print_error("got -\n");
    }
    return same;
}

#define EXPECT(v, ...) \
    do { \
        static const struct expected list_[] = {__VA_ARGS__}; \
        assert_true(happened(v, list_, sizeof list_ / sizeof *list_, true)); \
    } while (0)

static int64_t year(const struct history *v, enum kith_pool_amount what)
{
    return amount(&v->h, &v->r, "desk", what, 0, 12);
}

static void expect_days(const struct history *v, enum kith_pool_amount what, double days, double each)
{
    double ticks = (double)year(v, what) / each / KITH_POOL_TICKS_A_YEAR * 365.25;
    if (fabs(ticks - days) > 0.01)
        print_error("amount %d: expected %g days, got %g\n", (int)what, days, ticks);
    assert_true(fabs(ticks - days) <= 0.01);
}

static void expect_counts(const struct history *v, int requests, int waited, int granted, int refused, int left,
                          int preempted)
{
    const int want[] = {requests, waited, granted, refused, left, preempted};
    bool same = true;
    for (int i = 0; i < 6; i++)
        if (year(v, (enum kith_pool_amount)i) != want[i]) {
            print_error("amount %d: expected %d, got %d\n", i, want[i], (int)year(v, (enum kith_pool_amount)i));
            same = false;
        }
    assert_true(same);
}

#define DESK_CHART "charts:\n  c:\n    of: family\n    states: [home, desk, line, done, gave_up, lost]\n    clocks:\n"
#define SERVED "      - {from: desk, to: done, hazard: {fixed: 10 days}}\n"
#define DESK(more) "resources:\n  desk:\n    slack: 0\n" more
#define LINE_UP "    used_by: [{chart: c, states: [desk], waits_in: line}]\n"

static const char *desk_scenario(int kinds, const char *clocks, const char *rest)
{
    return joined(joined(joined(history_begin(kinds), DESK_CHART), clocks), rest);
}

static void some_wait_and_some_give_up(void **state)
{
    struct history v;
    (void)state;
    history_run(&v, desk_scenario(6, joined(come("desk", "1 3 4 12 18 20"),
                                             SERVED "      - {from: line, to: gave_up, hazard: {fixed: 5.25 days}}\n"),
                                  DESK("    capacity: {number: 1}\n" LINE_UP)),
                0);
    EXPECT(&v, {1, 1, "c.home.desk"}, {3, 2, "c.home.line"}, {4, 3, "c.home.line"}, {8.25, 2, "c.line.gave_up"},
           {9.25, 3, "c.line.gave_up"}, {11, 1, "c.desk.done"}, {12, 4, "c.home.desk"}, {18, 5, "c.home.line"},
           {20, 6, "c.home.line"}, {22, 4, "c.desk.done"}, {22, 5, "c.line.desk"}, {25.25, 6, "c.line.gave_up"},
           {32, 5, "c.desk.done"});
    expect_counts(&v, 6, 4, 3, 0, 3, 0);
    expect_days(&v, KITH_POOL_WAIT, 4, 1);
    expect_days(&v, KITH_POOL_WAITING, 3 * 5.25 + 4, 1);
    expect_days(&v, KITH_POOL_USED, 30, 1000);
    expect_days(&v, KITH_POOL_CAPACITY, 365.25, 1000);
    static const struct expected other[] = {{1, 1, "c.home.desk"}};
    assert_false(happened(&v, other, 1, false));
    history_free(&v);
}

static void some_find_the_line_full(void **state)
{
    struct history v;
    (void)state;
    history_run(&v, desk_scenario(5, joined(come("desk", "1 2 3 12 13"), SERVED),
                                  DESK("    capacity: {number: 1}\n    room: 1\n"
                                       "    used_by: [{chart: c, states: [desk], waits_in: line, full: lost}]\n")),
                0);
    EXPECT(&v, {1, 1, "c.home.desk"}, {2, 2, "c.home.line"}, {3, 3, "c.home.lost"}, {11, 1, "c.desk.done"},
           {11, 2, "c.line.desk"}, {12, 4, "c.home.line"}, {13, 5, "c.home.lost"}, {21, 2, "c.desk.done"},
           {21, 4, "c.line.desk"}, {31, 4, "c.desk.done"});
    expect_counts(&v, 5, 2, 3, 2, 0, 0);
    history_free(&v);
    /* nobody waits */
    history_run(&v, desk_scenario(5, joined(come("desk", "1 2 3 12 13"), SERVED),
                                  DESK("    capacity: {number: 1}\n    room: 0\n"
                                       "    used_by: [{chart: c, states: [desk], full: lost}]\n")),
                0);
    EXPECT(&v, {1, 1, "c.home.desk"}, {2, 2, "c.home.lost"}, {3, 3, "c.home.lost"}, {11, 1, "c.desk.done"},
           {12, 4, "c.home.desk"}, {13, 5, "c.home.lost"}, {22, 4, "c.desk.done"});
    expect_counts(&v, 5, 0, 2, 3, 0, 0);
    expect_days(&v, KITH_POOL_WAITING, 0, 1);
    history_free(&v);
}

/* A chart beside c that does something of its own on a day; clocks follow. */
#define BESIDE(states, more) "  d:\n    of: family\n    states: [" states "]\n" more "    clocks:\n"

static const char *three(const char *a, const char *b, const char *c)
{
    return joined(joined(a, b), c);
}

/* A statutory duty: use beyond capacity, and who must wait gets nothing until it has fallen below. */
static void some_are_never_refused(void **state)
{
    struct history v;
    (void)state;
    const char *duty = three(on_day(3, "calm", "duty", "1"), on_day(4, "calm", "duty", "3"),
                             "      - {from: duty, to: calm2, hazard: {fixed: 20 days}}\n");
    history_run(&v, desk_scenario(4, three(come("desk", "2 4"), SERVED BESIDE("calm, duty, calm2", ""), duty),
                                  DESK("    capacity: {number: 1}\n    used_by:\n"
                                       "      - {chart: c, states: [desk], waits_in: line}\n"
                                       "      - {chart: d, states: [duty]}\n")),
                0);
    EXPECT(&v, {1, 3, "d.calm.duty"}, {2, 1, "c.home.line"}, {3, 4, "d.calm.duty"}, {4, 2, "c.home.line"},
           {21, 3, "d.duty.calm2"}, {23, 4, "d.duty.calm2"}, {23, 1, "c.line.desk"}, {33, 1, "c.desk.done"},
           {33, 2, "c.line.desk"}, {43, 2, "c.desk.done"});
    expect_counts(&v, 4, 2, 4, 0, 0, 0);
    expect_days(&v, KITH_POOL_USED, 60, 1000);
    history_free(&v);
}

static void the_line_is_ordered_by_priority(void **state)
{
    struct history v;
    (void)state;
    for (int which = 0; which < 2; which++) {
        history_run(&v, desk_scenario(4, joined(come("desk", "1 2 4 3"), SERVED),
                                      which ? DESK("    capacity: {number: 1}\n    used_by: [{chart: c, states: [desk], "
                                                   "waits_in: line, priority: {kind: power 1}}]\n")
                                            : DESK("    capacity: {number: 1}\n    used_by: [{chart: c, states: [desk], "
                                                   "waits_in: line, priority: 7}]\n")),
                    0);
        if (which)
            EXPECT(&v, {1, 1, "c.home.desk"}, {2, 2, "c.home.line"}, {3, 4, "c.home.line"}, {4, 3, "c.home.line"},
                   {11, 1, "c.desk.done"}, {11, 4, "c.line.desk"}, {21, 4, "c.desk.done"}, {21, 3, "c.line.desk"},
                   {31, 3, "c.desk.done"}, {31, 2, "c.line.desk"}, {41, 2, "c.desk.done"});
        else
            EXPECT(&v, {1, 1, "c.home.desk"}, {2, 2, "c.home.line"}, {3, 4, "c.home.line"}, {4, 3, "c.home.line"},
                   {11, 1, "c.desk.done"}, {11, 2, "c.line.desk"}, {21, 2, "c.desk.done"}, {21, 4, "c.line.desk"},
                   {31, 4, "c.desk.done"}, {31, 3, "c.line.desk"}, {41, 3, "c.desk.done"});
        history_free(&v);
    }
}

/* A chart that the priority depends on changes while one waits. */
static void a_priority_that_changes_while_waiting(void **state)
{
    struct history v;
    (void)state;
    history_run(&v, desk_scenario(3, three(come("desk", "1 2 3"), SERVED BESIDE("calm, acute", ""),
                                           on_day(3, "calm", "acute", "8")),
                                  DESK("    capacity: {number: 1}\n    used_by: [{chart: c, states: [desk], waits_in: line, "
                                       "priority: {d: {acute: 3}}}]\n")),
                0);
    EXPECT(&v, {1, 1, "c.home.desk"}, {2, 2, "c.home.line"}, {3, 3, "c.home.line"}, {8, 3, "d.calm.acute"},
           {11, 1, "c.desk.done"}, {11, 3, "c.line.desk"}, {21, 3, "c.desk.done"}, {21, 2, "c.line.desk"},
           {31, 2, "c.desk.done"});
    expect_days(&v, KITH_POOL_WAIT, 8 + 19, 1);
    history_free(&v);
    /* the same by how often a mark was set */
    history_run(&v, joined(desk_scenario(3, three(come("desk", "1 2 3"),
                                                  SERVED BESIDE("calm, acute", "    on_entry: {acute: {mark: seen}}\n"),
                                                  on_day(3, "calm", "acute", "8")),
                                         DESK("    capacity: {number: 1}\n    used_by: [{chart: c, states: [desk], waits_in: line, "
                                              "priority: {count.seen: {0: 1, 1: 3}}}]\n")),
                           "marks: {seen: family}\n"),
                0);
    EXPECT(&v, {1, 1, "c.home.desk"}, {2, 2, "c.home.line"}, {3, 3, "c.home.line"}, {8, 3, "d.calm.acute"},
           {11, 1, "c.desk.done"}, {11, 3, "c.line.desk"}, {21, 3, "c.desk.done"}, {21, 2, "c.line.desk"},
           {31, 2, "c.desk.done"});
    history_free(&v);
    /* and with pre-emption it takes the place at that moment; the service begins anew when it is given back */
    history_run(&v, desk_scenario(3, three(come("desk", "1 2 3"), SERVED BESIDE("calm, acute", ""),
                                           on_day(3, "calm", "acute", "8")),
                                  DESK("    capacity: {number: 1}\n    preempts: true\n    used_by: [{chart: c, states: [desk], "
                                       "waits_in: line, preempted_to: lost, priority: {d: {acute: 3}}}]\n")),
                0);
    EXPECT(&v, {1, 1, "c.home.desk"}, {2, 2, "c.home.line"}, {3, 3, "c.home.line"}, {8, 3, "d.calm.acute"},
           {8, 1, "c.desk.lost"}, {8, 3, "c.line.desk"}, {18, 3, "c.desk.done"}, {18, 2, "c.line.desk"},
           {28, 2, "c.desk.done"});
    expect_counts(&v, 3, 2, 3, 0, 0, 1);
    history_free(&v);
}

/* What a priority depends on need not be a chart: a date, the load of another resource, a parameter of an arm. Kind 2 waits
 * for the bed with a priority of 2, kind 3 for the desk with one of 1 that becomes 3 while both wait. */
static void a_priority_that_changes_with_time(void **state)
{
    static const char *const priority[] = {"{calendar: {2000-01-20: 3}}", "{load.other: {1: 3}}", "$urgency",
                                           "{times: $urgency}"};
    bool all = true;
    (void)state;
    for (size_t i = 0; i < sizeof priority / sizeof *priority; i++) {
        struct history v;
        char *rest = new_page();
        add_text(rest, "resources:\n  desk:\n    capacity: {number: 1}\n    used_by:\n"
                       "      - {chart: c, states: [desk], waits_in: line, priority: %s}\n"
                       "      - {chart: d, states: [bed], waits_in: bedline, priority: 2}\n"
                       "  other: {capacity: {number: 1}, used_by: [{chart: e, states: [y]}]}\n"
                       "parameters: {urgency: {value: 1, range: [0, 10]}}\n"
                       "arms: {baseline: {}, urgent: {from: 0.06 years, set: {urgency: 3}}}\n",
                 priority[i]);
        const char *text = desk_scenario(3, three(come("desk", "1 - 3"), edited(SERVED, "10 days", "30 days"),
                                                  three(BESIDE("calm, bed, bedline, out", ""), on_day(2, "calm", "bed", "2"),
                                                        "      - {from: bed, to: out, hazard: {fixed: 10 days}}\n"
                                                        "  e:\n    of: family\n    states: [x, y, z]\n    clocks:\n")),
                                         "");
        text = three(text, on_day(3, "x", "y", "20"), rest);
        history_run(&v, text, 1);
        static const struct expected list[] = {
            {1, 1, "c.home.desk"}, {2, 2, "d.calm.bedline"}, {3, 3, "c.home.line"}, {20, 3, "e.x.y"}, {31, 1, "c.desk.done"},
            {31, 3, "c.line.desk"}, {61, 3, "c.desk.done"}, {61, 2, "d.bedline.bed"}, {71, 2, "d.bed.out"}};
        bool same = happened(&v, list, sizeof list / sizeof *list, true);
        if (!same)
            print_error("priority: %s\n", priority[i]);
        all = all && same;
        history_free(&v);
    }
    assert_true(all);
}

/* Who is served by a higher priority loses the place, goes back into line and begins anew. */
static void a_higher_priority_takes_the_place(void **state)
{
    struct history v;
    (void)state;
    history_run(&v, desk_scenario(4, joined(come("desk", "1 6 4 20"), SERVED),
                                  DESK("    capacity: {number: 1}\n    preempts: true\n    used_by: [{chart: c, states: [desk], "
                                       "waits_in: line, priority: {kind: power 1}}]\n")),
                0);
    EXPECT(&v, {1, 1, "c.home.desk"}, {4, 3, "c.home.line"}, {4, 1, "c.desk.line"}, {4, 3, "c.line.desk"},
           {6, 2, "c.home.line"}, {14, 3, "c.desk.done"}, {14, 2, "c.line.desk"}, {20, 4, "c.home.line"},
           {20, 2, "c.desk.line"}, {20, 4, "c.line.desk"}, {30, 4, "c.desk.done"}, {30, 2, "c.line.desk"},
           {40, 2, "c.desk.done"}, {40, 1, "c.line.desk"}, {50, 1, "c.desk.done"});
    /* once asked, once got, however often it was lost */
    expect_counts(&v, 4, 3, 4, 0, 0, 2);
    expect_days(&v, KITH_POOL_WAIT, 8 + 10 + 36, 1);
    expect_days(&v, KITH_POOL_WAITING, 8 + 10 + 36, 1);
    expect_days(&v, KITH_POOL_USED, 49, 1000);
    history_free(&v);
}

/* Of two of the same priority the later one loses; who is equal takes nothing; who may not wait loses nothing. */
static void the_latest_of_the_lowest_loses(void **state)
{
    struct history v;
    (void)state;
    history_run(&v, desk_scenario(5, three(come("desk", "1 2 3 4"), SERVED BESIDE("calm, duty, calm2", ""),
                                           joined(on_day(5, "calm", "duty", "0.5"),
                                                  "      - {from: duty, to: calm2, hazard: {fixed: 40 days}}\n")),
                                  DESK("    capacity: {number: 3}\n    preempts: true\n    used_by:\n"
                                       "      - {chart: c, states: [desk], waits_in: line, preempted_to: lost,\n"
                                       "         priority: {when: [{if: {kind: [4, ~]}, ratio: 2}]}}\n"
                                       "      - {chart: d, states: [duty]}\n")),
                0);
    EXPECT(&v, {0.5, 5, "d.calm.duty"}, {1, 1, "c.home.desk"}, {2, 2, "c.home.desk"}, {3, 3, "c.home.line"},
           {4, 4, "c.home.line"}, {4, 2, "c.desk.lost"}, {4, 4, "c.line.desk"}, {11, 1, "c.desk.done"},
           {11, 3, "c.line.desk"}, {14, 4, "c.desk.done"}, {21, 3, "c.desk.done"}, {40.5, 5, "d.duty.calm2"});
    expect_counts(&v, 5, 2, 5, 0, 0, 1);
    history_free(&v);
}

/* The head of the line needs two places and holds up one who needs one. */
static void the_head_holds_up_those_behind(void **state)
{
    struct history v;
    (void)state;
    history_run(&v, edited(desk_scenario(3, three(come("desk", "1 - 3"), on_day(2, "home", "hall", "2"),
                                                  SERVED "      - {from: hall, to: done, hazard: {fixed: 10 days}}\n"),
                                         DESK("    capacity: {number: 2}\n"
                                              "    used_by: [{chart: c, states: {desk: 1, hall: 2}, waits_in: line}]\n")),
                           "states: [home, desk,", "states: [home, hall, desk,"),
                0);
    EXPECT(&v, {1, 1, "c.home.desk"}, {2, 2, "c.home.line"}, {3, 3, "c.home.line"}, {11, 1, "c.desk.done"},
           {11, 2, "c.line.hall"}, {21, 2, "c.hall.done"}, {21, 3, "c.line.desk"}, {31, 3, "c.desk.done"});
    expect_days(&v, KITH_POOL_USED, 10 + 20 + 10, 1000);
    history_free(&v);
}

/* A place is kept from one state to the next; one that takes more than the last is not asked for again. */
static void a_place_is_kept_from_state_to_state(void **state)
{
    struct history v;
    (void)state;
    for (int units = 1; units <= 2; units++) {
        history_run(&v, edited(edited(desk_scenario(3, joined(come("desk", "1 2 6"),
                                                              "      - {from: desk, to: hall, hazard: {fixed: 4 days}}\n"
                                                              "      - {from: hall, to: done, hazard: {fixed: 10 days}}\n"),
                                                    DESK("    capacity: {number: 2}\n"
                                                         "    used_by: [{chart: c, states: {desk: 1, hall: UNITS}, waits_in: line}]\n")),
                                      "states: [home, desk,", "states: [home, hall, desk,"),
                               "UNITS", units == 1 ? "1" : "2"),
                    0);
        if (units == 1)
            EXPECT(&v, {1, 1, "c.home.desk"}, {2, 2, "c.home.desk"}, {5, 1, "c.desk.hall"}, {6, 3, "c.home.line"},
                   {6, 2, "c.desk.hall"}, {15, 1, "c.hall.done"}, {15, 3, "c.line.desk"}, {16, 2, "c.hall.done"},
                   {19, 3, "c.desk.hall"}, {29, 3, "c.hall.done"});
        else /* use was 3, then 4 of 2; nothing is given out before the second has left, too */
            EXPECT(&v, {1, 1, "c.home.desk"}, {2, 2, "c.home.desk"}, {5, 1, "c.desk.hall"}, {6, 3, "c.home.line"},
                   {6, 2, "c.desk.hall"}, {15, 1, "c.hall.done"}, {16, 2, "c.hall.done"}, {16, 3, "c.line.desk"},
                   {20, 3, "c.desk.hall"}, {30, 3, "c.hall.done"});
        expect_counts(&v, 3, 1, 3, 0, 0, 0);
        expect_days(&v, KITH_POOL_USED, 3 * 4 + 3 * 10 * units, 1000);
        history_free(&v);
    }
}

#define TRIAGE \
    "      triage:\n        options:\n" \
    "          - {to: desk, weight: 1, ratios: {when: [{if: {kind: [2, 3]}, ratio: 0}]}}\n" \
    "          - {to: lost, weight: 1, ratios: {when: [{if: {kind: [~, 2]}, ratio: 0}, {if: {kind: [3, ~]}, ratio: 0}]}}\n"

/* An instant state that is held: the wait is for it, and what it decides is decided when the turn has come. */
static void an_instant_state_is_waited_for(void **state)
{
    struct history v;
    (void)state;
    const char *text = desk_scenario(3, joined(come("triage", "1 2 3"), SERVED),
                                     DESK("    capacity: {number: 1}\n"
                                          "    used_by: [{chart: c, states: [triage, desk], waits_in: line}]\n"));
    text = edited(text, "states: [home, desk,", "states: [home, triage, desk,");
    text = edited(text, "    clocks:\n", "    instant:\n" TRIAGE "    clocks:\n");
    history_run(&v, text, 0);
    EXPECT(&v, {1, 1, "c.home.triage"}, {1, 1, "c.triage.desk"}, {2, 2, "c.home.line"}, {3, 3, "c.home.line"},
           {11, 1, "c.desk.done"}, {11, 2, "c.line.triage"}, {11, 2, "c.triage.lost"}, {11, 3, "c.line.triage"},
           {11, 3, "c.triage.desk"}, {21, 3, "c.desk.done"});
    expect_counts(&v, 3, 2, 3, 0, 0, 0);
    expect_days(&v, KITH_POOL_USED, 20, 1000);
    history_free(&v);
    /* not held: it decides at once, and those wait whom it sends to the desk */
    history_run(&v, edited(text, "states: [triage, desk], waits_in", "states: [desk], waits_in"), 0);
    EXPECT(&v, {1, 1, "c.home.triage"}, {1, 1, "c.triage.desk"}, {2, 2, "c.home.triage"}, {2, 2, "c.triage.lost"},
           {3, 3, "c.home.triage"}, {3, 3, "c.triage.line"}, {11, 1, "c.desk.done"}, {11, 3, "c.line.desk"},
           {21, 3, "c.desk.done"});
    expect_counts(&v, 2, 1, 2, 0, 0, 0);
    history_free(&v);
}

/* Moves take somebody out of the line, or to where there is one. */
static void moves_meet_the_line(void **state)
{
    struct history v;
    (void)state;
    const char *text = desk_scenario(3, three(come("desk", "1 2 3"), SERVED BESIDE("calm, acute", "    on_entry: {acute: {move: MOVE}}\n"),
                                              on_day(2, "calm", "acute", "5")),
                                     DESK("    capacity: {number: 1}\n" LINE_UP));
    history_run(&v, edited(text, "MOVE", "{chart: c, to: lost, from: [line]}"), 0);
    EXPECT(&v, {1, 1, "c.home.desk"}, {2, 2, "c.home.line"}, {3, 3, "c.home.line"}, {5, 2, "d.calm.acute"},
           {5, 2, "c.line.lost"}, {11, 1, "c.desk.done"}, {11, 3, "c.line.desk"}, {21, 3, "c.desk.done"});
    expect_counts(&v, 3, 2, 2, 0, 1, 0);
    expect_days(&v, KITH_POOL_WAIT, 8, 1);
    expect_days(&v, KITH_POOL_WAITING, 8 + 3, 1);
    history_free(&v);
    text = edited(text, on_day(2, "home", "desk", "2"), "");
    history_run(&v, edited(text, "MOVE", "{chart: c, to: desk, from: [home]}"), 0);
    EXPECT(&v, {1, 1, "c.home.desk"}, {3, 3, "c.home.line"}, {5, 2, "d.calm.acute"}, {5, 2, "c.home.line"},
           {11, 1, "c.desk.done"}, {11, 3, "c.line.desk"}, {21, 3, "c.desk.done"}, {21, 2, "c.line.desk"},
           {31, 2, "c.desk.done"});
    expect_counts(&v, 3, 2, 3, 0, 0, 0);
    history_free(&v);
}

/* Who waits already and is sent once more to what is waited for goes on waiting; by a move, and by a clock. */
static void who_waits_is_sent_to_the_desk_again(void **state)
{
    (void)state;
    for (int which = 0; which < 2; which++) {
        struct history v;
        size_t desk, line, served = 0;
        history_run(&v, which ? desk_scenario(2, joined(come("desk", "1 2"),
                                                        SERVED "      - {from: line, to: desk, hazard: {fixed: 3 days}}\n"),
                                              DESK("    capacity: {number: 1}\n" LINE_UP))
                              : desk_scenario(2, three(come("desk", "1 2"),
                                                       SERVED BESIDE("calm, acute",
                                                                     "    on_entry: {acute: {move: {chart: c, to: desk}}}\n"),
                                                       on_day(2, "calm", "acute", "5")),
                                              DESK("    capacity: {number: 1}\n" LINE_UP)),
                    0);
        desk = harness_state(&v.h, "c.desk");
        line = harness_state(&v.h, "c.line");
        for (size_t k = 0; k < spy.n; k++) {
            const struct kith_shape_transition *t = &v.h.shape->transitions[spy.seen[k].code];
            if (t->to != (int)desk || v.kind[spy.seen[k].family] != 2)
                continue;
            assert_int_equal(t->from, line);
            assert_true(fabs(spy.seen[k].t * 365.25 - 11) < 1e-6);
            served++;
        }
        assert_int_equal(served, 1);
        expect_days(&v, KITH_POOL_WAITING, 9, 1);
        expect_days(&v, KITH_POOL_USED, 20, 1000);
        history_free(&v);
    }
}

/* One who has a place but could not have waited for it keeps it. */
static void who_may_not_wait_loses_nothing(void **state)
{
    struct history v;
    (void)state;
    history_run(&v, desk_scenario(3, three(come("desk", "1 3 4"), SERVED BESIDE("calm, bed, out", ""),
                                           joined(on_day(3, "calm", "bed", "2"),
                                                  "      - {from: bed, to: out, hazard: {fixed: 10 days}}\n")),
                                  DESK("    capacity: {number: 2}\n    room: 9\n    preempts: true\n    used_by:\n"
                                       "      - {chart: c, states: [desk], waits_in: line, full: lost, priority: 2}\n"
                                       "      - {chart: d, states: [bed], full: out, priority: 1}\n")),
                0);
    EXPECT(&v, {1, 1, "c.home.desk"}, {2, 3, "d.calm.bed"}, {3, 2, "c.home.line"}, {4, 3, "c.home.line"},
           {11, 1, "c.desk.done"}, {11, 2, "c.line.desk"}, {12, 3, "d.bed.out"}, {12, 3, "c.line.desk"},
           {21, 2, "c.desk.done"}, {22, 3, "c.desk.done"});
    expect_counts(&v, 4, 2, 4, 0, 0, 0);
    history_free(&v);
}

/* A turn at one resource frees a place of another: whoever waits for that has it at the same moment. */
static void one_turn_brings_another(void **state)
{
    struct history v;
    (void)state;
    const char *text = desk_scenario(3, three(come("desk", "1 2"), SERVED BESIDE("calm, bed, bedline, out", ""),
                                              joined(on_day(2, "calm", "bed", "1"), on_day(3, "calm", "bed", "3"))),
                                     "resources:\n"
                                     "  beds: {capacity: {number: 1}, used_by: [{chart: d, states: [bed], waits_in: bedline}]}\n"
                                     "  desk:\n    capacity: {number: 1}\n" LINE_UP);
    history_run(&v, edited(text, "states: [home, desk, line, done, gave_up, lost]\n",
                           "states: [home, desk, line, done, gave_up, lost]\n"
                           "    on_entry: {desk: {move: {chart: d, to: out, from: [bed]}}}\n"),
                0);
    EXPECT(&v, {1, 1, "c.home.desk"}, {1, 2, "d.calm.bed"}, {2, 2, "c.home.line"}, {3, 3, "d.calm.bedline"},
           {11, 1, "c.desk.done"}, {11, 2, "c.line.desk"}, {11, 2, "d.bed.out"}, {11, 3, "d.bedline.bed"},
           {21, 2, "c.desk.done"});
    history_free(&v);
}

/* Each raises the other's priority by having the place, so that it would go to and fro for ever: that has to be said. */
static void priorities_in_a_circle(void **state)
{
    struct harness h;
    struct result r;
    (void)state;
    harness_load(&h, "kith: 1\nmodel: pathway\ntime: {counted: 1 year}\npopulation: {families: 1}\n"
                     "charts:\n"
                     "  a: {of: family, states: [out, in, line], clocks: [{from: out, to: in, hazard: {fixed: 1 day}}]}\n"
                     "  b: {of: family, states: [out, in, line], clocks: [{from: out, to: in, hazard: {fixed: 2 days}}]}\n"
                     "resources:\n  r:\n    capacity: {number: 1}\n    preempts: true\n    used_by:\n"
                     "      - {chart: a, states: [in], waits_in: line, priority: {b: {in: 2}}}\n"
                     "      - {chart: b, states: [in], waits_in: line, priority: {a: {in: 2}}}\n");
    harness_run(&h, &r, 0, 0, 0, 0, KITH_ORDER_FAMILY);
    assert_non_null(r.cell.fault);
    result_free(&r);
    harness_free(&h);
}

/* For tests that may not return. */
static void too_long(int number)
{
    (void)number;
    fail_msg("goes on for ever");
}

static int within_seconds(void **state)
{
    struct sigaction act = {.sa_handler = too_long, .sa_flags = SA_NODEFER};
    (void)state;
    sigemptyset(&act.sa_mask);
    assert_int_equal(sigaction(SIGALRM, &act, NULL), 0);
    alarm(10);
    return 0;
}

static int within_minutes(void **state)
{
    within_seconds(state);
    alarm(120);
    return 0;
}

static int in_time(void **state)
{
    (void)state;
    alarm(0);
    return 0;
}

/* A family that ends gives back what it has, and its place in line. */
static void the_end_of_a_family_frees_its_place(void **state)
{
    struct history v;
    (void)state;
    history_run(&v, desk_scenario(3, three(come("desk", "1 2 3"), SERVED BESIDE("alive, dead", "    terminal: [dead]\n"),
                                           joined(on_day(2, "alive", "dead", "5"), on_day(1, "alive", "dead", "8"))),
                                  DESK("    capacity: {number: 1}\n" LINE_UP)),
                0);
    EXPECT(&v, {1, 1, "c.home.desk"}, {2, 2, "c.home.line"}, {3, 3, "c.home.line"}, {5, 2, "d.alive.dead"},
           {5, 2, "c.line.exit"}, {8, 1, "d.alive.dead"}, {8, 1, "c.desk.exit"}, {8, 3, "c.line.desk"},
           {18, 3, "c.desk.done"});
    expect_counts(&v, 3, 2, 2, 0, 1, 0);
    history_free(&v);
}

/* A parameter that an arm changes on day 7.305. More: somebody's turn has come. Less: nobody loses anything, and what
 * becomes free is not given out. */
static void capacity_that_changes(void **state)
{
    struct history v;
    (void)state;
    const char *text = joined(desk_scenario(3, joined(come("desk", "1 2 3"), SERVED),
                                            DESK("    capacity: {number: $places}\n" LINE_UP)),
                              "parameters: {places: {value: FIRST, range: [0, 10]}}\n"
                              "arms: {baseline: {}, changed: {from: 0.02 years, set: {places: SECOND}}}\n");
    history_run(&v, edited(edited(text, "FIRST", "1"), "SECOND", "2"), 1);
    EXPECT(&v, {1, 1, "c.home.desk"}, {2, 2, "c.home.line"}, {3, 3, "c.home.line"}, {7.305, 2, "c.line.desk"},
           {11, 1, "c.desk.done"}, {11, 3, "c.line.desk"}, {17.305, 2, "c.desk.done"}, {21, 3, "c.desk.done"});
    expect_days(&v, KITH_POOL_CAPACITY, 365.25 + 365.25 - 7.305, 1000);
    history_free(&v);
    history_run(&v, edited(edited(text, "FIRST", "2"), "SECOND", "1"), 1);
    EXPECT(&v, {1, 1, "c.home.desk"}, {2, 2, "c.home.desk"}, {3, 3, "c.home.line"}, {11, 1, "c.desk.done"},
           {12, 2, "c.desk.done"}, {12, 3, "c.line.desk"}, {22, 3, "c.desk.done"});
    expect_days(&v, KITH_POOL_CAPACITY, 365.25 + 7.305, 1000);
    history_free(&v);
    history_run(&v, edited(edited(text, "FIRST", "1"), "SECOND", "0"), 1);
    EXPECT(&v, {1, 1, "c.home.desk"}, {2, 2, "c.home.line"}, {3, 3, "c.home.line"}, {11, 1, "c.desk.done"});
    expect_days(&v, KITH_POOL_CAPACITY, 7.305, 1000);
    history_free(&v);
    /* by the calendar, in which a month is a twelfth of 365.25 days */
    text = edited(edited(edited(text, "FIRST", "1"), "SECOND", "1"), "fixed: 10 days", "fixed: 40 days");
    history_run(&v, edited(text, "{number: $places}", "{number: 1, times: [2, 0.5], calendar: {2000-02-01: 2}}"), 0);
    EXPECT(&v, {1, 1, "c.home.desk"}, {2, 2, "c.home.line"}, {3, 3, "c.home.line"}, {30.4375, 2, "c.line.desk"},
           {41, 1, "c.desk.done"}, {41, 3, "c.line.desk"}, {70.4375, 2, "c.desk.done"}, {81, 3, "c.desk.done"});
    history_free(&v);
}

/* A weight by the load: who comes while the desk is taken goes away. */
static void a_weight_by_the_load(void **state)
{
    struct history v;
    (void)state;
    const char *text = desk_scenario(4, joined(come("triage", "1 2 5 12"), SERVED),
                                     DESK("    capacity: {number: 1}\n" LINE_UP));
    text = edited(text, "states: [home, desk,", "states: [home, triage, desk,");
    text = edited(text, "    clocks:\n",
                  "    instant:\n      triage:\n        options:\n"
                  "          - {to: desk, weight: {load.desk: {0: 1, 1: 0}}}\n"
                  "          - {to: lost, weight: {load.desk: {0: 0, 1: 1}}}\n    clocks:\n");
    history_run(&v, text, 0);
    EXPECT(&v, {1, 1, "c.home.triage"}, {1, 1, "c.triage.desk"}, {2, 2, "c.home.triage"}, {2, 2, "c.triage.lost"},
           {5, 3, "c.home.triage"}, {5, 3, "c.triage.lost"}, {11, 1, "c.desk.done"}, {12, 4, "c.home.triage"},
           {12, 4, "c.triage.desk"}, {22, 4, "c.desk.done"});
    expect_counts(&v, 2, 0, 2, 0, 0, 0);
    history_free(&v);
}

/* Those who are there from the start find the places in order of their numbers. */
static void some_begin_in_line(void **state)
{
    struct harness h;
    struct result r;
    (void)state;
    harness_load(&h, bound("kith: 1\nmodel: pathway\ntime: {counted: 1 year}\npopulation: {families: 5}\n"
                           "charts:\n  c:\n    of: family\n    states: [desk, line, done]\n    clocks:\n"
                           "      - {from: desk, to: done, hazard: {fixed: 40 days}}\n"
                           "resources: {desk: {capacity: {number: 2}, used_by: [{chart: c, states: [desk], waits_in: line}]}}\n",
                           "load.desk: {0: 1}"));
    run_seen(&h, &r, 0, 0, 0);
    assert_int_equal(stock_at(&h, &r, "c.desk", 0), 2);
    assert_int_equal(stock_at(&h, &r, "c.line", 0), 3);
    assert_int_equal(stock_at(&h, &r, "c.line", 12), 0);
    size_t served = harness_flow(&h, "c.line.desk"), at = 0;
    for (size_t k = 0; k < spy.n; k++)
        if (spy.seen[k].code == served) {
            static const double day[] = {40, 40, 80};
            assert_true(at < 3);
            assert_true(fabs(spy.seen[k].t * 365.25 - day[at]) < 1e-6);
            assert_int_equal(spy.seen[k].family, 2 + at++);
        }
    assert_int_equal(at, 3);
    result_free(&r);
    harness_free(&h);
}

/* ---- how much there is ------------------------------------------------------------------------------------------ */

static int64_t capacity_in(const struct harness *h, const struct result *r, int month)
{
    int64_t ticks = amount(h, r, "r", KITH_POOL_CAPACITY, month, month + 1), units = ticks / 65536;
    assert_int_equal(units * 65536, ticks);
    return units;
}

static const char *capacity_scenario(const char *capacity, const char *areas)
{
    char *p = new_page();
    add_text(p, "kith: 1\nmodel: pathway\ntime: {start: 2000-01-01, counted: 2 years}\n"
                "population: {families: 3000, represents: 30000%s}\nparameters: {more: 1.25}\n"
                "charts: {c: {of: family, states: [a, b, w], clocks: [{from: a, to: b, hazard: {exponential: 0.001 /year}}]}}\n"
                "resources: {r: {capacity: %s, used_by: [{chart: c, states: [b], waits_in: w}]}}\n"
                "arms: {baseline: {}, more: {from: 1 year, set: {more: 2.5}}}\n",
             areas, capacity);
    return p;
}

static void how_much_there_is(void **state)
{
    static const struct {
        const char *capacity;
        int64_t thousandths[3]; /* of each area */
    } given[] = {
        {"{number: 12}", {12000, 12000, 12000}},
        {"{per_1000_families: 10}", {18000, 9000, 3000}},  /* of 1800, 900 and 300 families */
        {"{per_10000_children: 500}", {3000, 1500, 500}},  /* of 60, 30 and 10 children */
        {"{column: places}", {7000, 2000, 1000}},          /* a tenth */
        {"{column: places, times: 10}", {70000, 20000, 10000}},
        {"{number: 12, times: [2, 0.5, 3]}", {36000, 36000, 36000}},
        {"{number: 8, times: $more}", {10000, 10000, 10000}},
    };
    (void)state;
    for (size_t i = 0; i < sizeof given / sizeof *given; i++) {
        struct harness h;
        struct result r;
        harness_load_table(&h, capacity_scenario(given[i].capacity, ", areas: {table: areas.csv, code: code, size: children}"),
                           "code,children,places\nE1,600,70\nE2,300,20\nE3,100,10\n");
        for (size_t area = 0; area < 3; area++) {
            run(&h, &r, 0, 0, area);
            int64_t units = capacity_in(&h, &r, 0), exact = given[i].thousandths[area];
            assert_int_equal(units % 1000, 0);
            if (exact % 1000 == 0)
                assert_int_equal(units, exact);
            else
                assert_true(units == exact / 1000 * 1000 || units == exact / 1000 * 1000 + 1000);
            for (int m = 1; m < 24; m++)
                assert_int_equal(capacity_in(&h, &r, m), units);
            assert_int_equal(amount(&h, &r, "r", KITH_POOL_PERIOD, 0, 24), 24 * 65536);
            result_free(&r);
            run(&h, &r, 1, 0, area);
            assert_int_equal(capacity_in(&h, &r, 12), strstr(given[i].capacity, "$more") ? 20000 : units);
            result_free(&r);
        }
        harness_free(&h);
    }
}

/* Capacity is made whole by one draw of the area and resource: over the dates it steps up where, and only where, it passes
 * the next number less that draw; over many areas by its fraction. */
static void capacity_is_made_whole(void **state)
{
    struct harness h;
    struct result r;
    char *capacity = new_page();
    int64_t steps[9] = {0}, areas = 0;
    (void)state;
    add_text(capacity, "{number: 2, calendar: {");
    for (int m = 1; m <= 20; m++) /* 2.1, 2.2, ... on the first of each month, and back */
        add_text(capacity, "%s%d-%02d-01: %.3f", m > 1 ? ", " : "", 2000 + m / 12, m % 12 + 1,
                 (m <= 10 ? 2 + 0.1 * m : 4 - 0.1 * m) / 2);
    add_text(capacity, "}}");
    harness_load(&h, capacity_scenario(capacity, ", areas: 40"));
    assert_int_equal(h.sc.n_areas, 40);
    for (int replication = 0; replication < 10; replication++)
        for (size_t area = 0; area < h.sc.n_areas; area++, areas++) {
            int step = 0;
            run(&h, &r, 0, replication, area);
            for (int m = 0; m <= 23; m++) {
                int64_t units = amount(&h, &r, "r", KITH_POOL_CAPACITY, m, m + 1) > 2500 * 65536 ? 3000 : 2000;
                int tenths = m <= 10 ? m : m <= 20 ? 20 - m : 0;
                if (units == 3000 && step == 0)
                    step = tenths;
                /* the step is at the same place on the way back */
                assert_int_equal(units == 3000, step > 0 && tenths >= step);
            }
            assert_true(step >= 1 && step <= 10);
            if (step < 10)
                steps[step - 1]++;
            result_free(&r);
        }
    int64_t sum = 0;
    for (int k = 0; k < 9; k++) { /* draws of at least 0.9, 0.8, ... */
        sum += steps[k];
        assert_true(p_binomial(sum, areas, 0.1 * (k + 1)) > LEVEL);
    }
    assert_false(p_binomial(sum, areas, 0.75) > LEVEL);
    harness_free(&h);
}

/* An area in which nobody lives for once has its capacity all the same. */
static void an_area_without_families(void **state)
{
    struct harness h;
    struct result r;
    (void)state;
    harness_load_table(&h, edited(capacity_scenario("{number: 12}", ", areas: {table: areas.csv, code: code, size: children}"),
                                  "families: 3000", "families: 3"),
                       "code,children\nE1,999\nE2,1\n");
    run(&h, &r, 0, 0, 1);
    assert_int_equal(r.n, 0);
    assert_int_equal(amount(&h, &r, "r", KITH_POOL_PERIOD, 0, 24), 24 * 65536);
    assert_int_equal(capacity_in(&h, &r, 5), 12000);
    result_free(&r);
    harness_free(&h);
}

/* ---- measures --------------------------------------------------------------------------------------------------- */

static double measured(const struct harness *h, const struct kith_outcome *o, const char *name, int year)
{
    for (size_t i = 0; i < h->shape->n_measures; i++)
        if (strcmp(h->shape->measures[i].name, name) == 0)
            return o->value[(size_t)year * o->n_measures + i];
    fail_msg("no measure %s", name);
    return 0;
}

static void close_to(double got, double expected)
{
    if (fabs(got - expected) > 1e-9 * (1 + fabs(expected)))
        print_error("expected %.12g, got %.12g\n", expected, got);
    assert_true(fabs(got - expected) <= 1e-9 * (1 + fabs(expected)));
}

/* Measures of each year and of all, from the amounts of two areas; a simulated family stands for ten. */
static void measures_of_resources(void **state)
{
    struct harness h;
    struct result r[3];
    struct kith_outcome o;
    const double weight = 10, ticks = KITH_POOL_TICKS_A_YEAR;
    (void)state;
    harness_load_table(&h, rich_with("unlimited", "{per_1000_families: 300}", "unlimited"), RICH_TABLE);
    assert_int_equal(kith_outcome_init(&o, &h.mem, h.shape, 4), KITH_OK);
    for (size_t area = 0; area < 3; area++) {
        run(&h, &r[area], 0, 0, area);
        kith_outcome_add(&o, h.shape, &r[area].series, weight);
    }
    kith_outcome_finish(&o, h.shape);
    for (int y = 1; y <= 5; y++) { /* the year that ends at date y; the last row is the total */
        int from = y == 5 ? 0 : 12 * (y - 1), to = y == 5 ? 48 : 12 * y;
        double a[KITH_POOL_AMOUNTS] = {0}, years = y == 5 ? 4 : 1;
        static const char *const counted[] = {"requests", "waited", "granted", "refused", "left", "preempted"};
        char name[64];
        for (int i = 0; i < KITH_POOL_AMOUNTS; i++)
            for (size_t area = 0; area < 3; area++)
                a[i] += (double)amount(&h, &r[area], "workers", (enum kith_pool_amount)i, from, to);
        for (int i = 0; i < 6; i++) {
            snprintf(name, sizeof name, "resource.workers.%s", counted[i]);
            close_to(measured(&h, &o, name, y), weight * a[i]);
        }
        assert_true(a[KITH_POOL_WAITED] > 10 && a[KITH_POOL_WAIT] > 0);
        close_to(measured(&h, &o, "resource.workers.wait_time", y), weight * a[KITH_POOL_WAIT] / ticks);
        close_to(measured(&h, &o, "resource.workers.waiting", y), weight * a[KITH_POOL_WAITING] / ticks);
        close_to(measured(&h, &o, "resource.workers.used", y), weight * a[KITH_POOL_USED] / ticks / 1000);
        close_to(measured(&h, &o, "resource.workers.capacity", y), weight * a[KITH_POOL_CAPACITY] / ticks / 1000);
        close_to(measured(&h, &o, "resource.workers.mean_wait", y), a[KITH_POOL_WAIT] / a[KITH_POOL_GRANTED] / ticks);
        close_to(measured(&h, &o, "resource.workers.wait_probability", y), 100 * a[KITH_POOL_WAITED] / a[KITH_POOL_REQUESTS]);
        close_to(measured(&h, &o, "resource.workers.utilisation", y), a[KITH_POOL_USED] / a[KITH_POOL_CAPACITY]);
        close_to(measured(&h, &o, "resource.workers.mean_waiting", y), a[KITH_POOL_WAITING] / ticks / years / 3);
    }
    for (size_t area = 0; area < 3; area++)
        result_free(&r[area]);
    kith_outcome_free(&o);
    harness_free(&h);
}

static int free_spy(void **state)
{
    (void)state;
    free(spy.seen);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_is_not_limited_is_not_changed),
        cmocka_unit_test(a_load_of_nothing),
        cmocka_unit_test(other_areas_make_no_difference),
        cmocka_unit_test(permuted_areas),
        cmocka_unit_test(one_area_more),
        cmocka_unit_test(a_service_that_nobody_minds),
        cmocka_unit_test(first_come_first_served_is_a_recursion),
        cmocka_unit_test(more_capacity_never_lengthens_the_wait),
        cmocka_unit_test(a_wait_changes_nobodys_luck),
        cmocka_unit_test(an_interrupted_service_goes_on),
        cmocka_unit_test(families_are_helped_in_order_of_need),
        cmocka_unit_test(children_are_helped_by_age),
        cmocka_unit_test(what_the_pools_add_up_is_what_families_did),
        cmocka_unit_test(what_happens_as_counting_begins),
        cmocka_unit_test(what_is_run_ahead_changes_nothing),
        cmocka_unit_test(arms_that_change_nothing),
        cmocka_unit_test(who_is_tracked_makes_no_difference),
        cmocka_unit_test(a_cell_is_run_again),
        cmocka_unit_test(without_memory),
        cmocka_unit_test_setup_teardown(scenarios_put_together_at_random, within_minutes, in_time),
        cmocka_unit_test(a_load_that_deters_and_hurries),
        cmocka_unit_test(a_line_that_deters),
        cmocka_unit_test(a_band_with_slack),
        cmocka_unit_test(a_clock_goes_on_with_what_is_left),
        cmocka_unit_test(some_wait_and_some_give_up),
        cmocka_unit_test(some_find_the_line_full),
        cmocka_unit_test(some_are_never_refused),
        cmocka_unit_test(the_line_is_ordered_by_priority),
        cmocka_unit_test(a_priority_that_changes_while_waiting),
        cmocka_unit_test(a_priority_that_changes_with_time),
        cmocka_unit_test(a_higher_priority_takes_the_place),
        cmocka_unit_test(the_latest_of_the_lowest_loses),
        cmocka_unit_test(the_head_holds_up_those_behind),
        cmocka_unit_test(a_place_is_kept_from_state_to_state),
        cmocka_unit_test(an_instant_state_is_waited_for),
        cmocka_unit_test(moves_meet_the_line),
        cmocka_unit_test_setup_teardown(who_waits_is_sent_to_the_desk_again, within_seconds, in_time),
        cmocka_unit_test_setup_teardown(who_may_not_wait_loses_nothing, within_seconds, in_time),
        cmocka_unit_test(one_turn_brings_another),
        cmocka_unit_test_setup_teardown(priorities_in_a_circle, within_seconds, in_time),
        cmocka_unit_test(the_end_of_a_family_frees_its_place),
        cmocka_unit_test(capacity_that_changes),
        cmocka_unit_test(a_weight_by_the_load),
        cmocka_unit_test(some_begin_in_line),
        cmocka_unit_test(how_much_there_is),
        cmocka_unit_test(capacity_is_made_whole),
        cmocka_unit_test(an_area_without_families),
        cmocka_unit_test(measures_of_resources),
    };
    return cmocka_run_group_tests(tests, NULL, free_spy);
}
