/* Ratios that say what a test finds, and what holds otherwise: `screened`, `missed` and the `else` of `when`. Exact
 * equalities with the same scenario written in other words, and counts against binomial distributions. Written from
 * scenarios/README.md. */
#include "../../stat/harness.h"

/* Families are born with a need that stays: none 0.5, complex 0.3, acute 0.2; and once a year something is decided. */
#define FAMILIES "6000"
#define HEAD \
    "kith: 1\nmodel: pathway\nseed: 21\ntime: {counted: 3 years}\npopulation: {families: " FAMILIES "}\n" \
    "parameters: {sensitivity: 0.8, specificity: 0.9, x: 2, y: 0.5}\n" \
    "attributes: {level: {values: {0: 1, 1: 1, 2: 1, 3: 1}, unit: step}}\n" \
    "marks: {seen: family}\n" \
    "charts:\n" \
    "  need:\n" \
    "    of: family\n" \
    "    states: [born, none, complex, acute]\n" \
    "    start: born\n" \
    "    instant: {born: {options: [{to: none, weight: 0.5}, {to: complex, weight: 0.3}, {to: acute, weight: 0.2}]}}\n"
#define ARMS "arms: {baseline: {}, other: {from: 18 months, set: {sensitivity: 0.3, specificity: 0.4, x: 0.25, y: 4}}}\n"

#define ILL "if: {need: [complex, acute]}"
#define EVERYBODY "if: {need: [none, complex, acute]}"
#define NOBODY "if: {level: [7, ~]}"

/* Exits of an instant state: positive, negative and a third one, with these weights. */
static const char *exits(const char *positive, const char *negative, const char *third)
{
    static char text[4][4096];
    static int at;
    at = (at + 1) % 4;
    snprintf(text[at], sizeof text[at],
             HEAD "  test:\n    of: family\n    states: [idle, now, positive, negative, third]\n    instant:\n"
                  "      now: {options: [{to: positive, weight: %s}, {to: negative, weight: %s}, {to: third, weight: %s}]}\n"
                  "    clocks: [{name: try, from: [idle, positive, negative, third], to: now, hazard: {fixed: 1 year}}]\n" ARMS,
             positive, negative, third);
    return text[at];
}

/* A clock with these ratios. */
static const char *clock_with(const char *ratios)
{
    static char text[4][4096];
    static int at;
    at = (at + 1) % 4;
    snprintf(text[at], sizeof text[at],
             HEAD "  test:\n    of: family\n    states: [out, in]\n    clocks:\n"
                  "      - {from: out, to: in, hazard: {exponential: 0.7 /year}, ratios: {%s}, mark: seen}\n"
                  "      - {from: in, to: out, hazard: {weibull: {shape: 1.5, scale: 0.5 years}}}\n" ARMS,
             ratios);
    return text[at];
}

/* Another chart that is moved by chance. */
static const char *moved_by(const char *chance)
{
    static char text[4][4096];
    static int at;
    at = (at + 1) % 4;
    snprintf(text[at], sizeof text[at],
             HEAD "  test:\n    of: family\n    states: [out, in]\n    clocks:\n"
                  "      - {from: out, to: in, hazard: {exponential: 2 /year}, move: {chart: found, to: yes, chance: %s}}\n"
                  "      - {from: in, to: out, hazard: {exponential: 5 /year}}\n"
                  "  found: {of: family, states: [no, yes], clocks: [{from: yes, to: no, hazard: {exponential: 9 /year}}]}\n" ARMS,
             chance);
    return text[at];
}

/* Whether two scenarios give the same events at the same moments, to the bit, in an arm. */
static bool same_arm(const char *a, const char *b, size_t arm)
{
    struct harness h[2];
    struct result r[2];
    harness_load(&h[0], a);
    harness_load(&h[1], b);
    for (int i = 0; i < 2; i++) {
        harness_run(&h[i], &r[i], arm, 0, 0, 1, KITH_ORDER_FAMILY);
        assert_null(r[i].cell.fault);
        assert_true(r[i].cell.n_events > 10000);
    }
    const struct kith_cell *x = &r[0].cell, *y = &r[1].cell;
    bool same = x->n_transitions == y->n_transitions && x->n_events == y->n_events && x->n_rows == y->n_rows &&
                memcmp(x->tally, y->tally, ((size_t)x->months + 1) * x->n_transitions * sizeof *x->tally) == 0 &&
                memcmp(x->day, y->day, x->n_rows * sizeof *x->day) == 0 &&
                memcmp(x->code, y->code, x->n_rows * sizeof *x->code) == 0;
    for (int i = 0; i < 2; i++) {
        result_free(&r[i]);
        harness_free(&h[i]);
    }
    return same;
}
static bool same(const char *a, const char *b)
{
    return same_arm(a, b, 0);
}

/* ---- in other words ----------------------------------------------------------------------------------------------- */

#define TEST_OF(condition) "{" condition ", sensitivity: 0.8, specificity: 0.9}"
#define SCREENED(condition) "{screened: " TEST_OF(condition) "}"
#define MISSED(condition) "{missed: " TEST_OF(condition) "}"

static void a_test_in_other_words(void **state)
{
    (void)state;
    /* who has it is found with the sensitivity, who has not with what the specificity leaves; in all numbers may be */
    const char *plain = exits("{need: {none: 0.1, complex: 0.8, acute: 0.8}}", "{need: {none: 0.9, complex: 0.2, acute: 0.2}}",
                              "0.5");
    assert_true(same(exits(SCREENED(ILL), MISSED(ILL), "0.5"), plain));
    assert_false(same(exits(SCREENED(ILL), SCREENED(ILL), "0.5"), plain));
    assert_false(same(exits(MISSED(ILL), SCREENED(ILL), "0.5"), plain));
    assert_true(same(exits(SCREENED(EVERYBODY), MISSED(EVERYBODY), "0.5"), exits("0.8", "0.2", "0.5")));
    assert_true(same(exits(SCREENED(NOBODY), MISSED(NOBODY), "0.5"), exits("0.1", "0.9", "0.5")));
    assert_true(same(exits("1", "1", SCREENED(ILL)), exits("1", "1", "{need: {none: 0.1, complex: 0.8, acute: 0.8}}")));
}

static void a_test_with_several_conditions(void **state)
{
    (void)state;
    const char *both = exits(SCREENED("if: {need: [acute], level: [2, ~]}"), MISSED("if: {need: [acute], level: [2, ~]}"), "0.5");
    /* both tests must hold */
    const char *when = exits("{when: [{if: {need: [acute], level: [2, ~]}, ratio: 0.8, else: 0.1}]}",
                             "{when: [{if: {need: [acute], level: [2, ~]}, ratio: 0.2, else: 0.9}]}", "0.5");
    assert_true(same(both, when));
    assert_false(same(both, exits(SCREENED("if: {need: [acute]}"), MISSED("if: {need: [acute]}"), "0.5")));
    assert_false(same(both, exits(SCREENED("if: {level: [2, ~]}"), MISSED("if: {level: [2, ~]}"), "0.5")));
}

static void a_test_as_a_ratio(void **state)
{
    (void)state;
    assert_true(same(clock_with("screened: " TEST_OF(ILL)), clock_with("need: {none: 0.1, complex: 0.8, acute: 0.8}")));
    assert_true(same(clock_with("missed: " TEST_OF(ILL)), clock_with("need: {none: 0.9, complex: 0.2, acute: 0.2}")));
    assert_false(same(clock_with("missed: " TEST_OF(ILL)), clock_with("need: {none: 0.9, complex: 0.2, acute: 0.21}")));
    /* beside other ratios */
    assert_true(same(clock_with("times: 2, screened: " TEST_OF(ILL) ", count.seen: {0: 1, 2: 0.5}"),
                     clock_with("times: 2, need: {none: 0.1, complex: 0.8, acute: 0.8}, count.seen: {0: 1, 2: 0.5}")));
    /* of something that changes while the clock runs */
    assert_true(same(clock_with("screened: " TEST_OF("if: {since.seen: [0 years, 3 months]}")),
                     clock_with("when: [{if: {since.seen: [0 years, 3 months]}, ratio: 0.8, else: 0.1}]")));
    assert_true(same(moved_by(SCREENED(ILL)), moved_by("{need: {none: 0.1, complex: 0.8, acute: 0.8}}")));
    assert_true(same(moved_by(MISSED(ILL)), moved_by("{need: {none: 0.9, complex: 0.2, acute: 0.2}}")));
    assert_false(same(moved_by(MISSED(ILL)), moved_by(SCREENED(ILL))));
}

static void a_test_that_knows_all_or_nothing(void **state)
{
    (void)state;
    static const char knows[] = "{screened: {" ILL ", sensitivity: 1, specificity: 1}}";
    static const char knows_not[] = "{missed: {" ILL ", sensitivity: 1, specificity: 1}}";
    static const char wrong[] = "{screened: {" ILL ", sensitivity: 0, specificity: 0}}";
    static const char wrong_not[] = "{missed: {" ILL ", sensitivity: 0, specificity: 0}}";
    static const char guesses[] = "{screened: {" ILL ", sensitivity: 0.5, specificity: 0.5}}";
    static const char guesses_not[] = "{missed: {" ILL ", sensitivity: 0.5, specificity: 0.5}}";
    static const char *const ill = "{need: {none: 0, complex: 1, acute: 1}}", *const well = "{need: {none: 1, complex: 0, acute: 0}}";
    assert_true(same(exits(knows, knows_not, "0.5"), exits(ill, well, "0.5")));
    assert_true(same(exits(wrong, wrong_not, "0.5"), exits(well, ill, "0.5")));
    assert_true(same(exits(guesses, guesses_not, "0.5"), exits("0.5", "0.5", "0.5")));
}

/* Parameters of an arm hold from their date on. */
static void tests_of_an_arm(void **state)
{
    const char *screened = exits("{screened: {" ILL ", sensitivity: $sensitivity, specificity: $specificity}}",
                                 "{missed: {" ILL ", sensitivity: $sensitivity, specificity: $specificity}}", "0.5");
    const char *when = exits("{when: [{" ILL ", ratio: $sensitivity, else: $y}]}", "0.5", "0.5");
    const char *plain = exits("{when: [{" ILL ", ratio: $sensitivity}, {if: {need: [none]}, ratio: $y}]}", "0.5", "0.5");
    struct harness h;
    struct result r[2];
    (void)state;
    assert_true(same(screened, exits(SCREENED(ILL), MISSED(ILL), "0.5")));
    for (size_t arm = 0; arm < 2; arm++)
        assert_true(same_arm(when, plain, arm));
    harness_load(&h, screened);
    for (size_t arm = 0; arm < 2; arm++)
        harness_run(&h, &r[arm], arm, 0, 0, 0, KITH_ORDER_FAMILY);
    /* tests happen after one and after two years: the first is the same, the second is not */
    static const char found[] = "test.now.positive";
    assert_int_equal(flow_between(&h, &r[0], found, 0, 18), flow_between(&h, &r[1], found, 0, 18));
    assert_true(flow_between(&h, &r[0], found, 0, 18) > 1000);
    assert_int_not_equal(flow_between(&h, &r[0], found, 18, 36), flow_between(&h, &r[1], found, 18, 36));
    for (size_t arm = 0; arm < 2; arm++)
        result_free(&r[arm]);
    harness_free(&h);
}

static void otherwise(void **state)
{
    (void)state;
    const char *half = clock_with("when: [{" ILL ", ratio: 2, else: 0.5}]");
    assert_true(same(half, clock_with("need: {none: 0.5, complex: 2, acute: 2}")));
    assert_true(same(clock_with("when: [{" ILL ", ratio: 2, else: 1}]"), clock_with("when: [{" ILL ", ratio: 2}]")));
    half = clock_with("when: [{" ILL ", ratio: 2, else: 0.5}]");
    assert_true(same(clock_with("when: [{" ILL ", ratio: $x, else: $y}]"), half));
    assert_false(same(half, clock_with("when: [{" ILL ", ratio: 2}]")));
    assert_false(same(half, clock_with("when: [{" ILL ", ratio: 2, else: 0.501}]")));
    /* a clock that is stopped, by either */
    assert_true(same(clock_with("when: [{" ILL ", ratio: 2, else: 0}]"), clock_with("need: {none: 0, complex: 2, acute: 2}")));
    assert_true(same(clock_with("when: [{" ILL ", ratio: 0, else: 2}]"), clock_with("need: {none: 2, complex: 0, acute: 0}")));
    /* not all tests hold: else */
    assert_true(same(clock_with("when: [{if: {need: [complex, acute], level: [2, ~]}, ratio: 4, else: 0.5}]"),
                     clock_with("times: 0.5, when: [{if: {need: [complex, acute], level: [2, ~]}, ratio: 8}]")));
    /* each entry has its own, and they multiply */
    assert_true(same(clock_with("when: [{" ILL ", ratio: 2, else: 0.5}, {if: {level: [2, ~]}, ratio: 4, else: 0.25}]"),
                     clock_with("need: {none: 0.5, complex: 2, acute: 2}, when: [{if: {level: [2, ~]}, ratio: 4},\n"
                                "        {if: {level: [~, 2]}, ratio: 0.25}]")));
    /* of something that changes while the clock runs: since the mark was set, never, and no more */
    assert_true(same(clock_with("when: [{if: {since.seen: [0 years, 3 months]}, ratio: 0.5, else: 2}]"),
                     clock_with("times: 2, when: [{if: {since.seen: [0 years, 3 months]}, ratio: 0.25}]")));
    assert_true(same(clock_with("when: [{if: {count.seen: [1, 3]}, ratio: 0.5, else: 2}]"),
                     clock_with("count.seen: {0: 2, 1: 0.5, 3: 2}")));
    for (size_t arm = 0; arm < 2; arm++)
        assert_true(same_arm(clock_with("when: [{" ILL ", ratio: $x, else: $y}]"),
                             clock_with("when: [{" ILL ", ratio: $x}, {if: {need: [none]}, ratio: $y}]"), arm));
}

/* ---- how often ---------------------------------------------------------------------------------------------------- */

/* How often families with, [1], and without, [0], what is tested for came out positive, and how often they were tested. */
struct tested {
    int64_t positive[2], all[2];
};

static struct tested count_tests(const char *text)
{
    struct harness h;
    struct kith_cell cell;
    struct story s = {0};
    struct tested k = {{0}, {0}};
    harness_load(&h, text);
    uint64_t n = harness_cell(&h, &cell, 0, 0, 0);
    size_t none = harness_state(&h, "need.none"), positive = harness_flow(&h, "test.now.positive");
    for (uint64_t i = 0; i < n; i++) {
        bool ill = true;
        harness_story(&h, &cell, i, &s);
        for (size_t j = 0; j < s.n; j++)
            ill = ill && h.shape->transitions[s.event[j].code].to != (int)none;
        for (size_t j = s.standing; j < s.n; j++) {
            int from = h.shape->transitions[s.event[j].code].from;
            if (from < 0 || strcmp(h.shape->states[from].name, "now") != 0)
                continue;
            k.all[ill]++;
            k.positive[ill] += s.event[j].code == positive;
        }
    }
    story_free(&s);
    kith_cell_free(&cell);
    harness_free(&h);
    return k;
}

/* Two options only: the weights of a test are its probabilities if they sum to 1, and any others would be divided. */
static void sensitivity_and_specificity(void **state)
{
    static const double sensitivity[] = {0.8, 0.74}, specificity[] = {0.9, 0.95};
    (void)state;
    for (int i = 0; i < 2; i++) {
        char positive[200], negative[200];
        double s = sensitivity[i], c = specificity[i];
        snprintf(positive, sizeof positive, "{screened: {" ILL ", sensitivity: %g, specificity: %g}}", s, c);
        snprintf(negative, sizeof negative, "{missed: {" ILL ", sensitivity: %g, specificity: %g}}", s, c);
        struct tested two = count_tests(exits(positive, negative, "0"));
        assert_true(two.all[0] > 5000 && two.all[1] > 5000);
        /* the scenario's own numbers pass, those of the other one do not */
        for (int j = 0; j < 2; j++) {
            double ill = p_binomial(two.positive[1], two.all[1], sensitivity[j]);
            double well = p_binomial(two.positive[0], two.all[0], 1 - specificity[j]);
            assert_int_equal(ill > LEVEL, i == j);
            assert_int_equal(well > LEVEL, i == j);
        }
        /* beside a third option of weight 1 a test is made in one of two cases: only if its weights sum to 1 */
        struct tested half = count_tests(exits(positive, negative, "1"));
        for (int j = 0; j < 2; j++) {
            assert_true(p_binomial(half.positive[1], half.all[1], sensitivity[j] / 2) > LEVEL || i != j);
            assert_true(p_binomial(half.positive[0], half.all[0], (1 - specificity[j]) / 2) > LEVEL || i != j);
        }
        assert_true(p_binomial(half.positive[1], half.all[1], sensitivity[i] / 1.8) < LEVEL);
    }
}

static void as_often_as_else_says(void **state)
{
    (void)state;
    /* 3 of 4 where it holds, 1 of 5 where not */
    struct tested k = count_tests(exits("{when: [{" ILL ", ratio: 3, else: 0.25}]}", "1", "0"));
    assert_true(p_binomial(k.positive[1], k.all[1], 0.75) > LEVEL);
    assert_true(p_binomial(k.positive[0], k.all[0], 0.2) > LEVEL);
    assert_true(p_binomial(k.positive[0], k.all[0], 0.5) < LEVEL); /* without else */
    assert_true(p_binomial(k.positive[0], k.all[0], 0.23) < LEVEL);
    assert_true(p_binomial(k.positive[1], k.all[1], 0.72) < LEVEL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_test_in_other_words),
        cmocka_unit_test(a_test_with_several_conditions),
        cmocka_unit_test(a_test_as_a_ratio),
        cmocka_unit_test(a_test_that_knows_all_or_nothing),
        cmocka_unit_test(tests_of_an_arm),
        cmocka_unit_test(otherwise),
        cmocka_unit_test(sensitivity_and_specificity),
        cmocka_unit_test(as_often_as_else_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
