/* SPDX-License-Identifier: Apache-2.0 */
/* Receipts over HTTP: which are believed, and what they say. */
#include "carrier/gateway.h"
#include "net/http_sign.h"

/*
 * The signatures are those of the tests of Twilio's own libraries (twilio-php,
 * RequestValidatorTest): token 12345, and the second with a name that comes twice.
 */
static void
test_twilio_signatures(void **state)
{
	static const struct {
		const char *target;
		const char *body;
		const char *signature;
		enum err e;
	} cases[] = {
	    {"/myapp.php?foo=1&bar=2",
		"Digits=1234&To=%2B18005551212&From=%2B14158675309&Caller=%2B14158675309&"
		"CallSid=CA1234567890ABCDE",
		"RSOYDt4T1cUTdK1PDd93/VVr8B8=", ERR_SYNTAX},
	    {"/myapp.php?foo=1&bar=2",
		"Sid=CA123&SidAccount=AC123&Digits=5678&Digits=1234&Digits=1234",
		"IK+Dwps556ElfBT0I3Rgjkr1wJU=", ERR_SYNTAX},
	    {"/myapp.php?foo=1&bar=3",
		"Digits=1234&To=%2B18005551212&From=%2B14158675309&Caller=%2B14158675309&"
		"CallSid=CA1234567890ABCDE",
		"RSOYDt4T1cUTdK1PDd93/VVr8B8=", ERR_FORBIDDEN},
	    {"/myapp.php?foo=1&bar=2",
		"Digits=1235&To=%2B18005551212&From=%2B14158675309&Caller=%2B14158675309&"
		"CallSid=CA1234567890ABCDE",
		"RSOYDt4T1cUTdK1PDd93/VVr8B8=", ERR_FORBIDDEN},
	    {"/myapp.php?foo=1&bar=2", "MessageSid=SM1&MessageStatus=delivered", "",
		ERR_FORBIDDEN},
	};
	struct world *w = *state;

	configure(w, "twilio");
	open_carrier(w);
	for (size_t i = 0; i < countof(cases); i++) {
		struct header header = {
		    SPAN("x-twilio-signature"), span_of(cases[i].signature)};

		/* a right one is read, and has no status in it */
		check_case(i, receive(w, (struct carrier_request){
					     .target = span_of(cases[i].target),
					     .body = span_of(cases[i].body),
					     .headers = &header,
					     .header_count = 1}) == cases[i].e);
		check_case(i, w->receipts == 0);
	}
}

/* Made by Vonage for real webhooks (vonage-php-core, SignatureTest), with md5hash. */
static void
test_vonage_signatures(void **state)
{
	static const char body[] =
	    "message-timestamp=2013-11-21+15%3A27%3A30&messageId=020000001B0FE827&"
	    "msisdn=14843472194&text=Test+again&timestamp=1385047698&to=13239877404&"
	    "type=text&sig=d2e7b1dc968737c5998ad624e02f90b7";
	static const char json[] =
	    "{\"message-timestamp\":\"2013-11-21 15:27:30\",\"messageId\":"
	    "\"020000001B0FE827\",\"msisdn\":\"14843472194\",\"text\":\"Test again\","
	    "\"timestamp\":\"1385047698\",\"to\":\"13239877404\",\"type\":\"text\","
	    "\"sig\":\"d2e7b1dc968737c5998ad624e02f90b7\"}";
	static const struct {
		const char *sig;
		enum err e;
	} spellings[] = {
	    {"D2E7B1DC968737C5998AD624E02F90B7", ERR_SYNTAX},
	    {"D2e7b1dC968737c5998ad624e02f90B7", ERR_SYNTAX},
	    {"D2E7B1DC968737C5998AD624E02F90B8", ERR_FORBIDDEN},
	    {"d2e7b1dc968737c5998ad624e02f90b", ERR_FORBIDDEN},
	    {"d2e7b1dc968737c5998ad624e02f90b700", ERR_FORBIDDEN},
	    {"g2e7b1dc968737c5998ad624e02f90b7", ERR_FORBIDDEN},
	    {"", ERR_FORBIDDEN},
	};
	struct world *w = *state;
	char other[400];

	configure(w, "vonage");
	w->options.http.receipt_secret = NULL;
	w->options.vonage.signature_secret = "my_secret_key_for_testing";
	w->options.vonage.signature_method = "md5hash";
	open_carrier(w);
	/* they are of messages, and have no status */
	assert_int_equal(
	    receive(w, (struct carrier_request){.body = span_of(body)}), ERR_SYNTAX);
	assert_int_equal(
	    receive(w, (struct carrier_request){.query = span_of(body)}), ERR_SYNTAX);
	assert_int_equal(
	    receive(w, (struct carrier_request){.body = span_of(json)}), ERR_SYNTAX);
	for (size_t i = 0; i < countof(spellings); i++) {
		snprintf(other, sizeof(other), "%.*s%s", (int)(strlen(body) - 32), body,
		    spellings[i].sig);
		check_case(i, receive(w, (struct carrier_request){
					     .body = span_of(other)}) == spellings[i].e);
	}
	w->options.vonage.signature_secret = "my_secret_key_for_testinG";
	assert_int_equal(
	    receive(w, (struct carrier_request){.body = span_of(body)}), ERR_FORBIDDEN);
	assert_int_equal(
	    receive(w, (struct carrier_request){.body = span_of(json)}), ERR_FORBIDDEN);
	w->options.vonage.signature_secret = "my_secret_key_for_testing";
	w->options.vonage.signature_method = "sha256";
	assert_int_equal(
	    receive(w, (struct carrier_request){.body = span_of(body)}), ERR_FORBIDDEN);
}

/* A signature over nothing is none over what was sent: it would be right for any. */
static void
test_what_cannot_be_signed(void **state)
{
	static const char nested[] = "{\"messageId\":{\"a\":1},\"sig\":\"%s\"}";
	struct world *w = *state;
	struct arena arena;
	struct span key = SPAN("a signature secret");
	const char *sig;
	struct buf many;
	struct buf json;

	arena_init(&arena);
	buf_init(&many, 4096);
	buf_init(&json, 4096);
	sig = http_sign_hmac_hex(&arena, "sha256", key, SPAN(""));
	buf_printf(&many, "messageId=1&status=delivered&sig=%s", sig);
	for (size_t i = 0; i < 256; i++)
		buf_add_text(&many, "&a=b");
	buf_printf(&json, nested, sig);
	configure(w, "vonage");
	w->options.http.receipt_secret = NULL;
	w->options.vonage.signature_secret = key.ptr;
	w->options.vonage.signature_method = "sha256";
	open_carrier(w);
	assert_int_equal(
	    receive(w, (struct carrier_request){.body = buf_span(&many)}), ERR_FORBIDDEN);
	assert_int_equal(
	    receive(w, (struct carrier_request){.body = buf_span(&json)}), ERR_FORBIDDEN);
	buf_fini(&json);
	buf_fini(&many);
	arena_fini(&arena);
}

#define SECRET SPAN("a secret of the path")

static void
test_a_secret_path(void **state)
{
	static const char *const types[] = {"infobip", "vonage"};
	struct world *w = *state;

	for (size_t i = 0; i < countof(types); i++) {
		configure(w, types[i]);
		open_carrier(w);
		check_case(i, receive(w, (struct carrier_request){0}) == ERR_FORBIDDEN);
		check_case(
		    i, receive(w,
			   (struct carrier_request){
			       .secret = SPAN("a secret of the pat")}) == ERR_FORBIDDEN);
		check_case(i,
		    receive(w, (struct carrier_request){.secret = SECRET}) == ERR_SYNTAX);
		w->options.http.receipt_secret = NULL;
		check_case(i, receive(w, (struct carrier_request){0}) == ERR_FORBIDDEN);
		check_case(i, receive(w, (struct carrier_request){.secret = SECRET}) ==
				  ERR_FORBIDDEN);
	}
}

static void
test_infobip_reports(void **state)
{
	static const char body[] =
	    "{\"results\":[{\"messageId\":\"a\",\"doneAt\":\"2019-11-09T16:00:00.250+"
	    "0100\","
	    "\"status\":{\"groupId\":3,\"id\":5},\"error\":{\"id\":0}},"
	    "{\"messageId\":\"b\",\"status\":{\"groupId\":2,\"id\":9},\"error\":{\"id\":"
	    "27}},"
	    "{\"messageId\":\"c\",\"status\":{\"groupId\":4,\"id\":4711},\"error\":{"
	    "\"id\":"
	    "4711},\"doneAt\":\"2019-11-09T16:00:00.250+0100\"}]}";
	struct world *w = *state;

	configure(w, "infobip");
	open_carrier(w);
	assert_int_equal(
	    receive(w, (struct carrier_request){.secret = SECRET, .body = span_of(body)}),
	    OK);
	assert_int_equal(w->receipts, 3);
	assert_string_equal(w->ids[0], "a");
	assert_int_equal(w->statuses[0], REPORT_DELIVERED_TO_HANDSET);
	assert_int_equal(w->statuses[1], REPORT_UNDELIVERABLE_NOT_DELIVERED);
	assert_int_equal(w->errors[1], REPORT_ERROR_EC_ABSENT_SUBSCRIBER);
	assert_int_equal(w->statuses[2], REPORT_EXPIRED_EXPIRED);
	assert_int_equal(w->errors[2], REPORT_ERROR_EC_UNKNOWN_ERROR);
	assert_int_equal(w->done_at_ms, INT64_C(1573311600250));
}

struct receipt_case {
	const char *form;
	enum report_status status;
	enum report_error error;
};

static void
test_vonage_receipts(void **state)
{
	static const struct receipt_case cases[] = {
	    {"messageId=x&status=delivered&err-code=0", REPORT_DELIVERED_TO_HANDSET,
		REPORT_ERROR_NO_ERROR},
	    {"messageId=x&status=accepted&err-code=0", REPORT_PENDING_ENROUTE,
		REPORT_ERROR_NO_ERROR},
	    {"messageId=x&status=failed&err-code=3", REPORT_UNDELIVERABLE_NOT_DELIVERED,
		REPORT_ERROR_EC_UNKNOWN_SUBSCRIBER},
	    {"messageId=x&status=failed&err-code=9", REPORT_REJECTED_DESTINATION,
		REPORT_ERROR_EC_INVALID_DESTINATION_ADDRESS},
	    {"messageId=x&status=expired&err-code=2", REPORT_EXPIRED_EXPIRED,
		REPORT_ERROR_NO_ERROR},
	    {"{\"messageId\":\"x\",\"status\":\"rejected\",\"err-code\":\"6\"}",
		REPORT_UNDELIVERABLE_REJECTED_OPERATOR,
		REPORT_ERROR_EC_DESTINATION_FLOODING},
	};
	struct world *w = *state;

	configure(w, "vonage");
	open_carrier(w);
	for (size_t i = 0; i < countof(cases); i++) {
		check_case(i, receive(w, (struct carrier_request){.secret = SECRET,
					     .body = span_of(cases[i].form)}) == OK);
		check_case(i, w->receipts == 1 && strcmp(w->ids[0], "x") == 0);
		check_case(i, w->statuses[0] == cases[i].status);
		if (cases[i].status != REPORT_EXPIRED_EXPIRED)
			check_case(i, w->errors[0] == cases[i].error);
	}
}

static void
test_generic_receipts(void **state)
{
	static struct text_pair pairs[] = {{"1", "DELIVERED_TO_HANDSET"},
	    {"2", "UNDELIVERABLE_NOT_DELIVERED EC_ABSENT_SUBSCRIBER"}};
	struct world *w = *state;

	configure(w, "generic");
	w->options.generic.receipt_id = "?id";
	w->options.generic.receipt_status = "?type";
	w->options.generic.receipt_statuses = (struct text_map){countof(pairs), pairs};
	open_carrier(w);
	assert_int_equal(receive(w, (struct carrier_request){.secret = SECRET,
					.query = SPAN("id=a%2Bb&type=2")}),
	    OK);
	assert_int_equal(w->receipts, 1);
	assert_string_equal(w->ids[0], "a+b");
	assert_int_equal(w->statuses[0], REPORT_UNDELIVERABLE_NOT_DELIVERED);
	assert_int_equal(w->errors[0], REPORT_ERROR_EC_ABSENT_SUBSCRIBER);
	assert_int_equal(receive(w, (struct carrier_request){.secret = SECRET,
					.query = SPAN("id=a&type=8")}),
	    OK);
	assert_int_equal(w->receipts, 0);
	assert_int_equal(receive(w, (struct carrier_request){.secret = SECRET,
					.query = SPAN("type=1")}),
	    ERR_SYNTAX);
	w->options.generic.receipt_id = "/a/0/id";
	w->options.generic.receipt_status = "/s";
	assert_int_equal(receive(w, (struct carrier_request){.secret = SECRET,
					.body = SPAN("{\"a\":[{\"id\":12}],\"s\":1}")}),
	    OK);
	assert_string_equal(w->ids[0], "12");
	assert_int_equal(w->statuses[0], REPORT_DELIVERED_TO_HANDSET);
}

/* Several in one request: all, or none. */
static void
test_lists_of_receipts(void **state)
{
#define INFOBIP(id) "{\"messageId\":\"" id "\",\"status\":{\"id\":5}}"
#define VONAGE(id) "{\"messageId\":\"" id "\",\"status\":\"delivered\"}"
#define GENERIC(id) "{\"id\":\"" id "\",\"s\":1}"
	static const struct {
		const char *type;
		const char *id;
		const char *status;
		const char *body;
		unsigned receipts; /* 0: refused */
	} cases[] = {
	    {"infobip", NULL, NULL,
		"[{\"results\":[" INFOBIP("a") "," INFOBIP("b") "]},"
								"{\"results\":[" INFOBIP(
								    "c") "]}]",
		3},
	    {"infobip", NULL, NULL, "[{\"results\":[" INFOBIP("a") "]},{}]", 0},
	    {"infobip", NULL, NULL, "{\"results\":[" INFOBIP("a") ",{}]}", 0},
	    {"vonage", NULL, NULL, "[" VONAGE("a") "," VONAGE("b") "," VONAGE("c") "]",
		3},
	    {"vonage", NULL, NULL, "[" VONAGE("a") ",7]", 0},
	    {"vonage", NULL, NULL, "messageId=a&status=delivered&messageId=b", 0},
	    {"generic", "/id", "/s",
		"[" GENERIC("a") "," GENERIC("b") "," GENERIC("c") "]", 3},
	    {"generic", "/0/id", "/0/s", "[" GENERIC("a") "," GENERIC("b") "]", 2},
	    {"generic", "/*/id", "/*/s", "[" GENERIC("a") "," GENERIC("b") "]", 2},
	    {"generic", "/r/*/id", "/r/*/s",
		"{\"r\":[" GENERIC("a") "," GENERIC("b") "]}", 2},
	    {"generic", "/*/r/*/id", "/*/r/*/s",
		"[{\"r\":[" GENERIC("a") "]},{\"r\":[" GENERIC("b") "," GENERIC(
		    "c") "]}]",
		3},
	    {"generic", "/ids/*", "/s", "{\"ids\":[\"a\",\"b\",\"c\"],\"s\":1}", 3},
	    {"generic", "/id", "/s", "[" GENERIC("a") ",{\"id\":\"b\"}]", 0},
	    {"generic", "/id", "/s", "[" GENERIC("a") "," GENERIC("b"), 0},
	    {"generic", "/id", "/s", "\xef\xbb\xbf[" GENERIC("a") ",]", 1},
	    {"generic", "?id", "?s", "id=a&s=1&id=b&s=1&id=c&s=1", 3},
	    {"generic", "?id", "?s", "id=a&id=b&s=1", 2},
	    {"generic", "?id[]", "?s[]", "id%5B%5D=a&id%5B%5D=b&s%5B%5D=1&s%5B%5D=1", 2},
	    {"generic", "?id", "?s", "id=a&id=b&id=c&s=1&s=1", 0},
	    {"generic", "?id", "?s", "id=a&s=1&s=1", 0},
	};
	static struct text_pair delivered = {"1", "DELIVERED_TO_HANDSET"};
	struct world *w = *state;

	for (size_t i = 0; i < countof(cases); i++) {
		enum err e;

		configure(w, cases[i].type);
		w->options.generic.receipt_id = cases[i].id;
		w->options.generic.receipt_status = cases[i].status;
		w->options.generic.receipt_statuses = (struct text_map){1, &delivered};
		open_carrier(w);
		e = receive(w, (struct carrier_request){
				   .secret = SECRET, .body = span_of(cases[i].body)});
		check_case(i, e == (cases[i].receipts > 0 ? OK : ERR_SYNTAX));
		check_case(i, w->receipts == cases[i].receipts);
		for (unsigned n = 0; n < w->receipts; n++)
			check_case(i, w->ids[n][0] == 'a' + (int)n);
	}
}

/* Each of a list has its own signature, and one that is wrong spoils them all. */
static void
test_a_list_of_signed_webhooks(void **state)
{
	static const char *const ids[] = {"a", "b"};
	struct span key = SPAN("a signature secret");
	struct world *w = *state;
	struct arena a;
	struct buf right;
	struct buf wrong;

	arena_init(&a);
	buf_init(&right, 4096);
	buf_init(&wrong, 4096);
	for (size_t i = 0; i < countof(ids); i++) {
		const char *text =
		    arena_printf(&a, "&messageId=%s&status=delivered", ids[i]);
		const char *sig = http_sign_hmac_hex(&a, "sha256", key, span_of(text));

		buf_printf(&right,
		    "%c{\"messageId\":\"%s\",\"status\":\"delivered\",\"sig\":\"%s\"}",
		    i == 0 ? '[' : ',', ids[i], sig);
		buf_printf(&wrong,
		    "%c{\"messageId\":\"%s\",\"status\":\"delivered\",\"sig\":\"%s\"}",
		    i == 0 ? '[' : ',', "a", sig);
	}
	buf_add_char(&right, ']');
	buf_add_char(&wrong, ']');
	configure(w, "vonage");
	w->options.http.receipt_secret = NULL;
	w->options.vonage.signature_secret = key.ptr;
	open_carrier(w);
	assert_int_equal(
	    receive(w, (struct carrier_request){.body = buf_span(&right)}), OK);
	assert_int_equal(w->receipts, 2);
	assert_int_equal(receive(w, (struct carrier_request){.body = buf_span(&wrong)}),
	    ERR_FORBIDDEN);
	assert_int_equal(
	    receive(w, (struct carrier_request){.body = SPAN("[]")}), ERR_FORBIDDEN);
	assert_int_equal(w->receipts, 0);
	buf_fini(&wrong);
	buf_fini(&right);
	arena_fini(&a);
}

/* Signed by whoever has the token, so that it is its size alone that is refused. */
static void
test_a_form_of_hundreds_is_not_sorted(void **state)
{
	static const char url[] = "https://mycompany.com/x";
	struct world *w = *state;
	struct arena a;

	configure(w, "twilio");
	open_carrier(w);
	arena_init(&a);
	for (size_t count = 256; count <= 257; count++) {
		char text[64 + 257] = "";
		char body[2 * 257] = "";
		struct header header = {.name = SPAN("X-Twilio-Signature")};

		snprintf(text, sizeof(text), "%sa", url); /* one, as they are the same */
		for (size_t i = 0; i < count; i++)
			memcpy(body + 2 * i, "a&", 2);
		header.value = span_of(
		    http_sign_hmac_base64(&a, "sha1", SPAN("12345"), span_of(text)));
		check_case(
		    count, receive(w, (struct carrier_request){.target = SPAN("/x"),
					  .body = {body, 2 * count - 1},
					  .headers = &header,
					  .header_count = 1}) ==
			       (count == 256 ? ERR_SYNTAX : ERR_FORBIDDEN));
	}
	arena_fini(&a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	    CASE(test_twilio_signatures),
	    CASE(test_vonage_signatures),
	    CASE(test_what_cannot_be_signed),
	    CASE(test_a_secret_path),
	    CASE(test_infobip_reports),
	    CASE(test_vonage_receipts),
	    CASE(test_generic_receipts),
	    CASE(test_lists_of_receipts),
	    CASE(test_a_list_of_signed_webhooks),
	    CASE(test_a_form_of_hundreds_is_not_sorted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
