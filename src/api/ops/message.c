/* SPDX-License-Identifier: Apache-2.0 */
#include "api/ops/message.h"

#include "api/offer.h"
#include "store/config.h"

static enum err
check(struct call *c)
{
	const struct message_ask *ask = c->ask;

	return ident_is_none(&ask->id) ? ERR_NOT_FOUND : OK;
}

/* Faults of what could be read are told with those of what could not. */
static enum err
check_put(struct call *c)
{
	const struct message_ask *ask = c->ask;
	const struct template_rules rules = {.placeholder_required = false};
	struct template any;

	if (c->fail.count == 0)
		return check(c);
	template_init(&any, TEMPLATE_MESSAGE);
	(void)!template_apply_extras(&any, &ask->extras, &rules, &c->fail);
	return ERR_INVALID;
}

static struct template_job *
new_job(struct call *c)
{
	const struct message_ask *ask = c->ask;
	struct template_job *j = arena_alloc(&c->arena, sizeof(*j));

	j->account = c->principal.account;
	j->id = ask->id;
	j->kinds = 1u << TEMPLATE_MESSAGE | 1u << TEMPLATE_EMAIL;
	j->fail = &c->fail;
	c->job = j;
	return j;
}

static enum err
proceed_get(struct call *c)
{
	return offer_job(c, &new_job(c)->job, VERB_TEMPLATE_FIND);
}

static enum err
proceed_put(struct call *c)
{
	const struct message_ask *ask = c->ask;
	struct template_rules *rules = arena_alloc(&c->arena, sizeof(*rules));
	struct template_job *j = new_job(c);

	rules->placeholder_required = c->api->options.template_placeholder_required;
	j->extras = &ask->extras;
	j->rules = rules;
	return offer_job(c, &j->job, VERB_TEMPLATE_PUT_EXTRAS);
}

static enum err
answer(struct call *c)
{
	const struct template_job *j = c->job;
	struct message_result *r = c->result;

	*r = (struct message_result){j->list};
	return j->job.err;
}

const struct operation op_message_get = {.name = "message_get",
    .ask_len = sizeof(struct message_ask),
    .result_len = sizeof(struct message_result),
    .check = check,
    .proceed = proceed_get,
    .answer = answer,
    .finds = THING_TEMPLATE};
const struct operation op_message_put = {.name = "message_put",
    .ask_len = sizeof(struct message_ask),
    .result_len = sizeof(struct message_result),
    .check = check_put,
    .proceed = proceed_put,
    .answer = answer,
    .finds = THING_TEMPLATE};
