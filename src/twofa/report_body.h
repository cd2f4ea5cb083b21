/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A delivery report as it goes out (contract 8.2): its ids, its body, its signature,
 * and when it is tried again. Pure; who keeps and sends reports is elsewhere.
 */
#ifndef WW_REPORT_BODY_H
#define WW_REPORT_BODY_H

#include "base/buf.h"
#include "base/secret.h"
#include "twofa/ident.h"
#include "base/json_out.h"
#include "twofa/report.h"

enum {
	REPORT_ID_LEN = 36, /* a UUID's text */
	REPORT_SIGNATURE_LEN = 2 * SECRET_MAC_LEN
};

struct report_facts {
	struct ident pin_id;
	unsigned seq;
	const char *to;
	enum channel channel;
	const char *sender; /* NULL: not known */
	int64_t sent_at_ms;
	int64_t done_at_ms;
	int64_t parts; /* 0: not known */
	enum report_status status;
	enum report_error error;
};

/*
 * The id of a message for those outside (externalMessageId), and of the event that its
 * fate is known. Made from what names it already, in the form of a UUID (RFC 9562,
 * version 8): nothing is stored, and the same message has the same ids for ever.
 */
void report_body_message_id(
    const struct ident *pin_id, unsigned seq, char out[REPORT_ID_LEN + 1]);
void report_body_event_id(
    const struct ident *pin_id, unsigned seq, char out[REPORT_ID_LEN + 1]);

/* The error to report; a message that did not arrive and has none from a carrier gets
 * one. */
enum report_error report_body_error_of(
    enum report_error reported, enum report_status status, enum message_reason reason);

/* The members "status" and "error". */
void report_body_put_status(struct json_out *o, const struct report_status_row *row);
void report_body_put_error(struct json_out *o, const struct report_error_row *row);
/* {"results":[{...}]}, without what is not known. */
void report_body_put(struct buf *to, const struct report_facts *f);

/* Lower-case hex of HMAC-SHA-256 over "TIMESTAMP.BODY", the timestamp in seconds. */
void report_body_sign(struct span secret, int64_t timestamp_s, struct span body,
    char out[REPORT_SIGNATURE_LEN + 1]);

/* How long after a failed try the n-th retry follows: unit + unit * n * n. */
int64_t report_body_retry_ms(int64_t n, int64_t unit_ms);

#endif
