/* SPDX-License-Identifier: Apache-2.0 */
#include "api/own/email_template.h"

#include "api/body.h"
#include "api/listing.h"
#include "api/ops/email_template.h"

/* ---- requests ---- */

/* Digits of a number that may be an id; anything else is the name of nothing, 0. */
static int64_t
read_number(struct span s)
{
	int64_t id = 0;

	for (size_t i = 0; i < s.len; i++) {
		if (s.ptr[i] < '0' || s.ptr[i] > '9' || id > EMAIL_TEMPLATE_ID_MAX / 10)
			return 0;
		id = id * 10 + (s.ptr[i] - '0');
	}
	return s.len == 0 || s.ptr[0] == '0' || id > EMAIL_TEMPLATE_ID_MAX ? 0 : id;
}

static enum err
read_id(struct call *c)
{
	struct email_template_ask *ask = c->ask;

	ask->id = read_number(c->params[0]);
	return OK;
}

#define AT(member) offsetof(struct email_template, member)
static const struct json_row rows[] = {
    {"subject", JSON_ROW_TEXT, true, AT(subject), 1, EMAIL_TEMPLATE_SUBJECT_MAX, NULL},
    {"text", JSON_ROW_TEXT, false, AT(text), 1, EMAIL_TEMPLATE_TEXT_MAX, NULL},
    {"html", JSON_ROW_TEXT, false, AT(html), 1, EMAIL_TEMPLATE_HTML_MAX, NULL},
    {"landingPageId", JSON_ROW_TEXT, false, AT(landing_page), 1,
	EMAIL_TEMPLATE_LANDING_PAGE_MAX, NULL},
    {0},
};
#undef AT

static enum err
read_content(struct call *c)
{
	struct email_template_ask *ask = c->ask;

	return body_read(c, rows, &ask->given);
}

/* The path comes before the body. */
static enum err
read_put(struct call *c)
{
	struct email_template_ask *ask = c->ask;

	ask->id = read_number(c->params[0]);
	return ask->id == 0 ? ERR_NOT_FOUND : read_content(c);
}

/* ---- answers ---- */

static void
put_one(struct json_out *out, const struct email_template *t)
{
	json_out_object(out, NULL);
	json_out_int(out, "id", t->id);
	json_out_text(out, "subject", t->subject);
	json_out_text(out, "text", t->text);
	json_out_text(out, "html", t->html);
	json_out_text(out, "landingPageId", t->landing_page);
	json_out_end(out);
}

static void
write_one(struct call *c)
{
	const struct email_template_result *r = c->result;
	struct json_out out = call_json(c);

	INVARIANT(r->count == 1);
	put_one(&out, &r->list[0]);
}

static void
write_created(struct call *c)
{
	write_one(c);
	c->response.status = 201;
}

static void
write_list(struct call *c)
{
	const struct email_template_result *r = c->result;
	struct json_out *out = listing_rows(c, NULL);

	for (size_t i = 0; i < r->count; i++)
		put_one(out, &r->list[i]);
}

const struct wire wire_email_template_list = {NULL, write_list};
const struct wire wire_email_template_create = {read_content, write_created};
const struct wire wire_email_template_get = {read_id, write_one};
const struct wire wire_email_template_put = {read_put, write_one};
