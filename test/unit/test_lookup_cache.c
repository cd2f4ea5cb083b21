/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <stdio.h>

#include "lookup/cache.h"

static struct lookup_cache *cache;
static int someone;

static int
set_up(void **state)
{
	(void)state;
	cache = lookup_cache_new(3, 0x5eed);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	lookup_cache_free(cache);
	return 0;
}

static void
learn(uint64_t number, enum lookup_status status, int64_t now_ms, int64_t age_ms)
{
	struct lookup_entry *e = lookup_cache_begin(cache, number, &someone);

	lookup_cache_settle(cache, e, status, now_ms, now_ms + age_ms);
}

static bool
knows(uint64_t number, int64_t now_ms)
{
	return lookup_cache_find(cache, number, now_ms) != NULL;
}

static void
test_what_was_said_is_known_until_it_is_too_old(void **state)
{
	(void)state;
	assert_false(knows(7, 0));
	learn(7, LOOKUP_NOT_REACHABLE, 1000, 500);
	assert_int_equal(lookup_cache_find(cache, 7, 1499)->status, LOOKUP_NOT_REACHABLE);
	assert_false(knows(7, 1500));
	assert_int_equal(lookup_cache_count(cache), 0);
}

static void
test_what_has_no_age_is_not_kept(void **state)
{
	(void)state;
	learn(7, LOOKUP_UNKNOWN, 1000, 0);
	assert_false(knows(7, 1000));
	assert_int_equal(lookup_cache_count(cache), 0);
}

static void
test_the_one_used_longest_ago_makes_room(void **state)
{
	(void)state;
	for (uint64_t n = 1; n <= 3; n++)
		learn(n, LOOKUP_REACHABLE, 0, 1000);
	assert_true(knows(1, 1));
	learn(4, LOOKUP_REACHABLE, 2, 1000);
	assert_int_equal(lookup_cache_count(cache), 3);
	assert_true(knows(1, 3));
	assert_false(knows(2, 3));
	assert_true(knows(3, 3) && knows(4, 3));
}

static void
test_who_is_being_asked_about_is_never_the_one_to_go(void **state)
{
	struct lookup_entry *e = lookup_cache_begin(cache, 1000, &someone);

	(void)state;
	for (uint64_t n = 1; n <= 100; n++)
		learn(n, LOOKUP_REACHABLE, 0, 1000);
	assert_int_equal(lookup_cache_count(cache), 3);
	assert_ptr_equal(lookup_cache_find(cache, 1000, INT64_MAX), e);
	assert_ptr_equal(e->asking, &someone);
	lookup_cache_settle(cache, e, LOOKUP_REACHABLE, 0, 1000);
	assert_null(lookup_cache_find(cache, 1000, 1)->asking);
	assert_int_equal(lookup_cache_count(cache), 3);
}

static void
test_a_cache_without_room_keeps_nothing(void **state)
{
	(void)state;
	lookup_cache_free(cache);
	cache = lookup_cache_new(0, 1);
	learn(7, LOOKUP_REACHABLE, 0, 1000);
	assert_false(knows(7, 1));
}

static void
test_numbers_of_different_lengths_are_different(void **state)
{
	static const char *const numbers[] = {
	    "1000", "10000", "999999999999999", "99999999999999", "41793026727"};

	(void)state;
	for (size_t i = 0; i < countof(numbers); i++)
		for (size_t k = 0; k < i; k++)
			assert_true(lookup_cache_number(numbers[i]) !=
				    lookup_cache_number(numbers[k]));
	assert_true(lookup_cache_number("0001") != lookup_cache_number("1"));
}

/* A hundred thousand steps against the plainest thing that could be right. */
static void
test_it_agrees_with_a_list(void **state)
{
	enum { NUMBERS = 12, KNOWN_MAX = 5 };
	struct {
		int64_t until;
		int64_t used;
	} list[NUMBERS] = {{0}};
	struct dice dice = {42};

	(void)state;
	lookup_cache_free(cache);
	cache = lookup_cache_new(KNOWN_MAX, 7);
	for (int64_t now = 1; now < 100000; now++) {
		size_t n = (size_t)dice_between(&dice, 0, NUMBERS - 1);
		bool known = list[n].until > now;
		size_t held = 0;
		size_t oldest = NUMBERS;

		if (list[n].until != 0 && !known)
			list[n].until = 0; /* finding it too old forgets it */
		assert_int_equal(knows(n, now), known);
		if (!known) {
			int64_t age = dice_between(&dice, 1, 60);

			learn(n, LOOKUP_REACHABLE, now, age);
			list[n].until = now + age;
		}
		list[n].used = now;
		for (size_t i = 0; i < NUMBERS; i++) {
			if (list[i].until == 0)
				continue;
			held++;
			if (oldest == NUMBERS || list[i].used < list[oldest].used)
				oldest = i;
		}
		if (held > KNOWN_MAX)
			list[oldest].until = 0;
		assert_true(lookup_cache_count(cache) <= KNOWN_MAX);
	}
}

int
main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
	    CASE(test_what_was_said_is_known_until_it_is_too_old),
	    CASE(test_what_has_no_age_is_not_kept),
	    CASE(test_the_one_used_longest_ago_makes_room),
	    CASE(test_who_is_being_asked_about_is_never_the_one_to_go),
	    CASE(test_a_cache_without_room_keeps_nothing),
	    CASE(test_numbers_of_different_lengths_are_different),
	    CASE(test_it_agrees_with_a_list),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
