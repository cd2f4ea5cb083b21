/* SPDX-License-Identifier: Apache-2.0 */
/* Requests to each vendor, the meaning of their answers, and the rules at the head of
 * carrier.h, kept whatever the other side does. */
#include "carrier/gateway.h"

/* ---- what goes out ---- */

static void
test_infobip_3(void **state)
{
	struct world *w = *state;
	const struct seen *s;

	configure(w, "infobip");
	open_carrier(w);
	s = answered(w, 200,
	    "{\"bulkId\":\"1\",\"messages\":[{\"messageId\":\"2250be2d\",\"status\":{"
	    "\"groupId\":1,\"groupName\":\"PENDING\",\"id\":26,\"name\":\"PENDING_"
	    "ACCEPTED\",\"description\":\"Message sent to next instance\"}}]}");
	assert_int_equal(s->result, CARRIER_ACCEPTED);
	assert_string_equal(s->id, "2250be2d");
	has(w, "POST /sms/3/messages HTTP/1.1\r\n");
	has(w, "\r\nAuthorization: App 12345\r\n");
	has(w, "\r\nContent-Type: application/json\r\n");
	has(w,
	    "\r\n\r\n{\"messages\":[{\"sender\":\"41790000000\",\"destinations\":[{"
	    "\"to\":\"41793026727\",\"messageId\":\"01A2-1\"}],\"content\":{\"text\":"
	    "\"Your PIN is \\\"1234\\\" & \u00e9\"},\"options\":{\"validityPeriod\":{"
	    "\"amount\":90,\"timeUnit\":\"SECONDS\"}},\"webhooks\":{\"delivery\":{"
	    "\"url\":\"https://mycompany.com/watchword/1/receipts/main/"
	    "a%20secret%20of%20the%20path\"},\"contentType\":\"application/json\"}}]}");
}

static void
test_infobip_2(void **state)
{
	struct world *w = *state;

	configure(w, "infobip");
	w->options.infobip.version = "2";
	w->options.http.receipt_secret = NULL;
	open_carrier(w);
	(void)answered(w, 200, "{}");
	has(w, "POST /sms/2/text/advanced HTTP/1.1\r\n");
	has(w, "\r\n\r\n{\"messages\":[{\"from\":\"41790000000\",\"destinations\":[{"
	       "\"to\":\"41793026727\",\"messageId\":\"01A2-1\"}],\"text\":"
	       "\"Your PIN is \\\"1234\\\" & \u00e9\",\"validityPeriod\":1}]}");
}

static void
test_twilio(void **state)
{
	struct world *w = *state;
	const struct seen *s;

	configure(w, "twilio");
	w->options.http.user = "AC1";
	w->options.http.receipt_secret = NULL;
	open_carrier(w);
	s = answered(w, 201, "{\"sid\":\"SM1\",\"status\":\"queued\"}");
	assert_int_equal(s->result, CARRIER_ACCEPTED);
	assert_string_equal(s->id, "SM1");
	has(w, "POST /2010-04-01/Accounts/AC1/Messages.json HTTP/1.1\r\n");
	has(w, "\r\nAuthorization: Basic QUMxOjEyMzQ1\r\n"); /* AC1:12345 */
	has(w, "\r\n\r\nTo=%2B41793026727&From=%2B41790000000&Body=Your%20PIN%20is%20"
	       "%221234%22%20%26%20%C3%A9&ValidityPeriod=90&StatusCallback=https%3A%2F%2F"
	       "mycompany.com%2Fwatchword%2F1%2Freceipts%2Fmain");
	w->options.twilio.service = "MG1";
	open_carrier(w);
	(void)answered(w, 201, "{}");
	has(w, "&MessagingServiceSid=MG1&Body=");
}

static void
test_vonage(void **state)
{
	struct world *w = *state;
	const struct seen *s;

	configure(w, "vonage");
	open_carrier(w);
	s = answered(w, 200,
	    "{\"message-count\":\"1\",\"messages\":[{\"to\":\"41793026727\",\"message-"
	    "id\":"
	    "\"0A0000000123ABCD1\",\"status\":\"0\"}]}");
	assert_int_equal(s->result, CARRIER_ACCEPTED);
	assert_string_equal(s->id, "0A0000000123ABCD1");
	has(w, "POST /sms/json HTTP/1.1\r\n");
	has(w,
	    "\r\n\r\napi_key=user&api_secret=12345&to=41793026727&from=41790000000&text="
	    "Your%20PIN%20is%20%221234%22%20%26%20%C3%A9&type=text&ttl=90000&client-ref="
	    "01A2-1&status-report-req=true&callback=https%3A%2F%2Fmycompany.com%"
	    "2Fwatchword"
	    "%2F1%2Freceipts%2Fmain%2Fa%2520secret%2520of%2520the%2520path");
	w->seen[1] = (struct seen){0};
	submit(w, 1, "\u041f\u0430\u0440\u043e\u043b\u044c 1");
	UNTIL(w, w->seen[1].calls > 0);
	has(w, "&type=unicode&");
}

static void
test_generic(void **state)
{
	static const char *texts[] = {"X-Key", "Bearer {{password}}"};
	struct text_pair header = {texts[0], texts[1]};
	struct world *w = *state;
	const struct seen *s;

	configure(w, "generic");
	snprintf(w->url, sizeof(w->url),
	    "http://127.0.0.1:%d/send/{{reference}}?from={{from}}&m={{validity_min}}",
	    w->answerer.port);
	w->options.generic.headers = (struct text_map){1, &header};
	w->options.generic.auth = "basic";
	w->options.generic.method = "PUT";
	w->options.generic.body_format = "xml";
	w->options.http.receipt_secret = NULL;
	w->options.generic.body = "<sms to='{{to}}' c='{{coding}}'>{{text}}</sms>";
	open_carrier(w);
	s = answered(w, 202, "{}");
	assert_int_equal(s->result, CARRIER_ACCEPTED);
	assert_string_equal(s->id, "01A2-1");
	has(w, "PUT /send/01A2-1?from=41790000000&m=1 HTTP/1.1\r\n");
	has(w, "\r\nContent-Type: application/xml\r\n");
	has(w, "\r\nAuthorization: Basic dXNlcjoxMjM0NQ==\r\n");
	has(w, "\r\nX-Key: Bearer 12345\r\n");
	has(w,
	    "\r\n\r\n<sms to='41793026727' c='0'>Your PIN is &#34;1234&#34; &#38; \u00e9"
	    "</sms>");
}

/* India's registers, where the vendor has members for them; without them nothing. */
static void
test_the_ids_of_a_register(void **state)
{
	static const struct {
		const char *type;
		const char *version;
		const char *has;
	} cases[] = {
	    {"infobip", "3",
		"\"timeUnit\":\"SECONDS\"},\"regional\":{\"indiaDlt\":{"
		"\"principalEntityId\":\"110145\",\"contentTemplateId\":\"110745\","
		"\"telemarketerId\":\"1302\\\"7\"}}},\"webhooks\":"},
	    {"infobip", "2",
		"\"validityPeriod\":1,\"regional\":{\"indiaDlt\":{"
		"\"principalEntityId\":\"110145\",\"contentTemplateId\":\"110745\","
		"\"telemarketerId\":\"1302\\\"7\"}},\"notifyUrl\":"},
	    {"vonage", NULL,
		"&client-ref=01A2-1&entity-id=110145&content-id=110745&status-report-"},
	    {"generic", NULL, "\r\n\r\n110145 110745 1302%227."},
	};
	struct world *w = *state;

	for (size_t i = 0; i < countof(cases); i++) {
		bool generic = strcmp(cases[i].type, "generic") == 0;

		configure(w, cases[i].type);
		if (generic) {
			w->options.generic.body_format = "form";
			w->options.generic.body =
			    "{{dltEntity}} {{?dltTemplate}}{{dltTemplate}} "
			    "{{?dltTelemarketer}}{{dltTelemarketer}}{{/}}{{/}}.";
			w->options.http.receipt_secret = NULL;
		} else if (cases[i].version != NULL) {
			w->options.infobip.version = cases[i].version;
		}
		open_carrier(w);
		w->dlt = true;
		(void)answered(w, 200, "{}");
		has(w, cases[i].has);
		w->dlt = false;
		(void)answered(w, 200, "{}");
		check_case(i, strstr(w->answerer.last, "1101") == NULL);
		check_case(i, strstr(w->answerer.last, "regional") == NULL);
		check_case(i, strstr(w->answerer.last, "-id=") == NULL);
	}
	has(w, "\r\n\r\n .");
}

/* ---- what answers mean ---- */

struct answer_case {
	const char *type;
	int status;
	const char *body;
	enum carrier_result result;
	bool throttled;
	bool elsewhere;
	uint32_t code;
};

static void
check_answer(struct world *w, size_t i, const struct answer_case *c)
{
	const struct seen *s = answered(w, c->status, c->body);

	check_case(i, s->result == c->result);
	check_case(i, s->throttled == c->throttled);
	check_case(i, s->elsewhere == c->elsewhere);
	check_case(i, s->code == c->code);
	check_case(i, strstr(s->reason, "HTTP") == s->reason);
	/* what was taken for sure, or may have been without a further question */
	check_case(i, (s->id[0] != '\0') == (s->result == CARRIER_ACCEPTED || s->final));
	/* where there is a table `unknown` is its own word */
	check_case(i, s->final == (s->result == CARRIER_UNKNOWN &&
				      (c->status < 300 || c->type[0] == '\0')));
}

#define INFOBIP(group, id)                                                               \
	"{\"messages\":[{\"messageId\":\"x\",\"status\":{\"groupId\":" #group            \
	",\"id\":" #id "}}]}"
#define VONAGE(status)                                                                   \
	"{\"messages\":[{\"message-id\":\"x\",\"status\":\"" #status "\"}]}"

static void
test_answers(void **state)
{
	static const struct answer_case cases[] = {
	    {"infobip", 200, INFOBIP(1, 26), CARRIER_ACCEPTED, false, false, 26},
	    {"infobip", 200, INFOBIP(5, 12), CARRIER_REFUSED, false, true, 12},
	    {"infobip", 200, INFOBIP(5, 52), CARRIER_REFUSED, false, false, 52},
	    {"infobip", 200, INFOBIP(5, 23), CARRIER_ACCEPTED, false, false, 23},
	    {"infobip", 200, INFOBIP(5, 21), CARRIER_RETRY, false, false, 21},
	    {"infobip", 200, INFOBIP(5, 777), CARRIER_REFUSED, false, true, 777},
	    {"infobip", 200, INFOBIP(1, 777), CARRIER_ACCEPTED, false, false, 777},
	    {"infobip", 200, "{}", CARRIER_UNKNOWN, false, false, 200},
	    {"infobip", 200, "nothing", CARRIER_UNKNOWN, false, false, 200},
	    {"infobip", 401, "{}", CARRIER_REFUSED, false, true, 401},
	    {"infobip", 400, "{}", CARRIER_REFUSED, false, false, 400},
	    {"infobip", 500, "{}", CARRIER_UNKNOWN, false, false, 500},
	    {"infobip", 429, "{}", CARRIER_RETRY, true, false, 429},
	    {"twilio", 201, "{}", CARRIER_ACCEPTED, false, false, 201},
	    {"twilio", 400, "{\"code\":21211}", CARRIER_REFUSED, false, false, 21211},
	    {"twilio", 400, "{\"code\":21610}", CARRIER_REFUSED, false, false, 21610},
	    {"twilio", 400, "{\"code\":21408}", CARRIER_REFUSED, false, true, 21408},
	    {"twilio", 429, "{\"code\":20429}", CARRIER_RETRY, true, false, 20429},
	    {"twilio", 401, "{\"code\":20003}", CARRIER_REFUSED, false, true, 20003},
	    {"twilio", 400, "{\"code\":99999}", CARRIER_REFUSED, false, false, 99999},
	    {"twilio", 500, "{\"code\":20500}", CARRIER_UNKNOWN, false, false, 20500},
	    {"twilio", 503, "", CARRIER_RETRY, false, false, 503},
	    {"twilio", 302, "", CARRIER_REFUSED, false, true, 302},
	    {"vonage", 200, VONAGE(0), CARRIER_ACCEPTED, false, false, 0},
	    {"vonage", 200, VONAGE(1), CARRIER_RETRY, true, false, 1},
	    {"vonage", 200, VONAGE(3), CARRIER_REFUSED, false, false, 3},
	    {"vonage", 200, VONAGE(9), CARRIER_REFUSED, false, true, 9},
	    {"vonage", 200, VONAGE(88), CARRIER_REFUSED, false, false, 88},
	    {"vonage", 200, "{\"messages\":[{\"status\":\"0\"},{\"status\":\"1\"}]}",
		CARRIER_RETRY, true, false, 1},
	    {"vonage", 200, "{}", CARRIER_UNKNOWN, false, false, 200},
	    {"vonage", 502, "{}", CARRIER_UNKNOWN, false, false, 502},
	    {"generic", 200, "{}", CARRIER_ACCEPTED, false, false, 200},
	    {"generic", 202, "", CARRIER_ACCEPTED, false, false, 202},
	    {"generic", 403, "", CARRIER_REFUSED, false, true, 403},
	    {"generic", 422, "", CARRIER_REFUSED, false, false, 422},
	    {"generic", 504, "", CARRIER_UNKNOWN, false, false, 504},
	    {"generic", 503, "", CARRIER_RETRY, false, false, 503},
	    {"generic", 408, "", CARRIER_RETRY, false, false, 408},
	};
	struct world *w = *state;

	for (size_t i = 0; i < countof(cases); i++) {
		if (i == 0 || strcmp(cases[i].type, cases[i - 1].type) != 0) {
			configure(w, cases[i].type);
			if (strcmp(cases[i].type, "generic") == 0)
				w->options.http.receipt_secret = NULL;
			open_carrier(w);
		}
		check_answer(w, i, &cases[i]);
	}
}

/* Vonage answers for each part of a long text. */
static void
test_the_parts_of_a_long_text(void **state)
{
#define PART(id, status) "{\"message-id\":\"" id "\",\"status\":\"" status "\"}"
	static const struct {
		const char *body;
		enum carrier_result result;
		bool partly;
		size_t parts;
	} cases[] = {
	    {PART("a", "0"), CARRIER_ACCEPTED, false, 0},
	    {PART("a", "0") "," PART("b", "0"), CARRIER_ACCEPTED, false, 2},
	    {PART("a", "0") "," PART("a", "0"), CARRIER_ACCEPTED, false, 0},
	    {PART("a", "1"), CARRIER_RETRY, false, 0},
	    {PART("a", "1") "," PART("b", "1"), CARRIER_RETRY, false, 0},
	    {PART("a", "0") "," PART("b", "1"), CARRIER_RETRY, true, 0},
	    {PART("a", "1") "," PART("b", "0"), CARRIER_RETRY, true, 0},
	};
	struct world *w = *state;

	configure(w, "vonage");
	open_carrier(w);
	for (size_t i = 0; i < countof(cases); i++) {
		char body[256];
		const struct seen *s;

		snprintf(body, sizeof(body), "{\"messages\":[%s]}", cases[i].body);
		s = answered(w, 200, body);
		check_case(i, s->result == cases[i].result);
		check_case(i, s->throttled == (cases[i].result == CARRIER_RETRY));
		check_case(i, s->partly == cases[i].partly);
		check_case(i, s->part_count == cases[i].parts);
		check_case(i, s->result != CARRIER_ACCEPTED || strcmp(s->id, "a") == 0);
	}
#undef PART
}

static void
test_a_table_of_results_says_what_an_answer_means(void **state)
{
	static struct text_pair pairs[] = {{"=ok", "accepted"}, {"=busy", "throttled"},
	    {"=7", "refused"}, {"^0: Accepted", "accepted"}, {"^Error", "elsewhere"},
	    {"422", "retry"}, {"4xx", "unknown"}};
	static const struct answer_case cases[] = {
	    {"", 200, "{\"s\":\"ok\",\"id\":4}", CARRIER_ACCEPTED, false, false, 200},
	    {"", 200, "{\"s\":\"busy\"}", CARRIER_RETRY, true, false, 200},
	    {"", 200, "{\"s\":7}", CARRIER_REFUSED, false, false, 200},
	    {"", 202, "0: Accepted for delivery", CARRIER_ACCEPTED, false, false, 202},
	    {"", 200, "Error 9", CARRIER_REFUSED, false, true, 200},
	    {"", 422, "{}", CARRIER_RETRY, false, false, 422},
	    {"", 404, "{}", CARRIER_UNKNOWN, false, false, 404},
	    {"", 200, "{\"s\":\"other\"}", CARRIER_UNKNOWN, false, false, 200},
	    {"", 200, "0: Acc", CARRIER_UNKNOWN, false, false, 200},
	    {"", 500, "{\"s\":\"ok\"}", CARRIER_ACCEPTED, false, false, 500},
	};
	struct world *w = *state;

	configure(w, "generic");
	w->options.http.receipt_secret = NULL;
	w->options.generic.result = "/s";
	w->options.generic.message_id = "/id";
	w->options.generic.results = (struct text_map){countof(pairs), pairs};
	open_carrier(w);
	for (size_t i = 0; i < countof(cases); i++)
		check_answer(w, i, &cases[i]);
	assert_string_equal(answered(w, 200, cases[0].body)->id, "4");
}

static void
test_an_id_in_a_plain_text(void **state)
{
	static const struct {
		const char *pattern;
		const char *text;
		const char *id;
	} cases[] = {
	    {"OK: {{id}}", "OK: 12345", "12345"},
	    {"OK: {{id}}", "OK:  12345\r\n", "12345"},
	    {"OK: {{id}}", "\xef\xbb\xbfOK: 12345\n", "12345"},
	    {"OK: {{id}}", "ERR: 12345", NULL},
	    {"^OK: {{id}}", "Well, OK: 12345", NULL},
	    {"OK: {{id}}", "Well, OK: 12345", "12345"},
	    {"id={{id}}", "status=0&mid=7&id=12345&x=1", "12345"},
	    {"id={{id}}", "mid=7", NULL},
	    {"{{id}}", "3f2504e0-4f89-11d3-9a0c-0305e82c3301\n",
		"3f2504e0-4f89-11d3-9a0c-0305e82c3301"},
	    {"^0|IN_PROGRESS|{{id}}", "0|IN_PROGRESS|12345", "12345"},
	    {"<id>{{id}}</id>", "<r><id>a;1</id></r>", "a;1"},
	    {"<id>{{id}}</id>", "<r><id>a 1</id></r>", NULL},
	    {"<id>{{id}}</id>", "<r><id></id><id>2</id></r>", "2"},
	    {"OK: {{id}}", "OK: ", NULL},
	    {"OK: {{id}}", "OK:", NULL},
	    {"OK: {{id}}", "", NULL},
	};
	struct world *w = *state;

	for (size_t i = 0; i < countof(cases); i++) {
		const char *id = cases[i].id == NULL ? "01A2-1" : cases[i].id;

		configure(w, "generic");
		w->options.http.receipt_secret = NULL;
		w->options.generic.message_id = cases[i].pattern;
		open_carrier(w);
		check_case(i, strcmp(answered(w, 200, cases[i].text)->id, id) == 0);
	}
}

/* ---- the rules at the head of carrier.h ---- */

static void
test_what_may_have_been_taken_is_unknown_and_nothing_else_is(void **state)
{
	static const struct {
		enum answerer_way way;
		const char *answer;
	} cases[] = {
	    {ANSWERER_CLOSE, NULL},
	    {ANSWERER_RESET, NULL},
	    {ANSWERER_SILENT, NULL},
	    {ANSWERER_CLOSE, "HTTP/1.1 201 X\r\nContent-Length: 10\r\n\r\n{"},
	};
	struct world *w = *state;

	configure(w, "twilio");
	open_carrier(w);
	for (size_t i = 0; i < countof(cases); i++) {
		check_case(i,
		    outcome(w, cases[i].way, cases[i].answer)->result == CARRIER_UNKNOWN);
		check_case(i, carrier_is_up(w->carrier));
	}
	evconnlistener_free(w->answerer.listener);
	assert_int_equal(outcome(w, ANSWERER_KEEP, NULL)->result, CARRIER_RETRY);
	assert_false(carrier_is_up(w->carrier));
	answerer_start(&w->answerer, w->base);
}

/* With a status that says well nobody is asked again, but who knows the message again;
 * with one that says why not the body may be lost. */
static void
test_an_answer_that_breaks_off(void **state)
{
#define CUT(status) "HTTP/1.1 " status " X\r\nContent-Length: 10\r\n\r\n{"
	static const struct {
		const char *type;
		const char *answer;
		enum carrier_result result;
		bool final;
		bool here_alone;
	} cases[] = {
	    {"twilio", CUT("201"), CARRIER_UNKNOWN, true, false},
	    {"vonage", CUT("200"), CARRIER_UNKNOWN, true, false},
	    {"generic", CUT("202"), CARRIER_UNKNOWN, true, false},
	    {"infobip", CUT("200"), CARRIER_UNKNOWN, false, true},
	    {"twilio", CUT("400"), CARRIER_REFUSED, false, false},
	    {"infobip", CUT("429"), CARRIER_RETRY, false, false},
	    {"generic", CUT("503"), CARRIER_RETRY, false, false},
	    {"vonage", CUT("500"), CARRIER_UNKNOWN, false, false},
	    {"generic", "HTTP/1.1 2", CARRIER_UNKNOWN, false, false},
	};
	struct world *w = *state;

	for (size_t i = 0; i < countof(cases); i++) {
		const struct seen *s;

		configure(w, cases[i].type);
		if (strcmp(cases[i].type, "generic") == 0)
			w->options.http.receipt_secret = NULL;
		open_carrier(w);
		s = outcome(w, ANSWERER_CLOSE, cases[i].answer);
		check_case(i, s->result == cases[i].result);
		check_case(i, s->final == cases[i].final);
		check_case(i, s->here_alone == cases[i].here_alone);
	}
#undef CUT
}

static void
test_a_full_window_is_said_at_once(void **state)
{
	struct world *w = *state;

	configure(w, "vonage");
	open_carrier(w);
	w->answerer.way = ANSWERER_SILENT;
	submit(w, 0, "1");
	assert_true(carrier_has_room(w->carrier));
	submit(w, 1, "2");
	assert_false(carrier_has_room(w->carrier));
	submit(w, 2, "3");
	assert_int_equal(w->seen[2].calls, 1);
	assert_int_equal(w->seen[2].result, CARRIER_RETRY);
	assert_int_equal(w->seen[2].code, 0);
	UNTIL(w, w->seen[0].calls + w->seen[1].calls == 2);
	assert_true(carrier_has_room(w->carrier));
	assert_int_equal(w->changes, 2);
}

static void
test_a_gateway_that_is_down_is_left_alone_and_tried_again(void **state)
{
	struct world *w = *state;
	int port = w->answerer.port;

	configure(w, "twilio");
	open_carrier(w);
	evconnlistener_free(w->answerer.listener);
	assert_int_equal(outcome(w, ANSWERER_KEEP, NULL)->result, CARRIER_RETRY);
	submit(w, 1, "x");
	assert_int_equal(w->seen[1].calls, 1);
	assert_int_equal(w->seen[1].code, 0);
	assert_string_equal(w->seen[1].reason, "it is left alone for a while");
	w->changes = 0;
	UNTIL(w, w->changes > 0);
	assert_true(carrier_is_up(w->carrier));
	assert_true(w->answerer.port == port);
	answerer_start(&w->answerer, w->base);
}

static void
test_retry_after_is_kept(void **state)
{
	struct world *w = *state;
	const struct seen *s;

	configure(w, "twilio");
	open_carrier(w);
	s = outcome(w, ANSWERER_KEEP,
	    "HTTP/1.1 429 X\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n");
	assert_true(s->result == CARRIER_RETRY && s->throttled);
	assert_false(carrier_is_up(w->carrier));
	UNTIL(w, carrier_is_up(w->carrier));
	assert_int_equal(answered(w, 201, "{}")->result, CARRIER_ACCEPTED);
}

static void
test_the_end_answers_what_is_outstanding(void **state)
{
	struct world *w = *state;

	configure(w, "twilio");
	open_carrier(w);
	w->answerer.way = ANSWERER_SILENT;
	submit(w, 0, "1");
	submit(w, 1, "2");
	UNTIL(w, w->answerer.requests == 2);
	carrier_free(w->carrier);
	w->carrier = NULL;
	assert_int_equal(w->seen[0].calls + w->seen[1].calls, 2);
	assert_int_equal(w->seen[0].result, CARRIER_UNKNOWN);
	assert_int_equal(w->seen[1].result, CARRIER_UNKNOWN);
}

static void
test_what_a_vendor_cannot_take_goes_elsewhere(void **state)
{
	struct carrier_message m = {.pin_id = "1",
	    .application_id = "1",
	    .reference = "1",
	    .to = "41793026727",
	    .from = "Bar",
	    .content = {.sms = {.text = SPAN("x")}},
	    .validity_ms = 19999};
	struct world *w = *state;

	configure(w, "vonage");
	open_carrier(w);
	carrier_submit(w->carrier, &m, on_done, &w->seen[0]);
	assert_int_equal(w->seen[0].result, CARRIER_REFUSED);
	assert_true(w->seen[0].elsewhere);
	assert_int_equal(w->answerer.requests, 0);
}

static void
test_a_faulty_configuration_is_named(void **state)
{
	static struct text_pair key = {"what", "accepted"};
	static struct text_pair value = {"200", "maybe"};
	static struct text_pair status = {"1", "DELIVERED"};
	static struct text_pair evil = {"X", "{{nothing}}"};
	static struct {
		struct carrier_generic_options options;
		const char *field;
	} cases[] = {
	    {{.http.url = "http://a/"}, "url"},
	    {{.http.url = "https://{{to}}/"}, "url"},
	    {{.http.url = "https://a{{to}}.b/"}, "url"},
	    {{.http.url = "https://a/?{{pin}}"}, "url"},
	    {{.http.url = "https://a/", .body = "{{pin}}"}, "body"},
	    {{.http.url = "https://a/", .body = "{{text}}", .body_format = "text"},
		"body"},
	    {{.http.url = "https://a/", .headers = {1, &evil}}, "headers"},
	    {{.http.url = "https://a/", .auth = "basic"}, "auth"},
	    {{.http.url = "https://a/", .results = {1, &key}}, "results"},
	    {{.http.url = "https://a/", .results = {1, &value}}, "results"},
	    {{.http.url = "https://a/", .message_id = "id"}, "message_id"},
	    {{.http.url = "https://a/", .message_id = "OK: {{ID}}"}, "message_id"},
	    {{.http.url = "https://a/", .body = "{{?text}}"}, "body"},
	    {{.http.url = "https://a/", .receipt_answer = "ACK"}, "receipt_answer"},
	    {{.http.url = "https://a/", .result = "/~2"}, "result"},
	    {{.http.url = "https://a/", .receipt_id = "id"}, "receipt_id"},
	    {{.http.url = "https://a/", .receipt_id = "?id"}, "receipt_id"},
	    {{.http.url = "https://a/", .receipt_statuses = {1, &status}},
		"receipt_statuses"},
	};
	struct carrier_config config = {.name = "main", .type = "generic"};
	union any_options options = {0};
	char why[256];

	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		const char *field;

		any_options_words(&options, "generic");
		if (cases[i].options.auth == NULL)
			cases[i].options.auth = options.generic.auth;
		if (cases[i].options.body_format == NULL)
			cases[i].options.body_format = options.generic.body_format;
		config.options = &cases[i].options;
		field = carrier_check(&config, why);
		check_case(i, field != NULL && strcmp(field, cases[i].field) == 0);
		check_case(i, why[0] != '\0');
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	    CASE(test_infobip_3),
	    CASE(test_infobip_2),
	    CASE(test_twilio),
	    CASE(test_vonage),
	    CASE(test_generic),
	    CASE(test_the_ids_of_a_register),
	    CASE(test_an_id_in_a_plain_text),
	    CASE(test_an_answer_that_breaks_off),
	    CASE(test_answers),
	    CASE(test_the_parts_of_a_long_text),
	    CASE(test_a_table_of_results_says_what_an_answer_means),
	    CASE(test_what_may_have_been_taken_is_unknown_and_nothing_else_is),
	    CASE(test_a_full_window_is_said_at_once),
	    CASE(test_a_gateway_that_is_down_is_left_alone_and_tried_again),
	    CASE(test_retry_after_is_kept),
	    CASE(test_the_end_answers_what_is_outstanding),
	    CASE(test_what_a_vendor_cannot_take_goes_elsewhere),
	    CASE(test_a_faulty_configuration_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
