/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A message on its way from the store to a person: the message row with all that
 * is needed to render it, but not the text. It is made by the operation that sends
 * (or by the store after a restart), filled in by the store, and then belongs to
 * delivery, which frees it.
 */
#ifndef WW_OUTGOING_H
#define WW_OUTGOING_H

#include "base/arena.h"
#include "base/queue.h"
#include "twofa/content.h"
#include "twofa/message.h"
#include "twofa/pin.h"
#include "twofa/report.h"

/* Where the caller who waits is told; delivery fills it in and pushes the task once. */
struct outgoing_answer {
	struct task *task;
	struct queue *to;
	enum lookup_status lookup;
	bool sent;
	enum report_status status; /* of a message that is not sent */
};

struct outgoing_message {
	struct task task;
	struct arena arena; /* holds the message itself and every text below */
	struct outgoing_answer *answer; /* NULL: nobody waits */
	struct pin_recipe recipe;
	int64_t key_id;
	int64_t expires_at_ms;
	int64_t submits; /* so far, in all runs */
	int64_t starts;  /* 0: of this run; else how often it was taken over, and above
			    that rendered alone */
	const char *carriers_tried; /* as in note_job; NULL: none */
	bool damaged;               /* the row is not what a send wrote */
	unsigned seq;               /* of the message of the PIN */
	bool lookup_needed;
	bool tracked;     /* a report is wanted of what becomes of it */
	uint64_t request; /* X-Request-ID of the request that asked for it; 0: of an
			     earlier run */
	const char *destination;
	const char *placeholder;  /* the PIN's */
	const char *language;     /* asked for by the send; NULL: none was */
	const char *sender;       /* of the request, else of the template, else NULL */
	struct content content;   /* with placeholders */
	const char *placeholders; /* twofa/placeholder_pair.h; NULL: none */
};

struct outgoing_message *outgoing_new(void) MUST_CHECK;
void outgoing_free(struct outgoing_message *o);

#endif
