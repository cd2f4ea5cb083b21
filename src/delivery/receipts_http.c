/* SPDX-License-Identifier: Apache-2.0 */
#include "delivery/receipts_http.h"

#include <stdatomic.h>

#include "base/log.h"

enum { LINE_EVERY_MS = 1000 };

/* Requests that were refused since the last line about them. */
struct refusals {
	_Atomic int64_t forbidden;
	_Atomic int64_t unreadable;
	_Atomic int64_t line_at_ms; /* no line before */
};

struct receipts_http {
	const struct conf *conf;
	const struct clock *clock;
	struct receipts *receipts;
	struct refusals refusals[CONF_CARRIERS_MAX]; /* by the carrier's place */
};

/* A request whose receipts are on their way to the store; in the request's arena. */
struct callback {
	struct carrier_callback *in;
	struct receipts *receipts;
	_Atomic size_t waiting;
	_Atomic bool refused; /* one of them is not durable */
};

struct callback_receipt {
	struct receipt_job job;
	struct callback *of;
};

static void
answer_callback(struct carrier_callback *in, enum err e)
{
	in->err = e;
	queue_push(in->to, in->back);
}

/* ---- to the store ---- */

/* Behind the last one all of it belongs to the loop again. */
static void
let_go(struct callback *c)
{
	if (atomic_fetch_sub(&c->waiting, 1) == 1)
		answer_callback(c->in, atomic_load(&c->refused) ? ERR_OVERLOADED : OK);
}

/* On the store's thread. */
static void
receipt_finished(struct job *j)
{
	struct callback_receipt *r = j->owner;
	struct callback *c = r->of;

	receipts_done(c->receipts, &r->job);
	if (r->job.job.err != OK)
		atomic_store(&c->refused, true);
	let_go(c);
}

static struct callback_receipt *
make_jobs(struct callback *c, const struct carrier_receipts *from)
{
	struct callback_receipt *made =
	    arena_alloc(from->arena, from->count * sizeof(*made));

	for (size_t i = 0; i < from->count; i++) {
		made[i].of = c;
		receipts_job(
		    c->receipts, from->config->name, &from->items[i], &made[i].job);
		made[i].job.job.arena = from->arena;
		made[i].job.job.owner = &made[i];
		made[i].job.job.finish = receipt_finished;
	}
	return made;
}

/* All are made before the first is offered: from there on the arena is the store's. */
static void
hand_on(struct receipts_http *k, struct carrier_callback *in,
    const struct carrier_receipts *from)
{
	struct callback *c = arena_alloc(from->arena, sizeof(*c));
	struct callback_receipt *made;

	c->in = in;
	c->receipts = k->receipts;
	/* one more for this function, as any of them may be durable at once */
	atomic_init(&c->waiting, from->count + 1);
	atomic_init(&c->refused, false);
	made = make_jobs(c, from);
	for (size_t i = 0; i < from->count; i++) {
		if (receipts_offer(k->receipts, &made[i].job) == OK)
			continue;
		atomic_store(&c->refused, true);
		let_go(c);
	}
	let_go(c);
}

/* ---- what is refused ---- */

static void
log_refused(const char *carrier, struct refusals *r)
{
	int64_t forbidden = atomic_exchange(&r->forbidden, 0);
	int64_t unreadable = atomic_exchange(&r->unreadable, 0);

	if (forbidden + unreadable > 0)
		log_event(LOG_LEVEL_WARNING, "receipts_refused",
		    LOG_TEXT("carrier", carrier), LOG_INT("forbidden", forbidden),
		    LOG_INT("unreadable", unreadable));
}

/* Anybody can send what is refused: they are counted, and the log has a line a second. */
static void
count_refused(struct receipts_http *k, size_t carrier, enum err e)
{
	struct refusals *r = &k->refusals[carrier];
	int64_t now_ms = k->clock->steady_ms(k->clock);
	int64_t line_at_ms = atomic_load(&r->line_at_ms);

	atomic_fetch_add(e == ERR_FORBIDDEN ? &r->forbidden : &r->unreadable, 1);
	if (now_ms >= line_at_ms && atomic_compare_exchange_strong(&r->line_at_ms,
					&line_at_ms, now_ms + LINE_EVERY_MS))
		log_refused(k->conf->carriers[carrier].name, r);
}

/* ---- a request ---- */

static size_t
find_carrier(const struct conf *conf, const char *name)
{
	size_t i = 0;

	while (i < conf->carrier_count && strcmp(conf->carriers[i].name, name) != 0)
		i++;
	return i;
}

static enum err
read_receipts(const struct receipts_http *k, const struct carrier_config *config,
    const struct carrier_callback *in, struct carrier_receipts *out)
{
	const struct call_request *r = in->request;
	struct carrier_request request = {.method = r->method,
	    .target = r->target,
	    .query = in->query,
	    .secret = in->secret,
	    .content_type = r->content_type,
	    .body = r->body,
	    .headers = r->headers,
	    .header_count = r->header_count,
	    .public_url = k->conf->public_url};

	return carrier_read_receipts(config, &request, out);
}

void
receipts_http_give(struct receipts_http *k, struct carrier_callback *in)
{
	struct carrier_receipts receipts = {.arena = in->arena};
	size_t at = find_carrier(k->conf, in->carrier);
	const struct carrier_config *config = &k->conf->carriers[at];
	enum err e;

	if (at == k->conf->carrier_count) { /* as a wrong secret: names cannot be tried */
		answer_callback(in, ERR_FORBIDDEN);
		return;
	}
	in->answer = carrier_receipt_answer(config, &in->answer_type);
	e = read_receipts(k, config, in, &receipts);
	if (e == OK) {
		hand_on(k, in, &receipts);
		return;
	}
	if (carrier_type_find(config->type)->read_receipts != NULL)
		count_refused(k, at, e);
	answer_callback(in, e);
}

/* ---- life ---- */

struct receipts_http *
receipts_http_new(
    const struct conf *conf, const struct clock *clock, struct receipts *receipts)
{
	struct receipts_http *k = mem_new(sizeof(*k));

	k->conf = conf;
	k->clock = clock;
	k->receipts = receipts;
	return k;
}

void
receipts_http_free(struct receipts_http *k)
{
	for (size_t i = 0; i < k->conf->carrier_count; i++)
		log_refused(k->conf->carriers[i].name, &k->refusals[i]);
	mem_free(k);
}
