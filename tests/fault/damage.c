/* Damages a file in place.
 *
 * usage: damage FILE flip OFFSET BIT       inverts a bit
 *        damage FILE zero OFFSET LENGTH    writes zeros
 *        damage FILE cut LENGTH            keeps only the first LENGTH bytes
 *        damage FILE append LENGTH         adds bytes that mean nothing
 *        damage FILE drop OFFSET LENGTH    takes bytes out of the middle
 *        damage FILE twice OFFSET LENGTH   repeats bytes in the middle
 *
 * Offsets below 0 count from the end. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(int argc, char **argv)
{
    if (argc < 4) return 2;
    FILE *f = fopen(argv[1], "rb");
    if (!f || fseek(f, 0, SEEK_END) != 0) return 1;
    long size = ftell(f);
    rewind(f);
    long a = atol(argv[3]), b = argc > 4 ? atol(argv[4]) : 0;
    if (size < 0 || b < 0) return 1;
    if (strcmp(argv[2], "cut") != 0 && strcmp(argv[2], "append") != 0) {
        if (a < 0) a += size;
        if (a < 0 || a >= size) return 1;
    }
    /* Room for all that can be added. */
    size_t n = (size_t)size, more = n + (a > 0 ? (size_t)a : 0) + (size_t)b + 1;
    unsigned char *data = malloc(more);
    if (!data || fread(data, 1, n, f) != n) return 1;
    fclose(f);
    size_t at = a > 0 ? (size_t)a : 0, length = (size_t)b;
    if (strcmp(argv[2], "flip") == 0) {
        data[at] = (unsigned char)(data[at] ^ (1u << (b & 7)));
    } else if (strcmp(argv[2], "zero") == 0) {
        if (length > n - at) length = n - at;
        memset(data + at, 0, length);
    } else if (strcmp(argv[2], "cut") == 0) {
        if (a < 0) at = n - (size_t)-a;
        if (at > n) return 1;
        n = at;
    } else if (strcmp(argv[2], "append") == 0) {
        for (size_t i = 0; i < at; i++) data[n + i] = (unsigned char)(i * 37 + 11);
        n += at;
    } else if (strcmp(argv[2], "drop") == 0) {
        if (length > n - at) length = n - at;
        memmove(data + at, data + at + length, n - at - length);
        n -= length;
    } else if (strcmp(argv[2], "twice") == 0) {
        if (length > n - at) length = n - at;
        memmove(data + at + length, data + at, n - at);
        n += length;
    } else {
        return 2;
    }
    f = fopen(argv[1], "wb");
    if (!f || fwrite(data, 1, n, f) != n || fclose(f) != 0) return 1;
    free(data);
    return 0;
}
