/* SPDX-License-Identifier: Apache-2.0 */
/* How often somebody may try. */
#include "api/access/login_limit.h"

#include "unit/unit.h"

#define NOW INT64_C(1800000000000)

static void
test_so_many_at_once_and_then_one_by_one(void **state)
{
	struct login_limit *l = login_limit_new(6);
	int64_t wait = 0;

	(void)state;
	for (int i = 0; i < 6; i++)
		assert_true(login_limit_take(l, 7, NOW, &wait));
	assert_false(login_limit_take(l, 7, NOW, &wait));
	assert_int_equal(wait, 10000);
	assert_false(login_limit_take(l, 7, NOW + 9999, &wait));
	assert_int_equal(wait, 1);
	assert_true(login_limit_take(l, 7, NOW + 10000, &wait));
	assert_false(login_limit_take(l, 7, NOW + 10000, &wait));
	for (int i = 0; i < 6; i++)
		assert_true(login_limit_take(l, 7, NOW + 100000, &wait));
	assert_false(login_limit_take(l, 7, NOW + 100000, &wait));
	login_limit_free(l);
}

static void
test_who_is_refused_does_not_wait_longer_for_it(void **state)
{
	struct login_limit *l = login_limit_new(1);
	int64_t wait = 0;

	(void)state;
	assert_true(login_limit_take(l, 7, NOW, &wait));
	for (int i = 0; i < 1000; i++)
		assert_false(login_limit_take(l, 7, NOW + i, &wait));
	assert_true(login_limit_take(l, 7, NOW + 60000, &wait));
	login_limit_free(l);
}

static void
test_one_does_not_use_up_what_is_anothers(void **state)
{
	struct login_limit *l = login_limit_new(2);
	int64_t wait;

	(void)state;
	for (uint64_t who = 1; who < 500; who++) {
		assert_true(login_limit_take(l, who, NOW, &wait));
		assert_true(login_limit_take(l, who, NOW, &wait));
		assert_false(login_limit_take(l, who, NOW, &wait));
	}
	login_limit_free(l);
}

/* Many others, and the one who is held is still held: those who tried less give way. */
static void
test_a_crowd_lets_nobody_go_who_tries_on(void **state)
{
	struct login_limit *l = login_limit_new(10);
	struct dice d = {3};
	int64_t wait;
	int passed = 0;

	(void)state;
	for (int i = 0; i < 100000; i++) {
		(void)login_limit_take(l, dice_next(&d), NOW + i / 100, &wait);
		if (i % 10 == 0)
			passed += login_limit_take(l, 7, NOW + i / 100, &wait);
	}
	assert_in_range(passed, 10, 11);
	login_limit_free(l);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_so_many_at_once_and_then_one_by_one),
	    cmocka_unit_test(test_who_is_refused_does_not_wait_longer_for_it),
	    cmocka_unit_test(test_one_does_not_use_up_what_is_anothers),
	    cmocka_unit_test(test_a_crowd_lets_nobody_go_who_tries_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
