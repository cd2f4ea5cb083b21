/* SPDX-License-Identifier: Apache-2.0 */
#include "carrier/carrier_http.h"

#include <event2/event.h>
#include <stdio.h>
#include <sys/queue.h>

#include "base/json_lenient.h"
#include "base/log.h"
#include "base/utf8.h"
#include "twofa/mailbox.h"

enum {
	HTTP_MAGIC = 0x68747463,
	URL_LEN_MAX = 8192,
	RETRY_AFTER_MAX_S = 60,
	REFERENCE_LEN_MAX = 64
};

/* A message that is outstanding; its text is the HTTP client's alone. */
struct carrier_http_request {
	LIST_ENTRY(carrier_http_request) entry;
	struct carrier_http *carrier;
	carrier_done_f *done;
	void *ctx;
	enum channel channel;
	char reference[REFERENCE_LEN_MAX];
};

struct carrier_http {
	struct carrier carrier;
	unsigned magic;
	const struct carrier_http_vendor *vendor;
	const struct carrier_config *config;
	struct carrier_env env;
	struct arena arena;
	struct carrier_http_prepared prepared[CHANNEL_COUNT];
	const char *callback_url;
	char *token; /* NULL: none yet, or it was refused */
	int64_t token_from_ms;
	int64_t token_until_ms;
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

/* ---- what is the vendor's ---- */

static const struct carrier_http_way *
way_of(const struct carrier_http_request *p)
{
	return &p->carrier->vendor->ways[p->channel];
}

static void
forget_token(struct carrier_http *h)
{
	mem_free(h->token);
	h->token = NULL;
}

/* One that holds for now; NULL: it cannot be made. A clock that went back ends it too:
 * its beginning would not have come yet. */
static const char *
token_of(struct carrier_http *h)
{
	int64_t now_ms = h->env.clock->wall_ms(h->env.clock);

	if (h->token != NULL &&
	    (now_ms < h->token_from_ms || now_ms >= h->token_until_ms))
		forget_token(h);
	if (h->token != NULL)
		return h->token;
	h->token = h->vendor->make_token(h->config, &h->env, &h->token_until_ms);
	h->token_from_ms = now_ms;
	return h->token;
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
classify_answer(struct carrier_http_request *p, const struct http_client_result *r,
    struct arena *arena, struct carrier_http_verdict *v)
{
	json_t *doc;
	struct carrier_http_answer a = {
	    .status = r->status, .text = utf8_without_mark(r->body), .arena = arena};

	if (json_lenient_parse(r->body, &doc) == OK)
		a.doc = doc;
	way_of(p)->classify(p->carrier->config, &a, v);
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
	classify_answer(p, r, &arena, &v);
	if (r->status == 401)
		forget_token(h);
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
	bool again = way_of(p)->knows_again;
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

static void
begin(struct carrier_http *h, const struct http_client_call *call,
    const struct carrier_message *m, carrier_done_f *done, void *ctx)
{
	struct carrier_outcome refused = {.result = CARRIER_REFUSED,
	    .reason = "the request cannot be sent",
	    .elsewhere = true};
	struct carrier_http_request *p = mem_new(sizeof(*p));

	p->carrier = h;
	p->done = done;
	p->ctx = ctx;
	p->channel = m->content.channel;
	snprintf(p->reference, sizeof(p->reference), "%s", m->reference);
	LIST_INSERT_HEAD(&h->requests, p, entry);
	h->outstanding++;
	if (http_client_send(h->client, call, on_done, p) != OK)
		carrier_http_request_end(p, &refused);
}

static void
send_message(struct carrier_http *h, const struct carrier_message *m,
    carrier_done_f *done, void *ctx)
{
	const struct carrier_http_prepared *prepared = &h->prepared[m->content.channel];
	struct carrier_http_constants constants = {
	    .config = h->config, .callback_url = h->callback_url};
	struct carrier_http_rendered r;
	struct carrier_outcome o = {.result = CARRIER_REFUSED,
	    .elsewhere = true,
	    .reason = "no proof of who we are can be made"};

	if (carrier_http_prepared_has_token(prepared)) {
		constants.token = token_of(h);
		if (constants.token == NULL) {
			done(ctx, &o);
			return;
		}
	}
	if (carrier_http_render(prepared, &constants, m, &r, &o))
		begin(h, &r.call, m, done, ctx);
	else
		done(ctx, &o);
	carrier_http_rendered_fini(&r);
}

void
carrier_http_submit(
    struct carrier *c, const struct carrier_message *m, carrier_done_f *done, void *ctx)
{
	struct carrier_http *h = http_of(c);
	struct carrier_outcome o = {.result = CARRIER_RETRY, .untried = true};

	if (carrier_http_has_room(c)) {
		send_message(h, m, done, ctx);
		return;
	}
	o.reason = h->paused ? "it is left alone for a while" : "the window is full";
	done(ctx, &o);
}

/* ---- the options ---- */

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

/* CHANNEL_COUNT: there is none of that name. */
static enum channel
channel_named(const char *name)
{
	unsigned c = 0;

	while (c < CHANNEL_COUNT && strcmp(channel_name((enum channel)c), name) != 0)
		c++;
	return (enum channel)c;
}

unsigned
carrier_http_carried(const struct carrier_config *config)
{
	const struct carrier_http_options *o = config->options;
	unsigned carried = o->channels.count == 0 ? CHANNEL_BIT(CHANNEL_SMS) : 0;

	for (size_t i = 0; i < o->channels.count; i++)
		carried |= CHANNEL_BIT(channel_named(o->channels.items[i]));
	return carried & CHANNELS_ALL;
}

static enum err
check_channels(const struct carrier_http_vendor *vendor, struct carrier_http_maker *m)
{
	const struct carrier_http_options *o = m->config->options;

	m->field = "channels";
	for (size_t i = 0; i < o->channels.count; i++) {
		enum channel c = channel_named(o->channels.items[i]);

		if (c != CHANNEL_COUNT && vendor->ways[c].make != NULL)
			continue;
		snprintf(m->why, sizeof(m->why), "%.40s is no channel that %s carries",
		    o->channels.items[i], m->config->type);
		return ERR_INVALID;
	}
	return OK;
}

/* One sender serves channels of one kind of address. */
static enum err
check_sender(struct carrier_http_maker *m)
{
	enum { NUMBER_SENDER_MAX = 20 };
	const char *sender = m->config->sender;
	unsigned carried = carrier_http_carried(m->config);
	bool mailbox = sender != NULL && strchr(sender, '@') != NULL;
	const char *fault = NULL;

	m->field = "sender";
	if (mailbox && (carried & CHANNEL_BIT(CHANNEL_EMAIL)) == 0)
		fault = "is a mailbox, and the carrier has no email";
	else if (mailbox && !mailbox_is_from(span_of(sender)))
		fault = "is no mailbox such as Jane Smith <jane@example.com>";
	else if (sender != NULL && !mailbox && carried == CHANNEL_BIT(CHANNEL_EMAIL))
		fault = "must be a mailbox: the carrier has email alone";
	else if (sender != NULL && !mailbox && strlen(sender) > NUMBER_SENDER_MAX)
		fault = "is longer than 20 octets";
	if (fault != NULL)
		snprintf(m->why, sizeof(m->why), "%s", fault);
	return fault == NULL ? OK : ERR_INVALID;
}

static enum err
check_token(const struct carrier_http_vendor *vendor, struct carrier_http_maker *m,
    const struct carrier_http_prepared *p)
{
	if (vendor->make_token != NULL || !carrier_http_prepared_has_token(p))
		return OK;
	m->field = "body";
	snprintf(m->why, sizeof(m->why), "%s has no {{token}}", m->config->type);
	return ERR_INVALID;
}

/* A prepared request for each channel that is carried. */
static enum err
prepare(const struct carrier_http_vendor *vendor, struct carrier_http_maker *m,
    struct carrier_http_prepared prepared[CHANNEL_COUNT])
{
	unsigned carried = carrier_http_carried(m->config);
	enum err e = check_channels(vendor, m);

	if (e == OK)
		e = check_sender(m);
	for (unsigned c = 0; e == OK && c < CHANNEL_COUNT; c++) {
		m->recipe = (struct carrier_http_recipe){0};
		if ((carried & CHANNEL_BIT(c)) != 0)
			e = carrier_http_prepare(&vendor->ways[c], m, &prepared[c]);
		if (e == OK)
			e = check_token(vendor, m, &prepared[c]);
	}
	return e;
}

const char *
carrier_http_check(const struct carrier_http_vendor *vendor,
    const struct carrier_config *config, char why[256])
{
	struct arena arena;
	struct carrier_http_maker m = {
	    .config = config, .arena = &arena, .field = "type"};
	enum err e;

	arena_init(&arena);
	m.callback_url = make_callback_url(&arena, config, "https://checked");
	e = prepare(vendor, &m,
	    arena_alloc(&arena, CHANNEL_COUNT * sizeof(struct carrier_http_prepared)));
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
	if (prepare(vendor, &m, h->prepared) != OK) {
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
	forget_token(h);
	arena_fini(&h->arena);
	mem_free(h);
}
