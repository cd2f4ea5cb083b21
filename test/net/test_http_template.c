/* SPDX-License-Identifier: Apache-2.0 */
/* No value of a template can end the place where it stands; and JSON pointers. */
#include "net/http_template.h"

#include "base/json_pointer.h"
#include "unit/unit.h"

static const char *const names[] = {"to", "from", "text", NULL};

static enum err
parse(struct http_template *t, struct arena *a, enum http_template_sink sink,
    const char *text, char why[256])
{
	t->sink = sink;
	why[0] = '\0';
	return http_template_parse(t, a, text, names, why);
}

/* The template with `text` as the value of {{text}}; NULL when it was refused. */
static const char *
render(
    struct arena *a, enum http_template_sink sink, const char *template, struct span text)
{
	struct http_template t;
	struct span values[] = {SPAN("41793026727"), {NULL, 0}, text};
	struct buf out;
	char why[256];
	const char *result = NULL;

	assert_int_equal(parse(&t, a, sink, template, why), OK);
	buf_init(&out, 4096);
	if (http_template_put(&t, values, &out) == OK)
		result = arena_text(a, buf_span(&out));
	buf_fini(&out);
	return result;
}

static void
test_each_sink_escapes_its_own(void **state)
{
	static const struct {
		enum http_template_sink sink;
		const char *template;
		const char *text;
		const char *result; /* NULL: refused */
	} cases[] = {
	    {HTTP_TEMPLATE_SINK_URL, "/s?to={{to}}&f={{from}}&t={{text}}",
		"a&b=c d+e/é#\r\n",
		"/s?to=41793026727&f=&t=a%26b%3Dc%20d%2Be%2F%C3%A9%23%0D%0A"},
	    {HTTP_TEMPLATE_SINK_URL, "{{text}}", "-._~AZaz09", "-._~AZaz09"},
	    {HTTP_TEMPLATE_SINK_JSON, "{\"t\":\"{{text}}\"}", "\"},\\\n\t\x01 é€😀",
		"{\"t\":\"\\\"},\\\\\\u000a\\u0009\\u0001 é€😀\"}"},
	    {HTTP_TEMPLATE_SINK_XML, "<t a='{{text}}'/>", "<&>\"'\n",
		"<t a='&#60;&#38;&#62;&#34;&#39;&#10;'/>"},
	    {HTTP_TEMPLATE_SINK_XML, "{{text}}", "\x01", NULL},
	    {HTTP_TEMPLATE_SINK_HEADER, "X {{ text }}", "a: b", "X a: b"},
	    {HTTP_TEMPLATE_SINK_HEADER, "{{text}}", "a\r\nEvil: yes", NULL},
	    {HTTP_TEMPLATE_SINK_HEADER, "{{raw:text}}", "a\nEvil: yes", NULL},
	    {HTTP_TEMPLATE_SINK_HEADER, "{{text}}", "\x7f", NULL},
	    {HTTP_TEMPLATE_SINK_JSON, "\"{{text}}\"", "\xff", NULL},
	    {HTTP_TEMPLATE_SINK_XML, "{{text}}", "\xc3", NULL},
	    {HTTP_TEMPLATE_SINK_JSON, "{{raw:text}}", "\"", "\""},
	    {HTTP_TEMPLATE_SINK_URL, "a{{?text}}&t={{text}}{{/}}b", "1", "a&t=1b"},
	    {HTTP_TEMPLATE_SINK_URL, "a{{?text}}&t={{text}}{{/}}b", "", "ab"},
	    {HTTP_TEMPLATE_SINK_URL, "a{{?from}}&t={{text}}{{/}}b", "1", "ab"},
	    {HTTP_TEMPLATE_SINK_URL, "{{?to}}a{{?from}}b{{?to}}c{{/}}d{{/}}e{{/}}f", "1",
		"aef"},
	    {HTTP_TEMPLATE_SINK_URL, "{{?from}}a{{?to}}b{{/}}c{{/}}d", "1", "d"},
	    {HTTP_TEMPLATE_SINK_URL, "{{?from}}{{/}}{{?to}}{{?text}}x{{/}}{{/}}", "1",
		"x"},
	    {HTTP_TEMPLATE_SINK_PLAIN, "{{?text}}[{{raw:text}}]{{/}}", "1", "[1]"},
	    {HTTP_TEMPLATE_SINK_PLAIN, "{{raw:text}}", "a\"<&", "a\"<&"},
	    {HTTP_TEMPLATE_SINK_JSON, "{{text}}", "{{to}}", "{{to}}"}, /* only once */
	    {HTTP_TEMPLATE_SINK_URL, "nothing } { here", "x", "nothing } { here"},
	};
	struct arena a;

	(void)state;
	arena_init(&a);
	for (size_t i = 0; i < countof(cases); i++) {
		const char *result =
		    render(&a, cases[i].sink, cases[i].template, span_of(cases[i].text));

		if (cases[i].result == NULL)
			check_case(i, result == NULL);
		else
			check_case(
			    i, result != NULL && strcmp(result, cases[i].result) == 0);
	}
	arena_fini(&a);
}

static void
test_every_octet_is_read_back_from_json(void **state)
{
	struct arena a;

	(void)state;
	arena_init(&a);
	for (int c = 1; c < 128; c++) {
		char text[3] = {'a', (char)c, '\0'};
		const char *result =
		    render(&a, HTTP_TEMPLATE_SINK_JSON, "[\"{{text}}\"]", span_of(text));
		json_t *doc = json_loads(result, 0, NULL);

		check_case(c, doc != NULL);
		check_case(
		    c, strcmp(json_string_value(json_array_get(doc, 0)), text) == 0);
		json_decref(doc);
	}
	arena_fini(&a);
}

static void
test_a_faulty_template_is_named(void **state)
{
	static const struct {
		enum http_template_sink sink;
		const char *template;
		const char *why;
	} cases[] = {
	    {HTTP_TEMPLATE_SINK_URL, "{{pin}}", "there is no placeholder {{pin}}"},
	    {HTTP_TEMPLATE_SINK_URL, "{{}}", "there is no placeholder {{}}"},
	    {HTTP_TEMPLATE_SINK_URL, "{{raw:pin}}",
		"there is no placeholder {{raw:pin}}"},
	    {HTTP_TEMPLATE_SINK_URL, "a {{to", "{{ without }}"},
	    {HTTP_TEMPLATE_SINK_URL, "{{?pin}}{{/}}", "there is no placeholder {{?pin}}"},
	    {HTTP_TEMPLATE_SINK_URL, "{{?to}}a", "{{?...}} without {{/}}"},
	    {HTTP_TEMPLATE_SINK_URL, "a{{/}}", "{{/}} without {{?...}}"},
	    {HTTP_TEMPLATE_SINK_URL, "{{/}}a{{?to}}", "{{/}} without {{?...}}"},
	    {HTTP_TEMPLATE_SINK_PLAIN, "{{text}}",
		"nothing is escaped here: write {{raw:text}} where that is meant"},
	};
	struct http_template t;
	struct arena a;
	char why[256];

	(void)state;
	arena_init(&a);
	for (size_t i = 0; i < countof(cases); i++) {
		check_case(i,
		    parse(&t, &a, cases[i].sink, cases[i].template, why) == ERR_INVALID);
		assert_string_equal(why, cases[i].why);
	}
	assert_int_equal(
	    parse(&t, &a, HTTP_TEMPLATE_SINK_URL, "{{from}}{{text}}", why), OK);
	assert_int_equal(t.used, 6);
	arena_fini(&a);
}

/* The document and the answers of RFC 6901 section 5, and what must find nothing. */
static void
test_json_pointers(void **state)
{
	static const char text[] =
	    "{\"foo\":[\"bar\",\"baz\"],\"\":0,\"a/b\":1,\"c%d\":2,\"e^f\":3,\"g|h\":4,"
	    "\"i\\\\j\":5,\"k\\\"l\":6,\" \":7,\"m~n\":8}";
	static const struct {
		const char *pointer;
		const char *value; /* NULL: nothing, or no scalar */
	} cases[] = {
	    {"", NULL},
	    {"/foo", NULL},
	    {"/foo/0", "bar"},
	    {"/foo/1", "baz"},
	    {"/", "0"},
	    {"/a~1b", "1"},
	    {"/c%d", "2"},
	    {"/e^f", "3"},
	    {"/g|h", "4"},
	    {"/i\\j", "5"},
	    {"/k\"l", "6"},
	    {"/ ", "7"},
	    {"/m~0n", "8"},
	    {"/foo/2", NULL},
	    {"/foo/00", NULL},
	    {"/foo/-", NULL},
	    {"/foo/0/x", NULL},
	    {"/foo/99999999999999999999", NULL},
	    {"/bar", NULL},
	    {"/fo", NULL},
	    {"/m~n", NULL},
	    {"foo", NULL},
	};
	json_t *doc = json_loads(text, 0, NULL);
	char out[16];

	(void)state;
	assert_ptr_equal(json_pointer_find(doc, ""), doc);
	assert_true(json_is_array(json_pointer_find(doc, "/foo")));
	for (size_t i = 0; i < countof(cases); i++) {
		bool found = json_pointer_scalar_text(
		    json_pointer_find(doc, cases[i].pointer), out, sizeof(out));

		check_case(i, found == (cases[i].value != NULL));
		if (found)
			check_case(i, strcmp(out, cases[i].value) == 0);
	}
	assert_false(json_pointer_scalar_text(json_pointer_find(doc, "/foo/0"), out, 3));
	json_decref(doc);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_each_sink_escapes_its_own),
	    cmocka_unit_test(test_every_octet_is_read_back_from_json),
	    cmocka_unit_test(test_a_faulty_template_is_named),
	    cmocka_unit_test(test_json_pointers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
