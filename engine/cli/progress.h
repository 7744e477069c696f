/* Progress of long work, on stderr: a bar on a terminal, one line a minute otherwise, JSON lines on request. */
#ifndef KITH_CLI_PROGRESS_H
#define KITH_CLI_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

enum kith_progress_kind { KITH_PROGRESS_NONE, KITH_PROGRESS_BAR, KITH_PROGRESS_LINES, KITH_PROGRESS_JSON };

struct kith_progress {
    enum kith_progress_kind kind;
    double began, shown; /* seconds, monotonic */
    bool drawn;
    double first; /* share that was done when it was first shown; below 0: not yet */
};

/* Chooses the kind: none if quiet, JSON if asked for, else by whether stderr is a terminal. */
void kith_progress_begin(struct kith_progress *p, bool quiet, bool json);
/* Has the signature of kith_run.progress; `user` is the struct kith_progress. done in 0 .. 1. */
void kith_progress_show(void *user, double done, uint64_t events);
/* Clears the bar. */
void kith_progress_end(struct kith_progress *p);

#endif
