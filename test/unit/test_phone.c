/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every way of writing a number is one number; what is not a number is refused.
 */
#include "unit.h"

#include "twofa/phone.h"

static const struct {
	const char *text;
	const char *digits; /* NULL: refused */
} forms[] = {
    {"41793026727", "41793026727"},
    {"+41793026727", "41793026727"},
    {"+41 79 302-67 27", "41793026727"},
    {"+41 (79) 302.67.27", "41793026727"},
    {"(+41) 79/302 67 27", "41793026727"},
    {"  41793026727  ", "41793026727"},
    {" +41793026727", "41793026727"},
    {"+ 41793026727", "41793026727"},
    {"2104", "2104"},
    {"210456789012345", "210456789012345"},
    {"+2-1-0-4-5-6-7-8-9-0-1-2-3-4-5", "210456789012345"},
    {"4930123456789012", NULL},
    {"+49 (0) 3012345678901", "493012345678901"},
    {"", NULL},
    {"+", NULL},
    {"()-./ ", NULL},
    {"123", NULL},
    {"2104567890123456", NULL},
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
    {"41793026727\n", "41793026727"},
    {"\t41793026727", "41793026727"},
    {"4179\t3026727", "41793026727"},
    {"\xd9\xa4\xd9\xa1\xd9\xa7\xd9\xa9", NULL},
    {"\xd9\xa2\xd9\xa1\xd9\xa0\xd9\xa9", "2109"},
    {"41\xc2\xa0"
     "793026727",
	"41793026727"},
    /* the plan of the country */
    {"1234", NULL},
    {"123456789012345", NULL},
    {"+41 (0)79 302 67 27", "41793026727"},
    {"410793026727", "41793026727"},
    {"+41 (0)0 79 302 67 27", "41793026727"},
    {"+41 0079 302 67 27", NULL},
    {"+39 (0)6 69812345", "390669812345"},
    {"+36 (06) 201234567", "36201234567"},
    {"+7 (8) 8001234567", "78001234567"},
    {"+7 88001234567", "78001234567"},
    {"+7 (88)00123456", "78800123456"},
    {"+41 79 3026 (0)727", NULL},
    {"+41 (0)", NULL},
    {"+41 (0)79 302 67 2", NULL},
    {"+41 79 302 67 27 (0)", NULL},
    {")4179(302))67[27", "41793026727"},
};

static void
test_one_form(void **state)
{
	(void)state;
	for (size_t i = 0; i < countof(forms); i++) {
		char out[PHONE_DIGITS_MAX + 1];
		enum err e = phone_canonical(span_of(forms[i].text), out);

		check_case(i, e == (forms[i].digits == NULL ? ERR_INVALID : OK));
		if (e == OK)
			check_case(i, strcmp(out, forms[i].digits) == 0);
	}
}

static void
test_only_the_span(void **state)
{
	char out[PHONE_DIGITS_MAX + 1];

	(void)state;
	assert_int_equal(phone_canonical((struct span){"2101302", 5}, out), OK);
	assert_string_equal(out, "21013");
	assert_int_equal(phone_canonical(SPAN("4179\0302"), out), ERR_INVALID);
	assert_int_equal(phone_canonical(SPAN("41793026727\0"), out), ERR_INVALID);
	assert_int_equal(phone_canonical((struct span){NULL, 0}, out), ERR_INVALID);
}

/* Whatever was typed: what came out stays as it is. */
static void
test_canonical_again(void **state)
{
	static const char marks[] = "0123456789000118() +-.";
	struct dice dice = {22};
	unsigned taken = 0;

	(void)state;
	for (size_t round = 0; round < 300000; round++) {
		char text[20];
		char once[PHONE_DIGITS_MAX + 1];
		char twice[PHONE_DIGITS_MAX + 1];
		size_t len = (size_t)dice_between(&dice, 8, sizeof(text) - 1);

		for (size_t i = 0; i < len; i++)
			text[i] = marks[dice_between(&dice, 0, sizeof(marks) - 2)];
		text[len] = '\0';
		if (phone_canonical(span_of(text), once) != OK)
			continue;
		check_case(round, phone_canonical(span_of(once), twice) == OK);
		check_case(round, strcmp(once, twice) == 0);
		taken++;
	}
	assert_true(taken > 10000);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_one_form),
	    cmocka_unit_test(test_only_the_span),
	    cmocka_unit_test(test_canonical_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
