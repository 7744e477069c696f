/* Accounts of budgets and contracts in small scenarios, written down by hand, and which way things go. Written from
 * scenarios/README.md. */
#include "money.h"

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
