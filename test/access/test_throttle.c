/* SPDX-License-Identifier: Apache-2.0 */
/* So many in any window and no more, for each account and operation by itself. */
#include "api/access/throttle.h"

#include "unit/unit.h"

struct hand {
	struct clock clock;
	int64_t now_ms;
};

static int64_t
hand_ms(const struct clock *c)
{
	return container_of(c, struct hand, clock)->now_ms;
}

static struct hand
hand_at(int64_t now_ms)
{
	return (struct hand){
	    .clock = {.wall_ms = hand_ms, .steady_ms = hand_ms}, .now_ms = now_ms};
}

static struct ident
account(unsigned n)
{
	struct ident id = {{0}};

	memcpy(id.bytes, &n, sizeof(n));
	return id;
}

static void
test_no_window_holds_more(void **state)
{
	static const struct throttle_rule rule = {"a", "7/100ms"};
	struct hand hand = hand_at(1000);
	struct throttle *t = throttle_new(&rule, 1, &hand.clock);
	struct ident one = account(1);
	struct dice dice = {11};
	static int64_t passed[100000];
	size_t n = 0;

	(void)state;
	for (int i = 0; i < 100000; i++) {
		int64_t wait_ms = 0;
		enum err e = throttle_pass(t, "a", &one, &wait_ms);

		if (e == OK) {
			passed[n++] = hand.now_ms;
			assert_true(n <= 7 || passed[n - 1] - passed[n - 8] >= 100);
		} else {
			/* never too early: the window is full, and the wait is exact */
			assert_int_equal(e, ERR_THROTTLED);
			assert_int_equal(wait_ms, passed[n - 7] + 100 - hand.now_ms);
			assert_true(wait_ms > 0);
		}
		hand.now_ms += dice_between(&dice, 0, 9);
	}
	assert_true(n > 7 * 1000);
	throttle_free(t);
}

static void
test_each_for_itself(void **state)
{
	static const struct throttle_rule rules[] = {{"a", "1/1h"}, {"b", "2/1h"}};
	struct hand hand = hand_at(0);
	struct throttle *t = throttle_new(rules, countof(rules), &hand.clock);
	struct ident one = account(1);
	struct ident two = account(2);
	int64_t wait_ms;

	(void)state;
	assert_int_equal(throttle_pass(t, "a", &one, &wait_ms), OK);
	assert_int_equal(throttle_pass(t, "a", &one, &wait_ms), ERR_THROTTLED);
	assert_int_equal(throttle_pass(t, "a", &two, &wait_ms), OK);
	assert_int_equal(throttle_pass(t, "b", &one, &wait_ms), OK);
	assert_int_equal(throttle_pass(t, "b", &one, &wait_ms), OK);
	assert_int_equal(throttle_pass(t, "b", &one, &wait_ms), ERR_THROTTLED);
	for (int i = 0; i < 100; i++)
		assert_int_equal(throttle_pass(t, "c", &one, &wait_ms), OK);
	throttle_free(t);
}

static void
test_the_longest_ring(void **state)
{
	static const struct throttle_rule rule = {"a", "10000/1d"};
	struct hand hand = hand_at(5);
	struct throttle *t = throttle_new(&rule, 1, &hand.clock);
	struct ident one = account(1);
	int64_t wait_ms;

	(void)state;
	for (int i = 0; i < THROTTLE_COUNT_MAX; i++, hand.now_ms++)
		assert_int_equal(throttle_pass(t, "a", &one, &wait_ms), OK);
	assert_int_equal(throttle_pass(t, "a", &one, &wait_ms), ERR_THROTTLED);
	hand.now_ms = 5 + THROTTLE_PERIOD_MS_MAX;
	assert_int_equal(throttle_pass(t, "a", &one, &wait_ms), OK);
	assert_int_equal(throttle_pass(t, "a", &one, &wait_ms), ERR_THROTTLED);
	assert_int_equal(wait_ms, 1);
	throttle_free(t);
}

/* When all the room is taken by accounts that still count, the next one waits; it is
 * never let in uncounted. */
static void
test_room_is_bounded(void **state)
{
	static const struct throttle_rule rule = {"a", "1/1m"};
	struct hand hand = hand_at(0);
	struct throttle *t = throttle_new(&rule, 1, &hand.clock);
	struct ident id;
	int64_t wait_ms;

	(void)state;
	for (unsigned i = 0; i < THROTTLE_ENTRIES_MAX; i++) {
		id = account(i);
		assert_int_equal(throttle_pass(t, "a", &id, &wait_ms), OK);
	}
	id = account(THROTTLE_ENTRIES_MAX);
	assert_int_equal(throttle_pass(t, "a", &id, &wait_ms), ERR_OVERLOADED);
	hand.now_ms = 60000;
	assert_int_equal(throttle_pass(t, "a", &id, &wait_ms), OK);
	assert_int_equal(throttle_pass(t, "a", &id, &wait_ms), ERR_THROTTLED);
	throttle_free(t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_no_window_holds_more),
	    cmocka_unit_test(test_each_for_itself),
	    cmocka_unit_test(test_the_longest_ring),
	    cmocka_unit_test(test_room_is_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
