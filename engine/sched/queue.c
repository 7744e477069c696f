/* Years are cut into buckets of one width (a calendar queue, Brown, CACM 31:10, 1988, that never turns round: the
 * horizon is known). What is pushed goes unsorted to the end of its bucket; a bucket is sorted when its time has come.
 * A heap moves an entry along a path that is in no cache; here it is written once, next to others that were written
 * lately, and read once, in sequence.
 *
 * A bucket is sorted by distributing its entries to bins of equal width, which is a monotone function of time, and then
 * by insertion, which finds nearly all in place. Where times stand so close together that bins have many entries, these
 * are merge-sorted, so that no history takes longer than n log n. What is pushed into the bucket being drained goes into
 * a heap beside it. Sorting takes no memory that could be missing: there is always room for the largest bucket, in `run`
 * for the result, in `late`, which is empty then, for merging. */
#include "queue.h"

#include <float.h>
#include <math.h>
#include <string.h>

#define BINS 4096u
#define CROWDED 24u /* a bin with more entries is not left to insertion */

static const struct kith_queue_entry never = {INFINITY, UINT32_MAX};

/* Empty, and everything is past the end. */
static void shut(struct kith_queue *q)
{
    q->end = -INFINITY;
    q->n = q->at = q->n_run = q->n_late = 0;
}

void kith_queue_init(struct kith_queue *q, struct kith_mem *mem)
{
    *q = (struct kith_queue){.mem = mem};
    shut(q);
}

void kith_queue_free(struct kith_queue *q)
{
    kith_mem_free(&q->run);
    kith_mem_free(&q->late);
    kith_mem_free(&q->bucket);
    for (size_t i = 0; i < q->slabs; i++)
        kith_mem_free(&q->slab[i].memory);
    kith_mem_free(&q->slab);
    kith_mem_free(&q->bin);
    kith_queue_init(q, q->mem);
}

/* Room for buckets of n entries. */
static enum kith_status make_room(struct kith_queue *q, size_t n)
{
    enum kith_status st;
    if (n <= q->room)
        return KITH_OK;
    size_t room = q->room + q->room / 2;
    room = room > n ? room : n;
    if ((st = kith_mem_resize(q->mem, &q->run, room + 1, sizeof *q->run)) ||
        (st = kith_mem_resize(q->mem, &q->late, room, sizeof *q->late)))
        return st;
    q->room = room;
    return KITH_OK;
}

/* How many buckets: few enough that the ends of all that are in use, where entries are written, stay in the cache; enough
 * that one is sorted there and little comes late. If families have an event a year, it takes in about 512. The limit of years
 * is for memory, half a chunk in each that is in use: so a chunk's entries are to wait in one; that of buckets for the
 * ends: more than 4096, a line of the cache each, are in no second level of it. */
static size_t how_many(double end, size_t expected)
{
    double years = end < 1 ? 1 : end > 512 / KITH_QUEUE_CHUNK ? 512 / KITH_QUEUE_CHUNK : end, n = (double)expected * years / 512;
    return n > 256 ? n < 4096 ? (size_t)n : 4096 : 256;
}

enum kith_status kith_queue_begin(struct kith_queue *q, double end, size_t expected)
{
    enum kith_status st;
    size_t buckets = how_many(end, expected);
    double scale = (double)buckets / end;
    shut(q);
    if ((st = make_room(q, 64)) || (!q->bin && (st = kith_mem_resize(q->mem, &q->bin, BINS, sizeof *q->bin))))
        return st;
    if (buckets + 1 > q->bucket_room) {
        if ((st = kith_mem_resize(q->mem, &q->bucket, buckets + 1, sizeof *q->bucket)))
            return st;
        q->bucket_room = buckets + 1;
    }
    for (size_t i = 0; i <= buckets; i++) /* one more: the product of `end` and the scale may be rounded up */
        q->bucket[i] = NULL;
    q->next = 0;
    q->at_slab = q->at_chunk = 0;
    q->free = NULL;
    q->until = 0;
    q->scale = scale <= DBL_MAX ? scale : 0; /* all in one bucket */
    q->end = end <= DBL_MAX ? end : DBL_MAX;
    q->run[0] = q->late[0] = never;
    return KITH_OK;
}

/* Puts e where the hole at i of a heap of n has to sink to. Four children a node (Knuth, TAOCP 3, 5.2.3): half the depth,
 * and the children share a cache line. */
static void sink(struct kith_queue_entry *heap, size_t n, struct kith_queue_entry e)
{
    size_t i = 0;
    for (;;) {
        size_t child = 4 * i + 1, last = child + 4 < n ? child + 4 : n, least = child;
        if (child >= n)
            break;
        for (size_t c = child + 1; c < last; c++)
            if (kith_queue_before(heap[c], heap[least]))
                least = c;
        if (!kith_queue_before(heap[least], e))
            break;
        heap[i] = heap[least];
        i = least;
    }
    heap[i] = e;
}

void kith_queue_pop_late(struct kith_queue *q)
{
    struct kith_queue_entry e = q->late[--q->n_late];
    if (q->n_late)
        sink(q->late, q->n_late, e);
    else
        q->late[0] = never;
}

static enum kith_status push_late(struct kith_queue *q, struct kith_queue_entry e)
{
    enum kith_status st = make_room(q, q->n_late + 1);
    if (st)
        return st;
    size_t i = q->n_late++;
    while (i && kith_queue_before(e, q->late[(i - 1) / 4])) {
        q->late[i] = q->late[(i - 1) / 4];
        i = (i - 1) / 4;
    }
    q->late[i] = e;
    q->n++;
    return KITH_OK;
}

/* Adds a slab, half as large as all there are. */
static enum kith_status add_slab(struct kith_queue *q)
{
    enum kith_status st;
    size_t n = 0;
    for (size_t i = 0; i < q->slabs; i++)
        n += q->slab[i].n;
    n = n / 2 > 64 ? n / 2 : 64;
    if ((st = kith_mem_resize(q->mem, &q->slab, q->slabs + 1, sizeof *q->slab)))
        return st;
    struct kith_queue_slab *s = &q->slab[q->slabs];
    s->memory = NULL;
    if ((st = kith_mem_resize(q->mem, &s->memory, n + 1, sizeof *s->memory)))
        return st;
    size_t over = (uintptr_t)(void *)s->memory % KITH_QUEUE_CHUNK_BYTES;
    s->chunk = (void *)((char *)s->memory + (KITH_QUEUE_CHUNK_BYTES - over));
    kith_mem_large_pages(s->chunk, n * sizeof *s->chunk);
    s->n = n;
    q->slabs++;
    return KITH_OK;
}

/* The last chunk of the bucket, full or not: the byte before the place of the next entry is in it. */
static struct kith_queue_chunk *last_chunk(struct kith_queue_entry *bucket)
{
    char *in = (char *)bucket - 1;
    return (void *)(in - (uintptr_t)(void *)in % KITH_QUEUE_CHUNK_BYTES);
}

/* Entries in the bucket. */
static size_t entries(struct kith_queue_entry *bucket)
{
    const struct kith_queue_chunk *c = last_chunk(bucket);
    return c->before + (size_t)(bucket - c->entry);
}

/* Appends an empty chunk to the bucket. */
static enum kith_status add_chunk(struct kith_queue *q, struct kith_queue_entry **bucket)
{
    enum kith_status st;
    struct kith_queue_chunk *c = q->free, *last = *bucket ? last_chunk(*bucket) : NULL;
    size_t n = *bucket ? entries(*bucket) : 0;
    if (n > UINT32_MAX - KITH_QUEUE_CHUNK)
        return KITH_NO_MEMORY;
    if ((st = make_room(q, n + KITH_QUEUE_CHUNK)))
        return st;
    if (c) {
        q->free = c->next;
    } else {
        if (q->at_slab < q->slabs && q->at_chunk == q->slab[q->at_slab].n) {
            q->at_slab++;
            q->at_chunk = 0;
        }
        if (q->at_slab == q->slabs && (st = add_slab(q)))
            return st;
        c = &q->slab[q->at_slab].chunk[q->at_chunk++];
    }
    c->before = (uint32_t)n;
    c->next = last ? last->next : c;
    if (last)
        last->next = c;
    *bucket = c->entry;
    return KITH_OK;
}

enum kith_status kith_queue_push_other(struct kith_queue *q, struct kith_queue_entry e)
{
    enum kith_status st;
    if (!(e.time <= q->end))
        return KITH_OK;
    if (e.time < q->until)
        return push_late(q, e);
    if ((st = add_chunk(q, &q->bucket[(size_t)(int64_t)(e.time * q->scale)])))
        return st;
    return kith_queue_push(q, e.time, e.family);
}

static void insertion_sort(struct kith_queue_entry *e, size_t n)
{
    for (size_t i = 1; i < n; i++) {
        struct kith_queue_entry x = e[i];
        size_t k = i;
        for (; k && kith_queue_before(x, e[k - 1]); k--)
            e[k] = e[k - 1];
        e[k] = x;
    }
}

/* `spare` has room for n / 2. What is in order already takes n steps. */
static void merge_sort(struct kith_queue_entry *e, size_t n, struct kith_queue_entry *spare)
{
    if (n <= 12) {
        insertion_sort(e, n);
        return;
    }
    size_t half = n / 2, i = 0, k = half, to = 0;
    merge_sort(e, half, spare);
    merge_sort(e + half, n - half, spare);
    if (!kith_queue_before(e[half], e[half - 1]))
        return;
    memcpy(spare, e, half * sizeof *e);
    while (i < half)
        e[to++] = k < n && kith_queue_before(e[k], spare[i]) ? e[k++] : spare[i++];
}

/* Sorts the bins of the run that insertion would be slow with. bin[i] is where bin i ends. */
static void sort_crowded(struct kith_queue *q, size_t bins)
{
    for (size_t i = 0, from = 0; i < bins; from = q->bin[i++])
        if (q->bin[i] - from > CROWDED)
            merge_sort(q->run + from, q->bin[i] - from, q->late);
}

/* Moves bucket i, of `all` entries, into the run, in order of bins. */
static void distribute(struct kith_queue *q, size_t i, size_t all)
{
    const struct kith_queue_chunk *c, *first = last_chunk(q->bucket[i])->next;
    size_t bins = 16, left;
    while (bins < all && bins < BINS)
        bins *= 2;
    double start = (double)i, fine = (double)bins;
    uint32_t sum = 0, most = 0;
    memset(q->bin, 0, bins * sizeof *q->bin);
    for (c = first, left = all; left; c = c->next) {
        const struct kith_queue_entry *e = c->entry;
        size_t n = left < KITH_QUEUE_CHUNK ? left : KITH_QUEUE_CHUNK;
        const char *ahead = (const char *)c->next->next;
        for (size_t line = 0; line < KITH_QUEUE_CHUNK_BYTES; line += 64)
            __builtin_prefetch(ahead + line);
        for (size_t k = 0; k < n; k++)
            q->bin[(uint32_t)(int32_t)((e[k].time * q->scale - start) * fine)]++;
        left -= n;
    }
    for (size_t k = 0; k < bins; k++) {
        uint32_t n = q->bin[k];
        q->bin[k] = sum;
        sum += n;
        most = n > most ? n : most;
    }
    for (c = first, left = all; left; c = c->next) {
        const struct kith_queue_entry *e = c->entry;
        size_t n = left < KITH_QUEUE_CHUNK ? left : KITH_QUEUE_CHUNK;
        for (size_t k = 0; k < n; k++)
            q->run[q->bin[(uint32_t)(int32_t)((e[k].time * q->scale - start) * fine)]++] = e[k];
        left -= n;
    }
    if (most > CROWDED)
        sort_crowded(q, bins);
}

void kith_queue_turn(struct kith_queue *q)
{
    size_t i = q->next;
    while (!q->bucket[i])
        i++;
    struct kith_queue_chunk *last = last_chunk(q->bucket[i]), *first = last->next;
    q->n_run = entries(q->bucket[i]);
    q->at = 0;
    distribute(q, i, q->n_run);
    insertion_sort(q->run, q->n_run);
    q->run[q->n_run] = q->late[0] = never;
    last->next = q->free;
    q->free = first;
    q->next = i + 1;
    /* The first moment of the next bucket, exactly: division and multiplication round, both monotonely. */
    double border = (double)(i + 1), t = border / q->scale;
    while (t * q->scale >= border)
        t = nextafter(t, -INFINITY);
    while (t * q->scale < border)
        t = nextafter(t, INFINITY);
    q->until = t;
}
