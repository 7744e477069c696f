/* What the files that compile a scenario share: growing arrays, memory that lives as long as the model, distributions
 * and keys of maps as nodes. */
#include "pathway.h"

static void note_failure(struct build *b, enum kith_status st)
{
    if (st)
        b->status = st;
}

void *pathway_add(struct build *b, void *list, size_t *n, size_t size)
{
    if ((*n & (*n - 1)) == 0) { /* 0, 1, 2, 4, ...: full */
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
