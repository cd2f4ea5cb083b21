/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The log of a destination's verify requests against a plain list of them: exact while
 * it is short, never too few when it is long, the same after it was saved.
 */
#include "unit.h"

#include "twofa/verify_log.h"

enum { ROUNDS = 60, STEPS = 3000, PLENTY = VERIFY_LOG_EXACT };

#define T0 INT64_C(1764000000000)

/* All requests, with nothing forgotten. */
struct plain {
	int64_t at_ms[STEPS];
	bool failed[STEPS];
	size_t len;
};

static int64_t
plain_count(const struct plain *p, int64_t after_ms, bool failed_alone)
{
	int64_t n = 0;

	for (size_t i = 0; i < p->len; i++)
		n += p->at_ms[i] > after_ms && (!failed_alone || p->failed[i]);
	return n;
}

static void
saved_and_loaded(struct verify_log *log, struct arena *a, size_t len_min)
{
	struct span octets = verify_log_save(log, a, len_min);

	assert_true(octets.len >= len_min);
	assert_int_equal(verify_log_load(log, a, octets), OK);
}

static void
check(const struct verify_log *log, const struct plain *p, int64_t after_ms, bool exact)
{
	int64_t requests = plain_count(p, after_ms, false);
	int64_t failures = plain_count(p, after_ms, true);

	assert_true(verify_log_requests(log, after_ms) >= requests);
	assert_true(verify_log_failures(log, after_ms) >= failures);
	if (!exact)
		return;
	assert_int_equal(verify_log_requests(log, after_ms), requests);
	assert_int_equal(verify_log_failures(log, after_ms), failures);
}

static void
one_round(struct dice *dice, size_t steps, bool exact)
{
	struct plain *p = mem_new(sizeof(*p));
	struct verify_log log = {0};
	struct arena a;
	int64_t now_ms = T0;
	int64_t window_ms = dice_between(dice, 1, 100000);

	arena_init(&a);
	for (size_t i = 0; i < steps; i++) {
		now_ms += dice_between(dice, 0, 200);
		p->at_ms[p->len] = now_ms;
		p->failed[p->len++] = dice_next(dice) % 2 == 0;
		verify_log_add(&log, &a, now_ms);
		if (p->failed[p->len - 1])
			verify_log_fail(&log);
		if (dice_next(dice) % 8 == 0)
			saved_and_loaded(&log, &a, (size_t)dice_between(dice, 0, 60));
		if (dice_next(dice) % 16 == 0)
			verify_log_trim(&log, now_ms - window_ms);
		check(&log, p, now_ms - window_ms, exact);
	}
	arena_fini(&a);
	mem_free(p);
}

static void
test_a_short_log_counts_exactly(void **state)
{
	struct dice dice = {1};

	(void)state;
	for (int i = 0; i < ROUNDS; i++)
		one_round(&dice, PLENTY, true);
}

static void
test_a_long_log_never_counts_too_few(void **state)
{
	struct dice dice = {2};

	(void)state;
	for (int i = 0; i < ROUNDS / 6; i++)
		one_round(&dice, STEPS, false);
}

static void
test_the_first_request_takes_eight_octets(void **state)
{
	struct verify_log log = {0};
	struct arena a;

	(void)state;
	arena_init(&a);
	assert_int_equal(verify_log_save(&log, &a, 0).len, 0);
	verify_log_add(&log, &a, T0);
	assert_int_equal(verify_log_save(&log, &a, 0).len, 8);
	assert_int_equal(verify_log_save(&log, &a, 40).len, 40);
	verify_log_add(&log, &a, T0);
	assert_int_equal(log.len, 1);
	assert_int_equal(verify_log_requests(&log, T0 - 1), 2);
	assert_int_equal(verify_log_requests(&log, T0), 0);
	arena_fini(&a);
}

static void
test_a_clock_that_was_set_back_loses_no_request(void **state)
{
	struct verify_log log = {0};
	struct arena a;

	(void)state;
	arena_init(&a);
	verify_log_add(&log, &a, T0);
	verify_log_add(&log, &a, T0 - 500);
	assert_int_equal(verify_log_requests(&log, T0 - 1), 2);
	assert_int_equal(verify_log_last_place(&log, 2), T0);
	assert_int_equal(verify_log_newest(&log), T0);
	arena_fini(&a);
}

static void
test_the_last_place_is_the_one_that_has_to_leave(void **state)
{
	struct verify_log log = {0};
	struct arena a;

	(void)state;
	arena_init(&a);
	for (int i = 0; i < 10; i++)
		verify_log_add(&log, &a, T0 + i);
	verify_log_add(&log, &a, T0 + 9);
	assert_int_equal(verify_log_last_place(&log, 1), T0 + 9);
	assert_int_equal(verify_log_last_place(&log, 2), T0 + 9);
	assert_int_equal(verify_log_last_place(&log, 3), T0 + 8);
	assert_int_equal(verify_log_last_place(&log, 11), T0);
	assert_int_equal(verify_log_last_place(&log, 12), 0);
	arena_fini(&a);
}

static void
test_damage_is_found(void **state)
{
	static const struct span damaged[] = {
	    {"\x80", 1},                     /* a number that ends early */
	    {"\x01", 1},                     /* a mark that does */
	    {"\x01\x01", 2},                 /* no failures */
	    {"\x01\x00\x00\x01\x01\x00", 6}, /* no request */
	    {"\x01\x01\x02", 3},             /* more failures */
	    {"\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01\x01\x00", 12}, /* too large */
	    {"\x01\x80\x80\x80\x80\x80\x80\x80\x01\x00", 10}, /* too many requests */
	    /* the same in two marks that are small enough alone */
	    {"\x01\x80\x80\x80\x80\x80\x20\x00\x01\x80\x80\x80\x80\x80\x20\x00", 16},
	    {"\x80\x80\x80\x80\x80\x80\x80\x80\x01\x01\x00", 11}, /* after all years */
	};
	struct verify_log log;
	struct arena a;

	(void)state;
	arena_init(&a);
	for (size_t i = 0; i < countof(damaged); i++)
		assert_int_equal(verify_log_load(&log, &a, damaged[i]), ERR_CORRUPT);
	assert_int_equal(verify_log_load(&log, &a, (struct span){NULL, 0}), OK);
	assert_int_equal(verify_log_load(&log, &a, (struct span){"\0\0\0", 3}), OK);
	assert_int_equal(log.len, 0);
	arena_fini(&a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_a_short_log_counts_exactly),
	    cmocka_unit_test(test_a_long_log_never_counts_too_few),
	    cmocka_unit_test(test_the_first_request_takes_eight_octets),
	    cmocka_unit_test(test_a_clock_that_was_set_back_loses_no_request),
	    cmocka_unit_test(test_the_last_place_is_the_one_that_has_to_leave),
	    cmocka_unit_test(test_damage_is_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
