/* SPDX-License-Identifier: Apache-2.0 */
/* A history of submits is read as it was written. */
#include "twofa/submit_history.h"
#include "unit.h"

static struct arena arena;

static int
setup(void **state)
{
	(void)state;
	arena_init(&arena);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	arena_fini(&arena);
	return 0;
}

static void
check_same(size_t i, const struct submit_entry *a, const struct submit_entry *b)
{
	check_case(i, a->at_ms == b->at_ms && a->code == b->code && a->times == b->times);
	check_case(i, strcmp(a->carrier, b->carrier) == 0);
	check_case(i, strcmp(a->result, b->result) == 0);
	check_case(i, strcmp(a->reason, b->reason) == 0);
}

static void
test_what_was_written_is_read(void **state)
{
	static const struct submit_entry entries[] = {
	    {INT64_C(1800000000000), "main", "unknown", 0, "no answer for 5 s", 1},
	    {INT64_C(1800000001000), "a \"name\"", "refused", 88, "\xc3\xa9\n\\", 1},
	    {INT64_C(1800000002000), "other", "retry", INT64_C(4294967295), "", 1},
	};
	struct submit_history h = {0};
	struct submit_entry *list;
	size_t count;

	(void)state;
	for (size_t i = 0; i < countof(entries); i++)
		submit_history_add(&h, &arena, &entries[i]);
	assert_int_equal(
	    submit_history_read(submit_history_text(&h, &arena), &arena, &list, &count),
	    OK);
	assert_int_equal(count, countof(entries));
	for (size_t i = 0; i < count; i++)
		check_same(i, &list[i], &entries[i]);
}

static void
test_a_carrier_that_puts_back_again_and_again_is_one_entry(void **state)
{
	static const char *const carriers[] = {"slow", "slower"};
	struct submit_history h = {0};
	struct submit_entry *list;
	size_t count;

	(void)state;
	for (size_t i = 0; i < 7; i++) {
		struct submit_entry one = {.at_ms = (int64_t)(1000 + i),
		    .carrier = carriers[i % 3 == 2],
		    .result = "retry",
		    .code = 88,
		    .reason = "throttled",
		    .times = 1};

		submit_history_put_back(&h, &arena, &one);
	}
	assert_int_equal(
	    submit_history_read(submit_history_text(&h, &arena), &arena, &list, &count),
	    OK);
	assert_int_equal(count, 2);
	assert_int_equal(list[0].times, 5);
	assert_int_equal(list[0].at_ms, 1000);
	assert_int_equal(list[1].times, 2);
	assert_int_equal(list[1].at_ms, 1002);
}

/* The oldest are kept: how it began is what people ask. */
static void
test_no_more_is_kept_than_fits(void **state)
{
	struct submit_history h = {0};
	struct submit_entry one = {.at_ms = 1,
	    .carrier = "main",
	    .result = "retry",
	    .reason = "a reason that is as long as they usually are",
	    .times = 1};
	struct submit_entry *list;
	size_t count;

	(void)state;
	for (; one.at_ms <= 1000; one.at_ms++)
		submit_history_add(&h, &arena, &one);
	assert_int_equal(
	    submit_history_read(submit_history_text(&h, &arena), &arena, &list, &count),
	    OK);
	assert_in_range(count, 50, 100);
	for (size_t i = 0; i < count; i++)
		check_case(i, list[i].at_ms == (int64_t)i + 1);
}

static void
test_what_was_not_written_here_is_not_read(void **state)
{
	static const char *const texts[] = {"", "{}", "[", "[1]", "[{}]",
	    "[{\"at\":1,\"carrier\":\"a\",\"result\":\"retry\",\"code\":0}]",
	    "[{\"at\":\"1\",\"carrier\":\"a\",\"result\":\"b\",\"code\":0,\"reason\":"
	    "\"\"}]",
	    "[{\"at\":1,\"carrier\":null,\"result\":\"b\",\"code\":0,\"reason\":\"\"}]",
	    "[{\"at\":1,\"carrier\":\"a\",\"result\":\"b\",\"code\":0,\"reason\":\"\","
	    "\"times\":\"2\"}]"};
	struct submit_entry *list;
	size_t count;

	(void)state;
	for (size_t i = 0; i < countof(texts); i++) {
		check_case(i,
		    submit_history_read(texts[i], &arena, &list, &count) == ERR_CORRUPT);
		check_case(i, count == 0);
	}
	assert_int_equal(submit_history_read(NULL, &arena, &list, &count), OK);
	assert_int_equal(count, 0);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    CASE(test_what_was_written_is_read),
	    CASE(test_a_carrier_that_puts_back_again_and_again_is_one_entry),
	    CASE(test_no_more_is_kept_than_fits),
	    CASE(test_what_was_not_written_here_is_not_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
