/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "lookup/enum_rule.h"

static void
test_a_number_is_its_digits_backwards(void **state)
{
	char name[ENUM_NAME_MAX + 1];

	(void)state;
	assert_int_equal(enum_rule_name("41793026727", "e164.arpa", name), OK);
	assert_string_equal(name, "7.2.7.6.2.0.3.9.7.1.4.e164.arpa");
}

static void
test_a_name_that_dns_cannot_hold_is_refused(void **state)
{
	char suffix[241];
	char name[ENUM_NAME_MAX + 1];

	(void)state;
	memset(suffix, 'a', 240);
	suffix[231] = '\0';
	assert_int_equal(enum_rule_name("41793026727", suffix, name), OK);
	assert_int_equal(strlen(name), ENUM_NAME_MAX);
	suffix[231] = 'a';
	suffix[232] = '\0';
	assert_int_equal(enum_rule_name("41793026727", suffix, name), ERR_INVALID);
}

static void
test_services(void **state)
{
	static const struct {
		const char *flags;
		const char *services;
		bool counts;
		enum lookup_status status;
	} cases[] = {
	    {"u", "E2U+pstn:tel", true, LOOKUP_REACHABLE},
	    {"U", "e2u+SIP", true, LOOKUP_REACHABLE},
	    {"u", "E2U+unused:data", true, LOOKUP_NOT_REACHABLE},
	    {"u", "E2U+email:mailto+sms:tel", true, LOOKUP_REACHABLE},
	    {"u", "E2U+email:mailto", false, LOOKUP_UNKNOWN},
	    {"u", "E2U+unusedx", false, LOOKUP_UNKNOWN},
	    {"u", "E2U", false, LOOKUP_UNKNOWN},
	    {"u", "", false, LOOKUP_UNKNOWN},
	    {"u", "+", false, LOOKUP_UNKNOWN},
	    {"u", "sip+E2U", false, LOOKUP_UNKNOWN},
	    {"", "E2U+sip", false, LOOKUP_UNKNOWN},
	    {"s", "E2U+sip", false, LOOKUP_UNKNOWN},
	};

	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		struct enum_record r = {
		    .flags = cases[i].flags, .services = cases[i].services};
		enum lookup_status status = LOOKUP_UNKNOWN;

		check_case(i, enum_rule_judge(&r, &status) == cases[i].counts);
		check_case(i, status == cases[i].status);
	}
}

static void
test_order_goes_before_preference(void **state)
{
	struct enum_record a = {.order = 1, .preference = 9};
	struct enum_record b = {.order = 2, .preference = 1};
	struct enum_record c = {.order = 2, .preference = 2};

	(void)state;
	assert_true(enum_rule_before(&a, &b) && enum_rule_before(&b, &c));
	assert_false(enum_rule_before(&b, &a) || enum_rule_before(&c, &b) ||
		     enum_rule_before(&a, &a));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_a_number_is_its_digits_backwards),
	    cmocka_unit_test(test_a_name_that_dns_cannot_hold_is_refused),
	    cmocka_unit_test(test_services),
	    cmocka_unit_test(test_order_goes_before_preference),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
