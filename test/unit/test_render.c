/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Filling a template: one pass, the PIN first, and what nobody fills stays.
 */
#include "unit.h"

#include "twofa/render.h"

static const struct render_value values[] = {
    {"name", "Ada"},
    {"company", "{{name}}"},
    {"empty", ""},
    {"na", "short"},
    {"pin", "not the PIN"},
    {"name", "second"},
    {"loop", "{{loop}}{{pin}}"},
};

static void
test_table(void **state)
{
	static const struct {
		const char *text;
		const char *placeholder;
		const char *result;
	} cases[] = {
	    {"", NULL, ""},
	    {"no placeholder", NULL, "no placeholder"},
	    {"Your PIN is {{pin}}", NULL, "Your PIN is 1234"},
	    {"{{pin}}", "{{pin}}", "1234"},
	    {"{{pin}}{{pin}}", NULL, "12341234"},
	    {"<pin> {{pin}}", "<pin>", "1234 not the PIN"},
	    {"a%b", "%", "a1234b"},
	    {"{{name}}: {{pin}}", NULL, "Ada: 1234"},
	    {"{{na}} {{name}}", NULL, "short Ada"},
	    {"{{company}}", NULL, "{{name}}"},
	    {"{{loop}}", NULL, "{{loop}}{{pin}}"},
	    {"[{{empty}}]", NULL, "[]"},
	    {"{{unknown}} {{pin}}", NULL, "{{unknown}} 1234"},
	    {"{{Name}} {{ name }} {{}}", NULL, "{{Name}} {{ name }} {{}}"},
	    {"{{{name}}}", NULL, "{Ada}"},
	    {"{{{{name}}}}", NULL, "{{Ada}}"},
	    {"{{name", NULL, "{{name"},
	    {"{{name}", NULL, "{{name}"},
	    {"{name}}", NULL, "{name}}"},
	    {"{{", NULL, "{{"},
	    {"{", NULL, "{"},
	    {"{{pi{{pin}}n}}", NULL, "{{pi1234n}}"},
	    {"\xc3\xa9{{pin}}\xe2\x82\xac", NULL,
		"\xc3\xa9"
		"1234\xe2\x82\xac"},
	    {"{{name}} {{nam", "{{nam", "1234e}} 1234"},
	};

	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		const struct render_fill fill = {
		    {cases[i].placeholder, "1234"}, values, countof(values)};
		struct buf b;

		buf_init(&b, 1000);
		render_text(&b, span_of(cases[i].text), &fill);
		check_case(i, !b.failed);
		check_case(i, span_equal_text(buf_span(&b), cases[i].result));
		buf_fini(&b);
	}
}

static void
test_without_values(void **state)
{
	const struct render_fill fill = {.pin = {NULL, "1"}};
	struct buf b;

	(void)state;
	buf_init(&b, 1000);
	buf_add_text(&b, "before ");
	render_text(&b, SPAN("{{name}} {{pin}}"), &fill);
	assert_true(span_equal_text(buf_span(&b), "before {{name}} 1"));
	buf_fini(&b);
}

static void
test_the_ceiling_is_told(void **state)
{
	const struct render_fill fill = {.pin = {"{{pin}}", "12345"}};
	struct buf b;

	(void)state;
	buf_init(&b, 8);
	render_text(&b, SPAN("{{pin}}{{pin}}"), &fill);
	assert_true(b.failed);
	assert_true(b.len <= 8);
	buf_fini(&b);
}

static void
test_what_is_put_into_html_stays_text(void **state)
{
	static const struct render_value name = {"name", "<b title='a'>\"R&D\"</b>"};
	const struct render_fill fill = {{NULL, "1<2"}, &name, 1};
	struct buf b;

	(void)state;
	buf_init(&b, 1000);
	render_html(&b, SPAN("<p>{{name}} &amp; {{pin}}</p>"), &fill);
	assert_true(span_equal_text(buf_span(&b),
	    "<p>&lt;b title=&#39;a&#39;&gt;&quot;R&amp;D&quot;&lt;/b&gt; "
	    "&amp; 1&lt;2</p>"));
	buf_fini(&b);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_table),
	    cmocka_unit_test(test_without_values),
	    cmocka_unit_test(test_the_ceiling_is_told),
	    cmocka_unit_test(test_what_is_put_into_html_stays_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
