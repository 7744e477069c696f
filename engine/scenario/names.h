/* Finding names: exactly, in a sorted index, and nearly, for "did you mean". */
#ifndef KITH_SCENARIO_NAMES_H
#define KITH_SCENARIO_NAMES_H

#include "../base/mem.h"

/* A sorted index over names. Sorting, and not hashing, because a hostile file can choose its names so that
 * they all collide. Zeroed is empty and may be freed. */
struct kith_index_entry {
    const char *text; /* borrowed */
    size_t id;
};
struct kith_index {
    size_t n;
    struct kith_index_entry *entries;
};

/* Makes room for n entries, which the caller fills before kith_index_sort. */
KITH_MUST_CHECK enum kith_status kith_index_make(struct kith_mem *mem, struct kith_index *index, size_t n);
/* Sorts by text, then id: entries of one text stand together, the smallest id first. */
void kith_index_sort(struct kith_index *index);
/* The smallest id of the text, or (size_t)-1 if it is not there. */
size_t kith_index_find(const struct kith_index *index, const char *text);
void kith_index_free(struct kith_index *index);

/* True if the text is [a-z][a-z0-9_]*, with `dash` also "-", and at most 100 bytes long. */
bool kith_names_valid(const char *text, bool dash);

#endif
