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

/* In the order in which a batch runs them. */
enum verb {
#define VERB_ROW(symbol, name, type, lane, touches, outgoing) symbol,
#include "store/verbs.def"
#undef VERB_ROW
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
	bool patient; /* nobody waits for it: it may rest a moment to share a commit */
	enum verb verb;
	struct arena *arena;             /* results are put here */
	struct store *store;             /* set by the store */
	void *state;                     /* the verb's own while its steps run (verb.h) */
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
