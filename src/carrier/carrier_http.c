/* SPDX-License-Identifier: Apache-2.0 */
#include "carrier/carrier_http.h"

#include <event2/event.h>
#include <stdio.h>
#include <sys/queue.h>

#include "base/json_lenient.h"
#include "base/log.h"
#include "base/utf8.h"
#include "twofa/sms_text.h"

enum {
	HTTP_MAGIC = 0x68747463,
	BODY_LEN_MAX = 256 * 1024,
	URL_LEN_MAX = 8192,
	HEADER_LEN_MAX = 8192,
	ANSWER_LEN_MAX = 64 * 1024,
	RETRY_AFTER_MAX_S = 60,
	REFERENCE_LEN_MAX = 64,
	SHORT_CODE_DIGITS_MAX = 6
};

/* The placeholders, in the order of enum http_value. */
static const char *const names[] = {"to", "from", "text", "pinId", "applicationId",
    "reference", "validity_ms", "validity_s", "validity_min", "callback_url", "username",
    "password", "coding", "unicode", "type", "dltEntity", "dltTemplate",
    "dltTelemarketer", NULL};

enum http_value {
	VALUE_TO,
	VALUE_FROM,
	VALUE_TEXT,
	VALUE_PIN_ID,
	VALUE_APPLICATION_ID,
	VALUE_REFERENCE,
	VALUE_VALIDITY_MS,
	VALUE_VALIDITY_S,
	VALUE_VALIDITY_MIN,
	VALUE_CALLBACK_URL,
	VALUE_USERNAME,
	VALUE_PASSWORD,
	VALUE_CODING,
	VALUE_UNICODE,
	VALUE_TYPE,
	VALUE_DLT_ENTITY,
	VALUE_DLT_TEMPLATE,
	VALUE_DLT_TELEMARKETER,
	VALUE_COUNT
};

#define USES(h, value) (((h)->used & UINT32_C(1) << (value)) != 0)

/* The recipe, read. */
struct prepared_request {
	struct carrier_http_recipe recipe;
	struct http_template url;
	struct http_template body;
	struct http_template headers[HTTP_CLIENT_HEADERS_MAX];
	size_t header_count;
	uint32_t used;
};

/* A message that is outstanding; its text is the HTTP client's alone. */
struct carrier_http_request {
	LIST_ENTRY(carrier_http_request) entry;
	struct carrier_http *carrier;
	carrier_done_f *done;
	void *ctx;
	char reference[REFERENCE_LEN_MAX];
};

struct carrier_http {
	struct carrier carrier;
	unsigned magic;
	const struct carrier_http_vendor *vendor;
	const struct carrier_config *config;
	struct carrier_env env;
	struct arena arena;
	struct prepared_request prepared;
	const char *callback_url;
	struct http_client *client;
	int64_t window;
	int64_t outstanding;
	LIST_HEAD(, carrier_http_request) requests;
	struct event *timer; /* the end of a pause */
	bool paused;
	bool down; /* it was told so to the log */
	bool closing;
	unsigned failures; /* to connect, in a row */
};

static struct carrier_http *
http_of(const struct carrier *c)
{
	struct carrier_http *h = (struct carrier_http *)(uintptr_t)c;

	CHECK_OBJ(h, HTTP_MAGIC);
	return h;
}

static void
notify_changed(struct carrier_http *h)
{
	if (h->env.changed != NULL && !h->closing)
		h->env.changed(h->env.ctx);
}

/* ---- pauses: while the other side cannot be reached, or asks for one ---- */

static void
on_pause_timer(evutil_socket_t fd, short what, void *ctx)
{
	struct carrier_http *h = ctx;

	(void)fd;
	(void)what;
	h->paused = false;
	notify_changed(h);
}

static void
pause_for(struct carrier_http *h, int64_t ms)
{
	struct timeval tv = {ms / 1000, (ms % 1000) * 1000};

	if (h->closing || h->paused)
		return;
	h->paused = true;
	RESOURCE(event_add(h->timer, &tv) == 0);
}

static void
was_unreachable(struct carrier_http *h, const char *why)
{
	int64_t wait_ms;

	if (h->closing || h->paused)
		return;
	wait_ms = carrier_pause_ms(&h->env, h->failures);
	h->failures++;
	h->down = true;
	pause_for(h, wait_ms);
	log_event(LOG_LEVEL_WARNING, "carrier_down", LOG_TEXT("carrier", h->config->name),
	    LOG_TEXT("reason", why), LOG_INT("retryMs", wait_ms));
}

static void
was_reached(struct carrier_http *h)
{
	h->failures = 0;
	if (!h->down)
		return;
	h->down = false;
	log_event(LOG_LEVEL_INFO, "carrier_up", LOG_TEXT("carrier", h->config->name));
}

/* ---- the end of a message ---- */

static void
carrier_http_request_end(
    struct carrier_http_request *p, const struct carrier_outcome *outcome)
{
	struct carrier_http *h = p->carrier;

	LIST_REMOVE(p, entry);
	h->outstanding--;
	p->done(p->ctx, outcome);
	mem_free(p);
	notify_changed(h);
}

/* The other side says that it went well; how it says so may still be unreadable. */
static bool
says_well(int status)
{
	return status / 100 == 2;
}

static void
classify_answer(struct carrier_http *h, const struct http_client_result *r,
    struct arena *arena, struct carrier_http_verdict *v)
{
	json_t *doc;
	struct carrier_http_answer a = {
	    .status = r->status, .text = utf8_without_mark(r->body), .arena = arena};

	if (json_lenient_parse(r->body, &doc) == OK)
		a.doc = doc;
	h->vendor->classify(h->config, &a, v);
	v->final = v->result == CARRIER_UNKNOWN && (v->final || says_well(r->status));
	json_decref(doc);
}

/* For the log and the timeline, where the next question would be whether it goes on. */
static const char *
say_final(struct arena *a, const char *reason)
{
	return arena_printf(
	    a, "%s: it may have been taken, and is not asked for again", reason);
}

static void
on_answer(struct carrier_http_request *p, const struct http_client_result *r)
{
	struct carrier_http *h = p->carrier;
	struct carrier_http_verdict v = {.result = CARRIER_UNKNOWN};
	struct carrier_outcome outcome;
	struct arena arena;

	was_reached(h);
	arena_init(&arena);
	classify_answer(h, r, &arena, &v);
	if (v.result != CARRIER_ACCEPTED && r->retry_after_s > 0)
		pause_for(
		    h, 1000 * (r->retry_after_s < RETRY_AFTER_MAX_S ? r->retry_after_s
								    : RETRY_AFTER_MAX_S));
	outcome = (struct carrier_outcome){.result = v.result,
	    .code = v.code,
	    .reason = v.reason,
	    .throttled = v.throttled,
	    .partly = v.partly,
	    .elsewhere = v.elsewhere,
	    .final = v.final,
	    .status = v.status,
	    .error = v.error};
	if (v.final)
		outcome.reason = say_final(&arena, v.reason);
	if (v.result == CARRIER_ACCEPTED || v.final) {
		outcome.message_id =
		    v.message_id[0] == '\0' ? p->reference : v.message_id;
		outcome.part_ids = v.part_ids;
		outcome.part_count = v.part_count;
	}
	carrier_http_request_end(p, &outcome);
	arena_fini(&arena);
}

/* A status that says well, and then the answer broke off. */
static void
on_broken_off(struct carrier_http_request *p, const struct http_client_result *r)
{
	bool again = p->carrier->vendor->knows_again;
	struct carrier_outcome outcome = {.result = CARRIER_UNKNOWN,
	    .code = (uint32_t)r->status,
	    .message_id = again ? NULL : p->reference,
	    .final = !again,
	    .here_alone = again};
	struct arena arena;

	arena_init(&arena);
	outcome.reason =
	    arena_printf(&arena, "HTTP %d, then %.80s", r->status, r->reason);
	if (outcome.final)
		outcome.reason = say_final(&arena, outcome.reason);
	carrier_http_request_end(p, &outcome);
	arena_fini(&arena);
}

/* A status that says why not is an answer, whatever became of its body. */
static bool
is_answer(const struct carrier_http *h, const struct http_client_result *r)
{
	return r->kind == HTTP_CLIENT_ANSWERED ||
	       (r->kind == HTTP_CLIENT_UNKNOWN && r->status >= 300 && !h->closing);
}

static void
on_done(void *ctx, const struct http_client_result *r)
{
	struct carrier_http_request *p = ctx;
	struct carrier_http *h = p->carrier;
	struct carrier_outcome outcome = {
	    .result = CARRIER_UNKNOWN, .code = (uint32_t)r->status, .reason = r->reason};

	CHECK_OBJ(h, HTTP_MAGIC);
	if (is_answer(h, r)) {
		on_answer(p, r);
		return;
	}
	if (r->kind == HTTP_CLIENT_UNKNOWN && says_well(r->status)) {
		on_broken_off(p, r);
		return;
	}
	if (r->kind == HTTP_CLIENT_NOT_SENT && !h->closing) {
		was_unreachable(h, r->reason);
		outcome.result = CARRIER_RETRY;
		outcome.untried = true;
	}
	carrier_http_request_end(p, &outcome);
}

/* ---- submit ---- */

/* Room for the values that are made. */
struct values {
	struct span v[VALUE_COUNT];
	char ms[24];
	char s[24];
	char min[24];
	char from[32];
};

static struct span
number(char out[24], int64_t n)
{
	return (struct span){out, (size_t)snprintf(out, 24, "%lld", (long long)n)};
}

static enum err
put_alphabet(const struct carrier_message *m, struct values *values)
{
	struct sms_parts parts;
	struct arena arena;
	enum err e;
	bool unicode;

	arena_init(&arena);
	e = sms_text_split(&arena, m->content.sms.text, &parts);
	unicode = e == OK && parts.alphabet == SMS_UCS2;
	arena_fini(&arena);
	values->v[VALUE_CODING] = unicode ? SPAN("2") : SPAN("0");
	values->v[VALUE_UNICODE] = unicode ? SPAN("true") : SPAN("false");
	values->v[VALUE_TYPE] = unicode ? SPAN("unicode") : SPAN("text");
	return e;
}

/* Whole units that are left, and never more than there is. */
static enum err
put_validity(
    const struct carrier_http *h, const struct carrier_message *m, struct values *values)
{
	const struct carrier_http_recipe *r = &h->prepared.recipe;
	int64_t s = m->validity_ms / 1000;
	int64_t least = r->validity_min_s;

	if (least == 0 && USES(&h->prepared, VALUE_VALIDITY_MIN))
		least = 60;
	if (least == 0 && USES(&h->prepared, VALUE_VALIDITY_S))
		least = 1;
	if (s < least)
		return ERR_INVALID;
	if (r->validity_max_s > 0 && s > r->validity_max_s)
		s = r->validity_max_s;
	values->v[VALUE_VALIDITY_MS] = number(values->ms, s * 1000);
	values->v[VALUE_VALIDITY_S] = number(values->s, s);
	values->v[VALUE_VALIDITY_MIN] = number(values->min, s / 60);
	return OK;
}

static void
put_sender(
    const struct carrier_http *h, const struct carrier_message *m, struct values *values)
{
	const char *from = m->from != NULL ? m->from : h->config->sender;
	size_t digits = from == NULL ? 0 : strspn(from, "0123456789");

	values->v[VALUE_FROM] = span_of(from);
	if (!h->prepared.recipe.plus_sender || digits <= SHORT_CODE_DIGITS_MAX ||
	    from[digits] != '\0' || digits >= sizeof(values->from) - 1)
		return;
	values->v[VALUE_FROM].len =
	    (size_t)snprintf(values->from, sizeof(values->from), "+%s", from);
	values->v[VALUE_FROM].ptr = values->from;
}

/* NULL, or why there is no request for that message. */
static const char *
fill_values(
    const struct carrier_http *h, const struct carrier_message *m, struct values *values)
{
	const struct carrier_http_options *c = h->config->options;
	struct span *v = values->v;

	v[VALUE_TO] = span_of(m->to);
	put_sender(h, m, values);
	v[VALUE_TEXT] = m->content.sms.text;
	v[VALUE_PIN_ID] = span_of(m->pin_id);
	v[VALUE_APPLICATION_ID] = span_of(m->application_id);
	v[VALUE_REFERENCE] = span_of(m->reference);
	v[VALUE_CALLBACK_URL] = span_of(h->callback_url);
	v[VALUE_USERNAME] = span_of(c->user);
	v[VALUE_PASSWORD] = span_of(c->secret);
	v[VALUE_DLT_ENTITY] = span_of(m->content.sms.dlt_entity);
	v[VALUE_DLT_TEMPLATE] = span_of(m->content.sms.dlt_template);
	v[VALUE_DLT_TELEMARKETER] = span_of(m->content.sms.dlt_telemarketer);
	if (put_alphabet(m, values) != OK)
		return "the text is no text or needs too many parts";
	if (put_validity(h, m, values) != OK)
		return "less life is left than the carrier takes";
	return NULL;
}

struct rendered {
	struct buf url;
	struct buf body;
	struct buf headers[HTTP_CLIENT_HEADERS_MAX];
	struct http_client_call call;
};

static void
rendered_init(struct rendered *r, const struct prepared_request *prepared)
{
	buf_init(&r->url, URL_LEN_MAX);
	buf_init(&r->body, BODY_LEN_MAX);
	for (size_t i = 0; i < prepared->header_count; i++)
		buf_init(&r->headers[i], HEADER_LEN_MAX);
}

static void
rendered_fini(struct rendered *r, const struct prepared_request *prepared)
{
	buf_fini(&r->url);
	buf_fini(&r->body);
	for (size_t i = 0; i < prepared->header_count; i++)
		buf_fini(&r->headers[i]);
}

static bool
put_template(const struct http_template *t, const struct values *values, struct buf *out)
{
	enum err e = http_template_put(t, values->v, out);

	buf_add_char(out, '\0');
	return e == OK && !out->failed;
}

static bool
render(const struct carrier_http *h, const struct values *values, struct rendered *r)
{
	const struct carrier_http_options *options = h->config->options;
	const struct prepared_request *prepared = &h->prepared;

	if (!put_template(&prepared->url, values, &r->url) ||
	    !put_template(&prepared->body, values, &r->body))
		return false;
	for (size_t i = 0; i < prepared->header_count; i++) {
		if (!put_template(&prepared->headers[i], values, &r->headers[i]))
			return false;
		r->call.headers[i] = r->headers[i].ptr;
	}
	r->call.method = prepared->recipe.method;
	r->call.url = r->url.ptr;
	r->call.body = (struct span){r->body.ptr, r->body.len - 1};
	r->call.timeout_ms = options->timeout_ms;
	r->call.answer_len_max = ANSWER_LEN_MAX;
	return true;
}

static void
begin(struct carrier_http *h, const struct http_client_call *call, const char *reference,
    carrier_done_f *done, void *ctx)
{
	struct carrier_outcome refused = {.result = CARRIER_REFUSED,
	    .reason = "the request cannot be sent",
	    .elsewhere = true};
	struct carrier_http_request *p = mem_new(sizeof(*p));

	p->carrier = h;
	p->done = done;
	p->ctx = ctx;
	snprintf(p->reference, sizeof(p->reference), "%s", reference);
	LIST_INSERT_HEAD(&h->requests, p, entry);
	h->outstanding++;
	if (http_client_send(h->client, call, on_done, p) != OK)
		carrier_http_request_end(p, &refused);
}

void
carrier_http_submit(
    struct carrier *c, const struct carrier_message *m, carrier_done_f *done, void *ctx)
{
	struct carrier_http *h = http_of(c);
	struct carrier_outcome o = {.result = CARRIER_RETRY, .untried = true};
	struct values values = {0};
	struct rendered r = {0};

	if (!carrier_http_has_room(c)) {
		o.reason =
		    h->paused ? "it is left alone for a while" : "the window is full";
		done(ctx, &o);
		return;
	}
	o = (struct carrier_outcome){.result = CARRIER_REFUSED,
	    .elsewhere = true,
	    .reason = fill_values(h, m, &values)};
	rendered_init(&r, &h->prepared);
	if (o.reason == NULL && !render(h, &values, &r))
		o.reason = "a value cannot stand in the request";
	if (o.reason == NULL)
		begin(h, &r.call, m->reference, done, ctx);
	else
		done(ctx, &o);
	rendered_fini(&r, &h->prepared);
}

/* ---- the prepared request ---- */

static enum err
parse(struct carrier_http_maker *m, const char *field, struct http_template *t,
    const char *text)
{
	enum err e = http_template_parse(t, m->arena, text, names, m->why);

	if (e != OK)
		m->field = field;
	return e;
}

static enum err
check_url(struct carrier_http_maker *m)
{
	const struct carrier_http_options *c = m->config->options;
	struct http_client_options o = {.allow_http = c->allow_http};
	const char *fault = http_client_template_fault(&o, m->recipe.url);

	m->field = "url";
	if (fault != NULL)
		snprintf(m->why, sizeof(m->why), "%s", fault);
	return fault == NULL ? OK : ERR_INVALID;
}

static enum err
parse_headers(struct carrier_http_maker *m, struct prepared_request *prepared)
{
	const char *const *headers = m->recipe.headers;
	enum err e = OK;

	while (e == OK && prepared->header_count < HTTP_CLIENT_HEADERS_MAX &&
	       headers[prepared->header_count] != NULL) {
		struct http_template *t = &prepared->headers[prepared->header_count];

		t->sink = HTTP_TEMPLATE_SINK_HEADER;
		e = parse(m, "headers", t, headers[prepared->header_count]);
		prepared->used |= t->used;
		prepared->header_count++;
	}
	return e;
}

static enum err
prepare_request(const struct carrier_http_vendor *vendor, struct carrier_http_maker *m,
    struct prepared_request *prepared)
{
	enum err e = vendor->make(m);

	if (e == OK)
		e = check_url(m);
	prepared->recipe = m->recipe;
	prepared->url.sink = HTTP_TEMPLATE_SINK_URL;
	prepared->body.sink = m->recipe.sink;
	if (e == OK)
		e = parse(m, "url", &prepared->url, m->recipe.url);
	if (e == OK)
		e = parse_headers(m, prepared);
	if (e == OK)
		e = parse(m, "body", &prepared->body,
		    m->recipe.body == NULL ? "" : m->recipe.body);
	prepared->used |= prepared->url.used | prepared->body.used;
	if (e != OK || m->callback_url != NULL || !USES(prepared, VALUE_CALLBACK_URL))
		return e;
	m->field = "callback_url";
	snprintf(m->why, sizeof(m->why), "needs the option http.public_url");
	return ERR_INVALID;
}

/* The URL for receipts, where the vendor can prove that they are its own. */
static const char *
make_callback_url(
    struct arena *a, const struct carrier_config *config, const char *public_url)
{
	const struct carrier_http_options *c = config->options;
	struct buf url;
	const char *text;

	if (public_url == NULL)
		return NULL;
	buf_init(&url, URL_LEN_MAX);
	buf_printf(&url, "%s/watchword/1/receipts/", public_url);
	http_template_put_url(&url, span_of(config->name));
	if (c->receipt_secret != NULL) {
		buf_add_char(&url, '/');
		http_template_put_url(&url, span_of(c->receipt_secret));
	}
	text = url.failed ? NULL : arena_text(a, buf_span(&url));
	buf_fini(&url);
	return text;
}

const char *
carrier_http_check(const struct carrier_http_vendor *vendor,
    const struct carrier_config *config, char why[256])
{
	struct arena arena;
	struct carrier_http_maker m = {
	    .config = config, .arena = &arena, .field = "type"};
	struct prepared_request *prepared;
	enum err e;

	arena_init(&arena);
	prepared = arena_alloc(&arena, sizeof(*prepared));
	m.callback_url = make_callback_url(&arena, config, "https://checked");
	e = prepare_request(vendor, &m, prepared);
	if (e != OK)
		snprintf(why, 256, "%s", m.why);
	arena_fini(&arena);
	return e == OK ? NULL : m.field;
}

void
carrier_http_warn(const struct carrier_config *config, carrier_warn_f *say, void *ctx)
{
	const struct carrier_http_options *c = config->options;

	if (c->url != NULL && !c->allow_private && http_client_is_private(c->url))
		say(ctx, "url", HTTP_CLIENT_PRIVATE);
}

/* ---- life ---- */

static void
open_client(struct carrier_http *h)
{
	const struct carrier_http_options *c = h->config->options;
	struct http_client_options o = {.allow_http = c->allow_http,
	    .allow_private = c->allow_private,
	    .ca_file = c->ca_file,
	    .connect_timeout_ms = c->connect_timeout_ms,
	    .calls_max = h->window};

	h->client = http_client_new(h->env.base, &o);
	h->timer = evtimer_new(h->env.base, on_pause_timer, h);
	RESOURCE(h->timer != NULL);
}

enum err
carrier_http_open(const struct carrier_http_vendor *vendor,
    const struct carrier_config *config, const struct carrier_env *env, char why[256],
    struct carrier **out)
{
	const struct carrier_http_options *options = config->options;
	struct carrier_http *h = mem_new(sizeof(*h));
	struct carrier_http_maker m = {
	    .config = config, .arena = &h->arena, .field = "type"};

	h->magic = HTTP_MAGIC;
	h->vendor = vendor;
	h->config = config;
	h->env = *env;
	h->window = options->window;
	arena_init(&h->arena);
	LIST_INIT(&h->requests);
	h->callback_url = make_callback_url(&h->arena, config, env->public_url);
	m.callback_url = h->callback_url;
	if (prepare_request(vendor, &m, &h->prepared) != OK) {
		snprintf(why, 256, "%.40s: %.200s", m.field, m.why);
		arena_fini(&h->arena);
		mem_free(h);
		return ERR_INVALID;
	}
	open_client(h);
	*out = &h->carrier;
	return OK;
}

bool
carrier_http_is_up(const struct carrier *c)
{
	return !http_of(c)->paused;
}

bool
carrier_http_has_room(const struct carrier *c)
{
	const struct carrier_http *h = http_of(c);

	return !h->paused && !h->closing && h->outstanding < h->window;
}

void
carrier_http_free(struct carrier *c)
{
	struct carrier_http *h = http_of(c);

	h->closing = true;
	http_client_free(h->client);
	INVARIANT(LIST_EMPTY(&h->requests));
	event_free(h->timer);
	arena_fini(&h->arena);
	mem_free(h);
}
