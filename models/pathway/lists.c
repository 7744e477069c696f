/* What the files that compile a scenario share: growing arrays, memory that lives as long as the model, distributions
 * and keys of maps as nodes. */
#include "pathway.h"

static void note_failure(struct build *b, enum kith_status st)
{
    if (st)
        b->status = st;
}

/* One report, about the scenario as a whole, and reading ends. */
static void too_large(struct build *b, const char *what)
{
    const struct kith_scenario *sc = b->p->sc;
    const struct kith_node *costs = kith_node_get(sc->root, "costs");
    if (b->status)
        return;
    b->status = kith_node_error(b->r, sc->root, "the scenario is too large: %s (%zu arms, %d months, %zu areas, %zu charts, "
                                "%zu costs)", what, sc->n_arms, sc->months, sc->n_areas, b->p->n_charts,
                                costs ? costs->n : 0);
}

bool pathway_has_room(struct build *b, size_t n, size_t size)
{
    if (!b->status && n > (PATHWAY_BYTES_MAX - b->p->bytes_kept) / (size ? size : 1))
        too_large(b, "it would need over 2 GiB of tables; their size is arms times dates times clocks, and arms times "
                     "months times costs times transitions");
    return !b->status;
}

/* The same for n elements that are had now. */
static bool take_room(struct build *b, size_t n, size_t size)
{
    if (!pathway_has_room(b, n, size))
        return false;
    b->p->bytes_kept += n * size;
    return true;
}

bool pathway_afford(struct build *b, size_t n, size_t steps)
{
    struct pathway *p = b->p;
    if (b->status)
        return false;
    if (n > (PATHWAY_STEPS_MAX - p->steps) / (steps ? steps : 1)) {
        too_large(b, "to read it would take too long; the time is arms times dates times values, and measures times "
                     "transitions");
        return false;
    }
    p->steps += n * steps;
    return true;
}

size_t pathway_count_values(const struct kith_node *node)
{
    size_t n = 1;
    for (const struct kith_node *k = node ? node->first : NULL; k; k = k->next)
        n += pathway_count_values(k);
    return n;
}

void pathway_check_name(struct build *b, const struct kith_node *node, const char *name)
{
    if (strlen(name) > PATHWAY_NAME_MAX)
        kith_node_error(b->r, node, "name '%.40s...' has %zu bytes; at most %d are allowed", name, strlen(name),
                        PATHWAY_NAME_MAX);
    else if (name[0] == '\0' || strpbrk(name, "\n\t"))
        kith_node_error(b->r, node, "'%s' is no name: it has to be one line of text", name);
}

const char *pathway_nearest(const struct build *b, const char *name, const char *const *names, size_t n)
{
    return b->r->errors->n < KITH_ERRORS_MAX ? kith_node_nearest(name, names, n) : NULL;
}

void *pathway_add(struct build *b, void *list, size_t *n, size_t size)
{
    if ((*n & (*n - 1)) == 0) { /* 0, 1, 2, 4, ...: full */
        if (!take_room(b, *n ? *n : 1, size))
            return NULL;
        enum kith_status st = kith_mem_resize(b->p->mem, list, *n ? 2 * *n : 1, size);
        note_failure(b, st);
        if (st)
            return NULL;
    }
    unsigned char *array;
    memcpy(&array, list, sizeof array);
    return memset(array + (*n)++ * size, 0, size);
}

void *pathway_keep(struct build *b, size_t n, size_t size)
{
    struct pathway *p = b->p;
    void *memory = NULL;
    if (!take_room(b, n, size))
        return NULL;
    if (p->n_owned == p->owned_room) {
        size_t room = p->owned_room ? 2 * p->owned_room : 64;
        enum kith_status st = kith_mem_resize(p->mem, &p->owned, room, sizeof *p->owned);
        note_failure(b, st);
        if (st)
            return NULL;
        p->owned_room = room;
    }
    enum kith_status st = kith_mem_zeroed(p->mem, &memory, n ? n : 1, size);
    note_failure(b, st);
    if (!st)
        p->owned[p->n_owned++] = memory;
    return memory;
}

void pathway_init_dist(struct build *b, const struct kith_node *node, struct kith_dist *d, enum kith_dist_kind kind,
                       double a, double scale, size_t n, const double *x, const double *y)
{
    struct kith_error err;
    if (b->r->errors->n)
        return; /* values may be stand-ins; a second report about them would only confuse */
    enum kith_status st = kith_dist_init(d, b->p->mem, kind, a, scale, n, x, y, &err);
    if (st == KITH_NO_MEMORY)
        b->status = st;
    else if (st)
        kith_node_error(b->r, node, "%s", err.text);
}

struct kith_node pathway_key_node(const struct kith_node *entry)
{
    struct kith_node key = *entry;
    key.kind = KITH_NODE_SCALAR;
    key.text = entry->key ? entry->key : "";
    key.line = entry->key_line;
    key.column = entry->key_column;
    return key;
}
