/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reports to subscribers: owed by the transaction that ends a message, taken by the
 * reporter, ended by the receiver's answer. Steps: store/verbs/report.c.
 */
#ifndef WW_STORE_REPORT_H
#define WW_STORE_REPORT_H

#include "store/job.h"
#include "twofa/ident.h"

/* A subscriber: an entry of `reports:`. */
struct report_subscription {
	const char *name;
	const char *account; /* its name */
	unsigned groups;     /* 1 << group of each status that is wanted */
	int64_t queue_max;
};

/* At a start: these and no others. Reports for others are kept, and wait. */
struct subscriptions_job {
	struct job job;
	size_t count;
	const struct report_subscription *rows;
};

/* The message that a report is about. */
struct report_subject {
	struct ident pin_id;
	unsigned seq;
};

struct report_taken {
	struct ident pin_id;
	unsigned seq;
	const char *body;
	int64_t tries; /* with this one */
	int64_t created_at_ms;
};

/* Reports that are due, to be sent now: nobody else gets them for lease_ms. */
struct reports_take_job {
	struct job job;
	const char *subscription;
	int64_t limit;
	int64_t lease_ms;
	size_t count;
	size_t capacity;
	struct report_taken *list;
	int64_t next_at_ms; /* when the next one is due; 0: there is none */
	int64_t dropped;    /* since the beginning, because the queue was full */
};

enum report_end { REPORT_END_TAKEN, REPORT_END_AGAIN, REPORT_END_DEAD };

struct report_done_job {
	struct job job;
	const char *subscription;
	struct ident pin_id;
	unsigned seq;
	enum report_end end;
	int64_t again_ms; /* from now */
};

/*
 * A stretch of messages that a carrier accepted and whose receipt has not come until
 * wait_ms after the PIN's end: their fate is final, and unknown. Tracked ones alone.
 */
struct reports_overdue_job {
	struct job job;
	int64_t wait_ms;
	int64_t limit;
	size_t count; /* of those that are ended now */
};

#endif
