/* Unit-rate clocks of one instance (Kurtz; Anderson, J. Chem. Phys. 127, 214107, 2007): each clock owns unit
 * exponentials and fires when its integrated hazard has used the present one up. When a hazard changes, the part
 * used so far is subtracted and the rest is inverted under the new hazard; when the state is left the rest is kept
 * for the next visit. */
#include "family.h"

#include "rng/draw.h"

/* Clocks of a state often have the same decaying ratio (the ways to be contacted): whether those of a (NULL: nobody's) and b are,
 * which count from these moments. */
static bool decay_alike(const struct clock *a, double since_a, const struct clock *b, double since_b)
{
    return a && a->amplitude == b->amplitude && a->decay == b->decay && since_a == since_b;
}

/* The integral that was worked out for the last clock, for the same moments. */
struct last {
    const struct clock *clock;
    double since, value;
};

/* Integral of the decaying ratio 1 + a exp(-(t - mark) / d) from t0 to t1. */
static double decaying(const struct clock *k, double since, double t0, double t1, struct last *last)
{
    if (since == -INFINITY)
        return t1 - t0;
    if (!decay_alike(last->clock, last->since, k, since)) {
        double start = k->amplitude * kith_exp((since - t0) / k->decay);
        *last = (struct last){k, since, t1 - t0 - k->decay * start * kith_expm1((t0 - t1) / k->decay)};
    }
    return last->value;
}

/* The time at which that integral from t0 reaches `aim`; INFINITY if that is surely not before `limit`. Newton's
 * method from the side on which it cannot overshoot (the integral is concave for a > 0, convex for a < 0). It
 * converges quadratically, so a step below 1e-9 of x leaves an error in the last bits. */
static double decaying_inverse(const struct clock *k, double since, double t0, double aim, double limit)
{
    double start = k->amplitude * kith_exp((since - t0) / k->decay); /* a exp(-(t0 - mark) / d) */
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

/* What clock k consumes from `from` to `to` under the ratio in force: its slot's, or its own if it has but one. */
static double consumption(const struct clock *k, const struct slot *s, double entered, double from, double to, struct last *last)
{
    double ratio = k->plain ? k->ratio : s->ratio;
    if (k->dist.kind == KITH_DIST_EXPONENTIAL) {
        double length = k->since >= 0 ? decaying(k, s->since, from, to, last) : to - from;
        return ratio * k->dist.a * length;
    }
    if (ratio == 0)
        return 0;
    return ratio * kith_dist_between(&k->dist, from - entered, to - entered);
}

void pathway_consume(const struct pathway *p, struct family *f, unsigned m, unsigned chart, double t)
{
    const struct tables *tb = f->t;
    struct member *w = f->member[m];
    struct instance *in = &w->instances[tb->charts[chart].place];
    const struct state *st = &tb->states[tb->charts[chart].first_state + in->state];
    struct last last = {0};
    pathway_wake(p, f, m, tb->charts[chart].place);
    for (uint32_t i = 0; i < st->clocks.n; i++) {
        const struct clock *k = &tb->clocks[tb->enabled[st->clocks.first + i].clock];
        struct slot *s = slot_at(f, w, k->slot);
        if (!s || k->at_age || !s->drawn)
            continue;
        s->rest -= s->spent_at == t ? s->spent : consumption(k, s, in->entered, in->updated, t, &last);
        if (s->rest < 0)
            s->rest = 0; /* rounding: it would have fired this very moment */
        s->spent_at = -1;
    }
    in->updated = t;
    in->stale = true;
}

/* The clock's slot, made if it has none. */
static struct slot *slot_for(struct family *f, unsigned m, unsigned number)
{
    struct member *w = f->member[m];
    if (!w->at[number]) {
        f->slot[f->n_slots] = (struct slot){.since = -INFINITY, .spent_at = -1, .number = (uint16_t)number,
                                            .member = (uint8_t)m};
        w->at[number] = ++f->n_slots;
    }
    return &f->slot[w->at[number] - 1];
}

/* The key of the clock's draws. */
static inline uint64_t key_of(const struct member *w, const struct clock *k, struct slot *s)
{
    if (!s->key)
        s->key = kith_draw_mix(w->key, k->key);
    return s->key;
}

/* The clock's next unit exponential, if the last one is used up. */
static void draw(const struct member *w, const struct clock *k, struct slot *s)
{
    if (s->drawn)
        return;
    s->rest = kith_draw_exponential(kith_draw_mix(key_of(w, k, s), s->taken));
    s->drawn = true;
    s->spent_at = -1;
}

/* Whether finding out when the clock fires takes no inversion of its distribution: an exponential one, a time or an age. */
static inline bool is_cheap(const struct clock *k)
{
    return k->dist.kind == KITH_DIST_EXPONENTIAL || k->dist.kind == KITH_DIST_FIXED;
}

/* Whether the ratio of the clock, an exponential one, decays just now. */
static inline bool decays(const struct clock *k, const struct slot *s)
{
    return k->since >= 0 && s && s->since > -INFINITY;
}

/* When such a clock fires, unless it decays, if nothing changes. */
static inline double cheap_firing(const struct clock *k, const struct slot *s, const struct instance *in, double birth, double t)
{
    if (k->at_age) {
        bool never = (s ? s->ratio : k->factors.n ? 0 : k->ratio) == 0;
        double at = never ? INFINITY : birth + k->dist.a;
        return at > t ? at : t;
    }
    if (!s || s->ratio == 0)
        return INFINITY;
    if (k->dist.kind == KITH_DIST_FIXED)
        return in->entered + k->dist.a > t ? in->entered + k->dist.a : t;
    double rate = k->dist.a * s->ratio;
    return rate > 0 ? t + s->rest / rate : INFINITY;
}

/* The same for the others. If it does not fire before the limit, its consumption up to then is noted, which saves computing it
 * again. */
static double dear_firing(const struct clock *k, struct slot *s, const struct instance *in, double t, double limit)
{
    if (!s || s->ratio == 0)
        return INFINITY;
    double rest = s->rest / s->ratio;
    if (limit < INFINITY &&
        !(k->dist.kind == KITH_DIST_WEIBULL && t == in->entered &&
          pathway_surely_before(k->dist.a, (limit - t) * k->dist.d, rest))) {
        s->spent = consumption(k, s, in->entered, t, limit, NULL); /* only exponential clocks decay */
        s->spent_at = limit;
        if (s->spent < s->rest)
            return INFINITY;
    }
    double at = in->entered + kith_dist_after(&k->dist, t - in->entered, rest);
    return at > t ? at : t;
}

/* The clocks of a state whose ratios decay alike. All have the same integral to use up what they have left, so that the first is
 * the one with the least, and no other need be inverted. */
struct alike {
    const struct clock *clock; /* NULL none yet */
    double since, least;
    unsigned first; /* among the state's clocks */
};

/* Takes clock number i in, with `left` of the integral to use up, unless it decays differently. */
static bool join(struct alike *a, const struct clock *k, double since, double left, unsigned i)
{
    if (!a->clock)
        *a = (struct alike){k, since, INFINITY, i};
    else if (!decay_alike(a->clock, a->since, k, since))
        return false;
    if (left < a->least) {
        a->least = left;
        a->first = i;
    }
    return true;
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
    struct alike alike = {0};
    for (uint32_t i = 0; i < st->clocks.n; i++) {
        const struct clock *k = &tb->clocks[tb->enabled[st->clocks.first + i].clock];
        const struct slot *s = slot_at(f, w, k->slot);
        double at = INFINITY;
        if (!is_cheap(k)) {
            dear++;
        } else if (!decays(k, s)) {
            at = cheap_firing(k, s, in, w->birth, t);
        } else {
            double left = s->rest / (k->dist.a * s->ratio);
            if (!join(&alike, k, s->since, left, i))
                at = decaying_inverse(k, s->since, t, left, best);
        }
        if (at < best) {
            best = at;
            winner = i;
        }
    }
    if (alike.clock) {
        double at = decaying_inverse(alike.clock, alike.since, t, alike.least, best);
        if (at < best) {
            best = at;
            winner = alike.first;
        }
    }
    for (uint32_t i = 0; dear && i < st->clocks.n; i++) {
        const struct clock *k = &tb->clocks[tb->enabled[st->clocks.first + i].clock];
        if (is_cheap(k))
            continue;
        dear--;
        double at = dear_firing(k, slot_at(f, w, k->slot), in, t, best);
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

/* Puts a ratio in force. A clock that has never run and does not run now needs no slot and no draw. */
static void put_ratio(struct family *f, unsigned m, const struct clock *k, double ratio, double since)
{
    struct member *w = f->member[m];
    bool idle = k->at_age ? !k->factors.n : ratio == 0 && !k->plain;
    struct slot *s = idle ? slot_at(f, w, k->slot) : slot_for(f, m, k->slot);
    if (!s)
        return;
    s->ratio = ratio;
    s->since = since;
    if (!k->at_age && ratio > 0)
        draw(w, k, s);
}

/* None of the instance's clocks runs until its door opens. */
static void rest(const struct pathway *p, struct family *f, unsigned m, unsigned chart, double t)
{
    const struct tables *tb = f->t;
    struct member *w = f->member[m];
    struct instance *in = &w->instances[tb->charts[chart].place];
    const struct state *st = &tb->states[tb->charts[chart].first_state + in->state];
    for (uint32_t i = 0; i < st->clocks.n; i++) {
        struct slot *s = slot_at(f, w, tb->enabled[st->clocks.first + i].slot);
        if (s)
            s->ratio = 0;
    }
    in->change = INFINITY;
    in->winner = WINNER_BREAK;
    in->updated = t;
    f->next[next_index(p, m, tb->charts[chart].place)] = INFINITY;
}

void pathway_schedule(const struct pathway *p, struct family *f, unsigned m, unsigned chart, double t)
{
    const struct tables *tb = f->t;
    struct member *w = f->member[m];
    struct instance *in = &w->instances[tb->charts[chart].place];
    size_t state = tb->charts[chart].first_state + (size_t)in->state;
    const struct state *st = &tb->states[state];
    if (is_shut(f, m, state)) {
        rest(p, f, m, chart, t);
        return;
    }
    struct view v = {p, f, tb, m, t, in->entered, INFINITY};
    for (uint32_t i = 0; i < st->clocks.n; i++) {
        const struct clock *k = &tb->clocks[tb->enabled[st->clocks.first + i].clock];
        double since, ratio = ratio_now(&v, k, &since);
        put_ratio(f, m, k, ratio, since);
    }
    if (st->line >= 0)
        pathway_reorder(&v, chart);
    in->change = v.change;
    race(f, m, chart, next_index(p, m, tb->charts[chart].place), t);
}

void pathway_schedule_again(const struct pathway *p, struct family *f, unsigned m, unsigned chart, double t)
{
    const struct tables *tb = f->t;
    const struct member *w = f->member[m];
    const struct state *st = &tb->states[tb->charts[chart].first_state + w->instances[tb->charts[chart].place].state];
    for (uint32_t i = 0; i < st->clocks.n; i++) {
        const struct clock *k = &tb->clocks[tb->enabled[st->clocks.first + i].clock];
        struct slot *s = slot_at(f, w, k->slot);
        if (s && !k->at_age && s->ratio > 0)
            draw(w, k, s);
    }
    race(f, m, chart, next_index(p, m, tb->charts[chart].place), t);
}

/* ---- the short way, where ratios are constants ------------------------------------------------------------------ */

/* Where all states are plain, all clocks get their first draw at once: the many short visits that follow then never
 * have to ask, and draws that wait for nothing overlap. */
void pathway_draw_all(struct family *f, unsigned m, const struct chart *ch)
{
    if (!ch->plain || !ch->clocks.n)
        return;
    const struct clock *k = &f->t->clocks[ch->clocks.first];
    for (uint32_t i = 0; i < ch->clocks.n; i++) {
        struct slot *s = slot_for(f, m, k[i].slot);
        s->key = kith_draw_mix(f->member[m]->key, k[i].key);
        s->rest = kith_draw_exponential(kith_draw_mix(s->key, 0));
        s->spent_at = -1;
        s->drawn = true;
    }
}

/* Weibull clocks that have just begun, by the formulas of dist.c without the way there: this is the hot loop. Either
 * the firing time or the consumption is wanted, and both are one power: which one is chosen by selecting its arguments,
 * because a branch would be mispredicted half of the time. */
static inline double weibull_firing(const struct enabled *e, struct slot *s, double t, double limit)
{
    double rest = s->rest * e->inverse_ratio, part = (limit - t) * e->d;
    bool first = pathway_surely_before(e->a, part, rest);
    double power = kith_pow(first ? rest : part, first ? e->c : e->a);
    double at = first ? t + e->b * power : INFINITY;
    s->spent = first ? 0 : e->ratio * power;
    s->spent_at = first ? at : limit;
    if (__builtin_expect(!first && s->spent >= s->rest, 0))
        at = t + e->b * kith_pow(rest, e->c);
    return at;
}

/* The first st->n_plain of a state's clocks are plain exponential ones. Returns when the first clock fires. */
static inline double schedule_plain(struct family *f, unsigned m, struct instance *in, const struct state *st, bool drawn,
                                    double t)
{
    const struct member *w = f->member[m];
    const struct tables *tb = f->t;
    const struct enabled *e = &tb->enabled[st->clocks.first];
    double best = INFINITY;
    unsigned winner = WINNER_BREAK, n = st->n_plain, all = st->clocks.n;
    in->entered = in->updated = t;
    in->change = INFINITY;
    for (unsigned i = 0; !drawn && i < all; i++)
        draw(w, &tb->clocks[e[i].clock], slot_for(f, m, e[i].slot));
    for (unsigned i = 0; i < n; i++) {
        double at = t + f->slot[w->at[e[i].slot] - 1].rest * e[i].mean;
        winner = at < best ? i : winner;
        best = at < best ? at : best;
    }
    for (unsigned i = n; i < all; i++) {
        const struct clock *k = &tb->clocks[e[i].clock];
        struct slot *s = &f->slot[w->at[e[i].slot] - 1];
        s->ratio = e[i].ratio;
        double at = e[i].weibull && best < INFINITY ? weibull_firing(&e[i], s, t, best)
                    : is_cheap(k)                   ? cheap_firing(k, s, in, w->birth, t) /* plain clocks do not decay */
                                                    : dear_firing(k, s, in, t, best);
        winner = at < best ? i : winner;
        best = at < best ? at : best;
    }
    in->winner = (uint8_t)winner;
    return best;
}

/* The winner fires and its transition is simple: all of the event but recording it. *st is the instance's state
 * before and after. Returns when its next event is. */
static inline double fire_simple(struct family *f, unsigned m, struct instance *in, const struct chart *ch,
                                 const struct state **st, double t)
{
    const struct member *w = f->member[m];
    const struct tables *tb = f->t;
    const struct enabled *e = &tb->enabled[(*st)->clocks.first], *won = &e[in->winner];
    double length = t - in->updated;
    unsigned n = (*st)->n_plain, all = (*st)->clocks.n;
    for (unsigned i = 0; i < n; i++) {
        struct slot *s = &f->slot[w->at[e[i].slot] - 1];
        double rest = s->rest - e[i].rate * length;
        s->rest = rest > 0 ? rest : 0;
    }
    for (unsigned i = n; i < all; i++) {
        struct slot *s = slot_at(f, w, e[i].slot);
        if (!s)
            continue;
        if (__builtin_expect(s->spent_at != t, 0)) {
            const struct clock *k = &tb->clocks[e[i].clock];
            struct last last = {0}; /* it may lead to plain clocks and decay itself */
            s->spent = &e[i] == won || k->at_age ? 0 : consumption(k, s, in->entered, in->updated, t, &last);
        }
        s->rest = s->rest - s->spent > 0 ? s->rest - s->spent : 0;
        s->spent_at = -1;
    }
    struct slot *s = &f->slot[w->at[won->slot] - 1];
    uint64_t word = kith_draw_mix(key_of(w, &tb->clocks[won->clock], s), ++s->taken);
    in->state = (uint8_t)won->to;
    *st = &tb->states[ch->first_state + won->to];
    if (won->again)
        s->rest = kith_draw_exponential(word);
    double next = schedule_plain(f, m, in, *st, ch->plain, t);
    if (!won->again) /* nothing waits for this draw: left to the end, it runs beside the power that all wait for */
        f->slot[w->at[won->slot] - 1].rest = kith_draw_exponential(word);
    return next;
}

/* When anything but entry `entry` happens next. */
static double others_next(const struct family *f, unsigned entry)
{
    double time = INFINITY;
    for (unsigned i = 0; i < f->n_next; i++)
        time = i != entry && f->next[i] < time ? f->next[i] : time;
    return time;
}

double pathway_run_simple(const struct pathway *p, struct kith_cell *cell, struct family *f, double until)
{
    const struct tables *tb = f->t;
    for (;;) {
        unsigned entry = f->winner;
        double t = f->next[entry];
        if (t > until || entry < NEXT_FIRST)
            return t;
        unsigned m = p->next_member[entry - NEXT_FIRST];
        const struct chart *ch = &tb->charts[p->next_chart[entry - NEXT_FIRST]];
        struct member *w = f->member[m];
        struct instance *in = &w->instances[ch->place];
        const struct state *st = &tb->states[ch->first_state + in->state];
        if (in->winner == WINNER_BREAK || !tb->enabled[st->clocks.first + in->winner].simple)
            return t;
        pathway_wake(p, f, m, ch->place);
        in->stale = true;
        double others = others_next(f, entry);
        bool simple;
        do {
            kith_cell_event(cell, t, m, (unsigned)tb->enabled[st->clocks.first + in->winner].code);
            t = fire_simple(f, m, in, ch, &st, t);
            simple = in->winner != WINNER_BREAK && tb->enabled[st->clocks.first + in->winner].simple;
        } while (simple && t <= until && t < others);
        f->next[entry] = t;
        find_next(f);
    }
}

/* The clock's ratio, and whether that is what is in force. */
static bool ask(struct view *v, const struct clock *k, const struct slot *s, double *ratio, double *since)
{
    *ratio = ratio_now(v, k, since);
    return s ? *ratio == s->ratio && *since == s->since : (k->at_age && !k->factors.n) || !(*ratio > 0);
}

void pathway_refresh(const struct pathway *p, struct family *f, unsigned m, unsigned chart, double t, uint64_t own,
                     uint64_t others)
{
    const struct tables *tb = f->t;
    struct member *w = f->member[m];
    struct instance *in = &w->instances[tb->charts[chart].place];
    size_t state = tb->charts[chart].first_state + (size_t)in->state;
    const struct state *st = &tb->states[state];
    const struct enabled *enabled = &tb->enabled[st->clocks.first];
    if (is_shut(f, m, state)) {
        pathway_consume(p, f, m, chart, t);
        rest(p, f, m, chart, t);
        return;
    }
    pathway_wake(p, f, m, tb->charts[chart].place);
    struct view v = {p, f, tb, m, t, in->entered, INFINITY};
    double ratio[PATHWAY_CLOCKS_MAX], since[PATHWAY_CLOCKS_MAX];
    uint32_t left = 0; /* those who need not be asked, by bit */
    bool same = true;
    for (uint32_t i = 0; i < st->clocks.n; i++) {
        const struct clock *k = &tb->clocks[enabled[i].clock];
        const struct slot *s = slot_at(f, w, k->slot);
        if (!(k->own & own) && !(k->others & others)) { /* as it was, unless it changes by itself just now */
            ratio[i] = s ? s->ratio : 0;
            since[i] = s ? s->since : -INFINITY;
            left |= (uint32_t)!k->steady << i;
            continue;
        }
        same = ask(&v, k, s, &ratio[i], &since[i]) && same;
    }
    if (st->line >= 0)
        pathway_reorder(&v, chart);
    /* The earliest time at which one of them changes by itself is known. If it is not that of one who was asked, it is to be found
     * among the others. */
    for (; left && v.change > in->change; left &= left - 1) {
        uint32_t i = (uint32_t)__builtin_ctz(left);
        const struct clock *k = &tb->clocks[enabled[i].clock];
        const struct slot *s = slot_at(f, w, k->slot);
        same = ask(&v, k, s, &ratio[i], &since[i]) && same;
    }
    if (same && v.change == in->change)
        return; /* nothing that it listens to made a difference: its clocks run on untouched, to the bit */
    pathway_consume(p, f, m, chart, t);
    for (uint32_t i = 0; i < st->clocks.n; i++)
        put_ratio(f, m, &tb->clocks[enabled[i].clock], ratio[i], since[i]);
    in->change = v.change;
    race(f, m, chart, next_index(p, m, tb->charts[chart].place), t);
}
