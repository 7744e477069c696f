/* Arms: times, steps, grids. */
#include <math.h>

#include "help.h"

#define PARAMETERS                                                                                           \
    "parameters: {exit: {value: 0.25 /year, range: [0 /year, 1 /year]}, reach: {value: 0.2, range: [0, "     \
    "1]}, day: "                                                                                             \
    "2023-06-01}\n"
#define CALENDAR                                                                                             \
    "kith: 1\ntime: {start: 1998-04-01, warm_up: 25 years, counted: 18 years}\npopulation: {families: "      \
    "100}\n" PARAMETERS
#define PLAIN HEAD PARAMETERS

static void check_change(const struct kith_arm *arm, size_t i, double time, size_t parameter, double value)
{
    assert_true(i < arm->n_changes);
    assert_true(arm->changes[i].time == time);
    assert_int_equal(arm->changes[i].parameter, parameter);
    assert_true(arm->changes[i].value == value);
}

static void times(void **state)
{
    struct help *h = *state;
    help_accepted(h, CALENDAR "arms:\n"
                              "  baseline: {what: as it is}\n"
                              "  now: {set: {reach: 30%}}\n"
                              "  date-1: {from: 2024-04-01, set: {reach: 0.4, exit: 0.5 /year}}\n"
                              "  after: {from: 18 months, set: {exit: $exit}}\n"
                              "  early: {from: 1998-04-01, set: {reach: 0}}\n"
                              "  named: {from: $day, set: {reach: 0}}\n");
    const struct kith_arm *arms = h->sc.arms;
    assert_int_equal(h->sc.n_arms, 6);
    assert_string_equal(arms[0].name, "baseline");
    assert_string_equal(arms[0].what, "as it is");
    assert_int_equal(arms[0].n_changes, 0);
    check_change(&arms[1], 0, 25.0, 1, 0.3);
    check_change(&arms[2], 0, 26.0, 0, 0.5); /* sorted by parameter */
    check_change(&arms[2], 1, 26.0, 1, 0.4);
    check_change(&arms[3], 0, 26.5, 0, 0.25);
    check_change(&arms[4], 0, 0.0, 1, 0.0);
    check_change(&arms[5], 0, 25.0 + 2.0 / 12.0, 1, 0.0);
}

static void steps(void **state)
{
    struct help *h = *state;
    help_accepted(h, PLAIN "arms:\n  two:\n    what: W\n    steps:\n"
                           "      - {from: 1 year, set: {reach: 0.5}, what: then}\n"
                           "      - {set: {reach: 0.3, exit: 1 /year}}\n");
    const struct kith_arm *arm = &h->sc.arms[0];
    assert_int_equal(arm->n_changes, 3);
    check_change(arm, 0, 0.0, 0, 1.0);
    check_change(arm, 1, 0.0, 1, 0.3);
    check_change(arm, 2, 1.0, 1, 0.5);
}

static void reader_follows_arms(void **state)
{
    struct help *h = *state;
    double values[3];
    help_accepted(
        h, PLAIN
        "arms:\n  base: {}\n  two: {steps: [{from: 1 year, set: {reach: 0.5}}, {set: {reach: 0.3}}]}\n");
    static const struct {
        size_t arm;
        double time, reach;
    } expected[] = {{0, 5.0, 0.2},   {1, NAN, 0.2}, {1, -1.0, 0.2}, {1, 0.0, 0.3},
                    {1, 0.999, 0.3}, {1, 1.0, 0.5}, {7, 1.0, 0.2}};
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
        struct kith_reader r =
            kith_scenario_reader(&h->sc, &h->errors, values, expected[i].arm, expected[i].time);
        assert_true(r.values == values && values[1] == expected[i].reach);
        assert_true(values[0] == 0.25);
    }
}

static void grids(void **state)
{
    struct help *h = *state;
    help_accepted(h, CALENDAR "arms:\n  baseline: {}\n  g:\n    what: W\n    from: [2024-04-01, 2 years]\n"
                              "    set: {exit: 0.5 /year}\n    vary: {reach: [0.1, 20%, 0.3]}\n"
                              "  v: {vary: {reach: [0.1, 0.2], exit: [0.3 /year]}}\n"
                              "  f: {from: [1 year, 2 years], set: {reach: 0.9}}\n");
    static const char *const names[] = {"baseline",
                                        "g/from=2024-04-01,reach=0.1",
                                        "g/from=2024-04-01,reach=20%",
                                        "g/from=2024-04-01,reach=0.3",
                                        "g/from=2 years,reach=0.1",
                                        "g/from=2 years,reach=20%",
                                        "g/from=2 years,reach=0.3",
                                        "v/reach=0.1,exit=0.3 /year",
                                        "v/reach=0.2,exit=0.3 /year",
                                        "f/from=1 year",
                                        "f/from=2 years"};
    const struct kith_arm *arms = h->sc.arms;
    assert_int_equal(h->sc.n_arms, 11);
    for (size_t i = 0; i < 11; i++)
        assert_string_equal(arms[i].name, names[i]);
    assert_string_equal(arms[6].what, "W");
    check_change(&arms[2], 0, 26.0, 0, 0.5);
    check_change(&arms[2], 1, 26.0, 1, 0.2);
    check_change(&arms[6], 1, 27.0, 1, 0.3);
    check_change(&arms[8], 0, 25.0, 0, 0.3);
    check_change(&arms[10], 0, 27.0, 1, 0.9);
}

static void bad_arms(void **state)
{
    struct help *h = *state;
    help_refused(h, PLAIN "arms: {}\n",
                 "t.yaml:5:7: error: arms has to be a map of at least one arm: name: {set: {...}}");
    help_refused(h, PLAIN "arms: [a]\n",
                 "t.yaml:5:7: error: arms has to be a map of at least one arm: name: {set: {...}}");
    help_refused(h, PLAIN "arms: {Early: {}}\n",
                 "t.yaml:5:8: error: 'Early' is no name for an arm: use a-z, 0-9, - and _, a letter first");
    help_refused(h, PLAIN "arms:\n  a:\n",
                 "t.yaml:6:5: error: an arm has to be a map (key: value), but this is empty");
    help_refused(h, PLAIN "arms: {a: {sett: {}}}\n",
                 "t.yaml:5:12: error: unknown key 'sett' in an arm: did you mean 'set'?");
    help_refused(h, PLAIN "arms: {a: {set: 5}}\n",
                 "t.yaml:5:17: error: set has to be a map: parameter: value");
    help_refused(h, PLAIN "arms: {a: {set: {rech: 0.5}}}\n",
                 "t.yaml:5:18: error: unknown parameter 'rech': did you mean 'reach'?");
    help_refused(h, PLAIN "arms: {a: {set: {something: 0.5}}}\n",
                 "t.yaml:5:18: error: unknown parameter 'something'");
    help_refused(h, PLAIN "arms: {a: {set: {reach: 1.5}}}\n", "t.yaml:5:25: error: reach = 1.5 is above 1");
    help_refused(h, PLAIN "arms: {a: {set: {exit: 0.5}}}\n",
                 "t.yaml:5:24: error: exit = 0.5 has no unit: write for example \"0.5 /year\"");
    help_refused(h, PLAIN "arms: {a: {set: {exit: $reach}}}\n",
                 "t.yaml:5:24: error: exit = $reach (0.2) is a bare number, but a rate is wanted: write for "
                 "example \"0.25 /year\"");
    help_refused(h, PLAIN "arms: {a: {steps: 5}}\n",
                 "t.yaml:5:19: error: steps has to be a list of {from: ..., set: {...}}");
    help_refused(h, PLAIN "arms: {a: {steps: [{from: 1 year}]}}\n", "t.yaml:5:20: error: missing key 'set'");
    help_refused(h, PLAIN "arms: {a: {steps: [5]}}\n",
                 "t.yaml:5:20: error: a step has to be a map (key: value), but this is a single value");
    help_refused(h, PLAIN "arms: {a: {set: {}, steps: []}}\n",
                 "t.yaml:5:21: error: steps cannot stand beside set, from or vary");
    help_refused(h, PLAIN "arms: {a: {steps: [{set: {reach: 1}}, {set: {reach: 0}}]}}\n",
                 "t.yaml:5:8: error: arm a sets reach twice at the same time");
}

static void bad_times(void **state)
{
    struct help *h = *state;
    help_refused(h, PLAIN "arms: {a: {from: 2024-04-01, set: {}}}\n",
                 "t.yaml:5:18: error: from is a date, but time has no start");
    help_refused(h, CALENDAR "arms: {a: {from: 1998-03-31, set: {}}}\n",
                 "t.yaml:5:18: error: from = 1998-03-31 is before the start, 1998-04-01");
    help_refused(h, CALENDAR "arms: {a: {from: 2041-04-01, set: {}}}\n",
                 "t.yaml:5:18: error: from = 2041-04-01 is not before the end, 2041-04-01");
    help_accepted(h, CALENDAR "arms: {a: {from: 2041-03-31, set: {}}}\n");
    help_refused(h, CALENDAR "arms: {a: {from: 2023-02-29, set: {}}}\n",
                 "t.yaml:5:18: error: from = 2023-02-29: there is no such day");
    help_refused(h, CALENDAR "arms: {a: {from: 18 years, set: {}}}\n",
                 "t.yaml:5:18: error: from is not before the end of the counted period, 18 years");
    help_refused(h, CALENDAR "arms: {a: {from: -1 year, set: {}}}\n",
                 "t.yaml:5:18: error: from = -1 year is below 0");
    help_refused(h, CALENDAR "arms: {a: {from: 2, set: {}}}\n",
                 "t.yaml:5:18: error: from = 2 has no unit: write for example \"2 years\"");
}

static void bad_grids(void **state)
{
    struct help *h = *state;
    help_refused(h, PLAIN "arms: {a: {vary: {}}}\n",
                 "t.yaml:5:18: error: vary has to be a map: parameter: [values]");
    help_refused(h, PLAIN "arms: {a: {vary: {rech: [1]}}}\n",
                 "t.yaml:5:19: error: unknown parameter 'rech': did you mean 'reach'?");
    help_refused(h, PLAIN "arms: {a: {vary: {reach: 1}}}\n",
                 "t.yaml:5:26: error: reach has to be a list of values to try");
    help_refused(h, PLAIN "arms: {a: {vary: {reach: []}}}\n",
                 "t.yaml:5:26: error: reach has to be a list of values to try");
    help_refused(h, PLAIN "arms: {a: {vary: {reach: [0.1, 3]}}}\n",
                 "t.yaml:5:32: error: reach = 3 is above 1");
    help_refused(h, PLAIN "arms: {a: {vary: {reach: [{value: 0.5}]}}}\n",
                 "t.yaml:5:27: error: reach has to be a list of plain values");
    help_refused(h, PLAIN "arms: {a: {vary: {reach: [0.1, 0.1]}}}\n",
                 "t.yaml:5:1: error: two arms are called 'a/reach=0.1'");
    help_refused(h, PLAIN "arms: {a: {set: {reach: 1}, vary: {reach: [0.1]}}}\n",
                 "t.yaml:5:8: error: arm a sets reach twice at the same time");
    help_refused(h, PLAIN "arms: {a: {from: [], set: {}}}\n",
                 "t.yaml:5:18: error: from has to be a list of values to try");
}

static void many_dimensions(void **state)
{
    struct help *h = *state;
    char text[2000];
    size_t used = (size_t)sprintf(text, "%s", PLAIN "arms:\n  a:\n    vary:\n");
    for (int i = 0; i < 33; i++)
        used += (size_t)sprintf(text + used, "      p%d: [1]\n", i);
    help_refused(h, text, "t.yaml:8:7: error: vary has more than 32 parameters");
}

static void a_thousand_arms(void **state)
{
    struct help *h = *state;
    char text[40000];
    for (int n = 1000; n <= 1001; n++) {
        size_t used = (size_t)sprintf(text, "%s", PLAIN "arms:\n");
        for (int i = 0; i < n; i++)
            used += (size_t)sprintf(text + used, "  a%d: {}\n", i);
        if (n == 1000)
            help_accepted(h, text);
        else
            help_refused(h, text, "t.yaml:1006:3: error: more than 1000 arms");
    }
    size_t used = (size_t)sprintf(text, "%s", PLAIN "arms:\n  a: {vary: {");
    for (int k = 0; k < 2; k++) {
        used += (size_t)sprintf(text + used, "%s: [0.1%s", k ? ", exit" : "reach", k ? " /year" : "");
        for (int i = 0; i < 40; i++)
            used += (size_t)sprintf(text + used, ", 0.%d%s", i + 2, k ? " /year" : "");
        used += (size_t)sprintf(text + used, "]");
    }
    sprintf(text + used, "}}\n");
    help_refused(h, text, "t.yaml:6:3: error: more than 1000 arms");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        HELP_TEST(times),     HELP_TEST(steps),           HELP_TEST(reader_follows_arms),
        HELP_TEST(grids),     HELP_TEST(bad_arms),        HELP_TEST(bad_times),
        HELP_TEST(bad_grids), HELP_TEST(a_thousand_arms), HELP_TEST(many_dimensions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
