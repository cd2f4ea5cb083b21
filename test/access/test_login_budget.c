/* SPDX-License-Identifier: Apache-2.0 */
/* How much of a core hashing may take. */
#include "api/access/login_budget.h"

#include "unit/unit.h"

#define NOW INT64_C(1000000)

enum { HASH_US = 16 * 1000, SHARE = 10, REST_MS = HASH_US / 1000 * 100 / SHARE };

static struct login_budget
budget_of(int64_t share)
{
	struct login_budget b;

	login_budget_init(&b, share, NOW);
	return b;
}

/* How many hashes may begin until then, each as soon as it may. */
static int
count_hashes(struct login_budget *b, int64_t now_ms, int64_t until_ms, int64_t cost_us)
{
	int hashes = 0;

	while (now_ms < until_ms && hashes < 100000) {
		int64_t wait_ms = login_budget_wait_ms(b, 0, now_ms);

		if (wait_ms == 0) {
			login_budget_spend(b, cost_us, now_ms);
			hashes++;
		}
		now_ms += wait_ms;
	}
	return hashes;
}

static void
test_a_burst_at_once_and_then_a_share_of_the_time(void **state)
{
	struct login_budget b = budget_of(SHARE);

	(void)state;
	assert_int_equal(count_hashes(&b, NOW, NOW + 1, HASH_US), 19);
	assert_in_range(count_hashes(&b, NOW + 1, NOW + 100 * REST_MS, HASH_US), 99, 101);
}

static void
test_a_hash_that_costs_more_is_followed_by_more_rest(void **state)
{
	struct login_budget b = budget_of(SHARE);

	(void)state;
	login_budget_spend(&b, LOGIN_BURST_US, NOW);
	assert_int_equal(login_budget_wait_ms(&b, 0, NOW), 0);
	login_budget_spend(&b, 5 * HASH_US, NOW);
	assert_int_equal(login_budget_wait_ms(&b, 0, NOW), 5 * REST_MS);
	assert_int_equal(login_budget_wait_ms(&b, 0, NOW + 5 * REST_MS - 1), 1);
	assert_int_equal(login_budget_wait_ms(&b, 0, NOW + 5 * REST_MS), 0);
}

static void
test_who_stands_further_behind_waits_longer(void **state)
{
	struct login_budget b = budget_of(SHARE);

	(void)state;
	login_budget_spend(&b, HASH_US, NOW);
	assert_int_equal(login_budget_wait_ms(&b, 17, NOW), 0); /* of the burst */
	login_budget_spend(&b, LOGIN_BURST_US - HASH_US, NOW);
	login_budget_spend(&b, HASH_US, NOW);
	for (int others = 0; others < 16; others++)
		assert_int_equal(
		    login_budget_wait_ms(&b, others, NOW), (others + 1) * REST_MS);
}

static void
test_more_than_a_burst_is_never_saved(void **state)
{
	struct login_budget b = budget_of(50);

	(void)state;
	assert_int_equal(count_hashes(&b, NOW + 86400000, NOW + 86400001, HASH_US), 19);
}

/* Time does not go back, but two threads may tell it in the wrong order. */
static void
test_time_is_not_counted_twice(void **state)
{
	struct login_budget b = budget_of(SHARE);

	(void)state;
	login_budget_spend(&b, LOGIN_BURST_US + HASH_US, NOW + 10);
	login_budget_spend(&b, 0, NOW);
	assert_int_equal(login_budget_wait_ms(&b, 0, NOW + 10), REST_MS);
}

static void
test_the_whole_share_is_no_bound(void **state)
{
	struct login_budget b = budget_of(100);

	(void)state;
	for (int i = 0; i < 1000; i++) {
		login_budget_spend(&b, HASH_US, NOW);
		assert_int_equal(login_budget_wait_ms(&b, 0, NOW), 0);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_a_burst_at_once_and_then_a_share_of_the_time),
	    cmocka_unit_test(test_a_hash_that_costs_more_is_followed_by_more_rest),
	    cmocka_unit_test(test_who_stands_further_behind_waits_longer),
	    cmocka_unit_test(test_more_than_a_burst_is_never_saved),
	    cmocka_unit_test(test_time_is_not_counted_twice),
	    cmocka_unit_test(test_the_whole_share_is_no_bound),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
