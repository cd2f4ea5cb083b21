/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inside the store: a verb is a row of steps, and a step runs for all of a batch's jobs
 * of that verb before the next one. Most steps are one statement (batch_each). An error
 * that a step returns concerns the whole transaction; one of a single job goes into its
 * item.
 */
#ifndef WW_VERBS_H
#define WW_VERBS_H

#include "store/engine.h"
#include "store/pins.h"
#include "store/report.h"
#include "store/row.h"
#include "store/store_clock.h"
#include "store/verb.h"

/* A step of whatever sends: some of the PINs before that are still their own first
 * message after OUTBOX_MS enter the table of messages. */
enum err outbox_advance(struct batch *b, struct item **items, size_t n) MUST_CHECK;

struct verify_log;
/* Asks for the newest PIN of a number and its log, however old. */
void number_ask(struct pins_number *n, const struct ident *account,
    const struct ident *application, const char *destination, struct arena *a);
/* Until when a number is locked whose log that is; 0: it is not. */
int64_t number_locked_until(
    const struct verify_log *log, int64_t failures_max, int64_t now_ms);
/* The same of an answer of pins_newest; of a number whose log cannot be read 0. */
int64_t number_lock(const struct pins_number *n, int64_t failures_max, int64_t now_ms);
/* A PIN that nobody can verify is not sent. ERR_THROTTLED: the budget of failures is
 * spent, for so long. ERR_CORRUPT: nobody can read the log. */
enum err number_takes_pins(const struct pins_number *n, int64_t failures_max,
    int64_t now_ms, int64_t *wait_ms_out) MUST_CHECK;

/*
 * Reports of these messages, to all who subscribed: for every verb that makes a fate
 * final, in its transaction. A message that is not tracked, not final or was reported
 * before is passed over.
 */
enum err report_owe(
    struct batch *b, const struct report_subject *subjects, size_t n) MUST_CHECK;

/* A message that is ended by time, and a stretch of those. */
struct ending {
	struct item item;
	struct report_subject subject;
	int64_t now_ms;
	bool ended;
	bool tracked; /* a report is owed, once it has ended */
};

struct endings {
	struct ending *list; /* in an arena */
	size_t count;
	size_t capacity;
};

struct ending *ending_of(struct item *it);
/* A row of PIN id and seq; a damaged one is passed over. */
void ending_read(struct endings *e, struct arena *a, struct row *r);
/* PIN id and seq. */
void ending_bind(struct item *it, struct binder *b);
/* Runs a step that ends each of them, and owes their reports. One whose row is damaged
 * keeps no other from its end. */
enum err ending_run(struct batch *b, const struct sql_step *step, struct endings *e,
    struct arena *a) MUST_CHECK;

static inline struct job *
job_of(struct item *it)
{
	return container_of(it, struct job, item);
}

/* The verb's own struct from the item inside its job. */
#define VERB_OF(item, type) container_of(job_of(item), type, job)

static inline enum err
batch_each(struct batch *b, const struct sql_step *step, struct item **items, size_t n)
{
	return engine_each(b->engine, step, items, n);
}

/* A step for an item of its own; what concerns that alone is in its err, as ever. */
static inline enum err
batch_one(struct batch *b, const struct sql_step *step, struct item *it)
{
	return engine_one(b->engine, step, it);
}

/* The same where what concerns the item concerns the whole batch. */
static inline enum err
batch_whole(struct batch *b, const struct sql_step *step, struct item *it)
{
	return engine_whole(b->engine, step, it);
}

/*
 * A step that only reads, where many items ask for the same: it runs for the first of
 * those that `compare` finds equal, and `copy` gives the others what that one found.
 */
struct sql_step_distinct {
	struct sql_step step;
	int (*compare)(const void *a, const void *b); /* struct item *const * */
	void (*copy)(struct item *to, const struct item *from);
};

/* Equal ones side by side; what is in order already, as most batches are for most of what
 * they ask, costs a look at each. */
void batch_sort(
    struct item **items, size_t n, int (*compare)(const void *a, const void *b));

enum err batch_distinct(struct batch *b, const struct sql_step_distinct *s,
    struct item **items, size_t n) MUST_CHECK;

/* Locks the PINs that the items name, before anything of them is read. */
enum err batch_lock_pins(struct batch *b, struct item **items, size_t n,
    const struct ident *(*pin_id)(struct item *it)) MUST_CHECK;

/* A list that is read in pieces: `most` rows from here on, of `all` there may be; and
 * whether the piece ended before the list did. */
void piece_begin(struct list_piece *p);
int64_t piece_most(const struct list_piece *p, int64_t all);
void piece_bind(struct binder *b, const struct list_piece *p, int64_t all);
void piece_end(struct list_piece *p, int64_t all);
/* A step for a verb whose row must have been found: ERR_NOT_FOUND otherwise. */
static inline void
item_not_found(struct item *it, bool found)
{
	if (it->err == OK && !found)
		it->err = ERR_NOT_FOUND;
}

#endif
