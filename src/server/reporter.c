/* SPDX-License-Identifier: Apache-2.0 */
#include "server/reporter.h"

#include <event2/event.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

#include "base/log.h"
#include "net/http_client.h"
#include "store/report.h"
#include "store/store.h"
#include "twofa/report_body.h"

enum {
	REPORTER_MAGIC = 0x72657072,
	LEASE_SPARE_MS = 5000, /* for the store to write down what became of it */
	AGAIN_MS = 1000,       /* when the store could not be asked */
	LOOK_LEAST_MS = 5,
	LOOK_MOST_MS = 60000,
	SWEEP_MS = 60000,
	OVERDUE_AT_ONCE = 256,
	ANSWER_LEN_MAX = 16384,
	HEADER_MAX = 128
};

/* One subscription, on its way out. */
struct subscriber {
	struct reporter *reporter;
	const struct conf_report *conf;
	struct http_client *client;
	struct event *timer; /* the next poll */
	int64_t poll_at_ms;  /* while it is set */
	int64_t in_flight;
	bool taking; /* the store has the job */
	bool again;  /* poll once more when it is back */
	bool more;   /* than there was room for, perhaps */
	int64_t dropped;
	struct arena arena; /* of the job */
	struct reports_take_job take;
	struct task take_back;
};

/* One report; in its own arena. */
struct report_request {
	struct arena arena;
	struct subscriber *subscriber;
	struct report_done_job done;
	struct task back;
	const char *body;
	int64_t tries;
};

struct reporter {
	unsigned magic;
	const struct conf *conf;
	struct store *store;
	struct event_base *base;
	struct queue *queue;
	struct event *bell;
	struct event *deadline;
	struct event *sweep;
	struct task stop;
	struct task woken;
	atomic_bool waking; /* `woken` is in the queue */
	int64_t stop_wait_ms;
	bool stopping;
	bool cut; /* the thread has ended, and the store may be closed */
	bool started;
	bool sweeping;
	struct arena sweep_arena;
	struct reports_overdue_job overdue;
	struct task overdue_back;
	pthread_t thread;
	size_t subscriber_count;
	struct subscriber *subscribers;
};

static void
after(struct event *e, int64_t ms)
{
	struct timeval tv = {ms / 1000, (ms % 1000) * 1000};

	RESOURCE(event_add(e, &tv) == 0);
}

static bool
is_idle(const struct reporter *r)
{
	for (size_t i = 0; i < r->subscriber_count; i++)
		if (r->subscribers[i].in_flight > 0 || r->subscribers[i].taking)
			return false;
	return !r->sweeping;
}

static void
end_when_idle(struct reporter *r)
{
	if (r->stopping && is_idle(r))
		event_base_loopbreak(r->base);
}

static void poll_now(struct subscriber *o);

/* Looks then, if not earlier. */
static void
schedule_poll(struct subscriber *o, int64_t at_ms)
{
	int64_t ms;

	if (o->reporter->stopping) /* the store may be closed already */
		return;
	if (evtimer_pending(o->timer, NULL) && o->poll_at_ms <= at_ms)
		return;
	ms = at_ms - store_now_ms(o->reporter->store);
	o->poll_at_ms = at_ms;
	after(o->timer, ms < LOOK_LEAST_MS  ? LOOK_LEAST_MS
			: ms > LOOK_MOST_MS ? LOOK_MOST_MS
					    : ms);
}

/* ---- one report ---- */

static void
report_request_free(struct report_request *p)
{
	struct subscriber *o = p->subscriber;
	struct arena arena = p->arena;

	o->in_flight--;
	arena_fini(&arena);
	if (o->more)
		poll_now(o);
	end_when_idle(o->reporter);
}

/* A result that could not be written down is sent again when its lease is over. */
static void
report_request_back(struct task *t)
{
	struct report_request *p = container_of(t, struct report_request, back);

	if (p->done.job.err == OK && p->done.end == REPORT_END_AGAIN)
		schedule_poll(p->subscriber, p->done.job.now_ms + p->done.again_ms);
	report_request_free(p);
}

/* On the store's thread. */
static void
report_request_finished(struct job *j)
{
	struct report_request *p = j->owner;

	queue_push(p->subscriber->reporter->queue, &p->back);
}

static void
log_try(const struct report_request *p, const struct http_client_result *result)
{
	static const enum log_level levels[] = {[REPORT_END_TAKEN] = LOG_LEVEL_DEBUG,
	    [REPORT_END_AGAIN] = LOG_LEVEL_INFO,
	    [REPORT_END_DEAD] = LOG_LEVEL_WARNING};
	static const char *const events[] = {[REPORT_END_TAKEN] = "report_taken",
	    [REPORT_END_AGAIN] = "report_failed",
	    [REPORT_END_DEAD] = "report_dead"};
	char event_id[REPORT_ID_LEN + 1];

	report_body_event_id(&p->done.pin_id, p->done.seq, event_id);
	log_event(levels[p->done.end], events[p->done.end],
	    LOG_TEXT("subscription", p->subscriber->conf->name),
	    LOG_TEXT("eventId", event_id), LOG_INT("try", p->tries),
	    LOG_INT("status", result->status), LOG_TEXT("reason", result->reason));
}

/* A status that says well is an answer, however long the body is that nobody reads, and
 * whether it came whole. */
static void
classify_answer(struct report_request *p, const struct http_client_result *result)
{
	const struct conf *conf = p->subscriber->reporter->conf;

	if (result->status / 100 == 2) {
		p->done.end = REPORT_END_TAKEN;
	} else if (p->tries > conf->report_retries) {
		p->done.end = REPORT_END_DEAD;
	} else {
		p->done.end = REPORT_END_AGAIN;
		p->done.again_ms =
		    p->subscriber->reporter->stopping
			? 0 /* it was cut off by us */
			: report_body_retry_ms(p->tries, conf->report_retry_unit_ms);
	}
}

static void
on_posted(void *ctx, const struct http_client_result *result)
{
	struct report_request *p = ctx;

	classify_answer(p, result);
	log_try(p, result);
	p->done.job.finish = report_request_finished;
	p->done.job.owner = p;
	p->done.job.arena = &p->arena;
	p->done.job.verb = VERB_REPORT_DONE;
	p->back.run = report_request_back;
	store_push(p->subscriber->reporter->store, &p->done.job);
}

static void
post(struct report_request *p)
{
	struct reporter *r = p->subscriber->reporter;
	const struct conf_report *conf = p->subscriber->conf;
	int64_t now_s = store_wall_ms(r->store) / 1000;
	char event[REPORT_ID_LEN + 1];
	char signature[REPORT_SIGNATURE_LEN + 1];
	char headers[3][HEADER_MAX];
	struct http_client_call call = {.method = "POST",
	    .url = conf->url,
	    .headers = {"Content-Type: application/json",
		"User-Agent: Watchword/" WW_VERSION, headers[0], headers[1], headers[2]},
	    .body = span_of(p->body),
	    .timeout_ms = r->conf->report_timeout_ms,
	    .answer_len_max = ANSWER_LEN_MAX};
	enum err e;

	report_body_event_id(&p->done.pin_id, p->done.seq, event);
	report_body_sign(span_of(conf->secret), now_s, call.body, signature);
	snprintf(headers[0], HEADER_MAX, "X-Watchword-Event: %s", event);
	snprintf(headers[1], HEADER_MAX, "X-Watchword-Timestamp: %lld", (long long)now_s);
	snprintf(headers[2], HEADER_MAX, "X-Watchword-Signature: v1=%s", signature);
	e = http_client_send(p->subscriber->client, &call, on_posted, p);
	if (e != OK)
		on_posted(p, &(struct http_client_result){
				 .kind = HTTP_CLIENT_NOT_SENT, .reason = err_text(e)});
}

static void
report_request_send(struct subscriber *o, const struct report_taken *t)
{
	static const struct http_client_result stopping = {
	    .kind = HTTP_CLIENT_NOT_SENT, .reason = "stopping"};
	struct arena arena;
	struct report_request *p;

	arena_init(&arena);
	p = arena_alloc(&arena, sizeof(*p));
	p->subscriber = o;
	p->tries = t->tries;
	p->body = arena_text(&arena, span_of(t->body));
	p->done.subscription = o->conf->name;
	p->done.pin_id = t->pin_id;
	p->done.seq = t->seq;
	p->arena = arena;
	o->in_flight++;
	if (o->reporter->stopping)
		on_posted(p, &stopping);
	else
		post(p);
}

/* ---- what is due ---- */

static void
log_dropped(struct subscriber *o)
{
	if (o->dropped >= 0 && o->take.dropped > o->dropped)
		log_event(LOG_LEVEL_WARNING, "reports_dropped",
		    LOG_TEXT("subscription", o->conf->name),
		    LOG_INT("count", o->take.dropped - o->dropped));
	o->dropped = o->take.dropped;
}

static void
take_back(struct task *t)
{
	struct subscriber *o = container_of(t, struct subscriber, take_back);
	struct arena arena = o->arena;
	bool failed = o->reporter->cut || o->take.job.err != OK;

	o->taking = false;
	o->more = !failed && (int64_t)o->take.count == o->take.limit;
	for (size_t i = 0; !failed && i < o->take.count; i++)
		report_request_send(o, &o->take.list[i]);
	if (o->reporter->stopping) {
		end_when_idle(o->reporter);
	} else if (failed) {
		schedule_poll(o, store_now_ms(o->reporter->store) + AGAIN_MS);
	} else {
		log_dropped(o);
		if (o->take.next_at_ms != 0)
			schedule_poll(o, o->take.next_at_ms);
	}
	arena_fini(&arena);
	if (o->again)
		poll_now(o);
}

/* On the store's thread. */
static void
take_finished(struct job *j)
{
	struct subscriber *o = j->owner;

	queue_push(o->reporter->queue, &o->take_back);
}

/* Takes as many as there is room for; who is full looks again when one is done. */
static void
poll_now(struct subscriber *o)
{
	struct reporter *r = o->reporter;
	int64_t room = r->conf->report_concurrency - o->in_flight;

	if (o->taking)
		o->again = true;
	if (room <= 0)
		o->more = true;
	if (r->stopping || o->taking || room <= 0)
		return;
	arena_init(&o->arena);
	o->again = false;
	o->take = (struct reports_take_job){.job = {.verb = VERB_REPORTS_TAKE,
						.arena = &o->arena,
						.owner = o,
						.finish = take_finished},
	    .subscription = o->conf->name,
	    .limit = room,
	    .lease_ms = r->conf->report_timeout_ms + LEASE_SPARE_MS};
	if (store_offer(r->store, &o->take.job) == OK) {
		o->taking = true;
		return;
	}
	arena_fini(&o->arena);
	schedule_poll(o, store_now_ms(r->store) + AGAIN_MS);
}

static void
on_poll_timer(evutil_socket_t fd, short what, void *ctx)
{
	(void)fd;
	(void)what;
	poll_now(ctx);
}

static void
poll_all(struct task *t)
{
	struct reporter *r = container_of(t, struct reporter, woken);

	atomic_store(&r->waking, false);
	for (size_t i = 0; i < r->subscriber_count; i++)
		poll_now(&r->subscribers[i]);
}

void
reporter_wake(struct reporter *r)
{
	if (r != NULL && !atomic_exchange(&r->waking, true))
		queue_push(r->queue, &r->woken);
}

/* ---- receipts that never came ---- */

static void
sweep(struct reporter *r)
{
	if (r->stopping || r->sweeping)
		return;
	arena_init(&r->sweep_arena);
	r->overdue.job.arena = &r->sweep_arena;
	if (store_offer(r->store, &r->overdue.job) == OK)
		r->sweeping = true;
	else
		arena_fini(&r->sweep_arena);
}

static void
overdue_back(struct task *t)
{
	struct reporter *r = container_of(t, struct reporter, overdue_back);
	bool more = r->overdue.job.err == OK && r->overdue.count == OVERDUE_AT_ONCE;

	r->sweeping = false;
	arena_fini(&r->sweep_arena);
	if (more)
		sweep(r);
	end_when_idle(r);
}

/* On the store's thread. */
static void
overdue_finished(struct job *j)
{
	struct reporter *r = j->owner;

	queue_push(r->queue, &r->overdue_back);
}

static void
on_sweep(evutil_socket_t fd, short what, void *ctx)
{
	(void)fd;
	(void)what;
	sweep(ctx);
}

/* ---- life ---- */

static void
on_bell(evutil_socket_t fd, short what, void *ctx)
{
	struct reporter *r = ctx;

	(void)fd;
	(void)what;
	queue_run(r->queue);
}

static void
on_deadline(evutil_socket_t fd, short what, void *ctx)
{
	struct reporter *r = ctx;

	(void)fd;
	(void)what;
	event_base_loopbreak(r->base);
}

static void
stop_task(struct task *t)
{
	struct reporter *r = container_of(t, struct reporter, stop);

	r->stopping = true;
	after(r->deadline, r->stop_wait_ms);
	end_when_idle(r);
}

static void *
run_loop(void *ctx)
{
	struct reporter *r = ctx;

	for (size_t i = 0; i < r->subscriber_count; i++)
		poll_now(&r->subscribers[i]);
	sweep(r);
	event_base_dispatch(r->base);
	for (size_t i = 0; i < r->subscriber_count; i++) {
		http_client_free(r->subscribers[i].client);
		r->subscribers[i].client = NULL;
	}
	return NULL;
}

static void
init_subscriber(struct reporter *r, struct subscriber *o, const struct conf_report *conf)
{
	struct http_client_options options = {.allow_http = conf->allow_http,
	    .allow_private = conf->allow_private,
	    .ca_file = conf->ca_file,
	    .connect_timeout_ms = r->conf->report_timeout_ms,
	    .calls_max = r->conf->report_concurrency};

	o->reporter = r;
	o->conf = conf;
	o->dropped = -1;
	o->take_back.run = take_back;
	o->client = http_client_new(r->base, &options);
	o->timer = evtimer_new(r->base, on_poll_timer, o);
	RESOURCE(o->timer != NULL);
}

static enum err
tell_store(struct reporter *r, char why[256])
{
	struct subscriptions_job j = {.count = r->subscriber_count};
	struct report_subscription *rows =
	    mem_array(r->subscriber_count + 1, sizeof(*rows));
	struct arena arena;
	enum err e;

	for (size_t i = 0; i < r->subscriber_count; i++) {
		const struct conf_report *c = r->subscribers[i].conf;

		rows[i] = (struct report_subscription){
		    c->name, c->account, c->groups, r->conf->report_queue_max};
	}
	arena_init(&arena);
	j.rows = rows;
	j.job.verb = VERB_SUBSCRIPTIONS;
	j.job.arena = &arena;
	e = store_run(r->store, &j.job);
	arena_fini(&arena);
	mem_free(rows);
	if (e != OK)
		snprintf(why, 256, "the subscriptions of reports: %s", err_text(e));
	return e;
}

static void
init_loop(struct reporter *r)
{
	static const struct timeval sweep_every = {SWEEP_MS / 1000, 0};

	r->base = event_base_new();
	RESOURCE(r->base != NULL);
	r->bell =
	    event_new(r->base, queue_fd(r->queue), EV_READ | EV_PERSIST, on_bell, r);
	r->sweep = event_new(r->base, -1, EV_PERSIST, on_sweep, r);
	r->deadline = evtimer_new(r->base, on_deadline, r);
	RESOURCE(r->bell != NULL && r->sweep != NULL && r->deadline != NULL);
	event_add(r->bell, NULL);
	event_add(r->sweep, &sweep_every);
	r->overdue = (struct reports_overdue_job){
	    .job = {.verb = VERB_REPORTS_OVERDUE, .owner = r, .finish = overdue_finished},
	    .wait_ms = r->conf->report_receipt_wait_ms,
	    .limit = OVERDUE_AT_ONCE};
}

enum err
reporter_open(
    const struct conf *conf, struct store *store, char why[256], struct reporter **out)
{
	struct reporter *r = mem_new(sizeof(*r));
	enum err e;

	r->magic = REPORTER_MAGIC;
	r->conf = conf;
	r->store = store;
	r->queue = queue_new(0);
	r->stop.run = stop_task;
	r->woken.run = poll_all;
	r->overdue_back.run = overdue_back;
	init_loop(r);
	r->subscriber_count = conf->report_count;
	r->subscribers = mem_array(r->subscriber_count + 1, sizeof(*r->subscribers));
	for (size_t i = 0; i < r->subscriber_count; i++)
		init_subscriber(r, &r->subscribers[i], &conf->reports[i]);
	e = tell_store(r, why);
	if (e == OK)
		*out = r;
	else
		reporter_free(r);
	return e;
}

void
reporter_start(struct reporter *r)
{
	CHECK_OBJ(r, REPORTER_MAGIC);
	if (r->subscriber_count == 0)
		return;
	RESOURCE(pthread_create(&r->thread, NULL, run_loop, r) == 0);
	pthread_setname_np(r->thread, "reports");
	r->started = true;
}

void
reporter_stop(struct reporter *r, int64_t wait_ms)
{
	CHECK_OBJ(r, REPORTER_MAGIC);
	if (!r->started)
		return;
	r->stop_wait_ms = wait_ms;
	queue_push(r->queue, &r->stop);
	pthread_join(r->thread, NULL);
	r->started = false;
}

/* A report that is cut off here is due again when its lease is over. */
void
reporter_free(struct reporter *r)
{
	if (r == NULL)
		return;
	CHECK_OBJ(r, REPORTER_MAGIC);
	INVARIANT(!r->started);
	r->stopping = true;
	r->cut = true;
	queue_run(r->queue); /* what came after the thread had ended */
	for (size_t i = 0; i < r->subscriber_count; i++) {
		http_client_free(r->subscribers[i].client);
		event_free(r->subscribers[i].timer);
	}
	event_free(r->bell);
	event_free(r->sweep);
	event_free(r->deadline);
	event_base_free(r->base);
	queue_free(r->queue);
	mem_free(r->subscribers);
	mem_free(r);
}
