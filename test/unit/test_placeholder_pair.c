/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "twofa/placeholder_pair.h"

static struct arena arena;

static void
check_lines(const char *pair, const char *texts, const char *landing_page)
{
	assert_true(span_equal_text(placeholder_pair_texts(pair), texts));
	assert_true(span_equal_text(placeholder_pair_landing_page(pair), landing_page));
}

static void
test_joined_and_read_again(void **state)
{
	(void)state;
	assert_null(placeholder_pair_join(&arena, NULL, NULL));
	check_lines(NULL, "", "");
	/* as rows have it that know nothing of landing pages */
	assert_string_equal(
	    placeholder_pair_join(&arena, "{\"a\":1}", NULL), "{\"a\":1}");
	check_lines("{\"a\":1}", "{\"a\":1}", "");
	check_lines(placeholder_pair_join(&arena, "{1}", "{2}"), "{1}", "{2}");
	check_lines(placeholder_pair_join(&arena, NULL, "{2}"), "", "{2}");
}

static void
test_the_newer_line_goes_before_the_older(void **state)
{
	static const char *const old = "{1}\n{2}";

	(void)state;
	assert_null(placeholder_pair_over(&arena, NULL, NULL));
	check_lines(placeholder_pair_over(&arena, NULL, old), "{1}", "{2}");
	check_lines(placeholder_pair_over(&arena, "{3}", old), "{3}", "{2}");
	check_lines(placeholder_pair_over(&arena, "\n{3}", old), "{1}", "{3}");
	check_lines(placeholder_pair_over(&arena, "{3}\n{4}", old), "{3}", "{4}");
	check_lines(placeholder_pair_over(&arena, "{3}", "{1}"), "{3}", "");
	check_lines(placeholder_pair_over(&arena, "{3}", NULL), "{3}", "");
}

static int
begin(void **state)
{
	(void)state;
	arena_init(&arena);
	return 0;
}

static int
end(void **state)
{
	(void)state;
	arena_fini(&arena);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_joined_and_read_again),
	    cmocka_unit_test(test_the_newer_line_goes_before_the_older),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
