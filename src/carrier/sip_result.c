/* SPDX-License-Identifier: Apache-2.0 */
#include "carrier/sip_result.h"

#include <stdlib.h>
#include <strings.h>

enum { CAUSE_MAX = 127 };

enum way { WAY_FINAL, WAY_ELSEWHERE, WAY_AGAIN, WAY_UNANSWERED };

struct row {
	unsigned code;
	enum way way;
	enum way rang;
	enum report_status status;
	enum report_error error;
	const char *reason;
};

static const struct row rows[] = {
#define SIP_ANSWER(code, way, rang, status, error, reason)                               \
	{(code), WAY_##way, WAY_##rang, REPORT_##status, REPORT_ERROR_##error, (reason)},
#include "carrier/sip.def"
};

static const struct {
	int cause;
	unsigned code;
} causes[] = {
#define SIP_CAUSE(cause, code) {(cause), (code)},
#include "carrier/sip.def"
};

/* A code without a row goes by its class (RFC 3261 8.1.3.2). A redirection is not
 * followed, as it would let a trunk choose who is called. */
static const struct row of_class[] = {
    {3, WAY_ELSEWHERE, WAY_FINAL, REPORT_UNDELIVERABLE_REJECTED_OPERATOR,
	REPORT_ERROR_EC_FACILITY_NOT_SUPPORTED, "redirected"},
    {4, WAY_ELSEWHERE, WAY_FINAL, REPORT_UNDELIVERABLE_REJECTED_OPERATOR,
	REPORT_ERROR_EC_FACILITY_NOT_SUPPORTED, "request refused"},
    {5, WAY_AGAIN, WAY_FINAL, REPORT_UNDELIVERABLE_NOT_DELIVERED,
	REPORT_ERROR_EC_PROVIDER_GENERAL_ERROR, "server failed"},
    {6, WAY_FINAL, WAY_FINAL, REPORT_REJECTED, REPORT_ERROR_REJECTED, "refused"},
};

static const struct row no_answer = {0, WAY_UNANSWERED, WAY_UNANSWERED, REPORT_NO_ANSWER,
    REPORT_ERROR_NO_ANSWER, "no answer"};

/* A cause says more than the code that a gateway made of it, but for the codes that are
 * about our request or about time. */
static unsigned
code_of(const struct sip_result_answer *a)
{
	if (a->code == 401 || a->code == 407 || a->code == 408 || a->code == 487)
		return a->code;
	for (size_t i = 0; i < countof(causes); i++)
		if (causes[i].cause == a->cause)
			return causes[i].code;
	return a->code;
}

static const struct row *
find_row(const struct sip_result_answer *a)
{
	unsigned code = code_of(a);

	if (a->rang && a->cause == 19)
		return &no_answer;
	for (size_t i = 0; i < countof(rows); i++)
		if (rows[i].code == code)
			return &rows[i];
	for (size_t i = 0; i < countof(of_class); i++)
		if (of_class[i].code == code / 100)
			return &of_class[i];
	return &of_class[0];
}

static struct carrier_outcome
outcome_of(const struct row *row, enum way way, unsigned code)
{
	struct carrier_outcome o = {.result = CARRIER_REFUSED,
	    .code = code,
	    .reason = row->reason,
	    .status = row->status,
	    .error = row->error};

	if (way == WAY_AGAIN)
		o.result = CARRIER_RETRY;
	else if (way == WAY_UNANSWERED)
		o.status = REPORT_NO_ANSWER, o.error = REPORT_ERROR_NO_ANSWER;
	o.elsewhere = way == WAY_ELSEWHERE;
	return o;
}

struct carrier_outcome
sip_result_of(const struct sip_result_answer *a)
{
	const struct row *row = find_row(a);
	struct carrier_outcome o =
	    outcome_of(row, a->rang ? row->rang : row->way, a->code);

	o.throttled = o.result == CARRIER_RETRY && a->later;
	return o;
}

/* Without a ring the phone was not found: nothing tells that it would be a second time.
 */
struct carrier_outcome
sip_result_no_answer(bool rang)
{
	static const struct row unreachable = {0, WAY_FINAL, WAY_FINAL,
	    REPORT_UNDELIVERABLE_NOT_DELIVERED, REPORT_ERROR_EC_ABSENT_SUBSCRIBER,
	    "neither rang nor was answered"};

	return rang ? outcome_of(&no_answer, WAY_UNANSWERED, 0)
		    : outcome_of(&unreachable, WAY_FINAL, 0);
}

struct carrier_outcome
sip_result_silent(void)
{
	return (struct carrier_outcome){
	    .result = CARRIER_UNKNOWN, .reason = "no response from the server"};
}

const struct sip_result_report *
sip_result_report(enum sip_result_end end)
{
	static const struct sip_result_report reports[SIP_RESULT_END_COUNT] = {
	    [SIP_RESULT_SAID] = {REPORT_DELIVERED_TO_HANDSET, REPORT_ERROR_VOICE_ANSWERED,
		"said"},
	    [SIP_RESULT_HUNG_UP] = {REPORT_UNDELIVERABLE_NOT_DELIVERED,
		REPORT_ERROR_VOICE_ANSWERED_MACHINE, "hung up"},
	    [SIP_RESULT_LOST] = {REPORT_UNDELIVERABLE_NOT_DELIVERED,
		REPORT_ERROR_EC_PROVIDER_GENERAL_ERROR, "lost"},
	    [SIP_RESULT_CANCELLED] = {REPORT_CANCELLED, REPORT_ERROR_CANCELLED,
		"cancelled"},
	};

	INVARIANT(end < SIP_RESULT_END_COUNT);
	return &reports[end];
}

/* The end of a word of a list of parameters. */
static struct span
next_word(struct span *rest)
{
	struct span word = {rest->ptr, 0};

	while (word.len < rest->len && word.ptr[word.len] != ';' &&
	       word.ptr[word.len] != ',')
		word.len++;
	*rest = word.len == rest->len
		    ? (struct span){NULL, 0}
		    : (struct span){word.ptr + word.len + 1, rest->len - word.len - 1};
	return span_trim(word);
}

static int
number_of(struct span digits)
{
	int n = 0;

	if (digits.len == 0 || digits.len > 3)
		return -1;
	for (size_t i = 0; i < digits.len; i++) {
		if (digits.ptr[i] < '0' || digits.ptr[i] > '9')
			return -1;
		n = n * 10 + (digits.ptr[i] - '0');
	}
	return n <= CAUSE_MAX ? n : -1;
}

int
sip_result_cause(struct span reason)
{
	static const char name[] = "cause=";
	bool ours = false;

	while (reason.len > 0) {
		struct span word = next_word(&reason);

		if (span_equal_nocase(word, "Q.850"))
			ours = true;
		else if (span_equal_nocase(word, "SIP"))
			ours = false;
		else if (ours && word.len > sizeof(name) - 1 &&
			 strncasecmp(word.ptr, name, sizeof(name) - 1) == 0)
			return number_of((struct span){
			    word.ptr + sizeof(name) - 1, word.len - (sizeof(name) - 1)});
	}
	return -1;
}
