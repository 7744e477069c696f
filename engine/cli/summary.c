#include <fnmatch.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../record/results.h"
#include "../stats/estimate.h"
#include "cli.h"
#include "options.h"
#include "table.h"

static const char help[] =
    "kith summary OUT.h5 [options]\n"
    "\n"
    "Means over replications of every measure in an output file, with 95% intervals (Student's t). Stocks "
    "are\n"
    "those at t = 0, 1, ... years from the start of the counted period; flows, counts and costs at t are "
    "those of\n"
    "the year that ends at t. Only replications of which every area is finished count.\n"
    "\n"
    "  --json           all rows, for programs; costs in pence, t = null for the total of the counted "
    "period\n"
    "  --arm NAME       this policy only\n"
    "  --measure GLOB   measures whose name fits: 'care.*', 'flow.*', '*cost*'; prints all dates\n"
    "  --time T         this date only: a number of years, or 'total'\n"
    "  --area CODE      this area only, by its code; 'each': every area and all together\n"
    "\n"
    "Example: what early help costs in the fifth year, under each policy\n"
    "\n"
    "  kith summary out.h5 --measure 'cost.early_help' --time 5\n";

#define ALL ((size_t)-1)

struct summary {
    struct kith_mem mem;
    struct kith_results r;
    struct kith_error err;
    bool json;
    const char *arm, *measure, *time, *area;
    size_t first_arm, n_arms; /* chosen */
    size_t first_area, last_area;
    bool together, each;          /* rows of all areas together; rows of first_area .. last_area - 1 */
    size_t date;                  /* row of the one chosen date, ALL: every date */
    size_t rows;                  /* years + 2 */
    struct kith_moments *moments; /* [rows][n_measures] of the arm and area at hand */
    double *value;                /* [rows][n_measures] of one replication */
    struct kith_series series;
    struct kith_outcome outcome;
    int64_t n;  /* replications gathered */
    bool begun; /* a JSON row was printed */
};

static enum kith_status no_memory(struct summary *s)
{
    return kith_error_set(&s->err, KITH_NO_MEMORY, s->r.path, 0, 0, "out of memory");
}

/* Index of `name` in a list, or a usage error that shows what there is. */
static enum kith_status choose(const char *what, const char *name, const char **names, size_t n,
                               size_t *index)
{
    for (*index = 0; *index < n; ++*index)
        if (strcmp(names[*index], name) == 0)
            return KITH_OK;
    kith_cli_options_wrong("summary: no %s %s in the file", what, name);
    for (size_t i = 0; i < n && i < 20; i++)
        fprintf(stderr, "%s %s", i == 0 ? "there are:" : ",", names[i]);
    fputs(n > 20 ? ", ...\n" : "\n", stderr);
    return KITH_USAGE;
}

static enum kith_status choose_date(struct summary *s)
{
    char *end;
    s->date = ALL;
    if (!s->time)
        return KITH_OK;
    if (strcmp(s->time, "total") == 0) {
        s->date = s->rows - 1;
        return KITH_OK;
    }
    double t = strtod(s->time, &end);
    if (*s->time == '\0' || *end != '\0' || !(t >= 0 && t <= s->r.years) || t != floor(t))
        return kith_cli_options_wrong("summary: --time %s: there are dates 0, 1, ... %d, and 'total'",
                                      s->time, s->r.years);
    s->date = (size_t)t;
    return KITH_OK;
}

static bool wanted(const struct summary *s, size_t measure)
{
    return !s->measure || fnmatch(s->measure, s->r.shape.measures[measure].name, 0) == 0;
}

static enum kith_status check_measure(const struct summary *s)
{
    for (size_t i = 0; s->measure && i < s->r.shape.n_measures; i++)
        if (wanted(s, i))
            return KITH_OK;
    if (!s->measure)
        return KITH_OK;
    return kith_cli_options_wrong("summary: --measure %s: no measure has such a name", s->measure);
}

static enum kith_status choose_all(struct summary *s)
{
    enum kith_status status = check_measure(s);
    s->rows = (size_t)s->r.years + 2;
    s->n_arms = s->r.n_arms;
    if (status == KITH_OK && s->arm) {
        status = choose("arm", s->arm, s->r.arms, s->r.n_arms, &s->first_arm);
        s->n_arms = 1;
    }
    s->each = s->area && strcmp(s->area, "all") != 0;
    s->together = !s->each || strcmp(s->area, "each") == 0;
    s->last_area = s->r.n_areas;
    if (status == KITH_OK && !s->together) {
        status = choose("area", s->area, s->r.areas, s->r.n_areas, &s->first_area);
        s->last_area = s->first_area + 1;
    }
    return status == KITH_OK ? choose_date(s) : status;
}

static enum kith_status make_room(struct summary *s)
{
    size_t n = s->rows * s->r.shape.n_measures;
    if (kith_mem_zeroed(&s->mem, &s->moments, n, sizeof *s->moments) != KITH_OK ||
        kith_mem_zeroed(&s->mem, &s->value, n, sizeof *s->value) != KITH_OK ||
        kith_series_init(&s->series, &s->mem, &s->r.shape, s->r.months) != KITH_OK ||
        kith_outcome_init(&s->outcome, &s->mem, &s->r.shape, s->r.years) != KITH_OK)
        return no_memory(s);
    return KITH_OK;
}

static void free_all(struct summary *s)
{
    kith_mem_free(&s->moments);
    kith_mem_free(&s->value);
    kith_series_free(&s->series);
    kith_outcome_free(&s->outcome);
    kith_results_close(&s->r);
}

/* The measures of one replication of an arm, of all areas together or of one, which is worked out from its
 * months. */
static enum kith_status read_values(struct summary *s, size_t replication, size_t arm, size_t area,
                                    const double **value)
{
    if (area == ALL) {
        *value = s->value;
        return kith_results_outcome(&s->r, replication, arm, s->value, &s->err);
    }
    enum kith_status status = kith_results_series(&s->r, replication, arm, area, &s->series, &s->err);
    kith_outcome_clear(&s->outcome);
    kith_outcome_add(&s->outcome, &s->r.shape, &s->series, s->r.weight);
    kith_outcome_finish(&s->outcome, &s->r.shape);
    *value = s->outcome.value;
    return status;
}

static enum kith_status gather(struct summary *s, size_t arm, size_t area)
{
    size_t n = s->rows * s->r.shape.n_measures;
    enum kith_status status = KITH_OK;
    if (n > 0)
        memset(s->moments, 0, n * sizeof *s->moments);
    s->n = 0;
    for (size_t i = 0; i < s->r.n_replications && status == KITH_OK; i++) {
        const double *value;
        if (!kith_results_complete(&s->r, i, arm))
            continue;
        status = read_values(s, i, arm, area, &value);
        for (size_t k = 0; k < n && status == KITH_OK; k++)
            if (!isnan(value[k]))
                kith_moments_add(&s->moments[k], value[k]);
        s->n++;
    }
    return status;
}

static struct kith_estimate estimate_at(const struct summary *s, size_t row, size_t measure)
{
    return kith_estimate_make(&s->moments[row * s->r.shape.n_measures + measure]);
}

static void json_row(struct summary *s, size_t arm, size_t area, size_t measure, size_t row,
                     const struct kith_estimate *e)
{
    const struct kith_measure *m = &s->r.shape.measures[measure];
    const double number[] = {e->mean, e->se, e->low, e->high};
    static const char *const name[] = {"mean", "se", "low", "high"};
    fputs(s->begun ? ",\n  {\"arm\": " : "\n  {\"arm\": ", stdout);
    s->begun = true;
    kith_cli_json_text(stdout, s->r.arms[arm]);
    fputs(", \"area\": ", stdout);
    kith_cli_json_text(stdout, area == ALL ? "all" : s->r.areas[area]);
    fputs(", \"measure\": ", stdout);
    kith_cli_json_text(stdout, m->name);
    if (row == s->rows - 1)
        fputs(", \"time\": null, \"unit\": ", stdout);
    else
        printf(", \"time\": %zu, \"unit\": ", row);
    kith_cli_json_text(stdout, kith_cli_row_unit(m->unit, row == s->rows - 1).text);
    for (size_t i = 0; i < 4; i++) {
        printf(", \"%s\": ", name[i]);
        kith_cli_json_real(stdout, number[i]);
    }
    printf(", \"n\": %lld}", (long long)e->n);
}

static void json_rows(struct summary *s, size_t arm, size_t area)
{
    for (size_t i = 0; i < s->r.shape.n_measures; i++) {
        for (size_t row = 0; row < s->rows && wanted(s, i); row++) {
            struct kith_estimate e = estimate_at(s, row, i);
            if (e.n > 0 && (s->date == ALL || s->date == row))
                json_row(s, arm, area, i, row, &e);
        }
    }
}

/* `text` cut to n characters, with "..." if something is missing. */
static struct kith_cli_text shorten(const char *text, size_t n)
{
    struct kith_cli_text out;
    size_t used = 0, shown = 0;
    for (; text[used]; used++) {
        shown += ((unsigned char)text[used] & 0xc0) != 0x80;
        if (shown > n || used + 4 >= sizeof out.text)
            break;
    }
    snprintf(out.text, sizeof out.text, "%.*s%s", (int)used, text, text[used] ? "..." : "");
    return out;
}

static void add_target(struct summary *s, struct kith_cli_table *t, const struct kith_target *target)
{
    struct kith_estimate e = {0, NAN, NAN, NAN, NAN, NAN};
    const char *unit_name = "";
    double factor, row = round(target->time);
    for (size_t i = 0; i < s->r.shape.n_measures; i++) {
        if (strcmp(s->r.shape.measures[i].name, target->measure) != 0)
            continue;
        unit_name = s->r.shape.measures[i].unit;
        if (row >= 0 && row <= s->r.years && fabs(row - target->time) < 1e-6)
            e = estimate_at(s, (size_t)row, i);
    }
    struct kith_cli_text unit = kith_cli_unit(unit_name, &factor);
    int decimals = kith_cli_decimals(target->value * factor);
    bool judged = !isnan(e.mean) && (!isnan(target->low) || !isnan(target->high));
    bool met = !(e.mean < target->low) && !(e.mean > target->high);
    kith_cli_table_add(t, "%s", judged ? met ? "\u2713" : "\u2717" : "-");
    kith_cli_table_add(t, "%s", target->label && *target->label ? target->label : target->measure);
    kith_cli_table_add(t, "%g", target->time);
    kith_cli_table_add(t, "%s", kith_cli_number(e.mean * factor, decimals).text);
    kith_cli_table_add(t, "%s", kith_cli_number(e.low * factor, decimals).text);
    kith_cli_table_add(t, "%s", kith_cli_number(e.high * factor, decimals).text);
    kith_cli_table_add(t, "%s", kith_cli_number(target->value * factor, decimals).text);
    kith_cli_table_add(t, "%s", unit.text);
    kith_cli_table_add(t, "%s", kith_cli_number(e.mean / target->value, 3).text);
    kith_cli_table_add(t, "%s", shorten(target->source, 44).text);
}

static enum kith_status print_targets(struct summary *s, size_t arm)
{
    static const char *const head[] = {"",     "published figure", "year", "simulated", "low",
                                       "high", "published",        "unit", "ratio",     "source"};
    struct kith_cli_table t;
    printf("\nPublished figures and arm %s (\u2713 within tolerance, \u2717 outside, - not judged)\n\n",
           s->r.arms[arm]);
    kith_cli_table_init(&t, &s->mem, "llrrrrrlrl");
    for (size_t i = 0; i < sizeof head / sizeof *head; i++)
        kith_cli_table_add(&t, "%s", head[i]);
    for (size_t i = 0; i < s->r.n_targets; i++)
        add_target(s, &t, &s->r.targets[i]);
    enum kith_status status = kith_cli_table_print(&t, stdout);
    kith_cli_table_free(&t);
    return status == KITH_OK ? status : no_memory(s);
}

static void add_measure(struct summary *s, struct kith_cli_table *t, size_t measure, size_t row)
{
    const struct kith_measure *m = &s->r.shape.measures[measure];
    struct kith_estimate e = estimate_at(s, row, measure);
    double factor;
    struct kith_cli_text row_unit = kith_cli_row_unit(m->unit, row == s->rows - 1);
    struct kith_cli_text unit = kith_cli_unit(row_unit.text, &factor);
    int decimals = kith_cli_decimals(e.mean * factor);
    if (e.n == 0)
        return;
    kith_cli_table_add(t, "%s", m->name);
    if (row == s->rows - 1)
        kith_cli_table_add(t, "total");
    else
        kith_cli_table_add(t, "%zu", row);
    kith_cli_table_add(t, "%s", kith_cli_number(e.mean * factor, decimals).text);
    kith_cli_table_add(t, "%s", kith_cli_number(e.low * factor, decimals).text);
    kith_cli_table_add(t, "%s", kith_cli_number(e.high * factor, decimals).text);
    kith_cli_table_add(t, "%s", unit.text);
}

/* One date, the last unless another was asked for; of chosen measures all dates. */
static void add_dates(struct summary *s, struct kith_cli_table *t, size_t measure)
{
    size_t first = s->date, last = s->date;
    if (s->date == ALL) {
        first = s->measure ? 0 : s->rows - 2;
        last = s->measure ? s->rows - 1 : s->rows - 2;
    }
    for (size_t row = first; row <= last; row++)
        add_measure(s, t, measure, row);
}

/* Those that the scenario defines first, then stocks, costs and, only if asked for, the many flows. */
static enum kith_status print_measures(struct summary *s)
{
    static const char *const head[] = {"measure", "year", "mean", "low", "high", "unit"};
    struct kith_cli_table t;
    kith_cli_table_init(&t, &s->mem, "lrrrrl");
    for (size_t i = 0; i < sizeof head / sizeof *head; i++)
        kith_cli_table_add(&t, "%s", head[i]);
    for (int rank = 0; rank <= KITH_CLI_FLOWS && (rank < KITH_CLI_FLOWS || s->measure); rank++)
        for (size_t i = 0; i < s->r.shape.n_measures; i++)
            if (wanted(s, i) && kith_cli_rank(s->r.shape.measures[i].name) == rank)
                add_dates(s, &t, i);
    enum kith_status status = kith_cli_table_print(&t, stdout);
    kith_cli_table_free(&t);
    return status == KITH_OK ? status : no_memory(s);
}

static enum kith_status print_part(struct summary *s, size_t arm, size_t area)
{
    if (s->n == 0) {
        printf("\nArm %s: no replication is complete.\n", s->r.arms[arm]);
        return KITH_OK;
    }
    if (area == ALL && arm == s->first_arm && s->r.n_targets > 0 && !s->measure && !s->time) {
        enum kith_status status = print_targets(s, arm);
        if (status != KITH_OK)
            return status;
    }
    printf("\nArm %s, %s%s%s: mean of %lld replication%s with 95%% interval, for the real population\n\n",
           s->r.arms[arm], area == ALL ? "all areas" : s->r.areas[area], area == ALL ? "" : " ",
           area == ALL ? "" : s->r.area_names[area], (long long)s->n, s->n == 1 ? "" : "s");
    return print_measures(s);
}

static enum kith_status show_part(struct summary *s, size_t arm, size_t area)
{
    enum kith_status status = gather(s, arm, area);
    if (status != KITH_OK)
        return status;
    if (!s->json)
        return print_part(s, arm, area);
    json_rows(s, arm, area);
    return KITH_OK;
}

/* For people: without being asked for arms or measures, the first arm is enough to read. */
static void print_hint(const struct summary *s, size_t arms)
{
    printf("\n%zu more arm%s: kith summary %s --arm", arms - 1, arms > 2 ? "s" : "", s->r.path);
    for (size_t a = 1; a < arms; a++)
        printf("%s%s", a == 1 ? " " : "|", s->r.arms[a]);
    printf("; differences: kith compare\n");
}

static enum kith_status show(struct summary *s)
{
    enum kith_status status = make_room(s);
    size_t arms = s->n_arms;
    bool brief = !s->json && !s->arm && !s->measure && !s->time && arms > 1;
    if (brief)
        s->n_arms = 1;
    if (s->json)
        fputs("{\"rows\": [", stdout);
    else
        printf("%s\n%s, %s\n", s->r.title, s->r.path, "dates in years from the start of the counted period");
    for (size_t a = s->first_arm; a < s->first_arm + s->n_arms && status == KITH_OK; a++) {
        if (s->together)
            status = show_part(s, a, ALL);
        for (size_t i = s->first_area; s->each && i < s->last_area && status == KITH_OK; i++)
            status = show_part(s, a, i);
    }
    if (s->json)
        fputs(s->begun ? "\n]}\n" : "]}\n", stdout);
    else if (brief && status == KITH_OK)
        print_hint(s, arms);
    return status;
}

int kith_cli_summary(int argc, char **argv)
{
    struct summary s = {.mem = KITH_MEM_INIT};
    const char *file;
    const struct kith_cli_option options[] = {
        {"--json", 0, &s.json, NULL, NULL}, {"--arm", 0, NULL, &s.arm, NULL},   {"--measure", 0, NULL, &s.measure, NULL},
        {"--time", 0, NULL, &s.time, NULL}, {"--area", 0, NULL, &s.area, NULL},
    };
    enum kith_cli_next next =
        kith_cli_options_read(argc, argv, options, sizeof options / sizeof *options, help, KITH_CLI_FILE, &file);
    if (next != KITH_CLI_GO_ON)
        return (int)kith_cli_options_finish(next == KITH_CLI_SHOWN ? KITH_OK : KITH_USAGE);
    enum kith_status status = kith_results_open(&s.r, &s.mem, file, &s.err);
    if (status == KITH_OK) {
        status = choose_all(&s);
        if (status == KITH_OK)
            status = show(&s);
    }
    if (status != KITH_OK && status != KITH_USAGE)
        kith_cli_options_report(&s.err);
    free_all(&s);
    return (int)kith_cli_options_finish(status);
}
