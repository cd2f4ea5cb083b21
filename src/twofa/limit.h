/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `n/period` for a whole application: in no window of that length more than n.
 *
 * A ring of counts over sub-windows of period/64. Everything that may lie inside
 * the window is counted, so the limit is never overrun, and at most 1/64 of the
 * period is counted too long: it may refuse up to 2 % early and never late.
 * Changing the period keeps what was counted, again never late. The limits per
 * destination are exact and live in the store, where the rows are the log.
 */
#ifndef WW_LIMIT_H
#define WW_LIMIT_H

#include "twofa/period.h"

enum { LIMIT_SLOTS = 65, LIMIT_RING_BYTES = 8 + 8 + LIMIT_SLOTS * 4 };

struct limit_ring {
	int64_t width_ms; /* of a sub-window; 0: never used */
	int64_t newest;   /* number of the newest sub-window: floor(ms / width_ms) */
	uint32_t counts[LIMIT_SLOTS]; /* by number modulo LIMIT_SLOTS */
};

void limit_ring_init(struct limit_ring *r);
/* How many more there may be now; when none, also how long until one may work. */
int64_t limit_ring_room(const struct limit_ring *r, const struct rate *rate,
    int64_t now_ms, int64_t *wait_ms_out);
/* Counts so many; nothing was changed before that. */
void limit_ring_add(
    struct limit_ring *r, const struct rate *rate, int64_t now_ms, uint64_t count);
/* Big-endian bytes for the store; loading ERR_CORRUPT when the length or a value is off.
 */
void limit_ring_save(const struct limit_ring *r, uint8_t out[LIMIT_RING_BYTES]);
enum err limit_ring_load(struct limit_ring *r, struct span bytes) MUST_CHECK;

#endif
