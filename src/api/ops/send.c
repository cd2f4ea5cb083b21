/* SPDX-License-Identifier: Apache-2.0 */
/* Send and resend, and what they share (contract 3.1 to 3.4). */
#include "api/body.h"
#include "api/offer.h"
#include "api/ops/ops.h"
#include "api/reason.h"

#include <stdio.h>
#include <strings.h>

#include "base/json_scalar.h"
#include "twofa/phone.h"
#include "twofa/report_body.h"

enum { PLACEHOLDERS_MAX = 50, PLACEHOLDER_NAME_MAX = 100, PLACEHOLDER_VALUE_MAX = 1000 };

/* ---- what send and resend share ---- */

/* One placeholder, as a text; null is none. */
static void
check_placeholder(struct call *c, const char *name, const json_t *value, json_t *kept)
{
	const char *field = arena_printf(&c->arena, "placeholders.%s", name);
	const char *text = json_as_text(value, &c->arena);

	if (strcmp(name, "pin") == 0)
		fail_add(&c->fail, field, "must not be named pin");
	else if (json_is_null(value))
		return;
	else if (text == NULL)
		fail_add(&c->fail, field, "must be a string");
	else if (strlen(name) > PLACEHOLDER_NAME_MAX ||
		 strlen(text) > PLACEHOLDER_VALUE_MAX)
		fail_add(&c->fail, field, "is too long");
	else
		RESOURCE(json_object_set_new(kept, name, json_string(text)) == 0);
}

/* {"firstName":"John"}: texts only, not named "pin"; kept as compact JSON. */
static const char *
check_placeholders(struct call *c, json_t *map, struct arena *a)
{
	const char *name;
	json_t *value;
	json_t *kept;
	char *text;
	const char *copy;

	if (map == NULL)
		return NULL;
	if ((!json_is_object(map) && !json_is_empty_array(map)) ||
	    json_object_size(map) > PLACEHOLDERS_MAX) {
		fail_add(&c->fail, "placeholders",
		    "must be an object of at most %d texts", PLACEHOLDERS_MAX);
		return NULL;
	}
	kept = json_object();
	json_object_foreach(map, name, value) check_placeholder(c, name, value, kept);
	text = json_dumps(kept, JSON_COMPACT);
	json_decref(kept);
	if (text == NULL)
		panic("out of memory");
	copy = arena_text(a, span_of(text));
	mem_free(text);
	return copy;
}

static void
put_sms_status(struct call *c, struct json_out *out)
{
	json_out_text(out, "ncStatus", lookup_status_name(c->delivery.lookup));
	json_out_text(
	    out, "smsStatus", c->delivery.sent ? "MESSAGE_SENT" : "MESSAGE_NOT_SENT");
}

static void
put_sent(struct call *c, bool to_first)
{
	struct json_out out = call_json(c);
	char id[IDENT_TEXT_LEN + 1];
	char external[REPORT_ID_LEN + 1];

	ident_text(&c->pin_id, id);
	json_out_object(&out, NULL);
	if (!to_first)
		json_out_text(&out, "pinId", id);
	json_out_text(&out, "to", c->destination);
	put_sms_status(c, &out);
	if (to_first)
		json_out_text(&out, "pinId", id);
	if (c->track_delivery) {
		report_message_id(&c->pin_id, c->message_seq, external);
		json_out_text(&out, "externalMessageId", external);
	}
	json_out_end(&out);
	c->response.status = 200;
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
	c->pin_id = o->recipe.pin_id;
	c->message_seq = o->seq;
	c->destination = arena_text(&c->arena, span_of(o->destination));
	o->request = c->response.request_id;
	o->answer = &c->delivery;
	c->delivery.task = &c->task;
	c->delivery.to = c->loop;
	c->api->options.deliver(c->api->options.ctx, o);
}

/* ---- send ---- */

struct send_request {
	const char *application;
	const char *message;
	const char *to;
	const char *from;
	json_t *placeholders;
	struct opt_bool track_delivery;
};

#define AT(member) offsetof(struct send_request, member)
static const struct json_row send_rows[] = {
    {"applicationId", JSON_ROW_TEXT, true, AT(application), 1, 64, NULL},
    {"messageId", JSON_ROW_TEXT, true, AT(message), 1, 64, NULL},
    {"to", JSON_ROW_TEXT, true, AT(to), 1, 64, NULL},
    {"from", JSON_ROW_LINE, false, AT(from), 0, TEMPLATE_SENDER_MAX, NULL},
    {"placeholders", JSON_ROW_VALUE, false, AT(placeholders), 0, 0, NULL},
    {"trackDelivery", JSON_ROW_BOOL, false, AT(track_delivery), 0, 0, NULL},
    {0},
};
#undef AT

static void
say_locked(struct call *c, int64_t failures_max)
{
	fail_add(&c->fail, "to",
	    "is locked: %lld wrong PINs were typed for it in 24 hours",
	    (long long)failures_max);
}

/* On the store's thread. */
static void
send_finished(struct job *j)
{
	struct send_job *send = container_of(j, struct send_job, job);
	struct call *c = j->owner;

	c->wait_ms = send->wait_ms;
	if (send->disabled && j->item.err == ERR_INVALID)
		fail_add(&c->fail, "applicationId", "the application is not enabled");
	else if (send->misfit && j->item.err == ERR_INVALID)
		fail_add(&c->fail, "messageId", "is a template of another channel");
	else if (send->locked)
		say_locked(c, send->failures_max);
	hand_on(j, send->outgoing);
}

static void
check_destination(struct call *c, const char *to, struct outgoing_message *o)
{
	char digits[PHONE_DIGITS_MAX + 1];

	if (phone_canonical(span_of(to), digits) == OK)
		o->destination = arena_text(&o->arena, span_of(digits));
	else
		fail_add(&c->fail, "to", "%s", phone_fault(span_of(to), &c->arena));
}

static enum err
read_ids(struct call *c, const struct send_request *r, struct send_job *j)
{
	if (!ident_parse(span_of(r->application), &j->application))
		reason_missing(c, THING_APPLICATION);
	else if (!ident_parse(span_of(r->message), &j->template))
		reason_missing(c, THING_TEMPLATE);
	else
		return OK;
	return ERR_NOT_FOUND;
}

static enum err
check_send(struct call *c)
{
	struct send_request r = {0};
	struct send_job *j = arena_alloc(&c->arena, sizeof(*j));
	const char *lookup = call_query(c, "ncNeeded");
	enum err e = body_read(c, send_rows, &r);

	if (e != OK && e != ERR_INVALID)
		return e;
	j->outgoing = outgoing_new();
	j->outgoing->channel = CHANNEL_SMS;
	j->outgoing->lookup_needed = lookup == NULL || strcasecmp(lookup, "false") != 0;
	j->outgoing->placeholders =
	    check_placeholders(c, r.placeholders, &j->outgoing->arena);
	if (r.to != NULL)
		check_destination(c, r.to, j->outgoing);
	if (c->fail.count > 0)
		e = ERR_INVALID;
	if (e == OK)
		e = read_ids(c, &r, j);
	if (e != OK) {
		outgoing_free(j->outgoing);
		return e;
	}
	j->account = c->principal.account;
	j->caps = &c->api->options.caps;
	j->failures_max = c->api->options.failures_max;
	if (r.from != NULL && r.from[0] != '\0')
		j->from = r.from;
	j->job.finish = send_finished;
	c->track_delivery = r.track_delivery.value;
	j->outgoing->tracked = c->track_delivery;
	c->job = j;
	return OK;
}

static enum err
proceed_send(struct call *c)
{
	struct send_job *j = c->job;
	enum err e = offer_job(c, &j->job, VERB_SEND);

	if (e != OK)
		outgoing_free(j->outgoing);
	return e;
}

static enum err
answer_send(struct call *c)
{
	struct send_job *j = c->job;
	enum err e = j->job.item.err;

	if (j->locked)
		c->response.reason = "numberLocked";
	else if (e == ERR_THROTTLED && j->limit != NULL)
		reason_limit(c, j->limit, j->limit_rate, j->wait_ms);
	if (e == ERR_NOT_FOUND)
		reason_missing(c, j->found ? THING_TEMPLATE : THING_APPLICATION);
	if (e != OK)
		return e;
	put_sent(c, false);
	return OK;
}

const struct operation op_send = {.name = "send",
    .check = check_send,
    .proceed = proceed_send,
    .answer = answer_send,
    .keyed = KEYED_LATER,
    .crowded = true,
    .verb = VERB_SEND};

/* ---- resend ---- */

struct resend_request {
	json_t *placeholders;
	struct opt_bool track_delivery;
};

#define AT(member) offsetof(struct resend_request, member)
static const struct json_row resend_rows[] = {
    {"placeholders", JSON_ROW_VALUE, false, AT(placeholders), 0, 0, NULL},
    {"trackDelivery", JSON_ROW_BOOL, false, AT(track_delivery), 0, 0, NULL},
    {0},
};
#undef AT

/* On the store's thread. */
static void
resend_finished(struct job *j)
{
	struct resend_job *resend = container_of(j, struct resend_job, job);

	((struct call *)j->owner)->wait_ms = resend->wait_ms;
	hand_on(j, resend->outgoing);
}

static enum err
check_resend(struct call *c)
{
	struct resend_request r = {0};
	struct resend_job *j = arena_alloc(&c->arena, sizeof(*j));
	enum err e = body_read(c, resend_rows, &r);

	if (e != OK && e != ERR_INVALID)
		return e;
	j->outgoing = outgoing_new();
	j->outgoing->placeholders =
	    check_placeholders(c, r.placeholders, &j->outgoing->arena);
	e = c->fail.count > 0 ? ERR_INVALID : call_ident(c, 0, &j->pin_id);
	if (e != OK) {
		outgoing_free(j->outgoing);
		return e;
	}
	j->outgoing->channel = CHANNEL_SMS;
	j->outgoing->lookup_needed = true;
	j->account = c->principal.account;
	j->resends_max = c->api->options.resends_per_pin;
	j->interval_ms = c->api->options.resend_interval_ms;
	j->failures_max = c->api->options.failures_max;
	j->job.finish = resend_finished;
	c->track_delivery = r.track_delivery.value;
	j->outgoing->tracked = c->track_delivery;
	c->job = j;
	return OK;
}

static enum err
proceed_resend(struct call *c)
{
	struct resend_job *j = c->job;
	enum err e = offer_job(c, &j->job, VERB_RESEND);

	if (e != OK)
		outgoing_free(j->outgoing);
	return e;
}

static void
say_spacing(struct call *c, const struct resend_job *j)
{
	if (j->locked) {
		c->response.reason = "numberLocked";
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

static enum err
answer_resend(struct call *c)
{
	struct resend_job *j = c->job;

	if (j->job.item.err == ERR_THROTTLED)
		say_spacing(c, j);
	else if (j->job.item.err == ERR_NOT_FOUND && j->found)
		say_over(c, j);
	if (j->job.item.err != OK)
		return j->job.item.err;
	put_sent(c, c->dialect->version == 1);
	return OK;
}

const struct operation op_resend = {.name = "resend",
    .check = check_resend,
    .proceed = proceed_resend,
    .answer = answer_resend,
    .keyed = KEYED_LATER,
    .crowded = true,
    .verb = VERB_RESEND,
    .finds = THING_PIN};

/* ---- channels to come ---- */

static enum err
proceed_no_channel(struct call *c)
{
	fail_add(
	    &c->fail, "channel", "this server has no carrier for voice or email yet");
	return ERR_INVALID;
}

const struct operation op_no_channel = {
    .name = "no_channel", .proceed = proceed_no_channel};
