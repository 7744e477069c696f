/* Numbers with units, as text. Nothing here depends on the locale. */
#ifndef KITH_SCENARIO_UNIT_H
#define KITH_SCENARIO_UNIT_H

#include "node.h"

#define KITH_UNIT_DAYS_A_YEAR 365.25
#define KITH_UNIT_LONGEST 100 /* bytes; a longer text is no number */

enum kith_unit_fault {
    KITH_UNIT_FINE,
    KITH_UNIT_NO_NUMBER, /* the text does not begin with a number */
    KITH_UNIT_UNKNOWN,   /* a number, but what follows is no unit */
    KITH_UNIT_NO_DATE,   /* looks like a date, but there is no such day */
    KITH_UNIT_TOO_LARGE  /* beyond the largest double */
};

struct kith_quantity {
    double value; /* in the base unit of `unit` */
    enum kith_unit unit;
    char suffix[KITH_UNIT_LONGEST + 1]; /* what stands behind the number, for messages */
};

/* Reads "0.25 /year", "6 weeks", "GBP 700", "12%", "1_000", "2023-04-01" ... On a fault the value is 0. */
enum kith_unit_fault kith_unit_parse(const char *text, struct kith_quantity *quantity);

/* Reads a whole number written with digits (and single underscores between them) only; false if it is
 * anything else or does not fit. */
bool kith_unit_whole(const char *text, int64_t *value);

/* "a rate", "a time", "a bare number", ... */
const char *kith_unit_noun(enum kith_unit unit);
/* A number of that unit as one would write it, for "write for example ...". */
const char *kith_unit_example(enum kith_unit unit);

/* Writes a value given in the base unit as a person would: "0.25 /year", "2023-04-01"; returns `out`. */
char *kith_unit_format(double value, enum kith_unit unit, char *out, size_t size);

/* A date as the number of its month since year 0 and its day from 0, so that differences come out exact. */
void kith_unit_split_date(double years, int *month, int *day);
/* Years from date `a` to date `b`: whole months / 12 + days / 365.25. */
double kith_unit_years_between(double a, double b);

#endif
