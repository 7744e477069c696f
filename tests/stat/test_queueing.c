/* Resources against queueing theory: servers, places to wait, patience and priorities, with customers who arrive as a
 * Poisson stream of families without children, and exact means that are computed here.
 *
 * Waits of one run depend on each other, so a model is run REPLICATIONS times and the means of the replications, which
 * do not, give Student's t. The level is that of ALARM false alarms in all COMPARISONS (more than there are) together,
 * fixed before anything was run: |t| may be up to 5.05. It is not that of harness.h, because customers have to be many.
 * Every comparison is made again with a twin, the exact mean for a service 5% faster, and has to fail. There are so many
 * customers that the twin's |t| is about 10 or more on average: in M/M/1 at load r a mean over T mean services has a
 * relative standard deviation of about sqrt(2 (1 + r) / (r (1 - r)^2 T)) (Whitt: Planning queueing simulations, Management
 * Science 35, 1989); for the other models it was found by simulating them in another way.
 *
 * The unit of time in all formulas is the mean service time. The books are:
 *   Gross, Harris: Fundamentals of Queueing Theory, 3rd ed. 1998; Kleinrock: Queueing Systems, 1975 and 1976;
 *   Cobham: Priority assignment in waiting line problems, Operations Research 2, 1954;
 *   Kella, Yechiali: Waiting times in the non-preemptive priority M/M/c queue, Stochastic Models 1, 1985;
 *   Garnett, Mandelbaum, Reiman: Designing a call center with impatient customers, M&SOM 4, 2002;
 *   Crommelin: Delay probability formulae ..., Post Office Electrical Engineers Journal 25, 1932. */
#include "harness.h"

enum { REPLICATIONS = 64, COMPARISONS = 250, YEARS = 100, CLASSES = 3, NO_LIMIT = -1, MOST = 6000 };
#define ALARM 1e-3
#define FASTER 1.05

/* What is compared. Times are in mean service times, the others shares: of requests, of capacity. */
enum { WAIT, DELAYED, LOST, LEFT, WAIT_ALL, IN_USE, TAKEN, CLASS, SEEN = CLASS + CLASSES };
static const char *const seen_names[SEEN] = {"mean wait",  "have to wait", "lost",        "leave",       "wait of all",
                                             "in use",     "pre-empted",   "wait, first", "wait, second", "wait, third"};
static const char *const classes[CLASSES] = {"first", "second", "third"};

/* A model. Those whose `servers` are busy wait; without more said, forever, in one line. */
struct queue {
    const char *name;
    void (*solve)(const struct queue *q, double lambda, double mu, double exact[SEEN]);
    int servers;
    double loads[3];     /* arrivals times mean service over servers */
    double thousands[3]; /* customers, all replications together */
    int room;            /* places to wait, or NO_LIMIT */
    double patience;     /* mean, if it ends */
    enum { EXPONENTIAL, GAMMA, LOGNORMAL, FIXED } service;
    double cv2;          /* squared coefficient of variation of service, where not exponential */
    int n_classes;       /* of priority, if there are several: each group has a chart of its own */
    double share[CLASSES], mean[CLASSES]; /* of arrivals; of service, if the groups have one chart together */
    bool preempts;
    double band, hurry, joins; /* from this load on: service is so much faster, so many who come stay */
};

/* Arrivals in a mean service time. */
static double arrivals(const struct queue *q, double load)
{
    double mean = 0;
    for (int k = 0; k < q->n_classes; k++)
        mean += q->share[k] * (q->mean[k] > 0 ? q->mean[k] : 1);
    return q->servers * load / (q->n_classes ? mean : 1);
}

/* ---- exact means ------------------------------------------------------------------------------------------------ */

/* Erlang's loss formula by recursion (Gross, Harris 2.5) and delay formula from it (2.3): c servers, offered load a. */
static double erlang_b(int c, double a)
{
    double b = 1;
    for (int k = 1; k <= c; k++)
        b = a * b / (k + a * b);
    return b;
}
static double erlang_c(int c, double a)
{
    double b = erlang_b(c, a);
    return b / (1 - a / c * (1 - b));
}
/* Mean number waiting in M/M/c. */
static double mm_line(int c, double a)
{
    return erlang_c(c, a) * a / (c - a);
}

/* M/M/c: Gross, Harris 2.3. */
static void mmc(const struct queue *q, double lambda, double mu, double exact[SEEN])
{
    double a = lambda / mu;
    exact[WAIT] = mm_line(q->servers, a) / lambda;
    exact[DELAYED] = erlang_c(q->servers, a);
    exact[IN_USE] = a / q->servers;
}

/* M/M/c/c: Gross, Harris 2.5. */
static void mmcc(const struct queue *q, double lambda, double mu, double exact[SEEN])
{
    exact[LOST] = erlang_b(q->servers, lambda / mu);
    exact[IN_USE] = lambda / mu * (1 - exact[LOST]) / q->servers;
}

/* M/G/1: Pollaczek and Khinchine (Gross, Harris 5.1). */
static void mg1(const struct queue *q, double lambda, double mu, double exact[SEEN])
{
    double load = lambda / mu;
    exact[WAIT] = load * (1 + q->cv2) / (2 * mu * (1 - load));
    exact[DELAYED] = exact[IN_USE] = load;
}

/* M/D/c: Crommelin. With N_i Poisson of mean i a, the wait is sum over i of P(N_i >= ic) - c/a P(N_i > ic). */
static void mdc(const struct queue *q, double lambda, double mu, double exact[SEEN])
{
    double a = lambda / mu, c = q->servers, wait = 0, term = 1;
    for (unsigned i = 1, n = (unsigned)q->servers; term > 1e-12; i++, n += (unsigned)q->servers)
        wait += term = gsl_cdf_poisson_Q(n - 1, i * a) - c / a * gsl_cdf_poisson_Q(n, i * a);
    exact[WAIT] = wait / mu;
    exact[IN_USE] = a / c;
}

/* Birth and death (Gross, Harris 2.2): n customers are there with probability p[n]; `offered` come, and leave by being
 * served or losing patience. Returns the largest n. */
static int birth_death(const struct queue *q, double lambda, double mu, double p[MOST], double offered[MOST])
{
    int most = q->room == NO_LIMIT ? MOST - 1 : q->servers + q->room;
    double sum = 0, theta = q->patience > 0 ? 1 / q->patience : 0;
    for (int n = 0; n <= most; n++) {
        bool crowd = q->band > 0 && n >= q->band * q->servers;
        double out = fmin(n, q->servers) * mu * (crowd ? q->hurry : 1) + fmax(n - q->servers, 0) * theta;
        offered[n] = lambda * (crowd ? q->joins : 1);
        p[n] = n ? p[n - 1] * offered[n - 1] / out : 1;
        sum += p[n];
    }
    for (int n = 0; n <= most; n++)
        p[n] /= sum;
    return most;
}

/* The wait of those who are served in M/M/c+M. Who finds k in line moves up at rate c mu + k theta and leaves at rate
 * theta; how long a step takes does not depend on which it is, so that the wait is known given that all went well. */
static double served_wait(const struct queue *q, double mu, const double p[MOST], int most)
{
    double theta = 1 / q->patience, well = 1, time = 0, over = 0, below = 0;
    for (int n = 0; n < q->servers; n++)
        below += p[n];
    for (int n = q->servers; n < most; n++) {
        double up = q->servers * mu + (n - q->servers) * theta;
        well *= up / (up + theta);
        time += 1 / (up + theta);
        over += p[n] * well * time;
        below += p[n] * well;
    }
    return over / below;
}

/* M/M/c/K (Gross, Harris 2.4), M/M/c+M (Garnett, Mandelbaum, Reiman), and rates that depend on the load. */
static void sum_states(const struct queue *q, double lambda, double mu, double exact[SEEN])
{
    static double p[MOST], offered[MOST];
    int most = birth_death(q, lambda, mu, p, offered), c = q->servers;
    double requests = 0, delayed = 0, line = 0, lost = 0;
    exact[IN_USE] = 0;
    for (int n = 0; n <= most; n++) {
        requests += p[n] * offered[n];
        delayed += n >= c && n < most ? p[n] * offered[n] : 0;
        line += fmax(n - c, 0) * p[n];
        exact[IN_USE] += fmin(n, c) * p[n] / c;
    }
    exact[DELAYED] = delayed / requests;
    if (q->room != NO_LIMIT)
        exact[LOST] = lost = p[most] * offered[most] / requests;
    exact[WAIT] = line / (requests * (1 - lost));
    if (q->patience > 0) {
        exact[WAIT_ALL] = line / requests;
        exact[LEFT] = line / q->patience / requests;
        exact[WAIT] = served_wait(q, mu, p, most);
    }
}

/* Non-preemptive priorities: Cobham; M/M/c with the same service for all (Kella, Yechiali), M/G/1 with one for each. The
 * work found in service, w, is waited for by all; who comes before grows with 1 / ((1 - s_(k-1)) (1 - s_k)). */
static void cobham(const struct queue *q, double lambda, double mu, double exact[SEEN])
{
    double w = 0, load = 0, wait = 0, a = lambda / mu;
    if (q->mean[0] > 0)
        for (int k = 0; k < q->n_classes; k++) /* half the second moment of the exponential */
            w += lambda * q->share[k] * q->mean[k] * q->mean[k] / (mu * mu);
    else
        w = erlang_c(q->servers, a) / (q->servers * mu);
    for (int k = 0; k < q->n_classes; k++) {
        double before = load, mean = q->mean[0] > 0 ? q->mean[k] : 1;
        load += q->share[k] * mean * a / q->servers;
        double of_class = w / ((1 - before) * (1 - load));
        wait += q->share[k] * of_class;
        if (!(q->mean[0] > 0))
            exact[CLASS + k] = of_class;
    }
    exact[WAIT] = wait;
    exact[IN_USE] = load;
}

/* Preemptive priorities with the same exponential service: what remains of it is as good as new, so the classes up to k
 * are an M/M/c queue by themselves (Kleinrock, volume 2, 3.6), and Little's law tells them apart. Somebody of class k
 * preempts when all servers are busy, but not all with classes up to k. */
static void preemptive(const struct queue *q, double lambda, double mu, double exact[SEEN])
{
    double a = 0, all = erlang_c(q->servers, lambda / mu);
    exact[TAKEN] = 0;
    for (int k = 0; k < q->n_classes; k++) {
        double mine = q->share[k] * lambda, before = a;
        a += mine / mu;
        exact[CLASS + k] = (mm_line(q->servers, a) - mm_line(q->servers, before)) / mine;
        exact[TAKEN] += mine * (all - erlang_c(q->servers, a));
    }
    exact[IN_USE] = a / q->servers;
}

/* ---- simulation ------------------------------------------------------------------------------------------------- */

/* Times of the scenario: customers of one replication come in YEARS. */
struct scale {
    double service, warm_up; /* years */
    double lambda;           /* arrivals in a mean service time */
};

/* The warm-up is three times what M/M/c takes to forget where it began, 1 / (sqrt(c mu) - sqrt(lambda))^2, which is
 * longer in proportion to (1 + cv2) / 2: the mean number waiting then lacks 0.3%, and ten times less over what is counted
 * (Abate, Whitt: Transient behavior of regulated Brownian motion, Advances in Applied Probability 19, 1987). A while at
 * least is all that limited lines need. */
static struct scale scale_of(const struct queue *q, int row)
{
    struct scale s = {.lambda = arrivals(q, q->loads[row])};
    double services = q->thousands[row] * 1000 / REPLICATIONS / s.lambda, forget = 50;
    if (q->room == NO_LIMIT && !(q->patience > 0) && !(q->band > 0)) {
        double root = sqrt(q->servers) * (1 - sqrt(q->loads[row]));
        double spread = q->cv2 > 0 || q->service != EXPONENTIAL ? (1 + q->cv2) / 2 : 1;
        forget = fmax(forget, 3 * spread / (root * root));
    }
    s.service = YEARS / services;
    s.warm_up = forget * s.service;
    return s;
}

/* Adds to the text of a scenario. */
struct text {
    char of[8192];
    size_t n;
};
static void add(struct text *t, const char *fmt, ...) KITH_PRINTF(2, 3);
static void add(struct text *t, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    int n = vsnprintf(t->of + t->n, sizeof t->of - t->n, fmt, args);
    va_end(args);
    assert_true(n >= 0 && (size_t)n < sizeof t->of - t->n);
    t->n += (size_t)n;
}

static void add_resource(struct text *t, const struct queue *q, int charts)
{
    add(t, "resources:\n  desk:\n    what: servers\n    capacity: {number: %d}\n", q->servers);
    if (q->room != NO_LIMIT)
        add(t, "    room: %d\n", q->room);
    if (q->preempts)
        add(t, "    preempts: true\n");
    if (q->band > 0)
        add(t, "    slack: 0\n");
    add(t, "    used_by:\n");
    for (int k = 0; k < charts; k++) {
        add(t, "      - chart: %s\n        states: [served]\n", classes[k]);
        if (q->room != 0)
            add(t, "        waits_in: queue\n");
        if (q->room != NO_LIMIT)
            add(t, "        full: gone\n");
        if (q->preempts) /* both ways to say it */
            add(t, "        priority: %d\n", CLASSES - k);
        else if (q->n_classes)
            add(t, "        priority: {group: {first: 9, second: 3%s}}\n", q->n_classes > 2 ? ", third: 1" : "");
    }
}

/* The time in service. */
static void add_service(struct text *t, const struct queue *q, double mean)
{
    double sigma2 = log(1 + q->cv2);
    add(t, "      - {from: served, to: gone, hazard: {");
    if (q->service == EXPONENTIAL)
        add(t, "exponential: %.12g /year}", 1 / mean);
    else if (q->service == GAMMA)
        add(t, "gamma: {shape: %.12g, mean: %.12g years}}", 1 / q->cv2, mean);
    else if (q->service == LOGNORMAL)
        add(t, "lognormal: {median: %.12g years, sigma: %.12g}}", mean * exp(-sigma2 / 2), sqrt(sigma2));
    else
        add(t, "fixed: %.12g years}", mean);
    if (q->mean[0] > 0)
        add(t, ", ratios: {group: {first: %.12g, second: %.12g}}", 1 / q->mean[0], 1 / q->mean[1]);
    if (q->band > 0)
        add(t, ", ratios: {load.desk: {0: 1, %.12g: %.12g}}", q->band, q->hurry);
    add(t, "}\n");
}

/* Customers whose chart this is begin by asking for service, at once or by way of an instant state; groups that have
 * other charts stay away from this one. */
static void add_chart(struct text *t, const struct queue *q, const struct scale *s, int k, int charts)
{
    bool comes = charts > 1 || q->band > 0;
    add(t, "  %s:\n    of: family\n    states: [%s%squeue, served, gone]\n    terminal: [gone]\n    start: ", classes[k],
        charts > 1 ? "away, " : "", comes ? "comes, " : "");
    for (int j = 0; j < charts && charts > 1; j++)
        add(t, "%s%s: %s%s", j ? ", " : "{", classes[j], j == k ? "comes" : "away", j + 1 < charts ? "" : "}");
    if (charts == 1)
        add(t, "%s", comes ? "comes" : "served");
    if (comes)
        add(t, "\n    instant: {comes: {options: [{to: served, weight: 1}");
    if (q->band > 0)
        add(t, ", {to: gone, weight: {load.desk: {0: 0, %.12g: %.12g}}}", q->band, 1 / q->joins - 1);
    add(t, "%s\n    clocks:\n", comes ? "]}}" : "");
    add_service(t, q, s->service);
    if (q->patience > 0)
        add(t, "      - {from: queue, to: gone, hazard: {exponential: %.12g /year}}\n", 1 / (q->patience * s->service));
}

/* Every scenario has a seed of its own, so that no two lines of the table say the same. */
static void write_scenario(struct text *t, const struct queue *q, const struct scale *s)
{
    static int seed = 60;
    int groups = q->n_classes ? q->n_classes : 1, charts = q->mean[0] > 0 ? 1 : groups;
    t->n = 0;
    add(t, "kith: 1\nmodel: pathway\nseed: %d\n", ++seed);
    add(t, "time: {warm_up: %.12g years, counted: %d years}\n", s->warm_up, YEARS);
    add(t, "population:\n  families: 1\n  groups:\n");
    for (int k = 0; k < groups; k++)
        add(t, "    %s: {rate: %.12g /year}\n", classes[k], (q->n_classes ? q->share[k] : 1) * s->lambda / s->service);
    add_resource(t, q, charts);
    add(t, "charts:\n");
    for (int k = 0; k < charts; k++)
        add_chart(t, q, s, k, charts);
}

/* A measure of the resource over the counted period. */
static double total(const struct harness *h, const struct kith_outcome *o, const char *name)
{
    char text[64];
    snprintf(text, sizeof text, "resource.desk.%s", name);
    for (size_t i = 0; i < h->shape->n_measures; i++)
        if (strcmp(h->shape->measures[i].name, text) == 0)
            return o->value[((size_t)o->years + 1) * o->n_measures + i];
    fail_msg("no measure %s", text);
    return NAN;
}

/* Years spent in a state in the counted period: from the events alone, whatever the resource says. */
static double stay(const struct harness *h, const struct result *r, const char *name)
{
    const struct kith_series *s = &r->series;
    int state = (int)harness_state(h, name);
    int64_t ticks = 0;
    for (size_t m = 0; m < (size_t)s->months; m++) {
        ticks += KITH_TICKS * (int64_t)s->stock[m * s->n_states + (size_t)state];
        for (size_t k = 0; k < s->n_transitions; k++) {
            int64_t rest = r->cell.tally[(m + 1) * s->n_transitions + k].rest;
            ticks += h->shape->transitions[k].to == state ? rest : 0;
            ticks -= h->shape->transitions[k].from == state ? rest : 0;
        }
    }
    return (double)ticks / KITH_TICKS / 12;
}

static struct kith_outcome outcome_of(struct harness *h, const struct result *r)
{
    struct kith_outcome o;
    assert_null(r->cell.fault);
    assert_int_equal(kith_outcome_init(&o, &h->mem, h->shape, YEARS), KITH_OK);
    kith_outcome_add(&o, h->shape, &r->series, 1);
    kith_outcome_finish(&o, h->shape);
    return o;
}

/* What one replication of the model shows. */
static void see(struct harness *h, const struct queue *q, const struct scale *s, const struct result *r,
                double seen[SEEN])
{
    struct kith_outcome o = outcome_of(h, r);
    double requests = total(h, &o, "requests");
    seen[WAIT] = total(h, &o, "mean_wait") / s->service;
    seen[DELAYED] = total(h, &o, "wait_probability") / 100;
    seen[LOST] = total(h, &o, "refused") / requests;
    seen[LEFT] = total(h, &o, "left") / requests;
    seen[WAIT_ALL] = total(h, &o, "waiting") / requests / s->service;
    seen[IN_USE] = total(h, &o, "utilisation");
    seen[TAKEN] = total(h, &o, "preempted") * s->service / YEARS;
    for (int k = 0; k < q->n_classes && !(q->mean[0] > 0); k++) {
        char name[64];
        snprintf(name, sizeof name, "%s.queue", classes[k]);
        double waited = stay(h, r, name);
        snprintf(name, sizeof name, "%s.served.gone", classes[k]);
        seen[CLASS + k] = waited / (double)flow_between(h, r, name, 0, 12 * YEARS) / s->service;
    }
    kith_outcome_free(&o);
}

/* ---- comparisons ------------------------------------------------------------------------------------------------ */

struct sample {
    double mean, error; /* of the mean */
};
static struct sample sample_of(const double x[REPLICATIONS])
{
    struct sample s = {0, 0};
    double square = 0;
    for (int i = 0; i < REPLICATIONS; i++)
        s.mean += x[i] / REPLICATIONS;
    for (int i = 0; i < REPLICATIONS; i++)
        square += (x[i] - s.mean) * (x[i] - s.mean);
    s.error = sqrt(square / (REPLICATIONS - 1) / REPLICATIONS);
    return s;
}

static int n_comparisons, n_wrong;

static double apart(double a, double b)
{
    return fabs(a - b) / fmax(fabs(a), fabs(b));
}

/* One line of the table. The twin is the exact value for something a little different. */
static void compare(const char *name, double load, const char *what, const double x[REPLICATIONS], double exact, double twin)
{
    struct sample s = sample_of(x);
    double bound = gsl_cdf_tdist_Qinv(ALARM / COMPARISONS / 2, REPLICATIONS - 1);
    double width = gsl_cdf_tdist_Qinv(0.025, REPLICATIONS - 1) * s.error;
    double t = (s.mean - exact) / s.error, t_twin = (s.mean - twin) / s.error;
    bool right = fabs(t) <= bound, told = fabs(t_twin) > bound;
    print_message("%-24s %4.2f  %-12s %9.5f (%9.5f, %9.5f) %9.5f %6.2f %8.1f%s%s\n", name, load, what, s.mean, s.mean - width,
                  s.mean + width, exact, t, t_twin, right ? "" : "  WRONG", told ? "" : "  TWIN NOT TOLD");
    n_comparisons++;
    n_wrong += !right || !told;
}

/* Compares what the model has formulas for. The twin is service 5% faster; or one more server where the first hardly
 * changes anything, as with the share of those who wait when many find no room. */
static void compare_all(const struct queue *q, int row, const struct scale *s, double x[SEEN][REPLICATIONS])
{
    double exact[SEEN], twin[SEEN], staffed[SEEN];
    struct queue more = *q;
    more.servers++;
    for (int k = 0; k < SEEN; k++)
        exact[k] = twin[k] = staffed[k] = NAN;
    q->solve(q, s->lambda, 1, exact);
    q->solve(q, s->lambda, FASTER, twin);
    q->solve(&more, s->lambda, 1, staffed);
    for (int k = 0; k < SEEN; k++)
        if (!isnan(exact[k]))
            compare(q->name, q->loads[row], seen_names[k], x[k], exact[k],
                    apart(exact[k], twin[k]) < 0.02 ? staffed[k] : twin[k]);
}

static void run_row(const struct queue *q, int row)
{
    static struct text text;
    static double x[SEEN][REPLICATIONS];
    double seen[SEEN] = {0};
    struct harness h;
    struct result r;
    struct scale s = scale_of(q, row);
    write_scenario(&text, q, &s);
    harness_load(&h, text.of);
    for (int i = 0; i < REPLICATIONS; i++) {
        harness_run(&h, &r, 0, i, 0, 0, KITH_ORDER_FAMILY);
        see(&h, q, &s, &r, seen);
        for (int k = 0; k < SEEN; k++)
            x[k][i] = seen[k];
        result_free(&r);
    }
    harness_free(&h);
    compare_all(q, row, &s, x);
}

static void run_table(const struct queue *q, size_t n)
{
    n_wrong = 0;
    print_message("%-24s %4s  %-12s %9s %-22s %9s %6s %8s\n", "model", "load", "", "simulated", "(95% interval)", "exact", "t",
                  "t, twin");
    for (size_t i = 0; i < n; i++)
        for (int row = 0; row < 3 && q[i].loads[row] > 0; row++)
            run_row(&q[i], row);
    assert_true(n_comparisons <= COMPARISONS);
    assert_int_equal(n_wrong, 0);
}
#define RUN(table) run_table(table, sizeof table / sizeof *table)

/* Customers, in thousands, at each load. */
#define LOADS(low, middle, high) .loads = {0.5, 0.8, 0.95}, .thousands = {low, middle, high}

static void servers(void **state)
{
    static const struct queue q[] = {
        {"M/M/1", mmc, 1, LOADS(200, 250, 550), .room = NO_LIMIT},
        {"M/M/3", mmc, 3, LOADS(260, 260, 650), .room = NO_LIMIT},
        {"M/M/10", mmc, 10, LOADS(700, 300, 500), .room = NO_LIMIT},
    };
    (void)state;
    RUN(q);
}

static void kinds_of_service(void **state)
{
    static const struct queue q[] = {
        {"M/G/1, gamma", mg1, 1, LOADS(150, 180, 450), .room = NO_LIMIT, .service = GAMMA, .cv2 = 0.4},
        {"M/G/1, lognormal", mg1, 1, LOADS(500, 450, 750), .room = NO_LIMIT, .service = LOGNORMAL, .cv2 = 1.7},
        {"M/D/1", mg1, 1, LOADS(100, 120, 300), .room = NO_LIMIT, .service = FIXED},
        {"M/D/3", mdc, 3, LOADS(120, 120, 300), .room = NO_LIMIT, .service = FIXED},
    };
    (void)state;
    RUN(q);
}

static void rooms_and_patience(void **state)
{
    static const struct queue q[] = {
        {"M/M/10/10", mmcc, 10, .loads = {0.5, 0.8, 1.2}, .thousands = {330, 200, 150}, .room = 0},
        {"M/M/1/6", sum_states, 1, .loads = {0.8, 0.95, 1.2}, .thousands = {230, 170, 150}, .room = 5},
        {"M/M/3/8", sum_states, 3, .loads = {0.8, 0.95, 1.2}, .thousands = {200, 240, 130}, .room = 5},
        {"M/M/1+M", sum_states, 1, .loads = {0.5, 0.95, 1.2}, .thousands = {300, 260, 260}, .room = NO_LIMIT, .patience = 2},
        {"M/M/10+M", sum_states, 10, .loads = {0.8, 0.95, 1.2}, .thousands = {200, 150, 150}, .room = NO_LIMIT, .patience = 2},
        {"M/M/3/8+M", sum_states, 3, .loads = {0.8, 1.2}, .thousands = {650, 300}, .room = 5, .patience = 3},
    };
    (void)state;
    RUN(q);
}

static void who_comes_first(void **state)
{
    static const struct queue q[] = {
        {"M/M/1, 2 priorities", cobham, 1, LOADS(220, 250, 550), .room = NO_LIMIT, .n_classes = 2, .share = {0.4, 0.6}},
        {"M/M/3, 3 priorities", cobham, 3, LOADS(380, 320, 650), .room = NO_LIMIT, .n_classes = 3, .share = {0.2, 0.5, 0.3}},
        {"M/H/1, 2 priorities", cobham, 1, LOADS(300, 500, 800), .room = NO_LIMIT, .n_classes = 2, .share = {0.4, 0.6},
         .mean = {2, 0.5}, .cv2 = 1.9},
        {"M/M/1, preemptive", preemptive, 1, LOADS(550, 500, 600), .room = NO_LIMIT, .n_classes = 2, .share = {0.4, 0.6},
         .preempts = true},
        {"M/M/2, preemptive", preemptive, 2, LOADS(650, 500, 600), .room = NO_LIMIT, .n_classes = 3, .share = {0.5, 0.2, 0.3},
         .preempts = true},
    };
    (void)state;
    RUN(q);
}

/* From a load of 1.5 on, between 4 and 5 customers of 3 servers. */
static void minding_the_load(void **state)
{
    static const struct queue q[] = {
        {"M/M/3, hurry", sum_states, 3, .loads = {0.8, 0.95, 1.2}, .thousands = {150, 150, 180}, .room = NO_LIMIT, .band = 1.5,
         .hurry = 1.6, .joins = 1},
        {"M/M/3, discouraged", sum_states, 3, .loads = {0.8, 0.95, 1.2}, .thousands = {150, 150, 220}, .room = NO_LIMIT,
         .band = 1.5, .hurry = 1, .joins = 0.6},
    };
    (void)state;
    RUN(q);
}

/* ---- laws that hold in every run -------------------------------------------------------------------------------- */

/* Little's law in its parts: time waited is what those who were granted had waited, but for the few who wait at the two
 * ends, and it is what the events say, to a tick each; so is what is in use. */
static void littles_law_of(struct harness *h, const struct result *r, const struct kith_outcome *o)
{
    double waiting = total(h, o, "waiting"), used = total(h, o, "used"), granted = total(h, o, "granted");
    double waits = granted * total(h, o, "mean_wait"), ticks = granted / KITH_TICKS / 12;
    assert_true(apart(waiting, waits) < 0.005);
    assert_true(apart(total(h, o, "wait_time"), waits) < 1e-9);
    assert_true(apart(waiting / YEARS, total(h, o, "mean_waiting")) < 1e-9);
    assert_true(fabs(waiting - stay(h, r, "first.queue")) < ticks);
    assert_true(fabs(used - stay(h, r, "first.served")) < ticks);
    assert_true(apart(total(h, o, "capacity"), 3 * YEARS) < 1e-9);
    assert_true(apart(used, total(h, o, "utilisation") * 3 * YEARS) < 1e-9);
    double at_once = (double)flow_between(h, r, "first.entry.served", 0, 12 * YEARS);
    double waited = (double)flow_between(h, r, "first.entry.queue", 0, 12 * YEARS);
    assert_true(granted == at_once + (double)flow_between(h, r, "first.queue.served", 0, 12 * YEARS));
    assert_true(total(h, o, "waited") == waited && total(h, o, "requests") == at_once + waited);
    assert_true(total(h, o, "refused") == 0 && total(h, o, "left") == 0 && total(h, o, "preempted") == 0);
}

/* One run of 100,000 customers of M/M/3, which is the same in either order. */
static void littles_law(void **state)
{
    static const struct queue q = {"", mmc, 3, .loads = {0.8}, .thousands = {100 * REPLICATIONS}, .room = NO_LIMIT};
    static struct text text;
    struct harness h;
    struct result r[2];
    struct kith_outcome o[2];
    struct scale s = scale_of(&q, 0);
    (void)state;
    write_scenario(&text, &q, &s);
    harness_load(&h, text.of);
    for (int i = 0; i < 2; i++) {
        harness_run(&h, &r[i], 0, 0, 0, 0, i ? KITH_ORDER_QUEUE : KITH_ORDER_FAMILY);
        o[i] = outcome_of(&h, &r[i]);
        littles_law_of(&h, &r[i], &o[i]);
    }
    size_t rows = YEARS + 2;
    assert_memory_equal(o[0].base, o[1].base, rows * o[0].n_base * sizeof *o[0].base);
    for (int i = 0; i < 2; i++) {
        kith_outcome_free(&o[i]);
        result_free(&r[i]);
    }
    harness_free(&h);
}

/* Mean square of the waits of the tracked families who came and were served while counting, by whole days: which adds,
 * for those who waited, 1/6 on average. Families who were there already, on day 0, are left out. */
static double square_wait(struct harness *h, struct result *r)
{
    const struct kith_tracks *t = &h->families.tracks;
    int queue = (int)harness_state(h, "first.queue"), served = (int)harness_state(h, "first.served");
    double sum = 0, n = 0;
    while (t->n_families > 0) { /* batch by batch */
        for (size_t i = 0, k = 0; i < t->n_families; i++) {
            int joined = -1;
            for (; k < (size_t)t->event_end[i]; k++) {
                const struct kith_shape_transition *move = &h->shape->transitions[kith_tracks_code(t, k)];
                if (move->to == queue)
                    joined = t->day[k];
                if (move->to != served || joined == 0 || t->day[k] == 0)
                    continue;
                double wait = joined < 0 ? 0 : t->day[k] - joined;
                sum += wait * wait;
                n++;
            }
        }
        assert_int_equal(kith_families_next(&h->families, &r->cell), KITH_OK);
    }
    return sum / n;
}

/* First come, first served: means do not depend on the order, their squares do. The wait of those who wait in M/M/c is
 * exponential of rate c mu - lambda (Gross, Harris 2.3). Served in random order the mean square would be 2 / (2 - load)
 * times as much, last come first served 1 / (1 - load). */
static void in_order_of_arrival(void **state)
{
    static const struct queue q = {"M/M/10", mmc, 10, .loads = {0.8}, .thousands = {500}, .room = NO_LIMIT};
    static struct text text;
    double x[REPLICATIONS], c = q.servers;
    struct harness h;
    struct result r;
    struct scale s = scale_of(&q, 0);
    (void)state;
    write_scenario(&text, &q, &s);
    harness_load(&h, text.of);
    double day = 1 / 365.25 / s.service, delayed = erlang_c(q.servers, s.lambda);
    for (int i = 0; i < REPLICATIONS; i++) {
        harness_run(&h, &r, 0, i, 0, 1, KITH_ORDER_FAMILY);
        x[i] = square_wait(&h, &r) * day * day - delayed * day * day / 6;
        result_free(&r);
    }
    harness_free(&h);
    n_wrong = 0;
    double exact = 2 * delayed / ((c - s.lambda) * (c - s.lambda)), rate = c * FASTER - s.lambda;
    compare(q.name, q.loads[0], "square", x, exact, 2 * erlang_c(q.servers, s.lambda / FASTER) / (rate * rate));
    compare(q.name, q.loads[0], "in order", x, exact, exact * 2 / (2 - q.loads[0]));
    assert_int_equal(n_wrong, 0);
}

/* ---- the formulas themselves, where two of them say the same --------------------------------------------------- */

static void solve(const struct queue *q, double load, double exact[SEEN])
{
    q->solve(q, arrivals(q, load), 1, exact);
}

static void formulas_agree(void **state)
{
    double x[SEEN], y[SEEN];
    (void)state;
    for (double load = 0.5; load < 0.96; load += 0.15) {
        for (int c = 1; c < 11; c += 3) {
            solve(&(struct queue){"", mmc, c, .room = NO_LIMIT}, load, x);
            solve(&(struct queue){"", sum_states, c, .room = NO_LIMIT}, load, y);
            assert_true(apart(x[WAIT], y[WAIT]) < 1e-9 && apart(x[DELAYED], y[DELAYED]) < 1e-9);
            solve(&(struct queue){"", sum_states, c, .room = NO_LIMIT, .patience = 1e9}, load, y);
            assert_true(apart(x[WAIT], y[WAIT]) < 1e-5 && apart(x[WAIT], y[WAIT_ALL]) < 1e-5);
            solve(&(struct queue){"", mmcc, c, .room = 0}, load, x);
            solve(&(struct queue){"", sum_states, c, .room = 0}, load, y);
            assert_true(apart(x[LOST], y[LOST]) < 1e-9);
        }
        solve(&(struct queue){"", mg1, 1, .room = NO_LIMIT}, load, x);
        solve(&(struct queue){"", mdc, 1, .room = NO_LIMIT}, load, y);
        assert_true(apart(x[WAIT], y[WAIT]) < 1e-6);
        /* two classes as one: Kleinrock's conservation law, and M/M/1 preemptive as in his volume 2, 3.6 */
        struct queue two = {"", cobham, 1, .n_classes = 2, .share = {0.3, 0.7}};
        solve(&two, load, x);
        assert_true(apart(x[WAIT], load / (1 - load)) < 1e-9);
        double first = 0.3 * load;
        preemptive(&two, load, 1, y);
        assert_true(apart(y[CLASS], first / (1 - first)) < 1e-9);
        assert_true(apart(y[CLASS + 1], 1 / (1 - first) + load / ((1 - first) * (1 - load)) - 1) < 1e-9);
    }
    assert_true(fabs(erlang_b(10, 5) - 0.018385) < 1e-6); /* of the tables */
    assert_true(fabs(erlang_c(3, 2) - 4.0 / 9) < 1e-12);
    /* where patience is as long as service everybody is gone at the same rate: n is Poisson */
    solve(&(struct queue){"", sum_states, 4, .room = NO_LIMIT, .patience = 1}, 1.25, y);
    double line = 5 * gsl_cdf_poisson_Q(3, 5) - 4 * gsl_cdf_poisson_Q(4, 5);
    assert_true(apart(y[WAIT_ALL], line / 5) < 1e-9 && apart(y[LEFT], y[WAIT_ALL]) < 1e-9);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(formulas_agree),
        cmocka_unit_test(littles_law),
        cmocka_unit_test(servers),
        cmocka_unit_test(kinds_of_service),
        cmocka_unit_test(rooms_and_patience),
        cmocka_unit_test(who_comes_first),
        cmocka_unit_test(minding_the_load),
        cmocka_unit_test(in_order_of_arrival),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
