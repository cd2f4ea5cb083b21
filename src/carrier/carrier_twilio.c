/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Twilio's Messages resource (API 2010-04-01): a form, Basic with account and token.
 * Creating a message is not idempotent there: one whose outcome is unknown may arrive
 * twice. Receipts are status callbacks, signed with the token (X-Twilio-Signature).
 */
#include <stdio.h>

#include "carrier/carrier_http.h"
#include "net/http_sign.h"
#include "carrier/types.h"

enum { VALIDITY_MAX_S = 36000 };

/* Codes of answers and ErrorCode of callbacks: the error dictionary at
 * twilio.com/docs/api. */
static const struct carrier_http_code codes[] = {
    {20003, CARRIER_REFUSED, false, true, REPORT_NONE, REPORT_ERROR_NO_ERROR},
    {20005, CARRIER_REFUSED, false, true, REPORT_NONE, REPORT_ERROR_NO_ERROR},
    {20429, CARRIER_RETRY, true, false, REPORT_NONE, REPORT_ERROR_NO_ERROR},
    {21211, CARRIER_REFUSED, false, false, REPORT_REJECTED_DESTINATION,
	REPORT_ERROR_EC_INVALID_DESTINATION_ADDRESS},
    {21212, CARRIER_REFUSED, false, true, REPORT_REJECTED_SOURCE,
	REPORT_ERROR_EC_INVALID_SOURCE_ADDRESS},
    {21408, CARRIER_REFUSED, false, true, REPORT_REJECTED_NETWORK, REPORT_ERROR_NO_ERROR},
    {21603, CARRIER_REFUSED, false, true, REPORT_REJECTED_SOURCE,
	REPORT_ERROR_EC_INVALID_SOURCE_ADDRESS},
    {21606, CARRIER_REFUSED, false, true, REPORT_REJECTED_SOURCE,
	REPORT_ERROR_EC_INVALID_SOURCE_ADDRESS},
    {21610, CARRIER_REFUSED, false, false, REPORT_REJECTED_DND,
	REPORT_ERROR_EC_BLACKLISTED_DESTINATIONADDRESS},
    {21611, CARRIER_RETRY, true, false, REPORT_NONE, REPORT_ERROR_NO_ERROR},
    {21612, CARRIER_REFUSED, false, true, REPORT_REJECTED_ROUTE_NOT_AVAILABLE,
	REPORT_ERROR_NO_ERROR},
    {21614, CARRIER_REFUSED, false, false, REPORT_REJECTED_DESTINATION,
	REPORT_ERROR_EC_INVALID_DESTINATION_ADDRESS},
    {21617, CARRIER_REFUSED, false, false, REPORT_REJECTED_MESSAGE_TOO_LONG,
	REPORT_ERROR_NO_ERROR},
    {21659, CARRIER_REFUSED, false, true, REPORT_REJECTED_SOURCE,
	REPORT_ERROR_EC_INVALID_SOURCE_ADDRESS},
    {30001, CARRIER_RETRY, true, false, REPORT_UNDELIVERABLE_NOT_SENT,
	REPORT_ERROR_EC_LIMIT_REACHED},
    {30002, CARRIER_REFUSED, false, true, REPORT_UNDELIVERABLE_REJECTED_PLATFORM,
	REPORT_ERROR_EC_PROVIDER_GENERAL_ERROR},
    {30003, CARRIER_REFUSED, false, false, REPORT_UNDELIVERABLE_NOT_DELIVERED,
	REPORT_ERROR_EC_ABSENT_SUBSCRIBER},
    {30004, CARRIER_REFUSED, false, false, REPORT_UNDELIVERABLE_NOT_DELIVERED,
	REPORT_ERROR_EC_CALL_BARRED},
    {30005, CARRIER_REFUSED, false, false, REPORT_UNDELIVERABLE_NOT_DELIVERED,
	REPORT_ERROR_EC_UNKNOWN_SUBSCRIBER},
    {30006, CARRIER_REFUSED, false, false, REPORT_UNDELIVERABLE_NOT_DELIVERED,
	REPORT_ERROR_EC_TELESERVICE_NOT_PROVISIONED},
    {30007, CARRIER_REFUSED, false, true, REPORT_UNDELIVERABLE_REJECTED_OPERATOR,
	REPORT_ERROR_EC_PROVIDER_GENERAL_ERROR},
    {30008, CARRIER_REFUSED, false, false, REPORT_UNDELIVERABLE_NOT_DELIVERED,
	REPORT_ERROR_EC_UNKNOWN_ERROR},
    {30036, CARRIER_REFUSED, false, false, REPORT_EXPIRED_EXPIRED,
	REPORT_ERROR_EC_VALIDITY_EXPIRED},
    {63038, CARRIER_REFUSED, false, true, REPORT_NONE, REPORT_ERROR_EC_LIMIT_REACHED},
};

/* MessageStatus of a callback. */
static const struct {
	const char *name;
	enum report_status status;
} statuses[] = {
    {"accepted", REPORT_PENDING_ACCEPTED},
    {"scheduled", REPORT_PENDING_ACCEPTED},
    {"queued", REPORT_PENDING_ACCEPTED},
    {"sending", REPORT_PENDING_ENROUTE},
    {"sent", REPORT_PENDING_ENROUTE},
    {"delivered", REPORT_DELIVERED_TO_HANDSET},
    {"read", REPORT_DELIVERED_TO_HANDSET},
    {"undelivered", REPORT_UNDELIVERABLE_NOT_DELIVERED},
    {"failed", REPORT_UNDELIVERABLE_NOT_SENT},
    {"canceled", REPORT_CANCELLED},
};

static enum err
make(struct carrier_http_maker *m)
{
	const struct carrier_twilio_options *c = m->config->options;
	const char *base = c->http.url == NULL ? "https://api.twilio.com" : c->http.url;
	struct carrier_http_recipe *r = &m->recipe;

	if (c->http.user == NULL || c->http.secret == NULL) {
		m->field = c->http.user == NULL ? "account_sid" : "auth_token_file";
		snprintf(m->why, sizeof(m->why), "is needed");
		return ERR_INVALID;
	}
	r->method = "POST";
	r->url = arena_printf(
	    m->arena, "%s/2010-04-01/Accounts/%s/Messages.json", base, c->http.user);
	r->headers[0] = "Content-Type: application/x-www-form-urlencoded";
	r->headers[1] = arena_printf(m->arena, "Authorization: %s",
	    http_sign_basic(m->arena, c->http.user, c->http.secret));
	r->sink = HTTP_TEMPLATE_SINK_URL;
	r->body = arena_printf(m->arena,
	    "To=%%2B{{to}}&%s%s&Body={{text}}&ValidityPeriod={{validity_s}}%s",
	    c->service == NULL ? "From={{from}}" : "MessagingServiceSid=",
	    c->service == NULL ? "" : c->service,
	    m->callback_url == NULL ? "" : "&StatusCallback={{callback_url}}");
	r->validity_min_s = 1;
	r->validity_max_s = VALIDITY_MAX_S;
	r->plus_sender = true;
	return OK;
}

static void
classify_answer(const struct carrier_config *config, const struct carrier_http_answer *a,
    struct carrier_http_verdict *v)
{
	int64_t code = carrier_http_number_at(a->doc, "/code", -1);

	(void)config;
	carrier_http_classify_status(a->status, v);
	if (v->result == CARRIER_ACCEPTED) {
		carrier_http_id_at(a->doc, "/sid", v);
		return;
	}
	if (code <= 0)
		return; /* then there is the HTTP status */
	(void)carrier_http_classify_code(codes, countof(codes), code, v);
	v->code = (uint32_t)code;
	snprintf(v->reason, sizeof(v->reason), "HTTP %d, code %lld", a->status,
	    (long long)code);
}

static bool
is_repeated(const struct text_map *form, size_t i)
{
	const struct text_pair *p = form->pairs;

	return i > 0 && strcmp(p[i].name, p[i - 1].name) == 0 &&
	       strcmp(p[i].value, p[i - 1].value) == 0;
}

/*
 * The URL as Twilio called it, then each parameter of the form, sorted and once, as name
 * and value ("Validating requests", twilio.com/docs/usage/security).
 */
static bool
trusts(struct carrier_receipts *r, const struct carrier_request *request)
{
	struct span given =
	    header_find(request->headers, request->header_count, "X-Twilio-Signature");
	struct text_map form;
	const struct carrier_http_options *o = r->config->options;
	const char *secret = o->secret;
	struct buf text;
	bool same;

	if (request->public_url == NULL || secret == NULL ||
	    !carrier_http_params_sorted(r->arena, request->body, &form))
		return false;
	buf_init(&text, 1 << 20);
	buf_add_text(&text, request->public_url);
	buf_add(&text, request->target.ptr, request->target.len);
	for (size_t i = 0; i < form.count; i++) {
		if (is_repeated(&form, i))
			continue;
		buf_add_text(&text, form.pairs[i].name);
		buf_add_text(&text, form.pairs[i].value);
	}
	same = !text.failed && http_sign_equal(http_sign_hmac_base64(r->arena, "sha1",
						   span_of(secret), buf_span(&text)),
				   given);
	buf_fini(&text);
	return same;
}

static int64_t
number_of(const char *text)
{
	int64_t n = 0;

	if (text == NULL || text[0] == '\0' || strlen(text) > 9)
		return -1;
	for (; *text >= '0' && *text <= '9'; text++)
		n = n * 10 + (*text - '0');
	return *text == '\0' ? n : -1;
}

static enum err
read_receipt(struct carrier_receipts *r, const struct carrier_request *request)
{
	const char *name = carrier_http_request_param(r->arena, request, "MessageStatus");
	const char *code = carrier_http_request_param(r->arena, request, "ErrorCode");
	struct carrier_receipt one = {
	    .message_id = carrier_http_request_param(r->arena, request, "MessageSid")};
	const struct carrier_http_code *row =
	    carrier_http_code_find(codes, countof(codes), number_of(code));

	for (size_t i = 0; name != NULL && i < countof(statuses); i++)
		if (strcmp(statuses[i].name, name) == 0)
			one.status = statuses[i].status;
	if (one.status == REPORT_NONE ||
	    carrier_http_request_repeats(r->arena, request, "MessageSid") ||
	    carrier_http_request_repeats(r->arena, request, "MessageStatus"))
		return ERR_SYNTAX;
	if (row != NULL && row->status != REPORT_NONE &&
	    report_status_find(one.status)->group == REPORT_GROUP_UNDELIVERABLE) {
		one.status = row->status;
		one.error = row->error;
	}
	return carrier_http_receipt_add(r, &one);
}

/* A messaging service chooses one. */
static bool
needs_sender(const struct carrier_config *config)
{
	const struct carrier_twilio_options *c = config->options;

	return c->service == NULL;
}

static const struct carrier_http_vendor vendor = {.make = make,
    .needs_sender = needs_sender,
    .classify = classify_answer,
    .trusts = trusts,
    .read = read_receipt};

CARRIER_HTTP(twilio, CHANNEL_BIT(CHANNEL_SMS))
