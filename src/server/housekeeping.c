/* SPDX-License-Identifier: Apache-2.0 */
#include "server/housekeeping.h"

#include "base/log.h"

enum { RETAIN_CHUNK = 256, RETAIN_CHUNKS_AT_ONCE = 200, RETAIN_WAIT_MS = 5000 };

struct housekeeping {
	struct store *store;
	int64_t retention_ms;
	struct queue *done;
	struct arena arena;
	struct retain_job job;
	struct task back;
	bool outstanding; /* the store has the job */
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
retain_finished(struct job *j)
{
	struct housekeeping *h = j->owner;

	queue_push(h->done, &h->back);
}

/* One stretch; false when there is nothing more to do now. */
static bool
retain(struct housekeeping *h)
{
	struct retain_job *j = &h->job;

	arena_fini(&h->arena);
	arena_init(&h->arena);
	*j = (struct retain_job){.job = {.verb = VERB_RETAIN,
				     .arena = &h->arena,
				     .owner = h,
				     .finish = retain_finished},
	    .after = h->after,
	    .keep_ms = h->retention_ms,
	    .limit = RETAIN_CHUNK};
	h->outstanding = true;
	store_push(h->store, &j->job);
	queue_wait(h->done, RETAIN_WAIT_MS);
	queue_run(h->done);
	if (h->outstanding)
		return false;
	if (j->job.item.err != OK) {
		log_event(
		    LOG_LEVEL_WARNING, "retention_failed", LOG_ERR(j->job.item.err));
		return false;
	}
	h->after = j->after;
	return j->scanned == RETAIN_CHUNK;
}

void
housekeeping_tick(struct housekeeping *h)
{
	unsigned destroyed =
	    keyring_expire(store_keyring(h->store), store_now_ms(h->store));

	if (destroyed > 0)
		log_event(LOG_LEVEL_INFO, "keys_destroyed", LOG_INT("count", destroyed));
	queue_run(h->done);
	if (h->retention_ms == 0 || h->outstanding)
		return;
	for (int i = 0; i < RETAIN_CHUNKS_AT_ONCE; i++)
		if (!retain(h)) {
			h->after = (struct ident){{0}};
			return;
		}
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
