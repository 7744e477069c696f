/* Feeds arbitrary bytes to the reader of shards, and what it takes from them to all that works with shards: the cells, the
 * scenario in the head, a copy, a mend, the journal of a run.
 *
 * The first byte of an input says how it is read (enum mode), the second, if it is not 0, which allocation is the first to
 * fail. Every part of a shard has a checksum, which a mutation never hits: by the mode they are put right first. The mutator
 * for clang's fuzzer knows where texts and records begin and end, and keeps their lengths right.
 *
 * With clang's fuzzer: clang -fsanitize=fuzzer,address,undefined ... fuzz_shard.c. Without it, compile with
 * -DKITH_FUZZ_REPLAY: main() then runs the files named as arguments. */
#define _GNU_SOURCE /* for RTLD_NEXT */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../engine/record/deflate.h"
#include "../../engine/record/shard_format.h"
#include "../../engine/run/journal.h"
#include "../../models/models.h"

#define ROOM ((size_t)1 << 20)
#define MOST_MODELS 16
#define MONTHS 24
#define REPLICATIONS 64
#define MOST_AXIS 64

enum mode { SUMS = 1, FRAMES = 2, UNFINISHED = 4, JOURNAL = 8, RICH = 16, MODES = 32 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t most, unsigned seed);

/* As scenarios/chain.yaml has it, and one with everything. */
static const struct kith_shape plain = {.n_states = 6, .n_transitions = 20};
static const struct kith_shape rich = {
    .n_states = 5, .n_transitions = 8, .n_counts = 2, .n_costs = 1, .n_amounts = 2, .n_attributes = 2, .members = 2};
static const struct kith_shape *shape = &plain;

static char directory[64], shard_path[128], unfinished_path[128], mended_path[128], copy_path[128], output_path[128];
static bool nothing_may_be_opened, something_was;

/* In place of the C library's, to notice a reader that opens files. */
FILE *fopen(const char *path, const char *how)
{
    static FILE *(*real)(const char *, const char *);
    if (!real) {
        void *found = dlsym(RTLD_NEXT, "fopen");
        memcpy(&real, &found, sizeof real);
    }
    something_was |= nothing_may_be_opened;
    return real(path, how);
}

static void must(bool holds)
{
    if (!holds)
        abort();
}

static void remove_directory(void)
{
    unlink(shard_path);
    unlink(unfinished_path);
    unlink(mended_path);
    unlink(copy_path);
    rmdir(directory);
}

static void make_directory(void)
{
    if (directory[0])
        return;
    strcpy(directory, "/dev/shm/kith-fuzz-XXXXXX");
    if (!mkdtemp(directory)) {
        strcpy(directory, "/tmp/kith-fuzz-XXXXXX");
        must(mkdtemp(directory));
    }
    snprintf(shard_path, sizeof shard_path, "%s/a.shard", directory);
    snprintf(unfinished_path, sizeof unfinished_path, "%s/a.shard.tmp", directory);
    snprintf(mended_path, sizeof mended_path, "%s/mended", directory);
    snprintf(copy_path, sizeof copy_path, "%s/copy", directory);
    snprintf(output_path, sizeof output_path, "%s/out.h5", directory);
    atexit(remove_directory);
}

static void put_file(const char *path, const uint8_t *bytes, size_t n)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    must(fd >= 0 && write(fd, bytes, n) == (ssize_t)n && close(fd) == 0);
}

/* ---- putting checksums right */

/* The first record behind the head, or n. */
static size_t repair_head(uint8_t *bytes, size_t n, unsigned mode)
{
    struct shard_preamble p;
    if (n < sizeof p)
        return n;
    memcpy(&p, bytes, sizeof p);
    if (mode & FRAMES) {
        memcpy(p.magic, KITH_SHARD_MAGIC, sizeof p.magic);
        p.bytes = p.bytes > n - sizeof p ? n - sizeof p : p.bytes;
    }
    if (p.bytes <= n - sizeof p)
        p.crc = kith_deflate_crc(0, bytes + sizeof p, (size_t)p.bytes);
    p.crc_here = kith_deflate_crc(0, &p, sizeof p - sizeof p.crc_here);
    memcpy(bytes, &p, sizeof p);
    return p.bytes <= n - sizeof p ? sizeof p + (size_t)p.bytes : n;
}

/* The next record, or n. */
static size_t repair_record(uint8_t *bytes, size_t n, size_t at, unsigned mode, uint64_t *cells)
{
    static const uint32_t kinds[] = {KITH_SHARD_TRACKS, KITH_SHARD_SERIES, KITH_SHARD_END};
    struct shard_record r;
    uint8_t *content = bytes + at + sizeof r;
    memcpy(&r, bytes + at, sizeof r);
    uint64_t room = n - at - sizeof r;
    if (mode & FRAMES) {
        r.zero = 0;
        if (r.kind != kinds[0] && r.kind != kinds[1] && r.kind != kinds[2])
            r.kind = kinds[r.kind % 3];
        r.bytes = r.bytes > room ? room : r.bytes;
        *cells += r.kind == KITH_SHARD_SERIES;
        if (r.kind == KITH_SHARD_END && r.bytes == sizeof(struct shard_end))
            memcpy(content, cells, sizeof *cells);
    }
    if (r.bytes <= room)
        r.crc = kith_deflate_crc(0, content, (size_t)r.bytes);
    r.crc_here = kith_deflate_crc(0, &r, sizeof r - sizeof r.crc_here);
    memcpy(bytes + at, &r, sizeof r);
    return r.bytes <= room ? at + sizeof r + (size_t)r.bytes : n;
}

static void repair(uint8_t *bytes, size_t n, unsigned mode)
{
    uint64_t cells = 0;
    size_t at = repair_head(bytes, n, mode);
    while (n - at >= sizeof(struct shard_record))
        at = repair_record(bytes, n, at, mode, &cells);
}

/* ---- what is done with a shard */

static void check_head(const struct kith_shard_head *h)
{
    const char *text[] = {h->fingerprint, h->arms,           h->how.version,     h->how.git_revision, h->how.compiler,
                          h->how.flags,   h->how.libraries, h->how.command,     h->how.draw_scheme,  h->how.started};
    size_t n = 0;
    for (size_t i = 0; i < sizeof text / sizeof *text; i++)
        n += strlen(text[i]);
    must(h->n_sources > 0);
    for (size_t i = 0; i < h->n_sources; i++) {
        n += strlen(h->sources[i].path);
        for (size_t k = 0; k < h->sources[i].n; k++)
            n += (unsigned char)h->sources[i].bytes[k];
    }
    for (size_t i = 0; i < h->n_overrides; i++)
        n += strlen(h->overrides[i].path) + strlen(h->overrides[i].value);
    must(n != SIZE_MAX);
}

/* The scenario that the shard carries. */
static void read_scenario(const struct kith_shard_head *h, struct kith_mem *mem)
{
    struct kith_model_keys keys[MOST_MODELS];
    struct kith_scenario sc;
    struct kith_errors errors = {0};
    must(kith_n_models <= MOST_MODELS);
    for (size_t i = 0; i < kith_n_models; i++)
        keys[i] = (struct kith_model_keys){kith_models[i]->name, kith_models[i]->keys, kith_models[i]->n_keys};
    something_was = false;
    nothing_may_be_opened = true;
    enum kith_status st = kith_scenario_read_sources(&sc, mem, h->sources, h->n_sources, h->overrides, h->n_overrides, keys,
                                                     kith_n_models, &errors);
    nothing_may_be_opened = false;
    must(!something_was && (st == KITH_NO_MEMORY || (st == KITH_OK) == (errors.n == 0)));
    kith_scenario_free(&sc);
}

static void check_tracks(const struct kith_tracks *t)
{
    int64_t events = 0, members = 0;
    double sum = 0;
    for (size_t i = 0; i < t->n_families; i++) {
        must(t->event_end[i] >= events && t->member_end[i] >= members);
        events = t->event_end[i];
        members = t->member_end[i];
        sum += t->id[i];
        for (size_t k = 0; k < shape->n_attributes; k++)
            sum += (double)t->attribute[i * shape->n_attributes + k];
    }
    must((size_t)events == t->n_events && (size_t)members == t->n_members);
    for (size_t i = 0; i < t->n_members; i++)
        sum += t->birth_day[i];
    for (size_t i = 0; i < t->n_events; i++) {
        must(kith_tracks_code(t, i) < shape->n_transitions);
        sum += t->day[i] + kith_tracks_member(t, i);
    }
    must(sum != 0.125);
}

/* Arrays without elements are NULL. */
static bool same_array(const void *a, const void *b, size_t bytes)
{
    return bytes == 0 || memcmp(a, b, bytes) == 0;
}

static bool same_series(const struct kith_series *a, const struct kith_series *b)
{
    size_t n = (size_t)a->months;
    return same_array(a->stock, b->stock, (n + 1) * a->n_states * sizeof *a->stock) &&
           same_array(a->flow, b->flow, n * a->n_transitions * sizeof *a->flow) &&
           same_array(a->count, b->count, (n + 1) * a->n_counts * sizeof *a->count) &&
           same_array(a->cost, b->cost, n * a->n_costs * sizeof *a->cost) &&
           same_array(a->amount, b->amount, n * a->n_amounts * sizeof *a->amount);
}

/* Unpacks series; packed and unpacked again they have to be the same. */
static void undo(const struct kith_shard_piece *piece, struct kith_mem *mem)
{
    struct kith_packed p;
    struct kith_series s, again;
    kith_packed_init(&p, mem);
    enum kith_status st = kith_series_init(&s, mem, shape, MONTHS);
    if (kith_series_init(&again, mem, shape, MONTHS) || st)
        goto out;
    st = kith_packed_undo(&p, piece->packed, piece->bytes, &s);
    if (!st)
        st = kith_packed_series(&p, &s, piece->events);
    must(st != KITH_INTERNAL);
    if (!st) {
        struct kith_packed other;
        kith_packed_init(&other, mem);
        st = kith_packed_undo(&other, p.bytes, p.n, &again);
        must(st == KITH_NO_MEMORY || (!st && same_series(&s, &again)));
        kith_packed_free(&other);
    }
out:
    kith_series_free(&s);
    kith_series_free(&again);
    kith_packed_free(&p);
}

static void read_cells(struct kith_shard *s, struct kith_mem *mem)
{
    struct kith_error err;
    for (size_t i = 0; i < s->n_cells; i++) {
        uint64_t at = s->cells[i].from, before = at;
        struct kith_shard_piece piece = {0};
        while (!piece.last) {
            if (kith_shard_read(s, shape, &at, &piece, &err))
                break;
            must(at > before && at <= s->cells[i].to);
            before = at;
            if (piece.last)
                undo(&piece, mem);
            else
                check_tracks(&piece.tracks);
        }
        must(!piece.last || at == s->cells[i].to);
        const bool whole = piece.last;
        const size_t bytes = piece.bytes;
        enum kith_status st = kith_shard_read_series(s, i, &piece, &err);
        must(st == KITH_OK || st == KITH_IO || st == KITH_NO_MEMORY);
        must(!whole || st == KITH_NO_MEMORY || (!st && piece.last && piece.bytes == bytes));
    }
}

static void check_shard(const struct kith_shard *s, size_t size)
{
    uint64_t last = sizeof(struct shard_preamble);
    must(s->complete == (s->fault[0] == '\0') && s->complete != s->damaged && !(s->complete && s->cut));
    must(!s->foreign && s->good <= size && s->fd < 0);
    for (size_t i = 0; i < s->n_cells; i++) {
        must(s->cells[i].from >= last && s->cells[i].to > s->cells[i].from && s->cells[i].to <= size);
        last = s->cells[i].to;
    }
    must(!(s->complete || s->cut) || last <= s->good);
}

/* Whether `b` has the cells of `a` and no others. */
static void same_cells(const struct kith_shard *a, const struct kith_shard *b)
{
    must(b->complete && a->n_cells == b->n_cells);
    for (size_t i = 0; i < a->n_cells; i++)
        must(a->cells[i].cell == b->cells[i].cell &&
             a->cells[i].to - a->cells[i].from == b->cells[i].to - b->cells[i].from);
}

static void compare_file(const struct kith_shard *s, struct kith_mem *mem, const char *path)
{
    struct kith_shard other;
    struct kith_error err;
    enum kith_status st = kith_shard_open(&other, mem, path, true, &err);
    must(st == KITH_OK || st == KITH_NO_MEMORY);
    if (!st)
        same_cells(s, &other);
    kith_shard_free(&other);
    unlink(path);
}

/* The intact cells in a new shard, as after damage. */
static void copy(struct kith_shard *s, struct kith_mem *mem)
{
    struct kith_shard_writer w;
    struct kith_error err;
    enum kith_status st = kith_shard_create(&w, mem, copy_path, &s->head, &err);
    must(st == KITH_OK || st == KITH_NO_MEMORY);
    if (st)
        return;
    for (size_t i = 0; i < s->n_cells; i++)
        must(kith_shard_put_copy(&w, s, i, &err) == KITH_OK);
    must(kith_shard_close(&w, s->wall_seconds, false, &err) == KITH_OK);
    compare_file(s, mem, copy_path);
}

static void mend(struct kith_shard *s, struct kith_mem *mem)
{
    struct kith_error err;
    enum kith_status st = kith_shard_mend(s, mended_path, &err);
    must(st == KITH_OK || st == KITH_NO_MEMORY);
    if (!st)
        compare_file(s, mem, mended_path);
}

static void add_cells(struct kith_shard *s, struct kith_mem *mem, bool once)
{
    struct kith_cells c;
    struct kith_error err;
    const uint64_t arms = s->head.n_arms, areas = s->head.n_areas, n = s->n_cells;
    enum kith_status st = kith_cells_init(&c, mem, REPLICATIONS, arms <= MOST_AXIS ? arms : 1,
                                          areas <= MOST_AXIS ? areas : 1, &err);
    if (!st)
        st = kith_cells_add(&c, s, s->head.fingerprint, once, &err);
    for (uint64_t cell = 0; cell < c.n && !st; cell++) {
        size_t i;
        struct kith_shard *from = kith_cells_shard(&c, cell, &i);
        must(!from == !kith_cells_has(&c, cell) && (!from || (i < n && from->cells[i].cell == cell)));
    }
    kith_cells_free(&c);
}

static void use(const char *path, size_t size, struct kith_mem *mem)
{
    struct kith_shard s;
    struct kith_error err;
    enum kith_status peeked = kith_shard_peek(&s, mem, path, &err);
    must(peeked == KITH_OK || peeked == KITH_IO || peeked == KITH_NO_MEMORY);
    if (!peeked) {
        check_head(&s.head);
        read_scenario(&s.head, mem);
    }
    kith_shard_free(&s);
    enum kith_status st = kith_shard_open(&s, mem, path, true, &err);
    must(st == peeked || st == KITH_NO_MEMORY);
    bool stub = kith_shard_is_stub(path);
    must(!stub || st);
    if (!st) {
        check_head(&s.head);
        check_shard(&s, size);
        read_cells(&s, mem);
        copy(&s, mem);
        if (s.cut)
            mend(&s, mem);
        else
            add_cells(&s, mem, size % 2 == 1);
    }
    kith_shard_free(&s);
}

/* As a run finds it that goes on. */
static void take(const uint8_t *bytes, size_t size, unsigned mode, struct kith_mem *mem)
{
    char path[192], name[256], fingerprint[256] = "of no shard";
    struct kith_journal j;
    struct kith_cells c;
    struct kith_shard s;
    struct kith_mem own = KITH_MEM_INIT;
    struct kith_error err;
    uint64_t arms = 1, areas = 1;
    snprintf(path, sizeof path, "%s.cells/%s", output_path, mode & UNFINISHED ? "a.shard.tmp" : "a.shard");
    enum kith_status st = kith_journal_open(&j, mem, output_path, NULL, &err);
    must(st == KITH_OK || st == KITH_NO_MEMORY);
    if (st) {
        kith_journal_close(&j);
        return;
    }
    put_file(path, bytes, size);
    st = kith_shard_open(&s, &own, path, true, &err);
    must(st != KITH_NO_MEMORY);
    if (!st && s.head.n_arms <= MOST_AXIS && s.head.n_areas <= MOST_AXIS && strlen(s.head.fingerprint) < sizeof fingerprint) {
        strcpy(fingerprint, s.head.fingerprint);
        arms = s.head.n_arms;
        areas = s.head.n_areas;
    }
    bool fits = !st && arms > 0 && areas > 0 && arms == s.head.n_arms && areas == s.head.n_areas &&
                strcmp(fingerprint, s.head.fingerprint) == 0;
    enum kith_status taken = kith_cells_init(&c, mem, REPLICATIONS, arms, areas, &err);
    if (!taken)
        taken = kith_journal_take(&j, &c, fingerprint, true, NULL, &err);
    bool other_version = st == KITH_IO && !s.damaged && !s.foreign; /* left alone */
    must(taken == KITH_OK || taken == KITH_NO_MEMORY || taken == KITH_BAD_SCENARIO || (taken == KITH_IO && other_version));
    must(taken || st || fits);
    must(taken != KITH_BAD_SCENARIO || !fits);
    for (size_t i = 0; fits && !taken && i < s.n_cells; i++)
        must(s.cells[i].cell >= c.n || kith_cells_has(&c, s.cells[i].cell));
    must(taken || !st || c.n_there == 0);
    kith_cells_free(&c);
    kith_shard_free(&s);
    j.mem = &own;
    kith_journal_clear(&j);
    snprintf(name, sizeof name, "%s.damaged", path);
    unlink(name);
    kith_journal_close(&j);
    snprintf(name, sizeof name, "%s.cells", output_path);
    must(access(name, F_OK) != 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t bytes[ROOM];
    if (size < 2 || size - 2 > ROOM)
        return 0;
    struct kith_mem mem = {data[1] ? data[1] - 1 : -1, 0};
    const unsigned mode = data[0];
    const char *path = mode & UNFINISHED ? unfinished_path : shard_path;
    size_t n = size - 2;
    shape = mode & RICH ? &rich : &plain;
    make_directory();
    memcpy(bytes, data + 2, n);
    if (mode & SUMS)
        repair(bytes, n, mode);
    if (mode & JOURNAL) {
        take(bytes, n, mode, &mem);
    } else {
        put_file(path, bytes, n);
        use(path, n, &mem);
        unlink(path);
    }
    return 0;
}

#ifndef KITH_FUZZ_REPLAY
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t most);

/* A piece of an input that may change its length, and the numbers that say how long it is. */
struct span {
    size_t from, n;
    size_t length[2]; /* where; 0: none */
};

#define MOST_SPANS 256

static uint64_t number_at(const uint8_t *at)
{
    uint64_t x;
    memcpy(&x, at, sizeof x);
    return x;
}

/* The texts of the head, [from, to). */
static size_t spans_of_head(const uint8_t *data, size_t from, size_t to, struct span *spans, size_t n)
{
    size_t at = from + 9 * sizeof(uint64_t);
    if (to - from < 9 * sizeof(uint64_t))
        return n;
    spans[n++] = (struct span){from, at - from, {0, 0}};
    while (n < MOST_SPANS / 2 && to - at >= sizeof(uint64_t)) {
        uint64_t length = number_at(data + at);
        if (length > to - at - sizeof length)
            break;
        spans[n++] = (struct span){at + sizeof length, (size_t)length, {at, 10}};
        at += sizeof length + (size_t)length;
    }
    return n;
}

static size_t find_spans(const uint8_t *data, size_t size, struct span *spans)
{
    size_t n = 0, at = 2 + sizeof(struct shard_preamble);
    if (size < at)
        return 0;
    uint64_t head = number_at(data + 10);
    if (head > size - at)
        return 0;
    n = spans_of_head(data, at, at + (size_t)head, spans, n);
    at += (size_t)head;
    while (n + 2 <= MOST_SPANS && size - at >= sizeof(struct shard_record)) {
        const size_t header = sizeof(struct shard_record);
        uint64_t bytes = number_at(data + at + 16);
        if (bytes > size - at - header)
            break;
        spans[n++] = (struct span){at + header, (size_t)bytes, {at + 16, 0}};
        spans[n++] = (struct span){at, header + (size_t)bytes, {0, 0}}; /* as a whole: dropped or doubled */
        at += header + (size_t)bytes;
    }
    return n;
}

/* Puts n bytes in place of a span and corrects its lengths. */
static size_t replace(uint8_t *data, size_t size, const struct span *s, const uint8_t *with, size_t n)
{
    memmove(data + s->from + n, data + s->from + s->n, size - s->from - s->n);
    memcpy(data + s->from, with, n);
    for (size_t i = 0; i < 2; i++) {
        if (s->length[i] == 0)
            continue;
        uint64_t length = number_at(data + s->length[i]) + n - s->n;
        memcpy(data + s->length[i], &length, sizeof length);
    }
    return size - s->n + n;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t most, unsigned seed)
{
    static uint8_t piece[2 * ROOM];
    struct span spans[MOST_SPANS];
    uint64_t x = (seed + 1u) * UINT64_C(6364136223846793005);
    size_t n = find_spans(data, size, spans);
    x ^= x >> 29;
    if (n == 0 || size > ROOM || x % 5 == 0)
        return LLVMFuzzerMutate(data, size, most);
    const struct span *s = &spans[x / 5 % n];
    size_t room = most - size + s->n;
    bool whole = s->length[0] == 0 && s->from > 2 + sizeof(struct shard_preamble) && s->n >= sizeof(struct shard_record);
    if (x / 5 / MOST_SPANS % 8 == 0)
        data[0] = (uint8_t)((x >> 40) % MODES);
    if (x / 5 / MOST_SPANS % 32 == 1)
        data[1] = (uint8_t)(x >> 44);
    memcpy(piece, data + s->from, s->n);
    if (whole && (x >> 50) % 3 == 0)
        return replace(data, size, s, piece, 0);
    if (whole && (x >> 50) % 3 == 1 && 2 * s->n <= room) {
        memcpy(piece + s->n, piece, s->n);
        return replace(data, size, s, piece, 2 * s->n);
    }
    if (whole || (s->length[0] == 0 && room > s->n))
        room = s->n;
    if (room == 0)
        return LLVMFuzzerMutate(data, size, most);
    return replace(data, size, s, piece, LLVMFuzzerMutate(piece, s->n, room < ROOM ? room : ROOM));
}
#endif

#include "replay.h"
