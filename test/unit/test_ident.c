/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ids: the bytes of a known one, order by time, and what is no id.
 */
#include "unit.h"

#include "base/secret.h"
#include "twofa/ident.h"

static void
fill_ff(const struct entropy *e, void *out, size_t len)
{
	(void)e;
	memset(out, 0xff, len);
}

static const struct entropy all_ones = {fill_ff};

static void
test_known_bytes(void **state)
{
	struct ident id;
	char text[IDENT_TEXT_LEN + 1];

	(void)state;
	ident_make(&id, INT64_C(0x0123456789ab), &all_ones);
	ident_text(&id, text);
	assert_string_equal(text, "0123456789ABFFFFFFFFFFFFFFFFFFFF");
	assert_true(ident_ms(&id) == INT64_C(0x0123456789ab));
	ident_floor(&id, INT64_C(0x0123456789ab));
	ident_text(&id, text);
	assert_string_equal(text, "0123456789AB00000000000000000000");
}

static void
test_the_rest_is_random(void **state)
{
	struct ident a, b;

	(void)state;
	ident_make(&a, 1000, &entropy_system);
	ident_make(&b, 1000, &entropy_system);
	assert_true(ident_ms(&a) == 1000 && ident_ms(&b) == 1000);
	assert_int_not_equal(ident_compare(&a, &b), 0);
}

static void
test_a_time_range_is_an_id_range(void **state)
{
	static const int64_t times[] = {0, 1, 255, 256, 65535, 65536,
	    INT64_C(1795000000000), INT64_C(1795000000001), (INT64_C(1) << 48) - 2};

	(void)state;
	for (size_t i = 0; i < countof(times); i++) {
		struct ident least, id, next;

		ident_floor(&least, times[i]);
		ident_make(&id, times[i], &all_ones);
		ident_floor(&next, times[i] + 1);
		check_case(i, ident_ms(&least) == times[i] && ident_ms(&id) == times[i]);
		check_case(i, ident_compare(&least, &id) < 0);
		check_case(i, ident_compare(&id, &next) < 0);
		check_case(i, ident_compare(&next, &id) > 0);
		check_case(i, ident_compare(&id, &id) == 0);
	}
}

static void
test_floor_before_the_epoch(void **state)
{
	struct ident id, zero = {{0}};

	(void)state;
	ident_floor(&id, -5);
	assert_int_equal(ident_compare(&id, &zero), 0);
}

static void
test_parse_reads_what_text_writes(void **state)
{
	struct dice dice = {1};

	(void)state;
	for (size_t i = 0; i < 1000; i++) {
		struct ident id, back;
		char text[IDENT_TEXT_LEN + 1];

		ident_make(
		    &id, dice_between(&dice, 0, (INT64_C(1) << 48) - 1), &entropy_system);
		ident_text(&id, text);
		check_case(i, strlen(text) == IDENT_TEXT_LEN);
		check_case(i, ident_parse(span_of(text), &back));
		check_case(i, ident_compare(&id, &back) == 0);
	}
}

static void
test_what_is_no_id(void **state)
{
	static const struct span texts[] = {
	    {NULL, 0},
	    {"", 0},
	    {"0123456789ABFFFFFFFFFFFFFFFFFFF", 31},
	    {"0123456789ABFFFFFFFFFFFFFFFFFFFFF", 33},
	    {"0123456789ABFFFFFFFFFFFFFFFFFFFG", 32},
	    {"G123456789ABFFFFFFFFFFFFFFFFFFFF", 32},
	    {"0123456789ABFFFF FFFFFFFFFFFFFFF", 32},
	    {" 123456789ABFFFFFFFFFFFFFFFFFFFF", 32},
	    {"0x23456789ABFFFFFFFFFFFFFFFFFFFF", 32},
	    {"+123456789ABFFFFFFFFFFFFFFFFFFFF", 32},
	    {"0123456789ABFFFFFFFFFFFFFFFFFFF\0", 32},
	    {"01234567-89AB-FFFF-FFFF-FFFFFFFF", 32},
	};
	struct ident id;

	(void)state;
	for (size_t i = 0; i < countof(texts); i++) {
		check_case(i, !ident_parse(texts[i], &id));
		id = ident_parse_or_none(texts[i]);
		check_case(i, ident_is_none(&id));
	}
}

/* Zeros are what people write for an id that there is not: well formed, and unknown. */
static void
test_zeros_are_an_id(void **state)
{
	struct ident id = ident_parse_or_none(SPAN("00000000000000000000000000000000"));
	struct ident zeros = {0};

	(void)state;
	assert_false(ident_is_none(&id));
	assert_int_equal(ident_compare(&id, &zeros), 0);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_known_bytes),
	    cmocka_unit_test(test_the_rest_is_random),
	    cmocka_unit_test(test_a_time_range_is_an_id_range),
	    cmocka_unit_test(test_floor_before_the_epoch),
	    cmocka_unit_test(test_parse_reads_what_text_writes),
	    cmocka_unit_test(test_what_is_no_id),
	    cmocka_unit_test(test_zeros_are_an_id),
	};

	secret_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
