#include "options.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum kith_status kith_cli_options_wrong(const char *fmt, ...)
{
    va_list args;
    fputs("kith: ", stderr);
    va_start(args, fmt);
    vfprintf(stderr, fmt, args);
    va_end(args);
    fputc('\n', stderr);
    return KITH_USAGE;
}

enum kith_status kith_cli_options_report(const struct kith_error *err)
{
    fprintf(stderr, "kith: %s%s%s\n", err->file, err->file[0] ? ": " : "", err->text);
    return err->code;
}

enum kith_status kith_cli_options_finish(enum kith_status status)
{
    errno = 0;
    if ((fflush(stdout) != 0 || ferror(stdout)) && status == KITH_OK) {
        fprintf(stderr, "kith: cannot write to standard output: %s\n", errno ? strerror(errno) : "error");
        return KITH_IO;
    }
    return status;
}

/* Whether `argument` is `name` or begins with `name=`; *value is then what stands behind, or NULL. */
static bool matches(const char *argument, const char *name, const char **value)
{
    size_t n = strlen(name);
    if (strncmp(argument, name, n) != 0 || (argument[n] != '\0' && argument[n] != '='))
        return false;
    *value = argument[n] == '=' ? argument + n + 1 : NULL;
    return true;
}

/* Takes option argv[*i], and its value from argv[*i + 1]. */
static enum kith_cli_next take(int argc, char **argv, int *i, const struct kith_cli_option *options, size_t n)
{
    const char *value = NULL;
    const struct kith_cli_option *option = NULL;
    for (size_t k = 0; k < n && !option; k++) {
        const char letter[] = {'-', options[k].letter, 0};
        if (matches(argv[*i], options[k].name, &value) || (options[k].letter && strcmp(argv[*i], letter) == 0))
            option = &options[k];
    }
    if (!option) {
        kith_cli_options_wrong("%s: unknown option %s; see kith %s --help", argv[0], argv[*i], argv[0]);
        return KITH_CLI_WRONG;
    }
    if (option->flag) {
        if (value) {
            kith_cli_options_wrong("%s: %s takes no value", argv[0], option->name);
            return KITH_CLI_WRONG;
        }
        *option->flag = true;
        return KITH_CLI_GO_ON;
    }
    if (!value && *i + 1 < argc)
        value = argv[++*i];
    if (!value) {
        kith_cli_options_wrong("%s: %s needs a value", argv[0], option->name);
        return KITH_CLI_WRONG;
    }
    if (option->value) {
        *option->value = value;
    } else if (option->list->n < sizeof option->list->value / sizeof *option->list->value) {
        option->list->value[option->list->n++] = value;
    } else {
        kith_cli_options_wrong("%s: over %zu %s: put them in a file that extends the scenario", argv[0],
                               option->list->n, option->name);
        return KITH_CLI_WRONG;
    }
    return KITH_CLI_GO_ON;
}

enum kith_cli_next kith_cli_options_read_all(int argc, char **argv, const struct kith_cli_option *options, size_t n,
                                             const char *help, const char *what, int *n_files)
{
    bool only_files = false;
    *n_files = 0;
    for (int i = 1; i < argc; i++) {
        if (!only_files && (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)) {
            fputs(help, stdout);
            return KITH_CLI_SHOWN;
        }
        if (!only_files && strcmp(argv[i], "--") == 0) {
            only_files = true;
        } else if (!only_files && argv[i][0] == '-' && argv[i][1] != '\0') {
            enum kith_cli_next next = take(argc, argv, &i, options, n);
            if (next != KITH_CLI_GO_ON)
                return next;
        } else {
            argv[++*n_files] = argv[i]; /* never behind i */
        }
    }
    if (*n_files > 0)
        return KITH_CLI_GO_ON;
    kith_cli_options_wrong("%s: it wants %s; see kith %s --help", argv[0], what, argv[0]);
    return KITH_CLI_WRONG;
}

enum kith_cli_next kith_cli_options_read(int argc, char **argv, const struct kith_cli_option *options,
                                         size_t n, const char *help, const char *what, const char **file)
{
    int n_files;
    enum kith_cli_next next = kith_cli_options_read_all(argc, argv, options, n, help, what, &n_files);
    *file = next == KITH_CLI_GO_ON ? argv[1] : NULL;
    if (next != KITH_CLI_GO_ON || n_files == 1)
        return next;
    kith_cli_options_wrong("%s: it takes %s, one at a time: do not know what to do with %s", argv[0], what, argv[2]);
    return KITH_CLI_WRONG;
}
