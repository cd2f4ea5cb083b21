/* SPDX-License-Identifier: Apache-2.0 */
#include "store/verbs/outgoing_row.h"

#include "store/row.h"
#include "twofa/placeholder_pair.h"

/* Columns that are of one channel alone, in their order behind the text. */
enum { TEXT_COLUMNS = 1, DLT_COLUMNS = 3, VOICE_COLUMNS = 4, EMAIL_COLUMNS = 4 };
/* gsm7 and autofill, of an SMS alone */
enum { EXTRA_COLUMNS = 3 };

static struct span
read_text(struct row *r, struct arena *a)
{
	return span_of(row_text(r, a, ROW_TEXT_MAX));
}

/* An absent text has no octets. */
static struct span
read_text_or_none(struct row *r, struct arena *a)
{
	return span_of(row_text_or_null(r, a, ROW_TEXT_MAX));
}

static void
read_sms(struct row *r, struct arena *a, struct content *c)
{
	c->sms.text = read_text(r, a);
	c->sms.dlt_entity = row_text_or_null(r, a, ROW_NAME_MAX);
	c->sms.dlt_template = row_text_or_null(r, a, ROW_NAME_MAX);
	c->sms.dlt_telemarketer = row_text_or_null(r, a, ROW_NAME_MAX);
	row_pass(r, VOICE_COLUMNS + EMAIL_COLUMNS);
	c->sms.gsm7 = row_gsm7(r);
	c->sms.autofill.domain = row_text_or_null(r, a, ROW_NAME_MAX);
	c->sms.autofill.android_hash = row_text_or_null(r, a, ROW_NAME_MAX);
}

static void
read_voice(struct row *r, struct arena *a, struct content *c)
{
	c->voice.text = read_text(r, a);
	row_pass(r, DLT_COLUMNS);
	c->voice.language = row_text_or_null(r, a, ROW_NAME_MAX);
	c->voice.voice_name = row_text_or_null(r, a, ROW_NAME_MAX);
	c->voice.repeat_dtmf = row_text_or_null(r, a, ROW_NAME_MAX);
	(void)row_double(r, &c->voice.speech_rate);
	row_pass(r, EMAIL_COLUMNS + EXTRA_COLUMNS);
}

static void
read_email(struct row *r, struct arena *a, struct content *c)
{
	row_pass(r, TEXT_COLUMNS + DLT_COLUMNS + VOICE_COLUMNS);
	c->email.subject = read_text(r, a);
	c->email.text = read_text_or_none(r, a);
	c->email.html = read_text_or_none(r, a);
	c->email.landing_page = row_text_or_null(r, a, ROW_NAME_MAX);
	row_pass(r, EXTRA_COLUMNS);
}

bool
outgoing_row_content(
    struct row *r, struct outgoing_message *o, struct outgoing_row_languages *out)
{
	static void (*const parts[CHANNEL_COUNT])(
	    struct row * r, struct arena * a, struct content * c) = {
	    [CHANNEL_SMS] = read_sms,
	    [CHANNEL_VOICE] = read_voice,
	    [CHANNEL_EMAIL] = read_email,
	};
	enum channel channel = o->content.channel;
	const char *sender;

	if (row_kind(r) != channel_row(channel)->template)
		return false;
	o->placeholder = row_text(r, &o->arena, ROW_NAME_MAX);
	sender = row_text_or_null(r, &o->arena, ROW_NAME_MAX);
	if (o->sender == NULL)
		o->sender = sender;
	parts[channel](r, &o->arena, &o->content);
	row_variants(r, &o->arena, &out->variants);
	out->own = row_text_or_null(r, &o->arena, ROW_NAME_MAX);
	return true;
}

void
outgoing_row_choose(
    struct outgoing_message *o, const struct outgoing_row_languages *languages)
{
	const char *number = channel_row(o->content.channel)->address == CHANNEL_TO_NUMBER
				 ? o->destination
				 : NULL;
	const struct template_variant *variant = template_variant_choose(
	    &languages->variants, languages->own, o->language, number);

	if (variant != NULL)
		template_variant_take(variant, &o->content, &o->arena);
}

struct ucs2_value
outgoing_row_unfit(
    const struct outgoing_message *o, const char *placeholders, struct arena *a)
{
	if (o->content.channel != CHANNEL_SMS || o->content.sms.gsm7 != GSM7_REFUSE)
		return (struct ucs2_value){0};
	return ucs2_value_find(placeholder_pair_texts(placeholders), a);
}

bool
outgoing_row_read(struct row *r, struct outgoing_message *o)
{
	struct outgoing_row_languages languages;
	const char *placeholders;

	row_ident(r, &o->recipe.account);
	row_ident(r, &o->recipe.application);
	o->destination = row_destination(r, &o->arena);
	row_recipe(r, &o->recipe, &o->key_id);
	o->expires_at_ms = row_ms(r);
	o->language = row_text_or_null(r, &o->arena, ROW_NAME_MAX);
	o->sender = row_text_or_null(r, &o->arena, ROW_NAME_MAX);
	placeholders = row_text_or_null(r, &o->arena, ROW_TEXT_MAX);
	o->placeholders = placeholder_pair_over(&o->arena, o->placeholders, placeholders);
	if (!outgoing_row_content(r, o, &languages))
		return false;
	outgoing_row_choose(o, &languages);
	return true;
}
