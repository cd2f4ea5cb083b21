/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A job is one verb's work, from the caller to the store's thread and back. Each verb
 * has a struct whose first member is a struct job; the family headers beside this one
 * have those structs, and enum verb names all verbs.
 *
 * A caller fills the struct in and offers it (store.h). From then until `finish` the
 * store owns all of it. `finish` runs on the store's thread after the commit. `err` then
 * says what became of the job; the comment of each struct lists the errors.
 */
#ifndef WW_STORE_JOB_H
#define WW_STORE_JOB_H

#include "base/arena.h"
#include "base/queue.h"
#include "store/item.h"
#include "store/store_clock.h"

struct idempotency;
struct store;

/* In the order in which a batch runs them: what must not wait comes first. */
enum verb {
	VERB_VERIFY,
	VERB_OUTCOME,
	VERB_RECEIPT, /* after the outcomes, which name what it is about */
	VERB_RECEIPTS_HELD,
	VERB_RECEIPTS_HALF,
	VERB_REPORT_DONE,
	VERB_IDEMPOTENCY_ANSWER,
	VERB_RESEND,
	VERB_SEND,
	VERB_STATUS,
	VERB_TIMELINE,
	VERB_LIFT,
	VERB_LIMITS,
	VERB_VERIFICATIONS,
	VERB_APPLICATION_GET,
	VERB_APPLICATION_LIST,
	VERB_APPLICATION_PUT,
	VERB_TEMPLATE_GET,
	VERB_TEMPLATE_LIST,
	VERB_TEMPLATE_PUT,
	VERB_EMAIL_TEMPLATE_GET,
	VERB_EMAIL_TEMPLATE_LIST,
	VERB_EMAIL_TEMPLATE_PUT,
	VERB_EMAIL_TEMPLATE_DELETE,
	VERB_ACCOUNT_CREATE,
	VERB_ACCOUNT_FIND,
	VERB_KEY_CREATE,
	VERB_KEY_REVOKE,
	VERB_KEY_LIST,
	VERB_KEY_GET,
	VERB_KEY_PUT,
	VERB_USER_CREATE,
	VERB_USER_PASSWORD,
	VERB_USER_DISABLE,
	VERB_USER_LIST,
	VERB_SESSION_CREATE,
	VERB_SESSION_DELETE,
	VERB_SESSION_TOUCH,
	VERB_SESSION_LIST,
	VERB_SUBSCRIPTIONS,
	VERB_REPORTS_TAKE,
	VERB_REPORTS_OVERDUE,
	VERB_OPEN_MESSAGES,
	VERB_LEASE,
	VERB_NOTE,
	VERB_RETAIN,
	VERB_AGE,
	VERB_IDEMPOTENCY_TRIM,
	VERB_COUNT
};

struct job {
	union {
		struct item item; /* the store's view of it */
		enum err err;     /* what became of it; the item's own */
	};
	struct task task;   /* the store's until finish, then the caller's */
	bool offered;       /* set by the store: it counts against the bound */
	int64_t offered_ms; /* set by the store: steady time */
	enum verb verb;
	struct arena *arena;             /* results are put here */
	struct store *store;             /* set by the store */
	int64_t now_ms;                  /* set by the store: the time of the batch */
	struct store_time time;          /* the same, and what else follows from it */
	void *owner;                     /* the caller's own */
	struct idempotency *idempotency; /* NULL: it has no key */
	/* On the store's thread, after the commit: only to push the job somewhere. */
	void (*finish)(struct job *);
};

/*
 * A list may be read in pieces, so that one batch does not read as many rows as somebody
 * has made: the job is offered again while there is more, and each time has the rows of
 * its piece alone. Rows of templates are long.
 */
enum { LIST_PIECE_SHORT = 100, LIST_PIECE_LONG = 25 };

struct list_piece {
	int64_t most;   /* rows of a piece; 0: all there are */
	int64_t read;   /* of this piece */
	int64_t before; /* of the pieces before */
	bool more;      /* there may be */
};

#endif
