/* SPDX-License-Identifier: Apache-2.0 */
/* Reports of calls and emails over HTTP: which are believed, and what they say. */
#include <openssl/evp.h>

#include "carrier/gateway.h"
#include "net/http_sign.h"

#define SECRET SPAN("a secret of the path")

struct report_case {
	const char *body;
	enum report_status status; /* REPORT_NONE: no receipt */
	enum report_error error;
};

static void
check_report(struct world *w, size_t i, const struct report_case *c)
{
	check_case(i, w->receipts == (c->status == REPORT_NONE ? 0 : 1));
	if (c->status == REPORT_NONE)
		return;
	check_case(i, strcmp(w->ids[0], "x") == 0);
	check_case(i, w->statuses[0] == c->status);
	check_case(i, w->errors[0] == c->error);
}

static const char *
sign_twilio(struct arena *a, const char *key, const char *body)
{
	struct buf text;
	const char *signature;

	buf_init(&text, 4096);
	buf_add_text(&text, "https://mycompany.com/r");
	for (const char *at = body; *at != '\0'; at++) /* its names are sorted */
		if (*at != '&' && *at != '=')
			buf_add_char(&text, *at);
	signature = http_sign_hmac_base64(a, "sha1", span_of(key), buf_span(&text));
	buf_fini(&text);
	return signature;
}

static void
test_reports_of_twilio(void **state)
{
	static const struct report_case cases[] = {
	    {"CallSid=x&CallStatus=ringing", REPORT_PENDING_ENROUTE, 0},
	    {"CallDuration=12&CallSid=x&CallStatus=completed",
		REPORT_DELIVERED_TO_HANDSET, REPORT_ERROR_NORMAL_HANGUP},
	    {"CallSid=x&CallStatus=busy&SipResponseCode=486", REPORT_BUSY,
		REPORT_ERROR_BUSY},
	    {"CallSid=x&CallStatus=no-answer", REPORT_NO_ANSWER, REPORT_ERROR_NO_ANSWER},
	    {"CallSid=x&CallStatus=canceled", REPORT_CANCELLED, REPORT_ERROR_CANCELLED},
	    {"CallSid=x&CallStatus=failed", REPORT_UNDELIVERABLE_NOT_DELIVERED,
		REPORT_ERROR_UNKNOWN},
	    {"CallSid=x&CallStatus=failed&SipResponseCode=404",
		REPORT_UNDELIVERABLE_NOT_DELIVERED, REPORT_ERROR_DESTINATION_NOT_FOUND},
	    {"CallSid=x&CallStatus=failed&SipResponseCode=603", REPORT_REJECTED,
		REPORT_ERROR_REJECTED},
	    {"CallSid=x&CallStatus=completed&SipResponseCode=404",
		REPORT_DELIVERED_TO_HANDSET, REPORT_ERROR_NORMAL_HANGUP},
	};
	struct world *w = *state;

	configure_channel(w, "twilio", voice_channels);
	open_carrier(w);
	for (size_t i = 0; i < countof(cases); i++) {
		struct arena a;
		struct header header = {SPAN("X-Twilio-Signature"), {NULL, 0}};
		struct carrier_request request = {.target = SPAN("/r"),
		    .body = span_of(cases[i].body),
		    .headers = &header,
		    .header_count = 1};

		arena_init(&a);
		header.value = span_of(sign_twilio(&a, "12345", cases[i].body));
		check_case(i, receive(w, request) == OK);
		check_report(w, i, &cases[i]);
		header.value = span_of(sign_twilio(&a, "12346", cases[i].body));
		check_case(i, receive(w, request) == ERR_FORBIDDEN);
		arena_fini(&a);
	}
}

/* A token of that header and those claims; HS256 whatever its header says. */
static const char *
sign_vonage(struct arena *a, const char *header, const char *body, const char *secret)
{
	const char *claims = arena_printf(a,
	    "{\"iss\":\"Vonage\",\"iat\":1587494962,\"payload_hash\":\"%s\"}",
	    http_sign_sha256_hex(a, span_of(body)));
	char parts[2][1024];
	char *text;

	for (int i = 0; i < 2; i++) {
		const char *one = i == 0 ? header : claims;

		EVP_EncodeBlock(
		    (uint8_t *)parts[i], (const uint8_t *)one, (int)strlen(one));
		parts[i][strcspn(parts[i], "=")] = '\0';
	}
	text = arena_printf(a, "%s.%s", parts[0], parts[1]);
	text = arena_printf(a, "Bearer %s.%s", text,
	    http_sign_hmac_base64(a, "sha256", span_of(secret), span_of(text)));
	text[strcspn(text, "=")] = '\0';
	for (char *at = text + 7; *at != '\0'; at++)
		*at = *at == '+' ? '-' : *at == '/' ? '_' : *at;
	return text;
}

#define HS256 "{\"typ\":\"JWT\",\"alg\":\"HS256\"}"

static enum err
post_event(struct world *w, const char *body, const char *authorization)
{
	struct header header = {SPAN("authorization"), span_of(authorization)};

	return receive(w, (struct carrier_request){.secret = SECRET,
			      .body = span_of(body),
			      .headers = &header,
			      .header_count = 1});
}

static void
test_events_of_vonage(void **state)
{
	static const struct report_case cases[] = {
	    {"{\"uuid\":\"x\",\"status\":\"started\"}", REPORT_PENDING_ENROUTE, 0},
	    {"{\"uuid\":\"x\",\"status\":\"answered\"}", REPORT_PENDING_ENROUTE, 0},
	    {"{\"status\":\"completed\",\"uuid\":\"x\",\"duration\":\"9\"}",
		REPORT_DELIVERED_TO_HANDSET, REPORT_ERROR_NORMAL_HANGUP},
	    {"{\"uuid\":\"x\",\"status\":\"busy\"}", REPORT_BUSY, REPORT_ERROR_BUSY},
	    {"{\"uuid\":\"x\",\"status\":\"unanswered\"}", REPORT_NO_ANSWER,
		REPORT_ERROR_NO_ANSWER},
	    {"{\"uuid\":\"x\",\"status\":\"timeout\"}", REPORT_NO_ANSWER,
		REPORT_ERROR_NO_ANSWER},
	    {"{\"uuid\":\"x\",\"status\":\"rejected\"}", REPORT_REJECTED,
		REPORT_ERROR_REJECTED},
	    {"{\"uuid\":\"x\",\"status\":\"failed\"}", REPORT_UNDELIVERABLE_NOT_DELIVERED,
		REPORT_ERROR_UNKNOWN},
	    {"{\"uuid\":\"x\",\"status\":\"transfer\"}", REPORT_NONE, 0},
	};
	struct world *w = *state;
	char *pem = make_key(2048);
	struct arena a;

	arena_init(&a);
	configure_vonage(w, pem);
	w->options.vonage.signature_secret = "a signature secret";
	open_carrier(w);
	for (size_t i = 0; i < countof(cases); i++) {
		const char *body = cases[i].body;
		const char *token = sign_vonage(&a, HS256, body, "a signature secret");

		check_case(i, post_event(w, body, token) == OK);
		check_report(w, i, &cases[i]);
		/* of other words, another secret, another way, or none at all */
		check_case(i, post_event(w, "{\"uuid\":\"y\",\"status\":\"completed\"}",
				  token) == ERR_FORBIDDEN);
		check_case(i, post_event(w, body,
				  sign_vonage(&a, HS256, body, "a signature secre")) ==
				  ERR_FORBIDDEN);
		check_case(i, post_event(w, body,
				  sign_vonage(&a, "{\"alg\":\"none\"}", body,
				      "a signature secret")) == ERR_FORBIDDEN);
		check_case(i, post_event(w, body, token + 7) == ERR_FORBIDDEN);
		check_case(i, post_event(w, body, "") == ERR_FORBIDDEN);
	}
	/* the secret path goes with it where there is one, and is enough alone */
	w->options.http.receipt_secret = "another secret of the path";
	check_case(1, post_event(w, cases[0].body,
			  sign_vonage(&a, HS256, cases[0].body, "a signature secret")) ==
			  ERR_FORBIDDEN);
	w->options.http.receipt_secret = "a secret of the path";
	w->options.vonage.signature_secret = NULL;
	check_case(2, post_event(w, cases[0].body, "") == OK);
	w->options.http.receipt_secret = NULL;
	check_case(3, post_event(w, cases[0].body, "") == ERR_FORBIDDEN);
	arena_fini(&a);
	mem_free(pem);
}

/* The reports of calls and of emails have the form of an SMS's. */
static void
test_reports_of_infobip(void **state)
{
	static const struct report_case cases[] = {
	    {"{\"results\":[{\"messageId\":\"x\",\"voiceCall\":{\"duration\":10},"
	     "\"status\":{\"groupId\":3,\"id\":5},\"error\":{\"id\":5000}}]}",
		REPORT_DELIVERED_TO_HANDSET, REPORT_ERROR_VOICE_ANSWERED},
	    {"{\"results\":[{\"messageId\":\"x\",\"status\":{\"groupId\":2,\"id\":97},"
	     "\"error\":{\"id\":10201}}]}",
		REPORT_BUSY, REPORT_ERROR_BUSY},
	    {"{\"results\":[{\"messageId\":\"x\",\"status\":{\"groupId\":2,\"id\":9},"
	     "\"error\":{\"id\":5003}}]}",
		REPORT_UNDELIVERABLE_NOT_DELIVERED, REPORT_ERROR_EC_VOICE_NO_ANSWER},
	    {"{\"results\":[{\"messageId\":\"x\",\"smsCount\":1,\"status\":{\"groupId\":"
	     "3,"
	     "\"id\":5},\"error\":{\"id\":0},\"smtp\":{\"response\":\"250 2.0.0 OK\"}}]}",
		REPORT_DELIVERED_TO_HANDSET, REPORT_ERROR_NO_ERROR},
	};
	static const char *const all[] = {"voice", "email"};
	struct world *w = *state;

	configure(w, "infobip");
	w->options.http.channels = (struct text_list){2, (const char **)(uintptr_t)all};
	open_carrier(w);
	for (size_t i = 0; i < countof(cases); i++) {
		struct carrier_request request = {
		    .secret = SECRET, .body = span_of(cases[i].body)};

		check_case(i, receive(w, request) == OK);
		check_report(w, i, &cases[i]);
		request.secret = SPAN("another");
		check_case(i, receive(w, request) == ERR_FORBIDDEN);
	}
}

/* Event Webhook of SendGrid: a list, each with our reference among its members. */
static void
test_events_of_sendgrid(void **state)
{
	static struct text_pair words[] = {{"delivered", "DELIVERED_TO_HANDSET"},
	    {"bounce", "UNDELIVERABLE_NOT_DELIVERED EC_INVALID_DESTINATION_ADDRESS"},
	    {"dropped", "UNDELIVERABLE_NOT_SENT"}};
	struct world *w = *state;

	configure_channel(w, "generic", email_channels);
	w->options.generic.body = "{\"reference\":\"{{reference}}\"}";
	w->options.generic.receipt_id = "/reference";
	w->options.generic.receipt_status = "/event";
	w->options.generic.receipt_statuses = (struct text_map){countof(words), words};
	open_carrier(w);
	assert_int_equal(
	    receive(w,
		(struct carrier_request){.secret = SECRET,
		    .body = SPAN("[{\"email\":\"a@b.c\",\"event\":\"processed\","
				 "\"reference\":\"r1\",\"sg_message_id\":\"q.filter1\"},"
				 "{\"event\":\"delivered\",\"reference\":\"r1\"},"
				 "{\"event\":\"bounce\",\"reference\":\"r2\",\"status\":"
				 "\"5.1.1\"}]")}),
	    OK);
	assert_int_equal(w->receipts, 2);
	assert_string_equal(w->ids[0], "r1");
	assert_int_equal(w->statuses[0], REPORT_DELIVERED_TO_HANDSET);
	assert_string_equal(w->ids[1], "r2");
	assert_int_equal(w->errors[1], REPORT_ERROR_EC_INVALID_DESTINATION_ADDRESS);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	    CASE(test_reports_of_twilio),
	    CASE(test_events_of_vonage),
	    CASE(test_reports_of_infobip),
	    CASE(test_events_of_sendgrid),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
