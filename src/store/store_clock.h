/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one time of a store. It never goes back, not even over a restart, and no single
 * reading of the wall clock moves it: it runs on with the machine's boot clock, which
 * counts sleep, and follows the wall clock. A step of more than CLOCK_STEP_MS, in either
 * direction, is suspected first and taken when it has held for CLOCK_TAKEN_MS. Meanwhile
 * lives and limits go on by the boot clock: none is lengthened, none is cut short.
 *
 * A smaller step forward is followed at once. After one back the store's time goes on by
 * the boot clock, a 2048th slower until both agree, which is the rate that the kernel
 * itself slews a clock with.
 *
 * Four times follow from it (struct store_time). Whatever deletes for good goes by one
 * that a step reaches only after CLOCK_HELD_MS: up to then it runs on as if the step had
 * not been.
 *
 * Over a restart in the same boot the boot clock says what passed. After another boot the
 * wall clock is believed when it is not behind and at most CLOCK_DOWN_MS ahead; beyond
 * that it is suspected, as in a running process. Deletions for good wait for an hour
 * after every start in another boot.
 *
 * Steps seen, taken and undone are logged. Any thread may ask.
 */
#ifndef WW_STORE_CLOCK_H
#define WW_STORE_CLOCK_H

#include <pthread.h>

#include "base/clock.h"

enum {
	CLOCK_STEP_MS = 60 * 1000,
	CLOCK_TAKEN_MS = 5 * 60 * 1000,
	CLOCK_HELD_MS = 60 * 60 * 1000,
	CLOCK_DOWN_MS = 7 * 24 * 60 * 60 * 1000
};

/* All in milliseconds since 1970. */
struct store_time {
	int64_t now_ms;     /* lives, limits, ids, stamps */
	int64_t wall_ms;    /* dates that people have set (an API key's validTo) */
	int64_t settled_ms; /* what was stamped by now_ms and is to be deleted for good */
	int64_t history_ms; /* the same for history: never ahead of the wall clock */
	int64_t
	    begun_ms; /* the last step took now_ms to here; what is later is after it */
};

/* How old something is that was stamped by now_ms, steps that have not held left out. */
static inline int64_t
store_time_age(const struct store_time *t, int64_t at_ms)
{
	return (at_ms >= t->begun_ms ? t->now_ms : t->settled_ms) - at_ms;
}

/* The record of a run that the next start needs. */
struct clock_record {
	int64_t now_ms;   /* high-water mark; 0: there was no run */
	int64_t least_ms; /* beyond the mark by what came after it */
	int64_t boot;     /* clock->boot; 0: of a version that did not note the rest */
	int64_t steady_ms;
	int64_t offset_ms; /* believed wall clock less steady_ms */
	int64_t settled_ms;
	int64_t held_ms;  /* since the last step that was taken */
	int64_t begun_ms; /* the time that it led to */
};

/* A step that is not taken yet. */
struct clock_suspect {
	bool is_set;
	bool is_told; /* it is in the log */
	int64_t offset_ms;
	int64_t since_ms;
};

struct store_clock {
	const struct clock *clock;
	pthread_mutex_t lock;
	int64_t boot;
	int64_t now_ms;
	int64_t settled_ms;
	int64_t steady_ms; /* of the last reading; so are the following */
	int64_t slewed_ms;
	int64_t offset_ms;   /* believed wall clock less steady_ms */
	int64_t anchor_ms;   /* offset that steps are measured from */
	int64_t anchored_ms; /* when it was set */
	int64_t stepped_ms;  /* when the last step was taken */
	int64_t begun_ms;    /* the time that it led to */
	int64_t told_ms;     /* when a step was logged */
	struct clock_suspect suspect;
};

void store_clock_init(
    struct store_clock *c, const struct clock *clock, const struct clock_record *record);
void store_clock_fini(struct store_clock *c);
int64_t store_clock_now(struct store_clock *c);
void store_clock_read(struct store_clock *c, struct store_time *out);
/* As of the last reading. */
void store_clock_record(struct store_clock *c, struct clock_record *out);

/* Effect of lowering the store's time (clock_lower.h). */
struct clock_lowered {
	int64_t by_ms;
	int64_t pins; /* that have another id */
};

#endif
