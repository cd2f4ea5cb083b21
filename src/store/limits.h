/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Room that the limits of a number leave, and the end of its lock. Steps:
 * store/verbs/limits.c, store/verbs/number.c.
 */
#ifndef WW_STORE_LIMITS_H
#define WW_STORE_LIMITS_H

#include "store/job.h"
#include "store/pins.h"
#include "twofa/ident.h"
#include "twofa/period.h"

/* The rest of a limit on sends: 0 left, and then how long until one more may work. */
struct limit_left {
	struct rate rate;
	int64_t left;
	int64_t wait_ms;
};

/* Forgives the failures of a destination. ERR_NOT_FOUND: the application. */
struct lift_job {
	struct job job;
	struct ident account;
	struct ident application;
	const char *destination;
	int64_t failures_max;
	bool was_locked;
};

/* The room of all limits for a send to that destination now. ERR_NOT_FOUND: the
 * application. */
struct limits_job {
	struct job job;
	struct ident account;
	struct ident application;
	const char *destination;
	bool found;
	bool disabled;
	int64_t failures_max;
	int64_t locked_until_ms; /* 0: it is not locked */
	struct limit_left all;   /* of the application */
	struct limit_left phone; /* of the destination */
};

#endif
