#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "deflate.h"
#include "shard.h"
#include "shard_format.h"

#define BUFFER ((size_t)256 << 10)

/* ---- series */

void kith_packed_init(struct kith_packed *p, struct kith_mem *mem)
{
    *p = (struct kith_packed){.mem = mem};
}

void kith_packed_free(struct kith_packed *p)
{
    if (p->deflate)
        kith_deflate_free(p->deflate);
    kith_mem_free(&p->deflate);
    kith_mem_free(&p->bytes);
}

static enum kith_status prepare(struct kith_packed *p)
{
    if (p->deflate)
        return KITH_OK;
    enum kith_status st = kith_mem_zeroed(p->mem, &p->deflate, 1, sizeof *p->deflate);
    if (!st && (st = kith_deflate_init(p->deflate, p->mem)))
        kith_mem_free(&p->deflate);
    return st;
}

struct array {
    void *data;
    size_t n, width;
};

/* The arrays of a series in the order of the file. */
static void arrays_of(const struct kith_series *s, struct array list[KITH_SHARD_ARRAYS])
{
    size_t months = (size_t)s->months;
    list[0] = (struct array){s->stock, (months + 1) * s->n_states, sizeof *s->stock};
    list[1] = (struct array){s->flow, months * s->n_transitions, sizeof *s->flow};
    list[2] = (struct array){s->count, (months + 1) * s->n_counts, sizeof *s->count};
    list[3] = (struct array){s->cost, months * s->n_costs, sizeof *s->cost};
    list[4] = (struct array){s->amount, months * s->n_amounts, sizeof *s->amount};
}

static enum kith_status append(struct kith_packed *p, const void *bytes, size_t n)
{
    if (p->room - p->n < n) {
        size_t room = 2 * p->room + n;
        enum kith_status st = kith_mem_resize(p->mem, &p->bytes, room, 1);
        if (st)
            return st;
        p->room = room;
    }
    memcpy(p->bytes + p->n, bytes, n);
    p->n += n;
    return KITH_OK;
}

enum kith_status kith_packed_series(struct kith_packed *p, const struct kith_series *s, uint64_t events)
{
    struct array list[KITH_SHARD_ARRAYS];
    struct shard_sizes sizes = {.events = events};
    enum kith_status st = prepare(p);
    p->n = 0;
    arrays_of(s, list);
    if (!st)
        st = append(p, &sizes, sizeof sizes);
    for (size_t i = 0; i < KITH_SHARD_ARRAYS && !st; i++) {
        const unsigned char *packed;
        size_t n = 0;
        if (list[i].n == 0)
            continue;
        st = kith_deflate_make(p->deflate, list[i].data, list[i].n, list[i].width, &packed, &n);
        sizes.bytes[i] = n;
        if (!st)
            st = append(p, packed, n);
    }
    if (!st)
        memcpy(p->bytes, &sizes, sizeof sizes);
    return st;
}

enum kith_status kith_packed_undo(struct kith_packed *p, const unsigned char *packed, size_t bytes,
                                  struct kith_series *s)
{
    struct array list[KITH_SHARD_ARRAYS];
    struct shard_sizes sizes;
    enum kith_status st = prepare(p);
    if (bytes < sizeof sizes)
        return KITH_IO;
    memcpy(&sizes, packed, sizeof sizes);
    packed += sizeof sizes;
    bytes -= sizeof sizes;
    arrays_of(s, list);
    for (size_t i = 0; i < KITH_SHARD_ARRAYS && !st; i++) {
        if (sizes.bytes[i] > bytes || (list[i].n == 0) != (sizes.bytes[i] == 0))
            return KITH_IO;
        if (list[i].n > 0)
            st = kith_deflate_undo(p->deflate, packed, (size_t)sizes.bytes[i], list[i].data, list[i].n, list[i].width);
        packed += sizes.bytes[i];
        bytes -= (size_t)sizes.bytes[i];
    }
    return !st && bytes > 0 ? KITH_IO : st;
}

/* ---- the file */

static enum kith_status system_error(const struct kith_shard_writer *w, struct kith_error *err, const char *doing)
{
    return kith_error_set(err, KITH_IO, w->temporary, 0, 0, "cannot %s: %s", doing, strerror(errno));
}

static enum kith_status write_all(const struct kith_shard_writer *w, const void *bytes, size_t n, struct kith_error *err)
{
    const unsigned char *at = bytes;
    while (n > 0) {
        ssize_t done = write(w->fd, at, n);
        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0)
            return system_error(w, err, "write");
        at += done;
        n -= (size_t)done;
    }
    return KITH_OK;
}

static enum kith_status flush(struct kith_shard_writer *w, struct kith_error *err)
{
    enum kith_status st = write_all(w, w->buffer, w->n, err);
    w->n = 0;
    return st;
}

static enum kith_status put(struct kith_shard_writer *w, const void *bytes, size_t n, struct kith_error *err)
{
    if (n > BUFFER - w->n) {
        enum kith_status st = flush(w, err);
        if (st || n > BUFFER)
            return st ? st : write_all(w, bytes, n, err);
    }
    if (n > 0)
        memcpy(w->buffer + w->n, bytes, n);
    w->n += n;
    return KITH_OK;
}

struct part {
    const void *bytes;
    size_t n;
};

/* A record of several parts behind each other. */
static enum kith_status put_record(struct kith_shard_writer *w, uint32_t kind, uint64_t cell, const struct part *part,
                                   size_t n_parts, struct kith_error *err)
{
    struct shard_record r = {.kind = kind, .cell = cell};
    for (size_t i = 0; i < n_parts; i++) {
        r.crc = kith_deflate_crc(r.crc, part[i].bytes, part[i].n);
        r.bytes += part[i].n;
    }
    r.crc_here = kith_deflate_crc(0, &r, sizeof r - sizeof r.crc_here);
    enum kith_status st = put(w, &r, sizeof r, err);
    for (size_t i = 0; i < n_parts && !st; i++)
        st = put(w, part[i].bytes, part[i].n, err);
    return st;
}

/* ---- the head: every text as its length and its bytes with the NUL */

static enum kith_status head_bytes(struct kith_packed *p, const void *bytes, uint64_t n)
{
    enum kith_status st = append(p, &n, sizeof n);
    return st ? st : append(p, bytes, (size_t)n);
}

static enum kith_status head_text(struct kith_packed *p, const char *text)
{
    return head_bytes(p, text ? text : "", strlen(text ? text : "") + 1);
}

static enum kith_status make_head(struct kith_packed *p, const struct kith_shard_head *h)
{
    const struct kith_provenance *how = &h->how;
    const char *text[] = {h->fingerprint, h->arms,        how->version, how->git_revision, how->compiler,
                          how->flags,     how->libraries, how->command, how->draw_scheme,  how->started};
    const uint64_t number[] = {h->seed, h->replications, h->n_arms, h->n_areas, h->part, h->n_parts, (uint64_t)how->threads,
                               h->n_sources, h->n_overrides};
    enum kith_status st = append(p, number, sizeof number);
    for (size_t i = 0; i < sizeof text / sizeof *text && !st; i++)
        st = head_text(p, text[i]);
    for (size_t i = 0; i < h->n_sources && !st; i++) {
        st = head_text(p, h->sources[i].path);
        if (!st)
            st = head_bytes(p, h->sources[i].bytes, h->sources[i].n);
    }
    for (size_t i = 0; i < h->n_overrides && !st; i++) {
        st = head_text(p, h->overrides[i].path);
        if (!st)
            st = head_text(p, h->overrides[i].value);
    }
    return st;
}

static enum kith_status put_head(struct kith_shard_writer *w, const struct kith_shard_head *head, struct kith_error *err)
{
    struct kith_packed p;
    struct shard_preamble preamble = {.magic = KITH_SHARD_MAGIC};
    kith_packed_init(&p, w->mem);
    enum kith_status st = make_head(&p, head);
    if (st) {
        kith_error_set(err, st, w->path, 0, 0, "out of memory");
    } else {
        preamble.bytes = p.n;
        preamble.crc = kith_deflate_crc(0, p.bytes, p.n);
        preamble.crc_here = kith_deflate_crc(0, &preamble, sizeof preamble - sizeof preamble.crc_here);
        st = put(w, &preamble, sizeof preamble, err);
        if (!st)
            st = put(w, p.bytes, p.n, err);
        if (!st)
            st = flush(w, err);
    }
    kith_packed_free(&p);
    return st;
}

enum kith_status kith_shard_create(struct kith_shard_writer *w, struct kith_mem *mem, const char *path,
                                   const struct kith_shard_head *head, struct kith_error *err)
{
    *w = (struct kith_shard_writer){.mem = mem, .fd = -1};
    enum kith_status st = kith_mem_resize(mem, &w->temporary, strlen(path) + sizeof KITH_SHARD_SUFFIX, 1);
    if (!st)
        st = kith_mem_resize(mem, &w->buffer, BUFFER, 1);
    w->path = kith_mem_text(mem, path);
    if (st || !w->path) {
        st = kith_error_set(err, KITH_NO_MEMORY, path, 0, 0, "out of memory");
    } else {
        sprintf(w->temporary, "%s%s", path, KITH_SHARD_SUFFIX);
        w->fd = open(w->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        st = w->fd < 0 ? system_error(w, err, "create it") : put_head(w, head, err);
    }
    if (st)
        kith_shard_leave(w, w->fd >= 0);
    return st;
}

enum kith_status kith_shard_put_tracks(struct kith_shard_writer *w, uint64_t cell, const struct kith_tracks *t,
                                       size_t n_attributes, struct kith_error *err)
{
    const struct shard_counts counts = {t->n_families, t->n_members, t->n_events, n_attributes};
    const size_t f = t->n_families, m = t->n_members, e = t->n_events;
    const struct part part[] = {
        {&counts, sizeof counts},
        {t->event_end, f * sizeof *t->event_end},
        {t->member_end, f * sizeof *t->member_end},
        {t->id, f * sizeof *t->id},
        {t->attribute, f * n_attributes * sizeof *t->attribute},
        {t->birth_day, m * sizeof *t->birth_day},
        {t->day, e * sizeof *t->day},
        {t->code, e * t->code_bytes},
        {t->member, t->member ? e * sizeof *t->member : 0},
    };
    return put_record(w, KITH_SHARD_TRACKS, cell, part, sizeof part / sizeof *part, err);
}

enum kith_status kith_shard_put_cell(struct kith_shard_writer *w, uint64_t cell, const struct kith_packed *p,
                                     struct kith_error *err)
{
    const struct part part = {p->bytes, p->n};
    enum kith_status st = put_record(w, KITH_SHARD_SERIES, cell, &part, 1, err);
    if (!st)
        st = flush(w, err);
    w->n_cells += st == KITH_OK;
    return st;
}

enum kith_status kith_shard_sync(struct kith_shard_writer *w, struct kith_error *err)
{
    enum kith_status st = flush(w, err);
    if (!st && fsync(w->fd) != 0)
        st = system_error(w, err, "bring it to the disk");
    return st;
}

/* Not every file system can sync a directory; the file is complete in any case, so that failure is none. */
static void sync_directory(char *path)
{
    int fd = open(dirname(path), O_RDONLY | O_CLOEXEC);
    if (fd >= 0) {
        (void)fsync(fd);
        close(fd);
    }
}

enum kith_status kith_shard_close(struct kith_shard_writer *w, double wall_seconds, bool sync, struct kith_error *err)
{
    const struct shard_end end = {w->n_cells, wall_seconds};
    const struct part part = {&end, sizeof end};
    enum kith_status st = put_record(w, KITH_SHARD_END, 0, &part, 1, err);
    if (!st)
        st = sync ? kith_shard_sync(w, err) : flush(w, err);
    if (!st) {
        int failed = close(w->fd);
        w->fd = -1;
        if (failed)
            st = system_error(w, err, "close it");
    }
    if (!st && rename(w->temporary, w->path) != 0)
        st = system_error(w, err, "rename it");
    if (!st && sync)
        sync_directory(w->temporary);
    kith_shard_leave(w, false);
    return st;
}

void kith_shard_leave(struct kith_shard_writer *w, bool discard)
{
    if (w->temporary && w->fd >= 0) {
        close(w->fd);
        if (discard)
            unlink(w->temporary);
    }
    kith_mem_free(&w->path);
    kith_mem_free(&w->temporary);
    kith_mem_free(&w->buffer);
    w->fd = -1;
}

enum kith_status kith_shard_put_copy(struct kith_shard_writer *w, struct kith_shard *from, size_t i,
                                     struct kith_error *err)
{
    uint64_t at = from->cells[i].from, to = from->cells[i].to;
    enum kith_status st = flush(w, err);
    while (at < to && !st) {
        size_t n = to - at < BUFFER ? (size_t)(to - at) : BUFFER;
        st = kith_shard_bytes(from, at, w->buffer, n, err);
        if (!st)
            st = write_all(w, w->buffer, n, err);
        at += n;
    }
    w->n_cells += st == KITH_OK;
    return st;
}

enum kith_status kith_shard_mend(struct kith_shard *s, const char *to, struct kith_error *err)
{
    struct kith_shard_writer w = {.mem = s->mem, .fd = open(s->path, O_WRONLY | O_CLOEXEC), .n_cells = s->n_cells};
    w.path = kith_mem_text(s->mem, to);
    w.temporary = kith_mem_text(s->mem, s->path);
    enum kith_status st = kith_mem_resize(s->mem, &w.buffer, BUFFER, 1);
    if (st || !w.path || !w.temporary)
        st = kith_error_set(err, KITH_NO_MEMORY, s->path, 0, 0, "out of memory");
    else if (w.fd < 0 || ftruncate(w.fd, (off_t)s->good) != 0 || lseek(w.fd, 0, SEEK_END) < 0)
        st = system_error(&w, err, "mend it");
    if (!st)
        return kith_shard_close(&w, 0, true, err);
    if (!w.temporary && w.fd >= 0) /* leaving takes no file without a name for its own */
        close(w.fd);
    kith_shard_leave(&w, false);
    return st;
}
