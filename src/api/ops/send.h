/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sending a PIN, and sending it again. Ids that a caller wrote in another shape are none
 * (ident_is_none). Names of members in call.fail are those of the API.
 */
#ifndef WW_OPS_SEND_H
#define WW_OPS_SEND_H

#include "api/dialect.h"
#include "twofa/ident.h"
#include "twofa/report.h"

/* Another way to the person, for resends over that channel. */
struct send_ask_alternative {
	enum channel channel; /* each once */
	const char *field;    /* its name in the fail */
	const char *to;       /* of the channel's kind; NULL: not read */
	bool templated;       /* a template is named for it; else that of the send */
	struct ident template;
	/* made by the operation */
	const char *destination; /* canonical */
};

struct send_ask {
	struct ident application;
	struct ident template;
	const char *to;   /* of the channel's kind, in any spelling; NULL: not read */
	const char *from; /* NULL or empty: the template's sender */
	const char *placeholders; /* twofa/placeholder_pair.h, or NULL */
	const char *language;     /* a locale of the person, or NULL */
	enum channel channel;
	bool lookup_needed; /* whether a number can be reached is asked first */
	bool tracked;       /* a report is wanted of what becomes of the message */
	struct send_ask_alternative *alternatives;
	size_t alternative_count;
	/* made by the operation */
	const char *destination; /* canonical */
};

struct resend_ask {
	struct ident pin_id;
	const char *placeholders; /* as of a send; those of before where it has none */
	enum channel channel;
	bool lookup_needed;
	bool tracked;
};

/* The state of the message by the time of the answer, of a send or a resend. */
struct send_result {
	struct ident pin_id;
	const char *to; /* canonical */
	enum channel channel;
	bool looked_up; /* that was asked for */
	enum lookup_status lookup;
	bool sent; /* or queued durably; false: it will not be sent */
	const struct report_status_row *status; /* PENDING_ACCEPTED, or why not */
	const char *message_id; /* in reports about it; NULL: none was asked for */
};

extern const struct operation op_send;
extern const struct operation op_resend;

#endif
