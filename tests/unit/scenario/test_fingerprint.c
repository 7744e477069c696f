/* The fingerprint by which finished cells are told from those of another experiment: the same after changes that leave the
 * content of a scenario as it is, another one after any change of content, even one that would not show in the results. */
#include "help.h"

static const char *const plain =
    "kith: 1\ntitle: Plain\nseed: 5\ntime: {counted: 2 years}\n"
    "population: {families: 100, areas: {table: a.csv, code: code, size: size}}\n"
    "parameters: {a: 0.5, b: {value: 2, range: [0, 5]}}\n"
    "arms: {baseline: {}, x: {from: 1 years, set: {a: 0.25}}}\n"
    "charts: {c: {states: [s, t]}}\n";
static const char *const areas = "code,size\nE1,1\nE2,3\n";

/* Reads a scenario with one override (path NULL: none); its fingerprint. */
static const char *fingerprint(struct help *h, const char *text, const char *path, const char *value)
{
    static char hex[64][65]; /* more than any test asks for */
    static int next;
    const struct kith_override set = {path, value};
    char *out = hex[next++ % 64];
    help_read_n(h, text, strlen(text), &set, path ? 1 : 0);
    if (h->status)
        fail_msg("status %d: %s", (int)h->status, h->errors.list[0].text);
    assert_int_equal(kith_scenario_fingerprint(&h->sc, "salt", out), KITH_OK);
    assert_int_equal(strlen(out), 64);
    return out;
}

/* The plain scenario with the first `from` in it replaced. */
static const char *changed(const char *from, const char *to)
{
    static char text[2][2048];
    static int next;
    char *out = text[next++ % 2];
    const char *at = strstr(plain, from);
    assert_non_null(at);
    snprintf(out, sizeof text[0], "%.*s%s%s", (int)(at - plain), plain, to, at + strlen(from));
    return out;
}

static void layout_does_not_matter(void **state)
{
    struct help *h = *state;
    help_file(h, "a.csv", areas);
    const char *first = fingerprint(h, plain, NULL, NULL);
    assert_string_equal(first, fingerprint(h, plain, NULL, NULL));
    const char *const same[][2] = {
        {"seed: 5\n", "# a comment\nseed: 5 # another\n\n"},
        {"kith: 1\n", "---\nkith:    1\n"},
        {"{counted: 2 years}", "\n  counted: 2 years"},
        {"arms: {baseline: {}, ", "arms:\n  {baseline: {},\n   "},
        {"title: Plain", "title: \"Plain\""},
        {"a: 0.5", "a: &anchor 0.5"},
        {"seed: 5\n", "seed: 5\nreplications: 7\n"},
        {"\ncharts: {c: {states: [s, t]}}\n", "\ncharts:\n  c:\n    states:\n    - s\n    - 't'\n"},
    };
    for (size_t i = 0; i < sizeof same / sizeof *same; i++)
        if (strcmp(first, fingerprint(h, changed(same[i][0], same[i][1]), NULL, NULL)) != 0)
            fail_msg("'%s' for '%s' changes it", same[i][1], same[i][0]);
    assert_string_equal(first, fingerprint(h, plain, "replications", "9"));
    assert_string_equal(first, fingerprint(h, changed("seed: 5", "seed: 6"), "seed", "5"));
    assert_string_equal(first, fingerprint(h, changed("a: 0.5", "a: 0.75"), "a", "0.5"));
}

/* Some of these are cautious: another order of keys or another title would give the same results. */
static void content_does(void **state)
{
    struct help *h = *state;
    help_file(h, "a.csv", areas);
    help_file(h, "b.csv", areas);
    const char *first = fingerprint(h, plain, NULL, NULL);
    const char *const other[][2] = {
        {"seed: 5", "seed: 6"},
        {"seed: 5", "seed: 0x5"},
        {"seed: 5\n", ""},
        {"title: Plain", "title: Plane"},
        {"2 years", "3 years"},
        {"2 years", "24 months"},
        {"families: 100", "families: 101"},
        {"a.csv", "b.csv"},
        {"size: size}", "size: size, only: [E1]}"},
        {"a: 0.5", "a: 0.50001"},
        {"a: 0.5", "c: 0.5, a: 0.5"},
        {"value: 2, range: [0, 5]", "range: [0, 5], value: 2"},
        {"[0, 5]", "[0, 6]"},
        {"x: {from", "y: {from"},
        {"1 years", "0.5 years"},
        {"a: 0.25", "a: 0.2"},
        {"baseline: {}, ", ""},
        {"[s, t]", "[t, s]"},
        {"[s, t]", "[s, [t]]"},
        {"[s, t]", "[st]"},
        {"{states: [s, t]}", "{states: [s], t: }"},
        {"{states: [s, t]}", "{states: {s: t}}"},
        {"\ncharts", "\noutput: {trajectories: all}\ncharts"},
    };
    for (size_t i = 0; i < sizeof other / sizeof *other; i++)
        if (strcmp(first, fingerprint(h, changed(other[i][0], other[i][1]), NULL, NULL)) == 0)
            fail_msg("'%s' for '%s' does not change it", other[i][1], other[i][0]);
    assert_string_not_equal(first, fingerprint(h, plain, "a", "0.4"));
    assert_string_not_equal(first, fingerprint(h, plain, "arms.x.set.a", "0.4"));
}

static void every_byte_of_a_table_matters(void **state)
{
    struct help *h = *state;
    char table[64];
    help_file(h, "a.csv", areas);
    const char *first = fingerprint(h, plain, NULL, NULL);
    const char *const other[] = {"code,size\nE1,1\nE2,4\n", "code,size\nE1,1\nE3,3\n", "code,size\nE2,3\nE1,1\n",
                                 "code,size,x\nE1,1,\nE2,3,\n", "code,size\nE1,1\nE2,3"};
    for (size_t i = 0; i < sizeof other / sizeof *other; i++) {
        help_file(h, "a.csv", other[i]);
        assert_string_not_equal(first, fingerprint(h, plain, NULL, NULL));
    }
    snprintf(table, sizeof table, "%s", areas);
    help_file(h, "a.csv", table);
    assert_string_equal(first, fingerprint(h, plain, NULL, NULL));
}

static void chosen_arms_and_the_salt_matter(void **state)
{
    struct help *h = *state;
    char again[65];
    help_file(h, "a.csv", areas);
    const char *first = fingerprint(h, plain, NULL, NULL);
    assert_int_equal(kith_scenario_fingerprint(&h->sc, "salt", again), KITH_OK);
    assert_string_equal(first, again);
    assert_int_equal(kith_scenario_fingerprint(&h->sc, "salt ", again), KITH_OK);
    assert_string_not_equal(first, again);
    assert_int_equal(h->sc.n_arms, 2);
    h->sc.n_arms = 1; /* as --arms baseline leaves it */
    assert_int_equal(kith_scenario_fingerprint(&h->sc, "salt", again), KITH_OK);
    assert_string_not_equal(first, again);
    h->sc.arms[0] = h->sc.arms[1];
    char other[65];
    assert_int_equal(kith_scenario_fingerprint(&h->sc, "salt", other), KITH_OK);
    assert_string_not_equal(again, other);
}

/* Shards carry the files: read from these copies the scenario is the same. */
static void copies_have_the_same(void **state)
{
    struct help *h = *state;
    struct kith_scenario copy;
    struct kith_errors errors = {0};
    struct kith_mem mem = KITH_MEM_INIT;
    char again[65];
    help_file(h, "a.csv", areas);
    help_file(h, "base.yaml", "seed: 5\ntitle: Base\n");
    const char *text = changed("title: Plain", "extends: base.yaml");
    const char *first = fingerprint(h, text, NULL, NULL);
    assert_int_equal(h->sc.n_sources, 3);
    const struct kith_source *files = h->sc.sources;
    assert_int_equal(kith_scenario_read_sources(&copy, &mem, files, 3, NULL, 0, help_models, 2, &errors), KITH_OK);
    assert_int_equal(kith_scenario_fingerprint(&copy, "salt", again), KITH_OK);
    assert_string_equal(first, again);
    kith_scenario_free(&copy);
    help_file(h, "base.yaml", "seed: 5\ntitle: Other\n");
    assert_string_not_equal(first, fingerprint(h, text, NULL, NULL));
    help_file(h, "base.yaml", "# comment\nseed: 5\ntitle: Base\n");
    assert_string_equal(first, fingerprint(h, text, NULL, NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(layout_does_not_matter, help_begin, help_end),
        cmocka_unit_test_setup_teardown(content_does, help_begin, help_end),
        cmocka_unit_test_setup_teardown(every_byte_of_a_table_matters, help_begin, help_end),
        cmocka_unit_test_setup_teardown(chosen_arms_and_the_salt_matter, help_begin, help_end),
        cmocka_unit_test_setup_teardown(copies_have_the_same, help_begin, help_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
