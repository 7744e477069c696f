/* From files to one tree of nodes: reading, `extends`, overrides. Private to this room. A function that
 * returns a status gives KITH_NO_MEMORY or KITH_INTERNAL when it is no use going on; everything that is wrong
 * with what the user wrote is a report and KITH_BAD_SCENARIO, and the caller goes on where it can. */
#ifndef KITH_SCENARIO_LOAD_H
#define KITH_SCENARIO_LOAD_H

#include "arena.h"
#include "node.h"
#include "report.h"
#include "scenario.h"

/* Bounds that keep a hostile file from using up memory, stack or time. */
#define KITH_LOAD_FILE_BYTES ((size_t)16 << 20)
#define KITH_LOAD_BYTES ((size_t)32 << 20) /* of all files together */
#define KITH_LOAD_NODES ((size_t)1000000) /* of all files together, aliases expanded */
#define KITH_LOAD_DEPTH 64
#define KITH_LOAD_ANCHORS 1000
#define KITH_LOAD_KEY ((size_t)1000)               /* bytes of a key */
#define KITH_LOAD_TEXT ((size_t)64 << 10)          /* of any other text, */
#define KITH_LOAD_TEXTS ((size_t)128 << 20)        /* and of all of them, aliases expanded */
#define KITH_LOAD_DIRECTIVES 10                    /* lines that begin with % */
#define KITH_LOAD_CHANGES ((size_t)10000000)       /* comparisons to find the entries of a list that change */
#define KITH_LOAD_FILES 8 /* that extend one another */

struct kith_load {
    struct kith_mem *mem;
    struct kith_arena *arena;
    struct kith_errors *errors;
    size_t n_nodes, n_texts, n_bytes; /* so far: values, bytes of their texts, bytes of files */
    char *text; /* what was read, for provenance; NUL behind n_text bytes once there is any */
    size_t n_text, room_text;
    const char *directory;             /* of the first file, with its "/" at the end, or "" */
    const char *open[KITH_LOAD_FILES]; /* files being read, relative to `directory` */
    size_t n_open;
    const struct kith_source *given; /* [n_given] files that are at hand: they are not opened */
    size_t n_given;
    bool only_given;             /* and no other file is opened either */
    struct kith_source *sources; /* [n_sources] what was read, in that order; in the arena */
    size_t n_sources, room_sources;
};

/* yaml.c: one YAML document as a tree; *root is NULL on a report. `column` is added to the columns of line 1.
 */
KITH_MUST_CHECK enum kith_status kith_yaml_parse(struct kith_load *load, const char *file, int column,
                                                 const char *bytes, size_t n, struct kith_node **root);
/* A new node, counted. */
KITH_MUST_CHECK enum kith_status kith_yaml_node(struct kith_load *load, enum kith_node_kind kind,
                                                const char *file, int line, int column,
                                                struct kith_node **node);

/* file.c: the whole file, with a NUL behind it, and noted among load->sources. Neither a missing file nor one over
 * KITH_LOAD_FILE_BYTES is reported: `reason` tells why and the status is KITH_IO. The caller frees *bytes with
 * kith_mem_free. */
KITH_MUST_CHECK enum kith_status kith_file_read(struct kith_load *load, const char *path, char **bytes,
                                                size_t *n, char reason[128]);
/* The path, relative to load->directory, of what `node` names, seen from the file the node stands in. Reports
 * absolute paths and those that climb out of the directory (*path is NULL then). */
KITH_MUST_CHECK enum kith_status kith_file_resolve(struct kith_load *load, const struct kith_node *node,
                                                   const char **path);
/* directory + path, in the arena; NULL when out of memory. */
const char *kith_file_full(struct kith_load *load, const char *path);
/* Adds n bytes to load->text, and a line end if `line` and they have none. */
KITH_MUST_CHECK enum kith_status kith_file_note(struct kith_load *load, const char *bytes, size_t n,
                                                bool line);

/* merge.c: the first file with everything that it extends. */
KITH_MUST_CHECK enum kith_status kith_merge_files(struct kith_load *load, const char *path,
                                                  struct kith_node **root);
/* `over` wins over `base`, which is changed and becomes the result. */
KITH_MUST_CHECK enum kith_status kith_merge_maps(struct kith_load *load, struct kith_node *base,
                                                 const struct kith_node *over);
/* True for a scalar that says nothing: ~, null or an empty one. */
bool kith_merge_is_null(const struct kith_node *node);

/* override.c: applies one --set. */
KITH_MUST_CHECK enum kith_status kith_override_apply(struct kith_load *load, struct kith_node *root,
                                                     const struct kith_override *set);

#endif
