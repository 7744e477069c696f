#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "deflate.h"
#include "shard.h"
#include "shard_format.h"

#define PIECE ((size_t)1 << 20) /* bytes read at a time to check them */

static enum kith_status system_error(const struct kith_shard *s, struct kith_error *err, const char *doing)
{
    return kith_error_set(err, KITH_IO, s->path, 0, 0, "cannot %s: %s", doing, strerror(errno));
}

static enum kith_status damaged(struct kith_shard *s, struct kith_error *err, const char *what)
{
    s->damaged = true;
    return kith_error_set(err, KITH_IO, s->path, 0, 0, "damaged: %s", what);
}

/* Only plain files: anything else could block, or have no end. */
static enum kith_status open_file(struct kith_shard *s, struct kith_error *err)
{
    struct stat there;
    if (s->fd >= 0)
        return KITH_OK;
    s->fd = open(s->path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (s->fd < 0)
        return system_error(s, err, "open it");
    if (fstat(s->fd, &there) == 0 && S_ISREG(there.st_mode))
        return KITH_OK;
    kith_shard_close_file(s);
    return kith_error_set(err, KITH_IO, s->path, 0, 0, "is no plain file");
}

void kith_shard_close_file(struct kith_shard *s)
{
    if (s->fd >= 0)
        close(s->fd);
    s->fd = -1;
}

void kith_shard_free(struct kith_shard *s)
{
    kith_shard_close_file(s);
    kith_arena_free(&s->arena);
    kith_mem_free(&s->path);
    kith_mem_free(&s->cells);
    kith_mem_free(&s->buffer);
}

/* Reads up to n bytes at `at`; fewer only at the end of the file. -1 on an error. */
static ssize_t read_at(int fd, uint64_t at, void *bytes, size_t n)
{
    size_t got = 0;
    while (got < n) {
        ssize_t part = pread(fd, (unsigned char *)bytes + got, n - got, (off_t)(at + got));
        if (part < 0 && errno == EINTR)
            continue;
        if (part < 0)
            return -1;
        if (part == 0)
            break;
        got += (size_t)part;
    }
    return (ssize_t)got;
}

enum kith_status kith_shard_bytes(struct kith_shard *s, uint64_t at, void *bytes, size_t n, struct kith_error *err)
{
    enum kith_status st = open_file(s, err);
    if (st)
        return st;
    ssize_t got = read_at(s->fd, at, bytes, n);
    if (got < 0)
        return system_error(s, err, "read it");
    return (size_t)got < n ? damaged(s, err, "it has become shorter") : KITH_OK;
}

static enum kith_status make_room(struct kith_shard *s, size_t n, struct kith_error *err)
{
    if (n <= s->room)
        return KITH_OK;
    if (kith_mem_resize(s->mem, &s->buffer, n, 1))
        return kith_error_set(err, KITH_NO_MEMORY, s->path, 0, 0, "out of memory");
    s->room = n;
    return KITH_OK;
}

/* ---- the head */

/* What is left of the head while it is read. */
struct cursor {
    const unsigned char *at;
    uint64_t left;
    bool bad;
};

static uint64_t take_number(struct cursor *c)
{
    uint64_t x = 0;
    if (c->left < sizeof x) {
        c->bad = true;
        return 0;
    }
    memcpy(&x, c->at, sizeof x);
    c->at += sizeof x;
    c->left -= sizeof x;
    return x;
}

static const char *take_bytes(struct cursor *c, size_t *n)
{
    uint64_t length = take_number(c);
    const char *bytes = (const char *)c->at;
    *n = 0;
    if (c->bad || length > c->left) {
        c->bad = true;
        return "";
    }
    c->at += length;
    c->left -= length;
    *n = (size_t)length;
    return bytes;
}

static const char *take_text(struct cursor *c)
{
    size_t n;
    const char *text = take_bytes(c, &n);
    if (n == 0 || text[n - 1] != '\0')
        c->bad = true;
    return c->bad ? "" : text;
}

static enum kith_status take_sources(struct kith_shard *s, struct cursor *c, struct kith_error *err)
{
    struct kith_shard_head *h = &s->head;
    if (h->n_sources > c->left / 16 || h->n_overrides > c->left / 16) {
        c->bad = true;
        return KITH_OK;
    }
    struct kith_source *sources = kith_arena_take(&s->arena, h->n_sources, sizeof *sources);
    struct kith_override *overrides = kith_arena_take(&s->arena, h->n_overrides, sizeof *overrides);
    if (!sources || !overrides)
        return kith_error_set(err, KITH_NO_MEMORY, s->path, 0, 0, "out of memory");
    for (size_t i = 0; i < h->n_sources && !c->bad; i++) {
        sources[i].path = take_text(c);
        sources[i].bytes = take_bytes(c, &sources[i].n);
    }
    for (size_t i = 0; i < h->n_overrides && !c->bad; i++) {
        overrides[i].path = take_text(c);
        overrides[i].value = take_text(c);
    }
    h->sources = sources;
    h->overrides = overrides;
    return KITH_OK;
}

static enum kith_status parse_head(struct kith_shard *s, const unsigned char *bytes, size_t n, struct kith_error *err)
{
    struct cursor c = {bytes, n, false};
    struct kith_shard_head *h = &s->head;
    struct kith_provenance *how = &h->how;
    h->seed = take_number(&c);
    h->replications = take_number(&c);
    h->n_arms = take_number(&c);
    h->n_areas = take_number(&c);
    h->part = take_number(&c);
    h->n_parts = take_number(&c);
    how->threads = (int)(take_number(&c) & 0xffff);
    h->n_sources = (size_t)take_number(&c);
    h->n_overrides = (size_t)take_number(&c);
    const char **text[] = {&h->fingerprint, &h->arms,        &how->version, &how->git_revision, &how->compiler,
                           &how->flags,     &how->libraries, &how->command, &how->draw_scheme,  &how->started};
    for (size_t i = 0; i < sizeof text / sizeof *text; i++)
        *text[i] = take_text(&c);
    enum kith_status st = take_sources(s, &c, err);
    if (!st && (c.bad || c.left > 0 || h->n_sources == 0))
        st = damaged(s, err, "its head");
    return st;
}

static enum kith_status read_head(struct kith_shard *s, uint64_t size, uint64_t *end, struct kith_error *err)
{
    struct shard_preamble p;
    size_t n = size < sizeof p ? (size_t)size : sizeof p, magic = sizeof p.magic - 1;
    enum kith_status st = kith_shard_bytes(s, 0, &p, n, err);
    if (st)
        return st;
    if (memcmp(p.magic, KITH_SHARD_MAGIC, n < magic ? n : magic) != 0) {
        s->foreign = true;
        return kith_error_set(err, KITH_IO, s->path, 0, 0, "is no shard of kith");
    }
    if (n < sizeof p)
        return damaged(s, err, n == 0 ? "it is empty" : "cut off in its head");
    if (p.magic[7] != KITH_SHARD_MAGIC[7])
        return kith_error_set(err, KITH_IO, s->path, 0, 0, "is a shard of another version of kith");
    if (p.crc_here != kith_deflate_crc(0, &p, sizeof p - sizeof p.crc_here) || p.bytes > KITH_SHARD_HEAD_MOST ||
        p.bytes > size - sizeof p)
        return damaged(s, err, "its head");
    unsigned char *bytes = kith_arena_take(&s->arena, (size_t)p.bytes + 1, 1);
    if (!bytes)
        return kith_error_set(err, KITH_NO_MEMORY, s->path, 0, 0, "out of memory");
    st = kith_shard_bytes(s, sizeof p, bytes, (size_t)p.bytes, err);
    if (!st && p.crc != kith_deflate_crc(0, bytes, (size_t)p.bytes))
        st = damaged(s, err, "its head");
    *end = sizeof p + p.bytes;
    return st ? st : parse_head(s, bytes, (size_t)p.bytes, err);
}

bool kith_shard_is_stub(const char *path)
{
    struct shard_preamble p;
    struct stat there;
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    bool stub = false;
    if (fd < 0)
        return false;
    if (fstat(fd, &there) == 0 && S_ISREG(there.st_mode)) {
        ssize_t got = read_at(fd, 0, &p, sizeof p);
        stub = got == 0 || (got > 0 && (size_t)got < sizeof p &&
                            memcmp(&p, KITH_SHARD_MAGIC, (size_t)got < 8 ? (size_t)got : 8) == 0) ||
               (got == sizeof p && memcmp(p.magic, KITH_SHARD_MAGIC, 8) == 0 &&
                p.crc_here == kith_deflate_crc(0, &p, sizeof p - sizeof p.crc_here) &&
                (uint64_t)there.st_size < sizeof p + p.bytes);
    }
    close(fd);
    return stub;
}

/* ---- the records */

/* The records of the cell at hand while the file is looked through. */
struct group {
    uint64_t cell, from;
    bool open, bad;
};

static enum kith_status note_cell(struct kith_shard *s, const struct group *g, uint64_t to, struct kith_error *err)
{
    if (s->n_cells == s->room_cells) {
        size_t room = s->room_cells ? 2 * s->room_cells : 64;
        if (kith_mem_resize(s->mem, &s->cells, room, sizeof *s->cells))
            return kith_error_set(err, KITH_NO_MEMORY, s->path, 0, 0, "out of memory");
        s->room_cells = room;
    }
    s->cells[s->n_cells++] = (struct kith_shard_cell){g->cell, g->from, to};
    return KITH_OK;
}

/* The checksum of the bytes [at, at + n); *intact is false if the file ends before. */
static enum kith_status check_bytes(struct kith_shard *s, uint64_t at, uint64_t n, uint32_t crc, bool *intact,
                                    struct kith_error *err)
{
    uint32_t sum = 0;
    while (n > 0) {
        size_t part = n < PIECE ? (size_t)n : PIECE;
        enum kith_status st = kith_shard_bytes(s, at, s->buffer, part, err);
        if (st)
            return st;
        sum = kith_deflate_crc(sum, s->buffer, part);
        at += part;
        n -= part;
    }
    *intact = sum == crc;
    return KITH_OK;
}

static bool sound(const struct shard_record *r)
{
    return r->crc_here == kith_deflate_crc(0, r, sizeof *r - sizeof r->crc_here) && r->zero == 0 &&
           (r->kind == KITH_SHARD_TRACKS || r->kind == KITH_SHARD_SERIES || r->kind == KITH_SHARD_END);
}

static void find_fault(struct kith_shard *s, uint64_t at, const char *what)
{
    s->damaged = true;
    if (!s->fault[0])
        snprintf(s->fault, sizeof s->fault, "%s at byte %llu", what, (unsigned long long)at);
}

/* The last record: it says how many cells there were. */
static enum kith_status read_end(struct kith_shard *s, uint64_t at, const struct shard_record *r, uint64_t seen,
                                 uint64_t size, struct kith_error *err)
{
    struct shard_end end = {0};
    if (r->bytes != sizeof end) {
        find_fault(s, at, "wrong last record");
        return KITH_OK;
    }
    enum kith_status st = kith_shard_bytes(s, at + sizeof *r, &end, sizeof end, err);
    if (st)
        return st;
    if (kith_deflate_crc(0, &end, sizeof end) != r->crc || end.n_cells != seen) {
        find_fault(s, at, "wrong last record");
        return KITH_OK;
    }
    if (at + sizeof *r + sizeof end != size)
        find_fault(s, at + sizeof *r + sizeof end, "bytes behind the last record");
    else if (!s->fault[0])
        s->complete = true;
    s->wall_seconds = end.wall_seconds >= 0 && end.wall_seconds < 1e12 ? end.wall_seconds : 0;
    return KITH_OK;
}

/* Takes note of one record of a cell. */
static enum kith_status look_at(struct kith_shard *s, uint64_t at, const struct shard_record *r, bool check,
                                struct group *g, uint64_t *seen, struct kith_error *err)
{
    bool intact = true;
    enum kith_status st = check ? check_bytes(s, at + sizeof *r, r->bytes, r->crc, &intact, err) : KITH_OK;
    if (st)
        return st;
    if (!g->open || g->cell != r->cell)
        *g = (struct group){r->cell, at, true, false};
    if (!intact) {
        g->bad = true;
        find_fault(s, at, "wrong checksum");
    }
    if (r->kind == KITH_SHARD_SERIES) {
        ++*seen;
        if (!g->bad) {
            st = note_cell(s, g, at + sizeof *r + r->bytes, err);
            if (!s->fault[0])
                s->good = at + sizeof *r + r->bytes;
        }
        g->open = false;
    }
    return st;
}

/* Looks through all records. A file that was cut off ends in the middle of a record or without its last one. */
static enum kith_status look_through(struct kith_shard *s, uint64_t at, uint64_t size, bool check, struct kith_error *err)
{
    struct group g = {0};
    uint64_t seen = 0;
    enum kith_status st = make_room(s, size < PIECE ? (size_t)size : PIECE, err);
    s->good = at;
    while (!st) {
        struct shard_record r;
        bool whole = size - at >= sizeof r;
        if (whole && (st = kith_shard_bytes(s, at, &r, sizeof r, err)))
            break;
        if (!whole || (sound(&r) && r.bytes > size - at - sizeof r)) {
            s->cut = !s->fault[0];
            find_fault(s, at, "cut off");
            break;
        }
        if (!sound(&r)) { /* where the next one begins is not known */
            find_fault(s, at, "wrong record");
            break;
        }
        if (r.kind == KITH_SHARD_END) {
            st = read_end(s, at, &r, seen, size, err);
            break;
        }
        st = look_at(s, at, &r, check, &g, &seen, err);
        at += sizeof r + r.bytes;
    }
    return st;
}

/* Opens the file and reads its head: *at is where the records begin, *size where it ends. */
static enum kith_status begin(struct kith_shard *s, struct kith_mem *mem, const char *path, uint64_t *at, uint64_t *size,
                              struct kith_error *err)
{
    struct stat there;
    *s = (struct kith_shard){.mem = mem, .arena = {.mem = mem}, .fd = -1};
    s->path = kith_mem_text(mem, path);
    if (!s->path)
        return kith_error_set(err, KITH_NO_MEMORY, path, 0, 0, "out of memory");
    enum kith_status st = open_file(s, err);
    if (!st && fstat(s->fd, &there) != 0)
        st = system_error(s, err, "read it");
    if (st)
        return st;
    *size = (uint64_t)there.st_size;
    return read_head(s, *size, at, err);
}

enum kith_status kith_shard_open(struct kith_shard *s, struct kith_mem *mem, const char *path, bool check,
                                 struct kith_error *err)
{
    uint64_t at = 0, size = 0;
    enum kith_status st = begin(s, mem, path, &at, &size, err);
    if (!st)
        st = look_through(s, at, size, check, err);
    kith_shard_close_file(s);
    return st;
}

enum kith_status kith_shard_peek(struct kith_shard *s, struct kith_mem *mem, const char *path, struct kith_error *err)
{
    uint64_t at = 0, size = 0;
    enum kith_status st = begin(s, mem, path, &at, &size, err);
    kith_shard_close_file(s);
    return st;
}

/* ---- cells */

/* Whether ends[] never goes back and comes to n at its end. */
static bool ascending(const int64_t *ends, size_t n_ends, uint64_t n)
{
    int64_t last = 0;
    for (size_t i = 0; i < n_ends; i++) {
        if (ends[i] < last)
            return false;
        last = ends[i];
    }
    return (uint64_t)last == n;
}

static bool codes_below(const struct kith_tracks *t, size_t limit)
{
    const uint8_t *small = t->code;
    const uint16_t *wide = t->code;
    unsigned most = 0;
    for (size_t i = 0; i < t->n_events && t->code_bytes == 1; i++)
        most = small[i] > most ? small[i] : most;
    for (size_t i = 0; i < t->n_events && t->code_bytes == 2; i++)
        most = wide[i] > most ? wide[i] : most;
    return t->n_events == 0 || most < limit;
}

/* Points the arrays of *t into the buffer. */
static bool split_tracks(unsigned char *at, uint64_t bytes, const struct kith_shape *shape, struct kith_tracks *t)
{
    struct shard_counts c;
    const size_t code_bytes = kith_shape_code_bytes(shape), member_bytes = shape->members > 0;
    if (bytes < sizeof c)
        return false;
    memcpy(&c, at, sizeof c);
    at += sizeof c;
    bytes -= sizeof c;
    /* each count is below the bytes there are, so that the products cannot overflow */
    if (c.attributes != shape->n_attributes || c.families > bytes || c.members > bytes || c.events > bytes ||
        c.families * (20 + 4 * c.attributes) + c.members * 4 + c.events * (2 + code_bytes + member_bytes) != bytes)
        return false;
    size_t f = (size_t)c.families, m = (size_t)c.members, e = (size_t)c.events;
    *t = (struct kith_tracks){.n_families = f, .n_members = m, .n_events = e, .code_bytes = code_bytes};
    t->event_end = (int64_t *)(void *)at;
    t->member_end = t->event_end + f;
    t->id = (int32_t *)(void *)(t->member_end + f);
    t->attribute = (float *)(void *)(t->id + f);
    t->birth_day = (int32_t *)(void *)(t->attribute + f * c.attributes);
    t->day = (uint16_t *)(void *)(t->birth_day + m);
    t->code = t->day + e;
    if (member_bytes)
        t->member = (int8_t *)t->code + e * code_bytes;
    return ascending(t->event_end, f, e) && ascending(t->member_end, f, m) && codes_below(t, shape->n_transitions);
}

/* The record at `at`, into the buffer. */
static enum kith_status read_record(struct kith_shard *s, uint64_t at, struct shard_record *r, struct kith_error *err)
{
    enum kith_status st = kith_shard_bytes(s, at, r, sizeof *r, err);
    if (!st && (!sound(r) || r->kind == KITH_SHARD_END))
        st = damaged(s, err, "it has changed");
    if (!st)
        st = make_room(s, (size_t)r->bytes, err);
    if (!st)
        st = kith_shard_bytes(s, at + sizeof *r, s->buffer, (size_t)r->bytes, err);
    if (!st && kith_deflate_crc(0, s->buffer, (size_t)r->bytes) != r->crc)
        st = damaged(s, err, "it has changed");
    return st;
}

static enum kith_status take_series(struct kith_shard *s, const struct shard_record *r, struct kith_shard_piece *piece,
                                    struct kith_error *err)
{
    struct shard_sizes sizes;
    if (r->kind != KITH_SHARD_SERIES || r->bytes < sizeof sizes)
        return damaged(s, err, "series");
    memcpy(&sizes, s->buffer, sizeof sizes);
    *piece = (struct kith_shard_piece){.last = true, .events = sizes.events, .packed = s->buffer,
                                       .bytes = (size_t)r->bytes};
    return KITH_OK;
}

enum kith_status kith_shard_read(struct kith_shard *s, const struct kith_shape *shape, uint64_t *at,
                                 struct kith_shard_piece *piece, struct kith_error *err)
{
    struct shard_record r;
    *piece = (struct kith_shard_piece){0};
    enum kith_status st = read_record(s, *at, &r, err);
    if (st)
        return st;
    *at += sizeof r + r.bytes;
    if (r.kind == KITH_SHARD_TRACKS)
        return split_tracks(s->buffer, r.bytes, shape, &piece->tracks) ? KITH_OK : damaged(s, err, "trajectories");
    return take_series(s, &r, piece, err);
}

void kith_shard_exchange(struct kith_shard *s, unsigned char **bytes, size_t *room)
{
    unsigned char *had = s->buffer;
    size_t had_room = s->room;
    s->buffer = *bytes;
    s->room = *room;
    *bytes = had;
    *room = had_room;
}

enum kith_status kith_shard_read_series(struct kith_shard *s, size_t i, struct kith_shard_piece *piece,
                                        struct kith_error *err)
{
    struct shard_record r = {0};
    uint64_t at = s->cells[i].from, to = s->cells[i].to;
    *piece = (struct kith_shard_piece){0};
    for (;;) {
        enum kith_status st = kith_shard_bytes(s, at, &r, sizeof r, err);
        if (!st && (!sound(&r) || to - at < sizeof r || r.bytes > to - at - sizeof r))
            st = damaged(s, err, "it has changed");
        if (st)
            return st;
        if (r.kind != KITH_SHARD_TRACKS)
            break;
        at += sizeof r + r.bytes;
    }
    enum kith_status st = read_record(s, at, &r, err);
    return st ? st : take_series(s, &r, piece, err);
}
