/* Areas from a CSV table. */
#include <math.h>

#include "help.h"

#define AREAS(more)                                                                                          \
    "kith: 1\ntime: {counted: 1 year}\npopulation: {families: 100, areas: {table: a.csv, " more "}}\n"
#define USUAL AREAS("code: code, name: name, size: size")

static void check(struct help *h, const char *csv, const char *report)
{
    h->n_files = 0;
    help_file(h, "a.csv", csv);
    if (report)
        help_refused(h, USUAL, report);
    else
        help_accepted(h, USUAL);
}

static void reads_areas(void **state)
{
    struct help *h = *state;
    check(h,
          "\xef\xbb\xbf# made by hand\r\ncode,name,size,rate,note,none,half\r\n"
          "# a comment\r\nE1,\"Ash, \"\"Old\"\"\",300,1.5,x,,\r\n\r\nE2,\"two\nlines\", 100 "
          ",,,,7\r\nE3,,1e2,-2,3,,\r",
          NULL);
    const struct kith_scenario *sc = &h->sc;
    assert_int_equal(sc->n_areas, 3);
    assert_string_equal(sc->areas[0].code, "E1");
    assert_string_equal(sc->areas[0].name, "Ash, \"Old\"");
    assert_string_equal(sc->areas[1].name, "two\nlines");
    assert_string_equal(sc->areas[2].name, "");
    assert_true(sc->areas[0].share == 0.6 && sc->areas[1].share == 0.2 && sc->areas[2].share == 0.2);
    assert_int_equal(sc->n_columns, 3); /* note is text, none is empty */
    assert_string_equal(sc->column_names[0], "size");
    assert_string_equal(sc->column_names[1], "rate");
    assert_string_equal(sc->column_names[2], "half");
    assert_true(sc->column[0][0] == 300 && sc->column[0][1] == 100);
    assert_true(sc->column[1][0] == 1.5 && isnan(sc->column[1][1]) && sc->column[1][2] == -2);
    assert_true(isnan(sc->column[2][0]) && sc->column[2][1] == 7);
}

static void provenance(void **state)
{
    struct help *h = *state;
    check(h, "code,name,size\n1,x,1\n", NULL);
    char expected[512];
    snprintf(expected, sizeof expected,
             "# table: %s/a.csv sha256 b4b4785db660e2abfbe5ba0fa79c461e68be45e2f0e05a7b011b8e26eefb6b20\n",
             h->directory);
    const char *at = strstr(h->sc.text, "# table: ");
    assert_non_null(at);
    assert_string_equal(at, expected);
    /* Codes written with digits are codes still. */
    assert_int_equal(h->sc.n_columns, 1);
}

static void only_some(void **state)
{
    struct help *h = *state;
    help_file(h, "a.csv", "code,size,x\nE1,1,5\nE2,,6\nE3,3,7\nE4,1,\n");
    help_accepted(h, AREAS("code: code, size: size, only: [E4, E3]"));
    const struct kith_scenario *sc = &h->sc;
    assert_int_equal(sc->n_areas, 2); /* in the table's order; E2 has no size, but is left out */
    assert_string_equal(sc->areas[0].code, "E3");
    assert_string_equal(sc->areas[0].name, "E3");
    assert_true(sc->areas[0].share == 0.6); /* of all that have a size: an area alone is as it is among the others */
    assert_true(sc->column[1][0] == 7 && isnan(sc->column[1][1]));
    help_refused(h, AREAS("code: code, size: size, only: [E1, E11]"),
                 "t.yaml:3:86: error: no area with code 'E11' in the table: did you mean 'E1'?");
    help_refused(h, AREAS("code: code, size: size, only: [zebra]"),
                 "t.yaml:3:82: error: no area with code 'zebra' in the table");
    help_refused(h, AREAS("code: code, size: size, only: [E1, E1]"),
                 "t.yaml:3:86: error: area 'E1' stands here for the second time");
    help_refused(h, AREAS("code: code, size: size, only: E1"),
                 "t.yaml:3:81: error: only has to be a list of codes");
    help_refused(h, AREAS("code: code, size: size, only: []"),
                 "t.yaml:3:81: error: only has to be a list of codes");
    help_refused(h, AREAS("code: code, size: size, only: [[E1]]"),
                 "t.yaml:3:82: error: only has to be a list of codes");
}

static void bad_sections(void **state)
{
    struct help *h = *state;
    char out[1024];
    help_file(h, "a.csv", "code,name,size\nE1,x,1\n");
    help_refused(h, AREAS("code: cod, size: size"),
                 "t.yaml:3:57: error: 'cod' is not a column of the table: did you mean 'code'?");
    help_refused(h, AREAS("size: size"), "t.yaml:3:29: error: missing key 'code'");
    help_refused(h, AREAS("code: code"), "t.yaml:3:29: error: missing key 'size'");
    help_refused(h, AREAS("code: code, size: size, nam: name"),
                 "t.yaml:3:75: error: unknown key 'nam' in areas: did you mean 'name'?");
    help_refused(h, "kith: 1\ntime: {counted: 1 year}\npopulation: {families: 1, areas: {code: code}}\n",
                 "t.yaml:3:27: error: missing key 'table'");
    help_refused(h, "kith: 1\ntime: {counted: 1 year}\npopulation: {families: 1, areas: {table: ../a.csv}}\n",
                 "t.yaml:3:42: error: '../a.csv' climbs above the directory of the first file");
    help_refused(h, "kith: 1\ntime: {counted: 1 year}\npopulation: {families: 1, areas: {table: /a.csv}}\n",
                 "t.yaml:3:42: error: '/a.csv' is an absolute path: write it relative to this file");
    help_read(h, "kith: 1\ntime: {counted: 1 year}\npopulation: {families: 1, areas: {table: b.csv}}\n");
    assert_int_equal(h->errors.n, 1);
    assert_non_null(strstr(help_error(h, 0, out), "t.yaml:3:42: error: cannot read /"));
    assert_non_null(strstr(out, "/b.csv: No such file or directory"));
}

static void bad_tables(void **state)
{
    struct help *h = *state;
    check(h, "", "a.csv:1:1: error: the table is empty");
    check(h, "# nothing\n\n", "a.csv:1:1: error: the table is empty");
    check(h, "code,name,size\n", "a.csv:1:1: error: the table has a header but no rows");
    check(h, "code,name,size,name\nE1,x,1,y\n", "a.csv:1:16: error: a second column called 'name'");
    check(h, "code,name,size\nE1,x\n", "a.csv:2:1: error: 2 fields, but the header has 3");
    check(h, "code,name,size\nE1,x,1\n\nE2,x,1,\n", "a.csv:4:1: error: 4 fields, but the header has 3");
    check(h, "code,name,size\nE1,\"x,1\n", "a.csv:2:4: error: a quote that is not closed");
    check(h, "code,name,size\nE1,\"x\"y,1\n", "a.csv:2:7: error: text behind a closing quote");
    check(h, "code,name,size\nE1,x,1\nE2,\"\xc3\xa9\n\xc3\xa9\",none\n",
          "a.csv:4:4: error: size = 'none' has to be a number above 0");
    check(h, "code,name,size\nE1,x,0\n", "a.csv:2:6: error: size = '0' has to be a number above 0");
    check(h, "code,name,size\nE1,x,\n", "a.csv:2:6: error: size = '' has to be a number above 0");
    check(h, "code,name,size\nE1,x,5\nE2,x,5\nE1,y,6\n",
          "a.csv:4:1: error: a second area with code 'E1' (see line 2)");
    check(h, "code,name,size\nE1,x,5\n,x,5\n", "a.csv:3:1: error: the code of the area is empty");
    check(h, "code,name,size\nE1,caf\xe9,5\n", "a.csv:2:7: error: not UTF-8 text");
    check(h, "code,name,size\nE1,a,1e308\nE2,b,1e308\n",
          "t.yaml:3:36: error: the sizes of the areas are too large to add up");
}

static void large_tables(void **state)
{
    struct help *h = *state;
    size_t room = 4u << 20, n = 0;
    char *csv = malloc(room);
    assert_non_null(csv);
    for (int rows = 100000; rows <= 100001; rows++) {
        n = (size_t)sprintf(csv, "code,name,size\n");
        for (int i = 0; i < rows; i++)
            n += (size_t)sprintf(csv + n, "E%d,x,1\n", i);
        check(h, csv, rows == 100000 ? NULL : "a.csv:100002:1: error: more than 100000 rows");
    }
    n = 0;
    for (int i = 0; i < 1001; i++)
        n += (size_t)sprintf(csv + n, "%sc%d", i ? "," : "", i);
    sprintf(csv + n, "\n");
    check(h, csv, "a.csv:1:1: error: more than 1000 columns");
    free(csv);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        HELP_TEST(reads_areas),  HELP_TEST(provenance), HELP_TEST(only_some),
        HELP_TEST(bad_sections), HELP_TEST(bad_tables), HELP_TEST(large_tables),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
