/* Reads `marks:` and `charts:` into tables: states, clocks, instant states, effects. */
#include <stdio.h>

#include "pathway.h"

/* ---- effects ---------------------------------------------------------------------------------------------------- */

static const char *const move_keys[] = {"chart", "to", "from", "who", "chance", "weight", "ratios", "source", "note"};
static const char *const who_names[] = {"self", "family", "index", "siblings", "children"};

static void check_who(struct build *b, const struct kith_node *node, int chart, const struct effect *e)
{
    bool child = b->t->charts[chart].of_child, moved = b->t->charts[e->chart].of_child;
    if (!moved && (e->who == WHO_SELF ? child : e->who != WHO_FAMILY))
        kith_node_error(b->r, node, "chart %s is the family's: from here it is moved with who: %s",
                        b->chart_names[e->chart], child ? "family" : "self");
    if (moved && (e->who == WHO_FAMILY || (!child && e->who == WHO_SELF) || (child && e->who == WHO_INDEX)))
        kith_node_error(b->r, node, "chart %s is a child's: from here it is moved with who: %s",
                        b->chart_names[e->chart], child ? "self, siblings or children" : "index, siblings or children");
}

static void read_move(struct build *b, const struct kith_node *node, int chart, const char *where, int number,
                      struct effect *e)
{
    char name[256];
    kith_node_known(b->r, node, "a move", move_keys, sizeof move_keys / sizeof *move_keys);
    const struct kith_node *target = kith_node_get(node, "chart"), *to = kith_node_get(node, "to"),
                           *from = kith_node_get(node, "from"), *who = kith_node_get(node, "who");
    int c = target ? kith_node_choice(b->r, target, "a chart", b->chart_names, b->p->n_charts) : chart;
    if (c < 0)
        return;
    e->chart = (uint16_t)c;
    snprintf(name, sizeof name, "a state of chart %s", b->chart_names[c]);
    int s = to ? kith_node_choice(b->r, to, name, b->state_names[c], b->t->charts[c].n_states) : -1;
    if (!to)
        kith_node_error(b->r, node, "missing to: the state that the chart is moved to");
    e->to = (uint16_t)(s < 0 ? 0 : s);
    int w = who ? kith_node_choice(b->r, who, "who is moved", who_names, 5)
                : b->t->charts[chart].of_child && !b->t->charts[c].of_child ? WHO_FAMILY : WHO_SELF;
    e->who = w < 0 ? WHO_SELF : (enum who)w;
    if (from) {
        e->from = pathway_read_states(b, from, c);
    } else {
        for (unsigned i = 0; i < b->t->charts[c].n_states; i++)
            if (i != e->to)
                e->from.bits[i >> 6] |= 1ull << (i & 63);
    }
    check_who(b, node, chart, e);
    const struct kith_node *chance = kith_node_get(node, "chance");
    if (chance && chance->kind == KITH_NODE_SCALAR)
        kith_node_value(b->r, chance, "chance", KITH_UNIT_NONE, 0, 1);
    e->chance = pathway_read_weight(b, node, e->who == WHO_INDEX ? "weight" : "chance", c, 1, &e->factors);
    snprintf(name, sizeof name, "%s/move%d", where, number);
    e->key = kith_hash_name(name);
}

/* `mark:` and `move:` of a clock, an option or a state. */
static struct range read_effects(struct build *b, const struct kith_node *node, int chart, const char *where)
{
    const struct kith_node *mark = kith_node_get(node, "mark"), *moves = kith_node_get(node, "move"), *item;
    size_t room = 0;
    struct effect list[32] = {{0}};
    for (item = !mark ? NULL : mark->kind == KITH_NODE_LIST ? mark->first : mark; item;
         item = mark->kind == KITH_NODE_LIST ? item->next : NULL) {
        if (item->kind != KITH_NODE_SCALAR || room == 32) {
            kith_node_error(b->r, item, "mark: is the name of a mark or a list of names");
            break;
        }
        int m = pathway_find_mark(b, item, item->text);
        if (m >= 0 && b->p->mark_of_child[m] && !b->t->charts[chart].of_child)
            kith_node_error(b->r, item, "mark %s is a child's: a chart of the family cannot set it", item->text);
        list[room].is_mark = true;
        list[room++].mark = (uint16_t)(m < 0 ? 0 : m);
    }
    int number = 0;
    for (item = !moves ? NULL : moves->kind == KITH_NODE_LIST ? moves->first : moves; item;
         item = moves->kind == KITH_NODE_LIST ? item->next : NULL) {
        if (room == 32) {
            kith_node_error(b->r, item, "more than 32 effects");
            break;
        }
        read_move(b, item, chart, where, number++, &list[room++]);
    }
    struct range r = {(uint32_t)b->t->n_effects, (uint32_t)room};
    if (r.first + room > PATHWAY_PARTS_MAX) {
        kith_node_error(b->r, node, "more than %d mark: and move: in all", PATHWAY_PARTS_MAX);
        return (struct range){0, 0};
    }
    for (size_t i = 0; i < room; i++) {
        struct effect *e = pathway_add(b, &b->t->effects, &b->t->n_effects, sizeof *e);
        if (e)
            *e = list[i];
    }
    return r;
}

/* ---- clocks ----------------------------------------------------------------------------------------------------- */

static const char *const clock_keys[] = {"name", "from", "to", "hazard", "ratios", "mark", "move", "source", "note"};

/* "from>to" for a clock without a name; two clocks of a chart must not share one, for draws depend on it. */
static const char *clock_name(struct build *b, const struct kith_node *node)
{
    const struct kith_node *from = kith_node_get(node, "from"), *to = kith_node_get(node, "to");
    const char *given = kith_node_text(b->r, node, "name", NULL);
    const char *first = !from ? "" : from->kind == KITH_NODE_SCALAR ? from->text : from->n ? "several" : "";
    if (given)
        return given;
    const char *last = to && to->kind == KITH_NODE_SCALAR ? to->text : "";
    size_t size = strlen(first) + strlen(last) + 2;
    char *name = pathway_keep(b, size, 1);
    if (!name)
        return "";
    snprintf(name, size, "%s>%s", first, last);
    return name;
}

static void read_clock(struct build *b, const struct kith_node *node, int chart, struct states *enabled,
                       size_t n_before)
{
    char where[400];
    struct clock k = {.ratio = 1, .since = -1};
    const struct chart *ch = &b->t->charts[chart];
    kith_node_known(b->r, node, "a clock", clock_keys, sizeof clock_keys / sizeof *clock_keys);
    const struct kith_node *from = kith_node_get(node, "from"), *to = kith_node_get(node, "to");
    if (!from)
        kith_node_error(b->r, node, "missing from: the state or states in which the clock runs");
    if (!to)
        kith_node_error(b->r, node, "missing to: the state that the clock leads to");
    *enabled = pathway_read_states(b, from, chart);
    snprintf(where, sizeof where, "a state of chart %s", b->chart_names[chart]);
    int s = to ? kith_node_choice(b->r, to, where, b->state_names[chart], ch->n_states) : 0;
    k.to = (uint16_t)(s < 0 ? 0 : s);
    k.name = clock_name(b, node);
    k.node = node;
    if (kith_node_get(node, "name"))
        pathway_check_name(b, node, k.name);
    for (size_t i = n_before; i < b->t->n_clocks; i++)
        if (strcmp(b->t->clocks[i].name, k.name) == 0)
            kith_node_error(b->r, node, "a clock of chart %s is called '%s' already: give it another name:",
                            b->chart_names[chart], k.name);
    snprintf(where, sizeof where, "%s/%s", b->chart_names[chart], k.name);
    k.key = kith_hash_name(where);
    b->own = b->others = 0;
    struct range ratios = pathway_read_factors(b, kith_node_get(node, "ratios"), chart, true);
    k.factors = ratios;
    pathway_read_hazard(b, node, &k);
    k.since = (int16_t)b->since;
    k.amplitude = b->amplitude;
    k.decay = b->decay;
    if (k.at_age && !ch->of_child)
        kith_node_error(b->r, node, "at_age: a family has no age");
    if (kith_node_get(kith_node_get(node, "hazard"), "by_age") && !ch->of_child)
        kith_node_error(b->r, kith_node_get(node, "hazard")->first, "by_age: a family has no age");
    if (k.since >= 0 && k.dist.kind != KITH_DIST_EXPONENTIAL)
        kith_node_error(b->r, node, "a ratio by time since a mark needs an exponential hazard");
    uint64_t own = k.own = b->own, others = k.others = b->others;
    k.effects = read_effects(b, node, chart, where);
    k.slot = (uint16_t)b->p->n_slots[ch->of_child]++;
    struct clock *added = pathway_add(b, &b->t->clocks, &b->t->n_clocks, sizeof k);
    if (!added) {
        kith_dist_free(&k.dist);
        return;
    }
    *added = k;
    for (unsigned i = 0; i < ch->n_states; i++)
        if (states_has(enabled, i)) {
            struct state *st = &b->t->states[ch->first_state + i];
            st->own |= own;
            st->others |= others;
            if (st->instant || st->terminal)
                kith_node_error(b->r, from, "state %s is %s: no clock runs in it", b->state_names[chart][i],
                                st->instant ? "instant" : "terminal");
        }
}

static void read_clocks(struct build *b, const struct kith_node *node, int chart)
{
    const struct kith_node *clocks = kith_node_get(node, "clocks");
    struct chart *ch = &b->t->charts[chart];
    size_t first = b->t->n_clocks, n = 0;
    if (clocks && first + clocks->n > PATHWAY_PARTS_MAX) {
        kith_node_error(b->r, clocks, "more than %d clocks in all", PATHWAY_PARTS_MAX);
        return;
    }
    struct states *enabled = pathway_keep(b, clocks ? clocks->n : 1, sizeof *enabled);
    if (clocks && clocks->kind != KITH_NODE_LIST)
        kith_node_error(b->r, clocks, "clocks: is a list of {from: ..., to: ..., hazard: {...}}");
    if (!enabled || !pathway_afford(b, clocks ? clocks->n : 0, clocks ? clocks->n : 0) || !clocks || clocks->kind != KITH_NODE_LIST)
        return;
    for (const struct kith_node *k = clocks->first; k; k = k->next)
        read_clock(b, k, chart, &enabled[n++], first);
    if (b->t->n_clocks != first + n || !pathway_afford(b, n * ch->n_states, 8))
        return;
    ch->clocks = (struct range){(uint32_t)first, (uint32_t)n};
    for (unsigned s = 0; s < ch->n_states; s++) {
        struct state *st = &b->t->states[ch->first_state + s];
        st->clocks.first = (uint32_t)b->t->n_enabled;
        for (size_t i = 0; i < n; i++)
            if (states_has(&enabled[i], s)) {
                struct enabled *e = pathway_add(b, &b->t->enabled, &b->t->n_enabled, sizeof *e);
                if (e)
                    e->clock = (uint16_t)(first + i);
                st->clocks.n++;
            }
        if (st->clocks.n > PATHWAY_CLOCKS_MAX)
            kith_node_error(b->r, clocks, "more than %d clocks run in state %s", PATHWAY_CLOCKS_MAX,
                            b->state_names[chart][s]);
        b->t->heard |= st->own | st->others;
    }
}

/* ---- states ----------------------------------------------------------------------------------------------------- */

static const char *const option_keys[] = {"to", "weight", "ratios", "mark", "move", "source", "note"};
static const char *const instant_keys[] = {"what", "options", "shared", "mark", "move", "source", "note"};
static const char *const entry_keys[] = {"mark", "move", "source", "note"};

static void read_instant(struct build *b, const struct kith_node *node, int chart, int s)
{
    char where[256];
    struct state *st = &b->t->states[b->t->charts[chart].first_state + s];
    const struct kith_node *options = kith_node_get(node, "options");
    kith_node_known(b->r, node, "an instant state", instant_keys, sizeof instant_keys / sizeof *instant_keys);
    snprintf(where, sizeof where, "%s/%s", b->chart_names[chart], b->state_names[chart][s]);
    st->key = kith_hash_name(where);
    st->shared = kith_node_number_or(b->r, node, "shared", KITH_UNIT_NONE, 0, 1, 0);
    if (st->shared > 0 && s >= 64)
        kith_node_error(b->r, node, "shared: works in the first 64 states of a chart, and this is number %d", s + 1);
    st->effects = read_effects(b, node, chart, where);
    st->options.first = (uint32_t)b->t->n_options;
    if (!options || options->kind != KITH_NODE_LIST || !options->n || options->n > PATHWAY_CLOCKS_MAX) {
        kith_node_error(b->r, node, "an instant state needs options: a list of 1 to %d {to: ..., weight: ...}",
                        PATHWAY_CLOCKS_MAX);
        return;
    }
    int number = 0;
    for (const struct kith_node *o = options->first; o; o = o->next) {
        char what[128], name[300];
        struct option option = {.weight = 1, .node = o};
        kith_node_known(b->r, o, "an option", option_keys, sizeof option_keys / sizeof *option_keys);
        const struct kith_node *to = kith_node_get(o, "to");
        snprintf(what, sizeof what, "a state of chart %s", b->chart_names[chart]);
        int target = to ? kith_node_choice(b->r, to, what, b->state_names[chart], b->t->charts[chart].n_states) : 0;
        if (!to)
            kith_node_error(b->r, o, "missing to: the state that the option leads to");
        option.to = (uint16_t)(target < 0 ? 0 : target);
        option.weight = pathway_read_weight(b, o, "weight", chart, 1, &option.factors);
        snprintf(name, sizeof name, "%s/option%d", where, number++);
        option.effects = read_effects(b, o, chart, name);
        if (b->t->n_options == PATHWAY_PARTS_MAX) {
            kith_node_error(b->r, o, "more than %d options in all", PATHWAY_PARTS_MAX);
            return;
        }
        struct option *added = pathway_add(b, &b->t->options, &b->t->n_options, sizeof option);
        if (added)
            *added = option;
    }
    st->options.n = (uint32_t)b->t->n_options - st->options.first;
}

static void read_states_of(struct build *b, const struct kith_node *node, int chart)
{
    const struct chart *ch = &b->t->charts[chart];
    const struct kith_node *instant = kith_node_get(node, "instant"), *entry = kith_node_get(node, "on_entry");
    struct states terminal = pathway_read_states(b, kith_node_get(node, "terminal"), chart);
    for (unsigned s = 0; s < ch->n_states; s++)
        b->t->states[ch->first_state + s].terminal = states_has(&terminal, s);
    if (instant) {
        kith_node_known(b->r, instant, "instant:", b->state_names[chart], ch->n_states);
        for (int s = 0; s < ch->n_states; s++)
            if (kith_node_get(instant, b->state_names[chart][s]))
                b->t->states[ch->first_state + s].instant = true;
        for (int s = 0; s < ch->n_states; s++)
            if (kith_node_get(instant, b->state_names[chart][s]))
                read_instant(b, kith_node_get(instant, b->state_names[chart][s]), chart, s);
    }
    if (entry) {
        kith_node_known(b->r, entry, "on_entry:", b->state_names[chart], ch->n_states);
        for (int s = 0; s < ch->n_states; s++) {
            const struct kith_node *e = kith_node_get(entry, b->state_names[chart][s]);
            char where[256];
            if (!e)
                continue;
            kith_node_known(b->r, e, "on_entry:", entry_keys, sizeof entry_keys / sizeof *entry_keys);
            if (b->t->states[ch->first_state + s].effects.n)
                kith_node_error(b->r, e, "instant state %s has its own mark: and move:", b->state_names[chart][s]);
            snprintf(where, sizeof where, "%s/%s/entry", b->chart_names[chart], b->state_names[chart][s]);
            b->t->states[ch->first_state + s].effects = read_effects(b, e, chart, where);
        }
    }
}

/* start: a state, or a state for each group of the population. */
static void read_start(struct build *b, const struct kith_node *node, int chart)
{
    struct chart *ch = &b->t->charts[chart];
    const struct kith_node *start = kith_node_get(node, "start");
    char what[128];
    snprintf(what, sizeof what, "a state of chart %s", b->chart_names[chart]);
    for (size_t g = 0; g < PATHWAY_GROUPS_MAX; g++)
        ch->start[g] = 0;
    if (!start)
        return;
    if (start->kind == KITH_NODE_MAP)
        kith_node_known(b->r, start, "start", b->group_names, b->p->n_groups);
    for (size_t g = 0; g < (b->p->n_groups ? b->p->n_groups : 1); g++) {
        const struct kith_node *one = start;
        if (start->kind == KITH_NODE_MAP) /* without groups there is no name either */
            one = g < b->p->n_groups ? kith_node_get(start, b->group_names[g]) : NULL;
        int s = one ? kith_node_choice(b->r, one, what, b->state_names[chart], ch->n_states) : 0;
        ch->start[g] = (uint16_t)(s < 0 ? 0 : s);
    }
}

/* ---- charts ----------------------------------------------------------------------------------------------------- */

static const char *const chart_keys[] = {"of",      "what",     "states", "start", "instant",
                                         "terminal", "on_entry", "clocks", "source", "note"};

/* First pass over a chart: its name, whose it is, its states. */
static void name_chart(struct build *b, const struct kith_node *node)
{
    struct pathway *p = b->p;
    struct chart *ch = &b->t->charts[p->n_charts];
    const struct kith_node *of = kith_node_get(node, "of"), *states = kith_node_get(node, "states"), *s;
    static const char *const kinds[] = {"family", "child"};
    kith_node_known(b->r, node, "a chart", chart_keys, sizeof chart_keys / sizeof *chart_keys);
    *ch = (struct chart){.first_state = (uint16_t)b->t->n_states};
    int kind = of ? kith_node_choice(b->r, of, "whose the chart is", kinds, 2) : 0;
    if (!of)
        kith_node_error(b->r, node, "missing of: family or child");
    struct kith_node name = pathway_key_node(node);
    pathway_check_name(b, &name, node->key);
    ch->of_child = kind == 1;
    ch->place = (uint16_t)p->n_of[ch->of_child];
    p->chart_at[ch->of_child][p->n_of[ch->of_child]++] = (uint8_t)p->n_charts;
    b->chart_names[p->n_charts] = node->key;
    if (!states || states->kind != KITH_NODE_LIST || !states->n || states->n > 250) {
        kith_node_error(b->r, states ? states : node, "a chart needs states: a list of 1 to 250 names");
    } else {
        const char **names = pathway_keep(b, states->n, sizeof *names);
        for (s = states->first; s && names; s = s->next) {
            if (s->kind != KITH_NODE_SCALAR) {
                kith_node_error(b->r, s, "the name of a state is a word");
                continue;
            }
            pathway_check_name(b, s, s->text);
            for (unsigned i = 0; i < ch->n_states; i++)
                if (strcmp(names[i], s->text) == 0)
                    kith_node_error(b->r, s, "state %s is listed twice", s->text);
            names[ch->n_states++] = s->text;
            struct state *st = pathway_add(b, &b->t->states, &b->t->n_states, sizeof *st);
            if (st)
                st->pool = st->line = -1;
        }
        b->state_names[p->n_charts] = names;
    }
    if (b->t->n_states > KITH_STATES_MAX)
        kith_node_error(b->r, node, "more than %d states in all", KITH_STATES_MAX);
    p->n_charts++;
}

static void read_marks(struct build *b)
{
    static const char *const kinds[] = {"family", "child"};
    const struct kith_node *marks = kith_node_get(b->p->sc->root, "marks");
    struct pathway *p = b->p;
    p->n_marks = p->n_marks_of[0] = p->n_marks_of[1] = 0;
    if (marks && marks->kind != KITH_NODE_MAP) {
        kith_node_error(b->r, marks, "marks: is a map {name: family or child, ...}");
        return;
    }
    for (const struct kith_node *m = marks ? marks->first : NULL; m; m = m->next) {
        if (p->n_marks == PATHWAY_MARKS_MAX) {
            kith_node_error(b->r, m, "more than %d marks", PATHWAY_MARKS_MAX);
            return;
        }
        struct kith_node name = pathway_key_node(m);
        pathway_check_name(b, &name, m->key);
        int kind = kith_node_choice(b->r, m, "whose the mark is", kinds, 2);
        p->mark_name[p->n_marks] = m->key;
        p->mark_of_child[p->n_marks] = kind == 1;
        p->mark_place[p->n_marks++] = (uint16_t)p->n_marks_of[kind == 1]++;
    }
}

void pathway_read_charts(struct build *b)
{
    struct pathway *p = b->p;
    const struct kith_node *charts = kith_node_get(p->sc->root, "charts"), *node;
    p->n_charts = p->n_of[0] = p->n_of[1] = p->n_slots[0] = p->n_slots[1] = 0;
    read_marks(b);
    if (!charts || charts->kind != KITH_NODE_MAP || !charts->n) {
        kith_node_error(b->r, charts ? charts : p->sc->root, "charts: is a map of at least one chart");
        return;
    }
    for (node = charts->first; node; node = node->next) {
        if (p->n_charts == PATHWAY_CHARTS_MAX) {
            kith_node_error(b->r, node, "more than %d charts", PATHWAY_CHARTS_MAX);
            return;
        }
        name_chart(b, node);
    }
    pathway_name_resources(b);
    if (b->status || b->r->errors->n)
        return; /* nothing refers safely to states that could not be read */
    int c = 0;
    for (node = charts->first; node; node = node->next, c++) {
        read_start(b, node, c);
        read_states_of(b, node, c);
        read_clocks(b, node, c);
    }
    if (!b->status && !b->r->errors->n)
        pathway_read_resources(b);
    if (p->n_of[1] && !p->n_groups)
        kith_node_error(b->r, charts, "charts of children need population.households, to say how many there are");
}
