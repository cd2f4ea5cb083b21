/* SPDX-License-Identifier: Apache-2.0 */
#include "server/housekeeping.h"

#include "base/log.h"

enum {
	RETAIN_CHUNK = 256,
	AGE_CHUNK = 64,
	STRETCHES_AT_ONCE = 200,
	RETAIN_WAIT_MS = 5000
};

struct housekeeping {
	struct store *store;
	int64_t retention_ms;
	struct queue *done;
	struct arena arena;
	struct retain_job retain;
	struct idempotency_trim_job trim;
	struct age_job age;
	struct task back;
	bool outstanding; /* the store has one of them */
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
run(struct housekeeping *h, struct job *j, enum verb verb)
{
	j->verb = verb;
	j->arena = &h->arena;
	j->owner = h;
	j->finish = job_finished;
	h->outstanding = true;
	store_push(h->store, j);
	queue_wait(h->done, RETAIN_WAIT_MS);
	queue_run(h->done);
	if (h->outstanding)
		return false;
	if (j->item.err != OK)
		log_event(LOG_LEVEL_WARNING, "retention_failed", LOG_ERR(j->item.err));
	return j->item.err == OK;
}

/* One stretch of old PINs; false when there is nothing more to do now. */
static bool
retain(struct housekeeping *h)
{
	struct retain_job *j = &h->retain;

	arena_fini(&h->arena);
	arena_init(&h->arena);
	*j = (struct retain_job){
	    .after = h->after, .keep_ms = h->retention_ms, .limit = RETAIN_CHUNK};
	if (!run(h, &j->job, VERB_RETAIN))
		return false;
	h->after = j->after;
	return j->scanned == RETAIN_CHUNK || j->reports_removed == RETAIN_CHUNK;
}

/* One stretch of idempotency records whose time is over. */
static bool
trim(struct housekeeping *h)
{
	struct idempotency_trim_job *j = &h->trim;

	*j = (struct idempotency_trim_job){.limit = RETAIN_CHUNK};
	return run(h, &j->job, VERB_IDEMPOTENCY_TRIM) && j->removed == RETAIN_CHUNK;
}

/* One stretch of PINs that limits count no more. */
static bool
age(struct housekeeping *h)
{
	struct age_job *j = &h->age;

	arena_fini(&h->arena);
	arena_init(&h->arena);
	*j = (struct age_job){.limit = AGE_CHUNK};
	return run(h, &j->job, VERB_AGE) && j->scanned == AGE_CHUNK;
}

/* So many stretches at the most; true when there is more. */
static bool
go_on(struct housekeeping *h, bool (*stretch)(struct housekeeping *h))
{
	for (int i = 0; i < STRETCHES_AT_ONCE; i++)
		if (h->outstanding || !stretch(h))
			return false;
	return true;
}

bool
housekeeping_tick(struct housekeeping *h)
{
	unsigned destroyed = store_expire_keys(h->store);
	bool more;

	if (destroyed > 0)
		log_event(LOG_LEVEL_INFO, "keys_destroyed", LOG_INT("count", destroyed));
	queue_run(h->done);
	more = go_on(h, trim);
	more = go_on(h, age) || more;
	if (h->retention_ms == 0 || h->outstanding)
		return more && !h->outstanding;
	if (go_on(h, retain))
		more = true;
	else
		h->after = (struct ident){{0}};
	return more && !h->outstanding;
}

struct housekeeping *
housekeeping_new(struct store *s, int64_t retention_ms)
{
	struct housekeeping *h = mem_new(sizeof(*h));

	h->store = s;
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
