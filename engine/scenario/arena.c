#include "arena.h"

#include <stdalign.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Blocks double from small (a scenario of a page stays one block) to large (a million nodes stay few). */
#define FIRST_BLOCK ((size_t)16 << 10)
#define LARGEST_BLOCK ((size_t)1 << 20)

struct kith_arena_block {
    struct kith_arena_block *next;
    size_t used, size; /* of data, in bytes */
    alignas(max_align_t) unsigned char data[];
};

static size_t round_up(size_t n)
{
    size_t step = alignof(max_align_t);
    return (n + step - 1) / step * step;
}

/* Puts a block with room for at least n bytes in front. */
static struct kith_arena_block *add_block(struct kith_arena *arena, size_t n)
{
    size_t size = arena->blocks ? 2 * arena->blocks->size : FIRST_BLOCK;
    if (size > LARGEST_BLOCK)
        size = LARGEST_BLOCK;
    if (size < n)
        size = n;
    unsigned char *bytes = NULL;
    if (kith_mem_resize(arena->mem, &bytes, sizeof(struct kith_arena_block) + size, 1) != KITH_OK)
        return NULL;
    struct kith_arena_block *block = (struct kith_arena_block *)(void *)bytes;
    block->next = arena->blocks;
    block->used = 0;
    block->size = size;
    arena->blocks = block;
    return block;
}

void *kith_arena_take(struct kith_arena *arena, size_t n, size_t size)
{
    if (size > 0 && n > SIZE_MAX / 4 / size)
        return NULL;
    size_t want = round_up(n * size);
    struct kith_arena_block *block = arena->blocks;
    if (!block || block->size - block->used < want)
        block = add_block(arena, want);
    if (!block)
        return NULL;
    void *p = block->data + block->used;
    block->used += want;
    memset(p, 0, want);
    return p;
}

char *kith_arena_text(struct kith_arena *arena, const char *text, size_t n)
{
    char *copy = kith_arena_take(arena, n + 1, 1);
    if (copy && n > 0)
        memcpy(copy, text, n);
    return copy;
}

void kith_arena_free(struct kith_arena *arena)
{
    while (arena->blocks) {
        struct kith_arena_block *next = arena->blocks->next;
        kith_mem_free(&arena->blocks);
        arena->blocks = next;
    }
}
