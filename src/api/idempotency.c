/* SPDX-License-Identifier: Apache-2.0 */
#include "api/idempotency.h"

#include "api/refuse.h"
#include "base/secret.h"
#include "store/idempotency.h"
#include "store/store.h"

/* A control character of a form becomes six octets of JSON, and no other octet more; the
 * longest body that the configuration allows (http.body_max) has 16 MiB. */
enum { KEY_LEN_MAX = 255, REQUEST_LEN_MAX = 6 * 16 * 1024 * 1024 + 1024 * 1024 };

struct keyed {
	struct idempotency record;
	struct idempotency_answer_job answer;
	struct span key;
	struct job *job;
};

/* ---- the key ---- */

/* RFC 8941 3.3.3: backslashes stand before quotes and backslashes, and nothing else. */
static bool
unquote(struct arena *a, struct span s, struct span *out)
{
	char *to = arena_alloc(a, s.len + 1);
	size_t len = 0;

	if (s.len < 2 || s.ptr[s.len - 1] != '"')
		return false;
	for (size_t i = 1; i + 1 < s.len; i++) {
		char c = s.ptr[i];

		if (c == '"')
			return false;
		if (c == '\\') {
			c = s.ptr[++i];
			if (i + 1 == s.len || (c != '"' && c != '\\'))
				return false;
		}
		to[len++] = c;
	}
	*out = (struct span){to, len};
	return true;
}

static bool
is_key(struct span s)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.ptr[i] < ' ' || s.ptr[i] > '~')
			return false;
	return s.len > 0 && s.len <= KEY_LEN_MAX;
}

enum err
idempotency_read(struct call *c)
{
	struct span key = call_header(c, "Idempotency-Key");

	if (key.ptr == NULL || c->route->operation->keyed == KEYED_NOT)
		return OK;
	if ((key.len > 0 && key.ptr[0] == '"' && !unquote(&c->arena, key, &key)) ||
	    !is_key(key)) {
		fail_add(&c->fail, "Idempotency-Key",
		    "must be 1 to %d printable ASCII characters", KEY_LEN_MAX);
		return ERR_INVALID;
	}
	c->keyed = arena_alloc(&c->arena, sizeof(*c->keyed));
	c->keyed->key = key;
	return OK;
}

/* ---- what it stands for ---- */

static void
add_part(struct buf *b, struct span part)
{
	buf_printf(b, "%zu:", part.len);
	buf_add(b, part.ptr, part.len);
}

/* An id in one spelling, whichever it was given in. */
static void
add_param(struct buf *b, struct span param)
{
	struct ident id;
	char text[IDENT_TEXT_LEN + 1];

	if (!ident_parse(param, &id)) {
		add_part(b, param);
		return;
	}
	ident_text(&id, text);
	add_part(b, span_of(text));
}

static void
add_place(struct call *c, struct buf *b)
{
	add_part(b, span_of(c->dialect->prefix));
	add_part(b, span_of(c->route->operation->name));
	/* one operation sends over all channels, by URLs of their own */
	if (c->sent.channel != CHANNEL_SMS)
		add_part(b, span_of(channel_name(c->sent.channel)));
	for (size_t i = 0; i < ROUTE_PARAMS_MAX; i++)
		add_param(b, c->params[i]);
}

static void
hash_name(struct call *c, uint8_t out[SECRET_HASH_LEN])
{
	struct buf b;

	buf_init(&b, REQUEST_LEN_MAX);
	add_place(c, &b);
	add_part(&b, c->keyed->key);
	INVARIANT(!b.failed);
	secret_hash(buf_span(&b), out);
	buf_fini(&b);
}

static void
hash_request(struct call *c, uint8_t out[SECRET_HASH_LEN])
{
	char *body = c->document == NULL
			 ? NULL
			 : json_dumps(c->document, JSON_COMPACT | JSON_SORT_KEYS);
	struct buf b;

	buf_init(&b, REQUEST_LEN_MAX);
	add_place(c, &b);
	add_part(&b, c->query);
	add_part(&b, span_of(body));
	INVARIANT(!b.failed);
	secret_hash(buf_span(&b), out);
	buf_fini(&b);
	mem_free(body);
}

/*
 * On the store's thread, inside the transaction: the answer is known with the job. A
 * record keeps the octets of the answer and not what they were made from, because a
 * replay may come a day later, from another version of this program with other words; and
 * they must be there when the guess is counted, so they cannot wait for the loop.
 */
static void
render(struct job *j)
{
	struct call *c = j->owner;
	struct idempotency *record = &c->keyed->record;

	INVARIANT(call_render(c) == OK && !c->response.body.failed);
	record->status = c->response.status;
	record->body = buf_span(&c->response.body);
}

void
idempotency_attach(struct call *c, struct job *j)
{
	struct idempotency *record = &c->keyed->record;

	record->account = c->principal.account;
	hash_name(c, record->name);
	hash_request(c, record->request);
	if (c->route->operation->keyed == KEYED_AT_ONCE)
		record->render = render;
	c->keyed->job = j;
	j->idempotency = record;
}

/* ---- the answer ---- */

static void
replay(struct call *c)
{
	const struct idempotency *record = &c->keyed->record;

	buf_reset(&c->response.body);
	buf_add(&c->response.body, record->body.ptr, record->body.len);
	c->response.status = record->status;
	call_put_header(c, "Idempotency-Replayed", "true");
	call_translate(c);
	if (c->response.body.failed)
		refuse_call(c, ERR_CORRUPT);
	else
		call_finish(c);
}

/* The caller of the first time got nothing: what the store knows about its message. */
static void
recall(struct call *c)
{
	const struct idempotency *record = &c->keyed->record;

	c->sent.pin_id = record->pin_id;
	c->sent.seq = record->seq;
	c->sent.to = record->destination;
	c->delivery.lookup = record->lookup;
	c->delivery.sent = record->sent;
	c->delivery.status = record->fate;
	call_put_header(c, "Idempotency-Replayed", "true");
}

/* On the loop again: what is recorded may leave. */
static void
answer_recorded(struct task *t)
{
	struct call *c = container_of(t, struct call, task);
	enum err e = c->keyed->answer.job.err;

	if (e != OK)
		refuse_call(c, e);
	else if (c->keyed->record.state == IDEMPOTENCY_ANSWERED)
		replay(c);
	else
		call_finish(c);
}

/* On the store's thread. */
static void
record_finished(struct job *j)
{
	struct call *c = j->owner;

	queue_push(c->loop, &c->task);
}

static void
record_answer(struct call *c)
{
	struct idempotency_answer_job *j = &c->keyed->answer;

	c->keyed->record.status = c->response.status;
	c->keyed->record.body = buf_span(&c->response.body);
	j->idempotency = &c->keyed->record;
	j->job.verb = VERB_IDEMPOTENCY_ANSWER;
	j->job.arena = &c->arena;
	j->job.owner = c;
	j->job.finish = record_finished;
	c->task.run = answer_recorded;
	store_push(c->api->options.store, &j->job);
}

void
idempotency_answer(struct call *c)
{
	enum err e = c->keyed->job->err;

	if (e == OK && c->keyed->record.state == IDEMPOTENCY_ANSWERED) {
		replay(c);
		return;
	}
	if (e == OK && c->keyed->record.state == IDEMPOTENCY_OPEN)
		recall(c);
	if (e == OK && c->keyed->record.render != NULL) {
		call_finish(c);
		return;
	}
	e = call_render(c);
	if (e == OK && c->response.body.failed)
		e = ERR_INTERNAL;
	if (e == OK)
		record_answer(c);
	else
		refuse_call(c, e);
}
