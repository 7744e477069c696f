/* Budgets and contracts of a rich scenario: money that adds up to the penny, places worked out again from a year's accounts,
 * and what must not depend on what. Written from scenarios/README.md. */
#include "money.h"

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
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
