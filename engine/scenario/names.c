#include "names.h"

#include <stdlib.h>
#include <string.h>

#include "node.h"

#define LONGEST 63 /* longer texts get no suggestion: nobody mistypes a whole sentence */

static int compare_entries(const void *a, const void *b)
{
    const struct kith_index_entry *x = a, *y = b;
    int order = strcmp(x->text, y->text);
    return order ? order : (x->id > y->id) - (x->id < y->id);
}

enum kith_status kith_index_make(struct kith_mem *mem, struct kith_index *index, size_t n)
{
    index->n = 0;
    enum kith_status status = kith_mem_zeroed(mem, &index->entries, n, sizeof *index->entries);
    if (status == KITH_OK)
        index->n = n;
    return status;
}

void kith_index_sort(struct kith_index *index)
{
    if (index->n > 1)
        qsort(index->entries, index->n, sizeof *index->entries, compare_entries);
}

size_t kith_index_find(const struct kith_index *index, const char *text)
{
    size_t low = 0, high = index->n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (strcmp(index->entries[middle].text, text) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    if (low < index->n && strcmp(index->entries[low].text, text) == 0)
        return index->entries[low].id;
    return (size_t)-1;
}

void kith_index_free(struct kith_index *index)
{
    kith_mem_free(&index->entries);
    index->n = 0;
}

bool kith_names_valid(const char *text, bool dash)
{
    if (text[0] < 'a' || text[0] > 'z')
        return false;
    size_t i = 1;
    for (; text[i] && i <= 100; i++) {
        char c = text[i];
        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || (dash && c == '-')))
            return false;
    }
    return i <= 100;
}

static int smaller(int a, int b)
{
    return a < b ? a : b;
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* Edit distance with swaps of neighbours counted once (the restricted Damerau-Levenshtein distance), ignoring
 * case. Both texts have at most LONGEST bytes. */
static int distance(const char *a, size_t n, const char *b, size_t m)
{
    int rows[3][LONGEST + 1];
    int *before = rows[0], *last = rows[1], *now = rows[2];
    for (size_t j = 0; j <= m; j++)
        last[j] = (int)j;
    for (size_t i = 1; i <= n; i++) {
        now[0] = (int)i;
        for (size_t j = 1; j <= m; j++) {
            bool same = lower(a[i - 1]) == lower(b[j - 1]);
            now[j] = smaller(smaller(last[j], now[j - 1]) + 1, last[j - 1] + !same);
            if (i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) && lower(a[i - 2]) == lower(b[j - 1]))
                now[j] = smaller(now[j], before[j - 2] + 1);
        }
        int *spare = before;
        before = last;
        last = now;
        now = spare;
    }
    return last[m];
}

const char *kith_node_nearest(const char *text, const char *const *names, size_t n)
{
    size_t length = strlen(text);
    if (length == 0 || length > LONGEST)
        return NULL;
    /* A third of the word may be wrong, but never all of it: "x" suggests nothing. */
    int best = length < 3 ? 1 : length < 9 ? 2 : 3;
    const char *nearest = NULL;
    for (size_t i = 0; i < n; i++) {
        size_t m = strlen(names[i]);
        if (m > LONGEST || m > length + 3 || length > m + 3)
            continue;
        int d = distance(text, length, names[i], m);
        if (d < (int)length && d < (int)m && (d < best || (d == best && !nearest))) {
            best = d;
            nearest = names[i];
        }
    }
    return nearest;
}
