/* SPDX-License-Identifier: Apache-2.0 */
#include "carrier/http_receive.h"

#include <sys/queue.h>

#include "base/log.h"
#include "base/secret.h"

enum { PARAMS_MAX = 256, LINE_EVERY_MS = 1000 };

/* A request whose receipts are on their way to the store; in its own arena. */
struct reception {
	LIST_ENTRY(reception) entry;
	struct http_receipts receipts;
	carrier_received_f *done;
	void *ctx;
	size_t waiting;
	bool refused; /* one of them is not durable */
};

struct http_receiving {
	const struct http_vendor *vendor;
	const struct carrier_config *config;
	struct carrier_env env;
	LIST_HEAD(, reception) receptions;
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

const char *
http_param(struct arena *a, struct span form, const char *name)
{
	const char *value = NULL;

	return http_param_values(a, form, name, &value, 1) == 0 ? NULL : value;
}

size_t
http_param_values(struct arena *a, struct span form, const char *name,
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
http_request_param(
    struct arena *a, const struct carrier_request *request, const char *name)
{
	return http_param(a, form_of(request), name);
}

bool
http_request_repeats(
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
http_params_sorted(struct arena *a, struct span form, struct text_map *out)
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
http_receipt_add(struct http_receipts *r, const struct carrier_receipt *one)
{
	if (r->count == HTTP_RECEIPTS_MAX || one->message_id == NULL ||
	    one->message_id[0] == '\0' || strlen(one->message_id) >= HTTP_MESSAGE_ID_MAX)
		return ERR_SYNTAX;
	r->items[r->count++] = *one;
	return OK;
}

bool
http_trusts_secret(struct http_receipts *r, const struct carrier_request *request)
{
	const char *secret = r->config->http.receipt_secret;
	uint8_t given[SECRET_HASH_LEN];
	uint8_t wanted[SECRET_HASH_LEN];

	if (secret == NULL || secret[0] == '\0')
		return false;
	secret_hash(request->secret, given);
	secret_hash(span_of(secret), wanted);
	return secret_equal(given, wanted, sizeof(given));
}

/* ---- a reception ---- */

static void
reception_end(struct reception *p, enum err e)
{
	struct arena arena = p->receipts.arena;

	LIST_REMOVE(p, entry);
	p->done(p->ctx, e);
	arena_fini(&arena);
}

static void
let_go(struct reception *p)
{
	if (--p->waiting == 0)
		reception_end(p, p->refused ? ERR_OVERLOADED : OK);
}

static void
on_taken(void *ctx, bool durable)
{
	struct reception *p = ctx;

	p->refused |= !durable;
	let_go(p);
}

static void
hand_on(struct http_receiving *r, struct reception *p)
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

static struct reception *
reception_new(struct http_receiving *r, carrier_received_f *done, void *ctx)
{
	struct arena arena;
	struct reception *p;

	arena_init(&arena);
	p = arena_alloc(&arena, sizeof(*p));
	p->receipts.config = r->config;
	p->receipts.public_url = r->env.public_url;
	p->receipts.arena = arena;
	p->done = done;
	p->ctx = ctx;
	LIST_INSERT_HEAD(&r->receptions, p, entry);
	return p;
}

/* Anybody can send what is refused: they are counted, and the log has a line a second. */
static void
log_refused(struct http_receiving *r)
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
refuse(struct http_receiving *r, struct reception *p, enum err e)
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
	reception_end(p, e);
}

void
http_receiving_take(struct http_receiving *r, const struct carrier_request *request,
    carrier_received_f *done, void *ctx)
{
	struct reception *p = reception_new(r, done, ctx);
	enum err e;

	if (!r->vendor->trusts(&p->receipts, request)) {
		refuse(r, p, ERR_FORBIDDEN);
		return;
	}
	p->receipts.items = arena_alloc(
	    &p->receipts.arena, HTTP_RECEIPTS_MAX * sizeof(*p->receipts.items));
	e = r->vendor->read(&p->receipts, request);
	if (e != OK) {
		refuse(r, p, e);
		return;
	}
	hand_on(r, p);
}

/* ---- life ---- */

struct http_receiving *
http_receiving_new(const struct http_vendor *vendor, const struct carrier_config *config,
    const struct carrier_env *env)
{
	struct http_receiving *r = mem_new(sizeof(*r));

	r->env = *env;
	r->vendor = vendor;
	r->config = config;
	LIST_INIT(&r->receptions);
	return r;
}

void
http_receiving_free(struct http_receiving *r)
{
	while (!LIST_EMPTY(&r->receptions))
		reception_end(LIST_FIRST(&r->receptions), ERR_OVERLOADED);
	log_refused(r);
	mem_free(r);
}
