/* SPDX-License-Identifier: Apache-2.0 */
/* Calls and emails over HTTP: what goes out to each vendor, and what their answers mean.
 */
#include <openssl/evp.h>
#include <openssl/pem.h>

#include "base/json_lenient.h"
#include "base/secret.h"
#include "carrier/gateway.h"

#define RECEIPTS "https%3A%2F%2Fmycompany.com%2Fwatchword%2F1%2Freceipts%2Fmain"
#define RECEIPTS_JSON                                                                    \
	"https://mycompany.com/watchword/1/receipts/main/a%20secret%20of%20the%20path"

/* A call or an email, rendered from templates as delivery does. */
struct told {
	struct content content;
	const char *from;
	const char *to;
	int64_t validity_ms;
};

static void
send_told(struct world *w, const struct told *t)
{
	static const struct render_value values[] = {{"name", "Zo\u00eb <&\">"}};
	struct render_fill fill = {{NULL, "1207"}, values, countof(values)};
	struct carrier_message m = {.pin_id = "01A2",
	    .application_id = "01A3",
	    .reference = "01A2-1",
	    .to = t->to,
	    .from = t->from,
	    .at_ms = 1,
	    .validity_ms = t->validity_ms == 0 ? 90500 : t->validity_ms};
	struct buf texts;

	buf_init(&texts, channel_row(t->content.channel)->text_len_max);
	assert_int_equal(content_render(&m.content, &t->content, &fill, &texts), OK);
	w->seen[0] = (struct seen){0};
	carrier_submit(w->carrier, &m, on_done, &w->seen[0]);
	buf_fini(&texts);
}

static const struct seen *
told_and_answered(struct world *w, const struct told *t, int status, const char *body)
{
	static char answer[8192];

	snprintf(answer, sizeof(answer), "HTTP/1.1 %d X\r\nContent-Length: %zu\r\n\r\n%s",
	    status, strlen(body), body);
	w->answerer.way = ANSWERER_KEEP;
	w->answerer.answer = answer;
	send_told(w, t);
	UNTIL(w, w->seen[0].calls > 0);
	assert_int_equal(w->seen[0].calls, 1);
	return &w->seen[0];
}

static struct told
call(const char *text)
{
	return (struct told){.content = {.channel = CHANNEL_VOICE,
				 .voice = {.text = span_of(text), .language = "de"}},
	    .from = "+41790000000",
	    .to = "41793026727"};
}

static struct told
mail(const char *text, const char *html)
{
	return (struct told){.content = {.channel = CHANNEL_EMAIL,
				 .email = {.subject = SPAN("{{pin}} for {{name}}"),
				     .text = span_of(text),
				     .html = span_of(html)}},
	    .from = "Jane \"J\" Smith <jane@example.com>",
	    .to = "john@example.com"};
}

/* ---- keys ---- */

static size_t
decode(const char *begin, const char *end, uint8_t *out, size_t max)
{
	size_t len = 0;

	assert_true(secret_from_base64(
	    (struct span){begin, (size_t)(end - begin)}, out, max, &len));
	return len;
}

/* The claims of a token that the key's public half fits. */
static json_t *
claims_of(const char *token, const char *pem)
{
	BIO *bio = BIO_new_mem_buf(pem, -1);
	EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	const char *first = strchr(token, '.');
	const char *second = strchr(first + 1, '.');
	const char *end = token + strspn(token, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmn"
						"opqrstuvwxyz0123456789-_.");
	uint8_t octets[1024];
	size_t len = decode(second + 1, end, octets, sizeof(octets));
	json_t *doc = NULL;

	assert_int_equal(EVP_DigestVerifyInit(ctx, NULL, EVP_sha256(), NULL, key), 1);
	assert_int_equal(EVP_DigestVerify(ctx, octets, len, (const uint8_t *)token,
			     (size_t)(second - token)),
	    1);
	len = decode(token, first, octets, sizeof(octets));
	assert_int_equal(len, 27);
	assert_memory_equal(octets, "{\"alg\":\"RS256\",\"typ\":\"JWT\"}", len);
	len = decode(first + 1, second, octets, sizeof(octets));
	assert_int_equal(
	    json_lenient_parse((struct span){(char *)octets, len}, &doc), OK);
	EVP_MD_CTX_free(ctx);
	EVP_PKEY_free(key);
	BIO_free(bio);
	return doc;
}

/* ---- calls: requests ---- */

static void
test_a_call_by_infobip(void **state)
{
	struct world *w = *state;
	struct told t = call("PIN {{pin}}, {{name}}.");
	const struct seen *s;

	configure_channel(w, "infobip", voice_channels);
	open_carrier(w);
	t.content.voice.language = "pt_br";
	t.content.voice.voice_name = "Camila";
	t.content.voice.repeat_dtmf = "1#";
	t.content.voice.speech_rate = 0.8;
	s = told_and_answered(w, &t, 200,
	    "{\"messages\":[{\"to\":\"41793026727\",\"status\":{\"groupId\":1,\"id\":26},"
	    "\"messageId\":\"2250\"}]}");
	assert_int_equal(s->result, CARRIER_ACCEPTED);
	assert_string_equal(s->id, "2250");
	has(w, "POST /tts/3/advanced HTTP/1.1\r\n");
	has(w, "\r\nAuthorization: App 12345\r\n");
	has(w,
	    "\r\n\r\n{\"messages\":[{\"destinations\":[{\"to\":\"41793026727\","
	    "\"messageId\":\"01A2-1\"}],\"from\":\"41790000000\",\"text\":"
	    "\"PIN 1, 2, 0, 7, Zo\u00eb <&\\\">.,,,, PIN 1, 2, 0, 7, Zo\u00eb <&\\\">.\","
	    "\"language\":\"pt-br\",\"voice\":{\"name\":\"Camila\"},\"speechRate\":0.8,"
	    "\"repeatDtmf\":\"1\",\"maxDtmf\":1,\"validityPeriod\":1,"
	    "\"notifyUrl\":\"" RECEIPTS_JSON "\",\"notifyContentType\":"
	    "\"application/json\",\"notifyContentVersion\":2}]}");
	t.content.voice = (struct content_voice){.text = SPAN("{{pin}}")};
	(void)told_and_answered(w, &t, 200, "{}");
	has(w, "\"text\":\"1, 2, 0, 7,,,, 1, 2, 0, 7\",\"language\":\"en\","
	       "\"validityPeriod\"");
}

static void
test_a_call_by_twilio(void **state)
{
	struct world *w = *state;
	struct told t = call("PIN {{pin}} {{name}}");
	const struct seen *s;

	configure_channel(w, "twilio", voice_channels);
	w->options.http.user = "AC1";
	w->options.http.receipt_secret = NULL;
	open_carrier(w);
	s = told_and_answered(w, &t, 201, "{\"sid\":\"CA1\",\"status\":\"queued\"}");
	assert_int_equal(s->result, CARRIER_ACCEPTED);
	assert_string_equal(s->id, "CA1");
	has(w, "POST /2010-04-01/Accounts/AC1/Calls.json HTTP/1.1\r\n");
	has(w, "\r\n\r\nTo=%2B41793026727&From=%2B41790000000&Twiml=%3CResponse%3E"
	       "%3CPause%20length%3D%221%22%2F%3E%3CSay%20language%3D%22de-DE%22%3E"
	       "PIN%201%2C%202%2C%200%2C%207%20Zo%C3%AB%20"
	       "%26%2360%3B%26%2338%3B%26%2334%3B%26%2362%3B%3C%2FSay%3E"
	       "%3CPause%20length%3D%221%22%2F%3E%3CSay%20language%3D%22de-DE%22%3E"
	       "PIN%201%2C%202%2C%200%2C%207%20Zo%C3%AB%20"
	       "%26%2360%3B%26%2338%3B%26%2334%3B%26%2362%3B%3C%2FSay%3E"
	       "%3C%2FResponse%3E&Timeout=60&StatusCallback=" RECEIPTS
	       "&StatusCallbackMethod=POST");
}

/* Voices and rates as far as TwiML takes them for sure; keys are rounds. */
static void
test_voices_of_twilio(void **state)
{
	static const struct {
		const char *voice;
		double rate;
		const char *keys;
		const char *has;
	} cases[] = {
	    {"Joanna", 0.5, NULL,
		"voice%3D%22Polly.Joanna%22%3E%3Cprosody%20rate%3D%2250%25%22%3E1%2C"
		"%202%2C%200%2C%207%3C%2Fprosody%3E%3C%2FSay%3E"},
	    {"woman", 2, NULL, "voice%3D%22woman%22%3E1%2C"},
	    {"Google.de-DE-Standard-A", 0, NULL,
		"voice%3D%22Google.de-DE-Standard-A%22%3E1%2C"},
	    {"Google.hr-HR-Chirp3-HD-Kore", 1.5, NULL, "-HD-Kore%22%3E1%2C"},
	    {"Katja (beta)", 1, NULL, "%22de-DE%22%3E1%2C"},
	    {"A.\"x", 0, NULL, "%22de-DE%22%3E1%2C"},
	    {NULL, 0.5, NULL, "%22de-DE%22%3E1%2C"},
	    {NULL, 0, "1#",
		"7%3C%2FSay%3E%3CPause%20length%3D%221%22%2F%3E%3CSay%20language%3D"
		"%22de-DE%22%3E1%2C%202%2C%200%2C%207%3C%2FSay%3E%3CPause%20length%3D"
		"%221%22%2F%3E%3CSay%20language%3D%22de-DE%22%3E1%2C%202%2C%200%2C%207"
		"%3C%2FSay%3E%3C%2FResponse%3E"},
	};
	struct world *w = *state;

	configure_channel(w, "twilio", voice_channels);
	open_carrier(w);
	for (size_t i = 0; i < countof(cases); i++) {
		struct told t = call("{{pin}}");

		t.content.voice.voice_name = cases[i].voice;
		t.content.voice.speech_rate = cases[i].rate;
		t.content.voice.repeat_dtmf = cases[i].keys;
		(void)told_and_answered(w, &t, 201, "{}");
		has(w, cases[i].has);
	}
}

static void
test_a_call_by_vonage(void **state)
{
	struct world *w = *state;
	char *pem = make_key(2048);
	struct told t = call("PIN {{pin}} {{name}}");
	const struct seen *s;
	char token[2][1024] = {"", ""};
	json_t *claims;

	configure_vonage(w, pem);
	open_carrier(w);
	for (int i = 0; i < 2; i++) {
		s = told_and_answered(
		    w, &t, 201, "{\"uuid\":\"63f61863\",\"status\":\"started\"}");
		assert_int_equal(s->result, CARRIER_ACCEPTED);
		assert_string_equal(s->id, "63f61863");
		has(w, "\r\nAuthorization: Bearer ");
		assert_int_equal(sscanf(strstr(w->answerer.last, "Bearer "),
				     "Bearer %1023[^\r]", token[i]),
		    1);
	}
	has(w, "POST /v1/calls HTTP/1.1\r\n");
	has(w, "\r\n\r\n{\"to\":[{\"type\":\"phone\",\"number\":\"41793026727\"}],"
	       "\"from\":{\"type\":\"phone\",\"number\":\"41790000000\"},"
	       "\"ncco\":[{\"action\":\"talk\",\"text\":"
	       "\"PIN 1, 2, 0, 7 Zo\u00eb <&\\\">\",\"language\":\"de-DE\",\"loop\":2}],"
	       "\"ringing_timer\":60,\"event_url\":[\"" RECEIPTS_JSON "\"],"
	       "\"event_method\":\"POST\"}");
	/* one token serves both */
	assert_string_equal(token[0], token[1]);
	claims = claims_of(token[0], pem);
	assert_string_equal(json_string_value(json_object_get(claims, "application_id")),
	    "78d335fa-323d");
	assert_int_equal(json_integer_value(json_object_get(claims, "exp")) -
			     json_integer_value(json_object_get(claims, "iat")),
	    900);
	assert_int_equal(strlen(json_string_value(json_object_get(claims, "jti"))), 32);
	json_decref(claims);
	/* a style, a rate, a key; what may not have long to live rings no longer */
	t.content.voice.voice_name = "3";
	t.content.voice.speech_rate = 1.25;
	t.content.voice.repeat_dtmf = "1";
	t.validity_ms = 21000;
	s = told_and_answered(w, &t, 401, "{\"title\":\"Unauthorized\"}");
	assert_int_equal(s->result, CARRIER_REFUSED);
	assert_true(s->elsewhere);
	has(w, "\"text\":\"<speak><prosody rate='125%'>PIN 1, 2, 0, 7 Zo\u00eb "
	       "&#60;&#38;&#34;&#62;</prosody></speak>\",\"language\":\"de-DE\","
	       "\"style\":3,\"loop\":3}],\"ringing_timer\":21,");
	/* one that was refused is not shown again */
	(void)told_and_answered(w, &t, 201, "{}");
	assert_null(strstr(w->answerer.last, token[0]));
	mem_free(pem);
}

/* A gateway that says by itself what it is given. */
static void
test_a_call_by_a_gateway(void **state)
{
	struct world *w = *state;
	struct told t = call("PIN {{pin}}");

	configure_channel(w, "generic", voice_channels);
	w->options.http.receipt_secret = NULL;
	w->options.generic.body =
	    "{\"to\":\"{{to}}\",\"say\":\"{{spoken}}\",\"once\":\"{{text}}\","
	    "\"lang\":\"{{language}}\"{{?voice}},\"voice\":\"{{voice}}\"{{/}}"
	    "{{?rate}},\"rate\":{{rate}}{{/}}{{?repeat}},\"key\":\"{{repeat}}\"{{/}},"
	    "\"times\":{{rounds}}}";
	open_carrier(w);
	(void)told_and_answered(w, &t, 202, "{}");
	has(w, "\r\n\r\n{\"to\":\"41793026727\",\"say\":\"PIN 1, 2, 0, 7; PIN 1, 2, 0, "
	       "7\",\"once\":\"PIN 1207\",\"lang\":\"de-DE\",\"times\":2}");
	t.content.voice.voice_name = "x";
	t.content.voice.speech_rate = 1;
	t.content.voice.repeat_dtmf = "*#";
	(void)told_and_answered(w, &t, 202, "{}");
	has(w, "PIN 1, 2, 0, 7; PIN 1, 2, 0, 7; PIN 1, 2, 0, 7\"");
	has(w, "\"lang\":\"de-DE\",\"voice\":\"x\",\"rate\":1,\"key\":\"*#\",\"times\":"
	       "3}");
}

/* ---- emails: requests ---- */

static void
test_an_email_by_infobip(void **state)
{
	struct world *w = *state;
	struct told t = mail("PIN {{pin}}\nHi {{name}}", "<b>{{pin}}</b> {{name}}");
	const struct seen *s;

	configure_channel(w, "infobip", email_channels);
	open_carrier(w);
	t.content.email.landing_page = "1_23456";
	t.content.email.landing_page_placeholders = SPAN("{\"name\":\"J\"}");
	s = told_and_answered(w, &t, 200,
	    "{\"messages\":[{\"messageId\":\"a28d\",\"status\":{\"groupId\":1,\"id\":7},"
	    "\"destination\":\"john@example.com\"}]}");
	assert_int_equal(s->result, CARRIER_ACCEPTED);
	assert_string_equal(s->id, "a28d");
	has(w, "POST /email/4/messages HTTP/1.1\r\n");
	has(w,
	    "\r\n\r\n{\"messages\":[{\"sender\":\"Jane \\\"J\\\" Smith "
	    "<jane@example.com>\",\"destinations\":[{\"to\":[{\"destination\":"
	    "\"john@example.com\",\"messageId\":\"01A2-1\"}]}],\"content\":{\"subject\":"
	    "\"1207 for Zo\u00eb <&\\\">\",\"text\":\"PIN 1207\\u000aHi Zo\u00eb "
	    "<&\\\">\","
	    "\"html\":\"<b>1207</b> Zo\u00eb &lt;&amp;&quot;&gt;\","
	    "\"optoutLandingPageId\":\"1_23456\",\"landingPagePlaceholders\":"
	    "\"{\\\"name\\\":\\\"J\\\"}\"},\"options\":{\"validityPeriod\":{"
	    "\"amount\":90,\"timeUnit\":\"SECONDS\"}},\"webhooks\":{\"delivery\":{"
	    "\"url\":\"" RECEIPTS_JSON "\"},\"contentType\":\"application/json\"}}]}");
	t = mail("PIN {{pin}}", "");
	t.from = NULL;
	w->config.sender = "pins@example.com";
	(void)told_and_answered(w, &t, 200, "{}");
	has(w, "{\"sender\":\"pins@example.com\",");
	has(w, "\"text\":\"PIN 1207\"},\"options\"");
}

/* v3/mail/send of SendGrid: both parts where there are both, and its own form of names.
 */
static const char sendgrid[] =
    "{\"personalizations\":[{\"to\":[{\"email\":\"{{to}}\"}],"
    "\"custom_args\":{\"reference\":\"{{reference}}\"}}],"
    "\"from\":{\"email\":\"{{fromAddress}}\"{{?fromName}},\"name\":\"{{fromName}}\"{{/"
    "}}},"
    "\"subject\":\"{{subject}}\",\"content\":["
    "{{?text}}{\"type\":\"text/plain\",\"value\":\"{{text}}\"}{{?html}},{{/}}{{/}}"
    "{{?html}}{\"type\":\"text/html\",\"value\":\"{{html}}\"}{{/}}]}";

static void
test_an_email_by_sendgrid(void **state)
{
	static struct text_pair header = {"Authorization", "Bearer {{password}}"};
	struct world *w = *state;
	struct told t = mail("PIN {{pin}}", "<b>{{pin}}</b>");
	const struct seen *s;

	configure_channel(w, "generic", email_channels);
	w->options.http.receipt_secret = NULL;
	w->options.generic.headers = (struct text_map){1, &header};
	w->options.generic.body = sendgrid;
	open_carrier(w);
	s = told_and_answered(w, &t, 202, "");
	assert_int_equal(s->result, CARRIER_ACCEPTED);
	assert_string_equal(s->id, "01A2-1");
	has(w, "\r\nAuthorization: Bearer 12345\r\n");
	has(w,
	    "\r\n\r\n{\"personalizations\":[{\"to\":[{\"email\":\"john@example.com\"}],"
	    "\"custom_args\":{\"reference\":\"01A2-1\"}}],\"from\":{\"email\":"
	    "\"jane@example.com\",\"name\":\"Jane \\\"J\\\" Smith\"},\"subject\":"
	    "\"1207 for Zo\u00eb "
	    "<&\\\">\",\"content\":[{\"type\":\"text/plain\",\"value\":"
	    "\"PIN 1207\"},{\"type\":\"text/html\",\"value\":\"<b>1207</b>\"}]}");
	t = mail("", "<b>{{pin}}</b>");
	t.from = "jane@example.com";
	(void)told_and_answered(w, &t, 202, "");
	has(w, "\"from\":{\"email\":\"jane@example.com\"},");
	has(w, "\"content\":[{\"type\":\"text/html\",\"value\":\"<b>1207</b>\"}]}");
	t = mail("PIN {{pin}}", "");
	(void)told_and_answered(w, &t, 202, "");
	has(w, "\"content\":[{\"type\":\"text/plain\",\"value\":\"PIN 1207\"}]}");
}

/* Mailgun takes a form. */
static void
test_an_email_by_mailgun(void **state)
{
	struct world *w = *state;
	struct told t = mail("PIN {{pin}}", "<b>{{pin}}</b>");
	const struct seen *s;

	configure_channel(w, "generic", email_channels);
	w->options.http.receipt_secret = NULL;
	w->options.generic.auth = "basic";
	w->options.http.user = "api";
	w->options.generic.body_format = "form";
	w->options.generic.message_id = "/id";
	w->options.generic.body =
	    "from={{from}}&to={{to}}&subject={{subject}}{{?text}}&text={{text}}{{/}}"
	    "{{?html}}&html={{html}}{{/}}&v:reference={{reference}}";
	open_carrier(w);
	s = told_and_answered(w, &t, 200,
	    "{\"id\":\"<2026.1@mg.example.com>\",\"message\":\"Queued. Thank you.\"}");
	assert_string_equal(s->id, "<2026.1@mg.example.com>");
	has(w, "\r\nAuthorization: Basic YXBpOjEyMzQ1\r\n");
	has(w, "\r\n\r\nfrom=Jane%20%22J%22%20Smith%20%3Cjane%40example.com%3E&to="
	       "john%40example.com&subject=1207%20for%20Zo%C3%AB%20%3C%26%22%3E&text="
	       "PIN%201207&html=%3Cb%3E1207%3C%2Fb%3E&v:reference=01A2-1");
}

/* ---- what is refused before it goes out ---- */

static void
test_what_no_request_can_be_made_of(void **state)
{
	struct world *w = *state;
	char *pem = make_key(2048);
	struct told t = call("PIN {{pin}}");
	unsigned before;

	configure_vonage(w, pem);
	open_carrier(w);
	before = w->answerer.requests;
	t.content.voice.language = "hr";
	send_told(w, &t);
	assert_int_equal(w->seen[0].result, CARRIER_REFUSED);
	assert_true(w->seen[0].elsewhere);
	assert_int_equal(w->seen[0].status, REPORT_REJECTED_UNSUPPORTED_LANGUAGE);
	configure_channel(w, "twilio", voice_channels);
	open_carrier(w);
	t = call("PIN {{pin}} \x01");
	send_told(w, &t);
	assert_int_equal(w->seen[0].result, CARRIER_REFUSED);
	configure_channel(w, "infobip", email_channels);
	open_carrier(w);
	t = mail("PIN {{pin}}", "");
	t.from = "Acme";
	send_told(w, &t);
	assert_int_equal(w->seen[0].result, CARRIER_REFUSED);
	assert_int_equal(w->seen[0].status, REPORT_REJECTED_SOURCE);
	assert_int_equal(w->answerer.requests, before);
	mem_free(pem);
}

/* Characters count, not octets: 700 of two octets are said twice, 701 are not. */
static void
test_what_a_vendor_says_at_most(void **state)
{
	struct world *w = *state;
	struct buf text;

	configure_channel(w, "infobip", voice_channels);
	open_carrier(w);
	buf_init(&text, 4096);
	for (size_t i = 0; i < (1400 - 5) / 2; i++)
		buf_add_text(&text, "\u0416");
	for (int more = 0; more < 2; more++) {
		struct told t = call("");

		t.content.voice.text = buf_span(&text);
		if (more == 0)
			(void)told_and_answered(w, &t, 200, "{}");
		else
			send_told(w, &t);
		assert_int_equal(w->seen[0].status,
		    more == 0 ? REPORT_NONE : REPORT_REJECTED_MESSAGE_TOO_LONG);
		buf_add_text(&text, "\u0416");
	}
	buf_fini(&text);
}

/* ---- answers ---- */

static void
test_answers_to_calls_and_emails(void **state)
{
	static const struct {
		const char *type;
		const char *channel;
		int status;
		const char *body;
		enum carrier_result result;
		bool throttled;
		bool elsewhere;
	} cases[] = {
	    {"twilio", "voice", 400, "{\"code\":21211}", CARRIER_REFUSED, false, false},
	    {"twilio", "voice", 400, "{\"code\":21215}", CARRIER_REFUSED, false, true},
	    {"twilio", "voice", 400, "{\"code\":21210}", CARRIER_REFUSED, false, true},
	    {"twilio", "voice", 401, "{\"code\":20003}", CARRIER_REFUSED, false, true},
	    {"twilio", "voice", 429, "{\"code\":20429}", CARRIER_RETRY, true, false},
	    {"twilio", "voice", 500, "", CARRIER_UNKNOWN, false, false},
	    {"twilio", "voice", 503, "", CARRIER_RETRY, false, false},
	    {"infobip", "voice", 200, "{\"messages\":[{\"status\":{\"id\":54}}]}",
		CARRIER_REFUSED, false, true},
	    {"infobip", "voice", 200, "{\"messages\":[{\"status\":{\"id\":52}}]}",
		CARRIER_REFUSED, false, false},
	    {"infobip", "voice", 401, "{}", CARRIER_REFUSED, false, true},
	    {"infobip", "email", 429, "{}", CARRIER_RETRY, true, false},
	    {"infobip", "email", 400, "{\"errorCode\":\"E400\"}", CARRIER_REFUSED, false,
		false},
	    {"infobip", "email", 200, "not json", CARRIER_UNKNOWN, false, false},
	    {"infobip", "email", 502, "{}", CARRIER_UNKNOWN, false, false},
	};
	struct world *w = *state;

	for (size_t i = 0; i < countof(cases); i++) {
		bool voice = strcmp(cases[i].channel, "voice") == 0;
		struct told t = voice ? call("{{pin}}") : mail("{{pin}}", "");
		const struct seen *s;

		configure_channel(
		    w, cases[i].type, voice ? voice_channels : email_channels);
		open_carrier(w);
		s = told_and_answered(w, &t, cases[i].status, cases[i].body);
		check_case(i, s->result == cases[i].result);
		check_case(i, s->throttled == cases[i].throttled);
		check_case(i, s->elsewhere == cases[i].elsewhere);
	}
}

/* Nobody promises that a second call with the same id is not made. */
static void
test_a_call_whose_answer_breaks_off_is_not_made_again(void **state)
{
	struct world *w = *state;
	struct told t = call("{{pin}}");

	configure_channel(w, "infobip", voice_channels);
	open_carrier(w);
	w->answerer.way = ANSWERER_CLOSE;
	w->answerer.answer = "HTTP/1.1 200 X\r\nContent-Length: 100\r\n\r\n{";
	send_told(w, &t);
	UNTIL(w, w->seen[0].calls > 0);
	assert_int_equal(w->seen[0].result, CARRIER_UNKNOWN);
	assert_true(w->seen[0].final);
	assert_false(w->seen[0].here_alone);
}

/* ---- options ---- */

static void
test_channels_and_senders_are_checked(void **state)
{
	static const struct {
		const char *type;
		const char *channels[2];
		const char *sender;
		const char *body;
		const char *field; /* NULL: it is right */
	} cases[] = {
	    {"infobip", {"sms", "email"}, NULL, NULL, NULL},
	    {"infobip", {"voice", NULL}, "41790000000", NULL, NULL},
	    {"infobip", {"email", NULL}, "Pins <pins@example.com>", NULL, NULL},
	    {"infobip", {"fax", NULL}, NULL, NULL, "channels"},
	    {"twilio", {"sms", "voice"}, NULL, NULL, NULL},
	    {"twilio", {"email", NULL}, NULL, NULL, "channels"},
	    {"vonage", {"voice", NULL}, NULL, NULL, "application_id"},
	    {"infobip", {"email", NULL}, "Acme", NULL, "sender"},
	    {"infobip", {"sms", NULL}, "pins@example.com", NULL, "sender"},
	    {"infobip", {"email", NULL}, "pins@@example.com", NULL, "sender"},
	    {"infobip", {"sms", NULL}, "a sender that is too long", NULL, "sender"},
	    {"generic", {NULL, NULL}, NULL, "{{text}}{{coding}}", NULL},
	    {"generic", {NULL, NULL}, NULL, "{{subject}}", "channels"},
	    {"generic", {"email", NULL}, NULL, "{{coding}}", "channels"},
	    {"generic", {"email", NULL}, NULL, "{{token}}", "body"},
	    {"generic", {"sms", "email"}, NULL, "{{coding}}{{subject}}", NULL},
	};
	struct world *w = *state;
	char why[256];

	for (size_t i = 0; i < countof(cases); i++) {
		size_t count = cases[i].channels[0] == NULL   ? 0
			       : cases[i].channels[1] == NULL ? 1
							      : 2;
		const char *field;

		configure(w, cases[i].type);
		w->config.sender = cases[i].sender;
		w->options.http.channels = (struct text_list){
		    count, (const char **)(uintptr_t)cases[i].channels};
		if (strcmp(cases[i].type, "generic") == 0)
			w->options.http.receipt_secret = NULL;
		if (cases[i].body != NULL)
			w->options.generic.body = cases[i].body;
		why[0] = '\0';
		field = carrier_check(&w->config, why);
		check_case(i, cases[i].field == NULL
				  ? field == NULL
				  : field != NULL && strcmp(field, cases[i].field) == 0);
		check_case(i, (field == NULL) == (why[0] == '\0'));
	}
	configure(w, "twilio");
	assert_true(carrier_carries(&w->config, CHANNEL_SMS));
	assert_false(carrier_carries(&w->config, CHANNEL_VOICE));
	configure_channel(w, "twilio", voice_channels);
	assert_false(carrier_carries(&w->config, CHANNEL_SMS));
	assert_true(carrier_carries(&w->config, CHANNEL_VOICE));
	assert_false(carrier_carries(&w->config, CHANNEL_EMAIL));
}

static void
test_keys_are_checked(void **state)
{
	struct world *w = *state;
	char *small = make_key(1024);
	const char *const wrong[] = {"", "no key", small};
	char why[256];

	for (size_t i = 0; i < countof(wrong); i++) {
		const char *field;

		configure_vonage(w, wrong[i]);
		field = carrier_check(&w->config, why);
		check_case(i, field != NULL && strcmp(field, "private_key_file") == 0);
	}
	assert_string_equal(why, "has less than 2048 bits");
	mem_free(small);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	    CASE(test_a_call_by_infobip),
	    CASE(test_a_call_by_twilio),
	    CASE(test_voices_of_twilio),
	    CASE(test_a_call_by_vonage),
	    CASE(test_a_call_by_a_gateway),
	    CASE(test_an_email_by_infobip),
	    CASE(test_an_email_by_sendgrid),
	    CASE(test_an_email_by_mailgun),
	    CASE(test_what_no_request_can_be_made_of),
	    CASE(test_what_a_vendor_says_at_most),
	    CASE(test_answers_to_calls_and_emails),
	    CASE(test_a_call_whose_answer_breaks_off_is_not_made_again),
	    CASE(test_channels_and_senders_are_checked),
	    CASE(test_keys_are_checked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
