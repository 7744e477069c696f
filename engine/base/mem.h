/* Memory that can be made to fail, so that a test can fail each allocation in turn. */
#ifndef KITH_BASE_MEM_H
#define KITH_BASE_MEM_H

#include "error.h"

/* `fail_at` counts down with each allocation; the one that finds it at 0 fails, and every later one too.
 * Negative: never. Initialise with KITH_MEM_INIT. Not to be shared between threads. */
struct kith_mem {
    long fail_at;
    long allocations; /* made so far */
};
#define KITH_MEM_INIT {-1, 0}

/* Resizes the array at *(void **)pp to n elements of `size` bytes. New bytes are NOT cleared. n = 0 frees
 * and sets the pointer to NULL. On failure (KITH_NO_MEMORY: none left, or n * size overflows) the old array
 * is untouched. pp is the address of any object pointer. */
KITH_MUST_CHECK enum kith_status kith_mem_resize(struct kith_mem *mem, void *pp, size_t n, size_t size);

/* As kith_mem_resize for a pointer that holds nothing yet, and the memory is zeroed. */
KITH_MUST_CHECK enum kith_status kith_mem_zeroed(struct kith_mem *mem, void *pp, size_t n, size_t size);

/* Frees the array at *(void **)pp and sets it to NULL. */
void kith_mem_free(void *pp);

/* Asks for large pages for [p, p + bytes), which has not been written yet: with them, memory that is touched here and
 * there costs far less. Only a hint; nothing happens where there are none. */
void kith_mem_large_pages(void *p, size_t bytes);

/* A copy of the text, or NULL when out of memory. The caller frees it with kith_mem_free. */
char *kith_mem_text(struct kith_mem *mem, const char *text);

#endif
