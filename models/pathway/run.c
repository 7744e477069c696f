/* The events of a family: births, clock firings, branches, moves, dates. */
#include "family.h"

#include "rng/draw.h"

#define PENDING_MAX 256
#define NOWHERE UINT16_MAX
#define TOUCHED_MAX (PATHWAY_CHARTS_MAX * (PATHWAY_CHILDREN_MAX + 1))

/* Keys of draws that belong to no clock. */
#define KEY_BIRTH 0x6269727468u
#define KEY_SHARED 0x736861726564u

/* What one event has set off so far. */
struct chain {
    const struct pathway *p;
    struct kith_cell *cell;
    struct family *f;
    double t;
    uint64_t cause;
    uint64_t family_changed, any_child_changed, child_changed[PATHWAY_CHILDREN_MAX + 1];
    uint16_t was[PATHWAY_CHILDREN_MAX + 1][PATHWAY_CHARTS_MAX]; /* where a chart that changed was before the event */
    struct {
        uint16_t member;
        struct range effects;
    } pending[PENDING_MAX];
    struct {
        uint8_t member, chart;
    } touched[TOUCHED_MAX];
    unsigned n_pending, n_touched;
};

/* ---- noting what happened --------------------------------------------------------------------------------------- */

/* Whether nothing of what is still to come counts. */
static bool is_void(const struct chain *c)
{
    return c->cell->fault || (c->f->trial && c->f->trial->touches);
}

static bool changed(const struct chain *c, unsigned member, unsigned bit)
{
    return (member ? c->child_changed[member] : c->family_changed) >> bit & 1;
}

static void signal(struct chain *c, unsigned member, unsigned bit)
{
    if (member) {
        c->child_changed[member] |= 1ull << bit;
        c->any_child_changed |= 1ull << bit;
    } else {
        c->family_changed |= 1ull << bit;
    }
}

static void touch(struct chain *c, unsigned member, unsigned chart, struct instance *in)
{
    if (in->touched)
        return;
    in->touched = in->stale = true;
    c->touched[c->n_touched].member = (uint8_t)member;
    c->touched[c->n_touched++].chart = (uint8_t)chart;
}

/* Counts the transition, or something about it; a trial keeps that for when it is known to count. */
static void record(struct kith_cell *cell, struct trial *trial, double t, bool counts, unsigned member, unsigned what)
{
    if (trial && trial->n == PATHWAY_NOTES_MAX) {
        trial->touches = true; /* so many are not tried */
    } else if (trial) {
        unsigned i = trial->n++;
        trial->note[i].what = (uint16_t)what;
        trial->note[i].member = (uint8_t)member;
        trial->note[i].counts = counts;
    } else if (counts) {
        kith_cell_count(cell, t, what, 1);
    } else {
        kith_cell_event(cell, t, member, what);
    }
}

static void note(struct chain *c, unsigned member, unsigned chart, int from, int to)
{
    const struct pathway *p = c->p;
    size_t width = (size_t)c->f->t->charts[chart].n_states + 1;
    int code = p->code[chart][(size_t)(from + 1) * width + (size_t)(to + 1)];
    const struct range *r = &p->counters_of[code];
    for (uint32_t i = 0; i < r->n; i++) {
        const struct counter *k = &c->f->t->counters[p->counter_list[r->first + i]];
        struct view v = {p, c->f, c->f->t, member, c->t, 0, INFINITY};
        if (pathway_tests_hold(&v, k->tests))
            record(c->cell, c->f->trial, c->t, true, member, k->index);
    }
    record(c->cell, c->f->trial, c->t, false, member, (unsigned)code);
}

/* There is no end to the effects, these among them. */
static void go_round(struct chain *c, struct range effects)
{
    const struct effect *e = &c->f->t->effects[effects.first];
    for (uint32_t i = 1; e->is_mark && i < effects.n; i++)
        e++; /* a mark sets nothing off: the circle goes through a move */
    const struct kith_shape_chart *ch = &c->p->shape.charts[e->chart];
    kith_cell_fault(c->cell,
                    "over %d effects in one event: moves set each other off in circles, one of them the move of "
                    "chart %s to %s; give it a from: that ends the circle", PENDING_MAX, ch->name,
                    c->p->shape.states[ch->first + e->to].name);
}

static inline void push(struct chain *c, unsigned member, struct range effects)
{
    if (!effects.n)
        return;
    if (c->n_pending == PENDING_MAX) {
        go_round(c, effects);
        return;
    }
    c->pending[c->n_pending].member = (uint16_t)member;
    c->pending[c->n_pending++].effects = effects;
}

/* ---- entering states -------------------------------------------------------------------------------------------- */

/* The instance belongs to the case of this cause from now on. */
static void begin_case(struct chain *c, unsigned member, unsigned chart)
{
    unsigned place = c->f->t->charts[chart].place;
    struct instance *in = &c->f->member[member]->instances[place];
    if (in->which_case == c->cause)
        return;
    pathway_wake(c->p, c->f, member, place);
    in->which_case = c->cause;
    in->decided = 0;
    in->stale = true;
}

/* Whether these effects of a child's chart bring siblings in with the child. */
static bool brings_siblings(const struct tables *t, struct range effects, unsigned chart)
{
    for (uint32_t i = 0; i < effects.n; i++) {
        const struct effect *e = &t->effects[effects.first + i];
        if (!e->is_mark && e->who == WHO_OTHERS && e->chart == chart)
            return true;
    }
    return false;
}

/* The draw that decides an instant state's branch. Siblings of one case use one draw of the family's, all of them or
 * none; a child who comes back to the state within its case decides anew. */
static double branch_draw(const struct chain *c, unsigned member, unsigned chart, const struct state *st)
{
    struct member *w = c->f->member[member];
    const struct chart *ch = &c->f->t->charts[chart];
    struct instance *in = &w->instances[ch->place];
    uint64_t bit = 1ull << ((size_t)(st - &c->f->t->states[ch->first_state]) & 63);
    if (member && st->shared > 0 && !(in->decided & bit)) {
        in->decided |= bit;
        if (kith_draw_uniform(mix2(c->f->key, st->key ^ KEY_SHARED, in->which_case)) < st->shared)
            return kith_draw_uniform(mix2(c->f->key, st->key, in->which_case));
    }
    return kith_draw_uniform(mix2(w->key, st->key, c->cause));
}

static const struct option *choose(const struct chain *c, unsigned member, unsigned chart, const struct state *st)
{
    const struct tables *tb = c->f->t;
    double weight[PATHWAY_CLOCKS_MAX], sum = 0;
    struct view v = {c->p, c->f, tb, member, c->t, c->t, INFINITY};
    for (uint32_t i = 0; i < st->options.n; i++) {
        const struct option *o = &tb->options[st->options.first + i];
        weight[i] = o->factors.n ? o->weight * pathway_ratio(&v, o->factors) : o->weight;
        sum += weight[i];
    }
    if (!(sum > 0))
        kith_cell_fault(c->cell, "%s:%d: all options of instant state %s of chart %s have weight 0 for somebody; give "
                        "one of them a weight for every case", tb->options[st->options.first].node->file,
                        tb->options[st->options.first].node->line,
                        c->p->shape.states[st - tb->states].name, c->p->shape.charts[chart].name);
    if (st->options.n == 1) /* whatever the draw */
        return &tb->options[st->options.first];
    double u = branch_draw(c, member, chart, st) * sum;
    uint32_t i = 0;
    while (i + 1 < st->options.n && (weight[i] == 0 || u >= weight[i])) {
        u -= weight[i];
        i++;
    }
    while (i > 0 && weight[i] == 0)
        i--; /* rounding at the end of the sum must not choose what has no weight */
    return &tb->options[st->options.first + i];
}

static void end_instances(struct chain *c, unsigned member, int but)
{
    struct family *f = c->f;
    struct member *w = f->member[member];
    bool child = member > 0;
    for (size_t k = 0; k < c->p->n_of[child]; k++) {
        struct instance *in = &w->instances[k];
        unsigned chart = c->p->chart_at[child][k];
        if (in->live && (int)chart != but)
            note(c, member, chart, in->state, -1);
        if (f->pool && in->live && (int)chart != but) {
            pathway_give_back(c->p, f, member, chart, c->t);
            pathway_listen(f, in, 0);
        }
        if (in->live && (int)chart != but) { /* whoever asks who is in its state hears that nobody is */
            c->was[member][chart] = NOWHERE;
            signal(c, member, chart);
        }
        in->live = in->asleep = false;
        in->stale = true;
        f->next[next_index(c->p, member, (unsigned)k)] = INFINITY;
    }
    w->live = false;
}

/* The member has reached a terminal state of `chart`: its other charts end, and with the last child the family. */
static void end_member(struct chain *c, unsigned member, unsigned chart)
{
    end_instances(c, member, (int)chart);
    bool last = member ? ++c->f->n_done == c->f->n_children && c->f->member[0]->live
                       : c->p->n_groups && !c->f->n_children;
    if (last) {
        if (member)
            end_instances(c, 0, -1);
        for (unsigned i = 0; i < NEXT_FIRST; i++)
            c->f->next[i] = INFINITY;
    }
}

/* Takes the instance from local state `from` (-1: it begins) to `to`, and on through instant states. */
static void change(struct chain *c, unsigned member, unsigned chart, int from, unsigned to)
{
    const struct tables *tb = c->f->t;
    const struct chart *ch = &tb->charts[chart];
    struct instance *in = &c->f->member[member]->instances[ch->place];
    const int was = from;
    for (int hops = 0;; hops++) {
        if (c->f->pool && c->p->use_at[chart] >= 0)
            to = pathway_gate(c->p, c->cell, c->f, member, chart, to, c->cause, c->t);
        if ((int)to == from && tb->states[ch->first_state + to].line >= 0) {
            touch(c, member, chart, in); /* waits on, for another state */
            return;
        }
        const struct state *st = &tb->states[ch->first_state + to];
        note(c, member, chart, from, (int)to);
        in->state = (uint8_t)to;
        push(c, member, st->effects);
        if (!st->instant)
            break;
        if (hops == PENDING_MAX) {
            kith_cell_fault(c->cell, "instant states of chart %s lead to each other in circles, one of them %s; let an "
                            "option lead to a state that lasts", c->p->shape.charts[chart].name,
                            c->p->shape.states[ch->first_state + to].name);
            break;
        }
        if (member && brings_siblings(tb, st->effects, chart))
            begin_case(c, member, chart);
        const struct option *o = choose(c, member, chart, st);
        push(c, member, o->effects);
        from = (int)to;
        to = o->to;
    }
    in->entered = in->updated = c->t;
    in->live = true;
    if (c->f->pool)
        pathway_listen(c->f, in, (uint8_t)(tb->states[ch->first_state + in->state].own >> PATHWAY_FIRST_LOAD));
    if (!changed(c, member, chart))
        c->was[member][chart] = was < 0 ? NOWHERE : (uint16_t)was;
    signal(c, member, chart);
    touch(c, member, chart, in);
    if (tb->states[ch->first_state + in->state].terminal)
        end_member(c, member, chart);
}

/* Leaves the present state by a move: what its clocks have left is kept. */
static void move(struct chain *c, unsigned member, const struct effect *e)
{
    struct instance *in = &c->f->member[member]->instances[c->f->t->charts[e->chart].place];
    unsigned from = in->state;
    if (!in->touched)
        pathway_consume(c->p, c->f, member, e->chart, c->t);
    change(c, member, e->chart, (int)from, e->to);
}

static bool movable(const struct chain *c, unsigned member, const struct effect *e)
{
    const struct member *w = c->f->member[member];
    const struct instance *in = &w->instances[c->f->t->charts[e->chart].place];
    return w->live && in->live && states_has(&e->from, in->state);
}

/* ---- effects ---------------------------------------------------------------------------------------------------- */

static bool chance(const struct chain *c, unsigned member, const struct effect *e)
{
    struct view v = {c->p, c->f, c->f->t, member, c->t, c->t, INFINITY};
    double p = e->factors.n ? e->chance * pathway_ratio(&v, e->factors) : e->chance;
    return p >= 1 || kith_draw_uniform(mix2(c->f->member[member]->key, e->key, c->cause)) < p;
}

/* The child that a contact is about: one of those present, by weight. 0 if there is none. */
static unsigned index_child(const struct chain *c, const struct effect *e)
{
    double weight[PATHWAY_CHILDREN_MAX + 1], sum = 0;
    unsigned chosen = 0;
    for (unsigned m = 1; m <= c->f->n_begun; m++) {
        struct view v = {c->p, c->f, c->f->t, m, c->t, c->t, INFINITY};
        weight[m] = c->f->member[m]->live ? pathway_ratio(&v, e->factors) : 0;
        sum += weight[m];
    }
    double u = kith_draw_uniform(mix2(c->f->key, e->key, c->cause)) * sum;
    for (unsigned m = 1; m <= c->f->n_begun; m++) {
        if (weight[m] == 0)
            continue;
        chosen = m;
        if (u < weight[m])
            break;
        u -= weight[m];
    }
    return chosen;
}

static void set_mark(struct chain *c, unsigned member, unsigned mark)
{
    unsigned m = c->p->mark_of_child[mark] ? member : 0;
    struct mark *k = &c->f->member[m]->marks[c->p->mark_place[mark]];
    k->time = c->t;
    k->n++;
    signal(c, m, PATHWAY_CHARTS_MAX + mark);
}

/* Moves every child but `not` who may be and whom chance picks; they now belong to the case of this cause. */
static void move_children(struct chain *c, unsigned not, const struct effect *e)
{
    for (unsigned m = 1; m <= c->f->n_begun; m++) {
        if (m == not || !movable(c, m, e) || !chance(c, m, e))
            continue;
        begin_case(c, m, e->chart);
        move(c, m, e);
    }
}

static void carry_out(struct chain *c, unsigned member, struct range effects)
{
    unsigned index = member;
    for (uint32_t i = 0; i < effects.n && !is_void(c); i++) {
        const struct effect *e = &c->f->t->effects[effects.first + i];
        if (e->is_mark) {
            set_mark(c, member, e->mark);
            continue;
        }
        switch (e->who) {
        case WHO_SELF:
        case WHO_FAMILY: {
            unsigned m = e->who == WHO_SELF ? member : 0;
            if (movable(c, m, e) && chance(c, m, e))
                move(c, m, e);
            break;
        }
        case WHO_INDEX:
            index = index_child(c, e);
            if (!index || !movable(c, index, e))
                return; /* the child is known already: nobody else is brought in either */
            begin_case(c, index, e->chart);
            move(c, index, e);
            break;
        case WHO_OTHERS:
            if (index)
                begin_case(c, index, e->chart);
            move_children(c, index, e);
            break;
        case WHO_CHILDREN:
            move_children(c, 0, e);
            break;
        }
    }
}

/* A chart that is back where it was before the event has changed nothing for anybody. */
static void forget_returns(struct chain *c)
{
    for (unsigned i = 0; i < c->n_touched; i++) {
        unsigned m = c->touched[i].member, chart = c->touched[i].chart;
        uint64_t *signals = m ? &c->child_changed[m] : &c->family_changed;
        if (changed(c, m, chart) && c->was[m][chart] == c->f->member[m]->instances[c->f->t->charts[chart].place].state)
            *signals &= ~(1ull << chart);
    }
    c->any_child_changed = 0;
    for (unsigned m = 1; m <= c->f->n_begun; m++)
        c->any_child_changed |= c->child_changed[m];
}

/* Whether the clocks with these classes of the chart's states tell the member's change from none. */
static bool tells(const struct chain *c, const uint8_t *class, unsigned member, unsigned chart)
{
    unsigned was = c->was[member][chart];
    return !class || was == NOWHERE ||
           class[was] != class[c->f->member[member]->instances[c->f->t->charts[chart].place].state];
}

/* Whether what happened may have changed a hazard of member m's instance in that state, which listens to the signals `own`
 * and `others` among it. */
static bool matters(const struct chain *c, unsigned m, size_t state, uint64_t own, uint64_t others)
{
    const struct tables *t = c->f->t;
    const struct door *d = &t->doors[state];
    uint8_t **class = t->classes + state * 2 * c->p->n_charts;
    if (is_shut(c->f, m, state)) {
        unsigned bearer = m & d->bearer.own, was = c->was[bearer][d->chart];
        if (!changed(c, bearer, d->chart) || (was != NOWHERE && states_has(&d->shut, was)))
            return false; /* as before */
    }
    if (own >> PATHWAY_CHARTS_MAX)
        return true;
    for (; own; own &= own - 1) {
        unsigned chart = (unsigned)__builtin_ctzll(own);
        if (tells(c, class[chart], t->charts[chart].of_child ? m : 0, chart))
            return true;
    }
    for (class += c->p->n_charts; others; others &= others - 1) {
        unsigned chart = (unsigned)__builtin_ctzll(others);
        for (unsigned i = 1; i <= c->f->n_begun; i++)
            if (changed(c, i, chart) && tells(c, class[chart], i, chart))
                return true;
    }
    return false;
}

/* Whether the instance, which something has happened to, is where it was before the event, with all its ratios as they were. One
 * that changes by itself just now does so in an event of its own. */
static bool is_as_before(const struct chain *c, unsigned m, unsigned chart)
{
    const struct tables *t = c->f->t;
    const struct instance *in = &c->f->member[m]->instances[t->charts[chart].place];
    size_t state = t->charts[chart].first_state + (size_t)in->state;
    uint64_t own = t->listens_to[state].own & (c->family_changed | (m ? c->child_changed[m] : 0));
    uint64_t others = t->listens_to[state].others & c->any_child_changed;
    return t->states[state].same_again && c->was[m][chart] == in->state &&
           !((own | others) && matters(c, m, state, own, others));
}

/* Carries out all effects in the order in which they came up, then sets the clocks of every instance that changed
 * and of those that listen to what changed. Hazards thus depend on how things stand after the whole event. */
static void settle(struct chain *c)
{
    struct family *f = c->f;
    const struct pathway *p = c->p;
    for (unsigned i = 0; i < c->n_pending && !is_void(c); i++)
        carry_out(c, c->pending[i].member, c->pending[i].effects);
    if (is_void(c))
        return;
    forget_returns(c);
    for (unsigned i = 0; i < c->n_touched; i++) {
        unsigned m = c->touched[i].member, chart = c->touched[i].chart;
        struct instance *in = &f->member[m]->instances[f->t->charts[chart].place];
        if (in->live && is_as_before(c, m, chart))
            pathway_schedule_again(p, f, m, chart, c->t);
        else if (in->live)
            pathway_schedule(p, f, m, chart, c->t);
    }
    if ((c->family_changed | c->any_child_changed) & f->t->heard)
        for (unsigned m = 0; m <= f->n_begun; m++) {
            uint64_t heard = c->family_changed | (m ? c->child_changed[m] : 0);
            const struct instance *in = f->member[m]->instances;
            for (size_t k = 0; k < p->n_of[m > 0]; k++) {
                size_t state = p->first_state_at[m > 0][k] + (size_t)in[k].state;
                const struct signals *to = &f->t->listens_to[state];
                uint64_t own = to->own & heard, others = to->others & c->any_child_changed;
                if ((own | others) && in[k].live && !in[k].touched && matters(c, m, state, own, others))
                    pathway_refresh(p, f, m, p->chart_at[m > 0][k], c->t, own, others);
            }
        }
    for (unsigned i = 0; i < c->n_touched; i++)
        f->member[c->touched[i].member]->instances[f->t->charts[c->touched[i].chart].place].touched = false;
}

/* ---- the kinds of event ----------------------------------------------------------------------------------------- */

static void fire(struct chain *c, unsigned member, unsigned chart)
{
    struct family *f = c->f;
    const struct tables *tb = f->t;
    struct member *w = f->member[member];
    struct instance *in = &w->instances[tb->charts[chart].place];
    const struct state *st = &tb->states[tb->charts[chart].first_state + in->state];
    pathway_wake(c->p, f, member, tb->charts[chart].place);
    if (in->winner == WINNER_BREAK) {
        pathway_consume(c->p, f, member, chart, c->t);
        pathway_schedule(c->p, f, member, chart, c->t);
        return;
    }
    const struct clock *k = &tb->clocks[tb->enabled[st->clocks.first + in->winner].clock];
    struct slot *s = slot_at(f, w, k->slot);
    if (s) {
        s->drawn = false;
        s->taken++;
    }
    c->cause = mix2(w->key, k->key, s ? s->taken : 1);
    pathway_consume(c->p, f, member, chart, c->t);
    if (member && brings_siblings(tb, k->effects, chart))
        begin_case(c, member, chart);
    in->entered = c->t; /* also where it waits on for a resource: its clocks start anew, or a fixed one would fire for ever */
    change(c, member, chart, in->state, k->to);
    push(c, member, k->effects);
    settle(c);
}

static void start_member(struct chain *c, unsigned member)
{
    bool child = member > 0;
    c->f->member[member]->live = true;
    for (size_t k = 0; k < c->p->n_of[child] && c->f->member[member]->live; k++) {
        unsigned chart = c->p->chart_at[child][k];
        pathway_draw_all(c->f, member, &c->f->t->charts[chart]);
        begin_case(c, member, chart);
        change(c, member, chart, -1, c->f->t->charts[chart].start[c->f->group]);
    }
}

static double next_arrival(const struct family *f)
{
    return f->n_begun < f->n_children ? f->member[f->n_begun + 1]->arrival : INFINITY;
}

/* The family forms, or its next child is born or arrives. All that are due at this moment come at once. */
static void birth(struct chain *c)
{
    struct family *f = c->f;
    if (!f->member[0]->live && !f->n_begun) {
        c->cause = mix2(f->key, KEY_BIRTH, 0);
        start_member(c, 0);
    }
    if (next_arrival(f) <= c->t) {
        unsigned m = ++f->n_begun;
        c->cause = mix2(f->member[m]->key, KEY_BIRTH, 0);
        start_member(c, m);
    }
    settle(c);
    f->next[NEXT_BIRTH] = next_arrival(f);
}

/* New numbers are in force: clocks that they change go on with what they have left, all others untouched. */
static void new_epoch(struct chain *c)
{
    struct family *f = c->f;
    const struct pathway *p = c->p;
    const struct epoch *e = f->epoch + 1;
    for (int pass = 0; pass < 2; pass++) {
        if (pass) {
            f->epoch = e;
            f->t = e->tables;
            pathway_forget_terms(f);
        }
        for (unsigned m = 0; m <= f->n_begun; m++)
            for (size_t k = 0; k < p->n_of[m > 0]; k++) {
                unsigned chart = p->chart_at[m > 0][k];
                const struct instance *in = &f->member[m]->instances[k];
                if (!in->live || !e->changed[f->t->charts[chart].first_state + in->state])
                    continue;
                if (pass)
                    pathway_schedule(p, f, m, chart, c->t);
                else
                    pathway_consume(p, f, m, chart, c->t);
            }
    }
    f->next[NEXT_EPOCH] = f->epoch[1].time;
}

static void census(struct chain *c)
{
    struct family *f = c->f;
    const struct tables *tb = f->t;
    for (size_t i = 0; i < tb->n_counters; i++) {
        const struct counter *k = &tb->counters[i];
        if (!k->census)
            continue;
        bool child = tb->charts[k->chart].of_child;
        for (unsigned m = child; m <= (child ? f->n_begun : 0); m++) {
            const struct instance *in = &f->member[m]->instances[tb->charts[k->chart].place];
            if (!in->live || !states_has(&k->states, in->state))
                continue;
            struct view v = {c->p, f, tb, m, c->t, 0, INFINITY};
            if (pathway_tests_hold(&v, k->tests))
                kith_cell_census(c->cell, f->year, k->index, 1);
        }
    }
    f->year++;
    double at = c->cell->warm_up + f->year;
    bool lives = f->member[0]->live || f->n_done < f->n_children;
    f->next[NEXT_CENSUS] = lives && at <= c->cell->end ? at : INFINITY;
}

static void begin_chain(struct chain *c, const struct pathway *p, struct kith_cell *cell, struct family *f, double t)
{
    c->p = p;
    c->cell = cell;
    c->f = f;
    c->t = t;
    c->cause = 0;
    c->n_pending = c->n_touched = 0;
    c->family_changed = c->any_child_changed = 0;
    for (unsigned m = 0; m <= f->n_children; m++)
        c->child_changed[m] = 0;
}

/* An event that may set off others. */
static void event(const struct pathway *p, struct kith_cell *cell, struct family *f, double t)
{
    struct chain c;
    begin_chain(&c, p, cell, f, t);
    switch (f->winner) {
    case NEXT_EPOCH:
        new_epoch(&c);
        break;
    case NEXT_CENSUS:
        census(&c);
        break;
    case NEXT_BIRTH:
        birth(&c);
        break;
    default:
        fire(&c, p->next_member[f->winner - NEXT_FIRST], p->next_chart[f->winner - NEXT_FIRST]);
    }
}

void pathway_send(const struct pathway *p, struct kith_cell *cell, struct family *f, unsigned m, unsigned chart,
                  unsigned to, uint64_t cause, double t)
{
    struct chain c;
    struct instance *in = &f->member[m]->instances[f->t->charts[chart].place];
    begin_chain(&c, p, cell, f, t);
    c.cause = cause;
    pathway_consume(p, f, m, chart, t);
    change(&c, m, chart, in->state, to);
    settle(&c);
}

/* Whether the family's next event touches something shared. */
enum touch { TOUCHES_NOTHING, TOUCHES_PERHAPS, TOUCHES_SURELY };
static enum touch next_touch(const struct pathway *p, const struct family *f)
{
    const struct tables *tb = f->t;
    if (f->winner < NEXT_FIRST)
        return f->winner == NEXT_BIRTH && tb->birth_shared[f->group] ? TOUCHES_PERHAPS : TOUCHES_NOTHING;
    const struct chart *ch = &tb->charts[p->next_chart[f->winner - NEXT_FIRST]];
    const struct instance *in = &f->member[p->next_member[f->winner - NEXT_FIRST]]->instances[ch->place];
    if (in->winner == WINNER_BREAK)
        return TOUCHES_NOTHING;
    const struct enabled *e = &tb->enabled[tb->states[ch->first_state + in->state].clocks.first + in->winner];
    return e->trades ? TOUCHES_SURELY : e->shared ? TOUCHES_PERHAPS : TOUCHES_NOTHING;
}

/* Carries out an event that perhaps touches something shared, and takes all of it back if it does: most turn out not to, and only
 * then it is known. Returns whether the event has happened. */
static bool happens(const struct pathway *p, struct kith_cell *cell, struct family *f, double t)
{
    struct trial trial;
    unsigned char *before = (unsigned char *)f + p->bytes;
    trial.touches = false;
    trial.n = 0;
    pathway_copy(p, f, before);
    f->trial = &trial;
    event(p, cell, f, t);
    f->trial = NULL;
    if (trial.touches) {
        pathway_restore(p, before, f);
        cell->fault = NULL; /* found when the event was void already, or found again when it happens */
        return false;
    }
    for (unsigned i = 0; i < trial.n; i++)
        record(cell, NULL, t, trial.note[i].counts, trial.note[i].member, trial.note[i].what);
    return true;
}

/* Whether the family's next event happens now, before its turn: nothing shared can reach the family before, and it touches
 * nothing shared. */
static bool runs_ahead(const struct pathway *p, struct kith_cell *cell, struct family *f, double t)
{
    if (!f->pool || f->bound || t > cell->ahead)
        return false;
    enum touch touch = next_touch(p, f);
    if (touch == TOUCHES_PERHAPS)
        return happens(p, cell, f, t);
    if (touch == TOUCHES_NOTHING)
        event(p, cell, f, t);
    return touch == TOUCHES_NOTHING;
}

double pathway_advance(const void *model, struct kith_cell *cell, void *family, double until)
{
    const struct pathway *p = model;
    struct family *f = family;
    for (;;) {
        double t = pathway_run_simple(p, cell, f, f->pool && !f->bound ? cell->ahead : until);
        if (t <= until)
            event(p, cell, f, t);
        else if (!runs_ahead(p, cell, f, t))
            return t;
        if (cell->fault)
            return INFINITY;
        find_next(f);
    }
}
