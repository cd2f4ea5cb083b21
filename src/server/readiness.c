/* SPDX-License-Identifier: Apache-2.0 */
#include "server/readiness.h"

enum { WATCHED_MS = 30000 };

void
readiness_init(struct readiness *r, const struct clock *clock)
{
	r->clock = clock;
	atomic_init(&r->ready, false);
	atomic_init(&r->asked_ms, clock->steady_ms(clock) - WATCHED_MS);
}

void
readiness_set(struct readiness *r, bool ready)
{
	atomic_store(&r->ready, ready);
}

bool
readiness_ask(void *readiness)
{
	struct readiness *r = readiness;

	atomic_store(&r->asked_ms, r->clock->steady_ms(r->clock));
	return atomic_load(&r->ready);
}

bool
readiness_is_watched(const struct readiness *r)
{
	return r->clock->steady_ms(r->clock) - atomic_load(&r->asked_ms) < WATCHED_MS;
}
