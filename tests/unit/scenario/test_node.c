/* The readers of node.h, on one tree: values, units, ranges, references, and what they report. */
#include <math.h>

#include "help.h"

static const char *const scenario =
    HEAD "parameters: {exit: {value: 0.25 /year, range: [0 /year, 1 /year]}, delay: 6 weeks, share: 0.2}\n"
         "measures:\n"
         "  rate: 0.5 /month\n"
         "  bare: 0.06\n"
         "  map: {value: 3, unit: /year, range: [1, 5], source: Smith 2020, prior: {normal: [3, 1]}}\n"
         "  out: {value: 7 /year, range: [1 /year, 5 /year]}\n"
         "  odd: {value: 7 /year, rnge: 3}\n"
         "  none: {source: x}\n"
         "  exit: $exit\n"
         "  delay: $delay\n"
         "  exti: $exti\n"
         "  zzz: $zzzzzzzz\n"
         "  below: -1 /year\n"
         "  decade: 1 /decade\n"
         "  word: often\n"
         "  huge: 1e999 /year\n"
         "  list: [1, 2]\n"
         "  empty:\n"
         "  yes: true\n"
         "  no: \"false\"\n"
         "  maybe: perhaps\n"
         "  count: 12\n"
         "  half: 0.5\n"
         "  million: 1e6\n"
         "  name: Anna\n"
         "  backwards: {value: 2 /year, range: [3 /year, 1 /year]}\n"
         "  lone: {value: 2 /year, range: 3 /year}\n"
         "  day: 2023-02-30\n";

/* The readers, over the tree. */
struct fixture {
    struct help *h;
    struct kith_reader r;
    const struct kith_node *m;
    double values[3];
    bool used[3];
    char out[1024];
};

static struct fixture begin(void **state)
{
    struct fixture f = {.h = *state};
    help_accepted(f.h, scenario);
    f.m = kith_node_get(f.h->sc.root, "measures");
    assert_non_null(f.m);
    return f;
}

static void arm_reader(struct fixture *f)
{
    f->r = kith_scenario_reader(&f->h->sc, &f->h->errors, f->values, 0, NAN);
    f->r.used = f->used;
}

/* The one report that the last call made; forgets it. */
static const char *report(struct fixture *f)
{
    assert_int_equal(f->h->errors.n, 1);
    help_error(f->h, 0, f->out);
    f->h->errors.n = 0;
    const char *at = strstr(f->out, "error: ");
    assert_non_null(at);
    return at + 7;
}

static double rate(struct fixture *f, const char *key)
{
    return kith_node_number(&f->r, f->m, key, KITH_UNIT_RATE, 0.5, 100.0);
}

static void numbers(void **state)
{
    struct fixture f = begin(state);
    arm_reader(&f);
    assert_true(rate(&f, "rate") == 6.0);
    assert_true(rate(&f, "map") == 3.0);
    assert_int_equal(f.h->errors.n, 0);
    assert_true(kith_node_number_or(&f.r, f.m, "absent", KITH_UNIT_RATE, 0, 1, 42.0) == 42.0);
    assert_true(kith_node_number(&f.r, NULL, "absent", KITH_UNIT_RATE, 2, 3) == 2.0);
    assert_true(kith_node_value(&f.r, NULL, "x", KITH_UNIT_RATE, -INFINITY, 3) == 0.0);
    assert_int_equal(f.h->errors.n, 0);
}

static void number_reports(void **state)
{
    struct fixture f = begin(state);
    arm_reader(&f);
    static const char *const expected[][2] = {
        {"absent", "missing key 'absent'"},
        {"bare", "bare = 0.06 has no unit: write for example \"0.06 /year\""},
        {"out", "out = 7 /year is above 5 /year"},
        {"odd", "unknown key 'rnge' in odd (a number): did you mean 'range'?"},
        {"none", "missing key 'value'"},
        {"delay",
         "delay = $delay (6 weeks) is a time, but a rate is wanted: write for example \"0.25 /year\""},
        {"exit", "exit = $exit (0.25 /year) is below 0.5 /year"},
        {"exti", "unknown parameter 'exti': did you mean 'exit'?"},
        {"zzz", "unknown parameter 'zzzzzzzz'"},
        {"below", "below = -1 /year is below 0.5 /year"},
        {"decade", "decade = 1 /decade has an unknown unit '/decade': write for example \"0.25 /year\""},
        {"word", "word = often is not a rate: write for example \"0.25 /year\""},
        {"huge", "huge = 1e999 /year is too large"},
        {"list", "list has to be a rate, but is a list"},
        {"empty", "empty has to be a rate, but is empty"},
        {"backwards", "range: 3 /year is above 1 /year"},
        {"lone", "range has to be a list of two numbers: [lowest, highest]"},
        {"day", "day = 2023-02-30: there is no such day"},
    };
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
        double value = rate(&f, expected[i][0]);
        assert_string_equal(report(&f), expected[i][1]);
        assert_true(value == 0.5 || strcmp(expected[i][0], "odd") == 0); /* harmless */
    }
}

static void report_places(void **state)
{
    struct fixture f = begin(state);
    char out[1024];
    arm_reader(&f);
    (void)rate(&f, "absent");
    (void)rate(&f, "below");
    (void)rate(&f, "odd");
    assert_string_equal(help_error(f.h, 0, out), "t.yaml:5:1: error: missing key 'absent'");
    assert_string_equal(help_error(f.h, 1, out), "t.yaml:16:10: error: below = -1 /year is below 0.5 /year");
    assert_string_equal(help_error(f.h, 2, out),
                        "t.yaml:10:25: error: unknown key 'rnge' in odd (a number): did you mean 'range'?");
}

static void wanted_units(void **state)
{
    struct fixture f = begin(state);
    arm_reader(&f);
    static const char *const expected[] = {
        "rate = 0.5 /month is a rate, but a bare number is wanted: write for example 0.5",
        "bare = 0.06 has no unit: write for example \"0.06 years\"",
        NULL,
        "bare = 0.06 has no unit: write for example \"GBP 0.06\"",
        "bare = 0.06 has no unit: write for example \"GBP 0.06 /year\"",
        "bare = 0.06 is no date: write for example 2023-04-01",
    };
    for (int unit = 0; unit < 6; unit++) {
        if (!expected[unit])
            continue;
        (void)kith_node_number(&f.r, f.m, unit ? "bare" : "rate", (enum kith_unit)unit, 0.0, 1.0);
        assert_string_equal(report(&f), expected[unit]);
    }
}

static void references(void **state)
{
    struct fixture f = begin(state);
    arm_reader(&f);
    const struct kith_node *exit = kith_node_get(f.m, "exit");
    assert_true(kith_node_value(&f.r, exit, "x", KITH_UNIT_RATE, 0, 1) == 0.25);
    assert_true(f.used[0] && !f.used[1] && !f.used[2]);
    assert_int_equal(kith_node_parameter(&f.r, exit), 0);
    assert_int_equal(kith_node_parameter(&f.r, kith_node_get(f.m, "rate")), -1);
    assert_int_equal(kith_node_parameter(&f.r, f.m), -1);
    f.values[0] = 0.75; /* as an arm would have it */
    assert_true(kith_node_value(&f.r, exit, "x", KITH_UNIT_RATE, 0, 1) == 0.75);
    assert_int_equal(f.h->errors.n, 0);
    (void)kith_node_value(&f.r, exit, "x", KITH_UNIT_RATE, 0, 0.5);
    assert_string_equal(report(&f), "x = $exit (0.75 /year) is above 0.5 /year");
}

static void is_number(void **state)
{
    struct fixture f = begin(state);
    arm_reader(&f);
    static const char *const rates[] = {"rate", "map", "exit", "below", "odd"};
    static const char *const others[] = {"bare", "delay", "exti", "word", "list", "empty", "none", "decade"};
    for (size_t i = 0; i < sizeof rates / sizeof rates[0]; i++)
        assert_true(kith_node_is_number(&f.r, kith_node_get(f.m, rates[i]), KITH_UNIT_RATE));
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        assert_false(kith_node_is_number(&f.r, kith_node_get(f.m, others[i]), KITH_UNIT_RATE));
    assert_false(kith_node_is_number(&f.r, NULL, KITH_UNIT_RATE));
    assert_int_equal(f.h->errors.n, 0);
}

static void integers(void **state)
{
    struct fixture f = begin(state);
    arm_reader(&f);
    assert_true(kith_node_integer(&f.r, f.m, "count", 0, 100, 5) == 12);
    assert_true(kith_node_integer(&f.r, f.m, "million", 0, 1000000, 5) == 1000000);
    assert_true(kith_node_integer(&f.r, f.m, "absent", 0, 100, 5) == 5);
    assert_int_equal(f.h->errors.n, 0);
    assert_true(kith_node_integer(&f.r, f.m, "count", 0, 11, 5) == 5);
    assert_string_equal(report(&f), "count = 12 is above 11");
    (void)kith_node_integer(&f.r, f.m, "count", 13, 20, 5);
    assert_string_equal(report(&f), "count = 12 is below 13");
    (void)kith_node_integer(&f.r, f.m, "half", 0, 20, 5);
    assert_string_equal(report(&f), "half = 0.5 has to be a whole number");
    (void)kith_node_integer(&f.r, f.m, "rate", 0, 20, 5);
    assert_string_equal(report(&f),
                        "rate = 0.5 /month is a rate, but a bare number is wanted: write for example 0.5");
    (void)kith_node_integer(&f.r, f.m, "list", 0, 20, 5);
    assert_string_equal(report(&f), "list has to be a number, but is a list");
}

static void texts_and_flags(void **state)
{
    struct fixture f = begin(state);
    arm_reader(&f);
    assert_string_equal(kith_node_text(&f.r, f.m, "name", "x"), "Anna");
    assert_string_equal(kith_node_text(&f.r, f.m, "absent", "x"), "x");
    assert_true(kith_node_flag(&f.r, f.m, "yes", false));
    assert_false(kith_node_flag(&f.r, f.m, "no", true));
    assert_true(kith_node_flag(&f.r, f.m, "absent", true));
    assert_int_equal(f.h->errors.n, 0);
    assert_string_equal(kith_node_text(&f.r, f.m, "list", "x"), "x");
    assert_string_equal(report(&f), "list has to be text, but is a list");
    (void)kith_node_flag(&f.r, f.m, "maybe", true);
    assert_string_equal(report(&f), "maybe = perhaps has to be true or false");
    (void)kith_node_flag(&f.r, f.m, "map", true);
    assert_string_equal(report(&f), "map has to be true or false, but is a map");
}

static void choices(void **state)
{
    struct fixture f = begin(state);
    arm_reader(&f);
    static const char *const names[] = {"Ann", "Anna", "Bertha"};
    const struct kith_node *name = kith_node_get(f.m, "name");
    assert_int_equal(kith_node_choice(&f.r, name, "a person", names, 3), 1);
    assert_int_equal(kith_node_choice(&f.r, name, "a person", names, 1), -1);
    assert_string_equal(report(&f), "'Anna' is not a person: did you mean 'Ann'?");
    assert_int_equal(kith_node_choice(&f.r, name, "a person", names + 2, 1), -1);
    assert_string_equal(report(&f), "'Anna' is not a person (known: Bertha)");
    assert_int_equal(kith_node_choice(&f.r, kith_node_get(f.m, "list"), "a person", names, 3), -1);
    assert_string_equal(report(&f), "this has to be a person, but is a list");
    assert_int_equal(kith_node_choice(&f.r, NULL, "a person", names, 3), -1);
    assert_int_equal(f.h->errors.n, 0);
    kith_node_known(&f.r, name, "a clock", names, 3);
    assert_string_equal(report(&f), "a clock has to be a map (key: value), but this is a single value");
    kith_node_known(&f.r, NULL, "a clock", names, 3);
    assert_int_equal(f.h->errors.n, 0);
}

static void nearest(void **state)
{
    (void)state;
    static const char *const names[] = {"population", "parameters", "seed", "of", "states"};
    assert_string_equal(kith_node_nearest("poplation", names, 5), "population");
    assert_string_equal(kith_node_nearest("Population", names, 5), "population");
    assert_string_equal(kith_node_nearest("sede", names, 5), "seed");
    assert_string_equal(kith_node_nearest("sates", names, 5), "states");
    assert_string_equal(kith_node_nearest("off", names, 5), "of");
    assert_null(kith_node_nearest("x", names, 5));
    assert_null(kith_node_nearest("", names, 5));
    assert_null(kith_node_nearest("zebra", names, 5));
    assert_null(kith_node_nearest("seed", names, 0));
    char text[200];
    memset(text, 'p', sizeof text);
    text[199] = '\0';
    assert_null(kith_node_nearest(text, names, 5));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        HELP_TEST(numbers),        HELP_TEST(number_reports),  HELP_TEST(report_places),
        HELP_TEST(wanted_units),   HELP_TEST(references),      HELP_TEST(is_number),
        HELP_TEST(integers),       HELP_TEST(texts_and_flags), HELP_TEST(choices),
        cmocka_unit_test(nearest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
