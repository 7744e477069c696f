/* For madvise, where there is one. */
#define _DEFAULT_SOURCE
#include "mem.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#ifdef __linux__
#include <sys/mman.h>
#endif

/* `pp` is the address of a pointer of any type. Reading it through void ** would break the aliasing rules, so
 * its bytes are copied (every object pointer has the same representation on the machines POSIX describes). */
static void *pointer_at(const void *pp)
{
    void *p;
    memcpy(&p, pp, sizeof p);
    return p;
}

static void set_pointer_at(void *pp, void *p)
{
    memcpy(pp, &p, sizeof p);
}

/* Counts one allocation; false if it is one that has to fail. */
static bool may_allocate(struct kith_mem *mem)
{
    if (mem->fail_at == 0)
        return false;
    if (mem->fail_at > 0)
        mem->fail_at--;
    mem->allocations++;
    return true;
}

enum kith_status kith_mem_resize(struct kith_mem *mem, void *pp, size_t n, size_t size)
{
    if (n == 0 || size == 0) {
        kith_mem_free(pp);
        return KITH_OK;
    }
    if (n > SIZE_MAX / size || !may_allocate(mem))
        return KITH_NO_MEMORY;
    void *p = realloc(pointer_at(pp), n * size);
    if (!p)
        return KITH_NO_MEMORY;
    set_pointer_at(pp, p);
    return KITH_OK;
}

/* calloc does not touch memory that the system hands out as zeros. */
enum kith_status kith_mem_zeroed(struct kith_mem *mem, void *pp, size_t n, size_t size)
{
    set_pointer_at(pp, NULL);
    if (n == 0 || size == 0)
        return KITH_OK;
    if (n > SIZE_MAX / size || !may_allocate(mem))
        return KITH_NO_MEMORY;
    void *p = calloc(n, size);
    if (!p)
        return KITH_NO_MEMORY;
    set_pointer_at(pp, p);
    return KITH_OK;
}

void kith_mem_large_pages(void *p, size_t bytes)
{
#ifdef MADV_HUGEPAGE
    uintptr_t page = (uintptr_t)2 << 20, from = ((uintptr_t)p + page - 1) / page * page, to = ((uintptr_t)p + bytes) / page * page;
    if (p && to > from)
        (void)madvise((void *)from, to - from, MADV_HUGEPAGE);
#else
    (void)p;
    (void)bytes;
#endif
}

void kith_mem_free(void *pp)
{
    free(pointer_at(pp));
    set_pointer_at(pp, NULL);
}

char *kith_mem_text(struct kith_mem *mem, const char *text)
{
    char *copy = NULL;
    size_t n = strlen(text) + 1;
    if (kith_mem_resize(mem, &copy, n, 1) != KITH_OK)
        return NULL;
    memcpy(copy, text, n);
    return copy;
}
