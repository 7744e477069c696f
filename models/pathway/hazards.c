/* Reads the `hazard:` of a clock into a distribution, or a factor by age or calendar time. */
#include "pathway.h"

/* A hazard in bands of age or calendar time is a unit exponential times a factor. */
static void read_banded(struct build *b, const struct kith_node *node, enum factor_kind kind, struct clock *k)
{
    struct factor *f = pathway_add(b, &b->t->factors, &b->t->n_factors, sizeof *f);
    pathway_init_dist(b, node, &k->dist, KITH_DIST_EXPONENTIAL, 1, 0, 0, NULL, NULL);
    if (!f)
        return;
    f->kind = kind;
    if (node->kind != KITH_NODE_MAP || !node->n) {
        kith_node_error(b->r, node, "%s is a map: {lower end: rate, ...}", node->key);
        return;
    }
    if (kind == FACTOR_CALENDAR && isnan(b->p->sc->start_date)) {
        kith_node_error(b->r, node, "by_calendar needs time.start");
        return;
    }
    f->at = pathway_keep(b, node->n, sizeof *f->at);
    f->value = pathway_keep(b, node->n, sizeof *f->value);
    if (!f->at || !f->value)
        return;
    for (const struct kith_node *band = node->first; band; band = band->next) {
        struct kith_node end = pathway_key_node(band);
        bool age = kind == FACTOR_AGE;
        double at = kith_node_value(b->r, &end, "lower end", age ? KITH_UNIT_NONE : KITH_UNIT_DATE, 0, 1e4);
        f->at[f->n] = age ? at : at - b->p->sc->start_date;
        if (!f->n && f->at[0] > 0)
            kith_node_error(b->r, &end, age ? "the first age, %s, is above 0" :
                            "the first date, %s, is after the simulation starts", band->key);
        if (f->n && !(f->at[f->n] > f->at[f->n - 1]))
            kith_node_error(b->r, &end, "bands must ascend: %s comes after a higher one", band->key);
        f->value[f->n++] = kith_node_value(b->r, band, "hazard", KITH_UNIT_RATE, 0, 1e6);
    }
    f->n_value = f->n;
    k->factors.n++;
}

static void read_knots(struct build *b, const struct kith_node *node, struct clock *k, bool table)
{
    size_t n = 0;
    double *x = pathway_keep(b, node->n, sizeof *x), *y = pathway_keep(b, node->n, sizeof *y);
    if (!x || !y)
        return;
    for (const struct kith_node *knot = node->first; knot; knot = knot->next) {
        struct kith_node end = pathway_key_node(knot);
        if (table && (knot->kind != KITH_NODE_LIST || knot->n != 2)) {
            kith_node_error(b->r, knot, "a table is a list of [time, probability]");
            return;
        }
        if (table)
            end = *knot->first;
        x[n] = kith_node_value(b->r, &end, "sojourn time", KITH_UNIT_TIME, 0, 1e4);
        y[n++] = table ? kith_node_value(b->r, knot->first->next, "probability", KITH_UNIT_NONE, 0, 1)
                       : kith_node_value(b->r, knot, "hazard", KITH_UNIT_RATE, 0, 1e6);
    }
    pathway_init_dist(b, node, &k->dist, table ? KITH_DIST_TABLE : KITH_DIST_PIECEWISE, 0, 0, n, x, y);
}

static const char *const hazards[] = {"exponential", "weibull", "gompertz", "gamma",    "lognormal", "loglogistic",
                                      "piecewise",   "fixed",   "table",    "by_age",   "by_calendar", "at_age"};

void pathway_read_hazard(struct build *b, const struct kith_node *clock, struct clock *k)
{
    static const char *const weibull[] = {"shape", "scale"}, *const gompertz[] = {"rate", "growth"},
                             *const gamma[] = {"shape", "mean"}, *const lognormal[] = {"median", "sigma"};
    const struct kith_node *hazard = kith_node_get(clock, "hazard"), *h;
    struct kith_reader *r = b->r;
    if (!hazard || hazard->kind != KITH_NODE_MAP || hazard->n != 1) {
        kith_node_error(r, hazard ? hazard : clock,
                        "hazard must be one distribution, such as {exponential: 0.4 /year} or "
                        "{weibull: {shape: 1.5, scale: 1.2 years}}");
        return;
    }
    kith_node_known(r, hazard, "a hazard", hazards, sizeof hazards / sizeof *hazards);
    h = hazard->first;
    const char *kind = h->key;
    if (strcmp(kind, "exponential") == 0) {
        double rate = kith_node_value(r, h, "rate", KITH_UNIT_RATE, 0, 1e6);
        pathway_init_dist(b, h, &k->dist, KITH_DIST_EXPONENTIAL, rate > 0 ? rate : 1, 0, 0, NULL, NULL);
        k->ratio = rate > 0 ? 1 : 0;
    } else if (strcmp(kind, "weibull") == 0 || strcmp(kind, "loglogistic") == 0) {
        kith_node_known(r, h, kind, weibull, 2);
        double shape = kith_node_number(r, h, "shape", KITH_UNIT_NONE, 1e-3, 1e3);
        pathway_init_dist(b, h, &k->dist, kind[0] == 'w' ? KITH_DIST_WEIBULL : KITH_DIST_LOGLOGISTIC, shape,
                  kith_node_number(r, h, "scale", KITH_UNIT_TIME, 1e-9, 1e6), 0, NULL, NULL);
    } else if (strcmp(kind, "gompertz") == 0) {
        kith_node_known(r, h, kind, gompertz, 2);
        double rate = kith_node_number(r, h, "rate", KITH_UNIT_RATE, 1e-12, 1e6);
        pathway_init_dist(b, h, &k->dist, KITH_DIST_GOMPERTZ, rate,
                  kith_node_number(r, h, "growth", KITH_UNIT_RATE, -1e3, 1e3), 0, NULL, NULL);
    } else if (strcmp(kind, "gamma") == 0) {
        kith_node_known(r, h, kind, gamma, 2);
        double shape = kith_node_number(r, h, "shape", KITH_UNIT_NONE, 0.01, 1000);
        pathway_init_dist(b, h, &k->dist, KITH_DIST_GAMMA, shape,
                  kith_node_number(r, h, "mean", KITH_UNIT_TIME, 1e-9, 1e6) / shape, 0, NULL, NULL);
    } else if (strcmp(kind, "lognormal") == 0) {
        kith_node_known(r, h, kind, lognormal, 2);
        double median = kith_node_number(r, h, "median", KITH_UNIT_TIME, 1e-9, 1e6);
        pathway_init_dist(b, h, &k->dist, KITH_DIST_LOGNORMAL, median,
                  kith_node_number(r, h, "sigma", KITH_UNIT_NONE, 1e-6, 100), 0, NULL, NULL);
    } else if (strcmp(kind, "piecewise") == 0 || strcmp(kind, "table") == 0) {
        read_knots(b, h, k, kind[0] == 't');
    } else if (strcmp(kind, "fixed") == 0 || strcmp(kind, "at_age") == 0) {
        k->at_age = kind[0] == 'a';
        pathway_init_dist(b, h, &k->dist, KITH_DIST_FIXED, kith_node_value(r, h, kind, KITH_UNIT_TIME, 1e-9, 1e6), 0, 0,
                  NULL, NULL);
    } else if (strcmp(kind, "by_age") == 0) {
        read_banded(b, h, FACTOR_AGE, k);
    } else if (strcmp(kind, "by_calendar") == 0) {
        read_banded(b, h, FACTOR_CALENDAR, k);
    }
}
