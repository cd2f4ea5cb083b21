/* SPDX-License-Identifier: Apache-2.0 */
#include "carrier/carrier_http_receiving.h"

#include <sys/queue.h>

#include "base/log.h"
#include "base/secret.h"

enum { PARAMS_MAX = 256, LINE_EVERY_MS = 1000 };

/* A request whose receipts are on their way to the store; in its own arena. */
struct receipt_request {
	LIST_ENTRY(receipt_request) entry;
	struct carrier_http_receipts receipts;
	carrier_received_f *done;
	void *ctx;
	size_t waiting;
	bool refused; /* one of them is not durable */
};

struct carrier_http_receiving {
	const struct carrier_http_vendor *vendor;
	const struct carrier_config *config;
	struct carrier_env env;
	LIST_HEAD(, receipt_request) receipt_requests;
	int64_t line_at_ms; /* the next line about refusals; not before */
	int64_t forbidden;  /* since the last one */
	int64_t unreadable;
};

/* ---- parameters ---- */

/* application/x-www-form-urlencoded. */
static const char *
decode(struct arena *a, const char *ptr, size_t len)
{
	return arena_percent_decoded(a, (struct span){ptr, len}, true).ptr;
}

/* The next "name=value" of a form; moves past it. */
static struct text_pair
next_pair(struct arena *a, struct span *form)
{
	const char *stop = memchr(form->ptr, '&', form->len);
	size_t len = stop == NULL ? form->len : (size_t)(stop - form->ptr);
	const char *equals = memchr(form->ptr, '=', len);
	size_t name = equals == NULL ? len : (size_t)(equals - form->ptr);
	size_t value = equals == NULL ? len : name + 1;
	struct text_pair pair = {
	    decode(a, form->ptr, name), decode(a, form->ptr + value, len - value)};

	len += stop == NULL ? 0 : 1;
	form->ptr += len;
	form->len -= len;
	return pair;
}

/* A parameter of a query or a form, decoded; NULL when absent. */
static const char *
find_param(struct arena *a, struct span form, const char *name)
{
	const char *value = NULL;

	return carrier_http_param_values(a, form, name, &value, 1) == 0 ? NULL : value;
}

size_t
carrier_http_param_values(struct arena *a, struct span form, const char *name,
    const char **values_out, size_t max)
{
	size_t count = 0;

	while (form.len > 0) {
		struct text_pair pair = next_pair(a, &form);

		if (strcmp(pair.name, name) != 0)
			continue;
		if (count < max)
			values_out[count] = pair.value;
		count++;
	}
	return count;
}

static struct span
form_of(const struct carrier_request *request)
{
	return request->body.len > 0 ? request->body : request->query;
}

const char *
carrier_http_request_param(
    struct arena *a, const struct carrier_request *request, const char *name)
{
	return find_param(a, form_of(request), name);
}

bool
carrier_http_request_repeats(
    struct arena *a, const struct carrier_request *request, const char *name)
{
	struct span form = form_of(request);
	const char *first = NULL;

	while (form.len > 0) {
		struct text_pair pair = next_pair(a, &form);

		if (strcmp(pair.name, name) != 0)
			continue;
		if (first != NULL && strcmp(first, pair.value) != 0)
			return true;
		first = pair.value;
	}
	return false;
}

static int
compare(const struct text_pair *a, const struct text_pair *b)
{
	int names = strcmp(a->name, b->name);

	return names != 0 ? names : strcmp(a->value, b->value);
}

bool
carrier_http_params_sorted(struct arena *a, struct span form, struct text_map *out)
{
	struct text_map map = {0};
	size_t room = 1;

	for (size_t i = 0; i < form.len; i++)
		room += form.ptr[i] == '&';
	if (room > PARAMS_MAX)
		return false;
	map.pairs = arena_alloc(a, room * sizeof(*map.pairs));
	while (form.len > 0) {
		struct text_pair pair = next_pair(a, &form);
		size_t at = map.count++;

		for (; at > 0 && compare(&map.pairs[at - 1], &pair) > 0; at--)
			map.pairs[at] = map.pairs[at - 1];
		map.pairs[at] = pair;
	}
	*out = map;
	return true;
}

/* ---- for vendors ---- */

enum err
carrier_http_receipt_add(
    struct carrier_http_receipts *r, const struct carrier_receipt *one)
{
	if (r->count == CARRIER_HTTP_RECEIPTS_MAX || one->message_id == NULL ||
	    one->message_id[0] == '\0' ||
	    strlen(one->message_id) >= CARRIER_HTTP_MESSAGE_ID_MAX)
		return ERR_SYNTAX;
	r->items[r->count++] = *one;
	return OK;
}

bool
carrier_http_trusts_secret(
    struct carrier_http_receipts *r, const struct carrier_request *request)
{
	const struct carrier_http_options *o = r->config->options;
	const char *secret = o->receipt_secret;
	uint8_t given[SECRET_HASH_LEN];
	uint8_t wanted[SECRET_HASH_LEN];

	if (secret == NULL || secret[0] == '\0')
		return false;
	secret_hash(request->secret, given);
	secret_hash(span_of(secret), wanted);
	return secret_equal(given, wanted, sizeof(given));
}

/* ---- a request with receipts ---- */

static void
receipt_request_end(struct receipt_request *p, enum err e)
{
	struct arena arena = p->receipts.arena;

	LIST_REMOVE(p, entry);
	p->done(p->ctx, e);
	arena_fini(&arena);
}

static void
let_go(struct receipt_request *p)
{
	if (--p->waiting == 0)
		receipt_request_end(p, p->refused ? ERR_OVERLOADED : OK);
}

static void
on_taken(void *ctx, bool durable)
{
	struct receipt_request *p = ctx;

	p->refused |= !durable;
	let_go(p);
}

static void
hand_on(struct carrier_http_receiving *r, struct receipt_request *p)
{
	/* one more for this function, as any of them may be taken at once */
	p->waiting = p->receipts.count + 1;
	for (size_t i = 0; i < p->receipts.count; i++) {
		struct carrier_receipt *one = &p->receipts.items[i];

		one->taken = on_taken;
		one->taken_ctx = p;
		if (r->env.receipt == NULL)
			on_taken(p, true);
		else
			r->env.receipt(r->env.ctx, r->config, one);
	}
	let_go(p);
}

static struct receipt_request *
receipt_request_new(struct carrier_http_receiving *r, carrier_received_f *done, void *ctx)
{
	struct arena arena;
	struct receipt_request *p;

	arena_init(&arena);
	p = arena_alloc(&arena, sizeof(*p));
	p->receipts.config = r->config;
	p->receipts.public_url = r->env.public_url;
	p->receipts.arena = arena;
	p->done = done;
	p->ctx = ctx;
	LIST_INSERT_HEAD(&r->receipt_requests, p, entry);
	return p;
}

/* Anybody can send what is refused: they are counted, and the log has a line a second. */
static void
log_refused(struct carrier_http_receiving *r)
{
	if (r->forbidden + r->unreadable == 0)
		return;
	log_event(LOG_LEVEL_WARNING, "receipts_refused",
	    LOG_TEXT("carrier", r->config->name), LOG_INT("forbidden", r->forbidden),
	    LOG_INT("unreadable", r->unreadable));
	r->forbidden = 0;
	r->unreadable = 0;
}

static void
refuse(struct carrier_http_receiving *r, struct receipt_request *p, enum err e)
{
	int64_t now_ms = r->env.clock->steady_ms(r->env.clock);

	if (e == ERR_FORBIDDEN)
		r->forbidden++;
	else
		r->unreadable++;
	if (now_ms >= r->line_at_ms) {
		r->line_at_ms = now_ms + LINE_EVERY_MS;
		log_refused(r);
	}
	receipt_request_end(p, e);
}

void
carrier_http_receiving_take(struct carrier_http_receiving *r,
    const struct carrier_request *request, carrier_received_f *done, void *ctx)
{
	struct receipt_request *p = receipt_request_new(r, done, ctx);
	enum err e;

	if (!r->vendor->trusts(&p->receipts, request)) {
		refuse(r, p, ERR_FORBIDDEN);
		return;
	}
	p->receipts.items = arena_alloc(
	    &p->receipts.arena, CARRIER_HTTP_RECEIPTS_MAX * sizeof(*p->receipts.items));
	e = r->vendor->read(&p->receipts, request);
	if (e != OK) {
		refuse(r, p, e);
		return;
	}
	hand_on(r, p);
}

/* ---- life ---- */

struct carrier_http_receiving *
carrier_http_receiving_new(const struct carrier_http_vendor *vendor,
    const struct carrier_config *config, const struct carrier_env *env)
{
	struct carrier_http_receiving *r = mem_new(sizeof(*r));

	r->env = *env;
	r->vendor = vendor;
	r->config = config;
	LIST_INIT(&r->receipt_requests);
	return r;
}

void
carrier_http_receiving_free(struct carrier_http_receiving *r)
{
	while (!LIST_EMPTY(&r->receipt_requests))
		receipt_request_end(LIST_FIRST(&r->receipt_requests), ERR_OVERLOADED);
	log_refused(r);
	mem_free(r);
}
