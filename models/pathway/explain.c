/* Says in the scenario's words what makes each transition happen: for `kith describe`. */
#include <stdio.h>

#include "pathway.h"

struct text {
    char line[600];
    size_t n;
};

static void put(struct text *t, const char *s)
{
    size_t room = sizeof t->line - t->n, n = strlen(s);
    if (n >= room) {
        strcpy(t->line + sizeof t->line - 4, "...");
        t->n = sizeof t->line - 1;
        return;
    }
    memcpy(t->line + t->n, s, n + 1);
    t->n += n;
}

/* A node in YAML's flow style, without its source and note. */
static void put_node(struct text *t, const struct kith_node *node)
{
    bool first = true;
    if (node->kind == KITH_NODE_SCALAR) {
        put(t, node->text);
        return;
    }
    const struct kith_node *value = kith_node_get(node, "value");
    if (value) {
        put_node(t, value);
        return;
    }
    put(t, node->kind == KITH_NODE_MAP ? "{" : "[");
    for (const struct kith_node *k = node->first; k && t->n < sizeof t->line - 1; k = k->next) {
        if (k->key && (strcmp(k->key, "source") == 0 || strcmp(k->key, "note") == 0))
            continue;
        put(t, first ? "" : ", ");
        first = false;
        if (k->key) {
            put(t, k->key);
            put(t, ": ");
        }
        put_node(t, k);
    }
    put(t, node->kind == KITH_NODE_MAP ? "}" : "]");
}

static void put_part(struct text *t, const struct kith_node *parent, const char *key, const char *before)
{
    const struct kith_node *node = kith_node_get(parent, key);
    if (!node)
        return;
    put(t, before);
    if (node->kind == KITH_NODE_MAP && node->n == 1 && strcmp(key, "hazard") == 0) {
        put(t, node->first->key);
        put(t, " ");
        node = node->first;
    }
    put_node(t, node);
}

static const char *keep(struct build *b, const struct text *t)
{
    char *kept = pathway_keep(b, t->n + 1, 1);
    if (kept)
        memcpy(kept, t->line, t->n + 1);
    return kept ? kept : "";
}

static const char *source_of(const struct kith_node *node)
{
    const struct kith_node *s = kith_node_get(node, "source");
    return s && s->kind == KITH_NODE_SCALAR ? s->text : "";
}

void pathway_explain(struct build *b)
{
    static const char moved[] = "moved by another transition", waits[] = "waits for a resource",
                      turn[] = "its turn has come at a resource";
    struct pathway *p = b->p;
    size_t n = p->shape.n_transitions;
    const char **how = pathway_keep(b, n, sizeof *how), **source = pathway_keep(b, n, sizeof *source);
    if (!how || !source)
        return;
    for (size_t i = 0; i < n; i++) {
        const struct kith_shape_transition *t = &p->shape.transitions[i];
        how[i] = t->from < 0 ? "begins" : t->to < 0 ? "ends with its member" : moved;
        if (t->to >= 0 && b->t->states[t->to].line >= 0)
            how[i] = waits;
        else if (t->from >= 0 && t->to >= 0 && b->t->states[t->from].line >= 0 && b->t->states[t->to].pool >= 0)
            how[i] = turn;
        source[i] = "";
    }
    for (unsigned c = 0; c < p->n_charts; c++) {
        const struct chart *ch = &b->t->charts[c];
        for (size_t s = 0; s < ch->n_states; s++) {
            const struct state *st = &b->t->states[ch->first_state + s];
            const int16_t *row = p->code[c] + (s + 1) * (ch->n_states + 1u) + 1;
            for (uint32_t i = 0; i < st->clocks.n; i++) {
                const struct clock *k = &b->t->clocks[b->t->enabled[st->clocks.first + i].clock];
                struct text t = {{0}, 0};
                if (how[row[k->to]] != moved) { /* several clocks can make the same transition */
                    put(&t, how[row[k->to]]);
                    put(&t, "; or ");
                }
                put_part(&t, k->node, "hazard", "");
                put_part(&t, k->node, "ratios", " x ");
                how[row[k->to]] = keep(b, &t);
                source[row[k->to]] = source_of(k->node);
            }
            for (uint32_t i = 0; i < st->options.n; i++) {
                const struct option *o = &b->t->options[st->options.first + i];
                struct text t = {{0}, 0};
                put(&t, "at once, weight ");
                if (!kith_node_get(o->node, "weight"))
                    put(&t, "1");
                put_part(&t, o->node, "weight", "");
                put_part(&t, o->node, "ratios", " x ");
                how[row[o->to]] = keep(b, &t);
                source[row[o->to]] = source_of(o->node);
            }
        }
    }
    p->shape.how = how;
    p->shape.source = source;
}
