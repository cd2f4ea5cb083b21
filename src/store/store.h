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

#include "base/arena.h"
#include "base/clock.h"
#include "base/fail.h"
#include "base/queue.h"
#include "store/engine.h"
#include "store/idempotency.h"
#include "store/keyring.h"
#include "store/outgoing.h"
#include "store/store_clock.h"
#include "twofa/api_key.h"
#include "twofa/application.h"
#include "twofa/email_template.h"
#include "twofa/key_terms.h"
#include "twofa/mailbox.h"
#include "twofa/report.h"
#include "twofa/template.h"

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

/* A send. OK; ERR_NOT_FOUND: application or template; ERR_INVALID: `disabled`, `misfit`;
 * ERR_THROTTLED: wait_ms. */
struct send_job {
	struct job job;
	struct ident account;
	struct ident application;
	struct ident template;
	const struct application_caps *caps;
	const char *from;     /* or NULL */
	int64_t failures_max; /* per destination in 24 hours; 0: no such budget */
	bool locked;          /* ERR_THROTTLED: by that */
	struct outgoing_message *outgoing; /* destination, channel, placeholders */
	bool disabled;
	bool misfit; /* an email template for a phone, or the other way around */
	int64_t wait_ms;
	const char *limit;      /* the one that is used up */
	const char *limit_rate; /* "3/1d" */
	/* inside */
	bool found; /* the application */
	struct application_config config;
	enum template_kind template_kind;
	unsigned template_length;
	bool looks_back; /* among the old PINs of the destination too */
	int64_t taken; /* sends in the window, and those admitted before in this batch */
	bool refused;
	bool has_newest;
	struct ident newest; /* PIN of the destination before this one */
	struct span log;     /* verify requests of the destination */
};

/* Of a PIN, what guesses change; times 0: never. */
struct verify_state {
	int64_t attempts;
	int64_t attempted_at_ms; /* the last attempt */
	int64_t verified_at_ms;
	int64_t matched_at_ms; /* the last attempt that was right */
};

/* ERR_NOT_FOUND: no such PIN, or its life is over; ERR_THROTTLED: cap or spacing. */
struct resend_job {
	struct job job;
	struct ident account;
	struct ident pin_id;
	int64_t resends_max;
	int64_t interval_ms;
	int64_t failures_max;              /* as of a send */
	bool locked;                       /* ERR_THROTTLED: by that */
	struct outgoing_message *outgoing; /* channel, and placeholders when given anew */
	int64_t wait_ms;                   /* 0: waiting does not help */
	/* of the PIN, when it was found; the message may be gone */
	int64_t expires_at_ms;
	/* inside */
	bool found;
	struct verify_state state;
	int64_t attempts_max;
	bool multiple;
	int64_t resends;
	int64_t last_ms;
};

/* What a verify asks of a PIN. */
struct pin_row {
	struct pin_recipe recipe;
	int64_t key_id;
	int64_t attempts_max;
	int64_t expires_at_ms;
	bool multiple;
	const char *destination;
	struct verify_state state;
	struct span log; /* of verifies */
};

enum verdict { VERDICT_RIGHT, VERDICT_WRONG, VERDICT_EXPIRED, VERDICT_NO_MORE };

/* ERR_NOT_FOUND, ERR_THROTTLED (no attempt spent), ERR_NO_KEY (no attempt spent). */
struct verify_job {
	struct job job;
	struct ident account;
	struct ident pin_id;
	struct span typed;
	bool typed_number;    /* it came as a number, which has no leading zeros */
	int64_t failures_max; /* per destination in 24 hours; 0: no such budget */
	enum verdict verdict;
	int64_t attempts_left;
	/* The destination is of interest; the rest is as found, with these guesses. */
	struct pin_row row;
	int64_t wait_ms;
	const char *limit_rate; /* of verifyPinLimit, when it is used up */
	/* inside */
	bool found;
	bool over_budget;
	int64_t locked_until_ms;    /* by this guess, or by one before; 0: it is not */
	bool locks;                 /* this guess was the last of the budget */
	struct verify_state before; /* the batch */
	struct rate limit;
	struct ident newest; /* PIN of the destination, whose row has the log */
	bool log_found;      /* in that row, when it is not the PIN's own */
};

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

/* What became of a message. */
struct outcome_job {
	struct job job;
	struct ident pin_id;
	unsigned seq;
	enum channel channel;
	enum message_state state;
	enum message_reason reason;
	const char *carrier;
	const char *carrier_message_id;
	const char *const *part_ids; /* instead of it, of a message in several parts */
	size_t part_count;
	int64_t code;
	int64_t attempts;
	enum lookup_status lookup;
	int64_t lookup_at_ms;      /* 0: nobody was asked */
	enum report_status status; /* REPORT_NONE: what the state amounts to */
	enum report_error error;
	bool tracked;        /* somebody may want a report of it */
	const char *sender;  /* as it went out; NULL: not known, or nobody wants it */
	int64_t parts;       /* 0: the same */
	const char *history; /* those that failed, a JSON array; NULL: none did */
};

/*
 * What a carrier reports of a message later. OK: durable; ERR_OVERLOADED: too many of
 * them name messages that are not known, and this one does too. A receipt may come
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
	/* inside; found: which message it was about */
	struct receipt_match match;
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
	/* inside */
	size_t count;
	size_t capacity;
	struct report_subject *list;
};

/* A stretch of those that are held, once more, oldest first. */
struct receipts_held_job {
	struct job job;
	int64_t after; /* 0: from the first; then where it went to, 0 after the last */
	int64_t limit;
	int64_t matched;
	int64_t dropped; /* too old */
	bool half;       /* one was of a part whose message has no end yet */
	/* inside */
	size_t count;
	size_t capacity;
	struct receipt_held *rows;
};

/* Of a limit on sends: 0 left, and then how long until one more may work. */
struct limit_left {
	struct rate rate;
	int64_t left;
	int64_t wait_ms;
};

/* Forgives the failures of a destination. ERR_NOT_FOUND: the application. */
struct lift_job {
	struct job job;
	struct ident account;
	struct ident application;
	const char *destination;
	int64_t failures_max;
	bool was_locked;
	bool found;
};

/* What is left for a send to that destination now. ERR_NOT_FOUND: the application. */
struct limits_job {
	struct job job;
	struct ident account;
	struct ident application;
	const char *destination;
	bool found;
	bool disabled;
	int64_t failures_max;
	int64_t locked_until_ms; /* 0: it is not locked */
	struct limit_left all;   /* of the application */
	struct limit_left phone; /* of the destination */
};

/* Who wants to be told: an entry of `reports:`. */
struct report_subscription {
	const char *name;
	const char *account; /* its name */
	unsigned groups;     /* 1 << group of each status that is wanted */
	int64_t queue_max;
};

/* At a start: these and no others. What waits for others is kept, and waits. */
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
	/* inside */
	bool gone;
};

/*
 * A stretch of messages that a carrier accepted and whose receipt has not come until
 * wait_ms after the PIN's end: their fate is final, and unknown. Tracked ones alone.
 */
struct reports_overdue_job {
	struct job job;
	int64_t wait_ms;
	int64_t limit;
	size_t count;
	size_t capacity;
	struct report_subject *list;
};

struct message_status {
	enum message_state state;
	enum message_reason reason;
	int64_t created_at_ms;
	int64_t expires_at_ms;
	enum report_status status; /* REPORT_NONE: nothing was reported */
};

/* The messages of a PIN, oldest first. ERR_NOT_FOUND. */
struct status_job {
	struct job job;
	struct ident account;
	struct ident pin_id;
	size_t count;
	size_t capacity;
	struct message_status *messages;
};

struct timeline_message {
	unsigned seq;
	enum channel channel;
	enum message_state state;
	enum message_reason reason;
	int64_t created_at_ms;
	int64_t updated_at_ms; /* of its outcome */
	const char *carrier;   /* NULL: given to none */
	const char *carrier_message_id;
	int64_t code;
	int64_t attempts;
	const char *history; /* those that failed, a JSON array; NULL: none did */
	bool looked_up;
	enum lookup_status lookup;
	int64_t lookup_at_ms;
	enum report_status status; /* REPORT_NONE: nothing was reported */
	enum report_error error;
	int64_t done_at_ms;     /* by the carrier's clock; 0: not said */
	int64_t reported_at_ms; /* 0: no receipt came */
	bool sent;              /* or may be yet (sql.def, MESSAGE_SENT) */
};

/* All that is known of a PIN, but not the PIN. Times are 0 where it did not happen.
 * ERR_NOT_FOUND. */
struct timeline_job {
	struct job job;
	struct ident account;
	struct ident pin_id;
	struct ident application;
	struct ident template;
	const char *destination;
	int64_t attempts_max;
	int64_t expires_at_ms;
	int64_t failures_max;
	int64_t locked_until_ms; /* the number; 0: it is not */
	struct verify_state state;
	bool found;
	size_t count;
	size_t capacity;
	struct timeline_message *messages;
};

struct verification {
	struct ident pin_id;
	const char *destination;
	int64_t verified_at_ms; /* 0: not */
	int64_t sent_at_ms;     /* 0: not */
};

enum { VERIFICATIONS_MAX = 10000 };

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

/* ERR_NOT_FOUND: no such application. */
struct verifications_job {
	struct job job;
	struct ident account;
	struct ident application;
	const char *destination; /* NULL: all */
	struct list_piece piece; /* of all; those of one destination are one */
	bool found;
	size_t count;
	size_t capacity;
	struct verification *list;
	/* inside: where the piece begins */
	char after[MAILBOX_LEN_MAX + 1];
	struct ident after_pin;
};

enum {
	APPLICATIONS_PER_ACCOUNT = 10000,
	TEMPLATES_PER_APPLICATION = 1000,
	EMAIL_TEMPLATES_PER_ACCOUNT = 1000
};

/* Get, list and put share it: get and put fill one. ERR_INVALID also when the account
 * has APPLICATIONS_PER_ACCOUNT, and says so in `fail`. */
struct application_job {
	struct job job;
	struct ident account;
	struct ident id; /* put: given when `create` is not set */
	bool create;
	const struct application_change *change;
	bool v1_texts_set; /* v1 put: remember how durations were written */
	bool v1_texts;
	struct fail *fail;
	bool found;
	bool written;
	struct list_piece piece;
	size_t count;
	size_t capacity;
	struct application *list;
	struct ident after; /* inside: where the piece begins */
};

/*
 * Get, list and put share it. A template of a kind that is not in `kinds` is none; a put
 * of another kind than `kind`, or one more than TEMPLATES_PER_APPLICATION, is
 * ERR_INVALID and says so in `fail`.
 */
struct template_job {
	struct job job;
	struct ident account;
	struct ident application;
	struct ident id;
	bool create;
	enum template_kind kind; /* put */
	unsigned kinds;          /* 1 << kind for each that the caller knows */
	const struct template_change *change;
	const struct template_rules *rules;
	struct fail *fail;
	bool application_found;
	bool referred;
	bool found;
	bool written;
	struct list_piece piece;
	size_t count;
	size_t capacity;
	struct template *list;
	struct ident after; /* inside: where the piece begins */
};

/* Get, list, put and delete share it; a list has ids and subjects alone. ERR_NOT_FOUND;
 * ERR_INVALID with `fail`: a put when the account has EMAIL_TEMPLATES_PER_ACCOUNT, a
 * delete while a message template refers to it. */
struct email_template_job {
	struct job job;
	struct ident account;
	bool create; /* put: of an id of the store's choice */
	struct email_template given;
	struct fail *fail;
	bool used;
	bool written;
	struct list_piece piece;
	size_t count;
	size_t capacity;
	struct email_template *list;
	int64_t after; /* inside: where the piece begins */
};

/* ERR_EXISTS on create; ERR_NOT_FOUND on find. */
struct account_job {
	struct job job;
	const char *name;
	struct ident id;
	bool found;
};

struct key_row {
	uint8_t hash[SECRET_HASH_LEN];
	const char *id;
	struct ident account;
	const char *account_name;
	const char *name;
	struct key_terms terms;
	int64_t created_at_ms;
	int64_t revoked_at_ms; /* 0: valid */
};

enum { KEYS_PER_ACCOUNT = 1000 };

/*
 * Create: hash, id, account, name, and terms or `change`; ERR_EXISTS. Revoke: id or
 * hash. List: rows, of `account` alone when `of_account`. Get and put: one row, by
 * account and id. ERR_NOT_FOUND; ERR_INVALID with `fail`; ERR_FORBIDDEN: more
 * for a key with scopes that the caller lacks; ERR_THROTTLED: the account has
 * KEYS_PER_ACCOUNT.
 */
struct key_job {
	struct job job;
	struct key_row key;
	const struct key_change *change; /* NULL on create: `key` is complete */
	int generation;                  /* of the change */
	unsigned granted;                /* scopes of who asks */
	bool of_account;
	struct fail *fail;
	bool found;
	size_t damaged; /* rows that are not in the list */
	size_t count;
	size_t capacity;
	struct key_row *rows;
};

struct user_row {
	struct ident id;
	struct ident account;
	const char *account_name;
	const char *name;
	const char *password; /* the hash of it */
	unsigned scopes;
	int64_t created_at_ms;
	int64_t disabled_at_ms; /* 0: may sign in */
};

/* Create: account, name, password, scopes; ERR_EXISTS. Password, disable: name;
 * ERR_NOT_FOUND; both end every session of the user. List: rows, by name. */
struct user_job {
	struct job job;
	struct user_row user;
	bool found;
	size_t damaged; /* rows that are not in the list */
	size_t count;
	size_t capacity;
	struct user_row *rows;
};

enum session_kind { SESSION_IBSSO = 0, SESSION_BEARER = 1 };
enum { SESSIONS_PER_USER = 1000 };
/*
 * The end of a session moves with each use, in the memory of the api; the store is told
 * in steps. So a row may be behind by a step and the time that a touch waits, and is
 * kept and listed until then: the memory decides on the exact end.
 */
enum { SESSION_STEP_MS = 60 * 1000, SESSION_SPARE_MS = 2 * SESSION_STEP_MS };

struct session_row {
	uint8_t hash[SECRET_HASH_LEN];
	struct ident user;
	enum session_kind kind;
	bool bound; /* to the address */
	struct address address;
	int64_t expires_at_ms;
};

/* Create: session, and the password's hash that was checked; ERR_UNAUTHORIZED when the
 * user may not sign in with it any more. Delete: hash. Touch: hash, expires_at_ms. */
struct session_job {
	struct job job;
	struct session_row session;
	const char *password;
	bool found;
	size_t count;
	size_t capacity;
	struct session_row *rows; /* create: those that gave way, by hash; list: all */
};

/* Everything a credential is judged by. */
struct access {
	const struct key_row *keys;
	size_t key_count;
	const struct user_row *users;
	size_t user_count;
	const struct session_row *sessions;
	size_t session_count;
};

/* How long the row of a PIN may be its first message as well (schema 12). */
enum { OUTBOX_MS = 10000 };

/* Makes every open message this start's own, before any is read. */
struct lease_job {
	struct job job;
	int64_t owner; /* the number of this start */
	/* inside */
	size_t count;
	size_t capacity;
	struct leased *open;
};

enum { NOTE_CARRIERS_MAX = 160 };

/* What is known of a message that stays open; one that is not open stays as it is. */
struct note_job {
	struct job job;
	struct ident pin_id;
	unsigned seq;
	enum channel channel;
	bool lookup_wanted;
	bool tracked;
	int64_t attempts;
	int64_t starts;
	const char *carrier; /* NULL: as before */
	int64_t code;
	char carriers_tried[NOTE_CARRIERS_MAX]; /* names of carriers, a line each; an
				       empty one before them: nobody else may have it */
};

/* Messages whose fate is open, oldest first: after a start. */
struct open_messages_job {
	struct job job;
	struct ident after_pin;
	unsigned after_seq;
	int64_t limit;
	size_t count;
	struct outgoing_message *first; /* linked by task.next */
	struct task **end;
};

/* One stretch of old PIN rows, and one of reports as old that nobody subscribes to any
 * more, with the subscriptions that are then done with. */
struct retain_job {
	struct job job;
	struct ident after;
	int64_t keep_ms;
	int64_t limit;
	int64_t scanned;
	int64_t removed;
	int64_t reports_removed;
	size_t count;
	struct retain_item *items;
};

/* One stretch of PINs of destinations that no limit of a day counts any more. */
struct age_job {
	struct job job;
	int64_t limit;
	int64_t scanned;
	size_t moved;
	/* inside */
	struct ident from;
	struct ident until;
	struct age_item *items;
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

struct store_options {
	const char *data_dir;
	size_t queue_max;
	size_t batch_max;
	bool keep_schema;     /* a server works on it: ERR_BUSY rather than an upgrade */
	bool without_keys;    /* a command, which makes no PIN: no keyring is read */
	int64_t recent_max;   /* of store/sqlite/recent.h; 0: as many as it says */
	size_t guesses_max;   /* the same of store/sqlite/guesses.h */
	size_t pin_cache_max; /* and of store/sqlite/pin_cache.h */
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
