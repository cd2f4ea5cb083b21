/* SPDX-License-Identifier: Apache-2.0 */
/* Documents that gateways, phones' networks and hand-made scripts send and call JSON. */
#include "unit.h"

#include "base/buf.h"
#include "base/json_lenient.h"
#include "base/json_pointer.h"

#define FFFD "\xef\xbf\xbd"

struct value_case {
	struct span text;
	const char *pointer;
	const char *value; /* NULL: nothing is there */
};

#define ROW(text, pointer, value)                                                        \
	{                                                                                \
		{text, sizeof(text) - 1}, pointer, value                                 \
	}

static void
check_value(size_t i, const struct value_case *c)
{
	char out[200];
	json_t *doc;
	bool found;

	check_case(i, json_lenient_parse(c->text, &doc) == OK);
	found = json_pointer_scalar_text(
	    json_pointer_find(doc, c->pointer), out, sizeof(out));
	check_case(i, found == (c->value != NULL));
	check_case(i, !found || strcmp(out, c->value) == 0);
	json_decref(doc);
}

static void
test_a_number_keeps_its_digits(void **state)
{
	static const struct value_case cases[] = {
	    ROW("{\"id\":10014255632117358197}", "/id", "10014255632117358197"),
	    ROW("{\"id\":9223372036854775807}", "/id", "9223372036854775807"),
	    ROW("{\"id\":9223372036854775808}", "/id", "9223372036854775808"),
	    ROW("{\"id\":-9223372036854775808}", "/id", "-9223372036854775808"),
	    ROW("{\"id\":-9223372036854775809}", "/id", "-9223372036854775809"),
	    ROW("{\"id\":340282366920938463463374607431768211456}", "/id",
		"340282366920938463463374607431768211456"),
	    ROW("{\"id\":10014255632117358197.0}", "/id", "10014255632117358197.0"),
	    ROW("{\"id\":1.0014255632117358197e19}", "/id", "1.0014255632117358197e19"),
	    ROW("{\"price\":0.0333,\"id\":7}", "/price", "0.0333"),
	    ROW("{\"id\":0}", "/id", "0"),
	    ROW("{\"id\":-7}", "/id", "-7"),
	    ROW("{\"id\":007}", "/id", "007"),
	    ROW("{\"ids\":[12345678901234567890,2]}", "/ids/0", "12345678901234567890"),
	    ROW("{\"ids\":[12345678901234567890,2]}", "/ids/1", "2"),
	};

	(void)state;
	for (size_t i = 0; i < countof(cases); i++)
		check_value(i, &cases[i]);
}

static void
test_what_is_odd_costs_nothing(void **state)
{
	static const struct value_case cases[] = {
	    ROW("\xef\xbb\xbf{\"s\":\"queued\"}", "/s", "queued"),
	    ROW("\r\n\t {\"s\":\"queued\"}\r\n", "/s", "queued"),
	    ROW("{\"s\":\"queued\"}<!-- 3 ms -->", "/s", "queued"),
	    ROW("{\"s\":\"queued\"}{\"s\":\"other\"}", "/s", "queued"),
	    ROW("{\"s\":\"queued\"}\0\0", "/s", "queued"),
	    ROW("{\"s\":\"failed\",\"s\":\"queued\"}", "/s", "queued"),
	    ROW("{\"s\":\"queued\",\"note\":\"two\nlines\"}", "/s", "queued"),
	    ROW("{\"s\":\"two\r\nlines\"}", "/s", "two\r\nlines"),
	    ROW("{\"s\":\"a\0b\"}", "/s", "a" FFFD "b"),
	    ROW("{\"s\":\"a\\u0000b\"}", "/s", "a" FFFD "b"),
	    ROW("{\"s\":\"\\ud83d\"}", "/s", FFFD),
	    ROW("{\"s\":\"\\ude00x\"}", "/s", FFFD "x"),
	    ROW("{\"s\":\"\\ud83d\\ud83d\\ude00\"}", "/s", FFFD "\xf0\x9f\x98\x80"),
	    ROW("{\"s\":\"\\ud83d\\u0041\"}", "/s", FFFD "A"),
	    ROW("{\"s\":\"caf\xe9\"}", "/s", "caf" FFFD),
	    ROW("{\"s\":\"\xed\xa0\xbd\"}", "/s", FFFD FFFD FFFD),
	    ROW("{\"s\":\"\xc3\xa9\"}", "/s", "\xc3\xa9"),
	    ROW("{\"s\":\"it\\'s \\x41 \\u12\"}", "/s", "it's x41 u12"),
	    ROW("{\"s\":\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"}", "/s", "\"\\/\b\f\n\r\t"),
	    ROW("{\"s\":\"queued\",}", "/s", "queued"),
	    ROW("{\"l\":[1,2, ],\"s\":\"queued\"}", "/s", "queued"),
	    ROW("{\"x\":NaN,\"y\":True,\"s\":\"queued\"}", "/s", "queued"),
	    ROW("{\"x\":\\\xff,\"s\":\"queued\"}", "/x", FFFD),
	    ROW("{\"s\":true}", "/s", "true"),
	    ROW("{\"s\":null}", "/s", NULL),
	    ROW("{\"a,]}\":\"{[\",\"s\":\",]}\"}", "/s", ",]}"),
	    ROW("{\"q\xff\":1,\"s\":\"queued\"}", "/s", "queued"),
	};

	(void)state;
	for (size_t i = 0; i < countof(cases); i++)
		check_value(i, &cases[i]);
}

static void
test_what_is_no_document(void **state)
{
	static const struct span cases[] = {{"", 0}, SPAN("  "), SPAN("\xef\xbb\xbf"),
	    SPAN("OK: 12345"), SPAN("queued"), SPAN("id=12345"), SPAN("<html>{}</html>"),
	    SPAN("{\"s\":\"queued\""), SPAN("{\"s\":\"queued"), SPAN("{\"s\":"),
	    SPAN("[{\"s\":1}"), SPAN("{\"s\":1]"), SPAN("}"), SPAN(","),
	    SPAN("{\"s\" \"t\"}"), SPAN("{\"s\":1 \"t\":2}"), SPAN("{\"s\":\"\\"),
	    SPAN("{\"s\":\"\\u00"), SPAN("\"s"), SPAN("{s:1}")};

	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		json_t *doc;
		enum err e = json_lenient_parse(cases[i], &doc);

		/* a bare name is a text like any other bare word */
		check_case(i, e == (i == countof(cases) - 1 ? OK : ERR_SYNTAX));
		check_case(i, (doc != NULL) == (e == OK));
		json_decref(doc);
	}
}

static enum err
parse_nested(unsigned depth)
{
	struct buf b;
	json_t *doc;
	enum err e;

	buf_init(&b, 1 << 20);
	buf_add_text(&b, "{\"s\":1,\"x\":");
	for (unsigned i = 1; i < depth; i++)
		buf_add_char(&b, '[');
	for (unsigned i = 1; i < depth; i++)
		buf_add_char(&b, ']');
	buf_add_char(&b, '}');
	e = json_lenient_parse(buf_span(&b), &doc);
	json_decref(doc);
	buf_fini(&b);
	return e;
}

static void
test_depth(void **state)
{
	(void)state;
	assert_int_equal(parse_nested(2), OK);
	assert_int_equal(parse_nested(JSON_LENIENT_DEPTH_MAX), OK);
	assert_int_equal(parse_nested(JSON_LENIENT_DEPTH_MAX + 1), ERR_SYNTAX);
	assert_int_equal(parse_nested(100000), ERR_SYNTAX);
}

/* Whatever comes: a document that jansson takes as it stands has the same meaning, and
 * nothing else does harm. */
static void
test_dice(void **state)
{
	static const char *const words[] = {"{", "}", "[", "]", ",", ":", "\"", "\\",
	    "\\u", "d83d", "00", "\"s\"", "\"s\":", "1", "-", "9223372036854775808",
	    "1.5", "true", "\xef\xbb\xbf", "\xff", "\n", " ", "\xc3\xa9", "nul"};
	struct dice dice = {4};

	(void)state;
	for (size_t i = 0; i < 20000; i++) {
		struct buf b;
		json_t *strict;
		json_t *doc;

		buf_init(&b, 4096);
		for (int64_t n = dice_between(&dice, 0, 24); n > 0; n--)
			buf_add_text(&b, words[dice_next(&dice) % countof(words)]);
		strict = json_loadb(b.ptr == NULL ? "" : b.ptr, b.len, 0, NULL);
		check_case(i, json_lenient_parse(buf_span(&b), &doc) == OK ||
				  (doc == NULL && strict == NULL));
		json_decref(strict);
		json_decref(doc);
		buf_fini(&b);
	}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_a_number_keeps_its_digits),
	    cmocka_unit_test(test_what_is_odd_costs_nothing),
	    cmocka_unit_test(test_what_is_no_document),
	    cmocka_unit_test(test_depth),
	    cmocka_unit_test(test_dice),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
