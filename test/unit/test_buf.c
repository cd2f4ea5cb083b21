/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The buffer's ceiling and memory, and the arena's alignment and copies.
 */
#include "unit.h"

#include "base/arena.h"
#include "base/buf.h"

static void
test_it_grows(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 100000);
	for (unsigned i = 0; i < 100000; i++)
		buf_add_char(&b, (char)('a' + i % 26));
	assert_false(b.failed);
	assert_int_equal(b.len, 100000);
	for (unsigned i = 0; i < 100000; i++)
		if (b.ptr[i] != (char)('a' + i % 26))
			fail_msg("octet %u", i);
	buf_fini(&b);
}

static void
test_the_ceiling(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 5);
	buf_add_text(&b, "12345");
	assert_false(b.failed);
	buf_add(&b, "", 0);
	assert_false(b.failed);
	buf_add_char(&b, '6');
	assert_true(b.failed);
	assert_true(span_equal_text(buf_span(&b), "12345"));
	buf_reset(&b);
	assert_false(b.failed);
	assert_int_equal(b.len, 0);
	/* A text that does not fit is not written in part, and the next one is not
	 * written either. */
	buf_add_text(&b, "123456");
	buf_add_char(&b, '1');
	assert_true(b.failed);
	assert_int_equal(b.len, 0);
	buf_fini(&b);
}

static void
test_a_length_that_would_wrap(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 100);
	buf_add_text(&b, "abc");
	buf_add(&b, "abc", SIZE_MAX);
	assert_true(b.failed);
	assert_int_equal(b.len, 3);
	buf_fini(&b);
}

static void
test_reset_wipes(void **state)
{
	static const char zeros[6];
	struct buf b;

	(void)state;
	buf_init(&b, 100);
	buf_add_text(&b, "secret");
	buf_reset(&b);
	assert_memory_equal(b.ptr, zeros, sizeof(zeros));
	buf_fini(&b);
}

static void
test_printf(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 100);
	buf_printf(&b, "%s-%d", "a", -7);
	buf_add(&b, "\0", 1);
	buf_printf(&b, "%s", "");
	assert_true(span_equal(buf_span(&b), SPAN("a--7\0")));
	buf_fini(&b);
}

/* Names and values of strangers go through it: there is no length that it may not get. */
static void
test_printf_of_any_length(void **state)
{
	static const size_t lengths[] = {509, 510, 511, 512, 513, 4096, 100000};
	char *text = mem_array(100001, 1);
	struct buf b;

	(void)state;
	for (size_t i = 0; i < countof(lengths); i++) {
		memset(text, 'x', lengths[i]);
		text[lengths[i]] = '\0';
		buf_init(&b, lengths[i] + 2);
		buf_printf(&b, "&%s=", text);
		check_case(i, !b.failed && b.len == lengths[i] + 2);
		check_case(i, b.ptr[0] == '&' && b.ptr[b.len - 1] == '=');
		check_case(i, memcmp(b.ptr + 1, text, lengths[i]) == 0);
		buf_reset(&b);
		buf_printf(&b, "&%s=;", text);
		check_case(i, b.failed && b.len == 0);
		buf_fini(&b);
	}
	mem_free(text);
}

static void
test_arena(void **state)
{
	struct arena a;
	char *text;

	(void)state;
	arena_init(&a);
	for (size_t size = 1; size < 20000; size += 37) {
		uint8_t *octets = arena_alloc(&a, size);

		check_case(size, (uintptr_t)octets % _Alignof(max_align_t) == 0);
		for (size_t i = 0; i < size; i++)
			check_case(size, octets[i] == 0);
		memset(octets, 0xff, size);
	}
	text = arena_text(&a, (struct span){"abcdef", 3});
	assert_string_equal(text, "abc");
	assert_string_equal(arena_text(&a, (struct span){NULL, 0}), "");
	assert_string_equal(arena_printf(&a, "%s.%d", text, 5), "abc.5");
	arena_fini(&a);
	/* It may be used again. */
	memset(arena_alloc(&a, 10), 1, 10);
	arena_fini(&a);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_it_grows),
	    cmocka_unit_test(test_the_ceiling),
	    cmocka_unit_test(test_a_length_that_would_wrap),
	    cmocka_unit_test(test_reset_wipes),
	    cmocka_unit_test(test_printf),
	    cmocka_unit_test(test_printf_of_any_length),
	    cmocka_unit_test(test_arena),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
