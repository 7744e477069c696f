/* Families of an area that meet through its resources: when exactly each is served, and who before whom. */
#include "spy.h"

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(first_come_first_served_is_a_recursion),
        cmocka_unit_test(more_capacity_never_lengthens_the_wait),
        cmocka_unit_test(a_wait_changes_nobodys_luck),
        cmocka_unit_test(an_interrupted_service_goes_on),
        cmocka_unit_test(families_are_helped_in_order_of_need),
        cmocka_unit_test(children_are_helped_by_age),
    };
    return cmocka_run_group_tests(tests, NULL, free_spy);
}
