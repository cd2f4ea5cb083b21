/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A verb inside the store: facts about it, out of verbs.def, and its way through a batch.
 * Read by whatever runs batches, admits jobs or keeps idempotency records.
 */
#ifndef WW_STORE_VERB_H
#define WW_STORE_VERB_H

#include "store/job.h"
#include "store/store_clock.h"

struct engine;
struct entropy;
struct keyring;
struct pins;

/* A transaction that is under way. */
struct batch {
	struct engine *engine;
	struct keyring *keyring;
	struct keyring *secrets; /* of idempotency records */
	int64_t run; /* number of this run of a server: its messages and open records */
	const struct entropy *entropy;
	int64_t now_ms;
	struct store_time time;
	bool *reports_owed;    /* set by report_owe */
	int64_t *outbox_at_ms; /* when outbox_advance is due */
	struct pins *pins;
};

typedef enum err verb_step_f(struct batch *b, struct item **items, size_t n);

enum { VERB_STEPS_MAX = 7 };

/*
 * The way of a verb through a batch. The state of a job is private to the verb's file: it
 * is all zero before the first step and gone after the last one.
 */
struct verb_row {
	verb_step_f *steps[VERB_STEPS_MAX]; /* up to the first NULL */
	size_t state_len;                   /* octets of each job's state; 0: none */
};

/* Lanes in which jobs wait for a batch, in the order of their precedence (intake.h). */
enum intake_lane {
	INTAKE_URGENT, /* ends something that was begun */
	INTAKE_RESEND,
	INTAKE_SEND,
	INTAKE_REST,
	INTAKE_LISTS, /* may read as many rows as somebody has made */
	INTAKE_LANES
};

enum verb_touches {
	VERB_TOUCHES_NOTHING,
	VERB_TOUCHES_PINS,
	VERB_TOUCHES_KEYS,
	VERB_TOUCHES_SESSIONS
};

struct verb_facts {
	const char *name;
	enum intake_lane lane;
	enum verb_touches touches;
	size_t outgoing_at; /* offset of the message in the job; 0: it has none */
	const struct verb_row *row;
};

extern const struct verb_facts verb_facts[VERB_COUNT];

#define VERB_ROW(symbol, name, type, lane, touches, outgoing)                            \
	extern const struct verb_row verb_##name;
#include "store/verbs.def"
#undef VERB_ROW

#endif
