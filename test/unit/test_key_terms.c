/* SPDX-License-Identifier: Apache-2.0 */
/* Where, when and for what a key is valid. */
#include "twofa/key_terms.h"

#include <stdio.h>
#include <stdlib.h>

#include "twofa/scope.h"
#include "unit.h"

static void
test_dates_are_read(void **state)
{
	static const struct {
		const char *text;
		int64_t ms; /* -1: none */
	} cases[] = {
	    {"1970-01-01T00:00:01", 1000},
	    {"2023-09-01T10:00:00", 1693562400000},
	    {"2026-08-08T06:04:54.988+0000", 1786169094988},
	    {"2026-08-08T06:04:54.988+00:00", 1786169094988},
	    {"2026-08-08T08:04:54.988+02", 1786169094988},
	    {"2026-08-08T00:34:54.9887-05:30", 1786169094988},
	    {"2026-08-08T06:04:54.9Z", 1786169094900},
	    {"2000-02-29T00:00:00Z", 951782400000},
	    {"2100-02-28T23:59:59", 4107542399000},
	    {"9999-12-31T23:59:59.999Z", 253402300799999},
	    {"9999-12-31T23:59:59-01:00", -1},
	    {"2100-02-29T00:00:00", -1},
	    {"2023-02-30T00:00:00", -1},
	    {"2023-13-01T00:00:00", -1},
	    {"2023-00-01T00:00:00", -1},
	    {"2023-01-00T00:00:00", -1},
	    {"2023-01-01T24:00:00", -1},
	    {"2023-01-01T00:60:00", -1},
	    {"2023-01-01T00:00:60", -1},
	    {"2023-01-01", -1},
	    {"2023-01-01 00:00:00", -1},
	    {"2023-1-1T00:00:00", -1},
	    {"2023-01-01T00:00:00+24:00", -1},
	    {"2023-01-01T00:00:00+0", -1},
	    {"2023-01-01T00:00:00Zx", -1},
	    {"2023-01-01T00:00:00 ", -1},
	    {"1969-12-31T23:59:59", -1},
	    {"1693562400000", -1},
	    {"", -1},
	    {"2023-09-01T10:00:00.00000000000000000000000000000000000000000000000000",
		-1},
	};

	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		int64_t ms = -1;

		check_case(i, key_terms_time_parse(span_of(cases[i].text), &ms) ==
				  (cases[i].ms >= 0));
		check_case(i, cases[i].ms < 0 || ms == cases[i].ms);
	}
}

static void
test_dates_come_back_as_they_went(void **state)
{
	struct dice d = {7};
	char text[KEY_TIME_TEXT_LEN];

	(void)state;
	for (size_t i = 0; i < 20000; i++) {
		int64_t ms = dice_between(&d, 1, INT64_C(253402300799999));
		int64_t back = 0;

		key_terms_time_format(ms, 1, text);
		check_case(i, key_terms_time_parse(span_of(text), &back) && back == ms);
		key_terms_time_format(ms, 2, text);
		check_case(i, ms < 1000 || (key_terms_time_parse(span_of(text), &back) &&
					       back == ms / 1000 * 1000));
	}
}

static void
test_permissions_have_the_names_of_their_generation(void **state)
{
	(void)state;
	assert_int_equal(key_terms_permission_find("ALL", 1), PERMISSION_ALL);
	assert_int_equal(key_terms_permission_find("PUBLIC_API", 2), PERMISSION_ALL);
	assert_int_equal(key_terms_permission_find("TFA", 1), PERMISSION_TFA);
	assert_int_equal(key_terms_permission_find("2FA_CLIENT", 2), PERMISSION_TFA);
	assert_int_equal(key_terms_permission_find("WEB_SDK", 2), PERMISSION_WEB_SDK);
	assert_int_equal(key_terms_permission_find("WEB_SDK", 1), 0);
	assert_int_equal(key_terms_permission_find("ALL", 2), 0);
	assert_int_equal(key_terms_permission_find("", 1), 0);
	for (unsigned i = 0; i < PERMISSION_COUNT; i++)
		assert_true(key_terms_permission_name(i, 1) != NULL ||
			    key_terms_permission_name(i, 2) != NULL);
	assert_null(key_terms_permission_name(PERMISSION_COUNT, 1));
}

static void
test_what_a_key_may_do(void **state)
{
	enum { PINS = SCOPE_PIN_SEND | SCOPE_PIN_MANAGE };
	static const struct {
		unsigned permissions;
		unsigned scopes;
		unsigned may;
	} cases[] = {
	    {PERMISSION_ALL, SCOPE_MANAGE, SCOPE_MANAGE},
	    {PERMISSION_ALL, SCOPE_ALL, SCOPE_ALL & ~(unsigned)SCOPE_ACCOUNT},
	    {PERMISSION_ALL, SCOPE_ACCOUNT, 0},
	    {PERMISSION_TFA, SCOPE_MANAGE, PINS},
	    {PERMISSION_TFA, SCOPE_ALL, PINS},
	    {PERMISSION_TFA, SCOPE_PIN_SEND, SCOPE_PIN_SEND},
	    {PERMISSION_TFA, SCOPE_SDK, 0},
	    {PERMISSION_TFA | PERMISSION_ALL, SCOPE_MANAGE, SCOPE_MANAGE},
	    {PERMISSION_WEB_SDK, SCOPE_ALL, 0},
	    {PERMISSION_WEB_SDK | PERMISSION_TFA, SCOPE_ALL, PINS},
	    {0, SCOPE_ALL, 0},
	};

	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		struct key_terms t = {
		    .permissions = cases[i].permissions, .scopes = cases[i].scopes};

		check_case(i, key_terms_scopes(&t) == cases[i].may);
	}
}

static void
test_a_key_is_in_force_from_its_first_to_before_its_last_moment(void **state)
{
	struct key_terms t = {.enabled = true, .valid_from_ms = 100, .valid_to_ms = 200};

	(void)state;
	assert_false(key_terms_in_force(&t, 99));
	assert_true(key_terms_in_force(&t, 100));
	assert_true(key_terms_in_force(&t, 199));
	assert_false(key_terms_in_force(&t, 200));
	t.valid_to_ms = 0;
	assert_true(key_terms_in_force(&t, INT64_MAX));
	t.enabled = false;
	assert_false(key_terms_in_force(&t, 150));
}

static void
test_an_address_that_cannot_be_read_lets_nobody_in(void **state)
{
	struct key_terms t = {.allowed = "10.0.0.0/8 nonsense ::1"};
	struct address_net nets[KEY_NETS_MAX];
	struct address a;

	(void)state;
	assert_int_equal(key_terms_nets(&t, nets), 3);
	assert_true(address_parse(SPAN("10.1.2.3"), &a));
	assert_true(address_net_contains(&nets[0], &a));
	assert_false(address_net_contains(&nets[1], &a));
	assert_false(address_net_contains(&nets[2], &a));
	t.allowed = "";
	assert_int_equal(key_terms_nets(&t, nets), 0);
}

static void
test_a_change_changes_what_it_names_and_no_more(void **state)
{
	struct arena arena;
	struct fail fail;
	struct key_terms t = {.enabled = true,
	    .valid_from_ms = 5,
	    .permissions = PERMISSION_TFA,
	    .scopes = SCOPE_PIN_SEND,
	    .allowed = "::1"};
	struct key_terms before = t;
	struct key_change nothing = {0};
	struct key_change off = {.enabled = {true, false}};

	(void)state;
	arena_init(&arena);
	fail_init(&fail, &arena);
	assert_int_equal(key_terms_apply(&t, &nothing, 2, SCOPE_ALL, &fail), OK);
	assert_memory_equal(&t, &before, sizeof(t));
	assert_int_equal(key_terms_apply(&t, &off, 1, SCOPE_ALL, &fail), OK);
	assert_false(t.enabled);
	t.enabled = true;
	assert_memory_equal(&t, &before, sizeof(t));
	arena_fini(&arena);
}

static const struct key_terms narrow = {.enabled = true,
    .valid_from_ms = 500000,
    .valid_to_ms = 900000,
    .permissions = PERMISSION_TFA,
    .allowed = "10.0.0.0/8 2001:db8::/32"};

static struct key_terms
with_allowed(const char *allowed)
{
	struct key_terms t = narrow;

	t.allowed = allowed;
	return t;
}

static struct key_terms
with_times(int64_t from_ms, int64_t to_ms)
{
	struct key_terms t = narrow;

	t.valid_from_ms = from_ms;
	t.valid_to_ms = to_ms;
	return t;
}

static struct key_terms
with_permissions(unsigned permissions, bool enabled)
{
	struct key_terms t = narrow;

	t.permissions = permissions;
	t.enabled = enabled;
	return t;
}

static void
test_what_makes_more_of_a_key(void **state)
{
	const struct {
		struct key_terms is;
		bool wider;
	} cases[] = {
	    {narrow, false},
	    {with_allowed(""), true},
	    {with_allowed("10.0.0.0/7"), true},
	    {with_allowed("10.1.0.0/16 11.0.0.1"), true},
	    {with_allowed("::/0"), true},
	    {with_allowed("2001:db8::1 10.9.9.9"), false},
	    {with_allowed("10.0.0.0/8"), false},
	    {with_times(500000, 0), true},
	    {with_times(500000, 900001), true},
	    {with_times(500000, 899999), false},
	    {with_times(499999, 900000), true},
	    {with_times(0, 900000), true},
	    {with_times(500001, 900000), false},
	    {with_permissions(PERMISSION_TFA, false), false},
	    {with_permissions(0, true), false},
	    {with_permissions(PERMISSION_ALL, true), true},
	    {with_permissions(PERMISSION_TFA | PERMISSION_WEB_SDK, true), true},
	    {with_permissions(PERMISSION_ALL, false), true},
	};

	(void)state;
	for (size_t i = 0; i < countof(cases); i++)
		check_case(i,
		    key_terms_widened(&narrow, &cases[i].is, 100000) == cases[i].wider);
}

/* The other way around: from what has no bounds, or is over, to something. */
static void
test_bounds_that_are_new_or_gone_by(void **state)
{
	const struct key_terms open = {
	    .enabled = true, .permissions = PERMISSION_ALL, .allowed = ""};
	const struct key_terms off = with_permissions(PERMISSION_TFA, false);
	const struct key_terms begun = with_times(0, 900000);
	const struct key_terms no_part_of_a_second = with_times(500988, 900000);

	(void)state;
	assert_false(key_terms_widened(&open, &narrow, 100000));
	assert_true(key_terms_widened(&narrow, &open, 100000));
	assert_true(key_terms_widened(&off, &narrow, 100000));
	assert_false(key_terms_widened(&narrow, &begun, 500001));
	assert_false(key_terms_widened(&no_part_of_a_second, &narrow, 100000));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_dates_are_read),
	    cmocka_unit_test(test_dates_come_back_as_they_went),
	    cmocka_unit_test(test_permissions_have_the_names_of_their_generation),
	    cmocka_unit_test(test_what_a_key_may_do),
	    cmocka_unit_test(
		test_a_key_is_in_force_from_its_first_to_before_its_last_moment),
	    cmocka_unit_test(test_an_address_that_cannot_be_read_lets_nobody_in),
	    cmocka_unit_test(test_a_change_changes_what_it_names_and_no_more),
	    cmocka_unit_test(test_what_makes_more_of_a_key),
	    cmocka_unit_test(test_bounds_that_are_new_or_gone_by),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
