/* SPDX-License-Identifier: Apache-2.0 */
#include "twofa/template.h"

#include "base/utf8.h"
#include "twofa/email_template.h"
#include "twofa/language.h"
#include "twofa/mailbox.h"
#include "twofa/render.h"
#include "twofa/text_lint.h"

#define DTMF_KEYS "0123456789*#"

void
template_init(struct template *t, enum template_kind kind)
{
	*t = (struct template){.kind = kind, .pin_type = PIN_NUMERIC, .pin_length = 4};
	if (kind == TEMPLATE_EMAIL)
		t->text = "";
	t->placeholder = RENDER_PLACEHOLDER;
}

static void
apply_text(const char **to, const char *value)
{
	if (value != NULL)
		*to = value;
}

static void
apply_pin(struct template *t, const struct template_change *c, unsigned length_max,
    struct fail *fail)
{
	bool clear = pin_type_is_clear(t->pin_type);

	if (c->pin_type != NULL && !pin_type_find(span_of(c->pin_type), &t->pin_type))
		fail_add(fail, "pinType", "must be NUMERIC, ALPHA, HEX or ALPHANUMERIC");
	t->pin_type = pin_type_with(t->pin_type, clear);
	if (!c->pin_length.set)
		return;
	if (c->pin_length.value < 1 || c->pin_length.value > length_max)
		fail_add(fail, "pinLength", "must be between 1 and %u", length_max);
	else
		t->pin_length = (unsigned)c->pin_length.value;
}

static void
apply_voice(struct template *t, const struct template_change *c, struct fail *fail)
{
	if (c->language != NULL) {
		t->language = language_find(c->language);
		if (t->language == NULL)
			fail_add(fail, "language", "is not a supported language");
	}
	apply_text(&t->voice_name, c->voice_name);
	if (c->voice_name != NULL && !utf8_is_line(span_of(c->voice_name)))
		fail_add(fail, "voiceName", "must not contain control characters");
	apply_text(&t->repeat_dtmf, c->repeat_dtmf);
	if (c->repeat_dtmf != NULL &&
	    strspn(c->repeat_dtmf, DTMF_KEYS) != strlen(c->repeat_dtmf))
		fail_add(fail, "repeatDTMF", "must be keys of a phone: 0-9, * and #");
	if (c->speech_rate.set)
		t->speech_rate = c->speech_rate;
}

static void
apply_dlt(struct template *t, const struct template_change *c, struct fail *fail)
{
	apply_text(&t->dlt_entity, c->dlt_entity);
	apply_text(&t->dlt_template, c->dlt_template);
	apply_text(&t->dlt_telemarketer, c->dlt_telemarketer);
	if (c->dlt != NULL && t->dlt_entity == NULL)
		fail_add(
		    fail, "regional.indiaDlt.principalEntityId", "must not be blank");
}

static void
apply_email(struct template *t, const struct template_change *c, struct fail *fail)
{
	apply_text(&t->sender, c->from);
	if (c->from != NULL && !mailbox_is_from(span_of(c->from)))
		fail_add(fail, "from",
		    "must be a mail address, or a name and <a mail address>");
	if (c->email_template.set)
		t->email_template = c->email_template.value;
	apply_text(&t->landing_page, c->landing_page);
	if (c->landing_page != NULL && !email_template_is_landing_page(c->landing_page))
		fail_add(fail, "landingPageId",
		    "must be letters, digits, hyphens and underscores");
}

static void
apply_message(struct template *t, const struct template_change *c, bool placeholder,
    struct fail *fail)
{
	apply_text(&t->text, c->text);
	apply_text(&t->placeholder, c->placeholder);
	apply_text(&t->sender, c->sender);
	apply_text(&t->sender, c->sender_id);
	if (c->sender != NULL || c->sender_id != NULL)
		t->v1_sender = c->sender_id == NULL;
	apply_voice(t, c, fail);
	apply_dlt(t, c, fail);
	if (t->placeholder[0] == '\0')
		fail_add(fail, "pinPlaceholder", "must not be blank");
	else if (placeholder && t->text != NULL &&
		 strstr(t->text, t->placeholder) == NULL)
		fail_add(fail, "messageText", "must contain the placeholder %.64s",
		    t->placeholder);
}

/* ---- extras ---- */

/* A text and its name in a request. */
struct text {
	const char *field;
	const char *text;
};

/* The characters of a text that are read with it, and not those of placeholders. */
static void
refuse_ucs2(const struct text *text, const struct text_lint *found, struct fail *fail)
{
	const struct text_lint_forcing *first = &found->forcing[0];

	if (found->forcing_count > 0)
		fail_add(fail, text->field,
		    "needs UCS-2 for %zu of its characters, the first one U+%04X at %zu, "
		    "which gsm7 refuses",
		    found->forcing_count, (unsigned)first->character, first->at);
}

/* Whatever placeholders add, so much it costs at least. */
static void
check_text(const struct template *t, const struct text *text, struct fail *fail)
{
	const struct text_lint_ask ask = {.message = {.text = span_of(text->text),
					      .gsm7 = t->gsm7,
					      .autofill = t->autofill},
	    .placeholder = t->placeholder,
	    .pin_length = t->pin_length,
	    .other = ""};
	struct text_lint found;
	struct arena arena;

	arena_init(&arena);
	if (text_lint(&ask, &arena, &found) != OK)
		fail_add(fail, text->field, "is too long for a message");
	else if (t->autofill.android_hash != NULL && !found.autofill.hash)
		fail_add(fail, text->field,
		    "is too long for autofill.androidHash: such a message has one part, "
		    "140 octets");
	else if (t->gsm7 == GSM7_REFUSE)
		refuse_ucs2(text, &found, fail);
	arena_fini(&arena);
}

static void
check_variant(const struct template *t, const struct template_variant *v,
    const struct template_rules *rules, struct fail *fail)
{
	const struct text text = {
	    arena_printf(fail->arena, "variants.%s.messageText", v->language), v->text};

	if (rules->placeholder_required && strstr(v->text, t->placeholder) == NULL)
		fail_add(fail, text.field, "must contain the placeholder %.64s",
		    t->placeholder);
	else
		check_text(t, &text, fail);
}

/* Members that fitted each other may no longer do so. */
static void
check_texts(
    const struct template *t, const struct template_rules *rules, struct fail *fail)
{
	const struct text own = {"messageText", t->text};

	if (rules->measured)
		return;
	if (t->gsm7 != GSM7_KEEP || t->autofill.android_hash != NULL)
		check_text(t, &own, fail);
	for (size_t i = 0; i < t->variants.count; i++)
		check_variant(t, &t->variants.items[i], rules, fail);
}

enum err
template_apply(struct template *t, const struct template_change *c,
    const struct template_rules *rules, struct fail *fail)
{
	unsigned before = fail->count;

	apply_pin(t, c, rules->pin_length_max, fail);
	if (t->kind == TEMPLATE_EMAIL)
		apply_email(t, c, fail);
	else
		apply_message(t, c, rules->placeholder_required, fail);
	if (fail->count == before && t->kind == TEMPLATE_MESSAGE && t->text != NULL)
		check_texts(t, rules, fail);
	return fail->count == before ? OK : ERR_INVALID;
}

/* Something of it could not be read, and was told before. */
static bool
is_told(const struct fail *fail)
{
	return fail_names(fail, "autofill") || fail_names(fail, "autofill.domain") ||
	       fail_names(fail, "autofill.androidHash");
}

static void
apply_autofill(struct template *t, const struct template_extras *e, struct fail *fail)
{
	t->autofill = (struct sms_autofill){e->autofill_domain, e->autofill_hash};
	if (e->autofill != NULL && e->autofill_domain == NULL &&
	    e->autofill_hash == NULL && !is_told(fail))
		fail_add(fail, "autofill", "must have domain, androidHash, or both");
	if (e->autofill_domain != NULL && !sms_autofill_is_domain(e->autofill_domain))
		fail_add(fail, "autofill.domain",
		    "must be a host name in small letters, such as example.com, with at "
		    "most %d characters",
		    SMS_AUTOFILL_DOMAIN_MAX);
	if (e->autofill_hash != NULL && !sms_autofill_is_hash(e->autofill_hash))
		fail_add(fail, "autofill.androidHash",
		    "must be the %d characters that SMS Retriever has for the app",
		    SMS_AUTOFILL_HASH_LEN);
}

static void
apply_alphabet(struct template *t, const char *name, struct fail *fail)
{
	bool clear = name != NULL && strcmp(name, "unambiguous") == 0;

	if (name != NULL && !clear && strcmp(name, "full") != 0)
		fail_add(fail, "alphabet", "must be full or unambiguous");
	t->pin_type = pin_type_with(t->pin_type, clear);
}

/* An email has neither parts nor a phone that reads it, and its text is not here. */
static void
refuse_for_email(const struct template_extras *e, struct fail *fail)
{
	static const char reason[] = "is not for a template of email";

	if (e->variants != NULL)
		fail_add(fail, "variants", reason);
	if (e->autofill != NULL)
		fail_add(fail, "autofill", reason);
	if (e->gsm7 != NULL)
		fail_add(fail, "gsm7", reason);
}

static void
apply_to_text(struct template *t, const struct template_extras *e,
    const struct template_rules *rules, struct fail *fail)
{
	unsigned before = fail->count;

	t->gsm7 = GSM7_KEEP;
	if (e->gsm7 != NULL && !sms_equal_rule_find(e->gsm7, &t->gsm7))
		fail_add(fail, "gsm7", "must be keep, replace or refuse");
	apply_autofill(t, e, fail);
	if (template_variant_read(e->variants, fail->arena, fail, &t->variants) == OK &&
	    fail->count == before && t->text != NULL)
		check_texts(t, rules, fail);
}

enum err
template_apply_extras(struct template *t, const struct template_extras *e,
    const struct template_rules *rules, struct fail *fail)
{
	unsigned before = fail->count;

	apply_alphabet(t, e->alphabet, fail);
	if (t->kind == TEMPLATE_EMAIL)
		refuse_for_email(e, fail);
	else
		apply_to_text(t, e, rules, fail);
	return fail->count == before ? OK : ERR_INVALID;
}

const char *
template_alphabet_name(enum pin_type type)
{
	return pin_type_is_clear(type) ? "unambiguous" : "full";
}
