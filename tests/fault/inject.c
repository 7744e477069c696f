/* A library for LD_PRELOAD that lets system calls fail, cuts them short, kills the process at one of them, or lets the
 * clock jump. For programs that call the C library dynamically, on Linux. Only calls on files below a directory count.
 *
 *   FAULT_PATH   that directory, absolute and without symbolic links
 *   FAULT_CALL   which calls are meant: write (also pwrite, writev), fsync (fdatasync), rename, open (for writing),
 *                openr (for reading, directories included), truncate, close, mkdir, unlink (rmdir), lock (fcntl's), flock,
 *                read (pread, readv)
 *   FAULT_AT     the number of the call, from 1, that goes wrong; 0: none
 *   FAULT_FOR    how many from there on do (1), or `all`
 *   FAULT_DO     what happens: the name or number of an errno, or
 *                  SHORT  half of the bytes are written or read (one, if there is one only)
 *                  KILL   SIGKILL instead of the call      TERM   SIGTERM, then the call as usual
 *                  TORN   half of the bytes are written, then SIGKILL
 *                  POWER  files lose what was not yet synced, then SIGKILL: as when the power fails
 *                  ZEROS  the same with zeros in its place: as some file systems leave it
 *   FAULT_LOG    each call that goes wrong is appended to this file: CALL NUMBER PATH
 *   FAULT_TRACE  so is each call that counts, to this one
 *   FAULT_CLOCK  MILLISECONDS:SECONDS,SECONDS...: the time of day is wrong by the first number of seconds for so long, then
 *                by the next, and so on in turn; the monotonic clock is not
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum call { WRITE, FSYNC, RENAME, OPEN, OPENR, TRUNCATE, CLOSE, MKDIR, UNLINK, LOCK, FLOCK, READ, N_CALLS };
static const char *const call_names[N_CALLS] = {"write", "fsync", "rename", "open", "openr", "truncate",
                                                "close", "mkdir", "unlink", "lock", "flock", "read"};

/* What is to happen at a call. */
enum deed { PASS, FAIL, SHORT, TORN };

static struct {
    const char *path;
    size_t path_length;
    int call; /* -1: none */
    long at, most;
    enum { DO_ERRNO, DO_SHORT, DO_KILL, DO_TERM, DO_TORN, DO_POWER, DO_ZEROS } what;
    int error;
    int log, trace; /* -1: not wanted */
} plan;
static atomic_long counts[N_CALLS];
static bool ready;

/* Sets `*(void **)function` to the next definition of `name`: C has no cast from an object to a function pointer. */
static void next(void *function, const char *name)
{
    void *found = dlsym(RTLD_NEXT, name);
    if (!found) {
        fprintf(stderr, "inject: no %s\n", name);
        abort();
    }
    memcpy(function, &found, sizeof found);
}
#define NEXT(name)                                                                                                     \
    if (!real) next(&real, name)

static int error_number(const char *name)
{
    static const struct {
        const char *name;
        int number;
    } known[] = {{"ENOSPC", ENOSPC}, {"EIO", EIO},       {"EDQUOT", EDQUOT}, {"EROFS", EROFS},   {"ENOLCK", ENOLCK},
                 {"ENOSYS", ENOSYS}, {"EINTR", EINTR},   {"EACCES", EACCES}, {"EMFILE", EMFILE}, {"EINVAL", EINVAL},
                 {"ESTALE", ESTALE}, {"ENOTSUP", ENOTSUP}, {"ENOMEM", ENOMEM}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strcmp(name, known[i].name) == 0) return known[i].number;
    return atoi(name);
}

static int open_log(const char *name)
{
    const char *path = getenv(name);
    if (!path || !*path) return -1;
    int (*real)(const char *, int, ...) = NULL;
    NEXT("open");
    int fd = real(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    if (fd < 0) return -1;
    int high = fcntl(fd, F_DUPFD_CLOEXEC, 400); /* out of the way of the program's own numbers */
    if (high >= 0) {
        int (*real_close)(int) = NULL;
        next(&real_close, "close");
        real_close(fd);
    }
    return high >= 0 ? high : fd;
}

__attribute__((constructor)) static void read_plan(void)
{
    const char *text = getenv("FAULT_PATH");
    plan.path = text && *text ? text : NULL;
    plan.path_length = plan.path ? strlen(plan.path) : 0;
    plan.call = -1;
    plan.log = plan.trace = -1;
    text = getenv("FAULT_CALL");
    for (int i = 0; text && i < N_CALLS; i++)
        if (strcmp(text, call_names[i]) == 0) plan.call = i;
    text = getenv("FAULT_AT");
    plan.at = text ? atol(text) : 0;
    text = getenv("FAULT_FOR");
    plan.most = !text ? 1 : strcmp(text, "all") == 0 ? LONG_MAX : atol(text);
    text = getenv("FAULT_DO");
    if (!text) text = "EIO";
    static const char *const deeds[] = {"SHORT", "KILL", "TERM", "TORN", "POWER", "ZEROS"};
    plan.what = DO_ERRNO;
    for (int i = 0; i < 6; i++)
        if (strcmp(text, deeds[i]) == 0) plan.what = DO_SHORT + (unsigned)i;
    plan.error = error_number(text);
    plan.log = open_log("FAULT_LOG");
    plan.trace = open_log("FAULT_TRACE");
    ready = true;
}

/* ---- what would be lost if the power failed now */

/* Files written: a second descriptor of each, and its length when it was last synced. */
static struct {
    int fd;
    dev_t dev;
    ino_t ino;
    off_t synced;
} files[256];
static int n_files;
static atomic_flag files_busy = ATOMIC_FLAG_INIT;

static void files_lock(void)
{
    while (atomic_flag_test_and_set(&files_busy)) {}
}

/* Takes note of a file opened for writing, or (`sync`) of one synced. */
static void files_note(int fd, bool sync)
{
    struct stat st;
    if ((plan.what != DO_POWER && plan.what != DO_ZEROS) || fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) return;
    files_lock();
    int i = 0;
    while (i < n_files && (files[i].dev != st.st_dev || files[i].ino != st.st_ino)) i++;
    if (i < n_files) {
        if (sync || st.st_size < files[i].synced) files[i].synced = st.st_size;
    } else if (!sync && n_files < 256) {
        files[i].fd = fcntl(fd, F_DUPFD_CLOEXEC, 410);
        files[i].dev = st.st_dev;
        files[i].ino = st.st_ino;
        files[i].synced = st.st_size;
        n_files++;
    }
    atomic_flag_clear(&files_busy);
}

static void power_fails(void)
{
    static const char zeros[4096];
    int (*truncate_file)(int, off_t) = NULL;
    ssize_t (*write_at)(int, const void *, size_t, off_t) = NULL;
    next(&truncate_file, "ftruncate");
    next(&write_at, "pwrite");
    files_lock();
    for (int i = 0; i < n_files; i++) {
        struct stat st;
        if (fstat(files[i].fd, &st) != 0 || st.st_size <= files[i].synced) continue;
        if (plan.what == DO_POWER) {
            if (truncate_file(files[i].fd, files[i].synced) != 0) abort();
            continue;
        }
        for (off_t at = files[i].synced; at < st.st_size;) {
            off_t n = st.st_size - at < (off_t)sizeof zeros ? st.st_size - at : (off_t)sizeof zeros;
            if (write_at(files[i].fd, zeros, (size_t)n, at) != n) abort();
            at += n;
        }
    }
}

/* ---- which calls count, and what happens to them */

static bool below(const char *path)
{
    return strncmp(path, plan.path, plan.path_length) == 0 &&
           (path[plan.path_length] == '\0' || path[plan.path_length] == '/');
}

/* The path of a descriptor; "" if it has none. */
static const char *path_of(int fd, char *out, size_t size)
{
    char link[40];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t n = readlink(link, out, size - 1);
    out[n > 0 ? n : 0] = '\0';
    return out;
}

static const char *whole_path(int dir, const char *path, char *out, size_t size)
{
    if (*path == '/') {
        snprintf(out, size, "%s", path);
        return out;
    }
    if (dir == AT_FDCWD) {
        if (!getcwd(out, size)) return "";
    } else
        path_of(dir, out, size);
    size_t n = strlen(out);
    if (strcmp(path, ".") != 0) snprintf(out + n, size - n, "/%s", path);
    return out;
}

/* Counts a call on `path` and does what is planned for it. `to` is NULL but for rename. */
static enum deed meet(enum call call, const char *path, const char *to)
{
    if (!ready || !plan.path || !below(path)) return PASS;
    long n = atomic_fetch_add(&counts[call], 1) + 1;
    if (plan.trace >= 0) {
        if (to) dprintf(plan.trace, "%s %ld %s -> %s\n", call_names[call], n, path, to);
        else dprintf(plan.trace, "%s %ld %s\n", call_names[call], n, path);
    }
    if ((int)call != plan.call || plan.at < 1 || n < plan.at || n - plan.at >= plan.most) return PASS;
    if (plan.log >= 0) dprintf(plan.log, "%s %ld %s\n", call_names[call], n, path);
    switch (plan.what) {
        case DO_SHORT: return SHORT;
        case DO_TORN: return TORN;
        case DO_TERM: raise(SIGTERM); return PASS;
        case DO_POWER:
        case DO_ZEROS: power_fails(); raise(SIGKILL); break;
        case DO_KILL: raise(SIGKILL); break;
        case DO_ERRNO: break;
    }
    errno = plan.error;
    return FAIL;
}

static enum deed meet_fd(enum call call, int fd)
{
    if (!ready || !plan.path) return PASS;
    int before = errno;
    char path[PATH_MAX];
    path_of(fd, path, sizeof path);
    enum deed deed = meet(call, path, NULL);
    if (deed != FAIL) errno = before;
    return deed;
}

static enum deed meet_path(enum call call, int dir, const char *path)
{
    if (!ready || !plan.path) return PASS;
    char whole[PATH_MAX + NAME_MAX];
    return meet(call, whole_path(dir, path, whole, sizeof whole), NULL);
}

static size_t half(size_t n)
{
    return n > 1 ? n / 2 : n;
}

/* ---- the calls */

ssize_t write(int fd, const void *data, size_t n)
{
    static ssize_t (*real)(int, const void *, size_t);
    NEXT("write");
    enum deed deed = meet_fd(WRITE, fd);
    if (deed == FAIL) return -1;
    if (deed == PASS) return real(fd, data, n);
    ssize_t done = real(fd, data, half(n));
    if (deed == TORN) raise(SIGKILL);
    return done;
}

static ssize_t write_at(ssize_t (*real)(int, const void *, size_t, off_t), int fd, const void *data, size_t n, off_t at)
{
    enum deed deed = meet_fd(WRITE, fd);
    if (deed == FAIL) return -1;
    if (deed == PASS) return real(fd, data, n, at);
    ssize_t done = real(fd, data, half(n), at);
    if (deed == TORN) raise(SIGKILL);
    return done;
}

ssize_t pwrite(int fd, const void *data, size_t n, off_t at)
{
    static ssize_t (*real)(int, const void *, size_t, off_t);
    NEXT("pwrite");
    return write_at(real, fd, data, n, at);
}

ssize_t pwrite64(int fd, const void *data, size_t n, off64_t at)
{
    static ssize_t (*real)(int, const void *, size_t, off_t);
    NEXT("pwrite64");
    return write_at(real, fd, data, n, (off_t)at);
}

ssize_t writev(int fd, const struct iovec *parts, int n)
{
    static ssize_t (*real)(int, const struct iovec *, int);
    NEXT("writev");
    enum deed deed = meet_fd(WRITE, fd);
    if (deed == FAIL) return -1;
    if (deed == PASS || n < 1) return real(fd, parts, n);
    struct iovec first = {.iov_base = parts[0].iov_base, .iov_len = half(parts[0].iov_len)};
    ssize_t done = real(fd, &first, 1);
    if (deed == TORN) raise(SIGKILL);
    return done;
}

ssize_t read(int fd, void *data, size_t n)
{
    static ssize_t (*real)(int, void *, size_t);
    NEXT("read");
    enum deed deed = meet_fd(READ, fd);
    return deed == FAIL ? -1 : real(fd, data, deed == SHORT ? half(n) : n);
}

ssize_t pread(int fd, void *data, size_t n, off_t at)
{
    static ssize_t (*real)(int, void *, size_t, off_t);
    NEXT("pread");
    enum deed deed = meet_fd(READ, fd);
    return deed == FAIL ? -1 : real(fd, data, deed == SHORT ? half(n) : n, at);
}

ssize_t pread64(int fd, void *data, size_t n, off64_t at)
{
    static ssize_t (*real)(int, void *, size_t, off64_t);
    NEXT("pread64");
    enum deed deed = meet_fd(READ, fd);
    return deed == FAIL ? -1 : real(fd, data, deed == SHORT ? half(n) : n, at);
}

ssize_t readv(int fd, const struct iovec *parts, int n)
{
    static ssize_t (*real)(int, const struct iovec *, int);
    NEXT("readv");
    enum deed deed = meet_fd(READ, fd);
    return deed == FAIL ? -1 : real(fd, parts, deed == SHORT && n > 1 ? 1 : n);
}

int fsync(int fd)
{
    static int (*real)(int);
    NEXT("fsync");
    if (meet_fd(FSYNC, fd) == FAIL) return -1;
    int result = real(fd);
    if (result == 0) files_note(fd, true);
    return result;
}

int fdatasync(int fd)
{
    static int (*real)(int);
    NEXT("fdatasync");
    if (meet_fd(FSYNC, fd) == FAIL) return -1;
    int result = real(fd);
    if (result == 0) files_note(fd, true);
    return result;
}

int rename(const char *from, const char *to)
{
    static int (*real)(const char *, const char *);
    NEXT("rename");
    if (ready && plan.path) {
        char whole[PATH_MAX + NAME_MAX], whole_to[PATH_MAX + NAME_MAX];
        whole_path(AT_FDCWD, from, whole, sizeof whole);
        whole_path(AT_FDCWD, to, whole_to, sizeof whole_to);
        if (meet(RENAME, whole, whole_to) == FAIL) return -1;
    }
    return real(from, to);
}

int renameat(int from_dir, const char *from, int to_dir, const char *to)
{
    static int (*real)(int, const char *, int, const char *);
    NEXT("renameat");
    if (ready && plan.path) {
        char whole[PATH_MAX + NAME_MAX], whole_to[PATH_MAX + NAME_MAX];
        whole_path(from_dir, from, whole, sizeof whole);
        whole_path(to_dir, to, whole_to, sizeof whole_to);
        if (meet(RENAME, whole, whole_to) == FAIL) return -1;
    }
    return real(from_dir, from, to_dir, to);
}

static int open_at(int (*real)(int, const char *, int, ...), int dir, const char *path, int flags, mode_t mode)
{
    bool writes = (flags & O_ACCMODE) != O_RDONLY || (flags & O_CREAT);
    if (meet_path(writes ? OPEN : OPENR, dir, path) == FAIL) return -1;
    int fd = real(dir, path, flags, mode);
    if (fd >= 0 && writes && ready && plan.path) {
        char whole[PATH_MAX];
        path_of(fd, whole, sizeof whole);
        size_t n = strlen(whole);
        /* A second descriptor of a lock file would keep its lock. */
        if (below(whole) && !(n > 5 && strcmp(whole + n - 5, "/lock") == 0)) files_note(fd, false);
    }
    return fd;
}

/* The mode is there only if a file may be made. */
#define MODE                                                                                                           \
    mode_t mode = 0;                                                                                                   \
    if (flags & (O_CREAT | __O_TMPFILE)) {                                                                             \
        va_list more;                                                                                                  \
        va_start(more, flags);                                                                                         \
        mode = (mode_t)va_arg(more, unsigned);                                                                         \
        va_end(more);                                                                                                  \
    }

static int (*real_openat)(int, const char *, int, ...);

int open(const char *path, int flags, ...)
{
    MODE
    if (!real_openat) next(&real_openat, "openat");
    return open_at(real_openat, AT_FDCWD, path, flags, mode);
}

int open64(const char *path, int flags, ...)
{
    MODE
    if (!real_openat) next(&real_openat, "openat");
    return open_at(real_openat, AT_FDCWD, path, flags | O_LARGEFILE, mode);
}

int openat(int dir, const char *path, int flags, ...)
{
    MODE
    if (!real_openat) next(&real_openat, "openat");
    return open_at(real_openat, dir, path, flags, mode);
}

int openat64(int dir, const char *path, int flags, ...)
{
    MODE
    if (!real_openat) next(&real_openat, "openat");
    return open_at(real_openat, dir, path, flags | O_LARGEFILE, mode);
}

int creat(const char *path, mode_t mode)
{
    if (!real_openat) next(&real_openat, "openat");
    return open_at(real_openat, AT_FDCWD, path, O_WRONLY | O_CREAT | O_TRUNC, mode);
}

/* The C library's streams open their files without the functions above, and write without them too. */
FILE *fopen(const char *path, const char *mode)
{
    static FILE *(*real)(const char *, const char *);
    NEXT("fopen");
    bool writes = mode[0] != 'r' || strchr(mode, '+');
    return meet_path(writes ? OPEN : OPENR, AT_FDCWD, path) == FAIL ? NULL : real(path, mode);
}

FILE *fopen64(const char *path, const char *mode)
{
    static FILE *(*real)(const char *, const char *);
    NEXT("fopen64");
    bool writes = mode[0] != 'r' || strchr(mode, '+');
    return meet_path(writes ? OPEN : OPENR, AT_FDCWD, path) == FAIL ? NULL : real(path, mode);
}

DIR *opendir(const char *path)
{
    static DIR *(*real)(const char *);
    NEXT("opendir");
    return meet_path(OPENR, AT_FDCWD, path) == FAIL ? NULL : real(path);
}

int ftruncate(int fd, off_t length)
{
    static int (*real)(int, off_t);
    NEXT("ftruncate");
    if (meet_fd(TRUNCATE, fd) == FAIL) return -1;
    int result = real(fd, length);
    return result;
}

int ftruncate64(int fd, off64_t length)
{
    static int (*real)(int, off64_t);
    NEXT("ftruncate64");
    if (meet_fd(TRUNCATE, fd) == FAIL) return -1;
    return real(fd, length);
}

/* Linux has closed the file also when close fails. */
int close(int fd)
{
    static int (*real)(int);
    NEXT("close");
    enum deed deed = meet_fd(CLOSE, fd);
    int error = errno, result = real(fd);
    if (deed != FAIL) return result;
    errno = error;
    return -1;
}

int mkdir(const char *path, mode_t mode)
{
    static int (*real)(const char *, mode_t);
    NEXT("mkdir");
    return meet_path(MKDIR, AT_FDCWD, path) == FAIL ? -1 : real(path, mode);
}

int mkdirat(int dir, const char *path, mode_t mode)
{
    static int (*real)(int, const char *, mode_t);
    NEXT("mkdirat");
    return meet_path(MKDIR, dir, path) == FAIL ? -1 : real(dir, path, mode);
}

int unlink(const char *path)
{
    static int (*real)(const char *);
    NEXT("unlink");
    return meet_path(UNLINK, AT_FDCWD, path) == FAIL ? -1 : real(path);
}

int unlinkat(int dir, const char *path, int flags)
{
    static int (*real)(int, const char *, int);
    NEXT("unlinkat");
    return meet_path(UNLINK, dir, path) == FAIL ? -1 : real(dir, path, flags);
}

int rmdir(const char *path)
{
    static int (*real)(const char *);
    NEXT("rmdir");
    return meet_path(UNLINK, AT_FDCWD, path) == FAIL ? -1 : real(path);
}

int remove(const char *path)
{
    static int (*real)(const char *);
    NEXT("remove");
    return meet_path(UNLINK, AT_FDCWD, path) == FAIL ? -1 : real(path);
}

int flock(int fd, int operation)
{
    static int (*real)(int, int);
    NEXT("flock");
    return meet_fd(FLOCK, fd) == FAIL ? -1 : real(fd, operation);
}

static int control(int (*real)(int, int, ...), int fd, int command, void *argument)
{
    bool locks = command == F_SETLK || command == F_SETLKW || command == F_GETLK || command == F_OFD_SETLK ||
                 command == F_OFD_SETLKW || command == F_OFD_GETLK;
    if (locks && meet_fd(LOCK, fd) == FAIL) return -1;
    return real(fd, command, argument);
}

int fcntl(int fd, int command, ...)
{
    static int (*real)(int, int, ...);
    NEXT("fcntl");
    va_list more;
    va_start(more, command);
    void *argument = va_arg(more, void *);
    va_end(more);
    return control(real, fd, command, argument);
}

int fcntl64(int fd, int command, ...)
{
    static int (*real)(int, int, ...);
    NEXT("fcntl64");
    va_list more;
    va_start(more, command);
    void *argument = va_arg(more, void *);
    va_end(more);
    return control(real, fd, command, argument);
}

/* ---- the time of day */

static int (*real_clock)(clockid_t, struct timespec *);

static void shift(struct timespec *now)
{
    const char *text = getenv("FAULT_CLOCK");
    if (!text || !*text) return;
    static atomic_llong began; /* milliseconds, of the monotonic clock */
    struct timespec t;
    real_clock(CLOCK_MONOTONIC, &t);
    long long ms = (long long)t.tv_sec * 1000 + t.tv_nsec / 1000000, none = 0;
    atomic_compare_exchange_strong(&began, &none, ms);
    char *rest;
    long period = strtol(text, &rest, 10);
    long jumps[16];
    int n = 0;
    while (n < 16 && (*rest == ':' || *rest == ',')) jumps[n++] = strtol(rest + 1, &rest, 10);
    if (n && period > 0) now->tv_sec += jumps[(ms - atomic_load(&began)) / period % n];
}

int clock_gettime(clockid_t clock, struct timespec *now)
{
    if (!real_clock) next(&real_clock, "clock_gettime");
    int result = real_clock(clock, now);
    if (result == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) shift(now);
    return result;
}

time_t time(time_t *out)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (out) *out = now.tv_sec;
    return now.tv_sec;
}

int gettimeofday(struct timeval *restrict out, void *restrict zone)
{
    (void)zone;
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    out->tv_sec = now.tv_sec;
    out->tv_usec = (suseconds_t)(now.tv_nsec / 1000);
    return 0;
}

int timespec_get(struct timespec *out, int base)
{
    if (base != TIME_UTC) return 0;
    clock_gettime(CLOCK_REALTIME, out);
    return base;
}
