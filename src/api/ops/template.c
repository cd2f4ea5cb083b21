/* SPDX-License-Identifier: Apache-2.0 */
#include "api/ops/template.h"

#include "api/offer.h"
#include "api/reason.h"
#include "store/config.h"

static struct template_job *
new_job(struct call *c, const struct template_ask *ask)
{
	struct template_job *j = arena_alloc(&c->arena, sizeof(*j));

	j->account = c->principal.account;
	j->application = ask->application;
	j->id = ask->id;
	j->kinds = ask->kinds;
	j->fail = &c->fail;
	c->job = j;
	return j;
}

/* ---- get and list ---- */

static enum err
check_list(struct call *c)
{
	const struct template_ask *ask = c->ask;

	return ident_is_none(&ask->application) ? ERR_NOT_FOUND : OK;
}

static enum err
check_get(struct call *c)
{
	const struct template_ask *ask = c->ask;

	return ident_is_none(&ask->id) ? ERR_NOT_FOUND : check_list(c);
}

static enum err
proceed_get(struct call *c)
{
	return offer_job(c, &new_job(c, c->ask)->job, VERB_TEMPLATE_GET);
}

static enum err
proceed_list(struct call *c)
{
	struct template_job *j = new_job(c, c->ask);

	return offer_list(c, &j->job, VERB_TEMPLATE_LIST, &j->piece);
}

/* ---- create and update ---- */

static struct template_rules
rules_of(const struct call *c, const struct template_put_ask *ask)
{
	return (struct template_rules){.pin_length_max = ask->pin_length_max,
	    .placeholder_required = c->api->options.template_placeholder_required};
}

/*
 * Some members could not be read: faults of the others are told as well, as far as
 * neither those nor the stored template have a part in them.
 */
static enum err
say_faults(struct call *c, const struct template_put_ask *ask, bool create)
{
	struct template_change change = ask->change;
	struct template_rules rules = rules_of(c, ask);
	struct template any;

	template_init(&any, ask->kind);
	if (change.placeholder == NULL &&
	    (!create || fail_names(&c->fail, "pinPlaceholder")))
		rules.placeholder_required = false;
	if (!create || fail_names(&c->fail, "regional.indiaDlt.principalEntityId"))
		change.dlt = NULL;
	(void)!template_apply(&any, &change, &rules, &c->fail);
	return ERR_INVALID;
}

static enum err
check_create(struct call *c)
{
	return c->fail.count > 0 ? say_faults(c, c->ask, true) : check_list(c);
}

static enum err
check_update(struct call *c)
{
	return c->fail.count > 0 ? say_faults(c, c->ask, false) : check_get(c);
}

static enum err
proceed_put(struct call *c, bool create)
{
	const struct template_put_ask *ask = c->ask;
	struct template_job *j = new_job(c, &ask->of);
	struct template_rules *rules = arena_alloc(&c->arena, sizeof(*rules));

	*rules = rules_of(c, ask);
	j->create = create;
	j->kind = ask->kind;
	j->change = &ask->change;
	j->rules = rules;
	return offer_job(c, &j->job, VERB_TEMPLATE_PUT);
}

static enum err
proceed_create(struct call *c)
{
	return proceed_put(c, true);
}

static enum err
proceed_update(struct call *c)
{
	return proceed_put(c, false);
}

/* ---- the result ---- */

static enum err
answer(struct call *c)
{
	const struct template_job *j = c->job;
	const struct application_caps *caps = &c->api->options.caps;
	struct template_result *r = c->result;

	/* a put looks for the application first */
	if (j->job.err == ERR_NOT_FOUND && j->change != NULL && !j->application_found)
		reason_missing(c, THING_APPLICATION);
	*r = (struct template_result){
	    .list = j->list, .count = j->count, .caps = caps->strict ? caps : NULL};
	return j->job.err;
}

const struct operation op_template_get = {.name = "template_get",
    .ask_len = sizeof(struct template_ask),
    .result_len = sizeof(struct template_result),
    .check = check_get,
    .proceed = proceed_get,
    .answer = answer,
    .finds = THING_TEMPLATE};
const struct operation op_template_list = {.name = "template_list",
    .ask_len = sizeof(struct template_ask),
    .result_len = sizeof(struct template_result),
    .check = check_list,
    .proceed = proceed_list,
    .answer = answer,
    .finds = THING_APPLICATION};

/* A put of either kind: the ask says which. */
#define PUT(what, checks, proceeds, thing)                                               \
	{                                                                                \
		.name = what, .ask_len = sizeof(struct template_put_ask),                \
		.result_len = sizeof(struct template_result), .check = checks,           \
		.proceed = proceeds, .answer = answer, .finds = thing                    \
	}
const struct operation op_template_create =
    PUT("template_create", check_create, proceed_create, THING_APPLICATION);
const struct operation op_template_update =
    PUT("template_update", check_update, proceed_update, THING_TEMPLATE);
const struct operation op_email_template_create =
    PUT("email_template_create", check_create, proceed_create, THING_APPLICATION);
const struct operation op_email_template_update =
    PUT("email_template_update", check_update, proceed_update, THING_TEMPLATE);
