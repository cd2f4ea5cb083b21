/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How often an account may call an operation (contract 0.5), by option; none at all
 * unless told. A rate n/period is exact over all loops: in no window of that length
 * more than n pass. Kept in memory alone, so a restart begins anew, and two processes
 * count for themselves.
 */
#ifndef WW_THROTTLE_H
#define WW_THROTTLE_H

#include "base/clock.h"
#include "twofa/ident.h"

enum {
	THROTTLE_COUNT_MAX = 10000, /* n of a rate */
	THROTTLE_ENTRIES_MAX = 8192 /* accounts times operations at a time */
};

#define THROTTLE_PERIOD_MS_MAX INT64_C(86400000)

struct throttle_rule {
	const char *operation; /* its name */
	const char *rate;      /* "20/10m" */
};

struct throttle;

/* The rules' names are borrowed; their rates have been checked. */
struct throttle *throttle_new(const struct throttle_rule *rules, size_t count,
    const struct clock *clock) MUST_CHECK;
void throttle_free(struct throttle *t);
/* Any thread. ERR_THROTTLED with the time until one more may pass; ERR_OVERLOADED when
 * there is no room to count yet another account. Only what passes is counted. */
enum err throttle_pass(struct throttle *t, const char *operation,
    const struct ident *account, int64_t *wait_ms_out) MUST_CHECK;

#endif
