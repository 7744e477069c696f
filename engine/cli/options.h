/* Reading the arguments of a subcommand from a table of its options. */
#ifndef KITH_CLI_OPTIONS_H
#define KITH_CLI_OPTIONS_H

#include "../base/error.h"

/* Values of an option that may be given several times; they point into argv. */
struct kith_cli_list {
    size_t n;
    const char *value[256];
};

/* One option: `--name` sets *flag, or `--name VALUE` and `--name=VALUE` set *value or add to *list. Exactly one of the
 * three is not NULL. */
struct kith_cli_option {
    const char *name; /* with the dashes */
    char letter;      /* -x for short, or 0 */
    bool *flag;
    const char **value; /* points into argv */
    struct kith_cli_list *list;
};

/* What the commands that read a file call it. */
#define KITH_CLI_FILE "an output file of kith run, such as out.h5"

enum kith_cli_next {
    KITH_CLI_GO_ON,
    KITH_CLI_SHOWN, /* --help: the text was printed; end with KITH_OK */
    KITH_CLI_WRONG  /* reported; end with KITH_USAGE */
};

/* Reads argv[1 ..]. Takes exactly one argument that is no option into *file; `what` says in messages what it is: "a
 * scenario, such as scenarios/chain.yaml". */
enum kith_cli_next kith_cli_options_read(int argc, char **argv, const struct kith_cli_option *options, size_t n,
                                         const char *help, const char *what, const char **file);

/* The same for any number of files, at least one: they are then argv[1 .. n_files]. */
enum kith_cli_next kith_cli_options_read_all(int argc, char **argv, const struct kith_cli_option *options, size_t n,
                                             const char *help, const char *what, int *n_files);

/* Reports "kith: text" and returns KITH_USAGE. */
enum kith_status kith_cli_options_wrong(const char *fmt, ...) KITH_PRINTF(1, 2);
/* Reports "kith: FILE: text"; returns the error's code. */
enum kith_status kith_cli_options_report(const struct kith_error *err);
/* `status`, unless that is KITH_OK and not everything could be written to standard output: then KITH_IO,
 * after a report. The last call of a subcommand. */
enum kith_status kith_cli_options_finish(enum kith_status status);

#endif
