/* Time on the wall, for progress and reports; results never depend on it. */
#ifndef KITH_BASE_CLOCK_H
#define KITH_BASE_CLOCK_H

/* Seconds since some fixed moment; never goes back. Thread-safe. */
double kith_clock_seconds(void);

#endif
