/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one time of a store. It never goes back, not even over a restart: the store
 * keeps a high-water mark, and a wall clock that was stepped back never brings an
 * expired PIN to life or empties a limit. A step forward is believed, because it
 * only shortens lives.
 *
 * While the wall clock is behind by more than a little, time goes on by the steady
 * clock, so that lives still end; when it is behind by a little (a slew), time
 * stands until the wall clock has caught up.
 */
#ifndef WW_STORE_CLOCK_H
#define WW_STORE_CLOCK_H

#include <pthread.h>

#include "base/clock.h"

struct store_clock {
	const struct clock *clock;
	pthread_mutex_t lock;
	int64_t last_ms;
	int64_t last_steady_ms;
};

void store_clock_init(struct store_clock *c, const struct clock *clock, int64_t mark_ms);
void store_clock_fini(struct store_clock *c);
int64_t store_clock_now(struct store_clock *c);

#endif
