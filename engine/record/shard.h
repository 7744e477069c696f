/* A shard: a file of finished cells, on its way from the process that simulated them to the output file. It is written
 * once, from beginning to end, as NAME.tmp and gets its name when it is complete and on the disk. Every record carries a
 * checksum, so that what a killed process had written can be told from what it had not.
 *
 * It is a format of its own, not HDF5, because a process may be killed at any moment, and because shards come from other
 * machines and people: this reader takes nothing on trust. shard_format.h says how it looks. */
#ifndef KITH_RECORD_SHARD_H
#define KITH_RECORD_SHARD_H

#include "../scenario/arena.h"
#include "record.h"

/* What a shard says of itself: enough to run the same scenario again without its files. */
struct kith_shard_head {
    const char *fingerprint; /* of all that the results depend on but the number of replications */
    const char *arms;        /* as chosen on the command line, "a,b"; "" all */
    uint64_t seed;
    uint64_t replications, n_arms, n_areas; /* as planned when it was begun */
    uint64_t part, n_parts;                 /* as in struct kith_run */
    struct kith_provenance how;             /* texts and threads */
    size_t n_sources, n_overrides;
    const struct kith_source *sources;
    const struct kith_override *overrides;
};

/* The series of a cell, packed as the output file will hold them. One for each thread. */
struct kith_packed {
    struct kith_mem *mem;
    struct kith_deflate *deflate;
    unsigned char *bytes;
    size_t n, room;
};
void kith_packed_init(struct kith_packed *p, struct kith_mem *mem);
void kith_packed_free(struct kith_packed *p);
/* Packs the series; `events` is how many events the cell had. KITH_NO_MEMORY or KITH_INTERNAL, without a report. */
KITH_MUST_CHECK enum kith_status kith_packed_series(struct kith_packed *p, const struct kith_series *s,
                                                    uint64_t events);

/* A shard that is being written. Not thread-safe. After an error only kith_shard_leave is of use. */
struct kith_shard_writer {
    struct kith_mem *mem;
    int fd;                 /* -1: not open */
    char *path, *temporary;
    unsigned char *buffer;
    size_t n;               /* bytes waiting in it */
    uint64_t n_cells;
};
struct kith_shard;

/* Creates PATH.tmp, which must not exist. A struct that failed here needs no closing. */
KITH_MUST_CHECK enum kith_status kith_shard_create(struct kith_shard_writer *w, struct kith_mem *mem, const char *path,
                                                   const struct kith_shard_head *head, struct kith_error *err);
/* Trajectories of some families of cell number `cell`; all of them come before its series, and nothing of another cell
 * in between. */
KITH_MUST_CHECK enum kith_status kith_shard_put_tracks(struct kith_shard_writer *w, uint64_t cell,
                                                       const struct kith_tracks *t, size_t n_attributes,
                                                       struct kith_error *err);
/* The series of the cell, which is finished with it: afterwards the death of this process does not lose it. */
KITH_MUST_CHECK enum kith_status kith_shard_put_cell(struct kith_shard_writer *w, uint64_t cell,
                                                     const struct kith_packed *p, struct kith_error *err);
/* Copies cell i of another shard. */
KITH_MUST_CHECK enum kith_status kith_shard_put_copy(struct kith_shard_writer *w, struct kith_shard *from, size_t i,
                                                     struct kith_error *err);
/* Waits until what was written is on the disk: afterwards the loss of power does not lose it. */
KITH_MUST_CHECK enum kith_status kith_shard_sync(struct kith_shard_writer *w, struct kith_error *err);
/* Ends the file with what it took, moves it to its place and frees the writer. `sync`: not before it is on the disk. On
 * an error the temporary file is left as it is. */
KITH_MUST_CHECK enum kith_status kith_shard_close(struct kith_shard_writer *w, double wall_seconds, bool sync,
                                                  struct kith_error *err);
/* Frees the writer and leaves the temporary file; if `discard`, removes it. A zeroed writer is fine. */
void kith_shard_leave(struct kith_shard_writer *w, bool discard);

struct kith_shard_cell {
    uint64_t cell;
    uint64_t from, to; /* its bytes in the file */
};

/* A shard that is being read. Not thread-safe. */
struct kith_shard {
    struct kith_mem *mem;
    struct kith_arena arena;
    char *path;
    int fd;                    /* -1: closed for now */
    struct kith_shard_head head;
    size_t n_cells, room_cells;
    struct kith_shard_cell *cells; /* that are intact, in the order of the file */
    bool complete;             /* ends as it should, and everything in it is intact */
    bool cut;                  /* not complete, but only because the end is missing: everything up to `good` is intact */
    uint64_t good;
    double wall_seconds;       /* that its process took; 0 if it did not come to its end */
    bool damaged;              /* its bytes are wrong: set also when it could not be opened for that reason */
    bool foreign;              /* it does not even begin like a shard */
    char fault[160];           /* what is wrong with it, or "" */
    unsigned char *buffer;
    size_t room;
};

/* Opens a shard and looks through its records; with `check` it reads all of it once and compares the checksums, without that
 * only when a piece is read. KITH_OK also when it is damaged behind its head: `fault` says how. KITH_IO when it cannot be
 * read or is no shard. To be closed in every case. */
KITH_MUST_CHECK enum kith_status kith_shard_open(struct kith_shard *s, struct kith_mem *mem, const char *path, bool check,
                                                 struct kith_error *err);
/* The same without looking at anything but the head. */
KITH_MUST_CHECK enum kith_status kith_shard_peek(struct kith_shard *s, struct kith_mem *mem, const char *path,
                                                 struct kith_error *err);
void kith_shard_close_file(struct kith_shard *s); /* until it is needed again: a run may have more shards than open files */
void kith_shard_free(struct kith_shard *s);
/* Whether the file has no more than a piece of a head, as a process leaves it that is killed while it begins. */
bool kith_shard_is_stub(const char *path);
/* Gives a shard that is `cut` the end it lacks, and the name `to`. */
KITH_MUST_CHECK enum kith_status kith_shard_mend(struct kith_shard *s, const char *to, struct kith_error *err);

/* A piece of a cell: first its trajectories, if any, in batches, then, with `last`, its series. Valid until the next is
 * read. */
struct kith_shard_piece {
    bool last;
    struct kith_tracks tracks;
    uint64_t events;
    const unsigned char *packed; /* [bytes] what kith_packed_series made */
    size_t bytes;
};
/* Reads the piece at *at, to begin with cells[i].from, and moves *at behind it. KITH_IO if it is not what the shape and
 * the checksums say. */
KITH_MUST_CHECK enum kith_status kith_shard_read(struct kith_shard *s, const struct kith_shape *shape, uint64_t *at,
                                                 struct kith_shard_piece *piece, struct kith_error *err);
/* Exchanges the memory into which pieces are read for another of `*room` bytes: the last piece stays valid until that is
 * used again. To begin with NULL and 0 are fine. */
void kith_shard_exchange(struct kith_shard *s, unsigned char **bytes, size_t *room);
/* Reads only the series of cells[i], past its trajectories. */
KITH_MUST_CHECK enum kith_status kith_shard_read_series(struct kith_shard *s, size_t i, struct kith_shard_piece *piece,
                                                        struct kith_error *err);
/* Unpacks series into `s`, made for the shape that they are of; KITH_IO, without a report, if they are not. */
KITH_MUST_CHECK enum kith_status kith_packed_undo(struct kith_packed *p, const unsigned char *packed, size_t bytes,
                                                  struct kith_series *s);

#endif
