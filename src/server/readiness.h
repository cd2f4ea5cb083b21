/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether requests should come here, for whatever watches (`/health/ready`): from when
 * the loops serve until a stop begins. Questions are noted, as a watcher is worth waiting
 * for at a stop.
 */
#ifndef WW_READINESS_H
#define WW_READINESS_H

#include <stdatomic.h>

#include "base/clock.h"

struct readiness {
	const struct clock *clock;
	atomic_bool ready;
	atomic_int_least64_t asked_ms; /* the last time, steady */
};

/* Not ready, and nobody has asked. */
void readiness_init(struct readiness *r, const struct clock *clock);
void readiness_set(struct readiness *r, bool ready);
/* From any thread; void for api_options. */
bool readiness_ask(void *readiness);
/* In the last 30 seconds. */
bool readiness_is_watched(const struct readiness *r);

#endif
