/* SPDX-License-Identifier: Apache-2.0 */
#include "twofa/template.h"

#include "base/utf8.h"
#include "twofa/email_template.h"
#include "twofa/mailbox.h"
#include "twofa/render.h"

#include <ctype.h>

/* Contract 2.3, in the published order. */
static const char *const languages[] = {"en", "es", "ca", "da", "nl", "fr", "de", "it",
    "ja", "ko", "no", "pl", "ru", "sv", "fi", "hr", "sl", "ro", "pt_pt", "pt_br", "zh_cn",
    "zh_tw"};

#define DTMF_KEYS "0123456789*#"

void
template_init(struct template *t, enum template_kind kind)
{
	*t = (struct template){.kind = kind, .pin_type = PIN_NUMERIC, .pin_length = 4};
	if (kind == TEMPLATE_EMAIL)
		t->text = "";
	t->placeholder = RENDER_PLACEHOLDER;
}

/* Older clients write pt-BR for pt_br. */
static const char *
find_language(const char *text)
{
	char name[8];
	size_t len = strlen(text);

	if (len >= sizeof(name))
		return NULL;
	for (size_t i = 0; i <= len; i++)
		name[i] = text[i] == '-' ? '_' : (char)tolower((unsigned char)text[i]);
	for (size_t i = 0; i < countof(languages); i++)
		if (strcmp(languages[i], name) == 0)
			return languages[i];
	return NULL;
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
	if (c->pin_type != NULL && !pin_type_find(span_of(c->pin_type), &t->pin_type))
		fail_add(fail, "pinType", "must be NUMERIC, ALPHA, HEX or ALPHANUMERIC");
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
		t->language = find_language(c->language);
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
	return fail->count == before ? OK : ERR_INVALID;
}
