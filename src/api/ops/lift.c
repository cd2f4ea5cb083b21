/* SPDX-License-Identifier: Apache-2.0 */
#include "api/ops/lift.h"

#include "api/offer.h"
#include "api/ops/destination.h"
#include "base/log.h"
#include "store/limits.h"

static enum err
check(struct call *c)
{
	struct lift_ask *ask = c->ask;

	if (ask->to != NULL)
		ask->destination = destination_read_any(c, ask->to);
	if (c->fail.count > 0)
		return ERR_INVALID;
	return ident_is_none(&ask->application) ? ERR_NOT_FOUND : OK;
}

static enum err
proceed(struct call *c)
{
	const struct lift_ask *ask = c->ask;
	struct lift_job *j = arena_alloc(&c->arena, sizeof(*j));

	j->account = c->principal.account;
	j->application = ask->application;
	j->destination = ask->destination;
	j->failures_max = c->api->options.failures_max;
	c->job = j;
	return offer_job(c, &j->job, VERB_LIFT);
}

static enum err
answer(struct call *c)
{
	const struct lift_job *j = c->job;
	struct lift_result *r = c->result;
	char application[IDENT_TEXT_LEN + 1];

	if (j->job.err != OK)
		return j->job.err;
	ident_text(&j->application, application);
	log_event(LOG_LEVEL_WARNING, "number_lifted", LOG_PHONE("to", j->destination),
	    LOG_TEXT("applicationId", application),
	    LOG_TEXT("was_locked", j->was_locked ? "yes" : "no"));
	*r = (struct lift_result){j->destination, j->application, j->was_locked};
	return OK;
}

const struct operation op_lift = {.name = "lift",
    .ask_len = sizeof(struct lift_ask),
    .result_len = sizeof(struct lift_result),
    .check = check,
    .proceed = proceed,
    .answer = answer,
    .finds = THING_APPLICATION};
