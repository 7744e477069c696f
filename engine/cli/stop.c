#include "stop.h"

#include <math.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

/* A handler can reach nothing but such a variable. */
static volatile int stop;

static void on_signal(int number)
{
    (void)number;
    stop = 1;
}

const volatile int *kith_cli_stop_on(double seconds)
{
    static const int signals[] = {SIGINT, SIGTERM, SIGUSR1, SIGALRM};
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = on_signal;
    for (unsigned i = 0; i < sizeof signals / sizeof *signals; i++)
        sigaction(signals[i], &action, NULL);
    signal(SIGXFSZ, SIG_IGN);
    signal(SIGPIPE, SIG_IGN);
    if (seconds > 0)
        alarm((unsigned)ceil(seconds)); /* counts time that passes, whatever somebody sets the clock to */
    return &stop;
}
