/* SPDX-License-Identifier: Apache-2.0 */
#include "api/ops/route_explain.h"

#include "api/offer.h"
#include "api/ops/destination.h"
#include "api/refuse.h"
#include "store/limits.h"

enum { LIMITS_MAX = 3 };

struct question {
	struct limits_job store;
	struct route_limit limits[LIMITS_MAX];
	struct route_question delivery;
};

static enum err
check(struct call *c)
{
	struct route_explain_ask *ask = c->ask;

	if (ask->to != NULL)
		ask->destination = destination_read(
		    c, channel_row(ask->channel)->address, "to", ask->to);
	if (c->fail.count > 0)
		return ERR_INVALID;
	return ask->limited && ident_is_none(&ask->application) ? ERR_NOT_FOUND : OK;
}

/* ---- delivery ---- */

static void
ask_delivery(struct call *c)
{
	const struct api_options *o = &c->api->options;
	const struct route_explain_ask *ask = c->ask;
	struct question *q = c->job;
	struct route_question *d = &q->delivery;

	d->channel = ask->channel;
	d->to = ask->destination;
	d->text = ask->text;
	d->out = &c->response.body;
	d->back = offer_task(c);
	d->loop = c->loop;
	o->explain(o->ctx, d);
}

/* ---- the store before it ---- */

static struct route_limit
limit_of(const char *name, const struct limit_left *l, int64_t now_ms)
{
	return (struct route_limit){.name = name,
	    .rate = l->rate.text,
	    .left = l->left,
	    .free_at_ms = now_ms + l->wait_ms};
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
ask_store(struct call *c, struct limits_job *j)
{
	const struct route_explain_ask *ask = c->ask;

	j->account = c->principal.account;
	j->application = ask->application;
	j->destination = ask->destination;
	j->failures_max = c->api->options.failures_max;
	j->job.finish = limits_finished;
	return offer_job(c, &j->job, VERB_LIMITS);
}

static enum err
proceed(struct call *c)
{
	const struct route_explain_ask *ask = c->ask;
	struct question *q = arena_alloc(&c->arena, sizeof(*q));

	c->job = q;
	if (ask->limited)
		return ask_store(c, &q->store);
	ask_delivery(c);
	return OK;
}

static enum err
answer(struct call *c)
{
	return ((const struct question *)c->job)->delivery.err;
}

const struct operation op_route_explain = {.name = "route_explain",
    .ask_len = sizeof(struct route_explain_ask),
    .check = check,
    .proceed = proceed,
    .answer = answer,
    .finds = THING_APPLICATION};
const struct operation op_route_explain_text = {.name = "route_explain_text",
    .ask_len = sizeof(struct route_explain_ask),
    .check = check,
    .proceed = proceed,
    .answer = answer,
    .finds = THING_APPLICATION};
