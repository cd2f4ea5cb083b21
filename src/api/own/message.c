/* SPDX-License-Identifier: Apache-2.0 */
#include "api/own/message.h"

#include "api/body.h"
#include "api/ops/message.h"

enum { NAME_MAX_LEN = 20, DOMAIN_MAX_LEN = 253 };

/* ---- requests ---- */

#define AT(member) offsetof(struct template_extras, member)
static const struct json_row autofill_rows[] = {
    {"domain", JSON_ROW_TEXT, false, AT(autofill_domain), 1, DOMAIN_MAX_LEN, NULL},
    {"androidHash", JSON_ROW_TEXT, false, AT(autofill_hash), 1, NAME_MAX_LEN, NULL},
    {0},
};
const struct json_row message_extras_rows[] = {
    {"variants", JSON_ROW_VALUE, false, AT(variants), 0, 0, NULL},
    {"autofill", JSON_ROW_OBJECT, false, 0, 0, 0, autofill_rows},
    {"autofill", JSON_ROW_VALUE, false, AT(autofill), 0, 0, NULL},
    {"gsm7", JSON_ROW_TEXT, false, AT(gsm7), 1, NAME_MAX_LEN, NULL},
    {"alphabet", JSON_ROW_TEXT, false, AT(alphabet), 1, NAME_MAX_LEN, NULL},
    {0},
};
#undef AT

static enum err
read_id(struct call *c)
{
	struct message_ask *ask = c->ask;

	ask->id = call_id(c, 0);
	return OK;
}

/* The path comes before the body. */
static enum err
read_put(struct call *c)
{
	struct message_ask *ask = c->ask;

	ask->id = call_id(c, 0);
	return ident_is_none(&ask->id) ? ERR_NOT_FOUND
				       : body_read(c, message_extras_rows, &ask->extras);
}

/* ---- answers ---- */

static void
put_variants(struct json_out *out, const struct template_variants *v)
{
	json_out_object(out, "variants");
	for (size_t i = 0; i < v->count; i++) {
		json_out_object(out, v->items[i].language);
		json_out_text(out, "messageText", v->items[i].text);
		json_out_text(out, "voiceName", v->items[i].voice_name);
		json_out_text(out, "contentTemplateId", v->items[i].dlt_template);
		json_out_end(out);
	}
	json_out_end(out);
}

/* As they are in force for texts of phones. */
static void
put_extras(struct json_out *out, const struct template *t)
{
	put_variants(out, &t->variants);
	if (t->autofill.domain != NULL || t->autofill.android_hash != NULL) {
		json_out_object(out, "autofill");
		json_out_text(out, "domain", t->autofill.domain);
		json_out_text(out, "androidHash", t->autofill.android_hash);
		json_out_end(out);
	}
	json_out_text(out, "gsm7", sms_equal_rule_name(t->gsm7));
}

static void
write_one(struct call *c)
{
	const struct template *t = ((const struct message_result *)c->result)->template;
	struct json_out out = call_json(c);
	char id[IDENT_TEXT_LEN + 1];

	json_out_object(&out, NULL);
	ident_text(&t->id, id);
	json_out_text(&out, "messageId", id);
	ident_text(&t->application, id);
	json_out_text(&out, "applicationId", id);
	if (t->kind == TEMPLATE_MESSAGE)
		put_extras(&out, t);
	json_out_text(&out, "alphabet", template_alphabet_name(t->pin_type));
	json_out_end(&out);
}

const struct wire wire_message_get = {read_id, write_one};
const struct wire wire_message_put = {read_put, write_one};
