/* What the tests of the scenario reader share: files in a directory of their own, and reading a scenario into
 * reports that can be compared with text. */
#ifndef KITH_TESTS_SCENARIO_HELP_H
#define KITH_TESTS_SCENARIO_HELP_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../../engine/scenario/given.h"
#include "../../../engine/scenario/scenario.h"

#define HEAD "kith: 1\ntime: {counted: 2 years}\npopulation: {families: 100}\n"

/* One reading, and the directory that its files are in. */
struct help {
    char directory[64];
    struct kith_mem mem;
    struct kith_scenario sc;
    struct kith_errors errors;
    enum kith_status status;
    size_t n_files;
    char files[8][128];
};

static const char *const help_keys[] = {"charts", "measures"};
static const struct kith_model_keys help_models[] = {{"pathway", help_keys, 2}, {"mmc", help_keys, 0}};

static inline int help_begin(void **state)
{
    struct help *h = calloc(1, sizeof *h);
    assert_non_null(h);
    strcpy(h->directory, "/tmp/kith-scenario-XXXXXX");
    assert_non_null(mkdtemp(h->directory));
    h->mem.fail_at = -1;
    *state = h;
    return 0;
}

static inline int help_end(void **state)
{
    struct help *h = *state;
    kith_scenario_free(&h->sc);
    for (size_t i = 0; i < h->n_files; i++)
        unlink(h->files[i]);
    rmdir(h->directory);
    free(h);
    return 0;
}

/* Writes a file into the directory; its path. */
static inline const char *help_file(struct help *h, const char *name, const char *text)
{
    assert_true(h->n_files < 8);
    char path[sizeof h->files[0]];
    snprintf(path, sizeof path, "%s/%s", h->directory, name);
    memcpy(h->files[h->n_files], path, sizeof path);
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(text, 1, strlen(text), f), strlen(text));
    assert_int_equal(fclose(f), 0);
    return h->files[h->n_files++];
}

/* Reads the text as DIRECTORY/t.yaml with the n overrides. */
static inline void help_read_n(struct help *h, const char *text, size_t n_text,
                               const struct kith_override *set, size_t n)
{
    char path[128];
    snprintf(path, sizeof path, "%s/t.yaml", h->directory);
    kith_scenario_free(&h->sc);
    memset(&h->errors, 0, sizeof h->errors);
    h->status =
        kith_scenario_read_given(&h->sc, &h->mem, path, text, n_text, set, n, help_models, 2, &h->errors);
}

static inline void help_read(struct help *h, const char *text)
{
    help_read_n(h, text, strlen(text), NULL, 0);
}

/* The report with the directory left out: "t.yaml:1:2: error: ..." */
static inline const char *help_error(struct help *h, int i, char out[1024])
{
    assert_true(i < h->errors.n && i < KITH_ERRORS_MAX);
    kith_error_format(&h->errors.list[i], out, 1024);
    size_t n = strlen(h->directory);
    return strncmp(out, h->directory, n) == 0 ? out + n + 1 : out;
}

/* The text is refused with exactly this report, and no other. */
static inline void help_refused(struct help *h, const char *text, const char *report)
{
    char out[1024];
    help_read(h, text);
    assert_int_equal(h->status, KITH_BAD_SCENARIO);
    assert_string_equal(help_error(h, 0, out), report);
    if (h->errors.n > 1)
        print_error("also: %s\n", help_error(h, 1, out));
    assert_int_equal(h->errors.n, 1);
}

static inline void help_accepted(struct help *h, const char *text)
{
    char out[1024];
    help_read(h, text);
    if (h->errors.n > 0)
        print_error("%s\n", help_error(h, 0, out));
    assert_int_equal(h->status, KITH_OK);
    assert_int_equal(h->errors.n, 0);
}

/* A test of cmocka with its own directory and reading. */
#define HELP_TEST(f) cmocka_unit_test_setup_teardown(f, help_begin, help_end)

#endif
