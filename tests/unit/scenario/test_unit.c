/* Numbers with units. */
#include <locale.h>
#include <math.h>

#include "../../../engine/scenario/unit.h"
#include "help.h"

static void check(const char *text, enum kith_unit unit, double value)
{
    struct kith_quantity q;
    enum kith_unit_fault fault = kith_unit_parse(text, &q);
    if (fault != KITH_UNIT_FINE || q.unit != unit || fabs(q.value - value) > 1e-15 * fabs(value))
        fail_msg("'%s': fault %d, unit %d, value %.17g, not %.17g", text, (int)fault, (int)q.unit, q.value,
                 value);
}

static void check_fault(const char *text, enum kith_unit_fault fault)
{
    struct kith_quantity q;
    enum kith_unit_fault got = kith_unit_parse(text, &q);
    if (got != fault)
        fail_msg("'%s': fault %d, not %d", text, (int)got, (int)fault);
    assert_true(q.value == 0.0);
}

static void bare_numbers(void **state)
{
    (void)state;
    check("0", KITH_UNIT_NONE, 0.0);
    check("1", KITH_UNIT_NONE, 1.0);
    check(" -1.5 ", KITH_UNIT_NONE, -1.5);
    check("+2", KITH_UNIT_NONE, 2.0);
    check(".5", KITH_UNIT_NONE, 0.5);
    check("5.", KITH_UNIT_NONE, 5.0);
    check("1e6", KITH_UNIT_NONE, 1e6);
    check("1.5E-3", KITH_UNIT_NONE, 1.5e-3);
    check("1_000_000", KITH_UNIT_NONE, 1e6);
    check("12%", KITH_UNIT_NONE, 0.12);
    check("0.1 %", KITH_UNIT_NONE, 0.001);
    check("0.1234567890123456789", KITH_UNIT_NONE, 0.1234567890123456789);
    check("1e-400", KITH_UNIT_NONE, 0.0);
}

static void no_numbers(void **state)
{
    (void)state;
    static const char *const none[] = {"",    " ",    "-",          ".",        "e5",  "abc", "inf",
                                       "nan", "-inf", "_1",         "$",        "--1", "GBP", "GBPx",
                                       "%",   "+-1",  "\xc2\xa3 5", "infinity", "NaN"};
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++)
        check_fault(none[i], KITH_UNIT_NO_NUMBER);
    check_fault("0x10", KITH_UNIT_UNKNOWN);
    check_fault("1__0", KITH_UNIT_UNKNOWN);
    check_fault("1_", KITH_UNIT_UNKNOWN);
    check_fault("1,5", KITH_UNIT_UNKNOWN);
    check_fault("1e", KITH_UNIT_UNKNOWN);
    check_fault("1 2", KITH_UNIT_UNKNOWN);
    check_fault("1.2.3", KITH_UNIT_UNKNOWN);
    check_fault("1e999", KITH_UNIT_TOO_LARGE);
    check_fault("1e99999999999999999999", KITH_UNIT_TOO_LARGE);
    check_fault("-1e400 /year", KITH_UNIT_TOO_LARGE);
    char digits[300];
    memset(digits, '1', sizeof digits);
    digits[299] = '\0';
    check_fault(digits, KITH_UNIT_NO_NUMBER);
}

static void times(void **state)
{
    (void)state;
    check("1 year", KITH_UNIT_TIME, 1.0);
    check("2.5 years", KITH_UNIT_TIME, 2.5);
    check("2y", KITH_UNIT_TIME, 2.0);
    check("3 months", KITH_UNIT_TIME, 0.25);
    check("1 month", KITH_UNIT_TIME, 1.0 / 12.0);
    check("6 weeks", KITH_UNIT_TIME, 42.0 / 365.25);
    check("1 week", KITH_UNIT_TIME, 7.0 / 365.25);
    check("10 days", KITH_UNIT_TIME, 10.0 / 365.25);
    check("1day", KITH_UNIT_TIME, 1.0 / 365.25);
    check_fault("1 decade", KITH_UNIT_UNKNOWN);
    check_fault("1 m", KITH_UNIT_UNKNOWN);
    check_fault("1 Year", KITH_UNIT_UNKNOWN);
    check_fault("GBP 1 year", KITH_UNIT_UNKNOWN);
}

static void rates(void **state)
{
    (void)state;
    check("0.25 /year", KITH_UNIT_RATE, 0.25);
    check("0.25/year", KITH_UNIT_RATE, 0.25);
    check("0.25 / year", KITH_UNIT_RATE, 0.25);
    check("2 per year", KITH_UNIT_RATE, 2.0);
    check("3 /month", KITH_UNIT_RATE, 36.0);
    check("1 per week", KITH_UNIT_RATE, 365.25 / 7.0);
    check("1 /day", KITH_UNIT_RATE, 365.25);
    check_fault("1 /", KITH_UNIT_UNKNOWN);
    check_fault("1 per", KITH_UNIT_UNKNOWN);
    check_fault("1 peryear", KITH_UNIT_UNKNOWN);
    check_fault("1 /hour", KITH_UNIT_UNKNOWN);
    check_fault("1 /year/year", KITH_UNIT_UNKNOWN);
}

static void money(void **state)
{
    (void)state;
    check("GBP 700", KITH_UNIT_MONEY, 70000.0);
    check("700 GBP", KITH_UNIT_MONEY, 70000.0);
    check("GBP700", KITH_UNIT_MONEY, 70000.0);
    struct kith_quantity q;
    assert_int_equal(kith_unit_parse("GBP 19.99", &q), KITH_UNIT_FINE);
    assert_true(q.value == 1999.0); /* exactly: 19.99 * 100 is not */
    check("GBP 6102/week", KITH_UNIT_MONEY_RATE, 610200.0 * 365.25 / 7.0);
    check("6102 GBP per week", KITH_UNIT_MONEY_RATE, 610200.0 * 365.25 / 7.0);
    check("6102 GBP/week", KITH_UNIT_MONEY_RATE, 610200.0 * 365.25 / 7.0);
    check("GBP 40 per day", KITH_UNIT_MONEY_RATE, 4000.0 * 365.25);
    check_fault("GBP 5 GBP", KITH_UNIT_UNKNOWN);
    check_fault("5 EUR", KITH_UNIT_UNKNOWN);
    check_fault("GBP 5%", KITH_UNIT_UNKNOWN);
}

static void dates(void **state)
{
    (void)state;
    char out[32];
    check("2023-04-01", KITH_UNIT_DATE, 2023.25);
    check("2000-02-29", KITH_UNIT_DATE, 2000.0 + 1.0 / 12.0 + 28.0 / 365.25);
    check_fault("2023-02-29", KITH_UNIT_NO_DATE);
    check_fault("1900-02-29", KITH_UNIT_NO_DATE);
    check_fault("2023-13-01", KITH_UNIT_NO_DATE);
    check_fault("2023-00-01", KITH_UNIT_NO_DATE);
    check_fault("2023-04-31", KITH_UNIT_NO_DATE);
    check_fault("2023-04-00", KITH_UNIT_NO_DATE);
    check_fault("0000-01-01", KITH_UNIT_NO_DATE);
    check_fault("2023-4-1", KITH_UNIT_UNKNOWN);
    /* Every date comes back, and differences of whole months are whole. */
    for (int year = 1890; year < 2110; year += 7)
        for (int month = 1; month <= 12; month++)
            for (int day = 1; day <= 28; day++) {
                char text[48];
                struct kith_quantity q;
                snprintf(text, sizeof text, "%04d-%02d-%02d", year, month, day);
                assert_int_equal(kith_unit_parse(text, &q), KITH_UNIT_FINE);
                assert_string_equal(kith_unit_format(q.value, KITH_UNIT_DATE, out, sizeof out), text);
            }
    struct kith_quantity a, b;
    assert_int_equal(kith_unit_parse("1998-06-15", &a), KITH_UNIT_FINE);
    assert_int_equal(kith_unit_parse("2023-06-15", &b), KITH_UNIT_FINE);
    assert_true(kith_unit_years_between(a.value, b.value) == 25.0);
}

static void whole_numbers(void **state)
{
    (void)state;
    int64_t v;
    assert_true(kith_unit_whole("9223372036854775807", &v));
    assert_true(v == INT64_MAX);
    assert_true(kith_unit_whole("-12", &v));
    assert_true(v == -12);
    assert_true(kith_unit_whole("1_000", &v));
    assert_true(v == 1000);
    static const char *const none[] = {"9223372036854775808",
                                       "99999999999999999999999",
                                       "",
                                       "-",
                                       "1.0",
                                       "1e3",
                                       "1_",
                                       "_1",
                                       "1__0",
                                       " 1",
                                       "1 "};
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++)
        assert_false(kith_unit_whole(none[i], &v));
}

static void formats(void **state)
{
    (void)state;
    char out[64];
    assert_string_equal(kith_unit_format(0.1, KITH_UNIT_NONE, out, 64), "0.1");
    assert_string_equal(kith_unit_format(1e10, KITH_UNIT_NONE, out, 64), "10000000000");
    assert_string_equal(kith_unit_format(0.5, KITH_UNIT_TIME, out, 64), "0.5 years");
    assert_string_equal(kith_unit_format(0.25, KITH_UNIT_RATE, out, 64), "0.25 /year");
    assert_string_equal(kith_unit_format(1999, KITH_UNIT_MONEY, out, 64), "GBP 19.99");
    assert_string_equal(kith_unit_format(1999, KITH_UNIT_MONEY_RATE, out, 64), "GBP 19.99 /year");
}

/* A decimal comma in the environment changes nothing. (Passes idly where no such locale is installed.) */
static void locales(void **state)
{
    static const char *const commas[] = {"de_DE.UTF-8", "fr_FR.UTF-8", "de_DE", "fr_FR"};
    for (size_t i = 0; i < sizeof commas / sizeof commas[0]; i++)
        if (setlocale(LC_NUMERIC, commas[i]))
            break;
    bare_numbers(state);
    rates(state);
    setlocale(LC_NUMERIC, "C");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bare_numbers),  cmocka_unit_test(no_numbers), cmocka_unit_test(times),
        cmocka_unit_test(rates),         cmocka_unit_test(money),      cmocka_unit_test(dates),
        cmocka_unit_test(whole_numbers), cmocka_unit_test(formats),    cmocka_unit_test(locales),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
