/* Runs a command, sends it a signal at a chosen moment, waits for its end.
 *
 * usage: strike SIGNAL MICROSECONDS [-f FILE] REPORT COMMAND...
 *
 * The signal, INT, KILL, TERM or USR1, is sent so long after the start, or after FILE has appeared; NONE only takes the time. If the command
 * has ended before, none is sent. Into the file REPORT is written: the exit code (128 + signal if one killed it), whether
 * the signal was sent (1 or 0), milliseconds from the start to the end, and from the signal to the end. The exit code is 0
 * if the command could be started. */
#define _POSIX_C_SOURCE 200809L
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

int main(int argc, char **argv)
{
    if (argc < 5) return 2;
    static const struct {
        const char *name;
        int number;
    } signals[] = {{"NONE", 0}, {"INT", SIGINT}, {"KILL", SIGKILL}, {"TERM", SIGTERM}, {"USR1", SIGUSR1}};
    int number = -1, at = 3;
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
        if (strcmp(argv[1], signals[i].name) == 0) number = signals[i].number;
    if (number < 0) return 2;
    double delay = atof(argv[2]) * 1e-6;
    const char *file = NULL;
    if (strcmp(argv[at], "-f") == 0 && argc > 6) {
        file = argv[at + 1];
        at += 2;
    }
    const char *report = argv[at++];
    double start = now();
    pid_t child = fork();
    if (child < 0) return 1;
    if (child == 0) {
        execvp(argv[at], argv + at);
        perror(argv[at]);
        _exit(127);
    }
    bool sent = false;
    double sent_at = 0, from = file ? -1 : start;
    int status = 0;
    for (;;) {
        pid_t ended = waitpid(child, &status, sent ? 0 : WNOHANG);
        if (ended == child) break;
        if (ended < 0) return 1;
        struct stat st;
        if (from < 0 && stat(file, &st) == 0) from = now();
        if (from >= 0 && now() - from >= delay) {
            sent_at = now();
            sent = kill(child, number) == 0;
            continue;
        }
        struct timespec nap = {.tv_sec = 0, .tv_nsec = 100000};
        nanosleep(&nap, NULL);
    }
    double end = now();
    int code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
    FILE *out = fopen(report, "w");
    if (!out) return 1;
    fprintf(out, "%d %d %.0f %.0f\n", code, (int)sent, (end - start) * 1000, sent ? (end - sent_at) * 1000 : 0);
    return fclose(out) == 0 ? 0 : 1;
}
