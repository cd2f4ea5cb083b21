/* SPDX-License-Identifier: Apache-2.0 */
/* Infobip's 2FA API, version 2 (contract 0.5, 1.1, 2.1, 6.2). */
#include "api/body.h"
#include "api/cors.h"
#include "api/dialects.h"
#include "api/infobip/error.h"
#include "api/infobip/pin.h"
#include "api/ops/ops.h"
#include "api/ops/send.h"
#include "api/ops/verify.h"
#include "twofa/scope.h"

/* ---- errors: ids that the official Java client knows, wherever there is one ---- */

static struct error_words
words_of(struct call *c, enum err e)
{
	switch (e) {
	case ERR_INVALID:
	case ERR_SYNTAX:
	case ERR_FRAMING:
	case ERR_EXISTS:
		return (struct error_words){400, "BAD_REQUEST", "Bad request"};
	case ERR_UNAUTHORIZED:
		return (struct error_words){401, "UNAUTHORIZED", "Invalid login details"};
	case ERR_FORBIDDEN:
		return (struct error_words){403, "FORBIDDEN", "Forbidden"};
	case ERR_NOT_FOUND:
		return (struct error_words){404, "NOT_FOUND", "Not found"};
	case ERR_NO_ROUTE:
		return (struct error_words){404, "NOT_FOUND", error_no_route_text(c)};
	case ERR_METHOD:
		return (struct error_words){405, "BAD_REQUEST", "Method not allowed"};
	case ERR_REQUEST_TIMEOUT:
		return (struct error_words){
		    408, "BAD_REQUEST", "The request took too long"};
	case ERR_CONFLICT:
		return (struct error_words){
		    409, "BAD_REQUEST", "The same request is still being processed"};
	case ERR_MISMATCH:
		return (struct error_words){422, "BAD_REQUEST",
		    "The idempotency key was used with another request"};
	case ERR_TOO_LARGE:
		return (struct error_words){
		    413, "BAD_REQUEST", "Request body is too large"};
	case ERR_MEDIA_TYPE:
		return (struct error_words){
		    415, "UNSUPPORTED_CONTENT_TYPE", "Content type is not supported"};
	case ERR_HEADERS_TOO_LARGE:
		return (struct error_words){
		    431, "BAD_REQUEST", "Request headers are too large"};
	case ERR_THROTTLED:
		return (struct error_words){
		    429, "TOO_MANY_REQUESTS", "Too many requests"};
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
	    500, "GENERAL_ERROR", "Something went wrong. Please contact support."};
}

void
v2_put_error(struct call *c, enum err e)
{
	struct error_words words = words_of(c, e);

	error_put(c, &words);
}

/* ---- applications ---- */

#define AT(member) offsetof(struct application_change, member)
static const struct json_row configuration_rows[] = {
    {"pinAttempts", JSON_ROW_INT, false, AT(pin_attempts), 1, APPLICATION_ATTEMPTS_MAX,
	NULL},
    {"allowMultiplePinVerifications", JSON_ROW_BOOL, false, AT(allow_multiple), 0, 0,
	NULL},
    {"pinTimeToLive", JSON_ROW_TEXT, false, AT(pin_ttl), 0, 0, NULL},
    {"verifyPinLimit", JSON_ROW_TEXT, false, AT(verify_limit), 0, 0, NULL},
    {"sendPinPerApplicationLimit", JSON_ROW_TEXT, false, AT(send_application_limit), 0, 0,
	NULL},
    {"sendPinPerPhoneNumberLimit", JSON_ROW_TEXT, false, AT(send_phone_limit), 0, 0,
	NULL},
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
check_application(struct call *c, const struct json_row *rows, bool create)
{
	struct application_change *change = arena_alloc(&c->arena, sizeof(*change));
	enum err e = body_read(c, rows, change);

	if (e == ERR_INVALID)
		return ops_application_faults(c, change);
	return e == OK ? ops_application_put(c, change, create) : e;
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
put_application(struct json_out *out, const struct application *app, bool texts)
{
	char id[IDENT_TEXT_LEN + 1];
	const struct application_config *config = &app->config;

	(void)texts;
	ident_text(&app->id, id);
	json_out_text(out, "applicationId", id);
	json_out_text(out, "name", app->name);
	json_out_object(out, "configuration");
	json_out_int(out, "pinAttempts", config->pin_attempts);
	json_out_bool(out, "allowMultiplePinVerifications", config->allow_multiple);
	json_out_text(out, "pinTimeToLive", config->pin_ttl.text);
	json_out_text(out, "verifyPinLimit", config->verify_limit.text);
	json_out_text(
	    out, "sendPinPerApplicationLimit", config->send_application_limit.text);
	json_out_text(out, "sendPinPerPhoneNumberLimit", config->send_phone_limit.text);
	json_out_end(out);
	json_out_bool(out, "enabled", app->enabled);
}

/* ---- templates ---- */

#define AT(member) offsetof(struct template_change, member)
static const struct json_row dlt_rows[] = {
    {"principalEntityId", JSON_ROW_TEXT, false, AT(dlt_entity), 0, 30, NULL},
    {"contentTemplateId", JSON_ROW_TEXT, false, AT(dlt_template), 0, 30, NULL},
    {"teleMarketerId", JSON_ROW_TEXT, false, AT(dlt_telemarketer), 0, 255, NULL},
    {0},
};

static const struct json_row regional_rows[] = {
    {"indiaDlt", JSON_ROW_OBJECT, false, 0, 0, 0, dlt_rows},
    {"indiaDlt", JSON_ROW_VALUE, false, AT(dlt), 0, 0, NULL},
    {0},
};

#define ROWS(required)                                                                   \
	TEMPLATE_ROWS(AT, required),                                                     \
	    {"voiceName", JSON_ROW_TEXT, false, AT(voice_name), 0, 100, NULL},           \
	    {"regional", JSON_ROW_OBJECT, false, 0, 0, 0, regional_rows},                \
	{                                                                                \
		0                                                                        \
	}

static const struct json_row create_template_rows[] = {ROWS(true)};
static const struct json_row update_template_rows[] = {ROWS(false)};
#undef ROWS
#undef AT

static void
put_regional(struct json_out *out, const struct template *t)
{
	if (t->dlt_entity == NULL)
		return;
	json_out_object(out, "regional");
	json_out_object(out, "indiaDlt");
	json_out_text(out, "contentTemplateId", t->dlt_template);
	json_out_text(out, "principalEntityId", t->dlt_entity);
	json_out_text(out, "teleMarketerId", t->dlt_telemarketer);
	json_out_end(out);
	json_out_end(out);
}

static void
put_template(struct json_out *out, const struct template *t)
{
	if (t->kind == TEMPLATE_EMAIL) {
		ops_put_email_template(out, t);
		return;
	}
	ops_put_template(out, t);
	json_out_text(out, "language", t->language);
	json_out_text(out, "voiceName", t->voice_name);
	json_out_text(out, "senderId", t->sender);
	json_out_text(out, "repeatDTMF", t->repeat_dtmf);
	if (t->speech_rate.set)
		json_out_double(out, "speechRate", t->speech_rate.value);
	put_regional(out, t);
}

static const struct route routes[] = {
    /* most requests are of these, and the rows are looked at in turn */
    {"POST", "/pin/{}/verify", SCOPE_PIN, &op_verify, &wire_verify},
    {"POST", "/pin", SCOPE_PIN, &op_send, &wire_send},
    {"POST", "/pin/{}/resend", SCOPE_PIN, &op_resend, &wire_resend},
    {"GET", "/applications", SCOPE_MANAGE, &op_application_list, NULL},
    {"POST", "/applications", SCOPE_MANAGE, &create_application, NULL},
    {"GET", "/applications/{}", SCOPE_MANAGE, &op_application_get, NULL},
    {"PUT", "/applications/{}", SCOPE_MANAGE, &update_application, NULL},
    {"GET", "/applications/{}/messages", SCOPE_MANAGE, &op_template_list, NULL},
    {"POST", "/applications/{}/messages", SCOPE_MANAGE, &op_template_create, NULL},
    {"GET", "/applications/{}/messages/{}", SCOPE_MANAGE, &op_template_get, NULL},
    {"PUT", "/applications/{}/messages/{}", SCOPE_MANAGE, &op_template_update, NULL},
    {"POST", "/applications/{}/email/messages", SCOPE_MANAGE, &op_email_template_create,
	NULL},
    {"PUT", "/applications/{}/email/messages/{}", SCOPE_MANAGE, &op_email_template_update,
	NULL},
    {"GET", "/applications/{}/verifications", SCOPE_PIN, &op_verifications, NULL},
    {"POST", "/pin/voice", SCOPE_PIN, &op_no_channel, NULL},
    {"POST", "/pin/email", SCOPE_PIN, &op_no_channel, NULL},
    {"POST", "/pin/{}/resend/voice", SCOPE_PIN, &op_no_channel, NULL},
    {"POST", "/pin/{}/resend/email", SCOPE_PIN, &op_no_channel, NULL},
};

const struct dialect dialect_v2 = {
    .name = "v2",
    .prefix = "/2fa/2",
    .version = 2,
    .routes = routes,
    .route_count = countof(routes),
    .put_error = v2_put_error,
    .put_cors = cors_by_option,
    .put_application = put_application,
    .create_template_rows = create_template_rows,
    .update_template_rows = update_template_rows,
    .put_template = put_template,
    .template_kinds = 1u << TEMPLATE_MESSAGE | 1u << TEMPLATE_EMAIL,
    .pin_length_max = PIN_LENGTH_MAX,
};
