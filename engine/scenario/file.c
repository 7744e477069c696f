#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "load.h"

static enum kith_status read_all(struct kith_mem *mem, FILE *f, char **bytes, size_t *n, char reason[128])
{
    size_t room = 0;
    for (;;) {
        if (*n == room) {
            room = room ? 2 * room : (size_t)16 << 10;
            enum kith_status status = kith_mem_resize(mem, bytes, room + 1, 1);
            if (status != KITH_OK)
                return status;
        }
        size_t got = fread(*bytes + *n, 1, room - *n, f);
        *n += got;
        if (*n > KITH_LOAD_FILE_BYTES) {
            snprintf(reason, 128, "larger than %zu MiB", KITH_LOAD_FILE_BYTES >> 20);
            return KITH_IO;
        }
        if (got > 0)
            continue;
        if (ferror(f)) {
            strerror_r(errno, reason, 128);
            return KITH_IO;
        }
        (*bytes)[*n] = '\0';
        return KITH_OK;
    }
}

static enum kith_status read_disk(struct kith_load *load, const char *path, char **bytes, size_t *n, char reason[128])
{
    struct stat about;
    /* The first file is the user's choice, a pipe for example. What it names itself may be anything, and some devices do
     * something or wait for ever when they are merely opened. */
    if (load->n_sources > 0 && stat(path, &about) == 0 && !S_ISREG(about.st_mode)) {
        snprintf(reason, 128, "%s", S_ISDIR(about.st_mode) ? "it is a directory" : "it is no regular file");
        return KITH_IO;
    }
    FILE *f = fopen(path, "rb");
    if (!f) {
        strerror_r(errno, reason, 128);
        return KITH_IO;
    }
    enum kith_status status = read_all(load->mem, f, bytes, n, reason);
    fclose(f);
    return status;
}

/* A copy of a file that is at hand. */
static enum kith_status read_given(struct kith_load *load, const char *path, char **bytes, size_t *n, char reason[128])
{
    size_t i = 0;
    while (i < load->n_given && strcmp(load->given[i].path, path) != 0)
        i++;
    if (i == load->n_given) {
        snprintf(reason, 128, "it is not among the files at hand");
        return KITH_IO;
    }
    enum kith_status status = kith_mem_resize(load->mem, bytes, load->given[i].n + 1, 1);
    if (status != KITH_OK)
        return status;
    *n = load->given[i].n;
    memcpy(*bytes, load->given[i].bytes, *n);
    (*bytes)[*n] = '\0';
    return KITH_OK;
}

static enum kith_status note_source(struct kith_load *load, const char *path, const char *bytes, size_t n)
{
    if (load->n_sources == load->room_sources) {
        size_t room = 2 * load->room_sources + 8;
        struct kith_source *more = kith_arena_take(load->arena, room, sizeof *more);
        if (!more)
            return KITH_NO_MEMORY;
        if (load->n_sources > 0)
            memcpy(more, load->sources, load->n_sources * sizeof *more);
        load->sources = more;
        load->room_sources = room;
    }
    struct kith_source *s = &load->sources[load->n_sources];
    *s = (struct kith_source){kith_arena_text(load->arena, path, strlen(path)), kith_arena_text(load->arena, bytes, n),
                              n, false};
    if (!s->path || !s->bytes)
        return KITH_NO_MEMORY;
    load->n_sources++;
    return KITH_OK;
}

enum kith_status kith_file_read(struct kith_load *load, const char *path, char **bytes, size_t *n, char reason[128])
{
    *bytes = NULL;
    *n = 0;
    reason[0] = '\0';
    enum kith_status status = load->n_given > 0 ? read_given(load, path, bytes, n, reason) : KITH_IO;
    if (status == KITH_IO && !load->only_given)
        status = read_disk(load, path, bytes, n, reason);
    if (status == KITH_OK && *n > KITH_LOAD_BYTES - load->n_bytes) {
        snprintf(reason, 128, "larger than %zu MiB together with the files before it", KITH_LOAD_BYTES >> 20);
        status = KITH_IO;
    }
    load->n_bytes += status == KITH_OK ? *n : 0;
    if (status == KITH_OK)
        status = note_source(load, path, *bytes, *n);
    if (status != KITH_OK) {
        kith_mem_free(bytes);
        *n = 0;
    }
    return status;
}

/* Appends the parts of `name` to the path in out[0..n), undoing a part for each ".."; false if that climbs
 * above the start. `out` has room for strlen(name) + 1 bytes more. */
static bool append_parts(char *out, size_t n, const char *name)
{
    while (*name) {
        size_t part = strcspn(name, "/");
        if (part == 2 && name[0] == '.' && name[1] == '.') {
            if (n == 0)
                return false;
            for (n--; n > 0 && out[n - 1] != '/';)
                n--;
        } else if (part > 0 && !(part == 1 && name[0] == '.')) {
            memcpy(out + n, name, part);
            n += part;
            out[n++] = '/';
        }
        name += part;
        name += *name == '/';
    }
    if (n > 0)
        n--; /* the "/" of the last part */
    out[n] = '\0';
    return true;
}

enum kith_status kith_file_resolve(struct kith_load *load, const struct kith_node *node, const char **path)
{
    *path = NULL;
    const char *name = node->kind == KITH_NODE_SCALAR ? node->text : "";
    if (name[0] == '\0')
        return kith_report(load->errors, node->file, node->line, node->column, "this has to be a file name");
    if (name[0] == '/')
        return kith_report(load->errors, node->file, node->line, node->column,
                           "'%.*s' is an absolute path: write it relative to this file", KITH_CUT(name));
    /* The directory of the file that says it, relative to the first file's. "--set" stands in the first's. */
    const char *from = node->file;
    size_t n_directory = strlen(load->directory), n = 0;
    if (strncmp(from, load->directory, n_directory) == 0 && strcmp(from, "--set") != 0) {
        from += n_directory;
        const char *slash = strrchr(from, '/');
        n = slash ? (size_t)(slash - from) + 1 : 0;
    }
    char *out = kith_arena_take(load->arena, n + strlen(name) + 2, 1);
    if (!out)
        return KITH_NO_MEMORY;
    memcpy(out, from, n);
    if (!append_parts(out, n, name))
        return kith_report(load->errors, node->file, node->line, node->column,
                           "'%.*s' climbs above the directory of the first file", KITH_CUT(name));
    if (out[0] == '\0')
        return kith_report(load->errors, node->file, node->line, node->column, "this has to be a file name");
    *path = out;
    return KITH_OK;
}

const char *kith_file_full(struct kith_load *load, const char *path)
{
    size_t n = strlen(load->directory), m = strlen(path);
    char *full = kith_arena_take(load->arena, n + m + 1, 1);
    if (full) {
        memcpy(full, load->directory, n);
        memcpy(full + n, path, m);
    }
    return full;
}

enum kith_status kith_file_note(struct kith_load *load, const char *bytes, size_t n, bool line)
{
    if (load->room_text - load->n_text < n + 2) {
        size_t room = load->room_text + load->room_text / 2 + n + 256;
        enum kith_status status = kith_mem_resize(load->mem, &load->text, room, 1);
        if (status != KITH_OK)
            return status;
        load->room_text = room;
    }
    if (n > 0)
        memcpy(load->text + load->n_text, bytes, n);
    load->n_text += n;
    if (line && n > 0 && bytes[n - 1] != '\n')
        load->text[load->n_text++] = '\n';
    load->text[load->n_text] = '\0';
    return KITH_OK;
}
