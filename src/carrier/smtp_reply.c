/* SPDX-License-Identifier: Apache-2.0 */
#include "carrier/smtp_reply.h"

#include <stdio.h>

enum { ANY = 1000, DETAIL_MAX = 999 };

/* The other side of `elsewhere`: a fault of the mailbox is the same at every relay. */
struct meaning {
	unsigned subject;
	unsigned detail;
	bool elsewhere;
	enum report_status status;
	enum report_error error;
	const char *words;
};

/* RFC 3463 3, with what RFC 4954, 6531, 7372 and 7505 added; the first that fits. */
static const struct meaning meanings[] = {
    {1, 1, false, REPORT_REJECTED_DESTINATION, REPORT_ERROR_EC_UNKNOWN_SUBSCRIBER,
	"the mailbox is unknown"},
    {1, 6, false, REPORT_REJECTED_DESTINATION, REPORT_ERROR_EC_UNKNOWN_SUBSCRIBER,
	"the mailbox has moved"},
    {1, 7, true, REPORT_REJECTED_SOURCE, REPORT_ERROR_EC_INVALID_SOURCE_ADDRESS,
	"the sender's address is no good"},
    {1, 8, true, REPORT_REJECTED_SOURCE, REPORT_ERROR_EC_INVALID_SOURCE_ADDRESS,
	"the sender's domain is no good"},
    {1, ANY, false, REPORT_REJECTED_DESTINATION,
	REPORT_ERROR_EC_INVALID_DESTINATION_ADDRESS, "the address is no good"},
    {2, 1, false, REPORT_UNDELIVERABLE_REJECTED_OPERATOR,
	REPORT_ERROR_EC_ILLEGAL_SUBSCRIBER, "the mailbox takes no mail"},
    {2, 2, false, REPORT_UNDELIVERABLE_NOT_DELIVERED,
	REPORT_ERROR_EC_SM_DF_MEMORYCAPACITYEXCEEDED, "the mailbox is full"},
    {2, 3, false, REPORT_REJECTED_MESSAGE_TOO_LONG, REPORT_ERROR_EC_SM_DELIVERY_FAILURE,
	"the mail is too long for the mailbox"},
    {2, ANY, false, REPORT_UNDELIVERABLE_NOT_DELIVERED,
	REPORT_ERROR_EC_SM_DELIVERY_FAILURE, "the mailbox does not take it"},
    {3, 4, true, REPORT_REJECTED_MESSAGE_TOO_LONG, REPORT_ERROR_EC_SM_DELIVERY_FAILURE,
	"the mail is too long"},
    {3, ANY, true, REPORT_REJECTED_SYSTEM_ERROR, REPORT_ERROR_EC_SYSTEM_FAILURE,
	"the mail system has a fault"},
    {4, 4, false, REPORT_REJECTED_DESTINATION,
	REPORT_ERROR_EC_INVALID_DESTINATION_ADDRESS, "the domain takes no mail"},
    {4, 7, false, REPORT_EXPIRED_EXPIRED, REPORT_ERROR_EC_VALIDITY_EXPIRED,
	"it was tried for too long"},
    {4, ANY, false, REPORT_UNDELIVERABLE_NOT_DELIVERED,
	REPORT_ERROR_EC_PROVIDER_GENERAL_ERROR, "the way there has a fault"},
    {5, ANY, true, REPORT_REJECTED_SYSTEM_ERROR, REPORT_ERROR_EC_PROVIDER_GENERAL_ERROR,
	"the relay does not take what was said"},
    {6, 7, true, REPORT_REJECTED_DESTINATION, REPORT_ERROR_EC_INVALID_DESTINATION_ADDRESS,
	"addresses beyond ASCII are not taken"},
    {6, ANY, true, REPORT_REJECTED, REPORT_ERROR_EC_SM_DELIVERY_FAILURE,
	"the content is not taken"},
    {7, ANY, true, REPORT_UNDELIVERABLE_REJECTED_OPERATOR,
	REPORT_ERROR_EC_PROVIDER_GENERAL_ERROR, "a policy does not let it pass"},
    {ANY, ANY, false, REPORT_UNDELIVERABLE_NOT_DELIVERED, REPORT_ERROR_EC_UNKNOWN_ERROR,
	"it was not taken"},
};

/* The enhanced status that a code without one amounts to (RFC 5321 4.2.2, 4.2.3). */
static const struct {
	int code; /* 0: any */
	enum smtp_about about;
	struct smtp_status status;
} codes[] = {
    {552, SMTP_ABOUT_RECIPIENT, {5, 2, 2}},
    {452, SMTP_ABOUT_RECIPIENT, {4, 2, 2}},
    {554, SMTP_ABOUT_RECIPIENT, {5, 7, 1}},
    {530, SMTP_ABOUT_SENDER, {5, 7, 0}},
    {552, SMTP_ABOUT_MAIL, {5, 3, 4}},
    {0, SMTP_ABOUT_SENDER, {5, 1, 8}},
    {0, SMTP_ABOUT_RECIPIENT, {5, 1, 1}},
    {0, SMTP_ABOUT_MAIL, {5, 7, 1}},
};

/* ---- reading ---- */

static bool
take_number(struct span *s, unsigned *out)
{
	size_t len = 0;

	*out = 0;
	while (len < s->len && len < 4 && s->ptr[len] >= '0' && s->ptr[len] <= '9')
		*out = *out * 10 + (unsigned)(s->ptr[len++] - '0');
	s->ptr += len;
	s->len -= len;
	return len > 0 && *out <= DETAIL_MAX;
}

static bool
take_dot(struct span *s)
{
	if (s->len == 0 || s->ptr[0] != '.')
		return false;
	s->ptr++;
	s->len--;
	return true;
}

bool
smtp_reply_status_parse(struct span text, struct smtp_status *out)
{
	struct smtp_status s;
	struct span at = text;
	bool good = take_number(&at, &s.class) && take_dot(&at) &&
		    take_number(&at, &s.subject) && take_dot(&at) &&
		    take_number(&at, &s.detail);

	*out = (struct smtp_status){0};
	if (!good || (s.class != 2 && s.class != 4 && s.class != 5) ||
	    (at.len > 0 && at.ptr[0] != ' ' && at.ptr[0] != '\t'))
		return false;
	*out = s;
	return true;
}

enum err
smtp_reply_add(
    struct smtp_reply *r, struct span line, bool *last_out, struct span *text_out)
{
	struct span rest = line;
	struct smtp_status status;
	unsigned code;

	if (!take_number(&rest, &code) || line.len - rest.len != 3 || code < 200 ||
	    code > 599 || (rest.len > 0 && rest.ptr[0] != ' ' && rest.ptr[0] != '-'))
		return ERR_SYNTAX;
	if (r->code != 0 && r->code != (int)code)
		return ERR_SYNTAX;
	*last_out = rest.len == 0 || rest.ptr[0] == ' ';
	r->code = (int)code;
	*text_out = rest.len == 0 ? rest : (struct span){rest.ptr + 1, rest.len - 1};
	/* one of another class than the code would be about something else */
	if (smtp_reply_status_parse(*text_out, &status) && status.class == code / 100)
		r->status = status;
	return OK;
}

/* ---- meaning ---- */

static const struct meaning *
meaning_of(const struct smtp_status *s)
{
	const struct meaning *m = meanings;

	while ((m->subject != ANY && m->subject != s->subject) ||
	       (m->detail != ANY && m->detail != s->detail))
		m++;
	return m;
}

struct smtp_status
smtp_reply_status(const struct smtp_reply *r, enum smtp_about about)
{
	size_t i = 0;

	if (r->status.class != 0)
		return r->status;
	while (
	    codes[i].about != about || (codes[i].code != 0 && codes[i].code != r->code))
		i++;
	return codes[i].status;
}

/* Greylisting (RFC 6647) and a mailbox that is full or slow: the destination's own, and
 * worth another try. A fault of the mail system is the relay's. */
static bool
is_of_destination(const struct smtp_reply *r, enum smtp_about about)
{
	unsigned subject = r->status.subject;

	if (r->code == 421 || about == SMTP_ABOUT_SENDER || subject == 3 || subject == 5)
		return false;
	return about == SMTP_ABOUT_RECIPIENT || subject == 1 || subject == 2 ||
	       subject == 7;
}

static void
retry(struct carrier_outcome *o, const struct smtp_reply *r, enum smtp_about about)
{
	o->result = CARRIER_RETRY;
	o->deferred = is_of_destination(r, about);
	o->throttled = !o->deferred && (about == SMTP_ABOUT_SENDER || r->code == 421);
}

struct carrier_outcome
smtp_reply_outcome(
    const struct smtp_reply *r, enum smtp_about about, char reason[SMTP_REASON_LEN])
{
	struct smtp_status s = smtp_reply_status(r, about);
	const struct meaning *m = meaning_of(&s);
	struct carrier_outcome o = {.result = CARRIER_REFUSED,
	    .code = (uint32_t)r->code,
	    .reason = reason,
	    .elsewhere = m->elsewhere,
	    .status = m->status,
	    .error = m->error};

	if (r->code < 500) {
		o = (struct carrier_outcome){.code = (uint32_t)r->code, .reason = reason};
		retry(&o, r, about);
	}
	if (r->status.class == 0)
		snprintf(reason, SMTP_REASON_LEN, "%d: %s", r->code,
		    o.result == CARRIER_RETRY ? "not now" : m->words);
	else
		snprintf(reason, SMTP_REASON_LEN, "%d %u.%u.%u: %s%s", r->code, s.class,
		    s.subject, s.detail, o.result == CARRIER_RETRY ? "not now: " : "",
		    m->words);
	return o;
}

enum report_status
smtp_reply_status_report(const struct smtp_status *s, enum report_error *error_out)
{
	const struct meaning *m = meaning_of(s);

	*error_out = m->error;
	return m->status;
}
