/* Room for the families of an area that are there at the same time: pieces of a few sizes, handed out again when a
 * family is over. Families never move. Not to be shared between threads. */
#ifndef KITH_SIM_STORE_H
#define KITH_SIM_STORE_H

#include "../base/mem.h"

struct kith_store {
    struct kith_mem *mem;
    size_t n_classes;
    void **free;           /* [n_classes] first free piece of this size, which holds the next one's address */
    unsigned char **chunk; /* [n_chunks] */
    size_t n_chunks, chunks_room, chunk_bytes, at_chunk, at; /* what of which chunk comes next */
};

/* An empty store. */
void kith_store_init(struct kith_store *s, struct kith_mem *mem);
/* Releases all memory. */
void kith_store_free(struct kith_store *s);
/* Takes everything back and keeps the memory, for pieces of at most `largest` bytes from now on. */
KITH_MUST_CHECK enum kith_status kith_store_begin(struct kith_store *s, size_t largest);
/* A piece of at least `bytes`, aligned for anything, its content undefined; NULL when memory runs out. */
void *kith_store_take(struct kith_store *s, size_t bytes);
/* Gives back a piece that was taken with this many bytes. */
void kith_store_give(struct kith_store *s, void *piece, size_t bytes);

#endif
