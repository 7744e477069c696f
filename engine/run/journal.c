/* For gethostname. */
#define _DEFAULT_SOURCE
#include "journal.h"

#include "../base/hash.h"
#include "../base/spill.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define SUFFIX ".cells"
#define SHARD ".shard"
#define UNFINISHED ".tmp"
#define DAMAGED ".damaged"
#define LOCK "/lock"

void kith_notes_say(const struct kith_notes *n, const char *fmt, ...)
{
    char text[512];
    va_list args;
    if (!n || !n->say)
        return;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    n->say(n->user, text);
}

static enum kith_status no_memory(struct kith_error *err, const char *path)
{
    return kith_error_set(err, KITH_NO_MEMORY, path, 0, 0, "out of memory");
}

static enum kith_status system_error(struct kith_error *err, const char *path, const char *doing)
{
    return kith_error_set(err, KITH_IO, path, 0, 0, "cannot %s: %s", doing, strerror(errno));
}

/* a + b as new text; NULL when out of memory. */
static char *joined(struct kith_mem *mem, const char *a, const char *b)
{
    char *text = NULL;
    if (kith_mem_resize(mem, &text, strlen(a) + strlen(b) + 1, 1))
        return NULL;
    memcpy(text, a, strlen(a));
    memcpy(text + strlen(a), b, strlen(b) + 1);
    return text;
}

static bool ends_with(const char *name, const char *suffix)
{
    size_t n = strlen(name), m = strlen(suffix);
    return n > m && strcmp(name + n - m, suffix) == 0;
}

/* ---- the lock */

/* What fcntl says where a file system has no locks. */
static bool no_locks(int reason)
{
    return reason == ENOLCK || reason == ENOSYS || reason == EINVAL || reason == EOPNOTSUPP;
}

static void read_holder(int fd, char *who, size_t size)
{
    ssize_t n = pread(fd, who, size - 1, 0);
    who[n > 0 ? n : 0] = '\0';
    for (char *c = who; *c; c++)
        if ((unsigned char)*c < ' ' || *c == 127)
            *c = '\0';
}

static void write_holder(int fd)
{
    char host[128] = "", text[192];
    if (gethostname(host, sizeof host - 1) != 0)
        strcpy(host, "this host");
    int n = snprintf(text, sizeof text, "process %ld on %s\n", (long)getpid(), host);
    if (ftruncate(fd, 0) != 0 || pwrite(fd, text, (size_t)n, 0) != n)
        return; /* only for a message */
}

/* Whether `path` is still the file that is open as fd: a run that ends removes its lock. */
static bool same_file(int fd, const char *path)
{
    struct stat a, b;
    return fstat(fd, &a) == 0 && stat(path, &b) == 0 && a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

static enum kith_status take_lock(struct kith_journal *j, const char *path, const struct kith_notes *notes,
                                  struct kith_error *err)
{
    struct flock range = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    j->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0666);
    if (j->lock < 0)
        return system_error(err, path, "open it");
    if (fcntl(j->lock, F_SETLK, &range) != 0) {
        int reason = errno;
        if (!no_locks(reason)) {
            char who[160];
            read_holder(j->lock, who, sizeof who);
            close(j->lock);
            j->lock = -1;
            return kith_error_set(err, KITH_IO, j->path, 0, 0, "another run is writing here: %s",
                                  who[0] ? who : strerror(reason));
        }
        kith_notes_say(notes, "%s: no file locks here (%s): make sure that no other run writes to it", j->path,
                       strerror(reason));
    }
    if (!same_file(j->lock, path)) {
        close(j->lock);
        j->lock = -1;
        return kith_error_set(err, KITH_IO, j->path, 0, 0, "another run has just ended here: try again");
    }
    write_holder(j->lock);
    return KITH_OK;
}

bool kith_journal_busy(const char *path, char *who, size_t size)
{
    struct flock range = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    char lock[4096];
    snprintf(lock, sizeof lock, "%s" LOCK, path);
    int fd = open(lock, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return false;
    bool busy = fcntl(fd, F_GETLK, &range) == 0 && range.l_type != F_UNLCK;
    if (busy)
        read_holder(fd, who, size);
    close(fd);
    return busy;
}

/* ---- the directory */

enum kith_status kith_journal_name(struct kith_journal *j, struct kith_mem *mem, const char *output,
                                   struct kith_error *err)
{
    *j = (struct kith_journal){.mem = mem, .lock = -1};
    j->path = joined(mem, output, SUFFIX);
    return j->path ? KITH_OK : no_memory(err, output);
}

/* Files that were about to lose their names when their process was killed (base/spill.h). */
static void remove_nameless(const char *path)
{
    DIR *d = opendir(path);
    for (struct dirent *e; d && (e = readdir(d));)
        if (strncmp(e->d_name, KITH_SPILL_PREFIX, sizeof KITH_SPILL_PREFIX - 1) == 0)
            (void)unlinkat(dirfd(d), e->d_name, 0);
    if (d)
        closedir(d);
}

enum kith_status kith_journal_open(struct kith_journal *j, struct kith_mem *mem, const char *output,
                                   const struct kith_notes *notes, struct kith_error *err)
{
    enum kith_status st = kith_journal_name(j, mem, output, err);
    if (st)
        return st;
    char *lock = joined(mem, j->path, LOCK);
    if (!lock)
        return no_memory(err, output);
    j->made = mkdir(j->path, 0777) == 0;
    if (!j->made && errno != EEXIST)
        st = system_error(err, j->path, "make this directory");
    else
        st = take_lock(j, lock, notes, err);
    if (!st)
        remove_nameless(j->path);
    kith_mem_free(&lock);
    return st;
}

void kith_journal_close(struct kith_journal *j)
{
    if (j->lock >= 0) {
        /* The lock goes first, or the directory would not be empty; it comes back if there is more in it. */
        char lock[4096];
        size_t n = 1;
        struct kith_error err;
        if (kith_journal_count(j, &n, &err) == KITH_OK && n == 0 &&
            snprintf(lock, sizeof lock, "%s" LOCK, j->path) < (int)sizeof lock) {
            unlink(lock);
            (void)!rmdir(j->path);
        }
        close(j->lock);
    }
    j->lock = -1;
    kith_mem_free(&j->path);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

struct names {
    size_t n, room;
    char **path;
};

static enum kith_status list_shards(struct kith_mem *mem, const char *path, struct names *names, struct kith_error *err)
{
    DIR *d = opendir(path);
    enum kith_status st = KITH_OK;
    if (!d)
        return errno == ENOENT || errno == ENOTDIR ? KITH_OK : system_error(err, path, "read this directory");
    for (struct dirent *e; !st && (errno = 0, e = readdir(d));) {
        char name[300];
        if (!ends_with(e->d_name, SHARD) && !ends_with(e->d_name, SHARD UNFINISHED))
            continue;
        if (names->n == names->room) {
            size_t room = names->room ? 2 * names->room : 64;
            if (kith_mem_resize(mem, &names->path, room, sizeof *names->path)) {
                st = no_memory(err, path);
                break;
            }
            names->room = room;
        }
        snprintf(name, sizeof name, "/%s", e->d_name);
        names->path[names->n] = joined(mem, path, name);
        if (names->path[names->n])
            names->n++;
        else
            st = no_memory(err, path);
    }
    closedir(d);
    if (names->n > 1)
        qsort(names->path, names->n, sizeof *names->path, by_name);
    return st;
}

enum kith_status kith_journal_visit(struct kith_mem *mem, const char *path,
                                    enum kith_status (*visit)(void *user, const char *path, bool open), void *user,
                                    struct kith_error *err)
{
    struct names names = {0};
    enum kith_status st = list_shards(mem, path, &names, err);
    for (size_t i = 0; i < names.n && !st; i++)
        st = visit(user, names.path[i], ends_with(names.path[i], UNFINISHED));
    for (size_t i = 0; i < names.n; i++)
        kith_mem_free(&names.path[i]);
    kith_mem_free(&names.path);
    return st;
}

static enum kith_status count_one(void *user, const char *path, bool open)
{
    (void)path;
    (void)open;
    ++*(size_t *)user;
    return KITH_OK;
}

enum kith_status kith_journal_count(const struct kith_journal *j, size_t *n, struct kith_error *err)
{
    *n = 0;
    return kith_journal_visit(j->mem, j->path, count_one, n, err);
}

static enum kith_status remove_one(void *user, const char *path, bool open)
{
    (void)user;
    (void)open;
    unlink(path);
    return KITH_OK;
}

void kith_journal_clear(const struct kith_journal *j)
{
    struct kith_error err;
    (void)!kith_journal_visit(j->mem, j->path, remove_one, NULL, &err);
}

enum kith_status kith_journal_shard(const struct kith_journal *j, const struct kith_shard_head *head,
                                    struct kith_shard_writer *w, struct kith_error *err)
{
    char host[128] = "", name[128];
    struct timespec now = {0};
    if (gethostname(host, sizeof host - 1) != 0)
        host[0] = '\0';
    for (unsigned i = 0;; i++) {
        clock_gettime(CLOCK_REALTIME, &now);
        uint64_t mark = kith_hash_name(host) ^ (uint64_t)now.tv_sec * 1000003u ^ (uint64_t)now.tv_nsec;
        snprintf(name, sizeof name, "/%ld-%012llx" SHARD, (long)getpid(), (unsigned long long)(mark & 0xffffffffffff));
        char *path = joined(j->mem, j->path, name);
        if (!path)
            return no_memory(err, j->path);
        errno = 0;
        enum kith_status st = kith_shard_create(w, j->mem, path, head, err);
        bool again = st == KITH_IO && errno == EEXIST && i < 100;
        kith_mem_free(&path);
        if (!again)
            return st;
    }
}

/* ---- taking stock */

struct stock {
    const struct kith_journal *j;
    struct kith_cells *cells;
    const char *fingerprint;
    bool check;
    const struct kith_notes *notes;
    struct kith_error *err;
};

static enum kith_status set_aside(struct stock *t, const char *path, const char *fault)
{
    char *aside = joined(t->j->mem, path, DAMAGED);
    if (!aside)
        return no_memory(t->err, path);
    enum kith_status st = KITH_OK;
    if (rename(path, aside) != 0)
        st = system_error(t->err, path, "set it aside");
    else
        kith_notes_say(t->notes, "%s: damaged: %s. Set aside as %s; what it lacks is computed again", path, fault, aside);
    kith_mem_free(&aside);
    return st;
}

/* Copies what is intact in a damaged shard, then sets that aside. */
static enum kith_status rescue(struct stock *t, struct kith_shard *s)
{
    struct kith_shard_writer w;
    char *path = NULL;
    enum kith_status st = KITH_OK;
    if (s->n_cells > 0) {
        st = kith_journal_shard(t->j, &s->head, &w, t->err);
        if (st)
            return st;
        path = kith_mem_text(t->j->mem, w.path);
        if (!path)
            st = no_memory(t->err, s->path);
        for (size_t i = 0; i < s->n_cells && !st; i++)
            st = kith_shard_put_copy(&w, s, i, t->err);
        if (st)
            kith_shard_leave(&w, true);
        else
            st = kith_shard_close(&w, s->wall_seconds, true, t->err);
    }
    if (!st)
        st = set_aside(t, s->path, s->fault);
    kith_shard_free(s);
    *s = (struct kith_shard){.fd = -1};
    if (!st && path)
        st = kith_shard_open(s, t->j->mem, path, true, t->err);
    kith_mem_free(&path);
    return st;
}

/* What a killed process left gets its end and its name. */
static enum kith_status mend(struct stock *t, struct kith_shard *s)
{
    char *to = kith_mem_text(t->j->mem, s->path);
    if (!to)
        return no_memory(t->err, s->path);
    to[strlen(to) - strlen(UNFINISHED)] = '\0';
    enum kith_status st = kith_shard_mend(s, to, t->err);
    kith_shard_free(s);
    *s = (struct kith_shard){.fd = -1};
    if (!st)
        st = kith_shard_open(s, t->j->mem, to, true, t->err);
    kith_mem_free(&to);
    return st;
}

/* A file that could not be opened. */
static enum kith_status not_opened(struct stock *t, const struct kith_shard *s, const char *path, bool open,
                                   const struct kith_error *why)
{
    if (access(path, F_OK) != 0 && errno == ENOENT) /* a network disk may show names that are gone */
        return KITH_OK;
    if (open && kith_shard_is_stub(path))
        return unlink(path) == 0 ? KITH_OK : system_error(t->err, path, "remove it");
    if (s->damaged || s->foreign)
        return set_aside(t, path, strncmp(why->text, "damaged: ", 9) == 0 ? why->text + 9 : why->text);
    if (t->err) /* the system's fault, which may pass: the file is left alone */
        *t->err = *why;
    return why->code;
}

static enum kith_status take_one(void *user, const char *path, bool open)
{
    struct stock *t = user;
    struct kith_shard s;
    struct kith_error why = {0};
    enum kith_status st = kith_shard_open(&s, t->j->mem, path, t->check, &why);
    if (st)
        st = not_opened(t, &s, path, open, &why);
    else if (strcmp(s.head.fingerprint, t->fingerprint) != 0) /* say so before anything is changed */
        st = kith_cells_add(t->cells, &s, t->fingerprint, false, t->err);
    else {
        if (open && s.n_cells == 0) {
            kith_shard_free(&s);
            return unlink(path) == 0 ? KITH_OK : system_error(t->err, path, "remove it");
        }
        if (open && (s.cut || s.complete))
            st = mend(t, &s);
        else if (!s.complete)
            st = rescue(t, &s);
        if (!st && s.path)
            st = kith_cells_add(t->cells, &s, t->fingerprint, false, t->err);
    }
    kith_shard_free(&s);
    return st;
}

enum kith_status kith_journal_take_part(const struct kith_journal *j, const char *path, struct kith_cells *cells,
                                        const char *fingerprint, const struct kith_notes *notes, struct kith_error *err)
{
    struct stock t = {j, cells, fingerprint, true, notes, err};
    struct kith_shard s;
    enum kith_status st = kith_shard_peek(&s, j->mem, path, err);
    bool foreign = s.foreign;
    kith_shard_free(&s);
    if (st && foreign)
        return kith_error_set(err, KITH_IO, path, 0, 0, "is no part of a run: --overwrite replaces it");
    return take_one(&t, path, false);
}

enum kith_status kith_journal_take(const struct kith_journal *j, struct kith_cells *cells, const char *fingerprint,
                                   bool check, const struct kith_notes *notes, struct kith_error *err)
{
    struct stock t = {j, cells, fingerprint, check, notes, err};
    return kith_journal_visit(j->mem, j->path, take_one, &t, err);
}
