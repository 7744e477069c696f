/* Hashes: of names (keys of draws) and of results (digest). */
#ifndef KITH_BASE_HASH_H
#define KITH_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

#include "error.h"

/* 64-bit hash of a name: FNV-1a over its bytes (Fowler, Noll, Vo; offset basis 14695981039346656037,
 * prime 1099511628211). Stable for ever: draws depend on it. */
uint64_t kith_hash_name(const char *name);

/* SHA-256 (FIPS 180-4) fed piece by piece; the work is libcrypto's. */
struct kith_sha256 {
    void *ctx;
};
KITH_MUST_CHECK enum kith_status kith_sha256_begin(struct kith_sha256 *sha);
void kith_sha256_add(struct kith_sha256 *sha, const void *bytes, size_t n);
/* Writes 64 hexadecimal digits and a NUL, and releases the context. `sha` may be begun again. */
void kith_sha256_end(struct kith_sha256 *sha, char hex[65]);

#endif
