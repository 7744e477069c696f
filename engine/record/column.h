/* A 1-D dataset that grows: rows are gathered in memory until a chunk is full. Private to this room. */
#ifndef KITH_RECORD_COLUMN_H
#define KITH_RECORD_COLUMN_H

#include "chunks.h"

#define KITH_COLUMN_CHUNK ((size_t)256 * 1024) /* rows */

struct kith_column {
    hid_t dataset; /* H5I_INVALID_HID: not open */
    size_t width;  /* bytes of an element */
    size_t n;      /* elements waiting in `buffer` */
    uint64_t done; /* elements written */
    uint64_t kept; /* elements to go back to if the run ends early */
    unsigned char *buffer;
    struct kith_chunks *chunks; /* borrowed: where full chunks go */
    char name[128];
};

/* Creates the dataset `path` with elements of `file_type`, which in memory have the same size and the byte
 * order of the file. Full chunks go to `chunks`, which is borrowed. */
KITH_MUST_CHECK enum kith_status kith_column_init(struct kith_column *c, struct kith_chunks *chunks,
                                                  const struct kith_h5 *h, const char *path, hid_t file_type,
                                                  const char *units, const char *what);
/* Where the next elements go. `*room`, at least 1, is set to how many fit there now. */
KITH_MUST_CHECK void *kith_column_room(struct kith_column *c, size_t *room);
/* Takes n elements (at most that room) as filled in; hands the chunk on when it is full. */
KITH_MUST_CHECK enum kith_status kith_column_filled(struct kith_column *c, const struct kith_h5 *h, size_t n);
/* Appends n elements. */
KITH_MUST_CHECK enum kith_status kith_column_add(struct kith_column *c, const struct kith_h5 *h, const void *data, size_t n);
/* Elements added so far are to stay, whatever comes after. */
void kith_column_keep(struct kith_column *c);
/* Drops what was added since kith_column_keep; nothing may be added any more. */
KITH_MUST_CHECK enum kith_status kith_column_cut(struct kith_column *c, const struct kith_h5 *h);
/* Hands on what is waiting. The dataset stays open. */
KITH_MUST_CHECK enum kith_status kith_column_finish(struct kith_column *c, const struct kith_h5 *h);
/* Closes the dataset and frees the buffer, written or not. A zeroed column is fine. */
void kith_column_free(struct kith_column *c);
/* Elements so far. */
uint64_t kith_column_length(const struct kith_column *c);

#endif
