/* SPDX-License-Identifier: Apache-2.0 */
/* Applications and templates, as far as the versions of the API agree (contract 1 and 2).
 */
#include "api/body.h"
#include "api/listing.h"
#include "api/offer.h"
#include "api/ops/ops.h"
#include "api/reason.h"
#include "store/config.h"
#include "twofa/mailbox.h"

/* ---- applications ---- */

static struct application_job *
new_application_job(struct call *c)
{
	struct application_job *j = arena_alloc(&c->arena, sizeof(*j));

	j->account = c->principal.account;
	j->fail = &c->fail;
	c->job = j;
	return j;
}

static enum err
check_application_get(struct call *c)
{
	struct application_job *j = new_application_job(c);

	return call_ident(c, 0, &j->id);
}

static enum err
proceed_application_get(struct call *c)
{
	return offer_job(
	    c, &((struct application_job *)c->job)->job, VERB_APPLICATION_GET);
}

static enum err
proceed_application_list(struct call *c)
{
	struct application_job *j = new_application_job(c);

	return offer_list(c, &j->job, VERB_APPLICATION_LIST, &j->piece);
}

enum err
ops_application_put(struct call *c, const struct application_change *change, bool create)
{
	struct application_job *j = new_application_job(c);

	j->create = create;
	j->change = change;
	return create ? OK : call_ident(c, 0, &j->id);
}

enum err
ops_application_faults(struct call *c, const struct application_change *change)
{
	struct application any;

	application_init(&any);
	(void)!application_apply(&any, change, &c->fail);
	return ERR_INVALID;
}

enum err
ops_proceed_application(struct call *c)
{
	return offer_job(
	    c, &((struct application_job *)c->job)->job, VERB_APPLICATION_PUT);
}

/* What `profile: strict` makes of it stands beside what was asked for, in a member of
 * our own: published clients pass over it. */
static void
put_config_in_force(
    struct call *c, struct json_out *out, struct application_config config)
{
	const struct application_caps *caps = &c->api->options.caps;
	struct duration ttl;

	if (!caps->strict)
		return;
	application_cap(&config, caps);
	json_out_object(out, "inForce");
	json_out_int(out, "pinAttempts", config.pin_attempts);
	json_out_bool(out, "allowMultiplePinVerifications", config.allow_multiple);
	if (period_duration_from_ms(config.pin_ttl.ms, PERIOD_MS_YEAR, &ttl) == OK)
		json_out_text(out, "pinTimeToLive", ttl.text);
	json_out_end(out);
}

static void
put_application(struct call *c, struct json_out *out, const struct application *app)
{
	json_out_object(out, NULL);
	c->dialect->put_application(out, app, app->v1_texts);
	put_config_in_force(c, out, app->config);
	json_out_end(out);
}

/* The official Python client makes nothing of a 201 (contract 7.2). */
static int
created_status(struct call *c)
{
	static const char python[] = "infobip-api-client-python/";
	enum created_status status = c->api->options.create_application_status;
	struct span agent = call_header(c, "User-Agent");
	size_t len = sizeof(python) - 1;

	if (status == CREATED_AUTO)
		status = agent.len >= len && memcmp(agent.ptr, python, len) == 0
			     ? CREATED_200
			     : CREATED_201;
	return status == CREATED_200 ? 200 : 201;
}

enum err
ops_application_answer(struct call *c)
{
	struct application_job *j = c->job;
	struct json_out out = call_json(c);

	if (j->job.err != OK)
		return j->job.err;
	INVARIANT(j->count == 1);
	put_application(c, &out, &j->list[0]);
	c->response.status = 200;
	if (j->create && c->dialect->version == 2)
		c->response.status = created_status(c);
	return OK;
}

static enum err
answer_application_list(struct call *c)
{
	struct application_job *j = c->job;
	struct json_out *out = listing_rows(c, NULL);

	if (j->job.err != OK)
		return j->job.err;
	for (size_t i = 0; i < j->count; i++)
		put_application(c, out, &j->list[i]);
	return OK;
}

const struct operation op_application_get = {.name = "application_get",
    .check = check_application_get,
    .proceed = proceed_application_get,
    .answer = ops_application_answer,
    .finds = THING_APPLICATION};
const struct operation op_application_list = {.name = "application_list",
    .proceed = proceed_application_list,
    .answer = answer_application_list};

/* ---- templates ---- */

static struct template_job *
new_template_job(struct call *c)
{
	struct template_job *j = arena_alloc(&c->arena, sizeof(*j));
	struct template_rules *rules = arena_alloc(&c->arena, sizeof(*rules));

	rules->pin_length_max = c->dialect->pin_length_max;
	rules->placeholder_required = c->api->options.template_placeholder_required;
	j->account = c->principal.account;
	j->kinds = c->dialect->template_kinds;
	j->rules = rules;
	j->fail = &c->fail;
	c->job = j;
	return j;
}

static enum err
check_template_list(struct call *c)
{
	return call_ident(c, 0, &new_template_job(c)->application);
}

static enum err
check_template_get(struct call *c)
{
	struct template_job *j = new_template_job(c);
	enum err e = call_ident(c, 0, &j->application);

	return e == OK ? call_ident(c, 1, &j->id) : e;
}

static enum err
proceed_template_get(struct call *c)
{
	return offer_job(c, &((struct template_job *)c->job)->job, VERB_TEMPLATE_GET);
}

static enum err
proceed_template_list(struct call *c)
{
	struct template_job *j = c->job;

	return offer_list(c, &j->job, VERB_TEMPLATE_LIST, &j->piece);
}

/*
 * Some members could not be read: what is wrong with the others is said as well, as far
 * as neither those nor the stored template have a part in it.
 */
static enum err
template_faults(
    struct call *c, const struct template_job *j, struct template_change change)
{
	struct template any;
	struct template_rules rules = *j->rules;

	template_init(&any, j->kind);
	if (change.placeholder == NULL &&
	    (!j->create || fail_names(&c->fail, "pinPlaceholder")))
		rules.placeholder_required = false;
	if (!j->create || fail_names(&c->fail, "regional.indiaDlt.principalEntityId"))
		change.dlt = NULL;
	(void)!template_apply(&any, &change, &rules, &c->fail);
	return ERR_INVALID;
}

static enum err
check_template_put(
    struct call *c, const struct json_row *rows, enum template_kind kind, bool create)
{
	struct template_change *change = arena_alloc(&c->arena, sizeof(*change));
	enum err e = body_read(c, rows, change);
	struct template_job *j = new_template_job(c);

	j->create = create;
	j->kind = kind;
	if (e == ERR_INVALID)
		return template_faults(c, j, *change);
	if (e != OK)
		return e;
	e = create ? check_template_list(c) : check_template_get(c);
	j = c->job;
	j->create = create;
	j->kind = kind;
	j->change = change;
	return e;
}

static enum err
check_template_create(struct call *c)
{
	return check_template_put(
	    c, c->dialect->create_template_rows, TEMPLATE_MESSAGE, true);
}

static enum err
check_template_update(struct call *c)
{
	return check_template_put(
	    c, c->dialect->update_template_rows, TEMPLATE_MESSAGE, false);
}

#define AT(member) offsetof(struct template_change, member)
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
check_email_create(struct call *c)
{
	return check_template_put(c, create_email_rows, TEMPLATE_EMAIL, true);
}

static enum err
check_email_update(struct call *c)
{
	return check_template_put(c, update_email_rows, TEMPLATE_EMAIL, false);
}

static enum err
proceed_template_put(struct call *c)
{
	return offer_job(c, &((struct template_job *)c->job)->job, VERB_TEMPLATE_PUT);
}

void
ops_put_email_template(struct json_out *out, const struct template *t)
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

void
ops_put_template(struct json_out *out, const struct template *t)
{
	char id[IDENT_TEXT_LEN + 1];

	ident_text(&t->id, id);
	json_out_text(out, "messageId", id);
	ident_text(&t->application, id);
	json_out_text(out, "applicationId", id);
	json_out_text(out, "pinPlaceholder", t->placeholder);
	json_out_text(out, "messageText", t->text);
	json_out_int(out, "pinLength", t->pin_length);
	json_out_text(out, "pinType", pin_type_name(t->pin_type));
}

static void
put_length_in_force(struct call *c, struct json_out *out, unsigned length)
{
	const struct application_caps *caps = &c->api->options.caps;

	if (!caps->strict)
		return;
	json_out_object(out, "inForce");
	json_out_int(out, "pinLength",
	    length < caps->pin_length_min ? caps->pin_length_min : length);
	json_out_end(out);
}

static void
put_template(struct call *c, struct json_out *out, const struct template *t)
{
	json_out_object(out, NULL);
	c->dialect->put_template(out, t);
	put_length_in_force(c, out, (unsigned)t->pin_length);
	json_out_end(out);
}

static enum err
answer_template(struct call *c)
{
	struct template_job *j = c->job;
	struct json_out out = call_json(c);

	/* whoever puts one looks for the application first */
	if (j->job.err == ERR_NOT_FOUND && j->change != NULL && !j->application_found)
		reason_missing(c, THING_APPLICATION);
	if (j->job.err != OK)
		return j->job.err;
	INVARIANT(j->count == 1);
	put_template(c, &out, &j->list[0]);
	c->response.status = 200;
	return OK;
}

static enum err
answer_template_list(struct call *c)
{
	struct template_job *j = c->job;
	struct json_out *out = listing_rows(c, NULL);

	if (j->job.err != OK)
		return j->job.err;
	for (size_t i = 0; i < j->count; i++)
		put_template(c, out, &j->list[i]);
	return OK;
}

const struct operation op_template_get = {.name = "template_get",
    .check = check_template_get,
    .proceed = proceed_template_get,
    .answer = answer_template,
    .finds = THING_TEMPLATE};
const struct operation op_template_list = {.name = "template_list",
    .check = check_template_list,
    .proceed = proceed_template_list,
    .answer = answer_template_list,
    .finds = THING_APPLICATION};
const struct operation op_template_create = {.name = "template_create",
    .check = check_template_create,
    .proceed = proceed_template_put,
    .answer = answer_template,
    .finds = THING_APPLICATION};
const struct operation op_template_update = {.name = "template_update",
    .check = check_template_update,
    .proceed = proceed_template_put,
    .answer = answer_template,
    .finds = THING_TEMPLATE};
const struct operation op_email_template_create = {.name = "email_template_create",
    .check = check_email_create,
    .proceed = proceed_template_put,
    .answer = answer_template,
    .finds = THING_APPLICATION};
const struct operation op_email_template_update = {.name = "email_template_update",
    .check = check_email_update,
    .proceed = proceed_template_put,
    .answer = answer_template,
    .finds = THING_TEMPLATE};
