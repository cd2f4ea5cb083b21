/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Twilio's Messages and Calls resources (API 2010-04-01): a form, Basic with account and
 * token. Creating either is not idempotent there: one whose outcome is unknown may arrive
 * twice. The words of a call go with it (TwiML), so that nobody fetches them from us.
 * Receipts are status callbacks, signed with the token (X-Twilio-Signature).
 */
#include <stdio.h>

#include "carrier/carrier_http.h"
#include "net/http_sign.h"
#include "carrier/types.h"
#include "twofa/spoken.h"

enum {
	VALIDITY_MAX_S = 36000,
	RING_MAX_S = 60,
	TWIML_LEN_MAX = 4000,
	VOICE_LEN_MAX = 96
};

/* Codes of answers and ErrorCode of callbacks: the error dictionary at
 * twilio.com/docs/api. */
static const struct carrier_http_code codes[] = {
    {20003, CARRIER_REFUSED, false, true, REPORT_NONE, REPORT_ERROR_NO_ERROR},
    {20005, CARRIER_REFUSED, false, true, REPORT_NONE, REPORT_ERROR_NO_ERROR},
    {20429, CARRIER_RETRY, true, false, REPORT_NONE, REPORT_ERROR_NO_ERROR},
    {21210, CARRIER_REFUSED, false, true, REPORT_REJECTED_SOURCE,
	REPORT_ERROR_EC_INVALID_SOURCE_ADDRESS},
    {21211, CARRIER_REFUSED, false, false, REPORT_REJECTED_DESTINATION,
	REPORT_ERROR_EC_INVALID_DESTINATION_ADDRESS},
    {21212, CARRIER_REFUSED, false, true, REPORT_REJECTED_SOURCE,
	REPORT_ERROR_EC_INVALID_SOURCE_ADDRESS},
    {21213, CARRIER_REFUSED, false, true, REPORT_REJECTED_SOURCE,
	REPORT_ERROR_EC_INVALID_SOURCE_ADDRESS},
    {21214, CARRIER_REFUSED, false, true, REPORT_REJECTED_ROUTE_NOT_AVAILABLE,
	REPORT_ERROR_NO_ERROR},
    {21215, CARRIER_REFUSED, false, true, REPORT_REJECTED_NETWORK, REPORT_ERROR_NO_ERROR},
    {21216, CARRIER_REFUSED, false, true, REPORT_REJECTED_DESTINATION_BLOCKLISTED,
	REPORT_ERROR_EC_BLACKLISTED_DESTINATIONADDRESS},
    {21217, CARRIER_REFUSED, false, false, REPORT_REJECTED_DESTINATION,
	REPORT_ERROR_EC_INVALID_DESTINATION_ADDRESS},
    {21219, CARRIER_REFUSED, false, true, REPORT_REJECTED_DESTINATION_NOT_REGISTERED,
	REPORT_ERROR_NO_ERROR},
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

/* MessageStatus of a callback, CallStatus of another; `error` where it has no code. */
struct status_word {
	const char *name;
	enum report_status status;
	enum report_error error;
};

static const struct status_word call_statuses[] = {
    {"queued", REPORT_PENDING_ACCEPTED, REPORT_ERROR_NO_ERROR},
    {"initiated", REPORT_PENDING_ENROUTE, REPORT_ERROR_NO_ERROR},
    {"ringing", REPORT_PENDING_ENROUTE, REPORT_ERROR_NO_ERROR},
    {"in-progress", REPORT_PENDING_ENROUTE, REPORT_ERROR_NO_ERROR},
    {"completed", REPORT_DELIVERED_TO_HANDSET, REPORT_ERROR_NORMAL_HANGUP},
    {"busy", REPORT_BUSY, REPORT_ERROR_BUSY},
    {"no-answer", REPORT_NO_ANSWER, REPORT_ERROR_NO_ANSWER},
    {"canceled", REPORT_CANCELLED, REPORT_ERROR_CANCELLED},
    {"failed", REPORT_UNDELIVERABLE_NOT_DELIVERED, REPORT_ERROR_UNKNOWN},
};

/* SipResponseCode of a call that failed (RFC 3261 21). */
static const struct carrier_http_code call_codes[] = {
    {403, 0, false, false, REPORT_UNDELIVERABLE_REJECTED_OPERATOR,
	REPORT_ERROR_FORBIDDEN},
    {404, 0, false, false, REPORT_NONE, REPORT_ERROR_DESTINATION_NOT_FOUND},
    {408, 0, false, false, REPORT_NONE, REPORT_ERROR_REQUEST_TIMEOUT},
    {410, 0, false, false, REPORT_NONE, REPORT_ERROR_DESTINATION_NOT_FOUND},
    {480, 0, false, false, REPORT_NONE, REPORT_ERROR_TEMPORARILY_UNAVAILABLE},
    {484, 0, false, false, REPORT_REJECTED_DESTINATION, REPORT_ERROR_INVALID_DESTINATION},
    {486, 0, false, false, REPORT_BUSY, REPORT_ERROR_BUSY},
    {503, 0, false, false, REPORT_NONE, REPORT_ERROR_SERVICE_UNAVAILABLE},
    {600, 0, false, false, REPORT_BUSY, REPORT_ERROR_BUSY},
    {603, 0, false, false, REPORT_REJECTED, REPORT_ERROR_REJECTED},
    {604, 0, false, false, REPORT_NONE, REPORT_ERROR_DESTINATION_NOT_FOUND},
};

static const struct status_word statuses[] = {
    {"accepted", REPORT_PENDING_ACCEPTED, REPORT_ERROR_NO_ERROR},
    {"scheduled", REPORT_PENDING_ACCEPTED, REPORT_ERROR_NO_ERROR},
    {"queued", REPORT_PENDING_ACCEPTED, REPORT_ERROR_NO_ERROR},
    {"sending", REPORT_PENDING_ENROUTE, REPORT_ERROR_NO_ERROR},
    {"sent", REPORT_PENDING_ENROUTE, REPORT_ERROR_NO_ERROR},
    {"delivered", REPORT_DELIVERED_TO_HANDSET, REPORT_ERROR_NO_ERROR},
    {"read", REPORT_DELIVERED_TO_HANDSET, REPORT_ERROR_NO_ERROR},
    {"undelivered", REPORT_UNDELIVERABLE_NOT_DELIVERED, REPORT_ERROR_NO_ERROR},
    {"failed", REPORT_UNDELIVERABLE_NOT_SENT, REPORT_ERROR_NO_ERROR},
    {"canceled", REPORT_CANCELLED, REPORT_ERROR_NO_ERROR},
};

static enum err
make(struct carrier_http_maker *m, const char *resource)
{
	const struct carrier_http_options *c = m->config->options;
	const char *base = c->url == NULL ? "https://api.twilio.com" : c->url;
	struct carrier_http_recipe *r = &m->recipe;

	if (c->user == NULL || c->secret == NULL) {
		m->field = c->user == NULL ? "account_sid" : "auth_token_file";
		snprintf(m->why, sizeof(m->why), "is needed");
		return ERR_INVALID;
	}
	r->method = "POST";
	r->url = arena_printf(
	    m->arena, "%s/2010-04-01/Accounts/%s/%s.json", base, c->user, resource);
	r->headers[0] = "Content-Type: application/x-www-form-urlencoded";
	r->headers[1] = arena_printf(
	    m->arena, "Authorization: %s", http_sign_basic(m->arena, c->user, c->secret));
	r->sink = HTTP_TEMPLATE_SINK_URL;
	r->validity_min_s = 1;
	r->plus_sender = true;
	return OK;
}

static enum err
make_sms(struct carrier_http_maker *m)
{
	const struct carrier_twilio_options *c = m->config->options;
	struct carrier_http_recipe *r = &m->recipe;

	r->body = arena_printf(m->arena,
	    "To=%%2B{{to}}&%s%s&Body={{text}}&ValidityPeriod={{validity_s}}%s",
	    c->service == NULL ? "From={{from}}" : "MessagingServiceSid=",
	    c->service == NULL ? "" : c->service,
	    m->callback_url == NULL ? "" : "&StatusCallback={{callback_url}}");
	r->validity_max_s = VALIDITY_MAX_S;
	return make(m, "Messages");
}

/* ---- the words of a call ---- */

/*
 * A voice by its name: one of Amazon's, as templates of this API name them ("Joanna"), or
 * one with its maker in front. "": another is left out, as TwiML with an unknown one says
 * nothing at all.
 */
static void
name_voice(char out[VOICE_LEN_MAX], const char *name)
{
	static const char letters[] =
	    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_0123456789";
	const size_t alone = 52; /* so many of them in a bare name */
	size_t word = 0;
	bool basic;

	out[0] = '\0';
	if (name == NULL)
		return;
	while (name[word] != '\0' && memchr(letters, name[word], alone) != NULL)
		word++;
	basic = strcmp(name, "man") == 0 || strcmp(name, "woman") == 0;
	if (word > 0 && name[word] == '\0')
		snprintf(out, VOICE_LEN_MAX, "%s%s", basic ? "" : "Polly.", name);
	else if (word > 0 && name[word] == '.' &&
		 name[word + 1 + strspn(name + word + 1, letters)] == '\0')
		snprintf(out, VOICE_LEN_MAX, "%s", name);
}

/* A rate needs markup. Voices of these names know it; with others it would be an error,
 * and nothing would be said. */
static bool
knows_markup(const char *voice)
{
	return (strncmp(voice, "Polly.", 6) == 0 || strncmp(voice, "Google.", 7) == 0) &&
	       strstr(voice, "Generative") == NULL && strstr(voice, "Chirp") == NULL;
}

static enum err
put_say(struct buf *out, const struct content_voice *voice)
{
	char name[VOICE_LEN_MAX];
	struct buf text;
	bool rated;
	enum err e;

	name_voice(name, voice->voice_name);
	rated = carrier_http_has_rate(voice) && knows_markup(name);
	buf_init(&text, TWIML_LEN_MAX * 4);
	spoken_write(&text, voice);
	buf_printf(out, "<Pause length=\"1\"/><Say language=\"%s\"", voice->language);
	if (name[0] != '\0')
		buf_printf(out, " voice=\"%s\"", name);
	buf_add_char(out, '>');
	if (rated)
		buf_printf(out, "<prosody rate=\"%d%%\">",
		    (int)(voice->speech_rate * 100 + 0.5));
	e = text.failed ? ERR_TOO_LARGE : http_template_put_xml(out, buf_span(&text));
	buf_printf(out, "%s</Say>", rated ? "</prosody>" : "");
	buf_fini(&text);
	return e;
}

static enum err
speak(struct buf *out, const struct content_voice *voice)
{
	unsigned rounds = carrier_http_rounds(voice);
	enum err e = OK;

	buf_add_text(out, "<Response>");
	for (unsigned i = 0; e == OK && i < rounds; i++)
		e = put_say(out, voice);
	buf_add_text(out, "</Response>");
	return e;
}

/* Timeout is how long it rings: never longer than the PIN lives. */
static enum err
make_voice(struct carrier_http_maker *m)
{
	struct carrier_http_recipe *r = &m->recipe;

	r->body =
	    m->callback_url == NULL
		? "To=%2B{{to}}&From={{from}}&Twiml={{spoken}}&Timeout={{validity_s}}"
		: "To=%2B{{to}}&From={{from}}&Twiml={{spoken}}&Timeout={{validity_s}}"
		  "&StatusCallback={{callback_url}}&StatusCallbackMethod=POST";
	r->speak = speak;
	r->tongue = CARRIER_HTTP_TONGUE_TWILIO;
	r->spoken_len_max = TWIML_LEN_MAX;
	r->validity_max_s = RING_MAX_S;
	return make(m, "Calls");
}

/* ---- answers and receipts ---- */

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

static const struct status_word *
find_word(const struct status_word *words, size_t count, const char *name)
{
	for (size_t i = 0; name != NULL && i < count; i++)
		if (strcmp(words[i].name, name) == 0)
			return &words[i];
	return NULL;
}

/* The code says more than that it failed. */
static void
take_code(struct carrier_receipt *one, const struct carrier_http_code *row)
{
	if (row == NULL || (row->status == REPORT_NONE && row->error == 0) ||
	    report_status_find(one->status)->group != REPORT_GROUP_UNDELIVERABLE)
		return;
	if (row->status != REPORT_NONE)
		one->status = row->status;
	one->error = row->error;
}

/* Where a form says what. */
struct receipt_form {
	const char *id;
	const char *status;
	const char *code;
	const struct status_word *words;
	size_t word_count;
	const struct carrier_http_code *codes;
	size_t code_count;
};

static const struct receipt_form of_messages = {"MessageSid", "MessageStatus",
    "ErrorCode", statuses, countof(statuses), codes, countof(codes)};
static const struct receipt_form of_calls = {"CallSid", "CallStatus", "SipResponseCode",
    call_statuses, countof(call_statuses), call_codes, countof(call_codes)};

static enum err
read_form(struct carrier_receipts *r, const struct carrier_request *request,
    const struct receipt_form *f)
{
	const char *code = carrier_http_request_param(r->arena, request, f->code);
	const struct status_word *word = find_word(f->words, f->word_count,
	    carrier_http_request_param(r->arena, request, f->status));
	struct carrier_receipt one = {
	    .message_id = carrier_http_request_param(r->arena, request, f->id)};

	if (word == NULL || carrier_http_request_repeats(r->arena, request, f->id) ||
	    carrier_http_request_repeats(r->arena, request, f->status))
		return ERR_SYNTAX;
	one.status = word->status;
	one.error = word->error;
	take_code(&one, carrier_http_code_find(f->codes, f->code_count, number_of(code)));
	return carrier_http_receipt_add(r, &one);
}

static enum err
read_receipt(struct carrier_receipts *r, const struct carrier_request *request)
{
	bool call = carrier_http_request_param(r->arena, request, "CallSid") != NULL;

	return read_form(r, request, call ? &of_calls : &of_messages);
}

/* A messaging service chooses one. */
static bool
needs_sender(const struct carrier_config *config)
{
	const struct carrier_twilio_options *c = config->options;

	return c->service == NULL ||
	       (carrier_http_carried(config) & CHANNEL_BIT(CHANNEL_VOICE)) != 0;
}

static const struct carrier_http_vendor vendor = {
    .ways = {[CHANNEL_SMS] = {.make = make_sms, .classify = classify_answer},
	[CHANNEL_VOICE] = {.make = make_voice, .classify = classify_answer}},
    .needs_sender = needs_sender,
    .trusts = trusts,
    .read = read_receipt};

CARRIER_HTTP(twilio, CHANNEL_BIT(CHANNEL_SMS) | CHANNEL_BIT(CHANNEL_VOICE))
