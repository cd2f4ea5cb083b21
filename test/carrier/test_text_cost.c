/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Texts of all kinds, as templates make them and as an SMSC is sent them: the line for
 * autofill is whole in one part and costs none of its own, the hash is in a message of
 * one part, and what lint counts is what goes out.
 */
#include "../unit/unit.h"

#include <stdio.h>

#include "base/secret.h"
#include "carrier/carrier.h"
#include "carrier/options.h"
#include "carrier/smpp_compose.h"
#include "twofa/content.h"
#include "twofa/pin.h"
#include "twofa/text_lint.h"

enum { ROUNDS = 3000, TEXT_MAX = 1600 };

static const char hash[] = "FA+9qCX9VSu";

/* A template, the values of a send, and the alphabet of its carrier. */
struct round {
	struct dice *dice;
	enum sms_alphabet alphabet;
	struct buf text;
	struct buf value;
	char domain[SMS_AUTOFILL_DOMAIN_MAX + 1];
	char pin[PIN_LENGTH_MAX + 1];
	char line[100];
	struct content template;
	struct render_value values[1];
	struct render_fill fill;
};

static void
fill_with(struct dice *dice, struct buf *to, size_t count, size_t kinds)
{
	static const char *const characters[] = {"a", " ", "7", "\n", "[", "\xe2\x82\xac",
	    "\xc3\xa9", "\xe2\x80\x99", "\xe2\x80\xa6", "\xc2\xa0", "\xc3\xa7",
	    "\xd0\x96", "\xf0\x9f\x98\x80"};
	static const size_t first[] = {3, 4, 6, 10, countof(characters)};

	buf_reset(to);
	for (size_t i = 0; i < count; i++)
		buf_add_text(to, characters[dice_between(dice, 0,
				     (int64_t)first[kinds % countof(first)] - 1)]);
}

static void
make_domain(struct round *r)
{
	size_t len = (size_t)dice_between(r->dice, 3, SMS_AUTOFILL_DOMAIN_MAX);

	memset(r->domain, 'd', len);
	r->domain[len] = '\0';
	r->domain[1] = '.';
	assert_true(sms_autofill_is_domain(r->domain));
}

static void
make_round(struct round *r)
{
	struct content_sms *sms = &r->template.sms;
	size_t kinds = (size_t)dice_next(r->dice);

	fill_with(r->dice, &r->text, (size_t)dice_between(r->dice, 0, 170), kinds);
	buf_add_text(&r->text, "{{pin}}{{name}}");
	fill_with(r->dice, &r->value, (size_t)dice_between(r->dice, 0, 170), kinds);
	buf_add_char(&r->value, '\0');
	make_domain(r);
	memset(r->pin, '0', sizeof(r->pin) - 1);
	r->pin[dice_between(r->dice, 1, PIN_LENGTH_MAX)] = '\0';
	r->template = (struct content){.channel = CHANNEL_SMS};
	sms->text = buf_span(&r->text);
	sms->gsm7 = dice_next(r->dice) % 2 == 0 ? GSM7_KEEP : GSM7_REPLACE;
	sms->alphabet = r->alphabet;
	if (dice_next(r->dice) % 4 != 0)
		sms->autofill.domain = r->domain;
	if (dice_next(r->dice) % 2 == 0)
		sms->autofill.android_hash = hash;
	r->values[0] = (struct render_value){"name", r->value.ptr};
	r->fill = (struct render_fill){{NULL, r->pin}, r->values, 1};
	snprintf(r->line, sizeof(r->line), "@%s #%s", r->domain, r->pin);
}

static unsigned
parts_of(enum sms_alphabet alphabet, struct span text, struct arena *a)
{
	struct sms_parts parts;

	assert_int_equal(sms_text_split_in(alphabet, a, text, &parts), OK);
	return parts.count;
}

/* The line in the octets of a part, at its end. */
static void
check_line(
    size_t round, const struct round *r, const struct smpp_message *m, struct span part)
{
	struct sms_parts line;
	struct arena a;

	arena_init(&a);
	assert_int_equal(
	    sms_text_split_in(m->parts.alphabet == SMS_UCS2 ? SMS_UCS2 : r->alphabet, &a,
		span_of(r->line), &line),
	    OK);
	check_case(round, line.count == 1 && part.len >= line.parts[0].len);
	check_case(round, memcmp(part.ptr + part.len - line.parts[0].len,
			      line.parts[0].ptr, line.parts[0].len) == 0);
	arena_fini(&a);
}

/* As many parts as without any care for the line. */
static void
check_count(size_t round, const struct round *r, unsigned count, bool has_hash)
{
	const struct content_sms *sms = &r->template.sms;
	struct content bare = r->template;
	struct content c;
	struct arena a;
	struct buf out;

	arena_init(&a);
	buf_init(&out, 65536);
	bare.sms.autofill = (struct sms_autofill){NULL, NULL};
	assert_int_equal(content_render(&c, &bare, &r->fill, &out), OK);
	out.len = c.sms.text.len;
	while (out.len > 0 && out.ptr[out.len - 1] == '\n' &&
	       (sms->autofill.domain != NULL || sms->autofill.android_hash != NULL))
		out.len--;
	c.sms.text.len = out.len;
	if (sms->autofill.android_hash != NULL) {
		buf_add_text(&out, out.len > 0 ? "\n" : "");
		buf_add_text(&out, hash);
		if (sms->autofill.domain != NULL) {
			buf_add_text(&out, "\n");
			buf_add_text(&out, r->line);
		}
		check_case(
		    round, has_hash == (parts_of(r->alphabet, buf_span(&out), &a) == 1));
	}
	out.len = c.sms.text.len;
	if (sms->autofill.domain != NULL) {
		buf_add_text(&out, out.len > 0 ? "\n" : "");
		buf_add_text(&out, r->line);
	}
	check_case(round,
	    has_hash ? count == 1 : count == parts_of(r->alphabet, buf_span(&out), &a));
	buf_fini(&out);
	arena_fini(&a);
}

static void
check_lint(size_t round, const struct round *r, const struct smpp_message *m)
{
	const struct content_sms *sms = &r->template.sms;
	const struct text_lint_ask ask = {
	    .message = {sms->text, sms->gsm7, sms->autofill, r->alphabet},
	    .pin_length = (unsigned)strlen(r->pin),
	    .values = r->values,
	    .count = 1,
	    .other = ""};
	struct text_lint found;
	struct arena a;

	arena_init(&a);
	assert_int_equal(text_lint(&ask, &a, &found), OK);
	check_case(round, found.parts == m->parts.count);
	check_case(round, found.alphabet == m->parts.alphabet);
	check_case(round, found.line.found == (sms->autofill.domain != NULL));
	check_case(round, !found.line.found || found.line.whole);
	check_case(round, !found.line.found || found.line.part == found.parts);
	check_case(round, found.kept_alphabet != SMS_UCS2 || found.forcing_count > 0);
	arena_fini(&a);
}

/* Through the carrier's own composer, octet by octet. */
static void
check_round(size_t round, struct round *r, const struct carrier_config *config)
{
	struct carrier_message message = {.pin_id = "0",
	    .application_id = "0",
	    .reference = "1",
	    .to = "41791234567",
	    .validity_ms = 60000};
	char octets[SMPP_PART_LEN_MAX];
	struct smpp_message m = {.reference = 7};
	struct span part;
	struct arena a;
	struct buf out;
	const char *why;
	bool has_hash;

	arena_init(&a);
	buf_init(&out, 65536);
	assert_int_equal(
	    content_render(&message.content, &r->template, &r->fill, &out), OK);
	assert_int_equal(smpp_compose(config, &a, &message, &m, &why), OK);
	check_case(round, carrier_parts(config, &message.content) == m.count);
	smpp_compose_part(&m, m.count - 1, octets);
	part = m.pdu.short_message;
	if (m.count > 1)
		part = (struct span){part.ptr + SMS_UDH_LEN, part.len - SMS_UDH_LEN};
	if (r->template.sms.autofill.domain != NULL)
		check_line(round, r, &m, part);
	has_hash = memmem(message.content.sms.text.ptr, message.content.sms.text.len,
		       hash, strlen(hash)) != NULL;
	check_case(round, !has_hash || m.count == 1);
	check_count(round, r, m.count, has_hash);
	check_lint(round, r, &m);
	buf_fini(&out);
	arena_fini(&a);
}

static void
test_what_is_counted_goes_out(void **state)
{
	static const enum sms_alphabet alphabets[] = {SMS_GSM7, SMS_LATIN1, SMS_ASCII};
	static struct round r;
	struct dice dice = {42};

	(void)state;
	r.dice = &dice;
	buf_init(&r.text, TEXT_MAX);
	buf_init(&r.value, TEXT_MAX);
	for (size_t i = 0; i < ROUNDS; i++) {
		struct carrier_smpp_options options = {.data_coding = -1};
		struct carrier_config config = {
		    .name = "c", .type = "smpp", .sender = "x", .options = &options};

		r.alphabet = i % 4 < 2 ? SMS_GSM7 : alphabets[i % 3];
		options.alphabet = (int64_t)r.alphabet;
		make_round(&r);
		check_round(i, &r, &config);
	}
	buf_fini(&r.text);
	buf_fini(&r.value);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_what_is_counted_goes_out),
	};

	secret_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
