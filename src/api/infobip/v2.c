/* SPDX-License-Identifier: Apache-2.0 */
/* Infobip's 2FA API, version 2: routes, and words for errors (contract 0.5, 6.2). */
#include "api/body.h"
#include "api/cors.h"
#include "api/dialects.h"
#include "api/infobip/application.h"
#include "api/infobip/error.h"
#include "api/infobip/pin.h"
#include "api/infobip/status.h"
#include "api/infobip/template.h"
#include "api/ops/application.h"
#include "api/ops/send.h"
#include "api/ops/status.h"
#include "api/ops/template.h"
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

/* ---- routes ---- */

static const struct route routes[] = {
    /* most requests are of these, and the rows are looked at in turn */
    {"POST", "/pin/{}/verify", SCOPE_PIN, &op_verify, &wire_verify},
    {"POST", "/pin", SCOPE_PIN, &op_send, &wire_send},
    {"POST", "/pin/{}/resend", SCOPE_PIN, &op_resend, &wire_resend},
    {"GET", "/applications", SCOPE_MANAGE, &op_application_list, &application_v2.list},
    {"POST", "/applications", SCOPE_MANAGE, &op_application_create,
	&application_v2.create},
    {"GET", "/applications/{}", SCOPE_MANAGE, &op_application_get, &application_v2.get},
    {"PUT", "/applications/{}", SCOPE_MANAGE, &op_application_update,
	&application_v2.update},
    {"GET", "/applications/{}/messages", SCOPE_MANAGE, &op_template_list,
	&template_v2.list},
    {"POST", "/applications/{}/messages", SCOPE_MANAGE, &op_template_create,
	&template_v2.create},
    {"GET", "/applications/{}/messages/{}", SCOPE_MANAGE, &op_template_get,
	&template_v2.get},
    {"PUT", "/applications/{}/messages/{}", SCOPE_MANAGE, &op_template_update,
	&template_v2.update},
    {"POST", "/applications/{}/email/messages", SCOPE_MANAGE, &op_email_template_create,
	&template_v2.create_email},
    {"PUT", "/applications/{}/email/messages/{}", SCOPE_MANAGE, &op_email_template_update,
	&template_v2.update_email},
    {"GET", "/applications/{}/verifications", SCOPE_PIN, &op_verifications,
	&wire_verifications_v2},
    {"POST", "/pin/voice", SCOPE_PIN, &op_send, &wire_send_voice},
    {"POST", "/pin/email", SCOPE_PIN, &op_send, &wire_send_email},
    {"POST", "/pin/{}/resend/voice", SCOPE_PIN, &op_resend, &wire_resend_voice},
    {"POST", "/pin/{}/resend/email", SCOPE_PIN, &op_resend, &wire_resend_email},
};

/* ---- XML: the names of the published schemas (contract 0.3) ---- */

static const struct {
	const struct wire *wire;
	const char *root;
} roots[] = {
    {&wire_verify, "VerifyPinResponse"},
    {&wire_send, "StartAuthenticationResponse"},
    {&wire_resend, "StartAuthenticationResponse"},
    {&wire_send_voice, "StartAuthenticationResponse"},
    {&wire_resend_voice, "StartAuthenticationResponse"},
    {&wire_send_email, "StartEmailAuthenticationResponse"},
    {&wire_resend_email, "StartEmailAuthenticationResponse"},
    {&application_v2.list, "ApplicationResponses"},
    {&application_v2.create, "ApplicationResponse"},
    {&application_v2.get, "ApplicationResponse"},
    {&application_v2.update, "ApplicationResponse"},
    {&template_v2.list, "Messages"},
    {&template_v2.get, "Message"},
    {&template_v2.create, "SmsOrVoiceMessage"},
    {&template_v2.update, "SmsOrVoiceMessage"},
    {&template_v2.create_email, "EmailMessage"},
    {&template_v2.update_email, "EmailMessage"},
    {&wire_verifications_v2, "VerificationResponse"},
};

static const char *
xml_root(const struct call *c)
{
	for (size_t i = 0; i < countof(roots) && c->response.err == OK; i++)
		if (roots[i].wire == c->route->wire)
			return roots[i].root;
	return "ApiException";
}

const struct dialect dialect_v2 = {
    .name = "v2",
    .prefix = "/2fa/2",
    .routes = routes,
    .route_count = countof(routes),
    .put_error = v2_put_error,
    .xml_root = xml_root,
    .read_body = body_json_or_xml,
    .put_cors = cors_by_option,
};
