/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The timeline of a PIN: what happened to it, as a list of events in the order of
 * time, and how it stands. Never the PIN. Told from the rows as they are, so of
 * attempts to verify the last is there with its time, and how many there were; of
 * receipts the last.
 */
#ifndef WW_OPS_TIMELINE_H
#define WW_OPS_TIMELINE_H

#include "api/dialect.h"
#include "twofa/ident.h"
#include "twofa/report.h"

struct timeline_ask {
	struct ident pin_id;
};

/* Members that are NULL, or -1, are left out. */
struct timeline_event {
	int64_t at_ms;
	size_t place; /* among those of the same time */
	const char *event;
	int64_t message; /* its number */
	const char *channel;
	const char *to; /* where it is another than the PIN's */
	const char *lookup;
	const char *carrier;
	const char *result;
	int64_t code;
	int64_t times;
	const char *reason;
	const char *carrier_message_id;
	const struct report_status_row *status;
	const struct report_error_row *error;
	int64_t done_at_ms; /* 0: not known */
};

/* A message as it stands. */
struct timeline_standing {
	unsigned seq;
	const char *channel;
	const char *to; /* as of an event */
	const char *state;
	const struct report_status_row *status;
	const char *carrier;
	int64_t submits;
};

/* Times that are 0 are not there. */
struct timeline_result {
	struct ident pin_id;
	struct ident application;
	struct ident template;
	const char *to;
	const char *state;
	int64_t created_at_ms;
	int64_t expires_at_ms;
	int64_t verified_at_ms;
	int64_t locked_until_ms;
	int64_t attempts;
	int64_t attempts_max;
	const struct timeline_standing *messages;
	size_t message_count;
	const struct timeline_event *events; /* by time */
	size_t event_count;
};

extern const struct operation op_timeline;

#endif
