/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The meaning of a call's end for its message: whether it may be made again, and what
 * its report says (sip.def). Pure; of libre and of sockets it knows nothing.
 *
 * A call costs money and a person's patience, so one that rang anywhere is never made
 * again, by nobody: whatever came after is its end.
 */
#ifndef WW_SIP_RESULT_H
#define WW_SIP_RESULT_H

#include "carrier/carrier.h"

struct sip_result_answer {
	unsigned code; /* of the final response, 300 to 699 */
	int cause;     /* Q.850, of a Reason header (RFC 3326); -1: none */
	bool rang;     /* any response over 100 came before */
	bool later;    /* it named a time (Retry-After): too many calls, not a fault */
};

/* The outcome of a call that was not answered. */
struct carrier_outcome sip_result_of(const struct sip_result_answer *a);
/* Nobody took it up within the time that it may ring. */
struct carrier_outcome sip_result_no_answer(bool rang);
/* The server was silent, which says nothing of what it did. */
struct carrier_outcome sip_result_silent(void);

/* How an answered call ended. */
enum sip_result_end {
	SIP_RESULT_SAID,      /* the PIN was said to its end */
	SIP_RESULT_HUNG_UP,   /* they hung up before that, as machines do */
	SIP_RESULT_LOST,      /* the line failed before that */
	SIP_RESULT_CANCELLED, /* we did, as the server stopped */
	SIP_RESULT_END_COUNT
};

struct sip_result_report {
	enum report_status status;
	enum report_error error;
	const char *word; /* for the log */
};

const struct sip_result_report *sip_result_report(enum sip_result_end end);
/* The cause in a Reason header's value; -1: it names no cause of Q.850. */
int sip_result_cause(struct span reason);

#endif
