/* SPDX-License-Identifier: Apache-2.0 */
#include "api/ops/status.h"

#include "api/admit.h"
#include "api/offer.h"
#include "base/utf8.h"
#include "twofa/phone.h"

/* ---- the messages of a PIN ---- */

static enum err
check_status(struct call *c)
{
	const struct status_ask *ask = c->ask;

	return ident_is_none(&ask->pin_id) ? ERR_NOT_FOUND : OK;
}

static enum err
proceed_status(struct call *c)
{
	const struct status_ask *ask = c->ask;
	struct status_job *j = arena_alloc(&c->arena, sizeof(*j));

	j->account = c->principal.account;
	j->pin_id = ask->pin_id;
	c->job = j;
	return offer_job(c, &j->job, VERB_STATUS);
}

static enum report_status
status_now(const struct message_status *m, int64_t now_ms)
{
	return report_status_of(
	    m->status, message_state_at(m->state, m->expires_at_ms, now_ms), m->reason);
}

static enum err
answer_status(struct call *c)
{
	const struct status_job *j = c->job;
	struct status_result *r = c->result;
	enum report_status *messages;

	if (j->job.err != OK)
		return j->job.err;
	messages = arena_alloc(&c->arena, j->count * sizeof(*messages));
	for (size_t i = 0; i < j->count; i++)
		messages[i] = status_now(&j->messages[i], j->job.now_ms);
	*r = (struct status_result){messages, j->count};
	return OK;
}

const struct operation op_status = {.name = "status",
    .ask_len = sizeof(struct status_ask),
    .result_len = sizeof(struct status_result),
    .check = check_status,
    .proceed = proceed_status,
    .answer = answer_status,
    .finds = THING_PIN};

/* ---- verifications ---- */

/* Another shape is a destination that nothing was sent to, and never all. */
static const char *
destination_of(struct call *c, struct span to)
{
	char digits[PHONE_DIGITS_MAX + 1];

	if (phone_canonical(to, digits) == OK)
		return arena_text(&c->arena, span_of(digits));
	return utf8_valid(to) ? arena_text(&c->arena, to) : "";
}

static enum err
check_verifications(struct call *c)
{
	struct verifications_ask *ask = c->ask;

	if (ask->to.len > 0)
		ask->destination = destination_of(c, ask->to);
	return ident_is_none(&ask->application) ? ERR_NOT_FOUND : OK;
}

/* One number has few, and programs ask at each log-in; all numbers have many. */
static enum err
proceed_verifications(struct call *c)
{
	const struct verifications_ask *ask = c->ask;
	struct verifications_job *j = arena_alloc(&c->arena, sizeof(*j));
	enum err e = ask->destination == NULL
			 ? admit_throttled(c, "limits.verifications_all")
			 : OK;

	j->account = c->principal.account;
	j->application = ask->application;
	j->destination = ask->destination;
	c->job = j;
	return e == OK ? offer_list(c, &j->job, VERB_VERIFICATIONS, &j->piece) : e;
}

static bool
is_as(const struct opt_bool *wanted, bool is)
{
	return !wanted->set || wanted->value == is;
}

static bool
passes(const struct verifications_ask *ask, const struct verification *v)
{
	return is_as(&ask->verified, v->verified_at_ms != 0) &&
	       is_as(&ask->sent, v->sent_at_ms != 0);
}

static enum err
answer_verifications(struct call *c)
{
	struct verifications_job *j = c->job;
	struct verifications_result *r = c->result;
	size_t count = 0;

	if (j->job.err != OK)
		return j->job.err;
	for (size_t i = 0; i < j->count; i++)
		if (passes(c->ask, &j->list[i]))
			j->list[count++] = j->list[i];
	*r = (struct verifications_result){j->list, count};
	return OK;
}

const struct operation op_verifications = {.name = "verifications",
    .ask_len = sizeof(struct verifications_ask),
    .result_len = sizeof(struct verifications_result),
    .check = check_verifications,
    .proceed = proceed_verifications,
    .answer = answer_verifications,
    .finds = THING_APPLICATION};
