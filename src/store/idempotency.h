/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A request that its caller may repeat under one key (draft-ietf-httpapi-idempotency-
 * key-header): whoever does it first leaves a record in the same transaction; whoever
 * comes later gets the first one's answer and changes nothing. Records live 24 hours.
 *
 * A job that has one is claimed before its verb's steps and settled after them: what
 * failed leaves no record and may be tried again. A record is open until the answer is
 * known, and an answer is recorded before it leaves (VERB_IDEMPOTENCY_ANSWER), so what a
 * caller has got is what the next one gets. Open records of another run of the process
 * are those whose caller got nothing; they are answered from the message they name.
 *
 * Nothing here lets a reader of the database find a PIN: a record holds the hash of the
 * key's text, an HMAC of the request and the answer. The HMAC's key is in a file of its
 * own, DIR/idempotency-keyring, which has a new key every day and destroys each when
 * its last record is over; without it the four digits of a verify cannot be tried out.
 */
#ifndef WW_IDEMPOTENCY_H
#define WW_IDEMPOTENCY_H

#include "base/secret.h"
#include "store/job.h"
#include "twofa/ident.h"
#include "twofa/report.h"

struct batch;

enum {
	IDEMPOTENCY_KEPT_MS = 24 * 60 * 60 * 1000,
	/* An open record of this run that is older has lost its call. */
	IDEMPOTENCY_CALL_MS = 60 * 1000
};

enum idempotency_state {
	IDEMPOTENCY_NEW,      /* this request is the one that is done */
	IDEMPOTENCY_ANSWERED, /* status and body are what the first one was answered */
	IDEMPOTENCY_OPEN      /* it was done, and nobody was answered; by what is known */
};

/*
 * ERR_MISMATCH in the job: the key came with another request. ERR_CONFLICT: that
 * request is still being worked on.
 */
struct idempotency {
	struct ident account;
	uint8_t name[SECRET_HASH_LEN];    /* BLAKE2b of operation, path and key */
	uint8_t request[SECRET_HASH_LEN]; /* BLAKE2b of the request; never stored so */
	/* Inside the transaction: fills in status and body. NULL: they come later. */
	void (*render)(struct job *j);
	enum idempotency_state state;
	int status;
	struct span body;
	/* of an open one: the message */
	struct ident pin_id;
	unsigned seq;
	const char *destination;
	bool sent; /* or will be (sql.def, MESSAGE_SENT) */
	enum lookup_status lookup;
	enum report_status fate; /* of the message, as it stands now */
	/* inside */
	struct item item;
	struct job *job;
	int64_t created_at_ms;
	int64_t secret;
	int64_t run;
	uint8_t fingerprint[SECRET_MAC_LEN];
	bool claimed;
	bool recorded;
};

/* The answer of an open record; when there is one already, `idempotency` has that one. */
struct idempotency_answer_job {
	struct job job;
	struct idempotency *idempotency;
};

/* One stretch of records whose time is over. */
struct idempotency_trim_job {
	struct job job;
	int64_t limit;
	int64_t removed;
};

/* Done, and by this very request: not failed, and no repetition. */
bool idempotency_is_new(const struct job *j);

/* Inside a batch, before the steps: `n` becomes the number of those that no earlier
 * request has done. */
enum err idempotency_claim(struct batch *b, struct item **items, size_t *n) MUST_CHECK;
/* After them: what failed leaves no record. */
enum err idempotency_settle(struct batch *b, struct item **items, size_t n) MUST_CHECK;

#endif
