/* Plain families are carried through their events many side by side (models/pathway/plain.h). What comes out is exactly what
 * comes out one at a time and in order of time: every tally, every event of every trajectory, every moment to its last
 * bit. Of random scenarios, of scenarios at the ends of what the language allows, and of ranges of families that no
 * vector divides; and of areas whose families share resources. What is not plain is left to the others. */
#include "../../stat/harness.h"

/* ---- luck and text ---------------------------------------------------------------------------------------------- */

static uint64_t luck;

static uint64_t pick(uint64_t n)
{
    return kith_draw_mix(77, luck++) % n;
}

static double unit(void)
{
    return kith_draw_uniform(kith_draw_mix(78, luck++));
}

/* Between low and high, every order of magnitude equally often. */
static double spread(double low, double high)
{
    return low * pow(high / low, unit());
}

enum { PAGE = 32768 };

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

/* ---- what a run leaves ------------------------------------------------------------------------------------------ */

enum way { SIDE_BY_SIDE, ONE_BY_ONE, IN_ORDER_OF_TIME };

struct outcome {
    struct kith_cell cell;
    struct kith_series series;
    struct kith_families families;
    struct kith_room room;
    enum kith_status status;
    struct kith_tracks all; /* of run(): the tracks of all batches */
};

/* What is run: a cell between two moments, and some of its families. */
struct part {
    size_t arm, area;
    int replication;
    double warm_up, end;
    uint64_t from, to;
    double share;
};

static struct part all_of(const struct harness *h, uint64_t from, uint64_t to, double share)
{
    return (struct part){.warm_up = h->sc.warm_up, .end = h->sc.warm_up + h->sc.counted, .from = from, .to = to,
                         .share = share};
}

/* A cell with room for the months between the two moments, whole or not. */
static enum kith_status open_cell(struct harness *h, struct kith_cell *cell, const struct part *p)
{
    int months = p->end - p->warm_up == h->sc.counted ? h->sc.months : (int)ceil((p->end - p->warm_up) * 12);
    months = months < 1 ? 1 : months;
    enum kith_status st = kith_cell_init(cell, &h->mem, h->shape, months);
    cell->key = kith_draw_mix(kith_draw_mix(kith_draw_mix(0, h->sc.seed), (uint64_t)p->replication), h->sc.areas[p->area].key);
    cell->replication = p->replication;
    cell->arm = p->arm;
    cell->area = p->area;
    cell->warm_up = p->warm_up;
    cell->end = p->end;
    if (!st)
        (void)h->model->families(h->compiled, cell, 0); /* for what it notes; these tests say themselves how many */
    return st;
}

static enum kith_status run_cell(struct harness *h, struct outcome *o, const struct part *p, enum way way)
{
    struct kith_model alone = *h->model;
    if (way == ONE_BY_ONE) {
        alone.batch_bytes = NULL;
        alone.batch = NULL;
    }
    return kith_families_run(&o->families, &alone, h->compiled, &o->cell, h->shape, p->from, p->to, p->share,
                             way == IN_ORDER_OF_TIME ? KITH_ORDER_QUEUE : KITH_ORDER_FAMILY, NULL);
}

/* May run out of memory: o->status. To be released in every case. */
static void try_run(struct harness *h, struct outcome *o, const struct part *p, enum way way)
{
    memset(o, 0, sizeof *o);
    kith_room_init(&o->room, &h->mem);
    kith_families_init(&o->families, &h->mem, &o->room);
    o->status = open_cell(h, &o->cell, p);
    if (!o->status)
        o->status = run_cell(h, o, p, way);
    if (o->cell.months != h->sc.months) /* prices have as many months as the scenario */
        return;
    if (!o->status)
        o->status = kith_series_init(&o->series, &h->mem, h->shape, o->cell.months);
    if (!o->status)
        kith_cell_series(&o->cell, h->shape, &o->series);
}

/* An array of n with m more of that size. */
static void *joined(void *to, size_t n, const void *from, size_t m, size_t size)
{
    char *array = realloc(to, (n + m) * size + 1);
    assert_non_null(array);
    if (m)
        memcpy(array + n * size, from, m * size);
    return array;
}

/* Puts the tracks of all batches together: how many there are depends on whether rows come in order of time. */
static void collect(struct harness *h, struct outcome *o)
{
    struct kith_tracks *to = &o->all;
    const struct kith_tracks *t = &o->families.tracks;
    size_t width = h->shape->n_attributes;
    to->code_bytes = t->code_bytes;
    while (t->n_families > 0) {
        to->id = joined(to->id, to->n_families, t->id, t->n_families, sizeof *t->id);
        to->event_end = joined(to->event_end, to->n_families, t->event_end, t->n_families, sizeof *t->event_end);
        to->member_end = joined(to->member_end, to->n_families, t->member_end, t->n_families, sizeof *t->member_end);
        to->attribute = joined(to->attribute, to->n_families * width, t->attribute, t->n_families * width, sizeof *t->attribute);
        to->birth_day = joined(to->birth_day, to->n_members, t->birth_day, t->n_members, sizeof *t->birth_day);
        to->day = joined(to->day, to->n_events, t->day, t->n_events, sizeof *t->day);
        to->code = joined(to->code, to->n_events, t->code, t->n_events, t->code_bytes);
        for (size_t i = to->n_families; i < to->n_families + t->n_families; i++) {
            to->event_end[i] += (int64_t)to->n_events;
            to->member_end[i] += (int64_t)to->n_members;
        }
        assert_null(t->member);
        to->n_families += t->n_families;
        to->n_members += t->n_members;
        to->n_events += t->n_events;
        assert_int_equal(kith_families_next(&o->families, &o->cell), KITH_OK);
    }
}

static void run(struct harness *h, struct outcome *o, const struct part *p, enum way way)
{
    try_run(h, o, p, way);
    assert_int_equal(o->status, KITH_OK);
    assert_null(o->cell.fault);
    collect(h, o);
}

static void release(struct outcome *o)
{
    free(o->all.id);
    free(o->all.event_end);
    free(o->all.member_end);
    free(o->all.attribute);
    free(o->all.birth_day);
    free(o->all.day);
    free(o->all.code);
    kith_cell_free(&o->cell);
    kith_series_free(&o->series);
    kith_families_free(&o->families);
    kith_room_free(&o->room);
}

static bool same(const void *a, const void *b, size_t n, size_t size)
{
    return n == 0 || memcmp(a, b, n * size) == 0;
}
#define SAME(x, y, array, n) same((x)->array, (y)->array, (n), sizeof *(x)->array)

/* NULL if two outcomes are the same to the bit, else the first thing in which they differ. */
static const char *difference(const struct harness *h, const struct outcome *x, const struct outcome *y)
{
    const struct kith_cell *a = &x->cell, *b = &y->cell;
    const struct kith_tracks *t = &x->all, *u = &y->all;
    const struct kith_series *r = &x->series, *s = &y->series;
    size_t months = (size_t)a->months;
    if (a->n_events != b->n_events)
        return "events";
    if (a->months != b->months || !SAME(a, b, tally, (months + 1) * a->n_transitions))
        return "tallies";
    if (!SAME(a, b, count, (months + 1) * a->n_counts))
        return "counts";
    if (!SAME(a, b, amount, months * a->n_amounts))
        return "amounts";
    if (t->n_families != u->n_families || !SAME(t, u, id, t->n_families))
        return "families tracked";
    if (t->n_events != u->n_events || !SAME(t, u, event_end, t->n_families))
        return "rows of families";
    if (!SAME(t, u, day, t->n_events) || !same(t->code, u->code, t->n_events, t->code_bytes))
        return "rows";
    if (!SAME(t, u, attribute, t->n_families * h->shape->n_attributes))
        return "attributes";
    if (t->n_members != u->n_members || !SAME(t, u, member_end, t->n_families) || !SAME(t, u, birth_day, t->n_members))
        return "members";
    if (r->months != s->months || !SAME(r, s, stock, (months + 1) * r->n_states) ||
        !SAME(r, s, flow, months * r->n_transitions) || !SAME(r, s, cost, months * r->n_costs))
        return "series";
    return NULL;
}

/* What there was to compare, over all calls: a test in which nothing happens would pass. */
static struct {
    uint64_t events, rows, families;
} seen;

/* The three ways of running it agree. Returns how many events there were. */
static uint64_t agree(struct harness *h, const struct part *p, const char *text)
{
    struct outcome side, one, queue;
    run(h, &side, p, SIDE_BY_SIDE);
    run(h, &one, p, ONE_BY_ONE);
    run(h, &queue, p, IN_ORDER_OF_TIME);
    const char *wrong = difference(h, &side, &queue), *also = difference(h, &one, &queue);
    if (wrong || also) {
        fprintf(stderr, "%s\n", text); /* cmocka cuts what is long */
        print_error("arm %zu, area %zu, replication %d, families %llu to %llu, counted from %a to %a, share %g\n", p->arm,
                    p->area, p->replication, (unsigned long long)p->from, (unsigned long long)p->to, p->warm_up, p->end, p->share);
        fail_msg("not as in order of time: side by side %s, one by one %s", wrong ? wrong : "nothing", also ? also : "nothing");
    }
    uint64_t events = side.cell.n_events;
    seen.events += events;
    seen.rows += side.all.n_events;
    seen.families += p->to - p->from;
    release(&side);
    release(&one);
    release(&queue);
    return events;
}

/* Whether the arm's families are run side by side. */
static bool is_plain(struct harness *h, size_t arm)
{
    struct kith_cell cell;
    struct part p = all_of(h, 0, 1, 0);
    p.arm = arm;
    assert_int_equal(open_cell(h, &cell, &p), KITH_OK);
    bool plain = h->model->batch_bytes(h->compiled, &cell, 100) > 0;
    kith_cell_free(&cell);
    return plain;
}

/* ---- random scenarios ------------------------------------------------------------------------------------------- */

enum { CLOCKS_MOST = 8, STATES_MOST = 12 };

/* What is common to a scenario's clocks: how fast, in a year. */
struct pace {
    double slow, fast;
};

/* One of the states in which another clock may run, or -1: no more than eight of them, no more than one Weibull. */
static int some_state(const unsigned *clocks, const bool *weibull, bool is_weibull, const bool *absorbing, unsigned states)
{
    unsigned first = (unsigned)pick(states);
    for (unsigned i = 0; i < states; i++) {
        unsigned s = (first + i) % states;
        if (clocks[s] < CLOCKS_MOST && !absorbing[s] && !(is_weibull && weibull[s]))
            return (int)s;
    }
    return -1;
}

static void add_hazard(char *text, bool weibull, struct pace pace)
{
    static const double shapes[] = {1, 0.3, 4, 2, 0.5};
    if (!weibull) {
        add_text(text, "{exponential: %.17g /year}", spread(pace.slow, pace.fast));
        return;
    }
    double shape = pick(3) ? spread(0.3, 4) : shapes[pick(5)];
    if (pick(2))
        add_text(text, "{weibull: {shape: %.17g, scale: %.17g years}}", shape, 1 / spread(pace.slow, pace.fast));
    else
        add_text(text, "{weibull: {shape: %.17g, scale: %.17g days}}", shape, 365.25 / spread(pace.slow, pace.fast));
}

/* A chart of so many states, of which some are never left, and on average so many clocks in each of the others. Returns a
 * state to which a clock leads. */
static unsigned add_chart(char *text, unsigned states, double density, struct pace pace)
{
    unsigned clocks[STATES_MOST] = {0};
    bool weibull[STATES_MOST] = {false}, absorbing[STATES_MOST] = {false};
    add_text(text, "charts:\n  c:\n    of: family\n    states: [s0");
    for (unsigned s = 1; s < states; s++)
        add_text(text, ", s%u", s);
    add_text(text, "]\n    start: s%u\n    clocks:\n", (unsigned)pick(states));
    for (unsigned s = 1; s < states; s++)
        absorbing[s] = pick(8) == 0;
    unsigned n = (unsigned)(density * states) + 1, some = 0;
    for (unsigned k = 0; k < n; k++) {
        bool is_weibull = k && pick(3) == 0;
        int in = some_state(clocks, weibull, is_weibull, absorbing, states);
        if (in < 0)
            continue;
        add_text(text, "      - {name: k%u_%u, from: [s%d", (unsigned)pick(1000), k, in);
        unsigned taken = 1u << in;
        for (;;) {
            clocks[in]++;
            weibull[in] = weibull[in] || is_weibull;
            if (pick(4) || (in = some_state(clocks, weibull, is_weibull, absorbing, states)) < 0 || taken >> in & 1)
                break;
            taken |= 1u << in;
            add_text(text, ", s%d", in);
        }
        unsigned to = (unsigned)pick(states);
        some = k ? some : to;
        add_text(text, "], to: s%u, hazard: ", to);
        if (k == 0)
            add_text(text, "{exponential: $some}}\n");
        else {
            add_hazard(text, is_weibull, pace);
            add_text(text, "}\n");
        }
    }
    return some;
}

static const char *const AREAS = "code,size\nA,5\nB,3\nC,2\n";

/* The text of a plain scenario; arm 2 is not, from some date on. */
static const char *random_scenario(bool *areas)
{
    static char text[PAGE];
    static const char *const warm_up[] = {"", "warm_up: 3 months, ", "warm_up: 2.5 years, ", "warm_up: 0.37 years, ",
                                          "warm_up: 20 years, "};
    static const char *const counted[] = {"1 month", "1 year", "18 months", "6 years", "25 years"};
    static const double warm_up_years[] = {0, 0.25, 2.5, 0.37, 20}, counted_years[] = {1 / 12.0, 1, 1.5, 6, 25};
    unsigned w = (unsigned)pick(5), c = (unsigned)pick(5), states = 1 + (unsigned)pick(STATES_MOST);
    double years = warm_up_years[w] + counted_years[c];
    /* from once in three centuries to many times a day, but no more than some thousands of events in all */
    struct pace pace = {spread(0.003, 0.3), spread(0.5, 3000)};
    pace.fast = pace.fast * years > 3000 ? 3000 / years : pace.fast;
    pace.slow = pace.slow < pace.fast ? pace.slow : pace.fast;
    *areas = pick(3) == 0;
    text[0] = 0;
    add_text(text, "kith: 1\nmodel: pathway\nseed: %u\ntime: {%scounted: %s}\n", (unsigned)pick(1000000), warm_up[w], counted[c]);
    add_text(text, "population: {families: 6000%s}\n",
             *areas ? ", areas: {table: areas.csv, code: code, size: size}" : "");
    add_text(text, "parameters: {some: {value: %.17g /year, range: [0 /year, 1000000 /year]}}\n", spread(pace.slow, pace.fast));
    if (pick(3) == 0)
        add_text(text, "attributes:\n  band: {values: {1: 1, 2: 2, 3: 1}, unit: decile}\n"
                 "  frailty: {gamma: {shape: 2, mean: 1}}\n");
    unsigned some = add_chart(text, states, spread(0.3, pick(8) ? 4 : 12), pace);
    if (pick(2))
        add_text(text, "measures: {m: {flow: c.*.s%u, unit: moves/year}}\n"
                 "costs: {x: {of: {c.s0: 100 GBP/week, c.*.s%u: GBP 7}}}\n", some, some);
    add_text(text, "arms: {base: {}, same: {what: nothing else}, later: {from: %.17g days, set: {some: %.17g /year}}}\n",
             counted_years[c] * 365.25 * unit(), spread(pace.slow, pace.fast));
    return text;
}

static void load_random(struct harness *h, const char **text)
{
    bool areas;
    *text = random_scenario(&areas);
    harness_load_table(h, *text, areas ? AREAS : NULL);
    assert_int_equal(h->sc.n_areas, areas ? 3 : 1);
    assert_int_equal(h->sc.n_arms, 3);
}

/* How many families have about so many events. */
static uint64_t families_with(struct harness *h, uint64_t events)
{
    struct outcome o;
    struct part p = all_of(h, 0, 40, 0);
    run(h, &o, &p, IN_ORDER_OF_TIME);
    uint64_t n = 40 * events / o.cell.n_events;
    release(&o);
    return n > 5000 ? 5000 : n < 4 ? 4 : n;
}

static void random_scenarios(void **state)
{
    static const double shares[] = {0, 0.3, 1};
    const char *text;
    uint64_t longest = 0;
    (void)state;
    luck = 0;
    memset(&seen, 0, sizeof seen);
    for (int i = 0; i < 120; i++) {
        struct harness h;
        load_random(&h, &text);
        assert_true(is_plain(&h, 0) && is_plain(&h, 1));
        assert_false(is_plain(&h, 2));
        uint64_t most = families_with(&h, 12000);
        struct part parts[] = {all_of(&h, 0, most, shares[i % 3]), all_of(&h, 37, 61, 1), all_of(&h, 0, 1, 1),
                               all_of(&h, pick(most), most, 0.3), all_of(&h, 500, 500 + 1 + pick(20), shares[pick(3)])};
        for (size_t k = 0; k < sizeof parts / sizeof *parts; k++) {
            parts[k].arm = pick(8) ? pick(2) : 2;
            parts[k].area = pick(h.sc.n_areas);
            parts[k].replication = (int)pick(4);
            if (parts[k].to - parts[k].from > most) /* of those with many events, fewer */
                parts[k].to = parts[k].from + most;
            uint64_t events = agree(&h, &parts[k], text);
            longest = events / (parts[k].to - parts[k].from) > longest ? events / (parts[k].to - parts[k].from) : longest;
        }
        harness_free(&h);
    }
    assert_true(seen.events > 1000000 && seen.rows > 200000 && seen.families > 50000 && longest > 1000);
}

/* ---- to the last bit -------------------------------------------------------------------------------------------- */

/* The moment of one of the first events of some family, INFINITY if it has none. */
static double some_moment(struct harness *h, struct part p, uint64_t *family)
{
    static struct story s;
    struct kith_cell cell;
    p.warm_up = 0;
    *family = p.from + pick(p.to - p.from);
    assert_int_equal(open_cell(h, &cell, &p), KITH_OK);
    harness_story(h, &cell, *family, &s);
    kith_cell_free(&cell);
    size_t n = s.n - s.standing;
    return n ? s.event[s.standing + pick(n < 50 ? n : 50)].t : INFINITY;
}

/* Months count a moment only to 40 seconds. But an event happens if it comes before the end or at the end, and is
 * counted if it comes after the warm-up: here the end and the warm-up are moments of events, or the last moment before.
 * The moments themselves come from families that are run alone. */
static void every_moment_to_its_last_bit(void **state)
{
    const char *text;
    int tried = 0;
    (void)state;
    luck = 1000000;
    memset(&seen, 0, sizeof seen);
    int rounds = sampled(70);
    for (int i = 0; i < rounds; i++) {
        struct harness h;
        load_random(&h, &text);
        uint64_t most = families_with(&h, 1500);
        struct part p = all_of(&h, 10, 10 + most, 1);
        p.replication = i;
        for (int k = 0; k < 30; k++) {
            uint64_t family, other;
            struct part q = p;
            double end = some_moment(&h, p, &family), begin = some_moment(&h, p, &other);
            if (!(end < INFINITY))
                continue;
            if (k % 2) { /* alone, or with others */
                q.from = family;
                q.to = family + 1;
            }
            q.warm_up = k % 3 ? 0 : begin < end ? begin : k % 2 ? end : nextafter(end, 0);
            q.end = end;
            uint64_t events = agree(&h, &q, text);
            q.end = nextafter(end, 0);
            q.warm_up = q.warm_up < q.end ? q.warm_up : q.end;
            assert_true(agree(&h, &q, text) < events);
            tried++;
        }
        harness_free(&h);
    }
    assert_true(tried > rounds * 14);
}

/* So late that moments are an eighth of a year apart, and more: several clocks fire at once, visits take no time, and clocks
 * have used up what they had before they get to fire. No loops, for it would take for ever to get there otherwise. */
static void many_things_at_once(void **state)
{
    (void)state;
    luck = 3000000;
    memset(&seen, 0, sizeof seen);
    for (int i = 0; i < 60; i++) {
        struct harness h;
        static char text[PAGE];
        text[0] = 0;
        add_text(text, "kith: 1\nmodel: pathway\nseed: %d\ntime: {counted: 12 years}\npopulation: {families: 2000}\n"
                 "charts:\n  c:\n    of: family\n    states: [s0, s1, s2, s3, s4, s5, s6, s7, s8, s9, s10, s11]\n    clocks:\n"
                 "      - {from: s0, to: s1, hazard: {exponential: 1e-15 /year}}\n", i);
        for (unsigned s = 1; s + 1 < STATES_MOST; s++) {
            for (unsigned k = (unsigned)pick(4); k > 0; k--) { /* none: the Weibull clock alone, or never left */
                add_text(text, "      - {name: k%u_%u, from: [s%u%s], to: s%u, hazard: ", s, k, s,
                         s > 1 && s < 5 && k == 1 && pick(2) ? ", s1" : "", s + 1 + (unsigned)pick(STATES_MOST - 1 - s));
                add_hazard(text, false, (struct pace){0.3, 40});
                add_text(text, "}\n");
            }
            if (s % 2 && pick(3)) {
                add_text(text, "      - {name: w%u, from: [s%u, s%u], to: s%u, hazard: ", s, s, s + 1,
                         s + 2 + (unsigned)pick(STATES_MOST - 2 - s));
                add_hazard(text, true, (struct pace){0.3, 40});
                add_text(text, "}\n");
            }
        }
        harness_load(&h, text);
        struct part p = all_of(&h, 0, 2000, i % 2 ? 1 : 0.3);
        p.warm_up = i % 3 ? 3e15 * unit() : 1e17;
        p.end = p.warm_up + 12;
        assert_true(is_plain(&h, 0));
        agree(&h, &p, text);
        harness_free(&h);
    }
    assert_true(seen.events > 300000 && seen.rows > 5000);
}

/* Where rounding puts the end of the last month a little behind the month. */
static void an_event_at_the_very_end_has_no_month_left(void **state)
{
    struct harness h;
    int tried = 0;
    (void)state;
    luck = 2000000;
    harness_load(&h, "kith: 1\nmodel: pathway\ntime: {counted: 10 years}\npopulation: {families: 500}\n"
                     "charts:\n  c:\n    of: family\n    states: [a, b]\n    clocks:\n"
                     "      - {from: a, to: b, hazard: {exponential: 1 /year}}\n"
                     "      - {from: b, to: a, hazard: {exponential: 1 /year}}\n");
    assert_true(is_plain(&h, 0));
    for (int i = 0; i < 2000; i++) {
        uint64_t family;
        struct part p = all_of(&h, 0, 500, 1);
        p.end = some_moment(&h, p, &family);
        int months = 1 + (int)pick(24);
        p.warm_up = p.end - months / 12.0;
        /* a scenario could say so, and then the last month would end behind the last month */
        if (p.end == INFINITY || p.warm_up < 0 || p.warm_up + months / 12.0 != p.end || !((p.end - p.warm_up) * 12 > months))
            continue;
        struct outcome side, one;
        struct kith_cell *cells[] = {&side.cell, &one.cell};
        struct outcome *outcomes[] = {&side, &one};
        static const enum way ways[] = {SIDE_BY_SIDE, ONE_BY_ONE};
        for (int k = 0; k < 2; k++) {
            memset(outcomes[k], 0, sizeof side);
            kith_room_init(&outcomes[k]->room, &h.mem);
            kith_families_init(&outcomes[k]->families, &h.mem, &outcomes[k]->room);
            assert_int_equal(open_cell(&h, cells[k], &p), KITH_OK);
            cells[k]->months = months; /* it was given one more */
            assert_int_equal(run_cell(&h, outcomes[k], &p, ways[k]), KITH_OK);
        }
        size_t n = ((size_t)months + 1) * side.cell.n_transitions;
        for (size_t k = 0; k < n; k++)
            if (side.cell.tally[k].n != one.cell.tally[k].n || side.cell.tally[k].rest != one.cell.tally[k].rest)
                fail_msg("warm-up %a, end %a, %d months: transition %zu of month %zu has %lld ticks left, not %lld", p.warm_up,
                         p.end, months, k % side.cell.n_transitions, k / side.cell.n_transitions,
                         (long long)side.cell.tally[k].rest, (long long)one.cell.tally[k].rest);
        release(&side);
        release(&one);
        tried++;
    }
    assert_true(tried > 20);
    harness_free(&h);
}

/* ---- scenarios by hand ------------------------------------------------------------------------------------------ */

#define HEAD_OF(more) \
    "kith: 1\nmodel: pathway\nseed: 5\ntime: {start: 2000-04-01, warm_up: 1 year, counted: 3 years}\n" \
    "population: {families: 3000" more "}\n"
#define HEAD HEAD_OF("")
#define CHART "charts:\n  c:\n    of: family\n"
#define BACK "      - {from: b, to: a, hazard: {exponential: 0.7 /year}}\n"

/* Shapes, rates and charts at the ends of what there is. */
static const struct {
    const char *what, *text;
} plain[] = {
    {"no clocks", HEAD CHART "    states: [a]\n"},
    {"no clocks where it starts", HEAD CHART "    states: [a, b]\n    clocks:\n" BACK},
    {"one state", HEAD CHART "    states: [a]\n    clocks:\n      - {from: a, to: a, hazard: {exponential: 3 /year}}\n"},
    {"one state, Weibull", HEAD CHART "    states: [a]\n    clocks:\n"
     "      - {from: a, to: a, hazard: {weibull: {shape: 2, scale: 0.2 years}}}\n"},
    {"a Weibull clock of shape 1", HEAD CHART "    states: [a, b]\n    clocks:\n" BACK
     "      - {from: a, to: b, hazard: {exponential: 1 /year}}\n"
     "      - {name: k, from: a, to: b, hazard: {weibull: {shape: 1, scale: 1 year}}}\n"},
    {"a Weibull clock of shape 1 in both states", HEAD CHART "    states: [a, b]\n    clocks:\n" BACK
     "      - {from: a, to: b, hazard: {exponential: 1 /year}}\n"
     "      - {name: k, from: [a, b], to: b, hazard: {weibull: {shape: 1, scale: 1 year}}}\n"},
    {"eight clocks, the first of them Weibull", HEAD CHART "    states: [a, b]\n    clocks:\n"
     "      - {name: k1, from: [a, b], to: a, hazard: {weibull: {shape: 0.7, scale: 1 year}}}\n"
     "      - {name: k2, from: [a, b], to: a, hazard: {exponential: 0.3 /year}}\n"
     "      - {name: k3, from: [a, b], to: b, hazard: {exponential: 0.5 /year}}\n"
     "      - {name: k4, from: [a, b], to: a, hazard: {exponential: 0.7 /year}}\n"
     "      - {name: k5, from: [a, b], to: b, hazard: {exponential: 0.11 /year}}\n"
     "      - {name: k6, from: [b, a], to: a, hazard: {exponential: 1.3 /year}}\n"
     "      - {name: k7, from: [b], to: b, hazard: {exponential: 0.17 /year}}\n"
     "      - {name: k8, from: [a], to: a, hazard: {exponential: 0.19 /year}}\n"
     "      - {name: k9, from: [a, b], to: b, hazard: {exponential: 0.23 /year}}\n"},
    {"clocks that run nowhere else, in another order", HEAD CHART "    states: [a, b, d]\n    start: d\n    clocks:\n"
     "      - {name: k1, from: b, to: d, hazard: {exponential: 0.9 /year}}\n"
     "      - {name: k2, from: [a, d], to: b, hazard: {weibull: {shape: 3, scale: 0.4 years}}}\n"
     "      - {name: k3, from: [d, b], to: a, hazard: {exponential: 1.1 /year}}\n"
     "      - {name: k4, from: [a, b, d], to: a, hazard: {exponential: 0.4 /year}}\n"},
    {"as slow as can be", HEAD CHART "    states: [a, b]\n    clocks:\n" BACK
     "      - {from: a, to: b, hazard: {exponential: 1e-300 /year}}\n"},
    {"slower than numbers reach", HEAD CHART "    states: [a, b]\n    clocks:\n" BACK
     "      - {from: a, to: b, hazard: {exponential: 1e-308 /year}}\n"
     "      - {name: w, from: a, to: b, hazard: {weibull: {shape: 1.5, scale: 0.5 years}}}\n"
     "      - {name: v, from: b, to: a, hazard: {weibull: {shape: 1.5, scale: 0.5 years}}}\n"},
    {"nothing that comes in time", HEAD CHART "    states: [a, b]\n    clocks:\n"
     "      - {from: a, to: b, hazard: {exponential: 1e-308 /year}}\n"
     "      - {name: w, from: a, to: b, hazard: {weibull: {shape: 1000, scale: 1000000 years}}}\n"},
    {"shapes at the ends", HEAD CHART "    states: [a, b]\n    clocks:\n" BACK
     "      - {from: a, to: b, hazard: {exponential: 2 /year}}\n"
     "      - {name: w, from: a, to: b, hazard: {weibull: {shape: 0.001, scale: 1 year}}}\n"
     "      - {name: v, from: b, to: a, hazard: {weibull: {shape: 1000, scale: 0.5 years}}}\n"},
    {"shapes at the ends, by themselves", HEAD CHART "    states: [a, b, d]\n    clocks:\n"
     "      - {from: a, to: b, hazard: {weibull: {shape: 0.001, scale: 1 year}}}\n"
     "      - {from: b, to: d, hazard: {weibull: {shape: 0.003, scale: 1e-9 years}}}\n"
     "      - {from: d, to: a, hazard: {weibull: {shape: 900, scale: 0.3 years}}}\n"},
    {"several moments at once", HEAD CHART "    states: [a, b]\n    clocks:\n" /* 0.001: at once with probability 0.6 */
     "      - {from: a, to: b, hazard: {weibull: {shape: 0.001, scale: 1e-9 years}}}\n"
     "      - {from: a, to: a, hazard: {exponential: 5 /year}}\n"
     "      - {from: b, to: a, hazard: {weibull: {shape: 0.002, scale: 1e-9 years}}}\n"
     "      - {from: b, to: b, hazard: {exponential: 5 /year}}\n"},
    {"many events a day", HEAD CHART "    states: [a, b]\n    clocks:\n"
     "      - {from: a, to: b, hazard: {exponential: 3000 /year}}\n"
     "      - {name: w, from: b, to: a, hazard: {weibull: {shape: 1.2, scale: 0.04 days}}}\n"
     "      - {name: e, from: b, to: b, hazard: {exponential: 2 /day}}\n"},
    {"more events than 16 bits count", HEAD CHART "    states: [a, b]\n    clocks:\n" BACK
     "      - {from: a, to: a, hazard: {exponential: 40000 /year}}\n      - {from: a, to: b, hazard: {exponential: 0.1 /year}}\n"},
    {"more events of a Weibull clock than 16 bits count", HEAD CHART "    states: [a, b]\n    clocks:\n" BACK
     "      - {from: a, to: b, hazard: {exponential: 0.1 /year}}\n"
     "      - {name: w, from: a, to: a, hazard: {weibull: {shape: 1.2, scale: 0.012 days}}}\n"},
    {"the same where the hazard falls: one long visit would not do it", HEAD CHART "    states: [a, b]\n    clocks:\n" BACK
     "      - {from: a, to: b, hazard: {exponential: 0.1 /year}}\n"
     "      - {name: w, from: a, to: a, hazard: {weibull: {shape: 0.5, scale: 0.005 days}}}\n"},
};

static void the_ends_of_the_language(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof plain / sizeof *plain; i++) {
        struct harness h;
        harness_load(&h, plain[i].text);
        if (!is_plain(&h, 0))
            fail_msg("%s: not plain", plain[i].what);
        uint64_t most = families_with(&h, 20000);
        struct part parts[] = {all_of(&h, 0, most, 1), all_of(&h, most - 3, most, 0.3)};
        for (size_t k = 0; k < 2; k++)
            agree(&h, &parts[k], plain[i].what);
        harness_free(&h);
    }
}

#define TWO(more) \
    CHART "    states: [a, b]\n    clocks:\n" BACK "      - {from: a, to: b, hazard: {exponential: 0.9 /year}" more "}\n"
#define HAZARD(h) HEAD CHART "    states: [a, b]\n    clocks:\n" BACK "      - {from: a, to: b, hazard: {" h "}}\n"
#define HOUSEHOLDS \
    ", households: {sizes: {1: 0.5, 2: 0.5}, gap: {delay: 1 year, shape: 2, mean: 2 years}, births: {2000: 700 /year}}"
#define CHILD "  k:\n    of: child\n    states: [u, v]\n    clocks:\n      - {from: u, to: v, hazard: {exponential: 0.5 /year}"

/* Each has one thing more than TWO. */
static const struct {
    const char *what, *text;
} others[] = {
    {"a chart of children", HEAD_OF(HOUSEHOLDS) TWO("") CHILD "}\n"},
    {"a ratio by age", HEAD_OF(HOUSEHOLDS) "charts:\n" CHILD ", ratios: {age: {0: 1, 1: 3}}}\n"},
    {"families that come and go", HEAD_OF(", groups: {lone: {rate: 600 /year}}") TWO("")},
    {"a second chart", HEAD TWO("") "  d:\n    of: family\n    states: [x, y]\n    clocks:\n"
     "      - {from: x, to: y, hazard: {exponential: 1 /year}}\n"},
    {"a ratio by calendar", HEAD TWO(", ratios: {calendar: {2002-01-01: 2}}")},
    {"a ratio by attribute", HEAD "attributes: {frailty: {gamma: {shape: 2, mean: 1}}}\n" TWO(", ratios: {frailty: power 0.5}")},
    {"a ratio by count", HEAD "marks: {m: family}\n" TWO(", mark: m, ratios: {count.m: {0: 1, 1: 2}}")},
    {"a ratio by time since", HEAD "marks: {m: family}\n" TWO(", mark: m, ratios: {since.m: {amplitude: 2, decay: 1 year}}")},
    {"a mark", HEAD "marks: {m: family}\n" TWO(", mark: m")},
    {"a move", HEAD TWO(", move: {chart: c, to: a, from: [b], chance: 0.5}")},
    {"an effect on entry", HEAD "marks: {m: family}\n" TWO("") "    on_entry: {b: {mark: m}}\n"},
    {"an instant state", HEAD CHART "    states: [a, b, i]\n"
     "    instant: {i: {options: [{to: a}, {to: b, weight: 2}]}}\n    clocks:\n" BACK
     "      - {from: a, to: i, hazard: {exponential: 0.9 /year}}\n"},
    {"an instant state to begin with", HEAD CHART "    states: [i, a, b]\n"
     "    instant: {i: {options: [{to: a}, {to: b, weight: 2}]}}\n"
     "    clocks:\n" BACK "      - {from: a, to: b, hazard: {exponential: 0.9 /year}}\n"},
    {"an effect where it begins", HEAD "marks: {m: family}\n" CHART "    states: [s, a, b]\n"
     "    on_entry: {s: {mark: m}}\n    clocks:\n" BACK
     "      - {from: s, to: a, hazard: {exponential: 2 /year}}\n      - {from: a, to: b, hazard: {exponential: 0.9 /year}}\n"},
    {"a ratio where it begins", HEAD CHART "    states: [s, a, b]\n    clocks:\n" BACK
     "      - {from: s, to: a, hazard: {exponential: 2 /year}, ratios: {calendar: {2001-07-01: 2}}}\n"
     "      - {from: a, to: b, hazard: {exponential: 0.9 /year}}\n"},
    {"a terminal state", HEAD CHART "    states: [a, b, z]\n    terminal: [z]\n    clocks:\n" BACK
     "      - {from: a, to: b, hazard: {exponential: 0.9 /year}}\n      - {from: a, to: z, hazard: {exponential: 0.2 /year}}\n"},
    {"a terminal state that nobody reaches", HEAD CHART "    states: [a, b, z]\n    terminal: [z]\n    clocks:\n" BACK
     "      - {from: a, to: b, hazard: {exponential: 0.9 /year}}\n"},
    {"a census", HEAD TWO("") "attributes: {frailty: {gamma: {shape: 2, mean: 1}}}\n"
     "measures: {m: {stock: c.b, when: {frailty: [1, ~]}}}\n"},
    {"a count with a condition", HEAD "attributes: {frailty: {gamma: {shape: 2, mean: 1}}}\n" TWO("")
     "measures: {m: {flow: c.a.b, when: {frailty: [1, ~]}}}\n"},
    {"a count of beginnings with a condition", HEAD "attributes: {frailty: {gamma: {shape: 2, mean: 1}}}\n" TWO("")
     "measures: {m: {flow: c.entry.a, when: {frailty: [1, ~]}}}\n"},
    {"two Weibull clocks in a state", HEAD CHART "    states: [a, b]\n    clocks:\n" BACK
     "      - {from: a, to: b, hazard: {weibull: {shape: 1.5, scale: 2 years}}}\n"
     "      - {from: a, to: a, hazard: {weibull: {shape: 0.5, scale: 1 year}}}\n"},
    {"two Weibull clocks in a state that nobody reaches", HEAD TWO("")
     "      - {name: x, from: [d], to: a, hazard: {weibull: {shape: 1.5, scale: 2 years}}}\n"
     "      - {name: y, from: [d], to: b, hazard: {weibull: {shape: 0.5, scale: 1 year}}}\n"},
    {"nine clocks in a state", HEAD CHART "    states: [a, b]\n    clocks:\n" BACK
     "      - {name: k1, from: a, to: b, hazard: {exponential: 0.1 /year}}\n"
     "      - {name: k2, from: a, to: b, hazard: {exponential: 0.2 /year}}\n"
     "      - {name: k3, from: a, to: b, hazard: {exponential: 0.3 /year}}\n"
     "      - {name: k4, from: a, to: b, hazard: {exponential: 0.4 /year}}\n"
     "      - {name: k5, from: a, to: a, hazard: {exponential: 0.5 /year}}\n"
     "      - {name: k6, from: a, to: b, hazard: {exponential: 0.6 /year}}\n"
     "      - {name: k7, from: a, to: b, hazard: {exponential: 0.7 /year}}\n"
     "      - {name: k8, from: a, to: b, hazard: {exponential: 0.8 /year}}\n"
     "      - {name: k9, from: a, to: b, hazard: {exponential: 0.9 /year}}\n"},
    {"gompertz", HAZARD("gompertz: {rate: 0.4 /year, growth: 0.1 /year}")},
    {"gamma", HAZARD("gamma: {shape: 2, mean: 1 year}")},
    {"lognormal", HAZARD("lognormal: {median: 1 year, sigma: 0.7}")},
    {"loglogistic", HAZARD("loglogistic: {shape: 2, scale: 1 year}")},
    {"piecewise", HAZARD("piecewise: {0 years: 0.5 /year, 1 year: 2 /year}")},
    {"fixed", HAZARD("fixed: 7 months")},
    {"table", HAZARD("table: [[0 years, 0], [1 year, 0.5], [2 years, 1]]")},
    {"by_calendar", HAZARD("by_calendar: {2000-04-01: 0.5 /year, 2002-04-01: 1 /year}")},
    {"a change from the first day of counting", HEAD "parameters: {r: 0.9 /year}\n" CHART "    states: [a, b]\n    clocks:\n" BACK
     "      - {from: a, to: b, hazard: {exponential: $r}}\narms: {base: {set: {r: 0.8 /year}}}\n"},
};

static void what_is_not_plain_is_left_to_others(void **state)
{
    struct harness h;
    (void)state;
    harness_load(&h, HEAD TWO(""));
    assert_true(is_plain(&h, 0));
    harness_free(&h);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        const char *text = others[i].text;
        char extended[4096];
        if (strstr(text, "[d]")) { /* one more state */
            const char *states = strstr(text, "[a, b]");
            snprintf(extended, sizeof extended, "%.*s[a, b, d]%s", (int)(states - text), text, states + strlen("[a, b]"));
            text = extended;
        }
        harness_load(&h, text);
        if (is_plain(&h, 0))
            fail_msg("%s: taken for plain", others[i].what);
        bool grouped = h.shape->blocks > 0;
        struct part p = all_of(&h, 0, grouped ? 0 : 400, 0.5);
        if (grouped) { /* families are numbered by when they form: what harness_cell asks for */
            struct result x, y;
            harness_run(&h, &x, 0, 0, 0, 0.5, KITH_ORDER_FAMILY);
            harness_run(&h, &y, 0, 0, 0, 0.5, KITH_ORDER_QUEUE);
            assert_true(x.cell.n_events > 300 && x.cell.n_events == y.cell.n_events && x.cell.n_rows == y.cell.n_rows);
            assert_memory_equal(x.cell.tally, y.cell.tally,
                                ((size_t)x.cell.months + 1) * x.cell.n_transitions * sizeof *x.cell.tally);
            result_free(&x);
            result_free(&y);
        } else {
            assert_true(agree(&h, &p, others[i].what) > 400);
        }
        harness_free(&h);
    }
}

/* Families of areas, each with something that is more than to stand in line and be served. */
#define LINE(more_states, more_clocks, more_resource, more_use) \
    HEAD "attributes: {frailty: {gamma: {shape: 2, mean: 1}}}\n" CHART "    states: [a, b, q" more_states "]\n    clocks:\n" BACK \
    "      - {from: a, to: b, hazard: {exponential: 0.9 /year}}\n" more_clocks \
    "resources: {r: {capacity: {number: 100}" more_resource ", used_by: [{chart: c, states: [b], " more_use "}]}}\n"
static const struct {
    const char *what, *text;
} others_in_line[] = {
    {"families sent elsewhere", LINE("", "", "", "full: a")},
    {"room in line", LINE("", "", ", room: 5", "waits_in: q, full: a")},
    {"who gives up waiting", LINE("", "      - {from: q, to: a, hazard: {exponential: 1 /year}}\n", "", "waits_in: q")},
    {"a priority that differs", LINE("", "", "", "waits_in: q, priority: {frailty: power 1}")},
    {"who may lose it to others", LINE("", "", ", preempts: true", "waits_in: q, priority: 2")},
    {"who minds the load", LINE("", "      - {name: k, from: b, to: a, hazard: {exponential: 1 /year}, ratios: {load.r: {1.2: 0.5}}}\n",
                                "", "waits_in: q")},
    {"who begins by asking", LINE("]\n    start: b\n    terminal: [", "", "", "waits_in: q")},
    {"a budget", LINE("", "", "", "waits_in: q")
     "costs: {x: {of: {c.a: 10 GBP/week}}}\nbudgets: {m: {statutory: [x], places: {r: {price: 500 GBP/year}}, change: -0.1}}\n"},
};

static void nor_is_who_does_more_than_stand_in_line(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof others_in_line / sizeof *others_in_line; i++) {
        struct harness h;
        harness_load(&h, others_in_line[i].text);
        if (is_plain(&h, 0))
            fail_msg("%s: taken for plain", others_in_line[i].what);
        struct part p = all_of(&h, 0, 400, 0.5);
        assert_true(agree(&h, &p, others_in_line[i].what) > 600);
        harness_free(&h);
    }
}

/* ---- who shares resources --------------------------------------------------------------------------------------- */

/* Families of an area who wait for each other, of one plain chart: some states use one of three resources, for which
 * families wait or not, in more or fewer units. */
static const char *random_area(void)
{
    static char text[PAGE];
    static const char *const units[] = {"1", "2", "0.5", "1.25"};
    char uses[3][256] = {"", "", ""};
    unsigned states = 3 + (unsigned)pick(6), n = 1 + (unsigned)pick(3), used[3] = {0};
    bool waits[3];
    double years = 1 + 4 * unit();
    text[0] = 0;
    add_text(text, "kith: 1\nmodel: pathway\nseed: %u\ntime: {start: 2000-04-01, warm_up: %.17g years, counted: %u months}\n"
             "population: {families: 1000}\ncharts:\n  c:\n    of: family\n    states: [s0",
             (unsigned)pick(1000000), pick(3) ? years : 0, 1 + (unsigned)pick(40));
    for (unsigned s = 1; s < states; s++) {
        unsigned r = (unsigned)pick(n + 1);
        add_text(text, ", s%u", s);
        if (r < n)
            snprintf(uses[r] + strlen(uses[r]), sizeof uses[r] - strlen(uses[r]), "%ss%u: %s", used[r]++ ? ", " : "", s,
                     units[pick(4)]);
    }
    for (unsigned r = 0; r < n; r++) {
        waits[r] = used[r] && pick(4);
        if (waits[r])
            add_text(text, ", q%u", r);
    }
    add_text(text, "]\n    clocks:\n");
    for (unsigned s = 0; s < states; s++) {
        unsigned exponential = (unsigned)(pick(40) ? pick(4) : 6), weibull = pick(2) || !exponential;
        for (unsigned k = 0; k < exponential + weibull; k++) {
            add_text(text, "      - {name: k%u_%u, from: s%u, to: s%u, hazard: ", s, k, s, (unsigned)pick(states));
            add_hazard(text, k >= exponential, (struct pace){0.2, 8});
            add_text(text, "}\n");
        }
    }
    bool any = false;
    for (unsigned r = 0; r < n; r++) {
        if (!used[r])
            continue;
        add_text(text, "%s  r%u:\n    capacity: {number: %.3f%s}\n    used_by: [{chart: c, states: {%s}",
                 any ? "" : "resources:\n", r,
                 spread(2, 120), pick(3) ? "" : ", calendar: {2001-10-01: 0.5, 2002-05-01: 1.5}", uses[r]);
        if (waits[r])
            add_text(text, ", waits_in: q%u", r);
        add_text(text, "%s}]\n", pick(2) ? ", priority: 2" : "");
        any = true;
    }
    return any ? text : random_area();
}

static void who_shares_resources(void **state)
{
    int waited = 0, many = 0;
    (void)state;
    luck = 5000000;
    memset(&seen, 0, sizeof seen);
    for (int i = 0; i < 120; i++) {
        struct harness h;
        struct outcome o;
        const char *text = random_area();
        harness_load(&h, text);
        many += is_plain(&h, 0);
        struct part p = all_of(&h, 0, i % 8 ? 1 + pick(700) : pick(8), i % 3 * 0.5);
        p.replication = i % 4;
        agree(&h, &p, text);
        run(&h, &o, &p, SIDE_BY_SIDE);
        assert_true(h.shape->coupled);
        for (size_t k = 0; k < h.shape->n_resources; k++) {
            int64_t sum = 0;
            for (int m = 0; m < o.cell.months; m++)
                sum += o.cell.amount[(size_t)m * o.cell.n_amounts + h.shape->resources[k].amount + KITH_POOL_WAITED];
            waited += sum > 5;
        }
        release(&o);
        harness_free(&h);
    }
    assert_true(many > 80 && waited > 50 && seen.events > 200000 && seen.rows > 50000);
}

/* How many events there are by then; in a cell that has room for more. */
static uint64_t events_by(struct harness *h, struct outcome *o, const struct part *p, double end)
{
    kith_cell_clear(&o->cell);
    o->cell.end = end;
    assert_int_equal(run_cell(h, o, p, ONE_BY_ONE), KITH_OK);
    return o->cell.n_events;
}

/* The moment of an area's event number k, counted from the first one: the first end by which there are so many. */
static double moment_of(struct harness *h, struct outcome *o, const struct part *p, uint64_t k)
{
    uint64_t before, at;
    double low = 0;
    memcpy(&before, &low, sizeof low);
    memcpy(&at, &p->end, sizeof p->end);
    while (at - before > 1) { /* the bits of positive numbers are in their order */
        uint64_t middle = before + (at - before) / 2;
        double end = kith_real_from_bits(middle);
        if (events_by(h, o, p, end) < k)
            before = middle;
        else
            at = middle;
    }
    return kith_real_from_bits(at);
}

static void moments_of_areas_to_the_last_bit(void **state)
{
    (void)state;
    luck = 6000000;
    for (int i = 0, n_areas = sampled(24); i < n_areas; i++) {
        struct harness h;
        const char *text = random_area();
        harness_load(&h, text);
        struct part p = all_of(&h, 0, 1 + pick(30), 1);
        p.warm_up = 0;
        struct outcome o;
        run(&h, &o, &p, ONE_BY_ONE);
        uint64_t n = o.cell.n_events, begun = p.to;
        for (int k = 0; k < 5 && n > begun; k++) {
            struct part q = p;
            q.end = moment_of(&h, &o, &p, begun + 1 + pick(n - begun < 200 ? n - begun : 200));
            uint64_t events = agree(&h, &q, text);
            q.end = nextafter(q.end, 0);
            assert_true(agree(&h, &q, text) < events);
            q.warm_up = q.end; /* and counting begins there */
            q.end = p.end;
            agree(&h, &q, text);
            q.warm_up = nextafter(q.warm_up, INFINITY);
            agree(&h, &q, text);
        }
        release(&o);
        harness_free(&h);
    }
}

/* Two thirds of the visits to b end at the moment they begin. What the family needs less for that moment, nobody gets: the
 * line is served when all has happened to it that happens then. */
static void visits_of_no_time_in_an_area(void **state)
{
    static const char *const text =
        "kith: 1\nmodel: pathway\ntime: {counted: 2 years}\npopulation: {families: 50}\n" CHART "    states: [s, a, b, q]\n"
        "    clocks:\n"
        "      - {from: s, to: a, hazard: {exponential: 1 /year}}\n"
        "      - {from: s, to: b, hazard: {exponential: 1 /year}}\n"
        "      - {from: a, to: b, hazard: {exponential: 1 /year}}\n"
        "      - {from: b, to: a, hazard: {weibull: {shape: 0.001, scale: 1 day}}}\n"
        "resources:\n  r: {capacity: {number: 4}, used_by: [{chart: c, states: {a: 2, b: 1}, waits_in: q}]}\n";
    struct harness h;
    (void)state;
    harness_load(&h, text);
    for (uint64_t n = 2; n <= 50; n++) {
        struct part p = all_of(&h, 0, n, 1);
        agree(&h, &p, text);
    }
    harness_free(&h);
}

/* ---- what else is promised -------------------------------------------------------------------------------------- */

static const char *const chain =
    "kith: 1\nmodel: pathway\nseed: 5\ntime: {warm_up: 1 year, counted: 20 years}\npopulation: {families: 3000}\n"
    "parameters:\n  r: {value: %.17g /year, range: [0 /year, 10 /year]}\n" CHART "    states: [a, b, d]\n    clocks:\n"
    "      - {from: a, to: b, hazard: {exponential: $r}}\n"
    "      - {from: b, to: a, hazard: {weibull: {shape: %.17g, scale: %.17g years}}}\n"
    "      - {from: b, to: d, hazard: {exponential: 0.8 /year}}\n"
    "      - {from: d, to: a, hazard: {exponential: 1.2 /year}}\n";

static void load_chain(struct harness *h, double rate, double shape, double scale)
{
    char text[4096];
    int n = snprintf(text, sizeof text, chain, rate, shape, scale);
    assert_true(n > 0 && n < (int)sizeof text);
    harness_load(h, text);
    assert_true(is_plain(h, 0));
}

/* A comparison that these tests make would see a rate, a shape or a scale that is wrong in the tenth place. */
static void a_number_a_little_off_is_seen(void **state)
{
    static const double numbers[][3] = {{0.6, 1.4, 0.7}, {0.6 * (1 + 1e-9), 1.4, 0.7}, {0.6, 1.4 * (1 + 1e-9), 0.7},
                                        {0.6, 1.4, 0.7 * (1 + 1e-9)}};
    struct harness right, wrong;
    struct outcome x, y;
    (void)state;
    load_chain(&right, numbers[0][0], numbers[0][1], numbers[0][2]);
    struct part p = all_of(&right, 0, 5000, 0);
    run(&right, &x, &p, SIDE_BY_SIDE);
    for (int i = 0; i < 4; i++) {
        load_chain(&wrong, numbers[i][0], numbers[i][1], numbers[i][2]);
        run(&wrong, &y, &p, IN_ORDER_OF_TIME);
        if (!difference(&right, &x, &y) != (i == 0))
            fail_msg("number %d a little off: %s", i, i ? "not seen" : "differs");
        release(&y);
        harness_free(&wrong);
    }
    release(&x);
    harness_free(&right);
}

/* A cell in pieces, by the same workspace, whatever it has been used for. */
static void pieces_add_up(void **state)
{
    static const uint64_t cuts[] = {0, 37, 61, 62, 62, 700, 1900, 3000};
    enum { PIECES = sizeof cuts / sizeof *cuts - 1 };
    struct harness h;
    struct outcome whole, parts;
    (void)state;
    load_chain(&h, 0.6, 1.4, 0.7);
    struct part p = all_of(&h, 0, cuts[PIECES], 0.4);
    run(&h, &whole, &p, SIDE_BY_SIDE);
    run(&h, &parts, &p, SIDE_BY_SIDE);
    kith_cell_clear(&parts.cell);
    size_t families = 0, rows = 0;
    const struct kith_tracks *t = &parts.families.tracks, *u = &whole.all;
    for (int i = 0; i < PIECES; i++) {
        p.from = cuts[i];
        p.to = cuts[i + 1];
        parts.cell.n_rows = 0;
        if (parts.families.state_room) /* nothing in it counts */
            memset(parts.families.state, 0xa5 + i, parts.families.state_room);
        assert_int_equal(run_cell(&h, &parts, &p, SIDE_BY_SIDE), KITH_OK);
        assert_true(families + t->n_families <= u->n_families && rows + t->n_events <= u->n_events);
        assert_true(same(t->id, u->id + families, t->n_families, sizeof *t->id));
        for (size_t k = 0; k < t->n_families; k++)
            assert_int_equal((size_t)t->event_end[k] + rows, u->event_end[families + k]);
        assert_true(same(t->day, u->day + rows, t->n_events, sizeof *t->day) &&
                    same(t->code, (const char *)u->code + rows * u->code_bytes, t->n_events, t->code_bytes) && !t->member);
        families += t->n_families;
        rows += t->n_events;
    }
    assert_true(families == u->n_families && families > 1000 && rows == u->n_events && rows > families);
    assert_int_equal(parts.cell.n_events, whole.cell.n_events);
    assert_true(SAME(&parts.cell, &whole.cell, tally, ((size_t)whole.cell.months + 1) * whole.cell.n_transitions));
    release(&whole);
    release(&parts);
    harness_free(&h);
}

#define SHARED \
    "kith: 1\nmodel: pathway\ntime: {warm_up: 1 year, counted: 3 years}\npopulation: {families: 2000}\n" \
    CHART "    states: [s, a, q]\n    clocks:\n      - {from: s, to: a, hazard: {exponential: 2 /year}}\n" \
    "      - {from: a, to: s, hazard: {weibull: {shape: 1.4, scale: 0.7 years}}}\n" \
    "resources:\n  r: {capacity: {number: 400}, used_by: [{chart: c, states: [a], waits_in: q}]}\n"

/* By itself, and where families share something. */
static void load_either(struct harness *h, bool shared)
{
    if (shared)
        harness_load(h, SHARED);
    else
        load_chain(h, 0.6, 1.4, 0.7);
    assert_true(is_plain(h, 0) && h->shape->coupled == shared);
}

/* Each allocation fails in turn: the run says so, and the next one is right. */
static void without_memory_it_says_so(void **state)
{
    (void)state;
    for (int shared = 0; shared < 2; shared++) {
        struct harness h;
        struct outcome right, o;
        long failures = 0;
        load_either(&h, shared);
        struct part p = all_of(&h, 0, 2000, 1);
        run(&h, &right, &p, IN_ORDER_OF_TIME);
        for (;; failures++) {
            h.mem.fail_at = failures;
            try_run(&h, &o, &p, SIDE_BY_SIDE);
            h.mem.fail_at = -1;
            assert_true(failures < 1000);
            if (!o.status)
                break;
            assert_int_equal(o.status, KITH_NO_MEMORY);
            release(&o);
        }
        assert_true(failures > 20);
        collect(&h, &o);
        assert_null(difference(&h, &o, &right));
        release(&o);
        release(&right);
        harness_free(&h);
    }
}

static void stops_when_told(void **state)
{
    (void)state;
    for (int shared = 0; shared < 2; shared++) {
        struct harness h;
        struct outcome o;
        volatile int stop = 1;
        load_either(&h, shared);
        struct part p = all_of(&h, 0, 2000, 1);
        run(&h, &o, &p, SIDE_BY_SIDE);
        kith_cell_clear(&o.cell);
        assert_int_equal(kith_families_run(&o.families, h.model, h.compiled, &o.cell, h.shape, 0, 2000, 1, KITH_ORDER_FAMILY,
                                           &stop),
                         KITH_STOPPED);
        release(&o);
        harness_free(&h);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_scenarios),
        cmocka_unit_test(every_moment_to_its_last_bit),
        cmocka_unit_test(many_things_at_once),
        cmocka_unit_test(an_event_at_the_very_end_has_no_month_left),
        cmocka_unit_test(the_ends_of_the_language),
        cmocka_unit_test(what_is_not_plain_is_left_to_others),
        cmocka_unit_test(nor_is_who_does_more_than_stand_in_line),
        cmocka_unit_test(who_shares_resources),
        cmocka_unit_test(moments_of_areas_to_the_last_bit),
        cmocka_unit_test(visits_of_no_time_in_an_area),
        cmocka_unit_test(a_number_a_little_off_is_seen),
        cmocka_unit_test(pieces_add_up),
        cmocka_unit_test(without_memory_it_says_so),
        cmocka_unit_test(stops_when_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
