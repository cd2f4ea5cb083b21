/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Old rows that housekeeping removes or moves, a stretch at a time. Steps:
 * store/verbs/retain.c, store/sqlite/age.c.
 */
#ifndef WW_STORE_UPKEEP_H
#define WW_STORE_UPKEEP_H

#include "store/job.h"
#include "twofa/ident.h"

/* One stretch of old PIN rows, and one of reports as old that nobody subscribes to any
 * more, with the subscriptions that are then done with. */
struct retain_job {
	struct job job;
	struct ident after;
	int64_t keep_ms;
	int64_t limit;
	int64_t scanned;
	int64_t removed;
	int64_t reports_removed;
};

/* A stretch of the work that pins_upkeep does. */
struct age_job {
	struct job job;
	int64_t limit;
	int64_t scanned; /* `limit`: there is more to do */
	size_t moved;    /* PINs that no limit of a day counts any more */
};

#endif
