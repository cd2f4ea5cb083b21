/* SPDX-License-Identifier: Apache-2.0 */
/* When somebody else is left alone, and how it comes back. */
#include "base/breaker.h"
#include "unit.h"

static const struct breaker_rule half_of_twenty = {.results_min = 20};
static const struct breaker_rule five_in_row = {.bad_in_row = 5};

static void
results(struct breaker *b, unsigned good, unsigned bad, int64_t now_ms)
{
	for (unsigned i = 0; i < good; i++)
		(void)breaker_result(b, breaker_begin(b), true, now_ms);
	for (unsigned i = 0; i < bad; i++)
		(void)breaker_result(b, breaker_begin(b), false, now_ms);
}

static void
test_half_of_twenty_failing_opens_it(void **state)
{
	struct breaker b;

	(void)state;
	breaker_init(&b, &half_of_twenty);
	results(&b, 10, 9, 100000);
	assert_true(breaker_allows(&b, 100000));
	assert_true(breaker_result(&b, breaker_begin(&b), false, 100000));
	assert_false(breaker_allows(&b, 100000));
	assert_false(breaker_allows(&b, 104999));
	assert_true(breaker_allows(&b, 105000));
}

static void
test_fewer_than_twenty_say_nothing(void **state)
{
	struct breaker b;

	(void)state;
	breaker_init(&b, &half_of_twenty);
	results(&b, 0, 19, 100000);
	assert_true(breaker_allows(&b, 100000));
	results(&b, 0, 1, 100000);
	assert_false(breaker_allows(&b, 100000));
}

static void
test_less_than_half_does_not_open_it(void **state)
{
	struct breaker b;

	(void)state;
	breaker_init(&b, &half_of_twenty);
	results(&b, 51, 49, 100000);
	assert_true(breaker_allows(&b, 100000));
}

static void
test_what_is_older_than_the_window_is_forgotten(void **state)
{
	struct breaker b;

	(void)state;
	breaker_init(&b, &half_of_twenty);
	results(&b, 0, 19, 100000);
	results(&b, 0, 1, 130000);
	assert_true(breaker_allows(&b, 130000));
	results(&b, 0, 18, 159000);
	assert_true(breaker_allows(&b, 159000));
	results(&b, 0, 1, 159999);
	assert_false(breaker_allows(&b, 159999));
}

static void
test_one_probe_at_a_time_and_a_good_one_closes_it(void **state)
{
	struct breaker b;

	(void)state;
	breaker_init(&b, &half_of_twenty);
	results(&b, 0, 20, 100000);
	assert_true(breaker_begin(&b));
	assert_false(breaker_allows(&b, 105000));
	assert_false(breaker_result(&b, true, false, 106000));
	assert_false(breaker_allows(&b, 110999));
	assert_true(breaker_allows(&b, 111000));
	assert_true(breaker_begin(&b));
	assert_true(breaker_result(&b, true, true, 111500));
	assert_true(breaker_allows(&b, 111500));
	results(&b, 0, 19, 111500);
	assert_true(breaker_allows(&b, 111500));
}

static void
test_a_late_result_is_no_probe(void **state)
{
	struct breaker b;

	(void)state;
	breaker_init(&b, &half_of_twenty);
	results(&b, 0, 20, 100000);
	assert_false(breaker_result(&b, false, true, 101000));
	assert_false(breaker_allows(&b, 101000));
}

static void
test_a_probe_that_was_not_tried_leaves_its_turn(void **state)
{
	struct breaker b;
	bool probe;

	(void)state;
	breaker_init(&b, &half_of_twenty);
	results(&b, 0, 20, 100000);
	probe = breaker_begin(&b);
	assert_false(breaker_allows(&b, 105000));
	breaker_undo(&b, probe);
	assert_true(breaker_allows(&b, 105000));
}

/* By the other rule. */
static void
test_so_many_failures_in_a_row_open_it(void **state)
{
	struct breaker b;

	(void)state;
	breaker_init(&b, &five_in_row);
	results(&b, 0, 4, 100000);
	results(&b, 1, 4, 100000);
	assert_true(breaker_allows(&b, 100000));
	assert_true(breaker_result(&b, breaker_begin(&b), false, 160000));
	assert_false(breaker_allows(&b, 160000));
	assert_true(breaker_result(&b, breaker_begin(&b), true, 165000));
	results(&b, 0, 4, 165000);
	assert_true(breaker_allows(&b, 165000));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_half_of_twenty_failing_opens_it),
	    cmocka_unit_test(test_fewer_than_twenty_say_nothing),
	    cmocka_unit_test(test_less_than_half_does_not_open_it),
	    cmocka_unit_test(test_what_is_older_than_the_window_is_forgotten),
	    cmocka_unit_test(test_one_probe_at_a_time_and_a_good_one_closes_it),
	    cmocka_unit_test(test_a_late_result_is_no_probe),
	    cmocka_unit_test(test_a_probe_that_was_not_tried_leaves_its_turn),
	    cmocka_unit_test(test_so_many_failures_in_a_row_open_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
