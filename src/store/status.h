/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lists that callers read: the messages of a PIN, its timeline, the verifications
 * of an application. Steps: store/verbs/message.c, store/verbs/timeline.c.
 */
#ifndef WW_STORE_STATUS_H
#define WW_STORE_STATUS_H

#include "store/job.h"
#include "store/pins.h"
#include "twofa/mailbox.h"
#include "twofa/message.h"
#include "twofa/report.h"

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
	int64_t submits;
	const char *history; /* those that failed, a JSON array; NULL: none did */
	bool looked_up;
	enum lookup_status lookup;
	int64_t lookup_at_ms;
	enum report_status status; /* REPORT_NONE: nothing was reported */
	enum report_error error;
	int64_t done_at_ms;     /* by the carrier's clock; 0: not said */
	int64_t reported_at_ms; /* 0: no receipt came */
	bool sent;              /* or may be yet (sql.def, MESSAGE_SENT) */
	const char *to; /* of an alternative; NULL: where the PIN was sent first */
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

/* ERR_NOT_FOUND: no such application. */
struct verifications_job {
	struct job job;
	struct ident account;
	struct ident application;
	const char *destination; /* NULL: all */
	struct list_piece piece; /* of all; those of one destination are one */
	bool found;
	size_t count;
	struct verification *list;
	/* the place behind the pieces before */
	char after[MAILBOX_LEN_MAX + 1];
	struct ident after_pin;
};

#endif
