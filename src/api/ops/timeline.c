/* SPDX-License-Identifier: Apache-2.0 */
#include "api/ops/timeline.h"

#include <stdlib.h>

#include "api/offer.h"
#include "store/status.h"
#include "twofa/submit_history.h"

struct events {
	struct arena *arena;
	size_t count;
	size_t capacity;
	struct timeline_event *list;
};

static struct timeline_event *
add(struct events *e, int64_t at_ms, const char *name)
{
	size_t place = e->count;
	struct timeline_event *event = arena_list_add(
	    e->arena, (void **)&e->list, &e->count, &e->capacity, sizeof(*e->list));

	*event = (struct timeline_event){.at_ms = at_ms,
	    .place = place,
	    .event = name,
	    .message = -1,
	    .code = -1,
	    .times = -1};
	return event;
}

static struct timeline_event *
add_of(
    struct events *e, int64_t at_ms, const char *name, const struct timeline_message *m)
{
	struct timeline_event *event = add(e, at_ms, name);

	event->message = m->seq;
	return event;
}

/* ---- what happened to a message ---- */

/* A record that cannot be read has nothing to show. */
static void
add_submits(struct events *e, const struct timeline_message *m)
{
	struct submit_entry *list;
	size_t count;

	if (submit_history_read(m->history, e->arena, &list, &count) != OK)
		return;
	for (size_t i = 0; i < count; i++) {
		struct timeline_event *event = add_of(e, list[i].at_ms, "submit", m);

		event->carrier = list[i].carrier;
		event->result = list[i].result;
		event->reason = list[i].reason;
		event->code = list[i].code;
		event->times = list[i].times > 1 ? list[i].times : -1;
	}
}

/* True for a message that was sent and has its carrier's answer. */
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
	struct timeline_event *event;

	add_submits(e, m);
	if (m->reason == MESSAGE_REASON_UNCLEAR)
		return; /* its submit is in the history, with what came back */
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
	struct timeline_event *event =
	    add_of(e, m->created_at_ms, m->seq == 0 ? "send" : "resend", m);

	event->channel = channel_name(m->channel);
	event->to = m->to;
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
	const struct timeline_event *x = a;
	const struct timeline_event *y = b;

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

/* ---- how it stands ---- */

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

static const struct timeline_standing *
standing_of(struct call *c, const struct timeline_job *j)
{
	struct timeline_standing *list = arena_alloc(&c->arena, j->count * sizeof(*list));

	for (size_t i = 0; i < j->count; i++) {
		const struct timeline_message *m = &j->messages[i];
		enum message_state state = shown_state(m, j);

		list[i] = (struct timeline_standing){.seq = m->seq,
		    .channel = channel_name(m->channel),
		    .to = m->to,
		    .state = message_state_name(state),
		    .status =
			report_status_find(report_status_of(m->status, state, m->reason)),
		    .carrier = m->carrier,
		    .submits = m->submits};
	}
	return list;
}

/* ---- the operation ---- */

static enum err
check(struct call *c)
{
	const struct timeline_ask *ask = c->ask;

	return ident_is_none(&ask->pin_id) ? ERR_NOT_FOUND : OK;
}

static enum err
proceed(struct call *c)
{
	const struct timeline_ask *ask = c->ask;
	struct timeline_job *j = arena_alloc(&c->arena, sizeof(*j));

	j->account = c->principal.account;
	j->pin_id = ask->pin_id;
	j->failures_max = c->api->options.failures_max;
	c->job = j;
	return offer_job(c, &j->job, VERB_TIMELINE);
}

static enum err
answer(struct call *c)
{
	const struct timeline_job *j = c->job;
	struct timeline_result *r = c->result;
	struct events e;

	if (j->job.err != OK)
		return j->job.err;
	e = collect(c, j);
	*r = (struct timeline_result){.pin_id = j->pin_id,
	    .application = j->application,
	    .template = j->template,
	    .to = j->destination,
	    .state = state_of(j),
	    .created_at_ms = ident_ms(&j->pin_id),
	    .expires_at_ms = j->expires_at_ms,
	    .verified_at_ms = j->state.verified_at_ms,
	    .locked_until_ms = j->locked_until_ms,
	    .attempts = j->state.attempts,
	    .attempts_max = j->attempts_max,
	    .messages = standing_of(c, j),
	    .message_count = j->count,
	    .events = e.list,
	    .event_count = e.count};
	return OK;
}

const struct operation op_timeline = {.name = "timeline",
    .ask_len = sizeof(struct timeline_ask),
    .result_len = sizeof(struct timeline_result),
    .check = check,
    .proceed = proceed,
    .answer = answer,
    .finds = THING_PIN};
