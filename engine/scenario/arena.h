/* Memory that is given out piece by piece and freed all at once: the nodes of a scenario, their texts and the
 * tables made from them live exactly as long as the scenario. */
#ifndef KITH_SCENARIO_ARENA_H
#define KITH_SCENARIO_ARENA_H

#include "../base/mem.h"

struct kith_arena_block;

/* Zeroed is ready for use but for `mem`, which is borrowed and must outlive the arena. */
struct kith_arena {
    struct kith_mem *mem;
    struct kith_arena_block *blocks;
};

/* n elements of `size` bytes, zeroed and aligned for any object; NULL when out of memory or when n * size
 * overflows. n = 0 gives a valid pointer to nothing. */
void *kith_arena_take(struct kith_arena *arena, size_t n, size_t size);

/* A copy of the first n bytes of `text` with a NUL behind them, or NULL when out of memory. */
char *kith_arena_text(struct kith_arena *arena, const char *text, size_t n);

/* Frees everything that was taken. The arena may be used again. */
void kith_arena_free(struct kith_arena *arena);

#endif
