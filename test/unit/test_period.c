/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The grammars of durations and rates: what they mean, what they refuse and with
 * which error, and the texts made from numbers.
 */
#include "unit.h"

#include "twofa/period.h"

#define YEAR PERIOD_MS_YEAR
#define DAY PERIOD_MS_DAY

static void
test_durations(void **state)
{
	static const struct {
		const char *text;
		int64_t ms_max;
		enum err err;
		int64_t ms;
	} cases[] = {
	    {"15m", YEAR, OK, 15 * PERIOD_MS_MINUTE},
	    {"2h", YEAR, OK, 2 * PERIOD_MS_HOUR},
	    {"d", YEAR, OK, DAY},
	    {"ms", YEAR, OK, 1},
	    {"s", YEAR, OK, PERIOD_MS_SECOND},
	    {"m", YEAR, OK, PERIOD_MS_MINUTE},
	    {"h", YEAR, OK, PERIOD_MS_HOUR},
	    {"250ms", YEAR, OK, 250},
	    {"007s", YEAR, OK, 7 * PERIOD_MS_SECOND},
	    {"365d", YEAR, OK, YEAR},
	    {"31536000000ms", YEAR, OK, YEAR},
	    {"24h", DAY, OK, DAY},
	    {"00000000000000000000000000000000000001m", YEAR, OK, PERIOD_MS_MINUTE},
	    {"366d", YEAR, ERR_INVALID, 0},
	    {"31536000001ms", YEAR, ERR_INVALID, 0},
	    {"25h", DAY, ERR_INVALID, 0},
	    {"d", DAY - 1, ERR_INVALID, 0},
	    {"0m", YEAR, ERR_INVALID, 0},
	    {"00ms", YEAR, ERR_INVALID, 0},
	    {"999999999999999999d", YEAR, ERR_INVALID, 0},
	    {"9223372036854775808ms", YEAR, ERR_INVALID, 0},
	    {"18446744073709551617ms", YEAR, ERR_INVALID, 0},
	    {"99999999999999999999999999999999999999m", YEAR, ERR_INVALID, 0},
	    {"", YEAR, ERR_SYNTAX, 0},
	    {"15", YEAR, ERR_SYNTAX, 0},
	    {"99999999999999999999", YEAR, ERR_SYNTAX, 0},
	    {"99999999999999999999x", YEAR, ERR_SYNTAX, 0},
	    {"15M", YEAR, ERR_SYNTAX, 0},
	    {"15min", YEAR, ERR_SYNTAX, 0},
	    {"15 m", YEAR, ERR_SYNTAX, 0},
	    {" 15m", YEAR, ERR_SYNTAX, 0},
	    {"15m ", YEAR, ERR_SYNTAX, 0},
	    {"-15m", YEAR, ERR_SYNTAX, 0},
	    {"+15m", YEAR, ERR_SYNTAX, 0},
	    {"1.5h", YEAR, ERR_SYNTAX, 0},
	    {"1h30m", YEAR, ERR_SYNTAX, 0},
	    {"0x1m", YEAR, ERR_SYNTAX, 0},
	    {"1w", YEAR, ERR_SYNTAX, 0},
	    {"\xd9\xa1m", YEAR, ERR_SYNTAX, 0},
	    {"000000000000000000000000000000000000001m", YEAR, ERR_SYNTAX, 0},
	};

	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		struct duration d;

		check_case(i, period_parse_duration(span_of(cases[i].text),
				  cases[i].ms_max, &d) == cases[i].err);
		if (cases[i].err != OK)
			continue;
		check_case(i, d.ms == cases[i].ms);
		check_case(i, strcmp(d.text, cases[i].text) == 0);
	}
}

static void
test_rates(void **state)
{
	static const struct {
		const char *text;
		int64_t ms_max;
		enum err err;
		int64_t count;
		int64_t ms;
	} cases[] = {
	    {"3/1d", YEAR, OK, 3, DAY},
	    {"100/h", YEAR, OK, 100, PERIOD_MS_HOUR},
	    {"1/3s", DAY, OK, 1, 3 * PERIOD_MS_SECOND},
	    {"10000/1d", YEAR, OK, 10000, DAY},
	    {"1000000000/365d", YEAR, OK, RATE_COUNT_MAX, YEAR},
	    {"01/001ms", YEAR, OK, 1, 1},
	    {"00000000000000000000000000000000003/1d", YEAR, OK, 3, DAY},
	    {"1000000001/1d", YEAR, ERR_INVALID, 0, 0},
	    {"99999999999999999999/1d", YEAR, ERR_INVALID, 0, 0},
	    {"0/1d", YEAR, ERR_INVALID, 0, 0},
	    {"3/0d", YEAR, ERR_INVALID, 0, 0},
	    {"3/366d", YEAR, ERR_INVALID, 0, 0},
	    {"3/25h", DAY, ERR_INVALID, 0, 0},
	    {"", YEAR, ERR_SYNTAX, 0, 0},
	    {"/1d", YEAR, ERR_SYNTAX, 0, 0},
	    {"3", YEAR, ERR_SYNTAX, 0, 0},
	    {"3/", YEAR, ERR_SYNTAX, 0, 0},
	    {"3/1", YEAR, ERR_SYNTAX, 0, 0},
	    {"3/1D", YEAR, ERR_SYNTAX, 0, 0},
	    {"0/1x", YEAR, ERR_SYNTAX, 0, 0},
	    {"99999999999999999999/1x", YEAR, ERR_SYNTAX, 0, 0},
	    {"3/1d/2", YEAR, ERR_SYNTAX, 0, 0},
	    {"3 / 1d", YEAR, ERR_SYNTAX, 0, 0},
	    {"-3/1d", YEAR, ERR_SYNTAX, 0, 0},
	    {"3//1d", YEAR, ERR_SYNTAX, 0, 0},
	    {"3d", YEAR, ERR_SYNTAX, 0, 0},
	    {"0000000000000000000000000000000000003/1d", YEAR, ERR_SYNTAX, 0, 0},
	};

	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		struct rate r;

		check_case(i, period_parse_rate(span_of(cases[i].text), cases[i].ms_max,
				  &r) == cases[i].err);
		if (cases[i].err != OK)
			continue;
		check_case(i, r.count == cases[i].count && r.period_ms == cases[i].ms);
		check_case(i, strcmp(r.text, cases[i].text) == 0);
	}
}

static void
test_an_octet_zero_is_not_an_end(void **state)
{
	struct duration d;
	struct rate r;

	(void)state;
	assert_int_equal(period_parse_duration(SPAN("1d\0"), YEAR, &d), ERR_SYNTAX);
	assert_int_equal(
	    period_parse_duration((struct span){NULL, 0}, YEAR, &d), ERR_SYNTAX);
	assert_int_equal(period_parse_rate(SPAN("1/1d\0"), YEAR, &r), ERR_SYNTAX);
	/* Only as much as the span has. */
	assert_int_equal(period_parse_duration((struct span){"1ms", 2}, YEAR, &d), OK);
	assert_true(d.ms == PERIOD_MS_MINUTE);
}

static void
test_duration_from_numbers(void **state)
{
	static const struct {
		int64_t ms;
		const char *text; /* NULL: refused */
	} cases[] = {{900000, "15m"}, {1, "1ms"}, {1001, "1001ms"}, {90000, "90s"},
	    {PERIOD_MS_HOUR, "1h"}, {DAY, "1d"}, {DAY + PERIOD_MS_HOUR, "25h"},
	    {YEAR, "365d"}, {0, NULL}, {-1, NULL}, {YEAR + 1, NULL}, {INT64_MAX, NULL},
	    {INT64_MIN, NULL}};

	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		struct duration d;
		struct duration back;
		enum err e = period_duration_from_ms(cases[i].ms, YEAR, &d);

		check_case(i, e == (cases[i].text == NULL ? ERR_INVALID : OK));
		if (e != OK)
			continue;
		check_case(i, d.ms == cases[i].ms && strcmp(d.text, cases[i].text) == 0);
		check_case(i, period_parse_duration(span_of(d.text), YEAR, &back) == OK);
		check_case(i, back.ms == d.ms);
	}
}

static void
test_rate_from_numbers(void **state)
{
	static const struct {
		int64_t count;
		int64_t ms;
		const char *text;
	} cases[] = {{3, DAY, "3/1d"}, {1, 3000, "1/3s"},
	    {RATE_COUNT_MAX, YEAR, "1000000000/365d"},
	    {RATE_COUNT_MAX, YEAR - 1, "1000000000/31535999999ms"}, {0, DAY, NULL},
	    {-1, DAY, NULL}, {RATE_COUNT_MAX + 1, DAY, NULL}, {1, 0, NULL}, {1, -1, NULL},
	    {1, YEAR + 1, NULL}, {INT64_MAX, INT64_MAX, NULL}};

	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		struct rate r;
		struct rate back;
		enum err e =
		    period_rate_from_numbers(cases[i].count, cases[i].ms, YEAR, &r);

		check_case(i, e == (cases[i].text == NULL ? ERR_INVALID : OK));
		if (e != OK)
			continue;
		check_case(i, strcmp(r.text, cases[i].text) == 0);
		check_case(i, period_parse_rate(span_of(r.text), YEAR, &back) == OK);
		check_case(
		    i, back.count == cases[i].count && back.period_ms == cases[i].ms);
	}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_durations),
	    cmocka_unit_test(test_rates),
	    cmocka_unit_test(test_an_octet_zero_is_not_an_end),
	    cmocka_unit_test(test_duration_from_numbers),
	    cmocka_unit_test(test_rate_from_numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
