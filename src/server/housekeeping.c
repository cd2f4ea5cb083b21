/* SPDX-License-Identifier: Apache-2.0 */
#include "server/housekeeping.h"

#include "base/log.h"
#include "store/idempotency.h"
#include "store/store.h"
#include "store/upkeep.h"

/* Rows of a stretch, how long the store may take for one, and how often rows that are
 * left after a minute double: what comes faster than it goes must not grow for ever. */
enum {
	TRIM_CHUNK = 64,
	AGE_CHUNK = 32,
	RETAIN_CHUNK = 64,
	WAIT_MS = 5000,
	DOUBLINGS = 3
};
enum { KINDS = 3, REST_SHARE = 9, REST_MS_MAX = 15000 };

struct housekeeping {
	struct store *store;
	const struct clock *clock;
	int64_t retention_ms;
	struct queue *done;
	struct arena arena;
	struct retain_job retain;
	struct idempotency_trim_job trim;
	struct age_job age;
	struct task back;
	bool outstanding;  /* the store has one of them */
	bool rests[KINDS]; /* of which there is no more for now */
	bool is_done;      /* there was no more of any, or the store is late */
	int64_t begun_ms;  /* when all kinds were looked at */
	int64_t doubled;   /* the stretches, so often */
	struct ident after;
};

static void
mark_done(struct task *t)
{
	struct housekeeping *h = container_of(t, struct housekeeping, back);

	h->outstanding = false;
}

/* On the store's thread. */
static void
job_finished(struct job *j)
{
	struct housekeeping *h = j->owner;

	queue_push(h->done, &h->back);
}

/* False when it is not done: failed, or still with the store. */
static bool
run_job(struct housekeeping *h, struct job *j, enum verb verb)
{
	j->verb = verb;
	j->arena = &h->arena;
	j->owner = h;
	j->finish = job_finished;
	h->outstanding = true;
	store_push(h->store, j);
	queue_wait(h->done, WAIT_MS);
	queue_run(h->done);
	if (h->outstanding)
		return false;
	if (j->err != OK)
		log_event(LOG_LEVEL_WARNING, "retention_failed", LOG_ERR(j->err));
	return j->err == OK;
}

/* How many rows. */
static int64_t
begin_stretch(struct housekeeping *h, int64_t chunk)
{
	arena_fini(&h->arena);
	arena_init(&h->arena);
	return chunk << h->doubled;
}

/* One stretch of old PINs; false when there is nothing more to do now. */
static bool
retain(struct housekeeping *h)
{
	struct retain_job *j = &h->retain;
	bool more;

	if (h->retention_ms == 0)
		return false;
	*j = (struct retain_job){.after = h->after,
	    .keep_ms = h->retention_ms,
	    .limit = begin_stretch(h, RETAIN_CHUNK)};
	more = run_job(h, &j->job, VERB_RETAIN) &&
	       (j->scanned == j->limit || j->reports_removed == j->limit);
	h->after = more ? j->after : (struct ident){{0}};
	return more;
}

/* One stretch of idempotency records whose time is over. */
static bool
trim(struct housekeeping *h)
{
	struct idempotency_trim_job *j = &h->trim;

	*j = (struct idempotency_trim_job){.limit = begin_stretch(h, TRIM_CHUNK)};
	return run_job(h, &j->job, VERB_IDEMPOTENCY_TRIM) && j->removed == j->limit;
}

/* One stretch of PINs that limits count no more. */
static bool
age(struct housekeeping *h)
{
	struct age_job *j = &h->age;

	*j = (struct age_job){.limit = begin_stretch(h, AGE_CHUNK)};
	return run_job(h, &j->job, VERB_AGE) && j->scanned == j->limit;
}

/* The kinds of work, in turn. */
static bool (*const stretches[KINDS])(struct housekeeping *h) = {trim, age, retain};

/* True when there is more of any. */
static bool
do_stretches(struct housekeeping *h)
{
	bool more = false;

	for (size_t i = 0; i < KINDS; i++) {
		h->rests[i] = h->rests[i] || h->outstanding || !stretches[i](h);
		more = more || !h->rests[i];
	}
	return more && !h->outstanding;
}

static int64_t
steady_ms(const struct housekeeping *h)
{
	return h->clock->steady_ms(h->clock);
}

/* All kinds are looked at: after the last round, or in the midst of a long one. */
static void
begin_round(struct housekeeping *h, int64_t now_ms)
{
	if (!h->is_done && now_ms - h->begun_ms < HOUSEKEEPING_S * 1000)
		return;
	if (h->is_done)
		h->doubled = 0;
	else if (h->doubled < DOUBLINGS)
		h->doubled++;
	memset(h->rests, 0, sizeof(h->rests));
	h->begun_ms = now_ms;
}

int64_t
housekeeping_tick(struct housekeeping *h)
{
	int64_t begin_ms = steady_ms(h);
	unsigned destroyed = store_expire_keys(h->store);
	int64_t rest_ms;

	if (destroyed > 0)
		log_event(LOG_LEVEL_INFO, "keys_destroyed", LOG_INT("count", destroyed));
	queue_run(h->done);
	begin_round(h, begin_ms);
	h->is_done = !do_stretches(h);
	if (h->is_done)
		return -1;
	rest_ms = (steady_ms(h) - begin_ms) * REST_SHARE;
	return rest_ms < 1 ? 1 : rest_ms < REST_MS_MAX ? rest_ms : REST_MS_MAX;
}

struct housekeeping *
housekeeping_new(struct store *s, const struct clock *clock, int64_t retention_ms)
{
	struct housekeeping *h = mem_new(sizeof(*h));

	h->store = s;
	h->clock = clock;
	h->is_done = true;
	h->retention_ms = retention_ms;
	h->done = queue_new(0);
	h->back.run = mark_done;
	arena_init(&h->arena);
	return h;
}

void
housekeeping_free(struct housekeeping *h)
{
	arena_fini(&h->arena);
	queue_free(h->done);
	mem_free(h);
}
