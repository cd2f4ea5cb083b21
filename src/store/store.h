/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The verbs of the domain over a SQL engine. A caller fills in a verb's struct,
 * whose first member is a `struct job`, and offers it; the store's one thread takes
 * whatever has queued up, runs it as one transaction, and calls `finish` of every
 * job after the commit: what a finished job says is durable.
 *
 * A job that fails alone is answered alone (its `err`); when the transaction
 * fails, all of them did. When stable storage fails the process stops.
 */
#ifndef WW_STORE_H
#define WW_STORE_H

#include "base/clock.h"
#include "store/access.h"
#include "store/keyring.h"

struct engine_ops;
struct store;

struct store_options {
	const char *data_dir;
	const struct engine_ops *engine; /* NULL: the default (engines.h) */
	size_t queue_max;
	size_t batch_max;
	bool keep_schema;  /* a server works on it: ERR_BUSY rather than an upgrade */
	bool without_keys; /* a command, which makes no PIN: no keyring is read */
	/* For tests: of struct pins_limits (store/pins.h), its places, changes and rows
	 */
	int64_t recent_max;
	size_t guesses_max;
	size_t pin_cache_max;
	int64_t key_rotation_ms;
	const struct clock *clock;
	const struct entropy *entropy;
	/* On the store's thread, at start and whenever keys or users changed: by anybody,
	 * within a second. NULL: they cannot be read; tried again all the time. */
	void (*access_changed)(void *ctx, const struct access *access);
	/* On the store's thread: a job of our own made or ended sessions. */
	void (*session_changed)(void *ctx, const struct session_job *j);
	/* On the store's thread, after the commit: there are new reports. NULL: nobody
	 * wants to know. */
	void (*reports_owed)(void *ctx);
	void *ctx;
};

/*
 * Opens or makes DIR/watchword.db, DIR/keyring and DIR/idempotency-keyring. ERR_NEWER,
 * ERR_IO, ERR_CORRUPT, ERR_BUSY, ERR_FORBIDDEN with a sentence in why.
 */
enum err store_open(
    const struct store_options *o, char why[256], struct store **out) MUST_CHECK;
/* Stops the thread after what has queued up, checkpoints, closes. */
void store_close(struct store *s);
/* From here on the store has its own thread. */
void store_start(struct store *s);
/* ERR_OVERLOADED: too much waits for one of its kind (store/admission.h); it was not
 * taken. */
enum err store_offer(struct store *s, struct job *j) MUST_CHECK;
/* Whether it would be taken just now; any thread. Saves the work of making a job. */
bool store_has_room(const struct store *s, enum verb v) MUST_CHECK;
/* For work that was admitted before: outcomes. Never refused. */
void store_push(struct store *s, struct job *j);
/* Before store_start, or in a command: runs one job now and returns its err; finish is
 * not called. */
enum err store_run(struct store *s, struct job *j) MUST_CHECK;
/* The store's time: never behind what it has said before, also over a restart. Any
 * thread. */
int64_t store_now_ms(struct store *s);
/* The wall clock without steps that have not held yet; it may go back. For dates that
 * people have set and for signatures. Any thread. */
int64_t store_wall_ms(struct store *s);
struct keyring *store_keyring(struct store *s);
/* Destroys the keys, of both keyrings, whose time is over; how many. */
unsigned store_expire_keys(struct store *s);

#endif
