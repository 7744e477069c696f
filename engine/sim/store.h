/* Room for the families of an area that are there at the same time, packed: pieces of a few sizes, handed out again when
 * they are given back. Not to be shared between threads. */
#ifndef KITH_SIM_STORE_H
#define KITH_SIM_STORE_H

#include "../base/mem.h"

/* Bytes behind a packed family that may be written while it is packed and read while it is unpacked. */
#define KITH_STORE_BEYOND 64

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
/* Takes everything back, for pieces of at most `largest` bytes from now on. Keeps as much memory as was needed since the last time:
 * what an earlier, larger area had needed goes back to the system. */
KITH_MUST_CHECK enum kith_status kith_store_begin(struct kith_store *s, size_t largest);
/* Gives back `piece` (NULL: none), which was got with `old` bytes, for one of `bytes` (0: none), aligned for anything: the
 * same one if that will do, else one of undefined content. KITH_STORE_BEYOND bytes behind it may be read,
 * not written. NULL if none is wanted or when memory runs out; the old one
 * is given back in every case. */
void *kith_store_exchange(struct kith_store *s, void *piece, size_t old, size_t bytes);
/* Bytes that were in use at the same time at most, since kith_store_begin. */
size_t kith_store_bytes(const struct kith_store *s);

#endif
