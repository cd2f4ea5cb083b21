/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The loop of delivery. The states of a single message are in delivery_message.c; here
 * are the thread, the carriers with what waits for each, and stopping.
 */
#include "delivery/delivery_loop.h"

#include <pthread.h>
#include <stdio.h>

#include "base/log.h"
#include "delivery/receipts_http.h"
#include "delivery/delivery_message.h"
#include "delivery/route_explain.h"
#include "store/outgoing.h"

/* ---- carrier groups ---- */

/* Tries what waits for this carrier, the one with the least time first, until one has
 * to stay; how long the rate holds that one up, 0 when it is not the rate. */
static int64_t
group_try(struct carrier_group *g)
{
	while (deadline_heap_first(&g->waiting) != NULL)
		if (!delivery_message_again(
			delivery_message_at(deadline_heap_first(&g->waiting))))
			return carrier_group_wait_ms(g);
	return 0;
}

/* A message that has waited too long is over or goes elsewhere, wherever in the heap it
 * stands; a place that one of them left is looked at the next time. */
static void
group_sweep(struct carrier_group *g)
{
	for (size_t i = g->waiting.count; i > 0; i--)
		if (i <= g->waiting.count)
			(void)delivery_message_reconsider(
			    delivery_message_at(g->waiting.items[i - 1]));
}

static void
on_kick(evutil_socket_t fd, short what, void *ctx)
{
	struct delivery_loop *d = ctx;
	int64_t soonest_ms = 0;
	struct timeval tv;

	(void)fd;
	(void)what;
	delivery_message_end_when_idle(d);
	for (size_t i = 0; i < d->group_count && !d->stopping; i++) {
		int64_t wait_ms = group_try(&d->groups[i]);

		if (wait_ms > 0 && (soonest_ms == 0 || wait_ms < soonest_ms))
			soonest_ms = wait_ms;
	}
	tv = (struct timeval){soonest_ms / 1000, (soonest_ms % 1000) * 1000};
	if (soonest_ms > 0)
		event_add(d->again, &tv);
}

/* Only while something waits: a server with nothing to do sleeps. */
static void
on_sweep(evutil_socket_t fd, short what, void *ctx)
{
	struct delivery_loop *d = ctx;

	for (size_t i = 0; i < d->group_count && !d->stopping; i++)
		group_sweep(&d->groups[i]);
	on_kick(fd, what, ctx);
	if (d->parked_count > 0)
		delivery_message_sweep_later(d);
}

/* A carrier says so from the midst of its own work, so what follows comes later. */
static void
carrier_changed(void *ctx)
{
	struct delivery_loop *d = ctx;

	event_active(d->kick, EV_TIMEOUT, 0);
}

static void
carrier_reports(
    void *ctx, const struct carrier_config *config, const struct carrier_receipt *r)
{
	struct delivery_loop *d = ctx;

	receipts_take(d->receipts, config->name, r);
}

/* ---- stopping ---- */

static void
on_deadline(evutil_socket_t fd, short what, void *ctx)
{
	struct delivery_loop *d = ctx;

	(void)fd;
	(void)what;
	log_event(LOG_LEVEL_WARNING, "delivery_cut");
	event_base_loopbreak(d->base);
}

static void
stop_task(struct task *t)
{
	struct delivery_loop *d = container_of(t, struct delivery_loop, stop);
	struct timeval wait = {d->stop_wait_ms / 1000, (d->stop_wait_ms % 1000) * 1000};
	struct delivery_message *m = TAILQ_FIRST(&d->all);

	d->stopping = true;
	event_add(d->deadline, &wait);
	for (size_t i = 0; i < d->group_count; i++)
		carrier_group_stop(&d->groups[i], d->stop_wait_ms);
	while (m != NULL) {
		struct delivery_message *next = TAILQ_NEXT(m, entry);

		delivery_message_stop(m);
		m = next;
	}
	delivery_message_end_when_idle(d);
}

/* ---- loop ---- */

static void
on_bell(evutil_socket_t fd, short what, void *ctx)
{
	struct delivery_loop *d = ctx;

	(void)fd;
	(void)what;
	queue_run(d->queue);
}

static void *
run_loop(void *ctx)
{
	struct delivery_loop *d = ctx;

	receipts_start(d->receipts);
	event_base_dispatch(d->base);
	receipts_stop(d->receipts);
	lookup_free(d->lookup);
	d->lookup = NULL;
	for (size_t i = 0; i < d->group_count; i++)
		carrier_group_close(&d->groups[i]);
	/* a link that was closed with a callback on its way goes with that */
	event_base_loop(d->base, EVLOOP_NONBLOCK);
	return NULL;
}

void
delivery_loop_take(void *delivery, struct outgoing_message *o)
{
	struct delivery_loop *d = delivery;

	CHECK_OBJ(d, DELIVERY_LOOP_MAGIC);
	queue_push(d->queue, delivery_message_new(d, o));
}

void
delivery_loop_receive(void *delivery, struct carrier_callback *in)
{
	struct delivery_loop *d = delivery;

	CHECK_OBJ(d, DELIVERY_LOOP_MAGIC);
	receipts_http_give(d->callbacks, in);
}

/* Here, because how carriers stand is this thread's alone to know. */
static void
explain_task(struct task *t)
{
	struct route_question *q = container_of(t, struct route_question, task);
	const struct delivery_loop *d = q->owner;
	struct carrier_group_state states[CONF_CARRIERS_MAX];
	struct route_subject s = {.channel = q->channel,
	    .to = q->to,
	    .text = q->text,
	    .limits = q->limits,
	    .limit_count = q->limit_count,
	    .disabled = q->disabled,
	    .states = states};

	for (size_t i = 0; i < d->group_count; i++)
		states[i] = carrier_group_state(&d->groups[i]);
	q->err = d->stopping ? ERR_OVERLOADED : route_explain(d->conf, &s, q->out);
	queue_push(q->loop, q->back);
}

void
delivery_loop_explain(void *delivery, struct route_question *q)
{
	struct delivery_loop *d = delivery;

	CHECK_OBJ(d, DELIVERY_LOOP_MAGIC);
	q->owner = d;
	q->task.run = explain_task;
	queue_push(d->queue, &q->task);
}

/* ---- life ---- */

static struct event *
need(struct event *e)
{
	RESOURCE(e != NULL);
	return e;
}

static void
init_events(struct delivery_loop *d)
{
	struct timeval accept = {
	    d->conf->accept_wait_ms / 1000, (d->conf->accept_wait_ms % 1000) * 1000};

	d->base = event_base_new();
	RESOURCE(d->base != NULL);
	d->accept_wait = event_base_init_common_timeout(d->base, &accept);
	d->kick = need(event_new(d->base, -1, 0, on_kick, d));
	d->again = need(evtimer_new(d->base, on_kick, d));
	d->deadline = need(evtimer_new(d->base, on_deadline, d));
	d->sweep = need(evtimer_new(d->base, on_sweep, d));
	d->bell = need(
	    event_new(d->base, queue_fd(d->queue), EV_READ | EV_PERSIST, on_bell, d));
	event_add(d->bell, NULL);
}

static enum err
open_carriers(struct delivery_loop *d, struct speech *speech, char why[256])
{
	const struct conf *conf = d->conf;
	struct carrier_env env = {.base = d->base,
	    .clock = d->clock,
	    .entropy = d->entropy,
	    .data_dir = conf->data,
	    .public_url = conf->public_url,
	    .speech = speech,
	    .changed = carrier_changed,
	    .receipt = carrier_reports,
	    .ctx = d};

	for (size_t i = 0; i < conf->carrier_count; i++) {
		struct carrier_group *g = &d->groups[d->group_count];
		char reason[256] = "";
		enum err e = carrier_group_open(g, &conf->carriers[i], &env, reason);

		d->group_count++; /* closed with the others */
		if (e != OK) {
			snprintf(why, 256, "carrier %.60s: %.180s",
			    conf->carriers[i].name, reason);
			return e;
		}
	}
	return OK;
}

static void
lookup_changed(void *ctx, bool down, const char *reason)
{
	(void)ctx;
	log_event(down ? LOG_LEVEL_WARNING : LOG_LEVEL_INFO,
	    down ? "lookup_down" : "lookup_up", LOG_TEXT("reason", reason));
}

static enum err
open_lookup(struct delivery_loop *d, char why[256])
{
	struct lookup_env env = {.base = d->base,
	    .clock = d->clock,
	    .entropy = d->entropy,
	    .changed = lookup_changed};
	char reason[256] = "";
	enum err e = lookup_open(&d->conf->lookup, &env, reason, &d->lookup);

	if (e != OK)
		snprintf(why, 256, "lookup: %.240s", reason);
	return e;
}

enum err
delivery_loop_open(
    const struct delivery_loop_options *o, char why[256], struct delivery_loop **out)
{
	struct delivery_loop *d = mem_new(sizeof(*d));
	enum err e;

	d->magic = DELIVERY_LOOP_MAGIC;
	d->conf = o->conf;
	d->store = o->store;
	d->clock = o->clock;
	d->entropy = o->entropy;
	d->queue = queue_new(0);
	d->stop.run = stop_task;
	TAILQ_INIT(&d->all);
	init_events(d);
	d->receipts = receipts_new(d->base, d->queue, d->store, d->conf->half_wait_ms);
	d->callbacks = receipts_http_new(d->conf, d->clock, d->receipts);
	e = open_carriers(d, o->speech, why);
	if (e == OK)
		e = open_lookup(d, why);
	if (e == OK)
		*out = d;
	else
		delivery_loop_free(d);
	return e;
}

void
delivery_loop_start(struct delivery_loop *d)
{
	CHECK_OBJ(d, DELIVERY_LOOP_MAGIC);
	RESOURCE(pthread_create(&d->thread, NULL, run_loop, d) == 0);
	pthread_setname_np(d->thread, "delivery");
	d->started = true;
}

void
delivery_loop_stop(struct delivery_loop *d, int64_t wait_ms)
{
	CHECK_OBJ(d, DELIVERY_LOOP_MAGIC);
	if (!d->started)
		return;
	d->stop_wait_ms = wait_ms;
	queue_push(d->queue, &d->stop);
	pthread_join(d->thread, NULL);
	d->started = false;
}

void
delivery_loop_free(struct delivery_loop *d)
{
	if (d == NULL)
		return;
	CHECK_OBJ(d, DELIVERY_LOOP_MAGIC);
	INVARIANT(!d->started);
	d->stopping = true;
	receipts_stop(d->receipts);
	queue_run(d->queue); /* what came after the thread had ended */
	lookup_free(d->lookup);
	for (size_t i = 0; i < d->group_count; i++)
		carrier_group_close(&d->groups[i]);
	while (!TAILQ_EMPTY(&d->all))
		delivery_message_free(TAILQ_FIRST(&d->all));
	for (size_t i = 0; i < d->group_count; i++)
		deadline_heap_fini(&d->groups[i].waiting);
	receipts_http_free(d->callbacks);
	receipts_free(d->receipts);
	event_free(d->kick);
	event_free(d->again);
	event_free(d->deadline);
	event_free(d->sweep);
	event_free(d->bell);
	event_base_free(d->base);
	queue_free(d->queue);
	mem_free(d);
}
