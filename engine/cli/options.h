/* Reading the arguments of a subcommand from a table of its options. */
#ifndef KITH_CLI_OPTIONS_H
#define KITH_CLI_OPTIONS_H

#include "../base/error.h"

/* One option: `--name` sets *flag, or `--name VALUE` and `--name=VALUE` set *value. Exactly one is not NULL.
 */
struct kith_cli_option {
    const char *name; /* with the dashes */
    bool *flag;
    const char **value; /* points into argv */
};

enum kith_cli_next {
    KITH_CLI_GO_ON,
    KITH_CLI_SHOWN, /* --help: the text was printed; end with KITH_OK */
    KITH_CLI_WRONG  /* reported; end with KITH_USAGE */
};

/* Reads argv[1 ..]. Takes exactly one argument that is no option, the output file, into *file. */
enum kith_cli_next kith_cli_options_read(int argc, char **argv, const struct kith_cli_option *options,
                                         size_t n, const char *help, const char **file);

/* Reports "kith: text" and returns KITH_USAGE. */
enum kith_status kith_cli_options_wrong(const char *fmt, ...) KITH_PRINTF(1, 2);
/* Reports "kith: FILE: text"; returns the error's code. */
enum kith_status kith_cli_options_report(const struct kith_error *err);
/* `status`, unless that is KITH_OK and not everything could be written to standard output: then KITH_IO,
 * after a report. The last call of a subcommand. */
enum kith_status kith_cli_options_finish(enum kith_status status);

#endif
