/* SPDX-License-Identifier: Apache-2.0 */
#include "delivery/receipts.h"

#include <event2/event.h>
#include <stdatomic.h>

#include "base/log.h"
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
	struct task followed;   /* there is more to poll, says another thread */
	_Atomic bool following; /* it is queued */
	_Atomic bool held_new;  /* since it ran */
	_Atomic bool half_new;
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

	receipts_done(q->receipts, &q->job);
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

void
receipts_job(const struct receipts *r, const char *carrier,
    const struct carrier_receipt *receipt, struct receipt_job *out)
{
	*out = (struct receipt_job){.job = {.verb = VERB_RECEIPT},
	    .carrier = carrier,
	    .carrier_message_id = receipt->message_id,
	    .other_id = receipt->other_id,
	    .status = receipt->status,
	    .error = receipt->error,
	    .done_at_ms = not_later(receipt->done_at_ms, store_now_ms(r->store))};
}

enum err
receipts_offer(struct receipts *r, struct receipt_job *j)
{
	return store_offer(r->store, &j->job);
}

/* With copies of what is borrowed. */
static struct receipt_request *
receipt_request_new(
    struct receipts *r, const char *carrier, const struct carrier_receipt *receipt)
{
	struct arena arena;
	struct receipt_request *q;

	arena_init(&arena);
	q = arena_alloc(&arena, sizeof(*q));
	receipts_job(r, carrier, receipt, &q->job);
	q->receipts = r;
	q->back.run = receipt_request_back;
	q->taken = receipt->taken;
	q->taken_ctx = receipt->taken_ctx;
	q->job.carrier = arena_text(&arena, span_of(carrier));
	q->job.carrier_message_id = arena_text(&arena, span_of(receipt->message_id));
	if (receipt->other_id != NULL)
		q->job.other_id = arena_text(&arena, span_of(receipt->other_id));
	q->arena = arena;
	q->job.job.arena = &q->arena;
	q->job.job.owner = q;
	q->job.job.finish = receipt_request_finished;
	return q;
}

void
receipts_take(
    struct receipts *r, const char *carrier, const struct carrier_receipt *receipt)
{
	struct receipt_request *q = receipt_request_new(r, carrier, receipt);
	enum err e = receipts_offer(r, &q->job);

	/* with OK it is the store thread's already, and its outcome stands there */
	if (e == OK)
		return;
	q->job.job.err = e;
	receipt_request_end(q);
}

/* ---- what follows ---- */

static void
follow(struct task *t)
{
	struct receipts *r = container_of(t, struct receipts, followed);

	atomic_store(&r->following, false);
	if (atomic_exchange(&r->held_new, false))
		schedule_poll(r);
	if (atomic_exchange(&r->half_new, false))
		schedule_half_poll(r, r->half_wait_ms);
}

/* The timers are delivery's; its thread is woken where there is something to wait for. */
static void
call_for_polls(struct receipts *r, const struct receipt_job *j)
{
	if (j->held)
		atomic_store(&r->held_new, true);
	if (j->half)
		atomic_store(&r->half_new, true);
	if ((j->held || j->half) && !atomic_exchange(&r->following, true))
		queue_push(r->queue, &r->followed);
}

void
receipts_done(struct receipts *r, const struct receipt_job *j)
{
	enum err e = j->job.err;

	if (e != OK) {
		log_event(LOG_LEVEL_WARNING, "receipt_refused",
		    LOG_TEXT("carrier", j->carrier), LOG_ERR(e));
		return;
	}
	log_event(LOG_LEVEL_DEBUG, "receipt", LOG_TEXT("carrier", j->carrier),
	    LOG_TEXT("status", report_status_find(j->status)->name),
	    LOG_INT("held", j->held));
	call_for_polls(r, j);
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
	r->followed.run = follow;
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
