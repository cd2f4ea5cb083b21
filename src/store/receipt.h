/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Receipts: what a carrier tells of a message after it took that. Steps:
 * store/verbs/receipt.c, store/verbs/receipt_parts.c.
 */
#ifndef WW_STORE_RECEIPT_H
#define WW_STORE_RECEIPT_H

#include "store/job.h"
#include "store/report.h"
#include "twofa/ident.h"
#include "twofa/report.h"

enum { RECEIPT_HELD_MS = 60000, RECEIPTS_HELD_MAX = 10000 };

/* The message that a receipt is about. */
struct receipt_match {
	bool found;
	bool of_part; /* the receipt is of one of its parts */
	bool tracked;
	bool moved; /* of a part's: that ended the message */
	struct ident pin_id;
	unsigned seq;
};

/*
 * A receipt: a carrier's later report of a message. OK: durable; ERR_OVERLOADED: too many
 * of them name messages that are not known, and this one does too. A receipt may come
 * before the outcome that names its message: one that fits no message is held for
 * RECEIPT_HELD_MS, and VERB_RECEIPTS_HELD tries those again. A message in several parts
 * is delivered when all of them are, and has any other end with one. A final state is
 * never moved: what comes after it is held, and dropped at the end.
 */
struct receipt_job {
	struct job job;
	const char *carrier;
	const char *carrier_message_id;
	const char *other_id; /* which it may be about instead; NULL: none */
	enum report_status status;
	enum report_error error;
	int64_t done_at_ms; /* 0: not said */
	bool held;
	bool half; /* a part was delivered, and of others nothing is known yet */
	struct receipt_match match; /* the message that it was about, if that was found */
};

/*
 * Messages in several parts of which only some were reported, the newest of those
 * `wait_ms` ago: no other receipt will come, and what came says delivered, so that is
 * what they come to. A part that failed has ended its message long before.
 */
struct receipts_half_job {
	struct job job;
	int64_t wait_ms;
	int64_t limit;
	int64_t ended;
	int64_t next_at_ms; /* when the next one may be looked at; 0: there is none */
};

/* A stretch of those that are held, once more, oldest first. */
struct receipts_held_job {
	struct job job;
	int64_t after; /* 0: from the first; then where it went to, 0 after the last */
	int64_t limit;
	size_t count; /* rows of the stretch */
	int64_t matched;
	int64_t dropped; /* too old */
	bool half;       /* one was of a part whose message has no end yet */
};

#endif
