#include "unit.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct time_name {
    const char *name;
    double a_year; /* how many of them make a year */
};

static const struct time_name time_names[] = {
    {"year", 1.0},
    {"years", 1.0},
    {"yr", 1.0},
    {"yrs", 1.0},
    {"y", 1.0},
    {"month", 12.0},
    {"months", 12.0},
    {"mo", 12.0},
    {"week", KITH_UNIT_DAYS_A_YEAR / 7.0},
    {"weeks", KITH_UNIT_DAYS_A_YEAR / 7.0},
    {"wk", KITH_UNIT_DAYS_A_YEAR / 7.0},
    {"wks", KITH_UNIT_DAYS_A_YEAR / 7.0},
    {"w", KITH_UNIT_DAYS_A_YEAR / 7.0},
    {"day", KITH_UNIT_DAYS_A_YEAR},
    {"days", KITH_UNIT_DAYS_A_YEAR},
    {"d", KITH_UNIT_DAYS_A_YEAR},
};

/* A number as digits * 10^exponent. */
struct decimal {
    char digits[KITH_UNIT_LONGEST + 2]; /* sign and digits */
    long exponent;
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static const char *skip_spaces(const char *c)
{
    while (*c == ' ' || *c == '\t')
        c++;
    return c;
}

/* Digits with single underscores between them; returns how many, 0 if there are none or an underscore stands
 * wrong. */
static size_t scan_digits(const char **at, struct decimal *d, size_t *n)
{
    const char *c = *at;
    size_t count = 0;
    while (is_digit(*c) || (*c == '_' && count > 0 && is_digit(c[1]))) {
        if (*c != '_') {
            d->digits[(*n)++] = *c;
            count++;
        }
        c++;
    }
    *at = c;
    return count;
}

/* The exponent of "1e6", if there is one; "1 e" and "1 each" have none. */
static void scan_exponent(const char **at, struct decimal *d)
{
    const char *c = *at;
    if (*c != 'e' && *c != 'E')
        return;
    c++;
    bool minus = *c == '-';
    if (*c == '-' || *c == '+')
        c++;
    if (!is_digit(*c))
        return;
    long e = 0;
    for (; is_digit(*c); c++)
        if (e < 100000)
            e = 10 * e + (*c - '0');
    d->exponent += minus ? -e : e;
    *at = c;
}

static bool scan_decimal(const char **at, struct decimal *d)
{
    const char *c = *at;
    size_t n = 0;
    d->exponent = 0;
    if (*c == '+' || *c == '-')
        d->digits[n++] = *c++;
    size_t count = scan_digits(&c, d, &n);
    if (*c == '.') {
        c++;
        size_t decimals = scan_digits(&c, d, &n);
        d->exponent = -(long)decimals;
        count += decimals;
    }
    d->digits[n] = '\0';
    if (count == 0)
        return false;
    scan_exponent(&c, d);
    *at = c;
    return true;
}

/* digits * 10^(exponent + shift), correctly rounded. strtod wants the decimal point of the locale; a text
 * without one it reads the same everywhere. Shifting the exponent keeps 19.99 pounds at 1999 pence exactly.
 */
static double to_double(const struct decimal *d, int shift)
{
    char text[sizeof d->digits + 32];
    snprintf(text, sizeof text, "%se%ld", d->digits, d->exponent + shift);
    return strtod(text, NULL);
}

static int days_of_month(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return days[month - 1] + (month == 2 && leap);
}

static bool looks_like_date(const char *c)
{
    for (int i = 0; i < 10; i++)
        if (i == 4 || i == 7 ? c[i] != '-' : !is_digit(c[i]))
            return false;
    return c[10] == '\0';
}

static enum kith_unit_fault parse_date(const char *c, struct kith_quantity *q)
{
    int year = (c[0] - '0') * 1000 + (c[1] - '0') * 100 + (c[2] - '0') * 10 + (c[3] - '0');
    int month = (c[5] - '0') * 10 + (c[6] - '0'), day = (c[8] - '0') * 10 + (c[9] - '0');
    if (year < 1 || month < 1 || month > 12 || day < 1 || day > days_of_month(year, month))
        return KITH_UNIT_NO_DATE;
    q->unit = KITH_UNIT_DATE;
    q->value = year + (month - 1) / 12.0 + (day - 1) / KITH_UNIT_DAYS_A_YEAR;
    return KITH_UNIT_FINE;
}

/* How many of the named time make a year, 0 if it is none. */
static double named_time(const char *name)
{
    for (size_t i = 0; i < sizeof time_names / sizeof time_names[0]; i++)
        if (strcmp(name, time_names[i].name) == 0)
            return time_names[i].a_year;
    return 0.0;
}

/* "/week" or "per week": how many of the time make a year; 0 if it is neither. */
static double named_rate(const char *c)
{
    if (*c == '/')
        c++;
    else if (strncmp(c, "per", 3) == 0 && (c[3] == ' ' || c[3] == '\t'))
        c += 3;
    else
        return 0.0;
    return named_time(skip_spaces(c));
}

static enum kith_unit_fault convert(const struct decimal *d, const char *rest, bool money,
                                    struct kith_quantity *q)
{
    double a_year;
    int shift = money ? 2 : 0;
    if (strcmp(rest, "%") == 0 && !money) {
        q->unit = KITH_UNIT_NONE;
        q->value = to_double(d, -2);
    } else if (*rest == '\0') {
        q->unit = money ? KITH_UNIT_MONEY : KITH_UNIT_NONE;
        q->value = to_double(d, shift);
    } else if ((a_year = named_rate(rest)) > 0.0) {
        q->unit = money ? KITH_UNIT_MONEY_RATE : KITH_UNIT_RATE;
        q->value = to_double(d, shift) * a_year;
    } else if ((a_year = named_time(rest)) > 0.0 && !money) {
        q->unit = KITH_UNIT_TIME;
        q->value = to_double(d, 0) / a_year;
    } else {
        return KITH_UNIT_UNKNOWN;
    }
    return KITH_UNIT_FINE;
}

enum kith_unit_fault kith_unit_parse(const char *text, struct kith_quantity *q)
{
    char copy[KITH_UNIT_LONGEST + 1];
    struct decimal d;
    bool money = false;
    memset(q, 0, sizeof *q);
    text = skip_spaces(text);
    size_t n = strlen(text);
    while (n > 0 && (text[n - 1] == ' ' || text[n - 1] == '\t'))
        n--;
    if (n > KITH_UNIT_LONGEST)
        return KITH_UNIT_NO_NUMBER;
    memcpy(copy, text, n);
    copy[n] = '\0';
    if (looks_like_date(copy))
        return parse_date(copy, q);
    const char *c = copy;
    if (strncmp(c, "GBP", 3) == 0) {
        money = true;
        c = skip_spaces(c + 3);
    }
    if (!scan_decimal(&c, &d))
        return KITH_UNIT_NO_NUMBER;
    c = skip_spaces(c);
    strcpy(q->suffix, c);
    if (!money && strncmp(c, "GBP", 3) == 0) {
        money = true;
        c = skip_spaces(c + 3);
    }
    enum kith_unit_fault fault = convert(&d, c, money, q);
    if (fault == KITH_UNIT_FINE && !isfinite(q->value)) {
        q->value = 0.0;
        return KITH_UNIT_TOO_LARGE;
    }
    return fault;
}

bool kith_unit_whole(const char *text, int64_t *value)
{
    uint64_t sum = 0;
    bool minus = *text == '-';
    const char *c = *text == '-' || *text == '+' ? text + 1 : text;
    if (!is_digit(*c))
        return false;
    for (; *c; c++) {
        if (*c == '_' && c[-1] != '_' && is_digit(c[1]))
            continue;
        if (!is_digit(*c) || sum > ((uint64_t)INT64_MAX - 9) / 10 + 1)
            return false;
        sum = 10 * sum + (uint64_t)(*c - '0');
        if (sum > INT64_MAX)
            return false;
    }
    *value = minus ? -(int64_t)sum : (int64_t)sum;
    return true;
}

const char *kith_unit_noun(enum kith_unit unit)
{
    static const char *const nouns[] = {"a bare number",      "a time",         "a rate",
                                        "an amount of money", "money per time", "a date"};
    return nouns[unit];
}

const char *kith_unit_example(enum kith_unit unit)
{
    static const char *const examples[] = {"0.5",     "6 weeks",       "0.25 /year",
                                           "GBP 700", "GBP 700 /week", "2023-04-01"};
    return examples[unit];
}

void kith_unit_split_date(double years, int *month, int *day)
{
    double months = floor(years * 12.0 + 1e-6);
    *month = (int)months;
    *day = (int)floor((years - months / 12.0) * KITH_UNIT_DAYS_A_YEAR + 0.5);
}

double kith_unit_years_between(double a, double b)
{
    int month_a, day_a, month_b, day_b;
    kith_unit_split_date(a, &month_a, &day_a);
    kith_unit_split_date(b, &month_b, &day_b);
    return (month_b - month_a) / 12.0 + (day_b - day_a) / KITH_UNIT_DAYS_A_YEAR;
}

char *kith_unit_format(double value, enum kith_unit unit, char *out, size_t size)
{
    int month, day;
    switch (unit) {
    case KITH_UNIT_NONE:
        snprintf(out, size, "%.15g", value);
        break;
    case KITH_UNIT_TIME:
        snprintf(out, size, "%.12g years", value);
        break;
    case KITH_UNIT_RATE:
        snprintf(out, size, "%.12g /year", value);
        break;
    case KITH_UNIT_MONEY:
        snprintf(out, size, "GBP %.15g", value / 100.0);
        break;
    case KITH_UNIT_MONEY_RATE:
        snprintf(out, size, "GBP %.12g /year", value / 100.0);
        break;
    case KITH_UNIT_DATE:
        kith_unit_split_date(value, &month, &day);
        snprintf(out, size, "%04d-%02d-%02d", month / 12, month % 12 + 1, day + 1);
        break;
    }
    return out;
}
