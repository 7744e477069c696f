/* How a shard looks. All numbers are little-endian; CRC-32 is that of gzip. Private to this room.
 *
 *   struct shard_preamble, then the head: texts and numbers, see shard_write.c
 *   records: struct shard_record, then `bytes` bytes
 *     KITH_SHARD_TRACKS   a batch of families of a cell: struct shard_counts, then the arrays of struct kith_tracks in the
 *                         order event_end, member_end, id, attribute, birth_day, day, code (kith_shape_code_bytes each),
 *                         member (if the shape has some)
 *     KITH_SHARD_SERIES   the series of a cell: struct shard_sizes, then the chunks of stock, flow, count, cost, amount
 *     KITH_SHARD_END      struct shard_end; nothing comes behind it */
#ifndef KITH_RECORD_SHARD_FORMAT_H
#define KITH_RECORD_SHARD_FORMAT_H

#include <stdint.h>

#include "shard.h"

#define KITH_SHARD_MAGIC "kithshd2" /* the digit is the version of the format */
#define KITH_SHARD_HEAD_MOST ((uint64_t)256 << 20)
#define KITH_SHARD_SUFFIX ".tmp"
#define KITH_SHARD_ARRAYS 5 /* of a series */

enum { KITH_SHARD_TRACKS = 0x4b525430, KITH_SHARD_SERIES = 0x4b534530, KITH_SHARD_END = 0x4b454e30 };

struct shard_preamble {
    char magic[8];
    uint64_t bytes; /* of the head */
    uint32_t crc;   /* of the head */
    uint32_t crc_here; /* of what stands before it in this struct */
};

struct shard_record {
    uint32_t kind;
    uint32_t crc; /* of the bytes that follow */
    uint64_t cell;
    uint64_t bytes;
    uint32_t zero;
    uint32_t crc_here; /* of what stands before it in this struct */
};

struct shard_counts {
    uint64_t families, members, events, attributes;
};

struct shard_sizes {
    uint64_t events;
    uint64_t bytes[KITH_SHARD_ARRAYS]; /* 0: the array is empty */
};

struct shard_end {
    uint64_t n_cells;
    double wall_seconds;
};

_Static_assert(sizeof(struct shard_preamble) == 24 && sizeof(struct shard_record) == 32, "no padding");

/* Reads exactly n bytes of the file at `at`. */
KITH_MUST_CHECK enum kith_status kith_shard_bytes(struct kith_shard *s, uint64_t at, void *bytes, size_t n,
                                                  struct kith_error *err);

#endif
