/* Without a fuzzer, compiled with -DKITH_FUZZ_REPLAY: a main() that runs the files named as arguments, for each harness of
 * this folder. Included at its end. */
#ifndef KITH_FUZZ_REPLAY_H
#define KITH_FUZZ_REPLAY_H
#ifdef KITH_FUZZ_REPLAY

static int replay(const char *path)
{
    FILE *f = fopen(path, "rb");
    uint8_t *bytes = malloc((size_t)32 << 20);
    if (!f || !bytes) {
        fprintf(stderr, "%s: cannot read it\n", path);
        if (f)
            fclose(f);
        free(bytes);
        return 1;
    }
    size_t n = fread(bytes, 1, (size_t)32 << 20, f);
    fclose(f);
    (void)LLVMFuzzerTestOneInput(bytes, n);
    free(bytes);
    return 0;
}

int main(int argc, char **argv)
{
    int failed = 0;
    for (int i = 1; i < argc; i++)
        failed += replay(argv[i]);
    printf("%d passed, %d failed\n", argc - 1 - failed, failed);
    return failed > 0;
}

#endif
#endif
