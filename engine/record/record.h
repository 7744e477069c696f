/* The output file: written cell by cell in canonical order, read back by summary, compare, digest and info.
 * The only room that knows HDF5. */
#ifndef KITH_RECORD_RECORD_H
#define KITH_RECORD_RECORD_H

#include "../scenario/scenario.h"
#include "../sim/series.h"
#include "../sim/tracks.h"

/* How a file came to be. All text; NULL is written as "". */
struct kith_provenance {
    const char *fingerprint; /* of all that the results depend on but the number of replications */
    const char *version, *git_revision, *compiler, *flags, *libraries, *command, *draw_scheme, *started;
    int threads;
    double wall_seconds; /* set before closing */
    uint64_t events;     /* simulated in all, warm-up included; set before closing */
};

struct kith_writer;

/* Creates PATH.tmp; PATH itself appears, complete, only when kith_writer_close succeeds. An existing PATH is
 * replaced at that moment. Not thread-safe: one thread calls at a time, but for kith_writer_help. */
KITH_MUST_CHECK enum kith_status kith_writer_open(struct kith_writer **w, struct kith_mem *mem, const char *path,
                                                  const struct kith_scenario *sc, const struct kith_shape *shape,
                                                  const struct kith_provenance *how, struct kith_error *err);
/* A cell begins: its trajectories come next, then its series. Cells come in canonical order: replication, then arm, then
 * area; those that are left out are not finished. */
KITH_MUST_CHECK enum kith_status kith_writer_begin(struct kith_writer *w, int replication, size_t arm, size_t area,
                                                   struct kith_error *err);
/* Trajectories of the next families of the cell, in order. */
KITH_MUST_CHECK enum kith_status kith_writer_tracks(struct kith_writer *w, const struct kith_tracks *t,
                                                    struct kith_error *err);
/* Packs some of the trajectories that were handed over; false if all are packed. Threads that have nothing to do call it
 * while another writes, from kith_writer_open to kith_writer_close. */
bool kith_writer_help(struct kith_writer *w);
/* The series of the cell, which is finished with it. */
KITH_MUST_CHECK enum kith_status kith_writer_cell(struct kith_writer *w, int replication, size_t arm, size_t area,
                                                  const struct kith_series *s, struct kith_error *err);
/* The same for series as kith_packed_series left them and kith_packed_undo has found them right. */
KITH_MUST_CHECK enum kith_status kith_writer_packed(struct kith_writer *w, int replication, size_t arm, size_t area,
                                                    const unsigned char *packed, struct kith_error *err);
/* Whether it may be called: the series of a cell are so long that they make several chunks otherwise. */
bool kith_writer_takes_packed(const struct kith_writer *w);
/* Outcomes of a finished replication of an arm. */
KITH_MUST_CHECK enum kith_status kith_writer_outcome(struct kith_writer *w, int replication, size_t arm,
                                                     const struct kith_outcome *o, struct kith_error *err);
/* Finishes the file and moves it to its place. Fewer cells than planned are fine: the replication axis is cut to
 * those begun, /cells/done says which cells are there, and tracks of a cell that was not finished are dropped. If `discard`, the temporary file is removed instead.
 * Frees the writer in every case. */
KITH_MUST_CHECK enum kith_status kith_writer_close(struct kith_writer *w, const struct kith_provenance *how,
                                                   bool discard, struct kith_error *err);

/* Names and versions of the libraries that write the file, into `out` of `size` bytes; returns `out`. */
char *kith_record_libraries(char *out, size_t size);

#endif
