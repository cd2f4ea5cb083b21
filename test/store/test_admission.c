/* SPDX-License-Identifier: Apache-2.0 */
/* Admission to the store: a bound on all, and a time for each lane. */
#include "store/admission.h"

#include "store/job.h"
#include "unit/unit.h"

enum { ALL = 8192, BATCH = 512, LEAST = BATCH / 8 };

static struct admission admission;

static int
setup(void **state)
{
	(void)state;
	admission_init(&admission, ALL, BATCH);
	return 0;
}

/* How many more of them are let in. */
static size_t
come(enum verb v, size_t n)
{
	size_t in = 0;

	for (size_t i = 0; i < n; i++)
		in += admission_enter(&admission, v);
	return in;
}

/* Batches of so many, one every ten milliseconds, while others have to wait. */
static void
crowd(enum intake_lane lane, size_t taken, int64_t from_ms, int64_t to_ms)
{
	for (int64_t at = from_ms; at <= to_ms; at += 10)
		admission_took(&admission, lane, taken, 1, at);
}

static void
test_sends_leave_room_for_verifies(void **state)
{
	(void)state;
	assert_int_equal(come(VERB_SEND, ALL), ALL / 2);
	assert_false(admission_has_room(&admission, VERB_SEND));
	assert_true(admission_has_room(&admission, VERB_VERIFY));
	assert_int_equal(come(VERB_VERIFY, ALL), ALL / 2);
	assert_false(admission_has_room(&admission, VERB_VERIFY));
}

static void
test_who_leaves_makes_room(void **state)
{
	(void)state;
	(void)come(VERB_SEND, ALL);
	admission_leave(&admission, VERB_SEND);
	assert_int_equal(come(VERB_SEND, 2), 1);
}

/* Ten in 10 ms are two hundred in 200 ms, of what the lane was seen to do. */
static void
test_a_crowded_lane_has_room_for_what_it_does_in_time(void **state)
{
	(void)state;
	crowd(INTAKE_SEND, 10, 0, 2000);
	assert_in_range(come(VERB_SEND, ALL), 200, 205);
	assert_true(admission_has_room(&admission, VERB_RESEND));
	assert_int_equal(come(VERB_VERIFY, 1000), 1000);
}

static void
test_one_slow_batch_is_not_the_rule(void **state)
{
	(void)state;
	admission_took(&admission, INTAKE_SEND, 1, 1, 0);
	admission_took(&admission, INTAKE_SEND, 1, 1, 1000);
	assert_in_range(come(VERB_SEND, ALL), ALL / 2, ALL / 2 + 1);
}

static void
test_however_slow_it_is_a_few_may_wait(void **state)
{
	(void)state;
	crowd(INTAKE_SEND, 0, 0, 10000);
	assert_int_equal(come(VERB_SEND, ALL), LEAST);
}

static void
test_a_lane_that_is_not_crowded_any_more_gets_its_room_back(void **state)
{
	(void)state;
	crowd(INTAKE_SEND, 0, 0, 10000);
	for (int64_t at = 0; at < 1000; at++)
		admission_took(&admission, INTAKE_SEND, LEAST, 0, 10010 + at);
	assert_int_equal(come(VERB_SEND, ALL), ALL / 2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(test_sends_leave_room_for_verifies, setup),
	    cmocka_unit_test_setup(test_who_leaves_makes_room, setup),
	    cmocka_unit_test_setup(
		test_a_crowded_lane_has_room_for_what_it_does_in_time, setup),
	    cmocka_unit_test_setup(test_one_slow_batch_is_not_the_rule, setup),
	    cmocka_unit_test_setup(test_however_slow_it_is_a_few_may_wait, setup),
	    cmocka_unit_test_setup(
		test_a_lane_that_is_not_crowded_any_more_gets_its_room_back, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
