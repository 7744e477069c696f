#include "chunks.h"

#include <string.h>
#include <time.h>

/* A chunk goes from one to the next. Whoever moves it from WAITING to IN_HAND packs it, and it belongs to the writer alone
 * otherwise. */
enum stage { EMPTY, WAITING, IN_HAND, PACKED };

enum kith_status kith_chunks_init(struct kith_chunks *c, struct kith_mem *mem, size_t most)
{
    enum kith_status status = KITH_OK;
    memset(c, 0, sizeof *c);
    for (size_t i = 0; i < KITH_CHUNKS && status == KITH_OK; i++) {
        atomic_init(&c->chunk[i].stage, EMPTY);
        status = kith_deflate_init(&c->chunk[i].pack, mem);
        if (status == KITH_OK) /* all at once: helpers must not allocate */
            status = kith_deflate_reserve(&c->chunk[i].pack, most);
    }
    return status;
}

void kith_chunks_free(struct kith_chunks *c)
{
    for (size_t i = 0; i < KITH_CHUNKS; i++)
        kith_deflate_free(&c->chunk[i].pack);
}

static bool pack(struct kith_chunk *k)
{
    int waiting = WAITING;
    if (!atomic_compare_exchange_strong(&k->stage, &waiting, IN_HAND))
        return false;
    k->status = kith_deflate_pack(&k->pack, &k->packed, &k->bytes);
    atomic_store(&k->stage, PACKED);
    return true;
}

bool kith_chunks_help(struct kith_chunks *c)
{
    for (size_t i = 0; i < KITH_CHUNKS; i++)
        if (pack(&c->chunk[i]))
            return true;
    return false;
}

/* Writes the earliest chunk that is not written; until it is packed, packs others. */
static enum kith_status write_next(struct kith_chunks *c, const struct kith_h5 *h)
{
    const struct timespec moment = {0, 20000};
    struct kith_chunk *k = &c->chunk[c->written++ % KITH_CHUNKS];
    if (!pack(k))
        while (atomic_load(&k->stage) != PACKED)
            if (!kith_chunks_help(c))
                nanosleep(&moment, NULL);
    atomic_store(&k->stage, EMPTY);
    if (k->status != KITH_OK)
        return kith_error_set(h->err, k->status, h->path, 0, 0, "cannot compress a chunk of %s", k->name);
    if (H5Dwrite_chunk(k->dataset, H5P_DEFAULT, 0, &k->offset, k->bytes, k->packed) < 0)
        return kith_h5_fail(h, "write", k->name);
    return KITH_OK;
}

enum kith_status kith_chunks_put(struct kith_chunks *c, const struct kith_h5 *h, hid_t dataset, const char *name,
                                 hsize_t offset, const void *data, size_t n, size_t width)
{
    enum kith_status status = c->taken - c->written == KITH_CHUNKS ? write_next(c, h) : KITH_OK;
    struct kith_chunk *k = &c->chunk[c->taken % KITH_CHUNKS];
    if (status == KITH_OK)
        status = kith_deflate_take(&k->pack, data, n, width);
    if (status != KITH_OK)
        return status;
    k->dataset = dataset;
    k->name = name;
    k->offset = offset;
    c->taken++;
    atomic_store(&k->stage, WAITING);
    return KITH_OK;
}

enum kith_status kith_chunks_finish(struct kith_chunks *c, const struct kith_h5 *h)
{
    enum kith_status status = KITH_OK;
    while (c->written < c->taken && status == KITH_OK)
        status = write_next(c, h);
    return status;
}
