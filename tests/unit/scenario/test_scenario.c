/* The sections of a scenario, arms and tables apart. */
#include <math.h>

#include "help.h"

#define TIME "kith: 1\npopulation: {families: 100}\n"
#define POP "kith: 1\ntime: {counted: 2 years}\n"

static void defaults(void **state)
{
    struct help *h = *state;
    help_accepted(h, HEAD);
    const struct kith_scenario *sc = &h->sc;
    assert_string_equal(sc->title, "");
    assert_string_equal(sc->model, "pathway");
    assert_int_equal(sc->seed, 1);
    assert_int_equal(sc->replications, 1);
    assert_true(isnan(sc->start_date));
    assert_true(sc->warm_up == 0.0 && sc->counted == 2.0);
    assert_int_equal(sc->months, 24);
    assert_true(sc->families == 100 && sc->represents == 100.0);
    assert_int_equal(sc->n_areas, 1);
    assert_string_equal(sc->areas[0].code, "all");
    assert_true(sc->areas[0].share == 1.0);
    assert_int_equal(sc->n_arms, 1);
    assert_string_equal(sc->arms[0].name, "baseline");
    assert_int_equal(sc->n_parameters + sc->n_targets + sc->n_columns, 0);
    assert_true(sc->trajectories == 0.0);
}

static void everything(void **state)
{
    struct help *h = *state;
    help_accepted(
        h,
        "kith: 1\ntitle: T\nabout: |\n  two\n  lines\nmodel: mmc\nseed: 0xFFffFFffFFffFFff\n"
        "replications: 1e6\ntime: {start: 1998-04-01, warm_up: 25 years, counted: 18 months}\n"
        "population: {families: 10_000, represents: 6.9e6, areas: 4, births: x, groups: [], households: {}}\n"
        "output: {trajectories: 1%}\n"
        "targets:\n  - {measure: cin, value: 5, low: 4, high: 6, time: 1 year, label: L, source: S, note: "
        "N}\n"
        "  - {measure: cla, value: -2}\n");
    const struct kith_scenario *sc = &h->sc;
    assert_string_equal(sc->model, "mmc");
    assert_true(sc->seed == UINT64_MAX);
    assert_int_equal(sc->replications, 1000000);
    assert_true(sc->start_date == 1998.25 && sc->warm_up == 25.0 && sc->counted == 1.5);
    assert_int_equal(sc->months, 18);
    assert_true(sc->represents == 6.9e6);
    assert_int_equal(sc->n_areas, 4);
    assert_string_equal(sc->areas[3].code, "a4");
    assert_true(sc->areas[3].share == 0.25);
    assert_true(sc->areas[3].key != sc->areas[2].key);
    assert_true(sc->trajectories == 0.01);
    assert_int_equal(sc->n_targets, 2);
    assert_true(sc->targets[0].value == 5 && sc->targets[0].low == 4 && sc->targets[0].high == 6);
    assert_true(sc->targets[0].time == 1.0 && sc->targets[1].time == 1.5);
    assert_string_equal(sc->targets[0].label, "L");
    assert_string_equal(sc->targets[1].label, "cla");
    assert_true(isnan(sc->targets[1].low) && isnan(sc->targets[1].high));
}

static void top_level(void **state)
{
    struct help *h = *state;
    help_refused(h, "time: {counted: 2 years}\npopulation: {families: 100}\n",
                 "t.yaml:1:1: error: missing key 'kith' (the version of the scenario format: 1)");
    help_refused(h, "kith: 2\ntime: {counted: 2 years}\npopulation: {families: 100}\n",
                 "t.yaml:1:7: error: kith: the only version of the scenario format is 1");
    help_refused(h, HEAD "modle: mmc\n",
                 "t.yaml:4:1: error: unknown key 'modle' in a scenario: did you mean 'model'?");
    help_refused(h, HEAD "model: pathways\ncharts: {}\n",
                 "t.yaml:4:8: error: 'pathways' is not a model: did you mean 'pathway'?");
    help_refused(
        h, HEAD "model: mmc\ncharts: {}\n",
        "t.yaml:5:1: error: unknown key 'charts' in a scenario (known: kith, title, about, extends, model, "
        "seed, replications, time, population, parameters, arms, targets, output)");
    help_refused(h, HEAD "title: [a]\n", "t.yaml:4:8: error: title has to be text, but is a list");
    help_refused(h, HEAD "replications: 0\n", "t.yaml:4:15: error: replications = 0 is below 1");
    help_refused(h, HEAD "replications: 1e7\n", "t.yaml:4:15: error: replications = 1e7 is above 1000000");
    help_refused(h, HEAD "output: {trajectories: some}\n",
                 "t.yaml:4:24: error: trajectories has to be all, none or a share from 0 to 1");
    help_refused(h, HEAD "output: {trajectories: 2}\n", "t.yaml:4:24: error: trajectories = 2 is above 1");
    help_refused(h, HEAD "output: {trajectory: all}\n",
                 "t.yaml:4:10: error: unknown key 'trajectory' in output: did you mean 'trajectories'?");
}

static void seeds(void **state)
{
    struct help *h = *state;
    char text[256], expected[256];
    static const char *const bad[] = {"-1",  "1.5",  "9223372036854775808", "0x", "0x10000000000000000",
                                      "0xg", "lucky"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        snprintf(text, sizeof text, HEAD "seed: %s\n", bad[i]);
        snprintf(expected, sizeof expected,
                 "t.yaml:4:7: error: seed = %s has to be a whole number from 0 to 9223372036854775807, or "
                 "hexadecimal digits: 0x1f",
                 bad[i]);
        help_refused(h, text, expected);
    }
    help_accepted(h, HEAD "seed: 0\n");
    assert_true(h->sc.seed == 0);
    help_accepted(h, HEAD "seed: 9223372036854775807\n");
    assert_true(h->sc.seed == INT64_MAX);
    help_accepted(h, HEAD "seed: 0x1F\n");
    assert_true(h->sc.seed == 31);
}

static void times(void **state)
{
    struct help *h = *state;
    help_refused(h, TIME, "t.yaml:1:1: error: missing key 'time'");
    help_refused(h, TIME "time: {warm_up: 1 year}\n", "t.yaml:3:1: error: missing key 'counted'");
    help_refused(h, TIME "time: 3 years\n",
                 "t.yaml:3:7: error: time has to be a map (key: value), but this is a single value");
    help_refused(h, TIME "time: {counted: 18}\n",
                 "t.yaml:3:17: error: counted = 18 has no unit: write for example \"18 years\"");
    help_refused(h, TIME "time: {counted: 0 years}\n", "t.yaml:3:17: error: counted has to be above 0");
    help_refused(h, TIME "time: {counted: 201 years}\n",
                 "t.yaml:3:17: error: counted = 201 years is above 170 years");
    help_refused(h, TIME "time: {counted: 10 days}\n",
                 "t.yaml:3:17: error: counted has to be whole months, but is 0.328542 months");
    help_refused(h, TIME "time: {counted: 1 year, warmup: 1 year}\n",
                 "t.yaml:3:25: error: unknown key 'warmup' in time: did you mean 'warm_up'?");
    help_refused(h, TIME "time: {counted: 1 year, warm_up: 1}\n",
                 "t.yaml:3:34: error: warm_up = 1 has no unit: write for example \"1 years\"");
    help_refused(h, TIME "time: {counted: 1 year, warm_up: -1 year}\n",
                 "t.yaml:3:34: error: warm_up = -1 year is below 0");
    help_refused(h, TIME "time: {counted: 1 year, start: 2023}\n",
                 "t.yaml:3:32: error: start = 2023 is no date: write for example 2023-04-01");
    help_refused(h, TIME "time: {counted: 1 year, start: 2023-02-30}\n",
                 "t.yaml:3:32: error: start = 2023-02-30: there is no such day");
    help_accepted(h, TIME "time: {counted: 170 years, warm_up: 0}\n");
}

static void populations(void **state)
{
    struct help *h = *state;
    help_refused(h, POP, "t.yaml:1:1: error: missing key 'population'");
    help_refused(h, POP "population: {areas: 3}\n", "t.yaml:3:1: error: missing key 'families'");
    help_refused(h, POP "population: 7\n",
                 "t.yaml:3:13: error: population has to be a map (key: value), but this is a single value");
    help_refused(h, POP "population: {families: 0}\n", "t.yaml:3:24: error: families = 0 is below 1");
    help_refused(h, POP "population: {families: 1e11}\n",
                 "t.yaml:3:24: error: families = 1e11 is above 10000000000");
    help_refused(h, POP "population: {families: 2.5}\n",
                 "t.yaml:3:24: error: families = 2.5 has to be a whole number");
    help_refused(h, POP "population: {families: 5, represents: 0}\n",
                 "t.yaml:3:39: error: represents has to be above 0");
    help_refused(h, POP "population: {families: 5, areas: 0}\n", "t.yaml:3:34: error: areas = 0 is below 1");
    help_refused(h, POP "population: {families: 5, areas: 1000001}\n",
                 "t.yaml:3:34: error: areas = 1000001 is above 1000000");
    help_refused(h, POP "population: {families: 5, areas: [a]}\n",
                 "t.yaml:3:34: error: areas has to be a number, but is a list");
    help_refused(h, POP "population: {families: 5, household: x}\n",
                 "t.yaml:3:27: error: unknown key 'household' in population: did you mean 'households'?");
    help_accepted(h, POP "population: {families: 5, areas: 1_000_000}\n");
    assert_string_equal(h->sc.areas[999999].code, "a1000000");
}

static void parameters(void **state)
{
    struct help *h = *state;
    help_accepted(
        h, HEAD
        "parameters:\n  a: 12%\n  b: 6 weeks\n  c: 3 /month\n  d: GBP 7\n  e: GBP 7/week\n"
        "  f: 2023-04-01\n  g: {value: 5, unit: /year, range: [1, 9], what: W, source: S, prior: {n: 1}}\n");
    const struct kith_parameter *p = h->sc.parameters;
    for (int i = 0; i < 6; i++)
        assert_int_equal((int)p[i].unit, i);
    assert_true(p[0].value == 0.12 && p[2].value == 36.0);
    assert_true(isinf(p[0].low) && isinf(p[0].high));
    assert_true(p[6].unit == KITH_UNIT_RATE && p[6].value == 5 && p[6].low == 1 && p[6].high == 9);
    assert_string_equal(p[6].text, "5 /year");
    assert_string_equal(p[6].what, "W");
    assert_string_equal(p[6].source, "S");
    assert_int_equal(p[6].line, 11);
}

static void bad_parameters(void **state)
{
    struct help *h = *state;
    help_refused(h, HEAD "parameters: {Exit: 1}\n",
                 "t.yaml:4:14: error: 'Exit' is no name for a parameter: use a-z, 0-9 and _, a letter first");
    help_refused(h, HEAD "parameters: [a]\n", "t.yaml:4:13: error: parameters has to be a map: name: value");
    help_refused(h, HEAD "parameters: {a: often}\n",
                 "t.yaml:4:17: error: a = often is not a number: write for example 0.5 or \"0.25 /year\"");
    help_refused(
        h, HEAD "parameters: {a: 1 /decade}\n",
        "t.yaml:4:17: error: a = 1 /decade has an unknown unit '/decade': write for example \"0.25 /year\"");
    help_refused(h, HEAD "parameters: {a: $b, b: 1}\n",
                 "t.yaml:4:17: error: a = $b: a parameter cannot refer to another");
    help_refused(h, HEAD "parameters: {a: [1]}\n",
                 "t.yaml:4:17: error: parameter a has to be a number, but is a list or map");
    help_refused(h, HEAD "parameters: {a: }\n",
                 "t.yaml:4:17: error: parameter a has to be a number, but is empty");
    help_refused(h, HEAD "parameters: {a: {source: x}}\n", "t.yaml:4:14: error: missing key 'value'");
    help_refused(h, HEAD "parameters: {a: {value: 1, sauce: x}}\n",
                 "t.yaml:4:28: error: unknown key 'sauce' in parameter a: did you mean 'source'?");
    help_refused(h, HEAD "parameters: {a: {value: 3, range: [0, 1]}}\n",
                 "t.yaml:4:25: error: a = 3 is above 1, the end of its range");
    help_refused(h, HEAD "parameters: {a: {value: 3, range: [5, 4]}}\n",
                 "t.yaml:4:35: error: range: 5 is above 4");
    help_refused(h, HEAD "parameters: {a: {value: 3, range: [1]}}\n",
                 "t.yaml:4:35: error: range has to be a list of two numbers: [lowest, highest]");
    help_refused(h, HEAD "parameters: {a: {value: 3 /year, range: [0, 4]}}\n",
                 "t.yaml:4:25: error: a = 3 /year is a rate, but its range is a bare number");
    help_refused(h, HEAD "parameters: {a: {value: 3 /year, range: [0 /year, 4]}}\n",
                 "t.yaml:4:51: error: range = 4 has no unit: write for example \"4 /year\"");
    help_refused(h, HEAD "parameters: {a: 1e999}\n", "t.yaml:4:17: error: a = 1e999 is too large");
    help_refused(h, HEAD "parameters: {a: 2023-02-30}\n",
                 "t.yaml:4:17: error: a = 2023-02-30: there is no such day");
    /* A wrong parameter is reported once, not at each use. */
    help_refused(h, HEAD "parameters: {a: often}\noutput: {trajectories: 0.5}\nreplications: $a\n",
                 "t.yaml:4:17: error: a = often is not a number: write for example 0.5 or \"0.25 /year\"");
}

static void targets(void **state)
{
    struct help *h = *state;
    help_refused(h, HEAD "targets: {a: 1}\n",
                 "t.yaml:4:10: error: targets has to be a list of {measure: ..., value: ...}");
    help_refused(h, HEAD "targets: [{value: 1}]\n", "t.yaml:4:11: error: missing key 'measure'");
    help_refused(h, HEAD "targets: [{measure: a}]\n", "t.yaml:4:11: error: missing key 'value'");
    help_refused(
        h, HEAD "targets: [{measure: a, value: 1 /year}]\n",
        "t.yaml:4:31: error: value = 1 /year is a rate, but a bare number is wanted: write for example 0.5");
    help_refused(h, HEAD "targets: [{measure: a, value: 1, low: 2}]\n",
                 "t.yaml:4:31: error: value = 1 is not between low and high");
    help_refused(h, HEAD "targets: [{measure: a, value: 1, time: 3 years}]\n",
                 "t.yaml:4:40: error: time = 3 years is above 2 years");
    help_refused(h, HEAD "targets: [a]\n",
                 "t.yaml:4:11: error: a target has to be a map (key: value), but this is a single value");
    help_refused(
        h, HEAD "targets: [{measure: a, value: 1, tolerance: 2}]\n",
        "t.yaml:4:34: error: unknown key 'tolerance' in a target (known: measure, value, label, source, low, "
        "high, time, note)");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        HELP_TEST(defaults),   HELP_TEST(everything),     HELP_TEST(top_level),
        HELP_TEST(seeds),      HELP_TEST(times),          HELP_TEST(populations),
        HELP_TEST(parameters), HELP_TEST(bad_parameters), HELP_TEST(targets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
