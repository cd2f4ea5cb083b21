/* SPDX-License-Identifier: Apache-2.0 */
#include "api/ops/verify.h"

#include "api/offer.h"
#include "api/ops/destination.h"
#include "api/reason.h"
#include "base/log.h"
#include "store/verify.h"
#include "twofa/pin.h"

static void
check_typed(struct call *c, const char *typed)
{
	if (typed != NULL && pin_is_blank(span_of(typed)))
		fail_add(&c->fail, "pin", "must not be blank");
}

static enum err
check_verify(struct call *c)
{
	const struct verify_ask *ask = c->ask;

	if (c->fail.count == 0)
		check_typed(c, ask->typed);
	if (c->fail.count > 0)
		return ERR_INVALID;
	return ident_is_none(&ask->pin_id) ? ERR_NOT_FOUND : OK;
}

static struct verify_job *
new_job(struct call *c, const char *typed)
{
	struct verify_job *j = arena_alloc(&c->arena, sizeof(*j));

	j->typed = span_of(typed);
	j->account = c->principal.account;
	j->failures_max = c->api->options.failures_max;
	c->job = j;
	return j;
}

static enum err
proceed_verify(struct call *c)
{
	const struct verify_ask *ask = c->ask;
	struct verify_job *j = new_job(c, ask->typed);

	j->typed_number = ask->typed_number;
	j->pin_id = ask->pin_id;
	return offer_job(c, &j->job, VERB_VERIFY);
}

/* The verdict has one word for three things. */
static const char *
reason_of(const struct verify_job *j)
{
	if (j->verdict == VERDICT_EXPIRED)
		return "pinExpired";
	if (j->verdict != VERDICT_NO_MORE)
		return NULL;
	if (j->over_budget)
		return "numberLocked";
	return j->row.state.attempts >= j->row.attempts_max ? "pinAttemptsUsed"
							    : "pinVerifiedBefore";
}

static enum err
answer_verify(struct call *c)
{
	const struct verify_job *j = c->job;
	struct verify_result *r = c->result;

	c->wait_ms = j->wait_ms;
	if (j->job.err == ERR_THROTTLED)
		reason_limit(c, "verifyPinLimit", j->limit_rate, j->wait_ms);
	if (j->job.err != OK)
		return j->job.err;
	c->response.reason = reason_of(j);
	if (j->locks)
		log_event(LOG_LEVEL_WARNING, "number_locked",
		    LOG_PHONE("to", j->row.destination),
		    LOG_INT("wrong_pins", j->failures_max),
		    LOG_INT("minutes", (j->locked_until_ms - j->job.now_ms) / 60000));
	*r = (struct verify_result){.pin_id = j->pin_id,
	    .to = j->row.destination,
	    .verdict = j->verdict,
	    .attempts_left = j->attempts_left};
	return OK;
}

const struct operation op_verify = {.name = "verify",
    .ask_len = sizeof(struct verify_ask),
    .result_len = sizeof(struct verify_result),
    .check = check_verify,
    .proceed = proceed_verify,
    .answer = answer_verify,
    .keyed = KEYED_AT_ONCE,
    .crowded = true,
    .verb = VERB_VERIFY,
    .finds = THING_PIN};

/* ---- by number ---- */

static enum err
check_verify_number(struct call *c)
{
	struct verify_number_ask *ask = c->ask;

	if (ask->to != NULL)
		ask->destination = destination_read_any(c, ask->to);
	check_typed(c, ask->typed);
	if (c->fail.count > 0)
		return ERR_INVALID;
	if (!ident_is_none(&ask->application))
		return OK;
	reason_missing(c, THING_APPLICATION);
	return ERR_NOT_FOUND;
}

static enum err
proceed_verify_number(struct call *c)
{
	const struct verify_number_ask *ask = c->ask;
	struct verify_job *j = new_job(c, ask->typed);

	j->application = ask->application;
	j->destination = ask->destination;
	return offer_job(c, &j->job, VERB_VERIFY);
}

const struct operation op_verify_number = {.name = "verify_number",
    .ask_len = sizeof(struct verify_number_ask),
    .result_len = sizeof(struct verify_result),
    .check = check_verify_number,
    .proceed = proceed_verify_number,
    .answer = answer_verify,
    .keyed = KEYED_AT_ONCE,
    .crowded = true,
    .verb = VERB_VERIFY,
    .finds = THING_PIN};
