/* SPDX-License-Identifier: Apache-2.0 */
#include "delivery/dispatch.h"

#include <stdio.h>

#include "base/log.h"
#include "delivery/order_text.h"

enum {
	DISPATCH_MAGIC = 0x64697370,
	BACKOFF_FIRST_MS = 1000,
	BACKOFF_DOUBLINGS_MAX = 3,
	PUT_BACK_MAX = 10000, /* at 4 s on average; a PIN's life is over before */
	RECORD_AGAIN_MS = 1000,
	POISON_STARTS = 4 /* three renderings after a start did not come to an end */
};

static void
leave_line(struct dispatch *m)
{
	if (m->state != DISPATCH_PARKED)
		return;
	line_leave(&m->lane->line, &m->place);
	m->delivery->parked_count--;
}

/* The one place where the state changes. */
static void
move(struct dispatch *m, enum dispatch_state to)
{
	static const bool may[DISPATCH_STATE_COUNT][DISPATCH_STATE_COUNT] = {
	    [DISPATCH_NEW] = {[DISPATCH_MARKING] = true,
		[DISPATCH_ASKING] = true,
		[DISPATCH_HELD] = true,
		[DISPATCH_PARKED] = true,
		[DISPATCH_RECORDING] = true},
	    [DISPATCH_ASKING] = {[DISPATCH_MARKING] = true,
		[DISPATCH_HELD] = true,
		[DISPATCH_PARKED] = true,
		[DISPATCH_RECORDING] = true},
	    [DISPATCH_HELD] = {[DISPATCH_MARKING] = true,
		[DISPATCH_HELD] = true,
		[DISPATCH_WAITING] = true,
		[DISPATCH_PARKED] = true,
		[DISPATCH_RECORDING] = true},
	    [DISPATCH_WAITING] = {[DISPATCH_MARKING] = true,
		[DISPATCH_HELD] = true,
		[DISPATCH_PARKED] = true,
		[DISPATCH_RECORDING] = true},
	    [DISPATCH_PARKED] = {[DISPATCH_MARKING] = true,
		[DISPATCH_HELD] = true,
		[DISPATCH_PARKED] = true,
		[DISPATCH_RECORDING] = true},
	    [DISPATCH_MARKING] = {[DISPATCH_HELD] = true,
		[DISPATCH_PARKED] = true,
		[DISPATCH_RECORDING] = true},
	    [DISPATCH_RECORDING] = {[DISPATCH_RECORDING] = true},
	};

	CHECK_OBJ(m, DISPATCH_MAGIC);
	INVARIANT(may[m->state][to]);
	leave_line(m);
	m->state = to;
}

static void
answer(struct dispatch *m, bool sent)
{
	struct outgoing_answer *a = m->outgoing->answer;

	if (a == NULL)
		return;
	m->outgoing->answer = NULL;
	a->lookup = m->outcome.lookup;
	a->sent = sent;
	queue_push(a->to, a->task);
}

void
dispatch_end_when_idle(struct delivery *d)
{
	if (d->stopping && TAILQ_EMPTY(&d->all))
		event_base_loopbreak(d->base);
}

void
dispatch_free(struct dispatch *m)
{
	struct delivery *d = m->delivery;

	CHECK_OBJ(m, DISPATCH_MAGIC);
	leave_line(m);
	lookup_cancel(&m->ask);
	answer(m, true); /* it is durably queued; nobody is left waiting */
	if (m->listed)
		TAILQ_REMOVE(&d->all, m, entry);
	if (m->timer != NULL)
		event_free(m->timer);
	if (m->answer_by != NULL)
		event_free(m->answer_by);
	outgoing_free(m->outgoing);
	dispatch_end_when_idle(d);
}

static void
after(struct event *e, int64_t ms)
{
	struct timeval tv = {ms / 1000, (ms % 1000) * 1000};

	RESOURCE(event_add(e, &tv) == 0);
}

/* ---- the end: an outcome, recorded ---- */

static void on_timer(evutil_socket_t fd, short what, void *ctx);

static void
need_timer(struct dispatch *m)
{
	if (m->timer == NULL)
		m->timer = evtimer_new(m->delivery->base, on_timer, m);
	RESOURCE(m->timer != NULL);
}

/* On the store's thread. */
static void
outcome_finished(struct job *j)
{
	struct dispatch *m = j->owner;

	queue_push(m->delivery->queue, &m->task);
}

static bool
is_over(const struct dispatch *m)
{
	return store_now_ms(m->delivery->store) >= m->outgoing->expires_at_ms;
}

/*
 * An outcome that could not be written (a full disk) is written again until the
 * PIN is over; by then nothing can be sent after a restart.
 */
static void
outcome_recorded(struct task *t)
{
	struct dispatch *m = container_of(t, struct dispatch, task);

	if (m->outcome.job.item.err != OK && !m->delivery->stopping && !is_over(m)) {
		need_timer(m);
		after(m->timer, RECORD_AGAIN_MS);
		return;
	}
	answer(m, m->outcome.state == MESSAGE_ACCEPTED || m->outcome.job.item.err != OK);
	dispatch_free(m);
}

static void
record(struct dispatch *m)
{
	m->outcome.job.item = (struct item){0};
	store_push(m->delivery->store, &m->outcome.job);
}

static void
finish(struct dispatch *m, enum message_state state, enum message_reason reason)
{
	struct outcome_job *j = &m->outcome;

	move(m, DISPATCH_RECORDING);
	j->job.verb = VERB_OUTCOME;
	j->job.arena = &m->outgoing->arena;
	j->job.owner = m;
	j->job.finish = outcome_finished;
	j->pin_id = m->outgoing->recipe.pin_id;
	j->seq = m->outgoing->seq;
	j->channel = m->outgoing->channel;
	j->state = state;
	j->reason = reason;
	j->attempts = m->outgoing->attempts;
	j->history = tries_text(&m->history, &m->outgoing->arena);
	j->tracked = m->outgoing->tracked;
	if (j->tracked && j->sender == NULL)
		j->sender = m->outgoing->sender;
	m->task.run = outcome_recorded;
	if (state == MESSAGE_ACCEPTED || state == MESSAGE_SUBMITTED)
		answer(m, true);
	record(m);
}

/* ---- trying ---- */

/* 20 s before the end, or a quarter of the life when that is shorter. */
static int64_t
useful_until(const struct dispatch *m)
{
	const struct outgoing_message *o = m->outgoing;
	int64_t life_ms = o->expires_at_ms - ident_ms(&o->recipe.pin_id);
	int64_t margin_ms = m->delivery->conf->expiry_margin_ms;

	if (margin_ms > life_ms / 4)
		margin_ms = life_ms / 4;
	return o->expires_at_ms - (margin_ms < 0 ? 0 : margin_ms);
}

static bool
is_too_late(const struct dispatch *m)
{
	return store_now_ms(m->delivery->store) >= useful_until(m);
}

static void
park(struct dispatch *m, struct lane *l)
{
	struct delivery *d = m->delivery;
	bool again = m->state == DISPATCH_PARKED;

	if (again && m->lane == l)
		return;
	if (!again && d->parked_count >= PARKED_MAX) {
		finish(m, MESSAGE_FAILED, MESSAGE_REASON_EXHAUSTED);
		return;
	}
	move(m, DISPATCH_PARKED);
	m->lane = l;
	if (m->parked_ms == 0)
		m->parked_ms = dispatch_steady_ms(m);
	line_join(&l->line, &m->place, again);
	d->parked_count++;
	delivery_sweep_later(d);
	if (lane_wait_ms(l) > 0)
		event_active(
		    d->kick, EV_TIMEOUT, 0); /* no carrier tells when that is over */
}

/* ---- submitting ---- */

static void on_done(void *ctx, const struct carrier_outcome *outcome);

/* What a report says of the message as it went out. */
static void
note_for_report(struct dispatch *m, const struct carrier_config *carrier,
    const struct carrier_message *message)
{
	struct arena arena;
	struct sms_parts parts;

	if (!m->outgoing->tracked)
		return;
	m->outcome.sender = message->from;
	arena_init(&arena);
	if (carrier_split(carrier, &arena, message->text, &parts) == OK)
		m->outcome.parts = parts.count;
	arena_fini(&arena);
}

static void
submit(struct dispatch *m, struct lane *l, struct span text)
{
	struct outgoing_message *o = m->outgoing;
	struct store *store = m->delivery->store;
	struct carrier *bind = lane_free_bind(l);
	struct note_job *note;
	char pin_id[IDENT_TEXT_LEN + 1];
	char application[IDENT_TEXT_LEN + 1];
	char reference[IDENT_TEXT_LEN + 16];
	int64_t now_ms = store_now_ms(m->delivery->store);
	struct carrier_message message = {.channel = channel_name(o->channel),
	    .pin_id = pin_id,
	    .application_id = application,
	    .reference = reference,
	    .to = o->destination,
	    .from = o->sender != NULL ? o->sender : m->sender,
	    .text = text,
	    .dlt_entity = o->dlt_entity,
	    .dlt_template = o->dlt_template,
	    .dlt_telemarketer = o->dlt_telemarketer,
	    .at_ms = now_ms,
	    .validity_ms = o->expires_at_ms - now_ms};

	ident_text(&o->recipe.pin_id, pin_id);
	snprintf(reference, sizeof(reference), "%s-%u", pin_id, o->seq);
	ident_text(&o->recipe.application, application);
	if (message.validity_ms <= 0) {
		finish(m, MESSAGE_EXPIRED, MESSAGE_REASON_NONE);
		return;
	}
	note_for_report(m, l->config, &message);
	move(m, DISPATCH_HELD);
	m->lane = l;
	m->outcome.carrier = l->config->name;
	m->probe = lane_begin(l);
	INVARIANT(bind != NULL); /* choose has looked */
	note = dispatch_note_acquit(m);
	carrier_submit(bind, &message, on_done, m);
	if (note != NULL)
		store_push(store, &note->job);
}

static void
render_and_submit(struct dispatch *m, struct lane *l)
{
	struct buf text;
	enum err e;

	buf_init(&text, ORDER_TEXT_MAX);
	e = order_text_make(m->outgoing, store_keyring(m->delivery->store), &text);
	if (e == OK)
		submit(m, l, buf_span(&text));
	else
		finish(m, MESSAGE_FAILED,
		    e == ERR_NO_KEY ? MESSAGE_REASON_NO_KEY : MESSAGE_REASON_RENDER);
	buf_fini(&text);
}

static void attempt(struct dispatch *m);

static void
marked(struct task *t)
{
	struct dispatch *m = container_of(t, struct dispatch, task);
	struct delivery *d = m->delivery;

	CHECK_OBJ(m, DISPATCH_MAGIC);
	INVARIANT(m->state == DISPATCH_MARKING && d->lone == m);
	d->lone = NULL;
	m->marked = m->mark.job.item.err == OK;
	if (d->stopping || !m->marked) {
		dispatch_note_unmark(m);
		dispatch_free(m); /* it is open in the store */
		return;
	}
	attempt(m);
	event_active(d->kick, EV_TIMEOUT, 0);
}

static void
mark(struct dispatch *m, struct lane *l)
{
	move(m, DISPATCH_MARKING);
	m->lane = l;
	m->delivery->lone = m;
	m->task.run = marked;
	dispatch_note_mark(m);
}

static void
wait_for_room(struct dispatch *m, struct lane *l)
{
	dispatch_note_unmark(m);
	park(m, l);
}

static void
attempt(struct dispatch *m)
{
	bool is_free;
	struct lane *l;

	if (is_too_late(m)) {
		finish(m, MESSAGE_EXPIRED, MESSAGE_REASON_NONE);
		return;
	}
	l = dispatch_choose(m, &is_free);
	if (l == NULL)
		finish(m, MESSAGE_FAILED, MESSAGE_REASON_REFUSED);
	else if (!is_free || (dispatch_note_is_suspect(m) && m->delivery->lone != NULL))
		wait_for_room(m, l);
	else if (dispatch_note_is_suspect(m))
		mark(m, l);
	else
		render_and_submit(m, l);
}

/* ---- what the carrier says ---- */

/* At most 1, 2, 4, 8, 8, 8 ... seconds after so many tries. */
static void
wait_for_next(struct dispatch *m, int64_t tries)
{
	int64_t n = tries - 1;
	uint32_t most = BACKOFF_FIRST_MS
			<< (n < BACKOFF_DOUBLINGS_MAX ? n : BACKOFF_DOUBLINGS_MAX);
	uint32_t random;

	m->delivery->entropy->fill(m->delivery->entropy, &random, sizeof(random));
	move(m, DISPATCH_WAITING);
	need_timer(m);
	after(m->timer, 1 + random % most);
}

/* Once at once by another carrier, else later. */
static void
try_again(struct dispatch *m, int64_t tries)
{
	if (m->delivery->stopping) {
		dispatch_free(m); /* the next run goes on from the note */
		return;
	}
	if (m->switched || !dispatch_has_other(m)) {
		wait_for_next(m, tries);
		return;
	}
	m->switched = true;
	attempt(m);
}

/* It may or may not work another time. */
static void
not_yet(struct dispatch *m, const struct carrier_outcome *outcome)
{
	bool unknown = outcome->result == CARRIER_UNKNOWN;

	if (outcome->here_alone) {
		m->alone = true;
		m->carriers_tried = dispatch_bit(m, m->lane);
	}
	if (m->outgoing->attempts >= m->delivery->conf->delivery_attempts) {
		finish(m, unknown ? MESSAGE_SUBMITTED : MESSAGE_FAILED,
		    MESSAGE_REASON_EXHAUSTED);
		return;
	}
	dispatch_note_attempt(m);
	try_again(m, m->outgoing->attempts);
}

/*
 * The carrier gets less from now on, and the message only waits: it ends with its PIN,
 * not with its attempts, and may go to any other carrier meanwhile. The next run need
 * not know.
 */
static void
put_back(struct dispatch *m)
{
	m->avoid |= dispatch_bit(m, m->lane);
	m->put_back++;
	if (m->put_back >= PUT_BACK_MAX) {
		finish(m, MESSAGE_FAILED, MESSAGE_REASON_EXHAUSTED);
		return;
	}
	try_again(m, m->put_back);
}

/* For good, as far as this carrier goes. */
static void
refused(struct dispatch *m, const struct carrier_outcome *outcome)
{
	m->declined |= dispatch_bit(m, m->lane);
	if (!outcome->elsewhere || m->delivery->stopping ||
	    m->outgoing->attempts >= m->delivery->conf->delivery_attempts) {
		finish(m, MESSAGE_FAILED, MESSAGE_REASON_REFUSED);
		return;
	}
	dispatch_note_attempt(m);
	attempt(m);
}

static void
log_outcome(const struct dispatch *m, const struct carrier_outcome *outcome)
{
	char pin_id[IDENT_TEXT_LEN + 1];
	enum log_level level =
	    outcome->result == CARRIER_ACCEPTED ? LOG_LEVEL_DEBUG : LOG_LEVEL_WARNING;

	ident_text(&m->outgoing->recipe.pin_id, pin_id);
	log_event(level, "message", LOG_TEXT("pinId", pin_id),
	    LOG_INT("request", (int64_t)m->outgoing->request),
	    LOG_PHONE("to", m->outgoing->destination),
	    LOG_TEXT("carrier", m->outcome.carrier),
	    LOG_TEXT("result", tries_result_name(outcome->result)),
	    LOG_INT("code", outcome->code), LOG_TEXT("reason", outcome->reason),
	    LOG_INT("attempt", m->outgoing->attempts));
}

/* It counts as no attempt, and the carrier says when there is a reason for one. */
static void
untried(struct dispatch *m)
{
	lane_undo(m->lane, m->probe);
	if (m->delivery->stopping)
		dispatch_free(m);
	else
		park(m, m->lane);
}

/* What is known of it whatever follows. */
static void
take_outcome(struct dispatch *m, const struct carrier_outcome *outcome)
{
	m->parked_ms = 0;
	lane_result(m->lane, m->probe, outcome);
	m->outcome.code = outcome->code;
	m->outcome.status = outcome->status;
	m->outcome.error = outcome->error;
	log_outcome(m, outcome);
	if (outcome->result != CARRIER_ACCEPTED)
		tries_add(&m->history, &m->outgoing->arena,
		    store_now_ms(m->delivery->store), m->outcome.carrier, outcome);
}

/* By which its receipts will come. */
static void
take_ids(struct dispatch *m, const struct carrier_outcome *outcome)
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
unknown(struct dispatch *m, const struct carrier_outcome *outcome)
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
	struct dispatch *m = ctx;

	CHECK_OBJ(m, DISPATCH_MAGIC);
	INVARIANT(m->state == DISPATCH_HELD);
	if (outcome->untried) {
		untried(m);
		return;
	}
	if (carrier_put_back(outcome)) {
		take_outcome(m, outcome);
		put_back(m);
		return;
	}
	m->outgoing->attempts++;
	m->carriers_tried |= dispatch_bit(m, m->lane);
	m->avoid = dispatch_bit(m, m->lane);
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
on_timer(evutil_socket_t fd, short what, void *ctx)
{
	struct dispatch *m = ctx;

	(void)fd;
	(void)what;
	CHECK_OBJ(m, DISPATCH_MAGIC);
	if (m->state == DISPATCH_RECORDING)
		record(m);
	else
		attempt(m);
}

/* Long enough: the message is durably queued, and goes on without anybody waiting. */
static void
on_answer_by(evutil_socket_t fd, short what, void *ctx)
{
	struct dispatch *m = ctx;

	(void)fd;
	(void)what;
	CHECK_OBJ(m, DISPATCH_MAGIC);
	if (m->state != DISPATCH_RECORDING || m->outcome.job.item.err != OK)
		answer(m, true);
}

/* ---- the beginning ---- */

/* From here on the caller waits for a carrier, for accept_wait at most. */
static void
set_out(struct dispatch *m)
{
	enum message_reason reason = dispatch_plan(m);

	m->place.deadline_ms = useful_until(m);
	if (m->outgoing->starts >= POISON_STARTS)
		finish(m, MESSAGE_FAILED, MESSAGE_REASON_POISON);
	else if (m->outgoing->attempts >= m->delivery->conf->delivery_attempts)
		finish(m, MESSAGE_FAILED, MESSAGE_REASON_EXHAUSTED);
	else if (m->plan_count > 0)
		attempt(m);
	else
		finish(m, MESSAGE_FAILED, reason);
	if (m->outgoing->answer == NULL)
		return;
	m->answer_by = evtimer_new(m->delivery->base, on_answer_by, m);
	RESOURCE(m->answer_by != NULL &&
		 event_add(m->answer_by, m->delivery->accept_wait) == 0);
}

static void
log_lookup(const struct dispatch *m, const struct lookup_answer *said)
{
	char pin_id[IDENT_TEXT_LEN + 1];

	ident_text(&m->outgoing->recipe.pin_id, pin_id);
	log_event(said->failed ? LOG_LEVEL_INFO : LOG_LEVEL_DEBUG, "lookup",
	    LOG_TEXT("pinId", pin_id), LOG_INT("request", (int64_t)m->outgoing->request),
	    LOG_PHONE("to", m->outgoing->destination),
	    LOG_TEXT("status", lookup_status_name(said->status)),
	    LOG_TEXT("reason", said->reason));
}

/* Only a plain "no" withholds the message; the caller is told when that is durable. */
static void
on_lookup(struct lookup_ask *ask, const struct lookup_answer *said)
{
	struct dispatch *m = container_of(ask, struct dispatch, ask);

	CHECK_OBJ(m, DISPATCH_MAGIC);
	INVARIANT(m->state == DISPATCH_ASKING);
	if (m->delivery->stopping) {
		dispatch_free(m);
		return;
	}
	m->outcome.lookup = said->status;
	m->outcome.lookup_at_ms = store_now_ms(m->delivery->store);
	log_lookup(m, said);
	if (said->status == LOOKUP_NOT_REACHABLE)
		finish(m, MESSAGE_FAILED, MESSAGE_REASON_UNREACHABLE);
	else
		set_out(m);
}

static void
begin(struct task *t)
{
	struct dispatch *m = container_of(t, struct dispatch, task);
	struct delivery *d = m->delivery;

	CHECK_OBJ(m, DISPATCH_MAGIC);
	if (d->stopping) {
		dispatch_free(m);
		return;
	}
	TAILQ_INSERT_TAIL(&d->all, m, entry);
	m->listed = true;
	if (m->outgoing->damaged) {
		finish(m, MESSAGE_FAILED, MESSAGE_REASON_RENDER);
		return;
	}
	if (!m->outgoing->lookup_needed) {
		set_out(m);
		return;
	}
	move(m, DISPATCH_ASKING);
	m->ask.done = on_lookup;
	lookup_ask(d->lookup, m->outgoing->destination, &m->ask);
}

struct task *
dispatch_new(struct delivery *d, struct outgoing_message *o)
{
	struct dispatch *m = arena_alloc(&o->arena, sizeof(*m));

	m->magic = DISPATCH_MAGIC;
	m->delivery = d;
	m->outgoing = o;
	m->task.run = begin;
	return &m->task;
}

struct dispatch *
dispatch_at(struct line_item *place)
{
	struct dispatch *m = container_of(place, struct dispatch, place);

	CHECK_OBJ(m, DISPATCH_MAGIC);
	return m;
}

bool
dispatch_again(struct dispatch *m)
{
	struct lane *l = m->lane;
	size_t count = l->line.count;

	INVARIANT(m->state == DISPATCH_PARKED);
	attempt(m);
	return l->line.count < count;
}

bool
dispatch_reconsider(struct dispatch *m)
{
	INVARIANT(m->state == DISPATCH_PARKED);
	if (is_too_late(m) || (!dispatch_is_patient(m) && dispatch_has_other(m)))
		return dispatch_again(m);
	return false;
}

void
dispatch_stop(struct dispatch *m)
{
	if (m->state == DISPATCH_ASKING || m->state == DISPATCH_WAITING ||
	    m->state == DISPATCH_PARKED)
		dispatch_free(m);
}
