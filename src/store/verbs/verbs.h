/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inside the store: a verb is a row of steps, and a step runs for all of a batch's
 * jobs of that verb before the next one. Most steps are one statement (batch_each).
 * What a step returns concerns the whole transaction; what concerns one job goes
 * into its item.
 */
#ifndef WW_VERBS_H
#define WW_VERBS_H

#include "store/engine.h"
#include "store/sqlite/guesses.h"
#include "store/sqlite/pin_cache.h"
#include "store/sqlite/recent.h"
#include "store/store_clock.h"
#include "store/verb.h"
#include "twofa/application.h"
#include "twofa/limit.h"
#include "twofa/message.h"
#include "twofa/report.h"
#include "twofa/template.h"

struct outgoing_message;
struct report_subject;

struct batch {
	struct engine *engine;
	struct keyring *keyring;
	struct keyring *secrets; /* of idempotency records */
	int64_t run;             /* of the process: which open records are ours */
	const struct entropy *entropy;
	int64_t now_ms;
	struct store_time time;
	bool *reports_owed;    /* set by report_owe */
	int64_t *outbox_at_ms; /* when outbox_advance is due */
	struct recent *recent;
	struct guesses *guesses;
	struct pin_cache *pins;
};

/* A step of whatever sends: some of the PINs before that are still their own first
 * message after OUTBOX_MS enter the table of messages. */
enum err outbox_advance(struct batch *b, struct item **items, size_t n) MUST_CHECK;

/* A number of an application. */
struct number {
	struct item item;
	struct ident account;
	struct ident application;
	const char *destination;
	struct arena *arena;
	bool found; /* a PIN of it */
	struct ident newest;
	struct span log; /* of its verify requests */
};

enum err number_find(struct batch *b, struct number *n) MUST_CHECK;
struct verify_log;
/* Until when a number is locked whose log that is; 0: it is not. */
int64_t number_locked_until(
    const struct verify_log *log, int64_t failures_max, int64_t now_ms);
/* A PIN that nobody can verify is not sent. ERR_THROTTLED: the budget of failures is
 * spent, for so long. ERR_CORRUPT: nobody can read the log. */
enum err number_takes_pins(const struct number *n, int64_t failures_max, int64_t now_ms,
    int64_t *wait_ms_out) MUST_CHECK;
/* Until when it is locked, of a number that has to be looked for. */
enum err number_lock(struct batch *b, struct number *n, int64_t failures_max,
    int64_t *until_ms_out) MUST_CHECK;

/* Before the steps: `n` becomes the number of those that no earlier request has done. */
enum err idempotency_claim(struct batch *b, struct item **items, size_t *n) MUST_CHECK;
/* After them: what failed leaves no record. */
enum err idempotency_settle(struct batch *b, struct item **items, size_t n) MUST_CHECK;

/*
 * Reports of these messages, to all who subscribed: for every verb that makes a fate
 * final, in its transaction. A message that is not tracked, not final or was reported
 * before is passed over.
 */
enum err report_owe(
    struct batch *b, const struct report_subject *subjects, size_t n) MUST_CHECK;

struct job *job_of(struct item *it);
/* The verb's own struct from the item inside its job. */
#define VERB_OF(item, type) container_of(job_of(item), type, job)

static inline enum err
batch_each(struct batch *b, const struct sql_step *step, struct item **items, size_t n)
{
	return b->engine->ops->each(b->engine, step, items, n);
}

/* A step for an item of its own; what concerns that alone is in its err, as ever. */
static inline enum err
batch_one(struct batch *b, const struct sql_step *step, struct item *it)
{
	return batch_each(b, step, &it, 1);
}

/* The same where what concerns the item concerns the whole batch. */
static inline enum err
batch_whole(struct batch *b, const struct sql_step *step, struct item *it)
{
	enum err e = batch_one(b, step, it);

	return e == OK ? it->err : e;
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

/*
 * Readers of the domain's columns (engine.h says what a damaged one reads as): here a
 * rate is 1 a year, a life 1 ms, a PIN has one digit.
 */
/* The columns dlt_entity, dlt_template and dlt_telemarketer of a template. */
void row_dlt(struct row *r, struct outgoing_message *o);
void row_rate(struct row *r, struct arena *a, struct rate *out);
/* pin_attempts, allow_multiple and the four texts of an application. */
void row_config(struct row *r, struct arena *a, struct application_config *out);
/* salt, generation, key_id, pin_type, pin_length. */
void row_recipe(struct row *r, struct pin_recipe *out, int64_t *key_id_out);
/* Null: nobody has sent yet. */
void row_ring(struct row *r, struct arena *a, struct limit_ring *out);
enum template_kind row_kind(struct row *r);
enum pin_type row_pin_type(struct row *r);
unsigned row_pin_length(struct row *r);
const char *row_destination(struct row *r, struct arena *a);
unsigned row_seq(struct row *r);
enum channel row_channel(struct row *r);
enum message_state row_message_state(struct row *r);
enum message_reason row_message_reason(struct row *r);
enum lookup_status row_lookup(struct row *r);        /* null: LOOKUP_UNKNOWN */
enum report_status row_report_status(struct row *r); /* null: REPORT_NONE */
enum report_error row_report_error(struct row *r);   /* null: no error */
/* The log of verifies; loaded when its turn comes. */
struct span row_log(struct row *r, struct arena *a);
void bind_ident(struct binder *b, const struct ident *id);
/* A time; null: that of the PIN's id. */
int64_t row_ms_since(struct row *r, const struct ident *pin_id);
void row_ident(struct row *r, struct ident *out);
/* The columns PIN_STATE. */
void row_state(struct row *r, struct verify_state *out);
/* A list that is read in pieces: `most` rows from here on, of `all` there may be; and
 * whether the piece ended before the list did. */
void piece_begin(struct list_piece *p);
void bind_piece(struct binder *b, const struct list_piece *p, int64_t all);
void piece_end(struct list_piece *p, int64_t all);
/* A step for a verb whose row must have been found: ERR_NOT_FOUND otherwise. */
void item_not_found(struct item *it, bool found);

#endif
