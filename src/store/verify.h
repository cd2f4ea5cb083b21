/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Verifies: a guess at a PIN, counted and compared in one transaction. Steps:
 * store/verbs/verify.c.
 */
#ifndef WW_STORE_VERIFY_H
#define WW_STORE_VERIFY_H

#include "store/job.h"
#include "store/pins.h"
#include "twofa/ident.h"
#include "twofa/period.h"
#include "twofa/pin.h"

enum verdict { VERDICT_RIGHT, VERDICT_WRONG, VERDICT_EXPIRED, VERDICT_NO_MORE };

/* ERR_NOT_FOUND, ERR_THROTTLED (no attempt spent), ERR_NO_KEY (no attempt spent). */
struct verify_job {
	struct job job;
	struct ident account;
	struct ident pin_id; /* by number: set by the store */
	/* By number: the newest PIN of this one in this application. NULL: by pin_id. */
	const char *destination;
	struct ident application;
	struct span typed;
	bool typed_number;    /* it came as a number, which has no leading zeros */
	int64_t failures_max; /* per destination in 24 hours; 0: no such budget */
	enum verdict verdict;
	int64_t attempts_left;
	/* The destination is of interest; the rest is as found, with these guesses. */
	struct pin_row row;
	int64_t wait_ms;
	const char *limit_rate;  /* of verifyPinLimit, when it is used up */
	bool over_budget;        /* of failures */
	int64_t locked_until_ms; /* by this guess, or by one before; 0: it is not */
	bool locks;              /* this guess was the last of the budget */
};

#endif
