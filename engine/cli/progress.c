#include "progress.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../base/clock.h"

void kith_progress_begin(struct kith_progress *p, bool quiet, bool json)
{
    *p = (struct kith_progress){.kind = quiet   ? KITH_PROGRESS_NONE
                                        : json  ? KITH_PROGRESS_JSON
                                        : isatty(2) ? KITH_PROGRESS_BAR
                                                    : KITH_PROGRESS_LINES};
    p->first = -1;
    p->began = p->shown = kith_clock_seconds();
}

/* "1 h 05 min", "3 min 20 s", "12 s". */
static void format_time(char *out, size_t size, double seconds)
{
    long s = (long)(seconds + 0.5);
    if (s >= 3600)
        snprintf(out, size, "%ld h %02ld min", s / 3600, s / 60 % 60);
    else if (s >= 60)
        snprintf(out, size, "%ld min %02ld s", s / 60, s % 60);
    else
        snprintf(out, size, "%ld s", s);
}

void kith_progress_show(void *user, double done, uint64_t events)
{
    struct kith_progress *p = user;
    double t = kith_clock_seconds(), spent = t - p->began;
    double pause = p->kind == KITH_PROGRESS_BAR ? 0.1 : p->kind == KITH_PROGRESS_JSON ? 1 : 60;
    if (p->first < 0)
        p->first = done;
    if (p->kind == KITH_PROGRESS_NONE || t - p->shown < pause)
        return;
    p->shown = t;
    double left = done > p->first ? spent * (1 - done) / (done - p->first) : 0;
    double rate = spent > 0 ? (double)events / spent / 1e6 : 0;
    char togo[32];
    format_time(togo, sizeof togo, left);
    if (p->kind == KITH_PROGRESS_JSON) {
        fprintf(stderr, "{\"done\": %.6f, \"events\": %llu, \"seconds\": %.1f, \"seconds_left\": %.1f}\n", done,
                (unsigned long long)events, spent, left);
    } else if (p->kind == KITH_PROGRESS_LINES) {
        fprintf(stderr, "kith: %.1f%% done, %.1f million events/s, about %s to go\n", 100 * done, rate, togo);
    } else {
        char bar[31];
        int full = (int)(30 * done);
        memset(bar, '.', 30);
        memset(bar, '#', (size_t)(full > 30 ? 30 : full));
        bar[30] = 0;
        fprintf(stderr, "\r[%s] %5.1f%%  %.1f million events/s  about %s to go   ", bar, 100 * done, rate, togo);
        p->drawn = true;
    }
    fflush(stderr);
}

void kith_progress_end(struct kith_progress *p)
{
    if (p->drawn)
        fprintf(stderr, "\r%78s\r", "");
    p->drawn = false;
}
