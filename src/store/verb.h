/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Facts about each verb, out of verbs.def, for those who run batches, admit jobs and keep
 * idempotency records.
 */
#ifndef WW_STORE_VERB_H
#define WW_STORE_VERB_H

#include "store/job.h"

struct batch;

typedef enum err verb_step_f(struct batch *b, struct item **items, size_t n);

enum { VERB_STEPS_MAX = 7 };

struct verb_row {
	const char *name;
	verb_step_f *steps[VERB_STEPS_MAX]; /* up to the first NULL */
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
