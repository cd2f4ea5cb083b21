/* SPDX-License-Identifier: Apache-2.0 */
#include "api/ops/email_template.h"

#include "api/offer.h"
#include "store/config.h"

static struct email_template_job *
new_job(struct call *c)
{
	const struct email_template_ask *ask = c->ask;
	struct email_template_job *j = arena_alloc(&c->arena, sizeof(*j));

	j->account = c->principal.account;
	j->fail = &c->fail;
	if (ask != NULL) {
		j->given = ask->given;
		j->given.id = ask->id;
	}
	c->job = j;
	return j;
}

/* ---- what is asked ---- */

static enum err
check_id(struct call *c)
{
	const struct email_template_ask *ask = c->ask;

	return ask->id == 0 ? ERR_NOT_FOUND : OK;
}

/* Faults of what could be read are told with those of what could not. */
static enum err
check_content(struct call *c)
{
	struct email_template_ask *ask = c->ask;
	enum err e = email_template_check(&ask->given, &c->fail);

	return c->fail.count > 0 ? ERR_INVALID : e;
}

/* ---- the store ---- */

static enum err
proceed_list(struct call *c)
{
	struct email_template_job *j = new_job(c);

	return offer_list(c, &j->job, VERB_EMAIL_TEMPLATE_LIST, &j->piece);
}

static enum err
proceed_create(struct call *c)
{
	struct email_template_job *j = new_job(c);

	j->create = true;
	return offer_job(c, &j->job, VERB_EMAIL_TEMPLATE_PUT);
}

static enum err
proceed_get(struct call *c)
{
	return offer_job(c, &new_job(c)->job, VERB_EMAIL_TEMPLATE_GET);
}

static enum err
proceed_put(struct call *c)
{
	return offer_job(c, &new_job(c)->job, VERB_EMAIL_TEMPLATE_PUT);
}

static enum err
proceed_delete(struct call *c)
{
	return offer_job(c, &new_job(c)->job, VERB_EMAIL_TEMPLATE_DELETE);
}

static enum err
answer(struct call *c)
{
	const struct email_template_job *j = c->job;
	struct email_template_result *r = c->result;

	*r = (struct email_template_result){j->list, j->count};
	return j->job.err;
}

const struct operation op_email_template_list = {.name = "email_template_list",
    .result_len = sizeof(struct email_template_result),
    .proceed = proceed_list,
    .answer = answer};

#define ONE(what, checks, proceeds, thing)                                               \
	{                                                                                \
		.name = what, .ask_len = sizeof(struct email_template_ask),              \
		.result_len = sizeof(struct email_template_result), .check = checks,     \
		.proceed = proceeds, .answer = answer, .finds = thing                    \
	}
const struct operation op_email_template_new =
    ONE("email_template_create", check_content, proceed_create, THING_NONE);
const struct operation op_email_template_get =
    ONE("email_template_get", check_id, proceed_get, THING_EMAIL_TEMPLATE);
const struct operation op_email_template_put =
    ONE("email_template_put", check_content, proceed_put, THING_EMAIL_TEMPLATE);
const struct operation op_email_template_delete =
    ONE("email_template_delete", check_id, proceed_delete, THING_EMAIL_TEMPLATE);
