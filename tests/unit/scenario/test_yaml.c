/* YAML as it comes: syntax, marks, bounds against hostile files. */
#include <time.h>

#include "help.h"

static void syntax_errors(void **state)
{
    struct help *h = *state;
    help_refused(
        h, "kith: 1\ntime: {counted: 2 years\npopulation: 3\n",
        "t.yaml:3:11: error: not valid YAML: did not find expected ',' or '}' while parsing a flow mapping "
        "that begins on line 2");
    help_refused(
        h, "kith: 1\n\ttitle: x\n",
        "t.yaml:2:1: error: not valid YAML: found a tab character that violates indentation while scanning a "
        "plain scalar that begins on line 1");
    help_refused(h, "a: b: c\n",
                 "t.yaml:1:5: error: not valid YAML: mapping values are not allowed in this context");
    help_refused(h, "", "t.yaml:1:1: error: the file is empty");
    help_refused(h, "# nothing\n", "t.yaml:1:1: error: the file is empty");
    help_refused(h, "- a\n- b\n", "t.yaml:1:1: error: a scenario has to be a map: key: value");
    help_refused(h, "kith: 1\n---\nkith: 1\n",
                 "t.yaml:2:1: error: a second document; a scenario file has one");
}

static void bytes(void **state)
{
    struct help *h = *state;
    help_refused(h, "kith: 1\ntitle: caf\xe9\n", "t.yaml:2:11: error: not UTF-8 text");
    help_refused(h, "kith: 1\ntitle: \xc3\xa9\xed\xa0\x80\n", "t.yaml:2:9: error: not UTF-8 text");
    help_refused(h, HEAD "title: \"a\\0b\"\n", "t.yaml:4:8: error: a NUL character in text");
    help_accepted(h, "\xef\xbb\xbf" HEAD "title: Caf\xc3\xa9\n");
    assert_string_equal(h->sc.title, "Caf\xc3\xa9");
    help_read_n(h, "kith\0: 1\n", 9, NULL, 0);
    assert_int_equal(h->status, KITH_BAD_SCENARIO);
}

static void keys(void **state)
{
    struct help *h = *state;
    help_refused(h, HEAD "title: a\nseed: 2\ntitle: b\n",
                 "t.yaml:6:1: error: key 'title' stands here for the second time (the first is on line 4)");
    help_refused(h, HEAD "? [a, b]\n: c\n",
                 "t.yaml:4:3: error: a key has to be plain text, not a list or map");
    help_refused(h, HEAD "\"\": c\n", "t.yaml:4:1: error: an empty key");
    help_refused(h, HEAD "<<: {title: a}\n",
                 "t.yaml:4:1: error: merge keys (<<) are not supported; use extends");
    help_refused(h, HEAD "title: !!str a\n", "t.yaml:4:8: error: tags (!...) are not supported");
    help_refused(h, HEAD "title: !x [a]\n", "t.yaml:4:8: error: tags (!...) are not supported");
}

static void anchors(void **state)
{
    struct help *h = *state;
    help_accepted(h, HEAD "parameters: {a: &a {value: 0.5, range: [0, 1]}, b: *a}\n");
    assert_int_equal(h->sc.n_parameters, 2);
    assert_true(h->sc.parameters[1].value == 0.5 && h->sc.parameters[1].high == 1.0);
    assert_string_equal(h->sc.parameters[1].name, "b");
    help_refused(h, HEAD "title: *nobody\n",
                 "t.yaml:4:8: error: no anchor '&nobody' stands before this alias");
    help_refused(h, HEAD "charts: &c {a: [*c]}\n",
                 "t.yaml:4:17: error: an alias inside of what it stands for");
    help_refused(h, HEAD "title: &k a\n*k : b\n",
                 "t.yaml:5:1: error: a key has to be plain text, not an alias");
}

/* Nine levels of ten aliases would be a thousand million nodes. */
static void many_laughs(void **state)
{
    struct help *h = *state;
    char text[4096], out[1024];
    size_t n = (size_t)sprintf(text, "%s", HEAD "charts:\n  a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for (int i = 1; i < 9; i++) {
        n += (size_t)sprintf(text + n, "  a%d: &a%d [", i, i);
        for (int k = 0; k < 10; k++)
            n += (size_t)sprintf(text + n, "%s*a%d", k ? ", " : "", i - 1);
        n += (size_t)sprintf(text + n, "]\n");
    }
    help_read(h, text);
    assert_int_equal(h->status, KITH_BAD_SCENARIO);
    assert_non_null(strstr(help_error(h, 0, out), "more than 1000000 values, aliases included"));
}

static void too_deep(void **state)
{
    struct help *h = *state;
    char text[3000];
    size_t n = (size_t)sprintf(text, "charts: ");
    memset(text + n, '[', 2000);
    text[n + 2000] = '\0';
    help_refused(h, text, "t.yaml:1:72: error: too deeply nested");
    /* Through aliases: each level of `a` holds the one before. */
    n = (size_t)sprintf(text, "charts:\n  - &a0 [x]\n");
    for (int i = 1; i < 80; i++)
        n += (size_t)sprintf(text + n, "  - &a%d [*a%d]\n", i, i - 1);
    help_refused(h, text, "t.yaml:63:11: error: too deeply nested");
}

static void many_keys(void **state)
{
    struct help *h = *state;
    size_t room = 8u << 20, n = 0;
    char *text = malloc(room), out[1024];
    assert_non_null(text);
    n += (size_t)sprintf(text, "charts:\n");
    for (int i = 0; i < 300000; i++)
        n += (size_t)sprintf(text + n, " k%d: 1\n", i);
    n += (size_t)sprintf(text + n, " k7: 1\n");
    clock_t begin = clock();
    help_read(h, text);
    assert_true((double)(clock() - begin) / CLOCKS_PER_SEC < 20.0);
    assert_int_equal(h->status, KITH_BAD_SCENARIO);
    assert_string_equal(
        help_error(h, 0, out),
        "t.yaml:300002:2: error: key 'k7' stands here for the second time (the first is on line 9)");
    free(text);
}

static void too_large(void **state)
{
    struct help *h = *state;
    size_t n = ((size_t)16 << 20) + 1;
    char *text = malloc(n + 1), out[1024];
    assert_non_null(text);
    memset(text, '#', n);
    text[n] = '\0';
    const char *path = help_file(h, "large.yaml", text);
    free(text);
    h->status = kith_scenario_read(&h->sc, &h->mem, path, NULL, 0, help_models, 2, &h->errors);
    assert_int_equal(h->status, KITH_IO);
    assert_string_equal(help_error(h, 0, out), "large.yaml: error: cannot read it: larger than 16 MiB");
    assert_int_equal(h->errors.list[0].code, KITH_IO);
}

static void unreadable(void **state)
{
    struct help *h = *state;
    char out[1024], path[128];
    snprintf(path, sizeof path, "%s/none.yaml", h->directory);
    h->status = kith_scenario_read(&h->sc, &h->mem, path, NULL, 0, help_models, 2, &h->errors);
    assert_int_equal(h->status, KITH_IO);
    assert_string_equal(help_error(h, 0, out), "none.yaml: error: cannot read it: No such file or directory");
    kith_scenario_free(&h->sc);
    h->errors.n = 0;
    h->status = kith_scenario_read(&h->sc, &h->mem, h->directory, NULL, 0, help_models, 2, &h->errors);
    assert_int_equal(h->status, KITH_IO);
}

/* What a stranger wrote cannot reach the terminal as control characters or broken characters. */
static void tidy_reports(void **state)
{
    struct help *h = *state;
    char out[1024], long_key[400];
    const struct kith_override set = {"ti\x1b[31mtle\xc2\x9b", "[1"};
    help_read_n(h, HEAD, strlen(HEAD), &set, 1);
    assert_null(strpbrk(help_error(h, 0, out), "\x1b\x9b"));
    size_t n = (size_t)sprintf(long_key, "%s", HEAD);
    for (int i = 0; i < 81; i++)
        n += (size_t)sprintf(long_key + n, "%s", i ? "\xc3\xa9" : "x");
    sprintf(long_key + n, ": 1\n");
    help_read(h, long_key);
    assert_int_equal(h->errors.n, 1);
    const char *text = help_error(h, 0, out);
    assert_null(strstr(text, "\xc3'")); /* cut between characters, not inside one */
    assert_non_null(strstr(text, "\xc3\xa9' in a scenario"));
}

/* Nor as part of a name: they are refused wherever they stand. */
static void control_characters(void **state)
{
    struct help *h = *state;
    help_refused(h, HEAD "title: \"a\\e[31m\"\n",
                 "t.yaml:4:8: error: a control character (byte 0x1b, number 2 of the text)");
    help_refused(h, HEAD "\"\\e[31m\": 1\n",
                 "t.yaml:4:1: error: a control character (byte 0x1b, number 1 of the text)");
    help_refused(h, HEAD "title: \"\\u009b31m\"\n",
                 "t.yaml:4:8: error: a control character (byte 0xc2, number 1 of the text)");
    help_refused(h, HEAD "title: \"\\x7f\"\n",
                 "t.yaml:4:8: error: a control character (byte 0x7f, number 1 of the text)");
    help_refused(h, HEAD "title: ab\xe2\x80\xae" "ba\n",
                 "t.yaml:4:8: error: a control character (byte 0xe2, number 3 of the text)");
    help_refused(h, HEAD "\"a\\nb\": 1\n", "t.yaml:4:1: error: a key has to be one line, without tabs");
    help_accepted(h, HEAD "about: |\n  two\n  lines, \xe2\x80\x9cquoted\xe2\x80\x9d\n");
}

/* libyaml would take time that is the square of their number. */
static void directives(void **state)
{
    struct help *h = *state;
    char text[1024] = "%YAML 1.1\n";
    strcat(text, "---\n" HEAD);
    help_accepted(h, text);
    text[0] = '\0';
    for (int i = 0; i < 11; i++)
        sprintf(text + strlen(text), "%%TAG !t%d! x\n", i);
    strcat(text, "---\n" HEAD);
    help_refused(h, text, "t.yaml:11:1: error: more than 10 directives (lines that begin with %)");
}

static void long_texts(void **state)
{
    struct help *h = *state;
    size_t n = ((size_t)64 << 10) + 1;
    char *text = malloc(2 * n);
    assert_non_null(text);
    sprintf(text, HEAD "title: %0*d\n", (int)n, 0);
    help_refused(h, text, "t.yaml:4:8: error: a text of 65537 bytes: at most 65536 are allowed");
    sprintf(text, HEAD "%01001d: 1\n", 0);
    help_refused(h, text, "t.yaml:4:1: error: a key of 1001 bytes: at most 1000 are allowed");
    size_t used = (size_t)sprintf(text, HEAD "a: &a %060000d\nb: [", 0);
    for (int i = 0; i < 3000; i++)
        used += (size_t)sprintf(text + used, "*a,");
    sprintf(text + used, "]\n");
    help_refused(h, text, "t.yaml:5:6710: error: too much text, aliases included");
    free(text);
}

static void twenty_reports(void **state)
{
    struct help *h = *state;
    char text[2048];
    size_t n = (size_t)sprintf(text, "%s", HEAD);
    for (int i = 0; i < 30; i++)
        n += (size_t)sprintf(text + n, "unknown%d: 1\n", i);
    help_read(h, text);
    assert_int_equal(h->status, KITH_BAD_SCENARIO);
    assert_int_equal(h->errors.n, 30);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        HELP_TEST(syntax_errors), HELP_TEST(bytes),        HELP_TEST(keys),           HELP_TEST(anchors),
        HELP_TEST(many_laughs),   HELP_TEST(too_deep),     HELP_TEST(many_keys),      HELP_TEST(too_large),
        HELP_TEST(unreadable),    HELP_TEST(tidy_reports), HELP_TEST(twenty_reports), HELP_TEST(control_characters),
        HELP_TEST(directives),    HELP_TEST(long_texts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
