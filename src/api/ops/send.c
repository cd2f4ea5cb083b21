/* SPDX-License-Identifier: Apache-2.0 */
#include "api/ops/send.h"

#include "api/idempotency.h"
#include "api/offer.h"
#include "api/ops/destination.h"
#include "api/reason.h"
#include "store/idempotency.h"
#include "store/outgoing.h"
#include "store/send.h"
#include "twofa/language.h"
#include "twofa/report_body.h"

/* ---- what send and resend share ---- */

static void
say_locked(struct call *c, int64_t failures_max)
{
	c->response.reason = "numberLocked";
	fail_add(&c->fail, "to",
	    "is locked: %lld wrong PINs were typed for it in 24 hours",
	    (long long)failures_max);
}

/* No carrier would ever take it: nothing is made of it, and no limit counts it. */
static void
check_channel(struct call *c, const char *field, enum channel channel)
{
	if ((c->api->options.channels & CHANNEL_BIT(channel)) != 0)
		return;
	c->response.reason = "channelNotServed";
	fail_add(&c->fail, field, "no carrier of this server serves %s",
	    channel_name(channel));
}

static struct outgoing_message *
new_message(struct call *c, enum channel channel, const char *placeholders, bool tracked)
{
	struct outgoing_message *o = outgoing_new();

	o->content.channel = channel;
	o->tracked = tracked;
	if (placeholders != NULL)
		o->placeholders = arena_text(&o->arena, span_of(placeholders));
	c->sent.channel = channel;
	c->sent.tracked = tracked;
	return o;
}

/* On the store's thread: a committed message goes on to delivery, a refused or repeated
 * one back. */
static void
hand_on(struct job *j, struct outgoing_message *o)
{
	struct call *c = j->owner;

	if (!idempotency_is_new(j)) {
		outgoing_free(o);
		queue_push(c->loop, &c->task);
		return;
	}
	c->sent.pin_id = o->recipe.pin_id;
	c->sent.seq = o->seq;
	c->sent.to = arena_text(&c->arena, span_of(o->destination));
	o->request = c->response.request_id;
	o->answer = &c->delivery;
	c->delivery.task = &c->task;
	c->delivery.to = c->loop;
	c->api->options.deliver(c->api->options.ctx, o);
}

/* The message of this call, or of the one that it repeats. */
static void
put_result(struct call *c, bool looked_up)
{
	enum report_status status =
	    c->delivery.sent ? REPORT_PENDING_ACCEPTED : c->delivery.status;
	struct send_result *r = c->result;
	char *id = NULL;

	if (c->sent.tracked) {
		id = arena_alloc(&c->arena, REPORT_ID_LEN + 1);
		report_body_message_id(&c->sent.pin_id, c->sent.seq, id);
	}
	*r = (struct send_result){.pin_id = c->sent.pin_id,
	    .to = c->sent.to,
	    .channel = c->sent.channel,
	    .looked_up = looked_up,
	    .lookup = c->delivery.lookup,
	    .sent = c->delivery.sent,
	    .status = report_status_find(status),
	    .message_id = id};
}

static void
say_unfit(struct call *c, const struct ucs2_value *v)
{
	const char *field = arena_printf(&c->arena, "placeholders.%s", v->name);

	fail_add(&c->fail, field,
	    "has U+%04X at %zu, which needs UCS-2, and the template refuses that",
	    (unsigned)v->character, v->at);
}

/* ---- send ---- */

/* "" is none. */
static void
check_language(struct call *c, struct send_ask *ask)
{
	const char *asked = ask->language;

	if (asked == NULL)
		return;
	ask->language = language_of_locale(asked);
	if (ask->language == NULL && asked[0] != '\0')
		fail_add(&c->fail, "language", "is not a supported language");
}

static void
check_alternative(struct call *c, struct send_ask_alternative *a)
{
	const struct send_ask *ask = c->ask;
	const struct channel_row *row = channel_row(a->channel);

	check_channel(c, a->field, a->channel);
	if (a->channel == ask->channel)
		fail_add(&c->fail, a->field, "is the channel of the send itself");
	if (a->to != NULL)
		a->destination = destination_read(c, row->address, a->field, a->to);
	if (!a->templated && row->template != channel_row(ask->channel)->template)
		fail_add(&c->fail, a->field,
		    "needs a messageId: the template of the send is not for %s",
		    row->name);
}

static enum err
check_send(struct call *c)
{
	struct send_ask *ask = c->ask;

	check_language(c, ask);
	if (ask->to != NULL)
		ask->destination = destination_read(
		    c, channel_row(ask->channel)->address, "to", ask->to);
	check_channel(c, "channel", ask->channel);
	for (size_t i = 0; i < ask->alternative_count; i++)
		check_alternative(c, &ask->alternatives[i]);
	if (c->fail.count > 0)
		return ERR_INVALID;
	if (ident_is_none(&ask->application))
		reason_missing(c, THING_APPLICATION);
	else if (ident_is_none(&ask->template))
		reason_missing(c, THING_TEMPLATE);
	else
		return OK;
	return ERR_NOT_FOUND;
}

/* On the store's thread. */
static void
send_finished(struct job *j)
{
	struct send_job *send = container_of(j, struct send_job, job);

	((struct call *)j->owner)->wait_ms = send->wait_ms;
	hand_on(j, send->outgoing);
}

/* A number that the send has already is counted once. */
static bool
is_other_number(const struct send_ask *ask, size_t n)
{
	const char *destination = ask->alternatives[n].destination;

	for (size_t i = 0; i < n; i++)
		if (strcmp(ask->alternatives[i].destination, destination) == 0)
			return false;
	return strcmp(ask->destination, destination) != 0;
}

static void
name_alternatives(struct call *c, struct send_job *j)
{
	const struct send_ask *ask = c->ask;

	if (ask->alternative_count == 0)
		return;
	j->alternative_count = ask->alternative_count;
	j->alternatives =
	    arena_alloc(&c->arena, ask->alternative_count * sizeof(*j->alternatives));
	for (size_t i = 0; i < ask->alternative_count; i++) {
		const struct send_ask_alternative *a = &ask->alternatives[i];
		bool same = strcmp(ask->destination, a->destination) == 0;

		j->alternatives[i] = (struct send_alternative){
		    .row = {.channel = a->channel,
			.destination = same ? NULL : a->destination,
			.template = a->templated ? a->template
						 : ident_parse_or_none((struct span){0})},
		    .templated = a->templated,
		    .own_number = is_other_number(ask, i)};
	}
}

static enum err
proceed_send(struct call *c)
{
	const struct send_ask *ask = c->ask;
	struct send_job *j = arena_alloc(&c->arena, sizeof(*j));
	struct outgoing_message *o =
	    new_message(c, ask->channel, ask->placeholders, ask->tracked);
	enum err e;

	o->lookup_needed = ask->lookup_needed;
	o->destination = arena_text(&o->arena, span_of(ask->destination));
	j->outgoing = o;
	j->account = c->principal.account;
	j->application = ask->application;
	j->template = ask->template;
	j->caps = &c->api->options.caps;
	j->failures_max = c->api->options.failures_max;
	j->language = ask->language;
	if (ask->from != NULL && ask->from[0] != '\0')
		j->from = ask->from;
	name_alternatives(c, j);
	j->job.finish = send_finished;
	c->job = j;
	e = offer_job(c, &j->job, VERB_SEND);
	if (e != OK)
		outgoing_free(o);
	return e;
}

/* True: it is an alternative of which something is wrong. */
static bool
say_alternative(struct call *c, const struct send_job *j, enum err e)
{
	const struct send_ask *ask = c->ask;

	for (size_t i = 0; i < j->alternative_count; i++) {
		const struct send_alternative *a = &j->alternatives[i];
		const char *field = ask->alternatives[i].field;

		if (a->full)
			fail_add(&c->fail, field, "has no room left in that limit");
		if (!(a->missing && e == ERR_NOT_FOUND) &&
		    !(a->misfit && e == ERR_INVALID))
			continue;
		c->response.reason = a->missing ? "unknownTemplate" : NULL;
		fail_add(&c->fail, arena_printf(&c->arena, "%s.messageId", field), "%s",
		    a->missing ? "is not known in this application"
			       : "is a template of another channel");
		return true;
	}
	return false;
}

static void
say_why_not_sent(struct call *c, const struct send_job *j, enum err e)
{
	if (say_alternative(c, j, e))
		return;
	if (j->disabled && e == ERR_INVALID)
		fail_add(&c->fail, "applicationId", "the application is not enabled");
	else if (j->misfit && e == ERR_INVALID)
		fail_add(&c->fail, "messageId", "is a template of another channel");
	else if (j->unfit.name != NULL && e == ERR_INVALID)
		say_unfit(c, &j->unfit);
	else if (j->locked)
		say_locked(c, j->failures_max);
	else if (e == ERR_THROTTLED && j->limit != NULL)
		reason_limit(c, j->limit, j->limit_rate, j->wait_ms);
	else if (e == ERR_NOT_FOUND)
		reason_missing(c, j->found ? THING_TEMPLATE : THING_APPLICATION);
}

static enum err
answer_send(struct call *c)
{
	const struct send_job *j = c->job;

	if (j->job.err != OK)
		say_why_not_sent(c, j, j->job.err);
	else
		put_result(c, ((const struct send_ask *)c->ask)->lookup_needed);
	return j->job.err;
}

const struct operation op_send = {.name = "send",
    .ask_len = sizeof(struct send_ask),
    .result_len = sizeof(struct send_result),
    .check = check_send,
    .proceed = proceed_send,
    .answer = answer_send,
    .keyed = KEYED_LATER,
    .crowded = true,
    .verb = VERB_SEND};

/* ---- resend ---- */

static enum err
check_resend(struct call *c)
{
	const struct resend_ask *ask = c->ask;

	check_channel(c, "channel", ask->channel);
	if (c->fail.count > 0)
		return ERR_INVALID;
	return ident_is_none(&ask->pin_id) ? ERR_NOT_FOUND : OK;
}

/* On the store's thread. */
static void
resend_finished(struct job *j)
{
	struct resend_job *resend = container_of(j, struct resend_job, job);

	((struct call *)j->owner)->wait_ms = resend->wait_ms;
	hand_on(j, resend->outgoing);
}

static enum err
proceed_resend(struct call *c)
{
	const struct resend_ask *ask = c->ask;
	struct resend_job *j = arena_alloc(&c->arena, sizeof(*j));
	enum err e;

	j->outgoing = new_message(c, ask->channel, ask->placeholders, ask->tracked);
	j->outgoing->lookup_needed = ask->lookup_needed;
	j->account = c->principal.account;
	j->pin_id = ask->pin_id;
	j->resends_max = c->api->options.resends_per_pin;
	j->interval_ms = c->api->options.resend_interval_ms;
	j->failures_max = c->api->options.failures_max;
	j->job.finish = resend_finished;
	c->job = j;
	e = offer_job(c, &j->job, VERB_RESEND);
	if (e != OK)
		outgoing_free(j->outgoing);
	return e;
}

static void
say_spacing(struct call *c, const struct resend_job *j)
{
	if (j->locked) {
		say_locked(c, j->failures_max);
		return;
	}
	if (j->wait_ms > 0) {
		reason_limit(c, "resendInterval", NULL, j->wait_ms);
		return;
	}
	c->response.reason = "resendsPerPin";
	fail_add(&c->fail, "resendsPerPin", "is used up; there are %lld and no more",
	    (long long)j->resends_max);
}

static void
say_over(struct call *c, const struct resend_job *j)
{
	if (j->expires_at_ms <= j->job.now_ms)
		reason_over(c, "pinExpired", "its time is over");
	else if (j->state.attempts >= j->attempts_max)
		reason_over(c, "pinAttemptsUsed", "its attempts are used up");
	else
		reason_over(c, "pinVerifiedBefore", "was verified, and may be once");
}

static void
say_misfit(struct call *c)
{
	const struct resend_ask *ask = c->ask;

	c->response.reason = "pinOfAnotherChannel";
	fail_add(&c->fail, "channel",
	    "the PIN was not made for %s: it needs an alternative, named at the send",
	    channel_name(ask->channel));
}

static enum err
answer_resend(struct call *c)
{
	const struct resend_job *j = c->job;

	if (j->job.err == ERR_INVALID && j->misfit)
		say_misfit(c);
	else if (j->job.err == ERR_INVALID && j->unfit.name != NULL)
		say_unfit(c, &j->unfit);
	if (j->job.err == ERR_THROTTLED)
		say_spacing(c, j);
	else if (j->job.err == ERR_NOT_FOUND && j->found)
		say_over(c, j);
	if (j->job.err == OK)
		put_result(c, ((const struct resend_ask *)c->ask)->lookup_needed);
	return j->job.err;
}

const struct operation op_resend = {.name = "resend",
    .ask_len = sizeof(struct resend_ask),
    .result_len = sizeof(struct send_result),
    .check = check_resend,
    .proceed = proceed_resend,
    .answer = answer_resend,
    .keyed = KEYED_LATER,
    .crowded = true,
    .verb = VERB_RESEND,
    .finds = THING_PIN};
