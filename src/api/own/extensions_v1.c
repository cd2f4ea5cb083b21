/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What we add to the API under a prefix of our own (doc/extensions.md): the email
 * templates that emailTemplateId names, and routes of what has files of its own. Errors
 * are worded as on v2.
 */
#include "api/body.h"
#include "api/dialects.h"
#include "api/listing.h"
#include "api/offer.h"
#include "api/ops/ops.h"
#include "store/config.h"
#include "twofa/scope.h"

static struct email_template_job *
new_job(struct call *c)
{
	struct email_template_job *j = arena_alloc(&c->arena, sizeof(*j));

	j->account = c->principal.account;
	j->fail = &c->fail;
	c->job = j;
	return j;
}

/* Digits of a number that may be an id; anything else is the name of nothing. */
static enum err
read_id(struct call *c, int64_t *out)
{
	struct span s = c->params[0];

	*out = 0;
	for (size_t i = 0; i < s.len; i++) {
		if (s.ptr[i] < '0' || s.ptr[i] > '9' || *out > EMAIL_TEMPLATE_ID_MAX / 10)
			return ERR_NOT_FOUND;
		*out = *out * 10 + (s.ptr[i] - '0');
	}
	if (s.len == 0 || s.ptr[0] == '0' || *out > EMAIL_TEMPLATE_ID_MAX)
		return ERR_NOT_FOUND;
	return OK;
}

static enum err
check_id(struct call *c)
{
	return read_id(c, &new_job(c)->given.id);
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
check_content(struct call *c, struct email_template_job *j)
{
	enum err e = body_read(c, rows, &j->given);

	if (e == OK || e == ERR_INVALID)
		e = email_template_check(&j->given, &c->fail);
	return e == OK && c->fail.count > 0 ? ERR_INVALID : e;
}

static enum err
check_create(struct call *c)
{
	struct email_template_job *j = new_job(c);

	j->create = true;
	return check_content(c, j);
}

static enum err
check_put(struct call *c)
{
	enum err e = check_id(c);

	return e == OK ? check_content(c, c->job) : e;
}

static enum err
proceed_get(struct call *c)
{
	return offer_job(
	    c, &((struct email_template_job *)c->job)->job, VERB_EMAIL_TEMPLATE_GET);
}

static enum err
proceed_list(struct call *c)
{
	struct email_template_job *j = new_job(c);

	return offer_list(c, &j->job, VERB_EMAIL_TEMPLATE_LIST, &j->piece);
}

static enum err
proceed_put(struct call *c)
{
	return offer_job(
	    c, &((struct email_template_job *)c->job)->job, VERB_EMAIL_TEMPLATE_PUT);
}

static enum err
proceed_delete(struct call *c)
{
	return offer_job(
	    c, &((struct email_template_job *)c->job)->job, VERB_EMAIL_TEMPLATE_DELETE);
}

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

static enum err
answer_one(struct call *c)
{
	struct email_template_job *j = c->job;
	struct json_out out = call_json(c);

	if (j->job.err != OK)
		return j->job.err;
	INVARIANT(j->count == 1);
	put_one(&out, &j->list[0]);
	c->response.status = j->create ? 201 : 200;
	return OK;
}

static enum err
answer_list(struct call *c)
{
	struct email_template_job *j = c->job;
	struct json_out *out = listing_rows(c, NULL);

	if (j->job.err != OK)
		return j->job.err;
	for (size_t i = 0; i < j->count; i++)
		put_one(out, &j->list[i]);
	return OK;
}

static const struct operation list = {
    .name = "email_template_list", .proceed = proceed_list, .answer = answer_list};
static const struct operation create = {.name = "email_template_create",
    .check = check_create,
    .proceed = proceed_put,
    .answer = answer_one};
static const struct operation get = {.name = "email_template_get",
    .check = check_id,
    .proceed = proceed_get,
    .answer = answer_one,
    .finds = THING_EMAIL_TEMPLATE};
static const struct operation put = {.name = "email_template_put",
    .check = check_put,
    .proceed = proceed_put,
    .answer = answer_one,
    .finds = THING_EMAIL_TEMPLATE};
static const struct operation delete = {.name = "email_template_delete",
    .check = check_id,
    .proceed = proceed_delete,
    .answer = answer_one,
    .finds = THING_EMAIL_TEMPLATE};

static const struct route routes[] = {
    {"GET", "/email-templates", SCOPE_MANAGE, &list, NULL},
    {"POST", "/email-templates", SCOPE_MANAGE, &create, NULL},
    {"GET", "/email-templates/{}", SCOPE_MANAGE, &get, NULL},
    {"PUT", "/email-templates/{}", SCOPE_MANAGE, &put, NULL},
    {"DELETE", "/email-templates/{}", SCOPE_MANAGE, &delete, NULL},
    {"GET", "/receipts/{}", 0, &op_receipt, NULL},
    {"POST", "/receipts/{}", 0, &op_receipt, NULL},
    {"GET", "/receipts/{}/{}", 0, &op_receipt, NULL},
    {"POST", "/receipts/{}/{}", 0, &op_receipt, NULL},
    {"GET", "/route", SCOPE_MANAGE, &op_route_explain, NULL},
    {"POST", "/route", SCOPE_MANAGE, &op_route_explain_body, NULL},
    {"POST", "/lift", SCOPE_MANAGE, &op_lift, NULL},
    {"GET", "/pins/{}", SCOPE_MANAGE | SCOPE_PIN_MANAGE, &op_timeline, NULL},
};

const struct dialect dialect_extensions_v1 = {
    .name = "watchword",
    .prefix = "/watchword/1",
    .routes = routes,
    .route_count = countof(routes),
    .put_error = v2_put_error,
};
