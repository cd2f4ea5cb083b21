/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading JSON by rows and writing it: types, bounds, paths, what is refused before
 * any row is looked at, and that what is written can be read.
 */
#include "unit.h"

#include <math.h>

#include "base/json.h"
#include "base/json_out.h"
#include "base/json_scalar.h"

struct thing {
	const char *name;
	const char *loose;
	struct opt_int number;
	struct opt_bool flag;
	struct opt_double rate;
	const char *inner;
	const char *nick;
	json_t *any;
};

#define AT(member) offsetof(struct thing, member)

static const struct json_row inner_rows[] = {
    {.name = "text", .kind = JSON_ROW_TEXT, .required = true, .offset = AT(inner)},
    {.name = NULL},
};

static const struct json_row rows[] = {
    {.name = "name", .required = true, .offset = AT(name), .min = 1, .max = 5},
    {.name = "nick", .offset = AT(nick), .min = 1},
    {.name = "loose", .offset = AT(loose)},
    {.name = "number", .kind = JSON_ROW_INT, .offset = AT(number), .min = 1, .max = 9},
    {.name = "flag", .kind = JSON_ROW_BOOL, .offset = AT(flag)},
    {.name = "rate", .kind = JSON_ROW_DOUBLE, .offset = AT(rate), .min = 0.5, .max = 2},
    {.name = "inner", .kind = JSON_ROW_OBJECT, .rows = inner_rows},
    {.name = "any", .kind = JSON_ROW_VALUE, .offset = AT(any)},
    {.name = NULL},
};

static const char long_name[] = "{\"name\":\"abcdef\"}";
static const char wide_name[] = "{\"name\":\"\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\"}";

static void
test_what_is_wrong(void **state)
{
	static const struct {
		const char *text;
		const char *field; /* the only fault; NULL: none */
	} cases[] = {
	    {"{\"name\":\"a\"}", NULL},
	    {wide_name, NULL},
	    {long_name, "name"},
	    {"{}", "name"},
	    {"{\"name\":null}", "name"},
	    {"{\"name\":\"\"}", "name"},
	    {"{\"name\":\" \\t\\n\"}", "name"},
	    {"{\"name\":1}", NULL},
	    {"{\"name\":[\"a\"]}", "name"},
	    {"[]", ""},
	    {"\"name\"", ""},
	    {"null", ""},
	    {"{\"name\":\"a\",\"unknown\":{\"x\":[1]}}", NULL},
	    {"{\"name\":\"a\",\"loose\":12}", NULL},
	    {"{\"name\":\"a\",\"loose\":1.5}", NULL},
	    {"{\"name\":\"a\",\"loose\":true}", NULL},
	    {"{\"name\":\"a\",\"number\":null}", NULL},
	    {"{\"name\":\"a\",\"number\":9}", NULL},
	    {"{\"name\":\"a\",\"number\":10}", "number"},
	    {"{\"name\":\"a\",\"number\":0}", "number"},
	    {"{\"name\":\"a\",\"number\":\"5\"}", NULL},
	    {"{\"name\":\"a\",\"number\":5.0}", NULL},
	    {"{\"name\":\"a\",\"number\":5.5}", NULL},
	    {"{\"name\":\"a\",\"number\":1e300}", "number"},
	    {"{\"name\":\"a\",\"nick\":\"b\"}", NULL},
	    {"{\"name\":\"a\",\"nick\":\" \"}", "nick"},
	    {"{\"name\":\"a\",\"nick\":\"\"}", "nick"},
	    {"{\"name\":\"a\",\"loose\":\" \"}", NULL},
	    {"{\"name\":\"a\",\"flag\":\"TRUE\"}", NULL},
	    {"{\"name\":\"a\",\"flag\":\"yes\"}", "flag"},
	    {"{\"name\":\"a\",\"flag\":1}", NULL},
	    {"{\"name\":\"a\",\"rate\":2}", NULL},
	    {"{\"name\":\"a\",\"rate\":2.01}", "rate"},
	    {"{\"name\":\"a\",\"rate\":\"1\"}", NULL},
	    {"{\"name\":\"a\",\"inner\":null}", NULL},
	    {"{\"name\":\"a\",\"inner\":\"x\"}", "inner"},
	    {"{\"name\":\"a\",\"inner\":[]}", "inner.text"},
	    {"{\"name\":\"a\",\"inner\":{}}", "inner.text"},
	    {"{\"name\":\"a\",\"inner\":{\"text\":7}}", NULL},
	};

	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		struct thing out = {.name = NULL};
		struct arena a;
		struct fail f;
		json_t *doc;
		enum err e;

		arena_init(&a);
		fail_init(&f, &a);
		check_case(i, json_parse(span_of(cases[i].text), &f, &doc) == OK);
		e = json_read(doc, rows, &f, &out);
		check_case(i, e == (cases[i].field == NULL ? OK : ERR_INVALID));
		check_case(i, f.count == (cases[i].field == NULL ? 0 : 1));
		if (f.count > 0)
			check_case(i, strcmp(f.items[0].field, cases[i].field) == 0);
		json_decref(doc);
		arena_fini(&a);
	}
}

static void
test_every_kind_is_read(void **state)
{
	static const char text[] =
	    "{\"name\":\"a\",\"loose\":-12,\"number\":3,\"flag\":\"False\","
	    "\"rate\":1,\"inner\":{\"text\":\"b\"},\"any\":[1,2]}";
	struct thing out = {.name = NULL};
	struct arena a;
	struct fail f;
	json_t *doc;

	(void)state;
	arena_init(&a);
	fail_init(&f, &a);
	assert_int_equal(json_parse(span_of(text), &f, &doc), OK);
	assert_int_equal(json_read(doc, rows, &f, &out), OK);
	assert_int_equal(json_array_size(out.any), 2);
	json_decref(doc);
	/* Texts outlive the document. */
	assert_string_equal(out.name, "a");
	assert_string_equal(out.loose, "-12");
	assert_string_equal(out.inner, "b");
	assert_true(out.number.set && out.number.value == 3);
	assert_true(out.flag.set && !out.flag.value);
	assert_true(out.rate.set && out.rate.value == 1.0);
	arena_fini(&a);
}

static void
test_absent_stays_unset(void **state)
{
	struct thing out = {.name = NULL};
	struct arena a;
	struct fail f;
	json_t *doc;

	(void)state;
	arena_init(&a);
	fail_init(&f, &a);
	assert_int_equal(
	    json_parse(SPAN("{\"name\":\"a\",\"flag\":null}"), &f, &doc), OK);
	assert_int_equal(json_read(doc, rows, &f, &out), OK);
	assert_false(out.number.set || out.flag.set || out.rate.set);
	assert_null(out.loose);
	assert_null(out.any);
	json_decref(doc);
	arena_fini(&a);
}

/* A text that says nothing counts as absent where it may, and is refused where a value
 * must be. */
static void
test_what_says_nothing_is_no_value_where_one_must_be(void **state)
{
	static const char *const texts[] = {"{}", "{\"n\":null}", "{\"n\":\"\"}",
	    "{\"n\":\"null\"}", "{\"n\":\" null \"}"};
	static const enum json_kind kinds[] = {
	    JSON_ROW_INT, JSON_ROW_BOOL, JSON_ROW_DOUBLE};
	union {
		struct opt_int n;
		struct opt_bool flag;
		struct opt_double number;
	} out;
	struct arena a;
	struct fail f;
	json_t *doc;

	(void)state;
	for (size_t i = 0; i < countof(texts) * countof(kinds); i++) {
		const struct json_row needed[] = {
		    {.name = "n", .required = true, .kind = kinds[i % countof(kinds)]},
		    {.name = NULL}};

		arena_init(&a);
		fail_init(&f, &a);
		assert_int_equal(
		    json_parse(span_of(texts[i / countof(kinds)]), &f, &doc), OK);
		check_case(i, json_read(doc, needed, &f, &out) == ERR_INVALID);
		check_case(i, f.count == 1 && fail_names(&f, "n"));
		json_decref(doc);
		arena_fini(&a);
	}
}

static void
test_every_fault_is_named(void **state)
{
	struct thing out = {.name = NULL};
	struct arena a;
	struct fail f;
	json_t *doc;

	(void)state;
	arena_init(&a);
	fail_init(&f, &a);
	assert_int_equal(
	    json_parse(SPAN("{\"number\":0,\"flag\":\"yes\",\"inner\":{}}"), &f, &doc),
	    OK);
	assert_int_equal(json_read(doc, rows, &f, &out), ERR_INVALID);
	assert_int_equal(f.count, 4);
	assert_string_equal(f.items[0].field, "name");
	assert_string_equal(f.items[3].field, "inner.text");
	json_decref(doc);
	arena_fini(&a);
}

static void
test_what_is_no_json(void **state)
{
	static const struct {
		struct span text;
		const char *position; /* in the reason */
	} cases[] = {
	    {{"", 0}, "line 1"},
	    {{"{", 1}, "line 1, column 1"},
	    {{"{\n \"a\":\n x}", 11}, "line 3, column 2"},
	    {{"{\"a\":1,\"a\":2}", 13}, "line 1"},
	    {{"{\"a\":\"\xff\"}", 9}, "line 1"},
	    {{"{\"a\":\"\xed\xa0\x80\"}", 11}, "line 1"},
	    {{"{\"a\":\"\\u0000\"}", 14}, "line 1"},
	    {{"{\"a\":\"\\ud800\"}", 14}, "line 1"},
	    {{"{\"a\":\"\0\"}", 9}, "line 1"},
	    {{"{\"a\":1}x", 8}, "line 1"},
	    {{"{\"a\":1} {}", 10}, "line 1"},
	    {{"{\"a\":01}", 8}, "line 1"},
	    {{"{\"a\":NaN}", 9}, "line 1"},
	    {{"{\"a\":1,}", 8}, "line 1"},
	    {{"{'a':1}", 7}, "line 1"},
	    {{"\xef\xbb\xbf{}", 5}, "line 1"},
	};

	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		struct arena a;
		struct fail f;
		json_t *doc;

		arena_init(&a);
		fail_init(&f, &a);
		check_case(i, json_parse(cases[i].text, &f, &doc) == ERR_SYNTAX);
		check_case(i, doc == NULL && f.count == 1);
		check_case(i, strstr(f.items[0].reason, cases[i].position) != NULL);
		arena_fini(&a);
	}
}

static void
test_scalars_in_the_type_that_is_wanted(void **state)
{
	static const struct {
		const char *json;
		const char *text; /* NULL: no text */
		int is_flag;      /* -1: no truth value */
		bool is_int;
		int64_t number;
		bool is_double;
		double real;
	} cases[] = {
	    {"\"5\"", "5", -1, true, 5, true, 5},
	    {"\" +5 \"", " +5 ", -1, true, 5, true, 5},
	    {"\"-5\"", "-5", -1, true, -5, true, -5},
	    {"\"5.5\"", "5.5", -1, false, 0, true, 5.5},
	    {"\"5x\"", "5x", -1, false, 0, false, 0},
	    {"\"1e400\"", "1e400", -1, false, 0, false, 0},
	    {"\"0x10\"", "0x10", -1, false, 0, false, 0},
	    {"5.9", "5.9", -1, true, 5, true, 5.9},
	    {"-5.9", "-5.9", -1, true, -5, true, -5.9},
	    {"4.0", "4", -1, true, 4, true, 4},
	    {"1e300", "1e+300", -1, false, 0, true, 1e300},
	    {"0.1", "0.1", -1, true, 0, true, 0.1},
	    {"0", "0", 0, true, 0, true, 0},
	    {"1", "1", 1, true, 1, true, 1},
	    {"\"1\"", "1", -1, true, 1, true, 1},
	    {"true", "true", 1, false, 0, false, 0},
	    {"false", "false", 0, false, 0, false, 0},
	    {"\"True\"", "True", 1, false, 0, false, 0},
	    {"\" false\"", " false", 0, false, 0, false, 0},
	    {"9223372036854775807", "9223372036854775807", 1, true, INT64_MAX, true,
		9223372036854775807.0},
	    {"9223372036854775808", "9223372036854775808", -1, false, 0, true,
		9223372036854775808.0},
	    {"-9223372036854775809", "-9223372036854775809", -1, false, 0, true,
		-9223372036854775809.0},
	    {"null", NULL, -1, false, 0, false, 0},
	    {"[]", NULL, -1, false, 0, false, 0},
	    {"{}", NULL, -1, false, 0, false, 0},
	    {"[\"5\"]", NULL, -1, false, 0, false, 0},
	};

	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		struct arena a;
		struct fail f;
		json_t *doc;
		const char *text;
		int64_t number;
		double real;
		bool flag;

		arena_init(&a);
		fail_init(&f, &a);
		check_case(i, json_parse(span_of(cases[i].json), &f, &doc) == OK);
		text = json_scalar_as_text(doc, &a);
		check_case(i, (text == NULL) == (cases[i].text == NULL));
		check_case(i, text == NULL || strcmp(text, cases[i].text) == 0);
		check_case(i, json_scalar_as_bool(doc, &flag) == (cases[i].is_flag >= 0));
		check_case(i, cases[i].is_flag < 0 || flag == (cases[i].is_flag == 1));
		check_case(i, json_scalar_as_int(doc, &number) == cases[i].is_int);
		check_case(i, !cases[i].is_int || number == cases[i].number);
		check_case(i, json_scalar_as_double(doc, &real) == cases[i].is_double);
		check_case(i, !cases[i].is_double || real == cases[i].real);
		json_decref(doc);
		arena_fini(&a);
	}
}

static void
test_numbers_that_no_type_holds(void **state)
{
	static const struct {
		const char *json;
		const char *quoted;
	} cases[] = {
	    {"{\"a\":12345678901234567890}", "{\"a\":\"12345678901234567890\"}"},
	    {"[-12345678901234567890,1]", "[\"-12345678901234567890\",1]"},
	    {"[1e999]", "[\"1e999\"]"},
	    {"[1E+999 ,2.5]", "[\"1E+999\" ,2.5]"},
	    {"\"12345678901234567890\"", "\"12345678901234567890\""},
	    {"\"\\\"12345678901234567890\"", "\"\\\"12345678901234567890\""},
	    {"123456789012345678", "123456789012345678"},
	    /* what is no number stays as it is, for the parser to refuse */
	    {"{12345678901234567890:1}", "{12345678901234567890:1}"},
	    {"{12345678901234567890 :1}", "{12345678901234567890 :1}"},
	    {"01234567890123456789", "01234567890123456789"},
	    {"12345678901234567890.", "12345678901234567890."},
	    {"1e", "1e"},
	    {"-", "-"},
	    {"\"open", "\"open"},
	    {"\"\\", "\"\\"},
	};

	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		struct buf out;

		buf_init(&out, 200);
		json_scalar_quote_large(span_of(cases[i].json), &out);
		check_case(i, span_equal_text(buf_span(&out), cases[i].quoted));
		buf_fini(&out);
	}
}

static enum err
parse_nested(unsigned depth, const char *inside)
{
	struct arena a;
	struct fail f;
	struct buf b;
	json_t *doc;
	enum err e;

	arena_init(&a);
	fail_init(&f, &a);
	buf_init(&b, 100000);
	for (unsigned i = 0; i < depth; i++)
		buf_add_text(&b, i % 2 == 0 ? "[" : "{\"a\":");
	buf_add_text(&b, inside);
	for (unsigned i = depth; i-- > 0;)
		buf_add_text(&b, i % 2 == 0 ? "]" : "}");
	e = json_parse(buf_span(&b), &f, &doc);
	json_decref(doc);
	buf_fini(&b);
	arena_fini(&a);
	return e;
}

static void
test_depth(void **state)
{
	(void)state;
	assert_int_equal(parse_nested(JSON_DEPTH_MAX, "1"), OK);
	assert_int_equal(parse_nested(JSON_DEPTH_MAX + 1, "1"), ERR_SYNTAX);
	assert_int_equal(parse_nested(10000, "1"), ERR_SYNTAX);
	/* Brackets in a text are no depth, whatever is escaped around them. */
	assert_int_equal(parse_nested(JSON_DEPTH_MAX, "\"[[{{\\\"[[\\\\\""), OK);
	/* Many one beside the other are not deep. */
	assert_int_equal(
	    parse_nested(1, "[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[]"), OK);
}

static void
test_written_json(void **state)
{
	struct json_out o;
	struct buf b;

	(void)state;
	buf_init(&b, 1000);
	json_out_init(&o, &b);
	json_out_object(&o, NULL);
	json_out_text(&o, "t", "a\"\\\n\x01\xc3\xa9");
	json_out_text(&o, "absent", NULL);
	json_out_span(&o, "broken", SPAN("x\xffy"));
	json_out_int(&o, "least", INT64_MIN);
	json_out_bool(&o, "b", true);
	json_out_array(&o, "list");
	json_out_double(&o, NULL, 1);
	json_out_double(&o, NULL, 0.1);
	json_out_object(&o, NULL);
	json_out_end(&o);
	json_out_end(&o);
	json_out_end(&o);
	assert_true(span_equal_text(buf_span(&b),
	    "{\"t\":\"a\\\"\\\\\\n\\u0001\xc3\xa9\",\"broken\":\"x\xef\xbf\xbdy\","
	    "\"least\":-9223372036854775808,\"b\":true,\"list\":[1.0,0.1,{}]}"));
	buf_fini(&b);
}

/* Any octets as a text, and any double, come back as JSON. */
static void
test_written_is_read(void **state)
{
	struct dice dice = {9};

	(void)state;
	for (size_t i = 0; i < 3000; i++) {
		double number = ldexp((double)(int64_t)dice_next(&dice),
		    (int)dice_between(&dice, -200, 200));
		char text[24];
		struct json_out o;
		struct buf b;
		json_t *doc;

		for (size_t j = 0; j < sizeof(text); j++)
			text[j] = (char)dice_next(&dice);
		buf_init(&b, 10000);
		json_out_init(&o, &b);
		json_out_array(&o, NULL);
		json_out_span(&o, NULL, (struct span){text, sizeof(text)});
		json_out_double(&o, NULL, number);
		json_out_end(&o);
		doc = json_loadb(b.ptr, b.len, JSON_ALLOW_NUL, NULL);
		check_case(i, doc != NULL);
		check_case(i, json_real_value(json_array_get(doc, 1)) == number);
		json_decref(doc);
		buf_fini(&b);
	}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_what_is_wrong),
	    cmocka_unit_test(test_every_kind_is_read),
	    cmocka_unit_test(test_absent_stays_unset),
	    cmocka_unit_test(test_what_says_nothing_is_no_value_where_one_must_be),
	    cmocka_unit_test(test_every_fault_is_named),
	    cmocka_unit_test(test_what_is_no_json),
	    cmocka_unit_test(test_scalars_in_the_type_that_is_wanted),
	    cmocka_unit_test(test_numbers_that_no_type_holds),
	    cmocka_unit_test(test_depth),
	    cmocka_unit_test(test_written_json),
	    cmocka_unit_test(test_written_is_read),
	};

	json_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
