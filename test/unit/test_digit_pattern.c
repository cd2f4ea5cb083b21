/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "twofa/digit_pattern.h"

static const struct {
	const char *pattern;
	const char *digits;
	bool matches;
} cases[] = {
    {"79", "79", true},
    {"79", "7", false},
    {"79", "790", false},
    {"", "", true},
    {"", "1", false},
    {"7d", "75", true},
    {"7[2-46]", "73", true},
    {"7[2-46]", "76", true},
    {"7[2-46]", "75", false},
    {"7[2-46]", "71", false},
    {"[09]", "0", true},
    {"[09]", "5", false},
    {"7d{3}", "7123", true},
    {"7d{3}", "712", false},
    {"7d{3}", "71234", false},
    {"7d{2,4}", "712", true},
    {"7d{2,4}", "71234", true},
    {"7d{2,4}", "71", false},
    {"7d{2,4}", "712345", false},
    {"7d?8", "78", true},
    {"7d?8", "718", true},
    {"7d?8", "7118", false},
    {"1|23", "1", true},
    {"1|23", "23", true},
    {"1|23", "13", false},
    {"1(2|34)5", "125", true},
    {"1(2|34)5", "1345", true},
    {"1(2|34)5", "1235", false},
    {"1(2|(3|4)5)?6", "16", true},
    {"1(2|(3|4)5)?6", "1456", true},
    {"1(2|(3|4)5)?6", "146", false},
    {"(12|1)(2|3)", "123", true},
    {"(12|1)(2|3)", "12", true},
    {"(12){2,3}", "1212", true},
    {"(12){2,3}", "121212", true},
    {"(12){2,3}", "12121", false},
    {"(d?){31}", "1234567890123456789012345678901", true},
    {"d{31}", "12345678901234567890123456789012", false},
    {"d{3}", "12x", false},
    /* no pattern of ours */
    {"7[2-", "72", false},
    {"7[", "7", false},
    {"7(8", "78", false},
    {"78)", "78", false},
    {"7{", "7", false},
    {"7{2", "77", false},
    {"7{2,1}", "77", false},
    {"7**", "7", false},
    {"{2}", "7", false},
};

static void
test_a_pattern_takes_its_digits_alone(void **state)
{
	(void)state;
	for (size_t i = 0; i < countof(cases); i++)
		check_case(i, digit_pattern_matches(cases[i].pattern,
				  span_of(cases[i].digits)) == cases[i].matches);
}

static void
test_every_end_is_told(void **state)
{
	(void)state;
	assert_int_equal(digit_pattern_ends("1d{0,2}", span_of("1234")), 0xe);
	assert_int_equal(digit_pattern_ends("1|123", span_of("1234")), 0xa);
	assert_int_equal(digit_pattern_ends("2", span_of("1234")), 0);
}

/* Backtracking would try each of 2^31 ways before it says no. */
static void
test_no_pattern_is_tried_again(void **state)
{
	(void)state;
	assert_false(digit_pattern_matches(
	    "(d|d){30}x", span_of("1111111111111111111111111111111")));
	assert_false(digit_pattern_matches(
	    "(d|d){30}2", span_of("1111111111111111111111111111111")));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_a_pattern_takes_its_digits_alone),
	    cmocka_unit_test(test_every_end_is_told),
	    cmocka_unit_test(test_no_pattern_is_tried_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
