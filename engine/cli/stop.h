/* Ending early: by a signal or when the time is up. */
#ifndef KITH_CLI_STOP_H
#define KITH_CLI_STOP_H

/* From now on SIGINT, SIGTERM and SIGUSR1 make *result nonzero, and so do `seconds` on the clock, if they are above 0. A
 * limit on the size of files, and a reader of messages that has gone, are errors of the write that meets them, no longer
 * the end of the process. */
const volatile int *kith_cli_stop_on(double seconds);

#endif
