/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sending a PIN, and sending it again. Ids that a caller wrote in another shape are none
 * (ident_is_none). Names of members in call.fail are those of the API.
 */
#ifndef WW_OPS_SEND_H
#define WW_OPS_SEND_H

#include "api/dialect.h"
#include "twofa/ident.h"
#include "twofa/message.h"

struct send_ask {
	struct ident application;
	struct ident template;
	const char *to;   /* a number in any spelling; NULL: it could not be read */
	const char *from; /* NULL or empty: the template's sender */
	const char *placeholders; /* as placeholders_end gave it, or NULL */
	enum channel channel;
	bool lookup_needed; /* whether the number can be reached is asked first */
	bool tracked;       /* a report is wanted of what becomes of the message */
	/* made by the operation */
	const char *destination; /* canonical */
};

struct resend_ask {
	struct ident pin_id;
	const char *placeholders; /* NULL: those of before */
	enum channel channel;
	bool tracked;
};

/* The state of the message by the time of the answer, of a send or a resend. */
struct send_result {
	struct ident pin_id;
	const char *to; /* canonical */
	enum channel channel;
	enum lookup_status lookup;
	bool sent;              /* or queued durably; false: it will not be sent */
	const char *message_id; /* in reports about it; NULL: none was asked for */
};

extern const struct operation op_send;
extern const struct operation op_resend;
/* Voice and email, until their channel exists. */
extern const struct operation op_no_channel;

#endif
