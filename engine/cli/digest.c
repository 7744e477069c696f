/* kith digest: prints one hash over the results of an output file. */
#include <stdio.h>

#include "../record/results.h"
#include "cli.h"
#include "options.h"

static const char help[] =
    "kith digest OUT.h5\n"
    "\n"
    "One line of 64 hexadecimal digits: SHA-256 over the results. Two files have the same digest exactly if "
    "their\n"
    "results are the same to the bit, whatever the threads, time, compression and order of computing were.\n"
    "\n"
    "Example: is a result the same on another machine?\n"
    "\n"
    "  kith digest here.h5; kith digest there.h5\n";

int kith_cli_digest(int argc, char **argv)
{
    struct kith_mem mem = KITH_MEM_INIT;
    struct kith_results r;
    struct kith_error err = {0};
    const char *file;
    char hex[65];
    enum kith_cli_next next = kith_cli_options_read(argc, argv, NULL, 0, help, KITH_CLI_FILE, &file);
    if (next != KITH_CLI_GO_ON)
        return (int)kith_cli_options_finish(next == KITH_CLI_SHOWN ? KITH_OK : KITH_USAGE);
    enum kith_status status = kith_results_open(&r, &mem, file, &err);
    if (status == KITH_OK)
        status = kith_results_digest(&r, hex, &err);
    if (status == KITH_OK)
        puts(hex);
    else
        kith_cli_options_report(&err);
    kith_results_close(&r);
    return (int)kith_cli_options_finish(status);
}
