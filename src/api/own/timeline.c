/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The timeline of a PIN: what happened to it, as a list of events in the order of
 * time, and how it stands. Never the PIN. Told from the rows as they are, so of
 * attempts to verify the last is there with its time, and how many there were; of
 * receipts the last.
 */
#include <stdlib.h>

#include "api/offer.h"
#include "api/ops/ops.h"
#include "base/json.h"
#include "store/status.h"
#include "twofa/report_body.h"

enum { AT_LEN = 32 };

/* Members that are NULL, or -1, are left out. */
struct event {
	int64_t at_ms;
	size_t place; /* among those of the same time */
	const char *event;
	int64_t message;
	const char *channel;
	const char *lookup;
	const char *carrier;
	const char *result;
	int64_t code;
	int64_t times;
	const char *reason;
	const char *carrier_message_id;
	const struct report_status_row *status;
	const struct report_error_row *error;
	int64_t done_at_ms;
};

struct events {
	struct arena *arena;
	size_t count;
	size_t capacity;
	struct event *list;
};

static struct event *
add(struct events *e, int64_t at_ms, const char *name)
{
	size_t place = e->count;
	struct event *event = arena_list_add(
	    e->arena, (void **)&e->list, &e->count, &e->capacity, sizeof(*e->list));

	*event = (struct event){.at_ms = at_ms,
	    .place = place,
	    .event = name,
	    .message = -1,
	    .code = -1,
	    .times = -1};
	return event;
}

static struct event *
add_of(
    struct events *e, int64_t at_ms, const char *name, const struct timeline_message *m)
{
	struct event *event = add(e, at_ms, name);

	event->message = m->seq;
	return event;
}

/* ---- what happened to a message ---- */

static void
add_tries(struct events *e, const struct timeline_message *m)
{
	struct span text = span_of(m->history);
	json_t *doc = text.len == 0 ? NULL : json_loadb(text.ptr, text.len, 0, NULL);
	size_t i;
	json_t *try;

	json_array_foreach(doc, i, try)
	{
		struct event *event = add_of(
		    e, json_integer_value(json_object_get(try, "at")), "submit", m);
		const char *carrier = json_string_value(json_object_get(try, "carrier"));
		const char *result = json_string_value(json_object_get(try, "result"));
		const char *reason = json_string_value(json_object_get(try, "reason"));
		const json_t *times = json_object_get(try, "times");

		event->carrier = arena_text(e->arena, span_of(carrier));
		event->result = arena_text(e->arena, span_of(result));
		event->reason = arena_text(e->arena, span_of(reason));
		event->code = json_integer_value(json_object_get(try, "code"));
		event->times = times == NULL ? -1 : json_integer_value(times);
	}
	json_decref(doc);
}

/* What was sent and is neither open nor without its carrier's answer. */
static bool
was_accepted(const struct timeline_message *m)
{
	return m->sent && m->state >= MESSAGE_ACCEPTED;
}

/* The store waits for its receipt as for any other; here it is what is known of it. */
static enum message_state
shown_state(const struct timeline_message *m, const struct timeline_job *j)
{
	if (m->state == MESSAGE_ACCEPTED && m->reason == MESSAGE_REASON_UNCLEAR)
		return MESSAGE_SUBMITTED;
	return message_state_at(m->state, j->expires_at_ms, j->job.now_ms);
}

static void
add_outcome(struct events *e, const struct timeline_message *m)
{
	struct event *event;

	add_tries(e, m);
	if (m->reason == MESSAGE_REASON_UNCLEAR)
		return; /* its submit is among the tries, with what came back */
	if (was_accepted(m)) {
		event = add_of(e, m->updated_at_ms, "submit", m);
		event->carrier = m->carrier;
		event->result = "accepted";
		event->code = m->code;
		event->carrier_message_id = m->carrier_message_id;
	} else if (m->state == MESSAGE_FAILED) {
		event = add_of(e, m->updated_at_ms, "failed", m);
		event->reason = message_reason_name(m->reason);
	} else if (m->state == MESSAGE_EXPIRED) {
		add_of(e, m->updated_at_ms, "expired", m);
	}
}

static void
add_message(struct events *e, const struct timeline_message *m)
{
	struct event *event =
	    add_of(e, m->created_at_ms, m->seq == 0 ? "send" : "resend", m);

	event->channel = channel_name(m->channel);
	if (m->looked_up) {
		event = add_of(e, m->lookup_at_ms, "lookup", m);
		event->lookup = message_lookup_status_name(m->lookup);
	}
	add_outcome(e, m);
	if (m->reported_at_ms == 0)
		return;
	event = add_of(e, m->reported_at_ms, "receipt", m);
	event->carrier = m->carrier;
	event->status = report_status_find(m->status);
	event->error = report_error_find(m->error);
	event->done_at_ms = m->done_at_ms;
}

/* ---- what happened to the PIN ---- */

static void
add_verifies(struct events *e, const struct timeline_job *j)
{
	if (j->state.verified_at_ms != 0)
		add(e, j->state.verified_at_ms, "verify")->result = "right";
	if (j->state.matched_at_ms > j->state.verified_at_ms)
		add(e, j->state.matched_at_ms, "verify")->result = "right";
	if (j->state.attempted_at_ms > j->state.matched_at_ms)
		add(e, j->state.attempted_at_ms, "verify")->result = "wrong";
}

static int
earlier(const void *a, const void *b)
{
	const struct event *x = a;
	const struct event *y = b;

	if (x->at_ms != y->at_ms)
		return x->at_ms < y->at_ms ? -1 : 1;
	return x->place < y->place ? -1 : x->place > y->place;
}

static struct events
collect(struct call *c, const struct timeline_job *j)
{
	struct events e = {.arena = &c->arena};

	add(&e, ident_ms(&j->pin_id), "created");
	for (size_t i = 0; i < j->count; i++)
		add_message(&e, &j->messages[i]);
	add_verifies(&e, j);
	if (j->expires_at_ms <= j->job.now_ms && j->state.verified_at_ms == 0)
		add(&e, j->expires_at_ms, "over");
	qsort(e.list, e.count, sizeof(*e.list), earlier);
	return e;
}

/* ---- writing ---- */

static void
put_time(struct json_out *out, const char *name, int64_t ms)
{
	char at[AT_LEN];

	if (ms == 0)
		return;
	clock_format(ms, at, sizeof(at));
	json_out_text(out, name, at);
}

static void
put_id(struct json_out *out, const char *name, const struct ident *id)
{
	char text[IDENT_TEXT_LEN + 1];

	ident_text(id, text);
	json_out_text(out, name, text);
}

static void
put_event(struct json_out *out, const struct event *e)
{
	json_out_object(out, NULL);
	put_time(out, "at", e->at_ms);
	json_out_text(out, "event", e->event);
	if (e->message >= 0)
		json_out_int(out, "message", e->message);
	json_out_text(out, "channel", e->channel);
	json_out_text(out, "ncStatus", e->lookup);
	json_out_text(out, "carrier", e->carrier);
	json_out_text(out, "result", e->result);
	if (e->code >= 0)
		json_out_int(out, "code", e->code);
	json_out_text(out, "reason", e->reason);
	if (e->times >= 0)
		json_out_int(out, "times", e->times);
	json_out_text(out, "carrierMessageId", e->carrier_message_id);
	if (e->status != NULL)
		report_body_put_status(out, e->status);
	if (e->error != NULL)
		report_body_put_error(out, e->error);
	put_time(out, "doneAt", e->done_at_ms);
	json_out_end(out);
}

static const char *
state_of(const struct timeline_job *j)
{
	if (j->state.verified_at_ms != 0)
		return "VERIFIED";
	if (j->state.attempts >= j->attempts_max)
		return "NO_MORE_PIN_ATTEMPTS";
	if (j->expires_at_ms <= j->job.now_ms)
		return "TTL_EXPIRED";
	return j->locked_until_ms > 0 ? "NUMBER_LOCKED" : "WAITING";
}

static void
put_message(
    struct json_out *out, const struct timeline_job *j, const struct timeline_message *m)
{
	enum message_state state = shown_state(m, j);

	json_out_object(out, NULL);
	json_out_int(out, "message", m->seq);
	json_out_text(out, "channel", channel_name(m->channel));
	json_out_text(out, "state", message_state_name(state));
	report_body_put_status(
	    out, report_status_find(report_status_of(m->status, state, m->reason)));
	json_out_text(out, "carrier", m->carrier);
	json_out_int(out, "attempts", m->attempts);
	json_out_end(out);
}

static void
put_timeline(struct json_out *out, const struct timeline_job *j, const struct events *e)
{
	json_out_object(out, NULL);
	put_id(out, "pinId", &j->pin_id);
	put_id(out, "applicationId", &j->application);
	put_id(out, "messageId", &j->template);
	json_out_text(out, "to", j->destination);
	json_out_text(out, "state", state_of(j));
	put_time(out, "createdAt", ident_ms(&j->pin_id));
	put_time(out, "expiresAt", j->expires_at_ms);
	put_time(out, "verifiedAt", j->state.verified_at_ms);
	put_time(out, "numberLockedUntil", j->locked_until_ms);
	json_out_int(out, "attempts", j->state.attempts);
	json_out_int(out, "attemptsMax", j->attempts_max);
	json_out_array(out, "messages");
	for (size_t i = 0; i < j->count; i++)
		put_message(out, j, &j->messages[i]);
	json_out_end(out);
	json_out_array(out, "events");
	for (size_t i = 0; i < e->count; i++)
		put_event(out, &e->list[i]);
	json_out_end(out);
	json_out_end(out);
}

/* ---- the operation ---- */

static enum err
check_timeline(struct call *c)
{
	struct timeline_job *j = arena_alloc(&c->arena, sizeof(*j));

	j->account = c->principal.account;
	j->failures_max = c->api->options.failures_max;
	c->job = j;
	return call_ident(c, 0, &j->pin_id);
}

static enum err
proceed_timeline(struct call *c)
{
	return offer_job(c, &((struct timeline_job *)c->job)->job, VERB_TIMELINE);
}

static enum err
answer_timeline(struct call *c)
{
	struct timeline_job *j = c->job;
	struct json_out out = call_json(c);
	struct events e;

	if (j->job.err != OK)
		return j->job.err;
	e = collect(c, j);
	put_timeline(&out, j, &e);
	c->response.status = 200;
	return OK;
}

const struct operation op_timeline = {.name = "timeline",
    .check = check_timeline,
    .proceed = proceed_timeline,
    .answer = answer_timeline,
    .finds = THING_PIN};
