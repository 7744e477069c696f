/* Shards: what is written is read back bit for bit; of a file that was cut off anywhere the finished cells remain; no
 * changed byte passes; without memory and on a full disk nothing is lost that was finished. test_shard.py reads the format
 * in a way of its own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../../engine/record/shard_format.h"

#define BUFFER ((size_t)256 << 10) /* of the writer */
#define N_ATTRIBUTES 2

static char directory[64];
static const struct kith_shape small_shape = {.n_states = 3, .n_transitions = 4, .n_counts = 2, .n_costs = 1,
                                              .n_amounts = 2, .n_attributes = N_ATTRIBUTES, .members = 2};
static const struct kith_shape large_shape = {.n_states = 50, .n_transitions = 300, .n_costs = 40,
                                              .n_attributes = N_ATTRIBUTES};
static const char table[] = "code,size\nE1,5\n\0behind a NUL";
static const struct kith_source sources[] = {{"scenarios/a.yaml", "kith: 1\n", 8, false},
                                             {"scenarios/a.csv", table, sizeof table - 1, true},
                                             {"scenarios/empty.yaml", "", 0, false}};
static const struct kith_override overrides[] = {{"seed", "5"}, {"arms.x.set.a", ""}};
static const struct kith_shard_head head = {
    .fingerprint = "f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff",
    .arms = "baseline,x",
    .seed = 0xfedcba9876543210u,
    .replications = 7,
    .n_arms = 2,
    .n_areas = 3,
    .part = 4,
    .n_parts = 5,
    .how = {.version = "1.2", .git_revision = "abc", .compiler = "cc", .command = "kith run", .threads = 3},
    .n_sources = 3,
    .n_overrides = 2,
    .sources = sources,
    .overrides = overrides};

static const char *in_directory(const char *name)
{
    static char path[4][400];
    static int next;
    char *out = path[next++ % 4];
    snprintf(out, sizeof path[0], "%s/%s", directory, name);
    return out;
}

static int make_directory(void **state)
{
    (void)state;
    strcpy(directory, "/dev/shm/kith-shard-XXXXXX"); /* there a sync costs nothing */
    if (mkdtemp(directory))
        return 0;
    strcpy(directory, "/tmp/kith-shard-XXXXXX");
    return mkdtemp(directory) ? 0 : -1;
}

static size_t for_each_file(bool away)
{
    size_t n = 0;
    DIR *d = opendir(directory);
    assert_non_null(d);
    for (struct dirent *e = readdir(d); e; e = readdir(d)) {
        n += e->d_name[0] != '.';
        if (away && e->d_name[0] != '.')
            unlink(in_directory(e->d_name));
    }
    closedir(d);
    return n;
}

static int remove_files(void **state)
{
    (void)state;
    for_each_file(true);
    return 0;
}

static int remove_directory(void **state)
{
    (void)state;
    for_each_file(true);
    return rmdir(directory);
}

static void must(enum kith_status st, const struct kith_error *err)
{
    if (st)
        fail_msg("status %d, %s: %s", (int)st, err->file, err->text);
}

/* ---- cells of any content */

static uint64_t random_bits;

static uint32_t draw(uint32_t n)
{
    random_bits = random_bits * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(random_bits >> 33) % n;
}

static void fill(void *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++)
        ((unsigned char *)bytes)[i] = (unsigned char)draw(256);
}

static void *room(size_t n, size_t size)
{
    void *p = calloc(n + 1, size);
    assert_non_null(p);
    return p;
}

/* A batch of families; every bit of what has no meaning here is drawn. */
static void make_batch(struct kith_tracks *t, const struct kith_shape *shape, size_t families, size_t most_events)
{
    size_t n = families;
    *t = (struct kith_tracks){.n_families = n};
    t->id = room(n, sizeof *t->id);
    t->event_end = room(n, sizeof *t->event_end);
    t->member_end = room(n, sizeof *t->member_end);
    t->attribute = room(n * N_ATTRIBUTES, sizeof *t->attribute);
    fill(t->id, n * sizeof *t->id);
    fill(t->attribute, n * N_ATTRIBUTES * sizeof *t->attribute);
    for (size_t i = 0; i < n; i++) {
        t->event_end[i] = (int64_t)(t->n_events += draw((uint32_t)most_events + 1));
        t->member_end[i] = (int64_t)(t->n_members += draw(3));
    }
    t->birth_day = room(t->n_members, sizeof *t->birth_day);
    t->day = room(t->n_events, sizeof *t->day);
    t->code_bytes = kith_shape_code_bytes(shape);
    t->code = room(t->n_events, t->code_bytes);
    t->member = shape->members ? room(t->n_events, sizeof *t->member) : NULL;
    fill(t->birth_day, t->n_members * sizeof *t->birth_day);
    fill(t->day, t->n_events * sizeof *t->day);
    if (t->member)
        fill(t->member, t->n_events * sizeof *t->member);
    for (size_t i = 0; i < t->n_events; i++) {
        uint32_t code = draw((uint32_t)shape->n_transitions);
        if (t->code_bytes == 1)
            ((uint8_t *)t->code)[i] = (uint8_t)code;
        else
            ((uint16_t *)t->code)[i] = (uint16_t)code;
    }
}

static void free_batch(struct kith_tracks *t)
{
    free(t->id);
    free(t->event_end);
    free(t->member_end);
    free(t->attribute);
    free(t->birth_day);
    free(t->day);
    free(t->code);
    free(t->member);
}

/* How large the cells of a test are. */
struct scale {
    const struct kith_shape *shape;
    int months;
    size_t batches, families, events; /* of a cell, a batch, a family: at most */
};
static const struct scale small = {&small_shape, 2, 2, 2, 2}, medium = {&small_shape, 30, 3, 40, 20},
                          large = {&large_shape, 240, 2, 30000, 12};

static struct kith_mem mem = KITH_MEM_INIT;

/* The series of cell number `cell`, drawn; those of every third cell are empty. */
static void make_series(struct kith_series *s, const struct scale *size, uint64_t cell)
{
    size_t n = (size_t)size->months;
    assert_int_equal(kith_series_init(s, &mem, size->shape, size->months), KITH_OK);
    if (cell % 3 == 2)
        return;
    fill(s->stock, (n + 1) * s->n_states * sizeof *s->stock);
    for (size_t i = 0; i < n * s->n_transitions; i++)
        s->flow[i] = (int32_t)draw(20);
    fill(s->count, (n + 1) * s->n_counts * sizeof *s->count);
    fill(s->cost, n * s->n_costs * sizeof *s->cost);
    fill(s->amount, n * s->n_amounts * sizeof *s->amount);
}

static size_t begin_cell(const struct scale *size, uint64_t cell)
{
    random_bits = cell * 1000003 + size->families;
    return size->batches > 0 ? (size_t)(cell % (size->batches + 1)) : 0;
}

static enum kith_status put_cell(struct kith_shard_writer *w, struct kith_packed *p, const struct scale *size,
                                 uint64_t cell, struct kith_error *err)
{
    enum kith_status st = KITH_OK;
    struct kith_series s;
    size_t batches = begin_cell(size, cell);
    for (size_t i = 0; i < batches && !st; i++) {
        struct kith_tracks t;
        make_batch(&t, size->shape, (cell + i) % 4 == 3 ? 0 : size->families, size->events);
        st = kith_shard_put_tracks(w, cell, &t, N_ATTRIBUTES, err);
        free_batch(&t);
    }
    make_series(&s, size, cell);
    if (!st)
        st = kith_packed_series(p, &s, cell * 11);
    if (!st)
        st = kith_shard_put_cell(w, cell, p, err);
    kith_series_free(&s);
    return st;
}

/* Cell numbers that are written: first, first + 2, ... */
static void write_shard(const char *path, const struct scale *size, uint64_t first, size_t n)
{
    struct kith_shard_writer w;
    struct kith_packed p;
    struct kith_error err;
    kith_packed_init(&p, &mem);
    must(kith_shard_create(&w, &mem, path, &head, &err), &err);
    for (size_t i = 0; i < n; i++)
        must(put_cell(&w, &p, size, first + 2 * i, &err), &err);
    must(kith_shard_close(&w, 12.5, false, &err), &err);
    kith_packed_free(&p);
}

static void same_bytes(const void *a, const void *b, size_t n)
{
    if (n > 0)
        assert_memory_equal(a, b, n);
}

static void same_batch(const struct kith_tracks *a, const struct kith_tracks *b)
{
    size_t f = a->n_families, m = a->n_members, e = a->n_events;
    assert_int_equal(f, b->n_families);
    assert_int_equal(m, b->n_members);
    assert_int_equal(e, b->n_events);
    same_bytes(a->id, b->id, f * sizeof *a->id);
    same_bytes(a->event_end, b->event_end, f * sizeof *a->event_end);
    same_bytes(a->member_end, b->member_end, f * sizeof *a->member_end);
    same_bytes(a->attribute, b->attribute, f * N_ATTRIBUTES * sizeof *a->attribute);
    same_bytes(a->birth_day, b->birth_day, m * sizeof *a->birth_day);
    same_bytes(a->day, b->day, e * sizeof *a->day);
    assert_int_equal(a->code_bytes, b->code_bytes);
    same_bytes(a->code, b->code, e * a->code_bytes);
    assert_true(e == 0 || (a->member != NULL) == (b->member != NULL));
    same_bytes(a->member, b->member, a->member ? e * sizeof *a->member : 0);
}

static void same_series(const struct kith_series *a, const struct kith_series *b)
{
    size_t n = (size_t)a->months;
    same_bytes(a->stock, b->stock, (n + 1) * a->n_states * sizeof *a->stock);
    same_bytes(a->flow, b->flow, n * a->n_transitions * sizeof *a->flow);
    same_bytes(a->count, b->count, (n + 1) * a->n_counts * sizeof *a->count);
    same_bytes(a->cost, b->cost, n * a->n_costs * sizeof *a->cost);
    same_bytes(a->amount, b->amount, n * a->n_amounts * sizeof *a->amount);
}

static void check_series(const struct kith_shard_piece *piece, const struct scale *size, uint64_t cell)
{
    struct kith_packed p;
    struct kith_series written, read;
    kith_packed_init(&p, &mem);
    make_series(&written, size, cell);
    assert_int_equal(kith_series_init(&read, &mem, size->shape, size->months), KITH_OK);
    assert_int_equal(kith_packed_undo(&p, piece->packed, piece->bytes, &read), KITH_OK);
    same_series(&written, &read);
    assert_int_equal(piece->events, cell * 11);
    kith_series_free(&written);
    kith_series_free(&read);
    kith_packed_free(&p);
}

/* Whether cell i of the shard is what put_cell made. */
static void check_cell(struct kith_shard *s, size_t i, const struct scale *size)
{
    struct kith_error err;
    struct kith_shard_piece piece;
    uint64_t cell = s->cells[i].cell, at = s->cells[i].from;
    size_t batches = begin_cell(size, cell);
    for (size_t k = 0; k < batches; k++) {
        struct kith_tracks t;
        make_batch(&t, size->shape, (cell + k) % 4 == 3 ? 0 : size->families, size->events);
        must(kith_shard_read(s, size->shape, &at, &piece, &err), &err);
        assert_false(piece.last);
        same_batch(&t, &piece.tracks);
        free_batch(&t);
    }
    uint64_t before_series = random_bits;
    must(kith_shard_read(s, size->shape, &at, &piece, &err), &err);
    assert_true(piece.last);
    assert_int_equal(at, s->cells[i].to);
    check_series(&piece, size, cell);
    random_bits = before_series;
    must(kith_shard_read_series(s, i, &piece, &err), &err);
    check_series(&piece, size, cell);
}

static void open_shard(struct kith_shard *s, const char *path)
{
    struct kith_error err;
    must(kith_shard_open(s, &mem, path, true, &err), &err);
}

/* The file is complete and holds the first n cells of write_shard. */
static void check_complete(const char *path, const struct scale *size, uint64_t first, size_t n)
{
    struct kith_shard s;
    open_shard(&s, path);
    if (!s.complete)
        fail_msg("not complete: %s", s.fault);
    assert_string_equal(s.fault, "");
    assert_false(s.cut);
    assert_int_equal(s.n_cells, n);
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(s.cells[i].cell, first + 2 * i);
        check_cell(&s, i, size);
    }
    kith_shard_free(&s);
}

static size_t get_file(const char *path, unsigned char **bytes)
{
    struct stat there;
    assert_int_equal(stat(path, &there), 0);
    size_t n = (size_t)there.st_size;
    *bytes = room(n, 1);
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    assert_int_equal(fread(*bytes, 1, n, f), n);
    fclose(f);
    return n;
}

static void put_file(const char *path, const unsigned char *bytes, size_t n)
{
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(bytes, 1, n, f), n);
    assert_int_equal(fclose(f), 0);
}

/* ---- what is written is read */

static void cells_are_read_back(void **state)
{
    (void)state;
    for (size_t n = 0; n < 9; n++) {
        write_shard(in_directory("a"), &medium, n, n);
        assert_int_equal(for_each_file(false), 1); /* the temporary file is gone */
        check_complete(in_directory("a"), &medium, n, n);
        unlink(in_directory("a"));
    }
    write_shard(in_directory("a"), &small, 0, 200); /* the list of cells grows */
    check_complete(in_directory("a"), &small, 0, 200);
}

static void large_cells_are_read_back(void **state)
{
    struct stat there;
    (void)state;
    write_shard(in_directory("a"), &large, 5, 3);
    assert_int_equal(stat(in_directory("a"), &there), 0);
    assert_true((size_t)there.st_size > 10 * BUFFER);
    check_complete(in_directory("a"), &large, 5, 3);
}

/* One batch of n events, and what is read of it. */
static void around_the_buffer(size_t n)
{
    struct kith_shard_writer w;
    struct kith_shard s;
    struct kith_shard_piece piece;
    struct kith_packed p;
    struct kith_series series;
    struct kith_error err;
    struct kith_tracks t;
    random_bits = n;
    make_batch(&t, &small_shape, 1, 0);
    t.event_end[0] = (int64_t)(t.n_events = n);
    t.day = realloc(t.day, n * 2);
    t.code = realloc(t.code, n);
    t.member = realloc(t.member, n);
    fill(t.day, n * 2);
    fill(t.member, n);
    memset(t.code, 0, n);
    kith_packed_init(&p, &mem);
    make_series(&series, &small, 0);
    must(kith_shard_create(&w, &mem, in_directory("b"), &head, &err), &err);
    must(kith_shard_put_tracks(&w, 0, &t, N_ATTRIBUTES, &err), &err);
    must(kith_packed_series(&p, &series, 0), &err);
    must(kith_shard_put_cell(&w, 0, &p, &err), &err);
    must(kith_shard_close(&w, 0, false, &err), &err);
    open_shard(&s, in_directory("b"));
    assert_true(s.complete && s.n_cells == 1);
    uint64_t at = s.cells[0].from;
    must(kith_shard_read(&s, &small_shape, &at, &piece, &err), &err);
    same_batch(&t, &piece.tracks);
    kith_shard_free(&s);
    kith_series_free(&series);
    kith_packed_free(&p);
    free_batch(&t);
}

/* Arrays that end one byte before, at and behind the end of the writer's buffer, and arrays of just its length. */
static void buffers_are_filled_to_the_last_byte(void **state)
{
    (void)state;
    const size_t fixed = sizeof(struct shard_record) + sizeof(struct shard_counts) + 8 + 8 + 4 + 8 + 8;
    for (size_t k = 0; k < 20; k++) {
        around_the_buffer((BUFFER - fixed) / 2 - 10 + k);
        around_the_buffer((BUFFER - fixed) / 3 - 10 + k);
        around_the_buffer((BUFFER - fixed) / 4 - 10 + k);
        around_the_buffer(BUFFER / 2 - 10 + k);
        around_the_buffer(BUFFER - 10 + k);
    }
}

static void same_text(const char *a, const char *b)
{
    assert_string_equal(a ? a : "", b);
}

static void check_head(const struct kith_shard_head *h)
{
    same_text(head.fingerprint, h->fingerprint);
    same_text(head.arms, h->arms);
    assert_int_equal(h->seed, head.seed);
    assert_int_equal(h->replications, head.replications);
    assert_int_equal(h->n_arms, head.n_arms);
    assert_int_equal(h->n_areas, head.n_areas);
    assert_int_equal(h->part, head.part);
    assert_int_equal(h->n_parts, head.n_parts);
    same_text(head.how.version, h->how.version);
    same_text(head.how.git_revision, h->how.git_revision);
    same_text(head.how.compiler, h->how.compiler);
    same_text(head.how.flags, h->how.flags);
    same_text(head.how.libraries, h->how.libraries);
    same_text(head.how.command, h->how.command);
    same_text(head.how.draw_scheme, h->how.draw_scheme);
    same_text(head.how.started, h->how.started);
    assert_int_equal(h->how.threads, head.how.threads);
    assert_int_equal(h->n_sources, head.n_sources);
    for (size_t i = 0; i < head.n_sources; i++) {
        same_text(sources[i].path, h->sources[i].path);
        assert_int_equal(h->sources[i].n, sources[i].n);
        same_bytes(h->sources[i].bytes, sources[i].bytes, sources[i].n);
    }
    assert_int_equal(h->n_overrides, head.n_overrides);
    for (size_t i = 0; i < head.n_overrides; i++) {
        same_text(overrides[i].path, h->overrides[i].path);
        same_text(overrides[i].value, h->overrides[i].value);
    }
}

static void the_head_is_read_back(void **state)
{
    struct kith_shard s;
    struct kith_error err;
    (void)state;
    write_shard(in_directory("a"), &small, 0, 2);
    open_shard(&s, in_directory("a"));
    check_head(&s.head);
    assert_true(s.wall_seconds == 12.5);
    kith_shard_free(&s);
    must(kith_shard_peek(&s, &mem, in_directory("a"), &err), &err);
    check_head(&s.head);
    assert_int_equal(s.n_cells, 0);
    kith_shard_free(&s);
}

/* Trajectories alone are no cell, and not part of the next one. */
static void a_cell_without_series_is_not_there(void **state)
{
    struct kith_shard_writer w;
    struct kith_packed p;
    struct kith_tracks t;
    struct kith_error err;
    (void)state;
    kith_packed_init(&p, &mem);
    random_bits = 4;
    make_batch(&t, &small_shape, 3, 3);
    must(kith_shard_create(&w, &mem, in_directory("a"), &head, &err), &err);
    must(put_cell(&w, &p, &small, 3, &err), &err);
    must(kith_shard_put_tracks(&w, 4, &t, N_ATTRIBUTES, &err), &err);
    must(put_cell(&w, &p, &small, 5, &err), &err);
    must(kith_shard_put_tracks(&w, 6, &t, N_ATTRIBUTES, &err), &err);
    must(kith_shard_close(&w, 0, false, &err), &err);
    check_complete(in_directory("a"), &small, 3, 2);
    kith_packed_free(&p);
    free_batch(&t);
}

/* Each time with its own trajectories; which of them counts is for others to say. */
static void a_cell_may_be_there_twice(void **state)
{
    struct kith_shard_writer w;
    struct kith_packed p;
    struct kith_shard s;
    struct kith_error err;
    (void)state;
    kith_packed_init(&p, &mem);
    must(kith_shard_create(&w, &mem, in_directory("a"), &head, &err), &err);
    must(put_cell(&w, &p, &small, 4, &err), &err);
    must(put_cell(&w, &p, &small, 4, &err), &err);
    must(kith_shard_close(&w, 0, false, &err), &err);
    open_shard(&s, in_directory("a"));
    assert_true(s.complete && s.n_cells == 2 && s.cells[1].from == s.cells[0].to);
    check_cell(&s, 0, &small);
    check_cell(&s, 1, &small);
    kith_shard_free(&s);
    kith_packed_free(&p);
}

static void every_cell_is_in_the_file_at_once(void **state)
{
    struct kith_shard_writer w;
    struct kith_packed p;
    struct kith_shard s;
    struct kith_error err;
    (void)state;
    kith_packed_init(&p, &mem);
    must(kith_shard_create(&w, &mem, in_directory("a"), &head, &err), &err);
    for (uint64_t i = 0; i < 5; i++) {
        open_shard(&s, in_directory("a.tmp")); /* as another process sees it, or one after this one is killed */
        assert_true(s.cut && !s.complete && s.n_cells == i);
        kith_shard_free(&s);
        must(put_cell(&w, &p, &small, 2 * i, &err), &err);
    }
    must(kith_shard_sync(&w, &err), &err);
    kith_shard_leave(&w, false);
    kith_shard_leave(&w, false); /* twice is harmless */
    assert_int_equal(access(in_directory("a"), F_OK), -1);
    open_shard(&s, in_directory("a.tmp"));
    assert_true(s.cut && s.n_cells == 5);
    must(kith_shard_mend(&s, in_directory("a"), &err), &err);
    kith_shard_free(&s);
    check_complete(in_directory("a"), &small, 0, 5);
    kith_packed_free(&p);
}

/* ---- damage */

#define N_CELLS 4

/* A small shard: its bytes, and where its head and its cells end. */
struct sample {
    unsigned char *bytes;
    size_t n, head, end[N_CELLS];
};

static void make_sample(struct sample *m, uint64_t first)
{
    struct kith_shard s;
    struct shard_preamble p;
    write_shard(in_directory("sample"), &small, first, N_CELLS);
    m->n = get_file(in_directory("sample"), &m->bytes);
    memcpy(&p, m->bytes, sizeof p);
    m->head = sizeof p + (size_t)p.bytes;
    open_shard(&s, in_directory("sample"));
    assert_int_equal(s.n_cells, N_CELLS);
    assert_int_equal(s.cells[0].from, m->head);
    for (size_t i = 0; i < N_CELLS; i++) {
        m->end[i] = (size_t)s.cells[i].to;
        assert_true(i == 0 || s.cells[i].from == m->end[i - 1]);
    }
    assert_int_equal(m->n, m->end[N_CELLS - 1] + sizeof(struct shard_record) + sizeof(struct shard_end));
    kith_shard_free(&s);
    unlink(in_directory("sample"));
}

static size_t cells_before(const struct sample *m, size_t n)
{
    size_t cells = 0;
    while (cells < N_CELLS && m->end[cells] <= n)
        cells++;
    return cells;
}

/* Cut off behind n bytes: exactly the cells that end before are there, and again after the file was mended. */
static void check_cut(const struct sample *m, uint64_t first, size_t n)
{
    struct kith_shard s;
    struct kith_error err;
    const char *path = in_directory("cut.tmp");
    put_file(path, m->bytes, n);
    enum kith_status st = kith_shard_open(&s, &mem, path, true, &err);
    bool stub = kith_shard_is_stub(path);
    if (n < m->head) {
        if (st != KITH_IO || !stub)
            fail_msg("%zu bytes of a head: status %d%s", n, (int)st, stub ? "" : ", no stub");
        kith_shard_free(&s);
        return;
    }
    must(st, &err);
    if (stub || s.complete != (n == m->n) || s.cut == s.complete || s.n_cells != cells_before(m, n))
        fail_msg("%zu of %zu bytes: %zu cells; complete %d, cut %d, stub %d; %s", n, m->n, s.n_cells, s.complete, s.cut,
                 stub, s.fault);
    must(kith_shard_mend(&s, in_directory("cut"), &err), &err);
    kith_shard_free(&s);
    assert_int_equal(access(path, F_OK), -1);
    check_complete(in_directory("cut"), &small, first, cells_before(m, n));
}

static void of_a_file_cut_anywhere_finished_cells_remain(void **state)
{
    struct sample m;
    (void)state;
    make_sample(&m, 1);
    for (size_t n = 0; n <= m.n; n++)
        check_cut(&m, 1, n);
    free(m.bytes);
}

/* Where the record begins that holds byte `at`. */
static size_t record_with(const struct sample *m, size_t at, struct shard_record *r)
{
    size_t from = m->head;
    for (;;) {
        memcpy(r, m->bytes + from, sizeof *r);
        if (at < from + sizeof *r + r->bytes)
            return from;
        from += sizeof *r + (size_t)r->bytes;
    }
}

/* Whether cell i of the sample has to be found although the byte `at` is wrong: it comes before, or the length of the
 * damaged record is still known. */
static bool survives(const struct sample *m, size_t i, size_t at)
{
    struct shard_record r;
    size_t from = record_with(m, at, &r), begin = i > 0 ? m->end[i - 1] : m->head;
    return m->end[i] <= at || (at < begin && at >= from + sizeof r);
}

static void check_flip(const struct sample *m, uint64_t first, size_t at, unsigned char flip)
{
    struct kith_shard s;
    struct kith_error err;
    bool found[N_CELLS] = {0};
    m->bytes[at] ^= flip;
    put_file(in_directory("flip"), m->bytes, m->n);
    m->bytes[at] ^= flip;
    enum kith_status st = kith_shard_open(&s, &mem, in_directory("flip"), true, &err);
    if (at < m->head) {
        if (st != KITH_IO)
            fail_msg("byte %zu of the head: status %d", at, (int)st);
        kith_shard_free(&s);
        return;
    }
    must(st, &err);
    if (s.complete || !s.fault[0])
        fail_msg("byte %zu ^ %02x: complete %d, fault '%s'", at, flip, s.complete, s.fault);
    for (size_t i = 0; i < s.n_cells; i++) {
        size_t k = (size_t)(s.cells[i].cell - first) / 2;
        assert_true(k < N_CELLS && s.cells[i].cell == first + 2 * k && !found[k]);
        found[k] = true;
        check_cell(&s, i, &small);
    }
    for (size_t i = 0; i < N_CELLS; i++)
        if (survives(m, i, at) && !found[i])
            fail_msg("byte %zu ^ %02x: cell %zu is lost", at, flip, i);
    kith_shard_free(&s);
}

static void no_changed_byte_passes(void **state)
{
    struct sample m;
    (void)state;
    make_sample(&m, 1);
    for (size_t at = 0; at < m.n; at++)
        check_flip(&m, 1, at, (unsigned char)(1u << at % 8));
    free(m.bytes);
}

/* Without the first look at all bytes, what is damaged is found when it is read, at the latest. */
static void what_was_not_checked_is_checked_when_it_is_read(void **state)
{
    struct sample m;
    size_t opened = 0;
    (void)state;
    make_sample(&m, 1);
    for (size_t at = m.head; at < m.n; at++) {
        struct kith_shard s;
        struct kith_error err;
        m.bytes[at] ^= (unsigned char)(1u << at % 8);
        put_file(in_directory("flip"), m.bytes, m.n);
        m.bytes[at] ^= (unsigned char)(1u << at % 8);
        must(kith_shard_open(&s, &mem, in_directory("flip"), false, &err), &err);
        opened += s.complete;
        for (size_t i = 0; i < s.n_cells; i++) {
            bool hit = at >= s.cells[i].from && at < s.cells[i].to;
            if (!hit) {
                check_cell(&s, i, &small);
                continue;
            }
            uint64_t from = s.cells[i].from;
            struct kith_shard_piece piece = {0};
            enum kith_status st = KITH_OK;
            while (!st && !piece.last)
                st = kith_shard_read(&s, small.shape, &from, &piece, &err);
            if (st != KITH_IO)
                fail_msg("byte %zu: read without complaint", at);
        }
        kith_shard_free(&s);
    }
    assert_true(opened > m.n / 2); /* most of the bytes are content */
    free(m.bytes);
}

/* What is behind damage is found, and the intact cells make a new shard. */
static void intact_cells_are_copied(void **state)
{
    struct sample m;
    struct kith_shard s;
    struct kith_shard_writer w;
    struct kith_error err;
    (void)state;
    make_sample(&m, 1);
    m.bytes[m.end[1] - 3] ^= 16; /* in the series of the second cell */
    put_file(in_directory("bad"), m.bytes, m.n);
    free(m.bytes);
    open_shard(&s, in_directory("bad"));
    assert_string_not_equal(s.fault, "");
    assert_false(s.cut);
    assert_int_equal(s.n_cells, N_CELLS - 1);
    must(kith_shard_create(&w, &mem, in_directory("copy"), &s.head, &err), &err);
    for (size_t i = 0; i < s.n_cells; i++)
        must(kith_shard_put_copy(&w, &s, i, &err), &err);
    must(kith_shard_close(&w, s.wall_seconds, true, &err), &err);
    assert_true(s.wall_seconds == 12.5);
    kith_shard_free(&s);
    const uint64_t kept[] = {1, 5, 7};
    open_shard(&s, in_directory("copy"));
    assert_true(s.complete && s.n_cells == 3 && s.wall_seconds == 12.5);
    check_head(&s.head);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(s.cells[i].cell, kept[i]);
        check_cell(&s, i, &small);
    }
    kith_shard_free(&s);
}

/* Damaged and then cut off is not just cut off: to mend it would not be enough. */
static void a_damaged_file_that_is_cut_is_damaged(void **state)
{
    struct sample m;
    struct kith_shard s;
    (void)state;
    make_sample(&m, 1);
    m.bytes[m.end[1] - 3] ^= 16;
    for (size_t n = m.end[1]; n < m.n; n++) {
        put_file(in_directory("bad"), m.bytes, n);
        open_shard(&s, in_directory("bad"));
        assert_true(!s.complete && !s.cut && s.damaged && strstr(s.fault, "wrong checksum"));
        assert_int_equal(s.n_cells, cells_before(&m, n) - 1);
        kith_shard_free(&s);
    }
    free(m.bytes);
}

static void large_cells_are_copied(void **state)
{
    struct kith_shard s;
    struct kith_shard_writer w;
    struct kith_error err;
    (void)state;
    write_shard(in_directory("a"), &large, 8, 2);
    open_shard(&s, in_directory("a"));
    assert_true(s.cells[1].to - s.cells[1].from > 2 * BUFFER);
    must(kith_shard_create(&w, &mem, in_directory("b"), &head, &err), &err);
    for (size_t i = 0; i < 2; i++) {
        must(kith_shard_put_copy(&w, &s, i, &err), &err);
        kith_shard_close_file(&s); /* it opens again by itself */
    }
    must(kith_shard_close(&w, 0, false, &err), &err);
    kith_shard_free(&s);
    check_complete(in_directory("b"), &large, 8, 2);
}

/* ---- right checksums around wrong content */

/* CRC-32 of gzip, bit by bit. */
static uint32_t checksum(const void *bytes, size_t n)
{
    uint32_t x = 0xffffffffu;
    for (size_t i = 0; i < n; i++) {
        x ^= ((const unsigned char *)bytes)[i];
        for (int bit = 0; bit < 8; bit++)
            x = x >> 1 ^ (x & 1 ? 0xedb88320u : 0);
    }
    return ~x;
}

static size_t add_record(unsigned char *out, uint32_t kind, uint64_t cell, const void *bytes, size_t n)
{
    struct shard_record r = {.kind = kind, .crc = checksum(bytes, n), .cell = cell, .bytes = n};
    r.crc_here = checksum(&r, sizeof r - 4);
    memcpy(out, &r, sizeof r);
    memcpy(out + sizeof r, bytes, n);
    return sizeof r + n;
}

static size_t add_end(unsigned char *out, uint64_t cells)
{
    const struct shard_end end = {cells, 1};
    return add_record(out, KITH_SHARD_END, 0, &end, sizeof end);
}

/* Reads a shard that consists of nothing but this head, with the checksums it has to have. */
static enum kith_status read_head(const unsigned char *bytes, size_t n)
{
    struct shard_preamble p = {.magic = KITH_SHARD_MAGIC, .bytes = n, .crc = checksum(bytes, n)};
    struct kith_shard s;
    struct kith_error err;
    p.crc_here = checksum(&p, sizeof p - 4);
    FILE *f = fopen(in_directory("head"), "wb");
    assert_non_null(f);
    fwrite(&p, 1, sizeof p, f);
    fwrite(bytes, 1, n, f);
    assert_int_equal(fclose(f), 0);
    enum kith_status st = kith_shard_open(&s, &mem, in_directory("head"), true, &err);
    assert_true(st ? s.damaged && strstr(err.text, "damaged: its head") : s.cut && s.n_cells == 0);
    kith_shard_free(&s);
    return st;
}

/* With another number at `at`. */
static enum kith_status read_head_with(unsigned char *bytes, size_t n, size_t at, uint64_t number)
{
    unsigned char before[sizeof number];
    memcpy(before, bytes + at, sizeof before);
    memcpy(bytes + at, &number, sizeof number);
    enum kith_status st = read_head(bytes, n);
    memcpy(bytes + at, before, sizeof before);
    return st;
}

/* Every length and every number of things in the head is believed only if it fits. */
static void the_head_has_to_fit(void **state)
{
    enum { N_TEXTS = 10, SOURCES = 7 * 8, OVERRIDES = 8 * 8, FIRST = 9 * 8 };
    struct sample m;
    (void)state;
    make_sample(&m, 0);
    size_t n = m.head - sizeof(struct shard_preamble), blobs = 0;
    unsigned char *bytes = room(n + 1, 1);
    memcpy(bytes, m.bytes + sizeof(struct shard_preamble), n);
    assert_int_equal(read_head(bytes, n), KITH_OK);
    assert_int_equal(read_head(bytes, n + 1), KITH_IO);
    for (size_t cut = 0; cut < n; cut++)
        assert_int_equal(read_head(bytes, cut), KITH_IO);
    for (size_t at = FIRST; at < n; blobs++) {
        uint64_t length;
        memcpy(&length, bytes + at, sizeof length);
        const uint64_t wrong[] = {length - 1, length + 1, length + 9, n, UINT64_MAX, UINT64_MAX - at, (uint64_t)1 << 63};
        for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
            assert_int_equal(read_head_with(bytes, n, at, wrong[i]), KITH_IO);
        at += sizeof length + (size_t)length;
        bool text = blobs < N_TEXTS || blobs >= N_TEXTS + 2 * head.n_sources || blobs % 2 == 0;
        if (text) {
            assert_int_equal(bytes[at - 1], 0);
            bytes[at - 1] = 'x';
            assert_int_equal(read_head(bytes, n), KITH_IO);
            bytes[at - 1] = 0;
        }
    }
    assert_int_equal(blobs, N_TEXTS + 2 * head.n_sources + 2 * head.n_overrides);
    const uint64_t counts[] = {0, 1, 4, 100, UINT64_MAX / 32 + 1, UINT64_MAX};
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        assert_int_equal(read_head_with(bytes, n, SOURCES, counts[i]), KITH_IO);
        assert_int_equal(read_head_with(bytes, n, OVERRIDES, counts[i]), KITH_IO);
    }
    free(bytes);
    free(m.bytes);
}

/* Opens a shard that consists of the sample's first `n` bytes and of what was made. */
static void open_made(struct kith_shard *s, const struct sample *m, size_t n, const unsigned char *made, size_t n_made)
{
    unsigned char *all = room(n + n_made, 1);
    memcpy(all, m->bytes, n);
    if (n_made > 0)
        memcpy(all + n, made, n_made);
    put_file(in_directory("made"), all, n + n_made);
    free(all);
    open_shard(s, in_directory("made"));
}

static void expect_fault(struct kith_shard *s, const char *fault, size_t n_cells)
{
    assert_false(s->complete);
    assert_false(s->cut);
    if (!strstr(s->fault, fault) || s->n_cells != n_cells)
        fail_msg("'%s' and %zu cells instead of '%s' and %zu", s->fault, s->n_cells, fault, n_cells);
    kith_shard_free(s);
}

static void the_end_has_to_fit(void **state)
{
    struct sample m;
    struct kith_shard s;
    unsigned char made[256];
    (void)state;
    make_sample(&m, 0);
    size_t all = m.end[N_CELLS - 1];
    open_made(&s, &m, all, made, add_end(made, N_CELLS)); /* as it should be */
    assert_true(s.complete);
    kith_shard_free(&s);
    open_made(&s, &m, all, made, add_end(made, N_CELLS - 1));
    expect_fault(&s, "wrong last record", N_CELLS);
    open_made(&s, &m, m.end[1], made, add_end(made, N_CELLS)); /* cells are missing in the middle */
    expect_fault(&s, "wrong last record", 2);
    open_made(&s, &m, all, made, add_record(made, KITH_SHARD_END, 0, "123456789", 9));
    expect_fault(&s, "wrong last record", N_CELLS);
    size_t n = add_end(made, N_CELLS);
    open_made(&s, &m, all, made, n + add_end(made + n, N_CELLS));
    expect_fault(&s, "bytes behind the last record", N_CELLS);
    open_made(&s, &m, m.n, (const unsigned char *)"x", 1);
    expect_fault(&s, "bytes behind the last record", N_CELLS);
    open_made(&s, &m, all, made, add_record(made, 0x12345678, 0, "", 0));
    expect_fault(&s, "wrong record", N_CELLS);
    free(m.bytes);
}

static void no_other_file_is_a_shard(void **state)
{
    struct sample m;
    struct kith_shard s;
    struct kith_error err;
    (void)state;
    make_sample(&m, 0);
    const struct {
        size_t at, n;
        const char *with, *why;
    } wrong[] = {{0, 1, "K", "is no shard"},
                 {7, 1, "1", "another version"},
                 {8, 8, "\377\377\377\377\377\377\377\377", "damaged"}};
    for (size_t i = 0; i < 3; i++) {
        struct shard_preamble p;
        memcpy(&p, m.bytes, sizeof p);
        memcpy((char *)&p + wrong[i].at, wrong[i].with, wrong[i].n);
        p.crc_here = checksum(&p, sizeof p - 4);
        FILE *f = fopen(in_directory("wrong"), "wb");
        assert_non_null(f);
        fwrite(&p, 1, sizeof p, f);
        fwrite(m.bytes + sizeof p, 1, m.n - sizeof p, f);
        fclose(f);
        assert_int_equal(kith_shard_open(&s, &mem, in_directory("wrong"), true, &err), KITH_IO);
        assert_non_null(strstr(err.text, wrong[i].why));
        assert_non_null(strstr(err.file, "wrong"));
        kith_shard_free(&s);
        assert_int_equal(kith_shard_peek(&s, &mem, in_directory("wrong"), &err), KITH_IO);
        kith_shard_free(&s);
    }
    put_file(in_directory("wrong"), (const unsigned char *)"\211HDF\r\n\032\n and so on, for a while", 31);
    assert_int_equal(kith_shard_open(&s, &mem, in_directory("wrong"), true, &err), KITH_IO);
    assert_false(kith_shard_is_stub(in_directory("wrong")));
    kith_shard_free(&s);
    free(m.bytes);
}

/* Nothing that is no plain file is read: a pipe would block. */
static void only_plain_files_are_read(void **state)
{
    struct kith_shard s;
    struct kith_error err;
    (void)state;
    assert_int_equal(mkfifo(in_directory("pipe"), 0600), 0);
    const char *path[] = {in_directory("pipe"), directory, "/dev/null", in_directory("nothing")};
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(kith_shard_open(&s, &mem, path[i], true, &err), KITH_IO);
        assert_string_equal(err.file, path[i]);
        assert_non_null(strstr(err.text, i < 3 ? "is no plain file" : "No such file"));
        kith_shard_free(&s);
        assert_false(kith_shard_is_stub(path[i]));
    }
}

/* A cell of one record of trajectories, changed behind the writer's back: whether it is read. */
static enum kith_status read_changed(const struct sample *m, const unsigned char *tracks, size_t n)
{
    struct kith_shard s;
    struct kith_shard_piece piece;
    struct kith_error err;
    struct shard_record r;
    unsigned char made[2048];
    size_t series = record_with(m, m->end[0] - 1, &r), used = add_record(made, KITH_SHARD_TRACKS, 0, tracks, n);
    memcpy(made + used, m->bytes + series, m->end[0] - series);
    used += m->end[0] - series;
    used += add_end(made + used, 1);
    open_made(&s, m, m->head, made, used);
    assert_true(s.complete && s.n_cells == 1);
    uint64_t at = s.cells[0].from;
    enum kith_status st = kith_shard_read(&s, &small_shape, &at, &piece, &err);
    if (st)
        assert_non_null(strstr(err.text, "damaged: trajectories"));
    kith_shard_free(&s);
    return st;
}

static void trajectories_have_to_fit(void **state)
{
    /* two families of one event and one member each; attributes between id and birth_day */
    struct {
        struct shard_counts c;
        int64_t event_end[2], member_end[2];
        int32_t id[2];
        float attribute[4];
        int32_t birth_day[2];
        uint16_t day[2];
        uint8_t code[2];
        int8_t member[2], behind[8];
    } good = {{2, 2, 2, 2}, {1, 2}, {0, 2}, {5, 6}, {0}, {1, 2}, {1, 2}, {3, 0}, {0, 1}, {0}}, t;
    const size_t n = offsetof(__typeof__(good), behind);
    struct sample m;
    (void)state;
    make_sample(&m, 0);
#define READ(change, bytes) (t = good, change, read_changed(&m, (const unsigned char *)&t, bytes))
    assert_int_equal(READ((void)0, n), KITH_OK);
    assert_int_equal(READ(t.code[0] = 4, n), KITH_IO);
    assert_int_equal(READ(t.code[1] = 255, n), KITH_IO);
    assert_int_equal(READ(t.event_end[0] = -1, n), KITH_IO);
    assert_int_equal(READ(t.event_end[0] = 3, n), KITH_IO);
    assert_int_equal(READ(t.event_end[1] = 1, n), KITH_IO); /* an event that belongs to nobody */
    assert_int_equal(READ(t.event_end[1] = 3, n), KITH_IO);
    assert_int_equal(READ(t.member_end[0] = INT64_MIN, n), KITH_IO);
    assert_int_equal(READ(t.member_end[1] = 1, n), KITH_IO);
    assert_int_equal(READ(t.member_end[1] = INT64_MAX, n), KITH_IO);
    assert_int_equal(READ(t.c.families = 1, n), KITH_IO);
    assert_int_equal(READ(t.c.families = UINT64_MAX, n), KITH_IO);
    assert_int_equal(READ(t.c.members = UINT64_MAX / 4 + 3, n), KITH_IO); /* 4 times that is 8 again */
    assert_int_equal(READ(t.c.events = 3, n), KITH_IO);
    assert_int_equal(READ(t.c.attributes = 1, n), KITH_IO);
    assert_int_equal(READ(t.c.attributes = 1, n - 8), KITH_IO); /* the length is right for one */
    assert_int_equal(READ((void)0, n - 1), KITH_IO);
    assert_int_equal(READ((void)0, n + 1), KITH_IO);
    assert_int_equal(READ((void)0, sizeof t.c - 1), KITH_IO);
    assert_int_equal(READ((t.c = (struct shard_counts){0, 0, 0, 2}), sizeof t.c), KITH_OK);
    assert_int_equal(READ((t.c = (struct shard_counts){0, 0, 1, 2}), sizeof t.c + 4), KITH_IO); /* nobody's event */
#undef READ
    free(m.bytes);
}

static enum kith_status undo(const unsigned char *packed, size_t n, const struct kith_shape *shape, int months)
{
    struct kith_packed p;
    struct kith_series s;
    kith_packed_init(&p, &mem);
    assert_int_equal(kith_series_init(&s, &mem, shape, months), KITH_OK);
    enum kith_status st = kith_packed_undo(&p, packed, n, &s);
    kith_series_free(&s);
    kith_packed_free(&p);
    return st;
}

static void series_have_to_fit(void **state)
{
    struct kith_packed p;
    struct kith_series s;
    struct kith_shape other;
    struct shard_sizes sizes;
    (void)state;
    kith_packed_init(&p, &mem);
    random_bits = 9;
    make_series(&s, &medium, 0);
    assert_int_equal(kith_packed_series(&p, &s, 3), KITH_OK);
    unsigned char *bytes = room(p.n, 1);
    memcpy(bytes, p.bytes, p.n);
    memcpy(&sizes, bytes, sizeof sizes);
    assert_int_equal(undo(bytes, p.n, &small_shape, medium.months), KITH_OK);
    assert_int_equal(undo(bytes, p.n, &small_shape, medium.months - 1), KITH_IO);
    assert_int_equal(undo(bytes, p.n, &small_shape, medium.months + 1), KITH_IO);
    const size_t offset[] = {offsetof(struct kith_shape, n_states), offsetof(struct kith_shape, n_transitions),
                             offsetof(struct kith_shape, n_counts), offsetof(struct kith_shape, n_costs),
                             offsetof(struct kith_shape, n_amounts)};
    for (size_t i = 0; i < KITH_SHARD_ARRAYS; i++) {
        for (size_t k = 0; k < 3; k++) {
            size_t count;
            other = small_shape;
            memcpy(&count, (char *)&other + offset[i], sizeof count);
            count = k == 0 ? count - 1 : k == 1 ? count + 1 : 0;
            memcpy((char *)&other + offset[i], &count, sizeof count);
            assert_int_equal(undo(bytes, p.n, &other, medium.months), KITH_IO);
        }
    }
    for (size_t n = 0; n < p.n; n += 1 + n / 50)
        assert_int_equal(undo(bytes, n, &small_shape, medium.months), KITH_IO);
    assert_int_equal(undo(bytes, p.n + 1, &small_shape, medium.months), KITH_IO);
    for (size_t i = 0; i < KITH_SHARD_ARRAYS; i++) {
        struct shard_sizes wrong = sizes;
        wrong.bytes[i] = UINT64_MAX - 5;
        memcpy(bytes, &wrong, sizeof wrong);
        assert_int_equal(undo(bytes, p.n, &small_shape, medium.months), KITH_IO);
    }
    sizes.bytes[KITH_SHARD_ARRAYS - 1]++; /* a byte behind the stream, within its chunk */
    memcpy(bytes, &sizes, sizeof sizes);
    assert_int_equal(undo(bytes, p.n + 1, &small_shape, medium.months), KITH_IO);
    free(bytes);
    kith_series_free(&s);
    kith_packed_free(&p);
}

/* A file that another process changes after it was checked. */
static void a_file_that_changes_is_noticed(void **state)
{
    struct sample m;
    struct kith_shard s;
    struct kith_shard_piece piece;
    struct kith_error err;
    (void)state;
    make_sample(&m, 2);
    for (size_t at = m.head; at < m.end[0]; at++) {
        uint64_t from = m.head;
        put_file(in_directory("a"), m.bytes, m.n);
        open_shard(&s, in_directory("a"));
        m.bytes[at] ^= 64;
        put_file(in_directory("a"), m.bytes, m.n);
        m.bytes[at] ^= 64;
        enum kith_status st = KITH_OK;
        for (piece.last = false; !st && !piece.last;)
            st = kith_shard_read(&s, &small_shape, &from, &piece, &err);
        assert_int_equal(st, KITH_IO);
        assert_non_null(strstr(err.text, "it has changed"));
        kith_shard_free(&s);
        put_file(in_directory("a"), m.bytes, m.n);
        open_shard(&s, in_directory("a"));
        put_file(in_directory("a"), m.bytes, at);
        from = m.head;
        for (st = KITH_OK, piece.last = false; !st && !piece.last;)
            st = kith_shard_read(&s, &small_shape, &from, &piece, &err);
        assert_int_equal(st, KITH_IO);
        assert_int_equal(kith_shard_read_series(&s, 0, &piece, &err), KITH_IO);
        assert_non_null(strstr(err.text, "it has become shorter"));
        kith_shard_free(&s);
    }
    /* With a record whose length goes nowhere. */
    struct shard_record r;
    put_file(in_directory("a"), m.bytes, m.n);
    open_shard(&s, in_directory("a"));
    memcpy(&r, m.bytes + m.head, sizeof r);
    assert_int_equal(r.kind, KITH_SHARD_TRACKS);
    r.bytes = (uint64_t)0 - sizeof r;
    r.crc_here = checksum(&r, sizeof r - 4);
    memcpy(m.bytes + m.head, &r, sizeof r);
    put_file(in_directory("a"), m.bytes, m.n);
    assert_int_equal(kith_shard_read_series(&s, 0, &piece, &err), KITH_IO);
    kith_shard_free(&s);
    free(m.bytes);
}

/* ---- without memory, without room on the disk */

/* Everything that is done with shards; how far it came is in `done`. */
static enum kith_status all_of_it(struct kith_mem *own, struct kith_error *err)
{
    struct kith_shard_writer w;
    struct kith_packed p;
    struct kith_shard s = {.fd = -1};
    struct kith_shard_piece piece = {0};
    struct kith_series series;
    kith_packed_init(&p, own);
    enum kith_status st = kith_shard_create(&w, own, in_directory("a"), &head, err);
    if (!st) {
        for (uint64_t i = 0; i < 3 && !st; i++)
            st = put_cell(&w, &p, &medium, 2 * i, err);
        if (!st)
            st = kith_shard_close(&w, 0, false, err);
        else
            kith_shard_leave(&w, true);
    }
    if (!st)
        st = kith_shard_peek(&s, own, in_directory("a"), err);
    kith_shard_free(&s);
    if (!st)
        st = kith_shard_open(&s, own, in_directory("a"), true, err);
    if (!st) {
        st = kith_shard_create(&w, own, in_directory("b"), &s.head, err);
        for (size_t i = 0; i < s.n_cells && !st; i++)
            st = kith_shard_put_copy(&w, &s, i, err);
        if (!st)
            st = kith_shard_close(&w, 0, true, err);
    }
    if (!st)
        st = kith_shard_mend(&s, in_directory("a.mended"), err);
    kith_shard_free(&s);
    if (!st)
        st = kith_shard_open(&s, own, in_directory("a.mended"), true, err);
    uint64_t at = st ? 0 : s.cells[2].from;
    while (!st && !piece.last)
        st = kith_shard_read(&s, &small_shape, &at, &piece, err);
    assert_int_equal(kith_series_init(&series, &mem, &small_shape, medium.months), KITH_OK);
    kith_packed_free(&p); /* unpacking begins afresh, too */
    if (!st)
        st = kith_packed_undo(&p, piece.packed, piece.bytes, &series);
    kith_series_free(&series);
    kith_packed_free(&p);
    kith_shard_free(&s);
    return st;
}

static void without_memory_nothing_is_left_behind(void **state)
{
    struct kith_mem counting = KITH_MEM_INIT;
    struct kith_error err;
    (void)state;
    must(all_of_it(&counting, &err), &err);
    assert_int_equal(for_each_file(true), 2);
    long n = counting.allocations;
    assert_true(n > 20);
    for (long i = 0; i < n; i++) {
        struct kith_mem failing = {i, 0};
        enum kith_status st = all_of_it(&failing, &err);
        if (st != KITH_NO_MEMORY)
            fail_msg("allocation %ld of %ld: status %d", i, n, (int)st);
        for_each_file(true);
    }
    struct kith_mem enough = {n, 0};
    must(all_of_it(&enough, &err), &err);
}

/* With files of at most so many bytes. In a child process, as the limit cannot be taken back; 0: as it should be. */
static int write_with_limit(rlim_t bytes)
{
    struct kith_shard_writer w;
    struct kith_packed p;
    struct kith_shard s;
    struct kith_error err = {0};
    struct rlimit limit = {bytes, bytes};
    size_t finished = 0;
    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &limit);
    kith_packed_init(&p, &mem);
    enum kith_status st = kith_shard_create(&w, &mem, in_directory("full"), &head, &err);
    if (st) /* there is not even a head: no file is left */
        return st == KITH_IO && strstr(err.text, "File too large") && for_each_file(false) == 0 ? 0 : 1;
    for (; finished < N_CELLS && !st; finished += !st)
        st = put_cell(&w, &p, &small, 2 * finished, &err);
    if (!st)
        st = kith_shard_close(&w, 0, true, &err);
    else
        kith_shard_leave(&w, false);
    if (st != KITH_IO || !strstr(err.text, "File too large") || !strstr(err.file, "full.tmp"))
        return 2;
    if (access(in_directory("full"), F_OK) == 0 || kith_shard_open(&s, &mem, in_directory("full.tmp"), true, &err))
        return 3;
    int failed = s.cut && s.n_cells == finished ? 0 : 4;
    kith_shard_free(&s);
    kith_packed_free(&p);
    return failed;
}

static void on_a_full_disk_finished_cells_remain(void **state)
{
    struct sample m;
    (void)state;
    make_sample(&m, 0);
    for (size_t n = 0; n < m.n; n += n > m.head ? 11 : 50) {
        int result;
        fflush(NULL);
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0)
            _exit(write_with_limit((rlim_t)n));
        assert_int_equal(waitpid(child, &result, 0), child);
        if (!WIFEXITED(result) || WEXITSTATUS(result) != 0)
            fail_msg("limit of %zu bytes: result %d", n, result);
        for_each_file(true);
    }
    free(m.bytes);
}

static void a_place_that_cannot_be_written_is_reported(void **state)
{
    struct kith_shard_writer w;
    struct kith_error err;
    (void)state;
    assert_int_equal(kith_shard_create(&w, &mem, in_directory("no/where"), &head, &err), KITH_IO);
    assert_non_null(strstr(err.text, "No such file or directory"));
    put_file(in_directory("x.tmp"), (const unsigned char *)"mine", 4);
    assert_int_equal(kith_shard_create(&w, &mem, in_directory("x"), &head, &err), KITH_IO);
    assert_int_equal(errno, EEXIST); /* the journal looks for another name */
    assert_int_equal(for_each_file(false), 1); /* it belongs to somebody else */
    assert_int_equal(mkdir(in_directory("d"), 0700), 0);
    must(kith_shard_create(&w, &mem, in_directory("d"), &head, &err), &err);
    assert_int_equal(kith_shard_close(&w, 0, true, &err), KITH_IO);
    assert_non_null(strstr(err.text, "rename"));
    rmdir(in_directory("d"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(cells_are_read_back, remove_files),
        cmocka_unit_test_teardown(large_cells_are_read_back, remove_files),
        cmocka_unit_test_teardown(buffers_are_filled_to_the_last_byte, remove_files),
        cmocka_unit_test_teardown(the_head_is_read_back, remove_files),
        cmocka_unit_test_teardown(a_cell_without_series_is_not_there, remove_files),
        cmocka_unit_test_teardown(a_cell_may_be_there_twice, remove_files),
        cmocka_unit_test_teardown(every_cell_is_in_the_file_at_once, remove_files),
        cmocka_unit_test_teardown(of_a_file_cut_anywhere_finished_cells_remain, remove_files),
        cmocka_unit_test_teardown(no_changed_byte_passes, remove_files),
        cmocka_unit_test_teardown(what_was_not_checked_is_checked_when_it_is_read, remove_files),
        cmocka_unit_test_teardown(intact_cells_are_copied, remove_files),
        cmocka_unit_test_teardown(a_damaged_file_that_is_cut_is_damaged, remove_files),
        cmocka_unit_test_teardown(large_cells_are_copied, remove_files),
        cmocka_unit_test_teardown(the_head_has_to_fit, remove_files),
        cmocka_unit_test_teardown(the_end_has_to_fit, remove_files),
        cmocka_unit_test_teardown(no_other_file_is_a_shard, remove_files),
        cmocka_unit_test_teardown(only_plain_files_are_read, remove_files),
        cmocka_unit_test_teardown(trajectories_have_to_fit, remove_files),
        cmocka_unit_test_teardown(series_have_to_fit, remove_files),
        cmocka_unit_test_teardown(a_file_that_changes_is_noticed, remove_files),
        cmocka_unit_test_teardown(without_memory_nothing_is_left_behind, remove_files),
        cmocka_unit_test_teardown(on_a_full_disk_finished_cells_remain, remove_files),
        cmocka_unit_test_teardown(a_place_that_cannot_be_written_is_reported, remove_files),
    };
    return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
