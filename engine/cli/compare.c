#include <fnmatch.h>
#include <math.h>
#include <string.h>

#include "../record/results.h"
#include "../stats/estimate.h"
#include "cli.h"
#include "options.h"
#include "table.h"

static const char help[] =
    "kith compare OUT.h5 --base A --arm B [options]\n"
    "\n"
    "What arm B changes: the mean of B - A over replications with its 95% interval (Student's t). The arms "
    "share\n"
    "all luck, so each replication is compared with itself; 'gain' is how many times as many replications "
    "arms with\n"
    "independent luck would need for intervals as narrow.\n"
    "\n"
    "  --base A         the arm that is compared with; the first one if not given\n"
    "  --arm B          the arm that is compared; needed if there are more than two\n"
    "  --measure GLOB   measures whose name fits: 'care.*', 'flow.*', '*cost*'; prints all dates\n"
    "  --json           all rows, for programs; costs in pence, time = null for the total of the counted "
    "period\n"
    "\n"
    "Example: does earlier help save money?\n"
    "\n"
    "  kith compare out.h5 --base baseline --arm early_help --measure 'cost.*'\n";

struct compare {
    struct kith_mem mem;
    struct kith_results r;
    struct kith_error err;
    bool json;
    const char *base, *arm, *measure;
    size_t a, b;
    size_t rows;             /* years + 2 */
    struct kith_pair *pairs; /* [rows][n_measures] */
    double *value[2];        /* [rows][n_measures] of one replication of each arm */
    int64_t n;               /* replications that both arms have */
};

static enum kith_status no_memory(struct compare *c)
{
    return kith_error_set(&c->err, KITH_NO_MEMORY, c->r.path, 0, 0, "out of memory");
}

static enum kith_status choose(const struct compare *c, const char *option, const char *name, size_t *index)
{
    for (*index = 0; *index < c->r.n_arms; ++*index)
        if (strcmp(c->r.arms[*index], name) == 0)
            return KITH_OK;
    kith_cli_options_wrong("compare: %s %s: no such arm in the file", option, name);
    for (size_t i = 0; i < c->r.n_arms; i++)
        fprintf(stderr, "%s %s", i == 0 ? "there are:" : ",", c->r.arms[i]);
    fputc('\n', stderr);
    return KITH_USAGE;
}

static enum kith_status choose_arms(struct compare *c)
{
    enum kith_status status = KITH_OK;
    if (c->r.n_arms < 2)
        return kith_cli_options_wrong("compare: %s has only one arm", c->r.path);
    if (c->base)
        status = choose(c, "--base", c->base, &c->a);
    if (status == KITH_OK && c->arm)
        status = choose(c, "--arm", c->arm, &c->b);
    else if (status == KITH_OK && c->r.n_arms == 2)
        c->b = 1 - c->a;
    else if (status == KITH_OK)
        status =
            kith_cli_options_wrong("compare: which arm? Say --arm NAME; kith info %s lists them", c->r.path);
    return status;
}

static enum kith_status gather(struct compare *c)
{
    size_t n = c->rows * c->r.shape.n_measures;
    enum kith_status status = KITH_OK;
    if (kith_mem_zeroed(&c->mem, &c->pairs, n, sizeof *c->pairs) != KITH_OK ||
        kith_mem_zeroed(&c->mem, &c->value[0], n, sizeof(double)) != KITH_OK ||
        kith_mem_zeroed(&c->mem, &c->value[1], n, sizeof(double)) != KITH_OK)
        return no_memory(c);
    for (size_t i = 0; i < c->r.n_replications && status == KITH_OK; i++) {
        if (!kith_results_complete(&c->r, i, c->a) || !kith_results_complete(&c->r, i, c->b))
            continue;
        status = kith_results_outcome(&c->r, i, c->a, c->value[0], &c->err);
        if (status == KITH_OK)
            status = kith_results_outcome(&c->r, i, c->b, c->value[1], &c->err);
        for (size_t k = 0; k < n && status == KITH_OK; k++)
            if (!isnan(c->value[0][k]) && !isnan(c->value[1][k]))
                kith_pair_add(&c->pairs[k], c->value[0][k], c->value[1][k]);
        c->n++;
    }
    return status;
}

static bool wanted(const struct compare *c, size_t measure)
{
    return !c->measure || fnmatch(c->measure, c->r.shape.measures[measure].name, 0) == 0;
}

static enum kith_status check_measure(const struct compare *c)
{
    for (size_t i = 0; c->measure && i < c->r.shape.n_measures; i++)
        if (wanted(c, i))
            return KITH_OK;
    if (!c->measure)
        return KITH_OK;
    return kith_cli_options_wrong("compare: --measure %s: no measure has such a name", c->measure);
}

static const struct kith_pair *pair_at(const struct compare *c, size_t row, size_t measure)
{
    return &c->pairs[row * c->r.shape.n_measures + measure];
}

static bool all_same(const struct kith_pair *p)
{
    return p->difference.mean == 0 && p->difference.squares == 0;
}

static void json_row(const struct compare *c, size_t measure, size_t row, bool first)
{
    const struct kith_measure *m = &c->r.shape.measures[measure];
    const struct kith_pair *p = pair_at(c, row, measure);
    struct kith_estimate e = kith_estimate_make(&p->difference);
    const double number[] = {e.mean, e.se, e.low, e.high};
    static const char *const name[] = {"difference", "se", "low", "high"};
    fputs(first ? "\n  {\"measure\": " : ",\n  {\"measure\": ", stdout);
    kith_cli_json_text(stdout, m->name);
    if (row == c->rows - 1)
        fputs(", \"time\": null, \"unit\": ", stdout);
    else
        printf(", \"time\": %zu, \"unit\": ", row);
    kith_cli_json_text(stdout, kith_cli_row_unit(m->unit, row == c->rows - 1).text);
    for (size_t i = 0; i < 4; i++) {
        printf(", \"%s\": ", name[i]);
        kith_cli_json_real(stdout, number[i]);
    }
    printf(", \"n\": %lld, \"variance_ratio\": ", (long long)e.n);
    kith_cli_json_real(stdout, kith_pair_variance_ratio(p));
    fputc('}', stdout);
}

static void print_json(const struct compare *c)
{
    bool first = true;
    fputs("{\"rows\": [", stdout);
    for (size_t i = 0; i < c->r.shape.n_measures; i++) {
        for (size_t row = 0; row < c->rows && wanted(c, i); row++) {
            if (pair_at(c, row, i)->difference.n == 0)
                continue;
            json_row(c, i, row, first);
            first = false;
        }
    }
    fputs(first ? "]}\n" : "\n]}\n", stdout);
}

static void add_row(const struct compare *c, struct kith_cli_table *t, size_t measure, size_t row)
{
    const struct kith_measure *m = &c->r.shape.measures[measure];
    const struct kith_pair *p = pair_at(c, row, measure);
    struct kith_estimate e = kith_estimate_make(&p->difference);
    double factor;
    struct kith_cli_text row_unit = kith_cli_row_unit(m->unit, row == c->rows - 1);
    struct kith_cli_text unit = kith_cli_unit(row_unit.text, &factor);
    int decimals = kith_cli_decimals(e.mean * factor);
    kith_cli_table_add(t, "%s", m->name);
    if (row == c->rows - 1)
        kith_cli_table_add(t, "total");
    else
        kith_cli_table_add(t, "%zu", row);
    kith_cli_table_add(t, "%s", kith_cli_number(e.mean * factor, decimals).text);
    kith_cli_table_add(t, "%s", kith_cli_number(e.low * factor, decimals).text);
    kith_cli_table_add(t, "%s", kith_cli_number(e.high * factor, decimals).text);
    kith_cli_table_add(t, "%s", unit.text);
    if (p->a.mean != 0)
        kith_cli_table_add(t, "%s%%", kith_cli_number(100 * p->difference.mean / p->a.mean, 2).text);
    else
        kith_cli_table_add(t, "-");
    kith_cli_table_add(t, "%s", kith_cli_number(kith_pair_variance_ratio(p), 1).text);
}

/* Which rows a person gets: the last date and the total, of chosen measures all; flows only if chosen. */
static bool shown(const struct compare *c, size_t measure, size_t row)
{
    bool flow = kith_cli_rank(c->r.shape.measures[measure].name) == KITH_CLI_FLOWS;
    return wanted(c, measure) && (c->measure || (row >= c->rows - 2 && !flow)) &&
           pair_at(c, row, measure)->difference.n > 0;
}

/* Whether there is any difference at all, printed or not. */
static bool all_zero(const struct compare *c)
{
    for (size_t k = 0; k < c->rows * c->r.shape.n_measures; k++)
        if (c->pairs[k].difference.n > 0 && !all_same(&c->pairs[k]))
            return false;
    return true;
}

static void add_rows(const struct compare *c, struct kith_cli_table *t, size_t measure, size_t *same)
{
    for (size_t row = 0; row < c->rows; row++) {
        if (!shown(c, measure, row))
            continue;
        if (all_same(pair_at(c, row, measure)))
            ++*same;
        else
            add_row(c, t, measure, row);
    }
}

static enum kith_status print_rows(struct compare *c, size_t *same)
{
    static const char *const head[] = {"measure", "year", "difference", "low",
                                       "high",    "unit", "change",     "gain"};
    struct kith_cli_table t;
    kith_cli_table_init(&t, &c->mem, "lrrrrlrr");
    for (size_t i = 0; i < sizeof head / sizeof *head; i++)
        kith_cli_table_add(&t, "%s", head[i]);
    *same = 0;
    for (int rank = 0; rank <= KITH_CLI_FLOWS; rank++)
        for (size_t i = 0; i < c->r.shape.n_measures; i++)
            if (kith_cli_rank(c->r.shape.measures[i].name) == rank)
                add_rows(c, &t, i, same);
    enum kith_status status = KITH_OK;
    if (t.n > sizeof head / sizeof *head)
        status = kith_cli_table_print(&t, stdout);
    kith_cli_table_free(&t);
    return status == KITH_OK ? status : no_memory(c);
}

static enum kith_status print_text(struct compare *c)
{
    size_t same;
    printf("%s\n%s: arm %s minus arm %s, %lld replication%s paired, for the real population\n\n", c->r.title,
           c->r.path, c->r.arms[c->b], c->r.arms[c->a], (long long)c->n, c->n == 1 ? "" : "s");
    if (c->n == 0) {
        puts("No replication of both arms is complete.");
        return KITH_OK;
    }
    if (all_zero(c)) {
        puts("All differences are exactly 0: in every replication, measure and year the arms are the same.");
        return KITH_OK;
    }
    enum kith_status status = print_rows(c, &same);
    if (status == KITH_OK && same > 0)
        printf("\n%zu further row%s exactly 0.\n", same, same == 1 ? " is" : "s are");
    return status;
}

int kith_cli_compare(int argc, char **argv)
{
    struct compare c = {.mem = KITH_MEM_INIT};
    const char *file;
    const struct kith_cli_option options[] = {{"--json", 0, &c.json, NULL, NULL},
                                              {"--base", 0, NULL, &c.base, NULL},
                                              {"--arm", 0, NULL, &c.arm, NULL},
                                              {"--measure", 0, NULL, &c.measure, NULL}};
    enum kith_cli_next next =
        kith_cli_options_read(argc, argv, options, sizeof options / sizeof *options, help, KITH_CLI_FILE, &file);
    if (next != KITH_CLI_GO_ON)
        return (int)kith_cli_options_finish(next == KITH_CLI_SHOWN ? KITH_OK : KITH_USAGE);
    enum kith_status status = kith_results_open(&c.r, &c.mem, file, &c.err);
    c.rows = (size_t)c.r.years + 2;
    if (status == KITH_OK)
        status = choose_arms(&c);
    if (status == KITH_OK)
        status = check_measure(&c);
    if (status == KITH_OK)
        status = gather(&c);
    if (status == KITH_OK && c.json)
        print_json(&c);
    else if (status == KITH_OK)
        status = print_text(&c);
    if (status != KITH_OK && status != KITH_USAGE)
        kith_cli_options_report(&c.err);
    kith_mem_free(&c.pairs);
    kith_mem_free(&c.value[0]);
    kith_mem_free(&c.value[1]);
    kith_results_close(&c.r);
    return (int)kith_cli_options_finish(status);
}
