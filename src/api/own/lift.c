/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The lock of a number (`profile: strict`: a budget of wrong guesses a day) is lifted, as
 * when a person has shown who he is. What was counted of the number's wrong guesses is
 * forgiven, and the log says so.
 */
#include "api/body.h"
#include "api/offer.h"
#include "api/ops/ops.h"
#include "base/log.h"
#include "store/limits.h"
#include "twofa/phone.h"

enum { TEXT_MAX = 100 };

struct lift_request {
	const char *to;
	const char *application;
};

#define AT(member) offsetof(struct lift_request, member)
static const struct json_row rows[] = {
    {"to", JSON_ROW_TEXT, true, AT(to), 1, TEXT_MAX, NULL},
    {"applicationId", JSON_ROW_TEXT, true, AT(application), 1, TEXT_MAX, NULL},
    {0},
};
#undef AT

static enum err
check_lift(struct call *c)
{
	struct lift_request r = {0};
	struct lift_job *j = arena_alloc(&c->arena, sizeof(*j));
	char *digits = arena_alloc(&c->arena, PHONE_DIGITS_MAX + 1);
	enum err e = body_read(c, rows, &r);

	if (e != OK && e != ERR_INVALID)
		return e;
	if (r.to != NULL && phone_canonical(span_of(r.to), digits) != OK)
		fail_add(&c->fail, "to", "%s", phone_fault(span_of(r.to), &c->arena));
	if (c->fail.count > 0)
		return ERR_INVALID;
	j->account = c->principal.account;
	j->destination = digits;
	j->failures_max = c->api->options.failures_max;
	c->job = j;
	return ident_parse(span_of(r.application), &j->application) ? OK : ERR_NOT_FOUND;
}

static enum err
proceed_lift(struct call *c)
{
	return offer_job(c, &((struct lift_job *)c->job)->job, VERB_LIFT);
}

static enum err
answer_lift(struct call *c)
{
	const struct lift_job *j = c->job;
	struct json_out out = call_json(c);
	char application[IDENT_TEXT_LEN + 1];

	if (j->job.err != OK)
		return j->job.err;
	ident_text(&j->application, application);
	log_event(LOG_LEVEL_WARNING, "number_lifted", LOG_PHONE("to", j->destination),
	    LOG_TEXT("applicationId", application),
	    LOG_TEXT("was_locked", j->was_locked ? "yes" : "no"));
	json_out_object(&out, NULL);
	json_out_text(&out, "to", j->destination);
	json_out_text(&out, "applicationId", application);
	json_out_bool(&out, "wasLocked", j->was_locked);
	json_out_end(&out);
	c->response.status = 200;
	return OK;
}

const struct operation op_lift = {.name = "lift",
    .check = check_lift,
    .proceed = proceed_lift,
    .answer = answer_lift,
    .finds = THING_APPLICATION};
