/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store_clock.h"

#define SLEW_MS 2000

void
store_clock_init(struct store_clock *c, const struct clock *clock, int64_t mark_ms)
{
	c->clock = clock;
	pthread_mutex_init(&c->lock, NULL);
	c->last_ms = mark_ms;
	c->last_steady_ms = clock->steady_ms(clock);
}

void
store_clock_fini(struct store_clock *c)
{
	pthread_mutex_destroy(&c->lock);
}

int64_t
store_clock_now(struct store_clock *c)
{
	int64_t now;
	int64_t wall;
	int64_t steady;

	pthread_mutex_lock(&c->lock);
	wall = c->clock->wall_ms(c->clock);
	steady = c->clock->steady_ms(c->clock);
	if (wall >= c->last_ms)
		c->last_ms = wall;
	else if (c->last_ms - wall > SLEW_MS && steady > c->last_steady_ms)
		c->last_ms += steady - c->last_steady_ms;
	c->last_steady_ms = steady;
	now = c->last_ms;
	pthread_mutex_unlock(&c->lock);
	return now;
}
