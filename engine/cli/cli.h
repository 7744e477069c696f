/* The subcommands of kith. Each gets argv with argv[0] being its own name, prints what was asked for to
 * standard output and reports as "kith: FILE: text" to standard error, and returns the exit code: a value of
 * enum kith_status. */
#ifndef KITH_CLI_CLI_H
#define KITH_CLI_CLI_H

int kith_cli_run(int argc, char **argv);      /* simulate */
int kith_cli_check(int argc, char **argv);    /* read a scenario and say what is wrong */
int kith_cli_plan(int argc, char **argv);     /* say what a run will take */
int kith_cli_describe(int argc, char **argv); /* say what a model or scenario has */
int kith_cli_status(int argc, char **argv);   /* what a run has finished */
int kith_cli_merge(int argc, char **argv);    /* put parts together */
int kith_cli_summary(int argc, char **argv);  /* means of an output file */
int kith_cli_compare(int argc, char **argv);  /* paired differences of two arms */
int kith_cli_digest(int argc, char **argv);   /* hash of the results */
int kith_cli_info(int argc, char **argv);     /* what an output file holds */

#endif
