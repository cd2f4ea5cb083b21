/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages whose fate is open: their outcome, notes on the way to it, and a start
 * that takes over those of the run before. Steps: store/verbs/message.c,
 * store/verbs/outbox.c.
 */
#ifndef WW_STORE_OUTBOX_H
#define WW_STORE_OUTBOX_H

#include "store/job.h"
#include "store/outgoing.h"
#include "twofa/message.h"
#include "twofa/report.h"

/* The outcome of a message. */
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
	int64_t submits;
	enum lookup_status lookup;
	int64_t lookup_at_ms;      /* 0: nobody was asked */
	enum report_status status; /* REPORT_NONE: what the state amounts to */
	enum report_error error;
	bool tracked;        /* somebody may want a report of it */
	const char *sender;  /* as it went out; NULL: not known, or nobody wants it */
	int64_t parts;       /* 0: the same */
	const char *history; /* those that failed, a JSON array; NULL: none did */
};

/* How long the row of a PIN may be its first message as well (schema 12). */
enum { OUTBOX_MS = 10000 };

/* Makes every open message this run's own, before any is read. */
struct lease_job {
	struct job job;
};

enum { NOTE_CARRIERS_MAX = 160 };

/* A note on a message that stays open; one that is not open stays as it is. */
struct note_job {
	struct job job;
	struct ident pin_id;
	unsigned seq;
	enum channel channel;
	bool lookup_wanted;
	bool tracked;
	int64_t submits;
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

#endif
