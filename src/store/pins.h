/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The seam between the verbs and an engine for PINs, their numbers, and what verifies
 * leave of both. The verbs (store/verbs) hold the rules and call these functions; an
 * engine decides what is stored where, and what it keeps in memory. Nothing else may tell
 * a verb the state of a PIN, the newest PIN of a number, or the log of a number's
 * requests.
 *
 * The model of it:
 *   - A PIN is a row that never changes (struct pin_row without `state` and `log`, and
 * what struct pins_new adds) and a state (struct verify_state), which only a verify
 * changes.
 *   - A number is a destination of an application. Its PINs are in the order of their
 * ids, which is that of their time; ids of one millisecond are in the order of their
 * octets.
 *   - A PIN may name alternatives: another destination, or the same, for resends over
 * another channel. A number is named by those PINs, which count for its limit as its own
 * do; its newest PIN and its log are its own alone.
 *   - A number has one log of verify requests (twofa/verify_log.h). It goes with the
 * newest PIN: each row has a log, pins_insert gives a new row the one that pins_newest
 * gave of its number, and that of the newest row is the number's. Where the newest row
 * was removed, the number's log is that of the newest one left.
 *
 * A verb does:
 *   send     pins_lock(numbers), pins_newest, judge, pins_insert
 *   verify   pins_lock(ids), pins_find, judge, pins_write
 *   lift     pins_lock(numbers), pins_newest, pins_write
 *   resend, timeline, limits   pins_find or pins_newest
 *   verifications   pins_list, of one number or of all
 *   retention       pins_scan, judge, pins_remove
 *   housekeeping    pins_upkeep
 * What stands beside PINs (applications, templates, messages, reports, records) is rows
 * and statements. These may join what never changes of a PIN's row, in the table `pin`;
 * an engine without such a table has statements of its own.
 *
 * An engine must:
 *   - run a call for its whole set: one round trip, or a loop. The members of a set take
 *     effect in their order. Rows and numbers that are locked are touched in key order.
 *   - let a call see all that earlier calls of the batch did.
 *   - keep what is committed and nothing else: `committed` comes when the transaction is
 *     durable; after `rolled_back` nothing that the batch did is to be seen, in memory
 *     neither. Neither comes after a batch that had no `begin`.
 *   - know the times of a batch from pins_begin alone, and have all its work bounded:
 * what one call does beside its set is a few dozen rows.
 *   - refuse no row that a verb may make, and store texts and logs octet by octet.
 *
 * Errors: what is returned concerns the transaction as a whole, which must be rolled
 * back. An error of one member is in its `err`: ERR_CORRUPT is a row that does not hold
 * what was written (named in the log of the process, store/damage.h). A member whose
 * `err` is set when it comes is passed over.
 *
 * Memory: the sets and what they point to are the caller's. Texts and logs that a call
 * gives stand in the member's arena or in the engine's memory: valid until the next call
 * that changes something; a caller that needs them for longer copies them.
 *
 * All of it runs on the thread that runs batches.
 */
#ifndef WW_PINS_H
#define WW_PINS_H

#include "base/arena.h"
#include "store/store_clock.h"
#include "twofa/channel.h"
#include "twofa/pin.h"

struct engine;

/* The state of a PIN, which verifies change; times 0: never. */
struct verify_state {
	int64_t attempts;
	int64_t attempted_at_ms; /* the last attempt */
	int64_t verified_at_ms;
	int64_t matched_at_ms; /* the last attempt that was right */
};

/* A PIN as a verify needs it. The recipe has account, application and PIN id. */
struct pin_row {
	struct pin_recipe recipe;
	int64_t key_id;
	int64_t attempts_max;
	int64_t expires_at_ms;
	bool multiple; /* it may be verified again */
	const char *destination;
	struct verify_state state;
	struct span log; /* of the number's verify requests; empty: none */
};

/* A key to lock: a number, or where `destination` is NULL a PIN. */
struct pins_key {
	struct ident id; /* of the application, or of the PIN */
	const char *destination;
};

/* A question about a number, and the answer. */
struct pins_number {
	struct ident account;
	struct ident application;
	const char *destination;
	int64_t since_ms; /* PINs after this time are counted; INT64_MAX: none */
	int64_t most;     /* so many at most, the newest ones */
	struct arena *arena;
	/* the answer */
	enum err err;
	/* There is a PIN of it. Where all of them are before since_ms, and no request in
	 * the log is of the last day, this may be false: nothing of them counts. */
	bool found;
	struct ident newest;
	int64_t count;     /* of those after since_ms, and of those that name it */
	struct ident last; /* the oldest one that was counted; when count > 0 */
	struct span log;
	bool log_damaged; /* the log cannot be read, and is empty here; err is not set */
};

/* A PIN that is looked for, and the answer. */
struct pins_found {
	struct ident account; /* that of another account is not found */
	struct ident pin_id;
	struct arena *arena;
	/* the answer */
	enum err err;
	bool found;
	struct pin_row
	    row; /* with the present state, and the present log of the number */
	struct ident newest; /* PIN of the number, whose log that is */
	bool log_damaged;    /* as of a number */
};

struct pins_alternative {
	enum channel channel;    /* not that of the PIN; each once */
	const char *destination; /* NULL: that of the PIN */
	struct ident template;   /* none: that of the PIN */
};

/* A PIN that is sent. Its id is above all that are there, but for those of the same
 * millisecond. */
struct pins_new {
	struct pin_row row; /* state: none; log: what pins_newest gave of its number */
	struct ident template;
	const char *sender;       /* of the request; NULL: that of the template */
	const char *language;     /* of the request, or NULL */
	const char *placeholders; /* of its first message, or NULL */
	enum channel channel;
	bool lookup_wanted;
	bool tracked; /* a report is wanted of its first message */
	const struct pins_alternative *alternatives;
	size_t alternative_count;
	enum err err;
};

/*
 * A change of a PIN or of its number, by a verify or by the lifting of a lock. A set has
 * the members of one number side by side, one at most for each PIN, and one at most of a
 * number has a log.
 */
struct pins_change {
	struct ident application;
	const char *destination;
	struct ident pin_id;
	struct ident newest; /* PIN of the number, as pins_find or pins_newest gave it */
	struct verify_state
	    state; /* attempts 0: it stays. A member that is not 0 is never made 0 */
	struct span log; /* of the number; a null pointer: it stays */
	enum err err;
};

/* The PINs of an application in the order (destination, PIN id). */
struct pins_list {
	struct ident account;
	struct ident application;
	const char
	    *destination;  /* of this number alone, the newest `most`; NULL: of all */
	const char *after; /* of all: after this place, which need not be there */
	struct ident after_pin;
	int64_t most;
	struct arena *arena;
	/* the answer */
	enum err err;
	struct pins_listed *rows; /* in the arena, oldest PIN of a number first */
	size_t count;
};

struct pins_listed {
	const char *destination;
	struct ident pin_id;
	bool gone; /* the place is there still, the row is not (of all); it counts */
	int64_t verified_at_ms; /* 0: it was not */
};

/* A stretch of PINs of all accounts, in the order of their ids. */
struct pins_stretch {
	struct ident after;
	struct ident before;
	int64_t most;
	struct arena *arena;
	/* the answer */
	struct pins_scanned *rows; /* in the arena */
	size_t count;
};

struct pins_scanned {
	enum err err; /* ERR_CORRUPT: its id is right, and nothing else is known */
	struct ident pin_id;
	struct ident account;
	struct ident application;
	int64_t expires_at_ms;
	/* That of the row: its number's as of when a newer PIN came, if one did. */
	struct span log;
};

/* Work that a quiet moment is good for: what rests in memory goes where it belongs, what
 * is old makes room for what is young. */
struct pins_upkeep {
	int64_t limit; /* rows to look at, at most */
	/* the answer */
	int64_t scanned; /* of them; `limit`: there may be more to do */
	size_t archived; /* PINs, with a number's older ones counted as one */
	size_t settled;  /* what had been in memory for too long */
};

/* How much an engine may keep in memory; 0: its own measure. */
struct pins_limits {
	int64_t places; /* PINs whose place in their number is in memory alone */
	size_t changes; /* changed PINs whose row is behind */
	size_t rows;    /* rows that are kept to answer from */
};

struct pins {
	const struct pins_ops *ops;
	struct engine *engine;
	bool begun; /* the present batch asks for PINs */
};

/*
 * An engine's row of functions. `begin` comes before any other in a batch that asks for
 * PINs, once; such a batch ends with committed or rolled_back, after an error of `begin`
 * too. Sets are arrays of pointers; n may be 0.
 */
struct pins_ops {
	/* Reads nothing yet. The seed is for whatever must not be guessed from outside.
	 * The caller closes what was made, after an error too. */
	enum err (*open)(struct engine *e, const struct pins_limits *limits,
	    uint64_t seed, struct pins **out);
	void (*close)(struct pins *p);
	enum err (*begin)(struct pins *p, const struct store_time *time);
	void (*committed)(struct pins *p);
	void (*rolled_back)(struct pins *p);
	/*
	 * From here to the end of the transaction nobody else changes these, nor inserts
	 * a PIN of these numbers. The keys come in the order of their octets, each once,
	 * and before anything of them is read. NULL: the begin of a transaction shuts out
	 * every other writer.
	 */
	enum err (*lock)(struct pins *p, const struct pins_key *keys, size_t n);
	/* In the order (application, destination), each number once. */
	enum err (*newest)(struct pins *p, struct pins_number **numbers, size_t n);
	/* In the order of (application, destination); PINs of one number side by side. */
	enum err (*insert)(struct pins *p, struct pins_new **pins, size_t n);
	/* In any order, and a PIN may be there more than once. */
	enum err (*find)(struct pins *p, struct pins_found **pins, size_t n);
	enum err (*write)(struct pins *p, struct pins_change **changes, size_t n);
	/* PINs that are not there are passed over. */
	enum err (*remove)(struct pins *p, const struct ident *pin_ids, size_t n);
	enum err (*list)(struct pins *p, struct pins_list **lists, size_t n);
	enum err (*scan)(struct pins *p, struct pins_stretch *stretch);
	enum err (*upkeep)(struct pins *p, struct pins_upkeep *u);
};

/* The same for verbs; these sort their sets where an engine wants an order. */
bool pins_locks(const struct pins *p); /* else nobody needs to make keys */
enum err pins_lock(struct pins *p, struct pins_key *keys, size_t n) MUST_CHECK;
enum err pins_newest(struct pins *p, struct pins_number **numbers, size_t n) MUST_CHECK;
enum err pins_insert(struct pins *p, struct pins_new **pins, size_t n) MUST_CHECK;
enum err pins_find(struct pins *p, struct pins_found **pins, size_t n) MUST_CHECK;
enum err pins_write(struct pins *p, struct pins_change **changes, size_t n) MUST_CHECK;
enum err pins_remove(struct pins *p, const struct ident *pin_ids, size_t n) MUST_CHECK;
enum err pins_list(struct pins *p, struct pins_list **lists, size_t n) MUST_CHECK;
enum err pins_scan(struct pins *p, struct pins_stretch *stretch) MUST_CHECK;
enum err pins_upkeep(struct pins *p, struct pins_upkeep *u) MUST_CHECK;

/* For store.c, which runs batches. Each ends with committed or rolled_back, whether it
 * asked for PINs or not. */
enum err pins_begin(struct pins *p, const struct store_time *time) MUST_CHECK;
void pins_committed(struct pins *p);
void pins_rolled_back(struct pins *p);
void pins_close(struct pins *p);

#endif
