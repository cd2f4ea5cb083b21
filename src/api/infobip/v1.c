/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Infobip's 2FA API, version 1 (contract 0.5, 1.4, 1.5, 2.6, 6.2). Durations are
 * numbers of milliseconds, or, as later clients send them, the texts of version 2;
 * each member may be either.
 */
#include "api/body.h"
#include "api/cors.h"
#include "api/dialects.h"
#include "api/infobip/error.h"
#include "api/ops/key.h"
#include "api/infobip/pin.h"
#include "api/ops/ops.h"
#include "api/ops/send.h"
#include "api/ops/verify.h"
#include "base/json_scalar.h"
#include "store/config.h"
#include "twofa/scope.h"

static struct error_words
words_of(struct call *c, enum err e)
{
	switch (e) {
	case ERR_INVALID:
	case ERR_SYNTAX:
	case ERR_FRAMING:
	case ERR_EXISTS:
		return (struct error_words){400, "INVALID_ARGUMENT", "Invalid argument"};
	case ERR_UNAUTHORIZED:
		return (struct error_words){401, "UNAUTHORIZED", "Invalid login details"};
	case ERR_FORBIDDEN:
		return (struct error_words){403, "UNAUTHORIZED", "Unauthorized access"};
	case ERR_NOT_FOUND:
		return (struct error_words){404, "RESOURCE_NOT_FOUND",
		    "Application or message with given ID cannot be found."};
	case ERR_NO_ROUTE:
		return (struct error_words){404, "NOT_FOUND", error_no_route_text(c)};
	case ERR_METHOD:
		return (struct error_words){
		    405, "INVALID_ARGUMENT", "Method not allowed"};
	case ERR_REQUEST_TIMEOUT:
		return (struct error_words){
		    408, "INVALID_ARGUMENT", "The request took too long"};
	case ERR_CONFLICT:
		return (struct error_words){
		    409, "INVALID_ARGUMENT", "The same request is still being processed"};
	case ERR_MISMATCH:
		return (struct error_words){422, "INVALID_ARGUMENT",
		    "The idempotency key was used with another request"};
	case ERR_TOO_LARGE:
		return (struct error_words){
		    413, "INVALID_ARGUMENT", "Request body is too large"};
	case ERR_MEDIA_TYPE:
		return (struct error_words){
		    415, "UNSUPPORTED_CONTENT_TYPE", "Content type is not supported"};
	case ERR_HEADERS_TOO_LARGE:
		return (struct error_words){
		    431, "INVALID_ARGUMENT", "Request headers are too large"};
	case ERR_THROTTLED:
		return (struct error_words){
		    429, "THROTTLE_EXCEPTION", "Too many requests"};
	case ERR_OVERLOADED:
	case ERR_NO_SPACE:
	case ERR_BUSY:
	case ERR_NO_KEY:
	case ERR_DOWN:
		return (struct error_words){
		    503, "SERVICE_UNAVAILABLE", "Service unavailable"};
	case OK:
	case ERR_NEWER:
	case ERR_CORRUPT:
	case ERR_IO:
	case ERR_SYNC:
	case ERR_INTERNAL:
	case ERR_UNKNOWN:
	case ERR_COUNT:
		break;
	}
	return (struct error_words){
	    500, "GENERAL_EXCEPTION", "Something went wrong. Please contact support."};
}

static void
put_error(struct call *c, enum err e)
{
	struct error_words words = words_of(c, e);

	error_put(c, &words);
}

/* ---- applications ---- */

struct application_request {
	struct application_change change;
	json_t *pin_ttl;
};

#define AT(member) offsetof(struct application_request, change.member)
static const struct json_row configuration_rows[] = {
    {"pinTimeToLive", JSON_ROW_VALUE, false,
	offsetof(struct application_request, pin_ttl), 0, 0, NULL},
    {"pinAttempts", JSON_ROW_INT, false, AT(pin_attempts), 1, APPLICATION_ATTEMPTS_MAX,
	NULL},
    {"allowMultiplePinVerifications", JSON_ROW_BOOL, false, AT(allow_multiple), 0, 0,
	NULL},
    {"verifyPinLimit", JSON_ROW_TEXT, false, AT(verify_limit), 0, 0, NULL},
    {"sendPinPerApplicationLimit", JSON_ROW_TEXT, false, AT(send_application_limit), 0, 0,
	NULL},
    {"sendPinPerPhoneNumberLimit", JSON_ROW_TEXT, false, AT(send_phone_limit), 0, 0,
	NULL},
    {"verificationAttempts", JSON_ROW_INT, false, AT(verify_count), 0, 0, NULL},
    {"verificationIntervalLength", JSON_ROW_INT, false, AT(verify_period_ms), 0, 0, NULL},
    {"initiationAttempts", JSON_ROW_INT, false, AT(send_phone_count), 0, 0, NULL},
    {"initiationIntervalLength", JSON_ROW_INT, false, AT(send_phone_period_ms), 0, 0,
	NULL},
    {"overallInitiationAttempts", JSON_ROW_INT, false, AT(send_application_count), 0, 0,
	NULL},
    {"overallInitiationIntervalLength", JSON_ROW_INT, false,
	AT(send_application_period_ms), 0, 0, NULL},
    {0},
};

static const struct json_row create_rows[] = {
    {"name", JSON_ROW_TEXT, true, AT(name), 1, APPLICATION_NAME_MAX, NULL},
    {"enabled", JSON_ROW_BOOL, false, AT(enabled), 0, 0, NULL},
    {"configuration", JSON_ROW_OBJECT, false, 0, 0, 0, configuration_rows},
    {0},
};

static const struct json_row update_rows[] = {
    {"name", JSON_ROW_TEXT, false, AT(name), 1, APPLICATION_NAME_MAX, NULL},
    {"enabled", JSON_ROW_BOOL, false, AT(enabled), 0, 0, NULL},
    {"configuration", JSON_ROW_OBJECT, false, 0, 0, 0, configuration_rows},
    {0},
};
#undef AT

static enum err
read_ttl(struct call *c, struct application_request *r)
{
	int64_t ms;

	if (json_scalar_as_int(r->pin_ttl, &ms)) {
		r->change.pin_ttl_ms = (struct opt_int){true, ms};
	} else if (json_is_string(r->pin_ttl)) {
		r->change.pin_ttl = json_string_value(r->pin_ttl);
	} else if (r->pin_ttl != NULL) {
		fail_add(&c->fail, "configuration.pinTimeToLive",
		    "must be a number of milliseconds or a duration such as 15m");
		return ERR_INVALID;
	}
	return OK;
}

static enum err
check_application(struct call *c, const struct json_row *rows, bool create)
{
	struct application_request *r = arena_alloc(&c->arena, sizeof(*r));
	const struct application_change *change = &r->change;
	struct application_job *j;
	bool texts;
	bool numbers;
	enum err e = body_read(c, rows, r);

	if ((e == OK || e == ERR_INVALID) && read_ttl(c, r) != OK)
		e = ERR_INVALID;
	if (e == ERR_INVALID)
		e = ops_application_faults(c, change);
	if (e == OK)
		e = ops_application_put(c, change, create);
	if (e != OK)
		return e;
	texts = change->pin_ttl != NULL || change->verify_limit != NULL ||
		change->send_application_limit != NULL ||
		change->send_phone_limit != NULL;
	numbers = change->pin_ttl_ms.set || change->verify_count.set ||
		  change->verify_period_ms.set || change->send_phone_count.set ||
		  change->send_phone_period_ms.set ||
		  change->send_application_count.set ||
		  change->send_application_period_ms.set;
	j = c->job;
	j->v1_texts_set = texts || numbers;
	j->v1_texts = texts;
	return OK;
}

static enum err
check_create_application(struct call *c)
{
	return check_application(c, create_rows, true);
}

static enum err
check_update_application(struct call *c)
{
	return check_application(c, update_rows, false);
}

static const struct operation create_application = {.name = "application_create",
    .check = check_create_application,
    .proceed = ops_proceed_application,
    .answer = ops_application_answer};
static const struct operation update_application = {.name = "application_update",
    .check = check_update_application,
    .proceed = ops_proceed_application,
    .answer = ops_application_answer,
    .finds = THING_APPLICATION};

static void
put_rate_numbers(
    struct json_out *out, const struct rate *rate, const char *count, const char *period)
{
	json_out_int(out, count, rate->count);
	json_out_int(out, period, rate->period_ms);
}

static void
put_config_numbers(struct json_out *out, const struct application_config *config)
{
	json_out_int(out, "pinTimeToLive", config->pin_ttl.ms);
	json_out_int(out, "pinAttempts", config->pin_attempts);
	put_rate_numbers(out, &config->verify_limit, "verificationAttempts",
	    "verificationIntervalLength");
	put_rate_numbers(out, &config->send_phone_limit, "initiationAttempts",
	    "initiationIntervalLength");
	put_rate_numbers(out, &config->send_application_limit,
	    "overallInitiationAttempts", "overallInitiationIntervalLength");
	json_out_int(out, "initiationThrottlingProlongationFactor", 1);
	json_out_int(out, "initiationThrottlingWaitPeriod", 0);
}

static void
put_config_texts(struct json_out *out, const struct application_config *config)
{
	json_out_text(out, "pinTimeToLive", config->pin_ttl.text);
	json_out_int(out, "pinAttempts", config->pin_attempts);
	json_out_bool(out, "allowMultiplePinVerifications", config->allow_multiple);
	json_out_text(out, "verifyPinLimit", config->verify_limit.text);
	json_out_text(
	    out, "sendPinPerApplicationLimit", config->send_application_limit.text);
	json_out_text(out, "sendPinPerPhoneNumberLimit", config->send_phone_limit.text);
}

static void
put_application(struct json_out *out, const struct application *app, bool texts)
{
	char id[IDENT_TEXT_LEN + 1];

	ident_text(&app->id, id);
	json_out_text(out, "applicationId", id);
	json_out_text(out, "name", app->name);
	json_out_object(out, "configuration");
	if (texts)
		put_config_texts(out, &app->config);
	else
		put_config_numbers(out, &app->config);
	json_out_end(out);
	json_out_bool(out, "enabled", app->enabled);
	ident_text(&app->process, id);
	json_out_text(out, "processId", id);
}

/* ---- templates ---- */

#define AT(member) offsetof(struct template_change, member)
#define ROWS(required)                                                                   \
	TEMPLATE_ROWS(AT, required),                                                     \
	    {"sender", JSON_ROW_LINE, false, AT(sender), 0, TEMPLATE_SENDER_MAX, NULL},  \
	{                                                                                \
		0                                                                        \
	}

static const struct json_row create_template_rows[] = {ROWS(true)};
static const struct json_row update_template_rows[] = {ROWS(false)};
#undef ROWS
#undef AT

/* The sender by the name the last v1 request used. */
static void
put_template(struct json_out *out, const struct template *t)
{
	ops_put_template(out, t);
	json_out_text(out, "language", t->language);
	json_out_text(out, t->v1_sender ? "sender" : "senderId", t->sender);
	json_out_text(out, "repeatDTMF", t->repeat_dtmf);
	if (t->speech_rate.set)
		json_out_double(out, "speechRate", t->speech_rate.value);
}

static const struct route routes[] = {
    /* most requests are of these, and the rows are looked at in turn */
    {"POST", "/pin/{}/verify", SCOPE_PIN, &op_verify, &wire_verify},
    {"POST", "/pin", SCOPE_PIN, &op_send, &wire_send},
    {"POST", "/pin/{}/resend", SCOPE_PIN, &op_resend, &wire_resend_v1},
    {"GET", "/applications", SCOPE_MANAGE, &op_application_list, NULL},
    {"POST", "/applications", SCOPE_MANAGE, &create_application, NULL},
    {"GET", "/applications/{}", SCOPE_MANAGE, &op_application_get, NULL},
    {"PUT", "/applications/{}", SCOPE_MANAGE, &update_application, NULL},
    {"GET", "/applications/{}/messages", SCOPE_MANAGE, &op_template_list, NULL},
    {"POST", "/applications/{}/messages", SCOPE_MANAGE, &op_template_create, NULL},
    {"GET", "/applications/{}/messages/{}", SCOPE_MANAGE, &op_template_get, NULL},
    {"PUT", "/applications/{}/messages/{}", SCOPE_MANAGE, &op_template_update, NULL},
    {"GET", "/applications/{}/verifications", SCOPE_PIN, &op_verifications, NULL},
    {"GET", "/applications/{}/verified", SCOPE_PIN, &op_verifications, NULL},
    {"POST", "/api-key", SCOPE_ACCOUNT, &op_key_mint, NULL},
    {"POST", "/pin/sms", SCOPE_PIN, &op_send, &wire_send},
    {"POST", "/pin/voice", SCOPE_PIN, &op_no_channel, NULL},
    {"POST", "/pin/{}/resend/sms", SCOPE_PIN, &op_resend, &wire_resend_v1},
    {"POST", "/pin/{}/resend/voice", SCOPE_PIN, &op_no_channel, NULL},
    {"GET", "/pin/{}/status", SCOPE_PIN, &op_status, NULL},
    {"GET", "/pin/{}/status/sms", SCOPE_PIN, &op_status, NULL},
};

const struct dialect dialect_v1 = {
    .name = "v1",
    .prefix = "/2fa/1",
    .version = 1,
    .routes = routes,
    .route_count = countof(routes),
    .put_error = put_error,
    .read_body = body_json_or_form,
    .put_cors = cors_any,
    .put_application = put_application,
    .create_template_rows = create_template_rows,
    .update_template_rows = update_template_rows,
    .put_template = put_template,
    /* nobody who speaks it can read the other kind */
    .template_kinds = 1u << TEMPLATE_MESSAGE,
    .pin_length_max = 8,
};
