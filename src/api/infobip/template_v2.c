/* SPDX-License-Identifier: Apache-2.0 */
/* Message templates in version 2, of phones and of email (contract 2.1, 2.5). */
#include "api/body.h"
#include "api/infobip/template.h"
#include "twofa/email_template.h"
#include "twofa/mailbox.h"

enum { KINDS = 1u << TEMPLATE_MESSAGE | 1u << TEMPLATE_EMAIL };

/* ---- requests ---- */

static enum err
read_ids(struct call *c)
{
	template_read_ids(c, c->ask, KINDS);
	return OK;
}

#define AT(member) offsetof(struct template_put_ask, change.member)
static const struct json_row dlt_rows[] = {
    {"principalEntityId", JSON_ROW_TEXT, false, AT(dlt_entity), 0, 30, NULL},
    {"contentTemplateId", JSON_ROW_TEXT, false, AT(dlt_template), 0, 30, NULL},
    {"teleMarketerId", JSON_ROW_TEXT, false, AT(dlt_telemarketer), 0, 255, NULL},
    {0},
};

static const struct json_row regional_rows[] = {
    {"indiaDlt", JSON_ROW_OBJECT, false, 0, 0, 0, dlt_rows},
    {"indiaDlt", JSON_ROW_VALUE, false, AT(dlt), 0, 0, NULL},
    {0},
};

#define ROWS(required)                                                                   \
	TEMPLATE_ROWS(AT, required),                                                     \
	    {"voiceName", JSON_ROW_TEXT, false, AT(voice_name), 0, 100, NULL},           \
	    {"regional", JSON_ROW_OBJECT, false, 0, 0, 0, regional_rows},                \
	{                                                                                \
		0                                                                        \
	}
static const struct json_row create_rows[] = {ROWS(true)};
static const struct json_row update_rows[] = {ROWS(false)};
#undef ROWS

#define EMAIL_ROWS(required)                                                             \
	{"emailTemplateId", JSON_ROW_INT, required, AT(email_template), 1,               \
	    (double)EMAIL_TEMPLATE_ID_MAX, NULL},                                        \
	    {"from", JSON_ROW_TEXT, false, AT(from), 1, MAILBOX_FROM_MAX, NULL},         \
	    {"landingPageId", JSON_ROW_TEXT, false, AT(landing_page), 1,                 \
		EMAIL_TEMPLATE_LANDING_PAGE_MAX, NULL},                                  \
	    {"pinLength", JSON_ROW_INT, false, AT(pin_length), 0, 0, NULL},              \
	    {"pinType", JSON_ROW_TEXT, false, AT(pin_type), 1, 20, NULL},                \
	{                                                                                \
		0                                                                        \
	}
static const struct json_row create_email_rows[] = {EMAIL_ROWS(true)};
static const struct json_row update_email_rows[] = {EMAIL_ROWS(false)};
#undef EMAIL_ROWS
#undef AT

static enum err
read_change(struct call *c, const struct json_row *rows, enum template_kind kind)
{
	struct template_put_ask *ask = c->ask;

	template_read_ids(c, &ask->of, KINDS);
	ask->kind = kind;
	ask->pin_length_max = PIN_LENGTH_MAX;
	return body_read(c, rows, ask);
}

static enum err
read_create(struct call *c)
{
	return read_change(c, create_rows, TEMPLATE_MESSAGE);
}

static enum err
read_update(struct call *c)
{
	return read_change(c, update_rows, TEMPLATE_MESSAGE);
}

static enum err
read_create_email(struct call *c)
{
	return read_change(c, create_email_rows, TEMPLATE_EMAIL);
}

static enum err
read_update_email(struct call *c)
{
	return read_change(c, update_email_rows, TEMPLATE_EMAIL);
}

/* ---- answers ---- */

static void
put_email(struct json_out *out, const struct template *t)
{
	char id[IDENT_TEXT_LEN + 1];

	ident_text(&t->id, id);
	json_out_text(out, "messageId", id);
	ident_text(&t->application, id);
	json_out_text(out, "applicationId", id);
	json_out_int(out, "pinLength", t->pin_length);
	json_out_text(out, "pinType", pin_type_name(t->pin_type));
	json_out_text(out, "from", t->sender);
	json_out_int(out, "emailTemplateId", t->email_template);
	json_out_text(out, "landingPageId", t->landing_page);
}

static void
put_regional(struct json_out *out, const struct template *t)
{
	if (t->dlt_entity == NULL)
		return;
	json_out_object(out, "regional");
	json_out_object(out, "indiaDlt");
	json_out_text(out, "contentTemplateId", t->dlt_template);
	json_out_text(out, "principalEntityId", t->dlt_entity);
	json_out_text(out, "teleMarketerId", t->dlt_telemarketer);
	json_out_end(out);
	json_out_end(out);
}

static void
put(struct json_out *out, const struct template *t)
{
	if (t->kind == TEMPLATE_EMAIL) {
		put_email(out, t);
		return;
	}
	template_put_head(out, t);
	json_out_text(out, "language", t->language);
	json_out_text(out, "voiceName", t->voice_name);
	json_out_text(out, "senderId", t->sender);
	json_out_text(out, "repeatDTMF", t->repeat_dtmf);
	if (t->speech_rate.set)
		json_out_double(out, "speechRate", t->speech_rate.value);
	put_regional(out, t);
}

static void
write_one(struct call *c)
{
	template_write(c, put);
}

static void
write_list(struct call *c)
{
	template_write_list(c, put);
}

const struct template_wires template_v2 = {.get = {read_ids, write_one},
    .list = {read_ids, write_list},
    .create = {read_create, write_one},
    .update = {read_update, write_one},
    .create_email = {read_create_email, write_one},
    .update_email = {read_update_email, write_one}};
