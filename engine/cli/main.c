/* The program: finds the subcommand. */
#include <stdio.h>
#include <string.h>

#include "cli.h"
#include "kith.h"
#include "models/models.h"

static const struct {
    const char *name, *what;
    int (*run)(int argc, char **argv);
} commands[] = {
    {"check", "reads a scenario and reports everything that is wrong with it", kith_cli_check},
    {"describe", "shows a scenario's charts, parameters and sources", kith_cli_describe},
    {"plan", "says what a run would take: events, time, memory, file size", kith_cli_plan},
    {"run", "simulates a scenario and writes an HDF5 file", kith_cli_run},
    {"status", "says what a run has finished and what is missing", kith_cli_status},
    {"merge", "puts the parts of a run together", kith_cli_merge},
    {"summary", "prints the results of a file beside the published figures", kith_cli_summary},
    {"compare", "prints the paired differences between two arms", kith_cli_compare},
    {"info", "says what a file holds and how it came to be", kith_cli_info},
    {"digest", "prints one hash over the results of a file", kith_cli_digest},
};
#define N_COMMANDS (sizeof commands / sizeof *commands)

static void help(FILE *out)
{
    fprintf(out, "kith %s: discrete-event microsimulation of families in early help and children's services\n\n",
            KITH_VERSION);
    for (size_t i = 0; i < N_COMMANDS; i++)
        fprintf(out, "  kith %-10s %s\n", commands[i].name, commands[i].what);
    fprintf(out, "\nEach explains itself: kith run --help. Models:");
    for (size_t i = 0; i < kith_n_models; i++)
        fprintf(out, "%s %s (%s)", i ? "," : "", kith_models[i]->name, kith_models[i]->what);
    fprintf(out, ".\n\nFirst steps:\n  kith run scenarios/chain.yaml -o chain.h5\n  kith summary chain.h5\n");
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        help(stderr);
        return KITH_USAGE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "help") == 0) {
        help(stdout);
        return KITH_OK;
    }
    if (strcmp(argv[1], "--version") == 0) {
        printf("kith %s (%s)\n", KITH_VERSION, KITH_REVISION);
        return KITH_OK;
    }
    for (size_t i = 0; i < N_COMMANDS; i++)
        if (strcmp(argv[1], commands[i].name) == 0)
            return commands[i].run(argc - 1, argv + 1);
    const char *names[N_COMMANDS];
    for (size_t i = 0; i < N_COMMANDS; i++)
        names[i] = commands[i].name;
    const char *near = kith_node_nearest(argv[1], names, N_COMMANDS);
    fprintf(stderr, near ? "kith: no command '%s'; did you mean '%s'? See kith --help\n"
                         : "kith: no command '%s'; see kith --help\n", argv[1], near);
    return KITH_USAGE;
}
