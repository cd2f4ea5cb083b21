/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of channels, whose numbers stand in stores, and the part of a message that
 * each channel has: filled by one pass over every text, copied whole.
 */
#include "unit.h"

#include "twofa/content.h"

static const struct render_value values[] = {{"name", "R & D"}};
static const struct render_fill fill = {{NULL, "1207"}, values, countof(values)};

static void
test_a_channel_keeps_its_number(void **state)
{
	static const char *const named[] = {"sms", "voice", "email"};

	(void)state;
	assert_int_equal(CHANNEL_COUNT, countof(named));
	for (unsigned i = 0; i < countof(named); i++)
		assert_string_equal(channel_name((enum channel)i), named[i]);
	assert_int_equal(CHANNELS_ALL, 7);
}

static const struct content sms = {.channel = CHANNEL_SMS,
    .sms = {.text = {"{{name}}: {{pin}}", 17}, .dlt_template = "1107"}};
static const struct content voice = {.channel = CHANNEL_VOICE,
    .voice = {.text = {"{{pin}}", 7}, .language = "de", .speech_rate = 0.5}};
static const struct content email = {.channel = CHANNEL_EMAIL,
    .email = {.subject = {"{{pin}} of {{name}}", 19},
	.text = {"PIN {{pin}}", 11},
	.html = {"<b>{{pin}}</b> {{name}}", 23},
	.landing_page = "1_2"}};

static void
test_every_text_is_filled(void **state)
{
	struct content c;
	struct buf out;

	(void)state;
	buf_init(&out, 1000);
	assert_int_equal(content_render(&c, &email, &fill, &out), OK);
	assert_true(span_equal_text(c.email.subject, "1207 of R & D"));
	assert_true(span_equal_text(c.email.text, "PIN 1207"));
	assert_true(span_equal_text(c.email.html, "<b>1207</b> R &amp; D"));
	assert_string_equal(c.email.landing_page, "1_2");
	assert_int_equal(content_render(&c, &voice, &fill, &out), OK);
	assert_true(span_equal_text(c.voice.text, "1207"));
	assert_string_equal(c.voice.language, "de");
	assert_int_equal(content_render(&c, &sms, &fill, &out), OK);
	assert_true(span_equal_text(c.sms.text, "R & D: 1207"));
	assert_string_equal(c.sms.dlt_template, "1107");
	assert_null(c.sms.dlt_entity);
	buf_fini(&out);
}

/* The buffer moves while it grows; a text that was filled before does not. */
static void
test_long_texts_are_filled_as_well(void **state)
{
	static char text[40000];
	struct content from = email;
	struct content c;
	struct buf out;

	(void)state;
	memset(text, 'x', sizeof(text));
	from.email.html = (struct span){text, sizeof(text)};
	buf_init(&out, channel_row(CHANNEL_EMAIL)->text_len_max);
	assert_int_equal(content_render(&c, &from, &fill, &out), OK);
	assert_true(span_equal_text(c.email.subject, "1207 of R & D"));
	assert_int_equal(c.email.html.len, sizeof(text));
	buf_fini(&out);
	buf_init(&out, sizeof(text));
	assert_int_equal(content_render(&c, &from, &fill, &out), ERR_TOO_LARGE);
	buf_fini(&out);
}

/* Each send of a batch has its own: the one that was read is gone before the others. */
static void
test_a_copy_has_nothing_of_the_other(void **state)
{
	struct content none = {.channel = CHANNEL_EMAIL};
	struct content c;
	struct arena a;

	(void)state;
	arena_init(&a);
	content_copy(&c, &email, &a);
	assert_ptr_not_equal(c.email.subject.ptr, email.email.subject.ptr);
	assert_ptr_not_equal(c.email.html.ptr, email.email.html.ptr);
	assert_ptr_not_equal(c.email.landing_page, email.email.landing_page);
	assert_true(span_equal(c.email.html, email.email.html));
	assert_string_equal(c.email.landing_page, "1_2");
	content_copy(&c, &voice, &a);
	assert_ptr_not_equal(c.voice.language, voice.voice.language);
	assert_true(c.voice.speech_rate == 0.5);
	content_copy(&c, &sms, &a);
	assert_ptr_not_equal(c.sms.dlt_template, sms.sms.dlt_template);
	assert_true(span_equal(content_text(&c), sms.sms.text));
	content_copy(&c, &none, &a);
	assert_null(content_text(&c).ptr);
	arena_fini(&a);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_a_channel_keeps_its_number),
	    cmocka_unit_test(test_every_text_is_filled),
	    cmocka_unit_test(test_long_texts_are_filled_as_well),
	    cmocka_unit_test(test_a_copy_has_nothing_of_the_other),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
