/* SPDX-License-Identifier: Apache-2.0 */
/* A filter denies no number that was added, few others pass it, and it comes back whole.
 */
#include "store/sqlite/number_filter.h"

#include <stdio.h>

#include "unit/unit.h"

enum { ENTRIES = 100000 };

static uint64_t
hash_of(size_t i)
{
	struct ident application = {{0}};
	char destination[32];

	application.bytes[0] = (uint8_t)(i % 3);
	snprintf(destination, sizeof(destination), "4917%09zu", i * 7919);
	return number_filter_hash(&application, destination);
}

static void
fill(struct number_filter *f)
{
	number_filter_init(f, ENTRIES);
	for (size_t i = 0; i < ENTRIES; i++)
		number_filter_add(f, hash_of(i));
}

static size_t
count_passing(const struct number_filter *f, size_t from)
{
	size_t count = 0;

	for (size_t i = from; i < from + ENTRIES; i++)
		count += number_filter_may_have(f, hash_of(i));
	return count;
}

static void
test_who_was_added_passes_and_few_others(void **state)
{
	struct number_filter f;

	(void)state;
	fill(&f);
	assert_int_equal(count_passing(&f, 0), ENTRIES);
	assert_in_range(count_passing(&f, ENTRIES), 1, ENTRIES / 400);
	number_filter_fini(&f);
}

static void
test_what_was_kept_comes_back(void **state)
{
	struct number_filter f;
	struct number_filter back;
	size_t others;

	(void)state;
	fill(&f);
	others = count_passing(&f, ENTRIES);
	assert_true(number_filter_load(&back, number_filter_save(&f)));
	assert_int_equal(count_passing(&back, 0), ENTRIES);
	assert_int_equal(count_passing(&back, ENTRIES), others);
	number_filter_fini(&back);
	number_filter_fini(&f);
}

/* One bit less is a number that may be denied. */
static void
test_what_is_not_whole_does_not(void **state)
{
	struct number_filter f;
	struct number_filter back;
	struct span kept;
	size_t i;

	(void)state;
	fill(&f);
	kept = number_filter_save(&f);
	for (i = 0; f.octets[i] == 0; i++)
		continue;
	f.octets[i] &= (uint8_t)(f.octets[i] - 1);
	assert_false(number_filter_load(&back, kept));
	assert_false(number_filter_load(&back, (struct span){kept.ptr, kept.len - 64}));
	assert_false(number_filter_load(&back, (struct span){kept.ptr, 8}));
	assert_false(number_filter_load(&back, (struct span){kept.ptr, 0}));
	number_filter_fini(&f);
}

/* Filters that an earlier version has kept are read by the next one. */
static void
test_the_hash_stays_as_it_is(void **state)
{
	static const struct ident application = {{1, 2, 3}};

	(void)state;
	assert_int_equal(number_filter_hash(&application, "41790000001"),
	    UINT64_C(0x6e5dd71fe080f420));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_who_was_added_passes_and_few_others),
	    cmocka_unit_test(test_what_was_kept_comes_back),
	    cmocka_unit_test(test_what_is_not_whole_does_not),
	    cmocka_unit_test(test_the_hash_stays_as_it_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
