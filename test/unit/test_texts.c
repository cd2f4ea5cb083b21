/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Texts that fit: which language a message has, what replaces a character that GSM 7 bit
 * has not, the lines for autofill, and what a text costs.
 */
#include "unit.h"

#include <stdio.h>

#include "base/utf8.h"
#include "twofa/country.h"
#include "twofa/language.h"
#include "twofa/template_variant.h"
#include "twofa/text_lint.h"
#include "twofa/ucs2_value.h"

/* ---- languages ---- */

static void
test_locales(void **state)
{
	static const struct {
		const char *locale;
		const char *strict;
		const char *near;
	} cases[] = {{"de", "de", "de"}, {"DE", "de", "de"}, {"de-CH", NULL, "de"},
	    {"de_ch_1996", NULL, "de"}, {"pt", NULL, "pt_pt"},
	    {"pt-BR", "pt_br", "pt_br"}, {"pt_AO", NULL, "pt_pt"}, {"zh", NULL, "zh_cn"},
	    {"zh-TW", "zh_tw", "zh_tw"}, {"zh-Hant-HK", NULL, "zh_tw"},
	    {"zh-Hans", NULL, "zh_cn"}, {"zh-HK", NULL, "zh_tw"}, {"nb", NULL, "no"},
	    {"nn-NO", NULL, "no"}, {"deu", NULL, NULL}, {"d", NULL, NULL},
	    {"", NULL, NULL}, {"-de", NULL, NULL}, {"en_US.UTF-8", NULL, "en"},
	    {"klingon", NULL, NULL},
	    {"en-a-very-long-tag-that-goes-on-and-on", NULL, NULL}};

	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		const char *strict = language_find(cases[i].locale);
		const char *near = language_of_locale(cases[i].locale);

		check_case(i, (strict == NULL) == (cases[i].strict == NULL));
		check_case(i, (near == NULL) == (cases[i].near == NULL));
		check_case(i, strict == NULL || strcmp(strict, cases[i].strict) == 0);
		check_case(i, near == NULL || strcmp(near, cases[i].near) == 0);
	}
}

/* Rows of a table that nobody reads twice. */
static void
test_countries_have_languages_that_exist(void **state)
{
	static const struct {
		const char *country;
		const char *languages;
	} rows[] = {
#define LANGUAGES(country, languages) {country, languages},
#include "twofa/language.def"
#undef LANGUAGES
	};

	(void)state;
	for (size_t i = 0; i < countof(rows); i++) {
		char copy[64];
		char *save;

		check_case(i, country_find(span_of(rows[i].country)) != NULL);
		check_case(i, i == 0 || strcmp(rows[i - 1].country, rows[i].country) < 0);
		snprintf(copy, sizeof(copy), "%s", rows[i].languages);
		for (char *one = strtok_r(copy, " ", &save); one != NULL;
		     one = strtok_r(NULL, " ", &save)) {
			const char *found = language_find(one);

			check_case(i, found != NULL && strcmp(found, one) == 0);
		}
	}
	assert_null(language_of_country("XX"));
	assert_string_equal(language_of_country("CH"), "de fr it");
}

/* ---- variants ---- */

static const struct template_variant three[] = {{"fr", "F {{pin}}", "Celine", NULL},
    {"de", "D {{pin}}", NULL, "1107"}, {"nl", "N {{pin}}", NULL, NULL}};
static const struct template_variants all = {three, countof(three)};

static void
test_the_variant_for_a_message(void **state)
{
	static const struct {
		const char *own;
		const char *asked;
		const char *number;
		const char *language; /* NULL: the template's own text */
	} cases[] = {{NULL, NULL, "41791000000", "de"}, {"it", NULL, "41791000000", "de"},
	    {"de", NULL, "41791000000", "de"}, {NULL, "fr", "41791000000", "fr"},
	    {"en", "en", "41791000000", NULL}, {NULL, "en", "41791000000", "de"},
	    {NULL, NULL, "32470000000", "nl"}, {"es", NULL, "37612345", NULL},
	    {"ca", NULL, "37612345", NULL}, {NULL, NULL, "37612345", "fr"},
	    {"en", NULL, "15145550000", NULL}, {NULL, NULL, "15145550000", "fr"},
	    {"en", NULL, "12025550000", NULL}, {NULL, NULL, "81901234567", NULL},
	    {NULL, NULL, NULL, NULL}, {NULL, "nl", NULL, "nl"},
	    {NULL, NULL, "88216000000", NULL}, {NULL, NULL, "999", NULL}};

	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		const struct template_variant *v = template_variant_choose(
		    &all, cases[i].own, cases[i].asked, cases[i].number);

		check_case(i, (v == NULL) == (cases[i].language == NULL));
		check_case(i, v == NULL || strcmp(v->language, cases[i].language) == 0);
	}
}

static void
test_variants_are_read_as_they_were_written(void **state)
{
	static const char *const damaged[] = {"", "{", "[]", "7", "null x", "{\"de\":1}",
	    "{\"xx\":{\"messageText\":\"x\"}}", "{\"de\":{}}",
	    "{\"de\":{\"messageText\":\"\"}}", "{\"de\":{\"messageText\":7.5}",
	    "{\"de\":{\"messageText\":\"x\"},\"de\":{\"messageText\":\"x\"}}",
	    "{\"de\":{\"messageText\":\"x\"},\"DE\":{\"messageText\":\"x\"}}"};
	struct template_variants read;
	struct arena a;
	const char *text;

	(void)state;
	arena_init(&a);
	text = template_variant_save(&all, &a);
	assert_int_equal(template_variant_load(text, &a, &read), OK);
	assert_int_equal(read.count, all.count);
	for (size_t i = 0; i < read.count; i++) {
		assert_string_equal(read.items[i].language, three[i].language);
		assert_string_equal(read.items[i].text, three[i].text);
	}
	assert_string_equal(read.items[0].voice_name, "Celine");
	assert_string_equal(read.items[1].dlt_template, "1107");
	assert_null(read.items[2].voice_name);
	assert_null(template_variant_save(&(struct template_variants){NULL, 0}, &a));
	for (size_t i = 0; i < countof(damaged); i++) {
		check_case(
		    i, template_variant_load(damaged[i], &a, &read) == ERR_CORRUPT);
		check_case(i, read.count == 0);
	}
	arena_fini(&a);
}

/* A call in another language has no voice of the template's language. */
static void
test_a_variant_takes_its_place(void **state)
{
	struct content call = {.channel = CHANNEL_VOICE,
	    .voice = {.text = {"own", 3}, .language = "en", .voice_name = "Joanna"}};
	struct content sms = {
	    .channel = CHANNEL_SMS, .sms = {.text = {"own", 3}, .dlt_template = "1"}};
	struct arena a;

	(void)state;
	arena_init(&a);
	template_variant_take(&three[1], &call, &a);
	assert_true(span_equal_text(call.voice.text, "D {{pin}}"));
	assert_string_equal(call.voice.language, "de");
	assert_null(call.voice.voice_name);
	template_variant_take(&three[2], &sms, &a);
	assert_true(span_equal_text(sms.sms.text, "N {{pin}}"));
	assert_string_equal(sms.sms.dlt_template, "1");
	template_variant_take(&three[1], &sms, &a);
	assert_string_equal(sms.sms.dlt_template, "1107");
	arena_fini(&a);
}

/* ---- GSM 7 bit ---- */

static void
test_equals_need_no_ucs2(void **state)
{
	static const uint32_t characters[] = {
#define EQUAL(character, equal) character,
#include "twofa/sms_equal.def"
#undef EQUAL
	};

	(void)state;
	for (size_t i = 0; i < countof(characters); i++) {
		const char *equal = sms_equal_of(characters[i]);
		size_t len;

		check_case(i, equal != NULL);
		check_case(i, sms_text_units(SMS_GSM7, characters[i]) == 0);
		check_case(i, sms_text_len(SMS_GSM7, span_of(equal), &len) == OK);
		for (size_t k = 0; k < i; k++)
			check_case(i, characters[k] != characters[i]);
	}
	assert_null(sms_equal_of(0xeb));
	assert_null(sms_equal_of('a'));
}

static void
test_all_is_replaced_or_nothing(void **state)
{
	static const struct {
		const char *text;
		const char *replaced; /* NULL: it stays */
	} cases[] = {{"plain", NULL}, {"", NULL}, {"\xe2\x80\x9cx\xe2\x80\x9d", "\"x\""},
	    {"it\xe2\x80\x99s 5\xe2\x80\x93"
	     "6\xe2\x80\xa6",
		"it's 5-6..."},
	    {"5\xc2\xa0\xe2\x82\xac", "5 \xe2\x82\xac"}, {"e\xcc\x81", "\xc3\xa9"},
	    {"e\xcc\x82", NULL}, {"Zo\xc3\xab \xe2\x80\x99", NULL},
	    {"\xd0\x94\xe2\x80\x94", NULL}, {"\xf0\x9f\x98\x80\xe2\x80\xa6", NULL},
	    {"a\xe2\x80\x8b"
	     "b",
		"ab"},
	    {"\xe2\x80\x9c\xff", NULL}, {"C\xcc\xa7 \xc2\xab", "\xc3\x87 \""},
	    {"\xcc\x81", NULL}, {"\xe2\x80\xaf", " "}};

	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		struct buf out;
		bool replaced;

		buf_init(&out, 100);
		buf_add_text(&out, "before ");
		buf_add_text(&out, cases[i].text);
		replaced = sms_equal_replace(SMS_GSM7, &out, 7);
		check_case(i, replaced == (cases[i].replaced != NULL));
		check_case(i, memcmp(out.ptr, "before ", 7) == 0);
		check_case(i, span_equal_text((struct span){out.ptr + 7, out.len - 7},
				  replaced ? cases[i].replaced : cases[i].text));
		buf_fini(&out);
	}
}

static void
test_the_placeholder_that_needs_ucs2(void **state)
{
	struct ucs2_value found;
	struct arena a;

	(void)state;
	arena_init(&a);
	found = ucs2_value_find(
	    span_of("{\"a\":\"caf\xc3\xa9\",\"b\":\"x\xe2\x80\x99\"}"), &a);
	assert_string_equal(found.name, "b");
	assert_int_equal(found.character, 0x2019);
	assert_int_equal(found.at, 1);
	assert_null(ucs2_value_find(span_of("{\"a\":\"x\"}"), &a).name);
	assert_null(ucs2_value_find((struct span){NULL, 0}, &a).name);
	assert_null(ucs2_value_find(span_of("{\"a\":"), &a).name);
	arena_fini(&a);
}

/* ---- autofill ---- */

static void
test_domains_and_hashes(void **state)
{
	static const struct {
		const char *text;
		bool domain;
		bool hash;
	} cases[] = {{"example.com", true, false}, {"a.b", true, false},
	    {"xn--bcher-kva.example", true, false}, {"1.2.3.4", true, false},
	    {"", false, false}, {".", false, false}, {".com", false, false},
	    {"com", false, false}, {"a.", false, false}, {"a..b", false, false},
	    {"-a.b", false, false}, {"a-.b", false, false}, {"A.b", false, false},
	    {"a_b.c", false, false}, {"a.b/c", false, false}, {"a.b\n", false, false},
	    {"b\xc3\xbc"
	     "cher.de",
		false, false},
	    {"FA+9qCX9VSu", false, true}, {"FA+9qCX9VS", false, false},
	    {"FA+9qCX9VSuu", false, false}, {"FA+9qCX9VS=", false, false},
	    {"FA+9 CX9VSu", false, false}, {"FA/9qCX9VSu", false, true}};

	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		check_case(i, sms_autofill_is_domain(cases[i].text) == cases[i].domain);
		check_case(i, sms_autofill_is_hash(cases[i].text) == cases[i].hash);
	}
}

/* ---- lint ---- */

static void
test_a_pin_may_be_cut_and_is_told_so(void **state)
{
	char text[200];
	struct text_lint_ask ask = {.pin_length = 6, .other = ""};
	struct text_lint found;
	struct arena a;

	(void)state;
	memset(text, 'x', sizeof(text));
	memcpy(text + 150, "{{pin}}", 7);
	ask.message.text = (struct span){text, sizeof(text)};
	arena_init(&a);
	assert_int_equal(text_lint(&ask, &a, &found), OK);
	assert_int_equal(found.parts, 2);
	assert_true(found.pin.found && !found.pin.whole);
	assert_int_equal(found.pin.part, 1);
	assert_int_equal(found.pin.at, 150);
	ask.message.text.len = 157;
	assert_int_equal(text_lint(&ask, &a, &found), OK);
	assert_true(found.parts == 1 && found.pin.whole);
	arena_fini(&a);
}

static void
test_names_in_a_text(void **state)
{
	static const struct render_value given[] = {{"a", "1"}};
	const struct text_lint_ask ask = {
	    .message.text = span_of("{{a}}{{b}} {{{{c}} {{}} {{pin}} {{code}} {{b}} {{d"),
	    .placeholder = "{{code}}",
	    .pin_length = 4,
	    .values = given,
	    .count = 1,
	    .other = "zz"};
	struct text_lint found;
	struct arena a;

	(void)state;
	arena_init(&a);
	assert_int_equal(text_lint(&ask, &a, &found), OK);
	assert_int_equal(found.unknown_count, 2);
	assert_string_equal(found.unknown[0], "b");
	assert_string_equal(found.unknown[1], "c");
	/* "1zz {{zz {{}} {{pin}} 0000 zz {{d" */
	assert_int_equal(found.characters, 33);
	assert_int_equal(found.pin.at, 22);
	arena_fini(&a);
}

static void
test_what_cannot_be_sent_has_no_cost(void **state)
{
	static char long_value[1001];
	const struct render_value given[] = {{"a", long_value}};
	struct text_lint_ask ask = {
	    .message.text = span_of("{{a}}{{a}}{{a}}{{a}}{{a}}{{a}}{{a}}{{a}}{{a}}{{a}}"
				    "{{a}}{{a}}{{a}}{{a}}{{a}}{{a}}{{a}}{{a}}{{a}}{{a}}"),
	    .pin_length = 4,
	    .values = given,
	    .count = 1,
	    .other = ""};
	struct text_lint found;
	struct arena a;

	(void)state;
	memset(long_value, 'x', sizeof(long_value) - 1);
	arena_init(&a);
	assert_int_equal(text_lint(&ask, &a, &found), ERR_TOO_LARGE);
	ask.message.text = span_of("\xff {{pin}}");
	assert_int_equal(text_lint(&ask, &a, &found), ERR_SYNTAX);
	arena_fini(&a);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_locales),
	    cmocka_unit_test(test_countries_have_languages_that_exist),
	    cmocka_unit_test(test_the_variant_for_a_message),
	    cmocka_unit_test(test_variants_are_read_as_they_were_written),
	    cmocka_unit_test(test_a_variant_takes_its_place),
	    cmocka_unit_test(test_equals_need_no_ucs2),
	    cmocka_unit_test(test_all_is_replaced_or_nothing),
	    cmocka_unit_test(test_the_placeholder_that_needs_ucs2),
	    cmocka_unit_test(test_domains_and_hashes),
	    cmocka_unit_test(test_a_pin_may_be_cut_and_is_told_so),
	    cmocka_unit_test(test_names_in_a_text),
	    cmocka_unit_test(test_what_cannot_be_sent_has_no_cost),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
