/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every way of writing a number is one number; what is not a number is refused.
 */
#include "unit.h"

#include "twofa/phone.h"

static void
test_one_form(void **state)
{
	static const struct {
		const char *text;
		const char *digits; /* NULL: refused */
	} cases[] = {
	    {"41793026727", "41793026727"},
	    {"+41793026727", "41793026727"},
	    {"+41 79 302-67 27", "41793026727"},
	    {"+41 (79) 302.67.27", "41793026727"},
	    {"(+41) 79/302 67 27", "41793026727"},
	    {"  41793026727  ", "41793026727"},
	    {" +41793026727", "41793026727"},
	    {"+ 41793026727", "41793026727"},
	    {"1234", "1234"},
	    {"123456789012345", "123456789012345"},
	    {"+1-2-3-4-5-6-7-8-9-0-1-2-3-4-5", "123456789012345"},
	    {"", NULL},
	    {"+", NULL},
	    {"()-./ ", NULL},
	    {"123", NULL},
	    {"1234567890123456", NULL},
	    {"0793026727", NULL},
	    {"+0793026727", NULL},
	    {"0041793026727", NULL},
	    {"++41793026727", NULL},
	    {"+ +41793026727", NULL},
	    {"41+793026727", NULL},
	    {"41793026727+", NULL},
	    {"41793026727x", NULL},
	    {"tel:41793026727", NULL},
	    {"41,793026727", NULL},
	    {"41_793026727", NULL},
	    {"41*793#", NULL},
	    {"41793026727\n", NULL},
	    {"\t41793026727", NULL},
	    {"4179\t3026727", NULL},
	    {"\xd9\xa4\xd9\xa1\xd9\xa7\xd9\xa9", NULL},
	    {"41\xc2\xa0"
	     "793026727",
		NULL},
	};

	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		char out[PHONE_DIGITS_MAX + 1];
		enum err e = phone_canonical(span_of(cases[i].text), out);

		check_case(i, e == (cases[i].digits == NULL ? ERR_INVALID : OK));
		if (e == OK)
			check_case(i, strcmp(out, cases[i].digits) == 0);
	}
}

static void
test_only_the_span(void **state)
{
	char out[PHONE_DIGITS_MAX + 1];

	(void)state;
	assert_int_equal(phone_canonical((struct span){"4179302", 5}, out), OK);
	assert_string_equal(out, "41793");
	assert_int_equal(phone_canonical(SPAN("4179\0302"), out), ERR_INVALID);
	assert_int_equal(phone_canonical(SPAN("41793026727\0"), out), ERR_INVALID);
	assert_int_equal(phone_canonical((struct span){NULL, 0}, out), ERR_INVALID);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_one_form),
	    cmocka_unit_test(test_only_the_span),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
