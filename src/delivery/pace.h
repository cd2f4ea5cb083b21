/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How fast a carrier is fed: a token bucket of at most a tenth of a second. A carrier
 * that says "throttled" gets half, once a second at most, and a twentieth of what it
 * had before is added back each second that it says nothing. Time is handed in.
 *
 * Without a configured rate there is no limit until the carrier says so; the limit
 * then begins at half of what it got in the last second, and goes away again.
 */
#ifndef WW_PACE_H
#define WW_PACE_H

#include "base/base.h"

struct pace {
	int64_t configured; /* messages a second; 0: none */
	int64_t rate;       /* the limit now; 0: none */
	int64_t ceiling;    /* where recovery ends */
	int64_t tokens;     /* thousandths of a message */
	int64_t filled_ms;
	int64_t raised_ms;
	int64_t halved_ms;
	int64_t second; /* of `sent`, and what was sent in the one before */
	int64_t sent;
	int64_t sent_before;
};

void pace_init(struct pace *p, int64_t per_second, int64_t now_ms);
/* 0: one may go now; otherwise in so many milliseconds. */
int64_t pace_wait_ms(struct pace *p, int64_t now_ms);
/* One went. */
void pace_sent(struct pace *p, int64_t now_ms);
/* True when that lowered the rate. */
bool pace_throttled(struct pace *p, int64_t now_ms);

#endif
