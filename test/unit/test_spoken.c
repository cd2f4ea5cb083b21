/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The phrases of a call, written out: text as it stands, text with something of the
 * person in (brackets), each symbol as <x>, pauses left out.
 */
#include "unit.h"

#include "twofa/spoken.h"

static const struct render_value values[] = {{"name", "Ada. Lovelace"}, {"shop", "X"}};

static void
render(struct content *to, struct buf *out, const char *text, const char *pin)
{
	struct content from = {
	    .channel = CHANNEL_VOICE, .voice = {.text = span_of(text)}};
	struct render_fill fill = {{NULL, pin}, values, countof(values)};

	buf_init(out, channel_row(CHANNEL_VOICE)->text_len_max);
	assert_int_equal(content_render(to, &from, &fill, out), OK);
}

static void
write_phrase(struct buf *out, const struct spoken_phrase *p)
{
	static const char *const marks[] = {
	    [SPOKEN_TEXT] = "||", [SPOKEN_PERSONAL] = "()", [SPOKEN_SYMBOL] = "<>"};

	buf_add(out, &marks[p->kind][0], 1);
	buf_add(out, p->text.ptr, p->text.len);
	buf_add(out, &marks[p->kind][1], 1);
}

static void
test_phrases_in_their_order(void **state)
{
	static const struct {
		const char *text;
		const char *pin;
		const char *round;
		size_t pin_end;
		size_t rounds;
	} cases[] = {
	    {"Your code is {{pin}}", "1207", "|Your code is|<1><2><0><7>", 5, 2},
	    {"{{pin}}", "aZ9", "<a><z><9>", 3, 2},
	    /* in the middle, and again where the text says so */
	    {"Use {{pin}}. Keep it.", "12", "|Use|<1><2>|Keep it.|", 3, 2},
	    {"{{pin}}! Again: {{pin}}.", "12", "<1><2>|Again:|<1><2>", 2, 1},
	    {"{{pin}}{{pin}}{{pin}}", "1", "<1><1><1>", 1, 1},
	    /* without it */
	    {"Hello. Bye", "12", "|Hello.||Bye|", 0, 1},
	    {"v1.5 is {{pin}}", "1", "|v1.5 is|<1>", 2, 2},
	    /* what a send brought is in the sentence around it, and in no other */
	    {"Hi {{name}}! Code: {{pin}}", "1", "(Hi Ada.)(Lovelace!)|Code:|<1>", 4, 2},
	    {"At {{shop}} now. So {{pin}} for {{shop}}", "1", "(At X now.)|So|<1>(for X)",
		3, 2},
	    /* nobody filled it */
	    {"Hi {{who}} {{pin}}", "1", "|Hi {{who}}|<1>", 2, 2},
	    {"\xe4\xbd\xa0\xe5\xa5\xbd\xe3\x80\x82\xe7\xa0\x81 {{pin}}", "1",
		"|\xe4\xbd\xa0\xe5\xa5\xbd\xe3\x80\x82||\xe7\xa0\x81|<1>", 3, 2},
	};

	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		struct spoken s;
		struct content c;
		struct arena a;
		struct buf octets;
		struct buf out;

		arena_init(&a);
		buf_init(&out, 1000);
		render(&c, &octets, cases[i].text, cases[i].pin);
		check_case(i, spoken_read(&c.voice, &a, &s) == OK);
		for (size_t k = 0; k < s.round; k++)
			write_phrase(&out, &s.phrases[k]);
		buf_add_char(&out, '\0');
		assert_string_equal(out.ptr, cases[i].round);
		check_case(i, s.pin_end == cases[i].pin_end);
		check_case(i, s.count == s.round * cases[i].rounds);
		for (size_t k = s.round; k < s.count; k++)
			check_case(i,
			    span_equal(s.phrases[k].text, s.phrases[k - s.round].text));
		buf_fini(&out);
		buf_fini(&octets);
		arena_fini(&a);
	}
}

/* Where the silence is longer, a group ends. */
static void
write_groups(struct buf *out, const char *pin)
{
	struct spoken s;
	struct content c;
	struct arena a;
	struct buf octets;

	arena_init(&a);
	render(&c, &octets, "{{pin}} is it", pin);
	assert_int_equal(spoken_read(&c.voice, &a, &s), OK);
	for (size_t i = 0; i < s.pin_end; i++) {
		buf_add_char(out, s.phrases[i].text.ptr[0]);
		if (s.phrases[i].pause_ms > 300)
			buf_add_char(out, i + 1 == s.pin_end ? '|' : ' ');
	}
	buf_fini(&octets);
	arena_fini(&a);
}

static void
test_a_long_pin_is_said_in_groups(void **state)
{
	static const struct {
		const char *pin;
		const char *groups;
	} cases[] = {{"1234", "1234|"}, {"12345", "12345|"}, {"123456", "123 456|"},
	    {"1234567", "123 4567|"}, {"12345678", "1234 5678|"},
	    {"123456789", "123 456 789|"}, {"1234567890", "123 456 7890|"},
	    {"1234567890123456", "1234 5678 9012 3456|"}};

	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		struct buf out;

		buf_init(&out, 100);
		write_groups(&out, cases[i].pin);
		check_case(i, span_equal_text(buf_span(&out), cases[i].groups));
		buf_fini(&out);
	}
}

static void
test_nothing_to_say_and_too_much(void **state)
{
	static const char *const nothing[] = {"", " ", "...", "?!\n"};
	struct buf long_text;
	struct content by_hand = {
	    .channel = CHANNEL_VOICE, .voice = {.text = {"1207", 4}}};
	struct spoken s;
	struct content c;
	struct arena a;
	struct buf octets;

	(void)state;
	arena_init(&a);
	for (size_t i = 0; i < countof(nothing); i++) {
		render(&c, &octets, nothing[i], "1");
		check_case(i, spoken_read(&c.voice, &a, &s) == ERR_INVALID);
		buf_fini(&octets);
	}
	/* nobody knows where its PIN is, so it is not spoken */
	assert_int_equal(spoken_read(&by_hand.voice, &a, &s), ERR_INVALID);
	buf_init(&long_text, 7 * 500 + 1);
	for (size_t i = 0; i < 500; i++)
		buf_add_text(&long_text, "{{pin}}");
	buf_add_char(&long_text, '\0');
	render(&c, &octets, long_text.ptr, "0123456789abcdef");
	assert_int_equal(spoken_read(&c.voice, &a, &s), ERR_TOO_LARGE);
	buf_fini(&long_text);
	buf_fini(&octets);
	arena_fini(&a);
}

static void
test_one_text_for_who_speaks_by_itself(void **state)
{
	struct content by_hand = {
	    .channel = CHANNEL_VOICE, .voice = {.text = {"1207", 4}}};
	struct content c;
	struct buf octets;
	struct buf out;

	(void)state;
	render(&c, &octets, "{{name}}, {{pin}} it is: {{pin}}", "1207");
	buf_init(&out, 1000);
	spoken_write(&out, &c.voice);
	assert_true(span_equal_text(
	    buf_span(&out), "Ada. Lovelace, 1, 2, 0, 7 it is: 1, 2, 0, 7"));
	buf_reset(&out);
	spoken_write(&out, &by_hand.voice);
	assert_true(span_equal_text(buf_span(&out), "1207"));
	buf_fini(&out);
	buf_fini(&octets);
}

/* The pieces lie in the octets that are wiped, and are found again in a copy. */
static void
test_a_copy_has_its_pieces(void **state)
{
	struct content c;
	struct content copy;
	struct spoken s;
	struct arena a;
	struct buf octets;

	(void)state;
	render(&c, &octets, "is {{pin}}", "12");
	assert_true((const char *)c.voice.pieces >= octets.ptr);
	assert_true((const char *)(c.voice.pieces + 2) <= octets.ptr + octets.len);
	arena_init(&a);
	content_copy(&copy, &c, &a);
	buf_fini(&octets);
	assert_int_equal(spoken_read(&copy.voice, &a, &s), OK);
	assert_int_equal(s.count, 6);
	assert_true(span_equal_text(s.phrases[5].text, "2"));
	arena_fini(&a);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_phrases_in_their_order),
	    cmocka_unit_test(test_a_long_pin_is_said_in_groups),
	    cmocka_unit_test(test_nothing_to_say_and_too_much),
	    cmocka_unit_test(test_one_text_for_who_speaks_by_itself),
	    cmocka_unit_test(test_a_copy_has_its_pieces),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
