/* SPDX-License-Identifier: Apache-2.0 */
#include "server/dispatch.h"

#include "base/json.h"
#include "base/log.h"
#include "base/secret.h"
#include "twofa/render.h"

enum {
	DISPATCH_MAGIC = 0x64697370,
	TEXT_MAX = 65536,
	BACKOFF_FIRST_MS = 1000,
	BACKOFF_DOUBLINGS_MAX = 3,
	RECORD_AGAIN_MS = 1000
};

static void
leave_line(struct dispatch *m)
{
	if (m->state != DISPATCH_PARKED)
		return;
	TAILQ_REMOVE(&m->lane->parked, m, line);
	m->lane->parked_count--;
	m->delivery->parked_count--;
}

/* The one place where the state changes. */
static void
move(struct dispatch *m, enum dispatch_state to)
{
	static const bool may[DISPATCH_STATE_COUNT][DISPATCH_STATE_COUNT] = {
	    [DISPATCH_NEW] = {[DISPATCH_ASKING] = true,
		[DISPATCH_HELD] = true,
		[DISPATCH_RECORDING] = true},
	    [DISPATCH_ASKING] = {[DISPATCH_HELD] = true, [DISPATCH_RECORDING] = true},
	    [DISPATCH_HELD] = {[DISPATCH_WAITING] = true,
		[DISPATCH_PARKED] = true,
		[DISPATCH_RECORDING] = true},
	    [DISPATCH_WAITING] = {[DISPATCH_HELD] = true, [DISPATCH_RECORDING] = true},
	    [DISPATCH_PARKED] = {[DISPATCH_HELD] = true, [DISPATCH_RECORDING] = true},
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
	struct order_answer *a = m->order->answer;

	if (a == NULL)
		return;
	m->order->answer = NULL;
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
	order_free(m->order);
	dispatch_end_when_idle(d);
}

static void
after(struct event *e, int64_t ms)
{
	struct timeval tv = {ms / 1000, (ms % 1000) * 1000};

	INVARIANT(event_add(e, &tv) == 0);
}

/* ---- the end: an outcome, recorded ---- */

static void on_timer(evutil_socket_t fd, short what, void *ctx);

static void
need_timer(struct dispatch *m)
{
	if (m->timer == NULL)
		m->timer = evtimer_new(m->delivery->base, on_timer, m);
	INVARIANT(m->timer != NULL);
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
	return store_now_ms(m->delivery->store) >= m->order->expires_at_ms;
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
	j->job.arena = &m->order->arena;
	j->job.owner = m;
	j->job.finish = outcome_finished;
	j->pin_id = m->order->recipe.pin_id;
	j->seq = m->order->seq;
	j->state = state;
	j->reason = reason;
	j->attempts = m->order->attempts;
	m->task.run = outcome_recorded;
	if (state == MESSAGE_ACCEPTED || state == MESSAGE_SUBMITTED)
		answer(m, true);
	record(m);
}

/* ---- trying ---- */

/* 20 s before the end, or a quarter of the life when that is shorter. */
static bool
is_too_late(const struct dispatch *m, int64_t *left_ms_out)
{
	const struct order *o = m->order;
	int64_t life_ms = o->expires_at_ms - ident_ms(&o->recipe.pin_id);
	int64_t margin_ms = m->delivery->conf->expiry_margin_ms;

	if (margin_ms > life_ms / 4)
		margin_ms = life_ms / 4;
	*left_ms_out = o->expires_at_ms - store_now_ms(m->delivery->store);
	return *left_ms_out <= margin_ms || *left_ms_out <= 0;
}

static struct lane *
find_lane(struct delivery *d, const struct carrier_config *config)
{
	for (size_t i = 0; i < d->lane_count; i++)
		if (d->lanes[i].carrier->config == config)
			return &d->lanes[i];
	INVARIANT(!"a route names a carrier that was not opened");
	return NULL;
}

/* The first carrier of the route that is up, or its first; NULL when nothing takes it. */
static struct lane *
choose(struct dispatch *m, const struct conf_route **route_out)
{
	struct delivery *d = m->delivery;
	const struct conf_route *r = NULL;

	*route_out = NULL;
	if (m->order->channel != CHANNEL_SMS)
		return NULL;
	if (d->conf->route_count == 0)
		return d->lane_count == 0 ? NULL : &d->lanes[0];
	r = conf_route_find(d->conf, m->order->channel, m->order->destination);
	if (r == NULL)
		return NULL;
	*route_out = r;
	for (size_t i = 0; i < r->carrier_count; i++) {
		struct lane *l = find_lane(d, r->carriers[i]);

		if (carrier_is_up(l->carrier))
			return l;
	}
	return find_lane(d, r->carriers[0]);
}

static size_t
read_values(struct order *o, json_t *doc, struct render_value **out)
{
	const char *name;
	json_t *value;
	size_t n = 0;

	*out = arena_alloc(&o->arena, (json_object_size(doc) + 1) * sizeof(**out));
	json_object_foreach(doc, name, value)(*out)[n++] =
	    (struct render_value){name, json_string_value(value)};
	return n;
}

static void
render(struct order *o, const char *pin, struct buf *text)
{
	struct span json = span_of(o->placeholders);
	json_t *doc = json.len == 0 ? NULL : json_loadb(json.ptr, json.len, 0, NULL);
	struct render_value *values;
	size_t n = read_values(o, doc, &values);

	render_text(
	    text, o->text, &(struct render_value){o->placeholder, pin}, values, n);
	json_decref(doc);
}

/* The text with its PIN, made as late as can be. */
static enum err
make_text(struct dispatch *m, struct buf *text)
{
	uint8_t key[PIN_KEY_LEN];
	char pin[PIN_LENGTH_MAX + 1];
	enum err e =
	    keyring_find(store_keyring(m->delivery->store), m->order->key_id, key);

	if (e != OK)
		return e;
	pin_derive(key, &m->order->recipe, pin);
	secret_wipe(key, sizeof(key));
	render(m->order, pin, text);
	secret_wipe(pin, sizeof(pin));
	return text->failed ? ERR_TOO_LARGE : OK;
}

static void on_done(void *ctx, const struct carrier_outcome *outcome);

static void
submit(struct dispatch *m, struct lane *l, const struct conf_route *route,
    struct carrier_message *message)
{
	struct order *o = m->order;
	char pin_id[IDENT_TEXT_LEN + 1];
	char application[IDENT_TEXT_LEN + 1];

	ident_text(&o->recipe.pin_id, pin_id);
	ident_text(&o->recipe.application, application);
	message->channel = channel_name(o->channel);
	message->pin_id = pin_id;
	message->application_id = application;
	message->to = o->destination;
	message->from = o->sender != NULL ? o->sender
			: route != NULL   ? route->sender
					  : NULL;
	message->at_ms = m->delivery->clock->wall_ms(m->delivery->clock);
	m->lane = l;
	m->outcome.carrier = l->carrier->config->name;
	move(m, DISPATCH_HELD);
	m->submitting = true;
	carrier_submit(l->carrier, message, on_done, m);
}

static void
attempt(struct dispatch *m)
{
	const struct conf_route *route;
	struct carrier_message message = {0};
	struct buf text;
	struct lane *l;
	enum err e;

	if (is_too_late(m, &message.validity_ms)) {
		finish(m, MESSAGE_EXPIRED, MESSAGE_REASON_NONE);
		return;
	}
	l = choose(m, &route);
	if (l == NULL) {
		finish(m, MESSAGE_FAILED, MESSAGE_REASON_NO_ROUTE);
		return;
	}
	buf_init(&text, TEXT_MAX);
	e = make_text(m, &text);
	message.text = buf_span(&text);
	if (e == OK)
		submit(m, l, route, &message);
	else
		finish(m, MESSAGE_FAILED,
		    e == ERR_NO_KEY ? MESSAGE_REASON_NO_KEY : MESSAGE_REASON_RENDER);
	buf_fini(&text);
}

/* ---- what the carrier says ---- */

static void
wait_for_next(struct dispatch *m)
{
	int64_t n = m->order->attempts - 1;
	uint32_t most = BACKOFF_FIRST_MS
			<< (n < BACKOFF_DOUBLINGS_MAX ? n : BACKOFF_DOUBLINGS_MAX);
	uint32_t random;

	m->delivery->entropy->fill(m->delivery->entropy, &random, sizeof(random));
	move(m, DISPATCH_WAITING);
	need_timer(m);
	after(m->timer, 1 + random % most);
}

static void
park(struct dispatch *m)
{
	struct delivery *d = m->delivery;

	if (d->parked_count >= PARKED_MAX) {
		finish(m, MESSAGE_FAILED, MESSAGE_REASON_EXHAUSTED);
		return;
	}
	move(m, DISPATCH_PARKED);
	TAILQ_INSERT_TAIL(&m->lane->parked, m, line);
	m->lane->parked_count++;
	d->parked_count++;
}

/* It may or may not work another time. */
static void
not_yet(struct dispatch *m, const struct carrier_outcome *outcome)
{
	bool unknown = outcome->result == CARRIER_UNKNOWN;

	if (m->delivery->stopping)
		dispatch_free(m);
	else if (m->order->attempts < m->delivery->conf->delivery_attempts)
		wait_for_next(m);
	else if (unknown)
		finish(m, MESSAGE_SUBMITTED, MESSAGE_REASON_EXHAUSTED);
	else
		finish(m, MESSAGE_FAILED, MESSAGE_REASON_EXHAUSTED);
}

static void
log_outcome(const struct dispatch *m, const struct carrier_outcome *outcome)
{
	static const char *const results[] = {"accepted", "retry", "refused", "unknown"};
	char pin_id[IDENT_TEXT_LEN + 1];
	enum log_level level =
	    outcome->result == CARRIER_ACCEPTED ? LOG_LEVEL_DEBUG : LOG_LEVEL_WARNING;

	ident_text(&m->order->recipe.pin_id, pin_id);
	log_event(level, "message", LOG_TEXT("pinId", pin_id),
	    LOG_PHONE("to", m->order->destination),
	    LOG_TEXT("carrier", m->outcome.carrier),
	    LOG_TEXT("result", results[outcome->result]), LOG_INT("code", outcome->code),
	    LOG_TEXT("reason", outcome->reason), LOG_INT("attempt", m->order->attempts));
}

static void
on_done(void *ctx, const struct carrier_outcome *outcome)
{
	struct dispatch *m = ctx;
	bool at_once = m->submitting;

	CHECK_OBJ(m, DISPATCH_MAGIC);
	INVARIANT(m->state == DISPATCH_HELD);
	m->submitting = false;
	/* without a code and at once: it has not even tried */
	if (at_once && outcome->result == CARRIER_RETRY && outcome->code == 0 &&
	    !m->delivery->stopping) {
		park(m);
		return;
	}
	m->order->attempts++;
	m->outcome.code = outcome->code;
	m->outcome.status = outcome->status;
	m->outcome.error = outcome->error;
	log_outcome(m, outcome);
	switch (outcome->result) {
	case CARRIER_ACCEPTED:
		if (outcome->message_id != NULL)
			m->outcome.carrier_message_id =
			    arena_text(&m->order->arena, span_of(outcome->message_id));
		finish(m, MESSAGE_ACCEPTED, MESSAGE_REASON_NONE);
		return;
	case CARRIER_REFUSED:
		finish(m, MESSAGE_FAILED, MESSAGE_REASON_REFUSED);
		return;
	case CARRIER_RETRY:
	case CARRIER_UNKNOWN:
		not_yet(m, outcome);
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
	attempt(m);
	if (m->order->answer == NULL)
		return;
	m->answer_by = evtimer_new(m->delivery->base, on_answer_by, m);
	INVARIANT(m->answer_by != NULL &&
		  event_add(m->answer_by, m->delivery->accept_wait) == 0);
}

static void
log_lookup(const struct dispatch *m, const struct lookup_answer *said)
{
	char pin_id[IDENT_TEXT_LEN + 1];

	ident_text(&m->order->recipe.pin_id, pin_id);
	log_event(said->failed ? LOG_LEVEL_INFO : LOG_LEVEL_DEBUG, "lookup",
	    LOG_TEXT("pinId", pin_id), LOG_PHONE("to", m->order->destination),
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
	m->outcome.lookup_at_ms = m->delivery->clock->wall_ms(m->delivery->clock);
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
	if (!m->order->lookup_needed) {
		set_out(m);
		return;
	}
	move(m, DISPATCH_ASKING);
	m->ask.done = on_lookup;
	lookup_ask(d->lookup, m->order->destination, &m->ask);
}

struct task *
dispatch_new(struct delivery *d, struct order *o)
{
	struct dispatch *m = arena_alloc(&o->arena, sizeof(*m));

	m->magic = DISPATCH_MAGIC;
	m->delivery = d;
	m->order = o;
	m->task.run = begin;
	return &m->task;
}

bool
dispatch_again(struct dispatch *m)
{
	INVARIANT(m->state == DISPATCH_PARKED);
	attempt(m);
	if (m->state != DISPATCH_PARKED)
		return true;
	/* it keeps its place, though its line may be another carrier's now */
	TAILQ_REMOVE(&m->lane->parked, m, line);
	TAILQ_INSERT_HEAD(&m->lane->parked, m, line);
	return false;
}

void
dispatch_expire(struct dispatch *m)
{
	int64_t left_ms;

	INVARIANT(m->state == DISPATCH_PARKED);
	if (is_too_late(m, &left_ms))
		finish(m, MESSAGE_EXPIRED, MESSAGE_REASON_NONE);
}

void
dispatch_stop(struct dispatch *m)
{
	if (m->state == DISPATCH_ASKING || m->state == DISPATCH_WAITING ||
	    m->state == DISPATCH_PARKED)
		dispatch_free(m);
}
