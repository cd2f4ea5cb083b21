/* SPDX-License-Identifier: Apache-2.0 */
/* Each carrier over HTTP at a server that answers as that vendor's would. */
#include "carrier/contract.h"

#include <event2/listener.h>
#include <stdio.h>

#include "net/answerer.h"
#include "net/http_sign.h"

#define ANSWER(status, body) "HTTP/1.1 " status "\r\nConnection: close\r\n\r\n" body
#define INFOBIP(id)                                                                      \
	ANSWER("200 X",                                                                  \
	    "{\"messages\":[{\"messageId\":\"1\",\"status\":{\"id\":" id "}}]}")
#define VONAGE(status)                                                                   \
	ANSWER("200 X",                                                                  \
	    "{\"messages\":[{\"message-id\":\"1\",\"status\":\"" status "\"}]}")

/* Each vendor's answers for accepted, refused, throttled and not now. */
static const struct {
	const char *type;
	const char *accept;
	const char *refuse;
	const char *throttle;
	const char *busy;
} vendors[] = {
    {"infobip", INFOBIP("26"), INFOBIP("52"), ANSWER("429 X", ""),
	ANSWER("503 X", "{\"code\":0}")},
    {"twilio", ANSWER("201 X", "{\"sid\":\"1\"}"), ANSWER("400 X", "{\"code\":21211}"),
	ANSWER("429 X", "{\"code\":20429}"), ANSWER("503 X", "{\"code\":0}")},
    {"vonage", VONAGE("0"), VONAGE("3"), VONAGE("1"), VONAGE("5")},
    {"generic", ANSWER("202 X", "{}"), ANSWER("422 X", ""), ANSWER("429 X", ""),
	ANSWER("503 X", "{\"code\":0}")},
};

struct http_peer {
	struct answerer answerer;
	size_t vendor;
	bool listening;
	char url[64];
};

static struct http_peer *
peer_of(struct contract *c)
{
	return c->state;
}

static void
behave(struct contract *c, enum contract_way way)
{
	struct http_peer *p = peer_of(c);

	p->answerer.way = way == WAY_SILENT ? ANSWERER_SILENT : ANSWERER_CLOSE;
	p->answerer.answer = way == WAY_ACCEPT     ? vendors[p->vendor].accept
			     : way == WAY_REFUSE   ? vendors[p->vendor].refuse
			     : way == WAY_THROTTLE ? vendors[p->vendor].throttle
			     : way == WAY_BUSY     ? vendors[p->vendor].busy
						   : NULL;
	if (way != WAY_DOWN)
		return;
	evconnlistener_free(p->answerer.listener);
	p->listening = false;
}

static void
start(struct contract *c, size_t vendor)
{
	static struct text_pair delivered = {"1", "DELIVERED_TO_HANDSET"};
	struct http_peer *p = mem_new(sizeof(*p));

	c->base = event_base_new();
	c->state = p;
	p->vendor = vendor;
	p->listening = true;
	answerer_start(&p->answerer, c->base);
	snprintf(p->url, sizeof(p->url), "http://127.0.0.1:%d", p->answerer.port);
	c->config = (struct carrier_config){
	    .name = "test", .type = vendors[vendor].type, .options = &c->options};
	c->options.http = (struct carrier_http_options){.url = p->url,
	    .window = 10,
	    .connect_timeout_ms = 500,
	    .timeout_ms = 500,
	    .allow_http = true,
	    .allow_private = true,
	    .user = "user",
	    .secret = "secret",
	    .receipt_secret = "path"};
	any_options_words(&c->options, vendors[vendor].type);
	c->window = &c->options.http.window;
	if (strcmp(vendors[vendor].type, "generic") == 0) {
		c->options.generic.receipt_id = "?id";
		c->options.generic.receipt_status = "?status";
		c->options.generic.receipt_statuses = (struct text_map){1, &delivered};
	}
	behave(c, WAY_ACCEPT);
}

static void
start_infobip(struct contract *c)
{
	start(c, 0);
}

static void
start_twilio(struct contract *c)
{
	start(c, 1);
	c->options.http.receipt_secret = NULL;
}

static void
start_vonage(struct contract *c)
{
	start(c, 2);
}

static void
start_generic(struct contract *c)
{
	start(c, 3);
}

static void
start_twilio_calls(struct contract *c)
{
	static const char *channels[] = {"voice"};

	start_twilio(c);
	c->options.http.channels = (struct text_list){1, channels};
}

static void
start_infobip_mails(struct contract *c)
{
	static const char *channels[] = {"email"};

	start_infobip(c);
	c->options.http.channels = (struct text_list){1, channels};
}

/* ---- receipts, as they come in ---- */

static void
post(struct contract *c, const char *body, const char *signature)
{
	struct header header = {SPAN("X-Twilio-Signature"), span_of(signature)};
	struct carrier_request request = {.method = SPAN("POST"),
	    .target = SPAN("/x"),
	    .secret = SPAN("path"),
	    .body = span_of(body),
	    .headers = &header,
	    .header_count = 1,
	    .public_url = "https://pins.example.com"};
	struct arena arena;
	struct carrier_receipts got = {.arena = &arena};

	arena_init(&arena);
	assert_int_equal(carrier_read_receipts(&c->config, &request, &got), OK);
	for (size_t i = 0; i < got.count; i++)
		contract_receipt(c, &c->config, &got.items[i]);
	arena_fini(&arena);
}

static void
report_infobip(struct contract *c, const char *id)
{
	char body[200];

	snprintf(body, sizeof(body),
	    "{\"results\":[{\"messageId\":\"%s\",\"status\":{\"id\":5}}]}", id);
	post(c, body, "");
}

static void
report_of_twilio(struct contract *c, const char *what, const char *id, const char *status)
{
	struct arena a;
	char body[200];
	char text[300];

	snprintf(body, sizeof(body), "%sSid=%s&%sStatus=%s", what, id, what, status);
	snprintf(text, sizeof(text), "https://pins.example.com/x%sSid%s%sStatus%s", what,
	    id, what, status);
	arena_init(&a);
	post(c, body, http_sign_hmac_base64(&a, "sha1", SPAN("secret"), span_of(text)));
	arena_fini(&a);
}

static void
report_twilio(struct contract *c, const char *id)
{
	report_of_twilio(c, "Message", id, "delivered");
}

static void
report_twilio_calls(struct contract *c, const char *id)
{
	report_of_twilio(c, "Call", id, "completed");
}

static void
report_infobip_mails(struct contract *c, const char *id)
{
	report_infobip(c, id);
}

static void
report_vonage(struct contract *c, const char *id)
{
	char body[200];

	snprintf(body, sizeof(body), "messageId=%s&status=delivered&err-code=0", id);
	post(c, body, "");
}

static void
report_generic(struct contract *c, const char *id)
{
	char body[200];

	snprintf(body, sizeof(body), "id=%s&status=1", id);
	post(c, body, "");
}

static unsigned
submits(struct contract *c)
{
	return peer_of(c)->answerer.requests;
}

static void
stop(struct contract *c)
{
	struct http_peer *p = peer_of(c);

	if (!p->listening)
		answerer_start(&p->answerer, c->base);
	answerer_stop(&p->answerer);
	event_base_free(c->base);
	mem_free(p);
}

#define PEER(type, channel)                                                              \
	const struct contract_peer contract_##type = {.name = #type,                     \
	    .channels = CHANNEL_BIT(channel),                                            \
	    .ways = (1u << WAY_COUNT) - 1,                                               \
	    .start = start_##type,                                                       \
	    .behave = behave,                                                            \
	    .report = report_##type,                                                     \
	    .submits = submits,                                                          \
	    .stop = stop}

PEER(infobip, CHANNEL_SMS);
PEER(twilio, CHANNEL_SMS);
PEER(vonage, CHANNEL_SMS);
PEER(generic, CHANNEL_SMS);
PEER(twilio_calls, CHANNEL_VOICE);
PEER(infobip_mails, CHANNEL_EMAIL);
