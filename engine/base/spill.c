#include "spill.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static enum kith_status failed(struct kith_spill *s, int reason)
{
    s->reason = reason;
    return KITH_IO;
}

static enum kith_status make_file(struct kith_spill *s)
{
    char path[4096];
    const char *directory = s->directory ? s->directory : "/tmp";
    if (snprintf(path, sizeof path, "%s/" KITH_SPILL_PREFIX "XXXXXX", directory) >= (int)sizeof path)
        return failed(s, ENAMETOOLONG);
    s->fd = mkstemp(path);
    if (s->fd < 0)
        return failed(s, errno);
    s->open = true;
    return unlink(path) == 0 ? KITH_OK : failed(s, errno);
}

enum kith_status kith_spill_put(struct kith_spill *s, const void *bytes, size_t n, uint64_t *at)
{
    const unsigned char *from = bytes;
    enum kith_status st = s->open ? KITH_OK : make_file(s);
    *at = s->end;
    while (n > 0 && !st) {
        ssize_t done = pwrite(s->fd, from, n, (off_t)s->end);
        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0)
            return failed(s, errno);
        from += done;
        n -= (size_t)done;
        s->end += (uint64_t)done;
    }
    return st;
}

enum kith_status kith_spill_get(struct kith_spill *s, uint64_t at, void *bytes, size_t n)
{
    unsigned char *to = bytes;
    while (n > 0) {
        ssize_t done = pread(s->fd, to, n, (off_t)at);
        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0) /* it cannot have become shorter but by a fault of the disk */
            return failed(s, done < 0 ? errno : EIO);
        to += done;
        at += (uint64_t)done;
        n -= (size_t)done;
    }
    return KITH_OK;
}

void kith_spill_clear(struct kith_spill *s)
{
    if (s->end > 0)
        (void)!ftruncate(s->fd, 0); /* if not, the room comes back with the end of the process */
    s->end = 0;
}

void kith_spill_free(struct kith_spill *s)
{
    if (s->open)
        close(s->fd);
    s->open = false;
    s->end = 0;
}
