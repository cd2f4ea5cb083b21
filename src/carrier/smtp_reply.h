/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Replies of a relay (RFC 5321 4.2) and their meaning: the code, the enhanced code
 * (RFC 3463), and how both map to what becomes of the mail. Pure. The words of a relay
 * are not kept: they quote addresses, and may quote the mail.
 */
#ifndef WW_SMTP_REPLY_H
#define WW_SMTP_REPLY_H

#include "carrier/carrier.h"

/* "5.1.1"; all 0: none. */
struct smtp_status {
	unsigned class;
	unsigned subject;
	unsigned detail;
};

struct smtp_reply {
	int code; /* 250; 0: no line yet */
	struct smtp_status status;
};

/* The subject of a code, when there is no enhanced one. */
enum smtp_about { SMTP_ABOUT_SENDER, SMTP_ABOUT_RECIPIENT, SMTP_ABOUT_MAIL };

enum { SMTP_REASON_LEN = 96 };

/* The status that the text begins with; false, and all 0: it begins with none. */
bool smtp_reply_status_parse(struct span text, struct smtp_status *out);
/* The reply's, or the one that its code amounts to. */
struct smtp_status smtp_reply_status(const struct smtp_reply *r, enum smtp_about about);
/* Status and error of a report with that status, of class 4 or 5 or none. */
enum report_status smtp_reply_status_report(
    const struct smtp_status *s, enum report_error *error_out);
/* One line without its end. ERR_SYNTAX: it is none of a reply, or of another one.
 * `last_out`: the reply is whole with it. `text_out`: behind the code. */
enum err smtp_reply_add(struct smtp_reply *r, struct span line, bool *last_out,
    struct span *text_out) MUST_CHECK;
/* The outcome of a reply that does not say well; `reason` is where its words go. */
struct carrier_outcome smtp_reply_outcome(
    const struct smtp_reply *r, enum smtp_about about, char reason[SMTP_REASON_LEN]);

#endif
