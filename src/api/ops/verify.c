/* SPDX-License-Identifier: Apache-2.0 */
/* Verify: what the person typed against the PIN (contract 3.5). */
#include "api/body.h"
#include "api/offer.h"
#include "api/ops/ops.h"
#include "api/reason.h"
#include "base/log.h"

struct verify_request {
	const char *pin;
	json_t *value; /* the same, as it came */
};

static const struct json_row verify_rows[] = {
    {"pin", JSON_ROW_TEXT, true, offsetof(struct verify_request, pin), 1, 64, NULL},
    {"pin", JSON_ROW_VALUE, false, offsetof(struct verify_request, value), 0, 0, NULL},
    {0},
};

/* True and false are texts elsewhere; here they are nothing that anybody typed. */
static enum err
check_typed(struct call *c, const struct verify_request *r)
{
	if (json_is_boolean(r->value))
		fail_add(&c->fail, "pin", "must be a string");
	else if (pin_is_blank(span_of(r->pin)))
		fail_add(&c->fail, "pin", "must not be blank");
	else
		return OK;
	return ERR_INVALID;
}

static enum err
check_verify(struct call *c)
{
	struct verify_request r = {0};
	struct verify_job *j = arena_alloc(&c->arena, sizeof(*j));
	enum err e = body_read(c, verify_rows, &r);

	if (e == OK)
		e = check_typed(c, &r);
	if (e == OK)
		e = call_ident(c, 0, &j->pin_id);
	if (e != OK)
		return e;
	j->typed_number = json_is_number(r.value);
	j->typed = span_of(r.pin);
	j->account = c->principal.account;
	j->failures_max = c->api->options.failures_max;
	c->job = j;
	return OK;
}

static enum err
proceed_verify(struct call *c)
{
	return offer_job(c, &((struct verify_job *)c->job)->job, VERB_VERIFY);
}

static const char *
pin_error(enum verdict v)
{
	switch (v) {
	case VERDICT_RIGHT:
		return NULL;
	case VERDICT_WRONG:
		return "WRONG_PIN";
	case VERDICT_EXPIRED:
		return "TTL_EXPIRED";
	case VERDICT_NO_MORE:
		return "NO_MORE_PIN_ATTEMPTS";
	}
	INVARIANT(!"verdict");
	return NULL;
}

/* pinError has one word for three things. */
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
	struct verify_job *j = c->job;
	struct json_out out = call_json(c);
	char id[IDENT_TEXT_LEN + 1];

	c->wait_ms = j->wait_ms;
	if (j->job.item.err == ERR_THROTTLED)
		reason_limit(c, "verifyPinLimit", j->limit_rate, j->wait_ms);
	if (j->job.item.err != OK)
		return j->job.item.err;
	c->response.reason = reason_of(j);
	if (j->locks)
		log_event(LOG_LEVEL_WARNING, "number_locked",
		    LOG_PHONE("to", j->row.destination),
		    LOG_INT("wrong_pins", j->failures_max),
		    LOG_INT("minutes", (j->locked_until_ms - j->job.now_ms) / 60000));
	ident_text(&j->pin_id, id);
	json_out_object(&out, NULL);
	json_out_text(&out, "pinId", id);
	json_out_text(&out, "msisdn", j->row.destination);
	json_out_bool(&out, "verified", j->verdict == VERDICT_RIGHT);
	json_out_int(&out, "attemptsRemaining", j->attempts_left);
	json_out_text(&out, "pinError", pin_error(j->verdict));
	json_out_end(&out);
	c->response.status = 200;
	return OK;
}

const struct operation op_verify = {.name = "verify",
    .check = check_verify,
    .proceed = proceed_verify,
    .answer = answer_verify,
    .keyed = KEYED_AT_ONCE,
    .crowded = true,
    .verb = VERB_VERIFY,
    .finds = THING_PIN};
