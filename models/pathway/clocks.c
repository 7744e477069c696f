/* Unit-rate clocks of one instance (Kurtz; Anderson, J. Chem. Phys. 127, 214107, 2007): each clock owns unit
 * exponentials and fires when its integrated hazard has used the present one up. When a hazard changes, the part
 * used so far is subtracted and the rest is inverted under the new hazard; when the state is left the rest is kept
 * for the next visit. */
#include "family.h"

#include "rng/draw.h"

/* Integral of the decaying ratio 1 + a exp(-(t - mark) / d) from t0 to t1. */
static double decaying(const struct clock *k, double since, double t0, double t1)
{
    if (since == -INFINITY)
        return t1 - t0;
    double start = k->amplitude * kith_exp((since - t0) / k->decay);
    return t1 - t0 - k->decay * start * kith_expm1((t0 - t1) / k->decay);
}

/* The time at which that integral from t0 reaches `aim`; INFINITY if that is surely not before `limit`. Newton's
 * method from the side on which it cannot overshoot (the integral is concave for a > 0, convex for a < 0). It
 * converges quadratically, so a step below 1e-9 of x leaves an error in the last bits. */
static double decaying_inverse(const struct clock *k, double since, double t0, double aim, double limit)
{
    double start = since == -INFINITY ? 0 : k->amplitude * kith_exp((since - t0) / k->decay);
    double soonest = start > 0 ? aim / (1 + start) : aim;
    if (t0 + soonest >= limit || !(aim < 1e9))
        return INFINITY;
    if (start < 1e-17 && start > -1e-17)
        return t0 + aim;
    double x = soonest;
    if (start < 0) /* from the right: the ratio only grows */
        x = aim / (1 + start) < aim - start * k->decay ? aim / (1 + start) : aim - start * k->decay;
    for (int i = 0; i < 60; i++) {
        double fallen = kith_expm1(-x / k->decay);
        double step = (aim - x + k->decay * start * fallen) / (1 + start * (1 + fallen));
        x += step;
        if (step <= x * 1e-9 && step >= -x * 1e-9)
            break;
    }
    return t0 + (x > 0 ? x : 0);
}

/* What clock k consumes from `from` to `to` under the ratio of its slot. */
static double consumption(const struct clock *k, const struct slot *s, double entered, double from, double to)
{
    if (k->dist.kind == KITH_DIST_EXPONENTIAL) {
        double length = k->since >= 0 ? decaying(k, s->since, from, to) : to - from;
        return s->ratio * k->dist.a * length;
    }
    if (s->ratio == 0)
        return 0;
    return s->ratio * kith_dist_between(&k->dist, from - entered, to - entered);
}

void pathway_consume(const struct pathway *p, struct family *f, unsigned m, unsigned chart, double t)
{
    const struct tables *tb = f->t;
    struct member *w = f->member[m];
    struct instance *in = &w->instances[tb->charts[chart].place];
    const struct state *st = &tb->states[tb->charts[chart].first_state + in->state];
    (void)p;
    for (uint32_t i = 0; i < st->clocks.n; i++) {
        const struct clock *k = &tb->clocks[tb->enabled[st->clocks.first + i].clock];
        struct slot *s = &w->slots[k->slot];
        if (k->at_age || !s->drawn)
            continue;
        s->rest -= s->spent_at == t ? s->spent : consumption(k, s, in->entered, in->updated, t);
        if (s->rest < 0)
            s->rest = 0; /* rounding: it would have fired this very moment */
        s->spent_at = -1;
    }
    in->updated = t;
}

/* The clock's next unit exponential, if the last one is used up. */
static inline void draw(const struct member *w, const struct clock *k, struct slot *s)
{
    if (s->drawn)
        return;
    s->rest = kith_draw_exponential(kith_draw_mix(kith_draw_mix(w->key, k->key), s->taken));
    s->drawn = true;
    s->spent_at = -1;
}

/* log2 x to within 0.01 for positive normal x: exponent and a parabola through the ends of the octave. */
static inline double rough_log2(double x)
{
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    uint64_t unit = (bits & 0xfffffffffffffu) | 0x3ff0000000000000u;
    double m;
    memcpy(&m, &unit, sizeof m);
    return (double)((int64_t)(bits >> 52) - 1023) + (m * (2 - m * (1.0 / 3)) - 5.0 / 3);
}

/* Whether a Weibull clock that has just begun surely fires before it has run for `length`: a wide margin around a rough
 * estimate, so that most of those that win the race are inverted without finding their consumption first. */
static inline bool surely_before(const struct kith_dist *d, double length, double rest)
{
    double margin = 0.03 * (1 + d->a);
    return d->a * rough_log2(length * d->d) - rough_log2(rest) > margin && length * d->d > 1e-300 && rest > 1e-300;
}

/* When the clock fires if nothing changes; `limit` is a time by which something else does. A clock that does not
 * fire before gets its consumption up to then noted, which saves computing it again. */
static double firing_time(const struct clock *k, struct slot *s, const struct instance *in, double birth, double t,
                          double limit)
{
    if (k->at_age)
        return birth + k->dist.a > t ? birth + k->dist.a : t;
    if (k->dist.kind == KITH_DIST_EXPONENTIAL) {
        double rate = k->dist.a * s->ratio;
        if (!(rate > 0))
            return INFINITY;
        return k->since >= 0 ? decaying_inverse(k, s->since, t, s->rest / rate, limit) : t + s->rest / rate;
    }
    if (k->dist.kind == KITH_DIST_FIXED) {
        if (s->ratio == 0)
            return INFINITY;
        return in->entered + k->dist.a > t ? in->entered + k->dist.a : t;
    }
    if (s->ratio == 0)
        return INFINITY;
    double rest = s->rest / s->ratio;
    if (limit < INFINITY &&
        !(k->dist.kind == KITH_DIST_WEIBULL && t == in->entered && surely_before(&k->dist, limit - t, rest))) {
        s->spent = consumption(k, s, in->entered, t, limit);
        s->spent_at = limit;
        if (s->spent < s->rest)
            return INFINITY;
    }
    double at = in->entered + kith_dist_after(&k->dist, t - in->entered, rest);
    return at > t ? at : t;
}

/* Finds the winner among the clocks, whose ratios are in their slots. Exponential clocks, ages and breaks come
 * first because they are cheap; a clock that cannot fire before them needs no inversion. */
static void race(struct family *f, unsigned m, unsigned chart, size_t entry, double t)
{
    const struct tables *tb = f->t;
    struct member *w = f->member[m];
    struct instance *in = &w->instances[tb->charts[chart].place];
    const struct state *st = &tb->states[tb->charts[chart].first_state + in->state];
    double best = in->change;
    unsigned winner = WINNER_BREAK, dear = 0;
    for (uint32_t i = 0; i < st->clocks.n; i++) {
        const struct clock *k = &tb->clocks[tb->enabled[st->clocks.first + i].clock];
        if (k->dist.kind != KITH_DIST_EXPONENTIAL && k->dist.kind != KITH_DIST_FIXED) {
            dear++;
            continue;
        }
        double at = firing_time(k, &w->slots[k->slot], in, w->birth, t, best);
        if (at < best) {
            best = at;
            winner = i;
        }
    }
    for (uint32_t i = 0; dear && i < st->clocks.n; i++) {
        const struct clock *k = &tb->clocks[tb->enabled[st->clocks.first + i].clock];
        if (k->dist.kind == KITH_DIST_EXPONENTIAL || k->dist.kind == KITH_DIST_FIXED)
            continue;
        dear--;
        double at = firing_time(k, &w->slots[k->slot], in, w->birth, t, best);
        if (at < best) {
            best = at;
            winner = i;
        }
    }
    in->winner = (uint8_t)winner;
    in->updated = t;
    f->next[entry] = best;
}

/* The ratio of clock k, and the time its decay counts from. */
static double ratio_now(struct view *v, const struct clock *k, double *since)
{
    *since = -INFINITY;
    if (k->since >= 0) {
        const struct mark *mark =
            &v->f->member[v->p->mark_of_child[k->since] ? v->member : 0]->marks[v->p->mark_place[k->since]];
        if (mark->n)
            *since = mark->time;
    }
    return k->factors.n ? k->ratio * pathway_ratio(v, k->factors) : k->ratio;
}

void pathway_schedule(const struct pathway *p, struct family *f, unsigned m, unsigned chart, double t)
{
    const struct tables *tb = f->t;
    struct member *w = f->member[m];
    struct instance *in = &w->instances[tb->charts[chart].place];
    const struct state *st = &tb->states[tb->charts[chart].first_state + in->state];
    struct view v = {p, f, tb, m, t, in->entered, INFINITY};
    for (uint32_t i = 0; i < st->clocks.n; i++) {
        const struct clock *k = &tb->clocks[tb->enabled[st->clocks.first + i].clock];
        struct slot *s = &w->slots[k->slot];
        s->ratio = ratio_now(&v, k, &s->since);
        if (!k->at_age)
            draw(w, k, s);
    }
    in->change = v.change;
    race(f, m, chart, next_index(p, m, tb->charts[chart].place), t);
}

/* The short way where ratios are constants. The same rules as in firing_time and consumption. */
static inline double schedule_plain(const struct tables *tb, struct member *w, struct instance *in,
                                    const struct state *st, double t)
{
    const struct enabled *first = &tb->enabled[st->clocks.first];
    double best = INFINITY;
    unsigned winner = WINNER_BREAK, dear = 0;
    in->entered = in->updated = t;
    in->change = INFINITY;
    for (uint32_t i = 0; i < st->clocks.n; i++) {
        const struct clock *k = &tb->clocks[first[i].clock];
        struct slot *s = &w->slots[k->slot];
        s->ratio = k->ratio;
        draw(w, k, s);
        if (k->dist.kind != KITH_DIST_EXPONENTIAL) {
            dear++;
            continue;
        }
        double at = t + s->rest * k->mean;
        if (at < best) {
            best = at;
            winner = i;
        }
    }
    for (uint32_t i = 0; dear && i < st->clocks.n; i++) {
        const struct clock *k = &tb->clocks[first[i].clock];
        if (k->dist.kind == KITH_DIST_EXPONENTIAL)
            continue;
        dear--;
        double at = firing_time(k, &w->slots[k->slot], in, w->birth, t, best);
        if (at < best) {
            best = at;
            winner = i;
        }
    }
    in->winner = (uint8_t)winner;
    return best;
}

double pathway_fire_simple(struct family *f, struct member *w, struct instance *in, const struct chart *ch, double t)
{
    const struct tables *tb = f->t;
    const struct state *st = &tb->states[ch->first_state + in->state];
    const struct enabled *first = &tb->enabled[st->clocks.first];
    double length = t - in->updated;
    for (uint32_t i = 0; i < st->clocks.n; i++) {
        const struct clock *k = &tb->clocks[first[i].clock];
        struct slot *s = &w->slots[k->slot];
        if (i == in->winner) {
            s->drawn = false;
            s->taken++;
            continue;
        }
        if (k->at_age)
            continue;
        if (k->plain && k->dist.kind == KITH_DIST_EXPONENTIAL)
            s->rest -= k->rate * length;
        else
            s->rest -= s->spent_at == t ? s->spent : consumption(k, s, in->entered, in->updated, t);
        if (s->rest < 0)
            s->rest = 0;
        s->spent_at = -1;
    }
    in->state = (uint8_t)tb->clocks[first[in->winner].clock].to;
    return schedule_plain(tb, w, in, &tb->states[ch->first_state + in->state], t);
}

void pathway_refresh(const struct pathway *p, struct family *f, unsigned m, unsigned chart, double t)
{
    const struct tables *tb = f->t;
    struct member *w = f->member[m];
    struct instance *in = &w->instances[tb->charts[chart].place];
    const struct state *st = &tb->states[tb->charts[chart].first_state + in->state];
    struct view v = {p, f, tb, m, t, in->entered, INFINITY};
    double ratio[PATHWAY_CLOCKS_MAX], since[PATHWAY_CLOCKS_MAX];
    bool same = true;
    for (uint32_t i = 0; i < st->clocks.n; i++) {
        const struct clock *k = &tb->clocks[tb->enabled[st->clocks.first + i].clock];
        const struct slot *s = &w->slots[k->slot];
        ratio[i] = ratio_now(&v, k, &since[i]);
        same = same && ratio[i] == s->ratio && since[i] == s->since;
    }
    if (same && v.change == in->change)
        return; /* nothing that it listens to made a difference: its clocks run on untouched, to the bit */
    pathway_consume(p, f, m, chart, t);
    for (uint32_t i = 0; i < st->clocks.n; i++) {
        struct slot *s = &w->slots[tb->clocks[tb->enabled[st->clocks.first + i].clock].slot];
        s->ratio = ratio[i];
        s->since = since[i];
    }
    in->change = v.change;
    race(f, m, chart, next_index(p, m, tb->charts[chart].place), t);
}
