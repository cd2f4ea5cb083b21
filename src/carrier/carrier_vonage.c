/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Vonage's SMS API (POST /sms/json): a form with key and secret; answers are 200 with a
 * status for each part. Receipts are webhooks, proved by the API's own `sig` parameter
 * ("Signing messages") or, where the account has none, by a secret path. Calls, which are
 * proved by signed tokens (JWT), are in vonage_voice.c.
 */
#include <stdio.h>

#include "base/json_lenient.h"
#include "carrier/carrier_http.h"
#include "net/http_sign.h"
#include "carrier/types.h"
#include "carrier/vonage_voice.h"

enum { TTL_MIN_S = 20, TTL_MAX_S = 604800, PARTS_MAX = 255, MEMBERS_MAX = 64 };

/* "SMS API error codes". */
static const struct carrier_http_code codes[] = {
    {0, CARRIER_ACCEPTED, false, false, REPORT_NONE, REPORT_ERROR_NO_ERROR},
    {1, CARRIER_RETRY, true, false, REPORT_NONE, REPORT_ERROR_NO_ERROR},
    {2, CARRIER_REFUSED, false, false, REPORT_NONE, REPORT_ERROR_NO_ERROR},
    {3, CARRIER_REFUSED, false, false, REPORT_REJECTED_DESTINATION,
	REPORT_ERROR_EC_INVALID_DESTINATION_ADDRESS},
    {4, CARRIER_REFUSED, false, true, REPORT_NONE, REPORT_ERROR_NO_ERROR},
    {5, CARRIER_RETRY, false, false, REPORT_NONE, REPORT_ERROR_NO_ERROR},
    {6, CARRIER_REFUSED, false, false, REPORT_REJECTED_PREFIX_MISSING,
	REPORT_ERROR_EC_INVALID_DESTINATION_ADDRESS},
    {7, CARRIER_REFUSED, false, true, REPORT_REJECTED_DESTINATION_BLOCKLISTED,
	REPORT_ERROR_EC_BLACKLISTED_DESTINATIONADDRESS},
    {8, CARRIER_REFUSED, false, true, REPORT_NONE, REPORT_ERROR_NO_ERROR},
    {9, CARRIER_REFUSED, false, true, REPORT_REJECTED_NOT_ENOUGH_CREDITS,
	REPORT_ERROR_NO_ERROR},
    {10, CARRIER_RETRY, true, false, REPORT_NONE, REPORT_ERROR_NO_ERROR},
    {11, CARRIER_REFUSED, false, true, REPORT_NONE, REPORT_ERROR_NO_ERROR},
    {12, CARRIER_REFUSED, false, false, REPORT_REJECTED_MESSAGE_TOO_LONG,
	REPORT_ERROR_NO_ERROR},
    {14, CARRIER_REFUSED, false, true, REPORT_NONE, REPORT_ERROR_NO_ERROR},
    {15, CARRIER_REFUSED, false, true, REPORT_REJECTED_SOURCE,
	REPORT_ERROR_EC_INVALID_SOURCE_ADDRESS},
    {22, CARRIER_REFUSED, false, true, REPORT_NONE, REPORT_ERROR_NO_ERROR},
    {23, CARRIER_REFUSED, false, true, REPORT_NONE, REPORT_ERROR_NO_ERROR},
    {29, CARRIER_REFUSED, false, true, REPORT_REJECTED_DESTINATION_NOT_REGISTERED,
	REPORT_ERROR_NO_ERROR},
    {32, CARRIER_REFUSED, false, true, REPORT_NONE, REPORT_ERROR_NO_ERROR},
    {33, CARRIER_REFUSED, false, false, REPORT_REJECTED_DESTINATION,
	REPORT_ERROR_EC_INVALID_DESTINATION_ADDRESS},
};

/* err-code of a receipt; the status of a row counts only where the receipt's own says
 * no more than that it failed. */
static const struct carrier_http_code receipt_codes[] = {
    {1, 0, false, false, REPORT_NONE, REPORT_ERROR_EC_UNKNOWN_ERROR},
    {2, 0, false, false, REPORT_NONE, REPORT_ERROR_EC_ABSENT_SUBSCRIBER},
    {3, 0, false, false, REPORT_NONE, REPORT_ERROR_EC_UNKNOWN_SUBSCRIBER},
    {4, 0, false, false, REPORT_NONE, REPORT_ERROR_EC_CALL_BARRED},
    {5, 0, false, false, REPORT_NONE, REPORT_ERROR_EC_UNIDENTIFIED_SUBSCRIBER},
    {6, 0, false, false, REPORT_NONE, REPORT_ERROR_EC_DESTINATION_FLOODING},
    {7, 0, false, false, REPORT_NONE, REPORT_ERROR_EC_SUBSCRIBER_BUSY_FOR_MT_SMS},
    {8, 0, false, false, REPORT_NONE, REPORT_ERROR_EC_SYSTEM_FAILURE},
    {9, 0, false, false, REPORT_REJECTED_DESTINATION,
	REPORT_ERROR_EC_INVALID_DESTINATION_ADDRESS},
    {10, 0, false, false, REPORT_NONE, REPORT_ERROR_EC_SM_DELIVERY_FAILURE},
    {11, 0, false, false, REPORT_REJECTED_ROUTE_NOT_AVAILABLE,
	REPORT_ERROR_EC_PROVIDER_GENERAL_ERROR},
    {12, 0, false, false, REPORT_NONE, REPORT_ERROR_EC_ABSENT_SUBSCRIBER},
    {13, 0, false, false, REPORT_NONE, REPORT_ERROR_EC_CALL_BARRED},
    {14, 0, false, false, REPORT_NONE, REPORT_ERROR_EC_CALL_BARRED},
    {15, 0, false, false, REPORT_NONE, REPORT_ERROR_EC_LIMIT_REACHED},
    {99, 0, false, false, REPORT_NONE, REPORT_ERROR_EC_PROVIDER_GENERAL_ERROR},
};

static const struct {
	const char *name;
	enum report_status status;
} statuses[] = {
    {"delivered", REPORT_DELIVERED_TO_HANDSET},
    {"accepted", REPORT_PENDING_ENROUTE},
    {"buffered", REPORT_PENDING_WAITING_DELIVERY},
    {"expired", REPORT_EXPIRED_EXPIRED},
    {"failed", REPORT_UNDELIVERABLE_NOT_DELIVERED},
    {"rejected", REPORT_UNDELIVERABLE_REJECTED_OPERATOR},
    {"deleted", REPORT_CANCELLED},
    {"unknown", REPORT_EXPIRED_DLR_UNKNOWN},
};

/* "md5hash" is MD5 too. */
static enum err
check_method(struct carrier_http_maker *m)
{
	const struct carrier_vonage_options *c = m->config->options;
	const char *method = c->signature_method;
	const char *digest = strcmp(method, "md5hash") == 0 ? "md5" : method;

	if (c->signature_secret == NULL || http_sign_digest_exists(digest))
		return OK;
	m->field = "signature_method";
	snprintf(m->why, sizeof(m->why), "this machine's OpenSSL has no %s", digest);
	return ERR_INVALID;
}

static enum err
make_sms(struct carrier_http_maker *m)
{
	const struct carrier_vonage_options *c = m->config->options;
	const char *base = c->http.url == NULL ? "https://rest.nexmo.com" : c->http.url;
	bool receipts = m->callback_url != NULL &&
			(c->http.receipt_secret != NULL || c->signature_secret != NULL);
	struct carrier_http_recipe *r = &m->recipe;

	if (c->http.user == NULL || c->http.secret == NULL) {
		m->field = c->http.user == NULL ? "api_key" : "api_secret_file";
		snprintf(m->why, sizeof(m->why), "is needed");
		return ERR_INVALID;
	}
	r->method = "POST";
	r->url = arena_printf(m->arena, "%s/sms/json", base);
	r->headers[0] = "Content-Type: application/x-www-form-urlencoded";
	r->sink = HTTP_TEMPLATE_SINK_URL;
	r->body = arena_printf(m->arena,
	    "api_key={{username}}&api_secret={{password}}&to={{to}}&from={{from}}"
	    "&text={{text}}&type={{type}}&ttl={{validity_ms}}&client-ref={{reference}}"
	    "{{?dltEntity}}&entity-id={{dltEntity}}{{/}}"
	    "{{?dltTemplate}}&content-id={{dltTemplate}}{{/}}%s",
	    receipts ? "&status-report-req=true&callback={{callback_url}}" : "");
	r->validity_min_s = TTL_MIN_S;
	r->validity_max_s = TTL_MAX_S;
	return check_method(m);
}

static const char *
text_at(const struct carrier_http_answer *a, const char *pointer)
{
	char text[CARRIER_HTTP_MESSAGE_ID_MAX];

	if (a->doc == NULL || !json_pointer_scalar_text(
				  json_pointer_find(a->doc, pointer), text, sizeof(text)))
		return NULL;
	return arena_text(a->arena, span_of(text));
}

/* A long text has an entry for each part, with an id and a receipt of its own. The
 * status of the first part that was not taken, else 0; -1: there is none. */
static int64_t
read_parts(const struct carrier_http_answer *a, struct carrier_http_verdict *v)
{
	const char **ids = arena_alloc(a->arena, PARTS_MAX * sizeof(*ids));
	char pointer[40];
	int64_t code = -1;

	for (int i = 0; i < PARTS_MAX; i++) {
		int64_t next;

		snprintf(pointer, sizeof(pointer), "/messages/%d/status", i);
		next = carrier_http_number_at(a->doc, pointer, -1);
		if (next < 0)
			break;
		code = code <= 0 ? next : code;
		v->partly = v->partly || next == 0;
		snprintf(pointer, sizeof(pointer), "/messages/%d/message-id", i);
		v->part_count = carrier_add_id(ids, v->part_count, text_at(a, pointer));
	}
	v->part_ids = ids;
	return code;
}

static void
take_ids(struct carrier_http_verdict *v)
{
	v->partly = false;
	if (v->part_count > 0)
		snprintf(v->message_id, sizeof(v->message_id), "%s", v->part_ids[0]);
	if (v->part_count < 2)
		v->part_count = 0;
}

static void
classify_answer(const struct carrier_config *config, const struct carrier_http_answer *a,
    struct carrier_http_verdict *v)
{
	int64_t code;

	(void)config;
	carrier_http_classify_status(a->status, v);
	if (v->result != CARRIER_ACCEPTED)
		return;
	code = read_parts(a, v);
	v->result = CARRIER_UNKNOWN;
	snprintf(v->reason, sizeof(v->reason), "HTTP %d, status %lld", a->status,
	    (long long)code);
	if (!carrier_http_classify_code(codes, countof(codes), code, v) && code > 0)
		v->result = CARRIER_REFUSED;
	if (code > 0)
		v->code = (uint32_t)code;
	if (v->result == CARRIER_ACCEPTED)
		take_ids(v);
}

/* ---- receipts ---- */

/* A member of a webhook that came as JSON, as a form or as a query. */
static const char *
member(struct carrier_receipts *r, const struct carrier_request *request,
    const json_t *doc, const char *name)
{
	char text[256];

	if (doc == NULL)
		return carrier_http_request_param(r->arena, request, name);
	if (!json_pointer_scalar_text(json_object_get(doc, name), text, sizeof(text)))
		return NULL;
	return arena_text(r->arena, span_of(text));
}

/* NULL: it is a form or a query. */
static json_t *
document_of(const struct carrier_request *request)
{
	json_t *doc;

	if (json_lenient_parse(request->body, &doc) == OK && !json_is_object(doc) &&
	    !json_is_array(doc)) {
		json_decref(doc);
		doc = NULL;
	}
	return doc;
}

/* A gatherer of webhooks sends a list of them. */
static size_t
webhook_count(const json_t *doc)
{
	return json_is_array(doc) ? json_array_size(doc) : 1;
}

static const json_t *
webhook_at(const json_t *doc, size_t i)
{
	return json_is_array(doc) ? json_array_get(doc, i) : doc;
}

static void
add_signed(struct buf *text, const char *name, const char *value)
{
	if (strcmp(name, "sig") == 0)
		return;
	buf_printf(text, "&%s=", name);
	for (; *value != '\0'; value++)
		buf_add_char(text, *value == '&' || *value == '=' ? '_' : *value);
}

/* False for what cannot be signed: it would be judged over less than was sent. */
static bool
json_params_sorted(struct arena *a, const json_t *doc, struct text_map *out)
{
	struct text_map map = {0};
	const char *name;
	json_t *value;
	char text[1024];

	if (json_object_size(doc) > MEMBERS_MAX)
		return false;
	map.pairs = arena_alloc(a, (json_object_size(doc) + 1) * sizeof(*map.pairs));
	json_object_foreach((json_t *)(uintptr_t)doc, name, value)
	{
		size_t at = map.count;

		if (!json_pointer_scalar_text(value, text, sizeof(text)))
			return false;
		for (; at > 0 && strcmp(map.pairs[at - 1].name, name) > 0; at--)
			map.pairs[at] = map.pairs[at - 1];
		map.pairs[at] = (struct text_pair){
		    arena_text(a, span_of(name)), arena_text(a, span_of(text))};
		map.count++;
	}
	*out = map;
	return true;
}

static const char *
sign(struct carrier_receipts *r, struct span text)
{
	const struct carrier_vonage_options *c = r->config->options;
	const char *method = c->signature_method;
	struct span key = span_of(c->signature_secret);

	return strcmp(method, "md5hash") == 0
		   ? http_sign_md5_hex(r->arena, key, text)
		   : http_sign_hmac_hex(r->arena, method, key, text);
}

/* All parameters but `sig`, sorted: "&name=value", with & and = in values as _. */
static bool
trusts_signature(
    struct carrier_receipts *r, const struct carrier_request *request, const json_t *doc)
{
	const char *given = member(r, request, doc, "sig");
	struct span form = request->body.len > 0 ? request->body : request->query;
	struct text_map params;
	struct buf text;
	bool same = false;

	if (given == NULL ||
	    (doc != NULL ? !json_params_sorted(r->arena, doc, &params)
			 : !carrier_http_params_sorted(r->arena, form, &params)))
		return false;
	buf_init(&text, 1 << 20);
	for (size_t i = 0; i < params.count; i++)
		add_signed(&text, params.pairs[i].name, params.pairs[i].value);
	if (!text.failed)
		same = http_sign_equal_hex(sign(r, buf_span(&text)), span_of(given));
	buf_fini(&text);
	return same;
}

static bool
trusts(struct carrier_receipts *r, const struct carrier_request *request)
{
	const struct carrier_vonage_options *c = r->config->options;
	json_t *doc;
	bool trusted;

	if (c->http.receipt_secret != NULL && !carrier_http_trusts_secret(r, request))
		return false;
	if (c->signature_secret == NULL)
		return c->http.receipt_secret != NULL;
	doc = document_of(request);
	if (vonage_voice_is_event(doc)) {
		trusted = vonage_voice_is_signed(r, request);
		json_decref(doc);
		return trusted;
	}
	trusted = webhook_count(doc) > 0;
	for (size_t i = 0; trusted && i < webhook_count(doc); i++)
		trusted = trusts_signature(r, request, webhook_at(doc, i));
	json_decref(doc);
	return trusted;
}

static enum err
read_one(
    struct carrier_receipts *r, const struct carrier_request *request, const json_t *doc)
{
	const char *name = member(r, request, doc, "status");
	const char *code = member(r, request, doc, "err-code");
	struct carrier_receipt one = {.message_id = member(r, request, doc, "messageId")};
	const struct carrier_http_code *row = NULL;

	if (vonage_voice_is_event(doc))
		return vonage_voice_read(r, doc);
	for (size_t i = 0; name != NULL && i < countof(statuses); i++)
		if (strcmp(statuses[i].name, name) == 0)
			one.status = statuses[i].status;
	if (one.status == REPORT_NONE)
		return ERR_SYNTAX;
	for (size_t i = 0; code != NULL && i < countof(receipt_codes); i++) {
		char text[8];

		snprintf(text, sizeof(text), "%d", (int)receipt_codes[i].code);
		if (strcmp(text, code) == 0)
			row = &receipt_codes[i];
	}
	if (row != NULL && report_message_state(one.status) == MESSAGE_FAILED)
		one.error = row->error;
	if (one.status == REPORT_UNDELIVERABLE_NOT_DELIVERED && row != NULL &&
	    row->status != REPORT_NONE)
		one.status = row->status;
	return carrier_http_receipt_add(r, &one);
}

static enum err
read_receipts(struct carrier_receipts *r, const struct carrier_request *request)
{
	json_t *doc = document_of(request);
	enum err e = OK;

	if (doc == NULL &&
	    (carrier_http_request_repeats(r->arena, request, "messageId") ||
		carrier_http_request_repeats(r->arena, request, "status")))
		e = ERR_SYNTAX;
	for (size_t i = 0; e == OK && i < webhook_count(doc); i++)
		e = read_one(r, request, webhook_at(doc, i));
	json_decref(doc);
	return e;
}

static const struct carrier_http_vendor vendor = {
    .ways = {[CHANNEL_SMS] = {.make = make_sms, .classify = classify_answer},
	[CHANNEL_VOICE] = {.make = vonage_voice_make, .classify = vonage_voice_classify}},
    .make_token = vonage_voice_make_token,
    .trusts = trusts,
    .read = read_receipts};

CARRIER_HTTP(vonage, CHANNEL_BIT(CHANNEL_SMS) | CHANNEL_BIT(CHANNEL_VOICE))
