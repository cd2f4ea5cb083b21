/* SPDX-License-Identifier: Apache-2.0 */
/* How fast a carrier is fed, and in which order. */
#include "delivery/deadline_heap.h"
#include "delivery/pace.h"
#include "unit/unit.h"

/* How many go in so many milliseconds from now on. */
static int64_t
flow(struct pace *p, int64_t *now_ms, int64_t for_ms)
{
	int64_t n = 0;

	for (int64_t end = *now_ms + for_ms; *now_ms < end; ++*now_ms)
		for (int i = 0; i < 10 && pace_wait_ms(p, *now_ms) == 0; i++, n++)
			pace_sent(p, *now_ms);
	return n;
}

static void
test_a_rate_is_kept(void **state)
{
	static const int64_t rates[] = {1, 7, 100, 1000, 2500};
	struct pace p;

	(void)state;
	for (size_t i = 0; i < countof(rates); i++) {
		int64_t now_ms = 50000;
		int64_t n;

		pace_init(&p, rates[i], now_ms);
		n = flow(&p, &now_ms, 10000);
		assert_in_range(n, rates[i] * 10 * 98 / 100, rates[i] * 10 + 2);
	}
}

static void
test_after_a_rest_only_a_tenth_of_a_second_goes_at_once(void **state)
{
	struct pace p;
	int64_t now_ms = 50000;

	(void)state;
	pace_init(&p, 100, now_ms);
	now_ms += 60000;
	assert_int_equal(flow(&p, &now_ms, 1), 10);
	assert_true(pace_wait_ms(&p, now_ms) > 0 && pace_wait_ms(&p, now_ms) <= 10);
}

static void
test_throttling_halves_once_a_second_and_comes_back_by_steps(void **state)
{
	struct pace p;
	int64_t now_ms = 50000;

	(void)state;
	pace_init(&p, 200, now_ms);
	(void)flow(&p, &now_ms, 1000);
	assert_true(pace_throttled(&p, now_ms));
	assert_false(pace_throttled(&p, now_ms + 10));
	assert_int_equal(p.rate, 100);
	now_ms += 1000;
	assert_true(pace_throttled(&p, now_ms));
	assert_int_equal(p.rate, 50);
	for (int64_t rate = 60; rate < 200; rate += 10) {
		now_ms += 1000;
		(void)pace_wait_ms(&p, now_ms);
		assert_int_equal(p.rate, rate);
	}
	now_ms += 5000;
	(void)pace_wait_ms(&p, now_ms);
	assert_int_equal(p.rate, 200);
}

static void
test_without_a_rate_the_carrier_sets_one_for_a_while(void **state)
{
	struct pace p;
	int64_t now_ms = 50000;

	(void)state;
	pace_init(&p, 0, now_ms);
	assert_int_equal(flow(&p, &now_ms, 1000), 10000);
	assert_true(pace_throttled(&p, now_ms));
	assert_int_equal(p.rate, 5000);
	now_ms += 2000;
	(void)pace_wait_ms(&p, now_ms);
	assert_int_equal(p.rate, 6000);
	now_ms += 60000;
	assert_int_equal(pace_wait_ms(&p, now_ms), 0);
	assert_int_equal(p.rate, 0);
}

static void
test_it_is_never_slowed_to_nothing(void **state)
{
	struct pace p;

	(void)state;
	pace_init(&p, 1, 50000);
	for (int64_t i = 1; i < 20; i++)
		assert_true(pace_throttled(&p, 50000 + i * 1000));
	assert_int_equal(p.rate, 1);
}

enum { ITEMS = 500 };

static void
test_the_earliest_deadline_is_first_and_equals_keep_their_order(void **state)
{
	static struct deadline_heap_item items[ITEMS];
	struct deadline_heap l = {0};
	const struct deadline_heap_item *last = NULL;
	uint32_t dice = 1;

	(void)state;
	for (size_t i = 0; i < ITEMS; i++) {
		dice = dice * 1664525 + 1013904223;
		items[i].deadline_ms = dice >> 27;
		deadline_heap_join(&l, &items[i], false);
	}
	for (size_t i = 0; i < ITEMS; i += 3) {
		deadline_heap_leave(&l, &items[i]);
		assert_int_equal(items[i].place, 0);
	}
	for (size_t i = 0; i < ITEMS; i += 6)
		deadline_heap_join(&l, &items[i], true);
	while (deadline_heap_first(&l) != NULL) {
		struct deadline_heap_item *first = deadline_heap_first(&l);

		deadline_heap_leave(&l, first);
		if (last != NULL && last->deadline_ms == first->deadline_ms)
			assert_true(last->arrival < first->arrival);
		else if (last != NULL)
			assert_true(last->deadline_ms < first->deadline_ms);
		last = first;
	}
	deadline_heap_fini(&l);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_a_rate_is_kept),
	    cmocka_unit_test(test_after_a_rest_only_a_tenth_of_a_second_goes_at_once),
	    cmocka_unit_test(
		test_throttling_halves_once_a_second_and_comes_back_by_steps),
	    cmocka_unit_test(test_without_a_rate_the_carrier_sets_one_for_a_while),
	    cmocka_unit_test(test_it_is_never_slowed_to_nothing),
	    cmocka_unit_test(
		test_the_earliest_deadline_is_first_and_equals_keep_their_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
