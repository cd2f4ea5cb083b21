/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What would become of a message, asked without sending it. Where an application is
 * named, the store says first what its limits leave; then delivery answers, which knows
 * routes and carriers.
 */
#include "api/body.h"
#include "api/offer.h"
#include "api/ops/ops.h"
#include "api/refuse.h"
#include "store/limits.h"
#include "twofa/template.h"
#include "twofa/phone.h"

enum { TO_MAX = 100, LIMITS_MAX = 3 };

struct question {
	const char *to;
	const char *text;
	const char *application; /* NULL: its limits are not asked */
	struct limits_job store;
	struct route_limit limits[LIMITS_MAX];
	struct route_question delivery;
};

static enum err
check_question(struct call *c, struct question *q)
{
	char *digits = arena_alloc(&c->arena, PHONE_DIGITS_MAX + 1);

	if (phone_canonical(span_of(q->to), digits) != OK) {
		fail_add(&c->fail, "to", "%s", phone_fault(span_of(q->to), &c->arena));
		return ERR_INVALID;
	}
	q->store.account = c->principal.account;
	q->store.destination = digits;
	q->store.failures_max = c->api->options.failures_max;
	if (q->application != NULL &&
	    !ident_parse(span_of(q->application), &q->store.application))
		return ERR_NOT_FOUND;
	return OK;
}

static struct question *
new_question(struct call *c)
{
	c->job = arena_alloc(&c->arena, sizeof(struct question));
	return c->job;
}

/* A text is for the body alone: URLs are written to logs. */
static enum err
check_query(struct call *c)
{
	struct question *q = new_question(c);

	if (c->api->options.explain == NULL)
		return ERR_NO_ROUTE;
	q->to = call_query(c, "to");
	q->application = call_query(c, "applicationId");
	if (q->to != NULL)
		return check_question(c, q);
	fail_add(&c->fail, "to", "is missing");
	return ERR_INVALID;
}

#define AT(member) offsetof(struct question, member)
static const struct json_row members[] = {
    {"to", JSON_ROW_TEXT, true, AT(to), 1, TO_MAX, NULL},
    {"text", JSON_ROW_TEXT, false, AT(text), 1, TEMPLATE_TEXT_MAX, NULL},
    {"applicationId", JSON_ROW_TEXT, false, AT(application), 1, TO_MAX, NULL},
    {0},
};
#undef AT

static enum err
check_body(struct call *c)
{
	struct question *q = new_question(c);
	enum err e =
	    c->api->options.explain == NULL ? ERR_NO_ROUTE : body_read(c, members, q);

	if (e == ERR_INVALID && q->to != NULL)
		(void)!check_question(c, q);
	return e == OK ? check_question(c, q) : e;
}

/* ---- the store, then delivery ---- */

static struct route_limit
limit_of(const char *name, const struct limit_left *l, int64_t now_ms)
{
	return (struct route_limit){.name = name,
	    .rate = l->rate.text,
	    .left = l->left,
	    .free_at_ms = now_ms + l->wait_ms};
}

static void
ask_delivery(struct call *c)
{
	const struct api_options *o = &c->api->options;
	struct question *q = c->job;
	struct route_question *d = &q->delivery;

	d->to = q->to;
	d->text = q->text;
	d->out = &c->response.body;
	d->back = offer_task(c);
	d->loop = c->loop;
	o->explain(o->ctx, d);
}

/* Wrong guesses of a day, when they are spent. */
static struct route_limit
budget_of(struct call *c, const struct limits_job *j)
{
	return (struct route_limit){.name = "wrongPinsPerPhoneNumber",
	    .rate = arena_printf(&c->arena, "%lld/1d", (long long)j->failures_max),
	    .left = j->locked_until_ms > 0 ? 0 : 1,
	    .free_at_ms = j->locked_until_ms};
}

static enum err
take_limits(struct call *c, struct question *q)
{
	const struct limits_job *j = &q->store;

	if (j->job.err != OK)
		return j->job.err;
	q->limits[0] = limit_of("sendPinPerApplicationLimit", &j->all, j->job.now_ms);
	q->limits[1] = limit_of("sendPinPerPhoneNumberLimit", &j->phone, j->job.now_ms);
	q->delivery.limits = q->limits;
	q->delivery.limit_count = LIMITS_MAX - 1;
	if (j->failures_max > 0)
		q->limits[q->delivery.limit_count++] = budget_of(c, j);
	q->delivery.disabled = j->disabled;
	return OK;
}

static void
limits_back(struct task *t)
{
	struct call *c = container_of(t, struct call, task);
	enum err e = take_limits(c, c->job);

	if (e == OK)
		ask_delivery(c);
	else
		refuse_call(c, e);
}

/* On the store's thread. */
static void
limits_finished(struct job *j)
{
	struct call *c = j->owner;

	c->task.run = limits_back;
	queue_push(c->loop, &c->task);
}

static enum err
proceed(struct call *c)
{
	struct question *q = c->job;

	if (q->application != NULL) {
		q->store.job.finish = limits_finished;
		return offer_job(c, &q->store.job, VERB_LIMITS);
	}
	ask_delivery(c);
	return OK;
}

static enum err
answer(struct call *c)
{
	c->response.status = 200;
	return ((const struct question *)c->job)->delivery.err;
}

const struct operation op_route_explain = {.name = "route_explain",
    .check = check_query,
    .proceed = proceed,
    .answer = answer,
    .finds = THING_APPLICATION};
const struct operation op_route_explain_body = {.name = "route_explain_text",
    .check = check_body,
    .proceed = proceed,
    .answer = answer,
    .finds = THING_APPLICATION};
