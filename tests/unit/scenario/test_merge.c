/* `extends` and --set. */
#include "help.h"

#define TWO(a, b) (const struct kith_override[]){{a, b}}, 1

static void read_file(struct help *h, const char *path, const struct kith_override *set, size_t n)
{
    kith_scenario_free(&h->sc);
    memset(&h->errors, 0, sizeof h->errors);
    h->status = kith_scenario_read(&h->sc, &h->mem, path, set, n, help_models, 2, &h->errors);
}

static void make_directory(struct help *h, const char *name, bool make)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s", h->directory, name);
    assert_int_equal(make ? mkdir(path, 0700) : rmdir(path), 0);
}

static void merges(void **state)
{
    struct help *h = *state;
    help_file(h, "base.yaml",
              "kith: 1\ntitle: Base\nseed: 7\ntime: {warm_up: 1 year, counted: 2 years}\n"
              "population: {families: 100, areas: 3}\n"
              "parameters: {a: {value: 0.5, range: [0, 1]}, b: 2}\ncharts: {x: [1, 2, 3], y: {z: 1}}\n");
    help_accepted(h, "extends: base.yaml\ntitle: Top\ntime: {counted: 3 years}\nseed: ~\n"
                     "population: {areas: null}\nparameters: {a: {value: 0.6}, c: 3}\n"
                     "charts: {x: [4], y: {w: 2}}\n");
    struct kith_scenario *sc = &h->sc;
    assert_string_equal(sc->title, "Top");
    assert_int_equal(sc->seed, 1); /* removed, so the default */
    assert_true(sc->warm_up == 1.0 && sc->counted == 3.0);
    assert_int_equal(sc->n_areas, 1);
    assert_int_equal(sc->n_parameters, 3);
    assert_string_equal(sc->parameters[0].name, "a");
    assert_true(sc->parameters[0].value == 0.6 && sc->parameters[0].high == 1.0);
    assert_string_equal(sc->parameters[2].name, "c");
    const struct kith_node *charts = kith_node_get(sc->root, "charts");
    assert_int_equal(kith_node_get(charts, "x")->n, 1);
    assert_int_equal(kith_node_get(charts, "y")->n, 2);
    assert_null(kith_node_get(sc->root, "extends"));
    /* Each node knows its own file. */
    assert_non_null(strstr(kith_node_get(kith_node_get(charts, "y"), "z")->file, "/base.yaml"));
    assert_non_null(strstr(kith_node_get(kith_node_get(charts, "y"), "w")->file, "/t.yaml"));
    assert_int_equal(kith_node_get(kith_node_get(charts, "y"), "w")->line, 7);
}

static void reports_name_the_file(void **state)
{
    struct help *h = *state;
    help_file(h, "base.yaml", HEAD "replications: none\n");
    help_refused(h, "extends: base.yaml\n",
                 "base.yaml:4:15: error: replications = none is not a whole number");
    help_refused(h, "extends: base.yaml\nreplications: 4\ntime: {counted: ~}\n",
                 "t.yaml:3:1: error: missing key 'counted'");
    help_refused(h, "extends: base.yaml\nreplications: 4\nsede: 1\n",
                 "t.yaml:3:1: error: unknown key 'sede' in a scenario: did you mean 'seed'?");
    /* A null that removes nothing is a slip. */
    help_refused(h, "extends: base.yaml\nreplications: 4\ntitle: ~\n",
                 "t.yaml:3:8: error: title has to be text, but is empty");
}

static void provenance(void **state)
{
    struct help *h = *state;
    help_file(h, "base.yaml", HEAD "title: x");
    help_read_n(h, "extends: base.yaml\n", 19, TWO("seed", "5"));
    assert_int_equal(h->status, KITH_OK);
    char expected[512];
    snprintf(expected, sizeof expected,
             "# file: %s/t.yaml\nextends: base.yaml\n# file: %s/base.yaml\n" HEAD "title: x\n# set: seed=5\n",
             h->directory, h->directory);
    assert_string_equal(h->sc.text, expected);
}

static void chains(void **state)
{
    struct help *h = *state;
    make_directory(h, "sub", true);
    help_file(h, "root.yaml", HEAD "seed: 1\ntitle: root\n");
    help_file(h, "sub/middle.yaml", "extends: ../root.yaml\nseed: 2\n");
    help_accepted(h, "extends: sub/middle.yaml\nreplications: 3\n");
    assert_string_equal(h->sc.title, "root");
    assert_int_equal(h->sc.seed, 2);
    help_file(h, "sub/out.yaml", "extends: ../../root.yaml\n");
    help_refused(h, "extends: ./sub//out.yaml\n",
                 "sub/out.yaml:1:10: error: '../../root.yaml' climbs above the directory of the first file");
    help_file(h, "sub/loop.yaml", "extends: ../sub/./loop.yaml\n");
    help_refused(h, "extends: sub/loop.yaml\n",
                 "sub/loop.yaml:1:10: error: 'sub/loop.yaml' extends itself in the end");
    for (size_t i = 0; i < h->n_files; i++)
        unlink(h->files[i]);
    make_directory(h, "sub", false);
}

static void bad_paths(void **state)
{
    struct help *h = *state;
    char out[1024];
    help_refused(h, "extends: t.yaml\n", "t.yaml:1:10: error: 't.yaml' extends itself in the end");
    help_refused(h, "extends: /etc/passwd\n",
                 "t.yaml:1:10: error: '/etc/passwd' is an absolute path: write it relative to this file");
    help_refused(h, "extends: ../t.yaml\n",
                 "t.yaml:1:10: error: '../t.yaml' climbs above the directory of the first file");
    help_refused(h, "extends: a/../../t.yaml\n",
                 "t.yaml:1:10: error: 'a/../../t.yaml' climbs above the directory of the first file");
    help_refused(h, "extends: [a]\n", "t.yaml:1:10: error: this has to be a file name");
    help_refused(h, "extends: \"\"\n", "t.yaml:1:10: error: this has to be a file name");
    help_refused(h, "extends: a/..\n", "t.yaml:1:10: error: this has to be a file name");
    help_read(h, "title: x\nextends: none.yaml\n");
    assert_int_equal(h->status, KITH_BAD_SCENARIO);
    assert_int_equal(h->errors.n, 1);
    assert_non_null(strstr(help_error(h, 0, out), "t.yaml:2:10: error: cannot read "));
    assert_non_null(strstr(out, "none.yaml: No such file or directory"));
}

static void eight_files(void **state)
{
    struct help *h = *state;
    for (int i = 0; i < 8; i++) {
        char name[32], text[128];
        snprintf(name, sizeof name, "f%d.yaml", i);
        if (i < 7)
            snprintf(text, sizeof text, "extends: f%d.yaml\n", i + 1);
        else
            snprintf(text, sizeof text, "%s", HEAD);
        help_file(h, name, text);
    }
    read_file(h, h->files[0], NULL, 0);
    assert_int_equal(h->status, KITH_OK);
    help_refused(h, "extends: f0.yaml\n", "f6.yaml:1:10: error: more than 8 files extend one another");
}

static const char *const base =
    HEAD "parameters: {exit: {value: 0.25 /year, range: [0.1 /year, 1 /year]}, reach: 0.2}\n"
         "charts: {c: {clocks: [{name: up, h: 1}, {name: down, h: 2}]}}\n";

static void set(struct help *h, const char *path, const char *value)
{
    help_read_n(h, base, strlen(base), TWO(path, value));
}

static void refused(struct help *h, const char *path, const char *value, const char *report)
{
    char out[1024];
    set(h, path, value);
    assert_int_equal(h->status, KITH_BAD_SCENARIO);
    assert_string_equal(help_error(h, 0, out), report);
    assert_int_equal(h->errors.n, 1);
}

static const char *clock_text(struct help *h, size_t i, const char *key)
{
    const struct kith_node *list =
        kith_node_get(kith_node_get(kith_node_get(h->sc.root, "charts"), "c"), "clocks");
    const struct kith_node *clock = list->first;
    while (i-- > 0)
        clock = clock->next;
    return kith_node_get(clock, key)->text;
}

static void sets(void **state)
{
    struct help *h = *state;
    set(h, "population.families", "1000");
    assert_int_equal(h->status, KITH_OK);
    assert_true(h->sc.families == 1000);
    set(h, "exit", "0.5 /year"); /* a parameter, into its value */
    assert_int_equal(h->status, KITH_OK);
    assert_true(h->sc.parameters[0].value == 0.5 && h->sc.parameters[0].high == 1.0);
    set(h, "parameters.exit", "0.5 /year");
    assert_true(h->status == KITH_OK && h->sc.parameters[0].value == 0.5);
    set(h, "parameters.exit.value", "0.5 /year");
    assert_true(h->status == KITH_OK && h->sc.parameters[0].value == 0.5);
    set(h, "reach", "0.3"); /* a plain one */
    assert_true(h->status == KITH_OK && h->sc.parameters[1].value == 0.3);
    set(h, "parameters.reach.value", "0.4");
    assert_true(h->status == KITH_OK && h->sc.parameters[1].value == 0.4);
    set(h, "exit", "{value: 2 /month}"); /* a map replaces the whole */
    assert_true(h->status == KITH_OK && h->sc.parameters[0].value == 24.0);
    set(h, "parameters.reach", "null");
    assert_true(h->status == KITH_OK && h->sc.n_parameters == 1);
    set(h, "charts.c.clocks.1.h", "5");
    assert_int_equal(h->status, KITH_OK);
    assert_string_equal(clock_text(h, 1, "h"), "5");
    set(h, "charts.c.clocks.up.h", "6");
    assert_int_equal(h->status, KITH_OK);
    assert_string_equal(clock_text(h, 0, "h"), "6");
    set(h, "output", "{trajectories: all}");
    assert_true(h->status == KITH_OK && h->sc.trajectories == 1.0);
    set(h, "output.trajectories", "0.5"); /* makes the map on the way */
    assert_true(h->status == KITH_OK && h->sc.trajectories == 0.5);
}

static void bad_sets(void **state)
{
    struct help *h = *state;
    refused(h, "poplation.families", "10",
            "--set:1:1: error: unknown key 'poplation' in a scenario: did you mean 'population'?");
    refused(h, "population.familes", "10",
            "--set:1:12: error: unknown key 'familes' in population: did you mean 'families'?");
    refused(h, "exit", "0.5", "--set:1:6: error: exit = 0.5 is a bare number, but its range is a rate");
    refused(h, "exit", "2 /year", "--set:1:6: error: exit = 2 /year is above 1 /year, the end of its range");
    refused(h, "population.families", "ten", "--set:1:21: error: families = ten is not a whole number");
    refused(h, "charts.c.clocks.5.h", "1",
            "--set:1:17: error: 'charts.c.clocks.5.h' leads to no such element of a list");
    refused(h, "charts.c.clocks.none.h", "1",
            "--set:1:17: error: 'charts.c.clocks.none.h' leads to no such element of a list");
    refused(h, "kith.version", "1", "--set:1:6: error: 'kith.version' leads below a single value");
    refused(h, "time..counted", "1 year", "--set:1:6: error: 'time..counted' has an empty part");
    refused(h, "", "1", "--set:1:1: error: there is no path before the '='");
    refused(h, "seed", "", "--set:1:6: error: 'seed' is given no value (write null to remove it)");
    refused(h, "seed", "[1",
            "--set:1:6: error: not valid YAML: did not find expected ',' or ']' while parsing a "
            "flow sequence");
    refused(h, "extends", "x.yaml", "--set:1:1: error: 'extends' can only be said in a file");
    refused(h, "s\xff", "1", "--set:1:1: error: the path is not UTF-8 text");
    refused(h, "title", "\xff", "--set:1:7: error: not UTF-8 text");
}

/* ---- entries of lists by name ------------------------------------------------------------------------------------ */

/* Three clocks, the second of which has no name but where it leads. */
static const char *const listed =
    HEAD "charts:\n  c:\n    states: [a, b, c]\n    clocks:\n"
         "      - {name: up, from: a, to: b, h: {x: 1, y: 2}, l: [1, 2]}\n"
         "      - {from: b, to: c, h: 3}\n"
         "      - {name: down, from: c, to: a, h: 4}\n"
         "    instant: {now: {options: [{to: a, weight: 1}, {to: b, weight: 2}]}}\n";

static const struct kith_node *chart_part(struct help *h, const char *key)
{
    return kith_node_get(kith_node_get(kith_node_get(h->sc.root, "charts"), "c"), key);
}

/* An entry's value, "" if it has none. */
static const char *entry_text(const struct kith_node *list, size_t i, const char *key)
{
    const struct kith_node *entry = list->first;
    while (i-- > 0)
        entry = entry->next;
    const struct kith_node *value = kith_node_get(entry, key);
    return value && value->kind == KITH_NODE_SCALAR ? value->text : "";
}

static void entries_by_name(void **state)
{
    struct help *h = *state;
    help_file(h, "base.yaml", listed);
    help_accepted(h, "extends: base.yaml\ncharts:\n  c:\n    clocks:\n"
                     "      down: {h: 5}\n"
                     "      c: {h: {z: 6}}\n"
                     "      fresh: {name: fresh, from: a, to: c, h: 10}\n"
                     "      up: {h: {y: 7, w: 8}, l: [9]}\n"
                     "    instant: {now: {options: {b: {weight: 3}}}}\n");
    const struct kith_node *clocks = chart_part(h, "clocks");
    assert_int_equal(clocks->kind, KITH_NODE_LIST);
    assert_int_equal(clocks->n, 4);
    /* as they stood, whatever the order of the changes; what is new comes last */
    static const char *const names[] = {"up", "", "down", "fresh"}, *const to[] = {"b", "c", "a", "c"};
    static const char *const from[] = {"a", "b", "c", "a"};
    for (size_t i = 0; i < 4; i++) {
        assert_string_equal(entry_text(clocks, i, "name"), names[i]);
        assert_string_equal(entry_text(clocks, i, "from"), from[i]);
        assert_string_equal(entry_text(clocks, i, "to"), to[i]);
    }
    /* within an entry maps merge, lists and scalars replace */
    const struct kith_node *up = kith_node_get(clocks->first, "h");
    assert_int_equal(up->n, 3);
    assert_string_equal(kith_node_get(up, "x")->text, "1");
    assert_string_equal(kith_node_get(up, "y")->text, "7");
    assert_string_equal(kith_node_get(up, "w")->text, "8");
    assert_int_equal(kith_node_get(clocks->first, "l")->n, 1);
    assert_string_equal(kith_node_get(kith_node_get(clocks->first->next, "h"), "z")->text, "6");
    assert_string_equal(entry_text(clocks, 2, "h"), "5");
    assert_string_equal(entry_text(clocks, 3, "h"), "10");
    /* each node knows its own file */
    assert_non_null(strstr(kith_node_get(up, "x")->file, "/base.yaml"));
    assert_non_null(strstr(kith_node_get(up, "y")->file, "/t.yaml"));
    assert_int_equal(kith_node_get(up, "y")->line, 8);
    const struct kith_node *options = kith_node_get(kith_node_get(chart_part(h, "instant"), "now"), "options");
    assert_int_equal(options->n, 2);
    assert_string_equal(entry_text(options, 0, "weight"), "1");
    assert_string_equal(entry_text(options, 1, "weight"), "3");
    assert_int_equal(chart_part(h, "states")->n, 3);
}

static void entries_removed(void **state)
{
    struct help *h = *state;
    help_file(h, "base.yaml", listed);
    help_accepted(h, "extends: base.yaml\ncharts: {c: {clocks: {c: ~, up: ~, fresh: {name: fresh, to: b}}}}\n");
    const struct kith_node *clocks = chart_part(h, "clocks");
    assert_int_equal(clocks->n, 2);
    assert_string_equal(entry_text(clocks, 0, "name"), "down");
    assert_string_equal(entry_text(clocks, 1, "name"), "fresh");
    /* through a chain: changed, then changed again, then gone */
    help_file(h, "middle.yaml", "extends: base.yaml\ncharts: {c: {clocks: {up: {h: 1}, fresh: {name: fresh, to: b, h: 2}}}}\n");
    help_accepted(h, "extends: middle.yaml\ncharts: {c: {clocks: {up: {h: 6}, fresh: {h: 7}, down: ~}}}\n");
    clocks = chart_part(h, "clocks");
    assert_int_equal(clocks->n, 3);
    assert_string_equal(entry_text(clocks, 0, "h"), "6");
    assert_string_equal(entry_text(clocks, 0, "to"), "b");
    assert_string_equal(entry_text(clocks, 1, "h"), "3");
    assert_string_equal(entry_text(clocks, 2, "h"), "7");
    help_accepted(h, "extends: middle.yaml\ncharts: {c: {clocks: {fresh: ~}}}\n");
    assert_int_equal(chart_part(h, "clocks")->n, 3);
}

/* A list over the list, or a map over a list of single values, replaces it. */
static void entries_replaced(void **state)
{
    struct help *h = *state;
    help_file(h, "base.yaml", listed);
    help_accepted(h, "extends: base.yaml\ncharts: {c: {clocks: [{name: up, h: 1}], states: {a: 1, x: 2}}}\n");
    assert_int_equal(chart_part(h, "clocks")->n, 1);
    assert_string_equal(entry_text(chart_part(h, "clocks"), 0, "to"), "");
    assert_int_equal(chart_part(h, "states")->kind, KITH_NODE_MAP);
    assert_int_equal(chart_part(h, "states")->n, 2);
    help_accepted(h, "extends: base.yaml\ncharts: {c: {clocks: ~}}\n");
    assert_null(chart_part(h, "clocks"));
}

/* Who has a name is not meant by where it leads. Nothing is called b then: it would be new, but says neither name: nor to:. */
static void entries_not_meant(void **state)
{
    struct help *h = *state;
    help_file(h, "base.yaml", listed);
    static const char *const slips[] = {"b: {h: 9}", "dwon: {h: 9}", "dwon: ~"};
    for (size_t i = 0; i < 3; i++) {
        char text[200], report[200];
        snprintf(text, sizeof text, "extends: base.yaml\ncharts: {c: {clocks: {%s}}}\n", slips[i]);
        snprintf(report, sizeof report,
                 "t.yaml:2:23: error: no entry of the list is called '%.*s', by its name: or to:; a new one needs both",
                 (int)strcspn(slips[i], ":"), slips[i]);
        help_refused(h, text, report);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        HELP_TEST(merges),    HELP_TEST(reports_name_the_file), HELP_TEST(provenance), HELP_TEST(chains),
        HELP_TEST(bad_paths), HELP_TEST(eight_files),           HELP_TEST(sets),       HELP_TEST(bad_sets),
        HELP_TEST(entries_by_name), HELP_TEST(entries_removed), HELP_TEST(entries_replaced), HELP_TEST(entries_not_meant),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
