/* Bytes that wait in a file until they are wanted again, because there are too many of them for memory. The file has no
 * name, so that it is gone with the process, however that ends. Not to be shared between threads. */
#ifndef KITH_BASE_SPILL_H
#define KITH_BASE_SPILL_H

#include <stdint.h>

#include "error.h"

/* What the names of such files begin with, for the moment in which they have one. */
#define KITH_SPILL_PREFIX "waiting-"

/* A zeroed struct is empty. */
struct kith_spill {
    const char *directory; /* where the file is to be; NULL: where the system has its temporary files */
    bool open;
    int fd;
    uint64_t end;          /* bytes in it */
    int reason;            /* errno of what went wrong last */
};

/* Adds n bytes; they begin at byte `*at`. KITH_IO with `reason` if they cannot be written. */
KITH_MUST_CHECK enum kith_status kith_spill_put(struct kith_spill *s, const void *bytes, size_t n, uint64_t *at);
/* Reads n bytes from byte `at`, all of which were put there before. KITH_IO with `reason` if they cannot be read. */
KITH_MUST_CHECK enum kith_status kith_spill_get(struct kith_spill *s, uint64_t at, void *bytes, size_t n);
/* Forgets all bytes, and gives their room on the disk back. */
void kith_spill_clear(struct kith_spill *s);
/* The same, and closes the file. */
void kith_spill_free(struct kith_spill *s);

#endif
