/* SPDX-License-Identifier: Apache-2.0 */
#include "delivery/receipts.h"

#include <event2/event.h>

#include "base/log.h"
#include "store/receipt.h"
#include "store/store.h"

enum {
	HELD_AGAIN_MS = 500,
	HELD_AT_ONCE = 500,
	HALF_AGAIN_MS = 1000,
	HALF_AT_ONCE = 256
};

struct receipts {
	struct event_base *base;
	struct queue *queue;
	struct store *store;
	struct event *timer; /* the next look at those that are held */
	bool stopped;
	struct arena arena; /* of the look that is under way */
	struct receipts_held_job held;
	struct task held_back;
	int64_t held_after;
	bool polling;             /* the store has the job */
	bool wanted;              /* something was held since it was given it */
	struct event *half_timer; /* the next look at texts of which a part is known */
	struct arena half_arena;
	struct receipts_half_job half;
	struct task half_back;
	int64_t half_wait_ms;
	bool half_polling;
};

/* In its own arena. */
struct receipt_request {
	struct arena arena;
	struct receipts *receipts;
	struct receipt_job job;
	struct task back;
	carrier_taken_f *taken;
	void *taken_ctx;
};

/* The next look at those that are held; not while one is under way, which sees to it. */
static void
schedule_poll(struct receipts *r)
{
	static const struct timeval wait = {0, HELD_AGAIN_MS * 1000};

	r->wanted = true;
	if (!r->stopped && !r->polling && !evtimer_pending(r->timer, NULL))
		RESOURCE(event_add(r->timer, &wait) == 0);
}

/* The next look at texts of which a part is known; one that stands may stay, as it is
 * never later. */
static void
schedule_half_poll(struct receipts *r, int64_t wait_ms)
{
	struct timeval wait;

	wait_ms = wait_ms < HALF_AGAIN_MS ? HALF_AGAIN_MS : wait_ms;
	wait = (struct timeval){wait_ms / 1000, (wait_ms % 1000) * 1000};
	if (!r->stopped && !r->half_polling && !evtimer_pending(r->half_timer, NULL))
		RESOURCE(event_add(r->half_timer, &wait) == 0);
}

/* ---- one receipt ---- */

static void
receipt_request_end(struct receipt_request *q)
{
	struct arena arena = q->arena;

	if (q->taken != NULL && !q->receipts->stopped)
		q->taken(q->taken_ctx, q->job.job.err == OK);
	arena_fini(&arena);
}

static void
receipt_request_back(struct task *t)
{
	struct receipt_request *q = container_of(t, struct receipt_request, back);
	const struct report_status_row *status = report_status_find(q->job.status);
	enum err e = q->job.job.err;

	if (e == OK)
		log_event(LOG_LEVEL_DEBUG, "receipt", LOG_TEXT("carrier", q->job.carrier),
		    LOG_TEXT("status", status->name), LOG_INT("held", q->job.held));
	else
		log_event(LOG_LEVEL_WARNING, "receipt_refused",
		    LOG_TEXT("carrier", q->job.carrier), LOG_ERR(e));
	if (e == OK && q->job.held)
		schedule_poll(q->receipts);
	if (e == OK && q->job.half)
		schedule_half_poll(q->receipts, q->receipts->half_wait_ms);
	receipt_request_end(q);
}

/* On the store's thread. */
static void
receipt_request_finished(struct job *j)
{
	struct receipt_request *q = j->owner;

	queue_push(q->receipts->queue, &q->back);
}

/* Whatever the other side's clock and zone are, nothing was done in the future. */
static int64_t
not_later(int64_t at_ms, int64_t now_ms)
{
	return at_ms < now_ms ? at_ms : now_ms;
}

static struct receipt_request *
receipt_request_new(
    struct receipts *r, const char *carrier, const struct carrier_receipt *receipt)
{
	struct arena arena;
	struct receipt_request *q;

	arena_init(&arena);
	q = arena_alloc(&arena, sizeof(*q));
	q->receipts = r;
	q->back.run = receipt_request_back;
	q->taken = receipt->taken;
	q->taken_ctx = receipt->taken_ctx;
	q->job.carrier = arena_text(&arena, span_of(carrier));
	q->job.carrier_message_id = arena_text(&arena, span_of(receipt->message_id));
	if (receipt->other_id != NULL)
		q->job.other_id = arena_text(&arena, span_of(receipt->other_id));
	q->job.status = receipt->status;
	q->job.error = receipt->error;
	q->job.done_at_ms = not_later(receipt->done_at_ms, store_now_ms(r->store));
	q->arena = arena;
	q->job.job = (struct job){.verb = VERB_RECEIPT,
	    .arena = &q->arena,
	    .owner = q,
	    .finish = receipt_request_finished};
	return q;
}

void
receipts_take(
    struct receipts *r, const char *carrier, const struct carrier_receipt *receipt)
{
	struct receipt_request *q = receipt_request_new(r, carrier, receipt);
	enum err e = store_offer(r->store, &q->job.job);

	/* with OK it is the store thread's already, and its outcome stands there */
	if (e == OK)
		return;
	q->job.job.err = e;
	receipt_request_end(q);
}

/* ---- those that are held ---- */

static void
held_back(struct task *t)
{
	struct receipts *r = container_of(t, struct receipts, held_back);

	r->held_after = r->held.after;
	if (r->held.job.err != OK)
		log_event(
		    LOG_LEVEL_WARNING, "receipts_held_failed", LOG_ERR(r->held.job.err));
	if (r->held.matched > 0)
		log_event(LOG_LEVEL_DEBUG, "receipts_matched",
		    LOG_INT("count", r->held.matched));
	if (r->held.dropped > 0)
		log_event(LOG_LEVEL_INFO, "receipts_unmatched",
		    LOG_INT("count", r->held.dropped));
	r->polling = false;
	if (r->wanted || r->held.count > 0 || r->held.job.err != OK)
		schedule_poll(r);
	if (r->held.half)
		schedule_half_poll(r, r->half_wait_ms);
	arena_fini(&r->arena);
}

/* On the store's thread. */
static void
held_finished(struct job *j)
{
	struct receipts *r = j->owner;

	queue_push(r->queue, &r->held_back);
}

static void
on_held_timer(evutil_socket_t fd, short what, void *ctx)
{
	struct receipts *r = ctx;

	(void)fd;
	(void)what;
	r->polling = true;
	r->wanted = false;
	arena_init(&r->arena);
	r->held = (struct receipts_held_job){.job = {.verb = VERB_RECEIPTS_HELD,
						 .arena = &r->arena,
						 .owner = r,
						 .finish = held_finished},
	    .after = r->held_after,
	    .limit = HELD_AT_ONCE};
	store_push(r->store, &r->held.job);
}

/* ---- texts of which a part is known ---- */

static void
half_back(struct task *t)
{
	struct receipts *r = container_of(t, struct receipts, half_back);
	enum err e = r->half.job.err;

	if (e != OK)
		log_event(LOG_LEVEL_WARNING, "receipts_half_failed", LOG_ERR(e));
	if (r->half.ended > 0)
		log_event(
		    LOG_LEVEL_INFO, "receipts_half", LOG_INT("count", r->half.ended));
	r->half_polling = false;
	if (e != OK)
		schedule_half_poll(r, r->half_wait_ms);
	else if (r->half.next_at_ms > 0)
		schedule_half_poll(r, r->half.next_at_ms - store_now_ms(r->store));
	arena_fini(&r->half_arena);
}

/* On the store's thread. */
static void
half_finished(struct job *j)
{
	struct receipts *r = j->owner;

	queue_push(r->queue, &r->half_back);
}

static void
on_half_timer(evutil_socket_t fd, short what, void *ctx)
{
	struct receipts *r = ctx;

	(void)fd;
	(void)what;
	r->half_polling = true;
	arena_init(&r->half_arena);
	r->half = (struct receipts_half_job){.job = {.verb = VERB_RECEIPTS_HALF,
						 .arena = &r->half_arena,
						 .owner = r,
						 .finish = half_finished},
	    .wait_ms = r->half_wait_ms,
	    .limit = HALF_AT_ONCE};
	store_push(r->store, &r->half.job);
}

/* ---- life ---- */

struct receipts *
receipts_new(struct event_base *base, struct queue *queue, struct store *store,
    int64_t half_wait_ms)
{
	struct receipts *r = mem_new(sizeof(*r));

	r->base = base;
	r->queue = queue;
	r->store = store;
	r->held_back.run = held_back;
	r->half_back.run = half_back;
	r->half_wait_ms = half_wait_ms;
	r->timer = evtimer_new(base, on_held_timer, r);
	r->half_timer = evtimer_new(base, on_half_timer, r);
	RESOURCE(r->timer != NULL && r->half_timer != NULL);
	return r;
}

void
receipts_start(struct receipts *r)
{
	schedule_poll(r); /* the last run may have left some */
	schedule_half_poll(r, 0);
}

void
receipts_stop(struct receipts *r)
{
	r->stopped = true;
	event_del(r->timer);
	event_del(r->half_timer);
}

void
receipts_free(struct receipts *r)
{
	event_free(r->timer);
	event_free(r->half_timer);
	mem_free(r);
}
