/* The directory OUTPUT.cells beside an output file: the shards of a run that is not over. One run at a time uses it, which
 * a lock ensures; the processes of that run write a shard each. */
#ifndef KITH_RUN_JOURNAL_H
#define KITH_RUN_JOURNAL_H

#include "cells.h"
#include "run.h"

/* Says one line, made as by printf; longer ones are cut. */
void kith_notes_say(const struct kith_notes *n, const char *fmt, ...) KITH_PRINTF(2, 3);

struct kith_journal {
    struct kith_mem *mem;
    char *path; /* of the directory */
    int lock;   /* -1: not held */
    bool made;  /* by this process */
};

/* Makes the directory of `output` if it is not there, and takes its lock. KITH_IO, with the process that holds it, if
 * another run does. */
KITH_MUST_CHECK enum kith_status kith_journal_open(struct kith_journal *j, struct kith_mem *mem, const char *output,
                                                   const struct kith_notes *notes, struct kith_error *err);
/* Names the directory without touching it: for the ranks of a run whose first one holds the lock, and to look. */
KITH_MUST_CHECK enum kith_status kith_journal_name(struct kith_journal *j, struct kith_mem *mem, const char *output,
                                                   struct kith_error *err);
/* Frees, gives the lock back; removes a directory that holds nothing else. */
void kith_journal_close(struct kith_journal *j);

/* How many shards, finished or not, there are. */
KITH_MUST_CHECK enum kith_status kith_journal_count(const struct kith_journal *j, size_t *n, struct kith_error *err);
/* Adds all shards to the cells. Those that a killed process left are given their end; damaged ones are set aside as
 * NAME.damaged after what is intact in them was copied. Without `check` their content is believed (kith_shard_open).
 * Needs the lock. */
KITH_MUST_CHECK enum kith_status kith_journal_take(const struct kith_journal *j, struct kith_cells *cells,
                                                   const char *fingerprint, bool check, const struct kith_notes *notes,
                                                   struct kith_error *err);
/* The same for one shard outside the directory: an earlier output of a part. What is damaged in it is set aside beside it;
 * what is intact then is in the directory. A file that is no shard is KITH_IO. */
KITH_MUST_CHECK enum kith_status kith_journal_take_part(const struct kith_journal *j, const char *path,
                                                        struct kith_cells *cells, const char *fingerprint,
                                                        const struct kith_notes *notes, struct kith_error *err);
/* Removes all shards, finished or not. What cannot be removed stays. */
void kith_journal_clear(const struct kith_journal *j);
/* Opens a new shard in it under a name of its own. */
KITH_MUST_CHECK enum kith_status kith_journal_shard(const struct kith_journal *j, const struct kith_shard_head *head,
                                                    struct kith_shard_writer *w, struct kith_error *err);

/* Calls visit(user, path, open) for the shards of directory `path` in order of name; `open` those that are not finished.
 * A directory that is not there has none. */
KITH_MUST_CHECK enum kith_status kith_journal_visit(struct kith_mem *mem, const char *path,
                                                    enum kith_status (*visit)(void *user, const char *path, bool open),
                                                    void *user, struct kith_error *err);
/* Who holds the lock of directory `path`, or false. */
bool kith_journal_busy(const char *path, char *who, size_t size);

#endif
