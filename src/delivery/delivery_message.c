/* SPDX-License-Identifier: Apache-2.0 */
#include "delivery/delivery_message.h"

#include <stdio.h>

#include "base/log.h"
#include "delivery/outgoing_text.h"
#include "store/outbox.h"
#include "store/outgoing.h"
#include "store/store.h"

enum {
	DELIVERY_MESSAGE_MAGIC = 0x64697370,
	BACKOFF_FIRST_MS = 1000,
	BACKOFF_DOUBLINGS_MAX = 3,
	DEFERRED_DOUBLINGS_MAX = 5, /* greylisting lasts for minutes */
	PUT_BACK_MAX = 10000,       /* at 4 s on average; a PIN's life is over before */
	RECORD_AGAIN_MS = 1000,
	SWEEP_S = 1,
	POISON_STARTS = 4 /* three renderings after a start did not come to an end */
};

static void
leave_heap(struct delivery_message *m)
{
	if (m->state != DELIVERY_PARKED)
		return;
	deadline_heap_leave(&m->group->waiting, &m->place);
	m->loop->parked_count--;
}

/* The one place where the state changes. */
static void
change_state(struct delivery_message *m, enum delivery_state to)
{
	static const bool may[DELIVERY_STATE_COUNT][DELIVERY_STATE_COUNT] = {
	    [DELIVERY_NEW] = {[DELIVERY_IN_QUARANTINE] = true,
		[DELIVERY_ASKING] = true,
		[DELIVERY_HELD] = true,
		[DELIVERY_PARKED] = true,
		[DELIVERY_RECORDING] = true},
	    [DELIVERY_ASKING] = {[DELIVERY_IN_QUARANTINE] = true,
		[DELIVERY_HELD] = true,
		[DELIVERY_PARKED] = true,
		[DELIVERY_RECORDING] = true},
	    [DELIVERY_HELD] = {[DELIVERY_IN_QUARANTINE] = true,
		[DELIVERY_HELD] = true,
		[DELIVERY_WAITING] = true,
		[DELIVERY_PARKED] = true,
		[DELIVERY_RECORDING] = true},
	    [DELIVERY_WAITING] = {[DELIVERY_IN_QUARANTINE] = true,
		[DELIVERY_HELD] = true,
		[DELIVERY_PARKED] = true,
		[DELIVERY_RECORDING] = true},
	    [DELIVERY_PARKED] = {[DELIVERY_IN_QUARANTINE] = true,
		[DELIVERY_HELD] = true,
		[DELIVERY_PARKED] = true,
		[DELIVERY_RECORDING] = true},
	    [DELIVERY_IN_QUARANTINE] = {[DELIVERY_HELD] = true,
		[DELIVERY_PARKED] = true,
		[DELIVERY_RECORDING] = true},
	    [DELIVERY_RECORDING] = {[DELIVERY_RECORDING] = true},
	};

	CHECK_OBJ(m, DELIVERY_MESSAGE_MAGIC);
	INVARIANT(may[m->state][to]);
	leave_heap(m);
	m->state = to;
}

static void
answer_caller(struct delivery_message *m, bool sent)
{
	struct outgoing_answer *a = m->outgoing->answer;

	if (a == NULL)
		return;
	m->outgoing->answer = NULL;
	a->lookup = m->outcome.lookup;
	a->sent = sent;
	if (!sent)
		a->status = report_status_of(
		    m->outcome.status, m->outcome.state, m->outcome.reason);
	queue_push(a->to, a->task);
}

void
delivery_message_sweep_later(struct delivery_loop *d)
{
	static const struct timeval wait = {SWEEP_S, 0};

	if (!evtimer_pending(d->sweep, NULL))
		event_add(d->sweep, &wait);
}

/* A call that is spoken has no message here any more, and its receipt is still to come.
 */
void
delivery_message_end_when_idle(struct delivery_loop *d)
{
	if (!d->stopping || !TAILQ_EMPTY(&d->all))
		return;
	for (size_t i = 0; i < d->group_count; i++)
		if (carrier_group_is_busy(&d->groups[i]))
			return;
	event_base_loopbreak(d->base);
}

void
delivery_message_free(struct delivery_message *m)
{
	struct delivery_loop *d = m->loop;

	CHECK_OBJ(m, DELIVERY_MESSAGE_MAGIC);
	leave_heap(m);
	lookup_cancel(&m->ask);
	answer_caller(m, true); /* it is durably queued; nobody is left waiting */
	if (m->listed)
		TAILQ_REMOVE(&d->all, m, entry);
	if (m->timer != NULL)
		event_free(m->timer);
	if (m->answer_by != NULL)
		event_free(m->answer_by);
	outgoing_free(m->outgoing);
	delivery_message_end_when_idle(d);
}

static void
after(struct event *e, int64_t ms)
{
	struct timeval tv = {ms / 1000, (ms % 1000) * 1000};

	RESOURCE(event_add(e, &tv) == 0);
}

/* ---- the end: an outcome, recorded ---- */

static void on_retry_timer(evutil_socket_t fd, short what, void *ctx);

static void
need_timer(struct delivery_message *m)
{
	if (m->timer == NULL)
		m->timer = evtimer_new(m->loop->base, on_retry_timer, m);
	RESOURCE(m->timer != NULL);
}

/* On the store's thread. */
static void
outcome_finished(struct job *j)
{
	struct delivery_message *m = j->owner;

	queue_push(m->loop->queue, &m->task);
}

static bool
is_over(const struct delivery_message *m)
{
	return store_now_ms(m->loop->store) >= m->outgoing->expires_at_ms;
}

/*
 * An outcome that could not be written (a full disk) is written again until the
 * PIN is over; by then nothing can be sent after a restart.
 */
static void
outcome_recorded(struct task *t)
{
	struct delivery_message *m = container_of(t, struct delivery_message, task);

	if (m->outcome.job.err != OK && !m->loop->stopping && !is_over(m)) {
		need_timer(m);
		after(m->timer, RECORD_AGAIN_MS);
		return;
	}
	answer_caller(
	    m, m->outcome.state == MESSAGE_ACCEPTED || m->outcome.job.err != OK);
	delivery_message_free(m);
}

static void
record(struct delivery_message *m)
{
	m->outcome.job.err = OK;
	store_push(m->loop->store, &m->outcome.job);
}

static void
finish(struct delivery_message *m, enum message_state state, enum message_reason reason)
{
	struct outcome_job *j = &m->outcome;

	change_state(m, DELIVERY_RECORDING);
	j->job.verb = VERB_OUTCOME;
	j->job.arena = &m->outgoing->arena;
	j->job.owner = m;
	j->job.finish = outcome_finished;
	j->pin_id = m->outgoing->recipe.pin_id;
	j->seq = m->outgoing->seq;
	j->channel = m->outgoing->content.channel;
	j->state = state;
	j->reason = reason;
	j->submits = m->outgoing->submits;
	j->history = submit_history_text(&m->history, &m->outgoing->arena);
	j->tracked = m->outgoing->tracked;
	if (j->tracked && j->sender == NULL)
		j->sender = m->outgoing->sender;
	m->task.run = outcome_recorded;
	j->job.patient = state == MESSAGE_ACCEPTED || state == MESSAGE_SUBMITTED;
	if (j->job.patient)
		answer_caller(m, true);
	record(m);
}

/* ---- trying ---- */

/* 20 s before the end, or a quarter of the life when that is shorter. */
static int64_t
useful_until(const struct delivery_message *m)
{
	const struct outgoing_message *o = m->outgoing;
	int64_t life_ms = o->expires_at_ms - ident_ms(&o->recipe.pin_id);
	int64_t margin_ms = m->loop->conf->expiry_margin_ms;

	if (margin_ms > life_ms / 4)
		margin_ms = life_ms / 4;
	return o->expires_at_ms - (margin_ms < 0 ? 0 : margin_ms);
}

static bool
is_too_late(const struct delivery_message *m)
{
	return store_now_ms(m->loop->store) >= useful_until(m);
}

static void
park(struct delivery_message *m, struct carrier_group *g)
{
	struct delivery_loop *d = m->loop;
	bool again = m->state == DELIVERY_PARKED;

	if (again && m->group == g)
		return;
	if (!again && d->parked_count >= PARKED_MAX) {
		finish(m, MESSAGE_FAILED, MESSAGE_REASON_EXHAUSTED);
		return;
	}
	change_state(m, DELIVERY_PARKED);
	m->group = g;
	if (m->parked_ms == 0)
		m->parked_ms = delivery_plan_steady_ms(m);
	deadline_heap_join(&g->waiting, &m->place, again);
	d->parked_count++;
	delivery_message_sweep_later(d);
	if (carrier_group_wait_ms(g) > 0)
		event_active(
		    d->kick, EV_TIMEOUT, 0); /* no carrier tells when that is over */
}

/* ---- submitting ---- */

static void on_done(void *ctx, const struct carrier_outcome *outcome);

/* The message as it went out, for its report. */
static void
remember_for_report(struct delivery_message *m, const struct carrier_config *carrier,
    const struct carrier_message *message)
{
	if (!m->outgoing->tracked)
		return;
	m->outcome.sender = message->from;
	m->outcome.parts = carrier_parts(carrier, &message->content);
}

static void
submit(struct delivery_message *m, struct carrier_group *g, const struct content *content)
{
	struct outgoing_message *o = m->outgoing;
	struct store *store = m->loop->store;
	struct carrier *bind = carrier_group_free_bind(g);
	struct note_job *note;
	char pin_id[IDENT_TEXT_LEN + 1];
	char application[IDENT_TEXT_LEN + 1];
	char reference[IDENT_TEXT_LEN + 16];
	int64_t now_ms = store_now_ms(m->loop->store);
	struct carrier_message message = {.pin_id = pin_id,
	    .application_id = application,
	    .reference = reference,
	    .to = o->destination,
	    .from = o->sender != NULL ? o->sender : m->sender,
	    .content = *content,
	    .at_ms = now_ms,
	    .validity_ms = o->expires_at_ms - now_ms};

	ident_text(&o->recipe.pin_id, pin_id);
	snprintf(reference, sizeof(reference), "%s-%u", pin_id, o->seq);
	ident_text(&o->recipe.application, application);
	if (message.validity_ms <= 0) {
		finish(m, MESSAGE_EXPIRED, MESSAGE_REASON_NONE);
		return;
	}
	remember_for_report(m, g->config, &message);
	change_state(m, DELIVERY_HELD);
	m->group = g;
	m->outcome.carrier = g->config->name;
	m->probe = carrier_group_begin(g);
	INVARIANT(bind != NULL); /* choose has looked */
	note = delivery_quarantine_passed(m);
	carrier_submit(bind, &message, on_done, m);
	if (note != NULL)
		store_push(store, &note->job);
}

static void
render_and_submit(struct delivery_message *m, struct carrier_group *g)
{
	struct outgoing_message *o = m->outgoing;
	struct content content;
	struct buf octets;
	enum err e;

	buf_init(&octets, channel_row(o->content.channel)->text_len_max);
	if (o->content.channel == CHANNEL_SMS)
		o->content.sms.alphabet = carrier_alphabet(g->config);
	e = outgoing_text_make(o, store_keyring(m->loop->store), &octets, &content);
	if (e == OK)
		submit(m, g, &content);
	else
		finish(m, MESSAGE_FAILED,
		    e == ERR_NO_KEY ? MESSAGE_REASON_NO_KEY : MESSAGE_REASON_RENDER);
	buf_fini(&octets);
}

static void attempt(struct delivery_message *m);

static void
quarantine_noted(struct task *t)
{
	struct delivery_message *m = container_of(t, struct delivery_message, task);
	struct delivery_loop *d = m->loop;

	CHECK_OBJ(m, DELIVERY_MESSAGE_MAGIC);
	INVARIANT(m->state == DELIVERY_IN_QUARANTINE && d->in_quarantine == m);
	d->in_quarantine = NULL;
	m->quarantined = m->quarantine.job.err == OK;
	if (d->stopping || !m->quarantined) {
		delivery_quarantine_end(m);
		delivery_message_free(m); /* it is open in the store */
		return;
	}
	attempt(m);
	event_active(d->kick, EV_TIMEOUT, 0);
}

static void
quarantine(struct delivery_message *m, struct carrier_group *g)
{
	change_state(m, DELIVERY_IN_QUARANTINE);
	m->group = g;
	m->loop->in_quarantine = m;
	m->task.run = quarantine_noted;
	delivery_quarantine_begin(m);
}

static void
wait_for_room(struct delivery_message *m, struct carrier_group *g)
{
	delivery_quarantine_end(m);
	park(m, g);
}

static void
attempt(struct delivery_message *m)
{
	bool is_free;
	struct carrier_group *g;

	if (is_too_late(m)) {
		finish(m, MESSAGE_EXPIRED, MESSAGE_REASON_NONE);
		return;
	}
	g = delivery_plan_choose(m, &is_free);
	if (g == NULL)
		finish(m, MESSAGE_FAILED, MESSAGE_REASON_REFUSED);
	else if (!is_free ||
		 (delivery_quarantine_is_suspect(m) && m->loop->in_quarantine != NULL))
		wait_for_room(m, g);
	else if (delivery_quarantine_is_suspect(m))
		quarantine(m, g);
	else
		render_and_submit(m, g);
}

/* ---- what the carrier says ---- */

/* At most 1, 2, 4, 8, 8, 8 ... seconds after so many tries; 32 where the destination asks
 * for time. */
static void
wait_for_next(struct delivery_message *m, int64_t tries)
{
	int64_t n = tries - 1;
	uint32_t first = BACKOFF_FIRST_MS;
	int64_t end = m->deferred ? DEFERRED_DOUBLINGS_MAX : BACKOFF_DOUBLINGS_MAX;
	uint32_t most = first << (n < end ? n : end);
	uint32_t random;

	m->loop->entropy->fill(m->loop->entropy, &random, sizeof(random));
	change_state(m, DELIVERY_WAITING);
	need_timer(m);
	after(m->timer, 1 + random % most);
}

/* Once at once by another carrier, else later. */
static void
try_again(struct delivery_message *m, int64_t tries)
{
	if (m->loop->stopping) {
		delivery_message_free(m); /* the next run goes on from the note */
		return;
	}
	if (m->switched_carrier || !delivery_plan_has_other(m)) {
		wait_for_next(m, tries);
		return;
	}
	m->switched_carrier = true;
	attempt(m);
}

/* The submit may or may not work another time. */
static void
not_yet(struct delivery_message *m, const struct carrier_outcome *outcome)
{
	bool unknown = outcome->result == CARRIER_UNKNOWN;

	if (outcome->here_alone) {
		m->same_carriers_only = true;
		m->carriers_tried = delivery_plan_bit(m, m->group);
	}
	if (m->outgoing->submits >= m->loop->conf->delivery_attempts) {
		finish(m, unknown ? MESSAGE_SUBMITTED : MESSAGE_FAILED,
		    MESSAGE_REASON_EXHAUSTED);
		return;
	}
	delivery_quarantine_note_attempt(m);
	try_again(m, m->outgoing->submits);
}

/*
 * The carrier gets less from now on, and the message only waits: it ends with its PIN,
 * not with its submits, and may go to any other carrier meanwhile. The next run need
 * not know.
 */
static void
put_back(struct delivery_message *m)
{
	m->carriers_avoided |= delivery_plan_bit(m, m->group);
	m->put_back++;
	if (m->put_back >= PUT_BACK_MAX) {
		finish(m, MESSAGE_FAILED, MESSAGE_REASON_EXHAUSTED);
		return;
	}
	try_again(m, m->put_back);
}

/* For good, as far as this carrier goes. */
static void
refused(struct delivery_message *m, const struct carrier_outcome *outcome)
{
	m->carriers_refused |= delivery_plan_bit(m, m->group);
	if (!outcome->elsewhere || m->loop->stopping ||
	    m->outgoing->submits >= m->loop->conf->delivery_attempts) {
		finish(m, MESSAGE_FAILED, MESSAGE_REASON_REFUSED);
		return;
	}
	delivery_quarantine_note_attempt(m);
	attempt(m);
}

static void
log_outcome(const struct delivery_message *m, const struct carrier_outcome *outcome)
{
	char pin_id[IDENT_TEXT_LEN + 1];
	enum log_level level =
	    outcome->result == CARRIER_ACCEPTED ? LOG_LEVEL_DEBUG : LOG_LEVEL_WARNING;

	ident_text(&m->outgoing->recipe.pin_id, pin_id);
	log_event(level, "message", LOG_TEXT("pinId", pin_id),
	    LOG_INT("request", (int64_t)m->outgoing->request),
	    LOG_PHONE("to", m->outgoing->destination),
	    LOG_TEXT("carrier", m->outcome.carrier),
	    LOG_TEXT("result", carrier_result_name(outcome->result)),
	    LOG_INT("code", outcome->code), LOG_TEXT("reason", outcome->reason),
	    LOG_INT("attempt", m->outgoing->submits));
}

/* A submit that the other side never saw is no attempt, and the carrier says when there
 * is a reason for one. */
static void
untried(struct delivery_message *m)
{
	carrier_group_undo(m->group, m->probe);
	if (m->loop->stopping)
		delivery_message_free(m);
	else
		park(m, m->group);
}

static void
note_submit(struct delivery_message *m, const struct carrier_outcome *outcome)
{
	struct arena *a = &m->outgoing->arena;
	struct submit_entry one = {.at_ms = store_now_ms(m->loop->store),
	    .carrier = m->outcome.carrier,
	    .result = carrier_result_name(outcome->result),
	    .code = outcome->code,
	    .reason = outcome->reason,
	    .times = 1};

	if (carrier_put_back(outcome))
		submit_history_put_back(&m->history, a, &one);
	else
		submit_history_add(&m->history, a, &one);
}

/* Facts of an outcome that hold whatever follows. */
static void
take_outcome(struct delivery_message *m, const struct carrier_outcome *outcome)
{
	m->parked_ms = 0;
	carrier_group_result(m->group, m->probe, outcome);
	m->outcome.code = outcome->code;
	m->outcome.status = outcome->status;
	m->outcome.error = outcome->error;
	log_outcome(m, outcome);
	if (outcome->result != CARRIER_ACCEPTED)
		note_submit(m, outcome);
}

/* By which its receipts will come. */
static void
take_ids(struct delivery_message *m, const struct carrier_outcome *outcome)
{
	struct arena *a = &m->outgoing->arena;
	const char **ids;

	if (outcome->part_count == 0) {
		if (outcome->message_id != NULL)
			m->outcome.carrier_message_id =
			    arena_text(a, span_of(outcome->message_id));
		return;
	}
	ids = arena_alloc(a, outcome->part_count * sizeof(*ids));
	for (size_t i = 0; i < outcome->part_count; i++)
		ids[i] = arena_text(a, span_of(outcome->part_ids[i]));
	m->outcome.part_ids = ids;
	m->outcome.part_count = outcome->part_count;
}

/* A second text would cost money, and its person patience; a receipt may still tell. */
static void
unknown(struct delivery_message *m, const struct carrier_outcome *outcome)
{
	if (!outcome->final) {
		not_yet(m, outcome);
		return;
	}
	take_ids(m, outcome);
	finish(m, MESSAGE_ACCEPTED, MESSAGE_REASON_UNCLEAR);
}

static void
on_done(void *ctx, const struct carrier_outcome *outcome)
{
	struct delivery_message *m = ctx;

	CHECK_OBJ(m, DELIVERY_MESSAGE_MAGIC);
	INVARIANT(m->state == DELIVERY_HELD);
	if (outcome->untried) {
		untried(m);
		return;
	}
	m->deferred = outcome->deferred;
	if (carrier_put_back(outcome)) {
		take_outcome(m, outcome);
		put_back(m);
		return;
	}
	m->outgoing->submits++;
	m->carriers_tried |= delivery_plan_bit(m, m->group);
	m->carriers_avoided = delivery_plan_bit(m, m->group);
	take_outcome(m, outcome);
	switch (outcome->result) {
	case CARRIER_ACCEPTED:
		take_ids(m, outcome);
		finish(m, MESSAGE_ACCEPTED, MESSAGE_REASON_NONE);
		return;
	case CARRIER_REFUSED:
		refused(m, outcome);
		return;
	case CARRIER_RETRY:
		not_yet(m, outcome);
		return;
	case CARRIER_UNKNOWN:
		unknown(m, outcome);
		return;
	}
	INVARIANT(!"result");
}

/* ---- events ---- */

static void
on_retry_timer(evutil_socket_t fd, short what, void *ctx)
{
	struct delivery_message *m = ctx;

	(void)fd;
	(void)what;
	CHECK_OBJ(m, DELIVERY_MESSAGE_MAGIC);
	if (m->state == DELIVERY_RECORDING)
		record(m);
	else
		attempt(m);
}

/* Long enough: the message is durably queued, and goes on without anybody waiting. */
static void
on_answer_by(evutil_socket_t fd, short what, void *ctx)
{
	struct delivery_message *m = ctx;

	(void)fd;
	(void)what;
	CHECK_OBJ(m, DELIVERY_MESSAGE_MAGIC);
	if (m->state != DELIVERY_RECORDING || m->outcome.job.err != OK)
		answer_caller(m, true);
}

/* ---- the beginning ---- */

/* From here on the caller waits for a carrier, for accept_wait at most. */
static void
set_out(struct delivery_message *m)
{
	enum message_reason reason = delivery_plan(m);

	m->place.deadline_ms = useful_until(m);
	if (m->outgoing->starts >= POISON_STARTS)
		finish(m, MESSAGE_FAILED, MESSAGE_REASON_POISON);
	else if (m->outgoing->submits >= m->loop->conf->delivery_attempts)
		finish(m, MESSAGE_FAILED, MESSAGE_REASON_EXHAUSTED);
	else if (m->plan_count > 0)
		attempt(m);
	else
		finish(m, MESSAGE_FAILED, reason);
	if (m->outgoing->answer == NULL)
		return;
	m->answer_by = evtimer_new(m->loop->base, on_answer_by, m);
	RESOURCE(
	    m->answer_by != NULL && event_add(m->answer_by, m->loop->accept_wait) == 0);
}

static void
log_lookup(const struct delivery_message *m, const struct lookup_answer *said)
{
	char pin_id[IDENT_TEXT_LEN + 1];

	ident_text(&m->outgoing->recipe.pin_id, pin_id);
	log_event(said->failed ? LOG_LEVEL_INFO : LOG_LEVEL_DEBUG, "lookup",
	    LOG_TEXT("pinId", pin_id), LOG_INT("request", (int64_t)m->outgoing->request),
	    LOG_PHONE("to", m->outgoing->destination),
	    LOG_TEXT("status", message_lookup_status_name(said->status)),
	    LOG_TEXT("reason", said->reason));
}

/* Only a plain "no" withholds the message; the caller is told when that is durable. */
static void
on_lookup(struct lookup_ask *ask, const struct lookup_answer *said)
{
	struct delivery_message *m = container_of(ask, struct delivery_message, ask);

	CHECK_OBJ(m, DELIVERY_MESSAGE_MAGIC);
	INVARIANT(m->state == DELIVERY_ASKING);
	if (m->loop->stopping) {
		delivery_message_free(m);
		return;
	}
	m->outcome.lookup = said->status;
	m->outcome.lookup_at_ms = store_now_ms(m->loop->store);
	log_lookup(m, said);
	if (said->status == LOOKUP_NOT_REACHABLE)
		finish(m, MESSAGE_FAILED, MESSAGE_REASON_UNREACHABLE);
	else
		set_out(m);
}

static void
begin(struct task *t)
{
	struct delivery_message *m = container_of(t, struct delivery_message, task);
	struct delivery_loop *d = m->loop;

	CHECK_OBJ(m, DELIVERY_MESSAGE_MAGIC);
	if (d->stopping) {
		delivery_message_free(m);
		return;
	}
	TAILQ_INSERT_TAIL(&d->all, m, entry);
	m->listed = true;
	if (m->outgoing->damaged) {
		finish(m, MESSAGE_FAILED, MESSAGE_REASON_RENDER);
		return;
	}
	if (!m->outgoing->lookup_needed ||
	    !channel_row(m->outgoing->content.channel)->looked_up) {
		set_out(m);
		return;
	}
	change_state(m, DELIVERY_ASKING);
	m->ask.done = on_lookup;
	lookup_ask(d->lookup, m->outgoing->destination, &m->ask);
}

struct task *
delivery_message_new(struct delivery_loop *d, struct outgoing_message *o)
{
	struct delivery_message *m = arena_alloc(&o->arena, sizeof(*m));

	m->magic = DELIVERY_MESSAGE_MAGIC;
	m->loop = d;
	m->outgoing = o;
	m->task.run = begin;
	return &m->task;
}

struct delivery_message *
delivery_message_at(struct deadline_heap_item *place)
{
	struct delivery_message *m = container_of(place, struct delivery_message, place);

	CHECK_OBJ(m, DELIVERY_MESSAGE_MAGIC);
	return m;
}

bool
delivery_message_again(struct delivery_message *m)
{
	struct carrier_group *g = m->group;
	size_t count = g->waiting.count;

	INVARIANT(m->state == DELIVERY_PARKED);
	attempt(m);
	return g->waiting.count < count;
}

bool
delivery_message_reconsider(struct delivery_message *m)
{
	INVARIANT(m->state == DELIVERY_PARKED);
	if (is_too_late(m) ||
	    (!delivery_plan_is_patient(m) && delivery_plan_has_other(m)))
		return delivery_message_again(m);
	return false;
}

void
delivery_message_stop(struct delivery_message *m)
{
	if (m->state == DELIVERY_ASKING || m->state == DELIVERY_WAITING ||
	    m->state == DELIVERY_PARKED)
		delivery_message_free(m);
}
