/* SPDX-License-Identifier: Apache-2.0 */
#include "api/ops/application.h"

#include "api/offer.h"
#include "store/config.h"

static struct application_job *
new_job(struct call *c)
{
	struct application_job *j = arena_alloc(&c->arena, sizeof(*j));

	j->account = c->principal.account;
	j->fail = &c->fail;
	c->job = j;
	return j;
}

/* ---- get and list ---- */

static enum err
check_get(struct call *c)
{
	const struct application_ask *ask = c->ask;

	return ident_is_none(&ask->id) ? ERR_NOT_FOUND : OK;
}

static enum err
proceed_get(struct call *c)
{
	const struct application_ask *ask = c->ask;
	struct application_job *j = new_job(c);

	j->id = ask->id;
	return offer_job(c, &j->job, VERB_APPLICATION_GET);
}

static enum err
proceed_list(struct call *c)
{
	struct application_job *j = new_job(c);

	return offer_list(c, &j->job, VERB_APPLICATION_LIST, &j->piece);
}

/* ---- create and update ---- */

/* Faults of what could be read are told with those of what could not. */
static enum err
check_change(struct call *c)
{
	const struct application_put_ask *ask = c->ask;
	struct application any;

	if (c->fail.count == 0)
		return OK;
	application_init(&any);
	(void)!application_apply(&any, &ask->change, &c->fail);
	return ERR_INVALID;
}

static enum err
check_update(struct call *c)
{
	const struct application_put_ask *ask = c->ask;
	enum err e = check_change(c);

	return e == OK && ident_is_none(&ask->id) ? ERR_NOT_FOUND : e;
}

static enum err
proceed_put(struct call *c, bool create)
{
	const struct application_put_ask *ask = c->ask;
	struct application_job *j = new_job(c);

	j->id = ask->id;
	j->create = create;
	j->change = &ask->change;
	j->v1_texts_set = ask->texts_set;
	j->v1_texts = ask->texts;
	return offer_job(c, &j->job, VERB_APPLICATION_PUT);
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
	const struct application_job *j = c->job;
	const struct application_caps *caps = &c->api->options.caps;
	struct application_result *r = c->result;

	*r = (struct application_result){
	    .list = j->list, .count = j->count, .caps = caps->strict ? caps : NULL};
	return j->job.err;
}

const struct operation op_application_get = {.name = "application_get",
    .ask_len = sizeof(struct application_ask),
    .result_len = sizeof(struct application_result),
    .check = check_get,
    .proceed = proceed_get,
    .answer = answer,
    .finds = THING_APPLICATION};
const struct operation op_application_list = {.name = "application_list",
    .result_len = sizeof(struct application_result),
    .proceed = proceed_list,
    .answer = answer};
const struct operation op_application_create = {.name = "application_create",
    .ask_len = sizeof(struct application_put_ask),
    .result_len = sizeof(struct application_result),
    .check = check_change,
    .proceed = proceed_create,
    .answer = answer};
const struct operation op_application_update = {.name = "application_update",
    .ask_len = sizeof(struct application_put_ask),
    .result_len = sizeof(struct application_result),
    .check = check_update,
    .proceed = proceed_update,
    .answer = answer,
    .finds = THING_APPLICATION};
