#include "store.h"

#include <string.h>

#define STEP 32 /* sizes differ by half a cache line */
#define CHUNK ((size_t)16 << 20)

void kith_store_init(struct kith_store *s, struct kith_mem *mem)
{
    *s = (struct kith_store){.mem = mem};
}

void kith_store_free(struct kith_store *s)
{
    for (size_t i = 0; i < s->n_chunks; i++)
        kith_mem_free(&s->chunk[i]);
    kith_mem_free(&s->chunk);
    kith_mem_free(&s->free);
    kith_store_init(s, s->mem);
}

enum kith_status kith_store_begin(struct kith_store *s, size_t largest)
{
    size_t classes = largest / STEP + 2, bytes = classes * STEP > CHUNK ? classes * STEP : CHUNK;
    if (bytes > s->chunk_bytes) {
        kith_store_free(s);
        s->chunk_bytes = bytes;
    }
    /* what the last pieces did not need goes back: areas come by size, and those behind a large one need less and less */
    while (s->n_chunks > s->at_chunk + 1)
        kith_mem_free(&s->chunk[--s->n_chunks]);
    enum kith_status st = kith_mem_resize(s->mem, &s->free, classes, sizeof *s->free);
    if (st)
        return st;
    memset(s->free, 0, classes * sizeof *s->free);
    s->n_classes = classes;
    s->at_chunk = s->at = 0;
    return KITH_OK;
}

static void *take(struct kith_store *s, size_t bytes)
{
    size_t size = (bytes + STEP - 1) / STEP * STEP;
    void *piece = s->free[size / STEP];
    if (piece) {
        memcpy(&s->free[size / STEP], piece, sizeof piece);
        return piece;
    }
    if (s->at_chunk < s->n_chunks && s->at + size > s->chunk_bytes) {
        s->at_chunk++;
        s->at = 0;
    }
    if (s->at_chunk == s->n_chunks) {
        if (s->n_chunks == s->chunks_room) {
            size_t room = s->chunks_room ? 2 * s->chunks_room : 16;
            if (kith_mem_resize(s->mem, &s->chunk, room, sizeof *s->chunk))
                return NULL;
            s->chunks_room = room;
        }
        s->chunk[s->n_chunks] = NULL;
        if (kith_mem_resize(s->mem, &s->chunk[s->n_chunks], s->chunk_bytes + KITH_STORE_BEYOND, 1))
            return NULL;
        kith_mem_large_pages(s->chunk[s->n_chunks], s->chunk_bytes);
        s->n_chunks++;
    }
    piece = s->chunk[s->at_chunk] + s->at;
    s->at += size;
    return piece;
}

static void give(struct kith_store *s, void *piece, size_t bytes)
{
    size_t class = (bytes + STEP - 1) / STEP;
    memcpy(piece, &s->free[class], sizeof piece);
    s->free[class] = piece;
}

void *kith_store_exchange(struct kith_store *s, void *piece, size_t old, size_t bytes)
{
    if (piece && bytes && (old + STEP - 1) / STEP == (bytes + STEP - 1) / STEP)
        return piece;
    if (piece)
        give(s, piece, old);
    return bytes ? take(s, bytes) : NULL;
}

size_t kith_store_bytes(const struct kith_store *s)
{
    return s->at_chunk * s->chunk_bytes + s->at;
}
