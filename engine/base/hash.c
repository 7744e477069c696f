#include "hash.h"

#include <openssl/evp.h>

uint64_t kith_hash_name(const char *name)
{
    uint64_t hash = 14695981039346656037u;
    for (const unsigned char *c = (const unsigned char *)name; *c; c++)
        hash = (hash ^ *c) * 1099511628211u;
    return hash;
}

enum kith_status kith_sha256_begin(struct kith_sha256 *sha)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    sha->ctx = ctx;
    if (!ctx)
        return KITH_NO_MEMORY;
    if (EVP_DigestInit_ex(ctx, EVP_sha256(), NULL) != 1) {
        EVP_MD_CTX_free(ctx);
        sha->ctx = NULL;
        return KITH_INTERNAL;
    }
    return KITH_OK;
}

/* libcrypto reports no failure of SHA-256 on a begun context; should it ever, the context is dropped and the
 * digest below comes out as zeros, which no data have, instead of a plausible wrong one. */
void kith_sha256_add(struct kith_sha256 *sha, const void *bytes, size_t n)
{
    if (!sha->ctx || n == 0)
        return;
    if (EVP_DigestUpdate(sha->ctx, bytes, n) != 1) {
        EVP_MD_CTX_free(sha->ctx);
        sha->ctx = NULL;
    }
}

void kith_sha256_end(struct kith_sha256 *sha, char hex[65])
{
    static const char digits[] = "0123456789abcdef";
    unsigned char digest[EVP_MAX_MD_SIZE] = {0};
    if (!sha->ctx || EVP_DigestFinal_ex(sha->ctx, digest, NULL) != 1)
        for (int i = 0; i < 32; i++)
            digest[i] = 0;
    EVP_MD_CTX_free(sha->ctx);
    sha->ctx = NULL;
    for (int i = 0; i < 32; i++) {
        hex[2 * i] = digits[digest[i] >> 4];
        hex[2 * i + 1] = digits[digest[i] & 15];
    }
    hex[64] = '\0';
}
