/* SPDX-License-Identifier: Apache-2.0 */
#include "api/access/login_limit.h"

enum { SETS = 2048, WAYS = 4, MINUTE_US = 60 * 1000 * 1000 };

struct slot {
	uint64_t who;
	int64_t full_at_us; /* when the bucket is full again */
};

struct login_limit {
	int64_t step_us;
	int64_t burst_us; /* how far ahead of now it may be */
	struct slot slots[SETS][WAYS];
};

struct login_limit *
login_limit_new(int64_t per_minute)
{
	struct login_limit *l = mem_new(sizeof(*l));

	INVARIANT(per_minute > 0);
	l->step_us = MINUTE_US / per_minute;
	l->burst_us = l->step_us * (per_minute - 1);
	return l;
}

void
login_limit_free(struct login_limit *l)
{
	mem_free(l);
}

static struct slot *
find_slot(struct slot set[WAYS], uint64_t who)
{
	struct slot *oldest = &set[0];

	for (int i = 0; i < WAYS; i++) {
		if (set[i].who == who)
			return &set[i];
		if (set[i].full_at_us < oldest->full_at_us)
			oldest = &set[i];
	}
	*oldest = (struct slot){.who = who};
	return oldest;
}

bool
login_limit_take(
    struct login_limit *l, uint64_t who, int64_t now_ms, int64_t *wait_ms_out)
{
	struct slot *s = find_slot(l->slots[who % SETS], who);
	int64_t now_us = now_ms * 1000;
	int64_t full_us = s->full_at_us > now_us ? s->full_at_us : now_us;

	if (full_us - now_us > l->burst_us) {
		*wait_ms_out = (full_us - now_us - l->burst_us + 999) / 1000;
		return false;
	}
	s->full_at_us = full_us + l->step_us;
	return true;
}
